"""The cost of a step: gdlab's descent against the lesson's NumPy loop, for few and many rows.

Both train w alone and know the loss and the gradient at every step. The measurements take turns, so that a slow moment
of the machine meets all of them, and the medians are printed.
"""

from __future__ import annotations

from collections import deque
from statistics import median
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np

from gdcore.descent.steps import Limits, Settings, begin, descend
from gdcore.landscapes.bowl import MeanSquaredError

if TYPE_CHECKING:
    from gdcore.landscapes.bowl import Rows

ROWS = {30: 2_000, 10_000: 200, 1_000_000: 5}
"""Rows -> steps of the lesson's loop in one measurement."""
STATES = 50_000
REPETITIONS = 11
LEARNING_RATE = 0.001


def make_rows(count: int) -> tuple[Rows, Rows]:
    """Rows like those of the lesson: reservations from 0 to 26 and the pizzas they need."""
    random = np.random.default_rng(20)
    x = random.uniform(0, 26, count)
    return x, 1.1 * x + 13 + 5 * random.standard_normal(count)


def lesson(x: Rows, y: Rows, iterations: int) -> float:
    """Train w as the lesson does, and return the last loss."""
    w, b, loss = 0.0, 0.0, 0.0
    for _ in range(iterations):
        loss = float(np.average((x * w + b - y) ** 2))
        gradient = 2 * float(np.average(x * (x * w + b - y)))
        w -= gradient * LEARNING_RATE
    return loss


def time_lesson(x: Rows, y: Rows, iterations: int) -> float:
    """The microseconds of one step of the lesson's loop."""
    start = perf_counter()
    lesson(x, y, iterations)
    return (perf_counter() - start) / iterations * 1e6


def time_descend(loss: MeanSquaredError) -> float:
    """The microseconds of one state of `descend`."""
    settings = Settings(LEARNING_RATE)
    start = perf_counter()
    deque(descend(loss, settings, Limits(STATES - 1), begin(loss, settings)), maxlen=0)
    return (perf_counter() - start) / STATES * 1e6


def main() -> None:
    """Print microseconds a step and their ratios."""
    tables = {count: make_rows(count) for count in ROWS}
    losses = {count: MeanSquaredError.of(*rows) for count, rows in tables.items()}
    ours: dict[int, list[float]] = {count: [] for count in ROWS}
    theirs: dict[int, list[float]] = {count: [] for count in ROWS}
    for repetition in range(REPETITIONS):
        # Every other turn runs backwards, so that no size always follows the same one.
        for count in list(ROWS)[:: 1 if repetition % 2 else -1]:
            ours[count].append(time_descend(losses[count]))
            theirs[count].append(time_lesson(*tables[count], ROWS[count]))

    print(f"stepping: microseconds a step with loss and gradient, medians of {REPETITIONS} alternating repetitions")
    print(f"{'rows':>10}  {'the NumPy loop':>14}  {'gdlab':>8}  {'times faster':>12}  {'gdlab, to 30 rows':>17}")
    fewest = median(ours[min(ROWS)])
    for count in ROWS:
        loop, state = median(theirs[count]), median(ours[count])
        print(f"{count:>10,}  {loop:>14,.2f}  {state:>8.3f}  {loop / state:>12,.1f}  {state / fewest:>17.2f}")


if __name__ == "__main__":
    main()
