from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from gdcore.landscapes.bowl import MeanSquaredError
from tests.problems import pizza_rows

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session", autouse=True)
def _state_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Sessions of the tests are saved in a folder of their own, not among those of the person who runs them."""
    os.environ["GDLAB_STATE_DIR"] = str(tmp_path_factory.mktemp("state"))
    yield
    del os.environ["GDLAB_STATE_DIR"]


@pytest.fixture(scope="session")
def pizza() -> MeanSquaredError:
    """The loss of the lesson's data."""
    return MeanSquaredError.of(*pizza_rows())
