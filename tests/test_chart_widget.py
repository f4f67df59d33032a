"""The chart on the screen: one build for a frame, and only the cells that changed are painted."""

import numpy as np
import pytest
from textual import on
from textual.app import App, ComposeResult
from textual.color import Color
from textual.geometry import Region
from textual.theme import BUILTIN_THEMES

from tui.charts.canvas import GLYPHS, Picture, Scene, render
from tui.charts.curve import Descent, curve_scene
from tui.charts.window import Floats, Window
from tui.screen.chart import Chart
from tui.terminal.painted import PALETTE

WINDOW = Window(-1, 4, 0, 4000)


def parabola(w: Floats) -> Floats:
    return 400 * (w - 2) ** 2 + 50


def at(w: float) -> Scene:
    loss = float(parabola(np.array(w)))
    return curve_scene(Descent(parabola, w, loss, 800 * (w - 2), minimum=2.0), WINDOW)


class Stage(App[None]):
    """A chart alone on a screen."""

    CSS = "Chart { border: solid red; }"

    def __init__(self) -> None:
        super().__init__()
        self.clicks: list[float] = []
        self.drags: list[tuple[int, int]] = []

    def compose(self) -> ComposeResult:
        yield Chart()

    @on(Chart.Clicked)
    def remember(self, event: Chart.Clicked) -> None:
        self.clicks.append(event.x)

    @on(Chart.Dragged)
    def follow(self, event: Chart.Dragged) -> None:
        self.drags.append((event.columns, event.rows))


@pytest.fixture
def builds(monkeypatch: pytest.MonkeyPatch) -> list[Picture]:
    """The pictures that were built so far."""
    built: list[Picture] = []

    def counted(scene: Scene, width: int, height: int, marker: str, *, colourless: bool) -> Picture:
        built.append(render(scene, width, height, marker, colourless=colourless))
        return built[-1]

    monkeypatch.setattr("tui.screen.chart.render", counted)
    return built


def lines(chart: Chart) -> list[str]:
    return [chart.render_line(y).text for y in range(chart.content_size.height)]


async def test_a_scene_is_built_once_each_time_it_is_assigned(builds: list[Picture]) -> None:
    app = Stage()
    async with app.run_test(size=(80, 24)) as pilot:
        chart = app.query_one(Chart)
        assert builds == []
        chart.scene = at(0.0)
        await pilot.pause()
        assert len(builds) == 1
        for number, w in enumerate((0.1, 0.2, 0.3), 2):
            chart.scene = at(w)
            assert len(builds) == number
        await pilot.pause()
        assert len(builds) == 4
        assert lines(chart) == ["".join(cell for cell, _ in row) for row in render(at(0.3), 78, 22).rows]


async def test_only_changed_cells_are_painted(monkeypatch: pytest.MonkeyPatch, builds: list[Picture]) -> None:
    app = Stage()
    async with app.run_test(size=(80, 24)) as pilot:
        chart = app.query_one(Chart)
        chart.scene = at(0.0)
        await pilot.pause()
        painted: list[Region] = []
        set_dirty = chart._set_dirty

        def watched(*regions: Region) -> None:
            painted.extend(regions)
            set_dirty(*regions)

        monkeypatch.setattr(chart, "_set_dirty", watched)
        chart.scene = at(0.5)
        await pilot.pause()
        before, after = builds
        changed = {
            (column, row)
            for row, (old, new) in enumerate(zip(before.rows, after.rows, strict=True))
            for column, pair in enumerate(zip(old, new, strict=True))
            if pair[0] != pair[1]
        }
        cells = {(column, row) for region in painted for column, row in _cells(region)}
        assert changed
        assert changed <= cells
        assert len(cells) < 60
        assert all({(region.x, region.y), (region.right - 1, region.y)} <= changed for region in painted)
        painted.clear()
        chart.scene = at(0.5)
        await pilot.pause()
        assert painted == []


def _cells(region: Region) -> list[tuple[int, int]]:
    return [(column, row) for row in region.line_range for column in range(region.x, region.right)]


async def test_what_the_screen_shows_is_the_last_scene() -> None:
    app = Stage()
    async with app.run_test(size=(80, 24)) as pilot:
        chart = app.query_one(Chart)
        for w in (0.0, 0.7, 3.1, 2.0):
            chart.scene = at(w)
            await pilot.pause()
            strips = app.screen._compositor.render_strips()
            assert [strip.text[1:-1] for strip in strips[1:-1]] == lines(chart)
        assert "●" in "".join(lines(chart))


async def test_a_new_size_is_a_new_picture(builds: list[Picture]) -> None:
    app = Stage()
    async with app.run_test(size=(80, 24)) as pilot:
        chart = app.query_one(Chart)
        chart.scene = at(0.0)
        await pilot.pause()
        await pilot.resize_terminal(60, 18)
        await pilot.pause()
        assert builds[-1].size == (58, 16)
        assert len(builds) == 2
        chart.scene = at(0.5)
        await pilot.pause()
        assert all(strip.cell_length == 58 for strip in (chart.render_line(y) for y in range(16)))


@pytest.mark.parametrize("size", [(2, 2), (3, 3), (5, 2), (2, 5)])
async def test_no_room_is_no_error(size: tuple[int, int]) -> None:
    app = Stage()
    async with app.run_test(size=size) as pilot:
        chart = app.query_one(Chart)
        chart.scene = at(0.0)
        await pilot.pause()
        chart.scene = at(0.5)
        await pilot.pause()
        assert len(lines(chart)) == max(0, size[1] - 2)


async def test_a_hidden_chart_shows_the_last_scene_when_it_comes_back() -> None:
    app = Stage()
    async with app.run_test(size=(80, 24)) as pilot:
        chart = app.query_one(Chart)
        chart.scene = at(0.0)
        await pilot.pause()
        chart.display = False
        await pilot.pause()
        chart.scene = at(0.5)
        await pilot.pause()
        chart.display = True
        await pilot.pause()
        expected = ["".join(cell for cell, _ in row) for row in render(at(0.5), 78, 22).rows]
        assert [strip.text[1:-1] for strip in app.screen._compositor.render_strips()[1:-1]] == expected


async def test_no_scene_is_an_empty_chart() -> None:
    app = Stage()
    async with app.run_test(size=(80, 24)) as pilot:
        chart = app.query_one(Chart)
        chart.scene = at(0.0)
        await pilot.pause()
        chart.scene = None
        await pilot.pause()
        assert "".join(lines(chart)).strip() == ""


async def test_a_click_tells_the_coordinate() -> None:
    app = Stage()
    async with app.run_test(size=(80, 24)) as pilot:
        chart = app.query_one(Chart)
        chart.scene = at(0.0)
        await pilot.pause()
        body = render(at(0.0), 78, 22).body
        # One more column and row for the border of the widget.
        await pilot.click(Chart, offset=(1 + body.column, 1 + body.row))
        await pilot.click(Chart, offset=(1 + body.column + body.width - 1, 1 + body.row))
        await pilot.click(Chart, offset=(1, 1))
        await pilot.click(Chart, offset=(0, 0))
        assert app.clicks == [-1, 4]


async def test_the_marker_changes_the_lines() -> None:
    app = Stage()
    async with app.run_test(size=(80, 24)) as pilot:
        chart = app.query_one(Chart)
        chart.scene = at(0.0)
        await pilot.pause()
        assert not "".join(lines(chart)).isascii()
        chart.marker = "dot"
        await pilot.pause()
        assert "".join(lines(chart)).isascii()


async def test_roles_that_may_meet_differ_by_glyph() -> None:
    for alphabet in (0, 1):
        marks = [GLYPHS[role][alphabet] for role in ("hiker", "minimum", "true-minimum", "ghost", "trail", "uphill")]
        assert len(set(marks)) == len(marks)


@pytest.mark.parametrize("theme", [name for name in BUILTIN_THEMES if not name.startswith("ansi")])
async def test_every_role_is_seen_in_every_theme(theme: str) -> None:
    app = Stage()
    async with app.run_test(size=(80, 24)) as pilot:
        app.theme = theme
        await pilot.pause()
        chart = app.query_one(Chart)
        for role in PALETTE:
            style = chart.style_of(role)
            assert style.color is not None
            assert style.bgcolor is not None
            assert _contrast(Color.from_rich_color(style.color), Color.from_rich_color(style.bgcolor)) >= 3, role


def _contrast(one: Color, other: Color) -> float:
    """The contrast ratio of WCAG 2.1."""

    def luminance(colour: Color) -> float:
        parts = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in colour.normalized]
        return float(np.dot(parts, (0.2126, 0.7152, 0.0722)))

    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


async def test_the_mouse_drags_while_its_button_is_down_and_no_longer() -> None:
    app = Stage()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.hover(Chart, (20, 10))
        await pilot.hover(Chart, (25, 12))
        assert app.drags == []
        await pilot.mouse_down(Chart, (20, 10))
        await pilot.hover(Chart, (25, 12))
        await pilot.hover(Chart, (23, 12))
        await pilot.mouse_up(Chart, (23, 12))
        await pilot.hover(Chart, (40, 3))
        assert app.mouse_captured is None
    assert np.sum(app.drags, axis=0).tolist() == [3, 2]
