"""`gdlab export`: tables, pictures and notebooks of a session, and a sentence where there is none."""

from __future__ import annotations

import csv
import io
import json
import re
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest

from gdcore.descent.batches import Batch
from gdcore.descent.optimizers import Adam
from gdcore.descent.steps import Limits, Settings
from gdcore.landscapes.terrain import TERRAINS
from gdcore.rows.dataset import load
from tests.exported import log_of, run_scripts, walked
from tests.screens import gdlab, main_screen, opened, press, shown
from tui.charts.canvas import GLYPHS, render
from tui.cli import main
from tui.headless.export.notebook import notebook
from tui.headless.export.picture import THEMES, is_shape, picture, shape
from tui.headless.export.script import script
from tui.headless.export.table import table
from tui.headless.train import Output, train_session
from tui.laboratory.laboratory import Laboratory
from tui.laboratory.saving import session_of
from tui.views.views import VIEWS, Views

if TYPE_CHECKING:
    from pathlib import Path

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def laboratory() -> Laboratory:
    """Two branches of pizza, the second one with Adam from step 3 on; one stands at step 5 of 7."""
    laboratory = Laboratory(load("pizza"), Settings(), Limits(50))
    laboratory.walk.step(6)
    laboratory.walk.back(3)
    laboratory.walk.branches.change(Settings(0.5, Adam(), train_bias=True))
    laboratory.walk.step(4)
    laboratory.walk.back(2)
    return laboratory


@pytest.fixture
def saved(laboratory: Laboratory, tmp_path: Path) -> Path:
    path = tmp_path / "session.json"
    path.write_text(session_of(laboratory).to_text(), encoding="utf-8")
    return path


def exported(monkeypatch: pytest.MonkeyPatch, *words: str | Path) -> int:
    monkeypatch.setattr("sys.argv", ["gdlab", "export", *map(str, words)])
    try:
        return main()
    except SystemExit as stop:
        return int(stop.code or 0)


# Tables


def test_the_states_of_the_current_branch_as_csv(laboratory: Laboratory) -> None:
    text = table(laboratory, "csv")
    assert isinstance(text, str)
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [int(row["iteration"]) for row in rows] == list(range(8))
    assert [row["mean_w"] == "" for row in rows] == [True] * 3 + [False] * 5
    path = laboratory.walk.timeline.path(0, 8)
    assert [(float(row["w"]), float(row["b"]), float(row["loss"])) for row in rows] == [tuple(at) for at in path]
    assert laboratory.walk.timeline.state.iteration == 5, "whoever looks at a run leaves it where it stands"


def test_all_branches_have_a_column_that_names_them(laboratory: Laboratory) -> None:
    laboratory.walk.branches.current.name = 'Adam, "fast"'
    text = table(laboratory, "csv", every_branch=True)
    assert isinstance(text, str)
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [row["branch"] for row in rows] == ["A"] * 7 + ['Adam, "fast"'] * 8


@pytest.mark.parametrize(
    "begun",
    [
        Laboratory(load("pizza"), Settings(0.0005, batch=Batch(8), train_bias=True), Limits(50)),
        Laboratory(TERRAINS["cliff"], Settings(0.1), Limits(50), TERRAINS["cliff"].scope.start),
        Laboratory(load("cars"), Settings(0.1, Adam()), Limits(50)),
    ],
)
def test_the_table_is_that_of_a_run_without_a_screen(begun: Laboratory, capsys: pytest.CaptureFixture[str]) -> None:
    begun.walk.step(7)
    train_session(session_of(begun), begun.ground.source, Output("csv"))
    assert table(begun, "csv") == capsys.readouterr().out


def test_json_lines_say_the_same_as_csv(laboratory: Laboratory) -> None:
    lines = table(laboratory, "jsonl", every_branch=True)
    columns = table(laboratory, "csv", every_branch=True)
    assert isinstance(lines, str)
    assert isinstance(columns, str)
    for line, row in zip(lines.splitlines(), csv.DictReader(io.StringIO(columns)), strict=True):
        assert {name: str(value) for name, value in json.loads(line).items()} == {k: v for k, v in row.items() if v}


def test_a_value_too_large_for_a_number_is_null_in_json_lines() -> None:
    laboratory = Laboratory(load("cars"), Settings(0.3), Limits(2000))
    laboratory.walk.step(2000)
    state = laboratory.walk.timeline.state
    laboratory.walk.timeline.state = state
    lines = table(laboratory, "jsonl")
    assert isinstance(lines, str)
    for line in lines.splitlines():
        json.loads(line, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))


def test_parquet_says_what_is_missing(laboratory: Laboratory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tui.headless.export.table.find_spec", lambda _: None)
    with pytest.raises(ValueError, match="pip install pyarrow"):
        table(laboratory, "parquet")


# Pictures


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("view", [view.name for view in VIEWS])
def test_a_picture_has_every_cell_of_the_chart(laboratory: Laboratory, view: str, theme: str) -> None:
    if view == "rates":
        laboratory = walked("pizza", "gradient-descent", "none")  # Adam's rates take a while
    document = picture(laboratory, view, (90, 28), theme)
    root = ET.fromstring(document)
    views, frame = Views(), laboratory.frame
    views.show(view, frame.ground)
    for piece in views.current.study(frame) or ():
        views.current.take(piece)
    rows = render(views.scene(frame), 90, 28).rows
    written = "".join(element.text or "" for element in root.iter(f"{SVG}text"))
    there = "".join(char for row in rows for char, role in row if not is_shape(char, role)).replace(" ", "")
    assert written == there
    assert written.isascii(), "what only some fonts have is drawn"
    drawn = {element.get("class") for element in root.iter(f"{SVG}path")}
    assert drawn == {role for row in rows for char, role in row if is_shape(char, role)}
    assert root.get("viewBox") == f"0 0 {90 * 8} {28 * 16}"
    assert "http" not in document.replace("http://www.w3.org/2000/svg", ""), "nothing is loaded from elsewhere"


def test_every_mark_can_be_drawn() -> None:
    for role, (unicode, _) in GLYPHS.items():
        if role.startswith("basin-"):
            continue  # a number
        assert is_shape(unicode, "hiker")
        assert re.fullmatch(r"(M[-\d. MLahvz]+z)+", shape(unicode, 0, 0))


def test_a_picture_does_not_move_the_laboratory(laboratory: Laboratory) -> None:
    before = session_of(laboratory)
    picture(laboratory, "map")
    assert session_of(laboratory) == before


def test_names_from_files_do_no_harm_in_a_picture(tmp_path: Path) -> None:
    path = tmp_path / "bad.csv"
    path.write_text('"<script>alert(1)</script>","]]>&\x1b"\n1,2\n2,5\n3,4\n', encoding="utf-8")
    laboratory = Laboratory(load(path), Settings(), Limits(50))
    root = ET.fromstring(picture(laboratory, "fit"))
    assert not list(root.iter(f"{SVG}script"))
    assert "<script>" in "".join(element.text or "" for element in root.iter(f"{SVG}text"))


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--view", "moon"), "there is no view moon; there are curve, map"),
        (("--size", "big"), "a size is columns x rows, like 120x36, not big"),
        (("--size", "9x900"), "a size must be from 16x6 to 400x200, not 9x900"),
    ],
)
def test_a_mistake_in_a_picture_is_a_sentence(
    words: tuple[str, ...],
    sentence: str,
    saved: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert exported(monkeypatch, "--to", "svg", *words, saved) == 2
    assert sentence in capsys.readouterr().err


# Notebooks


def test_a_notebook_has_the_code_and_what_it_prints(laboratory: Laboratory, tmp_path: Path) -> None:
    document = json.loads(notebook(laboratory))
    assert (document["nbformat"], document["nbformat_minor"]) == (4, 5)
    cells = document["cells"]
    assert len({cell["id"] for cell in cells}) == len(cells)
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    (printed,) = run_scripts(["\n\n".join("".join(cell["source"]) for cell in code)], tmp_path)
    assert printed == "".join(code[-1]["outputs"][0]["text"]) == log_of(laboratory)
    told = "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown")
    assert "From iteration 3 on: learning rate 0.001 -> 0.5, Adam" in told
    state = laboratory.walk.timeline.state
    assert f"| {state.iteration} | {state.w:.10g} | {state.b:.10g} | {state.loss:.10g} |" in told


# The command


@pytest.mark.parametrize("form", ["numpy", "torch", "csv", "jsonl", "svg", "notebook"])
def test_to_standard_output_or_to_a_file(
    form: str,
    saved: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert exported(monkeypatch, "--to", form, saved) == 0
    out = capsys.readouterr().out
    assert exported(monkeypatch, "--to", form, saved, "-o", tmp_path / "out") == 0
    assert capsys.readouterr().out == ""
    assert (tmp_path / "out").read_text(encoding="utf-8") == out
    assert len(out) > 500


def test_the_newest_session_is_taken_where_none_is_named(
    laboratory: Laboratory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GDLAB_STATE_DIR", str(tmp_path))
    assert exported(monkeypatch, "--to", "csv") == 2
    assert capsys.readouterr().err == "gdlab export: there is no session to export; gdlab begins one\n"
    name = "2026-01-02-030405-000006-7.json"
    (tmp_path / name).write_text(session_of(laboratory).to_text(), encoding="utf-8")
    assert exported(monkeypatch, "--to", "csv") == 0
    assert capsys.readouterr().out == table(laboratory, "csv")


def test_options_that_say_nothing_are_refused(
    saved: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert exported(monkeypatch, "--to", "csv", "--theme", "light", saved) == 2
    assert capsys.readouterr().err == "gdlab export: --theme goes with --to svg, not with --to csv\n"


def test_a_file_that_cannot_be_written_is_a_sentence(
    saved: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert exported(monkeypatch, "--to", "csv", "-o", tmp_path / "no" / "folder", saved) == 2
    assert "cannot be written: no such file or directory" in capsys.readouterr().err


def test_rows_of_a_large_file_are_read_from_it(tmp_path: Path) -> None:
    path = tmp_path / "large rows.csv"
    path.write_text("a;x;y\n" + "".join(f"q;{i / 7};{i % 11}\n" for i in range(40_000)), encoding="utf-8")
    laboratory = Laboratory(load(path, "x", "y"), Settings(1e-9, train_bias=True), Limits(5))
    laboratory.walk.step(5)
    text = script(laboratory, "numpy")
    assert len(text) < 3000
    (printed,) = run_scripts([text], tmp_path)
    assert printed == log_of(laboratory)


def test_names_from_files_do_no_harm_in_a_script(tmp_path: Path) -> None:
    path = tmp_path / 'a"""\nimport os; os.abort() #.csv'
    path.write_text('"x\nprint(1) #",y\\""""\n1,2\n2,5\n3,4\n'.replace("x\n", "x\\n"), encoding="utf-8")
    laboratory = Laboratory(load(path), Settings(), Limits(5))
    laboratory.walk.branches.current.name = "B\nimport os; os.abort()"
    laboratory.walk.step(2)
    for text in (script(laboratory, "numpy"), script(laboratory, "torch")):
        compile(text, "script", "exec")
    (printed,) = run_scripts([script(laboratory, "numpy")], tmp_path)
    assert printed == log_of(laboratory)


def test_an_optimizer_of_a_plug_in_has_no_code() -> None:
    from gdcore.descent.optimizers import GradientDescent  # noqa: PLC0415

    class Foreign(GradientDescent):
        title = "a foreign one"

    laboratory = Laboratory(load("pizza"), Settings(0.001, Foreign()), Limits(5))
    with pytest.raises(ValueError, match="a foreign one comes from a plug-in"):
        script(laboratory, "numpy")


def test_a_walk_that_magnifies_its_digits_says_so() -> None:
    assert "depends on the last digits" in script(walked("pizza", "nesterov", "all"), "torch")
    assert "depends on the last digits" not in script(walked("pizza", "nesterov", "rate"), "torch")


# In the app


async def test_a_key_writes_the_run_into_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    async with opened(gdlab()) as pilot:
        await press(pilot, "n", "n", "E", "enter")
        assert "Written: gdlab-A.py" in shown(pilot)
        await press(pilot, "E", "down", "down", "down", "enter")
        await press(pilot, "E", "end", "up", "enter")
        await press(pilot, "E", "enter")
        laboratory = main_screen(pilot).laboratory
        assert {path.name for path in tmp_path.iterdir()} == {
            "gdlab-A.py",
            "gdlab-A-2.py",
            "gdlab-A.csv",
            "gdlab-A.svg",
        }
        assert (tmp_path / "gdlab-A.py").read_text(encoding="utf-8") == script(laboratory, "numpy")


async def test_the_text_of_the_screen_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    async with opened(gdlab()) as pilot:
        await press(pilot, "n", "n", "E", "end", "enter")
        assert "Step 2 of 100" in (tmp_path / "gdlab-A.txt").read_text(encoding="utf-8")


async def test_the_picture_is_of_the_view_as_it_is_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    async with opened(gdlab()) as pilot:
        await press(pilot, "6", "right_parenthesis", "slash", "E", "end", "up", "enter")
        assert ET.parse(tmp_path / "gdlab-A.svg").findtext(f"{SVG}title") == "gdlab, surface: 60 degrees around, 45 up"


async def test_a_served_gdlab_writes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    async with opened(gdlab()) as pilot:
        monkeypatch.setenv("GDLAB_ONLY", str(tmp_path))
        await press(pilot, "E", "enter")
        assert "Nothing can be written here" in shown(pilot)
        assert "served to visitors.." not in shown(pilot)
    assert not list(tmp_path.iterdir())


async def test_the_text_of_the_screen_is_copied() -> None:
    async with opened(gdlab()) as pilot:
        await press(pilot, "n", "y")
        assert "Step 1 of 100" in pilot.app.clipboard
        assert pilot.app.clipboard.splitlines()[0].lstrip().startswith("gdlab")
