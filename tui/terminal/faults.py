"""One event that goes wrong is dropped; the app goes on.

Textual ends an app when a handler raises: the message pump leaves its loop, and whatever is done about it afterwards,
no further event reaches that widget (Textualize/textual issue 2818). So a fault is caught where one message is
dispatched, in `guard`. What is shown is made from an immutable frame, so there is always a last good state.
"""

from __future__ import annotations

import sys
import traceback
from functools import wraps
from time import monotonic
from typing import TYPE_CHECKING, Any

from textual.message_pump import MessagePump

from gdcore import __version__
from gdcore.inert import inert, quoted_path

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from textual.message import Message

IN_A_ROW = 20
"""After so many faults without a frame between them nothing can be drawn any more, and the app ends."""
LOG = "faults.log"
LARGEST = 200_000
"""The log is begun anew at so many bytes; the one before is kept beside it."""
REPEATED = 3.0
"""The same sentence is shown once in so many seconds."""


def guard(drop: Callable[[Exception, Message], object]) -> None:
    """Have every message pump drop the message whose handler raises.

    This can go when Textual has a hook for faults of a handler that leaves the pump running.
    """
    dispatch = MessagePump._dispatch_message
    if hasattr(dispatch, "__wrapped__"):
        return

    @wraps(dispatch)
    async def guarded(self: MessagePump, message: Message) -> None:
        try:
            await dispatch(self, message)
        except Exception as error:
            drop(error, message)

    MessagePump._dispatch_message = guarded  # type: ignore[method-assign]


class Faults:
    """What has gone wrong since the last frame, and what was said of it."""

    def __init__(self, folder: Path) -> None:
        self._log = folder / LOG
        self._in_a_row = 0
        self._said = ("", -REPEATED)

    def frame(self) -> None:
        """A frame was sent."""
        self._in_a_row = 0

    def add(self, error: BaseException, message: Message | None) -> str:
        """Take note of a fault, in the log too.

        Returns:
            The sentence to show; empty where it is shown already.

        Raises:
            OverflowError: if there were so many that the app cannot go on.
        """
        self._in_a_row += 1
        if self._in_a_row > IN_A_ROW:
            raise OverflowError("too many faults in a row")
        what = inert(f"{type(error).__name__}: {error}".splitlines()[0])[:120]
        event = f"{type(message).__name__} dropped" if message is not None else "Something was dropped"
        now = monotonic()
        if self._said[0] == what and now - self._said[1] < REPEATED:
            return ""
        self._said = (what, now)
        return f"{event}, all else stays: {what}. {_written(self._log, error)}"


def _written(path: Path, error: BaseException) -> str:
    """Write the details down; the sentence that says where."""
    try:
        _append(path, "".join(traceback.format_exception(type(error), error, error.__traceback__)))
    except OSError:
        return "The details could not be written down."
    return f"Details: {quoted_path(str(path))}"


def _append(path: Path, details: str) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if path.exists() and path.stat().st_size > LARGEST:
        path.replace(path.with_name(f"{LOG}.1"))
    with path.open("a", encoding="utf-8", errors="backslashreplace") as file:
        file.write(f"gdlab {__version__}, Python {sys.version}, {sys.platform}\n{details[-LARGEST // 4 :]}\n")


def of_worker(error: BaseException) -> Any:
    """The fault inside a worker's own."""
    return getattr(error, "error", error)
