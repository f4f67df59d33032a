"""Commands that ask: where the run stands, why, and what the line says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gdcore.descent.parameters import FINITE, Parameter
from tui.headless.plain.command import Commands, ended, standing
from tui.laboratory import lesson

if TYPE_CHECKING:
    from tui.headless.plain.command import Sentences
    from tui.headless.plain.conversation import Plain

_X = Parameter("x", FINITE, "where y is wanted")

commands = Commands()


@commands.named("where")
def where(plain: Plain, _: str) -> Sentences:
    """Where the run stands, and what the next step will do."""
    frame = plain.frame
    settings = frame.settings
    trained = "w and b are trained" if settings.train_bias else "w alone is trained"
    yield standing(frame)
    yield f"Learning rate {settings.learning_rate!r}, {settings.optimizer.title}, {trained}."
    if settings.schedule.varies:
        yield f"Schedule {settings.schedule.text}: the rate of this step is {frame.state.learning_rate!r}."
    if frame.epoch is not None and settings.batch is not None:
        rows = f"{settings.batch.size:,} rows, seed {settings.batch.seed}, epoch {frame.epoch}"
        yield f"This step sees {rows}; the loss of all rows is {frame.whole.loss:.10g}."
    yield from lesson.cost(frame)
    yield lesson.forecast(frame)
    if frame.remark:
        yield frame.remark
    yield ended(frame) if frame.following is None else lesson.next_step(frame)


@commands.named("why", "w")
def why(plain: Plain, _: str) -> Sentences:
    """The whole derivation for this point, with the numbers put in."""
    return lesson.derivation(plain.frame)


@commands.named("predict", values="X")
def predict(plain: Plain, rest: str) -> Sentences:
    """The y of the line at an x."""
    x = _X.parse(rest)
    if plain.frame.data is None:
        raise ValueError("there are no rows here, and so nothing to predict")
    y = float(plain.frame.landscape.prediction(x, *plain.frame.own_line))
    yield (
        f"Prediction: x={x:.12g} => y={y:.2f}"
        if plain.laboratory.ground.loss != "logistic"
        else (f"Prediction: x={x:.12g} => probability {y:.4f}")
    )
