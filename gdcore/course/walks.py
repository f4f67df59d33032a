"""A walk as the checks of a course see it: all points at once, and the settings of every step.

Vocabulary
    run         the states of one branch, from iteration 0 to the last one known, wherever its cursor is
    walk        branches on the same landscape; a learner who standardizes the rows has two of them
    step i      leads from iteration i to iteration i + 1
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from gdcore.descent.steps import Reason
from gdcore.landscapes.landscape import Landscape
from gdcore.studies.stability import CRAWL_SHARE, ROUNDING, Regime, stability

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from gdcore.descent.branches import Branch, Branches
    from gdcore.descent.steps import Settings
    from gdcore.landscapes.landscape import Curvature
    from gdcore.rows.dataset import Dataset

    Floats: TypeAlias = NDArray[np.float64]
    Flags: TypeAlias = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Walk:
    """Branches on one landscape.

    Attributes:
        ground: the rows before any scaling, or the landscape.
        landscape: what is walked on.
        branches: all the branches.
        scaled: whether the landscape is that of standardized rows.
        own: whether it is made of other rows than those of the task.
        start: the start a run must have to count; None if any start counts.
    """

    ground: Dataset | Landscape
    landscape: Landscape
    branches: Branches
    scaled: bool = False
    own: bool = False
    start: tuple[float, float] | None = None

    def runs(self) -> Iterator[Run]:
        """The runs that count, the current one first."""
        current = self.branches.current
        for branch in (current, *(other for other in self.branches if other is not current)):
            begun = branch.run.start
            if self.start is None or (begun.w, begun.b) == self.start:
                yield Run(self, branch)


class Run:
    """One run of a walk, for looking back at it.

    Every array has a value for each iteration from 0 to the last one known, shape (n + 1,), or for each step, shape
    (n,).
    """

    def __init__(self, walk: Walk, branch: Branch) -> None:
        self.walk, self.branch = walk, branch
        self.landscape = walk.landscape

    @property
    def steps(self) -> int:
        """How many steps were made."""
        return self.branch.run.tip

    @property
    def rows(self) -> int:
        """How many rows the data have; 0 where there are none."""
        ground = self.walk.ground
        return 0 if isinstance(ground, Landscape) else len(ground.x)

    @property
    def diverged(self) -> bool:
        """Whether the loss after the next step would not be finite."""
        run = self.branch.run
        return run.ending is not None and run.ending.reason is Reason.DIVERGED

    @cached_property
    def _path(self) -> Floats:
        return self.branch.run.path(0, self.steps + 1)

    @property
    def w(self) -> Floats:
        """The weight at each iteration."""
        return self._path[:, 0]

    @property
    def b(self) -> Floats:
        """The bias at each iteration."""
        return self._path[:, 1]

    @cached_property
    def loss(self) -> Floats:
        """The loss of all rows at each iteration, even if a step sees only a batch."""
        if all(settings.batch is None for _, settings in self.branch.run.changes()):
            return self._path[:, 2]
        with np.errstate(all="ignore"):
            return np.asarray(self.landscape(self.w, self.b), dtype=np.float64)

    @cached_property
    def stretches(self) -> list[tuple[int, int, Settings]]:
        """(first, last + 1, settings) for each stretch of steps with the same settings."""
        changes = self.branch.run.changes()
        ends = [at for at, _ in changes[1:]] + [self.steps]
        return [(at, end, settings) for (at, settings), end in zip(changes, ends, strict=True) if at < end]

    @property
    def settings(self) -> Settings:
        """The settings of the last step, or the current ones if there is no step."""
        return self.stretches[-1][2] if self.stretches else self.branch.run.settings

    @cached_property
    def trains_bias(self) -> Flags:
        """Whether b is trained by the step from each iteration on; at the end by the step that led there."""
        flags = np.full(self.steps + 1, self.settings.train_bias)
        for begin, end, settings in self.stretches:
            flags[begin:end] = settings.train_bias
        return flags

    @cached_property
    def gradient(self) -> Floats:
        """The length of the gradient at each iteration, over the parameters that are trained."""
        with np.errstate(all="ignore"):
            slope_w, slope_b = (np.asarray(slope, np.float64) for slope in self.landscape.gradient(self.w, self.b))
            return np.where(self.trains_bias, np.hypot(slope_w, slope_b), np.abs(slope_w))

    @cached_property
    def lowest(self) -> tuple[float, float, float] | None:
        """(w, b, loss) of the lowest minimum over what is trained at the end; None where it is not known."""
        found = self.landscape.lowest_point(None if self.trains_bias[-1] else float(self.b[-1]))
        return None if found is None else (found.w, found.b, found.loss)

    @cached_property
    def distance(self) -> Floats:
        """How far each point is from the lowest minimum: |w - w*| where b is held; NaN where none is known."""
        return np.full(self.steps + 1, np.nan) if self.lowest is None else self.away(*self.lowest[:2])

    def away(self, w: float, b: float) -> Floats:
        """How far each point is from (w, b): along w alone where b is never trained."""
        if not self.trains_bias.any():
            return np.abs(self.w - w)
        with np.errstate(all="ignore"):
            return np.hypot(self.w - w, self.b - b)

    @cached_property
    def excess(self) -> Floats:
        """How far each loss is above the smallest loss."""
        lowest = self.landscape.lowest(None if self.trains_bias[-1] else float(self.b[-1]))
        return self.loss - (np.nan if lowest is None else lowest)

    @cached_property
    def rises(self) -> Flags:
        """Whether the loss rose, for each step; rounding errors do not count."""
        before, after = self.loss[:-1], self.loss[1:]
        return np.asarray(after > before + ROUNDING * np.abs(before))

    @cached_property
    def rates(self) -> Floats:
        """The learning rate of each step."""
        rates = np.empty(self.steps)
        for begin, end, settings in self.stretches:
            varies = settings.schedule.varies
            rates[begin:end] = [settings.rate(i) for i in range(begin, end)] if varies else settings.learning_rate
        return rates

    @cached_property
    def critical_shares(self) -> Floats:
        """The learning rate of each step over the critical rate at the start; NaN if its optimizer has none."""
        shares = np.full(self.steps, np.nan)
        for begin, end, settings in self.stretches:
            limits = stability(settings.optimizer, self.curvature(settings.train_bias))
            if limits is not None:
                shares[begin:end] = self.rates[begin:end] / limits.critical
        return shares

    def curvature(self, train_bias: bool) -> Curvature:
        """The curvature at the start."""
        return self.landscape.curvature(train_bias, float(self.w[0]), float(self.b[0]))

    @cached_property
    def moves(self) -> Floats:
        """The length of each step in the plane of w and b."""
        with np.errstate(all="ignore"):
            return np.hypot(np.diff(self.w), np.diff(self.b))

    @cached_property
    def regimes(self) -> list[Regime]:
        """What each step did, as `gdcore.studies.stability.observed` says."""
        with np.errstate(all="ignore"):
            slopes = (np.asarray(slope, np.float64) for slope in self.landscape.gradient(self.w, self.b))
            slope_w, slope_b = (np.broadcast_to(slope, self.w.shape) for slope in slopes)
            step_w, step_b = np.diff(self.w), np.diff(self.b)
            before = slope_w[:-1] * step_w + slope_b[:-1] * step_b
            after = slope_w[1:] * step_w + slope_b[1:] * step_b
            crossed = (after > 0) & (before < 0)
            crawled = after < (1 - CRAWL_SHARE) * before
        return [
            Regime.DIVERGE if rose else Regime.OVERSHOOT if over else Regime.CRAWL if slow else Regime.GLIDE
            for rose, over, slow in zip(self.rises.tolist(), crossed.tolist(), crawled.tolist(), strict=True)
        ]
