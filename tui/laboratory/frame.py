"""All there is to show at one moment, whatever shows it."""

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
"""So many of the first points of a run are shown, and so many of the last before the current one."""


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
        following: the state one step on, whatever the limits; None where it is no number.
        ending: why no step follows, None where one does.
        verdict: what the last step did; None at the start.
        stability: which learning rates do what; None for optimizers that have no critical rate.
        whole: the state as all rows have it; another one than `state` where a step sees a batch of them.
        whole_before: likewise the state one step back.
        remark: what has happened here that the whole bowl never shows: a saddle, a kink, chance; empty where nothing.
        trail: (w, b, loss) of points before this one, shape (n, 3).
        anchor: where the walk began, for choosing what to show; another object whenever that is to be chosen anew.
        landings: (label, state) of the next step at half the rate and at twice the rate; empty where not asked for.
        branches: all the branches, the current one among them.
        branch: the current branch.
        predict_at: the x at which the fit shows a prediction, in the units of the data.
        note: what has just been changed, in a sentence; empty after a step.
        alarm: whether the note tells of something that did not work.
        running: whether the run goes on by itself.
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
        """Whether the run has diverged, or is about to: the last step went up, at a rate above the critical one.

        Off a bowl the critical rate is that of a point, and a step up may well lead to a lower valley.
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
    def target(self) -> tuple[float | None, float | None]:
        """The (w, b) the run is on its way to; None for a parameter that has no single best value or is held."""
        both = self.settings.train_bias
        lowest = self.landscape.sure_lowest(None if both else self.state.b)
        return (lowest.w if lowest else None), (lowest.b if lowest and both else None)

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
    def epoch(self) -> int | None:
        """The epoch, from 0; None where there are no batches."""
        batch, columns = self.settings.batch, self.landscape.columns
        return None if batch is None or columns is None else batch.epoch(self.state.iteration, len(columns))


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
