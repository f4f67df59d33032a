"""Schedules: the factors of the literature, and a rate that is a function of the iteration alone."""

from __future__ import annotations

import re
from itertools import pairwise
from math import pi, sqrt

import numpy as np
import pytest

from gdcore.descent.branches import brief, difference
from gdcore.descent.optimizers import Adam
from gdcore.descent.schedules import (
    SCHEDULES,
    Constant,
    Cosine,
    Exponential,
    Inverse,
    Schedule,
    Step,
    chosen,
    parse,
    schedule_parameters,
)
from gdcore.descent.steps import Limits, Settings, advance, begin, descend
from gdcore.descent.timeline import STRIDE, Timeline
from gdcore.landscapes.bowl import MeanSquaredError
from gdcore.studies.sweep import sweep

VARYING = [Inverse(0.5), Inverse(0.0), Exponential(0.9), Exponential(1.0), Cosine(40), Cosine(1), Step(0.5, 10)]
every_schedule = pytest.mark.parametrize("schedule", VARYING, ids=lambda schedule: schedule.text)


def test_all_of_them_are_tried() -> None:
    assert {Constant, *map(type, VARYING)} == set(SCHEDULES.values())
    assert all(kind.name == name for name, kind in SCHEDULES.items())


@pytest.mark.parametrize(
    ("schedule", "factors"),
    [
        (Constant(), {0: 1, 1: 1, 10**9: 1}),
        (Inverse(0.25), {0: 1, 1: 0.8, 4: 0.5, 12: 0.25}),
        (Exponential(0.5), {0: 1, 1: 0.5, 10: 1 / 1024, 10**6: 0}),
        (Cosine(6), {0: 1, 1: (2 + sqrt(3)) / 4, 2: 0.75, 3: 0.5, 4: 0.25, 6: 0, 7: 0, 12: 0}),
        (Step(0.1, 3), {0: 1, 2: 1, 3: 0.1, 5: 0.1, 6: 0.01}),
    ],
    ids=repr,
)
def test_factors(schedule: Schedule, factors: dict[int, float]) -> None:
    assert {t: schedule.factor(t) for t in factors} == pytest.approx(factors, rel=1e-14, abs=1e-300)


@every_schedule
def test_it_begins_at_the_base_rate_and_never_rises_nor_falls_below_0(schedule: Schedule) -> None:
    factors = [schedule.factor(t) for t in range(200)]
    assert factors[0] == 1
    assert all(1 >= before >= after >= 0 for before, after in pairwise(factors))
    assert schedule.varies


def test_the_sums_of_the_rates() -> None:
    """Inverse decay gets anywhere, exponential decay 1 / (1 - gamma) rates far, the cosine half its period."""
    assert sum(Exponential(0.9).factor(t) for t in range(2000)) == pytest.approx(10)
    assert sum(Inverse(1.0).factor(t) for t in range(200_000)) > 12
    assert sum(Cosine(100).factor(t) for t in range(300)) == pytest.approx(50.5)
    steepest = max(before - after for before, after in pairwise(Cosine(100).factor(t) for t in range(101)))
    assert steepest == pytest.approx(pi / 200, rel=1e-3)


@every_schedule
@pytest.mark.parametrize("since", [0, 1, 37])
def test_t_is_counted_from_where_it_was_chosen(schedule: Schedule, since: int) -> None:
    later = chosen(schedule, since, Constant())
    assert [later.factor(since + t) for t in range(50)] == [schedule.factor(t) for t in range(50)]
    assert {later.factor(before) for before in range(since)} <= {1.0}
    assert chosen(schedule, since + 5, later) is later
    assert chosen(Step(0.25, 3), since + 5, later) == Step(0.25, 3, since + 5)
    assert chosen(Constant(), since + 5, later) == Constant()


@every_schedule
def test_the_rate_of_a_state_is_the_base_rate_times_the_factor(pizza: MeanSquaredError, schedule: Schedule) -> None:
    settings = Settings(0.01, Adam(), schedule=schedule)
    states = list(descend(pizza, settings, Limits(60), begin(pizza, settings)))
    assert [state.learning_rate for state in states] == [0.01 * schedule.factor(i) for i in range(61)]


@every_schedule
def test_a_step_is_one_at_the_rate_of_its_state(pizza: MeanSquaredError, schedule: Schedule) -> None:
    settings = Settings(0.001, train_bias=True, schedule=schedule)
    state = begin(pizza, settings)
    for _ in range(20):
        after = advance(pizza, settings, state)
        assert after.w == state.w - state.learning_rate * state.gradient[0]
        assert after.b == state.b - state.learning_rate * state.gradient[1]
        state = after


def test_constant_is_the_descent_without_any(pizza: MeanSquaredError) -> None:
    plain, other = Settings(0.001), Settings(0.001, schedule=Exponential(1.0))
    runs = [descend(pizza, settings, Limits(50), begin(pizza, settings)) for settings in (plain, other)]
    assert list(runs[0]) == list(runs[1])


def test_a_schedule_chosen_on_the_way_is_the_same_however_one_comes_there(pizza: MeanSquaredError) -> None:
    run = Timeline(pizza, Settings(0.002, train_bias=True), Limits(1000))
    run.forward(STRIDE + 40)
    run.change(Settings(0.002, train_bias=True, schedule=Cosine(200, since=run.state.iteration)))
    assert run.state.learning_rate == 0.002
    run.forward(100)
    assert run.state.learning_rate == pytest.approx(0.001, rel=1e-14)
    middle = run.state
    run.forward(100)
    assert run.state.learning_rate == 0
    run.forward(3 * STRIDE)
    assert (run.state.w, run.state.b) == (run.path(496, 497)[0, 0], run.path(496, 497)[0, 1]), "it stands still"
    run.back(run.tip)
    assert run.state.learning_rate == 0.002
    run.forward(STRIDE + 140)
    assert run.state == middle
    assert run.fork().state == middle


def test_a_change_of_the_base_rate_goes_on_with_the_schedule(pizza: MeanSquaredError) -> None:
    run = Timeline(pizza, Settings(0.002, schedule=Inverse(0.1)))
    run.forward(10)
    run.change(Settings(0.004, schedule=Inverse(0.1)))
    assert run.state.learning_rate == 0.002
    run.forward(20)
    assert run.state.learning_rate == 0.001


@every_schedule
def test_many_rates_at_once_are_as_many_runs(pizza: MeanSquaredError, schedule: Schedule) -> None:
    rates = np.array([1e-4, 1e-3, 4e-3])
    together = begin(pizza, Settings(schedule=schedule))._replace(learning_rate=rates)
    alone = [begin(pizza, Settings(rate, schedule=schedule)) for rate in rates.tolist()]
    for _ in range(25):
        together = advance(pizza, Settings(schedule=schedule), together, rates)
        alone = [
            advance(pizza, Settings(rate, schedule=schedule), state)
            for rate, state in zip(rates.tolist(), alone, strict=True)
        ]
        assert np.asarray(together.w).tolist() == pytest.approx([state.w for state in alone], rel=1e-14)
        assert np.asarray(together.learning_rate).tolist() == [state.learning_rate for state in alone]


def test_a_sweep_under_a_schedule(pizza: MeanSquaredError) -> None:
    """A rate that falls to nothing at once arrives nowhere; one too large at first may fall below the critical one."""
    (_, *_, stuck) = sweep(pizza, (0.0, 0.0), Settings(schedule=Exponential(0.5)), [1e-5, 1e-4], limit=2000)
    assert not stuck.arrived.any()
    assert not stuck.diverged.any()
    critical = pizza.curvature(False).critical_learning_rate
    *_, plain = sweep(pizza, (0.0, 0.0), Settings(), [1.2 * critical])
    *_, saved = sweep(pizza, (0.0, 0.0), Settings(schedule=Exponential(0.95)), [1.2 * critical])
    assert plain.diverged.tolist() == [True]
    assert saved.arrived.tolist() == [True]


# --- Words


@pytest.mark.parametrize(
    ("text", "schedule"),
    [
        ("constant", Constant()),
        ("inverse", Inverse()),
        ("inverse:0.5", Inverse(0.5)),
        (" inverse : decay = 0.5 ", Inverse(0.5)),
        ("exponential:.9", Exponential(0.9)),
        ("cosine:1e3", Cosine(1000)),
        ("step:0.1", Step(0.1)),
        ("step:0.1,30", Step(0.1, 30)),
        ("step:every=30", Step(every=30)),
        ("step:every=30,0.1", Step(0.1, 30)),
    ],
)
def test_a_schedule_in_words(text: str, schedule: Schedule) -> None:
    assert parse(text) == schedule
    assert parse(schedule.text) == schedule


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", 'there is no schedule ""; choose one of constant, inverse, exponential, cosine, step'),
        ("fast:1", 'there is no schedule "fast"; choose one of constant, inverse, exponential, cosine, step'),
        ("\x1b[2J", 'there is no schedule "\\x1b[2J"; choose one of constant, inverse, exponential, cosine, step'),
        ("constant:1", '"1" means nothing to the schedule constant: it has no hyperparameters'),
        ("inverse:-1", "decay must be a number from 0, not -1"),
        ("inverse:", 'decay must be a number from 0, not ""'),
        ("inverse:1,2", '"2" means nothing to the schedule inverse: it has decay'),
        ("inverse:gamma=1", '"gamma=1" means nothing to the schedule inverse: it has decay'),
        ("exponential:1.5", "gamma must be a number above 0 and at most 1, not 1.5"),
        ("cosine:0", "period must be a whole number from 1, not 0"),
        ("cosine:nan", "period must be a whole number from 1, not nan"),
        ("step:0.5,2.5", "every must be a whole number from 1, not 2.5"),
        ("step:0.5,gamma=0.5", '"gamma=0.5" means nothing to the schedule step: it has gamma, every'),
    ],
)
def test_a_mistake_is_a_sentence(text: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(sentence)}$"):
        parse(text)


def test_hyperparameters_are_checked_where_it_is_made() -> None:
    for kind in SCHEDULES.values():
        for parameter in schedule_parameters(kind):
            with pytest.raises(ValueError, match=f"^{parameter.name} must be "):
                kind(**{parameter.name: -1})
    with pytest.raises(ValueError, match=r"^since must be "):
        Cosine(100, since=-1)


def test_a_change_of_schedule_in_words() -> None:
    before, after = Settings(), Settings(schedule=Cosine(50, since=7))
    assert difference(before, after) == "schedule constant -> cosine:50"
    assert brief(before, after) == "cosine rate"
    assert brief(after, before) == "constant rate"
