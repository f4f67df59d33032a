"""Experiments from the current point: three next steps, several seeds, a race of all optimizers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gdcore.descent.optimizers import OPTIMIZERS
from gdcore.descent.steps import advance
from gdcore.rows.files import DatasetError
from gdcore.studies.noise import several_seeds
from gdcore.studies.race import LONGEST, exhaust, racing, tie
from tui.laboratory.lesson import steps
from tui.laboratory.walk import WAY_ON, Walk

if TYPE_CHECKING:
    from collections.abc import Generator

    from gdcore.descent.state import State
    from gdcore.studies.race import Standing
    from tui.laboratory.notes import Notes

SEEDS = 5
"""Number of batch orders tried at once."""


class Studies:
    """Experiments that do not move the current run.

    Attributes:
        ghosts: whether the next step is also shown at half and at twice the rate.
    """

    def __init__(self, walk: Walk, notes: Notes) -> None:
        self.ghosts = False
        self._walk = walk
        self._notes = notes
        self._landed: tuple[object, tuple[tuple[str, State], ...]] = (None, ())

    def toggle_ghosts(self) -> None:
        """Switch showing the next step at half and at twice the rate.

        Raises:
            ValueError: with a sentence, where an engine does not answer; then they are not shown.
        """
        self.ghosts = not self.ghosts
        try:
            shown = self.landings
        except ValueError:
            self.ghosts = False
            raise
        self._notes.say("Half, whole and double rate: three next steps." if shown else "One next step.")

    @property
    def landings(self) -> tuple[tuple[str, State], ...]:
        """Return (label, state) of the next step at half and at twice the rate; empty if not requested."""
        if not self.ghosts:
            return ()
        run = self._walk.timeline
        state, settings = run.state, run.settings
        here = (run.landscape, state, settings)
        if self._landed[0] != here:
            rates = (("1/2", state.learning_rate / 2), ("2", state.learning_rate * 2))
            found = tuple(
                (label, advance(run.landscape, settings, state._replace(learning_rate=rate))) for label, rate in rates
            )
            self._landed = (here, found)
        return self._landed[1]

    def seeds(self) -> bool:
        """Run on from here to the end under SEEDS seeds, one branch for each.

        Returns:
            Whether there were any; if not, a note says why.
        """
        if self._walk.asks:
            self._notes.say("Here each step is a query, too many for several seeds at once; u takes the next seed.")
            return False
        try:
            made = several_seeds(self._walk.branches, SEEDS)
        except ValueError as error:
            self._notes.say(f"{error}.", alarm=True)
            return False
        reached = [branch.reached for branch in made]
        low, high = min(reached), max(reached)
        self._notes.say(f"{SEEDS} seeds ran from here: the loss of all rows ended between {low:.5g} and {high:.5g}.")
        return True

    def race(self) -> bool:
        """Start every optimizer from here, each at a rate that suits it, and run it to its end.

        Returns:
            Whether there was a race; if not, a note says why.
        """
        return exhaust(self.racing())

    def racing(self, longest: int | None = LONGEST) -> Generator[Standing, None, bool]:
        """Run the race in pieces; the current run may change meanwhile, and cancelling changes nothing.

        Args:
            longest: maximum number of iterations; None for the limit of the run alone.
        """
        branches = self._walk.branches
        self._notes.say("The race is on. Escape gives it up.")
        try:
            order = yield from racing(branches, longest)
        except DatasetError as error:  # an engine does not answer
            self._notes.say(f"{error}.", alarm=True)
            return False
        except ValueError as error:
            ending = self._walk.timeline.ending
            self._notes.say(WAY_ON.get(ending.reason, str(error)) if ending else str(error))
            return False
        if branches is not self._walk.branches:  # other data have been opened meanwhile
            return False
        first, (count, at) = order[0], tie(order)
        told = f"{len(OPTIMIZERS)} optimizers ran from here. {first.name} came lowest: loss {first.reached:.7g}."
        if count > 1:
            level = f"{count} of {len(OPTIMIZERS)} tie at loss {first.reached:.7g}"
            told = f"{level}; {first.name} was first, in {steps(at - first.left_at)}."
        self._notes.say(told)
        return True
