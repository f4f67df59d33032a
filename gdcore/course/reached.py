"""Checks on what a run reached: loss, distance or gradient, and minima."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from gdcore.course.check import STEPS, Check, at, number, steps
from gdcore.descent.parameters import FINITE, POSITIVE

if TYPE_CHECKING:
    from gdcore.course.reading import Entries
    from gdcore.course.walks import Flags, Floats, Run

_WORDS = {"loss": "the loss", "distance": "the distance to the minimum", "gradient": "the gradient"}


@dataclass(frozen=True, kw_only=True)
class Reach(Check):
    """Loss, distance or gradient is below or above a number: at some iteration, or at all of the last ones.

    Attributes:
        below: the number it must fall below, or None.
        above: the number it must rise above, or None.
        share: whether the limits are shares of the value at the start; the loss is then measured from the lowest loss.
        within: the last iteration that counts, or None.
        last: number of iterations at the end for which it must hold.
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
        """Return the first iteration at which the run meets the check, or None."""
        holds = self._holds(run)
        if self.last is not None:
            return run.steps if run.steps >= self.last and holds[-self.last :].all() else None
        reached = np.flatnonzero(holds[: None if self.within is None else self.within + 1])
        return int(reached[0]) if len(reached) else None

    def sentence(self) -> str:
        """Describe the requirement in gdlab's own words."""
        words = _WORDS[self.kind] + " (what is above the lowest)" * (self.share and self.kind == "loss")
        unit = " of what it was at the start" * self.share
        parts = [
            f"{side} {f'{value * 100:g} %' if self.share else number(value)}{unit}"
            for side, value in (("below", self.below), ("above", self.above))
            if value is not None
        ]
        when = f" for the last {steps(self.last)}" if self.last else ""
        within = f" within {steps(self.within)}" if self.within is not None else ""
        return f"{words} is {' and '.join(parts)}{when}{within}"

    def why_not(self, run: Run) -> str:
        """Explain how the run misses the requirement."""
        values = self.values(run)
        if np.isnan(values).all():
            return f"{_WORDS[self.kind]} is not known here"
        if self.last is not None:
            end = values[-self.last :]
            if run.steps < self.last:
                return f"it has {steps(run.steps)}, and the last {self.last:,} are asked for"
            least, most = self._one(end.min()), self._one(end.max())
            return f"in the last {steps(self.last)} {_WORDS[self.kind]} went from {least} to {most}"
        seen = values if self.within is None else values[: self.within + 1]
        best = int(np.nanargmin(seen) if self.below is not None else np.nanargmax(seen))
        late = np.flatnonzero(self._holds(run))
        if self.within is not None and len(late):
            return (
                f"it was so only {at(late[0])}, and {steps(self.within)} {'is' if self.within == 1 else 'are'} allowed"
            )
        side = "smallest" if self.below is not None else "largest"
        return f"{_WORDS[self.kind]} was {side} {at(best)}, {self._one(seen[best])}"

    def _one(self, value: float) -> str:
        return f"{value * 100:.4g} % of that at the start" if self.share else number(value)

    @classmethod
    def read(cls, entries: Entries, run: str, text: str) -> Reach:
        """Read the check from its table in a course."""
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
    """The run came to rest near a known minimum: `stay` points in a row within `near` of it."""

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
        """Return the first iteration at which the run meets the check, or None."""
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
        """Describe the requirement in gdlab's own words."""
        verb = "ends" if self.last else "is"
        return f"the run {verb} at {self._name()} for {steps(self.stay)}, no farther off than {self.near:g}"

    def why_not(self, run: Run) -> str:
        """Explain how the run misses the requirement."""
        points = self._points(run)
        if not points:
            return f"{self._name()} is not known here"
        away = min(float(run.away(*point)[-1]) for point in points)
        return f"the run ends at w = {number(run.w[-1])}, {number(away)} away from {self._name()}"

    @classmethod
    def read(cls, entries: Entries, run: str, text: str) -> AtMinimum:
        """Read the check from its table in a course."""
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
