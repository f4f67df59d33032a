"""A real PostgreSQL server, on a socket, against NumPy on the same rows."""

from __future__ import annotations

import os
import shutil
import tempfile
import threading
import warnings
from dataclasses import astuple
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import psycopg
import pytest

from gdcore.descent.batches import Batch
from gdcore.descent.branches import Branches
from gdcore.descent.optimizers import Adam
from gdcore.descent.steps import Limits, Settings, begin, descend
from gdcore.descent.timeline import Timeline
from gdcore.landscapes.bowl import MeanSquaredError, Moments
from gdcore.rows.dataset import Dataset, DatasetError, Origin
from gdcore.rows.files import Cancelled, Progress
from gdcore.rows.ground import ground_of_rows
from gdcore.session import Session
from tui import cli
from tui.sources import postgres
from tui.sources.load import load
from tui.sources.postgres import without_secrets

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    Column = NDArray[np.float64]

ROWS = 5000


def columns(shift: float = 0.0) -> tuple[Column, Column]:
    random = np.random.default_rng(3)
    x = random.normal(5, 2, ROWS) + shift
    return x, 3 * (x - shift) - 4 + random.normal(0, 3, ROWS)


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """The address of a server that lives as long as these tests do."""
    # Not among pytest's own: for root the server runs as another user, who must get in. And a socket's path is short.
    folder = Path(tempfile.mkdtemp(prefix="gdlab"))
    folder.chmod(0o755)
    os.environ.setdefault("XDG_RUNTIME_DIR", str(folder))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pgserver = pytest.importorskip("pgserver", reason="there is no package of it for this Python")
        running = pgserver.get_server(folder / "data", cleanup_mode="stop")
    try:
        address: str = running.get_uri()
        with psycopg.connect(address, autocommit=True) as connection:
            for name, (x, y) in {"near": columns(), "far": columns(1e9)}.items():
                connection.execute(f"CREATE TABLE {name} (name text, x float8, y float8)")
                with connection.cursor() as cursor, cursor.copy(f"COPY {name} FROM STDIN") as copy:
                    for i, row in enumerate(zip(x.tolist(), y.tolist(), strict=True)):
                        copy.write_row((f"row {i}", *row))
            connection.execute("CREATE TABLE bad AS SELECT * FROM near LIMIT 4")
            connection.execute(
                "INSERT INTO bad VALUES ('', NULL, 1), ('', 'nan', 1), ('', 1, '-infinity'), ('', 1e200, 1)"
            )
            connection.execute("CREATE SCHEMA shop")
            connection.execute(
                "CREATE TABLE shop.sales AS SELECT i::int AS x, (2 * i)::numeric AS y FROM generate_series(1, 9) i"
            )
            connection.execute("CREATE ROLE ada LOGIN PASSWORD 'hush-hush'")
            connection.execute("GRANT SELECT ON near TO ada")
        yield address
    finally:
        running.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


def fault(origin: Origin, *chosen: str) -> str:
    with pytest.raises(DatasetError) as caught:
        load(origin, *chosen)
    assert str(caught.value).isprintable()
    return str(caught.value)


@pytest.mark.parametrize(("name", "shift", "digits"), [("near", 0.0, 1e-12), ("far", 1e9, 1e-10)])
def test_the_server_gives_the_moments_that_numpy_gives(server: str, name: str, shift: float, digits: float) -> None:
    x, y = columns(shift)
    for origin in (Origin((server,), name), Origin((server,), query=f"SELECT y, x FROM {name};")):
        data = load(origin, "x", "y")
        assert (data.rows, len(data.x), data.sampled, data.skipped) == (ROWS, 2000, True, 0)
        for mine, theirs in zip(astuple(data.moments)[:6], astuple(Moments.of(x, y))[:6], strict=True):
            assert mine == pytest.approx(theirs, rel=digits)
        loss = MeanSquaredError.of(x, y)
        assert data.squared_error.floor == pytest.approx(loss.floor, rel=digits)
        sample = set(zip(data.x.tolist(), data.y.tolist(), strict=True))
        assert sample <= set(zip(x.tolist(), y.tolist(), strict=True))
        assert len(sample) == 2000


def test_the_sample_is_the_same_each_time(server: str) -> None:
    origin = Origin((server,), "near")
    assert load(origin).x.tolist() == load(origin).x.tolist()


def test_a_table_of_a_schema_with_whole_numbers_and_decimals(server: str) -> None:
    data = load(Origin((server,), "shop.sales"))
    assert (data.name, data.columns, data.squared_error.minimum) == ("shop.sales", ("x", "y"), (2.0, 0.0))
    assert sorted(data.x.tolist()) == list(range(1, 10)), "of few rows the sample has all"


def test_bad_rows(server: str) -> None:
    origin = Origin((server,), "bad")
    assert fault(origin) == 'bad, row 5, column "x": the number is missing; write it or skip bad rows'
    data = load(origin, skip_bad_rows=True)
    assert (data.rows, data.skipped) == (4, 4)
    assert data.faults[1:] == (
        'bad, row 6, column "x": "nan" is not a finite number; correct it or skip bad rows',
        'bad, row 7, column "y": "-inf" is not a finite number; correct it or skip bad rows',
    )


def test_what_cannot_be_had_is_a_sentence(server: str) -> None:
    assert ": name one of its tables with --table, or ask with --query" in fault(Origin((server,)))
    assert fault(Origin((server,), "none")).endswith('the table "none" cannot be read: there is none of that name')
    assert "the query cannot be read: " in fault(Origin((server,), query="SELECT none FROM near"))
    assert "the query cannot be read: " in fault(Origin((server,), query="DELETE FROM near RETURNING x, y"))
    assert fault(Origin((server,), "near"), "name", "y") == 'near, column "name": it holds no numbers; choose another'
    assert fault(Origin((server,), "near"), "z").startswith('near has no column "z"; choose one of "name", "x", "y"')
    assert fault(Origin((server,), "near", "SELECT 1")).startswith("a table and a query cannot both be given")
    assert "cannot be reached: " in fault(Origin(("postgresql://127.0.0.1:1/none?connect_timeout=2",), "t"))
    assert fault(Origin((server, server), "near")).startswith("several places cannot be read as one")
    division = "SELECT x, 1 / (y - y) AS y FROM near"
    assert fault(Origin((server,), query=division)) == "the query: division by zero"


def test_what_is_not_installed_is_named(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "ibis", None)
    sentence = "a PostgreSQL server needs more than is installed: pip install 'gdlab[postgres]'"
    assert fault(Origin((server,), "near")) == sentence


def test_nothing_is_written_to_the_server(server: str) -> None:
    with psycopg.connect(server) as connection:
        before = connection.execute("SELECT count(*) FROM pg_class").fetchone()
        load(Origin((server,), "near"))
        load(Origin((server,), query="SELECT x, y FROM near"))
        assert connection.execute("SELECT count(*) FROM pg_class").fetchone() == before


# Secrets

PASSWORD = "hush-hush"


def with_password(server: str, password: str = PASSWORD) -> str:
    return server.replace("postgres:@", f"ada:{password}@")


def test_the_password_is_nowhere_but_in_the_address(server: str) -> None:
    origin = Origin((with_password(server),), "near")
    data = load(origin)
    branches = Branches(Timeline(data.squared_error, Settings(0.001)))
    text = Session.of(data, branches).to_text()
    assert PASSWORD not in text + repr(data)
    source = Session.from_text(text).source
    assert not isinstance(source, str)
    assert source.origin == Origin((without_secrets(with_password(server)),), "near")
    again = load(source.origin, source.x, source.y)
    source.check(again)


def test_other_columns_need_no_password_again(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    connect = psycopg.connect

    def noted(*words: Any, **more: Any) -> Any:
        asked.append(more.get("password", ""))
        return connect(*words, **more)

    data = load(Origin((with_password(server),), "near"))
    assert data.origin is not None
    monkeypatch.setattr(psycopg, "connect", noted)
    assert load(data.origin, "y", "x").x_name == "y"
    assert asked == [PASSWORD]


@pytest.mark.parametrize("table", ["none", "shop.sales", "bad"])
def test_the_password_is_in_no_sentence(server: str, table: str) -> None:
    assert PASSWORD not in fault(Origin((with_password(server),), table))
    assert PASSWORD not in fault(Origin((with_password(server),), query=f"SELECT '{PASSWORD}'::float AS x, 1 AS y"))
    unreachable = f"postgresql://ada:{PASSWORD}@127.0.0.1:1/x?connect_timeout=2"
    assert PASSWORD not in fault(Origin((unreachable,), table))
    broken = f"postgresql://ada:{PASSWORD}@[::1/x"
    assert PASSWORD not in fault(Origin((broken,), table))
    strange = f"postgresql://127.0.0.1:1/x?password={PASSWORD}&nonsense=1"
    assert PASSWORD not in fault(Origin((strange,), table))


def test_the_command_line_says_no_password(
    server: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ["gdlab", "train", with_password(server), "--x", "x", "--y", "y", "-n", "3", "--table"]
    for table, code in (("near", 0), ("none", 2)):
        monkeypatch.setattr("sys.argv", [*words, table, "--format", "json"])
        try:
            assert cli.main() == code
        except SystemExit as end:
            assert end.code == code  # noqa: PT017
        said = capsys.readouterr()
        assert PASSWORD not in said.out + said.err


# Ending


def test_who_watches_can_end_a_query(server: str) -> None:
    def cancel(_: Progress) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        load(
            Origin((server,), query="SELECT i AS x, pg_sleep(600)::text::float8 AS y FROM generate_series(1, 2) i"),
            watch=cancel,
        )
    assert not [thread for thread in threading.enumerate() if thread.name == "gdlab engine"], "it has ended"
    with psycopg.connect(server) as connection:
        left = connection.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'gdlab' AND state = 'active'"
        ).fetchone()
    assert left == (0,)


def test_a_server_that_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: dict[str, Any] = {}

    def connect(**words: object) -> None:
        asked.update(words)
        raise psycopg.OperationalError("connection timeout expired")

    monkeypatch.setattr(psycopg, "connect", connect)
    assert (
        fault(Origin(("postgresql://db/shop",), "t"))
        == "postgresql://db/shop cannot be reached: connection timeout expired"
    )
    assert asked["connect_timeout"] == postgres.TIMEOUT
    fault(Origin(("postgresql://db/shop?connect_timeout=3",), "t"))
    assert asked["connect_timeout"] == "3", "the address decides"


@pytest.mark.parametrize("scaled", [False, True])
@pytest.mark.parametrize("loss", ["absolute", "huber", "logistic"])
def test_losses_are_added_up_by_the_server(server: str, loss: str, scaled: bool) -> None:
    (x, y), asked = columns(), "SELECT x, y FROM near"
    if loss == "logistic":
        y, asked = (y > 11).astype(float), "SELECT x, CASE WHEN y > 11 THEN 1 ELSE 0 END AS y FROM near"
    data = load(Origin((server,), query=asked), "x", "y")
    far, near = (
        ground_of_rows(rows, loss, 2.0, scaled=scaled)[0]
        for rows in (data, Dataset("near", None, x, y, "x", "y", ("x", "y")))
    )
    for point in ((0.0, 0.0), (2.5, -3.0), (1e6, -1e3), (-1e6, 1e-9)):
        value, slopes = far.loss_and_gradient(*point)
        expected, slopes_expected = near.loss_and_gradient(*point)
        assert value == pytest.approx(expected, rel=1e-12)
        assert slopes == pytest.approx(slopes_expected, rel=1e-12, abs=1e-12)
    settings = Settings(0.01, Adam(), train_bias=True)
    runs = (descend(ground, settings, Limits(15), begin(ground, settings)) for ground in (far, near))
    for mine, theirs in zip(*runs, strict=True):
        assert (mine.w, mine.b, mine.loss) == pytest.approx((theirs.w, theirs.b, theirs.loss), rel=1e-12)


def test_what_the_server_cannot_give_is_a_sentence(server: str) -> None:
    data = load(Origin((server,), "near"))
    with pytest.raises(DatasetError, match=r"^the logistic loss needs the labels 0 and 1 for y, and a row has "):
        ground_of_rows(data, "logistic")
    with pytest.raises(DatasetError, match=r"^batches: the rows of near have no position to be read by; those of one"):
        data.squared_error.seen(0, Batch(10))


def test_a_connection_that_was_lost_is_made_anew(server: str) -> None:
    far = ground_of_rows(load(Origin((server,), "near")), "huber")[0]
    first = far(0.0, 0.0)
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'gdlab'")
    with pytest.raises(DatasetError) as caught:
        far(1.0, 0.0)
    assert str(caught.value).isprintable()
    assert far(1.0, 0.0) != first
