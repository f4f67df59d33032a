"""Spark on this machine, really running, against NumPy on the same rows.

A suite of its own, for Spark is large and starts slowly.
"""

from __future__ import annotations

import shutil
from dataclasses import astuple
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from gdcore.descent.batches import Batch
from gdcore.landscapes.bowl import MeanSquaredError, Moments
from gdcore.rows.dataset import Dataset, DatasetError, Origin
from gdcore.rows.files import Cancelled, Progress
from gdcore.rows.ground import ground_of_rows
from tui.sources.load import load

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    Column = NDArray[np.float64]

pytestmark = [
    pytest.mark.skipif(shutil.which("java") is None, reason="Spark needs Java, and there is none here"),
    # What pyspark and ibis do between themselves is not ours.
    pytest.mark.filterwarnings("ignore"),
]
ROWS = 5000


@pytest.fixture(autouse=True)
def _nothing_left_behind() -> None:
    """Spark's own process is left on purpose, for the next test: it ends with the module."""


@pytest.fixture(scope="module", autouse=True)
def one_session(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Spark starts once for all these tests, and ends with them; its warehouse is made where it starts."""
    pyspark = pytest.importorskip("pyspark.sql", reason="the extra spark is not installed")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tui.sources.spark.SparkTable.close", lambda _: None)
        patch.chdir(tmp_path_factory.mktemp("spark"))
        yield
    if session := pyspark.SparkSession.getActiveSession():
        session.stop()


def columns(shift: float = 0.0) -> tuple[Column, Column]:
    random = np.random.default_rng(5)
    x = random.normal(5, 2, ROWS) + shift
    return x, 3 * (x - shift) - 4 + random.normal(0, 3, ROWS)


def write(folder: Path, name: str, x: Any, y: Any) -> Origin:
    import pyarrow as pa  # noqa: PLC0415
    from pyarrow import csv, parquet  # noqa: PLC0415

    table = pa.table({"name": [f"row {i}" for i in range(len(x))], "x": x, "y": y})
    path = folder / name
    (parquet.write_table if name.endswith("parquet") else csv.write_csv)(table, path)
    return Origin((str(path),), engine="spark")


def fault(origin: Origin, *chosen: str) -> str:
    with pytest.raises(DatasetError) as caught:
        load(origin, *chosen)
    assert str(caught.value).isprintable()
    return str(caught.value)


@pytest.mark.parametrize(("shift", "digits"), [(0.0, 1e-12), (1e9, 1e-10)])
@pytest.mark.parametrize("name", ["t.parquet", "t.csv"])
def test_spark_gives_the_moments_that_numpy_gives(tmp_path: Path, name: str, shift: float, digits: float) -> None:
    x, y = columns(shift)
    data = load(write(tmp_path, name, x, y), "x", "y")
    assert (data.name, data.rows, len(data.x), data.sampled) == (name, ROWS, 2000, True)
    for mine, theirs in zip(astuple(data.moments)[:6], astuple(Moments.of(x, y))[:6], strict=True):
        assert mine == pytest.approx(theirs, rel=digits)
    assert data.squared_error.floor == pytest.approx(MeanSquaredError.of(x, y).floor, rel=digits)
    sample = set(zip(data.x.tolist(), data.y.tolist(), strict=True))
    assert sample <= set(zip(x.tolist(), y.tolist(), strict=True))
    assert len(sample) == 2000


def test_bad_rows(tmp_path: Path) -> None:
    x: list[float | None] = [1.0, None, 3.0, float("nan"), 5.0]
    origin = write(tmp_path, "t.parquet", x, [1.0, 2.0, float("inf"), 4.0, 5.0])
    assert fault(origin) == 't.parquet, row 2, column "x": the number is missing; write it or skip bad rows'
    data = load(origin, skip_bad_rows=True)
    assert (data.rows, data.skipped) == (2, 3)
    assert data.faults[1:] == (
        't.parquet, row 3, column "y": "inf" is not a finite number; correct it or skip bad rows',
        't.parquet, row 4, column "x": "nan" is not a finite number; correct it or skip bad rows',
    )


@pytest.mark.parametrize("loss", ["absolute", "huber", "logistic"])
def test_losses_are_added_up_by_spark(tmp_path: Path, loss: str) -> None:
    x, y = columns()
    y = (y > 11).astype(float) if loss == "logistic" else y
    data = load(write(tmp_path, "t.parquet", x, y), "x", "y")
    far, near = (
        ground_of_rows(rows, loss, 2.0, scaled=True)[0]
        for rows in (data, Dataset("t", None, x, y, "x", "y", ("x", "y")))
    )
    for point in ((0.0, 0.0), (2.5, -3.0), (1e6, -1e3)):
        value, slopes = far.loss_and_gradient(*point)
        expected, slopes_expected = near.loss_and_gradient(*point)
        assert value == pytest.approx(expected, rel=1e-12)
        assert slopes == pytest.approx(slopes_expected, rel=1e-12, abs=1e-12)
    with pytest.raises(DatasetError, match=r"^batches: the rows of t.parquet have no position to be read by"):
        far.seen(0, Batch(10))


def test_a_query(tmp_path: Path) -> None:
    x, y = columns()
    origin = write(tmp_path, "t.parquet", x, y)
    asked = Origin(origin.places, query="SELECT x, y FROM data WHERE x > 5", engine="spark")
    data = load(asked)
    assert data.origin == asked
    for mine, theirs in zip(astuple(data.moments)[:6], astuple(Moments.of(x[x > 5], y[x > 5]))[:6], strict=True):
        assert mine == pytest.approx(theirs, rel=1e-12)


def test_what_cannot_be_had_is_a_sentence(tmp_path: Path) -> None:
    origin = write(tmp_path, "t.parquet", *columns())
    assert "PATH_NOT_FOUND" in fault(Origin((str(tmp_path / "none.parquet"),), engine="spark"))
    assert fault(Origin((), "none", engine="spark")) == "none cannot be read: there is none of that name"
    assert fault(Origin((), engine="spark")).endswith("name one of its tables with --table, or ask with --query")
    assert fault(origin, "name") == 't.parquet, column "name": it holds no numbers; choose another'
    assert "the query cannot be read: " in fault(Origin(origin.places, query="SELECT none FROM data", engine="spark"))


def test_who_watches_can_end_a_query() -> None:
    seen: list[Progress] = []

    def cancel(progress: Progress) -> None:
        seen.append(progress)
        raise Cancelled

    endless = "SELECT a.id AS x, b.id AS y FROM range(10000000) a CROSS JOIN range(10000000) b"
    with pytest.raises(Cancelled):
        load(Origin((), query=endless, engine="spark"), watch=cancel)
    assert len(seen) == 1
