"""Files and databases that DuckDB reads, against NumPy on the same rows."""

from __future__ import annotations

import gzip
import json
import sys
import threading
from dataclasses import astuple, replace
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest

from gdcore.inert import quoted_path
from gdcore.landscapes.bowl import MeanSquaredError, Moments
from gdcore.rows import engine
from gdcore.rows.dataset import Dataset, DatasetError, Origin
from gdcore.rows.dataset import load as load_text
from gdcore.rows.files import Cancelled, Progress
from gdcore.rows.remote import RemoteColumns
from gdcore.rows.scaling import standardized
from tui import cli
from tui.sources import duck, kinds, progress
from tui.sources import load as loading
from tui.sources.load import load
from tui.sources.text import measured_text

ROWS = 20_000


def columns(shift: float = 0.0, noise: float = 3.0) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(7)
    x = random.normal(5, 2, ROWS) + shift
    return x, 3 * (x - shift) - 4 + noise * random.normal(0, 1, ROWS)


def sampled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no table be small enough to be taken whole."""
    monkeypatch.setattr(duck.DuckTable, "kept", 0)


def write(folder: Path, name: str, x: np.ndarray, y: np.ndarray, **more: Any) -> str:
    """Write the rows, with a column of words before them, as the kind of file that the name says."""
    import pyarrow as pa  # noqa: PLC0415
    from pyarrow import feather  # noqa: PLC0415

    path = str(folder / name)
    table = pa.table({"name": [f"row {i}" for i in range(len(x))], "x": x, "y": y, **more})
    if name.endswith((".feather", ".arrow")):
        feather.write_feather(table, path)
        return path
    with duckdb.connect(path if name.endswith(".duckdb") else ":memory:") as connection:
        connection.register("given", table)
        if name.endswith(".duckdb"):
            connection.execute("CREATE TABLE sales AS SELECT * FROM given")
        else:
            connection.execute(f"COPY given TO '{path}'")
    return path


def close(data: Dataset, x: np.ndarray, y: np.ndarray, digits: float = 1e-12) -> None:
    """The moments and the loss are those of NumPy."""
    expected, found = Moments.of(x, y), data.moments
    assert found.count == data.rows == len(x)
    for mine, theirs in zip(astuple(found)[:6], astuple(expected)[:6], strict=True):
        assert mine == pytest.approx(theirs, rel=digits)
    loss = MeanSquaredError.of(x, y)
    assert data.squared_error.floor == pytest.approx(loss.floor, rel=digits)
    assert data.squared_error.minimum == pytest.approx(loss.minimum, rel=digits)


KINDS = ["t.parquet", "t.jsonl", "t.feather", "t.arrow", "t.duckdb"]


@pytest.mark.parametrize("name", KINDS)
def test_every_kind_of_file_gives_the_moments_that_numpy_gives(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    x, y = columns()
    origin = Origin((write(tmp_path, name, x, y),))
    whole = load(origin)
    assert (whole.x.tolist(), whole.y.tolist(), whole.sampled) == (x.tolist(), y.tolist(), False)
    sampled(monkeypatch)
    data = load(origin)
    assert (data.name, data.sampled, len(data.x), data.columns) == (name, True, 2000, ("name", "x", "y"))
    table = "sales" if name == "t.duckdb" else ""
    assert (data.x_name, data.y_name, data.origin) == ("x", "y", replace(origin, table=table))
    close(data, x, y)
    rows = set(zip(x.tolist(), y.tolist(), strict=True))
    sample = list(zip(data.x.tolist(), data.y.tolist(), strict=True))
    assert set(sample) <= rows, "the sample is of these rows"
    assert len(set(sample)) == 2000, "and has none of them twice"
    assert abs(data.x.mean() - x.mean()) < 0.2, "and is not of one end of them"


@pytest.mark.parametrize("shift", [1e9, -1e9])
@pytest.mark.parametrize("name", ["t.parquet", "t.csv"])
def test_a_shift_costs_no_digits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, shift: float) -> None:
    sampled(monkeypatch)
    monkeypatch.setattr(loading, "LARGE", 0)
    x, y = columns(shift)
    close(load(Origin((write(tmp_path, name, x, y),)), "x", "y"), x, y, digits=1e-10)


def test_a_sample_that_misleads_costs_no_digits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Measured around a value that is far off, one pass would lose six digits: it is noticed, and another follows.
    sampled(monkeypatch)
    x, y = columns(1e6)
    asked: list[tuple[float, float]] = []
    sums = duck.DuckTable.sums

    def noted(self: duck.DuckTable, x: str, y: str, around: tuple[float, float]) -> engine.Sums:
        asked.append(around)
        return sums(self, x, y, around)

    monkeypatch.setattr(duck.DuckTable, "sums", noted)
    monkeypatch.setattr(duck.DuckTable, "sample", lambda *_: (np.zeros(1), np.zeros(1)))
    close(load(Origin((write(tmp_path, "t.parquet", x, y),))), x, y)
    assert asked == [(0.0, 0.0), (pytest.approx(x.mean(), rel=1e-9), pytest.approx(y.mean(), rel=1e-9))]


def test_what_a_perfect_line_leaves_is_not_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sampled(monkeypatch)
    x, y = columns(noise=1e-6)
    close(load(Origin((write(tmp_path, "t.parquet", x, y),))), x, y, digits=1e-9)


def test_a_column_that_never_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sampled(monkeypatch)
    x, y = np.full(ROWS, 0.1), columns()[1]
    data = load(Origin((write(tmp_path, "t.parquet", x, y),)))
    assert (data.moments.var_x, data.moments.cov_xy, data.squared_error.minimum) == (0.0, 0.0, None)


def test_whole_numbers_and_decimals_are_numbers(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    query = "SELECT i::INTEGER AS a, (i * 1.25)::DECIMAL(10, 2) AS b FROM range(5) r(i)"
    duckdb.sql(f"COPY ({query}) TO '{path}'")
    data = load(Origin((str(path),)))
    assert (data.x.tolist(), data.y.tolist()) == ([0, 1, 2, 3, 4], [0, 1.25, 2.5, 3.75, 5])


# Bad rows


@pytest.mark.parametrize("kept", [0, 1_000_000])
def test_bad_rows_are_counted_and_the_first_three_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kept: int
) -> None:
    monkeypatch.setattr(duck.DuckTable, "kept", kept)
    x, y = columns()
    bad_x = x.tolist()
    bad_x[4], bad_x[9], bad_x[30] = None, float("inf"), 1e200
    bad_y = y.tolist()
    bad_y[4], bad_y[20] = None, float("-inf")
    origin = Origin((write(tmp_path, "t.parquet", bad_x, bad_y),))
    with pytest.raises(DatasetError) as caught:
        load(origin)
    first = 't.parquet, row 5, column "x": the number is missing; write it or skip bad rows'
    assert str(caught.value) == first
    data = load(origin, skip_bad_rows=True)
    assert data.skipped == 4
    assert data.faults == (
        first,
        't.parquet, row 10, column "x": "inf" is not a finite number; correct it or skip bad rows',
        't.parquet, row 21, column "y": "-inf" is not a finite number; correct it or skip bad rows',
    )
    good = np.delete(np.arange(ROWS), [4, 9, 20, 30])
    close(data, x[good], y[good])


def test_nothing_but_bad_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sampled(monkeypatch)
    origin = Origin((write(tmp_path, "t.parquet", np.full(3, np.nan), np.ones(3)),))
    with pytest.raises(DatasetError, match=r"^only 0 rows of t.parquet can be used and 3 rows cannot, "):
        load(origin, skip_bad_rows=True)
    with pytest.raises(DatasetError, match=r"^t.parquet has only 1 row of numbers; "):
        load(Origin((write(tmp_path, "t.parquet", np.ones(1), np.ones(1)),)))


# Several files, folders, queries, databases


def test_several_files_a_pattern_and_a_folder_of_partitions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sampled(monkeypatch)
    x, y = columns()
    half = ROWS // 2
    paths = []
    for year, rows in ((2025, slice(half)), (2026, slice(half, None))):
        (tmp_path / f"year={year}").mkdir()
        paths.append(write(tmp_path / f"year={year}", "t.parquet", x[rows], y[rows]))
    for places in (paths, [str(tmp_path / "*" / "*.parquet")], [str(tmp_path)]):
        close(load(Origin(tuple(places)), "x", "y"), x, y)
    assert "year" in load(Origin((str(tmp_path),)), "x", "y").columns


def test_a_query(tmp_path: Path) -> None:
    x, y = columns()
    path = write(tmp_path, "t.parquet", x, y)
    chosen = x > 5
    beside = load(Origin((path,), query="SELECT y, x FROM data WHERE x > 5;"), "x", "y")
    alone = load(Origin((), query=f"SELECT x, y FROM '{path}' WHERE x > 5"))
    for data in (beside, alone):
        close(data, x[chosen], y[chosen])
    assert alone.name == "the query"
    database = write(tmp_path, "t.duckdb", x, y)
    close(load(Origin((database,), query="SELECT x, y FROM sales WHERE x > 5")), x[chosen], y[chosen])


def test_the_tables_of_a_database(tmp_path: Path) -> None:
    x, y = columns()
    path = write(tmp_path, "t.duckdb", x, y)
    with duckdb.connect(path) as connection:
        connection.execute("CREATE TABLE few AS SELECT x, y FROM sales LIMIT 3")
    assert load(Origin((path,), "few")).rows == 3
    close(load(Origin((path,), "sales")), x, y)
    assert fault(Origin((path,))) == 't.duckdb has 2 tables; choose one of "few", "sales" with --table'
    assert fault(Origin((path,), "none")) == 't.duckdb has no table "none"; its tables: "few", "sales"'


@pytest.mark.parametrize("large", [False, True])
def test_a_table_of_another_schema(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, large: bool) -> None:
    path = str(tmp_path / "t.duckdb")
    rows = "AS SELECT range::DOUBLE AS x, {0} * range AS y FROM range(9)"
    places = {
        "few": "few",
        "s2.Few": 's2."Few"',
        'o."d.f"ew\'s': '"o.""d"."f""ew\'s"',
        "s2.both": '"s2.both"',
        '"s2"."both"': "s2.both",
    }
    with duckdb.connect(path) as connection:
        connection.execute('CREATE SCHEMA s2; CREATE SCHEMA "o.""d"')
        for slope, place in enumerate(places.values(), 1):
            connection.execute(f"CREATE TABLE {place} {rows.format(slope)}")
    assert sorted(duck.tables_of(Path(path))) == sorted(places)
    if large:
        sampled(monkeypatch)
    for slope, called in enumerate(places, 1):
        data = load(Origin((path,), called))
        assert (data.rows, data.squared_error.minimum) == (9, (slope, 0.0)), called
        assert data.origin == Origin((path,), called)
        if data.measured:
            assert isinstance(data.measured.columns, RemoteColumns)
            x, y = data.measured.columns.engine.rows(np.array([5, 2]))
            assert (x.tolist(), y.tolist()) == ([5, 2], [5 * slope, 2 * slope])
    assert load(Origin((path,), "main.FEW")).origin == Origin((path,), "few")
    assert load(Origin((path,), "S2.few")).origin == Origin((path,), "s2.Few")
    assert '"few", "s2.both", ' in fault(Origin((path,)))
    assert '"s2.Few"' in fault(Origin((path,), "s3.few"))
    assert fault(Origin((path,), 'few"; DROP TABLE few; --')).startswith("t.duckdb has no table ")
    assert load(Origin((path,), "few")).rows == 9


@pytest.mark.parametrize("installed", [True, False])
@pytest.mark.parametrize("other", ["t.parquet", "t.jsonl", "t.arrow", "t.duckdb"])
def test_files_of_different_kinds_are_said_to_be_that(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, other: str, installed: bool
) -> None:
    paths = write(tmp_path, "t.csv", *columns()), write(tmp_path, other, *columns())
    if not installed:
        monkeypatch.setitem(sys.modules, "duckdb", None)
        monkeypatch.setitem(sys.modules, "ibis", None)
    kind = kinds.KINDS[kinds.kind_of(Path(paths[1]))]
    said = f"are of different kinds, {kind} and text; name files of one kind"
    pattern = str(tmp_path / "t.*")
    assert fault(Origin((pattern,))) == f"the files of {quoted_path(pattern)} {said}"
    assert fault(Origin((pattern,), query="SELECT x, y FROM data")) == f"the files of {quoted_path(pattern)} {said}"
    if other != "t.duckdb":
        assert fault(Origin(paths)) == f"these files {said}"
    else:
        assert fault(Origin(paths)).startswith("several places cannot be read as one")


def test_a_pattern_that_databases_match(tmp_path: Path) -> None:
    x, y = columns()
    write(tmp_path, "t1.duckdb", x, y)
    close(load(Origin((str(tmp_path / "t*"),))), x, y)
    write(tmp_path, "t2.duckdb", x, y)
    assert fault(Origin((str(tmp_path / "t*"),))).startswith("several places cannot be read as one")


def test_a_view_that_reads_nothing_is_a_sentence(tmp_path: Path) -> None:
    path = str(tmp_path / "t.duckdb")
    (tmp_path / "gone.csv").write_text("x,y\n1,2\n")
    with duckdb.connect(path) as connection:
        connection.execute(f"CREATE VIEW gone AS SELECT * FROM read_csv('{tmp_path}/gone.csv')")
    (tmp_path / "gone.csv").unlink()
    assert fault(Origin((path,))).startswith('t.duckdb: the table "gone" cannot be read: ')


def fault(origin: Origin, *chosen: str) -> str:
    with pytest.raises(DatasetError) as caught:
        load(origin, *chosen)
    sentence = str(caught.value)
    assert sentence.isprintable()
    return sentence


def test_what_cannot_be_had_is_a_sentence(tmp_path: Path) -> None:
    path = write(tmp_path, "t.parquet", *columns())
    write(tmp_path, "u.jsonl", *columns())
    (tmp_path / "broken.parquet").write_bytes(b"PAR1 and no more")
    assert fault(Origin((path,), query="SELECT none FROM data")).startswith("t.parquet cannot be read: ")
    assert fault(Origin((path,), query="DROP TABLE data")).startswith("t.parquet cannot be read: ")
    assert fault(Origin((str(tmp_path / "broken.parquet"),))).startswith("broken.parquet cannot be read: ")
    assert fault(Origin((str(tmp_path / "none.parquet"),))).startswith("there is no file ")
    assert fault(Origin((str(tmp_path / "none*.parquet"),))).startswith("no file matches ")
    assert fault(Origin((path,), "t")) == "only a database has tables to choose from, and t.parquet is none"
    assert fault(Origin((path,), "t", "SELECT 1")).startswith("a table and a query cannot both be given")
    assert fault(Origin((path,)), "name") == 't.parquet, column "name": it holds no numbers; choose another'
    assert fault(Origin((path,)), "z") == 't.parquet has no column "z"; choose one of "name", "x", "y"'
    assert fault(Origin(())) == "which data are meant? name a file, or the address of a database"
    assert "does not know how to read ftp://" in fault(Origin(("ftp://host/t.csv",)))


def test_what_is_not_installed_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path, "t.parquet", *columns())
    monkeypatch.setitem(__import__("sys").modules, "duckdb", None)
    assert fault(Origin((path,))) == ("a file that is no text needs more than is installed: pip install 'gdlab[data]'")


# Text through DuckDB


def large(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every text file be a large one."""
    monkeypatch.setattr(loading, "LARGE", 0)


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
@pytest.mark.parametrize("mark", [",", ";", "\t"])
def test_large_text_goes_through_duckdb(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mark: str, pack: Any) -> None:
    large(monkeypatch)
    x, y = columns()
    lines = [
        f'"row {mark} {i}"{mark}{a!r}{mark}{b!r}' for i, (a, b) in enumerate(zip(x.tolist(), y.tolist(), strict=True))
    ]
    path = tmp_path / "t.csv"
    path.write_bytes(pack("\n".join([mark.join(["name", "x", "y"]), *lines, ""]).encode()))
    data = load(Origin((str(path),)))
    assert (data.sampled, data.columns, data.name) == (True, ("name", "x", "y"), "t.csv")
    close(data, x, y)
    rows = set(zip(x.tolist(), y.tolist(), strict=True))
    assert set(zip(data.x.tolist(), data.y.tolist(), strict=True)) <= rows
    assert len(data.x) > 1500
    assert load(Origin((str(path),), engine="text")).x.tolist() == x.tolist()


BAD_TEXT = {
    "a word": "a,?,1",
    "a missing number": "a,,1",
    "a missing field": "a,1",
    "too many fields": "a,1,2,3",
    "nan": "a,nan,2",
    "too large": "a,1e200,2",
    "past the range": "a,1,1e999",
    "a quote that is not closed": '"a,1,2',
    "more after a quote": '"a"b,1,2',
    "a comment": "a # b,1,2",
}


@pytest.mark.parametrize("line", BAD_TEXT.values(), ids=BAD_TEXT)
def test_bad_rows_of_text_are_told_as_gdcore_tells_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str
) -> None:
    path = tmp_path / "t.csv"
    rows = [f"a,{i},{2 * i}" for i in range(6000)]
    rows[3000:3000] = [line, "a,5,6", line]
    path.write_text("name,x,y\n" + "\n".join(rows) + "\n")
    expected = load_text(path, skip_bad_rows=True)
    with pytest.raises(DatasetError) as caught:
        load_text(path)
    large(monkeypatch)
    data = load(Origin((str(path),)), skip_bad_rows=True)
    assert (data.skipped, data.faults) == (expected.skipped, expected.faults)
    assert data.skipped == 2
    assert fault(Origin((str(path),))) == str(caught.value)


@pytest.mark.parametrize(
    "content",
    [
        "x y z\n1 2 3\n4 5 6\n",
        "x,x,y\n1,2,3\n4,5,6\n",
        "# made for a test\nx,y\n1,2\n3,5\n5,4\n",
        "\n\nx,y\n1,2\n3,5\n5,4\n",
        "x,y\n1,2\n# 3,3\n\n3,5\n5,4\n",
        "1,2\n3,5\n5,4",
    ],
)
def test_text_that_duckdb_reads_otherwise_is_left_to_gdcore(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str
) -> None:
    path = tmp_path / "t.csv"
    path.write_text(content)
    expected = load_text(path, 2, 1)
    large(monkeypatch)
    data = load(Origin((str(path),)), "2", "1")
    assert (data.moments, data.x_name, data.y_name) == (expected.moments, expected.x_name, expected.y_name)


def test_a_quote_over_two_lines_is_a_bad_row_for_both(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "t.csv"
    path.write_text("n,x,y\n" + "a,1,2\nb,3,4\n" * 50 + '"a\nb",1,2\n')
    large(monkeypatch)
    assert "a quote is opened and not closed" in fault(Origin((str(path),)))


def test_text_without_a_bad_row_is_read_by_duckdb_alone(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("name,x,y\r\n" + "a b,1,2\r\n,3,5\r\n" * 50)
    data = measured_text([path], "t.csv", Origin((str(path),)), (None, None), None)
    assert data is not None
    assert data.squared_error.minimum == pytest.approx((1.5, 0.5))


# Watching


def test_who_watches_can_end_a_query(monkeypatch: pytest.MonkeyPatch) -> None:
    sampled(monkeypatch)
    seen: list[Progress] = []

    def cancel(progress: Progress) -> None:
        seen.append(progress)
        raise Cancelled

    endless = "SELECT a.i AS x, b.i AS y FROM range(1000000) a(i), range(1000000) b(i)"
    with pytest.raises(Cancelled):
        load(Origin((), query=endless), watch=cancel)
    assert len(seen) == 1
    assert not [thread for thread in threading.enumerate() if thread.name == "gdlab engine"], "it has ended"


# Sessions


def test_a_session_finds_the_data_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from gdcore.descent.branches import Branches  # noqa: PLC0415
    from gdcore.descent.steps import Settings  # noqa: PLC0415
    from gdcore.descent.timeline import Timeline  # noqa: PLC0415
    from gdcore.session import Session  # noqa: PLC0415
    from tui.laboratory.saving import ground_of  # noqa: PLC0415

    sampled(monkeypatch)
    x, y = columns()
    path = write(tmp_path, "t.duckdb", x, y)
    data = load(Origin((path,), query="SELECT x, y FROM sales"))
    branches = Branches(Timeline(data.squared_error, Settings(0.001)))
    branches.run.forward(5)
    session = Session.from_text(Session.of(data, branches).to_text())
    again = ground_of(session)
    assert isinstance(again, Dataset)
    assert again.origin == data.origin
    assert session.replay(again).run.state.loss == pytest.approx(branches.run.state.loss, rel=1e-12)
    with duckdb.connect(path) as connection:
        connection.execute("UPDATE sales SET x = x + 1")
    with pytest.raises(ValueError, match="the data have changed"):
        ground_of(session)


# The command line


def train(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *words: str) -> tuple[int, str, str]:
    monkeypatch.setattr("sys.argv", ["gdlab", "train", "-n", "2", "-l", "0.001", *words])
    try:
        code = cli.main()
    except SystemExit as end:
        code = int(end.code or 0)
    said = capsys.readouterr()
    return code, said.out, said.err


def test_the_command_line_reads_what_is_no_text(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    sampled(monkeypatch)
    x, y = columns()
    parquet, database = write(tmp_path, "t.parquet", x, y), write(tmp_path, "t.duckdb", x, y)
    query = f"SELECT x, y FROM '{parquet}'"
    losses = set()
    for words in (
        (parquet,),
        (str(tmp_path / "*.parquet"),),
        (database, "--table", "sales"),
        ("--query", query),
        (parquet, "--query", "SELECT x, y FROM data", "--engine", "duckdb"),
    ):
        code, out, _ = train(capsys, monkeypatch, *words, "--format", "json")
        about = json.loads(out)
        assert (code, about["data"]["rows"]) == (0, ROWS)
        losses.add(round(about["states"][-1]["loss"], 9))
    assert len(losses) == 1, "the same rows, the same walk"


def test_several_files_on_the_command_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = [tmp_path / name for name in ("a.csv", "b.csv")]
    for path in paths:
        path.write_text("x,y\n1,2\n3,4\n")
    code, out, _ = train(capsys, monkeypatch, *map(str, paths), "--format", "json")
    assert (code, json.loads(out)["data"]["rows"]) == (0, 4)
    code, out, _ = train(capsys, monkeypatch, str(tmp_path / "*.csv"), "--format", "json")
    assert (code, json.loads(out)["data"]["rows"]) == (0, 4)


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (("pizza", "--table", "t"), "only a database has tables to choose from, and pizza is none"),
        (("--engine", "postgres"), "which data are meant? name a file, or the address of a database"),
        (("pizza", "--engine", "postgres"), "the engine postgres needs the address of a server"),
        (("--terrain", "bowl", "--table", "t"), "--table cannot be given besides --terrain: no rows"),
        (("--query", "SELECT"), "the query cannot be read: "),
    ],
)
def test_a_mistake_on_the_command_line_is_a_sentence(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], part: str
) -> None:
    code, out, err = train(capsys, monkeypatch, *words)
    assert (code, out) == (2, "")
    assert part in err
    assert err.index("\n") == len(err) - 1


def test_a_loading_that_takes_its_time_is_told_of(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "t.csv"
    path.write_text("x,y\n1,2\n3,4\n")
    monkeypatch.setattr(progress, "PATIENCE", 0.0)
    code, _, err = train(capsys, monkeypatch, str(path))
    assert code == 0
    assert err.startswith("Reading t.csv: 100 %, 2 rows, 0 s left\n")


def test_all_the_rows_are_needed_here_and_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    origin = Origin((write(tmp_path, "t.parquet", *columns()),))
    load(origin).need_rows("batches")
    sampled(monkeypatch)
    with pytest.raises(DatasetError, match=r"^batches: this needs all the rows, and of the 20,000 of t.parquet only"):
        load(origin).need_rows("batches")


def test_what_is_scaled_keeps_what_was_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sampled(monkeypatch)
    data, _ = standardized(load(Origin((write(tmp_path, "t.parquet", *columns()),))))
    assert data.rows == ROWS
    assert (data.moments.mean_x, data.moments.var_x) == (0.0, 1.0)


def test_a_view_of_a_database_reads_no_other_file_for_a_visitor(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "secret.csv").write_text("x,y\n1,2\n2,5\n3,4\n")
    path = str(tmp_path / "t.duckdb")
    with duckdb.connect(path) as connection:
        connection.execute("CREATE TABLE open AS SELECT range::DOUBLE AS x, 2.0 * range AS y FROM range(5)")
        connection.execute(f"CREATE VIEW hidden AS SELECT * FROM read_csv('{tmp_path}/secret.csv')")
    assert load(Origin((path,), table="hidden")).rows == 3
    monkeypatch.setenv("GDLAB_ONLY", str(tmp_path))
    assert load(Origin((path,), table="open")).rows == 5
    with pytest.raises(DatasetError, match="has no table"):
        load(Origin((path,), table="hidden"))
