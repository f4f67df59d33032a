"""A scene becomes rows of cells. The only module that calls plotext.

Scene:   what a chart shows, in the coordinates of its window and without a size.
Cell:    (character, role), the content of one column of one row; the role is turned to a colour elsewhere.
Picture: the cells of a scene at one size.

plotext draws the lines. It aborts the whole process on a NaN or a point far outside of its limits, and it computes in
32-bit floats. So it never sees data: every line is mapped into the unit square in 64-bit floats, clipped to it and
thinned out, and plotext gets numbers from 0 to 1 with limits 0 to 1. Marks of a single cell and the frame around them
are put on top here, where a glyph can be placed to the cell and told apart without colours.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import plotext  # type: ignore[import-untyped]
from numpy.typing import ArrayLike

from tui.charts.clip import clipped, thinned
from tui.charts.window import Floats, Tick, Window, ticks_across, ticks_up

Cell = tuple[str, str]
Row = tuple[Cell, ...]
Grid = list[list[Cell]]
Mark = tuple[int, int, str]
Shape = tuple[tuple[float, ...], tuple[float, ...], tuple[bool, ...]]

BLANK: Cell = (" ", "")
MARKERS = ("braille", "hd", "dot")
"""How lines are drawn: 2 x 4 dots a cell, 2 x 2 blocks a cell, or one ASCII character a cell."""

GLYPHS = {
    "hiker": ("●", "@"),
    "minimum": ("✕", "X"),
    "true-minimum": ("*", "*"),
    "ghost": ("○", "O"),
    "trail": ("•", "o"),
    "uphill": ("►", ">"),
    "rows": ("◦", "o"),
    "prediction": ("◆", "#"),
    "best": ("★", "*"),
    "slow": ("▲", "^"),
    "floor": ("╌", "="),
    "cliff": ("│", "|"),
    "cursor": ("┊", "!"),
    "change": ("│", "|"),
    "residual": ("│", ":"),
    "left": ("◄", "<"),
    "right": ("►", ">"),
    "up": ("▲", "^"),
    "down": ("▼", "v"),
}
"""The mark of each kind of point, and the sign of each kind of line in the legend: in Unicode, and in ASCII."""
STROKES = {
    "uphill": ":",
    "branch": ",",
    "line": "-",
    "floor": "=",
    "future": "'",
    "trail": "+",
    "change": "|",
    "residual": ":",
    "cliff": "|",
    "cursor": "!",
}
"""The character that draws a line of this role in ASCII, where it is not the dot."""
LONGEST_TEXT = 1000
"""No text is longer than so many columns, whatever a file calls its columns."""
FRAME = {"up": ("│", "|"), "up tick": ("┤", "+"), "corner": ("└", "+"), "across": ("─", "-"), "across tick": ("┬", "+")}

_ANSI = re.compile(r"\x1b\[[\d;]*m")

plotext.terminal.limit(False, False)


@dataclass(frozen=True, eq=False)
class Line:
    """Points joined in their order. A point that is not finite breaks the line.

    Attributes:
        role: What the line means; decides its colour.
        xs: Horizontal coordinates.
        ys: Vertical coordinates, as many.
        label: Its name in the legend; nothing leaves it out.
        columns: Where the axes are narrower than this the line is not drawn: its parts would run together.
    """

    role: str
    xs: ArrayLike
    ys: ArrayLike
    label: str = ""
    columns: int = 0


@dataclass(frozen=True, eq=False)
class Points:
    """Marks of one cell each.

    Attributes:
        role: What the points mean; decides their colour and the glyph in the legend.
        xs: Horizontal coordinates; points that are not numbers are left out.
        ys: Vertical coordinates, as many.
        label: Their name in the legend; nothing leaves it out.
        glyph: Their mark, a key of GLYPHS; the role's own by default.
        at_border: Show a point that lies outside of the window as an arrowhead at the border; else it is left out.
    """

    role: str
    xs: ArrayLike
    ys: ArrayLike
    label: str = ""
    glyph: str = ""
    at_border: bool = False


@dataclass(frozen=True, eq=False)
class Label:
    """A text in the chart, at the first of its places where it hides nothing that is drawn after it.

    Labels do not touch each other. Where no place is free the text is left out.

    Attributes:
        role: What the text means; decides its colour.
        xs: Horizontal coordinates of the places, the best one first.
        ys: Vertical coordinates, as many.
        text: What it says.
        beside: Put it to the right of the place, or else to the left; by default it stands on it.
    """

    role: str
    xs: ArrayLike
    ys: ArrayLike
    text: str
    beside: bool = False


Layer = Line | Points | Label


@dataclass(frozen=True, eq=False)
class Scene:
    """What a chart shows, whatever its size.

    Attributes:
        window: The part of the plane that is seen.
        layers: Lines, points and labels in drawing order: on a shared cell the later one is seen.
        title: A line above the chart.
        x_title: What the horizontal axis measures.
        y_title: What the vertical axis measures.
        log_y: The vertical coordinates are log10 of what the axis measures.
        log_x: The horizontal coordinates are.
    """

    window: Window
    layers: tuple[Layer, ...]
    title: str = ""
    x_title: str = ""
    y_title: str = ""
    log_y: bool = False
    log_x: bool = False


@dataclass(frozen=True)
class Body:
    """The rectangle of cells inside the axes. The centres of its outer cells lie on the borders of the window."""

    column: int
    row: int
    width: int
    height: int

    def columns(self, across: Floats) -> Floats:
        """The columns of these fractions of the width."""
        return self.column + np.floor(across * (self.width - 1) + 0.5)

    def rows(self, up: Floats) -> Floats:
        """The rows of these fractions of the height."""
        return self.row + np.floor((1 - up) * (self.height - 1) + 0.5)


@dataclass(frozen=True, eq=False)
class Picture:
    """A scene at one size: `rows[row][column]` is a cell. The second half of a wide character is an empty cell."""

    rows: tuple[Row, ...]
    body: Body
    window: Window

    @property
    def size(self) -> tuple[int, int]:
        """The number of columns and of rows."""
        return len(self.rows[0]) if self.rows else 0, len(self.rows)

    def x_at(self, column: int, row: int) -> float | None:
        """The horizontal coordinate under a cell; None outside of the axes."""
        across, down = column - self.body.column, row - self.body.row
        if not (0 <= across < self.body.width and 0 <= down < self.body.height):
            return None
        return float(self.window.xs_at(across / max(self.body.width - 1, 1)))


def render(scene: Scene, width: int, height: int, marker: str = "braille") -> Picture:
    """Draw a scene in width x height cells.

    What has no room is left out: first the titles and the legend, then the ticks, then the axes.

    Raises:
        ValueError: If the marker is none of MARKERS.
    """
    if marker not in MARKERS:
        raise ValueError(f"marker must be one of {', '.join(MARKERS)}, not {marker!r}")
    if width < 1 or height < 1:
        return Picture((), Body(0, 0, 0, 0), scene.window)
    alphabet = int(marker == "dot")
    grid: Grid = [[BLANK] * width for _ in range(height)]

    titled, named, explained = height >= 8, bool(scene.x_title) and height >= 14, height >= 9
    framed, labelled = width >= 8 and height >= 4, width >= 16 and height >= 6
    below = framed + labelled + named + explained
    rows = height - titled - below
    y_ticks = ticks_up(scene.window.bottom, scene.window.top, rows, log=scene.log_y) if labelled else []
    gutter = max((len(label) for _, label in y_ticks), default=0)
    if gutter > width // 3:
        y_ticks, gutter = [], 0
    body = Body(gutter + framed, int(titled), width - gutter - framed, rows)
    x_ticks = ticks_across(scene.window.left, scene.window.right, body.width, log=scene.log_x) if labelled else []

    if framed:
        _draw_frame(grid, scene, body, (x_ticks, y_ticks), alphabet)
    if titled:
        _draw_titles(grid[0], scene, body, alphabet)
    if named:
        name = _cells(scene.x_title, alphabet, body.width)
        _write(grid[-1 - explained], body.column + (body.width - len(name)) // 2, name, "title")
    if explained:
        _draw_legend(grid[-1], scene, alphabet)
    for role, marks in _drawing(scene, body, marker):
        for row, column, character in marks:
            grid[row][column] = (character, role)
    return Picture(tuple(map(tuple, grid)), body, scene.window)


def _drawing(scene: Scene, body: Body, marker: str) -> list[tuple[str, list[Mark]]]:
    """The role and the (row, column, character) of everything inside of the axes, from back to front.

    It is found from front to back: a label must know what it would hide. All lines of a role are one drawing.
    """
    alphabet = int(marker == "dot")
    strokes = _strokes(scene, body, marker)
    found: list[tuple[str, list[Mark]]] = []
    taken: set[tuple[int, int]] = set()
    for layer in reversed(scene.layers):
        if isinstance(layer, Line):
            marks = strokes.pop(layer.role, [])
        elif isinstance(layer, Points):
            marks = _marks(layer, scene.window, body, alphabet)
        else:
            marks = _lettering(layer, scene.window, body, taken, alphabet)
        taken |= {(row, column) for row, column, _ in marks}
        found.append((layer.role, marks))
    return found[::-1]


def _lettering(label: Label, window: Window, body: Body, taken: set[tuple[int, int]], alphabet: int) -> list[Mark]:
    """The (row, column, character) of a label, with a blank on both sides of it."""
    text = _cells(label.text, alphabet, body.width)
    if not text:
        return []
    across, up = np.atleast_1d(window.across(label.xs)), np.atleast_1d(window.up(label.ys))
    inside = (across >= -1e-9) & (across <= 1 + 1e-9) & (up >= -1e-9) & (up <= 1 + 1e-9)
    rows, columns = body.rows(up[inside]).astype(int).tolist(), body.columns(across[inside]).astype(int).tolist()
    for row, column in zip(rows, columns, strict=True):
        starts = (column + 2, column - 1 - len(text)) if label.beside else (column - len(text) // 2,)
        for start in starts:
            end = start + len(text)
            fits = body.column <= start and end <= body.column + body.width
            if fits and taken.isdisjoint((row, place) for place in range(start - 1, end + 1)):
                padded = enumerate([" ", *text, " "], start - 1)
                return [(row, at, cell) for at, cell in padded if body.column <= at < body.column + body.width]
    return []


def _marks(points: Points, window: Window, body: Body, alphabet: int) -> list[Mark]:
    """The (row, column, glyph) of every point that is seen."""
    across, up = np.atleast_1d(window.across(points.xs)), np.atleast_1d(window.up(points.ys))
    number = ~(np.isnan(across) | np.isnan(up))
    across, up = across[number], up[number]
    # A point on the border may miss it by the rounding of its mapping.
    beyond = np.select([across > 1 + 1e-9, across < -1e-9, up > 1 + 1e-9, up < -1e-9], [1, 2, 3, 4], 0)
    if not points.at_border:
        across, up, beyond = across[beyond == 0], up[beyond == 0], beyond[beyond == 0]
    columns = body.columns(np.clip(across, 0, 1)).astype(int).tolist()
    rows = body.rows(np.clip(up, 0, 1)).astype(int).tolist()
    glyphs = [GLYPHS[name][alphabet] for name in (points.glyph or points.role, "right", "left", "up", "down")]
    return [(row, column, glyphs[side]) for row, column, side in zip(rows, columns, beyond.tolist(), strict=True)]


def _strokes(scene: Scene, body: Body, marker: str) -> dict[str, list[Mark]]:
    """The (row, column, character) of the lines of every role."""
    lines: dict[str, list[Line]] = {}
    for layer in scene.layers:
        if isinstance(layer, Line) and layer.columns <= body.width:
            lines.setdefault(layer.role, []).append(layer)
    found: dict[str, list[Mark]] = {}
    for role, parts in lines.items():
        shapes = [thinned(*clipped(*_unit(line, scene.window)), 2 * body.width) for line in parts]
        across, up, joined = (tuple(np.concatenate(arrays).tolist()) for arrays in zip(*shapes, strict=True))
        symbol = STROKES.get(role, ".") if marker == "dot" else marker
        marks = _drawn((across, up, joined), (body.width, body.height), symbol) if across else ()
        found[role] = [(body.row + row, body.column + column, character) for row, column, character in marks]
    return found


def _unit(line: Line, window: Window) -> tuple[Floats, Floats]:
    return window.across(line.xs), window.up(line.ys)


@lru_cache(maxsize=64)
def _drawn(shape: Shape, size: tuple[int, int], symbol: str) -> tuple[Mark, ...]:
    """The (row, column, character) of a line in the unit square, drawn by plotext; a line that stays is drawn once."""
    across, up, joined = shape
    figure = plotext.figure
    figure.clear()
    signal = figure.signal(list(across), list(up), marker=plotext.marker(symbol)).lines()
    for start, leads in enumerate(joined):
        if not leads:
            signal.line(start, False)
    figure.draw(signal)
    figure.plot_size(*size)
    figure.axes(False)
    figure.canvas("default")
    for axis in "xy":
        figure.ruler(axis).lim(0, 1)
        figure.ruler(axis).ticks([], [])
    rows = _ANSI.sub("", figure.build().string()).splitlines()
    return tuple(
        (row, column, character)
        for row, text in enumerate(rows)
        for column, character in enumerate(text)
        if not character.isspace()
    )


def _draw_frame(grid: Grid, scene: Scene, body: Body, ticks: tuple[list[Tick], list[Tick]], alphabet: int) -> None:
    """The two axes, their ticks and the labels of these."""
    (x_ticks, y_ticks), window = ticks, scene.window
    axis, floor = body.column - 1, body.row + body.height
    for row in range(body.row, floor):
        grid[row][axis] = (FRAME["up"][alphabet], "axis")
    grid[floor][axis:] = [(FRAME["across"][alphabet], "axis")] * (body.width + 1)
    grid[floor][axis] = (FRAME["corner"][alphabet], "axis")
    for row, (_, label) in zip(_positions(body.rows(window.up(_places(y_ticks)))), y_ticks, strict=True):
        grid[row][axis] = (FRAME["up tick"][alphabet], "axis")
        _write(grid[row], axis - len(label), label, "tick")
    for column, (_, label) in zip(_positions(body.columns(window.across(_places(x_ticks)))), x_ticks, strict=True):
        grid[floor][column] = (FRAME["across tick"][alphabet], "axis")
        start = min(column - (len(label) - 1) // 2, len(grid[0]) - len(label))
        _write(grid[floor + 1], start, label, "tick")


def _places(ticks: list[Tick]) -> list[float]:
    return [position for position, _ in ticks]


def _positions(places: Floats) -> list[int]:
    return [int(place) for place in places]


def _draw_titles(row: list[Cell], scene: Scene, body: Body, alphabet: int) -> None:
    """What the vertical axis measures, above it, and the title in the middle of the rest."""
    name, title = _cells(scene.y_title, alphabet, len(row) // 2), _cells(scene.title, alphabet)
    start = max(0, body.column - len(name))
    _write(row, start, name, "title")
    free = start + len(name) + 2
    if len(title) <= len(row) - free:
        middle = body.column + (body.width - len(title)) // 2
        _write(row, min(max(free, middle), len(row) - len(title)), title, "title")


def _draw_legend(row: list[Cell], scene: Scene, alphabet: int) -> None:
    """The glyphs and their names, what is drawn on top first, as many as there is room for."""
    named = {
        layer.role: (layer.label, layer.role if isinstance(layer, Line) or layer.role in GLYPHS else layer.glyph)
        for layer in reversed(scene.layers)
        if not isinstance(layer, Label) and layer.label
    }
    column = 0
    for role, (label, sign) in named.items():
        name = _cells(label, alphabet)
        glyph = GLYPHS.get(sign, ("─", STROKES.get(role, ".")))[alphabet]
        if column + 2 + len(name) > len(row):
            return
        _write(row, column, glyph, role)
        _write(row, column + 2, name, "legend")
        column += len(name) + 4


def _cells(text: str, alphabet: int, columns: int = LONGEST_TEXT) -> list[str]:
    """A text as one entry a column, the second of a wide character empty, shortened to so many columns.

    What a cell cannot hold becomes a question mark or nothing.
    """
    cells: list[str] = []
    for character in text:
        if unicodedata.category(character)[0] in "MC":
            continue
        plain = alphabet == 0 or character.isascii()
        wide = unicodedata.east_asian_width(character) in "WF"
        cells += [character if plain else "?"] + [""] * (wide and plain)
        if len(cells) > columns:
            last = max(columns - 1, 0)
            kept = [*cells[: last - 1], " "] if cells[last] == "" else cells[:last]
            return [*kept, "…~"[alphabet]][:columns]
    return cells


def _write(row: list[Cell], start: int, cells: Sequence[str], role: str) -> None:
    """Put characters into a row of cells, cut at its ends."""
    for column, character in enumerate(cells, start):
        if 0 <= column < len(row):
            row[column] = (character, role)
