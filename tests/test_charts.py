"""The charts as data: intervals and ticks on round numbers, and which cell shows what."""

import math
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tui.charts.canvas import GLYPHS, MARKERS, Label, Layer, Line, Picture, Points, Scene, render
from tui.charts.clip import clipped, thinned
from tui.charts.curve import Descent, curve_scene, curve_window
from tui.charts.window import (
    Floats,
    Interval,
    Window,
    held,
    label_starts,
    log_ticks,
    loss_interval,
    round_step,
    ticks,
    ticks_across,
    ticks_up,
    widened,
    window_around,
)

FINITE = st.floats(allow_nan=False, allow_infinity=False)
INTERVALS = st.tuples(FINITE, FINITE).filter(lambda pair: pair[0] != pair[1]).map(lambda pair: (min(pair), max(pair)))
WINDOWS = st.builds(lambda across, up: Window(*across, *up), INTERVALS, INTERVALS)
COORDINATES = st.lists(st.tuples(st.floats(), st.floats()), max_size=40)
ODD = [0.0, 1.0, -1.0, 1e-300, 5e-324, 1e150, -1e150, 1e308, -1.7e308, math.nan, math.inf, -math.inf]
UNIT = Window(0, 1, 0, 1)


def parabola(w: Floats) -> Floats:
    """The pizza loss with b = 0, rounded: lowest at w = 2, where it is 50."""
    return 400 * (w - 2) ** 2 + 50


def descent(w: float, *, rate: float = 0.001, loss_at: object = parabola, **changes: object) -> Descent:
    slope = 800 * (w - 2)
    after = w - rate * slope
    values = {"loss_at": loss_at, "w": w, "loss": 400 * (w - 2) ** 2 + 50, "slope": slope, "minimum": 2.0}
    values |= {"next_w": after, "next_loss": 400 * (after - 2) ** 2 + 50}
    return Descent(**(values | changes))  # type: ignore[arg-type]


def places(picture: Picture, role: str) -> list[tuple[int, int, str]]:
    """The (row, column, character) of the cells with this role inside the axes."""
    body = picture.body
    return [
        (row, column, character)
        for row, cells in enumerate(picture.rows)
        for column, (character, own) in enumerate(cells)
        if own == role and body.row <= row < body.row + body.height and body.column <= column < body.column + body.width
    ]


def text(picture: Picture) -> str:
    return "\n".join("".join(character for character, _ in row) for row in picture.rows)


def is_round(step: Decimal) -> bool:
    return step.normalize().as_tuple().digits in {(1,), (2,), (5,)}


# Intervals


def test_the_pizza_window_shows_both_slopes_of_the_valley() -> None:
    assert window_around(0, 1.8436928702) == (-1, 4)


@pytest.mark.parametrize("start", ODD)
@pytest.mark.parametrize("minimum", [None, *ODD])
def test_a_first_window_holds_start_and_minimum_with_room_around(start: float, minimum: float | None) -> None:
    low, high = window_around(start, minimum)
    assert math.isfinite(low)
    assert math.isfinite(high)
    for value in (start, minimum):
        if value is not None and abs(value) < 1e308:
            assert low < value < high


@pytest.mark.parametrize("bad", [(1, 1), (2, 1), (math.nan, 1), (0, math.inf)])
def test_a_window_refuses_borders_that_enclose_nothing(bad: Interval) -> None:
    with pytest.raises(ValueError, match="finite borders in rising order"):
        Window(*bad, 0, 1)
    with pytest.raises(ValueError, match="finite borders in rising order"):
        Window(0, 1, *bad)


def test_a_window_holds_still_while_the_point_is_inside() -> None:
    shown = (-1.0, 4.0)
    for point in (-1.0, 0.0, 3.999, 4.0, math.nan, math.inf, -math.inf):
        assert widened(shown, point) == shown


@pytest.mark.parametrize("factor", [-1.01, -1.5, -20, 1.1, 1e40])
def test_a_diverging_run_widens_its_window_only_as_its_distance_doubles(factor: float) -> None:
    shown, point, changes = (-1.0, 4.0), 1.0, 0
    while abs(point) < 1e300:
        before, shown = shown, widened(shown, point)
        assert shown[0] <= point <= shown[1]
        if shown != before:
            changes += 1
            assert shown[1] / 2 - shown[0] / 2 >= before[1] - before[0]
        point *= factor
    assert changes <= math.log2(1e300)


@given(INTERVALS, st.floats())
def test_widening_never_fails_and_never_loses_what_was_seen(shown: Interval, point: float) -> None:
    low, high = widened(shown, point)
    assert low <= shown[0]
    assert high >= shown[1]
    assert math.isfinite(low)
    assert math.isfinite(high)
    assert not math.isfinite(point) or low <= point <= high


def test_the_loss_axis_starts_at_zero_and_ends_above_the_curve() -> None:
    assert loss_interval([69.12, 1838.0, 743.0]) == (0, 2000)
    assert loss_interval([1000.0, 1003.0]) == (1000, 1003)
    assert (loss_interval([16.0]), loss_interval([-16.0, -16.0])) == ((0, 40), (-40, 0))


@pytest.mark.parametrize("log", [False, True])
@pytest.mark.parametrize("losses", [[], [0.0], [7.0, 7.0], [math.nan, math.inf], [1e308, 0.0], [5e-324], ODD])
def test_any_losses_have_an_interval(losses: list[float], log: bool) -> None:
    low, high = loss_interval(np.abs(losses), log=log)
    assert math.isfinite(low)
    assert low < high < math.inf


def test_the_logarithmic_axis_stands_on_1_2_5_and_reaches_a_bounded_way_down() -> None:
    assert loss_interval([69.12, 1838.0], log=True) == (math.log10(5) + 1, math.log10(2) + 3)
    low, high = loss_interval([0.0, 1e-40, 1.0], log=True)
    assert (low, high) == (-12, 0)


def test_a_held_interval_changes_only_when_it_must() -> None:
    assert held(None, (0, 7)) == (0, 7)
    assert held((0, 10), (0, 7)) == (0, 10)
    assert held((0, 10), (0, 2)) == (0, 2)
    assert held((0, 10), (0, 11)) == (0, 20)


@given(INTERVALS, st.floats())
def test_the_map_to_the_unit_square_has_an_inverse_and_no_overflow(across: Interval, value: float) -> None:
    window = Window(*across, 0, 1)
    fraction = float(window.across(value))
    assert math.isnan(fraction) == math.isnan(value)
    assert (0 <= fraction <= 1) == (across[0] <= value <= across[1]) or math.isclose(fraction, round(fraction))
    if 0 <= fraction <= 1:
        tolerance = 1e-15 * max(abs(across[0]), abs(across[1])) + 5e-324
        assert float(window.xs_at(fraction)) == pytest.approx(value, rel=0, abs=4 * tolerance)


# Ticks


@given(st.floats(min_value=1e-300, max_value=1e300), st.integers(1, 12))
def test_a_round_step_is_the_smallest_that_suffices(span: float, count: int) -> None:
    step = round_step(span, count)
    assert is_round(step)
    assert Decimal(span) / step <= count
    assert Decimal(span) / step > Decimal(count) * 2 / 5 - Decimal("1e-20")


@given(INTERVALS, st.integers(1, 12))
def test_ticks_stand_on_one_round_step_and_say_where(interval: Interval, count: int) -> None:
    found = ticks(*interval, count)
    assert len(found) <= count + 1
    assert [float(label) for _, label in found] == [position for position, _ in found]
    assert all(interval[0] <= position <= interval[1] for position, _ in found)
    assert len({label for _, label in found}) == len(found)
    assert "-0" not in [label for _, label in found]
    if len(found) > 1:
        assert is_round(Decimal(found[1][1]) - Decimal(found[0][1]))


@pytest.mark.parametrize(
    ("low", "high", "count", "labels"),
    [
        (-1, 4, 5, ["-1", "0", "1", "2", "3", "4"]),
        (0, 0.3, 3, ["0", "0.1", "0.2", "0.3"]),
        (0.2, 0.8, 3, ["0.2", "0.4", "0.6", "0.8"]),
        (0, 1, 4, ["0", "0.5", "1"]),
        (0.25, 0.75, 10, ["0.25", "0.3", "0.35", "0.4", "0.45", "0.5", "0.55", "0.6", "0.65", "0.7", "0.75"]),
        (0, 4e6, 2, ["0", "2000000", "4000000"]),
        (0, 4e9, 2, ["0", "2e9", "4e9"]),
        (0, 1.5e-8, 3, ["0", "5e-9", "1e-8", "1.5e-8"]),
        (1e9, 1e9 + 2e-3, 2, ["1000000000", "1000000000.001", "1000000000.002"]),
    ],
)
def test_labels_have_the_digits_they_need_and_no_more(low: float, high: float, count: int, labels: list[str]) -> None:
    assert [label for _, label in ticks(low, high, count)] == labels


def ranges(log: bool) -> st.SearchStrategy[Interval]:
    """Any axis, and those that the charts have; borders of a logarithmic one as log10."""
    if log:
        exponents = st.floats(-300, 300)
        return st.tuples(exponents, exponents).filter(lambda pair: pair[0] < pair[1])
    ends = st.sampled_from([10.0**power * digit for power in range(-9, 13) for digit in (1, 2, 5)])
    return INTERVALS | ends.map(lambda end: (0.0, end)) | ends.map(lambda end: (-end, end))


@given(st.booleans().flatmap(lambda log: st.tuples(st.just(log), ranges(log))), st.integers(1, 220), st.integers(1, 12))
def test_labels_across_never_touch(axis: tuple[bool, Interval], columns: int, margin: int) -> None:
    log, interval = axis
    found = ticks_across(*interval, columns, log=log)
    starts = label_starts(found, *interval, columns, margin)
    for start, (_, label) in zip(starts, found, strict=True):
        assert -margin <= start <= columns - len(label)
    for start, following, (_, label) in zip(starts, starts[1:], found, strict=False):
        assert following - (start + len(label)) >= 2


@pytest.mark.parametrize("width", [52, 80, 92, 120])
def test_an_axis_of_a_million_is_labelled_in_numbers_that_can_be_told_apart(width: int) -> None:
    for end in (10.0**power * digit for power in range(1, 9) for digit in (1, 2, 5)):
        picture = render(Scene(Window(0, end, 0, 1000), (), "", "iteration", "loss"), width, 14)
        shown = text(picture).splitlines()[-3].split()
        assert [float(label) for label in shown] == [position for position, _ in ticks_across(0, end, width - 5)]
        assert 3 <= len(shown) <= 11
        assert float(shown[-1]) >= 0.8 * end


@given(INTERVALS, st.integers(0, 70), st.booleans())
def test_ticks_up_have_a_row_each(interval: Interval, rows: int, log: bool) -> None:
    if log:
        interval = (max(interval[0], -300.0), min(interval[1], 300.0))
        if interval[0] >= interval[1]:
            return
    found = ticks_up(*interval, rows, log=log)
    window = Window(0, 1, *interval)
    at = np.floor((1 - window.up([position for position, _ in found])) * (rows - 1) + 0.5)
    assert len(set(at)) == len(found) <= 9


def test_a_logarithmic_axis_is_labelled_at_any_length() -> None:
    assert [label for _, label in log_ticks(1, 3, 8)] == ["10", "20", "50", "100", "200", "500", "1000"]
    assert [label for _, label in log_ticks(-12, 12, 4)] == ["1e-12", "1e-6", "1", "1e6", "1e12"]
    assert [label for _, label in log_ticks(2.01, 2.09, 5)] == ["105", "110", "115", "120"]
    for position, label in log_ticks(-7.3, 5.1, 5):
        assert math.log10(float(label)) == pytest.approx(position)


# Clipping


@given(COORDINATES, st.integers(1, 60))
def test_only_numbers_in_the_unit_square_reach_plotext(points: list[tuple[float, float]], columns: int) -> None:
    xs, ys = np.array(points, dtype=float).reshape(-1, 2).T
    for us, vs, joined in (clipped(xs, ys), thinned(*clipped(xs, ys), columns)):
        assert len(us) == len(vs) == len(joined)
        assert ((us >= 0) & (us <= 1) & (vs >= 0) & (vs <= 1)).all()
        assert not joined[:1].any()


def test_a_line_is_cut_where_it_crosses_the_border() -> None:
    xs, ys, joined = clipped(np.array([-1.0, 2.0, 0.5]), np.array([-1.0, 2.0, 0.5]))
    assert xs.tolist() == ys.tolist() == [0, 1, 0.5]
    assert joined.tolist() == [False, True, True]
    away = clipped(np.array([0.1, 0.1, 0.9, 0.9]), np.array([0.5, 3.0, 3.0, 0.5]))
    assert np.transpose(away).tolist() == [[0.1, 0.5, 0], [0.1, 1, 1], [0.9, 1, 0], [0.9, 0.5, 1]]


def test_a_number_that_is_none_breaks_the_line() -> None:
    xs, _, joined = clipped(np.array([0, 0.2, math.nan, 0.6, 1]), np.full(5, 0.5))
    assert xs.tolist() == [0, 0.2, 0.6, 1]
    assert joined.tolist() == [False, True, False, True]


def test_a_thinned_line_keeps_the_extremes_of_every_column() -> None:
    xs = np.arange(10_001) / 10_000
    ys = 0.5 + 0.5 * np.sin(1000 * xs)
    us, vs, joined = thinned(xs, ys, xs > 0, 40)
    assert len(us) <= 2 * 41
    assert vs.min() == ys.min()
    assert vs.max() == ys.max()
    assert joined.tolist() == [False] + [True] * (len(us) - 1)


# Pictures


@settings(max_examples=150, deadline=None)
@given(
    WINDOWS,
    st.lists(st.tuples(st.sampled_from(["curve", "uphill", "branch"]), COORDINATES), max_size=4),
    st.lists(st.tuples(st.sampled_from(["hiker", "ghost", "rows"]), COORDINATES, st.booleans()), max_size=3),
    st.tuples(st.integers(1, 220), st.integers(1, 70), st.sampled_from(list(MARKERS))),
    st.text(max_size=30),
)
def test_any_scene_is_drawn_at_any_size(
    window: Window,
    lines: list[tuple[str, list[tuple[float, float]]]],
    points: list[tuple[str, list[tuple[float, float]], bool]],
    form: tuple[int, int, str],
    title: str,
) -> None:
    def split(pairs: list[tuple[float, float]]) -> tuple[Floats, Floats]:
        xs, ys = np.array(pairs, dtype=float).reshape(-1, 2).T
        return xs, ys

    layers = [Line(role, *split(pairs)) for role, pairs in lines]
    marks = [Points(role, *split(pairs), label=title, at_border=border) for role, pairs, border in points]
    width, height, marker = form
    picture = render(Scene(window, (*layers, *marks), title, title, title), width, height, marker)
    assert picture.size == (width, height)
    assert all(len(row) == width for row in picture.rows)
    assert marker != "dot" or text(picture).isascii()


def test_plotext_has_nothing_to_say(capfd: pytest.CaptureFixture[str]) -> None:
    for size in ((1, 1), (2, 1), (1, 2), (80, 24), (220, 70)):
        for ys in ([0.5, 0.5], [0.5, 0.5 + 1e-12], [0.0, 1.0], [0.25]):
            render(Scene(UNIT, (Line("curve", np.linspace(0, 1, len(ys)), ys),)), *size)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("width", [1, 2, 3, 7, 8, 15, 16, 40, 220])
@pytest.mark.parametrize("height", [1, 2, 3, 4, 5, 6, 7, 8, 9, 13, 14, 70])
@pytest.mark.parametrize("marker", MARKERS)
def test_a_curve_is_drawn_at_any_size(width: int, height: int, marker: str) -> None:
    picture = render(curve_scene(descent(0.0), Window(-1, 4, 0, 4000)), width, height, marker)
    assert picture.size == (width, height)
    assert len(places(picture, "hiker")) == 1


@pytest.mark.parametrize("size", [(0, 0), (0, 5), (5, 0), (-1, 3)])
def test_no_room_is_an_empty_picture(size: tuple[int, int]) -> None:
    assert render(Scene(UNIT, ()), *size).rows == ()


def test_an_unknown_marker_is_refused() -> None:
    with pytest.raises(ValueError, match="not 'sextant'"):
        render(Scene(UNIT, ()), 10, 10, "sextant")


def test_a_broken_line_has_a_gap_and_two_lines_of_one_role_are_not_joined() -> None:
    broken = Line("curve", [0, 0.2, 0.4, 0.6, 0.8, 1], [0, 0, math.nan, 1, 1, 1])
    for layers in ((broken,), (Line("curve", [0, 0.2], [0, 0]), Line("curve", [0.6, 1], [1, 1]))):
        picture = render(Scene(UNIT, layers), 40, 16)
        last = picture.body.row + picture.body.height - 1
        assert {row for row, _, _ in places(picture, "curve")} == {picture.body.row, last}


def test_titles_go_before_ticks_and_ticks_before_axes() -> None:
    scene = Scene(UNIT, (Line("curve", [0, 1], [0, 1], "loss"),), "the title", "across", "up")
    seen = [
        tuple(word in text(render(scene, 40, height)) for word in ("across", "the title", "┬", "└"))
        for height in (24, 10, 7, 4, 3)
    ]
    assert seen == [
        (True, True, True, True),
        (False, True, True, True),
        (False, False, True, True),
        (False, False, False, True),
        (False, False, False, False),
    ]


def test_every_point_is_at_the_cell_of_its_coordinates() -> None:
    window = Window(-1, 4, 0, 4000)
    picture = render(curve_scene(descent(0.5), window), 80, 24)
    body = picture.body

    def cell(w: float, loss: float) -> tuple[int, int]:
        row = body.row + round((1 - loss / 4000) * (body.height - 1))
        return row, body.column + round((w + 1) / 5 * (body.width - 1))

    assert places(picture, "hiker") == [(*cell(0.5, 950), "●")]
    assert places(picture, "minimum") == [(*cell(2, 50), "✕")]
    assert places(picture, "ghost") == [(*cell(1.7, 86), "○")]
    curve = places(picture, "curve")
    for row, column, _ in curve:
        w = (column - body.column) / (body.width - 1) * 5 - 1
        losses = parabola(np.array([w - 0.05, w, w + 0.05]))
        rows = body.row + (1 - losses / 4000) * (body.height - 1)
        assert rows.min() - 1 <= row <= rows.max() + 1
    covered = {column for _, column, _ in (mark for role in GLYPHS for mark in places(picture, role))}
    assert covered | {column for _, column, _ in curve} == set(range(body.column, body.column + body.width))


@pytest.mark.parametrize("marker", MARKERS)
@pytest.mark.parametrize(("w", "side"), [(0.0, -1), (1.2, -1), (2.7, 1), (3.9, 1)])
def test_the_arrow_points_uphill(w: float, side: int, marker: str) -> None:
    for log, window in ((False, Window(-1, 4, 0, 4000)), (True, Window(-1, 4, 1.6, 4))):
        picture = render(curve_scene(descent(w), window, log=log), 80, 24, marker)
        ((row, column, _),) = places(picture, "hiker")
        arrow = places(picture, "uphill")
        assert arrow
        assert all((place - column) * side >= 0 and level <= row for level, place, _ in arrow)
        head = max(arrow, key=lambda mark: (abs(mark[1] - column), row - mark[0]))
        assert head[2] in [GLYPHS[name][marker == "dot"] for name in ("up", "right" if side > 0 else "left")]
        assert max(abs(place - column) for _, place, _ in arrow) <= picture.body.width / 6 + 1
        assert max(row - level for level, _, _ in arrow) <= picture.body.height / 6 + 1


def test_the_tangent_rises_within_a_row_too() -> None:
    # Two of the lesson's steps at 80x24: on so few rows the tangent rises by half of one.
    picture = render(curve_scene(descent(1.25), Window(-1, 4, 0, 4000)), 52, 17)
    tangent = [mark for mark in places(picture, "uphill") if mark[2] not in "◄►▲"]
    assert len({row for row, _, _ in tangent}) == 1
    assert len({character for _, _, character in tangent}) > 1, "it is not level"


def test_the_arrow_grows_with_the_steepness() -> None:
    window = Window(-1, 4, 0, 4000)
    lengths = []
    for w in (1.9, 1.6, 1.0, 0.0):
        layers = curve_scene(descent(w), window).layers
        (tangent,) = (layer for layer in layers if isinstance(layer, Line) and layer.role == "uphill")
        lengths.append(float(np.hypot(np.diff(window.across(tangent.xs)), np.diff(window.up(tangent.ys)))[0]))
    assert lengths == sorted(lengths)
    assert lengths[0] < lengths[1] / 2 < lengths[-1] / 4


@pytest.mark.parametrize("slope", [0.0, math.nan])
def test_level_ground_has_no_arrow(slope: float) -> None:
    picture = render(curve_scene(descent(1.0, slope=slope), Window(-1, 4, 0, 4000)), 80, 24)
    assert places(picture, "uphill") == []
    assert "► uphill" in text(picture)


def test_a_next_step_outside_of_the_window_is_an_arrowhead_at_the_border() -> None:
    window = Window(-1, 4, 0, 4000)
    for after, glyph in ((9.0, "►"), (-9.0, "◄"), (math.inf, "►")):
        picture = render(curve_scene(descent(0.0, next_w=after, next_loss=1e9), window), 80, 24)
        ((_, column, shown),) = places(picture, "ghost")
        assert shown == glyph
        assert column in (picture.body.column, picture.body.column + picture.body.width - 1)
    for none in (None, math.nan):
        picture = render(curve_scene(descent(0.0, next_w=none, next_loss=none), window), 80, 24)
        assert places(picture, "ghost") == []


def test_the_trail_is_the_points_before_and_the_hiker_stands_on_top() -> None:
    window = Window(-1, 4, 0, 4000)
    trail = np.array([0.0, 1.0, 9.0, math.nan])
    picture = render(curve_scene(descent(1.0, trail_w=trail, trail_loss=parabola(trail)), window), 80, 24)
    assert [mark[2] for mark in places(picture, "trail")] == ["•"]
    assert len(places(picture, "hiker")) == 1


def test_at_the_minimum_the_hiker_is_seen() -> None:
    picture = render(curve_scene(descent(2.0), Window(-1, 4, 0, 4000)), 80, 24)
    assert len(places(picture, "hiker")) == 1
    assert places(picture, "minimum") == []


def test_a_slice_marks_the_w_of_the_true_minimum_too() -> None:
    scene = curve_scene(descent(0.0, true_minimum=1.0, title="slice at b = 0.0537"), Window(-1, 4, 0, 4000))
    picture = render(scene, 80, 24)
    body = picture.body
    column = body.column + round(2 / 5 * (body.width - 1))
    assert places(picture, "true-minimum") == [(body.row + body.height - 1, column, "*")]
    assert "slice at b = 0.0537" in text(picture)
    assert "* best" in text(picture)


def test_a_trough_is_a_level_line_without_a_minimum() -> None:
    def trough(w: Floats) -> Floats:
        return np.full(w.shape, 40.0)

    window = curve_window(trough, window_around(0.0, None))
    flat = Descent(trough, 0.0, 40.0, 0.0, 0.0, 40.0)
    picture = render(curve_scene(flat, window), 80, 24)
    assert len({row for row, _, _ in places(picture, "curve")}) == 1
    assert "minimum" not in text(picture)
    assert len(places(picture, "hiker")) == 1


def test_a_perfect_fit_stands_on_the_floor_of_the_logarithmic_axis() -> None:
    def perfect(w: Floats) -> Floats:
        return (w - 2) ** 2

    window = curve_window(perfect, (-1.0, 4.0), log=True)
    picture = render(curve_scene(Descent(perfect, 2.0, 0.0, 0.0, minimum=2.0), window, log=True), 80, 24)
    ((row, _, _),) = places(picture, "hiker")
    assert row == picture.body.row + picture.body.height - 1


def test_the_window_of_the_curve_holds_still_while_the_slice_moves() -> None:
    first = curve_window(parabola, (-1.0, 4.0))
    assert first == Window(-1, 4, 0, 4000)
    assert curve_window(lambda w: parabola(w) * 0.9, (-1.0, 4.0), shown=first) == first
    assert curve_window(lambda w: parabola(w) * 1.2, (-1.0, 4.0), shown=first).top == 8000
    assert curve_window(lambda w: parabola(w) * 0.1, (-1.0, 4.0), shown=first).top == 400


@pytest.mark.parametrize("log", [False, True])
def test_a_run_that_diverges_to_the_end_of_the_numbers_is_drawn(log: bool) -> None:
    across, shown = window_around(0.0, 2.0), None
    w = 0.0
    while abs(w) < 1e150:
        across = widened(across, w)
        shown = curve_window(parabola, across, log=log, shown=shown)
        picture = render(curve_scene(descent(w, rate=0.01), shown, log=log), 60, 20)
        assert len(places(picture, "hiker")) == 1
        w -= 0.01 * 800 * (w - 2)
    across = widened(across, 1e307)
    beyond = Descent(parabola, 1e307, math.inf, math.inf, math.nan, math.nan, minimum=2.0)
    render(curve_scene(beyond, curve_window(parabola, across, log=log, shown=shown), log=log), 60, 20)


NUMBERS = st.floats() | st.sampled_from(ODD)


@settings(max_examples=150, deadline=None)
@given(WINDOWS, NUMBERS, NUMBERS, NUMBERS, st.none() | NUMBERS, st.none() | NUMBERS, st.booleans())
def test_any_descent_is_drawn(  # noqa: PLR0917
    window: Window, w: float, loss: float, slope: float, after: float | None, lowest: float | None, log: bool
) -> None:
    trail = np.array([w, loss, slope])
    moment = Descent(
        parabola, w, abs(loss), slope, after, slope, trail, abs(trail), minimum=lowest, true_minimum=lowest
    )
    picture = render(curve_scene(moment, window, log=log), 40, 16)
    assert picture.size == (40, 16)
    inside = window.left <= w <= window.right and window.bottom <= abs(loss) <= window.top
    assert log or not inside or len(places(picture, "hiker")) == 1


def test_a_click_is_read_as_a_coordinate_inside_the_axes_only() -> None:
    picture = render(Scene(Window(-1, 4, 0, 1), ()), 80, 24)
    body = picture.body
    assert picture.x_at(body.column, body.row) == -1
    assert picture.x_at(body.column + body.width - 1, body.row) == 4
    assert picture.x_at(body.column - 1, body.row) is None
    assert picture.x_at(body.column, body.row + body.height) is None


def test_the_legend_names_what_is_drawn_as_far_as_there_is_room() -> None:
    scene = curve_scene(descent(0.0), Window(-1, 4, 0, 4000))
    assert text(render(scene, 80, 24)).endswith("● you  ✕ minimum  ○ next  ► uphill  • trail".ljust(80))
    assert text(render(scene, 20, 24)).endswith("● you  ✕ minimum".ljust(20))


def legend(layers: tuple[Layer, ...], width: int) -> str:
    return text(render(Scene(UNIT, layers), width, 24)).splitlines()[-1].rstrip()


def test_in_the_legend_a_run_without_room_has_its_short_name_or_is_counted() -> None:
    names = [("gradient descent", "gradient"), ("Nesterov momentum", "Nesterov"), ("Adam", "")]
    # The labels lie outside: they are not in the chart.
    labels = [
        Label(f"run-{at}", [2], [2], name, short=short, sign=f"run-{at}") for at, (name, short) in enumerate(names)
    ]
    runs = [Line(f"run-{at}", [0, 1], [0, 1], name) for at, (name, _) in enumerate(names)]
    signs = [Points(role, [0.5], [0.5], role) for role in ("trail", "uphill", "minimum", "hiker")]
    layers: tuple[Layer, ...] = (*labels, *reversed(runs), *signs)
    assert legend(layers, 100) == (
        "● hiker  ✕ minimum  ► uphill  • trail  ■ gradient descent  ▲ Nesterov momentum  ◆ Adam"
    )
    assert legend(layers, 80) == "● hiker  ✕ minimum  ► uphill  ■ gradient descent  ▲ Nesterov momentum  ◆ Adam"
    assert legend(layers, 52) == "● hiker  ✕ minimum  ■ gradient  ▲ Nesterov  ◆ Adam"
    assert legend(layers, 44) == "● hiker  ✕ minimum  ■ gradient  ◆ Adam  +1"
    assert legend(layers, 22) == "● hiker  ✕ minimum  +3"


def test_in_the_legend_two_things_of_one_role_are_two() -> None:
    assert legend((Points("run-0", [0], [0], "seed 1"), Points("run-0", [1], [1], "trail")), 80) == "■ trail  ■ seed 1"


def test_what_has_no_room_in_the_legend_keeps_out_nothing_shorter() -> None:
    long = Points("ghost", [0], [0], "a name that is far too long")
    assert legend((Points("uphill", [1], [1], "uphill"), long, Points("hiker", [1], [0], "you")), 24) == (
        "● you  ► uphill"
    )


def test_wide_characters_of_a_title_take_two_cells() -> None:
    picture = render(Scene(UNIT, (), "予約\x1b\n数"), 40, 24)
    assert text(picture).splitlines()[0].strip() == "予約数"
    assert [len(row) for row in picture.rows] == [40] * 24
    assert "???" in text(render(Scene(UNIT, (), "予約数"), 40, 24, "dot"))


# Where the loss is not a number


def holed(w: Floats) -> Floats:
    """A parabola without numbers between 1 and 2, and infinite between 2.5 and 3."""
    found = np.where((w > 1) & (w < 2), math.nan, parabola(w))
    return np.where((w > 2.5) & (w < 3), math.inf, found)


@pytest.mark.parametrize("log", [False, True])
@pytest.mark.parametrize("marker", MARKERS)
def test_the_curve_has_a_gap_where_the_loss_is_no_number_however_closely_one_looks(marker: str, log: bool) -> None:
    for across in ((-1.0, 4.0), (0.9, 2.2)):
        window = curve_window(holed, across, log=log)
        picture = render(curve_scene(descent(0.5, loss_at=holed, minimum=None), window, log=log), 92, 26, marker)
        width = picture.body.width
        columns = {column - picture.body.column for _, column, _ in places(picture, "curve")}
        middles = {column for column in range(width) if 1.05 < float(window.xs_at(column / (width - 1))) < 1.95}
        if across[1] > 3:
            middles |= {column for column in range(width) if 2.58 < float(window.xs_at(column / (width - 1))) < 2.92}
        assert middles
        assert not columns & middles
        assert columns


def test_a_window_without_a_single_loss_is_drawn() -> None:
    def nothing(w: Floats) -> Floats:
        return np.full(w.shape, math.nan)

    picture = render(
        curve_scene(descent(0.5, loss_at=nothing, minimum=None), curve_window(nothing, (0.0, 1.0))), 52, 14
    )
    assert places(picture, "curve") == []


# Lines that cross


@pytest.mark.parametrize("marker", ["braille", "hd"])
def test_where_two_lines_cross_the_cell_has_the_dots_of_both(marker: str) -> None:
    rising, level = Line("curve", [0, 1], [0, 1]), Line("branch", [0, 1], [0.5, 0.5])
    both, first, second = (
        render(Scene(UNIT, layers), 41, 21, marker) for layers in ((rising, level), (rising,), (level,))
    )
    one, other = (
        {(row, column): character for row, column, character in places(picture, role)}
        for picture, role in ((first, "curve"), (second, "branch"))
    )
    (crossing,) = [cell for cell in one if cell in other and one[cell] != other[cell]][:1]
    shown = both.rows[crossing[0]][crossing[1]]
    assert shown[1] == "branch", "in the colour of what is in front"
    assert shown[0] not in (one[crossing], other[crossing]) or shown[0] == "█"
    if marker == "braille":
        assert ord(shown[0]) == ord(one[crossing]) | ord(other[crossing])
