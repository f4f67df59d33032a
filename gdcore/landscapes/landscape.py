"""A landscape: a loss over one or two parameters, and the questions it can answer.

Vocabulary
    w, b        the parameters: weight and bias; a landscape of w alone has no b
    loss        L(w, b), the height at a point
    gradient    (dL/dw, dL/db), the slope there
    Hessian     (L_ww, L_wb, L_bb), how the slope changes there
    minimum     a point lower than all others near it
    valley      points of the smallest loss in a line, where there is no single lowest one

Every formula is elementwise: a parameter may be a float (one point) or an array of any shape (many points at once).
"""

from __future__ import annotations

from math import hypot, inf, isfinite
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeAlias

import numpy as np

from gdcore.landscapes.contours import contour
from gdcore.landscapes.grid import Grid

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from gdcore.landscapes.columns import Columns

    Floats: TypeAlias = NDArray[np.float64]

Value: TypeAlias = "float | Any"
"""A float, or an array of floats of any shape."""


GRID = 121
"""Number of grid points in each direction."""


class Point(NamedTuple):
    """A place in a landscape."""

    w: float
    b: float


class Minimum(NamedTuple):
    """A lowest point and its loss."""

    w: float
    b: float
    loss: float


class Scope(NamedTuple):
    """The part of a landscape worth showing, and where to begin: the borders of w and of b, and the start."""

    w: tuple[float, float]
    b: tuple[float, float]
    start: Point


class Curvature(NamedTuple):
    """The extreme eigenvalues of a Hessian, and what they say about plain gradient descent.

    Example:
        >>> Curvature(1.0, 4.0).critical_learning_rate, Curvature(1.0, 4.0).best_learning_rate
        (0.5, 0.4)
    """

    lambda_min: float
    lambda_max: float

    @property
    def condition_number(self) -> float:
        """lambda_max / lambda_min: 1 for a round bowl, large for a narrow valley, infinite for a trough."""
        return self.lambda_max / self.lambda_min if self.lambda_min > 0 else inf

    @property
    def critical_learning_rate(self) -> float:
        """2 / lambda_max: plain gradient descent converges below it and diverges above it."""
        return 2 / self.lambda_max if self.lambda_max > 0 else inf

    @property
    def best_learning_rate(self) -> float:
        """2 / (lambda_min + lambda_max): the fixed rate with the fastest convergence in the slowest direction.

        In a trough (lambda_min = 0) the floor has nothing to shrink: there it is 1 / lambda_max.
        """
        if self.lambda_min > 0:
            return 2 / (self.lambda_min + self.lambda_max)
        return self.critical_learning_rate / 2


class Sampling(Protocol):
    """Which rows a step sees: a batch, as `gdcore.descent.batches` has them."""

    @property
    def size(self) -> int:
        """How many rows at the most."""

    def rows(self, iteration: int, count: int) -> NDArray[np.intp]:
        """The numbers of the rows that step `iteration` sees of `count`."""


class Landscape:
    """A loss over w, or over w and b. Only `loss_and_gradient` is required; all else has a default.

    Attributes:
        title: its name, which `gdcore.landscapes.known.find` accepts.
        formula: the loss as a formula to read.
        teaches: what can be seen on it, in a sentence.
        has_bias: whether there is a b at all.
        exact: whether the curvature is the same everywhere, so that forecasts for a rate hold for the whole walk.
        convex: whether it is convex, so that any minimum is the lowest.
        scope: the part worth showing, and where to begin.
        columns: the rows it is made of; None if there are none or they are not available.

    Example:
        >>> class Quartic(Landscape):
        ...     title, formula, has_bias = "quartic", "w**4", False
        ...     def loss_and_gradient(self, w, b):
        ...         return w**4, (4 * w**3, 0 * w)
        >>> Quartic()(2.0), round(Quartic().curvature(False, 2.0).lambda_max, 3)
        (16.0, 48.0)
    """

    __slots__ = ()

    title: str = ""
    formula: str = ""
    teaches: str = ""
    has_bias: bool = True
    exact: bool = False
    convex: bool = False
    scope: Scope = Scope((-3.0, 3.0), (-3.0, 3.0), Point(2.0, 2.0))
    columns: Columns | None = None

    def loss_and_gradient(self, w: Value, b: Value) -> tuple[Value, tuple[Value, Value]]:
        """The loss and (dL/dw, dL/db) at (w, b): what one step of a descent needs, in one go."""
        raise NotImplementedError

    def __call__(self, w: Value, b: Value = 0.0) -> Value:
        """The loss at (w, b)."""
        return self.loss_and_gradient(w, b)[0]

    def gradient(self, w: Value, b: Value) -> tuple[Value, Value]:
        """The partial derivatives (dL/dw, dL/db) at (w, b)."""
        return self.loss_and_gradient(w, b)[1]

    def hessian(self, w: Value, b: Value) -> tuple[Value, Value, Value]:
        """The second derivatives (L_ww, L_wb, L_bb) at (w, b); here by central differences of the gradient."""
        with np.errstate(all="ignore"):
            step_w, step_b = (6e-6 * np.maximum(abs(value), 1.0) for value in (w, b))
            right, left = self.gradient(w + step_w, b), self.gradient(w - step_w, b)
            up, down = self.gradient(w, b + step_b), self.gradient(w, b - step_b)
            across = (right[1] - left[1]) / (4 * step_w) + (up[0] - down[0]) / (4 * step_b)
            return (right[0] - left[0]) / (2 * step_w), across, (up[1] - down[1]) / (2 * step_b)

    def minima(self, b: float | None = None) -> tuple[Minimum, ...]:
        """Return the known minima, lowest first: over w and b, or over w with b fixed; () if unknown."""
        del b
        return ()

    def lowest(self, b: float | None = None) -> float | None:
        """The smallest loss there is, over w and b or with b held; None where it is not known."""
        minima = self.minima(b)
        return minima[0].loss if minima else None

    def valley(self, ws: Floats) -> Floats | None:
        """Return the b of the smallest loss at each w if a whole line of points has it; else None."""
        del ws
        return None

    def contours(
        self, levels: Sequence[float], across: tuple[float, float], up: tuple[float, float]
    ) -> list[tuple[Floats, Floats]]:
        """Return the contour of each loss inside the borders of w and b, as a line that NaN breaks."""
        grid = self.grid(across, up)
        return [contour(*grid, level) for level in levels]

    def grid(self, across: tuple[float, float], up: tuple[float, float]) -> Grid:
        """The losses on a grid inside the borders of w and b."""
        return self._on_grid(across, up, GRID)

    def _on_grid(self, across: tuple[float, float], up: tuple[float, float], count: int) -> Grid:
        ws, bs = np.linspace(*across, count), np.linspace(*up, count)
        with np.errstate(all="ignore"):
            losses = np.asarray(self(ws[:, None], bs), dtype=np.float64)
        return Grid(ws, bs, np.broadcast_to(losses, (count, count)))

    def seen(self, iteration: int, batch: Sampling | None = None) -> Landscape:
        """Return what step `iteration` sees: this landscape, or that of the rows of its batch.

        If the batch covers all rows, this landscape itself is returned.

        Raises:
            ValueError: if there is a batch, and no rows to take it from.
        """
        if batch is None:
            return self
        if self.columns is None:
            raise ValueError(f"{self.title or 'this landscape'} has no rows at hand, so there is no batch of them")
        if batch.size >= len(self.columns):
            return self
        return self.columns.seen(iteration, batch, self.over)

    def over(self, x: Floats, y: Floats) -> Landscape:
        """The same loss over other rows: x and y, both of shape (n,).

        Raises:
            ValueError: if it is not made of rows.
        """
        del x, y
        raise ValueError(f"{self.title or 'this landscape'} is not made of rows")

    @property
    def drawn(self) -> Landscape:
        """The landscape to evaluate many points on: this one, or that of a sample of its rows."""
        return self

    @property
    def sampled(self) -> int:
        """The number of rows that curves and maps are drawn from if that is a sample; otherwise 0."""
        return 0

    @property
    def remote(self) -> bool:
        """Whether its rows are elsewhere, so that what needs them is a query that takes its time."""
        return self.columns is not None and self.columns.remote

    @property
    def cost(self) -> str:
        """What a query takes, in words; empty where there is none."""
        return "" if self.columns is None else self.columns.cost

    def prediction(self, x: Value, w: Value, b: Value) -> Value:
        """Return the prediction at x: the height of the line, for landscapes made of rows."""
        return w * x + b

    def why_no_minimum(self, b: float | None = None) -> str:
        """Return why the loss decreases without bound, in words; empty if it does not."""
        del b
        return ""

    def goal(self, start: Point, train_bias: bool) -> Point | None:
        """Return the goal of a walk: the lowest known minimum, or the nearest point on the floor of a valley."""
        lowest = self.lowest_point(None if train_bias else start.b)
        if lowest is not None:
            return Point(lowest.w, lowest.b)
        floor = self.valley(np.array([0.0, 1.0])) if train_bias else None
        if floor is None:
            return None
        fall = float(floor[0] - floor[1])
        share = (fall * start.w + start.b - float(floor[0])) / (fall * fall + 1)
        return Point(start.w - fall * share, start.b - share)

    def curvature(self, train_bias: bool, w: float = 0.0, b: float = 0.0) -> Curvature:
        """Return the curvature at a point, in the directions that are trained: along w, or in w and b."""
        bend_w, twist, bend_b = (float(value) for value in self.hessian(w, b))
        if not train_bias:
            return Curvature(bend_w, bend_w)
        middle, spread = (bend_w + bend_b) / 2, hypot(bend_w - bend_b, 2 * twist) / 2
        if not isfinite(spread):
            return Curvature(-inf, inf)
        return Curvature(middle - spread, middle + spread)

    def lowest_point(self, b: float | None = None) -> Minimum | None:
        """The lowest of the known minima."""
        return next(iter(self.minima(b)), None)

    def sure_lowest(self, b: float | None = None) -> Minimum | None:
        """The same, but none where it is that of a sample of the rows, which tells no digits."""
        return None if self.lowest(b) is None else self.lowest_point(b)
