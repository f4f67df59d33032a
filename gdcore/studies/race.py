"""A race: every optimizer from the same point, each at its own best rate."""

from __future__ import annotations

from dataclasses import replace
from math import hypot, inf, isfinite
from typing import TYPE_CHECKING, NamedTuple, TypeVar

import numpy as np

from gdcore.descent.branches import Branch
from gdcore.descent.optimizers import OPTIMIZERS, AdaGrad, Nudge
from gdcore.descent.steps import Reason, Settings, advance, begin, whole
from gdcore.landscapes.landscape import Point
from gdcore.studies.stability import stability

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator, Sequence

    from gdcore.descent.branches import Branches
    from gdcore.descent.optimizers import Optimizer
    from gdcore.descent.state import State
    from gdcore.descent.timeline import Timeline
    from gdcore.landscapes.landscape import Landscape

Result = TypeVar("Result")

TRIES, TRIAL = 60, 1000
"""Number of rates tried for each optimizer, and maximum iterations of a trial."""
STRIDES = {AdaGrad: 1, Nudge: 50}
"""Steps, each as long as the rate, that should reach the goal, for optimizers without a critical rate; else 20."""


TRIAL_PIECE, RUN_PIECE = 50, 500
"""Maximum number of iterations in one piece: of a trial, and of a run."""
ROUNDS = 20
"""Minimum number of turns each runner gets."""
AT_ONCE = 1_000_000
"""Maximum number of rows processed in one piece, if a step is a pass over all rows."""
STRETCHES = 1000
"""Into so many stretches a run is reduced to see in which of them it became low."""
LONGEST = 10_000
"""The default length of a race; its runs can be continued afterwards."""


class Standing(NamedTuple):
    """How a race stands.

    Attributes:
        runners: those whose rate has been found, in the order of the optimizers.
        done: the share of the iterations that have been made.
        asks: the run whose next step is a piece of its own; what it needs may be asked ahead (`Timeline.ask_ahead`).
    """

    runners: tuple[Branch, ...] = ()
    done: float = 0.0
    asks: Timeline | None = None


class Rank(NamedTuple):
    """Where a runner stands among the others.

    Attributes:
        runner: its run.
        loss: the loss of all rows that it has reached.
        diverged: whether it is out of the race.
    """

    runner: Branch
    loss: float
    diverged: bool


def sensible_rate(landscape: Landscape, settings: Settings, state: State, iterations: int) -> float:
    """Find the learning rate that reaches the lowest loss from a point within `iterations`.

    It depends on all settings: the optimizer, its schedule, the batches. The loss is that of all rows.

    The best fixed rate of the theory is best in the long run; in a short one it may still oscillate. So it is only the
    middle of the search, which goes from a hundredth of it to ten times as much.

    Example:
        >>> from gdcore.landscapes.bowl import MeanSquaredError
        >>> loss = MeanSquaredError.of([-1.0, 1.0], [-2.0, 2.0])
        >>> sensible_rate(loss, Settings(), begin(loss, Settings()), 100)
        0.5
    """
    return exhaust(_trying(landscape, settings, state, iterations))


def _trying(landscape: Landscape, settings: Settings, state: State, iterations: int) -> Generator[None, None, float]:
    """Search for the sensible rate in pieces."""
    if settings.batch is None:
        landscape = landscape.drawn
    guess = _guess(settings.optimizer, landscape, state, settings.train_bias)
    rates = np.append(guess, guess * np.geomspace(1e-2, 10, TRIES))
    runner = begin(landscape, settings, state.w, state.b, state.iteration)
    # all rates at once
    runner = runner._replace(learning_rate=rates * settings.schedule.factor(state.iteration))
    left, piece = min(iterations, TRIAL), at_once(landscape, TRIAL_PIECE, points=len(rates))
    while left > 0:
        with np.errstate(all="ignore"):
            for _ in range(min(left, piece)):
                runner = advance(landscape, settings, runner, rates)
        left -= piece
        yield
    with np.errstate(all="ignore"):
        losses = whole(landscape, settings, runner).loss
    reached = np.nan_to_num(np.broadcast_to(losses, rates.shape), nan=inf)
    # Many may be on the floor, where only rounding tells them apart; the nearest to the theory was there early.
    lowest = rates[reached <= margin(float(reached.min()))]
    return float(lowest[np.abs(np.log(lowest / guess)).argmin()])


def _guess(optimizer: Optimizer, landscape: Landscape, state: State, train_bias: bool) -> float:
    """Return the best fixed rate in theory.

    Without a critical rate a step is about as long as the learning rate, so the rate is a share of the distance to the
    goal.
    """
    limits = stability(optimizer, landscape.curvature(train_bias, state.w, state.b))
    if limits is not None:
        return limits.best if limits.best < inf else Settings().learning_rate
    way = distance(landscape, Point(state.w, state.b), train_bias)
    return way / STRIDES.get(type(optimizer), 20) or Settings().learning_rate


def distance(landscape: Landscape, point: Point, train_bias: bool) -> float:
    """Return the distance to the goal; if that is unknown, half the width of the scope."""
    goal = landscape.goal(point, train_bias)
    low, high = landscape.scope.w
    return (high - low) / 2 if goal is None else hypot(goal.w - point.w, goal.b - point.b)


def race(branches: Branches) -> list[Branch]:
    """Start every optimizer from the current point, each on its own branch, and run it; the current branch stays.

    Returns:
        The runners, the one with the lowest loss over all rows first.

    Raises:
        ValueError: if the run has ended, so that no runner could make a step.
    """
    return exhaust(racing(branches))


def racing(branches: Branches, longest: int | None = LONGEST) -> Generator[Standing, None, list[Branch]]:
    """Run the race in pieces of some milliseconds; the branches are added after the last piece.

    First the rate of each optimizer is found, then they run in turns. A race that is abandoned changes nothing.

    Args:
        branches: the runs; the race starts where the current one stands.
        longest: maximum number of iterations; None for the limit of the run alone.

    Raises:
        ValueError: as for `race`.
    """
    parent, here = branches.current, branches.run.fork()  # the current run may move on during the race
    ending = here.ending
    if ending is not None and not ending.reason.leaves_the_numbers:
        raise ValueError(f"no step is left for a race: {ending.sentence}")
    runners: list[Branch] = []
    state, settings, limits = here.state, here.settings, here.limits
    iterations = limits.iterations - state.iteration
    iterations = iterations if longest is None else min(iterations, longest)
    for kind in OPTIMIZERS.values():
        optimizer = kind()
        own = replace(settings, optimizer=optimizer)
        best = yield from _saying(Standing(tuple(runners)), _trying(here.landscape, own, state, iterations))
        rate = float(f"{best:.4g}")
        twin = here.fork()
        twin.change(replace(own, learning_rate=rate))
        why = f"in the race, lr {rate:g}"
        runners.append(Branch(optimizer.title, twin, parent.name, state.iteration, settings, why))
    yield from _in_turns(tuple(runners), iterations)
    order = [rank.runner for rank in ranked(runners)]  # before the branches are added: an engine may not answer
    for runner in runners:
        branches.join(runner)
    return order


def margin(lowest: float) -> float:
    """Up to here only rounding tells a loss from the lowest one.

    >>> margin(69.12096282754419) > 69.1209628275442 > 69.12096282754419
    True
    """
    return lowest + 8 * float(np.finfo(np.float64).eps) * abs(lowest)


def ranked(runners: Iterable[Branch]) -> list[Rank]:
    """The runners: those first that are lowest but for rounding, by when they were, then by loss, the diverged last."""
    found, level = _standing(runners)

    def place(rank: Rank) -> tuple[int, float]:
        if not _counts(rank):
            return 2, 0.0
        return (0, _first(rank.runner, level)) if rank.loss <= level else (1, rank.loss)

    return sorted(found, key=place)


def tie(order: Sequence[Branch]) -> tuple[int, int]:
    """How many runners of a race share the lowest loss, but for rounding, and the iteration at which the first had it.

    Args:
        order: the runners as `race` returns them.
    """
    found, level = _standing(order)
    return sum(_counts(rank) and rank.loss <= level for rank in found), _first(order[0], level)


def _standing(runners: Iterable[Branch]) -> tuple[list[Rank], float]:
    """Where each runner stands, and the loss up to which only rounding tells it from the lowest."""
    found = []
    for runner in runners:
        ending = runner.run.ending
        found.append(Rank(runner, runner.reached, ending is not None and ending.reason is Reason.DIVERGED))
    return found, margin(min((rank.loss for rank in found if _counts(rank)), default=-inf))


def _counts(rank: Rank) -> bool:
    """Whether a runner has a place by its loss."""
    return not rank.diverged and isfinite(rank.loss)


def _first(runner: Branch, level: float) -> int:
    """The first iteration at which a runner was as low as this, or its last one, where its steps see batches."""
    run = runner.run
    iterations, losses = run.losses(0, run.tip + 1, STRETCHES)  # the lowest of each stretch is among them
    low = np.flatnonzero(losses <= level)
    if not low.size:
        return run.tip
    after, at = int(iterations[max(low[0] - 1, 0)]), int(iterations[low[0]])
    return after + int(np.argmax(run.path(after, at + 1)[:, 2] <= level))


def _in_turns(runners: tuple[Branch, ...], iterations: int) -> Iterator[Standing]:
    """Run each runner for `iterations` steps, or until it ends, in turns."""
    landscape, going, made = runners[0].run.landscape, list(runners), 0
    piece = at_once(landscape, min(RUN_PIECE, max(iterations // ROUNDS, 1)))
    costly = at_once(landscape, 2) == 1
    while going and made < iterations:
        count = min(piece, iterations - made)
        for runner in tuple(going):
            if costly:
                yield Standing(runners, made / iterations, runner.run)
            if runner.run.forward(count) < count:
                going.remove(runner)
            yield Standing(runners, made / iterations)
        made += count


def at_once(landscape: Landscape, most: int, *, points: int = 1) -> int:
    """Return how many steps make a piece, `most` or fewer: each step may be a pass over many rows for every point.

    Example:
        >>> from gdcore.landscapes.bowl import MeanSquaredError
        >>> at_once(MeanSquaredError.of([1.0, 2.0], [3.0, 5.0]), 500)
        500
    """
    if landscape.remote:
        return 1
    if landscape.columns is None or landscape.exact:
        return most
    return max(min(most, AT_ONCE // (points * len(landscape.columns))), 1)


def _saying(standing: Standing, pieces: Generator[None, None, Result]) -> Generator[Standing, None, Result]:
    """Yield the same standing once for each piece of some work, and return its result."""
    while True:
        try:
            next(pieces)
        except StopIteration as done:
            result: Result = done.value
            return result
        yield standing


def exhaust(pieces: Generator[object, None, Result]) -> Result:
    """Run some work to its end and return its result."""
    while True:
        try:
            next(pieces)
        except StopIteration as done:
            result: Result = done.value
            return result
