"""How far the digits of a walk can be trusted: the same walk again, with small perturbations.

Another library computes the same loss in another order, and so rounds differently by a few units in the last place.
Most walks forget such a difference. Some amplify it: for example a walk at a minimum, where the gradient is only
rounding, with an optimizer whose steps have the same length for any gradient.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gdcore.descent.steps import Limits
from gdcore.descent.timeline import Timeline
from gdcore.landscapes.landscape import Landscape

if TYPE_CHECKING:
    from gdcore.landscapes.landscape import Sampling, Value
    from tui.headless.export.plan import Plan

SHAKE = 4 * 2.0**-52
"""Relative perturbation of each point before its loss and gradient are computed."""
ENOUGH = 1e-10
"""Losses with a smaller relative or absolute difference are equal."""


class _Shaken(Landscape):
    """A landscape that perturbs every point slightly in a pseudo-random direction."""

    def __init__(self, landscape: Landscape, pattern: int, absolute: float) -> None:
        self._landscape = landscape
        self._absolute = absolute
        self._pattern = self._bits = pattern
        self.has_bias = landscape.has_bias

    def loss_and_gradient(self, w: Value, b: Value) -> tuple[Value, tuple[Value, Value]]:
        # A linear congruence (Numerical Recipes' constants): the same shakes each time.
        self._bits = (self._bits * 1664525 + 1013904223) % 2**32
        signs = (self._bits >> 30) & 1, (self._bits >> 31) & 1
        w, b = (
            value + (value + self._absolute) * (SHAKE if sign else -SHAKE)
            for value, sign in zip((w, b), signs, strict=True)
        )
        return self._landscape.loss_and_gradient(w, b)

    def seen(self, iteration: int, batch: Sampling | None = None) -> Landscape:
        seen = self._landscape.seen(iteration, batch)
        return self if seen is self._landscape else _Shaken(seen, self._pattern + iteration, self._absolute)


def trusted(plan: Plan, *, absolute: bool = False) -> int | None:
    """Return the first iteration whose loss depends on the last digits of earlier ones; None if there is none.

    Args:
        plan: the walk.
        absolute: whether a slope of exactly 0 would be a rounding error elsewhere, as over standardized rows that are
            summed one by one.
    """
    run = plan.run
    losses = run.path(0, run.tip + 1)[:, 2]
    found = []
    for pattern in (1, 2, 3):
        shaken = _again(plan, _Shaken(run.landscape, pattern, float(absolute)))
        known = min(len(shaken), len(losses))
        away = np.abs(shaken[:known] - losses[:known]) > ENOUGH * np.maximum(np.abs(losses[:known]), 1)
        if away.any():
            found.append(int(np.argmax(away)))
        elif known < len(losses):
            found.append(known)
    return min(found, default=None)


def _again(plan: Plan, landscape: Landscape) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Return the losses of the same walk on another landscape."""
    run = Timeline(landscape, plan.first, Limits(plan.steps), *plan.start)
    for change in plan.changes[1:]:
        run.forward(change.iteration - run.state.iteration)
        run.change(change.settings)
    run.forward(plan.steps - run.state.iteration)
    return run.path(0, run.tip + 1)[:, 2]
