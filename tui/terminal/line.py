"""Output to the terminal: only changed cells are sent, and never more than the line accepts.

Textual sends each changed row from the left border of its widget, with a style for every segment: a small change in a
curve costs its whole width. Textual also queues what a slow line has not accepted yet: when the line recovers, every
old frame is replayed, and when the queue is full the app blocks.

Here a `Picture` remembers what the terminal shows. A frame changes what it should show; the difference is sent once the
line has accepted all earlier output, over any number of frames. So a stalled line delays frames, not keys.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple, TypeAlias
from unicodedata import category

from rich.cells import cell_len
from rich.color import ColorSystem
from rich.segment import Segment
from textual._compositor import ChopsUpdate, Compositor, LayoutUpdate
from textual.color import TRANSPARENT, Color
from textual.strip import Strip

from tui.terminal.painted import Painted

if TYPE_CHECKING:
    from rich.style import Style
    from textual.filter import LineFilter
    from textual.geometry import Region

    from tui.charts.cells import Row

BRIDGE = 6
"""Gaps of up to this many unchanged cells are sent again: moving the cursor costs as many bytes."""


class PaintedUpdate(NamedTuple):
    """Changed cells of painted widgets: (column, row, cells, widget), and the filters for all colours."""

    spans: list[tuple[int, int, Row, Painted]]
    filters: tuple[LineFilter, ...]


class PaintedCompositor(Compositor):
    """Textual's compositor, which skips composing if only uncovered painted widgets have changed."""

    _uncovered: tuple[object, list[tuple[Painted, Region]]] = (None, [])

    def render_partial_update(self) -> ChopsUpdate | PaintedUpdate | None:  # type: ignore[override]
        """Return the changes: painted cells directly, or composed ones if necessary."""
        if not self._dirty_regions:
            return None
        spans = []
        for region in self._dirty_regions:
            owner = next((found for found in self._places() if found[1].contains_region(region)), None)
            if owner is None:
                return super().render_partial_update()
            widget, place = owner
            if widget.painted_size != place.size:
                return super().render_partial_update()
            left, right = region.x - place.x, region.right - place.x
            spans += [(region.x, y, widget.rows[y - place.y][left:right], widget) for y in region.line_range]
        self._dirty_regions.clear()
        return PaintedUpdate(spans, tuple(widget.get_line_filters()))

    def _places(self) -> list[tuple[Painted, Region]]:
        """The painted widgets that nothing covers, and where they are on the screen."""
        visible = self.visible_widgets
        if self._uncovered[0] is not visible:
            above: list[Region] = []
            found = []
            for widget, (region, clip) in visible.items():
                covered = not clip.contains_region(region) or any(region.overlaps(other) for other in above)
                if isinstance(widget, Painted) and not covered:
                    found.append((widget, region.shrink(widget.gutter)))
                above.append(region)
            self._uncovered = (visible, found)
        return self._uncovered[1]


class Look(NamedTuple):
    """The look of a cell, as codes of SGR sequences (ECMA-48, 8.3.117); empty is the terminal's default."""

    attributes: str = ""
    foreground: str = ""
    background: str = ""


Cell: TypeAlias = tuple[str, Look]
"""A character with its combining characters, and its look. The right half of a wide character is an empty string."""

PLAIN = Look()
_SEEN_ON_BLANKS = {"4", "7", "9", "21", "51", "52", "53"}
_WEIGHTS = {"1", "2", "1;2"}
"""Bold and faint: one code ends both."""


class Picture:
    """What the terminal shows, and what it should."""

    def __init__(self) -> None:
        self._wanted: list[list[Cell]] = []
        self._shown: list[list[Cell]] | None = None
        self._touched: dict[int, tuple[int, int]] = {}

    @property
    def empty(self) -> bool:
        """Whether nothing has been composed yet."""
        return not self._wanted

    def forget(self) -> None:
        """Assume nothing about what the terminal shows: send all of it again."""
        self._shown = None

    def resize(self, width: int, height: int) -> None:
        """Take another size; what the terminal now shows is unknown."""
        if (height, width) != (len(self._wanted), len(self._wanted[0]) if self._wanted else 0):
            self._wanted = [[(" ", PLAIN)] * width for _ in range(height)]
            self._shown = None

    def put(self, x: int, y: int, cells: list[Cell]) -> None:
        """Set the wanted cells from (x, y) to the right; cells outside the terminal are ignored."""
        if 0 <= y < len(self._wanted):
            row = self._wanted[y]
            end = min(x + len(cells), len(row))
            row[x:end] = cells[: end - x]
            first, last = self._touched.get(y, (x, end))
            self._touched[y] = (min(first, x), max(last, end))

    def take(self, update: ChopsUpdate | LayoutUpdate | PaintedUpdate, colours: ColorSystem) -> None:
        """Set the wanted cells from an update of the compositor."""
        if isinstance(update, PaintedUpdate):
            for x, y, cells, widget in update.spans:
                looks = {role: looks_of(widget.style_of(role), colours, update.filters) for _, role in cells}
                self.put(x, y, [(character, looks[role][character == " "]) for character, role in cells])
            return
        if isinstance(update, LayoutUpdate):
            region = update.region
            self.resize(region.width, region.height)
            for y, strips in enumerate(update.strips):
                self.put(0, y, cells_of(Strip.join(strips), colours))
            return
        for y, left, right in update.spans:
            for end, (x, strip) in zip(update.chop_ends[y], update.chops[y].items(), strict=False):
                if strip is not None and x < right and end > left:
                    start = max(x, left)
                    self.put(start, y, cells_of(strip, colours)[start - x : min(end, right) - x])

    def changes(self) -> str:
        """Return the output that brings the terminal up to date, and assume that it is sent."""
        anew = self._shown is None
        if self._shown is None:
            self._shown = [[("\0", PLAIN)] * len(row) for row in self._wanted]
            self._touched = {y: (0, len(row)) for y, row in enumerate(self._wanted)}
        # What looks alike goes together: to go elsewhere costs less than to change colours.
        found = [
            (y, start, end)
            for y, (first, last) in sorted(self._touched.items())
            for start, end in spans(self._shown[y], self._wanted[y], first, last)
        ]
        if not anew:
            found.sort(key=lambda span: self._wanted[span[0]][span[1]][1][::-1])
        pen = Pen()
        for y, start, end in found:
            pen.move(start, y)
            for character, look in self._wanted[y][start:end]:
                pen.put(character, look)
        for y, (first, last) in self._touched.items():
            self._shown[y][first:last] = self._wanted[y][first:last]
        self._touched.clear()
        return pen.text()


def spans(shown: list[Cell], wanted: list[Cell], first: int, last: int) -> list[tuple[int, int]]:
    """Return the spans (start, end) of a row to send: all changed cells from first to last, and short gaps.

    A gap with another look is skipped: changing colours twice costs more than moving the cursor.
    """
    found: list[tuple[int, int]] = []
    for column in range(first, last):
        if shown[column] == wanted[column]:
            continue
        start = column
        while start and not wanted[start][0]:  # a wide character is sent whole
            start -= 1
        if found:
            before, until = found[-1]
            look = wanted[until - 1][1]
            near = start - until < BRIDGE and all(_same(cell, look) for cell in wanted[until:start])
            if near or start < until:
                found[-1] = (before, column + 1)
                continue
        found.append((start, column + 1))
    return found


def _same(cell: Cell, look: Look) -> bool:
    """Whether a cell can be drawn in this look with one byte."""
    character, own = cell
    return character.isascii() and (own == look or (character == " " and _alike_on_blanks(own, look)))


def _alike_on_blanks(one: Look, other: Look) -> bool:
    """Whether a blank is the same in two looks."""
    return one.background == other.background and not any(map(_seen_on_blanks, (one, other)))


@lru_cache(maxsize=4096)
def _seen_on_blanks(look: Look) -> bool:
    return bool(_SEEN_ON_BLANKS & set(look.attributes.split(";")))


class Pen:
    """Writes cells, with as few codes as it can."""

    def __init__(self) -> None:
        self._look = PLAIN
        self._row: int | None = None
        self._parts: list[str] = []

    def move(self, x: int, y: int) -> None:
        """Go on from another cell."""
        self._parts.append(f"\x1b[{x + 1}G" if y == self._row else f"\x1b[{y + 1};{x + 1}H")
        self._row = y

    def put(self, character: str, look: Look) -> None:
        """Write a cell."""
        if look != self._look and not (character == " " and _alike_on_blanks(self._look, look)):
            self._parts.append(turn(self._look, look))
            self._look = look
        self._parts.append(character)

    def text(self) -> str:
        """Return everything written, ending with the terminal's default look."""
        if self._look != PLAIN:
            self._parts.append("\x1b[0m")
            self._look = PLAIN
        return "".join(self._parts)


def turn(now: Look, then: Look) -> str:
    r"""The sequence that turns one look into another.

    >>> turn(Look("", "31", "44"), Look("1", "31", "42"))
    '\x1b[1;42m'
    >>> turn(Look("1", "31", "44"), Look("", "31", ""))
    '\x1b[22;49m'
    >>> turn(Look("4", "31", "44"), Look("", "31", ""))
    '\x1b[0;31m'
    """
    codes = []
    if now.attributes in _WEIGHTS and not then.attributes:
        codes.append("22")
    elif now.attributes != then.attributes:
        if now.attributes:
            codes.append("0")
            now = PLAIN
        codes.append(then.attributes)
    if now.foreground != then.foreground:
        codes.append(then.foreground or "39")
    if now.background != then.background:
        codes.append(then.background or "49")
    return f"\x1b[{';'.join(filter(None, codes))}m"


_CODE = re.compile(r"[34]8;(?:2;\d+;\d+;\d+|5;\d+)|\d+")


@lru_cache(maxsize=4096)
def look_of(style: Style | None, colours: ColorSystem) -> Look:
    """Return the look of a style. Links are ignored: gdlab has none.

    >>> from rich.style import Style
    >>> look_of(Style.parse("bold red on #000010"), ColorSystem.TRUECOLOR)
    Look(attributes='1', foreground='31', background='48;2;0;0;16')
    """
    drawn = "" if style is None else Strip.render_style(style, ".", color_system=colours)
    sequence = re.match(r"(?:\x1b\]8;.*?\x1b\\)?\x1b\[([\d;]*)m", drawn)
    codes = _CODE.findall(sequence[1]) if sequence else []
    foreground = [code for code in codes if re.fullmatch(r"3[0-79]|9[0-7]|38;.*", code)]
    background = [code for code in codes if re.fullmatch(r"4[0-79]|10[0-7]|48;.*", code)]
    attributes = [code for code in codes if code not in foreground and code not in background]
    return Look(";".join(attributes), ";".join(foreground), ";".join(background))


@lru_cache(maxsize=4096)
def _look_of_blank(style: Style | None, colours: ColorSystem) -> Look:
    """Return the look of a blank: its background, and other attributes only if they show on a blank."""
    look = look_of(style, colours)
    return look if _seen_on_blanks(look) else Look(background=look.background)


@lru_cache(maxsize=4096)
def looks_of(style: Style, colours: ColorSystem, filters: tuple[LineFilter, ...]) -> tuple[Look, Look]:
    """Return the looks of a character and of a blank in a style, after the colour filters."""
    strip = Strip([Segment(". ", style)])
    for each in filters:
        strip = strip.apply_filter(each, Color.from_rich_color(style.bgcolor) if style.bgcolor else TRANSPARENT)
    (_, look), (_, blank) = cells_of(strip, colours)
    return look, blank


def _shown(text: str) -> str:
    """Remove control characters from a text, wherever it came from, so that the terminal cannot act on them."""
    return "".join(
        " " * cell_len(character) if category(character) in {"Cc", "Cs", "Zl", "Zp"} else character
        for character in text
    )


def cells_of(strip: Strip, colours: ColorSystem) -> list[Cell]:
    """A strip, cell by cell."""
    cells: list[Cell] = []
    for written, style, control in strip:
        if control:
            continue
        text = written if written.isprintable() else _shown(written)
        look, blank = look_of(style, colours), _look_of_blank(style, colours)
        if text.isascii() or cell_len(text) == len(text):
            cells += [(character, blank if character == " " else look) for character in text]
            continue
        for character in text:
            width = cell_len(character)
            if width:
                cells += [(character, blank if character == " " else look), *[("", look)] * (width - 1)]
            elif cells:  # it combines with the one before
                before = max(index for index in range(len(cells)) if cells[index][0])
                cells[before] = (cells[before][0] + character, cells[before][1])
    return cells
