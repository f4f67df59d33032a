"""Widgets that are painted cell by cell, and send to the terminal only the cells that changed."""

from __future__ import annotations

from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, ClassVar

from rich.segment import Segment
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from tui.cells import BLANK, Row

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from tui.laboratory import Frame

GAP = 6
"""Changed spans of a row with at most so many unchanged cells between are one: moving the cursor costs as much."""


class Painted(Widget):
    """Rows of (character, role), each role in the style of its component class.

    A subclass says in `paint` what the rows are. `repaint` asks for them and refreshes where they differ.
    """

    _rows: Sequence[Row] = ()
    _painted_size: tuple[int, int] = (0, 0)
    _stale = False

    def paint(self, width: int, height: int) -> Sequence[Row]:
        """The rows to show: `height` of them, each of `width` cells."""
        raise NotImplementedError

    def repaint_soon(self) -> None:
        """Repaint once the message at hand is done with, however often this is asked for until then."""
        if not self._stale:
            self._stale = True
            self.call_next(self.repaint)

    def repaint(self) -> None:
        """Paint anew and refresh the cells that changed."""
        self._stale = False
        before, size = self._rows, self._painted_size
        self._paint()
        if size != self._painted_size:
            self.refresh()
            return
        regions = [
            Region(start, y, end - start, 1)
            for y, (old, new) in enumerate(zip(before, self._rows, strict=True))
            if old != new
            for start, end in changes(old, new)
        ]
        if regions:
            self.refresh(*regions)

    def _paint(self) -> None:
        self._painted_size = width, height = self.content_size
        self._rows = self.paint(width, height) if width and height else ()

    def render_line(self, y: int) -> Strip:
        """A row; at a new size all rows are painted first."""
        if self._painted_size != self.content_size:
            self._paint()
        if y >= len(self._rows):
            return Strip.blank(self.content_size.width, self.rich_style)
        return Strip(self._segments(self._rows[y]), self.content_size.width)

    def _segments(self, cells: Row) -> Iterator[Segment]:
        """A row as few segments, since each costs bytes: blanks go with what is before them, like with like."""
        text, style = "", self.rich_style
        for role, run in groupby(cells, key=itemgetter(1)):
            own = self.get_component_rich_style(f"-{role}") if role else style
            if own != style:
                if text:
                    yield Segment(text, style)
                text, style = "", own
            text += "".join(character for character, _ in run)
        yield Segment(text, style)


class Panel(Painted):
    """A text panel: a pure function from a frame and a size to rows."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        f"-{role}" for role in ("strong", "label", "value", "note", "good", "warn", "bad", "best", "mark")
    }
    DEFAULT_CSS = """
    Panel {
        &> .-strong { text-style: bold; }
        &> .-note { color: $text-accent; }
        &> .-good { color: $text-success; }
        &> .-warn { color: $text-warning; }
        &> .-bad { color: $text-error; }
        &> .-best { color: $text-success; text-style: bold; }
        &> .-mark { color: $text-accent; text-style: bold; }
    }
    """

    def __init__(self, text: Callable[[Frame, int, int], Sequence[Row]], *, id: str) -> None:  # noqa: A002
        super().__init__(id=id)
        self._text = text
        self._frame: Frame | None = None

    def show(self, frame: Frame) -> None:
        """Show another frame."""
        self._frame = frame
        self.repaint()

    def paint(self, width: int, height: int) -> Sequence[Row]:
        """The text of the frame; nothing before the first one."""
        return self._text(self._frame, width, height) if self._frame else [(BLANK,) * width] * height


def changes(old: Row, new: Row) -> Iterator[tuple[int, int]]:
    """The spans (start, end) that cover all cells in which two rows of equal length differ."""
    start = end = -1
    for column, (before, after) in enumerate(zip(old, new, strict=True)):
        if before != after:
            if start < 0:
                start = column
            elif column - end > GAP:
                yield start, end
                start = column
            end = column + 1
    if start >= 0:
        yield start, end
