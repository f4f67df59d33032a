"""The rows of a landscape, and a cache of the landscapes of recent batches."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

    from gdcore.landscapes.landscape import Landscape, Sampling

    Floats: TypeAlias = NDArray[np.float64]
    Numbers: TypeAlias = NDArray[np.intp]

MOST, MOST_ROWS = 64, 1 << 20
"""Maximum number of cached batches, and about how many rows they may have in all."""


class Columns:
    """Two columns x and y of equal length; they are never modified.

    Recent landscapes of batches are cached: a step measures its batch, then the screen draws it.

    Attributes:
        remote: whether the rows are elsewhere, so that a step may be a query.
        cost: what a query takes, in words; empty where there is none.
    """

    __slots__ = ("_recent", "x", "y")

    remote: ClassVar[bool] = False
    most: ClassVar[int] = MOST
    cost: str = ""

    def __init__(self, x: Floats, y: Floats) -> None:
        self.x = x
        self.y = y
        self._recent: dict[tuple[int, Sampling, Callable[[Floats, Floats], Landscape]], Landscape] = {}

    def __len__(self) -> int:
        return len(self.x)

    def seen(self, iteration: int, batch: Sampling, over: Callable[[Floats, Floats], Landscape]) -> Landscape:
        """Return `over` of the rows that step `iteration` sees, cached.

        The key includes `over`: several losses may share one pair of columns.
        """
        recent, key = self._recent, (iteration, batch, over)
        found = recent.get(key)
        if found is None:
            rows = batch.rows(iteration, len(self))
            found = over(*self.pick(rows))
            if len(recent) >= max(2, min(self.most, MOST_ROWS // batch.size)):
                recent.pop(list(recent)[0], None)  # noqa: RUF015 (another thread may add one meanwhile)
            recent[key] = found
        return found

    def pick(self, rows: Numbers) -> tuple[Floats, Floats]:
        """Both columns of the rows of these numbers, in this order."""
        return self.x[rows], self.y[rows]

    def scaled(self, mean_x: float, std_x: float, mean_y: float, std_y: float) -> Columns:
        """The columns (x - mean_x) / std_x and (y - mean_y) / std_y."""
        return Columns((self.x - mean_x) / std_x, (self.y - mean_y) / std_y)
