"""The script of a branch for NumPy: the same operations in the same order, for the same log to the last digit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.headless.export import changing
from tui.headless.export.ground import imports, measured, numpy_ground
from tui.headless.export.plan import changed_hyperparameters, comment, number

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tui.headless.export.ground import Ground
    from tui.headless.export.plan import Change, Plan


RULES = {
    "gradient-descent": (
        "()",
        '''
def gradient_descent(gradient, memory):
    """The step to take off a parameter: the gradient times the learning rate."""
    return learning_rate * gradient, memory
''',
    ),
    "momentum": (
        "0.0",
        '''
def momentum_step(gradient, velocity):
    """The step along the velocity, a fading sum of the gradients so far."""
    velocity = momentum * velocity + gradient
    return learning_rate * velocity, velocity
''',
    ),
    "nesterov": (
        "0.0",
        '''
def nesterov_step(gradient, velocity):
    """The step along the velocity as it will be after this gradient."""
    velocity = momentum * velocity + gradient
    return learning_rate * (gradient + momentum * velocity), velocity
''',
    ),
    "adagrad": (
        "0.0",
        '''
def adagrad(gradient, square_sum):
    """The gradient over the root of the sum of all squares so far."""
    square_sum = square_sum + gradient * gradient
    return learning_rate * gradient / (square_sum**0.5 + eps), square_sum
''',
    ),
    "rmsprop": (
        "0.0",
        '''
def rmsprop(gradient, mean_square):
    """The gradient over the root of the mean square of the recent ones."""
    mean_square = decay * mean_square + (1 - decay) * (gradient * gradient)
    return learning_rate * gradient / (mean_square**0.5 + eps), mean_square
''',
    ),
    "adam": (
        "(0.0, 0.0, 0)",
        '''
def adam(gradient, memory):
    """The mean gradient over the root of the mean square, both corrected for their start at zero."""
    mean, mean_square, steps = memory
    steps = steps + 1
    mean = beta1 * mean + (1 - beta1) * gradient
    mean_square = beta2 * mean_square + (1 - beta2) * (gradient * gradient)
    corrected_mean = mean / (1 - beta1**steps)
    corrected_square = mean_square / (1 - beta2**steps)
    step = learning_rate * corrected_mean / (corrected_square**0.5 + eps)
    return step, (mean, mean_square, steps)
''',
    ),
    "nudge": (
        "()",
        '''
def nudged(w, b, here, *seen):
    """Where the first nudge by the learning rate that lowers the loss leads; the same place if none does."""
    places = [(w + learning_rate, b), (w - learning_rate, b)]
    if train_bias:
        places += [(w, b + learning_rate), (w, b - learning_rate)]
    return next((place for place in places if loss_and_gradient(*place, *seen)[0] < here), (w, b))
''',
    ),
}
"""For each optimizer what it remembers before its first step, and its rule."""


def numpy_script(plan: Plan, ground: Ground) -> Iterator[str]:
    """The lines of the script.

    Raises:
        ValueError: if there is no code for the landscape or an optimizer.
    """
    yield f'"""Gradient descent on {_in_docstring(ground.title)}: {plan.steps:,} steps. Needs NumPy alone."""'
    needed, defined, rules, walk = sections(plan, ground)
    yield from ("", *needed, *[""] * bool(needed))
    yield from (*defined, "", "")
    for lines in rules:
        yield from (*lines, "", "")
    yield from walk


def sections(plan: Plan, ground: Ground) -> tuple[list[str], list[str], list[list[str]], list[str]]:
    """The parts of the script: what is imported, what is walked on, the rule of each optimizer, and the walk."""
    kinds = [kind.name for kind in plan.optimizers]
    defined = list(numpy_ground(ground, plan))
    chosen = [*changing.batches(plan, for_torch=False), *changing.schedules(plan)]
    while chosen and not chosen[-1]:
        chosen.pop()
    defined += ["", "", *chosen] if chosen else []
    rules = [RULES[name][1].strip("\n").split("\n") for name in kinds]
    return imports(ground, plan, for_torch=False), defined, rules, list(_walk(plan, ground, kinds))


def _walk(plan: Plan, ground: Ground, kinds: list[str]) -> Iterator[str]:
    yield from comment(f"Branch {plan.name}.")
    yield from _settings(plan, plan.changes[0], kinds)
    yield f"w, b = {', '.join(map(number, plan.start))}"
    yield ""
    yield f"for iteration in range({plan.lines}):"
    for change in plan.later:
        if lines := list(_settings(plan, change, kinds)):  # a batch of more than all rows changes nothing here
            yield f"    if iteration == {change.iteration}:"
            yield from comment(f"From here on: {change.comment}.", " " * 8)
            yield from (f"        {line}" for line in lines)
    if plan.varies:
        yield f"    learning_rate = {changing.RATE}"
    seen = ", seen" if any(plan.batches) else ""
    yield from (f"    {line}" for line in changing.seen(plan, measured(ground.landscape)))
    yield f"    loss, (slope_w, slope_b) = loss_and_gradient(w, b{seen})"
    yield from (f"    {line}" for line in changing.log(plan, "loss_and_gradient(w, b, whole)[0]"))
    if plan.why_no_next:
        yield f"    if iteration == {plan.steps}:"
        yield f"        break  # {plan.why_no_next}"
    yield from (f"    {line}" for line in _moves(plan, kinds))
    yield 'print(f"\\nw={w:.10f}, b={b:.10f}")' if plan.shows_bias else 'print(f"\\nw={w:.10f}")'


def _in_docstring(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', "'")


def _settings(plan: Plan, change: Change, kinds: list[str]) -> Iterator[str]:
    """The lines that put in force what is different."""
    before, now = change.before, change.settings
    yield from changing.settings(plan, change)
    for name, value in changed_hyperparameters(change).items():
        yield f"{name} = {number(value)}"
    if (len(plan.trains) > 1 or "nudge" in kinds) and (before is None or before.train_bias != now.train_bias):
        yield f"train_bias = {now.train_bias}"
    if change.restarts and kinds != ["nudge"]:
        memory, rule = RULES[now.optimizer.name]
        if len(kinds) > 1:
            yield f"rule = {_called(rule)}"
        yield f"memory_w = memory_b = {memory}  # what is remembered of earlier gradients along w and along b"


def _called(rule: str) -> str:
    return rule.split("(", maxsplit=1)[0].rsplit(maxsplit=1)[-1]


def _moves(plan: Plan, kinds: list[str]) -> Iterator[str]:
    """The lines of one step."""
    seen = ", seen" if any(plan.batches) else ""
    if kinds == ["nudge"]:
        yield f"w, b = nudged(w, b, loss{seen})"
        return
    rule = "rule" if len(kinds) > 1 else _called(RULES[kinds[0]][1])
    indent = ""
    if "nudge" in kinds:
        yield "if rule is nudged:"
        yield f"    w, b = nudged(w, b, loss{seen})"
        yield "else:"
        indent = "    "
    yield f"{indent}step_w, memory_w = {rule}(slope_w, memory_w)"
    yield f"{indent}w = w - step_w"
    if True in plan.trains:
        if len(plan.trains) > 1:
            yield f"{indent}if train_bias:"
            indent += "    "
        yield f"{indent}step_b, memory_b = {rule}(slope_b, memory_b)"
        yield f"{indent}b = b - step_b"
