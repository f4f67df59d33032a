"""Chance: what a slope that is guessed from a few rows does to a run.

Vocabulary
    whole       the loss and the slope of all rows
    guess       the slope of a batch, taken for that of all rows
    wandering   a run that no longer gets nearer: the steps of one batch undo those of another
    excess      how far, on average, the whole loss of a wandering run is above the smallest
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
"""Parts of the last stretch of a run whose mean losses are compared."""
SHORTEST, LONGEST = 5, 500
"""Steps in a part, at the least and at the most."""
REMEMBERED = 2 * PARTS * LONGEST
"""Of more states than these the earlier ones do not count."""
_POINTS = 64
"""Points of a part on which the whole loss is measured."""
_SURE = 3.0
"""A slope so many times its standard error is no accident."""
_STEADY = 2.5
"""From one half of the stretch to the other the excess of a steady run changes by a smaller factor."""
_NOTHING = 1e-9
"""An excess of a smaller share of the loss is rounding."""


@dataclass(frozen=True, slots=True)
class Guess:
    """How the slope of a batch compares with that of all rows.

    Attributes:
        ratio: how many times as long it is.
        angle: by how many degrees it is turned, from 0 to 180.
        sentence: both in words.
    """

    ratio: float
    angle: float
    sentence: str


def guess(landscape: Landscape, settings: Settings, state: State) -> Guess | None:
    """Compare the slope that the next step goes by with that of all rows; None where it is that of all rows.

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
    times = f"{ratio:.3g} times as steep as that of all rows"
    if angle > 90:
        return Guess(ratio, angle, f"The slope of the batch is {times} and points uphill for them.")
    if not settings.train_bias:
        return Guess(ratio, angle, f"The slope of the batch is {times}.")
    turned = "1 degree" if round(angle) == 1 else f"{angle:.0f} degrees"
    return Guess(ratio, angle, f"The slope of the batch is {times} and turned from it by {turned}.")


@dataclass(frozen=True, slots=True)
class Wandering:
    """How a run with batches moves about without getting nearer.

    Attributes:
        steps: over how many of the last steps this was measured.
        spread_w: the standard deviation of w over them.
        spread_b: that of b; 0 where it is held.
        excess: the mean loss of all rows over them, above the smallest.
        lowest: the smallest loss, or where none is known the smallest one met.
        sentence: all of it in words, and what would help.
    """

    steps: int
    spread_w: float
    spread_b: float
    excess: float
    lowest: float
    sentence: str


def wandering(run: Timeline) -> Wandering | None:
    """How far a run wanders at its cursor, if it sees batches and no longer gets nearer; else None.

    Only the states since settings were changed count. See `wandering_over`.
    """
    here = run.state.iteration
    since = max(at for at, _ in run.changes() if at <= here)
    path = run.path(max(since, here + 1 - REMEMBERED), here + 1)
    return wandering_over(run.landscape, run.settings, path)


def wandering_over(landscape: Landscape, settings: Settings, path: Points) -> Wandering | None:
    """How far a run wandered on a path, if it saw batches and no longer got nearer; else None.

    The last half of the path is split in PARTS. Where the loss of all rows falls from part to part, by more than its
    own ups and downs, the run gets nearer; where it grows much, it is thrown out. It is on its way, too, where its
    middle is itself far from the minimum: where that has more than half of the excess. Under a schedule chance fades by
    itself, and None is said.

    Args:
        landscape: what is walked on.
        settings: those in force on the whole path.
        path: w and b, and whatever else, of one state a row; the last REMEMBERED are enough.
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
    """The slope of numbers in a row, in standard errors of it."""
    at = np.arange(len(means)) - (len(means) - 1) / 2
    slope = float((at * means).sum() / (at * at).sum())
    rest = means - means.mean() - slope * at
    error = sqrt(float((rest * rest).sum()) / (len(means) - 2) / float((at * at).sum()))
    return slope / error if error else float(np.sign(slope)) * np.inf if slope else 0.0


def several_seeds(branches: Branches, count: int = 4) -> list[Branch]:
    """Start the current run again from where it stands under other seeds, as a branch each, and run them.

    Returns:
        The new branches, in the order of their seeds: those after the current one.

    Raises:
        ValueError: if the run sees all rows, so that there is no chance in it, or has an order made elsewhere.
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
