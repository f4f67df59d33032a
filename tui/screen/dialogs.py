"""The dialogs over the laboratory: a text to read, a list to choose from, the branches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from rich.cells import cell_len, set_cell_size
from rich.style import Style
from rich.table import Table
from rich.text import Text
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen, Screen
from textual.widgets import Input, OptionList, Static

from gdcore.descent.branches import Branch, Branches
from tui.laboratory.lesson import comparison

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from textual import events
    from textual.app import ComposeResult
    from textual.geometry import Region


Result = TypeVar("Result")


def copy_or_quit(screen: Screen[Any]) -> None:
    """Copy what is selected; where nothing is, quit."""
    focused = screen.focused
    if isinstance(focused, Input) and focused.selected_text:
        focused.action_copy()
    elif screen.get_selected_text():
        screen.action_copy_text()
    else:
        screen.app.exit()


class Dialog(ModalScreen[Result]):
    """A dialog that closes only once, even if asked several times."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("ctrl+c", "interrupt", "Quit", show=False, priority=True)]
    _dismissed = False

    def action_interrupt(self) -> None:
        """Copy what is selected; where nothing is, quit."""
        copy_or_quit(self)

    async def action_dismiss(self, result: Result | None = None) -> None:
        """Close."""
        self.close(result)

    def close(self, result: Result | None = None) -> None:
        """Close, and pass a result to the opener."""
        if not self._dismissed:
            self._dismissed = True
            self.dismiss(result)


class TextDialog(Dialog[None]):
    """A text to read; any of the keys that close a pager closes it."""

    DEFAULT_CSS = "TextDialog Static { min-width: 24; }"  # Rich cannot fold a table into no columns at all
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,question_mark,f1,w,enter,space", "dismiss", "Close"),
        Binding("down,j,n", "scroll(1)", "Down", show=False),
        Binding("up,k,b", "scroll(-1)", "Up", show=False),
    ]

    def __init__(self, title: str, text: str | Table) -> None:
        super().__init__()
        self._title = title
        self._text = text

    def compose(self) -> ComposeResult:
        """The text in a frame that scrolls."""
        with VerticalScroll(classes="dialog") as frame:
            frame.border_title = self._title
            frame.border_subtitle = "up, down: scroll   escape: close"
            yield Static(self._text, markup=False)

    def action_scroll(self, lines: int) -> None:
        """Scroll by lines."""
        self.query_one(VerticalScroll).scroll_relative(y=lines, animate=False)


class OptionsDialog(Dialog[int]):
    """The options of a choice, below it."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q", "dismiss", "Close", show=False)]
    DEFAULT_CSS = """
    OptionsDialog { background: $background 0%; }
    OptionsDialog > OptionList { width: auto; height: auto; padding: 0; background: $panel; }
    """

    def __init__(self, names: Sequence[str], now: int, beside: Region) -> None:
        super().__init__()
        self._names = names
        self._now = now
        self._beside = beside

    def compose(self) -> ComposeResult:
        """The list, where there is room for it."""
        options = OptionList(*map(Content, self._names))
        options.highlighted = self._now
        height = self.app.size.height
        options.styles.max_height = max(height - 2, 1)
        options.styles.max_width = max(self.app.size.width - self._beside.x, 8)  # Rich cannot wrap text to zero columns
        below = min(self._beside.bottom, height - len(self._names) - 2)
        options.styles.offset = (self._beside.x, max(below, 0))
        yield options

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Choose."""
        self.close(event.option_index)

    def on_click(self, event: events.Click) -> None:
        """A click beside the list closes it."""
        if event.widget is self:
            self.close()


BESIDE = 6
"""Columns of the screen beside the list of branches: the frame and the scrollbar."""
WIDEST = 17
"""The name of a branch is cut to so many columns in the list."""
LEAST = 5
"""The list of branches has so many rows, if there are that many; all others are first for the comparison."""
SHORTEST = 6
"""Words before a number are cut to no less."""
DOTS = ".."


def listed(branches: Branches, width: int) -> list[str]:
    """The branches, a line of so many columns each below the heads: where it left, what was different, where it ended.

    >>> from gdcore.descent.steps import Settings
    >>> from gdcore.landscapes.bowl import MeanSquaredError
    >>> from gdcore.descent.timeline import Timeline
    >>> tries = Branches(Timeline(MeanSquaredError.of([1.0, 2.0, 3.0], [3.0, 5.0, 7.0]), Settings(0.1)))
    >>> tries.run.forward(5), tries.run.back(3)
    (5, 3)
    >>> tries.change(Settings(0.2))
    >>> for line in listed(tries, 52):
    ...     print(line)
      branch  left    different         steps  loss
      A       -       from the start        5  0.1428571
    * B       A at 2  lr 0.2                2  0.1434008
    """
    rows = [("", "branch", "left", "different", "steps", "loss")]
    for branch in branches:
        run = branch.run
        mark = "*" if branch is branches.current else ""
        left = f"{_cut(branch.parent)} at {branch.left_at:,}" if branch.parent else "-"
        loss = branch.reached
        rows.append((mark, _cut(branch.name), left, branch.different, f"{run.tip:,}", f"{loss:.7g}"))
    _, name, left_at, _, steps, loss_at = (max(map(cell_len, column)) for column in zip(*rows, strict=True))
    # The column "different" gets the remaining width.
    room = max(width - (2 + name + 2 + left_at + 2 + 2 + steps + 2 + loss_at), len("different"))
    return [
        f"{mark:2}{set_cell_size(row[0], name)}  {set_cell_size(row[1], left_at)}  "
        f"{set_cell_size(_cut(row[2], room), room)}  "
        f"{row[3]:>{steps}}  {row[4]}"
        for mark, *row in rows
    ]


def _cut(text: str, columns: int = WIDEST) -> str:
    """A text in the columns there are for it, with dots where it is cut: half a number would be another one.

    >>> [_cut("in the race, lr 0.001941", columns) for columns in (24, 21, 17, 12)]
    ['in the race, lr 0.001941', 'in the.. lr 0.001941', 'in the race, lr..', 'in the rac..']
    """
    if cell_len(text) <= columns:
        return text
    words, _, last = text.rpartition(", ")
    room = columns - cell_len(f" {last}")
    if room >= SHORTEST and any(map(str.isdigit, last)) and words:
        return f"{_cut(words, room)} {last}"
    kept = set_cell_size(text, columns - len(DOTS))
    before, _, word = kept.rpartition(" ")
    if before and any(map(str.isdigit, word)) and text[len(kept)] not in " ,":
        kept = before
    return kept.rstrip(" ,") + DOTS


class BranchDialog(Dialog[Branch | None]):
    """The branches: switch to one, rename or delete it, compare it with the current one."""

    DEFAULT_CSS = "BranchDialog #comparison { min-width: 24; }"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,g,q", "dismiss(None)", "Close"),
        Binding("e", "rename", "Rename"),
        Binding("d", "delete", "Delete"),
    ]

    def __init__(self, branches: Branches, marks: Mapping[int, tuple[str, Style]] | None = None) -> None:
        super().__init__()
        self._branches = branches
        self._marks = marks or {}

    def compose(self) -> ComposeResult:
        """A list, a field for a new name, and the comparison of the highlighted branch with the current one."""
        with Vertical(classes="dialog") as frame:
            frame.border_title = "Branches"
            frame.border_subtitle = "enter: go there   e: rename   d: delete   escape: close"
            yield Static(id="columns", markup=False)
            yield OptionList(markup=False)
            with Horizontal(id="naming"):
                yield Static("New name: ", markup=False)
                yield Input(compact=True)
            yield Static(id="wrong", markup=False)
            yield Static(id="comparison", markup=False)

    def on_mount(self) -> None:
        """Show the branches, the current one highlighted."""
        self.query_one("#naming").display = False
        self.query_one("#wrong").display = False
        self._fill(self._branches.current)

    def on_resize(self) -> None:
        """Lay out the columns anew."""
        self._fill(self._chosen)

    def _fill(self, highlighted: Branch) -> None:
        options = self.query_one(OptionList)
        options.clear_options()
        head, *rows = listed(self._branches, self.app.size.width - BESIDE - 2)
        self.query_one("#columns", Static).update(f"  {head}")
        options.add_options(map(self._marked, self._branches, rows))
        options.styles.max_height = len(rows)
        options.styles.min_height = min(len(rows), LEAST)
        options.highlighted = next(index for index, branch in enumerate(self._branches) if branch is highlighted)
        if not self.query_one("#naming").display:
            options.focus()

    def _marked(self, branch: Branch, line: str) -> Text:
        """Return a line with the mark and the colour of the branch in the charts."""
        mark, style = self._marks.get(id(branch), (" ", Style()))
        # The colour was chosen for the background of the charts; a highlighted line has another.
        own = Style(color=style.color, bgcolor=self.app.current_theme.background)
        return Text.assemble((mark, own), f" {line}", no_wrap=True)

    @property
    def _chosen(self) -> Branch:
        return self._branches[self.query_one(OptionList).highlighted or 0]

    def on_option_list_option_highlighted(self) -> None:
        """Compare the highlighted branch with the current one, without what neither has."""
        current, chosen = self._branches.current, self._chosen
        table = Table.grid(padding=(0, 3))
        for what, one, other in comparison(current, chosen):
            if {one, other} != {"-"}:
                head = what or "hyperparameters"
                table.add_row(*map(Text, (head, one) if chosen is current else (head, one, other)))
        self.query_one("#comparison", Static).update(table)
        self.call_after_refresh(self._fit)

    def _fit(self) -> None:
        """Keep the highlighted branch in sight; if there is no room for all, show in the title how many there are."""
        options, count = self.query_one(OptionList), len(self._branches)
        options.scroll_to_highlight()
        hides = options.size.height < count
        self.query_one(".dialog").border_title = f"Branches ({count})" if hides else "Branches"

    def on_option_list_option_selected(self) -> None:
        """Go there."""
        self.close(self._chosen)

    def action_rename(self) -> None:
        """Ask for a new name."""
        self._try(lambda: None)  # clear an old error message
        self.query_one("#naming").display = True
        field = self.query_one(Input)
        field.value = self._chosen.name
        field.focus()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Take the new name."""
        chosen = self._chosen
        self._try(lambda: self._branches.rename(chosen, event.value))
        if not self._wrong:
            self.query_one("#naming").display = False
            self._fill(chosen)

    def action_delete(self) -> None:
        """Forget the highlighted branch."""
        chosen = self._chosen
        self._try(lambda: self._branches.delete(chosen))
        if not self._wrong:
            self._fill(self._branches.current)

    def _try(self, deed: Callable[[], None]) -> None:
        self._wrong = ""
        try:
            deed()
        except ValueError as error:
            self._wrong = f"{error}."
        line = self.query_one("#wrong", Static)
        line.update(self._wrong)
        line.display = bool(self._wrong)
        self.call_after_refresh(self._fit)  # the list may have a row less now
