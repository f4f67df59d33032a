"""`gdlab --plain`: the laboratory without a picture, for screen readers, poor terminals and pipes.

A line goes in, sentences come out. The commands are those of the screen, as words or by their letters; what happens is
told by the same lesson. Nothing here draws: no boxes, no colours, no control sequences.
"""

from __future__ import annotations

import shlex
import signal
import sys
from contextlib import contextmanager
from dataclasses import dataclass, replace
from difflib import get_close_matches
from math import inf
from time import monotonic
from typing import TYPE_CHECKING, Any, TextIO

from gdcore.descent.optimizers import OPTIMIZERS, hyperparameters
from gdcore.descent.parameters import BIAS, FINITE, ITERATIONS, LEARNING_RATE, STEPS, WEIGHT, Parameter
from gdcore.descent.steps import Reason
from gdcore.inert import quoted
from gdcore.rows.dataset import load
from tui.laboratory import lesson
from tui.sources.load import load as load_from

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tui.laboratory.laboratory import Frame, Laboratory

    Sentences = Iterator[str]

PROMPT = "gdlab> "
CHUNK = 10_000
"""So many steps of a long run are made at once."""
SAVED_AFTER = 1.0
"""Seconds after which a long run is saved."""

_COUNT = Parameter("steps", STEPS, "how many steps to make")
_X = Parameter("x", FINITE, "where y is wanted")


def converse(laboratory: Laboratory, keep: Callable[[], None] | None = None) -> int:
    """Answer the lines of standard input, one after the other, until they or the person's patience end.

    Args:
        laboratory: what is talked about.
        keep: called after every answer to a person, to save the session; where that goes wrong it leaves a note.
    """
    source, person = sys.stdin, sys.stdin is not None and sys.stdin.isatty()
    _tolerate(sys.stdout, "backslashreplace")
    _tolerate(source, "surrogateescape")
    plain = Plain(laboratory, keep if person else None)
    answer = plain.greeting()
    try:
        while True:
            for sentence in answer:
                print(sentence)
            if person and keep is not None:
                laboratory.say("")
                keep()
                if laboratory.alarm:
                    print(laboratory.note)
            if plain.over:
                break
            if person:
                print(PROMPT, end="")
            sys.stdout.flush()
            line = source.readline() if source is not None else ""
            if not line:
                break
            answer = plain.answer(line)
    except KeyboardInterrupt:
        if person:
            print()
        raise
    if person and not plain.over:
        print()
    return 0


@contextmanager
def _held_interrupts() -> Iterator[list[int]]:
    """Let ctrl+c be noted, not raised in the middle of a step."""
    held: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _: held.append(number))
    try:
        yield held
    finally:
        signal.signal(signal.SIGINT, before)


def _tolerate(stream: TextIO | None, errors: str) -> None:
    """Let a stream pass on what its encoding does not know, in some way."""
    reconfigure = getattr(stream, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(errors=errors)


class Plain:
    """The laboratory in words.

    Attributes:
        over: whether the person has asked to leave.

    Example:
        >>> from gdcore.rows.dataset import load
        >>> from gdcore.descent.steps import Limits, Settings
        >>> from tui.laboratory.laboratory import Laboratory
        >>> plain = Plain(Laboratory(load("pizza"), Settings(), Limits()))
        >>> list(plain.answer("step"))
        ['Step 1 glided: w moved +0.8068, the loss fell, 812.8667 -> 304.3631.']
        >>> list(plain.answer("rate -1"))
        ['learning rate must be a positive number, not -1']
    """

    def __init__(self, laboratory: Laboratory, keep: Callable[[], None] | None = None) -> None:
        self.laboratory = laboratory
        self.over = False
        self._keep = keep
        self._last_walk = ""

    def greeting(self) -> Sentences:
        """What this is, and where one stands."""
        yield f"gdlab, a laboratory for gradient descent, in words. {self._data()}"
        yield self.laboratory.note or lesson.last_step(self._frame)
        yield "Type step, where, why, help or quit."

    def answer(self, line: str) -> Sentences:
        """Do what a line asks for, and tell what came of it."""
        line = line.strip() or self._last_walk
        if not line:
            return
        name, _, rest = line.partition(" ")
        command = _BY_NAME.get(name) or _BY_NAME.get(name.lower() if len(name) > 1 else name)
        if command is None:
            yield _unknown(name)
            return
        if command.walks:
            self._last_walk = line
        try:
            yield from command.do(self, rest.strip())
        except ValueError as error:
            yield str(error)

    @property
    def _frame(self) -> Frame:
        return self.laboratory.frame

    def _data(self) -> str:
        data, landscape = self.laboratory.data, self.laboratory.landscape
        if data is None:
            return f"{landscape.title}: L({'w, b' if landscape.has_bias else 'w'}) = {landscape.formula}."
        skipped = f", {data.skipped:,} bad rows skipped" if data.skipped else ""
        return f"{data.name}: {data.y_name} against {data.x_name}, {data.rows:,} rows{skipped}."

    # Walking

    def step(self, rest: str) -> Sentences:
        """Make steps, a sentence each."""
        run = self.laboratory.timeline
        for _ in range(_count(rest)):
            iteration = run.state.iteration
            self.laboratory.step()
            frame = self._frame
            if run.state.iteration > iteration:
                yield lesson.last_step(frame)
            if frame.ending is not None:
                yield frame.note or _ended(frame)
                return

    def run(self, rest: str) -> Sentences:
        """Make steps, or all there are, and tell of the last."""
        run = self.laboratory.timeline
        start, count = run.state.iteration, _count(rest) if rest else inf
        with _held_interrupts() as held:
            saved = monotonic()
            while run.state.iteration - start < count and run.ending is None and not held:
                self.laboratory.step(int(min(count - (run.state.iteration - start), CHUNK)))
                if self._keep is not None and monotonic() - saved > SAVED_AFTER:
                    self._keep()
                    saved = monotonic()
        if held and self._keep is None:  # from a pipe, nobody would go on from here
            raise KeyboardInterrupt
        made = run.state.iteration - start
        frame = self._frame
        if made:
            yield f"{made:,} {'step' if made == 1 else 'steps'} made. {lesson.last_step(frame)}"
        else:
            self.laboratory.step()
            frame = self._frame
        if frame.ending is not None:
            yield frame.note or _ended(frame)

    def back(self, rest: str) -> Sentences:
        """Go back."""
        self.laboratory.back(_count(rest))
        yield self.laboratory.note or f"Back. {_standing(self._frame)}"

    def restart(self, rest: str) -> Sentences:
        """Begin again."""
        _no_more(rest)
        self.laboratory.restart()
        yield from self._told()

    def reset(self, rest: str) -> Sentences:
        """Begin again with the first settings."""
        _no_more(rest)
        self.laboratory.reset()
        yield from self._told()

    def retreat(self, rest: str) -> Sentences:
        """Go back to before the rise."""
        _no_more(rest)
        self.laboratory.retreat()
        yield from self._told()

    # Changing

    def _told(self) -> Sentences:
        """What has been changed, and what the learning rate will do now."""
        if self.laboratory.note:
            yield self.laboratory.note
        yield lesson.forecast(self._frame)

    def rate(self, rest: str) -> Sentences:
        """Change the learning rate."""
        factors = {"half": 0.5, "double": 2.0}
        if not rest:
            yield f"The learning rate is {self.laboratory.timeline.settings.learning_rate!r}."
            yield lesson.forecast(self._frame)
            return
        if rest in factors:
            self.laboratory.scale_learning_rate(factors[rest])
        else:
            self.laboratory.set_learning_rate(LEARNING_RATE.parse(rest))
        yield from self._told()

    def scale_rate(self, factor: float) -> Sentences:
        """Multiply the learning rate."""
        self.laboratory.scale_learning_rate(factor)
        yield from self._told()

    def optimizer(self, rest: str) -> Sentences:
        """Change the optimizer."""
        name = "-".join(rest.lower().split())
        if name not in OPTIMIZERS:
            now = self.laboratory.timeline.settings.optimizer
            if rest:
                raise ValueError(f"there is no optimizer {quoted(rest)}; choose one of {', '.join(OPTIMIZERS)}")
            yield f"The optimizer is {now.title}: {now!r}. Others are {', '.join(OPTIMIZERS)}."
            return
        self.laboratory.set_optimizer(OPTIMIZERS[name]())
        yield from self._told()

    def hyperparameter(self, parameter: Parameter, rest: str) -> Sentences:
        """Change a hyperparameter of the optimizer."""
        optimizer: Any = self.laboratory.timeline.settings.optimizer
        own = hyperparameters(type(optimizer))
        if parameter not in own:
            names = ", ".join(each.name for each in own) or "none"
            raise ValueError(f"{parameter.name} is not a hyperparameter of {optimizer.title}, which has {names}")
        if not rest:
            yield f"{parameter.name} is {getattr(optimizer, parameter.name)!r}: {parameter.description}."
            return
        self.laboratory.set_optimizer(replace(optimizer, **{parameter.name: parameter.parse(rest)}))
        yield from self._told()

    def bias(self, rest: str) -> Sentences:
        """Train b too, or no longer."""
        choices = {"on": True, "off": False, "": not self.laboratory.timeline.settings.train_bias}
        if rest.lower() not in choices:
            raise ValueError(f"bias must be on or off, not {quoted(rest)}")
        self.laboratory.set_train_bias(choices[rest.lower()])
        yield from self._told()

    def start(self, rest: str) -> Sentences:
        """Restart from another point."""
        words = rest.replace(",", " ").split()
        if not 1 <= len(words) <= 2:
            raise ValueError("start needs the w to start from, and may have the b: start 1 0.5")
        w = WEIGHT.parse(words[0])
        self.laboratory.set_start(w, BIAS.parse(words[1]) if len(words) == 2 else self.laboratory.start[1])
        yield self.laboratory.note

    def steps(self, rest: str) -> Sentences:
        """Change how many steps the run may take."""
        if rest:
            self.laboratory.set_iterations(int(ITERATIONS.parse(rest)))
            yield self.laboratory.note
        else:
            yield f"The run may take {self.laboratory.timeline.limits.iterations:,} steps."

    def more(self, rest: str) -> Sentences:
        """Double how many steps the run may take."""
        _no_more(rest)
        self.laboratory.allow_more()
        yield self.laboratory.note

    def scale(self, rest: str) -> Sentences:
        """Train on standardized rows, or on the rows as they are."""
        _no_more(rest)
        self.laboratory.toggle_scaling()
        yield from self._told()

    def open(self, rest: str) -> Sentences:
        """Open other data."""
        if not rest:
            raise ValueError("open needs the name of a file, or of a data set that ships: open cars")
        name = rest[1:-1] if len(rest) > 2 and rest[0] == rest[-1] and rest[0] in "\"'" else rest
        self.laboratory.open(load(name))
        yield self.laboratory.note
        yield lesson.forecast(self._frame)

    def columns(self, rest: str) -> Sentences:
        """Choose other columns of the data."""
        data = self.laboratory.data
        if data is None:
            raise ValueError("there are no rows here, and so no columns to choose")
        try:
            chosen = shlex.split(rest)
        except ValueError:
            chosen = []
        if not rest or data.origin is None:
            every = ", ".join(map(quoted, data.columns))
            yield f"x is {quoted(data.x_name)}, y is {quoted(data.y_name)}. The columns are {every}."
            return
        if len(chosen) != 2:
            raise ValueError(
                "columns needs two, x and y, by name or number, names of several words in quotes: columns 1 2"
            )
        self.laboratory.open(load_from(data.origin, *chosen, skip_bad_rows=bool(data.skipped)))
        yield self.laboratory.note
        yield lesson.forecast(self._frame)

    # Branches

    def branches(self, rest: str) -> Sentences:
        """List the branches."""
        _no_more(rest)
        for branch in self.laboratory.branches:
            here = "You are here. " if branch is self.laboratory.branches.current else ""
            yield f"{here}{lesson.account(branch)}."

    def branch(self, rest: str) -> Sentences:
        """Go on in another branch."""
        names = {branch.name: branch for branch in self.laboratory.branches}
        if rest not in names:
            raise ValueError(f"there is no branch {quoted(rest)}; choose one of {', '.join(map(quoted, names))}")
        self.laboratory.switch(names[rest])
        yield self.laboratory.note
        yield _standing(self._frame)

    def pin(self, rest: str) -> Sentences:
        """Keep the run, go on in a copy."""
        _no_more(rest)
        self.laboratory.pin()
        yield self.laboratory.note

    def race(self, rest: str) -> Sentences:
        """Run every optimizer from here."""
        _no_more(rest)
        self.laboratory.race()
        yield self.laboratory.note
        yield from self.branches("")

    # Asking

    def where(self, rest: str) -> Sentences:
        """Tell where the run stands, and what the next step will do."""
        _no_more(rest)
        frame = self._frame
        settings = frame.settings
        trained = "w and b are trained" if settings.train_bias else "w alone is trained"
        yield _standing(frame)
        yield f"Learning rate {settings.learning_rate!r}, {settings.optimizer.title}, {trained}."
        yield lesson.forecast(frame)
        yield _ended(frame) if frame.following is None else lesson.next_step(frame)

    def why(self, rest: str) -> Sentences:
        """Derive the current point."""
        _no_more(rest)
        yield from lesson.derivation(self._frame)

    def predict(self, rest: str) -> Sentences:
        """Tell the y of the line at an x."""
        x = _X.parse(rest)
        w, b = self._frame.own_line
        yield f"Prediction: x={x:.12g} => y={w * x + b:.2f}"

    def help(self, rest: str) -> Sentences:
        """Tell what there is to type."""
        chosen = [command for command in COMMANDS if rest in command.names] if rest else COMMANDS
        if not chosen:
            yield _unknown(rest)
        for command in chosen:
            name, *others = command.names
            yield f"{' or '.join((f'{name} {command.values}'.strip(), *others))}: {command.tooltip}"
        if not rest:
            yield "An empty line repeats the last step, run or back."

    def quit(self, rest: str) -> Sentences:
        """Leave."""
        _no_more(rest)
        self.over = True
        yield from ()


@dataclass(frozen=True, slots=True)
class Command:
    """Something that can be typed.

    Attributes:
        names: the word and the letters that ask for it.
        values: what may follow.
        tooltip: what it does, in a sentence.
        do: does it, given what follows.
        walks: whether an empty line repeats it.
    """

    names: tuple[str, ...]
    values: str
    tooltip: str
    do: Callable[[Plain, str], Sentences]
    walks: bool = False


def _rate_key(key: str, factor: float, tooltip: str) -> Command:
    def do(plain: Plain, rest: str) -> Sentences:
        _no_more(rest)
        return plain.scale_rate(factor)

    return Command((key,), "", tooltip, do)


def _hyperparameter(parameter: Parameter) -> Command:
    def do(plain: Plain, rest: str) -> Sentences:
        return plain.hyperparameter(parameter, rest)

    return Command((parameter.name,), "X", f"Change a hyperparameter: {parameter.description}.", do)


def _ten(key: str, tooltip: str, do: Callable[[Plain, str], Sentences]) -> Command:
    def do_ten(plain: Plain, rest: str) -> Sentences:
        _no_more(rest)
        return do(plain, "10")

    return Command((key,), "", tooltip, do_ten, walks=True)


_HYPERPARAMETERS = dict.fromkeys(parameter for kind in OPTIMIZERS.values() for parameter in hyperparameters(kind))

COMMANDS = (
    Command(("step", "n"), "[N]", "Make a step against the gradient, or N, each told in a sentence.", Plain.step, True),
    _ten("N", "Ten steps.", Plain.step),
    Command(("run",), "[N]", "Make N steps, or all that are left, and tell of the last.", Plain.run, True),
    Command(("back", "b"), "[N]", "Go a step back, or N.", Plain.back, True),
    _ten("B", "Ten steps back.", Plain.back),
    Command(("where",), "", "Where the run stands, and what the next step will do.", Plain.where),
    Command(("why", "w"), "", "The whole derivation for this point, with the numbers put in.", Plain.why),
    Command(("predict",), "X", "The y of the line at an x.", Plain.predict),
    Command(("rate",), "X", "Change the learning rate from the next step on; also rate half, rate double.", Plain.rate),
    _rate_key("[", 0.909090909, "Learning rate divided by 1.1."),
    _rate_key("]", 1.1, "Learning rate times 1.1."),
    _rate_key("{", 0.5, "Learning rate halved."),
    _rate_key("}", 2.0, "Learning rate doubled."),
    Command(("optimizer", "method"), "NAME", f"Change the optimizer: {', '.join(OPTIMIZERS)}.", Plain.optimizer),
    *map(_hyperparameter, _HYPERPARAMETERS),
    Command(("bias", "t"), "[on|off]", "Train w and b, or w alone, from the next step on.", Plain.bias),
    Command(("steps",), "N", "How many steps the run may take.", Plain.steps),
    Command(("more", "m"), "", "Double how many steps the run may take.", Plain.more),
    Command(("start",), "W [B]", "Restart from another point.", Plain.start),
    Command(("restart", "r"), "", "Back to iteration 0, with the settings as they are.", Plain.restart),
    Command(("reset", "R"), "", "The settings gdlab was started with, and back to iteration 0.", Plain.reset),
    Command(("retreat", "h"), "", "Back to before the loss began to rise, with half the learning rate.", Plain.retreat),
    Command(("scale", "S"), "", "Train on standardized x and y, or on the rows as they are.", Plain.scale),
    Command(("open", "o"), "FILE", "Open another data file.", Plain.open),
    Command(("columns",), "X Y", "Choose other columns of the file, by name or number.", Plain.columns),
    Command(("branches", "g"), "", "The branches: the runs that were left behind, and this one.", Plain.branches),
    Command(("branch",), "NAME", "Go on in another branch.", Plain.branch),
    Command(("pin", "p"), "", "Keep the run as it is, and go on in a copy.", Plain.pin),
    Command(("race", "a"), "", "All optimizers from here, each at a rate that suits it.", Plain.race),
    Command(("help", "?"), "[WORD]", "What there is to type.", Plain.help),
    Command(("quit", "q"), "", "Leave gdlab.", Plain.quit),
)
"""Everything that can be typed."""

_BY_NAME = {name: command for command in COMMANDS for name in command.names}


def _unknown(word: str) -> str:
    """The sentence for a word that is none of the commands, with those that are most like it."""
    words = [name for name in _BY_NAME if len(name) > 1]
    near = [name for name in words if name.startswith(word.lower())] or get_close_matches(word.lower(), words, 3, 0.5)
    meant = f"did you mean {' or '.join(near[:3])}?" if near else "step makes a step."
    return f"There is no command {quoted(word)}; {meant} help lists them all."


def _count(text: str) -> int:
    return int(_COUNT.parse(text)) if text else 1


def _no_more(rest: str) -> None:
    if rest:
        raise ValueError(f"nothing can follow here, not {quoted(rest)}")


def _ended(frame: Frame) -> str:
    """Why there is no step, and where that is a lesson, what to do."""
    if frame.ending is None or frame.ending.reason is Reason.DIVERGED:
        return lesson.divergence(frame)
    return frame.ending.sentence


def _standing(frame: Frame) -> str:
    """The numbers of the current point, with the digits of `gdlab train`."""
    state = frame.state
    slope_w, slope_b = state.gradient
    return (
        f"Step {state.iteration:,} of {frame.limits.iterations:,}: w={_digits(state.w)}, b={_digits(state.b)}, "
        f"loss {_digits(state.loss)}, dL/dw {lesson.number(slope_w)}, dL/db {lesson.number(slope_b)}."
    )


def _digits(value: float) -> str:
    """Ten decimals, as the lesson's log has them; of a number that is long enough without them, its first digits."""
    return f"{value:.10f}" if abs(value) < 1e9 else f"{value:.17g}"
