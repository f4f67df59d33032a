"""`gdlab man`: the manual page, made from the same text as the help."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Iterator, Mapping

ABOUT = """\
Print the manual page of gdlab: `gdlab man | man -l -` shows it, and `gdlab man > ~/.local/share/man/man1/gdlab.1`
lets `man gdlab` find it.
"""


def describe(parser: ArgumentParser) -> None:
    """It has no options."""
    del parser


def run(options: Namespace) -> int:
    """Print it."""
    del options
    from tui.cli import parsers  # noqa: PLC0415

    sys.stdout.write("\n".join(page(parsers())) + "\n")
    return 0


def page(parsers: Mapping[str, ArgumentParser]) -> Iterator[str]:
    """The manual page in the language of man(7)."""
    from gdcore import __version__  # noqa: PLC0415

    yield f'.TH GDLAB 1 "" "gdlab {__version__}" "User commands"'
    yield ".SH NAME"
    yield "gdlab \\- a gradient descent laboratory in the terminal"
    yield ".SH SYNOPSIS"
    for name in parsers:
        yield ".B gdlab" + f" {name}" * bool(name)
        yield "[\\fIOPTIONS\\fR] ..."
        yield ".br"
    for name, parser in parsers.items():
        yield f".SH {_text(('gdlab ' + name).strip().upper())}"
        yield ".nf"
        yield from map(_line, (parser.description or "").rstrip().split("\n"))
        yield ".fi"
        for action in parser._actions:
            flags = ", ".join(f"\\fB{_text(flag)}\\fR" for flag in action.option_strings)
            value = action.metavar or (action.dest.upper() if action.nargs != 0 else "")
            value = value if isinstance(value, str) else " ".join(value)
            taken = f" \\fI{_text(value)}\\fR" if value and action.nargs != 0 else ""
            yield ".TP"
            yield (flags + taken) if flags else f"\\fI{_text(value)}\\fR"
            yield _line(" ".join((action.help or "").replace("%(default)s", str(action.default)).split()))
    yield ".SH EXIT STATUS"
    yield "0; 2 for a usage or data error; of train also 3 where the run diverged; 130 after ctrl+c."


def _text(text: str) -> str:
    return text.replace("\\", "\\e").replace("-", "\\-")


def _line(text: str) -> str:
    """A line of text: what begins with a point or a quote would be a request."""
    return ("\\&" if text[:1] in (".", "'") else "") + _text(text)
