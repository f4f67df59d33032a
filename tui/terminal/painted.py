"""Widgets that are painted cell by cell, and send to the terminal only the cells that changed."""

from __future__ import annotations

from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING

from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from tui.charts.cells import Row
from tui.charts.colours import HEIGHTS, RUNS, height_colours, run_colours
from tui.terminal.environment import has_colours
from tui.terminal.fence import closed
from tui.terminal.themes import depth_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

GAP = 6
"""Changed spans with at most this many unchanged cells in between are joined: moving the cursor costs as much."""


BOLD = "bold "
PALETTE = {
    **dict.fromkeys(("label", "value", "axis", "tick", "legend", "rows", "level", "cursor", "trail"), "foreground"),
    **dict.fromkeys(("strong", "key", "title"), "bold foreground"),
    "note": "text-accent",
    "mark": "bold text-accent",
    "good": "text-success",
    "warn": "text-warning",
    "bad": "text-error",
    "best": "bold text-success",
    **dict.fromkeys(("curve", "line"), "text-primary"),
    **dict.fromkeys(("branch", "future", "change", "slow"), "text-secondary"),
    **dict.fromkeys(("uphill", "residual", "cliff"), "text-error"),
    **dict.fromkeys(("true-minimum", "floor"), "text-success"),
    "minimum": "bold text-success",
    "ghost": "text-warning",
    **dict.fromkeys(("hiker", "prediction"), "bold text-warning"),
    **{f"basin-{number}": f"run-{number}" for number in range(RUNS - 1)},
    **dict.fromkeys(("behind", "hiker-behind", "minimum-behind"), "behind"),
    **{f"height-{level}": f"height-{level}" for level in range(HEIGHTS)},
    **{f"run-{number}": f"run-{number}" for number in range(RUNS)},
}
"""The colour of each role, a variable of the theme, and whether it is bold.

Heights and runs have colours that are computed for the background, unless a theme names others.

A table, because Textual's component classes made the start a tenth slower: each is matched with every style rule.
"""


class Painted(Widget):
    """A widget painted from rows of (character, role); PALETTE gives the style of each role.

    A subclass implements `paint`. `repaint` calls it and refreshes the cells that differ.

    Attributes:
        rows: the painted rows.
        painted_size: the size it was painted for.
    """

    rows: Sequence[Row] = ()
    painted_size: tuple[int, int] = (0, 0)
    _theme: Mapping[str, str] | None = None

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._styles: dict[str, Style] = {}

    def style_of(self, role: str) -> Style:
        """Return the style of a role on this widget's background; without a role, the widget's own style."""
        theme = self.app.theme_variables
        if theme is not self._theme:
            self._theme = theme
            self._styles.clear()
        style = self._styles.get(role)
        if style is None:
            style = self.rich_style
            if role:
                variable = PALETTE[role]
                bold = variable.startswith(BOLD) or None
                colour = self._colour(theme, variable.removeprefix(BOLD), style)
                style += Style(color=colour.rich_color, bold=bold)
            self._styles[role] = style
        return style

    @property
    def colourless(self) -> bool:
        """Whether no colour tells one role from another."""
        return bool(self.app.no_color) or not has_colours()

    def _colour(self, theme: Mapping[str, str], variable: str, style: Style) -> Color:
        """Return the colour of a variable: from the theme, or computed for a height or a run on this background.

        Without colours a run has that of text: its own as a grey could hardly be read, and its mark tells it apart.
        """
        kind, _, number = variable.partition("-")
        if kind == "run" and self.colourless:
            return Color.parse(theme["foreground"])
        if variable in theme or not number or style.bgcolor is None:
            return Color.parse(theme.get(variable, theme["foreground"]))
        red, green, blue = style.bgcolor.get_truecolor()
        colours = height_colours if kind == "height" else run_colours
        return Color(*colours((red, green, blue), depth_of(self.app.console))[int(number)])

    def notify_style_update(self) -> None:
        """Drop cached styles, as the background may have changed."""
        self._styles.clear()
        super().notify_style_update()

    def paint(self, width: int, height: int) -> Sequence[Row]:
        """The rows to show: `height` of them, each of `width` cells."""
        raise NotImplementedError

    def repaint(self) -> None:
        """Paint again and refresh the cells that changed."""
        before, size = self.rows, self.painted_size
        self._paint()
        if size != self.painted_size:
            self.refresh()
            return
        regions = [
            Region(start, y, end - start, 1)
            for y, (old, new) in enumerate(zip(before, self.rows, strict=True))
            if old != new
            for start, end in changes(old, new)
        ]
        if not regions or not self.is_attached:
            return
        if closed():
            self.refresh(*regions)
        else:
            # As `refresh` does, but without its messages to the widget and to the screen.
            self._set_dirty(*regions)
            self.screen._dirty_widgets.add(self)
            self.screen.check_idle()

    def _paint(self) -> None:
        before, self.painted_size = self.painted_size, self.content_size
        width, height = self.painted_size
        try:
            self.rows = self.paint(width, height) if width and height else ()
        except Exception as error:
            # The other widgets must not depend on it. It keeps its old rows if the size is the same.
            if before != self.painted_size:
                self.rows = [((" ", ""),) * width for _ in range(height)]
            self.app._handle_exception(error)

    def render_line(self, y: int) -> Strip:
        """A row; at a new size all rows are painted first."""
        if self.painted_size != self.content_size:
            self._paint()
        if y >= len(self.rows):
            return Strip.blank(self.content_size.width, self.style_of(""))
        return Strip(self._segments(self.rows[y]), self.content_size.width)

    def _segments(self, cells: Row) -> Iterator[Segment]:
        """Turn a row into few segments, as each costs bytes: join equal styles, and blanks with text before them."""
        text, style = "", self.style_of("")
        for role, run in groupby(cells, key=itemgetter(1)):
            own = self.style_of(role)
            if own != style:
                if text:
                    yield Segment(text, style)
                text, style = "", own
            text += "".join(character for character, _ in run)
        yield Segment(text, style)


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
