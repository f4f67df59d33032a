"""Many learning rates at once: how many iterations each takes to the minimum, and which of them never get there.

The rules of the optimizers are elementwise, so a state whose values are arrays is as many runs as they are long. A run
that has ended is taken out of them: the last ones, the slowest, cost little.
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
"""A run has arrived when its loss is within this share of the minimum."""
NEAR_BY_CHANCE = 0.05
"""With batches a run has arrived within this share of the minimum."""
LOOK = 100
"""With batches a run is looked at after so many iterations at the latest: the loss of all rows costs a pass."""
ROUNDING = 1e-24
"""A minimum below this share of the loss at the start is 0 but for rounding: then the share is one of the start."""
RISE = 1e12
"""A run has diverged when its loss is so many times that at the start. Momentum may rise far and still come back."""
LIMIT = 100_000
"""Iterations after which a run that has neither arrived nor diverged is given up."""


@dataclass(frozen=True, eq=False, slots=True)
class Sweep:
    """How far runs from one point, each at its own learning rate, have come.

    Attributes:
        learning_rates: the rates in rising order, shape (n,).
        iterations: how many iterations each run made: to arrive, to diverge, or so far.
        arrived: which of them have arrived: their loss is within NEAR of the minimum.
        diverged: which of them have diverged.
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
        """The index of the rate that arrived first, the smallest of equals; None where none has arrived."""
        if not self.arrived.any():
            return None
        return int(np.where(self.arrived, self.iterations, self.limit + 1).argmin())

    @property
    def cliff(self) -> float | None:
        """The smallest rate from which on all diverge; None where the largest one does not."""
        held = np.flatnonzero(~self.diverged)
        first = int(held[-1]) + 1 if len(held) else 0
        return float(self.learning_rates[first]) if first < len(self.learning_rates) else None


def default_rates(critical: float | None, distance: float = 1.0, count: int = 240) -> Rates:
    """Learning rates that are worth a try, on a logarithmic scale.

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
    """Descend at all learning rates at once, and tell every so many iterations how far they have come.

    A run arrives when its loss is at most L* + NEAR * L*, L* being the smallest loss it can reach: over w and b, or
    over w at the b that is held. Where L* is 0 it is NEAR times the loss at the start. It diverges when its loss is
    not finite or above RISE times that at the start. Where there may be several minima it arrives at any of them: when
    its gradient norm is at most NEAR times that at the start.

    Where the settings have batches, a run is looked at once in an epoch, or every LOOK iterations in a long one, by the
    loss of all rows, and arrives within NEAR_BY_CHANCE of the minimum: chance keeps it from coming much nearer.

    Nothing is computed before it is asked for: whoever stops asking has cancelled the rest.

    Args:
        landscape: what is descended.
        start: the point (w, b) all of them start from.
        settings: the optimizer, what is trained, the schedule and the batches; their learning rate means nothing here.
        learning_rates: the base rates, in rising order.
        limit: give up after so many iterations.
        every: how often to tell.

    Yields:
        How far they have come, at least once; the last one has `done` = 1.

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
"""The fates of a run; a study may give the ended ones other numbers, which are not 0."""


def spread(landscape: Landscape, settings: Settings, start: State, base: Rates) -> State:
    """A state as so many, each with a base rate of its own, shape (n,)."""
    w, b = np.full(len(base), start.w), np.full(len(base), start.b)
    loss, gradient = landscape.seen(start.iteration, settings.batch).loss_and_gradient(w, b)
    rates = base * settings.schedule.factor(start.iteration)
    return start._replace(w=w, b=b, loss=loss, gradient=gradient, learning_rate=rates)


class Crowd:
    """Many runs that go on together, each until its end.

    Attributes:
        iterations: how many iterations each made so far, shape (n,).
        fates: GOING, or the number that its judge ended it with, shape (n,).
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
            settings: the optimizer, what is trained, the schedule and the batches; their learning rate means nothing.
            state: where they stand.
            judge: says the fates of the runs that go on, given their state and their indices.
            base: the base rate of each, shape (n,).
        """
        self._landscape, self._settings, self._judge = landscape, settings, judge
        count = np.size(state.w)
        self.iterations = np.zeros(count, dtype=np.int64)
        self.fates = np.full(count, GOING, dtype=np.int64)
        self._running = np.arange(count)
        self._state, self._base = state, base

    def run(self, limit: int, pace: Callable[[int], int]) -> Iterator[float]:
        """Go on until all have ended or made so many iterations; tell the share of the work that is done, 1 at the end.

        Args:
            limit: the iterations after which the others are given up.
            pace: after how many iterations to tell, given how many runs go on.
        """
        with np.errstate(all="ignore"):
            self._part()
        while len(self._running) and self._state.iteration < limit:
            # Not around the yield: whoever asks has error settings of their own.
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
        """Leave behind those that have ended: they cost nothing more."""
        fates = self._judge(self._state, self._running)
        going = fates == GOING
        if not going.all():
            ended = self._running[~going]
            self.iterations[ended] = self._state.iteration
            self.fates[ended] = fates[~going]
            self._running, self._base = self._running[going], self._base[going]
            self._state = _only(self._state, going)


def _aim(landscape: Landscape, start: State, train_bias: bool, near: float) -> float | None:
    """The loss at which a run has arrived; None where there may be minima that are not the lowest."""
    if not landscape.convex:
        return None
    floor = landscape.lowest(None if train_bias else start.b)
    if floor is None and not landscape.exact:
        return None
    floor = start.loss if floor is None else floor
    return floor + near * (floor if floor > ROUNDING * start.loss else start.loss)


def _only(state: State, kept: Flags) -> State:
    """The runs of a state that are kept."""

    def cut(value: Any) -> Any:
        if isinstance(value, np.ndarray):
            return value[kept]
        if isinstance(value, tuple):
            parts = [cut(part) for part in value]
            return type(value)(*parts) if hasattr(value, "_fields") else tuple(parts)
        return value

    return cut(state)  # type: ignore[no-any-return]
