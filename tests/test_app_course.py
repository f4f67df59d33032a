"""The course in the app: its panel, its keys, one's own work beside it, and a walk through it in a real terminal."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from gdcore.course.course import Course
from gdcore.course.progress import Progress, assess
from gdcore.course.task import ACTIONS
from gdcore.descent.optimizers import OPTIMIZERS
from gdcore.descent.schedules import SCHEDULES
from gdcore.rows.dataset import load
from tests import terminal
from tests.screens import (
    LARGE,
    SIZES,
    SMALL,
    choose,
    field,
    focused,
    gdlab,
    laboratory,
    main_screen,
    opened,
    press,
    press_at_once,
    rendered,
    settings,
    settled,
    shown,
    state,
    told,
    typed,
    views,
    write,
)
from tests.test_learning import ASKED
from tui.laboratory.keeping import open_lesson, own_place
from tui.screen.course import STRIP, CoursePanel, Guide
from tui.screen.course_text import LONE, goes_on, headline, laid_out, page_of, pages
from tui.screen.dialogs import OptionsDialog, TextDialog
from tui.screen.screen import Stage

if TYPE_CHECKING:
    from collections.abc import Iterable

    from textual.pilot import Pilot

    from tui.charts.cells import Row

COURSE = Course.load()
COUNT = len(COURSE.tasks)
STRIP_WIDTH = 50
"""The columns of the text of a task in a terminal of 80."""


@pytest.fixture(autouse=True)
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder in which this test keeps its progress."""
    monkeypatch.setenv("GDLAB_STATE_DIR", str(tmp_path))
    return tmp_path


def guide_of(pilot: Pilot[None]) -> Guide:
    guide = main_screen(pilot)._guide
    assert guide is not None
    return guide


async def in_course(pilot: Pilot[None], course: Path | None = None) -> Guide:
    """Open a course, as T or `gdlab learn` does."""
    if course is None:
        await press(pilot, "T")
    else:
        await main_screen(pilot)._open_course(open_lesson(str(course)))
    await settled(pilot)
    await pilot.pause()
    return guide_of(pilot)


def panel_of(pilot: Pilot[None]) -> CoursePanel:
    """The panel that is shown."""
    [panel] = [panel for panel in main_screen(pilot).query(CoursePanel) if panel.display]
    return panel


def read(pilot: Pilot[None]) -> str:
    """The panel's text, its line breaks taken out."""
    rows = panel_of(pilot).text.rows
    return " ".join(" ".join("".join(character for character, _ in cells) for cells in rows).split())


def text_of(rows: Iterable[Row]) -> list[str]:
    return ["".join(character for character, _ in cells) for cells in rows]


def own_course(folder: Path, before: tuple[str, ...] = (), **changes: str) -> Path:
    """A course of one task, whose question is asked before some actions."""
    words = {"title": "One", "text": "Do it.", "ask": "How much?"} | changes
    path = folder / "own.toml"
    path.write_text(
        f"""
id = "own"
title = "{words["title"]}"
[[task]]
id = "one"
title = "{words["title"]}"
text = "{words["text"]}"
why = "So it is: {{w}}."
hints = ["Try."]
solution = ["answer 0", "step 30"]
[task.question]
ask = "{words["ask"]}"
answer = 0
tolerance = 0.5
right = "Right."
wrong = "Wrong."
before = [{", ".join(f'"{action}"' for action in before)}]
[[task.goal]]
check = "steps"
least = 30
""",
        encoding="utf-8",
    )
    return path


# One's own work


@pytest.mark.parametrize("size", SIZES, ids=str)
async def test_own_work_waits_beside_the_course(size: tuple[int, int]) -> None:
    async with opened(gdlab(), size) as pilot:
        await press(pilot, "4", "l", "n", "n", "right_curly_bracket", "n", "p", "n")
        own, before, branches = laboratory(pilot), state(pilot), list(laboratory(pilot).walk.branches)
        await in_course(pilot)
        assert laboratory(pilot) is not own
        assert (state(pilot).iteration, settings(pilot).learning_rate) == (0, 0.001)
        assert (views(pilot).current.name, views(pilot).log) == ("curve", False)
        assert "explains it all" not in shown(pilot), "the first keys leave the say to the task"
        await press(pilot, "right_curly_bracket", "T")
        assert (laboratory(pilot), state(pilot)) == (own, before)
        assert list(laboratory(pilot).walk.branches) == branches
        assert (views(pilot).current.name, views(pilot).log) == ("history", True)
        await pilot.pause()
        assert "1 of" not in shown(pilot)
        await press(pilot, "T")
        assert settings(pilot).learning_rate == 0.002, "the course is where it was, too"


async def test_a_run_that_goes_on_is_paused() -> None:
    async with opened(gdlab()) as pilot:
        await press(pilot, "space")
        own = laboratory(pilot)
        await in_course(pilot)
        assert not own.walk.running
        assert main_screen(pilot)._timer is None


async def test_what_is_typed_in_a_field_stays_with_its_laboratory() -> None:
    async with opened(gdlab()) as pilot:
        await typed(pilot, "rate", "0.5")
        await in_course(pilot)
        assert (settings(pilot).learning_rate, field(pilot, "rate").value) == (0.001, "0.001")
        assert focused(pilot) == "chart"
        await press(pilot, "T")
        assert settings(pilot).learning_rate == 0.001


async def test_only_own_work_is_saved_as_a_session(kept: Path) -> None:
    from tui.laboratory.saving import Saver, latest, session_of  # noqa: PLC0415

    app = gdlab()
    app._saver = Saver(kept, session_of(app.laboratory))
    async with opened(app) as pilot:
        await press(pilot, "n", "n")
        guide = await in_course(pilot)
        guide.lesson.answer("1")
        await press(pilot, "n")
        await pilot.app.workers.wait_for_complete()
        app.say_goodbye()
    session, remarks = latest(kept)
    assert session is not None
    assert remarks == []
    assert session.iterations == 2
    assert Progress.from_text(own_place(COURSE).read_text(), "x").record("first-step").attempts[0].answer == 1


@pytest.mark.parametrize("key", ["A", "H", "x", "X", "D", "j", "W", "L", "F"])
async def test_without_a_course_its_keys_say_how_to_open_it(key: str) -> None:
    async with opened(gdlab()) as pilot:
        await press(pilot, key)
        assert "T opens the course" in told(pilot)
        await press(pilot, "T", "T", key)
        assert "T opens the course" in told(pilot)


def test_who_opens_no_course_does_not_load_it() -> None:
    code = "import sys, tui.screen.app; print([n for n in sys.modules if 'course' in n or n.endswith('.learning')])"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout == "[]\n"


async def test_no_room_is_taken_where_no_course_is_open() -> None:
    async with opened(gdlab()) as pilot:
        before = rendered(pilot.app.screen)
        await in_course(pilot)
        assert rendered(pilot.app.screen)[:20] != before[:20]
        await press(pilot, "T", "b")
        await pilot.pause()
        assert rendered(pilot.app.screen)[:16] == before[:16]


async def test_progress_that_cannot_be_read_is_set_aside(kept: Path) -> None:
    place = own_place(COURSE)
    place.parent.mkdir()
    place.write_text("{}")
    async with opened(gdlab()) as pilot:
        await in_course(pilot)
        [toast] = pilot.app._notifications
        assert "set aside" in toast.message
        assert [path.name for path in place.parent.iterdir()] == [f"{place.name}.damaged"]
    assert kept in place.parents


# The panel


@pytest.mark.parametrize(
    ("size", "identifier", "rows"),
    [(SMALL, "task", 4), (LARGE, "course", 15), ((100, 24), "task", 4), ((60, 20), "task", 3), ((50, 12), "task", 4)],
    ids=str,
)
async def test_the_panel_hides_nothing_of_the_chart(size: tuple[int, int], identifier: str, rows: int) -> None:
    async with opened(gdlab(), size) as pilot:
        await in_course(pilot)
        panel, screen = panel_of(pilot), main_screen(pilot)
        assert (panel.id, panel.size.height) == (identifier, rows)
        others = [widget.region for widget in screen.query("Stage, #gauge, #story, #form, #readout") if widget.display]
        assert not any(panel.region.overlaps(region) for region in others)
        stage = screen.query_one(Stage)
        assert stage.size.height >= 7
        chart = [row[stage.region.x :] for row in rendered(screen)[stage.region.y : stage.region.bottom]]
        assert any("●" in row for row in chart if "you" not in row), "where one stands"
        assert f"1 of {COUNT}" in read(pilot)


async def test_the_panel_goes_where_there_is_room() -> None:
    async with opened(gdlab(), LARGE) as pilot:
        await in_course(pilot)
        assert panel_of(pilot).id == "course"
        await pilot.resize_terminal(*SMALL)
        await settled(pilot)
        assert panel_of(pilot).id == "task"
        await press(pilot, "A", "5")
        await pilot.resize_terminal(*LARGE)
        await settled(pilot)
        assert panel_of(pilot).id == "course"
        assert focused(pilot) == "chart"
        await press(pilot, "A", "5", "enter")
        assert guide_of(pilot).lesson.panel.answer == "5"


@pytest.mark.parametrize(("width", "height"), [(50, 3), (44, 14), (20, 1), (78, 3)])
@pytest.mark.parametrize("place", range(COUNT))
def test_every_word_of_a_task_is_on_a_page(place: int, width: int, height: int) -> None:
    lesson, _, _ = open_lesson()
    lesson.go(place)
    lesson.hint()
    panel = lesson.panel
    leaves = pages(panel, width, height)
    assert all(len(page) <= height for page in leaves)
    rows = [cells for page in leaves for _, cells in page]
    assert {len(cells) for cells in rows} == {width}
    words = " ".join("".join(character for character, _ in cells) for cells in rows).split()
    wanted = [*panel.text.split(), *panel.question.split(), *panel.hints[0].split()]
    wanted += [word for asked, _ in panel.goal for word in asked.split()]
    rest = iter(words)
    assert all(word in rest for word in wanted), "all of them, in this order"
    part = "question" if panel.question else "goal"
    page = leaves[page_of(leaves, part)]
    assert any(own == part for own, _ in page)


def test_the_headline_keeps_what_is_next() -> None:
    lesson, _, _ = open_lesson()
    for place in range(COUNT):
        lesson.go(place)
        text = "".join(character for character, _ in headline(lesson.panel, 50, 0, 3))
        assert len(text) == 50
        assert text.startswith(f"{place + 1} of {COUNT}  ")
        assert text.endswith("  j 1/3")
        assert ("A answer" if lesson.pending else "H hint") in text


async def test_pages_are_turned_round() -> None:
    async with opened(gdlab()) as pilot:
        await in_course(pilot)
        first = read(pilot)
        count = int(first.partition("j 1/")[2].split()[0])
        seen = [first]
        for _ in range(count - 1):
            await press(pilot, "j")
            seen.append(read(pilot))
        assert len(set(seen)) == count > 1
        await pilot.click("#task TaskText", offset=(5, 2))
        await settled(pilot)
        assert read(pilot) == first


async def test_it_is_folded_away_and_a_task_that_is_done_unfolds() -> None:
    async with opened(gdlab()) as pilot:
        guide = await in_course(pilot)
        chart = main_screen(pilot).query_one(Stage).size.height
        await press(pilot, "F")
        await pilot.pause()
        assert panel_of(pilot).size.height == 1
        assert main_screen(pilot).query_one(Stage).size.height == chart + 3
        assert read(pilot) == guide.lesson.panel.headline.replace("  ", " ")
        guide.lesson.answer("0.8068")
        await press(pilot, "n")
        await pilot.pause()
        assert "You said 0.8068; that is right." in read(pilot)


@pytest.mark.parametrize("size", [SMALL, LARGE], ids=str)
async def test_the_sentence_on_a_mistake_is_shown_when_only_a_right_answer_is_missing(
    size: tuple[int, int], tmp_path: Path
) -> None:
    path = tmp_path / "asked.toml"
    path.write_text(ASKED)
    async with opened(gdlab(), size) as pilot:
        guide = await in_course(pilot, path)
        await press(pilot, "A", "7", "enter", "F")
        assert "too many" not in read(pilot)
        await press(pilot, "n")
        await pilot.pause()
        assert "7 is too many; w is 0.8068." in read(pilot)
        await press(pilot, "D", "A", "3", "enter", "n")
        assert guide.lesson.done


@pytest.mark.parametrize("size", SIZES, ids=str)
async def test_text_is_shown_as_it_is_written(size: tuple[int, int], tmp_path: Path) -> None:
    course = own_course(tmp_path, title="[bold]One[/]", text="[red]$x[/] {{x}} {0}", ask="[/]?")
    async with opened(gdlab(), size) as pilot:
        await in_course(pilot, course)
        assert "[bold]One[/]" in shown(pilot)
        assert "[red]$x[/]" in shown(pilot)
        await press(pilot, "W")
        await pilot.pause()
        assert "[red]$x[/]" in shown(pilot)
        await press(pilot, "escape", "L")
        await pilot.pause()
        assert "1. [bold]One[/]: to do, here." in shown(pilot)


# Answers, and what waits for them


@pytest.mark.parametrize("key", ["n", "N", "right", "full_stop", "space", "a"])
async def test_a_key_that_waits_says_so_and_does_nothing(key: str) -> None:
    async with opened(gdlab()) as pilot:
        guide = await in_course(pilot)
        await press(pilot, key)
        assert "Press A. First an answer, then this key." in told(pilot)
        assert (state(pilot).iteration, len(laboratory(pilot).walk.branches)) == (0, 1)
        assert not laboratory(pilot).walk.running
        assert "At which w do you stand" in read(pilot), "the question is turned to"
        guide.lesson.answer("1")
        await press(pilot, key)
        assert state(pilot).iteration > 0 or len(laboratory(pilot).walk.branches) > 1


async def test_what_a_step_will_do_is_not_told_before_it_is_predicted() -> None:
    async with opened(gdlab()) as pilot:
        guide = await in_course(pilot)
        assert "Next:" not in shown(pilot)
        marks = shown(pilot).count("○")
        guide.lesson.answer("1")
        await press(pilot, "l", "l")
        assert "Next:" in shown(pilot)
        assert shown(pilot).count("○") == marks + 1


async def test_fields_wait_too(tmp_path: Path) -> None:
    async with opened(gdlab(), LARGE) as pilot:
        guide = await in_course(pilot, own_course(tmp_path, ACTIONS))
        before = settings(pilot), laboratory(pilot).walk.start
        for name, text in (("rate", "0.01"), ("start-w", "3"), ("start-b", "3"), ("batch", "5")):
            number = await typed(pilot, name, text)
            await press(pilot, "enter")
            assert "First an answer" in told(pilot), name
            assert (settings(pilot), laboratory(pilot).walk.start) == before, name
            assert number.value != text, "what is in force is shown"
        for name, value in (("method", "adam"), ("schedule", "step"), ("train", True)):
            main_screen(pilot).laboratory.notes.say("")
            await choose(pilot, name, value)
            assert "First an answer" in told(pilot), name
            assert settings(pilot) == before[0], name
        for key in ("t", "S", "right_square_bracket", "left_curly_bracket", "U"):
            await press(pilot, "escape", key)
            assert (settings(pilot), laboratory(pilot).walk.start) == before, key
        await pilot.click(Stage, offset=(40, 5))
        await settled(pilot)
        assert laboratory(pilot).walk.start == before[1]
        guide.lesson.answer("0")
        await typed(pilot, "rate", "0.01")
        await press(pilot, "enter", "escape", "t")
        assert (settings(pilot).learning_rate, settings(pilot).train_bias) == (0.01, True)


@pytest.mark.parametrize("size", SIZES, ids=str)
async def test_a_number_is_typed_as_an_answer(size: tuple[int, int]) -> None:
    async with opened(gdlab(), size) as pilot:
        guide = await in_course(pilot)
        await press(pilot, "A")
        await pilot.pause()
        assert focused(pilot) == f"{panel_of(pilot).id}-answer"
        assert "At which w do you" in read(pilot), "the question is beside it"
        await write(pilot, "1e")
        await press(pilot, "enter")
        assert "The answer is a number, not" in told(pilot)
        assert guide.lesson.pending
        await press(pilot, "backspace", "tab")
        assert guide.lesson.pending, "leaving the field is no answer"
        await press(pilot, "A", "escape")
        assert (focused(pilot), guide.lesson.pending) == ("chart", True)
        await press(pilot, "A", "minus", "0", "full_stop", "8", "enter")
        assert guide.lesson.panel.answer == "-0.8"
        assert focused(pilot) == "chart"
        await press(pilot, "n")
        assert "You said -0.8; it is 0.8068." in read(pilot)
        assert "The length is right and the direction is not" in read(pilot), "the sentence for that mistake"
        await press(pilot, "A")
        assert "You answered -0.8 already. D begins the task again." in shown(pilot)
        before = state(pilot)
        await write(pilot, "0.876 wanderqnx6")
        assert state(pilot) == before, "what is typed as an answer is no command"
        assert (views(pilot).current.name, guide.lesson.place) == ("curve", 0)
        await press(pilot, "escape", "n")
        assert state(pilot).iteration == before.iteration + 1


@pytest.mark.parametrize("size", SIZES, ids=str)
async def test_letters_in_the_field_of_an_answer_are_no_commands(size: tuple[int, int]) -> None:
    async with opened(gdlab(), size) as pilot:
        guide = await in_course(pilot)
        await press(pilot, "A")
        before, settings_before = state(pilot), settings(pilot)
        await write(pilot, "about noughtpointARSTUq x!?")
        assert (state(pilot), settings(pilot), guide.lesson.place) == (before, settings_before, 0)
        assert "The answer is a number. Enter gives it" in told(pilot)
        assert guide.open
        assert focused(pilot) == f"{panel_of(pilot).id}-answer"
        assert guide.lesson.pending
        await press(pilot, "H")
        assert COURSE.tasks[0].hints[0].split(".")[0] in read(pilot), "a hint can be had while one answers"
        await press(pilot, "j", "0")
        assert panel_of(pilot).field.value == "0"
        press_at_once(pilot, "full_stop", "8", "enter", "n")
        await settled(pilot)
        assert (guide.lesson.panel.answer, state(pilot).iteration) == ("0.8", 1), "what is typed after it is a command"


WORDS_OF_PLAIN = re.compile(r"\b(redo|skip|hint leads|next leads|Type )\b", re.IGNORECASE)


async def test_the_course_on_the_screen_names_keys_not_words() -> None:
    async with opened(gdlab()) as pilot:
        guide = await in_course(pilot)
        for place, task in enumerate(COURSE.tasks):
            guide.lesson.go(place)
            said = [guide.lesson.next(), guide.lesson.missing]
            if task.question is not None:
                options = task.question.choices or ("1e9",)
                for option in options:
                    guide.lesson.redo()
                    said += [guide.lesson.answer(option), guide.lesson.answer(option)]
                    said += [*guide.lesson.on_wrong_answer, guide.lesson.next(), guide.lesson.missing]
            guide.lesson.laboratory.open(load("cars" if task.setup.ground is not load("cars") else "pizza"))
            said += [guide.lesson.missing, *guide.lesson.panel.sentences()]
            wrong = [sentence for sentence in said if WORDS_OF_PLAIN.search(sentence)]
            assert not wrong


def test_every_task_stands_in_a_small_terminal_without_a_cut_title_or_a_letter_alone() -> None:
    lesson, _, _ = open_lesson()
    for place, task in enumerate(COURSE.tasks):
        lesson.go(place)
        panel = lesson.panel
        for shown_ in (panel, replace(panel, hints=task.hints), replace(panel, pending=False, answer="0.8068")):
            leaves = pages(shown_, STRIP_WIDTH, STRIP - 1)
            assert panel.title in text_of([headline(shown_, STRIP_WIDTH, 0, len(leaves))])[0]
            lines = text_of([cells for leaf in leaves for _, cells in leaf])
            assert all(len(line.strip()) > LONE for line in lines), lines
            if shown_.pending and not panel.choices:
                assert not goes_on(leaves, "question"), "where a number is typed, the question is seen whole"


async def test_in_the_field_of_an_answer_no_letter_stands_at_the_end_of_the_question() -> None:
    async with opened(gdlab()) as pilot:
        guide = await in_course(pilot)
        for place, task in enumerate(COURSE.tasks):
            if task.question is None or task.question.choices:
                continue
            await press(pilot, "L", "home", *["down"] * place, "enter")
            assert guide.lesson.place == place
            await press(pilot, "A")
            rows = text_of(panel_of(pilot).text.rows)
            assert task.question.ask in " ".join(" ".join(rows).split())
            assert not any(re.search(r"(^| )[a-z]$", row.rstrip()) for row in rows), rows
            await press(pilot, "escape")


def test_what_goes_on_on_another_page_says_so_in_a_word() -> None:
    rows = laid_out([tuple((letter, "note") for letter in "a question")], 20, 2, more=True)
    assert text_of(rows)[-1].endswith("j more")


async def test_nought_is_an_answer(tmp_path: Path) -> None:
    async with opened(gdlab()) as pilot:
        guide = await in_course(pilot, own_course(tmp_path, ("step",)))
        await press(pilot, "A", "0", "enter")
        assert guide.lesson.panel.answer == "0"


@pytest.mark.parametrize("size", SIZES, ids=str)
async def test_a_choice_is_made_from_a_list(size: tuple[int, int]) -> None:
    async with opened(gdlab(), size) as pilot:
        guide = await in_course(pilot)
        await press(pilot, "X", "A")
        await pilot.pause()
        assert isinstance(pilot.app.screen, OptionsDialog)
        assert "How long is the second step" in read(pilot), "the question stays in sight"
        for choice in ("as long as the first", "shorter", "longer"):
            assert choice in shown(pilot)
        await press(pilot, "escape")
        assert guide.lesson.pending
        await press(pilot, "A", "down", "down", "enter")
        assert guide.lesson.panel.answer == "longer"
        await press(pilot, *"nnnnn")
        assert "You said longer; it is shorter." in read(pilot)


async def test_a_task_done_by_its_answer_is_explained_at_once(tmp_path: Path) -> None:
    async with opened(gdlab()) as pilot:
        guide = await in_course(pilot, own_course(tmp_path))
        await press(pilot, "N", "N", "N")
        done = guide.lesson.done
        await press(pilot, "A", "0", "enter")
        assert guide.lesson.done
        assert done or "So it is" in read(pilot) or "You said 0" in read(pilot)


# From task to task


async def test_hints_come_one_at_a_time() -> None:
    async with opened(gdlab()) as pilot:
        await in_course(pilot)
        hints = COURSE.tasks[0].hints
        await press(pilot, "H")
        assert hints[0].split(".")[0] in read(pilot)
        assert hints[1].split(".")[1] not in read(pilot)
        await press(pilot, "H")
        assert hints[1].split(".")[1] in read(pilot)
        await press(pilot, "H")
        assert "There are no more hints." in told(pilot)


async def test_next_waits_and_skip_does_not_and_any_task_can_be_done_again() -> None:
    async with opened(gdlab()) as pilot:
        guide = await in_course(pilot)
        await press(pilot, "x")
        assert guide.lesson.place == 0
        assert "The question is not answered. X leaves it." in told(pilot)
        await press(pilot, "X")
        assert guide.lesson.place == 1
        await press(pilot, "L")
        await pilot.pause()
        assert "2. Why steps shrink: to do, here." in shown(pilot)
        await press(pilot, "home", "enter")
        assert guide.lesson.place == 0
        guide.lesson.answer("0.8068")
        await press(pilot, "n", "x")
        assert guide.lesson.place == 1
        await press(pilot, "L", "home", "enter")
        assert guide.lesson.done
        assert "You said 0.8068" in read(pilot)
        await press(pilot, "D")
        assert (guide.lesson.done, state(pilot).iteration) == (False, 0)
        assert "1 of 16 done" in guide.lesson.panel.tally


async def test_a_task_is_shown_in_its_view() -> None:
    async with opened(gdlab()) as pilot:
        guide = await in_course(pilot)
        place = next(place for place, task in enumerate(COURSE.tasks) if task.setup.view == "map")
        await press(pilot, "L", *["down"] * place, "enter")
        assert guide.lesson.place == place
        assert views(pilot).current.name == "map"


@pytest.mark.parametrize("size", SIZES, ids=str)
async def test_every_task_can_be_shown(size: tuple[int, int]) -> None:
    async with opened(gdlab(), size) as pilot:
        guide = await in_course(pilot)
        for place in range(COUNT):
            assert guide.lesson.place == place
            assert re.search(rf"\b{place + 1}( of |/){COUNT}\b", read(pilot))
            await press(pilot, "n", "W")
            assert isinstance(pilot.app.screen, TextDialog)
            await press(pilot, "escape", "X")
        assert "last task" in told(pilot)


async def test_what_was_done_is_kept_beside_the_event_loop() -> None:
    async with opened(gdlab()) as pilot:
        guide = await in_course(pilot)
        guide.lesson.answer("0.8068")
        await press(pilot, "n")
        assert not own_place(COURSE).exists()
        guide._keep_beside()
        await pilot.app.workers.wait_for_complete()
    async with opened(gdlab()) as pilot:
        await in_course(pilot)
        assert "You said 0.8068; that is right." in read(pilot)
        assert state(pilot).iteration == 1


async def test_a_disk_that_is_full_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    async with opened(gdlab()) as pilot:
        guide = await in_course(pilot)
        monkeypatch.setattr("tui.laboratory.keeping.write", full)
        guide._keep_beside()
        await pilot.app.workers.wait_for_complete()
        await settled(pilot)
        assert "The progress cannot be kept" in told(pilot)


# In a real terminal

DOWN = "\x1b[B"
LETTERS = {"rate half": "{", "restart": "r", "retreat": "h", "scale": "S"}
"""The keys of commands that are a letter."""


def walked(kept: Path, *words: str) -> terminal.Terminal:
    return terminal.opened(*words, GDLAB_STATE_DIR=str(kept))


def test_a_walk_through_tasks_in_a_terminal(kept: Path) -> None:
    with walked(kept, "learn") as term:
        term.see(f"1 of {COUNT}  One step downhill")
        term.press("n")
        term.see("First an answer, then this key.")
        assert term.iteration == 0
        term.press("A")
        term.see("Answer")
        term.type("0.8068\r")
        term.see("Your answer: 0.8068")
        term.press("n")
        term.see("You said 0.8068; that is right.")
        assert "●" in "".join(row[28:] for row in term.rows[1:10]), "where one stands"
        term.press("j")
        term.see("goes against it: 0.001 * -806.8")
        term.press("x")
        term.see(f"2 of {COUNT}  Why steps shrink")
        term.press("A")
        term.see("as long as the first")
        term.press(DOWN, "enter")
        term.see("Your answer: shorter")
        term.type("nnnnn")
        term.see("You said shorter; that is right.")
        term.press("x")
        term.see(f"3 of {COUNT}")
        term.press("A")
        term.see("Answer")
        term.type("1.6136\r{nnnnnr}}nnnnn")
        term.see("You said 1.6136; that is right.")
        term.see(f"3 of {COUNT}")
        term.press("F")
        term.wait(lambda: "You said" not in term.text, "it is folded away")
        term.see(f"3 of {COUNT}  Half and twice the rate: done")
        term.press("T")
        term.see("This is your own work.")
        assert term.iteration == 0
        term.press("T", "X")
        term.see(f"4 of {COUNT}")
        term.press("q")
        assert term.finish() == 0
        term.left_as_it_was()
    progress = Progress.from_text(own_place(COURSE).read_text(encoding="utf-8"), "it")
    assert progress.task == COURSE.tasks[3].id
    assert [progress.record(task.id).first for task in COURSE.tasks[:3]] == [0.8068, "shorter", 1.6136]


def by_keys(term: terminal.Terminal, line: str, choices: tuple[str, ...]) -> None:
    """Do by keys what a line of a model solution says in words."""
    name, _, rest = line.partition(" ")
    if name == "answer":
        term.press("A")
        term.see(choices[-1] if choices else "Answer")
        if choices:
            term.press(*[DOWN] * choices.index(rest), "enter")
        else:
            term.type(f"{rest}\r")
        term.see("Your answer")
    elif name in ("step", "run"):
        count = int(rest or 1)
        term.type("N" * (count // 10) + "n" * (count % 10))
    elif line in LETTERS:
        term.type(LETTERS[line])
    elif name == "open":
        term.press("o")
        term.see("A name from the list")
        term.type(f"{rest}\r")
        term.see("Restarted on")
    else:
        term.press("s")
        term.see("learning rate, a positive")  # the field's own line of help
        if name == "rate":
            term.type(f"\x05\x15{rest}\r")
        else:
            kind, _, number = rest.partition(":")
            names = list(OPTIMIZERS if name == "method" else SCHEDULES)
            term.press("\x1b[Z" if name == "method" else "tab")
            term.see("Method:" if name == "method" else "Schedule:")
            term.press("enter")
            term.see("▔")  # the list
            term.press(*[DOWN] * names.index(kind), "enter")
            term.settle()
            if number:
                term.press("tab")
                term.settle()
                term.type(f"\x05\x15{number}\r")
        term.settle()
        term.press("escape")
    term.settle()  # an escape and a key at once are another key


def test_the_whole_course_in_a_terminal(kept: Path) -> None:
    with walked(kept, "learn") as term:
        for place, task in enumerate(COURSE.tasks):
            term.see(f" {place + 1} of {COUNT}  ")
            for _, line in task.solution:
                by_keys(term, line, task.question.choices if task.question else ())
            term.wait(lambda: "x next" in term.text, f"{task.title} is done", 10)
            if task.question is not None:
                right = " ".join(" ".join(row[28:] for row in term.rows).split())  # it may be wrapped
                assert "that is right." in right, task.title
            assert "Traceback" not in term.text
            term.press("x")
        term.see("This is the last task; 16 of 16 done.")
        term.press("q")
        assert term.finish() == 0
    verdicts = assess(COURSE, Progress.from_text(own_place(COURSE).read_text(encoding="utf-8"), "it"))
    assert [verdict.why_not for verdict in verdicts] == [""] * COUNT


@pytest.mark.parametrize("end", [signal.SIGHUP, signal.SIGTERM])
def test_progress_survives_an_end(kept: Path, end: int) -> None:
    with walked(kept) as term:
        term.press("T")
        term.see(f"1 of {COUNT}  One step downhill")
        term.press("A")
        term.see("Answer")
        term.type("0.9\rn")
        term.see("You said 0.9; it is 0.8068.")
        term.signal(end)
        term.finish()
    with walked(kept, "learn") as term:
        term.see("You said 0.9; it is 0.8068.")
        assert term.iteration == 1
        term.press("q")
        assert term.finish() == 0


def test_a_course_of_ones_own_and_one_that_is_none(kept: Path, tmp_path: Path) -> None:
    with walked(kept, "learn", str(own_course(tmp_path, title="Mine"))) as term:
        term.see("1 of 1  Mine")
        term.press("q")
        assert term.finish() == 0
    bad = tmp_path / "bad.toml"
    bad.write_text("id = 3")
    run = subprocess.run([terminal.GDLAB, "learn", str(bad), "--plain"], capture_output=True, text=True, check=False)
    assert run.returncode == 2
    assert run.stderr.count("\n") == 1
    run = subprocess.run([terminal.GDLAB, "learn"], capture_output=True, text=True, check=False, input="")
    assert run.returncode == 2
    assert "this is not a terminal" in run.stderr
