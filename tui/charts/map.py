"""The loss as a landscape over the plane of w and b, seen from above, and the path of the hiker through it.

height       a contour: the points of one loss, in the colour of its height; a level is its name. Without colours it
             has a pattern
path         the points up to the current one, joined; a zigzag across the valley shows as a zigzag
branch       the paths of other runs, each with its mark
ghost        where the next step would land
floor        in a trough, the line of all points with the smallest loss
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import cycle

import numpy as np
from numpy.typing import ArrayLike

from gdcore.landscapes.landscape import Landscape, Point
from tui.charts.canvas import Label, Layer, Line, Points, Scene
from tui.charts.fit import DASHES, dashed
from tui.charts.heights import heights
from tui.charts.runs import Badge, run_layers
from tui.charts.window import Floats, Window, interval_around, log_ticks, ticks, widened, window_around

LEVELS = 8
"""About how many contours are drawn."""
FEWEST = 5
"""Minimum number of contours for a readable map."""
FEW = 100
"""Maximum number of points for which a path shows each point; a longer one is a line."""
PATTERNS: tuple[tuple[int, ...], ...] = ((1, 0), (9, 5))
"""Without colours contours are solid and dashed in turn: lengths of dots and gaps."""
LONGEST = 16
"""Characters of the legend left for the levels in the smallest terminal that shows everything."""

Contour = tuple[float, str]
Place = tuple[float, float]


@dataclass(frozen=True, eq=False)
class Walk:
    """What the map shows of a run at one iteration.

    Attributes:
        landscape: What is walked on.
        w: The weight of the current iteration.
        b: Its bias.
        path: The points up to the current one, shape (n, 2) or wider: w and b come first.
        ghosts: Where a next step would land, as (name, w, b); a single one needs no name.
        train_bias: Whether the run moves along b too; else it moves along the line at its b.
        branches: The paths of other runs.
        badges: What tells them apart; a run without has none.
        badge: What tells this run from them; None where it is alone.
        title: What the chart is about.
        basins: What says where each start ends.
        batch_minimum: The lowest point of the rows that this step sees; None where it sees all.
    """

    landscape: Landscape
    w: float
    b: float
    path: ArrayLike = ()
    ghosts: Sequence[tuple[str, float, float]] = ()
    train_bias: bool = True
    branches: Sequence[ArrayLike] = ()
    badges: Sequence[Badge] = ()
    badge: Badge | None = None
    title: str = ""
    basins: Sequence[Layer] = ()
    batch_minimum: Place | None = None


def map_window(landscape: Landscape, start: Place, point: Place, shown: Window | None = None) -> Window:
    """Return the window that shows a run: it stays the same until the point leaves it, then it widens.

    At first it shows the start, the minimum, and how far a step from the start along w alone can go before the loss is
    higher than before.

    Args:
        landscape: What is walked on.
        start: (w, b) where the run started.
        point: (w, b) where it stands.
        shown: The window on screen.
    """
    if shown is None:
        start = Point(*start)
        goal = landscape.goal(start, True)
        if goal is None or not landscape.exact:
            across, up = landscape.scope.w, landscape.scope.b
        else:
            across, up = window_around(start.w, goal.w), window_around(start.b, goal.b)
            held = landscape.lowest_point(start.b)
            below = window_around(start.w, held.w if held else None)
            across = min(across[0], below[0]), max(across[1], below[1])
    else:
        across, up = (shown.left, shown.right), (shown.bottom, shown.top)
    return Window(*widened(across, point[0]), *widened(up, point[1]))


def close_window(path: ArrayLike) -> Window:
    """Return the window around a path alone, close enough to see a short zigzag."""
    ws, bs = _columns(path)
    return Window(*interval_around(ws), *interval_around(bs))


def map_scene(walk: Walk, window: Window) -> Scene:
    """What there is to draw, from back to front: landscape, other runs, this run.

    Ghosts outside of the window are arrowheads at its border; everything else outside is left out.
    """
    landscape = walk.landscape
    # Among the numbers of basins lines of dots or of digits would be no lines.
    patterns = ((),) if walk.basins else PATTERNS
    ground, named = _ground(landscape, window, patterns)
    layers: list[Layer] = [*walk.basins, *ground]
    layers += run_layers([_columns(path) for path in walk.branches], walk.badges, window)
    if not walk.train_bias:
        layers.append(Line("line", [window.left, window.right], [walk.b, walk.b], "b is held"))
        ends = window.xs_at(np.linspace(0.9, 0.1, 9))
        layers.append(Label("line", ends, np.full(9, walk.b), "b is held"))
    ends = window.xs_at(np.linspace(0, 1, 2 * DASHES))
    with np.errstate(over="ignore"):
        floor = landscape.valley(ends)
    if floor is not None:
        layers.append(dashed("floor", ends, floor, "minimum"))
    # The legend lists front layers first, and the levels should come before other runs, which have marks.
    layers.append(Line("legend", [], [], named, pattern=patterns[0]))
    ws, bs = _columns(walk.path)
    role = walk.badge.role if walk.badge else "trail"
    layers.append(Line(role, np.append(ws, walk.w), np.append(bs, walk.b), "path"))
    if len(ws) <= FEW:
        layers.append(Points(role, ws, bs, "path", glyph="trail"))
    for name, w, b in walk.ghosts:
        place = ([_inside(w, window.left, window.right)], [_inside(b, window.bottom, window.top)])
        layers.append(Label("ghost", *place, name, beside=True))
    ghosts = ([w for _, w, _ in walk.ghosts], [b for _, _, b in walk.ghosts])
    layers.append(Points("ghost", *ghosts, _named(walk.ghosts), at_border=True))
    minima = landscape.minima()
    held = None if walk.train_bias else landscape.lowest_point(walk.b)
    if minima and held is not None:
        # The lowest point that the run can reach, and as on the curve an asterisk for the lowest of all.
        layers.append(Points("true-minimum", [minima[0].w], [minima[0].b]))
        layers.append(Label("true-minimum", [minima[0].w], [minima[0].b], "best", beside=True))
        layers.append(Points("minimum", [held.w], [held.b], "minimum"))
    elif minima:
        layers.append(Points("minimum", [m.w for m in minima], [m.b for m in minima], "minimum"))
    if walk.batch_minimum is not None:
        w, b = walk.batch_minimum
        layers.append(Points("future", [w], [b], "minimum of the batch", glyph="minimum-behind", at_border=True))
    layers.append(Points("hiker", [walk.w], [walk.b], "you"))
    return Scene(window, tuple(layers), walk.title, "w (weight)", "b (bias)")


@lru_cache(maxsize=8)
def _ground(
    landscape: Landscape, window: Window, patterns: tuple[tuple[int, ...], ...]
) -> tuple[tuple[Layer, ...], str]:
    """Return the contours with their labels, and the legend of their levels; cached while the window stays the same."""
    contours = levels(landscape, window)
    losses = [level for level, _ in contours]
    lines = landscape.contours(losses, (window.left, window.right), (window.bottom, window.top))
    lowest = landscape.lowest_point()
    middle = lowest.b if lowest else (window.bottom + window.top) / 2
    scale = heights(landscape, window)
    roles = [scale.role(level) for level in losses] if scale else []
    labels = [
        Label("level", *_label_places(middle, *line), label)
        for line, (_, label) in zip(lines[::-1], contours[::-1], strict=True)
    ]
    drawn = [
        Line(role, *line, pattern=pattern) for role, line, pattern in zip(roles, lines, cycle(patterns), strict=False)
    ]
    return (*drawn, *labels), level_legend(contours)


def level_legend(contours: Sequence[Contour]) -> str:
    """Name the levels from the lowest to the highest: all of them, or enough to show which they are.

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


def levels(landscape: Landscape, window: Window) -> list[Contour]:
    """The losses of the contours and their names: round numbers between the smallest and the largest loss in sight.

    Their logarithms are evenly spaced, unless the losses differ too little for that or are not all positive.
    """
    scale = heights(landscape, window)
    if scale is None:
        return []
    bottom, top = scale.bottom, scale.top
    if not scale.log:
        found = ticks(bottom, top, LEVELS)
    else:
        low, high = math.log10(bottom), math.log10(top)
        found = log_ticks(low, high, LEVELS)
        if len(found) < FEWEST:
            # Use only powers of ten if 1, 2 and 5 times them are too many.
            numbers = [
                float(f"{digit}e{power}") for power in range(math.floor(low), math.ceil(high)) for digit in (1, 3)
            ]
            between = [(math.log10(number), f"{number:g}") for number in numbers if bottom < number < top]
            found = max(found, between, key=len)
    return [(float(label), label) for _, label in found if bottom < float(label) < top]


def _label_places(middle: float, ws: Floats, bs: Floats) -> tuple[Floats, Floats]:
    """Points of a contour, the best place of its name first: at the height of the minimum, in its upper half.

    So the names stand in a row where there is room.
    """
    half = np.arange(len(bs)) > len(bs) // 2
    with np.errstate(over="ignore"):
        away = np.abs(bs - middle)
    order = np.lexsort((away, half))
    return ws[order], bs[order]


def _columns(path: ArrayLike) -> tuple[Floats, Floats]:
    points = np.asarray(path, dtype=np.float64)
    return (points[:, 0], points[:, 1]) if points.ndim == 2 and points.shape[1] >= 2 else (np.empty(0), np.empty(0))


def _inside(value: float, low: float, high: float) -> float:
    return min(max(value, low), high) if not math.isnan(value) else value


def _named(ghosts: Sequence[tuple[str, float, float]]) -> str:
    return "next" if len(ghosts) < 2 else f"next at {' '.join(name for name, _, _ in ghosts)} rate"
