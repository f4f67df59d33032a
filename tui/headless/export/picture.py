"""A view as SVG, in the size of a terminal, without a terminal.

Every cell is drawn as shapes: Braille as dots, blocks as rectangles, axes as lines, marks as outlines. Only words are
text, stretched to the width of their cells, so that the picture does not depend on installed fonts.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from itertools import groupby
from math import cos, pi, sin
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from gdcore.inert import inert
from tui.charts.canvas import render
from tui.charts.colours import height_colours, in_words, run_colours
from tui.views.views import VIEWS, Views

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tui.charts.canvas import Scene
    from tui.charts.cells import Row
    from tui.laboratory.laboratory import Laboratory

SIZE = re.compile(r"([0-9]{1,3})x([0-9]{1,3})")
SMALLEST, LARGEST = (16, 6), (400, 200)
"""Columns and rows."""
WIDE, HIGH = 8, 16
"""A cell, in units of the picture."""
FONTS = "ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', 'Liberation Mono', monospace"

DARK = {
    "": "#e0e0e0",
    "background": "#121212",
    "faint": "#8a8a8a",
    "curve": "#7db7ff",
    "other": "#c9a0f0",
    "warn": "#ff8a80",
    "good": "#7ddf8a",
    "now": "#ffc94d",
}
LIGHT = {
    "": "#1a1a1a",
    "background": "#ffffff",
    "faint": "#6b6b6b",
    "curve": "#0a58b8",
    "other": "#7a35a8",
    "warn": "#b3261e",
    "good": "#1b7a33",
    "now": "#9a5b00",
}
THEMES = {"dark": DARK, "light": LIGHT}
ROLES = {
    **dict.fromkeys(("axis", "level", "rows", "behind", "hiker-behind", "minimum-behind"), "faint"),
    **dict.fromkeys(("curve", "line", "trail"), "curve"),
    **dict.fromkeys(("branch", "future", "change", "slow"), "other"),
    **dict.fromkeys(("uphill", "residual", "cliff"), "warn"),
    **dict.fromkeys(("true-minimum", "floor", "minimum", "best"), "good"),
    **dict.fromkeys(("ghost", "hiker", "prediction"), "now"),
}
"""The colour of each role; that of any other is the colour of text."""
BOLD = ("title",)


def colours_of(theme: str) -> dict[str, str]:
    """The colour of every role on the background of a theme, "dark" or "light"; "" is that of text."""
    own = THEMES[theme]
    red, green, blue = (int(own["background"][place : place + 2], 16) for place in (1, 3, 5))
    background = (red, green, blue)
    found = {"": own[""], "background": own["background"], "faint": own["faint"]}
    found |= {role: own[name] for role, name in ROLES.items()}
    found |= {f"height-{at}": in_words(colour) for at, colour in enumerate(height_colours(background))}
    for number, colour in enumerate(run_colours(background)):
        found |= {f"run-{number}": in_words(colour), f"basin-{number}": in_words(colour)}
    return found


def size_of(text: str) -> tuple[int, int]:
    """Columns and rows, from a text like 120x36.

    >>> size_of("120x36")
    (120, 36)

    Raises:
        ValueError: if it is no size, or one at which there is nothing to see.
    """
    found = SIZE.fullmatch(text.strip())
    if not found:
        raise ValueError(f"a size is columns x rows, like 120x36, not {inert(text[:40])}")
    columns, rows = int(found[1]), int(found[2])
    if not (SMALLEST[0] <= columns <= LARGEST[0] and SMALLEST[1] <= rows <= LARGEST[1]):
        low, high = ("x".join(map(str, size)) for size in (SMALLEST, LARGEST))
        raise ValueError(f"a size must be from {low} to {high}, not {columns}x{rows}")
    return columns, rows


def picture(laboratory: Laboratory, view: str, size: tuple[int, int] = (100, 30), theme: str = "dark") -> str:
    """A view of where the laboratory stands, as an SVG document.

    Args:
        laboratory: what was done.
        view: one of the names of the views.
        size: columns and rows.
        theme: "dark" or "light".

    Raises:
        ValueError: if there is no such view here.
    """
    views, frame = Views(), laboratory.frame
    if view not in {known.name for known in VIEWS}:
        raise ValueError(f"there is no view {inert(view[:40])}; there are {', '.join(known.name for known in VIEWS)}")
    if why := views[view].missing(frame.ground):
        raise ValueError(why)
    views.show(view, frame.ground)
    for piece in views.current.study(frame) or ():
        views.current.take(piece)
    return drawn(views.scene(frame), view, size, theme)


def drawn(scene: Scene, view: str, size: tuple[int, int] = (100, 30), theme: str = "dark") -> str:
    """A scene as an SVG document.

    Args:
        scene: what a view shows.
        view: the name of the view.
        size: columns and rows.
        theme: "dark" or "light".
    """
    rows = render(scene, *size).rows
    columns, lines = size
    colours = colours_of(theme)
    width, height = columns * WIDE, lines * HIGH
    title = escape(_plain(f"gdlab, {view}: {scene.title}"))
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'role="img" font-family="{FONTS}" font-size="13">',
        f"<title>{title}</title>",
        f'<rect width="{width}" height="{height}" fill="{colours["background"]}"/>',
    ]
    drawn: dict[str, list[str]] = {}
    words: list[str] = []
    for y, row in enumerate(rows):
        for x, character, role in _cells(row):
            drawn.setdefault(role, []).append(shape(character, x * WIDE, y * HIGH))
        words += _words(row, y, colours)
    for role, shapes in drawn.items():
        colour = colours.get(role, colours[""])
        parts.append(f'<path class="{role}" fill="{colour}" d="{"".join(shapes)}"/>')
    return "\n".join([*parts, *words, "</svg>"]) + "\n"


def _plain(text: str) -> str:
    """Text without what XML cannot hold."""
    return "".join(char for char in inert(text) if char >= " ")


# Shapes


def _cells(row: Row) -> Iterator[tuple[int, str, str]]:
    """The place, the character and the role of what is drawn as a shape."""
    for x, (character, role) in enumerate(row):
        if is_shape(character, role):
            yield x, character, role


def is_shape(character: str, role: str) -> bool:
    """Whether a cell is drawn as a shape and not as text: marks, and characters that some fonts lack."""
    return "⠁" <= character <= "⣿" or (character in _SHAPES and (not character.isascii() or role in ROLES))


def shape(character: str, x: float, y: float) -> str:
    """The outline of a character whose cell has its upper left corner at (x, y), as SVG path data."""
    if "⠁" <= character <= "⣿":
        return "".join(_dot(x + dx, y + dy, 1.15) for dx, dy in braille(character))
    return _SHAPES[character](x, y)


def braille(character: str) -> list[tuple[float, float]]:
    """The centres of the dots of a Braille character within its cell.

    >>> braille("⠁"), braille("⣀")
    ([(2.0, 2.0)], [(2.0, 14.0), (6.0, 14.0)])
    """
    bits = ord(character) - 0x2800
    places = [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2), (0, 3), (1, 3)]
    return [
        (WIDE / 4 + column * WIDE / 2, HIGH / 8 + row * HIGH / 4)
        for bit, (column, row) in enumerate(places)
        if bits >> bit & 1
    ]


def _dot(x: float, y: float, radius: float, *, hole: float = 0) -> str:
    """A disc around (x, y), or a ring: the inner circle is drawn the other way round."""
    outer = f"M{_n(x - radius)} {_n(y)}" + "".join(
        f"a{_n(radius)} {_n(radius)} 0 1 1 {_n(side * 2 * radius)} 0" for side in (1, -1)
    )
    if not hole:
        return outer + "z"
    inner = f"M{_n(x - hole)} {_n(y)}" + "".join(
        f"a{_n(hole)} {_n(hole)} 0 1 0 {_n(side * 2 * hole)} 0" for side in (1, -1)
    )
    return f"{outer}z{inner}z"


def _polygon(*points: tuple[float, float]) -> str:
    return "M" + "L".join(f"{_n(x)} {_n(y)}" for x, y in points) + "z"


def _box(x: float, y: float, width: float, height: float) -> str:
    return f"M{_n(x)} {_n(y)}h{_n(width)}v{_n(height)}h{_n(-width)}z"


def _n(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")


def _turned(x: float, y: float, angle: float, long: float, thick: float) -> str:
    """A bar through (x, y), turned by an angle in radians."""
    along, across = (cos(angle) * long, sin(angle) * long), (-sin(angle) * thick, cos(angle) * thick)
    return _polygon(
        (x - along[0] - across[0], y - along[1] - across[1]),
        (x + along[0] - across[0], y + along[1] - across[1]),
        (x + along[0] + across[0], y + along[1] + across[1]),
        (x - along[0] + across[0], y - along[1] + across[1]),
    )


def _bars(x: float, y: float, angles: Sequence[float]) -> str:
    return "".join(_turned(x + WIDE / 2, y + HIGH / 2, angle, 4.2, 0.8) for angle in angles)


def _star(x: float, y: float) -> str:
    x, y = x + WIDE / 2, y + HIGH / 2
    tips = [((4.6, 1.9)[corner % 2], pi * corner / 5 - pi / 2) for corner in range(10)]
    return _polygon(*((x + radius * cos(angle), y + radius * sin(angle)) for radius, angle in tips))


def _lines(*parts: str) -> Callable[[float, float], str]:
    """Lines from the middle of a cell to its sides."""
    half = 0.6
    boxes = {
        "left": (0, HIGH / 2 - half, WIDE / 2 + half, 2 * half),
        "right": (WIDE / 2 - half, HIGH / 2 - half, WIDE / 2 + half, 2 * half),
        "up": (WIDE / 2 - half, 0, 2 * half, HIGH / 2 + half),
        "down": (WIDE / 2 - half, HIGH / 2 - half, 2 * half, HIGH / 2 + half),
    }
    return lambda x, y: "".join(_box(x + boxes[p][0], y + boxes[p][1], *boxes[p][2:]) for p in parts)


def _blocks(quarters: str) -> Callable[[float, float], str]:
    """Filled quarters of a cell: a, b above, c, d below."""
    places = {"a": (0, 0), "b": (WIDE / 2, 0), "c": (0, HIGH / 2), "d": (WIDE / 2, HIGH / 2)}
    return lambda x, y: "".join(_box(x + places[q][0], y + places[q][1], WIDE / 2, HIGH / 2) for q in quarters)


def _mark(points: Sequence[tuple[float, float]]) -> Callable[[float, float], str]:
    return lambda x, y: _polygon(*((x + WIDE / 2 + dx, y + HIGH / 2 + dy) for dx, dy in points))


def _outline(points: Sequence[tuple[float, float]]) -> Callable[[float, float], str]:
    """The same, hollow: the inner one is drawn the other way round."""
    middle = sum(dy for _, dy in points) / len(points)
    inner = [(0.55 * dx, middle + 0.55 * (dy - middle)) for dx, dy in reversed(points)]
    return lambda x, y: _mark(points)(x, y) + _mark(inner)(x, y)


def _round(radius: float, hole: float = 0) -> Callable[[float, float], str]:
    return lambda x, y: _dot(x + WIDE / 2, y + HIGH / 2, radius, hole=hole)


_UP = ((-3.8, 3.5), (0, -3.8), (3.8, 3.5))
_DOWN = ((-3.8, -3.5), (0, 3.8), (3.8, -3.5))
_DIAMOND = ((-3.8, 0), (0, -4.4), (3.8, 0), (0, 4.4))
_SQUARE = ((-3.2, -3.2), (3.2, -3.2), (3.2, 3.2), (-3.2, 3.2))
_SHAPES: dict[str, Callable[[float, float], str]] = {
    "●": _round(3.7),
    "○": _round(3.7, 2.4),
    "•": _round(2.2),
    "◦": _round(2.3, 1.2),
    "✕": lambda x, y: _bars(x, y, (pi / 4, -pi / 4)),
    "*": lambda x, y: _bars(x, y, (pi / 2, pi / 6, -pi / 6)),
    "►": _mark([(-3.5, -3.8), (3.8, 0), (-3.5, 3.8)]),
    "◄": _mark([(3.5, -3.8), (-3.8, 0), (3.5, 3.8)]),
    "▲": _mark(_UP),
    "▼": _mark(_DOWN),
    "◆": _mark(_DIAMOND),
    "■": _mark(_SQUARE),
    "△": _outline(_UP),
    "▽": _outline(_DOWN),
    "◇": _outline(_DIAMOND),
    "□": _outline(_SQUARE),
    "◌": _round(3.7, 2.9),
    "×": lambda x, y: _bars(x, y, (pi / 4, -pi / 4)),
    "★": _star,
    "╌": lambda x, y: _box(x + 0.7, y + 7.4, 2.6, 1.2) + _box(x + 4.7, y + 7.4, 2.6, 1.2),
    "┊": lambda x, y: "".join(_box(x + 3.4, y + top, 1.2, 2) for top in (1, 5, 9, 13)),
    "│": _lines("up", "down"),
    "─": _lines("left", "right"),
    "└": _lines("up", "right"),
    "┤": _lines("up", "down", "left"),
    "┬": _lines("left", "right", "down"),
    **{
        block: _blocks(quarters)
        for block, quarters in zip(
            "▘▝▀▖▌▞▛▗▚▐▜▄▙▟█",
            ("a", "b", "ab", "c", "ac", "bc", "abc", "d", "ad", "bd", "abd", "cd", "acd", "bcd", "abcd"),
            strict=True,
        )
    },
}


# Words


def _words(row: Row, y: int, colours: Mapping[str, str]) -> Iterator[str]:
    """Yield the words of a row: runs of one colour without blanks, each stretched to the width of its cells."""
    written = ((x, character, role) for x, (character, role) in enumerate(row) if not is_shape(character, role))
    places = groupby(enumerate(written), key=lambda item: (item[1][0] - item[0], item[1][2], item[1][1].isspace()))
    for (_, role, blank), group in places:
        cells = [cell for _, cell in group]
        text = "".join(character for _, character, _ in cells)
        if blank or not text:
            continue
        x, width = cells[0][0] * WIDE, len(cells) * WIDE
        weight = ' font-weight="bold"' if role in BOLD else ""
        yield (
            f'<text x="{x}" y="{y * HIGH + 12}" fill="{colours.get(role, colours[""])}"{weight} textLength="{width}" '
            f'lengthAdjust="spacingAndGlyphs">{escape(_plain(text))}</text>'
        )
