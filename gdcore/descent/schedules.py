"""The schedules: how the learning rate changes with the iteration.

Vocabulary
    base rate   the learning rate that a person sets
    t           iterations since the schedule was chosen, from 0
    factor      what the base rate is multiplied by: rate = base * factor

A schedule is frozen hyperparameters, the iteration `since` from which it counts, and a pure function of the iteration.
So the rate of any state is known without history: stepping back, branching and sessions all give the same rate. Before
`since`, t is 0.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from math import cos, pi
from typing import TYPE_CHECKING, ClassVar

from gdcore.descent.parameters import EVERY, GAMMA, PERIOD, SCHEDULE_DECAY, SINCE, Parameter, add_kind
from gdcore.inert import quoted

if TYPE_CHECKING:
    from collections.abc import Sequence

_PARAMETERS = {parameter.name: parameter for parameter in (SCHEDULE_DECAY, GAMMA, PERIOD, EVERY, SINCE)}


@dataclass(frozen=True, slots=True)
class Schedule:
    """Base class of the schedules: frozen hyperparameters and a pure function of the iteration."""

    name: ClassVar[str]
    title: ClassVar[str]
    formula: ClassVar[str]
    varies: ClassVar[bool] = True
    """Whether the factor is ever different from 1."""

    def __post_init__(self) -> None:
        for item in fields(self):
            _PARAMETERS[item.name].check(getattr(self, item.name))

    def factor(self, iteration: int) -> float:
        """Return the factor of the base rate for the step from an iteration."""
        raise NotImplementedError

    @property
    def text(self) -> str:
        """The schedule as text for `parse`, without `since`.

        >>> Step(0.5, 20, since=7).text
        'step:0.5,20'
        """
        values = [getattr(self, parameter.name) for parameter in schedule_parameters(type(self))]
        return ":".join((self.name, ",".join(f"{value!r}" for value in values))) if values else self.name


@dataclass(frozen=True, slots=True)
class Constant(Schedule):
    """The rate stays: factor = 1.

    >>> Constant().factor(1000)
    1.0
    """

    name: ClassVar[str] = "constant"
    title: ClassVar[str] = "constant"
    formula: ClassVar[str] = "lr"
    varies: ClassVar[bool] = False

    def factor(self, iteration: int) -> float:
        """1."""
        del iteration
        return 1.0


@dataclass(frozen=True, slots=True)
class Inverse(Schedule):
    """Inverse decay: factor = 1 / (1 + decay * t).

    The rates fall to 0, yet their sum has no limit: a run can get anywhere and still come to rest in spite of chance
    (H. Robbins, S. Monro 1951).

    >>> Inverse(0.5).factor(2)
    0.5

    Raises:
        ValueError: if decay is negative.
    """

    name: ClassVar[str] = "inverse"
    title: ClassVar[str] = "inverse decay"
    formula: ClassVar[str] = "lr / (1 + decay*t)"

    decay: float = 0.01
    since: int = 0

    def factor(self, iteration: int) -> float:
        """1 / (1 + decay * t)."""
        return 1 / (1 + self.decay * max(iteration - self.since, 0))


@dataclass(frozen=True, slots=True)
class Exponential(Schedule):
    """Exponential decay: factor = gamma^t. As torch.optim.lr_scheduler.ExponentialLR, a step for an epoch.

    The rates have a finite sum: a run that starts too far away, or falls too fast, stops on its way.

    >>> Exponential(0.5).factor(3)
    0.125

    Raises:
        ValueError: if gamma is not above 0 and at most 1.
    """

    name: ClassVar[str] = "exponential"
    title: ClassVar[str] = "exponential decay"
    formula: ClassVar[str] = "lr * gamma^t"

    gamma: float = 0.99
    since: int = 0

    def factor(self, iteration: int) -> float:
        """gamma^t."""
        return float(self.gamma ** max(iteration - self.since, 0))


@dataclass(frozen=True, slots=True)
class Cosine(Schedule):
    """Half a cosine: factor = (1 + cos(pi * t / period)) / 2 until t = period, then 0.

    As torch.optim.lr_scheduler.CosineAnnealingLR up to its T_max (I. Loshchilov, F. Hutter 2017), without its rise
    afterwards: from there on the run stands still.

    >>> round(Cosine(100).factor(50), 9), Cosine(100).factor(100)
    (0.5, 0.0)

    Raises:
        ValueError: if period is not a whole number from 1.
    """

    name: ClassVar[str] = "cosine"
    title: ClassVar[str] = "cosine"
    formula: ClassVar[str] = "lr * (1 + cos(pi*t/period)) / 2, from t = period on 0"

    period: int = 100
    since: int = 0

    def factor(self, iteration: int) -> float:
        """(1 + cos(pi * t / period)) / 2, and 0 in the end."""
        t = max(iteration - self.since, 0)
        return (1 + cos(pi * t / self.period)) / 2 if t < self.period else 0.0


@dataclass(frozen=True, slots=True)
class Step(Schedule):
    """Falls in steps: factor = gamma^floor(t / every). As torch.optim.lr_scheduler.StepLR, a step for an epoch.

    >>> [Step(0.5, 10).factor(iteration) for iteration in (9, 10, 20)]
    [1.0, 0.5, 0.25]

    Raises:
        ValueError: if gamma is not above 0 and at most 1, or every is not a whole number from 1.
    """

    name: ClassVar[str] = "step"
    title: ClassVar[str] = "steps"
    formula: ClassVar[str] = "lr * gamma^floor(t/every)"

    gamma: float = 0.5
    every: int = 50
    since: int = 0

    def factor(self, iteration: int) -> float:
        """gamma^floor(t / every)."""
        return float(self.gamma ** (max(iteration - self.since, 0) // self.every))


SCHEDULES: dict[str, type[Schedule]] = {kind.name: kind for kind in (Constant, Inverse, Exponential, Cosine, Step)}
"""The schedules by name, the simplest first."""


def register(kind: type[Schedule], parameters: Sequence[Parameter] = ()) -> None:
    """Add a kind of schedule, which is then known by its name.

    Args:
        kind: the kind; its hyperparameters have defaults.
        parameters: a description of each hyperparameter that no earlier kind has.

    Example:
        >>> register(Constant)
        Traceback (most recent call last):
        ValueError: there is a schedule constant already

    Raises:
        ValueError: if its name is taken, or a hyperparameter is unknown or described differently elsewhere.
    """
    add_kind(SCHEDULES, _PARAMETERS, kind, parameters, "a schedule")


def schedule_parameters(kind: type[Schedule]) -> tuple[Parameter, ...]:
    """The hyperparameters of a kind of schedule, in order, without `since`; their defaults are those of `kind()`.

    Example:
        >>> [parameter.name for parameter in schedule_parameters(Step)]
        ['gamma', 'every']
    """
    return tuple(_PARAMETERS[item.name] for item in fields(kind) if item.name != SINCE.name)


def chosen(schedule: Schedule, iteration: int, before: Schedule) -> Schedule:
    """Set `since` of a schedule chosen at an iteration; if it equals `before`, it keeps counting.

    Example:
        >>> chosen(Cosine(100), 40, Constant()), chosen(Cosine(100), 60, Cosine(100, since=40))
        (Cosine(period=100, since=40), Cosine(period=100, since=40))
    """
    if not schedule.varies:
        return schedule
    if type(schedule) is type(before) and schedule.text == before.text:
        return before
    return replace(schedule, since=iteration)  # type: ignore[call-arg]


def parse(text: str) -> Schedule:
    """Parse a schedule: its name, and optionally a colon and hyperparameters.

    Example:
        >>> parse("step"), parse("step:0.1,30"), parse("step:every=30")
        (Step(gamma=0.5, every=50, since=0), Step(gamma=0.1, every=30, since=0), Step(gamma=0.5, every=30, since=0))
        >>> parse("cosine:0")
        Traceback (most recent call last):
        ValueError: period must be a whole number from 1, not 0

    Raises:
        ValueError: if there is no such schedule, or a hyperparameter does not belong to it.
    """
    name, colon, rest = (part.strip() for part in text.partition(":"))
    if name not in SCHEDULES:
        raise ValueError(f"there is no schedule {quoted(name)}; choose one of {', '.join(SCHEDULES)}")
    kind = SCHEDULES[name]
    own = {parameter.name: parameter for parameter in schedule_parameters(kind)}
    free = list(own)
    values: dict[str, float] = {}
    for part in rest.split(",") if colon else ():
        called, equals, number = (piece.strip() for piece in part.rpartition("="))
        called = called if equals else next((left for left in free if left not in values), "")
        if called not in own or called in values:
            has = f"it has {', '.join(own)}" if own else "it has no hyperparameters"
            raise ValueError(f"{quoted(part.strip())} means nothing to the schedule {name}: {has}")
        values[called] = own[called].parse(number)
    return kind(**values)
