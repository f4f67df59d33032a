"""Everything there is to show at one moment, independent of how it is shown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from gdcore.descent.steps import Reason
from gdcore.studies.stability import Regime, Stability

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gdcore.descent.branches import Branch
    from gdcore.descent.state import State
    from gdcore.descent.steps import Ending, Limits, Settings
    from gdcore.descent.timeline import Timeline
    from gdcore.landscapes.landscape import Landscape
    from gdcore.rows.dataset import Dataset
    from gdcore.rows.scaling import Scale
    from tui.laboratory.ground import Ground

TRAIL = 100
"""Number of first and of last points of a run that are always in its trail."""


@dataclass(frozen=True, eq=False, slots=True)
class Frame:
    """All there is to show at one moment. It is immutable and complete.

    Attributes:
        ground: what is walked on, and where it comes from.
        settings: what decides the next step.
        limits: what ends the run.
        start: the state at iteration 0.
        state: where the run stands.
        before: the state one step back, None at the start.
        following: the state one step on, ignoring the limits; None if it is not finite.
        ending: why there is no next step; None if there is one.
        verdict: what the last step did; None at the start.
        stability: which learning rates do what; None for optimizers that have no critical rate.
        whole: the state with the loss of all rows; it differs from `state` if a step sees a batch.
        whole_before: likewise the state one step back.
        remark: what happened here that a bowl never shows: a saddle, a kink, noise; empty if nothing.
        trail: (w, b, loss) of points before this one, shape (n, 3).
        anchor: the start of the walk, for choosing windows; a new object whenever windows should be chosen again.
        landings: (label, state) of the next step at half and at twice the rate; empty if not requested.
        branches: all the branches, the current one among them.
        branch: the current branch.
        predict_at: the x at which the fit shows a prediction, in the units of the data.
        note: the last change, in a sentence; empty after a step.
        alarm: whether the note reports a failure.
        running: whether steps are made automatically.
    """

    ground: Ground
    settings: Settings
    limits: Limits
    start: State
    state: State
    before: State | None
    following: State | None
    ending: Ending | None
    verdict: Regime | None
    stability: Stability | None
    whole: State
    whole_before: State | None
    remark: str
    trail: NDArray[np.float64]
    anchor: State
    landings: tuple[tuple[str, State], ...]
    branches: tuple[Branch, ...]
    branch: Branch
    predict_at: float
    note: str
    alarm: bool
    running: bool

    @property
    def landscape(self) -> Landscape:
        """What is walked on."""
        return self.ground.landscape

    @property
    def data(self) -> Dataset | None:
        """The rows and their names; None where the landscape is not made of rows."""
        return self.ground.data

    @property
    def scale(self) -> Scale | None:
        """How the rows were standardized, None where they are as they were read."""
        return self.ground.scale

    @property
    def diverging(self) -> bool:
        """Whether the run has diverged or is about to: the last step went up, at a rate above the critical one.

        Off a bowl the critical rate holds for one point only, and a step up may lead to a lower valley.
        """
        if self.ending is not None and self.ending.reason is Reason.DIVERGED:
            return True
        above = (
            self.landscape.exact
            and self.stability is not None
            and self.settings.learning_rate >= self.stability.critical
        )
        return above and self.verdict is Regime.DIVERGE

    @property
    def cost(self) -> str:
        """How long the last query took, where a step is one; empty where none is."""
        return self.landscape.cost if self.settings.batch is not None or not self.landscape.exact else ""

    @property
    def own_line(self) -> tuple[float, float]:
        """The (w, b) of now in the units of the data."""
        return self.ground.own_line(self.state.w, self.state.b)

    @property
    def prediction(self) -> float:
        """What is expected at `predict_at`: the height of the line, or a probability."""
        return float(self.landscape.prediction(self.predict_at, *self.own_line))

    @property
    def batch(self) -> Landscape | None:
        """The landscape of the rows that this step sees; None where it sees all."""
        seen = self.landscape.seen(self.state.iteration, self.settings.batch)
        return None if seen is self.landscape else seen

    @property
    def in_batches(self) -> bool:
        """Whether a step sees only a part of the rows."""
        batch, columns = self.settings.batch, self.landscape.columns
        return batch is not None and columns is not None and batch.size < len(columns)

    @property
    def epoch(self) -> int | None:
        """The epoch, from 0; None where there are no batches."""
        batch, columns = self.settings.batch, self.landscape.columns
        return None if batch is None or columns is None else batch.epoch(self.state.iteration, len(columns))


def trail(run: Timeline, end: int, begin: int = 0) -> NDArray[np.float64]:
    """(w, b, loss) of iterations of a run from `begin` on and before `end`, shape (n, 3).

    They are the first and the last ones, and some in between: multiples of a power of two, most of which stay the same
    from step to step.
    """
    if end - begin <= 2 * TRAIL:
        return run.path(begin, end)
    early, late = begin + TRAIL, end - TRAIL
    every = 1 << ((late - early) // TRAIL).bit_length()
    return np.concatenate(
        (run.path(begin, early), run.path(-(-early // every) * every, late, every), run.path(late, end))
    )
