"""Situations off the bowl: each on the terrain that shows it, with correct numbers."""

from __future__ import annotations

import re
from math import isfinite
from typing import TYPE_CHECKING

import numpy as np
import pytest

from gdcore.descent.optimizers import OPTIMIZERS, AdaGrad, Adam, GradientDescent, Momentum, Nesterov
from gdcore.descent.steps import Settings, advance, begin
from gdcore.landscapes.bowl import MeanSquaredError
from gdcore.landscapes.known import find
from gdcore.landscapes.terrain import TERRAINS, own
from gdcore.studies.situation import MEMORY, Kind, situation
from tests.problems import pizza_rows

if TYPE_CHECKING:
    from gdcore.descent.optimizers import Optimizer
    from gdcore.descent.state import State
    from gdcore.landscapes.landscape import Landscape
    from gdcore.studies.situation import Situation


def walk(  # noqa: PLR0917
    landscape: Landscape,
    optimizer: Optimizer,
    rate: float,
    count: int,
    start: tuple[float, float] | None = None,
    train_bias: bool | None = None,
) -> list[tuple[State, Situation | None]]:
    """Each state of a walk, and what is said of it."""
    settings = Settings(rate, optimizer, landscape.has_bias if train_bias is None else train_bias)
    state = begin(landscape, settings, *(start or landscape.scope.start))
    before: State | None = None
    made: list[tuple[State, Situation | None]] = []
    path: list[tuple[float, float, float]] = []
    while len(made) < count and isfinite(state.loss):
        path.append((state.w, state.b, state.loss))
        following = advance(landscape, Settings(optimizer=optimizer, train_bias=settings.train_bias), state)
        recent = np.array(path[-MEMORY:])
        made.append((state, situation(landscape, settings, state, before=before, following=following, recent=recent)))
        before, state = state, following
    return made


def kinds(walked: list[tuple[State, Situation | None]]) -> list[Kind | None]:
    return [said.kind if said else None for _, said in walked]


def numbers(sentence: str) -> list[float]:
    return [float(number.replace(",", "")) for number in re.findall(r"-?\d[\d,]*(?:\.\d+)?(?:e[-+]\d+)?", sentence)]


def test_settled_higher() -> None:
    valleys = TERRAINS["two-valleys"]
    walked = walk(valleys, GradientDescent(), 0.05, 100)
    assert set(kinds(walked)[:10]) == {None}
    state, said = walked[-1]
    assert said is not None
    assert said.kind is Kind.SETTLED_HIGHER
    at, lower = numbers(said.sentence)
    assert at == pytest.approx(valleys.minima()[0].w, abs=0.005)
    assert lower == pytest.approx(state.loss - valleys.minima()[0].loss, rel=1e-2)
    # In the lowest, nothing is to be said, nor where all are equally low.
    assert set(kinds(walk(valleys, GradientDescent(), 0.05, 100, (-1.8, 0.0)))) == {None}
    assert kinds(walk(TERRAINS["himmelblau"], GradientDescent(), 0.01, 100))[-1] is None


def test_settled_higher_in_the_camel_and_with_b_held() -> None:
    said = walk(TERRAINS["camel"], GradientDescent(), 0.01, 400)[-1][1]
    assert said is not None
    assert said.kind is Kind.SETTLED_HIGHER
    assert "(-0.0898, 0.713)" in said.sentence
    assert numbers(said.sentence)[-1] == pytest.approx(2.104 + 1.032, abs=0.01)
    himmelblau = TERRAINS["himmelblau"]
    lowest, higher = himmelblau.minima(2.0)[:2]
    held = walk(himmelblau, GradientDescent(), 0.005, 300, (higher.w, 2.0), train_bias=False)[-1][1]
    assert held is not None
    assert held.kind is Kind.SETTLED_HIGHER
    assert numbers(held.sentence)[0] == pytest.approx(lowest.w, rel=1e-2)


def test_saddle() -> None:
    terrain = TERRAINS["saddle"]
    walked = walk(terrain, GradientDescent(), 0.1, 250)
    said = kinds(walked)
    first = said.index(Kind.SADDLE)
    last = len(said) - 1 - said[::-1].index(Kind.SADDLE)
    assert set(said[first : last + 1]) == {Kind.SADDLE}
    sentence = walked[first][1].sentence  # type: ignore[union-attr]
    assert "saddle" in sentence
    assert "along b" in sentence
    growth, steps = numbers(sentence)
    assert growth == pytest.approx(1.1)
    # It is gone, a tenth of the span away, when the sentence said it would be.
    away = next(state.iteration for state, _ in walked if abs(state.b) > 0.1 * 4 * 2**0.5)
    assert steps == pytest.approx(away - first, rel=0.05)
    # Then it settles in one of two equally low minima.
    assert said[-1] is None


def test_saddle_with_momentum_and_with_rules_that_size_their_own_steps() -> None:
    terrain = TERRAINS["saddle"]
    for state, said in walk(terrain, Momentum(), 0.05, 60):
        if said and said.kind is Kind.SADDLE:
            growth, steps = numbers(said.sentence)
            # The larger root of z^2 = (1 + 0.9 + 0.05) z - 0.9.
            assert growth == pytest.approx(np.roots([1, -1.95, 0.9]).max(), rel=1e-3)
            assert steps > 0
            assert abs(state.b) < 0.1
    said = situation(terrain, Settings(0.05, Adam(), True), begin(terrain, Settings(0.05, Adam(), True), 0.001, 1e-5))
    assert said is not None
    assert said.kind is Kind.SADDLE
    assert "1e-05 away" in said.sentence


def test_saddle_on_its_ridge_askew_and_a_top() -> None:
    ridge = walk(TERRAINS["saddle"], GradientDescent(), 0.1, 100, (1.5, 0.0))[-1][1]
    assert ridge is not None
    assert "no step leaves it" in ridge.sentence
    askew = walk(own("w*b + (w**4 + b**4)/9"), GradientDescent(), 0.1, 10, (0.01, 0.01))[0][1]
    assert askew is not None
    assert re.search(r"along \(-?0\.71, -?0\.71\)", askew.sentence)
    top = walk(own("cos(w)"), GradientDescent(), 0.1, 10, (0.01, 0.0))[0][1]
    assert top is not None
    assert top.kind is Kind.SADDLE
    assert "At a top" in top.sentence
    # Level, and bent downwards a little: but on the tail of a plateau, where no level point is near.
    assert Kind.SADDLE not in kinds(walk(TERRAINS["plateau"], GradientDescent(), 0.2, 100, (4.9, 0.0)))


def test_plateau() -> None:
    terrain = TERRAINS["plateau"]
    walked = walk(terrain, GradientDescent(), 0.2, 60)
    state, said = walked[0]
    assert said is not None
    assert said.kind is Kind.PLATEAU
    slope, moves, _, steps = numbers(said.sentence)
    assert slope == pytest.approx(abs(state.gradient[0]), rel=1e-2)
    assert moves == pytest.approx(0.2 * slope, rel=1e-2)
    assert steps == pytest.approx(1 / moves, rel=1e-2)
    assert kinds(walked)[-1] is None
    flat = walk(own("tanh(w)"), GradientDescent(), 0.01, 1, (2.9, 0.0))[0][1]
    assert flat is not None
    assert flat.kind is Kind.PLATEAU
    # Exactly level: nothing moves.
    numb = walk(terrain, GradientDescent(), 0.2, 1, (4.99, 0.0))[0][0]
    numb = numb._replace(w=-4.5, gradient=(0.0, 0.0))
    said = situation(terrain, Settings(0.2), numb, following=numb)
    assert said is not None
    assert "no step moves" in said.sentence


def test_a_crawl_is_no_plateau_and_neither_is_a_ravine() -> None:
    assert set(kinds(walk(TERRAINS["two-valleys"], GradientDescent(), 1e-6, 20))) == {None}
    assert Kind.PLATEAU not in kinds(walk(TERRAINS["two-valleys"], Nesterov(), 0.01, 300))
    assert set(kinds(walk(TERRAINS["rosenbrock"], GradientDescent(), 0.001, 500))) == {None}
    assert set(kinds(walk(TERRAINS["quartic"], GradientDescent(), 0.05, 500))) == {None}
    assert set(kinds(walk(TERRAINS["ravine"], GradientDescent(), 0.03, 300))) == {None}
    assert set(kinds(walk(own("(w - 1)**2 + 9*b**2"), GradientDescent(), 0.01, 500))) == {None}


def test_thrown() -> None:
    walked = walk(TERRAINS["cliff"], GradientDescent(), 0.4, 30)
    index = kinds(walked).index(Kind.THROWN)
    before, (state, said) = walked[index - 1][0], walked[index]
    assert said is not None
    from_w, to_w, slope, far = numbers(said.sentence)
    assert (from_w, to_w) == pytest.approx((before.w, state.w), rel=1e-2)
    assert slope == pytest.approx(abs(before.gradient[0]), rel=1e-2)
    assert far == pytest.approx(abs(state.w - before.w), rel=1e-2)
    assert far == pytest.approx(0.4 * slope, rel=1e-2)
    both = walk(TERRAINS["rosenbrock"], Momentum(), 0.02, 2)[1][1]
    assert both is not None
    assert both.kind is Kind.THROWN
    assert "from (-1.2, 1) to (3.11, 2.76)" in both.sentence


def test_a_long_step_of_a_rule_that_sizes_its_own_is_no_throw() -> None:
    for optimizer in (Adam(), AdaGrad()):
        assert Kind.THROWN not in kinds(walk(TERRAINS["cliff"], optimizer, 4.0, 20))


@pytest.mark.parametrize(("optimizer", "rate"), [(GradientDescent(), 0.07), (Momentum(), 0.05), (Adam(), 0.5)], ids=str)
def test_kink(optimizer: Optimizer, rate: float) -> None:
    walked = walk(TERRAINS["kink"], optimizer, rate, 120)
    said = kinds(walked)
    assert Kind.KINK in said
    assert set(said) == {None, Kind.KINK}
    # Not while it is still on its way there.
    arrived = next(state.iteration for state, _ in walked if state.w >= 1)
    assert Kind.KINK not in said[:arrived]
    sentence = walked[said.index(Kind.KINK)][1].sentence  # type: ignore[union-attr]
    assert numbers(sentence) == [1.0]
    assert "smaller rate" in sentence


def test_kink_without_the_recent_states_and_in_two_dimensions() -> None:
    valley = own("abs(w - b) + (w + b)**2/20")
    settings = Settings(0.1, GradientDescent(), True)
    states = [begin(valley, settings, 0.06, -0.04)]
    while len(states) < 400:
        states.append(advance(valley, settings, states[-1]))
    said = situation(valley, settings, states[-2], before=states[-3], following=states[-1])
    assert said is not None
    assert said.kind is Kind.KINK
    assert situation(valley, settings, states[-2]) is None
    smooth = own("w**2 + 0*b")  # at the critical rate the slope turns round for ever too, but by curvature
    assert Kind.KINK not in kinds(walk(smooth, GradientDescent(), 1.0, 60, (0.5, 0.0)))
    # Nor where the ground between bends otherwise than where the walk stands.
    for rate in (0.02, 0.025, 0.03):
        assert Kind.KINK not in kinds(walk(TERRAINS["himmelblau"], GradientDescent(), rate, 300))
    assert Kind.KINK not in kinds(walk(TERRAINS["sharp-and-flat"], GradientDescent(), 0.03, 300))
    assert Kind.KINK not in kinds(walk(TERRAINS["beale"], Momentum(), 0.02, 300))


def test_left() -> None:
    walked = walk(own("-w**2 + b**2"), GradientDescent(), 0.1, 12)
    state, said = next((state, said) for state, said in walked if said and said.kind is Kind.LEFT)
    assert abs(state.w) > 3
    assert "w = " in said.sentence
    assert numbers(said.sentence)[-2:] == [-3, 3]
    # A b that is held is where it was put.
    held = walk(own("w**2 + b**2"), GradientDescent(), 0.1, 1, (1.0, 7.0), train_bias=False)[0][1]
    assert held is None


@pytest.mark.parametrize("kind", OPTIMIZERS.values())
def test_on_a_bowl_there_is_nothing_to_say(kind: type[Optimizer]) -> None:
    pizza = MeanSquaredError.of(*pizza_rows())
    for rate in (1e-5, 0.001, 0.00455, 0.01, 10.0):
        assert set(kinds(walk(pizza, kind(), rate, 40, (0.0, 0.0)))) == {None}


@pytest.mark.parametrize(
    "name", [*TERRAINS, "w**b", "sqrt(w) + log(b)", "w", "5 + 0*w", "exp(w*b)", "1/w", "abs(w)*abs(b)"]
)
@pytest.mark.parametrize("kind", OPTIMIZERS.values())
def test_every_sentence_is_short_and_nothing_raises(name: str, kind: type[Optimizer]) -> None:
    landscape = find(name)
    for rate in (1e-3, 0.05, 5.0):
        for train_bias in {False, landscape.has_bias}:
            for _, said in walk(landscape, kind(), rate, 40, train_bias=train_bias):
                if said:
                    assert len(said.sentence) <= 115
                    assert said.sentence.endswith(".")
                    assert "nan" not in said.sentence
                    assert "inf" not in said.sentence


def test_no_number_is_left_to_the_ending() -> None:
    landscape = find("log(w)")
    state = begin(landscape, Settings(), 1.0)
    assert situation(landscape, Settings(), state._replace(w=-1.0, loss=float("nan"))) is None
