"""The rates: how many iterations each learning rate needs or, with several minima, in which one it ends."""

from __future__ import annotations

from dataclasses import replace
from math import isfinite
from typing import TYPE_CHECKING, Any

import numpy as np

from gdcore.landscapes.landscape import Point
from gdcore.studies.basins import Ends, ends
from gdcore.studies.sweep import NEAR_BY_CHANCE, Sweep, default_rates, sweep
from tui.charts.canvas import Label, Scene
from tui.charts.ends import Fates, ends_scene
from tui.charts.rates import WITHIN, rates_scene, rates_window
from tui.charts.rates import Rates as Chart
from tui.charts.window import Window
from tui.views.view import Key, Look, View, drawn_from

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gdcore.descent.steps import Settings
    from gdcore.landscapes.landscape import Landscape
    from tui.laboratory.frame import Frame
    from tui.laboratory.laboratory import Laboratory


class Rates(View):
    """The learning rates against the iterations they take from the start, with a cursor.

    Attributes:
        rates: the learning rates, in rising order.
        result: the iterations or the end of each rate, as far as known; None before the first result.
        cursor: the index of the rate that the user looks at.
    """

    name = "rates"
    tooltip = "How many iterations each learning rate needs."
    told = (
        "How many steps each learning rate needs; the star is the best, the cliff diverges.",
        "Where there are several minima: in which one each rate ends, never in one, or out.",
    )
    hint = "Up and down look at other rates, enter takes the one under the cursor."
    keys = (
        Key("up", "Rate up", "In the view of rates: the next larger rate.", lambda view, _: view.move(1)),
        Key("down", "Rate down", "In the view of rates: the next smaller rate.", lambda view, _: view.move(-1)),
        Key(
            "enter",
            "Take rate",
            "In the view of rates: put the rate under the cursor in force.",
            lambda view, laboratory: view.accept(laboratory),
        ),
    )

    def __init__(self) -> None:
        super().__init__()
        self.rates = np.empty(0)
        self.result: Sweep | Ends | None = None
        self.cursor = 0
        self._swept: object = None

    def scene(self, frame: Frame, look: Look) -> Scene:
        """The sweep as far as it is known; nothing before that."""
        del look
        result, rate = self.result, frame.settings.learning_rate
        if _asks(frame.landscape, frame.settings):
            words = Label("title", [0.5], [0.5], "Each step is a query: too many for all the rates.")
            return Scene(Window(0, 1, 0, 1), (words,), bare=True)
        if result is None:
            words = Label("title", [0.5], [0.5], "Counting the steps of each rate ...")
            return Scene(Window(0, 1, 0, 1), (words,), bare=True)
        if isinstance(result, Ends):
            has_bias, size = frame.landscape.has_bias, abs(frame.start.loss)
            return ends_scene(Fates(self.rates, result, result.minima, has_bias, rate, self.cursor, size))
        critical = frame.stability.critical if frame.stability and frame.landscape.exact else None
        near = WITHIN if frame.settings.batch is None else f"a first time to within {NEAR_BY_CHANCE:.0%}"
        return drawn_from(rates_scene(Chart(result, rate, critical, self.cursor, near), rates_window(result)), frame)

    def study(self, frame: Frame) -> Iterator[Any] | None:
        """Start the sweep over the rates, unless it has begun for this start and these settings."""
        landscape, settings, start = frame.landscape, frame.settings, Point(frame.start.w, frame.start.b)
        wanted = (landscape, start, replace(settings, learning_rate=1.0))
        if _asks(landscape, settings):
            self.rates, self.result, self._swept = np.empty(0), None, None  # there is no rate to move to or to take
            return None
        if wanted == self._swept:
            return None
        self._swept = wanted
        limits = frame.stability
        rates = default_rates(limits.critical if limits else None, _way(frame))
        best = [limits.best] if limits and isfinite(limits.best) else []
        self.rates = rates = np.unique(np.concatenate((rates, [settings.learning_rate], best)))
        self.cursor = int(np.abs(np.log(rates) - np.log(settings.learning_rate)).argmin())
        study = (
            ends(landscape, start, settings, rates)
            if not landscape.convex
            else sweep(landscape, start, settings, rates)
        )
        self.result = None
        if landscape.exact and settings.batch is None:
            self.take(next(study))  # at once: a step costs next to nothing
        return study

    def take(self, piece: Any) -> None:
        """Take the results of the sweep so far."""
        self.result = piece

    def hinted(self, laboratory: Laboratory) -> str:
        """The hint, where there are rates to look at."""
        run = laboratory.walk.timeline
        return "" if _asks(run.landscape, run.settings) else self.hint

    def leave(self) -> None:
        """Drop an unfinished sweep; it begins again when needed."""
        if self.result is None or self.result.done < 1:
            self._swept = None

    def move(self, by: int) -> None:
        """Move the cursor to another rate."""
        self.cursor = min(max(self.cursor + by, 0), max(len(self.rates) - 1, 0))

    def accept(self, laboratory: Laboratory) -> None:
        """Use the rate at the cursor."""
        if len(self.rates):
            laboratory.walk.set_learning_rate(float(f"{self.rates[self.cursor]:.4g}"))


def _asks(landscape: Landscape, settings: Settings) -> bool:
    """Whether each step of each rate would be a query: a batch of rows that stay in an engine."""
    return landscape.remote and settings.batch is not None


def _way(frame: Frame) -> float:
    """Return the distance from the start to the goal, along the parameter with the longest way."""
    start = Point(frame.start.w, frame.start.b)
    goal = frame.landscape.goal(start, frame.settings.train_bias)
    if goal is None:
        low, high = frame.landscape.scope.w
        return (high - low) / 2
    return max(abs(goal.w - start.w), abs(goal.b - start.b))
