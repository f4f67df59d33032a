"""What a view is: one way to see the run.

A view is a file of its own, and a line in `tui.views.views.VIEWS`: its scene, its window, what it alone remembers, its
keys, what the help says of it, and which landscapes it can show.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from gdcore.descent.branches import Branch
from tui.charts.runs import marks
from tui.laboratory.frame import trail

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from gdcore.descent.state import State
    from tui.charts.canvas import Scene
    from tui.charts.window import Floats, Window
    from tui.laboratory.frame import Frame
    from tui.laboratory.ground import Ground
    from tui.laboratory.laboratory import Laboratory

SHOWN_BRANCHES = 8
"""So many of the other branches are drawn, the newest ones."""


@dataclass(frozen=True, slots=True)
class Look:
    """How to look, whatever the view.

    Attributes:
        log: whether the loss axis is logarithmic.
        around: the point around which windows are chosen.
        close: whether they are chosen as closely as the run allows.
    """

    log: bool
    around: State
    close: bool


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
        window: what it showed last; None where that is to be chosen anew.
    """

    name: ClassVar[str]
    tooltip: ClassVar[str]
    told: ClassVar[tuple[str, ...]] = ()
    keys: ClassVar[tuple[Key, ...]] = ()
    hint: ClassVar[str] = ""
    races: ClassVar[bool] = False

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


def others(frame: Frame) -> list[Branch]:
    """The other branches that are drawn, the newest ones."""
    return [branch for branch in frame.branches if branch is not frame.branch][-SHOWN_BRANCHES:]


def marks_of(frame: Frame) -> list[str]:
    """The marks of the other branches that are drawn; a mark stays whichever branch is the current one."""
    names = [branch.name for branch in frame.branches]
    found = dict(zip(names, marks(names), strict=True))
    return [found[branch.name] for branch in others(frame)]


def path_of(branch: Branch) -> Floats:
    """(w, b, loss) of a branch, from where it left another as far as it goes."""
    return trail(branch.run, branch.run.tip + 1, min(branch.left_at, branch.run.tip))
