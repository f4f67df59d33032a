"""Steps that are queries: a thread asks what they need, and the screen makes each when its answer is there."""

from __future__ import annotations

from math import inf
from time import monotonic, sleep
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.screen import Screen

    from tui.laboratory.laboratory import Laboratory


class Ahead:
    """The steps that are owed, made one by one while the screen goes on.

    Only the event loop changes the walk; the thread asks about states that never change, and what the engine says is
    remembered where it is asked.
    """

    def __init__(self, screen: Screen[None], stepped: Callable[[], None]) -> None:
        """Owe nothing yet.

        Args:
            screen: whose thread asks.
            stepped: called after each step, to have it shown.
        """
        self._screen = screen
        self._stepped = stepped
        self._laboratory: Laboratory
        self._owed = 0.0
        self._busy = False

    @property
    def owes(self) -> bool:
        """Whether steps are still to be made."""
        return self._owed > 0

    def owe(self, laboratory: Laboratory, steps: float = inf) -> None:
        """Make so many more steps; without a number, until it is stopped or the run ends."""
        self._laboratory = laboratory
        self._owed += steps
        if not self._busy:
            self._busy = True
            self._screen.run_worker(self._ask, name="_ask", group="ahead", thread=True, exit_on_error=False)

    def stop(self) -> None:
        """Make no more steps; a query that runs is heard out, and its answer remembered."""
        self._owed = 0.0

    def _ask(self) -> None:
        """Ask and have a step made by turns, in a thread."""
        call, more = self._screen.app.call_from_thread, True
        while more:
            begun, refused = monotonic(), ""
            try:
                self._laboratory.walk.timeline.ask_ahead()
            except ValueError as error:
                refused = str(error)
            except BaseException:
                self._busy = False
                raise
            walk = self._laboratory.walk
            if walk.running and walk.pace:
                sleep(max(1 / walk.pace - (monotonic() - begun), 0))
            more = call(self._step, refused)

    def _step(self, refused: str) -> bool:
        """Make a step, on the event loop; whether another is to be asked for."""
        walk, notes = self._laboratory.walk, self._laboratory.notes
        if self._owed and not refused:
            self._owed -= 1
            try:
                walk.step()
            except ValueError as error:  # a setting was changed meanwhile, and the engine had to be asked once more
                refused = str(error)
        if refused:
            notes.say(f"{refused}.", alarm=True)
        if refused or walk.timeline.ending is not None:
            self._owed, walk.running = 0.0, False
        self._busy = self._owed > 0
        self._stepped()
        return self._busy
