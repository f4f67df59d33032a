"""Chromium for the tests: it opens pages, types, and tells what its terminals were sent."""

from __future__ import annotations

import json
import re
import shutil
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pyte
from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.support.wait import WebDriverWait

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

LIMIT = 60.0
_UNKNOWN = re.compile(r"\x1b\[[<>=?][\d;]*u|\x1b\[\?[\d;]*\$p")
_LISTEN = """
(() => {
  const Native = window.WebSocket;
  window.gdlab = { shown: [], said: [], drawn: [], keys: [], closed: false };
  const decoder = new TextDecoder();
  window.WebSocket = class extends Native {
    constructor(...words) {
      super(...words);
      this.addEventListener("message", async (event) => {
        const at = performance.now();
        if (typeof event.data === "string") return;
        const bytes = event.data instanceof Blob ? await event.data.arrayBuffer() : event.data;
        window.gdlab.shown.push(decoder.decode(bytes));
        // Two frames on, what has come is on the screen.
        requestAnimationFrame(() => requestAnimationFrame(() => window.gdlab.drawn.push([at, performance.now()])));
      });
      this.addEventListener("close", () => { window.gdlab.closed = true; });
    }
    send(text) { window.gdlab.said.push(text); super.send(text); }
  };
  window.addEventListener("keydown", () => window.gdlab.keys.push(performance.now()), true);
})();
"""


class Browser:
    """A Chromium without a window."""

    def __init__(self) -> None:
        options = Options()
        options.binary_location = shutil.which("chromium") or ""
        for word in ("headless=new", "no-sandbox", "disable-gpu", "disable-dev-shm-usage", "window-size=1100,700"):
            options.add_argument(f"--{word}")
        options.set_capability("goog:loggingPrefs", {"performance": "ALL", "browser": "ALL"})
        self.driver: Any = webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver")))
        self._listen()

    def _listen(self) -> None:
        self.driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": _LISTEN})

    def open(self, address: str) -> None:
        self.driver.get(address)

    def another(self, address: str) -> str:
        """Open a page in another tab; its handle."""
        self.driver.switch_to.new_window("tab")
        self._listen()
        self.driver.get(address)
        return str(self.driver.current_window_handle)

    def press(self, keys: str) -> None:
        ActionChains(self.driver).send_keys(keys).perform()

    def told(self, what: str) -> Any:
        """What the page has seen of its connection."""
        return self.driver.execute_script(f"return window.gdlab.{what}")

    @property
    def size(self) -> tuple[int, int]:
        """Columns and rows that the page has asked for last."""
        asked = [json.loads(text) for text in self.told("said")]
        sizes = [rest[0] for kind, *rest in asked if kind == "resize"]
        assert sizes, "the page has not said how large it is"
        return sizes[-1]["width"], sizes[-1]["height"]

    @property
    def text(self) -> str:
        """What its terminal shows, as another terminal would show it."""
        width, height = self.size
        screen = pyte.Screen(width, height)
        pyte.Stream(screen).feed(_UNKNOWN.sub("", "".join(self.told("shown"))))
        return "\n".join(screen.display)

    def until(self, true: Callable[[], bool]) -> None:
        WebDriverWait(self.driver, LIMIT, poll_frequency=0.02).until(lambda _: true())

    def shows(self, words: str) -> str:
        """Look until the words are on the screen."""
        try:
            self.until(lambda: bool(self.told("said")) and words in self._text_or_nothing())
        except Exception:
            raise AssertionError(f"{words} is not on\n{self._text_or_nothing()}") from None
        return self.text

    def _text_or_nothing(self) -> str:
        try:
            return self.text
        except AssertionError:
            return ""

    def addresses(self) -> set[str]:
        """All that was asked of the network since this was last asked for."""
        found = set()
        for entry in self.driver.get_log("performance"):
            message = json.loads(entry["message"])["message"]
            if message["method"] == "Network.requestWillBeSent":
                found.add(message["params"]["request"]["url"])
            elif message["method"] == "Network.webSocketCreated":
                found.add(message["params"]["url"])
        return found


@contextmanager
def browser() -> Iterator[Browser]:
    """A browser that ends."""
    found = Browser()
    try:
        yield found
    finally:
        found.driver.quit()


def milliseconds(values: list[float]) -> str:
    """The middle one and the longest."""
    ordered = sorted(values)
    return f"{ordered[len(ordered) // 2]:.0f} ms, at most {ordered[-1]:.0f} ms"


now = time.perf_counter
