"""Branches: the runs of one experiment, from the same or another start, kept side by side.

Step back, change a setting, go on: the old future stays as a branch, and the run goes on in a new branch. Exactly one
branch is current.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
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
"""Maximum number of branches; a new one then replaces the oldest that is not current."""


@dataclass(slots=True)
class Branch:
    """A named run and where it comes from.

    Attributes:
        name: its name for the user; a letter until it is renamed.
        run: its states.
        parent: the branch it left; empty if it left none.
        left_at: the iteration at which it left.
        left: the settings of its parent at that point.
        why: the reason it was begun, if not a change of settings.
    """

    name: str
    run: Timeline
    parent: str = ""
    left_at: int = 0
    left: Settings | None = None
    why: str = ""
    _measured: tuple[tuple[float, float], float] | None = field(default=None, repr=False, compare=False)

    @property
    def reached(self) -> float:
        """The loss of all rows at its tip, even if steps see batches; it is then measured, once."""
        w, b, loss = self.run.path(self.run.tip, self.run.tip + 1)[0].tolist()
        if self.run.settings_at(self.run.tip).batch is None:
            return float(loss)
        if self._measured is None or self._measured[0] != (w, b):
            self._measured = (w, b), float(self.run.landscape(w, b))
        return self._measured[1]

    @property
    def origin(self) -> str:
        """Where it comes from and what differs in it, in words."""
        if not self.parent:
            return self.why or "from the start"
        new = self.why or (difference(self.left, self.run.settings_at(self.left_at)) if self.left else "")
        return f"left {self.parent} at step {self.left_at:,}: {new}"

    @property
    def different(self) -> str:
        """What differs in it, in a few words."""
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

    def measure(self) -> None:
        """Measure what each has reached, which is remembered: an engine may not answer later.

        Raises:
            ValueError: with a sentence, where it does not answer now.
        """
        for branch in self._all:
            _ = branch.reached

    def change(self, settings: Settings) -> None:
        """Change the settings from the cursor on; if there is a future already, on a new branch.

        Raises:
            ValueError: as `Timeline.change` does; then nothing changes, and there is no new branch.
        """
        run = self.run
        if settings == run.settings:
            return
        if run.state.iteration == run.tip:
            run.change(settings)
            return
        twin = run.fork()
        twin.change(settings)
        self.fork(twin=twin)

    def fork(self, why: str = "", name: str = "", twin: Timeline | None = None) -> None:
        """Start a new branch at the cursor, or from the given copy of the run, and make it current."""
        parent, run = self.current, self.run
        self.current = self.branch_off(why, name, twin)
        if parent.parent and run.tip == parent.left_at and not why:
            # The old branch made no step of its own: its parent has all of it.
            self._all.remove(parent)
            self.current.parent = parent.parent

    def branch_off(self, why: str, name: str = "", twin: Timeline | None = None) -> Branch:
        """Create a branch at the cursor of the current one, without making it current."""
        parent, run = self.current, self.run
        branch = Branch(
            name or self.free_name(), twin or run.fork(), parent.name, run.state.iteration, run.settings, why
        )
        self._add(branch)
        return branch

    def join(self, branch: Branch) -> None:
        """Add a branch made elsewhere; it is renamed if its name is taken."""
        branch.name = self.free_name(branch.name)
        self._add(branch)

    def begin(self, run: Timeline, why: str) -> None:
        """Add a run as a new current branch; a current branch without steps is replaced."""
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
        """Return an unused name: a letter, or `stem`, with a number if needed."""
        # Names of deleted parents are also taken, or a branch would seem to descend from its own child.
        taken = {name for branch in self._all for name in (branch.name, branch.parent)} | self._deleted
        stems = (stem,) if stem else ascii_uppercase
        names = (name if number == 1 else f"{name} {number}" for number in count(1) for name in stems)
        return next(name for name in names if name not in taken)


def brief(before: Settings, after: Settings) -> str:
    """Describe briefly what changes between two settings: the new values.

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
    """Describe what changes between two settings.

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
    """Describe a change of batches.

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
