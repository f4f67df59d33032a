"""A learner in a course: the current task, the pending answer, hints, and the explanation of a task that is done.

Independent of the screen: the panel of the app and the plain mode both show `Lesson.panel` and call the other methods.
The laboratory's own runs decide whether a task is done, as in `gdlab check`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import isfinite
from typing import TYPE_CHECKING

from gdcore.course.checks import Answered, Verdict
from gdcore.course.explaining import filled, learners_numbers, placeholders
from gdcore.course.progress import (
    Attempt,
    Progress,
    Record,
    assess_task,
    footprints_of,
    own_rows,
    replayed,
    same_rows,
    start_of,
    too_long,
    verdict_on,
    without_place,
)
from gdcore.course.walks import Walk
from gdcore.descent.branches import Branches
from gdcore.inert import inert
from gdcore.landscapes.landscape import Landscape
from gdcore.landscapes.losses import DELTA, loss_name
from gdcore.session import Session
from tui.laboratory.ground import Ground

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gdcore.course.course import Course
    from gdcore.course.progress import Answer
    from gdcore.course.setup import Setup
    from gdcore.course.task import Question, Task
    from tui.laboratory.laboratory import Laboratory

_NAMES = {
    "step": ("n", "N", "ten_steps"),
    "back": ("b", "B", "ten_back"),
    "rate": ("[", "]", "{", "}", "rate_down", "rate_up", "half_rate", "double_rate"),
    "optimizer": ("method",),
    "bias": ("t",),
    "start": ("start-w", "start-b"),
    "scale": ("S",),
    "retreat": ("h",),
    "race": ("a", "seeds", "U"),
    "batch": ("seed", "u"),
}
"""The commands and form fields that belong to each action of a question."""
_KEYS = {"redo": "D", "skip": "X"}
"""The keys of the screen for what is a word in the plain mode."""
_ACTION = {other: action for action, names in _NAMES.items() for other in names}
_COVERED = {"run": "step", "race": "step"}
"""Actions that also make steps, and so wait when steps must wait."""


@dataclass(frozen=True)
class Panel:
    """What there is to show of a task at one moment.

    Attributes:
        place: which task of how many, as in "3 of 16".
        title: its title.
        text: what to do.
        question: the question; empty where there is none.
        choices: what can be answered; empty where a number is asked for, or nothing.
        answer: what was answered; empty where nothing was.
        pending: whether some keys must wait for the answer.
        goal: what is asked for, and whether it is met.
        hints: those that were asked for.
        hints_left: how many more there are.
        done: whether the task is done.
        explanation: sentences on the prediction and on why, with the learner's numbers, once it is done; before that
            sentences on a wrong answer, if only a right one is missing; else empty.
        tally: how many tasks are done, in a few words.
        view: the view in which the task is best seen; empty if it does not matter.
    """

    place: str
    title: str
    text: str
    question: str
    choices: tuple[str, ...]
    answer: str
    pending: bool
    goal: tuple[tuple[str, bool], ...]
    hints: tuple[str, ...]
    hints_left: int
    done: bool
    explanation: tuple[str, ...]
    tally: str
    view: str

    @property
    def headline(self) -> str:
        """The panel in one line, for when it is folded."""
        if self.done:
            state = "done"
        elif self.pending:
            state = "waits for an answer"
        else:
            state = f"{sum(met for _, met in self.goal)} of {len(self.goal)} met"
        return f"{self.place}  {self.title}: {state}"

    def sentences(self) -> Iterator[str]:
        """Yield the panel in words, one paragraph at a time."""
        yield f"Task {self.place}: {self.title}. {self.text}"
        if self.question:
            yield self.question
            if self.choices:
                yield "Choose " + ", ".join(f"{place} for {text}" for place, text in enumerate(self.choices, 1)) + "."
            if self.answer:
                yield f"You answered {self.answer}."
        for hint in self.hints:
            yield f"Hint: {hint}"
        if self.done:
            yield "This task is done."
            yield from self.explanation
        else:
            for asked, met in self.goal:
                yield f"{'Done' if met else 'To do'}: {asked}."
            yield from self.explanation


class Lesson:
    r"""A learner's way through a course, in a laboratory.

    Attributes:
        course: the course.
        laboratory: where its tasks are done; each task begins anew in it.
        note: the last remark on the course; may be empty.
        by_keys: whether sentences name keys, as on the screen, not words.

    Example:
        >>> from gdcore.course.course import Course
        >>> from gdcore.descent.steps import Limits, Settings
        >>> from gdcore.rows.dataset import load
        >>> from tui.laboratory.laboratory import Laboratory
        >>> toml = b'id = "walk"; title = "A walk"; [[task]]; id = "one"; title = "One step"; text = "Step."'
        >>> toml += b'; solution = ["step"]; why = "w is {w}."; [[task.goal]]; check = "steps"; least = 1'
        >>> course = Course.read(toml.replace(b"; ", b"\n"), "walk.toml")
        >>> lesson = Lesson(course, Laboratory(load("pizza"), Settings(), Limits()))
        >>> lesson.panel.goal
        (('at least one step is made', False),)
        >>> lesson.laboratory.walk.step()
        >>> lesson.update(), lesson.panel.explanation
        (True, ('w is 0.8068.',))
    """

    _record: Record
    _earlier: tuple[Attempt, ...]
    _answer: Answer | None
    _after: int
    _finished: Verdict | None
    _evidence: Attempt | None
    _explanation: tuple[str, ...]
    _judged: tuple[object, Verdict] | None

    def __init__(self, course: Course, laboratory: Laboratory, progress: Progress | None = None) -> None:
        self.course, self.laboratory = course, laboratory
        if progress is not None and progress.course != course.id:
            raise ValueError(f"this is progress in another course, {progress.course}")
        known = progress or Progress.begun(course)
        self._progress = replace(known, title=course.title, checksum=course.checksum)
        self._done = {task.id: assess_task(task, known.record(task.id)).done for task in course.tasks}
        self.note = ""
        self.by_keys = False
        self.place = 0
        laboratory.welcome.shown = False  # the task says what to press, and which keys must wait
        self._forget()
        self._enter(course.place(known.task) or 0)

    # Where one is

    @property
    def task(self) -> Task:
        """The current task."""
        return self.course.tasks[self.place]

    @property
    def question(self) -> Question | None:
        """The question of the current task."""
        return self.task.question

    @property
    def done(self) -> bool:
        """Whether the goal of the current task is met, in this attempt."""
        return self._finished is not None

    @property
    def last(self) -> bool:
        """Whether the current task is the last one."""
        return self.place == len(self.course.tasks) - 1

    @property
    def pending(self) -> bool:
        """Whether an answer is waited for."""
        return self.question is not None and self._answer is None

    def blocked(self, action: str) -> str:
        """Return why an action must wait for an answer, in a sentence; empty if it need not.

        Args:
            action: one of `gdcore.course.task.ACTIONS`, or a command that does one of them.
        """
        action = _ACTION.get(action, action)
        question = self.question
        if question is None or not self.pending:
            return ""
        if action in question.before or _COVERED.get(action) in question.before:
            return f"First an answer, then this key. {question.ask}"
        return ""

    @property
    def panel(self) -> Panel:
        """What there is to show now."""
        task, question = self.task, self.question
        hints = self._record.hints
        verdict = self._finished or self._verdict()
        return Panel(
            place=f"{self.place + 1} of {len(self.course.tasks)}",
            title=task.title,
            text=task.text,
            question=question.ask if question else "",
            choices=question.choices if question else (),
            answer="" if self._answer is None else _said(self._answer),
            pending=self.pending,
            goal=verdict.checks,
            hints=task.hints[:hints],
            hints_left=max(len(task.hints) - hints, 0),
            done=self.done,
            explanation=self._explanation if self.done else self.on_wrong_answer,
            tally=self.tally,
            view=task.setup.view,
        )

    @property
    def tally(self) -> str:
        """How many tasks are done, in a few words."""
        return f"{sum(self._done.values())} of {len(self.course.tasks)} done"

    @property
    def missing(self) -> str:
        """Return the first missing requirement, in a sentence; empty if the task is done."""
        return "" if self.done else next(iter(self._verdict().missing), "").replace("redo (D)", self._way("redo"))

    @property
    def on_wrong_answer(self) -> tuple[str, ...]:
        """Sentences on a wrong answer, if a right one is all that is missing; they do not give it away."""
        question, answer = self.question, self._answer
        if self.done or question is None or answer is None or question.is_right(answer):
            return ()
        verdict = self._verdict()
        unmet = [check for check, (_, met) in zip(self.task.goal, verdict.checks, strict=True) if not met]
        if not all(isinstance(check, Answered) for check in unmet) or not 0 < len(verdict.missing) == len(unmet):
            return ()
        remark = question.remark(answer)
        told = "" if "actual" in placeholders(remark) else remark
        values = learners_numbers(verdict.run, verdict.iteration, question, answer)
        way = "A answers again." if self.by_keys else "Answer again."
        if question.before:
            way = f"{self._way('redo')} begins the task again and asks anew."
        return tuple(filter(None, (f"You said {_said(answer)}; that is not it.", filled(told, values), way)))

    def contents(self) -> Iterator[str]:
        """All the tasks, a line each."""
        for place, task in enumerate(self.course.tasks):
            here = ", here" * (place == self.place)
            state = "done" if self._done[task.id] else "to do"
            yield f"{place + 1}. {task.title}: {state}{here}."

    # What a learner can do

    def answer(self, text: str) -> str:
        """Take an answer; return the sentence for it.

        Raises:
            ValueError: if it is not a valid answer, with a sentence.
        """
        question = self.question
        if question is None:
            return self._say("This task has no question.")
        if self._answer is not None and question.before:
            return self._say(f"You answered {_said(self._answer)} already. {self._way('redo')} begins the task again.")
        answer = question.parse(text)
        self._answer, self._after = answer, self._steps
        first = answer if self._record.first is None else self._record.first
        self._record = replace(self._record, first=first, answers=self._record.answers + 1)
        self.update()
        return self._say(f"Your answer: {_said(answer)}. {'Now see.' if not self.done else ''}".strip())

    def hint(self) -> str:
        """Show one more hint; return it, or a sentence if there is none left."""
        shown = self._record.hints
        if shown >= len(self.task.hints):
            return self._say("There are no more hints." if shown else "There are no hints here.")
        self._record = replace(self._record, hints=shown + 1)
        return self._say(f"Hint {shown + 1} of {len(self.task.hints)}: {self.task.hints[shown]}")

    def next(self) -> str:
        """Go to the next task if this one is done; return a sentence."""
        if not self.done and not self._done[self.task.id]:
            return self._say(f"{self.missing} {self._way('skip')} leaves it.")
        return self._onward()

    def skip(self) -> str:
        """Go to the next task without doing this one; return a sentence."""
        if not self.done and not self._done[self.task.id]:
            self._record = replace(self._record, skipped=True)
        return self._onward()

    def _onward(self) -> str:
        if self.last:
            return self._say(f"This is the last task; {self.tally}.")
        self.go(self.place + 1)
        return self.note

    def go(self, place: int) -> str:
        """Go to any task, counted from 0, and resume it; return a sentence."""
        self._progress = self.progress
        self._enter(min(max(place, 0), len(self.course.tasks) - 1))
        return self._say(f"Task {self.place + 1} of {len(self.course.tasks)}: {self.task.title}.")

    def redo(self) -> str:
        """Restart the task; it stays done if it was. Return a sentence."""
        self._progress = self.progress
        self._enter(self.place, anew=True)
        return self._say(f"Task {self.place + 1} of {len(self.course.tasks)} again: {self.task.title}.")

    def update(self) -> bool:
        """Check whether the goal is met now; return whether it has just become so."""
        if self.done:
            return False
        verdict = self._verdict()
        if not verdict.met:
            return False
        self._finished, self._evidence = verdict, self._attempt()
        self._done[self.task.id] = True
        self._explanation = self._explained(verdict)
        return True

    # What is kept

    @property
    def progress(self) -> Progress:
        """The progress of the learner, to be saved."""
        # A task that is done is saved as it was then. If nothing new was begun, the earlier attempt stays.
        now = self._evidence if self.done else self._attempt()
        begun = now is not None and (now.answer is not None or self.done or self._steps)
        attempts = (now, *self._earlier) if now is not None and begun else self._earlier
        record = replace(self._record, attempts=attempts[:2])
        return replace(self._progress.having(record), task=self.task.id)

    def _attempt(self) -> Attempt:
        """Return the current attempt."""
        source, task = self.laboratory.ground.source, self.task
        walks = tuple(
            without_place(Session.of(ground.source, branches, scaled=ground.scale is not None))
            for ground, branches in self.laboratory.both_rows
        )
        footprints = tuple(footprints_of(branches) for _, branches in self.laboratory.both_rows)
        rows = None
        if task.any_data and not isinstance(source, Landscape) and not same_rows(source, task.setup.ground):
            rows = own_rows(source)
        return Attempt(self._answer, self._after, walks, footprints, rows)

    # Inside

    def _forget(self) -> None:
        """Reset all that is known of the current attempt."""
        self._record = self._progress.record(self.task.id)
        self._earlier = ()
        self._answer, self._after = None, 0
        self._finished, self._evidence, self._explanation = None, None, ()
        self._judged = None

    def _enter(self, place: int, *, anew: bool = False) -> None:
        """Start a task, or resume it."""
        self.place = place
        task = self.task
        self._forget()
        setup = task.setup
        self.laboratory.set_up(ground_of(setup), setup.settings, setup.limits, setup.start)
        attempts = self._record.attempts
        if anew or not attempts:
            # Earlier attempts that failed are dropped.
            done = [attempt for attempt in attempts if assess_task(task, Record(task.id, attempts=(attempt,))).done]
            self._earlier = tuple(done[:1])
            return
        self._earlier = attempts[1:]
        self._resume(attempts[0])

    def _resume(self, attempt: Attempt) -> None:
        """Restore an attempt; if it cannot be replayed, begin at the start."""
        try:
            walks = replayed(self.task, attempt)
        except ValueError as error:
            self.note = f"This task begins again: {inert(str(error))}."
            return
        if self.question is not None and self.question.accepts(attempt.answer):  # the question may have changed since
            self._answer, self._after = attempt.answer, attempt.after
        self._stand(walks)
        verdict = verdict_on(self.task, self._answer, self._after, walks)
        if verdict.met:
            self._finished, self._evidence = verdict, attempt
            self._explanation = self._explained(verdict)

    def _stand(self, walks: list[Walk]) -> None:
        """Restore the walks in the laboratory."""
        laboratory, setup = self.laboratory, self.task.setup
        for walk in reversed(walks):  # the current one is the first
            if walk.ground is not laboratory.ground.source:
                loss, delta = loss_name(walk.landscape)
                ground = Ground.of(walk.ground, loss, delta or DELTA, scaled=walk.scaled)
                laboratory.set_up(ground, setup.settings, setup.limits, (0.0, 0.0))
            elif walk.scaled != (laboratory.ground.scale is not None):
                laboratory.toggle_scaling()
            laboratory.walk.move_to(walk.branches)
        laboratory.notes.say("")

    @property
    def _steps(self) -> int:
        """How many steps there are, in all the runs."""
        return sum(branch.run.tip for _, branches in self.laboratory.both_rows for branch in branches)

    def _verdict(self) -> Verdict:
        """Judge the current runs; cached."""
        key = (self._answer, *(_mark(branches) for _, branches in self.laboratory.both_rows))
        if self._judged is None or self._judged[0] != key:
            self._judged = key, self._judge()
        return self._judged[1]

    def _judge(self) -> Verdict:
        task, laboratory = self.task, self.laboratory
        own = not same_rows(laboratory.ground.source, task.setup.ground)
        rows = laboratory.both_rows
        if own and not (task.any_data and laboratory.ground.data is not None):
            why = f"You are not on {_name(task)} any more; redo (D) begins the task again."
        elif not task.setup.suits(laboratory.ground.landscape, own=own):
            why = f"The task is about the loss {task.setup.loss}; redo (D) begins it again."
        else:
            why = too_long(branch.run.tip for _, branches in rows for branch in branches)
        walks = []
        for ground, branches in rows:
            scaled = ground.scale is not None
            start = start_of(task, scaled=scaled)
            walks.append(Walk(ground.source, ground.landscape, branches, scaled, own, start))
        verdict = verdict_on(task, self._answer, self._after, walks)
        return replace(verdict, missing=(why, *verdict.missing)) if why else verdict

    def _explained(self, verdict: Verdict) -> tuple[str, ...]:
        """The sentences on a task that is done."""
        question, answer = self.question, self._answer
        values = learners_numbers(verdict.run, verdict.iteration, question, answer)
        texts = []
        if question is not None and answer is not None:
            right = question.is_right(answer)
            texts.append(
                f"You said {_said(answer)}; {'that is right' if right else f'it is {_said(question.actual)}'}."
            )
            texts.append(question.remark(answer))
        texts.append(self.task.why)
        return tuple(filled(text, values) for text in texts if text)

    def _say(self, note: str) -> str:
        self.note = note
        return note

    def _way(self, command: str) -> str:
        """How a command of the course is given: by its key or by its word."""
        return _KEYS[command] if self.by_keys else command


def ground_of(setup: Setup) -> Ground:
    """What a task is done on, for a laboratory."""
    return Ground.of(setup.ground, setup.loss, setup.delta, scaled=setup.scaled)


def _mark(branches: Branches) -> tuple[object, ...]:
    """Return a value that changes whenever the runs change."""
    return tuple((id(branch.run), branch.run.tip, tuple(branch.run.changes())) for branch in branches)


def _name(task: Task) -> str:
    ground = task.setup.ground
    return ground.title if isinstance(ground, Landscape) else ground.name


def _said(answer: Answer) -> str:
    if isinstance(answer, str):
        return answer
    return f"{answer:.6g}" if isfinite(answer) else "no number"
