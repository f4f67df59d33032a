"""The script of the current branch, for NumPy or for PyTorch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.headless.export.ground import Ground
from tui.headless.export.numpy_script import numpy_script
from tui.headless.export.plan import Plan
from tui.headless.export.torch_script import torch_script

if TYPE_CHECKING:
    from tui.laboratory.laboratory import Laboratory

SCRIPTS = {"numpy": numpy_script, "torch": torch_script}
"""What writes a script, by the library that it needs."""


def script(laboratory: Laboratory, library: str) -> str:
    """A script that walks the current branch again up to its tip, and prints its log.

    Args:
        laboratory: what was done.
        library: one of SCRIPTS.

    Raises:
        ValueError: if there is no code for what was walked on, or for an optimizer.
    """
    return "\n".join(SCRIPTS[library](Plan.of(laboratory.walk.branches.current), ground_of(laboratory))) + "\n"


def ground_of(laboratory: Laboratory) -> Ground:
    """What the current branch walks on.

    Raises:
        ValueError: if it is rows of which only a sample is here.
    """
    from gdcore.landscapes.landscape import Landscape  # noqa: PLC0415

    own = laboratory.ground
    data = None if isinstance(own.source, Landscape) else own.source
    if data is not None:
        data.need_rows("a script that walks again")
    return Ground(laboratory.walk.timeline.landscape, data, own.scale)
