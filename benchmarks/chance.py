"""The cost of batches and of losses other than the squared error: gdlab against plain NumPy expressions.

Both find the loss and the gradient by w and b. The measurements take turns, and the medians are printed.
"""

from __future__ import annotations

from functools import partial
from statistics import median
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.stepping import make_rows
from gdcore.descent.batches import Batch
from gdcore.descent.steps import Settings, advance, begin
from gdcore.landscapes.bowl import MeanSquaredError
from gdcore.landscapes.losses import loss_of_rows

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from gdcore.descent.state import State
    from gdcore.landscapes.bowl import Rows

ROWS = (30, 10_000, 1_000_000)
SIZES = (1, 8, 32, 1_000)
REPETITIONS = 7
ROWS_A_MEASUREMENT = 3_000_000
"""Number of rows processed in one measurement, in at most 2,000 passes."""
DELTA = 5.0

Expression = tuple[float, float, float]


def absolute(x: Rows, y: Rows, w: float, b: float) -> Expression:
    """The mean absolute error and its gradient, written directly."""
    r = w * x + b - y
    s = np.sign(r)
    return np.abs(r).mean(), (x * s).mean(), s.mean()


def huber(x: Rows, y: Rows, w: float, b: float) -> Expression:
    """Huber's loss and its gradient, written directly."""
    r = w * x + b - y
    a = np.abs(r)
    s = np.clip(r, -DELTA, DELTA)
    return np.where(a <= DELTA, r * r / 2, DELTA * (a - DELTA / 2)).mean(), (x * s).mean(), s.mean()


def logistic(x: Rows, y: Rows, w: float, b: float) -> Expression:
    """The logistic loss and its gradient, written directly."""
    z = w * x + b
    e = 1 / (1 + np.exp(-z)) - y
    return (np.logaddexp(0, z) - y * z).mean(), (x * e).mean(), e.mean()


def squared(x: Rows, y: Rows, w: float, b: float) -> Expression:
    """The mean squared error and its gradient, written directly."""
    r = w * x + b - y
    return (r * r).mean(), 2 * (x * r).mean(), 2 * r.mean()


def _step(bowl: MeanSquaredError, settings: Settings, states: list[State]) -> None:
    states[0] = advance(bowl, settings, states[0])


def _on_rows(x: Rows, y: Rows, rows: NDArray[np.intp]) -> Expression:
    return squared(x[rows], y[rows], 0.3, 0.7)


def microseconds(call: Callable[[], object], times: int) -> float:
    """The microseconds of one call."""
    start = perf_counter()
    for _ in range(times):
        call()
    return (perf_counter() - start) / times * 1e6


def compare(ours: Callable[[], object], theirs: Callable[[], object], times: int) -> str:
    """The medians of both, and their ratio, as the end of a line."""
    pairs = [(microseconds(ours, times), microseconds(theirs, times)) for _ in range(REPETITIONS)]
    mine, plain = (median(column) for column in zip(*pairs, strict=True))
    return f"{plain:>14,.2f}  {mine:>10,.2f}  {mine / plain:>12.2f}"


def main() -> None:
    """Print microseconds of a pass and of a step, and their ratios."""
    print(f"chance: microseconds with loss and gradient, medians of {REPETITIONS} alternating repetitions")
    print(f"{'a pass over':>22}  {'plain NumPy':>14}  {'gdlab':>10}  {'to plain':>12}")
    for count in ROWS:
        x, y = make_rows(count)
        labels = (y > y.mean()).astype(np.float64)
        times = max(3, min(2_000, ROWS_A_MEASUREMENT // count))
        for plain in (absolute, huber, logistic):
            column = labels if plain is logistic else y
            loss = loss_of_rows(x, column, plain.__name__, DELTA)
            line = compare(partial(loss.loss_and_gradient, 0.3, 0.7), partial(plain, x, column, 0.3, 0.7), times)
            print(f"{count:>10,}  {plain.__name__:>10}  {line}")
    print(f"{'a step on a batch of':>22}  {'plain NumPy':>14}  {'gdlab':>10}  {'to plain':>12}")
    x, y = make_rows(ROWS[-1])
    bowl = MeanSquaredError.of(x, y)
    for size in SIZES:
        settings = Settings(1e-4, train_bias=True, batch=Batch(size))
        states = [begin(bowl, settings)]
        order = Batch(ROWS[-1]).rows(0, ROWS[-1])

        step, guess = partial(_step, bowl, settings, states), partial(_on_rows, x, y, order[size : 2 * size])
        print(f"{size:>10,}  {'squared':>10}  {compare(step, guess, 200)}")


if __name__ == "__main__":
    main()
