"""The last change or refusal, in a sentence, until the next step."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Notes:
    """The note shown in the place of the last step.

    Attributes:
        text: the sentence; empty after a step.
        alarm: whether it reports a failure.
    """

    text: str = ""
    alarm: bool = False

    def say(self, text: str, *, alarm: bool = False) -> None:
        """Set the note; an empty one shows the last step again."""
        self.text, self.alarm = text, alarm
