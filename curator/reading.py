"""A file as bytes: what it is, where its lines begin, and the lines themselves.

One fast pass counts line breaks, so that any byte range can be read on its own and still know its line
numbers. Compressed files, standard input and UTF-16 are spooled to a temporary file first.
Memory: one block, plus 16 bytes for each megabyte of the file.
"""

from __future__ import annotations

import codecs
import os
import re
from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import BinaryIO, Literal

from curator.errors import InputError
from curator.locate import value_span
from curator.parsing import Parsed, parse

BLOCK = 1 << 20
STEP = 1 << 17
"""Bytes between two entries of the index of line breaks; also what one read of the counting pass takes."""
SHARD_BYTES = 8 << 20
HEAD_BYTES = 1 << 16
_PEEK = 1 << 13  # bytes read around a sampled offset; most lines are shorter
MAX_LINE_BYTES = 64 << 20

Container = Literal["lines", "document", "pointer", "foreign"]
_LFS = b"version https://git-lfs.github.com/spec/"


@dataclass(frozen=True, slots=True)
class FileHead:
    """What is known of a file before any of its lines is read; the input of file checks."""

    path: str
    size: int
    """Bytes of the file as it lies on disk (packed, where it is compressed)."""
    head: bytes
    """The first 64 KB, unpacked and in UTF-8."""
    encoding: str
    """`utf-8`, or the `utf-16…`/`utf-32…` it was transcoded from."""
    byte_order_mark: bool
    """A UTF-8 byte order mark at the start."""
    container: Container
    """`document`: one JSON array, or JSON values that span lines, in place of JSON Lines; `pointer`: what
    Git LFS leaves in place of the data; `foreign`: text in which no line looks like JSON."""
    blank: bool
    """No bytes but white space."""


@dataclass(frozen=True, slots=True)
class Source:
    """A file made ready for reading."""

    path: str
    """As the user named it."""
    real_path: str
    """What is read: the file itself, or its spool."""
    start: int
    """Where the data begins: behind a byte order mark."""
    size: int
    """Bytes of `real_path`."""
    head: FileHead
    breaks: array[int]
    """Line breaks before each STEP of `real_path`, and in all of it."""
    columns: array[int]
    """Characters of the line that is open at the start of each megabyte, up to there."""
    stamp: tuple[int, int] | None = field(compare=False, default=None)
    """Size and modification time of the original, to notice a change; None for a spool."""

    @property
    def line_count(self) -> int:
        """Line breaks of the file."""
        return self.breaks[-1]

    def line_number(self, offset: int) -> int:
        """The 1-based number of the line that holds the byte at `offset`."""
        step = min(offset // STEP, len(self.breaks) - 1)
        with open(self.real_path, "rb", buffering=0) as file:
            file.seek(step * STEP)
            return 1 + self.breaks[step] + file.read(offset - step * STEP).count(b"\n")

    def column(self, file: BinaryIO, offset: int) -> int:
        """The 1-based column of the character that begins at byte `offset` of the open file."""
        block = min(offset // BLOCK, len(self.columns) - 1)
        stop = max(block * BLOCK, self.start)
        begin = _line_start(file, offset, stop)
        file.seek(begin)
        width = _characters(file.read(offset - begin))
        return 1 + width + (self.columns[block] if begin == stop else 0)

    def unchanged(self) -> bool:
        """Whether the file is still the one that was opened."""
        if self.stamp is None:
            return True
        try:
            now = os.stat(self.path)
        except OSError:
            return False
        return (now.st_size, now.st_mtime_ns) == self.stamp


@dataclass(frozen=True, slots=True)
class Shard:
    """The records of one file that begin in one range of bytes."""

    file: int
    """The file's number in the run."""
    path: str
    real_path: str
    start: int
    end: int
    size: int
    first_line: int
    """The number of the line that holds the byte at `start`."""
    container: Container
    encoding: str = "utf-8"
    """What the file was written in; it is read as UTF-8."""
    data_start: int = 0
    """Where the file's data begins; a shard that starts there starts on a line."""
    column: int = 1
    """The column of the character at `start`; counted in documents only."""


@dataclass(slots=True)
class Line:
    """A line, or an element of an array, as it stands in the file; the input of line checks."""

    raw: bytes
    """Without line ending. The first 200 bytes where it was too long to read."""
    offset: int
    number: int
    """The 1-based line on which it begins."""
    column: int = 1
    """The 1-based column on which it begins, in code points."""
    size: int = 0
    """Its length in bytes, also where `raw` holds less."""
    too_long: bool = False
    encoding: str = "utf-8"
    """On a file's first line: what the whole file was written in."""
    parsed: Parsed | None = None
    """What it holds; None where it was not parsed: blank, or too long."""


def prepare(path: str, real_path: str, encoding: str, *, spooled: bool) -> Source:
    """The file at `real_path` with its container recognised and its line breaks counted.

    Raises InputError when it cannot be read.
    """
    try:
        with open(real_path, "rb", buffering=0) as file:
            stat = os.fstat(file.fileno())
            head = file.read(HEAD_BYTES)
            file.seek(0)
            mark = head.startswith(codecs.BOM_UTF8)
            counts, columns, blank = array("Q", [0]), array("Q", [0]), True
            total, width = 0, -1 if mark else 0
            while block := file.read(STEP):
                counts.append(counts[-1] + block.count(b"\n"))
                width = _characters(block[block.rfind(b"\n") + 1 :]) + (0 if b"\n" in block else width)
                columns.append(max(0, width))
                total += len(block)
                if blank:
                    blank = not (block.removeprefix(codecs.BOM_UTF8) if total == len(block) else block).strip()
            packed = os.stat(path).st_size if spooled and os.path.exists(path) else stat.st_size
    except OSError as error:
        raise unreadable(path, error) from None
    start = len(codecs.BOM_UTF8) if mark else 0
    container = recognise(head[start:], whole=total <= HEAD_BYTES)
    stamp = None if spooled else (stat.st_size, stat.st_mtime_ns)
    facts = FileHead(path, packed, head, encoding, mark and encoding == "utf-8", container, blank)
    return Source(path, real_path, start, total, facts, counts, columns, stamp)


def unreadable(path: str, error: OSError) -> InputError:
    """The one line that says why a file could not be read."""
    return InputError(f"{path}: cannot be read: {error.strerror or error}")


def recognise(head: bytes, *, whole: bool) -> Container:
    """Whether the file's JSON values stand one a line, or as a document that spans lines; or neither.

    `head` is its beginning, `whole` says that nothing follows. An array that fills one line is a
    document only where no other line follows: a line of JSON Lines may hold an array.
    """
    if head.startswith(_LFS):
        return "pointer"
    lines = [line for line in map(bytes.strip, head.split(b"\n", 200)[:200]) if line]
    if lines and not any(line.startswith((b"{", b"[")) or b'":' in line for line in lines):
        return "foreign"
    if not lines or lines[0][:1] not in (b"[", b"{"):
        return "lines"
    first, second = lines[0], lines[1] if len(lines) > 1 else b""
    if len(first) < (1 << 20) and (whole or second) and parse(first).fault is None:
        return "document" if first.startswith(b"[") and whole and not second else "lines"
    if first.startswith(b"["):
        return "document"
    # An object that its line does not close: pretty-printed if the next line goes on with a key. A cut
    # record of JSON Lines is followed by the next record.
    opened = first == b"{" or first.endswith((b",", b"{", b"["))
    return "document" if opened and second[:1] in (b'"', b"}", b"]", b"{") and first[1:2] != second[1:2] else "lines"


def cut(source: Source, file: int, size: int = SHARD_BYTES) -> list[Shard]:
    """The file as shards of about `size` bytes, in order; no record is in two of them.

    A document is cut between its elements, which takes a pass over the file. What holds no data has no
    shards.
    """
    if source.head.blank or source.head.container in ("pointer", "foreign"):
        return []
    if source.head.container == "document":
        bounds = _element_bounds(source, size)
    else:
        bounds = [*range(source.start, source.size, size), source.size]
    columns = [1] * len(bounds)
    try:
        if source.head.container == "document":
            with open(source.real_path, "rb") as opened:
                columns = [source.column(opened, start) for start in bounds]
        numbers = [source.line_number(start) for start in bounds]
    except OSError as error:
        raise unreadable(source.path, error) from None
    return [
        Shard(
            file, source.path, source.real_path, start, end, source.size, number,
            source.head.container, source.head.encoding, source.start, column,
        )
        for (start, end), number, column in zip(pairwise(bounds), numbers, columns, strict=False)
    ]  # fmt: skip


def read(shard: Shard, max_line_bytes: int = MAX_LINE_BYTES) -> Iterator[Line]:
    """The lines, or elements, that begin in the shard.

    Raises InputError when the file has become shorter, or cannot be opened any more.
    """
    pieces = _elements if shard.container == "document" else _lines
    try:
        yield from pieces(shard, max_line_bytes)
    except OSError as error:
        raise unreadable(shard.path, error) from None


def sample(source: Source, max_lines: int, max_line_bytes: int = MAX_LINE_BYTES) -> Iterator[Line]:
    """Every line of a file of up to `max_lines` lines; else those at `max_lines` evenly spaced offsets.

    Depends on nothing but the bytes of the file, so that any cut of it gives the same sample. The line
    numbers of a spaced sample are not counted (0).
    """
    whole = Shard(
        0, source.path, source.real_path, source.start, source.size, source.size, 1,
        source.head.container, source.head.encoding, source.start,
    )  # fmt: skip
    if source.head.container in ("pointer", "foreign"):
        return
    if source.line_count <= max_lines or source.head.container == "document":
        for index, line in enumerate(read(whole, max_line_bytes)):
            if index >= max_lines:
                return
            yield line
        return
    try:
        with open(source.real_path, "rb") as file:
            length, last = source.size - source.start, -1
            for index in range(max_lines):
                offset = source.start + index * length // max_lines
                begin = max(offset - 1, source.start)
                piece = os.pread(file.fileno(), _PEEK, begin)
                skip = 0 if offset == source.start else piece.find(b"\n") + 1
                end = piece.find(b"\n", skip)
                if end >= 0 and (skip or offset == source.start):
                    position, raw = begin + skip, piece[skip : end + 1]
                else:  # longer than a glance shows
                    file.seek(begin)
                    if offset > source.start:
                        file.readline()
                    position = file.tell()
                    raw = file.readline(max_line_bytes + 2)
                line = Line(_without_ending(raw), position, 0, size=len(raw))
                if position != last and raw and len(line.raw) <= max_line_bytes:
                    yield line
                last = position
    except OSError as error:
        raise unreadable(source.path, error) from None


def _without_ending(raw: bytes) -> bytes:
    if raw.endswith(b"\n"):
        return raw[:-2] if raw.endswith(b"\r\n") else raw[:-1]
    return raw


def _shrunk(shard: Shard) -> InputError:
    return InputError(f"{shard.path}: the file became shorter while it was read; check it again")


def _lines(shard: Shard, max_line_bytes: int) -> Iterator[Line]:
    number, offset = shard.first_line, shard.start
    with open(shard.real_path, "rb", buffering=BLOCK) as file:
        if offset > shard.data_start:  # the line that began in the shard before is that shard's
            file.seek(offset - 1)
            number -= file.read(1) == b"\n"
            file.seek(offset - 1)
            while (part := file.readline(BLOCK)) and not part.endswith(b"\n"):
                if file.tell() >= shard.end:  # one line fills the shard: it is not read to its end each time
                    return
            number += 1
            offset = file.tell()
        else:
            file.seek(offset)
        while offset < shard.end:
            raw = file.readline(max_line_bytes + 2)
            size = len(raw)
            line = Line(_without_ending(raw), offset, number, size=size)
            if len(line.raw) > max_line_bytes:
                while not raw.endswith(b"\n") and (raw := file.readline(BLOCK)):
                    size += len(raw)
                line = Line(line.raw[:200], offset, number, size=size, too_long=True)
            if not raw.endswith(b"\n") and offset + size < shard.size:
                raise _shrunk(shard)
            if offset == shard.data_start:
                line.encoding = shard.encoding
            yield line
            offset += size
            number += 1


_CONTINUATION = bytes(range(0x80, 0xC0))

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


def _element_bounds(source: Source, size: int) -> list[int]:
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


def _elements(shard: Shard, max_line_bytes: int) -> Iterator[Line]:
    number, column, done = shard.first_line, shard.column, shard.start
    with open(shard.real_path, "rb") as stream, open(shard.real_path, "rb") as file:
        stream.seek(shard.start)
        for begin, end in spans(_blocks(stream, shard), at_start=shard.start == shard.data_start):
            offset, size = shard.start + begin, end - begin
            file.seek(done)
            while done < offset:
                before = file.read(min(BLOCK, offset - done))
                if not before:
                    raise _shrunk(shard)
                done += len(before)
                if breaks := before.count(b"\n"):
                    number, column = number + breaks, 1
                column += _characters(before[before.rfind(b"\n") + 1 :])
            too_long = size > max_line_bytes
            raw = file.read(200 if too_long else size)
            if len(raw) < min(size, 200):
                raise _shrunk(shard)
            yield Line(raw, offset, number, column, size, too_long)


def _blocks(stream: BinaryIO, shard: Shard) -> Iterator[bytes]:
    left = shard.end - shard.start
    while left:
        block = stream.read(min(BLOCK, left))
        if not block:
            raise _shrunk(shard)
        left -= len(block)
        yield block


def record_at(source: Source, offset: int) -> Line:
    """The line, element or value that begins at byte `offset`; its number is not counted (0).

    Raises InputError when the file can no longer be read.
    """
    try:
        with open(source.real_path, "rb") as file:
            column = source.column(file, offset)
            file.seek(offset)
            if source.head.container == "document":
                blocks = iter(lambda: file.read(HEAD_BYTES), b"")
                _, end = next(spans(blocks, at_start=False), (0, 0))
                file.seek(offset)
                raw = file.read(end)
            else:
                raw = _without_ending(file.readline())
                fault = parse(raw).fault
                # One of several values on its line; the last of them may have white space behind it.
                if column > 1 or (fault is not None and fault.kind == "several"):
                    raw = raw[: value_span(raw).end]
    except OSError as error:
        raise unreadable(source.path, error) from None
    return Line(raw, offset, 0, column, len(raw))


def _line_start(file: BinaryIO, offset: int, stop: int) -> int:
    """Where the line that holds the byte at `offset` begins; `stop` where that is not behind it."""
    while offset > stop:
        step = min(4096, offset - stop)
        file.seek(offset - step)
        found = file.read(step).rfind(b"\n")
        if found >= 0:
            return offset + found + 1 - step
        offset -= step
    return offset


def _characters(data: bytes) -> int:
    """Code points that begin in `data`: additive, wherever it is cut."""
    return len(data.translate(None, _CONTINUATION))
