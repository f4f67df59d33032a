"""Landscapes, optimizers and schedules from other packages, by entry points.

    [project.entry-points."gdlab.landscapes"]
    volcano = "my_package:volcano"          a Landscape, or what makes one without arguments

    [project.entry-points."gdlab.optimizers"]
    lion = "my_package:Lion"                a kind of Optimizer; what `parameters` says of its hyperparameters is known

    [project.entry-points."gdlab.schedules"]
    warm = "my_package:Warm"                a kind of Schedule, likewise

Each is tested before it is added. One that cannot be used is reported in a sentence and ignored.
"""

from __future__ import annotations

import os
import re
import sys
from contextlib import suppress
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gdcore.inert import inert, quoted

if TYPE_CHECKING:
    from collections.abc import Callable
    from importlib.metadata import EntryPoint

NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
TAKEN = {
    "x",
    "y",
    "data",
    "help",
    "version",
    "terrain",
    "format",
    "session",
    "resume",
    "plain",
    "marker",
    "fps",
    "every",
}
"""Names that mean something else on the command line."""


def register() -> list[str]:
    """Add what other packages offer; return a sentence for each that cannot be used."""
    if not _offered():
        return []
    # Most of this import is a parser for mail headers, which hold package metadata: so it is done only if needed.
    from importlib.metadata import entry_points  # noqa: PLC0415

    found = []
    for kind, take in _KINDS.items():
        for entry in entry_points(group=f"gdlab.{kind}s"):
            try:
                take(entry.load())
            except (Exception, SystemExit) as error:  # foreign code may raise anything
                found.append(_sentence(kind, entry, error))
    return found


def _offered() -> bool:
    """Whether any installed package has entry points for gdlab."""
    for folder in sys.path:
        with suppress(OSError), os.scandir(folder or ".") as entries:
            for entry in entries:
                if entry.name.endswith((".dist-info", ".egg-info")):
                    with suppress(OSError):
                        if b"[gdlab." in Path(entry.path, "entry_points.txt").read_bytes():
                            return True
    return False


def _sentence(kind: str, entry: EntryPoint, error: BaseException) -> str:
    package = f" of {inert(entry.dist.name)}" if entry.dist else ""
    why = inert(" ".join(str(error).split()))[:200] or type(error).__name__
    return f"the {kind} {quoted(entry.name)}{package} cannot be used: {why}"


def _landscape(offered: Any) -> None:
    from gdcore.landscapes.known import KNOWN  # noqa: PLC0415
    from gdcore.landscapes.landscape import Landscape  # noqa: PLC0415

    landscape = offered if isinstance(offered, Landscape) else offered()
    if not isinstance(landscape, Landscape):
        raise ValueError(f"it is a {type(landscape).__name__}, not a Landscape")
    _check_name(landscape.title)
    if landscape.title in KNOWN:
        raise ValueError(f"there is a landscape {landscape.title} already")
    for count in (None, 2):  # at a point, and at many at once
        w, b = (_filled(count, value) for value in landscape.scope.start)
        loss, slopes = landscape.loss_and_gradient(w, b)
        if not all(_numbers(value, count) for value in (loss, *slopes)):
            raise ValueError("its loss or slope at its own start is no number")
    KNOWN[landscape.title] = landscape


def _optimizer(offered: Any) -> None:
    from gdcore.descent.optimizers import OPTIMIZERS, Optimizer, register  # noqa: PLC0415

    _check_kind(offered, Optimizer, "title")
    register(offered, getattr(offered, "parameters", ()))
    try:
        made = offered()
        memory = made.memory()
        if not hasattr(memory, "_asdict"):
            raise ValueError(f"its memory is a {type(memory).__name__}, not a named tuple")
        for count in (None, 2):  # for one run, and for many at once
            step, _ = made.step(_filled(count, 1.0), memory, 0.1)
            if not _numbers(step, count):
                raise ValueError("its first step is no number")
    except BaseException:
        del OPTIMIZERS[offered.name]
        raise


def _schedule(offered: Any) -> None:
    from gdcore.descent.schedules import SCHEDULES, Schedule, register  # noqa: PLC0415

    _check_kind(offered, Schedule, "title", "formula")
    register(offered, getattr(offered, "parameters", ()))
    try:
        if not isfinite(float(offered().factor(0))):
            raise ValueError("its first factor is no number")
    except BaseException:
        del SCHEDULES[offered.name]
        raise


def _filled(count: int | None, value: float) -> Any:
    """A number, or an array of so many."""
    import numpy as np  # noqa: PLC0415

    return float(value) if count is None else np.full(count, value)


def _numbers(value: Any, count: int | None) -> bool:
    """Whether a value is a number, or an array of so many, or one that serves for all of them."""
    import numpy as np  # noqa: PLC0415

    return np.shape(value) in ((), (count,)) and bool(np.isfinite(value).all())


def _check_kind(offered: Any, base: type, *words: str) -> None:
    if not (isinstance(offered, type) and issubclass(offered, base)):
        raise ValueError(f"it is no kind of {base.__name__}")
    _check_name(getattr(offered, "name", ""))
    for word in words:
        if not isinstance(getattr(offered, word, None), str):
            raise ValueError(f"its {word} is missing")
    for parameter in getattr(offered, "parameters", ()):
        if parameter.name in TAKEN or not parameter.name.isidentifier():
            raise ValueError(f"a hyperparameter cannot be called {parameter.name}")


def _check_name(name: str) -> None:
    if not NAME.fullmatch(name):
        raise ValueError(f"its name must be of small letters, digits and hyphens, not {quoted(name)}")


_KINDS: dict[str, Callable[[Any], None]] = {
    "landscape": _landscape,
    "optimizer": _optimizer,
    "schedule": _schedule,
}
