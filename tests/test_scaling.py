"""Feature scaling: a round bowl, and the way back to the data's own units."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gdcore.descent.steps import Settings, advance, begin
from gdcore.landscapes.bowl import MeanSquaredError
from gdcore.rows.dataset import Dataset, load
from gdcore.rows.scaling import standardized, standardized_loss

FINITE = st.floats(-1e6, 1e6)


def rows(x: list[float], y: list[float]) -> Dataset:
    return Dataset("rows", None, np.array(x), np.array(y), "x", "y", ("x", "y"))


def test_standardized_rows_have_mean_0_spread_1_and_condition_number_1() -> None:
    data, _ = standardized(load("pizza"))
    assert [np.mean(data.x), np.mean(data.y)] == pytest.approx([0, 0], abs=1e-15)
    assert [np.std(data.x), np.std(data.y)] == pytest.approx([1, 1])
    assert MeanSquaredError.of(data.x, data.y).curvature(True).condition_number == pytest.approx(1, abs=1e-12)


def test_the_way_back_gives_the_least_squares_line_of_the_data() -> None:
    data = load("pizza")
    scaled, scale = standardized(data)
    minimum = MeanSquaredError.of(scaled.x, scaled.y).minimum
    assert minimum is not None
    assert scale.to_data(*minimum) == pytest.approx(MeanSquaredError.of(data.x, data.y).minimum)


def test_the_path_on_standardized_rows_is_straight() -> None:
    scaled, _ = standardized(load("pizza"))
    loss = MeanSquaredError.of(scaled.x, scaled.y)
    assert loss.minimum is not None
    state = begin(loss, Settings(0.1), w=-2.0, b=3.0)
    way = (loss.minimum[0] - state.w, loss.minimum[1] - state.b)
    for _ in range(10):
        state = advance(loss, Settings(train_bias=True), state)
        left = (loss.minimum[0] - state.w, loss.minimum[1] - state.b)
        assert left[0] * way[1] == pytest.approx(left[1] * way[0])


def test_the_loss_over_standardized_rows_is_that_of_the_rows_but_for_rounding() -> None:
    data = load("geyser")
    scaled, _ = standardized(data)
    loss, measured = standardized_loss(MeanSquaredError.of(data.x, data.y)), MeanSquaredError.of(scaled.x, scaled.y)
    for w, b in ((0.0, 0.0), (1.5, -2.0), (-3.0, 0.25)):
        assert loss(w, b) == pytest.approx(measured(w, b))
        assert loss.gradient(w, b) == pytest.approx(measured.gradient(w, b))
    assert loss.minimum == (loss.weight, 0)


def test_x_that_never_changes_cannot_be_scaled_and_y_can() -> None:
    with pytest.raises(ValueError, match=r"^x never changes, so it cannot be scaled; choose another column for x$"):
        standardized(rows([2.0, 2.0], [1.0, 3.0]))
    data, scale = standardized(rows([1.0, 3.0], [5.0, 5.0]))
    assert data.y.tolist() == [0, 0]
    assert scale.to_data(0.0, 0.0) == (0.0, 5.0)


@settings(derandomize=True, max_examples=60, deadline=None)
@given(st.lists(st.tuples(FINITE, FINITE), min_size=2, max_size=20), FINITE, FINITE)
def test_a_line_says_the_same_in_either_units(table: list[tuple[float, float]], w: float, b: float) -> None:
    data = rows([x for x, _ in table], [y for _, y in table])
    if np.ptp(data.x) < 1e-3:
        return
    scaled, scale = standardized(data)
    own_w, own_b = scale.to_data(w, b)
    there = (w * scaled.x + b) * scale.std_y + scale.mean_y
    size = 1 + np.abs(own_w * data.x).max() + abs(own_b) + np.abs(there).max()
    assert own_w * data.x + own_b == pytest.approx(there, abs=1e-9 * size)
