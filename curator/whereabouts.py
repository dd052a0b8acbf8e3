"""From a packed place back to the line: its number, its bytes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from curator import reading
from curator.model import OFFSET_BITS, Place, Related
from curator.sources import STEP, Line, Source

_KEPT = 20_000  # line numbers of related places that are remembered


class Whereabouts:
    """Finds the line of a packed place again; fastest when asked in order."""

    def __init__(self, sources: Sequence[Source] | Mapping[int, Source]) -> None:
        """`sources` are the files by their numbers."""
        self._sources = sources
        self._file = -1
        self._offset = self._number = 0
        self._related: dict[Place, tuple[int, int]] = {}
        self._last: tuple[Place, Line] | None = None  # a check may speak of one record many times

    def path(self, where: Place) -> str:
        """The file of a place."""
        return self._sources[where >> OFFSET_BITS].path

    def line(self, where: Place) -> Line:
        """The record at a place, read again, with its line number."""
        if self._last is None or self._last[0] != where:
            source, offset = self._sources[where >> OFFSET_BITS], where & ((1 << OFFSET_BITS) - 1)
            line = reading.record_at(source, offset)
            line.number = self._line_number(where >> OFFSET_BITS, source, offset)
            self._last = (where, line)
        return self._last[1]

    def related(self, item: tuple[Place, str]) -> Related:
        """A place and a pointer as a finding shows them."""
        where, pointer = item
        source, offset = self._sources[where >> OFFSET_BITS], where & ((1 << OFFSET_BITS) - 1)
        if where not in self._related:
            if len(self._related) > _KEPT:
                self._related.clear()
            self._related[where] = source.line_number(offset), self._column(source, offset)
        number, column = self._related[where]
        return Related(source.path, number, pointer, column)

    def _column(self, source: Source, offset: int) -> int:
        if source.head.container != "document":
            return 1
        with open(source.real_path, "rb") as handle:
            return source.column(handle, offset)

    def _line_number(self, file: int, source: Source, offset: int) -> int:
        """The line's number, counted on from the last one asked for where that is near before it."""
        if file != self._file or not 0 <= offset - self._offset < STEP:
            self._number = source.line_number(offset)
        else:
            with open(source.real_path, "rb") as handle:
                handle.seek(self._offset)
                self._number += handle.read(offset - self._offset).count(b"\n")
        self._file, self._offset = file, offset
        return self._number
