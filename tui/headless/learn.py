"""`gdlab learn --plain`: a course in words. To the commands of the plain mode come those of the course."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gdcore.inert import quoted
from tui.headless.plain.conversation import Plain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from gdcore.course.progress import Progress
    from tui.laboratory.learning import Lesson

_ACTION = {
    **dict.fromkeys(("step", "n", "N"), "step"),
    "run": "run",
    **dict.fromkeys(("back", "b", "B"), "back"),
    **dict.fromkeys(("rate", "[", "]", "{", "}"), "rate"),
    **dict.fromkeys(("optimizer", "method"), "optimizer"),
    **dict.fromkeys(("bias", "t"), "bias"),
    "start": "start",
    **dict.fromkeys(("scale", "S"), "scale"),
    **dict.fromkeys(("retreat", "h"), "retreat"),
    **dict.fromkeys(("race", "a"), "race"),
    "batch": "batch",
    "schedule": "schedule",
}
"""What a command does, as questions name what waits for them."""

_HELP = {
    "task": "task [N]: the task one is at; with a number, that task.",
    "tasks": "tasks: all the tasks, and which are done.",
    "answer": "answer X: answer the question of the task.",
    "hint": "hint: one more hint.",
    "next": "next: the next task, when this one is done.",
    "skip": "skip: the next task, done or not.",
    "redo": "redo: the task from its start; what was done stays done.",
}


class LearningPlain(Plain):
    """A course in words.

    Attributes:
        lesson: the learner's way through the course.
    """

    def __init__(
        self, lesson: Lesson, keep: Callable[[], None] | None = None, write: Callable[[Progress], str] | None = None
    ) -> None:
        """Talk about a course.

        Args:
            lesson: the learner's way through it.
            keep: as `Plain` has it.
            write: keeps the progress, after every line; returns a sentence where that goes wrong.
        """
        super().__init__(lesson.laboratory, keep)
        self.lesson = lesson
        self._write = write

    def waits(self, name: str) -> str:
        """Why a command has to wait for an answer, in a sentence; empty where it need not."""
        return self.lesson.blocked(_ACTION.get(name, _ACTION.get(name.lower(), "")))

    def greeting(self) -> Iterator[str]:
        """What this is, and the task one is at."""
        course = self.lesson.course
        yield f"gdlab, a course in words: {course.title}. {course.about}".strip()
        yield from self._task()
        yield "Type task, answer, hint, next, skip, redo, help or quit."

    def answer(self, line: str) -> Iterator[str]:
        """Do what a line asks for, and tell what came of it."""
        yield from self._answered(line)
        if self._write is not None and (sentence := self._write(self.lesson.progress)):
            yield sentence

    def _answered(self, line: str) -> Iterator[str]:
        line = line.strip() or self._last_walk
        name, _, rest = line.partition(" ")
        own = name.lower()
        if own in _HELP:
            try:
                yield from self._course(own, rest.strip())
            except ValueError as error:
                yield str(error)
            return
        if name in ("help", "?"):
            if rest.strip() in _HELP:
                yield _HELP[rest.strip()]
                return
            if not rest.strip():
                yield from _HELP.values()
        if waits := self.waits(name):
            yield f"{waits} Type answer and what you think."
            return
        yield from super().answer(line)
        if self.lesson.update():
            yield from self._done()

    def _course(self, name: str, rest: str) -> Iterator[str]:
        lesson, done = self.lesson, self.lesson.done
        if name == "answer":
            yield lesson.answer(rest)
            if lesson.done and not done:
                yield from self._done()
        elif name == "task":
            if rest:
                count = len(lesson.course.tasks)
                if not (rest.isascii() and rest.isdigit() and 1 <= int(rest[:6]) <= count):
                    raise ValueError(f"there are tasks from 1 to {count}, not {quoted(rest)}")
                lesson.go(int(rest) - 1)
            yield from self._task()
        elif name == "tasks":
            yield from lesson.contents()
        elif rest:
            raise ValueError(f"nothing can follow here, not {quoted(rest)}")
        elif name == "hint":
            yield lesson.hint()
        else:
            place = lesson.place
            said = {"next": lesson.next, "skip": lesson.skip, "redo": lesson.redo}[name]()
            if lesson.place != place or name == "redo":
                yield from self._task()
            else:
                yield said

    def _task(self) -> Iterator[str]:
        yield from self.lesson.panel.sentences()

    def _done(self) -> Iterator[str]:
        panel = self.lesson.panel
        yield f"Task {panel.place} is done."
        yield from panel.explanation
        yield "This was the last task." if self.lesson.last else "next leads on."
