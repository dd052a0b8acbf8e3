"""What is to change in a file: splices in order, in a temporary file where they are many."""

from __future__ import annotations

import struct
import tempfile
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import IO, BinaryIO

from curator.fixing.splicing import Splice

_HEAD = struct.Struct("<QQQ")
_BLOCK = 1 << 20
_IN_MEMORY = 8 << 20


class Spooled(tempfile.SpooledTemporaryFile[bytes]):
    """Bytes in memory, in a temporary file where they are many; gone with the last who knows them."""

    def __init__(self) -> None:
        super().__init__(_IN_MEMORY, prefix="curator-")

    def __del__(self) -> None:
        if hasattr(self, "_file"):  # an interrupt may come before there is one
            self.close()


class Script:
    """Any number of splices of one file, in order."""

    def __init__(self, splices: Iterable[Splice] = ()) -> None:
        self._file = Spooled()
        self.count = 0
        for splice in splices:
            self.add(splice)

    def __len__(self) -> int:
        return self.count

    def add(self, splice: Splice) -> None:
        """Take the next splice in; it begins where the last one ended, or behind it."""
        dump(self._file, splice)
        self.count += 1

    def __iter__(self) -> Iterator[Splice]:
        self._file.seek(0)
        yield from load(self._file)


def dump(file: IO[bytes] | Spooled, splice: Splice) -> None:
    """Write a splice to a file of splices."""
    file.write(_HEAD.pack(splice.start, splice.end, len(splice.text)))
    file.write(splice.text)


def load(file: IO[bytes] | Spooled) -> Iterator[Splice]:
    """The splices of such a file from where it stands. Raises ValueError for one that was cut off."""
    while head := file.read(_HEAD.size):
        if len(head) < _HEAD.size:
            raise ValueError("the splices are cut off")
        start, end, size = _HEAD.unpack(head)
        text = file.read(size)
        if len(text) < size:
            raise ValueError("the splices are cut off")
        yield Splice(start, end, text)


def spliced(file: BinaryIO, splices: Iterable[Splice]) -> Iterator[bytes]:
    """The bytes of a file with the splices in their places, in blocks."""
    done = 0
    for start, end, text in splices:
        yield from _range(file, done, start)
        if text:
            yield text
        done = end
    yield from _range(file, done, None)


def _range(file: BinaryIO, start: int, end: int | None) -> Iterator[bytes]:
    if start == end:
        return
    file.seek(start)
    while end is None or start < end:
        block = file.read(_BLOCK if end is None else min(_BLOCK, end - start))
        if not block:
            if end is not None:
                raise ValueError("the file became shorter")
            return
        start += len(block)
        yield block


def reverse(file: BinaryIO, splices: Iterable[Splice]) -> Iterator[Splice]:
    """The splices that make the file again of what the splices make of it."""
    shift = 0
    for start, end, text in splices:
        begin, stop = start + shift, start + shift + len(text)
        for block in _range(file, start, end):  # what is long comes in pieces
            yield Splice(begin, stop, block)
            begin = stop
        if start == end:
            yield Splice(begin, stop, b"")
        shift += len(text) - (end - start)


def compose(first: Iterable[Splice], second: Iterable[Splice]) -> Iterator[Splice]:
    """The splices that do at once what `first` does to a file, and `second` to the result."""
    middle = _Middle(first)
    begin = end = done = 0
    parts: list[bytes] = []
    ends: list[Splice | None] = [None]
    for splice in chain(second, ends):
        for piece, old in middle.take(None if splice is None else splice.start - done):
            if piece is None:
                if end > begin or parts:
                    yield Splice(begin, end, b"".join(parts))
                begin, parts = old, []
            else:
                parts.append(piece)
            end = old
        if splice is not None:
            for _, end in middle.take(splice.end - splice.start):  # noqa: B007
                pass
            parts.append(splice.text)
            done = splice.end
    if end > begin or parts:
        yield Splice(begin, end, b"".join(parts))


class _Middle:
    """The file between two scripts, piece by piece, each with where the old file stands behind it."""

    def __init__(self, splices: Iterable[Splice]) -> None:
        self._splices = iter(splices)
        self._next = next(self._splices, None)
        self._old = 0
        self._text = b""

    def take(self, count: int | None) -> Iterator[tuple[bytes | None, int]]:
        """The next `count` bytes (None: all that is not copied to the end): new text, or None for what is copied."""
        while count is None or count > 0:
            if self._text:
                part, self._text = self._text[:count], b"" if count is None else self._text[count:]
                count = None if count is None else count - len(part)
                yield part, self._old
            elif self._next is not None and self._next.start == self._old:
                _, self._old, self._text = self._next
                self._next = next(self._splices, None)
                yield b"", self._old
            else:
                if self._next is None and count is None:
                    return
                left = count if self._next is None else self._next.start - self._old
                size = left if count is None else min(count, left or 0)
                assert size
                self._old += size
                count = None if count is None else count - size
                yield None, self._old
