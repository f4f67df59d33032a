"""Tables held elsewhere: an engine answers a few questions about two columns, without sending the rows.

Vocabulary
    engine    the software that holds the rows and sums them: DuckDB, PostgreSQL, Spark
    table     two or more columns in an engine
    good row  both values are present, finite, and of magnitude 1e150 at most
    around    values near the means; they are subtracted first, so that the sums do not suffer from cancellation

A new engine is one file with one class that implements `Table`. `measure` makes a `Dataset` of it: the sums give the
moments to as many digits as the rows have (even for a column shifted by 1e9), and a sample of the rows is fetched for
the charts. If there are few rows and they may be fetched, it takes all of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import fsum
from typing import TYPE_CHECKING, Protocol

import numpy as np

from gdcore.inert import inert, quoted
from gdcore.landscapes.bowl import Moments
from gdcore.rows.dataset import Dataset, DatasetError, Measured
from gdcore.rows.layout import choose, count
from gdcore.rows.reader import LIMIT, TOLD, fault_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from gdcore.rows.dataset import Origin
    from gdcore.rows.reader import Columns

SAMPLE_ROWS = 2000
"""Maximum number of rows in the sample."""
_NEAR = 1.0
"""Maximum (squared) distance of `around` from the mean, in variances, before the sums are taken again."""
_TIGHT = 1e-3
"""If a line leaves less than this share of the variance, the residual is summed separately for precision."""


@dataclass(frozen=True, slots=True)
class Sums:
    """The result of one pass over a table; all but `rows` are over good rows, with dx = x - around x, dy likewise.

    Attributes:
        rows: the number of rows, bad ones included.
        count: the number of good rows.
        x, y: the sums of dx and dy.
        xx, yy, xy: the sums of dx * dx, dy * dy and dx * dy.
        least_x, most_x, least_y, most_y: the smallest and the largest dx and dy.
    """

    rows: int
    count: int
    x: float
    y: float
    xx: float
    yy: float
    xy: float
    least_x: float
    most_x: float
    least_y: float
    most_y: float

    def moments(self, around: tuple[float, float]) -> Moments:
        """Return the moments of the good rows; there must be at least one.

        var x = sum(dx * dx) / n - (sum(dx) / n)^2, and so on: exact but for rounding with `around` near the means.

        >>> Sums(2, 2, 0.0, 0.0, 2.0, 8.0, 4.0, -1.0, 1.0, -2.0, 2.0).moments((5.0, 7.0))
        Moments(count=2, mean_x=5.0, mean_y=7.0, var_x=1.0, var_y=4.0, cov_xy=2.0, tail_x=0.0, tail_y=0.0)
        """
        n = self.count
        off_x, off_y = self.x / n, self.y / n
        mean_x, mean_y = around[0] + off_x, around[1] + off_y
        # A constant column has a variance of exactly 0.
        moves_x, moves_y = self.least_x < self.most_x, self.least_y < self.most_y
        return Moments(
            n,
            mean_x,
            mean_y,
            max(self.xx / n - off_x * off_x, 0.0) if moves_x else 0.0,
            max(self.yy / n - off_y * off_y, 0.0) if moves_y else 0.0,
            self.xy / n - off_x * off_y if moves_x and moves_y else 0.0,
            fsum((around[0], off_x, -mean_x)),
            fsum((around[1], off_y, -mean_y)),
        )


class Table(Protocol):
    """What an engine must implement for a table. Columns are identified by name.

    Attributes:
        name: what it is called in sentences, safe to print.
        origin: where it can be had again.
        columns: the names of its columns, in order.
        numeric: those that hold numbers, counted from 0.
        kept: a table with at most this many rows is fetched whole; 0 if rows must not be sent.

    Every method raises DatasetError with a sentence where the engine cannot answer, and what `watch` raises.
    """

    name: str
    origin: Origin
    columns: Sequence[str]
    numeric: Sequence[int]
    kept: int

    def rows(self, x: str, y: str, most: int) -> Columns | None:
        """Return both columns of all rows in order, NaN for missing values; None if there are more than `most`."""

    def sample(self, x: str, y: str, rows: int, seed: int) -> Columns:
        """Return a uniform random sample of the good rows; all of them if there are fewer."""

    def sums(self, x: str, y: str, around: tuple[float, float]) -> Sums:
        """Return the sums over all rows, in one aggregate query."""

    def scatter(self, x: str, y: str, around: tuple[float, float], slope: float) -> float:
        """The sum of (dy - slope * dx)^2 over the good rows."""

    def bad(self, x: str, y: str, most: int) -> Iterable[tuple[int, float | None, float | None]]:
        """Return the first bad rows: the row number, from 1, and both values, None if missing."""


def measure(
    table: Table, x: str | int | None = None, y: str | int | None = None, *, skip_bad_rows: bool = False, seed: int = 0
) -> Dataset:
    """Measure two columns of a table.

    Args:
        table: what an engine holds.
        x: the name of a column, or its number counted from 1. Without it, the first column of numbers that is not y.
        y: likewise. Without it, the first column of numbers that is not x.
        skip_bad_rows: skip and count rows that cannot be used, instead of refusing the table.
        seed: decides which rows the sample has.

    Raises:
        DatasetError: the table cannot be read, or has not two columns of finite numbers and two rows.
    """
    chosen = choose(table.name, table.columns, table.numeric, x, y)
    for column in chosen:
        if column not in table.numeric:
            raise DatasetError(
                f"{table.name}, column {quoted(table.columns[column])}: it holds no numbers; choose another"
            )
    names = (table.columns[chosen[0]], table.columns[chosen[1]])
    taken = table.rows(*names, table.kept) if table.kept else None
    if taken is None:
        return _sampled(table, names, skip_bad_rows, seed)
    good = (np.abs(taken[0]) <= LIMIT) & (np.abs(taken[1]) <= LIMIT)
    numbers = np.flatnonzero(~good)
    places = [(int(i) + 1, _value(taken[0][i]), _value(taken[1][i])) for i in numbers[:TOLD]]
    bad = _Bad(len(numbers), tuple(_sentence(table, names, place) for place in places))
    _judge(table, int(good.sum()), bad, skip_bad_rows)
    return _dataset(table, names, (taken[0][good], taken[1][good]) if bad.count else taken, bad)


def _sampled(table: Table, names: tuple[str, str], skip_bad_rows: bool, seed: int) -> Dataset:
    sample = table.sample(*names, SAMPLE_ROWS, seed)
    # The means of the sample are near enough: only a large distance from the true means costs digits.
    around = (float(np.mean(sample[0])), float(np.mean(sample[1]))) if len(sample[0]) else (0.0, 0.0)
    sums = table.sums(*names, around)
    bad = _Bad(sums.rows - sums.count, ())
    if bad.count:
        bad = _Bad(bad.count, tuple(_sentence(table, names, place) for place in table.bad(*names, TOLD)))
    _judge(table, sums.count, bad, skip_bad_rows)
    moments = sums.moments(around)
    off = ((sums.x / sums.count) ** 2, (sums.y / sums.count) ** 2)
    if off[0] > _NEAR * moments.var_x or off[1] > _NEAR * moments.var_y:
        around = (moments.mean_x, moments.mean_y)
        moments = table.sums(*names, around).moments(around)
    slope = moments.cov_xy / moments.var_x if moments.var_x > 0 else 0.0
    floor = moments.var_y - slope * moments.cov_xy
    if floor < _TIGHT * moments.var_y:
        floor = table.scatter(*names, (moments.mean_x, moments.mean_y), slope) / moments.count
    return _dataset(table, names, sample, bad, Measured(moments, max(floor, 0.0)))


@dataclass(frozen=True, slots=True)
class _Bad:
    """The number of bad rows, and error messages for the first of them."""

    count: int
    faults: tuple[str, ...]


def _judge(table: Table, good: int, bad: _Bad, skip_bad_rows: bool) -> None:
    """Check that bad rows may be left out, and that enough rows remain."""
    if bad.count and not skip_bad_rows:
        raise DatasetError(bad.faults[0] if bad.faults else f"{table.name} has {count(bad.count, 'bad row')}")
    if good < 2 and bad.count:
        kept = f"only {count(good, 'row')} of {table.name} can be used and {count(bad.count, 'row')} cannot"
        raise DatasetError(f"{kept}, where at least two are needed; the first that cannot: {bad.faults[0]}")
    if good < 2:
        rows = count(good, "row")
        raise DatasetError(f"{table.name} has only {rows} of numbers; add rows until there are two or more")


def _sentence(table: Table, names: tuple[str, str], place: tuple[int, float | None, float | None]) -> str:
    """Return the error message for a bad row, about the first value that cannot be used."""
    number, x, y = place
    name, value = (names[1], y) if x is not None and abs(x) <= LIMIT else (names[0], x)
    fault = fault_of("" if value is None else f"{value:g}")
    return f"{table.name}, row {number}, column {quoted(name)}: {fault}"


def _value(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def _dataset(
    table: Table,
    names: tuple[str, str],
    columns: Columns,
    bad: _Bad,
    measured: Measured | None = None,
) -> Dataset:
    for column in columns:
        column.setflags(write=False)
    x_name, y_name = map(inert, names)
    every = tuple(map(inert, table.columns))
    return Dataset(
        table.name,
        None,
        *columns,
        x_name,
        y_name,
        every,
        bad.count,
        bad.faults,
        measured=measured,
        origin=table.origin,
    )
