"""A monkey at the keyboard: random keys, mouse reports, pastes, resizes and broken sequences, in a real terminal.

    python -m tests.monkey --strokes 20000 --seed 1

Nothing it does may end gdlab but a key that quits; then gdlab must have ended with code 0, the terminal must be as it
was, and the saved session must lead to the numbers that were on the screen. After that the monkey opens the session
again and goes on.
"""

from __future__ import annotations

import json
import random
import re
import subprocess
import sys
import tempfile
import time
from argparse import ArgumentParser
from dataclasses import dataclass, field
from math import isclose
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textual.keys import _character_to_key

from tests.terminal import GDLAB, Terminal, environment_of
from tui.laboratory.saving import ground_of, latest
from tui.screen.keys import COMMANDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import TypeAlias

    Stroke: TypeAlias = bytes | tuple[int, int] | float
    """Bytes to send, a size to take, or seconds in which nothing is taken that gdlab sends."""

ESC = "\x1b"
PRINTABLE = [chr(code) for code in range(0x20, 0x7F)]
NAMED = {_character_to_key(character): character for character in PRINTABLE} | {
    "space": " ",
    "escape": ESC,
    "enter": "\r",
    "up": f"{ESC}[A",
    "down": f"{ESC}[B",
    "right": f"{ESC}[C",
    "left": f"{ESC}[D",
    "f1": f"{ESC}OP",
    **{f"ctrl+{letter}": chr(ord(letter) & 31) for letter in "abcdefghijklmnopqrstuvwxyz"},
}
"""What a terminal sends for the keys that commands have."""
QUITTING = ("q", "ctrl+q", "ctrl+c")
BOUND = [
    key if len(key) == 1 else NAMED[key]
    for command in COMMANDS
    for key in (*command.keys, *command.chart_keys)
    if key not in QUITTING
]
MOVING = [f"{ESC}[{code}~" for code in (2, 3, 5, 6, 7, 8)] + [
    f"{ESC}[H",
    f"{ESC}[F",
    "\t",
    f"{ESC}[Z",
    "\x7f",
    "\r",
    ESC,
]
FUNCTIONS = [f"{ESC}O{letter}" for letter in "PQRS"] + [
    f"{ESC}[{code}~" for code in (15, 17, 18, 19, 20, 21, 23, 24, 25, 26, 28, 29, 31, 32, 33, 34)
]
PLACES = (
    ["1", "2", "3", "4", "5", "?", "w", "g", "ge", "gd", "o", "o\t", ":", ":zz", ":\t", ":race", "s"]
    + ["s" + "\t" * count for count in range(1, 9)]
    + [f"s{ESC}[Z", f"s{ESC}[Z\r", f"s{ESC}[Z{ESC}[Z\r"]
)
"""What leads to each view, dialog and field."""
PAUSE = b"\0\0\0"
"""Where a stroke has this in it, the monkey waits so long that what is before it is a key of its own."""
SIZES = [(80, 24), (120, 36), (200, 60), (500, 200), (1, 1), (2, 1), (1, 200), (500, 1), (39, 9), (40, 10), (60, 16)]
HOSTILE = [
    "[bold]x[/]",
    "[/]",
    "\x1b[2J\x1b]0;t\x07",
    "\u202eabc",
    "[@click=app.quit]x[/]",
    "\u200b",
    "名前",
    "a" * 300,
]
"""Names of columns that a terminal, or markup, could take for something else."""
TASK = re.compile(r"(?<!Step) \d+ of \d+  ")
"""What the screen says in the course, "2 of 16": the laboratory says it of its steps as well."""
LOST = 2.0
"""Seconds of work that may be lost when gdlab is killed: one until it is saved, and some for a machine that is busy."""
ANSWER = 60.0
"""Seconds in which gdlab must have done what it was asked, on a busy machine."""


def data_sets(folder: Path) -> list[str]:
    """Data sets nobody would choose, beside one of those that ship."""
    rows: dict[str, tuple[str, Any]] = {
        "constant.csv": ("x,y", [(3, 1), (3, 2), (3, 4)]),
        "huge.csv": ("x,y", [(1e120, 2e120), (-1e120, 1e119), (3e119, -1e120)]),
        "tiny.csv": ("x,y", [(1e-200, 1e-300), (2e-200, 1e-300), (3e-200, 5e-300)]),
        "two.csv": ("x,y", [(0, 0), (0, 1e-9)]),
        "names.csv": (",".join(f'"{name}"' for name in HOSTILE), [[i * j + 1 for j in range(8)] for i in range(9)]),
    }
    for name, (head, lines) in rows.items():
        text = "\n".join([head, *(",".join(map(str, line)) for line in lines)])
        (folder / name).write_text(text + "\n", encoding="utf-8")
    (folder / "[red]\x1b[2J.csv").write_text("x,y\n1,2\n2,3\n3,5\n", encoding="utf-8")
    return ["pizza", *rows, "[red]\x1b[2J.csv"]


class Monkey:
    """Strokes, one after the other, the same for the same seed."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self._places: Iterator[str] = iter(())

    def stroke(self) -> tuple[str, Stroke]:
        """What is done next: bytes to send, a size to take, or seconds to take nothing that is sent."""
        kinds: list[tuple[int, str, Callable[[], Stroke]]] = [
            (30, "key", self._key),
            (6, "moving", lambda: self._of(MOVING)),
            (3, "function", lambda: self._of(FUNCTIONS)),
            (4, "alt", lambda: self._of([ESC + character for character in PRINTABLE])),
            (4, "ctrl", self._control),
            (3, "kitty", self._kitty),
            (8, "typing", self._typing),
            (10, "mouse", self._mouse),
            (3, "paste", self._paste),
            (5, "broken", self._broken),
            (3, "bytes", self._bytes),
            (2, "resize", self._size),
            (1, "stall", lambda: self.random.uniform(0.0, 0.6)),
            (8, "place", self._place),
            (1, "quit", lambda: self._of(["q"])),
        ]
        weights = [weight for weight, _, _ in kinds]
        _, name, make = self.random.choices(kinds, weights)[0]
        return name, make()

    def _of(self, choices: list[str]) -> bytes:
        return self.random.choice(choices).encode()

    def _bytes(self) -> bytes:
        """Bytes that are mostly no text."""
        return bytes(self.random.choice([code for code in range(256) if code not in {3, 17}]) for _ in range(9))

    def _key(self) -> bytes:
        return self._of(BOUND) * self.random.choice((1, 1, 1, 1, 2, 20))

    def _control(self) -> bytes:
        if self.random.random() < 0.5:
            return f"{ESC}[1;{self.random.randint(2, 16)}{self.random.choice('ABCDHFPQRS')}".encode()
        return bytes([self.random.choice([code for code in range(32) if code not in {0x11, 0x03}])])

    def _kitty(self) -> bytes:
        code = self.random.choice(
            [self.random.randint(32, 126), self.random.randint(0, 0x110000), 57344, 0xD800, 10**11]
        )
        if chr(code if code < 0x110000 else 0) in "qc":
            code = 0
        end = self.random.choice(["", ":1", ":3", ";65", ";0:99"])
        return f"{ESC}[{code};{self.random.randint(0, 300)}{end}u".encode()

    def _number(self) -> str:
        some = [
            "0",
            "1",
            "-1",
            "1e308",
            "1e-320",
            "1e999",
            "nan",
            "-",
            "e",
            ".",
            "400,84e5.468",
            "1e6",
            "0.99",
            "1000000",
        ]
        return self.random.choice([*some, repr(self.random.gauss(0, 100)), "9" * self.random.randint(1, 400)])

    def _typing(self) -> bytes:
        field_ = "s" + "\t" * self.random.randint(0, 8) if self.random.random() < 0.7 else ""
        clear = "\x15" * self.random.randint(0, 1)
        after = self.random.choice(
            ["\r", "\t", ESC, f"{ESC}[Z", f"{ESC}[<0;40;8M{ESC}[<0;40;8m", ":", "?", "g", f"{ESC}[A"]
        )
        return (field_ + clear + self._number() + after).encode()

    def _mouse(self) -> bytes:
        def place() -> str:
            far = self.random.random() < 0.15
            low, high = (-5, 10**6) if far else (1, 130)
            return f"{self.random.randint(low, high)};{self.random.randint(low, high if far else 40)}"

        kind = self.random.choice(["click", "drag", "scroll", "any", "old"])
        if kind == "old":
            return f"{ESC}[M".encode() + self.random.randbytes(3)
        if kind == "scroll":
            return f"{ESC}[<{self.random.randint(64, 67)};{place()}M".encode() * self.random.randint(1, 10)
        if kind == "any":
            return f"{ESC}[<{self.random.randint(0, 255)};{place()}{self.random.choice('Mm')}".encode()
        here = place()
        button = self.random.randint(0, 2)
        moves = "".join(f"{ESC}[<{button + 32};{place()}M" for _ in range(self.random.randint(1, 9) * (kind == "drag")))
        return f"{ESC}[<{button};{here}M{moves}{ESC}[<{button};{place() if moves else here}m".encode()

    def _paste(self) -> bytes:
        size = self.random.choice([1, 10, 100, 1000, 10_000])
        text = self.random.choice(
            [
                self._number().encode() * (size // 50 + 1),
                self.random.randbytes(size),
                b"".join(bytes([self.random.randrange(32)]) for _ in range(size)),
                "".join(
                    chr(self.random.choice([65, 0x300, 0x1F600, 0x202E, 0x4E00, 10])) for _ in range(size)
                ).encode(),
                f"{ESC}[31m{ESC}q{ESC}[<0;1;1M\x11qqq".encode() * (size // 20 + 1),
            ]
        )[:10_000]
        text = text.replace(b"\x1b[201~", b"")
        end = b"\x1b[201~" if self.random.random() < 0.9 else b""
        return b"\x1b[200~" + text + end

    def _broken(self) -> bytes:
        begun = [f"{ESC}[", f"{ESC}[<0;", f"{ESC}]0;", f"{ESC}P", f"{ESC}[?2026", f"{ESC}[48;", f"{ESC}O", f"{ESC}[200"]
        whole = [
            f"{ESC}[48;1;1;0;0t",
            f"{ESC}[48;{self.random.randint(0, 9999)};{self.random.randint(0, 9999)};{self.random.randint(0, 9999)};9t",
            f"{ESC}[48;99999999;99999999;1;1t",
            f"{ESC}[?2048;{self.random.randint(0, 4)}$y",
            f"{ESC}[?2026;{self.random.randint(0, 4)}$y",
            f"{ESC}[{self.random.randint(0, 10**9)};{self.random.randint(0, 10**9)}R",
            f"{ESC}[I",
            f"{ESC}[O",
            f"{ESC}[201~",
            f"{ESC}[" + "".join(self.random.choice("0123456789;:<=>?") for _ in range(self.random.randint(1, 40))),
        ]
        return self._of(begun + whole)

    def _size(self) -> tuple[int, int]:
        if self.random.random() < 0.5:
            return self.random.choice(SIZES)
        return self.random.randint(1, 500), self.random.randint(1, 200)

    def _place(self) -> bytes:
        """Every view, dialog and field in turn, in an order of their own each time."""
        place = next(self._places, None)
        if place is None:
            self._places = iter(self.random.sample(PLACES, len(PLACES)))
            place = next(self._places)
        return ESC.encode() + PAUSE + place.encode() if self.random.random() < 0.7 else place.encode()


@dataclass
class Outcome:
    """What came of it.

    Attributes:
        lost: sentences on what must not be.
        dropped: the faults that gdlab dropped, as its log tells.
        strokes: how many strokes were made.
        ends: how often a key of the monkey's quit.
    """

    lost: list[str] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)
    strokes: int = 0
    ends: int = 0


def play(strokes: int, seed: int, folder: Path, log: Path | None = None) -> Outcome:
    """Let a monkey make so many strokes at gdlab, in a folder for its data and its sessions."""
    monkey, outcome = Monkey(seed), Outcome()
    state = folder / "state"
    sets = data_sets(folder)
    words = [GDLAB, "-n", "1000000", monkey.random.choice(sets)]
    history: list[str] = []
    while outcome.strokes < strokes and not outcome.lost:
        with Terminal(words, environment={"GDLAB_STATE_DIR": str(state)}, folder=folder) as terminal:
            started = time.time_ns()
            try:
                shown = _session(terminal, monkey, strokes, outcome, history)
                _check_end(terminal)
                _check_session(shown, state, folder, started)
            except (AssertionError, ValueError, LookupError) as error:
                outcome.lost.append(f"{' '.join(words)}, stroke {outcome.strokes}: {error}")
        known = latest(state)[0] is not None
        words = [GDLAB, "--resume"] if known else words
        if known and monkey.random.random() < 0.3:
            words = [GDLAB, "-n", "1000000", monkey.random.choice(sets)]
    faults = state / "faults.log"
    if faults.exists():
        outcome.dropped = re.findall(r"^gdlab .*?(?=^gdlab |\Z)", faults.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    if log is not None:
        log.write_text("\n".join(history), encoding="utf-8")
    return outcome


def _session(
    terminal: Terminal, monkey: Monkey, strokes: int, outcome: Outcome, history: list[str]
) -> tuple[int, float] | None:
    """Strokes until there are enough, or one of them quits; then whatever is left of gdlab quits.

    Returns:
        The iteration and the w that were on the screen at last, where the monkey did not quit.
    """
    terminal.see("Quit", ANSWER)
    terminal.settle()
    terminal.watched = False
    limit = outcome.strokes + monkey.random.choice((150, 500, 1500))
    while outcome.strokes < min(strokes, limit):
        if terminal.process.poll() is not None:
            outcome.ends += 1
            return None
        outcome.strokes += 1
        kind, what = monkey.stroke()
        history.append(f"{outcome.strokes} {kind} {what!r}")
        if isinstance(what, bytes):
            for part in what.split(PAUSE):
                terminal.send(part)
                _take(terminal, 0.15 * (PAUSE in what))
        elif isinstance(what, tuple):
            terminal.resize(what)
        else:
            time.sleep(what)  # the line stalls: nothing that gdlab sends is taken
        pause = monkey.random.choice((0, 0, 0.001, 0.01, 0.05))
        while terminal.read(pause):
            pause = 0
    shown = quiet(terminal)
    if terminal.process.poll() is None:
        before = time.monotonic()
        terminal.send(b"\x11")
        terminal.finish(ANSWER)
        history.append(f"quit within {time.monotonic() - before:.2f} s")
        assert time.monotonic() - before < 3, f"quitting took {time.monotonic() - before:.1f} s"
    return shown


def quiet(terminal: Terminal) -> tuple[int, float] | None:
    """Leave every dialog and field, let nothing run, and see the numbers in a window of the usual size."""
    terminal.resize((80, 24))
    for _ in range(4):  # a paste that never ended is given up after a silence
        _take(terminal, 0.6)
        terminal.send(ESC.encode())
    terminal.watched = True
    before = ""
    end = time.monotonic() + ANSWER
    while terminal.process.poll() is None:
        assert time.monotonic() < end, f"the laboratory does not come back\n{terminal.text}"
        # Where an answer of the terminal was lost, frames are two seconds apart. The key that is pressed twice says
        # something else each time: then all that was typed before it has been done.
        _take(terminal, 0.2)
        terminal.send(b"k\x0c" if before else b"bk\x0c")
        _take(terminal, 2.5)
        if TASK.search(terminal.text):  # in the course, which is no session
            terminal.send(b"T")
            before = ""
            continue
        w = re.search(r"^ w +(-?[\d.]+(?:e[+-]\d+)?)", terminal.text, re.MULTILINE)
        said = re.search(r"(Braille|blocks|plain ASCII)", terminal.text)
        if w and said and terminal.iteration >= 0 and "Quit" in terminal.text:
            if before and said[1] != before:
                return terminal.iteration, float(w[1])
            before = said[1]
            continue
        before = ""
        terminal.send(ESC.encode())
    return None


def _take(terminal: Terminal, seconds: float) -> None:
    """Take what is sent for so long: a run may go on all the time."""
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0 and terminal.process.poll() is None:
        terminal.read(left)


def _check_end(terminal: Terminal) -> None:
    """What must hold when gdlab has ended, whatever ended it."""
    code = terminal.finish(ANSWER)
    assert code == 0, f"ended with code {code}: {bytes(terminal.sent[-3000:])!r}"
    assert b"Traceback" not in terminal.sent, "a traceback was printed"
    terminal.left_as_it_was()


def _check_session(shown: tuple[int, float] | None, state: Path, folder: Path, started: int) -> None:
    """The newest session leads to what was on the screen, and `gdlab train` to the same last state."""
    session, remarks = latest(state)
    assert not remarks, f"sessions are damaged: {remarks}"
    written = sorted((path.stat().st_mtime_ns, path) for path in state.glob("2*.json"))
    if session is None or written[-1][0] < started:  # nothing was done that would be worth keeping
        return
    place = written[-1][1]
    run = session.replay(ground_of(session)).run
    if shown is not None:
        at, w = shown
        same = at == run.state.iteration and isclose(w, run.state.w, rel_tol=1e-6, abs_tol=1e-300)
        assert same, f"the screen showed step {at} and w {w}, the session leads to {run.state}"
    ran = subprocess.run(
        [GDLAB, "train", "--session", str(place), "--format", "json", "--every", str(max(run.tip, 1))],
        capture_output=True,
        env=environment_of({}),
        cwd=folder,
        timeout=120,
        check=False,
    )
    assert ran.returncode in {0, 3}, f"the session does not replay: {ran.stderr.decode()}"
    told = json.loads(ran.stdout)["states"][-1]
    run.forward(run.tip - run.state.iteration)
    same = (told["iteration"], told["w"], told.get("b", run.state.b)) == (run.tip, run.state.w, run.state.b)
    assert same, f"the session replays to {told}, not to {run.state}"


def killed(seed: int, folder: Path) -> tuple[int, int]:
    """Kill gdlab with no warning while it runs; return the steps that were on the screen a moment before, and after.

    The moment is as long as a change may wait to be saved, and a disk to take it.
    """
    chance = random.Random(seed)
    environment = {"GDLAB_STATE_DIR": str(folder)}
    with Terminal([GDLAB, "-n", "1000000"], environment=environment) as terminal:
        terminal.see("Quit", ANSWER)
        terminal.press("space", chance.choice(["", ">", ">>", "<"]))
        seen = [(time.monotonic(), 0)]
        end = seen[0][0] + chance.uniform(0.5, 4)
        while time.monotonic() < end:
            terminal.read(0.01)
            seen.append((time.monotonic(), max(terminal.iteration, 0)))
        terminal.process.kill()
        terminal.process.wait()
    before = max(step for when, step in seen if when <= end - LOST or step == 0)
    session, remarks = latest(folder)
    assert not remarks, remarks
    if session is None:
        return before, 0
    step = session.replay(ground_of(session)).run.state.iteration
    with Terminal([GDLAB, "--resume"], environment=environment) as terminal:
        terminal.see(f"Step {step:,} of", ANSWER)
        terminal.press("q")
        assert terminal.finish(ANSWER) == 0
    return before, step


def kinds_of(faults: list[str]) -> dict[str, list[str]]:
    """The faults in a log by what raised: the class, and the innermost function."""
    kinds: dict[str, list[str]] = {}
    for fault in faults:
        where = re.findall(r'File ".*?([^/"]+/[^/"]+)", line \d+, in (\w+)', fault)[-1:]
        what = fault.rstrip().splitlines()[-1].partition(":")[0]
        kinds.setdefault(f"{what} in {' '.join(where[0]) if where else '?'}", []).append(fault)
    return kinds


def main() -> int:
    """Let a monkey at gdlab, and say what came of it."""
    parser = ArgumentParser(prog="python -m tests.monkey", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--strokes", type=int, default=2000, help="default: 2000")
    parser.add_argument("--seed", type=int, default=1, help="default: 1")
    parser.add_argument("--runs", type=int, default=1, help="so many runs, with seeds that follow each other")
    parser.add_argument("--log", type=Path, help="write down the strokes")
    parser.add_argument("--verbose", action="store_true", help="say where the faults arose that gdlab dropped")
    parser.add_argument("--kills", type=int, help="instead of strokes, kill it so many times, and resume")
    options = parser.parse_args()
    bad = 0
    if options.kills:
        with tempfile.TemporaryDirectory(prefix="gdlab-monkey-") as folder:
            for seed in range(options.seed, options.seed + options.kills):
                before, after = killed(seed, Path(folder) / str(seed))
                bad += after < before
                print(f"kill {seed}: {before} steps a moment before, {after} resumed", flush=True)
        return 1 if bad else 0
    for seed in range(options.seed, options.seed + options.runs):
        with tempfile.TemporaryDirectory(prefix="gdlab-monkey-") as folder:
            outcome = play(options.strokes, seed, Path(folder), options.log)
        bad += bool(outcome.lost)
        print(
            f"seed {seed}: {outcome.strokes:,} strokes, {outcome.ends} times quit by the monkey, "
            f"{len(outcome.dropped)} events dropped, {'LOST' if outcome.lost else 'alive to the end'}",
            flush=True,
        )
        for sentence in outcome.lost:
            print(f"  {sentence}")
        for kind, faults in kinds_of(outcome.dropped).items():
            print(f"  dropped {len(faults)} times: {kind}")
            if options.verbose:
                print("    " + "\n    ".join(faults[0].rstrip().splitlines()[-20:]))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
