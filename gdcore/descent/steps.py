"""A descent: states, the step from one to the next, and how a run can end.

Vocabulary
    state       where a run stands: a point (w, b), everything measured at it, and what the optimizer remembers
    settings    what decides the next step: learning rate, optimizer, whether b is trained, schedule, batch
    batch       the rows that one step sees; without it, all of them
    base        the learning rate before the schedule: rate = base * factor(iteration)
    limits      what ends a run: a number of iterations, a gradient small enough

    advance     one step: state -> state
    proceed     one step, or the reason why there is none
    descend     the states of a whole run, one by one
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from math import hypot, isfinite, isnan
from typing import TYPE_CHECKING

from gdcore.descent.optimizers import GradientDescent, Optimizer
from gdcore.descent.parameters import BIAS, ITERATIONS, LEARNING_RATE, TOLERANCE, WEIGHT
from gdcore.descent.schedules import Constant, Schedule
from gdcore.descent.state import State

if TYPE_CHECKING:
    from collections.abc import Generator

    from gdcore.descent.batches import Batch
    from gdcore.landscapes.landscape import Landscape, Value


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of a step; they may change between steps.

    Attributes:
        learning_rate: the base rate, which the schedule multiplies.
        optimizer: the rule.
        train_bias: whether b is trained too.
        schedule: how the rate changes with the iteration.
        batch: which rows a step sees; None for all of them.

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
    schedule: Schedule = Constant()  # noqa: RUF009 (it is frozen)
    batch: Batch | None = None

    def __post_init__(self) -> None:
        LEARNING_RATE.check(self.learning_rate)

    def rate(self, iteration: int) -> float:
        """The learning rate of the step from an iteration."""
        return self.learning_rate * self.schedule.factor(iteration) if self.schedule.varies else self.learning_rate


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of a run: at most `iterations` steps, and optionally a gradient norm below `tolerance`.

    With batches the norm is that of the batch gradient: the full gradient would cost a pass over all rows.

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
    UNDEFINED = "undefined"

    @property
    def leaves_the_numbers(self) -> bool:
        """Whether the run ended because the next loss would not be finite."""
        return self in (Reason.DIVERGED, Reason.UNDEFINED)


@dataclass(frozen=True, slots=True)
class Ending:
    """The end of a run: why, and a sentence that says so."""

    reason: Reason
    sentence: str


def begin(landscape: Landscape, settings: Settings, w: float = 0.0, b: float = 0.0, iteration: int = 0) -> State:
    """The state at the point (w, b) before the first step, at iteration 0 unless another is given.

    Raises:
        ValueError: if w or b is not finite, or so large that the loss is not; if there is a batch, and no rows.
    """
    WEIGHT.check(w)
    BIAS.check(b)
    value, gradient = landscape.seen(iteration, settings.batch).loss_and_gradient(w, b)
    if isnan(value) and not landscape.exact:
        raise ValueError(f"{_place(landscape, w, b)} the loss is no number; start elsewhere")
    if not isfinite(value):
        raise ValueError(f"the loss at w={w:g}, b={b:g} is too large for a number; start nearer to the data")
    optimizer = settings.optimizer
    memories = (optimizer.memory(), optimizer.memory())
    return State(iteration, w, b, value, gradient, settings.rate(iteration), memories)


def adopt(landscape: Landscape, state: State, settings: Settings, before: Settings) -> State:
    """Return the same point under new settings; `before` are the old ones.

    Another kind of optimizer starts with an empty memory. With another batch the loss is measured again.

    Raises:
        ValueError: if there is a batch but there are no rows.
    """
    iteration, w, b, value, gradient, _, memory = state
    if type(settings.optimizer) is not type(before.optimizer):
        memory = (settings.optimizer.memory(), settings.optimizer.memory())
    if settings.batch != before.batch:
        value, gradient = landscape.seen(iteration, settings.batch).loss_and_gradient(w, b)
    return State(iteration, w, b, value, gradient, settings.rate(iteration), memory)


def advance(landscape: Landscape, settings: Settings, state: State, base: Value | None = None) -> State:
    """One step against the gradient: the state after `state`.

        w <- w - step(dL/dw)        b <- b - step(dL/db), only where the bias is trained

    The step takes the rate of `state`. Under a constant schedule the rate of the next state is the same; otherwise it
    is the base rate times the factor of its iteration.

    Works elementwise: a state of arrays is many runs at once.

    Args:
        landscape: the whole landscape; it selects what the step sees.
        settings: the settings in force.
        state: where to step from.
        base: the base rate, if not that of the settings (used for many runs at once).

    Example:
        >>> from gdcore.landscapes.bowl import MeanSquaredError
        >>> loss = MeanSquaredError.of([1.0, 2.0, 3.0], [3.0, 5.0, 7.0])
        >>> settings = Settings(learning_rate=0.1)
        >>> state = begin(loss, settings, w=1.0)
        >>> state = advance(loss, settings, state)
        >>> state.iteration, round(state.w, 10)
        (1, 2.3333333333)
    """
    iteration, batch = state.iteration + 1, settings.batch
    if batch is None:
        w, b, memory = settings.optimizer.move(landscape, state, settings.train_bias)
        value, gradient = landscape.loss_and_gradient(w, b)
    else:
        w, b, memory = settings.optimizer.move(landscape.seen(iteration - 1, batch), state, settings.train_bias)
        value, gradient = landscape.seen(iteration, batch).loss_and_gradient(w, b)
    rate = state.learning_rate
    if settings.schedule.varies:
        rate = (settings.learning_rate if base is None else base) * settings.schedule.factor(iteration)
    return State(iteration, w, b, value, gradient, rate, memory)


def whole(landscape: Landscape, settings: Settings, state: State) -> State:
    """Return the state with loss and gradient of all rows instead of those of its batch."""
    if settings.batch is None or landscape.seen(state.iteration, settings.batch) is landscape:
        return state
    return measured(landscape, state)


def measured(landscape: Landscape, state: State) -> State:
    """Return the state with loss and gradient measured on `landscape`."""
    value, gradient = landscape.loss_and_gradient(state.w, state.b)
    return state._replace(loss=value, gradient=gradient)


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
                f"the gradient norm {'of the batch ' * (settings.batch is not None)}{norm:.6g} "
                f"is below the tolerance {limits.tolerance:g}.",
            )
    following = advance(landscape, settings, state)
    if isnan(following.loss) and not landscape.exact and isfinite(following.w) and isfinite(following.b):
        where = _place(landscape, following.w, following.b)
        return Ending(
            Reason.UNDEFINED, f"No step: {where}, where the next one lands, the loss is no number. Try a smaller rate."
        )
    if not isfinite(following.loss):
        return Ending(
            Reason.DIVERGED,
            f"Diverged: after iteration {state.iteration} the loss is too large for a number; "
            f"the last finite loss was {state.loss:.6g}.",
        )
    return following


def descend(landscape: Landscape, settings: Settings, limits: Limits, state: State) -> Generator[State, None, Ending]:
    """Yield the states of a run from `state` on, that one first, and return the ending.

    Any state can start a run under other settings; `adopt` says what happens to the memory.

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


def _place(landscape: Landscape, w: float, b: float) -> str:
    return f"at w = {w:.6g}" + f", b = {b:.6g}" * landscape.has_bias


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"
