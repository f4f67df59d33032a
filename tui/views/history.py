"""The history: the loss against the iterations."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from gdcore.descent.branches import brief
from tui.charts.history import Curve, history_scene, history_window
from tui.charts.history import History as Losses
from tui.views.view import Look, View, others

if TYPE_CHECKING:
    from gdcore.descent.state import State
    from gdcore.descent.timeline import Timeline
    from gdcore.landscapes.landscape import Landscape
    from tui.charts.canvas import Scene
    from tui.laboratory.frame import Frame

COLUMNS = 200
"""A history is reduced to so many stretches."""


class History(View):
    """The losses of the run, of what lies before it, and of other runs."""

    name = "history"
    tooltip = "The loss against the iterations."
    told = ("The loss against the steps; l: how far above its minimum, on a logarithmic axis.",)
    races = True

    def scene(self, frame: Frame, look: Look) -> Scene:
        """The loss against the iterations."""
        run, state = frame.branch.run, frame.state
        now = state.iteration
        losses = Losses(
            past=run.losses(0, now + 1, COLUMNS),
            iteration=now,
            loss=state.loss,
            floor=lowest(frame.landscape, state, frame.settings.train_bias),
            future=run.losses(now + 1, run.tip + 1, COLUMNS),
            changes=[(at, brief(before, after)) for (_, before), (at, after) in pairwise(run.changes())],
            branches=[curve_of(branch.run, branch.left_at) for branch in others(frame)],
            badges=look.others(frame),
            badge=look.own(frame),
            title=f"branch {frame.branch.name}" if len(frame.branches) > 1 else "",
        )
        self.window = history_window(losses, log=look.log, shown=self.window)
        return history_scene(losses, self.window, log=look.log)


def curve_of(run: Timeline, first: int) -> Curve:
    """The losses of a run from an iteration on."""
    return run.losses(min(first, run.tip), run.tip + 1, COLUMNS)


def lowest(landscape: Landscape, state: State, train_bias: bool) -> float:
    """The smallest loss that a run can reach, over w and b, or over w at the b that is held; else the one it has."""
    floor = landscape.lowest(None if train_bias else state.b)
    return float(state.loss if floor is None else floor)
