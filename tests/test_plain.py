"""The laboratory in words: every command, what is said of a wrong one, and the process that is fed from a pipe."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import NamedTuple

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gdcore.descent.optimizers import OPTIMIZERS, Adam, Momentum, hyperparameters
from gdcore.descent.state import State
from gdcore.descent.steps import Limits, Settings
from gdcore.inert import inert
from gdcore.rows.dataset import load
from gdcore.rows.scaling import standardized
from gdcore.session import Session
from tests.test_house import foreign, imported_by
from tui.headless.plain.command import Command
from tui.headless.plain.conversation import COMMANDS, Plain
from tui.laboratory import lesson
from tui.laboratory.commands import shown
from tui.laboratory.laboratory import Laboratory
from tui.screen import keys

GDLAB = Path(sysconfig.get_path("scripts")) / "gdlab"
PIZZA = load("pizza")

posix = pytest.mark.skipif(os.name != "posix", reason="signals and streams of a POSIX shell")


class Talk:
    """A person who types, and what they read."""

    def __init__(self, rate: float = 0.001, iterations: int = 100) -> None:
        self.lab = Laboratory(PIZZA, Settings(rate), Limits(iterations))
        self.plain = Plain(self.lab)

    def __call__(self, *lines: str) -> list[str]:
        """The answer to the last of these lines."""
        for line in lines:
            answer = list(self.plain.answer(line))
        return answer

    @property
    def state(self) -> State:
        return self.lab.walk.timeline.state

    @property
    def settings(self) -> Settings:
        return self.lab.walk.timeline.settings


@pytest.fixture
def talk() -> Talk:
    return Talk()


def session(lab: Laboratory) -> Session:
    return Session.of(PIZZA, lab.walk.branches, scaled=lab.ground.scale is not None)


# --- The words and the letters


LETTERS_ALONE = {
    "N": "ten_steps",
    "B": "ten_back",
    "[": "rate_down",
    "]": "rate_up",
    "{": "half_rate",
    "}": "double_rate",
}
"""Letters that have no word of their own here, and what they are called in the code."""


def test_letters_are_those_of_the_screen() -> None:
    # A test of the letter alone would let the two drift apart: what a letter says it does, it says in both.
    on_screen = {shown(command.keys[0]): command for command in keys.COMMANDS if command.keys}
    letters = [(name, command) for command in COMMANDS for name in command.names if len(name) == 1]
    assert len(letters) > 15
    for letter, command in letters:
        assert on_screen[letter].name in {*command.names, LETTERS_ALONE.get(letter)}


def test_no_word_is_there_twice() -> None:
    names = [name for command in COMMANDS for name in command.names]
    assert len(set(names)) == len(names)
    assert all(name.isalnum() or len(name) == 1 for name in names)


def test_help_has_every_command(talk: Talk) -> None:
    answer = talk("help")
    assert len(answer) == len(COMMANDS) + 1
    for command, line in zip(COMMANDS, answer, strict=False):
        assert all(name in line.partition(":")[0].split() or name in "[]{}" for name in command.names)
    assert talk("help rate") == [line for line in answer if line.startswith("rate ")]
    assert talk("? nothing") == talk("nothing")
    for parameter in hyperparameters(Adam):
        assert any(line.startswith(f"{parameter.name} X: ") for line in answer)


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.names[0])
def test_every_name_of_a_command_does_the_same(command: Command) -> None:
    given_ = {"NAME": "adam", "X": "0.5", "N": "3", "W [B]": "1 2", "FILE": "cars", "X Y": "2 1"}
    value = given_.get(command.values, "") if command.names[0] != "branch" else "A"
    answers = []
    for name in (*command.names, command.names[0].upper() if len(command.names[0]) > 1 else command.names[0]):
        talk = Talk()
        talk("optimizer momentum", "n 5", "b 2")
        if command.names[0] in {"eps", "decay"}:
            talk("optimizer rmsprop")
        if command.names[0] in {"beta1", "beta2"}:
            talk("optimizer adam")
        answer = talk(f"  {name}   {value} \n")
        assert "There is no command" not in "".join(answer)
        answers.append((answer, talk.state, talk.settings, talk.plain.over, len(talk.lab.walk.branches)))
    assert all(repr(answer) == repr(answers[0]) for answer in answers)


# --- What they do


def test_a_sentence_a_step(talk: Talk) -> None:
    assert talk("step") == ["Step 1 glided: w moved +0.8068, the loss fell, 812.8667 -> 304.3631."]
    answer = talk("n 4")
    assert [line.split()[1] for line in answer] == ["2", "3", "4", "5"]
    twin = Laboratory(PIZZA, Settings(), Limits())
    for line in ["", *answer]:
        twin.walk.step()
        assert line in {"", lesson.last_step(twin.frame)}
    assert len(talk("N")) == 10
    assert talk.state.iteration == 15


def test_an_empty_line_repeats_the_last_walk(talk: Talk) -> None:
    assert talk("", "  \n") == []
    assert talk.state.iteration == 0
    talk("n 3", "where", "")
    assert talk.state.iteration == 6
    talk("b", "rate 0.002", "", "")
    assert talk.state.iteration == 3
    talk("run 20", "\n")
    assert talk.state.iteration == 43
    talk("step -1", "")
    assert talk.state.iteration == 43, "also one that was wrong: it says so again"


def test_a_run_tells_of_its_last_step(talk: Talk) -> None:
    (line,) = talk("run 40")
    assert line.startswith("40 steps made. Step 40 ")
    first, ending = talk("run")
    assert first.startswith("60 steps made. Step 100 ")
    assert ending == "The limit of 100 iterations is reached."
    assert talk("run") == talk("step") == ["No step is left: m doubles the limit, or type a larger number of Steps."]
    assert talk("m", "run 7")[0].startswith("7 steps made. Step 107 ")
    assert talk("run 1")[0].startswith("1 step made.")


def test_a_run_ends_where_it_ends() -> None:
    talk = Talk(1.0, 100_000)
    made, diverged = talk("run")
    assert re.match(r"\d+ steps made\. Step \d+ went up", made)
    assert diverged.startswith("Diverged: each step multiplies the error by ")
    iteration = talk.state.iteration
    assert talk("step") == talk("run") == [diverged]
    assert talk("where")[-1] == diverged
    assert talk.state.iteration == iteration
    assert talk("h")[0].startswith("Back at step ")
    assert talk.settings.learning_rate == 0.5


def test_back(talk: Talk) -> None:
    assert talk("b") == ["This is the start."]
    talk("n 5")
    (line,) = talk("back 2")
    assert line.startswith("Back. Step 3 of 100: w=")
    assert talk("B")[0].startswith("Back. Step 0 of 100: w=0.0000000000, b=0.0000000000, loss 812.8666666667,")


def test_rates(talk: Talk) -> None:
    told, forecast = talk("rate 0.004")
    assert told == "Learning rate 0.004 from the next step on."
    assert forecast == lesson.forecast(talk.lab.frame)
    assert "overshoots" in forecast
    for line, rate in (("rate half", 0.002), ("}", 0.004), ("{", 0.002), ("rate double", 0.004), ("]", 0.0044)):
        talk(line)
        assert talk.settings.learning_rate == rate
    assert talk("[", "rate")[0] == "The learning rate is 0.004."


def test_optimizers_and_their_hyperparameters(talk: Talk) -> None:
    assert talk("optimizer")[0].startswith("The optimizer is gradient descent: GradientDescent(). Others are ")
    for name, kind in OPTIMIZERS.items():
        assert talk(f"optimizer {name.upper()}")
        assert talk.settings.optimizer == kind()
    talk("optimizer gradient descent")
    assert repr(talk.settings.optimizer) == "GradientDescent()"
    talk("method momentum", "momentum 0.5")
    assert talk.settings.optimizer == Momentum(0.5)
    assert talk("momentum") == ["momentum is 0.5: share of the velocity kept from step to step."]
    assert talk("beta1 0.5") == ["beta1 is not a hyperparameter of momentum, which has momentum"]


def test_start_bias_steps_and_scale(talk: Talk) -> None:
    assert talk("start 2 -3") == ["Restarted from w = 2, b = -3."]
    assert talk("start 1e-3") == ["Restarted from w = 0.001, b = -3."]
    assert talk("start 1,2") == ["Restarted from w = 1, b = 2."]
    for line, trained in (("bias on", True), ("bias off", False), ("t", True), ("bias", False)):
        talk(line)
        assert talk.settings.train_bias is trained
    assert talk("steps 7", "steps") == ["The run may take 7 steps."]
    talk("S")
    _, scale = standardized(PIZZA)
    assert talk.lab.ground.scale == scale
    talk("bias on", "rate 0.5", "steps 100", "run")
    assert talk("predict 20") == ["Prediction: x=20 => y=34.79"]


def test_branches(talk: Talk) -> None:
    talk("n 9", "b 4", "rate 0.002", "n")
    assert talk("branches") == [
        f"{lesson.account(talk.lab.walk.branches[0])}.",
        f"You are here. {lesson.account(talk.lab.walk.branches[1])}.",
    ]
    talk("branch A")
    assert talk.lab.walk.branches.current.name == "A"
    assert talk.state.iteration == 5
    assert talk("branch Z") == ['there is no branch "Z"; choose one of "A", "B"']
    assert len(talk("race")) == 1 + len(talk.lab.walk.branches)


def test_where_and_why(talk: Talk) -> None:
    talk("n 3")
    stands, settings_, forecast, following = talk("where")
    assert stands.startswith("Step 3 of 100: w=1.5157")
    assert settings_ == "Learning rate 0.001, gradient descent, w alone is trained."
    assert forecast == lesson.forecast(talk.lab.frame)
    assert following == lesson.next_step(talk.lab.frame)
    assert talk("why") == list(lesson.derivation(talk.lab.frame))


def test_other_data(talk: Talk, tmp_path: Path) -> None:
    assert "Restarted on cars.csv" in talk("open cars")[0]
    file = tmp_path / "two words.csv"
    file.write_text("a b,c,d\n1,2,3\n2,3,5\n")
    for line in (f"open {file}", f'o "{file}"', f"open '{file}'"):
        talk("open pizza", line)
        assert talk.lab.ground.rows.name == "two words.csv"
    assert talk("columns") == ['x is "a b", y is "c". The columns are "a b", "c", "d".']
    talk('columns 3 "a b"')
    assert (talk.lab.ground.rows.x_name, talk.lab.ground.rows.y_name) == ("d", "a b")


def test_a_table_of_a_database(talk: Talk, tmp_path: Path) -> None:
    path = tmp_path / "my shop.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE SCHEMA s2")
        connection.execute("CREATE TABLE s2.sales AS SELECT i AS day, 3 * i AS eur FROM range(7) t(i)")
        connection.execute("CREATE TABLE people AS SELECT i AS age, 2 * i AS pay FROM range(5) t(i)")
    (asked,) = talk(f"open {path}")
    assert asked == 'my shop.duckdb has 2 tables; choose one of "people", "s2.sales" by adding: table NAME'
    for line in (f"open {path} table s2.sales", f'o "{path}" table "s2.sales"'):
        talk("open pizza")
        assert talk(line)[0].startswith("Restarted on s2.sales in my shop.duckdb: eur against day, 7 rows.")
    assert talk(f"open {path} table none")[0].startswith('my shop.duckdb has no table "none"')
    assert talk("open pizza table none") == ["only a database has tables to choose from, and pizza is none"]
    assert any("table NAME" in line for line in talk("help"))
    path.rename(path.with_name("a table b.duckdb"))
    assert "choose one of" in talk(f"open {path.with_name('a table b.duckdb')}")[0], "the name of a file goes first"


# --- What is wrong


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("rate -1", "learning rate must be a positive number, not -1"),
        ("rate fast", 'learning rate must be a positive number, not "fast"'),
        ("step 0", "steps must be a whole number from 1, not 0"),
        ("run 1.5", "steps must be a whole number from 1, not 1.5"),
        ("back x", 'steps must be a whole number from 1, not "x"'),
        ("momentum 0.5", "momentum is not a hyperparameter of gradient descent, which has none"),
        ("optimizer sgd", f'there is no optimizer "sgd"; choose one of {", ".join(OPTIMIZERS)}'),
        ("start", "start needs the w to start from, and may have the b: start 1 0.5"),
        ("start 1 2 3", "start needs the w to start from, and may have the b: start 1 0.5"),
        ("start inf", "weight must be a finite number, not inf"),
        ("start 1e200", "the loss at w=1e+200, b=0 is too large for a number; start nearer to the data"),
        ("steps -1", "iterations must be a whole number from 0, not -1"),
        ("bias maybe", 'bias must be on or off, not "maybe"'),
        ("predict", 'x must be a finite number, not ""'),
        ("open", "open needs a name, a file or a formula: open cars, open cliff, open w**4 + b**2"),
        ("quit now", 'nothing can follow here, not "now"'),
        ("columns 1", "columns needs two, x and y, by name or number, names of several words in quotes: columns 1 2"),
        (
            'columns "1 2',
            "columns needs two, x and y, by name or number, names of several words in quotes: columns 1 2",
        ),
        ("stp", 'There is no command "stp"; did you mean step or steps or start? help lists them all.'),
        ("optim", 'There is no command "optim"; did you mean optimizer? help lists them all.'),
        ("42", 'There is no command "42"; step makes a step. help lists them all.'),
        ("l\x1b[2J", r'There is no command "l\x1b[2J"; step makes a step. help lists them all.'),
    ],
)
def test_a_line_that_is_wrong_is_one_sentence_and_changes_nothing(talk: Talk, line: str, sentence: str) -> None:
    talk("n 3")
    before = session(talk.lab)
    assert talk(line) == [sentence]
    assert session(talk.lab) == before
    assert not talk.plain.over


@settings(deadline=None)
@given(st.lists(st.text() | st.tuples(st.sampled_from(COMMANDS), st.text(max_size=5)).map(
    lambda pair: f"{pair[0].names[-1]} {pair[1]}"), max_size=8))  # fmt: skip
def test_whatever_is_typed_is_answered_in_text_that_does_no_harm(lines: list[str]) -> None:
    talk = Talk()
    for line in lines:
        if not line.startswith("o "):  # what is in the folder is not of this test
            for sentence in talk(line):
                assert inert(sentence) == sentence


# --- The process


class Outcome(NamedTuple):
    code: int
    out: str
    err: str


def gdlab(*words: str, stdin: str = "", **environment: str) -> Outcome:
    """Run the installed command in a process of its own."""
    run = subprocess.run(
        [GDLAB, *words],
        input=stdin.encode(),
        capture_output=True,
        check=False,
        timeout=120,
        env=os.environ | environment,
    )
    return Outcome(run.returncode, run.stdout.decode(), run.stderr.decode())


def test_fed_from_a_pipe(tmp_path: Path) -> None:
    run = gdlab("--plain", stdin="step\nrate 0.002\nrun 20\nquit\nstep\n", GDLAB_STATE_DIR=str(tmp_path))
    assert (run.code, run.err) == (0, "")
    greeting, standing, hint, *answers = run.out.splitlines()
    assert greeting == (
        "gdlab, a laboratory for gradient descent, in words. pizza.txt: Pizzas against Reservations, 30 rows."
    )
    assert standing.startswith("You stand at w = 0.")
    assert hint == "Type step, where, why, help or quit."
    talk = Talk()
    assert answers == [*talk("step"), *talk("rate 0.002"), *talk("run 20")]
    assert not list(tmp_path.iterdir()), "what a pipe says is no session to resume"


def test_nothing_but_text() -> None:
    run = gdlab("--plain", stdin="n\n\nwhy\nbranches\nrace\nhelp\nrate 1\nrun 99999\nwhere\nsillé\n")
    assert (run.code, run.err) == (0, "")
    assert run.out.replace("\n", "").replace("sillé", "").isascii()
    assert run.out.replace("\n", "").isprintable()
    assert "gdlab>" not in run.out


def test_the_same_digits_as_train() -> None:
    train = gdlab("train", "cars", "-n", "40", "-l", "0.0005", "--optimizer", "adam", "--predict", "10")
    *log, _, parameters, prediction = train.out.splitlines()
    words = ("cars", "--plain", "-l", "0.0005", "--optimizer", "adam", "-n", "40")
    run = gdlab(*words, stdin="where\nn\n" * 40 + "where\npredict 10\n")
    stands = re.findall(r"^Step (\d+) of 40: w=(\S+), b=\S+, loss (\S+),", run.out, re.MULTILINE)
    assert [f"Iteration {int(n):4d} => Loss: {loss}" for n, _, loss in stands[:-1]] == log
    assert parameters == f"w={stands[-1][1]}"
    assert run.out.splitlines()[-1] == prediction


def test_an_output_that_knows_ascii_only(tmp_path: Path) -> None:
    data = tmp_path / "café.csv"
    data.write_text("température,coût\n5,1\n6,2\n", encoding="utf-8")
    run = gdlab(str(data), "--plain", stdin="n\nwhy\nopen nôn\n", PYTHONIOENCODING="ascii")
    assert (run.code, run.err) == (0, "")
    assert run.out.isascii()
    assert r"caf\xe9.csv: co\xfbt against temp\xe9rature, 2 rows." in run.out


def test_bytes_that_are_no_text() -> None:
    run = subprocess.run([GDLAB, "--plain"], input=b"\xff\xfe\0\nstep\n", capture_output=True, check=False, timeout=120)
    assert (run.returncode, run.stderr) == (0, b"")
    assert run.stdout.splitlines()[-1].startswith(b"Step 1 glided")


@posix
def test_streams_that_are_closed() -> None:
    for redirection, code, said in (("<&-", 0, ""), (">&-", 2, "gdlab: there is no standard output to write to\n")):
        run = subprocess.run(
            ["/bin/sh", "-c", f'exec "$0" --plain {redirection}', GDLAB],
            input="step\n",
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert (run.returncode, run.stderr) == (code, said)


@posix
def test_who_has_heard_enough_ends_it_quietly() -> None:
    with subprocess.Popen(
        [GDLAB, "--plain", "-n", "1000000000"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as run:
        assert run.stdin is not None
        assert run.stdout is not None
        assert run.stderr is not None
        run.stdin.write(b"step 1000000000\n")
        run.stdin.flush()
        run.stdout.readline()
        run.stdout.close()
        assert run.stderr.read() == b""
    assert run.returncode == 0


@posix
@pytest.mark.parametrize("line", [b"", b"step 1000000000\n"], ids=["waiting", "running"])
def test_ctrl_c_ends_it_with_one_line(line: bytes) -> None:
    with subprocess.Popen(
        [GDLAB, "--plain", "-n", "1000000000"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as run:
        assert run.stdin is not None
        assert run.stdout is not None
        assert run.stderr is not None
        for _ in range(3):
            run.stdout.readline()
        run.stdin.write(line)
        run.stdin.flush()
        if line:
            run.stdout.readline()
        run.send_signal(signal.SIGINT)
        for _ in run.stdout:
            pass
        assert run.stderr.read() == b"gdlab: interrupted\n"
    assert run.returncode == 130


@pytest.mark.parametrize("words", [("--plain",), ("cars", "--plain", "--optimizer", "adam")])
def test_words_need_no_screen_and_no_picture(words: tuple[str, ...]) -> None:
    # It is for terminals on which neither would work, and for a person who waits for it to speak.
    modules = imported_by("from tui.cli import main; sys.stdin = open(os.devnull); sys.exit(main())".replace(
        "sys.stdin", "import os; sys.stdin", 1), *words)  # fmt: skip
    assert "tui.headless.plain" in modules
    assert not foreign(modules) & {"textual", "rich", "plotext"}


# --- A person at a terminal


TERMINAL = """
import pty, sys
sys.exit(pty.spawn(sys.argv[1:]) >> 8)
"""


@posix
def test_a_person_gets_a_prompt_and_a_session(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", TERMINAL, GDLAB, "--plain"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=os.environ | {"GDLAB_STATE_DIR": str(tmp_path), "TERM": "dumb"},
    ) as run:
        assert run.stdin is not None
        assert run.stdout is not None
        heard = b""
        for line in (b"n 3\n", b"rate 0.002\n", b"\n", b"quit\n"):
            while not heard.endswith(b"gdlab> "):
                heard += run.stdout.read1(4096)  # type: ignore[attr-defined]
            run.stdin.write(line)
            run.stdin.flush()
            heard += b"|"
        heard += run.stdout.read()
    assert run.returncode == 0
    assert heard.count(b"gdlab> ") == 4
    assert b"\x1b" not in heard
    (file,) = tmp_path.iterdir()
    kept = Session.from_text(file.read_text())
    assert [(course.tip, len(course.changes)) for course in kept.branches] == [(6, 2)]
    resumed = gdlab("--plain", "--resume", stdin="", GDLAB_STATE_DIR=str(tmp_path))
    assert "Resumed at step 6 of branch A." in resumed.out
