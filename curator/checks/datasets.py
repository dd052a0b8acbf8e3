"""The dataset as a whole: is there enough of it?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from curator.model import Example, Place, Problem


class TooFew:
    """Fewer examples than the target's minimum for a training file."""

    def __init__(self) -> None:
        self.count = 0

    def add(self, example: Example, place: Place) -> None:
        self.count += 1

    def merge(self, other: TooFew) -> None:
        self.count += other.count

    def finish(self, context: Any) -> Iterator[tuple[Place | None, Problem]]:
        minimum = context.target.min_examples
        if minimum is not None and context.split == "train" and 0 < self.count < minimum.value:
            values = {"count": self.count, "minimum": minimum.value, "target": context.target.name}
            yield None, Problem(values=values)
