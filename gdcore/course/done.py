"""Checks on what happened in a run: its steps, their rates, their settings, and how they behaved."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from math import inf
from typing import TYPE_CHECKING, Any

import numpy as np

from gdcore.course.check import STEPS, Check, in_a_row, number, steps
from gdcore.descent.optimizers import OPTIMIZERS
from gdcore.descent.parameters import FINITE, POSITIVE, Range
from gdcore.descent.schedules import SCHEDULES
from gdcore.studies.stability import Regime

if TYPE_CHECKING:
    from collections.abc import Callable

    from gdcore.course.reading import Entries
    from gdcore.course.walks import Flags, Floats, Run

MADE = Range("a whole number from 0 to 100,000", low=0, high=STEPS.high, whole=True)
FALLING = "falling"
"""Any schedule but the constant one."""


@dataclass(frozen=True, kw_only=True)
class Steps(Check):
    """How many steps the run has."""

    kind = "steps"
    least: int = 0
    most: float = inf

    def met_at(self, run: Run) -> int | None:
        """Return the first iteration at which the run meets the check, or None."""
        return run.steps if self.least <= run.steps <= self.most else None

    def sentence(self) -> str:
        """Describe the requirement in gdlab's own words."""
        least, most = ("one step is" if count == 1 else f"{count:,.0f} steps are" for count in (self.least, self.most))
        if self.most == inf:
            return f"at least {least} made"
        if self.least == self.most:
            return f"{least} made"
        if self.least:
            return f"from {self.least:,} to {int(self.most):,} steps are made"
        return f"at the most {most} made"

    def why_not(self, run: Run) -> str:
        """What the run did instead."""
        return f"it has {steps(run.steps)}"

    @classmethod
    def read(cls, entries: Entries, run: str, text: str) -> Steps:
        """Read the check from its table in a course."""
        least, most = entries.number("least", MADE, 0), entries.number("most", MADE, inf)
        if least == 0 and most == inf:
            entries.refuse(f'{entries.what} lacks "least" or "most", a number of steps')
        if least > most:
            entries.refuse(f"{entries.what}: no number of steps is at least {least} and at the most {most}", "least")
        return cls(run=run, text=text, least=least, most=most)


WHEN = ("end", "always", "ever")


def _when(flags: Flags, when: str) -> int | None:
    """Return the iteration at which a flag holds for the last step, for all, or for one; else None."""
    if not len(flags):
        return None
    if when == "ever":
        found = np.flatnonzero(flags)
        return int(found[0]) + 1 if len(found) else None
    return len(flags) if (flags.all() if when == "always" else flags[-1]) else None


_OF_STEPS = {"end": "its last step", "always": "all its steps", "ever": "one of its steps"}


@dataclass(frozen=True, kw_only=True)
class Rate(Check):
    """The learning rate of the steps, in its own units or as a share of the critical rate."""

    kind = "rate"
    low: float = 0.0
    high: float = inf
    critical: bool = False
    when: str = "end"

    def _rates(self, run: Run) -> Floats:
        return run.critical_shares if self.critical else run.rates

    def met_at(self, run: Run) -> int | None:
        """Return the first iteration at which the run meets the check, or None."""
        rates = self._rates(run)
        # "0.1 * 3" and "0.3" must count as equal.
        return _when((rates >= self.low * (1 - 1e-12)) & (rates <= self.high * (1 + 1e-12)), self.when)

    def sentence(self) -> str:
        """Describe the requirement in gdlab's own words."""
        unit = " of the critical rate" * self.critical
        low, high = (f"{value:g}" for value in (self.low, self.high))
        if self.low == self.high:
            return f"the learning rate of {_OF_STEPS[self.when]} is {low}{unit}"
        if self.high == inf:
            return f"the learning rate of {_OF_STEPS[self.when]} is at least {low}{unit}"
        return f"the learning rate of {_OF_STEPS[self.when]} is from {low} to {high}{unit}"

    def why_not(self, run: Run) -> str:
        """Explain how the run misses the requirement."""
        rates = self._rates(run)
        if not len(rates):
            return "no step has been made"
        if np.isnan(rates).any():
            return "its optimizer has no critical rate"
        least, most = float(rates.min()), float(rates.max())
        unit = " of the critical rate" * self.critical
        if self.when == "end":
            return f"its last step has {rates[-1]:.6g}{unit}"
        if least == most:
            return f"its steps have {least:.6g}{unit}"
        return f"its steps have from {least:.6g} to {most:.6g}{unit}"

    @classmethod
    def read(cls, entries: Entries, run: str, text: str) -> Rate:
        """Read the check from its table in a course."""
        same = entries.number("is", POSITIVE, None)
        low, high = entries.number("from", POSITIVE, 0.0), entries.number("to", POSITIVE, inf)
        if same is None and low == 0.0 and high == inf:
            entries.refuse(f'{entries.what} lacks "from", "to" or "is", a learning rate')
        if same is not None and (low, high) != (0.0, inf):
            entries.refuse(f'{entries.what} has "is", and needs no "from" and "to"', "is")
        if low > high:
            entries.refuse(f"{entries.what}: no rate is from {low:g} to {high:g}", "from")
        return cls(
            run=run,
            text=text,
            low=low if same is None else same,
            high=high if same is None else same,
            critical=entries.flag("critical", False),
            when=entries.choice("when", WHEN, "end"),
        )


@dataclass(frozen=True, kw_only=True)
class Used(Check):
    """The settings that steps were made with. None means any value is accepted.

    Attributes:
        never: whether it must not have been used.
        when: whether the last step, all or one must have been made with it.
        optimizer: the name of the optimizer.
        bias: whether b is trained.
        scaled: whether the rows are standardized.
        schedule: the name of the schedule, or FALLING.
        batch: how many rows a step sees.
        retreat: whether the run came from a retreat.
    """

    kind = "used"
    never: bool = False
    when: str = "ever"
    optimizer: str | None = None
    bias: bool | None = None
    scaled: bool | None = None
    schedule: str | None = None
    batch: int | None = None
    retreat: bool | None = None

    def _flags(self, run: Run) -> Flags:
        flags = np.zeros(run.steps, bool)
        for begin, end, settings in run.stretches:
            flags[begin:end] = (
                self.optimizer in (None, settings.optimizer.name)
                and self.bias in (None, settings.train_bias)
                and self.schedule in (None, settings.schedule.name, FALLING if settings.schedule.varies else None)
                and self.batch in (None, settings.batch.size if settings.batch else run.rows)
                and self.scaled in (None, run.walk.scaled)
                and self.retreat in (None, retreated(run))
            )
        return flags

    def met_at(self, run: Run) -> int | None:
        """Return the first iteration at which the run meets the check, or None."""
        flags = self._flags(run)
        return _when(~flags, "always") if self.never else _when(flags, self.when)

    def _what(self) -> str:
        words: dict[str, Callable[[Any], str]] = {
            "optimizer": lambda name: OPTIMIZERS[name].title,
            "bias": lambda on: "w and b trained" if on else "w alone trained",
            "scaled": lambda on: "standardized rows" if on else "the rows as they are",
            "schedule": lambda name: "a falling schedule" if name == FALLING else f"the schedule {name}",
            "batch": lambda size: f"a batch of {size}",
            "retreat": lambda on: "a retreat from a rise" if on else "no retreat",
        }
        return ", ".join(say(value) for name, say in words.items() if (value := getattr(self, name)) is not None)

    def sentence(self) -> str:
        """Describe the requirement in gdlab's own words."""
        steps = (
            "no step is"
            if self.never
            else {"end": "the last step is", "always": "all steps are", "ever": "steps are"}[self.when]
        )
        return f"{steps} made with {self._what()}"

    def why_not(self, run: Run) -> str:
        """Explain how the run misses the requirement."""
        if not run.steps:
            return "no step has been made"
        flags = self._flags(run)
        verb = "is" if len(flags) == 1 else "are"
        return f"{int(flags.sum()):,} of {steps(len(flags))} {verb} made with {self._what()}"

    @classmethod
    def _read(cls, entries: Entries, run: str, text: str, *, never: bool) -> Used:
        check = cls(
            run=run,
            text=text,
            never=never,
            when="ever" if never else entries.choice("when", WHEN, "ever"),
            optimizer=entries.choice("optimizer", tuple(OPTIMIZERS), None),
            bias=entries.flag("bias", None),
            scaled=entries.flag("scaled", None),
            schedule=entries.choice("schedule", (*SCHEDULES, FALLING), None),
            batch=entries.number("batch", STEPS, None),
            retreat=entries.flag("retreat", None),
        )
        names = ("optimizer", "bias", "scaled", "schedule", "batch", "retreat")
        if all(getattr(check, name) is None for name in names):
            entries.refuse(f"{entries.what} must name one of {', '.join(names)}")
        return check

    @classmethod
    def read(cls, entries: Entries, run: str, text: str) -> Used:
        """Read the check from its table in a course."""
        return cls._read(entries, run, text, never=False)


class Avoided(Used):
    """Settings that no step may be made with."""

    kind = "avoided"

    @classmethod
    def read(cls, entries: Entries, run: str, text: str) -> Used:
        """Read the check from its table in a course."""
        return cls._read(entries, run, text, never=True)


def retreated(run: Run) -> bool:
    """Whether the run branched off where another began to rise, with half its learning rate."""
    branch = run.branch
    parent = next((other for other in run.walk.branches if other.name == branch.parent), None)
    if parent is None or branch.left is None or parent.run.tip <= branch.left_at:
        return False
    rise = parent.run.path(branch.left_at, branch.left_at + 2)[:, 2]
    half = branch.run.settings_at(branch.left_at).learning_rate
    return bool(rise[1] > rise[0]) and abs(half / branch.left.learning_rate - 0.5) < 1e-3


@dataclass(frozen=True, kw_only=True)
class Behaved(Check):
    """A number of steps that crawled, glided, overshot or diverged, as the readout names them."""

    kind = "regime"
    regime: Regime = Regime.GLIDE
    steps: int = 1

    def met_at(self, run: Run) -> int | None:
        """Return the first iteration at which the run meets the check, or None."""
        found = [i for i, regime in enumerate(run.regimes, 1) if regime is self.regime]
        return found[self.steps - 1] if len(found) >= self.steps else None

    def sentence(self) -> str:
        """Describe the requirement in gdlab's own words."""
        verbs = {"crawl": "crawl", "glide": "glide", "overshoot": "overshoot", "diverge": "climb"}
        plural = self.steps > 1
        return f"{self.steps:,} {'steps' if plural else 'step'} {verbs[self.regime.value]}{'' if plural else 's'}"

    def why_not(self, run: Run) -> str:
        """Explain how the run misses the requirement."""
        counts = {regime: run.regimes.count(regime) for regime in Regime}
        seen = [f"{count:,} {regime.value}" for regime, count in counts.items() if count]
        return f"its steps: {', '.join(seen) or 'none'}"

    @classmethod
    def read(cls, entries: Entries, run: str, text: str) -> Behaved:
        """Read the check from its table in a course."""
        regime = Regime(entries.choice("is", tuple(regime.value for regime in Regime)))
        return cls(run=run, text=text, regime=regime, steps=entries.number("steps", STEPS, 1))


@dataclass(frozen=True, kw_only=True)
class Diverged(Check):
    """The loss rose for `steps` steps in a row, and in the end by at least a given factor."""

    kind = "diverged"
    steps: int = 3

    def met_at(self, run: Run) -> int | None:
        """Return the first iteration at which the run meets the check, or None."""
        length = 0
        for step, rose in enumerate(run.rises.tolist(), 1):
            length = length + 1 if rose else 0
            if length >= self.steps:
                return step
        return None

    def sentence(self) -> str:
        """Describe the requirement in gdlab's own words."""
        return f"the loss rises {in_a_row(self.steps)}"

    def why_not(self, run: Run) -> str:
        """Explain how the run misses the requirement."""
        longest = max((len(list(group)) for rose, group in groupby(run.rises.tolist()) if rose), default=0)
        return f"it rose {in_a_row(longest)}" if longest else "it never rose"

    @classmethod
    def read(cls, entries: Entries, run: str, text: str) -> Diverged:
        """Read the check from its table in a course."""
        return cls(run=run, text=text, steps=entries.number("steps", STEPS, cls.steps))


@dataclass(frozen=True, kw_only=True)
class Leap(Check):
    """One step was longer than `farther`, or no step was longer than `shorter`, in (w, b)."""

    kind = "leap"
    farther: float | None = None
    shorter: float | None = None

    def met_at(self, run: Run) -> int | None:
        """Return the first iteration at which the run meets the check, or None."""
        if self.shorter is not None:
            return _when(run.moves <= self.shorter, "always")
        return _when(run.moves > (self.farther or 0.0), "ever")

    def sentence(self) -> str:
        """Describe the requirement in gdlab's own words."""
        if self.shorter is not None:
            return f"no step leads farther than {self.shorter:g}"
        return f"one step leads farther than {self.farther:g}"

    def why_not(self, run: Run) -> str:
        """Explain how the run misses the requirement."""
        return f"its longest step is {number(float(run.moves.max()))}" if run.steps else "no step has been made"

    @classmethod
    def read(cls, entries: Entries, run: str, text: str) -> Leap:
        """Read the check from its table in a course."""
        farther, shorter = entries.number("farther", POSITIVE, None), entries.number("shorter", POSITIVE, None)
        if (farther is None) == (shorter is None):
            entries.refuse(f'{entries.what} must have "farther" or "shorter", and not both')
        return cls(run=run, text=text, farther=farther, shorter=shorter)


@dataclass(frozen=True, kw_only=True)
class StartedAt(Check):
    """Where the run began; for tasks with `any_start`."""

    kind = "start"
    w: tuple[float, float] | None = None
    b: tuple[float, float] | None = None

    def met_at(self, run: Run) -> int | None:
        """Return the first iteration at which the run meets the check, or None."""
        begun = ((self.w, run.w[0]), (self.b, run.b[0]))
        return 0 if all(borders is None or borders[0] <= value <= borders[1] for borders, value in begun) else None

    def sentence(self) -> str:
        """Describe the requirement in gdlab's own words."""
        borders = [(name, getattr(self, name)) for name in ("w", "b")]
        return "the run begins at " + " and ".join(
            f"{n} from {r[0]:g} to {r[1]:g}" for n, r in borders if r is not None
        )

    def why_not(self, run: Run) -> str:
        """Explain how the run misses the requirement."""
        return f"it begins at w = {number(run.w[0])}, b = {number(run.b[0])}"

    @classmethod
    def read(cls, entries: Entries, run: str, text: str) -> StartedAt:
        """Read the check from its table in a course."""
        w, b = (entries.numbers(name, 2, FINITE, None) for name in ("w", "b"))
        if w is None and b is None:
            entries.refuse(f'{entries.what} lacks "w" or "b", two borders in square brackets')
        for name, borders in (("w", w), ("b", b)):
            if borders is not None and borders[0] > borders[1]:
                entries.refuse(f"{entries.what}: no {name} is from {borders[0]:g} to {borders[1]:g}", name)
        return cls(run=run, text=text, w=w, b=b)


@dataclass(frozen=True, kw_only=True)
class OwnData(Check):
    """The data are not those of the task; for tasks with `any_data`."""

    kind = "own-data"

    def met_at(self, run: Run) -> int | None:
        """Return the first iteration at which the run meets the check, or None."""
        return 0 if run.walk.own else None

    def sentence(self) -> str:
        """Describe the requirement in gdlab's own words."""
        return "other data are opened"

    def why_not(self, run: Run) -> str:
        """Explain how the run misses the requirement."""
        del run
        return "the data are still those of the task"

    @classmethod
    def read(cls, entries: Entries, run: str, text: str) -> OwnData:
        """Read the check from its table in a course."""
        del entries
        return cls(run=run, text=text)
