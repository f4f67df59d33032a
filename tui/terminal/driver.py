"""The terminal that gdlab draws on: Textual's driver, extended to know how much output the line has accepted."""

from __future__ import annotations

import asyncio
import os
import selectors
import signal
import sys
import termios
from codecs import getincrementaldecoder
from contextlib import suppress
from queue import Full
from threading import Event, Lock
from time import monotonic
from typing import TYPE_CHECKING, Any

from textual import events
from textual.drivers.linux_driver import LinuxDriver
from textual.messages import TerminalSupportsSynchronizedOutput

from tui.terminal.keys import TolerantParser

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from textual.message import Message

RESTORE = (
    "\x1b[?2026l\x1b[?2004l\x1b[?7h\x1b[?2048l\x1b[?1000l\x1b[?1003l\x1b[?1015l\x1b[?1006l\x1b[?1016l"
    "\x1b[<u\x1b[0m\x1b[?1049l\x1b[?25h\x1b[?1004l"
)
"""Restores the terminal if the driver has no time left to do so."""
PATIENCE = 0.5
"""Seconds to wait for the last of the output."""
QUESTION = "\x1b[?2026$p"
"""A query that terminals answer, also used by Textual at start: is synchronized output supported?"""


QUIT_BYTES = (b"\x11", b"\x1b[113;5u")
"""The bytes of ctrl+q, which always quits."""
PASTE = b"\x1b[200~"
"""The start of a paste, inside which ctrl+q is not a key."""
MOST = 65_536
"""Maximum number of bytes read at once."""
TICK = 0.1
"""Seconds between two checks whether a sequence is complete or the app has ended."""


def _nothing(*_: object) -> None:
    """Do nothing."""


class Outlet:
    """The file that the driver's thread writes to: standard output, with a count of pending writes.

    Once the terminal is gone, all output is dropped.
    """

    def __init__(self) -> None:
        self.drained: Callable[[], object] | None = None
        self._lock = Lock()
        self._queued = self._written = self._taken = 0

    @property
    def idle(self) -> bool:
        """Whether the line has taken everything."""
        with self._lock:
            return self._queued == self._taken

    def queue(self) -> None:
        """Count a pending write."""
        with self._lock:
            self._queued += 1

    def fileno(self) -> int:
        """The descriptor of the terminal."""
        return int(_terminal().fileno())

    def write(self, text: str) -> None:
        """Write, while there is a terminal."""
        with suppress(OSError, ValueError):
            _terminal().write(text.encode("utf-8", "replace").decode("utf-8"))  # a lone surrogate would fail all of it
        self._written += 1

    def flush(self) -> None:
        """Wait until the line has accepted everything, then call `drained`."""
        with suppress(OSError, ValueError):
            _terminal().flush()
        with self._lock:
            self._taken = self._written
            idle = self._queued == self._taken
        if idle and self.drained is not None:
            self.drained()


def _terminal() -> Any:
    """Return the original standard output, even if it is redirected inside Python."""
    return sys.__stdout__


class Echo:
    """Decides when the next frame may be sent, so that frames do not pile up before the terminal.

    Output that the line accepted may still wait in the buffers of a kernel, of SSH, of TCP: up to a minute of frames.
    So some frames carry a query. Until the terminal answers, only AHEAD frames follow, and then a frame every SLOW
    seconds, in case it never answers.
    """

    AHEAD = 8
    EVERY = 0.5
    SLOW = 2.0
    LOST = 15.0

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self.period = 0.0
        self._clock = clock
        self._asked: float | None = None
        self._last = self._last_asked = -self.LOST
        self._ahead = 0
        self._quiet = Event()
        self._quiet.set()

    def answered(self) -> None:
        """The terminal has caught up with the question."""
        self._asked, self._ahead = None, 0
        self._quiet.set()

    @property
    def wait(self) -> float:
        """Seconds until the next frame may be sent, unless an answer arrives first."""
        behind = self._asked is not None and self._ahead >= self.AHEAD
        return max(0.0, self._last + (self.SLOW if behind else self.period) - self._clock())

    def frame(self) -> str:
        """Record that a frame is sent now; return what to add to it."""
        now = self._last = self._clock()
        if self._asked is not None and now - self._asked > self.LOST:
            self.answered()
        self._ahead += 1
        if self._asked is not None or now - self._last_asked < self.EVERY:
            return ""
        self._asked = self._last_asked = now
        self._ahead = 0
        self._quiet.clear()
        return QUESTION

    def settle(self, seconds: float) -> None:
        """Wait for a pending answer, which the shell would otherwise take for typed input."""
        self._quiet.wait(seconds)


class LineDriver(LinuxDriver):
    """Textual's driver for Linux and macOS, fixed for lines that are slow, drop or are suspended."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.outlet = Outlet()
        self.echo = Echo()
        self._file = self.outlet  # type: ignore[assignment]
        self.stuck = False
        self._restored = False
        self.continued: Callable[[], None] | None = None
        self.stopping: Callable[[], None] = _nothing
        self.hurry: Callable[[], None] = _nothing
        self.dropped: Callable[[Exception], object] = _nothing

    def write(self, data: str) -> None:
        """Queue a write. Nothing is written while the app is stopped: all is painted again afterwards."""
        if self._restored:
            return
        self.outlet.queue()
        super().write(data)

    def process_message(self, message: Message) -> None:
        """Take note of answers, and of the key that always quits."""
        if isinstance(message, TerminalSupportsSynchronizedOutput):
            self.echo.answered()
        elif isinstance(message, events.Key) and message.key == "ctrl+q":
            self.hurry()
        super().process_message(message)

    def _run_input_thread(self) -> None:
        """Read input until the app ends or the line drops."""
        with suppress(OSError):
            self.run_input_thread()

    def run_input_thread(self) -> None:
        """Read what the terminal sends. Input that cannot be handled is dropped, and reading goes on."""
        parser = TolerantParser(self._drop, self._kernel_size)
        decode = getincrementaldecoder("utf-8")(errors="replace").decode
        with selectors.SelectSelector() as selector:  # on macOS the only selector that works with terminals
            selector.register(self.fileno, selectors.EVENT_READ)
            while not self.exit_event.is_set():
                data, waiting = b"", bool(selector.select(TICK))
                while waiting and len(data) < MOST:
                    piece = os.read(self.fileno, 4096)
                    if not piece:
                        return
                    data += piece
                    waiting = bool(selector.select(0))
                if data.endswith(QUIT_BYTES) and not parser.pasting and PASTE not in data:
                    self.hurry()  # before the keys typed earlier are handled
                self._take(parser.feed(decode(data)))
                self._take(parser.tick())

    def _take(self, messages: Iterable[Message]) -> None:
        for message in messages:
            try:
                self.process_message(message)
            except Exception as error:
                self._drop(error)

    def _drop(self, error: Exception) -> None:
        """Have the app say what was dropped."""
        self._app.call_later(self.dropped, error)

    def _kernel_size(self) -> tuple[int, int] | None:
        """Return the size of the terminal from the kernel, which is right even if a report is not."""
        try:
            width, height = os.get_terminal_size(self.fileno)
        except OSError:
            return None
        return (width, height) if width and height else None

    def start_application_mode(self) -> None:
        """Set up the terminal; from then on the size comes from the kernel."""
        self._restored = False
        super().start_application_mode()  # type: ignore[no-untyped-call]
        self._handle_signals()

    def _handle_signals(self) -> None:
        """Handle signals on the event loop.

        A signal may arrive while a lock is held, of the queue of output for one. A handler of `signal` would run at
        once, and wait for that lock forever.
        """
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTSTP, self._sigtstp_application)
        loop.add_signal_handler(signal.SIGCONT, self._sigcont_application)
        loop.add_signal_handler(signal.SIGWINCH, self._resized)

    def _resized(self) -> None:
        size = self._kernel_size()
        if size is not None:
            self.send_message(events.Resize.from_dimensions(size, None))

    def stop_application_mode(self) -> None:
        """Restore the terminal."""
        self.echo.settle(0.3)
        self.echo.answered()
        self.write("\x1b[?1016l")  # Textual switches pixel coordinates on, and never off
        super().stop_application_mode()
        self._restored = True

    def close(self) -> None:
        """Wait for the last of the output, with a time limit: a stalled line may never recover."""
        writer = self._writer_thread
        if writer is None:
            return
        with suppress(Full):
            writer._queue.put_nowait(None)
            writer.join(PATIENCE)
        self.stuck = writer.is_alive()

    @property
    def hung_up(self) -> bool:
        """Whether the terminal is gone. Textual would read end-of-file forever."""
        try:
            termios.tcgetattr(self.fileno)
        except termios.error:
            return True
        return False

    def abandon(self) -> None:
        """Restore the terminal at once as far as possible, without waiting for pending output."""
        if self._restored and self.outlet.idle:
            return
        with suppress(termios.error):
            termios.tcflush(self.fileno, termios.TCIOFLUSH)
        if self.attrs_before is not None:
            with suppress(termios.error):
                termios.tcsetattr(self.fileno, termios.TCSANOW, self.attrs_before)
        terminal = self.outlet.fileno()
        os.set_blocking(terminal, False)
        with suppress(OSError):
            os.write(terminal, RESTORE.encode())
        os.set_blocking(terminal, True)  # the shell reads from the same file

    def _sigtstp_application(self, *_: object) -> None:
        """Save, restore the terminal, and stop; do nothing if it is already restored, as the app is ending."""
        if self._must_signal_resume:  # stopped before, and this signal came in the place of the one to continue
            os.kill(os.getpid(), signal.SIGSTOP)
        elif not self._restored:
            self.stopping()
            super()._sigtstp_application()

    def _sigcont_application(self, *_: object) -> None:
        """Resume after ctrl+z. After another kind of stop the terminal is still set up, so nothing is done."""
        if self._must_signal_resume:
            super()._sigcont_application()
        elif self.continued is not None:
            self.continued()
