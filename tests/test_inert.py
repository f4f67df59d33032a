import sys
import unicodedata
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gdcore.inert import inert, quoted, quoted_path

HARMFUL = {"Cc", "Cf", "Cs", "Zl", "Zp"}


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("", ""),
        ("Speed (mph)", "Speed (mph)"),
        ("[bold]café 日本 🍕\u00a0±", "[bold]café 日本 🍕\u00a0±"),
        ("\x1b[2J", r"\x1b[2J"),
        ("\x1b]0;title\x07", r"\x1b]0;title\x07"),
        ("a\nb\r\tc", r"a\nb\r\tc"),
        ("\x00\x7f\x80\x9b\x9f", r"\x00\x7f\x80\x9b\x9f"),
        ("\u202eevil\u202c\u2066\u2069", r"\u202eevil\u202c\u2066\u2069"),
        ("\u200b\u200d\ufeff\u00ad", r"\u200b\u200d\ufeff\xad"),
        ("\u2028\u2029", r"\u2028\u2029"),
        ("\udcff\ud800", r"\udcff\ud800"),
        ("\U000e0041", r"\U000e0041"),
    ],
)
def test_shown(text: str, shown: str) -> None:
    assert inert(text) == shown


def test_every_character() -> None:
    for code in range(sys.maxunicode + 1):
        char = chr(code)
        if unicodedata.category(char) in HARMFUL:
            assert inert(char).startswith("\\")
            assert inert(char).isascii()
        else:
            assert inert(char) == char


@given(st.text(st.characters()))
def test_inert_twice_is_inert_once(text: str) -> None:
    assert inert(inert(text)) == inert(text)


@pytest.mark.parametrize("quote", [quoted, quoted_path])
@given(text=st.text(st.characters()), limit=st.integers(4, 50))
def test_a_quotation_is_inert_and_no_longer_than_its_limit(
    quote: Callable[[str, int], str], text: str, limit: int
) -> None:
    shown = quote(text, limit)
    assert len(shown) <= limit + 2
    assert inert(shown) == shown
    assert shown[0] == shown[-1] == '"'


def test_a_quotation_is_shortened_only_where_it_must_be() -> None:
    assert quoted("a" * 40) == '"' + "a" * 40 + '"'
    assert quoted("a" * 41) == '"' + "a" * 37 + '..."'
    assert quoted("\x1b" * 10, 12) == r'"\x1b\x1b\..."'


def test_a_long_path_still_names_its_file() -> None:
    assert quoted_path("/" + "a" * 79) == '"/' + "a" * 79 + '"'
    assert quoted_path("/data" * 20 + "/pay.csv") == '"...data' + "/data" * 13 + '/pay.csv"'
