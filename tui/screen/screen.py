"""The screen of the laboratory: keys become calls of the laboratory, and the frame that results is shown."""

from __future__ import annotations

import sys
from dataclasses import replace
from functools import partial
from time import perf_counter
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from textual import on, work
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import Screen
from textual.widgets import Static
from textual.worker import get_current_worker

from gdcore.rows.dataset import Dataset, DatasetError
from tui.charts.canvas import MARKERS
from tui.laboratory import lesson
from tui.laboratory.commands import COMMANDS, shown
from tui.laboratory.saving import session_of
from tui.screen import panels
from tui.screen.chart import Chart
from tui.screen.dialogs import BranchDialog, OpenDialog, TextDialog, copy_or_quit, help_text, load_again
from tui.screen.fields import NumberField
from tui.screen.form import Form
from tui.screen.keybar import KeyBar
from tui.screen.panel import Panel
from tui.sources.load import load
from tui.terminal.line import PaintedCompositor
from tui.views.views import Views

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from textual import events
    from textual.app import ComposeResult
    from textual.timer import Timer
    from textual.worker import Worker

    from gdcore.descent.branches import Branch
    from gdcore.session import Session
    from gdcore.studies.sweep import Sweep
    from tui.laboratory.laboratory import Laboratory
    from tui.laboratory.saving import Saver

SAVED_AFTER = 1.0
"""Seconds after which a change is saved, together with those that have followed it."""
THEMES = ("textual-dark", "textual-light", "gdlab-contrast")
"""The themes offered: dark, light, high contrast."""


def _bindings() -> list[BindingType]:
    """The bindings of the screen, from the list of commands."""
    return [
        Binding(
            ",".join(command.keys),
            command.action,
            command.label,
            show=command.footer,
            tooltip=command.tooltip,
            key_display=shown(command.keys[0]),
            priority=command.priority,
        )
        for command in COMMANDS
        if command.keys
    ]


class Stage(Chart, can_focus=True):
    """The chart, with the keys that only it has."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(",".join(command.chart_keys), f"screen.{command.action}", show=False)
        for command in COMMANDS
        if command.chart_keys
    ]


class LaboratoryScreen(Screen[None]):
    """Settings on the left, the loss curve on the right, and below it what the rate does and what the steps did."""

    BINDINGS: ClassVar[list[BindingType]] = _bindings()
    AUTO_FOCUS = "Stage"

    def __init__(
        self, laboratory: Laboratory, *, marker: str = "braille", fps: float = 20, saver: Saver | None = None
    ) -> None:
        super().__init__()
        if sys.platform != "win32":
            self._compositor = PaintedCompositor()
        self.laboratory = laboratory
        self._saver = saver
        self._saving: Timer | None = None
        self._marker = marker
        self._fps = fps
        self._timer: Timer | None = None
        self._due = 0.0
        self._drawing = False
        self._views = Views()
        self._stage = Stage(id="chart")
        self._form = Form(laboratory.data, id="form")
        texts = (panels.header, panels.readout, panels.summary, panels.gauge, panels.story)
        names = ("header", "readout", "summary", "gauge", "story")
        self._panels = {name: Panel(text, id=name) for name, text in zip(names, texts, strict=True)}

    def compose(self) -> ComposeResult:
        """The parts of the screen."""
        yield self._panels["header"]
        with Horizontal(id="body"):
            with Vertical(id="left"):
                yield self._form
                yield self._panels["readout"]
            with Vertical(id="right"):
                yield self._stage
                yield self._panels["summary"]
                yield self._panels["gauge"]
                yield self._panels["story"]
        yield KeyBar(id="keys")
        yield Static(id="hint", markup=False)
        yield Static("gdlab needs a terminal of at least 40 x 10.", id="too-small", markup=False)

    def on_mount(self) -> None:
        """Show the first frame."""
        self._stage.marker = self._marker
        self.draw()

    def on_resize(self, event: events.Resize) -> None:
        """Leave out what has no room."""
        width, height = event.size
        self.set_class(width < 80 or height < 24, "-narrow")
        self.set_class(width < 60 or height < 16, "-small")
        self.set_class(width < 40 or height < 10, "-tiny")
        if self.focused is not None and self.query_one("#left") in self.focused.ancestors and self.has_class("-narrow"):
            self.set_focus(self._stage)

    # One frame goes down

    def touch(self) -> None:
        """Draw soon: once for all the keys that are waiting now."""
        if not self._drawing:
            self._drawing = True
            self.call_later(self._draw_now)

    def _draw_now(self) -> None:
        """Draw, and show it without waiting for the next tick of Textual's own clock."""
        self._drawing = False
        self.draw()
        self._on_timer_update()

    def draw(self) -> None:
        """Hand the frame of this moment to every widget."""
        self._sweep()
        frame = self.laboratory.frame
        self._stage.scene = self._views.scene(frame)
        for panel in self._panels.values():
            panel.show(frame)
        self._form.show(frame)
        if self._saver is not None and self._saving is None:
            self._saving = self.set_timer(SAVED_AFTER, partial(self._save, self._saver))

    def _save(self, saver: Saver) -> None:
        """Save what was done, at the most so long ago as SAVED_AFTER says."""
        self._saving = None
        self._write(saver, session_of(self.laboratory))

    @work(thread=True)
    def _write(self, saver: Saver, session: Session) -> None:
        """Write a session, beside the event loop: a disk may be slow."""
        if sentence := saver.save(session):
            self.app.call_from_thread(self._refused, sentence)

    def _keep(self) -> None:
        """Save at once what is about to be left."""
        if self._saver is not None and (sentence := self._saver.save(session_of(self.laboratory))):
            self._refused(sentence)

    # Walking

    def action_step(self, count: int) -> None:
        """Make steps."""
        self.laboratory.step(count)
        self.touch()

    def action_back(self, count: int) -> None:
        """Go back."""
        self._pause()
        self.laboratory.back(count)
        self.touch()

    def action_run(self) -> None:
        """Run, or pause."""
        if self.laboratory.running:
            self._pause()
        elif self.laboratory.timeline.ending is not None:
            self.laboratory.step()
        else:
            self.laboratory.running, self._due = True, 1.0
            self._timer = self.set_interval(1 / self._fps, self._tick)
            self._tick()
        self.touch()

    def _pause(self) -> None:
        self.laboratory.running = False
        if self._timer is not None:
            self._timer.stop()
            self._timer = None

    def _tick(self) -> None:
        """Make as many steps as are due, or as many as fit in half the time to the next tick."""
        laboratory = self.laboratory
        if laboratory.pace is None:
            end = perf_counter() + 0.5 / self._fps
            while laboratory.timeline.ending is None and perf_counter() < end:
                laboratory.step(1000)
        else:
            whole = int(self._due)
            self._due += laboratory.pace / self._fps - whole
            if not whole:
                return
            laboratory.step(whole)
        if laboratory.timeline.ending is not None:
            self._pause()
        self.touch()

    def action_speed(self, by: int) -> None:
        """Run slower or faster."""
        self.laboratory.faster(by)
        self.touch()

    def action_restart(self) -> None:
        """Begin again."""
        self._pause()
        self.laboratory.restart()
        self.touch()

    def action_reset(self) -> None:
        """Begin again with the first settings."""
        self._try(self.laboratory.reset)

    def action_retreat(self) -> None:
        """Go back to before the rise, with half the rate."""
        self._pause()
        self.laboratory.retreat()
        self.touch()

    # Changing

    def action_rate(self, factor: float) -> None:
        """Change the learning rate by a factor."""
        self.laboratory.scale_learning_rate(factor)
        self.touch()

    def action_more(self) -> None:
        """Allow more steps."""
        self.laboratory.allow_more()
        self.touch()

    def action_bias(self) -> None:
        """Train b too, or no longer."""
        self.laboratory.set_train_bias(not self.laboratory.timeline.settings.train_bias)
        self.touch()

    @on(Form.TrainBias)
    def _bias_chosen(self, event: Form.TrainBias) -> None:
        self.laboratory.set_train_bias(event.train_bias)
        self.touch()

    @on(Form.Method)
    def _method_chosen(self, event: Form.Method) -> None:
        self.laboratory.set_optimizer(event.optimizer)
        self.touch()

    @on(NumberField.Chosen)
    def _number_chosen(self, event: NumberField.Chosen) -> None:
        laboratory, value = self.laboratory, event.value
        start = laboratory.timeline.start
        match event.field.id:
            case "rate":
                laboratory.set_learning_rate(value)
            case "steps":
                laboratory.set_iterations(int(value))
            case "start-w":
                self._start_at(value, start.b)
            case "start-b":
                self._start_at(start.w, value)
            case "at-x":
                laboratory.predict(value)
            case name:
                optimizer: Any = laboratory.timeline.settings.optimizer
                laboratory.set_optimizer(replace(optimizer, **{str(name): value}))
        self.touch()

    @on(Chart.Clicked)
    def _place_clicked(self, event: Chart.Clicked) -> None:
        window = self._views.curve_window
        if window is not None and self.laboratory.view == "curve":
            self._start_at(rounded(event.x, window.right - window.left), self.laboratory.timeline.start.b)
            self.touch()

    def _start_at(self, w: float, b: float) -> None:
        self._try(lambda: self.laboratory.set_start(w, b))

    def _try(self, deed: Callable[[], None]) -> None:
        """Do what begins a run anew; where it cannot be done, say why, and all stays as it is."""
        self._pause()
        try:
            deed()
        except ValueError as error:
            self.laboratory.say(f"{error}.", alarm=True)
        self.touch()

    # Data

    def action_open(self) -> None:
        """Open another data file."""
        self._pause()
        self.app.push_screen(OpenDialog(), self._opened)

    def _opened(self, data: Dataset | None) -> None:
        if data is not None:
            self._keep()
            self._try(lambda: self.laboratory.open(data))

    @on(Form.Columns)
    def _columns_chosen(self, event: Form.Columns) -> None:
        self._load_columns(event.x, event.y)

    @work(thread=True, exclusive=True)
    def _load_columns(self, x: str, y: str) -> None:
        """Read other columns of the file, beside the event loop."""
        try:
            now = self.laboratory.data
            if now is None:
                return
            if now.path is None and now.origin is not None:
                data = load(now.origin, x, y, skip_bad_rows=bool(now.skipped))
            else:
                data = load_again(str(now.path), x, y, skip_bad_rows=bool(now.skipped))
        except DatasetError as error:
            self.app.call_from_thread(self._refused, str(error))
        else:
            self.app.call_from_thread(self._opened, data)

    def _refused(self, sentence: str) -> None:
        self.laboratory.say(sentence, alarm=True)
        self._form.show_data(self.laboratory.data, self.laboratory.landscape.title)
        self.touch()

    # Looking

    @on(Form.Hint)
    def _hint(self, event: Form.Hint) -> None:
        hint = self.query_one("#hint", Static)
        hint.display = bool(event.text)
        hint.update(event.text)
        hint.set_class(event.wrong, "-wrong")
        hint.styles.offset = (self.query_one("#left").region.right, event.row)

    def action_view(self, name: str = "") -> None:
        """Show a view, or the next one."""
        self.laboratory.show(name)
        if self.laboratory.view != "rates":
            self.laboratory.give_up_sweep()
            self.workers.cancel_group(self, "sweep")
        self.touch()

    def _sweep(self) -> None:
        """Begin the sweep that is wanted, if any is; it ends the one before."""
        sweeping = self.laboratory.begin_sweep()
        if sweeping is not None:
            self._take_sweep(sweeping)

    @work(thread=True, exclusive=True, group="sweep")
    def _take_sweep(self, sweeping: Iterator[Sweep]) -> None:
        """Sweep beside the event loop, and show how far it has come."""
        worker = get_current_worker()
        for swept in sweeping:
            if worker.is_cancelled:
                return
            self.app.call_from_thread(self._show_sweep, worker, swept)

    def _show_sweep(self, worker: Worker[None], swept: Sweep) -> None:
        if not worker.is_cancelled:
            self.laboratory.sweep = swept
            self.touch()

    def action_cursor(self, by: int) -> None:
        """Look at another learning rate."""
        self.laboratory.move_cursor(by)
        self.touch()

    def action_take(self) -> None:
        """Take the rate one looks at."""
        self.laboratory.take_rate()
        self.touch()

    def action_ghosts(self) -> None:
        """Show three next steps, or one."""
        self.laboratory.toggle_ghosts()
        self.touch()

    # Comparing

    def action_branches(self) -> None:
        """Look at the branches."""
        self._pause()
        self.app.push_screen(BranchDialog(self.laboratory.branches), self._switched)

    def _switched(self, branch: Branch | None) -> None:
        if branch is not None:
            self.laboratory.switch(branch)
        self.touch()

    def action_pin(self) -> None:
        """Keep the run as it is."""
        self._pause()
        self.laboratory.pin()
        self.touch()

    def action_race(self) -> None:
        """Let all optimizers run."""
        self._pause()
        if self.laboratory.race():
            self.laboratory.say(f"{self.laboratory.note} 2: map, 4: history, g: compare.")
        self.touch()

    def action_scale(self) -> None:
        """Standardize the rows, or no longer."""
        self._keep()
        self._try(self.laboratory.toggle_scaling)

    def action_log(self) -> None:
        """Switch the loss axis."""
        self.laboratory.toggle_log()
        self.touch()

    def action_fit(self) -> None:
        """Fit the chart to the run."""
        self.laboratory.fit()
        self.touch()

    def action_marker(self) -> None:
        """Draw with the next marker."""
        stage = self._stage
        markers = list(MARKERS)
        stage.marker = markers[(markers.index(stage.marker) + 1) % len(markers)]
        self.laboratory.say(f"Lines are drawn in {MARKERS[stage.marker]}.")
        self.touch()

    def action_settings(self) -> None:
        """Go to the learning rate."""
        if self.query_one("#left").display:
            self.set_focus(self.query_one("#rate"))
        else:
            self.laboratory.say("The settings need a terminal of at least 80 x 24.", alarm=True)
            self.touch()

    def action_chart(self) -> None:
        """Go to the chart."""
        self.set_focus(self._stage)

    def action_why(self) -> None:
        """Derive the current point."""
        self._pause()
        self.app.push_screen(TextDialog("Why", "\n".join(lesson.derivation(self.laboratory.frame))))

    def action_help(self) -> None:
        """Explain the screen and the keys."""
        self.app.push_screen(TextDialog("Help", help_text()))

    def action_palette(self) -> None:
        """Find a command by its name."""
        self.app.action_command_palette()

    def action_theme(self) -> None:
        """Take the next theme."""
        at = THEMES.index(self.app.theme) + 1 if self.app.theme in THEMES else 0
        self.app.theme = THEMES[at % len(THEMES)]

    def action_suspend(self) -> None:
        """Go back to the shell for a while."""
        self._pause()
        self.touch()
        self.app.action_suspend_process()

    async def action_repaint(self) -> None:
        """Draw everything again."""
        await self.run_action("app.redraw")

    def action_interrupt(self) -> None:
        """Copy what is selected; where nothing is, quit."""
        copy_or_quit(self)

    def action_quit(self) -> None:
        """Leave."""
        self.app.exit()


def rounded(value: float, span: float) -> float:
    """A value rounded to a hundredth of the span on screen, as near as a click can be.

    >>> rounded(1.23456, 5.0)
    1.23
    """
    return float(f"{value:.{max(0, round(2 - np.log10(span)) + 1) if 1e-12 < span < 1e12 else 6}f}")
