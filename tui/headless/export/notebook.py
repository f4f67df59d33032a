"""A branch as a Jupyter notebook: what it is about, its code with what that prints, and its states as a table."""

from __future__ import annotations

from json import dumps
from typing import TYPE_CHECKING, Any
from zlib import crc32

import numpy as np

from gdcore.inert import inert
from tui.headless.export.numpy_script import sections
from tui.headless.export.plan import Plan
from tui.headless.export.script import ground_of
from tui.headless.train import Output, Run, Subject, _text, replayed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from gdcore.descent.branches import Branch
    from tui.headless.export.ground import Ground
    from tui.laboratory.laboratory import Laboratory

ROWS = 21
"""Maximum number of states in the table, evenly spaced, with the first and the last."""


def notebook(laboratory: Laboratory) -> str:
    """A notebook (format 4.5) that walks the current branch again, with NumPy alone.

    Raises:
        ValueError: if there is no code for what was walked on, or for an optimizer.
    """
    branch = laboratory.walk.branches.current
    plan, ground = Plan.of(branch), ground_of(laboratory)
    needed, defined, rules, walk = sections(plan, ground)
    cells = [_told(_introduction(plan, ground)), _code([*needed, *[""] * bool(needed), *defined])]
    for kind, rule in zip(plan.optimizers, rules, strict=True):
        cells += [_told([f"**{kind.title}**: {_first_sentence(kind.__doc__)}"]), _code(rule)]
    cells += [_told(["The walk. Change a number and run it again."]), _code(walk, _log(branch, ground))]
    cells.append(_told(["## The states", "", *_table(plan)]))
    for number, cell in enumerate(cells):
        cell["id"] = f"{number}-{crc32(dumps(cell).encode()):08x}"
    document = {
        "cells": cells,
        "metadata": {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return dumps(document, indent=1, ensure_ascii=False) + "\n"


def _source(lines: Iterable[str]) -> list[str]:
    return "\n".join(lines).strip("\n").splitlines(keepends=True)


def _told(lines: Iterable[str]) -> dict[str, Any]:
    return {"cell_type": "markdown", "metadata": {}, "source": _source(lines)}


def _code(lines: Iterable[str], printed: str = "") -> dict[str, Any]:
    stream = {"output_type": "stream", "name": "stdout", "text": printed.splitlines(keepends=True)}
    return {
        "cell_type": "code",
        "execution_count": None,
        "metadata": {},
        "outputs": [stream] if printed else [],
        "source": _source(lines),
    }


def _introduction(plan: Plan, ground: Ground) -> Iterator[str]:
    yield f"# Gradient descent on {_plain(ground.title)}"
    yield ""
    yield f"Branch {_plain(plan.name)}: {plan.steps:,} steps from w = {plan.start[0]:g}, b = {plan.start[1]:g}."
    yield ""
    yield f"The loss: $L$ = `{inert(ground.landscape.formula)}`. Each step goes against its gradient,"
    yield ""
    yield "    w <- w - step(dL/dw)        b <- b - step(dL/db)"
    yield ""
    yield "and how long it is, the optimizer and the learning rate decide."
    for change in plan.later:
        yield from ("", f"- From iteration {change.iteration:,} on: {_plain(change.comment)}.")


def _plain(text: str) -> str:
    """Escape text for Markdown."""
    return "".join(f"\\{char}" if char in "\\`*_{}[]<#|$" else char for char in inert(text))


def _first_sentence(text: str | None) -> str:
    return f"`{(text or '').splitlines()[0].partition(': ')[2].rstrip('.')}`."


def _table(plan: Plan) -> Iterator[str]:
    """States of the walk as a table."""
    yield "| iteration | w | b | loss |"
    yield "|---:|---:|---:|---:|"
    path = plan.run.path(0, plan.steps + 1)
    for iteration in np.unique(np.linspace(0, plan.steps, ROWS).round().astype(int)):
        w, b, loss = path[iteration]
        yield f"| {iteration:,} | {w:.10g} | {b:.10g} | {loss:.10g} |"


def _log(branch: Branch, ground: Ground) -> str:
    """What the walk prints: gdlab's own log."""
    run = branch.run
    cursor = run.state.iteration
    subject = Subject.of(branch, ground.data, ground.scale)
    text = "".join(_text(Run(replayed(run)), subject, Output()))
    run.back(run.state.iteration - cursor)
    return text
