"""A chart on the screen: takes a scene and shows its picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.message import Message
from textual.reactive import var

from tui.charts.canvas import Picture, Row, Scene, render
from tui.charts.card import with_card
from tui.terminal.painted import Painted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual import events


class Chart(Painted):
    """Shows a `Scene`. Assign `scene` once a frame: each assignment builds the picture again.

    Attributes:
        scene: What to show; None is an empty chart.
        marker: How lines are drawn, one of `canvas.MARKERS`.
        card: A text to show in an empty area, in several lengths; read when the scene is assigned.
    """

    DEFAULT_CSS = "Chart { width: 1fr; height: 1fr; }"

    scene: var[Scene | None] = var(None, init=False, always_update=True)
    marker: var[str] = var("braille", init=False)
    card: tuple[tuple[str, ...], ...] = ()
    _picture: Picture | None = None
    _card_at: tuple[int, int] | None = None
    _held: tuple[int, int] | None = None

    class Clicked(Message):
        """A click inside the axes.

        Attributes:
            chart: The chart.
            x: The horizontal coordinate there.
        """

        def __init__(self, chart: Chart, x: float) -> None:
            super().__init__()
            self.chart = chart
            self.x = x

    class Dragged(Message):
        """The mouse was moved with its button down.

        Attributes:
            columns: How far to the right since the last message.
            rows: How far down.
        """

        def __init__(self, columns: int, rows: int) -> None:
            super().__init__()
            self.columns = columns
            self.rows = rows

    def watch_scene(self) -> None:
        """Draw the scene."""
        self.repaint()

    def watch_marker(self) -> None:
        """Draw the scene again, with other lines."""
        self.repaint()

    def paint(self, width: int, height: int) -> Sequence[Row]:
        """The picture of the scene."""
        self._picture = None
        if self.scene:
            self._picture = render(self.scene, width, height, self.marker, colourless=self.colourless)
        if self._picture is None:
            return [((" ", ""),) * width] * height
        if not self.card:
            return self._picture.rows
        rows, self._card_at = with_card(self._picture, self.card, self._card_at)
        return rows

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """Capture the mouse until its button is released."""
        if event.button == 1:
            self._held = (event.screen_x, event.screen_y)
            self.capture_mouse()

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Report how far the mouse has moved with its button down."""
        if self._held is not None and self._held != (event.screen_x, event.screen_y):
            x, y = self._held
            self._held = (event.screen_x, event.screen_y)
            self.post_message(self.Dragged(event.screen_x - x, event.screen_y - y))

    def on_mouse_up(self) -> None:
        """Let the mouse go."""
        if self._held is not None:
            self._held = None
            self.release_mouse()

    def on_click(self, event: events.Click) -> None:
        """Report where the chart was clicked; only the left button counts."""
        if event.button != 1:
            return
        place = event.get_content_offset(self)
        x = None if place is None or self._picture is None else self._picture.x_at(*place)
        if x is not None:
            self.post_message(self.Clicked(self, x))
