"""The lesson in words: every number in a sentence is that of the run, and every panel is exactly as large as asked."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from functools import cache
from itertools import product
from typing import TYPE_CHECKING

import numpy as np
import pytest
from rich.cells import cell_len

from gdcore.descent.batches import Batch
from gdcore.descent.optimizers import OPTIMIZERS, AdaGrad, Adam, GradientDescent, Momentum, Nesterov, Optimizer, RMSprop
from gdcore.descent.steps import Limits, Settings
from gdcore.landscapes.known import find as formula
from gdcore.landscapes.terrain import TERRAINS
from gdcore.rows.dataset import Origin
from gdcore.studies.stability import Regime, correct_digits
from tests.test_laboratory import EDGES, PIZZA, diverged, laboratory, rows
from tui.laboratory import lesson
from tui.laboratory.ground import Ground
from tui.laboratory.laboratory import Laboratory
from tui.screen import panels
from tui.screen.panels import paragraph

if TYPE_CHECKING:
    from collections.abc import Callable

    from gdcore.landscapes.landscape import Landscape
    from gdcore.rows.dataset import Dataset
    from tui.laboratory.frame import Frame

    Row = tuple[tuple[str, str], ...]
    Panel = Callable[[Frame, int, int], list[Row]]

NUMBER = r"-?\d+(?:\.\d+)?(?:e[+-]\d+)?"
BY_GRADIENT: list[Optimizer] = [GradientDescent(), Momentum(), Nesterov(), AdaGrad(), RMSprop(), Adam()]
every_optimizer = pytest.mark.parametrize("optimizer", BY_GRADIENT, ids=lambda optimizer: optimizer.name)
w_alone_or_both = pytest.mark.parametrize("train_bias", [False, True], ids=["w", "w and b"])


def walked(optimizer: Optimizer, train_bias: bool, iterations: int) -> Frame:
    """A run with a change on the way, at an iteration."""
    rate = 0.0002 if optimizer.overshoots_above else 0.05
    lab = laboratory(rate, optimizer, train_bias, start=(-1.5, 3.0))
    lab.walk.step(min(iterations, 4))
    if iterations > 4:
        lab.walk.set_learning_rate(rate * 1.5)
        lab.walk.step(iterations - 4)
    return lab.frame


def numbers(text: str) -> list[float]:
    return [float(found.replace(",", "")) for found in re.findall(rf"(?<![\w.]){NUMBER}", text.replace(",", ""))]


def evaluated(arithmetic: str) -> tuple[float, float]:
    """The value of a formula with the numbers put in, and the sum of its terms taken as positive."""
    python = arithmetic.replace("^", "**")
    sizes = (
        re.sub(r"(?<!e)-", "+", python).replace("* +", "*").replace("(+", "(").replace("+ +", "+").replace("++", "+")
    )
    value, size = (float(eval(text, {"__builtins__": {}, "sqrt": math.sqrt})) for text in (python, sizes))
    return value, size


def assert_evaluates(arithmetic: str, value: str, digits: int) -> None:
    """The arithmetic gives the value, as far as the digits in which its numbers are written."""
    found, size = evaluated(arithmetic)
    assert abs(found - float(value)) <= 3 * size * 10.0 ** (1 - digits)


# --- Numbers


@pytest.mark.parametrize(
    ("value", "text"), [(0.0, "0"), (1.23456789, "1.234568"), (-806.8, "-806.8"), (1e-12, "1e-12"), (1e300, "1e+300")]
)
def test_a_number(value: float, text: str) -> None:
    assert lesson.number(value) == text


@pytest.mark.parametrize(("value", "text"), [(0.80678, "+0.80678"), (-2.0, "-2"), (0.0, "0"), (-0.0, "0")])
def test_a_signed_number(value: float, text: str) -> None:
    assert lesson.signed(value) == text


# --- The last step


@every_optimizer
@w_alone_or_both
@pytest.mark.parametrize("iterations", [1, 2, 5, 40])
def test_the_last_step_is_told_with_its_own_numbers(optimizer: Optimizer, train_bias: bool, iterations: int) -> None:
    frame = walked(optimizer, train_bias, iterations)
    before, state = frame.before, frame.state
    assert before
    text = lesson.last_step(frame)
    step, moved = re.match(r"Step (\d+) \w+", text), re.search(rf"w moved ([+-]?{NUMBER[2:]})", text)
    assert step
    assert moved
    assert int(step[1]) == iterations
    assert float(moved[1]) == pytest.approx(state.w - before.w, rel=1e-4)
    b_moved = re.search(rf", b ([+-]?{NUMBER[2:]})", text)
    assert (b_moved is not None) == train_bias
    if b_moved:
        assert float(b_moved[1]) == pytest.approx(state.b - before.b, rel=1e-4)
    losses = re.search(rf"({NUMBER}) -> ({NUMBER})", text)
    assert losses
    assert [float(found) for found in losses.groups()] == pytest.approx([before.loss, state.loss], rel=1e-6)


@pytest.mark.parametrize(
    ("rate", "regime", "word"),
    [
        (0.0001, Regime.CRAWL, "crawled"),
        (0.001, Regime.GLIDE, "glided"),
        (0.004, Regime.OVERSHOOT, "overshot"),
        (0.005, Regime.DIVERGE, "went up"),
    ],
)
def test_the_last_step_is_called_by_what_it_did(rate: float, regime: Regime, word: str) -> None:
    lab = laboratory(rate)
    lab.walk.step(2)
    frame = lab.frame
    assert frame.verdict is regime
    assert f"Step 2 {word}" in lesson.last_step(frame)
    assert ("rose" in lesson.last_step(frame)) == (frame.state.loss > (frame.before or frame.state).loss)


@pytest.mark.parametrize("train_bias", [False, True])
@pytest.mark.parametrize("loss", ["squared", "huber", "absolute"])
@pytest.mark.parametrize("rate", [1e-5, 1e-4, 1e-3, 3e-3])
def test_a_loss_fell_a_little_where_it_fell_by_less_than_a_hundredth(rate: float, loss: str, train_bias: bool) -> None:
    lab = laboratory(rate, train_bias=train_bias, iterations=200)
    lab.set_loss(loss)
    falls = []
    for _ in range(60):
        lab.walk.step()
        frame = lab.frame
        text = lesson.last_step(frame)
        if "fell" in text and frame.before is not None:
            falls.append(1 - frame.state.loss / frame.before.loss)
            assert ("fell a little" in text) == (falls[-1] < 0.01), text
    assert falls


WITHOUT_DIGITS: dict[str, tuple[Landscape | Dataset, str, bool, str]] = {
    "a trough": (rows([3, 3], [1, 2]), "squared", True, "no single minimum"),
    "w does not matter": (rows([0, 0], [1, 2]), "squared", False, "no single minimum"),
    "a trough of another loss": (rows([3, 3], [1, 2]), "huber", True, "no single minimum"),
    "labels that part": (rows([1, 2, 3, 4], [0, 0, 1, 1]), "logistic", True, "no minimum"),
    "a slope without end": (formula("w + b"), "", True, "no minimum known"),
}


@pytest.mark.parametrize("case", WITHOUT_DIGITS)
def test_where_no_digits_are_counted_the_reason_is_told(case: str) -> None:
    ground, loss, train_bias, reason = WITHOUT_DIGITS[case]
    lab = Laboratory(ground, Settings(1e-3, train_bias=train_bias), Limits())
    if loss:
        lab.set_loss(loss)
    assert text_of(panels.readout(lab.frame, 40, 7))[-1].split(maxsplit=1)[-1].strip() == reason
    compared = {what: told for what, told, _ in lesson.comparison(*[lab.walk.branches.current] * 2)}
    assert compared["correct digits"] == reason


def test_a_step_too_small_for_the_digits_of_w_is_told() -> None:
    lab = laboratory(1e-300, start=(5.0, 0.0))
    lab.walk.step()
    assert "did not move" in lesson.last_step(lab.frame)


@pytest.mark.parametrize(("w", "uphill"), [(0.0, "left"), (5.0, "right")])
def test_at_the_start_the_slope_says_where_uphill_is(w: float, uphill: str) -> None:
    frame = laboratory(start=(w, 0.0)).frame
    text = lesson.last_step(frame)
    assert numbers(text) == pytest.approx([w, frame.state.gradient[0]], rel=1e-6)
    assert re.search(rf"uphill is to the {uphill}", text)
    assert (frame.state.gradient[0] > 0) == (uphill == "right")


def test_on_level_ground_no_step_will_move() -> None:
    frame = laboratory(data=EDGES["perfect already"]).frame
    assert "level" in lesson.last_step(frame)
    assert frame.following
    assert frame.following.w == frame.state.w


# --- The next step


@every_optimizer
@w_alone_or_both
@pytest.mark.parametrize("iterations", [0, 1, 5, 40, 100])
def test_the_arithmetic_of_the_next_step_is_the_next_step(
    optimizer: Optimizer, train_bias: bool, iterations: int
) -> None:
    frame = walked(optimizer, train_bias, iterations)
    state, following = frame.state, frame.following
    assert following
    text = lesson.next_step(frame)
    assert (frame.ending is not None) == (iterations == 100) == (not text.startswith("Next: "))
    *parts, losses = text.split("Next: ")[1].rstrip(".").split("; ")
    points = [("w", state.w, following.w), ("b", state.b, following.b)][: 1 + train_bias]
    digits = 5 if train_bias else 7
    for part, (name, value, after) in zip(parts, points, strict=True):
        told, arithmetic, result = part.split(" = ")
        assert told == name
        assert float(arithmetic.split(" - ")[0]) == pytest.approx(value, rel=10.0 ** (1 - digits))
        assert float(result) == pytest.approx(after, rel=10.0 ** (1 - digits))
        assert_evaluates(arithmetic, result, digits)
        assert_evaluates(arithmetic.split(" - ", 1)[1], repr(value - after), digits)
    assert numbers(losses.replace("->", " ")) == pytest.approx([state.loss, following.loss], rel=10.0 ** (1 - digits))


def test_the_formula_of_each_optimizer_is_its_own() -> None:
    found = {re.sub(NUMBER, "#", lesson.step_formula(kind, 0.1, 3.0, kind.memory())) for kind in BY_GRADIENT}
    assert len(found) == 4


def test_the_next_step_at_the_end_says_why_there_is_none() -> None:
    frame = diverged().frame
    assert frame.ending
    assert lesson.next_step(frame) == frame.ending.sentence
    lab = laboratory(iterations=0)
    assert lab.frame.ending
    assert lesson.next_step(lab.frame).startswith(lab.frame.ending.sentence)
    assert "Next: w" in lesson.next_step(lab.frame)


@pytest.mark.parametrize("optimizer", [AdaGrad(1.0), RMSprop(eps=10.0), Adam(eps=100.0)], ids=repr)
def test_the_arithmetic_of_the_next_step_with_a_large_eps(optimizer: Optimizer) -> None:
    frame = laboratory(0.5, optimizer, start=(1.84, 0.0)).frame
    assert frame.following
    arithmetic = lesson.step_formula(optimizer, 0.5, frame.state.gradient[0], frame.state.memory[0])
    assert_evaluates(arithmetic, repr(frame.state.w - frame.following.w), 7)


@pytest.mark.parametrize("optimizer", [AdaGrad(), RMSprop(), Adam()], ids=repr)
def test_the_arithmetic_of_the_next_step_on_level_ground(optimizer: Optimizer) -> None:
    assert evaluated(lesson.step_formula(optimizer, 0.5, 0.0, optimizer.memory()))[0] == 0


# --- Forecast and divergence


@pytest.mark.parametrize("optimizer", [GradientDescent(), Momentum(), Nesterov(0.5)], ids=repr)
@w_alone_or_both
@pytest.mark.parametrize("share", [1e-3, 0.1, 0.4, 0.9, 1.5, 100.0])
def test_the_forecast_has_the_numbers_of_the_theory(optimizer: Optimizer, train_bias: bool, share: float) -> None:
    limits = laboratory(0.001, optimizer, train_bias).frame.stability
    assert limits
    rate = share * limits.critical
    text = lesson.forecast(laboratory(rate, optimizer, train_bias).frame)
    told = numbers(text)
    assert told[:2] == pytest.approx([share, limits.critical], rel=5e-3)
    regime = limits.regime(rate)
    # Along the flattest direction the error shrinks by less than a tenth of what it would just before overshooting.
    slow = (
        train_bias and rate * limits.curvature.lambda_min < 0.1 * limits.overshoots_above * limits.curvature.lambda_max
    )
    assert (lesson.ALONG if slow and regime in lesson.ALONG else lesson.REGIMES)[regime] in text
    if share > 1:
        assert told[2] == pytest.approx(limits.contraction(rate), rel=1e-3)
    else:
        assert told[2] == limits.iterations(rate)


@pytest.mark.parametrize("optimizer", [AdaGrad(), RMSprop(), Adam()], ids=repr)
def test_the_forecast_of_an_adaptive_optimizer_has_no_critical_rate(optimizer: Optimizer) -> None:
    assert not numbers(lesson.forecast(laboratory(0.1, optimizer).frame))


def test_the_forecast_where_nothing_can_be_told() -> None:
    assert not numbers(lesson.forecast(laboratory(0.1, data=EDGES["x is all zero"]).frame))
    assert "too slowly to count" in lesson.forecast(laboratory(1e-300).frame)


@pytest.mark.parametrize("rate", [0.005, 0.1, 1e10])
def test_the_factor_of_a_divergence_is_that_of_the_run(rate: float) -> None:
    lab = laboratory(rate, iterations=500)
    lab.walk.step(5)
    frame = lab.frame
    lowest = frame.landscape.sure_lowest(0.0)
    assert frame.before
    assert frame.stability
    assert lowest is not None
    grew = abs((frame.state.w - lowest.w) / (frame.before.w - lowest.w))
    for diverging in (frame, diverged(rate).frame):
        text = lesson.divergence(diverging)
        told = numbers(text)
        for expected in (grew, frame.stability.contraction(rate), rate / frame.stability.critical):
            assert any(found == pytest.approx(expected, rel=1e-3) for found in told)
        assert re.search(r"\bh\b", text)


# --- The derivation


def some_rows(count: int) -> Frame:
    x = [float(row) - 2.5 for row in range(count)]
    return laboratory(0.01, data=rows(x, [3 * value * value + 1 for value in x]), start=(0.7, -0.3)).frame


@pytest.mark.parametrize("count", [1, 2, 12, 13, 1000])
def test_the_derivation_writes_out_the_rows(count: int) -> None:
    frame = some_rows(count)
    lines = list(lesson.derivation(frame))
    table = [numbers(line) for line in lines if re.match(r" +\d+ ", line)]
    assert len(table) == min(count, lesson.SHOWN_ROWS)
    for index, told in enumerate(table):
        x, y = float(frame.ground.rows.x[index]), float(frame.ground.rows.y[index])
        error = 0.7 * x - 0.3 - y
        assert told == pytest.approx([index + 1, x, y, error, error * error, error * x], rel=1e-4, abs=1e-12)
    more = [line for line in lines if "more row" in line]
    assert [numbers(line) for line in more] == ([[count - 12]] if count > 12 else [])


@pytest.mark.parametrize("count", [1, 2, 12, 13, 1000])
@w_alone_or_both
def test_the_sums_of_the_derivation_are_those_of_the_rows(count: int, train_bias: bool) -> None:
    frame = some_rows(count)
    frame = replace(frame, settings=replace(frame.settings, train_bias=train_bias))
    errors = 0.7 * frame.ground.rows.x - 0.3 - frame.ground.rows.y
    text = "\n".join(lesson.derivation(frame))
    for name, factor, total, result in (
        ("L", 1, float(errors @ errors), frame.state.loss),
        ("dL/dw", 2, float(errors @ frame.ground.rows.x), frame.state.gradient[0]),
        ("dL/db", 2, float(errors.sum()), frame.state.gradient[1]),
    ):
        found = re.search(rf"^ *{name} = .* = (\d)/(\d+) \* ({NUMBER}) = ({NUMBER})$", text, re.MULTILINE)
        assert found
        told = [float(group) for group in found.groups()]
        assert told == pytest.approx([factor, count, total, result], rel=1e-6, abs=1e-9)
        assert told[0] / told[1] * told[2] == pytest.approx(told[3], rel=3e-6, abs=1e-9)
    assert ("b <- b" in text) == train_bias
    assert ("held" in text) != train_bias


@every_optimizer
@w_alone_or_both
@pytest.mark.parametrize("iterations", [0, 1, 5, 40])
def test_every_equation_of_the_derivation_holds(optimizer: Optimizer, train_bias: bool, iterations: int) -> None:
    """Each chain a = b = c, where all its letters have become numbers, is evaluated from there on."""
    frame = walked(optimizer, train_bias, iterations)
    assert frame.following
    lines = list(lesson.derivation(frame))
    lines = lines[next(index for index, line in enumerate(lines) if line.startswith("The step of")) + 1 :]
    held = 0
    for line in lines:
        sides = [side for side in line.strip().split(" = ") if not re.search(r"[a-df-z]", side.replace("sqrt", ""))]
        for arithmetic in sides[:-1]:
            assert_evaluates(arithmetic, sides[-1], 7)
            held += 1
        moved = re.match(r" *([wb]) <- \1 - (.*?) = (.*) = (.*)", line)
        if moved:
            value, after = ((s.w, s.b)["wb".index(moved[1])] for s in (frame.state, frame.following))
            assert_evaluates(moved[2], repr(value - after), 7)
            assert float(moved[4]) == pytest.approx(after, rel=1e-6)
    assert held >= 1 + train_bias


# --- Panels

PANELS: dict[str, Panel] = {name: getattr(panels, name) for name in ("header", "readout", "summary", "gauge", "story")}
SIZES = [*product((0, 1, 2, 3, 5, 12, 40, 80, 120), (0, 1, 2, 3, 8, 20))]


@cache
def frames() -> list[Frame]:
    """Frames of every kind: optimizers, w alone or both, rates, data at the edge, notes, axes."""
    found = []
    for kind, train_bias, rate in product(OPTIMIZERS.values(), (False, True), (1e-300, 0.001, 0.1, 1e300)):
        lab = laboratory(rate, kind(), train_bias)
        found.append(lab.frame)
        lab.walk.step(100)
        found.append(lab.frame)
    for data, kind in product(EDGES.values(), (GradientDescent, Momentum, Adam)):
        lab = laboratory(0.05, kind(), train_bias=True, data=data)
        found.append(lab.frame)
        lab.walk.step(20)
        found.append(lab.frame)
    for alarm in (False, True):
        lab.notes.say("A note that is longer than most: " + "word " * 60, alarm=alarm)
        lab.walk.running = alarm
        found.append(lab.frame)
    return found


def too_small(name: str, width: int, height: int) -> bool:
    """The sizes that a panel does not fill yet."""
    if name in {"header", "summary"}:
        return height > 1
    if name == "gauge":
        return width < 3 and (width, height) not in {(1, 1), (2, 1)}
    return name == "story" and width < 3 and height > 0


def assert_filled(name: str, width: int, height: int) -> None:
    for frame in frames()[:: 1 if (width, height) in {(80, 3), (40, 8), (12, 2)} else 7]:
        found = PANELS[name](frame, width, height)
        assert [len(row) for row in found] == [width] * height
        for character, _ in (cell for row in found for cell in row):
            assert len(character) == 1
            assert " " <= character <= "~"


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_a_panel_fills_its_size_with_printable_ascii(size: tuple[int, int]) -> None:
    for name in PANELS:
        if not too_small(name, *size):
            assert_filled(name, *size)


@pytest.mark.parametrize("name", ["header", "summary", "gauge", "story"])
def test_a_panel_fills_every_size(name: str) -> None:
    for size in SIZES:
        if too_small(name, *size):
            assert_filled(name, *size)


def text_of(found: list[Row]) -> list[str]:
    return ["".join(character for character, _ in row) for row in found]


def test_a_paragraph_that_has_no_room_ends_with_dots() -> None:
    words = "one two three four five six"
    assert text_of(panels.paragraph(words, "value", 10, 3)) == ["one two   ", "three four", "five six  "]
    assert text_of(panels.paragraph(words, "value", 10, 2)) == ["one two   ", "three ... "]
    assert text_of(panels.paragraph(words, "value", 40, 2)) == [f"{words:40}", " " * 40]


def test_names_from_the_data_are_shown_as_they_are() -> None:
    data = rows([1, 2], [3, 5], "[bold]na\u00efve.csv", "\u03bb [x]", "y $text")
    (line,) = text_of(panels.header(laboratory(data=data).frame, 80, 1))
    assert "[bold]na\u00efve.csv" in line
    assert "2 rows" in line
    assert "y $text = w * \u03bb [x] + b" in line


def test_the_table_of_a_database_is_named_where_there_is_room() -> None:
    data = replace(rows([1, 2], [3, 5], "shop.duckdb", "day", "eur"), origin=Origin(("shop.duckdb",), "s2.sales"))
    frame = laboratory(data=data).frame
    assert text_of(panels.header(frame, 80, 1))[0].split("  ")[1] == "s2.sales in shop.duckdb"
    assert text_of(panels.header(frame, 50, 1))[0].split("  ")[1] == "shop.duckdb"
    assert frame.ground.told == "s2.sales in shop.duckdb: eur against day, 2 rows."
    server = replace(data, name="s2.sales")
    assert laboratory(data=server).ground.called == "s2.sales", "a server's table is called so already"


def test_wide_names_fill_the_width_and_no_more() -> None:
    data = rows([1, 2], [3, 5], "\u65e5\u672c.csv", "\u6570", "\u5024")
    (line,) = text_of(panels.header(laboratory(data=data).frame, 60, 1))
    assert cell_len(line) == 60


@w_alone_or_both
def test_the_readout_has_the_numbers_of_the_state(train_bias: bool) -> None:
    lab = laboratory(0.001, train_bias=train_bias, iterations=5000)
    lab.walk.step(1234)
    frame = lab.frame
    state = frame.state
    lines = text_of(panels.readout(frame, 40, 8))
    assert "1,234 of 5,000" in lines[0]
    for line, name, value, digits in (
        (lines[1], "w", state.w, 9),
        (lines[2], "b", state.b, 9),
        (lines[3], "loss", state.loss, 9),
        (lines[4], "dL/dw", state.gradient[0], 7),
        (lines[5], "dL/db", state.gradient[1], 7),
    ):
        assert line.split()[0] == name
        assert float(line.split()[1]) == pytest.approx(value, rel=10.0 ** (1 - digits))
    assert ("held" in lines[5]) != train_bias
    lowest = frame.landscape.sure_lowest(None if train_bias else state.b)
    assert lowest is not None
    correct = [correct_digits(state.w, lowest.w), correct_digits(state.b, lowest.b)][: 1 + train_bias]
    assert numbers(lines[6]) == pytest.approx(correct, abs=0.051)


def test_the_summary_has_the_numbers_of_the_state() -> None:
    lab = laboratory()
    lab.walk.step(3)
    state = lab.frame.state
    (line,) = text_of(panels.summary(lab.frame, 80, 1))
    assert "3/100" in line
    told = [float(found) for found in re.findall(rf" ({NUMBER})(?= )", line)]
    assert told == pytest.approx([state.w, state.b, state.loss, 0.001, state.gradient[0]], rel=1e-4)


def test_the_story_tells_a_note_before_a_divergence_before_a_step() -> None:
    lab = diverged()
    assert text_of(panels.story(lab.frame, 200, 5))[0].strip() == lesson.divergence(lab.frame)
    lab.notes.say("Saved.", alarm=True)
    told = panels.story(lab.frame, 200, 5)
    assert text_of(told)[0].strip() == "Saved."
    assert told[0][0][1] == "bad"
    lab = laboratory()
    lab.walk.step()
    lines = [line.strip() for line in text_of(panels.story(lab.frame, 200, 5))]
    assert [line for line in lines if line] == [lesson.last_step(lab.frame), lesson.next_step(lab.frame)]


def test_the_story_tells_a_note_in_two_rows_too() -> None:
    lab = laboratory()
    lab.notes.say("Saved.")
    assert "Saved." in text_of(panels.story(lab.frame, 200, 2))[0]


# --- The gauge

ROLES = {Regime.CRAWL: "label", Regime.GLIDE: "good", Regime.OVERSHOOT: "warn", Regime.DIVERGE: "bad"}


def bar(frame: Frame, rate: float, width: int) -> Row:
    return panels.gauge(replace(frame, settings=replace(frame.settings, learning_rate=rate)), width, 3)[0]


def place(row: Row, character: str, role: str) -> int | None:
    found = [column for column, cell in enumerate(row) if cell == (character, role)]
    assert len(found) <= 1
    return found[0] if found else None


@pytest.mark.parametrize("optimizer", [GradientDescent(), Momentum(0.5), Nesterov(0.2)], ids=repr)
@w_alone_or_both
@pytest.mark.parametrize("width", [3, 12, 22, 40, 118])
def test_the_gauge_shows_the_rate_among_the_regimes(optimizer: Optimizer, train_bias: bool, width: int) -> None:
    frame = laboratory(0.001, optimizer, train_bias).frame
    limits = frame.stability
    assert limits
    best = place(bar(frame, limits.best, width), "#", "mark")
    bare = bar(frame, 1e300, width)
    assert place(bare, "*", "best") in {best, None}
    columns = []
    rates = [*np.logspace(-300, 300, 101), *np.geomspace(limits.critical / 2000, limits.critical * 5, 101)]
    for rate in sorted(map(float, rates)):
        row = bar(frame, rate, width)
        assert len(row) == width
        column = place(row, "#", "mark")
        assert column is not None
        columns.append(column)
        assert place(row, "*", "best") == (best if column != best else None)
        regions = [list(ROLES.values()).index(role) for _, role in row if role in ROLES.values()]
        assert regions == sorted(regions)
        near = {role for _, role in bare[max(column - 1, 0) : column + 2]}
        if width > 3 and {"mark", "best"}.isdisjoint(near):
            assert ROLES[limits.regime(rate)] in near
    assert columns == sorted(columns)
    assert (columns[0], columns[-1]) == (0, width - 1)


def test_the_regions_of_the_gauge_are_named_where_there_is_room() -> None:
    (line, *_) = text_of(panels.gauge(laboratory(1e-300).frame, 160, 3))
    assert [regime.value in line for regime in Regime] == [True] * 4
    (line, *_) = text_of(panels.gauge(laboratory(1e-300).frame, 12, 3))
    assert not re.search(r"[a-z]", line)


def test_the_gauge_below_says_the_forecast() -> None:
    frame = laboratory().frame
    assert " ".join(text_of(panels.gauge(frame, 40, 5))[1:]).split() == lesson.forecast(frame).split()


def test_the_gauge_where_the_critical_rate_is_huge_and_the_rate_tiny() -> None:
    row = bar(laboratory(data=rows([1e-20, 2e-20], [1, 2])).frame, 1e-300, 40)
    assert place(row, "#", "mark") == 0


def test_the_gauge_has_no_marks_where_there_is_no_critical_rate() -> None:
    for frame in (laboratory(0.1, Adam()).frame, laboratory(0.1, data=EDGES["x is all zero"]).frame):
        assert text_of(panels.gauge(frame, 30, 2))[0] == "-" * 30


def test_the_pizzas_are_those_of_the_lesson() -> None:
    (line,) = text_of(panels.header(laboratory().frame, 80, 1))
    assert f"{len(PIZZA.x)} rows" in line
    assert "Pizzas = w * Reservations + b" in line


def test_a_sentence_in_wide_characters_is_wrapped_by_their_width() -> None:
    text = "披萨销售数量 against 预订数量, 20 rows, 预订数量预订数量."
    rows = paragraph(text, "note", 20, 6)
    assert all(len(row) == 20 for row in rows)
    told = "".join(cell for row in rows for cell, _ in row).split()
    assert "".join(told) == "".join(text.split())


@pytest.mark.parametrize("batch", [None, Batch(8)], ids=["all rows", "batches"])
@pytest.mark.parametrize("train_bias", [False, True], ids=["w", "w and b"])
@pytest.mark.parametrize("optimizer", OPTIMIZERS.values())
@pytest.mark.parametrize("rate", [1e-4, 1e-3, 0.01, 0.1])
def test_no_sentence_of_a_small_screen_loses_its_end(
    rate: float, optimizer: type[Optimizer], train_bias: bool, batch: Batch | None
) -> None:
    settings = Settings(rate, optimizer(), train_bias, batch=batch)
    lab = Laboratory(Ground.of(PIZZA), settings, Limits(20))
    seen = set()
    for _ in range(20):
        frame = lab.frame
        below = text_of(panels.gauge(frame, 52, 3)), text_of(panels.story(frame, 52, 5))
        seen |= {line.rstrip() for lines in below for line in lines}
        assert not [line for line in seen if line.endswith("...") and not frame.diverging], frame.state.iteration
        lab.walk.step(1)
    assert any(line.startswith("Next: ") for line in seen)


@pytest.mark.parametrize("name", TERRAINS)
@pytest.mark.parametrize("optimizer", OPTIMIZERS.values())
def test_nor_does_one_on_a_terrain(name: str, optimizer: type[Optimizer]) -> None:
    terrain = TERRAINS[name]
    for rate in (1e-4, 0.01, 0.5):
        lab = Laboratory(terrain, Settings(rate, optimizer(), terrain.has_bias), Limits(12), terrain.scope.start)
        for _ in range(13):
            lines = text_of(panels.gauge(lab.frame, 52, 3)) + text_of(panels.story(lab.frame, 52, 5))
            assert not [line for line in lines if line.rstrip().endswith("...")], lines
            if lab.walk.timeline.ending is None:
                assert any(line.startswith("Next: ") for line in lines), lines
            lab.walk.step(1)


def test_a_short_form_says_what_stands_nowhere_else() -> None:
    lab = laboratory(0.001, train_bias=True)
    lab.walk.step(1)
    frame = lab.frame
    following = frame.following
    assert following is not None
    assert lesson.next_step(frame, short=True).startswith(f"Next: w = {following.w:.4g}, b = {following.b:.4g}; loss ")
    assert lesson.last_step(frame, short=True) == lesson.last_step(frame).split(", 812")[0] + "."
    assert "h: back before the rise" in lesson.divergence(diverged().frame, short=True)


def test_the_short_form_is_for_where_there_is_no_room() -> None:
    text, short = "one two three four five", "one to five"
    assert text_of(panels.paragraph(text, "value", 10, 3, short=short)) == ["one two   ", "three four", "five      "]
    assert text_of(panels.paragraph(text, "value", 12, 1, short=short)) == ["one to five "]


@pytest.mark.parametrize("loss", ["squared", "absolute", "huber"])
def test_of_a_batch_the_derivation_and_the_next_step_say_that_they_are(loss: str) -> None:
    lab = Laboratory(Ground.of(PIZZA, loss), Settings(0.001, batch=Batch(5)), Limits(20))
    lab.walk.step(4)
    frame = lab.frame
    batch, following = frame.batch, frame.following
    assert batch is not None
    assert following is not None
    told = "\n".join(lesson.derivation(frame))
    assert "This step sees 5 of 30 rows, in epoch 0: all below is of these alone." in told
    assert batch(frame.state.w, frame.state.b) == pytest.approx(frame.state.loss)
    if loss != "squared":
        assert f"d2L/dw2 = {lesson.number(batch.hessian(frame.state.w, frame.state.b)[0])}" in told
    here, there = lesson.number(frame.state.loss), lesson.number(following.loss)
    assert lesson.next_step(frame).endswith(f"loss of this batch {here}, of the next one {there}.")
    assert "loss" not in lesson.next_step(frame, short=True)
    everything = Laboratory(Ground.of(PIZZA, loss), Settings(0.001), Limits(20)).frame
    assert "This step sees" not in "\n".join(lesson.derivation(everything))
    assert "batch" not in lesson.next_step(everything)
