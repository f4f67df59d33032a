"""The first keys to press: shown over the chart, covering nothing, and hidden after a few steps."""

from __future__ import annotations

import numpy as np
import pytest

from gdcore.descent.steps import Limits, Settings
from gdcore.landscapes.known import find
from gdcore.landscapes.terrain import TERRAINS
from gdcore.rows.dataset import Dataset, load
from tests.screens import LARGE, SMALL, gdlab, laboratory, main_screen, opened, press, settled, shown, told
from tui.charts.canvas import MARKERS, Label, Line, Scene, render
from tui.charts.card import with_card
from tui.charts.window import Window
from tui.laboratory.ground import Ground
from tui.laboratory.laboratory import Laboratory
from tui.laboratory.saving import laboratory_of, session_of
from tui.laboratory.welcome import STEPS, forms
from tui.screen.app import GradientDescentApp
from tui.views.curve import Curve
from tui.views.views import VIEWS, Views

FORMS = forms()
SAID = "a step downhill"


@pytest.mark.parametrize("marker", MARKERS)
@pytest.mark.parametrize("size", [(92, 30), (52, 15), (40, 12), (20, 8), (3, 2)])
@pytest.mark.parametrize("ground", ["pizza", "himmelblau"])
def test_what_is_drawn_stays_and_the_text_is_whole(ground: str, size: tuple[int, int], marker: str) -> None:
    lab = Laboratory(TERRAINS[ground] if ground in TERRAINS else load(ground), Settings(0.001), Limits(100))
    picture = render(Views().scene(lab.frame), *size, marker)
    rows, place = with_card(picture, FORMS)
    changed = 0
    for before, after in zip(picture.rows, rows, strict=True):
        for old, new in zip(before, after, strict=True):
            assert old[0] == " " or old == new, "it hides nothing"
            changed += old != new
    text = "\n".join("".join(character for character, _ in row) for row in rows)
    whole = [form for form in FORMS if all(line in text for line in form)]
    assert bool(whole) == (place is not None) == bool(changed)
    if size[0] > 50:
        assert len(whole[0]) > 2, "there is room for what the keys do"


def test_it_stays_where_it_is_while_it_can_and_gives_way() -> None:
    def scene(*xs: float) -> Scene:
        return Scene(Window(0, 1, 0, 1), (Line("curve", xs, np.linspace(0, 1, len(xs))),))

    rows, place = with_card(render(scene(0.0, 0.0), 60, 20), FORMS)
    assert place is not None
    elsewhere = (place[0] - 3, place[1] - 5)
    assert with_card(render(scene(0.0, 0.0), 60, 20), FORMS, elsewhere)[1] == elsewhere
    crossed, moved = with_card(render(scene(0.5, 0.5), 60, 20), FORMS, place)
    assert moved not in (None, place)
    assert crossed != rows


def test_where_all_is_drawn_over_nothing_is_said() -> None:
    places = np.repeat(np.linspace(0, 1, 40), 40), np.tile(np.linspace(0, 1, 40), 40)
    full = render(Scene(Window(0, 1, 0, 1), (Label("level", *places, "x"), Line("curve", *places))), 30, 8)
    assert with_card(full, FORMS) == (full.rows, None)


@pytest.mark.parametrize("size", [SMALL, LARGE, (200, 60), (60, 20)])
async def test_a_person_sees_what_to_press_until_some_steps_are_made(size: tuple[int, int]) -> None:
    async with opened(gdlab(), size) as pilot:
        for step in range(STEPS):
            assert "downhill" in shown(pilot), step
            assert "●" in shown(pilot)
            await press(pilot, "n")
        assert "downhill" not in shown(pilot)
        await press(pilot, "z")
        assert "downhill" in shown(pilot), "it comes back"
        await press(pilot, "z")
        assert "downhill" not in shown(pilot)
        await press(pilot, "z", *"nnn")
        assert "downhill" not in shown(pilot), "and goes again"


@pytest.mark.parametrize("size", [SMALL, LARGE])
@pytest.mark.parametrize("ground", [*TERRAINS, "w + b", "exp(-w)", "w**2 + b", "-w**4", "labels that part"])
async def test_a_cross_is_spoken_of_where_there_is_one(ground: str, size: tuple[int, int]) -> None:
    labels = Dataset("labels", None, np.arange(4.0), np.array([0.0, 0.0, 1.0, 1.0]), "x", "y", ("x", "y"))
    source = Ground.of(labels, "logistic") if ground == "labels that part" else Ground.of(find(ground))
    lab = Laboratory(source, Settings(1e-4, train_bias=True), Limits(100), source.landscape.scope.start)
    async with opened(GradientDescentApp(lab, fps=1e-6), size) as pilot:
        text = shown(pilot)
        card = [line for cross in (True, False) for form in forms(cross=cross) for line in form if line in text]
        assert card
        if "Walk down" in text:
            assert ("the cross:" in text) == ("✕ minimum" in text)


async def test_it_stands_on_the_curve_alone_and_the_key_says_so() -> None:
    async with opened(gdlab()) as pilot:
        for number, view in enumerate(VIEWS, 1):
            await press(pilot, str(number))
            await settled(pilot)
            stands = [line for form in FORMS for line in form if line in shown(pilot)]
            assert bool(stands) == (view is Curve), view.name
        await press(pilot, "z")
        assert "The first keys are put away." in told(pilot)
        await press(pilot, "z")
        assert "The first keys stand on the curve" in told(pilot)
        await press(pilot, "1")
        assert SAID in shown(pilot)


async def test_asked_for_after_some_steps_they_stand_for_as_many_more_as_is_said() -> None:
    async with opened(gdlab()) as pilot:
        await press(pilot, *"nnnn", "5", "z")
        assert "The first keys stand on the curve (key 1) for three more steps." in " ".join(told(pilot).split())
        await press(pilot, "1")
        for _ in range(3):
            assert SAID in shown(pilot)
            await press(pilot, "n")
        assert SAID not in shown(pilot)


async def test_who_comes_back_is_not_told_again() -> None:
    lab = Laboratory(load("pizza"), Settings(0.001), Limits(100))
    back = laboratory_of(session_of(lab), load("pizza"))
    async with opened(gdlab()) as pilot:
        main_screen(pilot).laboratory = back
        main_screen(pilot).touch()
        await settled(pilot)
        assert laboratory(pilot) is back
        assert SAID not in shown(pilot)
        await press(pilot, "z")
        assert SAID in shown(pilot)
