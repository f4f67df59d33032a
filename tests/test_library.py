"""The page about the library is correct, and the reference can be built."""

from __future__ import annotations

import doctest
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.mark.parametrize("page", sorted(path.name for path in (ROOT / "docs").glob("*.md")))
def test_every_example_of_a_page_runs(page: str) -> None:
    flags = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS
    failed, tried = doctest.testfile(str(ROOT / "docs" / page), module_relative=False, optionflags=flags)
    assert failed == 0
    assert tried > 20 or page != "library.md"


def test_the_reference_can_be_made(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "pdoc", "-o", str(tmp_path), "gdcore"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert (tmp_path / "gdcore" / "descent" / "timeline.html").is_file()
