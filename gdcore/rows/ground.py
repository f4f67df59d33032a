"""The landscape of rows: their loss, over the rows as they are or standardized."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gdcore.landscapes.losses import DELTA, Logistic, loss_of_rows
from gdcore.rows.remote import RemoteLoss
from gdcore.rows.scaling import Scale, standardized, standardized_loss

if TYPE_CHECKING:
    from gdcore.landscapes.landscape import Landscape
    from gdcore.rows.dataset import Dataset


def ground_of_rows(
    data: Dataset, loss: str = "squared", delta: float = DELTA, *, scaled: bool = False
) -> tuple[Landscape, Scale | None]:
    """Return the landscape of rows under a loss, and the scale if the rows are standardized.

    Under the logistic loss only x is standardized, as y holds labels. The delta of a Huber loss is in the units of the
    rows that are walked on: standard deviations of y if they are standardized.

    Args:
        data: the rows as they are.
        loss: one of `gdcore.landscapes.losses.LOSSES`.
        delta: that of a Huber loss.
        scaled: whether to standardize them.

    Example:
        >>> from gdcore.rows.dataset import load
        >>> orings, scale = ground_of_rows(load("orings"), "logistic", scaled=True)
        >>> [round(value, 6) for value in scale.to_data(*orings.minima()[0][:2])]
        [-0.232163, 15.042902]

    Raises:
        ValueError: if there is no such loss, or the rows do not suit it, or x never changes and cannot be scaled; with
            a sentence, where the rows are in an engine that does not answer.
    """
    rows, scale = standardized(data, labels=loss == Logistic.name) if scaled else (data, None)
    if loss == "squared":
        return standardized_loss(data.squared_error) if scaled else data.squared_error, scale
    columns = None if rows.measured is None else rows.measured.columns
    if columns is None:
        data.need_rows(f"the {loss} loss")
    elif loss == Logistic.name:
        columns.need_labels()
    landscape = loss_of_rows(rows.x, rows.y, loss, delta)
    return RemoteLoss(landscape, columns, rows.moments) if columns else landscape, scale
