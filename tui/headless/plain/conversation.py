"""`gdlab --plain`: the laboratory without a picture, for screen readers, poor terminals and pipes.

The commands are those of the screen, as words or letters, and the same lesson describes what happens. Nothing is drawn:
no boxes, no colours, no control sequences.
"""

from __future__ import annotations

import sys
from difflib import get_close_matches
from typing import TYPE_CHECKING, TextIO

from gdcore.inert import quoted
from gdcore.landscapes.formula import FormulaError
from tui.headless.plain import asking, changing, walking
from tui.headless.plain.command import Command, Commands
from tui.laboratory import lesson

if TYPE_CHECKING:
    from collections.abc import Callable

    from tui.headless.plain.command import Sentences
    from tui.laboratory.frame import Frame
    from tui.laboratory.laboratory import Laboratory

PROMPT = "gdlab> "


def converse(
    laboratory: Laboratory,
    keep: Callable[[], None] | None = None,
    talk: Callable[[Callable[[], None] | None], Plain] | None = None,
) -> int:
    """Answer the lines of standard input until it ends or the user leaves.

    Args:
        laboratory: what is talked about.
        keep: called after every answer to a user to save the session; if that fails it leaves a note.
        talk: makes the object that answers, if not a `Plain`.
    """
    source, person = sys.stdin, sys.stdin is not None and sys.stdin.isatty()
    _tolerate(sys.stdout, "backslashreplace")
    _tolerate(source, "surrogateescape")
    saves = keep if person else None
    plain = talk(saves) if talk is not None else Plain(laboratory, saves)
    answer = plain.greeting()
    try:
        while True:
            for sentence in answer:
                print(sentence)
            if person and keep is not None:
                laboratory.notes.say("")
                keep()
                if laboratory.notes.alarm:
                    print(laboratory.notes.text)
            if plain.over:
                break
            if person:
                print(PROMPT, end="")
            sys.stdout.flush()
            line = source.readline() if source is not None else ""
            if not line:
                break
            answer = plain.answer(line)
    except KeyboardInterrupt:
        if person:
            print()
        raise
    if person and not plain.over:
        print()
    return 0


def _tolerate(stream: TextIO | None, errors: str) -> None:
    """Set how a stream handles characters that its encoding lacks."""
    reconfigure = getattr(stream, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(errors=errors)


class Plain:
    """The laboratory in words.

    Attributes:
        laboratory: what is talked about.
        keep: saves the session, where a person is there to go on with it.
        over: whether the person has asked to leave.

    Example:
        >>> from gdcore.rows.dataset import load
        >>> from gdcore.descent.steps import Limits, Settings
        >>> from tui.laboratory.laboratory import Laboratory
        >>> plain = Plain(Laboratory(load("pizza"), Settings(), Limits()))
        >>> list(plain.answer("step"))
        ['Step 1 glided: w moved +0.8068, the loss fell, 812.8667 -> 304.3631.']
        >>> list(plain.answer("rate -1"))
        ['learning rate must be a positive number, not -1']
    """

    def __init__(self, laboratory: Laboratory, keep: Callable[[], None] | None = None) -> None:
        self.laboratory = laboratory
        self.keep = keep
        self.over = False
        self._last_walk = ""

    @property
    def frame(self) -> Frame:
        """What there is to tell now."""
        return self.laboratory.frame

    def greeting(self) -> Sentences:
        """What this is, and where one stands."""
        yield f"gdlab, a laboratory for gradient descent, in words. {self.laboratory.ground.told}"
        frame = self.frame
        yield self.laboratory.notes.text or lesson.last_step(frame)
        yield from lesson.cost(frame)
        yield "Type step, where, why, help or quit."

    def answer(self, line: str) -> Sentences:
        """Do what a line asks for, and tell what came of it."""
        line = line.strip() or self._last_walk
        if not line:
            return
        name, _, rest = line.partition(" ")
        command = _BY_NAME.get(name) or _BY_NAME.get(name.lower() if len(name) > 1 else name)
        if command is None:
            yield _unknown(name)
            return
        if command.walks:
            self._last_walk = line
        try:
            yield from command.do(self, rest.strip())
        except FormulaError as error:
            yield f"{error}\n{error.shown}"
        except ValueError as error:
            yield str(error)


_last = Commands()


@_last.named("help", "?", values="[WORD]")
def _help(plain: Plain, rest: str) -> Sentences:
    """What there is to type."""
    del plain
    chosen = [command for command in COMMANDS if rest in command.names] if rest else COMMANDS
    if not chosen:
        yield _unknown(rest)
    for command in chosen:
        name, *others = command.names
        yield f"{' or '.join((f'{name} {command.values}'.strip(), *others))}: {command.tooltip}"
    if not rest:
        yield "An empty line repeats the last step, run or back."


@_last.named("quit", "q")
def _quit(plain: Plain, _: str) -> Sentences:
    """Leave gdlab."""
    plain.over = True
    yield from ()


COMMANDS: tuple[Command, ...] = (*walking.commands, *asking.commands, *changing.commands, *_last)
"""Everything that can be typed."""

_BY_NAME = {name: command for command in COMMANDS for name in command.names}


def _unknown(word: str) -> str:
    """Return the message for an unknown command, with the most similar ones."""
    words = [name for name in _BY_NAME if len(name) > 1]
    near = [name for name in words if name.startswith(word.lower())] or get_close_matches(word.lower(), words, 3, 0.5)
    meant = f"did you mean {' or '.join(near[:3])}?" if near else "step makes a step."
    return f"There is no command {quoted(word)}; {meant} help lists them all."
