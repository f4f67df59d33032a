"""The terminal that gdlab draws on: Textual's driver, made to know how far the line has taken what was sent."""

from __future__ import annotations

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
"""What leaves a terminal as it was, for when the driver has no time left to do it."""
PATIENCE = 0.5
"""So many seconds a line gets for the last of the output."""
QUESTION = "\x1b[?2026$p"
"""A question that terminals answer, the one Textual asks when it starts: is synchronized output supported?"""


QUIT_BYTES = (b"\x11", b"\x1b[113;5u")
"""ctrl+q, which quits whatever is shown, as terminals send it."""
PASTE = b"\x1b[200~"
"""What a paste begins with; in one it is no key."""
MOST = 65_536
"""So many bytes are taken at once."""
TICK = 0.1
"""Seconds between two looks whether a sequence is complete, or the app has ended."""


def _nothing(*_: object) -> None:
    """Do nothing."""


class Outlet:
    """The file that the driver's thread writes to: standard output, with what is still on its way counted.

    Once the terminal is gone everything is thrown away: there is nobody to tell.
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
        """A write is on its way."""
        with self._lock:
            self._queued += 1

    def fileno(self) -> int:
        """The descriptor of the terminal."""
        return int(_terminal().fileno())

    def write(self, text: str) -> None:
        """Write, as long as there is a terminal."""
        with suppress(OSError, ValueError):
            _terminal().write(text.encode("utf-8", "replace").decode("utf-8"))  # half a character fails all of it
        self._written += 1

    def flush(self) -> None:
        """Wait until the line has taken everything, and say so to whoever wants to send more."""
        with suppress(OSError, ValueError):
            _terminal().flush()
        with self._lock:
            self._taken = self._written
            idle = self._queued == self._taken
        if idle and self.drained is not None:
            self.drained()


def _terminal() -> Any:
    """Standard output, whatever is put in its place meanwhile. It is what `gdlab 2>errors` leaves to draw on."""
    return sys.__stdout__


class Echo:
    """When the next frame may be sent: some time after the last one, and not too many before the terminal answers.

    What the line has taken may still wait in the buffers of a kernel, of SSH, of TCP: enough for a minute of frames.
    So now and then a frame carries a question. Until the answer is there, only so many frames follow, and then few, in
    case the terminal never answers.
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
        """So many seconds until the next frame may be sent, unless an answer comes first."""
        behind = self._asked is not None and self._ahead >= self.AHEAD
        return max(0.0, self._last + (self.SLOW if behind else self.period) - self._clock())

    def frame(self) -> str:
        """A frame is sent now; what to send with it."""
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
        """Wait for an answer that is on its way, or the shell would take it for something typed."""
        self._quiet.wait(seconds)


class LineDriver(LinuxDriver):
    """Textual's driver for Linux and macOS, mended where a line is slow, drops or is suspended."""

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
        """Queue a write."""
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
        """Take input until the app ends or the line drops."""
        with suppress(OSError):
            self.run_input_thread()

    def run_input_thread(self) -> None:
        """Read what the terminal sends. What cannot be taken is dropped, and reading goes on."""
        parser = TolerantParser(self._drop, self._kernel_size)
        decode = getincrementaldecoder("utf-8")(errors="replace").decode
        with selectors.SelectSelector() as selector:  # macOS has no other for terminals
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
                    self.hurry()  # before all that is to be taken up first
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
        """The size of the terminal as its kernel knows it, which is right also where a report is not."""
        try:
            width, height = os.get_terminal_size(self.fileno)
        except OSError:
            return None
        return (width, height) if width and height else None

    def start_application_mode(self) -> None:
        """Set the terminal up, and from then on believe its kernel when it says that the size has changed."""
        self._restored = False
        super().start_application_mode()  # type: ignore[no-untyped-call]
        signal.signal(signal.SIGWINCH, self._resized)

    def _resized(self, *_: object) -> None:
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
        """Wait for the last of the output, but not for ever: a line that stalls may never come back."""
        writer = self._writer_thread
        if writer is None:
            return
        with suppress(Full):
            writer._queue.put_nowait(None)
            writer.join(PATIENCE)
        self.stuck = writer.is_alive()

    @property
    def hung_up(self) -> bool:
        """Whether the terminal at the other end of the line is gone. Textual would read its end for ever."""
        try:
            termios.tcgetattr(self.fileno)
        except termios.error:
            return True
        return False

    def abandon(self) -> None:
        """Restore the terminal as well as can be done at once, whatever is still on its way."""
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
        """Save, give the terminal back, and stop; who has given it back already is about to end."""
        if self._restored:
            return
        self.stopping()
        super()._sigtstp_application()

    def _sigcont_application(self, *_: object) -> None:
        """Go on after ctrl+z. After any other stop nothing was taken down, so nothing is set up a second time."""
        if self._must_signal_resume:
            super()._sigcont_application()
        elif self.continued is not None:
            self.continued()
