"""Textual's private parts are used in one folder, behind one switch, and the app also runs without them."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from tests.terminal import opened
from tui.terminal.fence import APP, PUMP, SCREEN

ROOT = Path(__file__).parent.parent
PRIVATE = {
    *APP,
    *SCREEN,
    *PUMP,
    "_set_dirty",
    "_get_box_model",
    "_compositor",
    "_dirty_widgets",
    "_on_key",
    "_bindings",
}
PRIVATE |= {"_exception", "_return_code", "_driver", "_running", "_exit", "_color_system"}
OF_OUR_OWN = {"_display"}  # the form has a method of this name


def test_private_parts_are_used_in_one_folder() -> None:
    for path in (ROOT / "tui").rglob("*.py"):
        if "terminal" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute):
                assert node.attr not in PRIVATE - OF_OUR_OWN, f"{path.name}:{node.lineno} uses {node.attr}"
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("textual"):
                assert "._" not in str(node.module), f"{path.name}:{node.lineno} imports {node.module}"


def base(**environment: str) -> str:
    """The class that the app is built on, in a fresh interpreter."""
    code = "import os; from tui.terminal.base import BaseApp; print(BaseApp.__name__)"
    run = subprocess.run(
        [sys.executable, "-c", f"import os; os.environ.update({environment!r}); {code}"],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )
    return run.stdout.strip()


def test_the_switch() -> None:
    assert base() == "InsideApp"
    assert base(GDLAB_TEXTUAL="public") == "OutsideApp"


@pytest.mark.parametrize(
    ("what", "code"),
    [
        ("another version", "fence.TRIED = ('8.9.0',)"),
        ("a part that is missing", "from textual.widget import Widget; del Widget._set_dirty"),
    ],
)
def test_where_textual_is_not_as_it_was_tried_nothing_inside_is_used(what: str, code: str) -> None:
    del what
    program = f"from tui.terminal import fence\n{code}\nprint(fence.closed())"
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT)
    assert run.stdout.strip() == "True"


@pytest.mark.parametrize("how", ["public", "inside"])
def test_the_same_screen_either_way(how: str) -> None:
    with opened("-l", "0.001", GDLAB_TEXTUAL=how) as terminal:
        terminal.see("Step 0 of")
        for key, seen in (("n", "Step 1 of"), ("2", "condition number"), ("]", "0.0011"), ("?", "What you see")):
            terminal.press(key)
            terminal.see(seen)
        terminal.press("escape")
        terminal.settle()
        terminal.press("q")
        assert terminal.finish() == 0
        terminal.left_as_it_was()
