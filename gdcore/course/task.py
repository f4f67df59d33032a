"""A task and its question."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, isfinite
from typing import TYPE_CHECKING

from gdcore.inert import quoted

if TYPE_CHECKING:
    from gdcore.course.check import Check, CheckOfAll
    from gdcore.course.setup import Setup

ACTIONS = ("step", "run", "back", "rate", "optimizer", "bias", "start", "scale", "retreat", "race", "batch", "schedule")
"""The actions that a question can make wait until it is answered."""


@dataclass(frozen=True)
class Mistake:
    """A particular wrong answer, and the sentence for it."""

    say: str
    low: float = -inf
    high: float = inf
    choice: str = ""

    def fits(self, answer: float | str) -> bool:
        """Whether the answer is this mistake."""
        return answer == self.choice if isinstance(answer, str) else not self.choice and self.low <= answer <= self.high


@dataclass(frozen=True)
class Question:
    """A question, asked before the actions it is about.

    Attributes:
        ask: the question.
        choices: what can be chosen; empty where a number is asked for.
        actual: the right answer.
        tolerance: how far from it a number may be.
        before: actions that wait until it is answered.
        right: the remark on a right answer.
        wrong: the remark on a wrong answer that matches no mistake.
        mistakes: particular wrong answers; the first that fits is used.
    """

    ask: str
    choices: tuple[str, ...]
    actual: float | str
    tolerance: float
    before: tuple[str, ...]
    right: str
    wrong: str
    mistakes: tuple[Mistake, ...]

    def parse(self, text: str) -> float | str:
        """Parse an answer: a number, or a choice given by its number from 1 or its words.

        Raises:
            ValueError: with a sentence, if it is not an answer.
        """
        text = text.strip()
        if not self.choices:
            try:
                value = float(text.replace(",", ".") if text.count(",") == 1 and "." not in text else text)
            except ValueError:
                value = inf
            if not isfinite(value):
                raise ValueError(f"the answer is a number, not {quoted(text)}")
            return value
        folded = text.casefold()
        if text.isascii() and text.isdigit() and 1 <= int(text[:3]) <= len(self.choices):
            return self.choices[int(text[:3]) - 1]
        found = [choice for choice in self.choices if choice.casefold().startswith(folded)] if folded else []
        exact = [choice for choice in found if choice.casefold() == folded]
        if len(exact or found) == 1:
            return (exact or found)[0]
        options = ", ".join(f"{place} for {choice}" for place, choice in enumerate(self.choices, 1))
        raise ValueError(f"the answer is {options}, not {quoted(text)}")

    def is_right(self, answer: float | str) -> bool:
        """Whether the answer is right."""
        if isinstance(answer, str) or isinstance(self.actual, str):
            return answer == self.actual
        return abs(answer - self.actual) <= self.tolerance * (1 + 1e-9)

    def remark(self, answer: float | str) -> str:
        """Return the remark on an answer for when the task is done, with placeholders."""
        if self.is_right(answer):
            return self.right
        return next((mistake.say for mistake in self.mistakes if mistake.fits(answer)), self.wrong)

    def accepts(self, answer: object) -> bool:
        """Whether something could be an answer to it."""
        return answer in self.choices if self.choices else type(answer) is float and isfinite(answer)


@dataclass(frozen=True, eq=False)
class Task:
    """One task.

    Attributes:
        id: identifies the task in what a learner hands in.
        title: a few words.
        text: what to do.
        setup: where it begins.
        question: what is asked first, or None.
        goal: what is checked.
        hints: two, to be shown one at a time.
        why: the explanation shown when it is done, with placeholders.
        solution: lines and the commands that reach the goal.
        any_start: whether runs from another start count.
        any_data: whether runs on other data count.
        teaches: the claims of the lesson that it meets, in a few words each.
        line: where it stands.
    """

    id: str
    title: str
    text: str
    setup: Setup
    question: Question | None
    goal: tuple[Check | CheckOfAll, ...]
    hints: tuple[str, ...]
    why: str
    solution: tuple[tuple[int, str], ...]
    any_start: bool
    any_data: bool
    teaches: tuple[str, ...]
    line: int
