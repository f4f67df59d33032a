"""The curve: the loss over w, at the current b."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tui.charts.curve import Descent, Slice, curve_scene, curve_window
from tui.charts.window import interval_around, widened, window_around
from tui.views.view import Look, View, all_points, drawn_from, others, path_of

if TYPE_CHECKING:
    from gdcore.landscapes.landscape import Landscape
    from tui.charts.canvas import Scene
    from tui.laboratory.frame import Frame
    from tui.laboratory.laboratory import Laboratory


class Curve(View):
    """L(w) at the current b, with the hiker on it."""

    name = "curve"
    tooltip = "The loss over w, at the b of now."
    welcomes = True

    def scene(self, frame: Frame, look: Look) -> Scene:
        """The curve, the hiker, the next step."""
        state, following, landscape = frame.state, frame.following, frame.landscape
        loss_at = Slice(landscape.drawn, state.b)
        batch, trail = frame.batch, frame.trail
        held = landscape.drawn.lowest_point(state.b)
        best = landscape.lowest_point() if frame.settings.train_bias else None
        across = (self.window.left, self.window.right) if self.window else _across(frame, look)
        if best is not None and self.window is None:
            across = widened(across, best.w)
        self.window = curve_window(loss_at, widened(across, state.w), log=look.log, shown=self.window)
        descent = Descent(
            loss_at,
            state.w,
            frame.whole.loss,
            state.gradient[0],
            following.w if following else None,
            (following.loss if batch is None else landscape(following.w, following.b)) if following else None,
            trail[:, 0],
            trail[:, 2] if batch is None else landscape.drawn(trail[:, 0], trail[:, 1]),
            held.w if held else None,
            best.w if best else None,
            [(name, ghost.w, ghost.loss) for name, ghost in frame.landings],
            [(path[:, 0], path[:, 2]) for path in map(path_of, others(frame))],
            _slice(frame),
            look.others(frame),
            look.own(frame),
            [minimum.w for minimum in landscape.drawn.minima(state.b)],
            Slice(batch, state.b) if batch is not None else None,
            _lowest_w(batch, state.b),
        )
        return drawn_from(curve_scene(descent, self.window, log=look.log), frame)

    def clicked(self, x: float, laboratory: Laboratory) -> None:
        """Start at the w that was clicked."""
        if self.window is not None:
            w = rounded(x, self.window.right - self.window.left)
            laboratory.walk.set_start(w, laboratory.walk.start[1])


def _lowest_w(batch: Landscape | None, b: float) -> float | None:
    lowest = batch.lowest_point(b) if batch is not None else None
    return lowest.w if lowest else None


def _across(frame: Frame, look: Look) -> tuple[float, float]:
    """The interval of w that the curve shows at first."""
    landscape, around = frame.landscape, look.around
    if look.all_runs:
        return interval_around(all_points(frame)[:, 0])
    if not landscape.exact and not look.close:
        return widened(landscape.scope.w, around.w)
    held = landscape.lowest_point(around.b)
    return window_around(around.w, held.w if held else None)


def _slice(frame: Frame) -> str:
    if not frame.landscape.has_bias:
        return f"L(w) = {frame.landscape.formula}"
    return f"slice at b = {frame.state.b:.6g}" if frame.settings.train_bias else f"b held at {frame.state.b:.6g}"


def rounded(value: float, span: float) -> float:
    """A value rounded to a hundredth of the span on screen, as near as a click can be.

    >>> rounded(1.23456, 5.0)
    1.23
    """
    return float(f"{value:.{max(0, round(2 - np.log10(span)) + 1) if 1e-12 < span < 1e12 else 6}f}")
