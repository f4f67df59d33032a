"""Text as the cells of a terminal.

Cell    (character, role): the content of one column of one row, and its meaning; the role gets its style elsewhere
Row     the cells of a row, one for each column
"""

from __future__ import annotations

import unicodedata
from typing import TypeAlias

Cell: TypeAlias = tuple[str, str]
Row: TypeAlias = tuple[Cell, ...]

BLANK: Cell = (" ", "")


def columns_of(text: str) -> list[str]:
    r"""A text as one entry a column: a wide character is followed by an empty one, what takes no column is left out.

    >>> columns_of("a\u65e5b")
    ['a', '日', '', 'b']
    """
    if text.isascii():
        return list(text)
    columns: list[str] = []
    for character in text:
        if unicodedata.category(character)[0] not in "MC":
            columns.append(character)
            columns += [""] * (unicodedata.east_asian_width(character) in "WF")
    return columns
