"""A served gdlab for the tests: its server as a process, and a visitor who speaks as a browser does, with a screen."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyte
from aiohttp import ClientSession, CookieJar, WSMsgType

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from aiohttp import ClientWebSocketResponse
    from typing_extensions import Self

GDLAB = str(Path(sys.executable).parent / "gdlab")
LIMIT = 60.0
"""Seconds after which something that should have happened has not."""
_KITTY = re.compile(r"\x1b\[[<>=?][\d;]*u|\x1b\[\?[\d;]*\$p")


@contextmanager
def served(*words: str | Path) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """The address of a server, and its process."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("COV_", "GDLAB_"))}
    process = subprocess.Popen(
        [GDLAB, "serve", "--port", "0", *map(str, words)], stderr=subprocess.PIPE, text=True, env=environment
    )
    try:
        assert process.stderr is not None
        line = process.stderr.readline()
        found = re.search(r"http://\S+", line)
        assert found, line
        yield found[0], process
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(LIMIT)
        finally:
            process.kill()
            if process.stderr:
                process.stderr.close()


class Visitor:
    """A browser without a picture: it has cookies, a connection and a screen."""

    def __init__(self, address: str, size: tuple[int, int] = (100, 30)) -> None:
        self.address = address
        self.size = size
        self.session = ClientSession(cookie_jar=CookieJar(unsafe=True))
        self.socket: ClientWebSocketResponse | None = None
        self.sent = ""
        self._reset()

    def _reset(self) -> None:
        self.screen = pyte.Screen(*self.size)
        self._stream = pyte.Stream(self.screen)

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.leave()
        await self.session.close()

    async def open(self) -> None:
        """Open the page and what is behind it."""
        async with self.session.get(self.address) as page:
            assert page.status == 200
        width, height = self.size
        self._reset()
        self.socket = await self.session.ws_connect(f"{self.address}/ws?width={width}&height={height}")

    async def leave(self) -> None:
        """Close the page."""
        if self.socket is not None:
            await self.socket.close()

    async def say(self, kind: str, content: Any = None) -> None:
        assert self.socket is not None
        await self.socket.send_json([kind, content])

    async def press(self, keys: str) -> None:
        await self.say("stdin", keys)

    async def resize(self, width: int, height: int) -> None:
        self.size = (width, height)
        self.screen.resize(height, width)
        await self.say("resize", {"width": width, "height": height})

    @property
    def text(self) -> str:
        return "\n".join(self.screen.display)

    async def until(self, true: Callable[[str], bool]) -> str:
        """Look until the screen is so."""
        assert self.socket is not None
        loop = asyncio.get_running_loop()
        end = loop.time() + LIMIT
        while not true(self.text):
            try:
                message = await self.socket.receive(max(end - loop.time(), 0.001))
            except (TimeoutError, asyncio.TimeoutError):
                raise AssertionError(f"it never came to that:\n{self.text}") from None
            assert message.type is WSMsgType.BINARY, f"{message}\n{self.text}"
            data = message.data.decode()
            self.sent += data
            self._stream.feed(_KITTY.sub("", data))
        return self.text

    async def shows(self, words: str) -> str:
        """Look until the words are on the screen."""
        return await self.until(lambda text: words in text)

    async def closed(self) -> int | None:
        """Look until the connection is closed; why."""
        assert self.socket is not None
        while (message := await self.socket.receive(LIMIT)).type is WSMsgType.BINARY:
            self.sent += message.data.decode()
        return self.socket.close_code


def children_of(pid: int) -> list[int]:
    """The processes that a process has started and that still run."""
    listed = subprocess.run(["ps", "-o", "pid=,stat=", "--ppid", str(pid)], capture_output=True, text=True, check=False)
    rows = [line.split() for line in listed.stdout.splitlines()]
    return [int(pid) for pid, state in rows if not state.startswith("Z")]
