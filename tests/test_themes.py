"""Every text and every curve can be told from what is behind it, in each theme."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from rich.color import Color as Shown
from rich.color import ColorSystem
from textual.color import Color
from textual.filter import DimFilter, monochrome_style

from tests.screens import LARGE, gdlab, main_screen, opened, press, settled, typed
from tui.charts.colours import CURVE, FEW, MANY, RUNS, SIXTEEN, TEXT, TRUE
from tui.screen.panel import Panel
from tui.screen.screen import THEMES
from tui.terminal.painted import PALETTE, Painted
from tui.terminal.themes import OWN, depth_of, themes

if TYPE_CHECKING:
    from rich.style import Style
    from textual.pilot import Pilot

FRAME = set(" ─│╭╮╰╯├└▔▁▂▃▄▅▆▇█▊▎▌▐")
"""Lines that only divide, and the thumbs of scroll bars."""


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


LINES = {"curve", "line", "branch", "future", "change", "slow", "uphill", "residual", "floor"}
"""Roles in which nothing is ever written; the heights are others."""
IN_BARS = ("strong", "label", "value", "key")
"""Roles in the bars above and below, which have a background of their own."""
SYSTEMS = {TRUE: ColorSystem.TRUECOLOR, MANY: ColorSystem.EIGHT_BIT, FEW: ColorSystem.STANDARD}
COLORTERM = {TRUE: "truecolor", MANY: "", FEW: ""}
TERM = {TRUE: "xterm-256color", MANY: "xterm-256color", FEW: "xterm"}


def as_shown(colour: Shown | None, depth: int) -> Color:
    """A colour as a terminal of so many colours shows it."""
    assert colour is not None
    sent = colour.downgrade(SYSTEMS[depth])
    if depth == FEW:
        assert sent.number is not None
        return Color(*SIXTEEN[sent.number])
    return Color.from_rich_color(sent)


@pytest.mark.parametrize("depth", [TRUE, MANY, FEW], ids=["true colour", "256 colours", "16 colours"])
@pytest.mark.parametrize("theme", THEMES)
async def test_every_role_stands_out(theme: str, depth: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", TERM[depth])
    monkeypatch.setenv("COLORTERM", COLORTERM[depth])
    async with opened(gdlab()) as pilot:
        assert depth_of(pilot.app.console) == depth
        pilot.app.theme = theme
        await settled(pilot)
        await pilot.pause()
        poor = {}
        for widget in main_screen(pilot).query(Painted).results():
            for name in sorted(PALETTE) if widget.id not in ("header", "keys") else IN_BARS:
                style = widget.style_of(name)
                ratio = contrast(as_shown(style.color, depth), as_shown(style.bgcolor, depth))
                least = CURVE if name in LINES or name.startswith("height-") else TEXT
                if ratio < least:
                    poor[widget.id, name] = round(ratio, 2)
        assert poor == {}
        assert len(main_screen(pilot).query(Panel)) >= 5
        chart = main_screen(pilot).query_one("#chart", Painted)
        few = depth == FEW and theme == "gdlab-light"  # six can be read there, so the last run has to take it
        runs = {as_shown(chart.style_of(f"run-{number}").color, depth) for number in range(RUNS - few)}
        assert as_shown(chart.style_of("hiker").color, depth) not in runs, "no run looks like the point one is at"


@pytest.mark.parametrize("depth", [TRUE, MANY, FEW], ids=["true colour", "256 colours", "16 colours"])
@pytest.mark.parametrize("theme", THEMES)
async def test_every_role_stands_out_without_colours(theme: str, depth: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("TERM", TERM[depth])
    monkeypatch.setenv("COLORTERM", COLORTERM[depth])
    async with opened(gdlab()) as pilot:
        pilot.app.theme = theme
        await press(pilot, "t", "n", "a")
        poor = {}
        for widget in main_screen(pilot).query(Painted).results():
            for name in sorted(PALETTE) if widget.id not in ("header", "keys") else IN_BARS:
                ratio = contrast_of(monochrome_style(widget.style_of(name)))
                if ratio < (CURVE if name in LINES or name.startswith("height-") else TEXT):
                    poor[widget.id, name] = round(ratio, 2)
        assert poor == {}
        assert main_screen(pilot).query("#race"), "its background is another one than that of the chart"


@pytest.mark.parametrize("depth", [TRUE, MANY, FEW])
def test_the_colours_of_a_theme_are_sent_as_they_are(depth: int) -> None:
    """What Textual mixes from them is left out, and so is the little that greys of 256 differ by."""
    for theme in themes(depth):
        for name in (
            "background",
            "surface",
            "panel",
            "foreground",
            "primary",
            "accent",
            "success",
            "warning",
            "error",
        ):
            wanted = Color.parse(getattr(theme, name))
            sent = as_shown(wanted.rich_color, depth)
            assert max(abs(a - b) for a, b in zip(wanted.rgb, sent.rgb, strict=True)) <= (7 if depth == MANY else 0)


def test_the_three_themes_differ_where_there_are_sixteen_colours() -> None:
    backgrounds = {theme.name: (theme.background, theme.panel) for theme in themes(FEW)}
    assert set(backgrounds) == set(OWN)
    assert len(set(backgrounds.values())) == len(OWN)


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
            elif (ratio := contrast_of(style)) < (TEXT if any(map(str.isalnum, text)) else CURVE):
                poor.add((f"{text} in row {y}", round(ratio, 2)))
    return poor


@pytest.mark.parametrize("theme", THEMES)
async def test_every_text_on_the_screen_stands_out(theme: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", TERM[TRUE])
    monkeypatch.setenv("COLORTERM", COLORTERM[TRUE])
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
        for key in ("2", "3", "4", "5", "6"):
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
