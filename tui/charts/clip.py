"""Lines in the unit square: cut at its border, and thinned out to what a chart of so many columns can show.

The results of `clipped` are the only data plotext gets: finite numbers from 0 to 1.
"""

import numpy as np
from numpy.typing import NDArray

from tui.charts.window import Floats

Flags = NDArray[np.bool_]


def clipped(xs: Floats, ys: Floats) -> tuple[Floats, Floats, Flags]:
    """Clip a line to the unit square (Liang and Barsky, 1984): points, and whether each is joined to the one before.

    Segments with an end that is not finite are left out. Every number returned is in 0..1.
    """
    if len(xs) > 1 and np.all((xs >= 0) & (xs <= 1) & (ys >= 0) & (ys <= 1)):
        return xs, ys, np.arange(len(xs)) > 0
    far = 1e300  # differences of such numbers are still finite
    points = np.column_stack((xs, ys))
    usable = np.logical_and.reduce(np.isfinite(points), axis=1)
    points = np.clip(np.where(usable[:, None], points, 0), -far, far)
    begin, way = points[:-1], np.diff(points, axis=0)
    with np.errstate(all="ignore"):
        crossings = np.stack((-begin / way, (1 - begin) / way))
    inside = (begin >= 0) & (begin <= 1)
    still = way == 0  # parallel to this border: either inside all the way or never
    enter = np.where(still, np.where(inside, 0, 2), crossings.min(axis=0)).max(axis=1, initial=0)
    leave = np.where(still, np.where(inside, 1, -1), crossings.max(axis=0)).min(axis=1, initial=1)
    seen = usable[:-1] & usable[1:] & (enter <= leave)
    begin, way, enter, leave = begin[seen], way[seen], enter[seen, None], leave[seen, None]
    ends = np.clip(np.stack((begin + enter * way, begin + leave * way), axis=1), 0, 1).reshape(-1, 2)
    joined = np.tile([False, True], len(begin))
    # The end of one segment and the start of the next are one point.
    fresh: Flags = joined | np.append(True, np.diff(ends, axis=0).any(axis=1))[: len(ends)]
    return ends[fresh, 0], ends[fresh, 1], joined[fresh]


def thinned(xs: Floats, ys: Floats, joined: Flags, columns: int) -> tuple[Floats, Floats, Flags]:
    """Keep at most two points, the lowest and the highest, for each visit of the line to a column."""
    if len(xs) <= 2:
        return xs, ys, joined
    moved = np.append(True, np.diff(np.floor(xs * columns)) != 0)
    stay = np.cumsum(moved | ~joined)
    order = np.lexsort((ys, stay))
    last = np.append(np.flatnonzero(np.diff(stay)), len(stay) - 1)
    first = np.append(0, last[:-1] + 1)
    kept = np.sort(np.append(order[first], order[last]))
    kept = kept[np.append(True, np.diff(kept) > 0)]  # np.unique would import much for this
    starts = np.append(True, np.diff(stay[kept]) > 0)
    # Only the first point of a visit may begin a line; if it is dropped, the next kept point does.
    return xs[kept], ys[kept], np.where(starts, joined[first][stay[kept] - 1], True)
