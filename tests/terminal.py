"""A real pseudo-terminal for the tests: it runs a command, types, resizes, and shows what a person would see.

Nothing here sleeps for a fixed time: `wait` reads until a condition holds, `settle` until the program is quiet.
"""

from __future__ import annotations

import os
import re
import select
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyte
import pytest

if sys.platform == "win32":
    pytest.skip("pseudo-terminals as Linux and macOS have them", allow_module_level=True)

import fcntl
import termios

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from typing_extensions import Self

LIMIT = 30.0
"""Seconds after which something that should have happened has not."""
GDLAB = str(Path(sys.executable).parent / "gdlab")

STATE = tempfile.TemporaryDirectory(prefix="gdlab-tests-")

KEYS = {
    "enter": "\r",
    "escape": "\x1b",
    "backspace": "\x7f",
    "tab": "\t",
    "right": "\x1b[C",
    "left": "\x1b[D",
    "space": " ",
    "ctrl+c": "\x03",
    "ctrl+l": "\x0c",
    "ctrl+p": "\x10",
    "ctrl+z": "\x1a",
}

_UNFINISHED = re.compile(rb"\x1b(?:\[[0-9;:<=>?$ ]*)?$")
_MODE = re.compile(rb"\x1b\[\?([\d;]+)([hl])")
_KITTY = re.compile(rb"\x1b\[([<>=])[\d;]*u")
_UNKNOWN_TO_PYTE = re.compile(rb"\x1b\[\?[\d;]*\$p|\x1b\[[<>=?][\d;]*u")
_FRAME = b"\x1b[?2026h"
_QUESTION = b"\x1b[?2026$p"

ON, OFF = True, False
UNTOUCHED = {
    1049: OFF,  # alternate screen
    25: ON,  # cursor
    7: ON,  # line wrap
    **dict.fromkeys((1000, 1002, 1003, 1005, 1006, 1015, 1016), OFF),  # mouse
    1004: OFF,  # focus
    2004: OFF,  # bracketed paste
    2026: OFF,  # synchronized output
    2048: OFF,  # in-band resizing
}
"""The modes of a terminal that a program may change, as it should leave them."""


def default_signals() -> None:
    """Take signals as a program does that a person starts, whatever whoever runs the tests ignores.

    A background job of a shell ignores SIGINT, what nohup runs SIGHUP, and both would be handed down.
    """
    for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGHUP, signal.SIGTERM, signal.SIGTSTP, signal.SIGPIPE):
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())


def _at_a_terminal() -> None:
    default_signals()
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


class Program:
    """A program in a pseudo-terminal of its own.

    Attributes:
        sent: everything the program has sent.
    """

    def __init__(
        self,
        command: Sequence[str],
        size: tuple[int, int] = (80, 24),
        environment: Mapping[str, str | None] | None = None,
        *,
        synchronized: bool = True,
        folder: Path | None = None,
    ) -> None:
        self.sent = bytearray()
        self._synchronized = synchronized
        self._master, slave = os.openpty()
        self._set_size(size)
        self.settings = termios.tcgetattr(slave)
        self.process = subprocess.Popen(
            list(command),
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env=environment_of(environment or {}),
            cwd=folder,
            start_new_session=True,
            preexec_fn=_at_a_terminal,  # noqa: PLW1509
        )
        os.close(slave)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.hang_up()
        try:
            self.process.wait(2)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def type(self, text: str) -> None:
        """Type characters, all at once."""
        data = text.encode()
        while data:
            data = data[os.write(self._master, data) :]

    def press(self, *keys: str) -> None:
        """Press keys by their names, one after the other, waiting for no answer."""
        for key in keys:
            self.type(KEYS.get(key, key))

    def _set_size(self, size: tuple[int, int]) -> None:
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))

    def send(self, data: bytes) -> None:
        """Send bytes, taking what the program sends meanwhile: it may take no more before that."""
        end = time.monotonic() + LIMIT
        while data and self.process.poll() is None:
            assert time.monotonic() < end, f"takes no input for {LIMIT} s"
            reading, writing, _ = select.select([self._master], [self._master], [], 0.1)
            if reading:
                self.read(0)
            if writing:
                data = data[os.write(self._master, data[:1024]) :]

    def read(self, seconds: float) -> bool:
        """Take what the program has sent, waiting for so long at most; say whether there was anything."""
        return bool(self.receive(seconds))

    def signal(self, number: int) -> None:
        self.process.send_signal(number)

    def hang_up(self) -> None:
        """Drop the line."""
        if self._master >= 0:
            os.close(self._master)
            self._master = -1

    def receive(self, seconds: float) -> bytes:
        """What the program has sent since, waiting for so long at most; its questions are answered."""
        if not select.select([self._master], [], [], seconds)[0]:
            return b""
        try:
            data = os.read(self._master, 1 << 16)
        except OSError:  # Linux says so when the program has closed its end
            return b""
        self.sent += data
        if self._synchronized:
            for _ in range(data.count(_QUESTION)):
                if select.select([], [self._master], [], 0)[1]:  # else it has more to read than it can take
                    os.write(self._master, b"\x1b[?2026;2$y")
        return data


class Terminal(Program):
    """A program in a pseudo-terminal, and the screen it has painted.

    Attributes:
        frames: how many synchronized frames it has sent.
        watched: whether what it paints is looked at; a screen of 500 columns takes its time.
    """

    watched = True

    def __init__(self, command: Sequence[str], size: tuple[int, int] = (80, 24), *rest: Any, **options: Any) -> None:
        super().__init__(command, size, *rest, **options)
        self.screen = pyte.Screen(*size)
        self._stream = pyte.ByteStream(self.screen)
        self._unread = b""
        self.frames = 0
        self.modes: dict[int, bool] = {}
        self.kitty = 0

    def resize(self, size: tuple[int, int]) -> None:
        """Make the window another size."""
        self.screen.resize(size[1], size[0])
        self._set_size(size)
        self.signal(signal.SIGWINCH)

    # What they see

    def read(self, seconds: float) -> bool:
        """Take what the program has sent, waiting for so long at most; say whether there was anything."""
        data = self.receive(seconds)
        if not data:
            return False
        data = self._unread + data
        unfinished = _UNFINISHED.search(data)
        self._unread = data[unfinished.start() :] if unfinished else b""
        data = data[: unfinished.start()] if unfinished else data
        self.frames += data.count(_FRAME)
        for numbers, on in _MODE.findall(data):
            self.modes.update(dict.fromkeys(map(int, numbers.split(b";")), on == b"h"))
        for kind in _KITTY.findall(data):
            self.kitty += {b">": 1, b"<": -1}.get(kind, 0)
        if self.watched:
            self._stream.feed(_UNKNOWN_TO_PYTE.sub(b"", data))
        return True

    def wait(self, condition: Callable[[], object], what: str = "", limit: float = LIMIT) -> None:
        """Read until something is true."""
        end = time.monotonic() + limit
        while not condition():
            assert time.monotonic() < end, f"not within {limit} s: {what}\n{self.text}"
            if not self.read(0.02):
                assert self.process.poll() is None or condition(), (
                    f"ended with {self.process.returncode} before: {what}\n{self.text}"
                )

    def see(self, text: str, limit: float = LIMIT) -> None:
        """Read until a text is on the screen."""
        self.wait(lambda: text in self.text, f"to see {text!r}", limit)

    def settle(self, quiet: float = 0.15, limit: float = LIMIT) -> None:
        """Read until the program has sent nothing for a little."""
        end = time.monotonic() + limit
        while self.read(quiet):
            assert time.monotonic() < end, f"not quiet within {limit} s\n{self.text}"

    def finish(self, limit: float = LIMIT) -> int:
        """Read until the program has ended; return its exit code, negative for a signal that killed it."""
        end = time.monotonic() + limit
        while self.process.poll() is None:
            self.read(0.01)
            assert time.monotonic() < end, f"still there after {limit} s\n{self.text}"
        while self.read(0):
            pass
        return self.process.returncode

    @property
    def rows(self) -> list[str]:
        return [row.rstrip() for row in self.screen.display]

    @property
    def text(self) -> str:
        return "\n".join(self.rows)

    @property
    def cells(self) -> list[list[Any]]:
        """Every cell with its colours; what does not show on blanks is left out."""
        return [
            [
                cell._replace(fg="", bold=False, italics=False) if cell.data == " " and not cell.reverse else cell
                for cell in (self.screen.buffer[y][x] for x in range(self.screen.columns))
            ]
            for y in range(self.screen.lines)
        ]

    @property
    def iteration(self) -> int:
        """The step that the readout tells; -1 while there is none on the screen."""
        found = re.search(r"^ ?(?:Step )?([\d,]+)(?: of |/)[\d,]+", self.text, re.MULTILINE)
        return int(found[1].replace(",", "")) if found else -1

    def left_as_it_was(self) -> None:
        """Assert that the program has left the terminal as it found it."""
        modes = {mode: on for mode, on in self.modes.items() if UNTOUCHED.get(mode, on) != on}
        assert modes == {}, f"modes left behind: {modes}"
        assert self.kitty == 0, f"the kitty keyboard protocol is left on: {self.kitty}, {bytes(self.sent[-600:])!r}"
        assert termios.tcgetattr(self._master) == self.settings, "echo, line editing or the like are changed"


def environment_of(changes: Mapping[str, str | None]) -> dict[str, str]:
    """The environment of a person at a modern terminal, with changes; None takes a variable away."""
    kept = ("PATH", "HOME", "PYTHONPATH", "TMPDIR", "VIRTUAL_ENV", "COVERAGE_PROCESS_START")
    environment = {name: os.environ[name] for name in kept if name in os.environ}
    environment |= {"TERM": "xterm-256color", "COLORTERM": "truecolor", "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8"}
    environment["XDG_STATE_HOME"] = STATE.name  # not among the sessions of whoever runs the tests
    environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environment.get('PATH', os.defpath)}"
    for name, value in changes.items():
        environment.pop(name, None)
        if value is not None:
            environment[name] = value
    return environment


def gdlab(*arguments: str, size: tuple[int, int] = (80, 24), **environment: str | None) -> Terminal:
    """gdlab as it is installed, in a terminal, without waiting for its first screen."""
    return Terminal([GDLAB, *arguments], size, environment)


def opened(*arguments: str, size: tuple[int, int] = (80, 24), **environment: str | None) -> Terminal:
    """gdlab as it is installed, with its first screen complete."""
    terminal = gdlab(*arguments, size=size, **environment)
    try:
        if size[0] < 40 or size[1] < 10:
            terminal.see("needs a terminal")
        elif size[0] < 80 or size[1] < 24:
            terminal.wait(lambda: re.search(r"^0/[\d,]+ w", terminal.text, re.MULTILINE), "the first screen")
        else:
            terminal.see("Step 0 of")
            terminal.see("Quit")
        terminal.settle()
    except BaseException:
        terminal.__exit__()
        raise
    return terminal


def needed(program: str) -> str:
    """Where a program is; the test is skipped where it is not installed."""
    found = shutil.which(program, path=f"{os.environ.get('PATH', os.defpath)}{os.pathsep}/usr/sbin")
    if found is None:
        pytest.skip(f"{program} is not installed here")
    return found


def spent(sent: bytes) -> Counter[tuple[int, int]]:
    """How many bytes of the output went into each cell (column, row).

    What moves the cursor or changes the look is counted with the cell that follows; what no cell follows, such as the
    marks around a frame, with (-1, -1).
    """
    cost: Counter[tuple[int, int]] = Counter()
    x = y = 0
    waiting = 0
    for token in re.findall(r"\x1b\[[0-9;:<=>?$ ]*[@-~]|\x1b.|.", sent.decode(), re.DOTALL):
        move = re.fullmatch(r"\x1b\[(\d+);(\d+)H", token)
        if move:
            y, x = int(move[1]) - 1, int(move[2]) - 1
        if len(token) > 1:
            waiting += len(token)
            continue
        cost[x, y] += waiting + len(token.encode())
        waiting = 0
        x += 1
    cost[-1, -1] = waiting
    return cost
