"""The texts of the screen as cells: header, readout, gauge of the learning rate, and the story of the steps.

Pure functions from a frame and a size to rows of (character, role); the roles get their colours elsewhere.
"""

from __future__ import annotations

from bisect import bisect_right
from functools import lru_cache
from math import inf, log10
from textwrap import wrap
from typing import TYPE_CHECKING, TypeAlias

from gdcore.studies.stability import Regime, Stability
from tui.charts.cells import BLANK, Cell, Row, columns_of
from tui.laboratory import lesson

if TYPE_CHECKING:
    from tui.laboratory.frame import Frame

Span: TypeAlias = tuple[str, str]


def row(width: int, *spans: Span) -> Row:
    """A row of cells from (text, role) spans, cut or filled with blanks to the width.

    >>> row(4, ("ab", "label"), ("c", "value"))
    (('a', 'label'), ('b', 'label'), ('c', 'value'), (' ', ''))
    """
    cells = [(column, role) for text, role in spans for column in columns_of(text)]
    if len(cells) > width and cells[width][0] == "":
        cells[width - 1] = BLANK  # half of a wide character
    return tuple(cells[:width] + [BLANK] * (width - len(cells)))


DOTS = " ..."
FILLER = "\0"
"""Placeholder for the right half of a wide character while wrapping."""


def paragraph(text: str, role: str, width: int, height: int, *, short: str = "") -> list[Row]:
    """Wrap a text to at most `height` rows: if it does not fit, its short form; dots mark a cut."""
    rows = _wrapped(text, role, width, height)
    return _wrapped(short, role, width, height) if short and _cut(rows) else rows


def _cut(rows: list[Row]) -> bool:
    """Whether a text has lost its end."""
    return bool(rows) and "".join(character for character, _ in rows[-1]).rstrip().endswith(DOTS)


@lru_cache(maxsize=16)
def _wrapped(text: str, role: str, width: int, height: int) -> list[Row]:
    spread = "".join(column or FILLER for column in columns_of(text))  # as long as it is wide
    lines = wrap(spread, width, max_lines=height, placeholder=DOTS) if height and width > len(DOTS) else [spread]
    return _filled([row(width, (line.replace(FILLER, ""), role)) for line in lines], width, height)


def _filled(rows: list[Row], width: int, height: int) -> list[Row]:
    """Pad with blank rows to the height."""
    return rows[:height] + [row(width)] * (height - len(rows))


def ended(width: int, *spans: Span) -> Row:
    """A row of spans, with dots where it is cut.

    >>> "".join(letter for letter, _ in ended(8, ("pizza", "value"), (".txt", "value")))
    'pizza...'
    """
    dots = DOTS.strip()
    if width <= len(dots) or sum(len(columns_of(text)) for text, _ in spans) <= width:
        return row(width, *spans)
    kept = row(width - len(dots), *spans)
    return (*kept, *((dot, kept[-1][1]) for dot in dots))


def header(frame: Frame, width: int, height: int) -> list[Row]:
    """What is being trained."""
    data, landscape = frame.data, frame.landscape
    if data is None:
        what = ((" gdlab  ", "strong"), (landscape.title, "value"), (f"   L = {landscape.formula}", "label"))
        return _filled([ended(width, *what)], width, height)
    title, rows = " gdlab  ", f"  {data.rows:,} rows"
    rest = (
        (f"{rows}   ", "label"),
        (f"{data.y_name} = w * {data.x_name} + b", "value"),
        ("  standardized" if frame.scale else "", "note"),
    )
    name = frame.ground.called
    if len(columns_of(title + name + "".join(text for text, _ in rest))) > width:
        name = data.name
        room = width - len(title + rows + DOTS)
        if len(columns_of(name)) > room > 0:
            name = "".join(letter for letter, _ in ended(room, (name, "")))
    return _filled([ended(width, (title, "strong"), (name, "value"), *rest)], width, height)


def readout(frame: Frame, width: int, height: int) -> list[Row]:
    """Where the run stands, in numbers."""
    state, limits = frame.state, frame.limits
    pace = " running" if frame.running else ""
    step, last = f"{state.iteration:,}", f"{limits.iterations:,}"
    pace += f" epoch {frame.epoch}" * (frame.epoch is not None)
    place = f"Step {step} of {last}"
    if len(place + pace) > width:
        place = f"{step} of {last}" if len(step + last) + 4 + len(pace) <= width else f"{step}/{last}"
    slope_w, slope_b = state.gradient
    both = frame.landscape.has_bias
    held = "" if frame.settings.train_bias else " held"
    lines = [
        row(width, (place, "strong"), (pace, "good")),
        row(width, ("w     ", "label"), (f"{state.w:<12.9g}", "value")),
        *[row(width, ("b     ", "label"), (f"{state.b:<12.9g}", "value"))] * both,
        *_losses(frame, width),
        row(width, ("dL/dw ", "label"), (f"{slope_w:<12.7g}", "value")),
        *[row(width, ("dL/db ", "label"), (f"{slope_b:<12.7g}", "value"), (held, "label"))] * both,
        *_rate(frame, width),
        *_own(frame, width),
        _last(frame, width),
    ]
    return _filled(lines, width, height)


def _losses(frame: Frame, width: int) -> list[Row]:
    """The loss; where a step sees a batch, that of the batch and that of all rows."""
    batch, whole = frame.state.loss, frame.whole.loss
    if frame.epoch is None:
        return [row(width, ("loss  ", "label"), (f"{batch:<12.9g}", "value"))]
    return [row(width, ("batch ", "label"), (f"{batch:.5g}", "value"), ("  all ", "label"), (f"{whole:.6g}", "value"))]


def _rate(frame: Frame, width: int) -> list[Row]:
    """The rate of this step, if a schedule makes it differ from the one in the form."""
    if not frame.settings.schedule.varies:
        return []
    return [row(width, ("rate  ", "label"), (f"{frame.state.learning_rate:<12.6g}", "value"))]


def _own(frame: Frame, width: int) -> list[Row]:
    """For standardized rows, the line in the units of the data."""
    if frame.scale is None:
        return []
    w, b = frame.own_line
    forms = [f"w {w:.{digits}g}  b {b:.{digits}g}" for digits in (4, 3, 2, 1)]
    told = next((form for form in forms if len(form) + 7 <= width), forms[-1])  # fewer digits, never half an exponent
    return [row(width, ("own   ", "label"), (told, "value"))]


def longer(frame: Frame) -> bool:
    """Whether the readout needs an extra row."""
    return frame.scale is not None or frame.settings.schedule.varies


def _last(frame: Frame, width: int) -> Row:
    """How near it is; where a step is a query, what one takes: then it is only known how near a sample is."""
    if frame.cost:
        return row(width, ("query ", "label"), (f"{frame.cost} a step", "value"))
    return row(width, ("digits", "label"), (" ", ""), (_digits(frame), "value"))


def _digits(frame: Frame) -> str:
    """The accuracy of the run as a number of correct digits."""
    state = frame.state
    return "  ".join(lesson.digits(frame.landscape, state.w, state.b, train_bias=frame.settings.train_bias))


def summary(frame: Frame, width: int, height: int) -> list[Row]:
    """The readout in a line, for small screens."""
    state = frame.state
    spans = [(f"{state.iteration:,}/{frame.limits.iterations:,}", "strong")]
    rate, slope = state.learning_rate, state.gradient[0]
    values = [("w", state.w), ("b", state.b), ("loss", state.loss), ("lr", rate), ("slope", slope)]
    if not frame.landscape.has_bias:
        del values[1]
    for name, value in values:
        item = [(f" {name} ", "label"), (f"{value:.5g}", "value")]
        if sum(len(text) for text, _ in spans + item) > width:
            break  # half a number would be a wrong number
        spans += item
    return _filled([row(width, *spans)], width, height)


def gauge(frame: Frame, width: int, height: int) -> list[Row]:
    """The learning rate among the rates that crawl, glide, overshoot and diverge, and what it will do, in words."""
    limits, rate = frame.stability, frame.settings.learning_rate
    measurable = limits is not None and limits.critical < inf and width > 0
    bar = row(width, ("-" * width, "label"))
    if limits and measurable:
        here = "" if frame.landscape.exact else HERE
        bar = (*row(len(here), (here, "note")), *_bar(limits, rate, width - len(here)))
    regime = limits.regime(rate) if limits else Regime.GLIDE
    role = {Regime.DIVERGE: "bad", Regime.OVERSHOOT: "warn"}.get(regime, "value")
    short = lesson.forecast(frame, short=True)
    words = paragraph(lesson.forecast(frame), role, width, max(height - 1, 0), short=short)
    return _filled([bar, *words], width, height)


HERE = "here "
"""Put before a gauge that holds only for this point."""
FILLS = {
    Regime.CRAWL: (".", "label"),
    Regime.GLIDE: ("-", "good"),
    Regime.OVERSHOOT: ("=", "warn"),
    Regime.DIVERGE: ("!", "bad"),
}
"""The character for each region of the gauge, so that it does not depend on colour."""


def _bar(limits: Stability, learning_rate: float, width: int) -> Row:
    """Draw four regions of equal width with their names; inside a region the rate is placed by its logarithm."""
    borders = (limits.crawls_below / 100, limits.crawls_below, limits.overshoots_above, limits.critical)
    logs = [log10(border) for border in (*borders, limits.critical * 10)]

    def column(rate: float) -> int:
        region = min(max(bisect_right(logs, log10(rate)) - 1, 0), len(FILLS) - 1)
        share = (log10(rate) - logs[region]) / (logs[region + 1] - logs[region])
        return round((region + min(max(share, 0.0), 1.0)) / len(FILLS) * (width - 1))

    edges = [round(width * region / len(FILLS)) for region in range(len(FILLS) + 1)]
    cells: list[Cell] = []
    for (regime, (fill, role)), first, last in zip(FILLS.items(), edges, edges[1:], strict=False):
        name = regime.value if last - first > len(regime.value) + 2 else ""
        cells += [(character, role) for character in name.center(last - first, fill)]
    cells[column(limits.best)] = ("*", "best")
    cells[column(learning_rate)] = ("#", "mark")
    return tuple(cells)


def story(frame: Frame, width: int, height: int) -> list[Row]:
    """Draw what happened and what comes next: a note or the last step, a remark, the next step."""
    text, role, short = _told(frame)
    if not frame.remark or frame.note:
        above = max(height * (3 if role == "bad" else 2) // 5, 1)
        below = _next(frame, width, max(height - above, 0))
        return _filled(paragraph(text, role, width, above, short=short) + below, width, height)
    happened = _written(paragraph(text, role, width, max(height - 3, 1), short=short))
    what, _, why = frame.remark.partition(": ")
    brief = f"{what}." if why else ""
    for remark in (frame.remark, brief, ""):  # what comes next is not cut for its sake
        rows = happened + _written(paragraph(remark, "note", width, max(height - len(happened) - 1, 0), short=brief))
        below = _next(frame, width, max(height - len(rows), 0))
        if not _cut(below):
            break
    return _filled(rows + below, width, height)


def _next(frame: Frame, width: int, height: int) -> list[Row]:
    """The next step."""
    return paragraph(lesson.next_step(frame), "value", width, height, short=lesson.next_step(frame, short=True))


def _written(rows: list[Row]) -> list[Row]:
    """The rows that are not blank."""
    return [row for row in rows if any(character != " " for character, _ in row)]


def _told(frame: Frame) -> tuple[str, str, str]:
    """What happened, its role, and its short form if it has one."""
    if frame.note:
        return frame.note, "bad" if frame.alarm else "note", ""
    if frame.diverging:
        return lesson.divergence(frame), "bad", lesson.divergence(frame, short=True)
    role = {Regime.DIVERGE: "warn", Regime.OVERSHOOT: "warn"}.get(frame.verdict or Regime.GLIDE, "good")
    return lesson.last_step(frame), role, lesson.last_step(frame, short=True)
