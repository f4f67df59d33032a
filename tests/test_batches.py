"""Batches: the rows of every step, PyTorch's trajectories, and runs that know no more than seed and iteration."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from gdcore.descent import shuffle
from gdcore.descent.batches import Batch, Order
from gdcore.descent.branches import Branches, brief, difference
from gdcore.descent.optimizers import OPTIMIZERS, Adam, GradientDescent, Momentum, Nudge
from gdcore.descent.schedules import Cosine
from gdcore.descent.steps import Limits, Reason, Settings, adopt, advance, begin, descend, proceed, whole
from gdcore.descent.timeline import STRIDE, Timeline
from gdcore.landscapes.bowl import BatchBowl, MeanSquaredError
from gdcore.landscapes.columns import Columns
from gdcore.landscapes.landscape import Landscape
from gdcore.rows.dataset import load
from gdcore.rows.scaling import standardized, standardized_loss
from gdcore.studies.race import race, sensible_rate
from gdcore.studies.sweep import NEAR_BY_CHANCE, sweep
from tests.problems import exact_loss_and_gradient, pizza_rows, relative_error

if TYPE_CHECKING:
    from gdcore.landscapes.landscape import Value

REFERENCE: dict[str, Any] = json.loads((Path(__file__).parent / "reference" / "torch_batches.json").read_text())[
    "pizza"
]
RUNS = REFERENCE["runs"]


# --- Which rows


@pytest.mark.parametrize(
    ("seed", "epoch", "first"),
    [
        (7, 0, [8, 29, 16, 4, 23, 25, 26, 28]),
        (7, 1, [28, 21, 12, 17, 15, 16, 27, 26]),
        (0, 0, [0, 21, 2, 11, 20, 17, 9, 1]),
    ],
)
def test_the_order_is_that_of_the_raw_stream(seed: int, epoch: int, first: list[int]) -> None:
    assert Batch(8, seed).rows(4 * epoch, 30).tolist() == first
    assert Batch(1, seed).rows(30 * epoch + 2, 30).tolist() == first[2:3]


@pytest.mark.parametrize("size", [1, 4, 7, 29, 30])
@pytest.mark.parametrize("seed", [0, 5, 2**63 - 1])
def test_an_epoch_has_every_row_once_and_its_last_batch_may_be_smaller(size: int, seed: int) -> None:
    batch = Batch(size, seed)
    steps = batch.steps(30)
    for epoch in range(3):
        parts = [batch.rows(epoch * steps + step, 30) for step in range(steps)]
        assert sorted(np.concatenate(parts).tolist()) == list(range(30))
        assert [len(part) for part in parts[:-1]] == [size] * (steps - 1)
        assert 0 < len(parts[-1]) <= size
        assert {batch.epoch(epoch * steps + step, 30) for step in range(steps)} == {epoch}


def test_seeds_and_epochs_have_orders_of_their_own() -> None:
    orders = {tuple(Batch(30, seed).rows(epoch, 30).tolist()) for seed in range(6) for epoch in range(6)}
    assert len(orders) == 36


def test_the_rows_of_a_step_need_no_history(monkeypatch: pytest.MonkeyPatch) -> None:
    batch = Batch(7, 3)
    known = [batch.rows(iteration, 30).tolist() for iteration in range(1000)]
    monkeypatch.setattr(shuffle, "_parts", {})
    assert [batch.rows(iteration, 30).tolist() for iteration in range(999, -1, -1)] == known[::-1]
    assert len(shuffle._parts) <= 64


@pytest.mark.parametrize("size", [1, 7, 100, 997, 1001])
def test_an_order_made_in_parts_is_the_same(monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    batch, rows = Batch(size, 3), 1001
    whole_order = [batch.rows(iteration, rows).tolist() for iteration in range(2 * batch.steps(rows))]
    for part in (64, 500):
        monkeypatch.setattr(shuffle, "PART", part)
        monkeypatch.setattr(shuffle, "_CHUNK", 100)
        for held in ("_parts", "_starts"):
            monkeypatch.setattr(shuffle, held, {})
        assert [batch.rows(iteration, rows).tolist() for iteration in range(2 * batch.steps(rows))] == whole_order
        assert max(map(len, shuffle._parts.values())) < 2 * part


def test_an_order_made_elsewhere_is_replayed_and_begins_again() -> None:
    epochs = REFERENCE["order of rows, epoch by epoch"]
    batch = Batch(7, order=Order.of(epochs))
    assert batch.rows(0, 30).tolist() == epochs[0][:7]
    assert batch.rows(14, 30).tolist() == epochs[2][28:]
    assert batch.rows(15, 30).tolist() == epochs[0][:7]


TEXT = """\
# an epoch a line
2 0 1 3

3, 2, 1, 0
"""


def test_an_order_in_a_file(tmp_path: Path) -> None:
    path = tmp_path / "order.txt"
    path.write_text(TEXT)
    order = Order.load(str(path), 4)
    assert [epoch.tolist() for epoch in order.epochs] == [[2, 0, 1, 3], [3, 2, 1, 0]]
    assert order.name == "order.txt"
    again = Order.of([[2, 0, 1, 3], [3, 2, 1, 0]])
    assert order == again
    assert hash(order) == hash(again)
    assert order != Order.of([[2, 0, 1, 3]])
    assert Batch(2, order=order) == Batch(2, order=again) != Batch(2)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "o.txt is empty; it needs the numbers of the rows from 0, an epoch a line"),
        ("# no more\n\n", "o.txt is empty; it needs the numbers of the rows from 0, an epoch a line"),
        ("0 1 2\n0 1 two\n", 'o.txt, line 2: "two" is not the number of a row; rows are counted from 0'),
        ("0 1 -2", 'o.txt, line 1: "-2" is not the number of a row; rows are counted from 0'),
        ("0 1 1.0", 'o.txt, line 1: "1.0" is not the number of a row; rows are counted from 0'),
        ("0 1 \x1b[2J", 'o.txt, line 1: "\\x1b[2J" is not the number of a row; rows are counted from 0'),
        ("0 1 2\n\n0 1 3", "o.txt, line 3: it has row 3, where rows are counted from 0 to 2"),
        ("0 1 1", "o.txt, line 1: it has row 1 twice; each row comes once in an epoch"),
        ("0 2", "o.txt, line 1: it has 2 rows where there are 3; each row comes once in an epoch"),
        (f"0 1 {'9' * 30}", f'o.txt, line 1: "{"9" * 30}" is not the number of a row; rows are counted from 0'),
    ],
)
def test_a_mistake_in_an_order_is_a_sentence_with_its_line(text: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(sentence)}$"):
        Order.from_text(text, 3, "o.txt")


def test_an_order_that_cannot_be_read_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "bytes").write_bytes(b"\xff\xfe0 1")
    for name, words in (("none", "no such file"), ("", "directory"), ("bytes", "not text in UTF-8")):
        with pytest.raises(ValueError, match=words) as raised:
            Order.load(str(tmp_path / name), 3)
        assert str(raised.value).isprintable()


def test_an_order_of_other_rows_is_refused(pizza: MeanSquaredError) -> None:
    with pytest.raises(ValueError, match=r"^the order is one of 3 rows, the data have 30$"):
        begin(pizza, Settings(batch=Batch(2, order=Order.of([[0, 2, 1]]))))


@pytest.mark.parametrize(
    ("values", "word"), [((0,), "batch"), ((-1,), "batch"), ((3, -1), "seed"), ((3, 2**63), "seed")]
)
def test_size_and_seed_are_checked(values: tuple[int, ...], word: str) -> None:
    with pytest.raises(ValueError, match=f"^{word} must be a whole number from "):
        Batch(*values)  # type: ignore[arg-type]


# --- PyTorch


def test_the_reference_has_all_the_rows_in_every_epoch() -> None:
    assert len(RUNS) == 12
    assert {run["batch size"] for run in RUNS} == {1, 5, 7, 30}


@pytest.mark.parametrize("run", RUNS, ids=lambda run: f"{run['optimizer']}, {run['batch size']}")
def test_every_state_is_that_of_pytorch(pizza: MeanSquaredError, run: dict[str, Any]) -> None:
    batch = Batch(run["batch size"], order=Order.of(REFERENCE["order of rows, epoch by epoch"]))
    settings = Settings(run["learning rate"], OPTIMIZERS[run["optimizer"].replace(" ", "-")](), True, batch=batch)
    last = len(run["w"]) - 1
    states = list(descend(pizza, settings, Limits(last), begin(pizza, settings)))
    assert len(states) == last + 1
    for i, state in enumerate(states):
        expected = [run[name][i] for name in ("w", "b", "loss")]
        assert [state.w, state.b, state.loss] == pytest.approx(expected, rel=1e-10, abs=0)
        assert state.gradient == pytest.approx((run["dw"][i], run["db"][i]), rel=1e-10, abs=1e-9)


# --- What a step sees


@pytest.mark.parametrize("batch", [Batch(1), Batch(7, 2), Batch(29)], ids=repr)
def test_loss_and_gradient_are_those_of_the_rows_of_the_batch_to_the_last_digits(
    pizza: MeanSquaredError, batch: Batch
) -> None:
    x, y = pizza_rows()
    for iteration in range(12):
        rows = batch.rows(iteration, 30)
        exact, slopes = exact_loss_and_gradient(x[rows], y[rows], 0.3, 11.7)
        value, gradient = pizza.seen(iteration, batch).loss_and_gradient(0.3, 11.7)
        assert relative_error(value, exact) < 1e-13
        assert [relative_error(*pair) for pair in zip(gradient, slopes, strict=True)] == pytest.approx(
            [0, 0], abs=1e-12
        )


def test_the_losses_of_the_batches_of_an_epoch_are_on_average_the_whole_loss(pizza: MeanSquaredError) -> None:
    batch = Batch(7)
    sizes = [len(batch.rows(i, 30)) for i in range(5)]
    losses = [pizza.seen(i, batch)(1.0, 5.0) for i in range(5)]
    assert np.dot(sizes, losses) / 30 == pytest.approx(pizza(1.0, 5.0), rel=1e-13)


def test_a_batch_of_all_rows_or_more_is_the_whole(pizza: MeanSquaredError) -> None:
    assert pizza.seen(3, Batch(30)) is pizza
    assert pizza.seen(3, Batch(1000, 5)) is pizza
    plain = Settings(0.001, Momentum(), True)
    states = list(descend(pizza, plain, Limits(20), begin(pizza, plain)))
    settings = Settings(0.001, Momentum(), True, batch=Batch(64))
    assert list(descend(pizza, settings, Limits(20), begin(pizza, settings))) == states
    assert whole(pizza, settings, states[3]) is states[3]


def test_a_batch_is_a_bowl_with_its_own_minimum(pizza: MeanSquaredError) -> None:
    seen = pizza.seen(4, Batch(8, 1))
    assert isinstance(seen, BatchBowl)
    assert seen.over(seen.columns.x, seen.columns.y).loss_and_gradient(1.0, 2.0) == seen.loss_and_gradient(1.0, 2.0)
    (minimum,) = seen.minima()
    assert seen.gradient(minimum.w, minimum.b) == pytest.approx((0, 0), abs=1e-10)
    assert minimum.loss < pizza.floor * 2
    assert seen.curvature(True).critical_learning_rate != pizza.curvature(True).critical_learning_rate


@pytest.mark.parametrize("batch", [Batch(1), Batch(2, 4), Batch(8, 1)], ids=repr)
def test_all_that_is_asked_of_a_batch_is_as_its_moments_have_it(pizza: MeanSquaredError, batch: Batch) -> None:
    x, y = pizza_rows()
    for iteration in range(4):
        rows = batch.rows(iteration, 30)
        seen, bowl = pizza.seen(iteration, batch), MeanSquaredError.of(x[rows], y[rows])
        points = np.array([-1.0, 0.5, 3.0])
        one_by_one = [seen(w, 2.0) for w in points.tolist()]
        assert np.asarray(seen(points, 2.0)).tolist() == pytest.approx(one_by_one, rel=1e-12)
        for b in (None, 3.0):
            assert (seen.minima(b), seen.lowest(b)) == (bowl.minima(b), bowl.lowest(b))
        assert seen.hessian(0.0, 0.0) == bowl.hessian(0.0, 0.0)
        assert [seen.curvature(both) for both in (True, False)] == [bowl.curvature(both) for both in (True, False)]
        assert (seen.exact, seen.convex, seen.has_bias) == (True, True, True)
        assert str(seen.valley(points)) == str(bowl.valley(points))
        mine, theirs = (one.contours([50.0], (-1, 3), (0, 20))[0] for one in (seen, bowl))
        np.testing.assert_array_equal(mine, theirs)


def test_batches_of_rows_far_from_0_keep_their_digits() -> None:
    x, y = pizza_rows()
    far = MeanSquaredError.of(x + 1e9, y)
    seen = far.seen(2, Batch(5))
    rows = Batch(5).rows(2, 30)
    exact, slopes = exact_loss_and_gradient(x[rows] + 1e9, y[rows], 1.1, -1.1e9)
    value, gradient = seen.loss_and_gradient(1.1, -1.1e9)
    assert relative_error(value, exact) < 1e-9
    assert [relative_error(*pair) for pair in zip(gradient, slopes, strict=True)] == pytest.approx([0, 0], abs=1e-9)


def test_what_was_asked_for_lately_is_held_and_not_measured_again(pizza: MeanSquaredError) -> None:
    first = pizza.seen(11, Batch(8, 9))
    assert pizza.seen(12, Batch(8, 9)) is not first
    assert pizza.seen(11, Batch(8, 9)) is first
    assert pizza.seen(11, Batch(8, 8)) is not first
    columns = Columns(*pizza_rows())
    for iteration in range(200):
        columns.seen(iteration, Batch(4), MeanSquaredError.of)
    assert len(columns._recent) == 64


def test_batches_of_standardized_rows(pizza: MeanSquaredError) -> None:
    rows, _ = standardized(load("pizza"))
    loss = standardized_loss(pizza)
    picked = Batch(6, 1).rows(8, 30)
    expected = MeanSquaredError.of(rows.x[picked], rows.y[picked]).loss_and_gradient(0.5, 0.1)
    value, gradient = loss.seen(8, Batch(6, 1)).loss_and_gradient(0.5, 0.1)
    assert (value, *gradient) == pytest.approx((expected[0], *expected[1]), rel=1e-12)


class Hill(Landscape):
    title = "hill"

    def loss_and_gradient(self, w: Value, b: Value) -> tuple[Value, tuple[Value, Value]]:
        return w * w + 0 * b, (2 * w, 0.0 * b)


def test_a_landscape_without_rows_has_no_batches(pizza: MeanSquaredError) -> None:
    sentence = r"^hill has no rows at hand, so there is no batch of them$"
    hill = Hill()
    assert hill.seen(5) is hill
    with pytest.raises(ValueError, match=sentence):
        begin(Hill(), Settings(batch=Batch(3)))
    run = Timeline(Hill(), Settings(0.1), w=1.0)
    run.forward(5)
    run.back(2)
    with pytest.raises(ValueError, match=sentence):
        run.change(Settings(0.1, batch=Batch(3)))
    assert (run.tip, run.state.iteration, run.settings) == (5, 3, Settings(0.1)), "nothing has changed"
    with pytest.raises(ValueError, match=r"^squared error has no rows at hand"):
        MeanSquaredError(pizza.moments, 1.0, 1.0, 1.0, 0.0, far=False).seen(0, Batch(3))


# --- Runs


def test_adopting_another_batch_measures_the_point_on_its_rows(pizza: MeanSquaredError) -> None:
    before, after = Settings(0.001), Settings(0.001, batch=Batch(5))
    *_, state = descend(pizza, before, Limits(7), begin(pizza, before))
    adopted = adopt(pizza, state, after, before)
    assert (adopted.loss, adopted.gradient) == pizza.seen(7, Batch(5)).loss_and_gradient(state.w, state.b)
    assert adopted.loss != state.loss
    assert adopt(pizza, adopted, before, after) == state
    assert whole(pizza, after, adopted) == state


def test_a_run_with_batches_is_the_same_whichever_way_it_is_walked(pizza: MeanSquaredError) -> None:
    settings = Settings(0.0005, Adam(), True, batch=Batch(4, 11))
    run = Timeline(pizza, settings, Limits(700))
    run.forward(300)
    run.change(Settings(0.0005, Momentum(), True, batch=Batch(9, 11)))
    run.forward(400)
    states = [run.state]
    while run.back():
        states.append(run.state)
    assert states[::-1][300].loss == pizza.seen(300, Batch(9, 11))(states[400].w, states[400].b)
    for jump in (299, 300, 301, STRIDE, 2 * STRIDE + 1, 700):
        run.back(run.tip)
        run.forward(jump)
        assert run.state == states[700 - jump]
    path = run.path(0, 701)
    assert path[:, 2].tolist() == [state.loss for state in reversed(states)]
    _, extremes = run.losses(0, 701, 3)
    assert {path[:, 2].min(), path[:, 2].max()} <= set(extremes.tolist())


def test_the_extremes_of_the_losses_follow_a_change_at_the_end_of_a_block(pizza: MeanSquaredError) -> None:
    run = Timeline(pizza, Settings(1e-300), Limits(3000), w=1.84)
    run.forward(3 * 256 - 1)
    _, before = run.losses(0, 768, 1)
    run.change(Settings(1e-300, batch=Batch(1, 1)))
    _, after = run.losses(0, 768, 1)
    losses = run.path(0, 768)[:, 2]
    assert after.max() == losses.max() == run.state.loss > 1.1 * before.max()


def test_another_seed_is_a_branch_and_the_first_steps_differ(pizza: MeanSquaredError) -> None:
    branches = Branches(Timeline(pizza, Settings(0.0005, train_bias=True, batch=Batch(5)), Limits(100)))
    branches.run.forward(20)
    old = branches.run
    branches.run.back(20)
    branches.change(Settings(0.0005, train_bias=True, batch=Batch(5, 1)))
    branches.run.forward(20)
    assert [branch.different for branch in branches] == ["from the start", "seed 1"]
    assert old.fork().forward(0) == 0
    assert branches.run.state.w != old.path(20, 21)[0, 0]


def test_words_for_a_change_of_batch() -> None:
    plain, some, other = Settings(), Settings(batch=Batch(8)), Settings(batch=Batch(8, 3))
    assert (brief(plain, some), brief(some, other), brief(other, plain)) == ("batches of 8", "seed 3", "all rows")
    assert difference(plain, other) == "batches of 8, seed 3"
    assert brief(some, Settings(batch=Batch(8, order=Order.of([[0]])))) == "another order of rows"


def test_a_tolerance_is_one_of_the_gradient_of_the_batch(pizza: MeanSquaredError) -> None:
    settings = Settings(0.0005, batch=Batch(1))
    *_, state = descend(pizza, settings, Limits(40), begin(pizza, settings))
    norm = abs(state.gradient[0])
    ending = proceed(pizza, settings, Limits(100, norm * 1.01), state)
    assert not isinstance(ending, tuple)
    assert ending.reason is Reason.TOLERANCE
    assert "the gradient norm of the batch" in ending.sentence
    assert isinstance(proceed(pizza, settings, Limits(100, norm * 0.99), state), tuple)


def test_many_rates_at_once_see_the_same_batch(pizza: MeanSquaredError) -> None:
    rates = np.array([1e-4, 5e-4, 1e-3])
    settings = Settings(train_bias=True, batch=Batch(5, 2))
    together = begin(pizza, settings)._replace(learning_rate=rates)
    for _ in range(12):
        together = advance(pizza, settings, together, rates)
    for index, rate in enumerate(rates.tolist()):
        alone = Settings(rate, train_bias=True, batch=Batch(5, 2))
        *_, last = descend(pizza, alone, Limits(12), begin(pizza, alone))
        assert (np.asarray(together.w)[index], np.asarray(together.b)[index]) == pytest.approx(
            (last.w, last.b), rel=1e-12
        )


def test_nudging_goes_by_the_batch(pizza: MeanSquaredError) -> None:
    settings = Settings(0.5, Nudge(), True, batch=Batch(3, 1))
    state = begin(pizza, settings)
    for iteration in range(30):
        seen = pizza.seen(iteration, settings.batch)
        after = advance(pizza, settings, state)
        assert seen(after.w, after.b) <= state.loss
        assert after.loss == pizza.seen(iteration + 1, settings.batch)(after.w, after.b)
        state = after


def test_a_sweep_with_batches_arrives_near_the_minimum_of_all_rows(pizza: MeanSquaredError) -> None:
    critical = pizza.curvature(False).critical_learning_rate
    settings = Settings(batch=Batch(10))
    rates = [1e-7, 0.01 * critical, 0.1 * critical, 2 * critical]
    *_, result = sweep(pizza, (0.0, 0.0), settings, rates, limit=3000)
    assert result.arrived.tolist() == [False, True, True, False]
    assert result.diverged.tolist() == [False, False, False, True]
    assert all(result.iterations[1:3] % 3 == 0), "it is looked at once in an epoch of three steps"
    lowest = pizza.lowest(0.0)
    assert lowest is not None
    again = Settings(0.1 * critical, batch=Batch(10))
    *_, last = descend(pizza, again, Limits(int(result.iterations[2])), begin(pizza, again))
    assert pizza(last.w, last.b) <= lowest * (1 + NEAR_BY_CHANCE)


def test_the_rate_for_a_race_is_one_for_the_iterations_that_come(pizza: MeanSquaredError) -> None:
    """Late under a cosine a larger base rate is needed; at iteration 14 other rows are seen than at 0."""
    under = Settings(schedule=Cosine(40), batch=Batch(7, 1))
    rates = [sensible_rate(pizza, under, begin(pizza, under, iteration=iteration), 5) for iteration in (0, 34)]
    assert rates[1] > 3 * rates[0]


def test_a_race_with_batches_is_won_by_the_loss_of_all_rows(pizza: MeanSquaredError) -> None:
    settings = Settings(0.0005, GradientDescent(), True, batch=Batch(6, 4))
    branches = Branches(Timeline(pizza, settings, Limits(150)))
    branches.run.forward(10)
    runners = race(branches)
    assert {runner.run.settings.batch for runner in runners} == {Batch(6, 4)}
    ends = [pizza(runner.run.state.w, runner.run.state.b) for runner in runners]
    assert ends == sorted(ends)
    assert ends[0] < pizza(branches.run.state.w, branches.run.state.b)
