"""The learning rates against the iterations they take, on two logarithmic axes.

curve        the rates that arrive at the minimum
slow         rates that do not get there within the limit, at the upper border
cliff        the rate from which on all diverge
best         the rate that takes the fewest iterations
hiker        the rate in force
cursor       the rate that the user looks at
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from gdcore.studies.sweep import NEAR, Sweep
from tui.charts.canvas import Label, Layer, Line, Points, Scene
from tui.charts.fit import dashed
from tui.charts.window import Floats, Window

WITHIN = f"to within {NEAR:g}".replace("e-0", "e-")
LEGEND = {"cliff": "cliff", "cursor": "cursor"}
DASHES = 10
PLACES = 12
"""The heights at which a name may stand."""


@dataclass(frozen=True, eq=False)
class Rates:
    """What the chart of learning rates shows.

    Attributes:
        sweep: How many iterations every rate takes, as far as is known.
        rate: The learning rate in force.
        critical: The rate above which the optimizer diverges, where theory knows it; else the sweep tells.
        cursor: The index of a rate of the sweep that one looks at.
        within: How near the minimum the iterations lead.
    """

    sweep: Sweep
    rate: float
    critical: float | None = None
    cursor: int | None = None
    within: str = WITHIN


def rates_window(sweep: Sweep) -> Window:
    """The window that shows a sweep, from the power of ten below the fewest iterations up to the limit.

    It changes once, when the first rate arrives: that rate takes the fewest iterations. Both borders are log10.
    """
    rates = np.log10(sweep.learning_rates)
    left, right = (float(rates[0]), float(rates[-1])) if len(rates) else (0.0, 1.0)
    best = sweep.best
    top = math.log10(max(sweep.limit, 10))
    bottom = 0 if best is None else math.floor(math.log10(max(sweep.iterations[best], 1)))
    return Window(left, right if left < right else left + 1, min(bottom, math.ceil(top) - 1), top)


def rates_scene(rates: Rates, window: Window) -> Scene:
    """Build the layers to draw, from back to front."""
    sweep = rates.sweep
    xs = np.log10(sweep.learning_rates)
    slow = ~sweep.arrived & ~sweep.diverged & (sweep.done >= 1)
    layers: list[Layer] = []
    cliff = rates.critical if rates.critical is not None and math.isfinite(rates.critical) else sweep.cliff
    names: list[Layer] = []
    if cliff is not None:
        line, name = _upright("cliff", math.log10(cliff), f"cliff {cliff:.4g}", window, start=0.75)
        layers, names = [*layers, line], [*names, name]
    if rates.cursor is not None and 0 <= rates.cursor < len(xs):
        told = f"{sweep.learning_rates[rates.cursor]:.4g}: {told_at(sweep, rates.cursor)}"
        line, name = _upright("cursor", float(xs[rates.cursor]), told, window, start=0.4)
        layers, names = [*layers, line], [*names, name]
    layers += names  # in front of both lines, which may leave no room between them
    heights = np.where(sweep.arrived, _log(sweep.iterations), math.nan)
    layers.append(Line("curve", xs, heights))
    alone = sweep.arrived & ~np.append(sweep.arrived[1:], False) & ~np.append(False, sweep.arrived[:-1])
    layers.append(Points("trail", xs[alone], heights[alone]))
    layers.append(Points("slow", xs[slow], np.full(slow.sum(), math.inf), f"more than {sweep.limit:,}", at_border=True))
    best = sweep.best
    if best is not None:
        text = f"best {sweep.learning_rates[best]:.4g}: {sweep.iterations[best]:,}"
        layers.append(Points("best", xs[[best]], heights[[best]], text))
    layers.append(_in_force(rates, xs))
    done = f", {sweep.done:.0%} done" if sweep.done < 1 else ""
    title = f"{rates.within} of the minimum{done}"
    return Scene(window, tuple(layers), title, "learning rate", "iterations", log_y=True, log_x=True)


def told_at(sweep: Sweep, index: int) -> str:
    """What became of a rate, in words."""
    count = int(sweep.iterations[index])
    if sweep.arrived[index]:
        return f"{count:,} iteration{'s' * (count != 1)}"
    if sweep.diverged[index]:
        return "diverges"
    return f"more than {count:,}"


def _in_force(rates: Rates, xs: Floats) -> Points:
    """The rate in force, at the height of the nearest rate of the sweep; at the upper border where that has none."""
    sweep = rates.sweep
    x = math.log10(rates.rate) if rates.rate > 0 else math.nan
    label = f"now {rates.rate:.4g}"
    if not len(xs) or math.isnan(x):
        return Points("hiker", [], [], label)
    index = int(np.abs(xs - x).argmin())
    height = float(_log(sweep.iterations[[index]])[0]) if sweep.arrived[index] else math.log10(max(sweep.limit, 10))
    return Points("hiker", [x], [height], label, at_border=True)


def _upright(role: str, x: float, text: str, window: Window, *, start: float) -> tuple[Line, Label]:
    """A vertical line, and a text beside it, tried from a height on downwards and then upwards."""
    heights = window.ys_at(np.concatenate((np.linspace(start, 0, PLACES), np.linspace(start, 1, PLACES))))
    ends = window.ys_at(np.linspace(0, 1, 2 * DASHES))
    dashes = dashed(role, np.full(2 * DASHES, x), ends, LEGEND[role])
    line = dashes if role == "cursor" else Line(role, [x, x], [window.bottom, window.top], LEGEND[role])
    return line, Label(role, np.full(len(heights), x), heights, text, beside=True)


def _log(counts: ArrayLike) -> Floats:
    """log10 of counts; 0, which has none, counts as 1."""
    logs: Floats = np.log10(np.maximum(np.asarray(counts, dtype=np.float64), 1))
    return logs
