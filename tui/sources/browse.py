"""Listing files for a dialog: the entries of a folder, and a preview of a file.

Everything is plain data without widgets: the dialog shows it and returns the choice.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from gdcore.inert import inert
from gdcore.rows.dataset import Origin, head_of
from gdcore.rows.files import DatasetError, Input, find, unreadable
from gdcore.rows.layout import Layout
from gdcore.rows.table import split
from tui.sources.kinds import KINDS, SUFFIXES, kind_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

FIRST_ROWS = 5
"""Number of rows shown in a preview."""
MOST_ENTRIES = 5000
"""Maximum number of entries shown of a folder."""
_UNITS = ("B", "kB", "MB", "GB", "TB", "PB")


@dataclass(frozen=True, slots=True)
class Entry:
    """A file or a folder in a list.

    Attributes:
        path: where it is.
        name: its name, safe to print; of a folder with a slash behind it.
        kind: "folder", or what kind of data by its name, as in `kinds.KINDS`; empty where the name does not tell.
        size: its bytes; 0 for a folder.
    """

    path: Path
    name: str
    kind: str
    size: int

    @property
    def detail(self) -> str:
        """Kind and size in a few characters.

        >>> Entry(Path("t.parquet"), "t.parquet", "parquet", 1_234_567).detail
        'Parquet, 1.2 MB'
        """
        if self.kind == "folder":
            return "folder"
        return ", ".join(filter(None, (KINDS.get(self.kind, ""), sized(self.size))))


def sized(size: int) -> str:
    """Bytes for a person, in powers of 1000.

    >>> sized(0), sized(999), sized(1000), sized(123_456_789)
    ('0 B', '999 B', '1.0 kB', '123 MB')
    """
    number = float(size)
    for unit in _UNITS:
        if number < 999.5 or unit == _UNITS[-1]:
            break
        number /= 1000
    return f"{number:.0f} {unit}" if unit == "B" or number >= 99.95 else f"{number:.1f} {unit}"


def entries(folder: Path, *, hidden: bool = False) -> list[Entry]:
    """The folders and then the files of a folder, by name; without those that are hidden, nor pipes and devices.

    Raises:
        DatasetError: it cannot be listed, with a sentence.
    """
    found = []
    try:
        with os.scandir(folder) as listing:
            for item in islice(listing, MOST_ENTRIES):
                if item.name.startswith(".") and not hidden:
                    continue
                entry = _entry(item)
                if entry:
                    found.append(entry)
    except OSError as error:
        raise DatasetError(unreadable(str(folder), error)) from error
    return sorted(found, key=lambda entry: (entry.kind != "folder", entry.name.casefold(), entry.name))


def _entry(item: os.DirEntry[str]) -> Entry | None:
    path = Path(item.path)
    try:
        if item.is_dir():
            return Entry(path, inert(item.name) + "/", "folder", 0)
        if item.is_file():
            suffixes = [suffix.lower() for suffix in path.suffixes]
            kind = next((SUFFIXES[suffix] for suffix in reversed(suffixes) if suffix in SUFFIXES), "")
            return Entry(path, inert(item.name), kind, item.stat().st_size)
    except OSError:  # a broken link, or a file that was just deleted
        return None
    return None


def filtered(found: Iterable[Entry], typed: str) -> list[Entry]:
    """Return the entries whose name contains all typed words; those that begin with the text come first.

    >>> names = ["sales-2025.csv", "old sales.csv", "notes.txt"]
    >>> [entry.name for entry in filtered([Entry(Path(name), name, "text", 1) for name in names], "Sal")]
    ['sales-2025.csv', 'old sales.csv']
    """
    words = typed.casefold().split()
    fits = [entry for entry in found if all(word in entry.name.casefold() for word in words)]
    return sorted(fits, key=lambda entry: not entry.name.casefold().startswith(typed.casefold()))


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a file.

    Attributes:
        name: its name, safe to print.
        kind: "number", "text", or as an engine calls it.
        numeric: whether it can be x or y.
    """

    name: str
    kind: str
    numeric: bool


@dataclass(frozen=True, slots=True)
class Preview:
    """What is in a file or a table.

    Attributes:
        columns: its columns, in order.
        rows: its first rows, as text that is safe to print, a value for each column.
        tables: the tables of a database, of which the one shown is the first or the one asked for; empty for a file.
    """

    columns: Sequence[Column]
    rows: Sequence[Sequence[str]]
    tables: Sequence[str] = ()

    @property
    def numeric(self) -> list[str]:
        """The names of the columns that can be x or y."""
        return [column.name for column in self.columns if column.numeric]


def preview(path: Path, table: str = "") -> Preview:
    """The columns and the first rows of a file, or of a table of a DuckDB file.

    Raises:
        DatasetError: it cannot be read, or is no table, with a sentence.
    """
    kind = kind_of(path)
    if kind in {"", "text"}:
        return _preview_of_text(path)
    from tui.sources.duck import DuckTable, open_database, open_files, tables_of  # noqa: PLC0415

    tables: Sequence[str] = ()
    if kind == "duckdb":
        tables = tables_of(path)
        if not tables:
            raise DatasetError(f"{inert(path.name)} has no tables; it needs one")
        shown: DuckTable = open_database(path, inert(path.name), Origin((str(path),), table or tables[0]))
    else:
        shown = open_files([str(path)], inert(path.name), Origin((str(path),)))
    try:
        rows = shown.first_rows(FIRST_ROWS)
    finally:
        shown.close()
    kinds = zip(shown.columns, shown.kinds, strict=True)
    columns = [Column(inert(name), _plain(kind), i in shown.numeric) for i, (name, kind) in enumerate(kinds)]
    return Preview(columns, [["" if value is None else inert(str(value)) for value in row] for row in rows], tables)


def _plain(kind: str) -> str:
    """How a type is called where people read it."""
    for beginning, plain in (("int", "number"), ("uint", "number"), ("float", "number"), ("decimal", "number")):
        if kind.startswith(beginning):
            return plain
    return {"string": "text"}.get(kind, inert(kind))


def _preview_of_text(path: Path) -> Preview:
    try:
        with Input(find(str(path))) as file:
            _, sample = head_of(file.blocks(), file)
            layout = Layout.of(sample, file.name)
    except OSError as error:
        raise DatasetError(unreadable(str(path), error)) from error
    kinds = ["number" if i in layout.numeric else "text" for i in range(len(layout.names))]
    columns = [Column(inert(name), kind, kind == "number") for name, kind in zip(layout.names, kinds, strict=True)]
    below = [split(line, layout.delimiter) for number, line in sample if number > layout.header][:FIRST_ROWS]
    return Preview(columns, [[inert(field) for field in (row + [""] * len(columns))[: len(columns)]] for row in below])
