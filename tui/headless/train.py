"""`gdlab train`: a run without a screen, new or from a session, printed as the lesson's log, as CSV or as JSON."""

from __future__ import annotations

import sys
from bisect import bisect_right
from collections import deque
from dataclasses import asdict, dataclass
from itertools import pairwise
from math import isfinite
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from gdcore.descent.state import State
from gdcore.descent.steps import Ending, Limits, Settings, advance, begin, descend, whole
from gdcore.landscapes.bowl import MeanSquaredError
from gdcore.landscapes.landscape import Landscape
from gdcore.studies.stability import Regime, stability

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Sequence

    from gdcore.descent.branches import Branch
    from gdcore.descent.timeline import Timeline
    from gdcore.rows.dataset import Dataset
    from gdcore.rows.scaling import Scale
    from gdcore.session import Session

    Lines: TypeAlias = Iterator[str]
    States: TypeAlias = Generator[State, None, Ending | None]


REMEMBERED = 8000
"""Number of last states used to measure how far a run with batches wanders."""


class Run:
    """The states of a run, one by one; `last` and `ending` are set while they are consumed.

    Attributes:
        last: the last state.
        before: the one before it; None where there is none.
        path: (w, b) of the last states, as many as are to be remembered.
        ending: why the run ended; None while it could go on.
    """

    last: State
    before: State | None = None
    ending: Ending | None

    def __init__(self, states: States, remembered: int = 0) -> None:
        self._states = states
        self.path: deque[tuple[float, float]] = deque(maxlen=remembered)

    @property
    def diverged(self) -> bool:
        """Whether it ended because the next loss is no number."""
        return self.ending is not None and self.ending.reason.leaves_the_numbers

    def __iter__(self) -> Iterator[State]:
        while True:
            try:
                state = next(self._states)
            except StopIteration as stop:
                self.ending = stop.value
                return
            self.before, self.last = getattr(self, "last", None), state
            self.path.append((self.last.w, self.last.b))
            yield self.last


@dataclass(frozen=True, slots=True)
class Output:
    """What to print.

    Attributes:
        form: "text", "csv" or "json".
        every: only the states whose iteration is a multiple of this.
        predict_at: values of x whose y is wanted.
    """

    form: str = "text"
    every: int = 1
    predict_at: Sequence[float] = ()


@dataclass(frozen=True, eq=False, slots=True)
class Subject:
    """What a run is about.

    Attributes:
        data: the rows; None where the landscape is not made of rows.
        landscape: what is descended.
        limits: what ends the run.
        b: the bias where it is not trained.
        changes: iterations, and the settings from there on; the last settings are those at the end of the run.
        scale: how the rows that are descended on were standardized, None where they are as they are.
        branch: the name of the branch of a session; empty where there is no session.
    """

    data: Dataset | None
    landscape: Landscape
    limits: Limits
    b: float
    changes: Sequence[tuple[int, Settings]]
    scale: Scale | None = None
    branch: str = ""

    @classmethod
    def of(cls, branch: Branch, data: Dataset | None, scale: Scale | None) -> Subject:
        """What the run of a branch is about."""
        run = branch.run
        b = float(run.path(run.tip, run.tip + 1)[0, 1])
        return cls(data, run.landscape, run.limits, b, run.changes(), scale, branch.name)

    @property
    def settings(self) -> Settings:
        """The settings that the run ends with."""
        return self.changes[-1][1]

    @property
    def batched(self) -> bool:
        """Whether a step ever sees a batch."""
        return any(settings.batch for _, settings in self.changes)

    def settings_at(self, iteration: int) -> Settings:
        """The settings in force at an iteration."""
        return self.changes[bisect_right(self.changes, iteration, key=lambda change: change[0]) - 1][1]

    def prediction(self, x: float, state: State) -> float:
        """What is expected at an x of the data: y, or under the logistic loss the probability of label 1."""
        w, b = self.scale.to_data(state.w, state.b) if self.scale else (state.w, state.b)
        return float(self.landscape.prediction(x, w, b))

    def seen_by(self, state: State) -> dict[str, float]:
        """Where a step sees a batch: the loss of all rows beside that of the batch, and the epoch, counted from 0."""
        if not self.batched:
            return {}
        settings, rows = self.settings_at(state.iteration), len(self.landscape.columns or ())
        epoch = settings.batch.epoch(state.iteration, rows) if settings.batch else state.iteration
        return {"whole_loss": whole(self.landscape, settings, state).loss, "epoch": epoch}


def train(  # noqa: PLR0913
    ground: Dataset | Landscape,
    settings: Settings,
    limits: Limits,
    start: tuple[float, float],
    output: Output,
    *,
    landscape: Landscape | None = None,
) -> int:
    """Run a descent from start = (w, b): states go to standard output, remarks to standard error.

    Args:
        ground: the rows, or a landscape that is not made of rows.
        settings: what decides the steps.
        limits: what ends the run.
        start: where it begins.
        output: what to print.
        landscape: the landscape of the rows, where it is not that of the squared error.

    Returns:
        The exit code: 0, or 3 where the run diverged.

    Raises:
        ValueError: if the start is not usable.
    """
    data = None if isinstance(ground, Landscape) else ground
    if landscape is None:
        landscape = ground if isinstance(ground, Landscape) else ground.squared_error
    subject = Subject(data, landscape, limits, start[1], [(0, settings)])
    states = descend(landscape, settings, limits, begin(landscape, settings, *start))
    return _print(Run(states, REMEMBERED * subject.batched), subject, output)


def train_session(session: Session, ground: Dataset | Landscape, output: Output) -> int:
    """Print the run of a session's current branch up to its tip, as `train` does.

    Returns:
        The exit code: 0, or 3 where the run diverged.

    Raises:
        ValueError: if the session is not about these data.
    """
    from gdcore.rows.ground import ground_of_rows  # noqa: PLC0415 (a new run starts without it)

    branch = session.replay(ground).current
    data = None if isinstance(ground, Landscape) else ground
    scale = ground_of_rows(data, session.loss, scaled=True)[1] if session.scaled and data else None
    subject = Subject.of(branch, data, scale)
    return _print(Run(replayed(branch.run), REMEMBERED * subject.batched), subject, output)


def replayed(run: Timeline) -> States:
    """The states of a run that is known, from its start to its tip."""
    run.back(run.state.iteration)
    yield run.state
    while run.state.iteration < run.tip:
        run.forward()
        yield run.state
    return run.ending


def _print(run: Run, subject: Subject, output: Output) -> int:
    if output.form == "text":
        lines = _text(run, subject, output)
    elif output.form == "csv":
        lines = _csv(run, subject, output)
    else:
        lines = _json(run, subject, output)
    sys.stdout.writelines(lines)
    sys.stdout.flush()
    sys.stderr.writelines(f"{remark}\n" for remark in _remarks(run, subject))
    return 3 if run.diverged else 0


def _text(run: Run, subject: Subject, output: Output) -> Lines:
    """The lesson's log: a line for each step, with the loss before it, then the parameters it led to."""
    before: State | None = None
    for state in run:
        if before is not None and before.iteration % output.every == 0:
            yield _log_line(before, subject)
        before = state
    if run.diverged and run.last.iteration % output.every == 0:
        yield _log_line(run.last, subject)
    _, w, b, *_ = run.last
    train_bias = any(settings.train_bias for _, settings in subject.changes)
    yield f"\nw={w:.10f}, b={b:.10f}\n" if train_bias else f"\nw={w:.10f}\n"
    if subject.data is None:
        return
    for x in output.predict_at:
        y = subject.prediction(x, run.last)
        probable = _loss(subject.landscape).get("loss") == "logistic"
        yield f"Prediction: x={x:.12g} => " + (f"y=1 with probability {y:.6g}\n" if probable else f"y={y:.2f}\n")


def _log_line(state: State, subject: Subject) -> str:
    line = f"Iteration {state.iteration:4d} => Loss: {state.loss:.10f}"
    if seen := subject.seen_by(state):
        line += f", of all rows: {seen['whole_loss']:.10f}, epoch {seen['epoch']}"
    return line + "\n"


def _csv(run: Run, subject: Subject, output: Output) -> Lines:
    """Every field of every state, the last state always among them; empty where an optimizer has no such field."""
    names = columns_of(subject)
    yield ",".join(names) + "\n"
    for fields in _chosen(run, subject, output.every):
        yield ",".join([str(fields[name]) if name in fields else "" for name in names]) + "\n"


def columns_of(subject: Subject) -> list[str]:
    """The names of all the fields that the states of the run have."""
    names: dict[str, None] = {}
    for _, settings in subject.changes:
        memory = settings.optimizer.memory()
        names |= dict.fromkeys(_fields(State(0, 0.0, 0.0, 0.0, (0.0, 0.0), 0.0, (memory, memory))))
    names |= dict.fromkeys(["whole_loss", "epoch"] if subject.batched else [])
    return [name for name in names if subject.landscape.has_bias or not _is_of_b(name)]


def _is_of_b(name: str) -> bool:
    """Whether a column is about b, which not every landscape has."""
    return name == "b" or name.endswith("_b")


def _json(run: Run, subject: Subject, output: Output) -> Lines:
    """One document: what the run is about, every field of every state, the ending and the predictions."""
    from json import dumps  # noqa: PLC0415 (text and CSV start without it)

    yield dumps(_about(subject))[:-1] + ', "states": [\n'
    for number, fields in enumerate(_chosen(run, subject, output.every)):
        shown = {name: _number(value) for name, value in fields.items()}
        yield ",\n" * (number > 0) + dumps(shown)
    ending = run.ending
    closing = {
        "ending": None if ending is None else {"reason": ending.reason.value, "sentence": ending.sentence},
        "predictions": [{"x": x, "y": _number(subject.prediction(x, run.last))} for x in output.predict_at],
    }
    yield f"\n], {dumps(closing)[1:]}\n"


def _about(subject: Subject) -> dict[str, Any]:
    """Return the data, the settings and what the loss implies for them; missing values are None."""
    data, settings, limits = subject.data, subject.settings, subject.limits
    landscape = subject.landscape
    rates = stability(settings.optimizer, landscape.curvature(settings.train_bias)) if landscape.exact else None
    rows = data and {
        "name": data.name,
        "rows": data.rows,
        "x": data.x_name,
        "y": data.y_name,
        "skipped": data.skipped,
        "first_skipped": data.first_skipped or None,
    }
    about = {
        **({"data": rows, **_loss(landscape)} if rows else {"terrain": landscape.title, "formula": landscape.formula}),
        **_settings(settings),
        "iterations": limits.iterations,
        "tolerance": limits.tolerance,
        "minimum": _minimum(landscape, settings, subject.b),
        "critical_learning_rate": _number(rates.critical) if rates else None,
        "best_learning_rate": _number(rates.best) if rates else None,
    }
    if subject.branch:
        changes = [{"iteration": at, **_settings(changed)} for at, changed in subject.changes]
        about |= {"branch": subject.branch, "scaled": subject.scale is not None, "changes": changes}
    return about


def _settings(settings: Settings) -> dict[str, Any]:
    schedule, batch = settings.schedule, settings.batch
    entries: dict[str, Any] = {
        "optimizer": {"name": settings.optimizer.name, **asdict(settings.optimizer)},
        "learning_rate": settings.learning_rate,
        "train_bias": settings.train_bias,
    }
    # Keys that the first version of the format did not have appear only if they are used.
    if schedule.varies:
        entries["schedule"] = {"name": schedule.name, **asdict(schedule)}
    if batch:
        order = {"order": batch.order.name} if batch.order else {"seed": batch.seed}
        entries["batch"] = {"size": batch.size, **order}
    return entries


def _loss(landscape: Landscape) -> dict[str, Any]:
    """The loss of the rows where it is not the squared error, and its delta where it has one."""
    if isinstance(landscape, MeanSquaredError):
        return {}
    from gdcore.landscapes.losses import loss_name  # noqa: PLC0415 (the squared error starts without it)

    name, delta = loss_name(landscape)
    return {"loss": name} if delta is None else {"loss": name, "delta": delta}


def _minimum(landscape: Landscape, settings: Settings, b: float) -> dict[str, float | None] | None:
    """Where the loss of the trained parameters is smallest; None where that is no single point, or not known."""
    lowest = landscape.sure_lowest(None if settings.train_bias else b)
    if lowest is None:
        return None
    # the loss as the walk computes it there, even if another formula is more precise
    place = {"w": _number(lowest.w)} | ({"b": lowest.b} if landscape.has_bias else {})
    return place | {"loss": _number(float(landscape(lowest.w, lowest.b)))}


def _number(value: float) -> float | None:
    """JSON has no infinity: a value too large for a number is null."""
    return value if isfinite(value) else None


def _chosen(run: Run, subject: Subject, every: int) -> Iterator[dict[str, float]]:
    state = None
    for state in run:
        if state.iteration % every == 0:
            yield row_of(state, subject)
    if state is not None and state.iteration % every:
        yield row_of(state, subject)


def row_of(state: State, subject: Subject) -> dict[str, float]:
    """All of a state, by the names of the columns."""
    fields = _fields(state) | subject.seen_by(state)
    return fields if subject.landscape.has_bias else {name: fields[name] for name in fields if not _is_of_b(name)}


def _fields(state: State) -> dict[str, float]:
    """All of a state, flat, by the names of the columns."""
    iteration, w, b, loss, (slope_w, slope_b), learning_rate, memories = state
    fields = {"iteration": iteration, "w": w, "b": b, "loss": loss, "gradient_w": slope_w, "gradient_b": slope_b}
    fields["learning_rate"] = learning_rate
    for parameter, memory in zip("wb", memories, strict=True):
        fields |= {f"{name}_{parameter}": value for name, value in memory._asdict().items()}
    return fields


def _remarks(run: Run, subject: Subject) -> Iterator[str]:
    """How the run ended and what the curvature of the loss has to say of its learning rate."""
    data, landscape, settings = subject.data, subject.landscape, subject.settings
    stands = (
        f"The session knows branch {subject.branch} up to iteration {run.last.iteration:,}; it can go on from there."
    )
    yield run.ending.sentence if run.ending else stands
    yield from _changed(subject.changes)
    if subject.scale:
        yield "w, b and the loss are those of standardized rows; predictions are in the data's own units."
    if data and data.skipped:
        yield data.said_of_skipped
    yield from _of_the_engine(subject)
    yield from _of_chance(run, subject)
    yield from _of_the_place(run, subject)
    why = landscape.why_no_minimum(None if settings.train_bias else subject.b)
    if data and why:
        yield f"The loss has no minimum: {why}."
    elif data and landscape.valley(np.zeros(2)) is not None:
        yield f"{data.said_of_no_spread}: over w and b the loss is a trough, many pairs of them fit equally well."
    limits = stability(settings.optimizer, landscape.curvature(settings.train_bias, run.last.w, run.last.b))
    if limits is None:
        yield f"{settings.optimizer.title} adapts its steps: there is no critical learning rate."
        return
    if not landscape.exact:
        if isfinite(limits.critical):
            yield f"Critical learning rate where it stands, {settings.optimizer.title}: {limits.critical:.8g}."
        return
    if not isfinite(limits.critical):
        yield "The loss does not depend on w: no learning rate is too large."
        return
    trained = "w and b" if settings.train_bias else "w alone"
    yield (
        f"Critical learning rate for {trained} on this data, {settings.optimizer.title}: {limits.critical:.8g}; "
        f"the best fixed one: {limits.best:.8g}."
    )
    rate = run.last.learning_rate
    if limits.regime(rate) is Regime.DIVERGE:
        yield (
            f"Warning: the learning rate {rate:g} is {rate / limits.critical:.6g} times the critical one: "
            f"in the long run each step makes the error {limits.contraction(rate):.6g} times as large."
        )


def _of_the_place(run: Run, subject: Subject) -> Iterator[str]:
    """Yield remarks on the point where the run ended, off a bowl: another minimum, a saddle, a plateau, a kink."""
    if subject.landscape.exact or subject.batched:
        return
    from gdcore.studies.situation import situation  # noqa: PLC0415 (a bowl starts without it)

    following = advance(subject.landscape, subject.settings, run.last)
    known = following if isfinite(following.loss) else None
    found = situation(subject.landscape, subject.settings, run.last, before=run.before, following=known)
    if found is not None:
        yield found.sentence


def _of_the_engine(subject: Subject) -> Iterator[str]:
    """Where a step was a query: what one takes, and what is not of all the rows."""
    landscape, data = subject.landscape, subject.data
    if data is None or not landscape.cost or (landscape.exact and not subject.batched):
        return
    yield f"A step is one query: {landscape.cost}."
    if landscape.sampled:
        yield f"What follows on curvature is that of a sample of {landscape.sampled:,} of the {data.rows:,} rows."


def _of_chance(run: Run, subject: Subject) -> Iterator[str]:
    """Yield remarks on the batches: the steps in an epoch, and how noise limits the run."""
    batch, columns = subject.settings.batch, subject.landscape.columns
    if batch is None or columns is None:
        return
    rows = len(columns)
    if batch.size >= rows:
        yield f"A batch of {batch.size:,} is all {rows:,} rows: every step sees all of them."
        return
    yield f"A step sees {batch.size:,} of {rows:,} rows, an epoch has {batch.steps(rows):,} steps; its loss is theirs."
    from gdcore.studies.noise import wandering_over  # noqa: PLC0415 (a run that sees all rows starts without it)

    path = list(run.path)[-1 - (run.last.iteration - subject.changes[-1][0]) :]
    found = wandering_over(subject.landscape, subject.settings, np.array(path))
    if found and not run.diverged:
        yield found.sentence


def _changed(changes: Sequence[tuple[int, Settings]]) -> Iterator[str]:
    """What was changed on the way."""
    if len(changes) > 1:
        from gdcore.descent.branches import difference  # noqa: PLC0415 (a new run starts without it)

        for (_, before), (iteration, after) in pairwise(changes):
            yield f"From iteration {iteration:,} on: {difference(before, after)}."
