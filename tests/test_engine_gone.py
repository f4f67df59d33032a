"""An engine that does not answer any more: whatever is pressed, that is a sentence, and no fault."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import duckdb
import numpy as np
import pytest

from gdcore.descent.batches import Batch
from gdcore.descent.optimizers import OPTIMIZERS
from gdcore.descent.steps import Limits, Settings
from gdcore.rows.dataset import DatasetError, Origin
from tests.screens import (
    choice,
    choose,
    laboratory,
    main_screen,
    opened,
    press,
    press_at_once,
    settled,
    shown,
    told,
    typed,
)
from tui.headless.plain.conversation import COMMANDS as WORDS
from tui.headless.plain.conversation import Plain
from tui.laboratory.ground import Ground
from tui.laboratory.laboratory import Laboratory
from tui.screen.app import GradientDescentApp
from tui.screen.chart import Chart
from tui.screen.fields import Choice, NumberField
from tui.screen.keys import COMMANDS
from tui.sources import duck
from tui.sources.held import Held
from tui.sources.load import load
from tui.views.views import VIEWS

if TYPE_CHECKING:
    from pathlib import Path

    from textual.pilot import Pilot

    from gdcore.rows.dataset import Dataset

ROWS = 200
GONE = "the rows are gone"
STEPS: dict[str, tuple[str, Batch | None]] = {
    "all rows": ("huber", None),
    "batches": ("squared", Batch(20)),
    "batches of another loss": ("absolute", Batch(20)),
}
"""The loss, and the rows that a step sees."""
ENDING = {"quit", "interrupt", "suspend"}
"""Commands that lead out of the app."""


@pytest.fixture(autouse=True)
def far(monkeypatch: pytest.MonkeyPatch) -> None:
    """No table is small enough to be taken whole."""
    monkeypatch.setattr(duck.DuckTable, "kept", 0)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    import pyarrow as pa  # noqa: PLC0415

    path = tmp_path_factory.mktemp("rows") / "t.parquet"
    random = np.random.default_rng(7)
    x = random.normal(5, 2, ROWS)
    rows = pa.table({"x": x, "y": 3 * x - 4 + random.standard_t(2, ROWS)})
    with duckdb.connect() as connection:
        connection.register("given", rows)
        connection.execute(f"COPY given TO '{path}'")
    return path


def room_on(file: Path, steps: str) -> Laboratory:
    loss, batch = STEPS[steps]
    data: Dataset = load(Origin((str(file),)), "x", "y")
    return Laboratory(Ground.of(data, loss), Settings(1e-3, train_bias=True, batch=batch), Limits(12))


def take_away(room: Laboratory, monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Let the engine answer nothing any more, and forget what it has said; return the questions that it then gets."""
    asked: list[object] = []

    def silent(_: Held, question: object) -> Any:
        asked.append(question)
        raise DatasetError(GONE)

    monkeypatch.setattr(Held, "_asked", silent)
    forget(room)
    return asked


def forget(room: Laboratory) -> None:
    """Forget all that the engine has said, as it is after many steps."""
    landscape: Any = room.ground.landscape
    landscape.columns._recent.clear()
    getattr(landscape, "_known", {}).clear()


async def back_to_the_chart(pilot: Pilot[None]) -> None:
    while pilot.app.screen is not main_screen(pilot):
        await press(pilot, "escape")
    await press(pilot, "escape")


@pytest.mark.parametrize("steps", STEPS)
async def test_every_key_is_answered(file: Path, steps: str, monkeypatch: pytest.MonkeyPatch) -> None:
    room = room_on(file, steps)
    async with opened(GradientDescentApp(room, fps=1e-6), (120, 36)) as pilot:
        await press(pilot, "n", "n", "n", "p", "n", "b")
        take_away(room, monkeypatch)
        views = [str(number) for number, view in enumerate(VIEWS, 1) if view.name != "rates"]
        for number, command in enumerate(COMMANDS):
            if command.name in ENDING:
                continue
            for key in (command.keys or command.chart_keys)[:1]:
                forget(room)
                press_at_once(pilot, views[number % len(views)], key)
                if "rates" in command.name:  # whose long study is left at once
                    press_at_once(pilot, "1")
                await settled(pilot)
                await back_to_the_chart(pilot)
        assert "went wrong" not in shown(pilot)
        assert pilot.app.is_running
        await press(pilot, "T")
        assert laboratory(pilot) is room, "and the course was left again"


@pytest.mark.parametrize("key", ["n", "N", "a", "w", "g", "G", "space", "f", "u", "h", "right_square_bracket", "S"])
@pytest.mark.parametrize("steps", STEPS)
async def test_a_key_that_needs_the_rows_says_what_a_step_says(
    file: Path, steps: str, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    room = room_on(file, steps)
    async with opened(GradientDescentApp(room, fps=1e-6), (120, 36)) as pilot:
        await press(pilot, "n", "n")
        asked = take_away(room, monkeypatch)
        await press(pilot, key)
        assert not asked or f"{GONE}." in told(pilot)
        assert asked or key in "wguhfS"
        assert len(pilot.app.screen_stack) == (1 if asked or key not in "wg" else 2)
        assert (room.walk.running, room.studies.ghosts) == (False, False)
        assert room.walk.timeline.state.iteration == 2


@pytest.mark.parametrize("steps", STEPS)
async def test_a_race_is_given_up(file: Path, steps: str, monkeypatch: pytest.MonkeyPatch) -> None:
    room = room_on(file, steps)
    async with opened(GradientDescentApp(room, fps=1e-6), (120, 36)) as pilot:
        await press(pilot, "n")
        answer, answers = Held._asked, [5]

        def dying(self: Held, question: Any) -> Any:
            answers[0] -= 1
            if answers[0] < 0:
                raise DatasetError(GONE)
            return answer(self, question)

        monkeypatch.setattr(Held, "_asked", dying)
        await press(pilot, "a")
        assert answers[0] < 0
        assert f"{GONE}." in told(pilot)
        screen = main_screen(pilot)
        assert (screen._race_on, screen._views.racers, len(room.walk.branches)) == (None, (), 1)
        monkeypatch.setattr(Held, "_asked", answer)
        await press(pilot, "a")
        assert "came lowest" in told(pilot)
        take_away(room, monkeypatch)
        await press(pilot, "l", "k", "l")
        assert "The race" in shown(pilot), "the table stands, and asks nothing"
        assert all(kind.title in shown(pilot) for kind in OPTIMIZERS.values())


@pytest.mark.parametrize("steps", STEPS)
async def test_every_field_is_answered(file: Path, steps: str, monkeypatch: pytest.MonkeyPatch) -> None:
    room = room_on(file, steps)
    async with opened(GradientDescentApp(room, fps=1e-6), (120, 48)) as pilot:
        await press(pilot, "n", "n", "3")
        numbers = [str(number.id) for number in main_screen(pilot).query(NumberField)]
        assert {"rate", "batch", "start-w", "at-x"} <= set(numbers)
        take_away(room, monkeypatch)
        for name in numbers:
            forget(room)
            await typed(pilot, name, "3")
            await press(pilot, "enter", "escape")
        for name in [str(control.id) for control in main_screen(pilot).query(Choice)]:
            for _, value in choice(pilot, name).options:
                forget(room)
                await choose(pilot, name, value)
        for place in (0.2, 0.8):
            main_screen(pilot).post_message(Chart.Clicked(main_screen(pilot)._stage, place))
            main_screen(pilot).post_message(Chart.Dragged(3, 1))
            await settled(pilot)
        assert pilot.app.is_running


@pytest.mark.parametrize("steps", STEPS)
async def test_a_dialog_that_is_open_is_answered(file: Path, steps: str, monkeypatch: pytest.MonkeyPatch) -> None:
    room = room_on(file, steps)
    async with opened(GradientDescentApp(room, fps=1e-6), (120, 36)) as pilot:
        await press(pilot, "n", "n", "p", "n", "b", "p", "g")
        assert len(pilot.app.screen_stack) == 2
        take_away(room, monkeypatch)
        await press(pilot, "down", "up", "down", "e")
        press_at_once(pilot, "Z", "enter")
        await settled(pilot)
        await press(pilot, "up", "enter")
        await back_to_the_chart(pilot)
        await press(pilot, "n")
        assert f"{GONE}." in told(pilot)


@pytest.mark.parametrize("steps", STEPS)
def test_every_word_is_answered(file: Path, steps: str, monkeypatch: pytest.MonkeyPatch) -> None:
    room = room_on(file, steps)
    plain = Plain(room)
    assert list(plain.answer("step 3"))
    assert list(plain.answer("back"))
    take_away(room, monkeypatch)
    values = {"N|all [SEED]": "30", "NAME [DELTA]": "huber", "W [B]": "1 2", "N": "3", "X": "0.5"}
    for command in WORDS:
        for name in command.names:
            forget(room)
            assert all(isinstance(line, str) for line in plain.answer(f"{name} {values.get(command.values, '')}"))
    for word in ("race", "step", "run"):
        assert GONE in "".join(plain.answer(word)), word


@pytest.mark.parametrize("steps", STEPS)
def test_settings_that_need_the_rows_change_wholly_or_not_at_all(
    file: Path, steps: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    room = room_on(file, steps)
    room.walk.step(3)
    room.walk.back()
    take_away(room, monkeypatch)
    run, before = room.walk.timeline, room.walk.timeline.changes()
    for size in (ROWS, 30):
        forget(room)
        if (run.settings.batch is None) == (size == ROWS) or (size == ROWS and run.landscape.exact):
            continue
        with pytest.raises(DatasetError, match=GONE):
            room.walk.set_batch(size)
        assert room.walk.timeline is run
        assert len(room.walk.branches) == 1
        assert run.changes() == before
        assert run.settings == run.settings_at(2) == before[-1][1]
