"""The usual way: textual-plotext redraws the curve, its minimum and the current point at each step.

It runs in an environment of its own, since textual-plotext needs another plotext than gdlab.
"""

from pathlib import Path
from typing import ClassVar

from textual.app import App, ComposeResult
from textual.binding import BindingType
from textual.timer import Timer
from textual_plotext import PlotextPlot  # type: ignore[import-not-found]

LEARNING_RATE = 0.0001
DATA = Path(__file__).parent.parent / "data" / "pizza.txt"
ROWS = [tuple(map(float, line.split())) for line in DATA.read_text().splitlines()[1:]]


def loss(w: float) -> float:
    """The mean squared error of y = w * x."""
    return sum((w * x - y) ** 2 for x, y in ROWS) / len(ROWS)


def gradient(w: float) -> float:
    """Its derivative."""
    return 2 * sum(x * (w * x - y) for x, y in ROWS) / len(ROWS)


MINIMUM = sum(x * y for x, y in ROWS) / sum(x * x for x, _ in ROWS)
WEIGHTS = [-1 + 5 * place / 200 for place in range(201)]
CURVE = [loss(w) for w in WEIGHTS]


class PlotextApp(App[None]):
    """A loss curve: n makes a step, space runs at 10 steps a second, q quits."""

    BINDINGS: ClassVar[list[BindingType]] = [("n", "step"), ("space", "run"), ("q", "quit")]
    count = 0
    w = 0.0
    timer: Timer | None = None

    def compose(self) -> ComposeResult:
        """The plot."""
        yield PlotextPlot()

    def on_mount(self) -> None:
        """Draw the start."""
        self.draw()

    def draw(self) -> None:
        """Draw the curve, the minimum and the point."""
        plot = self.query_one(PlotextPlot)
        plot.plt.clear_data()
        plot.plt.title(f"Step {self.count}")
        plot.plt.xlabel("w (weight)")
        plot.plt.ylabel("loss")
        plot.plt.plot(WEIGHTS, CURVE, marker="braille")
        plot.plt.scatter([MINIMUM], [loss(MINIMUM)], marker="x")
        plot.plt.scatter([self.w], [loss(self.w)], marker="o")
        plot.refresh()

    def action_step(self) -> None:
        """Make a step."""
        self.count += 1
        self.w -= LEARNING_RATE * gradient(self.w)
        self.draw()

    def action_run(self) -> None:
        """Make ten steps a second."""
        self.timer = self.set_interval(0.1, self.action_step)


if __name__ == "__main__":
    PlotextApp().run()
