"""What a terminal sends, read so that nothing in it can end the reading: keys, the mouse, pastes, sizes.

Textual's parser is left to do its work, one character at a time. Here is what it lacks:

- Where it raises (a key report with a number beyond Unicode, a mouse report after a window report without pixels) the
  sequence is dropped, what led there is forgotten, and reading goes on with the next character.
- A paste is a paste to its end, whatever is inside: Textual takes sequences inside it for keys. A paste that never
  ends is given up after a silence.
- What is no character (a lone surrogate) is no key.

It can go, piece by piece, when Textual's parser does the same.
"""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING
from unicodedata import category

from textual import events
from textual._xterm_parser import BRACKETED_PASTE_END, BRACKETED_PASTE_START, XTermParser

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    from textual.message import Message

LONGEST = 100_000
"""Of a paste so many characters are taken."""
SILENCE = 2.0
"""A paste in which nothing has come for so many seconds is over."""
QUITS = ("\x11", "\x03", "\x1b[113;5u", "\x1b[99;5u")
"""ctrl+q and ctrl+c, as terminals send them."""
WAITING = 0.4
"""What comes in a paste after so many seconds is a key, if it is as short as one; and so is what quits, where it is the
last thing and nothing follows: whoever sees no answer presses some key, and then the one that quits."""
KEY = 12
"""No key is longer."""
NO_TEXT = "\ufffd"
"""What stands for bytes that are no text, and for nothing else that a person types."""
LARGEST = (2000, 1000)
"""A window of more columns or rows than these is none."""


class TolerantParser(XTermParser):
    """Textual's parser, which raises nothing."""

    def __init__(
        self,
        dropped: Callable[[Exception], object],
        size: Callable[[], tuple[int, int] | None] = lambda: None,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        """Read what a terminal sends.

        Args:
            dropped: told of what was dropped.
            size: the columns and rows of the terminal, where its kernel knows; a report may be of another time.
            clock: seconds.
        """
        super().__init__()
        self._dropped = dropped
        self._size = size
        self._clock = clock
        self._tail = ""
        self._paste: list[str] | None = None
        self._last = clock()

    @property
    def pasting(self) -> bool:
        """Whether a paste has begun, and its end has not come."""
        return self._paste is not None

    def feed(self, data: str) -> Iterator[Message]:
        """The messages that so many characters make."""
        if not data:
            return
        silent, self._last = self._clock() - self._last, self._clock()
        if self._paste is not None and silent >= WAITING and len(data) <= KEY:
            yield from self._end()
        while data:
            if self._paste is None:
                data = yield from self._until_paste(data)
            else:
                data = yield from self._until_end(data)

    def tick(self) -> Iterator[Message]:
        """The messages that the time since the last character makes."""
        silent = self._clock() - self._last
        if self._paste is not None:
            quits = next((key for key in QUITS if self._tail.endswith(key)), "")
            if silent >= SILENCE or (quits and silent >= WAITING):
                yield from self._end(quits)
                yield from self._until_paste(quits)
        try:
            yield from map(self._made_good, super().tick())
        except Exception as error:
            self._begin_again(error)

    def _until_paste(self, data: str) -> Generator[Message, None, str]:
        """Keys and reports, up to the beginning of a paste; returns what comes after it."""
        for position, character in enumerate(data):
            self._tail = (self._tail + character)[-len(BRACKETED_PASTE_START) :]
            if self._tail == BRACKETED_PASTE_START:
                self._begin_again()
                self._paste, self._tail = [], ""
                return data[position + 1 :]
            try:
                for message in super().feed(character):
                    if _is_text(message):
                        yield self._made_good(message)
            except Exception as error:
                self._begin_again(error)
        return ""

    def _until_end(self, data: str) -> Generator[Message, None, str]:
        """A paste, up to its end; returns what comes after it."""
        assert self._paste is not None
        before = self._tail
        text, end, rest = (before + data).partition(BRACKETED_PASTE_END)
        self._tail = (before + data)[-KEY:] if not end else ""
        if sum(map(len, self._paste)) < LONGEST:
            self._paste.append(text if end else text[: len(text) - len(self._tail)])
        if not end:
            return ""
        yield from self._end()
        return rest

    def _end(self, but: str = "") -> Iterator[Message]:
        """The paste that ends here, without a key that was pressed after it."""
        pieces, self._paste = [*(self._paste or ()), self._tail.removesuffix(but)], None
        self._tail = ""
        text = "".join(pieces)[:LONGEST]
        text = "".join(
            character for character in text if character in "\n\r\t" or category(character) not in {"Cc", "Cs"}
        )
        if text:
            yield events.Paste(text)

    def _made_good(self, message: Message) -> Message:
        """A message as it can be believed: a window has a size, and it has it now."""
        if not isinstance(message, events.Resize):
            return message
        width, height = self._size() or message.size
        width, height = min(max(width, 1), LARGEST[0]), min(max(height, 1), LARGEST[1])
        self.terminal_size = (width, height)
        pixels = message.pixel_size
        if pixels is None or pixels[0] < width or pixels[1] < height:
            # Without pixels the mouse is reported in cells.
            self.mouse_pixels, self.terminal_pixel_size = False, None
        return events.Resize.from_dimensions((width, height), self.terminal_pixel_size)

    def _begin_again(self, error: Exception | None = None) -> None:
        """Forget the sequence that was begun."""
        self._gen = self.parse(self._tokens.append)
        self._awaiting = next(self._gen)
        self._timeout_time = None
        if isinstance(error, ZeroDivisionError):
            self.mouse_pixels, self.terminal_pixel_size = False, None
        if error is not None:
            self._dropped(error)


def _is_pasted(character: str) -> bool:
    """Whether a character of a paste is text."""
    return character in "\n\r\t" or (category(character) not in {"Cc", "Cs"} and character != NO_TEXT)


def _is_text(message: Message) -> bool:
    """Whether a message is anything but a key that is half a character, or what stands for bytes that are none."""
    character = message.character if isinstance(message, events.Key) else None
    return not character or not any("\ud800" <= one <= "\udfff" or one == NO_TEXT for one in character)
