"""The views: from a frame to the scene of the chart. Each keeps its window still as long as it serves."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from gdcore.branches import brief
from tui.charts.canvas import Scene
from tui.charts.curve import Descent, Slice, curve_scene, curve_window
from tui.charts.fit import Fit, fit_scene, fit_window
from tui.charts.history import Curve, History, history_scene, history_window
from tui.charts.map import Walk, close_window, map_scene, map_window
from tui.charts.rates import Rates, rates_scene, rates_window
from tui.charts.runs import marks
from tui.charts.window import Window, widened, window_around
from tui.laboratory import trail

if TYPE_CHECKING:
    from gdcore.branches import Branch
    from gdcore.descent import State
    from gdcore.loss import MeanSquaredError
    from gdcore.timeline import Timeline
    from tui.charts.window import Floats
    from tui.laboratory import Frame

COLUMNS = 200
"""A history is reduced to so many stretches."""
SHOWN_BRANCHES = 8
"""So many of the other branches are drawn, the newest ones."""


class Views:
    """Scenes from frames, with the windows that hold still between them."""

    def __init__(self) -> None:
        self._framed: State | None = None
        self._log = False
        self._windows: dict[str, Window] = {}

    def scene(self, frame: Frame) -> Scene:
        """The scene of the view that the frame shows."""
        if frame.framed is not self._framed or frame.log != self._log:
            self._framed, self._log = frame.framed, frame.log
            self._windows.clear()
        draw = {
            "curve": self._curve,
            "map": self._map,
            "fit": self._fit,
            "history": self._history,
            "rates": self._rates,
        }[frame.view]
        return draw(frame)

    @property
    def curve_window(self) -> Window | None:
        """What the curve showed last."""
        return self._windows.get("curve")

    def _curve(self, frame: Frame) -> Scene:
        """L(w) at the current b."""
        state, following, loss = frame.state, frame.following, frame.loss
        both = frame.settings.train_bias
        loss_at = Slice(loss, state.b)
        shown = self._windows.get("curve")
        if shown:
            across = (shown.left, shown.right)
        else:
            across = window_around(frame.framed.w, loss.minimum_w(frame.framed.b))
            if both and loss.minimum:
                across = widened(across, loss.minimum[0])
        window = curve_window(loss_at, widened(across, state.w), log=frame.log, shown=shown)
        self._windows["curve"] = window
        descent = Descent(
            loss_at,
            state.w,
            state.loss,
            state.gradient[0],
            following.w if following else None,
            following.loss if following else None,
            frame.trail[:, 0],
            frame.trail[:, 2],
            loss.minimum_w(state.b),
            loss.minimum[0] if both and loss.minimum else None,
            [(name, ghost.w, ghost.loss) for name, ghost in frame.ghosts],
            [(path[:, 0], path[:, 2]) for path in map(_path, others(frame))],
            f"slice at b = {state.b:.6g}" if both else f"b held at {state.b:.6g}",
        )
        return curve_scene(descent, window, log=frame.log)

    def _map(self, frame: Frame) -> Scene:
        """The landscape over w and b."""
        state, loss = frame.state, frame.loss
        path = np.concatenate((frame.trail, [[state.w, state.b, state.loss]]))
        shown = self._windows.get("map") or (close_window(path) if frame.close else None)
        window = map_window(loss, (frame.framed.w, frame.framed.b), (state.w, state.b), shown)
        self._windows["map"] = window
        ghosts = [("", frame.following)] if frame.following else []
        if frame.ghosts:
            ghosts = [*frame.ghosts[:1], *(("1", ghost) for _, ghost in ghosts), *frame.ghosts[1:]]
        walk = Walk(
            loss,
            state.w,
            state.b,
            path,
            [(name, ghost.w, ghost.b) for name, ghost in ghosts],
            frame.settings.train_bias,
            [_path(branch) for branch in others(frame)],
            marks_of(frame),
            f"condition number {loss.curvature(True).condition_number:.4g}",
        )
        return map_scene(walk, window)

    def _fit(self, frame: Frame) -> Scene:
        """The rows and the line among them."""
        data, state, loss = frame.data, frame.state, frame.loss
        best_w = loss.minimum_w(state.b)
        held = None if best_w is None else (best_w, state.b)
        best = loss.minimum if frame.settings.train_bias else held
        if "fit" not in self._windows:
            self._windows["fit"] = fit_window(data.x, data.y)
        at = frame.scale.to_scaled(frame.predict_at) if frame.scale else frame.predict_at
        unit = " (standardized)" if frame.scale else ""
        names = (data.x_name + unit, data.y_name + unit)
        told = f"y({frame.predict_at:.6g}) = {frame.prediction:.6g}" if frame.scale else ""
        fit = Fit(data.x, data.y, (state.w, state.b), best, *names, at, told)
        return fit_scene(fit, self._windows["fit"])

    def _history(self, frame: Frame) -> Scene:
        """The loss against the iterations."""
        run, state = frame.branch.run, frame.state
        now = state.iteration
        changes = run.changes()
        history = History(
            past=run.losses(0, now + 1, COLUMNS),
            iteration=now,
            loss=state.loss,
            floor=lowest(frame.loss, state, frame.settings.train_bias),
            future=run.losses(now + 1, run.tip + 1, COLUMNS),
            changes=[(at, brief(before, after)) for (_, before), (at, after) in pairwise(changes)],
            branches=[curve_of(branch.run, branch.left_at) for branch in others(frame)],
            marks=marks_of(frame),
            title=f"branch {frame.branch.name}" if len(frame.branches) > 1 else "",
        )
        window = history_window(history, log=frame.log, shown=self._windows.get("history"))
        self._windows["history"] = window
        return history_scene(history, window, log=frame.log)

    def _rates(self, frame: Frame) -> Scene:
        """The learning rates against the iterations they take."""
        if frame.sweep is None:
            return Scene(Window(0, 1, 0, 1), ())
        critical = frame.stability.critical if frame.stability else None
        rates = Rates(frame.sweep, frame.settings.learning_rate, critical, frame.cursor)
        return rates_scene(rates, rates_window(frame.sweep))


def others(frame: Frame) -> list[Branch]:
    """The other branches that are drawn, the newest ones."""
    return [branch for branch in frame.branches if branch is not frame.branch][-SHOWN_BRANCHES:]


def marks_of(frame: Frame) -> list[str]:
    """The marks of the other branches that are drawn; a mark stays whichever branch is the current one."""
    names = [branch.name for branch in frame.branches]
    found = dict(zip(names, marks(names), strict=True))
    return [found[branch.name] for branch in others(frame)]


def _path(branch: Branch) -> Floats:
    """(w, b, loss) of a branch, from where it left another as far as it goes."""
    return trail(branch.run, branch.run.tip + 1, min(branch.left_at, branch.run.tip))


def curve_of(run: Timeline, first: int) -> Curve:
    """The losses of a run from an iteration on."""
    return run.losses(min(first, run.tip), run.tip + 1, COLUMNS)


def lowest(loss: MeanSquaredError, state: State, train_bias: bool) -> float:
    """The smallest loss that a run can reach: over w and b, or over w at the b that is held."""
    if train_bias:
        return loss.floor
    w = loss.minimum_w(state.b)
    return float(state.loss if w is None else loss(w, state.b))
