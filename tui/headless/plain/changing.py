"""Commands that change something: the rate, the optimizer, what is trained, the data."""

from __future__ import annotations

import shlex
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from gdcore.descent.optimizers import OPTIMIZERS, hyperparameters
from gdcore.descent.parameters import BATCH, DELTA, ITERATIONS, LEARNING_RATE, SEED
from gdcore.descent.schedules import SCHEDULES, parse
from gdcore.inert import quoted
from gdcore.landscapes.landscape import Landscape
from gdcore.landscapes.losses import LOSSES
from tui.headless.plain.command import Command, Commands, told
from tui.laboratory import lesson
from tui.laboratory.grounds import bare, ground_named
from tui.sources.load import load

if TYPE_CHECKING:
    from gdcore.descent.parameters import Parameter
    from tui.headless.plain.command import Sentences
    from tui.headless.plain.conversation import Plain

commands = Commands()


@commands.named("rate", values="X")
def rate(plain: Plain, rest: str) -> Sentences:
    """Change the learning rate from the next step on; also rate half, rate double."""
    walk, factors = plain.laboratory.walk, {"half": 0.5, "double": 2.0}
    if not rest:
        yield f"The learning rate is {walk.timeline.settings.learning_rate!r}."
        yield lesson.forecast(plain.frame)
        return
    if rest in factors:
        walk.scale_learning_rate(factors[rest])
    else:
        walk.set_learning_rate(LEARNING_RATE.parse(rest))
    yield from told(plain)


def _times(factor: float, plain: Plain, _: str) -> Sentences:
    plain.laboratory.walk.scale_learning_rate(factor)
    yield from told(plain)


commands += [
    Command(("[",), "", "Learning rate divided by 1.1.", partial(_times, 0.909090909)),
    Command(("]",), "", "Learning rate times 1.1.", partial(_times, 1.1)),
    Command(("{",), "", "Learning rate halved.", partial(_times, 0.5)),
    Command(("}",), "", "Learning rate doubled.", partial(_times, 2.0)),
]


@commands.named("optimizer", "method", values="NAME")
def optimizer(plain: Plain, rest: str) -> Sentences:
    """Change the optimizer from the next step on, or tell which it is."""
    name, walk = "-".join(rest.lower().split()), plain.laboratory.walk
    if name not in OPTIMIZERS:
        if rest:
            raise ValueError(f"there is no optimizer {quoted(rest)}; choose one of {', '.join(OPTIMIZERS)}")
        now = walk.timeline.settings.optimizer
        yield f"The optimizer is {now.title}: {now!r}. Others are {', '.join(OPTIMIZERS)}."
        return
    walk.set_optimizer(OPTIMIZERS[name]())
    yield from told(plain)


def _hyperparameter(parameter: Parameter, plain: Plain, rest: str) -> Sentences:
    walk = plain.laboratory.walk
    optimizer: Any = walk.timeline.settings.optimizer
    own = hyperparameters(type(optimizer))
    if parameter not in own:
        names = ", ".join(each.name for each in own) or "none"
        raise ValueError(f"{parameter.name} is not a hyperparameter of {optimizer.title}, which has {names}")
    if not rest:
        yield f"{parameter.name} is {getattr(optimizer, parameter.name)!r}: {parameter.description}."
        return
    walk.set_optimizer(replace(optimizer, **{parameter.name: parameter.parse(rest)}))
    yield from told(plain)


commands += [
    Command((p.name,), "X", f"Change a hyperparameter: {p.description}.", partial(_hyperparameter, p))
    for p in dict.fromkeys(parameter for kind in OPTIMIZERS.values() for parameter in hyperparameters(kind))
]


@commands.named("bias", "t", values="[on|off]")
def bias(plain: Plain, rest: str) -> Sentences:
    """Train w and b, or w alone, from the next step on."""
    walk = plain.laboratory.walk
    choices = {"on": True, "off": False, "": not walk.timeline.settings.train_bias}
    if rest.lower() not in choices:
        raise ValueError(f"bias must be on or off, not {quoted(rest)}")
    walk.set_train_bias(choices[rest.lower()])
    yield from told(plain)


@commands.named("loss", values="NAME [DELTA]")
def loss(plain: Plain, rest: str) -> Sentences:
    """Restart under another loss of the rows, or tell which it is."""
    words, ground = rest.split(), plain.laboratory.ground
    if not words:
        yield f"The loss is {ground.landscape.title}: L = {ground.landscape.formula}."
        yield f"Losses of rows are {', '.join(LOSSES)}."
        return
    if words[0] not in LOSSES:
        raise ValueError(f"there is no loss {quoted(words[0])}; choose one of {', '.join(LOSSES)}")
    if len(words) > 1 + (words[0] == "huber"):
        raise ValueError(f"nothing can follow here, not {quoted(words[-1])}")
    plain.laboratory.set_loss(words[0], DELTA.parse(words[1]) if len(words) > 1 else None)
    yield from told(plain)


@commands.named("schedule", values="NAME[:VALUES]")
def schedule(plain: Plain, rest: str) -> Sentences:
    """Change how the rate goes with the iterations: schedule cosine:200, schedule step:0.5,20."""
    walk = plain.laboratory.walk
    if not rest:
        now = walk.timeline.settings.schedule
        yield f"The schedule is {now.text}: {now.formula}. Schedules are {', '.join(SCHEDULES)}."
        return
    walk.set_schedule(parse(rest if ":" in rest else ":".join(rest.split(maxsplit=1))))
    yield from told(plain)


@commands.named("batch", values="N|all [SEED]")
def batch(plain: Plain, rest: str) -> Sentences:
    """Let each step see N rows, in an order that a seed gives, or all of them."""
    walk, words = plain.laboratory.walk, rest.split()
    columns = walk.timeline.landscape.columns
    if not words:
        now = walk.timeline.settings.batch
        yield "Each step sees all rows." if now is None else f"Each step sees {now.size:,} rows, seed {now.seed}."
        return
    if columns is None:
        raise ValueError("batches need rows, and here are none")
    if len(words) > 2:
        raise ValueError("batch needs a number of rows, and may have a seed: batch 5 1")
    size = len(columns) if words[0] == "all" else int(BATCH.parse(words[0]))
    walk.set_batch(size, int(SEED.parse(words[1])) if len(words) > 1 else None)
    yield from told(plain)


@commands.named("seed", "u", values="[N]")
def seed(plain: Plain, rest: str) -> Sentences:
    """The next order of the rows, or that of a seed, where a step sees a batch of them."""
    walk = plain.laboratory.walk
    if rest:
        walk.set_seed(int(SEED.parse(rest)))
    else:
        walk.another_seed()
    yield plain.laboratory.notes.text


@commands.named("steps", values="N")
def steps(plain: Plain, rest: str) -> Sentences:
    """How many steps the run may take."""
    walk = plain.laboratory.walk
    if not rest:
        yield f"The run may take {walk.timeline.limits.iterations:,} steps."
        return
    walk.set_iterations(int(ITERATIONS.parse(rest)))
    yield plain.laboratory.notes.text


@commands.named("more", "m")
def more(plain: Plain, _: str) -> Sentences:
    """Double how many steps the run may take."""
    plain.laboratory.walk.allow_more()
    yield plain.laboratory.notes.text


@commands.named("scale", "S")
def scale(plain: Plain, _: str) -> Sentences:
    """Train on standardized x and y, or on the rows as they are."""
    plain.laboratory.toggle_scaling()
    yield from told(plain)


@commands.named("open", "o", values="FILE [table NAME]")
def open_data(plain: Plain, rest: str) -> Sentences:
    """Open a data file, a table of a database, a terrain or a formula of your own: open shop.duckdb table sales."""
    if not rest:
        raise ValueError("open needs a name, a file or a formula: open cars, open cliff, open w**4 + b**2")
    ground = ground_named(bare(rest))
    if isinstance(ground, Landscape):
        plain.laboratory.walk_on(ground)
    else:
        plain.laboratory.open(ground)
    yield from told(plain)


@commands.named("columns", values="X Y")
def columns(plain: Plain, rest: str) -> Sentences:
    """Choose other columns of the file, by name or number."""
    data = plain.laboratory.ground.rows
    try:
        chosen = shlex.split(rest)
    except ValueError:
        chosen = []
    if not rest or data.origin is None:
        every = ", ".join(map(quoted, data.columns))
        yield f"x is {quoted(data.x_name)}, y is {quoted(data.y_name)}. The columns are {every}."
        return
    if len(chosen) != 2:
        raise ValueError("columns needs two, x and y, by name or number, names of several words in quotes: columns 1 2")
    plain.laboratory.open(load(data.origin, *chosen, skip_bad_rows=bool(data.skipped)))
    yield from told(plain)
