"""The progress of loading: rows, share, seconds left; and a way to cancel it."""

from __future__ import annotations

import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gdcore.rows.files import Cancelled

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import TextIO

    from gdcore.rows.files import Progress

PATIENCE = 0.5
"""Seconds before progress is shown; faster loading needs none."""


@dataclass(frozen=True, slots=True)
class Loading:
    """How far a loading is.

    Attributes:
        rows: the rows read so far; 0 where an engine reads them and does not count.
        share: how much of all that is, from 0 to 1; None where that is not known.
        seconds: since it began.
        left: the seconds that it will still take, at the pace so far; None where that is not known.
    """

    rows: int
    share: float | None
    seconds: float
    left: float | None

    def __str__(self) -> str:
        """In words, such as `42 %, 1,000,000 rows, 3 s left`."""
        words = [] if self.share is None else [f"{100 * self.share:.0f} %"]
        words += [f"{self.rows:,} rows"] if self.rows else []
        words += [f"{self.seconds:.0f} s" if self.left is None else f"{self.left:.0f} s left"]
        return ", ".join(words)


class Watch:
    """Reports the progress of loading, and can cancel it, also from another thread.

    Example:
        >>> from gdcore.rows.files import Progress
        >>> clock = iter([0.0, 2.0])
        >>> watch = Watch(print, clock=lambda: next(clock))
        >>> watch(Progress(1_000_000, 0.5))
        50 %, 1,000,000 rows, 2 s left
    """

    def __init__(self, tell: Callable[[Loading], object], *, clock: Callable[[], float] = time.monotonic) -> None:
        """Begin to watch.

        Args:
            tell: called with the progress, from the loading thread, once loading has taken PATIENCE seconds.
            clock: the seconds from some moment on.
        """
        self._tell = tell
        self._clock = clock
        self._begun = clock()
        self._cancelled = False

    def __call__(self, progress: Progress) -> None:
        """Take note of how far the loading is.

        Raises:
            Cancelled: if it was cancelled.
        """
        if self._cancelled:
            raise Cancelled
        seconds = self._clock() - self._begun
        if seconds >= PATIENCE:
            share = progress.share
            # From the first percent the remaining time cannot be estimated.
            left = seconds / share - seconds if share is not None and share >= 0.01 else None
            self._tell(Loading(progress.rows, share, seconds, left))

    def cancel(self) -> None:
        """Cancel the loading: at its next block or, in an engine, at once."""
        self._cancelled = True


@contextmanager
def told(stream: TextIO, name: str, *, clock: Callable[[], float] = time.monotonic) -> Iterator[Watch]:
    """Show the progress of loading on a stream; on a terminal in one line, which is cleared at the end."""
    terminal = stream.isatty()
    every = 0.2 if terminal else 5.0
    said = -every

    def tell(loading: Loading) -> None:
        nonlocal said
        if loading.seconds - said >= every:
            said = loading.seconds
            with suppress(OSError):
                stream.write(f"\r\x1b[KReading {name}: {loading}" if terminal else f"Reading {name}: {loading}\n")
                stream.flush()

    try:
        yield Watch(tell, clock=clock)
    finally:
        if terminal and said >= 0:
            with suppress(OSError):
                stream.write("\r\x1b[K")
                stream.flush()
