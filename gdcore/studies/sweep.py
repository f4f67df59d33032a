"""Many learning rates at once: how many iterations each takes to the minimum, and which of them never get there.

The rules of the optimizers are elementwise, so a state of arrays is many runs at once. A run that has ended is removed
from the arrays, so that the last, slow ones cost little.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from gdcore.descent.state import State
from gdcore.descent.steps import Settings, advance, begin, gradient_norm, measured

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import ArrayLike, NDArray

    from gdcore.landscapes.landscape import Landscape

    Rates: TypeAlias = NDArray[np.float64]
    Counts: TypeAlias = NDArray[np.int64]
    Flags: TypeAlias = NDArray[np.bool_]

NEAR = 1e-6
"""A run has arrived when its loss exceeds the minimum by at most this share."""
NEAR_BY_CHANCE = 0.05
"""The same share for runs with batches."""
LOOK = 100
"""With batches, maximum iterations between two checks: the loss of all rows costs a pass."""
ROUNDING = 1e-24
"""A minimum below this share of the loss at the start counts as 0; NEAR is then a share of the loss at the start."""
RISE = 1e12
"""A run has diverged when its loss is this many times that at the start. With momentum it may rise and return."""
LIMIT = 100_000
"""Maximum number of iterations of a run."""


@dataclass(frozen=True, eq=False, slots=True)
class Sweep:
    """The progress of runs from one point, each with its own learning rate.

    Attributes:
        learning_rates: the rates in rising order, shape (n,).
        iterations: the number of iterations of each run until it arrived or diverged, or so far.
        arrived: which runs have arrived: their loss is within NEAR of the minimum.
        diverged: which runs have diverged.
        limit: iterations after which the others are given up.
        done: the fraction of the work that is done, 1 at the end.
    """

    learning_rates: Rates
    iterations: Counts
    arrived: Flags
    diverged: Flags
    limit: int
    done: float

    @property
    def best(self) -> int | None:
        """The index of the rate that arrived first, the smallest such rate; None if none arrived."""
        if not self.arrived.any():
            return None
        return int(np.where(self.arrived, self.iterations, self.limit + 1).argmin())

    @property
    def cliff(self) -> float | None:
        """The smallest rate from which on all diverge; None if the largest one does not."""
        held = np.flatnonzero(~self.diverged)
        first = int(held[-1]) + 1 if len(held) else 0
        return float(self.learning_rates[first]) if first < len(self.learning_rates) else None


def default_rates(critical: float | None, distance: float = 1.0, count: int = 240) -> Rates:
    """Return learning rates worth trying, on a logarithmic scale.

    Args:
        critical: the rate above which the optimizer diverges: from a thousandth to three times that, a tenth of them
            close to it. None for an optimizer that has none: its steps are about as long as the rate, so the rates are
            shares of the distance.
        distance: how far the minimum is from the start, in the parameter that has the longest way.
        count: how many.

    Example:
        >>> rates = default_rates(0.0045550993)
        >>> len(rates), int((rates < 0.0045550993).sum())
        (240, 198)
    """
    if critical is None or not 0 < critical < np.inf:
        scale = distance if isfinite(distance) and distance > 0 else 1.0
        return np.asarray(np.geomspace(1e-5 * scale, 1e2 * scale, count), dtype=np.float64)
    close = count // 20
    margin = np.geomspace(1e-4, 5e-2, close)
    shares = np.geomspace(1e-3, 3, count - 2 * close)
    return np.asarray(critical * np.unique(np.concatenate((shares, 1 - margin, 1 + margin))), dtype=np.float64)


def sweep(  # noqa: PLR0913
    landscape: Landscape,
    start: tuple[float, float],
    settings: Settings,
    learning_rates: ArrayLike,
    *,
    limit: int = LIMIT,
    every: int = 1000,
) -> Iterator[Sweep]:
    """Descend at all learning rates at once, and report the progress every `every` iterations.

    A run arrives when its loss is at most L* + NEAR * L*, where L* is the smallest loss it can reach: over w and b, or
    over w with b fixed. If L* is 0, NEAR is a share of the loss at the start. It diverges when its loss is not finite
    or above RISE times that at the start. If there may be several minima, it arrives at any of them: when its gradient
    norm is at most NEAR times that at the start.

    With batches, a run is checked once in an epoch, or every LOOK iterations in a long one, by the loss of all rows,
    and arrives within NEAR_BY_CHANCE of the minimum: noise prevents it from coming much nearer.

    The work is lazy: stop iterating to cancel it.

    Args:
        landscape: what is descended.
        start: the point (w, b) all of them start from.
        settings: the optimizer, what is trained, the schedule and the batches; the learning rate is ignored.
        learning_rates: the base rates, in rising order.
        limit: maximum number of iterations.
        every: iterations between two reports.

    Yields:
        The progress, at least once; the last one has `done` = 1.

    Raises:
        ValueError: if the loss at the start is not finite.

    Example:
        >>> from gdcore.landscapes.bowl import MeanSquaredError
        >>> bowl = MeanSquaredError.of([-1.0, 1.0], [1.0, -1.0])
        >>> *_, result = sweep(bowl, (1.0, 0.0), Settings(), [0.25, 0.5, 0.75, 1.5])
        >>> result.iterations.tolist(), result.arrived.tolist(), result.best, result.cliff
        ([10, 1, 10, 20], [True, True, True, False], 1, 1.5)
    """
    rates = np.asarray(learning_rates, dtype=np.float64)
    ground = landscape.drawn
    if settings.batch is None:
        landscape = ground
    state = begin(landscape, settings, *start)
    chance, pause, first = False, 1, state
    if settings.batch is not None and landscape.seen(0, settings.batch) is not landscape:
        chance, pause = True, min(settings.batch.steps(len(landscape.columns or ())), LOOK)
        first = measured(ground, state)
    near = NEAR_BY_CHANCE if chance else NEAR
    aim, ceiling = _aim(ground, first, settings.train_bias, near), RISE * max(abs(first.loss), 1e-300)
    level = near * gradient_norm(first, settings.train_bias)

    def judge(state: State, running: Counts) -> Counts:
        if state.iteration % pause:
            return np.full(len(running), GOING)
        now = measured(ground, state) if chance else state
        there: Any = now.loss <= aim if aim is not None else gradient_norm(now, settings.train_bias) <= level
        return np.where(there, ARRIVED, np.where(now.loss <= ceiling, GOING, DIVERGED))

    crowd = Crowd(landscape, settings, spread(landscape, settings, state, rates), judge, rates)
    for done in crowd.run(limit, lambda count: every):  # noqa: ARG005
        arrived, diverged = crowd.fates == ARRIVED, crowd.fates == DIVERGED
        yield Sweep(rates, crowd.iterations.copy(), arrived, diverged, limit, done)


GOING, ARRIVED, DIVERGED = 0, 1, 2
"""States of a run; a study may use other nonzero numbers for the ended ones."""


def spread(landscape: Landscape, settings: Settings, start: State, base: Rates) -> State:
    """Copy a state into a state of arrays, each run with its own base rate, shape (n,)."""
    w, b = np.full(len(base), start.w), np.full(len(base), start.b)
    loss, gradient = landscape.seen(start.iteration, settings.batch).loss_and_gradient(w, b)
    rates = base * settings.schedule.factor(start.iteration)
    return start._replace(w=w, b=b, loss=loss, gradient=gradient, learning_rate=rates)


class Crowd:
    """Many runs that advance together; each stops at its own end.

    Attributes:
        iterations: the number of iterations of each so far, shape (n,).
        fates: GOING, or the number with which `judge` ended it, shape (n,).
    """

    def __init__(
        self,
        landscape: Landscape,
        settings: Settings,
        state: State,
        judge: Callable[[State, Counts], Counts],
        base: Rates,
    ) -> None:
        """Begin with a state of arrays, shape (n,).

        Args:
            landscape: what is descended.
            settings: the optimizer, what is trained, the schedule and the batches; the learning rate is ignored.
            state: where they start.
            judge: returns the fates of the running ones, given their state and their indices.
            base: the base rate of each, shape (n,).
        """
        self._landscape, self._settings, self._judge = landscape, settings, judge
        count = np.size(state.w)
        self.iterations = np.zeros(count, dtype=np.int64)
        self.fates = np.full(count, GOING, dtype=np.int64)
        self._running = np.arange(count)
        self._state, self._base = state, base

    def run(self, limit: int, pace: Callable[[int], int]) -> Iterator[float]:
        """Advance until all have ended or reached the limit; yield the share of the work done, 1 at the end.

        Args:
            limit: maximum number of iterations.
            pace: iterations until the next yield, given the number of running ones.
        """
        with np.errstate(all="ignore"):
            self._part()
        while len(self._running) and self._state.iteration < limit:
            # The block must not include the yield: the caller has its own error settings.
            with np.errstate(all="ignore"):
                for _ in range(min(pace(len(self._running)), limit - self._state.iteration)):
                    self._state = advance(self._landscape, self._settings, self._state, self._base)
                    self._part()
                    if not len(self._running):
                        break
            self.iterations[self._running] = self._state.iteration
            yield self._state.iteration / limit if len(self._running) else 1.0
        if self._state.iteration == 0:
            yield 1.0

    def _part(self) -> None:
        """Remove the runs that have ended."""
        fates = self._judge(self._state, self._running)
        going = fates == GOING
        if not going.all():
            ended = self._running[~going]
            self.iterations[ended] = self._state.iteration
            self.fates[ended] = fates[~going]
            self._running, self._base = self._running[going], self._base[going]
            self._state = _only(self._state, going)


def _aim(landscape: Landscape, start: State, train_bias: bool, near: float) -> float | None:
    """Return the loss at which a run has arrived; None if there may be several minima."""
    if not landscape.convex:
        return None
    floor = landscape.lowest(None if train_bias else start.b)
    if floor is None and not landscape.exact:
        return None
    floor = start.loss if floor is None else floor
    return floor + near * (floor if floor > ROUNDING * start.loss else start.loss)


def _only(state: State, kept: Flags) -> State:
    """Keep only these runs of a state."""

    def cut(value: Any) -> Any:
        if isinstance(value, np.ndarray):
            return value[kept]
        if isinstance(value, tuple):
            parts = [cut(part) for part in value]
            return type(value)(*parts) if hasattr(value, "_fields") else tuple(parts)
        return value

    return cut(state)  # type: ignore[no-any-return]
