"""Every command of the laboratory, by each of its keys, from the chart and from a field, on two sizes of screen."""

from __future__ import annotations

import re
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, TypeAlias, cast

import pytest
from textual.command import CommandPalette
from textual.containers import VerticalScroll
from textual.widgets import OptionList

from gdcore.descent.optimizers import OPTIMIZERS
from gdcore.landscapes.bowl import MeanSquaredError
from gdcore.landscapes.known import find
from gdcore.rows.dataset import load
from tests.screens import (
    LARGE,
    SIZES,
    SMALL,
    afresh,
    choice,
    field,
    focused,
    gdlab,
    laboratory,
    main_screen,
    opened,
    press,
    press_at_once,
    rendered,
    run_of_gdcore,
    settings,
    settled,
    shown,
    state,
    timeline,
    told,
    typed,
    views,
    write,
)
from tui.charts.canvas import MARKERS
from tui.laboratory.walk import SPEEDS
from tui.screen.dialogs import BranchDialog, OptionsDialog, TextDialog, listed
from tui.screen.fields import NUMBER_CHARACTERS
from tui.screen.keys import COMMANDS
from tui.screen.opening import OpenDialog
from tui.screen.screen import THEMES, Stage
from tui.terminal.fence import closed
from tui.views.map import Map
from tui.views.views import VIEWS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from textual.pilot import Pilot

    from tui.screen.app import GradientDescentApp
    from tui.screen.course import Guide
    from tui.views.rates import Rates
    from tui.views.surface import Surface

Effect: TypeAlias = "Callable[[Pilot[None], str], Awaitable[None]]"
"""Presses a key and checks what it does."""
EFFECTS: dict[str, Effect] = {}
"""What each command does, by its name."""


def effect(*actions: str) -> Callable[[Effect], Effect]:
    """Say which commands a check is for."""

    def remembered(check: Effect) -> Effect:
        EFFECTS.update(dict.fromkeys(actions, check))
        return check

    return remembered


@effect("run")
async def _runs_and_pauses(pilot: Pilot[None], key: str) -> None:
    before = state(pilot).iteration
    await press(pilot, key)
    assert laboratory(pilot).walk.running
    assert state(pilot).iteration == before + 1
    await press(pilot, key)
    assert not laboratory(pilot).walk.running
    await press(pilot, "r")


def _steps(count: int) -> Effect:
    async def makes_steps(pilot: Pilot[None], key: str) -> None:
        before = state(pilot).iteration
        await press(pilot, key)
        assert state(pilot).iteration == before + count
        assert state(pilot) == run_of_gdcore(pilot)
        assert f"Step {before + count} of 100" in shown(pilot)

    return makes_steps


def _back(count: int) -> Effect:
    async def goes_back(pilot: Pilot[None], key: str) -> None:
        if state(pilot).iteration == 0:
            await press(pilot, "N", "N", "n", "n")
        before = state(pilot).iteration
        await press(pilot, key)
        assert state(pilot).iteration == before - count
        assert state(pilot) == run_of_gdcore(pilot)
        assert f"Step {before - count} of 100" in shown(pilot)
        await press(pilot, "r")

    return goes_back


EFFECTS |= {"step": _steps(1), "ten_steps": _steps(10), "back": _back(1), "ten_back": _back(10)}


def _rate(factor: float) -> Effect:
    async def changes_the_rate(pilot: Pilot[None], key: str) -> None:
        before, where = settings(pilot).learning_rate, state(pilot)
        await press(pilot, key)
        assert settings(pilot).learning_rate == pytest.approx(before * factor, rel=1e-3)
        assert state(pilot).learning_rate == settings(pilot).learning_rate
        assert state(pilot)._replace(learning_rate=before) == where
        assert field(pilot, "rate").value == f"{settings(pilot).learning_rate:g}"
        assert re.search(rf"Rate +{settings(pilot).learning_rate:g} ", shown(pilot))

    return changes_the_rate


EFFECTS |= {
    "rate_down": _rate(1 / 1.1),
    "rate_up": _rate(1.1),
    "half_rate": _rate(0.5),
    "double_rate": _rate(2),
}


def _speed(by: int) -> Effect:
    async def changes_the_speed(pilot: Pilot[None], key: str) -> None:
        before = laboratory(pilot).walk.speed
        await press(pilot, key)
        after = laboratory(pilot).walk.speed
        assert after == before + by
        assert f"{SPEEDS[after]:,}" in told(pilot)

    return changes_the_speed


EFFECTS |= {"slower": _speed(-1), "faster": _speed(1)}


@effect("retreat")
async def _retreats(pilot: Pilot[None], key: str) -> None:
    await press(pilot, "n", "n", *["right_curly_bracket"] * 4, "n", "n")
    assert state(pilot).loss > timeline(pilot).start.loss
    await press(pilot, key)
    assert state(pilot).iteration == 2
    assert settings(pilot).learning_rate == 0.008
    await press(pilot, "R")


@effect("more")
async def _allows_more(pilot: Pilot[None], key: str) -> None:
    before = timeline(pilot).limits.iterations
    await press(pilot, key)
    assert timeline(pilot).limits.iterations == 2 * before
    assert f"of {2 * before:,}" in shown(pilot)


@effect("bias")
async def _trains_the_bias(pilot: Pilot[None], key: str) -> None:
    before = settings(pilot).train_bias
    await press(pilot, key)
    assert settings(pilot).train_bias is not before
    assert choice(pilot, "train").value is not before


@effect("restart")
async def _restarts(pilot: Pilot[None], key: str) -> None:
    await press(pilot, "n", "right_curly_bracket", "n")
    before = settings(pilot)
    await press(pilot, key)
    assert state(pilot).iteration == 0
    assert settings(pilot) == before
    assert timeline(pilot).changes() == [(0, before)]


@effect("reset")
async def _resets(pilot: Pilot[None], key: str) -> None:
    before = timeline(pilot).start, timeline(pilot).limits, settings(pilot)
    await press(pilot, "n", "right_curly_bracket", "t", "m", "n")
    await typed(pilot, "start-w", "3")
    await press(pilot, "enter", "n")
    assert state(pilot).w != 0
    await press(pilot, key)
    assert (timeline(pilot).start, timeline(pilot).limits, settings(pilot)) == before
    assert state(pilot) == timeline(pilot).start


@effect("seed")
async def _takes_another_seed(pilot: Pilot[None], key: str) -> None:
    await press(pilot, key)
    assert "Batch to fewer rows" in told(pilot)
    laboratory(pilot).walk.set_batch(5)
    await press(pilot, "n", key)
    batch = settings(pilot).batch
    assert batch is not None
    assert (batch.size, batch.seed) == (5, 1)
    assert state(pilot) == run_of_gdcore(pilot)


@effect("seeds")
async def _runs_several_seeds(pilot: Pilot[None], key: str) -> None:
    laboratory(pilot).walk.set_batch(5)
    await press(pilot, "n", "n", key)
    others = laboratory(pilot).walk.branches.others
    assert [branch.name for branch in others] == [f"seed {seed}" for seed in range(1, 6)]
    assert {branch.run.tip for branch in others} == {100}
    assert len({branch.run.state.w for branch in others}) == 5
    assert "5 seeds ran from here" in told(pilot)


@effect("log")
async def _switches_the_axis(pilot: Pilot[None], key: str) -> None:
    before, axis = views(pilot).log, rendered(pilot.app.screen)[1:8]
    await press(pilot, key)
    assert views(pilot).log is not before
    assert rendered(pilot.app.screen)[1:8] != axis


@effect("fit")
async def _fits_the_chart(pilot: Pilot[None], key: str) -> None:
    await press(pilot, "right_curly_bracket", "right_curly_bracket", "right_curly_bracket", "n", "n", "b", "b")
    wide, axis = views(pilot)["curve"].window, rendered(pilot.app.screen)[1:8]
    await press(pilot, key)
    narrow = views(pilot)["curve"].window
    assert wide is not None
    assert narrow is not None
    assert narrow.right - narrow.left < wide.right - wide.left
    assert rendered(pilot.app.screen)[1:8] != axis
    await press(pilot, "R")


@effect("marker")
async def _changes_the_lines(pilot: Pilot[None], key: str) -> None:
    stage = main_screen(pilot).query_one(Stage)
    before, picture = stage.marker, shown(pilot)
    await press(pilot, key)
    markers = list(MARKERS)
    assert stage.marker == markers[(markers.index(before) + 1) % len(markers)]
    assert shown(pilot) != picture


def _view(name: str) -> Effect:
    async def shows_a_view(pilot: Pilot[None], key: str) -> None:
        views(pilot).show("history" if name == "curve" else "curve", laboratory(pilot).ground)
        await press(pilot, "n")
        picture = shown(pilot)
        await press(pilot, key)
        assert views(pilot).current.name == name
        assert shown(pilot) != picture
        await press(pilot, "r")

    return shows_a_view


EFFECTS |= {f"view('{view.name}')": _view(view.name) for view in VIEWS}


@effect("view")
async def _shows_the_next_view(pilot: Pilot[None], key: str) -> None:
    before = VIEWS.index(type(views(pilot).current))
    await press(pilot, key)
    assert type(views(pilot).current) is VIEWS[(before + 1) % len(VIEWS)]


def _camera(turned: float, tilted: float) -> Effect:
    async def moves_the_camera(pilot: Pilot[None], key: str) -> None:
        main_screen(pilot).laboratory.walk.set_train_bias(True)
        await press(pilot, "6")
        surface = cast("Surface", views(pilot)["surface"])
        before, picture = surface.camera, shown(pilot)
        await press(pilot, key)
        assert surface.camera.azimuth == (before.azimuth + turned) % 360
        assert surface.camera.tilt == before.tilt + tilted
        assert shown(pilot) != picture
        await press(pilot, "n", "1", "6")
        assert surface.camera.azimuth == (before.azimuth + turned) % 360, "it stays where it is put"

    return moves_the_camera


EFFECTS |= {
    f"view_key('{key}')": _camera(turned, tilted)
    for key, turned, tilted in (
        ("left_parenthesis", -15, 0),
        ("right_parenthesis", 15, 0),
        ("slash", 0, 10),
        ("backslash", 0, -10),
    )
}


def rates(pilot: Pilot[None]) -> Rates:
    return cast("Rates", views(pilot)["rates"])


def _cursor(by: int) -> Effect:
    async def looks_at_another_rate(pilot: Pilot[None], key: str) -> None:
        await press(pilot, "5")
        before, picture = rates(pilot).cursor, shown(pilot)
        await press(pilot, key)
        assert rates(pilot).cursor == before + by
        assert shown(pilot) != picture
        assert settings(pilot).learning_rate == 0.001

    return looks_at_another_rate


EFFECTS |= {"view_key('up')": _cursor(1), "view_key('down')": _cursor(-1)}


@effect("view_key('i')")
async def _shows_the_basins(pilot: Pilot[None], key: str) -> None:
    await press(pilot, "2", key)
    assert "ends in the same minimum" in told(pilot), "a bowl has one"
    laboratory(pilot).walk_on(find("himmelblau"))
    await press(pilot, "2", key)
    basins = re.findall("[1-4]", "".join(rendered(pilot.app.screen)[3:-12]))
    assert {basin for basin in "1234" if basins.count(basin) > 20} == set("1234")
    await press(pilot, "n", "f")
    seen = main_screen(pilot)._views["map"]
    assert isinstance(seen, Map)
    assert seen.study(laboratory(pilot).frame) is None, "the walks over the window of now have begun"
    laboratory(pilot).walk_on(find("cliff"))
    await press(pilot, "n")
    assert main_screen(pilot)._views.current.name == "curve", "there is no map without b"
    laboratory(pilot).walk_on(find("himmelblau"))
    await press(pilot, "2")
    await press(pilot, key)
    assert len(re.findall("[1-4]", "".join(rendered(pilot.app.screen)[3:-12]))) < len(basins) / 4


@effect("view_key('enter')")
async def _takes_the_rate(pilot: Pilot[None], key: str) -> None:
    await press(pilot, "5", "up", "up", "up")
    view = rates(pilot)
    assert view.result is not None
    before = settings(pilot).learning_rate
    await press(pilot, key)
    assert settings(pilot).learning_rate == pytest.approx(view.rates[view.cursor], rel=1e-3)
    assert settings(pilot).learning_rate > before


@effect("ghosts")
async def _shows_ghosts(pilot: Pilot[None], key: str) -> None:
    before, picture = laboratory(pilot).studies.ghosts, shown(pilot)
    await press(pilot, key)
    assert laboratory(pilot).studies.ghosts is not before
    assert shown(pilot) != picture


@effect("first_keys")
async def _shows_the_first_keys(pilot: Pilot[None], key: str) -> None:
    before = laboratory(pilot).welcome.shown
    await press(pilot, key)
    assert laboratory(pilot).welcome.shown is not before


@effect("pin")
async def _pins(pilot: Pilot[None], key: str) -> None:
    await press(pilot, "n", "n")
    branches, where = laboratory(pilot).walk.branches, state(pilot)
    before = list(branches)
    await press(pilot, key)
    assert list(branches)[:-1] == before
    assert branches.current is list(branches)[-1]
    assert state(pilot) == where
    await press(pilot, "n")
    assert before[-1].run.state == where, "it stays as it is"


@effect("race")
async def _races(pilot: Pilot[None], key: str) -> None:
    await press(pilot, "n", "n")
    branches, where = laboratory(pilot).walk.branches, state(pilot)
    before = list(branches)
    await press(pilot, key)
    racers = [branch for branch in branches if branch not in before]
    assert [branch.run.settings.optimizer for branch in racers] == [kind() for kind in OPTIMIZERS.values()]
    for branch in racers:
        assert branch.run.state.iteration == 100
        assert branch.run.path(2, 3).tolist() == [[where.w, where.b, where.loss]]


@effect("scale")
async def _scales(pilot: Pilot[None], key: str) -> None:
    await press(pilot, "N", "b", "right_square_bracket", "n")
    rows, there, branches = laboratory(pilot).ground.rows.x, state(pilot), list(laboratory(pilot).walk.branches)
    at, line = laboratory(pilot).predict_at, laboratory(pilot).frame.prediction
    await press(pilot, key)
    assert laboratory(pilot).ground.rows.x == pytest.approx((rows - rows.mean()) / rows.std())
    assert state(pilot).iteration == 0
    assert state(pilot) == run_of_gdcore(pilot)
    assert "the bowl is round" in told(pilot)
    assert laboratory(pilot).predict_at == at
    laboratory(pilot).walk.set_learning_rate(0.5)
    laboratory(pilot).walk.set_train_bias(True)
    laboratory(pilot).walk.step()
    best = laboratory(pilot).walk.branches
    await press(pilot, key)
    assert (laboratory(pilot).ground.rows.x == rows).all()
    assert state(pilot) == there
    assert laboratory(pilot).frame.prediction == line
    assert list(laboratory(pilot).walk.branches) == branches, "they are still there"
    await press(pilot, key)
    assert laboratory(pilot).walk.branches is best
    assert laboratory(pilot).frame.own_line == pytest.approx(MeanSquaredError.of(rows, load("pizza").y).minimum)
    await press(pilot, key)


@asynccontextmanager
async def in_the_course(pilot: Pilot[None]) -> AsyncIterator[Guide]:
    """The course is opened, at its first task anew, and closed again."""
    own, where = laboratory(pilot), focused(pilot)
    await press(pilot, "T")
    guide = main_screen(pilot)._guide
    assert guide is not None
    guide.lesson.go(0)
    await press(pilot, "D")
    if where == "rate":
        field(pilot, "rate").focus()
        await settled(pilot)
    await pilot.pause()
    try:
        yield guide
    finally:
        await press(pilot, "T")
    assert laboratory(pilot) is own
    assert not guide.open


@effect("course")
async def _opens_the_course(pilot: Pilot[None], key: str) -> None:
    await press(pilot, "n")
    own, where = laboratory(pilot), state(pilot)
    await press(pilot, key)
    assert laboratory(pilot) is not own
    assert " of 16 " in shown(pilot)
    await press(pilot, key)
    assert laboratory(pilot) is own
    assert state(pilot) == where
    assert " of 16 " not in shown(pilot)


@effect("course('answer')")
async def _answers(pilot: Pilot[None], key: str) -> None:
    async with in_the_course(pilot) as guide:
        await press(pilot, key)
        await write(pilot, "0.8")
        await press(pilot, "enter")
        assert guide.lesson.panel.answer == "0.8"
        assert "Your answer: 0.8" in told(pilot)


@effect("course('hint')")
async def _hints(pilot: Pilot[None], key: str) -> None:
    async with in_the_course(pilot) as guide:
        before = len(guide.lesson.panel.hints)
        await press(pilot, key)
        hints = guide.lesson.panel.hints
        assert len(hints) == min(before + 1, 2)
        assert f"Hint {len(hints)}:" in shown(pilot) or "no more hints" in told(pilot)


@effect("course('next')")
async def _goes_on(pilot: Pilot[None], key: str) -> None:
    async with in_the_course(pilot) as guide:
        guide.lesson.answer("0.8")
        await press(pilot, "n", key)
        assert guide.lesson.place == 1
        assert "2 of 16" in shown(pilot)


@effect("course('skip')")
async def _skips(pilot: Pilot[None], key: str) -> None:
    async with in_the_course(pilot) as guide:
        await press(pilot, key)
        assert guide.lesson.place == 1
        assert "2 of 16" in shown(pilot)


@effect("course('redo')")
async def _does_it_again(pilot: Pilot[None], key: str) -> None:
    async with in_the_course(pilot) as guide:
        guide.lesson.answer("0.8")
        await press(pilot, "n")
        assert guide.lesson.done
        await press(pilot, key)
        assert not guide.lesson.done
        assert state(pilot).iteration == 0


@effect("course('page')")
async def _turns_the_page(pilot: Pilot[None], key: str) -> None:
    async with in_the_course(pilot) as guide:
        guide.lesson.go(2)
        main_screen(pilot).laboratory.notes.say("")
        await press(pilot, "D")
        before = shown(pilot)
        await press(pilot, key)
        assert shown(pilot) != before or "j 1/" not in before, "where there are pages, another one is shown"


@effect("course('fold')")
async def _folds(pilot: Pilot[None], key: str) -> None:
    async with in_the_course(pilot):
        assert "You stand on the loss" in shown(pilot)
        await press(pilot, key)
        await pilot.pause()
        assert "You stand on the loss" not in shown(pilot)
        assert "1 of 16" in shown(pilot)
        await press(pilot, key)
        await pilot.pause()
        assert "You stand on the loss" in shown(pilot)


@effect("course('whole')")
async def _shows_the_whole_task(pilot: Pilot[None], key: str) -> None:
    async with in_the_course(pilot):
        await press(pilot, key)
        await pilot.pause()
        assert isinstance(pilot.app.screen, TextDialog)
        assert "At which w do" in shown(pilot)
        await press(pilot, "escape")


@effect("course('tasks')")
async def _goes_to_any_task(pilot: Pilot[None], key: str) -> None:
    async with in_the_course(pilot) as guide:
        await press(pilot, key, "down", "down", "enter")
        assert guide.lesson.place == 2
        assert "3 of 16" in shown(pilot)


@effect("chart")
async def _goes_to_the_chart(pilot: Pilot[None], key: str) -> None:
    for name in ("rate", "method", "data"):
        main_screen(pilot).query_one(f"#{name}").focus()
        await press(pilot, key)
        assert focused(pilot) == "chart", name


def _dialog(kind: type, *words: str) -> Effect:
    async def opens(pilot: Pilot[None], key: str) -> None:
        before = focused(pilot)
        await press(pilot, key)
        assert isinstance(pilot.app.screen, kind)
        for word in words:
            assert word in shown(pilot)
        await press(pilot, "escape")
        assert pilot.app.screen is main_screen(pilot)
        assert focused(pilot) == before

    return opens


EFFECTS |= {
    "why": _dialog(TextDialog, "Why", "812.8667"),
    "open": _dialog(OpenDialog, "pizza", "anscombe"),
    "help": _dialog(TextDialog, "Help", "minimum"),
    "palette": _dialog(CommandPalette),
    "branches": _dialog(BranchDialog, "Branches", "loss"),
}


@effect("settings")
async def _goes_to_the_settings(pilot: Pilot[None], key: str) -> None:
    await press(pilot, key)
    assert focused(pilot) == "rate"
    await press(pilot, "escape")
    assert focused(pilot) == "chart"


@effect("export")
async def _asks_what_to_write(pilot: Pilot[None], key: str) -> None:
    await press(pilot, key)
    assert isinstance(pilot.app.screen, OptionsDialog)
    assert "NumPy" in shown(pilot)
    await press(pilot, "escape")
    assert len(pilot.app.screen_stack) == 1


@effect("copy")
async def _copies_the_screen(pilot: Pilot[None], key: str) -> None:
    copied: list[str] = []
    await pilot.pause()
    rows = rendered(pilot.app.screen)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pilot.app, "copy_to_clipboard", copied.append)
        await press(pilot, key)
    assert copied == ([] if closed() else ["".join(f"{row.rstrip()}\n" for row in rows)])


@effect("theme")
async def _changes_the_colours(pilot: Pilot[None], key: str) -> None:
    before = THEMES.index(pilot.app.theme)
    await press(pilot, key)
    assert pilot.app.theme == THEMES[(before + 1) % len(THEMES)]


@effect("suspend")
async def _suspends(pilot: Pilot[None], key: str) -> None:
    suspended: list[bool] = []
    await press(pilot, "space")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            pilot.app, "action_suspend_process", lambda: suspended.append(laboratory(pilot).walk.running), raising=True
        )
        await press(pilot, key)
    assert suspended == [False], "it is paused first"
    await press(pilot, "r")


@effect("repaint")
async def _repaints(pilot: Pilot[None], key: str) -> None:
    forgotten: list[bool] = []
    app = cast("GradientDescentApp", pilot.app)
    with pytest.MonkeyPatch.context() as patch:
        if closed():
            patch.setattr(app, "repaint", lambda: forgotten.append(True))
        else:
            patch.setattr(app._picture, "forget", lambda: forgotten.append(True))
        await press(pilot, "exclamation_mark")
        assert not forgotten, "a key without a meaning"
        await press(pilot, key)
    assert forgotten, "what the terminal shows is no longer relied on"


@effect("quit", "interrupt")
async def _leaves(pilot: Pilot[None], key: str) -> None:
    left: list[bool] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pilot.app, "exit", lambda *_, **__: left.append(True))
        await press(pilot, key)
    assert left == [True]


def test_every_command_has_a_check() -> None:
    assert set(EFFECTS) == {command.name for command in COMMANDS}


@pytest.mark.parametrize(("size", "focus"), [(SMALL, "chart"), (LARGE, "chart"), (SMALL, "rate")], ids=str)
async def test_every_key(size: tuple[int, int], focus: str) -> None:
    failures = {}
    async with opened(gdlab(), size) as pilot:
        for command in COMMANDS:
            typed_keys = NUMBER_CHARACTERS if focus == "rate" else frozenset()
            keys = [*command.keys, *(command.chart_keys if focus == "chart" else ())]
            for key in [key for key in keys if key not in typed_keys][: 1 if size == LARGE else None]:
                await afresh(pilot)
                if focused(pilot) != focus:
                    main_screen(pilot).query_one(f"#{focus}").focus()
                    await settled(pilot)
                try:
                    await EFFECTS[command.name](pilot, key)
                    assert not field(pilot, "rate").edited, "nothing was typed"
                except AssertionError as failure:
                    failures[command.name, key] = str(failure)
    assert failures == {}


def test_no_key_has_two_meanings() -> None:
    everywhere = [key for command in COMMANDS for key in command.keys]
    on_the_chart = [key for command in COMMANDS for key in command.chart_keys]
    assert len(set(everywhere + on_the_chart)) == len(everywhere + on_the_chart)


async def test_the_chart_keys_are_typed_where_a_number_has_the_focus() -> None:
    async with opened(gdlab()) as pilot:
        rate = await typed(pilot, "rate", "")
        await press(pilot, "1", "full_stop", "5", "e", "minus", "3", "left", "left", "2")
        assert rate.value == "1.5e2-3"[:4] + "2-3"
        assert state(pilot).iteration == 0


async def test_a_digit_is_a_view_on_the_chart_and_typed_in_a_field() -> None:
    async with opened(gdlab()) as pilot:
        rate = await typed(pilot, "rate", "")
        await press(pilot, *"12345")
        assert rate.value == "12345"
        assert views(pilot).current.name == "curve"
        await press(pilot, "escape", "4")
        assert views(pilot).current.name == "history"


async def test_the_keys_of_the_rates_do_nothing_in_other_views() -> None:
    async with opened(gdlab()) as pilot:
        await press(pilot, "n", "5", "4")
        before = state(pilot), settings(pilot), rates(pilot).cursor
        await press(pilot, "up", "down", "down", "enter")
        assert (state(pilot), settings(pilot), rates(pilot).cursor) == before


def test_the_list_of_branches_has_whole_numbers_however_narrow_it_is() -> None:
    lab = gdlab(train_bias=True).laboratory
    lab.studies.race()
    branches = list(lab.walk.branches)
    for width in range(60, 75):
        head, *lines = listed(lab.walk.branches, width)
        told = [line[head.index("different") : head.index("steps")] for line in lines]
        for text, branch in zip(told, branches, strict=True):
            assert set(re.findall(r"\d[\d.e-]*", text)) <= set(re.findall(r"\d[\d.e-]*", branch.different)), width
        if width == 66:
            assert told[1].startswith("in the.. lr 0.00"), "rather the number than all of the words"


async def test_the_list_of_branches_has_the_rows_that_the_comparison_leaves() -> None:
    async with opened(gdlab()) as pilot:
        await press(pilot, "n")
        branches = laboratory(pilot).walk.branches
        for count, fits in ((2, True), (9, True), (13, False), (9, True)):
            while len(branches) < count:
                await press(pilot, "p", "n")
            while len(branches) > count:
                branches.delete(branches[0])
            await press(pilot, "g")
            options = pilot.app.screen.query_one(OptionList)
            rows = rendered(pilot.app.screen)
            assert ("─ Branches ─" in rows[0]) == fits
            assert (f"─ Branches ({count}) ─" in rows[0]) != fits
            assert (options.size.height == count) == fits
            blank = [row for row in rows[1:-1] if not row.strip("│ ")]
            assert fits or len(blank) <= 1, "all rows are used"
            assert "correct digits" in shown(pilot)
            assert pilot.app.screen.query_one("#comparison").region.y == options.region.bottom + 1
            await press(pilot, "escape")
        while len(branches) < 13:
            await press(pilot, "p", "n")
        await pilot.resize_terminal(60, 16)
        await settled(pilot)
        await press(pilot, "g")
        assert "Branches (13)" in shown(pilot)
        options = pilot.app.screen.query_one(OptionList)
        assert options.size.height == 5
        await pilot.resize_terminal(80, 40)
        await settled(pilot)
        assert "Branches (13)" not in shown(pilot)
        await pilot.resize_terminal(80, 24)
        await settled(pilot)
        await press(pilot, "home", "end", "e")
        last = rendered(pilot.app.screen)[options.region.bottom - 1].split()
        assert branches[12].name in last, "the one that is renamed stays in sight"


async def test_the_new_name_of_a_branch_is_seen_as_it_is_typed() -> None:
    async with opened(gdlab()) as pilot:
        await press(pilot, "g", "e", *"bc")
        assert "New name: bc " in shown(pilot)


async def test_branches_are_renamed_deleted_and_gone_to() -> None:
    async with opened(gdlab()) as pilot:
        await press(pilot, "n", "n", "p", "n", "g")
        branches = laboratory(pilot).walk.branches
        first, second = branches
        assert isinstance(pilot.app.screen, BranchDialog)
        await press(pilot, "e", "end", "ctrl+u", *"[b]", "enter")
        assert second.name == "[b]"
        await pilot.pause()
        assert "[b]" in shown(pilot)
        await press(pilot, "e", "end", "ctrl+u", *first.name, "enter")
        assert second.name == "[b]", "a name is given once"
        await press(pilot, "escape")
        if isinstance(pilot.app.screen, BranchDialog):
            await press(pilot, "escape")
        assert branches.current is second
        await press(pilot, "g", "up", "enter")
        assert branches.current is first
        assert state(pilot).iteration == 2
        assert state(pilot) == run_of_gdcore(pilot)
        await press(pilot, "g", "down", "d")
        assert list(branches) == [first]
        await press(pilot, "d")
        assert list(branches) == [first], "the current one stays"
        await press(pilot, "escape", "n")
        assert state(pilot).iteration == 3


@pytest.mark.parametrize("size", SIZES, ids=str)
async def test_the_list_of_branches_has_a_line_each_and_the_comparison_is_whole(size: tuple[int, int]) -> None:
    async with opened(gdlab(train_bias=True), size) as pilot:
        await press(pilot, "N", "b", "b", "right_square_bracket", "n", "a", "g")
        await pilot.pause()
        lines = shown(pilot).splitlines()
        branches = laboratory(pilot).walk.branches
        listed = [line for line in lines if " A at 8 " in line or " B at 9 " in line or "from the start" in line]
        assert len(listed) >= min(len(branches), 8), "a line each; what has no room is scrolled to"
        for branch, line in zip(branches, listed, strict=False):
            tip = branch.run.path(branch.run.tip, branch.run.tip + 1)[0]
            assert line.strip("│ ").lstrip("■▲◆▼□△◇▽ ").removeprefix("* ").startswith(f"{branch.name} ")
            assert f" {branch.different} " in line
            assert re.search(rf" {branch.run.tip} +{tip[2]:.7g}\b", line)
        assert branches.current.name == "B"
        for row in ("branch +B", "method +gradient descent", "iterations +9", r"correct digits +w \d\.\d, b \d\.\d"):
            assert re.search(rf"│ {row} +│", "\n".join(lines)), "it is compared with nothing while it is chosen itself"
        await press(pilot, "down", "down")
        await pilot.pause()
        compared = shown(pilot)
        rows = (
            "branch +B +momentum",
            "hyperparameters +- +momentum 0.9",
            "iterations +9 +100",
            "correct digits +w .* +w ",
        )
        for row in rows:
            assert re.search(rf"│ {row}", compared), row


async def test_interrupt_copies_what_is_selected() -> None:
    async with opened(gdlab()) as pilot:
        rate = field(pilot, "rate")
        rate.focus()
        rate.select_all()
        await press(pilot, "ctrl+c")
        assert pilot.app.clipboard == "0.001"
        assert pilot.app.is_running
        assert not pilot.app._exit


async def test_a_text_is_closed_by_the_keys_that_close_a_pager() -> None:
    async with opened(gdlab()) as pilot:
        for key in ("escape", "q", "question_mark", "f1", "w", "enter", "space"):
            await press(pilot, "question_mark")
            assert isinstance(pilot.app.screen, TextDialog)
            await press(pilot, key)
            assert len(pilot.app.screen_stack) == 1, key
            assert state(pilot).iteration == 0, key


@pytest.mark.parametrize("key", ["w", "question_mark", "o", "g", "colon"])
async def test_a_dialog_is_closed_once(key: str) -> None:
    # Over a slow line the keys come in one go: the second is there before the first has closed the dialog.
    async with opened(gdlab()) as pilot:
        await press(pilot, key)
        press_at_once(pilot, "escape", "escape", "escape")
        await settled(pilot)
        assert pilot.app.screen is main_screen(pilot)
        await press(pilot, key)
        press_at_once(pilot, "enter", "enter", "enter")
        await settled(pilot)
        await press(pilot, "escape", "n")
        assert state(pilot).iteration == 1


async def test_the_help_scrolls() -> None:
    async with opened(gdlab()) as pilot:
        await press(pilot, "question_mark")
        await pilot.pause()
        scroll = pilot.app.screen.query_one(VerticalScroll)
        for key, line in (("down", 1), ("j", 2), ("n", 3), ("up", 2), ("k", 1), ("b", 0)):
            await pilot.press(key)
            assert round(scroll.scroll_y) == line, key


async def test_the_footer_can_be_clicked() -> None:
    async with opened(gdlab()) as pilot:
        await pilot.click(offset=(rendered(pilot.app.screen)[23].index("Help"), 23))
        await settled(pilot)
        assert isinstance(pilot.app.screen, TextDialog)


@pytest.mark.parametrize("size", SIZES, ids=str)
async def test_a_click_on_the_curve_starts_there(size: tuple[int, int]) -> None:
    async with opened(gdlab(), size) as pilot:
        await press(pilot, "n", "n")
        labels = next(row for row in rendered(pilot.app.screen) if {"-1", "0", "1", "2", "3", "4"} <= set(row.split()))
        await pilot.click(offset=(labels.index(" 3 ") + 1, 5))
        await settled(pilot)
        assert state(pilot).iteration == 0
        assert timeline(pilot).start.w == pytest.approx(3, abs=0.1)
        assert timeline(pilot).start == run_of_gdcore(pilot)
        assert field(pilot, "start-w").value == f"{timeline(pilot).start.w:g}"


async def test_a_click_beside_the_curve_changes_nothing() -> None:
    async with opened(gdlab()) as pilot:
        await press(pilot, "n", "n")
        before = state(pilot)
        for place in ((29, 5), (50, 0), (50, 20), (5, 17)):
            await pilot.click(offset=place)
        await settled(pilot)
        assert state(pilot) == before


async def test_a_held_key_moves_the_state_at_once() -> None:
    async with opened(gdlab(), LARGE) as pilot:
        press_at_once(pilot, *["n"] * 50, *["b"] * 20)
        await settled(pilot)
        assert state(pilot).iteration == 30
        assert state(pilot) == run_of_gdcore(pilot)
        assert "Step 30 of 100" in shown(pilot)
