"""Other runs in a chart: each has its own colour and mark, and its name where it ends.

A run keeps its colour and mark in every chart and list while other runs come and go: see `Badges`.
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np

from tui.charts.canvas import GLYPHS, Label, Layer, Line, Points
from tui.charts.colours import RUNS
from tui.charts.window import Floats, Window

NARROW = 46
"""The columns of the narrowest complete chart."""
TALL = 20
"""Twice its rows, as a cell is about two columns high."""
SAMPLES = 24
"""The places along a line at which its mark may stand."""
SPREAD = 3
"""Number of marks on a long line, besides the one at its end."""
LONG = 12.0
"""Minimum length of line, in columns, for each mark."""
CLEAR = 4.0
"""Distance to the next line, in columns, that counts as clear."""
BEFORE = 0.4
"""If there is no room beside the end, the name is this share of the chart before it."""
STEP, STEPS = 0.021, 40
"""A name stands so many rows above or below the end of its run at most; a row of a chart of 50, as share of it."""


@dataclass(frozen=True)
class Badge:
    """What tells a run from the others.

    Attributes:
        number: which of the RUNS badges it is; None where a run has none of its own, and looks like all such.
        name: the name of the run.

    Example:
        >>> Badge(2, "Adam").role, Badge(2, "Adam").glyph, Badge(2).ascii
        ('run-2', '◆', 'c')
    """

    number: int | None
    name: str = ""

    @property
    def role(self) -> str:
        """The role of its line, its mark and its name: that decides the colour."""
        return "branch" if self.number is None else f"run-{self.number}"

    @property
    def glyph(self) -> str:
        """Its mark."""
        return self._glyphs[0]

    @property
    def ascii(self) -> str:
        """Its mark where there is only ASCII."""
        return self._glyphs[1]

    @property
    def _glyphs(self) -> tuple[str, str]:
        return GLYPHS.get(self.role, (" ", " "))


NOBODY = Badge(None, "other runs")
"""In a chart, what all runs have that have no badge of their own."""


class Badges:
    """Gives each run a badge, which it keeps until the run is gone, or until RUNS newer ones are there.

    Example:
        >>> badges = Badges()
        >>> badges.of(["A", "B", "C"]), badges.of(["A", "C", "D"])
        ([0, 1, 2], [0, 2, 1])
    """

    def __init__(self) -> None:
        self._given: dict[Hashable, int] = {}

    def of(self, runs: Sequence[Hashable], current: Hashable = None) -> list[int | None]:
        """Return the number of each run's badge: the one it has, or the first free one.

        The current run and the newest of the others, the last ones, have one; the rest have None.
        """
        others = [run for run in runs if run != current]
        owners = {current, *others[-(RUNS - (len(others) < len(runs))) :]}
        self._given = {run: number for run, number in self._given.items() if run in owners}
        for run in runs:
            if run in owners and run not in self._given:
                self._given[run] = min(set(range(RUNS)) - set(self._given.values()))
        return [self._given.get(run) for run in runs]


def short(name: str) -> str:
    """The first word of a name of several, with the number that it ends in; empty if there is nothing to leave out.

    >>> [short(name) for name in ("momentum", "Nesterov momentum", "gradient descent 2", "Adam 2")]
    ['', 'Nesterov', 'gradient 2', '']
    """
    first, *others = name.split() or [""]
    number = f" {others[-1]}" if others and others[-1].isdigit() else ""
    return first + number if first + number != name else ""


def run_layers(runs: Sequence[tuple[Floats, Floats]], badges: Sequence[Badge], window: Window) -> list[Layer]:
    """The line of every run with its marks, and its name where it ends, or else where it is clear of the others.

    The names are behind the lines: they cover no run and no other name.
    """
    places = [_samples(window.across(xs), window.up(ys)) for xs, ys in runs]
    names: list[tuple[float, Layer]] = []
    lines: list[Layer] = []
    marks: list[Layer] = []
    for index, ((xs, ys), own) in enumerate(zip(runs, places, strict=True)):
        badge = badges[index] if index < len(badges) else NOBODY
        if badge.number is None:
            lines.append(Line(badge.role, xs, ys, badge.name))
            continue
        spots = _spots(own, [other for at, other in enumerate(places) if at != index and len(other)])
        at = (window.xs_at(spots[:, 0]), window.ys_at(spots[:, 1]))
        name = Label(badge.role, *at, badge.name, beside=True, short=short(badge.name), sign=badge.role)
        names.append((own[-1, 1] if len(own) else 0.0, name))
        lines.append(Line(badge.role, xs, ys, badge.name))
        marked = _marked(own, index)
        marks.append(Points(badge.role, window.xs_at(marked[:, 0]), window.ys_at(marked[:, 1])))
    # Names of lower runs are placed first, so that the names pile up in the order of the runs.
    names.sort(key=lambda pair: -pair[0])
    return [*(name for _, name in names), *lines, *marks]


def last_seen(xs: Floats, ys: Floats, window: Window) -> tuple[Floats, Floats]:
    """The last point of a run inside of the window; nothing if there is none."""
    inside = (abs(window.across(xs) - 0.5) <= 0.5) & (abs(window.up(ys) - 0.5) <= 0.5)
    last = np.flatnonzero(inside)[-1:]
    return xs[last], ys[last]


def _spots(own: Floats, others: list[Floats]) -> Floats:
    """Where the name of a run may stand, the best place first: at its end, above or below it, or along the line."""
    if not len(own):
        return own
    rows = STEP * np.arange(1, STEPS + 1)
    offsets = np.concatenate(([0.0], np.column_stack((rows, -rows)).ravel()))
    ends = own[-1] + np.column_stack((np.zeros(len(offsets)), offsets))
    clear = np.full(len(own), CLEAR)
    if others:
        away = (own[:, None] - np.concatenate(others)[None]) * (NARROW, TALL)
        clear = np.minimum(np.hypot(away[..., 0], away[..., 1]).min(axis=1), CLEAR)
    along = own[np.lexsort((-np.arange(len(own)), -np.floor(clear)))]
    before = np.maximum(ends - (BEFORE, 0.0), 0.0)
    return np.concatenate((ends, along, before))


def _marked(own: Floats, index: int) -> Floats:
    """Return the places of the marks of a run: at its end and along it, shifted for each run to avoid overlap."""
    if len(own) < 2:
        return own
    steps = np.diff(own, axis=0) * (NARROW, TALL)
    count = min(int(np.hypot(steps[:, 0], steps[:, 1]).sum() / LONG), SPREAD)
    shift = (index % RUNS) / RUNS
    shares = [(place + 0.25 + shift / 2) / count for place in range(count)]
    return own[[round(share * (len(own) - 1)) for share in shares if share < 1] + [len(own) - 1]]


def _samples(across: Floats, up: Floats) -> Floats:
    """Points (across, up) of a line in the unit square, evenly spaced along it, shape (n, 2)."""
    points = np.column_stack((across, up))
    points = points[np.isfinite(points).all(axis=1)]
    points = points[((points >= 0) & (points <= 1)).all(axis=1)]
    if len(points) < 2:
        return points
    steps = np.diff(points, axis=0) * (NARROW, TALL)
    along = np.append(0, np.cumsum(np.hypot(steps[:, 0], steps[:, 1])))
    spots = np.linspace(0, along[-1], SAMPLES)
    return np.column_stack([np.interp(spots, along, points[:, axis]) for axis in (0, 1)])
