"""Strict reading of a course: each entry is read once and checked, and unknown entries are errors."""

from __future__ import annotations

from difflib import get_close_matches
from math import isfinite
from typing import TYPE_CHECKING, Any, NoReturn

from gdcore.course.toml import CourseError, listed
from gdcore.descent.parameters import Parameter, Range
from gdcore.inert import inert, quoted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from gdcore.course.toml import Path

_ABSENT: Any = object()


class Entries:
    """The entries of a table of a course.

    A method that reads an entry takes a `default` for a missing entry; without it the entry is required.

    Attributes:
        what: what the table is, for a sentence: `the setup of task "first"`.
    """

    def __init__(
        self, file: str, lines: Mapping[Path, int] | None, path: Path, entries: Mapping[str, Any], what: str
    ) -> None:
        """Read a table.

        Args:
            file: what the file is called in a sentence.
            lines: on which line everything stands; None where that is not known.
            path: the keys that lead to the table.
            entries: what is in it.
            what: what it is, for a sentence.
        """
        self.what = what
        self._file, self._lines, self._path = file, lines, path
        self._entries = dict(entries)
        self._known: list[str] = []

    def __contains__(self, key: str) -> bool:
        return key in self._entries

    def line(self, *keys: str | int) -> int:
        """The line on which an entry stands, or else the table itself."""
        lines = self._lines or {}
        for end in range(len(keys), -1, -1):
            if (*self._path, *keys[:end]) in lines:
                return lines[(*self._path, *keys[:end])]
        return 1

    def refuse(self, sentence: str, *keys: str | int) -> NoReturn:
        """Say what is wrong with an entry, or with the whole table.

        Raises:
            CourseError: always.
        """
        where = self._file if self._lines is None else f"{self._file}, line {self.line(*keys)}"
        raise CourseError(f"{where}: {sentence}")

    def checked(self, key: str, make: Callable[[], Any]) -> Any:
        """Call `make` and return its result; a ValueError becomes a CourseError about the entry `key`."""
        try:
            return make()
        except CourseError:
            raise
        except ValueError as error:
            self.refuse(f"{key} of {self.what}: {error}", key)

    def _take(self, key: str, default: Any) -> Any:
        self._known.append(key)
        if key in self._entries:
            return self._entries.pop(key)
        if default is _ABSENT:
            self.refuse(f"{self.what} lacks {quoted(key)}")
        return _ABSENT

    def _wrong(self, value: Any, wanted: str, *keys: str | int) -> NoReturn:
        key = keys[0]
        self.refuse(f"{key} of {self.what} must be {wanted}, not {_shown(value)}", *keys)

    def absent(self, key: str) -> bool:
        """Whether an entry is null (as in JSON); a null entry is then taken."""
        if self._entries.get(key, 0) is not None:
            return False
        self._take(key, None)
        return True

    # What stands in an entry

    def text(self, key: str, most: int, default: Any = _ABSENT) -> Any:
        """Read a non-empty text of at most `most` characters; line breaks in it become spaces."""
        value = self._take(key, default)
        return default if value is _ABSENT else self._text(value, most, key)

    def _text(self, value: Any, most: int, *keys: str | int) -> str:
        if not isinstance(value, str):
            self._wrong(value, "a text in quotes", *keys)
        text = " ".join(value.split())
        if not text:
            self._wrong(value, "a text of at least one word", *keys)
        if len(text) > most:
            self.refuse(
                f"{keys[0]} of {self.what} has {len(text):,} characters; it may have {most:,}, so that it can be shown",
                *keys,
            )
        if inert(text) != text:
            harmful = next(char for char in text if inert(char) != char)
            self.refuse(
                f"{keys[0]} of {self.what} has a character that is no text, {inert(harmful)}; leave it out", *keys
            )
        return text

    def texts(self, key: str, most: int, length: int, default: Any = _ABSENT) -> tuple[str, ...]:
        """Read a list of at most `most` texts, each of at most `length` characters."""
        return tuple(
            self._text(value, length, key, index) for index, value in enumerate(self.items(key, most, default))
        )

    def columns(self, key: str) -> tuple[str | int, ...]:
        """Two columns of data, each by its name or its number from 1; empty where they are absent."""
        items = self.items(key, 2, ())
        return tuple(
            value if type(value) is int and value > 0 else self._text(value, 60, key, index)
            for index, value in enumerate(items)
        )

    def items(self, key: str, most: int, default: Any = _ABSENT) -> Sequence[Any]:
        """Read a list of at most `most` items."""
        value = self._take(key, default)
        if value is _ABSENT:
            return tuple(default)
        if not isinstance(value, list):
            self._wrong(value, "a list in square brackets", key)
        if len(value) > most:
            self.refuse(f"{key} of {self.what} has {len(value):,} entries; it may have {most:,}", key)
        return value

    def number(self, key: str, accepts: Range, default: Any = _ABSENT) -> Any:
        """A number in a range."""
        value = self._take(key, default)
        return default if value is _ABSENT else self._number(value, accepts, key)

    def _number(self, value: Any, accepts: Range, *keys: str | int) -> float:
        if type(value) not in (int, float):
            self._wrong(value, accepts.words, *keys)
        try:
            number = float(value)
        except OverflowError:
            number = float("inf")
        if not isfinite(number) or number not in accepts:
            self._wrong(value, accepts.words, *keys)
        return int(number) if accepts.whole else number

    def numbers(self, key: str, count: int, accepts: Range, default: Any = _ABSENT) -> Any:
        """Read a list of exactly `count` numbers."""
        value = self._take(key, default)
        if value is _ABSENT:
            return default
        if not isinstance(value, list) or len(value) != count:
            self._wrong(value, f"a list of {count} numbers", key)
        return tuple(self._number(item, accepts, key, index) for index, item in enumerate(value))

    def parameter(self, parameter: Parameter, key: str = "", default: Any = _ABSENT) -> Any:
        """Read a number that is valid for a parameter."""
        return self.number(key or parameter.name, parameter.range, default)

    def flag(self, key: str, default: Any = _ABSENT) -> Any:
        """True or false."""
        value = self._take(key, default)
        if value is _ABSENT:
            return default
        if not isinstance(value, bool):
            self._wrong(value, "true or false", key)
        return value

    def choice(self, key: str, choices: Sequence[str], default: Any = _ABSENT) -> Any:
        """One of these words."""
        value = self._take(key, default)
        return default if value is _ABSENT else self._choice(value, choices, key)

    def _choice(self, value: Any, choices: Sequence[str], *keys: str | int) -> str:
        if not isinstance(value, str) or value not in choices:
            self._wrong(value, f"one of {listed(choices)}", *keys)
        return value

    def choices(self, key: str, choices: Sequence[str], default: Any = _ABSENT) -> tuple[str, ...]:
        """A list of some of these words."""
        items = self.items(key, len(choices), default)
        return tuple(self._choice(value, choices, key, index) for index, value in enumerate(items))

    def number_or_text(self, key: str, accepts: Range, most: int) -> float | str:
        """A number, or a text."""
        value = self._take(key, _ABSENT)
        return self._text(value, most, key) if isinstance(value, str) else self._number(value, accepts, key)

    # Tables in it

    def table(self, key: str, what: str = "") -> Entries | None:
        """A table, or None where it is absent."""
        value = self._take(key, None)
        if value is _ABSENT:
            return None
        if not isinstance(value, dict):
            self._wrong(value, "a table", key)
        return Entries(self._file, self._lines, (*self._path, key), value, what or f"{key} of {self.what}")

    def nothing(self, what: str) -> Entries:
        """Return an empty table in the place of this one."""
        return Entries(self._file, self._lines, self._path, {}, what)

    def tables(self, key: str, most: int, what: Callable[[int], str]) -> Iterator[Entries]:
        """The tables of a list; none where it is absent."""
        value = self._take(key, None)
        if value is _ABSENT:
            return
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            self._wrong(value, f"a list of tables, each under [[{key}]]", key)
        if len(value) > most:
            self.refuse(f"{self.what} has {len(value):,} [[{key}]]; there may be {most:,}", key, most)
        for index, item in enumerate(value):
            yield Entries(self._file, self._lines, (*self._path, key, index), item, what(index + 1))

    def names(self) -> list[str]:
        """Return the names of the entries not yet taken, for a table with free names."""
        return list(self._entries)

    def end(self) -> None:
        """Check that all entries have been taken.

        Raises:
            CourseError: if an entry is left, as it has no meaning.
        """
        for key in self._entries:
            near = get_close_matches(key, self._known, 1)
            meant = f"did you mean {quoted(near[0])}?" if near else f"there may be {listed(sorted(set(self._known)))}"
            self.refuse(f"{quoted(key)} means nothing in {self.what}; {meant}", key)


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, list):
        return f"a list of {len(value)}"
    if isinstance(value, dict):
        return "a table"
    try:
        return quoted(str(value))[1:-1]
    except ValueError:  # Python writes no whole number of more than 4,300 digits
        return "a number of thousands of digits"
