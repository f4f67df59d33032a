"""Formulas: their values are Python's, their derivatives those of the difference quotient, and nothing else gets in."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from gdcore.inert import inert
from gdcore.landscapes.formula import DEPTH, FUNCTIONS, LENGTH, Formula, FormulaError

if TYPE_CHECKING:
    from collections.abc import Callable

OPERATIONS = [
    "w + b",
    "w - b",
    "b - 3",
    "w * b",
    "w / b",
    "2 / (w*b)",
    "-w**2 * b",
    "w**2",
    "b**3",
    "w**4 * b",
    "w**-1",
    "(w*b)**-2",
    "(w + b)**0.5",
    "w**(1/3)",
    "w**b",
    "2**(w*b)",
    "(w + b)**(w - b)",
    "e**w",
    "exp(w*b)",
    "log(w*b + 2)",
    "sqrt(w + b)",
    "sin(w*b)",
    "cos(2*w - b)",
    "tan(w*b/4)",
    "tanh(w - b)",
    "abs(w - 2*b)",
    "sigmoid(w*b)",
    "sigmoid(-3*w) / (1 + exp(b))",
    "log(sqrt(w)) * cos(b)**2 / (1 + tanh(w*b)**2)",
]
POSITIVE = st.floats(0.3, 2.0)


def python_value(text: str, w: float, b: float) -> float:
    """What Python makes of the same text: of these texts, which are ours."""
    names = {name: getattr(math, name) for name in ("exp", "log", "sqrt", "sin", "cos", "tan", "tanh", "pi", "e")}
    names |= {"abs": abs, "sigmoid": lambda x: 1 / (1 + math.exp(-x)), "w": w, "b": b}
    return float(eval(text, {"__builtins__": {}}, names))


def slope(function: Callable[[float], float], at: float, step: float = 1e-4) -> float:
    """The derivative by differences, of fourth order."""
    near, far = function(at + step) - function(at - step), function(at + 2 * step) - function(at - 2 * step)
    return (8 * near - far) / (12 * step)


@pytest.mark.parametrize("text", OPERATIONS)
@settings(max_examples=25, deadline=None)
@given(w=POSITIVE, b=POSITIVE)
def test_value_gradient_and_hessian(text: str, w: float, b: float) -> None:
    assume(abs(w - 2 * b) > 0.01)  # the kink of the abs among them
    formula = Formula(text)
    loss, (slope_w, slope_b) = formula.loss_and_gradient(w, b)
    assert loss == pytest.approx(python_value(text, w, b), rel=1e-13, abs=1e-15)
    assert loss == formula(w, b)
    assert slope_w == pytest.approx(slope(lambda at: formula(at, b), w), rel=1e-7, abs=1e-7)
    assert slope_b == pytest.approx(slope(lambda at: formula(w, at), b), rel=1e-7, abs=1e-7)
    ww, wb, bb = formula.hessian(w, b)
    assert ww == pytest.approx(slope(lambda at: formula.loss_and_gradient(at, b)[1][0], w), rel=1e-7, abs=1e-6)
    assert wb == pytest.approx(slope(lambda at: formula.loss_and_gradient(w, at)[1][0], b), rel=1e-7, abs=1e-6)
    assert wb == pytest.approx(slope(lambda at: formula.loss_and_gradient(at, b)[1][1], w), rel=1e-7, abs=1e-6)
    assert bb == pytest.approx(slope(lambda at: formula.loss_and_gradient(w, at)[1][1], b), rel=1e-7, abs=1e-6)


ANY = st.one_of(
    st.floats(-50, 50),
    st.sampled_from([1e300, -1e300, 1e-300, 0.0, -0.0, 1.0, -1.0, 2.0, -8.0, 710.0, math.inf, -math.inf, math.nan]),
)


@pytest.mark.parametrize("text", OPERATIONS)
@settings(max_examples=25, deadline=None)
@given(points=st.lists(st.tuples(ANY, ANY), min_size=1, max_size=8))
def test_many_points_at_once_are_each_alone_and_nothing_raises(text: str, points: list[tuple[float, float]]) -> None:
    # Overflow, poles and what is undefined too: warnings are errors here, and so would be an exception.
    formula = Formula(text)
    ws, bs = np.array(points).T
    loss, slopes = formula.loss_and_gradient(ws, bs)
    together = np.array([loss, *slopes, *formula.hessian(ws, bs)])
    for index, (w, b) in enumerate(points):
        loss, slopes = formula.loss_and_gradient(w, b)
        alone = [loss, *slopes, *formula.hessian(w, b)]
        assert all(type(value) is float for value in alone)
        # NumPy rounds a power or an exponential in its own way, and a difference such as 1 - tanh^2 magnifies that.
        scale = max((abs(value) for value in alone if math.isfinite(value)), default=0.0)
        np.testing.assert_allclose(together[:, index], alone, rtol=1e-9, atol=1e-12 * min(max(scale, 1.0), 1e6))


def test_shapes_broadcast_and_no_two_results_share_memory() -> None:
    w, b = np.linspace(0, 1, 4)[:, None], np.linspace(0, 1, 3)
    for text in ("w", "w + b", "3*w", "2", "w*w", "abs(w)"):
        formula = Formula(text)
        loss, slopes = formula.loss_and_gradient(w, b)
        results = [loss, *slopes, *formula.hessian(w, b)]
        assert all(np.asarray(result).shape == (4, 3) for result in results)
        for first in range(6):
            assert not any(np.shares_memory(results[first], other) for other in (w, b, *results[first + 1 :]))
            results[first] += 1  # writable
    assert Formula("w*b")(np.float64(2.0), 3) == 6.0
    assert type(Formula("w*b")(np.float64(2.0), 3)) is float


@pytest.mark.parametrize(
    ("text", "w", "expected"),
    [
        ("exp(w)", 1000.0, math.inf),
        ("w**9", 1e300, math.inf),
        ("w**9", -1e300, -math.inf),
        ("1/w", 0.0, math.inf),
        ("1/w", -0.0, -math.inf),
        ("-1/w**2", 0.0, -math.inf),
        ("w**-1", 0.0, math.inf),
        ("w/w", 0.0, math.nan),
        ("log(w)", 0.0, -math.inf),
        ("log(w)", -1.0, math.nan),
        ("sqrt(w)", -1.0, math.nan),
        ("w**0.5", -2.0, math.nan),
        ("sin(w)", math.inf, math.nan),
        ("sigmoid(w)", -1e6, 0.0),
        ("sigmoid(w)", 1e6, 1.0),
        ("(0-2)**0.5 * w", 1.0, math.nan),
        ("9**9**9**9 + w", 1.0, math.inf),
        ("1/(w - w)", 1.0, math.inf),
    ],
)
def test_what_is_too_large_or_undefined(text: str, w: float, expected: float) -> None:
    np.testing.assert_equal(Formula(text)(w), expected)
    np.testing.assert_equal(Formula(text)(np.array([w])), [expected])


def test_slopes_at_special_places() -> None:
    assert Formula("abs(w - 1)").loss_and_gradient(1.0, 0.0) == (0.0, (0.0, 0.0))
    assert Formula("sqrt(w)").loss_and_gradient(0.0, 5.0) == (0.0, (math.inf, 0.0))
    assert Formula("w**2").hessian(0.0, 0.0) == (2.0, 0.0, 0.0)
    assert Formula("w**1 + w**0 + b").hessian(0.0, 0.0) == (0.0, 0.0, 0.0)
    assert Formula("w**4/4").hessian(0.0, 0.0) == (0.0, 0.0, 0.0)


@pytest.mark.parametrize(
    "text",
    [
        "2E-3",
        "w - -b",
        "2**-2**2",
        "-(w + b)*-3",
        "abs(-3)",
        " w\t+\nb ",
        "-2**2",
        "2**-1",
        "2**3**2",
        "-w**2",
        "2 - 3 - 4",
        "8/4/2",
        "2*3**2",
        "--2",
        "+-+2",
        "(1+2)*3",
        ".5 + 5.",
        "1e3*w",
    ],
)
def test_it_is_read_as_python_reads_it(text: str) -> None:
    assert Formula(text)(0.7, -1.3) == python_value(text.strip().replace("\n", " "), 0.7, -1.3)


def test_it_knows_which_variables_occur() -> None:
    seen = {
        text: (Formula(text).uses_weight, Formula(text).uses_bias) for text in ("w", "b", "w*b", "exp(2)", "abs(w)")
    }
    assert list(seen.values()) == [(True, False), (False, True), (True, True), (False, False), (True, False)]


MISTAKES = [
    ("", 0, "empty"),
    ("  ", 0, "empty"),
    ("2w", 1, '* is missing|written with *: put one before "w"'),
    ("2(w)", 1, "product is written with *"),
    ("w b", 2, "product is written with *"),
    ("(w)(b)", 3, "product is written with *"),
    ("w(b + 1)", 1, '"w" is no function'),
    ("w^2", 1, "a power is written **, not ^"),
    ("w²", 1, "a power is written **"),
    ("2×w", 1, "a product is written *"),
    ("w − 1", 2, "a minus is written -"),
    ("π*w", 0, "written pi"),
    ("٣*w", 0, "means nothing"),
    ("log()", 4, "log takes a number in its parentheses"),
    ("log w", 0, "log takes its number in parentheses"),
    ("sin(w, b)", 5, "takes one number"),
    ("w +", 3, "breaks off"),
    ("w * / b", 4, 'missing before "/"'),
    ("w ** ", 5, "breaks off"),
    ("(w", 0, "never closed"),
    ("w + (b * (w)", 4, "never closed"),
    ("w)", 1, "closes nothing"),
    ("()", 1, "missing before"),
    ("x + 1", 0, 'there is no "x"; known are w, b, pi, e and the functions exp'),
    ("Log(w)", 0, "but log"),
    ("tahn(w)", 0, "but tan"),
    ("w = 3", 2, "right of ="),
    ("w == 3", 2, "right of ="),
    ("w.real", 1, "a point stands inside of numbers only"),
    ("w[0]", 1, "parentheses are round"),
    ("1e999*w", 0, "too large"),
    ("w // 2", 3, "missing before"),
    ("w % 2", 2, "means nothing"),
    ("lambda: 0", 0, 'there is no "lambda"'),
    ("__import__('os').system('ls')", 0, "there is no"),
    ("w if b else 3", 2, "product is written with *"),
    ("'w'", 0, "means nothing"),
    ("w\x00", 1, "means nothing"),
    ("w + \x1b[2J", 4, "means nothing"),
    ("w\u202e", 1, "means nothing"),
    ("w;b", 1, "takes one number"),
    ("(" * 10_000, LENGTH, "400 characters; this one has 10,000"),
    ("(" * 300, DEPTH, "inside another"),
    ("-" * 300 + "w", DEPTH, "inside another"),
    ("w**" * 120 + "w", 3 * DEPTH, "inside another"),
    ("w+" * 1_000_000 + "w", LENGTH, "this one has 2,000,001"),
    ("exp(" * 60 + "w" + ")" * 60, 4 * DEPTH, "inside another"),
]


@pytest.mark.parametrize(("text", "position", "words"), MISTAKES, ids=[repr(text[:12]) for text, *_ in MISTAKES])
def test_a_mistake_is_a_sentence_and_a_place(text: str, position: int, words: str) -> None:
    with pytest.raises(FormulaError) as caught:
        Formula(text)
    error = caught.value
    assert any(part in error.sentence for part in words.split("|"))
    assert error.position == position
    assert "\n" not in str(error) == error.sentence
    assert str(error).isprintable()
    line, caret = error.shown.split("\n")
    assert line.isprintable()
    assert len(line) < 90
    assert caret.strip() == "^"
    if len(text) < 60 and line == text:
        assert caret.index("^") == position


def test_the_caret_stands_below_the_place_in_a_long_formula_too() -> None:
    with pytest.raises(FormulaError) as caught:
        Formula("w + " * 60 + "$ + " + "w + " * 30 + "b")
    line, caret = caught.value.shown.split("\n")
    assert line[caret.index("^")] == "$"
    assert line.startswith("...")
    assert line.endswith("...")


@settings(max_examples=300, deadline=None)
@given(text=st.one_of(st.text(max_size=60), st.text("wb0123456789.e+-*/() sincoxplgqrtahmd^\n", max_size=60)))
def test_any_text_is_a_formula_or_a_mistake(text: str) -> None:
    try:
        formula = Formula(text)
    except FormulaError as mistake:
        error = mistake
    else:
        assert isinstance(formula(0.5, -0.5), float)
        return
    assert 0 <= error.position <= len(text)
    assert inert(error.sentence + error.shown.split("\n")[0]) == error.sentence + error.shown.split("\n")[0]


@pytest.mark.parametrize(
    "text",
    ["w*" * 199 + "w", "w/" * 199 + "w", "(w*b)**" * 39 + "2", "tan(" * 39 + "w*b" + ")" * 39, "sin(w*b)*" * 40 + "b"],
    ids=["products", "quotients", "powers", "functions", "product of functions"],
)
def test_the_work_grows_with_the_length_and_no_faster(text: str) -> None:
    formula = Formula(text)
    assert formula.size <= 50 * len(text)
    assert isinstance(formula.loss_and_gradient(1.1, 0.9)[0], float)
    assert len(formula.hessian(1.1, 0.9)) == 3


def test_the_same_thing_is_computed_once() -> None:
    once, twice = (Formula(text).size for text in ("exp(w*b)", "exp(w*b) + exp(w*b)"))
    assert twice - once <= 6
    sizes = [Formula(" + ".join(["sin(w*b)**2"] * count)).size for count in range(2, 6)]
    assert max(later - earlier for earlier, later in pairwise(sizes)) <= 6


def test_every_function_has_its_name_in_the_sentence_about_names() -> None:
    with pytest.raises(FormulaError) as caught:
        Formula("y")
    assert all(name in str(caught.value) for name in FUNCTIONS)
