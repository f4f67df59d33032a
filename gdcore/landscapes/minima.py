"""The minima of a formula in a window: found on a grid, then refined by Newton's method.

Vocabulary
    window      the borders of w and of b; minima outside are not searched for
    candidate   a point of the grid that is as low as all its neighbours
    kink        a place where the slope jumps, so that a lowest point need not have the slope 0

This is not a proof: a valley narrower than the grid can be missed. But each result is checked: no point near it is
lower.
"""

from __future__ import annotations

from itertools import pairwise
from math import atan2, cos, hypot, inf, isfinite, isnan, pi, sin
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from gdcore.landscapes.landscape import Minimum, Point

if TYPE_CHECKING:
    from gdcore.landscapes.landscape import Floats, Landscape, Scope

ALONG, ACROSS = 2001, 101
"""Number of grid points: along w alone, and in each direction for w and b."""
MOST = 32
"""Maximum number of candidates that are refined, the lowest first."""
WALK = 80
"""Maximum number of steps for each; at a flat minimum (w**4) a step removes only a third of the distance."""
FAR = 20
"""A search this many cells away from its candidate is heading for another minimum."""
CLOSE = 1e-6
"""Two minima closer than this share of the window are the same."""
FLAT = 1e-8
"""A minimum with a ratio of curvatures below this lies in a trough."""
DIGITS = 12
"""Digits to which a minimum is rounded if that is not higher: 3, and not 2.9999999999999996."""


class Bend(NamedTuple):
    """The eigenvalues of a Hessian, the smaller first, and the direction (unit vector) of the smaller one."""

    lambda_min: float
    lambda_max: float
    direction: tuple[float, float]


def bend(hessian: tuple[float, float, float]) -> Bend:
    """Return the eigenvalues of the Hessian (ww, wb, bb) and the direction of least curvature.

    Example: the saddle w**2 - b**2 goes down along b.
        >>> bend((2.0, 0.0, -2.0))
        Bend(lambda_min=-2.0, lambda_max=2.0, direction=(0.0, 1.0))
    """
    ww, wb, bb = hessian
    middle, spread = (ww + bb) / 2, hypot(ww - bb, 2 * wb) / 2
    if wb == 0:
        return Bend(middle - spread, middle + spread, (0.0, 1.0) if bb < ww else (1.0, 0.0))
    angle = atan2(2 * wb, ww - bb) / 2 + pi / 2
    return Bend(middle - spread, middle + spread, (cos(angle), sin(angle)))


def minima_along(landscape: Landscape, window: tuple[float, float], b: float) -> tuple[Minimum, ...]:
    """Return the minima along w with b fixed, lowest first.

    A minimum lies wherever the slope changes from negative to positive. It is found by bisection, which needs no
    curvature and also finds kinks. A pole, where the loss decreases without bound, does not count.

    Example:
        >>> from gdcore.landscapes.terrain import own
        >>> [minimum.w for minimum in minima_along(own("(w**2 - 1)**2 + b*w"), (-3.0, 3.0), 0.0)]
        [-1.0, 1.0]
    """
    ws = np.linspace(*window, ALONG)
    loss, slope = _along(landscape, ws, b)
    known = np.flatnonzero(np.isfinite(loss) & (slope != 0) & ~np.isnan(slope))
    turns = [
        (low, high)
        for low, high in pairwise(known.tolist())
        # In between the slope is 0, or undefined at a single point; not a gap in the domain of the formula.
        if slope[low] < 0 < slope[high] and int(np.isnan(slope[low:high]).sum()) <= 1
    ]
    turns.sort(key=lambda turn: float(min(loss[turn[0]], loss[turn[1]])))
    found = [_turn(landscape, float(ws[low]), float(ws[high]), b) for low, high in turns[:MOST]]
    return _in_order([point for point in found if point is not None], window[1] - window[0])


def _along(landscape: Landscape, ws: Floats, b: float) -> tuple[Floats, Floats]:
    loss, (slope, _) = landscape.loss_and_gradient(ws, b)
    return np.asarray(loss), np.asarray(slope)


def _turn(landscape: Landscape, low: float, high: float, b: float) -> Minimum | None:
    """Return the minimum between a negative and a positive slope."""
    while low < (middle := (low + high) / 2) < high:
        loss, (slope, _) = landscape.loss_and_gradient(middle, b)
        if not slope:
            return Minimum(_rounded(landscape, middle, b)[0], b, loss)
        if isnan(slope):
            cusp = isfinite(loss) and loss <= min(landscape(low, b), landscape(high, b))
            return Minimum(middle, b, loss) if cusp else None
        low, high = (middle, high) if slope < 0 else (low, middle)
    (at_low, (falling, _)), (at_high, (rising, _)) = (landscape.loss_and_gradient(w, b) for w in (low, high))
    # At a kink both slopes are finite and the loss hardly changes in between; not so at a pole.
    if not max(-falling, rising) * (high - low) <= CLOSE * (1 + abs(at_low)) or not isfinite(at_low + at_high):
        return None
    w, _ = _rounded(landscape, low if (at_low, -falling) <= (at_high, rising) else high, b)
    return Minimum(w, b, landscape(w, b))


def minima_over(landscape: Landscape, scope: Scope) -> tuple[Minimum, ...]:
    """Return the minima over w and b inside the scope, lowest first, without points on the floor of a trough.

    Example:
        >>> from gdcore.landscapes.terrain import own
        >>> saddle = own("w**2/2 - b**2/2 + b**4/4")
        >>> minima_over(saddle, saddle.scope)
        (Minimum(w=0.0, b=-1.0, loss=-0.25), Minimum(w=0.0, b=1.0, loss=-0.25))
        >>> trough = own("(w - b)**2")
        >>> minima_over(trough, trough.scope)
        ()
    """
    (left, right), (bottom, top) = scope.w, scope.b
    ws, bs = np.linspace(left, right, ACROSS), np.linspace(bottom, top, ACROSS)
    losses = np.nan_to_num(np.asarray(landscape(ws[:, None], bs)), nan=inf, posinf=inf, neginf=-inf)
    cell = hypot(ws[1] - ws[0], bs[1] - bs[0])
    found: list[Minimum] = []
    in_trough: list[Minimum] = []
    for row, column in _candidates(losses):
        point = _descended(landscape, Point(float(ws[row]), float(bs[column])), float(cell))
        if point is None or not (left <= point.w <= right and bottom <= point.b <= top):
            continue
        bent = bend(landscape.hessian(point.w, point.b))
        (in_trough if bent.lambda_min <= FLAT * bent.lambda_max else found).append(point)
    span = hypot(right - left, top - bottom)
    flat = _in_order(in_trough, span)
    return _in_order([*found, *(flat if len(flat) <= 2 else ())], span)


def _candidates(losses: Floats) -> list[tuple[int, int]]:
    """Return the lowest grid points, at most MOST, not above any neighbour and below at least one; shape (m, n)."""
    rows, columns = losses.shape
    framed = np.pad(losses, 1, constant_values=inf)
    around = np.stack(
        [framed[1 + i : 1 + i + rows, 1 + j : 1 + j + columns] for i in (-1, 0, 1) for j in (-1, 0, 1) if i or j]
    )
    low = np.isfinite(losses) & (losses <= around.min(axis=0)) & (losses < around.max(axis=0))
    places = np.argwhere(low)
    order = np.argsort(losses[low], kind="stable")[:MOST]
    return [(int(row), int(column)) for row, column in places[order]]


def _descended(landscape: Landscape, point: Point, cell: float) -> Minimum | None:
    """Return the minimum that Newton's method finds from a candidate; at a kink, a search without slopes."""
    w, b = point
    loss, (slope_w, slope_b) = landscape.loss_and_gradient(w, b)
    for _ in range(WALK):
        hessian = landscape.hessian(w, b)
        if not isfinite(sum(map(abs, hessian)) + abs(slope_w) + abs(slope_b)):
            break
        step_w, step_b = _newton_step((slope_w, slope_b), bend(hessian))
        length = hypot(step_w, step_b)
        if length <= 1e-15 * (1 + hypot(w, b)):
            w, b = _rounded(landscape, w, b)
            lowest = Minimum(w, b, landscape(w, b))
            return lowest if bend(hessian).lambda_min >= 0 or _is_lowest(landscape, lowest, cell) else None
        share = min(1.0, cell / length)
        for _ in range(30):
            after = landscape.loss_and_gradient(w + share * step_w, b + share * step_b)
            # Close to the minimum two losses are equal up to rounding; the slope still differs.
            level = after[0] - loss <= 1e-13 * abs(loss) and hypot(*after[1]) < hypot(slope_w, slope_b)
            if after[0] < loss or level:
                break
            share /= 4
        else:
            break
        w, b = w + share * step_w, b + share * step_b
        loss, (slope_w, slope_b) = after
        if hypot(w - point.w, b - point.b) > FAR * cell:
            return None
    else:
        return None
    return _searched(landscape, Minimum(w, b, loss), cell)


def _newton_step(gradient: tuple[float, float], bent: Bend) -> tuple[float, float]:
    """Return the step to where the slope would be 0; in a direction of negative curvature, downhill and as long."""
    (flat_w, flat_b), tiny = bent.direction, 1e-13 * max(abs(bent.lambda_min), abs(bent.lambda_max)) or 1e-300
    along = gradient[0] * flat_w + gradient[1] * flat_b
    across = gradient[1] * flat_w - gradient[0] * flat_b
    along, across = along / max(abs(bent.lambda_min), tiny), across / max(abs(bent.lambda_max), tiny)
    return -(along * flat_w - across * flat_b), -(along * flat_b + across * flat_w)


_COMPASS = [(cos(k * pi / 8), sin(k * pi / 8)) for k in range(16)]


def _searched(landscape: Landscape, lowest: Minimum, cell: float) -> Minimum | None:
    """Search in sixteen directions at a distance; if none is lower, halve the distance (compass search)."""
    distance = cell / 2
    for _ in range(120):
        if distance < 1e-13 * cell:
            break
        tries = [(lowest.w + distance * x, lowest.b + distance * y) for x, y in _COMPASS]
        best = min(
            (Minimum(w, b, landscape(w, b)) for w, b in tries), key=lambda place: (isnan(place.loss), place.loss)
        )
        if best.loss < lowest.loss:
            lowest = best
        else:
            distance /= 2
    w, b = _rounded(landscape, lowest.w, lowest.b)
    lowest = Minimum(w, b, landscape(w, b))
    return lowest if isfinite(lowest.loss) and _is_lowest(landscape, lowest, cell) else None


def _is_lowest(landscape: Landscape, point: Minimum, cell: float) -> bool:
    """Whether no point close by is lower."""
    return all(
        landscape(point.w + distance * x, point.b + distance * y) >= point.loss
        for distance in (1e-4 * cell, 1e-2 * cell)
        for x, y in _COMPASS
    )


def _rounded(landscape: Landscape, w: float, b: float) -> tuple[float, float]:
    """Round the point to few digits, unless that is higher or steeper."""
    short_w, short_b = round(w, DIGITS) + 0.0, round(b, DIGITS) + 0.0
    loss, slopes = landscape.loss_and_gradient(w, b)
    short_loss, short_slopes = landscape.loss_and_gradient(short_w, short_b)
    as_level = hypot(*short_slopes) <= hypot(*slopes) * (1 + 1e-9)
    return (short_w, short_b) if short_loss <= loss or (as_level and short_loss - loss <= 1e-15 * abs(loss)) else (w, b)


def _in_order(points: list[Minimum], span: float) -> tuple[Minimum, ...]:
    """Return the points without duplicates, lowest first; among equal ones the leftmost first."""
    apart: list[Minimum] = []
    for point in sorted(points, key=lambda point: point.loss):
        if all(hypot(point.w - other.w, point.b - other.b) > CLOSE * span for other in apart):
            apart.append(point)
    grain = 1e-12 * max((abs(point.loss) for point in apart), default=0.0) + 1e-15
    return tuple(sorted(apart, key=lambda point: (round(point.loss / grain), point.w, point.b)))
