"""The format of a table in plain text: its delimiter, fields and header. No files and no error messages here.

delimiter: a tab, a semicolon or a comma; None is any run of white space, as in `str.split`.
row: the fields of one line, stripped and without their quotes.
"""

import re
from collections.abc import Sequence

DELIMITERS = ("\t", ";", ",", None)

# A number. Stricter than float(), which accepts 1_000, nan and the digits of every script.
is_number = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?", re.ASCII | re.IGNORECASE).fullmatch

# Text that was meant as a number, even a wrong one: 1,5 or 1_000 in the first row must not make it a header.
_is_like_number = re.compile(
    r"[+-]?(?:nan|inf(?:inity)?|0x[\da-f]+|\d{1,3}(?:[ \u00a0\u202f]\d{3})+|\.?\d(?:[\d_.,']*\d)?\.?(?:e[+-]?\d+)?)",
    re.IGNORECASE,
).fullmatch

# A quote opens only at the start of a field and closes only at its end, so that 5" pipe is a plain field.
_QUOTED: dict[str | None, re.Pattern[str]] = {
    None: re.compile(r'(^|\s)"((?:[^"]|"")*)"(?=[\s#]|$)'),
    **{mark: re.compile(rf'(^|{mark})\s*"((?:[^"]|"")*)"(?=\s*(?:[{mark}#]|$))') for mark in "\t;,"},
}


def split(line: str, delimiter: str | None) -> list[str]:
    """Split one line, in which there is no NUL, into its fields without its comment.

    >>> split('"Speed, mph" , 4 # in 1920', ",")
    ['Speed, mph', '4']
    """
    kept: list[str] = []

    def keep(match: re.Match[str]) -> str:
        kept.append(match[2].replace('""', '"').strip())
        return match[1] + "\0"

    bare = _QUOTED[delimiter].sub(keep, line) if '"' in line else line
    fields = [field.strip() for field in bare.partition("#")[0].split(delimiter)]
    return [kept.pop(0) if field == "\0" else field for field in fields] if kept else fields


def unclosed(line: str, delimiter: str | None) -> bool:
    """Tell whether a field of the line opens a quote that is not closed at the end of the field.

    >>> unclosed('"a,1', ","), unclosed('"a",5" pipe', ",")
    (True, False)
    """
    bare = _QUOTED[delimiter].sub(r"\1\0", line).partition("#")[0]
    return any(field.lstrip().startswith('"') for field in bare.split(delimiter))


def find_delimiter(lines: Sequence[str]) -> str | None:
    r"""Find the delimiter that makes the most of the lines rows of numbers.

    >>> find_delimiter(["x;y", "1,5;2,5"])
    ';'
    >>> find_delimiter(["x,y", "1, 2"])
    ','
    """
    candidates = [mark for mark in DELIMITERS if mark != "\t" or not _aligned_by_tabs(lines)]
    return max(candidates, key=lambda mark: _score([split(line, mark) for line in lines], mark))


def _score(rows: Sequence[Sequence[str]], delimiter: str | None) -> tuple[int, int, int]:
    """Count the rows with two numbers or more, with one, and with two fields at all."""
    counts = [
        sum(_is_like_number(field) is not None for field in row)
        for row in rows
        if sum(map(bool, row)) > 1 and not (delimiter == "," and any(map(_is_several_numbers, row)))
    ]
    return sum(count > 1 for count in counts), sum(count > 0 for count in counts), len(counts)


def _is_several_numbers(field: str) -> bool:
    """Tell whether a field is like the middle of "1,5 2,5" after splitting at commas."""
    parts = field.split()
    return len(parts) > 1 and all(map(_is_like_number, parts))


def _aligned_by_tabs(lines: Sequence[str]) -> bool:
    """Tell columns aligned with several tabs from a table with empty fields."""
    rows = [split(line, "\t") for line in lines]
    if len({len(row) for row in rows}) > 1:
        return len({len(split(line, None)) for line in lines}) == 1
    return not all(map(any, list(zip(*rows, strict=True))[1:-1]))


def numeric_columns(rows: Sequence[Sequence[str]]) -> list[int]:
    """List the columns, counted from 0, in which at least half of the rows have a number.

    >>> numeric_columns([["1", "Ann", "2"], ["3", "Bob", "n/a"]])
    [0, 2]
    """
    width = max(map(len, rows), default=0)
    counts = [sum(len(row) > i and _is_like_number(row[i]) is not None for row in rows) for i in range(width)]
    return [i for i, count in enumerate(counts) if 2 * count >= len(rows)]


def has_header(rows: Sequence[Sequence[str]]) -> bool:
    """Tell whether the first row names the columns: it has no number where the rows below have numbers.

    >>> has_header([["x", "y"], ["1", "2"]]), has_header([["abc", "3"], ["1", "2"]])
    (True, False)
    """
    first, *below = rows
    columns = numeric_columns(below) if below else range(len(first))
    return not any(_is_like_number(first[i]) for i in columns if i < len(first))
