"""A long sequence reduced to few points: the minimum and the maximum of each stretch.

A chart of a million iterations has few columns, and a column shows only its lowest and highest number. These are exact
here, for any length.
"""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Indices: TypeAlias = NDArray[np.int64]
    Numbers: TypeAlias = NDArray[np.float64]

BLOCK = 256
"""Size of the blocks whose minimum and maximum are cached."""


class Envelope:
    """The minima and maxima of stretches of a growing sequence, without reading all of it.

    The owner of the sequence may append to it at no cost: new numbers are read once, when points are asked for. After
    removing numbers it must call `truncate`.

    Attributes:
        values: the sequence is `values[offset::stride]`: column `offset` of rows of `stride` numbers.

    Example:
        >>> path = array("d", (0.0, 9.0, 0.1, 4.0, 0.2, 5.0, 0.3, 1.0))
        >>> indices, values = Envelope(path, stride=2, offset=1).points(0, 4, columns=2)
        >>> indices.tolist(), values.tolist()
        ([0, 1, 2, 3], [9.0, 4.0, 5.0, 1.0])
    """

    def __init__(self, values: array[float], stride: int = 1, offset: int = 0) -> None:
        self.values = values
        self._stride = stride
        self._offset = offset
        self._extremes = array("q")

    def truncate(self, length: int) -> None:
        """Drop cached values beyond the first `length` numbers."""
        del self._extremes[2 * (length // BLOCK) :]

    def points(self, first: int, last: int, columns: int) -> tuple[Indices, Numbers]:
        """Return the extremes of the numbers from `first` up to `last` (excluded), in `columns` equal stretches.

        Long stretches end at the nearest block border, so that only the cached extremes of the blocks are read: a 128th
        of the numbers.

        Args:
            first: the first index.
            last: the index after the last, at most the length of the sequence.
            columns: how many stretches to split it into, each a whole number of numbers.

        Returns:
            The indices in rising order, at most two in a stretch, and the numbers there. NaN counts as infinite.

        Raises:
            ValueError: if the range is outside the sequence, or columns is not positive.
        """
        # A NumPy view prevents the array from growing, so this one must not outlive the call.
        sequence = np.frombuffer(self.values)[self._offset :: self._stride] if self.values else np.empty(0)
        if not (0 <= first <= last <= len(sequence) and columns > 0):
            raise ValueError(f"no part {first} to {last} of {len(sequence)} numbers in {columns} columns")
        edges = _distinct(first + np.arange(columns + 1) * (last - first) // columns)
        indices = np.arange(first, last)
        if last - first > 2 * BLOCK * columns:
            self._look(sequence)
            edges[1:-1] = (edges[1:-1] + BLOCK // 2) // BLOCK * BLOCK
            begin, end = -(-first // BLOCK), last // BLOCK
            whole = np.sort(np.array(self._extremes[2 * begin : 2 * end]).reshape(-1, 2)).ravel()
            indices = np.concatenate((np.arange(first, begin * BLOCK), whole, np.arange(end * BLOCK, last)))
        kept = _extremes(sequence[indices], np.searchsorted(indices, edges[:-1]))
        found = _distinct(np.sort(indices[kept], axis=None))
        return found, sequence[found]

    def _look(self, sequence: Numbers) -> None:
        """Cache the extremes of blocks that have become full."""
        known = len(self._extremes) // 2
        fresh = sequence[known * BLOCK : len(sequence) // BLOCK * BLOCK]
        starts = np.arange(0, len(fresh), BLOCK)
        if len(starts):
            indices = _extremes(fresh, starts) + known * BLOCK
            self._extremes.frombytes(np.ascontiguousarray(indices.T, dtype=np.int64).tobytes())


def _distinct(rising: Indices) -> Indices:
    """The different ones of sorted numbers. As `np.unique`, which imports numpy.ma."""
    different: Indices = rising[np.append(True, np.diff(rising) > 0)[: len(rising)]]
    return different


def _extremes(values: Numbers, starts: Indices) -> Indices:
    """The indices of the first lowest and the first highest number of every group, shape (2, groups)."""
    if not len(starts):
        return np.empty((2, 0), dtype=np.int64)
    values = np.where(np.isnan(values), np.inf, values)
    lengths = np.diff(np.append(starts, len(values)))
    found = []
    for pick in (np.minimum, np.maximum):
        hits = np.flatnonzero(values == np.repeat(pick.reduceat(values, starts), lengths))
        found.append(hits[np.searchsorted(hits, starts)])
    return np.stack(found)
