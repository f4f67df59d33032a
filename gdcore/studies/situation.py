"""What has just happened on a landscape that is not a bowl, as a value with a sentence.

Vocabulary
    span        the width of the scope of the landscape, over the parameters that are trained
    steep       the 75 % quantile of the slope in the scope: a typical steep slope
    level point where the slope is 0: a minimum, a saddle or a maximum
    pace        the length of the next step

On a bowl the rate and two eigenvalues determine everything (`gdcore.studies.stability`). Elsewhere a walk can be thrown
far by a steep wall, rest in a minimum that is not the lowest, slow down at a saddle or on a plateau, or oscillate
across a kink forever. All tests use only a few recent states, so that they can be made at every step.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from math import ceil, hypot, inf, isfinite, log
from typing import TYPE_CHECKING

import numpy as np

from gdcore.descent.steps import gradient_norm
from gdcore.landscapes.minima import Bend, bend

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gdcore.descent.state import State
    from gdcore.descent.steps import Settings
    from gdcore.landscapes.landscape import Landscape, Minimum

THROW = 0.25
"""A step longer than this share of the span counts as a throw."""
AT_REST, NEAR = 1e-3, 0.01
"""Shares of the span: a shorter step means at rest; a smaller distance means near."""
LEVEL = 0.1
"""On a plateau the slope is below this share of `steep`."""
AWAY = 0.05
"""On a plateau the nearest minimum is farther away than this share of the span."""
LEFT_A_SADDLE = 0.1
"""A saddle is left at this distance, in spans."""
MARGIN = 0.1
"""A walk has left the scope when it is outside by more than this share of it."""
MEMORY = 24
"""Number of recent states considered."""
ROUNDING = 1e-9
"""A step below this share of the span may be a rounding error."""
HALVINGS = 14
"""Number of bisections to locate a jump of the slope; after that a smooth slope hardly differs."""
COUNTABLE = 1e9
"""From this number of steps on, counts are written as powers of ten."""
GRID, GRID_OF_ROWS = 65, 17
"""Grid points in each direction for a typical slope; fewer where each is a pass over many rows."""


class Kind(Enum):
    """What happened."""

    SETTLED_HIGHER = "settled higher"
    SADDLE = "saddle"
    PLATEAU = "plateau"
    THROWN = "thrown"
    KINK = "kink"
    LEFT = "left"


@dataclass(frozen=True, slots=True)
class Situation:
    """What happened, and a sentence that says so."""

    kind: Kind
    sentence: str


def situation(  # noqa: PLR0913
    landscape: Landscape,
    settings: Settings,
    state: State,
    *,
    before: State | None = None,
    following: State | None = None,
    recent: NDArray[np.float64] | None = None,
) -> Situation | None:
    """Describe the situation of a walk; None if there is nothing special, and always None on a bowl.

    Args:
        landscape: what is walked on.
        settings: optimizer, rate, and whether b is trained.
        state: where the walk stands.
        before: the state one step back; None at the start.
        following: the state one step on; None where there is none.
        recent: w, b and loss of the last MEMORY states up to `state`, shape (n, 3), to see if the loss still falls.

    Example:
        >>> from gdcore.descent.steps import Settings, advance, begin
        >>> from gdcore.landscapes.known import find
        >>> plateau, settings = find("plateau"), Settings(0.05)
        >>> start = begin(plateau, settings, 4.0)
        >>> print(situation(plateau, settings, start, following=advance(plateau, settings, start)).sentence)
        On a plateau: the slope is 0.00134, so a step moves 6.71e-05; at this pace 1 takes about 14,900 steps.
    """
    if landscape.exact or not isfinite(state.loss):
        return None
    ground = _Ground(landscape, settings, state, before, following)
    return (
        ground.thrown()
        or ground.left()
        or ground.kink(recent)
        or ground.settled_higher()
        or ground.saddle()
        or ground.plateau()
    )


class _Ground:
    """Quantities shared by the tests, and the tests."""

    def __init__(
        self, landscape: Landscape, settings: Settings, state: State, before: State | None, following: State | None
    ) -> None:
        self.landscape, self.settings, self.state = landscape, settings, state
        self.before, self.following = before, following
        self.both = settings.train_bias and landscape.has_bias
        scope = landscape.scope
        across, up = scope.w[1] - scope.w[0], scope.b[1] - scope.b[0]
        self.span = hypot(across, up) if self.both else across
        self.slope = gradient_norm(state, self.both)
        self.pace = inf if following is None else self._between(state, following)
        self._bend: Bend | None = None

    def _between(self, one: State | Minimum, other: State | Minimum) -> float:
        return hypot(other.w - one.w, other.b - one.b) if self.both else abs(other.w - one.w)

    def _bent(self) -> Bend:
        """The curvature along the directions that are trained."""
        if self._bend is None:
            ww, wb, bb = self.landscape.hessian(self.state.w, self.state.b)
            self._bend = bend((ww, wb, bb)) if self.both else Bend(ww, ww, (1.0, 0.0))
        return self._bend

    def _at(self, place: State | Minimum) -> str:
        """A place, for a sentence."""
        return f"({place.w:.3g}, {place.b:.3g})" if self.both else f"w = {place.w:.3g}"

    def thrown(self) -> Situation | None:
        """One step crossed a large part of the scope, because the slope was steep where it began."""
        before, optimizer = self.before, self.settings.optimizer
        # Optimizers that size their own steps are not thrown by a slope; they have no such limit either.
        if before is None or optimizer.stable_below is None:
            return None
        far = self._between(before, self.state)
        slope = gradient_norm(before, self.both)
        if far < THROW * self.span or before.learning_rate * slope < far / 2:
            return None
        way = f"Thrown from {self._at(before)} to {self._at(self.state)}"
        return Situation(Kind.THROWN, f"{way}: with a slope of {slope:.3g} a step is {far:.3g} long.")

    def left(self) -> Situation | None:
        """The walk is outside the scope, by more than an oscillation."""
        scope = self.landscape.scope
        for name, value, (low, high) in (("w", self.state.w, scope.w), ("b", self.state.b, scope.b)):
            margin = MARGIN * (high - low)
            if (name == "w" or self.both) and not low - margin <= value <= high + margin:
                sentence = f"{name} = {value:.4g} is outside of the part worth a walk, {low:g} to {high:g}."
                return Situation(Kind.LEFT, sentence)
        return None

    def kink(self, recent: NDArray[np.float64] | None) -> Situation | None:
        """The slope reverses again and again without shrinking, at a kink, and the loss no longer falls."""
        if self.before is None:
            return None
        if recent is None or len(recent) < MEMORY // 2:
            stays_up = self.following is not None and _as_high(self.following.loss, self.before.loss)
            places, needed = [(self.before.w, self.before.b), (self.state.w, self.state.b)], 1
        else:
            rows = recent[-MEMORY:].tolist()
            earlier, later = (
                min(loss for *_, loss in part) for part in (rows[: len(rows) // 2], rows[len(rows) // 2 :])
            )
            stays_up = _as_high(later, earlier)
            places, needed = [(w, b) for w, b, _ in rows], 2
        if not stays_up:
            return None
        slope, turns = self.state.gradient, 0
        for place, to in zip(places[-2::-1], places[:0:-1], strict=True):  # the latest first
            slope, slope_after = self.landscape.gradient(*place), slope
            if self._turns(slope, slope_after):
                turns += 1
                # One place is enough to tell a kink from a smooth valley.
                if turns == 1 and not self._is_a_kink(place, to):
                    return None
                if turns == needed:
                    break
        else:
            return None
        jumps = f"Jumps to and fro across a kink: the slope stays {self.slope:.3g}."
        return Situation(Kind.KINK, f"{jumps} A smaller rate, or one that shrinks, helps.")

    def _turns(self, one: tuple[float, float], other: tuple[float, float]) -> bool:
        """Whether one slope is about the opposite of the other."""
        size, size_before = self._length(*other), self._length(*one)
        together = one[0] * other[0] + (one[1] * other[1] if self.both else 0.0)
        return together < 0 and 0.8 * size_before <= size <= 1.25 * size_before

    def _is_a_kink(self, place: tuple[float, float], to: tuple[float, float]) -> bool:
        """Whether the slope jumps somewhere in between: under bisection, the difference of slopes remains."""
        way_w, way_b = to[0] - place[0], to[1] - place[1] if self.both else 0.0
        # Rounding also makes the slope reverse around a minimum.
        if not ROUNDING * self.span < self._length(way_w, way_b) <= THROW * self.span:
            return False

        def slope_at(share: float) -> float:
            # On a sample: so many queries would be a long wait.
            along_w, along_b = self.landscape.drawn.gradient(place[0] + share * way_w, place[1] + share * way_b)
            return along_w * way_w + along_b * way_b

        low, high, falling, rising = 0.0, 1.0, slope_at(0.0), slope_at(1.0)
        whole = rising - falling
        if not falling < 0 < rising:
            return False
        for _ in range(HALVINGS):
            middle = (low + high) / 2
            slope = slope_at(middle)
            if slope < 0:
                low, falling = middle, slope
            else:
                high, rising = middle, slope
        # Half of the jump remains if one of the two points is the kink itself, with its slope of 0.
        return rising - falling > 0.4 * whole

    def _length(self, along_w: float, along_b: float) -> float:
        return hypot(along_w, along_b) if self.both else abs(along_w)

    def settled_higher(self) -> Situation | None:
        """The walk has come to rest in a minimum that is not the lowest."""
        if self.pace > AT_REST * self.span:
            return None
        minima = self.landscape.minima(None if self.both else self.state.b)
        if len(minima) < 2:
            return None
        here = min(minima, key=lambda minimum: self._between(minimum, self.state))
        lowest, lower = minima[0], here.loss - minima[0].loss
        if self._between(here, self.state) > NEAR * self.span or lower <= 1e-9 * (abs(here.loss) + abs(lowest.loss)):
            return None
        return Situation(
            Kind.SETTLED_HIGHER,
            f"In a minimum, but not the lowest: that is at {self._at(lowest)}, {lower:.3g} lower than here.",
        )

    def saddle(self) -> Situation | None:
        """The slope is nearly 0, but there is a direction of negative curvature."""
        bent = self._bent()
        largest = max(abs(bent.lambda_min), abs(bent.lambda_max))
        if not bent.lambda_min < -1e-6 * largest or not largest < inf:
            return None
        along_w, along_b = bent.direction
        slope_w, slope_b = self.state.gradient
        down = (slope_w * along_w + slope_b * along_b if self.both else slope_w) / bent.lambda_min
        side = (slope_b * along_w - slope_w * along_b) / bent.lambda_max if self.both and bent.lambda_max else 0.0
        if not hypot(down, side) <= NEAR * self.span or not self._is_level(down, side, bent):
            return None
        where = f"({along_w:.2f}, {along_b:.2f})"
        where = "w" if abs(along_w) > 0.95 else "b" if abs(along_b) > 0.95 else where
        name = "saddle" if self.both and bent.lambda_max > 0 else "top"
        leaving = self._escape(abs(down), bent)
        return Situation(Kind.SADDLE, f"At a {name}, no minimum: down is along {where}. {leaving}")

    def _is_level(self, down: float, side: float, bent: Bend) -> bool:
        """Whether the slope is 0 at the predicted point, and the ground is lower on both sides of it.

        This is not so on the tail of a plateau, or where kinks meet.
        """
        along_w, along_b = bent.direction
        w = self.state.w - (down * along_w - side * along_b)
        b = self.state.b - (down * along_b + side * along_w if self.both else 0.0)
        loss, (slope_w, slope_b) = self.landscape.loss_and_gradient(w, b)
        if not self._length(slope_w, slope_b) <= 0.1 * self.slope:
            return False
        far = NEAR * self.span
        return all(self.landscape(w + far * x, b + far * y) < loss for x, y in (bent.direction, (-along_w, -along_b)))

    def _escape(self, down: float, bent: Bend) -> str:
        """Return how long it takes to get away: each step multiplies the distance from the level point."""
        if down == 0:
            return "Exactly here no step leaves it."
        growth = self.settings.optimizer.contraction(self.state.learning_rate * bent.lambda_min)
        if growth is None or growth <= 1:
            return f"It is {down:.2g} away from where no step would leave it."
        steps = max(1, ceil(log(max(LEFT_A_SADDLE * self.span / down, 1.0)) / log(growth)))
        return f"Each step gets {growth:.4g} times as far: gone in about {_counted(steps)}."

    def _is_slow(self) -> bool:
        """Whether steps are short, and will stay short.

        With momentum a walk that turns around is slow for a moment: so its eventual speed counts.
        """
        momentum = getattr(self.settings.optimizer, "momentum", None)
        lasting = 0.0 if momentum is None else self.state.learning_rate * self.slope / (1 - momentum)
        return max(self.pace, lasting) <= AT_REST * self.span

    def plateau(self) -> Situation | None:
        """The slope is tiny for this landscape, and no minimum is near."""
        if not self._is_slow():
            return None
        steep = _steep(self.landscape, self.both, None if self.both else self.state.b)
        bent = self._bent()
        if not self.slope <= LEVEL * steep or not bent.lambda_max * self.span <= 0.5 * steep:
            return None
        if bent.lambda_min > 0 and self.slope <= bent.lambda_min * AWAY * self.span:
            return None
        minima = self.landscape.minima(None if self.both else self.state.b)
        if any(self._between(minimum, self.state) < AWAY * self.span for minimum in minima):
            return None
        slow = f"On a plateau: the slope is {self.slope:.3g}, so"
        if self.pace == 0:
            return Situation(Kind.PLATEAU, f"{slow} no step moves.")
        return Situation(
            Kind.PLATEAU, f"{slow} a step moves {self.pace:.3g}; at this pace 1 takes about {_counted(1 / self.pace)}."
        )


def _as_high(loss: float, earlier: float) -> bool:
    """Whether a loss is not noticeably lower than an earlier one."""
    return loss >= earlier - 1e-6 * abs(earlier)


def _counted(steps: float) -> str:
    """Format an estimated number of steps with three digits."""
    return (
        "one step"
        if steps < 1.5
        else f"{float(f'{steps:.3g}'):,.0f} steps"
        if steps < COUNTABLE
        else f"{steps:.1g} steps"
    )


def _steep(landscape: Landscape, both: bool, b: float | None) -> float:
    """Return the 75 % quantile of the slope in the scope; cached for landscapes that can be hashed."""
    try:
        return _measured(landscape, both, b)
    except TypeError:
        return _measured.__wrapped__(landscape, both, b)


@lru_cache(maxsize=8)
def _measured(landscape: Landscape, both: bool, b: float | None) -> float:
    count = GRID if landscape.columns is None else GRID_OF_ROWS
    ws = np.linspace(*landscape.scope.w, count)
    bs = np.linspace(*landscape.scope.b, count) if both else np.full(1, b)
    with np.errstate(all="ignore"):
        slope_w, slope_b = landscape.gradient(ws[:, None], bs)
        sizes = np.hypot(slope_w, slope_b) if both else np.abs(slope_w)
    sizes = np.asarray(sizes)
    known = sizes[np.isfinite(sizes)]
    return float(np.quantile(known, 0.75)) if len(known) else 0.0
