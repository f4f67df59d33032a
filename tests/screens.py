"""The laboratory on a screen for the tests: an app on a data set, what it shows, and the same run by gdcore."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any, cast

from textual import events
from textual.worker import WorkerCancelled

from gdcore.descent.state import State
from gdcore.descent.steps import Limits, Settings, adopt, advance, begin
from gdcore.rows.dataset import Dataset, load
from tui.laboratory.laboratory import Laboratory
from tui.screen.app import GradientDescentApp
from tui.screen.fields import Choice, NumberField
from tui.screen.screen import LaboratoryScreen

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterator

    from textual.app import App
    from textual.pilot import Pilot
    from textual.screen import Screen

    from gdcore.descent.optimizers import Optimizer
    from gdcore.descent.timeline import Timeline
    from gdcore.landscapes.landscape import Landscape
    from tui.views.views import Views

SMALL, LARGE = (80, 24), (120, 36)
SIZES = (SMALL, LARGE)
THREADS = ("_ask", "_read", "_scan", "_look", "_load_columns", "_take_study", "_race", "_begin_course")
"""What the screen and its dialogs do beside the event loop."""


def gdlab(
    data: str | Dataset = "pizza",
    learning_rate: float = 0.001,
    optimizer: Optimizer | None = None,
    *,
    train_bias: bool = False,
    limits: Limits | None = None,
    start: tuple[float, float] = (0.0, 0.0),
    fps: float = 1e-6,
) -> GradientDescentApp:
    """The app as `gdlab` opens it, but that a run goes on by itself only when a test calls `_tick`."""
    settings = Settings(learning_rate, optimizer or Settings().optimizer, train_bias)
    rows = load(data) if isinstance(data, str) else data
    return GradientDescentApp(Laboratory(rows, settings, limits or Limits(), start), fps=fps)


@asynccontextmanager
async def opened(app: GradientDescentApp, size: tuple[int, int] = SMALL) -> AsyncGenerator[Pilot[None], None]:
    """The app running on a screen of that size, all of it on screen."""
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        yield pilot


def main_screen(pilot: Pilot[None]) -> LaboratoryScreen:
    """The screen of the laboratory, whatever dialog is over it."""
    return cast("LaboratoryScreen", pilot.app.screen_stack[0])


def laboratory(pilot: Pilot[None]) -> Laboratory:
    return main_screen(pilot).laboratory


def views(pilot: Pilot[None]) -> Views:
    return main_screen(pilot)._views


def timeline(pilot: Pilot[None]) -> Timeline:
    return laboratory(pilot).walk.timeline


def state(pilot: Pilot[None]) -> State:
    return timeline(pilot).state


def settings(pilot: Pilot[None]) -> Settings:
    return timeline(pilot).settings


def field(pilot: Pilot[None], name: str) -> NumberField:
    return main_screen(pilot).query_one(f"#{name}", NumberField)


def choice(pilot: Pilot[None], name: str) -> Choice:
    return main_screen(pilot).query_one(f"#{name}", Choice)


def focused(pilot: Pilot[None]) -> str | None:
    """The identifier of what has the focus."""
    return pilot.app.focused.id if pilot.app.focused else None


def rendered(screen: Screen[Any]) -> list[str]:
    """The rows of the screen as a person sees them."""
    return [strip.text for strip in screen._compositor.render_strips()]


def shown(pilot: Pilot[None]) -> str:
    return "\n".join(rendered(pilot.app.screen))


def told(pilot: Pilot[None]) -> str:
    """The text of the screen with its line breaks taken out, for sentences that wrap in the right column."""
    return " ".join(" ".join(line[28:].split()) for line in rendered(main_screen(pilot)))


async def settled(pilot: Pilot[None]) -> None:
    """Wait until every message is answered, and the answers to them: a key, what it changes, and what is painted."""
    app = pilot.app
    await _quiet(app)
    while threads := [worker for worker in app.workers if worker.name in THREADS and not worker.is_finished]:
        with suppress(WorkerCancelled):
            await threads[0].wait()
        await _quiet(app)
    while app._running and app.screen._update_timer._active.is_set():
        app.screen._on_timer_update()  # what waits for the next tick of Textual's clock waits no longer
        await _quiet(app)


async def _quiet(app: App[Any]) -> None:
    """Wait until no message is waiting, twenty turns of the event loop long: a message may be on its way."""
    quiet = 0
    for _ in range(100_000):
        if app._exception:
            raise app._exception
        if quiet == 20 or not app._running:
            return
        await asyncio.sleep(0)
        quiet = 0 if app.message_queue_size or any(node.message_queue_size for node in app._registry) else quiet + 1
    raise AssertionError("there is always another message")


async def afresh(pilot: Pilot[None], **options: Any) -> None:
    """Begin again with a laboratory of its own, in the same app: an app takes half a second to open."""
    screen = main_screen(pilot)
    screen._pause()
    screen.laboratory = gdlab(**options).laboratory
    screen.draw()
    await settled(pilot)


async def press(pilot: Pilot[None], *keys: str) -> None:
    """Press keys one after the other."""
    for key in keys:
        press_at_once(pilot, key)
        await settled(pilot)


def press_at_once(pilot: Pilot[None], *keys: str) -> None:
    """Send keys as a held key does over a slow line: all there before the first is answered."""
    for key in keys:
        pilot.app.post_message(events.Key(key, CHARACTERS.get(key, key if len(key) == 1 else None)))


async def typed(pilot: Pilot[None], name: str, text: str) -> NumberField:
    """Go to a number field, empty it and type."""
    number = field(pilot, name)
    number.focus()
    await press(pilot, "end", "ctrl+u")
    await write(pilot, text)
    return number


async def write(pilot: Pilot[None], text: str) -> None:
    """Type into what has the focus."""
    press_at_once(pilot, *(KEY_NAMES.get(character, character) for character in text))
    await settled(pilot)


async def choose(pilot: Pilot[None], name: str, value: object) -> None:
    """Choose in a list of the form, with the keyboard."""
    control = choice(pilot, name)
    control.focus()
    values = [option for _, option in control.options]
    moves = values.index(value) - values.index(control.value)
    await press(pilot, "enter", *["down" if moves > 0 else "up"] * abs(moves), "enter")


KEY_NAMES = {".": "full_stop", "-": "minus", "+": "plus", " ": "space", "/": "slash", "_": "underscore"}
"""What Textual calls the keys of these characters."""

CHARACTERS = {name: character for character, name in KEY_NAMES.items()} | {
    "left_square_bracket": "[",
    "right_square_bracket": "]",
    "left_curly_bracket": "{",
    "right_curly_bracket": "}",
    "less_than_sign": "<",
    "greater_than_sign": ">",
    "question_mark": "?",
    "comma": ",",
    "colon": ":",
}


def states_of(
    landscape: Landscape, changes: list[tuple[int, Settings]], last: int, start: tuple[float, float] = (0.0, 0.0)
) -> Iterator[State]:
    """The states up to iteration `last` of a run whose settings come in force at the iterations of `changes`."""
    in_force = dict(changes)
    now = in_force[0]
    state = begin(landscape, now, *start)
    yield state
    while state.iteration < last:
        state = advance(landscape, now, state)
        if state.iteration in in_force:
            before, now = now, in_force[state.iteration]
            state = adopt(landscape, state, now, before)
        yield state


def run_of_gdcore(pilot: Pilot[None]) -> State:
    """The state at the cursor as gdcore alone computes it, from the start and the changes of settings."""
    run = timeline(pilot)
    *_, last = states_of(run.landscape, run.changes(), run.state.iteration, (run.start.w, run.start.b))
    return last
