"""The loss of a line: against its definition, against exact fractions, against NumPy's linear algebra."""

from __future__ import annotations

from fractions import Fraction
from math import inf, nan
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gdcore.descent.optimizers import GradientDescent
from gdcore.landscapes import bowl as loss_module
from gdcore.landscapes.bowl import MeanSquaredError, Moments
from gdcore.landscapes.landscape import Curvature
from tests.problems import PROBLEMS, Problem, exact_loss_and_gradient, hessian_of, pizza_rows, relative_error

if TYPE_CHECKING:
    from gdcore.landscapes.bowl import Rows

EPSILON = 2.0**-52

# Sixty-fourths: numbers of many sizes and both signs, but none whose square is lost below the smallest float.
numbers = st.integers(-64_000, 64_000).map(lambda sixty_fourths: sixty_fourths / 64)
tables = st.lists(st.tuples(numbers, numbers), min_size=1, max_size=40).map(lambda rows: np.array(rows).T)
repeatably = settings(derandomize=True, max_examples=60, deadline=None)


def by_rows(x: Rows, y: Rows, w: float, b: float) -> float:
    """The loss by its definition."""
    return float(np.mean((w * x + b - y) ** 2))


# --- The lesson's numbers


def test_pizza_has_the_lessons_minimum(pizza: MeanSquaredError) -> None:
    assert pizza.minimum == pytest.approx((1.0811119573, 13.1725818736), abs=6e-11)
    assert pizza.floor == pytest.approx(22.8427367352, abs=6e-11)
    assert pizza(*pizza.minimum or (nan, nan)) == pytest.approx(pizza.floor, rel=1e-15)


def test_pizza_has_the_lessons_curvature(pizza: MeanSquaredError) -> None:
    assert pizza.curvature(train_bias=False).critical_learning_rate == pytest.approx(0.0045703839, abs=6e-11)
    assert pizza.curvature(train_bias=True).critical_learning_rate == pytest.approx(0.0045550993, abs=6e-11)
    assert pizza.curvature(train_bias=False).condition_number == 1
    assert pizza.curvature(train_bias=True).condition_number == pytest.approx(826, abs=0.5)


def test_pizza_has_the_least_squares_line_of_numpy(pizza: MeanSquaredError) -> None:
    slope, intercept = np.polyfit(*pizza_rows(), 1)
    assert pizza.minimum == pytest.approx((slope, intercept), rel=1e-12)
    x, y = pizza_rows()
    assert pizza.minimum_w(0.0) == pytest.approx(np.linalg.lstsq(x[:, None], y)[0][0], rel=1e-14)


# --- Loss and gradient


@pytest.mark.parametrize("problem", PROBLEMS, ids=str)
def test_loss_is_the_mean_of_the_squared_errors_of_the_rows(problem: Problem) -> None:
    for w, b in np.random.default_rng(2).uniform(-20, 20, (20, 2)):
        assert problem.loss(w, b) == pytest.approx(by_rows(problem.x, problem.y, w, b), rel=1e-13)


@pytest.mark.parametrize("problem", PROBLEMS, ids=str)
def test_gradient_is_the_slope_of_the_loss(problem: Problem) -> None:
    loss, h = problem.loss, 2.0**-10
    for w, b in np.random.default_rng(3).uniform(-20, 20, (20, 2)):
        # Central differences of a quadratic have no error but rounding, whatever h is.
        slope_w = (loss(w + h, b) - loss(w - h, b)) / (2 * h)
        slope_b = (loss(w, b + h) - loss(w, b - h)) / (2 * h)
        rounding = 4 * EPSILON * loss(w, b) / h
        assert loss.gradient(w, b) == pytest.approx((slope_w, slope_b), rel=1e-12, abs=rounding)


@pytest.mark.parametrize("problem", PROBLEMS, ids=str)
def test_loss_and_gradient_in_one_go_are_those_one_by_one(problem: Problem) -> None:
    loss = problem.loss
    for w, b in np.random.default_rng(4).uniform(-20, 20, (20, 2)):
        assert loss.loss_and_gradient(w, b) == (loss(w, b), loss.gradient(w, b))


@pytest.mark.parametrize("shape", [(), (1,), (5,), (3, 4), (2, 1, 3), (0,)])
def test_arrays_of_any_shape_give_the_numbers_of_floats(pizza: MeanSquaredError, shape: tuple[int, ...]) -> None:
    values: Any
    slopes_w: Any
    slopes_b: Any
    w, b = np.random.default_rng(5).uniform(-20, 20, (2, *shape))
    values, (slopes_w, slopes_b) = pizza.loss_and_gradient(w, b)
    assert np.shape(values) == np.shape(slopes_w) == np.shape(slopes_b) == shape
    assert np.array_equal(pizza(w, b), values)
    for at in np.ndindex(shape):
        assert (values[at], (slopes_w[at], slopes_b[at])) == pizza.loss_and_gradient(float(w[at]), float(b[at]))


def test_a_column_of_w_and_a_row_of_b_give_the_whole_map(pizza: MeanSquaredError) -> None:
    w, b = np.linspace(-1, 3, 5), np.linspace(0, 20, 7)
    assert np.array_equal(pizza(w[:, None], b[None, :]), [[pizza(w_, b_) for b_ in b] for w_ in w])


# --- No cancellation

SCALES = [(1.0, 0.0), (1.0, 1e6), (1e-3, 0.0), (1e-3, 1e6)]
# Name -> w and b: a share of the minimum's, and what is added to it.
POINTS = {
    "at the start": (0.0, 0.0, 0.0, 0.0),
    "at w=3, b=-7": (0.0, 0.0, 3.0, -7.0),
    "at w=-0.31, b=5.7": (0.0, 0.0, -0.31, 5.7),
    "w beyond the minimum": (1 + 1e-3, 1.0, 0.0, 0.0),
    "w short of the minimum": (1 - 1e-3, 1.0, 0.0, 0.0),
    "b beyond the minimum": (1.0, 1 + 1e-3, 0.0, 0.0),
    "b short of the minimum": (1.0, 1 - 1e-3, 0.0, 0.0),
    "near the minimum across the valley": (1 + 1e-3, 1 - 1e-3, 0.0, 0.0),
    "near the minimum, both beyond": (1 + 1e-3, 1 + 1e-3, 0.0, 0.0),
    "near the minimum, both short": (1 - 1e-3, 1 - 1e-3, 0.0, 0.0),
    "far from the minimum": (-1.7, 2.3, 0.0, 0.0),
}


def shifted_pizza(scale_x: float, shift_x: float, scale_y: float, shift_y: float) -> tuple[Rows, Rows]:
    x, y = pizza_rows()
    return x * scale_x + shift_x, y * scale_y + shift_y


@pytest.mark.parametrize("point", POINTS)
@pytest.mark.parametrize(("scale_y", "shift_y"), SCALES)
@pytest.mark.parametrize(("scale_x", "shift_x"), SCALES)
def test_shifted_and_scaled_rows_keep_ten_digits(
    scale_x: float, shift_x: float, scale_y: float, shift_y: float, point: str
) -> None:
    x, y = shifted_pizza(scale_x, shift_x, scale_y, shift_y)
    loss = MeanSquaredError.of(x, y)
    share_w, share_b, more_w, more_b = POINTS[point]
    w, b = share_w * loss.weight + more_w, share_b * loss.bias + more_b
    value, (slope_w, slope_b) = loss.loss_and_gradient(w, b)
    exact, (exact_w, exact_b) = exact_loss_and_gradient(x, y, w, b)
    assert relative_error(value, exact) < 1e-10
    assert relative_error(slope_w, exact_w) < 1e-10
    assert relative_error(slope_b, exact_b) < 1e-10


def test_far_from_zero_an_array_gives_the_same_numbers_as_floats() -> None:
    loss = MeanSquaredError.of(*shifted_pizza(1e-3, 1e6, 1.0, 0.0))
    w, b = np.linspace(-3, 2000, 7), np.linspace(-2e9, 7, 7)
    assert loss.far
    assert np.array_equal(loss(w, b), [loss(w_, b_) for w_, b_ in zip(w.tolist(), b.tolist(), strict=True)])


@pytest.mark.parametrize(("scale_y", "shift_y"), SCALES)
@pytest.mark.parametrize(("scale_x", "shift_x"), SCALES)
def test_where_the_mean_residual_vanishes_only_the_last_bits_of_w_and_b_are_lost(
    scale_x: float, shift_x: float, scale_y: float, shift_y: float
) -> None:
    """There the next float to w has another residual altogether: the error is measured by those of the next floats."""
    x, y = shifted_pizza(scale_x, shift_x, scale_y, shift_y)
    loss = MeanSquaredError.of(x, y)
    w = 1.5 * loss.weight
    b = loss.bias - 0.5 * loss.weight * loss.moments.mean_x
    value, (slope_w, slope_b) = loss.loss_and_gradient(w, b)
    exact, (exact_w, exact_b) = exact_loss_and_gradient(x, y, w, b)
    last_bits = EPSILON * (abs(loss.moments.mean_x * w) + abs(b) + abs(loss.moments.mean_y))
    assert relative_error(value, exact) < 1e-10
    assert abs(slope_b - float(exact_b)) < 4 * last_bits
    assert abs(slope_w - float(exact_w)) < 4 * last_bits * abs(loss.moments.mean_x) + 1e-14 * abs(float(exact_w))


@pytest.mark.parametrize(("scale_y", "shift_y"), SCALES)
@pytest.mark.parametrize(("scale_x", "shift_x"), SCALES)
def test_the_minimum_of_shifted_rows_is_that_of_exact_arithmetic(
    scale_x: float, shift_x: float, scale_y: float, shift_y: float
) -> None:
    x, y = shifted_pizza(scale_x, shift_x, scale_y, shift_y)
    loss = MeanSquaredError.of(x, y)
    exact_x, exact_y = [Fraction(float(value)) for value in x], [Fraction(float(value)) for value in y]
    mean_x, mean_y = sum(exact_x) / Fraction(len(x)), sum(exact_y) / Fraction(len(y))
    from_mean = [(x_ - mean_x, y_ - mean_y) for x_, y_ in zip(exact_x, exact_y, strict=True)]
    weight = sum(dx * dy for dx, dy in from_mean) / sum((dx * dx for dx, _ in from_mean), Fraction(0))
    floor, _ = exact_loss_and_gradient(x, y, weight, mean_y - weight * mean_x)
    assert relative_error(loss.weight, weight) < 1e-12
    assert relative_error(loss.bias, mean_y - weight * mean_x) < 1e-12
    assert relative_error(loss.floor, floor) < 1e-12


# --- Moments


def assert_same_moments(moments: Moments, other: Moments, rel: float = 1e-12) -> None:
    assert moments.count == other.count
    spread_x, spread_y = moments.var_x**0.5, moments.var_y**0.5
    assert moments.mean_x == pytest.approx(other.mean_x, rel=rel, abs=rel * spread_x)
    assert moments.mean_y == pytest.approx(other.mean_y, rel=rel, abs=rel * spread_y)
    assert moments.var_x == pytest.approx(other.var_x, rel=rel)
    assert moments.var_y == pytest.approx(other.var_y, rel=rel)
    assert moments.cov_xy == pytest.approx(other.cov_xy, rel=rel, abs=rel * spread_x * spread_y)


@repeatably
@given(rows=tables, data=st.data())
def test_moments_of_chunks_merge_to_those_of_all_rows(rows: Rows, data: st.DataObject) -> None:
    x, y = rows
    cuts = sorted(data.draw(st.sets(st.integers(1, max(1, len(x) - 1)), max_size=6)) - {len(x)})
    chunks = zip(np.split(x, cuts), np.split(y, cuts), strict=True)
    merged, *rest = [Moments.of(xs, ys) for xs, ys in chunks]
    for moments in rest:
        merged = merged.merged(moments)
    assert_same_moments(merged, Moments.of(x, y))


@repeatably
@given(rows=tables, chunk=st.integers(1, 7))
def test_the_size_of_the_chunks_changes_nothing(rows: Rows, chunk: int) -> None:
    whole = MeanSquaredError.of(*rows)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loss_module, "_CHUNK_ROWS", chunk)
        in_chunks = MeanSquaredError.of(*rows)
    assert_same_moments(whole.moments, in_chunks.moments)
    assert in_chunks.floor == pytest.approx(whole.floor, rel=1e-9, abs=1e-12 * whole.moments.var_y)


def test_more_rows_than_a_chunk() -> None:
    random = np.random.default_rng(6)
    x = random.normal(3.0, 2.0, 2 * loss_module._CHUNK_ROWS + 17)
    y = 0.5 * x + random.standard_normal(len(x)) + np.arange(len(x)) / len(x)
    loss = MeanSquaredError.of(x, y)
    (var_x, cov_xy), (_, var_y) = np.cov(x, y, bias=True)
    assert_same_moments(
        loss.moments, Moments(len(x), float(np.mean(x)), float(np.mean(y)), float(var_x), float(var_y), float(cov_xy))
    )
    assert loss(0.3, -2.0) == pytest.approx(by_rows(x, y, 0.3, -2.0), rel=1e-12)
    assert loss.floor == pytest.approx(by_rows(x, y, loss.weight, loss.bias), rel=1e-12)


@pytest.mark.parametrize("chunk", [4, 30])
def test_a_mean_and_its_tail_are_as_exact_as_the_spread_of_the_rows(
    chunk: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Around 1e6 the floats are 1e-10 apart, which is much where the rows lie within 0.03 of each other."""
    monkeypatch.setattr(loss_module, "_CHUNK_ROWS", chunk)
    x, y = shifted_pizza(1e-3, 1e6, 1e-3, 1e6)
    moments = Moments.of(x, y)
    for column, mean, tail, variance in (
        (x, moments.mean_x, moments.tail_x, moments.var_x),
        (y, moments.mean_y, moments.tail_y, moments.var_y),
    ):
        exact = sum(Fraction(value) for value in column.tolist()) / Fraction(len(column))
        assert abs(Fraction(mean) + Fraction(tail) - exact) < 1e-14 * variance**0.5


def test_a_column_that_never_changes_has_no_variance_in_any_chunk() -> None:
    rows = 2 * loss_module._CHUNK_ROWS + 17
    moments = Moments.of(np.full(rows, 0.1), np.full(rows, 1e6 / 3))
    assert (moments.var_x, moments.var_y, moments.cov_xy) == (0, 0, 0)
    assert (moments.mean_x, moments.mean_y) == (0.1, 1e6 / 3)


@repeatably
@given(rows=tables)
def test_moments_of_rows_and_of_the_same_rows_in_reverse(rows: Rows) -> None:
    x, y = rows
    assert_same_moments(Moments.of(x, y), Moments.of(x[::-1], y[::-1]))


# --- Minimum and floor


@repeatably
@given(rows=tables, w=numbers, b=numbers)
def test_no_line_has_less_loss_than_the_floor(rows: Rows, w: float, b: float) -> None:
    x, y = rows
    loss = MeanSquaredError.of(x, y)
    assert loss(w, b) >= loss.floor >= 0
    assert by_rows(x, y, w, b) >= loss.floor * (1 - 1e-12)
    assert loss(loss.weight, loss.bias) == pytest.approx(loss.floor, rel=1e-12, abs=1e-20)


@repeatably
@given(rows=tables)
def test_the_gradient_is_zero_at_the_minimum(rows: Rows) -> None:
    x, y = rows
    loss = MeanSquaredError.of(x, y)
    exact_w, exact_b = (float(slope) for slope in exact_loss_and_gradient(x, y, loss.weight, loss.bias)[1])
    residual = float(np.mean(np.abs(loss.weight * x) + np.abs(loss.bias) + np.abs(y)))
    assert abs(exact_b) <= 1e-13 * residual
    assert abs(exact_w) <= 1e-12 * residual * float(np.max(np.abs(x)))


@repeatably
@given(rows=tables, b=numbers)
def test_minimum_w_is_where_the_slope_along_w_is_zero(rows: Rows, b: float) -> None:
    x, y = rows
    loss = MeanSquaredError.of(x, y)
    w = loss.minimum_w(b)
    if w is None:
        assert not x.any()
        return
    slope, _ = exact_loss_and_gradient(x, y, w, b)[1]
    assert abs(float(slope)) <= 1e-11 * float(np.mean(np.abs(x) * (np.abs(w * x) + abs(b) + np.abs(y))))


def test_minimum_w_of_many_biases_at_once(pizza: MeanSquaredError) -> None:
    biases = np.linspace(-5, 20, 11)
    minima: Any = pizza.minimum_w(biases)
    assert minima.tolist() == [pizza.minimum_w(b) for b in biases.tolist()]


def test_a_perfect_fit_has_no_loss_at_its_minimum() -> None:
    x = np.linspace(-3, 8, 50)
    loss = MeanSquaredError.of(x, 0.1 * x + 0.7)
    assert loss.minimum == pytest.approx((0.1, 0.7), rel=1e-14)
    assert 0 <= loss.floor < 1e-30
    assert 0 <= loss(0.1, 0.7) < 1e-30


def test_two_rows_fit_perfectly() -> None:
    loss = MeanSquaredError.of([1.0, 3.0], [5.0, 1.0])
    assert (loss.minimum, loss.floor) == ((-2.0, 7.0), 0.0)


def test_one_row_is_a_trough_without_loss() -> None:
    loss = MeanSquaredError.of([2.0], [6.0])
    assert loss.minimum is None
    assert loss.floor == 0
    assert [loss(3.0, 0.0), loss(0.0, 6.0), loss(1.0, 4.0)] == [0, 0, 0]
    assert loss(0.0, 0.0) == 36
    assert loss.minimum_w(0.0) == 3


# --- Troughs


def test_a_constant_x_makes_a_trough() -> None:
    y = np.array([1.0, 2.0, 6.0])
    loss = MeanSquaredError.of(np.full(3, 0.1), y)
    assert loss.minimum is None
    assert loss.curvature(train_bias=True).condition_number == inf
    assert loss.floor == pytest.approx(np.var(y))
    # 0.1 * w + b = 3 is the floor, all along.
    assert [loss(w, 3 - 0.1 * w) for w in (-50.0, 0.0, 7.0)] == pytest.approx([loss.floor] * 3)
    assert loss.minimum_w(1.0) == pytest.approx(20)


@pytest.mark.parametrize("train_bias", [False, True])
def test_a_trough_has_finite_learning_rates(train_bias: bool) -> None:
    curvature = MeanSquaredError.of([4.0, 4.0], [1.0, 2.0]).curvature(train_bias)
    assert 0 < curvature.best_learning_rate < curvature.critical_learning_rate < inf


def test_x_of_nothing_but_zeros_leaves_w_without_effect() -> None:
    loss = MeanSquaredError.of([0.0, 0.0, 0.0], [1.0, 2.0, 6.0])
    assert loss.minimum is None
    assert loss.minimum_w(0.0) is None
    assert loss(5.0, 1.0) == loss(-5.0, 1.0)
    assert loss.gradient(5.0, 1.0) == (0, pytest.approx(-4))
    assert loss.curvature(train_bias=False).critical_learning_rate == inf
    assert loss.curvature(train_bias=False).condition_number == inf
    assert loss.curvature(train_bias=True).critical_learning_rate == 1


# --- Curvature


@repeatably
@given(rows=tables)
def test_curvatures_are_the_eigenvalues_of_the_hessian(rows: Rows) -> None:
    loss = MeanSquaredError.of(*rows)
    hessian = hessian_of(loss)
    for curvature, matrix in (
        (loss.curvature(train_bias=False), hessian[:1, :1]),
        (loss.curvature(train_bias=True), hessian),
    ):
        eigenvalues = np.linalg.eigvalsh(matrix)
        rounding = 1e-14 * eigenvalues[-1]
        assert curvature.lambda_min == pytest.approx(eigenvalues[0], rel=1e-12, abs=rounding)
        assert curvature.lambda_max == pytest.approx(eigenvalues[-1], rel=1e-12, abs=rounding)


@pytest.mark.parametrize("problem", PROBLEMS, ids=str)
def test_the_hessian_is_how_the_gradient_changes(problem: Problem) -> None:
    loss = problem.loss
    origin = np.array(loss.gradient(0.0, 0.0))
    columns = [np.array(loss.gradient(1.0, 0.0)) - origin, np.array(loss.gradient(0.0, 1.0)) - origin]
    assert hessian_of(loss) == pytest.approx(np.array(columns).T, rel=1e-12, abs=1e-13 * np.abs(origin).max())


@pytest.mark.parametrize("problem", PROBLEMS, ids=str)
def test_the_smallest_eigenvalue_is_not_lost_in_the_largest(problem: Problem) -> None:
    """The product of the eigenvalues is the determinant 4 * vx, however far apart they are."""
    loss = MeanSquaredError.of(problem.x + 1e6, problem.y)
    curvature = loss.curvature(train_bias=True)
    variance = float(np.var(problem.x + 1e6))
    assert curvature.lambda_min * curvature.lambda_max == pytest.approx(4 * variance, rel=1e-12)


@pytest.mark.parametrize("problem", PROBLEMS, ids=str)
@pytest.mark.parametrize("train_bias", [False, True])
def test_the_best_learning_rate_shrinks_the_slowest_direction_fastest(problem: Problem, train_bias: bool) -> None:
    curvature = problem.loss.curvature(train_bias)

    def slowest(rate: float) -> float:
        extremes = (curvature.lambda_min, curvature.lambda_max)
        return max(GradientDescent().contraction(rate * eigenvalue) for eigenvalue in extremes)

    best = curvature.best_learning_rate
    assert slowest(best) < min(slowest(0.99 * best), slowest(1.01 * best))
    assert slowest(curvature.critical_learning_rate) == pytest.approx(1)


def test_the_best_learning_rate_across_a_trough_lands_on_its_floor() -> None:
    curvature = Curvature(0.0, 4.0)
    assert GradientDescent().contraction(curvature.best_learning_rate * curvature.lambda_max) == 0


# --- Mistakes


@pytest.mark.parametrize(
    ("x", "y", "shapes"),
    [
        ([], [], "(0,) and (0,)"),
        ([1.0, 2.0], [1.0], "(2,) and (1,)"),
        ([[1.0, 2.0]], [[1.0, 2.0]], "(1, 2) and (1, 2)"),
        (1.0, 1.0, "() and ()"),
    ],
)
def test_rows_must_be_two_columns_of_equal_length(x: object, y: object, shapes: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011 (the whole sentence is compared)
        MeanSquaredError.of(x, y)
    assert str(caught.value) == f"x and y must be columns of equal length with rows in them, not {shapes}"


def test_the_rows_are_left_as_they_were() -> None:
    x, y = pizza_rows()
    x.flags.writeable = y.flags.writeable = False
    MeanSquaredError.of(x, y)
    assert np.array_equal([x, y], pizza_rows())
