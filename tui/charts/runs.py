"""Other runs in a chart: a line each, and on it a mark that no other has.

All their lines are of one role and so of one colour: it is the mark that tells them apart.
"""

from collections.abc import Sequence

import numpy as np

from tui.charts.canvas import Label, Layer, Line
from tui.charts.window import Floats, Window

LETTERS = 4
"""A mark is so many letters of a name: seven of them fit side by side in the narrowest chart that shows everything."""
NARROW = 46
"""The columns of that chart."""
TALL = 20
"""Twice its rows, as a cell is about two columns high."""
SAMPLES = 24
"""The places along a line at which its mark may stand."""
BESIDE = 0.12
"""A row of that chart, as a share of its height."""
CLEAR = 4.0
"""So many columns away from the next line is as clear as any more."""


def marks(names: Sequence[str]) -> list[str]:
    """A short mark for every name, no two alike: its first letters, with the number that it ends in.

    >>> marks(["A", "momentum", "AdaGrad", "Adam", "momentum 2", "Adam slow"])
    ['A', 'mome', 'AdaG', 'Adam', 'mome2', 'Adam2']
    """
    found: list[str] = []
    for name in names:
        first, *others = name.split() or [""]
        mark = stem = first[:LETTERS] + (others[-1][:LETTERS] if others and others[-1].isdigit() else "")
        number = 1
        while mark in found:
            number += 1
            mark = f"{stem}{number}"
        found.append(mark)
    return found


def run_layers(runs: Sequence[tuple[Floats, Floats]], names: Sequence[str], window: Window) -> list[Layer]:
    """The line of every run, and on it its mark, where it is best told from the others."""
    layers: list[Layer] = [Line("branch", xs, ys, "other runs") for xs, ys in runs]
    places = [_samples(window.across(xs), window.up(ys)) for xs, ys in runs]
    for index, (mark, own) in enumerate(zip(names, places, strict=False)):
        others = [other for at, other in enumerate(places) if at != index and len(other)]
        clear = np.full(len(own), CLEAR)
        if others:
            away = (own[:, None] - np.concatenate(others)[None]) * (NARROW, TALL)
            clear = np.minimum(np.hypot(away[..., 0], away[..., 1]).min(axis=1), CLEAR)
        # Of the places that are as clear the last one, where the run has come to.
        best = own[np.lexsort((-np.arange(len(own)), -np.floor(clear)))]
        # Where the line itself has no room, a row above or below it.
        row = np.array([0, BESIDE])
        best = np.concatenate((best, best + row, best - row))
        layers.append(Label("branch", window.xs_at(best[:, 0]), window.ys_at(best[:, 1]), mark))
    return layers


def _samples(across: Floats, up: Floats) -> Floats:
    """Points (across, up) of a line in the unit square, evenly spaced along it, shape (n, 2)."""
    points = np.column_stack((across, up))
    points = points[np.isfinite(points).all(axis=1)]
    points = points[((points >= 0) & (points <= 1)).all(axis=1)]
    if len(points) < 2:
        return points
    steps = np.diff(points, axis=0) * (NARROW, TALL)
    along = np.append(0, np.cumsum(np.hypot(steps[:, 0], steps[:, 1])))
    spots = np.linspace(0, along[-1], SAMPLES)
    return np.column_stack([np.interp(spots, along, points[:, axis]) for axis in (0, 1)])
