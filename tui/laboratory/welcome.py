"""The first keys to press and what they do, for new users; hidden after a few steps."""

from __future__ import annotations

STEPS = 3
"""Number of steps after which it is hidden."""


def forms(*, cross: bool = True) -> tuple[tuple[str, ...], ...]:
    """Return the texts, from long to short: a key, two blanks or more, and what it does.

    Args:
        cross: whether a cross shows the minimum; there is none where no minimum is known.
    """
    return (
        (
            "You stand in the dark and feel the slope.",
            "Walk down to the lowest point, the cross:" if cross else "Walk down, as far as the slope leads:",
            "n      one step downhill",
            "]  [   longer, shorter steps",
            "b      one step back",
            "space  it runs by itself",
            "?      explains all you see",
        ),
        (
            "Walk down to the cross:" if cross else "Walk down the slope:",
            "n      a step downhill",
            "]  [   longer, shorter",
            "b      a step back",
            "space  runs by itself",
            "?      explains it all",
        ),
        ("n  a step downhill", "]  longer steps", "?  explains it all"),
        ("n step   ? help",),
    )


class Welcome:
    """Whether the first keys are shown: until a few steps are made, and again on request.

    Attributes:
        shown: whether they are.

    Example:
        >>> welcome = Welcome()
        >>> [welcome.at(iteration) for iteration in (0, 1, 2, 3, 0)]
        [True, True, True, False, False]
        >>> welcome.toggle(), welcome.at(40), welcome.at(43)
        (None, True, False)
    """

    def __init__(self) -> None:
        self.shown = True
        self._since: int | None = None

    def at(self, iteration: int) -> bool:
        """Whether they are shown where a run stands."""
        if self.shown:
            self._since = iteration if self._since is None else self._since
            self.shown = abs(iteration - self._since) < STEPS
        return self.shown

    def toggle(self) -> None:
        """Show them, or no longer."""
        self.shown, self._since = not self.shown, None
