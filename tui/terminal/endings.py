"""How gdlab ends: a key, a signal, a line that drops, a fault inside. Each leaves the terminal as it was.

In all of them the app is asked to leave as for `q`; `before_leaving` is called first, so that work is saved even where
the rest does not get done. What hangs for longer than a second is cut off.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import tempfile
import traceback
from contextlib import suppress
from pathlib import Path
from threading import Timer
from typing import TYPE_CHECKING, Protocol

from gdcore import __version__

if TYPE_CHECKING:
    from tui.terminal.driver import LineDriver


class Ends(Protocol):
    """What is asked of an app that ends."""

    @property
    def terminal(self) -> LineDriver | None:
        """The terminal it draws on, where it has one."""

    @property
    def return_code(self) -> int | None:
        """The exit code, once it has one."""

    def leave(self, code: int) -> None:
        """Leave as for `q`, with this exit code."""


SIGNALS = ("SIGTERM", "SIGHUP", "SIGINT", "SIGQUIT", "SIGABRT")
"""Signals that ask the app to leave; its exit code is then 128 and the signal's number, as shells have it."""
CRASHED = 1
DEADLINE = 0.8
"""So many seconds the app gets to leave."""
WATCH = 0.5
"""The line is looked at once in so many seconds: where its end sends no signal, it shows."""


class Endings:
    """What ends an app that runs in a terminal."""

    def __init__(self, app: Ends) -> None:
        self._app = app
        self._deadline: Timer | None = None

    def listen(self) -> None:
        """Listen for signals and for the end of the line; needs the event loop."""
        loop = asyncio.get_running_loop()
        for name in SIGNALS:
            with suppress(AttributeError, NotImplementedError):  # Windows
                number = int(getattr(signal, name))
                loop.add_signal_handler(number, self._app.leave, 128 + number)
        self._watch(loop)

    def _watch(self, loop: asyncio.AbstractEventLoop) -> None:
        terminal = self._app.terminal
        if terminal is not None and terminal.hung_up:
            self._app.leave(128 + signal.SIGHUP)
        else:
            loop.call_later(WATCH, self._watch, loop)

    def begin(self, code: int) -> None:
        """The app is leaving: from here on it has until the deadline."""
        if self._deadline is None:
            self._deadline = Timer(DEADLINE, self._cut_off, (code,))
            self._deadline.daemon = True
            self._deadline.start()

    def _cut_off(self, code: int) -> None:
        """End the process now."""
        terminal = self._app.terminal
        if terminal is not None:
            terminal.abandon()
        os._exit(code)

    def finish(self) -> None:
        """The app has left. Do not wait for a line that holds output back, and write no more to one that is gone."""
        terminal = self._app.terminal
        if terminal is not None and terminal.stuck:
            self._cut_off(self._app.return_code or 0)
        if self._deadline is not None:
            self._deadline.cancel()
        if terminal is not None and terminal.hung_up:
            # What Python still holds for it would fail once more at the very end, and change the exit code.
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def report(error: BaseException) -> str:
    """Write down what went wrong inside gdlab; return the sentence that says where."""
    details = "".join(traceback.format_exception(type(error), error, error.__traceback__))
    what = f"{type(error).__name__}: {error}".splitlines()[0][:200]
    try:
        descriptor, name = tempfile.mkstemp(prefix="gdlab-crash-", suffix=".txt")
        with os.fdopen(descriptor, "w", encoding="utf-8", errors="backslashreplace") as file:
            file.write(f"gdlab {__version__}, Python {sys.version}, {sys.platform}\n{' '.join(sys.argv)}\n\n{details}")
    except OSError:
        return f"gdlab: something inside gdlab went wrong, and the details could not be written down ({what})"
    return f"gdlab: something inside gdlab went wrong ({what}); the details are in {Path(name)}"


def can_suspend() -> bool:
    """Whether a shell waits that could bring a suspended app back.

    A shell with job control gives each of its jobs a process group of its own. Without one, as in `ssh -t host gdlab`,
    a process that stops stays stopped.
    """
    return hasattr(os, "getsid") and os.getpgrp() != os.getsid(0)
