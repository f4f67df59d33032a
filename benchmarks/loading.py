"""How long it takes to load a large file, and how much memory: against numpy.loadtxt, in one run, in turns.

Run it with `python -m benchmarks.loading`.
"""

import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import numpy as np

from gdcore.rows.dataset import load

# In a fresh interpreter, so that no memory of this one is counted; ru_maxrss is in KiB, on macOS in bytes.
_PEAK = """
import resource, sys
from gdcore.rows.dataset import load
def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
base = peak()
data = load(sys.argv[1])
print((peak() - base) / (data.x.nbytes + data.y.nbytes))
"""
# A process on Linux begins with the peak of the one that started it, so a small one stands between.
_BETWEEN = "import subprocess, sys; sys.exit(subprocess.call(sys.argv[1:]))"


@dataclass(frozen=True)
class Loading:
    """The cost of loading a file of two columns.

    Attributes:
        rows: how many rows the file has.
        seconds: the median time of `load`.
        loadtxt_seconds: the median time of `numpy.loadtxt` on the same file.
        ratio: the median of the ratios of the two, each of one turn.
        memory: the peak above the interpreter with its imports, as a multiple of the size of the two columns.
    """

    rows: int
    seconds: float
    loadtxt_seconds: float
    ratio: float
    memory: float


def measure(rows: int = 2_000_000, turns: int = 5) -> Loading:
    """Write a CSV file of two columns and measure what loading it costs."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "large.csv"
        _write(path, rows)
        ours, theirs = [], []
        load(path)  # so that the first turn does not pay for imports and for a cold file
        for _ in range(turns):
            ours.append(_seconds(path, mine=True))
            theirs.append(_seconds(path, mine=False))
        ratio = median(a / b for a, b in zip(ours, theirs, strict=True))
        command = [sys.executable, "-c", _BETWEEN, sys.executable, "-c", _PEAK, str(path)]
        child = subprocess.run(command, check=True, capture_output=True, text=True)
        return Loading(rows, median(ours), median(theirs), ratio, float(child.stdout))


def _write(path: Path, rows: int) -> None:
    random = np.random.default_rng(0)
    x = random.uniform(0, 30, rows)
    y = 2 * x + random.normal(0, 5, rows)
    with path.open("w") as file:
        file.write("x,y\n")
        file.writelines(f"{a:.6f},{b:.6f}\n" for a, b in zip(x, y, strict=True))


def _seconds(path: Path, *, mine: bool) -> float:
    start = time.perf_counter()
    if mine:
        load(path)
    else:
        np.loadtxt(path, delimiter=",", skiprows=1)
    return time.perf_counter() - start


def main() -> None:
    """Measure, and print what was measured."""
    cost = measure()
    print(
        f"{cost.rows:,} rows: {cost.seconds:.2f} s, numpy.loadtxt {cost.loadtxt_seconds:.2f} s, {cost.ratio:.2f} times"
    )
    print(f"peak memory: {cost.memory:.2f} times the two columns")


if __name__ == "__main__":
    main()
