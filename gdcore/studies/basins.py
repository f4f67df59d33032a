"""Basins of attraction: the minimum in which a walk ends, for many starts or for many learning rates.

Vocabulary
    end         the index of the minimum reached, or NEVER, or OUT
    basin       all the starts that end in one minimum
    span        the size of the region considered, along w and along b: the scope, the starts and the minima
    look        a check every few iterations: is the walk near a minimum, and has it moved?

A walk has reached a minimum when it stays within NEAR of it (as a share of the span): either it hardly moves, and less
from look to look, or it has been near for STAY looks. A walk that passes by, or is thrown out of a sharp valley by too
large a rate, does not stay. At a fixed rate RMSprop oscillates around a minimum, and every optimizer around a kink, by
about the length of a step; if that is within NEAR, the minimum counts as reached.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from gdcore.descent.state import State
from gdcore.studies.sweep import GOING, Crowd

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import ArrayLike, NDArray

    from gdcore.descent.steps import Settings
    from gdcore.landscapes.landscape import Landscape, Minimum

    Floats: TypeAlias = NDArray[np.float64]
    Counts: TypeAlias = NDArray[np.int64]

NEVER, OUT = -1, -2
"""Ends without a minimum: NEVER settled within the limit; OUT is diverged, not finite, or far outside."""
NEAR = 0.01
"""Distance from a minimum, as a share of the span, that counts as near."""
STILL = 0.01
"""Movement between two looks, as a share of NEAR, below which a walk hardly moves."""
FAR = 10
"""Distance, in spans, beyond which a walk is out."""
EVERY = 5
"""Iterations between two looks: odd, so that a walk that alternates between two sides is seen on both."""
STAY = 20
"""Number of looks near a minimum after which it counts as reached, even if the walk still moves."""
LIMIT = 5000
"""Number of iterations after which a walk is given up."""
SEARCHES = 16
"""Number of values of b at which minima are searched for between two reports."""
PIECE, LONGEST = 250_000, 250
"""Maximum steps of all walks together, and maximum iterations, between two reports (about 20 ms)."""


@dataclass(frozen=True, eq=False, slots=True)
class Ends:
    """Where walks end, as far as known.

    Attributes:
        ends: for each walk the index of its minimum in `minima`, NEVER (or not yet), or OUT; of the given shape.
        iterations: the number of iterations of each walk until its end, or so far; of the same shape.
        minima: the minima by index; () if b is fixed at several values: see `landscape.minima(b)` for each.
        limit: iterations after which a walk is given up.
        done: the share of the work done, 1 at the end.
    """

    ends: Counts
    iterations: Counts
    minima: tuple[Minimum, ...]
    limit: int
    done: float


def basins(
    landscape: Landscape, ws: ArrayLike, bs: ArrayLike, settings: Settings, *, limit: int = LIMIT
) -> Iterator[Ends]:
    """Find where the walk from each start of a grid ends.

    The work is lazy: stop iterating to cancel it.

    Args:
        landscape: what is descended.
        ws: the w of the starts, shape (m,).
        bs: their b, shape (n,), or one number: then the results have the shape (m,) instead of (m, n).
        settings: the settings of every walk; if b is not trained, the minima are those along w.
        limit: maximum number of iterations.

    Yields:
        The ends so far, at least once; the last one has `done` = 1.

    Example:
        >>> from gdcore.descent.steps import Settings
        >>> from gdcore.landscapes.known import find
        >>> *_, result = basins(find("two-valleys"), [-1.5, -0.1, 0.3, 1.5, 9.0], 0.0, Settings(0.05))
        >>> result.ends.tolist(), [round(minimum.w, 3) for minimum in result.minima]
        ([0, 0, 1, 1, -2], [-1.088, 0.879])
    """
    across, up = np.asarray(ws, dtype=np.float64), np.asarray(bs, dtype=np.float64)
    shape = across.shape + up.shape
    grid = np.meshgrid(across, np.atleast_1d(up), indexing="ij")
    rates = np.full(grid[0].size, settings.learning_rate)
    yield from _ends(landscape, grid[0].ravel(), grid[1].ravel(), settings, rates, limit, shape)


def ends(
    landscape: Landscape,
    start: tuple[float, float],
    settings: Settings,
    learning_rates: ArrayLike,
    *,
    limit: int = LIMIT,
) -> Iterator[Ends]:
    """Find where the walk at each learning rate, shape (n,), ends from one start (w, b); otherwise as `basins`.

    Example:
        >>> from gdcore.descent.steps import Settings
        >>> from gdcore.landscapes.known import find
        >>> sharp = find("sharp-and-flat")  # the deepest minimum, 0, is sharp
        >>> *_, result = ends(sharp, sharp.scope.start, Settings(), [0.005, 0.02, 0.5])
        >>> result.ends.tolist()
        [0, 0, 1]
    """
    rates = np.asarray(learning_rates, dtype=np.float64)
    w, b = np.full(len(rates), start[0], dtype=np.float64), np.full(len(rates), start[1], dtype=np.float64)
    yield from _ends(landscape, w, b, settings, rates, limit, rates.shape)


def _ends(  # noqa: PLR0913, PLR0917
    landscape: Landscape,
    w: Floats,
    b: Floats,
    settings: Settings,
    rates: Floats,
    limit: int,
    shape: tuple[int, ...],
) -> Iterator[Ends]:
    settings = replace(settings, train_bias=settings.train_bias and landscape.has_bias)
    with np.errstate(all="ignore"):
        loss, gradient = landscape.seen(0, settings.batch).loss_and_gradient(w, b)
    memories = (settings.optimizer.memory(), settings.optimizer.memory())
    state = State(0, w, b, loss, gradient, rates * settings.schedule.factor(0), memories)
    held = [None] if settings.train_bias else np.unique(b).tolist()
    found: list[tuple[Minimum, ...]] = []
    for value in held:
        found.append(landscape.minima(value))
        if len(found) % SEARCHES == 0:
            nothing = np.zeros(shape, dtype=np.int64)
            yield Ends(nothing + NEVER, nothing, (), limit, 0.0)
    judge = _Judge(landscape, state, found, settings.train_bias)
    crowd = Crowd(landscape, settings, state, judge.fates, rates)
    for done in crowd.run(limit, lambda count: max(1, min(PIECE // count, LONGEST))):
        # The fates of minima count from 1, because 0 is GOING.
        reached = np.select([crowd.fates == GOING, crowd.fates < 0], [NEVER, crowd.fates], crowd.fates - 1)
        yield Ends(reached.reshape(shape), crowd.iterations.reshape(shape).copy(), judge.minima, limit, done)


class _Judge:
    """Decides the end of each walk, from the minima it can reach and its place at the last look."""

    def __init__(
        self, landscape: Landscape, state: State, found: Sequence[tuple[Minimum, ...]], train_bias: bool
    ) -> None:
        w, b = np.asarray(state.w), np.asarray(state.b)
        self._train_bias = train_bias
        self.minima = found[0] if len(found) == 1 else ()
        most = max(map(len, found))
        # (groups, most): the minima for each fixed b, padded with NaN.
        self._minima_w, self._minima_b = np.full((2, len(found), most), np.nan)
        for row, minima in enumerate(found):
            self._minima_w[row, : len(minima)] = [minimum.w for minimum in minima]
            self._minima_b[row, : len(minima)] = [minimum.b for minimum in minima]
        self._group = np.zeros(len(w), dtype=np.int64) if len(found) == 1 else np.unique(b, return_inverse=True)[1]
        self._middle_w, self._span_w = _span(landscape.scope.w, w, self._minima_w)
        self._middle_b, self._span_b = _span(landscape.scope.b, b, self._minima_b)
        self._last_w, self._last_b = w.copy(), b.copy()
        self._moved = np.full(len(w), np.inf)
        self._near = np.full(len(w), NEVER, dtype=np.int64)
        self._looks = np.zeros(len(w), dtype=np.int64)

    def fates(self, state: State, running: Counts) -> Counts:
        """Return GOING, OUT, NEVER if it stands still elsewhere, or 1 plus the index of a minimum."""
        gone = ~np.isfinite(state.loss)
        if state.iteration % EVERY:
            return np.where(gone, OUT, GOING)
        gone |= ~(np.abs(state.w - self._middle_w) <= (FAR + 0.5) * self._span_w)
        if self._train_bias:
            gone |= ~(np.abs(state.b - self._middle_b) <= (FAR + 0.5) * self._span_b)
        moved = self._distance(state.w - self._last_w[running], state.b - self._last_b[running])
        slower = moved <= self._moved[running]
        nearest = self._nearest(state, running)
        looks = np.where((nearest >= 0) & (nearest == self._near[running]), self._looks[running] + 1, 0)
        self._last_w[running], self._last_b[running], self._moved[running] = state.w, state.b, moved
        self._near[running], self._looks[running] = nearest, looks
        there = (looks >= STAY) | ((looks >= 2) & slower & (moved <= STILL * NEAR))
        stuck = (moved == 0) & slower & (nearest < 0) & (state.iteration > EVERY)
        return np.select([gone, there, stuck], [OUT, nearest + 1, NEVER], GOING)

    def _nearest(self, state: State, running: Counts) -> Counts:
        """Return the index of the minimum near each walk, or NEVER."""
        nearest, least = np.full(len(running), NEVER, dtype=np.int64), np.full(len(running), NEAR)
        group = self._group[running]
        for index in range(self._minima_w.shape[1]):
            away = self._distance(state.w - self._minima_w[group, index], state.b - self._minima_b[group, index])
            nearer = away <= least
            nearest[nearer], least[nearer] = index, away[nearer]
        return nearest

    def _distance(self, across: Floats, up: Floats) -> Floats:
        """Return distances in spans, over the trained parameters."""
        along_w = np.abs(across) / self._span_w
        return np.hypot(along_w, up / self._span_b) if self._train_bias else along_w


def _span(borders: tuple[float, float], starts: Floats, minima: Floats) -> tuple[float, float]:
    """Return the middle and the width of all these places."""
    places = np.concatenate((borders, starts, minima.ravel()))
    places = places[np.isfinite(places)]
    low, high = float(places.min()), float(places.max())
    return (low + high) / 2, (high - low) or 1.0
