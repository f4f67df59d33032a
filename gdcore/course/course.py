"""A course: tasks in a text file, read strictly. Whatever is wrong in one is said in a sentence with its line.

Vocabulary
    task        what a learner is to do: where it begins, what to do, what is asked for, what to say when it is done
    setup       where a task begins: data or terrain, settings, start
    question    asked before the keys it is about; the answer is a number or one of a few choices
    goal        what is checked on the runs themselves (`gdcore.course.checks`)
    solution    commands of the plain mode that reach the goal

A course can only name what is there: data that ship or that stand in it, a terrain by its name or formula. Nothing in
it is run, no other file is read, and no text of it can act on a terminal.
"""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property
from math import inf, isfinite
from pathlib import Path
from typing import TYPE_CHECKING
from zlib import crc32

import numpy as np

from gdcore.course.checks import (
    STEPS,
    Answered,
    AtMinimum,
    Check,
    CheckOfAll,
    Distance,
    OwnData,
    StartedAt,
    number,
    read_check,
)
from gdcore.course.reading import Entries
from gdcore.course.toml import CourseError, read_toml
from gdcore.descent.batches import Batch
from gdcore.descent.optimizers import OPTIMIZERS, hyperparameters
from gdcore.descent.parameters import FINITE, LEARNING_RATE, SEED, TOLERANCE, Range
from gdcore.descent.schedules import parse
from gdcore.descent.steps import Limits, Settings, advance, begin
from gdcore.inert import inert, quoted, quoted_path
from gdcore.landscapes.bowl import MeanSquaredError
from gdcore.landscapes.known import find
from gdcore.landscapes.landscape import Landscape
from gdcore.rows.dataset import LIMIT, Dataset, load, shipped
from gdcore.rows.scaling import standardized, standardized_loss
from gdcore.studies.stability import stability

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gdcore.course.walks import Run

MOST_TASKS = 100
MOST_STEPS = 100_000
"""So many steps a run of a course may have: checking it takes a fraction of a second."""
MOST_ROWS = 2_000
ACTIONS = ("step", "run", "back", "rate", "optimizer", "bias", "start", "scale", "retreat", "race", "batch", "schedule")
"""What a question can be about: what waits until it is answered."""
MEASURES = ("loss", "w", "b", "gradient", "critical", "best", "condition", "lowest", "minimum_w", "minimum_b")
"""What the right answer can be, measured by the program on the setup."""

_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
_ITERATIONS = Range("a whole number from 0 to 100,000", low=0, high=MOST_STEPS, whole=True)
_VALUE = Range("a finite number of magnitude 1e150 at the most", low=-LIMIT, high=LIMIT)
_NOT_NEGATIVE = Range("a number from 0", low=0)

PLACEHOLDERS: Mapping[str, str] = {
    "w": "the weight when the goal was reached",
    "b": "the bias then",
    "loss": "the loss then",
    "gradient": "the length of the gradient then",
    "rate": "the learning rate of the step that led there",
    "step": "the iteration then",
    "steps": "how many steps the run has",
    "distance": "how far from the lowest minimum that is",
    "optimizer": "the optimizer of the last step",
    "start_w": "the weight at the start of the run",
    "start_b": "the bias there",
    "start_loss": "the loss there",
    "first_w": "the weight after the first step",
    "first_loss": "the loss after the first step",
    "longest": "the length of the longest step",
    "highest": "the largest loss of the run",
    "lowest": "the smallest loss there is",
    "minimum_w": "the weight of the lowest minimum",
    "minimum_b": "the bias of the lowest minimum",
    "critical": "the critical learning rate at the start",
    "best": "the best fixed learning rate there",
    "condition": "the condition number there",
    "answer": "what the learner answered",
    "actual": "the right answer",
}
"""What can stand in braces in an explanation, and what it becomes."""


@dataclass(frozen=True, eq=False)
class Setup:
    """Where a task begins.

    Attributes:
        data: rows, or None where there is a terrain.
        terrain: a landscape that is not made of rows, or None.
        settings: the settings.
        limits: the limits.
        start: (w, b).
        scaled: whether the rows are standardized.
        view: which view is shown; empty for the one that is there.
    """

    data: Dataset | None
    terrain: Landscape | None
    settings: Settings
    limits: Limits
    start: tuple[float, float]
    scaled: bool = False
    view: str = ""

    @property
    def ground(self) -> Dataset | Landscape:
        """The rows as they are, or the terrain."""
        ground = self.data or self.terrain
        assert ground is not None
        return ground

    @cached_property
    def landscape(self) -> Landscape:
        """What is walked on."""
        return landscape_of(self.ground, scaled=self.scaled)

    def measured(self, measure: str, at: int) -> float:
        """A quantity at an iteration of the run that the setup begins; NaN where it is not known."""
        landscape, settings = self.landscape, self.settings
        state = begin(landscape, settings, *self.start)
        for _ in range(at):
            state = advance(landscape, settings, state)
        if measure in ("loss", "w", "b"):
            return float(getattr(state, measure))
        if measure == "gradient":
            return float(np.hypot(*state.gradient)) if settings.train_bias else float(state.gradient[0])
        return theory(landscape, settings, state.w, state.b)[measure]


def landscape_of(ground: Dataset | Landscape, *, scaled: bool) -> Landscape:
    """What is walked on: the bowl of the rows as they are or standardized, or the landscape itself."""
    if isinstance(ground, Landscape):
        return ground
    bowl = MeanSquaredError.of(ground.x, ground.y)
    return standardized_loss(bowl) if scaled else bowl


def theory(landscape: Landscape, settings: Settings, w: float, b: float) -> dict[str, float]:
    """What is known of a landscape without walking; NaN for what is not.

    >>> from gdcore.landscapes.bowl import MeanSquaredError
    >>> bowl = MeanSquaredError.of([-1.0, 1.0], [1.0, 3.0])
    >>> theory(bowl, Settings(train_bias=True), 0.0, 0.0)
    {'critical': 1.0, 'best': 0.5, 'condition': 1.0, 'lowest': 0.0, 'minimum_w': 1.0, 'minimum_b': 2.0}
    """
    curvature = landscape.curvature(settings.train_bias, w, b)
    limits = stability(settings.optimizer, curvature)
    lowest = landscape.lowest_point(None if settings.train_bias else b)
    nan = float("nan")
    return {
        "critical": limits.critical if limits else nan,
        "best": round(limits.best, 15) if limits else nan,
        "condition": curvature.condition_number,
        "lowest": lowest.loss if lowest else nan,
        "minimum_w": lowest.w if lowest else nan,
        "minimum_b": lowest.b if lowest else nan,
    }


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
    """What is asked before the keys it is about.

    Attributes:
        ask: the question.
        choices: what can be chosen; empty where a number is asked for.
        actual: the right answer.
        tolerance: how far from it a number may be.
        before: what waits until it is answered.
        right: what is said of a right answer.
        wrong: what is said of a wrong one that is none of the mistakes.
        mistakes: particular wrong answers, the first that fits counts.
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
        """The answer that a text stands for: a number; a choice, by its place from 1 or by its words.

        Raises:
            ValueError: with a sentence, where it is none.
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
        """What is said of the answer once the task is done, its placeholders not yet filled."""
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
        id: by this it is known in what a learner hands in.
        title: a few words.
        text: what to do.
        setup: where it begins.
        question: what is asked first, or None.
        goal: what is checked.
        hints: two, to be shown one at a time.
        why: what is said when it is done, with placeholders.
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


@dataclass(frozen=True, eq=False)
class Course:
    """The tasks in their order.

    Attributes:
        id: by this it is known in what a learner hands in.
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
        """Where in the order a task is, from 0; None where there is none of this name."""
        return next((place for place, task in enumerate(self.tasks) if task.id == task_id), None)

    @classmethod
    def load(cls, path: str | Path | None = None) -> Course:
        """The course in a file, or the one that ships.

        Raises:
            CourseError: if it cannot be read or used, with one sentence.
        """
        place = shipped_course() if path is None else Path(path)
        name = inert(place.name) or "the course"
        try:
            if not place.is_file():
                place.stat()  # says so where there is nothing
                raise CourseError(f"{quoted_path(str(path))} is no file; name a course, a text file in TOML")
            with place.open("rb") as file:
                content = file.read(LARGEST_READ)
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
        """The course that a text in TOML tells of.

        Args:
            content: the text.
            name: what it is called in a sentence.

        Raises:
            CourseError: with one sentence and its line, for the first thing that is wrong.
        """
        document, lines = read_toml(content, name)
        entries = Entries(name, lines, (), document, "the course")
        own_id = _id(entries)
        title, about = entries.text("title", 60), entries.text("about", 400, "")
        rows = _own_data(entries)
        tasks: list[Task] = []
        for table in entries.tables("task", MOST_TASKS, lambda place: f"task {place}"):
            task = _task(table, rows)
            if any(task.id == other.id for other in tasks):
                table.refuse(f"two tasks have the id {quoted(task.id)}; each needs its own", "id")
            tasks.append(task)
        entries.end()
        if not tasks:
            raise CourseError(f"{name} has no task; begin one with [[task]]")
        return cls(own_id, title, about, tuple(tasks), f"{crc32(content):08x}", name)


LARGEST_READ = 1 << 20


def shipped_course() -> Path:
    """Where the course that ships is."""
    here = Path(__file__).resolve().parent.parent
    inside = here / "data" / "course.toml"
    return inside if inside.exists() else here.parent / "data" / "course.toml"


# Reading the parts


def _id(entries: Entries) -> str:
    text: str = entries.text("id", 40)
    if not _ID.fullmatch(text):
        entries.refuse(f"id of {entries.what} must be small letters, digits and hyphens, not {quoted(text)}", "id")
    return text


def _own_data(entries: Entries) -> dict[str, Dataset]:
    """The data that stand in the course."""
    found: dict[str, Dataset] = {}
    tables = entries.table("data", "data")
    if tables is None:
        return found
    for name in tables.names():
        table = tables.table(name, f"data {quoted(name)}")
        assert table is not None
        if not _ID.fullmatch(name) or name in shipped():
            tables.refuse(
                f"data cannot be called {quoted(name)}: small letters, digits and hyphens, and no name that ships", name
            )
        x_name, y_name = table.text("x", 30, "x"), table.text("y", 30, "y")
        items = table.items("rows", MOST_ROWS)
        columns = np.empty((len(items), 2))
        for place, item in enumerate(items):
            pair = _pair(item)
            if pair is None:
                table.refuse(f"row {place + 1} of {table.what} must be two numbers, [x, y]", "rows", place)
            columns[place] = pair
        if len(items) < 2:
            table.refuse(f"{table.what} needs at least two rows, each [x, y]", "rows")
        table.end()
        x, y = columns[:, 0].copy(), columns[:, 1].copy()
        for column in (x, y):
            column.setflags(write=False)
        found[name] = Dataset(name, None, x, y, x_name, y_name, (x_name, y_name))
    tables.end()
    return found


def _pair(item: object) -> tuple[float, float] | None:
    if isinstance(item, list) and len(item) == 2 and all(type(value) in (int, float) for value in item):
        with suppress(OverflowError):
            x, y = map(float, item)
            if x in _VALUE and y in _VALUE:
                return x, y
    return None


def _task(entries: Entries, rows: Mapping[str, Dataset]) -> Task:
    own_id = _id(entries)
    entries.what = f"task {quoted(own_id)}"
    what = entries.what
    title = entries.text("title", 60)
    text = entries.text("text", 600)
    any_start, any_data = entries.flag("any_start", False), entries.flag("any_data", False)
    setup = _setup(entries.table("setup", f"the setup of {what}") or entries.nothing(f"the setup of {what}"), rows)
    asked = entries.table("question", f"the question of {what}")
    question = None if asked is None else _question(asked, setup)
    goal = tuple(
        _checked_check(table, question, setup, any_start=any_start, any_data=any_data)
        for table in entries.tables("goal", 12, lambda place: f"goal {place} of {what}")
    )
    if not goal:
        entries.refuse(f"{what} has no goal; add [[task.goal]] with a check")
    hints = entries.texts("hints", 2, 300, ())
    why = entries.text("why", 900, "")
    _check_placeholders(entries, "why", why, question)
    solution = entries.texts("solution", 100, 200)
    lines = tuple(entries.line("solution", place) for place in range(len(solution)))
    if not solution:
        entries.refuse(f"{what} needs a solution: the commands that reach its goal", "solution")
    teaches = entries.texts("teaches", 10, 120, ())
    entries.end()
    return Task(
        own_id,
        title,
        text,
        setup,
        question,
        goal,
        hints,
        why,
        tuple(zip(lines, solution, strict=True)),
        any_start,
        any_data,
        teaches,
        entries.line(),
    )


def _checked_check(
    table: Entries, question: Question | None, setup: Setup, *, any_start: bool, any_data: bool
) -> Check | CheckOfAll:
    check = read_check(table)
    if isinstance(check, Answered) and question is None:
        table.refuse(f"{table.what} asks for an answer, and the task has no question", "check")
    if isinstance(check, StartedAt) and not any_start:
        table.refuse(f"{table.what} asks for another start; give the task any_start = true", "check")
    if isinstance(check, OwnData) and not any_data:
        table.refuse(f"{table.what} asks for other data; give the task any_data = true", "check")
    named = isinstance(check, AtMinimum) and check.point is None
    if (named or isinstance(check, Distance)) and not any_data and not setup.landscape.minima(_held(setup)):
        table.refuse(f"{table.what} needs a minimum, and none is known here", "check")
    return check


def _held(setup: Setup) -> float | None:
    return None if setup.settings.train_bias else setup.start[1]


def _setup(entries: Entries, rows: Mapping[str, Dataset]) -> Setup:
    data, terrain = _ground(entries, rows)
    name = entries.choice("optimizer", tuple(OPTIMIZERS), "gradient-descent")
    kind = OPTIMIZERS[name]
    values = {p.name: entries.parameter(p) for p in hyperparameters(kind) if p.name in entries}
    bias = entries.flag("bias", terrain is not None and terrain.has_bias)
    if terrain is not None and bias != terrain.has_bias:
        entries.refuse(f"{entries.what}: bias must be {str(terrain.has_bias).lower()} on {terrain.title}", "bias")
    rate = entries.parameter(LEARNING_RATE, "rate", Settings().learning_rate)
    settings = Settings(rate, kind(**values), bias)
    settings = _chance(entries, settings, data)
    limits = Limits(
        entries.number("steps", _ITERATIONS, Limits().iterations), entries.parameter(TOLERANCE, "tolerance", None)
    )
    scaled = entries.flag("scaled", False)
    if scaled:
        if data is None:
            entries.refuse(f"{entries.what}: there are no rows to be scaled", "scaled")
        entries.checked("scaled", lambda: standardized(data))
    own = tuple(terrain.scope.start) if terrain is not None else (0.0, 0.0)
    start = entries.numbers("start", 2, FINITE, own)
    view = entries.choice("view", ("curve", "map", "fit", "history", "rates"), "")
    setup = Setup(data, terrain, settings, limits, (start[0], start[1]), scaled, view)
    if terrain is not None and not terrain.has_bias and start[1] != 0:
        entries.refuse(f"{entries.what}: there is no b on {terrain.title}, so start is [w, 0]", "start")
    entries.checked("start", lambda: begin(setup.landscape, settings, *setup.start))
    entries.end()
    return setup


def _chance(entries: Entries, settings: Settings, data: Dataset | None) -> Settings:
    """The settings with their schedule and batch."""
    text, size = entries.text("schedule", 60, ""), entries.number("batch", STEPS, None)
    if "seed" in entries and size is None:
        entries.refuse(f"{entries.what} has a seed, and no batch", "seed")
    seed = entries.parameter(SEED, default=0)
    if text:
        settings = replace(settings, schedule=entries.checked("schedule", lambda: parse(text)))
    if size is None:
        return settings
    if data is None:
        entries.refuse(f"{entries.what}: there are no rows to take a batch of", "batch")
    return replace(settings, batch=Batch(size, seed))


def _ground(entries: Entries, rows: Mapping[str, Dataset]) -> tuple[Dataset | None, Landscape | None]:
    if "terrain" in entries:
        for key in ("data", "columns"):
            if key in entries:
                entries.refuse(f"{entries.what} has a terrain, and so no {key}; leave one out", key)
        name = entries.text("terrain", 300)
        return None, entries.checked("terrain", lambda: find(name))
    choices = (*shipped(), *rows)
    name = entries.choice("data", choices, "pizza")
    if "columns" in entries and name in rows:
        entries.refuse(f"{entries.what}: the data {quoted(name)} have only two columns", "columns")
    x, y = entries.texts("columns", 2, 60, ()) or (None, None)
    return rows.get(name) or entries.checked("columns", lambda: load(name, x, y)), None


def _question(entries: Entries, setup: Setup) -> Question:
    ask = entries.text("ask", 300)
    choices = entries.texts("choices", 6, 60, ())
    if len(choices) == 1 or len({choice.casefold() for choice in choices}) < len(choices):
        entries.refuse(f"choices of {entries.what} must be two or more, each different", "choices")
    actual, tolerance = _actual(entries, setup, choices)
    before = entries.choices("before", ACTIONS, ("step", "run"))
    right, wrong = entries.text("right", 400, ""), entries.text("wrong", 400, "")
    mistakes = []
    for table in entries.tables("mistake", 8, lambda place: f"mistake {place} of {entries.what}"):
        say = table.text("say", 400)
        if choices:
            mistake = Mistake(say, choice=table.choice("choice", choices))
        else:
            low, high = table.number("from", FINITE, -inf), table.number("to", FINITE, inf)
            if (low, high) == (-inf, inf):
                table.refuse(f'{table.what} lacks "from" or "to", the numbers it is about')
            mistake = Mistake(say, low, high)
        _check_placeholders(table, "say", say, None, answered=True)
        table.end()
        mistakes.append(mistake)
    question = Question(ask, choices, actual, tolerance, before, right, wrong, tuple(mistakes))
    for key, text in (("right", right), ("wrong", wrong)):
        _check_placeholders(entries, key, text, question)
    entries.end()
    return question


def _actual(entries: Entries, setup: Setup, choices: tuple[str, ...]) -> tuple[float | str, float]:
    """The right answer, and how far from it a number may be."""
    if choices:
        return entries.choice("answer", choices), 0.0
    if "measure" in entries:
        if "answer" in entries:
            entries.refuse(f'{entries.what} has both "answer" and "measure"; leave one out', "answer")
        measure = entries.choice("measure", MEASURES)
        at = entries.number("at", Range("a whole number from 0 to 1,000", low=0, high=1000, whole=True), 0)
        with np.errstate(all="ignore"):
            actual = setup.measured(measure, at)
        if not isfinite(actual):
            entries.refuse(f"{entries.what}: {measure} is no number here", "measure")
    else:
        actual = entries.number("answer", FINITE)
    if "tolerance" in entries and "percent" in entries:
        entries.refuse(f'{entries.what} has both "tolerance" and "percent"; leave one out', "percent")
    if "percent" in entries:
        share = entries.number("percent", Range("a number from 0 to 100", low=0, high=100))
        return actual, abs(actual) * share / 100
    return actual, entries.number("tolerance", _NOT_NEGATIVE)


def _check_placeholders(
    entries: Entries, key: str, text: str, question: Question | None, *, answered: bool = False
) -> None:
    """Accept a text that has only placeholders that there are."""
    for name in _PLACEHOLDER.findall(text):
        if name not in PLACEHOLDERS:
            entries.refuse(
                f"{key} of {entries.what} has the placeholder {quoted(name)}; there are {', '.join(PLACEHOLDERS)}", key
            )
        if name in ("answer", "actual") and question is None and not answered:
            entries.refuse(f"{key} of {entries.what} has {quoted(name)}, and the task has no question", key)


# Filling in


def filled(text: str, values: Mapping[str, object]) -> str:
    """A text with its placeholders filled.

    >>> filled("w is {w} after {steps} steps", {"w": 1.5, "steps": 2000})
    'w is 1.5 after 2,000 steps'
    """
    return _PLACEHOLDER.sub(lambda found: _written(values.get(found[1], found[0])), text)


def _written(value: object) -> str:
    if isinstance(value, int):
        return f"{value:,}"
    return number(value) if isinstance(value, float) else str(value)


def learners_numbers(
    run: Run | None, iteration: int, question: Question | None, answer: float | str | None
) -> dict[str, object]:
    """What the placeholders of an explanation become, from the run that reached the goal."""
    values: dict[str, object] = {}
    if question is not None:
        values["actual"] = question.actual
        values["answer"] = answer if answer is not None else "nothing"
    if run is None:
        return values
    iteration = min(iteration, run.steps)
    first = min(1, run.steps)
    values |= theory(run.landscape, run.settings, float(run.w[0]), float(run.b[0]))
    values |= {
        "w": float(run.w[iteration]),
        "b": float(run.b[iteration]),
        "loss": float(run.loss[iteration]),
        "gradient": float(run.gradient[iteration]),
        "rate": float(run.rates[max(iteration - 1, 0)]) if run.steps else run.settings.learning_rate,
        "step": iteration,
        "steps": run.steps,
        "distance": float(run.distance[iteration]),
        "optimizer": run.settings.optimizer.title,
        "start_w": float(run.w[0]),
        "start_b": float(run.b[0]),
        "start_loss": float(run.loss[0]),
        "first_w": float(run.w[first]),
        "first_loss": float(run.loss[first]),
        "longest": float(run.moves.max()) if run.steps else 0.0,
        "highest": float(run.loss.max()),
    }
    return values
