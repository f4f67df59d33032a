"""The loss against the iteration.

past         this run up to the current iteration
future       iterations after the current one that are already known, after stepping back
floor        the smallest loss possible; not visible on the logarithmic axis, which shows the loss above it
change       an iteration at which a setting was changed
branch       other runs, from the iteration on where they left, each with its colour and mark

On the logarithmic axis a run that shrinks its distance to the minimum by the same factor every step is a straight
line: its slope is the rate of convergence.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
from numpy.typing import ArrayLike

from tui.charts.canvas import Label, Layer, Line, Points, Scene
from tui.charts.fit import DASHES, dashed
from tui.charts.runs import NARROW, Badge, run_layers
from tui.charts.window import DEPTH, Floats, Window, held, loss_interval, round_step, without_rounding

SHORTEST = 10
"""Minimum number of iterations on the horizontal axis."""
CHANGES = 20
"""Maximum number of changes marked, counted from the last."""
LONGEST = 24
"""Maximum number of characters of the name of a change."""
PLACES = 8
"""The heights at which the name of a change may stand."""

Curve = tuple[ArrayLike, ArrayLike]
"""Iterations and the losses there."""
NOTHING: Curve = ((), ())


@dataclass(frozen=True, eq=False)
class History:
    """What the history chart shows of a run at one iteration; curves are reduced to what a chart can show.

    Attributes:
        past: The run up to the current iteration.
        iteration: The current iteration.
        loss: The loss there.
        floor: The smallest loss that the run can reach.
        future: The known iterations after the current one.
        changes: The iterations at which settings were changed, and what was.
        branches: Other runs.
        badges: What tells them apart; a run without has none.
        badge: What tells this run from them; None where it is alone.
        title: What the chart is about.
        floor_name: What the floor is; the lowest so far where no minimum is known.
        batches: The losses of the batches that were seen, beside which `past` is the loss of all rows.
    """

    past: Curve
    iteration: int
    loss: float
    floor: float
    future: Curve = NOTHING
    changes: Sequence[tuple[int, str]] = ()
    branches: Sequence[Curve] = ()
    badges: Sequence[Badge] = ()
    badge: Badge | None = None
    title: str = ""
    batches: Curve = NOTHING
    floor_name: str = "minimum"


def history_window(history: History, *, log: bool = False, shown: Window | None = None) -> Window:
    """Return the window that shows the run: its right border doubles, the others are kept as long as they fit.

    Other runs extend it to the right and, on the logarithmic axis, downwards, but not upwards: a run that diverged
    would flatten this one.

    Args:
        history: The run.
        log: For a logarithmic axis: the vertical borders are log10 of the loss above the floor.
        shown: The window on screen, with the same kind of axis.
    """
    curves = (history.past, history.future, *history.branches)
    last = max(_last(xs) for xs, _ in (*curves, ((history.iteration,), ())))
    losses = np.concatenate([_floats(ys) for _, ys in (history.past, history.future)] + [_floats([history.loss])])
    if log:
        reached = [_floats(ys).min() for _, ys in history.branches if len(_floats(ys))]
        wanted = _above(np.append(losses, [loss for loss in reached if loss < losses.max()]), history.floor)
    else:
        wanted = np.append(losses, history.floor)
    # The start stays visible however high the run rises: its path is then a straight line.
    largest = np.max(wanted, initial=0, where=np.isfinite(wanted))
    depth = max(DEPTH * min(wanted[0] / largest, 1), 5e-324) if 0 < wanted[0] < largest else DEPTH
    height = held((shown.bottom, shown.top) if shown else None, loss_interval(wanted, log=log, depth=depth))
    return Window(0, float(round_step(Decimal(max(last, SHORTEST)), 1)), *height)


def history_scene(history: History, window: Window, *, log: bool = False) -> Scene:
    """Build the layers to draw, from back to front."""

    def height(losses: ArrayLike) -> Floats:
        if not log:
            return _floats(losses)
        with np.errstate(divide="ignore"):
            return _floats(np.maximum(np.log10(_above(losses, history.floor)), window.bottom))

    layers: list[Layer] = []
    if not log:
        across = window.xs_at(np.linspace(0, 1, 2 * DASHES))
        label = f"{history.floor_name} {without_rounding(history.floor, window.top - window.bottom):.6g}"
        layers.append(dashed("floor", across, np.full(2 * DASHES, history.floor), label))
    changes = history.changes[-CHANGES:]
    layers += [Line("change", [at] * 2, [window.bottom, window.top], "change") for at, _ in changes]
    layers += run_layers([(_floats(xs), height(ys)) for xs, ys in history.branches], history.badges, window)
    layers += _names(changes, window)
    xs, ys = history.future
    future = (np.append(history.iteration, _floats(xs)), height(np.append(history.loss, _floats(ys))))
    layers.append(Line("future", *future, "known future" if len(future[0]) > 1 else ""))
    xs, ys = history.batches
    layers.append(Points("future", _floats(xs), height(ys), "batch" if len(_floats(xs)) else "", glyph="rows"))
    xs, ys = history.past
    role = history.badge.role if history.badge else "curve"
    layers.append(Line(role, np.append(_floats(xs), history.iteration), height(np.append(_floats(ys), history.loss))))
    layers.append(Points("hiker", [history.iteration], np.atleast_1d(height([history.loss])), "you", at_border=True))
    return Scene(
        window, tuple(layers), history.title, "iteration", f"loss above {history.floor_name}" if log else "loss", log
    )


def _names(changes: Sequence[tuple[int, str]], window: Window) -> list[Layer]:
    """Return the names of the changes, to the right of their lines, stacked where they are close.

    They are drawn in front of all lines but the run's own; otherwise only the last would have room.
    """
    layers: list[Layer] = []
    begun: list[float] = []  # for every height, where the leftmost name on it begins, as a share of the width
    for at, text in reversed(changes):
        name = text if len(text) <= LONGEST else text[: LONGEST - 2] + ".."
        start = float(window.across(at))
        end = start + (len(name) + 4) / NARROW
        level = next((index for index, other in enumerate(begun) if end <= other), len(begun))
        begun[level : level + 1] = [start]
        heights = window.ys_at(np.roll(np.linspace(1, 0.2, PLACES), -level))
        layers.insert(0, Label("change", np.full(PLACES, at), heights, name, beside=True))
    return layers


def _above(losses: ArrayLike, floor: float) -> Floats:
    """Return how far losses are above the floor, at least 0 despite rounding."""
    with np.errstate(all="ignore"):
        return np.maximum(_floats(losses) - floor, 0)


def _floats(values: ArrayLike) -> Floats:
    return np.asarray(values, dtype=np.float64)


def _last(iterations: ArrayLike) -> int:
    numbers = _floats(iterations)
    return int(numbers[-1]) if numbers.size else 0
