"""The command that begins a run anew, with the settings that one of a session has."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from gdcore.descent.optimizers import hyperparameters
from gdcore.descent.steps import Limits, Settings
from gdcore.inert import inert

if TYPE_CHECKING:
    from gdcore.rows.dataset import Origin
    from gdcore.session import Session, Source


def anew(session: Session, source: Source, origin: Origin) -> str:
    """Return the command that begins the current run of a session anew; what is the default is left out.

    Args:
        session: whose current run it is.
        source: its data.
        origin: where they are now.
    """
    course = next(branch for branch in session.branches if branch.name == session.current)
    _, settings = course.changes[-1]
    limits, (w, b), batch, optimizer = course.limits, course.start, settings.batch, settings.optimizer
    usual, plain, own = Settings(), Limits(), type(optimizer)
    options: list[tuple[str, object, object]] = [
        ("table", origin.table, ""),
        ("query", origin.query, ""),
        ("engine", origin.engine, ""),
        ("x", source.x, ""),
        ("y", source.y, ""),
        ("skip-bad-rows", source.skip_bad_rows, False),
        ("learning-rate", settings.learning_rate, usual.learning_rate),
        ("iterations", limits.iterations, plain.iterations),
        ("weight", w, 0.0),
        ("bias", b, 0.0),
        ("train-bias", settings.train_bias, usual.train_bias),
        ("tolerance", limits.tolerance, plain.tolerance),
        ("optimizer", optimizer.name, usual.optimizer.name),
        *((each.name, getattr(optimizer, each.name), getattr(own(), each.name)) for each in hyperparameters(own)),
        ("loss", session.loss, "squared"),
        ("delta", session.delta if session.loss == "huber" else None, None),
        ("batch", batch.size if batch else None, None),
        ("seed", batch.seed if batch else 0, 0),
        ("order", batch.order.path if batch and batch.order else None, None),
        ("schedule", settings.schedule.text, usual.schedule.text),
    ]
    chosen = [(name, value) for name, value, default in options if value != default]
    words = (f"--{name}" if value is True else f"--{name}={value}" for name, value in chosen)
    return inert(shlex.join(["gdlab", *origin.places, *words]))
