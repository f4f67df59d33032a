"""How far a learner is, as text: their answers, and the sessions in which they did the tasks.

Whether a task is done is not stored: the sessions are replayed to find out. Editing the numbers in a file changes the
run, not the verdict.

Vocabulary
    attempt     one go at a task, from its setup: an answer, and the walks
    walk        a session; rows and standardized rows have one each
    record      what is known of one task: its attempts, the first answer, the hints shown
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from functools import lru_cache, partial
from hashlib import sha256
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from gdcore.course.check import number, steps
from gdcore.course.checks import ELSEWHERE, Answered, Verdict, judge
from gdcore.course.course import MOST_TASKS, Course
from gdcore.course.parts import MOST_ROWS, MOST_STEPS
from gdcore.course.reading import Entries
from gdcore.course.task import Task
from gdcore.course.walks import Walk
from gdcore.descent.parameters import Range
from gdcore.inert import inert, quoted
from gdcore.landscapes.landscape import Landscape
from gdcore.rows.dataset import LIMIT, Dataset, load, shipped
from gdcore.session import Session, Source

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from gdcore.descent.branches import Branches

    Answer: TypeAlias = float | str
    Footprints: TypeAlias = tuple[tuple[int, float, float], ...]

VERSION = 1
LARGEST = 16 << 20
"""Maximum number of bytes read from a file."""
MOST_ATTEMPTS = 2
"""Attempts kept for a task: the current one, and an earlier one that was done."""
MOST_STEPS_OF_ALL = 400_000
"""Maximum number of steps of all runs of one attempt together."""

_CERTAIN = 30
"""Number of first steps of any walk that agree on every machine."""
_ALIKE, _ALIKE_ELSEWHERE = 1e-10, 1e-6
"""Tolerances within which two numbers differ only by rounding: on a bowl, and elsewhere."""
_MARK = "gdlab progress"
_VALUE = Range("a finite number", low=-LIMIT, high=LIMIT)
_COUNT = Range("a whole number from 0 to 1,000,000,000", low=0, high=1e9, whole=True)
_VERSION = Range("a whole number", whole=True)


@dataclass(frozen=True, eq=False)
class Attempt:
    """One go at a task.

    Attributes:
        answer: the answer; None if not answered.
        after: number of steps made before the answer.
        walks: the sessions, the current one first.
        footprints: for each walk what tells its branches from others, as `footprints_of` has them.
        rows: the rows of data of the learner's own, shape (n, 2), if there are few enough; else None.
    """

    answer: Answer | None = None
    after: int = 0
    walks: tuple[Session, ...] = ()
    footprints: tuple[Footprints, ...] = ()
    rows: Any = None


@dataclass(frozen=True, eq=False)
class Record:
    """The history of one task.

    Attributes:
        task: the id of the task.
        first: the first answer that was ever given to its question; the one that counts as a prediction.
        answers: how many answers were given to it in all attempts; 0 also in files from before they were counted.
        hints: how many hints were shown.
        skipped: whether the learner went on without it.
        attempts: the latest first.
    """

    task: str
    first: Answer | None = None
    answers: int = 0
    hints: int = 0
    skipped: bool = False
    attempts: tuple[Attempt, ...] = ()


@dataclass(frozen=True, eq=False)
class Progress:
    """How far a learner is in a course.

    Attributes:
        course: the id of the course.
        title: what it is called.
        checksum: of the course's file.
        task: the id of the current task.
        records: by task.

    Example:
        >>> progress = Progress("walk", "A walk", "00000000", "first", {"first": Record("first", 3.0, hints=1)})
        >>> again = Progress.from_text(progress.to_text(), "ada.json")
        >>> again.task, again.records["first"].first
        ('first', 3.0)
    """

    course: str
    title: str
    checksum: str
    task: str
    records: dict[str, Record] = field(default_factory=dict)

    @classmethod
    def begun(cls, course: Course) -> Progress:
        """Nothing done yet."""
        return cls(course.id, course.title, course.checksum, course.tasks[0].id)

    def record(self, task: str) -> Record:
        """Return the record of a task."""
        return self.records.get(task) or Record(task)

    def having(self, record: Record) -> Progress:
        """Return a copy with another record for one task."""
        return replace(self, records={**self.records, record.task: record})

    @property
    def trace(self) -> str:
        """What was answered and where the runs went, in a few characters: equal for those who did the very same."""
        done = [
            (key, record.first, [(one.answer, one.footprints) for one in record.attempts])
            for key, record in self.records.items()
        ]
        return sha256("\n".join(sorted(map(repr, done))).encode()).hexdigest()

    # Text

    def to_text(self) -> str:
        """The progress as JSON, one record a line, every float by its shortest exact decimals."""
        head = {
            _MARK: VERSION,
            "course": self.course,
            "title": self.title,
            "checksum": self.checksum,
            "task": self.task,
        }
        lines = [f"{json.dumps(key)}: {json.dumps(value)}" for key, value in head.items()]
        records = ",\n".join(json.dumps(_record_entries(record)) for record in self.records.values())
        return "{" + ",\n".join((*lines, f'"tasks": [\n{records}\n]')) + "}\n"

    @classmethod
    def from_text(cls, text: str, name: str) -> Progress:
        """Read the progress from its text.

        Args:
            text: the text.
            name: what it is called in a sentence.

        Raises:
            ValueError: if the text is not a progress file or is damaged.
        """
        try:
            document = json.loads(text, parse_constant=_no_number)
        except (ValueError, RecursionError):
            document = None
        if isinstance(document, dict) and "gdlab session" in document:
            raise ValueError(f"{name}: this is a session without a course; gdlab learn writes what is to be checked")
        if not isinstance(document, dict) or _MARK not in document:
            raise ValueError(f"{name}: this is no progress in a course of gdlab, or it is damaged")
        entries = Entries(name, None, (), document, "the progress")
        version = entries.number(_MARK, _VERSION)
        if version != VERSION:
            raise ValueError(
                f"{name}: this is from another version of gdlab, format {version}; this one reads {VERSION}"
            )
        course, title, checksum, task = (entries.text(key, 60) for key in ("course", "title", "checksum", "task"))
        records = {}
        for table in entries.tables("tasks", MOST_TASKS, lambda place: f"task {place}"):
            record = _record(table, name)
            records[record.task] = record
        entries.end()
        return cls(course, title, checksum, task, records)


def _no_number(name: str) -> float:
    raise ValueError(f"{name} is no number")


def _record_entries(record: Record) -> dict[str, Any]:
    return {
        "id": record.task,
        "first": record.first,
        "answers": record.answers,
        "hints": record.hints,
        "skipped": record.skipped,
        "attempts": [
            {
                "answer": attempt.answer,
                "after": attempt.after,
                "rows": None if attempt.rows is None else attempt.rows.tolist(),
                "walks": [json.loads(session.to_text()) for session in attempt.walks],
                "footprints": attempt.footprints,
            }
            for attempt in record.attempts
        ],
    }


def _record(entries: Entries, name: str) -> Record:
    own_id = entries.text("id", 40)
    entries.what = f"task {quoted(own_id)}"
    what = entries.what
    record = Record(
        own_id,
        _answer(entries, "first"),
        entries.number("answers", _COUNT, 0),
        entries.number("hints", _COUNT),
        entries.flag("skipped"),
        tuple(
            _attempt(table, name) for table in entries.tables("attempts", MOST_ATTEMPTS, lambda _: f"attempt at {what}")
        ),
    )
    entries.end()
    given = [attempt.answer for attempt in record.attempts if attempt.answer is not None]
    if (record.answers == 1 and given and given != [record.first]) or (
        record.first is None and (given or record.answers)
    ):
        entries.refuse(f"the first answer to {what} is not that of its attempt; it was changed by hand", "first")
    return record


def _attempt(entries: Entries, name: str) -> Attempt:
    answer, after = _answer(entries, "answer"), entries.number("after", _COUNT)
    rows = None
    if not entries.absent("rows"):
        pairs = entries.items("rows", MOST_ROWS)
        try:
            rows = np.array(pairs, dtype=np.float64)
        except (ValueError, TypeError, OverflowError):
            rows = np.empty(0)
        if rows.ndim != 2 or rows.shape[1] != 2 or len(rows) < 2 or not (np.abs(rows) <= LIMIT).all():
            entries.refuse(f"rows of {entries.what} must be two or more pairs of numbers", "rows")
    walks = []
    for document in entries.items("walks", 2):
        if isinstance(document, dict) and "orders" in document:  # a session reads a long one from its file
            entries.refuse(f"{entries.what} has an order of rows from a file, which no run of a course has", "walks")
        try:
            walks.append(Session.from_text(json.dumps(document)))
        except ValueError as error:
            raise ValueError(f"{name}: {entries.what}: {error}") from None
    footprints = tuple(
        tuple(_footprint(entries, one, walk) for one in (branches if isinstance(branches, list) else [branches]))
        for walk, branches in enumerate(entries.items("footprints", 2))
    )
    entries.end()
    return Attempt(answer, after, tuple(walks), footprints, rows)


def _footprint(entries: Entries, one: object, walk: int) -> tuple[int, float, float]:
    numbers = one if isinstance(one, list) and all(type(value) in (int, float) for value in one) else []
    if len(numbers) != 3 or not all(abs(value) < 1e300 for value in numbers):
        entries.refuse(f"footprints of {entries.what} must be lists of three numbers", "footprints", walk)
    return int(numbers[0]), float(numbers[1]), float(numbers[2])


def _answer(entries: Entries, key: str) -> Answer | None:
    return None if entries.absent(key) else entries.number_or_text(key, _VALUE, 60)


# Results


@dataclass(frozen=True, eq=False)
class Result:
    """The result of one task.

    Attributes:
        task: its id.
        done: whether its goal is met.
        right: whether the prediction, the first answer, was right; None where there is none.
        verdict: the verdict on the attempt that came nearest; None if no attempt can be replayed.
        attempt: that attempt.
        why_not: one sentence; empty where it is done.
    """

    task: Task
    done: bool
    right: bool | None
    verdict: Verdict | None
    attempt: Attempt | None
    why_not: str


def assess(course: Course, progress: Progress) -> list[Result]:
    """Replay all attempts and return the result of every task.

    Raises:
        ValueError: if the progress is in another course.
    """
    if progress.course != course.id:
        raise ValueError(f"this is progress in the course {quoted(progress.course)}, not in {quoted(course.id)}")
    return [assess_task(task, progress.record(task.id)) for task in course.tasks]


def assess_task(task: Task, record: Record) -> Result:
    """Replay the attempts at one task and return its result."""
    right = None
    if task.question is not None and record.first is not None and task.question.accepts(record.first):
        right = task.question.is_right(record.first)
    if not record.attempts:
        return Result(task, False, right, None, None, "Skipped." if record.skipped else "Not begun.")
    nearest: tuple[Verdict, Attempt] | None = None
    why = ""
    for attempt in record.attempts:
        try:
            verdict = _verdict(task, attempt)
        except ValueError as error:
            sentence = inert(str(error)).rstrip(".")
            why = why or f"{sentence[:1].upper()}{sentence[1:]}."
            continue
        if verdict.met:
            return Result(task, True, right, verdict, attempt, "")
        nearest = nearest or (verdict, attempt)
    if nearest is None:
        return Result(task, False, right, None, None, why)
    return Result(task, False, right, nearest[0], nearest[1], nearest[0].missing[0])


def _verdict(task: Task, attempt: Attempt) -> Verdict:
    if attempt.rows is not None:
        return verdict_on(task, attempt.answer, attempt.after, replayed(task, attempt))
    return _known_verdict(task, attempt.answer, attempt.after, attempt.walks, attempt.footprints)


@lru_cache(maxsize=128)
def _known_verdict(
    task: Task, answer: Answer | None, after: int, walks: tuple[Session, ...], footprints: tuple[Footprints, ...]
) -> Verdict:
    """The verdict on an attempt, cached: many learners of a class do exactly the same."""
    return verdict_on(task, answer, after, replayed(task, Attempt(answer, after, walks, footprints)))


def replayed(task: Task, attempt: Attempt) -> list[Walk]:
    """Replay an attempt and return its walks.

    Raises:
        ValueError: if the walks are not about the task, are too long, or do not match their footprints.
    """
    if len({session.scaled for session in attempt.walks}) < len(attempt.walks):
        raise ValueError("two walks are on the same rows")
    if why := too_long(branch.tip for session in attempt.walks for branch in session.branches):
        raise ValueError(why)
    walks: list[Walk] = []
    for session in attempt.walks:
        ground, own = _ground(task, session, walks[0].ground if walks else None, attempt.rows)
        branches = session.replay(ground)
        if not task.setup.suits(branches.run.landscape, own=own):
            raise ValueError(f"it was walked under another loss than the task's, {task.setup.loss}")
        start = start_of(task, scaled=session.scaled)
        walks.append(Walk(ground, branches.run.landscape, branches, session.scaled, own, start))
    if len(attempt.footprints) != len(walks) or not all(map(_has_left, walks, attempt.footprints)):
        raise ValueError("its runs do not lead where the file says; it was changed by hand")
    return walks


def footprints_of(branches: Branches) -> Footprints:
    """Return the footprint of each branch: its last iteration, and the mean of w and of b over its points.

    Off a bowl a walk may be chaotic, so machines differ in rounding: only its first points are used there.
    """
    found = []
    for branch in branches:
        run = branch.run
        w, b, _ = run.path(0, 1 + (run.tip if run.landscape.exact else min(run.tip, _CERTAIN))).mean(axis=0)
        found.append((run.tip, float(w), float(b)))
    return tuple(found)


def _has_left(walk: Walk, footprints: Footprints) -> bool:
    found = footprints_of(walk.branches)
    near = partial(np.isclose, rtol=_ALIKE if walk.landscape.exact else _ALIKE_ELSEWHERE, atol=_ALIKE)
    return len(found) == len(footprints) and all(
        one[0] == other[0] and near(one[1], other[1]) and near(one[2], other[2])
        for one, other in zip(found, footprints, strict=True)
    )


def too_long(tips: Iterable[int]) -> str:
    """Return a sentence if the runs are too long to be checked, else an empty string."""
    steps = list(tips)
    if max(steps, default=0) <= MOST_STEPS and sum(steps) <= MOST_STEPS_OF_ALL:
        return ""
    return f"The runs are too long to be checked; {MOST_STEPS:,} steps each and {MOST_STEPS_OF_ALL:,} in all will do."


def start_of(task: Task, *, scaled: bool) -> tuple[float, float] | None:
    """Return the start that a run of a task must have to count, or None if any start counts."""
    if task.any_start:
        return None
    return task.setup.start if scaled == task.setup.scaled else (0.0, 0.0)


def _ground(
    task: Task, session: Session, before: Dataset | Landscape | None, rows: Any
) -> tuple[Dataset | Landscape, bool]:
    """Return the ground of a session, and whether it is the learner's own data. No file of the learner is opened.

    `before` is the ground of another session of the same attempt.
    """
    ground, source = task.setup.ground, session.source
    if isinstance(ground, Landscape) or not isinstance(source, Source):
        title = ground.title if isinstance(ground, Landscape) else None
        if source != title:
            raise ValueError(f"it was walked on something else than {quoted(title or ground.name)}")  # type: ignore[union-attr]
        if session.scaled:
            raise ValueError("it says that rows were standardized, where there are none")
        return ground, False
    mine = Source.of(ground)
    if source.holds(mine):
        return ground, False
    if not isinstance(before, Landscape | None):
        source.check(before)
        return before, True
    if not task.any_data:
        raise ValueError(f"it was walked on other data than {quoted(ground.name)}")
    if source.path in shipped():
        return load(source.path, source.x, source.y), True
    if rows is None:
        raise ValueError(f"the learner's own data have more than {MOST_ROWS:,} rows, and so are not in the file")
    x, y = rows[:, 0].copy(), rows[:, 1].copy()
    names = inert(source.x), inert(source.y)
    return Dataset("own data", None, x, y, *names, names), True


def verdict_on(task: Task, answer: Answer | None, after: int, walks: Iterable[Walk]) -> Verdict:
    """Judge walks and an answer against the goal of a task."""
    runs = [run for walk in walks for run in walk.runs()]
    verdict = judge(task.goal, runs, wrong_answer(task, answer))
    missing = verdict.missing
    if not runs and not missing:
        missing = (f"{ELSEWHERE[:1].upper()}{ELSEWHERE[1:]}.",)
    question = task.question
    if question is not None and not (answer is not None and question.accepts(answer)):
        missing = ("The question is not answered.", *missing)
    elif after > 0 and question is not None and {"step", "run"} & set(question.before):
        missing = (f"The question was answered after {steps(after)}, not before.", *missing)
    return replace(verdict, missing=missing)


def wrong_answer(task: Task, answer: Answer | None) -> str:
    """Return why an answer fails the check `answered`, or an empty string."""
    question = task.question
    if question is None or answer is None or not question.accepts(answer):
        return "there is no answer"
    wanted = any(isinstance(check, Answered) and check.right for check in task.goal)
    if not wanted or question.is_right(answer):
        return ""
    said = answer if isinstance(answer, str) else number(answer)
    return f"{said} was answered, and that is not it; {'redo (D) asks again' if question.before else 'answer again'}"


def same_rows(one: Dataset | Landscape, other: Dataset | Landscape) -> bool:
    """Whether two grounds are the same, or hold the same numbers wherever they come from."""
    if one is other or isinstance(one, Landscape) or isinstance(other, Landscape):
        return one is other
    # Asked after every step: the sums over millions of rows are not taken where the counts differ.
    return one.rows == other.rows and Source.of(one).holds(Source.of(other))


def own_rows(data: Dataset) -> Any:
    """Return the rows as an array of shape (n, 2), as an attempt stores them; None if there are too many."""
    if data.sampled or data.rows > MOST_ROWS:
        return None
    return np.column_stack((data.x, data.y))


def without_place(session: Session) -> Session:
    """Return a session that does not say in which folder or database a learner's own data are; nothing opens them."""
    source = session.source
    if not isinstance(source, Source) or source.path in shipped():
        return session
    name = PurePath(source.path).name
    bare = Source(
        "" if name in shipped() else name, source.x, source.y, source.skip_bad_rows, source.rows, source.checksum
    )
    return replace(session, source=bare)


def counted(results: Sequence[Result]) -> tuple[int, int, int]:
    """Return the number of tasks done, of right predictions, and of questions."""
    asked = [result.right for result in results if result.task.question is not None]
    return sum(result.done for result in results), sum(right is True for right in asked), len(asked)
