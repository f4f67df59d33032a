"""What a learning rate will do, before any step is made: the eigenvalues of the Hessian and the optimizer's limits.

Along an eigenvector of the Hessian with eigenvalue c an optimizer acts as on a parabola, where everything depends on
s = learning rate * c (see `gdcore.descent.optimizers`). The steepest direction decides whether a run converges, the
flattest one how long that takes.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from math import ceil, inf, log, log10
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gdcore.descent.optimizers import Optimizer
    from gdcore.descent.state import State
    from gdcore.landscapes.landscape import Curvature

CRAWL_SHARE = 0.1
"""A rate crawls if it is below this share of the rate at which overshooting begins."""
ROUNDING = 1e-15
"""A relative rise of the loss below this is a rounding error."""
COUNTABLE = 1 - 1e-13
"""A contraction above this equals 1 up to rounding, so the number of iterations cannot be estimated."""


class Regime(Enum):
    """What a learning rate does along the steepest direction of the loss."""

    CRAWL = "crawl"
    GLIDE = "glide"
    OVERSHOOT = "overshoot"
    DIVERGE = "diverge"


def observed(before: State, after: State) -> Regime:
    """Classify the step from one state to the next.

    It compares the slope along the step: if it still points downhill after the step, the step did not cross the lowest
    point on its way; if uphill, it did. It crawled if more than nine tenths of the slope remained.

    Both must be measured on the same rows: where there are batches, take `gdcore.descent.steps.whole` of each.

    Example:
        >>> from gdcore.descent.steps import Settings, advance, begin
        >>> from gdcore.landscapes.bowl import MeanSquaredError
        >>> loss = MeanSquaredError.of([-1.0, 1.0], [0.0, 0.0])
        >>> start = begin(loss, Settings(learning_rate=0.75), w=1.0)
        >>> observed(start, advance(loss, Settings(), start)).value
        'overshoot'
    """
    if after.loss > before.loss * (1 + ROUNDING):
        return Regime.DIVERGE
    step_w, step_b = after.w - before.w, after.b - before.b
    slope_before, slope_after = (s.gradient[0] * step_w + s.gradient[1] * step_b for s in (before, after))
    if slope_after > 0 > slope_before:
        return Regime.OVERSHOOT
    return Regime.CRAWL if slope_after < (1 - CRAWL_SHARE) * slope_before else Regime.GLIDE


def correct_digits(value: float, target: float) -> float:
    """How many decimal digits of a value are right, from 0 to 16: -log10 of its relative error.

    Example:
        >>> round(correct_digits(3.1416, 3.14159265), 1)
        5.6
    """
    error = abs(value - target) / (abs(target) or 1.0)
    return 16.0 if error == 0 else min(max(0.0, -log10(error)), 16.0)


@dataclass(frozen=True, slots=True)
class Stability:
    """The learning rates at which an optimizer changes its behaviour on a loss.

    Attributes:
        optimizer: whose rates they are.
        curvature: of the loss, in the directions that are trained.
        crawls_below: below it a step does away with only a small part of the error.
        overshoots_above: above it a step crosses the minimum of the steepest direction.
        critical: above it the errors grow.
        best: the fixed rate whose slowest direction shrinks fastest.
    """

    optimizer: Optimizer
    curvature: Curvature
    crawls_below: float
    overshoots_above: float
    critical: float
    best: float

    def regime(self, learning_rate: float) -> Regime:
        """Classify a rate; the critical rate itself counts as too large, as errors do not shrink at it."""
        if learning_rate >= self.critical:
            return Regime.DIVERGE
        if learning_rate > self.overshoots_above:
            return Regime.OVERSHOOT
        return Regime.GLIDE if learning_rate >= self.crawls_below else Regime.CRAWL

    def crawls_along(self, learning_rate: float) -> bool:
        """Whether this rate crawls in the flattest direction: along the floor of a valley."""
        flattest, steepest = self.curvature.lambda_min, self.curvature.lambda_max
        return flattest > 0 and learning_rate * flattest < self.crawls_below * steepest

    def contraction(self, learning_rate: float) -> float:
        """The factor by which, in the long run, each step multiplies the error in the slowest direction."""
        curvatures = (self._flattest, self.curvature.lambda_max)
        return max(self.optimizer.contraction(learning_rate * c) or 0.0 for c in curvatures)

    @property
    def _flattest(self) -> float:
        """The curvature of the flattest direction with positive curvature."""
        return self.curvature.lambda_min if self.curvature.lambda_min > 0 else self.curvature.lambda_max

    def iterations(self, learning_rate: float, digits: int = 6) -> int | None:
        """Estimate the iterations that shrink the error by `digits` decimal digits; None if that is not possible."""
        contraction = self.contraction(learning_rate)
        if contraction > COUNTABLE:
            return None
        return max(1, ceil(digits * log(10) / -log(contraction))) if contraction > 0 else 1


@lru_cache(maxsize=256)
def stability(optimizer: Optimizer, curvature: Curvature) -> Stability | None:
    """The stability of an optimizer on a loss, or None for the adaptive optimizers, which have no critical rate.

    Example:
        >>> from gdcore.landscapes.bowl import Curvature
        >>> from gdcore.descent.optimizers import GradientDescent
        >>> bowl = stability(GradientDescent(), Curvature(1.0, 4.0))
        >>> bowl.critical, round(bowl.best, 9), bowl.regime(0.4).value, bowl.iterations(0.4)
        (0.5, 0.4, 'overshoot', 28)
    """
    limit, turning = optimizer.stable_below, optimizer.overshoots_above
    if limit is None or turning is None:
        return None
    steepest = curvature.lambda_max
    if not 0 < steepest < inf:
        return Stability(optimizer, curvature, inf, inf, inf, inf)
    return Stability(
        optimizer,
        curvature,
        CRAWL_SHARE * turning / steepest,
        turning / steepest,
        limit / steepest,
        _best(optimizer, curvature.lambda_min if curvature.lambda_min > 0 else steepest, steepest, limit),
    )


def _best(optimizer: Optimizer, flattest: float, steepest: float, limit: float) -> float:
    """Find the rate at which the flattest and the steepest direction converge equally fast."""

    def flattest_is_slower(learning_rate: float) -> bool:
        flat, steep = optimizer.contraction(learning_rate * flattest), optimizer.contraction(learning_rate * steepest)
        return flat is not None and steep is not None and flat > steep

    low, high = 1 / steepest, limit / steepest
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if flattest_is_slower(middle) else (low, middle)
    return low
