"""The map: the loss over w and b from above, and the path across it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gdcore.studies.basins import Ends, basins
from tui.charts.ends import basin_layers
from tui.charts.map import Walk, close_window, map_scene, map_window
from tui.views.view import Key, Look, View, all_points, drawn_from, others, path_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tui.charts.canvas import Scene
    from tui.charts.window import Floats, Window
    from tui.laboratory.frame import Frame
    from tui.laboratory.ground import Ground
    from tui.laboratory.laboratory import Laboratory

STARTS = (48, 24)
"""Number of starts in each direction for the basins."""


class Map(View):
    """The landscape over w and b."""

    name = "map"
    tooltip = "The loss over w and b, as contours, and the path across them."
    told = (
        "Lines of equal loss over w and b, with their losses; the path across them. f looks closer.",
        "The cross is the lowest point you can reach; while b is held, * is the lowest of all.",
        "i: in which minimum a walk from each place ends, with the settings of now.",
    )
    keys = (
        Key(
            "i",
            "Basins",
            "In the map: from where a walk ends in which minimum, by its number, the lowest first.",
            lambda view, laboratory: view.toggle_basins(laboratory),
        ),
    )
    races = True

    def __init__(self) -> None:
        super().__init__()
        self.basins = False
        self._ends: Ends | None = None
        self._asked: object = None

    def toggle_basins(self, laboratory: Laboratory) -> None:
        """Switch showing the basins: in which minimum a walk from each start ends."""
        landscape = laboratory.ground.landscape
        if not self.basins and len(landscape.minima()) < 2:
            known = "From everywhere here a walk that arrives ends in the same minimum."
            laboratory.notes.say(known if landscape.minima() else "No minimum is known here, and so no basins.")
            return
        self.basins = not self.basins
        self._asked, self._ends = None, None

    def study(self, frame: Frame) -> Iterator[Any] | None:
        """Start walks from all over the map, if they are wanted and not yet begun."""
        asked = (frame.landscape, self.window, frame.settings)
        if not self.basins or self.window is None or asked == self._asked:
            return None
        self._asked = asked
        return basins(frame.landscape, *_grid(self.window), frame.settings)

    def take(self, piece: Any) -> None:
        """Take the ends known so far."""
        self._ends = piece

    def leave(self) -> None:
        """Drop unfinished walks; they begin again when the map is shown again."""
        if self._ends is None or self._ends.done < 1:
            self._asked = None

    def _progress(self) -> str:
        return "" if self._ends is None or self._ends.done >= 1 else f"   basins {self._ends.done:.0%}"

    def missing(self, ground: Ground) -> str:
        """A map needs a b."""
        return "" if ground.landscape.has_bias else "There is no b here, and so no map over w and b."

    def scene(self, frame: Frame, look: Look) -> Scene:
        """Contours, other runs, the path."""
        state, landscape = frame.state, frame.landscape
        path = np.concatenate((frame.trail, [[state.w, state.b, state.loss]]))
        shown = self.window or (close_window(all_points(frame) if look.all_runs else path) if look.close else None)
        self.window = map_window(landscape, (look.around.w, look.around.b), (state.w, state.b), shown)
        ghosts = [("", frame.following)] if frame.following else []
        if frame.landings:
            ghosts = [*frame.landings[:1], *(("1", ghost) for _, ghost in ghosts), *frame.landings[1:]]
        walk = Walk(
            landscape.drawn,
            state.w,
            state.b,
            path,
            [(name, ghost.w, ghost.b) for name, ghost in ghosts],
            frame.settings.train_bias,
            [path_of(branch) for branch in others(frame)],
            look.others(frame),
            look.own(frame),
            _shape(frame) + self._progress(),
            basin_layers(*_grid(self.window), self._ends) if self._ends is not None else (),
            _batch_minimum(frame),
        )
        return drawn_from(map_scene(walk, self.window), frame)


def _batch_minimum(frame: Frame) -> tuple[float, float] | None:
    """The lowest point of the rows that this step sees, where they are not all."""
    lowest = (
        None if frame.batch is None else frame.batch.lowest_point(None if frame.settings.train_bias else frame.state.b)
    )
    return (lowest.w, lowest.b) if lowest else None


def _grid(window: Window) -> tuple[Floats, Floats]:
    """The starts of the walks: the middles of equal parts of the window."""
    across, up = ((np.arange(count) + 0.5) / count for count in STARTS)
    return window.xs_at(across), window.ys_at(up)


def _shape(frame: Frame) -> str:
    """Return how narrow the valley is, everywhere or at this point."""
    curvature = frame.landscape.curvature(True, frame.state.w, frame.state.b)
    if frame.landscape.exact:
        return f"condition number {curvature.condition_number:.4g}"
    if curvature.lambda_min < 0:
        return "it bends both ways here" if curvature.lambda_max > 0 else "it bends downwards here"
    return f"condition number here {curvature.condition_number:.4g}"
