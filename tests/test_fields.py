"""A number field: what the first key does, and what a letter does."""

from __future__ import annotations

import pytest
from textual import events
from textual.widgets import Static

from tests.screens import (
    field,
    focused,
    gdlab,
    main_screen,
    opened,
    press,
    settings,
    settled,
    shown,
    state,
    typed,
    write,
)
from tui.screen.form import COMMANDED, NUMBERS


@pytest.mark.parametrize("name", ["rate", "start-w", "steps"])
async def test_the_first_key_replaces_and_the_next_ones_go_on(name: str) -> None:
    async with opened(gdlab()) as pilot:
        number = field(pilot, name)
        number.focus()
        await settled(pilot)
        await write(pilot, "25")
        assert number.value == "25"
        await press(pilot, "enter")
        await write(pilot, "31")
        assert number.value == "31", "what was put in force is replaced likewise"
        await press(pilot, "enter", "up")
        assert number.in_force > 31
        await write(pilot, "4")
        assert number.value == "4"
        await press(pilot, "tab", "shift+tab")
        assert number.in_force == 4
        await write(pilot, "7")
        assert number.value == "7"


@pytest.mark.parametrize(
    ("keys", "after"),
    [
        (["right"], "0.0015"),
        (["end"], "0.0015"),
        (["home"], "50.001"),
        (["left"], "0.0051"),
        (["backspace"], "0.005"),
        (["home", "delete"], "5.001"),
    ],
    ids=" ".join,
)
async def test_who_moves_the_cursor_first_edits(keys: list[str], after: str) -> None:
    async with opened(gdlab()) as pilot:
        number = field(pilot, "rate")
        number.focus()
        await settled(pilot)
        await press(pilot, *keys)
        await write(pilot, "5")
        assert number.value == after


async def test_a_click_edits_where_it_was() -> None:
    async with opened(gdlab()) as pilot:
        number = field(pilot, "rate")
        for _ in range(2):
            await pilot.click(number, offset=(2, 0))
            await settled(pilot)
            await write(pilot, "5")
            assert number.value == "0.5001"
            await press(pilot, "escape")


async def test_a_paste_replaces_once() -> None:
    async with opened(gdlab()) as pilot:
        number = field(pilot, "rate")
        number.focus()
        await settled(pilot)
        for text, after in ((" ", "0.001 "), ("0.02", "0.02"), ("5", "0.025")):
            if text == "0.02":
                await press(pilot, "enter")
            number.post_message(events.Paste(text))
            await settled(pilot)
            assert number.value == after


async def test_something_wrong_is_mended_not_typed_anew() -> None:
    async with opened(gdlab()) as pilot:
        number = field(pilot, "rate")
        number.focus()
        await settled(pilot)
        await write(pilot, "1e")
        await press(pilot, "enter")
        assert number.error
        await write(pilot, "-4")
        await press(pilot, "enter")
        assert settings(pilot).learning_rate == 1e-4


async def test_nothing_is_selected_so_that_an_interrupt_quits() -> None:
    app = gdlab()
    async with opened(app) as pilot:
        field(pilot, "rate").focus()
        await settled(pilot)
        assert field(pilot, "rate").selection.is_empty
        await press(pilot, "2")
        assert field(pilot, "rate").selection.is_empty
        await press(pilot, "ctrl+c")
        assert app._exit


def hint(screen: object) -> str:
    static = screen.query_one("#hint", Static)  # type: ignore[attr-defined]
    return str(static.content) if static.display else ""


async def test_a_letter_in_a_field_is_a_command_and_that_is_said_once() -> None:
    async with opened(gdlab()) as pilot:
        field(pilot, "rate").focus()
        await settled(pilot)
        assert NUMBERS["rate"][1].range.words in hint(main_screen(pilot))
        await press(pilot, "n")
        assert state(pilot).iteration == 1
        assert focused(pilot) == "rate"
        assert hint(main_screen(pilot)) == f"n {COMMANDED}"
        assert "is a command here too" in shown(pilot)
        await write(pilot, "2")
        assert NUMBERS["rate"][1].range.words in hint(main_screen(pilot)), "the range comes back with the next digit"
        await press(pilot, "n")
        assert state(pilot).iteration == 2
        assert COMMANDED not in hint(main_screen(pilot))


async def test_a_mistake_is_said_rather_than_that_a_letter_is_a_command() -> None:
    async with opened(gdlab()) as pilot:
        number = await typed(pilot, "rate", "0.0")
        await press(pilot, "n")
        assert hint(main_screen(pilot)) == number.error != ""
        await write(pilot, "2")
        await press(pilot, "n")
        assert hint(main_screen(pilot)) == f"n {COMMANDED}", "it has not been said yet"
        await press(pilot, "backspace", "enter")
        assert hint(main_screen(pilot)) == number.error != ""


@pytest.mark.parametrize(("before", "key"), [("0.002", "enter"), ("0.0", "enter"), ("0.002", "n"), ("0.002", "3")])
async def test_the_note_about_a_letter_goes_with_the_next_key(before: str, key: str) -> None:
    async with opened(gdlab()) as pilot:
        number = field(pilot, "rate")
        number.focus()
        await settled(pilot)
        await write(pilot, before)
        await press(pilot, "n", key)
        assert COMMANDED not in hint(main_screen(pilot))
        assert number.error in hint(main_screen(pilot))
        assert NUMBERS["rate"][1].range.words in hint(main_screen(pilot))


@pytest.mark.parametrize("text", ["1/3", "2*3", "(1)", "50%", "1e-3;", "2²"])
async def test_a_sign_within_a_number_is_typed_and_refused(text: str) -> None:
    async with opened(gdlab()) as pilot:
        number = field(pilot, "rate")
        number.focus()
        await settled(pilot)
        await write(pilot, text)
        typed_in = text.removeprefix("(")
        assert number.value == typed_in, "before a number there is nothing that a sign could change"
        await press(pilot, "enter")
        assert settings(pilot).learning_rate == 0.001
        assert number.error.endswith(f'must be a positive number, not "{typed_in}"')
        assert number.error == hint(main_screen(pilot))


async def test_a_sign_that_is_a_command_stays_one_within_a_number() -> None:
    async with opened(gdlab()) as pilot:
        number = await typed(pilot, "rate", "0.0")
        for key, rate in (("right_square_bracket", 0.0011), ("left_curly_bracket", 0.00055)):
            await press(pilot, key)
            assert settings(pilot).learning_rate == rate
        assert number.value == "0.0"
        await press(pilot, "question_mark")
        assert len(pilot.app.screen_stack) == 2
