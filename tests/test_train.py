"""`gdlab train` as a person meets it: its streams, its exit codes, its files.

Tables of cases call `main` in this process, for speed; what depends on a process is run as the installed command.
"""

from __future__ import annotations

import csv
import gc
import io
import json
import os
import re
import shlex
import signal
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pytest

from gdcore import __version__
from gdcore.descent.optimizers import OPTIMIZERS, hyperparameters
from gdcore.descent.steps import Limits, Settings, begin, descend, gradient_norm
from gdcore.landscapes.bowl import MeanSquaredError
from gdcore.rows.dataset import load, shipped
from gdcore.studies.stability import stability
from tests.problems import DATA, pizza_rows
from tui.cli import main

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from gdcore.descent.state import State

GDLAB = Path(sysconfig.get_path("scripts")) / "gdlab"
ENDLESS = "1000000000"

posix = pytest.mark.skipif(os.name != "posix", reason="streams and signals of a POSIX shell")


class Outcome(NamedTuple):
    code: int
    out: str
    err: str


def gdlab(*words: str, stdin: bytes = b"", **environment: str) -> Outcome:
    """Run the installed command in a process of its own."""
    run = subprocess.run(
        [GDLAB, *words], input=stdin, capture_output=True, check=False, timeout=120, env=os.environ | environment
    )
    return Outcome(run.returncode, run.stdout.decode(), run.stderr.decode())


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Callable[..., Outcome]]:
    """Run `gdlab` in this process."""

    def call(*words: str) -> Outcome:
        monkeypatch.setattr(sys, "argv", ["gdlab", *words])
        try:
            code: Any = main()
        except SystemExit as exit_:
            code = exit_.code
        return Outcome(code, *capsys.readouterr())

    yield call
    gc.unfreeze()


def states_of(optimizer: str, train_bias: bool, iterations: int, data: str = "pizza") -> list[State]:
    rows = load(data)
    loss = MeanSquaredError.of(rows.x, rows.y)
    settings = Settings(optimizer=OPTIMIZERS[optimizer](), train_bias=train_bias)
    return list(descend(loss, settings, Limits(iterations), begin(loss, settings)))


def flat(state: State) -> list[float]:
    memory_w, memory_b = state.memory
    return [state.iteration, state.w, state.b, state.loss, *state.gradient, state.learning_rate, *memory_w, *memory_b]


# The lesson


def lesson(iterations: int, learning_rate: float, train_bias: bool) -> tuple[list[str], float, float]:
    """The lesson's own program: over all the rows, each time."""
    x, y = pizza_rows()
    w = b = 0.0
    log = []
    for i in range(iterations):
        error = x * w + b - y
        log.append("Iteration %4d => Loss: %.10f" % (i, np.average(error**2)))  # noqa: UP031 (as the lesson has it)
        w -= 2 * float(np.average(x * error)) * learning_rate
        b -= 2 * float(np.average(error)) * learning_rate * train_bias
    return log, w, b


def test_the_lesson_s_run_digit_for_digit() -> None:
    log, w, _ = lesson(100, 0.001, train_bias=False)
    run = gdlab("train")
    assert run.code == 0
    assert run.out == "\n".join([*log, "", f"w={w:.10f}", ""])
    lines = run.out.splitlines()
    assert lines[:5] == [
        "Iteration    0 => Loss: 812.8666666667",
        "Iteration    1 => Loss: 304.3630879787",
        "Iteration    2 => Loss: 143.5265791020",
        "Iteration    3 => Loss: 92.6549949641",
        "Iteration    4 => Loss: 76.5646303400",
    ]
    assert lines[98:] == [
        "Iteration   98 => Loss: 69.1209628275",
        "Iteration   99 => Loss: 69.1209628275",
        "",
        "w=1.8436928702",
    ]


def test_the_lesson_s_run_with_the_bias_trained() -> None:
    log, *_ = lesson(20_000, 0.001, train_bias=True)
    run = gdlab("train", "-n", "20000", "--train-bias", "--predict", "20")
    assert run.code == 0
    *printed, empty, parameters, prediction = run.out.splitlines()
    # The digits of 20,000 steps over all the rows carry the rounding of each: two lines differ by one in the last.
    assert [line.split()[1] for line in printed] == [line.split()[1] for line in log]
    losses, expected = ([float(line.split()[-1]) for line in lines] for lines in (printed, log))
    assert losses == pytest.approx(expected, rel=0, abs=1.5e-10)
    assert (empty, parameters) == ("", "w=1.0811301700, b=13.1722676564")
    assert prediction == "Prediction: x=20 => y=34.79"


def test_a_rate_above_the_critical_one(call: Callable[..., Outcome]) -> None:
    run = call("train", "-l", "0.005", "--train-bias")
    assert [line.split()[-1] for line in run.out.splitlines()[:3]] == [
        "812.8666666667",
        "1131.8941261333",
        "1587.8389543973",
    ]
    assert run.code == 0, "too large a rate is a warning; only a run that has diverged ends with 3"
    warning = run.err.splitlines()[-1]
    assert warning.startswith("Warning: the learning rate 0.005 is 1.09767 times the critical one")


def test_a_run_that_diverges_keeps_its_finite_losses(call: Callable[..., Outcome]) -> None:
    run = call("train", "-l", "0.005", "--train-bias", "-n", ENDLESS)
    assert run.code == 3
    *log, empty, parameters = run.out.splitlines()
    assert empty == ""
    assert re.fullmatch(r"w=-?\d+\.\d{10}, b=-?\d+\.\d{10}", parameters)
    assert [int(line.split()[1]) for line in log] == list(range(len(log)))
    losses = [float(line.split()[-1]) for line in log]
    assert losses == sorted(losses)
    assert 1e300 < losses[-1] < float("inf")
    assert run.err.startswith(f"Diverged: after iteration {len(log) - 1} the loss is too large for a number")


def test_no_steps_at_all(call: Callable[..., Outcome]) -> None:
    assert call("train", "-n", "0", "--weight", "-1e3")[:2] == (0, "\nw=-1000.0000000000\n")


@pytest.mark.parametrize("text", ["-1e3", "-.5", "-3", "+2", "1e-3", "-0"])
def test_the_start_may_be_any_number(call: Callable[..., Outcome], text: str) -> None:
    run = call("train", "-n", "0", "--train-bias", "--weight", text, "--bias", text)
    assert run.out == f"\nw={float(text):.10f}, b={float(text):.10f}\n"


def test_a_bias_that_is_held_takes_part(call: Callable[..., Outcome]) -> None:
    run = call("train", "-n", "1000", "--bias", "13.1725818736", "--predict", "-2", "--predict", "1e3")
    assert run.out.splitlines()[-3:] == [
        "w=1.0811119573",
        "Prediction: x=-2 => y=11.01",
        "Prediction: x=1000 => y=1094.28",
    ]


# What is said of a run


def test_the_log_and_what_is_said_of_it_are_two_streams() -> None:
    run = gdlab("train", "-l", "0.02", "-n", "5")
    assert run.code == 0
    assert all(line.startswith(("Iteration", "w=")) or not line for line in run.out.splitlines())
    ending, rates, warning = run.err.splitlines()
    assert ending == "The limit of 5 iterations is reached."
    assert rates == (
        "Critical learning rate for w alone on this data, gradient descent: 0.0045703839; "
        "the best fixed one: 0.002285192."
    )
    assert warning.startswith("Warning: the learning rate 0.02 is 4.376 times the critical one")


@pytest.mark.parametrize(("words", "critical"), [((), "0.0045703839"), (("--train-bias",), "0.0045550993")])
def test_the_warning_comes_just_above_the_critical_rate(
    call: Callable[..., Outcome], words: tuple[str, ...], critical: str
) -> None:
    run = call("train", "-l", "0.00456", *words)
    assert f": {critical}; " in run.err
    assert ("Warning" in run.err) is (float(critical) < 0.00456)


def test_an_adaptive_optimizer_has_no_critical_rate(call: Callable[..., Outcome]) -> None:
    run = call("train", "--optimizer", "adam", "-l", "1000", "-n", "3")
    assert run.err.splitlines()[1] == "Adam adapts its steps: there is no critical learning rate."
    assert "Warning" not in run.err


def test_a_trough_is_said_to_be_one(call: Callable[..., Outcome], tmp_path: Path) -> None:
    data = tmp_path / "trough.csv"
    data.write_text("dose\x1b[2J,effect\n2,1\n2,3\n")
    run = call("train", str(data), "--train-bias", "--format", "json")
    assert run.code == 0
    assert r"dose\x1b[2J never changes: over w and b the loss is a trough" in run.err
    assert json.loads(run.out)["minimum"] is None


def test_x_that_is_always_0(call: Callable[..., Outcome], tmp_path: Path) -> None:
    data = tmp_path / "zero.csv"
    data.write_text("0,1\n0,3\n")
    run = call("train", str(data), "-l", "1e9", "--format", "json")
    assert run.code == 0
    assert run.err.splitlines()[-1] == "The loss does not depend on w: no learning rate is too large."
    document = json.loads(run.out)
    assert (document["critical_learning_rate"], document["minimum"]) == (None, None)


# CSV and JSON


@pytest.mark.parametrize("train_bias", [False, True])
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_every_field_of_every_state(call: Callable[..., Outcome], optimizer: str, train_bias: bool) -> None:
    words = ["train", "-n", "40", "--optimizer", optimizer, *["--train-bias"] * train_bias]
    expected = [flat(state) for state in states_of(optimizer, train_bias, 40)]
    header, *rows = csv.reader(io.StringIO(call(*words, "--format", "csv").out))
    assert len(set(header)) == len(header)
    assert [[float(text) for text in row] for row in rows] == expected
    states = json.loads(call(*words, "--format", "json").out)["states"]
    assert [list(state.values()) for state in states] == expected
    assert all(list(state) == header for state in states)


def test_the_names_of_the_fields(call: Callable[..., Outcome]) -> None:
    header = call("train", "--optimizer", "adam", "--format", "csv").out.splitlines()[0].split(",")
    assert header[:7] == ["iteration", "w", "b", "loss", "gradient_w", "gradient_b", "learning_rate"]
    assert header[7:] == ["mean_w", "mean_square_w", "steps_w", "mean_b", "mean_square_b", "steps_b"]


def test_csv_and_json_through_a_pipe_are_what_they_are_in_this_process(call: Callable[..., Outcome]) -> None:
    for form in ("csv", "json"):
        words = ("train", "geyser", "-n", "3", "--format", form)
        assert gdlab(*words) == call(*words)


@pytest.mark.parametrize("train_bias", [False, True])
def test_what_the_json_document_says_of_the_run(call: Callable[..., Outcome], train_bias: bool) -> None:
    words = ("--optimizer", "momentum", "--momentum", "0.8", "-l", "0.002", "-n", "7", "--tolerance", "0.5")
    run = call("train", *words, "--predict", "20", "--format", "json", *["--train-bias"] * train_bias)
    document = json.loads(run.out)
    last = document["states"][-1]
    loss = MeanSquaredError.of(*pizza_rows())
    rates = stability(OPTIMIZERS["momentum"](momentum=0.8), loss.curvature(train_bias))  # type: ignore[call-arg]
    w, b = (loss.weight, loss.bias) if train_bias else (loss.minimum_w(0.0), 0.0)
    assert rates is not None
    assert list(document.items()) == [
        (
            "data",
            {
                "name": "pizza.txt",
                "rows": 30,
                "x": "Reservations",
                "y": "Pizzas",
                "skipped": 0,
                "first_skipped": None,
            },
        ),
        ("optimizer", {"name": "momentum", "momentum": 0.8}),
        ("learning_rate", 0.002),
        ("train_bias", train_bias),
        ("iterations", 7),
        ("tolerance", 0.5),
        ("minimum", {"w": w, "b": b, "loss": loss(w, b)}),
        ("critical_learning_rate", rates.critical),
        ("best_learning_rate", rates.best),
        ("states", document["states"]),
        ("ending", {"reason": "iterations", "sentence": "The limit of 7 iterations is reached."}),
        ("predictions", [{"x": 20.0, "y": last["w"] * 20.0 + last["b"]}]),
    ]


def test_json_has_no_number_where_there_is_none(call: Callable[..., Outcome]) -> None:
    run = call("train", "--optimizer", "adam", "-n", "1", "--predict", "1e308", "--weight", "1e5", "--format", "json")

    def refuse(name: str) -> None:
        raise AssertionError(f"{name} is no JSON")

    document = json.loads(run.out, parse_constant=refuse)
    assert (document["critical_learning_rate"], document["best_learning_rate"]) == (None, None)
    assert document["predictions"] == [{"x": 1e308, "y": None}]


@pytest.mark.parametrize("form", ["csv", "json"])
def test_a_diverging_run_still_parses(call: Callable[..., Outcome], form: str) -> None:
    run = call("train", "-l", "1", "-n", ENDLESS, "--format", form)
    assert run.code == 3
    if form == "json":
        document = json.loads(run.out)
        assert document["ending"]["reason"] == "diverged"
        losses = [state["loss"] for state in document["states"]]
    else:
        losses = [float(row["loss"]) for row in csv.DictReader(io.StringIO(run.out))]
    assert losses == sorted(losses)
    assert losses[-1] > 1e290


# Options


def test_every_k_th_iteration(call: Callable[..., Outcome]) -> None:
    full, some = call("train", "-n", "25"), call("train", "-n", "25", "--every", "10")
    lines = full.out.splitlines()
    assert some.out.splitlines() == [lines[0], lines[10], lines[20], *lines[25:]]
    rows = call("train", "-n", "25", "--every", "10", "--format", "csv").out.splitlines()[1:]
    assert [row.split(",")[0] for row in rows] == ["0", "10", "20", "25"], "the last state is never left out"
    states = json.loads(call("train", "-n", "20", "--every", "10", "--format", "json").out)["states"]
    assert [state["iteration"] for state in states] == [0, 10, 20]


@pytest.mark.parametrize("train_bias", [False, True])
def test_a_tolerance_ends_the_run(call: Callable[..., Outcome], train_bias: bool) -> None:
    words = ["--tolerance", "0.25", "-n", "100000", "--format", "csv", *["--train-bias"] * train_bias]
    run = call("train", *words)
    assert run.code == 0
    *_, before, last = states_of("gradient-descent", train_bias, len(run.out.splitlines()) - 2)
    assert gradient_norm(last, train_bias) < 0.25 <= gradient_norm(before, train_bias)
    assert run.err.startswith(f"Converged after {last.iteration:,} iterations: the gradient norm 0.")


def test_columns_by_name_and_by_number(call: Callable[..., Outcome]) -> None:
    by_number = call("train", "anscombe", "--x", "7", "--y", "8", "--format", "json")
    by_name = call("train", str(DATA / "anscombe.csv"), "--x", "x4", "--y", "y4", "--format", "json")
    assert by_number == by_name
    assert json.loads(by_name.out)["data"]["x"] == "x4"


@pytest.mark.parametrize("name", shipped())
def test_every_data_set_that_ships(call: Callable[..., Outcome], name: str) -> None:
    by_name = call("train", name, "-n", "1")
    assert by_name.code == 0
    assert by_name == call("train", str(load(name).path), "-n", "1")


def test_bad_rows_are_skipped_and_counted(call: Callable[..., Outcome], tmp_path: Path) -> None:
    data = tmp_path / "rows.csv"
    data.write_text("x,y\n1,2\n2,four\n3,6\nnan,1\n4,8\n")
    run = call("train", str(data), "--skip-bad-rows", "-l", "0.05")
    assert run.code == 0
    assert run.out.endswith("w=2.0000000000\n")
    skipped = run.err.splitlines()[1]
    assert skipped.startswith("2 rows were skipped; the first: rows.csv, line 3, column")
    assert '"four"' in skipped
    data.write_text("x,y\n1,2\n2,four\n3,6\n")
    run = call("train", str(data), "--skip-bad-rows", "--format", "json")
    assert run.err.splitlines()[1].startswith("1 row was skipped; the first: rows.csv, line 3")
    about = json.loads(run.out)["data"]
    assert (about["rows"], about["skipped"]) == (2, 1)
    assert about["first_skipped"].startswith("rows.csv, line 3")


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_hyperparameters(call: Callable[..., Outcome], name: str) -> None:
    everything = {parameter.name for kind in OPTIMIZERS.values() for parameter in hyperparameters(kind)}
    own = {parameter.name for parameter in hyperparameters(OPTIMIZERS[name])}
    words = [word for other in sorted(own) for word in (f"--{other}", "0.25")]
    run = call("train", "--optimizer", name, *words, "--format", "json", "-n", "1")
    assert json.loads(run.out)["optimizer"] == {"name": name, **dict.fromkeys(own, 0.25)}
    for other in everything - own:
        run = call("train", "--optimizer", name, f"--{other}", "0.25")
        assert (run.code, run.out) == (2, "")
        has = ", ".join(parameter.name for parameter in hyperparameters(OPTIMIZERS[name])) or "none"
        assert run.err == f"gdlab train: {other} is not a hyperparameter of {name}, which has {has}\n"


# Mistakes


def is_one_sentence(run: Outcome, part: str) -> None:
    assert (run.code, run.out) == (2, "")
    assert run.err.startswith("gdlab train: ")
    assert run.err.index("\n") == len(run.err) - 1, "one line"
    assert part in run.err
    assert "\x1b" not in run.err


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (("-l", "-0.1"), "learning rate must be a positive number, not -0.1"),
        (("-l", "0"), "learning rate must be a positive number, not 0"),
        (("-l", "fast"), 'learning rate must be a positive number, not "fast"'),
        (("-l", "nan"), "learning rate must be a positive number, not nan"),
        (("-l",), "expected one argument"),
        (("-n", "-1"), "iterations must be a whole number from 0, not -1"),
        (("-n", "1.5"), "iterations must be a whole number from 0, not 1.5"),
        (("-n", "1e999"), "iterations must be a whole number from 0, not inf"),
        (("--weight", "inf"), "weight must be a finite number, not inf"),
        (("--weight", "1e200"), "the loss at w=1e+200, b=0 is too large for a number"),
        (("--tolerance", "0"), "tolerance must be a positive number, not 0"),
        (("--every", "0"), "every must be a whole number from 1, not 0"),
        (("--predict", "\x1b[2J"), r'x must be a finite number, not "\x1b[2J"'),
        (("--optimizer", "adam", "--beta1", "1"), "beta1 must be a number from 0 up to but not including 1, not 1"),
        (("--optimizer", "sgd\n"), r"invalid choice: 'sgd\n'"),
        (("--format", "xml"), "invalid choice: 'xml'"),
        (("--\x1b[2J",), r"unrecognized arguments: --\x1b[2J"),
        (("pizza", "two\nlines"), r'there is no file "two\nlines"'),
        (("--x", "Nothing"), 'pizza.txt has no column "Nothing"; choose one of "Reservations", "Pizzas"'),
        (("--y", "3"), "pizza.txt has no column"),
        (("no-such-file",), 'there is no file "no-such-file"'),
        (("no\x1b[2J\nfile",), r'there is no file "no\x1b[2J\nfile"'),
        (("-", "pizza"), "standard input cannot be read together with files; name it alone, or files alone"),
        (("",), "there is no file"),
        ((str(DATA),), "is a folder"),
    ],
)
def test_a_mistake_is_one_sentence(call: Callable[..., Outcome], words: tuple[str, ...], part: str) -> None:
    is_one_sentence(call("train", *words), part)


BAD_DATA = {
    "empty": (b"", "is empty"),
    "comments alone": (b"# x y\n\n", "is empty"),
    "a header alone": (b"x,y\n", "has a header and no rows"),
    "one row": (b"x,y\n1,2\n", "only 1 row"),
    "one column": (b"1\n2\n3\n", "only one column"),
    "one column of numbers": (b"x,name\n1,Ann\n2,Bob\n", "only one column of numbers"),
    "a word": (b"x,y\n1,2\n2,four\n3,6\n", 'line 3, column "y": "four" is not a number'),
    "an escape code": (b"x,y\n1,2\n2,\x1b[2J\n3,6\n", r'line 3, column "y": "\x1b[2J" is not a number'),
    "a missing field": (b"x,y\n1,2\n2\n3,6\n", "line 3"),
    "NaN": (b"x,y\n1,2\n2,nan\n3,6\n", '"nan" is not a finite number'),
    "infinity": (b"x,y\n1,2\n2,-inf\n3,6\n", '"-inf" is not a finite number'),
    "too large": (b"x,y\n1,2\n2,1e200\n3,6\n", '"1e200" is too large'),
    "binary": (b"\x7fELF\0\0\0\1\2\3", "is a binary file"),
    "not UTF-8": (b"x,y\n1,2\n2,\xe9\n3,6\n", "line 3: the byte 0xe9 is not UTF-8"),
    "UTF-16": ("x,y\n1,2\n2,3\n".encode("utf-16"), "UTF-16"),
}


@pytest.mark.parametrize(("content", "part"), BAD_DATA.values(), ids=BAD_DATA)
def test_bad_data_is_one_sentence(call: Callable[..., Outcome], tmp_path: Path, content: bytes, part: str) -> None:
    data = tmp_path / "data.csv"
    data.write_bytes(content)
    run = call("train", str(data))
    is_one_sentence(run, part)
    assert "data.csv" in run.err


@pytest.mark.parametrize(
    "words", [("no-such-file",), ("-l", "fast"), ("--momentum", "0.5"), ("--weight", "1e200"), (os.fspath(GDLAB),)]
)
def test_a_mistake_in_a_process_of_its_own(words: tuple[str, ...]) -> None:
    is_one_sentence(gdlab("train", *words), "")


# Help


def test_the_version() -> None:
    assert gdlab("--version") == (0, f"gdlab {__version__}\n", "")


def test_help_fits_a_terminal_of_80_columns() -> None:
    run = gdlab("train", "--help", COLUMNS="80")
    assert (run.code, run.err) == (0, "")
    assert max(map(len, run.out.splitlines())) <= 80


def examples(help_text: str) -> list[list[str]]:
    """The commands of a help text; what they do stands behind them, two spaces away or more."""
    return [shlex.split(line) for line in re.findall(r"^  (gdlab(?: \S+)*)", help_text, re.MULTILINE)]


def test_the_examples_run_as_they_are(call: Callable[..., Outcome]) -> None:
    commands = examples(call("train", "--help").out)
    # Those of the top level open the app, but for those that train.
    commands += [words for words in examples(call("--help").out) if words[1:2] == ["train"]]
    assert len(commands) > 4
    for command, *words in commands:
        run = call(*words)
        assert (command, run.code) == ("gdlab", 0), words
        assert run.out
        assert "Warning" not in run.err, words


# The process


@posix
def test_who_has_read_enough_of_the_log_ends_it_quietly() -> None:
    with subprocess.Popen(
        [GDLAB, "train", "-n", ENDLESS], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as run:
        assert run.stdout is not None
        assert run.stderr is not None
        assert run.stdout.readline() == b"Iteration    0 => Loss: 812.8666666667\n"
        run.stdout.close()
        assert run.stderr.read() == b""
    assert run.returncode == 0


@posix
def test_ctrl_c_ends_a_run_with_one_line() -> None:
    with subprocess.Popen(
        [GDLAB, "train", "-n", ENDLESS], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as run:
        assert run.stdout is not None
        assert run.stderr is not None
        run.stdout.readline()
        run.send_signal(signal.SIGINT)
        for line in run.stdout:
            assert line.startswith(b"Iteration") or not line.endswith(b"\n")
        assert run.stderr.read() == b"gdlab: interrupted\n"
    assert run.returncode == 130


INTERRUPTED_WHILE_IMPORTING = """
import os, signal, sys

_, module, handler = sys.argv

class Interrupter:
    def find_spec(self, name, path=None, target=None):
        if name == module:
            os.kill(os.getpid(), signal.SIGINT)

from tui.cli import main

assert module not in sys.modules
sys.meta_path.insert(0, Interrupter())
signal.signal(signal.SIGINT, getattr(signal, handler))
sys.argv = ["gdlab", "train"]
code = main()
assert signal.getsignal(signal.SIGINT) == getattr(signal, handler)
sys.exit(code)
"""


def interrupt_while_importing(module: str, handler: str) -> Outcome:
    run = subprocess.run(
        [sys.executable, "-c", INTERRUPTED_WHILE_IMPORTING, module, handler],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    return Outcome(run.returncode, run.stdout, run.stderr)


@posix
@pytest.mark.parametrize(
    # NumPy's C code imports datetime, and calls its own installation broken where that fails.
    "module",
    [
        "gdcore.descent.parameters",
        "gdcore.descent.steps",
        "tui.headless.train",
        "numpy",
        "datetime",
        "numpy.linalg",
        "gdcore.rows.dataset",
    ],
)
def test_ctrl_c_while_the_command_is_still_starting(module: str) -> None:
    assert interrupt_while_importing(module, "default_int_handler") == (130, "", "gdlab: interrupted\n")


@posix
def test_a_run_in_the_background_ignores_ctrl_c() -> None:
    assert interrupt_while_importing("numpy", "SIG_IGN") == gdlab("train")


def shell(redirection: str) -> Outcome:
    run = subprocess.run(
        ["/bin/sh", "-c", f'exec "$0" train {redirection}', GDLAB],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    return Outcome(run.returncode, run.stdout, run.stderr)


@posix
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("words", ["", "-n 100000", "--format json", "--help"])
def test_a_full_disk_is_one_sentence(monkeypatch: pytest.MonkeyPatch, words: str, unbuffered: str) -> None:
    monkeypatch.setenv("PYTHONUNBUFFERED", unbuffered)
    sentence = "gdlab: the output cannot be written: no space left on device\n"
    assert shell(f"{words} > /dev/full") == (2, "", sentence)


@posix
def test_streams_that_are_closed() -> None:
    assert shell(">&-") == (2, "", "gdlab: there is no standard output to write to\n")
    assert shell("-n 1 2>&-") == (0, gdlab("train", "-n", "1").out, "")
    assert shell("-n 1 <&-") == gdlab("train", "-n", "1")


def test_a_stream_that_knows_ascii_only(tmp_path: Path) -> None:
    data = tmp_path / "café.csv"
    data.write_text("température,coût\n5,1\n5,2\n", encoding="utf-8")
    run = gdlab("train", str(data), "--format", "json", PYTHONIOENCODING="ascii")
    assert run.code == 0
    assert json.loads(run.out)["data"]["x"] == "température"
    assert (run.out + run.err).isascii()
    assert r"temp\xe9rature never changes" in run.err
    for words in (("train", "--help"), ("--help",)):
        assert gdlab(*words, PYTHONIOENCODING="ascii").code == 0


@pytest.mark.skipif(not Path("/dev/stdin").exists(), reason="there is no /dev/stdin here")
def test_data_from_standard_input() -> None:
    assert gdlab("train", "/dev/stdin", stdin=(DATA / "pizza.txt").read_bytes()) == gdlab("train")
    is_one_sentence(gdlab("train", "/dev/stdin"), "standard input is empty")


def test_the_command_of_this_python_is_meant() -> None:
    assert GDLAB.parent == Path(sys.executable).parent
