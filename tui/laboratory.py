"""The laboratory without a screen: what is being trained, where the run stands, and everything a person can do to it.

The screen turns keys into calls of `Laboratory` and shows the `Frame` that results. A frame is immutable and complete:
whatever is on the screen is drawn from it alone.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import isfinite
from typing import TYPE_CHECKING

import numpy as np

from gdcore.branches import Branches
from gdcore.descent import Limits, Reason, Settings
from gdcore.loss import MeanSquaredError
from gdcore.parameters import ITERATIONS
from gdcore.stability import Regime, Stability, observed, stability
from gdcore.timeline import Timeline
from tui.charts.curve import curve_window
from tui.charts.window import Window, widened, window_around

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gdcore.dataset import Dataset
    from gdcore.descent import Ending, State
    from gdcore.optimizers import Optimizer

TRAIL = 100
"""So many of the first points of a run are shown, and so many of the last before the current one."""
SPEEDS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 10_000, 100_000, None)
"""Steps a second of a run; None is as many as fit."""


_WAY_ON = {
    Reason.ITERATIONS: "No step is left: m doubles the limit, or type a larger number of Steps.",
    Reason.TOLERANCE: "No step is left: the gradient is as small as the tolerance asks for. r restarts.",
}


@dataclass(frozen=True, eq=False, slots=True)
class Frame:
    """All there is to show at one moment.

    Attributes:
        data: the rows and their names.
        loss: the loss of a line over the rows.
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
        window: the part of the plane that the curve shows.
        log: whether the loss axis is logarithmic.
        note: what has just been changed, in a sentence; empty after a step.
        alarm: whether the note tells of something that did not work.
        running: whether the run goes on by itself.
        speed: so many steps a second, None for as many as fit.
    """

    data: Dataset
    loss: MeanSquaredError
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
    window: Window
    log: bool
    note: str
    alarm: bool
    running: bool
    speed: int | None

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
        if self.settings.train_bias:
            return self.loss.minimum or (None, None)
        return self.loss.minimum_w(self.state.b), None


class Laboratory:
    """A run on data, and what can be done to it."""

    def __init__(
        self, data: Dataset, settings: Settings, limits: Limits, start: tuple[float, float] = (0.0, 0.0)
    ) -> None:
        self.running = False
        self.speed = SPEEDS.index(10)
        self.log = False
        self._defaults = (settings, limits, start)
        self._load(data, settings, limits, start)
        self.note = ""
        self.alarm = False

    def _load(self, data: Dataset, settings: Settings, limits: Limits, start: tuple[float, float]) -> None:
        loss = MeanSquaredError.of(data.x, data.y)
        self.branches = Branches(Timeline(loss, settings, limits, *start))
        self.data, self.loss = data, loss
        self._reframe()

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
            loss=self.loss,
            settings=settings,
            limits=run.limits,
            start=run.start,
            state=state,
            before=before,
            following=following if isfinite(following.loss) else None,
            ending=run.ending,
            verdict=observed(before, state) if before else None,
            stability=stability(settings.optimizer, self.loss.curvature(settings.train_bias)),
            trail=self._trail(),
            window=self._shown(),
            log=self.log,
            note=self.note,
            alarm=self.alarm,
            running=self.running,
            speed=self.pace,
        )

    def _trail(self) -> NDArray[np.float64]:
        run, now = self.timeline, self.timeline.state.iteration
        if now <= 2 * TRAIL:
            return run.path(0, now)
        return np.concatenate((run.path(0, TRAIL), run.path(now - TRAIL, now)))

    def _reframe(self, state: State | None = None) -> None:
        """Choose the window anew: around the start (or another state), and the minimum of the curve and of all."""
        state = state or self.timeline.start
        across = window_around(state.w, self.loss.minimum_w(state.b))
        if self.timeline.settings.train_bias and self.loss.minimum:
            across = widened(across, self.loss.minimum[0])
        self._across = across
        self._window: Window | None = None

    def _shown(self) -> Window:
        """The window of the curve: it holds still until the hiker leaves it, then it widens."""
        state = self.timeline.state
        self._across = widened(self._across, state.w)

        def loss_at(w: NDArray[np.float64]) -> NDArray[np.float64]:
            return np.asarray(self.loss(w, state.b))

        self._window = curve_window(loss_at, self._across, log=self.log, shown=self._window)
        return self._window

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
        run = Timeline(self.loss, settings, self.timeline.limits, *start)
        self.branches.begin(run, f"from {_point(*start)}")
        self._reframe()

    # Changing

    def fit(self) -> None:
        """Choose the window anew, around the current point and the minimum."""
        self._reframe(self.timeline.state)
        self.say("The chart is fitted to where the run stands.")

    def toggle_log(self) -> None:
        """Switch between the linear and the logarithmic loss axis."""
        self.log, self._window = not self.log, None
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

    def open(self, data: Dataset) -> None:
        """Restart on other data.

        Raises:
            ValueError: if the run cannot start on them; then it stays as it is.
        """
        run = self.timeline
        self._load(data, run.settings, run.limits, self.start)
        skipped = f", {data.skipped:,} bad rows skipped" if data.skipped else ""
        self.say(f"Restarted on {data.name}: {data.y_name} against {data.x_name}, {len(data.x):,} rows{skipped}.")

    def retreat(self) -> None:
        """Go back to before the loss began to rise, with half the learning rate."""
        run = self.timeline
        run.back(run.state.iteration - run.before_the_rise())
        self._reframe()
        half = run.settings.learning_rate / 2 or run.settings.learning_rate
        self.change(
            replace(run.settings, learning_rate=half),
            f"Back at step {run.state.iteration:,}, before the loss began to rise, with half the rate: {half:.6g}.",
        )

    def faster(self, by: int) -> None:
        """Change the speed of a run by so many places in SPEEDS."""
        self.speed = min(max(self.speed + by, 0), len(SPEEDS) - 1)
        self.say(f"Speed: {f'{self.pace:,} steps a second' if self.pace else 'as many steps as fit'}.")


def _point(w: float, b: float) -> str:
    return f"w = {w:.6g}, b = {b:.6g}"
