"""The setup of a task, and what is known about it without walking."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from gdcore.descent.steps import Limits, Settings, advance, begin
from gdcore.landscapes.landscape import Landscape
from gdcore.landscapes.losses import DELTA, loss_name
from gdcore.rows.ground import ground_of_rows
from gdcore.studies.stability import stability

if TYPE_CHECKING:
    from gdcore.rows.dataset import Dataset

MEASURES = ("loss", "w", "b", "gradient", "critical", "best", "condition", "lowest", "minimum_w", "minimum_b")
"""Quantities of the setup that can be the right answer; gdlab measures them."""
VARYING = MEASURES[:4]
"""Those that vary along a run on a bowl."""


@dataclass(frozen=True, eq=False)
class Setup:
    """The setup of a task: where it begins.

    Attributes:
        data: rows, or None where there is a terrain.
        terrain: a landscape that is not made of rows, or None.
        settings: the settings.
        limits: the limits.
        start: (w, b).
        scaled: whether the rows are standardized.
        loss: the loss of the rows, one of `gdcore.landscapes.losses.LOSSES`.
        delta: that of a Huber loss.
        view: the view shown at first; empty for the current one.
    """

    data: Dataset | None
    terrain: Landscape | None
    settings: Settings
    limits: Limits
    start: tuple[float, float]
    scaled: bool = False
    loss: str = "squared"
    delta: float = DELTA
    view: str = ""

    @property
    def ground(self) -> Dataset | Landscape:
        """The rows as they are, or the terrain."""
        ground = self.data or self.terrain
        assert ground is not None
        return ground

    @cached_property
    def landscape(self) -> Landscape:
        """What is walked on."""
        ground = self.ground
        if isinstance(ground, Landscape):
            return ground
        return ground_of_rows(ground, self.loss, self.delta, scaled=self.scaled)[0]

    def suits(self, landscape: Landscape, *, own: bool) -> bool:
        """Whether a landscape has the loss of the task; own data that it does not suit may use the squared error."""
        loss, delta = loss_name(landscape)
        if loss != self.loss:
            return own and loss == "squared"
        return delta is None or delta == self.delta

    def measured(self, measure: str, at: int) -> float:
        """A quantity at an iteration of the run that the setup begins; NaN where it is not known."""
        landscape, settings = self.landscape, self.settings
        state = begin(landscape, settings, *self.start)
        for _ in range(at):
            state = advance(landscape, settings, state)
        if measure in ("loss", "w", "b"):
            return float(getattr(state, measure))
        if measure == "gradient":
            return float(np.hypot(*state.gradient)) if settings.train_bias else float(state.gradient[0])
        return theory(landscape, settings, state.w, state.b)[measure]


def theory(landscape: Landscape, settings: Settings, w: float, b: float) -> dict[str, float]:
    """Return what is known of a landscape without walking; NaN if unknown.

    >>> from gdcore.descent.steps import Settings
    >>> from gdcore.landscapes.bowl import MeanSquaredError
    >>> bowl = MeanSquaredError.of([-1.0, 1.0], [1.0, 3.0])
    >>> theory(bowl, Settings(train_bias=True), 0.0, 0.0)
    {'critical': 1.0, 'best': 0.5, 'condition': 1.0, 'lowest': 0.0, 'minimum_w': 1.0, 'minimum_b': 2.0}
    """
    curvature = landscape.curvature(settings.train_bias, w, b)
    limits = stability(settings.optimizer, curvature)
    lowest = landscape.lowest_point(None if settings.train_bias else b)
    nan = float("nan")
    return {
        "critical": limits.critical if limits else nan,
        "best": round(limits.best, 15) if limits else nan,
        "condition": curvature.condition_number,
        "lowest": lowest.loss if lowest else nan,
        "minimum_w": lowest.w if lowest else nan,
        "minimum_b": lowest.b if lowest else nan,
    }
