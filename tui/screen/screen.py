"""The screen of the laboratory: keys become calls of the laboratory, and the resulting frame is shown."""

from __future__ import annotations

from asyncio import to_thread
from dataclasses import replace
from functools import partial
from math import inf
from time import monotonic
from typing import TYPE_CHECKING, Any, ClassVar

from textual import on, work
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import Screen
from textual.widgets import Static
from textual.worker import get_current_worker

from gdcore.inert import inert
from gdcore.landscapes.landscape import Landscape
from gdcore.rows.dataset import DatasetError
from gdcore.studies.race import ranked
from tui.charts.canvas import MARKERS
from tui.laboratory import lesson
from tui.laboratory.commands import shown
from tui.laboratory.grounds import load_file
from tui.laboratory.saving import session_of
from tui.laboratory.welcome import forms
from tui.screen import panels
from tui.screen.ahead import Ahead
from tui.screen.aside import Aside, room
from tui.screen.chart import Chart
from tui.screen.dialogs import BranchDialog, OptionsDialog, TextDialog, copy_or_quit
from tui.screen.fields import NumberField
from tui.screen.form import RESTARTING, SCHEDULE_FIELDS, Form
from tui.screen.help import help_text
from tui.screen.keybar import KeyBar
from tui.screen.keys import COMMANDS
from tui.screen.panel import Panel
from tui.screen.running import Runner, breathe
from tui.sources.load import load
from tui.terminal.base import prepare, show_now, text_of
from tui.terminal.themes import OWN
from tui.views.views import Views

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from textual import events
    from textual.app import ComposeResult
    from textual.timer import Timer
    from textual.worker import Worker

    from gdcore.descent.branches import Branch
    from gdcore.rows.dataset import Dataset
    from gdcore.session import Session
    from gdcore.studies.race import Rank
    from tui.laboratory.frame import Frame
    from tui.laboratory.laboratory import Laboratory
    from tui.laboratory.saving import Saver
    from tui.screen.course import Begun, Guide
    from tui.views.view import View

SELDOM = 5
"""During a run, small views are drawn only once in this many frames, to save the line for the chart."""
SAVED_AFTER = 1.0
"""Seconds between a change and saving it, to save several changes at once."""
BARS, SHORT, LONGER = 2, 7, 9
"""Rows of header and key bar, and of the readout, which some runs make longer."""
WIDE = 100
"""Minimum screen width for small views on the left."""
RACE_FRAMES = 2
"""The table of a race is drawn once in this many frames."""
THEMES = OWN
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
    """The chart, with the keys that only it has, and all others: here a key need not go up through its parents."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(",".join((*command.keys, *command.chart_keys)), f"screen.{command.action}", show=False, priority=True)
        for command in COMMANDS
    ]


class LaboratoryScreen(Screen[None]):
    """Settings on the left, the loss curve on the right, and below it what the rate does and what the steps did."""

    BINDINGS: ClassVar[list[BindingType]] = _bindings()
    AUTO_FOCUS = "Stage"

    def __init__(
        self,
        laboratory: Laboratory,
        *,
        marker: str = "braille",
        fps: float = 20,
        saver: Saver | None = None,
        course: Begun | None = None,
    ) -> None:
        super().__init__()
        prepare(self)
        self.laboratory = laboratory
        laboratory.leaving = self._keep
        self._saver = saver
        self._saving: Timer | None = None
        self._marker = marker
        self._runner = Runner(fps)
        self._ahead = Ahead(self, self.touch)
        self._shown: Frame | None = None
        self._timer: Timer | None = None
        self._drawing = False
        self._beside = 0
        self._views = Views()
        self._begun = course
        self._guide: Guide | None = None
        self._own = True
        self._race_on: Worker[None] | None = None
        self._raced = 0.0
        self._ranks: list[Rank] = []
        self._stage = Stage(id="chart")
        self._form = Form(laboratory.ground, id="form")
        self._aside = Aside(id="aside")
        texts = (panels.header, panels.readout, panels.summary, panels.gauge, panels.story)
        names = ("header", "readout", "summary", "gauge", "story")
        self._panels = {name: Panel(text, id=name) for name, text in zip(names, texts, strict=True)}

    def compose(self) -> ComposeResult:
        """The parts of the screen."""
        yield self._panels["header"]
        with Horizontal(id="body"):
            with Vertical(id="left"):
                yield self._form
                yield self._aside
                yield self._panels["readout"]
            with Vertical(id="right"):
                yield self._stage
                yield self._panels["summary"]
                yield self._panels["gauge"]
                yield self._panels["story"]
        yield KeyBar(id="keys")
        hint = Static(id="hint", markup=False)
        hint.display = False
        yield hint
        yield Static("gdlab needs a terminal of at least 40 x 10.", id="too-small", markup=False)

    def on_mount(self) -> None:
        """Show the first frame."""
        self._stage.marker = self._marker
        self.draw()
        if self._begun is not None:
            self.call_later(self._open_course, self._begun)

    def on_resize(self, event: events.Resize) -> None:
        """Leave out what has no room."""
        width, height = event.size
        self.set_class(width < 80 or height < 24, "-narrow")
        self.set_class(width < 60 or height < 16, "-small")
        self.set_class(width < 40 or height < 10, "-tiny")
        if width >= WIDE or self._aside.display or self._guide is not None:
            self.touch()
        if self.focused is not None and self.query_one("#left") in self.focused.ancestors and self.has_class("-narrow"):
            self.set_focus(self._stage)

    # One frame goes down

    def touch(self) -> None:
        """Request a redraw: once for all keys that are already waiting."""
        if not self._drawing:
            self._drawing = True
            self.call_later(self._draw_now)

    def _draw_now(self) -> None:
        """Draw and show it without waiting for Textual's next tick."""
        self._drawing = False
        self.draw()
        show_now(self)

    def draw(self) -> None:
        """Hand the frame of this moment to every widget."""
        frame = self._shown = self._frame()
        try:
            self._hand_down(frame)
        except DatasetError as error:  # the rows of a batch are read when they are drawn
            self._panels["story"].show(self._silent(frame, error))

    def _hand_down(self, frame: Frame) -> None:
        if self._own and self._saver is not None and self._saving is None:
            self._saving = self.set_timer(SAVED_AFTER, partial(self._save, self._saver))
        for panel in self._panels.values():
            panel.show(frame)
        self._form.show(frame, self._views.current.fields)
        self.set_class(panels.longer(frame), "-longer")
        self._show_race(frame)
        self._show_aside(frame)
        scene = self._views.scene(frame)  # last: if it fails, everything else is already shown
        view = self._views.current
        study = view.study(frame)
        if study is not None:
            self._take_study(view, study)
            scene = self._views.scene(frame)  # drop results of the study that are now outdated
        card: tuple[tuple[str, ...], ...] = ()
        if self.laboratory.welcome.at(frame.state.iteration) and view.welcomes:
            card = forms(cross=frame.landscape.drawn.lowest_point(frame.state.b) is not None)
        self._stage.card = card
        self._stage.scene = scene

    def _frame(self) -> Frame:
        """The frame of this moment; where an engine does not answer, the one before with a sentence that says so."""
        try:
            return self.laboratory.frame if self._guide is None else self._guide.frame
        except DatasetError as error:
            if self._shown is None:
                raise
            return self._silent(self._shown, error)

    def _silent(self, frame: Frame, error: DatasetError) -> Frame:
        """A frame with the sentence of an engine that does not answer; nothing runs any more."""
        self._pause()
        return replace(frame, note=f"{error}.", alarm=True, running=False)

    def _show_aside(self, frame: Frame) -> None:
        """Show small views if a wide terminal has space below the settings; during a run paint them in some frames."""
        width, height = self.app.size
        rows = sum(child.display for child in self._form.children)
        if self.has_class("-racing"):
            rows = 2 + 2 * len(self._views.racers)  # of the table that is there instead
        free = height - BARS - rows - (LONGER if self.has_class("-longer") else SHORT) if width >= WIDE else 0
        if self._guide is not None:
            free -= self._guide.arrange(width, free)
        count = room(free)
        count *= self._race_on is None
        shown = self._aside.display, self._aside.styles.height
        self._aside.display = count > 0
        if count:
            self._aside.styles.height = free
        same = shown == (self._aside.display, self._aside.styles.height)
        self._beside = (self._beside + 1) % SELDOM if frame.running and same else 0
        if count and not self._beside:
            self._aside.marker = self._stage.marker
            self._aside.show(self._views.beside(frame, count))

    def _show_race(self, frame: Frame) -> None:
        """Show the table of a race, during the race and until the user makes a step after it."""
        on = self._race_on is not None
        if not on:
            self._views.keep_race(frame)
        shown = on or (bool(self._views.racers) and self._views.current.races)
        self.set_class(shown, "-racing")
        if not shown:
            return
        from tui.screen.racing import RaceTable  # noqa: PLC0415 (it is not often wanted)

        found = self.query(RaceTable)
        table = found.first() if found else RaceTable(id="race")
        if not found:
            self.query_one("#left").mount(table, before=0)
        table.ascii = self._stage.marker == "dot"
        racers = set(map(id, self._views.racers))
        ranks = [rank for rank in self._ranks if id(rank.runner) in racers]
        table.show(ranks, self._views.badges(frame), self._raced if on else None)

    def _save(self, saver: Saver) -> None:
        """Save the session; called at most SAVED_AFTER seconds after a change."""
        self._saving = None
        self._write(saver, session_of(self.laboratory))

    @work(thread=True)
    def beside(self, write: Callable[[], str]) -> None:
        """Run a write in a thread; show the error message it returns."""
        if sentence := write():
            self.app.call_from_thread(self._refused, sentence)

    @work(thread=True)
    def _write(self, saver: Saver, session: Session) -> None:
        """Write a session in a thread: a disk may be slow."""
        if sentence := saver.save(session):
            self.app.call_from_thread(self._refused, sentence)

    def _keep(self) -> None:
        """Save at once before the data are replaced."""
        if self._saver is not None and (sentence := self._saver.save(session_of(self.laboratory))):
            self._refused(sentence)

    # What a person does

    def action_do(self, name: str) -> None:
        """Do what a command does to the laboratory."""
        command = next(command for command in COMMANDS if command.name == name)
        if command.do is None or self._waits(name):
            return
        if command.steps and self.laboratory.walk.asks:
            self._ahead.owe(self.laboratory, command.steps)
        else:
            self._try(partial(command.do, self.laboratory), pauses=command.pauses)

    def _try(self, deed: Callable[[], object], *, pauses: bool = True) -> None:
        """Change the laboratory; if that fails, say why and change nothing."""
        if pauses:
            self._pause()
        try:
            deed()
        except ValueError as error:
            self.laboratory.notes.say(f"{error}.", alarm=True)
        self.touch()

    def action_run(self) -> None:
        """Run, or pause."""
        walk = self.laboratory.walk
        if walk.running:
            self._pause()
        elif self._waits("run"):
            return
        elif walk.timeline.ending is not None:
            walk.step()
        else:
            walk.running = True
            self._go()
        self.touch()

    def _go(self) -> None:
        """Run by the clock; where a step is a query, as the answers come."""
        if self.laboratory.walk.asks:
            self._ahead.owe(self.laboratory)
        else:
            self._timer = self.set_interval(self._runner.begin(), self._tick)
            self._tick()

    def _pause(self) -> None:
        self.laboratory.walk.running = False
        self._ahead.stop()
        if self._timer is not None:
            self._timer.stop()
            self._timer = None

    def _tick(self) -> None:
        """Make the steps that are due."""
        if self.laboratory.walk.asks:  # steps see batches from now on
            self._pause()
            self.laboratory.walk.running = True
            self._go()
        elif self._runner.tick(self.laboratory.walk):
            if self.laboratory.walk.timeline.ending is not None:
                self._pause()
            self.touch()

    @on(Form.TrainBias)
    def _bias_chosen(self, event: Form.TrainBias) -> None:
        if not self._waits("bias"):
            self._try(lambda: self.laboratory.walk.set_train_bias(event.train_bias), pauses=False)

    @on(Form.Loss)
    def _loss_chosen(self, event: Form.Loss) -> None:
        self._try(lambda: self.laboratory.set_loss(event.loss))

    @on(Form.Schedule)
    def _schedule_chosen(self, event: Form.Schedule) -> None:
        if not self._waits("schedule"):
            self._try(lambda: self.laboratory.walk.set_schedule(event.schedule), pauses=False)

    @on(Form.Method)
    def _method_chosen(self, event: Form.Method) -> None:
        if not self._waits("method"):
            self._try(lambda: self.laboratory.walk.set_optimizer(event.optimizer), pauses=False)

    @on(NumberField.Chosen)
    def _number_chosen(self, event: NumberField.Chosen) -> None:
        name = str(event.field.id)
        if not self._waits(name):
            self._try(partial(self._take_number, name, event.value), pauses=name in RESTARTING)

    def _take_number(self, name: str, value: float) -> None:
        """Put the number of a field in force."""
        laboratory, walk = self.laboratory, self.laboratory.walk
        w, b = walk.start
        match name:
            case "rate":
                walk.set_learning_rate(value)
            case "steps":
                walk.set_iterations(int(value))
            case "start-w":
                walk.set_start(value, b)
            case "start-b":
                walk.set_start(w, value)
            case "at-x":
                laboratory.predict(value)
            case "batch":
                walk.set_batch(int(value))
            case "seed":
                walk.set_seed(int(value))
            case "delta":
                laboratory.set_loss("huber", value)
            case name if name in SCHEDULE_FIELDS:
                schedule: Any = walk.timeline.settings.schedule
                walk.set_schedule(replace(schedule, **{SCHEDULE_FIELDS[name]: value}))
            case name:
                optimizer: Any = walk.timeline.settings.optimizer
                walk.set_optimizer(replace(optimizer, **{name: value}))

    @on(Chart.Clicked)
    def _place_clicked(self, event: Chart.Clicked) -> None:
        if not self._waits("start"):
            self._try(lambda: self._views.current.clicked(event.x, self.laboratory))

    @on(Chart.Dragged)
    def _dragged(self, event: Chart.Dragged) -> None:
        if self._views.current.dragged(event.columns, event.rows):
            self.touch()

    # Data

    def action_open(self) -> None:
        """Open another data file."""
        from tui.screen.opening import OpenDialog  # noqa: PLC0415 (who opens nothing does not wait for it)

        self._pause()
        self.app.push_screen(OpenDialog(), self._opened)

    def _opened(self, ground: Dataset | Landscape | None) -> None:
        if isinstance(ground, Landscape):
            self._try(lambda: self.laboratory.walk_on(ground))
        elif ground is not None:
            self._try(lambda: self.laboratory.open(ground))

    @on(Form.Columns)
    def _columns_chosen(self, event: Form.Columns) -> None:
        self._load_columns(event.x, event.y)

    @work(thread=True, exclusive=True)
    def _load_columns(self, x: str, y: str) -> None:
        """Read other columns of the file in a thread."""
        try:
            now = self.laboratory.ground.rows
            if now.path is None and now.origin is not None:
                data = load(now.origin, x, y, skip_bad_rows=bool(now.skipped))
            else:
                data = load_file(str(now.path), x, y, skip_bad_rows=bool(now.skipped))
        except DatasetError as error:
            self.app.call_from_thread(self._refused, str(error))
        else:
            self.app.call_from_thread(self._opened, data)

    def refuse(self, error: DatasetError) -> None:
        """Say that rows cannot be had, and let nothing run on."""
        self._pause()
        self._refused(f"{error}.")

    def _refused(self, sentence: str) -> None:
        self.laboratory.notes.say(sentence, alarm=True)
        self._form.show_ground(self.laboratory.ground)
        self.touch()

    # Looking

    @on(Form.Hint)
    def _hint(self, event: Form.Hint) -> None:
        hint = self.query_one("#hint", Static)
        hint.display = bool(event.text)
        if not event.text:
            return  # each change of what is not shown would lay out the screen
        hint.update(event.text)
        hint.set_class(event.wrong, "-wrong")
        hint.styles.offset = (self.query_one("#left").region.right, event.row)

    def action_view(self, name: str = "") -> None:
        """Show a view, or the next one."""
        before = self._views.current
        why = self._views.show(name, self.laboratory.ground)
        self.laboratory.notes.say(why or self._views.current.hinted(self.laboratory))
        if self._views.current is not before:
            self.workers.cancel_group(self, "study")
        self.touch()

    def action_view_key(self, key: str) -> None:
        """Do what a key means in the view that is shown."""
        if key != "enter" or not self._waits("rate"):  # enter takes a rate
            self._try(lambda: self._views.key(key, self.laboratory), pauses=False)

    @work(thread=True, exclusive=True, group="study")
    def _take_study(self, view: View, study: Iterator[Any]) -> None:
        """Run a long computation of a view in a thread, and show its progress."""
        worker = get_current_worker()
        for piece in study:
            if worker.is_cancelled:
                return
            self.app.call_from_thread(self._show_piece, worker, view, piece)

    def _show_piece(self, worker: Worker[None], view: View, piece: Any) -> None:
        if not worker.is_cancelled:
            view.take(piece)
            self.touch()

    def action_log(self) -> None:
        """Switch the loss axis."""
        self.laboratory.notes.say(self._views.toggle_log())
        self.touch()

    def action_fit(self) -> None:
        """Choose the windows of the chart again."""
        self.laboratory.notes.say(self._views.fit(self.laboratory.frame))
        self.touch()

    def action_marker(self) -> None:
        """Draw with the next marker."""
        stage = self._stage
        markers = list(MARKERS)
        stage.marker = markers[(markers.index(stage.marker) + 1) % len(markers)]
        self.laboratory.notes.say(f"Lines are drawn in {MARKERS[stage.marker]}.")
        self.touch()

    # Comparing

    def action_branches(self) -> None:
        """Look at the branches."""
        self._pause()
        self.laboratory.walk.branches.measure()
        badges = self._views.badges(self.laboratory.frame)
        marks = {
            key: (badge.ascii if self._stage.marker == "dot" else badge.glyph, self._stage.style_of(badge.role))
            for key, badge in badges.items()
        }
        self.app.push_screen(BranchDialog(self.laboratory.walk.branches, marks), self._switched)

    def _switched(self, branch: Branch | None) -> None:
        if branch is not None:
            self._try(lambda: self.laboratory.walk.switch(branch))
        self.touch()

    def action_seeds(self) -> None:
        """Let several seeds run."""
        self._pause()
        if not self._waits("seeds") and self.laboratory.studies.seeds():
            self._views.racers = ()  # the table of an older race would be of runs that have given their marks away
            self._views.show_race(self.laboratory.ground)
        self.touch()

    def action_race(self) -> None:
        """Let all optimizers run."""
        self._pause()
        if self._race_on is None and not self._waits("race"):
            self._race_on = self._race()
            self.laboratory.welcome.shown = False  # who races needs no first keys
            self.set_focus(self._stage)
        self.touch()

    @work(group="race")
    async def _race(self) -> None:
        """Run the race piece by piece, handling keys between the pieces."""
        pieces = self.laboratory.studies.racing(longest=None)
        raced, shown = False, -inf
        runners: tuple[Branch, ...] = ()
        try:
            while True:
                begun = monotonic()
                runners, self._raced, asks = next(pieces)
                if monotonic() - shown > self._runner.interval * RACE_FRAMES:
                    shown = monotonic()
                    await self._rank(runners)
                    self.touch()
                await (to_thread(asks.ask_ahead) if asks else breathe(monotonic() - begun))
        except StopIteration as done:
            raced = done.value
            await self._rank(runners if raced else ())
        except DatasetError as error:
            self.refuse(error)
        finally:
            pieces.close()
            if self._race_on is get_current_worker():  # it was not cancelled
                self._race_on = None
                self._views.racers = self._views.racers if raced else ()
        if raced:
            self._views.show_race(self.laboratory.ground)
            self.laboratory.notes.say(f"{self.laboratory.notes.text} 2: map, 4: history, g: list.")
        self.touch()

    async def _rank(self, runners: tuple[Branch, ...]) -> None:
        """Show these runners in the table. They are measured in a thread where that is a pass over many rows."""
        landscape = self.laboratory.ground.landscape
        passes = landscape.columns is not None and not landscape.exact
        self._ranks = await to_thread(ranked, runners) if passes else ranked(runners)
        self._views.racers = runners

    # The course

    def action_course(self, what: str = "") -> None:
        """Open the course, leave it, or do another command of the course."""
        if self._guide is None and what:
            self.laboratory.notes.say("T opens the course; then this key is of use.")
            self.touch()
        elif self._guide is None:
            self._begin_course()
        elif what:
            self._guide.do(what)
        else:
            self._guide.toggle()

    @work(thread=True, exclusive=True, group="course")
    def _begin_course(self) -> None:
        """Read the course and the progress in a thread, as all that was done is replayed."""
        from tui.laboratory.keeping import open_lesson  # noqa: PLC0415

        try:
            begun = open_lesson()
        except ValueError as error:
            self.app.call_from_thread(self._refused, f"{error}.")
        else:
            self.app.call_from_thread(self.call_later, self._open_course, begun)

    async def _open_course(self, begun: Begun) -> None:
        """Show a course that has begun."""
        from tui.screen.course import Guide  # noqa: PLC0415 (who opens no course does not wait for it)

        if self._guide is None:
            guide = Guide(self, begun)
            await guide.mount()
            self._guide = guide
            guide.toggle()

    def stand_in(self, laboratory: Laboratory, views: Views, *, own: bool) -> tuple[Laboratory, Views]:
        """Show another laboratory with its own views; return the previous ones."""
        before = self.laboratory, self._views
        self._pause()
        for field in self._form.query(NumberField):
            field.undo()  # the text was meant for the old laboratory
        if self._saving is not None and self._saver is not None:
            self._saving.stop()
            self._save(self._saver)
        for group in ("study", "race"):
            self.workers.cancel_group(self, group)
        self._views.current.leave()
        self.laboratory, self._views, self._own = laboratory, views, own
        self.set_focus(self._stage)
        self.touch()
        return before

    def _waits(self, name: str) -> bool:
        """Whether an action must wait for an answer in the course; if so, say it."""
        waits = self._guide is not None and self._guide.waits(name)
        if waits:
            self.touch()
        return waits

    # Around it

    def action_settings(self) -> None:
        """Focus the learning rate."""
        if self._race_on is None and self._views.racers:
            self._views.racers = ()
            self.draw()
        if self.query_one("#left").display and self._race_on is None:
            self.set_focus(self.query_one("#rate"))
        else:
            self.laboratory.notes.say("The settings need a terminal of at least 80 x 24.", alarm=True)
            self.touch()

    def action_chart(self) -> None:
        """Go to the chart; give up steps or a race that goes on, or put away its table."""
        if self._ahead.owes:
            self._pause()
            self.touch()
        if self._race_on is not None:
            self._race_on.cancel()
            self._race_on, self._views.racers = None, ()
            self.laboratory.notes.say("The race was given up. Nothing has changed.")
            self.touch()
        elif self._views.racers:
            self._views.racers = ()
            self.touch()
        self.set_focus(self._stage)

    def action_why(self) -> None:
        """Show the derivation for the current point."""
        self._pause()
        self.app.push_screen(TextDialog("Why", "\n".join(lesson.derivation(self.laboratory.frame))))

    def action_help(self) -> None:
        """Explain the screen and the keys."""
        self.app.push_screen(TextDialog("Help", help_text()))

    def action_export(self) -> None:
        """Choose what to write."""
        from tui.headless.export.save import FORMS  # noqa: PLC0415 (it is not often wanted)

        self._pause()
        names = [name for name, _ in FORMS.values()]
        self.app.push_screen(OptionsDialog(names, 0, self._stage.region), self._exported)

    def _exported(self, chosen: int | None) -> None:
        from tui.headless.export.save import FORMS, save  # noqa: PLC0415

        if chosen is not None:
            form, dark = list(FORMS)[chosen], self.app.current_theme.dark

            def write() -> None:
                path = save(self.laboratory, form, self._views, text_of(self), dark=dark)
                self.laboratory.notes.say(f"Written: {inert(path.name)} in the folder gdlab was started in.")

            self._try(write)

    def action_copy(self) -> None:
        """Copy what is on the screen, as text."""
        from tui.headless.export.save import text_from  # noqa: PLC0415

        def copy() -> None:
            self.app.copy_to_clipboard(text_from(text_of(self)))
            self.laboratory.notes.say("Copied, if the terminal lets programs write to its clipboard.")

        self._try(copy, pauses=False)

    def action_palette(self) -> None:
        """Find a command by its name."""
        self.app.action_command_palette()

    def action_theme(self) -> None:
        """Take the next theme."""
        at = THEMES.index(self.app.theme) + 1 if self.app.theme in THEMES else 0
        self.app.theme = THEMES[at % len(THEMES)]

    def action_suspend(self) -> None:
        """Suspend to the shell."""
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
