"""f once looks closely at the run; twice, all runs are in sight."""

from __future__ import annotations

import numpy as np
import pytest

from gdcore.descent.steps import Limits, Settings
from gdcore.rows.dataset import load
from tui.laboratory.laboratory import Laboratory
from tui.views.view import all_points
from tui.views.views import Views


@pytest.mark.parametrize("name", ["curve", "map", "history"])
def test_pressed_twice_all_runs_are_in_sight(name: str) -> None:
    lab = Laboratory(load("pizza"), Settings(0.001, train_bias=True), Limits(100))
    lab.walk.step(3)
    lab.studies.race()
    views = Views()
    views.show(name, lab.ground)
    close = views.fit(lab.frame), views.scene(lab.frame).window
    wide = views.fit(lab.frame), views.scene(lab.frame).window
    again = views.fit(lab.frame), views.scene(lab.frame).window
    points = all_points(lab.frame)
    column = {"curve": 0, "map": 1, "history": 2}[name]
    window = wide[1]
    low, high = (window.left, window.right) if name == "curve" else (window.bottom, window.top)
    assert low <= points[:, column].min() < points[:, column].max() <= high
    assert len(points) > 7 * 90
    assert np.isfinite(points).all()
    assert "all runs" in wide[0]
    assert close == again, "a third time it is this run alone"
    assert close[1] != wide[1] or name == "history"


@pytest.mark.parametrize("name", ["curve", "map", "history"])
def test_a_run_that_ran_away_flattens_none(name: str) -> None:
    lab = Laboratory(load("pizza"), Settings(0.02), Limits(400))
    lab.walk.step(300)
    lab.walk.back(298)
    lab.walk.set_learning_rate(0.001)
    lab.walk.step(50)
    views = Views()
    views.show(name, lab.ground)
    views.fit(lab.frame)
    views.fit(lab.frame)
    window = views.scene(lab.frame).window
    assert max(map(abs, (window.left, window.right, window.bottom, window.top))) < 1e5


def test_alone_there_is_nothing_more_to_frame() -> None:
    lab = Laboratory(load("pizza"), Settings(0.001), Limits(100))
    views = Views()
    assert views.fit(lab.frame) == views.fit(lab.frame)


def beside_a_climber() -> Laboratory:
    """A run beside one that went above the start."""
    lab = Laboratory(load("pizza"), Settings(0.005), Limits(400))
    lab.walk.step(3)
    lab.walk.back(3)
    lab.walk.set_learning_rate(0.001)
    lab.walk.step(5)
    return lab


def test_in_the_history_where_nothing_is_closer_the_first_time_shows_all_runs() -> None:
    lab, views = beside_a_climber(), Views()
    views.show("history", lab.ground)
    before = views.scene(lab.frame).window
    first = views.fit(lab.frame), views.scene(lab.frame).window
    second = views.fit(lab.frame), views.scene(lab.frame).window
    assert first[0] == "The chart is fitted to all runs. f: this run alone."
    assert first[1] != before
    assert second == ("The chart is fitted to this run. f: all runs.", before)


@pytest.mark.parametrize("name", ["fit", "rates", "surface"])
def test_what_it_says_is_true_of_the_view(name: str) -> None:
    lab, views = beside_a_climber(), Views()
    views.show(name, lab.ground)
    for _ in range(3):
        before, said = views.scene(lab.frame).window, views.fit(lab.frame)
        assert "all runs" not in said
        assert (said == "This view always shows all there is.") == (name != "surface")
        assert views.scene(lab.frame).window == before or name == "surface"
