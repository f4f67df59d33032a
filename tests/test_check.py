"""`gdlab check`: a course proved, what was handed in replayed, as text, CSV and JSON; and its exit codes."""

from __future__ import annotations

import csv
import io
import json
import random
from pathlib import Path
from typing import Any

import pytest

from gdcore.course.course import Course
from gdcore.descent.batches import Order
from tests.test_course import COURSE as TOML
from tests.test_learning import COUNT, COURSE, lesson_on, talk
from tui.headless.check import TOGETHER, check, prove, report_on

QUESTION = TOML[TOML.index("[task.question]") : TOML.index("[[task.goal]]")]
Captured = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def solved() -> str:
    """What somebody hands in who has done everything."""
    lesson = lesson_on()
    for task in COURSE.tasks:
        talk("\n".join(command.replace("step ", "run ") for _, command in task.solution) + "\nnext", lesson)
    return lesson.progress.to_text()


@pytest.fixture(scope="module")
def begun() -> str:
    """What somebody hands in who has done the first task, with a wrong prediction, and half of the second."""
    lesson = lesson_on()
    talk("answer 806\nstep\nnext\nanswer 2\nstep 3", lesson)
    return lesson.progress.to_text()


def hand_in(folder: Path, **texts: str) -> list[str]:
    for name, text in texts.items():
        (folder / f"{name}.json").write_text(text)
    return [str(folder / f"{name}.json") for name in texts]


# Courses


def test_the_course_that_ships_is_proved(capsys: Captured) -> None:
    assert check(None, []) == 0
    assert f"{COUNT} of {COUNT} tasks can be solved" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("old", "new", "line", "said"),
    [
        (
            'solution = ["answer 1", "step"]',
            'solution = ["answer 1"]',
            14,
            "does not solve it. Not yet: at least one step",
        ),
        ('solution = ["answer 1", "step"]', 'solution = ["step"]', 14, "cannot be done: First an answer"),
        ('solution = ["answer 1", "step"]', 'solution = [\n"answer 1",\n"fly"]', 16, 'no command "fly"'),
        ('solution = ["answer 1", "step"]', 'solution = ["open /etc/passwd"]', 14, "data that ship"),
        ('solution = ["answer 1", "step"]', 'solution = ["answer 1", "open ../x"]', 14, "data that ship"),
        ('solution = ["answer 1", "step"]', 'solution = ["answer 1", "steps 1000000000", "run"]', 14, "100,000 steps"),
        ('solution = ["answer 1", "step"]', 'solution = ["answer 1", "rate -1"]', 14, "positive number"),
        ('solution = ["answer 1", "step"]', 'solution = ["answer many"]', 14, "is a number"),
        (QUESTION, "", 14, "no question to answer"),
        ('check = "steps"\nleast = 1', 'check = "loss"\nbelow = 1e9', 8, "solved at its start"),
        ('check = "steps"\nleast = 1', 'check = "answered"', 14, ""),
    ],
)
def test_a_task_that_cannot_be_solved_is_told_where(  # noqa: PLR0917
    old: str, new: str, line: int, said: str, tmp_path: Path, capsys: Captured
) -> None:
    path = tmp_path / "walk.toml"
    assert TOML.count(old) == 1
    path.write_text(TOML.replace(old, new))
    code = check(str(path), [])
    out = capsys.readouterr().out
    if said:
        assert code == 1
        assert f"walk.toml, line {line}: task one: " in out
        assert said in out
    else:
        assert code == 0
    assert out.endswith("1 task can be solved as their solutions say.\n")


def test_the_proof_of_a_course_in_other_forms(tmp_path: Path, capsys: Captured) -> None:
    path = tmp_path / "walk.toml"
    path.write_text(TOML.replace('"answer 1", "step"', '"answer 1"'))
    assert check(str(path), [], "json") == 1
    (task,) = json.loads(capsys.readouterr().out)["tasks"]
    assert (task["task"], task["solvable"], task["line"]) == ("one", False, 14)
    assert check(str(path), [], "csv") == 1
    (row,) = csv.DictReader(io.StringIO(capsys.readouterr().out))
    assert (row["task"], row["solvable"]) == ("one", "no")


def test_a_solution_never_opens_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    course = Course.read(TOML.replace('"step"]', '"o secret.csv"]').encode(), "walk.toml")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "secret.csv").write_text("x,y\n1,2\n2,3\n")
    assert "data that ship" in prove(course, course.tasks[0])[1]


def test_a_course_that_is_none_ends_with_a_sentence(tmp_path: Path, capsys: Captured) -> None:
    path = tmp_path / "walk.toml"
    path.write_text(TOML.replace("rate = 0.01", "rate = 0"))
    assert check(str(path), []) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err == (
        'gdlab check: walk.toml, line 18: rate of the setup of task "one" must be a positive number, not 0\n'
    )
    assert check(str(tmp_path / "none.toml"), []) == 2
    assert "cannot be read" in capsys.readouterr().err


def test_a_forgotten_course_is_asked_for(tmp_path: Path, begun: str, capsys: Captured) -> None:
    (path,) = hand_in(tmp_path, ada=begun)
    long = Path(path).with_name("long.json")
    long.write_text(begun.replace("\n", " "))  # a line longer than a course may have
    for file in (path, str(long)):
        assert check(file, []) == 2
        said = capsys.readouterr().err
        assert "is no course" in said
        assert "name the course before what was handed in" in said
        assert "break it" not in said


# What was handed in


def test_a_table_of_learners(tmp_path: Path, solved: str, begun: str, capsys: Captured) -> None:
    files = hand_in(tmp_path, ada=solved, bo=begun)
    assert check(None, files[:1]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "learner   tasks done  predictions right",
        f"ada.json  {COUNT} of {COUNT}    {COUNT - 1} of {COUNT - 1}",
    ]
    assert check(None, files) == 1
    out = capsys.readouterr().out.splitlines()
    assert out[2] == f"bo.json   1 of {COUNT}     1 of {COUNT - 1}"
    assert out[3].split(maxsplit=1) == ["shrinking-steps", "Not yet: at least 5 steps are made: it has 3 steps."]
    assert out[4].split(maxsplit=1) == ["half-and-twice", "Not begun."]
    assert len(out) == 3 + COUNT - 1


def test_what_is_handed_in_opens_no_other_file(tmp_path: Path, begun: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def opened(*_: object) -> None:
        raise AssertionError("an order of rows was read")

    monkeypatch.setattr(Order, "load", opened)
    document = json.loads(begun)
    secret = {"path": str(tmp_path / "secret.txt"), "rows": 30, "checksum": 1}
    document["tasks"][0]["attempts"][0]["walks"][0]["orders"] = [secret]
    (file,) = hand_in(tmp_path, eve=json.dumps(document))
    assert report_on(COURSE, file).fault.endswith("has an order of rows from a file, which no run of a course has")


def test_files_with_the_very_same_steps_are_remarked_on(
    tmp_path: Path, solved: str, begun: str, capsys: Captured
) -> None:
    files = hand_in(tmp_path, ada=solved, bo=begun, cy=solved, di=begun)
    reports = [report["remark"] for report in learners(files, capsys)]
    assert reports[2].startswith("Step for step the same as")
    assert reports[2].endswith('ada.json".')
    assert [reports[0], reports[1], reports[3]] == ["", "", ""], "one task is soon done alike"
    check(None, files[:3], "csv")
    assert "Step for step" in capsys.readouterr().out.splitlines()[-1]
    first = json.loads(solved)
    first["tasks"][0]["attempts"][0]["answer"] = 1.5
    assert [report["remark"] for report in learners(hand_in(tmp_path, ada=solved, ed=json.dumps(first)), capsys)] == [
        "",
        "",
    ]


def learners(files: list[str], capsys: Captured) -> Any:
    check(None, files, "json")
    return json.loads(capsys.readouterr().out)["learners"]


def test_learners_are_told_apart_where_their_files_have_one_name(
    tmp_path: Path, solved: str, begun: str, capsys: Captured
) -> None:
    files = []
    for name, text in (("ada/a", solved), ("bo/a", begun), ("cy", begun)):
        (tmp_path / name).mkdir(parents=True)
        files.append(tmp_path / name / "course.json")
        files[-1].write_text(text)
    check(None, list(map(str, files)))
    out = capsys.readouterr().out.splitlines()
    shown = [line.partition("  ")[0] for line in out[1:] if not line.startswith(" ")]
    assert shown == [str(Path(name) / "course.json") for name in ("ada/a", "bo/a", "cy")]
    check(None, list(map(str, files)), "csv")
    assert {row["learner"] for row in csv.DictReader(io.StringIO(capsys.readouterr().out))} == set(map(str, files))


def test_a_file_given_twice_is_named_by_its_path(tmp_path: Path, begun: str, capsys: Captured) -> None:
    (path,) = hand_in(tmp_path, ada=begun)
    check(None, [path, path, "./none.json"])
    names = [line.split()[0] for line in capsys.readouterr().out.splitlines() if not line.startswith(" ")]
    assert names == ["learner", "ada.json", "ada.json", "none.json"]


def test_the_same_as_csv_and_json(tmp_path: Path, solved: str, begun: str, capsys: Captured) -> None:
    files = hand_in(tmp_path, ada=solved, bo=begun)
    assert check(None, files, "csv") == 1
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert len(rows) == 2 * COUNT
    assert all(row["done"] == "yes" for row in rows[:COUNT])
    assert (rows[COUNT]["done"], rows[COUNT]["prediction"]) == ("yes", "wrong")
    assert (rows[COUNT + 1]["done"], rows[COUNT + 1]["prediction"], rows[COUNT + 1]["why_not"][:19]) == (
        "no",
        "right",
        "Not yet: at least 5",
    )
    assert check(None, files, "json") == 1
    ada, bo = json.loads(capsys.readouterr().out)["learners"]
    assert (ada["tasks_done"], ada["predictions_right"]) == (COUNT, COUNT - 1)
    assert (bo["tasks_done"], bo["tasks"][0]["prediction_right"]) == (1, False)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "no progress in a course"),
        (b"\xff\xfe\0", "no progress in a course"),
        (b"[" * 100_000, "no progress in a course"),
        (b"{}", "no progress in a course"),
        (b'{"gdlab session": 1}', "a session without a course"),
        (b'{"gdlab progress": 2}', "another version"),
        (b'{"gdlab progress": 1}', 'lacks "course"'),
        (b'{"gdlab progress": NaN}', "no progress in a course"),
        (b'{"gdlab progress": 1e999}', "a whole number"),
        (
            b'{"gdlab progress": 1, "course": "other", "title": "t", "checksum": "c", "task": "t", "tasks": []}',
            'in the course "other", not in "first-descent"',
        ),
        (
            rb'{"gdlab progress": 1, "course": "\u001b[2J", "title": "t", "checksum": "c", "task": "t", "tasks": []}',
            r"\x1b",
        ),
    ],
)
def test_a_file_that_is_none(content: bytes, said: str, tmp_path: Path, capsys: Captured) -> None:
    path = tmp_path / "x.json"
    path.write_bytes(content)
    assert check(None, [str(path)]) == 2
    out, err = capsys.readouterr()
    assert said in err
    assert err.count("\n") == 1
    assert "\x1b" not in out + err
    assert "no file of this course" in out


def test_files_that_are_not_there(tmp_path: Path, capsys: Captured, solved: str) -> None:
    files = hand_in(tmp_path, ada=solved)
    assert check(None, [str(tmp_path / "none.json"), str(tmp_path), *files]) == 2
    out, err = capsys.readouterr()
    assert "cannot be read" in err
    assert "is no file" in err
    assert f"{COUNT} of {COUNT}" in out


def test_a_name_is_no_formula_for_a_spreadsheet(tmp_path: Path, capsys: Captured, monkeypatch: Any) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "=cmd()").write_text("{}")
    check(None, ["=cmd()"], "csv")
    assert next(csv.DictReader(io.StringIO(capsys.readouterr().out)))["learner"] == "'=cmd()"


def test_a_course_that_was_changed_since_is_remarked(tmp_path: Path, begun: str, capsys: Captured) -> None:
    document = json.loads(begun)
    document["checksum"] = "00000000"
    check(None, hand_in(tmp_path, ada=json.dumps(document)))
    assert "changed since" in capsys.readouterr().out


def test_many_files_are_shared_between_processes_and_come_in_order(
    tmp_path: Path, begun: str, solved: str, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    monkeypatch.setattr("tui.headless.check._cores", lambda: 2)
    texts = {f"s{n:03}": begun if n % 3 else solved for n in range(TOGETHER + 3)}
    texts["s010"] = "{}"
    assert check(None, hand_in(tmp_path, **texts), "json") == 2
    learners = json.loads(capsys.readouterr().out)["learners"]
    assert [Path(learner["learner"]).stem for learner in learners] == list(texts)
    assert [learner["tasks_done"] for learner in learners] == [
        0 if n == 10 else 1 if n % 3 else COUNT for n in range(TOGETHER + 3)
    ]


def test_no_mutation_of_a_file_raises_or_is_worth_more(tmp_path: Path, begun: str) -> None:
    path = tmp_path / "x.json"
    chance = random.Random(3)
    for _ in range(300):
        text = bytearray(begun.encode())
        for _ in range(chance.randint(1, 3)):
            place = chance.randrange(len(text))
            text[place : place + chance.randint(0, 5)] = chance.choice(
                [b"", b"9", b"-", b"null", b"1e308", b'"', b"[", b"}", b"true", b"\x1b", bytes([chance.randrange(256)])]
            )
        path.write_bytes(bytes(text))
        report = report_on(COURSE, str(path))
        assert report.fault or len(report.rows) == COUNT
        assert "\x1b" not in report.fault + "".join(row.why_not for row in report.rows)
        # The second task lacks two steps: a tip that says 5 is a run of 5 steps, and may be done.
        assert report.done <= 2


def test_a_claim_to_have_walked_for_ever_is_not_replayed(tmp_path: Path, begun: str) -> None:
    document = json.loads(begun)
    branch = document["tasks"][1]["attempts"][0]["walks"][0]["branches"][0]
    branch["tip"] = branch["cursor"] = 10**7
    (path,) = hand_in(tmp_path, ada=json.dumps(document))
    assert report_on(COURSE, path).rows[1].why_not.startswith("The runs are too long to be checked")
    branch["tip"] = branch["cursor"] = 10**9
    (path,) = hand_in(tmp_path, ada=json.dumps(document))
    assert "1,000,000,000 iterations" in report_on(COURSE, path).fault
