"""The pictures of the README: made from the app by a script, and readable without the fonts of a terminal."""

from __future__ import annotations

import re
import runpy
from pathlib import Path
from xml.etree import ElementTree

import pytest

ROOT = Path(__file__).parent.parent
SVG = "{http://www.w3.org/2000/svg}"
NAMES = ("curve", "map", "surface", "race", "rates", "terrain")
SAID = {
    "curve": "slice at b|b held",
    "map": "condition number",
    "surface": "degrees around",
    "race": "Nesterov momentum",
    "rates": "learning rate",
    "terrain": "himmelblau",
}


def words(picture: ElementTree.Element) -> str:
    return " ".join(text.text or "" for text in picture.iter(f"{SVG}text"))


@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize("name", NAMES)
def test_a_picture_shows_what_it_is_called(name: str, theme: str) -> None:
    path = ROOT / "docs" / f"{name}-{theme}.svg"
    picture = ElementTree.parse(path).getroot()
    assert re.search(SAID[name], words(picture))
    assert not re.search("[\u2800-\u28ff]", words(picture)), "dots are drawn, not written"
    dots = [path.get("d", "") for path in picture.iter(f"{SVG}path") if "h.01" in path.get("d", "")]
    assert sum(drawn.count("M") for drawn in dots) > 100
    assert path.stat().st_size < 100_000
    assert f"docs/{name}-{theme}.svg" in (ROOT / "README.md").read_text(encoding="utf-8")


async def test_the_script_draws_the_app_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLORTERM", "truecolor")
    script = runpy.run_path(str(ROOT / "docs" / "picture.py"))
    drawn = ElementTree.fromstring(await script["picture"]("surface", "gdlab-light"))
    assert "degrees around" in words(drawn)
    assert "Step 4 of 100" in words(drawn)
    ground = drawn.find(f"{SVG}rect")
    assert ground is not None
    assert ground.get("fill") == "#fbfaf7"


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_the_recording_shows_a_run_that_diverges_and_is_saved_and_ends_where_nothing_may_move(theme: str) -> None:
    path = ROOT / "docs" / f"recording-{theme}.svg"
    text = path.read_text(encoding="utf-8")
    recording = ElementTree.fromstring(text)
    said = words(recording)
    assert "overshot:" in said
    assert "Press h:" in said
    assert "Back" in said
    assert "script" not in text
    assert "prefers-reduced-motion" in text
    last = {match[1] for match in re.finditer(r"[.]([\w-]+)[{]opacity:1;", text)}
    ends = {group.get("class") for group in recording.iter(f"{SVG}g") if group.get("class")}
    assert last < ends, "one frame is seen where nothing moves, the others are not"
    assert len(text) < 400_000
    assert f"docs/recording-{theme}.svg" in (ROOT / "README.md").read_text(encoding="utf-8")
