"""What a task can ask for: the fixed vocabulary of its goal. Nothing here runs what a file says; it is only compared.

A check looks at one run: a branch from its start to the last iteration known. The checks of a goal that have the same
`run` must all be met by the same run. `answered`, `compare` and `recovered` look at all runs at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from math import inf, isnan
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from gdcore.course.reading import Entries
from gdcore.descent.optimizers import OPTIMIZERS
from gdcore.descent.parameters import COUNT, FINITE, POSITIVE, Range
from gdcore.descent.schedules import SCHEDULES
from gdcore.inert import quoted
from gdcore.studies.stability import Regime

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gdcore.course.walks import Flags, Floats, Run

STEPS = Range("a whole number from 1 to 100,000", low=1, high=100_000, whole=True)
FALLING = "falling"
"""Any schedule but the constant one."""
RUNS = Range("a whole number from 2 to 10", low=2, high=10, whole=True)
SHARE = Range("a positive number up to 1", low=POSITIVE.low, high=1)
SECOND = Range("a number above 0 and up to 1000", low=POSITIVE.low, high=1000)


def at(step: int | np.integer[Any]) -> str:
    """An iteration, for a sentence."""
    return f"at step {int(step):,}"


def number(value: float) -> str:
    """A number as sentences have it: six digits.

    >>> number(812.8666666667), number(20000.0), number(float("nan"))
    ('812.867', '20000', 'unknown')
    """
    return "unknown" if isnan(value) else f"{value:.6g}"


@dataclass(frozen=True, kw_only=True)
class Check:
    """Something a run must do.

    Attributes:
        run: the name of the run that must do it, together with all else that is asked of that run.
        text: what it asks for in the teacher's own words; empty where the program's own will do.
    """

    kind: ClassVar[str]
    run: str = ""
    text: str = ""

    @property
    def asked(self) -> str:
        """What it asks for."""
        return self.text or self.sentence()

    def sentence(self) -> str:
        """What it asks for, in the program's words."""
        raise NotImplementedError

    def met_at(self, run: Run) -> int | None:
        """The first iteration by which the run has done it; None where it has not."""
        raise NotImplementedError

    def why_not(self, run: Run) -> str:
        """What the run did instead."""
        raise NotImplementedError


@dataclass(frozen=True, kw_only=True)
class CheckOfAll:
    """Something that is seen only by looking at all the runs, or at the answer."""

    kind: ClassVar[str]
    text: str = ""

    @property
    def asked(self) -> str:
        """What it asks for."""
        return self.text or self.sentence()

    def sentence(self) -> str:
        """What it asks for, in the program's words."""
        raise NotImplementedError

    def why_not_all(self, runs: Sequence[Run]) -> str:
        """What is missing; empty where nothing is."""
        raise NotImplementedError


# Reached


_WORDS = {"loss": "the loss", "distance": "the distance to the minimum", "gradient": "the gradient"}


@dataclass(frozen=True, kw_only=True)
class Reach(Check):
    """Loss, distance or gradient below, or above, a number: at some iteration, or at all of the last ones.

    Attributes:
        below: the number it must fall below, or None.
        above: the number it must rise above, or None.
        share: whether the numbers are shares of what it was at the start; the loss is then counted from the lowest.
        within: the last iteration that counts, or None.
        last: where it must hold for so many iterations at the end.
    """

    kind: ClassVar[str]
    below: float | None = None
    above: float | None = None
    share: bool = False
    within: int | None = None
    last: int | None = None

    def values(self, run: Run) -> Floats:
        """The quantity at each iteration."""
        if self.share:
            values: Floats = run.excess if self.kind == "loss" else getattr(run, self.kind)
            return values / values[0] if values[0] > 0 else np.full(len(values), np.nan)
        return getattr(run, self.kind)  # type: ignore[no-any-return]

    def _holds(self, run: Run) -> Flags:
        values = self.values(run)
        with np.errstate(invalid="ignore"):
            holds = np.ones(len(values), bool)
            if self.below is not None:
                holds &= values < self.below
            if self.above is not None:
                holds &= values > self.above
        return holds

    def met_at(self, run: Run) -> int | None:
        """The first iteration by which the run has done it; None where it has not."""
        holds = self._holds(run)
        if self.last is not None:
            return run.steps if run.steps >= self.last and holds[-self.last :].all() else None
        reached = np.flatnonzero(holds[: None if self.within is None else self.within + 1])
        return int(reached[0]) if len(reached) else None

    def sentence(self) -> str:
        """What it asks for, in the program's words."""
        words = _WORDS[self.kind] + " (what is above the lowest)" * (self.share and self.kind == "loss")
        unit = " of what it was at the start" * self.share
        parts = [
            f"{side} {f'{value * 100:g} %' if self.share else number(value)}{unit}"
            for side, value in (("below", self.below), ("above", self.above))
            if value is not None
        ]
        when = f" for the last {self.last:,} steps" if self.last else ""
        within = f" within {self.within:,} steps" if self.within is not None else ""
        return f"{words} is {' and '.join(parts)}{when}{within}"

    def why_not(self, run: Run) -> str:
        """What the run did instead."""
        values = self.values(run)
        if np.isnan(values).all():
            return f"{_WORDS[self.kind]} is not known here"
        if self.last is not None:
            end = values[-self.last :]
            if run.steps < self.last:
                return f"there are {run.steps:,} steps, and the last {self.last:,} are asked for"
            least, most = self._one(end.min()), self._one(end.max())
            return f"in the last {self.last:,} steps {_WORDS[self.kind]} went from {least} to {most}"
        seen = values if self.within is None else values[: self.within + 1]
        best = int(np.nanargmin(seen) if self.below is not None else np.nanargmax(seen))
        late = np.flatnonzero(self._holds(run))
        if self.within is not None and len(late):
            return f"it was so only {at(late[0])}, and {self.within:,} steps are allowed"
        side = "smallest" if self.below is not None else "largest"
        return f"{_WORDS[self.kind]} was {side} {at(best)}, {self._one(seen[best])}"

    def _one(self, value: float) -> str:
        return f"{value * 100:.4g} % of that at the start" if self.share else number(value)

    @classmethod
    def read(cls, entries: Entries, run: str, text: str) -> Reach:
        """The check that a course has."""
        share = entries.flag("share", False)
        below, above = (entries.number(side, FINITE, None) for side in ("below", "above"))
        if below is None and above is None:
            entries.refuse(f'{entries.what} lacks "below" or "above", the number to be reached')
        if below is not None and above is not None and above >= below:
            entries.refuse(f"{entries.what}: nothing is both above {above:g} and below {below:g}", "above")
        within, last = (entries.number(key, STEPS, None) for key in ("within", "last"))
        if within is not None and last is not None:
            entries.refuse(f'{entries.what} has both "within" and "last"; leave one out', "last")
        return cls(run=run, text=text, below=below, above=above, share=share, within=within, last=last)


class Loss(Reach):
    """The loss."""

    kind = "loss"


class Distance(Reach):
    """The distance to the lowest minimum, over what is trained."""

    kind = "distance"


class Gradient(Reach):
    """The length of the gradient, over what is trained."""

    kind = "gradient"


@dataclass(frozen=True, kw_only=True)
class AtMinimum(Check):
    """The run came to rest near a known minimum: so many points in a row no farther from it than `near`."""

    kind = "minimum"
    which: str = "lowest"
    point: tuple[float, float] | None = None
    near: float = 0.05
    stay: int = 5
    last: bool = False

    def _points(self, run: Run) -> list[tuple[float, float]]:
        if self.point is not None:
            return [self.point]
        minima = run.landscape.minima(None if run.trains_bias[-1] else float(run.b[-1]))
        chosen = {"lowest": minima[:1], "other": minima[1:], "any": minima}[self.which]
        return [(minimum.w, minimum.b) for minimum in chosen]

    def met_at(self, run: Run) -> int | None:
        """The first iteration by which the run has done it; None where it has not."""
        found: list[int] = []
        for point in self._points(run):
            near = run.away(*point) <= self.near
            length, end = 0, 0
            for same, group in groupby(near.tolist()):
                length = len(list(group))
                end += length
                if same and length >= self.stay and (not self.last or end == len(near)):
                    found.append(end - length + self.stay - 1)
                    break
        return min(found, default=None)

    def _name(self) -> str:
        if self.point is not None:
            return f"the point w = {self.point[0]:g}, b = {self.point[1]:g}"
        return {"lowest": "the lowest minimum", "other": "a minimum that is not the lowest", "any": "a minimum"}[
            self.which
        ]

    def sentence(self) -> str:
        """What it asks for, in the program's words."""
        verb = "ends" if self.last else "is"
        return f"the run {verb} at {self._name()} for {self.stay} steps, no farther off than {self.near:g}"

    def why_not(self, run: Run) -> str:
        """What the run did instead."""
        points = self._points(run)
        if not points:
            return f"{self._name()} is not known here"
        away = min(float(run.away(*point)[-1]) for point in points)
        return f"the run ends at w = {number(run.w[-1])}, {number(away)} away from {self._name()}"

    @classmethod
    def read(cls, entries: Entries, run: str, text: str) -> AtMinimum:
        """The check that a course has."""
        if "point" in entries and "which" in entries:
            entries.refuse(f'{entries.what} has both "which" and "point"; leave one out', "point")
        return cls(
            run=run,
            text=text,
            which=entries.choice("which", ("lowest", "other", "any"), "lowest"),
            point=entries.numbers("point", 2, FINITE, None),
            near=entries.number("near", POSITIVE, cls.near),
            stay=entries.number("stay", STEPS, cls.stay),
            last=entries.flag("last", False),
        )


# What was done


@dataclass(frozen=True, kw_only=True)
class Steps(Check):
    """How many steps the run has."""

    kind = "steps"
    least: int = 0
    most: float = inf

    def met_at(self, run: Run) -> int | None:
        """The first iteration by which the run has done it; None where it has not."""
        return run.steps if self.least <= run.steps <= self.most else None

    def sentence(self) -> str:
        """What it asks for, in the program's words."""
        if self.most == inf:
            return "at least one step is made" if self.least == 1 else f"at least {self.least:,} steps are made"
        return f"at the most {int(self.most):,} steps are made" + f", and at least {self.least:,}" * (self.least > 0)

    def why_not(self, run: Run) -> str:
        """What the run did instead."""
        return f"it has {run.steps:,} steps"

    @classmethod
    def read(cls, entries: Entries, run: str, text: str) -> Steps:
        """The check that a course has."""
        least, most = entries.number("least", COUNT, 0), entries.number("most", COUNT, inf)
        if least == 0 and most == inf:
            entries.refuse(f'{entries.what} lacks "least" or "most", a number of steps')
        if least > most:
            entries.refuse(f"{entries.what}: no number of steps is at least {least} and at the most {most}", "least")
        return cls(run=run, text=text, least=least, most=most)


WHEN = ("end", "always", "ever")


def _when(flags: Flags, when: str) -> int | None:
    """The iteration by which something holds for the last step, for all, or for one; None where it does not."""
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
        """The first iteration by which the run has done it; None where it has not."""
        rates = self._rates(run)
        # Whoever types 0.1 * 3 and whoever types 0.3 mean the same.
        return _when((rates >= self.low * (1 - 1e-12)) & (rates <= self.high * (1 + 1e-12)), self.when)

    def sentence(self) -> str:
        """What it asks for, in the program's words."""
        unit = " of the critical rate" * self.critical
        low, high = (f"{value:g}" for value in (self.low, self.high))
        if self.low == self.high:
            return f"the learning rate of {_OF_STEPS[self.when]} is {low}{unit}"
        if self.high == inf:
            return f"the learning rate of {_OF_STEPS[self.when]} is at least {low}{unit}"
        return f"the learning rate of {_OF_STEPS[self.when]} is from {low} to {high}{unit}"

    def why_not(self, run: Run) -> str:
        """What the run did instead."""
        rates = self._rates(run)
        if not len(rates):
            return "no step has been made"
        least, most = float(rates.min()), float(rates.max())
        unit = " of the critical rate" * self.critical
        if self.when == "end":
            return f"its last step has {rates[-1]:.6g}{unit}"
        if least == most:
            return f"its steps have {least:.6g}{unit}"
        return f"its steps have from {least:.6g} to {most:.6g}{unit}"

    @classmethod
    def read(cls, entries: Entries, run: str, text: str) -> Rate:
        """The check that a course has."""
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
    """What the steps were made with. Whatever is None may be as it likes.

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
        """The first iteration by which the run has done it; None where it has not."""
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
        """What it asks for, in the program's words."""
        steps = (
            "no step is"
            if self.never
            else {"end": "the last step is", "always": "all steps are", "ever": "steps are"}[self.when]
        )
        return f"{steps} made with {self._what()}"

    def why_not(self, run: Run) -> str:
        """What the run did instead."""
        if not run.steps:
            return "no step has been made"
        flags = self._flags(run)
        return f"{int(flags.sum()):,} of {len(flags):,} steps are made with {self._what()}"

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
        """The check that a course has."""
        return cls._read(entries, run, text, never=False)


class Avoided(Used):
    """What no step was made with."""

    kind = "avoided"

    @classmethod
    def read(cls, entries: Entries, run: str, text: str) -> Used:
        """The check that a course has."""
        return cls._read(entries, run, text, never=True)


def retreated(run: Run) -> bool:
    """Whether the run left another one, with half its rate, where that one began to rise."""
    branch = run.branch
    parent = next((other for other in run.walk.branches if other.name == branch.parent), None)
    if parent is None or branch.left is None or parent.run.tip <= branch.left_at:
        return False
    rise = parent.run.path(branch.left_at, branch.left_at + 2)[:, 2]
    half = branch.run.settings_at(branch.left_at).learning_rate
    return bool(rise[1] > rise[0]) and abs(half / branch.left.learning_rate - 0.5) < 1e-3


@dataclass(frozen=True, kw_only=True)
class Behaved(Check):
    """So many steps that crawled, glided, overshot or diverged, as the readout says of each."""

    kind = "regime"
    regime: Regime = Regime.GLIDE
    steps: int = 1

    def met_at(self, run: Run) -> int | None:
        """The first iteration by which the run has done it; None where it has not."""
        found = [i for i, regime in enumerate(run.regimes, 1) if regime is self.regime]
        return found[self.steps - 1] if len(found) >= self.steps else None

    def sentence(self) -> str:
        """What it asks for, in the program's words."""
        verbs = {"crawl": "crawl", "glide": "glide", "overshoot": "overshoot", "diverge": "climb"}
        plural = self.steps > 1
        return f"{self.steps:,} {'steps' if plural else 'step'} {verbs[self.regime.value]}{'' if plural else 's'}"

    def why_not(self, run: Run) -> str:
        """What the run did instead."""
        counts = {regime: run.regimes.count(regime) for regime in Regime}
        seen = [f"{count:,} {regime.value}" for regime, count in counts.items() if count]
        return f"its steps: {', '.join(seen) or 'none'}"

    @classmethod
    def read(cls, entries: Entries, run: str, text: str) -> Behaved:
        """The check that a course has."""
        regime = Regime(entries.choice("is", tuple(regime.value for regime in Regime)))
        return cls(run=run, text=text, regime=regime, steps=entries.number("steps", STEPS, 1))


@dataclass(frozen=True, kw_only=True)
class Diverged(Check):
    """The loss rose so many steps in a row, and in the end to so many times what it was before."""

    kind = "diverged"
    steps: int = 3

    def met_at(self, run: Run) -> int | None:
        """The first iteration by which the run has done it; None where it has not."""
        length = 0
        for step, rose in enumerate(run.rises.tolist(), 1):
            length = length + 1 if rose else 0
            if length >= self.steps:
                return step
        return None

    def sentence(self) -> str:
        """What it asks for, in the program's words."""
        return f"the loss rises {self.steps:,} steps in a row"

    def why_not(self, run: Run) -> str:
        """What the run did instead."""
        longest = max((len(list(group)) for rose, group in groupby(run.rises.tolist()) if rose), default=0)
        return f"it rose {longest:,} steps in a row" if longest else "it never rose"

    @classmethod
    def read(cls, entries: Entries, run: str, text: str) -> Diverged:
        """The check that a course has."""
        return cls(run=run, text=text, steps=entries.number("steps", STEPS, cls.steps))


@dataclass(frozen=True, kw_only=True)
class Leap(Check):
    """One step led farther than `farther`, or no step farther than `shorter`, in w and b."""

    kind = "leap"
    farther: float | None = None
    shorter: float | None = None

    def met_at(self, run: Run) -> int | None:
        """The first iteration by which the run has done it; None where it has not."""
        if self.shorter is not None:
            return _when(run.moves <= self.shorter, "always")
        return _when(run.moves > (self.farther or 0.0), "ever")

    def sentence(self) -> str:
        """What it asks for, in the program's words."""
        if self.shorter is not None:
            return f"no step leads farther than {self.shorter:g}"
        return f"one step leads farther than {self.farther:g}"

    def why_not(self, run: Run) -> str:
        """What the run did instead."""
        return f"its longest step is {number(float(run.moves.max()))}" if run.steps else "no step has been made"

    @classmethod
    def read(cls, entries: Entries, run: str, text: str) -> Leap:
        """The check that a course has."""
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
        """The first iteration by which the run has done it; None where it has not."""
        begun = ((self.w, run.w[0]), (self.b, run.b[0]))
        return 0 if all(borders is None or borders[0] <= value <= borders[1] for borders, value in begun) else None

    def sentence(self) -> str:
        """What it asks for, in the program's words."""
        borders = [(name, getattr(self, name)) for name in ("w", "b")]
        return "the run begins at " + " and ".join(
            f"{n} from {r[0]:g} to {r[1]:g}" for n, r in borders if r is not None
        )

    def why_not(self, run: Run) -> str:
        """What the run did instead."""
        return f"it begins at w = {number(run.w[0])}, b = {number(run.b[0])}"

    @classmethod
    def read(cls, entries: Entries, run: str, text: str) -> StartedAt:
        """The check that a course has."""
        w, b = (entries.numbers(name, 2, FINITE, None) for name in ("w", "b"))
        if w is None and b is None:
            entries.refuse(f'{entries.what} lacks "w" or "b", two borders in square brackets')
        return cls(run=run, text=text, w=w, b=b)


@dataclass(frozen=True, kw_only=True)
class OwnData(Check):
    """Other data than those of the task; for tasks with `any_data`."""

    kind = "own-data"

    def met_at(self, run: Run) -> int | None:
        """The first iteration by which the run has done it; None where it has not."""
        return 0 if run.walk.own else None

    def sentence(self) -> str:
        """What it asks for, in the program's words."""
        return "other data are opened"

    def why_not(self, run: Run) -> str:
        """What the run did instead."""
        del run
        return "the data are still those of the task"

    @classmethod
    def read(cls, entries: Entries, run: str, text: str) -> OwnData:
        """The check that a course has."""
        del entries
        return cls(run=run, text=text)


# All the runs at once


@dataclass(frozen=True, kw_only=True)
class Recovered(CheckOfAll):
    """A run diverged, and the same one later, or one that was begun later, came down below where it had started."""

    kind = "recovered"
    steps: int = 3
    share: float = 1.0

    def sentence(self) -> str:
        """What it asks for, in the program's words."""
        end = "below its start" if self.share == 1 else f"to {self.share:g} of its height at the start"
        return f"the loss rises {self.steps:,} steps in a row, and then comes down {end}"

    def why_not_all(self, runs: Sequence[Run]) -> str:
        """What is missing; empty where nothing is."""
        rose = False
        for walk in {id(run.walk): run.walk for run in runs}.values():
            order = {id(branch): place for place, branch in enumerate(walk.branches)}
            own = sorted((run for run in runs if run.walk is walk), key=lambda run: order[id(run.branch)])
            diverged = False
            for run in own:
                since = Diverged(steps=self.steps).met_at(run)
                down = Loss(below=self.share, share=True)._holds(run)
                if diverged and down.any():
                    return ""
                if since is not None:
                    diverged = rose = True
                    if down[since:].any():
                        return ""
        if not rose:
            return f"the loss has not risen {self.steps:,} steps in a row"
        return "the loss has risen, and has not come down again since"

    @classmethod
    def read(cls, entries: Entries, text: str) -> Recovered:
        """The check that a course has."""
        return cls(
            text=text,
            steps=entries.number("steps", STEPS, cls.steps),
            share=entries.number("share", SHARE, 1.0),
        )


COMPARED = ("rate", "optimizer", "scaled", "start", "bias", "schedule", "batch")


@dataclass(frozen=True, kw_only=True)
class Compare(CheckOfAll):
    """So many runs that differ in one thing, each of so many steps."""

    kind = "compare"
    by: str = "rate"
    runs: int = 2
    steps: int = 1

    def _value(self, run: Run) -> object:
        settings = run.settings
        values: dict[str, Callable[[], object]] = {
            "rate": lambda: settings.learning_rate,
            "optimizer": lambda: settings.optimizer.name,
            "scaled": lambda: run.walk.scaled,
            "start": lambda: (run.w[0], run.b[0]),
            "bias": lambda: settings.train_bias,
            "schedule": lambda: settings.schedule.name,
            "batch": lambda: settings.batch.size if settings.batch else run.rows,
        }
        return values[self.by]()

    def sentence(self) -> str:
        """What it asks for, in the program's words."""
        words = {"rate": "learning rate", "scaled": "scaling", "bias": "whether b is trained"}
        return f"{self.runs} runs of at least {self.steps:,} steps differ in {words.get(self.by, self.by)}"

    def why_not_all(self, runs: Sequence[Run]) -> str:
        """What is missing; empty where nothing is."""
        found = {self._value(run) for run in runs if run.steps >= self.steps}
        if len(found) >= self.runs:
            return ""
        return f"there {'is' if len(found) == 1 else 'are'} {len(found) or 'none'} so far"

    @classmethod
    def read(cls, entries: Entries, text: str) -> Compare:
        """The check that a course has."""
        return cls(
            text=text,
            by=entries.choice("by", COMPARED),
            runs=entries.number("runs", RUNS, 2),
            steps=entries.number("steps", STEPS, 1),
        )


@dataclass(frozen=True, kw_only=True)
class Answered(CheckOfAll):
    """The question is answered, and where `right` is set, rightly. The answer is looked at by the task."""

    kind = "answered"
    right: bool = True

    def sentence(self) -> str:
        """What it asks for, in the program's words."""
        return "the answer is right" if self.right else "the question is answered"

    def why_not_all(self, runs: Sequence[Run]) -> str:
        """What is missing; empty where nothing is."""
        del runs
        return ""

    @classmethod
    def read(cls, entries: Entries, text: str) -> Answered:
        """The check that a course has."""
        return cls(text=text, right=entries.flag("right", True))


_ONE: tuple[Any, ...] = (
    Loss, Distance, Gradient, AtMinimum, Steps, Rate, Used, Avoided, Behaved, Diverged, Leap, StartedAt, OwnData,
)  # fmt: skip
_ALL: tuple[Any, ...] = (Recovered, Compare, Answered)
ONE_RUN = {kind.kind: kind for kind in _ONE}
ALL_RUNS = {kind.kind: kind for kind in _ALL}


def read_check(entries: Entries) -> Check | CheckOfAll:
    """The check that a table of a course describes."""
    kind = entries.choice("check", (*ONE_RUN, *ALL_RUNS))
    text = entries.text("text", 160, "")
    check: Check | CheckOfAll
    if kind in ALL_RUNS:
        if "run" in entries:
            entries.refuse(f'{kind} looks at all the runs, and has no "run"; leave it out', "run")
        check = ALL_RUNS[kind].read(entries, text)
    else:
        check = ONE_RUN[kind].read(entries, entries.text("run", 20, ""), text)
    entries.end()
    return check


# The verdict


@dataclass(frozen=True, eq=False)
class Verdict:
    """Whether a goal is met, and by which run.

    Attributes:
        checks: what each check asks for, and whether it is met.
        missing: what is missing, a sentence each; empty where the goal is met.
        run: the run that comes nearest; None where there is none.
        iteration: the iteration of that run by which it has done all, or its last.
    """

    checks: tuple[tuple[str, bool], ...]
    missing: tuple[str, ...]
    run: Run | None
    iteration: int

    @property
    def met(self) -> bool:
        """Whether all is done."""
        return not self.missing


def judge(goal: Sequence[Check | CheckOfAll], runs: Sequence[Run], answer: str = "") -> Verdict:
    """Whether these runs do what a goal asks for.

    Args:
        goal: the checks.
        runs: the runs, the current one first.
        answer: why the answer will not do, for the check `answered`; empty where it will.
    """
    results: dict[int, tuple[bool, str]] = {}
    chosen: tuple[Run | None, int] = (runs[0] if runs else None, runs[0].steps if runs else 0)
    names = list(dict.fromkeys(check.run for check in goal if isinstance(check, Check)))
    for name in names:
        group = [(i, check) for i, check in enumerate(goal) if isinstance(check, Check) and check.run == name]
        best: tuple[int, Run | None, dict[int, int | None]] = (-1, None, {})
        for run in runs:
            met = {i: check.met_at(run) for i, check in group}
            count = sum(at is not None for at in met.values())
            if count > best[0]:
                best = (count, run, met)
            if count == len(group):
                break
        count, nearest, met = best
        for i, check in group:
            done = met.get(i) is not None
            which = f" (run {quoted(name)})" if name else ""
            why = "" if done or nearest is None else f": {check.why_not(nearest)}"
            results[i] = done, f"{check.asked}{which}{why}"
        if name == names[0] and nearest is not None:
            reached = [at for i, check in group if isinstance(check, Reach | AtMinimum) and (at := met[i]) is not None]
            all_met = count == len(group)
            chosen = nearest, max(reached) if reached and all_met else nearest.steps
    for i, other in enumerate(goal):
        if isinstance(other, CheckOfAll):
            why = answer if isinstance(other, Answered) else other.why_not_all(runs)
            results[i] = not why, f"{other.asked}: {why}"
    checks = tuple((check.asked, results[i][0]) for i, check in enumerate(goal))
    missing = tuple(
        f"{text[:1].upper()}{text[1:]}." for i in sorted(results) for done, text in (results[i],) if not done
    )
    return Verdict(checks, missing, *chosen)
