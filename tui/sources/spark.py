"""Files or a table read by Spark, on this machine or on a cluster, which computes the sums."""

from __future__ import annotations

import os
import shutil
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from gdcore.inert import inert, quoted
from gdcore.rows.files import DatasetError, WhichTableError
from tui.sources.engine import EngineTable, needs
from tui.sources.kinds import kind_of_all, one_kind

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from gdcore.rows.dataset import Origin, Watch

_VIEW = "gdlab_rows"
_GROUP = "gdlab"
_READERS = {"parquet": "parquet", "json": "json", "text": "csv"}


class SparkTable(EngineTable):
    """A table of a Spark session."""

    def fetch(self, query: str) -> Sequence[Sequence[Any]]:
        """Run a query and return its rows."""
        session = self._connection._session
        with suppress(Exception):  # a session of Spark Connect has no context
            session.sparkContext.setJobGroup(_GROUP, "gdlab", interruptOnCancel=True)
        return [tuple(row) for row in session.sql(query).collect()]

    def interrupt(self) -> None:
        """Cancel the running query, from another thread."""
        session = self._connection._session
        try:
            session.sparkContext.cancelJobGroup(_GROUP)
        except Exception:
            session.interruptAll()

    def sentence(self, error: Exception) -> str:
        """What went wrong."""
        return said(error)

    def _shuffle(self, seed: int) -> str:
        return f"rand({seed})"

    def close(self) -> None:
        """End the session."""
        with suppress(Exception):
            self._connection._session.stop()


@contextmanager
def _silent() -> Iterator[None]:
    """Silence standard error: the Java virtual machine of Spark, started here, would write on the screen."""
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


def said(error: BaseException) -> str:
    """Return Spark's own error message in one line."""
    line = next((line.strip() for line in str(error).split("\n") if line.strip()), type(error).__name__)
    return inert(line.partition(" SQLSTATE")[0])[:300]


def _master(origin: Origin) -> tuple[str, list[str]]:
    """The address of the cluster, or this machine, and the files."""
    servers = [place for place in origin.places if urlsplit(place).scheme in {"spark", "sc"}]
    return (servers[0] if servers else "local[*]"), [place for place in origin.places if place not in servers]


def open_spark(origin: Origin, watch: Watch | None = None) -> SparkTable:
    """Files, a table or a query in Spark: `spark://host:7077` or `sc://host` among the places is a cluster's address.

    Raises:
        DatasetError: it cannot be had.
    """
    master, paths = _master(origin)
    ibis = needs("ibis", "spark", "Spark")
    pyspark = needs("pyspark.sql", "spark", "Spark")
    remote = master.startswith("sc://")
    if not remote and not shutil.which("java") and not os.environ.get("JAVA_HOME"):
        raise DatasetError("Spark needs Java, and there is none here; install Java 17, or name a cluster: sc://host")
    if not paths and not origin.table and not origin.query:
        raise WhichTableError(f"{inert(master)}: name one of its tables", "with --table, or ask with --query")
    try:
        builder = pyspark.SparkSession.builder.appName("gdlab")
        if remote:
            builder = builder.remote(master)
        else:
            builder = builder.master(master).config("spark.ui.enabled", "false")
            builder = builder.config("spark.log.level", "OFF").config("spark.ui.showConsoleProgress", "false")
            builder = builder.config("spark.sql.session.timeZone", "UTC")
        with _silent():
            session = builder.getOrCreate()
            connection = ibis.pyspark.connect(session)
    except Exception as error:
        raise DatasetError(f"Spark cannot be started at {inert(master)}: {said(error)}") from None
    name = "the query" if origin.query else inert(origin.table or Path(paths[0]).name)
    try:
        if paths:
            frame = _files(session, paths)
            frame.createOrReplaceTempView("data" if origin.query else _VIEW)
        if origin.query:
            session.sql(origin.query.strip().rstrip(";")).createOrReplaceTempView(_VIEW)
        table = connection.table(origin.table if origin.table and not paths else _VIEW)
        return SparkTable(connection, table, name, origin, watch)
    except Exception as error:
        with suppress(Exception):
            session.stop()
        if isinstance(error, DatasetError):
            raise
        why = "there is none of that name" if type(error).__name__ == "TableNotFound" else said(error)
        raise DatasetError(f"{name} cannot be read: {why}") from None


def _files(session: Any, paths: Sequence[str]) -> Any:
    kind = one_kind("these files", {kind_of_all(path) for path in paths}) or "text"
    if kind not in _READERS:
        raise DatasetError(f"Spark does not read files of the kind {quoted(kind)}; use Parquet, JSON lines or CSV")
    options = {"header": True, "inferSchema": True} if kind == "text" else {}
    return session.read.options(**options).format(_READERS[kind]).load(list(paths))
