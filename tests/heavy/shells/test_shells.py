"""zsh and fish complete gdlab's words, and man shows its page."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.terminal import Terminal
from tests.test_at_hand import COMPLETED, gdlab

if TYPE_CHECKING:
    from pathlib import Path


def needs(program: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(shutil.which(program) is None, reason=f"there is no {program}")


@needs("fish")
@pytest.mark.parametrize(("words", "completed"), COMPLETED)
def test_fish_completes(words: tuple[str, ...], completed: list[str], tmp_path: Path) -> None:
    (tmp_path / "own.csv").write_text("")
    (tmp_path / "gdlab.fish").write_text(gdlab("completion", "fish"), encoding="utf-8")
    run = subprocess.run(
        ["fish", "--no-config", "-c", f"source gdlab.fish; complete -C {' '.join(words)!r}"],
        cwd=tmp_path,
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    found = [line.partition("\t")[0] for line in run.stdout.splitlines()]
    # fish also offers what has the letters in its middle; of those that begin with them it must offer exactly these.
    assert sorted(word for word in found if word.startswith(words[-1])) == completed
    assert run.stderr == ""


@needs("zsh")
@pytest.mark.parametrize(("words", "completed"), [row for row in COMPLETED if len(row[1]) == 1])
def test_zsh_completes(words: tuple[str, ...], completed: list[str], tmp_path: Path) -> None:
    (tmp_path / "own.csv").write_text("")
    (tmp_path / "_gdlab").write_text(gdlab("completion", "zsh"), encoding="utf-8")
    environment = {"PS1": "> ", "HOME": str(tmp_path)}
    with Terminal(["zsh", "-f", "-i"], environment=environment, folder=tmp_path) as shell:
        shell.type("fpath=($PWD $fpath); autoload -U compinit; compinit -u -D; clear; print rea''dy\r")
        shell.see("ready")
        shell.type(f"{' '.join(words)}\t")
        shell.see(" ".join((*words[:-1], *completed)))


@needs("man")
def test_man_shows_the_page(tmp_path: Path) -> None:
    page = tmp_path / "gdlab.1"
    page.write_text(gdlab("man"), encoding="utf-8")
    run = subprocess.run(
        ["man", "--warnings", "-l", str(page)],
        capture_output=True,
        encoding="utf-8",
        check=True,
        env={"MANWIDTH": "120", "PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"},
    )
    assert run.stderr == ""
    assert "gdlab export --to numpy " in run.stdout
    assert "--learning-rate NUMBER" in run.stdout
