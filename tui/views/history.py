"""The history: the loss against the iterations."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from gdcore.descent.branches import brief
from tui.charts.history import NOTHING, Curve, history_scene, history_window
from tui.charts.history import History as Losses
from tui.views.view import Look, View, all_points, drawn_from, others

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

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
        own: Curve = run.losses(0, now + 1, COLUMNS)
        chance = any(settings.batch is not None for _, settings in run.changes())
        past, batches = (_of_all_rows(run, own[0]), own) if chance else (own, NOTHING)
        losses = Losses(
            past=past,
            iteration=now,
            loss=frame.whole.loss,
            floor=lowest(frame),
            floor_name="minimum" if _known(frame) is not None else "lowest so far",
            future=run.losses(now + 1, run.tip + 1, COLUMNS),
            changes=[(at, brief(before, after)) for (_, before), (at, after) in pairwise(run.changes())],
            branches=[curve_of(branch.run, branch.left_at) for branch in others(frame)],
            badges=look.others(frame),
            badge=look.own(frame),
            title=f"branch {frame.branch.name}" if len(frame.branches) > 1 else "",
            batches=batches,
        )
        seen = losses
        if look.all_runs:
            points = all_points(frame)[:, 2]
            reach = run.losses(now + 1, run.tip + 1, COLUMNS)
            ends = np.append(np.full(len(points), now), reach[0]), np.append(points, reach[1])
            seen = replace(losses, future=ends)
        self.window = history_window(seen, log=look.log, shown=self.window)
        scene = history_scene(losses, self.window, log=look.log)
        return drawn_from(scene, frame) if chance else scene


def _of_all_rows(run: Timeline, iterations: ArrayLike) -> Curve:
    """Return the losses of all rows at some iterations of a run with batches."""
    places = run.path(0, run.tip + 1)[np.asarray(iterations, dtype=np.int64)]
    return iterations, run.landscape.drawn(places[:, 0], places[:, 1])


def curve_of(run: Timeline, first: int) -> Curve:
    """The losses of a run from an iteration on."""
    return run.losses(min(first, run.tip), run.tip + 1, COLUMNS)


def lowest(frame: Frame) -> float:
    """Return the smallest possible loss; if it is unknown, the smallest one seen."""
    known = _known(frame)
    if known is not None:
        return float(known)
    run = frame.branch.run
    return float(run.path(0, run.tip + 1)[:, 2].min())


def _known(frame: Frame) -> float | None:
    return frame.landscape.lowest(None if frame.settings.train_bias else frame.state.b)
