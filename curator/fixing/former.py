"""What the lines of a file were before a run, where earlier rounds of fixing have changed them."""

from __future__ import annotations

import bisect
from array import array
from collections.abc import Iterable
from typing import BinaryIO

from curator.fixing.splicing import Splice
from curator.locate import Span

_LONGEST = 1 << 20  # bytes beside a record that are looked at for what belongs to it


class Former:
    """A file as it was, asked about places in it as it is, one behind the other."""

    def __init__(self, file: BinaryIO, script: Iterable[Splice]) -> None:
        """`script` makes the file as it is of `file`."""
        self._file = file
        self._splices = iter(script)
        self._next = next(self._splices, None)
        self._shift = 0  # how much further on the old bytes stand
        self._lines = 0  # and how many lines
        # Up to where the last splice reaches, and how many of the bytes it took stood on that line.
        self._edge = (-1, 0)

    def origin(self, start: int) -> int:
        """Where that stood which begins at `start`; where it is all new, what it replaces."""
        while self._next is not None and self._last <= start:
            lead = self._gap(self._next.end).rpartition(b"\n")
            is_own = self._last == start and (not self._next.text or lead[1]) and _is_edge(lead[2])
            self._edge = self._last, len(lead[2]) if is_own else 0
            self._pass()
        if self._next is not None and self._first < start:
            return self._next.start
        return start + self._shift

    def line(self, number: int) -> int:
        """The number that the line had in which the last place was found, if its number is `number`."""
        return number + self._lines

    def span(self, start: int, end: int) -> Span | None:
        """Where `start` to `end` of a line stood; None where a change reaches over its edge."""
        begin = self.origin(start)
        if self._next is not None and self._first < start:
            return None
        if self._edge[0] == start:
            begin -= self._edge[1]
        while self._next is not None and self._first < end:
            if self._last > end:
                return None
            self._pass()
        stop = end + self._shift
        if self._next is not None and self._first == end and not self._next.text:
            tail = self._gap(self._next.start + _LONGEST).partition(b"\n")[0]
            stop += len(tail) if _is_edge(tail) else 0
        return Span(begin, stop)

    def read(self, span: Span) -> bytes:
        """The old bytes."""
        self._file.seek(span.start)
        return self._file.read(span.end - span.start)

    @property
    def _first(self) -> int:
        """Where the next splice's text begins in the file as it is."""
        assert self._next is not None
        return self._next.start - self._shift

    @property
    def _last(self) -> int:
        assert self._next is not None
        return self._first + len(self._next.text)

    def _pass(self) -> None:
        assert self._next is not None
        start, end, text = self._next
        self._shift += end - start - len(text)
        self._lines -= text.count(b"\n")
        for block in range(start, end, _LONGEST):
            self._lines += self.read(Span(block, min(block + _LONGEST, end))).count(b"\n")
        self._next = next(self._splices, None)

    def _gap(self, end: int) -> bytes:
        """The old bytes that the next splice takes away, up to `end`; no more than the last of them."""
        assert self._next is not None
        stop = min(end, self._next.end)
        return self.read(Span(max(self._next.start, stop - _LONGEST), stop))


def _is_edge(gap: bytes) -> bool:
    """Whether what was taken away beside a record may have been a part of it; a comma, but no other record."""
    return bool(gap.strip()) and b"{" not in gap


class FixedBy:
    """Which codes have changed which lines, or elements, of the file as it was. Grows by 18 bytes for each of them."""

    def __init__(self) -> None:
        self._starts = array("Q")
        self._ends = array("Q")
        self._which = array("H")
        self._kinds: dict[tuple[str, ...], int] = {}

    def add(self, start: int, end: int, codes: tuple[str, ...]) -> None:
        """`codes` have changed what stood there; called in the order of places."""
        kind = self._kinds.setdefault(codes, len(self._kinds))
        if kind < 1 << 16:
            self._starts.append(start)
            self._ends.append(end)
            self._which.append(kind)

    def at(self, offset: int) -> tuple[str, ...]:
        """The codes that have changed what stood there."""
        index = bisect.bisect_right(self._starts, offset) - 1
        if index < 0 or offset >= self._ends[index]:
            return ()
        return list(self._kinds)[self._which[index]]
