"""Feature scaling: rows in units of their own spread, and the way back to the units of the data.

    x' = (x - mean x) / std x        y' = (y - mean y) / std y

On standardized rows the loss is a round bowl: the Hessian is 2 * [[1, 0], [0, 1]], its condition number 1, and the
gradient points straight at the minimum.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import sqrt
from typing import TYPE_CHECKING

from gdcore.landscapes.bowl import MeanSquaredError, Moments
from gdcore.rows.dataset import Measured

if TYPE_CHECKING:
    from gdcore.rows.dataset import Dataset


@dataclass(frozen=True, slots=True)
class Scale:
    """Means and standard deviations (population) of the rows.

    Example:
        >>> Scale(mean_x=2.0, std_x=2.0, mean_y=5.0, std_y=4.0).to_data(1.0, 0.5)
        (2.0, 3.0)
    """

    mean_x: float
    std_x: float
    mean_y: float
    std_y: float

    def to_scaled(self, x: float) -> float:
        """Convert an x of the data to standardized units.

        >>> Scale(mean_x=2.0, std_x=2.0, mean_y=5.0, std_y=4.0).to_scaled(4.0)
        1.0
        """
        return (x - self.mean_x) / self.std_x

    def to_data(self, w: float, b: float) -> tuple[float, float]:
        """Convert the (w, b) of standardized rows to the line y = w*x + b in the units of the data."""
        slope = w * self.std_y / self.std_x
        return slope, self.mean_y + b * self.std_y - slope * self.mean_x


def standardized_loss(loss: MeanSquaredError) -> MeanSquaredError:
    """Return the loss over standardized rows, from that over the original ones; the means are exactly 0.

    Example:
        >>> from gdcore.landscapes.bowl import MeanSquaredError
        >>> loss = standardized_loss(MeanSquaredError.of([1.0, 2.0, 3.0], [3.0, 5.0, 7.0]))
        >>> loss.minimum, loss.curvature(True).condition_number
        ((1.0, 0.0), 1.0)

    """
    old = loss.moments
    std_x, std_y = sqrt(old.var_x), sqrt(old.var_y) or 1.0
    slope = loss.weight * std_x / std_y
    columns = None if loss.columns is None else loss.columns.scaled(old.mean_x, std_x, old.mean_y, std_y)
    moments = Moments(old.count, 0.0, 0.0, 1.0, old.var_y / (std_y * std_y), slope)
    return MeanSquaredError(moments, slope, 0.0, loss.floor / (std_y * std_y), 0.0, far=False, columns=columns)


def standardized(data: Dataset, *, labels: bool = False) -> tuple[Dataset, Scale]:
    """Return the rows with mean 0 and standard deviation 1, and the scale. A constant y is only shifted.

    Args:
        data: the rows.
        labels: whether y holds labels, which are not changed.

    Raises:
        ValueError: if x is constant, as it has no spread.
    """
    moments = data.moments
    if moments.var_x == 0:
        raise ValueError(f"{data.said_of_no_spread}, so it cannot be scaled; choose another column for x")
    scale = Scale(moments.mean_x, sqrt(moments.var_x), moments.mean_y, sqrt(moments.var_y) or 1.0)
    if labels:
        scale = replace(scale, mean_y=0.0, std_y=1.0)
    x, y = (data.x - scale.mean_x) / scale.std_x, (data.y - scale.mean_y) / scale.std_y
    if data.measured is None:
        return replace(data, x=x, y=y), scale
    scaled, columns = standardized_loss(data.squared_error), data.measured.columns
    columns = None if columns is None else columns.scaled(scale.mean_x, scale.std_x, scale.mean_y, scale.std_y)
    return replace(data, x=x, y=y, measured=Measured(scaled.moments, scaled.floor, columns)), scale
