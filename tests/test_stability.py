"""Stability: the forecast for a learning rate agrees with the run."""

from __future__ import annotations

from itertools import pairwise
from math import hypot, inf, nextafter

import numpy as np
import pytest

from gdcore.descent.optimizers import AdaGrad, Adam, GradientDescent, Momentum, Nesterov, Optimizer, RMSprop
from gdcore.descent.state import State
from gdcore.descent.steps import Limits, Settings, advance, begin, descend
from gdcore.landscapes.bowl import MeanSquaredError
from gdcore.landscapes.landscape import Curvature
from gdcore.studies.stability import CRAWL_SHARE, Regime, Stability, correct_digits, observed, stability
from tests.problems import PROBLEMS, Problem

LINEAR: list[Optimizer] = [GradientDescent(), Momentum(), Momentum(0.5), Nesterov(), Nesterov(0.5)]
every_linear = pytest.mark.parametrize("optimizer", LINEAR, ids=repr)
every_problem = pytest.mark.parametrize("problem", PROBLEMS, ids=str)
w_alone_or_both = pytest.mark.parametrize("train_bias", [False, True], ids=["w", "w and b"])


def stable(optimizer: Optimizer, curvature: Curvature) -> Stability:
    found = stability(optimizer, curvature)
    assert found
    return found


def needed(loss: MeanSquaredError, settings: Settings, digits: int, at_most: int) -> int:
    """The iteration from which on the error of a run stays below so many digits of the one at its start."""
    if settings.train_bias and loss.minimum:
        best_w, best_b = loss.minimum
    else:
        best_w, best_b = loss.minimum_w(0.0) or 0.0, 0.0
    states = descend(loss, settings, Limits(at_most), begin(loss, settings))
    errors = np.array([hypot(state.w - best_w, state.b - best_b) for state in states])
    above = np.flatnonzero(errors > errors[0] * 10.0**-digits)
    assert above[-1] < at_most
    return int(above[-1]) + 1


# --- Regimes


def test_the_rates_of_the_lesson(pizza: MeanSquaredError) -> None:
    for train_bias, critical in ((False, 0.0045703839), (True, 0.0045550993)):
        found = stable(GradientDescent(), pizza.curvature(train_bias))
        assert found.critical == pytest.approx(critical, abs=6e-11)
        assert found.overshoots_above == pytest.approx(critical / 2, abs=6e-11)
        assert found.crawls_below == pytest.approx(critical / 20, abs=6e-11)
    assert stable(GradientDescent(), pizza.curvature(False)).regime(0.00456) is Regime.OVERSHOOT
    assert stable(GradientDescent(), pizza.curvature(True)).regime(0.00456) is Regime.DIVERGE


@every_linear
@pytest.mark.parametrize("curvature", [Curvature(1.0, 4.0), Curvature(0.003, 437.0), Curvature(0.0, 2.0)], ids=repr)
def test_regimes_at_their_borders(optimizer: Optimizer, curvature: Curvature) -> None:
    found = stable(optimizer, curvature)
    borders = [
        (found.crawls_below, Regime.CRAWL, Regime.GLIDE, Regime.GLIDE),
        (found.overshoots_above, Regime.GLIDE, Regime.GLIDE, Regime.OVERSHOOT),
        (found.critical, Regime.OVERSHOOT, Regime.DIVERGE, Regime.DIVERGE),
    ]
    for border, below, at, above in borders:
        assert [found.regime(nextafter(border, 0)), found.regime(border), found.regime(nextafter(border, inf))] == [
            below,
            at,
            above,
        ]
    assert found.regime(5e-324) is Regime.CRAWL
    assert found.regime(1e308) is Regime.DIVERGE


@every_linear
def test_the_regime_scales_with_the_steepest_curvature_alone(optimizer: Optimizer) -> None:
    found, twice = stable(optimizer, Curvature(0.5, 4.0)), stable(optimizer, Curvature(2.0, 8.0))
    for name in ("crawls_below", "overshoots_above", "critical"):
        assert getattr(found, name) == pytest.approx(2 * getattr(twice, name), rel=1e-15)


@pytest.mark.parametrize("optimizer", [AdaGrad(), RMSprop(), Adam()], ids=repr)
def test_adaptive_optimizers_have_no_critical_rate(optimizer: Optimizer) -> None:
    assert stability(optimizer, Curvature(1.0, 4.0)) is None
    assert stability(optimizer, Curvature(0.0, 0.0)) is None


@every_linear
def test_where_the_loss_depends_on_nothing_no_rate_is_too_large(optimizer: Optimizer) -> None:
    found = stable(optimizer, Curvature(0.0, 0.0))
    assert found.critical == found.best == inf
    for rate in (5e-324, 1.0, 1e308):
        assert found.regime(rate) is Regime.CRAWL
        assert found.contraction(rate) == pytest.approx(1, abs=1e-15)
        assert found.iterations(rate) is None


@every_linear
@every_problem
@w_alone_or_both
def test_the_errors_grow_above_the_critical_rate_and_shrink_below(
    optimizer: Optimizer, problem: Problem, train_bias: bool
) -> None:
    found = stable(optimizer, problem.loss.curvature(train_bias))
    assert found.contraction(found.critical) == pytest.approx(1, abs=1e-9)
    assert found.contraction(1.01 * found.critical) > 1 > found.contraction(0.99 * found.critical)


# --- The best rate


@every_problem
@w_alone_or_both
def test_the_best_rate_of_gradient_descent_is_known_in_closed_form(problem: Problem, train_bias: bool) -> None:
    curvature = problem.loss.curvature(train_bias)
    best = stable(GradientDescent(), curvature).best
    assert best == pytest.approx(curvature.best_learning_rate, rel=1e-12)


@every_linear
@every_problem
@w_alone_or_both
def test_no_rate_contracts_more_than_the_best(optimizer: Optimizer, problem: Problem, train_bias: bool) -> None:
    found = stable(optimizer, problem.loss.curvature(train_bias))
    others = min(found.contraction(found.critical * share) for share in np.linspace(0.001, 0.999, 999))
    assert 0 < found.best < found.critical
    assert found.contraction(found.best) <= others + 1e-7


def test_the_best_rate_on_a_trough_is_that_of_its_steep_direction() -> None:
    trough = MeanSquaredError.of([3.0, 3.0, 3.0], [1.0, 2.0, 6.0]).curvature(train_bias=True)
    found = stable(GradientDescent(), trough)
    assert (trough.lambda_min, trough.lambda_max) == (0, 20)
    assert found.best == trough.best_learning_rate == 0.05
    assert found.critical == 0.1
    assert (found.contraction(0.05), found.iterations(0.05)) == (0, 1)
    assert found.contraction(0.025) == 0.5


# --- How long it takes


@pytest.mark.parametrize("share", [0.02, 0.3, 0.45, 0.8, 0.97])
@every_problem
def test_iterations_of_w_alone(problem: Problem, share: float) -> None:
    loss = problem.loss
    found = stable(GradientDescent(), loss.curvature(train_bias=False))
    rate = share * found.critical
    told = found.iterations(rate)
    assert told
    assert abs(needed(loss, Settings(rate), 6, 2 * told + 10) - told) <= 1


@every_linear
@pytest.mark.parametrize("share", [0.25, 0.5, 1.0])
def test_iterations_of_w_and_b(pizza: MeanSquaredError, optimizer: Optimizer, share: float) -> None:
    """Six digits more, counted once the slowest direction has taken over, to 5% (errors that swing pass at once)."""
    found = stable(optimizer, pizza.curvature(train_bias=True))
    rate = share * found.best
    told = found.iterations(rate)
    assert told
    settings = Settings(rate, optimizer, train_bias=True)
    twelve = needed(pizza, settings, 12, 3 * told)
    assert twelve - needed(pizza, settings, 6, 3 * told) == pytest.approx(told, rel=0.05)


def test_more_digits_take_proportionally_longer() -> None:
    found = stable(GradientDescent(), Curvature(1.0, 4.0))
    assert [found.iterations(0.05, digits) for digits in (1, 2, 4, 8)] == [45, 90, 180, 360]


def test_iterations_are_at_least_one_and_none_where_nothing_shrinks() -> None:
    found = stable(GradientDescent(), Curvature(4.0, 4.0))
    assert (found.contraction(0.25), found.iterations(0.25)) == (0, 1)
    assert found.iterations(nextafter(0.25, 1)) == 1
    assert found.iterations(found.critical) is None
    assert found.iterations(1e300) is None


@every_linear
def test_iterations_beyond_counting_are_not_told(optimizer: Optimizer) -> None:
    """The contraction of so small a rate is 1 but for its rounding."""
    found = stable(optimizer, Curvature(0.5, 4.0))
    assert [found.iterations(rate) for rate in (1e-300, 1e-18, 1e-16)] == [None] * 3
    told = found.iterations(1e-10)
    assert told
    assert told == pytest.approx(100 * (found.iterations(1e-8) or 0), rel=0.01)


# --- What a step did


def steps(rate: float, start: float = 1.0) -> tuple[State, State]:
    """A step on the loss w^2, whose second derivative is 2."""
    loss = MeanSquaredError.of([-1.0, 1.0], [0.0, 0.0])
    before = begin(loss, Settings(rate), w=start)
    return before, advance(loss, Settings(rate), before)


@pytest.mark.parametrize("start", [1.0, -3.0])
@pytest.mark.parametrize(
    ("rate", "regime"),
    [
        (1e-6, Regime.CRAWL),
        (0.0499, Regime.CRAWL),
        (0.0501, Regime.GLIDE),
        (0.3, Regime.GLIDE),
        (0.5, Regime.GLIDE),
        (0.5001, Regime.OVERSHOOT),
        (0.9999, Regime.OVERSHOOT),
        (1.0001, Regime.DIVERGE),
        (1e6, Regime.DIVERGE),
    ],
)
def test_a_step_is_seen_to_do_what_was_foretold(start: float, rate: float, regime: Regime) -> None:
    assert observed(*steps(rate, start)) is regime
    assert stable(GradientDescent(), Curvature(2.0, 2.0)).regime(rate) is regime


def test_a_step_to_the_other_side_at_the_same_height_overshoots() -> None:
    before, after = steps(1.0)
    assert (before.loss, after.loss) == (1, 1)
    assert observed(before, after) is Regime.OVERSHOOT


def test_the_share_of_the_slope_that_a_crawl_leaves(pizza: MeanSquaredError) -> None:
    found = stable(GradientDescent(), pizza.curvature(train_bias=False))
    for rate in np.linspace(0.5, 1.5, 21) * found.crawls_below:
        before = begin(pizza, Settings(rate))
        after = advance(pizza, Settings(rate), before)
        left = after.gradient[0] / before.gradient[0]
        assert (observed(before, after) is Regime.CRAWL) == (left > 1 - CRAWL_SHARE)


def test_momentum_climbs_past_the_minimum(pizza: MeanSquaredError) -> None:
    settings = Settings(0.0005, Momentum())
    states = list(descend(pizza, settings, Limits(30), begin(pizza, settings)))
    told = [observed(*pair) for pair in pairwise(states)]
    lowest = pizza.minimum_w(0.0) or 0.0
    for (before, after), regime in zip(pairwise(states), told, strict=True):
        crossed = (before.w < lowest) != (after.w < lowest)
        if after.loss > before.loss:
            assert regime is Regime.DIVERGE
        else:
            assert (regime is Regime.OVERSHOOT) == crossed
    assert {Regime.GLIDE, Regime.OVERSHOOT, Regime.DIVERGE} <= set(told)


def test_a_step_that_goes_nowhere_neither_crosses_nor_rises() -> None:
    assert observed(*steps(0.3, start=0.0)) is Regime.GLIDE


def test_the_step_across_a_valley_is_seen_along_its_own_way(pizza: MeanSquaredError) -> None:
    """With b trained w alone may pass the w of the minimum without any overshoot: only the way taken counts."""
    found = stable(GradientDescent(), pizza.curvature(train_bias=True))
    settings = Settings(0.45 * found.critical, train_bias=True)
    states = list(descend(pizza, settings, Limits(2000), begin(pizza, settings)))
    assert pizza.minimum
    assert states[0].w < pizza.minimum[0] < states[10].w
    told = {observed(*pair) for pair in pairwise(states)}
    assert told <= {Regime.CRAWL, Regime.GLIDE}


# --- Digits


@pytest.mark.parametrize(
    ("value", "target", "digits"),
    [
        (1.0, 1.0, 16),
        (0.0, 0.0, 16),
        (1.1, 1.0, 1),
        (0.999, 1.0, 3),
        (-2.0002, -2.0, 4),
        (1000001.0, 1e6, 6),
        (1e-5, 0.0, 5),
        (2.0, 1.0, 0),
        (-1.0, 1.0, 0),
        (1e300, 1.0, 0),
        (inf, 1.0, 0),
        (nextafter(1, 2), 1.0, 15.65),
        (1e-300, 0.0, 16),
    ],
)
def test_correct_digits(value: float, target: float, digits: float) -> None:
    found = correct_digits(value, target)
    assert found == pytest.approx(digits, abs=0.005)
    assert str(found) != "-0.0"
