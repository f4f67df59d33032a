"""In every way gdlab can end, the terminal is restored at once, and no process is left."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.terminal import GDLAB, Terminal, needed, opened
from tui.laboratory.saving import latest

if TYPE_CHECKING:
    from collections.abc import Callable

SOON = 1.0
"""Seconds in which gdlab ends."""
PATIENCE = 4
"""So many times as long passes, as the machine is busy with other tests."""


def ended(terminal: Terminal) -> int:
    """The exit code, of a program that ends soon."""
    start = time.monotonic()
    code = terminal.finish(10)
    assert time.monotonic() - start < PATIENCE * SOON
    return code


@pytest.mark.parametrize("running", [False, True])
@pytest.mark.parametrize(
    ("how", "code"),
    [
        ("q", 0),
        ("\x03", 0),
        ("\x11", 0),
        (signal.SIGTERM, 143),
        (signal.SIGHUP, 129),
        (signal.SIGINT, 130),
        (signal.SIGQUIT, 131),
        (signal.SIGABRT, 134),
    ],
)
def test_the_terminal_is_left_as_it_was(how: str | signal.Signals, code: int, running: bool) -> None:
    with opened("-n", "100000") as terminal:
        if running:
            terminal.press("space")
            terminal.see("Step 2 of")
        if isinstance(how, str):
            terminal.type(how)
        else:
            terminal.signal(how)
        assert ended(terminal) == code
        terminal.left_as_it_was()
        assert b"Traceback" not in terminal.sent


def test_a_signal_while_a_dialog_is_open() -> None:
    with opened() as terminal:
        terminal.press("?")
        terminal.wait(lambda: "w (weight)" not in terminal.text, "the help")
        terminal.signal(signal.SIGTERM)
        assert ended(terminal) == 143
        terminal.left_as_it_was()


PLACES = ["1", "2t", "3", "4", "5", "?", "w", "g", "ge", "o", ":", ":zz", "s", "s\x1b[Z\r", "s\t9", "a", "G "]
"""What leads to every view, dialog and kind of field, to a race and to a run."""
SIGNALS = [signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGABRT]


def saved(folder: Path) -> int:
    """How far the saved session goes."""
    session, remarks = latest(folder)
    assert session is not None
    assert not remarks
    return max(branch.tip for branch in session.branches)


@pytest.mark.parametrize(
    ("place", "how"), [(place, SIGNALS[number % len(SIGNALS)]) for number, place in enumerate([*PLACES, *PLACES[5:12]])]
)
def test_a_signal_in_every_view_and_dialog(place: str, how: signal.Signals, tmp_path: Path) -> None:
    with opened("-n", "100000", GDLAB_STATE_DIR=str(tmp_path)) as terminal:
        terminal.press("n", "n")
        terminal.see("Step 2 of")
        terminal.type(place)
        terminal.read(0.3)
        terminal.signal(how)
        assert ended(terminal) == 128 + how
        terminal.left_as_it_was()
        assert b"Traceback" not in terminal.sent
    assert saved(tmp_path) >= 2


@pytest.mark.parametrize("place", PLACES)
def test_stopped_and_continued_in_every_view_and_dialog(place: str, tmp_path: Path) -> None:
    with opened("-n", "100000", GDLAB_STATE_DIR=str(tmp_path)) as terminal:
        terminal.press("n", "n")
        terminal.see("Step 2 of")
        terminal.type(place)
        terminal.settle(0.1) if place != "G " else terminal.wait(lambda: terminal.iteration > 2, "a run")
        terminal.signal(signal.SIGTSTP)
        terminal.wait(lambda: stopped(terminal.process.pid), "to see it stop")
        while terminal.read(0.05):
            pass
        terminal.left_as_it_was()
        assert saved(tmp_path) >= 2
        terminal.screen.reset()
        terminal.signal(signal.SIGCONT)
        terminal.wait(lambda: terminal.modes.get(1049) and terminal.text.strip(), "the screen")
        terminal.signal(signal.SIGTERM)
        assert ended(terminal) == 143
        terminal.left_as_it_was()


def stopped(process: int) -> bool:
    """Whether a process stands still until it is told to go on."""
    stat = Path(f"/proc/{process}/stat")
    if not stat.exists():
        pytest.skip("needs /proc")
    return stat.read_text().rpartition(")")[2].split()[0] == "T"


def resized(terminal: Terminal) -> None:
    for number in range(60):
        terminal.resize((1 + 83 * number % 500, 1 + 37 * number % 200))
        terminal.read(0)


def resized_map(terminal: Terminal) -> None:
    terminal.send(b"tG2aaa")
    resized(terminal)


BUSY: dict[str, Callable[[Terminal], None]] = {
    "a race": lambda terminal: terminal.send(b"a"),
    "races in the map, with ghosts": lambda terminal: terminal.send(b"tG2" + b"a" * 20),
    "a run as fast as it can": lambda terminal: terminal.send(b">" * 9 + b" "),
    "a run in the map": lambda terminal: terminal.send(b"tG2" + b">" * 9 + b" "),
    "a sweep": lambda terminal: terminal.send(b"5"),
    "resizing": resized,
    "resizing the map, with races": resized_map,
    "a paste": lambda terminal: terminal.send(b"s\x1b[200~" + b"9" * 10_000 + b"\x1b[201~"),
    "a paste that does not end": lambda terminal: terminal.send(b"s\x1b[200~" + b"9" * 10_000),
    "ten thousand keys": lambda terminal: terminal.send(b"9e5]n" * 2000),
}


@pytest.mark.parametrize("how", ["ctrl+q", "SIGTERM"])
@pytest.mark.parametrize("what", BUSY)
def test_it_ends_whatever_it_is_busy_with(what: str, how: str) -> None:
    with opened("-n", "1000000", size=(120, 36)) as terminal:
        terminal.watched = False
        BUSY[what](terminal)
        if how == "ctrl+q":
            terminal.send(b"\x11")
        else:
            terminal.signal(signal.SIGTERM)
        assert ended(terminal) == (0 if how == "ctrl+q" else 143)
        terminal.left_as_it_was()


STUCK = """
import sys
from tui import cli
from tui.laboratory.walk import Walk

def stuck(self, factor):
    self.step(7)
    while True:
        pass

Walk.scale_learning_rate = stuck
sys.exit(cli.main())
"""


@pytest.mark.parametrize("how", ["ctrl+q", "SIGTERM"])
def test_it_ends_with_its_work_saved_where_it_hangs(how: str, tmp_path: Path) -> None:
    with Terminal([sys.executable, "-c", STUCK], environment={"GDLAB_STATE_DIR": str(tmp_path)}) as terminal:
        terminal.see("Step 0 of")
        terminal.settle()
        terminal.press("]")
        terminal.settle()
        if how == "ctrl+q":
            terminal.send(b"\x11")
        else:
            terminal.signal(signal.SIGTERM)
        assert ended(terminal) == (0 if how == "ctrl+q" else 143)
        terminal.left_as_it_was()
    assert saved(tmp_path) == 7


def test_a_signal_while_it_starts() -> None:
    with Terminal([GDLAB]) as terminal:
        terminal.wait(lambda: terminal.modes.get(1049), "the alternate screen")
        terminal.signal(signal.SIGTERM)
        assert ended(terminal) == 143
        terminal.left_as_it_was()


@pytest.mark.parametrize("running", [False, True])
def test_the_line_drops(running: bool) -> None:
    with opened("-n", "100000") as terminal:
        if running:
            terminal.press("space")
            terminal.see("Step 2 of")
        terminal.hang_up()
        assert terminal.process.wait(PATIENCE * SOON) == 129


def test_the_line_drops_where_no_signal_comes() -> None:
    """As under nohup, or where a program in between keeps the signal to itself."""
    holding = (
        "import signal, subprocess, sys; signal.signal(signal.SIGHUP, signal.SIG_IGN);"
        f"sys.exit(subprocess.call([{GDLAB!r}]))"
    )
    with Terminal([sys.executable, "-c", holding]) as terminal:
        terminal.see("Step 0 of")
        terminal.settle()
        terminal.hang_up()
        assert terminal.process.wait(PATIENCE * SOON) == 129


def test_a_line_that_stalls_does_not_hold_up_the_end() -> None:
    with opened("-n", "100000", size=(200, 60)) as terminal:
        terminal._synchronized = False
        for _ in range(12):  # more than the kernel keeps
            terminal.press("?")
            time.sleep(0.05)
            terminal.press("escape")
            time.sleep(0.05)
        terminal.signal(signal.SIGTERM)
        assert terminal.process.wait(PATIENCE * SOON) == 143


FAULT = """
import sys
from tui import cli
from tui.laboratory.walk import Walk

def fault(self, count=1):
    raise RuntimeError("a fault put in by a test")

Walk.step = fault
sys.exit(cli.main())
"""


NOTHING = """
import sys
from tui import cli
from tui.screen.screen import LaboratoryScreen

def fault(self):
    raise RuntimeError("a fault put in by a test")

LaboratoryScreen.compose = fault
sys.exit(cli.main())
"""


def test_where_there_is_nothing_to_go_on_with_it_ends(tmp_path: Path) -> None:
    with Terminal([sys.executable, "-c", NOTHING], environment={"GDLAB_STATE_DIR": str(tmp_path)}) as terminal:
        assert terminal.finish() == 1
        terminal.left_as_it_was()
        assert b"Traceback" not in terminal.sent
        assert b"something inside gdlab went wrong (RuntimeError: a fault put in by a test)" in terminal.sent


@pytest.mark.parametrize("how", ["n", "space"])
def test_a_fault_inside_drops_one_event(how: str, tmp_path: Path) -> None:
    with Terminal([sys.executable, "-c", FAULT], environment={"GDLAB_STATE_DIR": str(tmp_path)}) as terminal:
        terminal.see("Step 0 of")
        terminal.settle()
        terminal.press(how)
        terminal.see("RuntimeError: a fault put")
        terminal.press("]")
        terminal.see("0.0011")
        terminal.press("q")
        assert ended(terminal) == 0
        terminal.left_as_it_was()
    written = (tmp_path / "faults.log").read_text(encoding="utf-8")
    assert "in fault\nRuntimeError: a fault put in by a test" in written
    assert written.startswith("gdlab ")


@pytest.mark.parametrize(
    "bytes_sent",
    [
        "\x1b[99999999999;1u",
        "\x1b[48;24;80;0;0t\x1b[<0;5;5M",
        "\x1b[<0;999999;999999M",
        "\x1b[200~\x00\x1b\x07\x1b[201~",
    ],
)
def test_what_the_parser_cannot_take_is_dropped(bytes_sent: str) -> None:
    with opened() as terminal:
        terminal.type(bytes_sent)
        terminal.settle()
        terminal.press("escape")
        terminal.settle()
        terminal.press("n")
        terminal.see("Step 1 of")
        terminal.press("q")
        assert ended(terminal) == 0
        terminal.left_as_it_was()


@pytest.mark.parametrize("key", ["\x1b[5~", "\x1b[6~"])
def test_page_keys_in_the_palette_end_nothing(key: str) -> None:
    with opened() as terminal:
        terminal.type(":" + key + key)
        terminal.settle()
        terminal.type("zzzz" + key + key)
        terminal.settle()
        terminal.press("escape")
        terminal.settle()
        terminal.press("n")
        terminal.see("Step 1 of")


def test_suspended_and_brought_back() -> None:
    bash = needed("bash")
    with Terminal([bash, "--norc", "--noprofile", "-i"], environment={"PS1": "shell> "}) as terminal:
        terminal.see("shell>")
        terminal.type("stty -a | grep -o '.echo ' | head -1; gdlab -n 100000\n")
        terminal.see("Step 0 of")
        terminal.settle()
        assert not terminal.modes[25]
        terminal.press("space")
        terminal.wait(lambda: terminal.iteration > 1, "a run")
        terminal.screen.reset()
        terminal.press("ctrl+z")
        terminal.see("Stopped")
        terminal.see("shell>")
        terminal.settle()
        assert terminal.modes[25]
        assert not terminal.modes[1049]
        assert not terminal.modes[1000]
        assert terminal.kitty == 0
        terminal.type("echo he''re; stty -a | grep -o '[- ]icanon'\n")
        terminal.see("here")
        terminal.see(" icanon")
        terminal.screen.reset()
        terminal.type("fg\n")
        terminal.see("w (weight)")
        terminal.see("? Help")
        terminal.settle()
        assert "running" not in terminal.text
        now = terminal.iteration
        terminal.press("n")
        terminal.see(f"Step {now + 1} of")
        terminal.screen.reset()
        terminal.press("q")
        terminal.see("shell>")
        terminal.type("echo co''de $?\n")
        terminal.see("code 0")
        terminal.settle()
        terminal.type("exit\n")
        assert terminal.finish() == 0
        terminal.modes.pop(2004, None)
        terminal.left_as_it_was()


def test_nothing_is_suspended_where_no_shell_waits() -> None:
    with opened() as terminal:
        terminal.press("ctrl+z")
        terminal.see("No shell waits")
        terminal.press("n")
        terminal.see("Step 1 of")


def test_stopped_and_continued_from_outside() -> None:
    with opened() as terminal:
        terminal.signal(signal.SIGSTOP)
        terminal.screen.reset()
        terminal.signal(signal.SIGCONT)
        terminal.see("w (weight)")
        terminal.press("n")
        terminal.see("Step 1 of")
        terminal.press("q")
        assert ended(terminal) == 0
        terminal.left_as_it_was()


def test_it_idles_at_rest() -> None:
    with opened() as terminal:
        terminal.settle(0.5)
        used = _cpu(terminal.process.pid)
        terminal.settle(1.5)
        assert _cpu(terminal.process.pid) - used < 0.15


def _cpu(process: int) -> float:
    """CPU seconds of a process so far."""
    stat = Path(f"/proc/{process}/stat")
    if not stat.exists():
        pytest.skip("needs /proc")
    fields = stat.read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_before_leaving_is_called_however_it_ends(tmp_path: Path) -> None:
    saved = tmp_path / "saved"
    program = f"""
import sys
from pathlib import Path
from tui.screen import app
from tui import cli
begin = app.GradientDescentApp.__init__
def with_hook(self, *arguments, **options):
    begin(self, *arguments, **options)
    self.before_leaving = lambda: Path({str(saved)!r}).write_text(str(self.laboratory.walk.timeline.state.iteration))
app.GradientDescentApp.__init__ = with_hook
sys.exit(cli.main())
"""
    for how in (signal.SIGTERM, signal.SIGHUP, "q", "drop"):
        saved.unlink(missing_ok=True)
        with Terminal([sys.executable, "-c", program]) as terminal:
            terminal.see("Step 0 of")
            terminal.settle()
            terminal.press("N", "n")
            terminal.see("Step 11 of")
            if how == "drop":
                terminal.hang_up()
            elif isinstance(how, str):
                terminal.press(how)
            else:
                terminal.signal(how)
            terminal.process.wait(5)
        assert saved.read_text() == "11"


def test_stopped_and_continued_again_and_again_in_a_race() -> None:
    """Wherever a stop finds the app, in the middle of a write for one."""
    with opened("-n", "100000") as terminal:
        terminal.press("n", "n")
        terminal.see("Step 2 of")
        terminal.watched = False
        terminal.type("a")
        for number in range(40):
            terminal.read(number % 7 / 50)
            terminal.signal(signal.SIGTSTP)
            terminal.wait(lambda: stopped(terminal.process.pid), "to see it stop")
            while terminal.read(0.02):
                pass
            terminal.left_as_it_was()
            terminal.signal(signal.SIGCONT)
            terminal.wait(lambda: terminal.modes.get(1049), "the screen")
        terminal.signal(signal.SIGTERM)
        assert ended(terminal) == 143
        terminal.left_as_it_was()
