"""Rows that stay in an engine, and are asked for: the losses that need them all, and batches by position.

Vocabulary
    engine      what holds the rows and adds them up: DuckDB, PostgreSQL, Spark
    sample      the few rows that came along, for whatever is asked at many points at once
    position    the number of a row, from 0, in the order in which they are stored
"""

from __future__ import annotations

from math import inf, nan
from typing import TYPE_CHECKING, ClassVar, Protocol

import numpy as np

from gdcore.landscapes.columns import Columns, keep
from gdcore.landscapes.landscape import Landscape
from gdcore.landscapes.losses import Huber, LossOfRows
from gdcore.rows.files import DatasetError
from gdcore.rows.reader import LIMIT

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from gdcore.landscapes.bowl import Moments
    from gdcore.landscapes.columns import Floats, Numbers
    from gdcore.landscapes.grid import Grid
    from gdcore.landscapes.landscape import Minimum, Sampling, Scope, Value

POINTS = 1 << 14
"""What an engine said at so many points is remembered: going back is free, and shows the same bits."""
ORDERED = 1_000_000_000
"""An order is made of at most so many rows: two passes over as many random numbers take 10 s."""


class Engine(Protocol):
    """What must be known of two columns of an engine that can be asked again.

    Attributes:
        cost: how long the last answer took, in words; empty before there was one.

    Every method raises DatasetError with a sentence where the engine cannot answer.
    """

    @property
    def cost(self) -> str:
        """How long the last answer took."""

    def means(self, loss: str, delta: float, point: tuple[float, float], scale: Scaling) -> tuple[float, float, float]:
        """The means over all good rows of a loss and of its slopes by w and by b, in one query."""

    def other_label(self) -> float | None:
        """A y that is neither 0 nor 1; None where there is none."""

    def rows(self, positions: Numbers) -> tuple[Floats, Floats]:
        """Both columns of the rows at these positions, in this order."""


Scaling = tuple[float, float, float, float]
"""mean x, std x, mean y, std y: the rows that are asked about are (x - mean x) / std x and (y - mean y) / std y."""
AS_THEY_ARE: Scaling = (0.0, 1.0, 0.0, 1.0)


class RemoteColumns(Columns):
    """Two columns in an engine, of which batches come by position.

    Attributes:
        engine: what holds them.
        scaling: what is taken off them and divided out.
    """

    __slots__ = ("_count", "engine", "scaling")

    remote: ClassVar[bool] = True
    most: ClassVar[int] = 4096  # to fetch one again is a query

    def __init__(self, engine: Engine, count: int, scaling: Scaling = AS_THEY_ARE) -> None:
        self.engine = engine
        self.scaling = scaling
        self._count = count
        self._recent = {}

    def __len__(self) -> int:
        return self._count

    @property
    def cost(self) -> str:  # type: ignore[override]
        """How long the last answer of the engine took."""
        return self.engine.cost

    def seen(self, iteration: int, batch: Sampling, over: Callable[[Floats, Floats], Landscape]) -> Landscape:
        """What `over` makes of the rows that step `iteration` sees.

        Raises:
            DatasetError: they cannot be had by position, or are too many to be put in order.
        """
        if self._count > ORDERED:
            raise DatasetError(
                f"batches: to put {self._count:,} rows in order takes too long; load {ORDERED:,} of them or fewer"
            )
        return super().seen(iteration, batch, over)

    def pick(self, rows: Numbers) -> tuple[Floats, Floats]:
        """Both columns of the rows at these positions, in this order."""
        x, y = self.engine.rows(rows)
        mean_x, std_x, mean_y, std_y = self.scaling
        return ((x - mean_x) / std_x, (y - mean_y) / std_y) if self.scaling != AS_THEY_ARE else (x, y)

    def scaled(self, mean_x: float, std_x: float, mean_y: float, std_y: float) -> RemoteColumns:
        """The columns (x - mean_x) / std_x and (y - mean_y) / std_y of the rows as they are."""
        return RemoteColumns(self.engine, self._count, (mean_x, std_x, mean_y, std_y))

    def need_labels(self) -> None:
        """Accept that y holds nothing but 0 and 1.

        Raises:
            DatasetError: it does.
        """
        label = self.engine.other_label()
        if label is not None:
            raise DatasetError(
                f"the logistic loss needs the labels 0 and 1 for y, and a row has {label:g}; "
                "choose another column, or another loss"
            )


class RemoteLoss(Landscape):
    """A loss over rows in an engine: loss and slopes at a point are those of all of them, and cost a query.

    Many points at once, the curvature and the minimum are those of the sample. The smallest loss is therefore not
    known (`lowest`). A point that was asked for is remembered. The sums of an engine that works in parallel may differ
    from one query to the next in their last digits.

    Args:
        drawn: the same loss over the sample: no squared error, which moments give everywhere.
        columns: all the rows.
        moments: theirs.
    """

    __slots__ = ("_drawn", "_known", "_moments", "columns")

    convex = True

    def __init__(self, drawn: Landscape, columns: RemoteColumns, moments: Moments) -> None:
        assert isinstance(drawn, LossOfRows)
        self.columns: RemoteColumns = columns
        self._drawn = drawn
        self._moments = moments
        self._known: dict[tuple[float, float], tuple[float, tuple[float, float]]] = {}

    @property
    def title(self) -> str:  # type: ignore[override]
        """What the loss is called."""
        return self._drawn.title

    @property
    def formula(self) -> str:  # type: ignore[override]
        """The loss as a person writes it."""
        return self._drawn.formula

    def loss_and_gradient(self, w: Value, b: Value) -> tuple[Value, tuple[Value, Value]]:
        """The loss and (dL/dw, dL/db) at (w, b) over all rows; for arrays of points over the sample.

        Raises:
            DatasetError: the engine does not answer.
        """
        if isinstance(w, np.ndarray) or isinstance(b, np.ndarray):
            return self._drawn.loss_and_gradient(w, b)
        point = float(w), float(b)
        if not (abs(point[0]) <= LIMIT and abs(point[1]) <= LIMIT):
            return inf, (nan, nan)  # some engines make an error of what is too large for a number
        known = self._known
        found = known.get(point)
        if found is None:
            delta = self._drawn.delta if isinstance(self._drawn, Huber) else 0.0
            loss, *slopes = self.columns.engine.means(self._drawn.name, delta, point, self.columns.scaling)
            found = loss, (slopes[0], slopes[1])
            keep(known, point, found, POINTS)
        return found

    def __call__(self, w: Value, b: Value = 0.0) -> Value:
        """The loss at (w, b) over all rows; for arrays of points over the sample."""
        if isinstance(w, np.ndarray) or isinstance(b, np.ndarray):
            return self._drawn(w, b)
        return self.loss_and_gradient(w, b)[0]

    def over(self, x: Floats, y: Floats) -> LossOfRows:
        """The same loss over a few of the rows."""
        return self._drawn.over(x, y)

    # The sample

    @property
    def drawn(self) -> LossOfRows:
        """The same loss over the sample."""
        return self._drawn

    @property
    def sampled(self) -> int:
        """Of how many rows curves and maps are drawn."""
        return len(self._drawn.columns)

    @property
    def scope(self) -> Scope:  # type: ignore[override]
        """The part worth showing."""
        return self._drawn.scope

    def hessian(self, w: Value, b: Value) -> tuple[Value, Value, Value]:
        """The second derivatives of the sample's loss."""
        return self._drawn.hessian(w, b)

    def minima(self, b: float | None = None) -> tuple[Minimum, ...]:
        """The minimum of the sample's loss."""
        return self._drawn.minima(b)

    def lowest(self, b: float | None = None) -> None:
        """Not known: that of the sample may be higher or lower."""
        del b

    def valley(self, ws: NDArray[np.float64]) -> NDArray[np.float64] | None:
        """The floor of a trough, where x never changes."""
        return self._drawn.valley(ws) if self._moments.var_x == 0 else None

    def grid(self, across: tuple[float, float], up: tuple[float, float]) -> Grid:
        """The sample's losses on a grid."""
        return self._drawn.grid(across, up)

    def prediction(self, x: Value, w: Value, b: Value) -> Value:
        """What is expected at x."""
        return self._drawn.prediction(x, w, b)
