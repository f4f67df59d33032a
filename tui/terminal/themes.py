"""The themes for gdlab: dark, light and high contrast, for terminals with 16 million, 256 or 16 colours.

Every text has a contrast of at least 4.5 on every background it stands on, every curve at least 3 (WCAG 2.2); the tests
check each pair. With fewer colours a theme names colours that the terminal has, so that nothing is rounded on its way.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.theme import Theme

from tui.charts.colours import FEW, MANY, SIXTEEN, TRUE, in_words

if TYPE_CHECKING:
    from rich.console import Console

OWN = ("gdlab-dark", "gdlab-light", "gdlab-contrast")
"""The names of the themes."""

_COLOURS = {
    # Background, surface, panel, foreground, muted, primary, secondary, accent, success, warning, error.
    # Of 256 colours the light greys are written as Rich takes them for the next one: f5f5f5 is number 255, eeeeee.
    ("gdlab-dark", TRUE): "0f141b 151c26 22303f dde4ec 8f9cab 6cb8f0 b9a5ff ffb86b 7ddc8a ffd866 ff8078",
    ("gdlab-dark", MANY): "121212 1c1c1c 303030 ebebeb 949494 5fafff afafff ffaf5f 87d787 ffd75f ff8787",
    ("gdlab-light", TRUE): "fbfaf7 f3f0e9 e2ddd1 1c2530 5c6570 1d5fa6 6a3fa0 8f4a00 1b6b35 7d5a00 b3261e",
    ("gdlab-light", MANY): "ffffff f5f5f5 e0e0e0 1c1c1c 626262 005faf 5f00af 875f00 005f00 5f5f00 af0000",
    ("gdlab-contrast", TRUE): "000000 000000 202020 ffffff c0c0c0 ffff00 00ffff ff80ff 00ff00 ffb000 ff7070",
    ("gdlab-contrast", MANY): "000000 000000 1c1c1c ffffff bcbcbc ffff00 00ffff ff87ff 00ff00 ffaf00 ff8787",
}
_SIXTEEN = {
    "gdlab-dark": (0, 0, 4, 15, 7, 14, 13, 11, 10, 11, 9),
    "gdlab-light": (15, 15, 7, 0, 8, 4, 5, 1, 4, 5, 1),
    "gdlab-contrast": (0, 0, 0, 15, 15, 11, 14, 13, 10, 11, 9),
}
"""On a console the bars have their own background: white on blue, black on grey."""


def depth_of(console: Console) -> int:
    """How many colours a terminal has: 24 bits, 8 bits, or 4. Without colours greys are made of all."""
    return {"standard": FEW, "windows": FEW, "256": MANY}.get(console.color_system or "", TRUE)


def themes(depth: int = TRUE) -> list[Theme]:
    """The themes for a terminal with so many colours.

    >>> [theme.name for theme in themes()], themes(4)[0].panel
    (['gdlab-dark', 'gdlab-light', 'gdlab-contrast'], '#0000aa')
    """
    return [_theme(name, depth) for name in OWN]


def _theme(name: str, depth: int) -> Theme:
    if depth == FEW:
        found = [in_words(SIXTEEN[number]) for number in _SIXTEEN[name]]
    else:
        found = [f"#{colour}" for colour in _COLOURS[name, depth].split()]
    background, surface, panel, foreground, muted, primary, secondary, accent, success, warning, error = found
    # Textual mixes these from two colours; with fewer colours there is no such mixture.
    variables = {
        "text-primary": primary,
        "text-secondary": secondary,
        "text-accent": accent,
        "text-success": success,
        "text-warning": warning,
        "text-error": error,
        "behind": muted,
        "border": accent,
        "scrollbar": muted,
        "scrollbar-hover": muted,
    }
    return Theme(
        name=name,
        dark=name != "gdlab-light",
        background=background,
        surface=surface,
        panel=panel,
        foreground=foreground,
        primary=primary,
        secondary=secondary,
        accent=accent,
        success=success,
        warning=warning,
        error=error,
        variables=variables,
    )
