"""Commands that walk: steps forward and back, beginnings, branches."""

from __future__ import annotations

import signal
from contextlib import contextmanager
from math import inf
from time import monotonic
from typing import TYPE_CHECKING

from gdcore.descent.parameters import BIAS, WEIGHT
from gdcore.inert import quoted
from tui.headless.plain.command import Commands, count, ended, standing, told
from tui.laboratory import lesson

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tui.headless.plain.command import Sentences
    from tui.headless.plain.conversation import Plain

CHUNK = 10_000
"""Number of steps of a long run made at once."""
SAVED_AFTER = 1.0
"""Seconds after which a long run is saved."""

commands = Commands()


@commands.named("step", "n", values="[N]", walks=True)
def step(plain: Plain, rest: str) -> Sentences:
    """Make a step against the gradient, or N, each told in a sentence."""
    run = plain.laboratory.walk.timeline
    for _ in range(count(rest)):
        iteration = run.state.iteration
        plain.laboratory.walk.step()
        frame = plain.frame
        if run.state.iteration > iteration:
            yield lesson.last_step(frame)
        if frame.ending is not None:
            yield frame.note or ended(frame)
            return
    if frame.remark:
        yield frame.remark


@commands.named("N", walks=True)
def ten_steps(plain: Plain, _: str) -> Sentences:
    """Ten steps."""
    return step(plain, "10")


@commands.named("run", values="[N]", walks=True)
def run(plain: Plain, rest: str) -> Sentences:
    """Make N steps, or all that are left, and tell of the last."""
    walk = plain.laboratory.walk
    run = walk.timeline
    start, wanted = run.state.iteration, count(rest) if rest else inf
    with _held_interrupts() as held:
        saved = monotonic()
        while run.state.iteration - start < wanted and run.ending is None and not held:
            chunk = 1 if walk.asks else CHUNK
            walk.step(int(min(wanted - (run.state.iteration - start), chunk)))
            if plain.keep is not None and monotonic() - saved > SAVED_AFTER:
                plain.keep()
                saved = monotonic()
    if held and plain.keep is None:  # input from a pipe: no user would continue from here
        raise KeyboardInterrupt
    made = run.state.iteration - start
    frame = plain.frame
    if made:
        yield f"{made:,} {'step' if made == 1 else 'steps'} made. {lesson.last_step(frame)}"
    else:
        walk.step()
        frame = plain.frame
    if frame.remark:
        yield frame.remark
    if frame.ending is not None:
        yield frame.note or ended(frame)


@contextmanager
def _held_interrupts() -> Iterator[list[int]]:
    """Record ctrl+c instead of raising in the middle of a step."""
    held: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _: held.append(number))
    try:
        yield held
    finally:
        signal.signal(signal.SIGINT, before)


@commands.named("back", "b", values="[N]", walks=True)
def back(plain: Plain, rest: str) -> Sentences:
    """Go a step back, or N."""
    plain.laboratory.walk.back(count(rest))
    yield plain.laboratory.notes.text or f"Back. {standing(plain.frame)}"


@commands.named("B", walks=True)
def ten_back(plain: Plain, _: str) -> Sentences:
    """Ten steps back."""
    return back(plain, "10")


@commands.named("start", values="W [B]")
def start(plain: Plain, rest: str) -> Sentences:
    """Restart from another point."""
    words, walk = rest.replace(",", " ").split(), plain.laboratory.walk
    if not 1 <= len(words) <= 2:
        raise ValueError("start needs the w to start from, and may have the b: start 1 0.5")
    w = WEIGHT.parse(words[0])
    walk.set_start(w, BIAS.parse(words[1]) if len(words) == 2 else walk.start[1])
    yield plain.laboratory.notes.text


@commands.named("restart", "r")
def restart(plain: Plain, _: str) -> Sentences:
    """Back to iteration 0, with the settings as they are."""
    plain.laboratory.walk.restart()
    yield from told(plain)


@commands.named("reset", "R")
def reset(plain: Plain, _: str) -> Sentences:
    """The settings gdlab was started with, and back to iteration 0."""
    plain.laboratory.walk.reset()
    yield from told(plain)


@commands.named("retreat", "h")
def retreat(plain: Plain, _: str) -> Sentences:
    """Back to before the loss began to rise, with half the learning rate."""
    plain.laboratory.walk.retreat()
    yield from told(plain)


@commands.named("branches", "g")
def branches(plain: Plain, _: str) -> Sentences:
    """The branches: the runs that were left behind, and this one."""
    found = plain.laboratory.walk.branches
    for branch in found:
        here = "You are here. " if branch is found.current else ""
        yield f"{here}{lesson.account(branch)}."


@commands.named("branch", values="NAME")
def branch(plain: Plain, rest: str) -> Sentences:
    """Go on in another branch."""
    names = {branch.name: branch for branch in plain.laboratory.walk.branches}
    if rest not in names:
        raise ValueError(f"there is no branch {quoted(rest)}; choose one of {', '.join(map(quoted, names))}")
    plain.laboratory.walk.switch(names[rest])
    yield plain.laboratory.notes.text
    yield standing(plain.frame)


@commands.named("pin", "p")
def pin(plain: Plain, _: str) -> Sentences:
    """Keep the run as it is, and go on in a copy."""
    plain.laboratory.walk.pin()
    yield plain.laboratory.notes.text


@commands.named("seeds", "U")
def seeds(plain: Plain, _: str) -> Sentences:
    """Five seeds from here, a branch each: how much is chance."""
    plain.laboratory.studies.seeds()
    yield plain.laboratory.notes.text
    yield from branches(plain, "")


@commands.named("race", "a")
def race(plain: Plain, _: str) -> Sentences:
    """All optimizers from here, each at a rate that suits it."""
    plain.laboratory.studies.race()
    yield plain.laboratory.notes.text
    yield from branches(plain, "")
