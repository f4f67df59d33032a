"""The order of the rows in an epoch: their numbers, sorted by a stream of random numbers, a part at a time.

Where there are many rows the whole order is never in memory. The random numbers are spread evenly, so their first bits
split the order into parts of about PART rows; a pass over the stream finds those of one part, which are then sorted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gdcore.landscapes.columns import keep

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    Numbers = NDArray[np.intp]

PART = 1 << 20
"""An order of more rows than this is made in parts of at most about so many, and about so many numbers are held."""
_CHUNK = 1 << 18

_parts: dict[tuple[int, int, int, int], Numbers] = {}
_starts: dict[tuple[int, int, int], Numbers] = {}


def in_order(seed: int, epoch: int, count: int, first: int, last: int) -> Numbers:
    """The numbers of the rows from the first up to but not including the last place of an order of so many.

    Example:
        >>> in_order(7, 0, 30, 0, 8).tolist()
        [8, 29, 16, 4, 23, 25, 26, 28]
    """
    bits = max((count - 1).bit_length() - (PART - 1).bit_length(), 0)
    if not bits:
        return _part(seed, epoch, count, 0, 0)[first:last]
    starts = _starts_of(seed, epoch, count, bits)
    begin, end = np.searchsorted(starts, (first, last - 1), side="right") - 1
    parts = [_part(seed, epoch, count, bits, part) for part in range(int(begin), int(end) + 1)]
    numbers = np.concatenate(parts) if len(parts) > 1 else parts[0]
    return numbers[first - starts[begin] : last - starts[begin]]


def _stream(seed: int, epoch: int, count: int) -> Iterator[tuple[int, NDArray[np.uint64]]]:
    """The random numbers of all rows in chunks, with the number of the first row of each."""
    generator = np.random.Philox(key=np.array([seed, epoch], dtype=np.uint64))
    for first in range(0, count, _CHUNK):
        yield first, generator.random_raw(min(_CHUNK, count - first))


def _starts_of(seed: int, epoch: int, count: int, bits: int) -> Numbers:
    """The place in the order at which each part begins."""
    key = (seed, epoch, count)
    found = _starts.get(key)
    if found is None:
        sizes = np.zeros(1 << bits, np.intp)
        for _, raw in _stream(seed, epoch, count):
            sizes += np.bincount((raw >> np.uint64(64 - bits)).astype(np.intp), minlength=len(sizes))
        found = np.concatenate(([0], np.cumsum(sizes)[:-1]))
        keep(_starts, key, found, 2)
    return found


def _part(seed: int, epoch: int, count: int, bits: int, part: int) -> Numbers:
    """The numbers of the rows of a part, in order; those last asked for are held."""
    key = (seed, epoch, count, part)
    found = _parts.get(key)
    if found is None:
        raws, numbers = [], []
        for first, raw in _stream(seed, epoch, count):
            here = np.flatnonzero(raw >> np.uint64(64 - bits) == part) if bits else np.arange(len(raw))
            raws.append(raw[here])
            numbers.append(here + first)
        found = np.concatenate(numbers)[_sorted(np.concatenate(raws))]
        found.setflags(write=False)
        keep(_parts, key, found, max(2, min(64, PART // max(len(found), 1))))
    return found


def _sorted(raw: NDArray[np.uint64]) -> Numbers:
    # Of numbers that all differ every sort makes the same order, and the plain one is three times as fast.
    found = np.argsort(raw)
    ordered = raw[found]
    return np.argsort(raw, kind="stable") if (ordered[1:] == ordered[:-1]).any() else found
