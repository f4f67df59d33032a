"""A running run: how many steps are due at each tick of the screen."""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tui.laboratory.walk import Walk

AT_ONCE = 1000
"""Number of steps between two checks of the clock."""


class Runner:
    """Makes the steps that are due at the chosen speed, independent of the frame rate."""

    def __init__(self, fps: float) -> None:
        self._fps = fps
        self._due = 0.0

    @property
    def interval(self) -> float:
        """Seconds from one tick to the next."""
        return 1 / self._fps

    def begin(self) -> float:
        """Start a run, with an immediate first step; return the seconds between ticks."""
        self._due = 1.0
        return self.interval

    def tick(self, walk: Walk) -> bool:
        """Make the due steps, or those that fit in half the time to the next tick; return whether there were any."""
        if walk.pace is None:
            end = perf_counter() + 0.5 / self._fps
            while walk.timeline.ending is None and perf_counter() < end:
                walk.step(AT_ONCE)
            return True
        whole = int(self._due)
        self._due += walk.pace / self._fps - whole
        if whole:
            walk.step(whole)
        return whole > 0
