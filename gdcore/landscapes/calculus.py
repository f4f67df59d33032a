"""Exact derivatives of a formula: value, gradient and Hessian carried through its operations (forward mode).

Vocabulary
    w, b        the variables
    operation   + - * / **, or a function of one number
    register    the place of a result: first w and b, then the constants, then one for each operation
    list        the operations in order; each uses only earlier registers (a Wengert list)
    jet         the registers of a value, its two first and its three second derivatives

The derivatives are neither symbolic nor finite differences: each operation also appends those for its derivatives, by
the chain rule. A derivative that is 0 because a variable does not occur has no register, so that sqrt(w) at 0 does not
give infinity times 0 along b. Operations that an output does not need are left out: the loss costs less than the
gradient, and the gradient less than the Hessian.
R. E. Wengert, "A simple automatic derivative evaluation program", Communications of the ACM 7, 1964.

The same list runs on Python floats and on NumPy arrays. Nothing raises: as in IEEE 754, overflow gives infinity, and
undefined results (0/0, the root or logarithm of a negative number, (-8)**(1/3)) give NaN.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from math import copysign, inf, isnan, nan
from operator import add, mul, sub
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gdcore.landscapes.landscape import Floats, Value

    Operation: TypeAlias = Callable[..., Any]

Register: TypeAlias = "int | None"
"""The index of a register; None where the value is 0 whatever w and b are."""

W, B = 0, 1
"""The registers of the variables."""


def _divide(a: float, b: float) -> float:
    try:
        return a / b
    except ZeroDivisionError:
        return nan if a == 0 or isnan(a) else copysign(inf, a) * copysign(1.0, b)


def _power(a: float, b: float) -> float:
    try:
        return math.pow(a, b)
    except (OverflowError, ValueError):
        with np.errstate(all="ignore"):
            return float(np.power(a, b))


def _exp(a: float) -> float:
    try:
        return math.exp(a)
    except OverflowError:
        return inf


def _log(a: float) -> float:
    return math.log(a) if a > 0 else -inf if a == 0 else nan


def _sqrt(a: float) -> float:
    return math.sqrt(a) if a >= 0 else nan


def _sin(a: float) -> float:
    return math.sin(a) if -inf < a < inf else nan


def _cos(a: float) -> float:
    return math.cos(a) if -inf < a < inf else nan


def _tan(a: float) -> float:
    return math.tan(a) if -inf < a < inf else nan


def _sigmoid(a: float) -> float:
    shrunk = math.exp(-abs(a))  # for the larger side, so that nothing overflows
    return (1.0 if a >= 0 else shrunk) / (1.0 + shrunk)


def _sign(a: float) -> float:
    return 1.0 if a > 0 else -1.0 if a < 0 else 0.0 if a == 0 else nan


def _sigmoids(a: Value) -> Value:
    shrunk = np.exp(-np.abs(a))
    return np.where(np.asarray(a) >= 0, 1.0, shrunk) / (1.0 + shrunk)


ON_FLOATS: dict[str, Operation] = {
    "add": add,
    "sub": sub,
    "mul": mul,
    "div": _divide,
    "pow": _power,
    "exp": _exp,
    "log": _log,
    "sqrt": _sqrt,
    "sin": _sin,
    "cos": _cos,
    "tan": _tan,
    "tanh": math.tanh,
    "abs": abs,
    "sigmoid": _sigmoid,
    "sign": _sign,
}
ON_ARRAYS: dict[str, Operation] = {
    "add": add,
    "sub": sub,
    "mul": mul,
    "div": np.divide,
    "pow": np.power,
    "exp": np.exp,
    "log": np.log,
    "sqrt": np.sqrt,
    "sin": np.sin,
    "cos": np.cos,
    "tan": np.tan,
    "tanh": np.tanh,
    "abs": np.abs,
    "sigmoid": _sigmoids,
    "sign": np.sign,
}


class Jet(NamedTuple):
    """The registers of a value and of its derivatives.

    Attributes:
        value: f.
        gradient: f_w, f_b.
        hessian: f_ww, f_wb, f_bb.
    """

    value: int
    gradient: tuple[Register, Register] = (None, None)
    hessian: tuple[Register, Register, Register] = (None, None, None)


_PAIRS = ((W, W), (W, B), (B, B))
"""The variables of each second derivative."""


class Wengert:
    """A list of operations that grows as a formula is read.

    Example: w * w at (3, 0), its slope and its curvature along w.
        >>> sheet = Wengert()
        >>> square = sheet.times(sheet.variable(W), sheet.variable(W))
        >>> sheet.program([square.value, square.gradient[0], square.hessian[0]]).at(3.0, 0.0)
        [9.0, 6.0, 2.0]
    """

    def __init__(self) -> None:
        self._steps: dict[tuple[Any, ...], int] = {("w",): W, ("b",): B}
        self._constants: dict[int, float] = {}

    def __len__(self) -> int:
        return len(self._steps)

    # Leaves

    def variable(self, which: int) -> Jet:
        """The variable w (0) or b (1): its own slope is 1."""
        one = self._constant(1.0)
        return Jet(which, (one, None) if which == W else (None, one))

    def constant(self, value: float) -> Jet:
        """A number."""
        return Jet(self._constant(value))

    def constant_value(self, u: Jet) -> float | None:
        """Return the value of a constant; None if a variable occurs in it."""
        return self._constants.get(u.value)

    # Operations on two

    def plus(self, u: Jet, v: Jet) -> Jet:
        """The sum u + v."""
        return self._each("add", u, v)

    def minus(self, u: Jet, v: Jet) -> Jet:
        """The difference u - v."""
        return self._each("sub", u, v)

    def _each(self, name: str, u: Jet, v: Jet) -> Jet:
        value = self._do(name, u.value, v.value)
        combine = self._sum if name == "add" else self._difference
        first, second = (combine(a, b) for a, b in zip(u.gradient, v.gradient, strict=True))
        ww, wb, bb = (combine(a, b) for a, b in zip(u.hessian, v.hessian, strict=True))
        return Jet(value, (first, second), (ww, wb, bb))

    def times(self, u: Jet, v: Jet) -> Jet:
        """The product u * v: f_i = u_i v + u v_i, f_ij = u_ij v + u_i v_j + u_j v_i + u v_ij."""
        product = self._product
        gradient = [self._sum(product(u.gradient[i], v.value), product(u.value, v.gradient[i])) for i in (W, B)]
        hessian = []
        for (i, j), u_ij, v_ij in zip(_PAIRS, u.hessian, v.hessian, strict=True):
            across = self._sum(product(u.gradient[i], v.gradient[j]), product(u.gradient[j], v.gradient[i]))
            hessian.append(self._sum(self._sum(product(u_ij, v.value), across), product(u.value, v_ij)))
        return Jet(self._do("mul", u.value, v.value), _two(gradient), _three(hessian))

    def over(self, u: Jet, v: Jet) -> Jet:
        """The quotient f = u / v: f_i = (u_i - f v_i) / v, f_ij = (u_ij - f_i v_j - f_j v_i - f v_ij) / v."""
        product, difference = self._product, self._difference
        value = self._do("div", u.value, v.value)
        gradient = [self._quotient(difference(u.gradient[i], product(value, v.gradient[i])), v.value) for i in (W, B)]
        hessian = []
        for (i, j), u_ij, v_ij in zip(_PAIRS, u.hessian, v.hessian, strict=True):
            across = self._sum(product(gradient[i], v.gradient[j]), product(gradient[j], v.gradient[i]))
            rest = difference(difference(u_ij, across), product(value, v_ij))
            hessian.append(self._quotient(rest, v.value))
        return Jet(value, _two(gradient), _three(hessian))

    def power(self, u: Jet, v: Jet) -> Jet:
        """The power u ** v; for a number v: f' = v u^(v-1). Whole powers are defined for negative u, others are not."""
        exponent = self.constant_value(v)
        if exponent is not None:
            return self._fixed_power(u, exponent)
        value, less, log = (
            self._do("pow", u.value, v.value),
            self.minus(v, self.constant(1.0)),
            self._do("log", u.value),
        )
        product, total = self._product, self._sum
        # f_u = v u^(v-1), f_v = f log u, and the second derivatives of the two.
        lower = self._do("pow", u.value, less.value)
        f_u, f_v = product(v.value, lower), product(value, log)
        f_uu = product(
            self._do("mul", v.value, less.value),
            self._do("pow", u.value, self._do("sub", less.value, self._constant(1.0))),
        )
        f_uv = product(lower, total(self._constant(1.0), product(v.value, log)))
        f_vv = product(f_v, log)
        gradient = [total(product(f_u, u.gradient[i]), product(f_v, v.gradient[i])) for i in (W, B)]
        hessian = []
        for (i, j), u_ij, v_ij in zip(_PAIRS, u.hessian, v.hessian, strict=True):
            both = total(product(u.gradient[i], v.gradient[j]), product(u.gradient[j], v.gradient[i]))
            bent = total(product(f_uu, product(u.gradient[i], u.gradient[j])), product(f_uv, both))
            bent = total(bent, product(f_vv, product(v.gradient[i], v.gradient[j])))
            hessian.append(total(bent, total(product(f_u, u_ij), product(f_v, v_ij))))
        return Jet(value, _two(gradient), _three(hessian))

    def _fixed_power(self, u: Jet, n: float) -> Jet:
        raised = self._raised
        first = self._product(self._constant(n), raised(u.value, n - 1)) if n else None
        second = self._product(self._constant(n * (n - 1)), raised(u.value, n - 2)) if n * (n - 1) else None
        return self._chained(u, raised(u.value, n), first, second)

    def _raised(self, register: int, n: float) -> int:
        """Return a fixed power; squares and cubes as products and 0.5 as a root, rounded as in PyTorch."""
        if n == 0:
            return self._constant(1.0)
        if n == 1:
            return register
        if n == 2:
            return self._do("mul", register, register)
        if n == 3:
            return self._do("mul", self._do("mul", register, register), register)
        return self._do("sqrt", register) if n == 0.5 else self._do("pow", register, self._constant(n))

    # Functions of one number

    def applied(self, name: str, u: Jet) -> Jet:
        """Apply a function by name."""
        value = self._do(name, u.value)
        first, second = self._slopes(name, u.value, value)
        return self._chained(u, value, first, second)

    def _slopes(self, name: str, u: int, f: int) -> tuple[Register, Register]:
        """Return the first and second derivatives of a function at u, where its value is f."""
        do, number = self._do, self._constant
        first: Register
        second: Register
        match name:
            case "exp":
                first, second = f, f
            case "log":
                first = do("div", number(1.0), u)
                second = do("mul", number(-1.0), do("mul", first, first))
            case "sqrt":
                first = do("div", number(0.5), f)
                second = do("div", do("mul", number(-0.5), first), u)
            case "sin":
                first, second = do("cos", u), do("mul", number(-1.0), f)
            case "cos":
                first, second = do("mul", number(-1.0), do("sin", u)), do("mul", number(-1.0), f)
            case "tan":
                first = do("add", number(1.0), do("mul", f, f))
                second = do("mul", do("mul", number(2.0), f), first)
            case "tanh":
                first = do("sub", number(1.0), do("mul", f, f))
                second = do("mul", do("mul", number(-2.0), f), first)
            case "sigmoid":
                first = do("mul", do("sub", number(1.0), f), f)
                second = do("mul", first, do("sub", number(1.0), do("mul", number(2.0), f)))
            case _:  # abs: at 0 the slope is 0, as in PyTorch
                first, second = do("sign", u), None
        return first, second

    def _chained(self, u: Jet, value: int, first: Register, second: Register) -> Jet:
        """The chain rule for f(u): f_i = f' u_i, f_ij = f'' u_i u_j + f' u_ij."""
        product = self._product
        gradient = [product(first, u.gradient[i]) for i in (W, B)]
        hessian = [
            self._sum(product(second, product(u.gradient[i], u.gradient[j])), product(first, u_ij))
            for (i, j), u_ij in zip(_PAIRS, u.hessian, strict=True)
        ]
        return Jet(value, _two(gradient), _three(hessian))

    # Registers

    def _constant(self, value: float) -> int:
        register = self._steps.setdefault(("constant", value.hex()), len(self._steps))
        self._constants[register] = value
        return register

    def _do(self, name: str, *operands: int) -> int:
        """Return the register of a result: an existing one, a constant, or a new operation."""
        constants = [self._constants.get(operand) for operand in operands]
        if None not in constants:
            return self._constant(float(ON_FLOATS[name](*constants)))
        if name == "mul" and 1.0 in constants:
            return operands[1 - constants.index(1.0)]
        if name == "div" and constants[1] == 1.0:
            return operands[0]
        ordered = tuple(sorted(operands)) if name in {"add", "mul"} else operands
        return self._steps.setdefault((name, *ordered), len(self._steps))

    def _sum(self, a: Register, b: Register) -> Register:
        return b if a is None else a if b is None else self._do("add", a, b)

    def _difference(self, a: Register, b: Register) -> Register:
        if b is None:
            return a
        return self._do("mul", self._constant(-1.0), b) if a is None else self._do("sub", a, b)

    def _product(self, a: Register, b: Register) -> Register:
        return None if a is None or b is None else self._do("mul", a, b)

    def _quotient(self, a: Register, b: int) -> Register:
        return None if a is None else self._do("div", a, b)

    def program(self, outputs: Sequence[Register]) -> Program:
        """Return the part of the list that these registers need."""
        keys = list(self._steps)
        needed, waiting = set[int](), [output for output in outputs if output is not None]
        while waiting:
            register = waiting.pop()
            if register not in needed:
                needed.add(register)
                if register > B and register not in self._constants:
                    waiting += keys[register][1:]
        place = {W: W, B: B}
        constants = [register for register in sorted(needed) if register in self._constants]
        steps = [register for register in sorted(needed) if register > B and register not in self._constants]
        for register in constants + steps:
            place[register] = len(place)
        return Program(
            tuple(self._constants[register] for register in constants),
            tuple((keys[register][0], *(place[operand] for operand in keys[register][1:])) for register in steps),
            tuple(None if output is None else place[output] for output in outputs),
        )


def _two(registers: list[Register]) -> tuple[Register, Register]:
    first, second = registers
    return first, second


def _three(registers: list[Register]) -> tuple[Register, Register, Register]:
    first, second, third = registers
    return first, second, third


@dataclass(frozen=True, eq=False)
class Program:
    """A list of operations that can be run, and its outputs.

    Attributes:
        constants: the registers after w and b.
        steps: name and operands of each operation.
        outputs: the registers asked for; None is 0.
    """

    constants: tuple[float, ...]
    steps: tuple[tuple[Any, ...], ...]
    outputs: tuple[Register, ...]

    def __post_init__(self) -> None:
        for attribute, table in (("_floats", ON_FLOATS), ("_arrays", ON_ARRAYS)):
            # An operation with one operand has -1 as the second: this loop dominates the time of a descent.
            steps = tuple((table[step[0]], step[1], step[2] if len(step) > 2 else -1) for step in self.steps)
            object.__setattr__(self, attribute, steps)

    def at(self, w: Value, b: Value) -> list[Value]:
        """Return the outputs at a point: floats if w and b are floats, else arrays of their broadcast shape."""
        if type(w) is not float or type(b) is not float:
            if np.ndim(w) or np.ndim(b):
                return self._at_many(np.asarray(w, dtype=np.float64), np.asarray(b, dtype=np.float64))
            w, b = float(w), float(b)
        registers = self._run(self._floats, w, b)  # type: ignore[attr-defined]
        return [0.0 if output is None else registers[output] for output in self.outputs]

    def _at_many(self, w: Floats, b: Floats) -> list[Value]:
        shape = np.broadcast_shapes(w.shape, b.shape)
        with np.errstate(all="ignore"):
            registers = self._run(self._arrays, w, b)  # type: ignore[attr-defined]
        results, given = [], set[int]()
        for output in self.outputs:
            result = 0.0 if output is None else registers[output]
            if np.shape(result) != shape or output is None or output <= B or output in given:
                result = np.array(np.broadcast_to(result, shape))  # the results must not share memory
            if output is not None:
                given.add(output)
            results.append(result)
        return results

    def _run(self, steps: tuple[tuple[Operation, int, int], ...], w: Value, b: Value) -> list[Value]:
        registers = [w, b, *self.constants]
        append = registers.append
        for operation, first, second in steps:
            if second < 0:
                append(operation(registers[first]))
            else:
                append(operation(registers[first], registers[second]))
        return registers
