"""A formula in w and b, as a user types it: parsed, checked and differentiated. It is never run as Python.

    sum       = product (("+" | "-") product)*
    product   = signed (("*" | "/") signed)*
    signed    = ("-" | "+") signed | power
    power     = atom ["**" signed]                  from right to left, and before the sign: -w**2 is -(w**2)
    atom      = number | "w" | "b" | "pi" | "e" | function "(" sum ")" | "(" sum ")"

As in Python, but all numbers are floats: 9**9**9**9 is infinite at once, and no number grows long.
"""

from __future__ import annotations

import math
import re
from difflib import get_close_matches
from typing import TYPE_CHECKING, NamedTuple

from gdcore.inert import inert, quoted
from gdcore.landscapes.calculus import B, Jet, W, Wengert

if TYPE_CHECKING:
    from gdcore.landscapes.landscape import Value

LENGTH, DEPTH = 400, 40
"""Maximum length of a formula, and maximum nesting of parentheses, signs and powers."""
WIDTH = 72
"""For a longer formula an error message shows only the part around the mistake."""

FUNCTIONS = ("exp", "log", "sqrt", "sin", "cos", "tan", "tanh", "abs", "sigmoid")
CONSTANTS = {"pi": math.pi, "e": math.e}
NAMES = f"w, b, {', '.join(CONSTANTS)} and the functions {', '.join(FUNCTIONS)}"
"""All names that a formula may use, for a sentence."""

_TOKEN = re.compile(
    r"\s*(?:(?P<number>(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)"
    r"|(?P<name>[A-Za-z_][A-Za-z0-9_]*)|(?P<sign>\*\*|[-+*/()])|(?P<end>\Z))"
)
_HINTS = (
    ("^", "a power is written **, not ^"),
    (",;", "a function takes one number, and a decimal has a point"),
    ("=<>", "a formula is what stands on the right of =, without it"),
    (".", "a point stands inside of numbers only"),
    ("[]{}", "parentheses are round: ( )"),
    ("×·⋅∙", "a product is written *"),
    ("÷∕⁄", "a quotient is written /"),
    ("−–—‐", "a minus is written -"),
    ("²³⁴", "a power is written **"),
    ("√", "a root is written sqrt(...)"),
    ("π", "this constant is written pi"),
)


class FormulaError(ValueError):
    """A mistake in a formula: a sentence in one line, and the place.

    Attributes:
        sentence: what is wrong, and how to put it right.
        text: the formula.
        position: the index of the character where the mistake is, from 0.

    Example:
        >>> Formula("2*w^2")
        Traceback (most recent call last):
        gdcore.landscapes.formula.FormulaError: a power is written **, not ^
        >>> try:
        ...     Formula("2*w^2")
        ... except FormulaError as error:
        ...     print(error.shown)
        2*w^2
           ^
    """

    def __init__(self, sentence: str, text: str, position: int) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.text = text
        self.position = position

    @property
    def shown(self) -> str:
        """The formula, with a caret below the mistake in a second line; a long formula is shortened."""
        first = max(0, min(self.position - WIDTH // 2, len(self.text) - WIDTH))
        before = inert(self.text[first : self.position])
        after = inert(self.text[self.position : first + WIDTH])
        left, right = "..." if first else "", "..." if len(self.text) > first + WIDTH else ""
        return f"{left}{before}{after}{right}\n{' ' * len(left + before)}^"


class Formula:
    """A loss L(w, b) from its formula, with its exact gradient and Hessian, elementwise.

    Evaluation never raises: overflow gives inf, undefined results give NaN (see `gdcore.landscapes.calculus`). abs has
    slope 0 at 0, as in PyTorch.

    Attributes:
        text: the formula.
        uses_weight, uses_bias: whether w and b occur in it.

    Raises:
        FormulaError: if the text is no formula, with the place of the mistake.

    Example:
        >>> ravine = Formula("(w**2 + 50*b**2) / 2")
        >>> ravine.loss_and_gradient(2.0, 1.0), ravine.hessian(2.0, 1.0)
        ((27.0, (2.0, 50.0)), (1.0, 0.0, 50.0))
        >>> Formula("log(w)").loss_and_gradient(-1.0, 0.0)[0], Formula("w**9999")(10.0)
        (nan, inf)
    """

    __slots__ = ("_gradient", "_hessian", "_value", "text", "uses_bias", "uses_weight")

    def __init__(self, text: str) -> None:
        parser = _Parser(text)
        jet = parser.formula()
        self.text = text
        self.uses_weight, self.uses_bias = ("w" in parser.seen), ("b" in parser.seen)
        self._value = parser.sheet.program([jet.value])
        self._gradient = parser.sheet.program([jet.value, *jet.gradient])
        self._hessian = parser.sheet.program(jet.hessian)

    def __call__(self, w: Value, b: Value = 0.0) -> Value:
        """L(w, b)."""
        return self._value.at(w, b)[0]

    def loss_and_gradient(self, w: Value, b: Value) -> tuple[Value, tuple[Value, Value]]:
        """L and (dL/dw, dL/db) at (w, b)."""
        loss, slope_w, slope_b = self._gradient.at(w, b)
        return loss, (slope_w, slope_b)

    def hessian(self, w: Value, b: Value) -> tuple[Value, Value, Value]:
        """The second derivatives (L_ww, L_wb, L_bb) at (w, b)."""
        bend_w, twist, bend_b = self._hessian.at(w, b)
        return bend_w, twist, bend_b

    @property
    def size(self) -> int:
        """How many operations one gradient and one Hessian take."""
        return len(self._gradient.steps) + len(self._hessian.steps)


class _Token(NamedTuple):
    kind: str
    text: str
    position: int


class _Parser:
    """Parse a formula from left to right into the list of operations."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.sheet = Wengert()
        self.seen: set[str] = set()
        self._depth = 0
        if len(text) > LENGTH:
            raise FormulaError(f"a formula may have {LENGTH} characters; this one has {len(text):,}", text, LENGTH)
        self._end = 0
        self._token = self._read()

    def formula(self) -> Jet:
        """The whole text."""
        if self._token.kind == "end":
            raise FormulaError("the formula is empty; write one in w and b, like w**2 + b**2", self.text, 0)
        jet = self._sum()
        if self._token.kind != "end":
            raise self._mistake(self._left_over())
        return jet

    def _left_over(self) -> str:
        if self._token.text == ")":
            return "this ) closes nothing"
        before = self.text[: self._token.position].rstrip()
        name = re.search(r"[A-Za-z_][A-Za-z0-9_]*$", before)
        if name and self._token.text == "(":
            return f"{quoted(name[0])} is no function; a product is written with *"
        return f"a product is written with *: put one before {quoted(self._token.text)}"

    def _read(self) -> _Token:
        """The token at the place reached."""
        found = _TOKEN.match(self.text, self._end)
        if found is None or found.lastgroup is None:
            char = self.text[self._end :].lstrip()[0]
            self._end = self.text.index(char, self._end)
            hint = next((hint for chars, hint in _HINTS if char in chars), f"{quoted(char)} means nothing in a formula")
            raise FormulaError(hint, self.text, self._end)
        self._end = found.end()
        return _Token(found.lastgroup, found[found.lastgroup], found.start(found.lastgroup))

    def _next(self) -> _Token:
        """Return the current token and read the one after it."""
        token = self._token
        self._token = self._read()
        return token

    def _accepts(self, *signs: str) -> str | None:
        return self._next().text if self._token.kind == "sign" and self._token.text in signs else None

    def _mistake(self, sentence: str, token: _Token | None = None) -> FormulaError:
        return FormulaError(sentence, self.text, (token or self._token).position)

    def _deeper(self) -> None:
        self._depth += 1
        if self._depth > DEPTH:
            raise self._mistake(f"more than {DEPTH} parentheses, signs or powers stand one inside another")

    def _sum(self) -> Jet:
        jet = self._product()
        while sign := self._accepts("+", "-"):
            other = self._product()
            jet = self.sheet.plus(jet, other) if sign == "+" else self.sheet.minus(jet, other)
        return jet

    def _product(self) -> Jet:
        jet = self._signed()
        while sign := self._accepts("*", "/"):
            other = self._signed()
            jet = self.sheet.times(jet, other) if sign == "*" else self.sheet.over(jet, other)
        return jet

    def _signed(self) -> Jet:
        self._deeper()
        if sign := self._accepts("+", "-"):
            jet = self._signed()
            jet = self.sheet.times(self.sheet.constant(-1.0), jet) if sign == "-" else jet
        else:
            jet = self._atom()
            if self._accepts("**"):
                jet = self.sheet.power(jet, self._signed())
        self._depth -= 1
        return jet

    def _atom(self) -> Jet:
        if self._token.kind == "number":
            return self._number()
        if self._token.kind == "name":
            return self._name()
        opening = self._token
        if not self._accepts("("):
            if opening.kind == "end":
                raise self._mistake("the formula breaks off: a number, w, b or a function is missing at its end")
            raise self._mistake(f"a number, w, b or a function is missing before {quoted(opening.text)}")
        return self._inside(opening)

    def _inside(self, opening: _Token) -> Jet:
        """Parse what is inside parentheses."""
        jet = self._sum()
        if not self._accepts(")"):
            if self._token.kind == "end":
                raise self._mistake("this ( is never closed", opening)
            raise self._mistake(self._left_over())
        return jet

    def _number(self) -> Jet:
        value = float(self._token.text)
        if math.isinf(value):
            raise self._mistake("this number is too large")
        self._next()
        return self.sheet.constant(value)

    def _name(self) -> Jet:
        if self._token.text not in ("w", "b", *CONSTANTS, *FUNCTIONS):
            raise self._mistake(_unknown(self._token.text))
        token = self._next()
        if token.text in ("w", "b"):
            self.seen.add(token.text)
            return self.sheet.variable(W if token.text == "w" else B)
        if token.text in CONSTANTS:
            return self.sheet.constant(CONSTANTS[token.text])
        opening = self._token
        if not self._accepts("("):
            raise self._mistake(f"{token.text} takes its number in parentheses: {token.text}(w)", token)
        if self._token.text == ")":
            raise self._mistake(f"{token.text} takes a number in its parentheses: {token.text}(w)")
        return self.sheet.applied(token.text, self._inside(opening))


def _unknown(name: str) -> str:
    close = get_close_matches(name[:20].lower(), ("w", "b", *CONSTANTS, *FUNCTIONS), 1)
    return f"there is no {quoted(name, 20)}{f', but {close[0]}' if close else ''}; known are {NAMES}"
