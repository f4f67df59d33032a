"""The one list of all commands, and the table of keys that help and docs/keys.md show."""

from __future__ import annotations

from tui.laboratory.commands import AROUND, COMPARING, COURSE, LOOKING, WALKING, shown
from tui.views import views

COMMANDS = (*WALKING, *LOOKING, *views.COMMANDS, *COMPARING, *COURSE, *AROUND)
"""Everything a key can do."""


def key_table() -> list[tuple[str, str]]:
    """The keys and what they do, a row a command.

    >>> key_table()[1]
    ('n', 'One step against the gradient. On the chart also right, .')
    """
    rows = []
    for command in COMMANDS:
        keys, chart = (", ".join(map(shown, keys)) for keys in (command.keys, command.chart_keys))
        also = f" On the chart also {chart}" if keys and chart else ""
        rows.append((keys or chart, command.tooltip + also))
    return rows
