"""The problems that the optimizers are tried on, and the loss of a line in exact arithmetic."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from gdcore.landscapes.bowl import MeanSquaredError
from gdcore.landscapes.losses import Huber

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gdcore.landscapes.bowl import Rows

DATA = Path(__file__).parent.parent / "data"


def pizza_rows() -> tuple[Rows, Rows]:
    x, y = np.loadtxt(DATA / "pizza.txt", skiprows=1, unpack=True)
    return x, y


@dataclass(frozen=True, eq=False)
class Problem:
    name: str
    x: Rows
    y: Rows

    @property
    def loss(self) -> MeanSquaredError:
        return MeanSquaredError.of(self.x, self.y)

    def __str__(self) -> str:
        return self.name


def _noisy_line(w: float, b: float, x: Rows, noise: float) -> tuple[Rows, Rows]:
    return x, w * x + b + noise * np.random.default_rng(1).standard_normal(len(x))


PROBLEMS = [
    Problem("pizza: narrow valley, condition number 826", *pizza_rows()),
    Problem("round bowl: mean of x 0, variance of x 1", *_noisy_line(3.0, -2.0, np.array([-1.0, 1.0] * 10), 0.5)),
    Problem("falling line", *_noisy_line(-0.7, 5.0, np.arange(40) / 13 - 1.0, 0.2)),
    Problem("perfect fit: loss 0 at the minimum", *_noisy_line(2.0, 1.0, np.array([1.0, 2.0, 3.0]), 0.0)),
    Problem("two rows", np.array([-1.0, 2.0]), np.array([4.0, 1.0])),
    Problem("small units", *_noisy_line(3e-3, 2e-3, np.arange(25) / 50 - 0.2, 1e-4)),
]


def hessian_of(loss: MeanSquaredError) -> Rows:
    """The matrix of second derivatives, which is the same everywhere."""
    ww, wb, bb = loss.hessian(0.0, 0.0)
    return np.array([[ww, wb], [wb, bb]])


def exact_loss_and_gradient(
    x: Iterable[float], y: Iterable[float], w: float | Fraction, b: float | Fraction
) -> tuple[Fraction, tuple[Fraction, Fraction]]:
    """The definition, row by row, without any rounding: every float is a fraction."""
    rows = [(Fraction(float(x_)), Fraction(float(y_))) for x_, y_ in zip(x, y, strict=True)]
    errors = [Fraction(w) * x_ + Fraction(b) - y_ for x_, y_ in rows]
    slope_w = sum((2 * x_ * error for (x_, _), error in zip(rows, errors, strict=True)), Fraction(0))
    slope_b = sum((2 * error for error in errors), Fraction(0))
    squares = sum((error * error for error in errors), Fraction(0))
    return squares / len(rows), (slope_w / len(rows), slope_b / len(rows))


def relative_error(value: float, exact: Fraction) -> float:
    """How far a float is from the exact number, as a share of it."""
    return float(abs(Fraction(value) - exact) / abs(exact)) if exact else abs(value)


class Counted(Huber):
    """Huber's loss, which counts the rows of all its passes."""

    passed = 0

    def rowwise(self, z: Rows, y: Rows) -> tuple[Rows, Rows]:
        Counted.passed += z.size
        return super().rowwise(z, y)
