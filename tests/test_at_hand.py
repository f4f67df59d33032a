"""Completion, the manual page and the doctor: made from the same options as the help, and fit to be pasted."""

from __future__ import annotations

import getpass
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tui.cli import parsers
from tui.headless.doctor import MOST, report

GDLAB = str(Path(sys.executable).parent / "gdlab")


def gdlab(*words: str) -> str:
    return subprocess.run([GDLAB, *words], capture_output=True, encoding="utf-8", check=True).stdout


def flags() -> list[str]:
    return sorted(
        {flag for parser in parsers().values() for action in parser._actions for flag in action.option_strings}
    )


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_every_option_can_be_completed(shell: str) -> None:
    text = gdlab("completion", shell)
    for flag in flags():
        written = flag if shell != "fish" else f"-l {flag[2:]}" if flag.startswith("--") else f"-s {flag[1:]}"
        assert written in text
    for name in parsers():
        assert name in text


COMPLETED = [
    (("gdlab", "tra"), ["train"]),
    (("gdlab", "piz"), ["pizza"]),
    (("gdlab", "train", "--opti"), ["--optimizer"]),
    (("gdlab", "train", "--optimizer", "ada"), ["adagrad", "adam"]),
    (("gdlab", "train", "--terrain", "rosen"), ["rosenbrock"]),
    (("gdlab", "export", "--to", "n"), ["notebook", "numpy"]),
    (("gdlab", "export", "-o", "own"), ["own.csv"]),
    (("gdlab", "serve", "own"), ["own.csv"]),
    (("gdlab", "completion", "f"), ["fish"]),
    (("gdlab", "train", "--rate-of-nothing"), []),
]


def bash(words: tuple[str, ...], folder: Path) -> list[str]:
    """What bash completes the last of some words to."""
    (folder / "gdlab.bash").write_text(gdlab("completion", "bash"), encoding="utf-8")
    code = f"source ./gdlab.bash; COMP_WORDS=({' '.join(words)}); COMP_CWORD={len(words) - 1}; _gdlab; "
    code += 'printf "%s\\n" "${COMPREPLY[@]}"'
    run = subprocess.run(["bash", "--norc", "-c", code], cwd=folder, capture_output=True, encoding="utf-8", check=True)
    assert run.stderr == ""
    return sorted(filter(None, run.stdout.split("\n")))


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash")
@pytest.mark.parametrize(("words", "completed"), COMPLETED)
def test_bash_completes(words: tuple[str, ...], completed: list[str], tmp_path: Path) -> None:
    (tmp_path / "own.csv").write_text("")
    assert bash(words, tmp_path) == completed


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash")
@pytest.mark.parametrize("words", [("gdlab", "my"), ("gdlab", "export", "--data", "my"), ("gdlab", "--order", "my")])
def test_bash_completes_a_name_with_spaces(words: tuple[str, ...], tmp_path: Path) -> None:
    (tmp_path / "my own data.csv").write_text("")
    assert bash(words, tmp_path) == ["my own data.csv"]


def test_the_manual_page_has_every_option() -> None:
    text = gdlab("man")
    for flag in flags():
        assert f"\\fB{flag.replace('-', chr(92) + '-')}\\fR" in text
    assert text.startswith(".TH GDLAB 1 ")


def test_the_manual_page_fills_its_prose_and_leaves_examples_as_they_are() -> None:
    lines = gdlab("man").splitlines()
    asis = [line for at, line in enumerate(lines) if lines[:at].count(".nf") > lines[:at].count(".fi")]
    assert any(line.startswith("  gdlab export \\-\\-to numpy") for line in asis)
    assert not any(line.startswith("Gradient descent, one key at a time") for line in asis)
    assert ".B gdlab export\n[\\fIOPTIONS\\fR] [\\fISESSION\\fR]" in "\n".join(lines)


def test_the_doctor_says_enough_and_nothing_personal() -> None:
    text = gdlab("doctor")
    assert text.splitlines()[0].startswith("gdlab        ")
    assert len(text.splitlines()) == len(list(report())) <= MOST
    assert "this is not a terminal" in text
    assert str(Path.home()) not in text
    assert getpass.getuser() not in text.replace("root", "") or getpass.getuser() == "root"
    assert str(Path.cwd()) not in text


def test_the_doctor_speaks_to_a_poor_stream() -> None:
    run = subprocess.run([GDLAB, "doctor"], capture_output=True, env={"PYTHONIOENCODING": "ascii"}, check=True)
    assert b"glyphs" in run.stdout
