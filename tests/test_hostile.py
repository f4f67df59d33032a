"""Damaged or malicious sessions: one message and exit code 2, at once."""

from __future__ import annotations

import io
import json
import random
import sys
from itertools import product
from typing import TYPE_CHECKING, Any

import pytest

from gdcore.session import LONGEST, Session
from tests.test_saving import PIZZA, gdlab, session
from tui import cli
from tui.laboratory.laboratory import Laboratory
from tui.laboratory.saving import LARGEST, Saver, laboratory_of, latest, session_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def good() -> Session:
    """A session with branches, changes and a race."""
    lab = laboratory_of(session(), PIZZA)
    lab.walk.step(20)
    lab.walk.scale_learning_rate(1.1)
    lab.walk.back(10)
    lab.walk.set_train_bias(True)
    lab.walk.step(5)
    lab.walk.pin()
    lab.studies.race()
    return session_of(lab)


TEXT = good().to_text()


def ended(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *words: str) -> tuple[int, str]:
    """The exit code of gdlab, and what it says to standard error; what raises fails the test."""
    monkeypatch.setattr(sys, "argv", ["gdlab", *words])
    monkeypatch.setattr(sys, "stdin", io.StringIO(""))
    try:
        code = cli.main()
    except SystemExit as leaving:
        code = int(leaving.code or 0)
    return code, capsys.readouterr().err


def both(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, path: Path) -> list[tuple[int, str]]:
    """Likewise, for what goes on with a session and what prints it."""
    ways = (("train", "--session", str(path)), ("--plain", "--resume", str(path)))
    return [ended(capsys, monkeypatch, *way) for way in ways]


def one_sentence(said: list[tuple[int, str]]) -> None:
    for code, err in said:
        assert code == 2, err
        assert err.count("\n") == 1
        assert err.endswith("\n")
        assert len(err) < 400
        assert err.rstrip("\n").isprintable()
        assert err.startswith("gdlab")


def mutated(seed: int) -> bytes:
    """The good session with something wrong in it."""
    chance = random.Random(seed)
    data = bytearray(TEXT.encode())
    at, length = chance.randrange(len(data)), chance.choice((1, 1, 2, 10, 300))
    match seed % 5:
        case 0:
            return bytes(data[:at])
        case 1:
            data[at : at + length] = bytes(chance.randrange(256) for _ in range(length))
        case 2:
            del data[at : at + length]
        case 3:
            data[at:at] = data[(start := chance.randrange(len(data))) : start + length]
        case _:
            digits = [place for place, byte in enumerate(data) if chr(byte).isdigit()]
            place = chance.choice(digits)
            data[place : place + 1] = chance.choice(
                (b"-1", b"1e999", b"NaN", b"1e15", b"999999999", b"0", b"null", b'"9"')
            )
    return bytes(data)


@pytest.mark.parametrize("seed", range(100))
def test_a_hundred_mutations(
    seed: int, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Few of them are sessions still, with another number in them."""
    path = tmp_path / "session.json"
    path.write_bytes(mutated(seed))
    said = both(capsys, monkeypatch, path)
    if any(code == 2 for code, _ in said):
        one_sentence(said)
    else:
        assert [code for code, _ in said] in ([0, 0], [3, 0])


def with_value(value: Any, *way: str | int) -> bytes:
    document: Any = json.loads(TEXT)
    inside = document
    for key in way[:-1]:
        inside = inside[key]
    inside[way[-1]] = value
    return json.dumps(document).encode()


def cyclic() -> bytes:
    document = json.loads(TEXT)
    first, second, *_ = document["branches"]
    first["parent"], second["parent"] = second["name"], first["name"]
    return json.dumps(document).encode()


HOSTILE: dict[str, Callable[[], bytes]] = {
    "empty": lambda: b"",
    "binary": lambda: bytes(range(256)) * 40,
    "zeros": lambda: bytes(10_000),
    "half": lambda: TEXT.encode()[: len(TEXT) // 2],
    "foreign": lambda: b'{"cells": [], "nbformat": 4}',
    "a list": lambda: b"[1, 2, 3]",
    "a picture": lambda: b"\x89PNG\r\n\x1a\n" + bytes(100),
    "deep": lambda: b"[" * 200_000,
    "deep in an entry": lambda: TEXT.replace('"scaled": false', '"scaled": ' + "[" * 100_000 + "]" * 100_000).encode(),
    "a number without end": lambda: with_value(0, "scaled").replace(b'"scaled": 0', b'"scaled": ' + b"9" * 100_000),
    "NaN": lambda: with_value(float("nan"), "branches", 0, "start", "w"),
    "infinite": lambda: with_value(float("inf"), "branches", 0, "start", "w"),
    "negative": lambda: with_value(-1, "branches", 0, "tip"),
    "for ever": lambda: with_value(10**15, "branches", 0, "tip"),
    "for an hour": lambda: with_value(10**9, "branches", 0, "tip"),
    "for an hour together": lambda: with_value(LONGEST, "branches", 0, "tip"),
    "cyclic": cyclic,
    "its own parent": lambda: with_value(json.loads(TEXT)["branches"][1]["name"], "branches", 1, "parent"),
    "a name beyond names": lambda: with_value("x" * 5000, "data", "path"),
    "a name that acts": lambda: with_value("\x1b[2J\x00\n", "data", "path"),
    "a device": lambda: with_value("/dev/zero", "data", "path"),
    "a folder": lambda: with_value("/", "data", "path"),
    "another column": lambda: with_value("\x1b[2J", "data", "x"),
    "half a character": lambda: with_value("\ud800", "data", "x"),
    "no such terrain": lambda: TEXT.replace('"data": {', '"terrain": "\\u001b[2J", "data": {', 1).encode(),
    "far away": lambda: with_value(1.7e308, "branches", 0, "start", "w"),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile(
    kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "session.json"
    path.write_bytes(HOSTILE[kind]())
    one_sentence(both(capsys, monkeypatch, path))


def test_a_huge_file_is_refused_by_its_size(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "session.json"
    with path.open("wb") as file:
        file.truncate(50 * LARGEST)
    said = both(capsys, monkeypatch, path)
    one_sentence(said)
    assert all("is more than 50,000,000 bytes" in err for _, err in said)


def test_a_device_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "session.json"
    path.symlink_to("/dev/zero")
    one_sentence(both(capsys, monkeypatch, path))


@pytest.mark.parametrize("kind", ["binary", "for ever", "half"])
def test_the_installed_command(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "session.json"
    path.write_bytes(HOSTILE[kind]())
    for words in (("train", "--session"), ("--plain", "--resume")):
        run = gdlab(*words, path, GDLAB_STATE_DIR=str(tmp_path / "state"))
        one_sentence([(run.code, run.err)])


def test_a_run_too_long_to_be_replayed_keeps_what_was_saved_before(tmp_path: Path) -> None:
    saver = Saver(tmp_path)
    assert saver.save(session(5)) == ""
    course = session(5).branches[0]
    long = Session(session(5).source, (course.__class__(**{**fields(course), "tip": LONGEST + 1}),), course.name)
    assert saver.save(long).startswith("Sessions of more than 20,000,000 iterations are not kept")
    assert saver.save(long) == "", "it is said once"
    found, remarks = latest(tmp_path)
    assert (found, remarks) == (session(5), [])


def fields(course: Any) -> dict[str, Any]:
    return {name: getattr(course, name) for name in course.__slots__}


def test_no_branch_seems_to_come_from_itself(pizza: Any) -> None:
    """However often names become free, a session of one's own is never taken for a cyclic one."""
    del pizza
    lab = Laboratory(PIZZA, session().branches[0].changes[0][1], session().branches[0].limits)
    chance = random.Random(1)
    for _ in range(300):
        lab.walk.step(chance.randint(0, 2))
        lab.walk.back(chance.randint(0, 2))
        lab.walk.scale_learning_rate(chance.choice((0.9, 1.1)))
        if chance.random() < 0.3:
            lab.walk.pin()
        lab.walk.switch(chance.choice(list(lab.walk.branches)))
    assert Session.from_text(session_of(lab).to_text()) == session_of(lab)


READING = (
    ("train",),
    ("train", "--session"),
    ("train", "--batch", "2", "--order"),
    ("--plain",),
    ("--plain", "--resume"),
    ("learn", "--plain"),
    ("check",),
    ("check", "-"),
    ("export", "--to", "csv"),
    ("serve",),
)
WRITING = (("learn", "--plain", "--progress"), ("export", "--to", "csv", "-o"))
"""All ways to name a file on the command line; what is written need not be there."""
NO_FILE = ("a" * 5000, "x/" + "b" * 300, "loop", "loop/x.csv")
MISSING = ("closed/x.csv", "~nobody/x.csv")


@pytest.mark.parametrize(
    ("words", "name"),
    [*product(READING, (*NO_FILE, *MISSING)), *product(WRITING, NO_FILE)],
    ids=lambda value: " ".join(value)[:30] if isinstance(value, tuple) else value[-8:],
)
def test_a_file_that_cannot_be_had_is_named(
    words: tuple[str, ...],
    name: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GDLAB_STATE_DIR", str(tmp_path / "state"))
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "x").mkdir()
    (tmp_path / "closed").mkdir(mode=0)
    Saver(tmp_path / "state", session()).save(good())  # there is something to export
    code, err = ended(capsys, monkeypatch, *words, name)
    assert code == 2, err
    assert err.count("\n") == 1
    assert err.startswith("gdlab")
    assert "the output" not in err
    assert name[-20:] in err
