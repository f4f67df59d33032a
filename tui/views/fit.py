"""The fit: the rows, and the line among them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tui.charts.fit import Fit as Rows
from tui.charts.fit import fit_scene, fit_window
from tui.views.view import Look, View, noted

if TYPE_CHECKING:
    from tui.charts.canvas import Scene
    from tui.laboratory.frame import Frame
    from tui.laboratory.ground import Ground


class Fit(View):
    """The rows and the line of now."""

    name = "fit"
    tooltip = "The rows, and the line among them."
    fields = ("at-x",)
    told = ("Your rows, the line of now, and, dashed, the line at the minimum. At x: y for any x.",)

    def missing(self, ground: Ground) -> str:
        """A fit needs rows."""
        return "" if ground.data is not None else "There are no rows here, and so no fit."

    def scene(self, frame: Frame, look: Look) -> Scene:
        """Rows, line, the line at the minimum, a prediction."""
        del look
        data, state, scale = frame.ground.rows, frame.state, frame.scale
        lowest = frame.landscape.lowest_point(None if frame.settings.train_bias else state.b)
        best = (lowest.w, lowest.b) if lowest else None
        self.window = self.window or fit_window(data.x, data.y)
        at = scale.to_scaled(frame.predict_at) if scale else frame.predict_at
        unit = " (standardized)" if scale else ""
        names = (data.x_name + unit, data.y_name + unit)
        told = f"y({frame.predict_at:.6g}) = {frame.prediction:.6g}" if scale else ""
        rows = Rows(data.x, data.y, (state.w, state.b), best, *names, at, told, frame.landscape.prediction)
        scene = fit_scene(rows, self.window)
        return noted(replace(scene, title=""), len(data.x), data.rows) if data.sampled else scene
