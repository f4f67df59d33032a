"""The grounds that can be opened: shipped data sets, terrains, files and formulas, by what a user types."""

from __future__ import annotations

import re
import stat
from difflib import get_close_matches
from glob import iglob
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

from gdcore.inert import inert, quoted_path
from gdcore.landscapes.formula import CONSTANTS, FUNCTIONS, FormulaError
from gdcore.landscapes.known import find, menu
from gdcore.rows.dataset import DatasetError, Origin, shipped
from gdcore.rows.files import WhichTableError, is_pattern
from tui.laboratory.reach import check
from tui.sources.load import load

if TYPE_CHECKING:
    from gdcore.landscapes.landscape import Landscape
    from gdcore.rows.dataset import Dataset, Watch

OF_FORMULAS = {"w", "b", *CONSTANTS, *FUNCTIONS}
"""All names that a formula may use."""
TABLE = " table "
"""What stands between the name of a database and that of its table."""
TAUGHT = {
    "anscombe": "Four data sets with nearly the same line: look at the rows before you believe it.",
    "cars": "Stopping distance against speed: a narrow valley, and rows that bend away from the line.",
    "geyser": "Eruptions of Old Faithful: far from x = 0, so b waits for w. Try S.",
    "orings": "Damage to O-rings against temperature, 0 or 1: a sigmoid, with the logistic loss.",
    "pizza": "The lesson's rows: pizzas sold against reservations.",
}
"""What each data set that ships teaches."""


def known() -> list[tuple[str, str]]:
    """The name of everything that can be opened without a file, and what it teaches, in a sentence."""
    return [*((name, TAUGHT.get(name, "")) for name in shipped()), *menu()]


def is_meant(text: str) -> bool:
    """Whether a text is a name, a path that is there, an address or a formula, and not the beginning of a name.

    >>> is_meant("pizza"), is_meant("w**2"), is_meant("piz")
    (True, True, False)
    """
    text = handed_over(text)
    if text in shipped() or _is_there(text) or "://" in text or TABLE in text:
        return True
    try:
        find(text)
    except ValueError:
        return False
    return True


def ground_named(
    text: str,
    watch: Watch | None = None,
    *,
    table: str = "",
    x: str | int | None = None,
    y: str | int | None = None,
) -> Dataset | Landscape:
    """Return the data set, terrain, file or formula that a user types.

    Args:
        text: what is typed; a table of a database is named behind it, as in `shop.duckdb table sales`.
        watch: called from time to time with the progress of reading. An exception that it raises ends it.
        table: the table of a file that is a database.
        x: the column of a file, by its name or its number from 1.
        y: likewise.

    Raises:
        FormulaError: if it looks like a formula but is not valid; with the position of the mistake.
        DatasetError: if it looks like a file but cannot be loaded, or names nothing.
        WhichTableError: if it is a database of several tables, and none is named.
    """
    text = handed_over(text)
    if not (table or _is_there(text)):
        text, table = _parted(text)
    if not table and text not in shipped() and not _is_there(text):
        try:
            return find(text)
        except ValueError as error:
            if not _looks_like_a_path(text):
                raise _nothing(text, error) from None
    try:
        return load_file(text, x, y, table=table, watch=watch)
    except WhichTableError as error:
        raise WhichTableError(error.question, f"by adding:{TABLE}NAME") from None


def _parted(text: str) -> tuple[str, str]:
    """A place, and the table that is named behind it.

    >>> _parted("'two words.duckdb' table s2.sales"), _parted("pizza")
    (('two words.duckdb', 's2.sales'), ('pizza', ''))
    """
    place, named, table = text.rpartition(TABLE)
    return (bare(place), bare(table)) if named else (text, "")


def bare(text: str) -> str:
    """A text without the white space and the quotes around it.

    >>> bare("'a b'"), bare("'a' + 'b'")
    ('a b', "'a' + 'b'")
    """
    text = text.strip()
    quoted = len(text) > 2 and text[0] == text[-1] and text[0] in "\"'" and text[0] not in text[1:-1]
    return text[1:-1] if quoted else text


def handed_over(text: str) -> str:
    r"""The path of a file that is there, where a terminal hands it over on drag and drop: quoted, escaped or as a URL.

    >>> handed_over("'.'"), handed_over(r"\./."), handed_over("file:///"), handed_over("'nowhere'")
    ('.', './.', '/', "'nowhere'")
    """
    address = unquote(text.strip().removeprefix("file://")) if "file://" in text else ""
    ways = text, bare(text), re.sub(r"\\(.)", r"\1", text.strip()), address
    return next((way for way in ways if _is_there(way)), text)


def _is_there(text: str) -> bool:
    try:
        return bool(text) and Path(text).expanduser().exists()
    except (OSError, ValueError, RuntimeError):
        return False


def _looks_like_a_path(text: str) -> bool:
    """Whether a text that is no formula names files rather than a function.

    >>> [_looks_like_a_path(text) for text in ("./w", "~/w", "logs/a.csv", "w/0", "w + 0.5x")]
    [True, True, True, False, False]
    """
    if text.startswith(("/", "./", "../", "~")) or "\\" in text or "://" in text:
        return True
    if re.fullmatch(r"\.[^\W\d_]\w*", Path(text).suffix):
        return True
    names = set(re.findall(r"[^\W\d]\w*", text))
    begun = names and names <= OF_FORMULAS  # a formula that breaks off, such as w**, names no files
    return not begun and bool(is_pattern(text)) and "\0" not in text and any(iglob(text))  # noqa: PTH207


def _nothing(text: str, error: ValueError) -> ValueError:
    """What is said of a text that names nothing, given why it is no formula either."""
    if not text.strip():
        return DatasetError("type the path of a file, the name of a data set or terrain, or a formula in w and b")
    nothing = f"there is no file, data set or terrain {quoted_path(text)}"
    if not isinstance(error, FormulaError):
        close = get_close_matches(text.strip().lower()[:40], [name for name, _ in known()], 1)
        return DatasetError(f"{nothing}; {f'did you mean {close[0]}?' if close else 'a formula is written in w and b'}")
    if "/" in text:
        return FormulaError(f"{nothing}, and as a formula: {error.sentence}", error.text, error.position)
    return error


def load_file(  # noqa: PLR0913
    source: str,
    x: str | int | None = None,
    y: str | int | None = None,
    *,
    table: str = "",
    skip_bad_rows: bool = False,
    watch: Watch | None = None,
) -> Dataset:
    """Load data while the app runs: only files, since a pipe would keep the app waiting.

    Raises:
        DatasetError: with a sentence, where the data cannot be had.
    """
    check(source)
    try:
        mode = Path(source).expanduser().stat().st_mode if source not in shipped() else stat.S_IFREG
    except (OSError, ValueError, RuntimeError):
        mode = stat.S_IFREG  # load will report the error
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)) or source == "-":
        raise DatasetError(f"{inert(source)} is a device or a pipe, which cannot be read here; open a file")
    return load(Origin((source,), table), x, y, skip_bad_rows=skip_bad_rows, watch=watch)
