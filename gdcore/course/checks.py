"""What a task can ask for: the fixed vocabulary of its goal, and the verdict on the runs.

A check looks at one run: a branch from its start to the last iteration known. The checks of a goal that have the same
`run` must all be met by the same run. `answered`, `compare` and `recovered` look at all runs at once. Nothing here runs
what a file says; it is only compared.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gdcore.course.check import STEPS, Check, CheckOfAll, in_a_row, steps
from gdcore.course.done import Avoided, Behaved, Diverged, Leap, OwnData, Rate, StartedAt, Steps, Used
from gdcore.course.reached import AtMinimum, Distance, Gradient, Loss, Reach
from gdcore.descent.parameters import POSITIVE, Range
from gdcore.inert import quoted

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gdcore.course.reading import Entries
    from gdcore.course.walks import Run

RUNS = Range("a whole number from 2 to 10", low=2, high=10, whole=True)
SHARE = Range("a positive number up to 1", low=POSITIVE.low, high=1)


@dataclass(frozen=True, kw_only=True)
class Recovered(CheckOfAll):
    """A run diverged, and then it or a later run fell below the loss at its start."""

    kind = "recovered"
    steps: int = 3
    share: float = 1.0

    def sentence(self) -> str:
        """Describe the requirement in gdlab's own words."""
        end = "below its start" if self.share == 1 else f"to {self.share:g} of its height at the start"
        return f"the loss rises {in_a_row(self.steps)}, and then comes down {end}"

    def why_not_all(self, runs: Sequence[Run]) -> str:
        """Explain what is missing; empty if nothing is."""
        rose = False
        for walk in {id(run.walk): run.walk for run in runs}.values():
            order = {id(branch): place for place, branch in enumerate(walk.branches)}
            own = sorted((run for run in runs if run.walk is walk), key=lambda run: order[id(run.branch)])
            diverged = False
            for run in own:
                since = Diverged(steps=self.steps).met_at(run)
                down = Loss(below=self.share, share=True)._holds(run)
                if diverged and down.any():
                    return ""
                if since is not None:
                    diverged = rose = True
                    if down[since:].any():
                        return ""
        if not rose:
            return f"the loss has not risen {in_a_row(self.steps)}"
        return "the loss has risen, and has not come down again since"

    @classmethod
    def read(cls, entries: Entries, text: str) -> Recovered:
        """Read the check from its table in a course."""
        return cls(
            text=text,
            steps=entries.number("steps", STEPS, cls.steps),
            share=entries.number("share", SHARE, 1.0),
        )


COMPARED = ("rate", "optimizer", "scaled", "start", "bias", "schedule", "batch")


@dataclass(frozen=True, kw_only=True)
class Compare(CheckOfAll):
    """At least `runs` runs differ in one setting, and each has at least `steps` steps."""

    kind = "compare"
    by: str = "rate"
    runs: int = 2
    steps: int = 1

    def _value(self, run: Run) -> object:
        settings = run.settings
        values: dict[str, Callable[[], object]] = {
            "rate": lambda: settings.learning_rate,
            "optimizer": lambda: settings.optimizer.name,
            "scaled": lambda: run.walk.scaled,
            "start": lambda: (run.w[0], run.b[0]),
            "bias": lambda: settings.train_bias,
            "schedule": lambda: settings.schedule.name,
            "batch": lambda: settings.batch.size if settings.batch else run.rows,
        }
        return values[self.by]()

    def sentence(self) -> str:
        """Describe the requirement in gdlab's own words."""
        words = {"rate": "learning rate", "scaled": "scaling", "bias": "whether b is trained"}
        return f"{self.runs} runs of at least {steps(self.steps)} differ in {words.get(self.by, self.by)}"

    def why_not_all(self, runs: Sequence[Run]) -> str:
        """Explain what is missing; empty if nothing is."""
        found = {self._value(run) for run in runs if run.steps >= self.steps}
        if len(found) >= self.runs:
            return ""
        return f"there {'is' if len(found) == 1 else 'are'} {len(found) or 'none'} so far"

    @classmethod
    def read(cls, entries: Entries, text: str) -> Compare:
        """Read the check from its table in a course."""
        return cls(
            text=text,
            by=entries.choice("by", COMPARED),
            runs=entries.number("runs", RUNS, 2),
            steps=entries.number("steps", STEPS, 1),
        )


@dataclass(frozen=True, kw_only=True)
class Answered(CheckOfAll):
    """The question is answered, correctly if `right` is set. The task judges the answer itself."""

    kind = "answered"
    right: bool = True

    def sentence(self) -> str:
        """Describe the requirement in gdlab's own words."""
        return "the answer is right" if self.right else "the question is answered"

    def why_not_all(self, runs: Sequence[Run]) -> str:
        """Explain what is missing; empty if nothing is."""
        del runs
        return ""

    @classmethod
    def read(cls, entries: Entries, text: str) -> Answered:
        """Read the check from its table in a course."""
        return cls(text=text, right=entries.flag("right", True))


_ONE: tuple[Any, ...] = (
    Loss, Distance, Gradient, AtMinimum, Steps, Rate, Used, Avoided, Behaved, Diverged, Leap, StartedAt, OwnData,
)  # fmt: skip
_ALL: tuple[Any, ...] = (Recovered, Compare, Answered)
ONE_RUN = {kind.kind: kind for kind in _ONE}
ALL_RUNS = {kind.kind: kind for kind in _ALL}


def read_check(entries: Entries) -> Check | CheckOfAll:
    """Build the check that a table of a course describes."""
    kind = entries.choice("check", (*ONE_RUN, *ALL_RUNS))
    text = entries.text("text", 160, "")
    check: Check | CheckOfAll
    if kind in ALL_RUNS:
        if "run" in entries:
            entries.refuse(f'{kind} looks at all the runs, and has no "run"; leave it out', "run")
        check = ALL_RUNS[kind].read(entries, text)
    else:
        check = ONE_RUN[kind].read(entries, entries.text("run", 20, ""), text)
    entries.end()
    return check


# The verdict

ELSEWHERE = "all runs begin elsewhere; redo (D) begins where the task does"
"""What is said where all runs have another start."""


@dataclass(frozen=True, eq=False)
class Verdict:
    """Whether a goal is met, and by which run.

    Attributes:
        checks: what each check asks for, and whether it is met.
        missing: what is missing, a sentence each; empty where the goal is met.
        run: the run that comes nearest; None where there is none.
        iteration: the iteration of that run by which it has done all, or its last.
    """

    checks: tuple[tuple[str, bool], ...]
    missing: tuple[str, ...]
    run: Run | None
    iteration: int

    @property
    def met(self) -> bool:
        """Whether all is done."""
        return not self.missing


def judge(goal: Sequence[Check | CheckOfAll], runs: Sequence[Run], answer: str = "") -> Verdict:
    """Whether these runs do what a goal asks for.

    Args:
        goal: the checks.
        runs: the runs, the current one first.
        answer: why the answer will not do, for the check `answered`; empty where it will.
    """
    results: dict[int, tuple[bool, str]] = {}
    chosen: tuple[Run | None, int] = (runs[0] if runs else None, runs[0].steps if runs else 0)
    names = list(dict.fromkeys(check.run for check in goal if isinstance(check, Check)))
    asked = [
        f"{one.asked} (run {quoted(one.run)})" if isinstance(one, Check) and one.run and len(names) > 1 else one.asked
        for one in goal
    ]
    for name in names:
        group = [(i, check) for i, check in enumerate(goal) if isinstance(check, Check) and check.run == name]
        best: tuple[int, Run | None, dict[int, int | None]] = (-1, None, {})
        for run in runs:
            met = {i: check.met_at(run) for i, check in group}
            count = sum(at is not None for at in met.values())
            if count > best[0]:
                best = (count, run, met)
            if count == len(group):
                break
        count, nearest, met = best
        for i, check in group:
            done = met.get(i) is not None
            results[i] = done, f"{asked[i]}: {check.why_not(nearest) if nearest else ELSEWHERE}"
        if name == names[0] and nearest is not None:
            reached = [at for i, check in group if isinstance(check, Reach | AtMinimum) and (at := met[i]) is not None]
            all_met = count == len(group)
            chosen = nearest, max(reached) if reached and all_met else nearest.steps
    for i, other in enumerate(goal):
        if isinstance(other, CheckOfAll):
            why = answer if isinstance(other, Answered) else other.why_not_all(runs)
            results[i] = not why, f"{other.asked}: {why}"
    checks = tuple((words, results[i][0]) for i, words in enumerate(asked))
    missing = tuple(f"Not yet: {text}." for i in sorted(results) for done, text in (results[i],) if not done)
    return Verdict(checks, missing, *chosen)
