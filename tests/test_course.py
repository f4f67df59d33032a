"""The course format: what a file may say, and the one sentence with its line for whatever it may not."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gdcore.course.checks import ALL_RUNS, ONE_RUN
from gdcore.course.course import MOST_TASKS, Course
from gdcore.course.explaining import PLACEHOLDERS
from gdcore.course.toml import LARGEST, CourseError, read_toml
from gdcore.descent.batches import Batch
from gdcore.descent.schedules import Cosine
from gdcore.inert import inert
from tui.headless.check import prove

DOCS = Path(__file__).parent.parent / "docs" / "courses.md"

COURSE = """\
id = "walk"
title = "A walk"

[data.own]
x = "hours"
rows = [[1, 2], [2, 4], [3, 5]]

[[task]]
id = "one"
title = "One step"
text = "Make a step."
why = "w is {w}."
hints = ["Press n."]
solution = ["answer 1", "step"]

[task.setup]
data = "own"
rate = 0.01
steps = 50

[task.question]
ask = "How many minima has it?"
answer = 1
tolerance = 0.1

[[task.question.mistake]]
from = 1.5
say = "A bowl has one."

[[task.goal]]
check = "steps"
least = 1
"""


def read(text: str) -> Course:
    return Course.read(text.encode(), "walk.toml")


def with_line(old: str, new: str) -> str:
    assert COURSE.count(old) == 1
    return COURSE.replace(old, new)


def refusal(text: str) -> str:
    with pytest.raises(CourseError) as caught:
        read(text)
    sentence = str(caught.value)
    assert "\n" not in sentence
    assert inert(sentence) == sentence
    return sentence


def test_a_course_is_what_its_file_says() -> None:
    course = read(COURSE)
    (task,) = course.tasks
    assert (course.id, course.title, task.id, task.hints) == ("walk", "A walk", "one", ("Press n.",))
    data = task.setup.data
    assert data is not None
    assert (data.x_name, data.y_name, data.x.tolist()) == ("hours", "y", [1, 2, 3])
    assert task.setup.settings.learning_rate == 0.01
    assert task.setup.limits.iterations == 50
    assert task.question is not None
    assert task.question.mistakes[0].say == "A bowl has one."
    assert task.solution == ((14, "answer 1"), (14, "step"))


def test_a_course_without_a_setup_begins_as_gdlab_does() -> None:
    setup = read(re.sub(r"\[task.setup\]\n(.*\n){3}", "", COURSE)).tasks[0].setup
    assert setup.data is not None
    assert (setup.data.name, setup.settings.learning_rate, setup.start) == ("pizza.txt", 0.001, (0.0, 0.0))


BAD = {
    # What is wrong: the line it is put in place of, the bad one, the number of the line and what is said of it.
    "no id": ('id = "walk"', "", 1, 'the course lacks "id"'),
    "id": ('id = "walk"', 'id = "A walk!"', 1, "small letters"),
    "id is a path": ('id = "walk"', 'id = "../walk"', 1, "small letters"),
    "unknown": ('title = "A walk"', 'titel = "A walk"', 1, 'the course lacks "title"'),
    "unknown besides": ('title = "A walk"', 'title = "A walk"\nabot = "x"', 3, 'did you mean "about"?'),
    "empty text": ('text = "Make a step."', 'text = "  "', 11, "at least one word"),
    "long title": ('title = "One step"', f'title = "{"x" * 61}"', 10, "61 characters"),
    "no text": ('text = "Make a step."', "text = 3", 11, "a text in quotes, not 3"),
    "escape": ('text = "Make a step."', r'text = "\u001b[2J clear"', 11, r"no text, \x1b"),
    "bidi": ('text = "Make a step."', r'text = "a\u202eb"', 11, r"no text, \u202e"),
    "placeholder": ('why = "w is {w}."', 'why = "{w.__class__}"', 12, "the placeholder"),
    "placeholder index": ('why = "w is {w}."', 'why = "{w[0]} {}"', 12, "the placeholder"),
    "hints": ('hints = ["Press n."]', 'hints = ["a", "b", "c"]', 13, "3 entries"),
    "solution": ('solution = ["answer 1", "step"]', "solution = []", 14, "needs a solution"),
    "solution text": ('solution = ["answer 1", "step"]', "solution = [\n 3]", 15, "a text in quotes, not 3"),
    "data": ('data = "own"', 'data = "/etc/passwd"', 17, 'one of "anscombe"'),
    "data and terrain": ('data = "own"', 'data = "own"\nterrain = "cliff"', 17, "leave one out"),
    "terrain": ('data = "own"', 'terrain = "__import__(1)"', 17, "terrain of the setup"),
    "columns": ('data = "own"', 'data = "pizza"\ncolumns = ["a", "b"]', 18, 'no column "a"'),
    "rate": ("rate = 0.01", "rate = -1", 18, "a positive number, not -1"),
    "rate text": ("rate = 0.01", 'rate = "fast"', 18, 'a positive number, not "fast"'),
    "rate nan": ("rate = 0.01", "rate = nan", 18, "not nan"),
    "rate flag": ("rate = 0.01", "rate = true", 18, "not true"),
    "rate huge": ("rate = 0.01", f"rate = 1{'0' * 400}", 18, "a positive number"),
    "steps": ("steps = 50", "steps = 1000000000", 19, "0 to 100,000"),
    "hyperparameter": (
        "steps = 50",
        "momentum = 0.5",
        19,
        'gradient-descent has no momentum; "momentum", "nesterov" may have it',
    ),
    "schedule": ("steps = 50", 'schedule = "zigzag"', 19, "no schedule"),
    "seed": ("steps = 50", "seed = 3", 19, "no batch"),
    "loss": ("steps = 50", 'loss = "cubic"', 19, 'one of "squared"'),
    "delta": ("steps = 50", "delta = 2", 19, "the loss is not huber"),
    "labels": ("steps = 50", 'loss = "logistic"', 19, "0 and 1"),
    "batch": ("steps = 50", "batch = 0", 19, "1 to 100,000"),
    "bias on a terrain": (
        'data = "own"\nrate = 0.01\nsteps = 50',
        'terrain = "cliff"\nbias = true',
        18,
        "bias must be false",
    ),
    "start": ("steps = 50", "start = [1, 2, 3]", 19, "a list of 2 numbers"),
    "far start": ("steps = 50", "start = [1e200, 0]", 19, "too large for a number"),
    "tolerance": ("tolerance = 0.1", "tolerance = -0.1", 24, "a number from 0"),
    "no tolerance": ("tolerance = 0.1", "", 21, 'lacks "tolerance"'),
    "both tolerances": ("tolerance = 0.1", "tolerance = 0.1\npercent = 3", 25, "leave one out"),
    "measure": ("answer = 1\n", 'measure = "beauty"\n', 23, 'one of "loss"'),
    "measure and answer": ("answer = 1\n", 'answer = 1\nmeasure = "loss"\n', 23, "leave one out"),
    "choice": ("answer = 1\ntolerance = 0.1", 'choices = ["a", "b"]\nanswer = "c"', 24, 'one of "a", "b"'),
    "same choices": ("answer = 1\ntolerance = 0.1", 'choices = ["a", "A"]\nanswer = "a"', 23, "each different"),
    "before": ("tolerance = 0.1", 'tolerance = 0.1\nbefore = ["jump"]', 25, 'one of "step"'),
    "mistake": ("from = 1.5", "", 26, 'lacks "from" or "to"'),
    "check": ('check = "steps"', 'check = "magic"', 31, 'one of "loss"'),
    "check without": ("least = 1", "", 30, 'lacks "least" or "most"'),
    "check impossible": ("least = 1", "least = 3\nmost = 2", 32, "no number of steps"),
    "check unknown": ("least = 1", "least = 1\nbelow = 3", 33, '"below" means nothing in goal 1 of task "one"'),
    "start not free": (
        'check = "steps"\nleast = 1',
        'check = "start"\nw = [0, 1]',
        31,
        "any_start = true",
    ),
    "data not free": ('check = "steps"\nleast = 1', 'check = "own-data"', 31, "any_data = true"),
    "all runs": ('check = "steps"\nleast = 1', 'check = "recovered"\nrun = "a"', 32, 'has no "run"'),
    "rows": ("rows = [[1, 2], [2, 4], [3, 5]]", "rows = [[1, 2],\n[2, 4],\n[3]]", 8, "row 3"),
    "rows nan": ("rows = [[1, 2], [2, 4], [3, 5]]", "rows = [[1, nan], [2, 4]]", 6, "row 1"),
    "rows far": ("rows = [[1, 2], [2, 4], [3, 5]]", "rows = [[1, 1e200], [2, 4]]", 6, "row 1"),
    "mistake backwards": ("from = 1.5\nsay", "from = 5\nto = 3\nsay", 27, "no number is from 5 to 3"),
    "mistake is right": ("from = 1.5\nsay", "from = 0.5\nsay", 27, "the right answer, 1, is in its range"),
    "choice is right": (
        "answer = 1\ntolerance = 0.1\n\n[[task.question.mistake]]\nfrom = 1.5\n",
        'choices = ["a", "b"]\nanswer = "b"\n[[task.question.mistake]]\nchoice = "b"\n',
        26,
        '"b" is the right answer',
    ),
    "at of a constant": ("answer = 1\n", 'measure = "critical"\nat = 3\n', 24, "the same at every step"),
    "start backwards": (
        'hints = ["Press n."]\nsolution = ["answer 1", "step"]',
        'any_start = true\nsolution = ["step"]\n[[task.goal]]\ncheck = "start"\nw = [1, 0]',
        17,
        "no w is from 1 to 0",
    ),
    "placeholder in text": (
        'text = "Make a step."',
        'text = "From {w} make a step."',
        11,
        'text of task "one" has {w}',
    ),
    "placeholder in hints": ('hints = ["Press n."]', 'hints = ["a",\n"{rate}"]', 14, "only in why"),
    "placeholder in ask": ('ask = "How many', 'ask = "At {step}, how many', 22, "has {step}"),
    "1e26 steps": ("least = 1", f"least = {10**26}", 32, f"from 0 to 100,000, not {10**26}"),
    "unknown check": ('check = "steps"', 'check = "magic"', 31, '"own-data", "recovered", "compare", "answered", not'),
    "percent of 0": ("answer = 1\ntolerance = 0.1", "answer = 0\npercent = 3", 24, "give a tolerance"),
    "no answer": ("answer = 1\n", "", 21, '"measure"'),
    "how far": ("tolerance = 0.1\n", "", 21, '"percent"'),
    "one row": ("rows = [[1, 2], [2, 4], [3, 5]]", "rows = [[1, 2]]", 6, "at least two rows"),
    "shipped name": ("[data.own]", "[data.pizza]", 4, "no name that ships"),
    "task is no table": ("[[task]]", "[task]", 8, "each under [[task]]"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_wrong_is_a_sentence_with_its_line(name: str) -> None:
    old, new, line, said = BAD[name]
    sentence = refusal(with_line(old, new))
    assert sentence.startswith(f"walk.toml, line {line}: "), sentence
    assert said in sentence


def test_a_setup_may_have_another_loss_a_batch_and_a_schedule() -> None:
    new = 'data = "orings"\nloss = "logistic"\nbatch = 5\nseed = 3\nschedule = "cosine:40"\nscaled = true\nbias = true'
    setup = read(with_line('data = "own"\nrate = 0.01\nsteps = 50', new)).tasks[0].setup
    assert setup.landscape.lowest_point() is not None
    assert setup.measured("loss", 0) == pytest.approx(np.log(2))  # at w = b = 0 every probability is a half
    assert setup.settings.batch == Batch(5, 3)
    assert setup.settings.schedule == Cosine(40)


def test_two_tasks_cannot_have_one_id() -> None:
    task = COURSE[COURSE.index("[[task]]") :]
    line = COURSE.count("\n") + 2
    assert refusal(COURSE + task).startswith(f'walk.toml, line {line}: two tasks have the id "one"')


def test_an_empty_file_is_no_course() -> None:
    assert "lacks" in refusal("")
    assert "no task" in refusal('id = "walk"\ntitle = "A walk"')


def test_there_may_be_so_many_tasks() -> None:
    head, task = COURSE[: COURSE.index("[[task]]")], COURSE[COURSE.index("[[task]]") :]
    many = [task.replace('"one"', f'"t{number}"') for number in range(MOST_TASKS + 1)]
    assert len(read(head + "".join(many[:-1])).tasks) == MOST_TASKS
    assert f"may be {MOST_TASKS}" in refusal(head + "".join(many))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"\xff\xfe" + "id".encode("utf-16-le"), "line 1: this is not text in UTF-8"),
        (b'id = "a"\n\xff', "line 2: this is not text in UTF-8"),
        (b"x" * (LARGEST + 1), f"{LARGEST + 1:,} bytes"),
        (b"a." * 2000 + b"a = 1", "line 1: the line has more than"),
        (b'id = "a"\n\nid = "b"', "line 3: this is not TOML"),
        (b'id = "a', "line 1: this is not TOML"),
        (b'id = "\x1b[2J"', "line 1: this is not TOML"),
        (b"a = " + b"[" * 1900, "nested"),
        (b"\n".join(b"a = [" if n == 0 else b"[" for n in range(5000)), "nested"),
        (b"a = " + b"9" * 1990, "c.toml"),
        (b"\0\0\0", "line 1: this is not TOML"),
    ],
    ids=["utf-16", "byte", "large", "long line", "twice", "open", "escape", "nested", "nested lines", "digits", "nul"],
)
def test_what_is_no_toml_is_said_at_once(content: bytes, said: str) -> None:
    with pytest.raises(CourseError) as caught:
        Course.read(content, "c.toml")
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)
    assert "\x1b" not in str(caught.value)


@given(st.data())
@settings(max_examples=300, deadline=None)
def test_no_mutation_of_a_file_does_anything_but_read_or_refuse(data: st.DataObject) -> None:
    text = bytearray(COURSE.encode())
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(text) - 1))
        text[place : place + data.draw(st.integers(0, 6))] = data.draw(st.binary(max_size=4))
    try:
        course = Course.read(bytes(text), "walk.toml")
    except CourseError as error:
        said = str(error)
    else:
        said = course.title
    assert said
    assert inert(said) == said


def test_the_line_of_everything_is_found() -> None:
    text = '''# a comment = 1
a = 1 # b = 2
"q.r" = """x
y = 3
"""
b.c = [ # [
  1, {d = "}", e = 'x\\'},
  # z
  [2,
   3]]
[[t]]
k = \'\'\'
[[u]]\'\'\'
[t.s]
v = { w = [1,
2] }
[[t]]
k = 1979-05-27T07:32:00Z'''
    document, lines = read_toml(text.encode(), "x")
    assert document["t"][0]["k"] == "[[u]]"
    tables = {path: line for path, line in lines.items() if not isinstance(path[-1], int)}
    assert tables == {
        ("a",): 2,
        ("q.r",): 3,
        ("b",): 6,
        ("b", "c"): 6,
        ("b", "c", 1, "d"): 7,
        ("b", "c", 1, "e"): 7,
        ("t",): 11,
        ("t", 0, "k"): 12,
        ("t", 0, "s"): 14,
        ("t", 0, "s", "v"): 15,
        ("t", 0, "s", "v", "w"): 15,
        ("t", 1, "k"): 18,
    }
    assert lines[("b", "c", 2, 1)] == 10
    assert lines[("t", 0, "s", "v", "w", 1)] == 16
    assert lines[("t", 1, "k")] == 18
    assert lines[("t", 1)] == 17


def test_nothing_in_a_course_opens_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    read(COURSE)  # whatever is read once for all has been read

    def opened(*_: object, **__: object) -> None:
        raise AssertionError("a course has opened a file")

    monkeypatch.setattr("builtins.open", opened)
    monkeypatch.setattr("io.open", opened)
    for name in ("data", "terrain"):
        assert "line 17" in refusal(with_line('data = "own"', f'{name} = "./secret.csv"'))


# The page a teacher reads


def test_the_example_of_the_page_is_a_course_that_can_be_solved() -> None:
    example = re.search(r"```toml\n(.*?)```", DOCS.read_text(encoding="utf-8"), re.DOTALL)
    assert example
    course = read(example[1])
    assert [prove(course, task)[1] for task in course.tasks] == ["", ""]
    # The numbers in its sentences.
    first, second = (task.setup for task in course.tasks)
    assert first.landscape.gradient(0.0, 10.0)[0] == pytest.approx(-43.8)
    assert first.measured("w", 1) == pytest.approx(0.876)
    assert second.landscape.curvature(False).lambda_max == pytest.approx(22)


def test_the_page_has_every_check_and_every_placeholder() -> None:
    page = DOCS.read_text(encoding="utf-8")
    for name in (*ONE_RUN, *ALL_RUNS):
        assert f"| `{name}` |" in page, name
    for name in PLACEHOLDERS:
        assert f"`{{{name}}}`" in page, name


def test_a_number_is_measured_on_the_setup() -> None:
    setup = Course.load().tasks[0].setup
    # The lesson's run.
    assert setup.measured("loss", 4) == pytest.approx(76.5646303400, abs=5e-11)
    assert setup.measured("critical", 0) == pytest.approx(0.0045703839, abs=5e-11)
    assert setup.measured("minimum_w", 0) == pytest.approx(1.8436928702, abs=5e-11)
    assert np.isnan(read(with_line("steps = 50", 'optimizer = "adam"')).tasks[0].setup.measured("best", 0))
