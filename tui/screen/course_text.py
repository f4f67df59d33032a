"""The panel of a task as cells: a headline, and the text in pages.

Pure functions, as in `tui.screen.panels`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from rich.cells import cell_len, set_cell_size

from gdcore.inert import inert
from tui.charts.cells import BLANK
from tui.screen.panels import paragraph, row

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tui.charts.cells import Row
    from tui.laboratory.learning import Panel

    Page: TypeAlias = list[tuple[str, Row]]
    """The rows of a page, each with the part of the text that it belongs to."""

PARTS = ("why", "wrong", "text", "question", "hint", "goal")
"""The parts of the text."""
AIRY = 8
"""Minimum height of a page for blank rows between its paragraphs."""
LONGEST = 40
"""Maximum number of rows of a paragraph."""
MORE = 8
"""Columns at the end of the last row for the "more pages" sign, if there is no headline."""
LONE = 3
"""A last line of so many letters is too short to stand alone."""


def headline(panel: Panel, width: int, page: int = 0, count: int = 0) -> Row:
    """Draw which task it is and the next key; folded, what is missing.

    Args:
        panel: the task.
        width: the columns.
        page: the page that is shown, from 0.
        count: how many pages there are; 0 where it is folded away.
    """
    if not count:
        return row(width, (_cut(inert(panel.headline), width), "strong"))
    key, label = ("A", "answer") if panel.pending else ("x", "next") if panel.done else ("H", "hint")
    there = panel.pending or panel.done or panel.hints_left > 0
    spans = [("  ", ""), (key, "key"), (f" {label}", "label")] * there
    if count > 1:
        spans += [("  ", ""), ("j", "key"), (f" {page + 1}/{count}", "label")]
    room = max(width - sum(len(text) for text, _ in spans), 0)
    title = f"{panel.place}  {inert(panel.title)}"
    if cell_len(title) > room:
        brief = f"{panel.place.replace(' of ', '/')} {inert(panel.title)}"
        title = brief if cell_len(brief) <= room else _cut(title, room)
    return row(width, (title + " " * (room - cell_len(title)), "strong"), *spans)


def _cut(text: str, columns: int) -> str:
    return text if cell_len(text) <= columns else set_cell_size(text, max(columns - 2, 0)) + ".."


def pages(panel: Panel, width: int, height: int) -> list[Page]:
    """Split the text into pages of `height` rows; there is at least one."""
    height = max(height, 1)
    leaves: list[Page] = [[]]
    before = ""
    for part, text, role in _paragraphs(panel):
        rows = [(part, cells) for cells in _lines(inert(text), role, width)]
        if leaves[-1] and len(leaves[-1]) + len(rows) > height and part != "why":
            leaves.append([])  # a paragraph that the user returns to is not split
        elif leaves[-1] and height >= AIRY and not part == before == "goal":
            rows.insert(0, (part, row(width)))
        for line in rows:
            if len(leaves[-1]) == height:
                leaves.append([])
            leaves[-1].append(line)
        before = part
    return leaves


def _lines(text: str, role: str, width: int) -> list[Row]:
    """The lines of a paragraph, the last of more than LONE letters where that costs no further line."""

    def wrapped(columns: int) -> list[Row]:
        lines = paragraph(text, role, columns, LONGEST)
        written = [cells for cells in lines if any(character.strip() for character, _ in cells)]
        return [(*cells, *[BLANK] * (width - columns)) for cells in written]

    def last(lines: list[Row]) -> int:
        return sum(bool(character.strip()) for character, _ in lines[-1])

    lines = wrapped(width)
    if len(lines) > 1 and last(lines) <= LONE:
        for columns in range(width - 1, width // 2, -1):
            narrower = wrapped(columns)
            if len(narrower) > len(lines):
                break
            if last(narrower) > LONE:
                return narrower
    return lines


def goes_on(leaves: Sequence[Page], part: str) -> bool:
    """Whether a part of the text is on more than one page."""
    return sum(any(own == part for own, _ in page) for page in leaves) > 1


def page_of(leaves: Sequence[Page], part: str) -> int:
    """Return the page on which a part begins (the last one for hints); 0 if the part is missing."""
    found = [number for number, page in enumerate(leaves) if any(own == part for own, _ in page)]
    return (found[-1] if part == "hint" else found[0]) if found else 0


def laid_out(rows: Sequence[Row], width: int, height: int, *, more: bool = False) -> list[Row]:
    """Pad the rows to `width` x `height`; if there are more, add the key for them."""
    filled = [(*cells, *[BLANK] * (width - len(cells)))[:width] for cells in rows[:height]]
    filled += [(BLANK,) * width] * (height - len(filled))
    if more and filled and width > MORE:
        filled[-1] = (*filled[-1][: width - MORE + 2], *row(MORE - 2, ("j", "key"), (" more", "label")))
    return filled


def _paragraphs(panel: Panel) -> Iterator[tuple[str, str, str]]:
    """(part, text, role) of each paragraph, what is most wanted first."""
    if panel.done:
        for sentence in panel.explanation:
            yield "why", sentence, "value"
        yield "why", f"{panel.tally}. x leads on, D does it again, W has the whole task.", "good"
        return
    for sentence in panel.explanation:
        yield "wrong", sentence, "value"
    yield "text", panel.text, "label"
    if panel.question:
        yield "question", panel.question, "note"
        if panel.choices and panel.pending:
            yield "question", "A lists: " + ", ".join(panel.choices) + ".", "label"
        if panel.answer:
            yield "question", f"You answered {panel.answer}.", "value"
    for number, hint in enumerate(panel.hints, 1):
        yield "hint", f"Hint {number}: {hint}", "value"
    for asked, met in panel.goal:
        yield "goal", f"[{'x' if met else ' '}] {asked}", "good" if met else "value"
