"""gdlab in a browser: a driver that speaks with the server through pipes instead of a terminal."""

from __future__ import annotations

import asyncio
import os

from textual import messages
from textual.drivers.web_driver import WebDriver

VARIABLE, DRIVER = "TEXTUAL_DRIVER", "textual.drivers.web_driver:WebDriver"
"""The environment variable that a server sets for the apps it starts, and its value."""


def in_browser() -> bool:
    """Whether this process was started by a server for a visitor."""
    return os.environ.get(VARIABLE) == DRIVER


class BrowserDriver(WebDriver):
    """Textual's own driver, which also exits when the server is gone."""

    def start_application_mode(self) -> None:
        """Begin, and remember the loop of the app."""
        self._loop = asyncio.get_running_loop()
        super().start_application_mode()

    def run_input_thread(self) -> None:
        """Read input until the pipe ends; then exit, as the visitor is gone."""
        super().run_input_thread()
        if not self.exit_event.is_set():
            asyncio.run_coroutine_threadsafe(self._app._post_message(messages.ExitApp()), self._loop)
