"""One list of commands: bindings, footer, help, palette and the page of keys say the same."""

from __future__ import annotations

from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console
from textual.command import CommandPalette
from textual.keys import _character_to_key
from textual.widgets import Input

from tests.screens import gdlab, main_screen, opened, press, press_at_once, rendered, settled, shown, state
from tui.laboratory.commands import Command
from tui.laboratory.commands import shown as as_shown
from tui.laboratory.lesson import FORMULAS
from tui.screen.help import help_text
from tui.screen.keys import COMMANDS, key_table
from tui.screen.screen import LaboratoryScreen, Stage

KEYS = Path(__file__).parent.parent / "docs" / "keys.md"


def test_the_page_has_the_keys() -> None:
    lines = KEYS.read_text(encoding="utf-8").splitlines()
    first = lines.index("| key | does |")
    table = lines[first : (*lines, "").index("", first)]
    assert table[1] == "|---|---|"
    assert table[2:] == [f"| `{keys}` | {text} |" for keys, text in key_table()]


def test_the_table_has_every_command() -> None:
    table = key_table()
    assert len(table) == len(COMMANDS)
    for command, (keys, text) in zip(COMMANDS, table, strict=True):
        assert command.tooltip in text
        for key in command.keys:
            assert as_shown(key) in keys
        for key in command.chart_keys:
            assert as_shown(key) in (text if command.keys else keys)


@pytest.mark.parametrize("key", [key for command in COMMANDS for key in (*command.keys, *command.chart_keys)])
def test_a_key_is_shown_as_it_is_written(key: str) -> None:
    text = as_shown(key)
    assert key in (text, text.lower(), _character_to_key(text) if len(text) == 1 else None)


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.action)
def test_a_command_is_a_sentence_and_an_action_of_the_screen(command: Command) -> None:
    assert command.tooltip[0].isupper()
    assert command.tooltip.endswith(".")
    name = command.action.partition("(")[0]
    assert hasattr(LaboratoryScreen, f"action_{name}")


async def test_the_bindings_are_the_commands() -> None:
    async with opened(gdlab()) as pilot:
        own = main_screen(pilot)._bindings.key_to_bindings
        for command in COMMANDS:
            for key in command.keys:
                assert [(binding.action, binding.show) for binding in own[key]] == [(command.action, command.footer)]
            for key in command.chart_keys:
                bindings = main_screen(pilot).query_one(Stage)._bindings.key_to_bindings[key]
                assert [binding.action for binding in bindings] == [f"screen.{command.action}"]


@pytest.mark.parametrize("size", [(80, 24), (120, 36)], ids=str)
async def test_the_footer_has_what_belongs_there(size: tuple[int, int]) -> None:
    async with opened(gdlab(), size) as pilot:
        footer = rendered(pilot.app.screen)[-1]
        for command in COMMANDS:
            if command.footer:
                assert as_shown(command.keys[0]) in footer
                assert command.label in footer or command.name.startswith("rate")


async def test_a_wide_footer_names_more() -> None:
    async with opened(gdlab(), (200, 60)) as pilot:
        footer = rendered(pilot.app.screen)[-1]
        assert footer.rstrip().endswith("g Branches a Race T Course o Open : Commands ? Help q Quit")


async def test_a_text_in_a_wide_terminal_stands_in_its_middle() -> None:
    async with opened(gdlab(), (200, 60)) as pilot:
        await press(pilot, "w")
        dialog = pilot.app.screen.query_one(".dialog").region
        assert dialog.width == 132
        assert dialog.x == 200 - dialog.right


def test_the_help_has_the_formulas_and_every_key() -> None:
    console = Console(width=200, file=StringIO())
    with console.capture() as capture:
        console.print(help_text())
    lines = [line.split() for line in capture.get().splitlines()]
    for keys, text in key_table():
        assert [*keys.split(), *text.split()] in lines
    assert len(FORMULAS) == 3
    for name, formula, meaning in FORMULAS:
        assert [*name.split(), *formula.split()] in lines
        assert meaning.split() in lines


async def test_the_palette_has_every_command() -> None:
    async with opened(gdlab()) as pilot:
        found = {item.title: item.help for item in pilot.app.get_system_commands(main_screen(pilot))}
        assert found == {command.label: command.tooltip for command in COMMANDS}


@pytest.mark.parametrize("key", ["colon", "ctrl+p"])
async def test_the_palette_finds_and_runs_a_command(key: str) -> None:
    async with opened(gdlab()) as pilot:
        await press(pilot, key)
        assert isinstance(pilot.app.screen, CommandPalette)
        press_at_once(pilot, *"Ten", "space", *"steps")
        await settled(pilot)
        await pilot.app.workers.wait_for_complete()
        await pilot.pause()
        assert pilot.app.screen.query_one(Input).value == "Ten steps"
        assert "Ten steps" in shown(pilot)
        await press(pilot, "enter")
        await pilot.pause()
        if len(pilot.app.screen_stack) > 1:  # the first enter may choose, the second runs it
            await press(pilot, "enter")
            await pilot.pause()
        assert len(pilot.app.screen_stack) == 1
        assert state(pilot).iteration == 10


async def test_the_palette_over_a_dialog() -> None:
    # ctrl+p is Textual's own binding of the app, so that it opens there too: what it offers must work there.
    async with opened(gdlab()) as pilot:
        await press(pilot, "question_mark", "ctrl+p")
        if isinstance(pilot.app.screen, CommandPalette):
            press_at_once(pilot, *"Ten", "space", *"steps")
            await settled(pilot)
            await pilot.app.workers.wait_for_complete()
            await pilot.pause()
            await press(pilot, "enter")
            await pilot.pause()
            assert state(pilot).iteration == 10
