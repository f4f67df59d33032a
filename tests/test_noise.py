"""Chance: how a batch's slope compares with the whole one's, and how far a run wanders that no longer gets nearer."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from gdcore.descent.batches import Batch, Order
from gdcore.descent.branches import Branches
from gdcore.descent.schedules import Inverse
from gdcore.descent.steps import Limits, Settings, begin, descend
from gdcore.descent.timeline import Timeline
from gdcore.landscapes.bowl import MeanSquaredError
from gdcore.landscapes.losses import AbsoluteError, Logistic
from gdcore.rows.dataset import load
from gdcore.rows.ground import ground_of_rows
from gdcore.studies.noise import PARTS, REMEMBERED, guess, several_seeds, wandering, wandering_over


def walked(loss: MeanSquaredError, settings: Settings, steps: int) -> Timeline:
    run = Timeline(loss, settings, Limits(steps))
    assert run.forward(steps) == steps
    return run


# --- The slope of a batch


def test_a_guess_is_compared_with_the_slope_of_all_rows(pizza: MeanSquaredError) -> None:
    settings = Settings(0.001, train_bias=True, batch=Batch(3, 1))
    seen = set()
    for state in descend(pizza, settings, Limits(200), begin(pizza, settings)):
        found = guess(pizza, settings, state)
        assert found is not None
        mine, theirs = np.array(state.gradient), np.array(pizza.gradient(state.w, state.b))
        assert found.ratio == pytest.approx(np.linalg.norm(mine) / np.linalg.norm(theirs), rel=1e-12)
        cosine = mine @ theirs / np.linalg.norm(mine) / np.linalg.norm(theirs)
        assert np.cos(np.radians(found.angle)) == pytest.approx(cosine, abs=1e-9)
        assert ("uphill" in found.sentence) is bool(cosine < 0)
        seen.add("uphill" in found.sentence)
    assert seen == {True, False}


def test_over_an_epoch_the_guesses_are_right_on_average(pizza: MeanSquaredError) -> None:
    settings = Settings(batch=Batch(6, 2))
    states = [begin(pizza, settings, 1.0, 3.0, iteration) for iteration in range(5)]
    ratios = [
        found.ratio * (1 if found.angle < 90 else -1) for state in states if (found := guess(pizza, settings, state))
    ]
    assert len(ratios) == 5
    assert np.mean(ratios) == pytest.approx(1, rel=1e-12)


def test_level_ground_has_no_direction() -> None:
    loss = MeanSquaredError.of([1.0, 1.0, 2.0, 2.0], [0.0, 2.0, 1.0, 3.0])
    settings = Settings(batch=Batch(1))
    level = float(loss.minimum_w(0.0) or 0)
    sentences = {
        found.sentence
        for iteration in range(4)
        for w in (level, 2.0, 1.5, 0.0)
        if (found := guess(loss, settings, begin(loss, settings, w, 0.0, iteration)))
    }
    assert "The batch is level here, all rows together are not." in sentences
    flat = MeanSquaredError.of([1.0, 1.0], [-1.0, 1.0])
    found = guess(flat, settings, begin(flat, settings))
    assert found is not None
    assert found.sentence == "All rows together are level here; the slope is that of the batch alone."


def test_where_all_rows_are_seen_there_is_nothing_to_compare(pizza: MeanSquaredError) -> None:
    for settings in (Settings(), Settings(batch=Batch(30))):
        assert guess(pizza, settings, begin(pizza, settings)) is None
        assert wandering(walked(pizza, settings, 600)) is None


# --- Wandering


def test_a_run_that_wanders_is_said_to_and_how_far(pizza: MeanSquaredError) -> None:
    run = walked(pizza, Settings(0.0005, batch=Batch(4)), 1000)
    found = wandering(run)
    assert found is not None
    last = run.path(1001 - found.steps, 1001)
    assert found.spread_w == pytest.approx(last[:, 0].std(), rel=1e-12)
    assert found.spread_b == 0
    assert found.lowest == pizza.lowest(0.0)
    losses = np.asarray(pizza(last[:, 0], last[:, 1]))
    assert found.excess == pytest.approx(losses.mean() - found.lowest, rel=1e-9)
    assert f"over the last {found.steps:,} steps w wanders by {found.spread_w:.3g} to either side" in found.sentence
    assert "Half the learning rate, or a larger batch, would shrink that" in found.sentence


def test_half_the_rate_and_a_larger_batch_do_shrink_it(pizza: MeanSquaredError) -> None:
    """The advice is tried: the excess of a run is about as large as its rate, and smaller for a larger batch."""
    excess = {}
    for rate, size in ((0.001, 4), (0.0005, 4), (0.001, 12)):
        found = [wandering(walked(pizza, Settings(rate, batch=Batch(size, seed)), 2000)) for seed in range(4)]
        values = [one.excess for one in found if one]
        assert len(values) >= 3
        excess[rate, size] = np.mean(values)
    assert excess[0.0005, 4] < 0.65 * excess[0.001, 4]
    assert excess[0.001, 12] < 0.5 * excess[0.001, 4]


def test_a_run_that_still_gets_nearer_is_not_said_to_wander(pizza: MeanSquaredError) -> None:
    run = Timeline(pizza, Settings(0.0005, train_bias=True, batch=Batch(8)), Limits(20_000))
    verdicts = []
    for _ in range(6):
        run.forward(200)
        verdicts.append(wandering(run))
    assert verdicts == [None] * 6, "it creeps along the valley, however much it jumps across"
    run.forward(18_800)
    found = wandering(run)
    assert found is not None
    assert " and b by " in found.sentence
    assert found.spread_b > 0


def test_nor_is_one_whose_way_along_the_valley_is_drowned_in_its_ups_and_downs(pizza: MeanSquaredError) -> None:
    for seed in range(6):
        run = Timeline(pizza, Settings(0.001, train_bias=True, batch=Batch(2, seed)), Limits(600))
        for _ in range(3):
            run.forward(200)
            assert wandering(run) is None


def test_nor_is_one_that_still_comes_lower_a_little(pizza: MeanSquaredError) -> None:
    settings = Settings(0.001, train_bias=True, batch=Batch(2))
    early, late = (wandering(walked(pizza, settings, steps)) for steps in (2300, 9000))
    assert early is None
    assert late is not None


def test_a_run_that_is_thrown_out_does_not_wander(pizza: MeanSquaredError) -> None:
    """The 30th row is a batch of its own, with a critical rate of its own: it throws the run out."""
    critical = pizza.curvature(False).critical_learning_rate
    run = walked(pizza, Settings(0.97 * critical, batch=Batch(29)), 260)
    assert run.state.loss > 1e5
    assert wandering(run) is None


def test_nothing_is_said_before_every_part_has_an_epoch(pizza: MeanSquaredError) -> None:
    settings = Settings(0.0005, batch=Batch(1))
    path = walked(pizza, settings, 2 * PARTS * 30).path(0, 2 * PARTS * 30)
    assert wandering_over(pizza, settings, path) is not None
    assert wandering_over(pizza, settings, path[1:]) is None


def test_a_fit_without_a_fault_leaves_nothing_to_chance() -> None:
    x = np.arange(1.0, 9.0)
    assert wandering(walked(MeanSquaredError.of(x, 3 * x), Settings(0.01, batch=Batch(2)), 900)) is None


def test_under_a_schedule_chance_fades(pizza: MeanSquaredError) -> None:
    plain = Settings(0.001, batch=Batch(2))
    under = replace(plain, schedule=Inverse(0.02))
    before, after = walked(pizza, plain, 3000), walked(pizza, under, 3000)
    assert wandering(before) is not None
    assert wandering(after) is None
    lowest = pizza.lowest(0.0) or 0.0
    ends = [
        np.asarray(pizza(path[:, 0], path[:, 1])).mean() - lowest
        for path in (before.path(2000, 3001), after.path(2000, 3001))
    ]
    assert ends[1] < 0.1 * ends[0]


def test_only_the_states_since_the_last_change_count(pizza: MeanSquaredError) -> None:
    run = walked(pizza, Settings(0.0005, batch=Batch(4)), 1000)
    run.limits = Limits(5000)
    run.change(Settings(0.0001, batch=Batch(4)))
    assert wandering(run) is None
    run.forward(2000)
    found = wandering(run)
    assert found is not None
    assert found.steps <= 1000
    run.back(2500)
    again = wandering(run)
    assert again is not None
    assert again.spread_w > found.spread_w


def test_more_than_what_is_remembered_does_not_count(pizza: MeanSquaredError) -> None:
    settings = Settings(0.0005, batch=Batch(4))
    path = walked(pizza, settings, REMEMBERED + 500).path(0, REMEMBERED + 501)
    found = wandering_over(pizza, settings, path)
    assert found == wandering_over(pizza, settings, path[-REMEMBERED:])
    assert found is not None
    assert found.steps == REMEMBERED // 2
    assert wandering_over(pizza, settings, path[: 2 * PARTS]) is None


def test_other_losses_wander_too() -> None:
    data = load("pizza")
    run = Timeline(AbsoluteError(data.x, data.y), Settings(0.01, batch=Batch(5)), Limits(2000))
    run.forward(2000)
    assert wandering(run) is not None
    separable = Logistic(np.arange(8.0) - 3.5, (np.arange(8) > 3).astype(float))
    run = Timeline(separable, Settings(0.5, train_bias=True, batch=Batch(2)), Limits(800))
    run.forward(800)
    assert wandering(run) is None, "the loss falls for ever"


# --- Seeds


def test_several_seeds_are_branches_from_where_the_run_stands(pizza: MeanSquaredError) -> None:
    branches = Branches(Timeline(pizza, Settings(0.0005, train_bias=True, batch=Batch(5, 2**63 - 2)), Limits(60)))
    branches.run.forward(20)
    made = several_seeds(branches, 3)
    assert [branch.name for branch in made] == [f"seed {seed}" for seed in (2**63 - 1, 0, 1)]
    assert branches.current.name == "A"
    assert branches.run.tip == 20
    ends = {branch.run.state.w for branch in made}
    assert len(ends) == 3
    for branch in made:
        assert (branch.parent, branch.left_at, branch.run.tip) == ("A", 20, 60)
        assert np.array_equal(branch.run.path(0, 20), branches.run.path(0, 20))
    assert made[1].run.settings.batch == Batch(5, 0)


def test_without_chance_a_seed_changes_nothing_and_it_is_said(pizza: MeanSquaredError) -> None:
    whole = Branches(Timeline(pizza, Settings(batch=Batch(30))))
    with pytest.raises(ValueError, match=r"^every step sees all rows, so that a seed changes nothing"):
        several_seeds(whole)
    order = Order.of([list(range(30))])
    given = Branches(Timeline(pizza, Settings(batch=Batch(3, order=order))))
    with pytest.raises(ValueError, match=r"^the rows come in an order made elsewhere"):
        several_seeds(given)
    assert len(whole) == len(given) == 1


def test_the_ground_of_rows_has_batches_under_every_loss() -> None:
    orings = load("orings")
    loss, _ = ground_of_rows(orings, "logistic", scaled=True)
    settings = Settings(0.5, train_bias=True, batch=Batch(5, 1))
    found = guess(loss, settings, begin(loss, settings))
    assert found is not None
    assert found.sentence.startswith("The slope of the batch is ")
