"""The terrains: each fact in their table, their trajectories against PyTorch, and the search for minima."""

from __future__ import annotations

import json
from itertools import pairwise
from math import cos, hypot, inf, isfinite, isnan, nextafter, pi, sin
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from gdcore.descent.optimizers import OPTIMIZERS, Optimizer
from gdcore.descent.steps import Settings, advance, begin
from gdcore.landscapes.formula import FormulaError
from gdcore.landscapes.known import find, menu
from gdcore.landscapes.minima import bend, minima_along, minima_over
from gdcore.landscapes.terrain import TERRAINS, Terrain, own

if TYPE_CHECKING:
    from collections.abc import Callable

    from gdcore.descent.state import State

REFERENCE: dict[str, Any] = json.loads((Path(__file__).parent / "reference" / "torch_terrains.json").read_text())[
    "terrains"
]
RUNS = [(name, title) for name, terrain in REFERENCE.items() for title in terrain["runs"]]
ALL = pytest.mark.parametrize("terrain", TERRAINS.values(), ids=TERRAINS.keys())
KINKS = {"kink"}
NO_CURVATURE = {"quartic"}


@ALL
def test_it_is_the_terrain_of_the_reference(terrain: Terrain) -> None:
    known = REFERENCE[terrain.name]
    assert terrain.formula == known["formula"]
    scope = terrain.scope
    domain, start = [list(scope.w), list(scope.b)], list(scope.start)
    assert (domain, start) == (known["domain"], known["start"]) or (
        (domain[0], start[0]) == (known["domain"], known["start"]) and not terrain.has_bias
    )
    found = sorted((m.w, m.b) if terrain.has_bias else (m.w,) for m in terrain.minima())
    np.testing.assert_allclose(found, sorted(tuple(m[:-1]) for m in known["minima"]), atol=1e-11)
    losses = sorted(minimum.loss for minimum in terrain.minima())
    np.testing.assert_allclose(losses, sorted(m[-1] for m in known["minima"]), atol=1e-12)


def test_all_of_them_are_there() -> None:
    assert list(REFERENCE) == list(TERRAINS)
    assert [name for name, _ in menu()] == list(TERRAINS)
    assert all(teaches[0].isupper() and teaches.endswith(".") and len(teaches) <= 110 for _, teaches in menu())
    assert all(find(name) is terrain for name, terrain in TERRAINS.items())


@ALL
def test_its_minima_are_minima(terrain: Terrain) -> None:
    minima = terrain.minima()
    # Those of Himmelblau are equally low, but for a rounding.
    assert all(one.loss <= other.loss + 1e-12 for one, other in pairwise(minima))
    across, up = terrain.scope.w, terrain.scope.b
    for w, b, loss in minima:
        assert across[0] <= w <= across[1]
        assert up[0] <= b <= up[1]
        assert loss == terrain(w, b)
        curvature = terrain.curvature(terrain.has_bias, w, b)
        assert hypot(*terrain.gradient(w, b)) <= 1e-13 * (1 + curvature.lambda_max)
        assert (curvature.lambda_min > 0) == (terrain.name not in KINKS | NO_CURVATURE)
        around = [(0.01 * cos(pi * k / 8), 0.01 * sin(pi * k / 8) * terrain.has_bias) for k in range(16)]
        assert all(terrain(w + dw, b + db) > loss for dw, db in around if abs(dw) + abs(db) > 1e-6)


@ALL
def test_its_start_is_in_its_scope_and_no_minimum(terrain: Terrain) -> None:
    (left, right), (bottom, top), (w, b) = terrain.scope
    assert left <= w <= right
    assert bottom <= b <= top
    assert hypot(*terrain.gradient(w, b)) > 0
    assert not terrain.exact


@ALL
def test_the_search_finds_the_minima_of_the_table(terrain: Terrain) -> None:
    scope = terrain.scope
    found = minima_over(terrain, scope) if terrain.has_bias else minima_along(terrain, scope.w, 0.0)
    assert len(found) == len(terrain.minima())
    for one, other in zip(found, terrain.minima(), strict=True):
        assert one == pytest.approx(other, abs=1e-8)


def path(terrain: Terrain, optimizer: Optimizer, rate: float, w: float, count: int) -> list[State]:
    states = [begin(terrain, Settings(rate, optimizer, terrain.has_bias), w, terrain.scope.start.b)]
    while len(states) < count:
        states.append(advance(terrain, Settings(optimizer=optimizer, train_bias=terrain.has_bias), states[-1]))
    return states


def series(states: list[State]) -> dict[str, list[float]]:
    return {
        "w": [state.w for state in states],
        "b": [state.b for state in states],
        "loss": [state.loss for state in states],
        "dw": [state.gradient[0] for state in states],
        "db": [state.gradient[1] for state in states],
    }


def optimizer_called(title: str) -> Optimizer:
    return OPTIMIZERS[title.replace(" ", "-")]()


@pytest.mark.parametrize(("name", "title"), RUNS)
def test_trajectory_agrees_with_pytorch(name: str, title: str) -> None:
    terrain, known, optimizer = TERRAINS[name], REFERENCE[name]["runs"][title], optimizer_called(title)
    count = len(known["w"])
    states = path(terrain, optimizer, known["learning rate"], terrain.scope.start.w, count)
    for key, values in series(states).items():
        if key in known:
            # A value that is 0 but for rounding, like b = 0.6 - 0.05 * 6 * 2, has no digits of its own: it is as exact
            # as the numbers are that it is a difference of.
            expected = np.array(known[key])
            grain = 1e-14 * np.minimum(np.maximum.accumulate(np.abs(expected)), 1e3)
            with np.errstate(invalid="ignore"):  # the last loss may be infinite, in both
                wrong = (
                    np.abs(np.array(values) - expected)
                    > np.where(np.arange(count) < 30, 1e-10, 1e-8) * np.abs(expected) + grain
                )
            np.testing.assert_array_equal(np.isfinite(values), np.isfinite(expected))
            assert not wrong.any(), (key, np.flatnonzero(wrong))
    if count < 61:
        # There the run leaves the numbers.
        assert not isfinite(
            advance(terrain, Settings(optimizer=optimizer, train_bias=terrain.has_bias), states[-1]).loss
        )


@pytest.mark.parametrize(("name", "title"), RUNS)
def test_none_of_these_runs_is_chaotic(name: str, title: str) -> None:
    # Which is why all of them can be compared to their end: a start off by one rounding stays as near as 1e-7.
    terrain, known, optimizer = TERRAINS[name], REFERENCE[name]["runs"][title], optimizer_called(title)
    rate, count = known["learning rate"], len(known["w"])
    w = terrain.scope.start.w
    one, other = (series(path(terrain, optimizer, rate, at, count))["w"] for at in (w, nextafter(w, inf)))
    np.testing.assert_allclose(one, other, rtol=1e-7, atol=1e-7 * np.abs(one).max())


def test_with_b_held_the_minima_are_those_along_w() -> None:
    valley = TERRAINS["rosenbrock"]
    left, right = sorted(valley.minima(2.0), key=lambda minimum: minimum.w)
    assert (round(left.w, 2), round(right.w, 2)) == (-1.41, 1.41)
    assert valley.minima(2.0)[0] == right
    for minimum in (left, right):
        assert abs(valley.gradient(minimum.w, 2.0)[0]) < 1e-12 * valley.hessian(minimum.w, 2.0)[0]
    assert valley.minima(2.0) is valley.minima(2.0)
    cliff = TERRAINS["cliff"]
    assert cliff.minima(5.0) == (cliff.minima()[0]._replace(b=5.0),)
    assert TERRAINS["two-valleys"].lowest() == TERRAINS["two-valleys"].minima()[0].loss


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("(w - 1)**2 + 3", [1]),
        ("abs(w - 0.123)", [0.123]),
        ("abs(w) + abs(w - 1)/2", [0]),
        ("sqrt(abs(w))", [0]),
        ("abs(w)**0.3 + w/50", [0]),
        ("cos(pi*w)", [-1, 1]),
        ("w**4", [0]),
        ("(w**2 - 4)**2", [-2, 2]),
        ("-exp(-100*(w - 0.313)**2)", [0.313]),
        ("w*log(w)", [np.exp(-1)]),
        ("w**3", []),
        ("-w**2", []),
        ("-1/w**2", []),
        ("1/w", []),
        ("log(abs(w))", []),
        ("sqrt(w)", []),
        ("tanh(w)", []),
    ],
)
def test_the_search_along_w(text: str, expected: list[float]) -> None:
    terrain = own(text)
    assert sorted(minimum.w for minimum in terrain.minima()) == pytest.approx(expected, abs=1e-9)
    assert all(minimum.loss == terrain(minimum.w) for minimum in terrain.minima())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("(w - 1)**2 + (b + 2)**2", [(1, -2)]),
        ("w**4 + b**4", [(0, 0)]),
        ("abs(w) + abs(b - 1)", [(0, 1)]),
        ("abs(w - b) + (w + b)**2/10", [(0, 0)]),
        ("sqrt(w**2 + b**2)", [(0, 0)]),
        ("log(w)**2 + log(b)**2", [(1, 1)]),
        ("(w**2 - 1)**2 + (b**2 - 4)**2", [(-1, -2), (-1, 2), (1, -2), (1, 2)]),
        ("-exp(-100*((w - 0.3)**2 + b**2))", [(0.3, 0)]),
        ("1 - exp(-(w**2 + b**2)/2)", [(0, 0)]),
        # No lowest points: a slope, a saddle, a pole, a trough that is bent.
        ("w + b", []),
        ("w*b", []),
        ("log(w**2 + b**2)", []),
        ("(w*b - 1)**2", []),
    ],
)
def test_the_search_over_w_and_b(text: str, expected: list[tuple[float, float]]) -> None:
    found = sorted((minimum.w, minimum.b) for minimum in own(text).minima())
    assert len(found) == len(expected)
    np.testing.assert_allclose(found, np.reshape(expected, np.shape(found)), atol=1e-6)


@pytest.mark.parametrize("terrain", [own("sin(90*w)*cos(90*b)"), own("w**b + sin(w*b*20)"), TERRAINS["beale"]], ids=str)
def test_the_search_asks_for_few_points(terrain: Terrain, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = [0]

    def counted(call: Callable[..., Any]) -> Callable[..., Any]:
        def counting(*at: Any) -> Any:
            asked[0] += 1
            return call(*at)

        return counting

    for name in ("loss_and_gradient", "hessian", "__call__"):
        monkeypatch.setattr(Terrain, name, counted(getattr(Terrain, name)))
    minima_over(terrain, terrain.scope)
    assert asked[0] < 40_000


def test_a_formula_of_ones_own() -> None:
    terrain = own("  (w - 1)**2 +\n b**2 ")
    assert terrain.title == terrain.formula == terrain.name == "(w - 1)**2 + b**2"
    assert terrain.has_bias
    assert find(terrain.title) == terrain
    assert terrain.scope.start == (2.0, 2.0)
    assert own("abs(w - 2)").scope.start != (2.0, 0.0)  # there it is level
    assert own("sqrt(1 - w)").scope.start.w <= 1
    assert isfinite(own("exp(w**9)")(own("exp(w**9)").scope.start.w))
    assert own("5 + 0*w").scope.start == (2.0, 0.0)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("3", "no w in the formula"),
        ("b**2", "no w in the formula"),
        ("sqrt(-1 - w**2)", "no number anywhere"),
        ("w/0 - w/0", "no number anywhere"),
        ("w +", "breaks off"),
    ],
)
def test_a_formula_that_is_no_terrain(text: str, words: str) -> None:
    with pytest.raises(FormulaError, match=words) as caught:
        find(text)
    assert caught.value.shown.startswith(text)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("himelblau", '"himelblau"; did you mean himmelblau\\? there are two-valleys, cliff'),
        ("Cliff", "did you mean cliff"),
        ("two valleys", "did you mean two-valleys"),
        ("everest", '"everest"; there are'),
        ("w" * 5000, '"www.*[.]{3}"; there are'),
        ("nice-place", "or write a formula"),
    ],
)
def test_an_unknown_name_is_answered_with_the_names(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words) as caught:
        find(text)
    assert not isinstance(caught.value, FormulaError)
    assert len(str(caught.value)) < 250


def test_curvature_where_there_is_none_raises_nothing() -> None:
    for text in ("sqrt(w)", "log(w) + b", "1/w", "exp(exp(w))*b", "w**0.5*b**0.5"):
        for w in (0.0, -1.0, 800.0):
            curvature = own(text).curvature(own(text).has_bias, w, 0.0)
            assert isnan(curvature.lambda_max) or curvature.lambda_max >= curvature.lambda_min


@pytest.mark.parametrize(
    "hessian", [(2.0, 0.5, -1.0), (1.0, -3.0, 1.0), (0.0, 1.0, 0.0), (-5.0, 0.1, 4.0), (1.0, 0.0, 9.0)]
)
def test_bend_is_the_eigenvector_of_the_smaller_eigenvalue(hessian: tuple[float, float, float]) -> None:
    ww, wb, bb = hessian
    bent = bend(hessian)
    matrix = np.array([[ww, wb], [wb, bb]])
    assert [bent.lambda_min, bent.lambda_max] == pytest.approx(np.linalg.eigvalsh(matrix).tolist())
    np.testing.assert_allclose(matrix @ bent.direction, bent.lambda_min * np.array(bent.direction), atol=1e-12)
    assert hypot(*bent.direction) == pytest.approx(1)
