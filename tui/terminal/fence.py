"""The switch for the use of Textual's private parts.

All code that uses private parts of Textual is in this folder, and asks here first. If the version of Textual was not
tested, a part is missing, or `GDLAB_TEXTUAL=public` is set, only the public interface is used: the screens are the
same, a key sends more bytes, and a fault ends the app as in plain Textual.
"""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path

import textual

TRIED = ("8.2.8",)
"""The versions of Textual with which the private parts were tested. Add a newer one when all tests pass with it."""
VARIABLE = "GDLAB_TEXTUAL"
"""Name of the environment variable: `public` uses only the public interface, `inside` skips the version check."""
APP = ("_batch_count", "_build_driver", "_display", "_fatal_error", "_handle_exception", "_sync_available")
SCREEN = ("_invoke_and_clear_callbacks", "_on_timer_update")
WIDGET = ("_get_box_model", "_set_dirty", "render_lines")
PUMP = ("_close_messages_no_wait", "_dispatch_message", "_flush_next_callbacks")
"""The private parts used of each class."""


@lru_cache(maxsize=1)
def closed() -> bool:
    """Whether only the public interface is used."""
    wish = os.environ.get(VARIABLE, "")
    if wish == "public" or (wish != "inside" and not _tried()):
        return True
    from textual.app import App  # noqa: PLC0415 (where the fence is closed by wish nothing is looked at)
    from textual.message_pump import MessagePump  # noqa: PLC0415
    from textual.screen import Screen  # noqa: PLC0415
    from textual.widget import Widget  # noqa: PLC0415

    parts = ((App, APP), (Screen, SCREEN), (Widget, WIDGET), (MessagePump, PUMP))
    return not all(hasattr(kind, name) for kind, names in parts for name in names if name not in _INSTANCE)


def _tried() -> bool:
    """Whether the installed version of Textual was tested.

    The name of a folder beside Textual tells the version. Otherwise importlib.metadata is asked, whose import takes ten
    milliseconds: it brings a parser for mail.
    """
    installed = Path(textual.__file__).parent.parent
    if any((installed / f"textual-{one}.dist-info").is_dir() for one in TRIED):
        return True
    from importlib.metadata import version  # noqa: PLC0415

    return version("textual") in TRIED


_INSTANCE = ("_batch_count", "_sync_available")
"""The parts that only instances have."""
