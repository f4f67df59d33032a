from __future__ import annotations

import os
import signal
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from gdcore.landscapes.bowl import MeanSquaredError
from tests.problems import pizza_rows

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session", autouse=True)
def _state_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Sessions of the tests are saved in a folder of their own, not among those of the person who runs them."""
    os.environ["GDLAB_STATE_DIR"] = str(tmp_path_factory.mktemp("state"))
    yield
    del os.environ["GDLAB_STATE_DIR"]


def pytest_xdist_auto_num_workers() -> int:
    """One worker more than there are processors: where a terminal is tested, much of the time goes in waiting."""
    return (os.cpu_count() or 1) + 1


def pytest_configure() -> None:
    """Hand down signals as a person's shell does: a background job, and many a CI, begins with some of them ignored."""
    for name in ("SIGINT", "SIGQUIT", "SIGHUP", "SIGTERM", "SIGTSTP"):
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, signal.default_int_handler if name == "SIGINT" else signal.SIG_DFL)


@pytest.fixture(autouse=True)
def _nothing_left_behind() -> Iterator[None]:
    """A test that leaves a process behind fails; what was left is ended, so that nobody waits for it."""
    before = _children()
    yield
    left = {process: words for process, words in _children().items() if process not in before}
    for process in left:
        with suppress(OSError):
            os.kill(process, signal.SIGKILL)
            os.waitpid(process, 0)
    assert not left, f"left behind: {left}"


def _children() -> dict[int, str]:
    """The processes that this one has begun and that still run, where the system tells."""
    found = {}
    for task in Path("/proc/self/task").glob("*"):
        with suppress(OSError):
            for number in (task / "children").read_text().split():
                stat = Path(f"/proc/{number}/stat").read_text()
                if not stat.rpartition(")")[2].startswith(" Z"):
                    found[int(number)] = Path(f"/proc/{number}/cmdline").read_text().replace("\0", " ")
    return found


@pytest.fixture(scope="session")
def pizza() -> MeanSquaredError:
    """The loss of the lesson's data."""
    return MeanSquaredError.of(*pizza_rows())
