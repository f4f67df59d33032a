"""The course in the app: the panel of the current task, and what the keys of the course do.

Nothing of this is imported before a course is opened.
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
from tui.screen.course_text import MORE, headline, laid_out, page_of, pages
from tui.screen.dialogs import OptionsDialog, TextDialog
from tui.screen.fields import NumberField
from tui.screen.form import SCHEDULE_FIELDS, Row
from tui.terminal.painted import Painted
from tui.views.views import Views

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import TypeAlias

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
    """A lesson, what keeps its progress, and a remark on its beginning."""

KEPT_AFTER = 1.0
"""Seconds after which what a learner did is kept, together with what has followed it."""
STRIP = 4
"""The rows of the panel above the gauge."""
BESIDE_CHART, CHART = 10, 7
"""The rows that others have of the screen, and those that the chart keeps."""
SIDE = 9
"""Under the settings the panel needs so many rows."""
WIDE, NARROW, BROAD = 100, 28, 46
"""From so many columns on the panel may stand under the settings, which have so many columns, and so many at most."""
_CHANGED_BY = {
    **{parameter.name: "optimizer" for kind in OPTIMIZERS.values() for parameter in hyperparameters(kind)},
    **dict.fromkeys(SCHEDULE_FIELDS, "schedule"),
}
"""What the number fields of the form change that do not say it by their names."""
KEYS = "A answers, H hints, j turns the page, W shows all of it, T leads to your own work."
"""What is said when the course is opened."""
ANSWER = Parameter("answer", FINITE, "what you expect")


class AnswerField(NumberField):
    """A number that is given as an answer with enter, never by leaving the field."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "undo", "Undo", show=False)]

    def __init__(self, answered: Callable[[str | None], None], *, id: str) -> None:  # noqa: A002
        """Give what is typed, or None where it is undone, to `answered`."""
        super().__init__(ANSWER, id=id)
        self.value = ""
        self._answered = answered

    def _check(self) -> None:
        """What is no answer is told when it is given."""

    def apply(self) -> None:
        """An answer is given with enter alone."""

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Give the answer."""
        event.stop()
        self._answered(self.value)

    async def action_undo(self) -> None:
        """Leave the question open."""
        self._answered(None)

    def action_nudge(self, direction: int) -> None:
        """An answer is typed."""


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
        """Show what there is to show of a task: its headline alone, or without its headline, or all."""
        self._panel, self._folded, self._bare = panel, folded, bare
        self.repaint()

    def turn(self) -> None:
        """Show the next page; after the last one the first."""
        self._page, self._wanted = self._page + 1, None
        self.repaint()

    def seek(self, part: str) -> None:
        """Show the page with a part of the text, one of `course_text.PARTS`, until the page is turned."""
        self._wanted = part

    def paint(self, width: int, height: int) -> Sequence[Cells]:
        """The headline and a page; where an answer is typed in a low panel, the page alone."""
        panel = self._panel
        if panel is None:
            return laid_out((), width, height)
        title = not self._bare
        if self._folded or (title and height == 1):
            return laid_out([headline(panel, width)], width, height)
        leaves = pages(panel, width - (0 if title else MORE), height - title)
        if self._wanted is not None:
            self._page = page_of(leaves, self._wanted)
        self._page %= len(leaves)
        rows = [cells for _, cells in leaves[self._page]]
        if title:
            return laid_out([headline(panel, width, self._page, len(leaves)), *rows], width, height)
        return laid_out(rows, width, height, more=len(leaves) > 1)


class CoursePanel(Vertical):
    """The panel of a task: its text, and where a number is asked for a field for the answer.

    Attributes:
        text: the text.
        field: the field.
    """

    DEFAULT_CSS = """
    CoursePanel { background: $panel; padding: 0 1; display: none; }
    CoursePanel TaskText { height: 1fr; }
    CoursePanel Row { display: none; }
    """

    def __init__(self, answered: Callable[[str | None], None], turn: Callable[[], None], *, id: str) -> None:  # noqa: A002
        super().__init__(id=id)
        self.text = TaskText(turn)
        self.field = AnswerField(answered, id=f"{id}-answer")
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
        """Have the field there, empty, or not."""
        self.field.value = ""
        self._row.display = there


class Guide:
    """Leads a learner through a course on the screen, in a laboratory of its own beside that of their own work.

    Attributes:
        lesson: the way through the course.
        open: whether the course is shown.
    """

    def __init__(self, screen: LaboratoryScreen, begun: Begun) -> None:
        self.open = False
        self._screen = screen
        self.lesson, self._keeper, remark = begun
        self._greeting = self.lesson.note or KEYS
        if remark:
            screen.notify(remark, severity="warning", timeout=10, markup=False)
        self._own: tuple[Laboratory, Views] | None = None
        self._views = Views()
        self._keeping: Timer | None = None
        self._folded = False
        self._was_done = self.lesson.done
        self._side = CoursePanel(self._answered, self._turn, id="course")
        self._strip = CoursePanel(self._answered, self._turn, id="task")
        app = cast("GradientDescentApp", screen.app)
        before = app.before_leaving

        def leave() -> None:
            try:
                before()
            finally:
                self.keep()

        app.before_leaving = leave

    async def mount(self) -> None:
        """Bring the panels on the screen; neither is shown yet."""
        await self._screen.query_one("#left").mount(self._side, before="#readout")
        await self._screen.query_one("#right").mount(self._strip, before="#gauge")

    # What is shown

    @property
    def _panel(self) -> CoursePanel:
        """The panel that is shown."""
        return self._side if self._side.display else self._strip

    def toggle(self) -> None:
        """Lead to the course, or back to one's own work."""
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
        """What there is to show now; what a step will do is not told before it has been predicted."""
        self._update()
        frame = self._screen.laboratory.frame
        hidden = self.open and self.lesson.blocked("step")
        return replace(frame, following=None, landings=()) if hidden else frame

    def _update(self) -> None:
        """Look whether the task is done now."""
        if self.open:
            self.lesson.update()
            if self.lesson.done and not self._was_done:
                self._folded = False
                self._seek("why")
                self._panel.ask(there=False)
            self._was_done = self.lesson.done
            self.keep_soon()

    def arrange(self, width: int, free: int) -> int:
        """Show the task under the settings where there is room for it, else above the gauge.

        Args:
            width: the columns of the screen.
            free: how many rows there are under the settings.

        Returns:
            How many of these rows it has taken.
        """
        left = self._screen.query_one("#left")
        side = self.open and width >= WIDE and free >= SIDE
        left.styles.width = min(NARROW + width - WIDE, BROAD) if side else NARROW
        answering = self._panel.answering
        if answering and side is not bool(self._side.display):  # the screen has become another one
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
        """How many rows the chart spares: it keeps as many as show where one stands."""
        screen = self._screen
        others = 1 if screen.has_class("-small") else BESIDE_CHART
        return min(max(screen.size.height - others - CHART, 1), STRIP)

    def _seek(self, part: str) -> None:
        for panel in (self._side, self._strip):
            panel.text.seek(part)

    def _turn(self) -> None:
        self._folded = False
        self._panel.text.turn()
        self._screen.touch()

    # What waits

    def waits(self, name: str) -> bool:
        """Whether something has to wait for an answer; then it is said."""
        why = self.lesson.blocked(_CHANGED_BY.get(name, name)) if self.open else ""
        if why:
            self._folded = False
            self._seek("question")
            self._say(f"Press A. {why}", alarm=True)
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
                self._turn()
            case "whole":
                self._whole()
            case "tasks":
                contents = list(self.lesson.contents())
                options = OptionsDialog(contents, self.lesson.place, self._beside())
                self._screen.app.push_screen(options, self._chosen)

    def _go(self, deed: Callable[[], str]) -> None:
        """Go to a task, or stay and say why."""
        place, lesson = self.lesson.place, self.lesson
        note = deed()
        if lesson.place == place and deed != lesson.redo:
            self._say(note, alarm=not lesson.done)
            return
        self._screen.stand_in(lesson.laboratory, self._views, own=False)
        self._arrive("")

    def _arrive(self, note: str) -> None:
        """Begin to look at a task."""
        lesson = self.lesson
        for panel in (self._side, self._strip):
            panel.ask(there=False)
        self._was_done = lesson.done
        self._seek("why" if lesson.done else "text")
        if view := lesson.panel.view:
            self._views.show(view, lesson.laboratory.ground)
        self._say(note)
        self.keep_soon()

    def _chosen(self, place: int | None) -> None:
        if place is not None and place != self.lesson.place:
            self._go(partial(self.lesson.go, place))

    def _whole(self) -> None:
        """The whole task, and the whole course, as a text to read."""
        panel, course = self.lesson.panel, self.lesson.course
        parts = [*panel.sentences(), f"{panel.tally}:", "\n".join(self.lesson.contents())]
        if course.about:
            parts.append(course.about)
        self._screen.app.push_screen(TextDialog(inert(course.title), "\n\n".join(parts)))

    def _ask(self) -> None:
        """Take an answer, where one is waited for."""
        question, screen = self.lesson.question, self._screen
        if question is None or (not self.lesson.pending and question.before):
            self._say(self.lesson.answer(""))
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
        """Where a list is shown: over what is below the chart, so that the question stays in sight."""
        gauge = self._screen.query_one("#gauge").region
        right = self._screen.query_one("#right").region
        return Region(right.x, (gauge.y or right.bottom) - 1, right.width, 1)

    def _picked(self, index: int | None) -> None:
        if index is not None:
            self._answered(str(index + 1))

    def _answered(self, text: str | None) -> None:
        """Take what was given as an answer; None where it was thought better of."""
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
        """Keep the progress soon, with what follows."""
        if self._keeping is None:
            self._keeping = self._screen.set_timer(KEPT_AFTER, self._keep_beside)

    def _keep_beside(self) -> None:
        """Keep the progress beside the event loop: a disk may be slow."""
        self._keeping = None
        progress = self.lesson.progress
        self._screen.beside(lambda: self._keeper.keep(progress))

    def keep(self) -> None:
        """Keep the progress at once."""
        self._keeper.keep(self.lesson.progress)
