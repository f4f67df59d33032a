"""Terminal input: nothing ends the reading, and a broken sequence affects nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from textual import events

from tests.terminal import opened  # skips where there are no pseudo-terminals
from tui.terminal.keys import LONGEST, SILENCE, WAITING, TolerantParser

if TYPE_CHECKING:
    from textual.message import Message


class Reader:
    """A parser, what it made of what it was sent, and what it dropped."""

    def __init__(self, size: tuple[int, int] | None = (80, 24)) -> None:
        self.dropped: list[Exception] = []
        self.now = 0.0
        self._parser = TolerantParser(self.dropped.append, lambda: size, lambda: self.now)

    def __call__(self, data: str, after: float = 0.0) -> list[Message]:
        self.now += after
        return list(self._parser.feed(data))

    def wait(self, seconds: float) -> list[Message]:
        self.now += seconds
        return list(self._parser.tick())


def told(messages: list[Message]) -> list[object]:
    """Keys by their names, pastes by their text, the mouse by its place, windows by their size."""
    found: list[object] = []
    for message in messages:
        match message:
            case events.Key():
                found.append(message.key)
            case events.Paste():
                found.append(("paste", message.text))
            case events.MouseEvent():
                found.append((round(message.x), round(message.y)))
            case events.Resize():
                found.append(("size", *message.size))
            case _:
                found.append(type(message).__name__)
    return found


@pytest.mark.parametrize(
    "sequence",
    ["\x1b[99999999999;1u", "\x1b[1114112u", "\x1b[97;5:1u", "\x1b[97;;1114112u", "\x1b[97;1;99999999999999:3u"],
)
def test_a_key_report_that_cannot_be_read_is_dropped_alone(sequence: str) -> None:
    read = Reader()
    assert told(read(f"a{sequence}b")) == ["a", "b"]
    assert len(read.dropped) == 1
    assert told(read("c")) == ["c"]


def test_a_window_without_pixels_reports_the_mouse_in_cells() -> None:
    read = Reader()
    read("\x1b[48;24;80;480;800t")
    assert told(read("\x1b[<0;101;41M")) == [(10, 2)]
    assert told(read("\x1b[48;1;1;0;0t\x1b[<0;11;3M")) == [("size", 80, 24), (10, 2)]
    assert read.dropped == []


def test_the_size_is_what_the_kernel_knows() -> None:
    assert told(Reader((100, 30))("\x1b[48;99999999;99999999;1;1t")) == [("size", 100, 30)]
    assert told(Reader(None)("\x1b[48;99999999;99999999;1;1t")) == [("size", 2000, 1000)]
    assert told(Reader(None)("\x1b[48;0;0;1;1t")) == [("size", 1, 1)]


def test_half_a_character_is_no_key() -> None:
    assert told(Reader()("\x1b[55296ua")) == ["a"]


def test_nothing_in_a_paste_is_a_key() -> None:
    read = Reader()
    inside = "a\x1bq\x1b[31m\x1b[<0;1;1M\x11\x1b[200~\x00\x07é"
    assert told(read(f"x\x1b[200~{inside}\x1b[201~y")) == ["x", ("paste", "aq[31m[<0;1;1M[200~é"), "y"]


def test_a_paste_in_pieces() -> None:
    read = Reader()
    pieces = ["\x1b[20", "0~ab", "c\x1b", "[2", "01", "~d"]
    assert [told(read(piece)) for piece in pieces] == [[], [], [], [], [], [("paste", "abc"), "d"]]


def test_a_paste_that_never_ends_is_over_after_a_silence() -> None:
    read = Reader()
    assert told(read("\x1b[200~abc")) == []
    assert told(read.wait(SILENCE / 2)) == []
    assert told(read("")) == []
    assert told(read.wait(SILENCE / 2)) == [("paste", "abc")]
    assert told(read("d")) == ["d"]


def test_a_key_after_a_paste_that_never_ends_is_a_key() -> None:
    read = Reader()
    read("\x1b[200~abc")
    assert told(read("d", after=WAITING / 2)) == []
    assert told(read("\r", after=WAITING)) == [("paste", "abcd"), "enter"]


@pytest.mark.parametrize("key", ["\x11", "\x1b[113;5u"])
def test_who_quits_is_heard_in_a_paste_that_never_ends(key: str) -> None:
    read = Reader()
    assert told(read(f"\x1b[200~abc{key}")) == []
    assert told(read.wait(WAITING)) == [("paste", "abc"), "ctrl+q"]


def test_of_an_endless_paste_enough_is_kept() -> None:
    read = Reader()
    read("\x1b[200~")
    for _ in range(30):
        read("a" * (LONGEST // 10))
    assert told(read("\x1b[201~")) == [("paste", "a" * LONGEST)]


def test_a_short_silence_inside_a_sequence_is_waited_for() -> None:
    read = Reader()
    assert told(read("\x1b")) == []
    assert told(read("[A")) == ["up"]


@pytest.mark.parametrize(
    "sent",
    [b"\xff\xfe\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\x1b[99999999999;1u", b"\x1b[48;1;1;0;0t\x1b[<0;5;5M"],
)
def test_in_a_terminal(sent: bytes) -> None:
    with opened() as terminal:
        terminal.send(sent + b"n")
        terminal.see("Step 1 of")
        terminal.send(b"\x1b[<0;40;7M\x1b[<0;40;7m")
        terminal.see("Start w -0.35")
        terminal.press("q")
        assert terminal.finish() == 0
        terminal.left_as_it_was()
