"""`gdlab man`: the manual page, made from the text of the help."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from argparse import Action, ArgumentParser, Namespace
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
    """Yield the manual page as man(7) source."""
    from gdcore import __version__  # noqa: PLC0415

    yield f'.TH GDLAB 1 "" "gdlab {__version__}" "User commands"'
    yield ".SH NAME"
    yield "gdlab \\- a gradient descent laboratory in the terminal"
    yield ".SH SYNOPSIS"
    for name, parser in parsers.items():
        yield ".B gdlab" + f" {name}" * bool(name)
        yield " ".join(["[\\fIOPTIONS\\fR]", *_operands(parser)])
        yield ".br"
    for name, parser in parsers.items():
        yield f".SH {_text(('gdlab ' + name).strip().upper())}"
        for paragraph in (parser.description or "").strip().split("\n\n"):
            as_it_is = any(line.startswith(" ") for line in paragraph.split("\n"))
            yield from (".PP", *[".nf"] * as_it_is, *map(_line, paragraph.split("\n")), *[".fi"] * as_it_is)
        for action in parser._actions:
            flags = ", ".join(f"\\fB{_text(flag)}\\fR" for flag in action.option_strings)
            value = _value(action)
            taken = f" \\fI{_text(value)}\\fR" if value and action.nargs != 0 else ""
            yield ".TP"
            yield (flags + taken) if flags else f"\\fI{_text(value)}\\fR"
            yield _line(" ".join((action.help or "").replace("%(default)s", str(action.default)).split()))
    yield ".SH EXIT STATUS"
    yield "0; 2 for a usage or data error; of train also 3 where the run diverged; 130 after ctrl+c."


def _operands(parser: ArgumentParser) -> Iterator[str]:
    """What stands alone, as the help writes it."""
    for action in parser._actions:
        if not action.option_strings:
            more = " ..." * (action.nargs in ("*", "+"))
            value = f"\\fI{_text(_value(action))}\\fR{more}"
            yield f"[{value}]" if action.nargs in ("?", "*") else value


def _value(action: Action) -> str:
    """What stands for a value."""
    value = action.metavar or (action.dest.upper() if action.nargs != 0 else "")
    return value if isinstance(value, str) else " ".join(value)


def _text(text: str) -> str:
    return text.replace("\\", "\\e").replace("-", "\\-")


def _line(text: str) -> str:
    """Escape a line of text: a leading point or quote would be a request of man(7)."""
    return ("\\&" if text[:1] in (".", "'") else "") + _text(text)
