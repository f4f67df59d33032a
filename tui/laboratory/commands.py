"""Everything a key can do: the list from which bindings, footer, help, palette and docs/keys.md are made.

A command on the laboratory is defined here completely; one on the screen names an action of the screen.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from tui.laboratory.laboratory import Laboratory


@dataclass(frozen=True, slots=True)
class Command:
    """Something a person can ask for.

    Attributes:
        name: its name in the code; without `do`, the action of the screen, with its arguments.
        keys: the keys that ask for it, as Textual names them, the main one first.
        label: a word or two, for the footer and the palette.
        tooltip: what it does, in a sentence.
        do: its effect on the laboratory. A ValueError is shown to the user, and nothing changes.
        pauses: whether a running run stops for it.
        footer: whether it is in the footer.
        chart_keys: keys that ask for it while the chart has the focus.
        priority: whether it takes the key even if a field has the focus.
        steps: how many steps it makes, if it makes any: where each is a query, they are made one by one.
    """

    name: str
    keys: tuple[str, ...]
    label: str
    tooltip: str
    do: Callable[[Laboratory], object] | None = None
    pauses: bool = False
    footer: bool = False
    chart_keys: tuple[str, ...] = ()
    priority: bool = False
    steps: int = 0

    @property
    def action(self) -> str:
        """The action of the screen that does it."""
        return f"do({self.name!r})" if self.do else self.name


def _first_keys(laboratory: Laboratory) -> None:
    """Show or hide the first keys to press, and say so: most views do not show them."""
    laboratory.welcome.toggle()
    stand = "The first keys stand on the curve (key 1) for three more steps."
    laboratory.notes.say(stand if laboratory.welcome.shown else "The first keys are put away.")


WALKING = (
    Command("run", ("space",), "Run", "Run and pause.", footer=True),
    Command(
        "step",
        ("n",),
        "Step",
        "One step against the gradient.",
        lambda lab: lab.walk.step(),
        steps=1,
        footer=True,
        chart_keys=("right", "full_stop"),
    ),
    Command(
        "back",
        ("b",),
        "Back",
        "One step back.",
        lambda lab: lab.walk.back(),
        pauses=True,
        footer=True,
        chart_keys=("left", "comma"),
    ),
    Command("ten_steps", ("N",), "Ten steps", "Ten steps.", lambda lab: lab.walk.step(10), steps=10),
    Command("ten_back", ("B",), "Ten back", "Ten steps back.", lambda lab: lab.walk.back(10), pauses=True),
    Command(
        "rate_down",
        ("left_square_bracket",),
        "Rate -",
        "Learning rate divided by 1.1.",
        lambda lab: lab.walk.scale_learning_rate(0.909090909),
        footer=True,
    ),
    Command(
        "rate_up",
        ("right_square_bracket",),
        "Rate +",
        "Learning rate times 1.1.",
        lambda lab: lab.walk.scale_learning_rate(1.1),
        footer=True,
    ),
    Command(
        "half_rate",
        ("left_curly_bracket",),
        "Half rate",
        "Learning rate halved.",
        lambda lab: lab.walk.scale_learning_rate(0.5),
    ),
    Command(
        "double_rate",
        ("right_curly_bracket",),
        "Double rate",
        "Learning rate doubled.",
        lambda lab: lab.walk.scale_learning_rate(2),
    ),
    Command(
        "slower",
        ("less_than_sign",),
        "Slower",
        "Fewer steps a second while it runs.",
        lambda lab: lab.walk.faster(-1),
    ),
    Command(
        "faster",
        ("greater_than_sign",),
        "Faster",
        "More steps a second while it runs, up to as many as fit.",
        lambda lab: lab.walk.faster(1),
    ),
    Command(
        "retreat",
        ("h",),
        "Retreat",
        "Back to before the loss began to rise, with half the learning rate.",
        lambda lab: lab.walk.retreat(),
        pauses=True,
    ),
    Command(
        "more",
        ("m",),
        "More steps",
        "Double how many steps the run may take.",
        lambda lab: lab.walk.allow_more(),
    ),
    Command(
        "bias",
        ("t",),
        "Train b",
        "Train w and b, or w alone, from the next step on.",
        lambda lab: lab.walk.set_train_bias(not lab.walk.timeline.settings.train_bias),
    ),
    Command(
        "seed",
        ("u",),
        "Another seed",
        "The next order of the rows, where a step sees a batch of them.",
        lambda lab: lab.walk.another_seed(),
    ),
    Command(
        "restart",
        ("r",),
        "Restart",
        "Back to iteration 0, with the settings as they are.",
        lambda lab: lab.walk.restart(),
        pauses=True,
        footer=True,
    ),
    Command(
        "reset",
        ("R",),
        "Reset",
        "The settings gdlab was started with, and back to iteration 0.",
        lambda lab: lab.walk.reset(),
        pauses=True,
    ),
)
"""Where the run goes, and how."""

LOOKING = (
    Command("log", ("l",), "Log axis", "Linear or logarithmic loss axis."),
    Command(
        "fit", ("f",), "Fit chart", "Fit the chart closely to the run; again, or where nothing is closer, to all runs."
    ),
    Command("marker", ("k",), "Line style", "Draw the curve in Braille dots, in blocks, or in plain ASCII."),
)
"""How the chart is drawn; the views and their own commands follow."""

COMPARING = (
    Command(
        "ghosts",
        ("G",),
        "Ghosts",
        "Next steps at half the rate and twice the rate too, or no longer.",
        lambda lab: lab.studies.toggle_ghosts(),
    ),
    Command("branches", ("g",), "Branches", "The branches: go there, rename, delete, compare."),
    Command(
        "pin",
        ("p",),
        "Pin",
        "Keep the run as it is, and go on in a copy.",
        lambda lab: lab.walk.pin(),
        pauses=True,
    ),
    Command(
        "seeds",
        ("U",),
        "Seeds",
        "Five seeds from here, a branch each: how much is chance.",
        pauses=True,
    ),
    Command("race", ("a",), "Race", "All optimizers from here, each at a rate that suits it."),
    Command(
        "scale",
        ("S",),
        "Scale",
        "Train on standardized x and y; again, on the rows as they are. Each keeps its runs, a session those shown.",
        lambda lab: lab.toggle_scaling(),
        pauses=True,
    ),
)
"""Other runs beside this one."""

COURSE = (
    Command("course", ("T",), "Course", "Open the course, and lead back to your own work."),
    Command("course('answer')", ("A",), "Answer", "In the course: answer the question of the task."),
    Command("course('hint')", ("H",), "Hint", "In the course: one more hint."),
    Command("course('next')", ("x",), "Next task", "In the course: the next task, when this one is done."),
    Command("course('skip')", ("X",), "Skip task", "In the course: the next task, done or not."),
    Command("course('redo')", ("D",), "Do again", "In the course: the task from its start; what was done stays done."),
    Command("course('page')", ("j",), "Turn page", "In the course: the next page of the task."),
    Command("course('whole')", ("W",), "Whole task", "In the course: the whole task and the list of tasks, to read."),
    Command("course('tasks')", ("L",), "Tasks", "In the course: go to any task."),
    Command("course('fold')", ("F",), "Fold task", "In the course: the task in one row, or all of it."),
)
"""The course, and what can be done in it."""

AROUND = (
    Command("chart", ("escape",), "Chart", "Undo what is typed, and go back to the chart."),
    Command("why", ("w",), "Why", "The whole derivation for this point, with the numbers put in.", footer=True),
    Command("open", ("o",), "Open", "Open data, a terrain or a formula of your own."),
    Command("settings", ("s",), "Settings", "Go to the settings; escape leads back to the chart.", footer=True),
    Command(
        "export",
        ("E",),
        "Export",
        "Write the run as a script, notebook or table, the view as a picture, the screen as text.",
    ),
    Command("copy", ("y",), "Copy", "Copy the text of the screen to the clipboard of the terminal."),
    Command("theme", ("c",), "Colours", "The next colour theme: dark, light, high contrast."),
    Command(
        "first_keys",
        ("z",),
        "First keys",
        "The first keys to press, over the curve, or no longer.",
        _first_keys,
    ),
    Command("help", ("question_mark", "f1"), "Help", "What the screen shows, and every key.", footer=True),
    Command("palette", ("colon", "ctrl+p"), "Commands", "Find a command by its name."),
    Command("suspend", ("ctrl+z",), "Suspend", "Back to the shell for a while; fg returns."),
    Command("repaint", ("ctrl+l",), "Repaint", "Draw the whole screen again."),
    Command("quit", ("q", "ctrl+q"), "Quit", "Leave gdlab.", footer=True),
    Command("interrupt", ("ctrl+c",), "Interrupt", "Copy what is selected; where nothing is, quit.", priority=True),
)
"""The screen itself."""

_SHOWN = {
    "left_square_bracket": "[",
    "right_square_bracket": "]",
    "left_curly_bracket": "{",
    "right_curly_bracket": "}",
    "less_than_sign": "<",
    "greater_than_sign": ">",
    "left_parenthesis": "(",
    "right_parenthesis": ")",
    "slash": "/",
    "backslash": "\\",
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
