"""The views: from a frame to the scene of the chart. Each keeps its window still as long as it serves."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from gdcore.descent.branches import brief
from tui.charts.canvas import Scene
from tui.charts.curve import Descent, Slice, curve_scene, curve_window
from tui.charts.fit import Fit, fit_scene, fit_window
from tui.charts.history import Curve, History, history_scene, history_window
from tui.charts.map import Walk, close_window, map_scene, map_window
from tui.charts.rates import Rates, rates_scene, rates_window
from tui.charts.runs import Look, Looks
from tui.charts.window import Window, widened, window_around
from tui.laboratory.laboratory import trail

if TYPE_CHECKING:
    from gdcore.descent.branches import Branch
    from gdcore.descent.state import State
    from gdcore.descent.timeline import Timeline
    from gdcore.landscapes.landscape import Landscape
    from tui.charts.window import Floats
    from tui.laboratory.laboratory import Frame

COLUMNS = 200
"""A history is reduced to so many stretches."""
SHOWN_BRANCHES = 7
"""So many of the other branches are drawn, the newest ones: with the current one as many as there are looks."""


class Views:
    """Scenes from frames, with the windows that hold still between them."""

    def __init__(self) -> None:
        self._framed: State | None = None
        self._log = False
        self._windows: dict[str, Window] = {}
        self._looks = Looks()

    def looks(self, frame: Frame) -> list[Look]:
        """The colour and the mark of every branch, in their order; a list of branches has them too."""
        numbers = self._looks.of([id(branch) for branch in frame.branches])
        return [Look(number, branch.name) for number, branch in zip(numbers, frame.branches, strict=True)]

    def _looks_of(self, branches: list[Branch], frame: Frame) -> list[Look]:
        looks = self.looks(frame)
        return [look for branch, look in zip(frame.branches, looks, strict=True) if branch in branches]

    def _look(self, frame: Frame) -> Look | None:
        """The look of the current branch; None where it is alone."""
        return self._looks_of([frame.branch], frame)[0] if len(frame.branches) > 1 else None

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
        state, following, landscape = frame.state, frame.following, frame.landscape
        both = frame.settings.train_bias
        loss_at = Slice(landscape, state.b)
        held = landscape.lowest_point(state.b)
        best = landscape.lowest_point() if both else None
        shown = self._windows.get("curve")
        if shown:
            across = (shown.left, shown.right)
        else:
            across = _across(frame)
            if best is not None:
                across = widened(across, best.w)
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
            held.w if held else None,
            best.w if best else None,
            [(name, ghost.w, ghost.loss) for name, ghost in frame.ghosts],
            [(path[:, 0], path[:, 2]) for path in map(_path, others(frame))],
            _slice_title(frame),
            self._looks_of(others(frame), frame),
            self._look(frame),
        )
        return curve_scene(descent, window, log=frame.log)

    def _map(self, frame: Frame) -> Scene:
        """The landscape over w and b."""
        state, landscape = frame.state, frame.landscape
        path = np.concatenate((frame.trail, [[state.w, state.b, state.loss]]))
        shown = self._windows.get("map") or (close_window(path) if frame.close else None)
        window = map_window(landscape, (frame.framed.w, frame.framed.b), (state.w, state.b), shown)
        self._windows["map"] = window
        ghosts = [("", frame.following)] if frame.following else []
        if frame.ghosts:
            ghosts = [*frame.ghosts[:1], *(("1", ghost) for _, ghost in ghosts), *frame.ghosts[1:]]
        walk = Walk(
            landscape,
            state.w,
            state.b,
            path,
            [(name, ghost.w, ghost.b) for name, ghost in ghosts],
            frame.settings.train_bias,
            [_path(branch) for branch in others(frame)],
            self._looks_of(others(frame), frame),
            self._look(frame),
            _shape(frame),
        )
        return map_scene(walk, window)

    def _fit(self, frame: Frame) -> Scene:
        """The rows and the line among them."""
        data, state = frame.data, frame.state
        if data is None:
            return Scene(Window(0, 1, 0, 1), ())
        lowest = frame.landscape.lowest_point(None if frame.settings.train_bias else state.b)
        best = (lowest.w, lowest.b) if lowest else None
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
            floor=lowest(frame.landscape, state, frame.settings.train_bias),
            future=run.losses(now + 1, run.tip + 1, COLUMNS),
            changes=[(at, brief(before, after)) for (_, before), (at, after) in pairwise(changes)],
            branches=[curve_of(branch.run, branch.left_at) for branch in others(frame)],
            looks=self._looks_of(others(frame), frame),
            look=self._look(frame),
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


def _path(branch: Branch) -> Floats:
    """(w, b, loss) of a branch, from where it left another as far as it goes."""
    return trail(branch.run, branch.run.tip + 1, min(branch.left_at, branch.run.tip))


def curve_of(run: Timeline, first: int) -> Curve:
    """The losses of a run from an iteration on."""
    return run.losses(min(first, run.tip), run.tip + 1, COLUMNS)


def lowest(landscape: Landscape, state: State, train_bias: bool) -> float:
    """The smallest loss that a run can reach, over w and b, or over w at the b that is held; else the one it has."""
    floor = landscape.lowest(None if train_bias else state.b)
    return float(state.loss if floor is None else floor)


def _across(frame: Frame) -> tuple[float, float]:
    """The interval of w that the curve shows at first."""
    landscape, framed = frame.landscape, frame.framed
    if not landscape.exact and not frame.close:
        return widened(landscape.scope.w, framed.w)
    held = landscape.lowest_point(framed.b)
    return window_around(framed.w, held.w if held else None)


def _slice_title(frame: Frame) -> str:
    if not frame.landscape.has_bias:
        return f"L(w) = {frame.landscape.formula}"
    return f"slice at b = {frame.state.b:.6g}" if frame.settings.train_bias else f"b held at {frame.state.b:.6g}"


def _shape(frame: Frame) -> str:
    """How narrow the valley is: everywhere, or here."""
    number = frame.landscape.curvature(True, frame.state.w, frame.state.b).condition_number
    here = "" if frame.landscape.exact else " here"
    return f"condition number{here} {number:.4g}"
