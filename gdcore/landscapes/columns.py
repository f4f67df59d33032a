"""The rows that a landscape is made of, and what the last steps saw of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

    from gdcore.landscapes.landscape import Landscape, Sampling

    Floats: TypeAlias = NDArray[np.float64]

MOST, MOST_ROWS = 64, 1 << 20
"""So many landscapes of batches are held at the most, and about so many rows in all of them."""


class Columns:
    """Two columns x and y of equal length, which nobody changes.

    The landscapes of the batches that were last asked for are held: a step measures its batch, then a screen draws it.
    """

    __slots__ = ("_recent", "x", "y")

    def __init__(self, x: Floats, y: Floats) -> None:
        self.x = x
        self.y = y
        self._recent: dict[tuple[int, Sampling], Landscape] = {}

    def __len__(self) -> int:
        return len(self.x)

    def seen(self, iteration: int, batch: Sampling, over: Callable[[Floats, Floats], Landscape]) -> Landscape:
        """What `over` makes of the rows that step `iteration` sees."""
        recent, key = self._recent, (iteration, batch)
        found = recent.get(key)
        if found is None:
            rows = batch.rows(iteration, len(self.x))
            found = over(self.x[rows], self.y[rows])
            if len(recent) >= max(2, min(MOST, MOST_ROWS // batch.size)):
                recent.pop(next(iter(recent)), None)  # another thread may have been faster
            recent[key] = found
        return found
