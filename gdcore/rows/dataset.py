"""Two columns of numbers from a text file.

A file is looked at three times. Its first lines tell its layout: the delimiter, the header, which columns hold numbers.
A plain file is then read by NumPy's C reader. Whatever that does not take is read row by row, more slowly, by code that
can say what is wrong and where. The two agree on what a good row is, so that a fault at the end of a file never changes
the meaning of its beginning.
"""

import io
import os
import re
import stat
import warnings
from array import array
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from gdcore.inert import inert, quoted, quoted_path
from gdcore.rows.table import find_delimiter, has_header, is_number, numeric_columns, split

LIMIT = 1e150
"""The largest magnitude of a value: the square of anything larger is near the end of a float's range."""

_SHIPPED = {"anscombe": "anscombe.csv", "cars": "cars.csv", "geyser": "geyser.csv"}
_SHIPPED |= {"orings": "orings.csv", "pizza": "pizza.txt"}
_SAMPLE = 50
_BLOCK = 1 << 20
# How surrogateescape decodes a byte that is not UTF-8; no UTF-8 decodes to these.
_STRAY_BYTE = re.compile("[\udc80-\udcff]")


class DatasetError(ValueError):
    """Data that cannot be used: its text is one sentence that says what is wrong, where, and what to do."""


@dataclass(frozen=True, eq=False, slots=True)
class Dataset:
    """Two columns of numbers and where they come from.

    Attributes:
        name: the name of the file, safe to print.
        path: where the file is, or None for data that came from no file.
        x: the inputs, shape (n,), contiguous and read-only, all finite and of magnitude 1e150 at most.
        y: the outputs, likewise.
        x_name: the name of the column x.
        y_name: the name of the column y.
        columns: the names of all the columns of the file, in order.
        skipped: how many bad rows were left out.
        first_skipped: the sentence on the first of them.
    """

    name: str
    path: Path | None
    x: NDArray[np.float64]
    y: NDArray[np.float64]
    x_name: str
    y_name: str
    columns: tuple[str, ...]
    skipped: int = 0
    first_skipped: str = ""


def shipped() -> tuple[str, ...]:
    """Name the data sets that come with gdlab.

    >>> shipped()
    ('anscombe', 'cars', 'geyser', 'orings', 'pizza')
    """
    return tuple(_SHIPPED)


def load(
    source: str | os.PathLike[str],
    x: str | int | None = None,
    y: str | int | None = None,
    *,
    skip_bad_rows: bool = False,
) -> Dataset:
    """Load two columns of numbers from a text file, or from a data set that ships with gdlab.

    The columns are separated by commas, semicolons, tabs or white space; which of them, and whether there is a header,
    is found out from the first lines. A `#` begins a comment, and names and values may stand in double quotes.

    Args:
        source: a path, or the bare name of a shipped data set (for a file of that name, write ./pizza).
        x: the name of a column, or its number counted from 1. Without it, the first column of numbers that is not y.
        y: likewise. Without it, the first column of numbers that is not x.
        skip_bad_rows: leave out the rows that cannot be used, and count them, instead of refusing the file.

    Raises:
        DatasetError: the file cannot be read, or is not a table with two columns of finite numbers and two rows.

    >>> pizza = load("pizza")
    >>> pizza.x_name, pizza.y_name, len(pizza.x)
    ('Reservations', 'Pizzas', 30)
    >>> load("anscombe", x="x4", y=8).y_name
    'y4'
    """
    try:
        path = _find(os.fsdecode(source))
        name = inert(path.name or str(path))
        opener = _opener(path, name)
        layout = _Layout.of(opener, name)
        chosen = layout.choose(x, y)
        values, skipped, first = _read_fast(path, opener, layout, chosen), 0, ""
        if values is None:
            values, skipped, first = _read_rows(opener, layout, chosen, skip_bad_rows)
    except (OSError, UnicodeEncodeError) as error:
        raise DatasetError(_unreadable(os.fsdecode(source), error)) from error
    rows = len(values[0])
    if skipped and rows < 2:
        kept = f"only {_count(rows, 'row')} of {name} can be used and {_count(skipped, 'row')} cannot"
        raise DatasetError(f"{kept}, where at least two are needed; the first that cannot: {first}")
    if rows < 2:
        raise DatasetError(f"{name} has only {_count(rows, 'row')} of numbers; add rows until there are two or more")
    for column in values:
        column.setflags(write=False)
    columns = tuple(map(inert, layout.names))
    x_name, y_name = (columns[i] for i in chosen)
    return Dataset(name, path, *values, x_name, y_name, columns, skipped, first)


# Files


def _find(source: str) -> Path:
    """Find the file that is meant: a shipped one, or one of the person's own."""
    package = Path(__file__).parent.parent
    # The data stand beside the package in a checkout, and inside it in an installed distribution.
    data = next((folder for folder in (package / "data", package.parent / "data") if folder.is_dir()), package)
    if source in _SHIPPED:
        return data / _SHIPPED[source]
    if not source or "\0" in source:
        raise DatasetError(_no_file(source))
    try:
        path = Path(source).expanduser()
    except RuntimeError:  # there is no such user, or no home
        path = Path(source)
    return data / source if source in _SHIPPED.values() and not path.exists() else path


def _opener(path: Path, name: str) -> Callable[[], BinaryIO]:
    """Give a function that opens the file anew. A pipe can be read only once, so its bytes are kept."""
    with path.open("rb") as file:
        plain = stat.S_ISREG(os.fstat(file.fileno()).st_mode)
        blocks: list[bytes] = []
        while block := file.read(_BLOCK):
            if block[:2] in (b"\xff\xfe", b"\xfe\xff") and not blocks:
                raise DatasetError(f"{name} is text in UTF-16; save it as UTF-8")
            if b"\0" in block:  # before a line is looked for: /dev/zero has no end of line, and no end
                raise DatasetError(_binary(name))
            if plain:
                break
            blocks.append(block)
    if plain:
        return lambda: path.open("rb")
    data = b"".join(blocks)
    return lambda: io.BytesIO(data)


def _lines(opener: Callable[[], BinaryIO], name: str) -> Iterator[tuple[int, str]]:
    """Yield each line that is not blank and not a comment, with its number."""
    with io.TextIOWrapper(opener(), "utf-8-sig", "surrogateescape") as text:
        for number, line in enumerate(text, 1):
            if not line.isascii() and (stray := _STRAY_BYTE.search(line)):
                byte = ord(stray[0]) - 0xDC00
                raise DatasetError(f"{name}, line {number}: the byte 0x{byte:02x} is not UTF-8; save the file as UTF-8")
            if "\0" in line:
                raise DatasetError(_binary(name))
            content = line.lstrip()
            if content and content[0] != "#":
                yield number, line


# Layout


@dataclass(frozen=True, slots=True)
class _Layout:
    """How a file is laid out, as its first lines tell."""

    file: str
    delimiter: str | None
    header: int  # the number of its line; 0 where there is none
    names: tuple[str, ...]
    numeric: tuple[int, ...]

    @classmethod
    def of(cls, opener: Callable[[], BinaryIO], file: str) -> "_Layout":
        sample = list(islice(_lines(opener, file), _SAMPLE))
        if not sample:
            raise DatasetError(f"{file} is empty; it needs two columns of numbers")
        delimiter = find_delimiter([line for _, line in sample])
        rows = [split(line, delimiter) for _, line in sample]
        header = sample[0][0] if has_header(rows) else 0
        names = rows.pop(0) if header else [""] * max(widths := [len(row) for row in rows], key=widths.count)
        if not rows:
            raise DatasetError(f"{file} has a header and no rows; add at least two rows of numbers")
        narrow, wide = min(map(_width, rows)), max(map(_width, rows))
        if header and (narrow > len(names) or (delimiter is None and wide < len(names))):
            fault = f"the header has {_count(len(names), 'name')} for rows of {_count(narrow, 'field')}"
            remedy = "name every column, or begin a line that is no header with #"
            if narrow < len(names):
                remedy = "put quotes round a name of several words"
            raise DatasetError(f"{file}, line {header}: {fault}; {remedy}")
        if len(names) < 2:
            raise DatasetError(
                f"{file} has only one column; it needs two, separated by a comma, a semicolon, a tab or white space"
            )
        called = tuple(name or f"{'xy'[i % 2]}{i // 2 + 1}" for i, name in enumerate(names))
        numeric = tuple(i for i in numeric_columns(rows) if i < len(names))
        return cls(file, delimiter, header, called, numeric)

    def choose(self, x: str | int | None, y: str | int | None) -> tuple[int, int]:
        """Choose the columns x and y, counted from 0."""
        wanted = [None if choice is None else self._column(choice) for choice in (x, y)]
        others = [column for column in self.numeric if column not in wanted]
        if wanted.count(None) > len(others):
            which = f"only one column of numbers, {quoted(self.names[self.numeric[0]])}" if self.numeric else ""
            raise DatasetError(f"{self.file} has {which or 'no column of numbers'}; it needs two")
        first, second = (others.pop(0) if column is None else column for column in wanted)
        return first, second

    def _column(self, choice: str | int) -> int:
        text = str(choice).strip()
        for names in (self.names, tuple(map(inert, self.names))):
            if isinstance(choice, str) and text in names:
                return names.index(text)
        if re.fullmatch("[0-9]{1,9}", text) and 1 <= int(text) <= len(self.names):
            return int(text) - 1
        what = quoted(choice) if isinstance(choice, str) else text
        known = ", ".join(quoted(name) for name in self.names[:8])
        more = f" and {len(self.names) - 8} more" if len(self.names) > 8 else ""
        raise DatasetError(f"{self.file} has no column {what}; choose one of {known}{more}")


def _width(row: Sequence[str]) -> int:
    """Count the fields of a row up to the last that is not empty."""
    return max((i for i, field in enumerate(row, 1) if field), default=0)


# Rows

_Columns = tuple[NDArray[np.float64], NDArray[np.float64]]


def _read_fast(path: Path, opener: Callable[[], BinaryIO], layout: _Layout, chosen: tuple[int, int]) -> _Columns | None:
    """Read both columns with NumPy's C reader, or give None where the rows must be looked at one by one."""
    two = len(layout.names) == 2
    # NumPy tells by itself that a row has too many fields only where it reads all the columns.
    if not _is_plain(opener, layout, count_fields=not two):
        return None
    with io.TextIOWrapper(opener(), "utf-8-sig") as text, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            table = np.loadtxt(
                # By its path a file is read in blocks, from an open file line by line. An absolute path is never a URL.
                str(path.absolute()) if path.is_file() else text,
                delimiter=layout.delimiter,
                skiprows=layout.header,
                usecols=None if two else chosen,
                encoding="utf-8-sig",
                ndmin=2,
            )
        except Exception:  # whatever it is, the other way finds it and says it better
            return None
    if table.shape[0] < 2 or table.shape[1] != 2 or not (table.min() >= -LIMIT and table.max() <= LIMIT):
        return None
    first, second = chosen if two else (0, 1)
    return table[:, first].copy(), table[:, second].copy()


def _is_plain(opener: Callable[[], BinaryIO], layout: _Layout, *, count_fields: bool) -> bool:
    """Tell whether NumPy reads the rows as we do: no quotes (it lets them span lines) and no fields too many."""
    if count_fields and layout.delimiter is None:
        return False
    mark = (layout.delimiter or "").encode()
    others = bytes(set(range(256)) - set(b"\r\n" + mark))
    tail = b""
    with opener() as file:
        block = file.read(_BLOCK)
        header = re.match(rb"(?:[^\r\n]*(?:\r\n?|\n)){%d}" % layout.header, block)
        if header is None:
            return False
        block = block[header.end() :]
        while block:
            if b'"' in block or b"\0" in block:
                return False
            if count_fields:
                # Only the delimiters and the ends of lines are kept: too many of the former in a run are too many.
                tail = tail[-len(layout.names) :] + block.translate(None, others)
                if mark * len(layout.names) in tail:
                    return False
            block = file.read(_BLOCK)
    return True


def _read_rows(
    opener: Callable[[], BinaryIO], layout: _Layout, chosen: tuple[int, int], skip_bad_rows: bool
) -> tuple[_Columns, int, str]:
    """Read both columns row by row; give them, how many bad rows were left out, and the sentence on the first."""
    xs, ys = array("d"), array("d")
    skipped, first = 0, ""
    for number, line in _lines(opener, layout.file):
        if number <= layout.header:
            continue
        try:
            x, y = _read_row(split(line, layout.delimiter), number, layout, chosen)
        except DatasetError as error:
            if not skip_bad_rows:
                raise
            skipped, first = skipped + 1, first or str(error)
        else:
            xs.append(x)
            ys.append(y)
    return (np.array(xs, np.float64), np.array(ys, np.float64)), skipped, first


def _read_row(fields: list[str], number: int, layout: _Layout, chosen: tuple[int, int]) -> list[float]:
    width = len(layout.names)
    if any(fields[width:]):
        fault = f"there are {_width(fields)} fields for {width} columns"
        raise DatasetError(f"{layout.file}, line {number}: {fault}; correct the line or skip bad rows")
    values = []
    for column in chosen:
        text = fields[column] if column < len(fields) else ""
        if not is_number(text) or abs(value := float(text)) > LIMIT:
            where = f"{layout.file}, line {number}, column {quoted(layout.names[column])}"
            raise DatasetError(f"{where}: {_fault(text)}")
        values.append(value)
    return values


# Sentences


def _fault(text: str) -> str:
    if not text:
        return "the number is missing; write it or skip bad rows"
    if is_number(text):
        return f"{quoted(text)} is too large, its square overflows; use a larger unit, so that it is below {LIMIT:g}"
    if re.fullmatch(r"[+-]?(?:nan|inf|infinity)", text, re.ASCII | re.IGNORECASE):
        return f"{quoted(text)} is not a finite number; correct it or skip bad rows"
    if re.fullmatch(r"[+-]?[\d.]*,[\d.,]*\d(?:[eE][+-]?\d+)?", text):
        return f"{quoted(text)} is not a number; write a decimal point, not a comma"
    return f"{quoted(text)} is not a number; correct it or skip bad rows"


def _unreadable(source: str, error: OSError | UnicodeEncodeError) -> str:
    if isinstance(error, FileNotFoundError | UnicodeEncodeError):
        return _no_file(source)
    if isinstance(error, IsADirectoryError):
        return f"{quoted_path(source)} is a folder; name a file in it"
    if isinstance(error, PermissionError):
        return f"{quoted_path(source)} cannot be read: permission denied; change its permissions, or copy it"
    reason = inert(error.strerror or "the system gives no reason").lower()
    return f"{quoted_path(source)} cannot be read: {reason}; check its name and where it is"


def _no_file(source: str) -> str:
    return f"there is no file {quoted_path(source)}; check its name, or use a shipped data set: {', '.join(_SHIPPED)}"


def _binary(name: str) -> str:
    return f"{name} is a binary file; save it as plain text (CSV)"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
