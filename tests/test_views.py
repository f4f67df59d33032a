"""The views besides the curve as data: what is drawn where, that windows hold still, and that nothing breaks them."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gdcore.descent.batches import Batch
from gdcore.descent.branches import Branch
from gdcore.descent.optimizers import Adam
from gdcore.descent.steps import Limits, Reason, Settings
from gdcore.descent.timeline import Timeline
from gdcore.landscapes.bowl import MeanSquaredError
from gdcore.landscapes.terrain import TERRAINS
from gdcore.rows.dataset import Dataset, load
from gdcore.studies.sweep import Sweep, default_rates, sweep
from tests.problems import pizza_rows
from tui.charts.canvas import GLYPHS, MARKERS, STROKES, Label, Line, Picture, Points, Scene, render
from tui.charts.curve import Descent, curve_scene
from tui.charts.fit import SAMPLE, Fit, dashed, fit_scene, fit_window, sample
from tui.charts.history import History, history_scene, history_window
from tui.charts.map import Walk, close_window, levels, map_scene, map_window
from tui.charts.rates import Rates, rates_scene, rates_window
from tui.charts.runs import Badge, run_layers
from tui.charts.window import Floats, Window, interval_around, ticks_across
from tui.laboratory.laboratory import Laboratory
from tui.terminal.painted import PALETTE
from tui.views.history import curve_of
from tui.views.view import noted, path_of
from tui.views.views import VIEWS, Views

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

X, Y = pizza_rows()
PIZZA = MeanSquaredError.of(X, Y)
TROUGH = MeanSquaredError.of([2.0, 2.0, 2.0], [1.0, 2.0, 4.0])
PERFECT = MeanSquaredError.of([1.0, 2.0, 3.0], [3.0, 5.0, 7.0])
TWO_ROWS = MeanSquaredError.of([-1.0, 2.0], [4.0, 1.0])
FAR = MeanSquaredError.of([1e6, 1e6 + 1, 1e6 + 2], [3.0, 1.0, 2.0])
HUGE = MeanSquaredError.of([1e70, 3e70], [1e80, -1e80])
LOSSES = [PIZZA, TROUGH, PERFECT, TWO_ROWS, FAR, HUGE]
SIZES = [(1, 1), (2, 3), (8, 4), (20, 7), (52, 14), (92, 26), (220, 70)]
ANY = st.floats() | st.sampled_from([0.0, 1.0, 1e308, -1e308, 5e-324, math.nan, math.inf, -math.inf])
UNIT = Window(0, 1, 0, 1)


def layers(scene: Scene, kind: type[Line | Points], role: str) -> list[tuple[Floats, Floats]]:
    found = [layer for layer in scene.layers if isinstance(layer, kind) and layer.role == role]
    return [(np.asarray(layer.xs, dtype=float), np.asarray(layer.ys, dtype=float)) for layer in found]


def texts(scene: Scene, role: str) -> list[str]:
    return [layer.text for layer in scene.layers if isinstance(layer, Label) and layer.role == role]


def text(picture: Picture) -> str:
    return "\n".join("".join(character for character, _ in row) for row in picture.rows)


def drawn(scene: Scene) -> None:
    """Draw it at all sizes, with all markers."""
    for size in SIZES:
        for marker in MARKERS:
            picture = render(scene, *size, marker)
            assert picture.size == size
            assert marker != "dot" or text(picture).isascii()


def walked(rate: float, steps: int, *, train_bias: bool = True, loss: MeanSquaredError = PIZZA) -> Floats:
    run = Timeline(loss, Settings(rate, train_bias=train_bias), Limits(steps))
    run.forward(steps)
    return run.path(0, run.tip + 1)


def walk(path: Floats, loss: MeanSquaredError = PIZZA, **changes: object) -> Walk:
    return replace(Walk(loss, path[-1, 0], path[-1, 1], path[:-1]), **changes)  # type: ignore[arg-type]


# Labels, logarithmic axes


def test_a_label_hides_nothing_in_front_of_it_and_touches_no_other() -> None:
    front = Points("hiker", [0.5], [0.5])
    scene = Scene(UNIT, (Label("level", [0.5, 0.5], [0.5, 1.0], "abc"), Label("level", [0.5], [1.0], "xyz"), front))
    picture = render(scene, 41, 21, "dot")
    assert "xyz" in text(picture)
    assert "abc" not in text(picture)
    free = render(Scene(UNIT, (scene.layers[0], front)), 41, 21)
    assert "abc" in text(free).splitlines()[free.body.row]
    assert "●" in text(free)


@pytest.mark.parametrize("marker", MARKERS)
def test_nothing_is_seen_through_a_label_nor_beside_it(marker: str) -> None:
    lines = [Line("curve", [0, 1], [0.5 + height, 0.5 - height]) for height in (-0.1, -0.05, 0, 0.05, 0.1)]
    picture = render(Scene(UNIT, (*lines, Label("run-2", [0.5], [0.5], "a name", sign="run-2"))), 41, 21, marker)
    cells = [character for row in picture.rows for character, role in row if role == "run-2"]
    assert "".join(cells) == f" {GLYPHS['run-2'][marker == 'dot']} a name "


def test_a_label_beside_a_point_is_right_of_it_or_else_left() -> None:
    for x, line in ((0.0, "● here"), (1.0, "here ●")):
        scene = Scene(UNIT, (Label("ghost", [x], [0.5], "here", beside=True), Points("hiker", [x], [0.5])))
        assert line in text(render(scene, 40, 16))
    nowhere = Scene(UNIT, (Label("ghost", [0.5], [0.5], "long" * 20, beside=True), Label("ghost", [2], [0.5], "out")))
    assert "lo" not in text(render(nowhere, 40, 16))
    assert "out" not in text(render(nowhere, 40, 16))


@given(st.text(max_size=40), st.lists(st.tuples(ANY, ANY), max_size=5), st.booleans(), st.sampled_from(SIZES))
def test_any_label_is_drawn(words: str, places: list[tuple[float, float]], beside: bool, size: tuple[int, int]) -> None:
    xs, ys = np.array(places, dtype=float).reshape(-1, 2).T
    picture = render(Scene(UNIT, (Label("change", xs, ys, words, beside),), words, words, words), *size)
    assert picture.size == size


def test_long_names_are_shortened_and_wide_characters_stay_whole() -> None:
    scene = Scene(UNIT, (), "title", "long " * 1000, "予約" * 1000)
    for width in (40, 41):
        rows = text(render(scene, width, 20)).splitlines()
        assert rows[0].startswith("予約予約")
        assert "…" in rows[0]
        assert rows[-2].rstrip().endswith("…")
        assert "title" in rows[0]
    assert text(render(scene, 40, 20, "dot")).isascii()


def test_a_line_without_room_is_left_out() -> None:
    scene = Scene(UNIT, (Line("residual", [0.5, 0.5], [0, 1], columns=30),))
    assert any(role == "residual" for row in render(scene, 40, 20).rows for _, role in row)
    assert not any(role == "residual" for row in render(scene, 30, 20).rows for _, role in row)


def test_both_axes_may_be_logarithmic() -> None:
    assert [label for _, label in ticks_across(-3, 0, 40, log=True)] == ["0.001", "0.01", "0.1", "1"]
    picture = render(Scene(Window(-3, 0, 0, 2), (), log_x=True, log_y=True), 60, 20)
    assert "0.001" in text(picture)
    assert "100┤" in text(picture)


@pytest.mark.parametrize("values", [[], [math.nan], [0.0], [1e308, -1e308], [5e-324], [7.0, 7.0], [math.inf, 1.0]])
def test_any_values_have_an_interval(values: list[float]) -> None:
    low, high = interval_around(values)
    assert low < high
    assert all(low <= value <= high for value in values if math.isfinite(value))


def test_every_role_that_is_drawn_has_a_colour_and_every_line_a_sign_of_its_own() -> None:
    assert set(GLYPHS) - {"left", "right", "up", "down"} <= set(PALETTE)
    assert set(STROKES) <= set(PALETTE)
    map_lines = ["height-0", "branch", "trail", "line", "floor"]
    history_lines = ["curve", "future", "branch", "floor", "change"]
    fit_lines = ["line", "floor", "residual"]
    for roles in (map_lines, history_lines, fit_lines, ["curve", "cliff", "cursor"]):
        assert len({STROKES.get(role, ".") for role in roles}) == len(roles)


# Map


@pytest.mark.parametrize("loss", LOSSES, ids=["pizza", "trough", "perfect", "two rows", "far", "huge"])
def test_every_point_of_a_contour_has_its_loss(loss: MeanSquaredError) -> None:
    window = map_window(loss, (0.0, 0.0), (0.0, 0.0))
    found = levels(loss, window)
    assert 4 <= len(found) <= 9
    for level, label in found:
        assert float(label) == level
        ((ws, bs),) = loss.contours([level], (window.left, window.right), (window.bottom, window.top))
        known = np.isfinite(bs)
        assert known.sum() > 10
        # What the loss itself may be off: its terms are as large as the squares of w * mx and b.
        size = np.max(np.abs(loss.moments.mean_x * (ws[known] - loss.weight)) + np.abs(bs[known] - loss.bias)) ** 2
        np.testing.assert_allclose(loss(ws[known], bs[known]), level, rtol=1e-9, atol=1e-12 * size)
        assert (ws[known] >= window.left).all()
        assert (ws[known] <= window.right).all()


def test_a_contour_in_sight_is_closed_and_smooth() -> None:
    window = map_window(PIZZA, (0.0, 0.0), (0.0, 0.0))
    ((ws, bs),) = PIZZA.contours([30.0], (window.left, window.right), (window.bottom, window.top))
    across, up = window.across(ws), window.up(bs)
    known = np.isfinite(up)
    steps = np.hypot(np.diff(across[known]), np.diff(up[known]))
    assert steps.max() < 0.02
    assert (across[known][0], up[known][0]) == pytest.approx((across[known][-1], up[known][-1]), abs=1e-6)
    scene = render(Scene(window, (Line("level", ws, bs),)), 90, 26)
    assert sum(role == "level" for row in scene.rows for _, role in row) > 30


def test_levels_are_round_and_between_the_floor_and_the_largest_loss_in_sight() -> None:
    window = map_window(PIZZA, (0.0, 0.0), (0.0, 0.0))
    assert window == Window(-1, 4, -10, 30)
    assert [label for _, label in levels(PIZZA, window)] == ["50", "100", "200", "500", "1000", "2000"]
    near = Window(PIZZA.weight - 1e-3, PIZZA.weight + 1e-3, PIZZA.bias - 1e-3, PIZZA.bias + 1e-3)
    assert all(PIZZA.floor < level < 22.85 for level, _ in levels(PIZZA, near))
    assert levels(PIZZA, near)


def test_every_contour_is_named_where_there_is_room() -> None:
    path = walked(0.001, 3)
    picture = render(map_scene(walk(path), map_window(PIZZA, (0, 0), (0, 0))), 92, 26)
    inside = "\n".join(text(picture).splitlines()[1:-3])
    for label in ("50", "100", "200", "500", "1000", "2000"):
        assert f" {label}" in inside


def test_the_legend_of_the_map_says_which_levels_there_are_in_the_smallest_terminal_too() -> None:
    for loss, told in ((PIZZA, "loss 50..2000"), (TROUGH, "loss 2 5 10 20"), (PERFECT, "loss 0.03..100")):
        for train_bias in (True, False):
            path = walked(0.001, 3, loss=loss, train_bias=train_bias)
            window = map_window(loss, (0.0, 0.0), (0.0, 0.0))
            scene = map_scene(walk(path, loss, train_bias=train_bias, ghosts=[("", 1.0, 0.1)]), window)
            for size in ((52, 14), (92, 26)):
                legend = text(render(scene, *size)).splitlines()[-1]
                assert f"path  ─ {told}" in legend
                shown = [label for _, label in levels(loss, scene.window)]
                assert [shown[0], shown[-1]] == [re.findall(r"\d+(?:\.\d+)?", told)[end] for end in (0, -1)]


@pytest.mark.parametrize("marker", MARKERS)
def test_without_colours_a_pattern_tells_a_contour_from_the_next(marker: str) -> None:
    scene = map_scene(walk(walked(0.0035, 3), ghosts=[("", 1.0, 0.1)]), map_window(PIZZA, (0, 0), (0, 0)))
    contours = [layer.role for layer in scene.layers if isinstance(layer, Line) and layer.role.startswith("height-")]
    assert contours == [f"height-{level}" for level in (1, 2, 4, 6, 7, 8)]
    coloured, colourless = (render(scene, 92, 26, marker, colourless=each) for each in (False, True))
    shares = []
    for role in contours:
        whole, own = (
            "".join(cell for row in picture.rows for cell, its in row if its == role)
            for picture in (coloured, colourless)
        )
        if marker == "dot":
            assert own == role[-1] * len(whole), "the height itself, as on the surface"
        else:
            shares.append(dots(own) / dots(whole))
    for one, other in pairwise(shares):
        assert abs(one - other) > 0.1, "whichever two are side by side"
    for before, after in zip(coloured.rows, colourless.rows, strict=True):
        roles = zip((role for _, role in before), (role for _, role in after), strict=True)
        assert all(old == new or {old, new} <= {*contours, ""} for old, new in roles), "all else stays as it is"
    signs = (".", "#") if marker == "dot" else ("─", "─")
    for picture, sign in zip((coloured, colourless), signs, strict=True):
        assert f"{sign} loss 50..2000" in text(picture)


def dots(cells: str) -> int:
    """How many dots are drawn, in Braille or in blocks."""
    blocks = " ▘▝▀▖▌▞▛▗▚▐▜▄▙▟█"
    return sum((blocks.index(cell) if cell in blocks else ord(cell) - 0x2800).bit_count() for cell in cells)


def test_the_map_shows_the_run() -> None:
    path = walked(0.0045, 12)
    branch = walked(0.001, 5)
    ghosts = [("1/2", 1.0, 0.1), ("1", 2.0, 0.2), ("2", 99.0, 0.3)]
    window = map_window(PIZZA, (0.0, 0.0), (path[-1, 0], path[-1, 1]))
    scene = map_scene(walk(path, ghosts=ghosts, branches=[branch]), window)
    ((ws, bs),) = layers(scene, Line, "trail")
    np.testing.assert_array_equal(np.column_stack((ws, bs)), path[:, :2])
    ((ws, bs),) = layers(scene, Points, "trail")
    np.testing.assert_array_equal(np.column_stack((ws, bs)), path[:-1, :2])
    ((ws, bs),) = layers(scene, Line, "branch")
    np.testing.assert_array_equal(np.column_stack((ws, bs)), branch[:, :2])
    ((ws, _),) = layers(scene, Points, "ghost")
    assert ws.tolist() == [1.0, 2.0, 99.0]
    assert texts(scene, "ghost") == ["1/2", "1", "2"]
    assert [float(place[0]) for place in layers(scene, Points, "minimum")[0]] == [PIZZA.weight, PIZZA.bias]
    assert [float(place[0]) for place in layers(scene, Points, "hiker")[0]] == [path[-1, 0], path[-1, 1]]
    assert layers(scene, Line, "line") == []
    picture = text(render(scene, 92, 26))
    assert "next at 1/2 1 2 rate" in picture
    assert "2 ►" in picture


def test_a_zigzag_is_seen_as_one() -> None:
    path = walked(0.0045, 9)
    ws = path[:, 0]
    assert (np.diff(ws)[1:] * np.diff(ws)[:-1] < 0).all()
    scene = map_scene(walk(path), close_window(path))
    picture = render(scene, 92, 26)
    body = picture.body
    rows = {row for row, cells in enumerate(picture.rows) if any(role == "trail" for _, role in cells[body.column :])}
    assert len(rows) > 10
    for row in range(body.row, body.row + body.height):
        spots = [column for column, cell in enumerate(picture.rows[row]) if cell == ("•", "trail")]
        assert len(spots) <= 4


def test_with_b_held_the_run_moves_along_a_line() -> None:
    path = walked(0.001, 3, train_bias=False)
    scene = map_scene(walk(path, train_bias=False), map_window(PIZZA, (0, 0), (0, 0)))
    assert layers(scene, Line, "line")[0][1].tolist() == [0, 0]
    for size in ((52, 14), (92, 26)):
        row = next(row for row in render(scene, *size).rows if any(role == "line" for _, role in row))
        assert " b is held " in "".join(character for character, role in row if role == "line")


def test_a_trough_has_a_floor_instead_of_a_minimum() -> None:
    path = walked(0.05, 5, loss=TROUGH)
    scene = map_scene(walk(path, TROUGH), map_window(TROUGH, (0.0, 0.0), (0.0, 0.0)))
    assert layers(scene, Points, "minimum") == []
    ((ws, bs),) = layers(scene, Line, "floor")
    known = np.isfinite(ws)
    np.testing.assert_allclose(TROUGH(ws[known], bs[known]), TROUGH.floor)
    assert "╌ minimum" in text(render(scene, 52, 14)).splitlines()[-1]


def test_the_map_shows_start_and_minimum_and_holds_still() -> None:
    window = map_window(PIZZA, (0.0, 0.0), (0.0, 0.0))
    for w, b, _ in walked(0.0045, 500):
        assert map_window(PIZZA, (0.0, 0.0), (w, b), window) == window
    assert window.left < 0 < PIZZA.weight < window.right
    assert window.bottom < 0 < PIZZA.bias < window.top
    wider = map_window(PIZZA, (0.0, 0.0), (5.0, 0.0), window)
    assert (wider.bottom, wider.top) == (window.bottom, window.top)
    assert wider.right - wider.left >= 2 * (window.right - window.left)


def test_a_diverging_run_is_drawn_to_the_end_of_the_numbers() -> None:
    path, window = walked(0.01, 1000), None
    for count in range(1, len(path) + 1):
        before, window = window, map_window(PIZZA, (0.0, 0.0), (path[count - 1, 0], path[count - 1, 1]), window)
        if before != window and count % 10 == 0:
            render(map_scene(walk(path[:count]), window), 40, 16)
    assert window is not None
    assert window.right > 1e100
    drawn(map_scene(walk(path), window))


@pytest.mark.parametrize("loss", LOSSES, ids=["pizza", "trough", "perfect", "two rows", "far", "huge"])
def test_every_map_is_drawn_at_any_size(loss: MeanSquaredError) -> None:
    path = np.array([[0.0, 0.0, 1.0]])
    window = map_window(loss, (0.0, 0.0), (0.0, 0.0))
    drawn(map_scene(walk(path, loss, train_bias=False, ghosts=[("", 1.0, 1.0)], branches=[path, ()]), window))


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(LOSSES), ANY, ANY, st.lists(st.tuples(ANY, ANY), max_size=5), st.sampled_from(SIZES), st.booleans()
)
@example(TROUGH, 0.0, 0.0, [(3e307, 1.5e307)], (1, 1), False)
def test_any_walk_is_drawn(  # noqa: PLR0917
    loss: MeanSquaredError,
    w: float,
    b: float,
    points: list[tuple[float, float]],
    size: tuple[int, int],
    train_bias: bool,
) -> None:
    path = np.array(points, dtype=float).reshape(-1, 2)
    scene = Walk(loss, w, b, path, [("1", w, b), ("2", b, w)], train_bias, [path])
    for window in (map_window(loss, (w, b), (b, w)), close_window(path)):
        assert render(map_scene(scene, window), *size).size == size


# Other runs


def written(picture: Picture, words: str) -> list[set[str]]:
    """The roles of these words, wherever they are: on a line of the chart or in its legend."""
    found = []
    for row in picture.rows:
        line = "".join(character or " " for character, _ in row)
        for start in (place.start() for place in re.finditer(re.escape(words), line)):
            cells = zip(words, row[start : start + len(words)], strict=True)
            found.append({role for letter, (_, role) in cells if letter != " "})
    return found


def test_of_many_runs_the_current_one_and_the_newest_have_badges_and_no_two_the_same() -> None:
    lab = Laboratory(load("pizza"), Settings(0.001, batch=Batch(5)), Limits(30))
    lab.walk.step(2)
    views = Views()
    own = views.badges(lab.frame)[id(lab.frame.branch)]
    lab.studies.race()
    lab.studies.seeds()
    badges = views.badges(lab.frame)
    runs = list(lab.frame.branches)
    assert len(badges) == len(runs) > 8
    assert badges[id(lab.frame.branch)] == own
    numbers = [badges[id(run)].number for run in runs if run is not lab.frame.branch]
    assert {own.number, *numbers[-7:]} == set(range(8)), "each its own"
    assert set(numbers[:-7]) == {None}
    older = badges[id(runs[1])]
    assert (older.role, older.glyph, older.ascii) == ("branch", " ", " ")


def test_runs_without_a_badge_are_other_runs_in_every_view() -> None:
    lab = Laboratory(load("pizza"), Settings(0.001, train_bias=True), Limits(30))
    lab.studies.race()
    views = Views()
    views.racers = tuple(Branch(f"racer {number}", branch.run) for number, branch in enumerate(lab.walk.branches))
    for view in ("curve", "map", "history", "surface"):
        views.show(view, lab.ground)
        scene = views.scene(lab.frame)
        others = [layer for layer in scene.layers if isinstance(layer, (Line, Points)) and layer.role == "branch"]
        assert {layer.label for layer in others} == {"other runs"}
        assert not any(isinstance(layer, Label) and layer.role.startswith("run-") for layer in scene.layers)
        assert "other runs" in text(render(scene, 92, 26)).splitlines()[-1]


@pytest.mark.parametrize("steps", [0, 45])
@pytest.mark.parametrize(
    ("view", "log"), [("map", False), ("history", False), ("history", True)], ids=["map", "linear", "log"]
)
@pytest.mark.parametrize("size", [(52, 14), (92, 26)], ids=["80x24", "120x36"])
def test_the_runners_of_a_race_are_told_apart_by_colour_mark_and_whole_name(
    size: tuple[int, int], view: str, log: bool, steps: int
) -> None:
    lab = Laboratory(load("pizza"), Settings(0.001, train_bias=True), Limits(200))
    lab.walk.step(steps)
    lab.studies.race()
    views = Views()
    views.show(view, lab.ground)
    views.log = log
    scene = views.scene(lab.frame)
    picture = render(scene, *size)
    badges = views.badges(lab.frame)
    runners = [badges[id(branch)] for branch in lab.frame.branches if branch is not lab.frame.branch]
    assert len({badge.role for badge in badges.values()}) == len(badges) == 8
    for badge in runners:
        assert written(picture, f"{badge.glyph} {badge.name}") == [{badge.role}]
        assert (badge.glyph, badge.role) in {cell for row in picture.rows for cell in row}
        ((xs, ys),) = layers(scene, Line, badge.role)
        ((marked_x, marked_y),) = layers(scene, Points, badge.role)
        seen = np.flatnonzero((scene.window.up(ys) <= 1) & (scene.window.up(ys) >= 0) & np.isfinite(xs))
        assert (marked_x[-1], marked_y[-1]) == pytest.approx((xs[seen[-1]], ys[seen[-1]])), "where it has come to"


@pytest.mark.parametrize("marker", MARKERS)
@pytest.mark.parametrize("log", [False, True])
@pytest.mark.parametrize("size", [(52, 14), (92, 26)], ids=["80x24", "120x36"])
def test_the_curve_names_the_runners_of_a_race(size: tuple[int, int], log: bool, marker: str) -> None:
    lab = Laboratory(load("pizza"), Settings(0.001, train_bias=True), Limits(200))
    lab.walk.step(2)
    lab.studies.race()
    views = Views()
    views.log = log
    picture = render(views.scene(lab.frame), *size, marker)
    *chart, _ = text(picture).splitlines()
    for key, badge in views.badges(lab.frame).items():
        if key != id(lab.frame.branch):
            assert written(picture, f"{GLYPHS[badge.role][marker == 'dot']} {badge.name}") == [{badge.role}]
            assert log or any(badge.name in row for row in chart)


def test_the_curve_names_a_run_that_left_the_window_where_it_was_last_seen() -> None:
    moment = Descent(
        lambda w: 0 * w,
        0.5,
        0.5,
        0.0,
        branches=[([0.2, 0.4, 9.0], [0.2, 0.6, 9.0]), ([0.9, math.nan], [0.1, math.nan])],
    )
    moment = replace(moment, badges=[Badge(1, "away"), Badge(2, "broken")])
    for name, end in (("away", (0.4, 0.6)), ("broken", (0.9, 0.1))):
        ((xs, ys),) = [
            (np.asarray(layer.xs), np.asarray(layer.ys))
            for layer in curve_scene(moment, UNIT).layers
            if isinstance(layer, Label) and layer.text == name
        ]
        assert (xs[0], ys[0]) == pytest.approx(end)


def test_where_names_have_no_room_they_are_in_the_legend() -> None:
    runs = [(np.array([0.0, 0.5]), np.array([0.0, 0.5 + place / 100])) for place in range(3)]
    badges = [Badge(place, f"a very long name, number {place}") for place in range(3)]
    narrow = render(Scene(UNIT, tuple(run_layers(runs, badges, UNIT))), 36, 12)
    wide = render(Scene(UNIT, tuple(run_layers(runs, badges, UNIT))), 90, 24)
    assert "a very long name, number 2" in text(narrow).splitlines()[-1]
    assert text(narrow).splitlines()[-2].count("a very") == 0
    assert text(wide).splitlines()[-1].strip() == ""
    for badge in badges:
        assert f"{badge.glyph} {badge.name}" in text(wide)


@pytest.mark.parametrize("rows", [14, 26, 50])
def test_the_names_of_runs_that_end_together_stand_one_below_the_other(rows: int) -> None:
    runs = [(np.array([0.0, 0.5]), np.array([0.0, 0.5])) for _ in range(5)]
    badges = [Badge(place, f"run number {place}") for place in range(5)]
    lines = text(render(Scene(UNIT, tuple(run_layers(runs, badges, UNIT))), 90, rows)).splitlines()
    named = [number for number, line in enumerate(lines) if "run number" in line]
    assert sum(line.count("run number") for line in lines) == 5
    assert named == list(range(named[0], named[0] + len(named)))


def test_a_badge_stays_with_its_run_whatever_becomes_of_the_others() -> None:
    lab = Laboratory(load("pizza"), Settings(0.001, train_bias=True), Limits(50))
    lab.studies.race()
    views = Views()
    before = {badge.name: badge.role for badge in views.badges(lab.frame).values()}
    lab.walk.branches.delete(lab.walk.branches[2])
    after = {badge.name: badge.role for badge in views.badges(lab.frame).values()}
    assert len(after) == len(before) - 1
    assert all(before[name] == role for name, role in after.items())
    lab.walk.pin()
    newest = views.badges(lab.frame)[id(lab.frame.branch)]
    assert newest.role not in after.values(), "it takes the badge that has become free"


# Fit


def test_the_fit_shows_rows_lines_and_residuals() -> None:
    scene = fit_scene(Fit(X, Y, (1.5, 2.0), PIZZA.minimum, "Reservations", "Pizzas"), fit_window(X, Y))
    ((xs, ys),) = layers(scene, Points, "rows")
    np.testing.assert_array_equal((xs, ys), (X, Y))
    ((xs, ys),) = layers(scene, Line, "line")
    np.testing.assert_allclose(ys, 1.5 * xs + 2)
    ((xs, ys),) = layers(scene, Line, "floor")
    known = np.isfinite(xs)
    np.testing.assert_allclose(ys[known], PIZZA.weight * xs[known] + PIZZA.bias)
    ((xs, ys),) = layers(scene, Line, "residual")
    pieces_x, pieces_y = xs.reshape(-1, 3), ys.reshape(-1, 3)
    np.testing.assert_array_equal(pieces_x[:, :2], np.column_stack((X, X)))
    np.testing.assert_allclose(pieces_y[:, :2], np.column_stack((Y, 1.5 * X + 2)))
    assert np.isnan(pieces_y[:, 2]).all()
    assert np.mean((pieces_y[:, 0] - pieces_y[:, 1]) ** 2) == pytest.approx(PIZZA(1.5, 2.0))
    shown = text(render(scene, 92, 26))
    for words in ("Reservations", "Pizzas", "30 rows", "residuals", "line at minimum"):
        assert words in shown
    predicted = fit_scene(Fit(X, Y, (1.5, 2.0), PIZZA.minimum, at=13.0), fit_window(X, Y))
    legend = text(render(predicted, 52, 14)).splitlines()[-1]
    assert legend.rstrip() == "◦ rows  ─ line now  ╌ line at minimum  │ residuals"


def test_the_window_of_the_fit_is_the_rows_and_no_line_moves_it() -> None:
    assert fit_window(X, Y) == Window(0, 30, 0, 60)
    assert fit_window(X, Y, at=29.0) == Window(0, 30, 0, 60)
    assert fit_window(X, Y, at=45.0).right >= 60
    assert fit_window([7.0, 7.0], [1.0, 1.0]) == Window(0, 15, 0, 2)


def test_a_prediction_is_marked_and_told() -> None:
    line = (1.0811301700, 13.1722676564)
    scene = fit_scene(Fit(X, Y, line, at=20.0), fit_window(X, Y, 20.0))
    ((xs, ys),) = layers(scene, Points, "prediction")
    assert (xs[0], ys[0]) == (20.0, pytest.approx(34.79487))
    assert texts(scene, "prediction") == ["y(20) = 34.79"]
    assert "◆ y(20) = 34.79" in text(render(scene, 92, 26))
    high = text(render(fit_scene(Fit(X, Y, (1e9, 0.0), at=20.0), fit_window(X, Y, 20.0)), 92, 26))
    assert "▲ y(20) = 20000000000.00" in high


def test_of_many_rows_a_sample_is_shown_and_the_chart_says_so() -> None:
    count = 1_000_000
    x = np.arange(count, dtype=float)
    scene = fit_scene(Fit(x, 2 * x, (2.0, 0.0)), fit_window(x, 2 * x))
    ((xs, ys),) = layers(scene, Points, "rows")
    assert len(xs) == SAMPLE
    assert len(set(np.diff(xs))) == 1
    np.testing.assert_array_equal(ys, 2 * xs)
    assert layers(scene, Line, "residual") == []
    assert "500 of 1,000,000 rows" in text(render(scene, 60, 20))
    drawn(scene)


@pytest.mark.parametrize("count", [0, 1, 2, 499, 500, 501, 999, 123_457])
def test_a_sample_is_of_different_rows(count: int) -> None:
    indices = sample(count)
    assert len(indices) == min(count, SAMPLE)
    assert (np.diff(indices) > 0).all()
    assert len(indices) == 0 or (indices[0] == 0 and indices[-1] < count)


@pytest.mark.parametrize("period", [2, 7, 10, 24, 60, 100, 365, 1000])
@pytest.mark.parametrize("count", [3_499, 5_000, 20_000, 1_000_000, 3_000_000])
def test_a_sample_of_rows_that_repeat_a_pattern_is_of_the_whole_pattern(count: int, period: int) -> None:
    phases = np.bincount(sample(count) % period, minlength=period) / SAMPLE
    assert phases.max() < 2 / period + 0.01


def test_dashes_leave_out_every_other_stretch() -> None:
    line = dashed("floor", np.asarray(range(6), np.float64), np.asarray(range(6), np.float64))
    np.testing.assert_array_equal(line.xs, [0, 1, math.nan, 2, 3, math.nan, 4, 5, math.nan])


@settings(deadline=None)
@given(
    st.lists(st.tuples(ANY, ANY), max_size=8), ANY, ANY, st.none() | ANY, st.text(max_size=9), st.sampled_from(SIZES)
)
def test_any_fit_is_drawn(  # noqa: PLR0917
    rows: list[tuple[float, float]], w: float, b: float, at: float | None, name: str, size: tuple[int, int]
) -> None:
    x, y = np.array(rows, dtype=float).reshape(-1, 2).T
    scene = fit_scene(Fit(x, y, (w, b), (b, w), name, name, at), fit_window(x, y, at))
    assert render(scene, *size).size == size


# History


def history(losses: ArrayLike, at: int, **changes: object) -> History:
    values = np.asarray(losses, dtype=float)
    steps = np.arange(len(values))
    past, future = (steps[: at + 1], values[: at + 1]), (steps[at:], values[at:])
    return replace(History(past, at, float(values[at]), PIZZA.floor, future), **changes)  # type: ignore[arg-type]


def test_the_history_shows_past_future_and_hiker() -> None:
    losses = walked(0.001, 60)[:, 2]
    past = history(losses, 40, branches=[([40, 41], [60.0, 50.0])])
    scene = history_scene(past, history_window(past))
    ((xs, ys),) = layers(scene, Line, "curve")
    np.testing.assert_array_equal((xs[:41], ys[:41]), (np.arange(41), losses[:41]))
    assert (xs[-1], ys[-1]) == (40, losses[40])
    ((xs, ys),) = layers(scene, Line, "future")
    np.testing.assert_array_equal((xs[1:], ys[1:]), (np.arange(40, 61), losses[40:]))
    assert [float(place[0]) for place in layers(scene, Points, "hiker")[0]] == [40, losses[40]]
    assert layers(scene, Line, "branch")[0][1].tolist() == [60, 50]
    ((_, ys),) = layers(scene, Line, "floor")
    assert set(ys[np.isfinite(ys)]) == {PIZZA.floor}
    assert "minimum 22.8427" in text(render(scene, 92, 26))


def test_on_the_logarithmic_axis_a_steady_rate_of_convergence_is_a_straight_line() -> None:
    losses = walked(0.001, 20_000)[:, 2]
    past = history(losses, 20_000)
    window = history_window(past, log=True)
    scene = history_scene(past, window, log=True)
    assert scene.log_y
    assert scene.y_title == "loss above minimum"
    assert layers(scene, Line, "floor") == []
    ((xs, ys),) = layers(scene, Line, "curve")
    slopes = np.diff(ys[1000:20_000:1000]) / np.diff(xs[1000:20_000:1000])
    factor = 1 - 0.001 * PIZZA.curvature(True).lambda_min
    np.testing.assert_allclose(slopes, 2 * math.log10(factor), rtol=1e-6)


def test_on_the_logarithmic_axis_a_diverging_run_is_seen_from_its_start_to_the_end_of_the_numbers() -> None:
    losses = walked(0.01, 1000)[:, 2]
    past = history(losses, len(losses) - 1)
    window = history_window(past, log=True)
    assert window.bottom <= math.log10(losses[0] - PIZZA.floor) <= 3
    assert window.top > 307
    picture = render(history_scene(past, window, log=True), 52, 14)
    assert len({row for row, cells in enumerate(picture.rows) if any(role == "curve" for _, role in cells)}) >= 8
    assert [label.split("┤")[0].strip() for label in text(picture).splitlines() if "┤" in label] == [
        "1e300",
        "1e200",
        "1e100",
    ]


def test_a_perfect_fit_is_drawn_on_the_floor_of_the_logarithmic_axis() -> None:
    past = history([10.0, 1.0, 0.0], 2, floor=0.0)
    window = history_window(past, log=True)
    ((_, ys),) = layers(history_scene(past, window, log=True), Points, "hiker")
    assert ys.tolist() == [window.bottom]


def test_changes_are_marked_and_named() -> None:
    changes = [(10, "rate 0.002"), (12, "rate 0.004"), (30, "momentum with a long story")]
    past = history(walked(0.001, 60)[:, 2], 60, changes=changes)
    scene = history_scene(past, history_window(past))
    assert [xs.tolist() for xs, _ in layers(scene, Line, "change")] == [[10, 10], [12, 12], [30, 30]]
    assert texts(scene, "change") == ["rate 0.002", "rate 0.004", "momentum with a long s.."]
    shown = text(render(scene, 92, 26))
    for name in texts(scene, "change"):
        assert f" {name}" in shown
    many = history(walked(0.001, 60)[:, 2], 60, changes=[(at, f"rate {at}") for at in range(60)])
    picture = render(history_scene(many, history_window(many)), 92, 26)
    assert "rate 59" in text(picture)
    assert "rate 3 " not in text(picture)


@pytest.mark.parametrize("size", [(52, 14), (92, 26)])
def test_the_names_of_changes_that_are_near_stand_one_below_the_other(size: tuple[int, int]) -> None:
    changes = [(25, "b held"), (90, "lr 0.0011"), (100, "lr 0.00121, b trained"), (110, "Adam")]
    branches = [([112, 113, 200], [800.0, 40.0, 23.0])]
    past = history(walked(0.001, 200)[:, 2], 200, changes=changes, branches=branches)
    picture = render(history_scene(past, history_window(past)), *size)
    rows = text(picture).splitlines()
    for iteration, name in changes:
        column = int(picture.body.columns(np.array([iteration / 200]))[0])
        assert [row for row in rows if row[column + 2 :].startswith(name)], name


def test_no_future_is_named_where_none_is_known() -> None:
    lab = Laboratory(load("pizza"), Settings(0.001), Limits(500))
    views = Views()
    views.show("history", lab.ground)
    for known in (False, True):
        lab.walk.step(20)
        lab.walk.back(5 * known)
        assert ("known future" in text(render(views.scene(lab.frame), 92, 26))) is known


def test_the_window_of_the_history_holds_still_and_grows_in_steps() -> None:
    losses = walked(0.001, 1000)[:, 2]
    for log in (False, True):
        shown: Window | None = None
        seen: list[Window] = []
        for at in range(1000):
            shown = history_window(history(losses[: at + 1], at), log=log, shown=shown)
            if shown not in seen:
                seen.append(shown)
        assert [window.right for window in seen] == sorted(window.right for window in seen)
        assert {window.right for window in seen} == {10, 20, 50, 100, 200, 500, 1000}
        assert len(seen) <= 10


def test_a_branch_stretches_the_history_to_the_right_and_not_upwards() -> None:
    past = history([812.0, 300.0], 1, branches=[([0, 150], [812.0, 1e300])])
    window = history_window(past)
    assert (window.right, window.top) == (200, 1000)
    drawn(history_scene(past, window))


@settings(deadline=None)
@given(st.lists(ANY.map(abs), min_size=1, max_size=9), ANY.map(abs), st.booleans(), st.sampled_from(SIZES), st.data())
def test_any_history_is_drawn(
    losses: list[float], floor: float, log: bool, size: tuple[int, int], data: st.DataObject
) -> None:
    at = data.draw(st.integers(0, len(losses) - 1))
    past = history(losses, at, floor=floor, branches=[((), ()), ([0], [1.0])], changes=[(10**9, "x"), (-1, "")])
    assert render(history_scene(past, history_window(past, log=log), log=log), *size).size == size


# Rates


def swept(count: int = 240, limit: int = 4000) -> Sweep:
    rates = default_rates(PIZZA.curvature(True).critical_learning_rate, count=count)
    *_, result = sweep(PIZZA, (0.0, 0.0), Settings(train_bias=True), rates, limit=limit)
    return result


def test_the_rates_show_the_sweep() -> None:
    result = swept()
    critical = PIZZA.curvature(True).critical_learning_rate
    assert result.best is not None
    scene = rates_scene(Rates(result, 0.001, critical, cursor=result.best), rates_window(result))
    ((xs, ys),) = layers(scene, Line, "curve")
    np.testing.assert_allclose(10**xs, result.learning_rates)
    np.testing.assert_array_equal(np.isfinite(ys), result.arrived)
    np.testing.assert_allclose(10 ** ys[result.arrived], result.iterations[result.arrived])
    ((xs, _),) = layers(scene, Points, "slow")
    np.testing.assert_allclose(10**xs, result.learning_rates[~result.arrived & ~result.diverged])
    assert layers(scene, Line, "cliff")[0][0].tolist() == [math.log10(critical)] * 2
    assert texts(scene, "cliff") == ["cliff 0.004555"]
    assert texts(scene, "cursor") == ["0.004542: 3,001 iterations"]
    picture = render(scene, 92, 26)
    assert picture.rows[picture.body.row][picture.body.column] == ("▲", "slow")
    shown = text(picture)
    for cursor in range(0, len(result.learning_rates), 10):
        near = rates_scene(Rates(result, 0.001, critical, cursor=cursor), rates_window(result))
        assert "cliff 0.004555" in text(render(near, 52, 14)), "wherever the cursor is"
    for words in ("cliff 0.004555", "best 0.004542: 3,001", "now 0.001", "more than 4,000", "learning rate"):
        assert words in shown
    assert "done" not in shown


def test_progress_is_told_and_what_is_not_known_yet_is_not_drawn() -> None:
    rates = default_rates(PIZZA.curvature(True).critical_learning_rate)
    running = sweep(PIZZA, (0.0, 0.0), Settings(train_bias=True), rates, limit=10_000, every=4000)
    early = next(running)
    scene = rates_scene(Rates(early, 0.001), rates_window(early))
    assert "to within 1e-6 of the minimum, 40% done" in text(render(scene, 92, 26))
    assert layers(scene, Points, "slow")[0][0].tolist() == []
    assert rates_window(early) == rates_window(next(running))


def test_without_theory_the_sweep_tells_the_cliff() -> None:
    result = swept()
    scene = rates_scene(Rates(result, 0.001), rates_window(result))
    assert 10 ** layers(scene, Line, "cliff")[0][0][0] == pytest.approx(result.cliff)
    *_, calm = sweep(PIZZA, (0.0, 0.0), Settings(optimizer=Adam(), train_bias=True), [0.5, 1.0], limit=100)
    assert layers(rates_scene(Rates(calm, 1.0), rates_window(calm)), Line, "cliff") == []


@pytest.mark.parametrize("rate", [1e-300, 0.001, 1.0, 1e300])
@pytest.mark.parametrize("count", [20, 240])
def test_any_rate_in_force_is_drawn(rate: float, count: int) -> None:
    result = swept(count, 3500)
    drawn(rates_scene(Rates(result, rate, 1e-300, 0), rates_window(result)))
    drawn(rates_scene(Rates(result, rate, math.inf, 999), rates_window(result)))


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.floats(1e-300, 1e300), st.integers(0, 100_000), st.integers(0, 2)), max_size=9),
    st.sampled_from(SIZES),
    st.none() | st.integers(0, 9),
    st.floats(0, 1),
)
def test_any_sweep_is_drawn(
    runs: list[tuple[float, int, int]], size: tuple[int, int], cursor: int | None, done: float
) -> None:
    runs.sort()
    rates, counts, fates = (np.array([run[part] for run in runs]) for part in range(3))
    result = Sweep(rates.astype(float), counts.astype(np.int64), fates == 1, fates == 2, 100_000, done)
    assert render(rates_scene(Rates(result, 1.0, cursor=cursor), rates_window(result)), *size).size == size


# --- The views of a laboratory


def test_switching_views_never_changes_the_run() -> None:
    lab = Laboratory(load("pizza"), Settings(0.002, train_bias=True), Limits(500))
    lab.walk.step(20)
    lab.walk.back(5)
    views = Views()
    run, state = lab.walk.timeline, lab.walk.timeline.state
    path = run.path(0, run.tip + 1).tolist()
    for view in (*VIEWS, *reversed(VIEWS)):
        views.show(view.name, lab.ground)
        if study := views.current.study(lab.frame):
            views.current.take(next(study))
        views.scene(lab.frame)
        lab.studies.toggle_ghosts()
        views.scene(lab.frame)
    assert lab.walk.timeline is run
    assert run.state is state
    assert (run.settings, run.limits) == (Settings(0.002, train_bias=True), Limits(500))
    assert run.path(0, run.tip + 1).tolist() == path


MILLION, NOISE = np.random.default_rng(4).normal((50, 0), (12, 9), (1_000_000, 2)).T
EXTREMES = {
    "two rows": (Dataset("two", None, np.array([1.0, 2.0]), np.array([5.0, 3.0]), "x", "y", ("x", "y")), 0.05, 10),
    "a million rows": (Dataset("rows", None, MILLION, 3 * MILLION + 10 + NOISE, "x", "y", ("x", "y")), 0.0003, 300),
    "constant x": (Dataset("flat", None, np.full(4, 3.0), np.array([1, 2, 4, 2.5]), "x", "y", ("x", "y")), 0.02, 10),
    "diverged": (load("pizza"), 0.01, 1000),
}
SEEN = {"curve": "hiker", "map": "hiker", "fit": "rows", "history": "hiker", "rates": "hiker", "surface": "hiker"}
"""What a person is to see in each view, whatever the run has come to."""
ROWS = {"two rows": "2 rows", "a million rows": "500 of 1,000,000 rows", "constant x": "4 rows", "diverged": "30 rows"}


@pytest.mark.parametrize("log", [False, True], ids=["linear", "log"])
@pytest.mark.parametrize("view", [view.name for view in VIEWS])
@pytest.mark.parametrize("case", EXTREMES)
def test_every_view_of_two_rows_a_million_rows_constant_x_and_a_diverged_run(case: str, view: str, log: bool) -> None:
    data, rate, steps = EXTREMES[case]
    lab = Laboratory(data, Settings(rate, train_bias=True), Limits(steps))
    views = Views()
    views.log = log
    views.show(view, lab.ground)
    for count in (0, 1, steps, -3, steps):
        if count < 0:
            lab.walk.back(-count)
        lab.walk.step(max(count, 0))
        for _, swept in zip(range(2), views.current.study(lab.frame) or (), strict=False):
            views.current.take(swept)
            views.scene(lab.frame)
        scene = views.scene(lab.frame)
        for size in ((52, 14), (92, 26)):
            picture = render(scene, *size)
            body = picture.body
            inside = {role for row in picture.rows[body.row : body.row + body.height] for _, role in row[body.column :]}
            assert SEEN[view] in inside or (view == "surface" and "behind" in inside)
            assert view != "fit" or ROWS[case] in text(picture)
        drawn(scene)
    ended = lab.frame.ending
    assert ended is not None
    assert (ended.reason is Reason.DIVERGED) == (case == "diverged")
    assert lab.frame.state.iteration == (287 if case == "diverged" else steps)


def test_the_curve_shows_other_runs_and_three_next_steps() -> None:
    lab = Laboratory(load("pizza"), Settings(0.001), Limits(500))
    lab.walk.step(3)
    lab.walk.back(2)
    lab.walk.set_learning_rate(0.0005)
    lab.studies.toggle_ghosts()
    scene = Views().scene(lab.frame)
    points = [layer for layer in scene.layers if isinstance(layer, Points)]
    left = [layer for layer in points if layer.glyph == "rows"]
    assert len(left) == 1
    assert np.asarray(left[0].xs).tolist() == lab.walk.branches[0].run.path(0, 4)[:, 0].tolist()
    state = lab.walk.timeline.state
    landings = {float(np.asarray(layer.xs)[0]) for layer in points if layer.role == "ghost"}
    steps = [state.w - rate * state.gradient[0] for rate in (0.00025, 0.0005, 0.001)]
    assert sorted(landings) == pytest.approx(steps)
    assert {layer.text for layer in scene.layers if isinstance(layer, Label)} == {"1/2", "2"}


@pytest.mark.parametrize("view", ["curve", "map", "fit", "rates", "surface"])
@pytest.mark.parametrize("train_bias", [False, True])
def test_a_view_of_a_sample_says_so_in_the_smallest_complete_chart(view: str, train_bias: bool) -> None:
    x = np.linspace(-1e3, 1e3, 50_000)
    data = Dataset("many", None, x, 3 * x + np.cos(x), "x", "y", ("x", "y"))
    lab = Laboratory(data, Settings(1e-8, train_bias=train_bias), Limits(), (0.123456789, 0.123456789))
    lab.set_loss("huber")
    seen = Views()
    seen.show(view, lab.ground)
    if view == "rates":  # the sweep itself takes long over so many rows
        seen.current.take(next(sweep(PIZZA, (0.0, 0.0), Settings(), [0.001, 0.002])))
    for width in (52, 92):
        text = words(seen.scene(lab.frame), width)
        assert re.search(r"\d[\d,]+ of [\d,]+ rows", text), text
        assert ("drawn from" in text) or width < 92 or view == "fit"


@pytest.mark.parametrize("title", ["", "b held at 0", "slice at b = -0.00183656", "condition number here 1.234e+05"])
def test_a_note_on_a_sample_is_shorter_where_there_is_little_room(title: str) -> None:
    scene = noted(Scene(UNIT, (), title, "w (weight)", "loss"), 10_000, 3_000_000)
    told = [words(scene, width) for width in (100, 52, 40)]
    assert f"{title}   drawn from 10,000 of 3,000,000 rows".strip() in told[0]
    assert all("10,000 of 3,000,000 rows" in text for text in told)


def words(scene: Scene, width: int) -> str:
    """The first row of a scene."""
    return "".join(character for character, _ in render(scene, width, 15).rows[0])


def raced(rows: int, iterations: int) -> Laboratory:
    settings = Settings(0.001, train_bias=True, batch=Batch(rows))
    lab = Laboratory(load("pizza"), settings, Limits(iterations))
    lab.studies.race()
    return lab


@pytest.mark.parametrize(("rows", "iterations"), [(1, 60), (3, 500)])
def test_runs_with_batches_are_drawn_at_the_loss_of_all_rows(rows: int, iterations: int) -> None:
    lab = raced(rows, iterations)
    for branch in lab.walk.branches.others:
        iterations_, losses = (np.asarray(values) for values in curve_of(branch.run, 0))
        path = branch.run.path(0, branch.run.tip + 1)[iterations_]
        assert losses == pytest.approx([float(branch.run.landscape(w, b)) for w, b, _ in path])
        assert (iterations_[0], iterations_[-1]) == (0, branch.run.tip)
        assert losses[-1] == pytest.approx(branch.reached)
        assert path_of(branch)[-1, 2] == pytest.approx(branch.reached)


@pytest.mark.parametrize("view", ["history", "map"])
@pytest.mark.parametrize(("rows", "iterations"), [(1, 100), (1, 1000), (10, 100)])
def test_no_name_of_a_run_is_cut_inside_a_word(view: str, rows: int, iterations: int) -> None:
    lab = raced(rows, iterations)
    seen = Views()
    seen.show(view, lab.ground)
    wholes = {word for branch in lab.walk.branches for word in branch.name.split()}
    for size in ((52, 14), (40, 12), (92, 26)):
        picture = text(render(seen.scene(lab.frame), *size))
        marks = "".join(GLYPHS[f"run-{number}"][0] for number in range(8))
        named = re.findall(rf"(?<= [{marks}] )[A-Za-z]{{2,}}", picture)
        assert set(named) <= wholes | {"path"}  # of the legend


@pytest.mark.parametrize("terrain", ["himmelblau", "rosenbrock", "two-valleys", "ravine", "camel"])
def test_where_rates_end_every_row_that_is_no_minimum_has_a_name(terrain: str) -> None:
    ground = TERRAINS[terrain]
    lab = Laboratory(ground, Settings(0.001, train_bias=True), Limits(100), ground.scope.start)
    seen = Views()
    seen.show("rates", lab.ground)
    for piece in seen.current.study(lab.frame) or ():
        seen.current.take(piece)
    for size in ((52, 14), (92, 26)):
        picture = text(render(seen.scene(lab.frame), *size))
        assert "never" in picture
        assert re.search(r"\bout\b", picture)
        assert "0.001: " in picture, "what the cursor is on"


def test_a_minimum_that_is_nothing_but_rounding_is_0_in_the_history_and_among_the_rates() -> None:
    lab, views = Laboratory(TERRAINS["cliff"], Settings(0.001), Limits(100), (-1.0, 0.0)), Views()
    assert 0 < lab.frame.landscape.minima()[0].loss < 1e-14
    views.show("history", lab.ground)
    assert "minimum 0 " in text(render(views.scene(lab.frame), 92, 26))
    views.show("rates", lab.ground)
    for piece in views.current.study(lab.frame) or ():
        views.current.take(piece)
    assert "loss 0 " in text(render(views.scene(lab.frame), 92, 26))


def test_a_minimum_is_said_where_all_losses_are_as_small() -> None:
    small = History(([0, 1], [9e-14, 5e-14]), 1, 5e-14, 2e-14)
    assert "minimum 2e-14 " in text(render(history_scene(small, history_window(small)), 92, 26))
    rounded = replace(small, past=([0, 1], [9, 5]), loss=5.0)
    assert "minimum 0 " in text(render(history_scene(rounded, history_window(rounded)), 92, 26))
