"""A race: every optimizer from the same point, each at a rate that suits it."""

from __future__ import annotations

from dataclasses import replace
from math import hypot, inf
from typing import TYPE_CHECKING, NamedTuple, TypeVar

import numpy as np

from gdcore.descent.branches import Branch
from gdcore.descent.optimizers import OPTIMIZERS, AdaGrad, Nudge
from gdcore.descent.steps import Settings, advance, begin, whole
from gdcore.landscapes.landscape import Point
from gdcore.studies.stability import stability

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from gdcore.descent.branches import Branches
    from gdcore.descent.optimizers import Optimizer
    from gdcore.descent.state import State
    from gdcore.landscapes.landscape import Landscape

Result = TypeVar("Result")

TRIES, TRIAL = 60, 1000
"""How many rates are tried for each optimizer, and for how many iterations at the most."""
STRIDES = {AdaGrad: 1, Nudge: 50}
"""In how many steps of full length an optimizer that sizes its own would cover the way; 20 for the others."""


TRIAL_PIECE, RUN_PIECE = 50, 500
"""So many iterations are made in one go, of a trial and, at the most, of a run."""
ROUNDS = 20
"""The runners take turns: a race has so many rounds at least."""
AT_ONCE = 1_000_000
"""So many rows are gone through in one go, where a step is a pass over all of them."""
LONGEST = 10_000
"""A race ends after so many iterations, unless it may go on; each of its runs can be gone on with."""


class Standing(NamedTuple):
    """How a race stands.

    Attributes:
        runners: those whose rate is found, in the order of the optimizers.
        done: the share of the iterations that is made.
    """

    runners: tuple[Branch, ...] = ()
    done: float = 0.0


def sensible_rate(landscape: Landscape, settings: Settings, state: State, iterations: int) -> float:
    """The learning rate with which a run under these settings comes lowest from a point in so many iterations.

    All else in the settings counts: the optimizer, its schedule, the batches. Lowest is by the loss of all rows.

    The best fixed rate of the theory is the best in the long run; in a short one it may still be swinging from side to
    side. So it is where the search begins, from a hundredth of it to ten times as much.

    Example:
        >>> from gdcore.landscapes.bowl import MeanSquaredError
        >>> loss = MeanSquaredError.of([-1.0, 1.0], [-2.0, 2.0])
        >>> sensible_rate(loss, Settings(), begin(loss, Settings()), 100)
        0.5
    """
    return exhaust(_trying(landscape, settings, state, iterations))


def _trying(landscape: Landscape, settings: Settings, state: State, iterations: int) -> Generator[None, None, float]:
    """The sensible rate, sought in pieces."""
    if settings.batch is None:
        landscape = landscape.drawn
    guess = _guess(settings.optimizer, landscape, state, settings.train_bias)
    rates = np.append(guess, guess * np.geomspace(1e-2, 10, TRIES))
    runner = begin(landscape, settings, state.w, state.b, state.iteration)
    # All of them at once.
    runner = runner._replace(learning_rate=rates * settings.schedule.factor(state.iteration))
    left = min(iterations, TRIAL)
    while left > 0:
        with np.errstate(all="ignore"):
            for _ in range(min(left, TRIAL_PIECE)):
                runner = advance(landscape, settings, runner, rates)
        left -= TRIAL_PIECE
        yield
    with np.errstate(all="ignore"):
        losses = whole(landscape, settings, runner).loss
    reached = np.nan_to_num(np.broadcast_to(losses, rates.shape), nan=inf)
    return float(rates[reached.argmin()])


def _guess(optimizer: Optimizer, landscape: Landscape, state: State, train_bias: bool) -> float:
    """The best fixed rate where the curvature decides.

    An optimizer that sizes its own steps goes about one learning rate a step, so its rate is a share of the way to the
    minimum.
    """
    limits = stability(optimizer, landscape.curvature(train_bias, state.w, state.b))
    if limits is not None:
        return limits.best if limits.best < inf else Settings().learning_rate
    way = distance(landscape, Point(state.w, state.b), train_bias)
    return way / STRIDES.get(type(optimizer), 20) or Settings().learning_rate


def distance(landscape: Landscape, point: Point, train_bias: bool) -> float:
    """How far the goal is; where none is known, half of the part worth showing."""
    goal = landscape.goal(point, train_bias)
    low, high = landscape.scope.w
    return (high - low) / 2 if goal is None else hypot(goal.w - point.w, goal.b - point.b)


def race(branches: Branches) -> list[Branch]:
    """Start every optimizer from where the current run stands, as a branch each, and run it; one stays where one is.

    Returns:
        The runners, the one with the lowest loss first, over all rows.

    Raises:
        ValueError: if the run stands where it ends, so that no runner could make a step.
    """
    return exhaust(racing(branches))


def racing(branches: Branches, longest: int | None = LONGEST) -> Generator[Standing, None, list[Branch]]:
    """The same race in pieces of some milliseconds each; the runners are branches when the last one is done.

    First each finds its rate, then they run in turns, a piece each. Whoever gives the race up before the end has
    changed nothing.

    Args:
        branches: the runs; the race starts where the current one stands.
        longest: after so many iterations it ends; None where only the limit of the run ends it.

    Raises:
        ValueError: as for `race`.
    """
    parent, here = branches.current, branches.run.fork()  # whoever waits for the race may walk on
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
    for runner in runners:
        branches.join(runner)
    return sorted(runners, key=lambda runner: whole(here.landscape, settings, runner.run.state).loss)


def _in_turns(runners: tuple[Branch, ...], iterations: int) -> Iterator[Standing]:
    """Let each runner make so many iterations, or as many as it can, a piece at a time."""
    landscape, going, made = runners[0].run.landscape, list(runners), 0
    piece = min(RUN_PIECE, max(iterations // ROUNDS, 1))
    if landscape.remote:
        piece = 1
    elif landscape.columns is not None and not landscape.exact:
        piece = max(min(piece, AT_ONCE // len(landscape.columns)), 1)
    while going and made < iterations:
        count = min(piece, iterations - made)
        for runner in tuple(going):
            if runner.run.forward(count) < count:
                going.remove(runner)
            yield Standing(runners, made / iterations)
        made += count


def _saying(standing: Standing, pieces: Generator[None, None, Result]) -> Generator[Standing, None, Result]:
    """Go through the pieces of something, of which each leaves the race as it stands."""
    while True:
        try:
            next(pieces)
        except StopIteration as done:
            result: Result = done.value
            return result
        yield standing


def exhaust(pieces: Generator[object, None, Result]) -> Result:
    """Go through all the pieces of something; return what comes of it."""
    while True:
        try:
            next(pieces)
        except StopIteration as done:
            result: Result = done.value
            return result
