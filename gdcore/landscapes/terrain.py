"""Terrains: losses given by a formula, without rows. Each shows something that a bowl never does.

Vocabulary
    terrain     a loss L(w) or L(w, b) with a formula
    kink        a place where the slope jumps from one value to another
    held        b is fixed, and only w changes

Rosenbrock, Himmelblau, Beale and the six-hump camel are the test functions of the literature (H. H. Rosenbrock 1960;
D. M. Himmelblau 1972; E. M. L. Beale 1958; L. C. W. Dixon, G. P. Szegö 1978), written in w and b.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from math import inf
from typing import TYPE_CHECKING

import numpy as np

from gdcore.landscapes.formula import Formula, FormulaError
from gdcore.landscapes.landscape import Landscape, Minimum, Point, Scope
from gdcore.landscapes.minima import minima_along, minima_over

if TYPE_CHECKING:
    from gdcore.landscapes.landscape import Value

NO_BIAS = (-1.0, 1.0)
"""The borders of b if there is no b."""
OWN = (-3.0, 3.0)
"""The borders of w and of b in which a user's own formula is shown."""


@dataclass(frozen=True, kw_only=True)
class Terrain(Landscape):
    """A loss given by a formula, which is parsed when first needed.

    Attributes:
        title: its name; for a user's own formula, the formula.
        formula: L in w and b, as `gdcore.landscapes.formula` reads it.
        teaches: what can be seen on it, in a sentence.
        has_bias: whether b occurs.
        scope: the part worth showing, and where to begin.
        lowest_points: its minima, lowest first; None if not computed yet.

    Example:
        >>> valleys = TERRAINS["two-valleys"]
        >>> valleys.loss_and_gradient(1.0, 0.0), valleys.curvature(False, 1.0).lambda_max
        ((0.2, (0.2, 0.0)), 2.0)
        >>> [round(minimum.w, 4) for minimum in valleys.minima()]
        [-1.088, 0.8789]
    """

    title: str
    formula: str
    teaches: str
    has_bias: bool
    scope: Scope
    lowest_points: tuple[Point, ...] | None = None

    @property
    def name(self) -> str:
        """The name by which `find` returns it."""
        return self.title

    @cached_property
    def _read(self) -> Formula:
        return Formula(self.formula)

    def loss_and_gradient(self, w: Value, b: Value) -> tuple[Value, tuple[Value, Value]]:
        """Return the loss and (dL/dw, dL/db) at (w, b); inf or NaN if too large or undefined. Never raises."""
        return self._read.loss_and_gradient(w, b)

    def __call__(self, w: Value, b: Value = 0.0) -> Value:
        """The loss at (w, b)."""
        return self._read(w, b)

    def hessian(self, w: Value, b: Value) -> tuple[Value, Value, Value]:
        """The second derivatives (L_ww, L_wb, L_bb) at (w, b), exact."""
        return self._read.hessian(w, b)

    def minima(self, b: float | None = None) -> tuple[Minimum, ...]:
        """Return the minima inside the scope, lowest first: over w and b, or along w with b fixed."""
        if b is None or not self.has_bias:
            return self._minima if not b else tuple(minimum._replace(b=b) for minimum in self._minima)
        return _held(self, b)

    @cached_property
    def _minima(self) -> tuple[Minimum, ...]:
        if self.lowest_points is not None:
            return tuple(Minimum(w, b, self(w, b)) for w, b in self.lowest_points)
        return minima_over(self, self.scope) if self.has_bias else minima_along(self, self.scope.w, 0.0)


@lru_cache(maxsize=256)
def _held(terrain: Terrain, b: float) -> tuple[Minimum, ...]:
    return minima_along(terrain, terrain.scope.w, b)


def own(text: str) -> Terrain:
    """Make a terrain of a user's formula, shown from -3 to 3; its minima are found when asked for.

    It starts at the point nearest to w = 2 (and b = 2) where loss and slope are finite and the slope is not 0.

    Raises:
        FormulaError: if the text is not a formula, has no w, or is nowhere finite from -3 to 3.

    Example:
        >>> hills = own("cos(w) + w**2 / 10")
        >>> hills.title, hills.has_bias, hills.scope.start, [round(minimum.w, 4) for minimum in hills.minima()]
        ('cos(w) + w**2 / 10', False, Point(w=2.0, b=0.0), [-2.5957, 2.5957])
        >>> own("3 * b")
        Traceback (most recent call last):
        gdcore.landscapes.formula.FormulaError: there is no w in the formula; write it in w, or in w and b
    """
    text = " ".join(text.split())
    formula = Formula(text)
    if not formula.uses_weight:
        raise FormulaError("there is no w in the formula; write it in w, or in w and b", text, 0)
    borders = OWN if formula.uses_bias else NO_BIAS
    return Terrain(
        title=text,
        formula=text,
        teaches="A formula of your own.",
        has_bias=formula.uses_bias,
        scope=Scope(OWN, borders, _start(formula)),
    )


def _start(formula: Formula) -> Point:
    ws = np.linspace(*OWN, 49)
    bs = ws if formula.uses_bias else np.zeros(1)
    aim = Point(2.0, 2.0 if formula.uses_bias else 0.0)
    loss, (slope_w, slope_b) = formula.loss_and_gradient(ws[:, None], bs)
    # Values of 1e9 and more are finite too, but are used as a start only if there is no other.
    sizes = np.abs(slope_w) + np.abs(slope_b)
    away = np.hypot(ws[:, None] - aim.w, bs - aim.b)
    away = away + np.where(np.isfinite(loss), 0.0, inf)
    away = away + np.where((sizes > 0) & (sizes < 1e9) & (np.abs(loss) < 1e9), 0.0, 100.0)
    row, column = np.unravel_index(int(np.argmin(away)), away.shape)
    if not np.isfinite(away[row, column]):
        raise FormulaError("the formula is no number anywhere from -3 to 3", formula.text, 0)
    return Point(float(ws[row]), float(bs[column]))


def _over_w(
    name: str, formula: str, teaches: str, across: tuple[float, float], start: float, *lowest: float
) -> Terrain:
    points = tuple(Point(w, 0.0) for w in lowest)
    scope = Scope(across, NO_BIAS, Point(start, 0.0))
    return Terrain(title=name, formula=formula, teaches=teaches, has_bias=False, scope=scope, lowest_points=points)


def _over_both(  # noqa: PLR0913, PLR0917
    name: str,
    formula: str,
    teaches: str,
    across: tuple[float, float],
    up: tuple[float, float],
    start: tuple[float, float],
    *lowest: tuple[float, float],
) -> Terrain:
    points = tuple(Point(*point) for point in lowest)
    scope = Scope(across, up, Point(*start))
    return Terrain(title=name, formula=formula, teaches=teaches, has_bias=True, scope=scope, lowest_points=points)


_ALL = (
    _over_w(
        "two-valleys",
        "(w**2 - 1)**2/4 + w/5",
        "Where a walk begins, and how long its steps are, decides which valley it ends in.",
        (-2.0, 2.0),
        1.8,
        -1.0880339146912894,
        0.8788850662499729,
    ),
    _over_w(
        "cliff",
        "(w - 3)**2/10 + 5/(1 + exp(12*w))",
        "A steep slope makes a long step: the wall throws the walk far away.",
        (-3.0, 6.0),
        -1.0,
        3.0000000000000697,
    ),
    _over_w(
        "plateau",
        "1 - exp(-w**2/2)",
        "Where the ground is nearly level, steps are tiny, however far the minimum is.",
        (-5.0, 5.0),
        3.0,
        0.0,
    ),
    _over_w(
        "kink",
        "abs(w - 1)",
        "A slope that never shrinks: at a fixed rate the walk jumps to and fro, and only a smaller rate comes nearer.",
        (-3.0, 4.0),
        -2.0,
        1.0,
    ),
    _over_w(
        "washboard",
        "w**2/20 + (1 - cos(3*w))/2",
        "Small dips on the way down: momentum rolls through those that hold plain descent.",
        (-6.0, 6.0),
        5.0,
        0.0,
        -2.0487251273952283,
        2.0487251273952283,
        -4.09658358538709,
        4.09658358538709,
    ),
    _over_w(
        "sharp-and-flat",
        "w**2/50 - exp(-(w + 2)**2/2) - 1.15*exp(-(w - 2)**2/0.045)",
        "A large rate cannot stay in a sharp valley, even if that is the deepest, and comes to rest in a wide one.",
        (-5.0, 4.0),
        2.3,
        1.9984095273101092,
        -1.9228565349889732,
    ),
    _over_w(
        "quartic",
        "w**4/4",
        "A minimum without curvature: the nearer, the slower, so each further digit takes longer than all before.",
        (-3.0, 3.0),
        2.0,
        0.0,
    ),
    _over_both(
        "rosenbrock",
        "(1 - w)**2 + 100*(b - w**2)**2",
        "A curved narrow valley: its walls limit the rate, and along its floor there is hardly any slope.",
        (-2.0, 2.0),
        (-1.0, 3.0),
        (-1.2, 1.0),
        (1.0, 1.0),
    ),
    _over_both(
        "himmelblau",
        "(w**2 + b - 11)**2 + (w + b**2 - 7)**2",
        "Four minima, all equally low: the start and the rate choose between them.",
        (-5.0, 5.0),
        (-5.0, 5.0),
        (0.5, -0.5),
        (-3.779310253377747, -3.2831859912861696),
        (-2.805118086952745, 3.131312518250573),
        (3.0, 2.0),
        (3.5844283403304917, -1.8481265269644034),
    ),
    _over_both(
        "saddle",
        "w**2/2 - b**2/2 + b**4/4",
        "A place that is level and no minimum: the walk slows down there for long, then leaves sideways.",
        (-2.0, 2.0),
        (-2.0, 2.0),
        (1.5, 1e-6),
        (0.0, -1.0),
        (0.0, 1.0),
    ),
    _over_both(
        "beale",
        "(1.5 - w + w*b)**2 + (2.25 - w + w*b**2)**2 + (2.625 - w + w*b**3)**2",
        "A wide plain with steep corners: no one rate suits both.",
        (-4.5, 4.5),
        (-4.5, 4.5),
        (-1.0, 1.5),
        (3.0, 0.5),
    ),
    _over_both(
        "camel",
        "(4 - 2.1*w**2 + w**4/3)*w**2 + w*b + (4*b**2 - 4)*b**2",
        "Six minima, two of them the lowest: most walks stay in one of the others.",
        (-2.0, 2.0),
        (-1.2, 1.2),
        (1.8, 0.9),
        (-0.08984201310031806, 0.7126564030207396),
        (0.08984201310031806, -0.7126564030207396),
        (-1.7036067149699807, 0.7960835686726252),
        (1.7036067149699807, -0.7960835686726252),
        (-1.6071047529201974, -0.5686514548841314),
        (1.6071047529201974, 0.5686514548841314),
    ),
    _over_both(
        "ravine",
        "(w**2 + 50*b**2)/2",
        "Steep across and flat along: one rate serves both directions badly, and momentum helps.",
        (-2.0, 2.0),
        (-1.0, 1.0),
        (1.8, 0.6),
        (0.0, 0.0),
    ),
)
TERRAINS: dict[str, Terrain] = {terrain.name: terrain for terrain in _ALL}
"""The terrains by name: first those of w alone, then those of w and b."""
