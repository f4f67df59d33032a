"""The map: the loss over w and b from above, and the path across it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tui.charts.map import Walk, close_window, map_scene, map_window
from tui.views.view import Look, View, marks_of, others, path_of

if TYPE_CHECKING:
    from tui.charts.canvas import Scene
    from tui.laboratory.frame import Frame
    from tui.laboratory.ground import Ground


class Map(View):
    """The landscape over w and b."""

    name = "map"
    tooltip = "The loss over w and b, as contours, and the path across them."
    told = (
        "Lines of equal loss over w and b, with their losses; the path across them. f looks closer.",
        "The cross is the lowest point you can reach; while b is held, * is the lowest of all.",
    )
    races = True

    def missing(self, ground: Ground) -> str:
        """A map needs a b."""
        return "" if ground.landscape.has_bias else "There is no b here, and so no map over w and b."

    def scene(self, frame: Frame, look: Look) -> Scene:
        """Contours, other runs, the path."""
        state, landscape = frame.state, frame.landscape
        path = np.concatenate((frame.trail, [[state.w, state.b, state.loss]]))
        shown = self.window or (close_window(path) if look.close else None)
        self.window = map_window(landscape, (look.around.w, look.around.b), (state.w, state.b), shown)
        ghosts = [("", frame.following)] if frame.following else []
        if frame.landings:
            ghosts = [*frame.landings[:1], *(("1", ghost) for _, ghost in ghosts), *frame.landings[1:]]
        walk = Walk(
            landscape,
            state.w,
            state.b,
            path,
            [(name, ghost.w, ghost.b) for name, ghost in ghosts],
            frame.settings.train_bias,
            [path_of(branch) for branch in others(frame)],
            marks_of(frame),
            _shape(frame),
        )
        return map_scene(walk, self.window)


def _shape(frame: Frame) -> str:
    """How narrow the valley is: everywhere, or here."""
    number = frame.landscape.curvature(True, frame.state.w, frame.state.b).condition_number
    here = "" if frame.landscape.exact else " here"
    return f"condition number{here} {number:.4g}"
