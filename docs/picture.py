"""Makes the pictures in the README from the real app: `python docs/picture.py`.

Each is drawn twice, in the dark and in the light theme, for pages of either kind. The dots of Braille and the lines of
axes are drawn as what they are, so that no font is needed for them; all other text is text.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections import defaultdict
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, cast

from rich.cells import cell_len
from textual.color import Color
from textual.filter import DimFilter

from gdcore.descent.steps import Limits, Settings
from gdcore.landscapes.terrain import TERRAINS
from gdcore.rows.dataset import load
from tui.laboratory.laboratory import Laboratory
from tui.screen.app import GradientDescentApp
from tui.terminal.themes import OWN

if TYPE_CHECKING:
    from collections.abc import Iterable

    from textual.pilot import Pilot
    from textual.strip import Strip

    from tui.screen.screen import LaboratoryScreen
    from tui.views.rates import Rates

SIZE = (100, 30)
WIDE, TALL = 4, 8
"""The units of a cell; the dots of Braille are two of them apart."""
BRAILLE = ((1, 1), (1, 3), (1, 5), (3, 1), (3, 3), (3, 5), (1, 7), (3, 7))
"""Where the dots of a cell are, in the order of their bits."""
STROKES = {
    "─": "M{x} {m}h4",
    "╌": "M{x} {m}h1m2 0h1",
    "│": "M{c} {y}v8",
    "└": "M{c} {y}v4h2",
    "┤": "M{c} {y}v8m0-4h-2",
    "┬": "M{x} {m}h4m-2 0v2",
}
"""The lines of frames and axes: from the left border x, the middle m, the top y and the centre c of a cell."""


@dataclass(frozen=True)
class Shot:
    """A picture: what is walked on, how, and what is pressed before it is taken."""

    ground: str
    rate: float
    train_bias: bool
    keys: str
    iterations: int = 100


SHOTS = {
    "curve": Shot("pizza", 0.0035, False, "n n n"),
    "map": Shot("pizza", 0.0043, True, "2 N"),
    "surface": Shot("pizza", 0.0035, True, "6 n n n n"),
    "race": Shot("pizza", 0.001, True, "a 4 l", 300),
    "rates": Shot("pizza", 0.001, True, "5"),
    "terrain": Shot("himmelblau", 0.01, True, "6 n n n n n n n n"),
}
"""The pictures, by the names of their files."""


class Look(NamedTuple):
    """How a text looks."""

    colour: str
    bold: bool


async def strips(shot: Shot, theme: str) -> tuple[list[Strip], str]:
    """The rows of the app when the keys have been pressed, and the colour behind them."""
    ground = TERRAINS[shot.ground] if shot.ground in TERRAINS else load(shot.ground)
    settings = Settings(learning_rate=shot.rate, train_bias=shot.train_bias)
    app = GradientDescentApp(Laboratory(ground, settings, Limits(shot.iterations)))
    async with app.run_test(size=SIZE) as pilot:
        app.theme = theme
        for key in shot.keys.split():
            await pilot.press(key)
        await finished(pilot)
        await pilot.pause()
        return pilot.app.screen._compositor.render_strips(), app.theme_variables["background"]


async def finished(pilot: Pilot[None]) -> None:
    """Wait until the sweep that is shown, if one is, is complete."""
    views = cast("LaboratoryScreen", pilot.app.screen)._views
    if views.current.name == "rates":
        await pilot.app.workers.wait_for_complete()
        await pilot.pause()
        result = cast("Rates", views.current).result
        assert result is not None
        assert result.done == 1


def svg(rows: Iterable[Strip], size: tuple[int, int], background: str, title: str) -> str:
    """Rows of text in a terminal as an SVG."""
    width, height = size[0] * WIDE, size[1] * TALL
    fills: list[str] = []
    dots: dict[str, list[str]] = defaultdict(list)
    lines: dict[str, list[str]] = defaultdict(list)
    words: list[str] = []
    for row, strip in enumerate(rows):
        column = 0
        for text, style, control in strip.apply_filter(DimFilter(), Color(0, 0, 0)):
            if control or style is None:
                continue
            behind = colour_of(style.bgcolor, background)
            if behind != background:
                place = f"M{column * WIDE} {row * TALL}h{cell_len(text) * WIDE}v{TALL}H{column * WIDE}z"
                fills.append(f'<path fill="{behind}" d="{place}"/>')
            look = Look(colour_of(style.color, "#808080"), bool(style.bold))
            for character in text:
                x, y = column * WIDE, row * TALL
                if "\u2800" < character <= "\u28ff":
                    bits = ord(character) - 0x2800
                    dots[look.colour] += [
                        f"M{x + across} {y + down}h.01" for bit, (across, down) in enumerate(BRAILLE) if bits >> bit & 1
                    ]
                elif character in STROKES:
                    lines[look.colour].append(STROKES[character].format(x=x, y=y, m=y + 4, c=x + 2))
                column += cell_len(character)
            words += written(text, look, column - cell_len(text), row)
    drawn = [f'<path stroke="{colour}" d="{"".join(path)}"/>' for colour, path in dots.items()]
    ruled = [f'<path stroke="{colour}" d="{"".join(path)}"/>' for colour, path in lines.items()]
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" role="img" width="{2 * width}" height="{2 * height}" '
            f'viewBox="0 0 {width} {height}">',
            f"<title>{escape(title)}</title>",
            f'<rect width="{width}" height="{height}" rx="3" fill="{background}"/>',
            *fills,
            '<g stroke-width="1.5" stroke-linecap="round" fill="none">',
            *drawn,
            '</g><g stroke-width=".5" fill="none">',
            *ruled,
            '</g><g font-family="Menlo,Consolas,\'DejaVu Sans Mono\',monospace" font-size="6.6">',
            *words,
            "</g>",
            "</svg>\n",
        ]
    )


def written(text: str, look: Look, column: int, row: int) -> list[str]:
    """The words of a text, each where it stands, as wide as its cells whatever the font."""
    found = []
    plain = "".join(" " if "\u2800" <= letter <= "\u28ff" or letter in STROKES else letter for letter in text)
    start = 0
    for word in plain.split(" "):
        if word:
            x, wide = (column + cell_len(plain[:start])) * WIDE, cell_len(word) * WIDE
            form = f'fill="{look.colour}"' + (' font-weight="bold"' if look.bold else "")
            found.append(f'<text x="{x}" y="{row * TALL + 6}" textLength="{wide}" {form}>{escape(word)}</text>')
        start += len(word) + 1
    return found


def colour_of(colour: object, otherwise: str) -> str:
    """A colour of a style as a style sheet has it."""
    from rich.color import Color as RichColor  # noqa: PLC0415

    return colour.get_truecolor().hex.lower() if isinstance(colour, RichColor) else otherwise.lower()


async def picture(name: str, theme: str) -> str:
    """The SVG of a shot in a theme."""
    rows, background = await strips(SHOTS[name], theme)
    return svg(rows, SIZE, background.lower(), f"gdlab: {name}")


def main(folder: Path) -> None:
    """Make all pictures in a folder, as a terminal of all colours shows them."""
    os.environ |= {"TERM": "xterm-256color", "COLORTERM": "truecolor"}
    os.environ.pop("NO_COLOR", None)
    for name in SHOTS:
        for theme in OWN[:2]:
            path = folder / f"{name}-{theme.removeprefix('gdlab-')}.svg"
            path.write_text(asyncio.run(picture(name, theme)), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)
