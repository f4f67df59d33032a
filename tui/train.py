"""`gdlab train`: a run without a screen, printed as the lesson's log, as CSV or as JSON."""

from __future__ import annotations

import sys
from dataclasses import asdict, dataclass
from math import isfinite
from typing import TYPE_CHECKING, Any, TypeAlias

from gdcore.descent import Ending, Limits, Reason, Settings, State, begin, descend
from gdcore.loss import MeanSquaredError
from gdcore.stability import Regime, stability

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Sequence

    from gdcore.dataset import Dataset

    Lines: TypeAlias = Iterator[str]


class Run:
    """The states of a run, one by one; `last` and `ending` are known when they have been taken."""

    last: State
    ending: Ending

    def __init__(self, states: Generator[State, None, Ending]) -> None:
        self._states = states

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


def train(data: Dataset, settings: Settings, limits: Limits, start: tuple[float, float], output: Output) -> int:
    """Run a descent from start = (w, b): the states to standard output, what is to be said of them to standard error.

    Returns:
        The exit code: 0, or 3 where the run diverged.

    Raises:
        ValueError: if the start is not usable.
    """
    loss = MeanSquaredError.of(data.x, data.y)
    run = Run(descend(loss, settings, limits, begin(loss, settings, *start)))
    if output.form == "text":
        lines = _text(run, settings, output)
    elif output.form == "csv":
        lines = _csv(run, output)
    else:
        lines = _json(run, _about(data, loss, settings, limits, start[1]), output)
    sys.stdout.writelines(lines)
    sys.stdout.flush()
    sys.stderr.writelines(f"{remark}\n" for remark in _remarks(run, data, loss, settings))
    return 3 if run.ending.reason is Reason.DIVERGED else 0


def _text(run: Run, settings: Settings, output: Output) -> Lines:
    """The lesson's log: a line for each step, with the loss before it, then the parameters it led to."""
    before: State | None = None
    for state in run:
        if before is not None and before.iteration % output.every == 0:
            yield _log_line(before)
        before = state
    if run.ending.reason is Reason.DIVERGED and run.last.iteration % output.every == 0:
        yield _log_line(run.last)
    _, w, b, *_ = run.last
    yield f"\nw={w:.10f}, b={b:.10f}\n" if settings.train_bias else f"\nw={w:.10f}\n"
    yield from (f"Prediction: x={x:.12g} => y={w * x + b:.2f}\n" for x in output.predict_at)


def _log_line(state: State) -> str:
    return f"Iteration {state.iteration:4d} => Loss: {state.loss:.10f}\n"


def _csv(run: Run, output: Output) -> Lines:
    """Every field of every state, the last state always among them."""
    for number, fields in enumerate(_chosen(run, output.every)):
        if number == 0:
            yield ",".join(fields) + "\n"
        yield ",".join(map(repr, fields.values())) + "\n"


def _json(run: Run, about: dict[str, Any], output: Output) -> Lines:
    """One document: what the run is about, every field of every state, the ending and the predictions."""
    from json import dumps  # noqa: PLC0415 (text and CSV start without it)

    yield dumps(about)[:-1] + ', "states": [\n'
    for number, fields in enumerate(_chosen(run, output.every)):
        yield ",\n" * (number > 0) + dumps({name: _number(value) for name, value in fields.items()})
    _, w, b, *_ = run.last
    closing = {
        "ending": {"reason": run.ending.reason.value, "sentence": run.ending.sentence},
        "predictions": [{"x": x, "y": _number(w * x + b)} for x in output.predict_at],
    }
    yield f"\n], {dumps(closing)[1:]}\n"


def _about(data: Dataset, loss: MeanSquaredError, settings: Settings, limits: Limits, start_b: float) -> dict[str, Any]:
    """The data, the settings and what the loss says of them; a value that does not exist is None."""
    rates = stability(settings.optimizer, loss.curvature(settings.train_bias))
    return {
        "data": {
            "name": data.name,
            "rows": len(data.x),
            "x": data.x_name,
            "y": data.y_name,
            "skipped": data.skipped,
            "first_skipped": data.first_skipped or None,
        },
        "optimizer": {"name": settings.optimizer.name, **asdict(settings.optimizer)},
        "learning_rate": settings.learning_rate,
        "train_bias": settings.train_bias,
        "iterations": limits.iterations,
        "tolerance": limits.tolerance,
        "minimum": _minimum(loss, settings, start_b),
        "critical_learning_rate": _number(rates.critical) if rates else None,
        "best_learning_rate": _number(rates.best) if rates else None,
    }


def _minimum(loss: MeanSquaredError, settings: Settings, b: float) -> dict[str, float | None] | None:
    """Where the loss of the trained parameters is smallest; None where that is no single point."""
    w = loss.minimum_w(b)
    if settings.train_bias:
        w, b = loss.minimum or (None, b)
    return None if w is None else {"w": _number(w), "b": b, "loss": _number(loss(w, b))}


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


def _remarks(run: Run, data: Dataset, loss: MeanSquaredError, settings: Settings) -> Iterator[str]:
    """How the run ended and what the curvature of the loss has to say of its learning rate."""
    yield run.ending.sentence
    if data.skipped:
        skipped = "1 row was" if data.skipped == 1 else f"{data.skipped} rows were"
        yield f"{skipped} skipped; the first: {data.first_skipped}"
    if loss.minimum is None:
        yield f"{data.x_name} never changes: the loss is a trough, many pairs of w and b fit equally well."
    limits = stability(settings.optimizer, loss.curvature(settings.train_bias))
    if limits is None:
        yield f"{settings.optimizer.title} adapts its steps: there is no critical learning rate."
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
