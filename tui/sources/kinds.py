"""The kind of data in a file: by its first bytes, or by its name. Imports none of the readers."""

from __future__ import annotations

from contextlib import suppress
from glob import iglob
from itertools import islice
from pathlib import Path

from gdcore.inert import quoted_path
from gdcore.rows.files import DatasetError, is_pattern

KINDS = {"parquet": "Parquet", "arrow": "Arrow", "json": "JSON lines", "text": "text", "duckdb": "DuckDB"}
"""The kinds of files, and what they are called."""
SUFFIXES = {
    ".parquet": "parquet",
    ".pq": "parquet",
    ".arrow": "arrow",
    ".feather": "arrow",
    ".ipc": "arrow",
    ".json": "json",
    ".jsonl": "json",
    ".ndjson": "json",
    ".duckdb": "duckdb",
    ".ddb": "duckdb",
    ".csv": "text",
    ".tsv": "text",
    ".txt": "text",
    ".dat": "text",
}
_LOOKED_AT = 1000
"""Number of files of a folder that are examined for its kind."""
_PACKED = (".gz", ".zst", ".bz2", ".xz")


def kind_of(path: Path) -> str:
    """Return the kind of a file by its first bytes or else its name; empty if unknown.

    >>> kind_of(Path("logs/2026.jsonl.gz")), kind_of(Path("notes.md"))
    ('json', '')
    """
    with suppress(OSError):
        if path.is_file():
            with path.open("rb") as file:
                head = file.read(16)
            if head.startswith(b"PAR1"):
                return "parquet"
            if head.startswith(b"ARROW1"):
                return "arrow"
            if head[8:12] == b"DUCK":
                return "duckdb"
    suffixes = [suffix.lower() for suffix in path.suffixes if suffix.lower() not in _PACKED]
    return SUFFIXES.get(suffixes[-1], "") if suffixes else ""


def kind_of_all(path: str) -> str:
    """Return the kind of the files of a path, a folder of partitions or a pattern; empty if unknown.

    Raises:
        DatasetError: if files of different kinds match the pattern.
    """
    place = Path(path)
    if place.is_dir():
        files = islice((file for file in place.rglob("*") if file.is_file()), _LOOKED_AT)
        kinds = {kind for file in files if (kind := kind_of(file))}
        # A folder of text is read as one only where its folders are named as partitions are.
        if kinds == {"text"} and not any("=" in folder.name for folder in place.iterdir() if folder.is_dir()):
            return ""
        return kinds.pop() if len(kinds) == 1 and kinds != {"duckdb"} else ""
    if is_pattern(path) and not place.exists():
        matches = (file for file in map(Path, iglob(path, recursive=True)) if file.is_file())  # noqa: PTH207
        return one_kind(f"the files of {quoted_path(path)}", {kind_of(file) for file in islice(matches, _LOOKED_AT)})
    return kind_of(place)


def one_kind(files: str, kinds: set[str]) -> str:
    """Return the kind that all files have; empty if it is unknown.

    Args:
        files: what they are called in a sentence.
        kinds: the kind of each. What is of unknown kind is read as text.

    Raises:
        DatasetError: if there are several kinds.
    """
    known = sorted({KINDS[kind or "text"] for kind in kinds})
    if len(known) > 1:
        raise DatasetError(f"{files} are of different kinds, {' and '.join(known)}; name files of one kind")
    return next(iter(kinds - {""}), "")
