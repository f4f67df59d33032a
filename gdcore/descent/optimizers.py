"""The optimizers: how far to step, given the gradient.

Vocabulary
    gradient g       the slope of the loss along one parameter
    learning rate    how long a step is for a given gradient
    memory           what an optimizer keeps from earlier gradients, separately for each parameter
    step             what is taken off the parameter: w <- w - step

An optimizer is its hyperparameters and a pure rule, `step(gradient, memory, learning_rate) -> (step, memory)`. The
rule is elementwise: the same formula serves a weight, a bias and a whole sweep of learning rates. Definitions and
default hyperparameters are those of PyTorch 2 (torch.optim).

What a rule does on a quadratic with second derivative c depends only on s = learning rate * c. `stable_below` is the s
at which it begins to diverge and `overshoots_above` the s at which it begins to cross the minimum; `contraction(s)` is
the factor by which, in the long run, each step multiplies the error. Adaptive optimizers have no such number.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from math import inf, isfinite, sqrt
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from gdcore.descent.parameters import BETA1, BETA2, DECAY, EPS, MOMENTUM, Parameter, add_kind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gdcore.descent.state import Memory, State
    from gdcore.landscapes.landscape import Landscape, Value


_PARAMETERS = {parameter.name: parameter for parameter in (MOMENTUM, DECAY, BETA1, BETA2, EPS)}


@dataclass(frozen=True, slots=True)
class Optimizer:
    """Base class of the optimizers: frozen hyperparameters and a pure rule."""

    name: ClassVar[str]
    title: ClassVar[str]

    def __post_init__(self) -> None:
        for item in fields(self):
            _PARAMETERS[item.name].check(getattr(self, item.name))

    def memory(self) -> Memory:
        """Return the memory before the first step."""
        raise NotImplementedError

    def step(self, gradient: Value, memory: Memory, learning_rate: Value) -> tuple[Value, Memory]:
        """The step to take off the parameter, and what to remember."""
        raise NotImplementedError

    def move(self, landscape: Landscape, state: State, train_bias: bool) -> tuple[Value, Value, tuple[Memory, Memory]]:
        """Return (w, b, memories) after one step: w <- w - step, and b <- b - step if it is trained.

        `landscape` is what this step sees: the whole landscape or that of its batch.
        """
        del landscape  # only the gradient is needed
        # Never in place: an array belongs to the state, which must not change.
        _, w, b, _, (slope_w, slope_b), learning_rate, (memory_w, memory_b) = state
        step_w, memory_w = self.step(slope_w, memory_w, learning_rate)
        if not train_bias:
            return w - step_w, b, (memory_w, memory_b)
        step_b, memory_b = self.step(slope_b, memory_b, learning_rate)
        return w - step_w, b - step_b, (memory_w, memory_b)

    @property
    def stable_below(self) -> float | None:
        """The s at which it begins to diverge; None if it depends on more than s."""
        return None

    @property
    def overshoots_above(self) -> float | None:
        """The s at which it begins to cross the minimum; None if it depends on more than s."""
        return None

    def contraction(self, s: float) -> float | None:  # noqa: ARG002
        """The long-run factor by which a step multiplies the error; None if there is no fixed factor."""
        return None


class Nothing(NamedTuple):
    """The memory of an optimizer that remembers nothing."""


@dataclass(frozen=True, slots=True)
class GradientDescent(Optimizer):
    """Plain gradient descent: step = learning_rate * g.

    On a quadratic the error shrinks by the factor 1 - s a step: without overshoot up to s = 1, which lands on the
    minimum, with overshoot up to s = 2, and beyond that it grows. As torch.optim.SGD without options.

    Example:
        >>> GradientDescent().step(4.0, Nothing(), 0.1)
        (0.4, Nothing())
    """

    name: ClassVar[str] = "gradient-descent"
    title: ClassVar[str] = "gradient descent"

    def memory(self) -> Nothing:
        """Nothing is remembered."""
        return Nothing()

    def step(self, gradient: Value, memory: Nothing, learning_rate: Value) -> tuple[Value, Nothing]:
        """The step learning_rate * gradient."""
        return learning_rate * gradient, memory

    @property
    def stable_below(self) -> float:
        """2."""
        return 2.0

    @property
    def overshoots_above(self) -> float:
        """1, where a step lands on the minimum."""
        return 1.0

    def contraction(self, s: float) -> float:
        """|1 - s|."""
        return abs(1 - s)


class Velocity(NamedTuple):
    """The memory of momentum: the running sum of gradients."""

    velocity: Value


@dataclass(frozen=True, slots=True)
class Momentum(Optimizer):
    """Momentum, the heavy ball: v <- momentum * v + g, step = learning_rate * v.

    As torch.optim.SGD(momentum=...): v is a sum of gradients, without the learning rate inside, so that a change of
    the rate acts at once (Polyak's original keeps the rate in v). On a quadratic the errors obey
    e'' = (1 + momentum - s) * e' - momentum * e (B. T. Polyak 1964).

    Example:
        >>> Momentum(momentum=0.5).step(4.0, Velocity(2.0), 0.1)
        (0.5, Velocity(velocity=5.0))

    Raises:
        ValueError: if momentum is not in [0, 1).
    """

    name: ClassVar[str] = "momentum"
    title: ClassVar[str] = "momentum"

    momentum: float = 0.9

    @property
    def stable_below(self) -> float:
        """2 * (1 + momentum)."""
        return 2 * (1 + self.momentum)

    @property
    def overshoots_above(self) -> float:
        """(1 - sqrt(momentum))^2, where the errors begin to swing."""
        return (1 - sqrt(self.momentum)) ** 2

    def memory(self) -> Velocity:
        """A velocity of 0."""
        return Velocity(0.0)

    def step(self, gradient: Value, memory: Velocity, learning_rate: Value) -> tuple[Value, Velocity]:
        """The step along the velocity."""
        velocity = self.momentum * memory.velocity + gradient
        return learning_rate * velocity, Velocity(velocity)

    def contraction(self, s: float) -> float:
        """The larger root of z^2 = (1 + momentum - s) * z - momentum, in absolute value."""
        return _largest_root(1 + self.momentum - s, self.momentum)


@dataclass(frozen=True, slots=True)
class Nesterov(Optimizer):
    """Nesterov momentum: v <- momentum * v + g, step = learning_rate * (g + momentum * v).

    As torch.optim.SGD(momentum=..., nesterov=True), where the parameter is the point looked ahead to. On a quadratic
    the errors obey e'' = (1 - s) * ((1 + momentum) * e' - momentum * e) (Y. Nesterov 1983).

    Example:
        >>> Nesterov(momentum=0.5).step(4.0, Velocity(2.0), 0.1)
        (0.65, Velocity(velocity=5.0))

    Raises:
        ValueError: if momentum is not in [0, 1).
    """

    name: ClassVar[str] = "nesterov"
    title: ClassVar[str] = "Nesterov momentum"

    momentum: float = 0.9

    @property
    def stable_below(self) -> float:
        """2 * (1 + momentum) / (1 + 2 * momentum)."""
        return 2 * (1 + self.momentum) / (1 + 2 * self.momentum)

    @property
    def overshoots_above(self) -> float:
        """((1 - momentum) / (1 + momentum))^2, where the errors begin to swing."""
        return ((1 - self.momentum) / (1 + self.momentum)) ** 2

    def memory(self) -> Velocity:
        """No velocity."""
        return Velocity(0.0)

    def step(self, gradient: Value, memory: Velocity, learning_rate: Value) -> tuple[Value, Velocity]:
        """The step along the velocity as it will be after this gradient."""
        velocity = self.momentum * memory.velocity + gradient
        return learning_rate * (gradient + self.momentum * velocity), Velocity(velocity)

    def contraction(self, s: float) -> float:
        """The larger root of z^2 = (1 - s) * ((1 + momentum) * z - momentum), in absolute value."""
        return _largest_root((1 - s) * (1 + self.momentum), (1 - s) * self.momentum)


class SquareSum(NamedTuple):
    """The memory of AdaGrad: the sum of squared gradients."""

    square_sum: Value


@dataclass(frozen=True, slots=True)
class AdaGrad(Optimizer):
    """AdaGrad: q <- q + g^2, step = learning_rate * g / (sqrt(q) + eps).

    Each parameter gets a rate of its own, which only ever shrinks (J. Duchi, E. Hazan, Y. Singer 2011). As
    torch.optim.Adagrad, without its decay of the learning rate.

    Example:
        >>> AdaGrad(eps=1.0).step(3.0, SquareSum(16.0), 0.5)
        (0.25, SquareSum(square_sum=25.0))

    Raises:
        ValueError: if eps is not positive.
    """

    name: ClassVar[str] = "adagrad"
    title: ClassVar[str] = "AdaGrad"

    eps: float = 1e-10

    def memory(self) -> SquareSum:
        """No gradients yet."""
        return SquareSum(0.0)

    def step(self, gradient: Value, memory: SquareSum, learning_rate: Value) -> tuple[Value, SquareSum]:
        """The gradient over the root of the sum of all squares so far."""
        square_sum = memory.square_sum + gradient * gradient
        return learning_rate * gradient / (square_sum**0.5 + self.eps), SquareSum(square_sum)


class MeanSquare(NamedTuple):
    """The memory of RMSprop: the running mean of squared gradients."""

    mean_square: Value


@dataclass(frozen=True, slots=True)
class RMSprop(Optimizer):
    """RMSprop: q <- decay * q + (1 - decay) * g^2, step = learning_rate * g / (sqrt(q) + eps).

    AdaGrad with a memory that fades (T. Tieleman, G. Hinton 2012). As torch.optim.RMSprop, where decay is called
    alpha; eps stands outside the root, unlike in TensorFlow.

    Example:
        >>> RMSprop(decay=0.5, eps=1.0).step(4.0, MeanSquare(16.0), 0.1)
        (0.08, MeanSquare(mean_square=16.0))

    Raises:
        ValueError: if decay is not in [0, 1) or eps is not positive.
    """

    name: ClassVar[str] = "rmsprop"
    title: ClassVar[str] = "RMSprop"

    decay: float = 0.99
    eps: float = 1e-8

    def memory(self) -> MeanSquare:
        """No gradients yet."""
        return MeanSquare(0.0)

    def step(self, gradient: Value, memory: MeanSquare, learning_rate: Value) -> tuple[Value, MeanSquare]:
        """The gradient over the root of the mean square of the recent ones."""
        mean_square = self.decay * memory.mean_square + (1 - self.decay) * (gradient * gradient)
        return learning_rate * gradient / (mean_square**0.5 + self.eps), MeanSquare(mean_square)


class AdamMemory(NamedTuple):
    """The memory of Adam: the running means of gradients and of their squares, and how many there were."""

    mean: Value
    mean_square: Value
    steps: int


@dataclass(frozen=True, slots=True)
class Adam(Optimizer):
    """Adam: step = learning_rate * m / (1 - beta1^t) / (sqrt(q / (1 - beta2^t)) + eps) at the t-th gradient.

        m <- beta1 * m + (1 - beta1) * g        running mean of the gradients
        q <- beta2 * q + (1 - beta2) * g^2      running mean of their squares

    Dividing by 1 - beta^t corrects for means that began at zero, so that the first step is as long as the learning
    rate, whatever the gradient (D. P. Kingma, J. Ba 2015). As torch.optim.Adam; eps stands outside the root.

    Example:
        >>> step, memory = Adam().step(-500.0, Adam().memory(), 0.1)
        >>> round(step, 9), memory.steps
        (-0.1, 1)

    Raises:
        ValueError: if beta1 or beta2 is not in [0, 1) or eps is not positive.
    """

    name: ClassVar[str] = "adam"
    title: ClassVar[str] = "Adam"

    beta1: float = 0.9
    beta2: float = 0.999
    eps: float = 1e-8

    def memory(self) -> AdamMemory:
        """No gradients yet."""
        return AdamMemory(0.0, 0.0, 0)

    def step(self, gradient: Value, memory: AdamMemory, learning_rate: Value) -> tuple[Value, AdamMemory]:
        """The mean gradient over the root of the mean square, both corrected for their start at zero."""
        steps = memory.steps + 1
        mean = self.beta1 * memory.mean + (1 - self.beta1) * gradient
        mean_square = self.beta2 * memory.mean_square + (1 - self.beta2) * (gradient * gradient)
        corrected_mean = mean / (1 - self.beta1**steps)
        corrected_square = mean_square / (1 - self.beta2**steps)
        step = learning_rate * corrected_mean / (corrected_square**0.5 + self.eps)
        return step, AdamMemory(mean, mean_square, steps)


@dataclass(frozen=True, slots=True)
class Nudge(Optimizer):
    """Nudging, which knows no gradient: try w + lr, w - lr, b + lr, b - lr and keep the first that lowers the loss.

    Every move has the length of the learning rate, however steep the ground, so it walks far ones slowly and cannot
    come nearer to the minimum than that length. It moves one parameter at a time (a coordinate search, the simplest of
    the direct search methods: R. Hooke, T. A. Jeeves 1961).

    Example:
        >>> from gdcore.descent.steps import Settings, advance, begin
        >>> from gdcore.landscapes.bowl import MeanSquaredError
        >>> loss = MeanSquaredError.of([1.0, 2.0, 3.0], [3.0, 5.0, 7.0])
        >>> state = begin(loss, Settings(0.25, Nudge()))
        >>> advance(loss, Settings(0.25, Nudge()), state).w
        0.25
    """

    name: ClassVar[str] = "nudge"
    title: ClassVar[str] = "nudging"

    def memory(self) -> Nothing:
        """Nothing is remembered."""
        return Nothing()

    def move(self, landscape: Landscape, state: State, train_bias: bool) -> tuple[Value, Value, tuple[Memory, Memory]]:
        """Where the first nudge that helps leads; nowhere if none does."""
        w, b, here, rate = state.w, state.b, state.loss, state.learning_rate
        # The conditions are used as numbers 0 or 1, so that arrays work too.
        right = (landscape(w + rate, b) < here) * 1
        left = (1 - right) * (landscape(w - rate, b) < here)
        stay = (1 - right - left) * train_bias
        up = stay * (landscape(w, b + rate) < here)
        down = (stay - up) * (landscape(w, b - rate) < here)
        return w + rate * (right - left), b + rate * (up - down), state.memory


OPTIMIZERS: dict[str, type[Optimizer]] = {
    kind.name: kind for kind in (GradientDescent, Momentum, Nesterov, AdaGrad, RMSprop, Adam, Nudge)
}
"""The optimizers by name, the simplest first; last the one that needs no gradient."""


def register(kind: type[Optimizer], parameters: Sequence[Parameter] = ()) -> None:
    """Add a kind of optimizer, which is then known by its name.

    Args:
        kind: the kind; its hyperparameters have defaults.
        parameters: a description of each hyperparameter that no earlier kind has.

    Example:
        >>> register(GradientDescent)
        Traceback (most recent call last):
        ValueError: there is an optimizer gradient-descent already

    Raises:
        ValueError: if its name is taken, or a hyperparameter is unknown or described differently elsewhere.
    """
    add_kind(OPTIMIZERS, _PARAMETERS, kind, parameters, "an optimizer")


def hyperparameters(kind: type[Optimizer]) -> tuple[Parameter, ...]:
    """The hyperparameters of a kind of optimizer, in order; their defaults are those of `kind()`.

    Example:
        >>> [parameter.name for parameter in hyperparameters(RMSprop)]
        ['decay', 'eps']
    """
    return tuple(_PARAMETERS[item.name] for item in fields(kind))


def _largest_root(linear: float, constant: float) -> float:
    """The larger absolute value of the roots of z^2 - linear * z + constant."""
    discriminant = linear * linear - 4 * constant
    if discriminant < 0:
        return sqrt(constant)
    if not isfinite(discriminant):
        return inf
    return (abs(linear) + sqrt(discriminant)) / 2
