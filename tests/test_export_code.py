"""A script that is exported prints gdlab's own log: each is run by an interpreter that knows nothing of gdlab."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gdcore.descent.batches import Batch, Order
from gdcore.descent.optimizers import OPTIMIZERS
from gdcore.descent.steps import Limits, Reason, Settings
from gdcore.landscapes.terrain import own
from gdcore.rows.dataset import load
from tests.exported import CHANGES, GROUNDS, LOSSES, ORDER, STEPS, log_of, run_scripts, walked
from tui.headless.export.script import script
from tui.laboratory.laboratory import Laboratory

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("ground", [*GROUNDS, "pizza*", "far*", *LOSSES])
def test_the_log_is_the_same_to_the_last_digit(ground: str, tmp_path: Path) -> None:
    laboratories = [walked(ground, optimizer, change) for optimizer in OPTIMIZERS for change in CHANGES]
    assert max(laboratory.walk.timeline.tip for laboratory in laboratories) == STEPS * (1 + len(CHANGES["all"]))
    printed = run_scripts([script(laboratory, "numpy") for laboratory in laboratories], tmp_path)
    for laboratory, text in zip(laboratories, printed, strict=True):
        assert text == log_of(laboratory), script(laboratory, "numpy")


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_a_run_that_diverges_is_the_same_to_its_last_digit(optimizer: str, tmp_path: Path) -> None:
    # 300 digits of a loss that grew by a power: the order of the operations decides the last of them.
    settings = Settings(3e7 if optimizer == "adam" else 0.3, OPTIMIZERS[optimizer](), train_bias=True)
    laboratory = Laboratory(load("cars"), settings, Limits(2000))
    laboratory.walk.step(2000)
    (printed,) = run_scripts([script(laboratory, "numpy")], tmp_path)
    assert printed == log_of(laboratory)
    if optimizer in ("gradient-descent", "momentum", "nesterov"):
        assert laboratory.walk.timeline.tip < 2000
        assert len(max(printed.splitlines(), key=len)) > 300


def test_an_order_of_rows_that_was_made_elsewhere(tmp_path: Path) -> None:
    settings = Settings(0.001, train_bias=True, batch=Batch(8, order=Order.of(ORDER)))
    laboratory = Laboratory(load("pizza"), settings, Limits(50))
    laboratory.walk.step(10)
    laboratory.walk.timeline.change(Settings(0.001, train_bias=True, batch=Batch(8, seed=4)))
    laboratory.walk.step(10)
    (printed,) = run_scripts([script(laboratory, "numpy")], tmp_path)
    assert printed == log_of(laboratory)


def test_a_walk_whose_next_step_lands_where_the_loss_is_no_number_shows_its_last_state(tmp_path: Path) -> None:
    laboratory = Laboratory(own("sqrt(w)"), Settings(1.5), Limits(50), (1.0, 0.0))
    laboratory.walk.step(50)
    ending = laboratory.walk.timeline.ending
    assert ending is not None
    assert ending.reason is Reason.UNDEFINED
    (printed,) = run_scripts([script(laboratory, "numpy")], tmp_path)
    assert printed == log_of(laboratory)


def test_a_batch_of_all_rows_or_more_changes_nothing(tmp_path: Path) -> None:
    laboratory = Laboratory(load("pizza"), Settings(0.001, train_bias=True), Limits(50))
    laboratory.walk.step(5)
    laboratory.walk.timeline.change(Settings(0.001, train_bias=True, batch=Batch(30)))
    laboratory.walk.step(5)
    (printed,) = run_scripts([script(laboratory, "numpy")], tmp_path)
    assert printed == log_of(laboratory)
