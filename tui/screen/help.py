"""The help: what the screen shows, the three formulas, the words, and every key."""

from __future__ import annotations

from rich.table import Column, Table
from rich.text import Text

from tui.laboratory.lesson import FORMULAS
from tui.screen.keys import key_table
from tui.views.views import VIEWS

LEGEND = (
    ("curve", "The loss of the line y = w*x + b over your rows, for every w. Low is good."),
    ("you", "The filled circle, at the w of now: a hiker in the dark, who feels the slope."),
    ("uphill", "The arrow. The steeper the ground, the longer it is. A step goes the other way."),
    ("next", "The open circle: where the next step will land, learning rate times slope away."),
    ("minimum", "The cross, the lowest point of the curve."),
    ("trail", "The dots: where you have been."),
    ("best", "Where b is trained too: the w of the lowest loss of all, an asterisk on the axis."),
    ("gauge", "The learning rate # among those that crawl ., glide -, overshoot = and diverge !"),
    ("", "The best fixed rate is the asterisk. Press ] and watch # move, before any step."),
)
"""What stands for what on the screen."""
RUNS_TOLD = (
    ("other runs", "g lists them. Each has its colour, its mark and its name, the same in every view."),
    ("1/2, 1, 2", "G: where the next step would land at half the rate, the rate, and twice the rate."),
)
"""What the views show of other runs."""
WORDS = (
    ("slope, gradient", "dL/dw: how much the loss rises when w grows a little; dL/db: when b does."),
    ("critical rate", "The learning rate at which steps no longer come nearer: 2 by the steepest curvature."),
    ("condition number", "How much steeper the valley's sides are than its floor; 1 is a round bowl."),
    ("digits", "How many decimal digits of w and b are right already."),
    ("held", "b stays as it is: w alone is trained. t changes that."),
    ("standardized", "x and y with mean 0 and spread 1. own: w and b in the units of your data."),
    ("nudging", "Tries w and b one rate up and down and keeps what is better. It needs no gradient."),
    ("branch", "A run you left by stepping back and changing something. g lists them."),
    ("six digits", "The gauge counts steps until w and b are right to 1e-6; view 5 until the loss is."),
)
"""What the words on the screen mean."""
FIELDS = (
    ("tab, shift+tab", "Next field, field before; s goes to the learning rate."),
    ("enter", "Put what is typed in force; on x, y, Method and Train, list what there is to choose."),
    ("escape", "Undo what is typed, and go back to the chart."),
    ("up, down", "In a number field: more, less."),
    ("click on the curve", "Start there."),
)
"""What the fields and the mouse do."""


def help_text() -> Table:
    """What the screen shows, the three formulas and every key, as a table that wraps in its second column."""
    formulas = [line for name, formula, meaning in FORMULAS for line in ((name, formula), ("", meaning))]
    table = Table.grid(Column(no_wrap=True), Column(), padding=(0, 2))
    for title, rows in (
        ("What you see", LEGEND),
        ("In the other views", [*_views_told(), *RUNS_TOLD]),
        ("Three formulas", formulas),
        ("Words", WORDS),
        ("Keys", key_table()),
        ("Fields and mouse", FIELDS),
    ):
        table.add_row(Text(title, "bold"))
        for name, text in rows:
            table.add_row(Text(f"  {name}"), Text(text))
        table.add_row()
    return table


def _views_told() -> list[tuple[str, str]]:
    """What each view says of itself, under its key and its name."""
    return [
        (f"{number} {view.name}" if line is view.told[0] else "", line)
        for number, view in enumerate(VIEWS, 1)
        for line in view.told
    ]
