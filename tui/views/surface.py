"""The view of the loss as a surface: from a frame to a scene, and a camera that stays where it is put."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tui.charts.map import Walk, close_window, map_window
from tui.charts.surface import Camera, camera_for, surface_scene

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gdcore.descent.state import State
    from gdcore.landscapes.landscape import Landscape
    from tui.charts.canvas import Scene
    from tui.charts.runs import Look
    from tui.charts.window import Floats, Window
    from tui.laboratory.laboratory import Frame

TURN, TILT = 15.0, 10.0
"""How many degrees a key turns the surface and tilts it."""
DRAGGED = 2.0
"""How many degrees a column or a row of a mouse's way turns or tilts it."""


class SurfaceView:
    """Scenes of the surface.

    The camera stays until it is moved; on another landscape it stands anew where the valley is seen best.

    Attributes:
        camera: from where the surface is seen; None until it has been.
    """

    def __init__(self) -> None:
        self.camera: Camera | None = None
        self._landscape: Landscape | None = None
        self._framed: State | None = None
        self._window: Window | None = None

    def scene(
        self, frame: Frame, branches: Sequence[Floats] = (), looks: Sequence[Look] = (), look: Look | None = None
    ) -> Scene:
        """The scene of a frame.

        Args:
            frame: what there is to show.
            branches: the paths (w, b, loss) of other runs.
            looks: what tells them apart.
            look: what tells this run from them; None where it is alone.
        """
        if frame.framed is not self._framed:
            self._framed, self._window = frame.framed, None
        state, landscape = frame.state, frame.landscape
        path = np.concatenate((frame.trail, [[state.w, state.b, state.loss]]))
        shown = self._window or (close_window(path) if frame.close else None)
        window = map_window(landscape, (frame.framed.w, frame.framed.b), (state.w, state.b), shown)
        self._window = window
        if landscape is not self._landscape or self.camera is None:
            self._landscape, self.camera = landscape, camera_for(landscape, window)
        following = frame.following
        ghosts = [("", following.w, following.b)] if following else []
        ghosts += [(name, ghost.w, ghost.b) for name, ghost in frame.ghosts]
        walk = Walk(
            landscape,
            state.w,
            state.b,
            frame.trail,
            ghosts,
            frame.settings.train_bias,
            branches,
            looks,
            look,
            landscape.formula,
        )
        return surface_scene(walk, self.camera, window, log=frame.log)

    def turn(self, by: float) -> None:
        """Walk around the surface by so many degrees."""
        self.camera = (self.camera or Camera()).turned(by)

    def tilt(self, by: float) -> None:
        """Look down more, by so many degrees."""
        self.camera = (self.camera or Camera()).tilted(by)
