"""The difference between two pictures, sent to a terminal, turns one into the other."""

import random

import pyte
from rich.color import ColorSystem
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from tui.terminal.line import Picture, cells_of

WIDTH, HEIGHT = 24, 3
STYLES = ["", "red", "bold red", "on blue", "reverse", "underline", "#102030 on #ffffff", "white on #000080", "italic"]
STYLES += ["bold on blue", "bold underline", "bold italic red", "dim red", "strike"]
CHARACTERS = "ab  .●⠿漢字é"


def anything(dice: random.Random) -> Strip:
    """A row of the full width."""
    segments = [
        Segment("".join(dice.choices(CHARACTERS, k=dice.randint(1, 6))), Style.parse(dice.choice(STYLES)))
        for _ in range(WIDTH)
    ]
    return Strip(segments).adjust_cell_length(WIDTH)


def shown(output: pyte.Screen) -> list[list[tuple[object, ...]]]:
    """What a person sees: the colour of a blank's ink is not part of it."""
    return [
        [
            (
                cell.data,
                cell.bg,
                cell.reverse,
                cell.underscore,
                cell.strikethrough,
                (cell.fg, cell.bold, cell.italics) if cell.data.strip() or cell.reverse or cell.underscore else None,
            )
            for cell in (output.buffer[y][x] for x in range(WIDTH))
        ]
        for y in range(HEIGHT)
    ]


def test_only_what_changed_is_sent_and_all_of_it() -> None:
    dice = random.Random(5)
    screen, afresh = pyte.Screen(WIDTH, HEIGHT), pyte.Screen(WIDTH, HEIGHT)
    picture = Picture()
    picture.resize(WIDTH, HEIGHT)
    rows = [anything(dice) for _ in range(HEIGHT)]
    for _ in range(300):
        y = dice.randrange(HEIGHT)
        old, new, cut = rows[y], anything(dice), dice.randrange(WIDTH)
        rows[y] = Strip.join([old.crop(0, cut), new.crop(cut)])
        for number, row in enumerate(rows):
            picture.put(0, number, cells_of(row, ColorSystem.TRUECOLOR))
        pyte.Stream(screen).feed(picture.changes())
        assert picture.changes() == ""
        whole = Picture()
        whole.resize(WIDTH, HEIGHT)
        for number, row in enumerate(rows):
            whole.put(0, number, cells_of(row, ColorSystem.TRUECOLOR))
        pyte.Stream(afresh).feed(whole.changes())
        assert shown(screen) == shown(afresh)
        assert screen.display == afresh.display


def test_a_step_in_one_colour_costs_no_colours_in_between() -> None:
    picture = Picture()
    picture.resize(40, 1)
    style = Style.parse("red on black")
    before, after = " " * 40, "1" + " " * 30 + "2" + " " * 8
    picture.put(0, 0, cells_of(Strip([Segment(before, style)]), ColorSystem.STANDARD))
    picture.changes()
    picture.put(0, 0, cells_of(Strip([Segment(after, style)]), ColorSystem.STANDARD))
    assert picture.changes() == "\x1b[1;1H\x1b[31;40m1\x1b[32G2\x1b[0m"


def test_what_looks_alike_goes_together() -> None:
    picture = Picture()
    picture.resize(20, 3)
    left, right = Style.parse("red on black"), Style.parse("blue on white")
    for number, letter in enumerate(("a", "b")):
        for y in range(3):
            strip = Strip([Segment(letter + " " * 9, left), Segment(letter + " " * 9, right)])
            picture.put(0, y, cells_of(strip, ColorSystem.STANDARD))
        sent = picture.changes()
        ends = [f"\x1b[{y};{x}H" for x in (1, 11) for y in (1, 2, 3)]
        if number == 0:
            assert sent.count("\x1b[31;40m") == 3, "a whole screen comes from top to bottom"
        else:
            assert [sent.count(code) for code in ("\x1b[31;40m", "\x1b[34;47m")] == [1, 1]
            assert [sent.index(end) for end in ends] == sorted(sent.index(end) for end in ends)
