"""The optimizers: their theory on a quadratic, measured on real runs, and what they have in common.

On a quadratic with second derivative c, plain gradient descent and the two kinds of momentum are linear maps of
(error, velocity), and s = learning rate * c decides everything.
"""

from __future__ import annotations

from collections import deque
from itertools import islice, pairwise
from math import hypot, inf, log, nan
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from gdcore.descent.optimizers import (
    OPTIMIZERS,
    AdaGrad,
    Adam,
    GradientDescent,
    Momentum,
    Nesterov,
    Nudge,
    Optimizer,
    RMSprop,
    hyperparameters,
)
from gdcore.descent.state import State
from gdcore.descent.steps import Limits, Settings, advance, begin, descend
from gdcore.landscapes.bowl import MeanSquaredError
from tests.problems import PROBLEMS, Problem, hessian_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

LINEAR: list[Optimizer] = [
    GradientDescent(),
    Momentum(0.0),
    Momentum(0.5),
    Momentum(0.9),
    Nesterov(0.0),
    Nesterov(0.5),
    Nesterov(0.9),
]
ADAPTIVE: list[Optimizer] = [AdaGrad(), AdaGrad(eps=1e-3), RMSprop(), RMSprop(decay=0.9), Adam(), Adam(0.5, 0.9)]
EVERY = LINEAR + ADAPTIVE


def round_bowl() -> MeanSquaredError:
    """The loss w^2 + b^2: the second derivative is 2 in every direction, and errors keep all their digits near 0."""
    loss = MeanSquaredError.of([-1.0, 1.0], [0.0, 0.0])
    assert loss.hessian(0.0, 0.0) == (2, 0, 2)
    return loss


def errors(optimizer: Optimizer, s: float, steps: int) -> list[float]:
    """The errors of a run of one parameter from error 1."""
    loss = round_bowl()
    settings = Settings(s / 2, optimizer)
    return [state.w for state in descend(loss, settings, Limits(steps), begin(loss, settings, w=1.0))]


def measured_contraction(optimizer: Optimizer, s: float) -> float:
    """The mean factor by which a step multiplies the error, over the second half of a run of up to 600 steps."""
    run = [error for error in errors(optimizer, s, 600) if abs(error) > 1e-290]
    middle, last = len(run) // 2, len(run) - 1
    # Swinging errors pass through zero; two neighbours never do so together.
    early, late = hypot(*run[middle - 1 : middle + 1]), hypot(*run[last - 1 : last + 1])
    return float((late / early) ** (1 / (last - middle)))


def companion(optimizer: Optimizer, s: float) -> NDArray[np.float64]:
    """The matrix of the linear map (error, velocity) -> (error, velocity), from the rule run on the unit vectors."""
    kind = type(optimizer.memory())
    columns = []
    for unit in np.eye(1 + len(kind._fields)):
        error, *memory = unit.tolist()
        step, memory = optimizer.step(error, kind(*memory), s)
        columns.append([error - step, *memory])
    return np.array(columns).T


def minimum_of(loss: MeanSquaredError, train_bias: bool) -> tuple[float, float]:
    if train_bias:
        assert loss.minimum is not None
        return loss.minimum
    w = loss.minimum_w(0.0)
    assert w is not None
    return w, 0.0


# --- Every optimizer on every problem


@pytest.mark.parametrize("train_bias", [False, True], ids=["w", "w and b"])
@pytest.mark.parametrize("problem", PROBLEMS, ids=str)
@pytest.mark.parametrize("optimizer", EVERY, ids=str)
def test_every_optimizer_solves_every_problem(optimizer: Optimizer, problem: Problem, train_bias: bool) -> None:
    loss = problem.loss
    goal = minimum_of(loss, train_bias)
    distance = hypot(*goal)
    if optimizer.stable_below is None:
        # An adaptive optimizer's steps are as long as its learning rate, and near the minimum they come to swing.
        learning_rate, near = (distance, 1e-6) if isinstance(optimizer, AdaGrad) else (0.01 * distance, 0.01)
    else:
        learning_rate, near = 0.9 * optimizer.stable_below / loss.curvature(train_bias).lambda_max, 1e-6
    settings = Settings(learning_rate, optimizer, train_bias)
    start = begin(loss, settings)
    end = deque(descend(loss, settings, Limits(8000), start), maxlen=1).pop()
    assert end.iteration == 8000
    assert hypot(end.w - goal[0], end.b - goal[1]) < near * distance
    assert end.loss < start.loss
    assert train_bias or end.b == 0


@pytest.mark.parametrize("problem", PROBLEMS, ids=str)
@pytest.mark.parametrize("optimizer", EVERY, ids=str)
def test_the_first_step_goes_downhill(optimizer: Optimizer, problem: Problem) -> None:
    loss = problem.loss
    settings = Settings(1e-6 * hypot(*(loss.minimum or (nan,))), optimizer, True)
    start = begin(loss, settings)
    state = advance(loss, settings, start)
    assert state.loss < start.loss
    assert (start.w - state.w) * start.gradient[0] >= 0
    assert (start.b - state.b) * start.gradient[1] >= 0


# --- Identities


@pytest.mark.parametrize("optimizer", [Momentum(0.0), Nesterov(0.0)], ids=str)
@pytest.mark.parametrize("train_bias", [False, True], ids=["w", "w and b"])
def test_without_momentum_it_is_plain_gradient_descent(
    pizza: MeanSquaredError, optimizer: Optimizer, train_bias: bool
) -> None:
    plain, other = Settings(0.001, GradientDescent(), train_bias), Settings(0.001, optimizer, train_bias)
    for state, expected in zip(
        descend(pizza, other, Limits(200), begin(pizza, other)),
        descend(pizza, plain, Limits(200), begin(pizza, plain)),
        strict=True,
    ):
        assert state[:6] == expected[:6]


@pytest.mark.parametrize("optimizer", [Momentum(0.0), Nesterov(0.0)], ids=str)
@pytest.mark.parametrize("s", [0.1, 1.0, 1.9, 2.0, 3.0])
def test_without_momentum_the_theory_is_that_of_plain_gradient_descent(optimizer: Optimizer, s: float) -> None:
    plain = GradientDescent()
    assert optimizer.contraction(s) == pytest.approx(plain.contraction(s), rel=1e-14)
    assert (optimizer.stable_below, optimizer.overshoots_above) == (plain.stable_below, plain.overshoots_above)


@pytest.mark.parametrize("optimizer", [Adam(), Adam(0.0, 0.0), Adam(0.5, 0.9)], ids=str)
@pytest.mark.parametrize("learning_rate", [1e-3, 0.1, 10.0])
def test_adams_first_move_is_as_long_as_the_learning_rate(
    pizza: MeanSquaredError, optimizer: Optimizer, learning_rate: float
) -> None:
    settings = Settings(learning_rate, optimizer, True)
    state = advance(pizza, settings, begin(pizza, settings))
    assert (state.w, state.b) == pytest.approx((learning_rate, learning_rate), rel=1e-8)


def test_the_first_moves_of_adagrad_and_rmsprop(pizza: MeanSquaredError) -> None:
    """AdaGrad's first divisor is |g|, RMSprop's is sqrt(1 - decay) * |g|: neither move depends on the gradient."""
    for optimizer, length in ((AdaGrad(), 0.1), (RMSprop(decay=0.99), 1.0), (RMSprop(decay=0.75), 0.2)):
        settings = Settings(0.1, optimizer, True)
        state = advance(pizza, settings, begin(pizza, settings))
        assert (state.w, state.b) == pytest.approx((length, length), rel=1e-8)


def test_momentum_on_a_constant_slope_reaches_its_terminal_velocity() -> None:
    for optimizer in (Momentum(0.9), Nesterov(0.9)):
        memory, step = optimizer.memory(), 0.0
        for _ in range(500):
            step, memory = optimizer.step(3.0, memory, 0.01)
        assert step == pytest.approx(0.01 * 3.0 / (1 - 0.9), rel=1e-12)


@pytest.mark.parametrize("optimizer", [AdaGrad(1e-300), RMSprop(eps=1e-300), Adam(eps=1e-300)], ids=str)
def test_adaptive_steps_do_not_depend_on_the_units_of_the_loss(optimizer: Optimizer) -> None:
    gradients = np.random.default_rng(7).standard_normal(50).tolist()
    memory, scaled_memory = optimizer.memory(), optimizer.memory()
    for gradient in gradients:
        step, memory = optimizer.step(gradient, memory, 0.1)
        scaled, scaled_memory = optimizer.step(1024 * gradient, scaled_memory, 0.1)
        assert scaled == pytest.approx(step, rel=1e-13)


@pytest.mark.parametrize("optimizer", EVERY, ids=str)
def test_a_changed_learning_rate_acts_at_once(optimizer: Optimizer) -> None:
    memory = optimizer.memory()
    for gradient in (3.0, -1.0, 0.5):
        step, following = optimizer.step(gradient, memory, 0.25)
        doubled, same = optimizer.step(gradient, memory, 0.5)
        assert doubled == 2 * step
        assert same == following
        memory = following


@pytest.mark.parametrize("optimizer", EVERY, ids=str)
def test_the_rule_is_the_same_uphill_and_downhill(optimizer: Optimizer) -> None:
    memory, mirrored = optimizer.memory(), optimizer.memory()
    for gradient in (3.0, -1.0, 0.5, 0.0):
        step, memory = optimizer.step(gradient, memory, 0.25)
        back, mirrored = optimizer.step(-gradient, mirrored, 0.25)
        assert back == -step


@pytest.mark.parametrize("optimizer", EVERY, ids=str)
def test_the_rule_is_elementwise(optimizer: Optimizer) -> None:
    """An array of gradients and of learning rates is as many rules side by side."""
    steps: Any
    gradients = np.random.default_rng(8).standard_normal((20, 3, 2))
    rates = np.array([[0.1, 0.2], [0.5, 1.0], [2.0, 5.0]])
    memory, memories = optimizer.memory(), {at: optimizer.memory() for at in np.ndindex(rates.shape)}
    for gradient in gradients:
        steps, memory = optimizer.step(gradient, memory, rates)
        for at in np.ndindex(rates.shape):
            step, memories[at] = optimizer.step(float(gradient[at]), memories[at], float(rates[at]))
            # NumPy's root and Python's power may differ in the last bit.
            assert steps[at] == pytest.approx(step, rel=1e-14)


# --- Theory


@pytest.mark.parametrize("problem", PROBLEMS, ids=str)
@pytest.mark.parametrize("share", [0.1, 0.7, 1.2])
def test_a_plain_step_multiplies_the_error_by_identity_minus_rate_times_hessian(problem: Problem, share: float) -> None:
    loss = problem.loss
    rate = share * loss.curvature(train_bias=True).critical_learning_rate
    factor = np.eye(2) - rate * hessian_of(loss)
    minimum = np.array(loss.minimum)
    settings = Settings(rate, train_bias=True)
    run = descend(loss, settings, Limits(20), begin(loss, settings, *(minimum * (3.0, -2.0)).tolist()))
    points = [np.array([state.w, state.b]) for state in run]
    for before, after in pairwise(points):
        rounding = 1e-13 * (hypot(*before) + hypot(*minimum))
        assert after - minimum == pytest.approx(factor @ (before - minimum), rel=1e-12, abs=rounding)


@pytest.mark.parametrize("problem", PROBLEMS, ids=str)
@pytest.mark.parametrize("train_bias", [False, True], ids=["w", "w and b"])
@pytest.mark.parametrize("optimizer", LINEAR, ids=str)
def test_a_run_converges_just_below_the_critical_rate_and_diverges_just_above(
    optimizer: Optimizer, problem: Problem, train_bias: bool
) -> None:
    """Both start off the minimum in the steepest direction, the first to diverge."""
    loss = problem.loss
    stable_below = optimizer.stable_below
    assert stable_below is not None
    hessian = hessian_of(loss) if train_bias else np.diag([hessian_of(loss)[0, 0], 0.0])
    steepest = np.linalg.eigh(hessian)[1][:, -1]
    goal = np.array(minimum_of(loss, train_bias))

    def growth(share: float) -> float:
        settings = Settings(share * stable_below / loss.curvature(train_bias).lambda_max, optimizer, train_bias)
        start = begin(loss, settings, *(goal + steepest * np.linalg.norm(goal)).tolist())
        run = descend(loss, settings, Limits(1000), start)
        sizes = [abs(float(steepest @ (np.array([state.w, state.b]) - goal))) for state in run]
        return max(sizes[-10:]) / sizes[0]

    assert growth(0.998) < 0.5
    assert growth(1.002) > 2


@pytest.mark.parametrize("optimizer", LINEAR, ids=str)
@pytest.mark.parametrize("share", [0.001, 0.01, 0.1, 0.3, 0.5, 0.7, 0.9, 0.99, 1.01, 1.3])
def test_contraction_is_what_runs_show_and_the_spectral_radius_of_the_rule(optimizer: Optimizer, share: float) -> None:
    assert optimizer.stable_below is not None
    s = share * optimizer.stable_below
    contraction = optimizer.contraction(s)
    assert contraction == pytest.approx(max(abs(np.linalg.eigvals(companion(optimizer, s)))), rel=1e-7, abs=1e-12)
    if contraction:
        assert measured_contraction(optimizer, s) == pytest.approx(contraction, rel=0.01)
    else:
        assert errors(optimizer, s, 1)[1] == pytest.approx(0, abs=1e-15)


@pytest.mark.parametrize("optimizer", LINEAR, ids=str)
def test_stable_below_is_where_the_errors_begin_to_grow(optimizer: Optimizer) -> None:
    stable_below = optimizer.stable_below
    assert stable_below is not None
    assert optimizer.contraction(stable_below) == pytest.approx(1, rel=1e-12)
    below, above = (
        measured_contraction(optimizer, 0.999 * stable_below),
        measured_contraction(optimizer, 1.001 * stable_below),
    )
    assert below < 1 < above


@pytest.mark.parametrize("optimizer", LINEAR, ids=str)
def test_overshoots_above_is_where_the_errors_begin_to_change_sign(optimizer: Optimizer) -> None:
    overshoots_above = optimizer.overshoots_above
    assert overshoots_above is not None
    assert min(errors(optimizer, 0.99 * overshoots_above, 1000)) >= 0
    assert min(errors(optimizer, 1.01 * overshoots_above, 1000)) < 0


@pytest.mark.parametrize("optimizer", [Momentum(0.5), Momentum(0.9), Nesterov(0.5), Nesterov(0.9)], ids=str)
def test_momentum_shrinks_errors_fastest_where_they_begin_to_swing(optimizer: Optimizer) -> None:
    s = optimizer.overshoots_above
    assert s is not None
    below, at, above = (optimizer.contraction(share * s) for share in (0.98, 1.0, 1.02))
    assert below is not None
    assert at is not None
    assert above is not None
    assert at < below
    # Momentum keeps its root up to the end of the swinging, Nesterov's goes on shrinking with 1 - s.
    assert above <= at * (1 + 1e-7)


@pytest.mark.parametrize("optimizer", [Momentum(0.8), Nesterov(0.8)], ids=str)
def test_momentum_is_faster_than_plain_descent_in_a_narrow_valley(
    pizza: MeanSquaredError, optimizer: Optimizer
) -> None:
    curvature = pizza.curvature(train_bias=True)

    def excess(settings: Settings) -> float:
        run = descend(pizza, settings, Limits(2000), begin(pizza, settings))
        return log(max(next(islice(run, 2000, None)).loss - pizza.floor, 1e-300))

    plain = excess(Settings(curvature.best_learning_rate, train_bias=True))
    assert excess(Settings(1 / curvature.lambda_max, optimizer, train_bias=True)) < plain - 1


@pytest.mark.parametrize("optimizer", ADAPTIVE, ids=str)
def test_adaptive_optimizers_have_no_fixed_factor(optimizer: Optimizer) -> None:
    assert (optimizer.stable_below, optimizer.overshoots_above, optimizer.contraction(0.5)) == (None, None, None)


# --- Mistakes and names

FRACTION = "a number from 0 up to but not including 1"
MISTAKES = [
    *((kind, name, FRACTION, (-0.1, 1.0, 1.5, nan, inf)) for kind, name in (
        (Momentum, "momentum"), (Nesterov, "momentum"), (RMSprop, "decay"), (Adam, "beta1"), (Adam, "beta2")
    )),
    *((kind, "eps", "a positive number", (0.0, -1e-8, nan, inf)) for kind in (AdaGrad, RMSprop, Adam)),
]  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "name", "wanted", "value"),
    [(kind, name, wanted, value) for kind, name, wanted, values in MISTAKES for value in values],
)
def test_a_bad_hyperparameter_is_refused_with_a_sentence(
    kind: type[Optimizer], name: str, wanted: str, value: float
) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011 (the whole sentence is compared)
        kind(**{name: value})
    assert str(caught.value) == f"{name} must be {wanted}, not {value:g}"


def test_every_hyperparameter_is_tried_with_mistakes() -> None:
    every = {(kind, parameter.name) for kind in OPTIMIZERS.values() for parameter in hyperparameters(kind)}
    tried: set[tuple[type[Optimizer], str]] = {(kind, name) for kind, name, *_ in MISTAKES}
    assert tried == every


def test_zero_is_a_fraction() -> None:
    assert Adam(beta1=0.0, beta2=0.0) != Adam()


@pytest.mark.parametrize("kind", OPTIMIZERS.values(), ids=OPTIMIZERS)
def test_hyperparameters_are_the_fields_of_a_frozen_record(kind: type[Optimizer]) -> None:
    names = [parameter.name for parameter in hyperparameters(kind)]
    defaults = {name: getattr(kind(), name) for name in names}
    assert kind(**defaults) == kind()
    for name in names:
        assert kind(**{name: 0.5}) != kind()
        with pytest.raises(AttributeError):
            setattr(kind(), name, 0.5)


def test_every_kind_of_optimizer_is_in_the_tables() -> None:
    assert {type(optimizer) for optimizer in EVERY} == set(OPTIMIZERS.values()) - {Nudge}
    assert all(kind.name == name for name, kind in OPTIMIZERS.items())
    assert len({kind.title for kind in OPTIMIZERS.values()}) == len(OPTIMIZERS)


# --- Nudging, which needs no gradient


@pytest.mark.parametrize("train_bias", [False, True], ids=["w", "w and b"])
def test_nudging_moves_one_parameter_by_the_learning_rate_to_a_lower_loss_or_stays(
    pizza: MeanSquaredError, train_bias: bool
) -> None:
    settings = Settings(0.25, Nudge(), train_bias)
    state = begin(pizza, settings)
    for _ in range(100):
        after = advance(pizza, settings, state)
        moved = {round(abs(after.w - state.w), 12), round(abs(after.b - state.b), 12)}
        nearby = [pizza(state.w + 0.25, state.b), pizza(state.w - 0.25, state.b)]
        nearby += [pizza(state.w, state.b + 0.25), pizza(state.w, state.b - 0.25)] if train_bias else []
        if min(nearby) < state.loss:
            assert moved == {0.0, 0.25}
            assert after.loss < state.loss
        else:
            assert moved == {0.0}
        state = after
    assert moved == {0.0}


def test_nudging_finds_the_weight_to_within_half_a_nudge(pizza: MeanSquaredError) -> None:
    settings = Settings(0.01, Nudge())
    state = begin(pizza, settings)
    for _ in range(300):
        state = advance(pizza, settings, state)
    assert state.w == pytest.approx(pizza.minimum_w(0.0), abs=0.005)


def test_nudging_many_points_at_once_gives_the_same_as_one_by_one(pizza: MeanSquaredError) -> None:
    w, b = np.array([-3.0, 1.0, 1.9, 5.0]), np.array([0.0, 13.0, 20.0, -4.0])
    rates = np.array([0.1, 0.5, 0.01, 2.0])
    value, gradient = pizza.loss_and_gradient(w, b)
    nudging = Settings(optimizer=Nudge(), train_bias=True)
    together = advance(pizza, nudging, State(0, w, b, value, gradient, rates, ((), ())))
    for index, rate in enumerate(rates.tolist()):
        alone = begin(pizza, Settings(rate, Nudge(), train_bias=True), w[index].item(), b[index].item())
        alone = advance(pizza, nudging, alone)
        assert (np.asarray(together.w)[index], np.asarray(together.b)[index]) == (alone.w, alone.b)
