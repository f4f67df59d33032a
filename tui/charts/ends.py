"""Where each learning rate ends, on a landscape with several minima.

There is a row for each minimum, by its number, the lowest at the bottom. Two more rows are "never", for rates that had
not settled at the limit, and "out", for those that left the landscape. A larger rate may end in a deeper valley.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gdcore.landscapes.landscape import Minimum
from gdcore.studies.basins import NEVER, OUT, Ends
from tui.charts.canvas import Body, Dots, Label, Layer, Line, Mark, Marks, Points, Scene
from tui.charts.window import Floats, Window, without_rounding


@dataclass(frozen=True, eq=False)
class Fates:
    """What the chart shows.

    Attributes:
        rates: The learning rates in rising order.
        ends: Where each of them ends, as far as is known.
        minima: The minima, the lowest first.
        has_bias: Whether a minimum has a b.
        rate: The learning rate in force.
        cursor: The index of the rate that the user looks at.
        size: The loss beside which that of a minimum may be nothing: that of the start.
    """

    rates: Floats
    ends: Ends
    minima: Sequence[Minimum]
    has_bias: bool
    rate: float
    cursor: int
    size: float = 1.0


def place(minimum: Minimum, has_bias: bool, size: float = 1.0) -> str:
    """A minimum, for a label.

    >>> place(Minimum(-1.088, 0.0, -0.20916), False), place(Minimum(3.0, 2.0, 0.0), True)
    ('w = -1.088, loss -0.2092', '(3, 2), loss 0')
    """
    where = f"({minimum.w:.4g}, {minimum.b:.4g})" if has_bias else f"w = {minimum.w:.4g}"
    return f"{where}, {_loss(minimum, size)}"


def _loss(minimum: Minimum, size: float) -> str:
    return f"loss {without_rounding(minimum.loss, size):.4g}"


def fate_of(fates: Fates, index: int) -> str:
    """Where one rate ends, in words."""
    end = int(fates.ends.ends[index])
    taken = f"{fates.ends.iterations[index]:,} steps"
    if end == OUT:
        return f"out after {taken}"
    if end == NEVER:
        return f"not settled after {taken}"
    return f"ends at {place(fates.minima[end], fates.has_bias, fates.size)}, after {taken}"


def ends_scene(fates: Fates) -> Scene:
    """Build the layers to draw, from back to front."""
    xs = np.log10(fates.rates)
    count = len(fates.minima)
    rows = {index: index + 1.0 for index in range(count)} | {NEVER: count + 1.0, OUT: count + 2.0}
    window = Window(float(xs[0]), float(xs[-1]), 0.5, count + 2.9)
    ends, known = fates.ends.ends, fates.ends.iterations > 0
    settled = np.array([rows[int(end)] for end in ends])
    at, now = float(xs[fates.cursor]), int(np.abs(xs - np.log10(fates.rate)).argmin())
    told_at = window.top - 0.1
    marked = known | (np.arange(len(xs)) == now)
    names = [(place(one, fates.has_bias, fates.size), _loss(one, fates.size)) for one in fates.minima]
    names += [("never settles", "never"), ("out of the landscape", "out")]
    layers: list[Layer] = [_names(names, [*rows.values(), told_at], window, (xs[marked], settled[marked]), at)]
    for role, chosen in (("curve", ends >= 0), ("slow", ends == NEVER), ("cliff", ends == OUT)):
        glyph = "slow" if role == "slow" else "trail"
        layers.append(Points(role, xs[chosen & known], settled[chosen & known], glyph=glyph))
    layers.append(Line("cursor", [at, at], [window.bottom, window.top], "cursor"))
    told = f"{fates.rates[fates.cursor]:.4g}: {fate_of(fates, fates.cursor)}"
    short = f"{fates.rates[fates.cursor]:.4g}: {fates.ends.iterations[fates.cursor]:,} steps"
    layers.append(Label("cursor", np.full(1, at), np.full(1, told_at), told, beside=True, short=short))
    layers.append(Points("hiker", [xs[now]], [settled[now]], "rate in force"))
    done = "" if fates.ends.done >= 1 else f"  {fates.ends.done:.0%} done"
    title, ticks = f"where each rate ends{done}", tuple((rows[index], str(index + 1)) for index in range(count))
    return Scene(window, tuple(layers), title, "learning rate", "minimum", log_x=True, y_ticks=ticks)


def _names(
    names: Sequence[tuple[str, str]], heights: Sequence[float], window: Window, marks: tuple[Floats, Floats], at: float
) -> Dots:
    """Names, long or short, in the rows at these heights, as far to the right as there is room, or else above them.

    None stands nearer to another of the heights than to its own, nor on a mark or the cursor.
    """

    def draw(columns: int, rows: int, _: str) -> tuple[tuple[str, Marks], ...]:
        body = Body(0, 0, columns, rows)
        own = body.rows(window.up(heights)).astype(int).tolist()
        taken = np.full((rows, columns), " ")
        taken[:, int(body.columns(window.across(at)))] = "x"
        taken[body.rows(window.up(marks[1])).astype(int), body.columns(window.across(marks[0])).astype(int)] = "x"
        lines = [f" {''.join(line)} " for line in taken]
        found: list[Mark] = []
        for index, (texts, row) in enumerate(zip(names, own, strict=False)):
            above = range(row, row - (row - own[index + 1]) // 2 - 1, -1) if own.count(row) == 1 else ()
            spots = ((text, near, lines[near].rfind(" " * (len(text) + 2))) for text in texts for near in above)
            text, near, start = next((spot for spot in spots if spot[2] >= 0), ("", 0, 0))
            found += [(near, start + along, character) for along, character in enumerate(text)]
        return (("legend", tuple(found)),)

    return Dots(draw)


BASINS = 7
"""Number of minima with a sign of their own; higher ones share the last sign."""


def basin_layers(ws: Floats, bs: Floats, ends: Ends) -> list[Layer]:
    """Return the number of the minimum that a walk from each grid point reaches; nothing if it goes out.

    Args:
        ws: The w of the grid, shape (m,).
        bs: Its b, shape (n,).
        ends: Where they end, shape (m, n), as far as is known.
    """
    across, up = np.meshgrid(ws, bs, indexing="ij")
    reached = np.minimum(ends.ends, BASINS - 1)
    return [Points(f"basin-{number}", across[reached == number], up[reached == number]) for number in range(BASINS)]
