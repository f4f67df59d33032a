"""Explanations in words: what the last step did, what the next one will do, and why, with the numbers filled in.

Everything is text from a frame, in the notation of the lesson. Only ASCII, so that it works on any terminal.
"""

from __future__ import annotations

from math import hypot
from typing import TYPE_CHECKING

from gdcore.descent.optimizers import (
    AdaGrad,
    Adam,
    GradientDescent,
    Momentum,
    Nesterov,
    Nudge,
    RMSprop,
    hyperparameters,
)
from gdcore.descent.steps import Reason
from gdcore.studies.stability import Regime, correct_digits

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gdcore.descent.branches import Branch
    from gdcore.descent.optimizers import Optimizer
    from gdcore.descent.state import Memory
    from gdcore.landscapes.landscape import Landscape
    from gdcore.studies.stability import Stability
    from tui.laboratory.frame import Frame

FORMULAS = (
    ("loss", "L(w, b) = 1/n * sum((w*x + b - y)^2)", "how far the line is from the rows, squared, on average"),
    ("gradient", "dL/dw = 2/n * sum(x * (w*x + b - y))", "how steeply the loss rises with w; with b: without the x"),
    ("step", "w <- w - lr * dL/dw", "against the gradient, as long as the learning rate lr makes it"),
)
"""The lesson's three formulas: name, formula, meaning."""

REGIMES = {
    Regime.CRAWL: "crawls",
    Regime.GLIDE: "glides to the minimum",
    Regime.OVERSHOOT: "overshoots but converges",
    Regime.DIVERGE: "diverges, each step multiplies the error by",
}
"""What a learning rate will do, in words."""

ALONG = {Regime.GLIDE: "glides, then crawls", Regime.OVERSHOOT: "overshoots, then crawls"}
"""The same for a long valley: fast down its sides, slow along its floor."""

STAYED = "stayed, but for its last digits"
LITTLE = 0.01
"""A loss that fell by a smaller share of itself fell a little."""

SHOWN_ROWS = 12
"""Maximum number of rows written out in a derivation."""


def number(value: float, digits: int = 7) -> str:
    """A number for a sentence.

    >>> number(1.8436928702), number(-806.8), number(1e-12)
    ('1.843693', '-806.8', '1e-12')
    """
    return f"{value:.{digits}g}"


def signed(value: float) -> str:
    """A number with its sign: how far something moved.

    >>> signed(0.8068), signed(-2.0), signed(0.0)
    ('+0.8068', '-2', '0')
    """
    return f"{value:+.5g}" if value else "0"


def last_step(frame: Frame, *, short: bool = False) -> str:
    """Describe the last step; at the start, the current point and which way is downhill. In short without the losses.

    The short forms are for screens with little room: what they leave out stands elsewhere on the screen.
    """
    before, state = frame.before, frame.state
    if before is None:
        return _standing(frame)
    moved = f"w moved {signed(state.w - before.w)}"
    if frame.settings.train_bias or state.b != before.b:
        moved += f", b {signed(state.b - before.b)}"
    loss = "the loss" if frame.epoch is None else "the loss of all rows"
    whole, whole_before = frame.whole, frame.whole_before or before
    losses = f"{number(whole_before.loss)} -> {number(whole.loss)}"
    by = "" if short else f", {losses}"
    if (state.w, state.b) == (before.w, before.b):
        nudging = isinstance(frame.settings.optimizer, Nudge)
        why = "no nudge lowers the loss" if nudging else "the step is too small for the digits of w"
        if before.gradient[0] == 0:
            why = "the ground is level, dL/dw = 0"
        return f"Step {state.iteration:,} did not move: {why}. Loss {losses}."
    fell = _fell(whole_before.loss, whole.loss)
    if short and fell == STAYED:
        fell = "stayed"
    if frame.verdict is Regime.CRAWL and not frame.landscape.exact and _steeper(frame):
        how = "went on, ever steeper" if short else "went on downhill, and it gets steeper"
        return f"Step {state.iteration:,} {how}: {moved}, {loss} {fell}{by}."
    told = {
        Regime.CRAWL: f"crawled: {moved}, {loss} {fell}{by}.",
        Regime.GLIDE: f"glided: {moved}, {loss} {fell}{by}.",
        Regime.OVERSHOOT: f"overshot: {moved}, across the lowest point"
        + (f"; {loss} {fell}." if short else f" on its way. {loss.capitalize()} {fell}, {losses}."),
        Regime.DIVERGE: f"went up: {moved}, {_rise(frame)}."
        + ("" if short else f" {loss.capitalize()} rose, {losses}."),
    }
    return f"Step {state.iteration:,} {told[frame.verdict or Regime.GLIDE]}"


def _fell(before: float, now: float) -> str:
    """How a loss fell, or that it stayed.

    >>> _fell(100.0, 69.0), _fell(100.0, 99.5), _fell(-100.0, -100.5), _fell(100.0, 100.0) == STAYED
    ('fell', 'fell a little', 'fell a little', True)
    """
    if not now < before:
        return STAYED
    return "fell a little" if before - now < LITTLE * abs(before) else "fell"


def _steeper(frame: Frame) -> bool:
    """Whether the slope is larger now than before the last step."""
    before, now = frame.whole_before, frame.whole
    return before is not None and hypot(*now.gradient) > hypot(*before.gradient)


def _rise(frame: Frame) -> str:
    """Explain why a step went up: plain descent jumped too far, momentum carried on, or a batch misled it."""
    if frame.epoch is not None:
        return "downhill for its batch, uphill for all rows"
    match frame.settings.optimizer:
        case Momentum() | Nesterov():
            return "carried uphill by its velocity"
        case GradientDescent():
            return "across the minimum and too far"
        case _:
            return "too long a step here"


def _standing(frame: Frame) -> str:
    state = frame.state
    where = f"w = {number(state.w)}" + (f", b = {number(state.b)}" if frame.settings.train_bias else "")
    slope = state.gradient[0]
    if slope == 0 and not (frame.settings.train_bias and state.gradient[1]):
        return f"You stand at {where}. The ground is level here, dL/dw = 0: no step will move you."
    uphill, downhill = ("right", "left") if slope > 0 else ("left", "right")
    return f"You stand at {where}. dL/dw = {number(slope)}: uphill is to the {uphill}, so a step goes {downhill}."


def next_step(frame: Frame, *, short: bool = False) -> str:
    """Describe the next step, with the numbers in the formula; at the end of a run, why there is none.

    In short it is where the step leads, without the formula.
    """
    if frame.ending is not None and frame.ending.reason is not Reason.ITERATIONS:
        return "There is no next step." if short else frame.ending.sentence
    ended = f"{frame.ending.sentence} m doubles it. " if frame.ending else ""
    state, following = frame.state, frame.following
    if following is None:
        return ended
    trained = (("w", state.w, following.w), ("b", state.b, following.b))[: 1 + frame.settings.train_bias]
    digits = 7 - 2 * frame.settings.train_bias - short
    here, there = number(state.loss, digits), number(following.loss, digits)
    batches = frame.in_batches  # each step sees another one, so the two losses do not compare
    if short:
        places = ", ".join(f"{name} = {number(after, digits)}" for name, _, after in trained)
        return f"{ended}Next: {places}; {'batch' if batches else 'loss'} {there}."
    loss = f"loss of this batch {here}, of the next one {there}" if batches else f"loss {here} -> {there}"
    if isinstance(frame.settings.optimizer, Nudge):
        return f"{ended}Next: {_nudge(frame)}; {loss}."
    parts = []
    for (name, value, after), gradient, memory in zip(trained, state.gradient, state.memory, strict=False):
        step = step_formula(frame.settings.optimizer, state.learning_rate, gradient, memory, digits)
        parts.append(f"{name} = {number(value, digits)} - {step} = {number(after, digits)}")
    return f"{ended}Next: {'; '.join(parts)}; {loss}."


def _nudge(frame: Frame) -> str:
    """Which of the nudges is kept."""
    for name, value, after in zip(
        "wb", frame.state[1:3], frame.following[1:3] if frame.following else (), strict=False
    ):
        if value != after:
            rate = number(frame.settings.learning_rate)
            return f"{name} {'+' if after > value else '-'} {rate} has a lower loss, so {name} = {number(after)}"
    return "no nudge lowers the loss, so all stays as it is"


def step_formula(optimizer: Optimizer, learning_rate: float, gradient: float, memory: Memory, digits: int = 7) -> str:
    """The step of an optimizer as arithmetic: what is taken off the parameter, with the numbers put in.

    >>> step_formula(GradientDescent(), 0.001, -806.8, GradientDescent().memory())
    '0.001 * -806.8'
    """
    _, after = optimizer.step(gradient, memory, learning_rate)
    rate, g = number(learning_rate), number(gradient, digits)
    match optimizer:
        case Momentum(momentum):
            return f"{rate} * ({momentum:g} * {number(memory.velocity, digits)} + {g})"
        case Nesterov(momentum):
            return f"{rate} * ({g} + {momentum:g} * {number(after.velocity, digits)})"
        case AdaGrad(eps):
            return f"{rate} * {g} / (sqrt({number(after.square_sum, digits)}) + {eps:g})"
        case RMSprop(_, eps):
            return f"{rate} * {g} / (sqrt({number(after.mean_square, digits)}) + {eps:g})"
        case Adam(beta1, beta2, eps):
            mean, square = after.mean / (1 - beta1**after.steps), after.mean_square / (1 - beta2**after.steps)
            return f"{rate} * {number(mean, digits)} / (sqrt({number(square, digits)}) + {eps:g})"
        case _:
            return f"{rate} * {g}"


def forecast(frame: Frame, *, short: bool = False) -> str:
    """Describe what the learning rate will do on this loss; in short without the critical rate itself."""
    rate, limits = frame.state.learning_rate, frame.stability
    if isinstance(frame.settings.optimizer, Nudge):
        return "Nudging knows no gradient: it tries one learning rate to each side and keeps what lowers the loss."
    if limits is None:
        title = frame.settings.optimizer.title
        return f"{title} sizes its own steps: there is no critical rate. The rate sets how long they can be."
    if not frame.landscape.exact:
        return _forecast_here(limits, rate, short=short)
    if limits.critical == float("inf"):
        return "The loss does not depend on w: no rate is too large, and none moves you."
    share, regime = f"{rate / limits.critical:.3g}", limits.regime(rate)
    doing = REGIMES[regime]
    if limits.crawls_along(rate) and regime in ALONG:
        doing = ALONG[regime]
    critical = "the critical rate" if short else f"the critical rate {limits.critical:.4g}"
    told = f"{share} times {critical}: {doing}"
    if regime is Regime.DIVERGE:
        return f"{told} {limits.contraction(rate):.4g}."
    return f"{told}, {_counted(frame, limits.iterations(rate), short=short)}."


def _counted(frame: Frame, iterations: int | None, *, short: bool) -> str:
    """Return how many steps it takes, with a remark if batches or a schedule make that uncertain."""
    if not iterations:
        return "too slowly to count"
    only = [f"{'steps' if short else 'each step'} saw all rows"] * (frame.epoch is not None) + [
        "the rate stayed"
    ] * frame.settings.schedule.varies
    steps = f"about {iterations:,} step{'s' * (iterations != 1)}{'' if short else ' to six digits'}"
    return f"{steps} if {' and '.join(only)}" if only else steps


HERE = {Regime.CRAWL: "crawls", Regime.GLIDE: "glides", Regime.OVERSHOOT: "overshoots"}
"""What a learning rate does where the ground bends as it does at this point."""


def _forecast_here(limits: Stability, rate: float, *, short: bool) -> str:
    """Describe what the curvature at this point says about the learning rate; the next point may differ."""
    flattest, steepest = limits.curvature.lambda_min, limits.curvature.lambda_max
    if steepest < 0:
        return f"Here the ground bends downwards, curvature {steepest:.3g}: each step meets a steeper slope."
    if not 0 < steepest < float("inf"):
        return "Here the ground does not bend: the slope stays the same, and no rate is too large yet."
    regime = limits.regime(rate)
    told = f"Here {rate / limits.critical:.3g} times the critical rate{'' if short else f' {limits.critical:.4g}'}"
    if regime is Regime.DIVERGE:
        grows = f", were it so everywhere: the error would grow {limits.contraction(rate):.4g} times"
        doing = f"too long a step{'' if short else grows}"
    else:
        doing = HERE[regime]
    bent = "" if short else f", curvature {flattest:.3g}"
    sink = f"; one way the ground bends down{bent}" if flattest < 0 else ""
    return f"{told}: {doing}{sink}."


def divergence(frame: Frame, *, short: bool = False) -> str:
    """Explain what went wrong, and what to do; in short without by how much the error grows."""
    rate, limits = frame.settings.learning_rate, frame.stability
    ended = frame.ending is not None and frame.ending.reason is Reason.DIVERGED
    happened = "Diverged" if ended else "Going up"
    if ended and frame.before is not None and frame.state.loss < frame.before.loss:
        return "It ran away downhill, where the loss falls beyond all numbers: there is no lowest point this way."
    why = "the steps were too long"
    if limits is not None and limits.critical < float("inf"):
        times = f"at {rate / limits.critical:.4g} times the critical rate"
        why = times if short else f"each step multiplies the error by {limits.contraction(rate):.4g}, {times}"
    return f"{happened}: {why}. Press h: back before the rise, at half the rate."


def account(branch: Branch) -> str:
    """Describe a branch in one line: where it comes from and where it is now.

    >>> from gdcore.descent.branches import Branches
    >>> from gdcore.descent.steps import Settings
    >>> from gdcore.landscapes.bowl import MeanSquaredError
    >>> from gdcore.descent.timeline import Timeline
    >>> account(Branches(Timeline(MeanSquaredError.of([1.0, 2.0], [1.0, 2.0]), Settings())).current)
    'A: from the start; 0 steps, loss 2.5'
    """
    return f"{branch.name}: {branch.origin}; {steps(branch.run.tip)}, loss {number(branch.reached)}"


def steps(count: int) -> str:
    """A number of steps.

    >>> steps(0), steps(1), steps(2000)
    ('0 steps', '1 step', '2,000 steps')
    """
    return f"{count:,} step{'s' * (count != 1)}"


def cost(frame: Frame) -> Iterator[str]:
    """Where a step is a query: how long one takes, and what is not of all the rows."""
    if frame.cost:
        yield f"A step is one query: {frame.cost}."
    if frame.cost and frame.data is not None and frame.landscape.sampled:
        sampled = f"{frame.landscape.sampled:,} of the {frame.data.rows:,} rows"
        yield f"Curvature, minimum and pictures are those of a sample of {sampled}; loss and slopes are of all."


def digits(landscape: Landscape, w: float, b: float, *, train_bias: bool) -> list[str]:
    """How many digits of each trained parameter are those of the minimum; else in words why there are none to count.

    >>> from gdcore.landscapes.bowl import MeanSquaredError
    >>> digits(MeanSquaredError.of([1.0, 2.0, 3.0], [3.0, 5.0, 7.0]), 2.001, 0.99, train_bias=True)
    ['w 3.3', 'b 2.0']
    >>> digits(MeanSquaredError.of([2.0, 2.0], [3.0, 5.0]), 2.0, 0.0, train_bias=True)
    ['no single minimum']
    """
    held = None if train_bias else b
    lowest = landscape.sure_lowest(held)
    if lowest is not None:
        found = [("w", w, lowest.w), ("b", b, lowest.b)][: 1 + train_bias]
        return [f"{name} {correct_digits(value, target):.1f}" for name, value, target in found]
    if landscape.why_no_minimum(held):
        return ["no minimum"]
    known = landscape.columns is not None and (landscape.exact or not landscape.remote)
    return ["no single minimum" if known else "no minimum known"]


def comparison(one: Branch, other: Branch) -> list[tuple[str, str, str]]:
    """Two branches side by side, each where it ended: (what, one, other)."""
    columns = [_figures(one), _figures(other)]
    return [(name, value, columns[1][name]) for name, value in columns[0].items()]


def _figures(branch: Branch) -> dict[str, str]:
    run = branch.run
    settings = run.settings_at(run.tip)
    w, b, _ = run.path(run.tip, run.tip + 1)[0].tolist()
    optimizer = settings.optimizer
    values = ", ".join(f"{p.name} {getattr(optimizer, p.name):g}" for p in hyperparameters(type(optimizer)))
    return {
        "branch": branch.name,
        "method": optimizer.title,
        "": values or "-",
        "learning rate": number(settings.learning_rate),
        "trained": "w and b" if settings.train_bias else "w alone",
        "start": f"w {number(run.start.w)}, b {number(run.start.b)}",
        "iterations": f"{run.tip:,}",
        "w": number(w),
        "b": number(b),
        "loss": number(branch.reached),
        "correct digits": ", ".join(digits(run.landscape, w, b, train_bias=settings.train_bias)),
    }


def derivation(frame: Frame) -> Iterator[str]:
    """The loss and its derivatives at the current point, row by row, and the step that follows, line by line."""
    state, data, settings = frame.state, frame.data, frame.settings
    columns = (frame.batch or frame.landscape).columns
    if data is None or columns is None or not frame.landscape.exact:
        yield from _landscape_derivation(frame)
        return
    n, w, b = len(columns), number(state.w), number(state.b)
    steps = f"{state.iteration:,} step{'s' * (state.iteration != 1)}"
    yield f"The line now is y = {w} * x + {b}, after {steps}. x is {data.x_name}, y is {data.y_name}."
    yield from _seen(frame)
    yield "For each row: what the line says, minus what it was, is the error."
    yield ""
    yield f"{'row':>5}{'x':>11}{'y':>11}{'w*x + b - y':>14}{'squared':>14}{'times x':>14}"
    for row in range(min(n, SHOWN_ROWS)):
        x, y = float(columns.x[row]), float(columns.y[row])
        error = state.w * x + state.b - y
        yield f"{row + 1:5} {x:10.5g} {y:10.5g} {error:13.7g} {error * error:13.7g} {error * x:13.7g}"
    if n > SHOWN_ROWS:
        yield f"{'...':>5}  and {n - SHOWN_ROWS:,} more rows"
    slope_w, slope_b = state.gradient
    yield ""
    yield "The loss is the mean of the squares:"
    yield f"  L = 1/{n} * sum((w*x + b - y)^2) = 1/{n} * {number(state.loss * n)} = {number(state.loss)}"
    yield "Its derivative with respect to w, by the chain rule, is twice the mean of error times x:"
    yield f"  dL/dw = 2/{n} * sum(x * (w*x + b - y)) = 2/{n} * {number(slope_w * n / 2)} = {number(slope_w)}"
    yield "and with respect to b twice the mean of the errors:"
    yield f"  dL/db = 2/{n} * sum(w*x + b - y) = 2/{n} * {number(slope_b * n / 2)} = {number(slope_b)}"
    if not settings.train_bias:
        yield "  (b is held, so this one is not used)"
    yield ""
    yield f"The step of {settings.optimizer.title} at learning rate {number(state.learning_rate)}:"
    yield from (f"  {line}" for line in _steps(frame))


def _seen(frame: Frame) -> Iterator[str]:
    """Of which rows the numbers are, where they are not of all."""
    if frame.batch is not None and frame.batch.columns is not None and frame.data is not None:
        n, rows = len(frame.batch.columns), frame.data.rows
        yield f"This step sees {n:,} of {rows:,} rows, in epoch {frame.epoch}: all below is of these alone."


def _landscape_derivation(frame: Frame) -> Iterator[str]:
    """The loss and its derivatives where there are no rows to add up, or another loss of them."""
    state, landscape, settings = frame.state, frame.batch or frame.landscape, frame.settings
    steps = f"{state.iteration:,} step{'s' * (state.iteration != 1)}"
    both = landscape.has_bias
    where = f"w = {number(state.w)}" + f", b = {number(state.b)}" * both
    yield f"{landscape.title}: L({'w, b' if both else 'w'}) = {landscape.formula}"
    yield f"You stand at {where}, after {steps}."
    yield from _seen(frame)
    yield ""
    yield f"  L     = {number(state.loss)}"
    for name, slope in list(zip("wb", state.gradient, strict=True))[: 1 + both]:
        yield f"  dL/d{name} = {number(slope)}"
    ww, wb, bb = (float(value) for value in landscape.hessian(state.w, state.b))
    yield (
        f"The slope itself changes: d2L/dw2 = {number(ww)}"
        + f", d2L/dwdb = {number(wb)}, d2L/db2 = {number(bb)}" * both
    )
    yield ""
    yield f"The step of {settings.optimizer.title} at learning rate {number(state.learning_rate)}:"
    yield from (f"  {line}" for line in _steps(frame))


def _steps(frame: Frame) -> Iterator[str]:
    state, settings = frame.state, frame.settings
    if isinstance(settings.optimizer, Nudge):
        yield f"tries w + lr, w - lr and, where b is trained, b + lr, b - lr: {_nudge(frame)}"
        return
    for index, name in enumerate("wb" if settings.train_bias else "w"):
        memory, gradient = state.memory[index], state.gradient[index]
        yield from (f"{line}" for line in _memory_update(settings.optimizer, gradient, memory))
        step, _ = settings.optimizer.step(gradient, memory, state.learning_rate)
        formula = step_formula(settings.optimizer, state.learning_rate, gradient, memory)
        value: float = state.b if index else state.w
        yield f"{name} <- {name} - {formula} = {number(value)} - {number(step)} = {number(value - step)}"


def _memory_update(optimizer: Optimizer, gradient: float, memory: Memory) -> Iterator[str]:
    """Yield how the memory of the optimizer is updated with the gradient."""
    g, (_, after) = number(gradient), optimizer.step(gradient, memory, 1.0)
    match optimizer:
        case Momentum(momentum) | Nesterov(momentum):
            yield f"v <- momentum * v + g = {momentum:g} * {number(memory.velocity)} + {g} = {number(after.velocity)}"
        case AdaGrad():
            yield f"q <- q + g^2 = {number(memory.square_sum)} + ({g})^2 = {number(after.square_sum)}"
        case RMSprop(decay):
            yield (
                f"q <- decay * q + (1 - decay) * g^2 = {decay:g} * {number(memory.mean_square)} + "
                f"{1 - decay:g} * ({g})^2 = {number(after.mean_square)}"
            )
        case Adam(beta1, beta2):
            yield (
                f"m <- beta1 * m + (1 - beta1) * g = {beta1:g} * {number(memory.mean)} + {1 - beta1:g} * {g} = "
                f"{number(after.mean)}"
            )
            yield (
                f"q <- beta2 * q + (1 - beta2) * g^2 = {beta2:g} * {number(memory.mean_square)} + "
                f"{1 - beta2:g} * ({g})^2 = {number(after.mean_square)}"
            )
            yield (
                f"both over 1 - beta^t, t = {after.steps}: {number(after.mean / (1 - beta1**after.steps))} and "
                f"{number(after.mean_square / (1 - beta2**after.steps))}"
            )
