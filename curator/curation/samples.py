"""A sample of records that does not depend on their order."""

from __future__ import annotations

from collections.abc import Iterator

from curator.packing import KEY


class Sample:
    """The `size` records with the smallest keys, and how often each occurs: the same ones in whatever order they come.

    Memory: at most twice as many keys and numbers.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._found: dict[bytes, list[int]] = {}
        self._bar = b"\xff" * (KEY + 1)

    def add(self, key: bytes, number: int) -> None:
        """Take one record into account."""
        if key > self._bar:
            return
        known = self._found.get(key)
        if known is not None:
            known[1] += 1
            return
        self._found[key] = [number, 1]
        if len(self._found) > 2 * self._size:
            kept = sorted(self._found)[: self._size]
            self._bar = kept[-1]
            self._found = {key: self._found[key] for key in kept}

    def chosen(self) -> Iterator[tuple[int, int]]:
        """The number of each record with how often it occurs, in the order of their keys."""
        for key in sorted(self._found)[: self._size]:
            number, copies = self._found[key]
            yield number, copies
