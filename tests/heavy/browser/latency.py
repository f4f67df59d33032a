"""How long it takes from a key to the picture, in Chromium on this machine: `python -m tests.heavy.browser.latency`."""

from __future__ import annotations

from tests.heavy.browser.browser import Browser, browser, milliseconds, now
from tests.served import served

KEYS = 30


def measure(chromium: Browser) -> list[float]:
    """Milliseconds from each of some keys to the frame in which what it did is on the screen."""
    found = []
    for _ in range(KEYS):
        before = len(chromium.told("drawn"))
        chromium.press("n")
        chromium.until(lambda before=before: len(chromium.told("drawn")) > before)  # type: ignore[misc]
        found.append(chromium.told("drawn")[before][1] - chromium.told("keys")[-1])
    return found


def report() -> None:
    with served("--visitors", "20") as (address, _), browser() as chromium:
        begun = now()
        chromium.open(address)
        chromium.shows("Step 0 of 100")
        print(f"from the address to the first screen: {1000 * (now() - begun):.0f} ms")
        print(f"a key, one visitor: {milliseconds(measure(chromium))}")
        first = chromium.driver.current_window_handle
        begun = now()
        for _ in range(19):
            chromium.another(address)
        for handle in chromium.driver.window_handles:
            chromium.driver.switch_to.window(handle)
            chromium.shows("of 100")
        print(f"nineteen more visitors: {now() - begun:.1f} s")
        chromium.driver.switch_to.window(first)
        print(f"a key, twenty visitors: {milliseconds(measure(chromium))}")


if __name__ == "__main__":
    report()
