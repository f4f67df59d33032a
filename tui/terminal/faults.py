"""A fault while one event is handled drops that event; the app goes on.

Textual ends an app when a handler raises: the message pump leaves its loop, and no further event reaches that widget
(Textualize/textual issue 2818). So faults are caught where one message is dispatched, one callback called, or one
widget measured or drawn: all in `guard`, and nowhere else. Everything shown comes from an immutable frame, so there is
always a last good state.
"""

from __future__ import annotations

import sys
import traceback
from fractions import Fraction
from functools import wraps
from time import monotonic
from typing import TYPE_CHECKING, Any

from textual._callback import invoke
from textual.box_model import BoxModel
from textual.geometry import Spacing
from textual.message_pump import MessagePump
from textual.screen import Screen
from textual.strip import Strip
from textual.widget import Widget

from gdcore import __version__
from gdcore.inert import inert, quoted_path

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from textual.geometry import Region, Size
    from textual.message import Message

IN_A_ROW = 20
"""Number of faults without a frame in between after which the app ends."""
LOG = "faults.log"
LARGEST = 200_000
"""Maximum size of the log in bytes; then a new one is begun and the old one kept beside it."""
REPEATED = 3.0
"""Seconds for which the same message is not shown or logged again."""
REMEMBERED = 50
"""Maximum number of messages remembered as shown."""


def guard(drop: Callable[[Exception, str, object], object]) -> Callable[[], None]:
    """Make Textual drop only what raises: a message, a callback, the drawing or the measuring of a widget.

    A guard can be removed once Textual offers a hook for such a fault and continues after it.

    Returns:
        A function that removes the guards.
    """
    if hasattr(MessagePump._dispatch_message, "__wrapped__"):
        raise RuntimeError("Textual is guarded already")
    dispatch, flush = MessagePump._dispatch_message, MessagePump._flush_next_callbacks
    later = Screen._invoke_and_clear_callbacks
    lines, measure = Widget.render_lines, Widget._get_box_model

    @wraps(dispatch)
    async def dispatched(self: MessagePump, message: Message) -> None:
        """Dispatch a message; if a handler raises, the loop of the pump goes on."""
        try:
            await dispatch(self, message)
        except Exception as error:
            drop(error, type(message).__name__, self)

    @wraps(flush)
    async def flushed(self: MessagePump) -> None:
        """Call waiting callbacks; if one raises, the others are still called."""
        waiting = self._next_callbacks.copy()
        self._next_callbacks.clear()
        for message in waiting:
            try:
                with self.prevent(*message._prevent):
                    await invoke(message.callback)
            except Exception as error:
                drop(error, "Callback", self)

    @wraps(later)
    async def invoked(self: Screen[Any]) -> None:
        """The same for callbacks that wait for the next frame."""
        waiting = self._callbacks[:]
        self._callbacks.clear()
        for callback, pump in waiting:
            try:
                with pump._context():
                    await invoke(callback)
            except Exception as error:
                drop(error, "Callback", pump)

    @wraps(lines)
    def drawn(self: Widget, crop: Region) -> list[Strip]:
        """Draw a widget; if it raises, draw it blank, so that the others are still drawn."""
        try:
            return lines(self, crop)
        except Exception as error:
            drop(error, "Drawing", self)
            return [Strip.blank(crop.width)] * crop.height

    @wraps(measure)
    def measured(self: Widget, container: Size, *rest: Any, **options: Any) -> BoxModel:
        """Measure a widget; if it raises, give it one row."""
        try:
            return measure(self, container, *rest, **options)
        except Exception as error:
            drop(error, "Layout", self)
            return BoxModel(Fraction(container.width), Fraction(1), Spacing())

    def put(*functions: Any) -> None:
        (
            MessagePump._dispatch_message,  # type: ignore[method-assign]
            MessagePump._flush_next_callbacks,  # type: ignore[method-assign]
            Screen._invoke_and_clear_callbacks,  # type: ignore[method-assign]
            Widget.render_lines,  # type: ignore[method-assign]
            Widget._get_box_model,  # type: ignore[method-assign]
        ) = functions

    put(dispatched, flushed, invoked, drawn, measured)
    return lambda: put(dispatch, flush, later, lines, measure)


class Faults:
    """The faults since the last frame, and the messages shown for them."""

    def __init__(self, folder: Path, clock: Callable[[], float] = monotonic) -> None:
        self._log = folder / LOG
        self._clock = clock
        self._in_a_row = 0
        self._said: dict[str, float] = {}

    @property
    def too_many(self) -> bool:
        """Whether there are so many faults, and no frame in between, that the app cannot go on."""
        return self._in_a_row > IN_A_ROW

    def frame(self) -> None:
        """A frame was drawn."""
        self._in_a_row = 0

    def add(self, error: BaseException, dropped: str) -> str:
        """Record a fault, also in the log.

        Returns:
            The message to show; empty if it was shown recently.
        """
        self._in_a_row += 1
        what = inert(f"{type(error).__name__}: {error}".splitlines()[0])[:120]
        now = self._clock()
        if now - self._said.get(what, -REPEATED) < REPEATED:
            return ""
        if len(self._said) >= REMEMBERED:
            self._said.clear()
        self._said[what] = now
        return f"{dropped} dropped, all else stays: {what}. {_written(self._log, error)}"


def _written(path: Path, error: BaseException) -> str:
    """Log the details; return a sentence that says where."""
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


def of_worker(error: BaseException) -> BaseException:
    """Return the fault inside a worker's own exception."""
    inner = getattr(error, "error", error)
    return inner if isinstance(inner, BaseException) else error
