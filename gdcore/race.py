"""A race: every optimizer from the same point, each at a rate that suits it."""

from __future__ import annotations

from math import hypot, inf
from typing import TYPE_CHECKING

from gdcore.descent import Settings
from gdcore.optimizers import OPTIMIZERS, AdaGrad, Nudge
from gdcore.stability import stability

if TYPE_CHECKING:
    from gdcore.branches import Branches
    from gdcore.descent import State
    from gdcore.loss import MeanSquaredError
    from gdcore.optimizers import Optimizer

STRIDES = {AdaGrad: 1, Nudge: 50}
"""In how many steps of full length an optimizer that sizes its own would cover the way; 20 for the others."""


LONGEST = 10_000
"""A race ends after so many iterations at the most; each of its runs can be gone on with."""


def sensible_rate(optimizer: Optimizer, loss: MeanSquaredError, state: State, train_bias: bool) -> float:
    """A learning rate at which an optimizer does well from a point.

    Where the curvature decides, it is the best fixed rate. An optimizer that sizes its own steps goes about one
    learning rate a step, so its rate is a share of the way to the minimum.

    Example:
        >>> from gdcore.descent import begin
        >>> from gdcore.loss import MeanSquaredError
        >>> from gdcore.optimizers import Adam, GradientDescent
        >>> loss = MeanSquaredError.of([-1.0, 1.0], [-2.0, 2.0])
        >>> start = begin(loss, Settings())
        >>> [sensible_rate(kind(), loss, start, False) for kind in (GradientDescent, Adam, AdaGrad)]
        [0.5, 0.1, 2.0]
    """
    limits = stability(optimizer, loss.curvature(train_bias))
    if limits is not None:
        return limits.best if limits.best < inf else Settings().learning_rate
    w = loss.minimum_w(state.b)
    target = (loss.weight, loss.bias) if train_bias else (state.w if w is None else w, state.b)
    way = hypot(target[0] - state.w, target[1] - state.b)
    return way / STRIDES.get(type(optimizer), 20) or Settings().learning_rate


def race(branches: Branches) -> None:
    """Start every optimizer from where the current run stands, as a branch each, and run it."""
    base, state = branches.current, branches.run.state
    train_bias = branches.run.settings.train_bias
    for kind in OPTIMIZERS.values():
        optimizer = kind()
        branches.switch(base)
        branches.fork("in the race", branches.free_name(optimizer.title))
        rate = sensible_rate(optimizer, branches.run.loss, state, train_bias)
        branches.run.change(Settings(float(f"{rate:.4g}"), optimizer, train_bias))
        branches.run.forward(min(branches.run.limits.iterations, LONGEST))
