"""Colours with a meaning differ from the background and from each other, also for colour-blind readers."""

from __future__ import annotations

from itertools import combinations, pairwise

import numpy as np
import pytest
from rich.color import Color, ColorSystem
from rich.palette import Palette

from tui.charts.colours import (
    CURVE,
    FEW,
    HEIGHTS,
    MANY,
    RGB,
    RUNS,
    SIXTEEN,
    TEXT,
    TRUE,
    contrast,
    distance,
    height_colours,
    in_words,
    legible,
    luminance,
    many,
    oklab,
    run_colours,
)

BACKGROUNDS: dict[str, RGB] = {
    "dark": (15, 20, 27),
    "black": (0, 0, 0),
    "white": (255, 255, 255),
    "paper": (251, 250, 247),
    "nord": (46, 52, 64),
    "solarized": (253, 246, 227),
}
OWN = ("dark", "black", "paper")
"""Those of the themes that were made for gdlab."""
SYSTEMS = {TRUE: ColorSystem.TRUECOLOR, MANY: ColorSystem.EIGHT_BIT, FEW: ColorSystem.STANDARD}

PROTAN = np.array([[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]])
DEUTAN = np.array([[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]])
"""How linear RGB looks to eyes without red or without green cones (Machado, Oliveira and Fernandes 2009, table 1)."""


def seen_by(colour: RGB, eyes: np.ndarray) -> RGB:
    share = np.array(colour) / 255
    light = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
    light = np.clip(eyes @ light, 0, 1)
    shown = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    red, green, blue = (round(255 * float(value)) for value in shown)
    return red, green, blue


# The measures


def test_oklab_of_known_colours() -> None:
    """The values of its author's reference implementation, to the digits that it publishes."""
    for colour, known in (
        ((255, 255, 255), (1.0, 0.0, 0.0)),
        ((0, 255, 0), (0.86644, -0.23389, 0.1795)),
        ((0, 0, 255), (0.45201, -0.03246, -0.31153)),
    ):
        assert oklab(colour) == pytest.approx(known, abs=2e-5)


def test_luminance_of_known_colours() -> None:
    assert luminance((0, 255, 0)) == pytest.approx(0.7152)
    assert contrast((0, 0, 255), (255, 255, 255)) == pytest.approx(8.59, abs=0.01)


@pytest.mark.parametrize("background", BACKGROUNDS.values(), ids=BACKGROUNDS)
def test_a_colour_is_moved_no_further_than_it_must_be(background: RGB) -> None:
    for colour in ((86, 180, 233), (240, 228, 66), (0, 0, 0), (255, 255, 255), (20, 30, 40)):
        found = legible(colour, background)
        assert contrast(found, background) >= TEXT
        assert found == colour if contrast(colour, background) >= TEXT else contrast(found, background) < TEXT * 1.15


# Heights


@pytest.mark.parametrize("depth", [TRUE, MANY, FEW])
@pytest.mark.parametrize("background", BACKGROUNDS.values(), ids=BACKGROUNDS)
def test_every_height_can_be_made_out_and_the_higher_the_better(background: RGB, depth: int) -> None:
    colours = height_colours(background, depth)
    assert len(colours) == HEIGHTS
    ratios = [contrast(colour, background) for colour in colours]
    assert min(ratios) >= CURVE
    if depth != FEW or background in {BACKGROUNDS[name] for name in (*OWN, "white")}:
        assert all(low <= high for low, high in pairwise(ratios)), [in_words(colour) for colour in colours]
        assert ratios[-1] > 2 * ratios[0]


@pytest.mark.parametrize("background", BACKGROUNDS.values(), ids=BACKGROUNDS)
def test_steps_of_height_look_alike(background: RGB) -> None:
    steps = [distance(low, high) for low, high in pairwise(height_colours(background))]
    assert min(steps) > 0.04
    assert max(steps) < 1.35 * min(steps)


def test_fewer_colours_still_tell_low_from_high() -> None:
    for name in OWN:
        assert len(set(height_colours(BACKGROUNDS[name], MANY))) == HEIGHTS
        assert len(set(height_colours(BACKGROUNDS[name], FEW))) == HEIGHTS // 2


# Runs


@pytest.mark.parametrize("depth", [TRUE, MANY, FEW])
@pytest.mark.parametrize("background", BACKGROUNDS.values(), ids=BACKGROUNDS)
def test_every_run_can_be_read(background: RGB, depth: int) -> None:
    colours = run_colours(background, depth)
    assert len(colours) == RUNS
    own = depth != FEW or background in {BACKGROUNDS[name] for name in (*OWN, "white")}
    assert min(contrast(colour, background) for colour in colours) >= (TEXT if own else CURVE)


@pytest.mark.parametrize("depth", [TRUE, MANY])
@pytest.mark.parametrize("name", OWN)
@pytest.mark.parametrize("eyes", [np.eye(3), PROTAN, DEUTAN], ids=["all cones", "no red cones", "no green cones"])
def test_no_two_runs_look_alike_to_any_eyes(name: str, depth: int, eyes: np.ndarray) -> None:
    colours = [seen_by(colour, eyes) for colour in run_colours(BACKGROUNDS[name], depth)]
    # A step of the scale of heights is 0.07.
    assert min(distance(one, other) for one, other in combinations(colours, 2)) > 0.08


def test_of_sixteen_colours_runs_take_as_many_as_can_be_read() -> None:
    assert len(set(run_colours((0, 0, 0), FEW))) == RUNS
    assert len(set(run_colours((255, 255, 255), FEW))) == 6


@pytest.mark.parametrize("background", [(0, 0, 0), (255, 255, 255)])
def test_of_sixteen_colours_only_the_last_repeat_or_are_those_of_text(background: RGB) -> None:
    colours = run_colours(background, FEW)
    assert len(set(colours[:5])) == 5
    assert not {(170, 85, 0), (255, 255, 85)} & set(colours), (
        "brown is yellow on other consoles, and hardly seen on white"
    )
    text = {(0, 0, 0), (170, 170, 170), (255, 255, 255)}
    assert not text & set(colours[:4])


# What reaches the terminal


@pytest.mark.parametrize("depth", [MANY, FEW])
@pytest.mark.parametrize("name", OWN)
def test_the_terminal_has_these_colours_so_that_nothing_is_rounded(name: str, depth: int) -> None:
    for colour in (*height_colours(BACKGROUNDS[name], depth), *run_colours(BACKGROUNDS[name], depth)):
        sent = Color.from_rgb(*colour).downgrade(SYSTEMS[depth])
        assert sent.number is not None
        if depth == FEW:
            assert SIXTEEN[sent.number] == colour
        else:
            assert sent.number >= 16
            assert colour in many()
            assert tuple(sent.get_truecolor()) == colour


def test_the_colours_of_a_console_are_those_that_it_is_taken_to_have() -> None:
    from rich._palettes import STANDARD_PALETTE  # noqa: PLC0415

    assert isinstance(STANDARD_PALETTE, Palette)
    assert [tuple(STANDARD_PALETTE[number]) for number in range(16)] == list(SIXTEEN)
