"""The loss as a 3D surface of grid lines over w and b, seen from the side, with the path of the hiker on it.

azimuth      rotation of the viewer around the surface: at 0 w points right and b away from the viewer
tilt         the angle of view from above: 0 from the side, 90 from above
net          lines of equal w and of equal b on the surface, in the colours of its height
behind       what a part of the surface nearer to the viewer hides

The projection is a parallel one, stretched to fill the chart: a vertical line of the chart is a vertical plane through
the viewer. So a point is hidden where the surface before it, along that plane, reaches higher on the chart (a floating
horizon: T. J. Wright, "A two-space solution to the hidden line problem for plotting functions of two variables", 1973).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gdcore.landscapes.landscape import Landscape
from tui.charts.canvas import DOTS, Dots, Label, Layer, Line, Marks, Points, Scene, cells_of_dots
from tui.charts.heights import HIGHEST, ROLES, heights, losses_in
from tui.charts.map import Walk
from tui.charts.runs import STEP, last_seen, short
from tui.charts.window import Floats, Window, without_rounding

HEIGHT = 0.62
"""How high the surface is drawn, as a share of how wide it is."""
FOOT = 0.1
"""Share of the chart left below the surface for the names of the axes."""
GRID = 61
"""Grid points in each direction for finding the height of the surface."""
DEPTHS = 160
"""Number of depths at which the horizon is computed."""
FINE = 120
"""Minimum number of surface points on a grid line."""
SPACING = 7.5
"""Dots of chart height for each grid line; a denser net would merge."""
LINES = (7, 22)
"""Minimum and maximum number of grid lines in each direction."""
SIGHT = 48
"""Number of points between a mark and the viewer that are checked for hiding it."""
NEARLY = 0.012
"""Points hidden by less than this share of the chart count as visible."""
DRAPED = 160
"""Number of points of the path on the surface."""
RAISED = 10.0
"""Extra tilt of the camera for a valley that may bend, and again for several minima."""
ASIDE = 20.0
"""Angle in degrees from the direction of a valley at which it is seen best."""
TURN = 5.0
"""The initial azimuth is a multiple of this angle in degrees."""
NAMED = STEP * np.array([0, *(sign * row for row in range(1, 25) for sign in (1, -1))])
"""Vertical offsets from the end of a run, or of the axis of the loss, at which its name may be placed."""
BESIDE = np.array([0.0, 0.1, 0.2, 0.3])
"""How far from the axis of the loss its numbers may be placed."""
CORNERS = np.array([(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)])
"""Of the plane, as shares of the window."""
LOWEST_TILT, HIGHEST_TILT = 10.0, 80.0


@dataclass(frozen=True)
class Camera:
    """From where the surface is seen, in degrees.

    Example:
        >>> Camera(350, 75).turned(20).tilted(10)
        Camera(azimuth=10.0, tilt=80.0)
    """

    azimuth: float = 25.0
    tilt: float = 35.0

    def turned(self, by: float) -> "Camera":
        """Walked around the surface by so many degrees."""
        return replace(self, azimuth=float((self.azimuth + by) % 360))

    def tilted(self, by: float) -> "Camera":
        """Raised by so many degrees."""
        return replace(self, tilt=float(min(max(self.tilt + by, LOWEST_TILT), HIGHEST_TILT)))


@dataclass(frozen=True)
class Relief:
    """How high a loss is drawn, from 0 to 1: by the root of the loss above the lowest visible, or by its logarithm.

    Linear in the loss, the floor and the foot of a narrow valley could not be told apart.

    Example:
        >>> Relief(0.0, 4.0, log=False).height([0.0, 1.0, 4.0]).tolist()
        [0.0, 0.5, 1.0]
    """

    bottom: float
    top: float
    log: bool

    def height(self, losses: ArrayLike) -> Floats:
        """The heights of losses; of what is no number, NaN."""
        numbers = np.asarray(losses, dtype=np.float64)
        with np.errstate(all="ignore"):
            if self.log:
                low, high = math.log(self.bottom), math.log(self.top)
                found = (np.log(np.maximum(numbers, self.bottom)) - low) / (high - low)
            else:
                found = np.sqrt(np.maximum(numbers - self.bottom, 0) / (self.top - self.bottom))
            clipped: Floats = np.where(np.isfinite(numbers), np.minimum(found, 1.0), np.nan)
        return clipped


@dataclass(frozen=True)
class View:
    """The projection: from (w, b, height) as shares of the window and of the height, to shares of the chart.

    Attributes:
        camera: From where.
        whole: How far up the surface reaches, in the unit of `climb`.
    """

    camera: Camera
    whole: float = 1.0

    @property
    def reach(self) -> float:
        """How far the corners of the plane are from its middle, across and in depth."""
        cosine, sine = self._turn
        return (abs(cosine) + abs(sine)) / 2

    @property
    def _turn(self) -> tuple[float, float]:
        angle = math.radians(self.camera.azimuth)
        return math.cos(angle), math.sin(angle)

    @property
    def _look(self) -> tuple[float, float]:
        angle = math.radians(self.camera.tilt)
        return math.cos(angle), math.sin(angle)

    def across(self, u: Floats, v: Floats) -> Floats:
        """The horizontal place."""
        cosine, sine = self._turn
        return ((u - 0.5) * cosine + (v - 0.5) * sine + self.reach) / (2 * self.reach)

    def depth(self, u: Floats, v: Floats) -> Floats:
        """How far away it is: 0 for the nearest corner, 1 for the farthest."""
        cosine, sine = self._turn
        return ((v - 0.5) * cosine - (u - 0.5) * sine + self.reach) / (2 * self.reach)

    def up(self, depth: Floats, height: Floats) -> Floats:
        """The vertical place."""
        return FOOT + (1 - FOOT) * self.climb(depth, height) / self.whole

    def climb(self, depth: Floats, height: Floats) -> Floats:
        """How far above the nearest corner a point appears; the unit is the width of the plane."""
        cosine, sine = self._look
        return 2 * self.reach * sine * depth + HEIGHT * cosine * height

    def plane(self, across: Floats, depth: Floats) -> tuple[Floats, Floats]:
        """The shares of w and b at a horizontal place and a depth."""
        cosine, sine = self._turn
        x, away = (2 * across - 1) * self.reach, (2 * depth - 1) * self.reach
        return x * cosine - away * sine + 0.5, x * sine + away * cosine + 0.5


@dataclass(frozen=True, eq=False)
class Ground:
    """The surface in a window from a camera; it stays the same while the hiker walks."""

    landscape: Landscape
    window: Window
    relief: Relief
    view: View

    def heights(self, u: Floats, v: Floats) -> Floats:
        """The height at shares of the window; NaN outside of it, and where the loss is no number."""
        outside = (abs(u - 0.5) > 0.5 + 1e-9) | (abs(v - 0.5) > 0.5 + 1e-9)
        return np.where(outside, np.nan, self.relief.height(losses_in(self.landscape, self.window, u, v)))

    def place(self, ws: ArrayLike, bs: ArrayLike, losses: ArrayLike | None = None) -> tuple[Floats, Floats, Floats]:
        """Where points of the surface are on the chart, and their depth; NaN for what is outside of the window."""
        u, v = np.atleast_1d(self.window.across(ws)), np.atleast_1d(self.window.up(bs))
        # Clip points far outside, as their differences would overflow.
        u, v = (np.where(abs(share) < 2, share, 2.0) for share in (u, v))
        height = self.heights(u, v)
        if losses is not None:
            height = np.where(np.isnan(height), np.nan, self.relief.height(losses))
        depth = self.view.depth(u, v)
        return np.where(np.isnan(height), np.nan, self.view.across(u, v)), self.view.up(depth, height), depth

    def seen(self, across: Floats, up: Floats, depth: Floats) -> NDArray[np.bool_]:
        """Return which points are not hidden by anything in front of them."""
        share = np.linspace(0, 1, SIGHT, endpoint=False)
        before = depth[:, None] * share
        ahead = np.broadcast_to(across[:, None], before.shape)
        with np.errstate(all="ignore"):
            reached = self.view.up(before, self.heights(*self.view.plane(ahead, before)))
            hidden = np.asarray(reached > up[:, None] + NEARLY).any(axis=1)
        return np.logical_not(hidden)

    def draw(self, columns: int, rows: int, marker: str) -> tuple[tuple[str, Marks], ...]:
        """The net in so many cells: for every role the (row, column, character)."""
        return _drawn(self, columns, rows, marker)


def camera_for(landscape: Landscape, window: Window) -> Camera:
    """Return a camera that sees most of the known minima, or looks along a single valley, slightly from the side."""
    lowest = landscape.lowest_point()
    if lowest is None:
        return Camera()
    if not landscape.exact:
        minima = landscape.minima()
        points = (np.array([point.w for point in minima]), np.array([point.b for point in minima]))
        cameras = [Camera().tilted(RAISED * min(len(minima), 2)).turned(TURN * step) for step in range(0, 72, 6)]
        grounds = [(camera, _ground(landscape, window, camera, False)) for camera in cameras]
        seen = [int(ground.seen(*ground.place(*points)).sum()) if ground else 0 for _, ground in grounds]
        return cameras[seen.index(max(seen))]
    bend_w, twist, bend_b = (float(value) for value in landscape.hessian(lowest.w, lowest.b))
    wide, tall = window.right - window.left, window.top - window.bottom
    angle = 0.5 * math.degrees(math.atan2(2 * twist * wide * tall, bend_w * wide * wide - bend_b * tall * tall))
    if not math.isfinite(angle):
        return Camera()
    # The steepest direction is at this angle from the w axis; the valley is at right angles to it.
    return Camera().turned(round((angle + ASIDE) / TURN) * TURN - Camera().azimuth)


def surface_scene(walk: Walk, camera: Camera, window: Window, *, log: bool = False) -> Scene:
    """What there is to draw, from back to front: the net, other runs, this run.

    Args:
        walk: The run at one iteration.
        camera: From where it is seen.
        window: The part of the plane of w and b to show.
        log: Draw the height by the logarithm of the loss.
    """
    ground = _ground(walk.landscape, window, camera, log)
    unit = Window(0, 1, 0, 1)
    if ground is None:
        return Scene(unit, (), walk.title, bare=True)
    names, paths = _others(ground, walk)
    layers: list[Layer] = [Dots(ground.draw), *_frame(ground), *names, *_upright(ground), *paths]
    layers += _path(ground, *_columns(walk), walk.badge.role if walk.badge else "trail", "path")
    layers += _marks(ground, walk)
    return Scene(unit, tuple(layers), walk.title, bare=True)


def _others(ground: Ground, walk: Walk) -> tuple[list[Layer], list[Layer]]:
    """The names of other runs where they were last seen, and their paths with their marks."""
    names: list[Layer] = []
    paths: list[Layer] = []
    for path, badge in zip(walk.branches, walk.badges, strict=False):
        points = np.asarray(path, dtype=np.float64)
        if points.ndim == 2 and len(points):
            paths += _path(ground, points[:, 0], points[:, 1], badge.role, badge.name)
            if badge.number is None:
                continue
            across, up, depth = ground.place(*last_seen(points[:, 0], points[:, 1], ground.window))
            role = badge.role if ground.seen(across, up, depth).all() else "behind"
            places = (np.repeat(across, len(NAMED)), np.add.outer(up, NAMED).ravel())
            names.append(Label(badge.role, *places, badge.name, True, short(badge.name), badge.role))
            paths.append(Points(role, across, up, glyph=badge.role))
    return names, paths


@lru_cache(maxsize=8)
def _ground(landscape: Landscape, window: Window, camera: Camera, log: bool) -> Ground | None:
    """Return the surface; None if nothing of it is visible."""
    share = np.linspace(0, 1, GRID)
    u, v = np.meshgrid(share, share, indexing="ij")
    grid = losses_in(landscape, window, u, v)
    losses = np.clip(grid[np.isfinite(grid)], -HIGHEST, HIGHEST)
    if not losses.size:
        return None
    lowest = landscape.lowest()
    bottom, top = float(losses.min()), float(losses.max())
    if lowest is not None and landscape.exact:
        bottom = min(bottom, lowest)
    for point in landscape.minima():  # which the grid misses by a little
        if window.left <= point.w <= window.right and window.bottom <= point.b <= window.top:
            bottom = min(bottom, point.loss)
    scale = heights(landscape, window)
    log = log and scale is not None and scale.log
    if log and scale is not None:
        bottom = scale.bottom
    if not bottom < top:
        bottom, top, log = bottom - 1, bottom + 1, False
    relief, view = Relief(bottom, top, log), View(camera)
    reached = view.climb(view.depth(u, v), relief.height(grid))
    corner = view.depth(*_left_corner(view))
    whole = max(float(np.nanmax(reached)), float(view.climb(corner, np.ones(1))[0]))
    return Ground(landscape, window, relief, replace(view, whole=whole))


def _left_corner(view: View) -> tuple[Floats, Floats]:
    """Return the corner that appears leftmost: the axis of the loss is there."""
    u, v = CORNERS.T
    first = int(view.across(u, v).argmin())
    return u[first], v[first]


def _columns(walk: Walk) -> tuple[Floats, Floats]:
    points = np.asarray(walk.path, dtype=np.float64)
    points = points[:, :2] if points.ndim == 2 and points.shape[1] >= 2 else np.empty((0, 2))
    return np.append(points[:, 0], walk.w), np.append(points[:, 1], walk.b)


def _path(ground: Ground, ws: Floats, bs: Floats, role: str, name: str) -> list[Layer]:
    """Return a path on the surface: its visible parts and its hidden parts."""
    if len(ws) < 2:
        return []
    parts = max(1, DRAPED // (len(ws) - 1))
    spots = np.linspace(0, len(ws) - 1, (len(ws) - 1) * parts + 1)
    # A run that diverged has points whose differences overflow: only those in the window are used.
    usable = np.isfinite(ground.window.across(ws)) & np.isfinite(ground.window.up(bs))
    index = np.arange(len(ws))
    ws, bs = (np.interp(spots, index, np.where(usable, values, np.nan)) for values in (ws, bs))
    across, up, depth = ground.place(ws, bs)
    seen = ground.seen(across, up, depth)
    return [
        Line("behind", np.where(seen, np.nan, across), up),
        Line(role, np.where(seen, across, np.nan), up, name),
    ]


def _marks(ground: Ground, walk: Walk) -> list[Layer]:
    """Next step, minima and hiker; in another mark and colour where they are behind something."""
    minima = walk.landscape.minima()
    kinds: list[tuple[str, str, Sequence[float], Sequence[float]]] = [
        ("minimum", "minimum", [point.w for point in minima], [point.b for point in minima]),
        ("ghost", "next", [w for _, w, _ in walk.ghosts], [b for _, _, b in walk.ghosts]),
        ("hiker", "you", [walk.w], [walk.b]),
    ]
    held = None if walk.train_bias else walk.landscape.lowest_point(walk.b)
    if held is not None:
        kinds[0] = ("minimum", "minimum", [held.w], [held.b])
    layers: list[Layer] = []
    for role, label, ws, bs in kinds:
        across, up, depth = ground.place(ws, bs)
        seen = ground.seen(across, up, depth)
        glyph = f"{role}-behind" if role != "ghost" else "ghost"
        hidden = bool((~seen & np.isfinite(across)).any())
        name = f"{label} (behind)" if hidden and not seen.any() else label
        layers.append(Points("behind", np.where(seen, np.nan, across), up, glyph=glyph))
        layers.append(Points(role, np.where(seen, across, np.nan), up, name))
    return layers


def _frame(ground: Ground) -> list[Layer]:
    """The two front edges of the plane, with the names of the axes and their ends."""
    view, window = ground.view, ground.window
    front_u, front_v = CORNERS[int(view.depth(*CORNERS.T).argmin())]
    share = np.linspace(0, 1, 3)
    layers: list[Layer] = []
    for name, low, high, u, v in (
        ("w", window.left, window.right, share, np.full(3, front_v)),
        ("b", window.bottom, window.top, np.full(3, front_u), share),
    ):
        xs, ys = view.across(u, v), view.up(view.depth(u, v), np.zeros(3))
        layers.append(Line("axis", xs, ys))
        for text, at in ((f"{low:.6g}", 0.1), (name, 0.5), (f"{high:.6g}", 0.9)):
            x, y = np.interp(at, share, xs), np.interp(at, share, ys)
            below = y - np.array([0.06, 0.09, 0.12, 0.16])
            layers.append(Label("title" if text == name else "tick", np.full(4, x), below, text))
    return layers


def _upright(ground: Ground) -> list[Layer]:
    """The axis of the loss, with the numbers at its ends; where a mark is in the way, along their half or beside it."""
    view, relief = ground.view, ground.relief
    left = _left_corner(view)
    depth = view.depth(*left)
    xs, ys = np.full(2, view.across(*left)), np.array([float(view.up(depth, np.asarray(end))) for end in (0.0, 1.0)])
    kind, number = "log loss" if relief.log else "loss", f"{relief.top:.4g}"
    bottom = without_rounding(relief.bottom, relief.top - relief.bottom)
    above, below = (end + NAMED for end in (ys[1], ys[0]))
    above, below = above[above >= ys.mean()], below[below <= ys.mean()]
    tops, bottoms = ((np.repeat(xs[0] + BESIDE, len(up)), np.tile(up, len(BESIDE))) for up in (above, below))
    return [
        Line("axis", xs, ys),
        Label("title", *tops, f"{kind} {number}", beside=True, short=number),
        Label("tick", *bottoms, f"{bottom:.4g}", beside=True),
    ]


@lru_cache(maxsize=4)
def _drawn(ground: Ground, columns: int, rows: int, marker: str) -> tuple[tuple[str, Marks], ...]:
    """The lines of the net that are seen, as cells."""
    per_column, per_row = DOTS[marker]
    wide, tall = columns * per_column, rows * per_row
    if wide < 2 or tall < 2:
        return ()
    px, py, depth, levels = _net(ground, wide, tall)
    high = _horizon(ground, wide)
    # Between two columns of dots the horizon is linear.
    column = np.minimum(px.astype(np.int64), wide - 2)
    part = px - column
    at = np.minimum((depth * (DEPTHS - 1)).astype(np.int64), DEPTHS - 1)
    with np.errstate(invalid="ignore"):
        above = high[column, at] * (1 - part) + high[column + 1, at] * part
        seen = 1 - py / (tall - 1) >= above - 0.7 / tall
    x, y = np.floor(px[seen] + 0.5).astype(np.int64), np.floor(py[seen] + 0.5).astype(np.int64)
    # A peak between the grid points used for the height of the surface is cut at the border.
    x, y = np.clip(x, 0, wide - 1), np.clip(y, 0, tall - 1)
    dots = np.zeros((tall, wide), dtype=np.bool_)
    dots[y, x] = True
    cell = (y // per_row) * columns + x // per_column
    count = np.bincount(cell, minlength=rows * columns)
    total = np.bincount(cell, weights=levels[seen], minlength=rows * columns)
    mean = np.where(count, total / np.maximum(count, 1) + 0.5, 0).astype(np.int64).reshape(rows, columns)
    found: dict[int, list[tuple[int, int, str]]] = {}
    for row, place, character in cells_of_dots(dots, marker):
        level = int(mean[row, place])
        found.setdefault(level, []).append((row, place, character or str(level)))
    return tuple((ROLES[level], tuple(marks)) for level, marks in sorted(found.items()))


def _net(ground: Ground, wide: int, tall: int) -> tuple[Floats, Floats, Floats, Floats]:
    """Return the points of the grid lines, a dot apart: (x, y) in dots from the upper left, depths, levels."""
    view = ground.view
    count = int(min(max(tall / SPACING, LINES[0]), LINES[1]))
    lines, along = np.linspace(0, 1, count + 1), np.linspace(0, 1, max(FINE, wide))
    u = np.concatenate([np.repeat(lines, len(along)), np.tile(along, count + 1)])
    v = np.concatenate([np.tile(along, count + 1), np.repeat(lines, len(along))])
    depth, height = view.depth(u, v), ground.heights(u, v)
    px, py = view.across(u, v) * (wide - 1), (1 - view.up(depth, height)) * (tall - 1)
    shape = (2 * (count + 1), len(along))
    px, py, depth, height = (values.reshape(shape) for values in (px, py, depth, height))
    with np.errstate(invalid="ignore"):
        far = np.maximum(abs(np.diff(px, axis=1)), abs(np.diff(py, axis=1)))
    # Segments with a NaN end get no pieces, which leaves a gap.
    pieces = np.where(np.isnan(far), 0, np.maximum(np.ceil(np.nan_to_num(far)), 1)).astype(np.int64).ravel()
    start = np.repeat(np.cumsum(pieces) - pieces, pieces)
    share = (np.arange(len(start)) - start) / np.repeat(pieces, pieces)

    def between(values: Floats) -> Floats:
        first, last = values[:, :-1].ravel(), values[:, 1:].ravel()
        begin: Floats = np.repeat(first, pieces)
        return begin + share * (np.repeat(last, pieces) - begin)

    scale = heights(ground.landscape, ground.window)
    losses = losses_in(ground.landscape, ground.window, u, v)
    levels = scale.levels(losses) if scale else np.zeros(len(u), dtype=np.int64)
    level = between(levels.reshape(shape).astype(np.float64))
    return between(px), between(py), between(depth), level


def _horizon(ground: Ground, wide: int) -> Floats:
    """Return the highest place that the surface reaches in each column of dots, up to each depth."""
    across, depth = np.meshgrid(np.linspace(0, 1, wide), np.linspace(0, 1, DEPTHS), indexing="ij")
    reached = ground.view.up(depth, ground.heights(*ground.view.plane(across, depth)))
    return np.maximum.accumulate(np.where(np.isnan(reached), -1e9, reached), axis=1)
