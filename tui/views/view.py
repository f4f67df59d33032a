"""What a view is: one way to see the run.

A view is its own file and a line in `tui.views.views.VIEWS`. It defines its scene, window, state, keys and help,
and which landscapes it can show.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from gdcore.descent.branches import Branch
from tui.charts.runs import NOBODY, Badge
from tui.laboratory.frame import trail

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from gdcore.descent.state import State
    from gdcore.descent.timeline import Timeline
    from gdcore.landscapes.landscape import Landscape
    from tui.charts.canvas import Scene
    from tui.charts.window import Floats, Window
    from tui.laboratory.frame import Frame
    from tui.laboratory.ground import Ground
    from tui.laboratory.laboratory import Laboratory

SHOWN_BRANCHES = 7
"""Maximum number of other branches drawn, the newest; with the current one as many as there are badges."""


@dataclass(frozen=True, slots=True)
class Look:
    """Display options shared by all views.

    Attributes:
        log: whether the loss axis is logarithmic.
        around: the point around which windows are chosen.
        close: whether windows are chosen as narrow as the run allows.
        badges: the badges of the branches, by the identity of each.
        all_runs: whether windows are chosen to show the other branches too.
    """

    log: bool
    around: State
    close: bool
    badges: Mapping[int, Badge]
    all_runs: bool = False

    def others(self, frame: Frame) -> list[Badge]:
        """The badges of the other branches that are drawn."""
        badges = (self.badges[id(branch)] for branch in others(frame))
        return [NOBODY if badge.number is None else badge for badge in badges]

    def own(self, frame: Frame) -> Badge | None:
        """The badge of the current branch; None where it is alone."""
        return self.badges[id(frame.branch)] if len(frame.branches) > 1 else None


@dataclass(frozen=True, slots=True)
class Key:
    """A key with a meaning in one view.

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
        told: its description in the help, one string a line.
        keys: its own keys.
        hint: a hint shown when the view opens.
        races: whether it can tell the runs of a race apart.
        fields: the form fields that only this view needs.
        welcomes: whether it may show the first keys to press.
        window: its last window; None if a new one must be chosen.
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
        """Return why this ground cannot be shown, in a sentence; empty if it can."""
        del ground
        return ""

    def scene(self, frame: Frame, look: Look) -> Scene:
        """What there is to draw."""
        raise NotImplementedError

    def study(self, frame: Frame) -> Iterator[Any] | None:
        """Return long work to do now, or None; each result is passed to `take`."""
        del frame
        return None

    def take(self, piece: Any) -> None:
        """Take a result of the work."""

    def hinted(self, laboratory: Laboratory) -> str:
        """Return the hint for the laboratory; empty where the keys of the view have nothing to do."""
        del laboratory
        return self.hint

    def leave(self) -> None:
        """Stop unfinished work: another view is shown."""

    def clicked(self, x: float, laboratory: Laboratory) -> None:
        """Handle a click at this place of the horizontal axis."""

    def dragged(self, columns: int, rows: int) -> bool:
        """Handle a mouse drag; return whether it changed the picture."""
        del columns, rows
        return False


def others(frame: Frame) -> list[Branch]:
    """The other branches that are drawn, the newest ones."""
    return [branch for branch in frame.branches if branch is not frame.branch][-SHOWN_BRANCHES:]


def path_of(branch: Branch) -> Floats:
    """Return (w, b, loss of all rows) of a branch, from where it left its parent up to its tip."""
    run = branch.run
    return of_all_rows(run, trail(run, run.tip + 1, min(branch.left_at, run.tip)))


def sees_batches(run: Timeline) -> bool:
    """Whether the losses that a run keeps are those of batches, at some of its steps."""
    return any(settings.batch is not None for _, settings in run.changes())


def of_all_rows(run: Timeline, path: Floats) -> Floats:
    """Return points (w, b, loss) of a run with the loss of all rows (or a sample of them), not of batches."""
    if not sees_batches(run):
        return path
    w, b, _ = path.T
    return np.column_stack((w, b, _measured(run.landscape, w.tobytes(), b.tobytes())))


@lru_cache(maxsize=32)
def _measured(landscape: Landscape, ws: bytes, bs: bytes) -> Floats:
    """The losses at some points; cached, as other runs stay what they are while one is walked."""
    losses: Floats = np.asarray(landscape.drawn(np.frombuffer(ws), np.frombuffer(bs)), dtype=np.float64)
    return losses


HIGH = 2
"""Points of runs that went up are ignored above this many times the highest start."""


def all_points(frame: Frame) -> Floats:
    """Return (w, b, loss) of this run so far and of the other branches, without diverged parts, shape (n, 3)."""
    now = np.array([[frame.state.w, frame.state.b, frame.whole.loss]])
    own = of_all_rows(frame.branch.run, frame.trail)
    paths = [path for path in (own, *map(path_of, others(frame)), now) if len(path)]
    points = np.concatenate(paths)
    highest = HIGH * max(float(path[0, 2]) for path in paths)
    with np.errstate(invalid="ignore"):
        kept: Floats = points[np.isfinite(points).all(axis=1) & (points[:, 2] <= highest)]
    return kept


def drawn_from(scene: Scene, frame: Frame) -> Scene:
    """A scene with a note in its title if it is drawn from a sample of the rows."""
    landscape, data = frame.landscape, frame.data
    return scene if not landscape.sampled or data is None else noted(scene, landscape.sampled, data.rows)


def noted(scene: Scene, drawn: int, rows: int) -> Scene:
    """A scene with a note in its title of how many rows it is drawn from; where there is little room, that alone."""
    some = f"{drawn:,} of {rows:,} rows"
    notes = f"drawn from {some}", some
    full, *shorter = [f"{scene.title}   {note}" for note in notes if scene.title] + list(notes)
    return replace(scene, title=full, shorter=tuple(shorter))
