"""Noise: what a gradient estimated from a few rows does to a run.

Vocabulary
    whole       the loss and the gradient of all rows
    guess       the gradient of a batch, as an estimate of that of all rows
    wandering   the state of a run that no longer gets nearer: the steps of different batches cancel each other
    excess      the mean loss of a wandering run minus the smallest loss, both over all rows
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import degrees, hypot, sqrt
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from gdcore.descent.steps import whole

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gdcore.descent.branches import Branch, Branches
    from gdcore.descent.state import State
    from gdcore.descent.steps import Settings
    from gdcore.descent.timeline import Timeline
    from gdcore.landscapes.landscape import Landscape

    Points: TypeAlias = NDArray[np.float64]

PARTS = 8
"""Number of parts of the last half of a run whose mean losses are compared."""
SHORTEST, LONGEST = 5, 500
"""Minimum and maximum number of steps in a part."""
REMEMBERED = 2 * PARTS * LONGEST
"""Maximum number of states considered, counted from the end."""
_POINTS = 64
"""Number of points of a part at which the loss of all rows is measured."""
_SURE = 3.0
"""A trend of this many standard errors is significant."""
_STEADY = 2.5
"""For a steady run the excess of the two halves differs by less than this factor."""
_NOTHING = 1e-9
"""An excess below this share of the loss is a rounding error."""


@dataclass(frozen=True, slots=True)
class Guess:
    """A comparison of the gradient of a batch with that of all rows.

    Attributes:
        ratio: the ratio of their lengths.
        angle: the angle between them in degrees, from 0 to 180.
        sentence: both in words.
    """

    ratio: float
    angle: float
    sentence: str


def guess(landscape: Landscape, settings: Settings, state: State) -> Guess | None:
    """Compare the gradient used by the next step with that of all rows; None if it is that of all rows.

    Example:
        >>> from gdcore.descent.batches import Batch
        >>> from gdcore.descent.steps import Settings, begin
        >>> from gdcore.landscapes.bowl import MeanSquaredError
        >>> loss = MeanSquaredError.of([1.0, 2.0, 3.0], [3.0, 5.0, 7.0])
        >>> settings = Settings(0.1, batch=Batch(1))
        >>> guess(loss, settings, begin(loss, settings)).sentence
        'The slope of the batch is 0.265 times as steep as that of all rows.'
    """
    true = whole(landscape, settings, state)
    if true is state:
        return None
    trained = 2 if settings.train_bias else 1
    mine, theirs = state.gradient[:trained], true.gradient[:trained]
    length, true_length = hypot(*mine), hypot(*theirs)
    if not true_length:
        return Guess(float("inf"), 0.0, "All rows together are level here; the slope is that of the batch alone.")
    ratio = length / true_length
    if not length:
        return Guess(0.0, 0.0, "The batch is level here, all rows together are not.")
    along = sum(a * b for a, b in zip(mine, theirs, strict=True))
    across = mine[0] * theirs[-1] - mine[-1] * theirs[0] if settings.train_bias else 0.0
    angle = degrees(abs(np.arctan2(across, along)))
    much = f"{ratio:.3g}"
    times = f"{'' if much == '1' else f'{much} times '}as steep as that of all rows"
    if angle > 90:
        return Guess(ratio, angle, f"The slope of the batch is {times} and points uphill for them.")
    if not settings.train_bias:
        return Guess(ratio, angle, f"The slope of the batch is {times}.")
    turned = "1 degree" if round(angle) == 1 else f"{angle:.0f} degrees"
    return Guess(ratio, angle, f"The slope of the batch is {times} and turned from it by {turned}.")


@dataclass(frozen=True, slots=True)
class Wandering:
    """How far a run with batches moves without getting nearer.

    Attributes:
        steps: the number of last steps over which this was measured.
        spread_w: the standard deviation of w over them.
        spread_b: that of b; 0 if b is fixed.
        excess: the mean loss of all rows over these steps, minus the smallest loss.
        lowest: the smallest loss, or the smallest one seen if that is not known.
        sentence: all of it in words, and what would help.
    """

    steps: int
    spread_w: float
    spread_b: float
    excess: float
    lowest: float
    sentence: str


def wandering(run: Timeline) -> Wandering | None:
    """Return how far a run wanders at its cursor; None if it sees all rows or still gets nearer.

    Only the states since the last change of settings count. See `wandering_over`.
    """
    here = run.state.iteration
    since = max(at for at, _ in run.changes() if at <= here)
    path = run.path(max(since, here + 1 - REMEMBERED), here + 1)
    return wandering_over(run.landscape, run.settings, path)


def wandering_over(landscape: Landscape, settings: Settings, path: Points) -> Wandering | None:
    """Return how far a run wandered on a path; None if it saw all rows or still got nearer.

    The last half of the path is split into PARTS. If the loss of all rows falls from part to part by more than its
    noise, the run gets nearer; if it grows much, the run diverges. It also still moves if its mean point accounts for
    more than half of the excess. Under a decaying schedule noise fades by itself, and the result is None.

    Args:
        landscape: what is walked on.
        settings: those of the whole path.
        path: w, b and optional further columns, one row for each state; the last REMEMBERED are enough.
    """
    batch, columns = settings.batch, landscape.columns
    if batch is None or columns is None or batch.size >= len(columns) or settings.schedule.varies:
        return None
    part = min(len(path) // (2 * PARTS), LONGEST)
    if part < max(SHORTEST, min(batch.steps(len(columns)), LONGEST)):
        return None
    ws, bs = path[len(path) - PARTS * part :, :2].T.reshape(2, PARTS, part)
    few = (slice(None), slice(None, None, max(1, part // _POINTS)))
    with np.errstate(all="ignore"):
        losses = np.asarray(landscape(ws[few], bs[few]), dtype=np.float64)
    if not np.isfinite(losses).all():
        return None
    known = landscape.drawn.lowest(None if settings.train_bias else float(bs[-1, -1]))
    lowest = float(losses.min()) if known is None else known
    excess = float(losses.mean()) - lowest
    if known is None:
        on_its_way = max(abs(_trend(values.mean(axis=1))) for values in (ws, bs)) > _SURE
    else:
        on_its_way = float(landscape.drawn(float(ws.mean()), float(bs.mean()))) - lowest > excess / 2
    halves = losses.reshape(2, -1).mean(axis=1) - lowest
    steady = halves[0] / _STEADY < halves[1] < halves[0] * _STEADY and _trend(losses.mean(axis=1)) > -_SURE
    if not steady or on_its_way or excess <= _NOTHING * max(abs(lowest), float(np.ptp(losses))):
        return None
    spread_w, spread_b = float(ws.std()), float(bs.std()) * settings.train_bias
    also = f" and b by {spread_b:.3g}" if settings.train_bias else ""
    above = f"{excess / lowest:.2%} above the lowest" if lowest > excess * 1e-6 else f"at {excess:.3g} above the lowest"
    sentence = (
        f"It no longer gets nearer: over the last {ws.size:,} steps w wanders by {spread_w:.3g}{also} to either side, "
        f"and the loss of all rows stays {above}. Half the learning rate, or a larger batch, would shrink that; "
        "under a schedule it fades."
    )
    return Wandering(ws.size, spread_w, spread_b, excess, lowest, sentence)


def _trend(means: Points) -> float:
    """Return the linear trend of a sequence, in units of its standard error."""
    at = np.arange(len(means)) - (len(means) - 1) / 2
    slope = float((at * means).sum() / (at * at).sum())
    rest = means - means.mean() - slope * at
    error = sqrt(float((rest * rest).sum()) / (len(means) - 2) / float((at * at).sum()))
    return slope / error if error else float(np.sign(slope)) * np.inf if slope else 0.0


def several_seeds(branches: Branches, count: int = 4) -> list[Branch]:
    """Branch off the current run under other seeds, one branch for each, and run them.

    Returns:
        The new branches, in the order of their seeds: those after the current one.

    Raises:
        ValueError: if the run sees all rows, so that nothing is random, or has an order made elsewhere.
    """
    run = branches.run
    batch, columns = run.settings.batch, run.landscape.columns
    if batch is None or columns is None or batch.size >= len(columns):
        raise ValueError("every step sees all rows, so that a seed changes nothing; choose a smaller batch first")
    if batch.order is not None:
        raise ValueError(
            "the rows come in an order made elsewhere, so that a seed changes nothing; choose a batch first"
        )
    made = []
    for seed in range(batch.seed + 1, batch.seed + 1 + count):
        seed %= 2**63  # noqa: PLW2901 (after the largest comes 0)
        branch = branches.branch_off(f"seed {seed}", branches.free_name(f"seed {seed}"))
        branch.run.change(replace(run.settings, batch=replace(batch, seed=seed)))
        branch.run.forward(max(run.tip, run.limits.iterations) - branch.run.state.iteration)
        made.append(branch)
    return made
