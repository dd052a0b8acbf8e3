"""How far long work is, and how long it will still take."""

from __future__ import annotations

from dataclasses import dataclass

_EARLY = 0.02  # share of the work before which nothing is said of the rest
_BRIEF = 1.0  # seconds before which nothing is said of the rest


@dataclass(frozen=True, slots=True)
class Pace:
    """What is done of some work, in its own units, and in what time."""

    done: int = 0
    total: int = 0
    """0 while that is not known."""
    seconds: float = 0.0
    """Since it began."""

    @property
    def share(self) -> float:
        """0 to 1."""
        return min(1.0, self.done / self.total) if self.total else 0.0

    @property
    def left(self) -> float | None:
        """Seconds that it will still take, if it goes on as so far; None where it is too early to say."""
        is_early = self.share <= _EARLY or self.seconds <= _BRIEF
        return None if is_early else self.seconds * (1 / self.share - 1)
