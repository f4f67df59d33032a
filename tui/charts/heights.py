"""The height of a point as a share of the visible range: the one scale for contours and surface.

The share goes from 0, the lowest, to 1, the highest, by the logarithm of the loss, so that a narrow valley stays
visible; if losses are not all positive it is linear in the loss. Each share has a role, and so a colour.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from tui.charts.colours import HEIGHTS

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from gdcore.landscapes.landscape import Landscape
    from tui.charts.window import Floats, Window

GRID = 41
"""Grid points in each direction for finding the range of losses; for a bowl the corners are enough."""
DEEPEST = 1e-4
"""The bottom of the scale is at least this share of the largest visible loss; lower losses could not be told apart."""
HIGHEST = 1e307
COMMON = 0.95
"""Quantile of the losses used as the top of the scale if they are not all positive."""

ROLES = tuple(f"height-{level}" for level in range(HEIGHTS))


@dataclass(frozen=True)
class Heights:
    """The scale of heights in a window.

    Attributes:
        bottom: the loss at share 0.
        top: the loss at share 1; above the bottom.
        log: whether the share goes by the logarithm of the loss.

    Example:
        >>> Heights(1.0, 100.0, log=True).share([0.0, 1.0, 10.0, 1e9]).tolist()
        [0.0, 0.0, 0.5, 1.0]
        >>> Heights(1.0, 100.0, log=True).role(100.0)
        'height-9'
    """

    bottom: float
    top: float
    log: bool

    def share(self, losses: ArrayLike) -> Floats:
        """How high these losses are, from 0 to 1; of what is no number, NaN."""
        numbers = np.asarray(losses, dtype=np.float64)
        with np.errstate(all="ignore"):
            if self.log:
                low, high = math.log(self.bottom), math.log(self.top)
                numbers = np.log(np.maximum(numbers, self.bottom))
            else:
                low, high = self.bottom, self.top
            shares: Floats = np.clip((numbers - low) / (high - low), 0, 1)
        return shares

    def levels(self, losses: ArrayLike) -> NDArray[np.int64]:
        """Which of the HEIGHTS colours these losses have; what is no number has the lowest."""
        shares = np.nan_to_num(self.share(losses))
        return np.minimum((shares * HEIGHTS).astype(np.int64), HEIGHTS - 1)

    def role(self, loss: float) -> str:
        """The role of one loss."""
        return ROLES[int(self.levels(loss))]


def losses_in(landscape: Landscape, window: Window, u: Floats, v: Floats) -> Floats:
    """Return the losses at shares of the window, of any shape; interpolated where each is a pass over many rows."""
    with np.errstate(all="ignore"):
        ws, bs = np.broadcast_arrays(window.xs_at(u), window.ys_at(v))
    if landscape.columns is not None and not landscape.exact:
        return landscape.grid((window.left, window.right), (window.bottom, window.top)).at(ws, bs)
    with np.errstate(all="ignore"):
        losses = np.asarray(landscape(ws, bs), dtype=np.float64)
    return np.broadcast_to(losses, ws.shape)


@lru_cache(maxsize=16)
def heights(landscape: Landscape, window: Window) -> Heights | None:
    """Return the scale between the smallest and the largest visible loss; None if they are equal."""
    share = np.linspace(0, 1, 2 if landscape.exact else GRID)
    losses = losses_in(landscape, window, share[:, None], share)
    losses = np.clip(losses[np.isfinite(losses)], -HIGHEST, HIGHEST)
    if not losses.size:
        return None
    top = float(losses.max())
    lowest = landscape.lowest()
    bottom = float(losses.min()) if lowest is None or not landscape.exact else lowest
    if landscape.exact or bottom > 0:
        bottom = max(bottom, top * DEEPEST)
        return Heights(bottom, top, log=True) if 0 < bottom < top else None
    # In a landscape with holes most points are far below its highest peak.
    top = min(top, float(np.quantile(losses, COMMON)))
    return Heights(bottom, top, log=False) if bottom < top else None
