"""The laboratory without a screen: what is being trained, where the run stands, and everything a person can do to it.

The screen turns keys into calls of `Laboratory` and shows the `Frame` that results. A frame is immutable and complete:
whatever is on the screen is drawn from it alone.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import isfinite
from typing import TYPE_CHECKING

import numpy as np

from gdcore.descent.branches import Branch, Branches
from gdcore.descent.optimizers import OPTIMIZERS
from gdcore.descent.parameters import ITERATIONS
from gdcore.descent.steps import Limits, Reason, Settings, advance
from gdcore.descent.timeline import Timeline
from gdcore.landscapes.landscape import Curvature, Landscape, Point
from gdcore.rows.scaling import Scale, standardized, standardized_loss
from gdcore.studies.race import race
from gdcore.studies.stability import Regime, Stability, observed, stability
from gdcore.studies.sweep import Sweep, default_rates, sweep

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from gdcore.descent.optimizers import Optimizer
    from gdcore.descent.state import State
    from gdcore.descent.steps import Ending
    from gdcore.rows.dataset import Dataset

LONGEST_NAME = 20
"""A longer name of a column is cut where it would push a number out of its sentence."""
TRAIL = 100
"""So many of the first points of a run are shown, and so many of the last before the current one."""
VIEWS = ("curve", "map", "fit", "history", "rates")
"""What the chart can show."""
RACED = ("history", "map")
"""The views in which a race is seen, the first one by itself."""
SPEEDS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 10_000, 100_000, None)
"""Steps a second of a run; None is as many as fit."""


_NOT_HERE = {
    "map": "There is no b here, and so no map over w and b.",
    "fit": "There are no rows here, and so no fit.",
}
_WAY_ON = {
    Reason.ITERATIONS: "No step is left: m doubles the limit, or type a larger number of Steps.",
    Reason.TOLERANCE: "No step is left: the gradient is as small as the tolerance asks for. r restarts.",
}


@dataclass(frozen=True, eq=False, slots=True)
class Frame:
    """All there is to show at one moment.

    Attributes:
        data: the rows and their names; None where the landscape is not made of rows.
        landscape: what is walked on.
        settings: what decides the next step.
        limits: what ends the run.
        start: the state at iteration 0.
        state: where the run stands.
        before: the state one step back, None at the start.
        following: the state one step on, whatever the limits; None where it is no number.
        ending: why no step follows, None where one does.
        verdict: what the last step did; None at the start.
        stability: which learning rates do what; None for optimizers that have no critical rate.
        trail: (w, b, loss) of points before this one, shape (n, 3).
        view: which of VIEWS is shown.
        framed: the point around which the windows were chosen; another object whenever they are to be chosen anew.
        close: whether the map is framed as closely as its path allows.
        log: whether the loss axis is logarithmic.
        ghosts: (label, state) of the next step at half the rate and at twice the rate; empty where not asked for.
        branches: all the branches, the current one among them.
        branch: the current branch.
        scale: how the rows were standardized, None where they are as they are.
        predict_at: the x at which the fit shows a prediction, in the units of the data.
        sweep: how many iterations each learning rate takes, as far as that is known; None until it is asked for.
        cursor: the index of the rate of the sweep that one looks at.
        note: what has just been changed, in a sentence; empty after a step.
        alarm: whether the note tells of something that did not work.
        running: whether the run goes on by itself.
        speed: so many steps a second, None for as many as fit.
    """

    data: Dataset | None
    landscape: Landscape
    settings: Settings
    limits: Limits
    start: State
    state: State
    before: State | None
    following: State | None
    ending: Ending | None
    verdict: Regime | None
    stability: Stability | None
    trail: NDArray[np.float64]
    view: str
    framed: State
    close: bool
    log: bool
    ghosts: tuple[tuple[str, State], ...]
    branches: tuple[Branch, ...]
    branch: Branch
    scale: Scale | None
    predict_at: float
    sweep: Sweep | None
    cursor: int | None
    note: str
    alarm: bool
    running: bool
    speed: int | None

    @property
    def rows(self) -> Dataset:
        """The data.

        Raises:
            ValueError: if the landscape is not made of rows.
        """
        if self.data is None:
            raise ValueError(f"{self.landscape.title} is not made of rows")
        return self.data

    @property
    def diverging(self) -> bool:
        """Whether the run has diverged, or is about to: the last step went up, at a rate above the critical one."""
        if self.ending is not None and self.ending.reason is Reason.DIVERGED:
            return True
        above = self.stability is not None and self.settings.learning_rate >= self.stability.critical
        return above and self.verdict is Regime.DIVERGE

    @property
    def target(self) -> tuple[float | None, float | None]:
        """The (w, b) the run is on its way to; None for a parameter that has no single best value or is held."""
        both = self.settings.train_bias
        lowest = self.landscape.lowest_point(None if both else self.state.b)
        return (lowest.w if lowest else None), (lowest.b if lowest and both else None)

    @property
    def own_line(self) -> tuple[float, float]:
        """The (w, b) of now in the units of the data."""
        return self.scale.to_data(self.state.w, self.state.b) if self.scale else (self.state.w, self.state.b)

    @property
    def prediction(self) -> float:
        """What the line says at `predict_at`."""
        w, b = self.own_line
        return w * self.predict_at + b


class Laboratory:
    """A run on a landscape, and what can be done to it."""

    def __init__(
        self, ground: Dataset | Landscape, settings: Settings, limits: Limits, start: tuple[float, float] = (0.0, 0.0)
    ) -> None:
        self.running = False
        self.speed = SPEEDS.index(10)
        self.log = False
        self.ghosts = False
        self._landings: tuple[tuple[Landscape, State, Settings], tuple[tuple[str, State], ...]] | None = None
        self.view = VIEWS[0]
        self._defaults = (settings, limits, start)
        self._load(ground, settings, limits, start)
        self.note = ""
        self.alarm = False

    def _load(
        self,
        ground: Dataset | Landscape,
        settings: Settings,
        limits: Limits,
        start: tuple[float, float],
        *,
        scaled: bool = False,
    ) -> None:
        middle, scale = 0.0, None
        shown: Dataset | None = None
        if isinstance(ground, Landscape):
            landscape = ground
            settings = replace(settings, train_bias=settings.train_bias and landscape.has_bias)
        else:
            landscape = bowl = ground.squared_error
            middle, shown = float(f"{bowl.moments.mean_x:.2g}"), ground
            if scaled:
                shown, scale = standardized(ground)
                landscape = standardized_loss(bowl)
        # Whatever cannot be had has been refused by now, or is refused here: then all stays as it is.
        self.branches = Branches(Timeline(landscape, settings, limits, *start))
        self.ground, self.data, self.landscape, self.scale = ground, shown, landscape, scale
        self.predict_at = middle
        self._other_rows: tuple[Branches, Dataset | None, Landscape, Scale | None] | None = None
        if not self.applies(self.view):
            self.view = VIEWS[0]
        self._look_anew()

    def applies(self, view: str) -> bool:
        """Whether there is something to see in a view: a map needs a b, a fit needs rows."""
        return {"map": self.landscape.has_bias, "fit": self.data is not None}.get(view, True)

    def _look_anew(self) -> None:
        """Forget what was seen of other rows."""
        self.sweep: Sweep | None = None
        self.cursor: int | None = None
        self._swept: object = None
        self._reframe()

    @property
    def rows(self) -> Dataset:
        """The data.

        Raises:
            ValueError: if the landscape is not made of rows.
        """
        if self.data is None:
            raise ValueError(f"{self.landscape.title} is not made of rows")
        return self.data

    @property
    def timeline(self) -> Timeline:
        """The current run."""
        return self.branches.run

    @property
    def start(self) -> tuple[float, float]:
        """Where the current run began."""
        return self.timeline.start.w, self.timeline.start.b

    @property
    def pace(self) -> int | None:
        """Steps a second of a run, None for as many as fit."""
        return SPEEDS[self.speed]

    @property
    def frame(self) -> Frame:
        """What there is to show now."""
        run = self.timeline
        state, settings = run.state, run.settings
        before = run.previous
        following = run.following
        return Frame(
            data=self.data,
            landscape=self.landscape,
            settings=settings,
            limits=run.limits,
            start=run.start,
            state=state,
            before=before,
            following=following if isfinite(following.loss) else None,
            ending=run.ending,
            verdict=observed(before, state) if before else None,
            stability=stability(settings.optimizer, self._curvature()),
            trail=trail(run, state.iteration),
            view=self.view,
            framed=self._framed,
            close=self._close,
            log=self.log,
            ghosts=self._ghosts() if self.ghosts else (),
            branches=tuple(self.branches),
            branch=self.branches.current,
            scale=self.scale,
            predict_at=self.predict_at,
            sweep=self.sweep,
            cursor=self.cursor,
            note=self.note,
            alarm=self.alarm,
            running=self.running,
            speed=self.pace,
        )

    def _curvature(self) -> Curvature:
        """The curvature where the run stands; on a bowl that of everywhere."""
        state = self.timeline.state
        return self.landscape.curvature(self.timeline.settings.train_bias, state.w, state.b)

    def _ghosts(self) -> tuple[tuple[str, State], ...]:
        """Where the next step would land at half the rate and at twice the rate."""
        state, settings = self.timeline.state, self.timeline.settings
        point = (self.landscape, state, settings)
        if self._landings is None or self._landings[0] != point:
            found = tuple(
                (label, advance(self.landscape, settings.optimizer, other, settings.train_bias))
                for label, other in (
                    ("1/2", state._replace(learning_rate=state.learning_rate / 2)),
                    ("2", state._replace(learning_rate=state.learning_rate * 2)),
                )
            )
            self._landings = (point, found)
        return self._landings[1]

    def _reframe(self, state: State | None = None) -> None:
        """Have the windows chosen anew: around the start, or closely around another state and the path to it."""
        self._close = state is not None
        # A copy: that it is another object is what tells.
        self._framed = (state or self.timeline.start)._replace()

    # Walking

    def step(self, count: int = 1) -> None:
        """Make steps, as many as there are up to the end of the run."""
        self.note, self.alarm = "", False
        made = self.timeline.forward(count)
        ending = self.timeline.ending
        if made == 0 and ending is not None and ending.reason in _WAY_ON:
            self.say(_WAY_ON[ending.reason])

    def back(self, count: int = 1) -> None:
        """Go back, at the most to the start."""
        self.note, self.alarm = "", False
        if self.timeline.back(count) == 0:
            self.say("This is the start.")

    def restart(self) -> None:
        """Go back to iteration 0, and on from there under the settings in force now."""
        run = self.timeline
        if len(run.changes()) > 1:
            self._begin(run.settings, self.start)
        else:
            run.back(run.state.iteration)
            self._reframe()
        self.say(f"Restarted from {_point(*self.start)}.")

    def reset(self) -> None:
        """Go back to the settings that gdlab was started with, and restart."""
        settings, limits, start = self._defaults
        self._begin(settings, start)
        self.timeline.limits = limits
        self.say(f"Settings reset, restarted from {_point(*start)}.")

    def _begin(self, settings: Settings, start: tuple[float, float]) -> None:
        run = Timeline(self.landscape, settings, self.timeline.limits, *start)
        self.branches.begin(run, f"from {_point(*start)}")
        self._reframe()

    # Changing

    def fit(self) -> None:
        """Choose the window anew, around the current point and the minimum."""
        self._reframe(self.timeline.state)
        self.say("The chart is fitted to where the run stands.")

    def show(self, view: str = "") -> None:
        """Show a view, or the one after the present one."""
        if view and not self.applies(view):
            self.say(_NOT_HERE[view])
            return
        after = VIEWS.index(self.view) + 1
        self.view = view or next(other for other in (*VIEWS[after:], *VIEWS) if self.applies(other))
        self.say("Up and down look at other rates, enter takes the one under the cursor." * (self.view == "rates"))

    def toggle_log(self) -> None:
        """Switch between the linear and the logarithmic loss axis."""
        self.log = not self.log
        self.say(f"The loss axis is {'logarithmic' if self.log else 'linear'}.")

    def say(self, note: str, *, alarm: bool = False) -> None:
        """Put a sentence where the last step is told."""
        self.note, self.alarm = note, alarm

    def change(self, settings: Settings, note: str = "") -> None:
        """Put settings in force from the next step on; a future under others stays as a branch."""
        self.branches.change(settings)
        self.say(note)

    def set_learning_rate(self, learning_rate: float) -> None:
        """Change the learning rate from the next step on."""
        settings = replace(self.timeline.settings, learning_rate=learning_rate)
        self.change(settings, f"Learning rate {learning_rate:.6g} from the next step on.")

    def scale_learning_rate(self, factor: float) -> None:
        """Multiply the learning rate, rounded to digits that can be read; beyond the numbers it stays as it is."""
        wanted = float(f"{self.timeline.settings.learning_rate * factor:.4g}")
        if 0 < wanted < float("inf"):
            self.set_learning_rate(wanted)

    def set_optimizer(self, optimizer: Optimizer) -> None:
        """Change the optimizer or its hyperparameters from the next step on."""
        same_kind = type(optimizer) is type(self.timeline.settings.optimizer)
        what = repr(optimizer) if same_kind else optimizer.title
        self.change(replace(self.timeline.settings, optimizer=optimizer), f"{what} from the next step on.")

    def set_train_bias(self, train_bias: bool) -> None:
        """Train w and b, or w alone, from the next step on."""
        if train_bias and not self.landscape.has_bias:
            self.say(f"There is no b in {self.landscape.formula}.")
            return
        what = "w and b are trained" if train_bias else "w alone is trained, b is held"
        self.change(replace(self.timeline.settings, train_bias=train_bias), f"From the next step on {what}.")

    def set_iterations(self, iterations: int) -> None:
        """Change how many steps the run may take; no state changes."""
        self.timeline.limits = replace(self.timeline.limits, iterations=iterations)
        self.say(f"The run may take {iterations:,} steps.")

    def allow_more(self) -> None:
        """Double how many steps the run may take, as long as they can be counted."""
        doubled = max(2 * self.timeline.limits.iterations, 1)
        if doubled in ITERATIONS.range:
            self.set_iterations(doubled)

    def set_start(self, w: float, b: float) -> None:
        """Restart from another point.

        Raises:
            ValueError: if it cannot be started from there; then the run stays as it is.
        """
        self._begin(self.timeline.settings, (w, b))
        self.say(f"Restarted from {_point(w, b)}.")

    def walk_on(self, landscape: Landscape) -> None:
        """Restart on a landscape that is not made of rows, from its own start.

        Raises:
            ValueError: if the run cannot start there; then it stays as it is.
        """
        run = self.timeline
        settings = replace(run.settings, train_bias=landscape.has_bias)
        self._load(landscape, settings, run.limits, landscape.scope.start)
        self._defaults = (settings, run.limits, landscape.scope.start)
        self.say(f"Restarted on {landscape.title}: {landscape.formula}.")

    def open(self, data: Dataset) -> None:
        """Restart on other data.

        Raises:
            ValueError: if the run cannot start on them; then it stays as it is.
        """
        run = self.timeline
        self._load(data, run.settings, run.limits, self.start)
        skipped = f", {data.skipped:,} bad rows skipped" if data.skipped else ""
        self.say(f"Restarted on {data.name}: {data.y_name} against {data.x_name}, {data.rows:,} rows{skipped}.")

    def retreat(self) -> None:
        """Go back to before the loss began to rise, with half the learning rate."""
        run = self.timeline
        there = run.before_the_rise()
        limits = self.frame.stability
        too_large = limits is not None and run.settings.learning_rate >= limits.critical
        if there == run.state.iteration and not (too_large or self.frame.diverging):
            self.say("The loss is not rising: there is nothing to go back from.")
            return
        run.back(run.state.iteration - there)
        self._reframe()
        half = run.settings.learning_rate / 2 or run.settings.learning_rate
        self.change(
            replace(run.settings, learning_rate=half),
            f"Back at step {run.state.iteration:,}, before the loss began to rise, with half the rate: {half:.6g}.",
        )

    # Comparing

    def pin(self) -> None:
        """Keep the run as it is, and go on in a copy of it."""
        name = self.branches.current.name
        self.branches.fork(f"a copy of {name}")
        self.say(f"{name} stays as it is; you go on in {self.branches.current.name}. g lists the branches.")

    def race(self) -> bool:
        """Start every optimizer from here, each at a rate that suits it, run it to its end and show the race.

        Returns:
            Whether there was one; if not, a note says why.
        """
        try:
            first = race(self.branches)[0]
        except ValueError as error:
            ending = self.timeline.ending
            self.say(_WAY_ON[ending.reason] if ending else str(error))
            return False
        if self.view not in RACED:
            self.view = RACED[0]
        self.say(
            f"{len(OPTIMIZERS)} optimizers ran from here. {first.name} came lowest: loss {first.run.state.loss:.7g}."
        )
        return True

    def switch(self, branch: Branch) -> None:
        """Go on in another branch."""
        self.branches.switch(branch)
        self._reframe()
        self.say(f"You are in {branch.name}, {branch.origin}.")

    def toggle_ghosts(self) -> None:
        """Show where half the rate and twice the rate would land, too, or no longer."""
        self.ghosts = not self.ghosts
        self.say("Half, whole and double rate: three next steps." if self.ghosts else "One next step.")

    def toggle_scaling(self) -> None:
        """Train on standardized rows, or on the rows as they are: each have runs of their own, and keep them.

        Raises:
            ValueError: if the rows cannot be scaled; then all stays as it is.
        """
        run, scaled, at = self.timeline, self.scale is None, self.predict_at
        if self.data is None:
            self.say("There are no rows to standardize.")
            return
        here = (self.branches, self.data, self.landscape, self.scale)
        if self._other_rows is None:
            self._load(self.ground, run.settings, run.limits, (0.0, 0.0), scaled=scaled)
        else:
            self.branches, self.data, self.landscape, self.scale = self._other_rows
            self._look_anew()
        self.predict_at, self._other_rows = at, here
        limits = self.frame.stability
        best = f" The best fixed rate is now {limits.best:.4g}." if limits and isfinite(limits.best) else ""
        what = "Standardized x and y: the bowl is round." if scaled else "x and y as they are."
        self.say(f"{what} S leads back.{best}")

    def predict(self, x: float) -> None:
        """Show the prediction at another x, in the units of the data."""
        if self.data is None:
            self.say("There are no rows, and so nothing to predict.")
            return
        self.predict_at = x
        name = self.data.x_name
        shown = name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 2]}.."
        self.say(f"At {shown} = {x:.6g} the line says {self.frame.prediction:.6g}.")

    # Sweeping over learning rates

    def begin_sweep(self) -> Iterator[Sweep] | None:
        """The sweep that the view of rates wants, to be taken step by step; None where it is begun or not wanted."""
        run = self.timeline
        settings = run.settings
        wanted = (self.landscape, self.start, settings.optimizer, settings.train_bias)
        if self.view != "rates" or wanted == self._swept:
            return None
        self._swept = wanted
        limits = stability(settings.optimizer, self._curvature())
        rates = default_rates(limits.critical if limits else None, self._way())
        best = [limits.best] if limits and isfinite(limits.best) else []
        rates = np.unique(np.concatenate((rates, [settings.learning_rate], best)))
        sweeping = sweep(self.landscape, self.start, settings.optimizer, settings.train_bias, rates)
        self.sweep = next(sweeping)
        self.cursor = int(np.abs(np.log(rates) - np.log(settings.learning_rate)).argmin())
        return sweeping

    def _way(self) -> float:
        """How far the goal is from the start, in the parameter that has the longest way."""
        start = Point(*self.start)
        goal = self.landscape.goal(start, self.timeline.settings.train_bias)
        if goal is None:
            low, high = self.landscape.scope.w
            return (high - low) / 2
        return max(abs(goal.w - start.w), abs(goal.b - start.b))

    def give_up_sweep(self) -> None:
        """Forget a sweep that was not finished, so that it is begun anew when it is wanted again."""
        if self.sweep is not None and self.sweep.done < 1:
            self._swept = None

    def move_cursor(self, by: int) -> None:
        """Look at another rate of the sweep."""
        if self.sweep is not None and self.cursor is not None and self.view == "rates":
            self.cursor = min(max(self.cursor + by, 0), len(self.sweep.learning_rates) - 1)
            self.say("")

    def take_rate(self) -> None:
        """Put the rate one looks at in force."""
        if self.sweep is not None and self.cursor is not None and self.view == "rates":
            self.set_learning_rate(float(f"{self.sweep.learning_rates[self.cursor]:.4g}"))

    def faster(self, by: int) -> None:
        """Change the speed of a run by so many places in SPEEDS."""
        self.speed = min(max(self.speed + by, 0), len(SPEEDS) - 1)
        self.say(f"Speed: {f'{self.pace:,} steps a second' if self.pace else 'as many steps as fit'}.")


def trail(run: Timeline, end: int, begin: int = 0) -> NDArray[np.float64]:
    """(w, b, loss) of iterations of a run from `begin` on and before `end`, shape (n, 3).

    They are the first and the last ones, and some between: multiples of a power of two, most of which are the same
    ones a step later.
    """
    if end - begin <= 2 * TRAIL:
        return run.path(begin, end)
    early, late = begin + TRAIL, end - TRAIL
    every = 1 << ((late - early) // TRAIL).bit_length()
    return np.concatenate(
        (run.path(begin, early), run.path(-(-early // every) * every, late, every), run.path(late, end))
    )


def _point(w: float, b: float) -> str:
    return f"w = {w:.6g}, b = {b:.6g}"
