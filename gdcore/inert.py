r"""Text from a file or a user, made safe to print on a terminal.

A column name may contain anything, such as `\x1b[2J` (which clears the screen) or a bidirectional override (which shows
the rest of the line backwards). All foreign text passes through here before it becomes part of a sentence.
"""

import unicodedata

# Controls, format characters (the bidi overrides among them), lone surrogates, line and paragraph separators.
_HARMFUL = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


def inert(text: str) -> str:
    r"""Escape every character that could act on a terminal; keep all others.

    >>> print(inert("caf\u00e9 \x1b[2J \u202e"))
    café \x1b[2J \u202e
    """
    if text.isprintable():
        return text
    return "".join(
        char.encode("unicode_escape").decode("ascii") if unicodedata.category(char) in _HARMFUL else char
        for char in text
    )


def quoted(text: str, limit: int = 40) -> str:
    r"""Quote a text for a sentence: escaped, and at most `limit` characters long.

    >>> print(quoted("speed\t(mph)"))
    "speed\t(mph)"
    >>> print(quoted("a very long name", limit=9))
    "a very..."
    """
    shown = inert(text[: limit + 1])
    return f'"{shown}"' if len(shown) <= limit else f'"{shown[: limit - 3]}..."'


def quoted_path(path: str, limit: int = 80) -> str:
    r"""Quote a path for a sentence, like `quoted`, but cut at its beginning: the end names the file.

    >>> print(quoted_path("/home/ada/data/pay.csv", limit=15))
    "...data/pay.csv"
    """
    shown = inert(path[-limit - 1 :])
    return f'"{shown}"' if len(shown) <= limit else f'"...{shown[3 - limit :]}"'
