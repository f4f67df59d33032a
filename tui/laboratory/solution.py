"""The commands of a model solution, done in a laboratory without a screen.

They are those of the plain mode that change something. What only asks, or reads a file, has no place in a solution.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from gdcore.course.course import MOST_STEPS
from gdcore.descent.optimizers import OPTIMIZERS, hyperparameters
from gdcore.descent.parameters import BIAS, ITERATIONS, LEARNING_RATE, WEIGHT, Parameter, Range
from gdcore.inert import quoted
from gdcore.rows.dataset import load, shipped

if TYPE_CHECKING:
    from collections.abc import Callable

    from tui.laboratory.laboratory import Laboratory

_COUNT = Parameter("steps", Range("a whole number from 1 to 100,000", low=1, high=MOST_STEPS, whole=True), "")
_FACTORS = {"half": 0.5, "double": 2.0, "[": 0.909090909, "]": 1.1, "{": 0.5, "}": 2.0}
_HYPERPARAMETERS = {parameter.name: parameter for kind in OPTIMIZERS.values() for parameter in hyperparameters(kind)}


def do(laboratory: Laboratory, line: str) -> None:
    """Do what a command asks for.

    Example:
        >>> from gdcore.rows.dataset import load
        >>> from gdcore.descent.steps import Limits, Settings
        >>> from tui.laboratory.laboratory import Laboratory
        >>> laboratory = Laboratory(load("pizza"), Settings(), Limits())
        >>> do(laboratory, "rate 0.002"), do(laboratory, "step 3"), laboratory.timeline.state.iteration
        (None, None, 3)
        >>> do(laboratory, "fly")
        Traceback (most recent call last):
        ValueError: there is no command "fly" for a solution; there are ...

    Raises:
        ValueError: with a sentence, where it cannot be done.
    """
    name, _, rest = line.strip().partition(" ")
    rest = rest.strip()
    if name in _FACTORS and not rest:
        laboratory.scale_learning_rate(_FACTORS[name])
    elif name in _HYPERPARAMETERS:
        _hyperparameter(laboratory, _HYPERPARAMETERS[name], rest)
    elif name in _COMMANDS:
        _COMMANDS[name](laboratory, rest)
    else:
        names = ", ".join((*_COMMANDS, *_HYPERPARAMETERS, *(key for key in _FACTORS if len(key) == 1)))
        raise ValueError(f"there is no command {quoted(name)} for a solution; there are answer, {names}")


def _step(laboratory: Laboratory, rest: str) -> None:
    laboratory.step(int(_COUNT.parse(rest)) if rest else 1)


def _run(laboratory: Laboratory, rest: str) -> None:
    laboratory.step(int(_COUNT.parse(rest)) if rest else MOST_STEPS)


def _back(laboratory: Laboratory, rest: str) -> None:
    laboratory.back(int(_COUNT.parse(rest)) if rest else 1)


def _rate(laboratory: Laboratory, rest: str) -> None:
    if rest in _FACTORS:
        laboratory.scale_learning_rate(_FACTORS[rest])
    else:
        laboratory.set_learning_rate(LEARNING_RATE.parse(rest))


def _optimizer(laboratory: Laboratory, rest: str) -> None:
    name = "-".join(rest.lower().split())
    if name not in OPTIMIZERS:
        raise ValueError(f"there is no optimizer {quoted(rest)}; choose one of {', '.join(OPTIMIZERS)}")
    laboratory.set_optimizer(OPTIMIZERS[name]())


def _hyperparameter(laboratory: Laboratory, parameter: Parameter, rest: str) -> None:
    optimizer: Any = laboratory.timeline.settings.optimizer
    if parameter not in hyperparameters(type(optimizer)):
        raise ValueError(f"{parameter.name} is not a hyperparameter of {optimizer.title}")
    laboratory.set_optimizer(replace(optimizer, **{parameter.name: parameter.parse(rest)}))


def _bias(laboratory: Laboratory, rest: str) -> None:
    choices = {"on": True, "off": False, "": not laboratory.timeline.settings.train_bias}
    if rest.lower() not in choices:
        raise ValueError(f"bias must be on or off, not {quoted(rest)}")
    laboratory.set_train_bias(choices[rest.lower()])


def _start(laboratory: Laboratory, rest: str) -> None:
    words = rest.replace(",", " ").split()
    if not 1 <= len(words) <= 2:
        raise ValueError("start needs the w to start from, and may have the b: start 1 0.5")
    w = WEIGHT.parse(words[0])
    laboratory.set_start(w, BIAS.parse(words[1]) if len(words) == 2 else laboratory.start[1])


def _open(laboratory: Laboratory, rest: str) -> None:
    if rest not in shipped():
        raise ValueError(f"a solution can open data that ship, {', '.join(shipped())}, not {quoted(rest)}")
    laboratory.open(load(rest))


def _branch(laboratory: Laboratory, rest: str) -> None:
    for branch in laboratory.branches:
        if branch.name == rest:
            laboratory.switch(branch)
            return
    raise ValueError(f"there is no branch {quoted(rest)}")


def _alone(method: str) -> Callable[[Laboratory, str], None]:
    """A command that nothing follows."""

    def do_it(laboratory: Laboratory, rest: str) -> None:
        if rest:
            raise ValueError(f"nothing can follow here, not {quoted(rest)}")
        getattr(laboratory, method)()

    return do_it


_COMMANDS: dict[str, Callable[[Laboratory, str], None]] = {
    "step": _step,
    "run": _run,
    "back": _back,
    "rate": _rate,
    "optimizer": _optimizer,
    "method": _optimizer,
    "bias": _bias,
    "steps": lambda laboratory, rest: laboratory.set_iterations(int(ITERATIONS.parse(rest))),
    "more": _alone("allow_more"),
    "start": _start,
    "restart": _alone("restart"),
    "reset": _alone("reset"),
    "retreat": _alone("retreat"),
    "scale": _alone("toggle_scaling"),
    "open": _open,
    "branch": _branch,
    "pin": _alone("pin"),
    "race": _alone("race"),
}
