"""Whether this terminal is good enough, whether it is far away, and how often to draw on it."""

from __future__ import annotations

import os
import sys
from typing import IO

from gdcore.descent.parameters import Parameter, Range

NEAR, FAR = 20.0, 10.0
"""Frames a second: on a machine's own terminal, and at most over SSH."""

FRAMES = Parameter(
    "fps", Range("a number from 1 to 60", 1, 60), f"draw so many frames a second (default: {NEAR:g}, over SSH {FAR:g})"
)

BARE = ("linux", "vt", "cons", "ansi")
"""How the names of terminals begin that have the characters of a typewriter and little more."""
MONOCHROME = ("vt1", "vt2", "vt3")
"""How the names of terminals begin that have no colours (terminfo)."""

_INSTEAD = "gdlab train does the same run without a screen, gdlab --plain the laboratory without a picture"
_SAMPLE = "─│┤└●✕○◄▼⠉⣿"
"""Some of what is drawn."""


def refusal() -> str | None:
    """Why the laboratory cannot be shown here, in a sentence that says what can be done; None where it can."""
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
    """Whether a person sees this through SSH."""
    return any(os.environ.get(name) for name in ("SSH_CONNECTION", "SSH_TTY"))


def marker() -> str:
    """How to draw lines where nothing is said: consoles whose fonts have no Braille get ASCII."""
    return "dot" if os.environ.get("TERM", "").startswith(BARE) else "braille"


def has_colours() -> bool:
    """Whether this terminal has any: those that are called after DEC's of old have none."""
    return not os.environ.get("TERM", "").startswith(MONOCHROME)


def frames_per_second(option: float | None = None) -> float:
    """How often to draw: as asked for, else as the line allows."""
    if option is not None:
        return option
    return FAR if far() else NEAR
