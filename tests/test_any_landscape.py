"""Any `Landscape` works: two that gdlab does not know are used in every part of it."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from gdcore.descent.optimizers import OPTIMIZERS, Adam
from gdcore.descent.steps import Limits, Settings, begin, descend
from gdcore.landscapes.known import KNOWN
from gdcore.landscapes.landscape import Landscape, Minimum, Point, Scope
from gdcore.session import Session
from tests.screens import laboratory, main_screen, opened, press, run_of_gdcore, shown, state, told, views
from tui.headless.plain.conversation import Plain
from tui.headless.train import Output, train, train_session
from tui.laboratory.laboratory import Laboratory
from tui.laboratory.saving import ground_of, laboratory_of, session_of
from tui.screen.app import GradientDescentApp
from tui.views.views import VIEWS


class Hills(Landscape):
    """Two parameters: waves in w, a quartic in b."""

    title, formula, teaches = "hills", "1 - cos(w) + b**4", "Waves one way, a flat floor the other."
    scope = Scope((-5.0, 8.0), (-2.0, 2.0), Point(4.0, 1.0))

    def loss_and_gradient(self, w: Any, b: Any) -> Any:
        """1 - cos(w) + b^4."""
        return 1 - np.cos(w) + b**4, (np.sin(w), 4 * b**3)

    def minima(self, b: float | None = None) -> tuple[Minimum, ...]:
        """One every 2 pi."""
        at = 0.0 if b is None else b
        return tuple(Minimum(w, at, at**4) for w in (0.0, 2 * np.pi))


class Slide(Landscape):
    """One parameter, no known minimum."""

    title, formula, has_bias = "slide", "log(1 + exp(w)) - w/3", False
    scope = Scope((-4.0, 5.0), (-1.0, 1.0), Point(4.0, 0.0))

    def loss_and_gradient(self, w: Any, b: Any) -> Any:  # noqa: ARG002
        """A soft bend."""
        return np.logaddexp(0, w) - w / 3, (1 / (1 + np.exp(-w)) - 1 / 3, 0 * w)


@pytest.fixture(params=[Hills(), Slide()], ids=["hills", "slide"])
def ground(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Landscape:
    landscape: Landscape = request.param
    monkeypatch.setitem(KNOWN, landscape.title, landscape)
    return landscape


def a_laboratory(ground: Landscape, rate: float = 0.1) -> Laboratory:
    return Laboratory(ground, Settings(rate, train_bias=True), Limits(50), ground.scope.start)


def test_train_prints_it_in_every_form(ground: Landscape, capsys: pytest.CaptureFixture[str]) -> None:
    settings = Settings(0.1, Adam(), ground.has_bias)
    run = list(descend(ground, settings, Limits(5), begin(ground, settings, *ground.scope.start)))
    for form in ("text", "csv", "json"):
        assert train(ground, settings, Limits(5), ground.scope.start, Output(form)) == 0
        printed = capsys.readouterr().out
        if form == "text":
            assert printed.startswith(f"Iteration    0 => Loss: {run[0].loss:.10f}\n")
            assert f"w={run[-1].w:.10f}" in printed
        elif form == "csv":
            rows = list(csv.DictReader(io.StringIO(printed)))
            assert [float(row["loss"]) for row in rows] == [state.loss for state in run]
            assert any("_b" in name or name == "b" for name in rows[0]) is ground.has_bias
        else:
            document = json.loads(printed)
            assert (document["terrain"], document["formula"]) == (ground.title, ground.formula)
            assert [entry["w"] for entry in document["states"]] == [state.w for state in run]


def test_the_conversation_walks_it(ground: Landscape) -> None:
    plain = Plain(a_laboratory(ground))
    assert any(ground.formula in line for line in plain.greeting())
    for line in (
        "step 3",
        "back",
        "rate 0.2",
        "step",
        "run",
        "optimizer adam",
        "where",
        "why",
        "branches",
        "race",
        "pin",
    ):
        answer = list(plain.answer(line))
        assert answer, line
        assert ground.has_bias or not any(" b=" in said or "dL/db" in said for said in answer), line
    assert list(plain.answer("predict 3")) == ["there are no rows here, and so nothing to predict"]
    assert next(iter(plain.answer("scale"))) == "There are no rows to standardize."


def test_a_session_leads_back_to_the_same_digits(ground: Landscape, capsys: pytest.CaptureFixture[str]) -> None:
    lab = a_laboratory(ground)
    lab.walk.step(9)
    lab.walk.back(4)
    lab.walk.set_optimizer(Adam())
    lab.walk.step(3)
    lab.studies.race()
    text = session_of(lab).to_text()
    session = Session.from_text(text)
    again = laboratory_of(session, ground_of(session))
    assert session_of(again).to_text() == text
    assert again.frame.state == lab.frame.state
    assert again.ground.landscape is ground
    assert train_session(session, ground_of(session), Output("csv")) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert float(rows[-1]["w"]) == lab.frame.state.w


async def test_the_app_walks_it_through_every_view_that_applies(ground: Landscape) -> None:
    async with opened(GradientDescentApp(a_laboratory(ground), fps=1e-6), (120, 36)) as pilot:
        applies = [view for view in VIEWS if not views(pilot)[view.name].missing(laboratory(pilot).ground)]
        names = {view.name for view in applies}
        assert {"curve", "history", "rates"} <= names
        assert "fit" not in names
        assert ("map" in names) is ground.has_bias
        for number, view in enumerate(VIEWS, 1):
            await press(pilot, str(number))
            assert (views(pilot).current.name == view.name) is (view in applies), view
            await press(pilot, "n", "n", "b", "right_square_bracket", "G", "l", "f", "n")
            assert state(pilot) == run_of_gdcore(pilot)
            assert "You stand" in told(pilot) or "Step" in told(pilot)
        await press(pilot, "v", "h", "m", "a", "4", "p", "n", "r", "R", "n")
        assert state(pilot) == run_of_gdcore(pilot)
        assert {branch.name for branch in laboratory(pilot).walk.branches} >= {
            kind.title for kind in OPTIMIZERS.values()
        }
        for dialog in ("w", "g", "question_mark", "o"):
            await press(pilot, dialog)
            assert pilot.app.screen is not main_screen(pilot)
            await press(pilot, "escape")
        form = main_screen(pilot).query_one("#form")
        for name in ("start-b", "train"):
            row = form.query_one(f"#{name}").parent
            assert row is not None
            assert row.display is ground.has_bias
        await press(pilot, "t", "S")
        assert "no rows" in shown(pilot)


def test_no_b_anywhere_where_there_is_none() -> None:
    lab = Laboratory(Slide(), replace(Settings(0.1), train_bias=True), Limits(5))
    assert not lab.walk.timeline.settings.train_bias
    lab.walk.set_train_bias(True)
    assert not lab.walk.timeline.settings.train_bias
    assert "no b" in lab.notes.text
