"""Branches: the runs of one experiment, from the same or another start, kept side by side.

Step back, change something, go on: the future that was left behind stays as a branch, and the run goes on in another
that left it there. One branch is the current one; all the others only wait.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from itertools import count
from string import ascii_uppercase
from typing import TYPE_CHECKING

from gdcore.inert import quoted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gdcore.descent.batches import Batch
    from gdcore.descent.steps import Settings
    from gdcore.descent.timeline import Timeline

MOST = 26
"""So many branches at the most; the oldest that is not the current one makes room for another."""


@dataclass(slots=True)
class Branch:
    """A run with its name and where it comes from.

    Attributes:
        name: what a person calls it; a letter until they rename it.
        run: its states.
        parent: the name of the branch it left; empty for one that began by itself.
        left_at: the iteration at which it left.
        left: the settings its parent went on with.
        why: why it was begun, where that is not a change of settings.
    """

    name: str
    run: Timeline
    parent: str = ""
    left_at: int = 0
    left: Settings | None = None
    why: str = ""

    @property
    def reached(self) -> float:
        """The loss at its tip: that of all rows, also where a step sees a batch of them."""
        w, b, loss = self.run.path(self.run.tip, self.run.tip + 1)[0].tolist()
        return float(loss if self.run.settings_at(self.run.tip).batch is None else self.run.landscape(w, b))

    @property
    def origin(self) -> str:
        """Where it comes from and what is different in it, in words."""
        if not self.parent:
            return self.why or "from the start"
        new = self.why or (difference(self.left, self.run.settings_at(self.left_at)) if self.left else "")
        return f"left {self.parent} at step {self.left_at:,}: {new}"

    @property
    def different(self) -> str:
        """What is different in it, in a few words."""
        if self.why or not self.parent or self.left is None:
            return self.why or "from the start"
        return brief(self.left, self.run.settings_at(self.left_at)) or "nothing"


class Branches:
    """The branches of an experiment, the current one among them.

    Example:
        >>> from gdcore.descent.steps import Settings
        >>> from gdcore.landscapes.bowl import MeanSquaredError
        >>> from gdcore.descent.timeline import Timeline
        >>> loss = MeanSquaredError.of([1.0, 2.0, 3.0], [3.0, 5.0, 7.0])
        >>> branches = Branches(Timeline(loss, Settings(0.1)))
        >>> branches.run.forward(5), branches.run.back(3)
        (5, 3)
        >>> branches.change(Settings(0.2))
        >>> [(branch.name, branch.origin, branch.run.tip) for branch in branches]
        [('A', 'from the start', 5), ('B', 'left A at step 2: learning rate 0.1 -> 0.2', 2)]
    """

    def __init__(self, run: Timeline) -> None:
        self._all = [Branch("A", run)]
        self._deleted: set[str] = set()
        self.current = self._all[0]

    def __iter__(self) -> Iterator[Branch]:
        return iter(self._all)

    def __len__(self) -> int:
        return len(self._all)

    def __getitem__(self, index: int) -> Branch:
        return self._all[index]

    @property
    def run(self) -> Timeline:
        """The run of the current branch."""
        return self.current.run

    @property
    def others(self) -> list[Branch]:
        """All branches but the current one."""
        return [branch for branch in self._all if branch is not self.current]

    def change(self, settings: Settings) -> None:
        """Put settings in force from the cursor on; where there is a future already, on a new branch."""
        run = self.run
        if settings == run.settings:
            return
        if run.state.iteration < run.tip:
            self.fork()
        self.run.change(settings)

    def fork(self, why: str = "", name: str = "") -> None:
        """Leave the current branch at the cursor, for a new one that becomes the current one."""
        parent, run = self.current, self.run
        self.current = self.branch_off(why, name)
        if parent.parent and run.tip == parent.left_at and not why:
            # It never made a step of its own: all it was is in its parent.
            self._all.remove(parent)
            self.current.parent = parent.parent

    def branch_off(self, why: str, name: str = "") -> Branch:
        """Begin a branch at the cursor of the current one, which stays the current one."""
        parent, run = self.current, self.run
        branch = Branch(name or self.free_name(), run.fork(), parent.name, run.state.iteration, run.settings, why)
        self._add(branch)
        return branch

    def join(self, branch: Branch) -> None:
        """Take in a branch that was begun elsewhere, under a name like its own that no other has."""
        branch.name = self.free_name(branch.name)
        self._add(branch)

    def begin(self, run: Timeline, why: str) -> None:
        """Begin another run, which becomes the current branch; one without a step gives up its place."""
        name = self.free_name()
        if self.run.tip == 0:
            name = self.current.name
            self._all.remove(self.current)
        self.current = Branch(name, run, why=why)
        self._add(self.current)

    def switch(self, branch: Branch) -> None:
        """Make another branch the current one."""
        self.current = branch

    def rename(self, branch: Branch, name: str) -> None:
        """Call a branch by another name.

        Raises:
            ValueError: if the name is empty or another branch has it.
        """
        name = name.strip()
        if not name:
            raise ValueError("a branch must have a name of at least one character")
        if any(other.name == name for other in self._all if other is not branch):
            raise ValueError(f"another branch is called {quoted(name)} already; choose another name")
        for other in self._all:
            if other.parent == branch.name:
                other.parent = name
        branch.name = name

    def delete(self, branch: Branch) -> None:
        """Forget a branch.

        Raises:
            ValueError: if it is the current one.
        """
        if branch is self.current:
            raise ValueError("the current branch cannot be deleted; switch to another one first")
        self._all.remove(branch)
        self._deleted.add(branch.name)

    def _add(self, branch: Branch) -> None:
        self._all.append(branch)
        if len(self._all) > MOST:
            self._all.remove(next(oldest for oldest in self._all if oldest is not self.current))

    def free_name(self, stem: str = "") -> str:
        """A name that no branch has had: a letter, or the stem, with a number where that is needed."""
        # Not that of a parent that is gone either: a branch would seem to come from its own descendant.
        taken = {name for branch in self._all for name in (branch.name, branch.parent)} | self._deleted
        stems = (stem,) if stem else ascii_uppercase
        names = (name if number == 1 else f"{name} {number}" for number in count(1) for name in stems)
        return next(name for name in names if name not in taken)


def brief(before: Settings, after: Settings) -> str:
    """What changes between two settings, for where there is little room: what is in force after it.

    >>> from gdcore.descent.steps import Settings
    >>> from gdcore.descent.optimizers import Momentum
    >>> brief(Settings(), Settings(0.002)), brief(Settings(), Settings(0.001, Momentum(0.5), train_bias=True))
    ('lr 0.002', 'momentum, b trained')
    """
    parts = []
    if type(after.optimizer) is not type(before.optimizer):
        parts.append(after.optimizer.title)
    if after.learning_rate != before.learning_rate:
        parts.append(f"lr {after.learning_rate:.4g}")
    if type(after.optimizer) is type(before.optimizer):
        names = [item.name for item in fields(after.optimizer)]
        new = {name: getattr(after.optimizer, name) for name in names}
        parts += [f"{name} {value:g}" for name, value in new.items() if value != getattr(before.optimizer, name)]
    if after.train_bias != before.train_bias:
        parts.append("b trained" if after.train_bias else "b held")
    if after.schedule.text != before.schedule.text:
        parts.append(f"{after.schedule.name} rate")
    if after.batch != before.batch:
        parts.append(_batch(before.batch, after.batch))
    return ", ".join(parts)


def difference(before: Settings, after: Settings) -> str:
    """What changes between two settings, in words.

    >>> from gdcore.descent.steps import Settings
    >>> from gdcore.descent.optimizers import Momentum
    >>> difference(Settings(), Settings(0.002, Momentum(0.5), train_bias=True))
    'learning rate 0.001 -> 0.002, momentum, w and b trained'
    """
    parts = []
    if after.learning_rate != before.learning_rate:
        parts.append(f"learning rate {before.learning_rate:g} -> {after.learning_rate:g}")
    if type(after.optimizer) is not type(before.optimizer):
        parts.append(after.optimizer.title)
    else:
        for item in fields(after.optimizer):
            old, new = getattr(before.optimizer, item.name), getattr(after.optimizer, item.name)
            if old != new:
                parts.append(f"{item.name} {old:g} -> {new:g}")
    if after.train_bias != before.train_bias:
        parts.append("w and b trained" if after.train_bias else "w alone trained")
    if after.schedule != before.schedule:
        same = after.schedule.text == before.schedule.text
        parts.append(f"schedule {before.schedule.text} -> {'anew' if same else after.schedule.text}")
    if after.batch != before.batch:
        parts.append(_batch(before.batch, after.batch))
    return ", ".join(parts) or "nothing"


def _batch(before: Batch | None, after: Batch | None) -> str:
    """Which batches come after others, or after none.

    >>> from gdcore.descent.batches import Batch
    >>> _batch(None, Batch(8)), _batch(Batch(8), Batch(8, seed=3)), _batch(Batch(8), None)
    ('batches of 8', 'seed 3', 'all rows')
    """
    if after is None:
        return "all rows"
    size = f"batches of {after.size}"
    if before is None or after.size == before.size:
        other = f"seed {after.seed}" if after.order is None else "another order of rows"
        if before is None:
            return size if after == type(after)(after.size) else f"{size}, {other}"
        return other
    return size
