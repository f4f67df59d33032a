"""Two columns of numbers: the rows, or their moments and a sample; and loading them from text files.

A file is read once, in blocks of lines. The first lines give its layout (delimiter, header, which columns are numbers);
then NumPy's C reader parses each block, and what it rejects goes to slower code that can say what is wrong and where.
Compressed files are unpacked while reading, and several files are read as one.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING

from gdcore.inert import inert, quoted
from gdcore.landscapes.bowl import MeanSquaredError, Moments
from gdcore.rows.files import SHIPPED, DatasetError, Input, Progress, find, find_all, unreadable
from gdcore.rows.layout import SAMPLE, Layout, count, lines_of
from gdcore.rows.reader import LIMIT, Reader, Rows, Skipped, load_text, regularized

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path
    from typing import TypeAlias

    import numpy as np
    from numpy.typing import NDArray

    from gdcore.rows.reader import Columns
    from gdcore.rows.remote import RemoteColumns

    Watch: TypeAlias = Callable[[Progress], object]

__all__ = ["LIMIT", "Dataset", "DatasetError", "Measured", "Origin", "load", "shipped"]

_find = find
_BY_PATH = range(1 << 20, 1 << 26)
"""Sizes in bytes for which NumPy first tries the whole file by its path, which is fastest. It takes less than half a
second, so no progress is needed; without a `watch` larger files are read this way too."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where the data came from, to load them again. It never contains a password.

    Attributes:
        places: files, patterns or the address of a server.
        table: the table of a database; empty where there is none.
        query: the query that gives the data; empty where there is none.
        engine: what reads them; empty if the place determines it.
    """

    places: tuple[str, ...]
    table: str = ""
    query: str = ""
    engine: str = ""


@dataclass(frozen=True, slots=True)
class Measured:
    """What an engine measured over all rows, when only a sample of them was loaded.

    Attributes:
        moments: count, means, variances and covariance of all rows.
        floor: L*, the smallest mean squared error of a line on them.
        columns: where the engine can be asked again; None where it cannot.
    """

    moments: Moments
    floor: float
    columns: RemoteColumns | None = None


@dataclass(frozen=True, eq=False)
class Dataset:
    """Two columns of numbers and their origin.

    Attributes:
        name: the name of the file, safe to print.
        path: where the file is, or None for data that came from no one file.
        x: the inputs, shape (n,), contiguous and read-only, all finite and of magnitude 1e150 at most. If only a sample
            was loaded, those of the sample.
        y: the outputs, likewise.
        x_name: the name of the column x.
        y_name: the name of the column y.
        columns: the names of all the columns of the file, in order.
        skipped: how many bad rows were left out.
        faults: an error message for each of the first three of them.
        measured: what is known of all rows, if only a sample was loaded; else None.
        origin: where to load the data again; None if that is not possible.
    """

    name: str
    path: Path | None
    x: NDArray[np.float64]
    y: NDArray[np.float64]
    x_name: str
    y_name: str
    columns: tuple[str, ...]
    skipped: int = 0
    faults: tuple[str, ...] = ()
    measured: Measured | None = None
    origin: Origin | None = None

    @property
    def first_skipped(self) -> str:
        """The error message for the first row left out; empty if there is none."""
        return self.faults[0] if self.faults else ""

    @property
    def rows(self) -> int:
        """The number of all rows, even if only a sample was loaded."""
        return self.measured.moments.count if self.measured else len(self.x)

    @property
    def sampled(self) -> bool:
        """Whether only a sample of the rows was loaded."""
        return self.measured is not None

    @cached_property
    def moments(self) -> Moments:
        """The moments of all the rows."""
        return self.measured.moments if self.measured else Moments.of(self.x, self.y)

    @cached_property
    def squared_error(self) -> MeanSquaredError:
        """The mean squared error of a line over all the rows."""
        if self.measured:
            return MeanSquaredError.from_moments(self.measured.moments, self.measured.floor, self.measured.columns)
        return MeanSquaredError.of(self.x, self.y)

    def need_rows(self, what: str) -> None:
        """Check that all rows are loaded, because `what` needs them.

        Raises:
            DatasetError: only a sample is loaded.
        """
        if self.measured:
            raise DatasetError(
                f"{what}: this needs all the rows, and of the {self.rows:,} of {self.name} only a sample is here; "
                "load fewer, by a query or from a smaller file"
            )

    @property
    def said_of_no_spread(self) -> str:
        """Why x has no variance: it is constant, or so small that its squares are lost.

        >>> import numpy as np
        >>> for xs in ([3.0, 3.0], [1e-300, 2e-300]):
        ...     print(Dataset("t", None, np.array(xs), np.zeros(2), "x", "y", ("x", "y")).said_of_no_spread)
        x never changes
        x changes by so little that the squares are lost (a smaller unit helps)
        """
        if len(self.x) and self.x.min() != self.x.max():
            return f"{self.x_name} changes by so little that the squares are lost (a smaller unit helps)"
        return f"{self.x_name} never changes"

    @property
    def said_of_skipped(self) -> str:
        """A remark on the rows left out; empty if there are none.

        >>> import numpy as np
        >>> Dataset("t", None, *2 * [np.zeros(2)], "x", "y", ("x", "y"), 1, ("line 3: no",)).said_of_skipped
        '1 row was skipped; the first: line 3: no'
        """
        if not self.skipped:
            return ""
        were = "1 row was" if self.skipped == 1 else f"{self.skipped:,} rows were"
        return f"{were} skipped; the first: {'. '.join(self.faults)}"


def shipped() -> tuple[str, ...]:
    """Name the data sets that come with gdlab.

    >>> shipped()
    ('anscombe', 'cars', 'geyser', 'orings', 'pizza')
    """
    return tuple(SHIPPED)


def load(
    source: str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
    x: str | int | None = None,
    y: str | int | None = None,
    *,
    skip_bad_rows: bool = False,
    watch: Watch | None = None,
) -> Dataset:
    """Load two columns of numbers from text files, or from a data set that ships with gdlab.

    The columns are separated by commas, semicolons, tabs or white space; which of them, and whether there is a header,
    is found out from the first lines. A `#` begins a comment, and names and values may stand in double quotes. Files
    packed by gzip, bzip2, xz or, where Python can, zstd are unpacked.

    Args:
        source: a path, a pattern such as `logs/2026-*.csv`, or several, whose files are read as one; `-` for standard
            input; or the bare name of a shipped data set (for a file of that name, write ./pizza).
        x: the name of a column, or its number counted from 1. Without it, the first column of numbers that is not y.
        y: likewise. Without it, the first column of numbers that is not x.
        skip_bad_rows: skip and count rows that cannot be used, instead of refusing the file.
        watch: called between blocks with the progress. An exception that it raises ends the loading; `files.Cancelled`
            is meant for that.

    Raises:
        DatasetError: the file cannot be read, changes meanwhile, or is not a table with two columns of finite numbers
            and two rows.

    >>> pizza = load("pizza")
    >>> pizza.x_name, pizza.y_name, len(pizza.x)
    ('Reservations', 'Pizzas', 30)
    >>> load("anscombe", x="x4", y=8).y_name
    'y4'
    """
    sources = [os.fsdecode(one) for one in ([source] if isinstance(source, str | os.PathLike) else source)]
    path = None
    try:
        name, paths = find_all(sources)
        loading = _Loading(paths, (x, y), skip_bad_rows, watch)
        for path in paths:
            loading.read(path)
    except (OSError, UnicodeEncodeError) as error:
        failed = getattr(error, "filename", None) or path
        raise DatasetError(unreadable(str(failed) if failed and len(sources) > 1 else sources[0], error)) from error
    values = loading.columns(name)
    for column in values:
        column.setflags(write=False)
    columns = tuple(map(inert, loading.layout.names))
    x_name, y_name = (columns[i] for i in loading.chosen)
    # Links are not resolved: a link may point to another file tomorrow.
    places = tuple(one if one in (*SHIPPED, "-") else os.path.abspath(find(one)) for one in sources)  # noqa: PTH100
    skipped = loading.skipped
    return Dataset(
        name,
        paths[0] if len(paths) == 1 else None,
        *values,
        x_name,
        y_name,
        columns,
        skipped.count,
        tuple(skipped.told),
        origin=Origin(places),
    )


class _Loading:
    """Reads several files as one, one after the other.

    Attributes:
        layout: that of the first file.
        chosen: the columns x and y of the first file, counted from 0.
        skipped: the bad rows of all the files.
    """

    layout: Layout
    chosen: tuple[int, int]

    def __init__(
        self,
        paths: Sequence[Path],
        wanted: tuple[str | int | None, str | int | None],
        skip_bad_rows: bool,
        watch: Watch | None,
    ) -> None:
        self.skipped = Skipped(skip_bad_rows)
        self._rows = Rows()
        self._wanted = wanted
        self._watch = watch
        self._sizes = [path.stat().st_size for path in paths] if watch and len(paths) > 1 else [1]
        self._file = -1

    def read(self, path: Path) -> None:
        """Read the next file.

        Raises:
            OSError: it cannot be read.
            DatasetError: it cannot be used, or does not go with the first.
        """
        self._file += 1
        with Input(path) as file:
            blocks = file.blocks()
            head, sample = head_of(blocks, file)
            layout = Layout.of(sample, file.name)
            if self._file == 0:
                self.layout, self.chosen = layout, layout.choose(*self._wanted)
                chosen = self.chosen
            else:
                chosen = _same_columns(layout, self.layout, self.chosen)
            if file.plain and file.size >= _BY_PATH.start and (file.size < _BY_PATH.stop or not self._watch):
                columns = _read_by_path(file, layout, chosen)
                if columns is not None:
                    self._rows.extend(columns)
                    self._tell(file, whole=True)
                    return
                head, blocks = [], file.again()
            with Reader(layout, chosen, self._rows, self.skipped) as reader:
                for block in chain(head, blocks):
                    reader.take(block)
                    self._tell(file)

    def _tell(self, file: Input, *, whole: bool = False) -> None:
        if self._watch:
            share, sizes = 1.0 if whole else file.share, self._sizes
            if share is not None:
                share = (sum(sizes[: self._file]) + share * sizes[self._file]) / max(sum(sizes), 1)
            self._watch(Progress(len(self._rows), share))

    def columns(self, name: str) -> Columns:
        """Both columns, of all the files.

        Raises:
            DatasetError: there are not two rows.
        """
        rows, skipped = len(self._rows), self.skipped
        if rows < 2 and skipped.count:
            kept = f"only {count(rows, 'row')} of {name} can be used and {count(skipped.count, 'row')} cannot"
            raise DatasetError(f"{kept}, where at least two are needed; the first that cannot: {skipped.told[0]}")
        if rows < 2:
            raise DatasetError(f"{name} has only {count(rows, 'row')} of numbers; add rows until there are two or more")
        return self._rows.columns()


def layout_of(file: Input) -> Layout:
    """Return the layout of an open file that has not been read; open it again to read it.

    Raises:
        DatasetError: it is no table.
    """
    return Layout.of(head_of(file.blocks(), file)[1], file.name)


def head_of(blocks: Iterator[bytes], file: Input) -> tuple[list[bytes], list[tuple[int, str]]]:
    """Read blocks until there are enough lines to detect the layout; return the blocks and the lines."""
    head: list[bytes] = []
    sample: list[tuple[int, str]] = []
    number = 1
    for block in blocks:
        head.append(block)
        sample += [
            line for line, _ in zip(lines_of(block, number, file.name), range(SAMPLE - len(sample)), strict=False)
        ]
        number += block.count(b"\n")
        if len(sample) >= SAMPLE:
            break
    return head, sample


def _read_by_path(file: Input, layout: Layout, chosen: tuple[int, int]) -> Columns | None:
    """Read both columns of a plain file as a whole; None if it is not regular."""
    quotes = False
    # With two columns NumPy finds every error by itself, except for quotes.
    if len(layout.names) > 2 or not file.lacks(b'"\0'):
        after = layout.header
        for block in file.again():
            below = block
            if after:
                # The header may contain any quotes; NumPy skips it.
                parts = block.split(b"\n", after)
                if len(parts) <= after:
                    return None
                after, below = 0, parts[-1]
            quotes = quotes or b'"' in below
            if regularized(below, layout) != below:
                return None
    path = str(file.path.absolute())  # an absolute path is never a URL
    columns = load_text(path, layout, chosen, quotes=quotes, whole=True)
    file.check()
    return columns


def _same_columns(layout: Layout, first: Layout, chosen: tuple[int, int]) -> tuple[int, int]:
    """Find the columns of the first file in another file."""
    if bool(layout.header) != bool(first.header) or (not layout.header and len(layout.names) != len(first.names)):
        which = "a header" if first.header else "no header"
        raise DatasetError(
            f"{layout.file} does not go with {first.file}, which has {which} and {count(len(first.names), 'column')}; "
            "files that are read as one need the same columns"
        )
    if not layout.header:
        return chosen
    for column in chosen:
        if first.names[column] not in layout.names:
            raise DatasetError(
                f"{layout.file} has no column {quoted(first.names[column])}, which {first.file} has; "
                "files that are read as one need the same columns"
            )
    x, y = (layout.names.index(first.names[column]) for column in chosen)
    return x, y
