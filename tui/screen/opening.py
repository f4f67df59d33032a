"""The dialog that opens data or a terrain: what there is, narrowed down as one types, and what is in a file."""

from __future__ import annotations

import os
from asyncio import to_thread
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from rich.cells import cell_len, set_cell_size
from rich.table import Table
from rich.text import Text
from textual import on, work
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.suggester import Suggester
from textual.widgets import Input, OptionList, Static

from gdcore.inert import inert
from gdcore.landscapes.formula import FormulaError
from gdcore.landscapes.known import KNOWN
from gdcore.rows.dataset import shipped
from gdcore.rows.files import Cancelled
from tui.laboratory.grounds import ground_named, is_meant, known
from tui.laboratory.reach import check
from tui.screen.dialogs import Dialog
from tui.screen.fields import Choice
from tui.sources.browse import Entry, Preview, entries, filtered, preview
from tui.sources.progress import Watch

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.app import ComposeResult
    from textual.events import Resize

    from gdcore.landscapes.landscape import Landscape
    from gdcore.rows.dataset import Dataset

NAME = 16
"""Columns of a name in the list."""
CELL = 14
"""Columns of a value among the first rows of a file, at most."""
CHOICES = ("table", "x", "y")
"""What is chosen of a file."""
SHORT = 20
"""With fewer rows than this, what is in a file is not shown: the list needs them."""


@dataclass(frozen=True)
class Offer:
    """A line of the list.

    Attributes:
        source: what opens it, as a person could type it; of a folder with a slash behind it.
        name: its name, safe to print.
        detail: what it teaches, or the kind and size of a file.
    """

    source: str
    name: str
    detail: str

    def begins(self, text: str) -> bool:
        """Whether the name begins with a text, large or small."""
        return self.name.lower().startswith(text.lower())

    def __str__(self) -> str:
        """The line."""
        return f"{self.name if cell_len(self.name) > NAME else set_cell_size(self.name, NAME)} {self.detail}"


def offers(typed: str, files: Sequence[Entry]) -> list[Offer]:
    """What fits a text: names and files with the text in them; without a text all names, and the folder one is in.

    Args:
        typed: the text. One with a slash names a folder, and a part of a name in it.
        files: what is in that folder.

    >>> [offer.source for offer in offers("piz", [Entry(Path("my pizza.csv"), "my pizza.csv", "text", 10)])]
    ['pizza', 'my pizza.csv']
    >>> [offer.source for offer in offers("logs/", [Entry(Path("logs/a"), "a/", "folder", 0)])]
    ['./', 'logs/a/']
    """
    folder, part = os.path.split(typed)
    places = [
        Offer(_within(folder, entry.path.name) + "/" * (entry.kind == "folder"), entry.name, entry.detail)
        for entry in filtered(files, part)
    ]
    if folder:
        above = os.path.normpath(Path(folder).expanduser() / "..")
        return [Offer(_within(above, ""), "../", "the folder above")] * (not part) + places
    names = [Offer(name, name, told) for name, told in known() if part.lower() in f"{name} {told}".lower()]
    if typed:
        return sorted(names + places, key=lambda offer: not offer.begins(part))
    ships = len(shipped())
    return [*names[:ships], Offer("./", "./", f"the files of {inert(Path.cwd().name)}"), *names[ships:]]


class PathSuggester(Suggester):
    """Completes a path from the folder it is in."""

    def __init__(self) -> None:
        super().__init__(use_cache=False, case_sensitive=True)

    async def get_suggestion(self, value: str) -> str | None:
        """The first path that begins like this one, folders with a slash."""
        return await to_thread(completed, value) if value else None


def completed(value: str) -> str | None:
    """The first path that begins with the text, or None.

    >>> completed("/no/such/folder/x") is None
    True
    """
    head, tail = os.path.split(value)
    try:
        found = entries(Path(head or ".").expanduser(), hidden=tail.startswith("."))
    except (ValueError, RuntimeError):
        return None
    names = [entry.path.name + "/" * (entry.kind == "folder") for entry in found]
    fits = sorted(name for name in names if name.startswith(tail) and name.isprintable())
    return value + fits[0][len(tail) :] if fits else None


class OpenDialog(Dialog["Dataset | Landscape | None"]):
    """Choose what to walk on: by a name, a path or a formula that is typed, or from the list.

    Of a file its columns and first rows are shown before it is opened, and which columns are to be x and y is chosen.
    It is read here, so that what cannot be had is refused here. The text has the focus; the keys that move in the list
    do so from there.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)", "Cancel"),
        Binding("up", "move(-1)", "Up", show=False),
        Binding("down", "move(1)", "Down", show=False),
        Binding("pageup", "move(-8)", "Page up", show=False),
        Binding("pagedown", "move(8)", "Page down", show=False),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._watch: Watch | None = None
        self._folders: dict[tuple[str, bool], list[Entry]] = {}
        self._offers: list[Offer] = []
        self._chosen: Offer | None = None
        """The line that a person has moved to."""
        self._seen: tuple[str, Preview] | None = None
        """The file that is shown, and what is in it."""

    def compose(self) -> ComposeResult:
        """A text to type, a line for what is wrong, the list, and what is in a file."""
        with Vertical(classes="dialog") as frame:
            frame.border_title = "Open data or a terrain"
            frame.border_subtitle = "enter: open   up, down: the list   tab: x and y   escape: cancel"
            yield Static("A name from the list, the path of a file, or a formula in w and b:", markup=False)
            yield Input(placeholder="right arrow completes a path", suggester=PathSuggester(), compact=True)
            yield Static(id="wrong", markup=False)
            offered = OptionList(id="offers", markup=False)
            offered.can_focus = False
            yield offered
            with Vertical(id="preview"):
                yield Static(id="rows", markup=False)
                with Horizontal(id="columns"):
                    for name in CHOICES:
                        yield Static(f" {name} ", id=f"{name}-name", markup=False)
                        yield Choice([("", None)], id=f"open-{name}")

    def on_mount(self) -> None:
        """List all there is."""
        self._list()
        self._show("")

    def on_resize(self, event: Resize) -> None:
        """Leave out what has no room."""
        self.query_one("#preview").display = event.size.height >= SHORT

    # The list

    def on_input_changed(self) -> None:
        """List what fits."""
        self._chosen = None
        self._list()

    def _list(self) -> None:
        typed = self.query_one(Input).value
        folder, part = os.path.split(typed)
        key = folder or ".", part.startswith(".")
        if key not in self._folders and (typed or folder):
            self._folders[key] = []
            self._scan(*key)
        self._offers = offers(typed, self._folders.get(key, []))
        listed = self.query_one("#offers", OptionList)
        listed.clear_options()
        listed.add_options(map(str, self._offers))

    @work(thread=True, group="scan")
    def _scan(self, folder: str, hidden: bool) -> None:
        """Look what is in a folder, beside the event loop: it may be large, or far away."""
        try:
            check(Path(folder).expanduser(), folder=True)
            found = entries(Path(folder).expanduser(), hidden=hidden)
        except (ValueError, RuntimeError):
            return  # nothing of it is offered; whoever opens it gets the sentence
        self._folders[folder, hidden] = found
        self.app.call_from_thread(self._scanned)

    def _scanned(self) -> None:
        if self.is_active and self._chosen is None:
            self._list()

    def action_move(self, lines: int) -> None:
        """Move in the list, and show what is there."""
        if self._offers:
            listed = self.query_one("#offers", OptionList)
            before = listed.highlighted if self._chosen else None
            at = (0 if lines > 0 else len(self._offers) - 1) if before is None else before + lines
            self._choose(min(max(at, 0), len(self._offers) - 1))

    def _choose(self, at: int) -> None:
        self._chosen = self._offers[at]
        self.query_one("#offers", OptionList).highlighted = at
        self._show(self._chosen.source)

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """A click goes to a line; another one opens it."""
        if event.option_index >= len(self._offers):
            return
        if self._chosen is self._offers[event.option_index]:
            self._take(self._chosen.source)
        else:
            self._choose(event.option_index)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Open the line that one has moved to, or else what was typed, or what begins with that."""
        typed = event.value.strip()
        if self._chosen is not None:
            self._take(self._chosen.source)
        elif typed and not is_meant(typed) and self._offers and self._offers[0].begins(os.path.split(typed)[1]):
            self._take(self._offers[0].source)
        else:
            self._take(event.value)

    def _take(self, source: str) -> None:
        """Open it; of a folder show the files."""
        if source not in shipped() and _is_folder(source):
            field = self.query_one(Input)
            field.value = _within(source, "")
            field.cursor_position = len(field.value)
            self._say("")
        else:
            self._open(source)

    # What is in a file

    def _show(self, source: str, table: str = "") -> None:
        """Show what is behind a line."""
        self._seen = None
        columns = self.query_one("#columns")
        columns.display = False
        if source in KNOWN:
            landscape = KNOWN[source]
            self._write(f"{landscape.formula}\n{landscape.teaches}")
        elif not source:
            self._write("Of a file you see here, before you open it, its columns and first rows.")
        elif source.endswith("/"):
            self._write("")
        else:
            self._look(source, table)

    @work(thread=True, exclusive=True, group="look")
    def _look(self, source: str, table: str) -> None:
        """Look into a file beside the event loop."""
        try:
            check(source)
            seen = preview(Path(source).expanduser(), table)
        except (ValueError, RuntimeError) as error:
            self.app.call_from_thread(self._looked, source, str(error))
        else:
            self.app.call_from_thread(self._looked, source, seen, table)

    def _looked(self, source: str, seen: Preview | str, table: str = "") -> None:
        """Show the columns and first rows of a file, if it is still the one that is chosen."""
        if not self.is_active or self._chosen is None or self._chosen.source != source:
            return
        if isinstance(seen, str):
            self._write(seen)
            return
        self._seen = source, seen
        shown = Table.grid(padding=(0, 2))
        for column in seen.columns:
            shown.add_column(justify="right" if column.numeric else "left", no_wrap=True)
        shown.add_row(*(Text(_cut(column.name), "bold") for column in seen.columns))
        shown.add_row(*(Text(_cut(column.kind), "italic") for column in seen.columns))
        for row in seen.rows:
            shown.add_row(*(Text(_cut(value)) for value in row))
        self._write(shown)
        numbers = [(column.name, at) for at, column in enumerate(seen.columns, 1) if column.numeric]
        pair = [at for _, at in numbers[:2]]
        self._offer("table", [(inert(name), name) for name in seen.tables], table)
        for name, first in zip(("x", "y"), pair if len(pair) > 1 else (None, None), strict=True):
            self._offer(name, numbers if first else (), first)
        self.query_one("#columns").display = True

    def _offer(self, name: str, options: Sequence[tuple[str, object]], value: object) -> None:
        """Let one of several be chosen; the first is, unless another is named."""
        choice = self.query_one(f"#open-{name}", Choice)
        choice.display = self.query_one(f"#{name}-name").display = bool(options)
        if options:
            values = [option for _, option in options]
            choice.show(value if value in values else values[0], options)

    @on(Choice.Chosen)
    def _column_chosen(self, event: Choice.Chosen) -> None:
        """Take a column; of another table show the rows first."""
        self.query_one(Input).focus()
        if event.choice.id == "open-table" and self._seen is not None:
            self._show(self._seen[0], str(event.value))

    def _write(self, text: str | Table) -> None:
        self.query_one("#rows", Static).update(text)

    # Opening

    def _open(self, source: str) -> None:
        self._say("Reading ...")
        seen = self._seen is not None and self._seen[0] == source
        choices = {name: self.query_one(f"#open-{name}", Choice) for name in CHOICES}
        self._read(source, {name: choice.value for name, choice in choices.items() if seen and choice.display})

    async def action_dismiss(self, result: Dataset | Landscape | None = None) -> None:
        """Give up a file that is being read; where none is, close."""
        if self._watch is not None:
            self._watch.cancel()
        else:
            self.close(result)

    @work(thread=True, exclusive=True, group="read")
    def _read(self, source: str, chosen: dict[str, Any]) -> None:
        """Read it beside the event loop: a large file takes its time."""
        watch = self._watch = Watch(lambda loading: self.app.call_from_thread(self._say, f"Reading: {loading}"))
        try:
            ground = ground_named(source, watch, **chosen)
        except Cancelled:
            self.app.call_from_thread(self._say, "The file is not read to its end; what was there before stays.")
        except FormulaError as error:
            self.app.call_from_thread(self._say, f"{error}\n{error.shown}")
        except ValueError as error:
            self.app.call_from_thread(self._say, str(error))
        else:
            self.app.call_from_thread(self._done, ground)
        finally:
            self._watch = None

    def _say(self, sentence: str) -> None:
        if self.is_active:
            self.query_one("#wrong", Static).update(sentence)

    def _done(self, ground: Dataset | Landscape) -> None:
        if self.is_active:
            self.close(ground)


def _cut(text: str) -> str:
    return text if cell_len(text) <= CELL else set_cell_size(text, CELL - 2) + ".."


def _within(folder: str, name: str) -> str:
    """A path that begins as it was typed.

    >>> _within("logs", ""), _within("/", "a.csv"), _within("", "a.csv")
    ('logs/', '/a.csv', 'a.csv')
    """
    return f"{folder.rstrip('/')}/{name}" if folder else name


def _is_folder(source: str) -> bool:
    try:
        path = Path(source).expanduser()
        check(path, folder=True)
        return bool(source) and path.is_dir()
    except (OSError, ValueError, RuntimeError):
        return False
