"""gdlab served to visitors: each has a process that can read only served files and ends with the visit."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from aiohttp import ClientSession, WSServerHandshakeError

from gdcore.rows.dataset import shipped
from tests.served import LIMIT, Visitor, children_of, served
from tui.cli import main
from tui.laboratory.reach import check
from tui.serve.command import MISSING, reach_of
from tui.serve.server import FULL

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="processes are looked at as Linux and macOS have them")
ROWS = "x,y\n1,2\n2,5\n3,4\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder that is served, with a file in it and links out of it, beside a secret."""
    (tmp_path / "secret.csv").write_text("secret,other\n1,2\n2,5\n3,4\n")
    folder = tmp_path / "lesson"
    folder.mkdir()
    (folder / "own.csv").write_text(ROWS)
    (folder / "out.csv").symlink_to(tmp_path / "secret.csv")
    (folder / "up").symlink_to(tmp_path)
    return folder


async def gone(process: subprocess.Popen[str], count: int = 0) -> None:
    """Wait until a server has so many children."""
    while len(children_of(process.pid)) != count:
        await asyncio.sleep(0)


# What may be read


def test_without_a_server_every_file_is_open(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GDLAB_ONLY", raising=False)
    check("/etc/passwd")


@pytest.mark.parametrize(
    "name",
    [
        "../secret.csv",
        "out.csv",
        "up/secret.csv",
        "/etc/passwd",
        "/",
        "own.csv/../../s",
        "~/secret.csv",
        "*/secret.csv",
        "o?t.csv",
        "[o]ut.csv",
        "*.csv",
        ".",
        "postgresql://localhost/shop",
        "sc://localhost",
    ],
)
def test_what_is_outside_of_the_folder_is_refused(name: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    monkeypatch.setenv("GDLAB_ONLY", str(folder))
    with pytest.raises(ValueError, match="only the data sets that ship"):
        check(name)
    check("own.csv")
    check(folder / "own.csv")
    check(folder, folder=True)
    for ships in shipped():
        check(ships)


def test_a_served_file_is_the_only_one(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GDLAB_ONLY", str(folder / "own.csv"))
    check(folder / "own.csv")
    with pytest.raises(ValueError, match="only the data sets"):
        check(folder / "out.csv")


@pytest.mark.parametrize(
    ("code", "refused"),
    [
        ("open('own.csv').read()", False),
        ("open('../secret.csv')", True),
        ("open('out.csv')", True),
        ("__import__('numpy').loadtxt('up/secret.csv', delimiter=',', skiprows=1)", True),
        ("__import__('os').listdir('.')", False),
        ("__import__('os').listdir('..')", True),
        ("__import__('os').system('true')", True),
        ("__import__('subprocess').run(['true'])", True),
        ("__import__('wave')", False),
        ("open(__import__('os').devnull)", False),
        ("__import__('gdcore.rows.dataset').rows.dataset.load('pizza')", False),
        ("open('/etc/passwd')", True),
        ("open('own.csv', 'a')", True),
        ("open('new.csv', 'w')", True),
        ("open('../state/x', 'w').write('x')", False),
    ],
)
def test_the_interpreter_itself_refuses_other_files(code: str, refused: bool, folder: Path, tmp_path: Path) -> None:
    state = tmp_path / "state"
    state.mkdir()
    run = subprocess.run(
        [
            sys.executable,
            "-c",
            f"import pathlib, tui.laboratory.reach as r; r.fence(pathlib.Path({str(state)!r})); {code}",
        ],
        cwd=folder,
        env={**os.environ, "GDLAB_ONLY": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (run.returncode != 0) == refused, run.stderr
    assert ("PermissionError" in run.stderr) == refused


# The command


def test_what_is_served(folder: Path) -> None:
    assert reach_of(None) == ([], "")
    assert reach_of("cars") == (["cars"], "")
    assert reach_of(str(folder)) == ([], str(folder.resolve()))
    own = str((folder / "own.csv").resolve())
    assert reach_of(own) == ([own], own)
    lines = folder / "lines.jsonl"
    lines.write_text('{"x": 1, "y": 2}\n{"x": 2, "y": 5}\n{"x": 3, "y": 4}\n')
    assert reach_of(str(lines)) == ([str(lines)], str(lines))
    course = folder / "course.toml"
    course.write_bytes((Path(__file__).parent.parent / "data" / "course.toml").read_bytes())
    assert reach_of(str(course)) == (["learn", str(course.resolve())], str(course.resolve()))
    course.write_text("[[task]]\n")
    with pytest.raises(ValueError, match=r"course\.toml"):
        reach_of(str(course))
    with pytest.raises(ValueError, match="there is no file or folder"):
        reach_of(str(folder / "none"))


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--port", "99999"), "port must be a whole number from 0 to 65535, not 99999"),
        (("--port", "abc"), 'port must be a whole number from 0 to 65535, not "abc"'),
        (("--visitors", "0"), "visitors must be a whole number from 1 to 1000, not 0"),
        (("no/such",), "there is no file or folder"),
        (("--host", "192.0.2.1", "--port", "0"), "192.0.2.1, port 0, cannot be listened to"),
    ],
)
def test_a_mistake_is_a_sentence(
    words: tuple[str, ...], sentence: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["gdlab", "serve", *words])
    with pytest.raises(SystemExit) as stop:
        main()
    assert stop.value.code == 2
    assert sentence in capsys.readouterr().err


def test_without_the_extra_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("tui.serve.command.find_spec", lambda _: None)
    monkeypatch.setattr("sys.argv", ["gdlab", "serve"])
    with pytest.raises(SystemExit):
        main()
    assert capsys.readouterr().err == f"gdlab serve: {MISSING}\n"


# Visits


async def test_a_visit_from_its_beginning_to_its_end(folder: Path) -> None:
    with served(folder) as (address, process):
        async with Visitor(address) as visitor:
            await visitor.shows("Step 0 of 100")
            await visitor.press("nn")
            await visitor.shows("Step 2 of 100")
            await visitor.resize(120, 36)
            await visitor.until(lambda text: text.splitlines()[35].rstrip().endswith("Quit"))
            # The page is loaded again: it goes on where it stood.
            await visitor.leave()
            await gone(process)
            await visitor.open()
            await visitor.shows("Step 2 of 100")
            await visitor.press("q")
            await visitor.closed()
        await gone(process)


async def test_a_page_that_is_loaded_again_at_once_goes_on_where_it_stood() -> None:
    """It waits until the work before is saved, and that it left makes room for it."""
    with served("--visitors", "1") as (address, _):
        async with Visitor(address) as visitor:
            await visitor.shows("Step 0 of 100")
            for step in range(1, 4):
                await visitor.press("n")
                await visitor.shows(f"Step {step} of 100")
                await visitor.leave()
                await visitor.open()
                await visitor.shows(f"Step {step} of 100")


async def test_a_visitor_opens_what_is_served_and_nothing_else(folder: Path) -> None:
    with served(folder) as (address, _):
        async with Visitor(address) as visitor:
            await visitor.shows("Step 0 of 100")
            await visitor.press("o")
            await visitor.shows("right arrow completes a path")
            await visitor.press("./")
            text = await visitor.shows("own.csv")
            assert "secret" not in text
            await visitor.press("\x7f\x7f")
            await visitor.shows("right arrow completes a path")
            for name in ("../secret.csv", "out.csv", "up/secret.csv"):
                await visitor.press(name)
                await visitor.shows(f"│ {name} ")
                await visitor.press("\r")
                await visitor.shows("only the data sets that ship")
                await visitor.press("\x7f" * len(name))
                await visitor.shows("right arrow completes a path")
            assert "secret" not in visitor.sent.replace("secret.csv", "")
            await visitor.press("own.csv")
            await visitor.shows("│ own.csv ")
            await visitor.press("\r")
            await visitor.shows("own.csv  3 rows")


async def test_visitors_do_not_see_each_other() -> None:
    with served() as (address, process):
        async with Visitor(address) as one, Visitor(address) as other:
            await one.shows("Step 0 of 100")
            await one.press("nnn")
            await one.shows("Step 3 of 100")
            await other.shows("Step 0 of 100")
            await gone(process, 2)
            await other.leave()
            await gone(process, 1)
            await other.open()
            await other.shows("Step 0 of 100")


async def test_no_more_visitors_than_the_limit() -> None:
    with served("--visitors", "1") as (address, process):
        async with Visitor(address) as one:
            await one.shows("Step 0 of 100")
            async with Visitor(address) as other:
                assert await other.closed() == 1013
                assert other.sent == FULL.format(1)
            await one.leave()
            await gone(process)
        for left in reversed(range(100)):  # the process is gone a moment before its place is free
            try:
                async with Visitor(address) as third:
                    await third.shows("Step 0 of 100")
                break
            except AssertionError:
                if not left:
                    raise


async def test_an_idle_visit_ends() -> None:
    with served("--idle", "0.02") as (address, process):
        async with Visitor(address) as visitor:
            await visitor.closed()
            await gone(process)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
async def test_all_visits_end_with_the_server(number: int) -> None:
    with served() as (address, process):
        async with Visitor(address) as one, Visitor(address) as other:
            await one.shows("Step 0 of 100")
            await other.shows("Step 0 of 100")
            children = children_of(process.pid)
            assert len(children) == 2
            process.send_signal(number)
            process.wait(LIMIT)
            while any(map(_runs, children)):
                await asyncio.sleep(0)


def _runs(pid: int) -> bool:
    listed = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return bool(listed.stdout.strip()) and not listed.stdout.startswith("Z")


async def test_other_pages_and_other_names_are_refused() -> None:
    with served() as (address, _):
        async with ClientSession() as session:
            async with session.get(address, headers={"Host": "evil.example"}) as page:
                assert page.status == 403
            with pytest.raises(WSServerHandshakeError) as refused:
                await session.ws_connect(f"{address}/ws", headers={"Origin": "http://evil.example"})
            assert refused.value.status == 403
            async with session.get(address) as page:
                text = await page.text()
                assert "default-src 'none'" in page.headers["Content-Security-Policy"]
            assert "http" not in text.replace("https:", "http"), "nothing is loaded from elsewhere"
            for name in (
                "static/js/textual.js",
                "static/css/xterm.css",
                "static/fonts/RobotoMono-VariableFont_wght.ttf",
            ):
                assert name in text
                async with session.get(f"{address}/{name}") as found:
                    assert found.status == 200


@pytest.mark.parametrize("message", ["", "[]", "{}", "[1]", '["stdin", 5]', '["resize", {"width": "x"}]', "[" * 5000])
async def test_no_message_ends_the_server(message: str) -> None:
    with served() as (address, _):
        async with Visitor(address) as visitor:
            await visitor.shows("Step 0 of 100")
            assert visitor.socket is not None
            await visitor.socket.send_str(message)
            await visitor.press("n")
            await visitor.shows("Step 1 of 100")
