"""The texts of the screen as cells: the header, the readout, the gauge of the learning rate and the story of the steps.

Pure functions from a frame and a size to rows of (character, role); the roles get their colours in the stylesheet.
"""

from __future__ import annotations

from math import inf, log10
from textwrap import wrap
from typing import TYPE_CHECKING, TypeAlias

from gdcore.stability import Regime, Stability, correct_digits
from tui import lesson

if TYPE_CHECKING:
    from tui.charts.canvas import Cell, Row
    from tui.laboratory import Frame

Span: TypeAlias = tuple[str, str]

DECADES = 3.0
"""The gauge shows so many powers of ten below the critical rate and half of one above it."""


def row(width: int, *spans: Span) -> Row:
    """A row of cells from (text, role) spans, cut or filled with blanks to the width.

    >>> row(4, ("ab", "label"), ("c", "value"))
    (('a', 'label'), ('b', 'label'), ('c', 'value'), (' ', ''))
    """
    cells = [(character, role) for text, role in spans for character in text][:width]
    return tuple(cells + [(" ", "")] * (width - len(cells)))


def paragraph(text: str, role: str, width: int, height: int) -> list[Row]:
    """A text wrapped to so many rows; what has no room is cut, with dots."""
    lines = wrap(text, max(width, 1), max_lines=height, placeholder=" ...") if height else []
    return [row(width, (line, role)) for line in lines] + [row(width)] * (height - len(lines))


def header(frame: Frame, width: int, height: int) -> list[Row]:
    """What is being trained."""
    data = frame.data
    spans = (
        (" gdlab  ", "strong"),
        (f"{data.name}", "value"),
        (f"  {len(data.x):,} rows   ", "label"),
        (f"{data.y_name} = w * {data.x_name} + b", "value"),
    )
    return [row(width, *spans)][:height]


def readout(frame: Frame, width: int, height: int) -> list[Row]:
    """Where the run stands, in numbers."""
    state, limits = frame.state, frame.limits
    pace = "" if not frame.running else " running"
    slope_w, slope_b = state.gradient
    lines = [
        row(width, (f"Step {state.iteration:,} of {limits.iterations:,}", "strong"), (pace, "good")),
        row(width, ("w     ", "label"), (f"{state.w:<12.9g}", "value")),
        row(width, ("b     ", "label"), (f"{state.b:<12.9g}", "value")),
        row(width, ("loss  ", "label"), (f"{state.loss:<12.9g}", "value")),
        row(width, ("dL/dw ", "label"), (f"{slope_w:<12.7g}", "value")),
        row(
            width,
            ("dL/db ", "label"),
            (f"{slope_b:<12.7g}", "value"),
            ("" if frame.settings.train_bias else " held", "label"),
        ),
        row(width, ("rate  ", "label"), (f"{frame.settings.learning_rate:<12.6g}", "value")),
        row(width, ("digits", "label"), (" ", ""), (_digits(frame), "value")),
    ]
    return lines[:height] + [row(width)] * (height - len(lines))


def _digits(frame: Frame) -> str:
    """How near the run is to its minimum, as correct digits."""
    told = [
        f"{name} {correct_digits(value, target):.1f}"
        for name, value, target in zip("wb", (frame.state.w, frame.state.b), frame.target, strict=True)
        if target is not None
    ]
    return "  ".join(told) or "no single minimum"


def summary(frame: Frame, width: int, height: int) -> list[Row]:
    """The readout in a line, for small screens."""
    state = frame.state
    spans = [(f"{state.iteration:,}/{frame.limits.iterations:,}", "strong")]
    pairs = (("w", state.w), ("b", state.b), ("loss", state.loss), ("slope", state.gradient[0]))
    for name, value in (*pairs, ("rate", frame.settings.learning_rate)):
        spans += [(f" {name} ", "label"), (f"{value:<8.5g}", "value")]
    return [row(width, *spans)][:height]


def gauge(frame: Frame, width: int, height: int) -> list[Row]:
    """The learning rate among the rates that crawl, glide, overshoot and diverge, and what it will do, in words."""
    limits = frame.stability
    bar = (
        _bar(limits, frame.settings.learning_rate, width)
        if limits and limits.critical < inf
        else row(width, ("-" * width, "label"))
    )
    regime = limits.regime(frame.settings.learning_rate) if limits else Regime.GLIDE
    role = {Regime.DIVERGE: "bad", Regime.OVERSHOOT: "warn"}.get(regime, "value")
    return [bar, *paragraph(lesson.forecast(frame), role, width, height - 1)][:height]


FILLS = {
    Regime.CRAWL: (".", "label"),
    Regime.GLIDE: ("-", "good"),
    Regime.OVERSHOOT: ("=", "warn"),
    Regime.DIVERGE: ("!", "bad"),
}
"""How the gauge fills each region, told apart by character as well as by colour."""


def _bar(limits: Stability, learning_rate: float, width: int) -> Row:
    """The regions in proportion to the logarithm of the rate; the name of each where it has room."""

    def column(rate: float) -> int:
        share = (log10(rate / limits.critical) + DECADES) / (DECADES + 0.5) if rate > 0 else 0.0
        return round(min(max(share, 0.0), 1.0) * (width - 1))

    edges = [0, column(limits.crawls_below), column(limits.overshoots_above), column(limits.critical), width]
    cells: list[Cell] = []
    for (regime, (fill, role)), first, last in zip(FILLS.items(), edges, edges[1:], strict=False):
        name = regime.value if last - first > len(regime.value) + 2 else ""
        cells += [(character, role) for character in name.center(max(last - first, 0), fill)]
    cells[column(limits.best)] = ("*", "best")
    cells[column(learning_rate)] = ("#", "mark")
    return tuple(cells)


def story(frame: Frame, width: int, height: int) -> list[Row]:
    """What happened and what will: a note or the last step above, the next step below."""
    text, role = _told(frame)
    above = height * 3 // 5 if role == "bad" else height * 2 // 5
    return paragraph(text, role, width, above) + paragraph(lesson.next_step(frame), "value", width, height - above)


def _told(frame: Frame) -> tuple[str, str]:
    if frame.note:
        return frame.note, "bad" if frame.alarm else "note"
    if frame.diverging:
        return lesson.divergence(frame), "bad"
    return lesson.last_step(frame), {Regime.DIVERGE: "warn", Regime.OVERSHOOT: "warn"}.get(
        frame.verdict or Regime.GLIDE, "good"
    )
