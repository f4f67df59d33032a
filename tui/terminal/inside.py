"""The app, the screen and the widgets that use private parts of Textual.

With them only changed cells are sent, a stalled line delays frames but not keys, and a fault drops only one event. All
of this is in this folder, and is used if `tui.terminal.fence` allows it.
"""

from __future__ import annotations

import asyncio
import os
import sys
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from rich.color import ColorSystem
from textual._compositor import ChopsUpdate, LayoutUpdate
from textual._context import active_message_pump
from textual.app import App
from textual.screen import Screen

from tui.terminal import endings
from tui.terminal.faults import Faults, guard, of_worker
from tui.terminal.line import PaintedCompositor, PaintedUpdate, Picture

if TYPE_CHECKING:
    from pathlib import Path

    from textual.driver import Driver

    from tui.terminal.driver import LineDriver


class InsideApp(App[None]):
    """An app that sends only changed cells, when the line accepts them, and drops what raises.

    Attributes:
        terminal: the driver that knows how much the line has accepted; None if there is none.
    """

    def __init__(self, *, fps: float, folder: Path) -> None:
        """Draw at most `fps` frames a second; faults are logged in the folder."""
        super().__init__()
        self.terminal: LineDriver | None = None
        self._fps = fps
        self._picture = Picture()
        self._retry: asyncio.TimerHandle | None = None
        self._endings: endings.Endings | None = None
        self._faults = Faults(folder)

    @property
    def fault(self) -> BaseException | None:
        """The fault that ended the app, if it was one."""
        return self._exception

    def say_goodbye(self) -> None:
        """Called before the app ends or stops."""

    def run(self, **options: Any) -> None:
        """Run, with the guards against faults."""
        guard(self.drop)
        super().run(**options)

    def guard_loop(self) -> None:
        """Also drop what raises outside of message pumps; needs the event loop."""
        asyncio.get_running_loop().set_exception_handler(self._lost)

    def _handle_exception(self, error: Exception) -> None:
        """Drop what Textual itself catches: an error in a timer, a worker, a layout, or the making of a dialog."""
        self.drop(error, "Something", active_message_pump.get(None))

    def drop(self, error: Exception, dropped: str, owner: object = None) -> None:
        """Drop an error and show a message; exit only after many faults without a frame in between."""
        if self._endings is None:
            super()._handle_exception(error)
        elif self._exit or not self._running:
            # Parts that are half set up or taken down may fail.
            self._exception = self._exception or (None if self._exit else error)
            self._close_messages_no_wait()
        else:
            sentence = self._faults.add(of_worker(error), dropped)
            unmade = isinstance(owner, Screen) and not owner.is_mounted
            bare = unmade and dropped != "Mount" and owner is self.screen_stack[0]  # there is nothing left to show
            if bare or (self._faults.too_many and not self._leave_dialog(self.screen)):
                super()._handle_exception(error)
            elif unmade:
                self.call_later(self._leave_dialog, owner)
            if sentence:
                with suppress(Exception):
                    self.clear_notifications()
                    self.notify(sentence, severity="warning", timeout=10, markup=False)

    def _leave_dialog(self, screen: Screen[Any]) -> bool:
        """Close a dialog that cannot be shown; return whether it was one."""
        if screen is not self.screen or len(self.screen_stack) < 2:
            return False
        self._faults.frame()
        screen.dismiss(None)
        return True

    def _lost(self, _: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """Drop what raised outside of message pumps."""
        error = context.get("exception")
        if isinstance(error, Exception):
            self._picture.forget()
            self.drop(error, "Something")

    def _fatal_error(self) -> None:
        """Exit after a fault; `run` reports it."""
        if self._endings is None:
            super()._fatal_error()
        else:
            self._endings.begin(endings.CRASHED)
            self._close_messages_no_wait()

    def get_driver_class(self) -> type[Driver]:
        """Return the driver that knows about the line; in a browser, the one that knows the server."""
        if "TEXTUAL_DRIVER" in os.environ:
            from tui.terminal.web import BrowserDriver, in_browser  # noqa: PLC0415

            if in_browser():
                return BrowserDriver
        if sys.platform == "win32":
            return super().get_driver_class()
        from tui.terminal.driver import LineDriver  # noqa: PLC0415

        return LineDriver

    def _build_driver(self, *arguments: Any, **options: Any) -> Driver:
        driver = super()._build_driver(*arguments, **options)
        if hasattr(driver, "outlet"):
            terminal = self.terminal = cast("LineDriver", driver)
            terminal.echo.period = 1 / self._fps
            loop = asyncio.get_running_loop()
            terminal.outlet.drained = lambda: loop.call_soon_threadsafe(self._send)
            terminal.continued = self.repaint
            terminal.stopping = self.say_goodbye
            terminal.dropped = partial(self.drop, dropped="Input")
            if self._endings is not None:
                terminal.hurry = self._endings.hurry
        return driver

    def _display(self, screen: Screen[object], renderable: Any) -> None:
        """Show the compositor's result: now, or when the line has accepted earlier output."""
        if self.is_headless or not isinstance(renderable, (ChopsUpdate, LayoutUpdate, PaintedUpdate)):
            super()._display(screen, renderable)
            self._faults.frame()
        elif not self._batch_count:
            self._picture.take(renderable, self.console._color_system or ColorSystem.TRUECOLOR)
            self._faults.frame()
            self._send()
            self.post_display_hook()

    def _send(self) -> None:
        """Send the changes, unless the line or the terminal is behind; later changes are then sent with them."""
        terminal = self.terminal
        if terminal is None:
            self._send_at_once()
            return
        if not self._running or self._exit or not terminal.outlet.idle:
            return
        if self._retry is not None:
            self._retry.cancel()
            self._retry = None
        if self._picture.empty:
            return
        wait = terminal.echo.wait
        if wait:
            self._retry = asyncio.get_running_loop().call_later(wait, self._send)
            return
        changes = self._picture.changes()
        x, y = self.cursor_position
        if changes or (x, y) != self._previous_cursor_position:
            self._previous_cursor_position = self.cursor_position
            frame = f"{changes}\x1b[{y + 1};{x + 1}H"
            # Query only a terminal known to answer: others would cause a wait for nothing.
            known = self._sync_available
            terminal.write(f"\x1b[?2026h{frame}\x1b[?2026l{terminal.echo.frame()}" if known else frame)

    def _send_at_once(self) -> None:
        """Send the changes by a driver without knowledge of the line: on Windows, or in a browser."""
        if self._driver is None or not self._running or self._exit or self._picture.empty:
            return
        if changes := self._picture.changes():
            self._faults.frame()
            self._driver.write(f"\x1b[?2026h{changes}\x1b[?2026l" if self._sync_available else changes)
            self._driver.flush()

    def on_terminal_supports_synchronized_output(self) -> None:
        """Handle the answer: the terminal has caught up."""
        self._send()

    def repaint(self) -> None:
        """Send everything again."""
        self._picture.forget()
        self._send()

    def action_redraw(self) -> None:
        """Send everything again, as other programs may have written on the terminal."""
        self.repaint()

    def on_resize(self) -> None:
        """Send everything again: the terminal's picture at a new size is unknown."""
        self.repaint()


def prepare(screen: Screen[Any]) -> None:
    """Make a screen compose only what is necessary."""
    screen._compositor = PaintedCompositor()


def show_now(screen: Screen[Any]) -> None:
    """Show changes without waiting for Textual's next tick."""
    screen._on_timer_update()


def text_of(screen: Screen[Any]) -> list[str] | None:
    """The rows of a screen as text; None where they cannot be had."""
    return [strip.text.rstrip() for strip in screen._compositor.render_strips()]
