"""The columns and first rows of a file as a table, with as many of the columns as there is room for."""

from __future__ import annotations

from itertools import accumulate, chain, repeat
from typing import TYPE_CHECKING

from rich.cells import cell_len, set_cell_size
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console, ConsoleOptions, RenderResult

    from tui.sources.browse import Preview

CELL = 14
"""Columns of the screen for a value, at most."""
GAP = 2
"""Blanks between two values."""


class FirstRows:
    """A preview that lays itself out for the width it gets; a line says how many columns had no room."""

    def __init__(self, preview: Preview) -> None:
        columns = preview.columns
        heads = [[column.name for column in columns], [column.kind for column in columns]]
        self._numeric = [column.numeric for column in columns]
        self._lines = [list(map(_cut, line)) for line in (*heads, *preview.rows)]
        self._widths = [max(map(cell_len, column)) for column in zip(*self._lines, strict=True)]

    def __rich_console__(self, _: Console, options: ConsoleOptions) -> RenderResult:
        """The names, the types and the rows; one row less where the line needs its place."""
        most = fitting(self._widths, options.max_width)
        table = Table.grid(padding=(0, GAP))
        for numeric in self._numeric[:most]:
            table.add_column(justify="right" if numeric else "left", no_wrap=True)
        more = len(self._widths) - most
        styles = chain(("bold", "italic"), repeat(""))
        for line, style in zip(self._lines[:-1] if more else self._lines, styles, strict=False):
            table.add_row(*(Text(value, style) for value in line[:most]))
        yield table
        if more:
            yield Text(f"and {more:,} more column{'s' * (more > 1)}", "italic")


def fitting(widths: Sequence[int], room: int) -> int:
    """How many of the first columns fit beside each other; one is always shown.

    >>> fitting([5, 5, 5], 19), fitting([5, 5, 5], 18), fitting([30], 20)
    (3, 2, 1)
    """
    return max(sum(end - GAP <= room for end in accumulate(width + GAP for width in widths)), 1)


def _cut(text: str) -> str:
    return text if cell_len(text) <= CELL else set_cell_size(text, CELL - 2) + ".."
