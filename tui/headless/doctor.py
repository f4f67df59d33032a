"""`gdlab doctor`: what a bug report needs to say about this machine, in a few lines and without personal data."""

from __future__ import annotations

import os
import platform
import shutil
import sys
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

from gdcore import __version__
from gdcore.inert import inert
from tui.laboratory.saving import FOLDER_VARIABLE, SUFFIX, state_folder
from tui.terminal import environment

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Iterator

ABOUT = """\
What this machine, its terminal and this installation are like, to paste into a bug report. It names no files and no
person; look it through all the same.
"""
NEEDED = ("numpy", "textual", "plotext", "rich", "platformdirs")
EXTRA = ("textual-serve", "aiohttp", "ibis-framework", "duckdb", "pyarrow", "polars", "pyspark", "torch")
VARIABLES = (
    "TERM",
    "COLORTERM",
    "TERM_PROGRAM",
    "NO_COLOR",
    "LANG",
    "LC_ALL",
    "LC_CTYPE",
    "TEXTUAL_DRIVER",
    "PYTHONUTF8",
)
INSIDE = {
    "TMUX": "tmux",
    "STY": "screen",
    "SSH_CONNECTION": "SSH",
    "WT_SESSION": "Windows Terminal",
    "WSL_DISTRO_NAME": "WSL",
}
MISSING = "missing"
MOST = 20
"""It has so many lines at the most."""


def describe(parser: ArgumentParser) -> None:
    """It has no options."""
    del parser


def run(options: Namespace) -> int:
    """Print it."""
    del options
    encoding = sys.stdout.encoding or "ascii"
    for line in list(report())[:MOST]:
        print(line.encode(encoding, "backslashreplace").decode(encoding))
    return 0


def report() -> Iterator[str]:
    """The lines."""
    yield f"gdlab        {__version__}, Python {platform.python_version()} ({platform.python_implementation()})"
    yield f"system       {platform.system()} {platform.release()}, {platform.machine()}, {os.cpu_count()} processors"
    yield f"packages     {', '.join(f'{name} {_version(name) or MISSING}' for name in NEEDED)}"
    extras = [f"{name} {found}" for name in EXTRA if (found := _version(name))]
    yield f"besides      {', '.join(extras) or 'nothing'}"
    with_terminal = [name for name in ("stdin", "stdout", "stderr") if _is_terminal(name)]
    yield f"terminal     {', '.join(with_terminal) or 'none of standard input, output and error'}"
    size = shutil.get_terminal_size()
    yield f"size         {size.columns}x{size.lines}"
    said = [f"{name}={inert(os.environ[name])[:40]}" for name in VARIABLES if name in os.environ]
    yield f"it says      {', '.join(said) or 'nothing'}"
    inside = [word for name, word in INSIDE.items() if os.environ.get(name)]
    yield f"inside       {', '.join(inside) or 'nothing that is known'}"
    yield f"encoding     {sys.stdout.encoding}, file names {sys.getfilesystemencoding()}"
    yield f"colours      {_colours()}"
    yield f"glyphs       {environment._SAMPLE}  (lines, marks, Braille; should be {len(environment._SAMPLE)} columns)"
    yield f"lines        drawn as {environment.marker()}, at {environment.frames_per_second():g} frames a second"
    yield f"sessions     {_sessions()}"
    yield f"gdlab here   {environment.refusal() or 'opens'}"


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""


def _is_terminal(name: str) -> bool:
    try:
        return bool(getattr(sys, name).isatty())
    except (AttributeError, ValueError):
        return False


def _colours() -> str:
    """Return the number of colours of the terminal, by the rules that the app uses."""
    from rich.console import Console  # noqa: PLC0415

    known = Console(force_terminal=True).color_system or "none"
    return f"{known}{', but NO_COLOR is set' if os.environ.get('NO_COLOR') else ''}"


def _sessions() -> str:
    """Return how many sessions are kept, and whether the folder is writable; not where it is."""
    whose = (
        f"the folder that {FOLDER_VARIABLE} names" if os.environ.get(FOLDER_VARIABLE) else "the platform's own folder"
    )
    folder, count = state_folder(), 0
    with suppress(OSError):
        count = len(list(folder.glob(f"*{SUFFIX}")))
    parent = next((place for place in (folder, *folder.parents) if place.exists()), folder)
    return f"{count} in {whose}, which {'can' if os.access(parent, os.W_OK) else 'cannot'} be written"
