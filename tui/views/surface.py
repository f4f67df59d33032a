"""The surface: the loss over w and b from the side, with the path on it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tui.charts.map import Walk, close_window, map_window
from tui.charts.surface import Camera, camera_for, surface_scene
from tui.views.view import Key, Look, View, drawn_from, others, path_of

if TYPE_CHECKING:
    from gdcore.landscapes.landscape import Landscape
    from tui.charts.canvas import Scene
    from tui.laboratory.frame import Frame
    from tui.laboratory.ground import Ground

TURN, TILT = 15.0, 10.0
"""How many degrees a key turns the surface, and tilts it."""
DRAG = 2.5
"""Degrees of rotation for each column, and of tilt for each row, of a mouse drag."""


class Surface(View):
    """The landscape over w and b as a 3D surface; the camera stays where the user puts it.

    On another landscape it returns to where the valley is seen best.

    Attributes:
        camera: from where the surface is seen.
    """

    name = "surface"
    tooltip = "The loss over w and b, as a surface to turn, and the path on it."
    told = (
        "The loss over w and b as a net, its height by colour; the path on it. ( and ) turn it, / and \\ tilt it.",
        "Heights are drawn by their roots, or with l by their logarithms. What a hill hides is grey.",
    )
    hint = "( and ) turn the surface, / and \\ tilt it; so does the mouse."
    races = True
    keys = (
        Key(
            "left_parenthesis",
            "Turn left",
            "In the view of the surface: turn it to the left.",
            lambda view, _: view.turn(-TURN),
        ),
        Key(
            "right_parenthesis",
            "Turn right",
            "In the view of the surface: turn it to the right.",
            lambda view, _: view.turn(TURN),
        ),
        Key("slash", "Tilt up", "In the view of the surface: see it more from above.", lambda view, _: view.tilt(TILT)),
        Key(
            "backslash",
            "Tilt down",
            "In the view of the surface: see it more from the side.",
            lambda view, _: view.tilt(-TILT),
        ),
    )

    def __init__(self) -> None:
        super().__init__()
        self.camera = Camera()
        self._landscape: Landscape | None = None

    def missing(self, ground: Ground) -> str:
        """A surface needs a b."""
        return "" if ground.landscape.has_bias else "There is no b here, and so no surface over w and b."

    def scene(self, frame: Frame, look: Look) -> Scene:
        """The net, other runs, the path."""
        state, landscape = frame.state, frame.landscape
        path = np.concatenate((frame.trail, [[state.w, state.b, state.loss]]))
        shown = self.window or (close_window(path) if look.close else None)
        self.window = map_window(landscape, (look.around.w, look.around.b), (state.w, state.b), shown)
        if landscape is not self._landscape:
            self._landscape, self.camera = landscape, camera_for(landscape, self.window)
        ghosts = [("", frame.following)] if frame.following else []
        walk = Walk(
            landscape,
            state.w,
            state.b,
            frame.trail,
            [(name, ghost.w, ghost.b) for name, ghost in (*ghosts, *frame.landings)],
            frame.settings.train_bias,
            [path_of(branch) for branch in others(frame)],
            look.others(frame),
            look.own(frame),
            f"{self.camera.azimuth:g} degrees around, {self.camera.tilt:g} up",
        )
        return drawn_from(surface_scene(walk, self.camera, self.window, log=look.log), frame)

    def turn(self, by: float) -> None:
        """Walk around the surface by so many degrees."""
        self.camera = self.camera.turned(by)

    def tilt(self, by: float) -> None:
        """Look down more, by so many degrees."""
        self.camera = self.camera.tilted(by)

    def dragged(self, columns: int, rows: int) -> bool:
        """Turn and tilt the surface as the mouse takes it along."""
        self.turn(-DRAG * columns)
        self.tilt(DRAG * rows)
        return True
