"""The laboratory without a screen: what every action does to the run, and that a frame tells of one point alone."""

from __future__ import annotations

import re
from dataclasses import replace
from math import inf, isfinite
from random import Random
from typing import TYPE_CHECKING, Any
from urllib.parse import quote
from weakref import WeakKeyDictionary

import numpy as np
import pytest

from gdcore.descent.optimizers import OPTIMIZERS, AdaGrad, Adam, GradientDescent, Momentum, Nesterov, Optimizer
from gdcore.descent.steps import Ending, Limits, Reason, Settings, advance, proceed
from gdcore.landscapes.bowl import MeanSquaredError
from gdcore.landscapes.formula import FormulaError
from gdcore.landscapes.known import find
from gdcore.rows.dataset import Dataset, load
from gdcore.studies.stability import Regime, observed, stability
from tui.charts.window import Window
from tui.laboratory import lesson
from tui.laboratory.frame import TRAIL, Frame
from tui.laboratory.grounds import ground_named
from tui.laboratory.laboratory import Laboratory
from tui.laboratory.walk import SPEEDS
from tui.screen import panels
from tui.views.views import VIEWS, Views

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PIZZA = load("pizza")


def best_w(lab: Laboratory, b: float) -> float:
    lowest = lab.ground.landscape.lowest_point(b)
    assert lowest is not None
    return lowest.w


def rows(x: list[float], y: list[float], name: str = "rows.csv", x_name: str = "x", y_name: str = "y") -> Dataset:
    return Dataset(name, None, np.array(x), np.array(y), x_name, y_name, (x_name, y_name))


_VIEWS: WeakKeyDictionary[Laboratory, Views] = WeakKeyDictionary()


def window_of(lab: Laboratory) -> Window:
    """The window of the curve, held still from one call to the next."""
    return looked_at(lab).scene(lab.frame).window


def looked_at(lab: Laboratory) -> Views:
    """The views of a laboratory, which remember their windows."""
    return _VIEWS.setdefault(lab, Views())


def laboratory(
    rate: float = 0.001,
    optimizer: Optimizer | None = None,
    train_bias: bool = False,
    *,
    iterations: int = 100,
    data: Dataset = PIZZA,
    start: tuple[float, float] = (0.0, 0.0),
) -> Laboratory:
    settings = Settings(rate, optimizer or GradientDescent(), train_bias)
    return Laboratory(data, settings, Limits(iterations), start)


def diverged(rate: float = 0.1, **others: Any) -> Laboratory:
    """A run of which every frame has been shown until there was no further step."""
    lab = laboratory(rate, iterations=500, **others)
    while lab.frame.ending is None:
        lab.walk.step()
    return lab


def assert_of_one_point(lab: Laboratory) -> Frame:
    """Everything in a frame belongs to the state it shows, and to no other."""
    frame = lab.frame
    state, before, settings = frame.state, frame.before, frame.settings
    assert (state.loss, state.gradient) == frame.landscape.loss_and_gradient(state.w, state.b)
    assert state.learning_rate == settings.learning_rate
    assert type(state.memory[0]) is type(settings.optimizer.memory())
    assert frame.start.iteration == 0
    assert (before is None) == (state.iteration == 0)
    assert min(state.iteration, 2 * TRAIL) <= len(frame.trail) <= min(state.iteration, 3 * TRAIL)
    if before is None:
        assert state == frame.start
        assert frame.verdict is None
    else:
        assert before.iteration == state.iteration - 1
        assert tuple(frame.trail[-1]) == (before.w, before.b, before.loss)
        assert tuple(frame.trail[0]) == (frame.start.w, frame.start.b, frame.start.loss)
        assert frame.verdict is observed(before, state)
    after = advance(frame.landscape, settings, state)
    assert (frame.following and frame.following[:5]) == (after[:5] if isfinite(after.loss) else None)
    if state.iteration == lab.walk.timeline.tip:
        step = proceed(frame.landscape, settings, frame.limits, state)
        assert frame.ending == (step if isinstance(step, Ending) else None)
    else:
        assert frame.ending is None
    assert frame.stability == stability(settings.optimizer, frame.landscape.curvature(settings.train_bias))
    window = window_of(lab)
    assert window.left <= state.w <= window.right
    assert (frame.note, frame.alarm) == (lab.notes.text, lab.notes.alarm)
    return frame


# --- Frames


@pytest.mark.parametrize("seed", range(6))
def test_every_frame_is_of_one_point_whatever_is_done(seed: int) -> None:
    random = Random(seed)
    lab = laboratory()
    actions: list[Callable[[], object]] = [
        lambda: lab.walk.step(random.choice([1, 1, 10, 300])),
        lambda: lab.walk.step(random.choice([1, 1, 10, 300])),
        lambda: lab.walk.back(random.choice([1, 10])),
        lambda: lab.walk.scale_learning_rate(random.choice([0.5, 0.909090909, 1.1, 2.0])),
        lambda: lab.walk.set_learning_rate(random.choice([1e-5, 0.001, 0.005, 0.1])),
        lambda: lab.walk.set_optimizer(random.choice(list(OPTIMIZERS.values()))()),
        lambda: lab.walk.set_train_bias(random.random() < 0.5),
        lambda: lab.walk.set_start(random.uniform(-9, 9), random.uniform(-9, 9)),
        lambda: lab.open(random.choice([PIZZA, rows([1, 2, 4], [3, 3, 9]), rows([5, 5], [1, 2])])),
        lambda: lab.walk.set_iterations(random.choice([50, 1000])),
        lab.walk.allow_more,
        lab.walk.restart,
        lab.walk.reset,
        lab.walk.retreat,
        lambda: looked_at(lab).fit(lab.frame),
        looked_at(lab).toggle_log,
    ]
    for _ in range(250):
        random.choice(actions)()
        assert_of_one_point(lab)


def test_a_frame_does_not_change_when_the_run_goes_on() -> None:
    lab = laboratory()
    lab.walk.step(5)
    frame = lab.frame
    state, trail = repr(frame.state), frame.trail.copy()
    lab.walk.step(50)
    lab.walk.set_learning_rate(0.1)
    lab.walk.step(20)
    assert (repr(frame.state), frame.note) == (state, "")
    np.testing.assert_array_equal(frame.trail, trail)


def test_the_trail_is_bounded_and_has_both_ends_and_a_few_between() -> None:
    lab = laboratory(iterations=100_000, train_bias=True)
    for iteration in (0, 1, TRAIL, 2 * TRAIL, 2 * TRAIL + 1, 5000, 77_777):
        lab.walk.step(iteration - lab.walk.timeline.state.iteration)
        trail = assert_of_one_point(lab).trail
        whole = lab.walk.timeline.path(0, iteration)
        np.testing.assert_array_equal(trail[:TRAIL], whole[:TRAIL])
        np.testing.assert_array_equal(trail[-TRAIL:], whole[-TRAIL:] if iteration > TRAIL else trail)
        places = [np.flatnonzero((whole == point).all(axis=1))[0] for point in trail]
        assert max(np.diff(places), default=0) <= max(2 * (iteration - 2 * TRAIL) / TRAIL, 1)


def test_most_of_the_trail_stays_from_step_to_step() -> None:
    lab = laboratory(iterations=100_000, train_bias=True)
    lab.walk.step(5000)
    before = set(map(tuple, lab.frame.trail))
    lab.walk.step(1)
    assert len(before & set(map(tuple, lab.frame.trail))) >= len(before) - 2


# --- What a key costs


@pytest.fixture
def evaluations(monkeypatch: pytest.MonkeyPatch) -> list[tuple[float, float]]:
    """The points at which the loss is evaluated; the curves of a chart, which are arrays, do not count."""
    asked: list[tuple[float, float]] = []
    evaluate = MeanSquaredError.loss_and_gradient

    def counted(self: MeanSquaredError, w: Any, b: Any) -> Any:
        if np.ndim(w) == np.ndim(b) == 0:
            asked.append((w, b))
        return evaluate(self, w, b)

    monkeypatch.setattr(MeanSquaredError, "loss_and_gradient", counted)
    return asked


def draw(lab: Laboratory, views: Views) -> None:
    """Make all that is on the screen."""
    frame = lab.frame
    views.scene(frame)
    for panel in (panels.header, panels.readout, panels.gauge, panels.story, panels.summary):
        panel(frame, 52, 5)


@pytest.mark.parametrize("train_bias", [False, True], ids=["w", "w and b"])
def test_what_every_key_evaluates(train_bias: bool, evaluations: list[tuple[float, float]]) -> None:
    lab, views = laboratory(train_bias=train_bias, iterations=2000), Views()
    draw(lab, views)

    def cost(key: Callable[[], object]) -> int:
        evaluations.clear()
        key()
        draw(lab, views)
        return len(evaluations)

    keys: list[tuple[str, Callable[[], object], int]] = [
        ("n: the step was on the screen already, the one after it is new", lab.walk.step, 1),
        ("n", lab.walk.step, 1),
        ("N", lambda: lab.walk.step(10), 10),
        ("b", lab.walk.back, 0),
        ("B", lambda: lab.walk.back(10), 0),
        ("n within what is known", lab.walk.step, 0),
        ("N within what is known", lambda: lab.walk.step(10), 0),
        ("n at the tip again, whose next step is remembered", lab.walk.step, 1),
        ("2", lambda: views.show("map", lab.ground), 0),
        ("3", lambda: views.show("fit", lab.ground), 0),
        ("4", lambda: views.show("history", lab.ground), 0),
        ("1", lambda: views.show("curve", lab.ground), 0),
        ("l", views.toggle_log, 0),
        ("f", lambda: views.fit(lab.frame), 0),
        ("G: the two others", lab.studies.toggle_ghosts, 2),
        ("2 with three ghosts", lambda: views.show("map", lab.ground), 0),
        ("n with three ghosts", lab.walk.step, 3),
        ("b with three ghosts: the one between them is known", lab.walk.back, 2),
        ("G again", lab.studies.toggle_ghosts, 0),
        ("n within what is known", lab.walk.step, 0),
        ("]: the new next step", lambda: lab.walk.scale_learning_rate(1.1), 1),
        ("}", lambda: lab.walk.scale_learning_rate(2), 1),
        ("m", lab.walk.allow_more, 1),
        ("p", lab.walk.pin, 0),
        ("< and >", lambda: lab.walk.faster(1), 0),
        ("r: the run begins anew, with its next step", lab.walk.restart, 2),
    ]
    for name, key, evaluated in keys:
        assert cost(key) == evaluated, name
    lab.walk.step(1000)
    draw(lab, views)
    assert cost(lambda: lab.walk.back(500)) == 255, "a block of 256 states is computed again from its first"
    assert cost(lambda: lab.walk.back(100)) == 0, "and then it is there"


def test_at_the_end_of_a_run_nothing_is_evaluated_again(evaluations: list[tuple[float, float]]) -> None:
    for lab in (laboratory(iterations=20), laboratory(0.1, iterations=500)):
        views = Views()
        lab.walk.step(1000)
        draw(lab, views)
        evaluations.clear()
        for view in VIEWS[:3]:
            lab.walk.step()
            views.show(view.name, lab.ground)
            draw(lab, views)
        assert evaluations == []


# --- The window


def test_the_window_of_the_lesson_holds_still() -> None:
    lab = laboratory()
    first = window_of(lab)
    assert (first.left, first.right) == (-1, 4)
    while lab.frame.ending is None:
        assert window_of(lab) == first
        lab.walk.step()
    while lab.walk.timeline.state.iteration:
        lab.walk.back()
        assert window_of(lab) == first


def test_the_window_shows_the_true_minimum_where_b_is_trained() -> None:
    window = window_of(laboratory(train_bias=True, start=(0.0, 100.0)))
    assert window.left <= -8
    assert window.right > 1.0811


@pytest.mark.parametrize("log", [False, True], ids=["linear", "log"])
@pytest.mark.parametrize("rate", [0.02, 0.1, 1e10, 1e300])
@pytest.mark.parametrize("optimizer", [GradientDescent(), Momentum(), Nesterov()], ids=repr)
def test_a_diverging_run_widens_its_window_in_few_steps(rate: float, optimizer: Optimizer, log: bool) -> None:
    lab = laboratory(rate, optimizer, iterations=5000)
    if log:
        looked_at(lab).toggle_log()
    windows = [window_of(lab)]
    while lab.frame.ending is None:
        lab.walk.step()
        assert_of_one_point(lab)
        window = window_of(lab)
        if (window.left, window.right) != (windows[-1].left, windows[-1].right):
            assert window.right - window.left >= 2 * (windows[-1].right - windows[-1].left)
            windows.append(window)
    frame = lab.frame
    assert frame.ending
    assert frame.ending.reason is Reason.DIVERGED
    assert frame.following is None
    assert frame.diverging
    assert len(windows) <= 520


def test_the_window_follows_the_loss_axis_there_and_back() -> None:
    lab = laboratory()
    linear = window_of(lab)
    looked_at(lab).toggle_log()
    assert looked_at(lab).log
    assert 10 ** window_of(lab).bottom <= 69.12
    assert 10 ** window_of(lab).top >= 812
    looked_at(lab).toggle_log()
    assert (window_of(lab), looked_at(lab).log) == (linear, False)


def test_fit_chooses_the_window_around_where_the_run_stands() -> None:
    lab = laboratory(0.005, iterations=20)
    lab.walk.step(20)
    wide = window_of(lab)
    lab.walk.set_learning_rate(0.001)
    lab.walk.set_iterations(120)
    lab.walk.step(100)
    assert window_of(lab) == wide
    looked_at(lab).fit(lab.frame)
    assert_of_one_point(lab)
    fitted = window_of(lab)
    assert fitted.right - fitted.left < (wide.right - wide.left) / 4
    assert fitted.left < best_w(lab, 0.0) < fitted.right


# --- Walking


def test_a_step_clears_the_note() -> None:
    lab = laboratory()
    for walk in (lab.walk.step, lab.walk.back):
        lab.notes.say("Something went wrong.", alarm=True)
        assert (lab.frame.note, lab.frame.alarm) == ("Something went wrong.", True)
        walk()
        assert (lab.frame.note, lab.frame.alarm) == ("", False)


@pytest.mark.parametrize(
    ("lab", "reason", "key"),
    [
        (laboratory(iterations=3), Reason.ITERATIONS, r"\bm\b"),
        (Laboratory(PIZZA, Settings(), Limits(100, 1e9)), Reason.TOLERANCE, r"\br\b"),
        (laboratory(0.1, iterations=500), Reason.DIVERGED, r"\bh\b"),
    ],
    ids=["iterations", "tolerance", "diverged"],
)
def test_at_the_end_a_step_leaves_all_as_it_is_and_says_the_way_on(lab: Laboratory, reason: Reason, key: str) -> None:
    lab.walk.step(1000)
    end = lab.frame.state
    lab.walk.step(5)
    frame = assert_of_one_point(lab)
    assert frame.state == end
    assert frame.ending
    assert frame.ending.reason is reason
    assert re.search(key, frame.note or lesson.divergence(frame))
    assert not frame.alarm


def test_back_at_the_start_says_so() -> None:
    lab = laboratory()
    lab.walk.back()
    assert "start" in lab.frame.note
    assert lab.frame.state.iteration == 0


def test_restart_keeps_the_settings_and_reset_does_not() -> None:
    lab = laboratory()
    lab.walk.set_start(2.0, 1.0)
    lab.walk.set_train_bias(True)
    lab.walk.set_optimizer(Adam())
    lab.walk.set_learning_rate(0.5)
    lab.walk.set_iterations(7)
    lab.walk.step(7)
    settings = Settings(0.5, Adam(), train_bias=True)
    lab.walk.restart()
    frame = assert_of_one_point(lab)
    assert (frame.state.iteration, frame.state.w, frame.state.b) == (0, 2, 1)
    assert (frame.settings, frame.limits) == (settings, Limits(7))
    lab.walk.step(3)
    assert lab.frame.settings == settings
    lab.walk.reset()
    frame = assert_of_one_point(lab)
    assert (frame.state.iteration, frame.state.w, frame.state.b) == (0, 0, 0)
    assert (frame.settings, frame.limits, lab.walk.timeline.tip) == (Settings(), Limits(100), 0)
    assert window_of(lab) == window_of(laboratory())


# --- Retreat


def test_retreat_from_the_first_step_on() -> None:
    lab = diverged()
    assert window_of(lab).right - window_of(lab).left > 1e100
    lab.walk.retreat()
    frame = assert_of_one_point(lab)
    assert (frame.state.iteration, frame.settings.learning_rate, lab.walk.timeline.tip) == (0, 0.05, 0)
    assert (window_of(lab).left, window_of(lab).right) == (-1, 4)
    assert "0.05" in frame.note
    assert frame.ending is None


def test_retreat_until_it_converges() -> None:
    lab = diverged()
    for retreats in range(1, 6):
        lab.walk.retreat()
        assert lab.frame.settings.learning_rate == 0.1 / 2**retreats
        lab.walk.step(500)
    assert not lab.frame.diverging
    assert lab.frame.state.loss == pytest.approx(69.1209628275)


def test_retreat_to_where_the_rate_was_raised() -> None:
    lab = laboratory(0.0001, iterations=500)
    lab.walk.step(40)
    lab.walk.set_learning_rate(0.01)
    lab.walk.step(20)
    assert lab.frame.diverging
    lab.walk.retreat()
    frame = assert_of_one_point(lab)
    assert (frame.state.iteration, frame.settings.learning_rate) == (40, 0.005)
    assert (window_of(lab).left, window_of(lab).right) == (-1, 4)
    assert "40" in frame.note
    lab.walk.back()
    assert lab.frame.settings.learning_rate == 0.0001


@pytest.mark.parametrize(
    ("rate", "steps", "diverging"),
    [(0.1, 0, False), (0.1, 1, True), (0.1, 500, True), (0.004, 3, False), (0.001, 100, False), (1e300, 0, True)],
)
def test_a_run_is_said_to_diverge_where_it_rises_above_the_critical_rate(
    rate: float, steps: int, diverging: bool
) -> None:
    lab = laboratory(rate, iterations=500)
    lab.walk.step(steps)
    assert lab.frame.diverging is diverging


def test_momentum_that_climbs_is_not_said_to_diverge() -> None:
    lab = laboratory(0.001, Momentum())
    verdicts = []
    for _ in range(30):
        lab.walk.step()
        verdicts.append(lab.frame.verdict)
        assert not lab.frame.diverging
    assert Regime.DIVERGE in verdicts


# --- Settings


def test_the_learning_rate_is_scaled_to_digits_that_can_be_read() -> None:
    lab = laboratory()
    rates = []
    for factor in (1.1, 1.1, 0.909090909, 0.909090909, 2, 0.5):
        lab.walk.scale_learning_rate(factor)
        rates.append(lab.frame.settings.learning_rate)
    assert rates == [0.0011, 0.00121, 0.0011, 0.001, 0.002, 0.001]


@pytest.mark.parametrize("factor", [0.5, 0.909090909, 1.1, 2.0])
@pytest.mark.parametrize("rate", [5e-324, 1e-300, 1.7e308])
def test_the_learning_rate_stays_a_positive_number_however_it_is_scaled(rate: float, factor: float) -> None:
    lab = laboratory(rate)
    for _ in range(100):
        lab.walk.scale_learning_rate(factor)
    assert 0 < lab.frame.settings.learning_rate < inf


def test_a_change_acts_from_the_next_step_on_and_is_told() -> None:
    lab = laboratory(iterations=300)
    lab.walk.step(10)
    here = lab.frame.state
    changes: list[tuple[Callable[[], None], str]] = [
        (lambda: lab.walk.set_learning_rate(0.0025), "0.0025"),
        (lambda: lab.walk.set_optimizer(Momentum(0.75)), "momentum"),
        (lambda: lab.walk.set_optimizer(Momentum(0.25)), "0.25"),
        (lambda: lab.walk.set_train_bias(True), "w and b"),
    ]
    for change, told in changes:
        change()
        frame = assert_of_one_point(lab)
        assert (frame.state.w, frame.state.b, frame.state.iteration) == (here.w, here.b, 10)
        assert told in frame.note
    assert frame.settings == Settings(0.0025, Momentum(0.25), train_bias=True)
    lab.walk.step()
    assert lab.frame.state.b != 0


@pytest.mark.parametrize("view", [view.name for view in VIEWS])
def test_a_race_is_shown_and_leaves_one_where_one_is(view: str) -> None:
    lab, views = laboratory(train_bias=True), Views()
    lab.walk.step(7)
    views.show(view, lab.ground)
    here = lab.walk.branches.current
    assert lab.studies.race()
    views.show_race(lab.ground)
    frame = assert_of_one_point(lab)
    assert (frame.branch, frame.state.iteration) == (here, 7)
    assert views.current.name == (view if view in {"map", "history", "surface"} else "history")
    lowest = min(lab.walk.branches.others, key=lambda branch: branch.run.state.loss)
    assert f"{lowest.name} came lowest: loss {lowest.run.state.loss:.7g}" in frame.note


@pytest.mark.parametrize("loss", ["squared", "absolute", "huber"])
def test_only_a_bowl_is_round_and_has_a_best_rate(loss: str) -> None:
    lab = laboratory()
    if loss != "squared":
        lab.set_loss(loss)
    for _ in range(2):
        lab.toggle_scaling()
        assert ("best fixed rate" in lab.notes.text) == (loss == "squared")
    lab.toggle_scaling()
    assert ("bowl" in lab.notes.text) == (loss == "squared")


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        (Adam(), Adam(beta1=0.8), "beta1 0.9 -> 0.8 from the next step on."),
        (Adam(), Adam(), "The optimizer is Adam, as before."),
        (GradientDescent(), Momentum(), "momentum from the next step on."),
    ],
)
def test_what_changes_of_an_optimizer_is_told_in_words(before: Optimizer, after: Optimizer, told: str) -> None:
    lab = laboratory()
    lab.walk.set_optimizer(before)
    lab.walk.set_optimizer(after)
    assert lab.notes.text == told


def test_a_race_that_ends_level_says_who_was_there_first() -> None:
    lab = laboratory()
    lab.walk.step(5)
    lab.studies.race()
    told = re.search(r"^(\d) of 7 tie at loss 69\.12096; gradient descent was first, in (\d) steps?\.$", lab.notes.text)
    assert told
    level = [branch for branch in lab.walk.branches.others if f"{branch.reached:.12g}" == "69.1209628275"]
    assert 2 <= int(told[1]) <= len(level)
    assert int(told[2]) <= 3


def test_a_race_where_no_step_is_left_says_the_way_on() -> None:
    lab = laboratory()
    lab.walk.step(100)
    lab.studies.race()
    assert re.search(r"\bm\b", lab.frame.note)
    assert len(lab.walk.branches) == 1
    lab.walk.step(100)
    lab.walk.back(10)
    lab.walk.set_iterations(50)
    lab.studies.race()
    assert "limit of 50 iterations" in lab.frame.note
    assert len(lab.walk.branches) == 1


def test_the_view_of_rates_says_its_keys() -> None:
    lab, views = laboratory(), Views()
    for view in VIEWS:
        assert views.show(view.name, lab.ground) == ""
        assert ("enter takes" in views.current.hinted(lab)) is (view.name == "rates")


def test_more_steps() -> None:
    lab = laboratory(iterations=0)
    allowed = []
    for _ in range(4):
        lab.walk.allow_more()
        allowed.append(lab.frame.limits.iterations)
    assert allowed == [1, 2, 4, 8]
    assert "8" in lab.frame.note
    lab.walk.step(100)
    assert lab.frame.state.iteration == 8


def test_the_limit_keeps_its_tolerance() -> None:
    lab = Laboratory(PIZZA, Settings(), Limits(10, 0.5))
    lab.walk.set_iterations(20)
    assert lab.frame.limits == Limits(20, 0.5)


def test_speeds_end_at_both_ends() -> None:
    lab = laboratory()
    assert lab.walk.pace == 10
    seen = {lab.walk.pace}
    for by in (*[1] * 20, *[-1] * 40, 100, -100):
        lab.walk.faster(by)
        assert lab.walk.pace in SPEEDS
        assert str(lab.walk.pace or "as fit") in lab.frame.note.replace(",", "").replace("as many steps ", "")
        seen.add(lab.walk.pace)
    assert lab.walk.pace == 1
    assert seen == set(SPEEDS)


# --- Another start, other data


def test_another_start() -> None:
    lab = laboratory()
    lab.walk.step(10)
    lab.walk.set_start(-3.0, 2.0)
    frame = assert_of_one_point(lab)
    assert (frame.state.iteration, frame.state.w, frame.state.b, lab.walk.timeline.tip) == (0, -3, 2, 0)
    assert window_of(lab).left < -3 < best_w(lab, 2.0) < window_of(lab).right
    assert "-3" in frame.note


def snapshot(lab: Laboratory) -> list[object]:
    frame = lab.frame
    shown = [repr(getattr(frame, name)) for name in ("start", "state", "settings", "limits", "note", "landscape")]
    return [*shown, lab.ground.rows.name, lab.walk.timeline.tip, lab.walk.timeline]


@pytest.mark.parametrize("start", [(1e200, 0.0), (inf, 0.0), (0.0, -inf), (float("nan"), 0.0), (0.0, 1e160)])
def test_a_bad_start_leaves_everything_as_it_is(start: tuple[float, float]) -> None:
    lab = laboratory()
    lab.walk.step(10)
    lab.walk.back(3)
    before = snapshot(lab)
    with pytest.raises(ValueError, match=r"^(weight|bias) must be a finite number|too large for a number"):
        lab.walk.set_start(*start)
    assert snapshot(lab) == before


def test_data_on_which_the_run_cannot_start_leave_everything_as_it_is() -> None:
    lab = laboratory(start=(1e100, 0.0))
    lab.walk.step(2)
    before = snapshot(lab)
    with pytest.raises(ValueError, match="too large for a number"):
        lab.open(rows([1e100, 2e100], [0, 1]))
    assert snapshot(lab) == before


@pytest.mark.parametrize("train_bias", [False, True])
def test_from_a_terrain_back_to_rows_the_start_is_the_rows_own(train_bias: bool) -> None:
    laboratory = Laboratory(load("pizza"), replace(Settings(), train_bias=train_bias), Limits(), (3.0, 4.0))
    for name in ("himmelblau", "camel"):
        laboratory.walk_on(find(name))
        assert laboratory.walk.start != (3.0, 4.0)
    laboratory.open(load("cars"))
    for _ in range(2):
        assert laboratory.walk.start == (3.0, 4.0)
        assert laboratory.walk.timeline.settings.train_bias is train_bias
        laboratory.walk.reset()


def test_other_data_under_the_same_settings() -> None:
    lab = laboratory()
    lab.walk.set_start(1.0, 2.0)
    lab.walk.set_learning_rate(0.002)
    lab.walk.step(10)
    other = replace(rows([10, 20, 30], [-2, -4, -7], "other.csv", "speed", "height"), skipped=4)
    lab.open(other)
    frame = assert_of_one_point(lab)
    assert frame.data is other
    assert (frame.state.iteration, frame.state.w, frame.state.b) == (0, 1, 2)
    assert frame.settings.learning_rate == 0.002
    assert frame.ground.rows.x.mean() == 20
    assert window_of(lab).left < -0.2 < 1 < window_of(lab).right
    for told in ("other.csv", "height", "speed", "3 rows", "4 bad rows"):
        assert told in frame.note


# --- Data at the edge

EDGES = {
    "x is constant": rows([3, 3, 3], [0, 1, 2]),
    "x is all zero": rows([0, 0, 0], [0, 1, 2]),
    "perfect fit": rows([1, 2, 3], [2, 4, 6]),
    "perfect already": rows([1, 2, 3], [0, 0, 0]),
    "two rows": rows([1, 2], [5, 3]),
    "large": rows([1e140, 2e140], [1e140, -1e140]),
    "small": rows([1e-140, 2e-140], [1e-140, -1e-140]),
    "far": rows([1e9, 1e9 + 1, 1e9 + 2], [0, 1, 0]),
}


@pytest.mark.parametrize("log", [False, True], ids=["linear", "log"])
@pytest.mark.parametrize("train_bias", [False, True], ids=["w", "w and b"])
@pytest.mark.parametrize("data", EDGES.values(), ids=EDGES)
def test_data_at_the_edge_have_frames_too(data: Dataset, train_bias: bool, log: bool) -> None:
    for kind in OPTIMIZERS.values():
        lab = laboratory(0.05, kind(), train_bias, data=data)
        if log:
            looked_at(lab).toggle_log()
        for count in (0, 1, 10, 100):
            lab.walk.step(count)
            assert_of_one_point(lab)


def test_where_x_is_all_zero_no_step_moves_w() -> None:
    lab = laboratory(1e6, data=EDGES["x is all zero"])
    lab.walk.step(100)
    frame = lab.frame
    assert (frame.state.iteration, frame.state.w, frame.state.gradient[0]) == (100, 0, 0)
    assert not frame.diverging


def test_where_x_is_constant_the_run_goes_to_the_nearest_point_of_the_floor() -> None:
    lab = laboratory(0.05, train_bias=True, data=EDGES["x is constant"])
    lab.walk.step(100)
    assert (lab.frame.state.w, lab.frame.state.b) == pytest.approx((0.3, 0.1))
    assert lab.frame.state.loss == pytest.approx(2 / 3)


def test_a_perfect_fit_reaches_loss_zero() -> None:
    lab = laboratory(2 / 28 * 1.5, data=EDGES["perfect fit"])
    lab.walk.step(100)
    assert lab.frame.state.loss < 1e-28
    assert lab.frame.state.w == pytest.approx(2, abs=1e-14)


# --- Faults that were found here


def test_restart_goes_on_under_the_settings_in_force() -> None:
    lab = laboratory()
    for rate in (0.002, 0.001):
        lab.walk.step(10)
        lab.walk.set_learning_rate(rate)
    lab.walk.restart()
    lab.walk.step(15)
    assert lab.frame.settings.learning_rate == 0.001


def test_at_the_limit_a_next_step_beyond_the_numbers_is_not_told() -> None:
    assert laboratory(1e300, iterations=0).frame.following is None


def test_a_reset_that_cannot_start_leaves_everything_as_it_is() -> None:
    lab = laboratory(start=(1e150, 0.0))
    lab.walk.set_start(0.0, 0.0)
    lab.walk.set_iterations(7)
    lab.open(rows([1e10, 2e10], [1e10, 3e10]))
    before = snapshot(lab)
    with pytest.raises(ValueError, match="too large for a number"):
        lab.walk.reset()
    assert snapshot(lab) == before


def test_retreat_at_the_smallest_rate() -> None:
    lab = laboratory(5e-324, AdaGrad())
    lab.walk.retreat()
    assert lab.frame.settings.learning_rate == 5e-324


def test_more_steps_than_a_float_can_count() -> None:
    lab = laboratory(iterations=int(1e308))
    lab.walk.allow_more()
    lab.walk.allow_more()
    assert lab.frame.limits.iterations >= int(1e308)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (" ", "type the path of a file, the name of a data set or terrain, or a formula in w and b"),
        ("piza", 'there is no file, data set or terrain "piza"; did you mean pizza?'),
        ("Himmel", 'there is no file, data set or terrain "Himmel"; did you mean himmelblau?'),
        ("rows", 'there is no file, data set or terrain "rows"; a formula is written in w and b'),
        (
            "w/0",
            'there is no file, data set or terrain "w/0", and as a formula: the formula is no number anywhere',
        ),
        ("logs/may", 'there is no file, data set or terrain "logs/may", and as a formula: there is no "logs"'),
        ("w**2 + x", 'there is no "x"; known are w, b'),
        ("w**2 + 0.5x", 'a product is written with *: put one before "x"'),
        ("./w", 'there is no file "./w"; check its name'),
        ("w/0.csv", 'there is no file "w/0.csv"; check its name'),
    ],
)
def test_a_text_that_names_nothing_is_told_what_it_could_be(text: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(sentence)}"):
        ground_named(text)


def test_a_pattern_without_a_point_is_no_formula(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "may").write_text("a,b\n1,2\n2,3\n")
    monkeypatch.chdir(tmp_path)
    data = ground_named("m*")
    assert isinstance(data, Dataset)
    assert data.rows == 2


@pytest.mark.parametrize("text", ["w**", "w*", "b*", "w**2 + b*", "sin*", "(w*"])
def test_a_formula_that_breaks_off_opens_no_files(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("weights", "web", "b1", "w2 + b1", "sinus"):
        (tmp_path / name).write_text("a,b\n1,2\n2,3\n")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(FormulaError):
        ground_named(text)


@pytest.mark.parametrize(
    "written",
    ["{path}", "'{path}'", '"{path}"', " '{path}' ", "{escaped}", "{escaped} ", "file://{quoted}"],
)
def test_a_path_is_opened_as_a_terminal_hands_it_over(written: str, tmp_path: Path) -> None:
    path = tmp_path / "two words (1) ü.csv"
    path.write_text("x,y\n1,2\n3,4\n")
    escaped = re.sub(r"([ ()])", r"\\\1", str(path))
    data = ground_named(written.format(path=path, escaped=escaped, quoted=quote(str(path))))
    assert isinstance(data, Dataset)
    assert data.name == path.name
