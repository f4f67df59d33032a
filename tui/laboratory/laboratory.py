"""The laboratory without a screen: the ground, the walk, the studies, and the frame to show."""

from __future__ import annotations

from dataclasses import replace
from math import isfinite
from typing import TYPE_CHECKING

import numpy as np

from gdcore.descent.branches import Branches
from gdcore.descent.steps import whole
from gdcore.descent.timeline import Timeline
from gdcore.landscapes.landscape import Landscape
from gdcore.studies.noise import guess, wandering
from gdcore.studies.situation import MEMORY, situation
from gdcore.studies.stability import observed
from tui.laboratory.frame import Frame, trail
from tui.laboratory.ground import Ground
from tui.laboratory.notes import Notes
from tui.laboratory.studies import Studies
from tui.laboratory.walk import Walk
from tui.laboratory.welcome import Welcome

if TYPE_CHECKING:
    from collections.abc import Callable

    from gdcore.descent.state import State
    from gdcore.descent.steps import Limits, Settings
    from gdcore.rows.dataset import Dataset
    from gdcore.studies.noise import Wandering
LOOK = 25
"""Iterations between two tests for wandering: a test measures the loss of all rows at many points."""


class Laboratory:
    """A run on a landscape, and the operations on it.

    Attributes:
        ground: what is walked on.
        walk: where the run stands, and every way to move it.
        studies: what is tried beside it.
        notes: the last change or refusal.
        predict_at: the x at which a prediction is shown, in the units of the data.
        welcome: whether the first keys are shown.
        leaving: called before the data or the landscape are replaced.
    """

    def __init__(
        self,
        source: Dataset | Landscape | Ground,
        settings: Settings,
        limits: Limits,
        start: tuple[float, float] = (0.0, 0.0),
    ) -> None:
        self.notes = Notes()
        self.ground = source if isinstance(source, Ground) else Ground.of(source)
        settings = replace(settings, train_bias=settings.train_bias and self.ground.landscape.has_bias)
        self.walk = Walk(self.ground.landscape, settings, limits, start, self.notes)
        self.studies = Studies(self.walk, self.notes)
        self.predict_at = self.ground.middle
        self.welcome = Welcome()
        self.leaving: Callable[[], None] = lambda: None
        self._other_rows: tuple[Ground, Branches] | None = None
        self._with_rows = ((0.0, 0.0), False)  # start and train_bias on the rows before a terrain
        self._wandered: tuple[object, Wandering | None] = (None, None)

    @property
    def frame(self) -> Frame:
        """What there is to show now."""
        walk, run = self.walk, self.walk.timeline
        state, before, following = run.state, run.previous, run.following
        now = whole(run.landscape, run.settings, state)
        earlier = before and whole(run.landscape, run.settings, before)
        known = following if isfinite(following.loss) else None
        return Frame(
            ground=self.ground,
            settings=run.settings,
            limits=run.limits,
            start=run.start,
            state=state,
            before=before,
            following=known,
            ending=run.ending,
            verdict=observed(earlier, now) if earlier else None,
            stability=walk.stability,
            whole=now,
            whole_before=earlier,
            remark=self._remark(run, before, known),
            trail=trail(run, state.iteration),
            anchor=walk.anchor,
            landings=self.studies.landings,
            branches=tuple(walk.branches),
            branch=walk.branches.current,
            predict_at=self.predict_at,
            note=self.notes.text,
            alarm=self.notes.alarm,
            running=walk.running,
        )

    def _remark(self, run: Timeline, before: State | None, following: State | None) -> str:
        """Return a remark on the current point; empty on a bowl if steps see all rows."""
        at, settings, landscape = run.state.iteration, run.settings, run.landscape
        if settings.batch is not None:
            found = self._wandering(run) or guess(landscape, settings, run.state)
            return found.sentence if found else ""
        if landscape.exact:
            return ""
        recent = run.path(max(0, at + 1 - MEMORY), at + 1)
        what = situation(landscape, settings, run.state, before=before, following=following, recent=recent)
        return what.sentence if what else ""

    def _wandering(self, run: Timeline) -> Wandering | None:
        """Measure how far noise makes the run wander, once in LOOK iterations."""
        key = (run, run.settings, run.state.iteration // LOOK)
        if self._wandered[0] != key:
            self._wandered = (key, wandering(run))
        return self._wandered[1]

    def open(self, data: Dataset) -> None:
        """Restart on other data.

        Raises:
            ValueError: if the run cannot start on them; then it stays as it is.
        """
        now, settings = self.ground, self.walk.timeline.settings
        if settings.batch is not None and settings.batch.order is not None:
            settings = replace(settings, batch=replace(settings.batch, order=None))  # the order was for the old rows
        start = self.walk.start
        if now.data is None:  # a terrain has a start of its own, which is nowhere near a line through rows
            start, train_bias = self._with_rows
            settings = replace(settings, train_bias=train_bias)
        self._stand_on(Ground.of(data, *_loss_for(data, now)), settings, start)
        if now.data is None:
            self.walk.defaults = (settings, self.walk.timeline.limits, start)
        self.notes.say(f"Restarted on {self.ground.told}")

    def set_loss(self, loss: str, delta: float | None = None) -> None:
        """Restart on the same rows under another loss.

        Raises:
            ValueError: if the rows do not suit it, or the run cannot start there; then it stays as it is.
        """
        now, run = self.ground, self.walk.timeline
        if now.data is None:
            self.notes.say("There are no rows here, and so no other loss of them.")
            return
        ground = Ground.of(now.source, loss, now.delta if delta is None else delta, scaled=now.scale is not None)
        self._stand_on(ground, run.settings, self.walk.start)
        self.notes.say(f"Restarted under {ground.landscape.title}: L = {ground.landscape.formula}.")

    def walk_on(self, landscape: Landscape) -> None:
        """Restart on a landscape that is not made of rows, from its own start.

        Raises:
            ValueError: if the run cannot start there; then it stays as it is.
        """
        run = self.walk.timeline
        settings = replace(run.settings, train_bias=landscape.has_bias, batch=None)
        start = landscape.scope.start
        if self.ground.data is not None:
            self._with_rows = self.walk.start, run.settings.train_bias
        self._stand_on(Ground.of(landscape), settings, start)
        self.walk.defaults = (settings, run.limits, start)
        self.notes.say(f"Restarted on {self.ground.told}")

    def set_up(self, ground: Ground, settings: Settings, limits: Limits, start: tuple[float, float]) -> None:
        """Start again as if gdlab had been started with these settings; a reset returns to them.

        Raises:
            ValueError: if the run cannot start; then nothing changes.
        """
        self._stand_on(ground, settings, start)
        self.walk.timeline.limits = limits
        self.walk.defaults, self.walk.running = (settings, limits, start), False
        self.notes.say("")

    @property
    def both_rows(self) -> list[tuple[Ground, Branches]]:
        """The ground and its branches; if they exist, those of the rows with the other scaling follow."""
        here = (self.ground, self.walk.branches)
        return [here] if self._other_rows is None else [here, self._other_rows]

    def _stand_on(self, ground: Ground, settings: Settings, start: tuple[float, float]) -> None:
        # Whatever fails must fail here, before anything has changed.
        branches = Branches(Timeline(ground.landscape, settings, self.walk.timeline.limits, *start))
        self.leaving()
        self.ground, self.predict_at, self._other_rows = ground, ground.middle, None
        self.walk.move_to(branches)

    def toggle_scaling(self) -> None:
        """Switch between standardized and original rows; each have their own runs, which are kept.

        Raises:
            ValueError: if the rows cannot be scaled; then nothing changes.
        """
        if self.ground.data is None:
            self.notes.say("There are no rows to standardize.")
            return
        here, at, scaled = (self.ground, self.walk.branches), self.predict_at, self.ground.scale is None
        if self._other_rows is None:
            ground = Ground.of(self.ground.source, self.ground.loss, self.ground.delta, scaled=scaled)
            self._stand_on(ground, self.walk.timeline.settings, (0.0, 0.0))
        else:
            self.leaving()
            self.ground, branches = self._other_rows
            self.walk.move_to(branches)
        self.predict_at, self._other_rows = at, here
        limits, exact = self.walk.stability, self.ground.landscape.exact
        best = f" The best fixed rate is now {limits.best:.4g}." if exact and limits and isfinite(limits.best) else ""
        rounder = f"Standardized x and y{': the bowl is round' * exact}."
        if self.ground.loss == "logistic":
            rounder = "Standardized x; the labels stay."
        what = rounder if scaled else "x and y as they are."
        self.notes.say(f"{what} S leads back.{best}")

    def predict(self, x: float) -> None:
        """Show the prediction at another x, in the units of the data."""
        if self.ground.data is None:
            self.notes.say("There are no rows, and so nothing to predict.")
            return
        self.predict_at = x
        self.notes.say(f"At {self.ground.x_name} = {x:.6g} {self.ground.says} {self.frame.prediction:.6g}.")


def _loss_for(data: Dataset, now: Ground) -> tuple[str, float]:
    """Return the loss for other rows: the current one if it suits them."""
    if now.loss == "logistic" and not np.isin(data.y, (0.0, 1.0)).all():
        return "squared", now.delta
    return now.loss, now.delta
