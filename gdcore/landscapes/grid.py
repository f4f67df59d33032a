"""A landscape's losses on a grid over a part of it, and the losses between the grid points."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats: TypeAlias = NDArray[np.float64]


class Grid(NamedTuple):
    """The losses at evenly spaced places: for a landscape of which each loss is a pass over many rows.

    Attributes:
        ws: the w of the grid, shape (m,), m at least 4.
        bs: its b, shape (n,), n at least 4.
        losses: the loss at each (w, b), shape (m, n).

    Example:
        >>> ws = bs = np.linspace(0.0, 3.0, 4)
        >>> grid = Grid(ws, bs, ws[:, None] ** 2 + bs)
        >>> grid.at(np.array([0.5, 1.5]), np.array([0.0, 1.25])).tolist()
        [0.25, 3.5]
    """

    ws: Floats
    bs: Floats
    losses: Floats

    def at(self, w: Floats, b: Floats) -> Floats:
        """Return the losses at points of the part, by cubic interpolation; exact where the loss is quadratic.

        Each is a weighted sum of the sixteen grid points around it (E. Catmull and R. Rom, "A class of local
        interpolating splines", 1974). Beyond the border the grid goes on as a parabola through its last three points.

        Args:
            w: of any shape; a loss of what is no number is no number.
            b: of the same shape.
        """
        with np.errstate(all="ignore"):
            first_w, share_w = _cell(self.ws, w)
            first_b, share_b = _cell(self.bs, b)
            wide = _extended(_extended(self.losses).T).T
            found = np.zeros(np.shape(share_w))
            for i, part_w in enumerate(_weights(share_w)):
                for j, part_b in enumerate(_weights(share_b)):
                    found += part_w * part_b * wide[first_w + i, first_b + j]
        return found

    def finer(self, count: int) -> Grid:
        """Return a grid of `count` points in each direction over the same part."""
        ws, bs = (np.linspace(places[0], places[-1], count) for places in (self.ws, self.bs))
        return Grid(ws, bs, self.at(*np.meshgrid(ws, bs, indexing="ij")))


def _cell(places: Floats, value: Floats) -> tuple[NDArray[np.intp], Floats]:
    """The number of the interval that a value is in, and how far along it, from 0 to 1."""
    last = len(places) - 1
    along = np.clip((value - places[0]) / (places[-1] - places[0]), 0, 1) * last
    first = np.minimum(np.nan_to_num(along).astype(np.intp), last - 1)
    return first, along - first


def _weights(share: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    """The weights of the four grid points around a value, in order; their sum is 1."""
    rest = 1 - share
    return (
        -share * rest * rest / 2,
        (2 - 5 * share**2 + 3 * share**3) / 2,
        (2 - 5 * rest**2 + 3 * rest**3) / 2,
        -rest * share * share / 2,
    )


def _extended(losses: Floats) -> Floats:
    """The same rows with one more at each end."""
    before = 3 * losses[0] - 3 * losses[1] + losses[2]
    after = 3 * losses[-1] - 3 * losses[-2] + losses[-3]
    return np.vstack((before, losses, after))
