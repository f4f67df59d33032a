"""The script of a branch for PyTorch: its own optimizers, and gradients that it finds itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.headless.export import changing
from tui.headless.export.ground import imports, torch_ground
from tui.headless.export.numpy_script import _in_docstring
from tui.headless.export.plan import changed_hyperparameters, comment, hyperparameters_of, number
from tui.headless.export.shaken import trusted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from gdcore.descent.steps import Settings
    from tui.headless.export.ground import Ground
    from tui.headless.export.plan import Change, Plan

KINDS = {
    "gradient-descent": "SGD",
    "momentum": "SGD",
    "nesterov": "SGD",
    "adagrad": "Adagrad",
    "rmsprop": "RMSprop",
    "adam": "Adam",
}

NUDGED = '''

def nudge(here, *seen):
    """Go to the first place at the learning rate's distance that has a lower loss; stay if none has."""
    places = [(w + learning_rate, b), (w - learning_rate, b)]
    if train_bias:
        places += [(w, b + learning_rate), (w, b - learning_rate)]
    for next_w, next_b in places:
        if loss_at(next_w, next_b, *seen) < here:
            w.copy_(next_w)
            b.copy_(next_b)
            return
'''


def torch_script(plan: Plan, ground: Ground) -> Iterator[str]:
    """The lines of the script.

    Raises:
        ValueError: if there is no code for the landscape or an optimizer.
    """
    kinds = [kind.name for kind in plan.optimizers]
    nudges = "nudge" in kinds
    yield f'"""Gradient descent on {_in_docstring(ground.title)}: {plan.steps:,} steps. Needs PyTorch."""'
    yield from ("", *imports(ground, plan, for_torch=True), "", "torch.set_default_dtype(torch.float64)", "")
    yield from torch_ground(ground, plan)
    yield from ("", "", *changing.batches(plan, for_torch=True), *changing.schedules(plan))
    yield from comment(f"Branch {plan.name}.")
    yield from (
        f"{name} = torch.tensor({number(at)}, requires_grad=True)" for name, at in zip("wb", plan.start, strict=True)
    )
    yield from _settings(plan, plan.changes[0], kinds)
    if nudges:
        yield from (*NUDGED.rstrip("\n").split("\n"), "", "")
    else:
        yield ""
    doubtful = trusted(plan, absolute=sums_standardized_rows(plan, ground))
    if doubtful is not None:
        yield from comment(
            f"From iteration {doubtful:,} on the log depends on the last digits of the gradients before it: PyTorch, "
            "which rounds them in other places, prints other numbers than gdlab."
        )
    yield from _loop(plan, kinds)


def sums_standardized_rows(plan: Plan, ground: Ground) -> bool:
    """Whether the loss over standardized rows is summed row by row, and not taken from the round bowl that it is."""
    return ground.scale is not None and (any(plan.batches) or not ground.landscape.exact)


def _loop(plan: Plan, kinds: list[str]) -> Iterator[str]:
    """The lines of the walk."""
    nudges, steers = "nudge" in kinds, kinds != ["nudge"]
    yield f"for iteration in range({plan.lines}):"
    for change in plan.later:
        if lines := list(_settings(plan, change, kinds)):  # a batch of more than all rows changes nothing here
            yield f"    if iteration == {change.iteration}:"
            yield from comment(f"From here on: {change.comment}.", " " * 8)
            yield from (f"        {line}" for line in lines)
    if plan.varies:
        yield f"    learning_rate = {changing.RATE}"
        if steers:
            guard = "if optimizer is not None: " if nudges else ""
            yield f'    {guard}optimizer.param_groups[0]["lr"] = learning_rate'
    seen = ", *seen" if any(plan.batches) else ""
    yield from (f"    {line}" for line in changing.seen(plan, "ROWS"))
    yield f"    loss = loss_at(w, b{seen})"
    yield from (f"    {line}" for line in changing.log(plan, "loss_at(w, b, *whole)", ".item()"))
    if plan.why_no_next:
        yield f"    if iteration == {plan.steps}:"
        yield f"        break  # {plan.why_no_next}"
    indent = "    "
    if nudges and steers:
        yield "    if optimizer is None:"
        yield "        with torch.no_grad():"
        yield f"            nudge(loss{seen})"
        yield "    else:"
        indent += "    "
    elif nudges:
        yield "    with torch.no_grad():"
        yield f"        nudge(loss{seen})"
    if steers:
        yield f"{indent}optimizer.zero_grad()"
        yield f"{indent}loss.backward()"
        if plan.trains == {False}:
            yield f"{indent}b.grad = None  # b is held"
        elif len(plan.trains) > 1:
            yield f"{indent}if not train_bias:"
            yield f"{indent}    b.grad = None  # b is held"
        yield f"{indent}optimizer.step()"
    both = 'print(f"\\nw={w.item():.10f}, b={b.item():.10f}")'
    yield both if plan.shows_bias else 'print(f"\\nw={w.item():.10f}")'


def _settings(plan: Plan, change: Change, kinds: list[str]) -> Iterator[str]:
    """The lines that put in force what is different."""
    before, now = change.before, change.settings
    yield from changing.settings(plan, change, rate="nudge" in kinds)
    if (len(plan.trains) > 1 or "nudge" in kinds) and (before is None or before.train_bias != now.train_bias):
        yield f"train_bias = {now.train_bias}"
    if now.optimizer.name == "nudge":
        if change.restarts and len(kinds) > 1:
            yield "optimizer = None"
    elif change.restarts:
        yield f"optimizer = torch.optim.{KINDS[now.optimizer.name]}([w, b], {_words(now)})"
    else:
        yield from _updates(plan, change)


def _updates(plan: Plan, change: Change) -> Iterator[str]:
    """The lines that change an optimizer that goes on."""
    before, now = change.before, change.settings
    assert before is not None
    group = "optimizer.param_groups[0]"
    if before.learning_rate != now.learning_rate and not plan.varies:
        yield f'{group}["lr"] = {number(now.learning_rate)}'
    changed = changed_hyperparameters(change)
    entries = _options(now.optimizer.name, {**hyperparameters_of(now.optimizer)}) if changed else {}
    yield from (f'{group}["{name}"] = {text}' for name, text in entries.items())
    if changed.get("momentum") and not hyperparameters_of(before.optimizer)["momentum"]:
        yield "# Without momentum PyTorch remembers no velocity; it was the last gradient."
        yield "for parameter in [w, b]:"
        yield "    if parameter.grad is not None:"
        yield '        optimizer.state[parameter]["momentum_buffer"] = parameter.grad.clone()'


def _words(settings: Settings) -> str:
    """The arguments of an optimizer."""
    given = {"lr": number(settings.learning_rate)}
    given |= _options(settings.optimizer.name, hyperparameters_of(settings.optimizer))
    return ", ".join(f"{name}={text}" for name, text in given.items())


def _options(name: str, values: Mapping[str, float]) -> dict[str, str]:
    """Hyperparameters by PyTorch's names."""
    if name == "adam":
        return {"betas": f"({number(values['beta1'])}, {number(values['beta2'])})", "eps": number(values["eps"])}
    if name == "rmsprop":
        return {"alpha": number(values["decay"]), "eps": number(values["eps"])}
    if name == "nesterov":
        # PyTorch refuses Nesterov's momentum where there is none.
        return {"momentum": number(values["momentum"]), "nesterov": str(values["momentum"] > 0)}
    return {option: number(value) for option, value in values.items()}
