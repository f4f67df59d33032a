"""The states of one branch or of all, as CSV, JSON lines or Parquet."""

from __future__ import annotations

from importlib.util import find_spec
from io import BytesIO
from json import dumps
from math import isfinite
from typing import TYPE_CHECKING, Any

from tui.headless.train import _fields, _replayed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from gdcore.descent.branches import Branch
    from tui.laboratory.laboratory import Laboratory

TO_PARQUET = "Parquet needs pyarrow, which is not installed: pip install pyarrow, or write --to csv"


def table(laboratory: Laboratory, form: str, *, every_branch: bool = False) -> str | bytes:
    """The states of the current branch from its start to its tip, or of all branches with a column that names them.

    Args:
        laboratory: what was done.
        form: one of TABLES.
        every_branch: all the branches, one after the other.

    Raises:
        ValueError: if something that is needed is not installed.
    """
    branches = list(laboratory.walk.branches) if every_branch else [laboratory.walk.branches.current]
    return TABLES[form](branches, every_branch)


def _csv(branches: Sequence[Branch], named: bool) -> str:
    """Every field of every state; empty where an optimizer has no such field."""
    names = _names(branches, named)
    lines = [",".join(names)]
    for row in _rows(branches, named):
        lines.append(",".join(_cell(row[name]) if name in row else "" for name in names))
    return "\n".join(lines) + "\n"


def _cell(value: float | str) -> str:
    """A value as CSV has it; what a person calls a branch may hold a comma."""
    if not isinstance(value, str):
        return repr(value)
    return '"' + value.replace('"', '""') + '"' if any(char in value for char in ',"\r\n') else value


def _json_lines(branches: Sequence[Branch], named: bool) -> str:
    """An object a state; a value too large for a number is null, as JSON has no infinity."""
    return "".join(
        dumps({name: value if isinstance(value, str) or isfinite(value) else None for name, value in row.items()})
        + "\n"
        for row in _rows(branches, named)
    )


def _parquet(branches: Sequence[Branch], named: bool) -> bytes:
    """The same columns as the CSV has."""
    if find_spec("pyarrow") is None:
        raise ValueError(TO_PARQUET)
    import pyarrow  # noqa: PLC0415
    import pyarrow.parquet  # noqa: PLC0415

    rows = list(_rows(branches, named))
    columns: dict[str, list[Any]] = {name: [row.get(name) for row in rows] for name in _names(branches, named)}
    # A name that has no value yet is a column of numbers all the same.
    kinds = {"branch": pyarrow.string(), "iteration": pyarrow.int64()}
    arrays = {name: pyarrow.array(values, kinds.get(name, pyarrow.float64())) for name, values in columns.items()}
    written = BytesIO()
    pyarrow.parquet.write_table(pyarrow.table(arrays), written)
    return written.getvalue()


TABLES: dict[str, Callable[[Sequence[Branch], bool], str | bytes]] = {
    "csv": _csv,
    "jsonl": _json_lines,
    "parquet": _parquet,
}
"""What writes a table, by the name of its format."""


def _names(branches: Sequence[Branch], named: bool) -> list[str]:
    """The names of all the fields that the states have, in the order in which they first occur."""
    names: dict[str, None] = {"branch": None} if named else {}
    for branch in branches:
        for at, _ in branch.run.changes():
            names |= dict.fromkeys(_fields(_state_at(branch, at)))
    return list(names)


def _state_at(branch: Branch, iteration: int) -> Any:
    run = branch.run
    cursor = run.state.iteration
    run.back(cursor)
    run.forward(iteration)
    state = run.state
    run.back(run.state.iteration)
    run.forward(cursor)
    return state


def _rows(branches: Sequence[Branch], named: bool) -> Iterator[dict[str, Any]]:
    for branch in branches:
        cursor = branch.run.state.iteration
        for state in _replayed(branch.run):
            yield {"branch": branch.name, **_fields(state)} if named else _fields(state)
        branch.run.back(branch.run.state.iteration - cursor)
