"""The form: every field, what is typed in it, what comes in force when; and opening other data."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Any

import duckdb
import pytest
from textual.events import Paste
from textual.widgets import Input, OptionList, Static

from gdcore.descent.optimizers import OPTIMIZERS, Adam, GradientDescent, Momentum, hyperparameters
from gdcore.descent.schedules import Cosine, Inverse, Step
from gdcore.descent.steps import Limits, Settings
from gdcore.descent.timeline import Timeline
from gdcore.landscapes.known import KNOWN
from gdcore.rows.dataset import DatasetError, load
from tests.screens import (
    LARGE,
    SIZES,
    afresh,
    choice,
    choose,
    field,
    focused,
    gdlab,
    laboratory,
    main_screen,
    opened,
    press,
    press_at_once,
    rendered,
    settings,
    settled,
    shown,
    state,
    timeline,
    told,
    typed,
    views,
    write,
)
from tui.laboratory.grounds import known
from tui.screen import opening
from tui.screen.fields import Opener
from tui.screen.form import HELP, NUMBERS, Row
from tui.screen.opening import HINT, OpenDialog, completion, offers
from tui.sources.browse import Preview, entries, preview

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterable

    from textual.pilot import Pilot

    from gdcore.descent.optimizers import Optimizer
    from gdcore.descent.state import State

BAD = {
    "rate": ("", "0", "-0.1", "1e", "1e999", "1-2"),
    "steps": ("", "-1", "2.5", "e", "1e999"),
    "start-w": ("", "-", "1e999", "1.2.3"),
    "start-b": ("", "+", "-1e999", "e5"),
    "at-x": ("", "-", "1e999"),
    "eps": ("", "0", "-1"),
    "schedule-decay": ("", "-1"),
    "schedule-gamma": ("", "0", "1.5"),
    "schedule-every": ("", "0", "2.5"),
    "schedule-period": ("", "0", "1e"),
    "delta": ("", "0", "-2"),
    "batch": ("", "0", "2.5"),
    "seed": ("", "-1", "0.5"),
}
"""What cannot be used in a field."""
BAD_SHARE = ("", "1", "-0.1", "2", ".")
GOOD = {"rate": "2e-3", "steps": "250", "start-w": "-1.5", "start-b": "4", "at-x": "-2.5", "eps": "1e-4"}
GOOD |= {"schedule-decay": "0.25", "schedule-gamma": "0.25", "schedule-every": "7", "schedule-period": "9"}
GOOD |= {"delta": "2.5", "batch": "7", "seed": "3"}
SCHEDULED = {
    "schedule-decay": Inverse(),
    "schedule-gamma": Step(),
    "schedule-every": Step(),
    "schedule-period": Cosine(),
}
"""A schedule that has the field."""
GOOD_SHARE = "0.25"


def owner(name: str) -> Optimizer:
    """An optimizer that has the field."""
    return next(
        (kind() for kind in OPTIMIZERS.values() if name in {parameter.name for parameter in hyperparameters(kind)}),
        GradientDescent(),
    )


def in_force(pilot: Pilot[None], name: str) -> float:
    """The value that the run itself uses."""
    run, lab = timeline(pilot), laboratory(pilot)
    if name in SCHEDULED:
        return float(getattr(run.settings.schedule, name.removeprefix("schedule-")))
    if name in {parameter.name for kind in OPTIMIZERS.values() for parameter in hyperparameters(kind)}:
        return float(getattr(run.settings.optimizer, name))
    batch = run.settings.batch
    return {
        "rate": run.settings.learning_rate,
        "steps": run.limits.iterations,
        "start-w": float(run.start.w),
        "start-b": float(run.start.b),
        "at-x": lab.predict_at,
        "delta": lab.ground.delta,
        "batch": batch.size if batch else len(lab.ground.rows.x),
        "seed": batch.seed if batch else -1,
    }[name]


def sentence(name: str, text: str) -> str:
    """What gdcore says about a wrong value."""
    with pytest.raises(ValueError, match="must be") as caught:
        NUMBERS[name][1].parse(text)
    return str(caught.value)


async def hint(pilot: Pilot[None]) -> str:
    """What is said beside the field, as it is on the screen."""
    await pilot.pause()
    static = main_screen(pilot).query_one("#hint", Static)
    if not static.display:
        return ""
    region = static.region
    rows = rendered(pilot.app.screen)[region.y : region.bottom]
    return " ".join(" ".join(row[region.x + 1 : region.right] for row in rows).split())


# Numbers


async def number_fields(pilot: Pilot[None]) -> AsyncGenerator[str, None]:
    """Each number field in turn, with an optimizer that has it, one step from the start."""
    for name in NUMBERS:
        await with_field(pilot, name)
        await press(pilot, "n")
        yield name


async def with_field(pilot: Pilot[None], name: str) -> None:
    """Begin again, with settings and a view that have the number field."""
    await afresh(pilot, optimizer=owner(name))
    if name == "delta":
        laboratory(pilot).set_loss("huber")
    if name in ("seed", "batch"):
        laboratory(pilot).walk.set_batch(5, 4)
    if name in SCHEDULED:
        laboratory(pilot).walk.set_schedule(SCHEDULED[name])
    views(pilot).show("fit" if name == "at-x" else "curve", laboratory(pilot).ground)
    main_screen(pilot).touch()
    await settled(pilot)


async def test_bad_input_changes_nothing() -> None:
    async with opened(gdlab()) as pilot:
        async for name in number_fields(pilot):
            run = timeline(pilot)
            before, value, changes = run.state, in_force(pilot, name), run.changes()
            for text in BAD.get(name, BAD_SHARE):
                number = await typed(pilot, name, text)
                assert number.value == text
                assert number.error == await hint(pilot) == sentence(name, text)
                await press(pilot, "enter")
                assert in_force(pilot, name) == value
            await press(pilot, "tab")
            assert focused(pilot) != name
            assert number.value == text, "it is left as it was typed"
            assert in_force(pilot, name) == value
            assert timeline(pilot) is run
            assert (run.state, run.changes()) == (before, changes)
            number.focus()
            await press(pilot, "escape")
            assert float(number.value) == value
            assert number.error == await hint(pilot) == ""


async def test_enter_and_leaving_put_a_number_in_force() -> None:
    async with opened(gdlab(), LARGE) as pilot:
        async for name in number_fields(pilot):
            for key, text in (("enter", GOOD.get(name, GOOD_SHARE)), ("tab", "0.12"), ("shift+tab", "0.5")):
                value = in_force(pilot, name)
                wanted = text.removeprefix("0.") if NUMBERS[name][1].range.whole else text
                number = await typed(pilot, name, wanted)
                assert number.error == ""
                assert in_force(pilot, name) == value, "not before"
                await press(pilot, key)
                assert in_force(pilot, name) == float(wanted)
                assert float(number.value) == float(wanted)
                assert state(pilot).iteration == (0 if name.startswith("start") or name == "delta" else 1)
                assert (focused(pilot) == name) == (key == "enter")


async def test_escape_undoes_and_goes_to_the_chart() -> None:
    async with opened(gdlab()) as pilot:
        async for name in number_fields(pilot):
            value = in_force(pilot, name)
            number = await typed(pilot, name, GOOD.get(name, GOOD_SHARE))
            await press(pilot, "escape")
            assert in_force(pilot, name) == value
            assert float(number.value) == value
            assert await hint(pilot) == ""
            assert focused(pilot) == "chart"
            await press(pilot, "right")
            assert state(pilot).iteration == 2, "the keys of the chart work"


async def test_up_and_down_nudge() -> None:
    async with opened(gdlab()) as pilot:
        async for name in number_fields(pilot):
            number = field(pilot, name)
            number.focus()
            values = [in_force(pilot, name)]
            for key in ("up", "down", "down"):
                await press(pilot, key)
                values.append(in_force(pilot, name))
                assert float(number.value) == values[-1]
            assert values[1] > values[0], name
            assert values[1] > values[2] > values[3], name
            assert focused(pilot) == name


async def test_a_nudge_stays_in_range() -> None:
    async with opened(gdlab(optimizer=Adam())) as pilot:
        for name, low in (("steps", "0"), ("beta1", "0"), ("rate", "5e-324"), ("eps", "5e-324")):
            await typed(pilot, name, low)
            await press(pilot, "enter", *["down"] * 3)
            assert in_force(pilot, name) == float(low)
            await press(pilot, "up")
            assert in_force(pilot, name) in NUMBERS[name][1].range


async def test_signs_and_letters_that_no_number_has_are_not_typed() -> None:
    async with opened(gdlab()) as pilot:
        number = await typed(pilot, "rate", "")
        await press(pilot, "1", "full_stop", "plus", "minus", "e", "E", "2", "x", "y", "underscore")
        assert number.value == "1.+-eE2"


async def test_keys_that_come_in_one_go_stay_in_order() -> None:
    async with opened(gdlab()) as pilot:
        number = await typed(pilot, "rate", "12")
        press_at_once(pilot, "backspace", "3", "left", "4", "home", "5", "delete", "6", "enter", "n")
        await settled(pilot)
        assert settings(pilot).learning_rate == float(number.value) == 5643
        assert state(pilot).iteration == 1
        assert state(pilot).learning_rate == 5643
        press_at_once(pilot, "end", "e", "enter", "n")
        await settled(pilot)
        assert settings(pilot).learning_rate == 5643
        assert number.error


async def test_what_is_half_typed_stays_while_the_run_goes_on() -> None:
    async with opened(gdlab()) as pilot:
        number = await typed(pilot, "rate", "0.0")
        await press(pilot, "n", "right_square_bracket", "n")
        assert number.value == "0.0"
        assert focused(pilot) == "rate"
        assert state(pilot).iteration == 2
        assert settings(pilot).learning_rate == 0.0011
        await write(pilot, "02")
        assert number.value == "0.002"
        await press(pilot, "escape")
        assert number.value == "0.0011"
        assert settings(pilot).learning_rate == 0.0011


async def test_the_help_of_a_field_is_beside_it() -> None:
    async with opened(gdlab(optimizer=Adam())) as pilot:
        for name in [*HELP, *NUMBERS]:
            if name in NUMBERS:
                await with_field(pilot, name)
            main_screen(pilot).query_one(f"#{name}").focus()
            await settled(pilot)
            text = await hint(pilot)
            if name in NUMBERS:
                parameter = NUMBERS[name][1]
                assert parameter.description in text
                assert parameter.range.words in text
                assert ("estart" in text) == (name.startswith("start") or name == "delta")
            else:
                assert text == HELP[name]


async def test_the_hyperparameters_shown_are_those_of_the_optimizer() -> None:
    async with opened(gdlab()) as pilot:
        for name in (*OPTIMIZERS, "gradient-descent"):
            kind = OPTIMIZERS[name]
            await choose(pilot, "method", name)
            assert type(settings(pilot).optimizer) is kind
            own = {parameter.name for parameter in hyperparameters(kind)}
            visible = {row.children[0].id for row in main_screen(pilot).query(Row) if row.display}
            shown = [str(row.control.id) for row in main_screen(pilot).query(Row) if row.display]
            assert [name for name in shown if name in NUMBERS] == [name for name in NUMBERS if name in shown]
            assert visible & set(NUMBERS) == own | {"rate", "batch", "steps", "start-w", "start-b"}
            for parameter in hyperparameters(kind):
                assert float(field(pilot, parameter.name).value) == getattr(kind(), parameter.name)


def test_every_hyperparameter_has_a_field() -> None:
    wanted = {parameter.name: parameter for kind in OPTIMIZERS.values() for parameter in hyperparameters(kind)}
    assert {name: NUMBERS[name][1] for name in wanted} == wanted


# Live


def states(run: Timeline) -> Iterable[State]:
    """All states of a run up to its cursor, from back to front as a person would see them."""
    yield run.state
    while run.back():
        yield run.state


@pytest.mark.parametrize("size", SIZES, ids=str)
async def test_changes_act_from_the_next_step_on(size: tuple[int, int]) -> None:
    async with opened(gdlab(), size) as pilot:
        twin = Timeline(laboratory(pilot).ground.landscape, Settings(0.001), Limits(100))

        async def walk() -> None:
            assert twin.settings == settings(pilot)
            await press(pilot, "N", "n")
            twin.forward(11)
            assert state(pilot) == twin.state

        await walk()
        await typed(pilot, "rate", "0.002")
        await press(pilot, "enter")
        twin.change(Settings(0.002))
        await walk()
        await choose(pilot, "method", "momentum")
        twin.change(Settings(0.002, Momentum()))
        await walk()
        await typed(pilot, "momentum", "0.5")
        await press(pilot, "escape")
        await walk()
        await typed(pilot, "momentum", "0.25")
        await press(pilot, "tab")
        twin.change(Settings(0.002, Momentum(0.25)))
        await walk()
        await choose(pilot, "train", True)
        twin.change(Settings(0.002, Momentum(0.25), train_bias=True))
        await walk()
        await choose(pilot, "method", "adam")
        twin.change(Settings(0.002, Adam(), train_bias=True))
        await walk()
        await typed(pilot, "beta1", "0.5")
        await press(pilot, "enter")
        twin.change(Settings(0.002, Adam(beta1=0.5), train_bias=True))
        await walk()
        await press(pilot, "left_curly_bracket", "t")
        twin.change(Settings(0.001, Adam(beta1=0.5)))
        await walk()
        assert timeline(pilot).changes() == twin.changes()
        await press(pilot, "m")
        assert list(states(timeline(pilot))) == list(states(twin))


async def test_a_change_that_was_gone_back_over_is_in_the_form() -> None:
    async with opened(gdlab()) as pilot:
        await press(pilot, "n", "t", "right_curly_bracket", "n", "b", "b")
        assert (settings(pilot).learning_rate, settings(pilot).train_bias) == (0.001, False)
        assert field(pilot, "rate").value == "0.001"
        assert choice(pilot, "train").value is False
        await press(pilot, "n")
        assert (settings(pilot).learning_rate, settings(pilot).train_bias) == (0.002, True)
        assert field(pilot, "rate").value == "0.002"
        assert choice(pilot, "train").value is True


@pytest.mark.parametrize(("name", "point"), [("start-w", (3.5, 0)), ("start-b", (0, 3.5))])
async def test_a_start_restarts_the_run(name: str, point: tuple[float, float]) -> None:
    async with opened(gdlab()) as pilot:
        await press(pilot, "n", "right_square_bracket", "n", "space")
        rate = settings(pilot).learning_rate
        await typed(pilot, name, "3.5")
        await press(pilot, "enter")
        assert not laboratory(pilot).walk.running
        assert (state(pilot).iteration, state(pilot).w, state(pilot).b) == (0, *point)
        assert settings(pilot).learning_rate == rate
        assert "Restarted" in told(pilot)
        assert "3.5" in told(pilot)


async def test_a_start_beyond_the_numbers_is_refused() -> None:
    async with opened(gdlab()) as pilot:
        await press(pilot, "n")
        before = state(pilot)
        number = await typed(pilot, "start-w", "1e200")
        await press(pilot, "enter")
        assert "too large" in told(pilot)
        assert state(pilot) == before
        assert number.value == "0"


# Data


async def test_other_columns_restart_the_run() -> None:
    async with opened(gdlab("anscombe", 0.01)) as pilot:
        await press(pilot, "n", "n")
        await choose(pilot, "y", "y2")
        await settled(pilot)
        await choose(pilot, "x", "x4")
        await settled(pilot)
        data = laboratory(pilot).ground.rows
        assert (data.x_name, data.y_name) == ("x4", "y2")
        assert (data.x == load("anscombe", "x4", "y2").x).all()
        assert (data.y == load("anscombe", "x4", "y2").y).all()
        assert state(pilot).iteration == 0
        assert state(pilot).loss == laboratory(pilot).ground.landscape(0, 0) == pytest.approx(float((data.y**2).mean()))
        assert "Restarted" in told(pilot)
        assert "y2 = w * x4 + b" in shown(pilot)


async def test_the_same_column_twice_leaves_form_and_data_agreed() -> None:
    async with opened(gdlab("anscombe")) as pilot:
        await choose(pilot, "y", "x1")
        await settled(pilot)
        assert laboratory(pilot).ground.rows.y_name in ("x1", "y1")
        assert choice(pilot, "y").value == laboratory(pilot).ground.rows.y_name


async def test_columns_of_a_file_with_bad_rows_that_were_skipped(tmp_path: Path) -> None:
    path = tmp_path / "holes.csv"
    path.write_text("a,b,c\n1,2,3\n2,x,x\n3,5,8\n4,7,9\n")
    async with opened(gdlab(load(path, skip_bad_rows=True))) as pilot:
        await choose(pilot, "y", "c")
        await settled(pilot)
        assert laboratory(pilot).ground.rows.y_name == "c"


async def submit(pilot: Pilot[None], source: str, key: str = "o") -> OpenDialog:
    """Open a data file by typing its path."""
    await press(pilot, key)
    dialog = pilot.app.screen
    assert isinstance(dialog, OpenDialog)
    press_at_once(pilot, *(KEYS.get(character, character) for character in source), "enter")
    await settled(pilot)
    await settled(pilot)
    return dialog


KEYS = {"/": "slash", ".": "full_stop", "-": "minus", "_": "underscore", " ": "space"}


async def test_data_by_name_or_path(tmp_path: Path) -> None:
    path = tmp_path / "mine.csv"
    path.write_text("a,b\n1,2\n3,4\n5,7\n")
    async with opened(gdlab(train_bias=True)) as pilot:
        for source, name, rows in ((str(path), "mine.csv", 3), ("cars", "cars.csv", 50), ("pizza", "pizza.txt", 30)):
            await press(pilot, "n", "n")
            before = settings(pilot)
            await submit(pilot, source)
            assert pilot.app.screen is main_screen(pilot)
            assert laboratory(pilot).ground.rows.name == name
            assert state(pilot).iteration == 0
            assert settings(pilot) == before
            assert "Restarted" in told(pilot)
            assert main_screen(pilot).query_one("#data", Opener).text == name
            assert f"{rows} rows" in rendered(main_screen(pilot))[0]
            assert choice(pilot, "x").value == laboratory(pilot).ground.rows.x_name


async def test_data_by_the_button() -> None:
    async with opened(gdlab()) as pilot:
        main_screen(pilot).query_one("#data").focus()
        await submit(pilot, "geyser", key="enter")
        assert laboratory(pilot).ground.rows.name == "geyser.csv"


async def test_a_path_is_completed(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "measured.csv").write_text("a,b\n1,2\n3,4\n")
    async with opened(gdlab()) as pilot:
        await press(pilot, "o")
        await write(pilot, f"{tmp_path}/fo")
        await pilot.pause()
        await press(pilot, "right")
        await pilot.pause()
        path = pilot.app.screen.query_one(Input)
        assert path.value == f"{tmp_path}/folder/"
        await write(pilot, "me")
        await pilot.pause()
        await press(pilot, "right", "enter")
        await settled(pilot)
        assert laboratory(pilot).ground.rows.name == "measured.csv"


def test_the_completion_is_what_enter_would_open(tmp_path: Path) -> None:
    for name in ("b.csv", "a.csv", "a.csv.old", ".hidden", "red\x1b[31m"):
        (tmp_path / name).write_text("")
    (tmp_path / "folder").mkdir()
    root = f"{tmp_path}/"

    def completed(typed: str) -> str:
        return completion(typed, offers(typed, entries(tmp_path, hidden=os.path.split(typed)[1].startswith("."))))

    assert completed(f"{root}b") == f"{root}b.csv"
    assert completed(f"{root}fo") == f"{root}folder/"
    assert completed(f"{root}folder") == f"{root}folder/"
    assert completed(f"{root}.h") == f"{root}.hidden"
    for text in (root, f"{root}red", f"{root}nothing", f"{root}B", f"{root}a.csv", "pizza", "w", "", "nul\0"):
        assert completed(text) == "", text


def wrong(pilot: Pilot[None]) -> str:
    """What the dialog says is wrong."""
    return str(pilot.app.screen.query_one("#wrong", Static).content)


def listed(pilot: Pilot[None]) -> list[str]:
    """The names in the list of the dialog."""
    offers = pilot.app.screen.query_one("#offers", OptionList)
    return [str(option.prompt).split()[0] for option in offers.options]


async def browse(pilot: Pilot[None], text: str, *keys: str) -> None:
    """Open the dialog, type, and press keys."""
    await press(pilot, "o")
    await write(pilot, text)
    await settled(pilot)
    await press(pilot, *keys)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder where gdlab is begun, with files in it and in one below."""
    (tmp_path / "mine.csv").write_text("town,age,pay,rent\nA,1,2,9\nB,3,4,8\nC,5,7,6\n")
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "mine too.csv").write_text("a,b\n1,2\n3,4\n5,7\n")
    (tmp_path / ".hidden.csv").write_text("a,b\n1,2\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


async def test_all_that_can_be_opened_is_listed_and_narrowed_down_as_one_types(folder: Path) -> None:
    async with opened(gdlab()) as pilot:
        await browse(pilot, "")
        assert not pilot.app.screen.query_one("#columns").display
        names = [name for name, _ in known()]
        assert listed(pilot) == [*names[:5], "./", *names[5:]], "what ships, the files here, the terrains"
        await write(pilot, "mi")
        await settled(pilot)
        assert listed(pilot)[0] == "mine.csv"
        assert "pizza" not in listed(pilot)
        await press(pilot, "backspace", "backspace")
        await write(pilot, "valley")
        assert set(listed(pilot)) == {name for name, told in known() if "valley" in f"{name} {told}".lower()}
    assert folder.is_dir()


async def test_folders_are_walked_with_the_keys(folder: Path) -> None:
    async with opened(gdlab()) as pilot:
        await browse(pilot, "", *["down"] * 6, "enter")
        await settled(pilot)
        assert listed(pilot) == ["../", "old/", "mine.csv"], "folders first, nothing hidden"
        await press(pilot, "down", "down", "enter")
        await settled(pilot)
        assert pilot.app.screen.query_one(Input).value == "./old/"
        assert listed(pilot) == ["../", "mine"]
        assert "text, 16 B" in shown(pilot)
        await press(pilot, "pagedown", "pagedown", "enter")
        await settled(pilot)
        assert laboratory(pilot).ground.rows.name == "mine too.csv"
        await browse(pilot, str(folder / "old") + "/", "down", "enter")
        await settled(pilot)
        assert "mine.csv" in listed(pilot), "the folder above"
        await press(pilot, "end")
        await write(pilot, ".h")
        await settled(pilot)
        assert listed(pilot) == [".hidden.csv"]


async def test_the_columns_of_a_file_are_shown_and_chosen_before_it_is_opened(folder: Path) -> None:
    async with opened(gdlab()) as pilot:
        await browse(pilot, "mine", "down")
        await settled(pilot)
        rows = [line.strip("│ ").split() for line in shown(pilot).splitlines()]
        assert ["town", "age", "pay", "rent"] in rows
        assert ["text", "number", "number", "number"] in rows
        assert ["C", "5", "7", "6"] in rows
        await press(pilot, "tab")
        assert focused(pilot) == "open-x"
        await press(pilot, "enter", "down", "enter")
        assert isinstance(pilot.app.focused, Input), "enter opens it now"
        await press(pilot, "tab", "tab", "enter", "down", "enter", "enter")
        await settled(pilot)
        rows_now = laboratory(pilot).ground.rows
        assert (rows_now.x_name, rows_now.y_name) == ("pay", "rent")
        assert list(rows_now.x) == [2, 4, 7]
    assert folder.is_dir()


async def test_the_tables_of_a_database_are_chosen_there(folder: Path) -> None:
    with duckdb.connect(str(folder / "shop.duckdb")) as connection:
        connection.execute("CREATE TABLE people AS SELECT i AS age, 2 * i AS pay FROM range(5) t(i)")
        connection.execute("CREATE TABLE sales AS SELECT i AS day, 3 * i AS eur, 4 * i AS usd FROM range(7) t(i)")
    async with opened(gdlab()) as pilot:
        await browse(pilot, "shop", "down")
        await settled(pilot)
        assert "age" in shown(pilot)
        await press(pilot, "tab", "enter", "down", "enter")
        await settled(pilot)
        assert "eur" in shown(pilot)
        await press(pilot, "enter")
        await settled(pilot)
        await settled(pilot)
        assert (laboratory(pilot).ground.rows.x_name, len(laboratory(pilot).ground.rows.x)) == ("day", 7)


async def test_enter_asks_which_of_several_tables_is_meant(folder: Path) -> None:
    with duckdb.connect(str(folder / "shop.duckdb")) as connection:
        connection.execute("CREATE TABLE people AS SELECT i AS age, 2 * i AS pay FROM range(5) t(i)")
        connection.execute("CREATE SCHEMA s2")
        connection.execute("CREATE TABLE s2.sales AS SELECT i AS day, 3 * i AS eur FROM range(7) t(i)")
    question = 'shop.duckdb has 2 tables; choose one of "people", "s2.sales" below, then press enter'
    async with opened(gdlab(), (80, 16)) as pilot:
        for text, keys, table in (
            ("shop.duckdb", ["enter", "enter"], "people"),  # the list, and the first in it
            ("shop", ["enter", "down", "enter"], "s2.sales"),
            ("shop.duckdb", ["escape"], ""),
        ):
            await browse(pilot, text, "enter")
            await settled(pilot)
            assert focused(pilot) == "open-table"
            assert wrong(pilot) == question
            assert "table people" in shown(pilot), "in a low window too"
            await press(pilot, *keys)
            if table:
                assert isinstance(pilot.app.focused, Input)
                await press(pilot, "enter")
                assert laboratory(pilot).ground.called == f"{table} in shop.duckdb"
                assert main_screen(pilot).query_one("#data", Opener).text == f"{table} in shop.duckdb"
            assert len(pilot.app.screen_stack) == 1
        await submit(pilot, "shop.duckdb table people")
        assert laboratory(pilot).ground.called == "people in shop.duckdb"
        await browse(pilot, "shop.duckdb", "enter", "shift+tab", "backspace")
        assert wrong(pilot) == ""
        await write(pilot, "b")
        assert isinstance(pilot.app.focused, Input), "of a name that is typed again nothing is asked before enter"
        assert "table people" in shown(pilot)


async def test_what_belongs_to_another_name_goes_when_the_text_changes(folder: Path) -> None:
    async with opened(gdlab()) as pilot:
        for keys in ((), ("down",)):
            await browse(pilot, "mine.csv", *keys)
            assert "rent" in shown(pilot), "a file that is typed to its end is shown"
            await write(pilot, "x")
            assert "rent" not in shown(pilot)
            assert not pilot.app.screen.query_one("#columns").display
            assert HINT in shown(pilot)
            await press(pilot, "enter")
            assert wrong(pilot).startswith('there is no file "mine.csvx"')
            await press(pilot, "backspace")
            assert wrong(pilot) == ""
            assert "rent" in shown(pilot)
            await write(pilot, "x")
            await press(pilot, "enter", "end", "ctrl+u", "down")
            assert wrong(pilot) == ""
            await press(pilot, "escape")
    assert folder.is_dir()


async def test_a_file_is_looked_into_once_and_only_where_it_is_there(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []

    def noted(path: Path, table: str) -> Preview:
        seen.append(str(path))
        return preview(path, table)

    monkeypatch.setattr(opening, "preview", noted)
    async with opened(gdlab()) as pilot:
        await browse(pilot, "")
        for character in "mine.csv.gz":
            await write(pilot, character)
        assert seen == ["mine.csv"]
        await press(pilot, "end", "ctrl+u")
        pilot.app.post_message(Paste("old/mine too.csv"))
        await settled(pilot)
        assert seen == ["mine.csv", "old/mine too.csv"]
        assert ["5", "7"] in [line.strip("│ ").split() for line in rendered(pilot.app.screen)]
        await press(pilot, "end", "ctrl+u")
        await write(pilot, "kink")
        assert KNOWN["kink"].formula in shown(pilot)
    assert folder.is_dir()


async def test_what_is_read_is_given_up_when_the_text_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    go = Event()
    monkeypatch.setattr(opening, "ground_named", lambda *_, **__: go.wait(60) and KNOWN["kink"])
    async with opened(gdlab()) as pilot:
        await browse(pilot, "kink")
        press_at_once(pilot, "enter")
        for _ in range(3):
            await pilot.pause()
        assert wrong(pilot) == "Reading ..."
        press_at_once(pilot, "backspace")
        for _ in range(3):
            await pilot.pause()
        assert wrong(pilot) == ""
        go.set()
        await settled(pilot)
        assert isinstance(pilot.app.screen, OpenDialog)
        await write(pilot, "k")
        await press(pilot, "enter")
        assert laboratory(pilot).ground.landscape is KNOWN["kink"]


async def test_the_completion_goes_with_the_line_one_is_at(folder: Path) -> None:
    (folder / "pi.csv").write_text("a,b\n1,2\n3,4\n")
    async with opened(gdlab()) as pilot:
        await browse(pilot, "pi")
        for key, text in (("", "pizza"), ("down", "pizza"), ("down", "pi.csv"), ("up", "pizza")):
            await press(pilot, *[key] * bool(key))
            assert rendered(pilot.app.screen)[2].strip("│ ") == text
        await press(pilot, *["down"] * 9)
        assert rendered(pilot.app.screen)[2].strip("│ ") == "pi", "a name with these letters inside"


async def test_a_folder_that_cannot_be_listed_is_said_to_be_that(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scandir = os.scandir

    def refusing(path: str | Path) -> Any:
        if Path(path).name == "old":
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refusing)
    async with opened(gdlab()) as pilot:
        await browse(pilot, "old/")
        sentence = '"old" cannot be read: permission denied; change its permissions, or copy it'
        assert wrong(pilot) == sentence
        await write(pilot, "x")
        assert wrong(pilot) == sentence
        await press(pilot, "backspace", "enter")
        assert wrong(pilot) == sentence
        await press(pilot, "backspace", "enter")
        assert wrong(pilot) == sentence, "as a folder without a slash"
        await press(pilot, "end", "ctrl+u")
        assert wrong(pilot) == ""
        await write(pilot, "nowhere/x")
        assert wrong(pilot) == "", "a folder that is not there may not be typed to its end"
    assert folder.is_dir()


@pytest.mark.parametrize(("size", "most"), [((80, 24), 5), ((120, 36), 7), ((30, 24), 1)])
async def test_of_a_wide_file_the_columns_that_fit_are_shown(folder: Path, size: tuple[int, int], most: int) -> None:
    names = [f"measurement_{i}" for i in range(14)]
    lines = [names, *([str(10 * row + column) for column in range(14)] for row in range(5))]
    (folder / "wide.csv").write_text("".join(f"{','.join(line)}\n" for line in lines))
    async with opened(gdlab(), size) as pilot:
        await browse(pilot, "wide.csv")
        table = [line.strip("│ ").split() for line in rendered(pilot.app.screen)[-9:-2]]
        assert table[0] == names[:most]
        assert [row[:most] for row in lines[1:5]] == table[2:6]
        assert table[6] == f"and {14 - most} more columns".split()
        await pilot.resize_terminal(200, 24)
        await settled(pilot)
        assert "and 1 more column " in shown(pilot)


async def test_page_up_and_down_move_by_what_is_shown(folder: Path) -> None:
    for i in range(100):
        (folder / f"file {i:03}.csv").write_text("a,b\n1,2\n3,4\n")
    for size in SIZES:
        async with opened(gdlab(), size) as pilot:
            await browse(pilot, "file")
            offered = pilot.app.screen.query_one("#offers", OptionList)
            page = offered.size.height
            for key, at in (("pagedown", page - 1), ("pagedown", 2 * page - 1), ("pageup", page - 1), ("pageup", 0)):
                await press(pilot, key)
                assert offered.highlighted == at
            await press(pilot, *["pagedown"] * 20)
            assert offered.highlighted == 99


async def test_a_terrain_and_a_file_that_is_no_table_are_told_of(folder: Path) -> None:
    (folder / "notes.md").write_text("no table\n")
    async with opened(gdlab()) as pilot:
        await browse(pilot, "himmel", "down")
        assert KNOWN["himmelblau"].formula in shown(pilot)
        await press(pilot, "end", "ctrl+u")
        await write(pilot, "notes")
        await settled(pilot)
        await press(pilot, "down")
        await settled(pilot)
        assert "notes.md" in str(pilot.app.screen.query_one("#rows", Static).content)
        await press(pilot, "end", "ctrl+u")
        await write(pilot, "himmel")
        await press(pilot, "enter")
        await settled(pilot)
        assert laboratory(pilot).ground.landscape is KNOWN["himmelblau"], "what begins with the text is opened"


async def test_a_click_goes_to_a_line_and_another_one_opens_it(folder: Path) -> None:
    async with opened(gdlab()) as pilot:
        await browse(pilot, "mine")
        await pilot.click("#offers", offset=(3, 0))
        await settled(pilot)
        assert isinstance(pilot.app.screen, OpenDialog)
        assert "rent" in shown(pilot)
        await pilot.click("#offers", offset=(3, 0))
        await settled(pilot)
        await settled(pilot)
        assert laboratory(pilot).ground.rows.name == "mine.csv"
    assert folder.is_dir()


async def test_a_bad_file_is_refused_and_the_run_stays(tmp_path: Path) -> None:
    (tmp_path / "words.csv").write_text("a,b\n1,2\nx,4\n")
    (tmp_path / "empty.csv").write_text("")
    (tmp_path / "bytes.csv").write_bytes(bytes(range(256)))
    async with opened(gdlab(), LARGE) as pilot:
        await press(pilot, "n", "n")
        run, data = timeline(pilot), laboratory(pilot).ground.data
        for name in ("words.csv", "empty.csv", "bytes.csv", "missing.csv"):
            with pytest.raises(DatasetError) as caught:
                load(str(tmp_path / name))
            dialog = await submit(pilot, f"{tmp_path}/{name}")
            assert pilot.app.screen is dialog
            assert str(dialog.query_one("#wrong", Static).content) == str(caught.value)
            await press(pilot, "escape")
            assert len(pilot.app.screen_stack) == 1
        assert timeline(pilot) is run
        assert laboratory(pilot).ground.data is data
        assert state(pilot).iteration == 2


async def test_a_folder_is_listed(tmp_path: Path) -> None:
    (tmp_path / "inside.csv").write_text("a,b\n1,2\n3,4\n")
    async with opened(gdlab(), LARGE) as pilot:
        dialog = await submit(pilot, str(tmp_path))
        await pilot.pause()
        assert pilot.app.screen is dialog
        assert "inside.csv" in shown(pilot)


async def test_escape_cancels_opening() -> None:
    async with opened(gdlab()) as pilot:
        await press(pilot, "n")
        before = timeline(pilot), laboratory(pilot).ground.data
        await press(pilot, "o")
        await write(pilot, "cars")
        await press(pilot, "escape")
        assert len(pilot.app.screen_stack) == 1
        assert (timeline(pilot), laboratory(pilot).ground.data) == before
        assert focused(pilot) == "chart"


async def test_a_device_or_a_pipe_is_refused(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    async with opened(gdlab(), LARGE) as pilot:
        for path in (str(pipe), "/dev/zero"):
            dialog = await submit(pilot, path)
            assert "device or a pipe" in str(dialog.query_one("#wrong", Static).content)
            await press(pilot, "escape")
        assert laboratory(pilot).ground.rows.name == "pizza.txt"


async def test_names_act_on_nothing(tmp_path: Path) -> None:
    path = tmp_path / "[bold]file.csv"
    path.write_text("[bold]x[/bold],\x1b[31mred,[/]\n1,2,3\n3,4,6\n5,7,5\n")
    async with opened(gdlab(load(path)), LARGE) as pilot:
        assert "[bold]x[/bold]" in shown(pilot)
        assert "\\x1b[31mred" in shown(pilot)
        assert "\x1b" not in shown(pilot)
        assert "[bold]file" in rendered(pilot.app.screen)[0]
        assert rendered(pilot.app.screen)[1].split()[1].startswith("[bold]file")
        assert "[bold]x" in rendered(pilot.app.screen)[2]
        choice(pilot, "x").focus()
        await press(pilot, "enter")
        await pilot.pause()
        assert "[/]" in shown(pilot), "in the open list"
        await press(pilot, "escape", "w")
        await pilot.pause()
        assert "x is [bold]x[/bold], y is \\x1b[31mred" in " ".join(shown(pilot).replace("│", " ").split())
        await press(pilot, "escape")
        await choose(pilot, "y", "[/]")
        await settled(pilot)
        assert laboratory(pilot).ground.rows.y_name == "[/]"
        assert "[/]" in told(pilot)


async def test_a_long_name_leaves_the_title_room_for_the_number_of_rows(tmp_path: Path) -> None:
    for letters, columns in (("m", 90), ("m", 55), ("件", 60), ("m", 30)):
        path = tmp_path / f"{letters * (columns // (2 if letters == '件' else 1))}.csv"
        path.write_text("hours of training,hours of sleep\n1,2\n3,4\n5,7\n")
        async with opened(gdlab(load(path))) as pilot:
            title = rendered(main_screen(pilot))[0]
            assert "  3 rows " in title
            assert title.endswith("..."), "what has no room is cut"
            assert f" gdlab  {letters * 15}" in title
            assert ("...  3 rows" in title) == (columns > 55)
            await pilot.resize_terminal(160, 24)
            await settled(pilot)
            assert path.name in rendered(main_screen(pilot))[0]


async def test_names_in_the_sentence_about_a_bad_file(tmp_path: Path) -> None:
    path = tmp_path / "[b]bad.csv"
    path.write_text("[bold]x[/bold],y\n1,2\n[red],4\n")
    async with opened(gdlab(), LARGE) as pilot:
        await press(pilot, "o")
        pilot.app.screen.query_one(Input).value = str(path)
        await press(pilot, "enter")
        await settled(pilot)
        await pilot.pause()
        text = shown(pilot)
        assert "[b]bad.csv, line 3" in text
        assert "[red]" in text


async def test_a_select_is_left_with_escape_too() -> None:
    async with opened(gdlab()) as pilot:
        control = choice(pilot, "method")
        control.focus()
        await press(pilot, "escape")
        assert focused(pilot) == "chart"
