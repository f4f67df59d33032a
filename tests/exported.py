"""Walks to export, gdlab's own logs of them, and an interpreter without gdlab to run the scripts."""

from __future__ import annotations

import io
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import replace
from typing import TYPE_CHECKING

from gdcore.descent.batches import Batch
from gdcore.descent.branches import Branches
from gdcore.descent.optimizers import OPTIMIZERS, Adam, Momentum, Nesterov, RMSprop
from gdcore.descent.schedules import Constant, Cosine, Exponential, Inverse, Schedule, Step
from gdcore.descent.steps import Limits, Settings
from gdcore.descent.timeline import Timeline
from gdcore.landscapes.landscape import Landscape
from gdcore.landscapes.terrain import TERRAINS, own
from gdcore.rows.dataset import Dataset, load
from gdcore.rows.ground import ground_of_rows
from tui.headless.train import Output, train_session
from tui.laboratory.laboratory import Laboratory
from tui.laboratory.saving import session_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

RATES = {
    "gradient-descent": 0.9,
    "momentum": 0.3,
    "nesterov": 0.3,
    "adagrad": 0.05,
    "rmsprop": 0.01,
    "adam": 0.05,
    "nudge": 0.05,
}
"""A rate that suits each optimizer; for those that multiply a gradient, in units of what the curvature allows."""
STEPS = 12
"""The steps of each stretch of a walk."""


def far_rows() -> Dataset:
    """Rows whose x is 1e9 away from 0."""
    cars = load("cars")
    return replace(cars, x=cars.x + 1e9, path=None)


GROUNDS: dict[str, Callable[[], Dataset | Landscape]] = {
    "pizza": lambda: load("pizza"),
    "orings": lambda: load("orings"),
    "geyser": lambda: load("geyser"),
    "far": far_rows,
    **{name: lambda name=name: TERRAINS[name] for name in TERRAINS},  # type: ignore[misc]
    "typed": lambda: own("log(1 + w**2)*sqrt(2) + tanh(b)**2/(1.5 + sin(w*b)) + abs(w - b)**1.5 + sigmoid(w)"),
    "powers": lambda: own("2**-w + (w**2 + 1)**(b/4) + exp(b)*b**4 - tan(w/9)"),
}
"""What is walked on by its name. A star behind it standardizes the rows, and a loss may follow after a comma."""
LOSSES = ("orings, logistic", "pizza, absolute", "pizza, huber", "pizza, huber*", "geyser, absolute*")


def settings_of(name: str, landscape: Landscape, start: tuple[float, float]) -> Settings:
    """Settings with which an optimizer walks here without leaving for ever."""
    optimizer = OPTIMIZERS[name]()
    rate = RATES[name]
    if name in ("gradient-descent", "momentum", "nesterov"):
        bend = abs(landscape.curvature(landscape.has_bias, *start).lambda_max)
        rate /= 2 * max(bend, 0.5) if bend < 1e9 else 20
    return Settings(rate, optimizer, landscape.has_bias)


def _rate(settings: Settings) -> Settings:
    return replace(settings, learning_rate=settings.learning_rate / 3)


def _other(settings: Settings) -> Settings:
    kinds = list(OPTIMIZERS)
    other = kinds[(kinds.index(settings.optimizer.name) + 1) % len(kinds)]
    rates = {"gradient-descent": 1e-4, "momentum": 1e-4, "nesterov": 1e-4}
    return replace(settings, optimizer=OPTIMIZERS[other](), learning_rate=rates.get(other, 0.02))


def _hyperparameter(settings: Settings) -> Settings:
    optimizer = settings.optimizer
    if isinstance(optimizer, (Momentum, Nesterov)):
        return replace(settings, optimizer=type(optimizer)(0.5))
    if isinstance(optimizer, RMSprop):
        return replace(settings, optimizer=RMSprop(0.8, 1e-6))
    if isinstance(optimizer, Adam):
        return replace(settings, optimizer=Adam(0.7, 0.99, 1e-6))
    return replace(settings, learning_rate=settings.learning_rate * 1.1)


def _bias(settings: Settings) -> Settings:
    return replace(settings, train_bias=not settings.train_bias)


def _scheduled(schedule: Schedule) -> Callable[[Settings], Settings]:
    return lambda settings: replace(settings, schedule=schedule)


def _batched(batch: Batch | None) -> Callable[[Settings], Settings]:
    return lambda settings: replace(settings, batch=batch)


ORDER = [[*range(2, 30), 0, 1], [*range(29, -1, -1)]]
"""Two orders of thirty rows."""

CHANGES: dict[str, tuple[Callable[[Settings], Settings], ...]] = {
    "none": (),
    "rate": (_rate,),
    "optimizer": (_other,),
    "hyperparameter": (_hyperparameter, _rate),
    "bias": (_bias, _bias),
    "schedules": tuple(
        _scheduled(schedule)
        for schedule in (Inverse(0.1, 12), Exponential(0.9, 24), Cosine(20, 36), Step(0.5, 5, 48), Constant())
    ),
    "batches": (_batched(Batch(7, 3)), _other, _batched(Batch(30, 1)), _batched(Batch(1, 2)), _batched(None)),
    "all": (_rate, _other, _bias, _hyperparameter, _other, _other),
}
"""What is changed on the way, STEPS steps after each other."""


def walked(ground: str, optimizer: str, change: str) -> Laboratory:
    """A laboratory in which this has been done."""
    name, _, loss = ground.rstrip("*").partition(", ")
    made = GROUNDS[name]()
    start = made.scope.start if isinstance(made, Landscape) else (0.0, 0.0)
    laboratory = Laboratory(made, Settings(1e-9), Limits(10_000), start)
    if ground.endswith("*"):
        laboratory.toggle_scaling()
    landscape = laboratory.ground.landscape
    if loss:
        assert isinstance(made, Dataset)
        landscape, _ = ground_of_rows(made, loss, 0.7, scaled=ground.endswith("*"))
        laboratory.walk.move_to(Branches(Timeline(landscape, Settings(1e-9), Limits(10_000))))
    settings = settings_of(optimizer, landscape, start)
    run = laboratory.walk.branches.run
    run.change(settings)
    run.forward(STEPS)
    for changed in CHANGES[change]:
        settings = changed(settings)
        if not landscape.has_bias:
            settings = replace(settings, train_bias=False)
        if landscape.columns is None:
            settings = replace(settings, batch=None)
        run.change(settings)
        run.forward(STEPS)
    return laboratory


def log_of(laboratory: Laboratory) -> str:
    """What `gdlab train --session` prints of it."""
    printed = io.StringIO()
    with redirect_stdout(printed), redirect_stderr(io.StringIO()):
        train_session(session_of(laboratory), laboratory.ground.source, Output())
    return printed.getvalue()


MARK = "-- the end of a script --"
_RUN = f"""
import runpy, sys
for path in sys.argv[1:]:
    runpy.run_path(path, run_name="__main__")
    print({MARK!r})
assert not {{"gdcore", "tui"}} & set(sys.modules)
"""


def run_scripts(texts: Sequence[str], folder: Path) -> list[str]:
    """What scripts print, run one after the other by a fresh interpreter, far from gdlab."""
    paths = []
    for number, text in enumerate(texts):
        paths.append(folder / f"script{number}.py")
        paths[-1].write_text(text, encoding="utf-8")
    run = subprocess.run(
        [sys.executable, "-I", "-W", "error", "-c", _RUN, *paths],
        cwd=folder,
        capture_output=True,
        encoding="utf-8",
        check=False,
        timeout=300,
    )
    assert run.returncode == 0, run.stderr + "\n" + paths[run.stdout.count(MARK)].read_text(encoding="utf-8")
    return run.stdout.split(MARK + "\n")[:-1]
