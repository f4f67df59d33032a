"""Rows that stay in DuckDB: losses that are added up there and batches by position, against NumPy on the same rows."""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING, Any

import duckdb
import numpy as np
import pytest

from gdcore.descent.batches import Batch
from gdcore.descent.branches import Branches
from gdcore.descent.optimizers import Adam
from gdcore.descent.steps import Limits, Settings, begin, descend
from gdcore.descent.timeline import STRIDE, Timeline
from gdcore.landscapes.losses import Huber, loss_name, loss_of_rows
from gdcore.rows import remote
from gdcore.rows.dataset import Dataset, DatasetError, Origin
from gdcore.rows.ground import ground_of_rows
from gdcore.session import Session
from gdcore.studies.race import race
from tests.screens import choose, laboratory, main_screen, opened, press, press_at_once, settled, shown, state, told
from tui import cli
from tui.headless.export.script import script
from tui.headless.export.table import table
from tui.headless.plain.conversation import Plain
from tui.headless.train import Output, train_session
from tui.laboratory import lesson
from tui.laboratory.ground import Ground
from tui.laboratory.laboratory import Laboratory
from tui.laboratory.saving import ground_of, laboratory_of, session_of
from tui.laboratory.walk import SPEEDS
from tui.screen.app import GradientDescentApp
from tui.sources import duck
from tui.sources.held import Held
from tui.sources.load import load
from tui.views.views import VIEWS

if TYPE_CHECKING:
    from pathlib import Path

    from gdcore.descent.state import State
    from gdcore.landscapes.landscape import Landscape

ROWS = 3000
LOSSES = {"absolute": "y", "huber": "y", "logistic": "label"}
POINTS = [(0.0, 0.0), (1.5, -2.0), (-300.0, 1e3), (1e-3, 0.4)]


@pytest.fixture(scope="module")
def rows() -> dict[str, np.ndarray]:
    random = np.random.default_rng(7)
    x = random.normal(5, 2, ROWS)
    y = 3 * x - 4 + random.standard_t(2, ROWS)
    return {"x": x, "y": y, "label": (random.random(ROWS) < 1 / (1 + np.exp(5 - x))).astype(float)}


@pytest.fixture(scope="module")
def folder(rows: dict[str, np.ndarray], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the rows as files."""
    import pyarrow as pa  # noqa: PLC0415

    found = tmp_path_factory.mktemp("rows")
    given = pa.table(rows)
    with duckdb.connect(str(found / "t.duckdb")) as connection:
        connection.register("given", given)
        connection.execute("CREATE TABLE rows AS SELECT * FROM given")
        connection.execute("CREATE TABLE holes AS SELECT * FROM given")
        connection.execute("DELETE FROM holes WHERE rowid = 7")
        connection.execute("CREATE VIEW seen AS SELECT * FROM rows")
        for name in ("t.parquet", "part-1.parquet", "part-2.parquet"):
            connection.execute(f"COPY given TO '{found / name}' (ROW_GROUP_SIZE 2048)")
        connection.execute(f"COPY given TO '{found / 't.jsonl'}' (FORMAT json)")
        connection.execute(f"COPY given TO '{found / 't.csv'}' (HEADER)")
        bad = "SELECT x, CASE WHEN rowid = 5 THEN NULL ELSE y END AS y FROM rows"
        connection.execute(f"COPY ({bad}) TO '{found / 'bad.parquet'}'")
    return found


@pytest.fixture(autouse=True)
def queries(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """No table is small enough to be taken whole; the queries that DuckDB is asked."""
    asked: list[str] = []
    run = duck.DuckTable.fetch, duck.DuckTable._fetched

    def fetch(self: duck.DuckTable, query: str) -> Any:
        asked.append(query)
        return run[0](self, query)

    def fetched(self: duck.DuckTable, query: str) -> Any:
        asked.append(query)
        return run[1](self, query)

    monkeypatch.setattr(duck.DuckTable, "kept", 0)
    monkeypatch.setattr(duck.DuckTable, "fetch", fetch)
    monkeypatch.setattr(duck.DuckTable, "_fetched", fetched)
    return asked


def data_of(folder: Path, y: str = "y", name: str = "t.parquet", **more: Any) -> Dataset:
    return load(Origin((str(folder / name),), **more), "x", y)


def in_memory(rows: dict[str, np.ndarray], y: str) -> Dataset:
    return Dataset("t", None, rows["x"], rows[y], "x", y, ("x", y))


def walked(landscape: Landscape, settings: Settings, steps: int) -> list[State]:
    return list(descend(landscape, settings, Limits(steps), begin(landscape, settings)))


# Losses


@pytest.mark.parametrize("scaled", [False, True])
@pytest.mark.parametrize("loss", LOSSES)
def test_loss_and_slopes_are_those_of_all_rows_and_cost_one_query(
    folder: Path, rows: dict[str, np.ndarray], queries: list[str], loss: str, scaled: bool
) -> None:
    far, scale = ground_of_rows(data_of(folder, LOSSES[loss]), loss, 2.0, scaled=scaled)
    near, near_scale = ground_of_rows(in_memory(rows, LOSSES[loss]), loss, 2.0, scaled=scaled)
    assert (far.title, far.formula, loss_name(far), far.remote) == (near.title, near.formula, loss_name(near), True)
    assert bool(scale) is bool(near_scale) is scaled
    for number, point in enumerate(POINTS):
        before = len(queries)
        value, slopes = far.loss_and_gradient(*point)
        assert (far(*point), far.gradient(*point)) == (value, slopes)
        assert len(queries) == before + 1, number
        expected, slopes_expected = near.loss_and_gradient(*point)
        assert value == pytest.approx(expected, rel=1e-12)
        # A slope is a sum of terms of both signs: its error is one of the terms.
        assert slopes == pytest.approx(slopes_expected, rel=1e-12, abs=1e-12)
    assert far.cost.endswith(" s")


@pytest.mark.parametrize("loss", LOSSES)
def test_the_trajectory_is_that_of_all_rows_at_one_query_a_step(
    folder: Path, rows: dict[str, np.ndarray], queries: list[str], loss: str
) -> None:
    far = ground_of_rows(data_of(folder, LOSSES[loss]), loss)[0]
    near = ground_of_rows(in_memory(rows, LOSSES[loss]), loss)[0]
    settings = Settings(0.01, Adam(), train_bias=True)
    before = len(queries)
    found = walked(far, settings, 20)
    assert len(queries) == before + 21
    for mine, theirs in zip(found, walked(near, settings, 20), strict=True):
        assert (mine.w, mine.b, mine.loss) == pytest.approx((theirs.w, theirs.b, theirs.loss), rel=1e-12)


@pytest.mark.parametrize(
    ("name", "more"),
    [
        ("t.jsonl", {}),
        ("t.csv", {"engine": "duckdb"}),
        ("part-*.parquet", {}),
        ("t.duckdb", {"table": "seen"}),
        ("t.parquet", {"query": "SELECT y, x FROM data"}),
    ],
)
def test_whatever_holds_the_rows(folder: Path, rows: dict[str, np.ndarray], name: str, more: dict[str, str]) -> None:
    near = loss_of_rows(rows["x"], rows["y"], "huber")
    far = ground_of_rows(data_of(folder, name=name, **more), "huber")[0]
    assert far(1.5, -2.0) == pytest.approx(near(1.5, -2.0), rel=1e-12)


def test_bad_rows_are_left_out(folder: Path, rows: dict[str, np.ndarray]) -> None:
    data = load(Origin((str(folder / "bad.parquet"),)), "x", "y", skip_bad_rows=True)
    near = loss_of_rows(np.delete(rows["x"], 5), np.delete(rows["y"], 5), "absolute")
    assert ground_of_rows(data, "absolute")[0](1.5, -2.0) == pytest.approx(near(1.5, -2.0), rel=1e-12)


def test_small_tails_of_the_logistic_loss_are_exact(folder: Path, rows: dict[str, np.ndarray]) -> None:
    data = load(Origin((str(folder / "t.parquet"),), query="SELECT x, 0 AS y FROM data"))
    far, near = ground_of_rows(data, "logistic")[0], loss_of_rows(rows["x"], 0 * rows["x"], "logistic")
    for point in ((0.0, -30.0), (0.0, -60.0), (-1.0, -300.0), (0.0, 60.0), (1e3, 1e5)):
        assert far(*point) == pytest.approx(near(*point), rel=1e-12, abs=0.0)


def test_what_is_too_large_is_not_asked(folder: Path, queries: list[str]) -> None:
    far = ground_of_rows(data_of(folder), "huber")[0]
    before = len(queries)
    for w in (1e151, np.inf, np.nan):
        assert far(w, 0.0) == np.inf
    assert len(queries) == before


def test_going_back_asks_nothing_and_shows_the_same_bits(
    folder: Path, queries: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    far = ground_of_rows(data_of(folder), "huber")[0]
    assert isinstance(far, remote.RemoteLoss)
    answers = iter(np.random.default_rng(1).random((9999, 3)).tolist())
    monkeypatch.setattr(type(far.columns.engine), "means", lambda *_: next(answers))  # never the same twice
    run = Timeline(far, Settings(0.01, train_bias=True), Limits(3 * STRIDE))
    there = [run.state]
    while run.forward():
        there.append(run.state)
    before = len(queries)
    back = [run.state]
    while run.back():
        back.append(run.state)
    assert back == there[::-1]
    assert len(queries) == before


def test_many_points_curvature_and_minimum_are_those_of_the_sample(folder: Path, queries: list[str]) -> None:
    data = data_of(folder)
    far = ground_of_rows(data, "huber", 2.0)[0]
    sample = Huber(data.x, data.y, 2.0)
    before = len(queries)
    ws = np.linspace(-1, 4, 7)
    assert np.array_equal(far(ws, 1.0), sample(ws, 1.0))
    assert np.array_equal(far.gradient(ws, ws), sample.gradient(ws, ws))
    assert far.hessian(1.0, 2.0) == sample.hessian(1.0, 2.0)
    assert (far.minima(), far.scope, far.sampled) == (sample.minima(), sample.scope, 2000)
    levels, window = [9.0], ((-1.0, 4.0), (-3.0, 3.0))
    assert np.array_equal(far.contours(levels, *window), sample.contours(levels, *window), equal_nan=True)
    assert (far.lowest(), far.sure_lowest(), far.valley(ws), far.why_no_minimum()) == (None, None, None, "")
    assert len(queries) == before, "nothing of it is asked"


def test_the_labels_of_all_rows_are_looked_at(folder: Path, queries: list[str]) -> None:
    data = data_of(folder, "label")
    before = len(queries)
    ground_of_rows(data, "logistic")
    assert len(queries) == before + 1
    with pytest.raises(ValueError, match=r"^the logistic loss needs the labels 0 and 1 for y, and a row has \d"):
        ground_of_rows(data_of(folder), "logistic")


# Batches


@pytest.mark.parametrize("place", [("t.parquet", {}), ("t.duckdb", {"table": "rows"})])
@pytest.mark.parametrize("loss", ["squared", "huber"])
def test_batches_by_position_are_those_in_memory(
    folder: Path, rows: dict[str, np.ndarray], queries: list[str], place: tuple[str, dict[str, str]], loss: str
) -> None:
    far = ground_of_rows(data_of(folder, name=place[0], **place[1]), loss)[0]
    near = ground_of_rows(in_memory(rows, "y"), loss)[0]
    settings = Settings(1e-3, train_bias=True, batch=Batch(700, seed=3))
    before = len(queries)
    assert walked(far, settings, 12) == walked(near, settings, 12), "to the same bits"
    assert len(queries) == before + 13
    walked(far, settings, 12)
    assert len(queries) == before + 13, "the batches are remembered"


def test_batches_of_standardized_rows(folder: Path, rows: dict[str, np.ndarray]) -> None:
    settings = Settings(0.05, train_bias=True, batch=Batch(50))
    for loss in ("squared", "absolute"):
        far, near = (ground_of_rows(data, loss, scaled=True)[0] for data in (data_of(folder), in_memory(rows, "y")))
        for mine, theirs in zip(walked(far, settings, 9), walked(near, settings, 9), strict=True):
            assert (mine.w, mine.b, mine.loss) == pytest.approx((theirs.w, theirs.b, theirs.loss), rel=1e-10)


@pytest.mark.parametrize(
    ("name", "more", "skip", "part"),
    [
        ("t.jsonl", {}, False, "the rows of t.jsonl have no position to be read by; those of one Parquet file or of a"),
        ("part-*.parquet", {}, False, "the rows of part-*.parquet have no position"),
        ("t.parquet", {"query": "SELECT x, y FROM data"}, False, "the rows of t.parquet have no position"),
        ("t.duckdb", {"table": "holes"}, False, "the rows of t.duckdb have no position"),
        ("t.duckdb", {"table": "seen"}, False, "the rows of t.duckdb have no position"),
        ("bad.parquet", {}, True, "rows are read by their position, and bad ones are among those of bad.parquet"),
    ],
)
def test_where_rows_have_no_position_a_sentence_says_so(
    folder: Path, name: str, more: dict[str, str], skip: bool, part: str
) -> None:
    data = load(Origin((str(folder / name),), **more), "x", "y", skip_bad_rows=skip)
    room = Laboratory(data, Settings(1e-3), Limits(9))
    with pytest.raises(DatasetError, match=r"^batches: ") as caught:
        room.walk.set_batch(10)
    assert part in str(caught.value)
    assert room.walk.timeline.settings.batch is None, "all stays as it is"
    room.walk.step(3)
    assert room.frame.state.iteration == 3


def test_an_order_of_too_many_rows_is_not_made(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote, "ORDERED", ROWS - 1)
    with pytest.raises(DatasetError, match=r"^batches: to put 3,000 rows in order takes too long; load 2,999 of them"):
        walked(data_of(folder).squared_error, Settings(1e-3, batch=Batch(9)), 1)


# What goes wrong


def test_data_that_change_or_vanish_are_a_sentence(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    path.write_bytes((folder / "t.parquet").read_bytes())
    far = ground_of_rows(data_of(tmp_path), "huber")[0]
    first = far(0.0, 0.0)
    with duckdb.connect() as connection:
        connection.execute(f"COPY (SELECT * FROM '{folder / 't.parquet'}' LIMIT 2500) TO '{tmp_path / 'u.parquet'}'")
    kept = path.read_bytes()
    (tmp_path / "u.parquet").replace(path)
    with pytest.raises(DatasetError, match=r"^t.parquet has changed since it was loaded; open it again$"):
        far(1.0, 0.0)
    path.unlink()
    with pytest.raises(DatasetError) as caught:
        far(2.0, 0.0)
    assert str(caught.value).isprintable()
    path.write_bytes(kept)
    assert far(2.0, 0.0) != first, "it is asked anew"


def test_a_script_needs_the_rows_and_says_so(folder: Path) -> None:
    room = Laboratory(Ground.of(data_of(folder), "huber"), Settings(0.01), Limits(9))
    room.walk.step(3)
    for form in ("numpy", "torch"):
        with pytest.raises(
            DatasetError, match=r"^a script that walks again: this needs all the rows, and of the 3,000"
        ):
            script(room, form)
    assert len(table(room, "csv").splitlines()) == 5


# Sessions, the command line, words


@pytest.mark.parametrize("batch", [None, Batch(64, seed=2)])
def test_a_session_goes_to_the_engine_again(
    folder: Path, capsys: pytest.CaptureFixture[str], batch: Batch | None
) -> None:
    data = data_of(folder)
    ground = Ground.of(data, "huber", 1.5)
    branches = Branches(Timeline(ground.landscape, Settings(0.01, train_bias=True, batch=batch), Limits(9)))
    branches.run.forward(6)
    session = Session.from_text(Session.of(data, branches).to_text())
    again = ground_of(session)
    assert isinstance(again, Dataset)
    room = laboratory_of(session, again)
    assert room.walk.timeline.landscape.remote
    mine, theirs = branches.run.state, room.walk.timeline.state
    assert (mine.w, mine.b, mine.loss) == pytest.approx((theirs.w, theirs.b, theirs.loss), rel=1e-12)
    assert train_session(session, again, Output("json")) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["loss"], document["delta"], len(document["states"])) == ("huber", 1.5, 7)
    assert document["states"][-1]["w"] == pytest.approx(mine.w, rel=1e-12)
    assert document["minimum"] is None, "it is known of a sample alone"


def test_the_command_line_tells_what_a_step_takes(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ["gdlab", "train", str(folder / "t.parquet"), "--x", "x", "--y", "y", "-n", "3", "-l", "0.001"]
    for more in (["--loss", "huber"], ["--batch", "10"], ["--loss", "absolute", "--batch", "10"]):
        monkeypatch.setattr("sys.argv", [*words, *more])
        assert cli.main() == 0
        said = capsys.readouterr()
        assert "A step is one query: " in said.err
        assert ("sample of 2,000 of the 3,000 rows" in said.err) is ("--loss" in more)
        assert said.out.count("Iteration") == 3
    monkeypatch.setattr("sys.argv", words)
    assert cli.main() == 0
    assert "query" not in capsys.readouterr().err


def test_the_conversation_tells_what_a_step_takes(folder: Path) -> None:
    plain = Plain(Laboratory(data_of(folder), Settings(0.001), Limits(20)))
    assert not any("query" in line for line in plain.greeting())
    assert any(line.startswith("A step is one query: ") for line in plain.answer("loss huber"))
    assert next(iter(plain.answer("run 5"))).startswith("5 steps made.")
    assert any("sample of 2,000 of the 3,000 rows" in line for line in plain.answer("where"))
    assert next(iter(plain.answer("loss logistic"))).startswith("the logistic loss needs the labels 0 and 1")
    assert next(iter(plain.answer("batch 10"))) == "Each step sees 10 rows of 3,000, seed 0."
    assert list(plain.answer("why"))
    room = plain.laboratory
    assert not room.studies.seeds()
    assert "each step is a query" in room.notes.text


def test_the_digits_of_a_minimum_that_is_that_of_a_sample_are_not_known(folder: Path) -> None:
    room = Laboratory(Ground.of(data_of(folder), "huber"), Settings(0.01, train_bias=True), Limits(4))
    compared = {what: told for what, told, _ in lesson.comparison(*[room.walk.branches.current] * 2)}
    assert compared["correct digits"] == "no minimum known"


def test_a_race_is_walked_on_all_rows(folder: Path) -> None:
    branches = Branches(Timeline(Ground.of(data_of(folder), "huber").landscape, Settings(0.01), Limits(4)))
    runners = race(branches)
    assert min(len(runner.run.path(0, 9)) for runner in runners) > 1
    first = runners[0].run
    assert first.state.loss == first.landscape.loss_and_gradient(first.state.w, first.state.b)[0]


# The screen


def app_on(data: Dataset, loss: str = "huber") -> GradientDescentApp:
    room = Laboratory(Ground.of(data, loss), Settings(0.01, train_bias=True), Limits(30))
    room.walk.speed = len(SPEEDS) - 1  # a run waits for nothing but its answers
    return GradientDescentApp(room, fps=1e-6)


async def test_the_screen_steps_as_the_answers_come(folder: Path, queries: list[str]) -> None:
    async with opened(app_on(data_of(folder)), (120, 36)) as pilot:
        assert "a step" in shown(pilot)
        assert "drawn from 2,000 of 3,000 rows" in shown(pilot)
        before = len(queries)
        await press(pilot, "n")
        press_at_once(pilot, "n", "n", "n")
        await settled(pilot)
        assert state(pilot).iteration == 4
        await press(pilot, "N")
        assert state(pilot).iteration == 14
        assert len(queries) == before + 14, "one a step"
        await press(pilot, "B", "b", "b")
        assert (state(pilot).iteration, len(queries)) == (2, before + 14)
        await press(pilot, "space")
        assert (state(pilot).iteration, laboratory(pilot).walk.running) == (30, False)
        assert len(queries) == before + 30
        expected = walked(laboratory(pilot).ground.landscape, Settings(0.01, train_bias=True), 30)
        assert state(pilot) == expected[-1]


@pytest.fixture
def asking(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """For each question to the engine, whether the main thread asked it."""
    asked: list[bool] = []
    means = Held.means

    def noted(self: Held, *question: Any) -> Any:
        asked.append(threading.current_thread() is threading.main_thread())
        return means(self, *question)

    monkeypatch.setattr(Held, "means", noted)
    return asked


async def test_the_event_loop_asks_nothing(folder: Path, asking: list[bool]) -> None:
    async with opened(app_on(data_of(folder)), (120, 36)) as pilot:
        asking.clear()
        await press(pilot, "n", "N", "space")
        assert state(pilot).iteration == 30
        assert asking == [False] * 30


async def test_in_a_race_the_event_loop_asks_nothing(folder: Path, asking: list[bool]) -> None:
    async with opened(app_on(data_of(folder)), (120, 36)) as pilot:
        await press(pilot, "n")
        asking.clear()
        press_at_once(pilot, "a", "4", "2", "w", "escape")
        await settled(pilot)
        assert len(laboratory(pilot).walk.branches) > 5
        assert len(asking) > 100
        assert not any(asking)


async def test_keys_are_answered_while_steps_are_owed(folder: Path) -> None:
    async with opened(app_on(data_of(folder))) as pilot:
        ahead = main_screen(pilot)._ahead
        press_at_once(pilot, "N", "escape")
        await settled(pilot)
        assert (ahead.owes, ahead._busy) == (False, False)
        assert state(pilot).iteration < 10
        press_at_once(pilot, "space", "space")
        await settled(pilot)
        assert (ahead.owes, laboratory(pilot).walk.running) == (False, False)
        there = state(pilot).iteration
        assert there < 10
        press_at_once(pilot, "space", "b")
        await settled(pilot)
        assert state(pilot).iteration == max(there - 1, 0)


async def test_every_view_is_drawn_without_a_query(folder: Path, queries: list[str]) -> None:
    async with opened(app_on(data_of(folder), "absolute")) as pilot:
        await press(pilot, "n", "n")
        before = len(queries)
        for number, view in enumerate(VIEWS, 1):
            press_at_once(pilot, str(number), "l")
            if view.name == "rates":  # whose long study is left at once
                press_at_once(pilot, "1")
            await settled(pilot)
        await press(pilot, "w", "escape", "f")
        assert len(queries) == before
        assert "went wrong" not in told(pilot)


async def test_batches_run_as_the_answers_come(folder: Path, rows: dict[str, np.ndarray]) -> None:
    room = Laboratory(data_of(folder), Settings(1e-3, train_bias=True), Limits(30))
    async with opened(GradientDescentApp(room, fps=1e-6)) as pilot:
        room.walk.set_batch(20)
        main_screen(pilot).draw()
        assert "a step" in shown(pilot)
        await press(pilot, "N", "n")
        settings = Settings(1e-3, train_bias=True, batch=Batch(20))
        assert state(pilot) == walked(in_memory(rows, "y").squared_error, settings, 11)[-1]


def test_batches_of_another_loss_are_of_that_loss(folder: Path, rows: dict[str, np.ndarray]) -> None:
    data, settings = data_of(folder), Settings(1e-3, train_bias=True, batch=Batch(20))
    for loss, delta in (("squared", 1.0), ("huber", 1.0), ("huber", 5.0), ("absolute", 1.0), ("squared", 1.0)):
        here = Dataset("rows", None, rows["x"], rows["y"], "x", "y", ("x", "y"))
        expected = walked(Ground.of(here, loss, delta).landscape, settings, 12)
        assert walked(Ground.of(data, loss, delta).landscape, settings, 12) == expected, (loss, delta)


async def test_every_view_of_batches_is_drawn_without_a_query(folder: Path, queries: list[str]) -> None:
    room = Laboratory(data_of(folder), Settings(1e-3, train_bias=True, batch=Batch(20)), Limits(30))
    async with opened(GradientDescentApp(room, fps=1e-6)) as pilot:
        await press(pilot, "n", "n")
        before = len(queries)
        for number, view in enumerate(VIEWS, 1):
            await press(pilot, str(number), "l")
            assert ("too many for all the rates" in shown(pilot)) is (view.name == "rates")
            assert "Up and down" not in told(pilot), "there are no rates to look at"
            if view.name == "rates":
                await press(pilot, "up", "enter")
                assert room.walk.timeline.settings.learning_rate == 1e-3
        assert len(queries) == before
        assert "went wrong" not in told(pilot)


async def test_an_engine_that_no_longer_answers_is_a_sentence(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    path.write_bytes((folder / "t.parquet").read_bytes())
    async with opened(app_on(data_of(tmp_path))) as pilot:
        await press(pilot, "n")
        path.unlink()
        await press(pilot, "N")
        reached = state(pilot).iteration
        assert reached <= 2
        assert "t.parquet" in told(pilot)
        await press(pilot, "right_square_bracket")
        assert "t.parquet" in told(pilot)
        path.write_bytes((folder / "t.parquet").read_bytes())
        await press(pilot, "N")
        assert state(pilot).iteration == reached + 10


async def test_another_loss_is_chosen_on_the_screen(folder: Path) -> None:
    async with opened(GradientDescentApp(Laboratory(data_of(folder), Settings(0.001), Limits(9)), fps=1e-6)) as pilot:
        await choose(pilot, "loss", "absolute")
        assert laboratory(pilot).ground.loss == "absolute"
        await press(pilot, "n")
        assert state(pilot).iteration == 1
        assert session_of(laboratory(pilot)).loss == "absolute"
