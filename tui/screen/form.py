"""The form: every setting of a run with its current value."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from textual import on
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.message import Message

from gdcore.descent import parameters, schedules
from gdcore.descent.optimizers import OPTIMIZERS, Optimizer, hyperparameters
from gdcore.descent.parameters import Parameter
from gdcore.landscapes.losses import LOSSES
from tui.screen.fields import Choice, NumberField, Opener

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.widget import Widget

    from gdcore.rows.dataset import Dataset
    from tui.laboratory.frame import Frame
    from tui.laboratory.ground import Ground

NUMBERS: dict[str, tuple[str, Parameter]] = {
    "rate": ("Rate", parameters.LEARNING_RATE),
    "momentum": ("Moment.", parameters.MOMENTUM),
    "decay": ("Decay", parameters.DECAY),
    "beta1": ("Beta 1", parameters.BETA1),
    "beta2": ("Beta 2", parameters.BETA2),
    "eps": ("Eps", parameters.EPS),
    "schedule-decay": ("  decay", parameters.SCHEDULE_DECAY),
    "schedule-gamma": ("  gamma", parameters.GAMMA),
    "schedule-every": ("  every", parameters.EVERY),
    "schedule-period": ("  period", parameters.PERIOD),
    "delta": ("  delta", parameters.DELTA),
    "batch": ("Batch", parameters.BATCH),
    "seed": ("  seed", parameters.SEED),
    "steps": ("Steps", parameters.ITERATIONS),
    "start-w": ("Start w", parameters.WEIGHT),
    "start-b": ("Start b", parameters.BIAS),
    "at-x": ("At x", parameters.INPUT),
}
"""The number fields: identifier -> (label, parameter)."""

SCHEDULE_FIELDS = {name: name.removeprefix("schedule-") for name in NUMBERS if name.startswith("schedule-")}
"""The number fields of schedules, and the hyperparameter of each."""
_BELOW = {"schedule": ("schedule-decay", "schedule-gamma", "schedule-every", "schedule-period"), "loss": ("delta",)}
"""The number fields shown below a choice."""
_OF_A_VIEW = {"at-x"}
"""The number fields of a single view."""
_SOMETIMES = {
    *_OF_A_VIEW,
    *(
        name
        for name, (_, parameter) in NUMBERS.items()
        for kind in OPTIMIZERS.values()
        if parameter in hyperparameters(kind)
    ),
    *SCHEDULE_FIELDS,
    "delta",
    "seed",
}
"""The number fields created only when they have a value to show."""

HELP = {
    "data": "Data: the file the rows come from. Enter opens another one.",
    "x": "x: the column that goes in. Another one restarts the run.",
    "y": "y: the column that should come out. Another one restarts the run.",
    "method": "Method: how the gradient becomes a step. It changes from the next step on.",
    "loss": "Loss: how far the line is from a row. Another one restarts the run.",
    "schedule": "Schedule: how the rate goes with the iterations, counted from the one it is chosen at.",
    "train": "Train: w alone, with b held, or w and b. It changes from the next step on.",
}
"""The line of help of each other field."""

COMMANDED = "is a command here too: a field takes only what a number has. Escape leads back to the chart."
"""Shown once when a letter is typed into a number field."""

RESTARTING = ("start-w", "start-b", "delta")
"""The number fields that restart the run."""
NOTES = dict.fromkeys(RESTARTING, " Restarts the run.")


class Row(Horizontal):
    """A label, which the row itself shows, and a control.

    Attributes:
        control: the control.
    """

    DEFAULT_CSS = """
    Row { height: 1; }
    Row > * { margin-left: 8; }
    """

    def __init__(self, label: str, control: Widget) -> None:
        super().__init__(control)
        self.control = control
        self._label = Content(label)

    def render(self) -> Content:
        """The label, beside which the control lies."""
        return self._label


class Form(VerticalScroll, can_focus=False):
    """The settings. It shows those of a frame and sends messages for changes by the user."""

    class Columns(Message):
        """Other columns of the data were chosen.

        Attributes:
            x: the name of the column that goes in.
            y: the name of the column that should come out.
        """

        def __init__(self, x: str, y: str) -> None:
            super().__init__()
            self.x = x
            self.y = y

    class Loss(Message):
        """Another loss was chosen.

        Attributes:
            loss: its name.
        """

        def __init__(self, loss: str) -> None:
            super().__init__()
            self.loss = loss

    class Schedule(Message):
        """Another kind of schedule was chosen.

        Attributes:
            schedule: the schedule, with its default hyperparameters.
        """

        def __init__(self, schedule: schedules.Schedule) -> None:
            super().__init__()
            self.schedule = schedule

    class Method(Message):
        """Another kind of optimizer was chosen.

        Attributes:
            optimizer: the optimizer, with its default hyperparameters.
        """

        def __init__(self, optimizer: Optimizer) -> None:
            super().__init__()
            self.optimizer = optimizer

    class TrainBias(Message):
        """Whether b is trained was chosen.

        Attributes:
            train_bias: whether it is.
        """

        def __init__(self, train_bias: bool) -> None:
            super().__init__()
            self.train_bias = train_bias

    class Hint(Message):
        """The sentence to show about the focused field.

        Attributes:
            text: the sentence; empty to say nothing.
            wrong: whether it is about a mistake.
            row: the row of the screen beside which to say it.
        """

        def __init__(self, text: str, *, wrong: bool, row: int) -> None:
            super().__init__()
            self.text = text
            self.wrong = wrong
            self.row = row

    def __init__(self, ground: Ground, *, id: str) -> None:  # noqa: A002
        super().__init__(id=id)
        self._ground = ground
        self._in_force: object = None
        self._rows: dict[str, Row] = {}
        self._commanded = self._noted = False

    def compose(self) -> ComposeResult:
        """A row for each setting."""
        data = self._ground.data
        yield Row("Data", Opener(self._ground.called, "screen.open", id="data"))
        columns = _options(data) if data else [("", "")]
        yield Row("x", Choice(columns, id="x"))
        yield Row("y", Choice(columns, id="y"))
        yield Row("Loss", Choice([(name, name) for name in LOSSES], id="loss"))
        yield Row("Method", Choice([(kind.title, name) for name, kind in OPTIMIZERS.items()], id="method"))
        yield self._row("rate")
        yield Row("Sched.", Choice([(name, name) for name in schedules.SCHEDULES], id="schedule"))
        for name in NUMBERS:
            if name not in _SOMETIMES and name != "rate":
                yield self._row(name)
        yield Row("Train", Choice([("w alone", False), ("w and b", True)], id="train"))

    def show(self, frame: Frame, fields: tuple[str, ...] = ()) -> None:
        """Show the current settings; text being edited is kept.

        Args:
            frame: whose settings they are.
            fields: the fields that only the current view needs.
        """
        settings = frame.settings
        shown = (settings, frame.limits, frame.start, frame.predict_at, fields)
        if shown == self._in_force and frame.ground is self._ground:
            return
        self._in_force = shown
        values = {name: value for name, value in _values(frame).items() if name not in _OF_A_VIEW or name in fields}
        before: Widget = self._rows["rate"]
        for name in NUMBERS:
            if name in values and name not in self._rows:
                above = next((choice for choice, below in _BELOW.items() if name in below), None)
                place = before if above is None else self._last_below(above)
                self.mount(self._row(name), after=place)
            before = self._rows.get(name, before) if name not in {*SCHEDULE_FIELDS, "delta"} else before
        for name, row in self._rows.items():
            row.display = name in values
            if isinstance(row.control, NumberField) and name in values:
                row.control.show(values[name])
        self.query_one("#method", Choice).show(settings.optimizer.name)
        self.query_one("#schedule", Choice).show(settings.schedule.name)
        self.query_one("#loss", Choice).show(frame.ground.loss if frame.data is not None else "squared")
        self.query_one("#train", Choice).show(settings.train_bias)
        self._display("train", frame.landscape.has_bias)
        self._display("loss", frame.data is not None)
        self.show_ground(frame.ground)

    def _last_below(self, choice: str) -> Widget:
        """The last row of what stands below a choice."""
        rows = [self._rows[name] for name in _BELOW[choice] if name in self._rows]
        return rows[-1] if rows else cast("Row", self.query_one(f"#{choice}").parent)

    def _row(self, name: str) -> Row:
        """The row of a number."""
        label, parameter = NUMBERS[name]
        self._rows[name] = Row(label, NumberField(parameter, id=name))
        return self._rows[name]

    def _display(self, identifier: str, there: bool) -> None:
        """Show the row of a control, or hide it if there is nothing to choose."""
        row = self.query_one(f"#{identifier}").parent
        if isinstance(row, Row):
            row.display = there

    def show_ground(self, ground: Ground) -> None:
        """Show the name and the columns of the rows; of a landscape without rows its title."""
        self._ground, data = ground, ground.data
        self.query_one("#data", Opener).show_text(ground.called)
        for identifier in "xy":
            self._display(identifier, data is not None)
        if data is None:
            return
        for identifier, name in (("x", data.x_name), ("y", data.y_name)):
            self.query_one(f"#{identifier}", Choice).show(name, _options(data))

    @on(NumberField.Chosen)
    @on(Choice.Chosen)
    def _changed(self) -> None:
        """Make the next frame show all values again, as a change may be refused."""
        self._in_force = None

    @on(Choice.Chosen, "#x,#y")
    def _columns_chosen(self) -> None:
        x, y = (str(self.query_one(f"#{name}", Choice).value) for name in "xy")
        self.post_message(self.Columns(x, y))

    @on(Choice.Chosen, "#method")
    def _method_chosen(self, event: Choice.Chosen) -> None:
        self.post_message(self.Method(OPTIMIZERS[str(event.value)]()))

    @on(Choice.Chosen, "#loss")
    def _loss_chosen(self, event: Choice.Chosen) -> None:
        self.post_message(self.Loss(str(event.value)))

    @on(Choice.Chosen, "#schedule")
    def _schedule_chosen(self, event: Choice.Chosen) -> None:
        self.post_message(self.Schedule(schedules.SCHEDULES[str(event.value)]()))

    @on(Choice.Chosen, "#train")
    def _train_chosen(self, event: Choice.Chosen) -> None:
        self.post_message(self.TrainBias(bool(event.value)))

    def on_number_field_edited(self, event: NumberField.Edited | NumberField.Commanded) -> None:
        """Say beside the field what it is for, or what is wrong with what is typed."""
        field = event.field
        parameter = field.parameter
        text = field.error or (
            f"{parameter.title}, {parameter.range.words}: {parameter.description}."
            f"{NOTES.get(str(field.id), '')} Type another, or left and right to edit. "
            "Enter puts it in force, escape undoes, up and down nudge."
        )
        self._noted = False
        self._hint(text if field.has_focus else "", wrong=bool(field.error), field=field)

    def on_number_field_commanded(self, event: NumberField.Commanded) -> None:
        """Explain, the first time, why a letter does not appear in the field; a mistake is more urgent."""
        if event.character.isalpha() and not self._commanded and not event.field.error:
            self._commanded = self._noted = True
            self._hint(f"{event.character} {COMMANDED}", wrong=False, field=event.field)
        elif self._noted:
            self.on_number_field_edited(event)

    def on_descendant_focus(self) -> None:
        """Say what the field at hand is for."""
        field = self.screen.focused
        if field is not None and field.id in HELP:
            self._hint(HELP[field.id], wrong=False, field=field)

    def on_descendant_blur(self) -> None:
        """Nothing more to say."""
        self.post_message(self.Hint("", wrong=False, row=0))

    def _hint(self, text: str, *, wrong: bool, field: Widget) -> None:
        self.post_message(self.Hint(text, wrong=wrong, row=field.region.y))


def _values(frame: Frame) -> dict[str, float]:
    """Return the value of each number field; fields without a value are hidden."""
    settings, columns = frame.settings, frame.landscape.columns
    optimizer, schedule, batch = settings.optimizer, settings.schedule, settings.batch
    values: dict[str, float] = {"rate": settings.learning_rate, "steps": frame.limits.iterations}
    values |= {parameter.name: getattr(optimizer, parameter.name) for parameter in hyperparameters(type(optimizer))}
    own = {parameter.name for parameter in schedules.schedule_parameters(type(schedule))}
    values |= {field: getattr(schedule, name) for field, name in SCHEDULE_FIELDS.items() if name in own}
    values["start-w"] = frame.start.w
    if frame.landscape.has_bias:
        values["start-b"] = frame.start.b
    if columns is not None:
        values["batch"] = batch.size if batch else len(columns)
    if batch is not None:
        values["seed"] = batch.seed
    if frame.data is not None:
        values["at-x"] = frame.predict_at
        if frame.ground.loss == "huber":
            values["delta"] = frame.ground.delta
    return values


def _options(data: Dataset) -> list[tuple[str, str]]:
    """The columns to choose from."""
    return [(name, name) for name in dict.fromkeys(data.columns)]
