"""`gdlab train`: a run without a screen, printed as the lesson's log, as CSV or as JSON; a new one or a session's."""

from __future__ import annotations

import sys
from dataclasses import asdict, dataclass
from itertools import pairwise
from math import isfinite
from typing import TYPE_CHECKING, Any, TypeAlias

from gdcore.descent.state import State
from gdcore.descent.steps import Ending, Limits, Reason, Settings, begin, descend
from gdcore.landscapes.landscape import Landscape
from gdcore.studies.stability import Regime, stability

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Sequence

    from gdcore.descent.timeline import Timeline
    from gdcore.rows.dataset import Dataset
    from gdcore.rows.scaling import Scale
    from gdcore.session import Session

    Lines: TypeAlias = Iterator[str]
    States: TypeAlias = Generator[State, None, Ending | None]


class Run:
    """The states of a run, one by one; `last` and `ending` are known when they have been taken.

    Attributes:
        last: the last state.
        ending: why no other follows; None where one could.
    """

    last: State
    ending: Ending | None

    def __init__(self, states: States) -> None:
        self._states = states

    @property
    def diverged(self) -> bool:
        """Whether it ended because the loss became too large for a number."""
        return self.ending is not None and self.ending.reason is Reason.DIVERGED

    def __iter__(self) -> Iterator[State]:
        while True:
            try:
                self.last = next(self._states)
            except StopIteration as stop:
                self.ending = stop.value
                return
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
        changes: iterations, and the settings in force from there on; the last are those that the run ends with.
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

    @property
    def settings(self) -> Settings:
        """The settings that the run ends with."""
        return self.changes[-1][1]

    def line(self, state: State) -> tuple[float, float]:
        """The w and b of a state in the data's own units."""
        return self.scale.to_data(state.w, state.b) if self.scale else (state.w, state.b)


def train(
    ground: Dataset | Landscape, settings: Settings, limits: Limits, start: tuple[float, float], output: Output
) -> int:
    """Run a descent from start = (w, b): the states to standard output, what is to be said of them to standard error.

    Returns:
        The exit code: 0, or 3 where the run diverged.

    Raises:
        ValueError: if the start is not usable.
    """
    data = None if isinstance(ground, Landscape) else ground
    landscape = ground if isinstance(ground, Landscape) else ground.squared_error
    run = Run(descend(landscape, settings, limits, begin(landscape, settings, *start)))
    return _print(run, Subject(data, landscape, limits, start[1], [(0, settings)]), output)


def train_session(session: Session, ground: Dataset | Landscape, output: Output) -> int:
    """Print the run of a session's current branch up to its tip, as `train` does.

    Returns:
        The exit code: 0, or 3 where the run diverged.

    Raises:
        ValueError: if the session is not about these data.
    """
    from gdcore.rows.scaling import standardized  # noqa: PLC0415 (a new run starts without it)

    branch = session.replay(ground).current
    data = None if isinstance(ground, Landscape) else ground
    run = branch.run
    scale = standardized(data)[1] if session.scaled and data else None
    b = float(run.path(run.tip, run.tip + 1)[0, 1])
    subject = Subject(data, run.landscape, run.limits, b, run.changes(), scale, branch.name)
    return _print(Run(_replayed(run)), subject, output)


def _replayed(run: Timeline) -> States:
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
            yield _log_line(before)
        before = state
    if run.diverged and run.last.iteration % output.every == 0:
        yield _log_line(run.last)
    _, w, b, *_ = run.last
    train_bias = any(settings.train_bias for _, settings in subject.changes)
    yield f"\nw={w:.10f}, b={b:.10f}\n" if train_bias else f"\nw={w:.10f}\n"
    if subject.data is None:
        return
    w, b = subject.line(run.last)
    yield from (f"Prediction: x={x:.12g} => y={w * x + b:.2f}\n" for x in output.predict_at)


def _log_line(state: State) -> str:
    return f"Iteration {state.iteration:4d} => Loss: {state.loss:.10f}\n"


def _csv(run: Run, subject: Subject, output: Output) -> Lines:
    """Every field of every state, the last state always among them; empty where an optimizer has no such field."""
    names = _names(subject)
    yield ",".join(names) + "\n"
    for fields in _chosen(run, output.every):
        yield ",".join([repr(fields[name]) if name in fields else "" for name in names]) + "\n"


def _names(subject: Subject) -> list[str]:
    """The names of all the fields that the states of the run have."""
    names: dict[str, None] = {}
    for _, settings in subject.changes:
        memory = settings.optimizer.memory()
        names |= dict.fromkeys(_fields(State(0, 0.0, 0.0, 0.0, (0.0, 0.0), 0.0, (memory, memory))))
    return list(names)


def _json(run: Run, subject: Subject, output: Output) -> Lines:
    """One document: what the run is about, every field of every state, the ending and the predictions."""
    from json import dumps  # noqa: PLC0415 (text and CSV start without it)

    yield dumps(_about(subject))[:-1] + ', "states": [\n'
    for number, fields in enumerate(_chosen(run, output.every)):
        yield ",\n" * (number > 0) + dumps({name: _number(value) for name, value in fields.items()})
    w, b = subject.line(run.last)
    ending = run.ending
    closing = {
        "ending": None if ending is None else {"reason": ending.reason.value, "sentence": ending.sentence},
        "predictions": [{"x": x, "y": _number(w * x + b)} for x in output.predict_at],
    }
    yield f"\n], {dumps(closing)[1:]}\n"


def _about(subject: Subject) -> dict[str, Any]:
    """The data, the settings and what the loss says of them; a value that does not exist is None."""
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
        **({"data": rows} if rows else {"terrain": landscape.title, "formula": landscape.formula}),
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
    return {
        "optimizer": {"name": settings.optimizer.name, **asdict(settings.optimizer)},
        "learning_rate": settings.learning_rate,
        "train_bias": settings.train_bias,
    }


def _minimum(landscape: Landscape, settings: Settings, b: float) -> dict[str, float | None] | None:
    """Where the loss of the trained parameters is smallest; None where that is no single point."""
    lowest = landscape.lowest_point(None if settings.train_bias else b)
    if lowest is None:
        return None
    # The loss as the walk computes it there, not a better one.
    return {"w": _number(lowest.w), "b": lowest.b, "loss": _number(float(landscape(lowest.w, lowest.b)))}


def _number(value: float) -> float | None:
    """JSON has no infinity: a value too large for a number is null."""
    return value if isfinite(value) else None


def _chosen(run: Run, every: int) -> Iterator[dict[str, float]]:
    state = None
    for state in run:
        if state.iteration % every == 0:
            yield _fields(state)
    if state is not None and state.iteration % every:
        yield _fields(state)


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
    if data and landscape.lowest_point() is None:
        yield f"{data.x_name} never changes: over w and b the loss is a trough, many pairs of them fit equally well."
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
    rate = settings.learning_rate
    if limits.regime(rate) is Regime.DIVERGE:
        yield (
            f"Warning: the learning rate {rate:g} is {rate / limits.critical:.6g} times the critical one: "
            f"in the long run each step makes the error {limits.contraction(rate):.6g} times as large."
        )


def _changed(changes: Sequence[tuple[int, Settings]]) -> Iterator[str]:
    """What was changed on the way."""
    if len(changes) > 1:
        from gdcore.descent.branches import difference  # noqa: PLC0415 (a new run starts without it)

        for (_, before), (iteration, after) in pairwise(changes):
            yield f"From iteration {iteration:,} on: {difference(before, after)}."
