"""Many learning rates at once do what each does alone."""

from __future__ import annotations

from itertools import pairwise
from math import isfinite
from typing import TYPE_CHECKING

import numpy as np
import pytest

from gdcore.descent.optimizers import OPTIMIZERS, Adam, GradientDescent, Optimizer
from gdcore.descent.state import State
from gdcore.descent.steps import Settings, advance, begin
from gdcore.landscapes.bowl import MeanSquaredError
from gdcore.studies.stability import stability
from gdcore.studies.sweep import NEAR, RISE, Sweep, default_rates, sweep
from tests.problems import PROBLEMS, Problem, pizza_rows

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from gdcore.studies.sweep import Rates

PIZZA = MeanSquaredError.of(*pizza_rows())
START = (0.0, 0.0)


def _settings(optimizer: Optimizer, train_bias: bool) -> Settings:
    return Settings(optimizer=optimizer, train_bias=train_bias)


def swept(  # noqa: PLR0917
    loss: MeanSquaredError,
    rates: ArrayLike,
    optimizer: Optimizer | None = None,
    train_bias: bool = True,
    start: tuple[float, float] = START,
    limit: int = 100_000,
) -> Sweep:
    *_, result = sweep(loss, start, _settings(optimizer or GradientDescent(), train_bias), rates, limit=limit)
    return result


def rates_for(loss: MeanSquaredError, optimizer: Optimizer, train_bias: bool, count: int = 40) -> Rates:
    known = stability(optimizer, loss.curvature(train_bias))
    return default_rates(known.critical if known else None, abs(loss.weight) + abs(loss.bias), count)


def alone(  # noqa: PLR0917
    loss: MeanSquaredError, optimizer: Optimizer, train_bias: bool, rate: float, aim: float, limit: int
) -> tuple[int, bool, bool]:
    """(iterations, arrived, diverged) of a single run, one float at a time."""
    settings = Settings(rate, optimizer, train_bias)
    state = begin(loss, settings, *START)
    highest = RISE * state.loss
    while state.iteration < limit:
        if state.loss <= aim:
            return state.iteration, True, False
        if not isfinite(state.loss) or state.loss > highest:
            return state.iteration, False, True
        state = advance(loss, settings, state)
    arrived = state.loss <= aim
    return limit, arrived, not arrived and not state.loss <= highest


def test_the_three_numbers_of_pizza() -> None:
    result = swept(PIZZA, [0.001, 0.00454, 0.00456])
    assert result.iterations[:2].tolist() == [13_639, 3_002]
    assert result.arrived.tolist() == [True, True, False]
    assert result.diverged.tolist() == [False, False, True]
    assert result.best == 1
    assert result.cliff == 0.00456
    assert result.done == 1


@pytest.mark.parametrize("problem", PROBLEMS, ids=str)
@pytest.mark.parametrize("train_bias", [False, True])
@pytest.mark.parametrize("kind", OPTIMIZERS.values())
def test_every_rate_runs_as_if_alone(kind: type[Optimizer], train_bias: bool, problem: Problem) -> None:
    optimizer, loss, limit = kind(), problem.loss, 400
    rates = rates_for(loss, optimizer, train_bias)
    result = swept(loss, rates, optimizer, train_bias, limit=limit)
    floor = loss.floor if train_bias else float(loss(loss.minimum_w(0.0), 0.0))
    start = float(loss(*START))
    aim = floor + NEAR * (floor if floor > 1e-20 * start else start)
    for index in range(0, len(rates), 3):
        expected = alone(loss, optimizer, train_bias, float(rates[index]), aim, limit)
        assert (result.iterations[index], result.arrived[index], result.diverged[index]) == expected, rates[index]


def test_with_b_held_the_aim_is_the_minimum_of_w_alone() -> None:
    result = swept(PIZZA, [0.001], train_bias=False)
    assert result.arrived.tolist() == [True]
    assert result.iterations[0] == 15


def test_a_perfect_fit_is_measured_by_the_start() -> None:
    line = MeanSquaredError.of([1.0, 2.0, 3.0], [3.0, 5.0, 7.0])
    result = swept(line, [0.1])
    settings = Settings(0.1, train_bias=True)
    state = begin(line, settings)
    aim = NEAR * state.loss
    while state.loss > aim:
        state = advance(line, settings, state)
    assert result.iterations.tolist() == [state.iteration]


@pytest.mark.parametrize(
    ("loss", "start", "train_bias"),
    [
        (MeanSquaredError.of([1.0, 2.0], [3.0, 5.0]), (2.0, 1.0), True),
        (MeanSquaredError.of([0.0, 0.0], [3.0, 5.0]), (2.0, 1.0), False),
        (MeanSquaredError.of([7.0], [7.0]), (1.0, 0.0), True),
    ],
    ids=["perfect", "w does not matter", "one row"],
)
def test_at_the_minimum_nothing_is_left_to_do(
    loss: MeanSquaredError, start: tuple[float, float], train_bias: bool
) -> None:
    (result,) = sweep(loss, start, _settings(Adam(), train_bias), [0.1, 0.2])
    assert result.arrived.all()
    assert result.iterations.tolist() == [0, 0]
    assert result.best == 0
    assert result.done == 1


def test_a_trough_has_a_minimum_to_arrive_at() -> None:
    trough = MeanSquaredError.of([2.0, 2.0, 2.0], [1.0, 2.0, 4.0])
    result = swept(trough, [0.05, 0.3], start=(1.0, -3.0))
    assert result.arrived.tolist() == [True, False]
    assert result.diverged.tolist() == [False, True]


def test_the_theory_says_which_rates_diverge() -> None:
    for kind in ("gradient-descent", "momentum", "nesterov"):
        optimizer = OPTIMIZERS[kind]()
        known = stability(optimizer, PIZZA.curvature(True))
        assert known is not None
        rates = known.critical * np.array([0.5, 0.9, 0.99, 1.01, 1.1, 3.0])
        result = swept(PIZZA, rates, optimizer, limit=30_000)
        assert result.diverged.tolist() == [False] * 3 + [True] * 3
        assert result.arrived.tolist() == [True] * 3 + [False] * 3
        assert result.cliff == rates[3]


def test_progress_is_told_and_what_was_told_stays() -> None:
    results = list(sweep(PIZZA, START, Settings(train_bias=True), [1e-6, 0.001, 0.00454], limit=20_000, every=500))
    assert [result.done for result in results] == [step / 40 for step in range(1, 41)]
    assert [int(result.arrived.sum()) for result in results] == [0] * 6 + [1] * 21 + [2] * 13
    assert results[0].iterations.tolist() == [500] * 3
    assert results[-1].iterations.tolist() == [20_000, 13_639, 3_002]
    assert all(before.iterations is not after.iterations for before, after in pairwise(results))


def test_whoever_stops_asking_has_cancelled(monkeypatch: pytest.MonkeyPatch) -> None:
    steps: list[int] = []

    def counted(loss: MeanSquaredError, settings: Settings, state: State, base: Rates) -> State:
        steps.append(np.size(state.learning_rate))
        return advance(loss, settings, state, base)

    monkeypatch.setattr("gdcore.studies.sweep.advance", counted)
    running = sweep(PIZZA, START, Settings(train_bias=True), [0.001, 0.002, 0.01], every=100)
    assert steps == []
    next(running)
    assert len(steps) == 100
    running.close()  # type: ignore[attr-defined]
    assert next(running, None) is None
    assert len(steps) == 100


def test_runs_that_ended_cost_nothing_more(monkeypatch: pytest.MonkeyPatch) -> None:
    lengths: list[int] = []

    def counted(loss: MeanSquaredError, settings: Settings, state: State, base: Rates) -> State:
        lengths.append(np.size(state.learning_rate))
        return advance(loss, settings, state, base)

    monkeypatch.setattr("gdcore.studies.sweep.advance", counted)
    result = swept(PIZZA, default_rates(PIZZA.curvature(True).critical_learning_rate), limit=5000)
    assert sum(lengths) == result.iterations.sum()


def test_the_error_settings_of_the_caller_stay() -> None:
    with np.errstate(all="raise"):
        before = np.geterr()
        for _ in sweep(PIZZA, START, Settings(train_bias=True), [0.001, 1e200], limit=2000, every=500):
            assert np.geterr() == before


def test_the_best_is_the_smallest_of_the_fastest_and_the_cliff_has_nothing_beyond_it() -> None:
    rates = np.array([1.0, 2.0, 3.0, 4.0, 5.0])
    yes, no = True, False
    made = Sweep(
        rates, np.array([9, 5, 5, 1, 2]), np.array([yes, yes, yes, no, no]), np.array([no, no, no, yes, yes]), 100, 1.0
    )
    assert made.best == 1
    assert made.cliff == 4.0
    nothing = Sweep(rates, np.zeros(5, dtype=np.int64), np.zeros(5, dtype=bool), np.zeros(5, dtype=bool), 100, 0.5)
    assert nothing.best is None
    assert nothing.cliff is None


@pytest.mark.parametrize("critical", [None, 0.0045550993, float("inf"), 0.0])
@pytest.mark.parametrize("distance", [13.0, 0.0, float("nan"), float("inf")])
def test_default_rates_are_many_and_in_order(critical: float | None, distance: float) -> None:
    rates = default_rates(critical, distance)
    assert len(rates) >= 200
    assert np.isfinite(rates).all()
    assert (rates > 0).all()
    assert (np.diff(rates) > 0).all()


def test_default_rates_look_closely_at_the_cliff() -> None:
    shares = default_rates(0.25) / 0.25
    assert shares[0] == pytest.approx(1e-3)
    assert shares[-1] == pytest.approx(3)
    assert ((shares > 0.95) & (shares < 1)).sum() >= 12
    assert ((shares > 1) & (shares < 1.05)).sum() >= 12
    assert np.abs(shares - 1).min() == pytest.approx(1e-4, rel=1e-6)
