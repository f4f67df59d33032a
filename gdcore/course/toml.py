"""TOML with line numbers, so that an error message can name the line.

The parser of the standard library does not report where a value is. After it has accepted a text, a small scanner goes
through the text again to find the line of each key.
"""

from __future__ import annotations

import re
import sys
from bisect import bisect_right
from collections import defaultdict
from typing import TYPE_CHECKING, Any, TypeAlias

from gdcore.inert import inert, quoted

if TYPE_CHECKING:
    from collections.abc import Sequence

    Path: TypeAlias = tuple[str | int, ...]
    """The keys, and the places in lists counted from 0, that lead to a value."""

LARGEST = 256 * 1024
"""Maximum size of a course file in bytes; that is enough for a thousand tasks."""
LONGEST_LINE = 2_000
"""Maximum length of a line: the parser takes quadratic time for some longer lines."""

_WHERE = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)$")
_BARE = re.compile(r"[A-Za-z0-9_-]+")
_SPACE = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_PLAIN = re.compile(r"[^,\]}#\n]*")


class CourseError(ValueError):
    """A course that cannot be used: its text is one sentence with the file, the line, what is wrong and what to do."""


def read_toml(content: bytes, name: str) -> tuple[dict[str, Any], dict[Path, int]]:
    r"""What is in a text in TOML, and the line, from 1, on which each key and each entry of a list stands.

    Args:
        content: the text, in UTF-8.
        name: what the text is called in a sentence.

    Raises:
        CourseError: if it is too large, or no TOML.

    Example:
        >>> text = b'title = "Walk"; [[task]]; id = "one"; start = [0,;1]'.replace(b";", b"\n")
        >>> document, lines = read_toml(text, "course.toml")
        >>> document["task"], lines["title",], lines["task", 0, "id"], lines["task", 0, "start", 1]
        ([{'id': 'one', 'start': [0, 1]}], 1, 3, 5)
        >>> read_toml(b"rate 3", "course.toml")
        Traceback (most recent call last):
        gdcore.course.toml.CourseError: course.toml, line 1: this is not TOML: expected '=' after a key ...
    """
    if len(content) > LARGEST:
        raise CourseError(f"{name} has {len(content):,} bytes; a course has at the most {LARGEST:,}")
    try:
        text = content.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise CourseError(f"{name}, line {line}: this is not text in UTF-8; save the file as UTF-8") from None
    for number, line_text in enumerate(text.split("\n"), 1):
        if len(line_text) > LONGEST_LINE:
            raise CourseError(f"{name}, line {number}: the line has more than {LONGEST_LINE:,} characters; break it")
    if sys.version_info >= (3, 11):
        import tomllib  # noqa: PLC0415 (only a course needs it)
    else:
        import tomli as tomllib  # noqa: PLC0415
    try:
        document = tomllib.loads(text)
        return document, _Scanner(text).lines
    except RecursionError:
        raise CourseError(f"{name}: lists or tables are nested too deeply for a course") from None
    except ValueError as error:
        said = str(error)
        where = _WHERE.search(said)
        line = int(where[1]) if where and where[1] else text.rstrip("\n").count("\n") + 1
        what = inert(_WHERE.sub("", said))[:120]
        raise CourseError(f"{name}, line {line}: this is not TOML: {what[:1].lower()}{what[1:]}") from None


class _Scanner:
    """Finds the line of every key of a text that is known to be TOML."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.lines: dict[Path, int] = {}
        self._breaks = [i for i, char in enumerate(text) if char == "\n"]
        tables: dict[Path, int] = defaultdict(int)
        here: Path = ()
        while not self._over():
            if self.text[self.at] == "[":
                many = self.text.startswith("[[", self.at)
                line = self._line()
                self.at += 2 if many else 1
                keys = self._keys()
                self.at += 2 if many else 1
                here = ()
                for depth, key in enumerate(keys, 1):
                    here = (*here, key)
                    if many and depth == len(keys):
                        tables[here] += 1
                    self.lines.setdefault(here, line)
                    if here in tables:
                        here = (*here, tables[here] - 1)
                        self.lines.setdefault(here, line)
            else:
                self._entry(here)

    def _line(self) -> int:
        return bisect_right(self._breaks, self.at - 1) + 1

    def _over(self) -> bool:
        self._skip(_SPACE)
        return self.at >= len(self.text)

    def _skip(self, pattern: re.Pattern[str]) -> str:
        found = pattern.match(self.text, self.at)
        assert found  # every pattern here can match an empty string
        self.at = found.end()
        return found[0]

    def _entry(self, here: Path) -> None:
        line = self._line()
        for key in self._keys():
            here = (*here, key)
            self.lines.setdefault(here, line)
        self.at += 1  # the =
        self._value(here)

    def _keys(self) -> Sequence[str]:
        """The parts of a dotted key."""
        keys = []
        while True:
            self._skip(_SPACE)
            if self.text[self.at] in "\"'":
                begin = self.at
                self._string()
                keys.append(_unquoted(self.text[begin : self.at]))
            else:
                found = _BARE.match(self.text, self.at)
                assert found
                self.at = found.end()
                keys.append(found[0])
            self._skip(_SPACE)
            if self.text[self.at] != ".":
                return keys
            self.at += 1

    def _value(self, path: Path) -> None:
        self._skip(_SPACE)
        char = self.text[self.at]
        if char in "\"'":
            self._string()
        elif char in "[{":
            self.at += 1
            count = 0
            while not self._over() and self.text[self.at] not in "]}":
                if char == "[":
                    self.lines[(*path, count)] = self._line()
                    self._value((*path, count))
                else:
                    self._entry(path)
                count += 1
                self._skip(_SPACE)
                self.at += self.text[self.at] == ","
            self.at += 1
        else:
            self._skip(_PLAIN)

    def _string(self) -> None:
        mark = self.text[self.at]
        long = self.text.startswith(mark * 3, self.at)
        end = mark * 3 if long else mark
        self.at += len(end)
        while not self.text.startswith(end, self.at):
            self.at += 2 if mark == '"' and self.text[self.at] == "\\" else 1
        self.at += len(end)
        if long:  # two more quotes may belong to the text
            while self.at < len(self.text) and self.text[self.at] == mark:
                self.at += 1


def _unquoted(text: str) -> str:
    """Remove the quotes of a key. Escapes stay: no key of ours has any."""
    return text[1:-1]


def listed(names: Sequence[str]) -> str:
    """Join names for a sentence, at most a dozen, quoted unless they are plain words.

    >>> listed(["rate", "steps"])
    '"rate", "steps"'
    """
    return ", ".join(map(quoted, names[:20])) + (" and more" if len(names) > 20 else "")
