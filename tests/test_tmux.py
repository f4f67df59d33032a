"""gdlab inside tmux and GNU screen, where they are installed."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.terminal import GDLAB, Terminal, needed


@pytest.fixture
def short() -> Iterator[Path]:
    """A folder for sockets, whose paths may not be longer than about a hundred bytes."""
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        yield Path(folder)


def walk(terminal: Terminal) -> None:
    """Step, run, pause and quit."""
    terminal.see("Step 0 of 100")
    terminal.see("Quit")
    assert "✕" in terminal.text
    terminal.press("n")
    terminal.see("Step 1 of 100")
    terminal.press("space")
    terminal.wait(lambda: terminal.iteration > 3, "a run")
    terminal.press("space")
    terminal.wait(lambda: "running" not in terminal.text, "the pause")
    now = terminal.iteration
    terminal.press("b")
    terminal.see(f"Step {now - 1} of 100")
    terminal.press("q")


def test_tmux(short: Path) -> None:
    tmux = [needed("tmux"), "-S", str(short / "t"), "-f", "/dev/null"]
    with Terminal([*tmux, "-u", "new-session", GDLAB], (90, 30)) as terminal:
        walk(terminal)
        assert terminal.finish() == 0


def test_screen(short: Path) -> None:
    screen = [needed("screen"), "-U", "-c", "/dev/null"]
    with Terminal([*screen, GDLAB], (90, 30), {"SCREENDIR": str(short)}) as terminal:
        walk(terminal)
        assert terminal.finish() == 0
