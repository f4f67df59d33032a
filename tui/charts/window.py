"""The visible part of the plane: intervals on round numbers, their ticks, and the map to the unit square.

Interval: (low, high), finite and low < high.
Step:     1, 2 or 5 times a power of ten; round numbers are its multiples.
Tick:     (position, label), where the label is the position written out: float(label) == position.

Round numbers are computed in `Decimal`, where 3 * 0.1 is 0.3 and 1e308 + 1e308 is not infinite, so that a label is
always exact. A window that moves with every step is unreadable and repaints everything: `widened` and `held` keep it
still and change it in few, large steps.
"""

import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Interval = tuple[float, float]
Tick = tuple[float, str]

LARGEST = Decimal(sys.float_info.max)
SMALLEST_STEP = Decimal("1e-320")
"""Below it neighbouring floats stand too far apart for ticks on one round step."""
ALIKE = 1e-9
"""Numbers closer than this fraction of their size are one point: no axis could label the difference."""
DEPTH = 1e-12
"""A logarithmic axis reaches from the largest loss down to this fraction of it: a perfect fit has loss 0."""
ROUNDING = 1e-12
"""A number below this fraction of what is seen beside it is 0 up to rounding."""
POWERS = 308
"""The largest power of ten of a float; a logarithmic axis beyond its range, up or down, has no ticks."""
PARTS = 6
"""An interval on round numbers is at most so many steps long, before it is rounded outwards."""
LONGEST_PLAIN = 7
"""Labels up to this many characters are written in full: 100000, but 1e7 for 10000000."""


@dataclass(frozen=True)
class Window:
    """The part of the plane that a chart shows.

    Attributes:
        left: Horizontal coordinate of the left border.
        right: Horizontal coordinate of the right border, above `left`.
        bottom: Vertical coordinate of the lower border.
        top: Vertical coordinate of the upper border, above `bottom`.

    Raises:
        ValueError: If a border is not finite, or a pair of borders is not in rising order.
    """

    left: float
    right: float
    bottom: float
    top: float

    def __post_init__(self) -> None:
        for low, high in ((self.left, self.right), (self.bottom, self.top)):
            if not (math.isfinite(low) and math.isfinite(high) and low < high):
                raise ValueError(f"a window needs finite borders in rising order, not {low!r} to {high!r}")

    def across(self, xs: ArrayLike) -> Floats:
        """Map horizontal coordinates to 0 at the left border and 1 at the right; outside points lie outside 0..1."""
        return _fraction(xs, self.left, self.right)

    def up(self, ys: ArrayLike) -> Floats:
        """Map vertical coordinates to 0 at the lower border and 1 at the upper; outside points lie outside 0..1."""
        return _fraction(ys, self.bottom, self.top)

    def xs_at(self, fractions: ArrayLike) -> Floats:
        """The horizontal coordinates at these fractions of the width: the inverse of `across`."""
        return _between(fractions, self.left, self.right)

    def ys_at(self, fractions: ArrayLike) -> Floats:
        """The vertical coordinates at these fractions of the height: the inverse of `up`."""
        return _between(fractions, self.bottom, self.top)


def window_around(start: float, minimum: float | None) -> Interval:
    """The interval that shows a descent from `start` to `minimum`, on round numbers.

    It extends half the distance behind the start and the whole distance beyond the minimum, so that both slopes of the
    valley are visible. If the two coincide or there is no minimum, it is centred on the start.

    >>> window_around(0.0, 1.8436928702)
    (-1.0, 4.0)
    """
    known = [value for value in (start, minimum) if value is not None and math.isfinite(value)] or [0.0]
    begin, end = _decimal(known[0]), _decimal(known[-1])
    way = end - begin
    size = max(abs(begin), abs(end))
    if abs(way) <= Decimal(ALIKE) * size:
        size = size or Decimal(1)
        return _outwards(begin - size, begin + size)
    return _outwards(*sorted((begin - way / 2, end + way)))


def widened(shown: Interval, point: float) -> Interval:
    """Widen an interval to show `point` too: unchanged if the point is inside, else at least twice as long.

    A run that diverges by any factor so widens its window only as often as its distance doubles. A point that is not
    finite changes nothing.

    >>> widened((-1.0, 4.0), 3.9)
    (-1.0, 4.0)
    >>> widened((-1.0, 4.0), 4.1)
    (-2.0, 10.0)
    """
    if not math.isfinite(point) or shown[0] <= point <= shown[1]:
        return shown
    low, high, target = _decimal(shown[0]), _decimal(shown[1]), _decimal(point)
    span = high - low
    if target > high:
        return _outwards(low, max(high + span, target + (target - low) / 4))
    return _outwards(min(low - span, target - (high - target) / 4), high)


def held(shown: Interval | None, wanted: Interval) -> Interval:
    """Keep the interval `shown` if it still fits `wanted`, else return `wanted`.

    It fits if it contains the wanted interval and is at most four times as long.
    """
    if shown is None:
        return wanted
    if shown[0] <= wanted[0] and wanted[1] <= shown[1]:
        return shown if (wanted[1] - wanted[0]) * 4 >= shown[1] - shown[0] else wanted
    return widened(widened(shown, wanted[0]), wanted[1])


def loss_interval(losses: ArrayLike, *, log: bool = False, depth: float = DEPTH) -> Interval:
    """The interval on round numbers that holds these losses; what is not finite does not count.

    It starts at 0 unless the losses differ little compared with their size.

    Args:
        losses: Losses in any shape; for a logarithmic axis 0 or more each.
        log: Return the borders as log10 of the loss, for a logarithmic axis.
        depth: A logarithmic axis reaches down to this share of the largest loss at most.
    """
    numbers = np.asarray(losses, dtype=np.float64)
    numbers = numbers[np.isfinite(numbers)]
    if log:
        return _log_interval(numbers[numbers > 0], depth)
    if not numbers.any():
        return (0.0, 1.0)
    low, high = _decimal(numbers.min()), _decimal(numbers.max())
    if high - low <= Decimal(ALIKE) * max(abs(low), abs(high)):
        low, high = min(2 * low, Decimal(0)), max(2 * high, Decimal(0))
    elif 0 <= low <= high - low:
        low = Decimal(0)
    return _outwards(low, high)


def interval_around(values: ArrayLike) -> Interval:
    """The interval on round numbers that holds these values with a little room; what is not finite does not count.

    It ends at 0 where that is no further away than the values lie apart.

    >>> interval_around([2, 26]), interval_around([-1, 4])
    ((0.0, 30.0), (-2.0, 5.0))
    """
    numbers = np.asarray(values, dtype=np.float64)
    numbers = numbers[np.isfinite(numbers)]
    if not numbers.size:
        return (0.0, 1.0)
    low, high = _decimal(numbers.min()), _decimal(numbers.max())
    span, size = high - low, max(abs(low), abs(high))
    if span <= Decimal(ALIKE) * size:
        return _outwards(low - (size or 1), high + (size or 1))
    return _outwards(
        Decimal(0) if 0 <= low <= span else low - span / 20, Decimal(0) if 0 <= -high <= span else high + span / 20
    )


def without_rounding(value: float, size: float) -> float:
    """A number, or 0 where it is nothing but rounding beside numbers of this size.

    >>> without_rounding(1.2e-15, 5.0), without_rounding(1.2e-15, 1e-14)
    (0.0, 1.2e-15)
    """
    return value if abs(value) > ROUNDING * size or not math.isfinite(size) else 0.0


def round_step(span: float | Decimal, count: int) -> Decimal:
    """The smallest step that divides `span` into at most `count` parts.

    >>> [str(round_step(span, 5)) for span in (5, 5.1, 11, 26)]
    ['1', '2', '5', '10']
    """
    part = Decimal(span) / max(count, 1)
    power = Decimal(1).scaleb(part.adjusted())
    return next(power * digit for digit in (1, 2, 5, 10) if power * digit >= part)


def ticks(low: float, high: float, count: int) -> list[Tick]:
    """The ticks of an interval on the multiples of one round step, at most `count` steps apart from end to end.

    >>> ticks(0, 0.75, 3)
    [(0.0, '0'), (0.5, '0.5')]
    """
    first, last = _decimal(low), _decimal(high)
    step = max(round_step(last - first, count), SMALLEST_STEP)
    multiples = range(_whole(first / step, ROUND_CEILING), _whole(last / step, ROUND_FLOOR) + 1)
    values = {float(value): value for value in (step * multiple for multiple in multiples)}
    return list(zip(values, _labels(list(values.values())), strict=True))


def log_ticks(low: float, high: float, count: int) -> list[Tick]:
    """The ticks of a logarithmic axis between 10**low and 10**high, positions as log10.

    They stand on 1, 2 and 5 times the powers of ten where there is room, else on every so many powers of ten. Where
    the axis is too short for two of them, it takes the ticks of the linear axis. It has none beyond 10**POWERS.
    """
    if low < -POWERS or high > POWERS:
        return []
    powers = range(math.floor(low), math.ceil(high) + 1)
    stride = max(1, math.ceil((len(powers) - 1) / max(count, 1)))
    if stride > 10:
        stride = int(round_step(len(powers) - 1, count))
    for digits, exponents in (((1, 2, 5), powers), ((1,), [power for power in powers if power % stride == 0])):
        pairs = [(math.log10(digit) + power, Decimal(digit).scaleb(power)) for power in exponents for digit in digits]
        pairs = [pair for pair in pairs if low <= pair[0] <= high]
        if 2 <= len(pairs) <= count + 1:
            return list(zip([position for position, _ in pairs], _labels([value for _, value in pairs]), strict=True))
    first, last = 10**low, 10**high
    if high - low > 1 or first == last:
        return []
    found = [(math.log10(position), label) for position, label in ticks(first, last, count) if position > 0]
    return [tick for tick in found if low <= tick[0] <= high]


def ticks_across(low: float, high: float, columns: int, *, log: bool = False) -> list[Tick]:
    """As many ticks, ten steps at most, as a horizontal axis of so many columns has room to label."""
    for count in range(10, 0, -1):
        found = (log_ticks if log else ticks)(low, high, count)
        widest = max((len(label) for _, label in found), default=0)
        gaps = np.diff(_fraction([position for position, _ in found], low, high)) * (columns - 1)
        if found and widest <= columns and np.all(gaps >= widest + 2) and _apart(found, low, high, columns):
            return found
    return []


def label_starts(found: Sequence[Tick], low: float, high: float, columns: int, margin: int = 1) -> list[int]:
    """The columns in which the labels of a horizontal axis begin: centred under their ticks, but within the chart.

    Args:
        found: The ticks.
        low: The left border.
        high: The right border.
        columns: How wide the axis is; at its right end the chart ends.
        margin: So many columns are free to the left of the axis.
    """
    places = np.floor(_fraction([position for position, _ in found], low, high) * (columns - 1) + 0.5)
    widths = [len(label) for _, label in found]
    return [
        max(-margin, min(int(place) - (width - 1) // 2, columns - width))
        for place, width in zip(places, widths, strict=True)
    ]


def _apart(found: Sequence[Tick], low: float, high: float, columns: int) -> bool:
    """Whether two blanks are left between the labels, though those at the ends are pushed inwards."""
    starts = label_starts(found, low, high, columns)
    ends = [start + len(label) for start, (_, label) in zip(starts, found, strict=True)]
    return all(start - end >= 2 for start, end in zip(starts[1:], ends, strict=False))


def ticks_up(low: float, high: float, rows: int, *, log: bool = False, own: Sequence[Tick] | None = None) -> list[Tick]:
    """Return as many ticks as a vertical axis has room for: every other row, eight steps at most.

    Of its own ticks it takes all, or every other one, and so on, until each has a row to itself.
    """
    if rows < 2:
        return []
    if own is not None:
        places = np.floor((1 - _fraction([position for position, _ in own], low, high)) * (rows - 1) + 0.5)
        return list(own[:: next(every for every in range(1, len(own) + 2) if np.diff(places[::every]).all())])
    return (log_ticks if log else ticks)(low, high, min(8, rows // 2))


def _fraction(values: ArrayLike, low: float, high: float) -> Floats:
    """Where values lie between low (0) and high (1), scaled first so that no difference overflows."""
    scale = max(abs(low), abs(high))
    with np.errstate(all="ignore"):
        return (np.asarray(values, dtype=np.float64) / scale - low / scale) / (high / scale - low / scale)


def _between(fractions: ArrayLike, low: float, high: float) -> Floats:
    """The weighted mean of the borders: unlike low + fraction * (high - low) it cannot overflow."""
    fractions = np.asarray(fractions, dtype=np.float64)
    return low * (1 - fractions) + high * fractions


def _log_interval(losses: Floats, depth: float) -> Interval:
    """The interval of log10 between the nearest of 1, 2 and 5 times powers of ten around positive losses."""
    if not losses.size:
        return (0.0, 1.0)
    top = float(np.log10(losses.max()))
    bottom = max(float(np.log10(losses.min())), top + math.log10(depth))
    digits = [math.log10(digit) for digit in (1, 2, 5, 10)]
    low = max(math.floor(bottom) + digit for digit in digits if math.floor(bottom) + digit <= bottom)
    high = min(math.floor(top) + digit for digit in digits if math.floor(top) + digit >= top)
    return (low, high) if low < high else (low - 1, high + 1)


def _outwards(low: Decimal, high: Decimal) -> Interval:
    """The shortest interval on round numbers around low..high, within what a float can hold."""
    step = round_step(high - low, PARTS)
    borders = (_whole(low / step, ROUND_FLOOR) * step, _whole(high / step, ROUND_CEILING) * step)
    first, last = (float(min(max(border, -LARGEST), LARGEST)) for border in borders)
    return first, last


def _decimal(value: float) -> Decimal:
    """The number as it is written, so that 0.3 is a multiple of 0.1."""
    return Decimal(repr(float(value)))


def _whole(value: Decimal, rounding: str) -> int:
    return int(value.to_integral_value(rounding))


def _labels(values: Sequence[Decimal]) -> list[str]:
    """All in full, or all as mantissa and exponent where that is long."""
    plain = [f"{value.normalize():f}" for value in values]
    short = [_scientific(value) for value in values]
    longest = max(map(len, plain), default=0)
    return plain if longest <= LONGEST_PLAIN or longest <= max(map(len, short)) else short


def _scientific(value: Decimal) -> str:
    exponent = value.adjusted() if value else 0
    return f"{value.scaleb(-exponent).normalize():f}" + (f"e{exponent}" if exponent else "")
