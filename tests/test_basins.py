"""Basins: many walks at once end where each does alone."""

from __future__ import annotations

from math import hypot, isfinite
from typing import TYPE_CHECKING

import numpy as np
import pytest

from gdcore.descent.optimizers import OPTIMIZERS, Adam, GradientDescent, Momentum, Nudge, RMSprop
from gdcore.descent.steps import Settings, advance, begin
from gdcore.landscapes.bowl import MeanSquaredError
from gdcore.landscapes.known import find
from gdcore.landscapes.terrain import TERRAINS, own
from gdcore.studies.basins import NEVER, OUT, Ends, basins, ends
from tests.problems import pizza_rows
from tui.charts.canvas import render
from tui.charts.ends import Fates, ends_scene, place

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from gdcore.descent.optimizers import Optimizer
    from gdcore.descent.state import State
    from gdcore.landscapes.landscape import Landscape


def ended(  # noqa: PLR0917
    landscape: Landscape, ws: ArrayLike, bs: ArrayLike, optimizer: Optimizer, rate: float, limit: int = 5000
) -> Ends:
    *_, result = basins(landscape, ws, bs, Settings(rate, optimizer, landscape.has_bias), limit=limit)
    return result


def alone(landscape: Landscape, optimizer: Optimizer, rate: float, w: float, b: float) -> int:
    """Where a walk is after so many steps that it has settled, one float at a time."""
    train_bias = landscape.has_bias
    state = begin(landscape, Settings(rate, optimizer, train_bias), w, b)
    for _ in range(4000):
        state = advance(landscape, Settings(optimizer=optimizer, train_bias=train_bias), state)
        if not isfinite(state.loss):
            return OUT
    minima = landscape.minima()
    index = min(range(len(minima)), key=lambda i: hypot(state.w - minima[i].w, state.b - minima[i].b))
    return index if hypot(state.w - minima[index].w, state.b - minima[index].b) < 0.05 else NEVER


@pytest.mark.parametrize("kind", OPTIMIZERS.values())
@pytest.mark.parametrize("name", ["two-valleys", "himmelblau", "camel", "saddle"])
def test_every_start_ends_where_it_does_alone(name: str, kind: type[Optimizer]) -> None:
    terrain, optimizer = TERRAINS[name], kind()
    rate = {"momentum": 0.004, "nesterov": 0.004, "adagrad": 0.2}.get(kind.name, 0.01)
    # Off the lines between basins, where a rounding decides.
    ws = np.linspace(*terrain.scope.w, 5) + 0.0137
    bs = np.linspace(*terrain.scope.b, 4) - 0.0217 if terrain.has_bias else 0.0
    result = ended(terrain, ws, bs, optimizer, rate)
    assert result.minima == terrain.minima()
    assert result.done == 1
    if not terrain.has_bias:
        assert result.ends.tolist() == [alone(terrain, optimizer, rate, w, 0.0) for w in ws]
        return
    assert result.ends.shape == result.iterations.shape == (5, 4)
    expected = [[alone(terrain, optimizer, rate, w, b) for b in np.atleast_1d(bs)] for w in ws]
    assert result.ends.tolist() == expected


def test_the_basins_of_plain_descent_meet_at_the_tops() -> None:
    # At a small rate each walk runs down its own side; the top is where the slope is 0 and the ground bends down.
    terrain = TERRAINS["two-valleys"]
    top = next(root.real for root in np.roots([1, 0, -1, 0.2]) if terrain.hessian(root.real, 0.0)[0] < 0)
    ws = [top - 0.5, top - 1e-3, top + 1e-3, top + 0.5]
    assert ended(terrain, ws, 0.0, GradientDescent(), 0.05).ends.tolist() == [0, 0, 1, 1]


def test_momentum_leaves_a_valley_that_holds_plain_descent() -> None:
    washboard = TERRAINS["washboard"]
    plain, heavy = (ended(washboard, [5.0], 0.0, kind, 0.01).ends[0] for kind in (GradientDescent(), Momentum(0.98)))
    losses = [minimum.loss for minimum in washboard.minima()]
    assert losses[plain] > losses[heavy]


def test_a_large_rate_cannot_stay_in_the_sharp_valley() -> None:
    # It is unstable above 2 / curvature, though a walk may pass close by.
    terrain = TERRAINS["sharp-and-flat"]
    critical = [2 / terrain.hessian(minimum.w, 0.0)[0] for minimum in terrain.minima()]
    assert critical[0] < critical[1]
    *_, below = ends(
        terrain, (2.3, 0.0), Settings(1.0, GradientDescent(), False), critical[0] * np.array([0.1, 0.5, 0.9])
    )
    assert below.ends.tolist() == [0, 0, 0]
    rates = np.linspace(critical[0] * 1.05, critical[1] * 0.9, 40)
    *_, above = ends(terrain, (2.3, 0.0), Settings(1.0, GradientDescent(), False), rates, limit=20_000)
    swinging = above.ends == 0
    assert (above.ends == 1).sum() > 25
    # What still counts as there swings around that minimum for good.
    for rate in rates[swinging]:
        state = begin(terrain, Settings(float(rate)), 2.3)
        for _ in range(5000):
            state = advance(terrain, Settings(optimizer=GradientDescent()), state)
        assert abs(state.w - terrain.minima()[0].w) < 0.1


def test_never_and_out() -> None:
    plateau = ended(TERRAINS["plateau"], [0.5, 4.9], 0.0, GradientDescent(), 0.1, limit=500)
    assert plateau.ends.tolist() == [0, NEVER]
    assert plateau.iterations[1] == 500
    ravine = ended(TERRAINS["ravine"], [1.0], [0.5, 0.0], GradientDescent(), 0.041)
    assert ravine.ends.tolist() == [[OUT, 0]]
    # No number at the start, and on the way.
    logs = own("log(w) - w/2 + w**2/9")
    assert ended(logs, [-1.0], 0.0, GradientDescent(), 0.1).ends.tolist() == [OUT]
    assert ended(own("w"), [0.0], 0.0, GradientDescent(), 0.5).ends.tolist() == [OUT]
    assert ended(own("exp(w**2)"), [2.9, 0.1], 0.0, GradientDescent(), 0.1).ends.tolist() == [OUT, 0]
    # Exactly on the saddle's ridge a walk stands still for ever: it is not waited for.
    saddle = ended(TERRAINS["saddle"], [0.0], [0.0], GradientDescent(), 0.1)
    assert saddle.ends.tolist() == [[NEVER]]
    assert saddle.iterations[0, 0] < 50


def test_a_kink_is_reached_as_far_as_a_step_is_long() -> None:
    kink = TERRAINS["kink"]
    *_, result = ends(kink, (-2.0, 0.0), Settings(1.0, GradientDescent(), False), [0.01, 0.07, 0.7])
    assert result.ends.tolist() == [0, 0, NEVER]


def test_trembling_near_a_minimum_is_being_there() -> None:
    terrain = TERRAINS["two-valleys"]
    *_, result = ends(terrain, terrain.scope.start, Settings(1.0, RMSprop(), False), [0.01, 0.05])
    assert (result.ends >= 0).all()


def test_standing_in_a_minimum_already() -> None:
    terrain = TERRAINS["himmelblau"]
    for index, minimum in enumerate(terrain.minima()):
        result = ended(terrain, [minimum.w], [minimum.b], Adam(), 0.01)
        assert result.ends.tolist() == [[index]]


def test_with_b_held_each_b_has_minima_of_its_own() -> None:
    valley = TERRAINS["rosenbrock"]
    ws, bs = np.array([-1.5, 1.5]), np.linspace(0.25, 2.5, 40)
    pieces = list(basins(valley, ws, bs, Settings(0.0005, GradientDescent(), False)))
    assert pieces[0].done == 0  # while the minima are looked for
    assert (pieces[0].ends == NEVER).all()
    result = pieces[-1]
    assert result.minima == ()
    for column, b in enumerate(bs):
        for row, w in enumerate(ws):
            reached = valley.minima(float(b))[result.ends[row, column]]
            assert np.sign(reached.w) == np.sign(w)
    *_, one = basins(valley, ws, 2.0, Settings(0.0005, GradientDescent(), False))
    assert one.minima == valley.minima(2.0)
    assert one.ends.shape == (2,)


def test_a_bowl_has_one_basin_up_to_the_critical_rate() -> None:
    pizza = MeanSquaredError.of(*pizza_rows())
    critical = pizza.curvature(False).critical_learning_rate
    *_, result = ends(
        pizza, (0.0, 0.0), Settings(1.0, GradientDescent(), False), critical * np.array([0.5, 0.99, 1.01, 2])
    )
    assert result.ends.tolist() == [0, 0, OUT, OUT]
    assert ended(pizza, [-5.0, 9.0], [0.0, 30.0], GradientDescent(), 0.004, limit=20_000).ends.tolist() == [[0, 0]] * 2


def test_training_a_b_that_is_not_there_changes_nothing() -> None:
    terrain = find("quartic")
    *_, result = basins(terrain, [1.0, -1.0], 0.7, Settings(0.1, GradientDescent(), True))
    assert result.ends.tolist() == [0, 0]


def test_progress_is_told_and_what_was_told_stays() -> None:
    terrain = TERRAINS["rosenbrock"]
    pieces = list(
        basins(terrain, np.linspace(-2, 2, 30), np.linspace(-1, 3, 30), Settings(0.001, GradientDescent(), True))
    )
    done = [piece.done for piece in pieces]
    assert done == sorted(done)
    assert done[-1] == 1
    assert len(pieces) > 5
    settled = [int((piece.ends != NEVER).sum()) for piece in pieces]
    assert settled == sorted(settled)
    assert settled[0] < settled[-1]
    assert (pieces[0].iterations <= pieces[-1].iterations).all()


def test_pieces_are_small_and_whoever_stops_asking_has_cancelled(monkeypatch: pytest.MonkeyPatch) -> None:
    work = [0]

    def counted(loss: Landscape, settings: Settings, state: State, base: NDArray[np.float64]) -> State:
        work[0] += np.size(state.w)
        return advance(loss, settings, state, base)

    monkeypatch.setattr("gdcore.studies.sweep.advance", counted)
    side = np.linspace(-4, 4, 120)
    running = basins(TERRAINS["himmelblau"], side, side, Settings(1e-4, Nudge(), True))
    assert work == [0]
    for piece in range(1, 4):
        next(running)
        assert 0 < work[0] <= 250_000 * piece
    running.close()  # type: ignore[attr-defined]
    assert next(running, None) is None


@pytest.mark.parametrize("size", [(52, 14), (92, 26), (172, 50)])
def test_the_name_of_an_end_is_in_its_row(size: tuple[int, int]) -> None:
    minima = TERRAINS["himmelblau"].minima()
    found = Ends(np.array([3, 3, 2, NEVER, OUT]), np.array([9] * 5), minima, 100, 1.0)
    fates = Fates(np.geomspace(1e-4, 1, 5), found, minima, has_bias=True, rate=1e-3, cursor=1)
    scene = ends_scene(fates)
    picture = render(scene, *size)
    lines = ["".join(character or " " for character, _ in row) for row in picture.rows]
    names = [*(place(minimum, has_bias=True) for minimum in minima), "never settles"]
    for height, name in enumerate(names, 1):
        row = int(picture.body.rows(scene.window.up(np.array([float(height)])))[0])
        assert name in lines[row]


@pytest.mark.parametrize("size", [(52, height) for height in range(6, 40)])
@pytest.mark.parametrize("name", ["kink", "himmelblau", "camel"])
def test_no_name_is_in_the_row_of_another_end_and_each_is_whole_where_there_is_room(
    name: str, size: tuple[int, int]
) -> None:
    minima = TERRAINS[name].minima()
    count = len(minima)
    found = Ends(np.append(np.full(40, count - 1), NEVER), np.array([9] * 41), minima, 100, 1.0)
    fates = Fates(np.geomspace(1e-4, 1, 41), found, minima, has_bias=True, rate=1e-3, cursor=1)
    scene = ends_scene(fates)
    picture = render(scene, *size)
    lines = ["".join(character or " " for character, _ in row) for row in picture.rows]
    rows = picture.body.rows(scene.window.up(np.arange(1.0, count + 3))).astype(int).tolist()
    names = [*(place(minimum, has_bias=True) for minimum in minima), "never settles", "out of the landscape"]
    for index, row in enumerate(rows):
        named = [other for other, text in enumerate(names) if text in lines[row]]
        assert named in ([], [index])
        marked = index == count - 1
        if rows.count(row) == 1 and row > picture.body.row and not marked:
            assert named == [index]
        if marked and row - rows[index + 1] > 1:
            assert any(names[index] in line for line in lines[rows[index + 1] + 1 : row])
        assert " loss" not in lines[row] or "), loss" in lines[row], "no short form beside an empty row"


@pytest.mark.parametrize("size", [(40, 8), (52, 14), (92, 26)])
@pytest.mark.parametrize("name", ["kink", "himmelblau", "camel"])
def test_the_ticks_are_the_numbers_of_the_minima(name: str, size: tuple[int, int]) -> None:
    minima = TERRAINS[name].minima()
    found = Ends(np.array([0, NEVER, OUT]), np.array([9] * 3), minima, 100, 1.0)
    fates = Fates(np.geomspace(1e-4, 1, 3), found, minima, has_bias=True, rate=1e-3, cursor=1)
    scene = ends_scene(fates)
    picture = render(scene, *size)
    body = picture.body
    seen = {}
    for row in range(body.row, body.row + body.height):
        if picture.rows[row][body.column - 1][0] == "┤":
            seen[row] = "".join(character for character, _ in picture.rows[row][: body.column - 1]).strip()
    heights = {text: int(body.rows(scene.window.up([float(text)]))[0]) for text in seen.values()}
    assert seen == {row: text for text, row in heights.items()}
    numbers = [str(number) for number in range(1, len(minima) + 1)]
    assert set(seen.values()) <= set(numbers)
    if body.height > len(minima) + 4:
        assert sorted(seen.values()) == numbers


def test_the_error_settings_of_the_caller_stay() -> None:
    with np.errstate(all="raise"):
        before = np.geterr()
        for _ in basins(
            own("log(w)*b + exp(w*b)"), np.linspace(-3, 3, 7), np.linspace(-3, 3, 7), Settings(9.0, Momentum(), True)
        ):
            assert np.geterr() == before
