"""`gdlab export`: what a session holds, as code, a table, a picture or a notebook."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from gdcore.inert import inert, quoted_path

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from tui.laboratory.laboratory import Laboratory

ABOUT = """\
Take a session out of the laboratory: as a script that walks its current branch again, as a table of its states, as a
picture of a view, or as a notebook. Without a session it is the newest one.

examples:
  gdlab export --to numpy                          a script that needs NumPy alone, with the same log
  gdlab export --to torch -o run.py                the same with PyTorch's own optimizers
  gdlab export --to csv --all SESSION              the states of all branches
  gdlab export --to svg --view map --size 120x36   a picture, without a screen
  gdlab export --to notebook -o run.ipynb
"""
CODE, TABLES, OTHERS = ("numpy", "torch"), ("csv", "jsonl", "parquet"), ("svg", "notebook")


def describe(parser: ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("session", metavar="SESSION", nargs="?", help="a session's file (default: the newest)")
    parser.add_argument("--to", metavar="FORM", required=True, choices=(*CODE, *TABLES, *OTHERS), help=_forms())
    parser.add_argument("-o", "--output", metavar="FILE", help="write to this file, not to standard output")
    parser.add_argument("--data", metavar="DATA", help="where the data of the session are now, if they have moved")
    parser.add_argument("--all", action="store_true", help="csv, jsonl, parquet: all branches, with a column of names")
    parser.add_argument("--view", metavar="VIEW", help="svg: which view (default: curve)")
    parser.add_argument("--size", metavar="COLUMNSxROWS", help="svg: how large, in cells (default: 100x30)")
    parser.add_argument("--theme", choices=("dark", "light"), help="svg: default dark")


def _forms() -> str:
    return f"one of {', '.join((*CODE, *TABLES, *OTHERS))}"


def run(options: Namespace) -> int:
    """Write what is asked for.

    Raises:
        ValueError: with a sentence, where it cannot be had.
        OSError: if it cannot be written.
    """
    _check(options)
    laboratory = _laboratory(options.session, options.data)
    made = _made(laboratory, options)
    if options.output is None:
        if isinstance(made, bytes):
            if sys.stdout.isatty():
                raise ValueError("Parquet is nothing to read on a terminal: name a file with -o")
            sys.stdout.buffer.write(made)
        else:
            sys.stdout.write(made)
        return 0
    write(Path(options.output), made)
    return 0


def write(path: Path, made: str | bytes) -> None:
    """Write a file.

    Raises:
        ValueError: if it cannot be written, with a sentence.
    """
    try:
        path.write_bytes(made if isinstance(made, bytes) else made.encode("utf-8"))
    except OSError as error:
        reason = inert(error.strerror or str(error)).lower()
        raise ValueError(f"{quoted_path(str(path))} cannot be written: {reason}") from None


def _check(options: Namespace) -> None:
    """Refuse options that do not apply to the chosen format."""
    for name, forms in (("all", TABLES), ("view", ("svg",)), ("size", ("svg",)), ("theme", ("svg",))):
        if getattr(options, name) and options.to not in forms:
            raise ValueError(f"--{name} goes with --to {' or '.join(forms)}, not with --to {options.to}")


def _laboratory(place: str | None, data: str | None) -> Laboratory:
    from tui.laboratory.saving import ground_of, laboratory_of, latest, read, state_folder  # noqa: PLC0415

    if place is not None:
        session = read(place)
    else:
        newest, remarks = latest(state_folder())
        for remark in remarks:
            print(f"gdlab: {remark}", file=sys.stderr)
        if newest is None:
            raise ValueError("there is no session to export; gdlab begins one")
        session = newest
    return laboratory_of(session, ground_of(session, data))


def _made(laboratory: Laboratory, options: Namespace) -> str | bytes:
    # Each module is imported only if needed: a table needs no charts.
    if options.to in CODE:
        from tui.headless.export.script import script  # noqa: PLC0415

        return script(laboratory, options.to)
    if options.to in TABLES:
        from tui.headless.export.table import table  # noqa: PLC0415

        return table(laboratory, options.to, every_branch=options.all)
    if options.to == "notebook":
        from tui.headless.export.notebook import notebook  # noqa: PLC0415

        return notebook(laboratory)
    from tui.headless.export.picture import picture, size_of  # noqa: PLC0415

    size = size_of(options.size) if options.size else (100, 30)
    return picture(laboratory, options.view or "curve", size, options.theme or "dark")
