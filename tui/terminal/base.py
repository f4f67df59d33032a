"""The base class of the app, and two functions for a screen: from inside Textual, or from its public interface."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.terminal.fence import closed

if TYPE_CHECKING or not closed():
    from tui.terminal.inside import InsideApp as BaseApp
    from tui.terminal.inside import prepare, show_now, text_of
else:
    from tui.terminal.outside import OutsideApp as BaseApp
    from tui.terminal.outside import prepare, show_now, text_of

__all__ = ["BaseApp", "prepare", "show_now", "text_of"]
