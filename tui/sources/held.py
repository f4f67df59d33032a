"""Rows that stay in an engine after they were measured: whoever needs them asks it again, a query at a time."""

from __future__ import annotations

from dataclasses import replace
from threading import Lock
from time import perf_counter
from typing import TYPE_CHECKING, TypeVar
from weakref import finalize

from gdcore.rows.files import DatasetError
from gdcore.rows.remote import RemoteColumns

if TYPE_CHECKING:
    from collections.abc import Callable

    from gdcore.landscapes.columns import Floats, Numbers
    from gdcore.rows.dataset import Dataset
    from gdcore.rows.remote import Scaling
    from tui.sources.engine import EngineTable

    Answer = TypeVar("Answer")


def held(data: Dataset, table: EngineTable, again: Callable[[], EngineTable]) -> Dataset:
    """The data, with a way to ask for their rows where only a sample of them is here.

    Args:
        data: what was measured.
        table: what they were measured on.
        again: opens the table anew.
    """
    if data.measured is None:
        return data
    x, y = (table.columns[data.columns.index(name)] for name in (data.x_name, data.y_name))
    columns = RemoteColumns(Held(again, data.name, (x, y), data.rows, data.skipped), data.rows)
    return replace(data, measured=replace(data.measured, columns=columns))


class Held:
    """Two columns of a table that is opened when the first question comes, and anew where it failed to answer."""

    def __init__(
        self, again: Callable[[], EngineTable], name: str, columns: tuple[str, str], rows: int, skipped: int
    ) -> None:
        self._again = again
        self._name = name
        self._columns = columns
        self._rows = rows
        self._skipped = skipped
        self._table: EngineTable | None = None
        self._close: finalize[..., Held] | None = None
        self._seconds: float | None = None
        self._one = Lock()  # a connection answers one question at a time

    @property
    def cost(self) -> str:
        """How long the last answer took."""
        return "" if self._seconds is None else f"{self._seconds:.2g} s"

    def means(self, loss: str, delta: float, point: tuple[float, float], scale: Scaling) -> tuple[float, float, float]:
        """The means over all good rows of a loss and of its slopes by w and by b, in one query."""
        count, *means = self._asked(lambda table: table.means(self._columns, loss, delta, point, scale))
        self._same(count == self._rows)
        return means[0], means[1], means[2]

    def other_label(self) -> float | None:
        """A y that is neither 0 nor 1; None where there is none."""
        return self._asked(lambda table: table.other_label(self._columns))

    def rows(self, positions: Numbers) -> tuple[Floats, Floats]:
        """Both columns of the rows at these positions, in this order."""
        if self._skipped:
            raise DatasetError(
                f"batches: rows are read by their position, and bad ones are among those of {self._name}; "
                "leave them out by a query, and save its rows as one Parquet file"
            )
        found = self._asked(lambda table: table.at(self._columns, positions))
        self._same(found is not None)
        assert found is not None
        return found

    def _same(self, same: bool) -> None:
        if not same:
            raise DatasetError(f"{self._name} has changed since it was loaded; open it again")

    def _asked(self, question: Callable[[EngineTable], Answer]) -> Answer:
        with self._one:
            try:
                if self._table is None:
                    self._table = self._again()
                    self._close = finalize(self, self._table.close)
                begun = perf_counter()
                answer = question(self._table)
                self._seconds = perf_counter() - begun
            except BaseException:
                self._let_go()
                raise
            return answer

    def _let_go(self) -> None:
        if self._close is not None:
            self._close()
        self._table = self._close = None
