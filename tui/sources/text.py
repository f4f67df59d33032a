"""Large text files read by DuckDB: fast, in constant memory, and only if they contain no errors.

gdcore defines what a table in text is. DuckDB is told the layout that gdcore found, and that the two columns are
numbers. If it fails, or finds a missing or infinite value, gdcore reads the files instead and reports the error, so
that bad rows are counted and reported in the same way.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from gdcore.rows.dataset import layout_of
from gdcore.rows.engine import measure
from gdcore.rows.files import BLOCK, DatasetError, Input
from gdcore.rows.layout import lines_of
from gdcore.rows.reader import read_row
from tui.sources.duck import VIEW, DuckTable, as_list, connect, identifier, literal
from tui.sources.held import held

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from gdcore.rows.dataset import Dataset, Origin, Watch
    from gdcore.rows.layout import Layout
    from gdcore.rows.reader import Columns

_LINE = 1 << 12
"""Number of bytes read around a place in a file to find a sample line."""


class TextTable(DuckTable):
    """Text files with one layout; no rows are kept in memory."""

    kept = 0
    files: Sequence[tuple[Path, int]] = ()
    layout: Layout
    chosen: tuple[int, int]

    def sample(self, x: str, y: str, rows: int, seed: int) -> Columns:
        """Return rows at random places in the files; the chance of a line grows with the length of the one before."""
        if not self.files:
            return super().sample(x, y, rows, seed)
        sizes = [size for _, size in self.files]
        places = np.sort(np.random.default_rng(seed).integers(0, sum(sizes), rows))
        found: dict[tuple[int, int], list[float]] = {}
        start = 0
        for number, (path, size) in enumerate(self.files):
            with path.open("rb") as file:
                for place in places[(places >= start) & (places < start + size)]:
                    file.seek(int(place - start))
                    _, end, rest = file.read(_LINE).partition(b"\n")
                    line, whole, _ = rest.partition(b"\n")
                    if not end or not whole:
                        continue
                    for at, text in lines_of(line, self.layout.header + 1, self.name):
                        # Skip the header and lines that are not rows.
                        try:
                            found[number, int(place) + len(_)] = read_row(text, at, self.layout, self.chosen)
                        except DatasetError:
                            continue
            start += size
        columns = np.array(list(found.values()), np.float64).reshape(-1, 2)
        return columns[:, 0].copy(), columns[:, 1].copy()


def _rows(paths: Sequence[Path], layout: Layout) -> int:
    """Count the rows if each line is one; if DuckDB finds another number, it reads the files differently."""
    lines = 0
    for path in paths:
        last = b"\n"
        with path.open("rb", buffering=0) as file:
            while block := file.read(BLOCK):
                lines += block.count(b"\n")
                last = block
        lines += (not last.endswith(b"\n")) - bool(layout.header)
    return lines


def measured_text(
    paths: Sequence[Path],
    name: str,
    origin: Origin,
    wanted: tuple[str | int | None, str | int | None],
    watch: Watch | None,
) -> Dataset | None:
    """Measure text files through DuckDB.

    Returns:
        What was measured; None if gdcore has to read the files.
    """
    layouts, files, packings = [], [], set()
    for path in paths:
        with Input(path) as file:
            layouts.append(layout_of(file))
            packings.add(file.packing)
            if file.plain:
                files.append((path, file.size))
    layout = layouts[0]
    # The lines that DuckDB skips do not include comments and blank lines.
    if len(packings) > 1 or not packings <= {"", "gzip", "zstd"} or layout.header > 1:
        return None
    alike = {(one.delimiter, one.header, one.names) for one in layouts}
    if len(alike) > 1 or layout.delimiter is None or len(set(layout.names)) < len(layout.names):
        return None
    chosen = layout.choose(*wanted)
    if chosen[0] == chosen[1] or not set(chosen) <= set(layout.numeric):
        return None
    packing = packings.pop() or "none"

    def opened(watch: Watch | None) -> TextTable:
        connection = connect()
        try:
            connection.con.execute(f"CREATE TEMP VIEW {VIEW} AS {_query(paths, layout, chosen, packing)}")
            table = TextTable(connection, connection.table(VIEW), name, origin, watch)
        except BaseException:
            connection.disconnect()
            raise
        table.files = files if len(files) == len(paths) else ()
        table.layout, table.chosen = layout, chosen
        table.numeric = layout.numeric
        return table

    table = None
    try:
        table = opened(watch)
        data = measure(table, chosen[0] + 1, chosen[1] + 1)
        if table.files and data.rows != _rows(paths, layout):
            return None
        return held(data, table, partial(opened, None))
    except Exception as error:
        foreign = type(error).__module__.startswith(("duckdb", "_duckdb", "ibis"))
        if isinstance(error, DatasetError) or foreign:
            return None
        raise
    finally:
        if table is not None:
            table.close()


def _query(paths: Sequence[Path], layout: Layout, chosen: tuple[int, int], packing: str) -> str:
    """What tells DuckDB the layout that gdcore found."""
    columns = ", ".join(f"'c{i}': '{'DOUBLE' if i in chosen else 'VARCHAR'}'" for i in range(len(layout.names)))
    kept = ", ".join(f"c{i} AS {identifier(name)}" for i, name in enumerate(layout.names))
    return (
        f"SELECT {kept} FROM read_csv({as_list([str(path) for path in paths])}, "
        f"delim = '{literal(layout.delimiter or '')}', quote = '\"', escape = '\"', comment = '#', header = false, "
        f"skip = {layout.header}, auto_detect = false, compression = '{packing}', columns = {{{columns}}})"
    )
