"""What a check is: one thing that a task asks for, and the sentence on what a run did instead."""

from __future__ import annotations

from dataclasses import dataclass
from math import isnan
from typing import TYPE_CHECKING, Any, ClassVar

from gdcore.descent.parameters import Range

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np

    from gdcore.course.walks import Run

STEPS = Range("a whole number from 1 to 100,000", low=1, high=100_000, whole=True)


def at(step: int | np.integer[Any]) -> str:
    """Return the words for an iteration in a sentence."""
    return f"at step {int(step):,}"


def steps(count: int) -> str:
    """Return the words for a number of steps.

    >>> steps(1), steps(2000)
    ('1 step', '2,000 steps')
    """
    return "1 step" if count == 1 else f"{count:,} steps"


def in_a_row(count: int) -> str:
    """Return the words for steps without another one between them.

    >>> in_a_row(1), in_a_row(3)
    ('1 step', '3 steps in a row')
    """
    return steps(count) + " in a row" * (count > 1)


def number(value: float) -> str:
    """Format a number with six digits for a sentence.

    >>> number(812.8666666667), number(20000.0), number(float("nan"))
    ('812.867', '20000', 'unknown')
    """
    return "unknown" if isnan(value) else f"{value:.6g}"


@dataclass(frozen=True, kw_only=True)
class Check:
    """A requirement that one run must meet.

    Attributes:
        run: a name; all checks with the same name must be met by the same run.
        text: the requirement in the teacher's words; empty to use `sentence`.
    """

    kind: ClassVar[str]
    run: str = ""
    text: str = ""

    @property
    def asked(self) -> str:
        """What it asks for."""
        return self.text.rstrip(".") or self.sentence()

    def sentence(self) -> str:
        """What it asks for, in the program's words."""
        raise NotImplementedError

    def met_at(self, run: Run) -> int | None:
        """Return the first iteration at which the run meets the check, or None."""
        raise NotImplementedError

    def why_not(self, run: Run) -> str:
        """Explain how the run misses the requirement."""
        raise NotImplementedError


@dataclass(frozen=True, kw_only=True)
class CheckOfAll:
    """A requirement on all runs together, or on the answer."""

    kind: ClassVar[str]
    text: str = ""

    @property
    def asked(self) -> str:
        """What it asks for."""
        return self.text.rstrip(".") or self.sentence()

    def sentence(self) -> str:
        """What it asks for, in the program's words."""
        raise NotImplementedError

    def why_not_all(self, runs: Sequence[Run]) -> str:
        """Explain what is missing; empty if nothing is."""
        raise NotImplementedError
