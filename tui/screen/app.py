"""The Textual app around the screen of the laboratory."""

from __future__ import annotations

import os
import signal
import sys
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from textual.app import SystemCommand
from textual.await_complete import AwaitComplete
from textual.binding import Binding
from textual.command import CommandPalette
from textual.reactive import Reactive
from textual.screen import Screen

from gdcore.rows.dataset import DatasetError
from tui.laboratory.saving import session_of, state_folder
from tui.screen.keys import COMMANDS
from tui.screen.screen import LaboratoryScreen
from tui.terminal import endings
from tui.terminal.base import BaseApp
from tui.terminal.themes import OWN, depth_of, themes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from textual.binding import BindingType

    from tui.laboratory.laboratory import Laboratory
    from tui.laboratory.saving import Saver
    from tui.screen.course import Begun


class Palette(CommandPalette):
    """The command palette, which closes only once, even if asked several times."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("ctrl+c", "app.quit", "Quit", show=False, priority=True)]
    # Textual cannot fold an option into no columns at all; and its magnifying glass, in black, few fonts have.
    DEFAULT_CSS = "Palette CommandList { min-width: 12; } Palette SearchIcon { display: none; }"
    _left = False

    def dismiss(self, result: Any = None) -> AwaitComplete:
        """Close."""
        if self._left:
            return AwaitComplete()
        self._left = True
        return super().dismiss(result)


class GradientDescentApp(BaseApp):
    """gdlab in a terminal.

    Attributes:
        laboratory: what is shown.
        before_leaving: called whenever the app is about to end or to be suspended, perhaps more than once; anything not
            saved after it is lost.
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
        super().__init__(fps=fps, folder=state_folder())
        self.laboratory = laboratory
        self.before_leaving: Callable[[], None] = self._save
        self._marker = marker
        self._saver = saver
        self._course = course
        self._frames = fps
        self._parting: BaseException | None = None
        self._crashed = False
        for theme in themes(depth_of(self.console)):
            self.register_theme(theme)
        self.stylesheet.set_variables(self.get_css_variables())

    def get_default_screen(self) -> LaboratoryScreen:
        """The laboratory."""
        return LaboratoryScreen(
            self.laboratory, marker=self._marker, fps=self._frames, saver=self._saver, course=self._course
        )

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """Yield every command of the laboratory for the palette; none over a dialog."""
        if isinstance(screen, LaboratoryScreen):
            for command in COMMANDS:
                yield SystemCommand(command.label, command.tooltip, partial(screen.run_action, command.action))

    async def run_action(self, action: Any, *rest: Any, **options: Any) -> bool:
        """Do an action; where an engine does not answer, say so."""
        try:
            return await super().run_action(action, *rest, **options)
        except DatasetError as error:
            screen = self.screen_stack[0]
            assert isinstance(screen, LaboratoryScreen)
            screen.refuse(error)
            return True

    def _save(self) -> None:
        """Save what was done."""
        if self._saver is not None:
            self._saver.save(session_of(self.laboratory))

    def action_command_palette(self) -> None:
        """Show the palette over the laboratory; over a dialog it does nothing."""
        if isinstance(self.screen, LaboratoryScreen):
            self.push_screen(Palette())

    # Endings

    def run(self, **options: Any) -> None:
        """Run in the terminal until something ends the app; afterwards `exit_code` says what."""
        self._endings = endings.Endings(self)
        error: BaseException | None = None
        try:
            super().run(**options)
        except Exception as raised:
            error = raised
        self.say_goodbye()
        error = error or self.fault or self._parting
        if error is not None:
            self._crashed = True
            print(endings.report(error), file=sys.stderr)
        self._endings.finish()

    @property
    def exit_code(self) -> int:
        """The exit code of the process."""
        return endings.CRASHED if self._crashed else self.return_code or 0

    def on_load(self) -> None:
        """Start listening for signals before the terminal is taken over."""
        if self._endings is not None:
            self._endings.listen()
            self.guard_loop()

    def exit(self, *arguments: Any, **options: Any) -> None:
        """Leave."""
        super().exit(*arguments, **options)
        if self._endings is not None:
            self._endings.begin(self.return_code or 0)

    def leave(self, code: int) -> None:
        """Exit because of something outside, such as a signal."""
        self.say_goodbye()
        self.exit(return_code=code)

    def say_goodbye(self) -> None:
        """Call `before_leaving`; an error in it must not prevent the exit."""
        try:
            self.before_leaving()
        except Exception as error:
            self._parting = self._parting or error

    def action_suspend_process(self) -> None:
        """Suspend the whole job, if there is a shell to return to."""
        if not endings.can_suspend():
            self.notify("No shell waits that could bring gdlab back: q quits.", timeout=3, markup=False)
            return
        self.say_goodbye()
        self.app_suspend_signal.publish(self)
        os.killpg(0, signal.SIGTSTP)
