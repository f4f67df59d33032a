"""The timeline: stepping back and forth gives the same states, bit for bit, as a run that keeps all of them."""

from __future__ import annotations

import sys
from itertools import product
from random import Random
from typing import TYPE_CHECKING

import numpy as np
import pytest

import gdcore.descent.timeline
from gdcore.descent.batches import Batch
from gdcore.descent.optimizers import OPTIMIZERS, Adam, GradientDescent, Momentum, Nesterov, RMSprop
from gdcore.descent.schedules import Constant, Cosine, Inverse, Step
from gdcore.descent.state import State
from gdcore.descent.steps import Ending, Limits, Reason, Settings, adopt, advance, begin, proceed
from gdcore.descent.timeline import STRIDE, Timeline

if TYPE_CHECKING:
    from gdcore.landscapes.bowl import MeanSquaredError

every_optimizer = pytest.mark.parametrize("kind", OPTIMIZERS.values(), ids=OPTIMIZERS)
near_the_borders = pytest.mark.parametrize("iteration", [1, 100, STRIDE - 1, STRIDE, STRIDE + 1, 2 * STRIDE])


class EveryState:
    """The model: a plain list of all the states, in which nothing is ever computed again."""

    def __init__(self, loss: MeanSquaredError, settings: Settings, limits: Limits) -> None:
        self.loss, self.limits, self.cursor, self.first = loss, limits, 0, settings
        self.arrived = [begin(loss, settings)]
        self.states = list(self.arrived)
        self.settings = [settings]

    @property
    def state(self) -> State:
        return self.states[self.cursor]

    def forward(self, count: int) -> int:
        for made in range(count):
            if self.cursor == len(self.states) - 1:
                following = proceed(self.loss, self.settings[-1], self.limits, self.states[-1])
                if isinstance(following, Ending):
                    return made
                self.arrived.append(following)
                self.states.append(following)
                self.settings.append(self.settings[-1])
            self.cursor += 1
        return count

    def back(self, count: int) -> int:
        moved = min(count, self.cursor)
        self.cursor -= moved
        return moved

    def change(self, settings: Settings) -> None:
        if settings == self.settings[self.cursor]:
            return
        for kept in (self.arrived, self.states, self.settings):
            del kept[self.cursor + 1 :]
        came_under = self.settings[self.cursor - 1] if self.cursor else self.first
        self.settings[-1] = settings
        self.states[-1] = adopt(self.loss, self.arrived[-1], settings, came_under)


def bits(state: State | None) -> str:
    """Every field to the last bit: unlike ==, it tells -0.0 from 0.0."""
    return repr(state)


def assert_same(run: Timeline, model: EveryState) -> None:
    assert bits(run.state) == bits(model.state)
    assert run.settings == model.settings[model.cursor]
    assert run.tip == len(model.states) - 1


def walked(run: Timeline, last: int) -> list[str]:
    """The states from the start to an iteration, one step at a time."""
    run.back(run.state.iteration)
    states = [bits(run.state)]
    while run.state.iteration < last:
        assert run.forward() == 1
        states.append(bits(run.state))
    return states


def walked_back(run: Timeline) -> list[str]:
    """The states from the cursor down to the start, one step at a time."""
    states = [bits(run.state)]
    while run.back():
        states.append(bits(run.state))
    return states


def eventful(loss: MeanSquaredError, iterations: int = 700) -> Timeline:
    """A run in which everything that can change has changed, some of it at the borders of the blocks."""
    run = Timeline(loss, Settings(0.001, Momentum(0.5)), Limits(iterations))
    changes = {
        0: Settings(0.0005, Momentum(0.8)),
        100: Settings(0.0005, Momentum(0.6), train_bias=True),
        STRIDE - 1: Settings(0.1, Adam(), train_bias=True),
        STRIDE: Settings(0.2, Adam(0.5, 0.9), train_bias=True),
        STRIDE + 1: Settings(0.01, RMSprop()),
        400: Settings(0.0001, Nesterov(), train_bias=True),
        2 * STRIDE: Settings(0.001, GradientDescent(), train_bias=True),
    }
    for iteration, settings in changes.items():
        run.forward(iteration - run.state.iteration)
        run.change(settings)
    run.forward(iterations)
    assert [at for at, _ in run.changes()] == list(changes)
    return run


# --- There and back


@every_optimizer
@pytest.mark.parametrize("train_bias", [False, True], ids=["w", "w and b"])
def test_the_states_are_those_of_the_descent_there_and_back(
    pizza: MeanSquaredError, kind: type[GradientDescent], train_bias: bool
) -> None:
    settings = Settings(0.0003, kind(), train_bias)
    states = [begin(pizza, settings)]
    for _ in range(600):
        states.append(advance(pizza, settings, states[-1]))
    expected = list(map(bits, states))
    run = Timeline(pizza, settings, Limits(600))
    assert walked(run, 600) == expected
    assert walked_back(run) == expected[::-1]
    assert walked(run, 600) == expected


def test_an_eventful_run_is_the_same_whichever_way_it_is_walked(pizza: MeanSquaredError) -> None:
    run = eventful(pizza)
    back = walked_back(run)
    assert walked(run, 700) == back[::-1]
    for jump in (699, 443, 188, 445, 256, 255, 257, 512, 511, 0, 700):
        run.back(run.state.iteration)
        run.forward(jump)
        assert bits(run.state) == back[700 - jump]


@pytest.mark.parametrize("seed", range(8))
def test_a_random_walk_shows_what_a_list_of_all_states_shows(pizza: MeanSquaredError, seed: int) -> None:
    random = Random(seed)
    first = Settings(0.001, Momentum())
    run, model = Timeline(pizza, first, Limits(2000)), EveryState(pizza, first, Limits(2000))
    longest = changed = dropped = peeked = 0
    for _ in range(1500):
        here, tip = run.state.iteration, run.tip
        to_a_border = abs(random.randrange(8) * STRIDE + random.randint(-1, 1) - here)
        count = random.choice([1, 1, 1, 2, 10, to_a_border, random.randrange(300), 2000])
        move = random.random()
        if move < 0.45:
            assert run.forward(count) == model.forward(count)
        elif move < 0.8:
            assert run.back(count) == model.back(count)
        elif move < 0.92:
            settings = Settings(
                random.choice([1e-5, 1e-4, 5e-4, 0.001, 0.1]),
                random.choice([*(kind() for kind in OPTIMIZERS.values()), Momentum(0.5), Adam(0.5)]),
                random.random() < 0.5,
                random.choice([Constant(), Constant(), Inverse(0.1, since=here), Cosine(90, since=here), Step(0.5, 7)]),
                random.choice([None, None, Batch(4), Batch(7, seed=3), Batch(1), Batch(40)]),
            )
            run.change(settings)
            model.change(settings)
            changed += 1
            dropped += here < tip
        else:
            run.limits = model.limits = Limits(random.randrange(2500), random.choice([None, 1e-3, 10.0]))
        assert_same(run, model)
        longest = max(longest, run.tip)
        if random.random() < 0.3:
            peeked += 1
            before, following = run.previous, run.following
            assert bits(before) == bits(model.states[model.cursor - 1] if model.cursor else None)
            if model.cursor < run.tip:
                assert bits(following) == bits(model.states[model.cursor + 1])
                assert run.ending is None
            else:
                last = model.settings[-1]
                assert bits(following) == bits(advance(pizza, last, model.state))
                expected = proceed(pizza, last, model.limits, model.state)
                assert run.ending == (expected if isinstance(expected, Ending) else None)
            assert_same(run, model)
    points = [(state.w, state.b, state.loss) for state in model.states]
    np.testing.assert_array_equal(run.path(0, run.tip + 1), points)
    assert longest > 3 * STRIDE
    assert min(changed, dropped, peeked) > 50


# --- Looking ahead and behind


def test_looking_does_not_disturb(pizza: MeanSquaredError) -> None:
    expected = walked(eventful(pizza), 700)
    run = Timeline(pizza, Settings(0.001, Momentum(0.5)), Limits(700))
    changes = dict(eventful(pizza).changes())
    seen = []
    for iteration in range(701):
        if iteration in changes:
            run.change(changes[iteration])
        seen.append(bits(run.state))
        assert bits(run.previous) == (expected[iteration - 1] if iteration else "None")
        assert run.following.iteration == iteration + 1
        assert run.forward() == (iteration < 700)
    assert seen == expected
    for iteration in range(700, -1, -1):
        assert bits(run.state) == expected[iteration]
        assert bits(run.previous) == (expected[iteration - 1] if iteration else "None")
        assert run.following.iteration == iteration + 1
        assert bits(run.previous) == (expected[iteration - 1] if iteration else "None")
        assert run.back() == (iteration > 0)
    assert walked(run, 700) == expected


@near_the_borders
def test_a_change_after_looking_is_the_same_change(pizza: MeanSquaredError, iteration: int) -> None:
    ends = []
    for looks in (False, True):
        run = Timeline(pizza, Settings(0.001, Momentum(0.5)), Limits(800))
        run.forward(800)
        run.back(800 - iteration)
        if looks:
            assert run.previous
            assert run.following.iteration == iteration + 1
        run.change(Settings(0.002, Momentum(0.5)))
        ends.append(walked(run, 800))
    assert ends[0] == ends[1]


def test_the_following_state_is_told_whatever_the_limits(pizza: MeanSquaredError) -> None:
    run = Timeline(pizza, Settings(1e300), Limits(0))
    assert run.following.iteration == 1
    assert run.following.loss == np.inf
    assert (run.forward(), run.tip) == (0, 0)


# --- Changes


@near_the_borders
def test_a_change_in_the_past_drops_the_future(pizza: MeanSquaredError, iteration: int) -> None:
    run = eventful(pizza)
    run.back(700 - iteration)
    past = run.path(0, iteration + 1)
    run.change(Settings(0.003))
    assert (run.tip, run.state.iteration) == (iteration, iteration)
    assert all(at <= iteration for at, _ in run.changes())
    run.forward(5)
    assert {state.learning_rate for state in (run.state, run.following)} == {0.003}
    np.testing.assert_array_equal(run.path(0, iteration + 1), past)


def test_a_change_at_the_start_is_a_run_with_other_settings(pizza: MeanSquaredError) -> None:
    other = Settings(0.1, Adam(), train_bias=True)
    run, expected = Timeline(pizza, Settings(0.001), Limits(300)), Timeline(pizza, other, Limits(300))
    run.forward(50)
    run.back(50)
    run.change(other)
    assert run.changes() == [(0, other)]
    assert bits(run.start) == bits(expected.start)
    assert walked(run, 300) == walked(expected, 300)


@pytest.mark.parametrize("iteration", [0, 1, 100, STRIDE - 1, STRIDE, STRIDE + 1])
@pytest.mark.parametrize("there", [Adam(), Nesterov(), GradientDescent()], ids=repr)
def test_of_two_changes_at_one_iteration_the_last_counts(
    pizza: MeanSquaredError, iteration: int, there: GradientDescent
) -> None:
    first, last = Settings(0.0005, Momentum()), Settings(0.001, Momentum(0.8))
    run, expected = Timeline(pizza, first, Limits(600)), Timeline(pizza, first, Limits(600))
    for timeline in (run, expected):
        timeline.forward(iteration)
    for settings in (Settings(0.1, there), last):
        run.change(settings)
    expected.change(last)
    assert bits(run.state) == bits(expected.state)
    run.forward(600)
    assert walked_back(run)[::-1] == walked(expected, 600)


def test_a_change_that_is_none_keeps_the_future(pizza: MeanSquaredError) -> None:
    run = eventful(pizza)
    run.back(300)
    run.change(Settings(0.0001, Nesterov(0.9), train_bias=True))
    assert (run.state.iteration, run.tip, len(run.changes())) == (400, 700, 7)


def test_the_settings_are_those_in_force_at_the_cursor(pizza: MeanSquaredError) -> None:
    run = eventful(pizza)
    changes = dict(run.changes())
    for iteration in range(700, -1, -1):
        in_force = changes[max(at for at in changes if at <= iteration)]
        assert run.settings == in_force
        assert run.state.learning_rate == in_force.learning_rate
        assert type(run.state.memory[0]) is type(in_force.optimizer.memory())
        run.back()


@pytest.mark.parametrize(("kind", "other"), list(product(OPTIMIZERS.values(), repeat=2)))
def test_only_the_same_kind_of_optimizer_keeps_its_memory(
    pizza: MeanSquaredError, kind: type[GradientDescent], other: type[GradientDescent]
) -> None:
    run = Timeline(pizza, Settings(0.0005, kind()))
    run.forward(20)
    memory = run.state.memory
    run.change(Settings(0.0004, other()))
    fresh = (other().memory(), other().memory())
    assert run.state.memory == (memory if kind is other else fresh)


# --- Forks


@near_the_borders
def test_a_fork_and_the_run_it_left_go_their_own_ways(pizza: MeanSquaredError, iteration: int) -> None:
    expected = walked(eventful(pizza), 700)
    run = eventful(pizza)
    run.back(700 - iteration)
    fork, there = run.fork(), bits(run.state)
    assert bits(fork.state) == there
    other = Settings(0.0007, Nesterov(0.5))
    fork.change(other)
    fork.forward(300)
    assert run.tip == 700
    assert bits(run.state) == there
    run.back(5)
    assert walked(run, 700) == expected
    past = run.path(0, iteration + 1)
    np.testing.assert_array_equal(fork.path(0, iteration + 1), past)
    model = eventful(pizza)
    model.back(700 - iteration)
    model.change(other)
    model.forward(300)
    assert walked_back(fork) == walked_back(model)


# --- Endings


def test_the_limit_of_iterations_can_be_raised_and_lowered(pizza: MeanSquaredError) -> None:
    run = Timeline(pizza, Settings(), Limits(10))
    assert (run.forward(25), run.state.iteration) == (10, 10)
    assert run.ending is not None
    assert run.ending.reason is Reason.ITERATIONS
    run.limits = Limits(12)
    assert run.ending is None
    assert (run.forward(25), run.state.iteration) == (2, 12)
    run.limits = Limits(5)
    assert (run.state.iteration, run.tip) == (12, 12)
    assert (run.forward(), run.state.iteration) == (0, 12)
    run.back(9)
    assert (run.forward(25), run.state.iteration) == (9, 12)


def test_the_end_is_at_the_tip_only(pizza: MeanSquaredError) -> None:
    run = Timeline(pizza, Settings(0.1), Limits(500))
    run.forward(500)
    assert run.ending is not None
    assert run.ending.reason is Reason.DIVERGED
    while run.back():
        assert run.ending is None


def test_divergence_keeps_the_last_finite_state(pizza: MeanSquaredError) -> None:
    run = Timeline(pizza, Settings(0.1), Limits(500))
    made = run.forward(500)
    assert 0 < made < 500
    assert run.tip == run.state.iteration == made
    assert 1e300 < run.state.loss < np.inf
    assert run.following.loss == np.inf
    assert np.isfinite(run.path(0, made + 1)).all()
    assert run.forward(3) == 0


def test_the_tolerance_ends_the_run_and_a_smaller_one_lets_it_go_on(pizza: MeanSquaredError) -> None:
    run = Timeline(pizza, Settings(), Limits(500, tolerance=1e-3))
    run.forward(500)
    assert run.ending is not None
    assert run.ending.reason is Reason.TOLERANCE
    assert abs(run.state.gradient[0]) < 1e-3
    assert run.previous is not None
    assert abs(run.previous.gradient[0]) >= 1e-3
    made = run.tip
    run.limits = Limits(500, tolerance=1e-6)
    assert run.ending is None
    assert run.forward(500) > 0
    assert made < run.tip < 500


# --- Before the rise


def test_before_the_rise_is_where_the_rate_was_raised(pizza: MeanSquaredError) -> None:
    run = Timeline(pizza, Settings(0.0001), Limits(1000))
    run.forward(60)
    run.change(Settings(0.01))
    assert run.forward(1000) < 1000
    assert run.before_the_rise() == 60
    run.back(run.tip - 61)
    assert run.before_the_rise() == 60
    run.back(31)
    assert run.before_the_rise() == run.state.iteration == 30


def test_before_the_rise_of_a_run_that_only_rose_is_its_start(pizza: MeanSquaredError) -> None:
    run = Timeline(pizza, Settings(0.1), Limits(1000))
    assert run.before_the_rise() == 0
    run.forward(1000)
    assert run.before_the_rise() == 0


def test_a_run_that_stands_still_does_not_rise(pizza: MeanSquaredError) -> None:
    run = Timeline(pizza, Settings(1e-300), Limits(10))
    run.forward(10)
    assert len(set(run.path(0, 11)[:, 2])) == 1
    assert run.before_the_rise() == 10


# --- Paths, memory and time


def test_the_path_is_that_of_the_states(pizza: MeanSquaredError) -> None:
    run = eventful(pizza)
    path = run.path(0, 701)
    assert path.shape == (701, 3)
    while run.state.iteration:
        assert tuple(path[run.state.iteration]) == (run.state.w, run.state.b, run.state.loss)
        run.back()
    np.testing.assert_array_equal(run.path(250, 260), path[250:260])
    assert run.path(5, 5).shape == (0, 3)
    path[:] = 0
    assert run.path(0, 1)[0, 2] == run.start.loss


def test_a_million_iterations_keep_little_and_are_near_from_everywhere(
    pizza: MeanSquaredError, monkeypatch: pytest.MonkeyPatch
) -> None:
    million = 1_000_000
    run = Timeline(pizza, Settings(0.001, train_bias=True), Limits(million))
    assert run.forward(million) == million
    assert len(run._kept) == million // STRIDE + 1
    assert sum(map(len, run._blocks.values())) <= 2 * STRIDE
    assert len(run._path) == 3 * (million + 1)
    assert sys.getsizeof(run._path) < 1.15 * 24 * million

    advances = 0

    def counted(loss: MeanSquaredError, settings: Settings, state: State) -> State:
        nonlocal advances
        advances += 1
        return advance(loss, settings, state)

    monkeypatch.setattr(gdcore.descent.timeline, "advance", counted)
    for count in (1, 1, 1000, 123_456, 500_000, 255, 256, 257, million):
        advances = 0
        run.back(count)
        assert run.state.iteration < million
        assert run.previous is None or run.previous.iteration == run.state.iteration - 1
        assert advances <= 2 * STRIDE
    assert bits(run.state) == bits(begin(pizza, run.settings))
    advances = 0
    run.forward(600_000)
    assert advances <= STRIDE


def test_a_walk_back_computes_every_state_once(pizza: MeanSquaredError, monkeypatch: pytest.MonkeyPatch) -> None:
    run = eventful(pizza)
    advances = 0

    def counted(loss: MeanSquaredError, settings: Settings, state: State) -> State:
        nonlocal advances
        advances += 1
        return advance(loss, settings, state)

    monkeypatch.setattr(gdcore.descent.timeline, "advance", counted)
    walked_back(run)
    assert advances == STRIDE - 1, "of three blocks the last two are still held"
