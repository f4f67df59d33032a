"""The ground of a run: a landscape and, if it has rows, those rows as they are or standardized."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gdcore.inert import inert
from gdcore.landscapes.landscape import Landscape
from gdcore.landscapes.losses import DELTA, loss_name
from gdcore.rows.ground import ground_of_rows
from gdcore.rows.scaling import standardized

if TYPE_CHECKING:
    from gdcore.rows.dataset import Dataset
    from gdcore.rows.scaling import Scale

LONGEST_NAME = 20
"""Maximum length of a column name in a sentence."""


@dataclass(frozen=True, eq=False, slots=True)
class Ground:
    """The landscape of a run and where it comes from.

    Attributes:
        source: the rows as they were read, or a landscape that is not made of rows.
        landscape: what is walked on.
        data: the rows as they are walked on; None where there are none.
        scale: how they were standardized; None where they are as they were read.
        middle: an x in the middle of the rows as they were read, to predict at.
    """

    source: Dataset | Landscape
    landscape: Landscape
    data: Dataset | None = None
    scale: Scale | None = None
    middle: float = 0.0

    @classmethod
    def of(
        cls, source: Dataset | Landscape, loss: str = "squared", delta: float = DELTA, *, scaled: bool = False
    ) -> Ground:
        """The ground of rows under a loss, standardized or not, or of a landscape.

        Args:
            source: the rows as they were read, or a landscape that is not made of rows.
            loss: one of `gdcore.landscapes.losses.LOSSES`.
            delta: that of a Huber loss.
            scaled: whether to standardize the rows.

        Raises:
            ValueError: if the rows do not suit the loss, or cannot be standardized.
        """
        if isinstance(source, Landscape):
            return cls(source, source)
        landscape, scale = ground_of_rows(source, loss, delta, scaled=scaled)
        data = standardized(source, labels=loss == "logistic")[0] if scaled else source
        return cls(source, landscape, data, scale, _middle(source))

    @property
    def loss(self) -> str:
        """The name of the loss of the rows."""
        return loss_name(self.landscape)[0]

    @property
    def delta(self) -> float:
        """The delta of a Huber loss, or its default."""
        return loss_name(self.landscape)[1] or DELTA

    @property
    def rows(self) -> Dataset:
        """The data.

        Raises:
            ValueError: if there are none.
        """
        if self.data is None:
            raise ValueError(f"{self.landscape.title} is not made of rows")
        return self.data

    @property
    def called(self) -> str:
        """The name of the rows, with that of their table in a database; without rows the title of the landscape."""
        if self.data is None:
            return self.landscape.title
        table = inert(self.data.origin.table) if self.data.origin else ""
        return f"{table} in {self.data.name}" if table not in ("", self.data.name) else self.data.name

    @property
    def told(self) -> str:
        """A description, in a sentence."""
        data, landscape = self.data, self.landscape
        if data is None:
            return f"{self.called}: L({'w, b' if landscape.has_bias else 'w'}) = {landscape.formula}."
        skipped = f", {data.skipped:,} bad rows skipped" if data.skipped else ""
        return f"{self.called}: {data.y_name} against {data.x_name}, {data.rows:,} rows{skipped}."

    @property
    def says(self) -> str:
        """How a prediction is introduced."""
        return "the probability is" if self.loss == "logistic" else "the line says"

    @property
    def x_name(self) -> str:
        """The name of the column that goes in, short enough for a sentence."""
        name = self.rows.x_name
        return name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 2]}.."

    def own_line(self, w: float, b: float) -> tuple[float, float]:
        """(w, b) in the units of the data."""
        return self.scale.to_data(w, b) if self.scale else (w, b)


def _middle(data: Dataset) -> float:
    """An x in the middle of the rows, on a round number."""
    return float(f"{data.moments.mean_x:.2g}")
