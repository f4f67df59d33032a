"""The wheel: what a plain install brings, tried in a bare environment, from another folder."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from gdcore import __version__
from gdcore.rows.dataset import shipped

pytestmark = pytest.mark.timeout(900)  # it builds, and installs what the project needs

ROOT = Path(__file__).parent.parent
BIN = "Scripts" if os.name == "nt" else "bin"


def run(*words: str | Path, cwd: Path | None = None) -> str:
    """Run a command as somebody who has no environment activated; return its standard output."""
    foreign = {"PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV"}
    environment = {name: value for name, value in os.environ.items() if name not in foreign}
    done = subprocess.run(words, cwd=cwd, env=environment, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, f"{words}\n{done.stdout}{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", folder, ROOT)
    (built,) = folder.iterdir()
    return built


@pytest.fixture(scope="module")
def bare(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the commands of an environment with the wheel and NumPy, all that a run without a screen needs."""
    environment = tmp_path_factory.mktemp("bare")
    run(sys.executable, "-m", "venv", "--without-pip", environment)
    commands = environment / BIN
    pip = (sys.executable, "-m", "pip", "--python", commands / "python")
    run(*pip, "install", "--quiet", "--no-deps", "--only-binary", "numpy", "numpy>=1.26", wheel)
    return commands


def test_what_is_in_the_wheel(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        metadata = archive.read(f"gdlab-{__version__}.dist-info/METADATA").decode()
    top = {name.partition("/")[0] for name in names}
    assert top == {"gdcore", "tui", f"gdlab-{__version__}.dist-info"}, "no tests, no folder called data at the top"
    assert {"gdcore/py.typed", "tui/py.typed"} <= names
    assert {f"gdcore/data/{path.name}" for path in (ROOT / "data").iterdir()} <= names
    assert any(name.endswith("/LICENSE") for name in names)
    for package in ("gdcore", "tui"):
        for path in (ROOT / package).rglob("*"):
            if path.suffix in {".py", ".tcss"}:
                assert path.relative_to(ROOT).as_posix() in names
    assert not any("__pycache__" in name for name in names)
    assert "\nRequires-Python: >=3.10\n" in metadata


def test_the_wheel_trains_from_any_folder(bare: Path, tmp_path: Path) -> None:
    decoy = tmp_path / "data" / "pizza.txt"
    decoy.parent.mkdir()
    decoy.write_text("not the lesson's data")
    assert run(bare / "gdlab", "--version", cwd=tmp_path) == f"gdlab {__version__}\n"
    assert run(bare / "gdlab", "train", cwd=tmp_path).endswith("\n\nw=1.8436928702\n")
    for name in shipped():
        arguments = ("train", name, "-n", "3", "--format", "json")
        here = run(Path(sys.executable).parent / "gdlab", *arguments, cwd=tmp_path)
        assert run(bare / "gdlab", *arguments, cwd=tmp_path) == here


def test_what_runs_is_the_wheel_and_not_this_folder(bare: Path, tmp_path: Path) -> None:
    code = "import gdcore, tui; print(gdcore.__file__, tui.__file__, sep='\\n')"
    for file in run(bare / "python", "-c", code, cwd=tmp_path).splitlines():
        assert Path(file).is_relative_to(bare.parent)
