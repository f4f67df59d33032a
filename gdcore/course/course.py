"""A course: tasks in a text file, read strictly. Each error is one sentence with its line number.

Vocabulary
    task        what a learner is to do: where it begins, what to do, what is asked for, what to say when it is done
    setup       where a task begins: data or terrain, settings, start
    question    asked before the keys it is about; the answer is a number or one of a few choices
    goal        what is checked on the runs themselves (`gdcore.course.checks`)
    solution    commands of the plain mode that reach the goal

A course can only use data that ship or are in the file, and terrains given by name or formula. Nothing in it is run, no
other file is read, and no text in it can act on a terminal.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from zlib import crc32

from gdcore.course.parts import read_data, read_id, read_task
from gdcore.course.reading import Entries
from gdcore.course.toml import LARGEST, CourseError, read_toml
from gdcore.inert import inert, quoted, quoted_path

if TYPE_CHECKING:
    from gdcore.course.task import Task

MOST_TASKS = 100


@dataclass(frozen=True, eq=False)
class Course:
    """The tasks in their order.

    Attributes:
        id: identifies the course in what a learner hands in.
        title: what it is called.
        about: what it is about; may be empty.
        tasks: the tasks.
        checksum: CRC-32 of the file, as eight hexadecimal digits.
        file: what the file is called in a sentence.
    """

    id: str
    title: str
    about: str
    tasks: tuple[Task, ...]
    checksum: str
    file: str

    def place(self, task_id: str) -> int | None:
        """Return the index of a task in the course, from 0, or None if there is no such task."""
        return next((place for place, task in enumerate(self.tasks) if task.id == task_id), None)

    @classmethod
    def load(cls, path: str | Path | None = None) -> Course:
        """Load the course in a file, or the one that ships.

        Raises:
            CourseError: if it cannot be read or used, with one sentence.
        """
        place = shipped_course() if path is None else Path(path)
        name = inert(place.name) or "the course"
        try:
            if not place.is_file():
                place.stat()  # raises if the file does not exist
                raise CourseError(f"{quoted_path(str(path))} is no file; name a course, a text file in TOML")
            with place.open("rb") as file:
                content = file.read(LARGEST + 1)
        except OSError as error:
            reason = inert(error.strerror or str(error)).lower()
            raise CourseError(f"{quoted_path(str(place))} cannot be read: {reason}; check its name") from None
        except ValueError as error:
            if isinstance(error, CourseError):
                raise
            raise CourseError(f"{quoted_path(str(path))} is no name of a file") from None
        return cls.read(content, name)

    @classmethod
    def read(cls, content: bytes, name: str) -> Course:
        """Read a course from TOML text.

        Args:
            content: the text.
            name: what it is called in a sentence.

        Raises:
            CourseError: with one sentence and its line, for the first thing that is wrong.
        """
        if content.lstrip()[:1] == b"{":  # no TOML begins so, and what gdlab saves does
            raise CourseError(f"{name} is no course, a text file in TOML, but a session, a progress or other JSON")
        document, lines = read_toml(content, name)
        entries = Entries(name, lines, (), document, "the course")
        own_id = read_id(entries)
        title, about = entries.text("title", 60), entries.text("about", 400, "")
        rows = read_data(entries)
        tasks: list[Task] = []
        for table in entries.tables("task", MOST_TASKS, lambda place: f"task {place}"):
            task = read_task(table, rows)
            if any(task.id == other.id for other in tasks):
                table.refuse(f"two tasks have the id {quoted(task.id)}; each needs its own", "id")
            tasks.append(task)
        entries.end()
        if not tasks:
            raise CourseError(f"{name} has no task; begin one with [[task]]")
        return cls(own_id, title, about, tuple(tasks), f"{crc32(content):08x}", name)


def shipped_course() -> Path:
    """Where the course that ships is."""
    here = Path(__file__).resolve().parent.parent
    inside = here / "data" / "course.toml"
    return inside if inside.exists() else here.parent / "data" / "course.toml"
