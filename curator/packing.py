"""Fixed-width rows keyed by hash: what dataset checks keep of each record.

Rows lie in 256 byte strings by the first byte of their key, so that merging is appending and finishing
needs only one of them as a dictionary at a time. Memory: the rows' own bytes (a dict takes eight times as much).
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Container, Iterator

from curator.model import Place

KEY = 12
"""Bytes of a key: two of ten million different texts collide with a chance of 10^-15."""
PLACE = 8


def key_of(data: bytes) -> bytes:
    """The key of some content."""
    return hashlib.blake2b(data, digest_size=KEY).digest()


class PackedRows:
    """A multiset of (key, extra bytes, place), each `extra` bytes wide beyond key and place."""

    __slots__ = ("_buckets", "_width", "extra")

    def __init__(self, extra: int = 0) -> None:
        self.extra = extra
        self._width = KEY + extra + PLACE
        self._buckets: list[bytearray] = [bytearray() for _ in range(256)]

    def add(self, key: bytes, place: Place, extra: bytes = b"") -> None:
        """Put one row in."""
        self._buckets[key[0]] += key + extra + place.to_bytes(PLACE, "big")

    def merge(self, other: PackedRows) -> None:
        """Take over another's rows."""
        for mine, theirs in zip(self._buckets, other._buckets, strict=True):
            mine.extend(theirs)

    def __len__(self) -> int:
        return sum(map(len, self._buckets)) // self._width

    def all(self) -> Iterator[tuple[bytes, list[tuple[Place, bytes]]]]:
        """Each key with its rows (place, extra) in order of place."""
        for number in self._filled():
            yield from self.bucket(number).items()

    def groups(self) -> Iterator[tuple[bytes, list[tuple[Place, bytes]]]]:
        """Each key that has several rows, with its rows (place, extra) in order of place."""
        for number in self._filled():
            repeated = {key for key, count in Counter(self._keys(number)).items() if count > 1}
            if repeated:  # most records are no copies: only of these anything is made
                yield from self.bucket(number, repeated).items()

    def common(self, other: PackedRows) -> Iterator[tuple[bytes, list[tuple[Place, bytes]], list[tuple[Place, bytes]]]]:
        """Each key that both have, with the rows of each in order of place."""
        for number in self._filled():
            if keys := set(self._keys(number)).intersection(other._keys(number)):
                theirs = other.bucket(number, keys)
                for key, rows in self.bucket(number, keys).items():
                    yield key, rows, theirs[key]

    def bucket(self, number: int, keys: Container[bytes] | None = None) -> dict[bytes, list[tuple[Place, bytes]]]:
        """The rows whose key begins with one byte, by key, in order of place; with `keys`, those of them alone."""
        rows, found = bytes(self._buckets[number]), defaultdict(list)
        for start in range(0, len(rows), self._width):
            key = rows[start : start + KEY]
            if keys is None or key in keys:
                middle, end = start + KEY + self.extra, start + self._width
                found[key].append((Place(int.from_bytes(rows[middle:end], "big")), rows[start + KEY : middle]))
        return {key: sorted(places) for key, places in found.items()}

    def _filled(self) -> Iterator[int]:
        """The first bytes that any key has: of a small set's nearly none."""
        return (number for number, bucket in enumerate(self._buckets) if bucket)

    def _keys(self, number: int) -> list[bytes]:
        rows = bytes(self._buckets[number])
        return [rows[start : start + KEY] for start in range(0, len(rows), self._width)]
