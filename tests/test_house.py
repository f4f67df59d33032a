"""The house rules, so that one run of pytest is every check: format, lint, types, the direction of imports, CI."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
LABORATORY_LINE = "python3 -m venv .venv && .venv/bin/pip install --quiet . && .venv/bin/gdlab"
CHECK_LINE = "python3 -m venv .venv && .venv/bin/pip install --quiet --editable '.[dev]' && .venv/bin/pytest"


@pytest.mark.parametrize("words", [("ruff", "format", "--check"), ("ruff", "check"), ("mypy",)], ids=" ".join)
def test_tool(words: tuple[str, ...]) -> None:
    run = subprocess.run([sys.executable, "-m", *words], cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, f"\n{run.stdout}{run.stderr}"


def imported_by(code: str, *words: str) -> set[str]:
    """The packages and modules that a fresh interpreter has imported when it has run the code."""
    report = "import atexit, sys; atexit.register(lambda: print(*sys.modules, file=sys.stderr)); "
    run = subprocess.run(
        [sys.executable, "-c", report + code, *words], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    return set(run.stderr.splitlines()[-1].split())


def foreign(modules: set[str]) -> set[str]:
    """The top-level packages among them that are not of the standard library, nor of the interpreter's own start."""
    tops = {module.partition(".")[0] for module in modules}
    return {top for top in tops - imported_at_the_start() - sys.stdlib_module_names if not top.startswith("_")}


def imported_at_the_start() -> set[str]:
    return {module.partition(".")[0] for module in imported_by("pass")}


def modules_of(folder: str) -> list[str]:
    """Every module below the folder, by its dotted name."""
    paths = (path.relative_to(ROOT).with_suffix("") for path in (ROOT / folder).rglob("*.py"))
    return sorted(".".join(path.parts).removesuffix(".__init__") for path in paths)


def test_gdcore_needs_numpy_and_nothing_else() -> None:
    # It is the mathematics: whoever wants it without a terminal, or with another screen, takes it as it is.
    modules = modules_of("gdcore")
    assert "gdcore.descent.steps" in modules
    assert foreign(imported_by(f"import {', '.join(modules)}")) == {"gdcore", "numpy"}


BELOW = {
    "gdcore.landscapes": ("gdcore.inert",),
    "gdcore.rows": ("gdcore.landscapes", "gdcore.inert"),
    "gdcore.descent": ("gdcore.landscapes", "gdcore.inert"),
    "gdcore.studies": ("gdcore.descent", "gdcore.landscapes"),
    "gdcore.session": ("gdcore.descent", "gdcore.landscapes", "gdcore.rows", "gdcore.inert"),
    "gdcore.course": (
        "gdcore.session",
        "gdcore.studies",
        "gdcore.descent",
        "gdcore.landscapes",
        "gdcore.rows",
        "gdcore.inert",
    ),
    "tui.charts": ("gdcore",),
    "tui.laboratory": ("gdcore", "tui.charts", "tui.sources"),
    "tui.views": ("gdcore", "tui.charts", "tui.laboratory"),
    "tui.sources": ("gdcore",),
    "tui.headless": ("gdcore", "tui.laboratory", "tui.sources", "tui.charts", "tui.views", "tui.terminal.environment"),
    "tui.terminal": ("gdcore", "tui.charts"),
}
"""What the modules of a folder may import besides their own: a fault in one is looked for there and below."""


@pytest.mark.parametrize("folder", BELOW)
def test_imports_go_one_way(folder: str) -> None:
    allowed = (folder, *BELOW[folder], "gdcore.__init__")
    for module in modules_of(folder.replace(".", "/")) or [folder]:
        path = ROOT / (module.replace(".", "/") + ".py")
        if path.exists():
            for name in names_imported(path):
                assert name == "gdcore" or name.startswith(tuple(allowed)), f"{module} imports {name}"


def names_imported(path: Path) -> set[str]:
    """The modules of our own that a file imports, for its types too."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{a.name}" for a in node.names if a.name.islower())}
        elif isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
    return {n for n in names if n.startswith(("gdcore", "tui")) and (ROOT / (n.replace(".", "/") + ".py")).exists()}


def test_charts_need_no_textual() -> None:
    # What is drawn is data: it is tested as data, without a screen, and could be drawn by something else.
    modules = modules_of("tui/charts")
    assert modules
    assert not foreign(imported_by(f"import {', '.join(modules)}")) & {"textual", "rich"}


@pytest.mark.parametrize("words", [(), ("cars", "--format", "csv"), ("pizza", "--format", "json"), ("--help",)])
def test_a_run_without_a_screen_never_pays_for_the_screen(words: tuple[str, ...]) -> None:
    # It starts about as fast as NumPy does, and works where there is no terminal at all.
    modules = imported_by("from tui.cli import main; sys.exit(main())", "train", *words)
    assert foreign(modules) - {"numpy"} == {"gdcore", "tui"}
    assert "tui.cli" in modules


def test_usage_is_answered_before_numpy_is_imported() -> None:
    assert "numpy" not in foreign(imported_by("from tui.cli import main; sys.exit(main())", "--version"))
    assert "numpy" not in foreign(imported_by("from tui.cli import main; sys.exit(main())", "train", "--help"))


def test_the_first_screen_imports_no_masked_arrays() -> None:
    """They are a fiftieth of a start, and several functions of NumPy import them for nothing."""
    code = """
from asyncio import run
from gdcore.descent.steps import Limits, Settings
from gdcore.rows.dataset import load
from tui.laboratory.laboratory import Laboratory
from tui.screen.app import GradientDescentApp
async def start():
    async with GradientDescentApp(Laboratory(load("pizza"), Settings(), Limits())).run_test(size=(120, 36)) as pilot:
        await pilot.press("n")
run(start())
"""
    assert "tui.screen.aside" in (modules := imported_by(code))
    assert ("numpy.ma" in modules) == ("numpy.ma" in imported_by("import numpy"))  # the oldest ones always do


def test_ci_runs_the_check_command_of_the_readme() -> None:
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    assert script.read_text().splitlines().count(CHECK_LINE) == 1
    assert "for suite in tests/heavy/*/run" in script.read_text().partition(CHECK_LINE)[2]
    for suite in (ROOT / "tests" / "heavy").iterdir():
        if any(suite.glob("test_*.py")):
            assert os.access(suite / "run", os.X_OK), f"{suite.name} has tests that .ci/run does not run"


@pytest.mark.parametrize("line", [LABORATORY_LINE, CHECK_LINE], ids=["laboratory", "check"])
def test_the_readme_has_the_line(line: str) -> None:
    shown = [text.strip().removeprefix("$ ") for text in (ROOT / "README.md").read_text(encoding="utf-8").splitlines()]
    assert line in shown


def test_no_file_knows_where_it_was_written() -> None:
    if not (ROOT / ".git").exists():
        pytest.skip("this is no clone")
    listing = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listing, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\0")
    paths = [path for path in (ROOT / name for name in names if name) if path.is_file() and path != Path(__file__)]
    assert ROOT / "pyproject.toml" in paths
    for path in paths:
        content = path.read_bytes()
        for mark in (b"/work/", b"/root/", b"pypi.org", b"files.pythonhosted.org"):
            assert mark not in content, f"{path} names {mark.decode()}"
