"""Batches: each step sees only some rows, so its gradient is an estimate.

Vocabulary
    batch       the rows that one step sees
    epoch       the steps in which every row is seen once; its last batch may be smaller
    order       the order of the rows in an epoch, the numbers of rows from 0
    seed        selects one of the possible orders

Which rows a step sees depends on (size, seed, iteration) alone: no state is needed to step back or to branch.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias
from zlib import crc32

import numpy as np

from gdcore.descent.parameters import BATCH, SEED
from gdcore.descent.shuffle import in_order
from gdcore.inert import inert, quoted, quoted_path

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Numbers: TypeAlias = NDArray[np.intp]


@dataclass(frozen=True, eq=False, slots=True)
class Order:
    """Explicit orders of the rows, one for each epoch; after the last one they repeat.

    Attributes:
        epochs: for each epoch the numbers of all rows from 0, each once, shape (n,).
        name: where the orders come from, safe to print.
        path: the file they come from; empty if there is none.

    Example:
        >>> order = Order.of([[2, 0, 1], [0, 1, 2]])
        >>> order.epoch(2).tolist()
        [2, 0, 1]
        >>> Order.of([[0, 1, 1]])
        Traceback (most recent call last):
        ValueError: epoch 1 has row 1 twice; each row comes once in an epoch

    Raises:
        ValueError: if an epoch does not contain each row exactly once.
    """

    epochs: tuple[Numbers, ...]
    name: str = ""
    path: str = ""
    checksum: int = 0

    @property
    def numbers(self) -> int:
        """The total of row numbers over all epochs."""
        return sum(map(len, self.epochs))

    @classmethod
    def of(cls, epochs: Sequence[Sequence[int]], name: str = "", path: str = "") -> Order:
        """Make an order from its epochs."""
        if not epochs:
            raise ValueError("an order must have the rows of at least one epoch")
        return cls._of([_epoch(rows, len(epochs[0]), f"epoch {at}") for at, rows in enumerate(epochs, 1)], name, path)

    @classmethod
    def _of(cls, epochs: Sequence[Numbers], name: str, path: str = "") -> Order:
        checksum = 0
        for rows in epochs:
            rows.setflags(write=False)
            checksum = crc32(rows.astype("<i8").tobytes(), checksum)
        return cls(tuple(epochs), name, path, checksum)

    @classmethod
    def from_text(cls, text: str, rows: int, name: str, path: str = "") -> Order:
        """Read an order from text: one line for each epoch, with the numbers of all rows from 0.

        The numbers are separated by commas or white space; empty lines and lines that begin with # are left out.

        Args:
            text: the lines.
            rows: how many rows the data have.
            name: what the text is called, safe to print.
            path: the file it is from.

        Raises:
            ValueError: with a sentence and the line, where it is none.
        """
        epochs = []
        for number, line in enumerate(text.splitlines(), 1):
            if not line.strip() or line.lstrip().startswith("#"):
                continue
            where = f"{name}, line {number}"
            numbers = []
            for word in line.replace(",", " ").split():
                if not (word.isascii() and word.isdigit() and len(word) < 19):
                    raise ValueError(f"{where}: {quoted(word)} is not the number of a row; rows are counted from 0")
                numbers.append(int(word))
            try:
                epochs.append(_epoch(numbers, rows, "it"))
            except ValueError as error:
                raise ValueError(f"{where}: {error}") from None
        if not epochs:
            raise ValueError(f"{name} is empty; it needs the numbers of the rows from 0, an epoch a line")
        return cls._of(epochs, name, path)

    @classmethod
    def load(cls, path: str, rows: int) -> Order:
        """The order in a file; see `from_text`.

        Raises:
            ValueError: with a sentence, where it cannot be read or is none.
        """
        try:
            place = Path(path).expanduser().absolute()
            text = place.read_text(encoding="utf-8-sig")
        except UnicodeDecodeError:
            raise ValueError(f"{quoted_path(path)} is not text in UTF-8, so it is no order of rows") from None
        except (OSError, RuntimeError, ValueError) as error:
            reason = inert(getattr(error, "strerror", "") or "the system gives no reason").lower()
            raise ValueError(f"{quoted_path(path)} cannot be read: {reason}; check its name and where it is") from None
        return cls.from_text(text, rows, inert(place.name or path), str(place))

    def epoch(self, epoch: int) -> Numbers:
        """The row numbers of an epoch; both count from 0."""
        return self.epochs[epoch % len(self.epochs)]

    def __eq__(self, other: object) -> bool:
        """Whether the rows come in the same order, wherever it is from."""
        if self is other:
            return True
        if not isinstance(other, Order):
            return NotImplemented
        same = self.checksum == other.checksum and len(self.epochs) == len(other.epochs)
        return same and all(map(np.array_equal, self.epochs, other.epochs))

    def __hash__(self) -> int:
        return self.checksum


def _epoch(rows: Sequence[int], count: int, what: str) -> Numbers:
    """Convert an epoch to an array.

    Raises:
        ValueError: if it does not contain each of `count` rows exactly once.
    """
    for row in rows:
        if not 0 <= row < count:
            last = f"rows are counted from 0 to {count - 1:,}"
            raise ValueError(f"{what} has row {row}, where {last}")
    numbers = np.asarray(rows, dtype=np.intp)
    found, times = np.unique(numbers, return_counts=True)
    if len(found) and times.max() > 1:
        raise ValueError(f"{what} has row {found[times > 1][0]} twice; each row comes once in an epoch")
    if len(rows) != count:
        raise ValueError(f"{what} has {len(rows):,} rows where there are {count:,}; each row comes once in an epoch")
    return numbers


@dataclass(frozen=True, slots=True)
class Batch:
    """Which rows a step sees: `size` of them, in the order given by the seed or by `order`.

    Iteration i belongs to epoch i // steps, with steps = ceil(n / size). The order of an epoch is

        numpy.argsort(numpy.random.Philox(key=[seed, epoch]).random_raw(n), kind="stable")

    The raw stream of this bit generator stays the same between versions of NumPy (J. K. Salmon et al. 2011).

    Attributes:
        size: rows in a batch; the last batch of an epoch may be smaller. If it is at least n, a step sees all rows.
        seed: which order, from 0 to 2**63 - 1.
        order: given orders, which replace the seed; or None.

    Example:
        >>> batch = Batch(12, seed=7)
        >>> batch.rows(0, 30)[:8].tolist(), len(batch.rows(2, 30)), batch.epoch(3, 30)
        ([8, 29, 16, 4, 23, 25, 26, 28], 6, 1)

    Raises:
        ValueError: if the size or the seed is out of range.
    """

    size: int
    seed: int = 0
    order: Order | None = None

    def __post_init__(self) -> None:
        BATCH.check(self.size)
        SEED.check(self.seed)

    def steps(self, count: int) -> int:
        """How many steps an epoch of so many rows has."""
        return -(-count // self.size)

    def epoch(self, iteration: int, count: int) -> int:
        """The epoch, from 0, that an iteration belongs to."""
        return iteration // self.steps(count)

    def rows(self, iteration: int, count: int) -> Numbers:
        """The numbers, from 0, of the rows that the step from an iteration sees, of so many.

        Raises:
            ValueError: if the order was made for another number of rows.
        """
        epoch, step = divmod(iteration, self.steps(count))
        first, last = step * self.size, min((step + 1) * self.size, count)
        if self.order is None:
            return in_order(self.seed, epoch, count, first, last)
        order = self.order.epoch(epoch)
        if len(order) != count:
            name = f" in {self.order.name}" if self.order.name else ""
            raise ValueError(f"the order{name} is one of {len(order):,} rows, the data have {count:,}")
        return order[first:last]
