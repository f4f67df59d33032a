"""What can be typed: each command is a function, and the first line of its docstring is its help."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from gdcore.descent.parameters import STEPS, Parameter
from gdcore.descent.steps import Reason
from gdcore.inert import quoted
from tui.laboratory import lesson

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tui.headless.plain.conversation import Plain
    from tui.laboratory.frame import Frame

    Sentences: TypeAlias = Iterator[str]
    Deed: TypeAlias = Callable[[Plain, str], Sentences]

_COUNT = Parameter("steps", STEPS, "how many steps to make")


@dataclass(frozen=True, slots=True)
class Command:
    """Something that can be typed.

    Attributes:
        names: the word and the letters that ask for it.
        values: what may follow; nothing may where it is empty.
        tooltip: what it does, in a sentence.
        deed: does it, given what follows.
        walks: whether an empty line repeats it.
    """

    names: tuple[str, ...]
    values: str
    tooltip: str
    deed: Deed
    walks: bool = False

    def do(self, plain: Plain, rest: str) -> Sentences:
        """Do it, and tell what came of it.

        Raises:
            ValueError: with a sentence, where it cannot be done.
        """
        if rest and not self.values:
            raise ValueError(f"nothing can follow here, not {quoted(rest)}")
        return self.deed(plain, rest)


class Commands(list[Command]):
    """Commands in the order of the help."""

    def named(self, *names: str, values: str = "", walks: bool = False) -> Callable[[Deed], Deed]:
        """Make the function below a command."""

        def register(deed: Deed) -> Deed:
            self.append(Command(names, values, (deed.__doc__ or "").splitlines()[0], deed, walks))
            return deed

        return register


def count(text: str) -> int:
    """Parse a number of steps; an empty text is one step.

    Raises:
        ValueError: if it is no number of steps.
    """
    return int(_COUNT.parse(text)) if text else 1


def told(plain: Plain) -> Sentences:
    """Yield what has been changed, and what the learning rate will do now."""
    if plain.laboratory.notes.text:
        yield plain.laboratory.notes.text
    frame = plain.frame
    yield from lesson.cost(frame)
    yield lesson.forecast(frame)


def ended(frame: Frame) -> str:
    """Return why there is no next step, and in a course what to do then."""
    if frame.ending is None or frame.ending.reason is Reason.DIVERGED:
        return lesson.divergence(frame)
    return frame.ending.sentence


def standing(frame: Frame) -> str:
    """The numbers of the current point, with the digits of `gdlab train`."""
    state, slopes = frame.state, ("dL/dw", "dL/db")
    named = [("w", state.w), ("b", state.b)][: 1 + frame.landscape.has_bias]
    return (
        f"Step {state.iteration:,} of {frame.limits.iterations:,}: "
        f"{', '.join(f'{name}={_digits(value)}' for name, value in named)}, loss {_digits(state.loss)}, "
        f"{', '.join(f'{name} {lesson.number(s)}' for name, s, _ in zip(slopes, state.gradient, named, strict=False))}."
    )


def _digits(value: float) -> str:
    """Ten decimals, as the lesson's log has them; of a number that is long enough without them, its first digits."""
    return f"{value:.10f}" if abs(value) < 1e9 else f"{value:.17g}"
