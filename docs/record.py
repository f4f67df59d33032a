"""Makes the recording in the README from the real app: `python docs/record.py`.

A run that overshoots, diverges and is saved with h. Each frame is drawn as the pictures are, and a style sheet shows
one after the other: nothing runs in it, and where nothing may move the last one is shown.
"""

from __future__ import annotations

import asyncio
import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from picture import SIZE, TALL, WIDE, svg

from gdcore.descent.steps import Limits, Settings
from gdcore.rows.dataset import load
from tui.laboratory.laboratory import Laboratory
from tui.screen.app import GradientDescentApp
from tui.terminal.themes import OWN

if TYPE_CHECKING:
    from textual.strip import Strip

KEYS = (
    ("", 2.5),
    ("n", 1.5),
    ("right_curly_bracket", 2.0),
    *[("n", 1.0)] * 3,
    ("right_curly_bracket", 2.0),
    *[("n", 1.0)] * 4,
    ("n", 3.0),
    ("h", 3.0),
    *[("n", 0.7)] * 6,
    ("n", 3.0),
)
"""What is pressed, and for how many seconds what follows is seen."""
RATE = 0.002


class Shown(NamedTuple):
    """A frame: its rows, and how many seconds it is seen."""

    rows: list[Strip]
    seconds: float


async def frames(theme: str) -> tuple[list[Shown], str]:
    """What the app shows after each key, and the colour behind it."""
    app = GradientDescentApp(Laboratory(load("pizza"), Settings(learning_rate=RATE), Limits(100)))
    found = []
    async with app.run_test(size=SIZE) as pilot:
        app.theme = theme
        for key, seconds in KEYS:
            if key:
                await pilot.press(key)
            await pilot.pause()
            found.append(Shown(pilot.app.screen._compositor.render_strips(), seconds))
        return found, app.theme_variables["background"]


def recording(shown: list[Shown], background: str, title: str) -> str:
    """An SVG that shows the frames one after the other, over and over; a row that stays is drawn once."""
    total = sum(frame.seconds for frame in shown)
    starts = [sum(frame.seconds for frame in shown[:index]) for index in range(len(shown))] + [total]
    width, height = SIZE[0] * WIDE, SIZE[1] * TALL
    rules, groups = [], []
    for row in range(SIZE[1]):
        first = 0
        for index in range(1, len(shown) + 1):
            if index < len(shown) and shown[index].rows[row] == shown[first].rows[row]:
                continue
            drawn = _inside(svg([shown[first].rows[row]], SIZE, background, ""))
            name = f"f{first}-{index}"
            moved = f'<g transform="translate(0 {row * TALL})">{drawn}</g>'
            if (first, index) == (0, len(shown)):
                groups.append(moved)
            else:
                groups.append(f'<g class="{name}">{moved}</g>')
                rules.append(_rule(name, starts[first] / total, starts[index] / total, total))
            first = index
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" role="img" width="{2 * width}" height="{2 * height}" '
            f'viewBox="0 0 {width} {height}">',
            f"<title>{title}</title>",
            "<style>",
            *dict.fromkeys(rules),
            "@media(prefers-reduced-motion:reduce){g{animation:none!important}}",
            "</style>",
            f'<rect width="{width}" height="{height}" rx="3" fill="{background}"/>',
            *groups,
            "</svg>\n",
        ]
    )


def _inside(picture: str) -> str:
    """What is drawn in a picture, without the picture around it."""
    return re.sub(r"^<svg.*?\n<title>.*?</title>\n<rect[^\n]*\n|</svg>\n$", "", picture, flags=re.DOTALL)


def _rule(name: str, start: float, end: float, seconds: float) -> str:
    """The style of what is seen from one share of the recording to another; without motion only what ends it."""
    on, off = f"{100 * start:.3f}%", f"{100 * end:.3f}%"
    steps = [f"{on}{{opacity:1}}"] if start == 0 else [f"0%{{opacity:0}}{on}{{opacity:1}}"]
    steps += [] if end == 1 else [f"{off}{{opacity:0}}"]
    steps += [f"100%{{opacity:{int(end == 1)}}}"]
    still = int(end == 1)
    style = f".{name}{{opacity:{still};animation:{name} {seconds:g}s step-end infinite}}"
    return f"{style}@keyframes {name}{{{''.join(steps)}}}"


def main(folder: Path) -> None:
    """Make the recording for dark and for light pages, as a terminal of all colours shows it."""
    os.environ |= {"TERM": "xterm-256color", "COLORTERM": "truecolor"}
    os.environ.pop("NO_COLOR", None)
    for theme in OWN[:2]:
        shown, background = asyncio.run(frames(theme))
        text = recording(shown, background.lower(), "gdlab: a run overshoots, diverges, and is saved")
        (folder / f"recording-{theme.removeprefix('gdlab-')}.svg").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)
