"""Sessions as files: whole or not at all, nothing overwritten, and taken up again by the installed command."""

from __future__ import annotations

import csv
import errno
import io
import json
import os
import shlex
import subprocess
import sys
import sysconfig
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from threading import Barrier, Thread
from typing import Any, NamedTuple, NoReturn

import pytest

from gdcore.descent.batches import Batch
from gdcore.descent.branches import Branches
from gdcore.descent.optimizers import Adam, Momentum
from gdcore.descent.schedules import parse
from gdcore.descent.steps import Limits, Settings
from gdcore.descent.timeline import Timeline
from gdcore.landscapes.bowl import MeanSquaredError
from gdcore.rows.dataset import Dataset, load
from gdcore.session import Session, Source
from tui import cli
from tui.laboratory.ground import Ground
from tui.laboratory.laboratory import Laboratory
from tui.laboratory.saving import KEPT, Saver, ground_of, laboratory_of, latest, read, session_of, state_folder, write

GDLAB = Path(sysconfig.get_path("scripts")) / "gdlab"
PIZZA = load("pizza")
DAWN = datetime(2025, 1, 2, 3, 4, 5, 6)


def session(steps: int = 3, rate: float = 0.001) -> Session:
    branches = Branches(Timeline(MeanSquaredError.of(PIZZA.x, PIZZA.y), Settings(rate)))
    branches.run.forward(steps)
    return Session.of(PIZZA, branches)


class Outcome(NamedTuple):
    code: int
    out: str
    err: str


def gdlab(*words: str | Path, stdin: str = "", **environment: str) -> Outcome:
    """Run the installed command in a process of its own."""
    run = subprocess.run(
        [GDLAB, *words],
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        env=os.environ | environment,
    )
    return Outcome(run.returncode, run.stdout, run.stderr)


# --- Writing


def test_a_session_is_saved_and_found_again(tmp_path: Path) -> None:
    folder = tmp_path / "state" / "gdlab"
    saver = Saver(folder, now=DAWN)
    assert latest(folder) == (None, [])
    for steps in (3, 4):
        assert saver.save(session(steps)) == ""
        assert latest(folder) == (session(steps), [])
    (file,) = folder.iterdir()
    assert file.name == f"2025-01-02-030405-000006-{os.getpid()}.json"
    assert file.read_text() == session(4).to_text()
    if os.name == "posix":
        assert file.stat().st_mode & 0o777 == 0o600


def test_as_long_as_nothing_is_done_nothing_is_saved(tmp_path: Path) -> None:
    saver = Saver(tmp_path, session(0))
    saver.save(session(0))
    assert not list(tmp_path.iterdir())
    saver.save(session(1))
    saver.save(session(0))
    assert read(saver.path) == session(0), "but once something was done, going back is something too"


def test_what_is_written_already_is_not_written_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    saver = Saver(tmp_path)
    saver.save(session())
    monkeypatch.setattr(os, "replace", None)
    assert saver.save(session()) == ""


def test_a_name_that_is_taken_by_another_process_is_not_ours(tmp_path: Path) -> None:
    savers = [Saver(tmp_path) for _ in range(3)]
    for number, saver in enumerate(savers):
        saver.save(session(number + 1))
    assert [read(saver.path) for saver in savers] == [session(1), session(2), session(3)]


def refuse(*_: object) -> NoReturn:
    raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize("call", ["replace", "fsync", "open"])
def test_a_disk_that_is_full_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str) -> None:
    saver = Saver(tmp_path)
    saver.save(session(1))
    with monkeypatch.context() as broken:
        broken.setattr(os, call, refuse)
        sentence = saver.save(session(2))
        assert sentence.startswith("This session cannot be kept: ")
        assert sentence.endswith(": no space left on device.")
        assert saver.save(session(3)) == "", "it is said once"
        assert saver.failure == sentence
        assert [path.name for path in tmp_path.iterdir()] == [saver.path.name], "nothing half written stays"
        assert read(saver.path) == session(1)
    assert saver.save(session(3)) == saver.failure == ""
    assert read(saver.path) == session(3)


def test_a_folder_that_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    saver = Saver(tmp_path / "file" / "folder")
    assert "cannot be kept" in saver.save(session())
    assert latest(tmp_path / "file" / "folder") == (None, [])


KILLED = """
import os, signal, sys
from pathlib import Path
from tui.laboratory.saving import write

path = Path(sys.argv[1])
write(path, "old")
def die(*_):
    os._exit(9)
setattr(os, sys.argv[2], die)
write(path, "new")
"""


@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_killed_in_the_middle(tmp_path: Path, call: str) -> None:
    path = tmp_path / "session.json"
    run = subprocess.run([sys.executable, "-c", KILLED, path, call], check=False)
    assert run.returncode == 9
    assert path.read_text() == "old"
    assert latest(tmp_path)[0] is None, "what was half written is nobody's session"
    write(path, "newer")
    assert path.read_text() == "newer"


MANY = """
import sys
from pathlib import Path
from tui.laboratory.saving import Saver, latest
from tests.test_saving import session

folder, first = Path(sys.argv[1]), int(sys.argv[2])
saver = Saver(folder)
for steps in range(first, first + 40):
    assert saver.save(session(steps)) == ""
    found, remarks = latest(folder)
    assert found is not None and not remarks, remarks
print(saver.path)
"""


def test_two_processes_at_once(tmp_path: Path) -> None:
    running = [
        subprocess.Popen(
            [sys.executable, "-c", MANY, tmp_path, str(first)],
            cwd=Path(__file__).parent.parent,
            stdout=subprocess.PIPE,
            text=True,
        )
        for first in (1, 51)
    ]
    paths = [Path(process.communicate(timeout=120)[0].strip()) for process in running]
    assert [process.returncode for process in running] == [0, 0]
    assert [read(path).branches[0].tip for path in paths] == [40, 90]
    assert sorted(tmp_path.iterdir()) == sorted(paths)


def test_of_many_threads_the_last_call_counts(tmp_path: Path) -> None:
    saver, barrier = Saver(tmp_path), Barrier(8)

    def save(steps: int) -> None:
        barrier.wait()
        saver.save(session(steps))

    threads = [Thread(target=save, args=(steps,)) for steps in range(1, 9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    saver.save(session(20))
    assert read(saver.path) == session(20)


def ours(number: int) -> str:
    """A name that gdlab gives to a session."""
    return f"2026-01-01-000000-{number:06}-7.json"


def test_the_newest_are_kept_and_no_file_that_is_not_ours_is_touched(tmp_path: Path) -> None:
    for number in range(KEPT + 5):
        path = tmp_path / ours(number)
        write(path, session(number).to_text())
        os.utime(path, (number, number))
    stale, fresh = f"{ours(1)}.part", f"{ours(2)}.part"
    others = {"a.json.damaged", "mine.txt", "package.json", "mine.json.part"}
    for name, age in ((stale, 0), (fresh, None), *((name, 0) for name in others)):
        (tmp_path / name).write_text("x")
        if age is not None:
            os.utime(tmp_path / name, (age, age))
    saver = Saver(tmp_path)
    saver.save(session())
    kept = {path.name for path in tmp_path.iterdir()}
    assert kept == {ours(number) for number in range(6, KEPT + 5)} | {saver.path.name, fresh} | others


def test_what_may_still_be_open_is_kept(tmp_path: Path) -> None:
    for number in range(KEPT + 5):
        write(tmp_path / ours(number), session(number).to_text())
    Saver(tmp_path).save(session())
    assert len(list(tmp_path.iterdir())) == KEPT + 6


def test_the_folder_is_the_platform_s_or_the_one_of_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GDLAB_STATE_DIR", str(tmp_path))
    assert state_folder() == tmp_path
    monkeypatch.delenv("GDLAB_STATE_DIR")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    if sys.platform == "linux":
        assert state_folder() == tmp_path / "gdlab"
    else:
        assert "gdlab" in state_folder().parts


# --- Reading


def test_the_newest_is_the_one_that_was_saved_last(tmp_path: Path) -> None:
    for number, time in ((1, 5), (2, 9), (3, 7)):
        path = tmp_path / ours(number)
        write(path, session(time).to_text())
        os.utime(path, (time, time))
    assert latest(tmp_path)[0] == session(9)


def test_what_is_damaged_is_set_aside_and_the_next_one_taken(tmp_path: Path) -> None:
    good = session().to_text()
    damaged = [b"", b"\xff\xfe", good[:100].encode(), good.replace('session": 1', 'session": 7').encode()]
    write(tmp_path / ours(99), good)
    os.utime(tmp_path / ours(99), (1, 1))
    for round_ in range(2):
        for number, content in enumerate(damaged):
            path = tmp_path / ours(number)
            path.write_bytes(content)
            os.utime(path, (9 - number, 9 - number))
        found, remarks = latest(tmp_path)
        assert found == session()
        assert len(remarks) == len(damaged)
        assert "another version" in remarks[3]
        for number, (remark, content) in enumerate(zip(remarks, damaged, strict=True)):
            aside = f"{ours(number)}.damaged{'2' * round_}"
            assert remark.endswith(f'; it is set aside as "{aside}"')
            assert (tmp_path / aside).read_bytes() == content
    assert latest(tmp_path) == (session(), [])


def test_what_needs_something_that_is_not_here_is_passed_over_and_stays(tmp_path: Path) -> None:
    write(tmp_path / ours(1), session().to_text())
    os.utime(tmp_path / ours(1), (1, 1))
    needy = session().to_text().replace('"optimizer": "', '"optimizer": "foreign-')
    write(tmp_path / ours(2), needy)
    for _ in range(2):
        found, (remark,) = latest(tmp_path)
        assert found == session()
        assert "needs the optimizer" in remark
        assert (tmp_path / ours(2)).read_text(encoding="utf-8") == needy


def test_what_cannot_be_set_aside_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / ours(1), session().to_text())
    os.utime(tmp_path / ours(1), (1, 1))
    (tmp_path / ours(2)).write_text("{")
    monkeypatch.setattr(Path, "rename", refuse)
    found, (remark,) = latest(tmp_path)
    assert found == session()
    assert remark.endswith("it cannot be set aside: no space left on device")


def test_a_file_that_somebody_names_is_never_renamed(tmp_path: Path) -> None:
    notes = tmp_path / "notes.txt"
    notes.write_text("mine")
    with pytest.raises(ValueError, match="this is not a session of gdlab"):
        read(notes)
    assert notes.read_text() == "mine"
    for wrong in (tmp_path, tmp_path / "none"):
        with pytest.raises(ValueError, match="cannot be read"):
            read(wrong)


def test_a_laboratory_goes_on_where_the_session_stands() -> None:
    lab = Laboratory(PIZZA, Settings(0.002), Limits(50), (1.0, 2.0))
    lab.walk.step(20)
    lab.walk.set_optimizer(Adam())
    lab.walk.step(10)
    lab.walk.back(4)
    lab.walk.set_learning_rate(0.1)
    for scaled in (False, True):
        if scaled:
            lab.toggle_scaling()
            lab.walk.step(5)
        again = laboratory_of(session_of(lab), PIZZA)
        assert session_of(again) == session_of(lab)
        again.notes.say("")
        lab.notes.say("")
        for one in (lab, again):
            one.walk.step(3)
        for field in ("state", "before", "following", "settings", "limits", "ending", "scale", "verdict"):
            assert getattr(again.frame, field) == getattr(lab.frame, field)
        again.walk.reset()
        assert again.walk.timeline.settings == Settings(0.1, Adam()) if scaled else Settings(0.002)
        assert again.walk.start == (0.0, 0.0) if scaled else (1.0, 2.0)


# --- The data


def data_of(session: Session, elsewhere: str | None = None) -> Dataset:
    ground = ground_of(session, elsewhere)
    assert isinstance(ground, Dataset)
    return ground


def test_data_that_have_moved_or_changed(tmp_path: Path) -> None:
    here, there = tmp_path / "here.csv", tmp_path / "there.csv"
    here.write_text("dose,effect\n1,2\n2,4\n3,7\n")
    data = load(here, "effect", "dose")
    lab = Laboratory(data, Settings(), Limits())
    kept = session_of(lab)
    assert data_of(kept).x_name == "effect"
    here.rename(there)
    with pytest.raises(ValueError, match=r"the data of the session are not at .*here.csv\" any more; add the name"):
        ground_of(kept)
    assert data_of(kept, str(there)).y_name == "dose"
    there.write_text("dose,effect\n1,2\n2,4\n3,8\n")
    with pytest.raises(ValueError, match="the data have changed"):
        ground_of(kept, str(there))
    there.write_text("dose\n1\n")
    with pytest.raises(ValueError, match=r"the data of the session cannot be used: there\.csv has only one column"):
        ground_of(kept, str(there))


@pytest.mark.parametrize(
    ("settings", "loss"),
    [
        (Settings(), "squared"),
        (Settings(0.25, Momentum(0.5), train_bias=True), "squared"),
        (Settings(3e-7, Adam(), schedule=parse("step:0.5,20"), batch=Batch(2, 7)), "huber"),
    ],
)
def test_where_the_data_have_grown_the_way_on_is_a_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: Settings, loss: str
) -> None:
    file = tmp_path / "my rows.csv"
    file.write_text("dose,the effect\n1,2\n2,4\n3,7\n")
    lab = Laboratory(Ground.of(load(file), loss, 2.0), settings, Limits(50, 1e-9), (-1.5, 2.0))
    monkeypatch.chdir(tmp_path)
    kept = session_of(lab)
    with file.open("a") as more:
        more.write("4,9\n")
    with pytest.raises(ValueError, match=r"my rows\.csv has 4 rows, the session 3; name a file that has") as caught:
        ground_of(kept)
    program, *words = shlex.split(str(caught.value).partition("or begin anew: ")[2])
    parser = cli._open_parser()
    again = cli._laboratory(parser, words, parser.parse_args(words))
    run = again.walk.timeline
    assert (program, again.ground.rows.rows, again.ground.loss) == ("gdlab", 4, loss)
    assert (run.settings, run.limits, again.walk.start) == (settings, Limits(50, 1e-9), (-1.5, 2.0))
    assert loss != "huber" or again.ground.delta == 2.0


@pytest.mark.parametrize("path", ["", "/dev/null", "a\0b", "\udcff", "no such file"])
def test_data_that_are_in_no_file(path: str) -> None:
    lost = replace(session(), source=replace(Source.of(load("pizza")), path=path))
    with pytest.raises(ValueError, match=r"^the data of the session are [^\n]+; add the name of the file") as caught:
        ground_of(lost)
    assert str(caught.value).isprintable()


# --- The command


@pytest.fixture
def kept(tmp_path: Path) -> tuple[Path, Laboratory]:
    """A session with changes on its way, in a file."""
    lab = Laboratory(PIZZA, Settings(0.001), Limits(100))
    lab.walk.step(4)
    lab.walk.set_optimizer(Adam())
    lab.walk.step(3)
    lab.walk.set_learning_rate(0.25)
    lab.walk.set_train_bias(True)
    lab.walk.step(6)
    lab.walk.back(2)
    path = tmp_path / "kept.json"
    write(path, session_of(lab).to_text())
    return path, lab


def states_of(lab: Laboratory) -> list[Any]:
    run = lab.walk.timeline.fork() if lab.walk.timeline.state.iteration == lab.walk.timeline.tip else lab.walk.timeline
    run.back(run.state.iteration)
    states = [run.state]
    while run.state.iteration < run.tip:
        run.forward()
        states.append(run.state)
    return states


def test_a_session_s_log(kept: tuple[Path, Laboratory]) -> None:
    path, lab = kept
    run = gdlab("train", "--session", path, "--predict", "20")
    assert run.code == 0
    states = states_of(lab)
    *log, empty, parameters, prediction = run.out.splitlines()
    assert log == [f"Iteration {s.iteration:4d} => Loss: {s.loss:.10f}" for s in states[:-1]]
    assert (empty, parameters) == ("", f"w={states[-1].w:.10f}, b={states[-1].b:.10f}")
    assert prediction == f"Prediction: x=20 => y={states[-1].w * 20 + states[-1].b:.2f}"
    assert run.err.splitlines()[:3] == [
        "The session knows branch A up to iteration 13; it can go on from there.",
        "From iteration 4 on: Adam.",
        "From iteration 7 on: learning rate 0.001 -> 0.25, w and b trained.",
    ]


def test_a_session_s_states(kept: tuple[Path, Laboratory]) -> None:
    path, lab = kept
    states = states_of(lab)
    document = json.loads(gdlab("train", "--session", path, "--format", "json").out)
    rows = list(csv.DictReader(io.StringIO(gdlab("train", "--session", path, "--format", "csv").out)))
    assert len(document["states"]) == len(rows) == len(states) == 14
    for state, entry, row in zip(states, document["states"], rows, strict=True):
        memory = {f"{name}_{p}": v for p, m in zip("wb", state.memory, strict=True) for name, v in m._asdict().items()}
        expected = {
            "iteration": state.iteration,
            "w": state.w,
            "b": state.b,
            "loss": state.loss,
            "gradient_w": state.gradient[0],
            "gradient_b": state.gradient[1],
            "learning_rate": state.learning_rate,
            **memory,
        }
        assert entry == expected
        assert {name: float(text) for name, text in row.items() if text} == expected
    assert document["ending"] is None
    assert (document["branch"], document["scaled"]) == ("A", False)
    assert [change["iteration"] for change in document["changes"]] == [0, 4, 7]
    assert document["changes"][2]["optimizer"] == {"name": "adam", "beta1": 0.9, "beta2": 0.999, "eps": 1e-08}
    assert document["learning_rate"] == 0.25


def test_a_session_without_changes_is_the_run_that_train_makes(tmp_path: Path) -> None:
    for words, settings, limits in (
        ((), Settings(), Limits()),
        (("-l", "1", "-n", "1000000"), Settings(1.0), Limits(1_000_000)),
        (("-n", "500", "--tolerance", "0.1"), Settings(), Limits(500, 0.1)),
    ):
        lab = Laboratory(PIZZA, settings, limits)
        lab.walk.step(1_000_000)
        path = tmp_path / "session.json"
        write(path, session_of(lab).to_text())
        for form in ("text", "csv"):
            assert gdlab("train", "--session", path, "--format", form) == gdlab("train", *words, "--format", form)


def test_a_scaled_session_predicts_in_the_data_s_units(tmp_path: Path) -> None:
    lab = Laboratory(PIZZA, Settings(0.5, train_bias=True), Limits())
    lab.toggle_scaling()
    lab.walk.step(50)
    path = tmp_path / "scaled.json"
    write(path, session_of(lab).to_text())
    run = gdlab("train", "--session", path, "--predict", "20")
    assert run.out.splitlines()[-1] == "Prediction: x=20 => y=34.79"
    assert "those of standardized rows" in run.err


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [("-n", "100", "--iterations"), ("-l", "0.001", "--learning-rate"), ("--train-bias", "", "--train-bias")],
)
def test_a_session_has_its_own_settings(kept: tuple[Path, Laboratory], option: str, value: str, said: str) -> None:
    words = [option, value] if value else [option]  # the defaults, too: they are said
    for command, given in ((("train", "--session"), "--session"), (("--plain", "--resume"), "--resume")):
        run = gdlab(*command, kept[0], *words)
        name = "gdlab train" if command[0] == "train" else "gdlab"
        sentence = f"{said} cannot be given besides {given}: a session has its own data, start and settings"
        assert run == (2, "", f"{name}: {sentence}\n")


@pytest.mark.parametrize("words", [("train", "--session", "{}"), ("--plain", "--resume", "{}")])
def test_a_session_that_cannot_be_used_is_one_sentence(tmp_path: Path, words: tuple[str, ...]) -> None:
    changed = tmp_path / "changed.csv"
    changed.write_text("a,b\n1,2\n3,4\n")
    write(tmp_path / "moved.json", session_of(Laboratory(load(changed), Settings(), Limits())).to_text())
    changed.write_text("a,b\n1,2\n3,5\n")
    (tmp_path / "notes.json").write_text("notes")
    for name, sentence in (
        ("none.json", "cannot be read: no such file or directory"),
        ("notes.json", "this is not a session of gdlab, or it is damaged"),
        ("moved.json", "the data have changed: the columns"),
    ):
        run = gdlab(*(word.replace("{}", str(tmp_path / name)) for word in words))
        assert (run.code, run.out) == (2, "")
        assert sentence in run.err
        assert run.err.count("\n") == 1


def test_resuming(kept: tuple[Path, Laboratory], tmp_path: Path) -> None:
    path, lab = kept
    folder = tmp_path / "state"
    environment = {"GDLAB_STATE_DIR": str(folder)}
    assert gdlab("--plain", "--resume", **environment) == (
        2,
        "",
        "gdlab: there is no session to go on with; gdlab begins one\n",
    )
    write(folder / ours(1), path.read_text())
    (folder / ours(2)).write_text("{")
    (folder / "package.json").write_text("{}")
    os.utime(folder / ours(1), (1, 1))
    run = gdlab("--plain", "--resume", stdin="where\nquit\n", **environment)
    assert run.code == 0
    assert "Resumed at step 11 of branch A." in run.out
    state = lab.walk.timeline.state
    assert f"Step 11 of 100: w={state.w:.10f}, b={state.b:.10f}, loss {state.loss:.10f}" in run.out
    assert run.err.endswith(f'it is set aside as "{ours(2)}.damaged"\n')
    assert run.err.count("\n") == 1
    assert sorted(file.name for file in folder.iterdir()) == [ours(1), f"{ours(2)}.damaged", "package.json"]


def test_data_beside_a_session(tmp_path: Path) -> None:
    here, there = tmp_path / "here.csv", tmp_path / "there.csv"
    here.write_text("a,b\n1,2\n3,4\n")
    lab = Laboratory(load(here), Settings(), Limits())
    lab.walk.step(2)
    path = tmp_path / "session.json"
    write(path, session_of(lab).to_text())
    before = gdlab("train", "--session", path)
    here.rename(there)
    assert gdlab("train", "--session", path).code == 2
    assert gdlab("train", there, "--session", path) == before
    assert gdlab(there, "--plain", "--resume", path).code == 0
