"""Walking: back and forth, run and pause, endings, divergence, sizes of the screen; what a key costs; 2,000 keys."""

from __future__ import annotations

import random
import re
from typing import TYPE_CHECKING, Any

import pytest
from textual.widget import Widget

from gdcore.descent.optimizers import OPTIMIZERS, hyperparameters
from gdcore.descent.steps import Limits, Reason
from gdcore.studies.stability import stability
from tests.screens import (
    LARGE,
    SIZES,
    SMALL,
    afresh,
    field,
    focused,
    gdlab,
    laboratory,
    main_screen,
    opened,
    press,
    press_at_once,
    rendered,
    run_of_gdcore,
    settings,
    settled,
    shown,
    state,
    states_of,
    timeline,
    told,
    typed,
)
from tui.charts.canvas import render
from tui.laboratory.laboratory import Laboratory
from tui.laboratory.walk import SPEEDS
from tui.screen import panels
from tui.screen.aside import Aside
from tui.screen.form import NUMBERS, Row
from tui.screen.keys import COMMANDS
from tui.screen.screen import LaboratoryScreen, Stage
from tui.terminal.painted import Painted

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from textual.geometry import Region
    from textual.pilot import Pilot
    from textual.timer import Timer

# Back and forth


def pictured(pilot: Pilot[None]) -> str:
    """What is on the screen, but for the views in small: the history among them shows the future that is known."""
    aside = main_screen(pilot).query_one(Aside)
    region = aside.region if aside.display else None
    return "\n".join(
        row if region is None or not region.y <= y < region.bottom else row[region.right :]
        for y, row in enumerate(rendered(pilot.app.screen))
    )


@pytest.mark.parametrize("size", SIZES, ids=str)
async def test_back_and_forward_show_the_same_states(size: tuple[int, int]) -> None:
    async with opened(gdlab(train_bias=True), size) as pilot:
        await press(pilot, "z", "n", "b")
        seen = [state(pilot)]
        pictures = [pictured(pilot)]
        for key in ("n", "right", "full_stop", "n"):
            await press(pilot, key)
            seen.append(state(pilot))
            pictures.append(pictured(pilot))
        assert seen == list(states_of(laboratory(pilot).ground.landscape, [(0, settings(pilot))], 4))
        for index, key in ((3, "b"), (2, "left"), (1, "comma"), (0, "b")):
            await press(pilot, key)
            assert state(pilot) == seen[index]
            assert pictured(pilot) == pictures[index]
        await press(pilot, "b")
        assert state(pilot) == seen[0]
        for index in range(1, 5):
            await press(pilot, "n")
            assert state(pilot) == seen[index]
            assert pictured(pilot) == pictures[index]


async def test_at_the_limit_the_way_on_is_told() -> None:
    async with opened(gdlab(limits=Limits(3))) as pilot:
        await press(pilot, "N")
        assert state(pilot).iteration == 3
        assert re.search(r"\bm\b doubles", told(pilot))
        await press(pilot, "n")
        assert state(pilot).iteration == 3
        assert re.search(r"\bm\b doubles", told(pilot))
        await press(pilot, "m", "N")
        assert state(pilot).iteration == timeline(pilot).limits.iterations == 6
        assert state(pilot) == run_of_gdcore(pilot)


async def test_the_limit_can_be_raised_without_end() -> None:
    async with opened(gdlab()) as pilot:
        press_at_once(pilot, *["m"] * 1100)
        await settled(pilot)
        await press(pilot, "n")
        assert state(pilot).iteration == 1
        assert timeline(pilot).limits.iterations >= 100 * 2**1000


async def test_a_limit_below_where_one_stands() -> None:
    async with opened(gdlab()) as pilot:
        await press(pilot, "N")
        await typed(pilot, "steps", "5")
        await press(pilot, "enter", "n")
        assert state(pilot).iteration == 10
        await press(pilot, *["b"] * 6, "n", "N")
        assert state(pilot) == run_of_gdcore(pilot)


async def test_the_tolerance_ends_a_run() -> None:
    async with opened(gdlab(limits=Limits(1000, tolerance=1e-6))) as pilot:
        press_at_once(pilot, *["N"] * 20)
        await settled(pilot)
        ending = timeline(pilot).ending
        assert ending is not None
        assert ending.reason is Reason.TOLERANCE
        assert abs(state(pilot).gradient[0]) < 1e-6
        assert " ".join(ending.sentence.split()) in told(pilot)
        before = state(pilot)
        await press(pilot, "n", "space")
        assert state(pilot) == before
        assert not laboratory(pilot).walk.running


async def test_a_restart_keeps_the_settings_and_a_reset_does_not() -> None:
    async with opened(gdlab(start=(1, 2))) as pilot:
        await press(pilot, "n", "t", "right_curly_bracket", "n", "r")
        assert (state(pilot).iteration, state(pilot).w, state(pilot).b) == (0, 1, 2)
        assert (settings(pilot).learning_rate, settings(pilot).train_bias) == (0.002, True)
        await press(pilot, "n", "R")
        assert (state(pilot).iteration, state(pilot).w, state(pilot).b) == (0, 1, 2)
        assert (settings(pilot).learning_rate, settings(pilot).train_bias) == (0.001, False)


async def test_a_reset_where_the_first_start_is_beyond_the_numbers(tmp_path: Path) -> None:
    path = tmp_path / "large.csv"
    path.write_text("x,y\n1e10,1\n2e10,2\n3e10,4\n")
    async with opened(gdlab(start=(1e150, 0.0))) as pilot:
        await typed(pilot, "start-w", "0")
        await press(pilot, "enter", "o")
        press_at_once(pilot, *("slash" if c == "/" else "full_stop" if c == "." else c for c in str(path)), "enter")
        await settled(pilot)
        assert laboratory(pilot).ground.rows.name == "large.csv"
        before = state(pilot)
        await press(pilot, "R")
        assert state(pilot) == before
        assert "too large" in told(pilot)


# Divergence


@pytest.mark.parametrize("size", SIZES, ids=str)
async def test_divergence_offers_the_way_back(size: tuple[int, int]) -> None:
    async with opened(gdlab(limits=Limits(10_000)), size) as pilot:
        await press(pilot, "n", "n")
        turning = state(pilot)
        await typed(pilot, "rate", "0.1")
        await press(pilot, "enter", "escape", "n")
        assert re.search(r"\bh\b", told(pilot).partition("Going up")[2]), "as soon as it goes up"
        press_at_once(pilot, *["N"] * 100)
        await settled(pilot)
        ending = timeline(pilot).ending
        assert ending is not None
        assert ending.reason is Reason.DIVERGED
        assert state(pilot).loss < float("inf")
        assert state(pilot) == run_of_gdcore(pilot)
        limits = stability(settings(pilot).optimizer, laboratory(pilot).ground.landscape.curvature(train_bias=False))
        assert limits is not None
        assert f"{limits.contraction(0.1):.4g}" in told(pilot)
        assert f"{0.1 / limits.critical:.4g}" in told(pilot)
        assert re.search(r"Press h\b.* half the rate", told(pilot))
        await press(pilot, "h")
        assert state(pilot).iteration == turning.iteration
        assert (state(pilot).w, state(pilot).loss) == (turning.w, turning.loss)
        assert settings(pilot).learning_rate == state(pilot).learning_rate == 0.05
        await press(pilot, "h", "h", "h", "h", "h", "n")
        assert state(pilot).loss < turning.loss, "after a few of them it converges"


@pytest.mark.parametrize("optimizer", ["momentum", "nesterov"])
async def test_divergence_with_a_velocity(optimizer: str) -> None:
    async with opened(gdlab(optimizer=OPTIMIZERS[optimizer](), learning_rate=10.0, limits=Limits(10_000))) as pilot:
        press_at_once(pilot, *["N"] * 100)
        await settled(pilot)
        ending = timeline(pilot).ending
        assert ending is not None
        assert ending.reason is Reason.DIVERGED
        assert re.search(r"Press h\b", told(pilot))
        await press(pilot, "h")
        assert state(pilot).iteration == 0
        assert settings(pilot).learning_rate == 5


@pytest.mark.parametrize("key", ["right_curly_bracket", "left_curly_bracket"])
async def test_rates_at_the_ends_of_the_numbers(key: str) -> None:
    async with opened(gdlab()) as pilot:
        press_at_once(pilot, *[key] * 1100)
        await settled(pilot)
        rate = settings(pilot).learning_rate
        assert 0 < rate < 1e-300 or 1e300 < rate < float("inf")
        await press(pilot, "n", "t", "n", "l", "b")
        assert state(pilot) == run_of_gdcore(pilot)
        for name in OPTIMIZERS:
            laboratory(pilot).walk.set_optimizer(OPTIMIZERS[name]())
            await press(pilot, "n", "v", "w", "escape")
            assert state(pilot) == run_of_gdcore(pilot)


# Run and pause


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> None:
    """Timers of a run that never fire by themselves."""
    start: Callable[..., Timer] = LaboratoryScreen.set_interval

    def paused(self: LaboratoryScreen, interval: float, callback: Callable[..., Any], **options: Any) -> Timer:
        return start(self, interval, callback, **options | {"pause": callback == self._tick})

    monkeypatch.setattr(LaboratoryScreen, "set_interval", paused)


@pytest.mark.usefixtures("held")
async def test_a_run_makes_as_many_steps_a_second_as_it_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tui.screen.running.perf_counter", lambda: 0.0)
    async with opened(gdlab(fps=20)) as pilot:
        for speed, pace in enumerate(SPEEDS):
            if pace is None:
                continue
            await afresh(pilot, limits=Limits(10_000_000))
            laboratory(pilot).walk.speed = speed
            await press(pilot, "space")
            assert state(pilot).iteration == 1, "at once"
            for second in (1, 2):
                for _ in range(20):
                    main_screen(pilot)._tick()
                assert state(pilot).iteration == pytest.approx(1 + second * pace, abs=1)
            await settled(pilot)
            assert re.search(
                rf"^ (Step )?{state(pilot).iteration:,}( of |/)10,000,000 running", shown(pilot), re.MULTILINE
            )


@pytest.mark.usefixtures("held")
async def test_as_many_steps_as_fit_leave_half_of_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = 0.0

    def clock() -> float:
        nonlocal seconds
        seconds += 0.001
        return seconds

    async with opened(gdlab(fps=20, limits=Limits(10_000_000))) as pilot:
        laboratory(pilot).walk.speed = len(SPEEDS) - 1
        monkeypatch.setattr("tui.screen.running.perf_counter", clock)
        await press(pilot, "space")
        monkeypatch.setattr("tui.screen.running.perf_counter", lambda: 0.0)
        assert seconds == pytest.approx(0.5 / 20, abs=0.003)
        assert state(pilot).iteration == pytest.approx(1000 * seconds / 0.001, abs=3000)


@pytest.mark.usefixtures("held")
async def test_steps_that_did_not_fit_are_made_up_for(monkeypatch: pytest.MonkeyPatch) -> None:
    async with opened(gdlab(fps=20, limits=Limits(10_000_000))) as pilot:
        laboratory(pilot).walk.speed = SPEEDS.index(100_000)
        await press(pilot, "space")
        busy = iter(range(1000))
        monkeypatch.setattr("tui.screen.running.perf_counter", lambda: 0.03 * next(busy))
        for _ in range(3):
            main_screen(pilot)._tick()
        assert state(pilot).iteration == pytest.approx(3001, abs=1)
        monkeypatch.setattr("tui.screen.running.perf_counter", lambda: 0.0)
        for _ in range(17):
            main_screen(pilot)._tick()
        assert state(pilot).iteration == pytest.approx(100_001, abs=1)
        monkeypatch.setattr("tui.screen.running.perf_counter", lambda: 0.5)  # nine ticks were left out
        main_screen(pilot)._tick()
        assert state(pilot).iteration == pytest.approx(150_001, abs=1)
        monkeypatch.setattr("tui.screen.running.perf_counter", lambda: 3600.0)
        main_screen(pilot)._tick()
        assert state(pilot).iteration == pytest.approx(255_001, abs=1), "no more than a second of them"


@pytest.mark.usefixtures("held")
@pytest.mark.parametrize("speed", [3, len(SPEEDS) - 1])
async def test_a_run_stops_where_it_ends(speed: int) -> None:
    async with opened(gdlab(fps=20, limits=Limits(50))) as pilot:
        laboratory(pilot).walk.speed = speed
        await press(pilot, "space")
        for _ in range(110):
            main_screen(pilot)._tick()
        await settled(pilot)
        assert state(pilot).iteration == 50
        assert not laboratory(pilot).walk.running
        assert main_screen(pilot)._timer is None
        await press(pilot, "space")
        assert not laboratory(pilot).walk.running
        assert re.search(r"\bm\b doubles", told(pilot))


@pytest.mark.usefixtures("held")
async def test_what_pauses_a_run() -> None:
    async with opened(gdlab(fps=20)) as pilot:
        for key in ("space", "b", "r", "R", "h", "p", "S", "o", "w", "g"):
            await afresh(pilot)
            await press(pilot, "space")
            assert laboratory(pilot).walk.running
            await press(pilot, key)
            assert not laboratory(pilot).walk.running, key
            assert main_screen(pilot)._timer is None
            if pilot.app.screen is not main_screen(pilot):
                await press(pilot, "escape")


@pytest.mark.usefixtures("held")
async def test_what_is_changed_in_a_run_leaves_it_running() -> None:
    async with opened(gdlab(fps=20)) as pilot:
        await press(pilot, "space", "right_square_bracket", "t", "m", "l", "k", "n", "less_than_sign")
        assert laboratory(pilot).walk.running
        for _ in range(40):
            main_screen(pilot)._tick()
        assert state(pilot).iteration == pytest.approx(2 + 2 * 5, abs=1)
        assert state(pilot) == run_of_gdcore(pilot)


# What a key costs


class Counts(dict[str, int]):
    """How often each part of a draw was made."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        super().__init__()
        frame: Any = vars(Laboratory)["frame"]
        monkeypatch.setattr(Laboratory, "frame", property(self._counted("frame", frame.fget)))
        monkeypatch.setattr("tui.screen.chart.render", self._counted("chart", render))
        for name in ("header", "readout", "summary", "gauge", "story"):
            monkeypatch.setattr(panels, name, self._counted(name, getattr(panels, name)))

    def _counted(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*arguments: Any, **named: Any) -> Any:
            self[name] = self.get(name, 0) + 1
            return function(*arguments, **named)

        return counted


DRAW = {"frame": 1, "chart": 1, "header": 1, "readout": 1, "gauge": 1, "story": 1}
"""One draw where there is room for all parts; the summary has no room then."""


@pytest.mark.parametrize("size", SIZES, ids=str)
async def test_a_key_is_one_draw_of_each_part(size: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    counts = Counts(monkeypatch)
    async with opened(gdlab(), size) as pilot:
        for key in ("n", "n", "b", "N", "right_square_bracket", "l", "m", "t", "r"):
            counts.clear()
            await press(pilot, key)
            await pilot.pause()
            assert counts == DRAW, key


async def test_a_small_screen_draws_what_it_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    counts = Counts(monkeypatch)
    async with opened(gdlab(), (60, 16)) as pilot:
        counts.clear()
        await press(pilot, "n")
        await pilot.pause()
        assert counts == {"frame": 1, "chart": 1, "header": 1, "summary": 1, "gauge": 1, "story": 1}


async def test_keys_sent_at_once_are_drawn_together(monkeypatch: pytest.MonkeyPatch) -> None:
    counts = Counts(monkeypatch)
    async with opened(gdlab(limits=Limits(1000))) as pilot:
        counts.clear()
        press_at_once(pilot, *["n"] * 50)
        await settled(pilot)
        await pilot.pause()
        assert state(pilot).iteration == 50
        assert max(counts.values()) <= 10
        assert "Step 50 of" in shown(pilot)


async def test_only_changed_cells_are_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    async with opened(gdlab(learning_rate=1e-7)) as pilot:
        await press(pilot, "n", "n", "n")
        await pilot.pause()
        before = rendered(pilot.app.screen)
        asked: list[tuple[Widget, tuple[Region, ...]]] = []
        set_dirty = Widget._set_dirty

        def remembered(self: Widget, *regions: Region) -> None:
            asked.append((self, regions))
            set_dirty(self, *regions)

        monkeypatch.setattr(Widget, "_set_dirty", remembered)
        await press(pilot, "n")
        await pilot.pause()
        after = rendered(pilot.app.screen)
        changed = sum(old != new for rows in zip(before, after, strict=True) for old, new in zip(*rows, strict=True))
        assert 0 < changed < 60
        assert all(regions for widget, regions in asked if isinstance(widget, Painted)), "never the whole widget"
        assert changed <= sum(region.area for _, regions in asked for region in regions) < 200
        assert not [widget for widget, _ in asked if isinstance(widget, Stage)], "the curve is the same"


# Sizes


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("train_bias", [False, True])
async def test_everything_is_on_the_screen(size: tuple[int, int], train_bias: bool) -> None:
    missing = set()
    async with opened(gdlab(), size) as pilot:
        for name, kind in OPTIMIZERS.items():
            await afresh(pilot, optimizer=kind(), train_bias=train_bias)
            await press(pilot, "n")
            await pilot.pause()
            rows = rendered(pilot.app.screen)
            assert [len(row) for row in rows] == [size[0]] * size[1]
            visible = [row for row in main_screen(pilot).query(Row) if row.display]
            assert [row.region.y for row in visible] == list(range(1, 1 + len(visible))), "one row each"
            form, readout = rows[1 : size[1] - 8], rows[-8:-1]
            places = [
                *((label, form) for label in ("Data", "x", "y", "Loss", "Method", "Rate", "Sched.", "Batch")),
                *((label, form) for label in ("Steps", "Start w", "Start b", "Train")),
                *((NUMBERS[parameter.name][0], form) for parameter in hyperparameters(kind)),
                *((label, readout) for label in ("Step 1 of 100", "w ", "b ", "loss", "dL/dw", "dL/db")),
                ("digits", readout),
            ]
            missing |= {(name, label) for label, lines in places if not any(f" {label}" in line[:28] for line in lines)}
            right = [row[28:] for row in rows]
            signs = ("you", "minimum", "next", "uphill", "trail", "w (weight)", "loss", "Next")
            missing |= {(name, sign) for sign in signs if not any(sign in row for row in right)}
            missing |= {(name, word) for word in ("Run", "Step", "Back", "Help", "Quit") if word not in rows[-1]}
    assert missing == set()


def parts(pilot: Pilot[None]) -> set[str]:
    """What is on the screen, by looking at it."""
    text = shown(pilot)
    signs = {
        "header": "gdlab  ",
        "form": "Start w",
        "readout": "digits w",
        "summary": "2/100 w ",
        "chart": "┤",
        "gauge": "critical rate",
        "story": "Step 2 ",
        "footer": "space Run",
        "too small": "gdlab needs a terminal",
    }
    return {name for name, sign in signs.items() if sign in text}


ALL = {"header", "form", "readout", "chart", "gauge", "story", "footer"}
NARROW = ALL - {"form", "readout"} | {"summary"}
SHOWN = {
    (120, 36): ALL,
    (80, 24): ALL,
    (79, 24): NARROW,
    (80, 23): NARROW,
    (60, 16): NARROW,
    (59, 16): {"chart", "summary"},
    (60, 15): {"chart", "summary"},
    (59, 15): {"chart", "summary"},
    (40, 10): {"chart", "summary"},
    (39, 10): {"too small"},
    (40, 9): {"too small"},
    (39, 9): {"too small"},
}
"""What there is room for."""


async def test_what_has_no_room_is_left_out() -> None:
    async with opened(gdlab()) as pilot:
        await press(pilot, "n", "n")
        for size, wanted in SHOWN.items():
            await pilot.resize_terminal(*size)
            await pilot.pause()
            assert parts(pilot) == wanted, size
            if "too small" in wanted:
                assert "40 x 10" in " ".join(shown(pilot).split())
            else:
                assert "143.5" in shown(pilot), "the loss"
                if size[0] >= 59:
                    assert re.search(r"(Rate|lr) +0\.001", shown(pilot)), "the rate"


async def test_sizes_change_in_the_middle_of_a_run() -> None:
    async with opened(gdlab(limits=Limits(10_000))) as pilot:
        await press(pilot, "space")
        for size in (*SHOWN, (1, 1), (2, 40), (300, 80), SMALL):
            await pilot.resize_terminal(*size)
            await press(pilot, "n")
            await pilot.pause()
            assert {len(row) for row in rendered(pilot.app.screen)} == {size[0]}
            assert laboratory(pilot).walk.running
            if size in SHOWN:
                wanted = SHOWN[size] - {"story", "summary"}
                for _ in range(50):  # frames of the run come between a size and its layout
                    if parts(pilot) - {"story", "summary"} == wanted:
                        break
                    await pilot.pause()
                assert parts(pilot) - {"story", "summary"} == wanted, size
        assert state(pilot).iteration == 1 + len(SHOWN) + 4
        assert state(pilot) == run_of_gdcore(pilot)


@pytest.mark.parametrize("size", [(79, 24), (59, 15)], ids=str)
async def test_keys_work_where_the_field_they_were_in_is_gone(size: tuple[int, int]) -> None:
    async with opened(gdlab()) as pilot:
        field(pilot, "rate").focus()
        await settled(pilot)
        await pilot.resize_terminal(*size)
        await press(pilot, "n", "5", "enter", "right", "space")
        assert state(pilot).iteration == 3
        assert settings(pilot).learning_rate == 0.001
        await press(pilot, "s", "7", "enter", "n")
        assert settings(pilot).learning_rate == 0.001, "nothing is typed into a field that is not shown"
        assert focused(pilot) == "chart"


# Two thousand keys

LEFT_OUT = {"quit", "interrupt", "suspend", "palette", "race"}
"""Commands that end the walk or lead out of it; a race takes as long as the limit says, which is typed at random."""
KEYS = [
    *(key for command in COMMANDS if command.name not in LEFT_OUT for key in (*command.keys, *command.chart_keys)),
    *("tab", "shift+tab", "enter", "escape", "up", "down", "backspace", *"0123456789", "full_stop", "minus", "e"),
]


@pytest.mark.parametrize(("size", "seed"), [(SMALL, 1), (LARGE, 2)], ids=str)
async def test_a_random_walk(size: tuple[int, int], seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.csv").write_text("x,y,z\n1,2,5\n3,4,1\n5,7,2\n")
    (tmp_path / "bad.csv").write_text("x,y\n1,2\n3,four\n")
    monkeypatch.chdir(tmp_path)
    chance = random.Random(seed)
    async with opened(gdlab(limits=Limits(500)), size) as pilot:
        for _ in range(25):
            keys = chance.choices(KEYS, k=20)
            press_at_once(pilot, *keys)
            await settled(pilot)
            if chance.random() < 0.3:
                await pilot.resize_terminal(*chance.choice(list(SHOWN)))
            assert pilot.app.is_running, keys
            assert state(pilot) == run_of_gdcore(pilot), keys
        while pilot.app.screen is not main_screen(pilot):
            await press(pilot, "escape")
        await pilot.resize_terminal(*size)
        await press(pilot, "escape", "n")
        await pilot.pause()
        assert f"Step {state(pilot).iteration:,} of" in shown(pilot)
        assert state(pilot) == run_of_gdcore(pilot)
