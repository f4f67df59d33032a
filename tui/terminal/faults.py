"""What goes wrong while one event is handled is dropped with that event; the app goes on.

Textual ends an app when a handler raises: the message pump leaves its loop, and whatever is done about it afterwards,
no further event reaches that widget (Textualize/textual issue 2818). So a fault is caught where one message is
dispatched, one callback called, one widget measured or drawn: all of that in `guard`, and nowhere else. What is shown
is made from an immutable frame, so there is always a last good state.
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
"""After so many faults without a frame between them nothing can be drawn any more, and the app ends."""
LOG = "faults.log"
LARGEST = 200_000
"""The log is begun anew at so many bytes; the one before is kept beside it."""
REPEATED = 3.0
"""The same sentence is shown, and its details written, once in so many seconds."""
REMEMBERED = 50
"""So many sentences are remembered as shown."""


def guard(drop: Callable[[Exception, str, object], object]) -> Callable[[], None]:
    """Have Textual drop the one thing that raises: a message, a callback, the drawing or the measuring of a widget.

    Each of the guards can go when Textual calls a hook for such a fault and goes on after it.

    Returns:
        What takes the guards away again.
    """
    if hasattr(MessagePump._dispatch_message, "__wrapped__"):
        raise RuntimeError("Textual is guarded already")
    dispatch, flush = MessagePump._dispatch_message, MessagePump._flush_next_callbacks
    later = Screen._invoke_and_clear_callbacks
    lines, measure = Widget.render_lines, Widget._get_box_model

    @wraps(dispatch)
    async def dispatched(self: MessagePump, message: Message) -> None:
        """A handler that raises must not end the loop of its pump."""
        try:
            await dispatch(self, message)
        except Exception as error:
            drop(error, type(message).__name__, self)

    @wraps(flush)
    async def flushed(self: MessagePump) -> None:
        """A callback that raises must not take those after it along."""
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
        """Likewise for what waits for the next frame."""
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
        """A widget that cannot be drawn must not keep the others from the screen."""
        try:
            return lines(self, crop)
        except Exception as error:
            drop(error, "Drawing", self)
            return [Strip.blank(crop.width)] * crop.height

    @wraps(measure)
    def measured(self: Widget, container: Size, *rest: Any, **options: Any) -> BoxModel:
        """Nor may one that cannot be measured."""
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
    """What has gone wrong since the last frame, and what was said of it."""

    def __init__(self, folder: Path, clock: Callable[[], float] = monotonic) -> None:
        self._log = folder / LOG
        self._clock = clock
        self._in_a_row = 0
        self._said: dict[str, float] = {}

    @property
    def too_many(self) -> bool:
        """Whether so much goes wrong, and nothing is drawn between, that the app cannot go on."""
        return self._in_a_row > IN_A_ROW

    def frame(self) -> None:
        """A frame was drawn."""
        self._in_a_row = 0

    def add(self, error: BaseException, dropped: str) -> str:
        """Take note of a fault, in the log too.

        Returns:
            The sentence to show; empty where it was shown a moment ago.
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


def of_worker(error: BaseException) -> BaseException:
    """The fault inside a worker's own."""
    inner = getattr(error, "error", error)
    return inner if isinstance(inner, BaseException) else error
