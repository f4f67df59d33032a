"""The fence around Textual's private parts, and its one switch.

All that gdlab does with parts that Textual does not promise to keep stands in this folder, and asks here first. Where
the version of Textual is none that was tried, a part is missing, or `GDLAB_TEXTUAL=public` is set, everything goes by
the public interface alone: the same screens, more bytes a key, and a fault ends the app as Textual has it.
"""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path

import textual

TRIED = ("8.2.8",)
"""The versions of Textual whose inside is known. A newer one is added when all tests pass with it."""
VARIABLE = "GDLAB_TEXTUAL"
"""The environment variable that closes the fence: `public`. With `inside` a version that was not tried is tried."""
APP = ("_batch_count", "_build_driver", "_display", "_fatal_error", "_handle_exception", "_sync_available")
SCREEN = ("_invoke_and_clear_callbacks", "_on_timer_update")
WIDGET = ("_get_box_model", "_set_dirty", "render_lines")
PUMP = ("_close_messages_no_wait", "_dispatch_message", "_flush_next_callbacks")
"""The parts that are used of each class."""


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
    """Whether the version of Textual that is here was tried.

    The name of a folder beside Textual tells it. Where it does not, importlib.metadata is asked, whose import costs a
    start ten milliseconds: it brings a parser for mail.
    """
    installed = Path(textual.__file__).parent.parent
    if any((installed / f"textual-{one}.dist-info").is_dir() for one in TRIED):
        return True
    from importlib.metadata import version  # noqa: PLC0415

    return version("textual") in TRIED


_INSTANCE = ("_batch_count", "_sync_available")
"""Those that only an instance has."""
