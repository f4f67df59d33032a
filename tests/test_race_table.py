"""A race as it is seen: its runners in turns, its table, giving it up, and what is left of it."""

from __future__ import annotations

import asyncio
import itertools
import re
from typing import TYPE_CHECKING

import numpy as np
import pytest
from textual.widgets import OptionList

import gdcore.studies.race as race_of
from gdcore.descent.batches import Batch
from gdcore.descent.branches import Branches
from gdcore.descent.optimizers import OPTIMIZERS
from gdcore.descent.steps import Limits, Settings
from gdcore.descent.timeline import Timeline
from gdcore.rows.dataset import load
from gdcore.studies.race import Standing, race, racing, ranked
from tests.problems import Counted
from tests.screens import SMALL, gdlab, laboratory, main_screen, opened, press, press_at_once, settled, shown, views
from tui.headless.plain.conversation import Plain
from tui.laboratory import lesson
from tui.laboratory.ground import Ground
from tui.laboratory.laboratory import Laboratory
from tui.laboratory.walk import SPEEDS
from tui.screen import running
from tui.screen.racing import RaceTable, places, table
from tui.screen.running import Runner, breathe
from tui.views.views import Views

if TYPE_CHECKING:
    from textual.pilot import Pilot

TITLES = [kind.title for kind in OPTIMIZERS.values()]


def tries(iterations: int) -> Branches:
    lab = Laboratory(load("pizza"), Settings(0.001, train_bias=True), Limits(iterations))
    return lab.walk.branches


def test_the_runners_take_turns_and_nothing_changes_until_the_last_piece() -> None:
    branches = tries(1000)
    before = list(branches)
    seen = []
    pieces = racing(branches)
    for standing in pieces:
        seen.append((standing.done, [runner.run.tip for runner in standing.runners]))
        if len(seen) > 1 and standing.done > 0.5:
            break
        assert list(branches) == before
    running = [tips for _, tips in seen if len(tips) == len(OPTIMIZERS) and any(tips)]
    assert all(max(tips) - min(tips) <= 50 for tips in running), "none is a piece ahead of the others"
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)
    pieces.close()
    assert list(branches) == before


def test_in_turns_each_comes_as_far_as_alone() -> None:
    turned, whole = tries(300), tries(300)
    for runner, other in zip(
        sorted(race(turned), key=lambda b: b.name), sorted(race(whole), key=lambda b: b.name), strict=True
    ):
        alone = Timeline(runner.run.landscape, runner.run.settings, Limits(300))
        alone.forward(300)
        assert runner.run.state == other.run.state == alone.state


@pytest.mark.parametrize(("longest", "made"), [(None, 10_050), (10_000, 10_000), (7, 7)])
def test_a_race_may_go_on_to_the_limit_of_the_run(longest: int | None, made: int) -> None:
    pieces = racing(tries(10_050), longest)
    last = Standing()
    while True:
        try:
            last = next(pieces)
        except StopIteration as done:
            runners = done.value
            break
    assert max(runner.run.tip for runner in runners) == made
    assert 0 < last.done < 1 or longest == 7


def standing(width: int, height: int, *, ascii: bool = False) -> list[str]:  # noqa: A002
    lab = Laboratory(load("pizza"), Settings(0.001, train_bias=True), Limits(50))
    lab.studies.race()
    seen = Views()
    runners = ranked(branch for branch in lab.walk.branches if branch.name in TITLES)
    found = places(runners, seen.badges(lab.frame))
    assert [place.loss for place in found] == sorted(place.loss for place in found)
    return ["".join(character for character, _ in row) for row in table(found, None, width, height, ascii=ascii)]


@pytest.mark.parametrize("height", [20, 16, 15, 13, 8, 3])
def test_the_table_is_as_large_as_its_place_and_each_runner_has_a_name_and_a_mark(height: int) -> None:
    for letters in (False, True):
        rows = standing(26, height, ascii=letters)
        assert [len(row) for row in rows] == [26] * height
        text = "\n".join(rows)
        assert text.isascii() == letters
        if height >= 8:
            assert all(title[:12] in text for title in TITLES)
            assert [str(number) in text for number in range(1, 8)] == [True] * 7
        if height >= 15:
            assert all(title in text for title in TITLES)


@pytest.mark.parametrize("rows", [None, 1, 3, 7])
@pytest.mark.parametrize("words", [False, True], ids=["app", "plain"])
def test_what_is_said_of_the_winner_is_what_the_table_says(rows: int | None, words: bool) -> None:
    batch = Batch(rows) if rows else None
    lab = Laboratory(load("pizza"), Settings(0.001, train_bias=True, batch=batch), Limits(60))
    if words:
        said = next(iter(Plain(lab).answer("race")))
    else:
        lab.studies.race()
        said = lab.notes.text
    found = places(ranked(branch for branch in lab.walk.branches if branch.name in TITLES), Views().badges(lab.frame))
    assert f" {found[0].badge.name} came lowest: loss {found[0].loss:.7g}." in said
    lines = {str(branch.name): lesson.account(branch) for branch in lab.walk.branches}
    assert lines[found[0].badge.name].endswith(f"loss {found[0].loss:.7g}")


def test_a_runner_that_diverged_comes_last_however_low_it_was() -> None:
    low, out, high = (tries(100) for _ in range(3))
    for branches, rate in ((low, 1e-3), (out, 1e-3), (high, 1e-6)):
        branches.change(Settings(rate, train_bias=True))
        branches.run.forward(20)
    out.change(Settings(1e300, train_bias=True))
    runners = [high.current, out.current, low.current]
    assert [rank.runner for rank in ranked(runners)] == [low.current, high.current, out.current]


# On the screen


def racers(pilot: Pilot[None]) -> RaceTable | None:
    found = main_screen(pilot).query(RaceTable)
    return found.first() if found and found.first().display else None


async def test_the_table_takes_the_left_column_until_an_own_step() -> None:
    async with opened(gdlab(), SMALL) as pilot:
        await press(pilot, "t", "n", "a")
        assert racers(pilot) is not None
        assert "The race" in shown(pilot)
        assert all(title in shown(pilot) for title in TITLES)
        assert "Sched." not in shown(pilot)
        assert "loss  " in shown(pilot), "where the run stands is still to be seen"
        await press(pilot, "2")
        assert racers(pilot) is not None
        await press(pilot, "3")
        assert racers(pilot) is None, "the fit tells no runs apart"
        await press(pilot, "4", "n")
        assert racers(pilot) is None
        assert "Sched." in shown(pilot)


@pytest.mark.parametrize("key", ["escape", "s"])
async def test_a_key_brings_the_settings_back(key: str) -> None:
    async with opened(gdlab(), SMALL) as pilot:
        await press(pilot, "a", key)
        assert racers(pilot) is None
        assert "Sched." in shown(pilot)
        assert len(laboratory(pilot).walk.branches) == 1 + len(OPTIMIZERS), "the runs stay"


async def test_that_a_race_ended_level_is_said_to_the_end() -> None:
    async with opened(gdlab(), SMALL) as pilot:
        await press(pilot, "n", "n", "a")
        told = " ".join(" ".join(line[28:].split()) for line in shown(pilot).splitlines()[-8:])
        assert re.search(
            r"\d of 7 tie at loss 69\.12096; .+ was first, in \d+ steps?\. 2: map, 4: history, g: list\.", told
        )


async def test_other_runs_side_by_side_end_the_table() -> None:
    """They have the marks that the runners of the race had."""
    async with opened(gdlab(), SMALL) as pilot:
        laboratory(pilot).walk.set_batch(5)
        await press(pilot, "n", "a")
        assert racers(pilot) is not None
        await press(pilot, "U")
        assert racers(pilot) is None
        assert "seed 5" in shown(pilot)


async def test_the_table_is_live_and_escape_gives_the_race_up() -> None:
    async with opened(gdlab(limits=Limits(10**7), fps=1e6), SMALL) as pilot:
        press_at_once(pilot, "n", "a")
        screen = main_screen(pilot)
        seen = set()
        for _ in range(20_000):
            await pilot._wait_for_screen()
            runners = views(pilot).racers
            if len(runners) == len(OPTIMIZERS) and racers(pilot) is not None:
                seen.add(max(runner.run.tip for runner in runners))
                if len(seen) > 5:
                    break
        assert len(seen) > 5, "it goes on while it is looked at"
        assert screen._race_on is not None
        before = shown(pilot)
        assert "esc gives up" in before
        press_at_once(pilot, "escape")
        await settled(pilot)
        assert "given up" in shown(pilot)
        assert screen._race_on is None
        assert racers(pilot) is None
        assert [branch.name for branch in laboratory(pilot).walk.branches] == ["A"]
        assert laboratory(pilot).walk.timeline.state.iteration == 1
        await press(pilot, "n")
        assert laboratory(pilot).walk.timeline.state.iteration == 2


async def test_the_list_of_branches_has_the_marks_of_the_charts() -> None:
    async with opened(gdlab(), SMALL) as pilot:
        await press(pilot, "a", "g")
        badges = views(pilot).badges(laboratory(pilot).frame)
        options = pilot.app.screen.query_one(OptionList)
        colours = set()
        for index, branch in enumerate(laboratory(pilot).walk.branches):
            prompt = options.get_option_at_index(index).prompt
            assert str(prompt).startswith(badges[id(branch)].glyph)
            colours.add(str(prompt.spans[0].style))  # type: ignore[union-attr]
        assert len(colours) == len(badges)


async def test_after_a_long_piece_all_that_a_key_leads_to_is_done_before_the_next() -> None:
    def pass_on(left: int) -> None:
        hops.append(left)
        if left:
            asyncio.get_running_loop().call_soon(pass_on, left - 1)

    for taken, made in ((1.0, 41), (0.0, 2)):
        hops: list[int] = []
        pass_on(40)
        await breathe(taken)
        assert len(hops) == made


def test_a_run_makes_no_more_steps_than_there_is_time_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(race_of, "AT_ONCE", 30)  # as many rows as there are: each step is a piece
    walk = Laboratory(Ground.of(load("pizza"), "huber"), Settings(0.001), Limits(1000)).walk
    walk.speed = SPEEDS.index(100)
    runner = Runner(20)
    runner.begin()
    for _ in range(3):
        runner.tick(walk)
    assert walk.timeline.state.iteration > 3
    before = walk.timeline.state.iteration
    clock = itertools.count()
    monkeypatch.setattr(running, "perf_counter", lambda: float(next(clock)))
    for _ in range(4):
        assert runner.tick(walk)
    assert walk.timeline.state.iteration == before + 4, "a step takes longer than a tick"


def test_a_step_over_many_rows_may_be_asked_ahead() -> None:
    x = np.linspace(0, 10, 20_000)
    loss = Counted(x, 2 * x + np.cos(x))
    run = Timeline(loss, Settings(0.01, train_bias=True), Limits(50))
    run.forward(1)
    run.ask_ahead()
    Counted.passed = 0
    run.forward(1)
    assert Counted.passed == 0
    run.forward(1)
    assert Counted.passed == len(x)
