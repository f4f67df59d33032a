from __future__ import annotations

import pytest

from gdcore.loss import MeanSquaredError
from tests.problems import pizza_rows


@pytest.fixture(scope="session")
def pizza() -> MeanSquaredError:
    """The loss of the lesson's data."""
    return MeanSquaredError.of(*pizza_rows())
