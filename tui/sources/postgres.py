"""A table or a query on a PostgreSQL server, which computes the sums; only the sample is sent.

The password may be in the address, in PGPASSWORD or in ~/.pgpass. It is used to connect and never stored: not in the
origin of the data, so not in a session, and not in a message.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit, urlunsplit

from gdcore.inert import inert, quoted
from gdcore.rows.dataset import Origin
from gdcore.rows.files import DatasetError, WhichTableError
from tui.sources.engine import EngineTable, needs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gdcore.rows.dataset import Watch

TIMEOUT = 10
"""Timeout in seconds for a call of the server."""
_NUMBERS = {20, 21, 23, 26, 700, 701, 1700}
"""The types of PostgreSQL that are numbers, by their identifiers in its catalogue."""
_TYPED: dict[str, str] = {}
"""Addresses as typed, to load other columns without asking for the password again."""
_SECRETS = ("password", "sslpassword", "passfile")


class PostgresTable(EngineTable):
    """A table or a query of a server."""

    secrets: Sequence[str] = ()

    def fetch(self, query: str) -> Sequence[Sequence[Any]]:
        """Run a query and return its rows."""
        with self._connection.con.cursor() as cursor:
            # psycopg takes % for a placeholder only where values are given.
            return cursor.execute(query).fetchall()  # type: ignore[no-any-return]

    def interrupt(self) -> None:
        """Cancel the running query, from another thread."""
        self._connection.con.cancel()

    def sentence(self, error: Exception) -> str:
        """What went wrong, without the password."""
        return said(error, self.secrets)

    def sample(self, x: str, y: str, rows: int, seed: int) -> Any:
        """Return a uniform random sample of the good rows; all of them if there are fewer."""
        self._run(f"SELECT 1 FROM (SELECT setseed({seed % 1000 / 1000})) AS seeded")
        return super().sample(x, y, rows, seed)


def without_secrets(address: str) -> str:
    """The address of a server without the password in it.

    >>> without_secrets("postgresql://ada:secret@db/shop?password=x&sslmode=require")
    'postgresql://ada@db/shop?sslmode=require'
    """
    parts = urlsplit(address)
    user, at, host = parts.netloc.rpartition("@")
    kept = [(name, value) for name, value in parse_qsl(parts.query, keep_blank_values=True) if name not in _SECRETS]
    query = urlencode(kept, safe="/", quote_via=quote)
    return urlunsplit(parts._replace(netloc=user.partition(":")[0] + at + host, query=query))


def _secrets(address: str) -> list[str]:
    """Return all forms in which the password of an address could appear in a message."""
    parts = urlsplit(address)
    password = parts.netloc.rpartition("@")[0].partition(":")[2]
    found = [password, *(value for name, value in parse_qsl(parts.query) if name in _SECRETS)]
    return sorted({way for one in found if one for way in (one, unquote(one), quote(one))}, key=len, reverse=True)


def said(error: BaseException, secrets: Sequence[str]) -> str:
    r"""A server's sentence in one line, without the password.

    >>> said(ValueError('FATAL:  password "hush" is wrong\nHINT: try hush'), ["hush"])
    'password "***" is wrong'
    """
    text = str(error).strip()
    # For a failed connection the last clause says why; for a query, the first line.
    lines = [line.strip() for line in text.split("\n") if line.strip() and not line.startswith("Multiple")]
    line = lines[0] if lines else type(error).__name__
    for mark in ("FATAL:", "ERROR:"):
        if mark in line:
            line = line.partition(mark)[2].strip()
    for secret in secrets:
        line = line.replace(secret, "***")
    return inert(line)[:300]


def open_postgres(origin: Origin, watch: Watch | None = None) -> PostgresTable:
    """A table or a query of the server at the address.

    Raises:
        DatasetError: it cannot be had, with a sentence without the password.
    """
    ibis = needs("ibis", "postgres", "a PostgreSQL server")
    psycopg = needs("psycopg", "postgres", "a PostgreSQL server")
    address = _TYPED.get(origin.places[0], origin.places[0])
    secrets = _secrets(address)
    public = without_secrets(address)
    origin = Origin((public,), origin.table, origin.query, origin.engine)
    if not origin.table and not origin.query:
        raise WhichTableError(f"{inert(public)}: name one of its tables", "with --table, or ask with --query")
    try:
        asked = psycopg.conninfo.conninfo_to_dict(address)
        server = psycopg.connect(
            **{
                "connect_timeout": TIMEOUT,
                "application_name": "gdlab",
                "keepalives_idle": 30,
                **asked,
                # A query must not change anything, nor wait for a lock.
                "options": f"{asked.get('options', '')} -c default_transaction_read_only=on -c lock_timeout={TIMEOUT}s",
            },
            autocommit=True,
        )
    except Exception as error:
        raise DatasetError(f"{inert(public)} cannot be reached: {said(error, secrets)}") from None
    try:
        connection = ibis.postgres.from_connection(server)
        if origin.query:
            name = "the query"
            query = origin.query.strip().rstrip(";")
            rows = connection.sql(query, schema=_schema(server, query), dialect="postgres")
        else:
            name = inert(origin.table)
            database, _, table = origin.table.rpartition(".")
            rows = connection.table(table, database=database or None)
        table_ = PostgresTable(connection, rows, name, origin, watch)
    except Exception as error:
        which = "the query" if origin.query else f"the table {quoted(origin.table)}"
        server.close()
        raise DatasetError(f"{inert(public)}: {which} cannot be read: {_why(error, secrets)}") from None
    table_.secrets = secrets
    _TYPED[public] = address
    return table_


def _schema(server: Any, query: str) -> dict[str, str]:
    """Return the columns of a query. ibis would create a view for that, which changes the database."""
    with server.cursor() as cursor:
        cursor.execute(f"SELECT * FROM ({query}) AS asked LIMIT 0")
        return {column.name: "float64" if column.type_code in _NUMBERS else "string" for column in cursor.description}


def _why(error: Exception, secrets: Sequence[str]) -> str:
    if type(error).__name__ == "TableNotFound":
        return "there is none of that name"
    return said(error, secrets)
