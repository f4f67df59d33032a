"""The baseline: a Textual app that only updates one label when a key is pressed."""

from typing import ClassVar

from textual.app import App, ComposeResult
from textual.binding import BindingType
from textual.timer import Timer
from textual.widgets import Static


class LabelApp(App[None]):
    """A label that counts: n makes a step, space runs at 10 steps a second, q quits."""

    BINDINGS: ClassVar[list[BindingType]] = [("n", "step"), ("space", "run"), ("q", "quit")]
    count = 0
    timer: Timer | None = None

    def compose(self) -> ComposeResult:
        """The label."""
        yield Static("Step 0")

    def action_step(self) -> None:
        """Count one more."""
        self.count += 1
        self.query_one(Static).update(f"Step {self.count}", layout=False)

    def action_run(self) -> None:
        """Count ten a second."""
        self.timer = self.set_interval(0.1, self.action_step)


if __name__ == "__main__":
    LabelApp().run()
