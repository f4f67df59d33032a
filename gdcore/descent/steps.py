"""A descent: states, the step from one to the next, and the ways it can end.

Vocabulary
    state       where a run stands: a point (w, b), everything measured at it, and what the optimizer remembers
    settings    what decides the next step: learning rate, optimizer, whether b is trained
    limits      what ends a run: a number of iterations, a gradient small enough

    advance     one step: state -> state
    proceed     one step, or the reason why there is none
    descend     the states of a whole run, one by one
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from math import hypot, isfinite
from typing import TYPE_CHECKING

from gdcore.descent.optimizers import GradientDescent, Optimizer
from gdcore.descent.parameters import BIAS, ITERATIONS, LEARNING_RATE, TOLERANCE, WEIGHT
from gdcore.descent.state import State

if TYPE_CHECKING:
    from collections.abc import Generator

    from gdcore.landscapes.landscape import Landscape, Value


@dataclass(frozen=True, slots=True)
class Settings:
    """What decides the next step; it may change from one step to the next.

    Example:
        >>> Settings(learning_rate=-0.1)
        Traceback (most recent call last):
        ValueError: learning rate must be a positive number, not -0.1

    Raises:
        ValueError: if the learning rate is not a positive finite number.
    """

    learning_rate: float = 0.001
    optimizer: Optimizer = GradientDescent()  # noqa: RUF009 (it is frozen)
    train_bias: bool = False

    def __post_init__(self) -> None:
        LEARNING_RATE.check(self.learning_rate)


@dataclass(frozen=True, slots=True)
class Limits:
    """What ends a run: at most `iterations` steps, and a gradient norm below `tolerance` where one is set.

    Raises:
        ValueError: if the iterations are negative or the tolerance is not positive.
    """

    iterations: int = 100
    tolerance: float | None = None

    def __post_init__(self) -> None:
        ITERATIONS.check(self.iterations)
        if self.tolerance is not None:
            TOLERANCE.check(self.tolerance)


class Reason(Enum):
    """Why a run ended."""

    ITERATIONS = "iterations"
    TOLERANCE = "tolerance"
    DIVERGED = "diverged"


@dataclass(frozen=True, slots=True)
class Ending:
    """The end of a run: why, and a sentence that says so."""

    reason: Reason
    sentence: str


def begin(landscape: Landscape, settings: Settings, w: float = 0.0, b: float = 0.0) -> State:
    """The state at iteration 0, at the point (w, b).

    Raises:
        ValueError: if w or b is not finite, or so large that the loss is not.
    """
    WEIGHT.check(w)
    BIAS.check(b)
    value, gradient = landscape.seen(0).loss_and_gradient(w, b)
    if not isfinite(value):
        raise ValueError(f"the loss at w={w:g}, b={b:g} is too large for a number; start nearer to the data")
    optimizer = settings.optimizer
    return State(0, w, b, value, gradient, settings.learning_rate, (optimizer.memory(), optimizer.memory()))


def adopt(state: State, settings: Settings, optimizer: Optimizer) -> State:
    """The same point under new settings, coming from `optimizer`; another kind of optimizer remembers nothing yet."""
    memory = state.memory
    if type(settings.optimizer) is not type(optimizer):
        memory = (settings.optimizer.memory(), settings.optimizer.memory())
    return state._replace(learning_rate=settings.learning_rate, memory=memory)


def advance(landscape: Landscape, optimizer: Optimizer, state: State, train_bias: bool = False) -> State:
    """One step against the gradient: the state after `state`.

        w <- w - step(dL/dw)        b <- b - step(dL/db), only where the bias is trained

    Elementwise: a state whose values are arrays is as many runs at once.

    Example:
        >>> from gdcore.landscapes.bowl import MeanSquaredError
        >>> loss = MeanSquaredError.of([1.0, 2.0, 3.0], [3.0, 5.0, 7.0])
        >>> state = begin(loss, Settings(learning_rate=0.1), w=1.0)
        >>> state = advance(loss, GradientDescent(), state)
        >>> state.iteration, round(state.w, 10)
        (1, 2.3333333333)
    """
    w, b, memory = optimizer.move(landscape, state, train_bias)
    iteration = state.iteration + 1
    value, gradient = landscape.seen(iteration).loss_and_gradient(w, b)
    return State(iteration, w, b, value, gradient, state.learning_rate, memory)


def gradient_norm(state: State, train_bias: bool) -> Value:
    """The length of the gradient over the parameters that are trained."""
    slope_w, slope_b = state.gradient
    if not train_bias:
        return abs(slope_w)
    return hypot(slope_w, slope_b) if isinstance(slope_w, float) else abs(slope_w + 1j * slope_b)


def proceed(landscape: Landscape, settings: Settings, limits: Limits, state: State) -> State | Ending:
    """The state after `state`, or why the run ends here."""
    if state.iteration >= limits.iterations:
        return Ending(Reason.ITERATIONS, f"The limit of {_counted(limits.iterations, 'iteration')} is reached.")
    if limits.tolerance is not None:
        norm = gradient_norm(state, settings.train_bias)
        if norm < limits.tolerance:
            return Ending(
                Reason.TOLERANCE,
                f"Converged after {_counted(state.iteration, 'iteration')}: "
                f"the gradient norm {norm:.6g} is below the tolerance {limits.tolerance:g}.",
            )
    following = advance(landscape, settings.optimizer, state, settings.train_bias)
    if not isfinite(following.loss):
        return Ending(
            Reason.DIVERGED,
            f"Diverged: after iteration {state.iteration} the loss is too large for a number; "
            f"the last finite loss was {state.loss:.6g}.",
        )
    return following


def descend(landscape: Landscape, settings: Settings, limits: Limits, state: State) -> Generator[State, None, Ending]:
    """Yield the states of a run from `state` on, that one first, and return the ending.

    Any state can be the start of a run under other settings: what the optimizer remembers is on it (`adopt`).

    Example:
        >>> from gdcore.landscapes.bowl import MeanSquaredError
        >>> loss = MeanSquaredError.of([1.0, 2.0, 3.0], [3.0, 5.0, 7.0])
        >>> settings = Settings(learning_rate=0.1)
        >>> for state in descend(loss, settings, Limits(iterations=2), begin(loss, settings)):
        ...     print(f"{state.iteration} {state.w:.4f} {state.loss:.4f}")
        0 0.0000 27.6667
        1 2.2667 0.2652
        2 2.4178 0.1434
    """
    while True:
        yield state
        following = proceed(landscape, settings, limits, state)
        if isinstance(following, Ending):
            return following
        state = following


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"
