"""Loading of data from any place: the one function that the app and the command line use.

Text is read by gdcore. Other kinds, and very large text, are read by an engine, which is imported only then.
"""

from __future__ import annotations

import os
import re
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from gdcore.inert import inert, quoted_path
from gdcore.rows import dataset
from gdcore.rows.dataset import Origin
from gdcore.rows.files import SHIPPED, STANDARD_INPUT, DatasetError, find, find_all, is_pattern, no_file, unreadable
from tui.sources.kinds import kind_of_all, one_kind

if TYPE_CHECKING:
    from collections.abc import Callable

    from gdcore.rows.dataset import Dataset, Watch
    from tui.sources.engine import EngineTable

ENGINES = ("text", "duckdb", "postgres", "spark")
"""The readers of data: gdcore itself (text), or an engine."""
LARGE = 1 << 28
"""Minimum size in bytes of text that is read with DuckDB, if it is installed."""
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")


def load(
    origin: Origin,
    x: str | int | None = None,
    y: str | int | None = None,
    *,
    skip_bad_rows: bool = False,
    watch: Watch | None = None,
) -> Dataset:
    """Load two columns of numbers: all rows or, if there are too many, their moments and a sample.

    Args:
        origin: files, patterns, folders or the address of a server, with a table or a query where one is needed.
        x: the name of a column, or its number counted from 1. Without it, the first column of numbers that is not y.
        y: likewise. Without it, the first column of numbers that is not x.
        skip_bad_rows: skip and count rows that cannot be used, instead of refusing the data.
        watch: called from time to time with the progress. An exception that it raises ends the loading.

    Raises:
        DatasetError: with a sentence, if the data cannot be loaded.
    """
    # Imported here, as none of it is needed for a small text file.
    if origin.engine and origin.engine not in ENGINES:
        raise DatasetError(f"there is no engine {inert(origin.engine)!r}; choose from {', '.join(ENGINES)}")
    place = origin.places[0] if origin.places else ""
    if not (origin.places or origin.query or origin.engine == "spark"):
        raise DatasetError("which data are meant? name a file, or the address of a database")
    if origin.table and origin.query:
        raise DatasetError("a table and a query cannot both be given: the query names its tables itself")
    if _URL.match(place):
        if len(origin.places) > 1:
            raise DatasetError("several places cannot be read as one where one of them is a server")
        return _from_server(origin, x, y, skip_bad_rows, watch)
    if origin.engine == "postgres":
        raise DatasetError("the engine postgres needs the address of a server: postgresql://host/database")
    if origin.engine == "spark":
        from tui.sources.spark import open_spark  # noqa: PLC0415

        return _measured(partial(open_spark, _absolute(origin)), watch, x, y, skip_bad_rows)
    try:
        return _from_files(origin, x, y, skip_bad_rows, watch)
    except OSError as error:  # wherever it arises: a name that is too long, a folder that may not be looked into
        raise DatasetError(unreadable(str(error.filename or place), error)) from error


def _from_files(
    origin: Origin, x: str | int | None, y: str | int | None, skip_bad_rows: bool, watch: Watch | None
) -> Dataset:
    if len(origin.places) > 1 and any(place in STANDARD_INPUT for place in origin.places):
        raise DatasetError("standard input cannot be read together with files; name it alone, or files alone")
    places = [place for place in origin.places if place not in SHIPPED]
    for place in places:
        if "\0" in place or not place:
            raise DatasetError(no_file(place))
    kinds = {kind_of_all(str(find(place))) for place in places if place not in STANDARD_INPUT}
    if "duckdb" not in kinds:
        one_kind("these files", kinds)
    elif len(origin.places) > 1 or len(find_all(places)[1]) > 1:
        raise DatasetError("several places cannot be read as one where one of them is a database")
    if origin.table and "duckdb" not in kinds:
        raise DatasetError(f"only a database has tables to choose from, and {named(origin)} is none")
    folder = any(Path(find(place)).is_dir() for place in places)
    plain = kinds <= {"text", ""} and not (folder and kinds == {"text"})
    if origin.engine == "text" or (plain and not origin.query):
        return _text(origin, x, y, skip_bad_rows, watch)
    origin = _absolute(origin)
    for place in origin.places:
        if not os.path.lexists(place):
            if not is_pattern(place):
                raise DatasetError(no_file(place))
            find_all(place)
    from tui.sources.duck import open_database, open_files  # noqa: PLC0415

    if "duckdb" in kinds:
        return _measured(
            partial(open_database, find_all(origin.places)[1][0], named(origin), origin), watch, x, y, skip_bad_rows
        )
    return _measured(partial(open_files, origin.places, named(origin), origin), watch, x, y, skip_bad_rows)


def _text(
    origin: Origin, x: str | int | None, y: str | int | None, skip_bad_rows: bool, watch: Watch | None
) -> Dataset:
    """Read text files: large ones with an engine if they have no errors, else with gdcore, which can report errors."""
    if any(place in STANDARD_INPUT for place in origin.places):
        return dataset.load(origin.places, x, y, skip_bad_rows=skip_bad_rows, watch=watch)
    if origin.engine == "duckdb" or (not origin.engine and find_spec("duckdb") and find_spec("ibis")):
        _, paths = find_all(origin.places)
        if origin.engine or _size(paths) >= LARGE:
            from tui.sources.text import measured_text  # noqa: PLC0415

            data = measured_text(paths, named(origin), _absolute(origin), (x, y), watch)
            if data is not None:
                return data
    return dataset.load(origin.places, x, y, skip_bad_rows=skip_bad_rows, watch=watch)


def _size(paths: list[Path]) -> int:
    try:
        return sum(path.stat().st_size for path in paths)
    except OSError:
        return 0


def _measured(
    opened: Callable[[Watch | None], EngineTable],
    watch: Watch | None,
    x: str | int | None,
    y: str | int | None,
    skip_bad_rows: bool,
) -> Dataset:
    from gdcore.rows.engine import measure  # noqa: PLC0415
    from tui.sources.held import held  # noqa: PLC0415

    table = opened(watch)
    try:
        return held(measure(table, x, y, skip_bad_rows=skip_bad_rows), table, partial(opened, None))
    finally:
        table.close()


def _from_server(
    origin: Origin, x: str | int | None, y: str | int | None, skip_bad_rows: bool, watch: Watch | None
) -> Dataset:
    try:
        scheme = urlsplit(origin.places[0]).scheme.lower()
    except ValueError:  # it is not shown, as it may contain a password
        raise DatasetError("this is no address; write postgresql://user@host:port/database") from None
    if origin.engine == "spark" or scheme in {"spark", "sc"}:
        from tui.sources.spark import open_spark  # noqa: PLC0415

        return _measured(partial(open_spark, origin), watch, x, y, skip_bad_rows)
    if scheme in {"postgresql", "postgres"}:
        from tui.sources.postgres import open_postgres  # noqa: PLC0415

        return _measured(partial(open_postgres, origin), watch, x, y, skip_bad_rows)
    raise DatasetError(
        f"gdlab does not know how to read {inert(scheme)}://; it knows files, postgresql:// and spark://"
    )


def _absolute(origin: Origin) -> Origin:
    places = tuple(os.path.abspath(find(place)) for place in origin.places)  # noqa: PTH100 (a link stays a link)
    return Origin(places, origin.table, origin.query, origin.engine)


def named(origin: Origin) -> str:
    """Return a name for the data, safe to print; for an address it omits even the user."""
    if not origin.places or _URL.match(origin.places[0]):
        return inert(origin.table) or "the query"
    name = inert(Path(origin.places[0]).name or quoted_path(origin.places[0]))
    more = len(origin.places) - 1
    return f"{name} and {more} more" if more else name


def can_be_had(origin: Origin) -> bool:
    """Whether the data may still exist: those of a pipe do not, those of a server may."""
    if origin.query and not origin.places:
        return True
    return all(
        place in SHIPPED or _URL.match(place) or is_pattern(place) or _is_there(place) for place in origin.places
    )


def _is_there(place: str) -> bool:
    try:
        return bool(place) and (Path(place).is_file() or Path(place).is_dir())
    except (OSError, ValueError):  # a name that no file can have
        return False
