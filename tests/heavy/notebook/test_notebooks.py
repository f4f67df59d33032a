"""Notebooks are valid and run as Jupyter runs them; Parquet is what another program reads."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any

import nbformat
import pyarrow.parquet
import pytest
from nbclient import NotebookClient

from tests.exported import log_of, walked
from tui.headless.export.notebook import notebook
from tui.headless.export.table import table

if TYPE_CHECKING:
    from pathlib import Path

# It has no types, where it is installed and where it is not.
READ: Any = nbformat.reads


@pytest.mark.parametrize("ground", ["pizza", "pizza*", "geyser", "cliff", "rosenbrock"])
@pytest.mark.filterwarnings("ignore:Proactor event loop", "ignore:There is no current event loop")
def test_a_notebook_runs_and_prints_what_it_shows(ground: str, tmp_path: Path) -> None:
    laboratory = walked(ground, "adam", "all")
    document = READ(notebook(laboratory), as_version=4)
    nbformat.validate(document)
    before = [cell.outputs for cell in document.cells if cell.cell_type == "code"]
    NotebookClient(document, timeout=120, resources={"metadata": {"path": str(tmp_path)}}).execute()
    after = [cell.outputs for cell in document.cells if cell.cell_type == "code"]
    assert after[:-1] == [[]] * (len(after) - 1)
    assert after[-1][0].text == before[-1][0].text == log_of(laboratory)


def test_parquet_says_the_same_as_csv(tmp_path: Path) -> None:
    laboratory = walked("pizza", "adam", "all")
    path = tmp_path / "states.parquet"
    written, text = table(laboratory, "parquet", every_branch=True), table(laboratory, "csv", every_branch=True)
    assert isinstance(written, bytes)
    assert isinstance(text, str)
    path.write_bytes(written)
    read = pyarrow.parquet.read_table(path)
    expected = list(csv.DictReader(io.StringIO(text)))
    assert read.column_names == list(expected[0])
    for row, other in zip(read.to_pylist(), expected, strict=True):
        assert row["branch"] == other["branch"]
        assert {name: value for name, value in row.items() if value is not None and name != "branch"} == {
            name: float(value) for name, value in other.items() if value and name != "branch"
        }
