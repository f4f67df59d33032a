"""Sessions as text: whatever was done in a laboratory comes back to the same digits, and no text does any harm."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gdcore.descent.batches import Batch, Order
from gdcore.descent.branches import MOST, Branches
from gdcore.descent.optimizers import OPTIMIZERS, Adam, Momentum, RMSprop
from gdcore.descent.schedules import Inverse, Step
from gdcore.descent.steps import Limits, Settings
from gdcore.descent.timeline import Timeline
from gdcore.inert import inert
from gdcore.landscapes.bowl import MeanSquaredError
from gdcore.landscapes.losses import Huber
from gdcore.rows.dataset import Dataset, load
from gdcore.rows.ground import ground_of_rows
from gdcore.rows.scaling import standardized_loss
from gdcore.session import VERSION, Course, ElsewhereError, Session, Source
from tests.problems import DATA
from tui.laboratory.laboratory import Laboratory

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from gdcore.landscapes.landscape import Landscape

PIZZA = load("pizza")
LOSS = MeanSquaredError.of(PIZZA.x, PIZZA.y)

slow = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


def experiment() -> Branches:
    """Three branches: changes of settings, a future left behind, another start."""
    branches = Branches(Timeline(LOSS, Settings(0.001), Limits(900)))
    branches.run.forward(300)
    branches.change(Settings(0.002, Adam(beta1=0.8), train_bias=True))
    branches.run.forward(40)
    branches.run.back(10)
    branches.change(Settings(1e-4, Momentum(0.5)))
    branches.run.forward(20)
    branches.begin(Timeline(LOSS, Settings(0.003), Limits(7, 1e-3), -3.0, 5.0), "from w = -3, b = 5")
    branches.run.forward(4)
    branches.switch(branches[1])
    branches.run.back(3)
    return branches


SESSION = Session.of(PIZZA, experiment())
TEXT = SESSION.to_text()

ORDER = Order.of([list(range(30)), list(range(29, -1, -1))], "order.txt", "order.txt")


def chance(landscape: Landscape) -> Branches:
    """Two branches with batches, an order made elsewhere and schedules."""
    branches = Branches(Timeline(landscape, Settings(1e-4, batch=Batch(8, 2**53 + 1)), Limits(900)))
    branches.run.forward(300)
    branches.change(Settings(1e-4, RMSprop(0.5), True, Step(0.1 + 0.2, 7, since=300), Batch(7, order=ORDER)))
    branches.run.forward(40)
    branches.run.back(10)
    branches.change(Settings(1e-3, Adam(), True, Inverse(1 / 3, since=330)))
    branches.run.forward(20)
    return branches


HUBER = Huber(PIZZA.x, PIZZA.y, 0.1 + 0.2)
RICH = Session.of(PIZZA, chance(HUBER))
RICH_TEXT = RICH.to_text()


def assert_same(one: Branches, other: Branches) -> None:
    """All that there is to see of two experiments is equal, to the last bit."""
    assert one.current.name == other.current.name
    assert len(one) == len(other)
    for mine, theirs in zip(one, other, strict=True):
        for field in ("name", "parent", "left_at", "left", "why", "origin"):
            assert getattr(mine, field) == getattr(theirs, field)
        a, b = mine.run.fork(), theirs.run.fork()  # so that the cursors stay where they are
        assert (mine.run.tip, mine.run.state, mine.run.settings) == (
            theirs.run.tip,
            theirs.run.state,
            theirs.run.settings,
        )
        assert (a.start, a.limits) == (b.start, b.limits)
        assert np.array_equal(mine.run.path(0, mine.run.tip + 1), theirs.run.path(0, theirs.run.tip + 1))
        ends = []
        for run in (mine.run, theirs.run):
            cursor = run.state.iteration
            run.forward(run.tip - cursor)
            ends.append((run.state, run.settings, run.ending))
            run.back(run.state.iteration - cursor)
        assert repr(ends[0]) == repr(ends[1])


# --- There and back


def test_an_experiment_comes_back() -> None:
    assert Session.from_text(TEXT) == SESSION
    assert_same(SESSION.replay(PIZZA), experiment())


ACTIONS: dict[str, Callable[[Laboratory, Any], object]] = {
    "step": lambda lab, n: lab.walk.step(1 + n % 7),
    "walk": lambda lab, n: lab.walk.step(50 * (1 + n % 7)),
    "back": lambda lab, n: lab.walk.back(1 + n % 40),
    "rate": lambda lab, n: lab.walk.set_learning_rate((1e-5, 0.001, 0.1 + 0.2, 0.00456, 3.0)[n % 5]),
    "scale the rate": lambda lab, n: lab.walk.scale_learning_rate((0.5, 0.909090909, 1.1, 2.0)[n % 4]),
    "optimizer": lambda lab, n: lab.walk.set_optimizer(list(OPTIMIZERS.values())[n % len(OPTIMIZERS)]()),
    "hyperparameter": lambda lab, n: lab.walk.set_optimizer((RMSprop(0.5), RMSprop(0.9, 1e-3), Momentum(0.1))[n % 3]),
    "bias": lambda lab, n: lab.walk.set_train_bias(n % 2 == 0),
    "start": lambda lab, n: lab.walk.set_start(n / 7 - 4, 0.1 * n),
    "limit": lambda lab, n: lab.walk.set_iterations(n),
    "more": lambda lab, _: lab.walk.allow_more(),
    "restart": lambda lab, _: lab.walk.restart(),
    "reset": lambda lab, _: lab.walk.reset(),
    "retreat": lambda lab, _: lab.walk.retreat(),
    "pin": lambda lab, _: lab.walk.pin(),
    "switch": lambda lab, n: lab.walk.switch(lab.walk.branches[n % len(lab.walk.branches)]),
    "scaling": lambda lab, _: lab.toggle_scaling(),
    "rename": lambda lab, n: lab.walk.branches.rename(lab.walk.branches.current, f"branch {n} é"),
}
WALKS = st.lists(st.tuples(st.sampled_from(sorted(ACTIONS)), st.integers(0, 60)), max_size=40)


@slow
@given(WALKS)
def test_whatever_was_done_comes_back(walk: list[tuple[str, int]]) -> None:
    lab = Laboratory(PIZZA, Settings(), Limits())
    for action, value in walk:
        try:
            ACTIONS[action](lab, value)
        except ValueError:
            assert action == "rename", "nothing else is refused here"
    session = Session.of(PIZZA, lab.walk.branches, scaled=lab.ground.scale is not None)
    read = Session.from_text(session.to_text())
    assert read == session
    replayed = read.replay(PIZZA)
    assert_same(replayed, lab.walk.branches)
    assert Session.of(PIZZA, replayed, scaled=read.scaled) == session
    # And it goes on alike.
    for branches in (replayed, lab.walk.branches):
        branches.change(Settings(1e-4, Momentum(0.3), train_bias=True))
        branches.run.limits = Limits(100_000)
        branches.run.forward(5)
    assert_same(replayed, lab.walk.branches)


def test_all_that_a_race_leaves_comes_back() -> None:
    lab = Laboratory(PIZZA, Settings(), Limits())
    lab.walk.step(3)
    lab.studies.race()
    assert len(lab.walk.branches) > len(OPTIMIZERS)
    assert_same(Session.from_text(Session.of(PIZZA, lab.walk.branches).to_text()).replay(PIZZA), lab.walk.branches)


@given(st.floats(min_value=0, exclude_min=True, allow_infinity=False), st.floats(-1e100, 1e100))
def test_every_float_comes_back_to_the_bit(rate: float, w: float) -> None:
    branches = Branches(Timeline(LOSS, Settings(rate), Limits(0), w, -0.0))
    course = Session.from_text(Session.of(PIZZA, branches).to_text()).branches[0]
    assert [value.hex() for value in (course.changes[0][1].learning_rate, *course.start)] == [
        rate.hex(),
        float(w).hex(),
        "-0x0.0p+0",
    ]


def test_limits_that_are_lower_than_what_is_known() -> None:
    branches = experiment()
    for branch in branches:
        branch.run.limits = Limits(0, 1e9)
    session = Session.of(PIZZA, branches)
    assert_same(Session.from_text(session.to_text()).replay(PIZZA), branches)


@pytest.mark.parametrize("loss", ["squared", "absolute", "huber"])
@pytest.mark.parametrize("scaled", [False, True], ids=["as they are", "scaled"])
def test_losses_batches_orders_and_schedules_come_back(loss: str, scaled: bool) -> None:
    landscape, _ = ground_of_rows(PIZZA, loss, 2.5, scaled=scaled)
    branches = chance(landscape)
    session = Session.from_text(Session.of(PIZZA, branches, scaled=scaled).to_text())
    assert (session.loss, session.delta) == (loss, 2.5 if loss == "huber" else None)
    assert_same(session.replay(PIZZA), branches)


def test_labels_stay_labels_when_the_session_is_scaled() -> None:
    orings = load("orings")
    landscape, _ = ground_of_rows(orings, "logistic", scaled=True)
    branches = Branches(Timeline(landscape, Settings(1.0, train_bias=True, batch=Batch(5, 3))))
    branches.run.forward(20)
    text = Session.of(orings, branches, scaled=True).to_text()
    assert '"loss": "logistic"' in text
    assert_same(Session.from_text(text).replay(orings), branches)


def test_what_older_sessions_do_not_know_is_not_written_where_it_is_not_used() -> None:
    for entry in ("schedule", "since", "batch", "seed", "order", "orders", "loss", "delta"):
        assert f'"{entry}"' not in TEXT
        assert f'"{entry}"' in RICH_TEXT
    assert sum('"schedule": "step:0.30000000000000004,7", "since": 300' in line for line in RICH_TEXT.splitlines()) == 3
    assert max(map(len, RICH_TEXT.splitlines())) < 250
    assert Session.from_text(RICH_TEXT) == RICH


def test_a_long_order_is_told_by_where_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gdcore.session._INLINE", 59)
    file = tmp_path / "order.txt"
    lines = [" ".join(map(str, rows.tolist())) for rows in ORDER.epochs]
    file.write_text("\n".join(lines))
    order = Order.load(str(file), 30)
    branches = Branches(Timeline(LOSS, Settings(1e-4, batch=Batch(7, order=order))))
    branches.run.forward(12)
    text = Session.of(PIZZA, branches).to_text()
    assert "[29, 28" not in text
    assert_same(Session.from_text(text).replay(PIZZA), branches)
    file.write_text("\n".join(lines[::-1]))
    with pytest.raises(ValueError, match=r"^this session is of another order of rows than there is in"):
        Session.from_text(text)
    file.unlink()
    with pytest.raises(ValueError, match=r"^this session needs an order of rows: .* cannot be read: no such file"):
        Session.from_text(text)


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ('"loss": "huber"', '"loss": "cubic"', 'damaged: there is no loss "cubic"'),
        ('"delta": 0.30000000000000004', '"delta": -1', "damaged: delta must be a positive number, not -1"),
        ('"batch": 8', '"batch": 0', "damaged: batch must be a whole number from 1, not 0"),
        ('"batch": 8', '"batch": 8.5', 'damaged: "batch" of a change cannot be "8.5"'),
        ('"batch": 8, "seed"', '"batch": 8, "sead"', 'lacks "seed"'),
        ('"order": 0', '"order": 1', "damaged: there is no order of rows 1"),
        ("[0, 1, 2", "[0, 0, 2", "damaged: epoch 1 has row 0 twice"),
        ("[0, 1, 2", "[0, 1.0, 2", "damaged: an epoch of an order of rows must hold whole numbers only"),
        (', "since": 330', "", 'lacks "since"'),
    ],
)
def test_the_sentence_for_what_came_later_and_is_wrong(old: str, new: str, sentence: str) -> None:
    assert old in RICH_TEXT
    with pytest.raises(ValueError, match=r"^this session is damaged") as caught:
        Session.from_text(RICH_TEXT.replace(old, new))
    assert sentence in str(caught.value)


@pytest.mark.parametrize(
    ("old", "new", "needed"),
    [
        ('"schedule": "inverse', '"schedule": "backwards', 'the schedule "backwards"'),
        ('"optimizer": "', '"optimizer": "foreign-', 'the optimizer "foreign-'),
    ],
)
def test_what_a_package_brought_that_is_gone_is_no_damage(old: str, new: str, needed: str) -> None:
    assert old in RICH_TEXT
    with pytest.raises(ElsewhereError, match=f"^this session needs {needed}"):
        Session.from_text(RICH_TEXT.replace(old, new))


def test_a_scaled_session_is_over_standardized_rows() -> None:
    branches = Branches(Timeline(standardized_loss(LOSS), Settings(0.3, train_bias=True)))
    branches.run.forward(9)
    session = Session.of(PIZZA, branches, scaled=True)
    assert_same(session.replay(PIZZA), branches)
    assert replace(session, scaled=False).replay(PIZZA).run.state.w != branches.run.state.w
    flat = with_rows([2.0, 2.0], [1.0, 3.0])
    with pytest.raises(ValueError, match="Reservations never changes, so it cannot be scaled"):
        replace(session, source=Source.of(flat)).replay(flat)


# --- The text


def test_the_text_is_for_a_person_to_read() -> None:
    lines = TEXT.splitlines()
    assert lines[1] == f'  "gdlab session": {VERSION},'
    assert '"path": "pizza", "x": "Reservations", "y": "Pizzas"' in lines[2]
    assert sum('"at": 300, "learning_rate": 0.002' in line for line in lines) == 2, "a line a change, in two branches"
    assert max(map(len, lines)) < 200
    assert TEXT.isascii()
    assert TEXT.endswith("}\n")


def test_a_file_is_named_by_where_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "rows of mine.csv"
    file.write_text("a,b\n1,2\n2,4\nx,1\n")
    monkeypatch.chdir(tmp_path)
    data = load(file.name, skip_bad_rows=True)
    source = Source.of(data)
    assert Session.of(data, experiment()).source == source
    assert (source.path, source.skip_bad_rows, source.rows) == (str(file), True, 2)
    assert Source.of(load(DATA / "pizza.txt")).path == "pizza"
    assert Source.of(replace(data, path=None, origin=None)).path == ""


def test_a_name_that_could_act_on_a_terminal_does_not() -> None:
    text = TEXT.replace('"name": "A"', r'"name": "\u001b[2J"')
    assert Session.from_text(text).branches[0].name == r"\x1b[2J"


# --- Texts that are wrong


def changed(**entries: Any) -> str:
    """The text with other entries in its first branch, those with a dot in what is inside of it."""
    document = json.loads(TEXT)
    for path, value in entries.items():
        *way, last = path.split("__")
        place = document["branches"][0]
        for name in way:
            place = place[int(name) if name.isdigit() else name]
        place[last] = value
    return json.dumps(document)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "this is not a session of gdlab, or it is damaged"),
        ("[]", "this is not a session of gdlab, or it is damaged"),
        ("{}", "this is not a session of gdlab, or it is damaged"),
        ("[" * 100_000, "this is not a session of gdlab, or it is damaged"),
        (TEXT[:-40], "this is not a session of gdlab, or it is damaged"),
        (TEXT.replace("0.002", "NaN"), "this is not a session of gdlab, or it is damaged"),
        (TEXT.replace(f": {VERSION},", ": 2,", 1), 'this session has the format "2" of another version of gdlab'),
        (TEXT.replace(f": {VERSION},", ": true,", 1), 'this session has the format "true" of another version'),
        (TEXT.replace('"scaled"', '"skaled"'), 'damaged: the session lacks "scaled"'),
        (TEXT.replace('"B"', '"A"'), "damaged: two branches have the same name"),
        (TEXT.replace('"current": "B"', '"current": "Z"'), 'damaged: there is no branch "Z"'),
        (TEXT.replace('"rows": 30', '"rows": -30'), "damaged: rows must be a whole number from 0, not -30"),
        (TEXT.replace('"rows": 30', '"rows": true'), 'damaged: "rows" of the data cannot be "true"'),
        (TEXT.replace('"tip": 340', '"tip": 340, "top": 1'), 'damaged: a branch has an entry "top"'),
        (changed(name=""), "damaged: a branch has no name"),
        (changed(tip=299), 'damaged: the cursor of branch "A"'),
        (changed(tip=2e9), "damaged: tip must be a whole number from 0 to 1,000,000,000, not 2000000000"),
        (changed(cursor=0.5), "damaged: cursor must be a whole number"),
        (changed(cursor=10**400), "damaged: cursor must be a whole number"),
        (changed(changes=[]), 'damaged: the changes of branch "A"'),
        (changed(changes=[1]), 'damaged: "changes" of a branch must hold objects only'),
        (changed(changes__1__at=0), 'damaged: the changes of branch "A"'),
        (changed(changes__1__at=341), 'damaged: the changes of branch "A"'),
        (changed(changes__0__learning_rate=-1), "damaged: learning rate must be a positive number, not -1"),
        (changed(changes__1__beta1=1), "damaged: beta1 must be a number from 0 up to but not including 1, not 1"),
        (changed(changes__0__beta1=0.5), 'damaged: a change has an entry "beta1"'),
        (changed(changes__0__train_bias=1), 'damaged: "train_bias" of a change cannot be "1"'),
        (changed(start__w=1e999), "damaged"),
        (changed(limits__iterations=-1), "damaged: iterations must be a whole number from 0, not -1"),
        (changed(limits__tolerance=0), "damaged: tolerance must be a positive number, not 0"),
        (changed(left=[]), 'damaged: "left" of a branch cannot be "[]"'),
    ],
)
def test_the_sentence_for_a_text_that_is_wrong(text: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=r"^this (session )?(is|has)") as caught:
        Session.from_text(text)
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)


def test_no_more_branches_than_a_laboratory_has() -> None:
    course = SESSION.branches[0]
    with pytest.raises(ValueError, match=f"from 1 to {MOST} branches, not {MOST + 1}"):
        Session(SESSION.source, tuple(replace(course, name=str(n)) for n in range(MOST + 1)), "1")


def session_or_sentence(text: str) -> None:
    """Whatever the text is: a session that can be written again, or a ValueError of one line."""
    try:
        session = Session.from_text(text)
    except ValueError as error:
        sentence = str(error)
    else:
        sentence = "this is a session"
        assert Session.from_text(session.to_text()) == session
    assert sentence.startswith("this ")
    assert inert(sentence) == sentence


@slow
@given(st.text())
def test_any_text(text: str) -> None:
    session_or_sentence(text)


@slow
@given(st.integers(0, len(TEXT) - 1), st.integers(0, 30), st.text(max_size=5))
def test_a_text_with_some_of_it_replaced(place: int, length: int, instead: str) -> None:
    session_or_sentence(TEXT[:place] + instead + TEXT[place + length :])


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


def places(value: Any, way: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [way] * bool(way) + [place for key, item in inside for place in places(item, (*way, key))]


PLACES = [(text, place) for text in (TEXT, RICH_TEXT) for place in places(json.loads(text))]


@slow
@given(st.sampled_from(PLACES), JSON)
def test_a_text_with_another_value_somewhere(place_in: tuple[str, tuple[Any, ...]], value: Any) -> None:
    text, place = place_in
    document: Any = json.loads(text)
    inside = document
    for key in place[:-1]:
        inside = inside[key]
    inside[place[-1]] = value
    session_or_sentence(json.dumps(document))


# --- Data that are not the same


def with_rows(x: Any, y: Any) -> Dataset:
    return replace(PIZZA, x=np.asarray(x), y=np.asarray(y))


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (with_rows(PIZZA.x[1:], PIZZA.y[1:]), "the data have changed: pizza.txt has 29 rows, the session 30"),
        (with_rows(PIZZA.y, PIZZA.x), 'the data have changed: the columns "Reservations" and "Pizzas" of pizza.txt'),
        (with_rows(PIZZA.x, np.nextafter(PIZZA.y, np.inf)), "the data have changed: the columns"),
    ],
)
def test_other_data_are_not_accepted(data: Dataset, sentence: str) -> None:
    with pytest.raises(ValueError, match=r"^the data have changed") as caught:
        SESSION.replay(data)
    assert sentence in str(caught.value)


def test_a_run_that_diverges_before_its_tip_is_said_to() -> None:
    course = Course("A", "", 0, None, "", (0.0, 0.0), Limits(), ((0, Settings(1.0)),), 5000, 5000)
    with pytest.raises(ValueError, match=r'^branch "A" diverges after iteration \d+, where the session knows 5,000'):
        replace(SESSION, branches=(course,), current="A").replay(PIZZA)
    late = replace(course, changes=((0, Settings(1.0)), (4000, Settings(1e-3))))
    with pytest.raises(ValueError, match="where the session knows"):
        replace(SESSION, branches=(late,), current="A").replay(PIZZA)
