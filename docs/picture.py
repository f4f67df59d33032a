"""Makes the picture in the README from the real app: `python docs/picture.py`."""

from __future__ import annotations

import asyncio
from pathlib import Path

from gdcore.descent.steps import Limits, Settings
from gdcore.rows.dataset import load
from tui.laboratory.laboratory import Laboratory
from tui.screen.app import GradientDescentApp

PICTURE = Path(__file__).with_name("gdlab.svg")


async def picture() -> str:
    """An SVG of the app on pizza at 100x30, after three steps at three and a half times the default rate."""
    laboratory = Laboratory(load("pizza"), Settings(learning_rate=0.0035), Limits())
    app = GradientDescentApp(laboratory)
    async with app.run_test(size=(100, 30)) as pilot:
        await pilot.press("n", "n", "n")
        await pilot.pause()
        return app.export_screenshot(title="gdlab")


if __name__ == "__main__":
    PICTURE.write_text(asyncio.run(picture()), encoding="utf-8")
