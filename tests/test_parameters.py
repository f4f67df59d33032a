"""The numbers a person chooses: which texts are taken, as what, and the whole sentence for every other."""

from __future__ import annotations

import re
from math import inf, nan, nextafter
from sys import float_info

import pytest

from gdcore.descent import parameters
from gdcore.descent.parameters import (
    BATCH,
    BETA1,
    BETA2,
    BIAS,
    DECAY,
    DELTA,
    EPS,
    EVERY,
    GAMMA,
    INPUT,
    ITERATIONS,
    LEARNING_RATE,
    MOMENTUM,
    PERIOD,
    SCHEDULE_DECAY,
    SEED,
    SINCE,
    TOLERANCE,
    WEIGHT,
    Parameter,
)

ALL = [LEARNING_RATE, ITERATIONS, TOLERANCE, WEIGHT, BIAS, MOMENTUM, DECAY, BETA1, BETA2, EPS, INPUT]
ALL += [BATCH, SEED, DELTA, SCHEDULE_DECAY, GAMMA, PERIOD, EVERY, SINCE]
every_parameter = pytest.mark.parametrize("parameter", ALL, ids=lambda parameter: parameter.name)
ONE_BELOW = nextafter(1, 0)

GOOD: list[tuple[Parameter, str, float]] = [
    (LEARNING_RATE, "0.001", 0.001),
    (LEARNING_RATE, "1e-3", 0.001),
    (LEARNING_RATE, "1E-3", 0.001),
    (LEARNING_RATE, "+.5", 0.5),
    (LEARNING_RATE, "5.", 5.0),
    (LEARNING_RATE, "  0.1 ", 0.1),
    (LEARNING_RATE, "5e-324", 5e-324),
    (LEARNING_RATE, "1e308", 1e308),
    (ITERATIONS, "0", 0),
    (ITERATIONS, "100", 100),
    (ITERATIONS, "1e3", 1000),
    (ITERATIONS, "2.50e2", 250),
    (ITERATIONS, "1e300", int(1e300)),
    (TOLERANCE, "1e-9", 1e-9),
    (WEIGHT, "-3", -3.0),
    (WEIGHT, "0", 0.0),
    (WEIGHT, "-1e150", -1e150),
    (BIAS, "13.17", 13.17),
    (MOMENTUM, "0", 0.0),
    (MOMENTUM, "0.99999", 0.99999),
    (DECAY, "0.9", 0.9),
    (BETA1, "0.5", 0.5),
    (BETA2, repr(ONE_BELOW), ONE_BELOW),
    (EPS, "1e-8", 1e-8),
    (INPUT, "-20", -20.0),
    (BATCH, "8", 8),
    (SEED, "0", 0),
    (SEED, "9223372036854775807", 2**63 - 1),
    (SEED, "9007199254740993", 2**53 + 1),
    (SEED, "1e3", 1000),
    (DELTA, "5", 5.0),
    (SCHEDULE_DECAY, "0", 0.0),
    (SCHEDULE_DECAY, "2.5", 2.5),
    (GAMMA, "1", 1.0),
    (PERIOD, "100", 100),
    (EVERY, "1", 1),
    (SINCE, "0", 0),
]

POSITIVE = "must be a positive number, not"
SHARE = "must be a number above 0 and at most 1, not"
SEEDS = "must be a whole number from 0 to 2**63 - 1, not"
WHOLE_FROM_1 = "must be a whole number from 1, not"
WHOLE = "must be a whole number from 0, not"
FINITE = "must be a finite number, not"
FRACTION = "must be a number from 0 up to but not including 1, not"
BAD: list[tuple[Parameter, str, str]] = [
    (LEARNING_RATE, "-0.1", f"learning rate {POSITIVE} -0.1"),
    (LEARNING_RATE, "0", f"learning rate {POSITIVE} 0"),
    (LEARNING_RATE, "-0", f"learning rate {POSITIVE} -0"),
    (LEARNING_RATE, "1e-400", f"learning rate {POSITIVE} 0"),
    (LEARNING_RATE, "nan", f"learning rate {POSITIVE} nan"),
    (LEARNING_RATE, "inf", f"learning rate {POSITIVE} inf"),
    (LEARNING_RATE, "1e999", f"learning rate {POSITIVE} inf"),
    (LEARNING_RATE, "", f'learning rate {POSITIVE} ""'),
    (LEARNING_RATE, " ", f'learning rate {POSITIVE} " "'),
    (LEARNING_RATE, "0,001", f'learning rate {POSITIVE} "0,001"'),
    (LEARNING_RATE, "fast", f'learning rate {POSITIVE} "fast"'),
    (LEARNING_RATE, "0x10", f'learning rate {POSITIVE} "0x10"'),
    (LEARNING_RATE, "1e", f'learning rate {POSITIVE} "1e"'),
    (LEARNING_RATE, "\x1b[2J", f'learning rate {POSITIVE} "\\x1b[2J"'),
    (LEARNING_RATE, "1\x00", f'learning rate {POSITIVE} "1\\x00"'),
    (LEARNING_RATE, "\u202e1", f'learning rate {POSITIVE} "\\u202e1"'),
    (LEARNING_RATE, "x" * 100, f'learning rate {POSITIVE} "{"x" * 37}..."'),
    (ITERATIONS, "-1", f"iterations {WHOLE} -1"),
    (ITERATIONS, "2.5", f"iterations {WHOLE} 2.5"),
    (ITERATIONS, "nan", f"iterations {WHOLE} nan"),
    (ITERATIONS, "inf", f"iterations {WHOLE} inf"),
    (ITERATIONS, "many", f'iterations {WHOLE} "many"'),
    (INPUT, "far", f'x {FINITE} "far"'),
    (TOLERANCE, "0", f"tolerance {POSITIVE} 0"),
    (TOLERANCE, "", f'tolerance {POSITIVE} ""'),
    (WEIGHT, "inf", f"weight {FINITE} inf"),
    (WEIGHT, "-inf", f"weight {FINITE} -inf"),
    (WEIGHT, "nan", f"weight {FINITE} nan"),
    (BIAS, "a\nb", f'bias {FINITE} "a\\nb"'),
    (MOMENTUM, "1", f"momentum {FRACTION} 1"),
    (MOMENTUM, "-0.5", f"momentum {FRACTION} -0.5"),
    (DECAY, "1.5", f"decay {FRACTION} 1.5"),
    (BETA1, "1", f"beta1 {FRACTION} 1"),
    (BETA2, "nan", f"beta2 {FRACTION} nan"),
    (EPS, "0", f"eps {POSITIVE} 0"),
    (BATCH, "0", f"batch {WHOLE_FROM_1} 0"),
    (BATCH, "2.5", f"batch {WHOLE_FROM_1} 2.5"),
    (SEED, "-1", f"seed {SEEDS} -1"),
    (SEED, "9223372036854775808", f"seed {SEEDS} 9223372036854775808"),
    (SEED, "lucky", f'seed {SEEDS} "lucky"'),
    (DELTA, "0", f"delta {POSITIVE} 0"),
    (SCHEDULE_DECAY, "-0.1", "decay must be a number from 0, not -0.1"),
    (GAMMA, "0", f"gamma {SHARE} 0"),
    (GAMMA, "1.01", f"gamma {SHARE} 1.01"),
    (PERIOD, "0", f"period {WHOLE_FROM_1} 0"),
    (EVERY, "often", f'every {WHOLE_FROM_1} "often"'),
    (SINCE, "-1", f"since {WHOLE} -1"),
]


@pytest.mark.parametrize(("parameter", "text", "value"), GOOD)
def test_a_good_text_is_its_value(parameter: Parameter, text: str, value: float) -> None:
    found = parameter.parse(text)
    assert found == value
    assert type(found) is (int if parameter.range.whole else float)
    parameter.check(found)


@pytest.mark.parametrize(("parameter", "text", "sentence"), BAD)
def test_a_bad_text_is_refused_with_a_sentence(parameter: Parameter, text: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(sentence)}$") as raised:
        parameter.parse(text)
    assert str(raised.value).isprintable()


@pytest.mark.parametrize(("parameter", "value"), [(parameter, value) for parameter, _, value in GOOD])
def test_a_good_value_is_accepted_as_it_is(parameter: Parameter, value: float) -> None:
    parameter.check(value)


@every_parameter
@pytest.mark.parametrize("value", [nan, inf, -inf])
def test_no_parameter_may_be_infinite_or_no_number(parameter: Parameter, value: float) -> None:
    sentence = f"{parameter.title} must be {parameter.range.words}, not {value:g}"
    with pytest.raises(ValueError, match=f"^{re.escape(sentence)}$"):
        parameter.check(value)


@every_parameter
def test_the_borders_of_a_range_are_in_it_and_their_neighbours_are_not(parameter: Parameter) -> None:
    span = parameter.range
    for border, outwards in ((span.low, -inf), (span.high, inf)):
        parameter.check(border)
        if abs(border) == float_info.max:
            continue  # beyond it are no floats, but infinity
        with pytest.raises(ValueError, match=f"^{parameter.title} must be "):
            parameter.check(border + (1 if outwards > 0 else -1) if span.whole else nextafter(border, outwards))


def test_every_parameter_is_tried_with_good_and_bad_texts() -> None:
    defined = {value for value in vars(parameters).values() if isinstance(value, Parameter)}
    assert defined == set(ALL) == {row[0] for row in GOOD} == {row[0] for row in BAD}


@every_parameter
def test_a_parameter_is_named_as_in_the_code_and_described_in_a_line(parameter: Parameter) -> None:
    assert parameter.name.isidentifier()
    assert parameter.title == " ".join(parameter.name.split("_"))
    assert parameter.description.isprintable()
    assert 0 < len(parameter.description) <= 60


@pytest.mark.parametrize(
    ("parameter", "text"), [(ITERATIONS, "100.0000001"), (MOMENTUM, "1.0000001"), (ITERATIONS, "1000000.5")]
)
def test_the_sentence_does_not_round_a_bad_value_to_a_good_one(parameter: Parameter, text: str) -> None:
    with pytest.raises(ValueError, match=rf", not {re.escape(text)}$"):
        parameter.parse(text)
