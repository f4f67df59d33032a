"""`gdlab learn --plain`: a course in words. It adds the commands of the course to those of the plain mode."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from gdcore.inert import quoted
from tui.headless.plain.conversation import Plain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from gdcore.course.progress import Progress
    from tui.laboratory.laboratory import Laboratory
    from tui.laboratory.learning import Lesson

Opened: TypeAlias = "tuple[Lesson, Callable[[Progress], str], str]"
"""A lesson, a function that saves its progress and returns an error message, and a first remark."""
_HELP = {
    "task": "task [N]: the task one is at; with a number, that task.",
    "tasks": "tasks: all the tasks, and which are done.",
    "answer": "answer X: answer the question of the task.",
    "hint": "hint: one more hint.",
    "next": "next: the next task, when this one is done.",
    "skip": "skip: the next task, done or not.",
    "redo": "redo: the task from its start; what was done stays done.",
    "own": "own: back to your own run; task leads to the course again.",
}


class LearningPlain(Plain):
    """A course in words.

    Attributes:
        lesson: the learner's way through the course; None until one of its commands is typed.
    """

    def __init__(self, laboratory: Laboratory, keep: Callable[[], None] | None, begin: Callable[[], Opened]) -> None:
        """Use a laboratory, and from the first command of the course on that of the course.

        Args:
            laboratory: the laboratory until then; it is not changed.
            keep: see `Plain`.
            begin: begins the course; the function it returns saves the progress after every line.
        """
        super().__init__(laboratory, keep)
        self.lesson: Lesson | None = None
        self._own = laboratory
        self._begin = begin
        self._write: Callable[[Progress], str] = lambda _: ""

    @classmethod
    def of(
        cls, lesson: Lesson, keep: Callable[[], None] | None = None, write: Callable[[Progress], str] = lambda _: ""
    ) -> LearningPlain:
        """Talk about a course that has begun."""
        plain = cls(lesson.laboratory, keep, lambda: (lesson, write, ""))
        plain.open()
        return plain

    def open(self) -> tuple[Lesson, str]:
        """Return the lesson, begun if necessary, and a remark on that.

        Raises:
            ValueError: if the course cannot be loaded.
        """
        if self.lesson is not None:
            return self.lesson, ""
        self.lesson, self._write, remark = self._begin()
        self.laboratory = self.lesson.laboratory
        return self.lesson, remark

    def waits(self, name: str) -> str:
        """Return why a command must wait for an answer, in a sentence; empty if it need not."""
        if self.lesson is None or self.laboratory is not self.lesson.laboratory:
            return ""
        return self.lesson.blocked(name) or (self.lesson.blocked(name.lower()) if len(name) > 1 else "")

    def greeting(self) -> Iterator[str]:
        """What this is, and the task one is at."""
        if self.lesson is None:
            yield from super().greeting()
            return
        course = self.lesson.course
        yield f"gdlab, a course in words: {course.title}. {course.about}".strip()
        yield from self.lesson.panel.sentences()
        yield "Type task, answer, hint, next, skip, redo, help or quit."

    def answer(self, line: str) -> Iterator[str]:
        """Do what a line asks for, and tell what came of it."""
        yield from self._answered(line)
        if self.lesson is not None and (sentence := self._write(self.lesson.progress)):
            yield sentence

    def _answered(self, line: str) -> Iterator[str]:
        line = line.strip() or self._last_walk
        name, _, rest = line.partition(" ")
        rest = rest.strip()
        if name.lower() in _HELP:
            try:
                yield from self._course(name.lower(), rest)
            except ValueError as error:
                yield str(error)
            return
        if name in ("help", "?"):
            if rest in _HELP:
                yield _HELP[rest]
                return
            if not rest:
                yield from _HELP.values()
        if waits := self.waits(name):
            yield f"{waits} Type answer and what you think."
            return
        wrong = self._on_wrong_answer
        yield from super().answer(line)
        if self.lesson is not None and self.laboratory is self.lesson.laboratory and self.lesson.update():
            yield from _done(self.lesson)
        elif not wrong:
            yield from self._on_wrong_answer

    @property
    def _on_wrong_answer(self) -> tuple[str, ...]:
        lesson = self.lesson
        here = lesson is not None and self.laboratory is lesson.laboratory
        return lesson.on_wrong_answer if lesson is not None and here else ()

    def _back(self) -> Iterator[str]:
        """Return to the run from before the course."""
        if self.lesson is not None and self._own is self.lesson.laboratory:
            yield "The course was here first: there is no run beside it."
            return
        self.laboratory = self._own
        yield f"This is your own run, at step {self.frame.state.iteration:,}. task leads to the course."

    def _course(self, name: str, rest: str) -> Iterator[str]:
        if name == "own":
            yield from self._back()
            return
        begun = self.lesson is not None
        lesson, remark = self.open()
        if remark:
            yield remark
        if self._own is not lesson.laboratory and (self.laboratory is not lesson.laboratory or not begun):
            yield "Your own run waits as it is: own leads back to it."
        self.laboratory = lesson.laboratory
        if not begun:
            rest = rest if name == "task" else ""
            name = name if name in ("task", "tasks") else "task"
        if name == "answer":
            done = lesson.done
            yield lesson.answer(rest)
            if lesson.done and not done:
                yield from _done(lesson)
            yield from self._on_wrong_answer
            return
        if name == "task" and rest:
            lesson.go(_place(rest, len(lesson.course.tasks)))
        elif rest:
            raise ValueError(f"nothing can follow here, not {quoted(rest)}")
        if name == "tasks":
            yield from lesson.contents()
        elif name == "hint":
            yield lesson.hint()
        else:
            ways = {"next": lesson.next, "skip": lesson.skip, "redo": lesson.redo}
            place = lesson.place
            said = ways[name]() if name in ways else ""
            stays = lesson.place == place and name in ("next", "skip")
            yield from [said] if stays else lesson.panel.sentences()


def _place(text: str, count: int) -> int:
    if text.isascii() and text.isdigit() and 1 <= int(text[:6]) <= count:
        return int(text) - 1
    raise ValueError(f"there are tasks from 1 to {count}, not {quoted(text)}")


def _done(lesson: Lesson) -> Iterator[str]:
    panel = lesson.panel
    yield f"Task {panel.place} is done."
    yield from panel.explanation
    yield "This was the last task." if lesson.last else "next leads on."
