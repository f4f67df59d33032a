"""The command line of gdlab: parse the arguments and run what they ask for, or print one sentence why not.

Heavy modules are imported only when needed: a run without a screen does not import the app.
"""

from __future__ import annotations

import gc
import os
import re
import signal
import sys
from argparse import Action, ArgumentParser, ArgumentTypeError, Namespace, RawDescriptionHelpFormatter
from contextlib import contextmanager, suppress
from importlib import import_module
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from _typeshed import SupportsWrite

    from gdcore.descent.batches import Batch
    from gdcore.descent.parameters import Parameter
    from gdcore.descent.schedules import Schedule
    from gdcore.descent.steps import Limits, Settings
    from gdcore.landscapes.landscape import Landscape
    from gdcore.rows.dataset import Dataset
    from tui.laboratory.keeping import Keeper
    from tui.laboratory.laboratory import Laboratory
    from tui.laboratory.learning import Lesson

VARIABLE = "GDLAB_ONLY"
"""The environment variable by which a server limits what visitors may read (see `tui.laboratory.reach`)."""
LOSSES = ("squared", "absolute", "huber", "logistic")
"""The names in `gdcore.landscapes.losses.LOSSES`, repeated because importing them would import NumPy."""
USAGE_ERROR = 2
INTERRUPTED = 130

_LABORATORY = """\
Gradient descent, one key at a time: the loss of a straight line fitted to two columns of numbers, as a curve to walk
down. `gdlab train` does the same run without a screen.

examples:
  gdlab                          the laboratory on pizza, the data set of the lesson
  gdlab cars -l 0.0001           on another data set that ships: anscombe, cars, geyser, orings, pizza
  gdlab my.csv --x age --y pay   on your own file, by the names or numbers of its columns
  gdlab 'logs/*.parquet'         on files of any size and kind: pip install 'gdlab[data]'
  gdlab postgresql://host/shop --table sales        where the data are: pip install 'gdlab[postgres]'
  gdlab --terrain himmelblau     on a landscape with holes; also --terrain 'w**4 - w**2 + b**2'
  gdlab --resume                 go on where the last session stands
  gdlab --plain                  in words, for screen readers, poor terminals and pipes
  gdlab train --help             the run without a screen
  gdlab export --help            a session as code, table, picture or notebook
  gdlab learn                    a course: predict, do, and see
  gdlab check --help             what learners hand in, replayed
"""

_TRAIN = """\
A run of gradient descent without a screen, printed as the lesson prints it:
the loss before each step, then the parameters. How the run ended and what the
learning rate should be goes to standard error.

examples:
  gdlab train                 the lesson's run: pizza, w alone, 100 steps
  gdlab train -l 0.001 -n 20000 --train-bias --predict 20 --every 1000
  gdlab train cars --optimizer adam -l 0.1 --train-bias --format csv
  gdlab train --terrain cliff -l 0.1 --format csv
  gdlab train geyser --x 2 --y 1 -l 0.0001 --format json
  gdlab train orings --loss logistic --train-bias --optimizer adam -l 0.2
  gdlab train --batch 8 --seed 3 -l 0.0005 --train-bias --schedule inverse:0.01
"""

_EPILOG = """\
exit codes: 0; 2 for a usage or data error, or output that cannot be written;
3 where the run diverged; 130 after ctrl+c
"""


_LEARN = """\
A course in gradient descent: predict what will happen, do it, and see. Any task can be skipped, left and done again;
the progress is kept after everything that is done, in a file that can be handed in for gdlab check.

examples:
  gdlab learn                                  the course that ships
  gdlab learn --plain                          in words
  gdlab learn my-course.toml --plain           another one; docs/courses.md says how to write it
  gdlab learn --plain --progress ada.json      keep the progress in a file of your own
"""

_CHECK = """\
What learners hand in, replayed: which tasks of a course are done, and why the others are not. Without files, whether
the course itself can be solved. Without a course, or with - in its place, the one that ships.

examples:
  gdlab check                                  the course that ships
  gdlab check my-course.toml                   whether every task can be solved, and is not solved at its start
  gdlab check my-course.toml handed-in/*.json --format csv

exit codes: 0 where all is done; 1 where a task is not; 2 for a file that is no course, or no progress in it
"""


class _Parser(ArgumentParser):
    """A parser that reports a mistake in one sentence."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(formatter_class=RawDescriptionHelpFormatter, **settings)
        # Without this, -1e3 is taken for an option, not for a number.
        self._negative_number_matcher = re.compile(r"-\.?\d")

    def print_help(self, file: SupportsWrite[str] | None = None) -> None:
        # argparse would ignore a full disk.
        (file or sys.stdout).write(self.format_help())

    def error(self, message: str) -> NoReturn:
        from gdcore.inert import inert  # noqa: PLC0415

        self.exit(USAGE_ERROR, f"{self.prog}: {inert(message)}. See {self.prog} --help\n")


def main() -> int:
    """Run gdlab with the words of the command line; return its exit code."""
    # There is no matrix multiplication here, and starting threads for it would cost time.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    # A stream that the shell closed (>&-) is None.
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115
    if sys.stdout is None:
        _say("there is no standard output to write to")
        return USAGE_ERROR
    if VARIABLE in os.environ:
        from tui.laboratory.reach import fence  # noqa: PLC0415
        from tui.laboratory.saving import state_folder  # noqa: PLC0415

        fence(state_folder())
    from tui.plugins import register  # noqa: PLC0415

    try:
        for sentence in register():
            _say(sentence)
        try:
            command = _SUBCOMMANDS.get(sys.argv[1]) if len(sys.argv) > 1 else None
            return command(sys.argv[2:]) if command else _open(sys.argv[1:])
        finally:
            sys.stdout.flush()
    except KeyboardInterrupt:
        _say("interrupted")
        return INTERRUPTED
    except OSError as error:
        # Discard buffered output, or Python would complain again when it closes the stream.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if isinstance(error, BrokenPipeError):  # the reader has closed the pipe
            return 0
        _say(f"the output cannot be written: {(error.strerror or str(error)).lower()}")
        return USAGE_ERROR


def _say(sentence: str) -> None:
    """Write a line to standard error; ignore a failure to do so."""
    with suppress(OSError):
        print(f"gdlab: {sentence}", file=sys.stderr)


@contextmanager
def _holding_interrupts() -> Iterator[None]:
    """Delay ctrl+c: during its import, NumPy would report a broken installation."""
    if signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield
        return
    held: list[int] = []
    signal.signal(signal.SIGINT, lambda number, _: held.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if held:
        raise KeyboardInterrupt


def _delegated(name: str, module: str) -> Callable[[list[str]], int]:
    """Make a function that runs a subcommand defined in its own module."""

    def command(words: list[str]) -> int:
        parser = _parser_of(name, module)
        options = parser.parse_args(words)
        with _holding_interrupts():
            run = import_module(module).run
        try:
            code: int = run(options)
        except ValueError as error:
            parser.exit(USAGE_ERROR, f"{parser.prog}: {error}\n")
        return code

    return command


def _parser_of(name: str, module: str) -> _Parser:
    described = import_module(module)
    parser = _Parser(prog=f"gdlab {name}", description=described.ABOUT)
    described.describe(parser)
    return parser


def _train_parser() -> _Parser:
    parser = _Parser(prog="gdlab train", description=_TRAIN, epilog=_EPILOG)
    _add_run_options(parser)
    from gdcore.descent.parameters import FINITE, STEPS, Parameter  # noqa: PLC0415

    prediction = Parameter("x", FINITE, "predict y at this x when the run has ended; may be given several times")
    parser.add_argument(
        "--predict", metavar="X", type=_number(prediction), action="append", help=prediction.description
    )
    every = Parameter("every", STEPS, "print every K-th iteration only")
    parser.add_argument("--every", metavar="K", type=_number(every), default=1, help=every.description)
    parser.add_argument("--format", choices=("text", "csv", "json"), default="text", help="default: text")
    parser.add_argument("--session", metavar="FILE", help="the run of a session, with all its changes of settings")
    return parser


def _train(words: list[str]) -> int:
    parser = _train_parser()
    options = parser.parse_args(words)
    with _holding_interrupts():
        from tui.headless.train import Output, train, train_session  # noqa: PLC0415

    output = Output(options.format, options.every, options.predict or ())
    try:
        if options.session is not None:
            place = _data_beside(parser, words, "--session", {"session", "predict", "every", "format"})
            from tui.laboratory.saving import ground_of, read  # noqa: PLC0415

            session = read(options.session)
            return train_session(session, ground_of(session, place), output)
        ground, settings, limits, start = _run_of(options)
        landscape = _landscape_of(options, ground)
        gc.freeze()  # Modules stay to the end: without this the collector goes through NumPy once more, at exit.
        return train(ground, settings, limits, start, output, landscape=landscape)
    except ValueError as error:
        shown = getattr(error, "shown", "")  # a formula, with a mark under the mistake
        parser.exit(USAGE_ERROR, f"{parser.prog}: {error}\n" + f"{shown}\n" * bool(shown))


def _open_parser() -> _Parser:
    parser = _Parser(prog="gdlab", description=_LABORATORY)
    from tui.terminal.environment import FRAMES, marker  # noqa: PLC0415

    parser.add_argument("--version", action=_Version)
    _add_run_options(parser)
    parser.add_argument(
        "--marker",
        choices=("braille", "hd", "dot"),
        default=marker(),
        help="how lines are drawn (default here: %(default)s)",
    )
    parser.add_argument(
        "--resume", metavar="FILE", nargs="?", const="", help="go on with the newest session, or with the one in FILE"
    )
    parser.add_argument("--fps", metavar="NUMBER", type=_number(FRAMES), help=FRAMES.description)
    parser.add_argument("--plain", action="store_true", help="in words, without a picture; also fed from a pipe")
    return parser


def _open(words: list[str]) -> int:
    gc.disable()  # What is imported stays to the end, and the collector would go through all of it, again and again.
    parser = _open_parser()
    from tui.terminal.environment import frames_per_second, refusal  # noqa: PLC0415

    options = parser.parse_args(words)
    if not options.plain and (why := refusal()):
        parser.exit(USAGE_ERROR, f"gdlab: {why}\n")
    try:
        laboratory = _laboratory(parser, words, options)
    except ValueError as error:
        shown = getattr(error, "shown", "")  # a formula, with a mark under the mistake
        parser.exit(USAGE_ERROR, f"{parser.prog}: {error}\n" + f"{shown}\n" * bool(shown))
    from tui.laboratory.saving import Saver, session_of, state_folder  # noqa: PLC0415

    saver = Saver(state_folder(), session_of(laboratory))
    if options.plain:
        from tui.headless.plain.conversation import converse  # noqa: PLC0415

        def keep() -> None:
            if sentence := saver.save(session_of(laboratory)):
                laboratory.notes.say(sentence, alarm=True)

        from tui.headless.learn import LearningPlain, Opened  # noqa: PLC0415

        def begin() -> Opened:
            from tui.laboratory.keeping import open_lesson  # noqa: PLC0415

            lesson, keeper, remark = open_lesson()
            return lesson, keeper.keep, remark

        gc.enable()
        return converse(laboratory, keep, lambda saves: LearningPlain(laboratory, saves, begin))
    from tui.screen.app import GradientDescentApp  # noqa: PLC0415

    app = GradientDescentApp(laboratory, marker=options.marker, fps=frames_per_second(options.fps), saver=saver)
    gc.freeze()
    gc.enable()
    # GNU screen delays a lone escape while mouse reporting is on.
    app.run(mouse="STY" not in os.environ)
    if saver.failure:
        _say(saver.failure)
    return app.exit_code


def _learn_parser() -> _Parser:
    parser = _Parser(prog="gdlab learn", description=_LEARN)
    parser.add_argument("course", nargs="?", metavar="COURSE", help="a course, a file in TOML (default: the one here)")
    parser.add_argument("--plain", action="store_true", help="in words, without a picture; also fed from a pipe")
    parser.add_argument("--progress", metavar="FILE", help="keep the progress in FILE, and go on from there")
    return parser


def _learn(words: list[str]) -> int:
    parser = _learn_parser()
    options = parser.parse_args(words)
    from tui.terminal.environment import refusal  # noqa: PLC0415

    if not options.plain and (why := refusal()):
        parser.exit(USAGE_ERROR, f"{parser.prog}: {why}\n")
    with _holding_interrupts():
        from tui.laboratory.keeping import open_lesson  # noqa: PLC0415
    try:
        lesson, keeper, remark = open_lesson(options.course, options.progress)
    except ValueError as error:
        parser.exit(USAGE_ERROR, f"{parser.prog}: {error}\n")
    if remark:
        _say(remark)
    if not options.plain:
        return _learn_on_screen(lesson, keeper, remark)
    from tui.headless.learn import LearningPlain  # noqa: PLC0415
    from tui.headless.plain.conversation import converse  # noqa: PLC0415

    def keep_progress() -> None:
        if sentence := keeper.keep(lesson.progress):
            lesson.laboratory.notes.say(sentence, alarm=True)

    return converse(lesson.laboratory, keep_progress, lambda saves: LearningPlain.of(lesson, saves, keeper.keep))


def _learn_on_screen(lesson: Lesson, keeper: Keeper, remark: str) -> int:
    """A course in the app, beside a laboratory for work of one's own."""
    from gdcore.descent.steps import Limits, Settings  # noqa: PLC0415
    from gdcore.rows.dataset import load  # noqa: PLC0415
    from tui.laboratory.laboratory import Laboratory  # noqa: PLC0415
    from tui.laboratory.saving import Saver, session_of, state_folder  # noqa: PLC0415
    from tui.screen.app import GradientDescentApp  # noqa: PLC0415
    from tui.terminal.environment import frames_per_second, marker  # noqa: PLC0415

    own = Laboratory(load("pizza"), Settings(), Limits())
    saver = Saver(state_folder(), session_of(own))
    course = (lesson, keeper, remark)
    app = GradientDescentApp(own, marker=marker(), fps=frames_per_second(), saver=saver, course=course)
    app.run(mouse="STY" not in os.environ)
    for failure in filter(None, (saver.failure, keeper.failure)):
        _say(failure)
    return app.exit_code


def _check_parser() -> _Parser:
    parser = _Parser(prog="gdlab check", description=_CHECK)
    parser.add_argument("course", nargs="?", metavar="COURSE", help="a course, a file in TOML; - for the one here")
    parser.add_argument("sessions", nargs="*", metavar="SESSION", help="what learners handed in")
    parser.add_argument("--format", choices=("text", "csv", "json"), default="text", help="default: text")
    return parser


def _check(words: list[str]) -> int:
    options = _check_parser().parse_args(words)
    with _holding_interrupts():
        from tui.headless.check import check  # noqa: PLC0415

    return check(None if options.course == "-" else options.course, options.sessions, options.format)


def _laboratory(parser: _Parser, words: list[str], options: Namespace) -> Laboratory:
    """Return the laboratory that the options ask for: a new one, or one restored from a session.

    Raises:
        ValueError: with a sentence, if that fails.
    """
    if options.resume is None:
        with _holding_interrupts():
            from tui.laboratory.ground import Ground  # noqa: PLC0415
            from tui.laboratory.laboratory import Laboratory  # noqa: PLC0415

        ground, settings, limits, start = _run_of(options)
        delta = () if options.delta is None else (options.delta,)
        if delta and options.loss != "huber":
            raise ValueError(f"--delta belongs to --loss huber, not to {options.loss}")
        return Laboratory(Ground.of(ground, options.loss, *delta), settings, limits, start)
    place = _data_beside(parser, words, "--resume", {"resume", "plain", "marker", "fps"})
    with _holding_interrupts():
        from tui.laboratory.saving import ground_of, laboratory_of, latest, read, state_folder  # noqa: PLC0415

    if options.resume:
        session = read(options.resume)
    else:
        newest, remarks = latest(state_folder())
        for remark in remarks:
            _say(remark)
        if newest is None:
            raise ValueError("there is no session to go on with; gdlab begins one")
        session = newest
    return laboratory_of(session, ground_of(session, place))


def _data_beside(parser: _Parser, words: list[str], option: str, allowed: set[str]) -> str | None:
    """Return the place of a session's data if given; other options that the session determines are refused.

    Raises:
        ValueError: if such an option is given.
    """
    unsaid = object()
    own = vars(parser.parse_args(words)).keys() - allowed - {"data"}
    # argparse does not overwrite existing values with defaults.
    options = parser.parse_args(words, Namespace(**dict.fromkeys(own, unsaid)))
    given = sorted(name for name in own if getattr(options, name) is not unsaid)
    if given:
        flag = f"--{given[0].replace('_', '-')}"
        raise ValueError(f"{flag} cannot be given besides {option}: a session has its own data, start and settings")
    if len(options.data) > 1:
        raise ValueError(f"besides {option}, name one place where the data are now")
    return options.data[0] if options.data else None


class _Version(Action):
    """Print the version and stop."""

    def __init__(self, option_strings: list[str], dest: str) -> None:
        super().__init__(option_strings, dest, nargs=0, help="print the version and stop")

    def __call__(self, parser: ArgumentParser, *_: object) -> NoReturn:
        from gdcore import __version__  # noqa: PLC0415

        print(f"gdlab {__version__}")
        parser.exit()


def _add_run_options(parser: ArgumentParser) -> None:
    """Add the options that the laboratory and the run without a screen share."""
    from gdcore.descent import parameters  # noqa: PLC0415
    from gdcore.descent.optimizers import OPTIMIZERS, hyperparameters  # noqa: PLC0415
    from gdcore.descent.steps import Limits, Settings  # noqa: PLC0415

    def add(parameter: Parameter, *flags: str, default: float | None = None, note: str = "") -> None:
        shown = f" (default: {default:g})" if default is not None else note
        parser.add_argument(
            *flags,
            f"--{parameter.name.replace('_', '-')}",
            metavar="NUMBER",
            type=_number(parameter),
            default=default,
            help=parameter.description + shown,
        )

    parser.add_argument(
        "data",
        nargs="*",
        metavar="DATA",
        help="files or a pattern, read as one; - for a pipe; the address of a database, postgresql://host/name; "
        "or a data set that ships: anscombe, cars, geyser, orings, pizza (default)",
    )
    parser.add_argument("--table", metavar="NAME", help="the table of a database, schema.table where it has schemas")
    parser.add_argument("--query", metavar="SQL", help="the rows are what a query gives; in it, files are called data")
    parser.add_argument(
        "--engine",
        metavar="NAME",
        choices=("text", "duckdb", "postgres", "spark"),
        help="what reads the data: text (gdlab itself), duckdb, postgres or spark (default: by what they are)",
    )
    parser.add_argument(
        "--terrain",
        metavar="NAME",
        help="walk on a terrain instead of data: a name (cliff, himmelblau, ...) or a formula in w and b; "
        "one that begins with a minus as --terrain=-w",
    )
    parser.add_argument("--x", metavar="COLUMN", help="the column that goes in, by name or by number from 1")
    parser.add_argument("--y", metavar="COLUMN", help="the column that should come out")
    parser.add_argument("--skip-bad-rows", action="store_true", help="leave out rows that cannot be read, and say so")
    add(parameters.LEARNING_RATE, "-l", default=Settings().learning_rate)
    add(parameters.ITERATIONS, "-n", default=Limits().iterations)
    add(parameters.WEIGHT, note=" (default: 0, or where the terrain begins)")
    add(parameters.BIAS, note=" (default: 0, or where the terrain begins)")
    parser.add_argument("--train-bias", action="store_true", help="train w and b, not w alone")
    add(parameters.TOLERANCE, note="; where steps see batches, that of the batch")
    parser.add_argument(
        "--optimizer",
        metavar="NAME",
        choices=OPTIMIZERS,
        default="gradient-descent",
        help=f"one of {', '.join(OPTIMIZERS)}",
    )
    owners: dict[Parameter, list[str]] = {}
    for name, kind in OPTIMIZERS.items():
        for parameter in hyperparameters(kind):
            owners.setdefault(parameter, []).append(f"{name} {getattr(kind(), parameter.name):g}")
    for parameter, defaults in owners.items():
        add(parameter, note=f" (default: {', '.join(defaults)})")
    _add_loss_options(parser)
    _add_chance_options(parser)


def _add_loss_options(parser: ArgumentParser) -> None:
    """The options for losses of rows other than the squared error."""
    from gdcore.descent.parameters import DELTA  # noqa: PLC0415

    parser.add_argument(
        "--loss",
        metavar="NAME",
        choices=LOSSES,
        default="squared",
        help=f"one of {', '.join(LOSSES)} (default: squared; logistic needs labels 0 and 1 for y, "
        "and --predict gives a probability)",
    )
    parser.add_argument(
        "--delta", metavar="NUMBER", type=_number(DELTA), help=f"{DELTA.description} (default: huber 1)"
    )


def _add_chance_options(parser: ArgumentParser) -> None:
    """The options for batches and schedules."""
    from gdcore.descent.parameters import BATCH, SEED  # noqa: PLC0415
    from gdcore.descent.schedules import SCHEDULES, parse, schedule_parameters  # noqa: PLC0415

    def schedule(text: str) -> Schedule:
        try:
            return parse(text)
        except ValueError as error:
            raise ArgumentTypeError(str(error)) from None

    names = (":".join((n, ",".join(p.name for p in schedule_parameters(k)))).rstrip(":") for n, k in SCHEDULES.items())
    parser.add_argument("--batch", metavar="ROWS", type=_number(BATCH), help=BATCH.description)
    parser.add_argument("--seed", metavar="NUMBER", type=_number(SEED), help=f"{SEED.description} (default: 0)")
    parser.add_argument(
        "--order",
        metavar="FILE",
        help="take the batches in this order: numbers of rows from 0, an epoch a line; after the last line the first",
    )
    parser.add_argument(
        "--schedule",
        metavar="NAME[:NUMBERS]",
        type=schedule,
        help=f"how the learning rate falls: {', '.join(names)} (default: constant), as in step:0.5,50",
    )


def _number(parameter: Parameter) -> Callable[[str], float]:
    def parse(text: str) -> float:
        try:
            return parameter.parse(text)
        except ValueError as error:
            raise ArgumentTypeError(str(error)) from None

    return parse


def _run_of(options: Namespace) -> tuple[Any, Settings, Limits, tuple[float, float]]:
    """Return the ground, settings, limits and start that the options ask for.

    Raises:
        ValueError: with a sentence, if they cannot be used.
    """
    from dataclasses import replace  # noqa: PLC0415

    from gdcore.descent.optimizers import OPTIMIZERS, hyperparameters  # noqa: PLC0415
    from gdcore.descent.schedules import Constant  # noqa: PLC0415
    from gdcore.descent.steps import Limits, Settings  # noqa: PLC0415

    kind = OPTIMIZERS[options.optimizer]
    own = [parameter.name for parameter in hyperparameters(kind)]
    every = {parameter.name for other in OPTIMIZERS.values() for parameter in hyperparameters(other)}
    given = {name: value for name in sorted(every) if (value := getattr(options, name)) is not None}
    for name in given:
        if name not in own:
            asked = getattr(options, "schedule", None) is not None and name == "decay"
            hint = "; that of a schedule is written as in --schedule inverse:0.01" if asked else ""
            has = f"{kind.name}, which has {', '.join(own) or 'none'}"
            raise ValueError(f"{name} is not a hyperparameter of {has}{hint}")
    schedule = getattr(options, "schedule", None) or Constant()
    settings = Settings(options.learning_rate, kind(**given), options.train_bias, schedule)
    limits = Limits(options.iterations, options.tolerance)
    if options.terrain is not None:
        return _terrain_of(options, settings, limits)
    w, b = (0.0 if given is None else given for given in (options.weight, options.bias))
    start = (w, b)
    data = _data_of(options)
    return data, replace(settings, batch=_batch_of(options, data)), limits, start


def _batch_of(options: Namespace, data: Dataset) -> Batch | None:
    """The batches that the options ask for, of the rows.

    Raises:
        ValueError: with a sentence, where they cannot be had.
    """
    size, seed, order = (getattr(options, name, None) for name in ("batch", "seed", "order"))
    for name, value in (("seed", seed), ("order", order)):
        if value is not None and size is None:
            raise ValueError(f"--{name} needs --batch: without it every step sees all rows")
    if size is None:
        return None
    if seed is not None and order is not None:
        raise ValueError("--seed and --order cannot be given together: each says in which order the rows come")
    from gdcore.descent.batches import Batch, Order  # noqa: PLC0415

    return Batch(size, seed or 0, None if order is None else Order.load(order, data.rows))


def _data_of(options: Namespace) -> Dataset:
    """Load the data that the options ask for; slow loading shows its progress on standard error.

    Raises:
        ValueError: with a sentence, if they cannot be loaded.
    """
    from gdcore.rows.dataset import Origin  # noqa: PLC0415
    from tui.laboratory.reach import check  # noqa: PLC0415
    from tui.sources.load import load, named  # noqa: PLC0415
    from tui.sources.progress import told  # noqa: PLC0415

    asked = options.table or options.query or options.engine
    origin = Origin(
        tuple(options.data) or (() if asked else ("pizza",)),
        options.table or "",
        options.query or "",
        options.engine or "",
    )
    for place in origin.places:
        check(place)
    with told(sys.stderr, named(origin)) as watch:
        return load(origin, options.x, options.y, skip_bad_rows=options.skip_bad_rows, watch=watch)


def _landscape_of(options: Namespace, ground: Any) -> Landscape | None:
    """The landscape of rows under another loss than the squared error, if the options ask for one.

    Raises:
        ValueError: with a sentence, where it cannot be had.
    """
    if options.delta is not None and options.loss != "huber":
        raise ValueError(f"--delta belongs to --loss huber, not to {options.loss}")
    if options.terrain is not None or options.loss == "squared":
        return None
    from gdcore.landscapes.losses import DELTA  # noqa: PLC0415
    from gdcore.rows.ground import ground_of_rows  # noqa: PLC0415

    return ground_of_rows(ground, options.loss, DELTA if options.delta is None else options.delta)[0]


def _terrain_of(
    options: Namespace, settings: Settings, limits: Limits
) -> tuple[Landscape, Settings, Limits, tuple[float, float]]:
    """The terrain that the options ask for: where there is a b, it is trained.

    Raises:
        ValueError: with a sentence, where it cannot be had, or something is asked of it that needs rows.
    """
    from dataclasses import replace  # noqa: PLC0415

    from gdcore.landscapes.known import find  # noqa: PLC0415

    if getattr(options, "loss", "squared") != "squared":
        raise ValueError("--loss cannot be given besides --terrain: no rows")
    for name in ("data", "table", "query", "engine", "x", "y", "predict", "batch", "seed", "order"):
        if getattr(options, name, None):
            raise ValueError(f"{name if name == 'data' else f'--{name}'} cannot be given besides --terrain: no rows")
    landscape = find(options.terrain)
    start = landscape.scope.start
    if not landscape.has_bias and (options.bias is not None or options.train_bias):
        raise ValueError(f"the terrain {landscape.title} has no b: leave out --bias and --train-bias")
    w, b = (own if given is None else given for own, given in zip(start, (options.weight, options.bias), strict=True))
    return landscape, replace(settings, train_bias=landscape.has_bias), limits, (w, b)


def parsers() -> dict[str, ArgumentParser]:
    """The parser of every subcommand by its name; that of gdlab itself has none."""
    own: dict[str, ArgumentParser] = {
        "": _open_parser(),
        "train": _train_parser(),
        "learn": _learn_parser(),
        "check": _check_parser(),
    }
    return own | {name: _parser_of(name, module) for name, module in _MODULES.items()}


_MODULES = {
    "completion": "tui.completion",
    "doctor": "tui.headless.doctor",
    "man": "tui.manual",
    "serve": "tui.serve.command",
    "export": "tui.headless.export.command",
}
"""The subcommands that have a module of their own, which describes their options and runs them."""

_SUBCOMMANDS = {
    "train": _train,
    "learn": _learn,
    "check": _check,
    **{name: _delegated(name, module) for name, module in _MODULES.items()},
}
