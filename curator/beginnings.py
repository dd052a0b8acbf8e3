"""The beginning that most texts of a stream share, such as an instruction before every question."""

from __future__ import annotations

import math

from curator.endings import FEWEST, SETTLED, Habit

WINDOW = 2000
"""Code points at the start of a text in which a common beginning is looked for."""
_KEPT = 1024
_GOLDEN, _WHOLE = 0x9E3779B1, 1 << 32
"""Multiples of the golden ratio fill a range evenly, and keep step with no pattern of the data."""


class Beginnings:
    """Keeps the beginnings of a sample spread over all texts. Memory: 1,024 windows."""

    def __init__(self) -> None:
        self._kept: list[tuple[int, str]] = []
        self._below = _WHOLE
        self._seen = 0

    def add(self, text: str) -> None:
        """Take one text into account."""
        self._seen += 1
        number = self._seen * _GOLDEN % _WHOLE
        if number < self._below:
            self._kept.append((number, text[:WINDOW]))
            while len(self._kept) > _KEPT:
                self._below //= 2
                self._kept = [item for item in self._kept if item[0] < self._below]

    def common(self) -> Habit | None:
        """The longest beginning that at least 80 % of the texts have, with its share; None where there is none."""
        count = len(self._kept)
        if count < FEWEST:
            return None
        ordered, needed = sorted(text for _, text in self._kept), math.ceil(SETTLED * count)
        longest = ""
        # Between two texts of a sorted list, all share what these two share.
        for first, last in zip(ordered, ordered[needed - 1 :], strict=False):
            if last.startswith(first[: len(longest) + 1]):
                longest = max(longest, _shared(first, last), key=len)
        share = sum(text.startswith(longest) for text in ordered) / count
        return Habit(longest, share) if longest else None


def _shared(first: str, second: str) -> str:
    """What two texts begin with in common."""
    pairs = zip(first, second, strict=False)
    return first[: next((n for n, (a, b) in enumerate(pairs) if a != b), min(len(first), len(second)))]
