"""The layout of a text file of columns, from its first lines: delimiter, header, which columns hold numbers."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gdcore.inert import inert, quoted
from gdcore.rows.files import DatasetError, binary
from gdcore.rows.table import find_delimiter, has_header, numeric_columns, split, unclosed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

SAMPLE = 50
"""Number of lines from which the layout is detected."""
# Where surrogateescape puts bytes that are not UTF-8; valid UTF-8 never decodes to these.
_STRAY_BYTE = re.compile("[\udc80-\udcff]")


def lines_of(block: bytes, number: int, name: str) -> Iterator[tuple[int, str]]:
    """Yield each line of a block that is not blank and not a comment, with its number; the first has `number`.

    Raises:
        DatasetError: a line is not UTF-8.
    """
    for at, line in enumerate(block.decode("utf-8", "surrogateescape").split("\n"), number):
        if not line.isascii() and (stray := _STRAY_BYTE.search(line)):
            byte = ord(stray[0]) - 0xDC00
            raise DatasetError(f"{name}, line {at}: the byte 0x{byte:02x} is not UTF-8; save the file as UTF-8")
        if "\0" in line:
            raise DatasetError(binary(name))
        content = line.lstrip()
        if content and content[0] != "#":
            yield at, line


@dataclass(frozen=True, slots=True)
class Layout:
    """How a file is laid out.

    Attributes:
        file: what the file is called.
        delimiter: what separates its columns; None is any run of white space.
        header: the number of the line that names the columns; 0 where there is none.
        names: the names of all the columns, in order.
        numeric: the columns of numbers, counted from 0.
    """

    file: str
    delimiter: str | None
    header: int
    names: tuple[str, ...]
    numeric: tuple[int, ...]

    @classmethod
    def of(cls, sample: Sequence[tuple[int, str]], file: str) -> Layout:
        """Detect the layout from the first lines and their numbers.

        Raises:
            DatasetError: they do not form a table with two columns and a row.
        """
        if not sample:
            raise DatasetError(f"{file} is empty; it needs two columns of numbers")
        delimiter = find_delimiter([line for _, line in sample])
        rows = [split(line, delimiter) for _, line in sample]
        header = sample[0][0] if has_header(rows) else 0
        if header and unclosed(sample[0][1], delimiter):
            raise DatasetError(f"{file}, line {header}: {UNCLOSED}")
        names = rows.pop(0) if header else [""] * max(widths := [len(row) for row in rows], key=widths.count)
        if not rows:
            raise DatasetError(f"{file} has a header and no rows; add at least two rows of numbers")
        narrow, wide = min(map(filled, rows)), max(map(filled, rows))
        if header and (narrow > len(names) or (delimiter is None and wide < len(names))):
            fault = f"the header has {count(len(names), 'name')} for rows of {count(narrow, 'field')}"
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
        """Choose the columns x and y, counted from 0.

        Raises:
            DatasetError: there is no such column, or not two of numbers.
        """
        return choose(self.file, self.names, self.numeric, x, y)


def choose(
    file: str, names: Sequence[str], numeric: Sequence[int], x: str | int | None, y: str | int | None
) -> tuple[int, int]:
    """Choose two of the named columns, counted from 0: by name, by number from 1, or the first that hold numbers.

    Raises:
        DatasetError: there is no such column, or not two of numbers.
    """
    wanted = [None if choice is None else _column(file, names, choice) for choice in (x, y)]
    others = [column for column in numeric if column not in wanted]
    if wanted.count(None) > len(others):
        which = f"only one column of numbers, {quoted(names[numeric[0]])}" if numeric else ""
        raise DatasetError(f"{file} has {which or 'no column of numbers'}; it needs two")
    first, second = (others.pop(0) if column is None else column for column in wanted)
    return first, second


def _column(file: str, all_names: Sequence[str], choice: str | int) -> int:
    text = str(choice).strip()
    for names in (list(all_names), list(map(inert, all_names))):
        if isinstance(choice, str) and text in names:
            return names.index(text)
    if re.fullmatch("[0-9]{1,9}", text) and 1 <= int(text) <= len(all_names):
        return int(text) - 1
    what = quoted(choice) if isinstance(choice, str) else text
    known = ", ".join(quoted(name) for name in all_names[:8])
    more = f" and {len(all_names) - 8} more" if len(all_names) > 8 else ""
    raise DatasetError(f"{file} has no column {what}; choose one of {known}{more}")


UNCLOSED = "a quote is opened and not closed where its field ends; close it or skip bad rows"


def filled(row: Sequence[str]) -> int:
    """Count the fields of a row, without empty ones at its end."""
    return max((i for i, field in enumerate(row, 1) if field), default=0)


def count(number: int, noun: str) -> str:
    """Format a number with its noun: 1 row, 2 rows."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
