"""The loss as a curve over w, and the "hiker": the current point on it.

loss                 the curve: L(w), with b where it stands
hiker                the point (w, L(w)) of the current iteration
trail                the points before it
uphill               the tangent at the hiker: its slope is the gradient, its arrow points to where the loss grows
ghost                where the next step would land
minimum              the lowest point of this curve
branch               the points of other runs, each with its mark and, of several, its name where it was last seen
batch                the curve of the rows that this step sees, and its own lowest point, where they are not all
true minimum         the w of the lowest loss over w and b, if b is trained too and the curve is one slice of a bowl
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike

from tui.charts.canvas import Label, Layer, Line, Points, Scene
from tui.charts.runs import NOBODY, Badge, last_seen, run_layers
from tui.charts.window import Floats, Interval, Window, held, loss_interval

SAMPLES = 400
"""Points of the curve: more than one a column on any terminal."""
REACH = 1 / 6
"""Maximum length of the tangent, as a share of the chart."""

LossOf = Callable[[Floats], Floats]


@dataclass(frozen=True)
class Slice:
    """The loss over w at a fixed b; equal slices share one curve, which is computed and drawn once.

    Attributes:
        loss: The loss L(w, b).
        b: The bias.
    """

    loss: Callable[[Floats, float], ArrayLike]
    b: float

    def __call__(self, ws: Floats) -> Floats:
        """The loss of every w of an array."""
        return np.asarray(self.loss(ws, self.b))


@dataclass(frozen=True, eq=False)
class Descent:
    """What the curve chart shows of a run at one iteration.

    Attributes:
        loss_at: The loss of every w of an array, with b where it stands now.
        w: The weight of the current iteration.
        loss: Its loss.
        slope: Its gradient dL/dw.
        next_w: The weight after the next step; None where there is no next step.
        next_loss: The loss there.
        trail_w: The weights of the iterations before.
        trail_loss: Their losses.
        minimum: The w of the lowest point of the curve; None where the loss does not depend on w.
        true_minimum: The w of the lowest loss over w and b; None where b is not trained.
        ghosts: Where the next step would land at other rates, as (name, w, loss).
        branches: The points of other runs, as (weights, losses).
        title: What the chart is about.
        badges: The badges that identify the other runs; a run without has none.
        badge: The badge of this run; None if there is no other run.
        minima: The w of other lowest points of the curve.
        batch_at: The loss of the rows that this step sees; None where it sees all.
        batch_minimum: The w of the lowest loss of those; None where there is none.
    """

    loss_at: LossOf
    w: float
    loss: float
    slope: float
    next_w: float | None = None
    next_loss: float | None = None
    trail_w: ArrayLike = ()
    trail_loss: ArrayLike = ()
    minimum: float | None = None
    true_minimum: float | None = None
    ghosts: Sequence[tuple[str, float, float]] = ()
    branches: Sequence[tuple[ArrayLike, ArrayLike]] = ()
    title: str = ""
    badges: Sequence[Badge] = ()
    badge: Badge | None = None
    minima: Sequence[float] = ()
    batch_at: LossOf | None = None
    batch_minimum: float | None = None


def curve_window(loss_at: LossOf, across: Interval, *, log: bool = False, shown: Window | None = None) -> Window:
    """The window that shows the curve over an interval of w.

    Args:
        loss_at: The loss of every w of an array.
        across: The interval of w.
        log: For a logarithmic loss axis: the vertical borders are log10 of the loss.
        shown: The window on screen, with the same kind of axis; its vertical borders are kept if they still fit.
    """
    wanted = _loss_interval(loss_at, across, log=log)
    return Window(*across, *held((shown.bottom, shown.top) if shown else None, wanted))


@lru_cache(maxsize=8)
def _loss_interval(loss_at: LossOf, across: Interval, *, log: bool) -> Interval:
    return loss_interval(_losses(loss_at, _between(across)), log=log)


@lru_cache(maxsize=8)
def _curve(loss_at: LossOf, minimum: float | None, window: Window, *, log: bool) -> Line:
    """The loss over the window, its lowest point among the points."""
    ws = _between((window.left, window.right))
    if minimum is not None and window.left < minimum < window.right:
        ws = np.sort(np.append(ws, minimum))
    losses = _losses(loss_at, ws)
    return Line("curve", ws, _heights(losses, window) if log else losses)


def curve_scene(descent: Descent, window: Window, *, log: bool = False) -> Scene:
    """What there is to draw, from back to front.

    The trail outside of the window is left out; the next step outside of it is an arrowhead at the border. A loss of
    0, which has no logarithm, is drawn at the bottom of a logarithmic axis.

    Args:
        descent: The run at one iteration.
        window: The part of the plane to show; with `log`, its vertical borders are log10 of the loss.
        log: Draw the loss on a logarithmic axis.
    """

    def height(losses: ArrayLike) -> Floats:
        return _heights(losses, window) if log else np.asarray(losses, dtype=np.float64)

    names, others = _others(descent, window, height)
    layers: list[Layer] = [
        *names,
        *_batch(descent, window, height),
        _curve(descent.loss_at, descent.minimum, window, log=log),
        *others,
        Points(
            descent.badge.role if descent.badge else "trail",
            descent.trail_w,
            height(descent.trail_loss),
            "trail",
            glyph="trail",
        ),
        *_tangent(descent, window, float(height(descent.loss)), log=log),
    ]
    if descent.true_minimum is not None:
        layers.append(Points("true-minimum", [descent.true_minimum], [window.bottom], "best"))
    named = "next at 1/2, 1, 2 x rate" if descent.ghosts else "next"
    landing = [(descent.next_w, descent.next_loss)] if descent.next_w is not None else []
    next_ws, next_losses = np.array(landing, dtype=np.float64).reshape(-1, 2).T
    layers.append(Points("ghost", next_ws, height(next_losses), named, at_border=True))
    for name, w, loss in descent.ghosts:
        layers.append(Points("ghost", [w], height([loss]), at_border=True))
        layers.append(Label("ghost", [w], height([loss]), name, beside=True))
    if descent.minimum is not None:
        lowest = np.array([descent.minimum])
        lowest = np.append(lowest, [w for w in descent.minima if w != descent.minimum])
        layers.append(Points("minimum", lowest, height(_losses(descent.loss_at, lowest)), "minimum"))
    layers.append(Points("hiker", [descent.w], height([descent.loss]), "you"))
    return Scene(window, tuple(layers), descent.title, "w (weight)", "loss", log)


def _batch(descent: Descent, window: Window, height: Callable[[ArrayLike], Floats]) -> list[Layer]:
    """The curve of the batch behind that of all rows, and its lowest point."""
    if descent.batch_at is None:
        return []
    ws = _between((window.left, window.right))
    layers: list[Layer] = [Line("future", ws, height(_losses(descent.batch_at, ws)), "this batch")]
    if descent.batch_minimum is not None:
        lowest = np.array([descent.batch_minimum])
        layers.append(Points("future", lowest, height(_losses(descent.batch_at, lowest)), glyph="minimum-behind"))
    return layers


def _others(descent: Descent, window: Window, height: Callable[[ArrayLike], Floats]) -> tuple[list[Layer], list[Layer]]:
    """The names of other runs where they end, the only one's in the legend alone; their points and marks."""
    runs = [(np.asarray(weights, dtype=np.float64), height(losses)) for weights, losses in descent.branches]
    ends = run_layers([last_seen(*run, window) for run in runs], descent.badges, window)
    names: list[Layer] = [layer for layer in ends if isinstance(layer, Label) and len(runs) > 1]
    badges = [*descent.badges, *[NOBODY] * len(runs)]
    points = [Points(badge.role, *run, badge.name, "rows") for badge, run in zip(badges, runs, strict=False)]
    return names, [*points, *(layer for layer in ends if isinstance(layer, Points))]


def _tangent(descent: Descent, window: Window, height: float, *, log: bool) -> tuple[Line, Points]:
    """Return the tangent from the hiker uphill, with an arrowhead; empty if the ground is level or out of sight.

    On screen it has the slope of the curve. Its length is REACH times the sine of its angle: it grows with the
    steepness, stays bounded, and ends at the border of the window.
    """
    steepness = _steepness(descent, window, log=log)
    across, up = float(window.across(descent.w)), float(window.up(height))
    if not (steepness and 0 <= across <= 1 and 0 <= up <= 1):
        return Line("uphill", [], []), Points("uphill", [], [], "uphill")
    angle = math.atan(abs(steepness))
    length = REACH * math.sin(angle)
    run, rise = length * math.cos(angle), length * math.sin(angle)
    short = min(1, (1 - up) / rise, (1 - across if steepness > 0 else across) / run) if run and rise else 1
    run, rise = math.copysign(run * short, steepness), rise * short
    xs, ys = window.xs_at([across, across + run]), window.ys_at([up, up + rise])
    head = "up" if abs(steepness) > 2 else "right" if steepness > 0 else "left"
    return Line("uphill", xs, ys, pinned=True), Points("uphill", xs[1:], ys[1:], "uphill", glyph=head)


def _steepness(descent: Descent, window: Window, *, log: bool) -> float:
    """The slope in the unit square: heights of the chart climbed over its width; 0 where it is no number."""
    width, height = window.right - window.left, window.top - window.bottom
    slope, loss = float(descent.slope), float(descent.loss)
    if log:
        slope = slope / (loss * math.log(10)) if loss > 0 else 0.0
    steepness = slope / height * width
    return 0.0 if math.isnan(steepness) else steepness


def _between(interval: Interval) -> Floats:
    return Window(*interval, 0, 1).xs_at(np.linspace(0, 1, SAMPLES))


def _losses(loss_at: LossOf, ws: Floats) -> Floats:
    """Return the losses; overflow far out gives infinity, which is outside every window."""
    with np.errstate(all="ignore"):
        return np.broadcast_to(loss_at(ws), ws.shape)


def _heights(losses: ArrayLike, window: Window) -> Floats:
    """log10 of losses that are 0 or more; what lies below the window is put on its lower border."""
    with np.errstate(all="ignore"):
        heights: Floats = np.maximum(np.log10(np.asarray(losses, dtype=np.float64)), window.bottom)
    return heights
