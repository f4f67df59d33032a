"""Sessions as files: where they are kept, how they are written safely, how they are restored.

Every gdlab process writes its own file, atomically. Files written by others are never overwritten.
"""

from __future__ import annotations

import os
import re
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from gdcore.inert import inert, quoted, quoted_path
from gdcore.landscapes.known import find
from gdcore.landscapes.landscape import Landscape
from gdcore.landscapes.losses import DELTA
from gdcore.rows.dataset import DatasetError
from gdcore.session import LONGEST, ElsewhereError, Session
from tui.laboratory.reach import check
from tui.sources.load import can_be_had, load

if TYPE_CHECKING:
    from gdcore.rows.dataset import Dataset
    from tui.laboratory.laboratory import Laboratory

KEPT = 20
"""Number of sessions kept, the newest."""
FOLDER_VARIABLE = "GDLAB_STATE_DIR"
"""The environment variable for another folder."""
LARGEST = 50_000_000
"""Maximum size of a session in bytes."""
SUFFIX, PART, DAMAGED = ".json", ".part", ".damaged"
_OURS = re.compile(r"\d{4}-\d\d-\d\d-\d{6}-\d{6}-\d+\.json")
"""The file names that gdlab uses; it touches no other files."""
_DAY = 86_400


def state_folder() -> Path:
    """The folder of the sessions: the platform's own, or the one that the environment names."""
    if folder := os.environ.get(FOLDER_VARIABLE):
        return Path(folder)
    from platformdirs import user_state_path  # noqa: PLC0415 (a run without a screen starts without it)

    return user_state_path("gdlab", appauthor=False)


class Saver:
    """Keeps the session of this process in a file. It may be called from any thread.

    Attributes:
        path: the file; it is there from the first save on.
        failure: why the last save did not succeed, in a sentence; empty where it did.
    """

    def __init__(self, folder: Path, begun: Session | None = None, now: datetime | None = None) -> None:
        """Write to a file in the folder, named after the process and its date.

        Args:
            folder: where; it is made where it does not exist.
            begun: a session that need not be saved until it changes.
            now: the date, for tests.
        """
        self.path = _named(folder, now or datetime.now())
        self._lock = Lock()
        self._newest = self._written = begun
        self.failure = ""

    def save(self, session: Session) -> str:
        """Write the session if it has changed; of two concurrent calls the later one counts.

        Returns:
            An error message the first time that it cannot be written, else an empty string.
        """
        self._newest = session
        with self._lock:
            session = self._newest
            if session == self._written:
                return ""
            if session.iterations > LONGEST:
                known = self.failure
                self.failure = f"Sessions of more than {LONGEST:,} iterations are not kept: this one stays as it was."
                return "" if known else self.failure
            before = self._written
            if before and (before.source, before.scaled) != (session.source, session.scaled) and self.path.exists():
                # Other data begin a new session, so that the old one is kept.
                self.path = _named(self.path.parent, datetime.now())
            try:
                first = not self.path.exists()
                write(self.path, session.to_text())
                self._written = session
                if first:
                    _tidy(self.path)
            except OSError as error:
                known = self.failure
                self.failure = f"This session cannot be kept: {quoted_path(str(self.path.parent))}: {_reason(error)}."
                return "" if known else self.failure
            self.failure = ""
            return ""


def _named(folder: Path, now: datetime) -> Path:
    return folder / f"{now:%Y-%m-%d-%H%M%S-%f}-{os.getpid()}{SUFFIX}"


def write(path: Path, text: str) -> None:
    """Write a file atomically, readable by its owner alone.

    Raises:
        OSError: if it cannot be written; the old file is then unchanged.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    part = path.with_name(path.name + PART)
    try:
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)  # noqa: PTH105 (tests make it fail)
    except OSError:
        with suppress(OSError):
            part.unlink()
        raise


def _tidy(own: Path) -> None:
    """Delete old sessions, except the newest and today's, and unfinished files from before today."""
    with suppress(OSError):
        today = own.stat().st_mtime
        parts = [path for path in own.parent.glob(f"*{SUFFIX}{PART}") if _OURS.match(path.name)]
        for old in [*_newest_first(own.parent)[KEPT:], *parts]:
            with suppress(OSError):
                if old.stat().st_mtime < today - _DAY:  # a newer one may belong to a gdlab that is still open
                    old.unlink()


def _newest_first(folder: Path) -> list[Path]:
    """Return the sessions in a folder, newest first; the folder may hold other files."""
    dated = []
    for path in folder.glob(f"*{SUFFIX}"):
        with suppress(OSError):  # another process may have deleted it
            if _OURS.match(path.name):
                dated.append((path.stat().st_mtime_ns, path))
    return [path for _, path in sorted(dated, reverse=True)]


def read(path: Path | str) -> Session:
    """The session in a file.

    Raises:
        ValueError: if it holds no valid session, with a sentence that says why.
    """
    name = quoted_path(str(path))
    try:
        with Path(path).open("rb") as file:
            text = file.read(LARGEST + 1)
        if len(text) > LARGEST:
            raise ValueError(f"this is more than {LARGEST:,} bytes, and no session of gdlab is so long")
        return Session.from_text(text.decode("utf-8"))
    except UnicodeDecodeError:
        raise ValueError(f"{name}: this is not a session of gdlab, or it is damaged") from None
    except OSError as error:
        raise ValueError(f"{name} cannot be read: {_reason(error)}") from None
    except ElsewhereError as error:
        raise ElsewhereError(f"{name}: {error}") from None
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from None


def latest(folder: Path) -> tuple[Session | None, list[str]]:
    """The newest session that can be read, if there is one; and a sentence on each newer one that is passed over.

    One that is damaged is set aside.
    """
    remarks: list[str] = []
    for path in _newest_first(folder):
        try:
            return read(path), remarks
        except ElsewhereError as error:
            remarks.append(str(error))
        except ValueError as error:
            remarks.append(f"{error}; {_set_aside(path)}")
    return None, remarks


def _set_aside(path: Path) -> str:
    """Rename a file so that it is out of the way but not lost; return a sentence."""
    number = 1
    while (aside := path.with_name(f"{path.name}{DAMAGED}{number if number > 1 else ''}")).exists():
        number += 1
    try:
        path.rename(aside)
    except OSError as error:
        return f"it cannot be set aside: {_reason(error)}"
    return f"it is set aside as {quoted_path(aside.name)}"


def ground_of(session: Session, elsewhere: str | None = None) -> Dataset | Landscape:
    """Return the data or landscape of a session; data from their original place or from `elsewhere`.

    Raises:
        ValueError: if they do not exist any more or have changed.
    """
    source = session.source
    if isinstance(source, str):
        if elsewhere is not None:
            raise ValueError(f"this session is about the landscape {quoted(source)} and needs no data")
        return find(source)
    for place in source.origin.places if elsewhere is None else (elsewhere,):
        check(place)
    origin = source.origin if elsewhere is None else replace(source.origin, places=(elsewhere,))
    # A pipe cannot be read again, and opening it might block forever.
    if elsewhere is None and not can_be_had(origin):
        where = f"not at {quoted_path(source.path)} any more" if source.path else "in no file"
        raise ValueError(f"the data of the session are {where}; add the name of the file where they are now")
    try:
        data = load(origin, source.x, source.y, skip_bad_rows=source.skip_bad_rows)
    except DatasetError as error:
        raise ValueError(f"the data of the session cannot be used: {error}") from None
    try:
        source.check(data)
    except ValueError as error:
        from tui.laboratory.anew import anew  # noqa: PLC0415 (it is not often wanted)

        raise ValueError(
            f"{error}; name a file that has the rows as they were, or begin anew: {anew(session, source, origin)}"
        ) from None
    return data


def _is_file(place: str) -> bool:
    try:
        return Path(place).is_file()
    except (OSError, ValueError):  # a name that no file can have
        return False


def session_of(laboratory: Laboratory) -> Session:
    """Return the session that restores the laboratory."""
    ground = laboratory.ground
    return Session.of(ground.source, laboratory.walk.branches, scaled=ground.scale is not None)


def laboratory_of(session: Session, ground: Dataset | Landscape) -> Laboratory:
    """Restore a laboratory from a session; a reset returns to the start of its first branch.

    Raises:
        ValueError: if the session is not about these data.
    """
    from tui.laboratory.laboratory import Laboratory  # noqa: PLC0415 (it brings the charts with it)

    first = session.branches[0]
    from tui.laboratory.ground import Ground  # noqa: PLC0415

    stood = ground if isinstance(ground, Landscape) else Ground.of(ground, session.loss, session.delta or DELTA)
    laboratory = Laboratory(stood, first.changes[0][1], first.limits, (0.0, 0.0) if session.scaled else first.start)
    if session.scaled:
        laboratory.toggle_scaling()
    laboratory.walk.move_to(session.replay(ground))
    laboratory.welcome.shown = False
    laboratory.notes.say(f"Resumed at step {laboratory.walk.timeline.state.iteration:,} of branch {session.current}.")
    return laboratory


def _reason(error: OSError) -> str:
    return inert(error.strerror or str(error)).lower()
