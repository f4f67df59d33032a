"""The app with Textual's public interface alone: the same screens, more bytes, and a fault ends the app."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from textual.app import App

if TYPE_CHECKING:
    from pathlib import Path

    from textual.driver import Driver
    from textual.screen import Screen

    from tui.terminal.driver import LineDriver
    from tui.terminal.endings import Endings


class OutsideApp(App[None]):
    """An app that leaves drawing and faults to Textual.

    Attributes:
        terminal: None: the driver is Textual's own.
    """

    terminal: LineDriver | None = None

    def __init__(self, *, fps: float, folder: Path) -> None:
        """Textual decides how many frames it draws, and what to do about a fault."""
        del fps, folder
        super().__init__()
        self._endings: Endings | None = None

    @property
    def fault(self) -> BaseException | None:
        """The fault that ended the app; None here, as Textual reports it itself."""
        return None

    def say_goodbye(self) -> None:
        """Called before the app ends or stops."""

    def guard_loop(self) -> None:
        """Nothing is guarded."""

    def get_driver_class(self) -> type[Driver]:
        """Textual's own driver; in a browser the one that leaves when the server is gone."""
        if "TEXTUAL_DRIVER" in os.environ:
            from tui.terminal.web import BrowserDriver, in_browser  # noqa: PLC0415

            if in_browser():
                return BrowserDriver
        return super().get_driver_class()

    def repaint(self) -> None:
        """Draw everything again."""
        self.screen.refresh(layout=True)

    def action_redraw(self) -> None:
        """Draw everything again: something else has written on the terminal."""
        self.repaint()


def prepare(screen: Screen[Any]) -> None:
    """Do nothing: Textual composes the screen."""
    del screen


def show_now(screen: Screen[Any]) -> None:
    """Do nothing: changes are shown at Textual's next tick."""
    del screen


def text_of(screen: Screen[Any]) -> list[str] | None:
    """The rows of a screen as text; None where they cannot be had."""
    del screen
    return None
