"""The rows of a landscape, and a cache of the landscapes of recent batches."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, TypeAlias, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

    from gdcore.landscapes.landscape import Landscape, Sampling

    Floats: TypeAlias = NDArray[np.float64]
    Numbers: TypeAlias = NDArray[np.intp]

Key = TypeVar("Key")
Kept = TypeVar("Kept")
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
            keep(recent, key, found, max(2, min(self.most, MOST_ROWS // batch.size)))
        return found

    def pick(self, rows: Numbers) -> tuple[Floats, Floats]:
        """Both columns of the rows of these numbers, in this order."""
        return self.x[rows], self.y[rows]

    def scaled(self, mean_x: float, std_x: float, mean_y: float, std_y: float) -> Columns:
        """The columns (x - mean_x) / std_x and (y - mean_y) / std_y."""
        return Columns((self.x - mean_x) / std_x, (self.y - mean_y) / std_y)


def keep(cache: dict[Key, Kept], key: Key, value: Kept, most: int) -> None:
    """Add to a cache of at most so many, in the place of the oldest one. Another thread may add one meanwhile.

    Example:
        >>> cache = {1: "a", 2: "b"}
        >>> keep(cache, 3, "c", 2)
        >>> cache
        {2: 'b', 3: 'c'}
    """
    while len(cache) >= most:
        cache.pop(list(cache)[0], None)  # noqa: RUF015
    cache[key] = value
