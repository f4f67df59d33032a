"""Small pictures of the other views beside the chart, if there is room."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.charts.cells import BLANK, Cell, Row, columns_of
from tui.charts.small import render_small
from tui.terminal.painted import Painted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tui.charts.canvas import Scene

SMALLEST, LARGEST = 6, 15
"""Minimum and maximum rows of a small view, its name included."""


class Aside(Painted):
    """The names and pictures of other views, one below the other, as many as fit.

    Attributes:
        marker: How lines are drawn, one of `canvas.MARKERS`.
    """

    marker = "braille"
    _scenes: Sequence[tuple[str, Scene]] = ()

    def show(self, scenes: Sequence[tuple[str, Scene]]) -> None:
        """Show these views, by name."""
        self._scenes = scenes
        self.repaint()

    def paint(self, width: int, height: int) -> Sequence[Row]:
        """For each view its name, a blank row before it, and its picture."""
        rows: list[Row] = []
        for index, (name, scene) in enumerate(self._scenes):
            tall = min((height - len(rows)) // (len(self._scenes) - index), LARGEST)
            if tall < SMALLEST:
                break
            rows += [(BLANK,) * width, _titled(name, width)]
            rows += render_small(scene, width, tall - 2, self.marker, colourless=self.colourless).rows
        return [*rows, *[(BLANK,) * width] * (height - len(rows))]


def _titled(name: str, width: int) -> Row:
    """A name, and blanks up to the width."""
    cells: list[Cell] = [(letter, "title") for letter in columns_of(name)]
    return tuple([*cells, *[BLANK] * width][:width])


def room(free: int) -> int:
    """Return how many views fit in a number of rows.

    >>> [room(free) for free in (-3, 5, 6, 11, 12, 40)]
    [0, 0, 1, 1, 2, 2]
    """
    return min(max(free // SMALLEST, 0), 2)
