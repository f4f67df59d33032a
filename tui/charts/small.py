"""A scene in a few rows beside the chart, for orientation: the place on the map, the course of the loss.

Axes, titles, names and most contours are left out.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from tui.charts.canvas import Label, Layer, Line, Picture, Points, Scene, render
from tui.charts.window import ticks_up

if TYPE_CHECKING:
    from collections.abc import Sequence

CONTOURS = 3
"""Maximum number of contours; more would merge."""
LEFT_OUT = {"uphill", "change", "rows", "axis", "residual"}
"""Roles that need more room than there is."""


def small(scene: Scene) -> Scene:
    """The scene with what a picture of some 26 columns and 6 rows can show.

    Lines, the points of the run and the minima stay. A vertical axis becomes the two numbers at its ends.
    """
    contours = [layer for layer in scene.layers if isinstance(layer, Line) and layer.role.startswith("height-")]
    kept = set(map(id, _spread(contours)))
    layers: list[Layer] = []
    for layer in scene.layers:
        if isinstance(layer, Label) or (isinstance(layer, Line) and layer in contours and id(layer) not in kept):
            continue
        if isinstance(layer, (Line, Points)):
            if layer.role in LEFT_OUT or not layer.role:
                continue
            # Marks of other runs, a cell each, would hide the lines; so would each point of a path.
            if isinstance(layer, Points) and (layer.role.startswith("run-") or layer.role == "trail"):
                continue
            layers.append(_simplified(layer))
        else:
            layers.append(layer)
    if not contours and scene.y_title:
        ends = ticks_up(scene.window.bottom, scene.window.top, 4, log=scene.log_y)
        for position, text in (ends[-1], ends[0]) if len(ends) > 1 else ends:
            places = [scene.window.xs_at(1 - step / 40) for step in range(10)]
            layers.append(Label("tick", places, [position] * len(places), text))
    return replace(scene, layers=tuple(layers), bare=True, wordless=True)


def render_small(
    scene: Scene, width: int, height: int, marker: str = "braille", *, colourless: bool = False
) -> Picture:
    """Draw a scene in a few rows, all of which it fills."""
    return render(small(scene), width, height, marker, colourless=colourless)


def _simplified(layer: Line | Points) -> Line | Points:
    """Return the layer as a small picture shows it."""
    if isinstance(layer, Points) or layer.role.startswith("height-"):
        return layer
    # A step moves lines by less than a dot here: in the middle of their dots they are the same drawing.
    layer = replace(layer, pinned=True)
    if layer.role != "floor":
        return layer
    # Dashes of less than two dots would not be of one length.
    xs, ys = np.asarray(layer.xs), np.asarray(layer.ys)
    known = np.isfinite(xs) & np.isfinite(ys)
    return replace(layer, xs=xs[known], ys=ys[known])


def _spread(contours: Sequence[Line]) -> list[Line]:
    """Return as many contours as fit, evenly spaced, beginning with the lowest."""
    every = max(1, -(-len(contours) // CONTOURS))
    return list(contours[::every])
