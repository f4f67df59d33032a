"""The states of one branch or of all, as CSV, JSON lines or Parquet."""

from __future__ import annotations

from importlib.util import find_spec
from io import BytesIO
from json import dumps
from math import isfinite
from typing import TYPE_CHECKING, Any, TypeAlias

from tui.headless.train import Subject, columns_of, replayed, row_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from gdcore.descent.timeline import Timeline
    from tui.laboratory.laboratory import Laboratory

    Walk: TypeAlias = tuple[Timeline, Subject]

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
    ground = laboratory.ground
    walks = [(branch.run, Subject.of(branch, ground.data, ground.scale)) for branch in branches]
    return TABLES[form](walks, every_branch)


def _csv(walks: Sequence[Walk], named: bool) -> str:
    """Every field of every state; empty where an optimizer has no such field."""
    names = _names(walks, named)
    lines = [",".join(names)]
    for row in _rows(walks, named):
        lines.append(",".join(_cell(row[name]) if name in row else "" for name in names))
    return "\n".join(lines) + "\n"


def _cell(value: float | str) -> str:
    """A value as CSV has it; what a person calls a branch may hold a comma."""
    if not isinstance(value, str):
        return repr(value)
    return '"' + value.replace('"', '""') + '"' if any(char in value for char in ',"\r\n') else value


def _json_lines(walks: Sequence[Walk], named: bool) -> str:
    """An object a state; a value too large for a number is null, as JSON has no infinity."""
    return "".join(
        dumps({name: value if isinstance(value, str) or isfinite(value) else None for name, value in row.items()})
        + "\n"
        for row in _rows(walks, named)
    )


def _parquet(walks: Sequence[Walk], named: bool) -> bytes:
    """The same columns as the CSV has."""
    if find_spec("pyarrow") is None:
        raise ValueError(TO_PARQUET)
    import pyarrow  # noqa: PLC0415
    import pyarrow.parquet  # noqa: PLC0415

    rows = list(_rows(walks, named))
    columns: dict[str, list[Any]] = {name: [row.get(name) for row in rows] for name in _names(walks, named)}
    # A name that has no value yet is a column of numbers all the same.
    kinds = {"branch": pyarrow.string(), "iteration": pyarrow.int64()}
    arrays = {name: pyarrow.array(values, kinds.get(name, pyarrow.float64())) for name, values in columns.items()}
    written = BytesIO()
    pyarrow.parquet.write_table(pyarrow.table(arrays), written)
    return written.getvalue()


TABLES: dict[str, Callable[[Sequence[Walk], bool], str | bytes]] = {
    "csv": _csv,
    "jsonl": _json_lines,
    "parquet": _parquet,
}
"""What writes a table, by the name of its format."""


def _names(walks: Sequence[Walk], named: bool) -> list[str]:
    """The names of all the fields that the states have, in the order in which they first occur."""
    names: dict[str, None] = {"branch": None} if named else {}
    for _, subject in walks:
        names |= dict.fromkeys(columns_of(subject))
    return list(names)


def _rows(walks: Sequence[Walk], named: bool) -> Iterator[dict[str, Any]]:
    for run, subject in walks:
        cursor = run.state.iteration
        for state in replayed(run):
            row = row_of(state, subject)
            yield {"branch": subject.branch, **row} if named else row
        run.back(run.state.iteration - cursor)
