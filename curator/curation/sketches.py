"""Pairs of near copies among many texts: MinHash finds the candidates, the exact Jaccard index decides.

Of each text a few numbers are kept; texts are read again where two of them are to be compared.
"""

from __future__ import annotations

import math
from array import array
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence, Set
from heapq import nsmallest
from itertools import groupby
from zlib import crc32

from curator.curation.nearness import THRESHOLD, jaccard
from curator.errors import UsageError

LOWEST, HIGHEST = 0.5, 1.0
"""Thresholds that candidates are found for."""
_PERMUTATIONS = 128
_MISSED = 0.001  # ours: the chance to miss a pair that is just at the threshold
_SEED = 1
_FEW, _PATIENCE = 500, 4  # pairs of a bucket, and for each of its texts, that may be none, before a sharper filter
_SAMPLE = 1000  # texts that show which shingles are rare
_HELD = 250_000  # shingles that are in memory at a time (about 100 bytes each)

_POSITION = (1 << 40) - 1

Find = Callable[[int], int]
Read = Callable[[int], frozenset[str]]


def require(otherwise: str = "") -> None:
    """Raises UsageError where the library is missing; `otherwise` says what can be done without it."""
    try:
        import rensa  # noqa: F401
    except ImportError:
        form = "pip install 'finetune-curator[dedupe]'"
        raise UsageError(f"near copies need the library rensa, which is not installed: {form}{otherwise}") from None


class Sketches:
    """What is kept of texts to find the near copies among them. Memory: 12 bytes a text, and 4 a band (100 at 0.8)."""

    def __init__(self, threshold: float = THRESHOLD) -> None:
        """Raises UsageError for a threshold out of range, or where the library is missing."""
        if not LOWEST <= threshold <= HIGHEST:
            raise UsageError(f"the threshold is a number from {LOWEST:g} to {HIGHEST:g}, not {threshold:g}")
        require()
        from rensa import RMinHash

        self.threshold = threshold
        self._hash = RMinHash
        self._rows = _rows(threshold)
        self._bands = [array("I") for _ in range(_PERMUTATIONS // self._rows)]
        self._numbers = array("Q")
        self._sizes = array("I")

    def add(self, number: int, shingles: Set[str]) -> None:
        """Keep the sketch of a text under a number; one without shingles has no copies."""
        if not shingles:
            return
        sketch = self._hash(_PERMUTATIONS, _SEED)
        sketch.update(shingles)
        values = array("I", sketch.digest())
        self._numbers.append(number)
        self._sizes.append(len(shingles))
        for index, band in enumerate(self._bands):
            band.append(crc32(values[index * self._rows : (index + 1) * self._rows].tobytes()))

    def merge(self, other: Sketches) -> None:
        """Take over another's sketches."""
        self._numbers += other._numbers
        self._sizes += other._sizes
        for mine, theirs in zip(self._bands, other._bands, strict=True):
            mine.extend(theirs)

    def pairs(
        self, read: Read, find: Find, progress: Callable[[int, int], object] | None = None
    ) -> Iterator[tuple[int, int]]:
        """Pairs of numbers at or above the threshold: enough of them to connect all that are.

        `find` names the group that a number is in; what is yielded has to be in one before the next is asked
        for. `read` gives the shingles of a number again.
        """
        held = _Held(lambda row: read(self._numbers[row]))
        for first, second in self._candidates(lambda row: find(self._numbers[row]), held.get, progress):
            if self._may(first, second) and jaccard(held.get(first), held.get(second)) >= self.threshold:
                yield self._numbers[first], self._numbers[second]

    def _may(self, first: int, second: int) -> bool:
        """Whether the sizes of two sets allow them to reach the threshold."""
        sizes = self._sizes[first], self._sizes[second]
        return min(sizes) >= self.threshold * max(sizes)

    def _candidates(
        self, find: Find, read: Read, progress: Callable[[int, int], object] | None
    ) -> Iterator[tuple[int, int]]:
        """Pairs of rows that agree in a band; of rows that agree with many others, those that share rare shingles."""
        crowd: set[int] = set()
        for band in range(len(self._bands)):
            for rows in self._buckets(band):
                if 2 * len(crowd.intersection(rows)) > len(rows):
                    crowd.update(rows)
                    continue
                links, tried = _Links(find), 0
                for row in rows:
                    for other in links.others(row):
                        if not any(column[other] == column[row] for column in self._bands[:band]):
                            yield other, row
                        tried += find(other) != find(row)
                    if tried > _PATIENCE * len(rows) + _FEW:
                        crowd.update(rows)
                        break
                    links.add(row)
            if progress is not None:
                progress(band + 1, len(self._bands) + 1)
        if crowd:
            yield from self._close(sorted(crowd, key=lambda row: (self._sizes[row], row)), find, read)

    def _buckets(self, band: int) -> Iterator[list[int]]:
        """The rows that agree in a band, two or more at a time."""
        column = self._bands[band]
        ordered = sorted(range(len(column)), key=column.__getitem__)
        start = 0
        while start < len(ordered):
            end = bisect_right(ordered, column[ordered[start]], start, key=column.__getitem__)
            if end - start > 1:
                yield ordered[start:end]
            start = end

    def _close(self, rows: list[int], find: Find, read: Read) -> Iterator[tuple[int, int]]:
        """Those pairs of many rows, the short texts first, that can reach the threshold: they share a rare shingle.

        With the elements of all sets in one order, two sets that reach it share one of the first few of each
        (Xiao, Wang, Lin, Yu: Efficient Similarity Joins for Near Duplicate Detection, 2008): of the smaller
        set n - ceil(2t / (1 + t) * n) + 1, of the larger n - ceil(t * n) + 1. With the rare ones first, few
        others share them. Memory: 8 bytes for each of these.
        """
        threshold = self.threshold
        common = _common(read(row) for row in rows[:: 1 + sum(self._sizes[row] for row in rows) // _HELD])
        entries = [array("Q") for _ in range(256)]
        for position, row in enumerate(rows):
            size = self._sizes[row]
            kept = size - math.ceil(2 * threshold / (1 + threshold) * size) + 1
            rare = _rarest(read(row), common, size - math.ceil(threshold * size) + 1)
            for index, shingle in enumerate(rare):
                key = crc32(shingle.encode())
                entries[key & 255].append((key >> 8) << 40 | position << 1 | (index < kept))
        for bucket in entries:
            for _, group in groupby(sorted(bucket), key=lambda entry: entry >> 40):
                links = _Links(find)
                for entry in group:
                    row = rows[(entry & _POSITION) >> 1]
                    yield from ((other, row) for other in links.others(row))
                    if entry & 1:
                        links.add(row)


class Apart:
    """Texts of which none is near another, and which of them a further text is near to.

    Memory: a fifth of their shingles, as text.
    """

    def __init__(self, threshold: float, read: Read, numbers: Sequence[int]) -> None:
        """`numbers` are the texts that may come; `read` gives the shingles of one."""
        self._threshold = threshold
        self._read = _Held(read).get
        self._common = _common(self._read(number) for number in numbers[:: 1 + len(numbers) // _SAMPLE])
        self._holders: dict[str, list[int]] = {}

    def take(self, number: int) -> tuple[int, float]:
        """The text that this one is nearest to, and their Jaccard index; where there is none it is taken in itself."""
        found = self._read(number)
        rare = _rarest(found, self._common, len(found) - math.ceil(self._threshold * len(found)) + 1)
        near = {other for shingle in rare for other in self._holders.get(shingle, ())}
        index, other = max(((jaccard(found, self._read(other)), -other) for other in near), default=(0.0, 0))
        if index >= self._threshold:
            return -other, index
        for shingle in rare:
            self._holders.setdefault(shingle, []).append(number)
        return number, 1.0


def _common(texts: Iterable[frozenset[str]]) -> dict[str, int]:
    """How often shingles occur in the first of the texts; those that occur twice."""
    counts: Counter[str] = Counter()
    held = 0
    for found in texts:
        counts.update(found)
        held += len(found)
        if held > _HELD:
            break
    return {shingle: count for shingle, count in counts.items() if count > 1}


def _rarest(found: frozenset[str], common: dict[str, int], count: int) -> list[str]:
    """The first shingles of a set in the order of all: the rare ones first."""
    rare = sorted(shingle for shingle in found if shingle not in common)[:count]
    if len(rare) < count:
        rest = (shingle for shingle in found if shingle in common)
        rare += nsmallest(count - len(rare), rest, key=lambda shingle: (common[shingle], shingle))
    return rare


class _Links:
    """Rows by the group that they are in, so that none is compared within its own."""

    def __init__(self, find: Find) -> None:
        self._find = find
        self._groups: list[list[int]] = []

    def others(self, row: int) -> Iterator[int]:
        """Every row so far that is in another group; no more of one that has become the row's own."""
        for members in self._groups:
            for member in members:
                if self._find(member) == self._find(row):
                    break
                yield member

    def add(self, row: int) -> None:
        """Take the row in."""
        for members in self._groups:
            if self._find(members[0]) == self._find(row):
                members.append(row)
                return
        self._groups.append([row])


class _Held:
    """Shingles that were read lately. Memory: 250,000 shingles, or one text's."""

    def __init__(self, read: Read) -> None:
        self._read = read
        self._found: dict[int, frozenset[str]] = {}
        self._size = 0

    def get(self, row: int) -> frozenset[str]:
        """The shingles of a row."""
        found = self._found.pop(row, None)
        if found is None:
            found = self._read(row)
            self._size += len(found)
            while self._size > _HELD and self._found:
                self._size -= len(self._found.pop(next(iter(self._found))))
        self._found[row] = found
        return found


def _rows(threshold: float) -> int:
    """Values of a band: as many as still find a pair at the threshold nearly always."""
    chances = ((1 - threshold**rows) ** (_PERMUTATIONS // rows) for rows in range(1, _PERMUTATIONS + 1))
    return max(rows for rows, missed in enumerate(chances, 1) if missed <= _MISSED)
