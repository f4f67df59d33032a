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
from tui.charts.canvas import Label, Layer, Line, Points, Scene
from tui.charts.window import Floats, Window

PLACES = 20
"""The places along a row at which its name may stand."""
ABOVE = (0.0, 0.35, 0.5)
"""How far above a row, as a share of the way to the next, its name may stand."""


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
    """

    rates: Floats
    ends: Ends
    minima: Sequence[Minimum]
    has_bias: bool
    rate: float
    cursor: int


def place(minimum: Minimum, has_bias: bool) -> str:
    """A minimum, for a label.

    >>> place(Minimum(-1.088, 0.0, -0.20916), False), place(Minimum(3.0, 2.0, 0.0), True)
    ('w = -1.088, loss -0.2092', '(3, 2), loss 0')
    """
    where = f"({minimum.w:.4g}, {minimum.b:.4g})" if has_bias else f"w = {minimum.w:.4g}"
    return f"{where}, loss {_loss(minimum)}"


def _loss(minimum: Minimum) -> str:
    return f"{minimum.loss if abs(minimum.loss) > 1e-12 else 0:.4g}"


def fate_of(fates: Fates, index: int) -> str:
    """Where one rate ends, in words."""
    end = int(fates.ends.ends[index])
    taken = f"{fates.ends.iterations[index]:,} steps"
    if end == OUT:
        return f"out after {taken}"
    if end == NEVER:
        return f"not settled after {taken}"
    return f"ends at {place(fates.minima[end], fates.has_bias)}, after {taken}"


def ends_scene(fates: Fates) -> Scene:
    """Build the layers to draw, from back to front."""
    xs = np.log10(fates.rates)
    count = len(fates.minima)
    rows = {index: index + 1.0 for index in range(count)} | {NEVER: count + 1.0, OUT: count + 2.0}
    window = Window(float(xs[0]), float(xs[-1]), 0.5, count + 2.9)
    layers: list[Layer] = []
    names = {index: place(minimum, fates.has_bias) for index, minimum in enumerate(fates.minima)}
    ends = fates.ends.ends
    settled = np.array([rows[int(end)] for end in ends])
    shorter = {index: f"loss {_loss(minimum)}" for index, minimum in enumerate(fates.minima)}
    names |= {NEVER: "never settles", OUT: "out of the landscape"}
    shorter |= {NEVER: "never", OUT: "out"}
    for end in names:
        height = rows[end]
        # In the row itself, as far to the right as there is room, or else above it.
        across = np.tile(window.xs_at(np.linspace(1, 0, PLACES)), len(ABOVE))
        up = np.repeat(height + np.array(ABOVE), PLACES)
        layers.append(Label("legend", across, up, names[end], beside=True, short=shorter[end]))
    known = fates.ends.iterations > 0
    for role, chosen in (("curve", ends >= 0), ("slow", ends == NEVER), ("cliff", ends == OUT)):
        glyph = "slow" if role == "slow" else "trail"
        layers.append(Points(role, xs[chosen & known], settled[chosen & known], glyph=glyph))
    at = float(xs[fates.cursor])
    layers.append(Line("cursor", [at, at], [window.bottom, window.top], "cursor"))
    told = f"{fates.rates[fates.cursor]:.4g}: {fate_of(fates, fates.cursor)}"
    short = f"{fates.rates[fates.cursor]:.4g}: {fates.ends.iterations[fates.cursor]:,} steps"
    layers.append(Label("cursor", np.full(1, at), np.full(1, window.top - 0.1), told, beside=True, short=short))
    now = int(np.abs(xs - np.log10(fates.rate)).argmin())
    layers.append(Points("hiker", [xs[now]], [settled[now]], "rate in force"))
    done = "" if fates.ends.done >= 1 else f"  {fates.ends.done:.0%} done"
    title, ticks = f"where each rate ends{done}", tuple((rows[index], str(index + 1)) for index in range(count))
    return Scene(window, tuple(layers), title, "learning rate", "minimum", log_x=True, y_ticks=ticks)


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
