"""The timeline of a run: its states in order, a cursor that goes forward and back, and settings that change on the way.

Vocabulary
    cursor      the current iteration
    tip         the last iteration computed so far
    change      new settings that apply from some iteration on

A run is determined by its loss, its start and its changes. Only every 256th state is kept, and (w, b, loss) of all.
Other states are recomputed when needed, bit for bit the same, because `advance` is a pure function.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from copy import copy
from math import isfinite
from typing import TYPE_CHECKING

import numpy as np

from gdcore.descent.envelope import Envelope
from gdcore.descent.state import State
from gdcore.descent.steps import Ending, Limits, Settings, adopt, advance, begin, proceed, whole

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gdcore.landscapes.landscape import Landscape

STRIDE = 256
"""Iterations between two states that are kept."""


class Timeline:
    """A run that can be walked in both directions and changed at any point.

    Going back and forward again gives the same states, changes of settings included. A change before the tip drops
    the future.

    Attributes:
        landscape: what is descended.
        limits: what ends the run; they may be set at any time and do not affect the states.
        state: the state at the cursor.
        settings: the settings in force at the cursor.

    Example:
        >>> from gdcore.landscapes.bowl import MeanSquaredError
        >>> run = Timeline(MeanSquaredError.of([1.0, 2.0, 3.0], [3.0, 5.0, 7.0]), Settings(learning_rate=0.1))
        >>> run.forward(3), run.state.iteration, run.back(2), run.state.iteration
        (3, 3, 2, 1)
    """

    def __init__(
        self, landscape: Landscape, settings: Settings, limits: Limits | None = None, w: float = 0.0, b: float = 0.0
    ) -> None:
        self.landscape = landscape
        self.limits = limits or Limits()
        self.state = begin(landscape, settings, w, b)
        self.settings = settings
        self._changed_at = [0]
        self._changed_to = [settings]
        self._changed_from = [(self.state, settings)]
        self._kept = [self.state]
        self._blocks = {0: [self.state]}
        self._next: tuple[State, Settings, Limits, State | Ending] | None = None
        self._beyond: tuple[State, Settings, State] | None = None
        self._path = array("d", (w, b, self.state.loss))
        self._losses = Envelope(self._path, stride=3, offset=2)

    @property
    def tip(self) -> int:
        """The last iteration known."""
        return len(self._path) // 3 - 1

    @property
    def start(self) -> State:
        """The state at iteration 0."""
        return self._kept[0]

    @property
    def following(self) -> State:
        """The state one step on, ignoring the limits; its loss may not be finite."""
        if self.state.iteration < self.tip:
            return self._at(self.state.iteration + 1)
        following = self._onward()
        if not isinstance(following, Ending):
            return following
        if self._beyond is None or self._beyond[:2] != (self.state, self.settings):
            beyond = advance(self.landscape, self.settings, self.state)
            self._beyond = (self.state, self.settings, beyond)
        return self._beyond[2]

    @property
    def previous(self) -> State | None:
        """The state one step back, or None at the start."""
        return self._at(self.state.iteration - 1) if self.state.iteration else None

    @property
    def ending(self) -> Ending | None:
        """Why the run ends at the cursor, or None if it can go on."""
        if self.state.iteration < self.tip:
            return None
        following = self._onward()
        return following if isinstance(following, Ending) else None

    def forward(self, count: int = 1) -> int:
        """Go forward by `count` iterations, or to the end of the run; return how many were made."""
        known = min(count, self.tip - self.state.iteration)
        self._move(self.state.iteration + max(known, 0))
        if known == count:
            return count
        following = self._onward()
        for made in range(known, count):
            if isinstance(following, Ending):
                count = made
                break
            self._append(following)
            following = proceed(self.landscape, self.settings, self.limits, following)
        self._next = (self.state, self.settings, self.limits, following)
        return count

    def ask_ahead(self) -> None:
        """Ask an engine for all that the next step and what is then shown need; nothing changes but what it remembers.

        It may be called from another thread.

        Raises:
            ValueError: with a sentence, where the engine does not answer.
        """
        landscape, settings, state = self.landscape, self.settings, self.state
        for _ in range(2):
            state = advance(landscape, settings, state)
            if not isfinite(state.loss):
                return
            whole(landscape, settings, state)

    def back(self, count: int = 1) -> int:
        """Go back by `count` iterations, or to the start; return how many were made."""
        moved = min(count, self.state.iteration)
        self._move(self.state.iteration - moved)
        return moved

    def change(self, settings: Settings) -> None:
        """Change the settings from the cursor on; a future under other settings is dropped.

        Of two changes at one iteration only the last counts: switching to another optimizer and back without a step
        in between keeps the memory.

        Raises:
            ValueError: if there is a batch but there are no rows, or they cannot be had; then nothing changes.
        """
        if settings == self.settings:
            return
        iteration = self.state.iteration
        self.landscape.seen(iteration, settings.batch)
        last = bisect_right(self._changed_at, iteration) - 1
        again = self._changed_at[last] == iteration
        arrived, before = self._changed_from[last] if again else (self.state, self.settings)
        state = adopt(self.landscape, arrived, settings, before)  # what fails must fail before anything has changed
        self._drop_after(iteration)
        if not again:
            self._changed_at.append(iteration)
            self._changed_to.append(settings)
            self._changed_from.append((arrived, before))
        self._changed_to[-1] = settings
        self.state, self.settings = state, settings
        # Another batch has another loss.
        self._path[3 * iteration + 2] = self.state.loss
        self._losses.truncate(iteration)
        self._blocks[iteration // STRIDE][-1] = self.state
        if iteration % STRIDE == 0:
            self._kept[-1] = self.state

    def fork(self) -> Timeline:
        """Return a copy of the run up to the cursor, without its future."""
        twin = copy(self)
        for name in ("_changed_at", "_changed_to", "_changed_from", "_kept", "_path"):
            setattr(twin, name, getattr(self, name)[:])
        twin._blocks = {block: states[:] for block, states in self._blocks.items()}
        twin._losses = Envelope(twin._path, stride=3, offset=2)
        twin._drop_after(self.state.iteration)
        return twin

    def before_the_rise(self) -> int:
        """Return the iteration after which the loss rose at every step up to the cursor."""
        losses = self.path(0, self.state.iteration + 1)[:, 2]
        falls = np.flatnonzero(np.diff(losses) <= 0)
        return int(falls[-1]) + 1 if len(falls) else 0

    def settings_at(self, iteration: int) -> Settings:
        """The settings in force at an iteration."""
        return self._changed_to[bisect_right(self._changed_at, iteration) - 1]

    def changes(self) -> list[tuple[int, Settings]]:
        """Return (iteration, settings) of each change, the first at iteration 0."""
        return list(zip(self._changed_at, self._changed_to, strict=True))

    def path(self, first: int, last: int, every: int = 1) -> NDArray[np.float64]:
        """Return (w, b, loss) of every `every`-th iteration from `first` up to `last` (excluded), shape (n, 3)."""
        return np.frombuffer(self._path).reshape(-1, 3)[first:last:every].copy()

    def losses(self, first: int, last: int, columns: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Return the loss from `first` up to `last` (excluded), reduced to the extremes of `columns` stretches.

        Returns:
            Iterations and the losses there, at most two for each stretch.
        """
        return self._losses.points(first, last, columns)

    def _onward(self) -> State | Ending:
        """Return what follows the tip, cached: the step shown on the screen is the one then taken."""
        if self._next is None or self._next[:3] != (self.state, self.settings, self.limits):
            following = proceed(self.landscape, self.settings, self.limits, self.state)
            self._next = (self.state, self.settings, self.limits, following)
        return self._next[3]

    def _append(self, state: State) -> None:
        self.state = state
        if state.iteration % STRIDE == 0:
            self._kept.append(state)
            self._hold(state.iteration // STRIDE, [state])
        else:
            self._blocks[state.iteration // STRIDE].append(state)
        self._path.extend((state.w, state.b, state.loss))

    def _move(self, iteration: int) -> None:
        self.state = self._at(iteration)
        self.settings = self.settings_at(iteration)

    def _at(self, iteration: int) -> State:
        """Return the state at a known iteration, recomputing one block from the state kept at its start."""
        block, index = divmod(iteration, STRIDE)
        if block not in self._blocks:
            self._hold(block, self._replayed(self._kept[block], min((block + 1) * STRIDE - 1, self.tip)))
        return self._blocks[block][index]

    def _hold(self, block: int, states: list[State]) -> None:
        """Keep the states of a block, and of one other block in case the cursor is at the border."""
        if len(self._blocks) > 1:
            del self._blocks[max(self._blocks, key=lambda other: abs(other - block))]
        self._blocks[block] = states

    def _replayed(self, state: State, last: int) -> list[State]:
        """The states from a kept one to iteration `last`."""
        states = [state]
        settings = self.settings_at(state.iteration)
        while state.iteration < last:
            state = advance(self.landscape, settings, state)
            now = self.settings_at(state.iteration)
            if now is not settings:
                state, settings = adopt(self.landscape, state, now, settings), now
            states.append(state)
        return states

    def _drop_after(self, iteration: int) -> None:
        self._at(iteration)
        block, index = divmod(iteration, STRIDE)
        self._blocks = {kept: states for kept, states in self._blocks.items() if kept <= block}
        del self._blocks[block][index + 1 :]
        del self._kept[block + 1 :]
        del self._path[3 * (iteration + 1) :]
        self._losses.truncate(iteration + 1)
        keep = bisect_right(self._changed_at, iteration)
        del self._changed_at[keep:], self._changed_to[keep:], self._changed_from[keep:]
