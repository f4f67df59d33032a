"""A learner in a course: answers, hints, tasks left and taken up again, and a course walked in words."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from gdcore.course.course import Course
from gdcore.course.progress import Progress, assess, counted, own_rows
from gdcore.descent.steps import Limits, Settings
from gdcore.rows.dataset import Dataset, Measured, Origin, load
from tests.test_plain import GDLAB
from tui.headless.learn import LearningPlain, Opened
from tui.headless.plain.conversation import COMMANDS
from tui.laboratory.commands import COMPARING, WALKING
from tui.laboratory.keeping import Keeper, kept, open_lesson
from tui.laboratory.laboratory import Laboratory
from tui.laboratory.learning import Lesson

COURSE = Course.load()
COUNT = len(COURSE.tasks)
PLACE = {task.id: place for place, task in enumerate(COURSE.tasks)}


def lesson_on(course: Course = COURSE, progress: Progress | None = None) -> Lesson:
    setup = course.tasks[0].setup
    return Lesson(course, Laboratory(setup.ground, setup.settings, setup.limits, setup.start), progress)


def again(lesson: Lesson) -> Lesson:
    """The same learner, after an end."""
    return lesson_on(lesson.course, Progress.from_text(lesson.progress.to_text(), "ada.json"))


@pytest.fixture
def lesson() -> Lesson:
    return lesson_on()


def test_a_lesson_begins_at_the_first_task(lesson: Lesson) -> None:
    panel = lesson.panel
    assert (panel.place, panel.title, panel.done) == (f"1 of {COUNT}", "One step downhill", False)
    assert panel.pending
    assert panel.goal == (("one step is made", False),)
    assert panel.tally == f"0 of {COUNT} done"
    assert panel.headline == f"1 of {COUNT}  One step downhill: waits for an answer"
    lesson.answer("0.8")
    assert lesson.panel.headline == f"1 of {COUNT}  One step downhill: 0 of 1 met"


def test_keys_wait_for_an_answer_and_only_those_it_is_about(lesson: Lesson) -> None:
    assert all(lesson.blocked(action).startswith("First an answer") for action in ("step", "run", "race"))
    assert not any(lesson.blocked(action) for action in ("back", "rate", "optimizer", "view", "", "quit"))
    lesson.answer("0.8")
    assert not lesson.blocked("step")


def steps_made(lesson: Lesson) -> int:
    return sum(branch.run.tip for branch in lesson.laboratory.walk.branches)


def test_every_command_of_the_screen_that_makes_a_step_waits() -> None:
    makes_steps = set()
    for command in (*WALKING, *COMPARING):
        for answered in (False, True):
            lesson = lesson_on()
            if answered:
                lesson.answer("0.8")
            if command.do is not None and not lesson.blocked(command.name):
                command.do(lesson.laboratory)
            if steps_made(lesson):
                makes_steps.add((command.name, answered))
    assert makes_steps >= {("step", True), ("ten_steps", True)}
    assert not [name for name, answered in makes_steps if not answered]


def test_every_command_in_words_that_makes_a_step_waits() -> None:
    makes_steps = set()
    for name in {name for command in COMMANDS for name in command.names}:
        for answered in (False, True):
            lesson = lesson_on()
            if answered:
                lesson.answer("0.8")
            list(LearningPlain.of(lesson).answer(name))
            if steps_made(lesson):
                makes_steps.add((name, answered))
    assert makes_steps >= {(name, True) for name in ("step", "n", "N", "run", "race", "a")}
    assert not [name for name, answered in makes_steps if not answered]


def test_an_answer_that_is_none_leaves_the_question_open(lesson: Lesson) -> None:
    for text in ("", "much", "nan", "inf", "1e999", "\x1b[2J"):
        with pytest.raises(ValueError, match="the answer is a number, not") as caught:
            lesson.answer(text)
        assert "\x1b" not in str(caught.value)
    assert lesson.pending


@pytest.mark.parametrize("text", ["2", "shorter", "SHORT", " shorter "])
def test_a_choice_is_its_number_or_its_words(lesson: Lesson, text: str) -> None:
    lesson.go(PLACE["shrinking-steps"])
    lesson.answer(text)
    assert lesson.panel.answer == "shorter"


@pytest.mark.parametrize("text", ["0", "4", "x", "", "99999999999999999999", "²"])
def test_what_is_no_choice_is_told_the_choices(lesson: Lesson, text: str) -> None:
    lesson.go(PLACE["shrinking-steps"])
    with pytest.raises(ValueError, match="2 for shorter"):
        lesson.answer(text)


def test_a_wrong_prediction_is_shown_beside_what_happened(lesson: Lesson) -> None:
    lesson.answer("-0.8068")
    lesson.laboratory.walk.step()
    assert lesson.update()
    assert lesson.panel.explanation[0] == "You said -0.8068; it is 0.8068."
    assert lesson.panel.explanation[1].startswith("The length is right and the direction is not")
    assert lesson.panel.tally == f"1 of {COUNT} done"


def test_a_task_is_just_done_once(lesson: Lesson) -> None:
    lesson.answer("0.8")
    assert not lesson.update()
    lesson.laboratory.walk.step()
    assert lesson.update()
    assert not lesson.update()
    # What is done later changes nothing of what is said.
    said = lesson.panel.explanation
    lesson.laboratory.walk.set_start(5.0, 0.0)
    lesson.laboratory.walk.step()
    assert (lesson.done, lesson.panel.explanation) == (True, said)


def test_an_answer_stands(lesson: Lesson) -> None:
    lesson.answer("5")
    assert "already" in lesson.answer("0.8068")
    assert lesson.panel.answer == "5"


def test_hints_come_one_at_a_time(lesson: Lesson) -> None:
    assert (lesson.panel.hints, lesson.panel.hints_left) == ((), 2)
    assert lesson.hint().startswith("Hint 1 of 2")
    assert lesson.panel.hints == COURSE.tasks[0].hints[:1]
    lesson.hint()
    assert lesson.hint() == "There are no more hints."
    assert again(lesson).panel.hints == COURSE.tasks[0].hints


def test_next_waits_for_the_goal_and_skip_does_not(lesson: Lesson) -> None:
    assert lesson.next() == "The question is not answered. skip leaves it."
    lesson.answer("0.8")
    assert lesson.next() == "Not yet: one step is made: it has 0 steps. skip leaves it."
    assert lesson.place == 0
    lesson.redo()
    lesson.skip()
    assert lesson.place == 1
    assert assess(COURSE, lesson.progress)[0].why_not == "Skipped."


def test_the_last_task_is_the_last(lesson: Lesson) -> None:
    lesson.go(len(COURSE.tasks) - 1)
    assert lesson.last
    assert "last task" in lesson.skip()
    assert lesson.place == len(COURSE.tasks) - 1


def test_a_task_that_was_left_is_found_as_it_was(lesson: Lesson) -> None:
    lesson.go(PLACE["largest-rate"])
    lesson.answer("0.0046")
    walk = lesson.laboratory.walk
    walk.set_learning_rate(0.002)
    walk.step(7)
    walk.back(3)
    walk.set_learning_rate(0.003)
    walk.step(2)
    before = lesson.laboratory.frame.state
    for other in (lesson, again(lesson)):
        other.go(0)
        other.go(PLACE["largest-rate"])
        assert other.laboratory.frame.state == before
        assert len(other.laboratory.walk.branches) == 2
        assert other.panel.answer == "0.0046"
        assert not other.pending


def test_an_end_in_the_middle_of_standardized_rows_loses_nothing(lesson: Lesson) -> None:
    lesson.go(PLACE["standardize"])
    lesson.answer("1")
    lesson.laboratory.walk.step(20)
    lesson.laboratory.toggle_scaling()
    lesson.laboratory.walk.step(3)
    after = again(lesson)
    assert after.laboratory.ground.scale is not None
    assert after.laboratory.walk.timeline.tip == 3
    after.laboratory.toggle_scaling()
    assert after.laboratory.walk.timeline.tip == 20
    after.laboratory.toggle_scaling()
    after.laboratory.walk.restart()
    after.laboratory.walk.set_learning_rate(0.5)
    after.laboratory.walk.step(3)
    assert after.update()


def test_redo_begins_again_and_what_is_done_stays_done(lesson: Lesson) -> None:
    lesson.answer("5")
    lesson.laboratory.walk.step()
    lesson.update()
    lesson.redo()
    assert (lesson.done, lesson.pending, lesson.laboratory.walk.timeline.tip) == (False, True, 0)
    assert lesson.panel.tally == f"1 of {COUNT} done"
    lesson.answer("0.8068")
    for other in (lesson, again(lesson)):
        (first, *_) = assess(COURSE, other.progress)
        # The first answer is the prediction.
        assert (first.done, first.right) == (True, False)
    assert lesson.next().startswith("Task 2")


def test_the_first_answer_agrees_with_its_attempt(lesson: Lesson) -> None:
    lesson.answer("5")
    document = json.loads(lesson.progress.to_text())
    (record,) = document["tasks"]
    assert (record["first"], record["answers"]) == (5.0, 1)
    for first in (0.8068, None):
        record["first"] = first
        with pytest.raises(ValueError, match='first answer to task "first-step" is not that of its attempt'):
            Progress.from_text(json.dumps(document), "ada.json")
    lesson.redo()
    lesson.answer("0.8068")
    assert assess(COURSE, again(lesson).progress)[0].right is False, "another answer is no other prediction"


def test_a_file_in_which_answers_are_not_counted_is_read(lesson: Lesson) -> None:
    lesson.answer("5")
    lesson.redo()
    lesson.answer("0.8068")
    document = json.loads(lesson.progress.to_text())
    del document["tasks"][0]["answers"]
    record = Progress.from_text(json.dumps(document), "ada.json").records["first-step"]
    assert (record.first, record.attempts[0].answer) == (5.0, 0.8068)


def test_one_that_led_nowhere_is_not_kept_for_ever(lesson: Lesson) -> None:
    for _ in range(5):
        lesson.answer("5")
        lesson.redo()
    assert len(lesson.progress.records["first-step"].attempts) <= 1


def test_a_learners_own_rows_are_handed_in_with_the_progress(lesson: Lesson, tmp_path: Path) -> None:
    own = tmp_path / "own.csv"
    own.write_text("x,y\n1,3\n2,5\n4,9.5\n")
    lesson.go(PLACE["own-data"])
    lesson.laboratory.open(load(own))
    lesson.laboratory.walk.set_learning_rate(0.05)
    lesson.laboratory.walk.step(40)
    assert lesson.update()
    text = lesson.progress.to_text()
    assert '"own.csv"' in text
    assert str(tmp_path) not in text, "whoever it is handed to learns nothing of the folders"
    own.unlink()
    progress = Progress.from_text(text, "ada.json")
    assert assess(COURSE, progress)[PLACE["own-data"]].done
    assert lesson_on(progress=progress).laboratory.walk.timeline.tip == 40
    document = json.loads(text)
    record = next(record for record in document["tasks"] if record["id"] == "own-data")
    record["attempts"][0]["rows"][0][1] = 3.5
    forged = assess(COURSE, Progress.from_text(json.dumps(document), "ada.json"))[PLACE["own-data"]]
    assert (forged.done, "not those of the session" in forged.why_not) == (False, True)


def test_a_copy_of_the_tasks_data_is_no_other_data(lesson: Lesson, tmp_path: Path) -> None:
    copy = tmp_path / "copy.txt"
    lesson.go(PLACE["own-data"])
    ground = lesson.task.setup.ground
    assert isinstance(ground, Dataset)
    copy.write_text(
        "x y\n" + "".join(f"{x!r} {y!r}\n" for x, y in zip(ground.x.tolist(), ground.y.tolist(), strict=True))
    )
    lesson.laboratory.open(load(copy))
    lesson.laboratory.walk.set_learning_rate(0.004)
    lesson.laboratory.walk.step(100)
    assert not lesson.update()
    assert "still those of the task" in lesson.missing
    assert "still those of the task" in assess(COURSE, lesson.progress)[PLACE["own-data"]].why_not
    assert lesson.progress.records["own-data"].attempts[0].rows is None
    assert "still those of the task" in again(lesson).missing


def test_the_address_of_a_database_is_not_handed_in(lesson: Lesson) -> None:
    lesson.go(PLACE["own-data"])
    cars = load("cars")
    origin = Origin(("postgresql://ada:secret@host/db", "/home/ada/more"), "people", "select * from people", "postgres")
    lesson.laboratory.open(replace(cars, path=None, origin=origin))
    lesson.laboratory.walk.step()
    text = lesson.progress.to_text()
    assert not any(word in text for word in ("secret", "host", "home", "select", "people"))
    assert again(lesson).laboratory.walk.timeline.tip == 1


@pytest.mark.parametrize("name", ["cars", "own.csv"])
def test_a_file_is_opened_again_whatever_its_name(name: str, lesson: Lesson, tmp_path: Path) -> None:
    own = tmp_path / name
    own.write_text("x,y\n1,3\n2,5\n4,9.5\n")
    lesson.go(PLACE["own-data"])
    lesson.laboratory.open(load(own))
    lesson.laboratory.walk.step(2)
    assert again(lesson).laboratory.walk.timeline.tip == 2


def test_a_sample_of_data_elsewhere_is_not_handed_in_as_the_data() -> None:
    rows = load("cars")
    assert own_rows(rows) is not None
    sample = replace(rows, measured=Measured(rows.moments, 0.0))
    assert own_rows(sample) is None


def test_other_data_are_no_way_round_a_task(lesson: Lesson) -> None:
    lesson.go(PLACE["stop-in-time"])
    lesson.answer("20")
    lesson.laboratory.open(load("cars"))
    lesson.laboratory.walk.step(20)
    assert not lesson.update()
    assert "not on pizza.txt any more" in lesson.missing


def test_another_loss_is_no_way_round_either(lesson: Lesson) -> None:
    lesson.go(PLACE["stop-in-time"])
    lesson.answer("20")
    lesson.laboratory.set_loss("absolute")
    lesson.laboratory.walk.step(20)
    assert not lesson.update()
    assert lesson.missing == "The task is about the loss squared; redo begins it again."


def test_runs_that_are_too_long_are_no_way_round_either(lesson: Lesson) -> None:
    lesson.go(PLACE["long-valley"])
    lesson.answer("4")
    lesson.laboratory.walk.set_iterations(200_000)
    lesson.laboratory.walk.set_learning_rate(1e-6)
    lesson.laboratory.walk.step(100_001)
    assert lesson.missing.startswith("The runs are too long")


def test_progress_of_another_course_is_refused() -> None:
    with pytest.raises(ValueError, match="another course"):
        lesson_on(progress=Progress("other", "Other", "0", "x"))


def test_an_answer_to_a_question_that_is_another_one_now_is_asked_for_again(lesson: Lesson) -> None:
    lesson.answer("5")
    lesson.laboratory.walk.step()
    document = json.loads(lesson.progress.to_text())
    document["tasks"][0]["first"] = document["tasks"][0]["attempts"][0]["answer"] = "a word"
    other = lesson_on(progress=Progress.from_text(json.dumps(document), "x"))
    assert (other.pending, other.done) == (True, False)
    assert assess(COURSE, other.progress)[0].right is None


def test_tasks_that_the_course_has_no_longer_do_no_harm(lesson: Lesson) -> None:
    lesson.answer("5")
    document = json.loads(lesson.progress.to_text())
    document["task"] = document["tasks"][0]["id"] = "gone"
    other = lesson_on(progress=Progress.from_text(json.dumps(document), "x"))
    assert (other.place, other.pending) == (0, True)


# In words


def talk(lines: str, lesson: Lesson) -> list[str]:
    plain = LearningPlain.of(lesson)
    return [sentence for line in lines.splitlines() for sentence in plain.answer(line)]


def test_the_whole_course_is_walked_in_words(lesson: Lesson) -> None:
    lines = "\n".join("\n".join(command for _, command in task.solution) + "\nnext" for task in COURSE.tasks)
    # Steps one by one would be told one by one.
    said = talk(lines.replace("step ", "run "), lesson)
    assert lesson.panel.tally == f"{COUNT} of {COUNT} done"
    assert sum(sentence.endswith("is done.") and sentence.startswith("Task ") for sentence in said) == COUNT
    assert counted(assess(COURSE, lesson.progress)) == (COUNT, COUNT - 1, COUNT - 1)


def test_commands_of_the_course_are_told_apart_from_those_of_the_plain_mode(lesson: Lesson) -> None:
    assert talk("step", lesson)[0].startswith("First an answer")
    assert talk("hint", lesson)[0].startswith("Hint 1 of 2")
    assert talk("task 3", lesson)[0].startswith(f"Task 3 of {COUNT}")
    assert talk("task 0\ntask 99\ntask x\nhint 3", lesson) == [
        f'there are tasks from 1 to {COUNT}, not "0"',
        f'there are tasks from 1 to {COUNT}, not "99"',
        f'there are tasks from 1 to {COUNT}, not "x"',
        'nothing can follow here, not "3"',
    ]
    assert len(talk("tasks", lesson)) == COUNT
    assert any(sentence.startswith("answer X") for sentence in talk("help", lesson))
    assert talk("help answer", lesson) == ["answer X: answer the question of the task."]
    assert "did you mean" in talk("stpe", lesson)[0]


def test_an_empty_line_does_not_go_round_the_question(lesson: Lesson) -> None:
    plain = LearningPlain.of(lesson)
    for line in ("answer 0.8068", "step", "next", ""):
        said = list(plain.answer(line))
    assert said[0].startswith("First an answer")
    assert lesson.laboratory.walk.timeline.tip == 0


def test_the_course_begins_from_the_plain_mode_and_leaves_its_run_alone(lesson: Lesson) -> None:
    laboratory = Laboratory(load("cars"), Settings(0.001), Limits(50))
    written: list[Progress] = []

    def keep(progress: Progress) -> str:
        written.append(progress)
        return ""

    plain = LearningPlain(laboratory, None, lambda: (lesson, keep, "Set aside."))
    said = [list(plain.answer(line)) for line in ("step 3", "hint", "step", "answer 0.8", "step")]
    assert len(said[0]) == 3
    assert said[1][0] == "Set aside."
    assert said[1][1].startswith("Your own run waits")
    assert said[1][2].startswith(f"Task 1 of {COUNT}")
    assert said[2][0].startswith("First an answer")
    assert said[4][1] == f"Task 1 of {COUNT} is done."
    assert (laboratory.walk.timeline.tip, lesson.laboratory.walk.timeline.tip) == (3, 1)
    assert next(iter(plain.answer("own"))).startswith("This is your own run, at step 3")
    assert len(written) == 4


def test_a_course_that_cannot_be_had_is_said_and_the_plain_mode_goes_on(lesson: Lesson) -> None:
    def begin() -> Opened:
        raise ValueError("no course")

    plain = LearningPlain(lesson.laboratory, None, begin)
    assert list(plain.answer("task")) == ["no course"]
    assert len(list(plain.answer("step"))) == 1


# Kept


def test_progress_survives(tmp_path: Path, lesson: Lesson) -> None:
    keeper = Keeper(tmp_path / "a" / "b.json")
    lesson.answer("5")
    assert keeper.keep(lesson.progress) == ""
    progress, remark = kept(keeper.path, COURSE, own=True)
    assert (remark, progress is not None) == ("", True)
    assert lesson_on(progress=progress).panel.answer == "5"


def test_progress_that_cannot_be_kept_is_told_once(tmp_path: Path, lesson: Lesson) -> None:
    (tmp_path / "a").write_text("in the way")
    keeper = Keeper(tmp_path / "a" / "b.json")
    lesson.answer("5")
    assert keeper.keep(lesson.progress).startswith("The progress cannot be kept")
    assert keeper.keep(lesson.progress) == ""
    (tmp_path / "a").unlink()
    assert keeper.keep(lesson.progress) == ""
    assert keeper.path.exists()


def test_a_course_opens_in_the_laboratory_there_is_and_what_was_there_is_left_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GDLAB_STATE_DIR", str(tmp_path))
    laboratory = Laboratory(load("cars"), Settings(0.001), Limits(50))
    laboratory.walk.step(3)
    left: list[int] = []
    laboratory.leaving = lambda: left.append(laboratory.walk.timeline.tip)
    lesson, keeper, remark = open_lesson(laboratory=laboratory)
    assert (lesson.laboratory is laboratory, remark, left[0]) == (True, "", 3)
    assert keeper.path == tmp_path / "courses" / "first-descent.json"
    assert laboratory.ground.rows.name == "pizza.txt"


def test_damaged_progress_is_set_aside_and_not_lost(tmp_path: Path) -> None:
    path = tmp_path / "c.json"
    path.write_text("{")
    progress, remark = kept(path, COURSE, own=True)
    assert progress is None
    assert "set aside" in remark
    assert (tmp_path / "c.json.damaged").read_text() == "{"
    path.write_text("{")
    with pytest.raises(ValueError, match="no progress in a course"):
        kept(path, COURSE, own=False)
    assert path.read_text() == "{"


def run(*words: str, stdin: str = "", state: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "GDLAB_STATE_DIR": str(state)}
    return subprocess.run(
        [str(GDLAB), *words], input=stdin, env=environment, capture_output=True, text=True, check=False
    )


def test_a_course_goes_on_where_it_was_left(tmp_path: Path) -> None:
    first = run("learn", "--plain", stdin="answer 0.8068\nstep\nnext\nanswer 2\nstep 2\n", state=tmp_path)
    assert (first.returncode, first.stderr) == (0, "")
    assert (tmp_path / "courses" / "first-descent.json").exists()
    second = run("learn", "--plain", stdin="step 3\n", state=tmp_path)
    assert "You answered shorter." in second.stdout
    assert f"Task 2 of {COUNT} is done." in second.stdout


def test_learn_refuses_in_a_sentence(tmp_path: Path) -> None:
    bad = tmp_path / "bad.toml"
    bad.write_text('id = "a"\ntitle = 3\n')
    for words, said in (
        (("no-such.toml",), "cannot be read"),
        ((str(bad),), "bad.toml, line 2: title of the course must be a text"),
        ((str(tmp_path),), "is no file"),
        (("--progress", str(bad)), "no progress in a course"),
    ):
        answer = run("learn", "--plain", *words, state=tmp_path)
        assert (answer.returncode, answer.stdout) == (2, "")
        assert said in answer.stderr
        assert answer.stderr.count("\n") == 1


def test_the_doctest_of_a_laboratory_needs_no_screen() -> None:
    # A task begins anew in whatever laboratory there is.
    lesson = Lesson(COURSE, Laboratory(load("cars"), Settings(0.5), Limits(3)))
    assert lesson.laboratory.ground.rows.name == "pizza.txt"


# A right answer is asked for


ASKED = """\
id = "asked"
title = "Asked"
[[task]]
id = "one"
title = "One"
text = "Say where one step leads, and make it."
solution = ["answer 3", "step"]
[task.question]
ask = "How many?"
answer = 3
tolerance = 0
wrong = "Not so, it is {actual}."
[[task.question.mistake]]
from = 5
say = "{answer} is too many; w is {w}."
[[task.goal]]
check = "steps"
least = 1
[[task.goal]]
check = "answered"
"""


def asked(text: str = ASKED) -> Lesson:
    return lesson_on(Course.read(text.encode(), "asked.toml"))


def test_the_sentence_on_a_mistake_comes_once_only_a_right_answer_is_missing() -> None:
    lesson = asked()
    said = talk("answer 7", lesson)
    assert not any("too many" in sentence for sentence in said)
    said = talk("step", lesson)
    told = [
        "You said 7; that is not it.",
        "7 is too many; w is 0.8068.",
        "redo begins the task again and asks anew.",
    ]
    assert said[-3:] == told
    for one in (lesson, again(lesson)):
        assert (one.done, list(one.panel.explanation)) == (False, told)
        assert list(one.panel.sentences())[-3:] == told
    assert (
        lesson.next()
        == "Not yet: the answer is right: 7 was answered, and that is not it; redo asks again. skip leaves it."
    )
    assert told[0] not in talk("step", lesson), "it is said once"
    talk("redo\nanswer 3\nstep", lesson)
    assert lesson.done
    assert assess(lesson.course, lesson.progress)[0].right is False


def test_the_right_answer_is_not_told_while_it_is_asked_for() -> None:
    lesson = asked()
    said = talk("answer 2\nstep", lesson)
    assert said[-2:] == ["You said 2; that is not it.", "redo begins the task again and asks anew."]


def test_a_wrong_answer_that_may_be_changed_is_told_at_once() -> None:
    lesson = asked(ASKED.replace("tolerance = 0", "tolerance = 0\nbefore = []"))
    said = talk("step\nanswer 7", lesson)
    assert said[-3:-1] == ["You said 7; that is not it.", "7 is too many; w is 0.8068."]
    assert said[-1] == "Answer again."
    assert "answer again" in lesson.next()
    talk("answer 3", lesson)
    assert lesson.done
