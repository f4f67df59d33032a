"""The losses of rows as expressions that an engine adds up: what `gdcore.landscapes.losses` says of each row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

_TAIL = 700.0
"""exp(-z) is taken of no larger z: beyond it some engines make an error of what is too small for a number."""


def _absolute(z: Any, y: Any, delta: float) -> tuple[Any, Any]:
    """|r| and its sign."""
    del delta
    r = z - y
    return r.abs(), r.sign().cast("float64")


def _huber(z: Any, y: Any, delta: float) -> tuple[Any, Any]:
    """With s, the residual held between -delta and delta: s * (r - s / 2), and s."""
    from ibis import greatest, least  # noqa: PLC0415

    r = z - y
    s = greatest(least(r, delta), -delta)
    return s * (r - s * 0.5), s


def _logistic(z: Any, y: Any, delta: float) -> tuple[Any, Any]:
    """log(1 + exp(-|z|)) + max(m, 0) with m = -z for label 1 and z for label 0; and sigmoid(z) - y.

    The logarithm of u = 1 + t, t small: log(u) * t / (u - 1), exact where u is rounded (W. Kahan).
    """
    from ibis import cases, greatest, least  # noqa: PLC0415

    del delta
    t = (-least(z.abs(), _TAIL)).exp()
    u = t + 1.0
    log = cases((u == 1.0, t), else_=u.ln() * t / (u - 1.0))
    slope = cases((z >= 0, 1.0), else_=t) / u - y
    return log + greatest(z * (1.0 - y * 2.0), 0.0), slope


ROWWISE: dict[str, Callable[[Any, Any, float], tuple[Any, Any]]] = {
    "absolute": _absolute,
    "huber": _huber,
    "logistic": _logistic,
}
"""The loss of a row and its slope by z = w*x + b, from z, y and the delta of a Huber loss."""
