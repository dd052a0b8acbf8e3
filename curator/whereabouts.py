"""From a packed place back to the line: its number, its bytes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import BinaryIO

from curator import reading
from curator.model import OFFSET_BITS, Place, Related
from curator.sources import STEP, Line, Source, characters, unreadable

_KEPT = 20_000  # line numbers of related places that are remembered


class Whereabouts:
    """Finds the line of a packed place again; fastest when asked in order."""

    def __init__(self, sources: Sequence[Source] | Mapping[int, Source]) -> None:
        """`sources` are the files by their numbers."""
        self._sources = sources
        self._file = -1
        self._offset = self._number = self._column = 0
        self._related: dict[Place, tuple[int, int]] = {}
        self._last: tuple[Place, Line] | None = None  # a check may speak of one record many times

    def path(self, where: Place) -> str:
        """The file of a place."""
        return self._sources[where >> OFFSET_BITS].path

    def line(self, where: Place) -> Line:
        """The record at a place, read again, with its line number."""
        if self._last is None or self._last[0] != where:
            source, offset = self._sources[where >> OFFSET_BITS], where & ((1 << OFFSET_BITS) - 1)
            number, column = self._find(where >> OFFSET_BITS, source, offset)
            self._last = (where, reading.record_at(source, offset, number, column))
        return self._last[1]

    def related(self, item: tuple[Place, str]) -> Related:
        """A place and a pointer as a finding shows them."""
        where, pointer = item
        source, offset = self._sources[where >> OFFSET_BITS], where & ((1 << OFFSET_BITS) - 1)
        if where not in self._related:
            if len(self._related) > _KEPT:
                self._related.clear()
            self._related[where] = _spot(source, offset)
        number, column = self._related[where]
        return Related(source.path, number, pointer, column)

    def _find(self, file: int, source: Source, offset: int) -> tuple[int, int]:
        """Line number and column, counted on from the place asked for last where that is near before it."""
        if file != self._file or not 0 <= offset - self._offset < STEP:
            self._number, self._column = _spot(source, offset)
        else:
            with _open(source) as handle:
                handle.seek(self._offset)
                between = handle.read(offset - self._offset)
            if breaks := between.count(b"\n"):
                self._number, self._column = self._number + breaks, 1
            self._column += characters(between[between.rfind(b"\n") + 1 :])
        self._file, self._offset = file, offset
        return self._number, self._column


def _spot(source: Source, offset: int) -> tuple[int, int]:
    with _open(source) as handle:
        return source.line_number(offset), source.column(handle, offset)


def _open(source: Source) -> BinaryIO:
    try:
        return open(source.real_path, "rb")
    except OSError as error:
        raise unreadable(source.path, error) from None
