"""The checks of a goal: each on runs that meet it and on runs that do not, with its message."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from gdcore.course.checks import judge
from gdcore.course.course import Course
from gdcore.course.progress import wrong_answer
from gdcore.course.task import Task
from gdcore.course.walks import Run, Walk
from gdcore.descent.branches import Branches
from gdcore.descent.optimizers import Adam, GradientDescent, Momentum
from gdcore.descent.schedules import Exponential
from gdcore.descent.steps import Limits, Settings
from gdcore.descent.timeline import Timeline
from gdcore.landscapes.bowl import MeanSquaredError
from gdcore.landscapes.known import find
from gdcore.rows.dataset import load
from gdcore.studies.stability import observed

if TYPE_CHECKING:
    from collections.abc import Callable

PIZZA = load("pizza")
BOWL = MeanSquaredError.of(PIZZA.x, PIZZA.y)

HEAD = """\
id = "c"
title = "C"
[[task]]
id = "t"
title = "T"
text = "Do."
any_start = true
any_data = true
solution = ["step"]
[task.setup]
data = "pizza"
[task.question]
ask = "Which?"
answer = 3
tolerance = 0.5
"""


def task(*goal: str) -> Task:
    text = HEAD + "".join(f"[[task.goal]]\n{check}\n" for check in goal)
    return Course.read(text.encode(), "c.toml").tasks[0]


def walk(
    *changes: tuple[int, Settings], on: str = "", start: tuple[float, float] = (0.0, 0.0), scaled: bool = False
) -> Walk:
    """A walk of one branch: so many steps under each of the settings."""
    landscape = find(on) if on else BOWL
    branches = Branches(Timeline(landscape, changes[0][1], Limits(100_000), *start))
    for steps, settings in changes:
        branches.change(settings)
        branches.run.forward(steps)
    return Walk(landscape if on else PIZZA, landscape, branches, scaled)


def verdict(walks: list[Walk], *goal: str, answer: str = "") -> tuple[bool, str]:
    runs = [run for each in walks for run in each.runs()]
    found = judge(task(*goal).goal, runs, answer)
    return found.met, " ".join(found.missing)


PLAIN = Settings(0.001)
BOTH = Settings(0.001, train_bias=True)

CASES: dict[str, tuple[Callable[[], Walk], str, str]] = {
    # A check: a walk that meets it, the check, and what the same check says of a walk of one step at the rate 0.001.
    "loss": (lambda: walk((20, PLAIN)), 'check = "loss"\nbelow = 70', "smallest at step 1, 304.363"),
    "loss above": (lambda: walk((9, Settings(0.005))), 'check = "loss"\nabove = 2000', "largest at step 0, 812.867"),
    "loss share": (
        lambda: walk((8, PLAIN)),
        'check = "loss"\nbelow = 0.01\nshare = true',
        "smallest at step 1, 31.63 % of that at the start",
    ),
    "distance": (lambda: walk((10, PLAIN)), 'check = "distance"\nbelow = 0.01\nwithin = 10', "was smallest at step 1"),
    "distance last": (
        lambda: walk((15, PLAIN)),
        'check = "distance"\nbelow = 0.01\nlast = 5',
        "it has 1 step, and the last 5 are asked for",
    ),
    "distance above": (
        lambda: walk((30, Settings(0.4)), on="kink", start=(-2.0, 0.0)),
        'check = "distance"\nabove = 0.15\nbelow = 0.25\nlast = 20',
        "it has 1 step",
    ),
    "gradient": (lambda: walk((20, PLAIN)), 'check = "gradient"\nbelow = 0.01', "smallest at step 1"),
    "gradient of both": (lambda: walk((9000, BOTH)), 'check = "gradient"\nbelow = 0.5\nlast = 2', "it has 1 step"),
    "minimum": (lambda: walk((60, PLAIN)), 'check = "minimum"', "1.03689 away from the lowest minimum"),
    "other minimum": (
        lambda: walk((80, Settings(0.1)), on="two-valleys", start=(1.8, 0.0)),
        'check = "minimum"\nwhich = "other"',
        "is not known here",
    ),
    "lowest minimum": (
        lambda: walk((80, Settings(0.5)), on="two-valleys", start=(1.8, 0.0)),
        'check = "minimum"\nlast = true',
        "away from the lowest minimum",
    ),
    "point": (
        lambda: walk((60, PLAIN)),
        'check = "minimum"\npoint = [1.84369, 0]\nnear = 0.001',
        "away from the point w = 1.84369",
    ),
    "steps": (lambda: walk((7, PLAIN)), 'check = "steps"\nleast = 5\nmost = 8', "it has 1 step"),
    "rate": (
        lambda: walk((2, PLAIN), (2, Settings(0.002))),
        'check = "rate"\nis = 0.002',
        "its last step has 0.001",
    ),
    "rate ever": (
        lambda: walk((2, Settings(0.002)), (2, PLAIN)),
        'check = "rate"\nfrom = 0.0015\nto = 0.003\nwhen = "ever"',
        "its steps have 0.001",
    ),
    "rate always": (
        lambda: walk((2, Settings(0.002)), (2, Settings(0.003))),
        'check = "rate"\nfrom = 0.0015\nwhen = "always"',
        "0.001",
    ),
    "rate critical": (
        lambda: walk((2, Settings(0.0045))),
        'check = "rate"\nfrom = 0.9\nto = 1\ncritical = true',
        "0.2188 of the critical rate",
    ),
    "rate of a schedule": (
        lambda: walk((20, Settings(0.004, schedule=Exponential(0.9)))),
        'check = "rate"\nto = 0.0006',
        "0.001",
    ),
    "used optimizer": (
        lambda: walk((2, PLAIN), (2, replace(PLAIN, optimizer=Adam()))),
        'check = "used"\noptimizer = "adam"',
        "0 of 1 step is made with Adam",
    ),
    "used bias always": (lambda: walk((3, BOTH)), 'check = "used"\nbias = true\nwhen = "always"', "0 of 1 step"),
    "used schedule": (
        lambda: walk((3, Settings(schedule=Exponential(0.9)))),
        'check = "used"\nschedule = "exponential"',
        "0 of 1 step",
    ),
    "used a falling schedule": (
        lambda: walk((3, Settings(schedule=Exponential(0.9)))),
        'check = "used"\nschedule = "falling"',
        "0 of 1 step is made with a falling schedule",
    ),
    "used scaled": (lambda: walk((3, PLAIN), scaled=True), 'check = "used"\nscaled = true', "0 of 1 step"),
    "used all rows": (lambda: walk((1, PLAIN)), 'check = "used"\nbatch = 30', ""),
    "avoided": (
        lambda: walk((3, replace(PLAIN, optimizer=Momentum()))),
        'check = "avoided"\noptimizer = "gradient-descent"',
        "1 of 1 step is made with gradient descent",
    ),
    "regime": (
        lambda: walk((3, Settings(0.003))),
        'check = "regime"\nis = "overshoot"\nsteps = 3',
        "its steps: 1 glide",
    ),
    "diverged": (lambda: walk((4, Settings(0.005))), 'check = "diverged"\nsteps = 4', "it never rose"),
    "leap": (
        lambda: walk((4, Settings(0.5)), on="cliff", start=(-1.0, 0.0)),
        'check = "leap"\nfarther = 2',
        "its longest step is 0.8068",
    ),
    "no leap": (lambda: walk((4, Settings(0.0001))), 'check = "leap"\nshorter = 0.1', "its longest step is 0.8068"),
    "start": (lambda: walk((1, PLAIN), start=(3.0, 0.0)), 'check = "start"\nw = [2, 4]', "it begins at w = 0"),
    "recovered": (
        lambda: walk((4, Settings(0.005)), (9, PLAIN)),
        'check = "recovered"\nshare = 0.5',
        "the loss has not risen 3 steps in a row",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_a_check_tells_the_run_that_does_it(name: str) -> None:
    good, check, _ = CASES[name]
    assert verdict([good()], check) == (True, "")


@pytest.mark.parametrize("name", CASES)
def test_a_check_says_what_another_run_did_instead(name: str) -> None:
    _, check, said = CASES[name]
    met, why = verdict([walk((1, PLAIN))], check)
    assert (met, said in why) == (not said, True), why


@pytest.mark.parametrize("name", [name for name in CASES if name not in ("start",)])
def test_nothing_is_met_before_a_step_is_made(name: str) -> None:
    _, check, _ = CASES[name]
    # A retreat or a switch of settings alone is nothing that was done.
    assert not verdict([walk((0, PLAIN))], check)[0]


def test_settings_that_no_step_was_made_with_have_not_been_used() -> None:
    tried = walk((3, PLAIN), (0, Settings(0.002, Adam())))
    assert not verdict([tried], 'check = "used"\noptimizer = "adam"')[0]
    assert verdict([tried], 'check = "rate"\nis = 0.001')[0]


def test_one_run_must_meet_all_checks_of_a_name() -> None:
    apart = [walk((6, PLAIN)), walk((1, Settings(0.002)))]
    goal = ('check = "steps"\nleast = 5', 'check = "rate"\nis = 0.002')
    assert not verdict(apart, *goal)[0]
    assert verdict(apart, goal[0] + '\nrun = "a"', goal[1] + '\nrun = "b"')[0]


def test_runs_from_another_start_are_told_of() -> None:
    verdict = judge(task('check = "diverged"').goal, [])
    assert verdict.missing == (
        "Not yet: the loss rises 3 steps in a row: all runs begin elsewhere; redo (D) begins where the task does.",
    )


def test_what_one_run_must_do_is_told_by_its_name_where_there_are_several() -> None:
    slow, fast = ('check = "steps"\nleast = 1\nrun = "slow"', 'check = "diverged"\nrun = "fast"')
    run = next(walk((3, Settings(0.001))).runs())
    assert [words for words, _ in judge(task(slow).goal, [run]).checks] == ["at least one step is made"]
    assert [words for words, _ in judge(task(slow, fast).goal, [run]).checks] == [
        'at least one step is made (run "slow")',
        'the loss rises 3 steps in a row (run "fast")',
    ]


def test_the_right_answer_is_not_given_away() -> None:
    asked = task('check = "answered"')
    why = wrong_answer(asked, 7.0)
    assert "7" in why
    assert "redo (D) asks again" in why
    assert "3" not in why


def test_the_nearest_run_is_the_one_that_is_told_of() -> None:
    met, why = verdict(
        [walk((1, PLAIN)), walk((4, Settings(0.002)))],
        'check = "steps"\nleast = 5',
        'check = "rate"\nis = 0.002',
        'check = "loss"\nbelow = 100',
    )
    assert (met, why) == (False, "Not yet: at least 5 steps are made: it has 4 steps.")


def test_runs_are_compared() -> None:
    goal = 'check = "compare"\nby = "rate"\nruns = 2\nsteps = 3'
    assert not verdict([walk((3, PLAIN)), walk((2, Settings(0.002)))], goal)[0]
    assert not verdict([walk((3, PLAIN)), walk((3, PLAIN))], goal)[0]
    assert verdict([walk((3, PLAIN)), walk((3, Settings(0.002)))], goal)[0]


@pytest.mark.parametrize("by", ["optimizer", "scaled", "start", "bias", "schedule"])
def test_runs_are_compared_by(by: str) -> None:
    other = {
        "optimizer": walk((1, Settings(optimizer=Adam()))),
        "scaled": walk((1, PLAIN), scaled=True),
        "start": walk((1, PLAIN), start=(1.0, 0.0)),
        "bias": walk((1, BOTH)),
        "schedule": walk((1, Settings(schedule=Exponential(0.9)))),
    }
    goal = f'check = "compare"\nby = "{by}"'
    assert verdict([walk((1, PLAIN)), other[by]], goal)[0]
    assert not any(verdict([walk((1, PLAIN)), other[name]], goal)[0] for name in other if name != by)


def test_a_run_that_came_down_before_another_rose_has_not_recovered() -> None:
    branches = Branches(Timeline(BOWL, PLAIN, Limits(100)))
    branches.run.forward(20)
    branches.begin(Timeline(BOWL, Settings(0.005), Limits(100)), "again")
    branches.run.forward(5)
    goal = 'check = "recovered"'
    assert not verdict([Walk(PIZZA, BOWL, branches)], goal)[0]
    branches.run.back(4)
    branches.change(PLAIN)
    branches.run.forward(4)
    assert verdict([Walk(PIZZA, BOWL, branches)], goal)[0]


def test_a_retreat_is_told_from_any_other_change_of_rate() -> None:
    branches = Branches(Timeline(BOWL, Settings(0.005), Limits(100)))
    branches.run.forward(5)
    branches.run.back(5)
    branches.change(Settings(0.0025))
    branches.run.forward(2)
    goal = 'check = "used"\nretreat = true'
    assert verdict([Walk(PIZZA, BOWL, branches)], goal)[0]
    branches.run.back(2)
    branches.change(Settings(0.002))
    branches.run.forward(2)
    only = Branches(branches.run)
    assert not verdict([Walk(PIZZA, BOWL, only)], goal)[0]


def test_runs_from_elsewhere_do_not_count_where_the_start_is_given() -> None:
    at_the_minimum = walk((5, PLAIN), start=(1.8436928702, 0.0))
    goal = 'check = "distance"\nbelow = 0.01'
    assert verdict([at_the_minimum], goal)[0]
    assert not verdict([replace(at_the_minimum, start=(0.0, 0.0))], goal)[0]


def test_the_whole_loss_counts_not_that_of_a_batch() -> None:
    from gdcore.descent.batches import Batch  # noqa: PLC0415

    settings = Settings(0.0005, batch=Batch(1, 7))
    walked = walk((40, settings))
    run = Run(walked, walked.branches.current)
    seen = walked.branches.run.path(0, 41)
    assert not np.allclose(run.loss, seen[:, 2])
    assert run.loss == pytest.approx([BOWL(w, b) for w, b, _ in seen])


@pytest.mark.parametrize("on", ["", "cliff", "himmelblau", "kink"])
@pytest.mark.parametrize("optimizer", [GradientDescent(), Momentum(), Adam()], ids=lambda one: one.name)
def test_steps_are_told_apart_as_the_readout_does(on: str, optimizer: GradientDescent) -> None:
    landscape = find(on) if on else BOWL
    start = tuple(landscape.scope.start) if on else (0.0, 0.0)
    for rate in (1e-4, 1e-3, 3e-3, 5e-3, 0.1):
        walked = walk((30, Settings(rate, optimizer, landscape.has_bias)), on=on, start=(start[0], start[1]))
        run, states = Run(walked, walked.branches.current), walked.branches.run
        states.back(states.tip)
        told = []
        for _ in range(states.tip):
            before = states.state
            states.forward()
            told.append(observed(before, states.state))
        assert run.regimes == told


@pytest.mark.parametrize(
    ("check", "said"),
    [
        ('check = "steps"\nmost = 1', "at the most one step is made"),
        ('check = "steps"\nleast = 1\nmost = 1', "one step is made"),
        ('check = "steps"\nleast = 1\nmost = 200', "from 1 to 200 steps are made"),
        ('check = "diverged"\nsteps = 1', "the loss rises 1 step"),
        ('check = "recovered"\nsteps = 1', "the loss rises 1 step, and then comes down below its start"),
        ('check = "compare"\nby = "rate"', "2 runs of at least 1 step differ in learning rate"),
        ('check = "loss"\nbelow = 5\nlast = 1', "the loss is below 5 for the last 1 step"),
        ('check = "loss"\nbelow = 5\nwithin = 1', "the loss is below 5 within 1 step"),
        ('check = "minimum"\nstay = 1', "the run is at the lowest minimum for 1 step, no farther off than 0.05"),
    ],
)
def test_of_one_step_there_is_one(check: str, said: str) -> None:
    ((asked, _),) = judge(task(check).goal, []).checks
    assert asked == said
    met, why = verdict([walk((1, PLAIN))], check, 'check = "used"\noptimizer = "adam"')
    assert not met
    assert "1 steps" not in why


def test_without_a_critical_rate_there_is_no_share_of_it() -> None:
    adam = replace(PLAIN, optimizer=Adam())
    met, why = verdict([walk((2, adam))], 'check = "rate"\nto = 1\ncritical = true')
    assert (met, why.endswith(": its optimizer has no critical rate.")) == (False, True)


def test_the_text_of_a_goal_ends_once() -> None:
    asked = judge(task('check = "diverged"\ntext = "Overshoot five times."').goal, []).checks
    assert asked == (("Overshoot five times", False),)
