"""Branches: futures that were left behind, pinned runs, the race."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from gdcore.descent.branches import MOST, Branch, Branches, difference
from gdcore.descent.optimizers import OPTIMIZERS, Adam, GradientDescent, Momentum, Nesterov, Nudge, Optimizer
from gdcore.descent.state import State
from gdcore.descent.steps import Limits, Settings, advance, begin, descend
from gdcore.descent.timeline import STRIDE, Timeline
from gdcore.landscapes.bowl import MeanSquaredError
from gdcore.studies.race import margin, race, sensible_rate, tie
from gdcore.studies.stability import stability


def states(run: Timeline) -> list[State]:
    """Every state of a run; the cursor stays."""
    here = run.state.iteration
    run.back(here)
    found = [run.state]
    while run.state.iteration < run.tip:
        run.forward()
        found.append(run.state)
    run.back(run.tip - here)
    return found


@pytest.fixture
def branches(pizza: MeanSquaredError) -> Branches:
    return Branches(Timeline(pizza, Settings(optimizer=Momentum()), Limits(10_000)))


def test_a_change_in_the_past_leaves_the_future_behind_as_it_was(branches: Branches) -> None:
    branches.run.forward(STRIDE + 50)
    before = states(branches.run)
    branches.run.back(60)
    branches.change(Settings(0.0005, Adam(), train_bias=True))
    branches.run.forward(100)
    old, new = branches
    assert branches.current is new
    assert states(old.run) == before
    left = STRIDE - 10
    assert (new.parent, new.left_at, new.run.state.iteration) == ("A", left, left + 100)
    assert states(new.run)[:left] == before[:left]
    assert states(new.run)[left][:5] == before[left][:5]
    assert states(new.run)[left + 1] != before[left + 1]


def test_a_change_at_the_tip_makes_no_branch(branches: Branches) -> None:
    branches.run.forward(5)
    branches.change(Settings(0.002))
    branches.change(Settings(0.003))
    assert len(branches) == 1
    assert [at for at, _ in branches.run.changes()] == [0, 5]


def test_a_change_to_the_same_keeps_the_future(branches: Branches) -> None:
    branches.run.forward(5)
    branches.run.back(3)
    branches.change(branches.run.settings)
    assert (len(branches), branches.run.tip) == (1, 5)


def test_a_branch_without_a_step_of_its_own_gives_way_to_the_next(branches: Branches) -> None:
    branches.run.forward(9)
    branches.run.back(4)
    branches.change(Settings(0.002))
    branches.run.back(2)
    branches.change(Settings(0.003))
    assert [(branch.name, branch.parent, branch.left_at) for branch in branches] == [("A", "", 0), ("C", "A", 3)]


def test_branches_share_nothing_that_changes(branches: Branches) -> None:
    branches.run.forward(30)
    branches.fork("pinned A")
    kept = states(branches[0].run)
    branches.run.change(Settings(0.003))
    branches.run.forward(500)
    branches.run.limits = Limits(3)
    assert states(branches[0].run) == kept
    assert branches[0].run.limits == Limits(10_000)
    branches[0].run.forward(10)
    assert branches[0].run.tip == 40


def test_origins_say_where_a_branch_left_and_what_is_different(branches: Branches) -> None:
    branches.run.forward(5)
    branches.run.back(2)
    branches.change(replace(branches.run.settings, learning_rate=0.002))
    branches.change(replace(branches.run.settings, train_bias=True))
    branches.rename(branches[0], "first")
    assert branches.current.origin == "left first at step 3: learning rate 0.001 -> 0.002, w and b trained"
    assert branches[0].origin == "from the start"


def test_what_differs_between_settings() -> None:
    plain = Settings()
    assert difference(plain, plain) == "nothing"
    assert difference(Settings(optimizer=Adam()), Settings(optimizer=Adam(0.8))) == "beta1 0.9 -> 0.8"
    assert difference(Settings(train_bias=True), Settings(0.01, Adam())) == (
        "learning rate 0.001 -> 0.01, Adam, w alone trained"
    )


def test_names_are_free_and_renaming_asks_for_a_free_one(branches: Branches) -> None:
    for _ in range(3):
        branches.run.forward()
        branches.fork("pinned")
    assert [branch.name for branch in branches] == ["A", "B", "C", "D"]
    with pytest.raises(ValueError, match=r'^another branch is called "B" already; choose another name$'):
        branches.rename(branches[0], " B ")
    with pytest.raises(ValueError, match=r"^a branch must have a name of at least one character$"):
        branches.rename(branches[0], "  ")
    branches.rename(branches[1], "b")
    assert (branches[2].parent, branches.free_name()) == ("b", "B")


def test_the_current_branch_cannot_be_deleted_and_others_can(branches: Branches) -> None:
    branches.run.forward()
    branches.fork("pinned")
    with pytest.raises(ValueError, match=r"^the current branch cannot be deleted; switch to another one first$"):
        branches.delete(branches.current)
    branches.delete(branches[0])
    assert [branch.name for branch in branches] == ["B"]


def test_the_oldest_branches_make_room_but_never_the_current_one(branches: Branches) -> None:
    for _ in range(MOST + 5):
        branches.run.forward()
        branches.fork("pinned")
    assert len(branches) == MOST
    assert branches.current is branches[MOST - 1]


def test_a_run_from_another_start_is_a_branch_but_one_without_steps_gives_way(
    branches: Branches, pizza: MeanSquaredError
) -> None:
    branches.begin(Timeline(pizza, Settings(), w=2.0), "from w = 2")
    assert [branch.name for branch in branches] == ["A"]
    branches.run.forward()
    branches.begin(Timeline(pizza, Settings(), w=3.0), "from w = 3")
    assert [(branch.name, branch.origin) for branch in branches] == [("A", "from w = 2"), ("B", "from w = 3")]


# --- The race


@pytest.mark.parametrize("train_bias", [False, True], ids=["w", "w and b"])
def test_the_race_starts_every_optimizer_from_the_same_point(pizza: MeanSquaredError, train_bias: bool) -> None:
    branches = Branches(Timeline(pizza, Settings(train_bias=train_bias), Limits(300)))
    branches.run.forward(7)
    first, *_, last = race(branches)
    runners: list[Branch] = list(branches)[1:]
    assert branches.current is branches[0], "one stays where one is"
    assert (branches.run.state.iteration, branches.run.tip) == (7, 7)
    losses = [runner.run.state.loss for runner in runners]
    assert (first.run.state.loss, last.run.state.loss) == (min(losses), max(losses))
    assert [branch.name for branch in runners] == [kind.title for kind in OPTIMIZERS.values()]
    for branch, kind in zip(runners, OPTIMIZERS.values(), strict=True):
        assert branch.left_at == 7
        assert branch.run.settings.optimizer == kind()
        assert branch.run.settings.train_bias is train_bias
        assert branch.run.tip == 300
        start, end = states(branch.run)[7], branch.run.state
        assert (start.w, start.b) == (branches[0].run.state.w, branches[0].run.state.b)
        assert end.loss < start.loss


@pytest.mark.parametrize("before", range(1, 6))
def test_on_the_floor_rounding_decides_neither_rates_nor_places(pizza: MeanSquaredError, before: int) -> None:
    branches = Branches(Timeline(pizza, Settings(0.00109), Limits(100)))
    branches.run.forward(before)
    order = race(branches)
    count, at = tie(order)
    assert order[0].name == "gradient descent"
    assert order[0].run.settings.learning_rate == pytest.approx(0.0022853, rel=1e-3), "the best in theory"
    assert count > 2
    assert at <= before + 3
    losses = [runner.reached for runner in order]
    assert max(losses[:count]) <= margin(min(losses)) < min(losses[count:])
    arrived = [int(np.argmax(runner.run.path(0, 101)[:, 2] <= margin(min(losses)))) for runner in order[:count]]
    assert arrived == sorted(arrived)
    assert arrived[0] == at


def test_after_many_races_one_still_stands_in_a_branch_that_is_listed(pizza: MeanSquaredError) -> None:
    branches = Branches(Timeline(pizza, Settings(), Limits(10)))
    for _ in range(5):
        race(branches)
    assert len(branches) == MOST
    assert branches.current is branches[0]
    assert len({branch.name for branch in branches}) == MOST


def test_where_no_step_is_left_there_is_no_race(pizza: MeanSquaredError) -> None:
    branches = Branches(Timeline(pizza, Settings(), Limits(10)))
    branches.run.forward(10)
    branches.run.back(3)
    branches.run.limits = Limits(5)
    with pytest.raises(ValueError, match=r"^no step is left for a race: The limit of 5 iterations is reached\.$"):
        race(branches)
    assert len(branches) == 1


@pytest.mark.parametrize("optimizer", [GradientDescent(), Momentum(0.5), Nesterov()], ids=repr)
def test_a_sensible_rate_comes_lower_in_a_short_race_than_the_best_one_in_the_long_run(
    pizza: MeanSquaredError, optimizer: Optimizer
) -> None:
    under = Settings(optimizer=optimizer, train_bias=True)
    start = begin(pizza, under)
    limits = stability(optimizer, pizza.curvature(True))
    assert limits is not None

    def reached(rate: float) -> float:
        settings = Settings(rate, optimizer, True)
        *_, last = descend(pizza, settings, Limits(100), begin(pizza, settings))
        return last.loss

    rate = sensible_rate(pizza, under, start, 100)
    assert reached(rate) < reached(limits.best) / 1.2
    assert reached(rate) <= min(reached(rate * 1.3), reached(rate / 1.3))


def test_a_race_at_the_minimum_or_on_flat_ground_has_usable_rates(pizza: MeanSquaredError) -> None:
    flat = MeanSquaredError.of([0.0, 0.0], [1.0, 3.0])
    for loss, w in ((pizza, float(pizza.minimum_w(0.0) or 0)), (flat, 0.0)):
        for kind in OPTIMIZERS.values():
            assert sensible_rate(loss, Settings(optimizer=kind()), begin(loss, Settings(), w), 50) > 0


def test_nudging_in_the_race_has_no_gradient_to_go_by(pizza: MeanSquaredError) -> None:
    nudging = Settings(optimizer=Nudge())
    rate = sensible_rate(pizza, nudging, begin(pizza, nudging), 50)
    state = advance(pizza, nudging, begin(pizza, Settings(rate, Nudge())))
    assert state.w == rate
