"""A table of any engine that ibis supports, to be measured by `gdcore.rows.engine`: one expression for all engines.

An engine is a file beside this one: it connects, names a table, and says how to interrupt a query.
"""

from __future__ import annotations

import threading
import warnings
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import numpy as np

from gdcore.inert import inert
from gdcore.rows.engine import Sums
from gdcore.rows.files import DatasetError, Progress
from gdcore.rows.reader import LIMIT
from gdcore.rows.remote import AS_THEY_ARE
from tui.sources.losses import ROWWISE

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gdcore.landscapes.columns import Numbers
    from gdcore.rows.dataset import Origin, Watch
    from gdcore.rows.reader import Columns
    from gdcore.rows.remote import Scaling

POLL = 0.1
"""Seconds between two checks of a running query."""


def needs(module: str, extra: str, what: str) -> Any:
    """Import a package that belongs to an extra.

    Raises:
        DatasetError: it is not installed; the sentence names what to install.
    """
    from importlib import import_module  # noqa: PLC0415

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return import_module(module)
    except ImportError as error:
        raise DatasetError(f"{what} needs more than is installed: pip install 'gdlab[{extra}]'") from error


class EngineTable:
    """A table behind an ibis connection. A subclass overrides what differs in its engine."""

    kept = 0
    random_rows = "random()"
    """The SQL expression to sort by for shuffling."""

    def __init__(self, connection: Any, table: Any, name: str, origin: Origin, watch: Watch | None) -> None:
        """Wrap a table.

        Args:
            connection: an ibis connection.
            table: an ibis table of it.
            name: what it is called in sentences, safe to print.
            origin: where it can be had again.
            watch: called during a query; an exception that it raises cancels the query and the loading.
        """
        self._connection = connection
        self._table = table
        self._watch = watch
        self.name = name
        self.origin = origin
        schema = table.schema()
        self.columns: Sequence[str] = tuple(schema.names)
        self.numeric: Sequence[int] = tuple(i for i, kind in enumerate(schema.types) if kind.is_numeric())
        self.kinds: Sequence[str] = tuple(map(str, schema.types))

    # What an engine does in its own way

    def fetch(self, query: str) -> Sequence[Sequence[Any]]:
        """Run a query and return its rows."""
        return self._connection.raw_sql(query).fetchall()  # type: ignore[no-any-return]

    def interrupt(self) -> None:
        """Cancel the running query, from another thread."""

    def share(self) -> float | None:
        """How much of the query that runs is done, from 0 to 1; None where the engine does not say."""
        return None

    def sentence(self, error: Exception) -> str:
        """What went wrong, with no secret in it."""
        return inert(str(error).partition("\n")[0])

    def close(self) -> None:
        """End the connection."""
        with suppress(Exception):
            self._connection.disconnect()

    # One expression for all

    def rows(self, x: str, y: str, most: int) -> Columns | None:
        """Both columns of all rows in order, NaN where a value is missing; None where there are more than `most`."""
        if self._asked(self._table.limit(most + 1).count().as_table())[0][0] > most:
            return None
        return self._columns(self._table.select(x=_number(self._table[x]), y=_number(self._table[y])))

    def sample(self, x: str, y: str, rows: int, seed: int) -> Columns:
        """Return a uniform random sample of the good rows; all of them if there are fewer."""
        query = self._compiled(self._good(x, y))
        return _arrays(self._run(f"SELECT x, y FROM ({query}) AS good ORDER BY {self._shuffle(seed)} LIMIT {rows}"))

    def _shuffle(self, seed: int) -> str:
        del seed
        return self.random_rows

    def sums(self, x: str, y: str, around: tuple[float, float]) -> Sums:
        """One aggregate over all rows."""
        from ibis import cases  # noqa: PLC0415

        good, *both = self._both(x, y)
        dx, dy = (cases((good, value - at)) for value, at in zip(both, around, strict=True))
        off = self._table.select(dx=dx, dy=dy)
        dx, dy = off.dx, off.dy
        expression = off.aggregate(
            rows=off.count(),
            count=dx.count(),
            x=dx.sum(),
            y=dy.sum(),
            xx=(dx * dx).sum(),
            yy=(dy * dy).sum(),
            xy=(dx * dy).sum(),
            least_x=dx.min(),
            most_x=dx.max(),
            least_y=dy.min(),
            most_y=dy.max(),
        )
        rows, count, *sums = self._asked(expression)[0]
        return Sums(int(rows), int(count), *(float(value or 0.0) for value in sums))

    def means(
        self, columns: tuple[str, str], loss: str, delta: float, point: tuple[float, float], scale: Scaling
    ) -> tuple[int, float, float, float]:
        """How many good rows there are, and the means over them of a loss and of its slopes by w and by b."""
        from ibis import literal  # noqa: PLC0415

        good = self._good(*columns)
        x, y = good.x, good.y
        if scale != AS_THEY_ARE:
            x, y = (x - scale[0]) / scale[1], (y - scale[2]) / scale[3]
        w, b = (literal(value, "float64") for value in point)
        rows = good.select(x=x, y=y, z=x * w + b)
        value, slope = ROWWISE[loss](rows.z, rows.y, delta)
        rows = rows.select(x=rows.x, value=value, slope=slope)
        total = self.total
        expression = rows.aggregate(
            count=rows.count(), value=total(rows.value), w=total(rows.slope * rows.x), b=total(rows.slope)
        )
        count, *sums = self._asked(expression)[0]
        value, slope_w, slope_b = (float(each or 0.0) / max(count, 1) for each in sums)
        return int(count), value, slope_w, slope_b

    def total(self, value: Any) -> Any:
        """The sum of a column."""
        return value.sum()

    def other_label(self, columns: tuple[str, str]) -> float | None:
        """A y that is neither 0 nor 1; None where there is none."""
        y = self._good(*columns).y
        found = self._asked(y.max(where=(y != 0) & (y != 1)).as_table())[0][0]
        return None if found is None else float(found)

    def at(self, columns: tuple[str, str], positions: Numbers) -> Columns | None:
        """Both columns of the rows at these positions, in this order; None where not all of them are there."""
        del columns, positions
        raise DatasetError(
            f"batches: the rows of {self.name} have no position to be read by; "
            "those of one Parquet file or of a table of a DuckDB file have"
        )

    def scatter(self, x: str, y: str, around: tuple[float, float], slope: float) -> float:
        """The sum of (dy - slope * dx)^2 over the good rows."""
        good = self._good(x, y)
        residual = (good.y - around[1]) - (good.x - around[0]) * slope
        return float(self._asked(good.select(r=residual).aggregate(sum=lambda t: (t.r * t.r).sum()))[0][0] or 0.0)

    def bad(self, x: str, y: str, most: int) -> Sequence[tuple[int, float | None, float | None]]:
        """The first bad rows: their numbers, counted from 1, and both values, None where one is missing."""
        from ibis import row_number  # noqa: PLC0415

        good, x_value, y_value = self._both(x, y)
        numbered = self._table.select(at=row_number() + 1, x=x_value, y=y_value, good=good.fill_null(False))
        expression = numbered.filter(~numbered.good).order_by("at").limit(most).drop("good")
        return [(int(at), x_value, y_value) for at, x_value, y_value in self._asked(expression)]

    def first_rows(self, most: int) -> Sequence[Sequence[Any]]:
        """The first rows of all columns, to look at."""
        return self._asked(self._table.limit(most))

    # Queries

    def _both(self, x: str, y: str) -> tuple[Any, Any, Any]:
        """Whether a row is good, and its two values."""
        x_value, y_value = _number(self._table[x]), _number(self._table[y])
        # NaN is larger than any number here, in every engine.
        return (x_value.abs() <= LIMIT) & (y_value.abs() <= LIMIT), x_value, y_value

    def _good(self, x: str, y: str) -> Any:
        good, x_value, y_value = self._both(x, y)
        return self._table.filter(good).select(x=x_value, y=y_value)

    def _compiled(self, expression: Any) -> str:
        return str(self._connection.compile(expression))

    def _asked(self, expression: Any) -> Sequence[Sequence[Any]]:
        found: Sequence[Sequence[Any]] = self._run(self._compiled(expression))
        return found

    def _columns(self, expression: Any) -> Columns:
        return _arrays(self._asked(expression))

    def _run(self, query: str) -> Any:
        """Run a query in a thread while calling `watch`, so that it can be cancelled."""
        return run(lambda: self.fetch(query), self)


def run(work: Callable[[], Any], engine: EngineTable) -> Any:
    """Run some work of an engine in a thread while calling `watch`.

    Raises:
        DatasetError: the engine could not do it.
    """
    found: list[Any] = []
    failed: list[Exception] = []
    done = threading.Event()

    def work_on() -> None:
        try:
            found.append(work())
        except Exception as error:
            failed.append(error)
        finally:
            done.set()

    thread = threading.Thread(target=work_on, name="gdlab engine", daemon=True)
    thread.start()
    try:
        while not done.wait(POLL):
            if engine._watch:
                engine._watch(Progress(0, engine.share()))
    except BaseException:
        engine.interrupt()
        thread.join(5.0)
        raise
    thread.join()
    if failed:
        if isinstance(failed[0], DatasetError):
            raise failed[0]
        raise DatasetError(f"{engine.name}: {engine.sentence(failed[0])}") from None
    return found[0]


def _number(column: Any) -> Any:
    return column.cast("float64")


def _arrays(rows: Sequence[Sequence[Any]]) -> Columns:
    table = np.array([(np.nan if x is None else x, np.nan if y is None else y) for x, y in rows], np.float64)
    table = table.reshape(-1, 2)
    return table[:, 0].copy(), table[:, 1].copy()
