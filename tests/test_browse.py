from __future__ import annotations

import gzip
import os
from pathlib import Path

import duckdb
import pytest

from gdcore.rows.files import DatasetError
from tui.sources.browse import Column, Entry, Preview, entries, filtered, preview


def test_a_folder_lists_folders_first_then_files_with_size_and_kind(tmp_path: Path) -> None:
    for name in ("b.csv", "A.parquet", "c.jsonl.gz", "d.md", ".hidden.csv"):
        (tmp_path / name).write_bytes(b"?" * 1500)
    (tmp_path / "z").mkdir()
    (tmp_path / "broken").symlink_to("nowhere")
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe")
    found = entries(tmp_path)
    assert [(entry.name, entry.kind, entry.detail) for entry in found] == [
        ("z/", "folder", "folder"),
        ("A.parquet", "parquet", "Parquet, 1.5 kB"),
        ("b.csv", "text", "text, 1.5 kB"),
        ("c.jsonl.gz", "json", "JSON lines, 1.5 kB"),
        ("d.md", "", "1.5 kB"),
    ]
    assert found[1].path == tmp_path / "A.parquet"
    assert ".hidden.csv" in [entry.name for entry in entries(tmp_path, hidden=True)]


def test_a_harmful_name_is_made_inert(tmp_path: Path) -> None:
    (tmp_path / "\x1b[2J.csv").write_text("x")
    (entry,) = entries(tmp_path)
    assert (entry.name, entry.path.name) == (r"\x1b[2J.csv", "\x1b[2J.csv")


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="there is no file"):
        entries(tmp_path / "none")


@pytest.mark.parametrize(
    ("typed", "names"),
    [
        ("", ["old sales.csv", "sales.csv", "Sales 2026.parquet", "notes"]),
        ("sal", ["sales.csv", "Sales 2026.parquet", "old sales.csv"]),
        ("2026 sal", ["Sales 2026.parquet"]),
        ("xyz", []),
    ],
)
def test_a_filter_as_one_types(typed: str, names: list[str]) -> None:
    every = [Entry(Path(name), name, "", 0) for name in ("old sales.csv", "sales.csv", "Sales 2026.parquet", "notes")]
    assert [entry.name for entry in filtered(every, typed)] == names


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_a_text_shows_its_columns_and_first_rows(tmp_path: Path, pack: type[bytes]) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(pack(b'name,age,"pay, EUR"\n' + b'"Ann, B.",30,1.5\nBob,40\n' * 9))
    assert preview(path) == Preview(
        [Column("name", "text", False), Column("age", "number", True), Column("pay, EUR", "number", True)],
        [["Ann, B.", "30", "1.5"], ["Bob", "40", ""]] * 2 + [["Ann, B.", "30", "1.5"]],
    )
    assert preview(path).numeric == ["age", "pay, EUR"]


def test_a_parquet_file_shows_its_columns_and_first_rows(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    query = "SELECT 'row ' || i AS \"na\x1bme\", i AS x, i / 2 AS y, NULL::DATE AS d FROM range(9) r(i)"
    duckdb.sql(f"COPY ({query}) TO '{path}'")
    shown = preview(path)
    assert [(column.name, column.kind) for column in shown.columns] == [
        (r"na\x1bme", "text"),
        ("x", "number"),
        ("y", "number"),
        ("d", "date"),
    ]
    assert (shown.numeric, len(shown.rows), shown.rows[1]) == (["x", "y"], 5, ["row 1", "1", "0.5", ""])


def test_a_database_shows_its_tables(tmp_path: Path) -> None:
    path = tmp_path / "t.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE TABLE b AS SELECT 1 AS p")
        connection.execute("CREATE TABLE a AS SELECT 1 AS x, 2 AS y")
    assert preview(path).tables == ["a", "b"]
    assert preview(path).numeric == ["x", "y"]
    assert preview(path, "b").numeric == ["p"]


def test_what_is_no_table_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "t.bin").write_bytes(b"\0\1\2")
    with pytest.raises(DatasetError, match=r"^t.bin is a binary file"):
        preview(tmp_path / "t.bin")
    with pytest.raises(DatasetError, match=r"is a folder; name a file in it$"):
        preview(tmp_path)
