"""The loss as a landscape over the plane of w and b, seen from above, and the path of the hiker through it.

level        a contour: the points of one loss
path         the points up to the current one, joined; a zigzag across the valley shows as a zigzag
branch       the paths of other runs, each with its mark
ghost        where the next step would land
floor        in a trough, the line of all points with the smallest loss

The loss is L* + vx * (w - w*)^2 + (mx * (w - w*) + (b - b*))^2, so that the contour of a level is exactly the ellipse
w = w* + sqrt(l / vx) * cos(t), b = b* - mx * (w - w*) + sqrt(l) * sin(t) with l = level - L*: its upper and its lower
half are functions of w. In a trough (vx = 0) the halves are two straight lines.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike

from gdcore.loss import MeanSquaredError
from tui.charts.canvas import Label, Layer, Line, Points, Scene
from tui.charts.fit import DASHES, dashed
from tui.charts.runs import run_layers
from tui.charts.window import Floats, Window, interval_around, log_ticks, widened, window_around

SAMPLES = 400
"""Points of one half of a contour across the window, and half as many around its tips."""
LEVELS = 8
"""So many contours, one more at most."""
DEEPEST = 1e-4
"""The lowest contour has this share of the largest loss in sight: of a lower one nothing could be seen."""
FEW = 100
"""A path of so few points shows each of them; a longer one is a line."""
HIGHEST = 1e307
LONGEST = 16
"""So many characters of the legend are left for the levels in the smallest terminal that shows everything."""

Point = tuple[float, float]
Contour = tuple[float, str]


@dataclass(frozen=True, eq=False)
class Walk:
    """What the map shows of a run at one iteration.

    Attributes:
        loss: The landscape.
        w: The weight of the current iteration.
        b: Its bias.
        path: The points up to the current one, shape (n, 2) or wider: w and b come first.
        ghosts: Where a next step would land, as (name, w, b); a single one needs no name.
        train_bias: Whether the run moves along b too; else it moves along the line at its b.
        branches: The paths of other runs.
        marks: What tells them apart, a few letters each; a run without has none.
        title: What the chart is about.
    """

    loss: MeanSquaredError
    w: float
    b: float
    path: ArrayLike = ()
    ghosts: Sequence[tuple[str, float, float]] = ()
    train_bias: bool = True
    branches: Sequence[ArrayLike] = ()
    marks: Sequence[str] = ()
    title: str = ""


def map_window(loss: MeanSquaredError, start: Point, point: Point, shown: Window | None = None) -> Window:
    """The window that shows a run: it holds still until the point leaves it, then it widens.

    At first it shows the start, the minimum, and how far a step from the start along w alone can reach before it climbs
    higher than it was.

    Args:
        loss: The landscape.
        start: (w, b) where the run started.
        point: (w, b) where it stands.
        shown: The window on screen.
    """
    if shown is None:
        goal = loss.minimum or _nearest_floor(loss, start)
        across, up = window_around(start[0], goal[0]), window_around(start[1], goal[1])
        below = window_around(start[0], loss.minimum_w(start[1]))
        across = min(across[0], below[0]), max(across[1], below[1])
    else:
        across, up = (shown.left, shown.right), (shown.bottom, shown.top)
    return Window(*widened(across, point[0]), *widened(up, point[1]))


def close_window(path: ArrayLike) -> Window:
    """The window around a path alone, close enough to see the zigzag of a path that has not come far yet."""
    ws, bs = _columns(path)
    return Window(*interval_around(ws), *interval_around(bs))


def map_scene(walk: Walk, window: Window) -> Scene:
    """What there is to draw, from back to front: landscape, other runs, this run.

    Ghosts outside of the window are arrowheads at its border; everything else outside is left out.
    """
    loss = walk.loss
    landscape, named = _landscape(loss, window)
    layers: list[Layer] = list(landscape)
    layers += run_layers([_columns(path) for path in walk.branches], walk.marks, window)
    if not walk.train_bias:
        layers.append(Line("line", [window.left, window.right], [walk.b, walk.b], "b is held"))
        ends = window.xs_at(np.linspace(0.9, 0.1, 9))
        layers.append(Label("line", ends, np.full(9, walk.b), "b is held"))
    if loss.minimum is None:
        ends = window.xs_at(np.linspace(0, 1, 2 * DASHES))
        with np.errstate(over="ignore"):
            layers.append(dashed("floor", ends, loss.bias - loss.moments.mean_x * (ends - loss.weight), "minimum"))
    # The legend names what is in front first, and the levels are to come before other runs, which have their marks.
    layers.append(Line("legend", [], [], named))
    ws, bs = _columns(walk.path)
    layers.append(Line("trail", np.append(ws, walk.w), np.append(bs, walk.b), "path"))
    if len(ws) <= FEW:
        layers.append(Points("trail", ws, bs, "path"))
    for name, w, b in walk.ghosts:
        place = ([_inside(w, window.left, window.right)], [_inside(b, window.bottom, window.top)])
        layers.append(Label("ghost", *place, name, beside=True))
    ghosts = ([w for _, w, _ in walk.ghosts], [b for _, _, b in walk.ghosts])
    layers.append(Points("ghost", *ghosts, _named(walk.ghosts), at_border=True))
    lowest = None if walk.train_bias else loss.minimum_w(walk.b)
    if loss.minimum is not None and lowest is not None:
        # The lowest point that the run can reach, and as on the curve an asterisk for the lowest of all.
        layers.append(Points("true-minimum", [loss.weight], [loss.bias]))
        layers.append(Label("true-minimum", [loss.weight], [loss.bias], "best", beside=True))
        layers.append(Points("minimum", [lowest], [walk.b], "minimum"))
    elif loss.minimum is not None:
        layers.append(Points("minimum", [loss.weight], [loss.bias], "minimum"))
    layers.append(Points("hiker", [walk.w], [walk.b], "you"))
    return Scene(window, tuple(layers), walk.title, "w (weight)", "b (bias)")


@lru_cache(maxsize=8)
def _landscape(loss: MeanSquaredError, window: Window) -> tuple[tuple[Layer, ...], str]:
    """The contours with their labels, and the legend of their levels; while the window holds still they stay."""
    contours = levels(loss, window)
    ellipses = [contour(loss, level, window) for level, _ in contours]
    labels = [
        Label("level", *_label_places(loss, *ellipse), label)
        for ellipse, (_, label) in zip(ellipses[::-1], contours[::-1], strict=True)
    ]
    return (*(Line("level", *ellipse) for ellipse in ellipses), *labels), level_legend(contours)


def level_legend(contours: Sequence[Contour]) -> str:
    """The levels, from the lowest to the highest: all of them, or as many as say which they are.

    >>> [level_legend([(float(name), name) for name in names.split()]) for names in ("1 10 100", "1 2 5 10 20 50 100")]
    ['loss 1 10 100', 'loss 1 2..100']
    >>> level_legend([(float(name), name) for name in "50 100 200 500 1000 2000".split()])
    'loss 50..2000'
    """
    names = [name for _, name in contours]
    if not names:
        return ""
    forms = (" ".join(names), f"{' '.join(names[:2])}..{names[-1]}", f"{names[0]}..{names[-1]}")
    return next((f"loss {form}" for form in forms if len(form) + 5 <= LONGEST), f"loss {forms[-1]}")


def levels(loss: MeanSquaredError, window: Window) -> list[Contour]:
    """The losses of the contours and their names: round numbers between the smallest and the largest loss in sight.

    Their logarithms are evenly spaced, unless the losses differ too little for that.
    """
    with np.errstate(all="ignore"):
        corners = np.asarray(
            loss(np.array([window.left, window.right])[:, None], np.array([window.bottom, window.top]))
        )
    top = float(np.fmin(np.nan_to_num(corners, nan=HIGHEST), HIGHEST).max())
    bottom = max(loss.floor, top * DEEPEST)
    if not 0 < bottom < top:
        return []
    ticks = log_ticks(math.log10(bottom), math.log10(top), LEVELS)
    return [(float(label), label) for _, label in ticks if bottom < float(label) < top]


def contour(loss: MeanSquaredError, level: float, window: Window) -> tuple[Floats, Floats]:
    """The points (w, b) with this loss, as a line: the upper half from left to right, and the lower half back.

    Only w in sight are taken; where a half leaves the sight or does not exist, numbers that are none break the line.
    """
    ws = window.xs_at(np.linspace(0, 1, SAMPLES))
    height = max(level - loss.floor, 0)
    variance, mean = loss.moments.var_x, loss.moments.mean_x
    with np.errstate(all="ignore"):
        if variance > 0:
            # Near its tips the ellipse is too steep for even steps of w.
            around = loss.weight + math.sqrt(height / variance) * np.cos(np.linspace(math.pi, 0, SAMPLES // 2))
            ws = np.unique(np.concatenate((ws, around[(around > window.left) & (around < window.right)])))
        away = ws - loss.weight
        inside = height - variance * away * away
        # The very tip may miss the ellipse by a rounding.
        half = np.sqrt(np.where(np.abs(inside) < 1e-12 * height, 0, inside))
        middle = loss.bias - mean * away
        up, down = middle + half, middle - half
    tip = np.isfinite(half) & (half == 0)
    gap = [] if tip.any() and tip[np.isfinite(half).nonzero()[0][-1]] else [math.nan]
    ws, bs = np.concatenate((ws, gap, ws[::-1])), np.concatenate((up, gap, down[::-1]))
    return ws, bs


def _nearest_floor(loss: MeanSquaredError, start: Point) -> Point:
    """The point of the floor of a trough that plain descent from the start arrives at: straight down."""
    mean = loss.moments.mean_x
    share = (mean * (start[0] - loss.weight) + (start[1] - loss.bias)) / (mean * mean + 1)
    return start[0] - mean * share, start[1] - share


def _label_places(loss: MeanSquaredError, ws: Floats, bs: Floats) -> tuple[Floats, Floats]:
    """Points of a contour, the best place of its name first: at the height of the minimum, in its upper half.

    So the names stand in a row where there is room.
    """
    half = np.arange(len(bs)) > len(bs) // 2
    order = np.lexsort((np.abs(bs - loss.bias), half))
    return ws[order], bs[order]


def _columns(path: ArrayLike) -> tuple[Floats, Floats]:
    points = np.asarray(path, dtype=np.float64)
    return (points[:, 0], points[:, 1]) if points.ndim == 2 and points.shape[1] >= 2 else (np.empty(0), np.empty(0))


def _inside(value: float, low: float, high: float) -> float:
    return min(max(value, low), high) if not math.isnan(value) else value


def _named(ghosts: Sequence[tuple[str, float, float]]) -> str:
    return "next" if len(ghosts) < 2 else f"next at {' '.join(name for name, _, _ in ghosts)} rate"
