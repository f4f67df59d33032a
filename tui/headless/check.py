"""`gdlab check`: prove that a course can be solved, and check what learners handed in.

A course is proved by its own model solutions. A learner's file says what was done; that is replayed, and the verdicts
come from the resulting states, never from claims in the file.
"""

from __future__ import annotations

import csv
import json
import os
import sys
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gdcore.course.checks import Answered
from gdcore.course.course import Course
from gdcore.course.parts import MOST_STEPS
from gdcore.course.progress import LARGEST, Progress, assess, counted
from gdcore.course.task import Task
from gdcore.course.toml import CourseError
from gdcore.inert import inert, quoted, quoted_path
from gdcore.rows.dataset import shipped
from tui.headless.learn import LearningPlain
from tui.headless.plain.conversation import COMMANDS
from tui.laboratory.laboratory import Laboratory
from tui.laboratory.learning import Lesson, ground_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from gdcore.course.progress import Result

ALL_DONE, NOT_ALL, NO_FILE = 0, 1, 2
COMMANDS_BY_NAME = {name: command for command in COMMANDS for name in command.names}
ALIKE = 3
"""Two files that say the very same of so many tasks done are remarked on; fewer may be alike by chance."""
TOGETHER = 24
"""Minimum number of files for several processes: for fewer, starting one takes longer."""


def check(course: str | None, files: Sequence[str], form: str = "text") -> int:
    """Check a course, or what was handed in for it; print what was found and return the exit code.

    Args:
        course: the file of the course, or None for the one that ships.
        files: what learners handed in; without any, the course itself is checked.
        form: text, csv or json.

    Returns:
        0 if all is well, 1 if a task is not done or not solvable, 2 for a file that is not valid.
    """
    try:
        known = Course.load(course)
    except CourseError as error:
        print(f"gdlab check: {error}{_order(course)}", file=sys.stderr)
        return NO_FILE
    if not files:
        return _prove(known, form)
    reports = _compared(list(_reports(course, known, files)))
    _FORMS[form](known, reports)
    for report in reports:
        if report.fault:
            print(f"gdlab check: {report.fault}", file=sys.stderr)
    if any(report.fault for report in reports):
        return NO_FILE
    return ALL_DONE if all(row.done for report in reports for row in report.rows) else NOT_ALL


def _order(file: str | None) -> str:
    """Return a hint to add if a file of a learner was given in the place of the course."""
    with suppress(OSError, ValueError):
        if file is not None and Path(file).is_file():
            with Path(file).open("rb") as opened:
                if b'"gdlab ' in opened.read(40):
                    return "; name the course before what was handed in, or - for the one that ships"
    return ""


# The course itself


def _prove(course: Course, form: str) -> int:
    faults = [(task, *prove(course, task)) for task in course.tasks]
    if form == "json":
        rows = [
            {"task": task.id, "solvable": not fault, "why_not": fault, "line": line} for task, line, fault in faults
        ]
        print(json.dumps({"course": course.id, "title": course.title, "tasks": rows}, indent=2))
    elif form == "csv":
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(("course", "task", "line", "solvable", "why_not"))
        writer.writerows((course.id, task.id, line, "no" if fault else "yes", fault) for task, line, fault in faults)
    else:
        for task, line, fault in faults:
            if fault:
                print(f"{course.file}, line {line}: task {task.id}: {fault}")
        solvable = sum(not fault for _, _, fault in faults)
        print(f"{course.title}: {solvable} of {_counted(len(faults), 'task')} can be solved as their solutions say.")
    return NOT_ALL if any(fault for _, _, fault in faults) else ALL_DONE


def prove(course: Course, task: Task) -> tuple[int, str]:
    """Check that a task is not solved at its start, and is solved by its own solution.

    Returns:
        The line in the course, and an error message there; empty if there is none.
    """
    lesson = Lesson(course, _laboratory(task))
    lesson.go(course.tasks.index(task))
    question = task.question
    only_answered = all(isinstance(check, Answered) for check in task.goal)
    if question is not None and not only_answered:
        # an answer alone must not solve it
        fresh = Lesson(course, _laboratory(task))
        fresh.go(course.tasks.index(task))
        fresh.answer(_answer_text(task))
        if fresh.done:
            return task.line, "it is solved at its start, before anything is done; ask for more."
    elif lesson.update():
        return task.line, "it is solved at its start, before anything is done; ask for more."
    plain = LearningPlain.of(lesson)
    for line, command in task.solution:
        try:
            _do(plain, command)
        except ValueError as error:
            return line, f"its solution cannot be done: {inert(str(error)).rstrip('.')}."
        lesson.update()
    if lesson.done:
        # The solution must also pass when it is handed in.
        name = f"{course.file}, task {task.id}"
        handed_in = Progress.from_text(lesson.progress.to_text(), name)
        result = assess(course, handed_in)[course.tasks.index(task)]
        return task.line, "" if result.done else f"its solution is lost when it is kept: {result.why_not}"
    return task.solution[0][0], f"its solution does not solve it. {lesson.missing}"


def _laboratory(task: Task) -> Laboratory:
    setup = task.setup
    return Laboratory(ground_of(setup), setup.settings, setup.limits, setup.start)


def _answer_text(task: Task) -> str:
    question = task.question
    assert question is not None
    return question.actual if isinstance(question.actual, str) else repr(question.actual)


def _do(plain: LearningPlain, command: str) -> None:
    """Do a command of a solution, as a learner would.

    Raises:
        ValueError: with a sentence, if it fails or must wait for an answer.
    """
    name, _, rest = (part.strip() for part in command.partition(" "))
    if name == "answer":
        lesson, _ = plain.open()
        if lesson.question is None:
            raise ValueError("there is no question to answer")
        lesson.answer(rest)
        return
    if name not in COMMANDS_BY_NAME:
        raise ValueError(f"there is no command {quoted(name)}; those of gdlab --plain will do, and answer")
    if name in ("open", "o") and rest not in shipped():
        raise ValueError(f"a solution can open data that ship, {', '.join(shipped())}, not {quoted(rest)}")
    if why := plain.waits(name):
        raise ValueError(why)
    # Describing each of many steps would take longer than the steps.
    name = "run" if name in ("step", "n") and rest else name
    for _ in COMMANDS_BY_NAME[name].do(plain, rest):
        pass
    if plain.laboratory.walk.timeline.limits.iterations > MOST_STEPS:
        raise ValueError(f"a run of a course may have {MOST_STEPS:,} steps")


# What learners handed in


@dataclass(frozen=True)
class Row:
    """What became of a task: its id, whether it is done, whether the prediction was right, and why not."""

    task: str
    done: bool
    right: bool | None
    why_not: str


@dataclass(frozen=True)
class Report:
    """What became of a file; `trace` tells what was done in it from what was done in others."""

    file: str
    fault: str = ""
    done: int = 0
    right: int = 0
    asked: int = 0
    remark: str = ""
    rows: tuple[Row, ...] = ()
    trace: str = ""


def report_on(course: Course, file: str) -> Report:
    """Check a file that a learner handed in, and return a report on its tasks."""
    name = quoted_path(file)
    try:
        path = Path(file)
        if not path.is_file():
            path.stat()  # raises if the file does not exist
            return Report(file, f"{name} is no file")
        if path.stat().st_size > LARGEST:
            return Report(file, f"{name} is too large for what a learner hands in")
        progress = Progress.from_text(path.read_bytes().decode("utf-8"), name)
        results = assess(course, progress)
    except UnicodeDecodeError:
        return Report(file, f"{name}: this is no progress in a course of gdlab, or it is damaged")
    except OSError as error:
        return Report(file, f"{name} cannot be read: {inert(error.strerror or str(error)).lower()}")
    except ValueError as error:
        said = str(error)
        return Report(file, said if said.startswith(name) else f"{name}: {said}")
    changed = progress.checksum != course.checksum
    remark = "The course has been changed since." if changed else ""
    return Report(file, "", *counted(results), remark, tuple(map(_row, results)), progress.trace)


def _row(result: Result) -> Row:
    return Row(result.task.id, result.done, result.right, inert(result.why_not))


def _reports(place: str | None, course: Course, files: Sequence[str]) -> Iterator[Report]:
    cores = min(_cores(), len(files) // (TOGETHER // 2))
    if len(files) < TOGETHER or cores < 2:
        for file in files:
            yield report_on(course, file)
        return
    from concurrent.futures import ProcessPoolExecutor  # noqa: PLC0415 (a few files need none)

    with ProcessPoolExecutor(cores, initializer=_begin, initargs=(place,)) as pool:
        yield from pool.map(_work, files, chunksize=8)


def _cores() -> int:
    available = getattr(os, "sched_getaffinity", None)
    return len(available(0)) if available else os.cpu_count() or 1


_own: list[Course] = []
"""The course, in a process that checks files for another."""


def _begin(place: str | None) -> None:
    _own[:] = [Course.load(place)]


def _work(file: str) -> Report:
    return report_on(_own[0], file)


def _compared(reports: Sequence[Report]) -> list[Report]:
    """The reports, with a remark where in two files the very same steps and answers lead through several tasks."""
    first: dict[str, str] = {}
    found = []
    for report in reports:
        other = first.setdefault(report.trace, report.file) if report.done >= ALIKE else report.file
        alike = "" if other == report.file else f"Step for step the same as {quoted_path(other)}."
        found.append(replace(report, remark=" ".join(filter(None, (report.remark, alike)))))
    return found


# The table


def _as_text(course: Course, reports: Iterable[Report]) -> None:
    reports = list(reports)
    shown = [inert(name) for name in _told_apart([report.file for report in reports])]
    width = max(len("learner"), *map(len, shown))
    ids = max(len(task.id) for task in course.tasks)
    print(f"{'learner':{width}}  tasks done  predictions right")
    for name, report in zip(shown, reports, strict=True):
        if report.fault:
            print(f"{name:{width}}  no file of this course")
            continue
        print(
            f"{name:{width}}  {f'{report.done} of {len(report.rows)}':10}  {report.right} of {report.asked}"
            + f"   {report.remark}" * bool(report.remark)
        )
        for row in report.rows:
            if not row.done:
                print(f"{'':{width}}  {row.task:{ids}}  {row.why_not}")


def _told_apart(files: Sequence[str]) -> list[str]:
    """As much of the end of each path as tells it from the others."""
    parts = {file: Path(file).parts for file in files}
    seen = Counter(path[-count:] for path in parts.values() for count in range(1, len(path) + 1))
    return [
        next((str(Path(*path[-count:])) for count in range(1, len(path) + 1) if seen[path[-count:]] == 1), file)
        for file, path in ((file, parts[file]) for file in files)
    ]


def _as_csv(course: Course, reports: Iterable[Report]) -> None:
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(("learner", "course", "task", "done", "prediction", "why_not", "remark"))
    for report in reports:
        name = _inert_cell(report.file)
        if report.fault:
            writer.writerow((name, course.id, "", "", "", _inert_cell(report.fault), ""))
        for row in report.rows:
            prediction = {True: "right", False: "wrong", None: ""}[row.right]
            why = _inert_cell(row.why_not)
            done = "yes" if row.done else "no"
            writer.writerow((name, course.id, row.task, done, prediction, why, _inert_cell(report.remark)))


def _inert_cell(text: str) -> str:
    """Escape a text that a spreadsheet would take for a formula."""
    shown = inert(text)
    return f"'{shown}" if shown[:1] in ("=", "+", "-", "@") else shown


def _as_json(course: Course, reports: Iterable[Report]) -> None:
    learners: list[dict[str, Any]] = []
    for report in reports:
        tasks = [
            {"task": row.task, "done": row.done, "prediction_right": row.right, "why_not": row.why_not}
            for row in report.rows
        ]
        learners.append(
            {
                "learner": inert(report.file),
                "fault": report.fault,
                "remark": report.remark,
                "tasks_done": report.done,
                "predictions_right": report.right,
                "predictions_asked": report.asked,
                "tasks": tasks,
            }
        )
    print(json.dumps({"course": course.id, "title": course.title, "learners": learners}, indent=2))


_FORMS = {"text": _as_text, "csv": _as_csv, "json": _as_json}


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
