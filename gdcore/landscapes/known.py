"""Landscapes without rows, by name or by formula."""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import TYPE_CHECKING

from gdcore.inert import quoted
from gdcore.landscapes.formula import FormulaError
from gdcore.landscapes.terrain import TERRAINS, own

if TYPE_CHECKING:
    from gdcore.landscapes.landscape import Landscape


KNOWN: dict[str, Landscape] = dict(TERRAINS)
"""Every landscape with a name: the terrains that ship, and those that plugins add."""


def menu() -> list[tuple[str, str]]:
    """Return the name of each known landscape and a sentence on what it teaches.

    Example:
        >>> menu()[2]
        ('plateau', 'Where the ground is nearly level, steps are tiny, however far the minimum is.')
    """
    return [(name, landscape.teaches) for name, landscape in KNOWN.items()]


def find(name: str) -> Landscape:
    """Return the landscape with this name, or the terrain of a formula.

    Raises:
        FormulaError: if it looks like a formula but is not valid; with the position of the mistake.
        ValueError: if it looks like a name but none matches; the message lists the names.

    Example:
        >>> find("ravine").formula, find("w**2 + b**2").has_bias
        ('(w**2 + 50*b**2)/2', True)
        >>> find("ravin")
        Traceback (most recent call last):
        ValueError: there is no landscape "ravin"; did you mean ravine? there are two-valleys, cliff, ...
    """
    name = name.strip()
    if name in KNOWN:
        return KNOWN[name]
    try:
        return own(name)
    except FormulaError:
        close = get_close_matches(name[:40].lower(), KNOWN, 1)
        # A single word, perhaps with hyphens, is meant as a name.
        if not close and not re.fullmatch(r"[^\W\d_]+(-[^\W\d_]+)*", name):
            raise
    meant = f"; did you mean {close[0]}?" if close else ";"
    raise ValueError(f"there is no landscape {quoted(name)}{meant} there are {', '.join(KNOWN)}, or write a formula")
