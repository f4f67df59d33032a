"""A plan for replaying a branch as a script: the steps, and the changes of settings before them."""

from __future__ import annotations

from dataclasses import dataclass, fields
from itertools import pairwise
from math import isfinite
from typing import TYPE_CHECKING

from gdcore.descent.optimizers import OPTIMIZERS
from gdcore.descent.steps import Reason
from gdcore.inert import inert

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from gdcore.descent.batches import Batch
    from gdcore.descent.branches import Branch
    from gdcore.descent.optimizers import Optimizer
    from gdcore.descent.steps import Settings
    from gdcore.descent.timeline import Timeline

WIDTH = 100
"""Lines of lists and of comments are at most so long."""


@dataclass(frozen=True, slots=True)
class Change:
    """Settings that come in force.

    Attributes:
        iteration: from which on.
        before: the settings up to there, None at the start.
        settings: those from there on.
    """

    iteration: int
    before: Settings | None
    settings: Settings

    @property
    def restarts(self) -> bool:
        """Whether another kind of optimizer starts, with an empty memory."""
        return self.before is None or type(self.before.optimizer) is not type(self.settings.optimizer)

    @property
    def comment(self) -> str:
        """What is different, in words."""
        from gdcore.descent.branches import difference  # noqa: PLC0415 (only where something changes)

        return difference(self.before, self.settings) if self.before else ""


@dataclass(frozen=True, eq=False, slots=True)
class Plan:
    """The steps of a branch up to its tip.

    Attributes:
        run: the timeline.
        name: the name of the branch, harmless in a comment.
        changes: what comes in force when; the first at iteration 0.
    """

    run: Timeline
    name: str
    changes: tuple[Change, ...]

    @classmethod
    def of(cls, branch: Branch) -> Plan:
        """The plan of a branch.

        Raises:
            ValueError: if an optimizer is not one of gdlab's own, so that no code for it is known.
        """
        run = branch.run
        known = run.changes()
        found = [Change(0, None, known[0][1])]
        found += [Change(at, before, after) for (_, before), (at, after) in pairwise(known) if before != after]
        for change in found:
            optimizer = change.settings.optimizer
            for part in (optimizer, change.settings.schedule):
                if not type(part).__module__.startswith("gdcore."):
                    raise ValueError(f"{part.title} comes from a plug-in: there is no code of it to write down")
        return cls(run, inert(branch.name), tuple(found))

    @property
    def steps(self) -> int:
        """How many steps the branch has."""
        return self.run.tip

    @property
    def lines(self) -> int:
        """How many losses the log has: one before each step, and where no next one can be made also the last."""
        return self.steps + bool(self.why_no_next)

    @property
    def first(self) -> Settings:
        """The settings of the first step."""
        return self.changes[0].settings

    @property
    def later(self) -> tuple[Change, ...]:
        """The changes after the start; a change after which nothing is printed is left out."""
        return tuple(change for change in self.changes[1:] if change.iteration < self.lines)

    @property
    def optimizers(self) -> list[type[Optimizer]]:
        """The kinds of optimizers that make steps, in the order of the list of them all."""
        used = {type(change.settings.optimizer) for change in (self.changes[0], *self.later)}
        return [kind for kind in OPTIMIZERS.values() if kind in used]

    @property
    def trains(self) -> set[bool]:
        """Whether b is trained: always, never, or both by turns."""
        return {change.settings.train_bias for change in (self.changes[0], *self.later)}

    @property
    def varies(self) -> bool:
        """Whether a schedule changes the learning rate on the way."""
        return any(change.settings.schedule.varies for change in (self.changes[0], *self.later))

    def seen(self, change: Change) -> Batch | None:
        """The batch that steps see after a change; None where that is all the rows."""
        batch, columns = change.settings.batch, self.run.landscape.columns
        return batch if batch and columns is not None and batch.size < len(columns) else None

    @property
    def batches(self) -> list[Batch | None]:
        """What steps see, one after the other: batches, or all the rows."""
        return [self.seen(change) for change in (self.changes[0], *self.later)]

    @property
    def tells_batches(self) -> bool:
        """Whether the log has the loss of all rows and the epoch, too."""
        return any(change.settings.batch for change in self.changes)

    @property
    def shows_bias(self) -> bool:
        """Whether the last line of the log has a b: if it was trained, or was about to be."""
        return any(change.settings.train_bias for change in self.changes)

    @property
    def why_no_next(self) -> str:
        """Why no step can follow, where the next loss is none; then the log has the last state too. Else nothing."""
        run = self.run
        cursor = run.state.iteration
        run.forward(run.tip - cursor)
        ending = run.ending
        run.back(run.tip - cursor)
        if ending is None or not ending.reason.leaves_the_numbers:
            return ""
        said = "too large for a number" if ending.reason is Reason.DIVERGED else "no number"
        return f"after the next step the loss is {said}"

    @property
    def start(self) -> tuple[float, float]:
        """(w, b) before the first step."""
        return self.run.start.w, self.run.start.b


def hyperparameters_of(optimizer: Optimizer) -> dict[str, float]:
    """The hyperparameters by name."""
    return {item.name: getattr(optimizer, item.name) for item in fields(optimizer)}


def changed_hyperparameters(change: Change) -> dict[str, float]:
    """Those that come in force with a change."""
    now = hyperparameters_of(change.settings.optimizer)
    if change.before is None or change.restarts:
        return now
    past = hyperparameters_of(change.before.optimizer)
    return {name: value for name, value in now.items() if past[name] != value}


def numbers(values: Sequence[float], indent: str = "    ", *, whole: bool = False) -> str:
    """Numbers as the inside of a list, to the last digit, in lines."""
    lines, line = [], ""
    for value in values:
        text = (str(value) if whole else number(float(value))) + ","
        if len(line) + len(text) + 1 > WIDTH - len(indent):
            lines.append(line)
            line = ""
        line += (" " if line else "") + text
    return "\n".join(indent + line for line in [*lines, line])


def number(value: float) -> str:
    """A number as Python reads it back to the same bits."""
    if not isfinite(value):
        return f'float("{value}")'
    return repr(value)


def comment(text: str, indent: str = "") -> Iterator[str]:
    """Wrap a comment. It may hold names from files, so line breaks in it must not escape the comment."""
    import textwrap  # noqa: PLC0415

    for line in textwrap.wrap(inert(text), WIDTH - len(indent) - 2) or [""]:
        yield f"{indent}# {line}".rstrip()
