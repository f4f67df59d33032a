"""gdlab through SSH itself: an OpenSSH server on this machine, for this test alone."""

from __future__ import annotations

import getpass
import os
import socket
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.terminal import GDLAB, LIMIT, Terminal, environment_of, needed

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def ssh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[str]]:
    """The command that logs in to a server of our own."""
    sshd, client, keygen = needed("sshd"), needed("ssh"), needed("ssh-keygen")
    folder = tmp_path_factory.mktemp("ssh")
    folder.chmod(0o700)
    for name in ("host", "user"):
        subprocess.run([keygen, "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name)], check=True)
    (folder / "authorized").write_text((folder / "user.pub").read_text())
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    (folder / "config").write_text(
        f"ListenAddress 127.0.0.1\nPort {port}\nHostKey {folder}/host\nAuthorizedKeysFile {folder}/authorized\n"
        "StrictModes no\nUsePAM no\nPasswordAuthentication no\nPidFile none\nPermitRootLogin prohibit-password\n"
    )
    if os.getuid() == 0:
        Path("/run/sshd").mkdir(exist_ok=True)  # sshd of Debian will not start as root without it
    log = (folder / "log").open("wb")
    server = subprocess.Popen([sshd, "-D", "-e", "-f", str(folder / "config")], stderr=log, stdout=log)
    try:
        _wait_for(port, server, folder / "log")
        yield [
            *(client, "-tt", "-F", "none", "-p", str(port), "-i", str(folder / "user"), "-l", getpass.getuser()),
            *("-o", "StrictHostKeyChecking=no", "-o", f"UserKnownHostsFile={folder}/known", "-o", "LogLevel=ERROR"),
            *("-o", "BatchMode=yes", "127.0.0.1"),
        ]
    finally:
        server.terminate()
        server.wait(5)
        log.close()


def _wait_for(port: int, server: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + LIMIT
    while time.monotonic() < end:
        if server.poll() is not None:
            pytest.skip(f"sshd does not start here: {log.read_text().strip()[-200:]}")
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    raise AssertionError("sshd does not listen")


def remote(folder: Path, options: str = "-n 100000") -> str:
    """The command at the far end: gdlab, which leaves its process id and its exit code in a folder."""
    path = environment_of({}).get("PYTHONPATH", "")
    return (
        f"export LC_ALL=C.UTF-8 XDG_STATE_HOME={folder} PYTHONPATH={path}; cd {folder}; trap '' HUP; "
        f"sh -c 'trap - HUP; echo $$ >pid; exec {GDLAB} {options}'; echo $? >code"
    )


def test_steps_and_quits(ssh: list[str], tmp_path: Path) -> None:
    with Terminal([*ssh, remote(tmp_path)]) as terminal:
        terminal.see("Step 0 of 100,000")
        terminal.press("n", "n")
        terminal.see("Step 2 of 100,000")
        terminal.press("q")
        assert terminal.finish() == 0
        assert (tmp_path / "code").read_text() == "0\n"
        terminal.left_as_it_was()


@pytest.mark.parametrize("running", [False, True])
def test_the_connection_drops_and_the_run_goes_on_where_it_stood(ssh: list[str], tmp_path: Path, running: bool) -> None:
    with Terminal([*ssh, remote(tmp_path)]) as terminal:
        terminal.see("Step 0 of 100,000")
        terminal.press("n", "n", "]", "n")
        terminal.see("Step 3 of 100,000")
        if running:
            terminal.press("space")
            terminal.wait(lambda: terminal.iteration > 6, "a run")
        seen = terminal.iteration
        terminal.process.kill()
        end = time.monotonic() + 5
        while not (tmp_path / "code").exists() or not (tmp_path / "code").read_text():
            assert time.monotonic() < end, "gdlab is still there at the far end"
            time.sleep(0.02)
        assert (tmp_path / "code").read_text() == "129\n"
        with pytest.raises(ProcessLookupError):
            os.kill(int((tmp_path / "pid").read_text()), 0)

    with Terminal([*ssh, remote(tmp_path, "--resume")]) as terminal:
        terminal.wait(lambda: terminal.iteration >= 0, "the run again")
        reached = terminal.iteration
        assert reached >= seen if running else reached == 3
        terminal.see("Rate    0.0011")
        terminal.press("B")
        terminal.see(f"Step {max(reached - 10, 0)} of 100,000")
        terminal.press("q")
        assert terminal.finish() == 0
        assert (tmp_path / "code").read_text() == "0\n"
