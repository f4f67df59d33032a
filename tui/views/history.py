"""The history: the loss against the iterations."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from gdcore.descent.branches import brief
from tui.charts.history import NOTHING, Curve, history_scene, history_window
from tui.charts.history import History as Losses
from tui.views.view import Look, View, all_points, drawn_from, of_all_rows, others, sees_batches

if TYPE_CHECKING:
    from gdcore.descent.timeline import Timeline
    from tui.charts.canvas import Scene
    from tui.laboratory.frame import Frame

COLUMNS = 200
"""Number of stretches to which a history is reduced."""


class History(View):
    """The losses of the run, its known future, and other runs."""

    name = "history"
    tooltip = "The loss against the iterations."
    told = ("The loss against the steps; l: how far above its minimum, on a logarithmic axis.",)
    races = True

    def scene(self, frame: Frame, look: Look) -> Scene:
        """The loss against the iterations."""
        run, state = frame.branch.run, frame.state
        now = state.iteration
        chance = sees_batches(run)
        losses = Losses(
            past=curve_of(run, 0, now + 1),
            iteration=now,
            loss=frame.whole.loss,
            floor=lowest(frame),
            floor_name="minimum" if _known(frame) is not None else "lowest so far",
            future=curve_of(run, now + 1),
            changes=[(at, brief(before, after)) for (_, before), (at, after) in pairwise(run.changes())],
            branches=[curve_of(branch.run, min(branch.left_at, branch.run.tip)) for branch in others(frame)],
            badges=look.others(frame),
            badge=look.own(frame),
            title=f"branch {frame.branch.name}" if len(frame.branches) > 1 else "",
            batches=run.losses(0, now + 1, COLUMNS) if chance else NOTHING,
        )
        seen = losses
        if look.all_runs:
            points = all_points(frame)[:, 2]
            reach = losses.future
            ends = np.append(np.full(len(points), now), reach[0]), np.append(points, reach[1])
            seen = replace(losses, future=ends)
        self.window = history_window(seen, log=look.log, shown=self.window)
        scene = history_scene(losses, self.window, log=look.log)
        return drawn_from(scene, frame) if chance else scene


def curve_of(run: Timeline, first: int, last: int | None = None) -> Curve:
    """The losses of all rows of a run from an iteration on, up to `last` (excluded) or its tip."""
    last = run.tip + 1 if last is None else last
    if not sees_batches(run):
        return run.losses(first, last, COLUMNS)
    # The extremes of batches would say nothing about all rows, so they are taken evenly.
    iterations = np.unique(np.linspace(first, last - 1, COLUMNS).astype(np.int64)) if last > first else np.arange(0)
    return iterations, of_all_rows(run, run.path(0, last)[iterations])[:, 2]


def lowest(frame: Frame) -> float:
    """Return the smallest possible loss; if it is unknown, the smallest one seen."""
    known = _known(frame)
    if known is not None:
        return float(known)
    run = frame.branch.run
    if not sees_batches(run):
        return float(run.path(0, run.tip + 1)[:, 2].min())
    return min(float(np.min(curve_of(run, 0)[1])), frame.whole.loss)


def _known(frame: Frame) -> float | None:
    return frame.landscape.lowest(None if frame.settings.train_bias else frame.state.b)
