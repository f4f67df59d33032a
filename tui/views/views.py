"""All views, the current one, and the display options."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.charts.runs import Badge, Badges
from tui.laboratory.commands import Command
from tui.views.curve import Curve
from tui.views.fit import Fit
from tui.views.history import History
from tui.views.map import Map
from tui.views.rates import Rates
from tui.views.surface import Surface
from tui.views.view import Look, View

if TYPE_CHECKING:
    from gdcore.descent.branches import Branch
    from gdcore.descent.state import State
    from tui.charts.canvas import Scene
    from tui.laboratory.frame import Frame
    from tui.laboratory.ground import Ground
    from tui.laboratory.laboratory import Laboratory

VIEWS: tuple[type[View], ...] = (Curve, Map, Fit, History, Rates, Surface)
"""Every view, in the order of their keys 1, 2, 3 ..."""


BESIDE = ("map", "history", "curve")
"""The views shown in small if there is room, in order."""
CLOSE = ("curve", "map", "surface")
"""The views that can look closely at where the run stands."""
ALL_RUNS = ("curve", "map", "history")
"""The views that can be fitted to all runs."""


class Views:
    """The views of one screen. Each keeps its window as long as it fits.

    Attributes:
        current: the view that is shown.
        log: whether the loss axis is logarithmic.
        racers: the runners of the race whose table is shown; during the race they are not branches yet.
    """

    def __init__(self) -> None:
        self._views = [view() for view in VIEWS]
        self.current = self._views[0]
        self.log = False
        self._anchor: State | None = None
        self._close: State | None = None
        self._all_runs = False
        self._badges = Badges()
        self.racers: tuple[Branch, ...] = ()
        self._stood: tuple[object, int] = (None, 0)

    def __getitem__(self, name: str) -> View:
        """The view of this name."""
        return next(view for view in self._views if view.name == name)

    def scene(self, frame: Frame) -> Scene:
        """Return the scene of the current view; of another view if it has nothing to show any more."""
        if self.current.missing(frame.ground):
            self.current = self._views[0]
        if frame.anchor is not self._anchor:
            self._anchor, self._close, self._all_runs = frame.anchor, None, False
            self._forget_windows()
        return self.current.scene(frame, self._look(frame))

    def _look(self, frame: Frame) -> Look:
        return Look(self.log, self._close or frame.anchor, self._close is not None, self.badges(frame), self._all_runs)

    def beside(self, frame: Frame, count: int) -> list[tuple[str, Scene]]:
        """Return names and scenes of up to `count` other views, for showing them in small."""
        others = [self[name] for name in BESIDE if self[name] is not self.current]
        seen = [view for view in others if not view.missing(frame.ground)][:count]
        return [(view.name.capitalize(), view.scene(frame, self._look(frame))) for view in seen]

    def badges(self, frame: Frame) -> dict[int, Badge]:
        """Return the badges of the branches, by identity; a branch keeps its badge while it is among the newest."""
        runs = {id(branch): branch for branch in (*frame.branches, *self.racers)}
        numbers = self._badges.of(list(runs), id(frame.branch))
        return {key: Badge(number, runs[key].name) for key, number in zip(runs, numbers, strict=True)}

    def keep_race(self, frame: Frame) -> None:
        """Forget a finished race once the run has moved on, and runners that are gone."""
        before, self._stood = self._stood, (frame.branch.run, frame.state.iteration)
        moved = before[0] is self._stood[0] and before != self._stood
        there = set(map(id, frame.branches))
        self.racers = () if moved else tuple(runner for runner in self.racers if id(runner) in there)

    def _forget_windows(self) -> None:
        for view in self._views:
            view.window = None

    def show(self, name: str, ground: Ground) -> str:
        """Show a view, or the next one without a name; if it cannot be shown, return why, in a sentence."""
        after = self._views.index(self.current) + 1
        wanted = self[name] if name else next(v for v in (*self._views[after:], *self._views) if not v.missing(ground))
        if why := wanted.missing(ground):
            return why
        if wanted is not self.current:
            self.current.leave()
        self.current = wanted
        return ""

    def show_race(self, ground: Ground) -> None:
        """Switch to a view that can tell the runs of a race apart, if this one cannot."""
        if not self.current.races:
            self.show("history", ground)

    def toggle_log(self) -> str:
        """Switch between the linear and the logarithmic loss axis."""
        self.log = not self.log
        self._forget_windows()
        return f"The loss axis is {'logarithmic' if self.log else 'linear'}."

    def fit(self, frame: Frame) -> str:
        """Choose the windows again, close around the current point; a second time, around all runs.

        Where nothing is closer, all runs come first; the sentence is about the current view.
        """
        close, several = self.current.name in CLOSE, len(frame.branches) > 1
        if not close and self.current.name not in ALL_RUNS:
            return "This view always shows all there is."
        again = several and self.current.name in ALL_RUNS and not self._all_runs
        again = again and (self._close == frame.state or not close)
        self._anchor, self._close, self._all_runs = frame.anchor, frame.state, again
        self._forget_windows()
        if again:
            return "The chart is fitted to all runs. f: this run alone."
        if close:
            return "The chart is fitted to where the run stands."
        return f"The chart is fitted to this run.{' f: all runs.' * several}"

    def key(self, key: str, laboratory: Laboratory) -> None:
        """Handle a key of the current view, if it has one."""
        for own in self.current.keys:
            if own.key == key:
                laboratory.notes.say("")
                own.do(self.current, laboratory)


COMMANDS = (
    Command("view", ("v",), "View", f"The next view: {', '.join(view.name for view in VIEWS)}.", footer=True),
    *(
        Command(f"view({view.name!r})", (str(number),), view.name.capitalize(), view.tooltip)
        for number, view in enumerate(VIEWS, 1)
    ),
    *(
        Command(f"view_key({key.key!r})", (), key.label, key.tooltip, chart_keys=(key.key,))
        for view in VIEWS
        for key in view.keys
    ),
)
"""What a key can do to the views."""
