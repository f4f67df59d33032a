"""The numbers a user can set: their names, their ranges, and the error message for other values.

The same message is used everywhere: in an exception, on the command line, at a field of a form.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, fields
from math import nextafter
from sys import float_info
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, TypeVar

from gdcore.inert import quoted

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class Range:
    """The values from `low` to `high`, both included and finite, with a description."""

    words: str
    low: float = -float_info.max
    high: float = float_info.max
    whole: bool = False

    def __contains__(self, value: float) -> bool:
        return self.low <= value <= self.high and (not self.whole or value == int(value))


FINITE = Range("a finite number")
POSITIVE = Range("a positive number", low=nextafter(0, 1))
FRACTION = Range("a number from 0 up to but not including 1", low=0, high=nextafter(1, 0))
NOT_NEGATIVE = Range("a number from 0", low=0)
SHARE = Range("a number above 0 and at most 1", low=nextafter(0, 1), high=1)
COUNT = Range("a whole number from 0", low=0, whole=True)
STEPS = Range("a whole number from 1", low=1, whole=True)
SEEDS = Range("a whole number from 0 to 2**63 - 1", low=0, high=2**63 - 1, whole=True)


@dataclass(frozen=True, slots=True)
class Parameter:
    """A number that a user can set.

    Attributes:
        name: its name in the code, as in `learning_rate`.
        range: the values it may have.
        description: what it is, in a line.

    Example:
        >>> LEARNING_RATE.parse("1e-3")
        0.001
        >>> LEARNING_RATE.parse("-0.1")
        Traceback (most recent call last):
        ValueError: learning rate must be a positive number, not -0.1
    """

    name: str
    range: Range
    description: str

    @property
    def title(self) -> str:
        """The name as written in a sentence."""
        return self.name.replace("_", " ")

    def check(self, value: float) -> None:
        """Check that a value is in range.

        Raises:
            ValueError: if the value is out of range, with the sentence that says so.
        """
        if value not in self.range:
            raise ValueError(f"{self.title} must be {self.range.words}, not {str(value).removesuffix('.0')}")

    def parse(self, text: str) -> float:
        """Parse a text; the result is a whole number if the range is of whole numbers.

        Raises:
            ValueError: if the text is not a number or out of range, with the sentence that says so.
        """
        try:
            value = _read(text, self.range.whole)
        except ValueError:
            raise ValueError(f"{self.title} must be {self.range.words}, not {quoted(text)}") from None
        self.check(value)
        return int(value) if self.range.whole else value


class Kind(Protocol):
    """A kind of optimizer or schedule: a dataclass with a name; each field is a parameter."""

    name: ClassVar[str]
    __dataclass_fields__: ClassVar[dict[str, Any]]


AnyKind = TypeVar("AnyKind", bound=Kind)


def add_kind(
    kinds: dict[str, type[AnyKind]],
    known: dict[str, Parameter],
    kind: type[AnyKind],
    parameters: Sequence[Parameter],
    what: str,
) -> None:
    """Add a kind to `kinds`, and its new parameters to `known`.

    Args:
        kinds: the kinds by name; `kind` is added.
        known: the parameters by name; new ones are added.
        kind: the kind.
        parameters: those of its parameters that are new.
        what: the word for a kind, with its article, for error messages.

    Raises:
        ValueError: if its name is taken, or a hyperparameter is unknown or means something else elsewhere.
    """
    if kind.name in kinds:
        raise ValueError(f"there is {what} {kind.name} already")
    new = {parameter.name: parameter for parameter in parameters}
    for item in fields(kind):
        if item.name not in known and item.name not in new:
            raise ValueError(f"nothing is said of the hyperparameter {item.name} of {kind.name}")
    for name, parameter in new.items():
        if known.get(name, parameter) != parameter:
            raise ValueError(f"the hyperparameter {name} of {kind.name} means something else elsewhere")
    known.update(new)
    kinds[kind.name] = kind


def _read(text: str, whole: bool) -> float:
    """Parse a number; whole numbers are parsed as int, as a float cannot hold all their digits."""
    if whole:
        with suppress(ValueError):
            return int(text)
    return float(text)


LEARNING_RATE = Parameter("learning_rate", POSITIVE, "how long a step is for a given gradient")
ITERATIONS = Parameter("iterations", COUNT, "how many steps a run may take")
TOLERANCE = Parameter("tolerance", POSITIVE, "the run ends where the gradient norm falls below it")
WEIGHT = Parameter("weight", FINITE, "where w starts: the slope of the line")
BIAS = Parameter("bias", FINITE, "where b starts: the height of the line at x = 0")
INPUT = Parameter("x", FINITE, "where a prediction is wanted, in the view of the fit")
MOMENTUM = Parameter("momentum", FRACTION, "share of the velocity kept from step to step")
DECAY = Parameter("decay", FRACTION, "share of the mean square kept from step to step")
BETA1 = Parameter("beta1", FRACTION, "share of the mean gradient kept from step to step")
BETA2 = Parameter("beta2", FRACTION, "share of the mean square kept from step to step")
EPS = Parameter("eps", POSITIVE, "small number that keeps the divisor above zero")
BATCH = Parameter("batch", STEPS, "how many rows a step sees; all of them where it is not set")
SEED = Parameter("seed", SEEDS, "which order of rows the batches are taken from")
DELTA = Parameter("delta", POSITIVE, "the error from which on the Huber loss is a straight line")
SCHEDULE_DECAY = Parameter("decay", NOT_NEGATIVE, "how fast the learning rate falls: rate / (1 + decay * t)")
GAMMA = Parameter("gamma", SHARE, "what the learning rate is multiplied by")
PERIOD = Parameter("period", STEPS, "iterations until the learning rate is 0")
EVERY = Parameter("every", STEPS, "iterations between two falls of the learning rate")
SINCE = Parameter("since", COUNT, "the iteration from which on a schedule counts")
