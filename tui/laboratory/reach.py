"""Which files may be read: all, or for visitors of a served gdlab only shipped files and one folder.

Code that opens a file for a user first calls `check`, which gives an error message. `fence` is the safety net if it
does not: the interpreter itself then refuses to open any other file, to list another folder, or to start a program.
"""

from __future__ import annotations

import errno
import os
import sys
from pathlib import Path
from typing import Any

from gdcore.rows.dataset import DatasetError, _find, shipped
from gdcore.rows.files import is_pattern

VARIABLE = "GDLAB_ONLY"
"""Name of the environment variable with the folder or file; empty for none. If it is not set, all files are allowed."""

_CODE = (".py", ".pyc", ".so", ".pyd", ".dll", ".dylib", ".tcss", ".pth")
_SYSTEM = ("/dev/null", "/dev/urandom", "/etc/localtime", "/usr/share/zoneinfo")
_READING = {"open", "os.listdir", "os.scandir"}
_FOREIGN = {"subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.fork", "socket.connect", "pty.spawn"}


def check(source: str | os.PathLike[str], *, folder: bool = False) -> None:
    """Check that a file named by a user may be read.

    What stands for many files, or for a server, is refused as well: an engine that reads them looks at no fence.

    Args:
        source: its path.
        folder: a folder will do, to look what is in it.

    Raises:
        DatasetError: if it may not be read.
    """
    only = os.environ.get(VARIABLE)
    if only is None:
        return
    name = os.fspath(source)
    place = _find(name)
    one = "://" not in name and (folder or not place.is_dir()) and (os.path.lexists(place) or not is_pattern(name))
    if one and any(_inside(str(place), root) for root in (str(_find(shipped()[0]).parent), only) if root):
        return
    others = f" and what is in the folder {Path(only).name}" if only else ""
    raise DatasetError(f"only the data sets that ship ({', '.join(shipped())}){others} can be opened here")


def _inside(name: str, folder: str) -> bool:
    """Whether a path is a folder or inside it, with all links resolved."""
    try:
        place, root = os.path.realpath(name), os.path.realpath(folder)
    except (OSError, ValueError):
        return False
    return place == root or place.startswith(root.rstrip(os.sep) + os.sep)


def fence(state: Path) -> None:
    """Make the interpreter refuse all other files, permanently; does nothing if all files are allowed.

    Args:
        state: the folder of sessions, which may be read and written.
    """
    only = os.environ.get(VARIABLE)
    if only is None:
        return
    package = Path(__file__).parent.parent
    own = [str(folder) for folder in (package, package.parent / "gdcore", _find(shipped()[0]).parent, state)]
    own += [only] * bool(only)
    code = [path for path in {*sys.path, sys.prefix, sys.base_prefix} if path]

    def refuses(path: object, folder: bool) -> bool:
        if not isinstance(path, str | bytes | os.PathLike):
            return False  # a file that is open already
        name = os.fsdecode(path)
        if any(_inside(name, root) for root in (*own, *_SYSTEM)):
            return False
        if not (folder or name.endswith(_CODE) or ".dist-info" in name):
            return True
        return not any(_inside(name, root) for root in code)

    def writes(arguments: tuple[Any, ...]) -> bool:
        """Whether a file outside the folder of sessions is opened for writing."""
        flags = arguments[2] if len(arguments) > 2 and isinstance(arguments[2], int) else 0
        if not flags & (os.O_WRONLY | os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_TRUNC):
            return False
        path = arguments[0]
        if not isinstance(path, str | bytes | os.PathLike):
            return False
        return not any(_inside(os.fsdecode(path), root) for root in (str(state), *_SYSTEM))

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event in _FOREIGN:
            raise PermissionError(errno.EACCES, "no program and no connection is begun here")
        if event in _READING and arguments and (refuses(arguments[0], event != "open") or writes(arguments)):
            raise PermissionError(errno.EACCES, "this file is not served", os.fsdecode(arguments[0]))

    sys.addaudithook(hook)
