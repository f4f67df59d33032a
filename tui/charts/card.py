"""A few lines of text over a part of a chart where nothing is drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tui.charts.canvas import BLANK

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tui.charts.canvas import Picture, Row

Place = tuple[int, int]


def with_card(
    picture: Picture, forms: Sequence[Sequence[str]], before: Place | None = None
) -> tuple[tuple[Row, ...], Place | None]:
    """Draw the first of the texts that fits in an empty area inside the axes; nothing is covered.

    In a line, the text before two blanks is a key.

    Args:
        picture: the picture.
        forms: the lines of each text, the preferred one first.
        before: its last place, which is kept if possible.

    Returns:
        The rows, and the row and column where the text begins; None where no text has room.
    """
    body = picture.body
    inside = [row[body.column : body.column + body.width] for row in picture.rows[body.row : body.row + body.height]]
    used = np.array([[cell[0] != " " for cell in row] for row in inside], dtype=np.int64).reshape(body.height, -1)
    for lines in forms:
        # One blank column on each side of it.
        tall, wide = len(lines), max(map(len, lines)) + 2
        if tall > used.shape[0] or wide > used.shape[1]:
            continue
        sums = np.pad(used, ((1, 0), (1, 0))).cumsum(axis=0).cumsum(axis=1)
        free = sums[tall:, wide:] - sums[:-tall, wide:] - sums[tall:, :-wide] + sums[:-tall, :-wide] == 0
        places = np.argwhere(free)
        if not len(places):
            continue
        middle = np.array([(used.shape[0] - tall) / 2, (used.shape[1] - wide) / 2])
        kept = before is not None and before[0] < free.shape[0] and before[1] < free.shape[1] and free[before]
        row, column = before if kept and before else places[np.abs(places - middle).sum(axis=1).argmin()].tolist()
        rows = list(picture.rows)
        for number, line in enumerate(lines, body.row + row):
            at = body.column + column
            rows[number] = (*rows[number][:at], *_cells(line, wide), *rows[number][at + wide :])
        return tuple(rows), (row, column)
    return picture.rows, None


def _cells(line: str, wide: int) -> Row:
    """A line with its keys standing out, in so many columns."""
    key, gap, told = line.rpartition("  ")
    cells = [(" ", ""), *((letter, "key") for letter in key + gap), *((letter, "note") for letter in told)]
    return tuple([*cells, *[BLANK] * wide][:wide])
