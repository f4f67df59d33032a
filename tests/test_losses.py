"""Losses other than the squared error: PyTorch's trajectories, minima found otherwise, and what convexity asks for."""

from __future__ import annotations

import json
import re
from itertools import product
from math import inf, isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from gdcore.descent.batches import Batch
from gdcore.descent.branches import Branches
from gdcore.descent.optimizers import OPTIMIZERS, Adam
from gdcore.descent.steps import Ending, Limits, Reason, Settings, begin, descend, proceed
from gdcore.descent.timeline import Timeline
from gdcore.landscapes.bowl import MeanSquaredError
from gdcore.landscapes.grid import Grid
from gdcore.landscapes.losses import (
    LOSSES,
    SAMPLE,
    AbsoluteError,
    Huber,
    Logistic,
    LossOfRows,
    loss_name,
    loss_of_rows,
)
from gdcore.landscapes.solve import least_absolute_line, newton, weighted_median
from gdcore.rows.dataset import load
from gdcore.rows.ground import ground_of_rows
from gdcore.studies.race import racing, sensible_rate
from gdcore.studies.sweep import sweep
from tests.problems import Counted, pizza_rows

if TYPE_CHECKING:
    from gdcore.landscapes.landscape import Landscape
    from gdcore.landscapes.losses import Rows

REFERENCE: dict[str, Any] = json.loads((Path(__file__).parent / "reference" / "torch_losses.json").read_text())
CASES = REFERENCE["losses"]
CHAOS = {
    ("pizza, huber delta=5", "momentum"): 27,
    ("pizza, huber delta=5", "nesterov"): 36,
}
"""Where the rate is so large that the run is thrown from slope to slope, which doubles every error every two or three
steps: of the sums of 30 numbers, exact, one after the other, pairwise or in lanes, no two agree to 1e-10 beyond these
iterations."""


def landscape(label: str) -> LossOfRows:
    data = load("pizza" if label.startswith("pizza") else "orings")
    loss = label.partition(", ")[2].partition(" ")[0]
    found, _ = ground_of_rows(data, loss, 5.0, scaled="standardized" in label)
    assert isinstance(found, LossOfRows)
    return found


def map_to_arrays(loss: Landscape, w: Rows, b: Rows) -> tuple[Rows, tuple[Rows, Rows]]:
    value, (slope_w, slope_b) = loss.loss_and_gradient(w, b)
    return np.asarray(value), (np.asarray(slope_w), np.asarray(slope_b))


def random_rows(count: int, seed: int) -> tuple[Rows, Rows, Rows]:
    """x, y of a line with many far rows, and labels that depend on x."""
    random = np.random.default_rng(seed)
    x = random.uniform(-5, 20, count)
    y = 1.5 * x - 4 + random.standard_cauchy(count)
    labels = (random.random(count) < 1 / (1 + np.exp(3 - x / 2))).astype(np.float64)
    return x, y, labels


def of_each(count: int, seed: int) -> list[LossOfRows]:
    x, y, labels = random_rows(count, seed)
    return [AbsoluteError(x, y), Huber(x, y, 0.1), Huber(x, y, 3.0), Huber(x, y, 1e4), Logistic(x, labels)]


# --- PyTorch


def test_the_reference_is_of_the_data_that_ship() -> None:
    data = load("orings")
    assert (data.x.tolist(), data.y.tolist()) == (REFERENCE["temperature"], REFERENCE["distress"])
    assert len(CASES) == 4
    assert all(len(case["runs"]) == 6 for case in CASES.values())


@pytest.mark.parametrize(("label", "optimizer"), [(label, name) for label in CASES for name in CASES[label]["runs"]])
def test_every_state_is_that_of_pytorch(label: str, optimizer: str) -> None:
    run, loss = CASES[label]["runs"][optimizer], landscape(label)
    settings = Settings(run["learning rate"], OPTIMIZERS[optimizer.replace(" ", "-")](), True)
    states = list(descend(loss, settings, Limits(60), begin(loss, settings)))
    assert len(states) == len(run["w"]) == 61
    for state in states[: CHAOS.get((label, optimizer), 60) + 1]:
        i = state.iteration
        assert [state.w, state.b] == pytest.approx([run["w"][i], run["b"][i]], rel=1e-10, abs=1e-12)
        assert state.loss == pytest.approx(run["loss"][i], rel=1e-10)
        assert state.gradient == pytest.approx((run["dw"][i], run["db"][i]), rel=1e-10, abs=1e-10)


@pytest.mark.parametrize(("label", "optimizer"), CHAOS)
def test_where_the_comparison_ends_the_last_digit_of_the_start_decides(label: str, optimizer: str) -> None:
    loss = landscape(label)
    settings = Settings(CASES[label]["runs"][optimizer]["learning rate"], OPTIMIZERS[optimizer](), True)
    one, other = (list(descend(loss, settings, Limits(60), begin(loss, settings, w))) for w in (0.0, 1e-14))
    assert max(abs(a.w / b.w - 1) for a, b in zip(one[40:], other[40:], strict=True)) > 1e-11


@pytest.mark.parametrize("label", CASES)
def test_the_minimum_is_that_of_the_reference(label: str) -> None:
    (found,) = landscape(label).minima()
    assert list(found) == pytest.approx(CASES[label]["minimum"], rel=1e-9)


def test_the_maximum_likelihood_of_the_o_rings_is_reached_only_when_standardized() -> None:
    data = load("orings")
    raw, _ = ground_of_rows(data, "logistic")
    scaled, scale = ground_of_rows(data, "logistic", scaled=True)
    assert scale is not None
    *_, end = descend(
        scaled, round_the_bowl := Settings(4.0, train_bias=True), Limits(200), begin(scaled, round_the_bowl)
    )
    assert scale.to_data(end.w, end.b) == pytest.approx((-0.23216274, 15.04290165), rel=1e-7)
    rate = raw.curvature(True, 0.0, 0.0).critical_learning_rate
    plain = Settings(0.9 * rate, train_bias=True)
    *_, stuck = descend(raw, plain, Limits(2000), begin(raw, plain))
    assert stuck.b < 0.2


def test_predictions() -> None:
    loss = Logistic([0.0, 1.0], [0.0, 1.0])
    assert loss.prediction(31.0, -0.23216274421859656, 15.042901647702445) == pytest.approx(0.99960878, rel=1e-7)
    far = loss.prediction(np.array([-1e308, 0.0, 1e308]), 10.0, 0.0)
    assert np.asarray(far).tolist() == [0, 0.5, 1]
    assert Huber([0.0, 1.0], [0.0, 1.0]).prediction(3.0, 2.0, 1.0) == 7.0


# --- What every one of them keeps to


@pytest.mark.parametrize("count", [1, 2, 30, 1000, 40_000])
def test_gradient_and_hessian_are_the_slopes(count: int) -> None:
    """The gradient by differences of the loss, the Hessian by differences of the gradient, away from kinks."""
    for loss in of_each(count, count):
        for w, b in ((0.31, 0.7), (-1.2, 8.9)):
            h = 1e-6
            kinks = 10 * h * np.abs(loss.columns.x).mean() if isinstance(loss, AbsoluteError | Huber) else 1e-7
            slope_w, slope_b = loss.gradient(w, b)
            assert slope_w == pytest.approx((loss(w + h, b) - loss(w - h, b)) / (2 * h), rel=1e-5, abs=kinks + 1e-6)
            assert slope_b == pytest.approx((loss(w, b + h) - loss(w, b - h)) / (2 * h), rel=1e-5, abs=1e-5)
            if isinstance(loss, Logistic):
                for exact, rough in zip(loss.hessian(w, b), by_differences(loss, w, b), strict=True):
                    assert exact == pytest.approx(rough, rel=1e-5, abs=1e-7)


def by_differences(loss: LossOfRows, w: float, b: float) -> tuple[float, float, float]:
    h = 1e-5
    right, left, up, down = (loss.gradient(*at) for at in ((w + h, b), (w - h, b), (w, b + h), (w, b - h)))
    return (right[0] - left[0]) / (2 * h), (up[0] - down[0]) / (2 * h), (up[1] - down[1]) / (2 * h)


def test_the_hessian_of_huber_counts_the_rows_within_delta_and_that_of_the_absolute_error_is_0() -> None:
    x, y, _ = random_rows(50, 3)
    near = np.abs(0.5 * x + 1 - y) <= 3
    expected = (np.sum(x[near] ** 2) / 50, np.sum(x[near]) / 50, near.sum() / 50)
    assert Huber(x, y, 3.0).hessian(0.5, 1.0) == pytest.approx(expected, rel=1e-13)
    assert AbsoluteError(x, y).hessian(0.5, 1.0) == (0, 0, 0)
    assert AbsoluteError(x, y).curvature(True, 0.5, 1.0).critical_learning_rate == inf


@pytest.mark.parametrize("count", [7, SAMPLE, 20_000])
def test_many_points_at_once_are_as_many_points_of_the_rows_that_are_drawn(count: int) -> None:
    w, b = np.array([[-1.0, 0.5, 2.0]]), np.array([[0.0], [3.0]])
    for loss in of_each(count, 1):
        value, (slope_w, slope_b) = map_to_arrays(loss, w, b)
        assert np.shape(value) == np.shape(slope_w) == np.shape(slope_b) == (2, 3)
        np.testing.assert_array_equal(loss(w, b), value)
        for i, j in product(range(2), range(3)):
            one = loss.drawn.loss_and_gradient(w[0, j].item(), b[i, 0].item())
            expected = (one[0], *one[1])
            assert (value[i, j], slope_w[i, j], slope_b[i, j]) == pytest.approx(expected, rel=1e-11, abs=1e-12)
        assert loss.sampled == (SAMPLE if count > SAMPLE else 0)
        assert (loss.drawn is loss) is (count <= SAMPLE)


def test_the_sample_is_fixed_and_each_of_its_rows_is_there_once() -> None:
    x = np.arange(25_000.0)
    one, other = (AbsoluteError(x, -x).drawn.columns for _ in range(2))
    np.testing.assert_array_equal(one.x, other.x)
    np.testing.assert_array_equal(one.y, -one.x)
    assert len(np.unique(one.x)) == SAMPLE
    assert abs(one.x.mean() - x.mean()) < 300


@pytest.mark.parametrize("count", [10, 300, 30_000])
def test_the_minimum_is_lower_than_all_around_it(count: int) -> None:
    random = np.random.default_rng(0)
    for seed in range(3):
        for loss in of_each(count, seed):
            for b in (None, 0.0, -7.5):
                if loss.why_no_minimum(b):
                    assert isinstance(loss, Logistic)
                    continue
                (found,) = loss.minima(b)
                assert found.loss == loss(found.w, found.b)
                assert b is None or found.b == b
                for size in (1e-6, 1e-3, 1.0, 30.0):
                    for _ in range(6):
                        step_w, step_b = (size * random.standard_normal(2)).tolist()
                        assert loss(found.w + step_w / 10, found.b + (step_b if b is None else 0)) >= found.loss * (
                            1 - 1e-14
                        )
                if not isinstance(loss, AbsoluteError):
                    slope_w, slope_b = loss.gradient(found.w, found.b)
                    assert abs(slope_w) < 1e-9
                    assert b is not None or abs(slope_b) < 1e-9


def test_minima_are_searched_for_once(monkeypatch: pytest.MonkeyPatch) -> None:
    loss = of_each(30, 5)[2]
    first, held = loss.minima(), loss.minima(2.0)
    monkeypatch.setattr(Huber, "_search", None)
    assert loss.minima() is first
    assert loss.minima(2.0) is held
    assert loss.lowest_point() == first[0]


def test_huber_lies_between_the_squared_and_the_absolute_error() -> None:
    x, y, _ = random_rows(60, 2)
    squares, absolute = MeanSquaredError.of(x, y), AbsoluteError(x, y)
    wide, narrow = Huber(x, y, 1e9), Huber(x, y, 1e-9)
    assert wide(0.3, 1.0) == pytest.approx(squares(0.3, 1.0) / 2, rel=1e-12)
    assert narrow(0.3, 1.0) / 1e-9 == pytest.approx(absolute(0.3, 1.0), rel=1e-8)
    assert wide.minima()[0][:2] == pytest.approx(squares.minimum, rel=1e-9)
    assert narrow.minima()[0][:2] == pytest.approx(absolute.minima()[0][:2], rel=1e-6)


@pytest.mark.parametrize("seed", range(12))
def test_the_line_of_least_absolute_error_is_the_best_of_all_through_two_rows(seed: int) -> None:
    """Whole numbers, so that many rows lie on one line and many lines are equally good."""
    random = np.random.default_rng(seed)
    x, y = random.integers(0, 6, 14).astype(float), random.integers(0, 5, 14).astype(float)
    lines = [
        ((y[j] - y[i]) / (x[j] - x[i]), y[i] - (y[j] - y[i]) / (x[j] - x[i]) * x[i])
        for i, j in product(range(14), repeat=2)
        if x[i] != x[j]
    ]
    best = min(float(np.abs(w * x + b - y).sum()) for w, b in lines)
    for start in ((0.0, 0.0), (5.0, -9.0), (-3.0, 40.0)):
        w, b = least_absolute_line(x, y, *start)
        assert np.abs(w * x + b - y).sum() == pytest.approx(best, rel=1e-12)


@pytest.mark.parametrize("count", [5, 100, 50_001])
def test_weighted_medians(count: int) -> None:
    random = np.random.default_rng(count)
    values, weights = random.integers(0, 1000, count).astype(float), random.integers(1, 9, count).astype(np.float64)
    expected = np.median(np.repeat(values, (2 * weights + 1).astype(int)))
    assert abs(weighted_median(values, 2.0 * weights + 1) - expected) <= 1
    plain = np.asarray(random.standard_normal(count), dtype=np.float64)
    assert weighted_median(plain, np.ones(count), middle=True) == np.median(plain)


def test_newton_where_there_is_no_lowest_point_ends() -> None:
    p, q = newton(lambda p, _: (p, (1.0, 0.0), (0.0, 0.0, 0.0)), 1.0, 2.0, both=True)
    assert isfinite(p)
    assert q == 2.0


# --- Odd data


def flat(loss: str, y: list[float], x: float = 2.0) -> Landscape:
    return loss_of_rows(np.full(len(y), x), np.array(y), loss, 1.0)


@pytest.mark.parametrize(
    ("loss", "y", "height"),
    [("absolute", [1.0, 2.0, 9.0], 2.0), ("huber", [1.0, 2.0, 9.0], 2.0), ("logistic", [1.0, 0.0, 1.0], np.log(2))],
)
def test_where_x_never_changes_the_loss_is_a_trough(loss: str, y: list[float], height: float) -> None:
    trough = flat(loss, y)
    assert trough.minima() == ()
    floor = trough.valley(np.array([0.0, 1.0]))
    assert floor is not None
    assert floor.tolist() == pytest.approx([height, height - 2], rel=1e-9)
    assert trough.lowest() == pytest.approx(trough(1.0, floor[1].item()), rel=1e-12)
    assert trough.gradient(1.0, floor[1].item()) == pytest.approx((0, 0), abs=1e-9)
    (held,) = trough.minima(1.0)
    assert held.w * 2 + 1 == pytest.approx(height, rel=1e-9)
    assert flat(loss, y, 0.0).minima(1.0) == (), "w does not matter"


@pytest.mark.parametrize(
    ("x", "y", "words"),
    [
        ([0.0, 1.0, 2.0, 3.0], [0.0, 0.0, 1.0, 1.0], "x = 1.5 separates the labels"),
        ([0.0, 1.0, 1.0, 3.0], [1.0, 0.0, 1.0, 0.0], "x = 1 separates the labels"),
        ([0.0, 1.0], [1.0, 1.0], "all labels are 1"),
        ([2.0, 2.0], [0.0, 0.0], "all labels are 0"),
    ],
)
def test_labels_that_are_separated_have_no_minimum_and_it_is_said_why(
    x: list[float], y: list[float], words: str
) -> None:
    loss = Logistic(x, y)
    assert loss.minima() == ()
    assert loss.lowest() is None
    assert loss.why_no_minimum().startswith(words)
    assert loss.scope.w[0] < 0 < loss.scope.w[1]
    settings = Settings(1.0, train_bias=True)
    states = list(descend(loss, settings, Limits(200), begin(loss, settings)))
    assert states[-1].loss < states[100].loss < states[0].loss


def test_with_b_held_labels_on_their_own_sides_of_0_have_no_minimum() -> None:
    loss = Logistic([-1.0, 2.0, 3.0], [0.0, 1.0, 1.0])
    assert loss.minima(0.5) == ()
    assert "b held at 0.5" in loss.why_no_minimum(0.5)
    assert Logistic([1.0, 2.0, 3.0], [0.0, 1.0, 1.0]).why_no_minimum(0.0) == ""
    assert len(Logistic([1.0, 2.0, 3.0], [0.0, 1.0, 1.0]).minima(0.0)) == 1


def test_far_and_huge_values(pizza: MeanSquaredError) -> None:
    x, y = pizza_rows()
    labels = (y > 25).astype(float)
    for near, far in ((AbsoluteError(x, y), AbsoluteError(x + 1e7, y)), (Huber(x, y, 5.0), Huber(x + 1e7, y, 5.0))):
        w, b, lowest = far.minima()[0]
        assert lowest == pytest.approx(near.minima()[0].loss, rel=1e-6)
        assert b + 1e7 * w == pytest.approx(11.4, abs=3)
    every: list[LossOfRows] = [AbsoluteError(x, y), Huber(x, y), Logistic(x, labels)]
    for loss in every:
        for at in ((1e200, 0.0), (-1e308, 1e308), (0.0, -1e306)):
            value, gradient = loss.loss_and_gradient(*at)
            assert all(map(isfinite, gradient))
            assert value > pizza.floor
        settings = Settings(1e308, Adam(), True)
        *_, last = descend(loss, settings, Limits(50), begin(loss, settings))
        assert isfinite(last.loss)


@pytest.mark.parametrize("label", [2.0, 0.5, -1.0])
def test_other_labels_are_refused_with_a_sentence(label: float) -> None:
    sentence = (
        f"the logistic loss needs the labels 0 and 1 for y, and row 3 has {label:g}; "
        "choose another column, or another loss"
    )
    with pytest.raises(ValueError, match=f"^{re.escape(sentence)}$"):
        Logistic([1.0, 2.0, 3.0], [0.0, 1.0, label])


def test_bad_deltas_and_losses_are_refused_with_a_sentence() -> None:
    for delta in (0.0, -1.0, inf, float("nan")):
        with pytest.raises(ValueError, match=r"^delta must be a positive number, not "):
            Huber([1.0, 2.0], [1.0, 2.0], delta)
    with pytest.raises(
        ValueError, match=r'^there is no loss "cubic"; choose one of squared, absolute, huber, logistic$'
    ):
        loss_of_rows(np.ones(2), np.ones(2), "cubic")
    for kind in (AbsoluteError, Huber, Logistic):
        with pytest.raises(ValueError, match=r"^x and y must be columns"):
            kind([], [])


@pytest.mark.parametrize("name", LOSSES)
def test_every_loss_has_a_name_and_finds_it_again(name: str) -> None:
    x, y, labels = random_rows(12, 0)
    loss = loss_of_rows(x, labels if name == "logistic" else y, name, 2.5)
    assert type(loss) is LOSSES[name]
    assert loss_name(loss) == (name, 2.5 if name == "huber" else None)
    assert loss.title
    assert "1/n * sum(" in loss.formula
    assert loss.convex
    assert loss.exact is (name == "squared")


@given(st.lists(st.tuples(st.integers(-9, 9), st.integers(-9, 9)), min_size=2, max_size=12), st.floats(-3, 3))
@examples(max_examples=60, deadline=None)
def test_minima_of_any_small_data_are_lowest(rows: list[tuple[int, int]], b: float) -> None:
    x, y = np.array(rows, dtype=float).T
    for loss in (AbsoluteError(x, y), Huber(x, y, 1.5), Logistic(x, (y > 0).astype(float))):
        for held in (None, b):
            for found in loss.minima(held):
                for step_w, step_b in product((-0.3, -1e-4, 0.0, 1e-4, 0.3), repeat=2):
                    nearby = loss(found.w + step_w, found.b + (step_b if held is None else 0.0))
                    assert nearby >= found.loss - 1e-12 * (1 + found.loss)


# --- Batches, sweeps and races on them


def test_a_batch_is_the_same_loss_over_its_rows() -> None:
    for loss in of_each(40, 4):
        rows = Batch(7, 5).rows(9, 40)
        seen = loss.seen(9, Batch(7, 5))
        assert type(seen) is type(loss)
        assert seen.formula == loss.formula
        again = loss.over(loss.columns.x[rows], loss.columns.y[rows])
        assert seen.loss_and_gradient(0.4, -1.0) == again.loss_and_gradient(0.4, -1.0)
        parts = [loss.seen(i, Batch(7)).loss_and_gradient(0.4, -1.0) for i in range(6)]
        sizes = [7, 7, 7, 7, 7, 5]
        mean = sum(size * value for size, (value, _) in zip(sizes, parts, strict=True)) / 40
        assert mean == pytest.approx(loss(0.4, -1.0), rel=1e-12)


def test_a_sweep_arrives_at_the_minimum_of_a_convex_loss() -> None:
    x, y, labels = random_rows(25, 8)
    for loss, under in ((Huber(x, y, 3.0), Settings(train_bias=True)), (Logistic(x, labels), Settings())):
        *_, result = sweep(loss, (0.0, 0.0), under, [1e-9, 1e-2], limit=20_000)
        assert result.arrived.tolist() == [False, True]
        settings = Settings(0.01, train_bias=under.train_bias)
        *_, last = descend(loss, settings, Limits(int(result.iterations[1])), begin(loss, settings))
        assert last.loss <= (loss.lowest(None if under.train_bias else 0.0) or 0) * (1 + 1e-6)


def test_a_rate_for_the_race_over_many_rows_is_found_on_the_sample() -> None:
    x, y, _ = random_rows(30_000, 1)
    loss, settings = Huber(x, y, 3.0), Settings(train_bias=True)
    rate = sensible_rate(loss, settings, begin(loss, settings), 20)
    under = Settings(rate, train_bias=True)
    *_, last = descend(loss, under, Limits(20), begin(loss, under))
    assert last.loss < loss(0.0, 0.0) / 2


def test_diverged_is_said_where_the_loss_is_no_number() -> None:
    loss = AbsoluteError([1e150, 2e150], [0.0, 1.0])
    settings = Settings(1e300, train_bias=True)
    ending = proceed(loss, settings, Limits(10), begin(loss, settings))
    assert isinstance(ending, Ending)
    assert ending.reason is Reason.DIVERGED


def test_a_piece_of_a_race_passes_few_rows() -> None:
    x, y, _ = random_rows(30_000, 3)
    loss = Counted(x, y, 3.0)
    branches = Branches(Timeline(loss, Settings(0.01, train_bias=True), Limits(3)))
    pieces, worst, before = racing(branches), 0, Counted.passed
    for _ in pieces:
        worst, before = max(worst, Counted.passed - before), Counted.passed
    tries, evaluations = 61, 5  # nudging looks to four sides
    assert worst <= 2 * tries * evaluations * SAMPLE


def test_a_grid_of_losses_is_measured_once_and_close_to_them() -> None:
    x, y, _ = random_rows(20_000, 4)
    loss = Counted(x, y, 3.0)
    part = loss.scope.w, loss.scope.b
    Counted.passed = 0
    grid = loss.grid(*part)
    assert Counted.passed <= 41 * 41 * SAMPLE
    for _ in range(3):
        again = loss.grid(*part)
    assert again is grid
    assert Counted.passed <= 41 * 41 * SAMPLE
    ws, bs = (np.random.default_rng(0).uniform(*ends, 50) for ends in part)
    exact = loss(ws, bs)
    assert np.abs(grid.at(ws, bs) - exact).max() < 0.01 * (grid.losses.max() - grid.losses.min())


@given(st.integers(4, 9), st.integers(4, 9), st.lists(st.floats(-9, 9), min_size=6, max_size=6))
def test_a_grid_of_a_quadratic_is_that_quadratic_everywhere(m: int, n: int, terms: list[float]) -> None:
    def quadratic(w: Rows, b: Rows) -> Rows:
        one, along_w, along_b, bent_w, twist, bent_b = terms
        return one + along_w * w + along_b * b + bent_w * w * w + twist * w * b + bent_b * b * b

    ws, bs = np.linspace(-1, 2, m), np.linspace(0, 5, n)
    grid = Grid(ws, bs, quadratic(ws[:, None], bs))
    w, b = np.random.default_rng(m + n).uniform([[-1], [0]], [[2], [5]], (2, 40))
    assert grid.at(w, b) == pytest.approx(quadratic(w, b), abs=1e-9)
    assert grid.finer(20).losses == pytest.approx(quadratic(*np.meshgrid(*grid.finer(20)[:2], indexing="ij")), abs=1e-9)
