"""What a view is: one way to see the run.

A view is a file of its own, and a line in `tui.views.views.VIEWS`: its scene, its window, what it alone remembers, its
keys, what the help says of it, and which landscapes it can show.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from gdcore.descent.branches import Branch
from tui.laboratory.frame import trail

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from gdcore.descent.state import State
    from tui.charts.canvas import Scene
    from tui.charts.runs import Badge
    from tui.charts.window import Floats, Window
    from tui.laboratory.frame import Frame
    from tui.laboratory.ground import Ground
    from tui.laboratory.laboratory import Laboratory

SHOWN_BRANCHES = 7
"""So many of the other branches are drawn, the newest ones: with the current one as many as there are badges."""


@dataclass(frozen=True, slots=True)
class Look:
    """How to look, whatever the view.

    Attributes:
        log: whether the loss axis is logarithmic.
        around: the point around which windows are chosen.
        close: whether they are chosen as closely as the run allows.
        badges: what tells the branches apart, by the identity of each.
        all_runs: whether they are chosen so that the other branches are in sight too.
    """

    log: bool
    around: State
    close: bool
    badges: Mapping[int, Badge]
    all_runs: bool = False

    def others(self, frame: Frame) -> list[Badge]:
        """The badges of the other branches that are drawn."""
        return [self.badges[id(branch)] for branch in others(frame)]

    def own(self, frame: Frame) -> Badge | None:
        """The badge of the current branch; None where it is alone."""
        return self.badges[id(frame.branch)] if len(frame.branches) > 1 else None


@dataclass(frozen=True, slots=True)
class Key:
    """A key that means something in one view.

    Attributes:
        key: as Textual names it; the chart has the focus.
        label: a word or two, for the palette.
        tooltip: what it does, in a sentence.
        do: what it does.
    """

    key: str
    label: str
    tooltip: str
    do: Callable[[Any, Laboratory], None]


class View:
    """One way to see the run.

    Attributes:
        name: what it is called.
        tooltip: what it shows, in a sentence.
        told: what the help says of it, a line each.
        keys: what it alone can do.
        hint: what is said when it is shown.
        races: whether the runs of a race can be told apart in it.
        fields: the fields of the form that it alone asks for.
        welcomes: whether the first keys to press may stand in it.
        window: what it showed last; None where that is to be chosen anew.
    """

    name: ClassVar[str]
    tooltip: ClassVar[str]
    told: ClassVar[tuple[str, ...]] = ()
    keys: ClassVar[tuple[Key, ...]] = ()
    hint: ClassVar[str] = ""
    races: ClassVar[bool] = False
    fields: ClassVar[tuple[str, ...]] = ()
    welcomes: ClassVar[bool] = False

    def __init__(self) -> None:
        self.window: Window | None = None

    def missing(self, ground: Ground) -> str:
        """Why there is nothing to see on this ground, in a sentence; empty where there is."""
        del ground
        return ""

    def scene(self, frame: Frame, look: Look) -> Scene:
        """What there is to draw."""
        raise NotImplementedError

    def study(self, frame: Frame) -> Iterator[Any] | None:
        """Long work that the view wants done now; each piece is given to `take`. None where it wants none."""
        del frame
        return None

    def take(self, piece: Any) -> None:
        """Take a piece of the work."""

    def leave(self) -> None:
        """Another view is shown: work that is not done is given up."""

    def clicked(self, x: float, laboratory: Laboratory) -> None:
        """A click at this place of the horizontal axis."""

    def dragged(self, columns: int, rows: int) -> bool:
        """The mouse was moved so far with its button down; whether that changed what there is to see."""
        del columns, rows
        return False


def others(frame: Frame) -> list[Branch]:
    """The other branches that are drawn, the newest ones."""
    return [branch for branch in frame.branches if branch is not frame.branch][-SHOWN_BRANCHES:]


def path_of(branch: Branch) -> Floats:
    """(w, b, loss) of a branch, from where it left another as far as it goes."""
    return trail(branch.run, branch.run.tip + 1, min(branch.left_at, branch.run.tip))


HIGH = 2
"""Of runs that went up, what is no higher than so many times the highest beginning is worth to be in sight."""


def all_points(frame: Frame) -> Floats:
    """(w, b, loss) of this run so far and of the other branches, but for where they have run away, shape (n, 3)."""
    now = np.array([[frame.state.w, frame.state.b, frame.whole.loss]])
    paths = [path for path in (frame.trail, *map(path_of, others(frame)), now) if len(path)]
    points = np.concatenate(paths)
    highest = HIGH * max(float(path[0, 2]) for path in paths)
    with np.errstate(invalid="ignore"):
        kept: Floats = points[np.isfinite(points).all(axis=1) & (points[:, 2] <= highest)]
    return kept


def drawn_from(frame: Frame) -> str:
    """What to add to a title where a chart is drawn from a sample of the rows."""
    landscape, data = frame.landscape, frame.data
    if not landscape.sampled or data is None:
        return ""
    return f"   drawn from {landscape.sampled:,} of {data.rows:,} rows"
