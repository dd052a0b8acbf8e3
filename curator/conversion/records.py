"""JSON Lines and JSON arrays, record by record, as the check reads them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from curator import reading
from curator.conversion import exact
from curator.conversion.origin import Origin, Row
from curator.conversion.refusal import Refusal
from curator.errors import InputError
from curator.scan import sample_records
from curator.sources import Source

_BLOCK = 1 << 20
SAMPLE = 20_000
"""Records that habits are learned from, as in a check."""
_BREAK_OR_STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"|[ \t]*+(?:[\r\n]++[ \t]*+)++', re.DOTALL)


def records(source: Source, max_line_bytes: int) -> Origin:
    """The records of a file of JSON. Raises InputError where it holds none."""
    if source.head.container == "pointer":
        raise InputError(f"{source.path}: is a Git LFS pointer, not the data: git lfs pull")
    if source.head.container == "foreign":
        raise InputError(f"{source.path}: holds no JSON; --from says what it is (csv, tsv, txt …)")
    if source.head.blank:
        raise InputError(f"{source.path}: is empty")

    def sample() -> Iterator[dict[str, Any]]:
        for record, _ in sample_records(reading.sample(source, SAMPLE, max_line_bytes)):
            yield record

    return Origin(
        source.path,
        "record",
        lambda: _rows(source, max_line_bytes),
        source.size,
        sample=sample,
        unchanged=source.unchanged,
    )


def _rows(source: Source, max_line_bytes: int) -> Iterator[Row]:
    done = source.start
    for shard in reading.cut(source, 0, source.size):
        for line in reading.read(shard, max_line_bytes):
            if source.head.container == "document":
                _refuse_end(source, done, line.offset, line.number, more=True)
                done = line.offset + line.size
            if line.too_long:
                limit = f"{max_line_bytes:,} bytes; raise max-line-bytes in the settings"
                raise InputError(f"{source.path}:{line.number}: the line is longer than {limit}")
            yield Row(
                line.number, _value(line.raw), _on_one_line(line.raw), line.offset + line.size, column=line.column
            )
    if source.head.container == "document":
        _refuse_end(source, done, source.size, source.line_count, more=False)


def _refuse_end(source: Source, start: int, end: int, line: int, *, more: bool) -> None:
    """Raises InputError where an array ends between two places and something follows it (`more`: an element)."""
    with open(source.real_path, "rb") as file:
        file.seek(start)
        while start < end and (block := file.read(min(_BLOCK, end - start))):
            start += len(block)
            _, closed, rest = block.partition(b"]")
            if closed and (more or rest.strip() or file.read(end - start).strip()):
                raise InputError(
                    f"{source.path}:{line}: something follows the array; a .json file holds one value: "
                    "put these records into the array, or write one record a line"
                )


def _value(raw: bytes) -> dict[str, Any] | Refusal | None:
    if not raw.strip():
        return None
    try:
        value = exact.read(raw)
    except Refusal as refusal:
        return refusal
    return value if isinstance(value, dict) else Refusal("no JSON object")


def _on_one_line(raw: bytes) -> bytes:
    """An element that spans lines, without the line breaks between its parts."""
    if b"\n" not in raw:
        return raw
    return _BREAK_OR_STRING.sub(lambda match: match[0] if match[0].startswith(b'"') else b"", raw)
