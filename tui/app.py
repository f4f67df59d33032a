"""The Textual app around the screen of the laboratory."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual.app import App, SystemCommand
from textual.theme import Theme

from tui.commands import COMMANDS
from tui.screen import LaboratoryScreen

if TYPE_CHECKING:
    from collections.abc import Iterable

    from textual.binding import BindingType
    from textual.screen import Screen

    from tui.laboratory import Laboratory

CONTRAST = Theme(
    name="gdlab-contrast",
    primary="#ffff00",
    secondary="#00ffff",
    accent="#ff80ff",
    foreground="#ffffff",
    background="#000000",
    surface="#000000",
    panel="#202020",
    success="#00ff00",
    warning="#ffb000",
    error="#ff6060",
    dark=True,
)
"""White and pure colours on black."""


class GradientDescentApp(App[None]):
    """gdlab in a terminal."""

    TITLE = "gdlab"
    CSS_PATH = "app.tcss"
    BINDINGS: ClassVar[list[BindingType]] = []

    def __init__(self, laboratory: Laboratory, *, marker: str = "braille", fps: float = 20) -> None:
        super().__init__()
        self.laboratory = laboratory
        self._marker = marker
        self._fps = fps
        self.register_theme(CONTRAST)

    def get_default_screen(self) -> LaboratoryScreen:
        """The laboratory."""
        return LaboratoryScreen(self.laboratory, marker=self._marker, fps=self._fps)

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """Every command of the laboratory, for the palette."""
        for command in COMMANDS:
            yield SystemCommand(command.label, command.tooltip, partial(screen.run_action, command.action))
