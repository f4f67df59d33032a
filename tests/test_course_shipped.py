"""The course that ships: each task with its solution, with typical wrong ways, and with a session that was tampered
with."""

from __future__ import annotations

import copy
import json
import re
from typing import Any, NamedTuple

import pytest

from gdcore.course.course import Course
from gdcore.course.progress import Progress, Result, assess
from gdcore.course.task import Task
from gdcore.landscapes.bowl import MeanSquaredError
from gdcore.rows.dataset import load
from tui.headless.check import prove
from tui.headless.learn import LearningPlain
from tui.laboratory.laboratory import Laboratory
from tui.laboratory.learning import Lesson

COURSE = Course.load()
IDS = [task.id for task in COURSE.tasks]


def lesson_at(name: str) -> tuple[Lesson, LearningPlain]:
    setup = COURSE.tasks[0].setup
    lesson = Lesson(COURSE, Laboratory(setup.ground, setup.settings, setup.limits, setup.start))
    lesson.go(IDS.index(name))
    return lesson, LearningPlain.of(lesson)


def walked(name: str, *lines: str) -> tuple[Lesson, list[str]]:
    """What is said on these lines, in the task."""
    lesson, plain = lesson_at(name)
    return lesson, [sentence for line in lines for sentence in plain.answer(line)]


def handed_in(lesson: Lesson) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(lesson.progress.to_text())
    return document


def result(document: dict[str, Any], name: str) -> Result:
    progress = Progress.from_text(json.dumps(document), "ada.json")
    return assess(COURSE, progress)[IDS.index(name)]


def task(name: str) -> Task:
    return COURSE.tasks[IDS.index(name)]


def commands(name: str) -> list[str]:
    return [command for _, command in task(name).solution]


class Ways(NamedTuple):
    """How a task goes wrong: three lists of lines, with a part of what is then said to be missing."""

    first: tuple[list[str], str]
    second: tuple[list[str], str]
    third: tuple[list[str], str]


WRONG = {
    "first-step": Ways(
        (["step"], "not answered"),
        (["answer 0.8068"], "one step is made"),
        (["answer 0.8068", "step 0", "back"], "one step is made"),
    ),
    "shrinking-steps": Ways(
        (["answer shorter", "step 4"], "it has 4 steps"),
        (["answer shorter", "rate 0.002", "step 5"], "is 0.001"),
        (["answer shorter", "step 2", "rate 0.0005", "step 3"], "from 0.0005 to 0.001"),
    ),
    "half-and-twice": Ways(
        (["answer 1.6136", "rate half", "step 5"], "0.002"),
        (["answer 1.6136", "rate half", "step 2", "rate 0.002", "step 5"], "0.0005"),
        (["answer 1.6136", "rate 0.0005", "step 5", "restart", "rate 0.002", "step 4"], "4 steps"),
    ),
    "largest-rate": Ways(
        (["answer 0.00457", "rate 0.002", "run 100"], "at least 0.0043"),
        (["answer 0.00457", "rate 0.005", "run 100"], "below 0.01"),
        (["answer 0.00457", "rate 0.0044", "step 3", "rate 0.002", "run 50"], "at least 0.0043"),
    ),
    "four-ways": Ways(
        (["answer overshoot", "step 20"], "crawl"),
        (["answer overshoot", "rate 0.0001", "step 3", "rate 0.001", "step 3", "rate 0.003", "step 3"], "climb"),
        (["answer overshoot", "rate 0.003", "step 2", "rate 0.005", "step 5", "rate 0.0001", "step 5"], "glide"),
    ),
    "out-of-divergence": Ways(
        (["answer it rises", "step 9"], "below 70"),
        (["answer it rises", "rate 0.002", "step 20"], "has not risen"),
        (["answer it rises", "step 2", "retreat", "step 20"], "has not risen 3 steps"),
    ),
    "long-valley": Ways(
        (["answer 4", "run 1000"], "below 0.05"),
        (["answer 4", "method momentum", "run 2000"], "gradient descent"),
        (["answer 4", "bias off", "run 100"], "w and b trained"),
    ),
    "standardize": Ways(
        (["answer 1", "scale", "rate 0.5", "step 5"], "as they are"),
        (["answer 1", "run 20", "scale", "run 10"], "below 0.01"),
        (["answer 1", "run 12000"], "standardized"),
    ),
    "stop-in-time": Ways(
        (["answer 20", "step 18"], "below 0.01"),
        (["answer 20", "run 100"], "it has 100 steps"),
        (["answer 20", "rate 0.002", "step 12"], "is 0.001"),
    ),
    "momentum": Ways(
        (["answer 3", "run 2000"], "momentum"),
        (["answer 3", "step 10", "method momentum", "run 1500"], "1,500 of 1,510 steps"),
        (["answer 3", "method momentum", "rate 0.0001", "run 20000"], "2,000 steps are allowed"),
    ),
    "adam": Ways(
        (["answer 0.5", "run 80"], "Adam"),
        (["answer 0.5", "method adam", "rate 0.1", "run 100"], "below 0.1"),
        (["answer 0.5", "method adam", "start 1.8 0", "run 50"], "Adam"),
    ),
    "own-data": Ways(
        (["run 50"], "still those of the task"),
        (["open cars", "rate 0.01", "run 50"], "critical"),
        (["open cars", "rate 0.0001", "run 3"], "below 1 %"),
    ),
    "two-valleys": Ways(
        (["answer 1", "run 80"], "deeper"),
        (["answer 1", "rate 0.5", "run 80"], "shallow"),
        (["answer 1", "rate 0.35", "run 80", "restart", "rate 0.2", "run 80"], "deeper"),
    ),
    "cliff": Ways(
        (["answer 2", "run 50"], "longer than 0.5"),
        (["answer 2", "rate 0.1", "run 200"], "farther than 2"),
        (["answer 2", "step 5", "restart", "rate 0.1", "run 50"], "below 0.1"),
    ),
    "chance": Ways(
        (["answer 2", "run 300"], "falling"),
        (["answer 2", "schedule exponential:0.98", "run 300"], "schedule constant"),
        (["answer 2", "run 200", "restart", "schedule exponential:0.999", "run 100"], "0.05"),
    ),
    "kink": Ways(
        (["answer 0.2", "run 600"], "0.2"),
        (["answer 0.2", "rate 0.01", "run 4"], "at least 15"),
        (["answer 0.2", "rate 0.25", "run 40"], "jump over"),
    ),
}


def test_every_task_has_three_wrong_ways() -> None:
    assert set(IDS) <= set(WRONG)


@pytest.mark.parametrize("name", IDS)
def test_a_task_is_solved_by_its_solution_and_not_before(name: str) -> None:
    assert prove(COURSE, task(name))[1] == ""


@pytest.mark.parametrize("way", [0, 1, 2])
@pytest.mark.parametrize("name", IDS)
def test_a_wrong_way_is_told_what_is_missing(name: str, way: int) -> None:
    lines, said = WRONG[name][way]
    lesson, _ = walked(name, *lines)
    assert not lesson.done
    found = result(handed_in(lesson), name)
    assert not found.done
    missing = " ".join(found.verdict.missing) if found.verdict else found.why_not
    assert missing == "Not begun." or said.lower() in missing.lower()
    assert (missing == "Not begun.") == (lesson.laboratory.walk.timeline.tip == 0 and lesson.pending)


@pytest.mark.parametrize("name", IDS)
def test_the_explanation_has_the_learners_numbers_and_no_braces(name: str) -> None:
    lesson, said = walked(name, *commands(name))
    assert lesson.done
    explanation = " ".join(lesson.panel.explanation)
    assert explanation in " ".join(said)
    assert not re.search(r"[{}]|nan|unknown|nothing\b.*\bsaid", explanation), explanation


@pytest.mark.parametrize("name", [each.id for each in COURSE.tasks if each.question])
def test_the_keys_wait_for_the_answer(name: str) -> None:
    lesson, said = walked(name, "step", "run", "n")
    assert lesson.laboratory.walk.timeline.tip == 0
    assert all(sentence.startswith("First an answer") for sentence in said)
    question = task(name).question
    assert question is not None
    assert lesson.pending
    lesson.answer("1")
    assert not lesson.blocked("step")


@pytest.mark.parametrize("name", IDS)
def test_every_mistake_has_its_sentence(name: str) -> None:
    question = task(name).question
    if question is None:
        assert name == "own-data"
        return
    for mistake in question.mistakes:
        wrong = mistake.choice or repr(max(mistake.low, -1e9) / 2 + min(mistake.high, 1e9) / 2)
        assert not question.is_right(question.parse(wrong))
        lesson, _ = walked(name, *(f"answer {wrong}" if s.startswith("answer") else s for s in commands(name)))
        assert lesson.done
        assert any(mistake.say[:40] in sentence for sentence in lesson.panel.explanation)
        assert not result(handed_in(lesson), name).right


def _start(_: dict[str, Any], branch: dict[str, Any]) -> None:
    branch["start"] = {"w": 1.8436928702, "b": 0.0}


def _rows(session: dict[str, Any], _: dict[str, Any]) -> None:
    session |= {"terrain": "quartic"} if "terrain" in session else {"data": {**session["data"], "checksum": "00000000"}}


def _loss(session: dict[str, Any], _: dict[str, Any]) -> None:
    session |= {"scaled": True} if "terrain" in session else {"loss": "absolute"}


def _rate(_: dict[str, Any], branch: dict[str, Any]) -> None:
    branch["changes"][-1]["learning_rate"] *= 1.01


def _step(_: dict[str, Any], branch: dict[str, Any]) -> None:
    branch["tip"] += 1


def _no_steps(_: dict[str, Any], branch: dict[str, Any]) -> None:
    branch |= {"tip": 0, "cursor": 0, "changes": branch["changes"][:1]}


BRANCHES = {
    "another start": _start,
    "other rows": _rows,
    "another loss": _loss,
    "another rate": _rate,
    "one step more": _step,
    "a run with no steps": _no_steps,
}
ATTEMPTS: dict[str, dict[str, Any]] = {
    "the answer taken out": {"answer": None},
    "the answer given later": {"after": 3},
    "no footprints": {"footprints": []},
    "no walks": {"walks": [], "footprints": []},
}


def tampered(document: dict[str, Any], name: str) -> list[tuple[str, dict[str, Any]]]:
    """What somebody might do to a file, by hand."""
    copies = []
    for what in (*BRANCHES, *ATTEMPTS, "another footprint"):
        other = copy.deepcopy(document)
        attempt = next(record for record in other["tasks"] if record["id"] == name)["attempts"][0]
        for session in attempt["walks"] if what in BRANCHES else ():
            for branch in session["branches"]:
                BRANCHES[what](session, branch)
        attempt |= ATTEMPTS.get(what, {})
        if what == "another footprint":
            attempt["footprints"][0][0][1] += 0.001
        copies.append((what, other))
    return copies


@pytest.mark.parametrize("name", IDS)
def test_numbers_edited_in_a_file_do_not_help(name: str) -> None:
    lesson, _ = walked(name, *commands(name))
    document = handed_in(lesson)
    assert result(document, name).done
    for what, forged in tampered(document, name):
        found = result(forged, name)
        if task(name).question is None and what.startswith("the answer"):
            assert found.done
        elif what != "another start" or not task(name).any_start:
            assert (what, found.done) == (what, False)
            assert found.why_not.endswith(".")


def test_a_file_says_nowhere_that_a_task_is_done() -> None:
    lesson, _ = walked("first-step", *commands("first-step"))
    assert "done" not in lesson.progress.to_text()


def test_the_numbers_in_the_sentences_are_those_of_gdcore() -> None:
    pizza = load("pizza")
    bowl = MeanSquaredError.of(pizza.x, pizza.y)
    assert bowl.gradient(0.0, 0.0)[0] == pytest.approx(-806.8)
    assert bowl.gradient(-20.0, 0.0)[0] == pytest.approx(-9559, abs=0.5)
    assert bowl.curvature(False).lambda_max == pytest.approx(437.6)
    assert bowl.curvature(True).condition_number == pytest.approx(826, abs=0.5)
    assert pytest.approx(0.56, abs=0.005) == 1 - 0.001 * 437.6
    assert abs(1 - 0.005 * 437.6) == pytest.approx(1.19, abs=0.005)
    setups = {each.id: each.setup for each in COURSE.tasks}
    assert setups["first-step"].measured("w", 2) - setups["first-step"].measured("w", 1) == pytest.approx(
        0.4537, abs=5e-5
    )
    assert setups["first-step"].measured("w", 2) == pytest.approx(1.26, abs=0.005)
    assert setups["out-of-divergence"].measured("loss", 0) == pytest.approx(812.9, abs=0.05)
    assert setups["out-of-divergence"].measured("loss", 1) == pytest.approx(1118.8, abs=0.05)
    assert setups["long-valley"].measured("b", 100) == pytest.approx(0.78, abs=0.005)
    assert setups["two-valleys"].measured("gradient", 0) == pytest.approx(4.232)
    assert setups["stop-in-time"].measured("gradient", 12) == pytest.approx(-0.8, abs=0.05)


@pytest.mark.parametrize(
    ("name", "said", "steps"),
    [
        ("long-valley", "10,470", 10_470),
        ("momentum", "1,002", 1_002),
        ("stop-in-time", "step 20", 20),
        ("adam", "68 steps", 68),
        ("cliff", "0.450336", 0),
    ],
)
def test_the_steps_in_the_sentences_are_those_it_takes(name: str, said: str, steps: int) -> None:
    lesson, _ = walked(name, *commands(name))
    assert said in " ".join(lesson.panel.explanation)
    verdict = lesson._finished
    assert verdict is not None
    assert not steps or verdict.iteration == steps


def test_all_that_gdlab_carries_is_taught_somewhere() -> None:
    taught = " ".join(claim for each in COURSE.tasks for claim in each.teaches)
    for claim in (
        "against the gradient",
        "largest rate",
        "crawls, glides, overshoots or diverges",
        "w and b",
        "momentum",
        "Adam",
        "minimum, not the lowest",
    ):
        assert claim in taught
    assert all(each.teaches for each in COURSE.tasks)
    assert all(len(each.hints) == 2 for each in COURSE.tasks)
