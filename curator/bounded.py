"""State of dataset checks that stays small whatever the data hold, and the same in any order of adding and merging."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator

from curator.model import Place, Problem


class Deviations:
    """Problems by place, of which the first `most` in the files are kept and all are counted."""

    def __init__(self, most: int = 10_000) -> None:
        self.count = 0
        self._most = most
        self._kept: dict[tuple[Place, int], Problem] = {}

    def add(self, place: Place, number: int, problem: Problem) -> None:
        """Keep a problem of the record at `place`; `number` tells those of one record apart."""
        self.count += 1
        self._kept[place, number] = problem
        self._trim()

    def merge(self, other: Deviations) -> None:
        """Take over another's problems."""
        self.count += other.count
        self._kept |= other._kept
        self._trim()

    def __iter__(self) -> Iterator[tuple[Place, Problem]]:
        for (place, _), problem in sorted(self._kept.items(), key=lambda item: item[0])[: self._most]:
            yield place, problem

    def told(self) -> Iterator[tuple[Place | None, Problem]]:
        """What is kept, and a problem of the variant `more` that counts the others."""
        yield from self
        if self.hidden:
            yield None, Problem(values={"count": self.hidden}, variant="more")

    @property
    def hidden(self) -> int:
        """How many are counted, but not kept."""
        return max(0, self.count - self._most)

    def _trim(self) -> None:
        if len(self._kept) > 2 * self._most:
            self._kept = dict(sorted(self._kept.items(), key=lambda item: item[0])[: self._most])


class BoundedCounts:
    """Counts of names; of more than `most`, those with the smallest digests, each with its whole count."""

    def __init__(self, most: int = 20_000) -> None:
        self._most = most
        self._counts: Counter[tuple[str, ...]] = Counter()

    def add(self, name: tuple[str, ...]) -> None:
        """Count one name."""
        self._counts[name] += 1
        self._trim()

    def merge(self, other: BoundedCounts) -> None:
        """Add another's counts."""
        self._counts.update(other._counts)
        self._trim()

    def items(self) -> list[tuple[tuple[str, ...], int]]:
        """Every name that is kept with its count, in order."""
        return sorted((name, self._counts[name]) for name in self._smallest())

    def _trim(self) -> None:
        # A name among the smallest of all is among the smallest of any part: it is never dropped on the way.
        if len(self._counts) > 2 * self._most:
            self._counts = Counter({name: self._counts[name] for name in self._smallest()})

    def _smallest(self) -> list[tuple[str, ...]]:
        if len(self._counts) <= self._most:
            return list(self._counts)
        return sorted(self._counts, key=_digest)[: self._most]


def _digest(name: tuple[str, ...]) -> bytes:
    return hashlib.blake2b("\0".join(name).encode("utf-8", "replace"), digest_size=16).digest()
