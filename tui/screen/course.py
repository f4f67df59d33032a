"""The course in the app: the panel of the current task, and what the keys of the course do.

None of this is imported before a course is opened.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, ClassVar, cast

from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.geometry import Region

from gdcore.descent.optimizers import OPTIMIZERS, hyperparameters
from gdcore.descent.parameters import FINITE, Parameter
from gdcore.inert import inert
from tui.screen.course_text import MORE, goes_on, headline, laid_out, page_of, pages
from tui.screen.dialogs import Dialog, OptionsDialog, TextDialog
from tui.screen.fields import NUMBER_CHARACTERS, NumberField
from tui.screen.form import SCHEDULE_FIELDS, Row
from tui.terminal.painted import Painted
from tui.views.views import Views

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import TypeAlias

    from textual import events
    from textual.app import ComposeResult
    from textual.timer import Timer
    from textual.widgets import Input

    from tui.charts.cells import Row as Cells
    from tui.laboratory.frame import Frame
    from tui.laboratory.keeping import Keeper
    from tui.laboratory.laboratory import Laboratory
    from tui.laboratory.learning import Lesson, Panel
    from tui.screen.app import GradientDescentApp
    from tui.screen.screen import LaboratoryScreen

    Begun: TypeAlias = tuple[Lesson, Keeper, str]
    """A lesson, the keeper of its progress, and a first remark."""

KEPT_AFTER = 1.0
"""Seconds between a change of the progress and saving it, to save several changes at once."""
STRIP = 4
"""Maximum rows of the panel above the gauge."""
BESIDE_CHART, CHART = 10, 7
"""Rows of the screen used by other parts, and rows kept for the chart."""
SIDE = 9
"""Minimum number of rows for the panel under the settings."""
WIDE, NARROW, BROAD = 100, 28, 46
"""Minimum screen width for the panel under the settings, and minimum and maximum width of the settings."""
_CHANGED_BY = {
    **{parameter.name: "optimizer" for kind in OPTIMIZERS.values() for parameter in hyperparameters(kind)},
    **dict.fromkeys(SCHEDULE_FIELDS, "schedule"),
}
"""The action behind a number field of the form, if its name is not the action."""
KEYS = "A answers, H hints, j turns the page, W shows all of it, T leads to your own work."
"""What is said when the course is opened."""
NUMBER = "The answer is a number. Enter gives it, escape leaves the question; H: hint, j: page, W: all of the task."
"""What is said of a letter in the field of an answer."""
HELPING = frozenset("HjW")
"""The commands that can be given from there."""
ANSWER = Parameter("answer", FINITE, "what you expect")


class Notice(TextDialog, inherit_bindings=False):
    """A sentence that letters do not put away: who types an answer here would give commands with them."""

    BINDINGS: ClassVar[list[BindingType]] = [*Dialog.BINDINGS, Binding("escape,enter", "dismiss", "Close")]


class AnswerField(NumberField):
    """A numeric answer, which only enter submits, not leaving the field. Letters are no commands in it."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "undo", "Undo", show=False)]

    def __init__(self, answered: Callable[[str | None], None], refused: Callable[[], None], *, id: str) -> None:  # noqa: A002
        """Pass the text, or None on escape, to `answered`; call `refused` for a letter that is no part of an answer."""
        super().__init__(ANSWER, id=id)
        self.value = ""
        self._answered = answered
        self._refused = refused
        self._given = False

    async def on_key(self, event: events.Key) -> None:
        """Leave to the commands only those that help to answer, until the answer is given."""
        self._given = self._given or event.key == "enter"
        if event.is_printable and not self._given and event.character not in {*NUMBER_CHARACTERS, *HELPING}:
            event.stop()
            event.prevent_default()
            self._refused()
        else:
            await super().on_key(event)

    def _check(self) -> None:
        """Do not check while typing; the answer is checked when it is given."""

    def apply(self) -> None:
        """Do nothing: only enter gives an answer."""

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Give the answer."""
        event.stop()
        self._answered(self.value)
        self._given = False

    async def action_undo(self) -> None:
        """Leave the question open."""
        self._answered(None)

    def action_nudge(self, direction: int) -> None:
        """Do nothing: an answer is typed."""


class TaskText(Painted):
    """The text of the panel, a page at a time."""

    _panel: Panel | None = None
    _folded = _bare = False
    _page = 0
    _wanted: str | None = None

    def __init__(self, clicked: Callable[[], None]) -> None:
        super().__init__()
        self._clicked = clicked

    def on_click(self) -> None:
        """A click turns the page."""
        self._clicked()

    def show(self, panel: Panel, *, folded: bool, bare: bool) -> None:
        """Show a task: its headline alone, without its headline, or all."""
        self._panel, self._folded, self._bare = panel, folded, bare
        self.repaint()

    def turn(self) -> None:
        """Show the next page; after the last one the first."""
        self._page, self._wanted = self._page + 1, None
        self.repaint()

    def seek(self, part: str) -> None:
        """Show the page with a part of the text, one of `course_text.PARTS`."""
        self._wanted = part

    def paint(self, width: int, height: int) -> Sequence[Cells]:
        """Draw the headline and a page; the page alone if an answer is typed in a low panel."""
        panel = self._panel
        if panel is None:
            return laid_out((), width, height)
        title = not self._bare
        if self._folded or (title and height == 1):
            return laid_out([headline(panel, width)], width, height)
        leaves = pages(panel, width, height - title)
        more = not title and goes_on(leaves, "question")
        if more:
            leaves = pages(panel, width - MORE, height)
        if self._wanted is not None:
            self._page = page_of(leaves, self._wanted)
        self._page %= len(leaves)
        rows = [cells for _, cells in leaves[self._page]]
        if title:
            return laid_out([headline(panel, width, self._page, len(leaves)), *rows], width, height)
        return laid_out(rows, width, height, more=more)


class CoursePanel(Vertical):
    """The panel of a task: its text, and a field if the answer is a number.

    Attributes:
        text: the text.
        field: the field.
    """

    DEFAULT_CSS = """
    CoursePanel { background: $panel; padding: 0 1; display: none; }
    CoursePanel TaskText { height: 1fr; }
    CoursePanel Row { display: none; }
    """

    def __init__(self, guide: Guide, *, id: str) -> None:  # noqa: A002
        super().__init__(id=id)
        self.text = TaskText(guide.turn)
        self.field = AnswerField(guide.answered, guide.not_a_number, id=f"{id}-answer")
        self._row = Row("Answer", self.field)

    def compose(self) -> ComposeResult:
        """The text, and the field below it."""
        yield self.text
        yield self._row

    @property
    def answering(self) -> bool:
        """Whether the field is there."""
        return bool(self._row.display)

    def ask(self, *, there: bool) -> None:
        """Show the empty field, or hide it."""
        self.field.value = ""
        self._row.display = there


class Guide:
    """Leads a learner through a course, in a laboratory separate from that of their own work.

    Attributes:
        lesson: the way through the course.
        open: whether the course is shown.
    """

    def __init__(self, screen: LaboratoryScreen, begun: Begun) -> None:
        self.open = False
        self._screen = screen
        self.lesson, self._keeper, remark = begun
        self.lesson.by_keys = True
        self._greeting = self.lesson.note or KEYS
        if remark:
            screen.notify(remark, severity="warning", timeout=10, markup=False)
        self._own: tuple[Laboratory, Views] | None = None
        self._views = Views()
        self._keeping: Timer | None = None
        self._folded = False
        self._was_done, self._was_wrong = self.lesson.done, bool(self.lesson.on_wrong_answer)
        self._side = CoursePanel(self, id="course")
        self._strip = CoursePanel(self, id="task")
        app = cast("GradientDescentApp", screen.app)
        before = app.before_leaving

        def leave() -> None:
            try:
                before()
            finally:
                self.keep()

        app.before_leaving = leave

    async def mount(self) -> None:
        """Mount the panels, hidden."""
        await self._screen.query_one("#left").mount(self._side, before="#readout")
        await self._screen.query_one("#right").mount(self._strip, before="#gauge")

    # What is shown

    @property
    def _panel(self) -> CoursePanel:
        """The panel that is shown."""
        return self._side if self._side.display else self._strip

    def toggle(self) -> None:
        """Switch between the course and the user's own work."""
        self._panel.ask(there=False)
        own, self._own = self._own, None
        self.open = own is None
        if own is None:
            self._own = self._screen.stand_in(self.lesson.laboratory, self._views, own=False)
            self._arrive(self._greeting)
            self._greeting = ""
        else:
            self._screen.stand_in(*own, own=True)
            self._screen.laboratory.notes.say("This is your own work. T leads back to the course.")
        self.keep_soon()

    @property
    def frame(self) -> Frame:
        """The frame to show; the next step is hidden until the question about it is answered."""
        self._update()
        frame = self._screen.laboratory.frame
        hidden = self.open and self.lesson.blocked("step")
        return replace(frame, following=None, landings=()) if hidden else frame

    def _update(self) -> None:
        """Check whether the task is done now."""
        if self.open:
            self.lesson.update()
            if self.lesson.done and not self._was_done:
                self._folded = False
                self._seek("why")
                self._panel.ask(there=False)
            wrong = bool(self.lesson.on_wrong_answer)
            if wrong and not self._was_wrong:
                self._folded = False
                self._seek("wrong")
            self._was_done, self._was_wrong = self.lesson.done, wrong
            self.keep_soon()

    def arrange(self, width: int, free: int) -> int:
        """Place the task under the settings if there is room, else above the gauge.

        Args:
            width: the columns of the screen.
            free: how many rows there are under the settings.

        Returns:
            The number of these rows that it uses.
        """
        left = self._screen.query_one("#left")
        side = self.open and width >= WIDE and free >= SIDE
        left.styles.width = min(NARROW + width - WIDE, BROAD) if side else NARROW
        answering = self._panel.answering
        if answering and side is not bool(self._side.display):  # the screen was resized
            self._panel.ask(there=False)
            self._screen.action_chart()
        self._side.display, self._strip.display = side, self.open and not side
        taken = (1 if self._folded else free) if side else 0
        self._side.styles.height = max(taken, 1)
        answering = self._panel.answering
        self._strip.styles.height = 1 if self._folded else max(self._strip_rows(), 1 + answering)
        if self.open:
            self._panel.text.show(self.lesson.panel, folded=self._folded, bare=answering and not side)
        return taken

    def _strip_rows(self) -> int:
        """Return how many rows the chart can give up while it stays readable."""
        screen = self._screen
        others = 1 if screen.has_class("-small") else BESIDE_CHART
        return min(max(screen.size.height - others - CHART, 1), STRIP)

    def _seek(self, part: str) -> None:
        for panel in (self._side, self._strip):
            panel.text.seek(part)

    def turn(self) -> None:
        """Turn the page of the task."""
        self._folded = False
        self._panel.text.turn()
        self._screen.touch()

    # What waits

    def waits(self, name: str) -> bool:
        """Whether an action must wait for an answer; if so, say it."""
        why = self.lesson.blocked(_CHANGED_BY.get(name, name)) if self.open else ""
        if why:
            self._folded = False
            self._seek("question")
            self._say(why if self._panel.answering else f"Press A. {why}", alarm=True)
        return bool(why)

    # What a learner does

    def do(self, what: str) -> None:
        """Do what a key of the course asks for."""
        if not self.open:
            self._say("T opens the course; then this key is of use.")
            return
        match what:
            case "answer":
                self._ask()
            case "hint":
                before = len(self.lesson.panel.hints)
                note = self.lesson.hint()
                if len(self.lesson.panel.hints) > before:
                    note, self._folded = "", False
                    self._seek("hint")
                self._say(note)
            case "next" | "skip" | "redo":
                self._go(getattr(self.lesson, what))
            case "fold":
                self._folded = not self._folded
                self._screen.touch()
            case "page":
                self.turn()
            case "whole":
                self._whole()
            case "tasks":
                contents = list(self.lesson.contents())
                options = OptionsDialog(contents, self.lesson.place, self._beside())
                self._screen.app.push_screen(options, self._chosen)

    def _go(self, deed: Callable[[], str]) -> None:
        """Go to a task, or say why not."""
        place, lesson = self.lesson.place, self.lesson
        note = deed()
        if lesson.place == place and deed != lesson.redo:
            self._say(note, alarm=not lesson.done)
            return
        self._screen.stand_in(lesson.laboratory, self._views, own=False)
        self._arrive("")

    def _arrive(self, note: str) -> None:
        """Show a task."""
        lesson = self.lesson
        for panel in (self._side, self._strip):
            panel.ask(there=False)
        self._was_done, self._was_wrong = lesson.done, bool(lesson.on_wrong_answer)
        self._seek("why" if lesson.done else "wrong" if self._was_wrong else "text")
        if view := lesson.panel.view:
            self._views.show(view, lesson.laboratory.ground)
        self._say(note)
        self.keep_soon()

    def _chosen(self, place: int | None) -> None:
        if place is not None and place != self.lesson.place:
            self._go(partial(self.lesson.go, place))

    def _whole(self) -> None:
        """Show the whole task and the whole course in a dialog."""
        panel, course = self.lesson.panel, self.lesson.course
        parts = [*panel.sentences(), f"{panel.tally}:", "\n".join(self.lesson.contents())]
        if course.about:
            parts.append(course.about)
        self._screen.app.push_screen(TextDialog(inert(course.title), "\n\n".join(parts)))

    def _ask(self) -> None:
        """Ask for an answer, if one is expected."""
        question, screen = self.lesson.question, self._screen
        if question is None or (not self.lesson.pending and question.before):
            screen.app.push_screen(Notice("No answer is asked for", self.lesson.answer("")))
            return
        self._folded = False
        self._seek("question")
        if question.choices:
            screen.app.push_screen(OptionsDialog(question.choices, 0, self._beside()), self._picked)
        elif self._panel.answering:
            screen.set_focus(self._panel.field)
        else:
            self._panel.ask(there=True)
            screen.set_focus(self._panel.field)
        screen.touch()

    def _beside(self) -> Region:
        """Return the region for a list: below the chart, so that the question stays visible."""
        gauge = self._screen.query_one("#gauge").region
        right = self._screen.query_one("#right").region
        return Region(right.x, (gauge.y or right.bottom) - 1, right.width, 1)

    def _picked(self, index: int | None) -> None:
        if index is not None:
            self.answered(str(index + 1))

    def not_a_number(self) -> None:
        """Say what an answer is."""
        self._say(NUMBER, alarm=True)

    def answered(self, text: str | None) -> None:
        """Take the answer; None if it was cancelled."""
        note, alarm = "", False
        if text is not None:
            try:
                note = self.lesson.answer(text)
            except ValueError as error:
                note, alarm = f"{str(error)[:1].upper()}{str(error)[1:]}.", True
        if not alarm:
            self._panel.ask(there=False)
            self._screen.action_chart()
            self._seek("why" if self.lesson.done else "goal" if text is not None else "question")
        self._say(note, alarm=alarm)

    def _say(self, note: str, *, alarm: bool = False) -> None:
        self._screen.laboratory.notes.say(note, alarm=alarm)
        self._screen.touch()

    # What is kept

    def keep_soon(self) -> None:
        """Save the progress after a short delay, with later changes."""
        if self._keeping is None:
            self._keeping = self._screen.set_timer(KEPT_AFTER, self._keep_beside)

    def _keep_beside(self) -> None:
        """Save the progress in a thread: a disk may be slow."""
        self._keeping = None
        progress = self.lesson.progress
        self._screen.beside(lambda: self._keeper.keep(progress))

    def keep(self) -> None:
        """Save the progress now."""
        self._keeper.keep(self.lesson.progress)
