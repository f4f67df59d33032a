"""The dialog that opens data or a terrain: what there is, narrowed down as one types, and what is in a file."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from rich.cells import cell_len, set_cell_size
from textual import on, work
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.suggester import SuggestionReady
from textual.widgets import Input, OptionList, Static

from gdcore.inert import inert
from gdcore.landscapes.formula import FormulaError
from gdcore.landscapes.known import KNOWN
from gdcore.rows.dataset import shipped
from gdcore.rows.files import Cancelled, WhichTableError
from tui.laboratory.grounds import ground_named, is_meant, known
from tui.laboratory.reach import check
from tui.screen.dialogs import Dialog
from tui.screen.fields import Choice
from tui.screen.preview import FirstRows
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
CHOICES = ("table", "x", "y")
"""What is chosen of a file."""
HINT = "Of a file you see here, before you open it, its columns and first rows."
NOWHERE = (FileNotFoundError, NotADirectoryError)
"""What the system says of a folder that is not there."""
SHORT = 20
"""With fewer rows than this, the first rows of a file are not shown: the list needs them."""


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


def completion(typed: str, offered: Sequence[Offer]) -> str:
    """What enter would open, where it begins with the text as it is typed; empty where enter takes the text itself.

    >>> completion("pi", offers("pi", [])), completion("pizza", offers("pizza", [])), completion("PI", offers("PI", []))
    ('pizza', '', '')
    """
    if not offered or not os.path.split(typed)[1]:
        return ""
    first = offered[0].source
    fits = first.startswith(typed) and first.isprintable()
    return first if fits and (first == f"{typed}/" or not is_meant(typed)) else ""


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
        Binding("pageup", "page(-1)", "Page up", show=False),
        Binding("pagedown", "page(1)", "Page down", show=False),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._watch: Watch | None = None
        """Who watches the reading of a file; None where none is read."""
        self._folders: dict[tuple[str, bool], list[Entry]] = {}
        self._refusals: dict[tuple[str, bool], str] = {}
        """Why a folder cannot be listed."""
        self._offers: list[Offer] = []
        self._chosen: Offer | None = None
        """The line that a person has moved to."""
        self._shown = "", ""
        """The source that is shown, and the table that a person has chosen of it."""
        self._seen: Preview | None = None
        """What is in it; None as long as nobody has looked."""
        self._asked = ""
        """The source of several tables about which a person was asked."""

    def compose(self) -> ComposeResult:
        """A text to type, a line for what is wrong, the list, and what is in a file."""
        with Vertical(classes="dialog") as frame:
            frame.border_title = "Open data or a terrain"
            frame.border_subtitle = "enter: open   up, down: the list   tab: x and y   escape: cancel"
            yield Static("A name from the list, the path of a file, or a formula in w and b:", markup=False)
            yield Input(placeholder="right arrow completes a path", compact=True, select_on_focus=False)
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
        self._clear(HINT)
        self._list()

    def on_resize(self, event: Resize) -> None:
        """Leave out what has no room."""
        self.query_one("#preview").set_class(event.size.height < SHORT, "-short")

    def on_screen_resume(self) -> None:
        """After a choice, or none, enter opens."""
        self.query_one(Input).focus()

    # The list

    def on_input_changed(self) -> None:
        """List what fits."""
        self._forget()
        self._list()

    def _forget(self) -> None:
        """Give up and take back what was said and begun about another text or line."""
        self._stop()
        self._asked = ""
        self._say(self._refusals.get(self._folder, ""))

    @property
    def _folder(self) -> tuple[str, bool]:
        """The folder that the text is about, and whether hidden files are."""
        folder, part = os.path.split(self.query_one(Input).value)
        return folder or ".", part.startswith(".")

    def _list(self) -> None:
        self._chosen = None
        typed, key = self.query_one(Input).value, self._folder
        if key not in self._folders and typed:
            self._folders[key] = []
            self._scan(*key)
        files = self._folders.get(key, [])
        self._offers = offers(typed, files)
        listed = self.query_one("#offers", OptionList)
        listed.clear_options()
        listed.add_options(map(str, self._offers))
        self._complete(completion(typed, self._offers))
        self._show(typed if typed in KNOWN or typed in shipped() or _is_among(typed, files) else "")

    def _complete(self, source: str) -> None:
        """Show in grey how the text goes on to be this."""
        field = self.query_one(Input)
        field.post_message(SuggestionReady(field.value, source if source.startswith(field.value) else ""))

    @work(thread=True, group="scan")
    def _scan(self, folder: str, hidden: bool) -> None:
        """Look what is in a folder, beside the event loop: it may be large, or far away."""
        try:
            check(Path(folder).expanduser(), folder=True)
            found = entries(Path(folder).expanduser(), hidden=hidden)
        except (ValueError, RuntimeError) as error:
            # A folder that is not there may not be typed to its end; who opens what may not be read gets the sentence.
            if isinstance(error.__cause__, OSError) and not isinstance(error.__cause__, NOWHERE):
                self.app.call_from_thread(self._refused, (folder, hidden), str(error))
        else:
            self.app.call_from_thread(self._scanned, (folder, hidden), found)

    def _refused(self, key: tuple[str, bool], sentence: str) -> None:
        self._refusals[key] = sentence
        if self.is_active and key == self._folder:
            self._say(sentence)

    def _scanned(self, key: tuple[str, bool], found: list[Entry]) -> None:
        self._folders[key] = found
        if self.is_active and self._chosen is None and key == self._folder:
            self._list()

    def action_move(self, lines: int) -> None:
        """Move in the list, and show what is there."""
        if self._offers:
            highlighted = self.query_one("#offers", OptionList).highlighted if self._chosen else None
            before = (-1 if lines > 0 else len(self._offers)) if highlighted is None else highlighted
            self._choose(min(max(before + lines, 0), len(self._offers) - 1))

    def action_page(self, pages: int) -> None:
        """Move by as many lines as are shown."""
        self.action_move(pages * max(self.query_one("#offers").size.height, 1))

    def _choose(self, at: int) -> None:
        self._forget()
        self._chosen = self._offers[at]
        self.query_one("#offers", OptionList).highlighted = at
        self._complete(self._chosen.source)
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
            self._list()
        else:
            self._open(source)

    # What is in a file

    def _show(self, source: str, table: str = "") -> None:
        """Show what is behind a line, instead of what is shown."""
        if (source, table) == self._shown:
            return
        self._shown = source, table
        if source in KNOWN:
            landscape = KNOWN[source]
            self._clear(f"{landscape.formula}\n{landscape.teaches}")
        else:
            self._clear("" if source else HINT)
            if source and not source.endswith("/"):
                self._look(source, table)

    def _clear(self, text: str) -> None:
        """Show a text instead of what is in a file."""
        self._seen = None
        self.query_one("#columns").display = False
        self._write(text)

    @work(thread=True, exclusive=True, group="look")
    def _look(self, source: str, table: str) -> None:
        """Look into a file beside the event loop."""
        seen: Preview | str
        try:
            check(source)
            seen = preview(Path(source).expanduser(), table)
        except (ValueError, RuntimeError) as error:
            seen = str(error)
        self.app.call_from_thread(self._looked, (source, table), seen)

    def _looked(self, shown: tuple[str, str], seen: Preview | str) -> None:
        """Show the columns and first rows of a file, if it is still the one that is shown."""
        if not self.is_attached or shown != self._shown:
            return
        if isinstance(seen, str):
            self._write(seen)
            return
        source, table = shown
        self._seen = seen
        self._write(FirstRows(seen))
        numbers = [(column.name, at) for at, column in enumerate(seen.columns, 1) if column.numeric]
        pair = [at for _, at in numbers[:2]]
        self._offer("table", [(inert(name), name) for name in seen.tables], table)
        for name, first in zip(("x", "y"), pair if len(pair) > 1 else (None, None), strict=True):
            self._offer(name, numbers if first else (), first)
        self.query_one("#columns").display = True
        if self._asked == source and not table:
            self.query_one("#open-table").focus()

    def _offer(self, name: str, options: Sequence[tuple[str, object]], value: object) -> None:
        """Let one of several be chosen; the first is, unless another is named."""
        choice = self.query_one(f"#open-{name}", Choice)
        choice.display = self.query_one(f"#{name}-name").display = bool(options)
        if options:
            values = [option for _, option in options]
            choice.show(value if value in values else values[0], options)

    @on(Choice.Chosen, "#open-table")
    def _table_chosen(self, event: Choice.Chosen) -> None:
        """Show the rows of another table."""
        self._show(self._shown[0], str(event.value))

    def _write(self, text: str | FirstRows) -> None:
        self.query_one("#rows", Static).update(text)

    # Opening

    def _open(self, source: str) -> None:
        self._stop()
        self._say("Reading ...")
        shown, table = self._shown
        choices = {name: self.query_one(f"#open-{name}", Choice) for name in CHOICES}
        chosen = {name: choice.value for name, choice in choices.items() if choice.display}
        if self._seen is None:
            chosen = {"table": table}
        elif not table and self._asked != source:
            chosen.pop("table", None)  # the first of several tables may not be the one that is meant
        self._watch = Watch(lambda loading: self.app.call_from_thread(self._say, f"Reading: {loading}"))
        self._read(source, self._watch, chosen if shown == source else {})

    def _stop(self) -> None:
        """Give up what is being read, and whatever comes of it."""
        if self._watch is not None:
            self._watch.cancel()
            self._watch = None

    def _ask(self, source: str, question: str) -> None:
        """Let one of several tables be chosen."""
        self._say(f"{question} below, then press enter")
        self._asked = source
        if self._shown[0] != source:
            self._show(source)
        elif self._seen is not None:
            self.query_one("#open-table").focus()

    async def action_dismiss(self, result: Dataset | Landscape | None = None) -> None:
        """Give up a file that is being read; where none is, close."""
        if self._watch is not None:
            self._watch.cancel()
        else:
            self.close(result)

    @work(thread=True, group="read")
    def _read(self, source: str, watch: Watch, chosen: dict[str, Any]) -> None:
        """Read it beside the event loop: a large file takes its time."""
        found: Dataset | Landscape | Exception
        try:
            found = ground_named(source, watch, **chosen)
        except (Cancelled, ValueError) as error:
            found = error
        except Exception:
            self.app.call_from_thread(self._over, watch)
            raise
        self.app.call_from_thread(self._answered, source, watch, found)

    def _over(self, watch: Watch) -> bool:
        """Whether this reading, which is over, was still waited for."""
        waited = self._watch is watch
        if waited:
            self._watch = None
        return waited

    def _answered(self, source: str, watch: Watch, found: Dataset | Landscape | Exception) -> None:
        """Close with what was read, or say why there is nothing."""
        if not self._over(watch) or not self.is_active:
            return
        if isinstance(found, WhichTableError) and "://" not in source:
            self._ask(source, found.question)
        elif isinstance(found, Cancelled):
            self._say("The file is not read to its end; what was there before stays.")
        elif isinstance(found, FormulaError):
            self._say(f"{found}\n{found.shown}")
        elif isinstance(found, Exception):
            self._say(str(found))
        else:
            self.close(found)

    def _say(self, sentence: str) -> None:
        if self.is_active:
            self.query_one("#wrong", Static).update(sentence)


def _is_among(typed: str, files: Sequence[Entry]) -> bool:
    """Whether a text names one of the files of its folder."""
    part = os.path.split(typed)[1]
    return any(entry.path.name == part and entry.kind != "folder" for entry in files)


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
