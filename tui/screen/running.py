"""A running run: how many steps are due at each tick of the screen, and room for keys between pieces of long work."""

from __future__ import annotations

from asyncio import sleep
from math import inf
from time import perf_counter
from typing import TYPE_CHECKING

from gdcore.studies.race import at_once

if TYPE_CHECKING:
    from tui.laboratory.walk import Walk

AT_ONCE = 1000
"""Maximum number of steps between two checks of the clock."""
TURNS, LONG = 60, 0.005
"""Number of turns of the event loop between two long pieces of work, and the seconds from which a piece is long."""


async def breathe(taken: float) -> None:
    """Let others have their turn after a piece of work that has taken so many seconds.

    A key that opens a dialog is done after some forty turns of the event loop, each for a message that another one led
    to. With a long piece of work before each of them it would take forty times as long as the piece.
    """
    for _ in range(TURNS if taken > LONG else 1):
        await sleep(0)


class Runner:
    """Makes the steps that are due at the chosen speed, independent of the frame rate."""

    def __init__(self, fps: float) -> None:
        self._fps = fps
        self._due = self._last = 0.0

    @property
    def interval(self) -> float:
        """Seconds from one tick to the next."""
        return 1 / self._fps

    def begin(self) -> float:
        """Start a run, with an immediate first step; return the seconds between ticks."""
        self._due, self._last = 1.0, perf_counter()
        return self.interval

    def tick(self, walk: Walk) -> bool:
        """Make the due steps, or those that fit in half the time to the next tick; return whether there were any.

        Those of ticks that were left out, and those that did not fit, are made up for, up to a second of them.
        """
        now, pace = perf_counter(), walk.pace
        end, late = now + 0.5 / self._fps, round((now - self._last) * self._fps) - 1
        self._last = now
        due = inf
        if pace is not None:
            self._due = min(self._due + pace * max(late, 0) / self._fps, pace + pace / self._fps)
            due = int(self._due)
        made, piece = 0, at_once(walk.timeline.landscape, AT_ONCE)
        while made < due and walk.timeline.ending is None and (not made or perf_counter() < end):
            count = int(min(piece, due - made))
            walk.step(count)
            made += count
        if pace is not None:
            self._due += pace / self._fps - made
        return made > 0
