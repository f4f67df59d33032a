"""The descent: the lesson's numbers, PyTorch's trajectories, and what every run has to keep to."""

from __future__ import annotations

import json
from itertools import pairwise
from math import hypot, inf, isfinite, nan
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

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
)
from gdcore.descent.state import State
from gdcore.descent.steps import (
    Ending,
    Limits,
    Reason,
    Settings,
    adopt,
    advance,
    begin,
    descend,
    gradient_norm,
    proceed,
)
from gdcore.landscapes.bowl import MeanSquaredError
from tests.problems import PROBLEMS, Problem, hessian_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gdcore.landscapes.bowl import Rows

REFERENCE = json.loads((Path(__file__).parent / "reference" / "torch_pizza.json").read_text(encoding="utf-8"))["runs"]
TORCH: dict[str, tuple[Optimizer, float]] = {
    "gradient-descent lr=0.001": (GradientDescent(), 0.001),
    "momentum lr=0.0005 momentum=0.9": (Momentum(momentum=0.9), 0.0005),
    "nesterov lr=0.0005 momentum=0.9": (Nesterov(momentum=0.9), 0.0005),
    "adagrad lr=1.0 eps=1e-10": (AdaGrad(eps=1e-10), 1.0),
    "rmsprop lr=0.1 decay=0.99 eps=1e-8": (RMSprop(decay=0.99, eps=1e-8), 0.1),
    "adam lr=0.1 beta1=0.9 beta2=0.999 eps=1e-8": (Adam(beta1=0.9, beta2=0.999, eps=1e-8), 0.1),
}

BY_GRADIENT = {name: kind for name, kind in OPTIMIZERS.items() if kind is not Nudge}
every_optimizer = pytest.mark.parametrize("optimizer", [kind() for kind in OPTIMIZERS.values()], ids=OPTIMIZERS)
every_optimizer_by_gradient = pytest.mark.parametrize(
    "optimizer", [kind() for kind in BY_GRADIENT.values()], ids=BY_GRADIENT
)
w_alone_or_both = pytest.mark.parametrize("train_bias", [False, True], ids=["w", "w and b"])
repeatably = settings(derandomize=True, max_examples=40, deadline=None)
numbers = st.integers(-6400, 6400).map(lambda sixty_fourths: sixty_fourths / 64)
tables = st.lists(st.tuples(numbers, numbers), min_size=1, max_size=30).map(lambda rows: np.array(rows).T)


def run(
    loss: MeanSquaredError, settings: Settings, limits: Limits, state: State | None = None
) -> tuple[list[State], Ending]:
    """All the states of a run, and its ending."""
    endings: list[Ending] = []

    def steps() -> Iterator[State]:
        endings.append((yield from descend(loss, settings, limits, state or begin(loss, settings))))

    return list(steps()), endings[0]


# --- The lesson's numbers


def test_the_lessons_run_of_w_alone(pizza: MeanSquaredError) -> None:
    states, _ = run(pizza, Settings(learning_rate=0.001), Limits(iterations=100))
    losses = [state.loss for state in states]
    printed = [812.8666666667, 304.3630879787, 143.5265791020, 92.6549949641, 76.5646303400]
    assert losses[:5] == pytest.approx(printed, abs=6e-11)
    assert losses[98:100] == pytest.approx([69.1209628275] * 2, abs=6e-11)
    assert states[100].w == pytest.approx(1.8436928702, abs=6e-11)
    assert {state.b for state in states} == {0}


def test_the_lessons_run_of_w_and_b(pizza: MeanSquaredError) -> None:
    states, _ = run(pizza, Settings(learning_rate=0.001, train_bias=True), Limits(iterations=20_000))
    w, b = states[-1].w, states[-1].b
    assert (w, b) == pytest.approx((1.0811301700, 13.1722676564), abs=6e-11)
    assert f"{w * 20 + b:.2f}" == "34.79"


def test_the_lessons_diverging_run(pizza: MeanSquaredError) -> None:
    states, ending = run(pizza, Settings(learning_rate=0.005, train_bias=True), Limits(iterations=10_000))
    losses = [state.loss for state in states]
    assert losses[:3] == pytest.approx([812.8666666667, 1131.8941261333, 1587.8389543973], abs=6e-11)
    assert ending.reason is Reason.DIVERGED
    assert all(before < after for before, after in pairwise(losses))


def test_a_rate_that_converges_for_w_alone_and_diverges_for_w_and_b(pizza: MeanSquaredError) -> None:
    states, ending = run(pizza, Settings(learning_rate=0.00456), Limits(iterations=20_000))
    assert ending.reason is Reason.ITERATIONS
    assert states[-1].w == pytest.approx(pizza.minimum_w(0.0), rel=1e-12)
    _, ending = run(pizza, Settings(learning_rate=0.00456, train_bias=True), Limits(iterations=200_000))
    assert ending.reason is Reason.DIVERGED


@w_alone_or_both
def test_the_critical_learning_rate_divides_converging_from_diverging(
    pizza: MeanSquaredError, train_bias: bool
) -> None:
    critical = pizza.curvature(train_bias).critical_learning_rate
    limits = Limits(iterations=60_000)
    states, ending = run(pizza, Settings(0.99 * critical, train_bias=train_bias), limits)
    assert ending.reason is Reason.ITERATIONS
    assert gradient_norm(states[-1], train_bias) < 1e-9
    _, ending = run(pizza, Settings(1.01 * critical, train_bias=train_bias), limits)
    assert ending.reason is Reason.DIVERGED


# --- PyTorch


def test_every_trajectory_of_pytorch_is_tried_and_every_optimizer_has_one() -> None:
    assert TORCH.keys() == REFERENCE.keys()
    assert {type(optimizer) for optimizer, _ in TORCH.values()} == set(BY_GRADIENT.values())


@pytest.mark.parametrize("label", TORCH)
def test_every_state_is_that_of_pytorch(pizza: MeanSquaredError, label: str) -> None:
    optimizer, learning_rate = TORCH[label]
    states, _ = run(pizza, Settings(learning_rate, optimizer, train_bias=True), Limits(iterations=60))
    assert len(states) == len(REFERENCE[label]) == 61
    for state, expected in zip(states, REFERENCE[label], strict=True):
        fields = [state.iteration, state.w, state.b, state.loss, *state.gradient]
        assert fields == pytest.approx(expected, rel=1e-12, abs=0)


# --- States


@w_alone_or_both
@every_optimizer
def test_all_fields_of_a_state_belong_to_the_same_point(
    pizza: MeanSquaredError, optimizer: Optimizer, train_bias: bool
) -> None:
    states, _ = run(pizza, Settings(0.003, optimizer, train_bias), Limits(iterations=30))
    assert [state.iteration for state in states] == list(range(31))
    for state in states:
        assert state.loss == pizza(state.w, state.b)
        assert state.gradient == pizza.gradient(state.w, state.b)
        assert state.learning_rate == 0.003


@w_alone_or_both
@every_optimizer_by_gradient
def test_the_step_after_a_state_is_taken_from_its_own_fields(
    pizza: MeanSquaredError, optimizer: Optimizer, train_bias: bool
) -> None:
    states, _ = run(pizza, Settings(0.003, optimizer, train_bias), Limits(iterations=30))
    for before, after in pairwise(states):
        for at, trained in ((0, True), (1, train_bias)):
            step, memory = optimizer.step(before.gradient[at], before.memory[at], before.learning_rate)
            old, new = (before.w, after.w) if at == 0 else (before.b, after.b)
            assert (new, after.memory[at]) == ((old - step, memory) if trained else (old, before.memory[at]))


@w_alone_or_both
@every_optimizer
def test_states_share_no_memory_and_never_change(
    pizza: MeanSquaredError, optimizer: Optimizer, train_bias: bool
) -> None:
    """With arrays, where a rule that works in place would reach into the state before."""

    def moving(state: State) -> list[Any]:
        memories = state.memory if train_bias else state.memory[:1]
        parts = [state.w, state.loss, *state.gradient, *(part for memory in memories for part in memory)]
        return [part for part in [*parts, *([state.b] if train_bias else [])] if isinstance(part, np.ndarray)]

    start = begin(pizza, Settings(0.003, optimizer))
    w, b = np.linspace(-1, 3, 4), np.linspace(0, 20, 4)
    loss, gradient = pizza.loss_and_gradient(w, b)
    states = [start._replace(w=w, b=b, loss=loss, gradient=gradient, learning_rate=np.full(4, 0.003))]
    copies = []
    for _ in range(5):
        copies.append([part.copy() for part in moving(states[-1])])
        states.append(advance(pizza, Settings(0.003, optimizer, train_bias), states[-1]))
    for state, copy in zip(states, copies, strict=False):
        assert all(np.array_equal(part, kept) for part, kept in zip(moving(state), copy, strict=True))
    for before, after in pairwise(states):
        assert not any(np.shares_memory(old, new) for old in moving(before) for new in moving(after))


def test_the_fields_of_a_state_cannot_be_set(pizza: MeanSquaredError) -> None:
    state = begin(pizza, Settings())
    for field in State._fields:
        with pytest.raises(AttributeError):
            setattr(state, field, 0)


@w_alone_or_both
@every_optimizer
def test_a_state_of_arrays_is_as_many_runs_at_once(
    pizza: MeanSquaredError, optimizer: Optimizer, train_bias: bool
) -> None:
    w, b, rates = [-1.0, 0.0, 4.0], [3.0, 0.0, 20.0], [0.0005, 0.001, 0.004]
    alone = [
        run(pizza, settings, Limits(iterations=20), begin(pizza, settings, w_, b_))[0]
        for w_, b_, settings in zip(w, b, (Settings(rate, optimizer, train_bias) for rate in rates), strict=True)
    ]
    loss, gradient = pizza.loss_and_gradient(np.array(w), np.array(b))
    memory = (optimizer.memory(), optimizer.memory())
    state = State(0, np.array(w), np.array(b), loss, gradient, np.array(rates), memory)
    for iteration in range(1, 21):
        state = advance(pizza, Settings(optimizer=optimizer, train_bias=train_bias), state)
        at_once: list[Any] = [state.w, state.b, state.loss, *state.gradient]
        for column, states in enumerate(alone):
            one = states[iteration]
            # NumPy's root and Python's power may differ in the last bit.
            expected = [one.w, one.b, one.loss, *one.gradient]
            assert [part[column] for part in at_once] == pytest.approx(expected, rel=1e-12, abs=1e-9)


# --- Endings


@pytest.mark.parametrize(
    ("iterations", "sentence"),
    [
        (0, "The limit of 0 iterations is reached."),
        (1, "The limit of 1 iteration is reached."),
        (1234, "The limit of 1,234 iterations is reached."),
    ],
)
def test_a_run_ends_at_the_limit_of_iterations(pizza: MeanSquaredError, iterations: int, sentence: str) -> None:
    states, ending = run(pizza, Settings(), Limits(iterations))
    assert ending == Ending(Reason.ITERATIONS, sentence)
    assert len(states) == iterations + 1


@w_alone_or_both
def test_a_run_ends_at_the_first_gradient_below_the_tolerance(pizza: MeanSquaredError, train_bias: bool) -> None:
    states, ending = run(pizza, Settings(0.004, train_bias=train_bias), Limits(50_000, tolerance=1e-3))
    assert ending.reason is Reason.TOLERANCE
    norms = [hypot(*state.gradient[: 1 + train_bias]) for state in states]
    assert norms[-1] < 1e-3 <= min(norms[:-1])
    assert ending.sentence == (
        f"Converged after {states[-1].iteration:,} iterations: "
        f"the gradient norm {norms[-1]:.6g} is below the tolerance 0.001."
    )


def test_a_run_that_starts_at_the_minimum_ends_there(pizza: MeanSquaredError) -> None:
    settings = Settings(train_bias=True)
    assert pizza.minimum is not None
    states, ending = run(pizza, settings, Limits(tolerance=1e-9), begin(pizza, settings, *pizza.minimum))
    assert len(states) == 1
    assert ending.sentence.startswith("Converged after 0 iterations: ")


def test_the_limit_of_iterations_comes_before_the_tolerance(pizza: MeanSquaredError) -> None:
    state = begin(pizza, Settings(), w=pizza.weight, b=pizza.bias)
    ending = proceed(pizza, Settings(), Limits(0, tolerance=1.0), state)
    assert isinstance(ending, Ending)
    assert ending.reason is Reason.ITERATIONS


@w_alone_or_both
@every_optimizer_by_gradient
def test_a_diverging_run_ends_with_its_last_finite_state(
    pizza: MeanSquaredError, optimizer: Optimizer, train_bias: bool
) -> None:
    settings = Settings(1e200, optimizer, train_bias)
    states, ending = run(pizza, settings, Limits(iterations=10_000))
    last = states[-1]
    assert ending.reason is Reason.DIVERGED
    assert ending.sentence == (
        f"Diverged: after iteration {last.iteration} the loss is too large for a number; "
        f"the last finite loss was {last.loss:.6g}."
    )
    assert all(isfinite(state.loss) for state in states)
    assert not isfinite(advance(pizza, settings, last).loss)


def test_proceed_is_a_step_until_the_end(pizza: MeanSquaredError) -> None:
    settings, limits = Settings(), Limits(iterations=3)
    states, ending = run(pizza, settings, limits)
    assert [proceed(pizza, settings, limits, state) for state in states] == [*states[1:], ending]


# --- Going on from any state


@w_alone_or_both
@every_optimizer
def test_a_run_split_in_two_is_the_whole_run(pizza: MeanSquaredError, optimizer: Optimizer, train_bias: bool) -> None:
    settings = Settings(0.002, optimizer, train_bias)
    whole, ending = run(pizza, settings, Limits(iterations=40))
    first, _ = run(pizza, settings, Limits(iterations=17))
    second, second_ending = run(pizza, settings, Limits(iterations=40), first[-1])
    assert first + second[1:] == whole
    assert second[0] == first[-1]
    assert second_ending == ending


@w_alone_or_both
@every_optimizer
def test_a_run_can_go_on_from_any_state_under_other_settings(
    pizza: MeanSquaredError, optimizer: Optimizer, train_bias: bool
) -> None:
    before = Settings(0.002, optimizer, train_bias)
    states, _ = run(pizza, before, Limits(iterations=10))
    unchanged = list(states)
    other = Settings(0.001, Adam(), not train_bias)
    branch, _ = run(pizza, other, Limits(iterations=15), adopt(pizza, states[6], other, before))
    assert [state.iteration for state in branch] == list(range(6, 16))
    assert branch[0][:5] == states[6][:5]
    assert {state.learning_rate for state in branch} == {0.001}
    assert (branch[-1].b != branch[0].b) is (not train_bias)
    assert states == unchanged


@every_optimizer
def test_half_the_learning_rate_makes_the_next_step_half_as_long(pizza: MeanSquaredError, optimizer: Optimizer) -> None:
    before = Settings(0.002, optimizer)
    states, _ = run(pizza, before, Limits(iterations=10))
    slower = Settings(0.001, optimizer)
    state = adopt(pizza, states[6], slower, before)
    after = advance(pizza, slower, state)
    assert after.w - state.w == pytest.approx((states[7].w - states[6].w) / 2, rel=1e-9)


@every_optimizer
def test_adopt_keeps_the_memory_of_its_own_kind(pizza: MeanSquaredError, optimizer: Optimizer) -> None:
    before = Settings(0.002, optimizer, True)
    states, _ = run(pizza, before, Limits(iterations=10))
    same = adopt(pizza, states[-1], Settings(0.5, type(optimizer)(), True), before)
    assert same == states[-1]._replace(learning_rate=0.5)


@pytest.mark.parametrize("other", [kind() for kind in OPTIMIZERS.values()], ids=[f"to {name}" for name in OPTIMIZERS])
@every_optimizer
def test_adopt_renews_the_memory_for_another_kind(
    pizza: MeanSquaredError, optimizer: Optimizer, other: Optimizer
) -> None:
    before = Settings(0.002, optimizer, True)
    states, _ = run(pizza, before, Limits(iterations=10))
    adopted = adopt(pizza, states[-1], Settings(0.002, other, True), before)
    renewed = type(other) is not type(optimizer)
    assert adopted.memory == ((other.memory(), other.memory()) if renewed else states[-1].memory)


def test_adopt_with_another_momentum_keeps_the_velocity(pizza: MeanSquaredError) -> None:
    before = Settings(0.0005, Momentum(0.9))
    states, _ = run(pizza, before, Limits(iterations=10))
    adopted = adopt(pizza, states[-1], Settings(0.0005, Momentum(0.5)), before)
    assert adopted.memory == states[-1].memory
    assert adopted.memory[0].velocity != 0


# --- Properties


@repeatably
@given(rows=tables, share=st.floats(0.05, 0.95), w=numbers, b=numbers, train_bias=st.booleans())
def test_the_loss_only_falls_below_the_critical_rate(
    rows: Rows, share: float, w: float, b: float, train_bias: bool
) -> None:
    loss = MeanSquaredError.of(*rows)
    critical = loss.curvature(train_bias).critical_learning_rate
    settings = Settings(share * critical if isfinite(critical) else share, train_bias=train_bias)
    states, ending = run(loss, settings, Limits(iterations=50), begin(loss, settings, w, b))
    assert ending.reason is Reason.ITERATIONS
    for before, after in pairwise(states):
        assert after.loss <= before.loss * (1 + 1e-12)
        assert after.loss >= loss.floor


@repeatably
@given(rows=tables, share=st.floats(0.05, 1.0), w=numbers)
def test_below_half_the_critical_rate_w_never_crosses_the_minimum(rows: Rows, share: float, w: float) -> None:
    loss = MeanSquaredError.of(*rows)
    goal = loss.minimum_w(0.0)
    if goal is None:
        assert not rows[0].any()
        return
    settings = Settings(share * loss.curvature(train_bias=False).best_learning_rate)
    states, _ = run(loss, settings, Limits(iterations=50), begin(loss, settings, w))
    rounding = 1e-12 * (abs(w) + abs(goal))
    assert all((state.w - goal) * np.sign(w - goal) >= -rounding for state in states)


@repeatably
@given(rows=tables, above=st.floats(1.05, 3.0), train_bias=st.booleans())
def test_the_loss_grows_above_the_critical_rate_along_the_steepest_direction(
    rows: Rows, above: float, train_bias: bool
) -> None:
    loss = MeanSquaredError.of(*rows)
    critical = loss.curvature(train_bias).critical_learning_rate
    goal = loss.minimum_w(loss.bias)
    if not isfinite(critical) or goal is None:
        return
    hessian = hessian_of(loss) if train_bias else np.diag([hessian_of(loss)[0, 0], 0.0])
    start = np.array([goal, loss.bias]) + 1000 * np.linalg.eigh(hessian)[1][:, -1]
    settings = Settings(above * critical, train_bias=train_bias)
    states, _ = run(loss, settings, Limits(iterations=20), begin(loss, settings, *start.tolist()))
    assert all(after.loss > before.loss for before, after in pairwise(states))


@pytest.mark.parametrize("problem", PROBLEMS, ids=str)
def test_the_same_settings_give_the_same_run(problem: Problem) -> None:
    settings = Settings(1e-3, Adam(), True)
    assert run(problem.loss, settings, Limits(50)) == run(problem.loss, settings, Limits(50))


# --- Mistakes

NOT_POSITIVE = [0, -0.1, nan, inf, -inf]


@pytest.mark.parametrize("value", NOT_POSITIVE)
def test_a_bad_learning_rate_is_refused_with_a_sentence(value: float) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011 (the whole sentence is compared)
        Settings(learning_rate=value)
    assert str(caught.value) == f"learning rate must be a positive number, not {value:g}"


@pytest.mark.parametrize("value", NOT_POSITIVE)
def test_a_bad_tolerance_is_refused_with_a_sentence(value: float) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011 (the whole sentence is compared)
        Limits(tolerance=value)
    assert str(caught.value) == f"tolerance must be a positive number, not {value:g}"


@pytest.mark.parametrize("value", [-1, 2.5, nan, inf])
def test_a_bad_number_of_iterations_is_refused_with_a_sentence(value: Any) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011 (the whole sentence is compared)
        Limits(iterations=value)
    assert str(caught.value) == f"iterations must be a whole number from 0, not {value:g}"


@pytest.mark.parametrize("value", [nan, inf, -inf])
@pytest.mark.parametrize(("name", "parameter"), [("weight", "w"), ("bias", "b")])
def test_a_bad_start_is_refused_with_a_sentence(
    pizza: MeanSquaredError, name: str, parameter: str, value: float
) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011 (the whole sentence is compared)
        begin(pizza, Settings(), **{parameter: value})  # type: ignore[arg-type]
    assert str(caught.value) == f"{name} must be a finite number, not {value:g}"


def test_a_start_too_far_away_for_a_loss_is_refused_with_a_sentence(pizza: MeanSquaredError) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011 (the whole sentence is compared)
        begin(pizza, Settings(), w=1e200, b=-3.0)
    assert str(caught.value) == "the loss at w=1e+200, b=-3 is too large for a number; start nearer to the data"


def test_settings_and_limits_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        Settings().learning_rate = -1  # type: ignore[misc]
    with pytest.raises(AttributeError):
        Limits().iterations = -1  # type: ignore[misc]
