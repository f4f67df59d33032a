"""The code for the landscape: rows and their loss, or a terrain; for NumPy and for PyTorch."""

from __future__ import annotations

import ast
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from gdcore.inert import inert
from gdcore.landscapes.bowl import MeanSquaredError
from gdcore.landscapes.formula import CONSTANTS, Formula
from gdcore.landscapes.losses import CHUNK, LossOfRows, loss_name
from gdcore.landscapes.terrain import Terrain
from tui.headless.export import changing
from tui.headless.export.plan import comment, number, numbers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gdcore.landscapes.calculus import Program
    from gdcore.landscapes.landscape import Landscape
    from gdcore.rows.dataset import Dataset
    from gdcore.rows.scaling import Scale
    from tui.headless.export.plan import Plan

INLINE = 500
"""Maximum number of rows written into the script; more are read from their file, if it is plain text."""
MOST = 100_000
"""Absolute maximum number of rows written into the script."""


@dataclass(frozen=True, eq=False, slots=True)
class Ground:
    """What a branch walks on.

    Attributes:
        landscape: its loss.
        data: the rows as they are in their file, None for a landscape without rows.
        scale: how they are standardized, None where they are not.
    """

    landscape: Landscape
    data: Dataset | None
    scale: Scale | None

    @property
    def title(self) -> str:
        """Its name, safe in a comment."""
        return inert(f"{self.data.name}, {self.landscape.title}" if self.data else self.landscape.title)


def numpy_ground(ground: Ground, plan: Plan) -> Iterator[str]:
    """The lines that define `loss_and_gradient(w, b)`, which gives L, (dL/dw, dL/db), for NumPy.

    Where steps see batches it takes what is `seen`, too.

    Raises:
        ValueError: if there is no code for the landscape.
    """
    landscape, batched = ground.landscape, any(plan.batches)
    if isinstance(landscape, MeanSquaredError):
        yield from _rows(ground, "np.array")
        yield from _bowl(landscape, batched=batched)
    elif isinstance(landscape, LossOfRows):
        yield from _rows(ground, "np.array")
        yield from _loss(landscape, batched=batched)
    elif isinstance(landscape, Terrain):
        yield from _terrain(landscape)
    else:
        raise ValueError(_unknown(ground))


def torch_ground(ground: Ground, plan: Plan) -> Iterator[str]:
    """The lines that define `loss_at(w, b)` for PyTorch, which finds the gradient itself.

    Where steps see batches it takes the rows, too.

    Raises:
        ValueError: if there is no code for the landscape.
    """
    landscape, batched = ground.landscape, any(plan.batches)
    if isinstance(landscape, MeanSquaredError | LossOfRows):
        yield from _rows(ground, "torch.tensor")
        if batched:
            yield "whole = x, y"
        if ground.scale and not batched and isinstance(landscape, MeanSquaredError):
            yield from _round_bowl(landscape)
            return
        yield from ("", "", f"def loss_at(w, b{', x, y' * batched}):")
        told, computed = _TORCH_LOSSES[loss_name(landscape)[0]]
        yield f'    """{told}."""'
        yield f"    return {computed.replace('DELTA', number(getattr(landscape, 'delta', 1.0)))}"
    elif isinstance(landscape, Terrain):
        yield from ("", "def loss_at(w, b):", f'    """L = {landscape.formula}"""')
        yield f"    return {torch_formula(landscape.formula)}"
    else:
        raise ValueError(_unknown(ground))


_TORCH_LOSSES = {
    "squared": ("The mean squared error of the line y = w*x + b", "((w * x + b - y) ** 2).mean()"),
    "absolute": ("The mean absolute error of the line y = w*x + b", "(w * x + b - y).abs().mean()"),
    "huber": ("Huber's loss of the line y = w*x + b", "torch.nn.functional.huber_loss(w * x + b, y, delta=DELTA)"),
    "logistic": (
        "The logistic loss of the labels y, with w*x + b the logarithm of the odds",
        "torch.nn.functional.binary_cross_entropy_with_logits(w * x + b, y)",
    ),
}


def measured(landscape: Landscape) -> str:
    """Return the arguments of NumPy's `loss_and_gradient` that are computed from ROWS."""
    return "measured(*ROWS)" if isinstance(landscape, MeanSquaredError) and landscape.far else "ROWS"


def imports(ground: Ground, plan: Plan, *, for_torch: bool) -> list[str]:
    """The lines that import what the code needs."""
    foreign = changing.imports(plan)
    if for_torch:
        loads = ground.data is not None and _loading(ground.data) is not None
        return [
            *foreign,
            *([""] if foreign else []),
            *["import numpy as np"] * (loads or any(plan.batches)),
            "import torch",
        ]
    if isinstance(ground.landscape, Terrain):
        used = _operations(_program(ground.landscape))
        from_math = set.union(*(_FROM_MATH.get(name, {name} & _OF_MATH) for name in used), set())
        if any("cos, pi" in line for line in foreign):
            from_math |= {"cos", "pi"}
        return [f"from math import {', '.join(sorted(from_math))}"] if from_math else []
    return [*foreign, *([""] if foreign else []), "import numpy as np"]


def _unknown(ground: Ground) -> str:
    return f"there is no code yet for {ground.title}; --to csv writes its states"


# Rows


def _rows(ground: Ground, array: str) -> Iterator[str]:
    """The columns x and y: written down, or read from their file."""
    data = ground.data
    if data is None:
        raise ValueError(_unknown(ground))
    call = _loading(data)
    yield from comment(f"The data, {data.name}: {len(data.x):,} rows, x is {data.x_name}, y is {data.y_name}.")
    if call is not None:
        yield f"x, y = {call}" if array == "np.array" else f"x, y = map(torch.from_numpy, {call})"
    else:
        if len(data.x) > MOST:
            raise ValueError(
                f"{data.name} has {len(data.x):,} rows, too many to write down, and NumPy alone cannot read its file; "
                "save it as plain CSV"
            )
        for name, column in (("x", data.x), ("y", data.y)):
            yield from (f"{name} = {array}([", numbers(column.tolist()), "])")
    if ground.scale:
        scale = ground.scale
        yield from comment("Standardized: mean 0 and standard deviation 1.")
        yield f"x = (x - {number(scale.mean_x)}) / {number(scale.std_x)}"
        if (scale.mean_y, scale.std_y) != (0.0, 1.0):  # labels stay what they are
            yield f"y = (y - {number(scale.mean_y)}) / {number(scale.std_y)}"


def _loading(data: Dataset) -> str | None:
    """Return a call of numpy.loadtxt that reads exactly these rows; None if they are few or there is no such call."""
    if len(data.x) <= INLINE or data.path is None or not data.path.is_file():
        return None
    chosen = data.columns.index(data.x_name), data.columns.index(data.y_name)
    place = str(data.path.absolute())
    for delimiter in (",", None, ";", "\t"):
        for skipped in (1, 0):
            try:
                found = np.loadtxt(place, delimiter=delimiter, skiprows=skipped, usecols=chosen, encoding="utf-8-sig")
            except ValueError:
                continue
            if np.array_equal(found, np.column_stack((data.x, data.y))):
                words = [repr(place)]
                words += [f"delimiter={delimiter!r}"] * (delimiter is not None) + [f"skiprows={skipped}"] * skipped
                return f'np.loadtxt({", ".join(words)}, usecols={chosen}, encoding="utf-8-sig", unpack=True)'
    return None


_EXACT = '''

def exact_sum(p, q):
    """The sum of two numbers, and what is lost when it is rounded (Knuth)."""
    total = p + q
    part = total - p
    return total, (p - (total - part)) + (q - part)


def exact_product(p, q):
    """The product of two numbers, and what is lost when it is rounded (Dekker)."""
    product = p * q
    p_high, q_high = upper_half(p), upper_half(q)
    p_low, q_low = p - p_high, q - q_high
    return product, ((p_high * q_high - product) + p_high * q_low + p_low * q_high) + p_low * q_low


def upper_half(p):
    shifted = p * (2.0**27 + 1)
    return shifted - (shifted - p)
'''

_NEAR_BODY = """
    across, up = w - best_w, (b - best_b) + rounding
    bend, residual = var_x * across, mean_x * across + up
    loss = lowest + bend * across + residual * residual
    return loss, (2 * (bend + (mean_x * mean_x * across + mean_x * up)), 2 * residual)
"""

_FAR_BODY = """
    across = w - best_w
    bend = var_x * across
    # x is far from 0 for its spread: w*mean_x and b all but cancel, so their sum is taken to twice the digits.
    rise, rise_tail = exact_product(w, mean_x)
    height, height_tail = exact_sum(rise, b)
    residual = (height - mean_y) + (height_tail + rise_tail + w * tail_x - tail_y)
    loss = lowest + bend * across + residual * residual
    return loss, (2 * (bend + mean_x * residual), 2 * residual)
"""


_MEASURED = '''

def mean(values):
    return float(np.add.reduce(values)) / len(values)


def measured(x, y):
    """The mean and variance of x, the best line and its loss, over some rows; to the last digit as gdlab does it."""
    first_x, first_y = float(x[0]), float(y[0])
    rough_x, rough_y = first_x + mean(x - first_x), first_y + mean(y - first_y)
    dx, dy = x - rough_x, y - rough_y
    rest_x, rest_y = mean(dx), mean(dy)
    mean_x, tail_x = exact_sum(rough_x, rest_x)
    mean_y, tail_y = exact_sum(rough_y, rest_y)
    var_x, cov_xy = mean(dx * dx) - rest_x * rest_x, mean(dx * dy) - rest_x * rest_y
    best_w = cov_xy / var_x if var_x > 0 else 0.0
    rise, rise_tail = exact_product(best_w, mean_x)
    best_b = mean_y - rise
    rounding = (rise + (best_b - mean_y)) + (rise_tail + best_w * tail_x - tail_y)
    lowest = float(np.add.reduce((best_w * (x - mean_x) - (y - mean_y)) ** 2)) / len(x)
    return mean_x, var_x, best_w, best_b, lowest, rounding, mean_y, tail_x, tail_y
'''

_EITHER_BODY = """
    mean_x, var_x, best_w, best_b, lowest, rounding, mean_y, tail_x, tail_y = seen
    if mean_x * mean_x <= 1e4 * var_x:
        NEAR
    # x is far from 0 for its spread: w*mean_x and b all but cancel, so their sum is taken to twice the digits.
    FAR
"""


_BATCH_BODY = """
    x, y = seen
    residuals = x * w + b - y
    loss, slope_w, slope_b = (
        float(np.add.reduce(part)) / len(x) for part in (residuals * residuals, residuals * x, residuals)
    )
    return loss, (2 * slope_w, 2 * slope_b)
"""


def _bowl(loss: MeanSquaredError, *, batched: bool) -> Iterator[str]:
    """Yield the loss from moments, in the order of operations of `gdcore.landscapes.bowl`; a batch uses its rows."""
    moments = loss.moments
    far_batches = loss.far and batched
    yield ""
    yield from comment(
        "The loss of a line, np.mean((w*x + b - y)**2), is a bowl: the mean and variance of x and the best line say "
        "all of it. These are the numbers that gdlab walks on, to the last digit, so that this prints the same log."
    )
    yield f"mean_x, var_x = {number(moments.mean_x)}, {number(moments.var_x)}"
    yield f"best_w, best_b, lowest = {number(loss.weight)}, {number(loss.bias)}, {number(loss.floor)}"
    if loss.far:
        yield f"mean_y, tail_x, tail_y = {', '.join(map(number, (moments.mean_y, moments.tail_x, moments.tail_y)))}"
    if not loss.far or batched:
        yield f"rounding = {number(loss.residual)}  # the mean residual of the best line, 0 but for rounding"
    yield 'assert np.allclose([mean_x, var_x], [np.mean(x), np.var(x)]), "the data have changed"'
    yield 'assert np.allclose(lowest, np.mean((best_w * x + best_b - y) ** 2)), "the data have changed"'
    if far_batches:
        yield "whole = mean_x, var_x, best_w, best_b, lowest, rounding, mean_y, tail_x, tail_y"
    elif batched:
        yield "whole = None"
    if loss.far:
        yield from _EXACT.rstrip("\n").split("\n")
    if far_batches:
        yield from _MEASURED.rstrip("\n").split("\n")
    yield from ("", "", f"def loss_and_gradient(w, b{', seen' * batched}):")
    yield '    """L and (dL/dw, dL/db): the height and the slopes of the bowl at (w, b)."""'
    body = _FAR_BODY if loss.far else _NEAR_BODY
    if batched and not loss.far:
        yield "    if seen is not None:  # a batch: the same from its rows"
        yield from ("    " + line for line in _BATCH_BODY.strip("\n").split("\n"))
    if far_batches:
        near = _NEAR_BODY.strip("\n").replace("\n", "\n    ").strip()
        far = "\n".join(line for line in _FAR_BODY.strip("\n").split("\n") if "# x is far" not in line).strip()
        body = _EITHER_BODY.replace("NEAR", near).replace("FAR", far)
    yield from body.strip("\n").split("\n")


# Other losses of rows

_LOSSES = {
    "absolute": '''
def rowwise(z, y):
    """The absolute error of each row, and its slope by z."""
    return np.abs(z - y), np.sign(z - y)
''',
    "huber": '''
def rowwise(z, y):
    """Huber's loss of each row, and its slope by z: the residual, held between -delta and delta."""
    slopes = np.maximum(np.minimum(z - y, delta), -delta)
    return ((z - y) - 0.5 * slopes) * slopes, slopes
''',
    "logistic": '''
def rowwise(z, y):
    """The logistic loss of each row, log(1 + exp(z)) - y*z, and its slope by z, sigmoid(z) - y; nothing overflows."""
    tail = np.exp(-np.abs(z))
    slopes = np.where(z >= 0, 1.0, tail) / (tail + 1.0) - y
    return np.log1p(tail) + np.maximum(z - 2.0 * y * z, 0.0), slopes
''',
}
_LOSS_BODY = """
    loss = slope_w = slope_b = 0.0
    with np.errstate(all="ignore"):
        for first in range(0, len(x), CHUNK):  # in chunks that stay in the processor's cache
            xs, ys = x[first : first + CHUNK], y[first : first + CHUNK]
            losses, slopes = rowwise(xs * w + b, ys)
            loss += float(np.add.reduce(losses))
            slope_w += float(np.add.reduce(slopes * xs))
            slope_b += float(np.add.reduce(slopes))
    return loss / len(x), (slope_w / len(x), slope_b / len(x))
"""
_FEW_BODY = """
    with np.errstate(all="ignore"):
        losses, slopes = rowwise(x * w + b, y)
        loss, slope_w, slope_b = (float(np.add.reduce(part)) / len(x) for part in (losses, slopes * x, slopes))
    return loss, (slope_w, slope_b)
"""


def _loss(loss: LossOfRows, *, batched: bool) -> Iterator[str]:
    """Another loss over rows, in the order of operations of `gdcore.landscapes.losses`."""
    if batched:
        yield "whole = x, y"
    if hasattr(loss, "delta"):
        yield f"delta = {number(loss.delta)}"
    yield from ("", *_LOSSES[loss.name].rstrip("\n").split("\n"))
    yield from ("", "", f"def loss_and_gradient(w, b{', seen' * batched}):")
    yield f'    """L = {loss.formula}, and (dL/dw, dL/db)."""'
    if batched:
        yield "    x, y = seen"
    body = _FEW_BODY if len(loss.columns) <= CHUNK else _LOSS_BODY.replace("CHUNK", str(CHUNK))
    yield from body.strip("\n").split("\n")


def _round_bowl(loss: MeanSquaredError) -> Iterator[str]:
    """Yield the loss over standardized rows: summed row by row, the slope along b would be rounding instead of 0."""
    yield from ("", "", "def loss_at(w, b):")
    yield '    """The mean squared error of the line y = w*x + b, which over standardized rows is a round bowl."""'
    yield f"    return {number(loss.floor)} + (w - {number(loss.weight)}) ** 2 + b**2"
    yield from (
        "",
        "",
        "assert torch.allclose(loss_at(torch.tensor(0.5), torch.tensor(0.0)), ((0.5 * x - y) ** 2).mean())",
    )


# Terrains

_HELPERS = {
    "div": '''
def div(p, q):
    """p / q; infinite or no number where Python would raise."""
    if q == 0:
        return nan if p == 0 or isnan(p) else copysign(inf, p) * copysign(1.0, q)
    return p / q
''',
    "pow": '''
def power(p, q):
    """p ** q, infinite where it is too large."""
    try:
        return pow(p, q)
    except OverflowError:
        return -inf if p < 0 and q % 2 == 1 else inf
    except ValueError:
        return inf if p == 0 else nan
''',
    "exp": '''
def grown(p):
    """e ** p, infinite where it is too large."""
    try:
        return exp(p)
    except OverflowError:
        return inf
''',
    "log": '''
def logarithm(p):
    """The logarithm of p; minus infinity at 0, no number below."""
    return log(p) if p > 0 else -inf if p == 0 else nan
''',
    "sqrt": '''
def root(p):
    """The square root of p; no number below 0."""
    return sqrt(p) if p >= 0 else nan
''',
    "sigmoid": '''
def sigmoid(p):
    """1 / (1 + e ** -p), of the larger side, so that nothing overflows."""
    shrunk = exp(-abs(p))
    return (1.0 if p >= 0 else shrunk) / (1.0 + shrunk)
''',
    "sign": '''
def sign(p):
    """1, -1, or 0 at 0."""
    return 1.0 if p > 0 else -1.0 if p < 0 else 0.0 if p == 0 else nan
''',
}
_CALLS = {"pow": "power", "exp": "grown", "log": "logarithm", "sqrt": "root"}
_OF_MATH = {"sin", "cos", "tan", "tanh"}
_FROM_MATH = {
    "div": {"copysign", "inf", "isnan", "nan"},
    "pow": {"inf", "nan", "pow"},
    "exp": {"exp", "inf"},
    "log": {"inf", "log", "nan"},
    "sqrt": {"nan", "sqrt"},
    "sigmoid": {"exp"},
    "sign": {"nan"},
}
_SIGNS = {"add": "+", "sub": "-", "mul": "*"}
_LONGEST = 60
"""Maximum length of a subexpression; a longer one gets its own name and line."""


def _program(terrain: Terrain) -> Program:
    """The operations that give the loss and the gradient of a terrain, in the order in which gdlab makes them."""
    return Formula(terrain.formula)._gradient


def _terrain(terrain: Terrain) -> Iterator[str]:
    program = _program(terrain)
    for name, helper in _HELPERS.items():
        if name in _operations(program):
            yield from (*helper.rstrip("\n").split("\n"), "")
    yield from ("", "def loss_and_gradient(w, b):", f'    """L = {terrain.formula}, and (dL/dw, dL/db)."""')
    *lines, loss, slope_w, slope_b = _expressions(program)
    yield from (f"    {line}" for line in lines)
    yield f"    return {loss}, ({slope_w}, {slope_b})"


def _operations(program: Program) -> set[str]:
    """The operations that need a function of Python's or of the script's own."""
    return {step[0] for step in program.steps if not _plain_quotient(program, step)} - set(_SIGNS)


def _plain_quotient(program: Program, step: tuple[Any, ...]) -> bool:
    """Whether a step divides by a number that is not 0, which never raises."""
    place = step[-1] - 2
    return bool(step[0] == "div" and 0 <= place < len(program.constants) and program.constants[place])


def _expressions(program: Program) -> list[str]:
    """A list of operations as Python: a line for each result that is used more than once, and last the outputs."""
    texts = ["w", "b", *map(number, program.constants)]
    texts = [f"({text})" if text.startswith("-") else text for text in texts]
    uses = [operand for step in program.steps for operand in step[1:]] + [out for out in program.outputs if out]
    lines: list[str] = []
    for register, step in enumerate(program.steps, len(texts)):
        name, *operands = step
        parts = [texts[operand] for operand in operands]
        if name in _SIGNS or _plain_quotient(program, step):
            text = f"({parts[0]} {_SIGNS.get(name, '/')} {parts[1]})"
        else:
            text = f"{_CALLS.get(name, name)}({', '.join(_bare(part) for part in parts)})"
        if uses.count(register) > 1 or len(text) > _LONGEST:
            called = f"t{len(lines) + 1}"
            lines.append(f"{called} = {_bare(text)}")
            text = called
        texts.append(text)
    return [*lines, *(_bare(texts[out]) if out is not None else "0.0" for out in program.outputs)]


def _bare(text: str) -> str:
    """An expression without the parentheses around all of it."""
    if not text.startswith("("):
        return text
    depth = 0
    for place, char in enumerate(text):
        depth += (char == "(") - (char == ")")
        if depth == 0:
            return text[1:-1] if place == len(text) - 1 else text
    return text


def torch_formula(text: str) -> str:
    """A formula as PyTorch computes it: its syntax is Python's, only that all numbers are floats.

    >>> torch_formula("abs(w - 1) + exp(-b**2)*log(2)")
    'torch.abs(w - 1.0) + torch.exp(-b ** 2.0) * 0.6931471805599453'
    """
    return ast.unparse(_ForTorch().visit(ast.parse(text, mode="eval")))


class _ForTorch(ast.NodeTransformer):
    def visit_Constant(self, node: ast.Constant) -> ast.expr:
        return ast.Constant(float(str(node.value)))

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return ast.Constant(CONSTANTS[node.id]) if node.id in CONSTANTS else node

    def visit_Call(self, node: ast.Call) -> ast.expr:
        assert isinstance(node.func, ast.Name)
        if not any(isinstance(part, ast.Name) and part.id in "wb" for part in ast.walk(node)):
            value = Formula(f"{ast.unparse(node)} + 0*w")(0.0)
            return ast.Constant(float(value)) if math.isfinite(value) else ast.Name(f"float('{value}')")
        function = ast.Attribute(ast.Name("torch"), node.func.id)
        return ast.Call(function, [self.visit(argument) for argument in node.args], [])
