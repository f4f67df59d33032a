"""A session as text: all that determines its runs, to be saved, shared and replayed to the same digits.

Vocabulary
    session     the data, and the branches of an experiment with the current one among them
    source      which data: their origin, and a checksum to recognize them
    course      what determines one branch: its start, the changes of its settings, its length

    to_text     session -> text that a person can read
    from_text   text -> session, or a sentence on what is wrong with the text
    replay      session, data -> the branches, every state of them the same as it was
"""

from __future__ import annotations

import json
from dataclasses import asdict, astuple, dataclass
from functools import lru_cache
from pathlib import PurePath
from typing import TYPE_CHECKING, Any
from zlib import crc32

from gdcore.descent import schedules
from gdcore.descent.batches import Batch, Order
from gdcore.descent.branches import MOST, Branch, Branches
from gdcore.descent.optimizers import OPTIMIZERS, hyperparameters
from gdcore.descent.parameters import (
    BATCH,
    BIAS,
    COUNT,
    DELTA,
    ITERATIONS,
    LEARNING_RATE,
    SEED,
    SINCE,
    TOLERANCE,
    WEIGHT,
    Parameter,
    Range,
)
from gdcore.descent.steps import Limits, Settings
from gdcore.descent.timeline import Timeline
from gdcore.inert import inert, quoted, quoted_path
from gdcore.landscapes import losses
from gdcore.landscapes.landscape import Landscape
from gdcore.rows.dataset import Origin, _find, shipped
from gdcore.rows.ground import ground_of_rows

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gdcore.rows.dataset import Dataset

VERSION = 1
"""The version of the format; a new version has other entries or gives them another meaning."""

LONGEST = 20_000_000
"""Maximum number of iterations, over all branches, that are replayed; that takes about a minute."""

_MARK = "gdlab session"
_OPTIONAL = ("also", "table", "query", "engine")
_STEP = Range("a whole number from 0 to 1,000,000,000", low=0, high=1e9, whole=True)
_TIP = Parameter("tip", _STEP, "the last iteration known")
_CURSOR = Parameter("cursor", _STEP, "the iteration one stands at")
_LEFT_AT = Parameter("left_at", _STEP, "the iteration at which a branch left another")
_AT = Parameter("at", _STEP, "the iteration from which on settings are in force")
_ROWS = Parameter("rows", COUNT, "how many rows the data have")
_ORDER = Parameter("order", COUNT, "which of the orders of rows, from 0")
_INLINE = 100_000
"""Maximum size of an order of rows stored in the session; of a longer one only its file is stored."""


@dataclass(frozen=True, slots=True)
class Source:
    """Which data a session is about.

    Attributes:
        path: the name of a shipped data set, or where the file is; empty for data that came from no file.
        x: the name of the column x.
        y: the name of the column y.
        skip_bad_rows: whether rows that cannot be used are left out.
        rows: how many rows there are.
        checksum: CRC-32 of the columns, as eight hexadecimal digits; of the moments if only a sample was loaded.
        also: further files that are read as one with the first.
        table: the table of a database; empty where there is none.
        query: the query that gives the data; empty where there is none.
        engine: what reads them; empty if the path determines it.
    """

    path: str
    x: str
    y: str
    skip_bad_rows: bool
    rows: int
    checksum: str
    also: tuple[str, ...] = ()
    table: str = ""
    query: str = ""
    engine: str = ""

    @property
    def origin(self) -> Origin:
        """Where to load the data again."""
        return Origin((self.path, *self.also), self.table, self.query, self.engine)

    def holds(self, other: Source) -> bool:
        """Whether the same numbers are in it, wherever they come from."""
        return (self.rows, self.checksum) == (other.rows, other.checksum)

    @classmethod
    def of(cls, data: Dataset) -> Source:
        """Describe the source of data."""
        path = str(data.path.absolute()) if data.path else ""
        origin = data.origin or Origin((path,))
        path = path or origin.places[0]
        path = next((name for name in shipped() if str(_find(name)) == path), path)
        return cls(
            path,
            data.x_name,
            data.y_name,
            bool(data.skipped),
            data.rows,
            _checksum(data),
            origin.places[1:],
            origin.table,
            origin.query,
            origin.engine,
        )

    def entries(self) -> dict[str, Any]:
        """The entries to write; optional ones that are empty are omitted, as older versions do not know them."""
        entries = asdict(self)
        return {name: value for name, value in entries.items() if value or name not in _OPTIONAL}

    def check(self, data: Dataset) -> None:
        """Check that the data have the same rows.

        Raises:
            ValueError: if they differ.
        """
        if data.rows != self.rows:
            raise ValueError(f"the data have changed: {data.name} has {data.rows:,} rows, the session {self.rows:,}")
        if _checksum(data) != self.checksum:
            columns = f"{quoted(data.x_name)} and {quoted(data.y_name)}"
            raise ValueError(
                f"the data have changed: the columns {columns} of {data.name} are not those of the session"
            )


@lru_cache(maxsize=1)
def _checksum(data: Dataset) -> str:
    if data.measured:
        # An engine adds in any order, so the last digits differ from run to run.
        _, *values = astuple(data.measured.moments)[:6]
        return f"{crc32(' '.join(f'{value:.6g}' for value in values).encode()):08x}"
    return f"{crc32(data.y.astype('<f8').tobytes(), crc32(data.x.astype('<f8').tobytes())):08x}"


@dataclass(frozen=True, slots=True)
class Course:
    """What determines a branch: enough to replay it.

    Attributes:
        name: what it is called.
        parent: the branch it left; empty if it left none.
        left_at: the iteration at which it left.
        left: the settings of its parent at that point.
        why: the reason it was begun, if not a change of settings.
        start: (w, b) at iteration 0.
        limits: what ends it.
        changes: iterations and the settings in force from there on, the first at iteration 0.
        tip: the last iteration known.
        cursor: the current iteration.

    Raises:
        ValueError: if an iteration is out of range, or the name is empty.
    """

    name: str
    parent: str
    left_at: int
    left: Settings | None
    why: str
    start: tuple[float, float]
    limits: Limits
    changes: tuple[tuple[int, Settings], ...]
    tip: int
    cursor: int

    def __post_init__(self) -> None:
        if not self.name:
            raise ValueError("a branch has no name")
        for parameter, value in ((_TIP, self.tip), (_CURSOR, self.cursor), (_LEFT_AT, self.left_at)):
            parameter.check(value)
        if self.cursor > self.tip:
            raise ValueError(f"the cursor of branch {quoted(self.name)} is at {self.cursor}, behind its tip {self.tip}")
        at = [iteration for iteration, _ in self.changes]
        if at[:1] != [0] or at != sorted(set(at)) or at[-1] > self.tip:
            raise ValueError(f"the changes of branch {quoted(self.name)} must go up from 0, at the most to its tip")

    @classmethod
    def of(cls, branch: Branch) -> Course:
        """Describe a branch."""
        run = branch.run
        return cls(
            branch.name,
            branch.parent,
            branch.left_at,
            branch.left,
            branch.why,
            (run.start.w, run.start.b),
            run.limits,
            tuple(_real_changes(run.changes())),
            run.tip,
            run.state.iteration,
        )

    def replay(self, landscape: Landscape) -> Branch:
        """Replay the branch.

        Raises:
            ValueError: if the run cannot start, or ends before the tip.
        """
        (_, settings), *changes = self.changes
        # The limits may have been changed since, so only the tip decides where the run stops.
        run = Timeline(landscape, settings, Limits(self.tip), *self.start)
        for iteration, changed in (*changes, (self.tip, None)):
            run.forward(iteration - run.state.iteration)
            if run.tip < iteration:
                raise ValueError(
                    f"branch {quoted(self.name)} diverges after iteration {run.tip:,}, "
                    f"where the session knows {self.tip:,}: it does not belong to these data"
                )
            if changed is not None:
                run.change(changed)
        run.back(self.tip - self.cursor)
        run.limits = self.limits
        return Branch(self.name, run, self.parent, self.left_at, self.left, self.why)


def _real_changes(changes: Iterable[tuple[int, Settings]]) -> Iterable[tuple[int, Settings]]:
    """Yield the changes, without those that leave the settings as they were."""
    before = None
    for iteration, settings in changes:
        if settings != before:
            yield iteration, settings
        before = settings


@dataclass(frozen=True, slots=True)
class Session:
    """An experiment: the data, and all the branches.

    Attributes:
        source: which data; the name of the landscape if it has no rows.
        branches: what determines each branch, in order.
        current: the name of the current branch.
        scaled: whether the runs use standardized rows (`gdcore.rows.scaling`).
        loss: the loss of the rows, one of `gdcore.landscapes.losses.LOSSES`.
        delta: that of a Huber loss.

    Example:
        >>> from gdcore.landscapes.bowl import MeanSquaredError
        >>> from gdcore.rows.dataset import load
        >>> pizza = load("pizza")
        >>> branches = Branches(Timeline(pizza.squared_error, Settings(0.002)))
        >>> branches.run.forward(5), branches.run.back(2)
        (5, 2)
        >>> text = Session.of(pizza, branches).to_text()
        >>> again = Session.from_text(text).replay(pizza)
        >>> again.run.state == branches.run.state, again.run.tip
        (True, 5)

    Raises:
        ValueError: if there is no branch, too many, two with one name, or no branch named `current`.
    """

    source: Source | str
    branches: tuple[Course, ...]
    current: str
    scaled: bool = False
    loss: str = "squared"
    delta: float | None = None

    def __post_init__(self) -> None:
        if self.loss not in losses.LOSSES:
            raise ValueError(f"there is no loss {quoted(self.loss)}")
        names = {branch.name for branch in self.branches}
        if not 1 <= len(self.branches) <= MOST:
            raise ValueError(f"a session has from 1 to {MOST} branches, not {len(self.branches)}")
        if len(names) < len(self.branches):
            raise ValueError("two branches have the same name")
        if self.current not in names:
            raise ValueError(f"there is no branch {quoted(self.current)}, which is said to be the current one")
        parents = {branch.name: branch.parent for branch in self.branches}
        for name in names:
            seen = {name}
            while (name := parents.get(name, "")) in parents:
                if name in seen:
                    raise ValueError(f"branch {quoted(name)} is said to have left itself")
                seen.add(name)

    @property
    def iterations(self) -> int:
        """The number of iterations needed to replay it."""
        return sum(branch.tip for branch in self.branches)

    @classmethod
    def of(cls, ground: Dataset | Landscape, branches: Branches, *, scaled: bool = False) -> Session:
        """Make the session of these branches; `ground` is the rows before scaling, or a landscape."""
        source = ground.title if isinstance(ground, Landscape) else Source.of(ground)
        loss, delta = losses.loss_name(branches.run.landscape)
        return cls(source, tuple(map(Course.of, branches)), branches.current.name, scaled, loss, delta)

    def landscape(self, ground: Dataset | Landscape) -> Landscape:
        """Return the landscape of the runs.

        Raises:
            ValueError: if the data or the landscape are not the same.
        """
        if isinstance(ground, Landscape):
            if ground.title != self.source:
                raise ValueError(f"this session is not about {quoted(ground.title)}")
            return ground
        if isinstance(self.source, str):
            raise ValueError(f"this session is about the landscape {quoted(self.source)}, not about data")
        self.source.check(ground)
        return ground_of_rows(ground, self.loss, self.delta or losses.DELTA, scaled=self.scaled)[0]

    def replay(self, ground: Dataset | Landscape) -> Branches:
        """Replay all branches, every state to the same digits.

        Raises:
            ValueError: if the data are not the same, or a run ends earlier on them.
        """
        landscape = self.landscape(ground)
        replayed = [course.replay(landscape) for course in self.branches]
        branches = Branches(replayed[0].run)
        branches._all = replayed
        branches.switch(next(branch for branch in replayed if branch.name == self.current))
        return branches

    # Text

    def to_text(self) -> str:
        """The session as JSON: a line for every change of settings, every float by its shortest exact decimals."""
        orders = list(dict.fromkeys(order for course in self.branches for order in _orders_of(course)))
        document = {
            _MARK: VERSION,
            **({"terrain": self.source} if isinstance(self.source, str) else {"data": self.source.entries()}),
            "scaled": self.scaled,
            # Entries that the first version did not have are written only if they differ from its behaviour.
            **({"loss": self.loss} if self.loss != "squared" else {}),
            **({"delta": self.delta} if self.delta is not None else {}),
            **({"orders": [_order_entries(order) for order in orders]} if orders else {}),
            "current": self.current,
            "branches": [
                {
                    "name": course.name,
                    "parent": course.parent,
                    "left_at": course.left_at,
                    "left": None if course.left is None else _settings_entries(course.left, orders),
                    "why": course.why,
                    "start": {"w": course.start[0], "b": course.start[1]},
                    "limits": {"iterations": course.limits.iterations, "tolerance": course.limits.tolerance},
                    "changes": [{"at": at, **_settings_entries(settings, orders)} for at, settings in course.changes],
                    "tip": course.tip,
                    "cursor": course.cursor,
                }
                for course in self.branches
            ],
        }
        return _json(document) + "\n"

    @classmethod
    def from_text(cls, text: str) -> Session:
        """Parse a session.

        Raises:
            ValueError: if the text is not a session, is of another version, or is damaged.
        """
        try:
            document = json.loads(text, parse_constant=_no_number)
        except (ValueError, RecursionError):
            document = None
        if not isinstance(document, dict) or _MARK not in document:
            raise ValueError("this is not a session of gdlab, or it is damaged")
        version = document.pop(_MARK)
        if type(version) is not int or version != VERSION:
            other = quoted(json.dumps(version))
            raise ValueError(
                f"this session has the format {other} of another version of gdlab; this one reads {VERSION}"
            )
        try:
            session = cls._from(_Entries(document, "the session"))
        except ElsewhereError:
            raise
        except ValueError as error:
            raise ValueError(f"this session is damaged: {error}") from None
        if session.iterations > LONGEST:
            raise ValueError(
                f"this session has {session.iterations:,} iterations; sessions of at most {LONGEST:,} are replayed"
            )
        return session

    @classmethod
    def _from(cls, entries: _Entries) -> Session:
        orders = entries.objects("orders", "an order of rows") if "orders" in entries else []
        known = [_order(order) for order in orders]
        session = cls(
            entries.words("terrain") if "terrain" in entries else _source(entries.object("data", "the data")),
            tuple(_course(course, known) for course in entries.objects("branches", "a branch")),
            entries.words("current"),
            entries.take("scaled", bool),
            entries.words("loss") if "loss" in entries else "squared",
            entries.number(DELTA) if "delta" in entries else None,
        )
        entries.end()
        return session


def _source(entries: _Entries) -> Source:
    source = Source(
        entries.take("path", str),
        entries.take("x", str),
        entries.take("y", str),
        entries.take("skip_bad_rows", bool),
        entries.whole(_ROWS),
        entries.take("checksum", str),
        tuple(map(str, entries.take("also", list))) if "also" in entries else (),
        *(entries.take(name, str) if name in entries else "" for name in ("table", "query", "engine")),
    )
    entries.end()
    return source


def _json(value: Any, indent: str = "") -> str:
    """Format JSON with indentation; what holds no lists or objects is put on one line."""
    inner = list(value.values()) if isinstance(value, dict) else value
    if not isinstance(inner, list) or not any(isinstance(item, dict | list) for item in inner):
        return json.dumps(value)
    deeper = indent + "  "
    parts = [_json(item, deeper) for item in inner]
    if isinstance(value, dict):
        parts = [f"{json.dumps(key)}: {part}" for key, part in zip(value, parts, strict=True)]
    opening, closing = "{}" if isinstance(value, dict) else "[]"
    lines = ",\n".join(deeper + part for part in parts)
    return f"{opening}\n{lines}\n{indent}{closing}"


class ElsewhereError(ValueError):
    """What a session needs besides its text is not here, or not as it was; the text may be as good as ever."""


def _orders_of(course: Course) -> list[Order]:
    """The orders of rows used in the settings of a branch."""
    every = [settings for _, settings in course.changes] + ([course.left] if course.left else [])
    return [settings.batch.order for settings in every if settings.batch and settings.batch.order]


def _order_entries(order: Order) -> dict[str, Any]:
    """The entries of an order; a long one is given by its file and a checksum."""
    if order.numbers <= _INLINE or not order.path:
        return {"path": order.path, "epochs": [rows.tolist() for rows in order.epochs]}
    return {"path": order.path, "rows": len(order.epochs[0]), "checksum": order.checksum}


def _order(entries: _Entries) -> Order:
    path = entries.take("path", str)
    if "epochs" in entries:
        epochs = entries.take("epochs", list)
        for rows in epochs:
            if not isinstance(rows, list) or not all(type(row) is int for row in rows):
                raise ValueError("an epoch of an order of rows must hold whole numbers only")
        order = Order.of(epochs, inert(PurePath(path).name), path)
    else:
        rows, checksum = entries.whole(_ROWS), entries.take("checksum", int)
        try:
            order = Order.load(path, rows)
        except ValueError as error:
            raise ElsewhereError(f"this session needs an order of rows: {error}") from None
        if order.checksum != checksum:
            raise ElsewhereError(f"this session is of another order of rows than there is in {quoted_path(path)} now")
    entries.end()
    return order


def _settings_entries(settings: Settings, orders: list[Order]) -> dict[str, Any]:
    """The entries of settings; a schedule and a batch only if there are any."""
    optimizer, schedule, batch = settings.optimizer, settings.schedule, settings.batch
    entries: dict[str, Any] = {
        "learning_rate": settings.learning_rate,
        "train_bias": settings.train_bias,
        "optimizer": optimizer.name,
        **asdict(optimizer),
    }
    if schedule.varies:
        entries |= {"schedule": schedule.text, "since": getattr(schedule, SINCE.name)}
    if batch:
        entries |= {"batch": batch.size, "seed": batch.seed}
        if batch.order:
            entries["order"] = orders.index(batch.order)
    return entries


_NEEDS = "this session needs the {} {}, which is not here; was a package uninstalled that brought it?"


def _settings(entries: _Entries, orders: list[Order]) -> Settings:
    name = entries.take("optimizer", str)
    if name not in OPTIMIZERS:
        raise ElsewhereError(_NEEDS.format("optimizer", quoted(name)))
    kind = OPTIMIZERS[name]
    values = {parameter.name: entries.number(parameter) for parameter in hyperparameters(kind)}
    settings = Settings(
        entries.number(LEARNING_RATE),
        kind(**values),
        entries.take("train_bias", bool),
        _schedule(entries),
        _batch(entries, orders) if "batch" in entries else None,
    )
    entries.end()
    return settings


def _schedule(entries: _Entries) -> schedules.Schedule:
    if "schedule" not in entries:
        return schedules.Constant()
    text = entries.take("schedule", str)
    name = text.partition(":")[0]
    if name not in schedules.SCHEDULES:
        raise ElsewhereError(_NEEDS.format("schedule", quoted(name)))
    return schedules.chosen(schedules.parse(text), entries.whole(SINCE), schedules.Constant())


def _batch(entries: _Entries, orders: list[Order]) -> Batch:
    size, seed = entries.exact(BATCH), entries.exact(SEED)
    if "order" not in entries:
        return Batch(size, seed)
    number = entries.whole(_ORDER)
    if number >= len(orders):
        raise ValueError(f"there is no order of rows {number}")
    return Batch(size, seed, orders[number])


def _course(entries: _Entries, orders: list[Order]) -> Course:
    start, limits = entries.object("start", "a start"), entries.object("limits", "the limits")
    changes = [(change.whole(_AT), _settings(change, orders)) for change in entries.objects("changes", "a change")]
    left = entries.take("left", dict, type(None))
    course = Course(
        entries.words("name"),
        entries.words("parent"),
        entries.whole(_LEFT_AT),
        None if left is None else _settings(_Entries(left, "the settings that were left"), orders),
        entries.words("why"),
        (start.number(WEIGHT, "w"), start.number(BIAS, "b")),
        Limits(limits.whole(ITERATIONS), limits.number_or_none(TOLERANCE)),
        tuple(changes),
        entries.whole(_TIP),
        entries.whole(_CURSOR),
    )
    for one in (start, limits, entries):
        one.end()
    return course


class _Entries:
    """The entries of a JSON object; each is taken once, and anything unexpected is a ValueError."""

    def __init__(self, entries: dict[str, Any], what: str) -> None:
        self._entries = dict(entries)
        self._what = what

    def __contains__(self, name: str) -> bool:
        return name in self._entries

    def take(self, name: str, *kinds: type) -> Any:
        """Take the value of an entry, of one of these types."""
        if name not in self._entries:
            raise ValueError(f"{self._what} lacks {quoted(name)}")
        value = self._entries.pop(name)
        if type(value) not in kinds:
            raise ValueError(f"{quoted(name)} of {self._what} cannot be {quoted(json.dumps(value))}")
        return value

    def end(self) -> None:
        """Check that all entries have been taken."""
        for name in self._entries:
            raise ValueError(f"{self._what} has an entry {quoted(name)}, which means nothing")

    def words(self, name: str) -> str:
        """Take a text that will be shown; it may come from someone else."""
        return inert(self.take(name, str))

    def number(self, parameter: Parameter, name: str = "") -> float:
        """Take a number that is valid for the parameter."""
        value = self.take(name or parameter.name, int, float)
        try:
            value = float(value)
        except OverflowError:
            value = float("inf")
        parameter.check(value)
        return float(value)

    def number_or_none(self, parameter: Parameter) -> float | None:
        """Take a number that is valid for the parameter, or None."""
        if self._entries.get(parameter.name, 0) is None:
            del self._entries[parameter.name]
            return None
        return self.number(parameter)

    def whole(self, parameter: Parameter) -> int:
        """Take a whole number that is valid for the parameter."""
        return int(self.number(parameter))

    def exact(self, parameter: Parameter) -> int:
        """Take a whole number that is valid for the parameter; it may have more digits than a float holds."""
        value: int = self.take(parameter.name, int)
        parameter.check(value)
        return value

    def object(self, name: str, what: str) -> _Entries:
        """Take an entry that is itself an object."""
        return _Entries(self.take(name, dict), what)

    def objects(self, name: str, what: str) -> list[_Entries]:
        """Take an entry that is a list of objects."""
        items = self.take(name, list)
        if not all(isinstance(item, dict) for item in items):
            raise ValueError(f"{quoted(name)} of {self._what} must hold objects only")
        return [_Entries(item, what) for item in items]


def _no_number(name: str) -> float:
    raise ValueError(f"{name} is no number")
