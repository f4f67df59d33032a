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
    """An iteration, for a sentence."""
    return f"at step {int(step):,}"


def number(value: float) -> str:
    """A number as sentences have it: six digits.

    >>> number(812.8666666667), number(20000.0), number(float("nan"))
    ('812.867', '20000', 'unknown')
    """
    return "unknown" if isnan(value) else f"{value:.6g}"


@dataclass(frozen=True, kw_only=True)
class Check:
    """Something a run must do.

    Attributes:
        run: the name of the run that must do it, together with all else that is asked of that run.
        text: what it asks for in the teacher's own words; empty where the program's own will do.
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
        """The first iteration by which the run has done it; None where it has not."""
        raise NotImplementedError

    def why_not(self, run: Run) -> str:
        """What the run did instead."""
        raise NotImplementedError


@dataclass(frozen=True, kw_only=True)
class CheckOfAll:
    """Something that is seen only by looking at all the runs, or at the answer."""

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
        """What is missing; empty where nothing is."""
        raise NotImplementedError
