"""Terminals with few colours or none, and places that are no terminal at all."""

import os
import re
import subprocess

import pytest

from tests.terminal import GDLAB, Terminal, environment_of, opened

TYPES = ["xterm", "xterm-256color", "linux", "screen", "screen-256color", "tmux-256color", "vt100", "rxvt"]


@pytest.mark.parametrize("kind", TYPES)
def test_every_kind_of_terminal(kind: str) -> None:
    """All that is on the chart can be told apart by its characters alone."""
    with opened("-l", "0.001", TERM=kind, COLORTERM=None) as terminal:
        terminal.press("n", "n")
        terminal.see("Step 2 of 100")
        terminal.see("q Quit")
        bare = kind in ("linux", "vt100")
        for glyph in "@XO" if bare else "●✕○•":
            assert terminal.text.count(glyph) >= 2, glyph  # on the curve and in the legend
        assert bool(re.search("[\u2800-\u28ff]", terminal.text)) != bare, "their fonts have no Braille"
        true_colour = re.search(rb"\x1b\[[\d;]*38;2;", terminal.sent)
        assert true_colour is None
        terminal.press("q")
        assert terminal.finish() == 0
        terminal.left_as_it_was()


def test_a_colour_terminal_gets_its_colours() -> None:
    with opened() as terminal:
        assert re.search(rb"38;2;\d+;\d+;\d+", terminal.sent)


def test_no_color() -> None:
    with opened(NO_COLOR="1") as terminal:
        terminal.press("n")
        terminal.see("Step 1 of 100")
        for red, green, blue in re.findall(rb"[34]8;2;(\d+);(\d+);(\d+)", terminal.sent):
            assert red == green == blue
        terminal.press("q")
        assert terminal.finish() == 0


@pytest.mark.parametrize(
    ("environment", "sign"), [({}, "."), ({"NO_COLOR": "1"}, "#"), ({"TERM": "vt220", "COLORTERM": None}, "#")]
)
def test_contours_are_told_apart_where_there_are_no_colours(environment: dict[str, str | None], sign: str) -> None:
    with Terminal([GDLAB, "--train-bias", "--marker", "dot"], environment=environment) as terminal:
        terminal.see("q Quit")
        terminal.press("2")
        terminal.see(f"{sign} loss 50..2000")
        terminal.press("q")
        assert terminal.finish() == 0


def test_ascii_on_the_chart() -> None:
    with opened("--marker", "dot") as terminal:
        left = next(row.index("loss") for row in terminal.rows if "b held at 0" in row)
        last = next(number for number, row in enumerate(terminal.rows) if "w (weight)" in row)
        chart = "\n".join(row[left:] for row in terminal.rows[1 : last + 1])
        assert chart.isascii(), chart


INSTEAD = "; gdlab train does the same run without a screen, gdlab --plain the laboratory without a picture\n"


@pytest.mark.parametrize(
    ("environment", "why"),
    [
        ({"TERM": "dumb"}, "this terminal cannot move its cursor (TERM=dumb)"),
        ({"TERM": None}, "this terminal cannot move its cursor (TERM is not set)"),
        (
            {"PYTHONIOENCODING": "ascii"},
            "this terminal's encoding, ascii, has no characters to draw with (a UTF-8 locale has)",
        ),
        (
            {"PYTHONIOENCODING": "latin-1"},
            "this terminal's encoding, iso8859-1, has no characters to draw with (a UTF-8 locale has)",
        ),
    ],
)
def test_a_terminal_that_cannot_show_it(environment: dict[str, str | None], why: str) -> None:
    with Terminal([GDLAB], environment=environment) as terminal:
        assert terminal.finish() == 2
        assert terminal.sent.decode().replace("\r\n", "\n") == f"gdlab: {why}{INSTEAD}"
        terminal.left_as_it_was()


@pytest.mark.parametrize("given", ["pipes", "nothing", "a terminal to read from"])
def test_no_terminal(given: str) -> None:
    master, slave = os.openpty()
    try:
        done = subprocess.run(
            [GDLAB],
            stdin={"pipes": subprocess.PIPE, "nothing": subprocess.DEVNULL}.get(given, slave),
            capture_output=True,
            env=environment_of({}),
            timeout=30,
            check=False,
        )
    finally:
        os.close(master)
        os.close(slave)
    assert done.returncode == 2
    assert done.stdout == b""
    assert done.stderr.decode() == f"gdlab: this is not a terminal{INSTEAD}"


def test_errors_may_go_elsewhere() -> None:
    """`gdlab 2>errors` is a terminal all the same."""
    with Terminal(["sh", "-c", f"{GDLAB} 2>/dev/null"]) as terminal:
        terminal.see("Step 0 of")
        terminal.press("q")
        assert terminal.finish() == 0
        terminal.left_as_it_was()


@pytest.mark.parametrize(
    ("options", "environment", "frames"),
    [
        ((), {}, 20),
        ((), {"SSH_CONNECTION": "192.0.2.1 40000 192.0.2.2 22"}, 10),
        ((), {"SSH_TTY": "/dev/pts/9"}, 10),
        (("--fps", "5"), {"SSH_TTY": "/dev/pts/9"}, 5),
        (("--fps", "30"), {"SSH_TTY": "/dev/pts/9"}, 30),
    ],
)
def test_frames_a_second(
    options: tuple[str, ...], environment: dict[str, str], frames: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tui.terminal.environment import FRAMES, frames_per_second  # noqa: PLC0415

    for name in ("SSH_CONNECTION", "SSH_TTY"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert frames_per_second(FRAMES.parse(options[1]) if options else None) == frames


@pytest.mark.parametrize(("options", "most"), [((), 10), (("--fps", "4"), 4)])
def test_frames_over_ssh(options: tuple[str, ...], most: int) -> None:
    """Several steps go into a frame."""
    with opened("-n", "1000000", *options, SSH_TTY="/dev/pts/9") as terminal:
        terminal.press(">>>>", "space")
        terminal.wait(lambda: terminal.iteration > 100, "a run")
        frames, start = terminal.frames, terminal.iteration
        while terminal.iteration < start + 400:  # two seconds at 200 steps a second, and what is read with their last
            terminal.wait(lambda: terminal.read(0.1), "a frame")
        seconds = (terminal.iteration - start) / 200
        assert 0 < terminal.frames - frames <= seconds * most + 4


@pytest.mark.parametrize("given", ["0", "61", "nan", "x"])
def test_frames_that_cannot_be(given: str) -> None:
    done = subprocess.run([GDLAB, "--fps", given], capture_output=True, env=environment_of({}), timeout=30, check=False)
    assert done.returncode == 2
    assert "fps must be a number from 1 to 60" in done.stderr.decode()
