"""The walk: steps and steps back, settings that change on the way, branches."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from gdcore.descent.batches import Batch
from gdcore.descent.branches import Branches, difference
from gdcore.descent.parameters import ITERATIONS
from gdcore.descent.schedules import chosen
from gdcore.descent.steps import Reason
from gdcore.descent.timeline import Timeline
from gdcore.studies.stability import stability

if TYPE_CHECKING:
    from gdcore.descent.branches import Branch
    from gdcore.descent.optimizers import Optimizer
    from gdcore.descent.schedules import Schedule
    from gdcore.descent.state import State
    from gdcore.descent.steps import Limits, Settings
    from gdcore.landscapes.landscape import Landscape
    from gdcore.studies.stability import Stability
    from tui.laboratory.notes import Notes

SPEEDS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 10_000, 100_000, None)
"""Steps a second of a run; None is as many as fit."""
WAY_ON = {
    Reason.ITERATIONS: "No step is left: m doubles the limit, or type a larger number of Steps.",
    Reason.TOLERANCE: "No step is left: the gradient is as small as the tolerance asks for. r restarts.",
}
"""What to do where a run has ended."""


class Walk:
    """The runs, and all ways to move them. Results are reported in the notes.

    Attributes:
        branches: all the runs, the current one among them.
        anchor: the start of the walk; a new object whenever windows should be chosen again.
        running: whether steps are made automatically.
        speed: the index in SPEEDS.
    """

    def __init__(
        self, landscape: Landscape, settings: Settings, limits: Limits, start: tuple[float, float], notes: Notes
    ) -> None:
        self.defaults = (settings, limits, start)
        self.running = False
        self.speed = SPEEDS.index(10)
        self._notes = notes
        self.move_to(Branches(Timeline(landscape, settings, limits, *start)))

    def move_to(self, branches: Branches) -> None:
        """Replace the runs."""
        self.branches = branches
        self._arrive()

    def _arrive(self) -> None:
        # A copy, because a new object signals the change.
        self.anchor: State = self.timeline.start._replace()

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
    def stability(self) -> Stability | None:
        """The stability at the current point; None for optimizers that have no critical rate."""
        run = self.timeline
        curvature = run.landscape.curvature(run.settings.train_bias, run.state.w, run.state.b)
        return stability(run.settings.optimizer, curvature)

    # Steps

    @property
    def asks(self) -> bool:
        """Whether a step is a query to an engine, which takes its time."""
        run = self.timeline
        return run.landscape.remote and (run.settings.batch is not None or not run.landscape.exact)

    def step(self, count: int = 1) -> None:
        """Make up to `count` steps, fewer if the run ends."""
        self._notes.say("")
        made = self.timeline.forward(count)
        ending = self.timeline.ending
        if made == 0 and ending is not None and ending.reason in WAY_ON:
            self._notes.say(WAY_ON[ending.reason])

    def back(self, count: int = 1) -> None:
        """Go back up to `count` steps, at most to the start."""
        self._notes.say("" if self.timeline.back(count) else "This is the start.")

    def faster(self, by: int) -> None:
        """Change the speed of a run by so many places in SPEEDS."""
        self.speed = min(max(self.speed + by, 0), len(SPEEDS) - 1)
        self._notes.say(f"Speed: {f'{self.pace:,} steps a second' if self.pace else 'as many steps as fit'}.")

    # Beginnings

    def restart(self) -> None:
        """Go back to iteration 0 and start again under the current settings."""
        run = self.timeline
        if len(run.changes()) > 1:
            self._begin(run.settings, self.start)
        else:
            run.back(run.state.iteration)
            self._arrive()
        self._notes.say(f"Restarted from {self._point(*self.start)}.")

    def reset(self) -> None:
        """Go back to the settings that gdlab was started with, and restart.

        Raises:
            ValueError: if it cannot be started from there; then the run stays as it is.
        """
        settings, limits, start = self.defaults
        self._begin(settings, start)
        self.timeline.limits = limits
        self._notes.say(f"Settings reset, restarted from {self._point(*start)}.")

    def set_start(self, w: float, b: float) -> None:
        """Restart from another point.

        Raises:
            ValueError: if it cannot be started from there; then the run stays as it is.
        """
        self._begin(self.timeline.settings, (w, b))
        self._notes.say(f"Restarted from {self._point(w, b)}.")

    def _begin(self, settings: Settings, start: tuple[float, float]) -> None:
        run = Timeline(self.timeline.landscape, settings, self.timeline.limits, *start)
        self.branches.begin(run, f"from {self._point(*start)}")
        self._arrive()

    def _point(self, w: float, b: float) -> str:
        return f"w = {w:.6g}" + f", b = {b:.6g}" * self.timeline.landscape.has_bias

    def retreat(self) -> None:
        """Go back to before the loss began to rise, with half the learning rate."""
        run = self.timeline
        there, limits, ending = run.before_the_rise(), self.stability, run.ending
        too_large = limits is not None and run.settings.learning_rate >= limits.critical
        diverged = ending is not None and ending.reason is Reason.DIVERGED
        if there == run.state.iteration and not (too_large or diverged):
            self._notes.say("The loss is not rising: there is nothing to go back from.")
            return
        run.back(run.state.iteration - there)
        self._arrive()
        half = run.settings.learning_rate / 2 or run.settings.learning_rate
        self.change(
            replace(run.settings, learning_rate=half),
            f"Back at step {run.state.iteration:,}, before the loss began to rise, with half the rate: {half:.6g}.",
        )

    # Settings

    def change(self, settings: Settings, note: str = "") -> None:
        """Change the settings from the next step on; a future under other settings stays as a branch."""
        self.branches.change(settings)
        self._notes.say(note)

    def set_learning_rate(self, learning_rate: float) -> None:
        """Change the learning rate from the next step on."""
        settings = replace(self.timeline.settings, learning_rate=learning_rate)
        self.change(settings, f"Learning rate {learning_rate:.6g} from the next step on.")

    def scale_learning_rate(self, factor: float) -> None:
        """Multiply the learning rate, rounded to few digits; ignored if the result is out of range."""
        wanted = float(f"{self.timeline.settings.learning_rate * factor:.4g}")
        if 0 < wanted < float("inf"):
            self.set_learning_rate(wanted)

    def set_optimizer(self, optimizer: Optimizer) -> None:
        """Change the optimizer or its hyperparameters from the next step on."""
        before, after = self.timeline.settings, replace(self.timeline.settings, optimizer=optimizer)
        same = f"The optimizer is {optimizer.title}, as before."
        self.change(after, same if after == before else f"{difference(before, after)} from the next step on.")

    def set_train_bias(self, train_bias: bool) -> None:
        """Train w and b, or w alone, from the next step on."""
        landscape = self.timeline.landscape
        if train_bias and not landscape.has_bias:
            self._notes.say(f"There is no b in {landscape.formula}.")
            return
        what = "w and b are trained" if train_bias else "w alone is trained, b is held"
        self.change(replace(self.timeline.settings, train_bias=train_bias), f"From the next step on {what}.")

    def set_schedule(self, schedule: Schedule) -> None:
        """Change the schedule from the next step on; it counts from here."""
        run = self.timeline
        schedule = chosen(schedule, run.state.iteration, run.settings.schedule)
        told = f"{schedule.title}: {schedule.formula}" if schedule.varies else "The rate stays as it is"
        self.change(replace(run.settings, schedule=schedule), f"{told}, from the next step on.")

    def set_batch(self, size: int, seed: int | None = None) -> None:
        """Make each step see `size` rows, from this one on; the number of all rows means no batches.

        Raises:
            ValueError: if there are no rows to choose from.
        """
        run = self.timeline
        columns, before = run.landscape.columns, run.settings.batch
        if columns is None:
            raise ValueError("batches need rows, and here are none")
        if size >= len(columns):
            self.change(replace(run.settings, batch=None), f"Each step sees all {len(columns):,} rows.")
            return
        batch = replace(before, size=size) if before else Batch(size)
        if seed is not None:
            batch = replace(batch, seed=seed, order=None)
        rows = f"{size:,} row{'s' * (size != 1)}"
        self.change(
            replace(run.settings, batch=batch), f"Each step sees {rows} of {len(columns):,}, seed {batch.seed}."
        )

    def set_seed(self, seed: int) -> None:
        """Take the batches in another order, from this step on."""
        batch = self.timeline.settings.batch
        if batch is None:
            self._notes.say("A seed chooses the order of batches: set Batch to fewer rows than there are.")
            return
        self.set_batch(batch.size, seed)

    def another_seed(self) -> None:
        """Take the next seed."""
        batch = self.timeline.settings.batch
        self.set_seed(0 if batch is None else batch.seed + 1)

    def set_iterations(self, iterations: int) -> None:
        """Change how many steps the run may take; no state changes."""
        self.timeline.limits = replace(self.timeline.limits, iterations=iterations)
        self._notes.say(f"The run may take {iterations:,} steps.")

    def allow_more(self) -> None:
        """Double the maximum number of steps, up to the largest allowed."""
        doubled = max(2 * self.timeline.limits.iterations, 1)
        if doubled in ITERATIONS.range:
            self.set_iterations(doubled)

    # Branches

    def pin(self) -> None:
        """Keep the run as it is, and go on in a copy of it."""
        name = self.branches.current.name
        self.branches.fork(f"a copy of {name}")
        self._notes.say(f"{name} stays as it is; you go on in {self.branches.current.name}. g lists the branches.")

    def switch(self, branch: Branch) -> None:
        """Go on in another branch."""
        self.branches.switch(branch)
        self._arrive()
        self._notes.say(f"You are in {branch.name}, {branch.origin}.")
