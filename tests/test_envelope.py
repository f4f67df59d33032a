"""A long sequence as few points: exact, whatever is asked for, without reading all of it again."""

from __future__ import annotations

import math
from array import array

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gdcore.descent import envelope
from gdcore.descent.envelope import BLOCK, Envelope

LEVELS = st.sampled_from([3, 1000, 10**9])
"""How many different numbers there are: few make ties."""


def numbers(length: int, seed: int, levels: int) -> list[float]:
    source = np.random.default_rng(seed)
    values = source.integers(0, levels, length) / 7
    values[source.random(length) < 0.01] = math.inf
    values[source.random(length) < 0.01] = -math.inf
    return values.tolist()  # type: ignore[no-any-return]


def by_hand(values: list[float], first: int, last: int, columns: int) -> list[int]:
    """The indices of the first lowest and the first highest number of every column; long columns end at a block."""
    edges = [first + (last - first) * column // columns for column in range(columns + 1)]
    if last - first > 2 * BLOCK * columns:
        edges[1:-1] = [(edge + BLOCK // 2) // BLOCK * BLOCK for edge in edges[1:-1]]
    kept = set()
    for stretch in map(range, edges, edges[1:]):
        if stretch:
            kept |= {min(stretch, key=values.__getitem__), max(stretch, key=values.__getitem__)}
    return sorted(kept)


@given(st.integers(0, 6000), st.integers(0, 99), LEVELS, st.data())
@example(6000, 1, 1000, None)
def test_points_are_the_extremes_of_every_column(
    length: int, seed: int, levels: int, data: st.DataObject | None
) -> None:
    values = numbers(length, seed, levels)
    first, last = sorted(data.draw(st.tuples(*[st.integers(0, length)] * 2))) if data else (300, 5999)
    columns = data.draw(st.integers(1, 12)) if data else 3
    indices, found = Envelope(array("d", values)).points(first, last, columns)
    assert indices.tolist() == by_hand(values, first, last, columns)
    assert found.tolist() == [values[index] for index in indices]


@given(st.integers(1, 4000), st.integers(0, 4000), st.integers(0, 99), st.integers(1, 5))
def test_it_follows_a_sequence_that_grows_and_is_cut(length: int, kept: int, seed: int, columns: int) -> None:
    values = array("d", numbers(length, seed, 1000))
    grown = Envelope(values)
    grown.points(0, length, columns)
    kept = min(kept, length)
    del values[kept:]
    grown.truncate(kept)
    values.extend(numbers(length, seed + 1, 1000))
    for points, expected in zip(
        grown.points(0, len(values), columns), Envelope(values).points(0, len(values), columns), strict=True
    ):
        np.testing.assert_array_equal(points, expected)


def test_a_column_of_a_path_is_a_sequence() -> None:
    rows = np.random.default_rng(0).standard_normal((3000, 3))
    path = array("d", rows.ravel())
    for column in range(3):
        points = Envelope(path, 3, column).points(10, 2990, 4)
        expected = Envelope(array("d", rows[:, column])).points(10, 2990, 4)
        np.testing.assert_array_equal(points, expected)


def test_what_is_no_number_counts_as_infinite() -> None:
    indices, _ = Envelope(array("d", [1.0, math.nan, 0.0, 2.0])).points(0, 4, 1)
    assert indices.tolist() == [1, 2]


def test_a_million_numbers_are_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[int] = []
    extremes = envelope._extremes

    def counted(values: envelope.Numbers, starts: envelope.Indices) -> envelope.Indices:
        read.append(len(values))
        return extremes(values, starts)

    monkeypatch.setattr(envelope, "_extremes", counted)
    length, columns = 1_000_000, 100
    values = array("d", np.sin(np.arange(length)).tobytes())
    run = Envelope(values)
    run.points(0, length, columns)
    assert sum(read) <= 1.2 * length
    read.clear()
    values.append(1.0)
    run.points(0, length + 1, columns)
    assert sum(read) <= 2 * BLOCK + 2 * length / BLOCK


@pytest.mark.parametrize(("first", "last", "columns"), [(0, 4, 1), (-1, 2, 1), (2, 1, 1), (0, 3, 0)])
def test_a_part_that_is_none_is_refused(first: int, last: int, columns: int) -> None:
    with pytest.raises(ValueError, match="no part"):
        Envelope(array("d", [1.0, 2.0, 3.0])).points(first, last, columns)
