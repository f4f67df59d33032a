"""What the app writes into the folder that it was started in, when it is asked to export."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from tui.headless.export.command import write
from tui.laboratory.reach import VARIABLE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tui.laboratory.laboratory import Laboratory
    from tui.views.views import Views

FORMS = {
    "numpy": ("A script for NumPy", ".py"),
    "torch": ("A script for PyTorch", "-torch.py"),
    "notebook": ("A notebook", ".ipynb"),
    "csv": ("The states as CSV", ".csv"),
    "svg": ("This view as a picture", ".svg"),
    "text": ("This screen as text", ".txt"),
}
"""What each form is called, and how the name of its file ends."""


def save(laboratory: Laboratory, form: str, views: Views, lines: Sequence[str] | None, *, dark: bool) -> Path:
    """Write the current branch, or what is shown, into a new file in the current folder.

    Args:
        laboratory: what was done.
        form: one of FORMS.
        views: the views, as they are turned and fitted.
        lines: the rows of the screen; None where they cannot be had.
        dark: whether its background is dark.

    Returns:
        The file.

    Raises:
        ValueError: with a sentence, where that cannot be done.
    """
    if VARIABLE in os.environ:
        raise ValueError("Nothing can be written here: this gdlab is served to visitors")
    if form in ("numpy", "torch"):
        from tui.headless.export.script import script  # noqa: PLC0415

        made: str | bytes = script(laboratory, form)
    elif form == "notebook":
        from tui.headless.export.notebook import notebook  # noqa: PLC0415

        made = notebook(laboratory)
    elif form == "csv":
        from tui.headless.export.table import table  # noqa: PLC0415

        made = table(laboratory, "csv")
    elif form == "text":
        made = text_from(lines)
    else:
        from tui.headless.export.picture import drawn  # noqa: PLC0415

        made = drawn(views.scene(laboratory.frame), views.current.name, theme="dark" if dark else "light")
    path = _new(laboratory.walk.branches.current.name, FORMS[form][1])
    write(path, made)
    return path


def text_from(lines: Sequence[str] | None) -> str:
    """The rows of a screen as one text.

    Raises:
        ValueError: if they cannot be had.
    """
    if lines is None:
        raise ValueError("With this version of Textual the text of the screen cannot be had")
    return "\n".join(lines) + "\n"


def _new(branch: str, ending: str) -> Path:
    """The path of a file that is not there yet, named after a branch."""
    plain = "".join(char if char.isascii() and char.isalnum() else "-" for char in branch)[:40].strip("-") or "run"
    number = 1
    while (path := Path.cwd() / f"gdlab-{plain}{f'-{number}' if number > 1 else ''}{ending}").exists():
        number += 1
    return path
