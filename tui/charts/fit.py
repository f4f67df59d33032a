"""The rows and the line through them.

rows         the data, or a sample of it where there are too many
line         y = w*x + b at the current iteration
floor        the line at the minimum
residual     the vertical distance of a row from the line: the loss is the mean of their squares
prediction   y at an x that a person asks for
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike

from tui.charts.canvas import Label, Layer, Line, Points, Scene
from tui.charts.window import Floats, Window, interval_around, widened

SAMPLE = 500
"""Maximum number of rows shown; more are sampled."""
APART = 101
"""Minimum number of rows from one of a sample to the next: few patterns are so long."""
FEW = 60
"""Maximum number of residuals shown; more could not be told apart."""
DASHES = 15
POINTS = 101
"""Points of the line, which is bent where it shows a probability."""

Coefficients = tuple[float, float]


@dataclass(frozen=True, eq=False)
class Fit:
    """What the fit chart shows of a run at one iteration.

    Attributes:
        x: The inputs of all rows.
        y: The outputs, as many.
        line: (w, b) of the current iteration.
        best: (w, b) of the line to compare with, the one at the minimum; None where there is none.
        x_name: What the inputs are called.
        y_name: What the outputs are called.
        at: The x at which the prediction is shown; None for no prediction.
        told: A text for the prediction, if it is in other units than the chart.
        predict: What is expected at x, given w and b; the height of the line unless another is given.
    """

    x: Floats
    y: Floats
    line: Coefficients
    best: Coefficients | None = None
    x_name: str = "x"
    y_name: str = "y"
    at: float | None = None
    told: str = ""
    predict: Callable[[Floats, float, float], ArrayLike] = lambda x, w, b: w * x + b

    def heights(self, line: Coefficients, x: Floats) -> Floats:
        """What is expected at every x of an array."""
        with np.errstate(all="ignore"):
            return np.asarray(self.predict(x, *line), dtype=np.float64)


def fit_window(x: ArrayLike, y: ArrayLike, at: float | None = None) -> Window:
    """Return the window that shows all rows, on round numbers, and the x of a prediction; independent of the line."""
    across = interval_around(x)
    return Window(*(across if at is None else widened(across, at)), *interval_around(y))


def fit_scene(fit: Fit, window: Window) -> Scene:
    """What there is to draw, from back to front. A prediction outside of the window is an arrowhead at its border."""
    count = len(fit.x)
    shown = sample(count)
    x, y = np.asarray(fit.x, dtype=np.float64)[shown], np.asarray(fit.y, dtype=np.float64)[shown]
    rows = Points("rows", x, y, "rows")
    # Few rows are drawn in front of the lines, many behind them, or they would hide the lines.
    layers: list[Layer] = [_residuals(x, y, fit.heights(fit.line, x))] if count <= FEW else [rows]
    if fit.best is not None:
        ends = window.xs_at(np.linspace(0, 1, 2 * DASHES))
        layers.append(dashed("floor", ends, fit.heights(fit.best, ends), "line at minimum"))
    ends = window.xs_at(np.linspace(0, 1, POINTS))
    layers.append(Line("line", ends, fit.heights(fit.line, ends), "line now"))
    if count <= FEW:
        layers.append(rows)
    if fit.at is not None:
        layers += _prediction(fit.at, float(fit.heights(fit.line, np.array([fit.at]))[0]), window, fit.told)
    title = f"{count:,} rows" if count == len(shown) else f"{len(shown):,} of {count:,} rows"
    return Scene(window, tuple(layers), title, fit.x_name, fit.y_name)


@lru_cache(maxsize=4)
def sample(count: int) -> "np.ndarray[tuple[int], np.dtype[np.int64]]":
    """The indices of the rows to show: all of them, or SAMPLE of them, the same ones every time.

    They are a prime number of rows apart, at the end beginning again: of rows that repeat a pattern, every hundredth
    could be like all others.
    """
    if count <= SAMPLE:
        return np.arange(count, dtype=np.int64)
    apart = max(-(-count // SAMPLE), APART)
    while count % apart == 0 or any(apart % part == 0 for part in range(2, math.isqrt(apart) + 1)):
        apart += 1
    return np.sort(np.arange(SAMPLE, dtype=np.int64) * apart % count)


def dashed(role: str, xs: Floats, ys: Floats, label: str = "") -> Line:
    """A line through points that leaves out every other stretch between them."""
    gaps = np.full(len(xs) // 2, math.nan)
    whole = len(gaps) * 2
    across, up = (np.column_stack((values[:whole].reshape(-1, 2), gaps)).ravel() for values in (xs, ys))
    return Line(role, across, up, label)


def _residuals(x: Floats, y: Floats, heights: Floats) -> Line:
    gaps = np.full(len(x), math.nan)
    xs, ys = np.column_stack((x, x, gaps)), np.column_stack((y, heights, gaps))
    return Line("residual", xs.ravel(), ys.ravel(), "residuals", columns=len(np.unique(x)) * 3 // 2)


def _prediction(x: float, y: float, window: Window, words: str) -> list[Layer]:
    """The prediction and what it is; beside the arrowhead at the border where it lies outside."""
    half = max(window.top / 2 - window.bottom / 2, 1e-300)
    digits = min(max(0, 3 - math.floor(math.log10(2) + math.log10(half))), 12)
    told = f"{y:.{digits}f}" if abs(y) < 1e12 else f"{y:.6g}"
    place = [min(max(x, window.left), window.right)], [y if math.isnan(y) else min(max(y, window.bottom), window.top)]
    return [
        Label("prediction", *place, words or f"y({x:.6g}) = {told}", beside=True),
        Points("prediction", [x], [y], at_border=True),
    ]
