"""Other losses of a straight line over rows: absolute error, Huber's, and the logistic one.

Vocabulary
    x, y    the rows: n examples, x goes in, y should come out
    z       what the line gives at x: z = w*x + b
    r       the residual z - y
    bend    the second derivative of a row's loss with respect to z

Each loss is a mean over the rows of a convex function of z. Six numbers do not describe it: a point costs a pass over
the rows, in chunks that fit in the processor's cache. Many points at once (a curve, a map, many learning rates) cost as
many passes, so for those a fixed sample of at most SAMPLE rows is used.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, ClassVar, TypeAlias

import numpy as np

from gdcore.inert import quoted
from gdcore.landscapes.bowl import MeanSquaredError, Moments
from gdcore.landscapes.columns import Columns, keep
from gdcore.landscapes.landscape import GRID, Landscape, Minimum, Point, Scope
from gdcore.landscapes.solve import least_absolute_line, newton, weighted_median

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import ArrayLike, NDArray

    from gdcore.landscapes.grid import Grid
    from gdcore.landscapes.landscape import Value

    Rows: TypeAlias = NDArray[np.float64]

SAMPLE = 10_000
"""Maximum number of rows used to evaluate many points at once."""
CHUNK = 1 << 14
_AT_ONCE = 1 << 15
"""Maximum size, points times rows, of a temporary array."""
_COARSEST = 41
"""Minimum number of grid points in each direction that are measured; the others lie between them."""
_GRID_WORK = 10_000_000
"""Maximum work, points times rows, for a grid of losses, unless it is the coarsest."""
_PARTS = 4
"""Number of cached grids, one for each part of the landscape."""
_POINTS = 64
"""Number of cached points of many rows."""
_HELD = 64
"""Number of cached minima, one for each value of b."""
DELTA = 1.0
"""The default delta of a Huber loss."""


class LossOfRows(Landscape):
    """Base class: the mean over the rows of a convex function of z = w*x + b and y.

    Attributes:
        name: what it is called on the command line.
        columns: the rows.

    Raises:
        ValueError: if x and y are not two columns of equal length with at least one row.
    """

    __slots__ = ("_bent", "_drawn", "_grids", "_known", "_minima", "_moments", "columns")

    name: ClassVar[str]
    convex = True

    def __init__(self, x: ArrayLike, y: ArrayLike) -> None:
        x, y = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
        if x.ndim != 1 or x.shape != y.shape or not len(x):
            raise ValueError(f"x and y must be columns of equal length with rows in them, not {x.shape} and {y.shape}")
        self.columns: Columns = Columns(x, y)
        self._known: dict[tuple[float, float], tuple[float, tuple[float, float]]] = {}
        self._minima: dict[float | None, tuple[Minimum, ...]] = {}
        self._drawn: LossOfRows | None = None
        self._moments: Moments | None = None
        self._bent: tuple[tuple[float, float] | None, tuple[float, float, float]] = (None, (0.0, 0.0, 0.0))
        self._grids: dict[tuple[tuple[float, float], tuple[float, float]], Grid] = {}

    # What each subclass defines

    def rowwise(self, z: Rows, y: Rows) -> tuple[Rows, Rows]:
        """Return the loss of each row and its derivative by z, elementwise; z may be overwritten."""
        raise NotImplementedError

    def bends(self, z: Rows, y: Rows) -> Rows:
        """The second derivative of each row's loss by z."""
        raise NotImplementedError

    def _begin(self, b: float | None) -> tuple[float, float] | None:
        """Return the start of the search for a minimum; None if there is no minimum."""
        raise NotImplementedError

    def _flat_height(self) -> float | None:
        """Return the z of the smallest loss if all rows have the same x; None if there is none."""
        raise NotImplementedError

    # Points

    def loss_and_gradient(self, w: Value, b: Value) -> tuple[Value, tuple[Value, Value]]:
        """Return the loss and (dL/dw, dL/db) at (w, b); for arrays of points, over the sample `drawn`.

        Of many rows the last points are cached: another thread may ask ahead (`Timeline.ask_ahead`).
        """
        if isinstance(w, np.ndarray) or isinstance(b, np.ndarray):
            return self.drawn._many(w, b)
        x, y = self.columns.x, self.columns.y
        count = len(x)
        value = slope_w = slope_b = 0.0
        total = np.add.reduce
        with np.errstate(all="ignore"):
            if count <= CHUNK:
                z = x * w
                z += b
                losses, slopes = self.rowwise(z, y)
                value, slope_b = float(total(losses)), float(total(slopes))
                slopes *= x
                return value / count, (float(total(slopes)) / count, slope_b / count)
            known = self._known.get((w, b))
            if known is not None:
                return known
            buffer = np.empty(CHUNK)
            for first in range(0, count, CHUNK):
                xs, ys = x[first : first + CHUNK], y[first : first + CHUNK]
                z = buffer[: len(xs)]
                np.multiply(xs, w, out=z)
                z += b
                losses, slopes = self.rowwise(z, ys)
                value += float(total(losses))
                slope_b += float(total(slopes))
                slopes *= xs
                slope_w += float(total(slopes))
        found = value / count, (slope_w / count, slope_b / count)
        keep(self._known, (w, b), found, _POINTS)
        return found

    def __call__(self, w: Value, b: Value = 0.0) -> Value:
        """Return the loss at (w, b); for arrays of points, over the sample `drawn`."""
        if isinstance(w, np.ndarray) or isinstance(b, np.ndarray):
            return self.drawn._many(w, b, slopes=False)[0]
        return self.loss_and_gradient(w, b)[0]

    def _many(self, w: Value, b: Value, *, slopes: bool = True) -> tuple[Value, tuple[Value, Value]]:
        """Return the same at many points, over all rows; without the slopes if they are not needed."""
        x, y = self.columns.x, self.columns.y
        w, b = np.broadcast_arrays(np.asarray(w, dtype=np.float64), np.asarray(b, dtype=np.float64))
        points = np.column_stack((w.ravel(), b.ravel()))
        found = np.empty((3, len(points)))
        few = max(1, _AT_ONCE // min(len(x), CHUNK))
        total = np.add.reduce
        with np.errstate(all="ignore"):
            for first in range(0, len(points), few):
                some = points[first : first + few]
                sums = np.zeros((3, len(some)))
                for xs, ys in _chunks(x, y):
                    z = some[:, :1] * xs
                    z += some[:, 1:]
                    losses, slope = self.rowwise(z, ys)
                    sums[0] += total(losses, axis=1)
                    if slopes:
                        sums[2] += total(slope, axis=1)
                        slope *= xs
                        sums[1] += total(slope, axis=1)
                found[:, first : first + few] = sums / len(x)
        value, slope_w, slope_b = found.reshape(3, *w.shape)
        return value, (slope_w, slope_b)

    def hessian(self, w: Value, b: Value) -> tuple[Value, Value, Value]:
        """Return (L_ww, L_wb, L_bb) at a point, the last one cached; or at many points over the sample `drawn`."""
        if isinstance(w, np.ndarray) or isinstance(b, np.ndarray):
            w, b = np.broadcast_arrays(w, b)
            each = [self.drawn.hessian(float(w_), float(b_)) for w_, b_ in zip(w.ravel(), b.ravel(), strict=True)]
            bend_w, twist, bend_b = np.array(each).T.reshape(3, *w.shape)
            return bend_w, twist, bend_b
        if self._bent[0] != (w, b):
            with np.errstate(all="ignore"):
                self._bent = (w, b), self._measured(w, b, 0.0, 1.0)[2]
        return self._bent[1]

    def _measured(
        self, p: float, q: float, shift: float, scale: float
    ) -> tuple[float, tuple[float, float], tuple[float, float, float]]:
        """Loss, gradient and Hessian at z = p * u + q, by (p, q), with u = (x - shift) / scale."""
        sums = [0.0] * 6
        for xs, ys in _chunks(self.columns.x, self.columns.y):
            u = (xs - shift) / scale
            z = p * u + q
            bends = self.bends(z, ys)
            losses, slopes = self.rowwise(z, ys)
            for i, part in enumerate((losses, slopes * u, slopes, bends * u * u, bends * u, bends)):
                sums[i] += float(np.add.reduce(part))
        value, slope_p, slope_q, *bent = (total / len(self.columns) for total in sums)
        return value, (slope_p, slope_q), (bent[0], bent[1], bent[2])

    # Rows

    def over(self, x: Rows, y: Rows) -> LossOfRows:
        """The same loss over other rows."""
        return type(self)(x, y)

    @property
    def drawn(self) -> LossOfRows:
        """The loss over the rows used for many points at once: all rows, or a fixed sample of SAMPLE."""
        if len(self.columns) <= SAMPLE:
            return self
        if self._drawn is None:
            raw = np.random.Philox(key=np.array([0, 0], dtype=np.uint64)).random_raw(len(self.columns))
            rows = np.sort(np.argpartition(raw, SAMPLE)[:SAMPLE])
            self._drawn = self.over(self.columns.x[rows], self.columns.y[rows])
        return self._drawn

    @property
    def sampled(self) -> int:
        """Of how many rows curves and maps are drawn, where these are not all; otherwise 0."""
        return SAMPLE if len(self.columns) > SAMPLE else 0

    @property
    def scope(self) -> Scope:  # type: ignore[override]
        """The region around the minimum, or else around 0, where z changes by a few units or spreads of y."""
        moments = self._spread()
        width = 4 * max(math.sqrt(moments.var_y), 1.0) / (math.sqrt(moments.var_x) or 1.0)
        height = width * max(abs(moments.mean_x), math.sqrt(moments.var_x), 1.0)
        lowest = self.lowest_point() or Minimum(0.0, 0.0, 0.0)
        return Scope((lowest.w - width, lowest.w + width), (lowest.b - height, lowest.b + height), Point(0.0, 0.0))

    def _spread(self) -> Moments:
        if self._moments is None:
            self._moments = Moments.of(self.columns.x, self.columns.y)
        return self._moments

    # Minima

    def minima(self, b: float | None = None) -> tuple[Minimum, ...]:
        """Return the minimum of (w, b), or of w with b fixed; none if there is none or a whole line of them.

        It is found when first asked for: by Newton's method, or exactly for the absolute error.
        """
        if b not in self._minima:
            with np.errstate(all="ignore"):
                found = self._search(b)
            keep(self._minima, b, () if found is None else (Minimum(*found, float(self(*found))),), _HELD)
        return self._minima[b]

    def _search(self, b: float | None) -> tuple[float, float] | None:
        moments = self._spread()
        mean_square = moments.var_x + moments.mean_x * moments.mean_x
        if (moments.var_x if b is None else mean_square) == 0:
            return None
        start = self._begin(b)
        if start is None:
            return None
        if b is not None and self._minima:  # b changes little from step to step, so the last minimum is near
            others = list(self._minima.values())[-1]
            start = (others[0].w, b) if others else start
        if self.sampled:  # do most of the search on few rows
            near = self.drawn.lowest_point(b)
            start = start if near is None else (near.w, near.b)
        w, height = start
        shift, scale = (moments.mean_x, math.sqrt(moments.var_x)) if b is None else (0.0, math.sqrt(mean_square))

        def measure(p: float, q: float) -> tuple[float, tuple[float, float], tuple[float, float, float]]:
            return self._measured(p, q, shift, scale)

        p, q = newton(measure, w * scale, w * shift + height, both=b is None)
        w = p / scale
        return w, q - w * shift if b is None else b

    def lowest(self, b: float | None = None) -> float | None:
        """The smallest loss; a trough has one too, though at no single point."""
        if b is None and self._spread().var_x == 0:
            height = self._flat_height()
            return None if height is None else float(self(0.0, height))
        return Landscape.lowest(self, b)

    def valley(self, ws: Rows) -> Rows | None:
        """The floor of a trough, b = z* - x * w, where x never changes."""
        height = self._flat_height() if self._spread().var_x == 0 else None
        return None if height is None else height - self._spread().mean_x * ws

    def grid(self, across: tuple[float, float], up: tuple[float, float]) -> Grid:
        """The losses on a grid inside the borders of w and b, interpolated for many rows; the last few are cached."""
        part = (across, up)
        if part not in self._grids:
            count = max(_COARSEST, min(GRID, math.isqrt(_GRID_WORK // len(self.drawn.columns))))
            found = self._on_grid(across, up, count)
            keep(self._grids, part, found if count == GRID else found.finer(GRID), _PARTS)
        return self._grids[part]


class AbsoluteError(LossOfRows):
    """The mean absolute error, L(w, b) = 1/n * sum(|w*x + b - y|): outliers pull no harder than other rows.

    The derivative of a row is -1, 0 or 1: 0 where the line meets the row, as in PyTorch. The loss is piecewise linear,
    with kinks where the line meets a row; its minimum is at one of them (P. S. Laplace 1789, E. Rhodes 1930).

    Example:
        >>> loss = AbsoluteError([1.0, 2.0, 3.0, 4.0], [3.0, 5.0, 7.0, 100.0])
        >>> loss.minima()
        (Minimum(w=2.0, b=1.0, loss=22.75),)
        >>> loss.loss_and_gradient(2.0, 2.0)
        (23.25, (0.5, 0.5))
    """

    __slots__ = ()

    name = "absolute"
    title = "absolute error"
    formula = "1/n * sum(|w*x + b - y|)"

    def rowwise(self, z: Rows, y: Rows) -> tuple[Rows, Rows]:
        """|r| and its sign."""
        z -= y
        slopes = np.sign(z)
        return np.abs(z, out=z), slopes

    def bends(self, z: Rows, y: Rows) -> Rows:
        """0."""
        del y
        return np.zeros_like(z)

    def _search(self, b: float | None) -> tuple[float, float] | None:
        moments, x, y = self._spread(), self.columns.x, self.columns.y
        if b is not None:
            counts = x != 0
            if not counts.any():
                return None
            return weighted_median((y[counts] - b) / x[counts], np.abs(x[counts]), middle=True), b
        if moments.var_x == 0:
            return None
        slope = moments.cov_xy / moments.var_x
        start = Minimum(slope, moments.mean_y - slope * moments.mean_x, 0.0)
        if self.sampled:
            start = self.drawn.lowest_point() or start
        return least_absolute_line(x, y, start.w, start.b)

    def _flat_height(self) -> float:
        return float(np.median(self.columns.y))


class Huber(LossOfRows):
    """Huber's loss, the mean of r^2 / 2 where |r| <= delta and of delta * (|r| - delta / 2) beyond.

    Quadratic near the rows and linear far from them (P. J. Huber 1964). As torch.nn.functional.huber_loss. For a large
    delta it is half the squared error, for a small one delta times the absolute error.

    Args:
        x: the inputs, shape (n,).
        y: the outputs, shape (n,).
        delta: where quadratic becomes linear, in units of y.

    Example:
        >>> loss = Huber([0.0, 1.0, 2.0], [0.0, 1.0, 8.0], delta=2.0)
        >>> loss.loss_and_gradient(1.0, 0.0)[0] * 3
        10.0

    Raises:
        ValueError: if delta is not a positive number, or the rows are not valid.
    """

    __slots__ = ("delta",)

    name = "huber"
    title = "Huber loss"

    def __init__(self, x: ArrayLike, y: ArrayLike, delta: float = DELTA) -> None:
        if not 0 < delta < math.inf:
            raise ValueError(f"delta must be a positive number, not {str(delta).removesuffix('.0')}")
        LossOfRows.__init__(self, x, y)
        self.delta = delta

    @property
    def formula(self) -> str:  # type: ignore[override]
        """The loss as a person writes it."""
        return f"1/n * sum(huber(w*x + b - y)), delta = {self.delta:g}"

    def over(self, x: Rows, y: Rows) -> Huber:
        """The same loss over other rows."""
        return Huber(x, y, self.delta)

    def rowwise(self, z: Rows, y: Rows) -> tuple[Rows, Rows]:
        """With s, the residual held between -delta and delta: s * (r - s / 2), and s."""
        z -= y
        slopes = np.minimum(z, self.delta)
        np.maximum(slopes, -self.delta, out=slopes)
        z -= 0.5 * slopes
        z *= slopes
        return z, slopes

    def bends(self, z: Rows, y: Rows) -> Rows:
        """1 for the rows within delta."""
        return (np.abs(z - y) <= self.delta).astype(np.float64)

    def _begin(self, b: float | None) -> tuple[float, float] | None:
        if b is not None and any(self._minima.values()):
            return 0.0, b  # continue from the last minimum
        # The loss lies between the squared and the absolute error, so start from the better of their minima.
        x, y = (self.drawn.columns.x, self.drawn.columns.y)
        near = [AbsoluteError(x, y).lowest_point(b), MeanSquaredError.of(x, y).lowest_point(b)]
        found = min((point for point in near if point), key=lambda point: float(self(point.w, point.b)))
        return found.w, found.b

    def _flat_height(self) -> float:
        x = np.zeros(len(self.columns))
        start = float(np.median(self.columns.y))
        with np.errstate(all="ignore"):
            flat = self.over(x, self.columns.y)
            return newton(lambda _, q: flat._measured(0.0, q, 0.0, 1.0), 0.0, start, both=True)[1]


class Logistic(LossOfRows):
    """The logistic loss of labels 0 and 1, L(w, b) = 1/n * sum(log(1 + exp(z)) - y*z) with z = w*x + b.

    The line gives the logarithm of the odds, the sigmoid 1 / (1 + exp(-z)) the probability of label 1; the smallest
    loss is the maximum likelihood (J. Berkson 1944, D. R. Cox 1958). As torch.nn.BCEWithLogitsLoss. If a threshold of x
    separates the labels, or there is only one label, the loss has no minimum.

    Example:
        >>> loss = Logistic([0.0, 1.0, 2.0, 3.0], [0.0, 1.0, 0.0, 1.0])
        >>> round(loss(0.0, 0.0), 6), [round(value, 6) for value in loss.minima()[0]]
        (0.693147, [0.908184, -1.362276, 0.586872])
        >>> loss.prediction(2.0, 0.0, 0.0)
        0.5
        >>> Logistic([0.0, 1.0, 2.0], [0.0, 0.0, 1.0]).minima()
        ()

    Raises:
        ValueError: if a label is neither 0 nor 1, or the rows are none.
    """

    __slots__ = ()

    name = "logistic"
    title = "logistic loss"
    formula = "1/n * sum(log(1 + exp(z)) - y*z), z = w*x + b"

    def __init__(self, x: ArrayLike, y: ArrayLike, *, checked: bool = False) -> None:
        LossOfRows.__init__(self, x, y)
        if not checked:
            others = np.flatnonzero((self.columns.y != 0) & (self.columns.y != 1))
            if len(others):
                label = self.columns.y[others[0]]
                raise ValueError(
                    f"the logistic loss needs the labels 0 and 1 for y, and row {others[0] + 1:,} has {label:g}; "
                    "choose another column, or another loss"
                )

    def over(self, x: Rows, y: Rows) -> Logistic:
        """Return the same loss over other rows; their labels are not checked again."""
        return Logistic(x, y, checked=True)

    def rowwise(self, z: Rows, y: Rows) -> tuple[Rows, Rows]:
        """log(1 + exp(m)) with m = -z for label 1 and z for label 0, and sigmoid(z) - y.

        These forms never overflow, as exp is only taken of -|z|, and avoid cancellation.
        """
        tail = np.abs(z)
        np.negative(tail, out=tail)
        np.exp(tail, out=tail)
        losses = np.log1p(tail)
        slopes = np.where(z >= 0, 1.0, tail)
        tail += 1.0
        slopes /= tail
        slopes -= y
        z *= 1.0 - 2.0 * y
        losses += np.maximum(z, 0.0, out=z)
        return losses, slopes

    def bends(self, z: Rows, y: Rows) -> Rows:
        """The variance of the label, p * (1 - p) with p = sigmoid(z)."""
        del y
        tail = np.exp(-np.abs(z))
        bends: Rows = tail / (1 + tail) ** 2
        return bends

    def prediction(self, x: Value, w: Value, b: Value) -> Value:
        """The probability of label 1 at x: 1 / (1 + exp(-(w*x + b)))."""
        with np.errstate(all="ignore"):
            z = np.asarray(w * x + b, dtype=np.float64)
            tail = np.exp(-np.abs(z))
            chance = np.where(z >= 0, 1.0, tail) / (1 + tail)
        return chance if chance.ndim else float(chance)

    def why_no_minimum(self, b: float | None = None) -> str:
        """Why the loss falls for ever, where it does."""
        x, y = self.columns.x, self.columns.y
        if b is not None:
            leaning = np.where(y == 1, x, -x)
            if leaning.any() and ((leaning >= 0).all() or (leaning <= 0).all()):
                return f"all labels are on their own side of x = 0: with b held at {b:g} the loss falls for ever with w"
            return ""
        zeros, ones = x[y == 0], x[y == 1]
        if not len(zeros) or not len(ones):
            return f"all labels are {y[0]:g}: the loss falls for ever with b"
        if x.min() == x.max():
            return ""
        for below, above in ((zeros, ones), (ones, zeros)):
            if below.max() <= above.min():
                threshold = (below.max() + above.min()) / 2
                return f"x = {threshold:.6g} separates the labels: the loss falls for ever as the sigmoid gets steeper"
        return ""

    def _begin(self, b: float | None) -> tuple[float, float] | None:
        if self.why_no_minimum(b):
            return None
        return 0.0, self._spread().mean_y if b is None else b

    def _flat_height(self) -> float | None:
        share = self._spread().mean_y
        return math.log(share / (1 - share)) if 0 < share < 1 else None


LOSSES: dict[str, type[Landscape]] = {
    "squared": MeanSquaredError,
    AbsoluteError.name: AbsoluteError,
    Huber.name: Huber,
    Logistic.name: Logistic,
}
"""The losses of rows by name, the plain one first."""


def loss_of_rows(
    x: ArrayLike, y: ArrayLike, loss: str = "squared", delta: float = DELTA
) -> MeanSquaredError | LossOfRows:
    """The landscape of rows under a loss.

    Args:
        x: the inputs, shape (n,).
        y: the outputs, shape (n,).
        loss: one of LOSSES.
        delta: the delta of a Huber loss; other losses ignore it.

    Example:
        >>> loss_of_rows([1.0, 2.0], [1.0, 3.0], "absolute").minima()
        (Minimum(w=2.0, b=-1.0, loss=0.0),)

    Raises:
        ValueError: if there is no such loss, or the rows or delta do not suit it.
    """
    if loss == "squared":
        return MeanSquaredError.of(x, y)
    if loss == Huber.name:
        return Huber(x, y, delta)
    if loss == AbsoluteError.name:
        return AbsoluteError(x, y)
    if loss == Logistic.name:
        return Logistic(x, y)
    raise ValueError(f"there is no loss {quoted(loss)}; choose one of {', '.join(LOSSES)}")


def loss_name(landscape: Landscape) -> tuple[str, float | None]:
    """The loss of a landscape of rows by name, and its delta where it has one.

    >>> loss_name(Huber([1.0, 2.0], [1.0, 3.0], 2.5)), loss_name(MeanSquaredError.of([1.0, 2.0], [1.0, 3.0]))
    (('huber', 2.5), ('squared', None))
    """
    known = landscape if isinstance(landscape, LossOfRows) else landscape.drawn
    return known.name if isinstance(known, LossOfRows) else "squared", known.delta if isinstance(known, Huber) else None


def _chunks(x: Rows, y: Rows) -> Iterator[tuple[Rows, Rows]]:
    for first in range(0, len(x), CHUNK):
        yield x[first : first + CHUNK], y[first : first + CHUNK]
