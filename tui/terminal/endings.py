"""How gdlab ends: a key, a signal, a lost line, a fault. Each leaves the terminal as it was.

In all cases the app is asked to leave as for `q`; `before_leaving` is called first, so that work is saved even if the
rest fails. If the app hangs for more than a second, the process is ended.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import tempfile
import traceback
from contextlib import suppress
from contextvars import copy_context
from pathlib import Path
from queue import SimpleQueue
from threading import Event, Thread
from time import monotonic
from typing import TYPE_CHECKING, Protocol

from gdcore import __version__

if TYPE_CHECKING:
    from collections.abc import Callable

    from tui.terminal.driver import LineDriver


class Ends(Protocol):
    """What this module needs of an app."""

    @property
    def terminal(self) -> LineDriver | None:
        """The terminal it draws on, where it has one."""

    @property
    def return_code(self) -> int | None:
        """The exit code, once it has one."""

    @property
    def before_leaving(self) -> Callable[[], None]:
        """What saves the work; it may be called from any thread."""

    def leave(self, code: int) -> None:
        """Leave as for `q`, with this exit code."""


SIGNALS = ("SIGTERM", "SIGHUP", "SIGINT", "SIGQUIT", "SIGABRT")
"""Signals that ask the app to leave; its exit code is then 128 and the signal's number, as shells have it."""
CRASHED = 1
DEADLINE = 0.8
"""Seconds the app has to leave."""
HURRY = 0.4
"""Seconds it has to handle keys typed before the key that quits."""
SAVING = 0.2
"""Further seconds for saving, if the app itself had no time for it."""
WATCH = 0.5
"""Seconds between two checks of the line, in case its end sends no signal."""


class Endings:
    """Ends an app that runs in a terminal.

    A separate thread waits for a request to end, and makes sure that the app ends even if it is busy.
    """

    def __init__(self, app: Ends) -> None:
        self._app = app
        self._told: SimpleQueue[tuple[int, float]] = SimpleQueue()  # a signal may add to it at any moment
        self._finished = Event()
        self._leaving = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._context = copy_context()

    def listen(self) -> None:
        """Listen for signals and for the end of the line; needs the event loop."""
        self._loop, self._context = asyncio.get_running_loop(), copy_context()
        Thread(target=self._see_to_it, daemon=True).start()
        for name in SIGNALS:
            if hasattr(signal, name):  # Windows lacks some
                signal.signal(getattr(signal, name), self._heard)
        self._watch(self._loop)

    def _heard(self, number: int, _: object) -> None:
        """Handle a signal: request the end; the app may be in the middle of something."""
        self._told.put((128 + number, 0.0))

    def hurry(self) -> None:
        """Handle the key that quits; earlier keys may still be waiting."""
        self._told.put((0, HURRY))

    def begin(self, code: int) -> None:
        """Begin to leave: the deadline starts now."""
        self._leaving = True
        self._told.put((code, DEADLINE))

    def _see_to_it(self) -> None:
        """Wait for a request to end; then ask the app to leave, and end the process at the deadline."""
        code, grace = self._told.get()
        end = monotonic() + DEADLINE
        if not self._finished.wait(grace) and not self._leaving and self._loop is not None:
            with suppress(RuntimeError):  # the loop is closed
                self._loop.call_soon_threadsafe(self._app.leave, code, context=self._context)
        if not self._finished.wait(max(end - monotonic(), 0)):
            self._cut_off(self._app.return_code or code)

    def _watch(self, loop: asyncio.AbstractEventLoop) -> None:
        terminal = self._app.terminal
        if terminal is not None and terminal.hung_up:
            self._app.leave(128 + signal.SIGHUP)
        else:
            loop.call_later(WATCH, self._watch, loop)

    def _cut_off(self, code: int) -> None:
        """End the process now, saving the work as far as possible."""
        saving = Thread(target=self._save, daemon=True)
        saving.start()
        saving.join(SAVING)
        terminal = self._app.terminal
        if terminal is not None:
            terminal.abandon()
        os._exit(code)

    def _save(self) -> None:
        with suppress(Exception):  # the app may be changing what is saved
            self._app.before_leaving()

    def finish(self) -> None:
        """Finish after the app has left: do not wait for a stalled line, and write no more to a lost one."""
        self._finished.set()
        for name in (*SIGNALS, "SIGTSTP"):
            if hasattr(signal, name):  # the app ends anyway, with its own exit code
                signal.signal(getattr(signal, name), signal.SIG_IGN)
        terminal = self._app.terminal
        if terminal is not None and terminal.stuck:
            self._cut_off(self._app.return_code or 0)
        if terminal is not None and terminal.hung_up:
            # Python's final flush would fail on the lost line and change the exit code.
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
    """Whether a shell with job control could resume a suspended app.

    Such a shell gives each job its own process group. Without one, as in `ssh -t host gdlab`, a process that stops
    stays stopped.
    """
    return hasattr(os, "getsid") and os.getpgrp() != os.getsid(0)
