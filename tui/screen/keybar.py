"""The bar of keys at the bottom of the screen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.laboratory.commands import Command, shown
from tui.screen.keys import COMMANDS
from tui.screen.panels import row
from tui.terminal.painted import Painted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual import events

    from tui.charts.cells import Row

KEPT = ("Help", "Quit")
"""The entries shown at any width."""
MORE = ("Open", "Race", "Branches", "Course", "Commands")
"""The entries that a wide one has room for."""


class KeyBar(Painted):
    """The most important commands; a click on one acts like its key.

    It is painted as one widget, so that a change of focus needs no new layout.
    """

    DEFAULT_CSS = "KeyBar { height: 1; dock: bottom; background: $panel; }"

    def paint(self, width: int, height: int) -> Sequence[Row]:
        """The entries that have room."""
        spans = [
            (text, role) for entry in entries(width) for text, role in zip(_texts(entry), ("key", "label"), strict=True)
        ]
        return [row(width, *spans)][:height]

    async def on_click(self, event: events.Click) -> None:
        """Do what the entry under the mouse does."""
        end = 0
        for entry in entries(self.size.width):
            end += _width(entry)
            if event.x < end:
                await self.run_action(f"screen.{entry.action}")
                return


def entries(width: int) -> list[Command]:
    """Return the commands that fit in `width` columns, always including KEPT.

    >>> [entry.label for entry in entries(30)]
    ['Run', 'Help', 'Quit']
    >>> [entry.label for entry in entries(120)][-7:]
    ['Settings', 'Branches', 'Race', 'Course', 'Open', 'Help', 'Quit']
    """
    wanted = sorted((command for command in COMMANDS if command.footer or command.label in MORE), key=_rank)
    found: list[Command] = []
    room = width - sum(_width(command) for command in wanted if command.label in KEPT)
    for command in wanted:
        if command.label in KEPT:
            found.append(command)
        elif _width(command) <= room:
            room -= _width(command)
            found.append(command)
        else:
            room = 0
    return found


def _rank(command: Command) -> int:
    return (command.label in MORE) + 2 * (command.label in KEPT)


def _width(command: Command) -> int:
    return len("".join(_texts(command)))


def _texts(command: Command) -> tuple[str, str]:
    """The key and the word after it; the two keys of the learning rate share one word."""
    key = shown(command.keys[0])
    if command.label == "Rate -":
        return key, ""
    return f"{key} ", "Rate " if command.label == "Rate +" else f"{command.label} "
