"""Landscapes that are not made of rows, by name, or by the formula that a person types."""

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
"""Every landscape that has a name: the terrains that ship, and whatever else is put here by its title."""


def menu() -> list[tuple[str, str]]:
    """The name of each known landscape, and what it teaches, in a sentence.

    Example:
        >>> menu()[2]
        ('plateau', 'Where the ground is nearly level, steps are tiny, however far the minimum is.')
    """
    return [(name, landscape.teaches) for name, landscape in KNOWN.items()]


def find(name: str) -> Landscape:
    """The landscape of this name; where it is no name, that of the formula it is.

    Raises:
        FormulaError: if it is neither but looks like a formula; it knows the place of the mistake.
        ValueError: if it looks like a name and there is none like it, with the names there are.

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
        # A lone word, or some with hyphens between: whoever wrote it meant a name.
        if not close and not re.fullmatch(r"[^\W\d_]+(-[^\W\d_]+)*", name):
            raise
    meant = f"; did you mean {close[0]}?" if close else ";"
    raise ValueError(f"there is no landscape {quoted(name)}{meant} there are {', '.join(KNOWN)}, or write a formula")
