"""Where a run stands: one point, everything measured at it, and what the optimizer remembers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from gdcore.landscapes.landscape import Value

Memory: TypeAlias = Any
"""The named tuple that the optimizer's `memory()` returns."""


class State(NamedTuple):
    """Where a run stands. All fields belong to the same point: loss and gradient are those at (w, b).

    With batches, loss and gradient are those of the batch that the next step sees.

    Attributes:
        iteration: how many steps led here from the start.
        w: weight.
        b: bias.
        loss: L(w, b).
        gradient: (dL/dw, dL/db) at (w, b), whether b is trained or not.
        learning_rate: the learning rate that the next step will take, as the schedule has it at this iteration.
        memory: what the optimizer remembers before the next step, for w and for b.
    """

    iteration: int
    w: Value
    b: Value
    loss: Value
    gradient: tuple[Value, Value]
    learning_rate: Value
    memory: tuple[Memory, Memory]
