"""The parts of a course, read from its tables: data, tasks, setups, questions."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import replace
from math import inf, isfinite
from typing import TYPE_CHECKING

import numpy as np

from gdcore.course.check import STEPS, Check, CheckOfAll, number
from gdcore.course.checks import Answered, read_check
from gdcore.course.done import OwnData, StartedAt
from gdcore.course.explaining import PLACEHOLDERS, placeholders
from gdcore.course.reached import AtMinimum, Distance
from gdcore.course.setup import MEASURES, VARYING, Setup
from gdcore.course.task import ACTIONS, Mistake, Question, Task
from gdcore.course.toml import listed
from gdcore.descent.batches import Batch
from gdcore.descent.optimizers import OPTIMIZERS, hyperparameters
from gdcore.descent.parameters import DELTA as DELTA_PARAMETER
from gdcore.descent.parameters import FINITE, LEARNING_RATE, SEED, TOLERANCE, Range
from gdcore.descent.schedules import parse
from gdcore.descent.steps import Limits, Settings, begin
from gdcore.inert import quoted
from gdcore.landscapes.known import find
from gdcore.landscapes.losses import DELTA, LOSSES, Huber
from gdcore.rows.dataset import LIMIT, Dataset, load, shipped
from gdcore.rows.ground import ground_of_rows
from gdcore.rows.scaling import standardized

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gdcore.course.reading import Entries
    from gdcore.landscapes.landscape import Landscape

MOST_STEPS = 100_000
"""Maximum number of steps of a run in a course; checking that many takes a fraction of a second."""
MOST_ROWS = 2_000
"""Maximum number of rows in a course, or in what a learner hands in."""

_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
_ITERATIONS = Range("a whole number from 0 to 100,000", low=0, high=MOST_STEPS, whole=True)
_VALUE = Range("a finite number of magnitude 1e150 at the most", low=-LIMIT, high=LIMIT)
_NOT_NEGATIVE = Range("a number from 0", low=0)


def read_id(entries: Entries) -> str:
    """The id of a course or a task."""
    text: str = entries.text("id", 40)
    if not _ID.fullmatch(text):
        entries.refuse(f"id of {entries.what} must be small letters, digits and hyphens, not {quoted(text)}", "id")
    return text


def read_data(entries: Entries) -> dict[str, Dataset]:
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
                table.refuse(
                    f"row {place + 1} of {table.what} must be two finite numbers up to {LIMIT:g}, [x, y]", "rows", place
                )
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


def read_task(entries: Entries, rows: Mapping[str, Dataset]) -> Task:
    """A task; `rows` are the data that stand in the course."""
    own_id = read_id(entries)
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
    _check_none(entries, "text", text)
    _check_none(entries, "hints", *hints)
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
    for key, others in _having().items():
        if key in entries:
            entries.refuse(f"{entries.what}: {name} has no {key}; {listed(others)} may have it", key)
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
    loss, delta = _loss(entries, data, scaled=scaled)
    own = tuple(terrain.scope.start) if terrain is not None else (0.0, 0.0)
    start = entries.numbers("start", 2, FINITE, own)
    view = entries.choice("view", ("curve", "map", "fit", "history", "rates"), "")
    setup = Setup(data, terrain, settings, limits, (start[0], start[1]), scaled, loss, delta, view)
    if terrain is not None and not terrain.has_bias and start[1] != 0:
        entries.refuse(f"{entries.what}: there is no b on {terrain.title}, so start is [w, 0]", "start")
    entries.checked("start", lambda: begin(setup.landscape, settings, *setup.start))
    entries.end()
    return setup


def _having() -> dict[str, list[str]]:
    """Which optimizers have each of the hyperparameters."""
    found: dict[str, list[str]] = {}
    for name, kind in OPTIMIZERS.items():
        for parameter in hyperparameters(kind):
            found.setdefault(parameter.name, []).append(name)
    return found


def _loss(entries: Entries, data: Dataset | None, *, scaled: bool) -> tuple[str, float]:
    """The loss of the rows, and the delta of a Huber loss."""
    loss = entries.choice("loss", tuple(LOSSES), "squared")
    if "delta" in entries and loss != Huber.name:
        entries.refuse(f"{entries.what} has a delta, and the loss is not {Huber.name}", "delta")
    delta = entries.parameter(DELTA_PARAMETER, default=DELTA)
    if data is None and loss != "squared":
        entries.refuse(f"{entries.what}: there are no rows to have another loss of", "loss")
    if data is not None:
        entries.checked("loss", lambda: ground_of_rows(data, loss, delta, scaled=scaled))
    return loss, delta


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
    x, y = entries.columns("columns") or (None, None)
    return rows.get(name) or entries.checked("columns", lambda: load(name, x, y)), None


def _question(entries: Entries, setup: Setup) -> Question:
    ask = entries.text("ask", 300)
    _check_none(entries, "ask", ask)
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
            if mistake.choice == actual:
                table.refuse(f"{table.what}: {quoted(mistake.choice)} is the right answer", "choice")
        else:
            low, high = table.number("from", FINITE, -inf), table.number("to", FINITE, inf)
            if (low, high) == (-inf, inf):
                table.refuse(f'{table.what} lacks "from" or "to", the numbers it is about')
            if low > high:
                table.refuse(f"{table.what}: no number is from {low:g} to {high:g}", "from")
            if isinstance(actual, float) and low <= actual <= high:
                table.refuse(f"{table.what}: the right answer, {number(actual)}, is in its range", "from")
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
        if at and measure not in VARYING and setup.landscape.exact:
            entries.refuse(f"{entries.what}: {measure} is the same at every step here; leave at out", "at")
        if not isfinite(actual):
            entries.refuse(f"{entries.what}: {measure} is no number here", "measure")
    elif "answer" not in entries:
        entries.refuse(f'{entries.what} lacks "answer", the right number, or "measure", what gdlab is to measure')
    else:
        actual = entries.number("answer", FINITE)
    if "tolerance" in entries and "percent" in entries:
        entries.refuse(f'{entries.what} has both "tolerance" and "percent"; leave one out', "percent")
    if "percent" in entries:
        share = entries.number("percent", Range("a number from 0 to 100", low=0, high=100))
        if actual == 0:
            entries.refuse(f"{entries.what}: nothing is within so many hundredths of 0; give a tolerance", "percent")
        return actual, abs(actual) * share / 100
    if "tolerance" not in entries:
        entries.refuse(f'{entries.what} lacks "tolerance" or "percent": how far from the right number an answer may be')
    return actual, entries.number("tolerance", _NOT_NEGATIVE)


def _check_none(entries: Entries, key: str, *texts: str) -> None:
    """Accept texts that have no placeholders: nothing is known yet where they are shown."""
    for place, text in enumerate(texts):
        for name in placeholders(text):
            if name in PLACEHOLDERS:
                what = f"{key} of {entries.what}"
                entries.refuse(
                    f"{what} has {{{name}}}, which becomes a number only in why, right, wrong and say", key, place
                )


def _check_placeholders(
    entries: Entries, key: str, text: str, question: Question | None, *, answered: bool = False
) -> None:
    """Accept a text that has only placeholders that there are."""
    for name in placeholders(text):
        if name not in PLACEHOLDERS:
            entries.refuse(
                f"{key} of {entries.what} has the placeholder {quoted(name)}; there are {', '.join(PLACEHOLDERS)}", key
            )
        if name in ("answer", "actual") and question is None and not answered:
            entries.refuse(f"{key} of {entries.what} has {quoted(name)}, and the task has no question", key)
