"""The surface as data: what is hidden, drawing any landscape, and windows that hold still."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gdcore.descent.steps import Limits, Settings
from gdcore.descent.timeline import Timeline
from gdcore.landscapes.bowl import MeanSquaredError
from gdcore.landscapes.landscape import Landscape, Minimum
from gdcore.landscapes.terrain import TERRAINS
from gdcore.rows.dataset import load
from tests.problems import Counted, pizza_rows
from tests.terminal import opened
from tui.charts import surface
from tui.charts.canvas import MARKERS, Dots, Line, Picture, Points, Scene, render
from tui.charts.heights import ROLES, heights
from tui.charts.map import Walk, map_window
from tui.charts.runs import Badge
from tui.charts.surface import Camera, View, camera_for, surface_scene
from tui.charts.window import Window
from tui.laboratory.laboratory import Laboratory
from tui.views.surface import Surface
from tui.views.views import Views

if TYPE_CHECKING:
    from tui.charts.window import Floats

PIZZA = MeanSquaredError.of(*pizza_rows())
WIDE = Window(-1, 1, -1, 1)
SIZES = [(1, 1), (2, 3), (8, 4), (20, 7), (52, 14), (92, 26), (220, 70)]
CAMERAS = st.builds(Camera, st.floats(0, 359), st.floats(10, 80))


class Given(Landscape):
    """A landscape of any formula."""

    def __init__(self, formula: Any, lowest: Minimum | None = None) -> None:
        self.found = formula
        self.lowest_known = lowest

    def loss_and_gradient(self, w: Any, b: Any) -> tuple[Any, tuple[Any, Any]]:
        return self.found(w, b), (0 * w, 0 * b)

    def minima(self, b: float | None = None) -> tuple[Minimum, ...]:
        return (self.lowest_known,) if self.lowest_known and b is None else ()


RIDGE = Given(lambda w, b: np.exp(-(((b - 0 * w) / 0.2) ** 2)), Minimum(0.0, 0.6, 0.0))
"""A wall along b = 0, and a lowest point behind it."""
HOLE = Given(lambda w, b: np.where(w * w + b * b < 0.2, math.nan, 1 + w * w + b))
ROUGH = [Given(lambda w, b: 1 / (w - b)), Given(lambda w, b: np.log(w) + b), Given(lambda w, b: np.exp(900 * w + b))]
LANDSCAPES = [PIZZA, RIDGE, HOLE, *ROUGH, Given(lambda w, b: 0 * w * b), *(t for t in TERRAINS.values() if t.has_bias)]


def standing(landscape: Landscape, w: float = 0.0, b: float = 0.0, **changes: Any) -> Walk:
    return replace(Walk(landscape, w, b), **changes)


def roles(picture: Picture) -> set[str]:
    body = picture.body
    return {role for row in picture.rows[body.row : body.row + body.height] for _, role in row}


def text(picture: Picture) -> str:
    return "\n".join("".join(character for character, _ in row) for row in picture.rows)


# The projection


@given(CAMERAS, st.floats(0, 1), st.floats(0, 1))
def test_a_place_on_the_chart_and_its_depth_are_a_point_of_the_plane(camera: Camera, u: float, v: float) -> None:
    view = View(camera)
    point = (np.array([u]), np.array([v]))
    across, depth = view.across(*point), view.depth(*point)
    assert 0 <= across[0] <= 1 + 1e-9
    assert 0 <= depth[0] <= 1 + 1e-9
    np.testing.assert_allclose(view.plane(across, depth), point, atol=1e-12)


@given(CAMERAS, st.tuples(*[st.floats(-1, 1)] * 6))
def test_the_projection_is_a_rotation_seen_from_the_front(camera: Camera, points: tuple[float, ...]) -> None:
    """Two rotation matrices of the textbook, and then the third coordinate is left out, up to where zero is."""
    turn, tilt = math.radians(camera.azimuth), math.radians(camera.tilt)
    about = np.array([[math.cos(turn), math.sin(turn), 0], [-math.sin(turn), math.cos(turn), 0], [0, 0, 1]])
    down = np.array([[1, 0, 0], [0, math.sin(tilt), math.cos(tilt)], [0, -math.cos(tilt), math.sin(tilt)]])
    view = View(camera)
    corners = np.array(points).reshape(2, 3) / 2 + 0.5
    places = [(view.across(*p[:2]) * 2 * view.reach, view.climb(view.depth(*p[:2]), p[2])) for p in corners]
    rotated = [down @ about @ (p * (1, 1, surface.HEIGHT)) for p in corners]
    np.testing.assert_allclose(np.subtract(places[0], places[1]), (rotated[0] - rotated[1])[:2], atol=1e-12)


@settings(max_examples=40, deadline=None)
@given(CAMERAS, st.integers(0, 2**32 - 1))
def test_what_is_hidden_is_what_a_ray_to_the_viewer_meets(camera: Camera, seed: int) -> None:
    himmelblau = TERRAINS["himmelblau"]
    window = Window(-5, 5, -5, 5)
    ground = surface._ground(himmelblau, window, camera, False)
    assert ground is not None
    u, v = np.random.default_rng(seed).uniform(0, 1, (2, 20))
    seen = ground.seen(*ground.place(window.xs_at(u), window.ys_at(v)))
    turn, tilt = math.radians(camera.azimuth), math.radians(camera.tilt)
    to_viewer = np.array([math.sin(turn), -math.cos(turn), math.tan(tilt)])
    for index in range(20):
        height = float(ground.heights(u[[index]], v[[index]])[0]) * surface.HEIGHT
        way = np.linspace(0, 1.5, 1500)[:, None] * to_viewer
        along = np.array([u[index], v[index], height]) + way
        inside = (along[:, :2] >= 0).all(axis=1) & (along[:, :2] <= 1).all(axis=1)
        clearance = along[inside, 2] - surface.HEIGHT * ground.heights(along[inside, 0], along[inside, 1])
        # What is hidden by a hair may be told either way.
        if clearance.min() > -1e-4:
            assert seen[index]
        elif clearance.min() < -0.06:
            assert not seen[index]


# What is drawn


@settings(max_examples=120, deadline=None)
@given(
    st.sampled_from(LANDSCAPES),
    CAMERAS,
    st.sampled_from(SIZES),
    st.sampled_from(list(MARKERS)),
    st.booleans(),
    st.sampled_from([WIDE, Window(-1e150, 1e150, -1e-150, 1e-150), Window(1, 1 + 1e-12, -1e308, 1e308)]),
    st.tuples(*[st.floats() | st.sampled_from([0.0, math.nan, math.inf])] * 2),
)
def test_any_surface_is_drawn(  # noqa: PLR0917
    landscape: Landscape,
    camera: Camera,
    size: tuple[int, int],
    marker: str,
    log: bool,
    window: Window,
    point: tuple[float, float],
) -> None:
    path = np.array([[0.1, 0.2], point, [0.3, 0.1]])
    walk = standing(landscape, *point, path=path, ghosts=[("", *point)], branches=[path, ()], badges=[Badge(1, "B")])
    picture = render(surface_scene(walk, camera, window, log=log), *size, marker)
    assert picture.size == size
    assert marker != "dot" or text(picture).isascii()


def test_a_wall_hides_what_is_behind_it_and_no_longer_from_the_other_side() -> None:
    for camera, hidden in ((Camera(0, 30), True), (Camera(180, 30), False), (Camera(0, 80), False)):
        walk = standing(RIDGE, 0.0, 0.45, path=np.array([[0.0, 0.9]]), ghosts=[("", 0.0, 0.4)])
        picture = render(surface_scene(walk, camera, WIDE), 92, 26)
        inside = roles(picture)
        assert ("hiker" in inside) is not hidden
        assert ("minimum" in inside) is not hidden
        assert ("behind" in inside) is hidden
        assert ("◌" in text(picture)) is hidden, "another mark, for whoever sees no colours"
        assert ("minimum (behind)" in text(picture)) is hidden


def dots(scene: Scene, size: tuple[int, int]) -> Floats:
    """Where the net is drawn: (row, column, level) of each of its cells."""
    (net,) = (layer for layer in scene.layers if isinstance(layer, Dots))
    drawn = net.draw(*size, "braille")
    return np.array(
        [(row, column, ROLES.index(role)) for role, marks in drawn for row, column, _ in marks], dtype=float
    )


def test_no_line_of_the_net_is_seen_through_the_wall() -> None:
    low, high = (
        Given(lambda w, b: 0 * w + np.where(b > 0.8, 1.0, 0.0)),
        Given(lambda w, b: np.where(b > -0.8, 0.0, 1.0) + 0 * w),
    )
    front = dots(surface_scene(standing(high), Camera(0, 20), WIDE), (60, 24))
    back = dots(surface_scene(standing(low), Camera(0, 20), WIDE), (60, 24))
    assert (front[:, 2] == 0).sum() < (back[:, 2] == 0).sum() / 2, (
        "a wall in front hides the plain, one at the back none"
    )


def test_a_hole_in_the_landscape_is_a_gap_in_the_net() -> None:
    whole = Given(lambda w, b: 1 + w * w + b)
    size = (92, 26)
    holed, filled = (dots(surface_scene(standing(each), Camera(0, 80), WIDE), size) for each in (HOLE, whole))
    cells = {(row, column) for row, column, _ in filled} - {(row, column) for row, column, _ in holed}
    columns = sorted(column for _, column in cells)
    assert len(cells) > 60
    assert 20 < columns[0] < columns[-1] < 72, "in the middle and nowhere else"


def test_the_net_has_the_colours_of_its_heights() -> None:
    window = map_window(PIZZA, (0.0, 0.0), (0.0, 0.0))
    scale = heights(PIZZA, window)
    assert scale is not None
    picture = render(surface_scene(standing(PIZZA), camera_for(PIZZA, window), window), 52, 14)
    assert {f"height-{level}" for level in range(2, 10)} <= roles(picture)
    ends = [scale.role(PIZZA.floor), scale.role(float(PIZZA(4.0, 30.0)))]
    assert ends == ["height-0", "height-9"]


def test_heights_rise_with_the_loss_on_both_scales() -> None:
    losses = np.geomspace(0.5, 900, 50)
    for log in (False, True):
        found = surface.Relief(1.0, 800.0, log).height(losses)
        assert (np.diff(found) >= 0).all()
        assert (found[0], found[-1]) == (0, 1)
    assert math.isnan(surface.Relief(0, 1, log=False).height(math.nan))


def test_a_single_valley_is_looked_along_and_of_several_minima_the_most_are_seen() -> None:
    window = map_window(PIZZA, (0.0, 0.0), (0.0, 0.0))
    view = View(camera_for(PIZZA, window))
    floor = [(PIZZA.weight - share, PIZZA.bias + share * PIZZA.moments.mean_x) for share in (-0.5, 0.5)]
    ends = [(window.across(w), window.up(b)) for w, b in floor]
    across = abs(view.across(*ends[0]) - view.across(*ends[1]))
    away = abs(view.depth(*ends[0]) - view.depth(*ends[1]))
    assert away > 1.5 * across
    camel = TERRAINS["camel"]
    window = Window(*camel.scope.w, *camel.scope.b)
    scene = surface_scene(standing(camel, *camel.scope.start), camera_for(camel, window), window)
    (seen,) = (layer for layer in scene.layers if isinstance(layer, Points) and layer.role == "minimum")
    assert np.isfinite(np.asarray(seen.xs)).sum() >= 4


def test_the_path_lies_on_the_surface() -> None:
    window = Window(-1, 4, -10, 30)
    ground = surface._ground(PIZZA, window, Camera(), False)
    assert ground is not None
    walk = standing(PIZZA, 3.0, 10.0, path=np.array([[0.0, 0.0]]))
    scene = surface_scene(walk, Camera(), window)
    across, up = [], []
    for layer in scene.layers:
        if isinstance(layer, Line) and layer.role in ("trail", "behind"):
            across.append(np.asarray(layer.xs, dtype=float))
            up.append(np.asarray(layer.ys, dtype=float))
    share = np.linspace(0, 1, len(across[0]))
    known, heights_there, _ = ground.place(3 * share, 10 * share)
    joined = np.where(np.isnan(across[0]), across[1], across[0])
    np.testing.assert_allclose(joined, known)
    np.testing.assert_allclose(up[0], heights_there)


def test_the_runners_of_a_race_have_their_names_colours_and_marks() -> None:
    lab = Laboratory(load("pizza"), Settings(0.001, train_bias=True), Limits(100))
    lab.walk.step(5)
    lab.studies.race()
    views = Views()
    views.show("surface", lab.ground)
    picture = render(views.scene(lab.frame), 92, 26)
    for key, badge in views.badges(lab.frame).items():
        if key != id(lab.frame.branch):
            assert f"{badge.glyph} {badge.name}" in text(picture)
            assert (badge.glyph, badge.role) in {cell for row in picture.rows for cell in row}


def words(picture: Picture, role: str) -> set[str]:
    """What is written in a role."""
    rows = ("".join(character if own == role else " " for character, own in row) for row in picture.rows)
    return {word for row in rows for word in row.split()}


@pytest.mark.parametrize("race", [False, True])
@pytest.mark.parametrize("size", [(24, 8), (52, 14), (92, 26)])
@pytest.mark.parametrize(
    ("name", "top", "bottom"), [("camel", "8.668", "-1.032"), ("himmelblau", "890", "0"), ("pizza", "3414", "22.84")]
)
def test_both_ends_of_the_loss_are_said_from_every_side(
    name: str, top: str, bottom: str, size: tuple[int, int], race: bool
) -> None:
    lab = Laboratory(TERRAINS.get(name) or load(name), Settings(0.001, train_bias=True), Limits(100))
    lab.walk.step(3)
    if race:
        lab.studies.race()
    views = Views()
    views.show("surface", lab.ground)
    views.scene(lab.frame)
    view = views.current
    assert isinstance(view, Surface)
    for azimuth in range(10, 360, 35):
        for tilt in (10, 35, 55, 80):
            view.camera = Camera(azimuth, tilt)
            picture = render(views.scene(lab.frame), *size)
            assert {"loss", top} <= words(picture, "title")
            assert bottom in words(picture, "tick")


def test_a_run_that_left_the_window_has_its_mark_and_its_name_where_it_was_last_seen() -> None:
    window = Window(-1, 4, -10, 30)
    ground = surface._ground(PIZZA, window, Camera(), False)
    assert ground is not None
    branches = [np.array([[0.0, 0.0], [1.0, 10.0], [99.0, 10.0], [math.nan, math.nan]]), np.array([[9.0, 0.0]])]
    walk = standing(PIZZA, 2.0, 5.0, branches=branches, badges=[Badge(1, "away"), Badge(2, "unseen")])
    scene = surface_scene(walk, Camera(), window)
    (mark,) = (layer for layer in scene.layers if isinstance(layer, Points) and layer.glyph == "run-1")
    across, up, _ = ground.place(1.0, 10.0)
    np.testing.assert_allclose(np.asarray(mark.xs), across)
    np.testing.assert_allclose(np.asarray(mark.ys), up)
    assert "▲ away" in text(render(scene, 92, 26))
    assert "unseen" not in text(render(scene, 92, 26))


def test_it_is_offered_where_there_is_a_b() -> None:
    lab = Laboratory(TERRAINS["kink"], Settings(), Limits())
    views = Views()
    assert views.show("surface", lab.ground) == "There is no b here, and so no surface over w and b."
    assert views.current.name == "curve"


# It holds still


@pytest.mark.parametrize("size", [(52, 14), (92, 26)])
def test_a_step_draws_no_net_and_changes_few_cells(size: tuple[int, int]) -> None:
    lab = Laboratory(load("pizza"), Settings(0.0035, train_bias=True), Limits(100))
    views = Views()
    views.show("surface", lab.ground)
    before = render(views.scene(lab.frame), *size)
    drawn = surface._drawn.cache_info().misses
    for _ in range(20):
        lab.walk.step()
        after = render(views.scene(lab.frame), *size)
        changed = sum(
            one != other
            for old, new in zip(before.rows, after.rows, strict=True)
            for one, other in zip(old, new, strict=True)
        )
        assert changed <= 60
        assert (changed > 0) is (before.rows != after.rows)
        before = after
    assert surface._drawn.cache_info().misses == drawn


def test_the_camera_stays_while_one_walks_and_looks_elsewhere() -> None:
    lab = Laboratory(load("pizza"), Settings(0.0035, train_bias=True), Limits(100))
    views = Views()
    views.show("surface", lab.ground)
    views.scene(lab.frame)
    view = views.current
    assert isinstance(view, Surface)
    view.turn(40)
    view.tilt(-5)
    put = view.camera
    lab.walk.step(5)
    views.show("curve", lab.ground)
    views.scene(lab.frame)
    views.show("surface", lab.ground)
    views.toggle_log()
    views.scene(lab.frame)
    assert view.camera == put
    assert view.dragged(4, 2)
    assert (view.camera.azimuth, view.camera.tilt) == ((put.azimuth - 10) % 360, put.tilt + 5)


@pytest.mark.parametrize("size", [(80, 24), (120, 36)])
def test_a_step_sends_few_bytes(size: tuple[int, int]) -> None:
    with opened("pizza", "-l", "0.0035", "--train-bias", size=size) as terminal:
        terminal.press("6")
        terminal.see("degrees around")
        terminal.settle()
        for step in range(1, 13):
            before = len(terminal.sent)
            terminal.press("n")
            terminal.see(f"Step {step} of 100")
            terminal.settle()
            assert 0 < len(terminal.sent) - before <= 1500
        terminal.press("q")
        assert terminal.finish() == 0


def test_a_path_that_diverged_is_drawn() -> None:
    run = Timeline(PIZZA, Settings(0.01, train_bias=True), Limits(1000))
    run.forward(1000)
    path = run.path(0, run.tip + 1)
    window = map_window(PIZZA, (0.0, 0.0), (path[-1, 0], path[-1, 1]))
    for size in SIZES:
        assert render(surface_scene(standing(PIZZA, *path[-1, :2], path=path), Camera(), window), *size).size == size


def test_a_surface_over_many_rows_passes_them_once_and_never_as_it_is_turned() -> None:
    x = np.linspace(0, 10, 5000)
    loss = Counted(x, 2 * x + np.cos(x))
    window = Window(*loss.scope.w, *loss.scope.b)
    passed = []
    for azimuth in (0.0, 25.0, 190.0):
        render(surface_scene(standing(loss, 1.0, 1.0), Camera(azimuth), window), 92, 26)
        passed.append(Counted.passed)
    assert 0 < passed[0] == passed[-1]
