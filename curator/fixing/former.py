"""What the lines of a file were before a run, where earlier rounds of fixing have changed them."""

from __future__ import annotations

import bisect
from array import array
from collections.abc import Iterable
from typing import BinaryIO

from curator.fixing.splicing import Splice

_LONGEST = 1 << 20  # longer gaps are removed lines; what belongs to the line beside them is not looked for


class Former:
    """The bytes of a file as it was, for places in the file as it is, which are asked for in order."""

    def __init__(self, file: BinaryIO, script: Iterable[Splice]) -> None:
        """`script` makes the file as it is of `file`."""
        self._file = file
        self._splices = iter(script)
        self._next = next(self._splices, None)
        self._shift = 0  # how much further on the old bytes stand

    def at(self, start: int, end: int) -> bytes | None:
        """What stood where `start` to `end` of a line is; None where a change reaches over its edge."""
        lead = tail = b""
        while self._next is not None and self._last <= start:
            lead = b""
            if self._last == start and (not self._next.text or b"\n" in self._gap()):
                lead = self._gap().rpartition(b"\n")[2]
                lead = b"" if self._next.text and not lead.strip() else lead
            self._pass()
        begin = start + self._shift
        if self._next is not None and self._first < start:
            return None
        while self._next is not None and self._first < end:
            if self._last > end:
                return None
            self._pass()
        stop = end + self._shift
        if self._next is not None and self._first == end and not self._next.text:
            tail = self._gap().partition(b"\n")[0]
        self._file.seek(begin)
        return lead + self._file.read(stop - begin) + tail

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
        self._shift += self._next.end - self._next.start - len(self._next.text)
        self._next = next(self._splices, None)

    def _gap(self) -> bytes:
        """The old bytes that the next splice takes away."""
        assert self._next is not None
        if self._next.end - self._next.start > _LONGEST:
            return b""
        self._file.seek(self._next.start)
        return self._file.read(self._next.end - self._next.start)


class FixedBy:
    """Which codes have changed which lines. Grows by 10 bytes for each changed line."""

    def __init__(self) -> None:
        self._lines = array("Q")
        self._which = array("H")
        self._kinds: dict[tuple[str, ...], int] = {}

    def add(self, line: int, codes: tuple[str, ...]) -> None:
        """`codes` have changed a line; called in the order of lines."""
        kind = self._kinds.setdefault(codes, len(self._kinds))
        if kind < 1 << 16:
            self._lines.append(line)
            self._which.append(kind)

    def at(self, line: int) -> tuple[str, ...]:
        """The codes that have changed a line."""
        index = bisect.bisect_left(self._lines, line)
        if index == len(self._lines) or self._lines[index] != line:
            return ()
        return list(self._kinds)[self._which[index]]
