"""The progress in a course as a file: one file for each course, written atomically after every change."""

from __future__ import annotations

from pathlib import Path
from threading import Lock

from gdcore.course.course import Course
from gdcore.course.progress import LARGEST, Progress
from gdcore.inert import inert, quoted_path
from tui.laboratory.laboratory import Laboratory
from tui.laboratory.learning import Lesson, ground_of
from tui.laboratory.saving import DAMAGED, SUFFIX, state_folder, write

FOLDER = "courses"
"""The folder inside that of the sessions; files in it are never deleted automatically."""


def own_place(course: Course) -> Path:
    """Return the default file for the progress in a course."""
    return state_folder() / FOLDER / f"{course.id}{SUFFIX}"


class Keeper:
    """Keeps the progress in one course in a file. It may be called from any thread.

    Attributes:
        path: the file; it is there from the first change on.
        failure: why the last write failed, in a sentence; empty if it did not.
    """

    def __init__(self, path: Path, begun: str = "") -> None:
        """Write to a file.

        Args:
            path: the file.
            begun: a text that is already in the file or need not be written.
        """
        self.path = path
        self.failure = ""
        self._written = begun
        self._lock = Lock()

    def keep(self, progress: Progress) -> str:
        """Write the progress, if it is not what is written already.

        Returns:
            An error message the first time that it cannot be written, else an empty string.
        """
        text = progress.to_text()
        with self._lock:
            if text == self._written:
                return ""
            try:
                write(self.path, text)
            except OSError as error:
                known = self.failure
                reason = inert(error.strerror or str(error)).lower()
                self.failure = f"The progress cannot be kept: {quoted_path(str(self.path.parent))}: {reason}."
                return "" if known else self.failure
            self._written, self.failure = text, ""
            return ""


def kept(path: Path, course: Course, *, own: bool) -> tuple[Progress | None, str]:
    """Read the progress in a file; also return a sentence if the file had to be set aside.

    Args:
        path: the file.
        course: the course it must be of.
        own: whether it is gdlab's own file: if it cannot be read it is set aside.

    Raises:
        ValueError: with a sentence, if the user named the file and it cannot be used.
    """
    name = quoted_path(str(path))
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST + 1)
        if len(content) > LARGEST:
            raise ValueError(f"{name} is too large for progress in a course")
        progress = Progress.from_text(content.decode("utf-8", "replace"), name)
        if progress.course != course.id:
            raise ValueError(f"{name} is progress in another course, {progress.course}")
    except FileNotFoundError:
        return None, ""
    except OSError as error:
        sentence = f"{name} cannot be read: {inert(error.strerror or str(error)).lower()}"
        if own:
            return None, f"{sentence}."
        raise ValueError(sentence) from None
    except ValueError as error:
        if not own:
            raise
        return None, f"{error}; {_aside(path)}."
    return progress, ""


def open_lesson(
    course: str | None = None, progress: str | None = None, laboratory: Laboratory | None = None
) -> tuple[Lesson, Keeper, str]:
    """Return a lesson where it was left, the keeper of its progress, and a remark.

    Args:
        course: the file of the course; None for the one that ships.
        progress: the file of the progress; None for gdlab's own.
        laboratory: where its tasks are done; None for a laboratory of its own.

    Raises:
        ValueError: with a sentence, where the course or the progress cannot be used.
    """
    known = Course.load(course)
    path = own_place(known) if progress is None else Path(progress)
    kept_there, remark = kept(path, known, own=progress is None)
    if laboratory is None:
        setup = known.tasks[0].setup
        laboratory = Laboratory(ground_of(setup), setup.settings, setup.limits, setup.start)
    return Lesson(known, laboratory, kept_there), Keeper(path), remark


def _aside(path: Path) -> str:
    aside = path.with_name(path.name + DAMAGED)
    try:
        path.replace(aside)
    except OSError:
        return "the course begins anew"
    return f"it is set aside as {quoted_path(aside.name)}, and the course begins anew"
