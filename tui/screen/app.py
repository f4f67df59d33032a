"""The Textual app around the screen of the laboratory."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, cast

from rich.color import ColorSystem
from textual._compositor import ChopsUpdate, LayoutUpdate
from textual._context import active_message_pump
from textual.app import App, SystemCommand
from textual.await_complete import AwaitComplete
from textual.binding import Binding
from textual.command import CommandPalette
from textual.reactive import Reactive
from textual.screen import Screen

from tui.laboratory.saving import session_of, state_folder
from tui.screen.keys import COMMANDS
from tui.screen.screen import LaboratoryScreen
from tui.terminal import endings
from tui.terminal.faults import Faults, guard, of_worker
from tui.terminal.line import PaintedUpdate, Picture
from tui.terminal.themes import OWN, depth_of, themes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from textual.binding import BindingType
    from textual.driver import Driver

    from tui.laboratory.laboratory import Laboratory
    from tui.laboratory.saving import Saver
    from tui.screen.course import Begun
    from tui.terminal.driver import LineDriver


class Palette(CommandPalette):
    """The palette, which closes once, however often it is asked to."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("ctrl+c", "app.quit", "Quit", show=False, priority=True)]
    _left = False

    def dismiss(self, result: Any = None) -> AwaitComplete:
        """Close."""
        if self._left:
            return AwaitComplete()
        self._left = True
        return super().dismiss(result)


class GradientDescentApp(App[None]):
    """gdlab in a terminal.

    Attributes:
        laboratory: what is shown.
        before_leaving: called whenever the app is about to end or to be suspended, from whatever cause, maybe more than
            once; what is not saved after it is lost.
    """

    TITLE = "gdlab"
    CSS_PATH = "app.tcss"
    BINDINGS: ClassVar[list[BindingType]] = []
    theme: Reactive[str] = Reactive(os.environ.get("TEXTUAL_THEME") or OWN[0])

    def __init__(
        self,
        laboratory: Laboratory,
        *,
        marker: str = "braille",
        fps: float = 20,
        saver: Saver | None = None,
        course: Begun | None = None,
    ) -> None:
        super().__init__()
        self.laboratory = laboratory
        self.before_leaving: Callable[[], None] = self._save
        self.terminal: LineDriver | None = None
        self._marker = marker
        self._saver = saver
        self._course = course
        self._fps = fps
        self._picture = Picture()
        self._retry: asyncio.TimerHandle | None = None
        self._endings: endings.Endings | None = None
        self._faults = Faults(state_folder())
        for theme in themes(depth_of(self.console)):
            self.register_theme(theme)
        self.stylesheet.set_variables(self.get_css_variables())

    def get_default_screen(self) -> LaboratoryScreen:
        """The laboratory."""
        return LaboratoryScreen(
            self.laboratory, marker=self._marker, fps=self._fps, saver=self._saver, course=self._course
        )

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """Every command of the laboratory, for the palette; a dialog over it has none of them."""
        if isinstance(screen, LaboratoryScreen):
            for command in COMMANDS:
                yield SystemCommand(command.label, command.tooltip, partial(screen.run_action, command.action))

    def _save(self) -> None:
        """Save what was done."""
        if self._saver is not None:
            self._saver.save(session_of(self.laboratory))

    def action_command_palette(self) -> None:
        """Show the palette, over the laboratory: a dialog has nothing to offer there."""
        if isinstance(self.screen, LaboratoryScreen):
            self.push_screen(Palette())

    # Endings

    def run(self, **options: Any) -> None:
        """Run in the terminal until something ends the app; afterwards `return_code` says what."""
        self._endings = endings.Endings(self)
        guard(self.drop)
        error: BaseException | None = None
        try:
            super().run(**options)
        except Exception as raised:
            error = raised
        self._say_goodbye()
        error = error or self._exception
        if error is not None:
            self._return_code = endings.CRASHED
            print(endings.report(error), file=sys.stderr)
        self._endings.finish()

    def on_load(self) -> None:
        """Listen for what may end the app before the terminal is taken over."""
        if self._endings is not None:
            self._endings.listen()
            asyncio.get_running_loop().set_exception_handler(self._lost)

    def exit(self, *arguments: Any, **options: Any) -> None:
        """Leave."""
        super().exit(*arguments, **options)
        if self._endings is not None:
            self._endings.begin(self.return_code or 0)

    def leave(self, code: int) -> None:
        """Leave because something outside asks for it."""
        self._say_goodbye()
        self.exit(return_code=code)

    def _say_goodbye(self) -> None:
        """Call `before_leaving`; a fault in it must not keep the app from leaving."""
        try:
            self.before_leaving()
        except Exception as error:
            self._exception = self._exception or error

    def _handle_exception(self, error: Exception) -> None:
        """Drop what raised where Textual itself catches it: a timer, a worker, a layout, what a dialog is made of."""
        self.drop(error, "Something", active_message_pump.get(None))

    def drop(self, error: Exception, dropped: str, owner: object = None) -> None:
        """Drop what raised and say so; leave only where faults follow each other without a frame between."""
        if self._endings is None:
            super()._handle_exception(error)
        elif self._exit or not self._running:
            # What is half set up or half taken down may fail.
            self._exception = self._exception or (None if self._exit else error)
            self._close_messages_no_wait()
        else:
            sentence = self._faults.add(of_worker(error), dropped)
            unmade = isinstance(owner, Screen) and not owner.is_mounted
            bare = unmade and dropped != "Mount" and owner is self.screen_stack[0]  # there is nothing to go on with
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
        """Drop what raised beside all message pumps."""
        error = context.get("exception")
        if isinstance(error, Exception):
            self._picture.forget()
            self.drop(error, "Something")

    def _fatal_error(self) -> None:
        """Leave after a fault; `run` says what it was."""
        if self._endings is None:
            super()._fatal_error()
        else:
            self._endings.begin(endings.CRASHED)
            self._close_messages_no_wait()

    def action_suspend_process(self) -> None:
        """Go back to the shell, if one waits, with whatever else belongs to this job."""
        if not endings.can_suspend():
            self.notify("No shell waits that could bring gdlab back: q quits.", timeout=3, markup=False)
            return
        self._say_goodbye()
        self.app_suspend_signal.publish(self)
        os.killpg(0, signal.SIGTSTP)

    # The line

    def get_driver_class(self) -> type[Driver]:
        """The driver that knows how far the line is; in a browser the one that knows the server."""
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
            terminal.stopping = self._say_goodbye
            terminal.dropped = partial(self.drop, dropped="Input")
            if self._endings is not None:
                terminal.hurry = self._endings.hurry
        return driver

    def _display(self, screen: Screen[object], renderable: Any) -> None:
        """Show what the compositor made: now, or when the line has taken what was sent before."""
        if self.is_headless or not isinstance(renderable, (ChopsUpdate, LayoutUpdate, PaintedUpdate)):
            super()._display(screen, renderable)
            self._faults.frame()
        elif not self._batch_count:
            self._picture.take(renderable, self.console._color_system or ColorSystem.TRUECOLOR)
            self._faults.frame()
            self._send()
            self.post_display_hook()

    def _send(self) -> None:
        """Send what has changed, unless the line or the terminal is behind; then it waits, and more comes with it."""
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
            # Only a terminal that is known to answer is asked: for another one would wait in vain.
            known = self._sync_available
            terminal.write(f"\x1b[?2026h{frame}\x1b[?2026l{terminal.echo.frame()}" if known else frame)

    def _send_at_once(self) -> None:
        """Send what has changed by a driver that knows nothing of the line: Windows' own, or a browser's."""
        if self._driver is None or not self._running or self._exit or self._picture.empty:
            return
        if changes := self._picture.changes():
            self._faults.frame()
            self._driver.write(f"\x1b[?2026h{changes}\x1b[?2026l" if self._sync_available else changes)
            self._driver.flush()

    def on_terminal_supports_synchronized_output(self) -> None:
        """The terminal has caught up."""
        self._send()

    def repaint(self) -> None:
        """Send everything again."""
        self._picture.forget()
        self._send()

    def action_redraw(self) -> None:
        """Send everything again: something else has written on the terminal."""
        self.repaint()

    def on_resize(self) -> None:
        """Whatever the terminal made of its picture at another size, send everything again."""
        self.repaint()
