"""The explanation of a task that is done: its placeholders, filled with the learner's own numbers."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from gdcore.course.check import number
from gdcore.course.setup import theory

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gdcore.course.task import Question
    from gdcore.course.walks import Run

_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")

PLACEHOLDERS: Mapping[str, str] = {
    "w": "the weight when the goal was reached",
    "b": "the bias then",
    "loss": "the loss then",
    "gradient": "the length of the gradient then",
    "rate": "the learning rate of the step that led there",
    "step": "the iteration then",
    "steps": "how many steps the run has",
    "distance": "how far from the lowest minimum that is",
    "optimizer": "the optimizer of the last step",
    "start_w": "the weight at the start of the run",
    "start_b": "the bias there",
    "start_loss": "the loss there",
    "first_w": "the weight after the first step",
    "first_loss": "the loss after the first step",
    "longest": "the length of the longest step",
    "highest": "the largest loss of the run",
    "lowest": "the smallest loss there is",
    "minimum_w": "the weight of the lowest minimum",
    "minimum_b": "the bias of the lowest minimum",
    "critical": "the critical learning rate at the start",
    "best": "the best fixed learning rate there",
    "condition": "the condition number there",
    "answer": "what the learner answered",
    "actual": "the right answer",
}
"""The placeholders an explanation may contain, and what each stands for."""


def placeholders(text: str) -> list[str]:
    """The names of the placeholders of a text.

    >>> placeholders("w is {w} at {step}")
    ['w', 'step']
    """
    return _PLACEHOLDER.findall(text)


def filled(text: str, values: Mapping[str, object]) -> str:
    """Replace the placeholders of a text.

    >>> filled("w is {w} after {steps} steps", {"w": 1.5, "steps": 2000})
    'w is 1.5 after 2,000 steps'
    """
    return _PLACEHOLDER.sub(lambda found: _written(values.get(found[1], found[0])), text)


def _written(value: object) -> str:
    if isinstance(value, int):
        return f"{value:,}"
    return number(value) if isinstance(value, float) else str(value)


def learners_numbers(
    run: Run | None, iteration: int, question: Question | None, answer: float | str | None
) -> dict[str, object]:
    """Return the values of the placeholders, taken from the run that met the goal."""
    values: dict[str, object] = {}
    if question is not None:
        values["actual"] = question.actual
        values["answer"] = answer if answer is not None else "nothing"
    if run is None:
        return values
    iteration = min(iteration, run.steps)
    first = min(1, run.steps)
    values |= theory(run.landscape, run.settings, float(run.w[0]), float(run.b[0]))
    values |= {
        "w": float(run.w[iteration]),
        "b": float(run.b[iteration]),
        "loss": float(run.loss[iteration]),
        "gradient": float(run.gradient[iteration]),
        "rate": float(run.rates[max(iteration - 1, 0)]) if run.steps else run.settings.learning_rate,
        "step": iteration,
        "steps": run.steps,
        "distance": float(run.distance[iteration]),
        "optimizer": run.settings.optimizer.title,
        "start_w": float(run.w[0]),
        "start_b": float(run.b[0]),
        "start_loss": float(run.loss[0]),
        "first_w": float(run.w[first]),
        "first_loss": float(run.loss[first]),
        "longest": float(run.moves.max()) if run.steps else 0.0,
        "highest": float(run.loss.max()),
    }
    return values
