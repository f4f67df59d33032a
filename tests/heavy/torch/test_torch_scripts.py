"""Scripts that are exported for PyTorch print gdlab's own log, to 1e-9."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from gdcore.descent.optimizers import OPTIMIZERS, Momentum, Nesterov
from gdcore.descent.steps import Limits, Settings
from gdcore.rows.dataset import load
from tests.exported import CHANGES, GROUNDS, LOSSES, log_of, run_scripts, walked
from tui.headless.export.plan import Plan
from tui.headless.export.script import ground_of, script
from tui.headless.export.shaken import trusted
from tui.headless.export.torch_script import sums_standardized_rows
from tui.laboratory.laboratory import Laboratory

if TYPE_CHECKING:
    from pathlib import Path

NUMBER = re.compile(r"-?\d+\.\d+")
WITH_ROWS_FAR_OFF = {"far"}
"""Their loss over rows, as PyTorch sums it, cancels most of the digits: nothing can be asked of it."""


MAGNIFIED = 0.25
"""So many of the walks, at most, magnify their last digits."""


def compare(printed: str, log: str, lines: int | None = None) -> None:
    """The same lines but for their numbers, and these within 1e-9; or so many lines of them."""
    printed, log = ("".join(text.splitlines(keepends=True)[:lines]) for text in (printed, log))
    assert NUMBER.sub("#", printed) == NUMBER.sub("#", log)
    ours = [float(number) for number in NUMBER.findall(log)]
    assert [float(number) for number in NUMBER.findall(printed)] == pytest.approx(ours, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("ground", [*sorted(set(GROUNDS) - WITH_ROWS_FAR_OFF), "pizza*", *LOSSES])
def test_the_log_is_the_same_to_nine_digits(ground: str, tmp_path: Path) -> None:
    laboratories = [walked(ground, optimizer, change) for optimizer in OPTIMIZERS for change in CHANGES]
    printed = run_scripts([script(laboratory, "torch") for laboratory in laboratories], tmp_path)
    doubtful = []
    for laboratory in laboratories:
        plan = Plan.of(laboratory.walk.branches.current)
        doubtful.append(trusted(plan, absolute=sums_standardized_rows(plan, ground_of(laboratory))))
    for laboratory, text, lines in zip(laboratories, printed, doubtful, strict=True):
        compare(text, log_of(laboratory), lines)
    assert sum(lines is not None for lines in doubtful) <= len(doubtful) * MAGNIFIED, (
        "almost all walks are compared whole"
    )


@pytest.mark.parametrize("kind", [Momentum, Nesterov])
def test_momentum_that_begins_late(kind: type[Momentum | Nesterov], tmp_path: Path) -> None:
    laboratory = Laboratory(load("pizza"), Settings(0.0001, kind(0.0), train_bias=True), Limits(100))
    laboratory.walk.step(5)
    laboratory.walk.timeline.change(Settings(0.0001, kind(0.9), train_bias=True))
    laboratory.walk.step(20)
    laboratory.walk.timeline.change(Settings(0.0001, kind(0.0), train_bias=True))
    laboratory.walk.step(5)
    (printed,) = run_scripts([script(laboratory, "torch")], tmp_path)
    compare(printed, log_of(laboratory))


def test_a_run_that_diverges_shows_its_last_state(tmp_path: Path) -> None:
    laboratory = Laboratory(load("cars"), Settings(0.3, train_bias=True), Limits(2000))
    laboratory.walk.step(2000)
    (printed,) = run_scripts([script(laboratory, "torch")], tmp_path)
    # The sum of the squares of all rows overflows a little before their mean does.
    compare(printed, log_of(laboratory), laboratory.walk.timeline.tip)
    assert f"Iteration {laboratory.walk.timeline.tip:4d} =>" in printed
