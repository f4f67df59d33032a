"""Code for what changes from step to step: the rows that a step sees, and the learning rate."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gdcore.descent.schedules import Schedule, schedule_parameters
from tui.headless.export.plan import number, numbers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tui.headless.export.plan import Change, Plan

FACTORS = {
    "constant": '''
def constant(t):
    """The rate stays."""
    return 1.0
''',
    "inverse": '''
def inverse(t):
    """Inverse decay."""
    return 1 / (1 + rate_decay * t)
''',
    "exponential": '''
def exponential(t):
    """Exponential decay."""
    return gamma**t
''',
    "cosine": '''
def cosine(t):
    """Half a cosine, then 0."""
    return (1 + cos(pi * t / period)) / 2 if t < period else 0.0
''',
    "step": '''
def step(t):
    """Falls in steps."""
    return gamma ** (t // every)
''',
}
"""What the base rate is multiplied by, t iterations after the schedule was chosen."""
NAMES = {"decay": "rate_decay"}
"""Other names for hyperparameters of schedules that collide with those of an optimizer."""
RATE = "base_rate * factor(max(iteration - since, 0))"

_ORDER = '''
@lru_cache
def order_of(seed, epoch):
    """The rows in the order in which an epoch sees them; each epoch has another one, which follows from the seed."""
    raw = np.random.Philox(key=np.array([seed, epoch], dtype=np.uint64)).random_raw(len(x))
    return np.argsort(raw, kind="stable")
'''
_ROWS = '''
def rows_of(iteration):
    """The rows that a step sees: in an epoch each of them once."""
    epoch, step = divmod(iteration, -(-len(x) // batch_size))
    rows = {order}[step * batch_size : (step + 1) * batch_size]
    return x[rows], y[rows]
'''


def schedules(plan: Plan) -> Iterator[str]:
    """The functions of the schedules that are used."""
    used = {change.settings.schedule.name for change in (plan.changes[0], *plan.later)}
    if plan.varies:
        for name, text in FACTORS.items():
            if name in used:
                yield from (*text.strip("\n").split("\n"), "", "")


def batches(plan: Plan, *, for_torch: bool) -> Iterator[str]:
    """The functions that choose the rows of a step."""
    used = [batch for batch in plan.batches if batch]
    if not used:
        return
    seeded, given = any(batch.order is None for batch in used), any(batch.order for batch in used)
    by_seed, by_order = "order_of(seed, epoch)", "order[epoch % len(order)]"
    order = by_seed if not given else by_order if not seeded else f"({by_seed} if order is None else {by_order})"
    if for_torch:
        order = f"torch.from_numpy({order})"
    if seeded:
        yield from (*_ORDER.strip("\n").split("\n"), "", "")
    yield from (*_ROWS.strip("\n").replace("{order}", order).split("\n"), "", "")


def imports(plan: Plan) -> list[str]:
    """The lines that import what these need."""
    cosine = any(change.settings.schedule.name == "cosine" for change in (plan.changes[0], *plan.later))
    seeded = any(batch and batch.order is None for batch in plan.batches)
    return ["from functools import lru_cache"] * seeded + ["from math import cos, pi"] * cosine


def settings(plan: Plan, change: Change, *, rate: bool = True) -> Iterator[str]:
    """Yield the lines that set the learning rate, the schedule and the batch, as far as they change.

    Args:
        plan: the plan.
        change: the change.
        rate: whether a rate that no schedule changes is wanted, too.
    """
    before, now = change.before, change.settings
    if (plan.varies or rate) and (before is None or before.learning_rate != now.learning_rate):
        yield f"{'base_rate' if plan.varies else 'learning_rate'} = {number(now.learning_rate)}"
    if plan.varies and (before is None or before.schedule != now.schedule):
        yield from _schedule(now.schedule)
    if any(plan.batches) and (before is None or before.batch != now.batch):
        yield from _batch(plan, change)


def _schedule(schedule: Schedule) -> Iterator[str]:
    yield f"factor, since = {schedule.name}, {getattr(schedule, 'since', 0)}"
    for parameter in schedule_parameters(type(schedule)):
        name = parameter.name.removeprefix("schedule_")
        yield f"{NAMES.get(name, name)} = {number(getattr(schedule, parameter.name))}"


def _batch(plan: Plan, change: Change) -> Iterator[str]:
    batch = plan.seen(change)
    if batch is None:
        yield "batch_size = len(x)"
        return
    yield f"batch_size = {batch.size}"
    given = any(other and other.order for other in plan.batches)
    if batch.order is None:
        yield f"seed = {batch.seed}"
        if given:
            yield "order = None"
    else:
        yield "order = ["
        for epoch in batch.order.epochs:
            yield from ("    np.array([", numbers(epoch.tolist(), " " * 8, whole=True), "    ]),")
        yield "]"


def seen(plan: Plan, measured: str) -> Iterator[str]:
    """Yield the line that gets what a step sees: the whole, or the values measured on its batch."""
    kinds = {batch is None for batch in plan.batches}
    call = measured.replace("ROWS", "rows_of(iteration)")
    if kinds == {False}:
        yield f"seen = {call}"
    elif len(kinds) > 1:
        yield f"seen = whole if batch_size == len(x) else {call}"


def log(plan: Plan, whole: str, item: str = "") -> Iterator[str]:
    """The lines that print the log before a step.

    Args:
        plan: the plan.
        whole: what gives the loss of all rows.
        item: how its number is taken out of a loss.
    """
    line = f"Iteration {{iteration:4d}} => Loss: {{loss{item}:.10f}}"
    if plan.tells_batches and any(plan.batches):
        yield f"of_all = {whole}"
        yield "epoch = iteration // -(-len(x) // batch_size)"
        line += f", of all rows: {{of_all{item}:.10f}}, epoch {{epoch}}"
    elif plan.tells_batches:
        line += f", of all rows: {{loss{item}:.10f}}, epoch {{iteration}}"
    yield f'print(f"{line}")'
