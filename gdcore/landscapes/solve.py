"""Minima of convex losses: damped Newton's method, and lines of least absolute error."""

from __future__ import annotations

from math import hypot, isfinite
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Rows: TypeAlias = NDArray[np.float64]
    Measure: TypeAlias = Callable[[float, float], tuple[float, tuple[float, float], tuple[float, float, float]]]

_MOST_STEPS = 200
_MOST_TRIES = 40
_PIVOTS = 2_000_000
"""Maximum work, rows times pivots, at one corner of an absolute error."""
_MANY, _FEW = 20_000, 4_000
"""For more values than this, the median is first estimated from a few."""


def newton(measure: Measure, p: float, q: float, *, both: bool) -> tuple[float, float]:
    """Return the minimum of a convex function: Newton's method from (p, q), with damping.

    The damping adds mu to the diagonal of the Hessian and grows until the value decreases enough (K. Levenberg 1944);
    it also works where the function is linear.

    Args:
        measure: value, gradient and Hessian (pp, pq, qq) at a point.
        p: the start.
        q: the start.
        both: whether q may change too.

    Example:
        >>> def measure(p, q):
        ...     return p**4 + (q - 1) ** 2, (4 * p**3, 2 * (q - 1)), (12 * p**2, 0.0, 2.0)
        >>> p, q = newton(measure, 1.0, 5.0, both=True)
        >>> abs(p) < 1e-4, round(q, 9)
        (True, 1.0)
    """
    value, (slope_p, slope_q), (pp, pq, qq) = measure(p, q)
    damping = 0.0
    for _ in range(_MOST_STEPS):
        norm = hypot(slope_p, slope_q) if both else abs(slope_p)
        if not norm:
            break
        for _ in range(_MOST_TRIES):
            step_p, step_q = _step(slope_p, slope_q, pp + damping, pq, qq + damping, both=both)
            promised = -(slope_p * step_p + slope_q * step_q)
            if isfinite(promised) and promised > 0:
                tried = measure(p + step_p, q + step_q)
                new_norm = hypot(*tried[1]) if both else abs(tried[1][0])
                # Near the minimum all values are equal up to rounding; there the slope decides.
                level = abs(tried[0] - value) <= 1e-13 * abs(value)
                if tried[0] < value - 1e-4 * promised or (level and new_norm < norm):
                    break
                if level:
                    return p, q
            damping = max(10 * damping, 1e-6 * max(pp, qq), 1e-9 * norm)
        else:
            break
        moved = abs(step_p) > 1e-16 * abs(p) or abs(step_q) > 1e-16 * abs(q)
        p, q = p + step_p, q + step_q
        value, (slope_p, slope_q), (pp, pq, qq) = tried
        damping = damping / 30 if damping > 1e-9 * max(pp, qq) else 0.0
        if not moved:
            break
    return p, q


def _step(  # noqa: PLR0913
    slope_p: float, slope_q: float, pp: float, pq: float, qq: float, *, both: bool
) -> tuple[float, float]:
    """Return the step to the minimum of the parabola; nan if it has none."""
    if not both:
        return (-slope_p / pp if pp > 0 else float("nan")), 0.0
    determinant = pp * qq - pq * pq
    if not determinant > 1e-13 * pp * qq:
        return float("nan"), float("nan")
    return (pq * slope_q - qq * slope_p) / determinant, (pq * slope_p - pp * slope_q) / determinant


def weighted_median(values: Rows, weights: Rows, *, middle: bool = False) -> float:
    """Return the value with half of the weight on either side.

    If a whole interval qualifies: its middle if `middle`, else its lower end.

    Example:
        >>> weighted_median(np.array([3.0, 1.0, 2.0]), np.array([1.0, 1.0, 5.0]))
        2.0
        >>> weighted_median(np.array([1.0, 2.0]), np.ones(2), middle=True)
        1.5
    """
    half, below = float(np.add.reduce(weights)) / 2, 0.0
    if len(values) > _MANY:
        # Of many values, only those close to the median estimated from a few need sorting.
        few = slice(None, None, len(values) // _FEW)
        order = np.argsort(values[few])
        share = np.cumsum(weights[few][order]) / np.add.reduce(weights[few])
        last = len(order) - 1
        low, high = (values[few][order[min(int(np.searchsorted(share, at)), last)]] for at in (0.47, 0.53))
        under, between = float(np.add.reduce(weights[values < low])), (values >= low) & (values <= high)
        if under < half < under + float(np.add.reduce(weights[between])):
            values, weights, below = values[between], weights[between], under
    order = np.argsort(values, kind="stable")
    reached = below + np.cumsum(weights[order])
    at = min(int(np.searchsorted(reached, half)), len(order) - 1)
    value = float(values[order[at]])
    if middle and reached[at] == half and at + 1 < len(order):
        return (value + float(values[order[at + 1]])) / 2
    return value


def least_absolute_line(x: Rows, y: Rows, w: float, b: float) -> tuple[float, float]:
    """Return the line y = w*x + b with the least sum of absolute residuals, starting from (w, b); x must vary.

    Some best line goes through two rows. Among the lines through one row, a weighted median gives the best; it goes
    through another row, and so on until no row on the line improves it (O. J. Karst 1958).

    Example:
        >>> least_absolute_line(np.array([0.0, 1.0, 2.0, 3.0]), np.array([1.0, 3.0, 5.0, 90.0]), 20.0, 0.0)
        (2.0, 1.0)
    """
    residuals = np.abs(w * x + b - y)
    value = np.inf
    pivots = np.array([residuals.argmin()])
    for _ in range(1000):
        for pivot in pivots:
            across = x - x[pivot]
            other = across != 0
            slope = weighted_median((y[other] - y[pivot]) / across[other], np.abs(across[other]))
            height = float(y[pivot] - slope * x[pivot])
            tried = np.abs(slope * x + height - y)
            total = float(np.add.reduce(tried))
            if total < value * (1 - 1e-13):
                value, w, b, residuals = total, slope, height, tried
                break
        else:
            break
        on_it = np.flatnonzero(residuals <= 1e-11 * (np.abs(y) + abs(b)) + 1e-300)
        # Rows with the same x rotate the line in the same way.
        _, first = np.unique(x[on_it], return_index=True)
        pivots = on_it[first][: max(4, _PIVOTS // len(x))]
        pivots = pivots[pivots != pivot]
    return w, b
