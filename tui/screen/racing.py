"""The table of a race: who leads, at which rate, how low, after how many iterations."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tui.charts.cells import BLANK, columns_of
from tui.terminal.painted import Painted

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from gdcore.studies.race import Rank
    from tui.charts.cells import Cell, Row
    from tui.charts.runs import Badge


class Place(NamedTuple):
    """A runner as the table has it.

    Attributes:
        badge: its name, its colour and its mark.
        rate: its learning rate.
        loss: the loss of all rows where it stands.
        iterations: how many it has made.
        diverged: whether it is out of the race.
    """

    badge: Badge
    rate: float
    loss: float
    iterations: int
    diverged: bool


def places(ranks: Iterable[Rank], badges: Mapping[int, Badge]) -> list[Place]:
    """The runners as `ranked` has them."""
    return [
        Place(badges[id(runner)], runner.run.settings.learning_rate, loss, runner.run.tip, diverged)
        for runner, loss, diverged in ranks
    ]


def table(found: Sequence[Place], done: float | None, width: int, height: int, *, ascii: bool = False) -> list[Row]:  # noqa: A002
    """Return the rows of the table: two for each runner, or one if there is no room for two."""
    over = "The race" if done is None else f"The race {done:4.0%}"
    way = "esc: settings" if done is None else "esc gives up"
    rows = [_row(width, (over, "strong"), (way.rjust(width - len(over)), "label"))]
    tall = height > 2 * len(found)
    if height > 2 * len(found) + 1:
        rows.append(_row(width, (f" {'loss':>9} {'rate':>8} {'steps':>6}", "label")))
    for number, place in enumerate(found, 1):
        badge = place.badge
        loss = "diverged" if place.diverged else fitted(place.loss, 9)
        name = f"{number} {badge.ascii if ascii else badge.glyph} {badge.name}"
        if not tall:
            rows.append(_row(width, (f"{name:{width - 10}.{width - 10}}", badge.role), (f"{loss:>10}", "value")))
            continue
        rows.append(_row(width, (name, badge.role)))
        figures = f" {loss:>9} {fitted(place.rate, 8):>8} {count(place.iterations):>6}"
        rows.append(_row(width, (figures, "value")))
    return [*rows, *[(BLANK,) * width] * (height - len(rows))][:height]


def fitted(value: float, width: int) -> str:
    """Format a number with as many digits as fit.

    >>> fitted(22.8427367352, 8), fitted(1.23456e-05, 8), fitted(812.8666666667, 8), fitted(123456789.0, 8)
    ('22.84274', '1.23e-05', '812.8667', '1.23e+08')
    """
    forms = (f"{value:.{digits}g}" for digits in range(width - 1, 0, -1))
    return next((form for form in forms if len(form) <= width), "")


def count(iterations: int) -> str:
    """A number of iterations in six columns.

    >>> count(100), count(10_000), count(2_500_000)
    ('100', '10,000', '2.50M')
    """
    return f"{iterations:,}" if iterations < 100_000 else f"{iterations / 1e6:.2f}M"


def _row(width: int, *spans: tuple[str, str]) -> Row:
    cells: list[Cell] = [(column, role) for text, role in spans for column in columns_of(text)]
    return tuple([*cells, *[BLANK] * width][:width])


class RaceTable(Painted):
    """Shows the state or the result of a race.

    Attributes:
        ascii: whether marks are letters.
    """

    ascii = False
    _places: Sequence[Place] = ()
    _done: float | None = None

    def show(self, ranks: Iterable[Rank], badges: Mapping[int, Badge], done: float | None) -> None:
        """Show the runners, and how much of the race is done; None where it is over."""
        self._places, self._done = places(ranks, badges), done
        self.repaint()

    def paint(self, width: int, height: int) -> Sequence[Row]:
        """The table."""
        return table(self._places, self._done, width, height, ascii=self.ascii)
