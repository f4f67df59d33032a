"""The server: a web page with a terminal, and for each visit a gdlab process that ends with it.

The page's script and its protocol are those of textual-serve: the browser sends JSON, `["stdin", text]` or `["resize",
{"width", "height"}]`; the app writes packets, one letter for the kind (D for what the terminal shows, M for JSON), four
bytes for the length, and as many bytes.
"""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import shutil
import signal
import sys
import tempfile
from contextlib import suppress
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aiohttp import WSCloseCode, WSMsgType, web

from tui.laboratory.reach import VARIABLE as ONLY
from tui.laboratory.saving import FOLDER_VARIABLE, SUFFIX
from tui.terminal.web import DRIVER, VARIABLE

if TYPE_CHECKING:
    from asyncio.subprocess import Process
    from collections.abc import Callable, Sequence

    from aiohttp.typedefs import Handler

COOKIE = "gdlab-visitor"
LOOPBACK = ("localhost", "127.0.0.1", "[::1]")
PAGE = Path(__file__).with_name("page.html")
HEADERS = {
    # No foreign content, no frames around the page, and no referrer.
    "Content-Security-Policy": "default-src 'none'; script-src 'self' 'unsafe-inline'; "
    "style-src 'self' 'unsafe-inline'; font-src 'self'; img-src 'self' data:; "
    "connect-src 'self' ws: wss:; frame-ancestors 'none'; base-uri 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}
MOST_MESSAGE = 1 << 16
"""Maximum size in bytes of a message from a browser; only pasted text is long."""
PATIENCE = 3.0
"""Seconds a process has to exit before it is killed."""
STATES = 500
"""Maximum number of visitors remembered; then the one away longest is forgotten."""
FULL = "gdlab is full: {} visitors are here. Try again when one has left.\r\n"
PREAMBLE = b"__GANGLION__\n"


@dataclass(eq=False)
class Visit:
    """A browser that is connected.

    Attributes:
        socket: the connection.
        heard: when it was last heard of, by the clock of the event loop.
        name: the visitor's; empty if it is unknown.
        process: its gdlab.
        over: set when that has saved its work and ended.
    """

    socket: web.WebSocketResponse
    heard: float
    name: str = ""
    process: Process | None = None
    over: asyncio.Event = field(default_factory=asyncio.Event)
    sending: asyncio.Lock = field(default_factory=asyncio.Lock)


class Server:
    """Serves gdlab.

    Attributes:
        visits: the browsers that are connected now.
    """

    def __init__(
        self, words: Sequence[str], only: str, *, visitors: int, idle: float, names: Sequence[str] = ()
    ) -> None:
        """What is served, and to how many.

        Args:
            words: what follows `gdlab` on the command line of each visitor's process.
            only: the folder or file that they may read; empty for none.
            visitors: so many at once.
            idle: seconds without a key after which a visit ends.
            names: host names by which the server may be called, besides the address that it listens to.
        """
        self.visits: set[Visit] = set()
        self._words, self._only, self._most, self._idle = list(words), only, visitors, idle
        self._names = set(names)
        self._states = Path(tempfile.mkdtemp(prefix="gdlab-serve-"))
        self._open_to_all = False

    def run(self, host: str, port: int, say: Callable[[str], object]) -> int:
        """Serve until SIGINT or SIGTERM; return the exit code.

        Raises:
            ValueError: if the address cannot be listened to.
        """
        try:
            asyncio.run(self._serve(host, port, say))
        finally:
            shutil.rmtree(self._states, ignore_errors=True)
        return 0

    async def _serve(self, host: str, port: int, say: Callable[[str], object]) -> None:
        over = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            with suppress(NotImplementedError):  # Windows
                loop.add_signal_handler(number, over.set)
        runner = web.AppRunner(self.app(loopback=host in LOOPBACK or host == "::1"), access_log=None)
        await runner.setup()
        try:
            try:
                await web.TCPSite(runner, host, port).start()
            except OSError as error:
                reason = (error.strerror or str(error)).lower()
                raise ValueError(f"{host}, port {port}, cannot be listened to: {reason}") from None
            address = runner.addresses[0]
            say(f"gdlab is served at http://{_shown(host)}:{address[1]} (ctrl+c ends it, and all visits with it)")
            await over.wait()
        finally:
            await self._end_all()
            await runner.cleanup()

    def app(self, *, loopback: bool = True) -> web.Application:
        """The web application.

        Args:
            loopback: whether it listens to this machine alone; then it answers to no other machine's name.
        """
        self._open_to_all = not loopback
        app = web.Application(middlewares=[self._guard])
        static = str(files("textual_serve") / "static")
        app.add_routes(
            [web.get("/", self._page), web.get("/ws", self._visit), web.static("/static", static, show_index=False)]
        )
        app.cleanup_ctx.append(self._watching)
        return app

    @web.middleware
    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Refuse requests forged by other pages: unknown host names and foreign origins."""
        host = request.host.rpartition(":")[0] if request.host.rpartition(":")[2].isdigit() else request.host
        if not self._open_to_all and host not in LOOPBACK and host not in self._names:
            raise web.HTTPForbidden(text="gdlab is served under another name (see gdlab serve --name)\n")
        origin = request.headers.get("Origin")
        if origin is not None and origin.partition("://")[2] != request.host:
            raise web.HTTPForbidden(text="another page may not speak with gdlab\n")
        response = await handler(request)
        if not response.prepared:
            response.headers.update(HEADERS)
        return response

    async def _page(self, request: web.Request) -> web.Response:
        secure = request.headers.get("X-Forwarded-Proto", request.scheme) == "https"
        size = request.query.get("fontsize", "")
        page = PAGE.read_text(encoding="utf-8").replace("SOCKET", f"{'wss' if secure else 'ws'}://{request.host}/ws")
        size = size if size.isdigit() and 6 <= int(size) <= 72 else "16"
        response = web.Response(text=page.replace("FONT", size), content_type="text/html")
        response.headers["Cache-Control"] = "no-store"
        if not self._known(request):
            response.set_cookie(COOKIE, secrets.token_urlsafe(16), httponly=True, samesite="Strict", secure=secure)
        return response

    def _known(self, request: web.Request) -> str:
        """Return the visitor's name if it is well formed."""
        name = request.cookies.get(COOKIE, "")
        return name if len(name) == 22 and name.replace("-", "").replace("_", "").isalnum() and name.isascii() else ""

    def _state_of(self, request: web.Request) -> Path:
        """The folder in which a visitor's sessions are."""
        folder = self._states / (self._known(request) or secrets.token_urlsafe(16))
        folder.mkdir(mode=0o700, exist_ok=True)
        os.utime(folder)
        others = sorted(self._states.iterdir(), key=lambda path: path.stat().st_mtime)
        for old in others[: max(len(others) - STATES, 0)]:
            shutil.rmtree(old, ignore_errors=True)
        return folder

    # Visits

    async def _visit(self, request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse(heartbeat=15, max_msg_size=MOST_MESSAGE)
        await socket.prepare(request)
        name = self._known(request)
        # Who reloads the page goes on where they stood: what they leave is saved first, and makes room.
        left = [visit.over.wait() for visit in self.visits if name and visit.name == name and visit.socket.closed]
        await asyncio.gather(*left)
        if len(self.visits) >= self._most:
            await socket.send_bytes(FULL.format(self._most).encode())
            await socket.close(code=WSCloseCode.TRY_AGAIN_LATER)
            return socket
        visit = Visit(socket, asyncio.get_running_loop().time(), name)
        self.visits.add(visit)
        try:
            size = (_whole(request.query.get("width"), 80), _whole(request.query.get("height"), 24))
            visit.process = await self._begin(self._state_of(request), size)
            shows = asyncio.create_task(_show(visit))
            await self._listen(visit)
            await _end(visit.process)
            await shows
        finally:
            if visit.process is not None:
                await _end(visit.process)
            self.visits.discard(visit)
            visit.over.set()
            await socket.close()
        return socket

    async def _begin(self, state: Path, size: tuple[int, int]) -> Process:
        """Start a gdlab process for the visitor, with their newest session."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("SSH_", "GDLAB_"))}
        environment |= {
            VARIABLE: DRIVER,
            ONLY: self._only,
            FOLDER_VARIABLE: str(state),
            "TMPDIR": str(state),
            "COLUMNS": str(size[0]),
            "ROWS": str(size[1]),
            "TEXTUAL_COLOR_SYSTEM": "truecolor",
            "COLORTERM": "truecolor",
            "TERM": "xterm-256color",
            "PYTHONIOENCODING": "utf-8",
        }
        begun = any(state.glob(f"*{SUFFIX}")) and self._words[:1] != ["learn"]  # a course resumes by itself
        words = ["--resume"] if begun else self._words
        folder = self._only if os.path.isdir(self._only) else str(state)  # noqa: PTH112
        return await asyncio.create_subprocess_exec(
            sys.executable,
            "-I",
            "-c",
            "from tui.cli import main; raise SystemExit(main())",
            *words,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            cwd=folder,
            env=environment,
            start_new_session=True,
        )

    async def _listen(self, visit: Visit) -> None:
        """Pass on what the browser sends, until the browser or the app leaves."""
        async for message in visit.socket:
            if message.type is not WSMsgType.TEXT:
                continue
            kind, content = _envelope(message.data)
            if kind == "stdin" and isinstance(content, str):
                visit.heard = asyncio.get_running_loop().time()
                sent = await _send(visit, b"D", content.encode("utf-8", "replace"))
            elif kind == "resize" and isinstance(content, dict):
                width, height = _whole(content.get("width"), 80), _whole(content.get("height"), 24)
                sent = await _send_meta(visit, {"type": "resize", "width": width, "height": height})
            elif kind in ("focus", "blur"):
                sent = await _send_meta(visit, {"type": kind})
            elif kind == "ping":
                await visit.socket.send_json(["pong", content])
                continue
            else:
                continue
            if not sent:
                return

    async def _watching(self, app: web.Application) -> Any:
        """End idle visits."""
        del app
        watch = asyncio.create_task(self._watch())
        yield
        watch.cancel()

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(min(self._idle / 4, 5.0))
            now = asyncio.get_running_loop().time()
            for visit in [visit for visit in self.visits if now - visit.heard > self._idle]:
                await visit.socket.close(code=WSCloseCode.GOING_AWAY)

    async def _end_all(self) -> None:
        """End every visit."""
        visits = list(self.visits)
        await asyncio.gather(*(visit.socket.close(code=WSCloseCode.GOING_AWAY) for visit in visits))
        await asyncio.gather(*(_end(visit.process) for visit in visits if visit.process is not None))


def _shown(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _whole(value: object, default: int) -> int:
    """Return a valid number of columns or rows from a browser's message."""
    try:
        return max(1, min(int(value), 1000))  # type: ignore[call-overload,no-any-return]
    except (TypeError, ValueError, OverflowError):
        return default


def _envelope(text: str) -> tuple[str, Any]:
    """Return the kind and content of a browser's message; empty if it is invalid."""
    try:
        kind, *content = json.loads(text)
    except (ValueError, TypeError, RecursionError):
        return "", None
    return (kind, content[0] if content else None) if isinstance(kind, str) else ("", None)


async def _send(visit: Visit, kind: bytes, payload: bytes) -> bool:
    """Send a packet to the app; return whether it is still running."""
    assert visit.process is not None
    assert visit.process.stdin is not None
    try:
        visit.process.stdin.write(kind + len(payload).to_bytes(4, "big") + payload)
        await visit.process.stdin.drain()
    except (ConnectionError, RuntimeError):
        return False
    return True


async def _send_meta(visit: Visit, content: dict[str, object]) -> bool:
    return await _send(visit, b"M", json.dumps(content).encode())


async def _show(visit: Visit) -> None:
    """Send what the app draws, until it ends; then close the connection."""
    assert visit.process is not None
    output = visit.process.stdout
    assert output is not None
    try:
        await output.readuntil(PREAMBLE)
        while True:
            kind = await output.readexactly(1)
            payload = await output.readexactly(int.from_bytes(await output.readexactly(4), "big"))
            if kind == b"D":
                await visit.socket.send_bytes(payload)
    except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, ConnectionError):
        pass
    finally:
        await visit.socket.close()


async def _end(process: Process) -> None:
    """Ask a process to quit as with `q`; kill it if it does not."""
    if process.returncode is not None:
        return
    assert process.stdin is not None
    process.stdin.close()
    for ending in (process.terminate, process.kill):
        try:
            await asyncio.wait_for(process.wait(), PATIENCE)
        except asyncio.TimeoutError:
            with suppress(ProcessLookupError):
                ending()
        else:
            return
    await process.wait()
