"""The mean squared error of a straight line, computed from six numbers instead of all rows.

Vocabulary
    x, y    the rows: n examples, x goes in, y should come out
    w       weight, the slope of the line
    b       bias, the height of the line at x = 0
    line    y = w*x + b
    loss    L(w, b) = 1/n * sum((w*x + b - y)^2), in units of y squared

The loss is a quadratic in (w, b). After one pass over the rows, everything about it follows from their means,
variances and covariance: evaluating the loss costs the same for 30 rows and for a billion. Every formula is
elementwise: a parameter may be a float (one point) or an array of any shape (many points at once).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import reduce
from math import hypot
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from gdcore.landscapes.columns import Columns
from gdcore.landscapes.landscape import Curvature, Landscape, Minimum

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from gdcore.landscapes.landscape import Value

    Rows: TypeAlias = NDArray[np.float64]

_CHUNK_ROWS = 1 << 15
"""Rows processed at once, so that temporary arrays fit in the processor's cache."""


_SAMPLES = 400
"""Points on one half of a contour; half as many again around its ends."""
_FAR = 1e4
"""Ratio mean_x^2 / var_x above which the terms of the mean residual cancel too many digits."""


@dataclass(frozen=True, slots=True)
class MeanSquaredError(Landscape):
    """The loss L(w, b) = 1/n * sum((w*x + b - y)^2) of a line over rows, as a bowl around its minimum.

    With (w*, b*) the least-squares line, L* its loss, mx the mean and vx the (population) variance of x:

        L(w, b) = L* + vx * (w - w*)^2 + r^2        r = mx * (w - w*) + (b - b*), the mean residual
        dL/db   = 2 * r
        dL/dw   = 2 * vx * (w - w*) + mx * dL/db

    It is a sum of squares of differences from the minimum, which avoids cancellation.

    Where x never changes (vx = 0) many lines fit equally well and the loss is a trough: `minimum` is None, and
    `weight`, `bias` are one point of its floor.

    Attributes:
        moments: means, variances and covariance of the rows.
        weight: w*, in units of y per unit of x.
        bias: b*, in units of y.
        floor: L*, the smallest loss there is.
        residual: the mean residual at (w*, b*): zero, except for the rounding of w* and b*.
        far: whether x is so far from 0, relative to its spread, that w * mx and b nearly cancel in the mean residual;
            it is then computed with twice the precision.
        columns: the rows, for batches; None if they are not available.

    Example:
        >>> loss = MeanSquaredError.of([1.0, 2.0, 3.0], [3.0, 5.0, 7.0])
        >>> loss.minimum, loss.floor
        ((2.0, 1.0), 0.0)
        >>> loss(2.0, 0.0), loss.gradient(2.0, 0.0)
        (1.0, (-4.0, -2.0))
        >>> loss(np.array([0.0, 2.0]), 0.0)
        array([27.66666667,  1.        ])
    """

    moments: Moments
    weight: float
    bias: float
    floor: float
    residual: float
    far: bool
    columns: Columns | None = field(default=None, compare=False, repr=False)

    title = "squared error"
    formula = "1/n * sum((w*x + b - y)^2)"
    exact = True
    convex = True

    @classmethod
    def of(cls, x: Value, y: Value) -> MeanSquaredError:
        """Measure the rows: two passes, both in chunks.

        Args:
            x: the inputs, shape (n,).
            y: the outputs, shape (n,).

        Raises:
            ValueError: if x and y are not two columns of equal length with at least one row.
        """
        x, y = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
        if x.ndim != 1 or x.shape != y.shape or not len(x):
            raise ValueError(f"x and y must be columns of equal length with rows in them, not {x.shape} and {y.shape}")
        moments = Moments.of(x, y)
        weight = moments.cov_xy / moments.var_x if moments.var_x > 0 else 0.0
        rise, rise_tail = _exact_product(weight, moments.mean_x)
        bias = moments.mean_y - rise
        residual = (rise + (bias - moments.mean_y)) + (rise_tail + weight * moments.tail_x - moments.tail_y)
        scatter = sum(
            float(np.add.reduce((weight * (xs - moments.mean_x) - (ys - moments.mean_y)) ** 2))
            for xs, ys in _chunks(x, y)
        )
        far = moments.mean_x * moments.mean_x > _FAR * moments.var_x
        return cls(moments, weight, bias, scatter / len(x), residual, far, Columns(x, y))

    def over(self, x: Rows, y: Rows) -> Landscape:
        """Return the loss over other rows, such as a batch; its moments are computed only if needed."""
        return MeanSquaredError.of(x, y) if self.far else BatchBowl(x, y)

    @classmethod
    def from_moments(cls, moments: Moments, floor: float, columns: Columns | None = None) -> MeanSquaredError:
        """Make the loss from moments measured elsewhere.

        Args:
            moments: those of all the rows.
            floor: L*, the mean squared residual of the line w* = cov_xy / var_x, b* = mean_y - w* * mean_x.
            columns: where batches of the rows can be had, if they can.

        Example:
            >>> x, y = np.array([1.0, 2.0, 4.0]), np.array([3.0, 5.0, 7.0])
            >>> loss = MeanSquaredError.of(x, y)
            >>> MeanSquaredError.from_moments(Moments.of(x, y), loss.floor) == loss
            True
        """
        weight = moments.cov_xy / moments.var_x if moments.var_x > 0 else 0.0
        rise, rise_tail = _exact_product(weight, moments.mean_x)
        bias = moments.mean_y - rise
        residual = (rise + (bias - moments.mean_y)) + (rise_tail + weight * moments.tail_x - moments.tail_y)
        far = moments.mean_x * moments.mean_x > _FAR * moments.var_x
        return cls(moments, weight, bias, floor, residual, far, columns)

    def loss_and_gradient(self, w: Value, b: Value) -> tuple[Value, tuple[Value, Value]]:
        """Return the loss and (dL/dw, dL/db) at (w, b), all that one step needs."""
        mean, variance = self.moments.mean_x, self.moments.var_x
        across = w - self.weight
        bend = variance * across
        if self.far:
            residual = self._mean_residual(w, b)
            return self.floor + bend * across + residual * residual, (2 * (bend + mean * residual), 2 * residual)
        up = (b - self.bias) + self.residual
        residual = mean * across + up
        # mean * residual, expanded: this form matches the reference trajectories best.
        slope_w = 2 * (bend + (mean * mean * across + mean * up))
        return self.floor + bend * across + residual * residual, (slope_w, 2 * residual)

    def _mean_residual(self, w: Value, b: Value) -> Value:
        """Return w * mean_x + b - mean_y to full precision: its terms may be 1e9 times as large as the result."""
        moments = self.moments
        rise, rise_tail = _exact_product(w, moments.mean_x)
        height, height_tail = _exact_sum(rise, b)
        return (height - moments.mean_y) + (height_tail + rise_tail + w * moments.tail_x - moments.tail_y)

    @property
    def minimum(self) -> tuple[float, float] | None:
        """The point (w*, b*) of the smallest loss; None if it is a whole line (x is constant)."""
        return (self.weight, self.bias) if self.moments.var_x > 0 else None

    def minimum_w(self, b: Value) -> Value | None:
        """The w of the smallest loss while b is held, or None where w does not matter (x is 0 in every row).

        Setting dL/dw = 0 gives w = w* - mx * (b - b*) / (vx + mx^2).
        """
        mean_square = self.hessian(0.0, 0.0)[0] / 2
        if mean_square == 0:
            return None
        return self.weight - self.moments.mean_x / mean_square * ((b - self.bias) + self.residual)

    def minima(self, b: float | None = None) -> tuple[Minimum, ...]:
        """Return the minimum; none if the smallest loss is on a whole line.

        At the w of the smallest loss while b is held, the loss is L* + (b - b*)^2 * vx / (vx + mx^2).
        """
        if b is None:
            return (Minimum(self.weight, self.bias, self.floor),) if self.moments.var_x > 0 else ()
        w = self.minimum_w(b)
        if w is None:
            return ()
        away = (b - self.bias) + self.residual
        mean, variance = self.moments.mean_x, self.moments.var_x
        return (Minimum(w, b, self.floor + away * away * variance / (variance + mean * mean)),)

    def lowest(self, b: float | None = None) -> float | None:
        """Return the smallest loss; it also exists for a trough, at no single point."""
        return self.floor if b is None else Landscape.lowest(self, b)

    def valley(self, ws: Rows) -> Rows | None:
        """Return b on the floor of a trough, b = b* - mx * (w - w*), if x is constant."""
        return None if self.moments.var_x > 0 else self.bias - self.moments.mean_x * (ws - self.weight)

    def hessian(self, w: Value, b: Value) -> tuple[Value, Value, Value]:
        """The second derivatives 2 * (vx + mx^2), 2 * mx and 2: the same at every point."""
        del w, b
        mean, variance = self.moments.mean_x, self.moments.var_x
        return 2 * (variance + mean * mean), 2 * mean, 2.0

    def curvature(self, train_bias: bool, w: float = 0.0, b: float = 0.0) -> Curvature:
        """Return the curvature in the directions that are trained: along w alone, or in w and b."""
        bend_w, twist, bend_b = self.hessian(w, b)
        if not train_bias:
            return Curvature(bend_w, bend_w)
        largest = (bend_w + bend_b + hypot(bend_w - bend_b, 2 * twist)) / 2
        # The product of the eigenvalues is 4 * vx; dividing avoids the cancellation of a subtraction.
        return Curvature(4 * self.moments.var_x / largest, largest)

    def contours(
        self, levels: Sequence[float], across: tuple[float, float], up: tuple[float, float]
    ) -> list[tuple[Rows, Rows]]:
        """Return the contour of each loss as one line: the upper half left to right, then the lower half back.

        The contour of a level is exactly the ellipse w = w* + sqrt(l / vx) * cos(t),
        b = b* - mx * (w - w*) + sqrt(l) * sin(t) with l = level - L*. In a trough (vx = 0) its halves are two straight
        lines. Where a half leaves the borders of w or does not exist, NaN breaks the line.
        """
        del up
        return [self._contour(level, *across) for level in levels]

    def _contour(self, level: float, left: float, right: float) -> tuple[Rows, Rows]:
        shares = np.linspace(0, 1, _SAMPLES)
        ws = left * (1 - shares) + right * shares
        height = max(level - self.floor, 0)
        variance, mean = self.moments.var_x, self.moments.mean_x
        with np.errstate(all="ignore"):
            if variance > 0:
                # Near its ends the ellipse is too steep for even steps in w.
                around = self.weight + math.sqrt(height / variance) * np.cos(np.linspace(math.pi, 0, _SAMPLES // 2))
                ws = np.sort(np.concatenate((ws, around[(around > left) & (around < right)])))
                ws = ws[np.append(True, np.diff(ws) > 0)]  # np.unique would import numpy.ma
            away = ws - self.weight
            inside = height - variance * away * away
            # Rounding may move the end point off the ellipse.
            half = np.sqrt(np.where(np.abs(inside) < 1e-12 * height, 0, inside))
            middle = self.bias - mean * away
            above, below = middle + half, middle - half
        tip = np.isfinite(half) & (half == 0)
        gap = [] if tip.any() and tip[np.isfinite(half).nonzero()[0][-1]] else [math.nan]
        return np.concatenate((ws, gap, ws[::-1])), np.concatenate((above, gap, below[::-1]))


class BatchBowl(Landscape):
    """The squared error of a batch, usually needed for one step only.

    Its six moments cost more than the step itself. So a single point is computed from the rows, and the moments
    only when needed: for drawing, for the minimum, or for many points at once.

    Example:
        >>> batch = BatchBowl(np.array([1.0, 2.0, 3.0]), np.array([3.0, 5.0, 7.0]))
        >>> batch.loss_and_gradient(2.0, 0.0), batch.minima()
        ((1.0, (-4.0, -2.0)), (Minimum(w=2.0, b=1.0, loss=0.0),))
    """

    __slots__ = ("_bowl", "columns")

    title = MeanSquaredError.title
    formula = MeanSquaredError.formula
    exact = True
    convex = True

    def __init__(self, x: Rows, y: Rows) -> None:
        self.columns: Columns = Columns(x, y)
        self._bowl: MeanSquaredError | None = None

    @property
    def bowl(self) -> MeanSquaredError:
        """The same loss, from its moments."""
        if self._bowl is None:
            self._bowl = MeanSquaredError.of(self.columns.x, self.columns.y)
        return self._bowl

    def loss_and_gradient(self, w: Value, b: Value) -> tuple[Value, tuple[Value, Value]]:
        """The loss and (dL/dw, dL/db) at (w, b): at one point from the rows, at many from the moments."""
        if isinstance(w, np.ndarray) or isinstance(b, np.ndarray):
            return self.bowl.loss_and_gradient(w, b)
        x, y = self.columns.x, self.columns.y
        with np.errstate(all="ignore"):
            residuals = x * w
            residuals += b
            residuals -= y
            value, slope_w, slope_b = _mean(residuals * residuals), _mean(residuals * x), _mean(residuals)
        return value, (2 * slope_w, 2 * slope_b)

    def over(self, x: Rows, y: Rows) -> BatchBowl:
        """The bowl of other rows."""
        return BatchBowl(x, y)

    def hessian(self, w: Value, b: Value) -> tuple[Value, Value, Value]:
        """The second derivatives: the same at every point."""
        return self.bowl.hessian(w, b)

    def curvature(self, train_bias: bool, w: float = 0.0, b: float = 0.0) -> Curvature:
        """How strongly the loss bends in the directions a descent can move."""
        return self.bowl.curvature(train_bias, w, b)

    def minima(self, b: float | None = None) -> tuple[Minimum, ...]:
        """The one minimum; none where a whole line of points has the smallest loss."""
        return self.bowl.minima(b)

    def lowest(self, b: float | None = None) -> float | None:
        """The smallest loss."""
        return self.bowl.lowest(b)

    def valley(self, ws: Rows) -> Rows | None:
        """The floor of a trough, where x never changes."""
        return self.bowl.valley(ws)

    def contours(
        self, levels: Sequence[float], across: tuple[float, float], up: tuple[float, float]
    ) -> list[tuple[Rows, Rows]]:
        """For each loss its points as a line."""
        return self.bowl.contours(levels, across, up)


@dataclass(frozen=True, slots=True)
class Moments:
    """The count, means, population variances and covariance of rows; two of them merge.

    Each mean is a sum of two floats: `mean`, and the much smaller `tail` that rounding would lose.

    Example:
        >>> Moments.of(np.array([1.0, 3.0]), np.array([2.0, 6.0]))
        Moments(count=2, mean_x=2.0, mean_y=4.0, var_x=1.0, var_y=4.0, cov_xy=2.0, tail_x=0.0, tail_y=0.0)
    """

    count: int
    mean_x: float
    mean_y: float
    var_x: float
    var_y: float
    cov_xy: float
    tail_x: float = 0.0
    tail_y: float = 0.0

    @classmethod
    def of(cls, x: Rows, y: Rows) -> Moments:
        """The moments of the rows x and y, both of shape (n,)."""
        return reduce(cls.merged, (cls._of_chunk(xs, ys) for xs, ys in _chunks(x, y)))

    @classmethod
    def _of_chunk(cls, x: Rows, y: Rows) -> Moments:
        # Relative to the first row, a constant column has a variance of exactly 0.
        first_x, first_y = float(x[0]), float(y[0])
        rough_x, rough_y = first_x + _mean(x - first_x), first_y + _mean(y - first_y)
        dx, dy = x - rough_x, y - rough_y
        rest_x, rest_y = _mean(dx), _mean(dy)
        mean_x, tail_x = _exact_sum(rough_x, rest_x)
        mean_y, tail_y = _exact_sum(rough_y, rest_y)
        var_x, var_y = _mean(dx * dx) - rest_x * rest_x, _mean(dy * dy) - rest_y * rest_y
        cov_xy = _mean(dx * dy) - rest_x * rest_y
        return cls(len(x), mean_x, mean_y, var_x, var_y, cov_xy, tail_x, tail_y)

    def merged(self, other: Moments) -> Moments:
        """The moments of the rows of both (T. F. Chan, G. H. Golub, R. J. LeVeque, American Statistician 37, 1983)."""
        count = self.count + other.count
        share, other_share = self.count / count, other.count / count
        dx = (other.mean_x - self.mean_x) + (other.tail_x - self.tail_x)
        dy = (other.mean_y - self.mean_y) + (other.tail_y - self.tail_y)
        mean_x, tail_x = _exact_sum(self.mean_x, self.tail_x + dx * other_share)
        mean_y, tail_y = _exact_sum(self.mean_y, self.tail_y + dy * other_share)
        between = share * other_share
        return Moments(
            count,
            mean_x,
            mean_y,
            share * self.var_x + other_share * other.var_x + between * dx * dx,
            share * self.var_y + other_share * other.var_y + between * dy * dy,
            share * self.cov_xy + other_share * other.cov_xy + between * dx * dy,
            tail_x,
            tail_y,
        )


def _mean(values: Rows) -> float:
    """The mean of a few values: the same digits as np.mean, which has five times the overhead."""
    return float(np.add.reduce(values)) / len(values)


def _chunks(x: Rows, y: Rows) -> Iterator[tuple[Rows, Rows]]:
    for first in range(0, len(x), _CHUNK_ROWS):
        rows = slice(first, first + _CHUNK_ROWS)
        yield x[rows], y[rows]


def _exact_sum(a: Value, b: Value) -> tuple[Value, Value]:
    """The rounded sum of two floats and what rounding lost (D. E. Knuth, TAOCP 2, section 4.2.2)."""
    total = a + b
    part = total - a
    return total, (a - (total - part)) + (b - part)


def _exact_product(a: Value, b: Value) -> tuple[Value, Value]:
    """The rounded product of two floats and what rounding lost (T. J. Dekker, Numerische Mathematik 18, 1971)."""
    product = a * b
    a_high, b_high = _upper_half(a), _upper_half(b)
    a_low, b_low = a - a_high, b - b_high
    return product, ((a_high * b_high - product) + a_high * b_low + a_low * b_high) + a_low * b_low


def _upper_half(value: Value) -> Value:
    shifted = value * (2.0**27 + 1)
    return shifted - (shifted - value)
