"""From a file to its lines: shards that can be read on their own, a sample, a record found again.

Memory: one line, or one element of a document, and a block.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice, pairwise

from curator.documents import element_bounds, elements, spans
from curator.locate import value_span
from curator.parsing import parse
from curator.sources import BLOCK, Line, Shard, Source, line_start, shrunk, unreadable

SHARD_BYTES = 8 << 20
_PEEK = 1 << 13  # bytes read around a sampled offset; most lines are shorter
MAX_LINE_BYTES = 64 << 20


def cut(source: Source, file: int, size: int = SHARD_BYTES) -> list[Shard]:
    """The file as shards of about `size` bytes, in order; no record is in two of them.

    A document is cut between its elements, which takes a pass over the file. What holds no data has no
    shards.
    """
    if source.head.blank or source.head.container in ("pointer", "foreign"):
        return []
    if source.head.container == "document":
        bounds = element_bounds(source, size)
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


def read(
    shard: Shard, max_line_bytes: int = MAX_LINE_BYTES, wanted: Callable[[], float] | None = None
) -> Iterator[Line]:
    """The lines, or elements, that begin in the shard.

    `wanted` gives the number of the next line that is asked for, each time: those before it are passed over, which is
    several times faster; elements never are. Raises InputError when the file has become shorter, or cannot be opened
    any more.
    """
    try:
        if shard.container == "document":
            yield from elements(shard, max_line_bytes)
        else:
            yield from _lines(shard, max_line_bytes, wanted)
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
    if source.head.container == "document":
        count = sum(1 for _ in read(whole, max_line_bytes))
        taken = -1
        for index, line in enumerate(read(whole, max_line_bytes)):
            if count <= max_lines or index * max_lines // count > taken:
                taken = index * max_lines // count
                yield line
        return
    if source.line_count <= max_lines:
        yield from islice(read(whole, max_line_bytes), max_lines)
        return
    try:
        length, last = source.size - source.start, -1
        is_dense = length < max_lines * _PEEK  # then it costs less to read all of it once
        with open(source.real_path, "rb", buffering=BLOCK if is_dense else _PEEK) as file:
            for index in range(max_lines):
                offset = source.start + index * length // max_lines
                begin = max(offset - 1, source.start)
                if begin < last:  # inside a long line whose successor was taken
                    continue
                file.seek(begin)
                if offset > source.start:
                    while (part := file.readline(BLOCK)) and not part.endswith(b"\n"):
                        pass
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


def _lines(shard: Shard, max_line_bytes: int, wanted: Callable[[], float] | None = None) -> Iterator[Line]:
    number, offset, before = shard.first_line, shard.start, b""
    most_before = min(BLOCK, max_line_bytes)
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
            begin = line_start(file, offset - 1, max(shard.data_start, offset - 1 - most_before))
            file.seek(begin)
            before = file.read(offset - begin)
        else:
            file.seek(offset)
        while offset < shard.end:
            if wanted is not None:
                first = wanted()
                while number < first and (part := file.readline(BLOCK)):
                    offset += len(part)
                    number += part.endswith(b"\n")
                    before = part
                if offset >= shard.end:
                    return
            raw = file.readline(max_line_bytes + 2)
            size = len(raw)
            line = Line(_without_ending(raw), offset, number, size=size)
            line.before, before = before if len(before) <= most_before else b"", raw
            if len(line.raw) > max_line_bytes:
                while not raw.endswith(b"\n") and (raw := file.readline(BLOCK)):
                    size += len(raw)
                line = Line(line.raw[:200], offset, number, size=size, too_long=True)
            if not raw.endswith(b"\n") and offset + size < shard.size:
                raise shrunk(shard)
            if offset == shard.data_start:
                line.encoding = shard.encoding
            yield line
            offset += size
            number += 1


def record_at(source: Source, offset: int, number: int, column: int) -> Line:
    """The line, element or value that begins at byte `offset`, which is that place.

    Raises InputError when the file can no longer be read.
    """
    try:
        with open(source.real_path, "rb") as file:
            file.seek(offset)
            if source.head.container == "document" or column > 1:  # one of several on its line
                blocks = iter(lambda: file.read(_PEEK), b"")
                _, size = next(spans(blocks, at_start=False), (0, 0))
                file.seek(offset)
                raw = file.read(size)
            else:
                raw = _without_ending(file.readline())
                if (fault := parse(raw).fault) is not None and fault.kind == "several":
                    raw = raw[: value_span(raw).end]
    except OSError as error:
        raise unreadable(source.path, error) from None
    return Line(raw, offset, number, column, len(raw))
