"""Every text and every curve can be told from what is behind it, in each theme."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from textual.color import Color
from textual.filter import DimFilter

from tests.screens import LARGE, gdlab, main_screen, opened, press, settled, typed
from tui.screen.panel import Panel
from tui.screen.screen import THEMES
from tui.terminal.painted import PALETTE, Painted

if TYPE_CHECKING:
    from rich.style import Style
    from textual.pilot import Pilot

FRAME = set(" ─│╭╮╰╯├└▔▁▂▃▄▅▆▇█▊▎▌▐")
"""Lines that only divide, and the thumbs of scroll bars."""
ENOUGH = 3.0
"""The least contrast at which large text and the parts of a picture can be made out (WCAG 2.2, 1.4.11)."""


def luminance(color: Color) -> float:
    """The relative luminance of a colour (WCAG 2.2)."""

    def linear(value: int) -> float:
        share = value / 255
        return share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4

    return 0.2126 * linear(color.r) + 0.7152 * linear(color.g) + 0.0722 * linear(color.b)


def contrast(one: Color, other: Color) -> float:
    """From 1, the same, to 21, black and white."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def contrast_of(style: Style) -> float:
    assert style.color is not None
    assert style.bgcolor is not None
    return contrast(Color.from_rich_color(style.color), Color.from_rich_color(style.bgcolor))


def test_the_contrast_of_known_colours() -> None:
    assert contrast(Color(0, 0, 0), Color(255, 255, 255)) == pytest.approx(21)
    assert contrast(Color(255, 255, 255), Color(118, 118, 118)) == pytest.approx(4.54, abs=0.01)
    assert contrast(Color(10, 20, 30), Color(10, 20, 30)) == 1


def test_the_themes_offered() -> None:
    app = gdlab()
    assert set(THEMES) <= set(app.available_themes)
    assert {app.available_themes[name].dark for name in THEMES} == {True, False}


@pytest.mark.parametrize("theme", THEMES)
async def test_every_role_stands_out(theme: str) -> None:
    async with opened(gdlab()) as pilot:
        pilot.app.theme = theme
        await settled(pilot)
        await pilot.pause()
        poor = {
            (widget.id, name): round(ratio, 2)
            for widget in main_screen(pilot).query(Painted).results()
            for name in sorted(PALETTE)
            if widget.id not in ("header", "keys") or name in ("strong", "label", "value", "key")
            if (ratio := contrast_of(widget.style_of(name))) < ENOUGH
        }
        assert poor == {}
        assert len(main_screen(pilot).query(Panel)) >= 5


def poor_cells(pilot: Pilot[None]) -> set[tuple[str, float]]:
    """The texts on the screen that can hardly be told from their background, with their contrast."""
    poor = set()
    for y, strip in enumerate(pilot.app.screen._compositor.render_strips()):
        x = 0
        for text, style, _ in strip.apply_filter(DimFilter(), Color(0, 0, 0)):
            x += len(text)
            if not text.strip() or set(text) <= FRAME:
                continue  # blanks, and the lines of a frame
            if style is None or style.color is None or style.bgcolor is None:
                poor.add((f"{text} in row {y}: no colour", 0.0))
            elif (ratio := contrast_of(style)) < ENOUGH:
                poor.add((f"{text} in row {y}", round(ratio, 2)))
    return poor


@pytest.mark.parametrize("theme", THEMES)
async def test_every_text_on_the_screen_stands_out(theme: str) -> None:
    poor = {}
    async with opened(gdlab(), LARGE) as pilot:

        async def look(what: str) -> None:
            await settled(pilot)
            await pilot.pause()
            poor[what] = poor_cells(pilot)

        pilot.app.theme = theme
        await press(pilot, "n", "n")
        await look("a run")
        for name in ("rate", "method", "data"):
            main_screen(pilot).query_one(f"#{name}").focus()
            await look(f"{name} and its hint")
        await typed(pilot, "rate", "-1")
        await look("a wrong value")
        await press(pilot, "escape")
        await typed(pilot, "rate", "0.1")
        await press(pilot, "enter", "escape", "n", "n", "n")
        await look("divergence")
        for key in ("2", "3", "4", "5"):
            await press(pilot, key)
            await look(f"view {key}")
        for key in ("question_mark", "w", "o", "g"):
            await press(pilot, key)
            await look(f"dialog {key}")
            await press(pilot, "escape")
    assert {what: cells for what, cells in poor.items() if cells} == {}


async def test_a_theme_from_elsewhere_is_left_for_the_first() -> None:
    # TEXTUAL_THEME chooses any theme that Textual has.
    async with opened(gdlab()) as pilot:
        pilot.app.theme = "nord"
        await press(pilot, "c")
        assert pilot.app.theme in THEMES
