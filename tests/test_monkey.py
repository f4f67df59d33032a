"""A short run of the monkey; `python -m tests.monkey` makes long ones."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest

from tests.monkey import BOUND, PLACES, Monkey, killed, play, quiet
from tests.terminal import opened
from tui.laboratory.saving import read

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.timeout(600)


def test_a_seed_makes_the_same_strokes() -> None:
    first, again, other = (Monkey(seed) for seed in (1, 1, 2))
    strokes = [first.stroke() for _ in range(500)]
    assert strokes == [again.stroke() for _ in range(500)]
    assert strokes != [other.stroke() for _ in range(500)]


def test_every_key_view_dialog_and_field_is_come_by() -> None:
    monkey = Monkey(3)
    sent = [what for _, what in (monkey.stroke() for _ in range(5000)) if isinstance(what, bytes)]
    assert all(any(key.encode() == what for what in sent) for key in BOUND)
    assert all(any(what.endswith(place.encode()) for what in sent) for place in PLACES)


def test_a_monkey(tmp_path: Path) -> None:
    outcome = play(100, 1, tmp_path)
    assert outcome.lost == []
    assert outcome.strokes == 100


def test_it_finds_back_from_the_course_to_a_laboratory_of_few_steps(tmp_path: Path) -> None:
    with opened("-n", "100", GDLAB_STATE_DIR=str(tmp_path)) as terminal:
        terminal.press("T")
        terminal.see("1 of ")
        assert quiet(terminal) == (0, 0.0)


@pytest.mark.parametrize("seed", [1, 2])
def test_killed_without_warning(seed: int, tmp_path: Path) -> None:
    before, after = killed(seed, tmp_path)
    assert after >= before


def test_two_in_one_folder(tmp_path: Path) -> None:
    """Each keeps a session of its own, whatever the other does."""
    state = str(tmp_path)
    with opened("pizza", GDLAB_STATE_DIR=state) as one, opened("cars", GDLAB_STATE_DIR=state) as other:
        for number in range(3):
            one.press("n")
            other.press("N")
            one.see(f"Step {number + 1} of")
            other.see(f"Step {10 * (number + 1)} of")
        one.signal(signal.SIGTERM)
        other.press("q")
        assert (one.finish(), other.finish()) == (143, 0)
    kept = [read(path) for path in tmp_path.glob("2*.json")]
    assert sorted((str(getattr(session.source, "path", "")), session.branches[0].tip) for session in kept) == [
        ("cars", 30),
        ("pizza", 3),
    ]
