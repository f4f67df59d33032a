"""Injected faults: one event is dropped, one message is shown, and all numbers stay the same."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest
from rich.style import Style
from textual import events
from textual.geometry import Region
from textual.widget import Widget
from textual.widgets import Input, OptionList, Static

from tests.screens import gdlab, main_screen, settled, shown, state
from tui.screen import dialogs, opening
from tui.screen.app import GradientDescentApp, Palette
from tui.screen.fields import NumberField
from tui.screen.keys import COMMANDS
from tui.screen.screen import LaboratoryScreen
from tui.terminal.faults import IN_A_ROW, LARGEST, LOG, Faults, guard
from tui.views.views import VIEWS

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable
    from pathlib import Path

    from textual.pilot import Pilot


class Fault(RuntimeError):  # noqa: N818 (the word for it here)
    """What the tests put in."""


def fault() -> Callable[..., Any]:
    """A function that raises what no other raises: what was said a moment ago is not said again."""
    number = next(_NUMBERS)

    def raises(*_: object, **__: object) -> Any:
        raise Fault(f"put in by test {number}")

    return raises


_NUMBERS = count(1)


class NoEndings:
    """Endings of an app that is not alone in its process."""

    def __init__(self) -> None:
        self.begun: list[int] = []

    def listen(self) -> None:
        """Signals belong to the tests."""

    def begin(self, code: int) -> None:
        self.begun.append(code)


@asynccontextmanager
async def opened(app: GradientDescentApp) -> AsyncGenerator[Pilot[None], None]:
    """The app as it runs in a terminal: what raises is dropped."""
    app._endings = NoEndings()  # type: ignore[assignment]
    lift = guard(app.drop)
    try:
        async with app.run_test(size=(80, 24), notifications=True) as pilot:
            await pilot.pause()
            yield pilot
    finally:
        lift()


def said(pilot: Pilot[None]) -> list[str]:
    """The sentences on the screen about what was dropped."""
    return [note.message for note in pilot.app._notifications if "dropped" in note.message]


async def alive(pilot: Pilot[None]) -> None:
    """Assert that the app goes on: a step is a step."""
    screen = main_screen(pilot)
    while len(pilot.app.screen_stack) > 1:
        pilot.app.screen.dismiss(None)
        await settled(pilot)
    screen.action_chart()
    before = state(pilot).iteration
    screen.action_do("step")
    await settled(pilot)
    assert state(pilot).iteration == before + 1
    screen.action_do("back")
    await settled(pilot)


# --- Handlers


async def test_the_handler_of_every_command(monkeypatch: pytest.MonkeyPatch) -> None:
    async with opened(gdlab()) as pilot:
        screen = main_screen(pilot)
        screen.action_do("step")
        await settled(pilot)
        for command in COMMANDS:
            before = screen.laboratory.frame
            with monkeypatch.context() as patch:
                patch.setattr(LaboratoryScreen, f"action_{command.action.partition('(')[0]}", fault())
                if command.keys:
                    await pilot.press(command.keys[0])
                else:
                    screen.set_focus(screen._stage)
                    await pilot.press(command.chart_keys[0])
                await settled(pilot)
            what = (command.action, said(pilot))
            assert len(said(pilot)) == 1, what
            assert "Fault: put in by test " in said(pilot)[0], what
            after = screen.laboratory.frame
            assert (after.state, after.settings, after.branch) == (before.state, before.settings, before.branch), what
            await alive(pilot)
            pilot.app.clear_notifications()


# --- Drawing


@pytest.mark.parametrize("view", [view.name for view in VIEWS])
async def test_the_drawing_of_every_view(view: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What cannot be drawn is left as it was; the panels beside it show the step."""
    async with opened(gdlab()) as pilot:
        screen = main_screen(pilot)
        screen.action_view(view)
        await settled(pilot)
        with monkeypatch.context() as patch:
            patch.setattr(type(screen._views), "scene", fault())
            await pilot.press("n")
            await settled(pilot)
            assert len(said(pilot)) == 1
            assert state(pilot).iteration == 1
        await alive(pilot)


PARTS = ["#header", "#chart", "#readout", "#gauge", "#story", "#keys", "#rate", "#method", "#form"]


@pytest.mark.parametrize("part", PARTS)
async def test_a_part_that_cannot_be_drawn_leaves_the_others(part: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async with opened(gdlab()) as pilot:
        screen = main_screen(pilot)
        broken = screen.query_one(part)
        with monkeypatch.context() as patch:
            for name in ("render", "render_line", "paint"):
                if hasattr(broken, name):
                    patch.setattr(broken, name, fault())
            broken.refresh(layout=True)
            await pilot.press("n")
            screen.refresh(layout=True)
            await settled(pilot)
            await pilot.pause(0.1)
            assert said(pilot)
            assert state(pilot).iteration == 1
            shown = "\n".join(strip.text for strip in screen._compositor.render_strips())
            assert "gdlab" in shown or part == "#header"
            assert "Step 1 of" in shown or part == "#readout"
            assert "Fault: put in" in shown
        await alive(pilot)


async def test_a_part_that_cannot_be_measured_leaves_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    async with opened(gdlab()) as pilot:
        screen = main_screen(pilot)
        with monkeypatch.context() as patch:
            patch.setattr(screen.query_one("#keys"), "get_content_height", fault())
            screen.query_one("#keys").styles.height = "auto"
            await pilot.press("n")
            await settled(pilot)
            assert len(said(pilot)) == 1
        await alive(pilot)


# --- Dialogs

DIALOGS = {
    "question_mark": dialogs.TextDialog,
    "w": dialogs.TextDialog,
    "g": dialogs.BranchDialog,
    "o": opening.OpenDialog,
    "colon": Palette,
}


@pytest.mark.parametrize("key", DIALOGS)
@pytest.mark.parametrize("part", ["compose", "on_mount", "_on_mount", "_on_screen_resume", "render_line"])
async def test_the_making_of_every_dialog(key: str, part: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async with opened(gdlab()) as pilot:
        with monkeypatch.context() as patch:
            patch.setattr(DIALOGS[key], part, fault(), raising=False)
            await pilot.press(key)
            await settled(pilot)
            await pilot.press("escape")
            await settled(pilot)
            assert said(pilot)
        await alive(pilot)


@pytest.mark.parametrize("key", DIALOGS)
async def test_a_key_in_every_dialog(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async with opened(gdlab()) as pilot:
        await pilot.press(key)
        await settled(pilot)
        with monkeypatch.context() as patch:
            for kind in (Widget, Input, OptionList):
                patch.setattr(kind, "_on_key", fault(), raising=False)
            await pilot.press("down", "a", "1")
            await settled(pilot)
            assert said(pilot)
        await pilot.press("escape")
        await alive(pilot)


@pytest.mark.parametrize("key", ["pageup", "pagedown"])
@pytest.mark.parametrize("typed", ["", "zzzz", "r"])
async def test_pages_of_the_palette_while_it_is_filled(key: str, typed: str) -> None:
    async with opened(gdlab()) as pilot:
        await pilot.press("colon", key, *typed, key)
        await settled(pilot)
        await alive(pilot)


async def test_a_click_on_an_option_that_is_gone() -> None:
    async with opened(gdlab()) as pilot:
        await pilot.press("colon")
        await settled(pilot)
        options = pilot.app.screen.query_one(OptionList)
        click = events.Click(options, 1, 1, 0, 0, 1, False, False, False, style=Style(meta={"option": 999}))
        options.post_message(click)
        await settled(pilot)
        await alive(pilot)


@pytest.mark.parametrize("size", [(1, 1), (7, 60), (300, 1)])
async def test_every_dialog_in_every_window(size: tuple[int, int]) -> None:
    """Nothing is dropped here: what raises fails the test."""
    async with gdlab().run_test(size=(80, 24)) as pilot:
        for key in DIALOGS:
            for before, after in (((80, 24), size), (size, (80, 24))):
                await pilot.resize_terminal(*before)
                await pilot.press(key)
                await settled(pilot)
                assert len(pilot.app.screen_stack) == 2, key
                await pilot.resize_terminal(*after)
                await settled(pilot)
                pilot.app.refresh(layout=True)
                await pilot.pause(0.05)
                await pilot.press("escape")
                await settled(pilot)


@pytest.mark.parametrize("size", [(1, 1), (4, 4), (9, 5)])
async def test_the_options_of_a_choice_in_a_window_without_room(size: tuple[int, int]) -> None:
    """Textual cannot fold an option into no columns at all."""
    async with gdlab().run_test(size=(80, 24)) as pilot:
        pilot.app.push_screen(dialogs.OptionsDialog(["a longer word", "b"], 0, Region(9, 4, 12, 1)))
        await settled(pilot)
        await pilot.resize_terminal(*size)
        await settled(pilot)
        await pilot.press("escape")
        pilot.app.push_screen(dialogs.OptionsDialog(["a longer word", "b"], 0, Region(9, 4, 12, 1)))
        await settled(pilot)
        await pilot.press("down", "enter")
        await settled(pilot)
        assert len(pilot.app.screen_stack) == 1


@pytest.mark.parametrize("width", [4, 6])
async def test_the_palette_in_a_window_without_room(width: int) -> None:
    async with gdlab().run_test(size=(80, 24)) as pilot:
        await pilot.press("colon", "r")
        await settled(pilot)
        await pilot.resize_terminal(width, 10)
        await settled(pilot)
        assert pilot.app.screen.query_one(OptionList).option_count
        await pilot.press("escape")
        await settled(pilot)
        assert len(pilot.app.screen_stack) == 1


async def test_the_palette_has_no_picture_that_few_fonts_have() -> None:
    async with gdlab().run_test(size=(80, 24)) as pilot:
        await pilot.press("colon")
        await settled(pilot)
        assert "Search for commands" in shown(pilot)
        assert "\N{RIGHT-POINTING MAGNIFYING GLASS}" not in shown(pilot)


# --- Fields

FIELDS = ["rate", "steps", "start-w", "start-b", "batch"]


WRONG = ["400,84e5.468", "x", "nan", "1e999", "9" * 5000, "0,5", "-"]
LEFT_BY = ["tab", "escape", "click", "dialog", "enter"]


@pytest.mark.parametrize(
    ("name", "leave", "typed"),
    [(name, leave, WRONG[0]) for name in FIELDS for leave in LEFT_BY]
    + [("steps", "tab", typed) for typed in WRONG[1:]],
)
async def test_a_field_left_with_what_is_no_number(name: str, leave: str, typed: str) -> None:
    """It keeps its text, shows its sentence, and the old value stays in force; only escape takes the text back."""
    async with opened(gdlab()) as pilot:
        screen = main_screen(pilot)
        field = screen.query_one(f"#{name}", NumberField)
        before, old = screen.laboratory.frame, field.value
        screen.set_focus(field)
        await settled(pilot)
        field.value = ""
        field.post_message(events.Paste(typed))
        match leave:
            case "click":
                await pilot.click("#chart", offset=(1, 0))
            case "dialog":
                await pilot.press("question_mark")
            case _:
                await pilot.press(leave)
        await settled(pilot)
        after = screen.laboratory.frame
        assert (after.settings, after.limits, after.predict_at) == (before.settings, before.limits, before.predict_at)
        assert field.value == (old if leave == "escape" else typed)
        if leave != "escape":
            assert field.error
            hints = [
                str(screen.query_one("#hint", Static).content),
                *(note.message for note in pilot.app._notifications),
            ]
            assert any(field.error in hint for hint in hints), hints
        await alive(pilot)


@pytest.mark.parametrize("name", [*FIELDS, "x", "y", "method", "train", "data"])
@pytest.mark.parametrize("handler", ["_on_key", "_on_focus", "_on_blur", "render_line", "watch_has_focus"])
async def test_the_handlers_of_every_field(name: str, handler: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async with opened(gdlab()) as pilot:
        screen = main_screen(pilot)
        field = screen.query_one(f"#{name}")
        with monkeypatch.context() as patch:
            patch.setattr(type(field), handler, fault(), raising=False)
            screen.set_focus(field)
            await settled(pilot)
            await pilot.press("1", "up")
            await pilot.press("escape")
            screen.action_chart()
            await settled(pilot)
            assert said(pilot)
        await alive(pilot)


# --- Beside the keys


async def test_a_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    async with opened(gdlab()) as pilot:
        screen = main_screen(pilot)
        for number, (place, name, key) in enumerate(
            ((screen._views["rates"], "study", "5"), (screen.laboratory.studies, "racing", "a"))
        ):
            with monkeypatch.context() as patch:
                patch.setattr(place, name, lambda *_: map(fault(), [1]))
                await pilot.press(key)
                await settled(pilot)
                assert len(said(pilot)) == 1, number
            await alive(pilot)
            pilot.app.clear_notifications()


async def test_a_worker_that_reads_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    async with opened(gdlab()) as pilot:
        await pilot.press("o")
        await settled(pilot)
        with monkeypatch.context() as patch:
            patch.setattr(opening, "ground_named", fault())
            await pilot.press(*"cars", "enter")
            await settled(pilot)
            assert len(said(pilot)) == 1
        await alive(pilot)


@pytest.mark.parametrize("how", ["call_later", "call_next", "call_after_refresh", "timer", "async"])
async def test_a_callback(how: str) -> None:
    """One that raises takes none of those after it along."""
    async with opened(gdlab()) as pilot:
        screen, done = main_screen(pilot), []

        async def later() -> None:
            fault()()

        if how == "timer":
            screen.set_timer(0.001, fault())
            screen.set_timer(0.002, lambda: done.append(1))
            await pilot.pause(0.05)
        else:
            call = screen.call_later if how == "async" else getattr(screen, how)
            call(later if how == "async" else fault())
            call(lambda: done.append(1))
        await settled(pilot)
        await pilot.pause(0.05)
        assert len(said(pilot)) == 1
        assert done == [1]
        await alive(pilot)


async def test_what_raises_beside_all_pumps_is_told() -> None:
    async with opened(gdlab()) as pilot:
        asyncio.get_running_loop().call_soon(fault())
        await settled(pilot)
        assert len(said(pilot)) == 1
        await alive(pilot)


# --- Too much


async def test_after_many_faults_without_a_frame_the_app_ends() -> None:
    app = gdlab()

    async def too_many() -> None:
        async with opened(app) as pilot:
            with app.batch_update():
                for _ in range(IN_A_ROW):
                    app.drop(Fault("again"), "Something")
                assert app._exception is None
                app.drop(Fault("once more"), "Something")
            await settled(pilot)

    with pytest.raises(Fault, match="once more"):
        await too_many()


async def test_many_faults_with_frames_between_end_nothing() -> None:
    async with opened(gdlab()) as pilot:
        for _ in range(2 * IN_A_ROW):
            pilot.app.call_later(fault())
            await pilot.press("n")
            await settled(pilot)
        await alive(pilot)


def test_what_was_said_a_moment_ago_is_not_said_again(tmp_path: Path) -> None:
    now = [0.0]
    noted = Faults(tmp_path, lambda: now[0])
    assert noted.add(Fault("one"), "Key").startswith("Key dropped, all else stays: Fault: one. Details: ")
    assert noted.add(Fault("one"), "Key") == ""
    assert noted.add(Fault("two"), "Key") != ""
    assert noted.add(Fault("one"), "Key") == ""
    now[0] = 3.0
    assert noted.add(Fault("one"), "Key") != ""


def test_the_log_does_not_grow_without_bound(tmp_path: Path) -> None:
    noted = Faults(tmp_path / "new" / "folder")
    for number in range(300):
        assert noted.add(Fault(f"{number} " + "long " * 1000), "Key")
    sizes = {path.name: path.stat().st_size for path in (tmp_path / "new" / "folder").iterdir()}
    assert set(sizes) == {LOG, f"{LOG}.1"}
    assert max(sizes.values()) < 1.5 * LARGEST
    assert "299 long" in (tmp_path / "new" / "folder" / LOG).read_text("utf-8")


def test_where_the_log_cannot_be_written_the_sentence_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    said = Faults(tmp_path / "file" / "folder").add(Fault("\x1b[2J\nsecond line"), "Key")
    assert said == "Key dropped, all else stays: Fault: \\x1b[2J. The details could not be written down."
