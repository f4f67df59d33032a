"""gdlab in Chromium: it begins, takes keys, a new size, a reload and the back button, and many visitors at once."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from tests.heavy.browser.browser import Browser, browser
from tests.served import children_of, served

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with served() as (found, _):
        yield found


@pytest.fixture
def chromium() -> Iterator[Browser]:
    with browser() as found:
        yield found


def test_keys_do_what_they_do_in_a_terminal(chromium: Browser, address: str) -> None:
    chromium.open(address)
    text = chromium.shows("Step 0 of 100")
    assert "space Run" in text
    chromium.press("nnn")
    chromium.shows("Step 3 of 100")
    chromium.press("2")
    chromium.shows("condition number")
    chromium.press("?")
    chromium.shows("Help")


def test_all_comes_from_the_server(chromium: Browser, address: str) -> None:
    chromium.open(address)
    chromium.shows("Step 0 of 100")
    asked = {urlsplit(url) for url in chromium.addresses()} - {urlsplit("data:,")}
    assert {url.netloc for url in asked} == {urlsplit(address).netloc}
    paths = {url.path for url in asked}
    assert {"/", "/ws", "/static/js/textual.js", "/static/fonts/RobotoMono-VariableFont_wght.ttf"} <= paths
    assert [entry for entry in chromium.driver.get_log("browser") if entry["level"] == "SEVERE"] == []


def test_another_size(chromium: Browser, address: str) -> None:
    chromium.open(address)
    chromium.shows("Step 0 of 100")
    before = chromium.size
    chromium.driver.set_window_size(1500, 950)
    chromium.until(lambda: chromium.size[0] > before[0] and chromium.size[1] > before[1])
    rows = chromium.size[1]
    chromium.until(lambda: "Quit" in chromium.text.splitlines()[rows - 1])
    assert "Step 0 of 100" in chromium.text


def test_a_reload_and_the_back_button_go_on_where_it_stood(chromium: Browser, address: str) -> None:
    chromium.open(address)
    chromium.shows("Step 0 of 100")
    chromium.press("nn")
    chromium.shows("Step 2 of 100")
    chromium.driver.refresh()
    chromium.shows("Step 2 of 100")
    chromium.press("n")
    chromium.shows("Step 3 of 100")
    chromium.open("about:blank")
    chromium.driver.back()
    chromium.shows("Step 3 of 100")
    chromium.press("n")
    chromium.shows("Step 4 of 100")


def test_a_visit_that_was_ended_can_go_on(chromium: Browser, address: str) -> None:
    chromium.open(address)
    chromium.shows("Step 0 of 100")
    chromium.press("nq")
    chromium.until(lambda: bool(chromium.told("closed")))
    button = chromium.driver.find_element("css selector", ".over button")
    chromium.until(button.is_displayed)
    button.click()
    chromium.shows("Step 1 of 100")


def test_twenty_visitors_and_no_more(chromium: Browser) -> None:
    with served("--visitors", "20") as (address, process):
        chromium.open(address)
        handles = [chromium.driver.current_window_handle, *(chromium.another(address) for _ in range(19))]
        for steps, handle in enumerate(handles):
            chromium.driver.switch_to.window(handle)
            chromium.shows("Step 0 of 100")
            chromium.press("n" * (steps % 5))
            chromium.shows(f"Step {steps % 5} of 100")
        assert len(children_of(process.pid)) == 20
        chromium.another(address)
        chromium.shows("gdlab is full: 20 visitors are here.")
        for handle in handles[1:]:
            chromium.driver.switch_to.window(handle)
            chromium.driver.close()
        chromium.driver.switch_to.window(handles[0])
        chromium.until(lambda: len(children_of(process.pid)) == 1)
    chromium.until(lambda: bool(chromium.told("closed")))
