"""gdlab in a real terminal, as a person sees it, and what it costs on the line."""

import os
import signal
import statistics
import time

import pytest

from tests.terminal import Terminal, opened, spent

WIDE = [(80, 24), (120, 36), (200, 60)]
CRAWL = ("pizza", "-l", "0.0001", "-n", "1000")


def same_as_painted_anew(terminal: Terminal) -> None:
    """Assert that what many small changes have painted is what one big one paints."""
    terminal.settle()
    before = terminal.cells
    terminal.screen.reset()
    terminal.signal(signal.SIGWINCH)
    terminal.wait(lambda: bool(terminal.text.strip()), "everything painted anew")
    terminal.settle()
    assert terminal.cells == before


@pytest.mark.parametrize("size", WIDE)
def test_a_step_forward_and_back(size: tuple[int, int]) -> None:
    with opened(size=size) as terminal:
        for said in ("pizza.txt", "Pizzas = w * Reservations + b", "w (weight)", "● you", "? Help", "q Quit"):
            terminal.see(said)
        terminal.press("n")
        terminal.see("Step 1 of 100")
        assert "304.363" in terminal.text
        terminal.press("right", "N")
        terminal.see("Step 12 of 100")
        same_as_painted_anew(terminal)
        terminal.press("B", "b")
        terminal.see("Step 1 of 100")
        same_as_painted_anew(terminal)
        terminal.press("q")
        assert terminal.finish() == 0
        terminal.left_as_it_was()


@pytest.mark.parametrize(
    ("size", "said"), [((60, 20), "0/100 w 0"), ((39, 9), "gdlab needs a terminal of at least 40 x")]
)
def test_a_small_window(size: tuple[int, int], said: str) -> None:
    with opened(size=size) as terminal:
        assert said in terminal.text
        terminal.press("n", "n")
        terminal.resize((80, 24))
        terminal.see("Step 2 of 100")
        same_as_painted_anew(terminal)
        terminal.press("q")
        assert terminal.finish() == 0


def test_run_and_pause_while_the_window_changes() -> None:
    with opened("-n", "100000", size=(120, 36)) as terminal:
        terminal.press("space")
        for size in ((80, 24), (60, 20), (39, 9), (200, 60), (79, 24), (120, 36)):
            terminal.resize(size)
            if size == (39, 9):
                terminal.see("needs a terminal")
                continue
            terminal.wait(lambda: terminal.iteration > 0, str(size))
            now = terminal.iteration
            terminal.wait(lambda now=now: terminal.iteration > now, "the run goes on")  # type: ignore[misc]
        terminal.press("space")
        terminal.wait(lambda: "running" not in terminal.text, "the pause")
        same_as_painted_anew(terminal)
        paused = terminal.iteration
        terminal.press("n")
        terminal.see(f"Step {paused + 1} of 100,000")


def test_the_rate_while_it_runs() -> None:
    with opened("-n", "100000") as terminal:
        terminal.press("space", "]")
        terminal.see("Rate    0.0011")
        terminal.press("s")
        terminal.see("Enter puts it in force")
        terminal.press(*["backspace"] * 9)
        terminal.see('not ""')
        terminal.type("0.002")
        terminal.see("Rate    0.002")
        terminal.press("enter")
        terminal.see("Rate    0.002")
        terminal.press("escape", "space")
        terminal.wait(lambda: "running" not in terminal.text, "the pause")
        same_as_painted_anew(terminal)


def test_keys_typed_ahead_into_a_field_keep_their_order() -> None:
    with opened() as terminal:
        terminal.press("s")
        terminal.see("Enter puts it in force")
        terminal.type("\x7f" * 9 + "0.002\r")
        terminal.see("Rate    0.002")


VIEWS = {"2": "b (bias)", "3": "line at minimum", "4": "iteration", "5": "learning rate", "1": "w (weight)"}
"""A word that only this view shows, by its key."""


@pytest.mark.parametrize("size", [(80, 24), (120, 36)])
def test_each_view(size: tuple[int, int]) -> None:
    with opened("--train-bias", size=size) as terminal:
        terminal.press("n", "N")
        terminal.see("Step 11 of 100")
        for key, said in VIEWS.items():
            terminal.press(key)
            terminal.see(said)
            terminal.wait(lambda: "%" not in terminal.text, "the sweep to its end")
            terminal.press("n", "b")
            terminal.settle()
            assert terminal.iteration == 11
            same_as_painted_anew(terminal)


def test_help_and_the_palette() -> None:
    with opened() as terminal:
        shown = terminal.cells
        terminal.press("?")
        terminal.see("Help")
        terminal.wait(lambda: "w (weight)" not in terminal.text, "the help")
        same_as_painted_anew(terminal)
        terminal.press("escape")
        terminal.wait(lambda: terminal.cells == shown, "the screen as it was")
        terminal.press("N")
        terminal.see("Step 10 of")
        terminal.press("ctrl+p")
        terminal.see("Search")
        terminal.type("Restart")
        terminal.settle(0.3)
        terminal.press("enter")
        terminal.see("Step 0 of 100")
        same_as_painted_anew(terminal)


def test_a_repaint_mends_what_something_else_wrote() -> None:
    with opened() as terminal:
        shown = terminal.cells
        terminal.screen.reset()
        terminal.press("ctrl+l")
        terminal.wait(lambda: terminal.cells == shown, "the whole screen")


@pytest.mark.parametrize("junk", [b"\xff", b"caf\xe9", b"\x1b[M \xf0\x30", b"\x1b[57441;1:3u"])
def test_bytes_that_are_no_text_end_nothing(junk: bytes) -> None:
    with opened() as terminal:
        terminal.press("n")
        terminal.see("Step 1 of 100")
        os.write(terminal._master, junk)
        terminal.settle()
        terminal.press("escape")
        terminal.settle()
        before = terminal.iteration
        terminal.press("n")
        terminal.see(f"Step {before + 1} of 100")
        terminal.press("q")
        assert terminal.finish() == 0
        terminal.left_as_it_was()


@pytest.mark.parametrize("key", ["?", "w", "o", "g", ":"])
def test_interrupting_a_dialog_quits(key: str) -> None:
    with opened() as terminal:
        shown = terminal.text
        terminal.press(key)
        terminal.wait(lambda: terminal.text != shown, "the dialog")
        terminal.settle()
        terminal.press("ctrl+c")
        assert terminal.finish() == 0
        terminal.left_as_it_was()


def test_a_burst_of_keys_loses_none() -> None:
    with opened("-n", "1000") as terminal:
        frames = terminal.frames
        terminal.press("n" * 500)
        terminal.see("Step 500 of 1,000")
        terminal.settle()
        assert terminal.frames - frames < 100
        same_as_painted_anew(terminal)
        terminal.press("b")
        terminal.see("Step 499 of 1,000")


@pytest.mark.parametrize("size", [(80, 24), (120, 36)])
def test_the_bytes_of_a_step(size: tuple[int, int]) -> None:
    total, chart = [], []
    with opened(*CRAWL, size=size) as terminal:
        left = next(row.index("loss") for row in terminal.rows if "b held at 0" in row)
        legend = next(number for number, row in enumerate(terminal.rows) if "● you" in row)
        for step in range(1, 51):
            before = len(terminal.sent)
            terminal.press("n")
            terminal.see(f"Step {step} of")
            terminal.settle(0.03)
            cost = spent(bytes(terminal.sent[before:]))
            total.append(cost.total())
            chart.append(sum(count for (x, y), count in cost.items() if x >= left and 1 <= y <= legend))
    print(size, "bytes a step:", statistics.median(total), "of these the chart:", statistics.median(chart))
    assert statistics.median(total) <= 1000
    assert 0 < statistics.median(chart) <= 300


@pytest.mark.parametrize("view", ["1", "2", "4", "6"])
def test_the_bytes_of_the_first_steps(view: str) -> None:
    """They are long, what is said of them is too, and beside the chart two views in small change."""
    with opened("-l", "0.004", size=(120, 36)) as terminal:
        terminal.press(view)
        terminal.settle()
        for step in (1, 2, 3, 4):
            before = len(terminal.sent)
            terminal.press("n")
            terminal.see(f"Step {step} of")
            terminal.settle()
            assert len(terminal.sent) - before <= 1000


@pytest.mark.parametrize("size", [(80, 24), (120, 36)])
def test_the_bytes_of_a_run(size: tuple[int, int]) -> None:
    with opened(*CRAWL, size=size) as terminal:
        terminal.press("space")
        terminal.see("Step 2 of")
        before, frames, start = len(terminal.sent), terminal.frames, time.monotonic()
        terminal.wait(lambda: terminal.iteration >= 42, "40 steps at ten a second")
        seconds = time.monotonic() - start
        rate = (len(terminal.sent) - before) / seconds
    print(size, "bytes a second:", round(rate), "frames a second:", round((terminal.frames - frames) / seconds, 1))
    assert seconds > 3
    assert rate < 10_000


STALL = float(os.environ.get("GDLAB_TEST_STALL", "10"))


def test_a_line_that_stalls() -> None:
    """The run goes on, keys are taken, and what is sent afterwards does not grow with the stall."""
    with opened(*CRAWL, size=(120, 36)) as terminal:
        terminal.press("space")
        terminal.see("Step 3 of")
        end = time.monotonic() + STALL
        terminal.press("]")
        while time.monotonic() < end - 1:
            time.sleep(0.1)
        terminal.press("space")
        while time.monotonic() < end:
            time.sleep(0.1)
        before, frames = len(terminal.sent), terminal.frames
        terminal.wait(lambda: "running" not in terminal.text, "the pause", 5)
        terminal.settle()
        backlog, replayed = len(terminal.sent) - before, terminal.frames - frames
        print("after a stall:", backlog, "bytes in", replayed, "frames, at step", terminal.iteration)
        assert 10 * (STALL - 1) * 0.8 < terminal.iteration < 10 * STALL + 5
        assert "Rate    0.00011" in terminal.text
        assert replayed < 10 * STALL / 2
        assert backlog < 10_000
        same_as_painted_anew(terminal)
        terminal.press("n", "q")
        assert terminal.finish() == 0
