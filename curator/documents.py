"""A JSON array, or values that span lines: where each element begins and ends.

The brackets are followed, nothing is parsed, so that a broken element does not hide the ones behind it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import BinaryIO

from curator.sources import BLOCK, Line, Shard, Source, characters, shrunk, unreadable

# Outside strings only brackets, commas and words matter. A string ends at its line's end at the latest:
# after one that was never closed, the brackets of the next lines count again.
_PIECE = re.compile(rb'"[^"\\\n]*+(?:\\.[^"\\\n]*+)*+("?)|[{}\[\],]|[^\s{}\[\],"]++', re.DOTALL)


def spans(blocks: Iterator[bytes], *, at_start: bool) -> Iterator[tuple[int, int]]:
    """The byte range of each element of an array, or of each of several values, in a stream of blocks."""
    level, begun, scalar_end = 0, -1, -1
    base, rest = 0, b""
    pending = next(blocks, b"")
    while pending:
        buffer, pending = rest + pending, next(blocks, b"")
        rest = b""
        for match in _PIECE.finditer(buffer):
            mark = buffer[match.start()]
            open_string = mark == ord('"') and not match.group(1)
            if pending and match.end() >= len(buffer) - 1 and (open_string or mark not in b'{}[],"'):
                rest = buffer[match.start() :]
                break
            if at_start and mark == ord("["):  # the array itself
                at_start = False
                continue
            at_start = False
            if mark in b"{[":
                if level == 0 and begun < 0:
                    begun = base + match.start()
                level += 1
            elif mark in b"}]":
                if level == 0 and begun >= 0:
                    yield begun, scalar_end
                    begun = -1
                elif level:
                    level -= 1
                    if level == 0:
                        yield begun, base + match.end()
                        begun = -1
            elif level == 0 and mark == ord(","):
                if begun >= 0:
                    yield begun, scalar_end
                begun = -1
            elif level == 0:
                if begun < 0:
                    begun = base + match.start()
                scalar_end = base + match.end()
        base += len(buffer) - len(rest)
    if begun >= 0:
        yield begun, base if level else scalar_end


def element_bounds(source: Source, size: int) -> list[int]:
    bounds = [source.start]
    try:
        with open(source.real_path, "rb", buffering=0) as file:
            file.seek(source.start)
            for first, last in spans(iter(lambda: file.read(BLOCK), b""), at_start=True):
                start = source.start + first
                if source.start + last - bounds[-1] > size and start > bounds[-1]:
                    bounds.append(start)
    except OSError as error:
        raise unreadable(source.path, error) from None
    return [*bounds, source.size]


def elements(shard: Shard, max_line_bytes: int) -> Iterator[Line]:
    number, column, done = shard.first_line, shard.column, shard.start
    with open(shard.real_path, "rb") as stream, open(shard.real_path, "rb") as file:
        stream.seek(shard.start)
        first = None
        for begin, end in spans(_blocks(stream, shard), at_start=shard.start == shard.data_start):
            first = begin if first is None else first
            offset, size = shard.start + begin, end - begin
            file.seek(done)
            while done < offset:
                before = file.read(min(BLOCK, offset - done))
                if not before:
                    raise shrunk(shard)
                done += len(before)
                if breaks := before.count(b"\n"):
                    number, column = number + breaks, 1
                column += characters(before[before.rfind(b"\n") + 1 :])
            too_long = size > max_line_bytes
            raw = file.read(200 if too_long else size)
            if len(raw) < min(size, 200):
                raise shrunk(shard)
            is_first = begin == first and shard.start == shard.data_start
            yield Line(raw, offset, number, column, size, too_long, encoding=shard.encoding if is_first else "utf-8")


def _blocks(stream: BinaryIO, shard: Shard) -> Iterator[bytes]:
    left = shard.end - shard.start
    while left:
        block = stream.read(min(BLOCK, left))
        if not block:
            raise shrunk(shard)
        left -= len(block)
        yield block
