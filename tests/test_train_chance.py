"""`gdlab train` with other losses, batches and schedules: it prints what gdcore finds, a mistake is a sentence."""

from __future__ import annotations

import csv
import gc
import io
import json
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from gdcore.descent.batches import Batch, Order
from gdcore.descent.branches import Branches
from gdcore.descent.optimizers import Adam
from gdcore.descent.schedules import Cosine, Inverse, Step
from gdcore.descent.steps import Limits, Settings, begin, descend
from gdcore.descent.timeline import Timeline
from gdcore.landscapes import losses
from gdcore.landscapes.bowl import MeanSquaredError
from gdcore.landscapes.losses import Huber, Logistic
from gdcore.rows.dataset import load
from gdcore.rows.ground import ground_of_rows
from gdcore.session import Session
from tui import cli
from tui.headless.train import REMEMBERED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from gdcore.descent.state import State
    from gdcore.landscapes.landscape import Landscape

REFERENCE = json.loads((Path(__file__).parent / "reference" / "torch_batches.json").read_text())["pizza"]


class Outcome(NamedTuple):
    code: int
    out: str
    err: str


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Callable[..., Outcome]]:
    """Run `gdlab train` in this process."""

    def call(*words: str) -> Outcome:
        monkeypatch.setattr(sys, "argv", ["gdlab", "train", *words])
        try:
            code: Any = cli.main()
        except SystemExit as exit_:
            code = exit_.code
        return Outcome(code, *capsys.readouterr())

    yield call
    gc.unfreeze()


def run_of(loss: Landscape, settings: Settings, steps: int) -> list[State]:
    return list(descend(loss, settings, Limits(steps), begin(loss, settings)))


def rows_of(outcome: Outcome) -> list[dict[str, float]]:
    return [{name: float(value) for name, value in row.items()} for row in csv.DictReader(io.StringIO(outcome.out))]


def test_the_names_of_the_losses_are_those_of_gdcore() -> None:
    assert tuple(losses.LOSSES) == cli.LOSSES


def test_batches_and_a_schedule_in_csv(call: Callable[..., Outcome], pizza: MeanSquaredError) -> None:
    outcome = call(
        *("--batch", "7", "--seed", "9007199254740993", "--schedule", "inverse:0.1", "--optimizer", "adam"),
        *("-l", "0.5", "-n", "12", "--train-bias", "--format", "csv"),
    )
    settings = Settings(0.5, Adam(), True, Inverse(0.1), Batch(7, 2**53 + 1))
    states, rows = run_of(pizza, settings, 12), rows_of(outcome)
    assert outcome.code == 0
    assert outcome.out.splitlines()[0].endswith(",whole_loss,epoch")
    for state, row in zip(states, rows, strict=True):
        assert (row["w"], row["b"], row["loss"]) == (state.w, state.b, state.loss)
        assert row["learning_rate"] == 0.5 / (1 + 0.1 * state.iteration)
        assert row["whole_loss"] == pizza(state.w, state.b)
        assert row["epoch"] == state.iteration // 5


def test_batches_in_text_and_json(call: Callable[..., Outcome], pizza: MeanSquaredError) -> None:
    words = ("--batch", "10", "--seed", "4", "-n", "7", "-l", "0.0005")
    states = run_of(pizza, Settings(0.0005, batch=Batch(10, 4)), 7)
    text = call(*words)
    assert text.out.splitlines()[4] == (
        f"Iteration    4 => Loss: {states[4].loss:.10f}, of all rows: {pizza(states[4].w, 0.0):.10f}, epoch 1"
    )
    assert "A step sees 10 of 30 rows, an epoch has 3 steps; its loss is theirs." in text.err
    document = json.loads(call(*words, "--format", "json", "--every", "5").out)
    assert document["batch"] == {"size": 10, "seed": 4}
    assert [state["iteration"] for state in document["states"]] == [0, 5, 7]
    assert document["states"][1]["loss"] == states[5].loss
    assert document["states"][1]["whole_loss"] == pizza(states[5].w, 0.0)
    assert document["states"][2]["epoch"] == 2


def test_a_batch_of_more_than_all_rows_is_all_rows_and_says_so(call: Callable[..., Outcome]) -> None:
    plain, all_rows = call("--format", "csv"), call("--batch", "31", "--format", "csv")
    kept = [{name: row[name] for name in plain.out.splitlines()[0].split(",")} for row in rows_of(all_rows)]
    assert kept == rows_of(plain)
    assert "A batch of 31 is all 30 rows: every step sees all of them." in all_rows.err


@pytest.mark.parametrize("run", REFERENCE["runs"], ids=lambda run: f"{run['optimizer']}, {run['batch size']}")
def test_an_order_made_elsewhere(call: Callable[..., Outcome], tmp_path: Path, run: dict[str, Any]) -> None:
    file = tmp_path / "order of rows.txt"
    file.write_text("\n".join(" ".join(map(str, rows)) for rows in REFERENCE["order of rows, epoch by epoch"]))
    last = len(run["w"]) - 1
    words = ("--order", str(file), "--batch", str(run["batch size"]), "-l", str(run["learning rate"]), "-n", str(last))
    outcome = call(*words, "--train-bias", "--optimizer", run["optimizer"].replace(" ", "-"), "--format", "csv")
    rows = rows_of(outcome)
    for name, column in {"w": "w", "b": "b", "loss": "loss", "dw": "gradient_w", "db": "gradient_b"}.items():
        assert [row[column] for row in rows] == pytest.approx(run[name], rel=1e-10, abs=1e-9 if name[0] == "d" else 0)


def test_other_losses(call: Callable[..., Outcome]) -> None:
    data = load("pizza")
    document = json.loads(call("--loss", "huber", "--delta", "5", "-n", "9", "--predict", "20", "--format", "json").out)
    loss = Huber(data.x, data.y, 5.0)
    states = run_of(loss, Settings(), 9)
    assert (document["loss"], document["delta"]) == ("huber", 5.0)
    assert document["minimum"] == {"w": loss.minima(0.0)[0].w, "b": 0.0, "loss": loss.minima(0.0)[0].loss}
    assert [state["loss"] for state in document["states"]] == [state.loss for state in states]
    assert document["predictions"] == [{"x": 20.0, "y": 20 * states[-1].w}]
    absolute = json.loads(call("--loss", "absolute", "-n", "1", "--train-bias", "--format", "json").out)
    assert absolute["loss"] == "absolute"
    assert (absolute["minimum"]["w"], absolute["minimum"]["b"]) == pytest.approx((1.2083333333333333, 11.375), rel=1e-9)


def test_the_squared_error_is_printed_as_ever(call: Callable[..., Outcome]) -> None:
    document = json.loads(call("-n", "1", "--format", "json").out)
    assert not {"loss", "delta", "schedule", "batch"} & document.keys()
    assert "whole_loss" not in document["states"][0]
    assert call("--loss", "squared", "--schedule", "constant").out == call().out


def test_the_logistic_loss_predicts_a_probability(call: Callable[..., Outcome]) -> None:
    data = load("orings")
    words = ("orings", "--loss", "logistic", "--train-bias", "-l", "0.0005", "-n", "40", "--predict", "31")
    outcome = call(*words)
    loss = Logistic(data.x, data.y)
    last = run_of(loss, Settings(0.0005, train_bias=True), 40)[-1]
    chance = loss.prediction(31.0, last.w, last.b)
    assert f"Prediction: x=31 => y=1 with probability {chance:.6g}\n" in outcome.out
    document = json.loads(call(*words, "--format", "json").out)
    assert document["predictions"] == [{"x": 31.0, "y": chance}]
    assert document["critical_learning_rate"] is None


def test_labels_that_are_separated_are_said_to_have_no_minimum(call: Callable[..., Outcome], tmp_path: Path) -> None:
    file = tmp_path / "two.csv"
    file.write_text("x,y\n1,0\n2,0\n3,1\n4,1\n")
    outcome = call(str(file), "--loss", "logistic", "--train-bias", "-n", "5")
    assert outcome.code == 0
    assert "The loss has no minimum: x = 2.5 separates the labels" in outcome.err
    assert json.loads(call(str(file), "--loss", "logistic", "--train-bias", "--format", "json").out)["minimum"] is None


def test_a_run_that_wanders_says_so(call: Callable[..., Outcome]) -> None:
    assert "It no longer gets nearer: over the last" in call("--batch", "4", "-n", "1000", "-l", "0.0005").err
    assert "no longer" not in call("--batch", "4", "-n", "20", "-l", "0.0005").err
    assert "no longer" not in call("--batch", "4", "-n", "1000", "-l", "0.0005", "--schedule", "inverse").err
    from gdcore.studies import noise  # noqa: PLC0415

    assert REMEMBERED == noise.REMEMBERED


def test_what_was_before_the_last_change_is_no_wandering(call: Callable[..., Outcome], tmp_path: Path) -> None:
    pizza = load("pizza")
    branches = Branches(Timeline(MeanSquaredError.of(pizza.x, pizza.y), Settings(0.0005, batch=Batch(4)), Limits(5000)))
    file = tmp_path / "session.json"
    said: list[bool] = []
    for settings in (Settings(0.0005, batch=Batch(4)), Settings(0.0004, batch=Batch(4))):
        branches.change(settings)
        branches.run.forward(1000 if not said else 40)
        file.write_text(Session.of(pizza, branches).to_text())
        said.append("no longer gets nearer" in call("--session", str(file), "--every", "5000").err)
    assert said == [True, False]


def test_the_run_of_a_session_with_all_of_it(call: Callable[..., Outcome], tmp_path: Path) -> None:
    orings = load("orings")
    loss, scale = ground_of_rows(orings, "logistic", scaled=True)
    assert scale is not None
    branches = Branches(Timeline(loss, Settings(0.5, train_bias=True), Limits(100)))
    branches.run.forward(10)
    branches.change(Settings(0.5, train_bias=True, schedule=Cosine(40, since=10), batch=Batch(6, 2)))
    branches.run.forward(30)
    file = tmp_path / "session.json"
    file.write_text(Session.of(orings, branches, scaled=True).to_text())
    document = json.loads(call("--session", str(file), "--predict", "31", "--format", "json").out)
    states = document["states"]
    assert (len(states), document["loss"], document["scaled"]) == (41, "logistic", True)
    assert document["schedule"] == {"name": "cosine", "period": 40, "since": 10}
    assert (states[5]["loss"], states[5]["epoch"]) == (states[5]["whole_loss"], 5)
    assert states[30]["learning_rate"] == pytest.approx(0.25, rel=1e-12)
    last = branches.run.state
    assert (states[-1]["w"], states[-1]["loss"], states[-1]["epoch"]) == (last.w, last.loss, 10)
    assert document["predictions"][0]["y"] == pytest.approx(loss.prediction(scale.to_scaled(31.0), last.w, last.b))


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("--batch 0", "argument --batch: batch must be a whole number from 1, not 0"),
        ("--batch 1.5", "argument --batch: batch must be a whole number from 1, not 1.5"),
        ("--batch 2 --seed -1", "argument --seed: seed must be a whole number from 0 to 2**63 - 1, not -1"),
        ("--batch 2 --seed x", 'argument --seed: seed must be a whole number from 0 to 2**63 - 1, not "x"'),
        ("--seed 3", "--seed needs --batch: without it every step sees all rows"),
        ("--order x", "--order needs --batch: without it every step sees all rows"),
        ("--batch 3 --seed 1 --order x", "--seed and --order cannot be given together"),
        ("--batch 3 --order nowhere.txt", '"nowhere.txt" cannot be read: no such file or directory'),
        ("--schedule fast", 'argument --schedule: there is no schedule "fast"; choose one of constant, inverse'),
        ("--schedule inverse:-1", "argument --schedule: decay must be a number from 0, not -1"),
        ("--schedule step:0.5,0", "argument --schedule: every must be a whole number from 1, not 0"),
        ("--schedule inverse --decay 0.1", "as in --schedule inverse:0.01"),
        ("--loss cubic", "argument --loss: invalid choice: 'cubic'"),
        ("--loss huber --delta 0", "argument --delta: delta must be a positive number, not 0"),
        ("--delta 2", "--delta belongs to --loss huber, not to squared"),
        ("--loss logistic", "the logistic loss needs the labels 0 and 1 for y, and row 1 has 33"),
        ("--terrain x --loss huber", "--loss cannot be given besides --terrain: no rows"),
        ("--terrain x --batch 2", "--batch cannot be given besides --terrain: no rows"),
        ("--terrain x --seed 2", "--seed cannot be given besides --terrain: no rows"),
        ("--session x --batch 2", "--batch cannot be given besides --session"),
        ("--session x --loss huber", "--loss cannot be given besides --session"),
        ("--session x --schedule step", "--schedule cannot be given besides --session"),
    ],
)
def test_a_mistake_is_one_sentence(
    call: Callable[..., Outcome], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: str, sentence: str
) -> None:
    monkeypatch.chdir(tmp_path)
    outcome = call(*words.split())
    assert (outcome.code, outcome.out) == (2, "")
    assert sentence in outcome.err
    assert outcome.err.count("\n") == 1
    assert re.match(r"gdlab train: \S", outcome.err)


def test_a_mistake_in_an_order_names_its_line(call: Callable[..., Outcome], tmp_path: Path) -> None:
    file = tmp_path / "order.txt"
    file.write_text(" ".join(map(str, range(30))) + "\n1 2 3\n")
    outcome = call("--batch", "3", "--order", str(file))
    assert outcome.code == 2
    assert outcome.err == (
        "gdlab train: order.txt, line 2: it has 3 rows where there are 30; each row comes once in an epoch\n"
    )


def test_a_schedule_with_its_own_numbers(call: Callable[..., Outcome], pizza: MeanSquaredError) -> None:
    document = json.loads(call("--schedule", "step:0.5,3", "-n", "7", "--format", "json").out)
    assert document["schedule"] == {"name": "step", "gamma": 0.5, "every": 3, "since": 0}
    states = run_of(pizza, Settings(schedule=Step(0.5, 3)), 7)
    assert [state["w"] for state in document["states"]] == [state.w for state in states]


def test_an_order_in_json_has_its_name(call: Callable[..., Outcome], tmp_path: Path) -> None:
    file = tmp_path / "mine.txt"
    file.write_text(" ".join(map(str, range(30))))
    document = json.loads(call("--batch", "3", "--order", str(file), "-n", "1", "--format", "json").out)
    assert document["batch"] == {"size": 3, "order": "mine.txt"}
    assert Order.load(str(file), 30).path == str(file)
