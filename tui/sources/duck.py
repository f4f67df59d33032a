"""Files that DuckDB reads: Parquet, Arrow, JSON lines, text, folders of them, and its own databases."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from functools import cache
from glob import glob
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from gdcore.inert import inert, quoted, quoted_path
from gdcore.rows.files import DatasetError, WhichTableError, is_pattern
from tui.sources.engine import EngineTable, needs, run
from tui.sources.kinds import SUFFIXES, kind_of_all, one_kind

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from gdcore.landscapes.columns import Numbers
    from gdcore.rows.dataset import Origin, Watch
    from gdcore.rows.reader import Columns

MEMORY = "128MB"
"""Memory limit of DuckDB, without mapped files: sums need little."""
KEPT = 1_000_000
"""Maximum number of rows that are loaded whole, for studies that need the rows."""
ONLY = "GDLAB_ONLY"
"""Where this variable of the environment is set, other files must not be read (see `tui.laboratory.reach`)."""
VIEW = "gdlab_rows"
"""The internal name of the measured rows."""


class DuckTable(EngineTable):
    """A table or files in an embedded DuckDB."""

    kept = KEPT
    numbered: tuple[str, str] | None = None
    """What SQL calls the rows that have positions, and these; None where they have none."""

    def fetch(self, query: str) -> Sequence[Sequence[Any]]:
        """Run a query and return its rows."""
        return self._connection.con.execute(query).fetchall()  # type: ignore[no-any-return]

    def interrupt(self) -> None:
        """Cancel the running query, from another thread."""
        self._connection.con.interrupt()

    def share(self) -> float | None:
        """How much of the query that runs is done, from 0 to 1."""
        percent = float(self._connection.con.query_progress())
        return percent / 100 if 0 <= percent <= 100 else None

    def sentence(self, error: Exception) -> str:
        """What went wrong."""
        return said(error)

    def sample(self, x: str, y: str, rows: int, seed: int) -> Columns:
        """Return a uniform random sample of the good rows; all of them if there are fewer."""
        query = self._compiled(self._good(x, y))
        chosen = f"SELECT x, y FROM ({query}) USING SAMPLE reservoir({rows} ROWS) REPEATABLE ({seed})"
        return self._numpy(chosen)

    def total(self, value: Any) -> Any:
        """The sum of a column, by Kahan: in whatever order its threads add, next to nothing is lost."""
        return _fsum()(value)

    def at(self, columns: tuple[str, str], positions: Numbers) -> Columns | None:
        """Both columns of the rows at these positions, in this order; None where not all of them are there."""
        if self.numbered is None:
            return super().at(columns, positions)
        rows, position = self.numbered
        x_name, y_name = map(identifier, columns)
        chosen = f"CAST({x_name} AS DOUBLE) AS x, CAST({y_name} AS DOUBLE) AS y"
        # As a list, and not as a value, it tells DuckDB which parts of a file to leave unread.
        wanted = f"SELECT unnest({positions.tolist()}) AS gdlab_wanted"
        found = self._fetched(
            f"SELECT {position} AS place, {chosen} FROM {rows} SEMI JOIN ({wanted}) AS w ON gdlab_wanted = {position}"
        )
        if len(found["place"]) != len(positions):
            return None
        back = np.empty(len(positions), np.intp)
        back[np.argsort(positions)] = np.argsort(found["place"])
        x, y = (np.ma.filled(np.ma.asarray(found[name], np.float64), np.nan)[back] for name in "xy")
        return x, y

    def _columns(self, expression: Any) -> Columns:
        return self._numpy(self._compiled(expression))

    def _numpy(self, query: str) -> Columns:
        found = self._fetched(query)
        x, y = (np.ma.filled(np.ma.asarray(found[name], np.float64), np.nan) for name in ("x", "y"))
        return np.ascontiguousarray(x), np.ascontiguousarray(y)

    def _fetched(self, query: str) -> Any:
        return run(lambda: self._connection.con.execute(query).fetchnumpy(), self)


@cache
def _fsum() -> Any:
    """DuckDB's own sum by Kahan, which ibis has not."""
    from ibis import udf  # noqa: PLC0415

    def fsum(value: float) -> float:  # type: ignore[empty-body]
        """The sum of a column."""

    return udf.agg.builtin(fsum, signature=(("float64",), "float64"))


def said(error: Exception) -> str:
    """Return DuckDB's own error message in one line."""
    text = str(error).strip().split("\n")[0]
    return inert(re.sub(r"^[A-Za-z ]+ Error: ", "", text))[:300]


def connect(database: Path | None = None) -> Any:
    """Open an embedded DuckDB with a memory limit.

    Raises:
        DatasetError: it is not installed, or the database cannot be opened.
    """
    what = "a file that is no text" if database is None else "a DuckDB file"
    needs("duckdb", "data", what)
    ibis = needs("ibis", "data", what)
    try:
        connection = ibis.duckdb.connect() if database is None else ibis.duckdb.connect(str(database), read_only=True)
    except Exception as error:
        raise DatasetError(f"{quoted_path(str(database or 'DuckDB'))} cannot be opened: {said(error)}") from None
    from tempfile import gettempdir  # noqa: PLC0415

    for setting in (
        f"memory_limit = '{MEMORY}'",
        f"temp_directory = '{literal(gettempdir())}'",
        "enable_progress_bar = true",
        "enable_progress_bar_print = false",
    ):
        connection.con.execute(f"SET {setting}")
    return connection


def literal(text: str) -> str:
    """Quote a text for SQL."""
    return text.replace("'", "''")


def identifier(name: str) -> str:
    """A name between the quotes of SQL."""
    return '"' + name.replace('"', '""') + '"'


def as_list(paths: Sequence[str]) -> str:
    """Paths as a list of SQL."""
    return "[" + ", ".join(f"'{literal(path)}'" for path in paths) + "]"


def open_files(paths: Sequence[str], name: str, origin: Origin, watch: Watch | None = None) -> DuckTable:
    """Files of one kind as a table.

    Args:
        paths: files, patterns, or folders of partitions (`year=2026/...`), whose names become columns.
        name: what they are called, safe to print.
        origin: where they can be had again; its query, if there is one, is asked of them as the table `data`.
        watch: as for `gdcore.rows.dataset.load`.

    Raises:
        DatasetError: they cannot be read, or the query cannot be answered.
    """
    connection = connect()
    query = _files(connection, paths, name) if paths else ""
    if origin.query:
        if query:
            _execute(connection, f"CREATE TEMP VIEW data AS {query}", name)
        query = origin.query.strip().rstrip(";")
    table = _table(connection, query, name, origin, watch)
    one = len(paths) == 1 and not is_pattern(paths[0]) and not Path(paths[0]).is_dir()
    if one and not origin.query and kind_of_all(paths[0]) == "parquet":
        table.numbered = f"read_parquet({as_list(paths)}, file_row_number = true)", "file_row_number"
    return table


def _table(connection: Any, query: str, name: str, origin: Origin, watch: Watch | None) -> DuckTable:
    _execute(connection, f"CREATE TEMP VIEW {VIEW} AS {query}", name)
    return DuckTable(connection, connection.table(VIEW), name, origin, watch)


def _files(connection: Any, paths: Sequence[str], name: str) -> str:
    """The query that reads files of one kind."""
    kind = one_kind("these files", {kind_of_all(path) for path in paths}) or "text"
    places = [_within(path, kind) for path in paths]
    if kind == "arrow":
        return _arrow(connection, places, name)
    read = {"parquet": "read_parquet", "json": "read_json"}.get(kind, "read_csv")
    more = ", union_by_name = true" if len(places) > 1 or is_pattern(places[0]) else ""
    partitions = ", hive_partitioning = true" if any(Path(path).is_dir() for path in paths) else ""
    return f"SELECT * FROM {read}({as_list(places)}{more}{partitions})"


def _within(path: str, kind: str) -> str:
    if not Path(path).is_dir():
        return path
    suffixes = [suffix for suffix, other in SUFFIXES.items() if other == kind]
    suffix = next((one for one in suffixes if any(Path(path).rglob(f"*{one}*"))), "")
    return os.path.join(path, "**", f"*{suffix}*")  # noqa: PTH118 (a pattern)


def _arrow(connection: Any, paths: Sequence[str], name: str) -> str:
    dataset = needs("pyarrow.dataset", "data", "an Arrow file")
    files = [file for path in paths for file in (sorted(glob(path, recursive=True)) or [path])]  # noqa: PTH207
    try:
        connection.con.register("gdlab_arrow", dataset.dataset(files, format="ipc"))
    except Exception as error:
        raise DatasetError(f"{name} cannot be read: {said(error)}") from None
    return "SELECT * FROM gdlab_arrow"


def _execute(connection: Any, query: str, name: str) -> None:
    try:
        connection.con.execute(query)
    except Exception as error:
        raise DatasetError(f"{name} cannot be read: {said(error)}") from None


def _tables(connection: Any) -> dict[str, tuple[str, str]]:
    """The schema and the name of each table, by what it is called: that of another schema than main schema.table."""
    # ibis asks in a way that not every version of DuckDB answers.
    found = connection.con.execute(
        "SELECT table_schema, table_name, table_type FROM information_schema.tables "
        "WHERE table_catalog = current_database() ORDER BY table_schema <> 'main', 1, 2"
    ).fetchall()
    known: dict[str, tuple[str, str]] = {}
    for schema, name, kind in found:
        if kind == "VIEW" and ONLY in os.environ:
            continue  # a view can read any file
        called = name if schema == "main" else f"{schema}.{name}"
        known[called if called not in known else _place(schema, name)] = schema, name
    return known


def _place(schema: str, table: str) -> str:
    return f"{identifier(schema)}.{identifier(table)}"


def tables_of(path: Path) -> list[str]:
    """The tables of a DuckDB file, as `Origin.table` names them.

    Raises:
        DatasetError: it cannot be opened.
    """
    connection = connect(path)
    try:
        return list(_tables(connection))
    finally:
        connection.disconnect()


def open_database(path: Path, name: str, origin: Origin, watch: Watch | None = None) -> DuckTable:
    """A table of a DuckDB file: the one that its origin names, the only one, or what the query of the origin gives.

    Raises:
        DatasetError: it cannot be opened.
        WhichTableError: it has several tables, and none is named.
    """
    connection = connect(path)
    if origin.query:
        return _table(connection, origin.query.strip().rstrip(";"), name, origin, watch)
    known = _tables(connection)
    listed = ", ".join(map(quoted, list(known)[:8]))
    if not known:
        raise DatasetError(f"{name} has no tables; it needs one")
    if not origin.table and len(known) > 1:
        raise WhichTableError(f"{name} has {len(known)} tables; choose one of {listed}", "with --table")
    table = _called(origin.table, known) if origin.table else next(iter(known))
    if table is None:
        raise DatasetError(f"{name} has no table {quoted(origin.table)}; its tables: {listed}")
    schema, bare = known[table]
    try:
        chosen = connection.table(bare, database=(connection.current_catalog, schema))
    except Exception as error:
        raise DatasetError(f"{name}: the table {quoted(table)} cannot be read: {said(error)}") from None
    opened = DuckTable(connection, chosen, name, replace(origin, table=table), watch)
    if _is_whole(connection, _place(schema, bare)):
        opened.numbered = _place(schema, bare), "rowid"
    return opened


def _called(table: str, known: Iterable[str]) -> str | None:
    """Which of the tables is meant: DuckDB tells no small letters from capitals, and main need not be named."""
    if table in known:
        return table
    ways = table.casefold(), table.casefold().removeprefix("main.")
    return next((called for called in known if called.casefold() in ways), None)


def _is_whole(connection: Any, place: str) -> bool:
    """Whether the rows of a table are numbered without a gap: it is no view, and none was deleted from it."""
    try:
        found = connection.con.execute(f"SELECT count(*), min(rowid), max(rowid) FROM {place}").fetchone()
    except Exception:
        return False
    return bool(found[0]) and tuple(found[1:]) == (0, found[0] - 1)
