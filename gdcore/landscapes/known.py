"""Landscapes that are not made of rows, by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gdcore.inert import quoted

if TYPE_CHECKING:
    from collections.abc import Callable

    from gdcore.landscapes.landscape import Landscape

KNOWN: dict[str, Callable[[], Landscape]] = {}
"""What makes each landscape that has a name of its own."""


def find(name: str) -> Landscape:
    """The landscape of this name.

    Raises:
        ValueError: if there is none, with the names there are.
    """
    if name not in KNOWN:
        raise ValueError(f"there is no landscape {quoted(name)}; there are {', '.join(sorted(KNOWN)) or 'none yet'}")
    return KNOWN[name]()
