"""A panel of text: shows what a function makes of a frame."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.charts.cells import BLANK
from tui.terminal.painted import Painted

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tui.charts.cells import Row
    from tui.laboratory.frame import Frame


class Panel(Painted):
    """A text panel: a pure function from a frame and a size to rows."""

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
