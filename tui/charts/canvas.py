"""A scene becomes rows of cells. The only module that calls plotext.

Scene:   what a chart shows, in the coordinates of its window and without a size.
Cell:    (character, role), the content of one column of one row; the role gets its colour elsewhere.
Picture: the cells of a scene at one size.

plotext draws the lines. It aborts the whole process on a NaN or a point far outside its limits, and it computes in
32-bit floats. So it never sees the data: every line is mapped into the unit square in 64-bit floats, clipped and
thinned out, and plotext gets numbers from 0 to 1. Marks of a single cell and the axes are added here, where a glyph can
be placed in an exact cell and does not depend on colour.
"""

import re
import sys
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from types import ModuleType

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tui.charts.clip import clipped, thinned
from tui.charts.window import Floats, Tick, Window, label_starts, ticks_across, ticks_up

# On import plotext typesets its whole manual and loads unittest: that takes most of its import time.
for _unneeded, _name in (("plotext._doc.doc", "docs"), ("plotext._tests.run", "test")):
    _module = ModuleType(_unneeded)
    setattr(_module, _name, None)
    sys.modules.setdefault(_unneeded, _module)
import plotext  # type: ignore[import-untyped]  # noqa: E402

Cell = tuple[str, str]
Row = tuple[Cell, ...]
Grid = list[list[Cell]]
Mark = tuple[int, int, str]
Marks = tuple[Mark, ...]
Named = tuple[str, str]
Shape = tuple[tuple[float, ...], tuple[float, ...], tuple[bool, ...]]

BLANK: Cell = (" ", "")
MARKERS = {"braille": "Braille dots", "hd": "blocks", "dot": "plain ASCII"}
"""How lines are drawn: 2 x 4 dots a cell, 2 x 2 blocks a cell, or one ASCII character a cell."""
DOTS = {"braille": (2, 4), "hd": (2, 2), "dot": (1, 1)}
"""The dots of a cell, across and down."""

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
    **{f"basin-{number}": (str(number + 1),) * 2 for number in range(7)},
    "hiker-behind": ("◌", "a"),
    "minimum-behind": ("×", "x"),
    "run-0": ("■", "a"),
    "run-1": ("▲", "b"),
    "run-2": ("◆", "c"),
    "run-3": ("▼", "d"),
    "run-4": ("□", "e"),
    "run-5": ("△", "f"),
    "run-6": ("◇", "g"),
    "run-7": ("▽", "h"),
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
    **{f"run-{number}": letter for number, letter in enumerate("abcdefgh")},
}
"""The ASCII character for lines of this role, if not the dot."""
RUN = ("run-", "branch")
"""How the roles of runs begin."""
FIRST = ("hiker", "minimum")
"""The roles that are in the legend whatever else there is no room for."""
LONGEST_TEXT = 1000
"""Maximum length of a text in columns, for example of a column name from a file."""
FRAME = {"up": ("│", "|"), "up tick": ("┤", "+"), "corner": ("└", "+"), "across": ("─", "-"), "across tick": ("┬", "+")}

_ANSI = re.compile(r"\x1b\[[\d;]*m")


@dataclass(frozen=True, eq=False)
class Line:
    """Points joined in their order. A point that is not finite breaks the line.

    Attributes:
        role: What the line means; decides its colour.
        xs: Horizontal coordinates.
        ys: Vertical coordinates, as many.
        label: Its name in the legend; nothing leaves it out.
        columns: Minimum width of the axes in columns; a narrower chart omits the line, as its parts would merge.
        pinned: Move its points to the middle of their columns, where marks are, and of their Braille dots: a line that
            hardly moves then stays the same drawing, which costs no time and no bytes.
        pattern: Where no colour tells lines apart, draw so many dots of it, leave out so many, and so on; in ASCII draw
            it with the digit that its role ends in. () draws it as ever.
    """

    role: str
    xs: ArrayLike
    ys: ArrayLike
    label: str = ""
    columns: int = 0
    pinned: bool = False
    pattern: tuple[int, ...] = ()


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
    """A text in the chart, at the first of its places where it covers nothing drawn after it.

    Labels do not overlap each other. If no place is free, the text is omitted.

    Attributes:
        role: What the text means; decides its colour.
        xs: Horizontal coordinates of the places, the best one first.
        ys: Vertical coordinates, as many.
        text: What it says.
        beside: Put it to the right of the place, or else to the left; by default it stands on it.
        short: A shorter text, used if there is no room for the full text.
        sign: A mark before the text, a key of GLYPHS.
    """

    role: str
    xs: ArrayLike
    ys: ArrayLike
    text: str
    beside: bool = False
    short: str = ""
    sign: str = ""


@dataclass(frozen=True, eq=False)
class Dots:
    """A drawing that depends on the number of cells.

    Attributes:
        draw: Takes columns, rows and marker; returns the (row, column, character) of every role, from the upper left.
    """

    draw: Callable[[int, int, str], tuple[tuple[str, Marks], ...]]


Layer = Line | Points | Label | Dots


@dataclass(frozen=True, eq=False)
class Scene:
    """What a chart shows, independent of its size.

    Attributes:
        window: The part of the plane that is seen.
        layers: Lines, points and labels in drawing order: later ones cover earlier ones.
        title: A line above the chart.
        x_title: What the horizontal axis measures.
        y_title: What the vertical axis measures.
        log_y: The vertical coordinates are log10 of what the axis measures.
        log_x: The horizontal coordinates are.
        bare: It has no axes around it.
        wordless: It has neither titles nor a legend, and leaves no rows for them.
        shorter: Titles in place of the title where there is little room: the first that fits.
        y_ticks: The only ticks that the vertical axis may have; round numbers by default.
    """

    window: Window
    layers: tuple[Layer, ...]
    title: str = ""
    x_title: str = ""
    y_title: str = ""
    log_y: bool = False
    log_x: bool = False
    bare: bool = False
    wordless: bool = False
    shorter: tuple[str, ...] = ()
    y_ticks: tuple[Tick, ...] | None = None


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


def render(scene: Scene, width: int, height: int, marker: str = "braille", *, colourless: bool = False) -> Picture:
    """Draw a scene in width x height cells.

    If there is little room, parts are omitted: first the titles and the legend, then the ticks, then the axes. Without
    colours, patterns distinguish the lines.

    Raises:
        ValueError: If the marker is none of MARKERS.
    """
    if marker not in MARKERS:
        raise ValueError(f"marker must be one of {', '.join(MARKERS)}, not {marker!r}")
    if width < 1 or height < 1:
        return Picture((), Body(0, 0, 0, 0), scene.window)
    alphabet = int(marker == "dot")
    titles = None if scene.wordless else ((scene.title, *scene.shorter), scene.x_title, scene.y_title)
    axes = None if scene.bare else (scene.log_x, scene.log_y, scene.y_ticks)
    body, backdrop = _backdrop(scene.window, titles, axes, (width, height), alphabet)
    grid: Grid = list(map(list, backdrop))
    drawing, said = _drawing(scene, body, marker, colourless)
    if height >= 9 and not scene.wordless:
        _draw_legend(grid[-1], scene, said, alphabet, colourless)
    for role, marks in drawing:
        for row, column, character in marks:
            before = grid[row][column][0]
            grid[row][column] = (character if before == " " else _over(before, character), role)
    return Picture(tuple(map(tuple, grid)), body, scene.window)


_QUADRANTS = " ▘▝▀▖▌▞▛▗▚▐▜▄▙▟█"
"""Blocks of 2 x 2: the index of each is the sum of 1, 2, 4, 8 for what it fills, in reading order."""


@lru_cache(maxsize=4096)
def _over(behind: str, front: str) -> str:
    """What a cell shows where two lines cross: the dots of both, if they are of one kind; a blank of a label covers."""
    if "\u2800" <= behind <= "\u28ff" and "\u2800" <= front <= "\u28ff":
        return chr(ord(behind) | ord(front))
    if behind in _QUADRANTS and front in _QUADRANTS[1:]:
        return _QUADRANTS[_QUADRANTS.index(behind) | _QUADRANTS.index(front)]
    return front


@lru_cache(maxsize=16)
def _backdrop(
    window: Window,
    titles: tuple[tuple[str, ...], str, str] | None,
    axes: tuple[bool, bool, tuple[Tick, ...] | None] | None,
    size: tuple[int, int],
    alphabet: int,
) -> tuple[Body, tuple[Row, ...]]:
    """Return the axes with their ticks and titles, and the area inside; cached, as a window often stays the same."""
    heads, x_title, y_title = titles or ((), "", "")
    (log_x, log_y, own), (width, height) = axes or (False, False, None), size
    grid: Grid = [[BLANK] * width for _ in range(height)]
    worded = titles is not None
    titled, named, explained = worded and height >= 8, bool(x_title) and height >= 14, worded and height >= 9
    framed = axes is not None and width >= 8 and height >= 4
    labelled = axes is not None and width >= 16 and height >= 6
    rows = height - titled - framed - labelled - named - explained
    y_ticks = ticks_up(window.bottom, window.top, rows, log=log_y, own=own) if labelled else []
    gutter = max((len(label) for _, label in y_ticks), default=0)
    if gutter > width // 3:
        y_ticks, gutter = [], 0
    body = Body(gutter + framed, int(titled), width - gutter - framed, rows)
    x_ticks = ticks_across(window.left, window.right, body.width, log=log_x) if labelled else []

    if framed:
        _draw_frame(grid, window, body, (x_ticks, y_ticks), alphabet)
    if titled:
        _draw_titles(grid[0], heads, y_title, body, alphabet)
    if named:
        name = _cells(x_title, alphabet, body.width)
        _write(grid[-1 - explained], body.column + (body.width - len(name)) // 2, name, "title")
    return body, tuple(map(tuple, grid))


def _drawing(
    scene: Scene, body: Body, marker: str, colourless: bool
) -> tuple[list[tuple[str, Sequence[Mark]]], set[Named]]:
    """The role and the (row, column, character) of everything inside of the axes, and the words of labels in the chart.

    It goes from back to front, but is found from front to back: a label must know what it would hide. All lines of a
    role are one drawing, if they have one pattern.
    """
    alphabet = int(marker == "dot")
    strokes = _strokes(scene, body, marker, colourless)
    points = _marks([layer for layer in scene.layers if isinstance(layer, Points)], scene.window, body, alphabet)
    lettered = any(isinstance(layer, Label) for layer in scene.layers)
    found: list[tuple[str, Sequence[Mark]]] = []
    taken: set[tuple[int, int]] = set()
    said: set[Named] = set()
    for layer in reversed(scene.layers):
        marks: Sequence[Mark]
        if isinstance(layer, Line):
            marks = strokes.pop((layer.role, layer.pattern if colourless else ()), ())
        elif isinstance(layer, Points):
            marks = points.pop()
        elif isinstance(layer, Dots):
            for role, cells in layer.draw(body.width, body.height, marker):
                marks = [(body.row + row, body.column + column, character) for row, column, character in cells]
                found.append((role, marks))
                if lettered:
                    taken.update((row, column) for row, column, _ in marks)
            continue
        else:
            marks = _lettering(layer, layer.text, scene.window, body, taken, alphabet)
            words = layer.text
            if not marks and layer.short:
                words = layer.short
                marks = _lettering(layer, words, scene.window, body, taken, alphabet)
            if marks:
                said.add((layer.role, words))
        if lettered:
            taken.update((row, column) for row, column, _ in marks)
        found.append((layer.role, marks))
    return found[::-1], said


def _lettering(  # noqa: PLR0913, PLR0917
    label: Label, words: str, window: Window, body: Body, taken: set[tuple[int, int]], alphabet: int
) -> list[Mark]:
    """Return the (row, column, character) of the words of a label, with a blank on both sides."""
    sign = [GLYPHS[label.sign][alphabet], " "] if label.sign else []
    text = [*sign, *_cells(words, alphabet, body.width)] if words else []
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


def _marks(layers: Sequence[Points], window: Window, body: Body, alphabet: int) -> list[list[Mark]]:
    """The (row, column, glyph) of every point that is seen, of each layer; all are mapped at once."""
    found: list[list[Mark]] = [[] for _ in layers]
    if not layers:
        return found
    xs = [np.atleast_1d(np.asarray(points.xs, dtype=np.float64)) for points in layers]
    across = window.across(np.concatenate(xs))
    up = window.up(np.concatenate([np.atleast_1d(np.asarray(points.ys, dtype=np.float64)) for points in layers]))
    # Rounding in the mapping may move a point on the border outside.
    beyond = np.where(up < -1e-9, 4, np.where(up > 1 + 1e-9, 3, 0))
    beyond = np.where(across > 1 + 1e-9, 1, np.where(across < -1e-9, 2, beyond))
    number = ~(np.isnan(across) | np.isnan(up))
    columns = body.columns(np.clip(np.where(number, across, 0), 0, 1)).astype(int).tolist()
    rows = body.rows(np.clip(np.where(number, up, 0), 0, 1)).astype(int).tolist()
    cells = list(zip(rows, columns, beyond.tolist(), number.tolist(), strict=True))
    begin = 0
    for points, marks, own in zip(layers, found, xs, strict=True):
        glyphs = [GLYPHS[name][alphabet] for name in (points.glyph or points.role, "right", "left", "up", "down")]
        for row, column, side, known in cells[begin : begin + len(own)]:
            if known and (points.at_border or not side):
                marks.append((row, column, glyphs[side]))
        begin += len(own)
    return found


def _strokes(scene: Scene, body: Body, marker: str, colourless: bool) -> dict[tuple[str, tuple[int, ...]], Marks]:
    """The (row, column, character) of the lines of every role and pattern."""
    lines: dict[tuple[str, tuple[int, ...]], list[Line]] = {}
    for layer in scene.layers:
        if isinstance(layer, Line) and layer.columns <= body.width:
            lines.setdefault((layer.role, layer.pattern if colourless else ()), []).append(layer)
    found = {}
    for (role, pattern), parts in lines.items():
        points = tuple((_bytes(line.xs), _bytes(line.ys)) for line in parts)
        if pattern and marker != "dot":
            found[role, pattern] = _patterned(points, pattern, scene.window, body, marker)
            continue
        symbol = marker if marker != "dot" else role[-1] if pattern else STROKES.get(role, ".")
        found[role, pattern] = _stroke(points, all(line.pinned for line in parts), scene.window, body, symbol)
    return found


def _bytes(numbers: ArrayLike) -> bytes:
    return np.asarray(numbers, dtype=np.float64).tobytes()


@lru_cache(maxsize=64)
def _stroke(lines: tuple[tuple[bytes, bytes], ...], pinned: bool, window: Window, body: Body, symbol: str) -> Marks:
    """Return the (row, column, character) of lines, given by their xs and ys as bytes; unchanged lines are cached."""
    shapes = [
        thinned(
            *clipped(window.across(np.frombuffer(xs)), window.up(np.frombuffer(ys))),
            2 * max(body.width, 1),
        )
        for xs, ys in lines
    ]
    across, up, joined = (np.concatenate(arrays) for arrays in zip(*shapes, strict=True))
    if not across.size:
        return ()
    # plotext only gets the cells that are crossed, as its time is proportional to their number. A point (x, y) of the
    # unit square is x * (width - 1) cells from the centre of the first one, so at least two cells are needed.
    across, down = across * (body.width - 1), (1 - up) * (body.height - 1)
    if pinned:
        across, down = np.floor(across + 0.5), (np.floor(4 * down + 2) + 0.5) / 4 - 0.5
        moves = np.append(True, (np.diff(across) != 0) | (np.diff(down) != 0) | ~joined[1:])
        across, down, joined = across[moves], down[moves], joined[moves]
    first_column, columns = _crossed(across, body.width)
    first_row, rows = _crossed(down, body.height)
    across = ((across - first_column) / max(columns - 1, 1)).clip(0, 1)
    up = (1 - (down - first_row) / max(rows - 1, 1)).clip(0, 1)
    shape = (tuple(across.tolist()), tuple(up.tolist()), tuple(joined.tolist()))
    top, left = body.row + first_row, body.column + first_column
    return tuple(
        (top + row, left + column, character) for row, column, character in _drawn(shape, (columns, rows), symbol)
    )


def _crossed(places: Floats, count: int) -> tuple[int, int]:
    """Return the first cell that holds these places and the number of cells, at least two if there are two."""
    first, last = int(places.min()), min(int(np.ceil(places.max())), count - 1)
    first = max(min(first, last - 1), 0)
    return first, max(last, min(first + 1, count - 1)) - first + 1


@lru_cache(maxsize=64)
def _patterned(
    lines: tuple[tuple[bytes, bytes], ...], pattern: tuple[int, ...], window: Window, body: Body, marker: str
) -> Marks:
    """The (row, column, character) of lines of which so many dots are drawn, so many left out, and so on."""
    wide, tall = DOTS[marker]
    raster = np.zeros((body.height * tall, body.width * wide), dtype=np.bool_)
    drawn = np.arange(sum(pattern)) < pattern[0]
    for xs, ys in lines:
        shape = clipped(window.across(np.frombuffer(xs)), window.up(np.frombuffer(ys)))
        across, up, joined = thinned(*shape, 2 * max(body.width, 1))
        if across.size:
            across, down = (across * (body.width - 1) + 0.5) * wide, ((1 - up) * (body.height - 1) + 0.5) * tall
            steps = np.maximum(abs(np.diff(across)), abs(np.diff(down))) * joined[1:]
            along = np.append(0, np.cumsum(steps))
            spots = np.arange(int(along[-1]) + 1)
            spots = spots[drawn[spots % len(drawn)]]
            raster[np.interp(spots, along, down).astype(int), np.interp(spots, along, across).astype(int)] = True
    cells = cells_of_dots(raster, marker)
    return tuple((body.row + row, body.column + column, character) for row, column, character in cells)


@lru_cache(maxsize=64)
def _drawn(shape: Shape, size: tuple[int, int], symbol: str) -> Marks:
    """The (row, column, character) of a line in the unit square, drawn by plotext."""
    across, up, joined = shape
    figure = plotext.figure
    figure.clear.data()
    signal = figure.signal(list(across), list(up), marker=plotext.marker(symbol)).lines()
    for start, leads in enumerate(joined):
        if not leads:
            signal.line(start, False)
    figure.draw(signal)
    figure.plot_size(*size)
    rows = _ANSI.sub("", figure.build().string()).splitlines()
    return tuple(
        (row, column, character)
        for row, text in enumerate(rows)
        for column, character in enumerate(text)
        if not character.isspace()
    )


def cells_of_dots(dots: NDArray[np.bool_], marker: str) -> Iterator[tuple[int, int, str]]:
    """The (row, column, character) of a raster of dots, shape (rows, columns) times the dots of a cell.

    In ASCII (one dot a cell) the character is empty: the caller chooses it.

    >>> list(cells_of_dots(np.array([[True, False], [False, True], [False, False], [False, False]]), "braille"))
    [(0, 0, '⠑')]
    """
    if marker == "dot":
        weights, first = np.ones((1, 1), dtype=np.int64), ""
    elif marker == "hd":
        weights, first = np.array([[1, 2], [4, 8]]), _QUADRANTS
    else:
        weights, first = np.array([[1, 8], [2, 16], [4, 32], [64, 128]]), "\u2800"
    tall, wide = weights.shape
    rows, columns = dots.shape[0] // tall, dots.shape[1] // wide
    codes = np.einsum("rtcw,tw->rc", dots.reshape(rows, tall, columns, wide).astype(np.int64), weights)
    for row, column in zip(*(places.tolist() for places in np.nonzero(codes)), strict=True):
        code = int(codes[row, column])
        yield row, column, first[code] if marker == "hd" else chr(ord(first) + code) if first else ""


def _bare_figure() -> None:
    """Make plotext draw lines from 0 to 1 only: no axes, no ticks, no background."""
    plotext.terminal.limit(False, False)
    plotext.figure.clear()
    plotext.figure.axes(False)
    plotext.figure.canvas("default")
    for axis in "xy":
        plotext.figure.ruler(axis).lim(0, 1)
        plotext.figure.ruler(axis).ticks([], [])


_bare_figure()


def _draw_frame(grid: Grid, window: Window, body: Body, ticks: tuple[list[Tick], list[Tick]], alphabet: int) -> None:
    """The two axes, their ticks and the labels of these."""
    x_ticks, y_ticks = ticks
    axis, floor = body.column - 1, body.row + body.height
    for row in range(body.row, floor):
        grid[row][axis] = (FRAME["up"][alphabet], "axis")
    grid[floor][axis:] = [(FRAME["across"][alphabet], "axis")] * (body.width + 1)
    grid[floor][axis] = (FRAME["corner"][alphabet], "axis")
    for row, (_, label) in zip(_positions(body.rows(window.up(_places(y_ticks)))), y_ticks, strict=True):
        grid[row][axis] = (FRAME["up tick"][alphabet], "axis")
        _write(grid[row], axis - len(label), label, "tick")
    starts = label_starts(x_ticks, window.left, window.right, body.width, margin=body.column)
    columns = _positions(body.columns(window.across(_places(x_ticks))))
    for column, start, (_, label) in zip(columns, starts, x_ticks, strict=True):
        grid[floor][column] = (FRAME["across tick"][alphabet], "axis")
        _write(grid[floor + 1], body.column + start, label, "tick")


def _places(ticks: list[Tick]) -> list[float]:
    return [position for position, _ in ticks]


def _positions(places: Floats) -> list[int]:
    return [int(place) for place in places]


def _draw_titles(row: list[Cell], heads: tuple[str, ...], y_title: str, body: Body, alphabet: int) -> None:
    """What the vertical axis measures, above it, and in the middle of the rest the first title that fits."""
    name = _cells(y_title, alphabet, len(row) // 2)
    start = max(0, body.column - len(name))
    _write(row, start, name, "title")
    free = start + len(name) + 2
    for title in (_cells(head, alphabet) for head in heads):
        if len(title) <= len(row) - free:
            middle = body.column + (body.width - len(title)) // 2
            _write(row, min(max(free, middle), len(row) - len(title)), title, "title")
            return


def _draw_legend(row: list[Cell], scene: Scene, said: set[Named], alphabet: int, colourless: bool) -> None:
    """Draw the glyphs and their names, front layers first, as far as there is room.

    Whatever has a label in the chart is left out. Where there is no room for all, runs come before what explains signs,
    with their short names if need be, and the number of those without a name is at the end.
    """
    signs = {
        (layer.role, layer.label): _sign(layer, colourless)[alphabet]
        for layer in reversed(scene.layers)
        if isinstance(layer, (Line, Points)) and layer.label and (layer.role, layer.label) not in said
    }
    short = {(layer.role, layer.text): layer.short for layer in scene.layers if isinstance(layer, Label) and layer.sign}
    nameless = {key for key in signs if key[0].startswith(RUN) and (key[0], short.get(key)) not in said}
    order = sorted(signs, key=lambda key: (key[0] not in FIRST, key not in nameless, key not in short))
    names = {key: _cells(key[1], alphabet) for key in signs}
    kept = _fitting(order, names, len(row))
    if not nameless <= kept:
        names |= {key: _cells(short.get(key) or key[1], alphabet) for key in nameless}
        kept = _fitting(order, names, len(row))
    if not nameless <= kept:
        kept = _fitting(order, names, len(row) - len(f"+{len(nameless)}  "))
    column = 0
    for key in (key for key in signs if key in kept):
        role = key[0]
        _write(row, column, signs[key], role)
        _write(row, column + 2, names[key], role if role.startswith("run-") else "legend")
        column += len(names[key]) + 4
    if more := len(nameless - kept):
        _write(row, column, f"+{more}", "legend")


def _fitting(keys: Sequence[Named], names: dict[Named, list[str]], columns: int) -> set[Named]:
    """The entries of the legend that there is room for, the first ones first."""
    kept = set()
    for key in keys:
        if len(names[key]) + 2 <= columns:
            kept.add(key)
            columns -= len(names[key]) + 4
    return kept


def _sign(layer: Line | Points, colourless: bool) -> tuple[str, str]:
    """What stands for a layer in the legend, in Unicode and in ASCII."""
    stroke = "#" if isinstance(layer, Line) and layer.pattern and colourless else STROKES.get(layer.role, ".")
    named = layer.role if isinstance(layer, Line) or layer.role in GLYPHS else layer.glyph
    return GLYPHS.get(named, ("─", stroke))


def _cells(text: str, alphabet: int, columns: int = LONGEST_TEXT) -> list[str]:
    """A text as one entry a column, the second of a wide character empty, shortened to so many columns.

    A character that does not fit in a cell becomes a question mark or is dropped.
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
