"""Contours of any loss on a grid: marching squares."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats: TypeAlias = NDArray[np.float64]


def contour(ws: Floats, bs: Floats, losses: Floats, level: float) -> tuple[Floats, Floats]:
    """The points (w, b) of one loss as short pieces of line, separated by NaN.

    Each cell of the grid is cut where linear interpolation along its four sides reaches the level; a saddle cell is
    cut twice. Cells with a corner that is not finite are left out.

    Args:
        ws: the w of the grid, shape (m,).
        bs: its b, shape (n,).
        losses: the loss at each (w, b), shape (m, n).
        level: the loss of the contour.

    Example:
        >>> contour(np.array([0.0, 1.0]), np.array([0.0, 1.0]), np.array([[0.0, 0.0], [1.0, 1.0]]), 0.25)
        (array([0.25, 0.25,  nan]), array([ 0.,  1., nan]))
    """
    above = losses > level
    corners = [(slice(None, -1), slice(None, -1)), (slice(1, None), slice(None, -1))]
    corners += [(slice(1, None), slice(1, None)), (slice(None, -1), slice(1, None))]
    height = np.stack([losses[corner] for corner in corners])
    inside = np.stack([above[corner] for corner in corners])
    w, b = np.broadcast_arrays(ws[:, None], bs)
    at_w, at_b = (np.stack([grid[corner] for corner in corners]) for grid in (w, b))
    following = [1, 2, 3, 0]
    crossed = inside != inside[following]
    usable = np.isfinite(height).all(axis=0)
    with np.errstate(all="ignore"):
        share = (level - height) / (height[following] - height)
        cut_w = at_w + share * (at_w[following] - at_w)
        cut_b = at_b + share * (at_b[following] - at_b)
    pieces: list[tuple[Floats, Floats]] = []
    for first in range(4):
        for second in range(first + 1, 4):
            # If all four sides are cut, pair sides 0 and 1, and sides 2 and 3.
            saddle = crossed.all(axis=0)
            paired = (first, second) in ((0, 1), (2, 3))
            cells = usable & crossed[first] & crossed[second] & (~saddle | paired)
            if cells.any():
                gap = np.full(int(cells.sum()), np.nan)
                pieces.append(
                    (
                        np.column_stack((cut_w[first][cells], cut_w[second][cells], gap)).ravel(),
                        np.column_stack((cut_b[first][cells], cut_b[second][cells], gap)).ravel(),
                    )
                )
    if not pieces:
        return np.empty(0), np.empty(0)
    return np.concatenate([piece[0] for piece in pieces]), np.concatenate([piece[1] for piece in pieces])
