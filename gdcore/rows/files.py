r"""Bytes from files and pipes: found, unpacked, split into blocks of whole lines, and checked for changes while read.

Vocabulary
    block   some whole lines, each ending in b"\\n"; NUL bytes and endless lines are refused before memory is full
    share   how much of the file on disk has been read, from 0 to 1; None for a pipe
"""

from __future__ import annotations

import io
import os
import re
import stat
import sys
from dataclasses import dataclass
from glob import glob
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from gdcore.inert import inert, quoted_path

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

SHIPPED = {"anscombe": "anscombe.csv", "cars": "cars.csv", "geyser": "geyser.csv"}
SHIPPED |= {"orings": "orings.csv", "pizza": "pizza.txt"}
STANDARD_INPUT = ("-", "/dev/stdin")
BLOCK = 1 << 20
"""Number of bytes read at once."""
_LONGEST_LINE = 1 << 24
_ENDLESS = 1 << 32
"""Number of bytes after which a pipe is taken to be endless."""
is_pattern = re.compile(r"[*?]|\[[^\]]+\]").search
_PACKED = {b"\x1f\x8b": "gzip", b"BZh": "bzip2", b"\xfd7zXZ\0": "xz", b"\x28\xb5\x2f\xfd": "zstd"}
_FOREIGN = {
    b"PAR1": "a Parquet file",
    b"ARROW1": "an Arrow file",
    b"SQLite format 3\0": "an SQLite database",
    b"PK\x03\x04": "a zip archive or a workbook",
}


class DatasetError(ValueError):
    """Data that cannot be used; the message is one sentence: what is wrong, where, and what to do."""


class WhichTableError(DatasetError):
    """A database is to be read, and it is not said which of its tables.

    Attributes:
        question: the message without its end, which says how to name one.
    """

    def __init__(self, question: str, answer: str) -> None:
        super().__init__(f"{question} {answer}")
        self.question = question


class Cancelled(Exception):  # noqa: N818 (nothing went wrong)
    """Raised by a `watch` to cancel the loading. What was read is dropped."""


def find(source: str) -> Path:
    """Find a file: a shipped one, or one of the user's.

    Raises:
        DatasetError: no file can have this name.
    """
    package = Path(__file__).parent.parent
    # In a checkout the data are beside the package, in an installed distribution inside it.
    data = next((folder for folder in (package / "data", package.parent / "data") if folder.is_dir()), package)
    if source in SHIPPED:
        return data / SHIPPED[source]
    if not source or "\0" in source:
        raise DatasetError(no_file(source))
    try:
        path = Path(source).expanduser()
    except RuntimeError:  # no such user, or no home directory
        path = Path(source)
    return data / source if source in SHIPPED.values() and not path.exists() else path


def find_all(source: str | os.PathLike[str] | Sequence[str | os.PathLike[str]]) -> tuple[str, list[Path]]:
    """Find the files that a name, a pattern (`logs/2026-*.csv`) or several of them match.

    Returns:
        A name for all of them, safe to print, and the files in order.

    Raises:
        DatasetError: no file matches a pattern, or no file can have this name.
    """
    if isinstance(source, str | os.PathLike):
        source = [source]
    paths: list[Path] = []
    for one in map(os.fsdecode, source):
        path = find(one)
        if is_pattern(one) and not os.path.lexists(path):
            # Path.glob takes no pattern that begins at the root.
            matches = [Path(match) for match in sorted(glob(str(path), recursive=True)) if not Path(match).is_dir()]  # noqa: PTH207
            if not matches:
                raise DatasetError(f"no file matches {quoted_path(one)}; check the pattern and where it is")
            paths += matches
        else:
            paths.append(path)
    if not paths:
        raise DatasetError(no_file(""))
    if len(source) > 1:
        return inert(f"{paths[0].name} and {len(paths) - 1} more"), paths
    name = find(os.fsdecode(source[0]))
    return "standard input" if str(name) in STANDARD_INPUT else inert(name.name or str(name)), paths


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a file has been read.

    Attributes:
        rows: the rows read so far, over all files.
        share: the share of all files read so far, from 0 to 1; None if their size is unknown, as for a pipe.
    """

    rows: int
    share: float | None


class Input:
    """A file or a pipe, to be read in blocks of lines.

    Attributes:
        path: its path.
        name: its name in messages.
        size: its size on disk in bytes; 0 for a pipe.
        packing: its compression, "gzip" and so on; empty if there is none.
        plain: whether it is a regular, uncompressed file, which can be opened again by its path.
    """

    def __init__(self, path: Path) -> None:
        """Open it.

        Raises:
            OSError: it cannot be opened.
            DatasetError: it cannot be read, with a sentence.
        """
        self.path = path
        standard = str(path) in STANDARD_INPUT
        self.name = "standard input" if standard else inert(path.name or str(path))
        self._raw = _standard_input() if standard else path.open("rb", buffering=0)
        try:
            self._before = os.fstat(self._raw.fileno())
            mode = self._before.st_mode
            if stat.S_ISCHR(mode) or stat.S_ISBLK(mode):
                raise DatasetError(_device(self.name, self._raw))
            self._regular = stat.S_ISREG(mode)
            self.size = self._before.st_size if self._regular else 0
            self._taken = 0
            head = self._read(8)
            while len(head) < 8 and (more := self._read(8 - len(head))):
                head += more
            packing = next((kind for mark, kind in _PACKED.items() if head.startswith(mark)), "")
            for mark, kind in _FOREIGN.items():
                if head.startswith(mark[:8]):
                    raise DatasetError(f"{self.name} is {kind}, not text; save it as plain text (CSV){_hint(kind)}")
            if head[:2] in (b"\xff\xfe", b"\xfe\xff"):
                raise DatasetError(f"{self.name} is text in UTF-16; save it as UTF-8")
            self.plain = self._regular and not packing and not standard
            self.packing = packing
            if self._regular:
                self._raw.seek(0)
            self._source = self._unpacked(b"" if self._regular else head)
        except BaseException:
            self.close()
            raise

    def _unpacked(self, head: bytes) -> BinaryIO:
        if self._regular:
            return _unpacked(self._raw, self.packing, self.name)
        return _unpacked(_Rest(head, self._read), self.packing, self.name)

    def _read(self, size: int) -> bytes:
        data = self._raw.read(size) or b""
        self._taken += len(data)
        if not self._regular and self._taken > _ENDLESS:
            raise DatasetError(
                f"{self.name} has no end after {self._taken >> 30} GB; save what is needed of it as a file"
            )
        return data

    def __enter__(self) -> Input:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close it; standard input stays open."""
        if str(self.path) not in STANDARD_INPUT:
            self._raw.close()

    @property
    def share(self) -> float | None:
        """The share that has been read, from 0 to 1; None for a pipe."""
        return min(self._raw.tell() / self.size, 1.0) if self.size else None

    def blocks(self) -> Iterator[bytes]:
        r"""Yield blocks of whole lines, each ending in b"\\n" except perhaps the last line.

        Raises:
            DatasetError: it is not text, or changed while it was read.
        """
        tail = b""
        first = True
        try:
            while data := self._source.read(BLOCK):
                if b"\0" in data:
                    raise DatasetError(binary(self.name))
                if first:
                    data, first = data.removeprefix(b"\xef\xbb\xbf"), False
                data = tail + data
                # \r at the end may be the first half of \r\n.
                kept = data[:-1] if data.endswith(b"\r") else data
                if b"\r" in kept:
                    kept = kept.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
                cut = kept.rfind(b"\n") + 1
                tail = kept[cut:] + (b"\r" if data.endswith(b"\r") else b"")
                if len(tail) > _LONGEST_LINE:
                    raise DatasetError(f"{self.name} has a line of more than 16 MB; a table has a row on each line")
                if cut:
                    yield kept[:cut]
        except DatasetError:
            raise
        except Exception as error:
            # Unpackers raise many kinds of errors for damaged data; only system errors have an errno.
            if not self.packing or getattr(error, "errno", None) is not None:
                raise
            raise DatasetError(
                f"{self.name} is damaged: its {self.packing} data are wrong or break off; get it anew"
            ) from error
        self.check()
        if tail:
            yield tail.replace(b"\r", b"\n")

    def again(self) -> Iterator[bytes]:
        """Yield the blocks of a plain file again from its beginning."""
        self._raw.seek(0)
        return self.blocks()

    def lacks(self, marks: bytes) -> bool:
        """Tell whether a plain file contains none of these bytes; this moves the position in the file."""
        self._raw.seek(0)
        while block := self._raw.read(BLOCK):
            if any(mark in block for mark in marks):
                return False
        return True

    def check(self) -> None:
        """Check that the file has not changed since it was opened.

        Raises:
            DatasetError: it changed.
        """
        if self._regular:
            after = os.fstat(self._raw.fileno())
            if (after.st_size, after.st_mtime_ns) != (self._before.st_size, self._before.st_mtime_ns):
                how = "became shorter" if after.st_size < self._before.st_size else "changed"
                raise DatasetError(f"{self.name} {how} while it was read; load it again when it is complete")


class _Rest(io.RawIOBase):
    """A stream, preceded by the bytes that were already read from it."""

    def __init__(self, head: bytes, read: Callable[[int], bytes]) -> None:
        self._head = head
        self._more = read

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        data = self._head[: len(buffer)] if self._head else self._more(len(buffer))
        self._head = self._head[len(data) :] if self._head else b""
        buffer[: len(data)] = data
        return len(data)


def _unpacked(source: io.RawIOBase, packing: str, name: str) -> BinaryIO:
    if packing == "gzip":
        import gzip  # noqa: PLC0415 (a run on a small text starts without them)

        return gzip.GzipFile(fileobj=io.BufferedReader(source, BLOCK))  # type: ignore[return-value]
    if packing == "bzip2":
        import bz2  # noqa: PLC0415

        return bz2.BZ2File(io.BufferedReader(source, BLOCK))  # type: ignore[return-value]
    if packing == "xz":
        import lzma  # noqa: PLC0415

        return lzma.LZMAFile(io.BufferedReader(source, BLOCK))  # type: ignore[return-value]
    if packing == "zstd":
        return _zstd(source, name)
    return source  # type: ignore[return-value]


def _zstd(source: io.RawIOBase, name: str) -> BinaryIO:
    """Unpack zstd: with the standard library from Python 3.14 on, else with the package zstandard if installed."""
    for module, open_name in (("compression.zstd", "ZstdFile"), ("zstandard", "open")):
        try:
            opened: BinaryIO = getattr(import_module(module), open_name)(io.BufferedReader(source, BLOCK), "rb")
        except ImportError:
            continue
        return opened
    raise DatasetError(f"{name} is packed by zstd, which this Python cannot read; pip install zstandard, or use gzip")


def _standard_input() -> io.RawIOBase:
    stream = getattr(sys.stdin, "buffer", None)
    if stream is None:
        raise DatasetError("there is no standard input to read from; name a file")
    return getattr(stream, "raw", stream)  # type: ignore[no-any-return]


def _device(name: str, raw: io.RawIOBase) -> str:
    if raw.isatty():
        return f"{name} is a terminal; send a table through a pipe, or name a file"
    return f"{name} is a device and has no end; name a file"


# Messages


def _hint(kind: str) -> str:
    return (
        ", or install what reads it: pip install 'gdlab[data]'" if kind in {"a Parquet file", "an Arrow file"} else ""
    )


def unreadable(source: str, error: OSError | UnicodeEncodeError) -> str:
    """Return the message for a file that the system refuses to read."""
    if isinstance(error, FileNotFoundError | UnicodeEncodeError):
        return no_file(source)
    if isinstance(error, IsADirectoryError):
        return f"{quoted_path(source)} is a folder; name a file in it"
    if isinstance(error, PermissionError):
        return f"{quoted_path(source)} cannot be read: permission denied; change its permissions, or copy it"
    reason = inert(error.strerror or "the system gives no reason").lower()
    return f"{quoted_path(source)} cannot be read: {reason}; check its name and where it is"


def no_file(source: str) -> str:
    """Return the message for a file that does not exist."""
    return f"there is no file {quoted_path(source)}; check its name, or use a shipped data set: {', '.join(SHIPPED)}"


def binary(name: str) -> str:
    """Return the message for a file that is not text."""
    return f"{name} is a binary file; save it as plain text (CSV)"
