"""`gdlab serve`: the laboratory in a browser."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from typing import TYPE_CHECKING

from gdcore.descent.parameters import Parameter, Range
from gdcore.inert import quoted_path
from gdcore.rows.dataset import Origin, shipped
from gdcore.rows.files import find, unreadable

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

ABOUT = """\
Serve the laboratory to browsers: one process for each visitor, which ends with the visit. A visitor can read the data
sets that ship and what is in the folder that is named here, and no other file of this machine. It listens to this
machine alone unless --host says otherwise; there is no password, so everybody who reaches the address gets in.

examples:
  gdlab serve                        the lesson, at http://127.0.0.1:8000
  gdlab serve ~/lesson               the visitors may open the files of this folder
  gdlab serve ~/lesson/pay.csv       they begin on this file, and may open no other
  gdlab serve my-course.toml         they take this course
  gdlab serve --host 0.0.0.0         for the whole network
"""
PORT = Parameter(
    "port", Range("a whole number from 0 to 65535", 0, 65535, whole=True), "listen here; 0 finds a free one"
)
VISITORS = Parameter(
    "visitors", Range("a whole number from 1 to 1000", 1, 1000, whole=True), "so many at once, at most"
)
IDLE = Parameter("idle", Range("a number above 0", 1e-9, 1e9), "minutes without a key after which a visit ends")
MISSING = "gdlab serve needs what does not come with gdlab alone: pip install 'gdlab[serve]'"


def describe(parser: ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument(
        "data",
        metavar="DATA",
        nargs="?",
        help="a data set that ships, a file, a folder, or a course",
    )
    parser.add_argument("--host", default="127.0.0.1", help="listen to this address (default: %(default)s)")
    parser.add_argument("--name", action="append", default=[], help="serve under this host name, too; may be repeated")
    for parameter, default in ((PORT, 8000), (VISITORS, 20), (IDLE, 30)):
        parser.add_argument(
            f"--{parameter.name}",
            metavar="NUMBER",
            default=str(default),
            help=f"{parameter.description} (default: {default})",
        )


def run(options: Namespace) -> int:
    """Serve until interrupted.

    Raises:
        ValueError: with a sentence, where that cannot be done.
    """
    port, visitors, idle = (parameter.parse(getattr(options, parameter.name)) for parameter in (PORT, VISITORS, IDLE))
    words, only = reach_of(options.data)
    if find_spec("textual_serve") is None or find_spec("aiohttp") is None:
        raise ValueError(MISSING)
    from tui.serve.server import Server  # noqa: PLC0415 (it needs what comes with the extra)

    server = Server(words, only, visitors=int(visitors), idle=60 * idle, names=options.name)
    return server.run(options.host, int(port), lambda line: print(line, file=sys.stderr, flush=True))


def reach_of(data: str | None) -> tuple[list[str], str]:
    """Return the arguments for each visitor's gdlab, and the folder or file that it may read; empty for none.

    Raises:
        ValueError: if it does not exist, or a file is neither data nor a course.
    """
    if data is None or data in shipped():
        return [data] if data else [], ""
    path = find(data)
    try:
        folder, file = path.is_dir(), path.is_file()
    except OSError as error:
        raise ValueError(unreadable(data, error)) from error
    if folder:
        return [], str(path.resolve())
    if not file:
        raise ValueError(f"there is no file or folder {quoted_path(data)}; check its name")
    if path.suffix == ".toml":
        from gdcore.course.course import Course  # noqa: PLC0415

        Course.load(path)  # report errors in the course now
        return ["learn", str(path.resolve())], str(path.resolve())
    from tui.sources.load import load  # noqa: PLC0415

    load(Origin((str(path),)))
    return [str(path.resolve())], str(path.resolve())
