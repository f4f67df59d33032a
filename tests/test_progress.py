from __future__ import annotations

import io

import pytest

from gdcore.rows.files import Cancelled, Progress
from tui.sources.progress import Loading, Watch, told


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def clock(*times: float):  # type: ignore[no-untyped-def]
    return iter(times).__next__


def test_nothing_is_said_of_what_is_quick() -> None:
    seen: list[Loading] = []
    watch = Watch(seen.append, clock=clock(0.0, 0.1, 0.4, 0.5, 1.0))
    for share in (0.1, 0.2, 0.25, 0.5):
        watch(Progress(1000, share))
    assert seen == [Loading(1000, 0.25, 0.5, 1.5), Loading(1000, 0.5, 1.0, 1.0)]


@pytest.mark.parametrize(
    ("loading", "words"),
    [
        (Loading(1_000_000, 0.42, 2.0, 2.76), "42 %, 1,000,000 rows, 3 s left"),
        (Loading(0, 0.42, 2.0, 2.76), "42 %, 3 s left"),
        (Loading(5000, None, 2.0, None), "5,000 rows, 2 s"),
        (Loading(0, None, 7.4, None), "7 s"),
    ],
)
def test_in_words(loading: Loading, words: str) -> None:
    assert str(loading) == words


def test_of_a_small_share_the_rest_is_not_guessed() -> None:
    seen: list[Loading] = []
    Watch(seen.append, clock=clock(0.0, 1.0))(Progress(10, 0.001))
    assert seen == [Loading(10, 0.001, 1.0, None)]


def test_who_is_asked_to_end_ends() -> None:
    watch = Watch(print)
    watch(Progress(1, None))
    watch.cancel()
    with pytest.raises(Cancelled):
        watch(Progress(2, None))


def test_on_a_terminal_one_line_is_written_over_and_cleared() -> None:
    stream = Terminal()
    with told(stream, "t.csv", clock=clock(0.0, 0.2, 1.0, 1.1, 2.0)) as watch:
        for share in (0.1, 0.5, 0.55, 1.0):
            watch(Progress(100, share))
    assert stream.getvalue() == (
        "\r\x1b[KReading t.csv: 50 %, 100 rows, 1 s left\r\x1b[KReading t.csv: 100 %, 100 rows, 0 s left\r\x1b[K"
    )


def test_elsewhere_a_line_now_and_then() -> None:
    stream = io.StringIO()
    with told(stream, "t.csv", clock=clock(0.0, 0.2, 1.0, 3.0, 7.0)) as watch:
        for share in (0.1, 0.5, 0.6, 0.7):
            watch(Progress(100, share))
    assert stream.getvalue() == "Reading t.csv: 50 %, 100 rows, 1 s left\nReading t.csv: 70 %, 100 rows, 3 s left\n"


def test_what_is_quick_leaves_no_trace() -> None:
    stream = Terminal()
    with told(stream, "t.csv", clock=clock(0.0, 0.2)) as watch:
        watch(Progress(100, 0.5))
    assert stream.getvalue() == ""
