"""Whether this terminal is sufficient, whether it is remote, and how often to draw on it."""

from __future__ import annotations

import os
import sys
from typing import IO

from gdcore.descent.parameters import Parameter, Range

NEAR, FAR = 20.0, 10.0
"""Frames a second: on a local terminal, and the maximum over SSH."""

FRAMES = Parameter(
    "fps", Range("a number from 1 to 60", 1, 60), f"draw so many frames a second (default: {NEAR:g}, over SSH {FAR:g})"
)

BARE = ("linux", "vt", "cons", "ansi")
"""Prefixes of the names of terminals that have little more than ASCII characters."""
MONOCHROME = ("vt1", "vt2", "vt3")
"""How the names of terminals begin that have no colours (terminfo)."""

_INSTEAD = "gdlab train does the same run without a screen, gdlab --plain the laboratory without a picture"
_SAMPLE = "─│┤└●✕○◄▼⠉⣿"
"""A sample of the characters that are drawn."""


def refusal() -> str | None:
    """Return why the laboratory cannot be shown here and what to do, in a sentence; None if it can."""
    why = _missing()
    return None if why is None else f"{why}; {_INSTEAD}"


def _missing() -> str | None:
    # A server in front of a browser gives its apps pipes, and names Textual's driver for them (see `tui.terminal.web`).
    if os.environ.get("TEXTUAL_DRIVER", "").endswith(":WebDriver"):
        return None
    if not (_is_terminal(sys.stdin) and _is_terminal(sys.stdout)):
        return "this is not a terminal"
    if os.name != "nt" and os.environ.get("TERM", "") in {"", "dumb", "unknown"}:
        told = f"TERM={os.environ['TERM']}" if os.environ.get("TERM") else "TERM is not set"
        return f"this terminal cannot move its cursor ({told})"
    encoding = sys.stdout.encoding or "ascii"
    try:
        _SAMPLE.encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return f"this terminal's encoding, {encoding}, has no characters to draw with (a UTF-8 locale has)"
    return None


def _is_terminal(stream: IO[str] | None) -> bool:
    """Whether a stream, None where the shell closed it, is a terminal."""
    try:
        return stream is not None and stream.isatty()
    except ValueError:
        return False


def far() -> bool:
    """Whether the session runs over SSH."""
    return any(os.environ.get(name) for name in ("SSH_CONNECTION", "SSH_TTY"))


def marker() -> str:
    """Return the default marker: ASCII on consoles whose fonts lack Braille."""
    return "dot" if os.environ.get("TERM", "").startswith(BARE) else "braille"


def has_colours() -> bool:
    """Whether this terminal has any: those that are called after DEC's of old have none."""
    return not os.environ.get("TERM", "").startswith(MONOCHROME)


def frames_per_second(option: float | None = None) -> float:
    """Return the frame rate: the option, else what suits the line."""
    if option is not None:
        return option
    return FAR if far() else NEAR
