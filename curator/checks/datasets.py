"""The dataset as a whole: is there enough of it?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from curator import formats
from curator.model import Example, Place, Problem

_TRAIN = "train"


class TooFew:
    """Fewer examples than the target's minimum for a training file. Memory: one number.

    The minimum is that of supervised tuning; whether it holds for reinforcement nobody has verified.
    """

    def __init__(self) -> None:
        self.count = 0

    def add(self, example: Example, place: Place) -> None:
        self.count += 1

    def merge(self, other: TooFew) -> None:
        self.count += other.count

    def finish(self, context: Any) -> Iterator[tuple[Place | None, Problem]]:
        minimum = context.target.min_examples
        if minimum is not None and context.split == _TRAIN and 0 < self.count < minimum.value:
            verified = minimum.verified and formats.kind(context.conventions.format) != "reinforcement"
            values = {"count": self.count, "minimum": minimum.value, "target": context.target.name}
            yield None, Problem(values=values, variant=None if verified else "unverified")


class Few:
    """Fewer training examples than `enough`, though not fewer than the target's minimum. Memory: one number."""

    def __init__(self, *, enough: int) -> None:
        self.enough = enough
        self.count = 0

    def add(self, example: Example, place: Place) -> None:
        self.count += 1

    def merge(self, other: Few) -> None:
        self.count += other.count

    def finish(self, context: Any) -> Iterator[tuple[Place | None, Problem]]:
        figure = context.target.min_examples
        minimum = max(1, figure.value if figure is not None else 0)
        if context.split == _TRAIN and minimum <= self.count < self.enough:
            yield None, Problem(values={"count": self.count, "enough": self.enough})
