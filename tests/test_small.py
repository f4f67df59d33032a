"""The other views in a few rows beside the chart."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from gdcore.descent.optimizers import OPTIMIZERS
from gdcore.descent.steps import Limits, Settings
from gdcore.landscapes.terrain import TERRAINS
from gdcore.rows.dataset import load
from tests.screens import gdlab, main_screen, opened, press, settled
from tui.charts.canvas import MARKERS, Label, Line
from tui.charts.small import CONTOURS, render_small, small
from tui.laboratory.laboratory import Laboratory
from tui.screen.aside import LARGEST, Aside
from tui.views.views import VIEWS, Views

if TYPE_CHECKING:
    from textual.pilot import Pilot

    from gdcore.landscapes.landscape import Landscape
    from gdcore.rows.dataset import Dataset
    from tui.charts.canvas import Picture, Scene

GROUNDS: dict[str, Dataset | Landscape] = {"pizza": load("pizza"), "himmelblau": TERRAINS["himmelblau"]}


def scenes(ground: Dataset | Landscape, steps: int = 12, *, race: bool = False, log: bool = False) -> dict[str, Scene]:
    lab = Laboratory(ground, Settings(0.002, train_bias=True), Limits(200))
    lab.walk.step(steps)
    if race:
        lab.studies.race()
    views = Views()
    views.log = log
    found = {}
    for view in VIEWS:
        if not views[view.name].missing(lab.ground):
            views.show(view.name, lab.ground)
            found[view.name] = views.scene(lab.frame)
    return found


def cells(picture: Picture, role: str) -> list[tuple[int, int]]:
    """Where a role is, inside of the axes."""
    body = picture.body
    rows = enumerate(picture.rows[body.row : body.row + body.height])
    return [(row, column) for row, line in rows for column, (_, own) in enumerate(line) if own == role]


@pytest.mark.parametrize("race", [False, True])
@pytest.mark.parametrize("marker", MARKERS)
@pytest.mark.parametrize("name", GROUNDS)
def test_every_view_is_seen_in_six_rows_with_the_hiker_and_without_words(name: str, marker: str, race: bool) -> None:
    for view, scene in scenes(GROUNDS[name], race=race).items():
        for size in ((26, 6), (26, 1), (1, 1), (40, 8)):
            picture = render_small(scene, *size, marker)
            assert picture.size == size
        picture = render_small(scene, 26, 6, marker)
        words = [character for row in picture.rows for character, role in row if character.isalpha() and role != ""]
        if marker != "dot":
            assert words == [], view
        if view in {"map", "history", "curve"}:
            assert len(cells(picture, "hiker")) == 1


def test_the_small_map_has_few_contours_and_where_one_is_and_is_going() -> None:
    scene = scenes(GROUNDS["pizza"])["map"]
    found = small(scene)
    contours = [layer for layer in found.layers if isinstance(layer, Line) and layer.role.startswith("height-")]
    assert 2 <= len(contours) <= CONTOURS
    assert len(contours) < sum(isinstance(layer, Line) and layer.role.startswith("height-") for layer in scene.layers)
    picture = render_small(scene, 26, 6)
    full = render_small(scene, 92, 26)
    ((row, column),), ((tall, wide),) = cells(picture, "hiker"), cells(full, "hiker")
    body = full.body
    place = tall / (body.height - 1), (wide - body.column) / (body.width - 1)
    assert (row / 5, column / 25) == pytest.approx(place, abs=0.1), "at the same place of the plane"
    assert cells(picture, "minimum")


@pytest.mark.parametrize("rows", [6, 9, 13])
def test_a_small_picture_fills_its_rows_and_its_floor_is_whole(rows: int) -> None:
    scene = scenes(GROUNDS["pizza"], 1)["history"]
    picture = render_small(scene, 26, rows)
    assert picture.body.height == rows, "neither a title nor a legend takes a row"
    (row,) = {row for row, _ in cells(picture, "floor")}
    _, *inner, _ = [character for character, role in picture.rows[row] if role == "floor"]
    assert len(inner) > 18
    assert len(set(inner)) == 1, "dashes of so few dots would differ"


@pytest.mark.parametrize("log", [False, True])
def test_the_small_history_falls_and_says_between_which_losses(log: bool) -> None:
    scene = scenes(GROUNDS["pizza"], 40, log=log)["history"]
    picture = render_small(scene, 26, 6)
    numbers = [layer.text for layer in small(scene).layers if isinstance(layer, Label)]
    assert len(numbers) == 2
    assert float(numbers[0]) > float(numbers[1])
    assert all(any(number in "".join(c for c, _ in row) for row in picture.rows) for number in numbers)
    rows = np.array([row for row, _ in sorted(cells(picture, "curve"), key=lambda cell: cell[1])])
    assert rows[0] < rows[-1]


# On the screen


def titles(pilot: Pilot[None]) -> list[str]:
    """The names of the views that are shown in small."""
    aside = main_screen(pilot).query_one(Aside)
    if not aside.display:
        return []
    rows = ["".join(character for character, role in row if role == "title") for row in aside.rows]
    return [row.strip() for row in rows if row.strip()]


@pytest.mark.parametrize(
    ("size", "shown"),
    [((80, 24), []), ((99, 60), []), ((100, 24), []), ((100, 30), ["Map"]), ((120, 36), ["Map", "History"])],
)
async def test_the_room_left_of_a_wide_chart_holds_the_other_views(size: tuple[int, int], shown: list[str]) -> None:
    async with opened(gdlab(), size) as pilot:
        await press(pilot, "t", "n", "n")
        assert titles(pilot) == shown
        form = main_screen(pilot).query_one("#form")
        if shown:
            assert form.max_scroll_y == 0, "no setting is out of sight for it"
            await press(pilot, "2")
            assert titles(pilot) == ["History", "Curve"][: len(shown)]


async def test_in_a_high_terminal_the_views_in_small_are_higher() -> None:
    async with opened(gdlab(), (200, 60)) as pilot:
        await settled(pilot)
        aside = main_screen(pilot).query_one(Aside)
        drawn = [number for number, row in enumerate(aside.rows) if any(character != " " for character, _ in row)]
        assert titles(pilot) == ["Map", "History"]
        assert 2 * LARGEST - 4 <= drawn[-1] < 2 * LARGEST


async def test_below_the_table_of_a_race_are_the_other_views() -> None:
    async with opened(gdlab(), (120, 36)) as pilot:
        await press(pilot, "t", "n", "a")
        assert titles(pilot) == ["Map"]
        table = main_screen(pilot).query_one("#race")
        assert table.size.height == 2 + 2 * len(OPTIMIZERS)
        await press(pilot, "n")
        assert titles(pilot) == ["Map", "Curve"]


async def test_the_views_in_small_follow_the_run_and_what_is_walked_on() -> None:
    async with opened(gdlab(), (120, 36)) as pilot:
        aside = main_screen(pilot).query_one(Aside)
        before = aside.rows
        await press(pilot, "n", "n", "n")
        assert aside.rows != before
        await pilot.resize_terminal(80, 24)
        await settled(pilot)
        assert titles(pilot) == []
        await pilot.resize_terminal(120, 36)
        await settled(pilot)
        assert titles(pilot) == ["Map", "History"]
        main_screen(pilot).laboratory.walk_on(TERRAINS["kink"])
        main_screen(pilot).touch()
        await settled(pilot)
        assert titles(pilot) == ["History"], "there is no map without a b"
