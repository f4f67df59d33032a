"""The time and memory of loading, compared with other readers of the same file in the same run, in turns.

Run it with `python -m benchmarks loading`, up to other sizes with `python -m benchmarks.loading --rows 10000 10000000`.
Readers that are not installed are left out. Each computes the same six numbers, or loads both columns.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from argparse import ArgumentParser
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

SIZES = (10_000, 100_000, 1_000_000, 10_000_000)
_SHAPES = ("two columns", "five columns", "quoted", "white space", "packed", "Parquet")
_ASKED = "count(*), avg(x), avg(y), var_pop(x), var_pop(y), covar_pop(x, y)"


def _gdlab(path: str) -> object:
    from gdcore.rows.dataset import Origin  # noqa: PLC0415
    from tui.sources.load import load  # noqa: PLC0415

    return load(Origin((path,)), "x", "y").squared_error.minimum


def _text(path: str) -> object:
    from gdcore.rows.dataset import load  # noqa: PLC0415

    return load(path, "x", "y")


def _numpy(path: str) -> object:
    first = Path(path).read_bytes()[:4] if path.endswith(".csv") else b""
    mark = None if path.endswith(".txt") else ","
    columns = (0, 1) if first.startswith(b"x,y") else (1, 2)
    return np.loadtxt(path, delimiter=mark, skiprows=1, usecols=columns, quotechar='"')


def _pandas(path: str) -> object:
    import pandas  # noqa: PLC0415

    if path.endswith(".parquet"):
        return pandas.read_parquet(path, columns=["x", "y"])
    return pandas.read_csv(path, usecols=["x", "y"], sep=r"\s+" if path.endswith(".txt") else ",")


def _polars(path: str) -> object:
    import polars  # noqa: PLC0415

    scan = polars.scan_parquet(path) if path.endswith(".parquet") else polars.scan_csv(path)
    x, y = polars.col("x"), polars.col("y")
    sums = [polars.len(), x.mean(), y.mean().alias("my"), x.var().alias("vx"), y.var().alias("vy")]
    return scan.select(*sums, polars.cov(x, y).alias("c")).collect(engine="streaming")


def _duckdb(path: str) -> object:
    import duckdb  # noqa: PLC0415

    return duckdb.execute(f"SELECT {_ASKED} FROM '{path}'").fetchall()


READERS: dict[str, Callable[[str], object]] = {
    "gdlab": _gdlab,
    "gdlab, text": _text,
    "numpy": _numpy,
    "pandas": _pandas,
    "polars": _polars,
    "duckdb": _duckdb,
}
_NOT_FOR = {
    "gdlab, text": ("Parquet",),
    "numpy": ("Parquet",),
    "polars": ("white space",),
    "duckdb": ("white space",),
}

# In a fresh interpreter, so that only its own memory counts; ru_maxrss is in KiB, on macOS in bytes.
_PEAK = """
import resource, sys
from benchmarks.loading import READERS
READERS[sys.argv[1]](sys.argv[2])
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024))
"""
# On Linux a process inherits the peak of its parent, so a small process is started in between.
_BETWEEN = "import subprocess, sys; sys.exit(subprocess.call(sys.argv[1:]))"


@dataclass(frozen=True)
class Cost:
    """What one reader needs for one file.

    Attributes:
        reader: its name.
        seconds: the median time, when all that is imported has been.
        megabytes: the peak of a process that does nothing else, its interpreter and imports included.
    """

    reader: str
    seconds: float
    megabytes: float


def measure(path: Path, shape: str, turns: int) -> list[Cost]:
    """Time every reader that can load the file, in turns."""
    readers = [name for name in READERS if shape not in _NOT_FOR.get(name, ()) and _is_here(name)]
    times: dict[str, list[float]] = {name: [] for name in readers}
    for turn in range(turns + 1):
        for name in readers:
            start = time.perf_counter()
            READERS[name](str(path))
            if turn:  # the first turn pays for imports and for a cold file
                times[name].append(time.perf_counter() - start)
    return [Cost(name, median(times[name]), _peak(name, path) / 1e6) for name in readers]


def _is_here(name: str) -> bool:
    return find_spec(name) is not None or name.startswith("gdlab")


def _peak(name: str, path: Path) -> float:
    command = [sys.executable, "-c", _BETWEEN, sys.executable, "-c", _PEAK, name, str(path)]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def write(folder: Path, shape: str, rows: int) -> Path | None:
    """Write a file of a shape; None where what writes it is not installed."""
    random = np.random.default_rng(0)
    x = random.uniform(0, 30, rows)
    y = 2 * x + random.normal(0, 5, rows)
    if shape == "Parquet":
        if not find_spec("pyarrow"):
            return None
        import pyarrow as pa  # noqa: PLC0415
        from pyarrow import parquet  # noqa: PLC0415

        path = folder / "t.parquet"
        more = {name: random.integers(0, 1000, rows) for name in "abc"}
        parquet.write_table(pa.table({"x": x, "y": y, **more}), path)
        return path
    header, line, name = {
        "two columns": ("x,y", "{1:.6f},{2:.6f}", "t.csv"),
        "five columns": ("i,x,y,j,k", "{0},{1:.6f},{2:.6f},{0},word", "t.csv"),
        "quoted": ("n,x,y", '"row, {0}",{1:.6f},{2:.6f}', "t.csv"),
        "white space": ("i x y", "{0} {1:.6f} {2:.6f}", "t.txt"),
        "packed": ("n,x,y", "{0},{1:.6f},{2:.6f}", "t.csv.gz"),
    }[shape]
    path = folder / name
    pairs = zip(x.tolist(), y.tolist(), strict=True)
    lines = (line.format(i, a, b) + "\n" for i, (a, b) in enumerate(pairs))
    if name.endswith(".gz"):
        import gzip  # noqa: PLC0415

        with gzip.open(path, "wt", compresslevel=1) as file:
            file.write(header + "\n")
            file.writelines(lines)
    else:
        with path.open("w") as file:
            file.write(header + "\n")
            file.writelines(lines)
    return path


def main(words: list[str] | None = None) -> None:
    """Measure, and print what was measured."""
    parser = ArgumentParser(description="What loading costs, beside others that read the same file.")
    parser.add_argument("--rows", type=int, nargs="+", default=[2_000_000], help=f"for instance {SIZES}")
    parser.add_argument("--shapes", nargs="+", choices=_SHAPES, default=_SHAPES, metavar="SHAPE", help=str(_SHAPES))
    parser.add_argument("--turns", type=int, default=3)
    options = parser.parse_args([] if words is None else words)
    for rows in options.rows:
        for shape in options.shapes:
            with tempfile.TemporaryDirectory() as folder:
                path = write(Path(folder), shape, rows)
                if path is None:
                    continue
                print(f"\n{rows:,} rows, {shape}, {path.stat().st_size / 1e6:.1f} MB")
                costs = measure(path, shape, options.turns)
            for cost in costs:
                print(f"  {cost.reader:14}{cost.seconds:9.3f} s {cost.megabytes:7.0f} MB")


if __name__ == "__main__":
    main(sys.argv[1:])
