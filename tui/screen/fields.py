"""The fields of the form: a number that is checked while it is typed, and one of several values.

Textual's Select and Button would make the start a tenth slower: each brings many widgets or style rules.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Input
from textual.widgets.input import Selection

from gdcore.descent.parameters import FRACTION, NOT_NEGATIVE, POSITIVE, SHARE, Parameter
from tui.screen.dialogs import OptionsDialog

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual import events

NUMBER_CHARACTERS = frozenset("0123456789.,+-eE")
"""The characters of a number, and the comma, which some type instead of the point."""


class NumberField(Input):
    """A number a person may change, and the value in force.

    The first key typed, or a paste, replaces the value; moving the cursor or clicking first edits it. The text is
    checked at once and applied with enter or when the field is left; escape undoes it. Up and down change the current
    value.

    Attributes:
        parameter: which number it is, with its range and description.
        in_force: the value in force.
        error: the error message for the text; empty if it is valid.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "nudge(1)", "More", show=False),
        Binding("down", "nudge(-1)", "Less", show=False),
        Binding("escape", "undo", "Undo", show=False),
    ]
    DEFAULT_CSS = """
    NumberField, NumberField:focus {
        width: 1fr;
        height: 1;
        padding: 0;
        border: none;
        &.-wrong { color: $text-error; text-style: bold; }
    }
    """

    class Chosen(Message):
        """A value was applied.

        Attributes:
            field: where.
            value: the value.
        """

        def __init__(self, field: NumberField, value: float) -> None:
            super().__init__()
            self.field = field
            self.value = value

        @property
        def control(self) -> NumberField:
            """The field."""
            return self.field

    class Edited(Message):
        """What is typed has changed, or the field got or lost the focus."""

        def __init__(self, field: NumberField) -> None:
            super().__init__()
            self.field = field

    class Commanded(Message):
        """A character that cannot be in a number was typed: it is a command.

        Attributes:
            field: where.
            character: the character.
        """

        def __init__(self, field: NumberField, character: str) -> None:
            super().__init__()
            self.field = field
            self.character = character

    def __init__(self, parameter: Parameter, *, id: str) -> None:  # noqa: A002
        # Pass the class that Textual would add: adding it, or "compact", would match the style sheet again.
        super().__init__(written(0.0), id=id, classes="-valid", select_on_focus=False)
        self.parameter = parameter
        self.in_force = 0.0
        self.error = ""
        self._told = ""
        self._whole = True  # not Textual's own selection: with that, ctrl+c would copy instead of quitting

    @property
    def edited(self) -> bool:
        """Whether the text differs from the current value."""
        return self.value != written(self.in_force)

    def show(self, value: float) -> None:
        """Take over the current value; text being edited is kept."""
        edited, self.in_force = self.edited, value
        if not edited:
            self.value = written(value)

    def check_consume_key(self, key: str, character: str | None) -> bool:  # noqa: ARG002
        """Whether a key goes into the field: characters of a number do."""
        return character is not None and character in NUMBER_CHARACTERS

    def _takes(self, key: str, character: str | None) -> bool:
        """Whether a key goes into the field; within a text signs do too: without its sign 1/3 would be 13.

        A letter is a command, and so is a sign that has one; a "_" only groups digits.
        """
        if self.check_consume_key(key, character):
            return True
        sign = character is not None and not character.isalpha() and character != "_"
        return sign and not self._whole and key not in self.screen.active_bindings

    async def on_key(self, event: events.Key) -> None:
        """Handle what is typed and keys of the field; leave all others to the commands."""
        if event.is_printable and not self._takes(event.key, event.character):
            event.prevent_default()
            if event.character is not None:
                self.post_message(self.Commanded(self, event.character))
        elif event.is_printable:
            self._replace()
        elif event.key in ACTIONS:
            self._whole = False
            # Textual would handle these keys later than characters typed after them.
            event.stop()
            event.prevent_default()
            await self.run_action(ACTIONS[event.key])

    def on_paste(self, event: events.Paste) -> None:
        """Replace the value, as a key does."""
        if event.text.strip():
            self._replace()

    def on_mouse_down(self) -> None:
        """Edit the value from where it was clicked."""
        self._whole = False

    def _replace(self) -> None:
        """Select the whole value if nothing has been edited yet, so that typing replaces it."""
        if self._whole and self.selection.is_empty:
            self.selection = Selection(0, len(self.value))
        self._whole = False

    def on_input_changed(self) -> None:
        """Check what is typed."""
        self._check()
        self.post_message(self.Edited(self))

    def _check(self) -> None:
        self.error = ""
        if not self.edited:
            self._told = ""
        else:
            try:
                self.parameter.parse(self.value)
            except ValueError as error:
                self.error = str(error)
        self.set_class(bool(self.error), "-wrong")

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Put what is typed in force."""
        event.stop()
        self.apply()
        self._whole = not self.error
        self.post_message(self.Edited(self))

    def on_focus(self) -> None:
        """Show what the field is for."""
        self.cursor_position = len(self.value)
        self._whole = True
        self.post_message(self.Edited(self))

    def on_blur(self) -> None:
        """Apply the text when the field is left; if it is invalid, say so and keep it."""
        self.apply()
        if self.error and self.error != self._told:
            self._told = self.error
            self.notify(f"{self.error}. The value in force stays.", severity="warning", timeout=5, markup=False)
        self.post_message(self.Edited(self))

    def apply(self) -> None:
        """Apply the text if it is valid; otherwise keep it in the field, marked."""
        self._check()  # the field may be left before the message about its last change arrives
        if self.edited and not self.error:
            self._choose(self.parameter.parse(self.value))

    def _choose(self, value: float) -> None:
        self.in_force = value
        self.value = written(value)
        self.post_message(self.Chosen(self, value))

    def undo(self) -> None:
        """Put the value in force back in the field."""
        self.value = written(self.in_force)

    async def action_undo(self) -> None:
        """Restore the current value and leave the field."""
        self.undo()
        await self.run_action("screen.chart")

    def action_nudge(self, direction: int) -> None:
        """Change the value in force by a sensible amount."""
        value = nudged(self.parameter, self.in_force, direction)
        if value in self.parameter.range:
            self._choose(value)
        self._whole = not self.edited


ACTIONS = {
    key: binding.action
    for binding in (*Input.BINDINGS, *NumberField.BINDINGS)
    if isinstance(binding, Binding)
    for key in binding.key.split(",")
}
"""What the keys of a number field do."""


class Opener(Widget, can_focus=True):
    """A value that enter or a click opens for changing.

    Attributes:
        text: the value as it is shown.
        action: what enter and a click do.
    """

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter,up,down", "open", "Choose", show=False)]
    DEFAULT_CSS = """
    Opener { width: 1fr; height: 1; }
    Opener:focus { text-style: reverse; }
    """

    def __init__(self, text: str, action: str, *, id: str) -> None:  # noqa: A002
        super().__init__(id=id)
        self.text = text
        self.action = action

    def render(self) -> Content:
        """The value and an arrow."""
        return Content(self.text).truncate(max(self.content_size.width - 2, 0), ellipsis=True, pad=True) + " ▼"

    def show_text(self, text: str) -> None:
        """Show another value."""
        self.text = text
        self.refresh()

    async def action_open(self) -> None:
        """Open the dialog or list that changes the value."""
        await self.run_action(self.action)

    async def on_click(self) -> None:
        """Open it."""
        await self.action_open()


class Choice(Opener):
    """One of several values.

    Attributes:
        options: the name and the value of each.
        value: the value in force.
    """

    class Chosen(Message):
        """A value was chosen.

        Attributes:
            choice: where.
            value: the value.
        """

        def __init__(self, choice: Choice, value: object) -> None:
            super().__init__()
            self.choice = choice
            self.value = value

        @property
        def control(self) -> Choice:
            """The field."""
            return self.choice

    def __init__(self, options: Sequence[tuple[str, object]], *, id: str) -> None:  # noqa: A002
        super().__init__("", "list", id=id)
        self.show(options[0][1], options)

    def show(self, value: object, options: Sequence[tuple[str, object]] | None = None) -> None:
        """Show the current value and, if given, new options."""
        if options is not None:
            self.options = options
        self.value = value
        self.show_text(next(name for name, option in self.options if option == value))

    def action_list(self) -> None:
        """List the options."""
        now = [option for _, option in self.options].index(self.value)
        self.app.push_screen(OptionsDialog([name for name, _ in self.options], now, self.region), self._chosen)

    def _chosen(self, index: int | None) -> None:
        if index is not None and self.options[index][1] != self.value:
            self.show(self.options[index][1])
            self.post_message(self.Chosen(self, self.value))


def written(value: float) -> str:
    """Format a value for a field with all its digits and no more.

    >>> written(0.001), written(100), written(2.0), written(1e-8)
    ('0.001', '100', '2', '1e-08')
    """
    return str(int(value)) if value == int(value) and abs(value) < 1e15 else repr(value)


def nudged(parameter: Parameter, value: float, direction: int) -> float:
    """Return the next value up or down: by a factor for positive parameters, else by a step.

    A fraction of 1 approaches 1 by a factor, too: from 0.9 to 0.99 is like from 0 to 0.9.

    >>> from gdcore.descent.parameters import BIAS, ITERATIONS, LEARNING_RATE, MOMENTUM
    >>> nudged(LEARNING_RATE, 0.001, 1), nudged(ITERATIONS, 100, 1), nudged(BIAS, 0.0, -1), nudged(MOMENTUM, 0.9, 1)
    (0.0011, 110, -0.1, 0.9091)
    """
    if parameter.range is POSITIVE or (parameter.range in (NOT_NEGATIVE, SHARE) and value > 0):
        return float(f"{value * 1.1**direction:.4g}")
    if parameter.range.whole:
        return int(value) + direction * max(int(10 ** (len(str(int(value))) - 2)), 1)
    if parameter.range is FRACTION:
        return max(0.0, 1 - float(f"{(1 - value) / 1.1**direction:.3g}"))
    return round(value + direction * 0.1, 10)
