"""A parser for terminal input that never fails: keys, the mouse, pastes, sizes.

It feeds Textual's parser one character at a time and adds what that lacks:

- If it raises (a key report with a number beyond Unicode, a mouse report after a window report without pixels), the
  sequence is dropped and parsing goes on with the next character.
- A paste ends only at its end mark, whatever it contains: Textual takes sequences inside it for keys. A paste without
  an end mark is ended after a silence.
- An invalid character (a lone surrogate) is not a key.

Each part can be removed when Textual's parser does the same.
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
"""Maximum number of characters of a paste."""
SILENCE = 2.0
"""Seconds of silence after which a paste is ended."""
QUITS = ("\x11", "\x03", "\x1b[113;5u", "\x1b[99;5u")
"""The sequences of ctrl+q and ctrl+c."""
WAITING = 0.4
"""Seconds after which short input inside a paste counts as a key. A key that quits also counts if it comes last: users
who see no response press some key, and then the one that quits."""
KEY = 12
"""Maximum length of a key sequence."""
NO_TEXT = "\ufffd"
"""The replacement for bytes that are not text; users do not type it."""
LARGEST = (2000, 1000)
"""Maximum columns and rows of a window."""


class TolerantParser(XTermParser):
    """Textual's parser, without exceptions."""

    def __init__(
        self,
        dropped: Callable[[Exception], object],
        size: Callable[[], tuple[int, int] | None] = lambda: None,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        """Read what a terminal sends.

        Args:
            dropped: called with each error.
            size: the size of the terminal from the kernel, if known; a report may be outdated.
            clock: the time in seconds.
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
        """Whether a paste has begun and not yet ended."""
        return self._paste is not None

    def feed(self, data: str) -> Iterator[Message]:
        """Yield the messages for some characters."""
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
        """Yield the messages due to the time since the last character."""
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
        """Parse up to the start of a paste; return what follows it."""
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
        """Parse up to the end of a paste; return what follows it."""
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
        """End the paste; `but` is a key pressed after it and is not part of it."""
        pieces, self._paste = [*(self._paste or ()), self._tail.removesuffix(but)], None
        self._tail = ""
        text = "".join(pieces)[:LONGEST]
        text = "".join(
            character for character in text if character in "\n\r\t" or category(character) not in {"Cc", "Cs"}
        )
        if text:
            yield events.Paste(text)

    def _made_good(self, message: Message) -> Message:
        """Correct a resize message: the size must be valid and current."""
        if not isinstance(message, events.Resize):
            return message
        width, height = self._size() or message.size
        width, height = min(max(width, 1), LARGEST[0]), min(max(height, 1), LARGEST[1])
        self.terminal_size = (width, height)
        pixels = message.pixel_size
        if pixels is None or pixels[0] < width or pixels[1] < height:
            # Without pixel sizes the mouse reports cells.
            self.mouse_pixels, self.terminal_pixel_size = False, None
        return events.Resize.from_dimensions((width, height), self.terminal_pixel_size)

    def _begin_again(self, error: Exception | None = None) -> None:
        """Reset the parser in the middle of a sequence."""
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
    """Whether a message is valid: not a key for a lone surrogate or for bytes that are not text."""
    character = message.character if isinstance(message, events.Key) else None
    return not character or not any("\ud800" <= one <= "\udfff" or one == NO_TEXT for one in character)
