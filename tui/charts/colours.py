"""Colours with a meaning: the height of a point, or which run it is. They are computed for the background.

RGB        (red, green, blue), each 0 to 255, in sRGB (IEC 61966-2-1)
OKLab      (lightness, green to red, blue to yellow), in which equal distances look equally large
           (Björn Ottosson, "A perceptual color space for image processing", 2020)
contrast   from 1 to 21 (WCAG 2.2): at least 3 for the parts of a picture, at least 4.5 for text
depth      how many colours the terminal has: 24 bits, 8 bits (256 colours), or 4 (16 colours)

The height scale goes from low to high in equal perceptual steps with monotonic lightness, so it also works in grey and
for colour-blind readers. Higher points differ more from the background, dark or light. Scales for fewer colours are not
rounded from this one: 256 colours have their own choice, and 16 a table.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise
from typing import TypeAlias

RGB: TypeAlias = tuple[int, int, int]
Lab: TypeAlias = tuple[float, float, float]

HEIGHTS = 10
"""Number of colours of the height scale."""
RUNS = 8
"""Number of colours of runs; then they repeat."""
TEXT, CURVE = 4.5, 3.0
"""The least contrast of text, and of the parts of a picture (WCAG 2.2, 1.4.3 and 1.4.11)."""
MARGIN = 1.02
"""Safety factor on the contrast, since colours are rounded to whole numbers."""
TRUE, MANY, FEW = 24, 8, 4
"""The depths."""

FINE = 100
"""Number of steps in which the way from low to high is sampled."""
_DARK = ((0.0, 0.16, 275.0), (0.28, 0.12, 230.0), (0.52, 0.13, 170.0), (0.76, 0.18, 130.0), (1.0, 0.16, 104.0))
_LIGHT = ((0.0, 0.13, 150.0), (0.25, 0.11, 205.0), (0.55, 0.18, 265.0), (0.8, 0.18, 305.0), (1.0, 0.14, 340.0))
"""The way from low to high on a dark and on a light background: (share of the way in lightness, chroma, hue)."""
_BRIGHTEST, _DARKEST = 0.96, 0.26
"""The lightness of the highest colour there."""

_RUNS = {
    (True, TRUE): "56b4e9 fba99b 82c509 a76ef8 f1f217 ed4f8d 8dfff7 b27f02",
    (False, TRUE): "006fb5 860100 005146 bc267f 845f10 232bad 560066 1e1e1e",
    (True, MANY): "5fafd7 ffaf87 87ff00 af5fff ffffaf d75f87 00ffff af8700",
    (False, MANY): "005faf 870000 8700ff af0087 875f00 0000af 5f005f 1c1c1c",
}
"""The colours of runs on a dark and on a light background.

Found by a search for eight colours that are readable as text and far apart, with normal vision and without red or green
(G. M. Machado, M. M. Oliveira and L. A. F. Fernandes, 2009).
"""
_MANY_HEIGHTS = {
    True: "5f5fd7 0087d7 00afd7 00d7af 5fd787 87d75f afd75f d7d75f ffff5f ffffaf",
    False: "5f875f 00875f 005fd7 005faf 005f87 5f00d7 5f00af 5f0087 5f005f 262626",
}
"""The colours of heights where there are 256, by whether the background is dark."""

SIXTEEN: tuple[RGB, ...] = tuple(
    (170 * (number & 1) + bright, 170 * (number >> 1 & 1) + bright, 170 * (number >> 2 & 1) + bright)
    for bright in (0, 85)
    for number in range(8)
)
SIXTEEN = (*SIXTEEN[:3], (170, 85, 0), *SIXTEEN[4:])
"""The colours of a console (IBM CGA): 0 to 7 black, red, green, brown, blue, magenta, cyan, grey; 8 to 15 bright."""

_SIXTEEN_HEIGHTS = {True: (12, 12, 6, 6, 10, 10, 11, 11, 15, 15), False: (12, 12, 5, 5, 8, 8, 4, 4, 0, 0)}
_SIXTEEN_RUNS = {True: (14, 13, 10, 9, 6, 2, 15, 7), False: (4, 1, 8, 12, 0, 4, 1, 5)}
"""The colours of a console for heights and runs, by whether the background is dark.

What text has too comes late, and no run has the colour of the point one is at: yellow, or magenta on white, which only
the last has there. The brown of one console is yellow on the next, so on white only six are readable: the marks tell
the rest apart.
"""


@lru_cache(maxsize=1024)
def luminance(colour: RGB) -> float:
    """The relative luminance, from 0 to 1 (WCAG 2.2).

    >>> luminance((255, 255, 255)), round(luminance((118, 118, 118)), 3)
    (1.0, 0.181)
    """
    red, green, blue = (_linear(value) for value in colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: RGB, other: RGB) -> float:
    """From 1, the same, to 21, black and white (WCAG 2.2).

    >>> contrast((0, 0, 0), (255, 255, 255))
    21.0
    """
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@lru_cache(maxsize=1024)
def oklab(colour: RGB) -> Lab:
    """A colour in OKLab.

    >>> [round(value, 3) + 0 for value in oklab((255, 0, 0))]
    [0.628, 0.225, 0.126]
    """
    red, green, blue = (_linear(value) for value in colour)
    long = 0.4122214708 * red + 0.5363325363 * green + 0.0514459929 * blue
    medium = 0.2119034982 * red + 0.6806995451 * green + 0.1073969566 * blue
    short = 0.0883024619 * red + 0.2817188376 * green + 0.6299787005 * blue
    long, medium, short = (value ** (1 / 3) for value in (long, medium, short))
    return (
        0.2104542553 * long + 0.7936177850 * medium - 0.0040720468 * short,
        1.9779984951 * long - 2.4285922050 * medium + 0.4505937099 * short,
        0.0259040371 * long + 0.7827717662 * medium - 0.8086757660 * short,
    )


def distance(one: RGB, other: RGB) -> float:
    """How different two colours look: their distance in OKLab.

    >>> distance((9, 9, 9), (9, 9, 9)), round(distance((0, 0, 0), (255, 255, 255)), 3)
    (0.0, 1.0)
    """
    return math.dist(oklab(one), oklab(other))


def in_words(colour: RGB) -> str:
    """A colour as it is written in a style sheet.

    >>> in_words((255, 128, 0))
    '#ff8000'
    """
    return "#{:02x}{:02x}{:02x}".format(*colour)


def legible(colour: RGB, background: RGB, least: float = TEXT) -> RGB:
    """The colour, made lighter or darker just until it can be told from the background.

    >>> legible((240, 228, 66), (0, 0, 0))
    (240, 228, 66)
    >>> contrast(legible((240, 228, 66), (255, 255, 255)), (255, 255, 255)) >= 4.5
    True
    """
    if contrast(colour, background) >= least:
        return colour
    light, green, blue = oklab(colour)
    steps = 100
    goal = 1.0 if _is_dark(background) else 0.0
    for step in range(1, steps + 1):
        found = _rgb((light + (goal - light) * step / steps, green, blue))
        if contrast(found, background) >= least * MARGIN:
            return found
    return found


@lru_cache(maxsize=64)
def height_colours(background: RGB, depth: int = TRUE) -> tuple[RGB, ...]:
    """The colours of heights from low to high, HEIGHTS of them, on a background.

    >>> [in_words(colour) for colour in height_colours((0, 0, 0))][::3]
    ['#4c55bc', '#0da4bb', '#7cdc79', '#fff694']
    """
    dark = _is_dark(background)
    if depth == FEW:
        return _of_console(_SIXTEEN_HEIGHTS[dark], background)
    if depth == MANY:
        return tuple(legible(colour, background, CURVE) for colour in _table(_MANY_HEIGHTS[dark]))
    way = _DARK if dark else _LIGHT
    end = _BRIGHTEST if dark else _DARKEST
    lightness = 0.5
    for step in range(101):
        lightness = 0.45 + step * 0.005 if dark else 0.68 - step * 0.005
        if contrast(_rgb(_of_hue(lightness, *way[0][1:])), background) >= CURVE * 1.1:
            break
    fine = [_on_the_way(way, share / FINE, lightness, end) for share in range(FINE + 1)]
    along = [0.0]
    for before, after in pairwise(fine):
        along.append(along[-1] + math.dist(before, after))
    chosen = []
    for level in range(HEIGHTS):
        goal = along[-1] * level / (HEIGHTS - 1)
        chosen.append(_rgb(fine[min(range(FINE + 1), key=lambda index: abs(along[index] - goal))]))
    return tuple(chosen)


@lru_cache(maxsize=64)
def run_colours(background: RGB, depth: int = TRUE) -> tuple[RGB, ...]:
    """The colours of runs, RUNS of them, on a background; each is also text there.

    >>> [in_words(colour) for colour in run_colours((0, 0, 0))][:3]
    ['#56b4e9', '#fba99b', '#82c509']
    """
    dark = _is_dark(background)
    if depth == FEW:
        return _of_console(_SIXTEEN_RUNS[dark], background)
    return tuple(legible(colour, background) for colour in _table(_RUNS[dark, depth]))


def nearest_of_many(colour: RGB, usable: Sequence[RGB] = ()) -> RGB:
    """The nearest of the 240 colours that every terminal of 256 has alike.

    >>> nearest_of_many((254, 1, 96))
    (255, 0, 95)
    """
    return min(usable or many(), key=lambda other: distance(colour, other))


@lru_cache(maxsize=1)
def many() -> tuple[RGB, ...]:
    """The cube of 6 x 6 x 6 colours without its greys, and the 24 greys (xterm, 256colres.h)."""
    steps = (0, 95, 135, 175, 215, 255)
    cube = [(red, green, blue) for red in steps for green in steps for blue in steps if not red == green == blue]
    greys = [(8 + 10 * step,) * 3 for step in range(24)]
    return (*cube, *((red, green, blue) for red, green, blue in greys), (0, 0, 0), (255, 255, 255))


def _table(colours: str) -> tuple[RGB, ...]:
    """Colours in hexadecimal digits as numbers."""
    return tuple((red, green, blue) for red, green, blue in map(bytes.fromhex, colours.split()))


def _of_console(numbers: Sequence[int], background: RGB) -> tuple[RGB, ...]:
    """Return colours of a console; one that is invisible on a foreign theme's background becomes white or black."""
    plain = SIXTEEN[15 if _is_dark(background) else 0]
    return tuple(SIXTEEN[number] if contrast(SIXTEEN[number], background) >= CURVE else plain for number in numbers)


def _is_dark(background: RGB) -> bool:
    """Whether white can be told from it better than black."""
    return contrast(background, (255, 255, 255)) > contrast(background, (0, 0, 0))


def _on_the_way(way: Sequence[tuple[float, float, float]], share: float, start: float, end: float) -> Lab:
    """The colour at a share of the way from low to high."""
    first = max(index for index, (at, _, _) in enumerate(way[:-1]) if at <= share)
    (low, chroma, hue), (high, next_chroma, next_hue) = way[first], way[first + 1]
    part = (share - low) / (high - low)
    return _of_hue(start + (end - start) * share, chroma + part * (next_chroma - chroma), hue + part * (next_hue - hue))


def _of_hue(lightness: float, chroma: float, hue: float) -> Lab:
    """A colour of this lightness and hue, with as much of the chroma as a screen can show."""
    across, up = math.cos(math.radians(hue)), math.sin(math.radians(hue))
    for step in range(41):
        held = chroma * (1 - step / 40)
        lab = (lightness, held * across, held * up)
        if all(-1e-3 <= value <= 1 + 1e-3 for value in _linear_rgb(lab)):
            break
    return lab


def _linear(value: int) -> float:
    share = value / 255
    return share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4


def _linear_rgb(lab: Lab) -> tuple[float, float, float]:
    light, green, blue = lab
    long = (light + 0.3963377774 * green + 0.2158037573 * blue) ** 3
    medium = (light - 0.1055613458 * green - 0.0638541728 * blue) ** 3
    short = (light - 0.0894841775 * green - 1.2914855480 * blue) ** 3
    return (
        4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short,
        -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short,
        -0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short,
    )


def _rgb(lab: Lab) -> RGB:
    """A colour of OKLab as whole numbers; what a screen cannot show is cut off."""
    red, green, blue = (
        round(255 * (12.92 * value if value <= 0.0031308 else 1.055 * value ** (1 / 2.4) - 0.055))
        for value in (min(max(value, 0.0), 1.0) for value in _linear_rgb(lab))
    )
    return red, green, blue
