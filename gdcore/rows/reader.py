"""Two columns of numbers from blocks of lines.

NumPy's C reader parses a block if it is regular, which means that NumPy splits its lines as `table.split` does. A block
that it rejects is halved until the error is among a few lines, which are then read one by one, by code that can say
what is wrong and where. Both agree on what a good row is, so that an error never changes the meaning of other rows.
"""

from __future__ import annotations

import os
import re
import warnings
from array import array
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from gdcore.inert import quoted
from gdcore.rows.files import DatasetError
from gdcore.rows.layout import UNCLOSED, Layout, filled, lines_of
from gdcore.rows.table import is_number, split, unclosed

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    Column: TypeAlias = NDArray[np.float64]
    Columns: TypeAlias = tuple[Column, Column]

LIMIT = 1e150
"""The largest magnitude of a value: the square of a larger one might overflow."""
TOLD = 3
"""Number of bad rows for which messages are kept."""
_FEW_LINES = 32
_FEW_BYTES = 1 << 16
"""For smaller blocks, reading from lines is faster than reading from a file in memory."""
_NEWLINE, _QUOTE = b'\n"'
_OTHER_SPACE = re.compile("[\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]")


class Skipped:
    """The bad rows that were left out.

    Attributes:
        count: how many.
        told: messages for the first of them.
    """

    def __init__(self, allowed: bool) -> None:
        self.allowed = allowed
        self.count = 0
        self.told: list[str] = []

    def add(self, error: DatasetError) -> None:
        """Count a bad row, or raise the error if none may be skipped."""
        if not self.allowed:
            raise error
        self.count += 1
        if len(self.told) < TOLD:
            self.told.append(str(error))


class Rows:
    """The rows read so far."""

    def __init__(self) -> None:
        self._parts: list[Columns] = []
        self._x, self._y = array("d"), array("d")
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def append(self, x: float, y: float) -> None:
        """Add a row."""
        self._x.append(x)
        self._y.append(y)
        self._count += 1

    def extend(self, columns: Columns) -> None:
        """Add rows."""
        self._gather()
        self._parts.append(columns)
        self._count += len(columns[0])

    def _gather(self) -> None:
        if self._x:
            self._parts.append((np.array(self._x), np.array(self._y)))
            self._x, self._y = array("d"), array("d")

    def columns(self) -> Columns:
        """Return both columns, once: the parts are freed while the columns are built."""
        self._gather()
        xs, ys = [x for x, _ in self._parts], [y for _, y in self._parts]
        self._parts.clear()
        return _joined(xs), _joined(ys)


def _joined(parts: list[Column]) -> Column:
    if len(parts) == 1:
        return parts[0]
    column = np.concatenate(parts) if parts else np.empty(0)
    parts.clear()
    return column


class _Scratch:
    """A file in memory, if the system has such files: NumPy reads a path faster than lines."""

    def __init__(self) -> None:
        self._file = -1

    def path(self, block: bytes) -> str:
        """Return the path of a file that holds the block until the next call; empty if there is none."""
        if not hasattr(os, "memfd_create"):
            return ""
        try:
            if self._file < 0:
                self._file = os.memfd_create("gdlab")
            os.pwrite(self._file, block, 0)
            os.ftruncate(self._file, len(block))
            path = f"/proc/self/fd/{self._file}"
            return path if os.stat(path).st_size == len(block) else ""  # noqa: PTH116 (a link that leads nowhere)
        except OSError:
            return ""

    def close(self) -> None:
        """Free the memory."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1


class Reader:
    """Reads the blocks of one file, in order, and adds their rows to `rows`."""

    def __init__(self, layout: Layout, chosen: tuple[int, int], rows: Rows, skipped: Skipped) -> None:
        self._layout = layout
        self._chosen = chosen
        self._rows = rows
        self._skipped = skipped
        self._line = 1
        self._one_by_one = False
        self._scratch = _Scratch()

    def __enter__(self) -> Reader:
        return self

    def __exit__(self, *_: object) -> None:
        self._scratch.close()

    def take(self, block: bytes) -> None:
        """Read the next block.

        Raises:
            DatasetError: there is a bad row, and none may be skipped.
        """
        lines = block.count(b"\n")
        first, self._line = self._line, self._line + lines
        header = self._layout.header
        if first <= header:
            # A header may follow comments; all lines up to it are not rows.
            parts = block.split(b"\n", header - first + 1)
            block, first = (parts[-1], header + 1) if len(parts) > header - first + 1 else (b"", first)
        # After a block that mostly had to be read line by line, the fast reader is not tried.
        slow = lines if self._one_by_one else 0
        slow = self._read_lines(block, first) if slow else self._read(block, first)
        self._one_by_one = slow * 2 > lines > _FEW_LINES

    def _read(self, block: bytes, first: int) -> int:
        """Read a part of a block; return how many of its lines had to be read one by one."""
        columns = read_fast(block, self._layout, self._chosen, self._scratch)
        if columns is not None:
            self._rows.extend(columns)
            return 0
        lines = block.count(b"\n")
        if lines <= _FEW_LINES:
            return self._read_lines(block, first)
        middle = block.find(b"\n", len(block) // 2) + 1
        if not 0 < middle < len(block):
            return self._read_lines(block, first)
        upper = block[:middle]
        return self._read(upper, first) + self._read(block[middle:], first + upper.count(b"\n"))

    def _read_lines(self, block: bytes, first: int) -> int:
        layout = self._layout
        lines = 0
        for number, line in lines_of(block, first, layout.file):
            lines += 1
            try:
                x, y = read_row(line, number, layout, self._chosen)
            except DatasetError as error:
                self._skipped.add(error)
            else:
                self._rows.append(x, y)
        return lines


def read_fast(block: bytes, layout: Layout, chosen: tuple[int, int], scratch: _Scratch) -> Columns | None:
    """Read both columns of a block with NumPy's C reader; None if its rows must be read one by one."""
    regular = regularized(block, layout)
    if regular is None:
        return None
    quotes = b'"' in regular
    if len(regular) > _FEW_BYTES and (path := scratch.path(regular)):
        return load_text(path, layout, chosen, quotes=quotes)
    try:
        lines = regular.decode("utf-8").split("\n")
    except UnicodeDecodeError:
        return None
    return load_text(lines, layout, chosen, quotes=quotes)


def load_text(
    text: Iterable[str] | str,
    layout: Layout,
    chosen: tuple[int, int],
    *,
    quotes: bool,
    whole: bool = False,
) -> Columns | None:
    """Read both columns with NumPy's C reader, from lines, from a file, or from a whole file with its header.

    Returns None if it finds a bad row.
    """
    # NumPy notices extra fields only if it reads all columns.
    two = len(layout.names) == 2
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            table = np.loadtxt(
                text,
                delimiter=layout.delimiter,
                skiprows=layout.header if whole else 0,
                usecols=None if two else chosen,
                encoding="utf-8-sig" if whole else "utf-8",
                ndmin=2,
                quotechar='"' if quotes else None,
            )
        except Exception:  # the other reader will find the error and report it better
            return None
    if not table.size:
        return np.empty(0), np.empty(0)
    if table.shape[1] != 2 or not (table.min() >= -LIMIT and table.max() <= LIMIT):
        return None
    first, second = chosen if two else (0, 1)
    return np.ascontiguousarray(table[:, first]), np.ascontiguousarray(table[:, second])


def regularized(block: bytes, layout: Layout) -> bytes | None:
    """Make NumPy split the lines of a block exactly as `table.split` does; None if that is not possible.

    NumPy lets quotes span lines, allows no space before them, and ignores extra fields when it reads only some columns.
    """
    quotes = b'"' in block
    count_fields = len(layout.names) > 2
    mark = layout.delimiter
    if not quotes and (not count_fields or mark is not None):
        return None if count_fields and mark and _has_wide_line(block, mark.encode(), len(layout.names)) else block
    if mark is None and not block.isascii() and _OTHER_SPACE.search(block.decode("utf-8", "replace")):
        return None
    if mark is not None and (b' "' in block or b'\t"' in block):
        for before in (mark.encode(), b"\n"):
            block = re.sub(before + rb'[ \t]+"', before + b'"', block)
    data = np.frombuffer(block if block.endswith(b"\n") else block + b"\n", np.uint8)
    is_end = data == _NEWLINE
    # Bytes outside fields: delimiters, or white space (and controls, which no number has), and line ends.
    between = data <= ord(" ") if mark is None else (data == ord(mark)) | is_end
    ends = np.flatnonzero(is_end)
    quoted_at = np.flatnonzero(data == _QUOTE) if quotes else np.empty(0, np.intp)
    if quotes and (not _well_quoted(quoted_at, between) or (np.searchsorted(quoted_at, ends) & 1).any()):
        return None
    if count_fields:
        # A field ends at each delimiter, or where white space begins, unless inside quotes.
        if mark is None:
            between[1:] &= ~between[:-1]
            between[0] = False
        stops = np.flatnonzero(between)
        if quotes:
            stops = stops[np.searchsorted(quoted_at, stops) & 1 == 0]
        if np.diff(np.searchsorted(stops, ends, side="right"), prepend=0).max() > len(layout.names):
            return None
    return block


def _well_quoted(at: NDArray[np.intp], between: NDArray[np.bool_]) -> bool:
    """Tell whether each quote opens at the start of a field or closes at the end of one."""
    if len(at) % 2:
        return False
    opening, closing = at[::2], at[1::2]
    # Inside quotes, two quotes in a row stand for one.
    doubled = closing[:-1] + 1 == opening[1:]
    opens = (opening == 0) | between[opening - 1]
    closes = between[closing + 1]
    opens[1:] |= doubled
    closes[:-1] |= doubled
    return bool((opens & closes).all())


def _has_wide_line(block: bytes, mark: bytes, columns: int) -> bool:
    """Tell whether a line has too many delimiters: a quick check for a block without quotes."""
    # Keep only delimiters and line ends: too long a run of delimiters is the error.
    others = bytes(set(range(256)) - set(b"\n" + mark))
    return mark * columns in block.translate(None, others)


def read_row(line: str, number: int, layout: Layout, chosen: tuple[int, int]) -> list[float]:
    """The two numbers of a line.

    Raises:
        DatasetError: they are missing or are not finite numbers.
    """
    fields = split(line, layout.delimiter)
    width = len(layout.names)
    if '"' in line and unclosed(line, layout.delimiter):
        raise DatasetError(f"{layout.file}, line {number}: {UNCLOSED}")
    if any(fields[width:]):
        fault = f"there are {filled(fields)} fields for {width} columns"
        raise DatasetError(f"{layout.file}, line {number}: {fault}; correct the line or skip bad rows")
    values = []
    for column in chosen:
        text = fields[column] if column < len(fields) else ""
        if not is_number(text) or abs(value := float(text)) > LIMIT:
            where = f"{layout.file}, line {number}, column {quoted(layout.names[column])}"
            raise DatasetError(f"{where}: {fault_of(text)}")
        values.append(value)
    return values


def fault_of(text: str) -> str:
    """Return what is wrong with a text that should be a number, and what to do; an empty text is missing."""
    if not text:
        return "the number is missing; write it or skip bad rows"
    if is_number(text):
        return f"{quoted(text)} is too large, its square overflows; use a larger unit, so that it is below {LIMIT:g}"
    if re.fullmatch(r"[+-]?(?:nan|inf|infinity)", text, re.ASCII | re.IGNORECASE):
        return f"{quoted(text)} is not a finite number; correct it or skip bad rows"
    if re.fullmatch(r"[+-]?[1-9]\d{0,2}(?:,\d{3})+(?:\.\d*)?", text):
        return f"{quoted(text)} is not a number; write thousands without commas, and a decimal point for a comma"
    if re.fullmatch(r"[+-]?[\d.]*,[\d.,]*\d(?:[eE][+-]?\d+)?", text):
        return f"{quoted(text)} is not a number; write a decimal point, not a comma"
    return f"{quoted(text)} is not a number; correct it or skip bad rows"
