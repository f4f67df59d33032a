"""The cost of a start, a key and a run in a terminal, compared with a label app and with textual-plotext.

Run it with `python -m benchmarks.terminal`. It makes an environment for textual-plotext in a temporary folder.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from statistics import median

from tests.terminal import GDLAB, Program

ROOT = Path(__file__).parent.parent
SIZES = ((80, 24), (120, 36))
STARTS, KEYS, RUNS = 7, 60, 2
SECONDS = 10.0
"""How long a run is."""
_SEQUENCE = re.compile(rb"\x1b\[[0-9;:<=>?$ ]*[@-~]")


@dataclass
class Costs:
    """What one program has cost at one size; each list has one entry a measurement.

    Attributes:
        start: milliseconds from the start of the process to the last byte of its first screen.
        key: milliseconds from a key to the last byte that it sends.
        bytes: how many it sends.
        running: processor seconds of a run, minus those of a run that only starts and quits.
        rate: kilobytes a second of a run.
        memory: the peak of a run, in MB.
    """

    start: list[float] = field(default_factory=list)
    key: list[float] = field(default_factory=list)
    bytes: list[float] = field(default_factory=list)
    running: list[float] = field(default_factory=list)
    rate: list[float] = field(default_factory=list)
    memory: list[float] = field(default_factory=list)


def listen(program: Program, quiet: float) -> float:
    """Read until the program has been quiet for some seconds; return the moment of the last byte."""
    last = time.perf_counter()
    while program.receive(quiet):
        last = time.perf_counter()
    return last


def started(command: list[str], size: tuple[int, int]) -> tuple[Program, float]:
    """A program with its first screen complete, and the milliseconds that took."""
    begin = time.perf_counter()
    program = Program(command, size)
    while b"Step 0" not in _SEQUENCE.sub(b"", bytes(program.sent)):
        if not program.receive(20):
            raise RuntimeError(f"{command} shows nothing: {bytes(program.sent)!r}")
    return program, 1e3 * (listen(program, 0.4) - begin)


def finished(program: Program) -> tuple[float, float]:
    """Quit; return the seconds of processor time and the peak of memory in MB."""
    program.press("q")
    listen(program, 0.2)
    _, status, usage = os.wait4(program.process.pid, 0)
    program.process.returncode = os.waitstatus_to_exitcode(status)
    program.hang_up()
    # In KiB, on macOS in bytes.
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / (1e6 if sys.platform == "darwin" else 1e6 / 1024)


def measure(commands: dict[str, list[str]], size: tuple[int, int]) -> dict[str, Costs]:
    """Measure every program at one size, in turns, each of which begins with another program."""
    costs = {name: Costs() for name in commands}
    names = list(commands)
    turns = [names[first:] + names[:first] for first in range(len(names))]
    idle: dict[str, list[float]] = {name: [] for name in commands}
    for turn in range(STARTS):
        for name in turns[turn % len(turns)]:
            program, milliseconds = started(commands[name], size)
            costs[name].start.append(milliseconds)
            idle[name].append(finished(program)[0])

    programs = {name: started(command, size)[0] for name, command in commands.items()}
    for turn in range(KEYS):
        for name in turns[turn % len(turns)]:
            program, before = programs[name], len(programs[name].sent)
            begin = time.perf_counter()
            program.press("n")
            costs[name].key.append(1e3 * (listen(program, 0.1) - begin))
            costs[name].bytes.append(len(program.sent) - before)
    for program in programs.values():
        finished(program)

    for turn in range(RUNS):
        for name in turns[turn % len(turns)]:
            program, _ = started(commands[name], size)
            before, end = len(program.sent), time.perf_counter() + SECONDS
            program.press("space")
            while time.perf_counter() < end:
                program.receive(0.05)
            costs[name].rate.append((len(program.sent) - before) / SECONDS / 1e3)
            processor, memory = finished(program)
            costs[name].running.append(processor - median(idle[name]))
            costs[name].memory.append(memory)
    return costs


def ratio(ours: list[float], theirs: list[float]) -> float:
    """The median of the ratios, each of one turn."""
    return median(a / b for a, b in zip(ours, theirs, strict=True))


def textual_plotext(folder: str) -> str:
    """An interpreter that has textual-plotext, with the same Textual as here."""
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    python = str(Path(folder) / "bin" / "python")
    wanted = ["textual-plotext==1.0.1", f"textual=={version('textual')}"]
    subprocess.run([python, "-m", "pip", "install", "--quiet", *wanted], check=True)
    return python


def main() -> None:
    """Print what each program costs, and the ratios of gdlab's costs to the others'."""
    with tempfile.TemporaryDirectory() as folder:
        commands = {
            "label": [sys.executable, str(ROOT / "benchmarks" / "label_app.py")],
            "textual-plotext": [textual_plotext(folder), str(ROOT / "benchmarks" / "plotext_app.py")],
            "gdlab": [GDLAB, "pizza", "-l", "0.0001", "-n", "100000", "--fps", "10"],
        }
        for size in SIZES:
            costs = measure(commands, size)
            print(
                f"terminal: {size[0]}x{size[1]}; medians of {STARTS} starts, {KEYS} keys, {RUNS} runs of {SECONDS:g} s"
            )
            print(f"{'':>16}  {'start':>8}  {'key':>8}  {'bytes':>7}  {'run: CPU':>9}  {'sent':>9}  {'memory':>7}")
            for name, cost in costs.items():
                print(
                    f"{name:>16}  {median(cost.start):>5,.0f} ms  {median(cost.key):>5.1f} ms"
                    f"  {median(cost.bytes):>7,.0f}  {median(cost.running):>7.2f} s"
                    f"  {median(cost.rate):>4.1f} kB/s  {median(cost.memory):>4.0f} MB"
                )
            ours = costs.pop("gdlab")
            for name, cost in costs.items():
                print(
                    f"{'gdlab to ' + name:>25}: start {ratio(ours.start, cost.start):.2f}, "
                    f"key {ratio(ours.key, cost.key):.2f}, run {ratio(ours.running, cost.running):.2f}"
                )


if __name__ == "__main__":
    main()
