"""What other packages offer appears in the lists; what cannot be used costs a sentence."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
GOOD = """
import math
from dataclasses import dataclass
from typing import ClassVar
from gdcore.descent.optimizers import Nothing, Optimizer
from gdcore.descent.parameters import FRACTION, Parameter
from gdcore.descent.schedules import Schedule
from gdcore.landscapes.landscape import Landscape

class Hollow(Landscape):
    title, formula, has_bias = "hollow", "w**2", False
    def loss_and_gradient(self, w, b):
        return w * w, (2 * w, 0 * w)

@dataclass(frozen=True, slots=True)
class Signs(Optimizer):
    name: ClassVar[str] = "signs"
    title: ClassVar[str] = "signs"
    parameters: ClassVar = (Parameter("calm", FRACTION, "how calm it is"),)
    calm: float = 0.5
    def memory(self):
        return Nothing()
    def step(self, gradient, memory, learning_rate):
        return learning_rate * (1 - self.calm) * ((gradient > 0) * 1.0 - (gradient < 0) * 1.0), memory

@dataclass(frozen=True, slots=True)
class Warm(Schedule):
    name: ClassVar[str] = "warm"
    title: ClassVar[str] = "warming up"
    formula: ClassVar[str] = "lr * t"
    since: int = 0
    def factor(self, iteration):
        return float(iteration - self.since)

class Untitled(Optimizer):
    name = "untitled"
    def memory(self):
        return Nothing()
    def step(self, gradient, memory, learning_rate):
        return learning_rate * gradient, memory

class Forgetful(Untitled):
    name = title = "forgetful"
    def memory(self):
        return None

class OneByOne(Untitled):
    name = title = "one-by-one"
    def step(self, gradient, memory, learning_rate):
        return math.copysign(learning_rate, gradient), memory

class Leaves(Untitled):
    name = title = "leaves"
    def step(self, gradient, memory, learning_rate):
        raise SystemExit("good bye")

class Point(Landscape):
    title, formula = "point", "cosh(w)"
    def loss_and_gradient(self, w, b):
        return math.cosh(w), (math.sinh(w), 0.0)

class Unsaid(Warm):
    name, formula = "unsaid", None

broken = 1 / 1
def raises():
    raise RuntimeError("no \\x1b[2J luck")
class Rude:
    pass
"""


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A folder with a package that offers things."""
    (tmp_path / "offers.py").write_text(GOOD, encoding="utf-8")
    info = tmp_path / "offers-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: offers\nVersion: 1.0\n", encoding="utf-8")
    return tmp_path


def offered(package: Path, entries: str) -> None:
    (package / "offers-1.0.dist-info" / "entry_points.txt").write_text(entries, encoding="utf-8")


def gdlab(package: Path, *words: str) -> subprocess.CompletedProcess[str]:
    code = f"import sys; sys.path.append({str(package)!r}); from tui.cli import main; sys.exit(main())"
    return subprocess.run([sys.executable, "-c", code, *words], cwd=ROOT, capture_output=True, text=True, check=False)


def test_what_is_offered_is_known(package: Path) -> None:
    offered(
        package,
        "[gdlab.landscapes]\nhollow = offers:Hollow\n[gdlab.optimizers]\nsigns = offers:Signs\n"
        "[gdlab.schedules]\nwarm = offers:Warm\n",
    )
    run = gdlab(package, "train", "--terrain", "hollow", "--optimizer", "signs", "--calm", "0.75", "-l", "4", "-n", "2")
    assert (
        run.stdout == "Iteration    0 => Loss: 4.0000000000\nIteration    1 => Loss: 1.0000000000\n\nw=0.0000000000\n"
    )
    assert run.returncode == 0
    helped = gdlab(package, "train", "--help").stdout
    assert "signs" in helped
    assert "how calm it is (default: signs 0.5)" in " ".join(helped.split())
    assert "schedule" not in helped or "warm" in helped


@pytest.mark.parametrize(
    ("entry", "sentence"),
    [
        ("[gdlab.landscapes]\na = offers:missing", "has no attribute 'missing'"),
        ("[gdlab.landscapes]\na = offers:broken", "not callable"),
        ("[gdlab.landscapes]\na = offers:raises", r"no \x1b[2J luck"),
        ("[gdlab.landscapes]\na = offers:Rude", "it is a Rude, not a Landscape"),
        ("[gdlab.optimizers]\na = offers:Hollow", "it is no kind of Optimizer"),
        ("[gdlab.optimizers]\na = gdcore.descent.optimizers:Adam", "there is an optimizer adam already"),
        ("[gdlab.optimizers]\na = offers:Untitled", "its title is missing"),
        ("[gdlab.optimizers]\na = offers:Forgetful", "its memory is a NoneType, not a named tuple"),
        ("[gdlab.optimizers]\na = offers:OneByOne", "only "),
        ("[gdlab.optimizers]\na = offers:Leaves", "good bye"),
        ("[gdlab.landscapes]\na = offers:Point", "only "),
        ("[gdlab.schedules]\na = offers:Unsaid", "its formula is missing"),
        ("[gdlab.schedules]\na = nowhere:at_all", "No module named 'nowhere'"),
    ],
)
def test_what_cannot_be_used_costs_a_sentence(package: Path, entry: str, sentence: str) -> None:
    offered(package, entry)
    run = gdlab(package, "train", "-n", "1")
    assert run.returncode == 0
    assert run.stdout.startswith("Iteration    0 => Loss: 812.8666666667\n")
    first = run.stderr.splitlines()[0]
    assert first.startswith(f'gdlab: the {entry[7:].partition("s]")[0]} "a" of offers cannot be used: ')
    assert sentence in first


def test_what_was_refused_is_in_no_list(package: Path) -> None:
    offered(package, "[gdlab.optimizers]\na = offers:Leaves")
    run = gdlab(package, "train", "--optimizer", "leaves")
    assert run.returncode == 2
    assert "invalid choice: 'leaves'" in run.stderr


def test_nothing_is_imported_where_nothing_is_offered() -> None:
    code = "import sys; from tui.plugins import register; print(register(), 'importlib.metadata' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert run.stdout == "[] False\n"
