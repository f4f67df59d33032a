"""What has just been changed or refused, in a sentence, until the next step."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Notes:
    """The sentence that stands where the last step is told.

    Attributes:
        text: the sentence; empty after a step.
        alarm: whether it tells of something that did not work.
    """

    text: str = ""
    alarm: bool = False

    def say(self, text: str, *, alarm: bool = False) -> None:
        """Put a sentence there; an empty one makes room for the last step."""
        self.text, self.alarm = text, alarm
