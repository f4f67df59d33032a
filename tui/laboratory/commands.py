"""Everything a key can do: the one list from which bindings, footer, help, palette and the README's table are made."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Command:
    """Something a person can ask for.

    Attributes:
        action: the name of the screen's action, with its arguments.
        keys: the keys that ask for it, as Textual names them, the main one first.
        label: a word or two, for the footer and the palette.
        tooltip: what it does, in a sentence.
        footer: whether it is in the footer.
        chart_keys: keys that ask for it while the chart has the focus.
        priority: whether it comes before what a field does with the key.
    """

    action: str
    keys: tuple[str, ...]
    label: str
    tooltip: str
    footer: bool = False
    chart_keys: tuple[str, ...] = ()
    priority: bool = False


COMMANDS = (
    Command("run", ("space",), "Run", "Run and pause.", footer=True),
    Command(
        "step(1)", ("n",), "Step", "One step against the gradient.", footer=True, chart_keys=("right", "full_stop")
    ),
    Command("back(1)", ("b",), "Back", "One step back.", footer=True, chart_keys=("left", "comma")),
    Command("step(10)", ("N",), "Ten steps", "Ten steps."),
    Command("back(10)", ("B",), "Ten back", "Ten steps back."),
    Command("rate(0.909090909)", ("left_square_bracket",), "Rate -", "Learning rate divided by 1.1.", footer=True),
    Command("rate(1.1)", ("right_square_bracket",), "Rate +", "Learning rate times 1.1.", footer=True),
    Command("rate(0.5)", ("left_curly_bracket",), "Half rate", "Learning rate halved."),
    Command("rate(2)", ("right_curly_bracket",), "Double rate", "Learning rate doubled."),
    Command("speed(-1)", ("less_than_sign",), "Slower", "Fewer steps a second while it runs."),
    Command("speed(1)", ("greater_than_sign",), "Faster", "More steps a second while it runs, up to as many as fit."),
    Command("retreat", ("h",), "Retreat", "Back to before the loss began to rise, with half the learning rate."),
    Command("more", ("m",), "More steps", "Double how many steps the run may take."),
    Command("bias", ("t",), "Train b", "Train w and b, or w alone, from the next step on."),
    Command("restart", ("r",), "Restart", "Back to iteration 0, with the settings as they are.", footer=True),
    Command("reset", ("R",), "Reset", "The settings gdlab was started with, and back to iteration 0."),
    Command("log", ("l",), "Log axis", "Linear or logarithmic loss axis."),
    Command("fit", ("f",), "Fit chart", "Show the part of the chart around the run, closely."),
    Command("marker", ("k",), "Line style", "Draw the curve in Braille dots, in blocks, or in plain ASCII."),
    Command("view", ("v",), "View", "The next view: curve, map, fit, history, rates.", footer=True),
    Command("view('curve')", ("1",), "Curve", "The loss over w, at the b of now."),
    Command("view('map')", ("2",), "Map", "The loss over w and b, as contours, and the path across them."),
    Command("view('fit')", ("3",), "Fit", "The rows, and the line among them."),
    Command("view('history')", ("4",), "History", "The loss against the iterations."),
    Command("view('rates')", ("5",), "Rates", "How many iterations each learning rate needs."),
    Command("cursor(1)", (), "Rate up", "In the view of rates: the next larger rate.", chart_keys=("up",)),
    Command("cursor(-1)", (), "Rate down", "In the view of rates: the next smaller rate.", chart_keys=("down",)),
    Command(
        "take", (), "Take rate", "In the view of rates: put the rate under the cursor in force.", chart_keys=("enter",)
    ),
    Command("ghosts", ("G",), "Ghosts", "Next steps at half the rate and twice the rate too, or no longer."),
    Command("branches", ("g",), "Branches", "The branches: go there, rename, delete, compare."),
    Command("pin", ("p",), "Pin", "Keep the run as it is, and go on in a copy."),
    Command("race", ("a",), "Race", "All optimizers from here, each at a rate that suits it."),
    Command(
        "scale", ("S",), "Scale", "Train on standardized x and y; again, on the rows as they are. Each keeps its runs."
    ),
    Command("chart", ("escape",), "Chart", "Undo what is typed, and go back to the chart."),
    Command("why", ("w",), "Why", "The whole derivation for this point, with the numbers put in.", footer=True),
    Command("open", ("o",), "Open", "Open another data file."),
    Command("settings", ("s",), "Settings", "Go to the settings; escape leads back to the chart.", footer=True),
    Command("theme", ("c",), "Colours", "The next colour theme: dark, light, high contrast."),
    Command("help", ("question_mark", "f1"), "Help", "What the screen shows, and every key.", footer=True),
    Command("palette", ("colon", "ctrl+p"), "Commands", "Find a command by its name."),
    Command("suspend", ("ctrl+z",), "Suspend", "Back to the shell for a while; fg returns."),
    Command("repaint", ("ctrl+l",), "Repaint", "Draw the whole screen again."),
    Command("quit", ("q", "ctrl+q"), "Quit", "Leave gdlab.", footer=True),
    Command("interrupt", ("ctrl+c",), "Interrupt", "Copy what is selected; where nothing is, quit.", priority=True),
)

_SHOWN = {
    "left_square_bracket": "[",
    "right_square_bracket": "]",
    "left_curly_bracket": "{",
    "right_curly_bracket": "}",
    "less_than_sign": "<",
    "greater_than_sign": ">",
    "question_mark": "?",
    "full_stop": ".",
    "comma": ",",
    "colon": ":",
    "f1": "F1",
}


def shown(key: str) -> str:
    """A key as it is written on the screen.

    >>> shown("left_square_bracket"), shown("ctrl+p")
    ('[', 'ctrl+p')
    """
    return _SHOWN.get(key, key)


def key_table() -> list[tuple[str, str]]:
    """The keys and what they do, a row a command.

    >>> key_table()[1]
    ('n', 'One step against the gradient. On the chart also right, .')
    """
    rows = []
    for command in COMMANDS:
        keys, chart = (", ".join(map(shown, keys)) for keys in (command.keys, command.chart_keys))
        also = f" On the chart also {chart}" if keys and chart else ""
        rows.append((keys or chart, command.tooltip + also))
    return rows
