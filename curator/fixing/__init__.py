"""A file as a stream of records, some of them mended: what the fixes change, as splices of the file.

Memory: one line, or one element of a document, with its findings. No file is written here.
"""

from __future__ import annotations

import codecs
import contextlib
import io
import os
import re
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO

from curator import edits, model, reading
from curator.findings import record_hash
from curator.fixing.script import compose, spliced
from curator.fixing.splicing import Splice, choose, join
from curator.fixing.sweeping import Sweep, one_sweep
from curator.opening import encoding_of
from curator.parsing import parse
from curator.sources import BLOCK, Line, Shard, Source, prepare

_NO_BYTES = record_hash(b"")  # what file checks leave in `record`, and the hash of an empty line
_BREAK_OR_STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"|[ \t]*+(?:[\r\n]++[ \t]*+)++', re.DOTALL)


@dataclass(frozen=True, slots=True)
class Whole:
    """What is done to a file as a whole."""

    as_lines: bool = False
    """A document becomes JSON Lines."""
    ending: bytes = b""
    """How every line is to end; empty: as it does."""
    cut: int = 0
    """Bytes that go at the start: a byte order mark."""
    every: bool = False
    """Every line is mended, also those that no finding speaks of."""


@dataclass(frozen=True, slots=True)
class Mended:
    """What became of a line, or an element."""

    raw: bytes
    """Without line ending; several lines where it was split. Nothing where it is dropped."""
    is_dropped: bool
    splices: Sequence[Splice]
    """What makes it of the line."""


Mend = Callable[[Line, list[model.Finding]], Mended | None]
"""Mends a line, by the findings that speak of it; None where it stays as it is."""


class NoLinesError(ValueError):
    """A document that cannot be read whole, and so cannot become lines without a loss."""


def whole(findings: Iterable[model.Finding]) -> tuple[Whole, list[model.Finding]]:
    """What the findings of file checks want done to their file, and those of them that want it."""
    as_lines, ending, cut, applied = False, b"", 0, []
    for finding in findings:
        match finding.fix.edits if finding.fix else ():
            case (edits.RewriteAsLines(),) if not as_lines:
                as_lines = True
            case (edits.NormalizeLineEndings(wanted),) if not ending:
                ending = wanted.encode()
            case (edits.ReplaceBytes(0, end, ""),) if finding.record == _NO_BYTES and not cut:
                cut = end
            case _:
                continue
        applied.append(finding)
    return Whole(as_lines, ending, cut), applied


def is_whole(finding: model.Finding) -> bool:
    """Whether the finding's fix is one of the whole file."""
    return bool(whole([finding])[1])


def is_transcoding(finding: model.Finding) -> bool:
    """Whether the finding's fix writes its file in UTF-8."""
    return finding.fix is not None and finding.fix.edits == (edits.Transcode(),)


def transcoded(file: BinaryIO) -> Iterator[Splice]:
    """A file in UTF-16 or UTF-32, block by block, in UTF-8. Raises ValueError for what no UTF-8 can hold."""
    decoder = codecs.getincrementaldecoder(encoding_of(file.read(64)))()
    file.seek(0)
    done = 0
    while True:
        block = file.read(BLOCK)
        text = decoder.decode(block, final=not block)
        text = text if done else text.removeprefix("\ufeff")
        if not block and not text:
            return
        yield Splice(done, done + len(block), text.encode())
        done += len(block)


def changes(
    source: Source,
    findings: Iterable[model.Finding],
    mend: Mend,
    how: Whole,
    max_line_bytes: int = reading.MAX_LINE_BYTES,
) -> Iterator[Splice]:
    """What fixing changes in a file: its splices, in order.

    `findings` are those of the file in the order of reports; `mend` is called for each line that they speak of.
    Raises NoLinesError, and InputError where the file cannot be read any more.
    """
    with open(source.real_path, "rb") as file:
        if 0 < how.cut <= source.start:
            yield Splice(0, how.cut, b"")
        units = with_findings(source, findings, max_line_bytes, only=not (how.every or how.ending))
        if source.head.container != "document":
            yield from _lines(file, units, mend, how)
        elif how.as_lines:
            yield from _as_lines(file, source, units, mend, how)
        else:
            yield from _elements(units, mend, how)


def usual_ending(source: Source) -> bytes:
    """How the first line of the file ends."""
    with open(source.real_path, "rb") as file:
        line = b""
        while not line.endswith(b"\n") and (part := file.readline(reading.MAX_LINE_BYTES)):
            line = line[-1:] + part
    return b"\r\n" if line.endswith(b"\r\n") else b"\n"


def with_findings(
    source: Source, findings: Iterable[model.Finding], max_line_bytes: int, *, only: bool = False
) -> Iterator[tuple[Line, list[model.Finding]]]:
    """Every line of a file, or element of a document, with the findings about it; both are in the order of reports.

    With `only`, lines without findings may be passed over. Raises InputError where the file cannot be read any more.
    """
    pending = iter(findings)
    finding = next(pending, None)
    whole_file = Shard(
        0, source.path, source.real_path, source.start, source.size, source.size, 1,
        source.head.container, source.head.encoding, source.start,
    )  # fmt: skip

    def wanted() -> float:
        return float("inf") if finding is None else finding.line or 0

    for line in reading.read(whole_file, max_line_bytes, wanted if only else None):
        group = []
        if finding is not None and (finding.line or 0) <= line.number + line.raw.count(b"\n"):
            end = _end(source, line)
            while finding is not None and (finding.line or 0, finding.column) <= end:
                group.append(finding)
                finding = next(pending, None)
        yield line, group


def _end(source: Source, line: Line) -> tuple[int, float]:
    """The last place, line and column, that belongs to a line or an element."""
    if source.head.container != "document":
        return line.number, float("inf")
    breaks = line.raw.count(b"\n")
    width = len(line.raw[line.raw.rfind(b"\n") + 1 :].decode("utf-8", "replace"))
    return line.number + breaks, width + (1 if breaks else line.column)


def _lines(
    file: BinaryIO, units: Iterator[tuple[Line, list[model.Finding]]], mend: Mend, how: Whole
) -> Iterator[Splice]:
    for line, group in units:
        mended = mend(line, group) if group or how.every else None
        end = line.offset + line.size
        if mended is not None and mended.is_dropped:
            yield Splice(line.offset, end, b"")
            continue
        if mended is not None:
            yield from _moved(mended.splices, line.offset)
        if how.ending:
            ending = _ending(file, line)
            if ending not in (b"", how.ending):
                yield Splice(end - len(ending), end, how.ending)


def _ending(file: BinaryIO, line: Line) -> bytes:
    if line.too_long:
        file.seek(line.offset + line.size - 2)
        last = file.read(2)
        return last if last == b"\r\n" else last[1:] if last.endswith(b"\n") else b""
    return (b"", b"\n", b"\r\n")[line.size - len(line.raw)]


def _moved(splices: Iterable[Splice], offset: int) -> Iterator[Splice]:
    for start, end, text in splices:
        yield Splice(offset + start, offset + end, text)


def _elements(units: Iterator[tuple[Line, list[model.Finding]]], mend: Mend, how: Whole) -> Iterator[Splice]:
    """Those of a document that stays one: a dropped element goes with its comma."""
    kept, dropped = -1, -1  # where the last kept element ends; where the dropped ones behind it begin
    end = 0
    for line, group in units:
        mended = mend(line, group) if group or how.every else None
        end = line.offset + line.size
        if mended is not None and mended.is_dropped:
            dropped = line.offset if dropped < 0 else dropped
            continue
        if dropped >= 0:
            yield Splice(dropped, line.offset, b"")
        kept, dropped = end, -1
        if mended is not None:
            yield from _moved(mended.splices, line.offset)
    if dropped >= 0:
        yield Splice(kept if kept >= 0 else dropped, end, b"")


def _as_lines(
    file: BinaryIO, source: Source, units: Iterator[tuple[Line, list[model.Finding]]], mend: Mend, how: Whole
) -> Iterator[Splice]:
    """The gaps between the elements as line ends, and line breaks inside an element as spaces."""
    usual = usual_ending(source)
    checked = done = source.start
    ending, count = b"", 0
    for line, group in units:
        count += 1
        _check_gap(file, checked, line.offset)
        if line.too_long or parse(line.raw).fault is not None:
            raise NoLinesError(f"{source.path}: line {line.number} cannot be read")
        checked = line.offset + line.size
        mended = mend(line, group) if group or how.every else None
        if mended is not None and mended.is_dropped:
            continue
        yield Splice(done, line.offset, ending)
        if mended is None:
            yield from _without_breaks(line.raw, line.offset)
        else:
            yield from _moved(compose(mended.splices, _without_breaks(mended.raw, 0)), line.offset)
        done, ending = checked, usual
    _check_gap(file, checked, source.size)
    if not count:
        raise NoLinesError(f"{source.path}: holds no element")
    yield Splice(done, source.size, ending)


def _check_gap(file: BinaryIO, start: int, end: int) -> None:
    file.seek(start)
    while start < end:
        block = file.read(min(1 << 20, end - start))
        if not block or block.strip(b" \t\r\n,[]"):
            raise NoLinesError("between its elements stands something else")
        start += len(block)


def _without_breaks(raw: bytes, offset: int) -> Iterator[Splice]:
    if b"\n" not in raw and b"\r" not in raw:
        return
    for match in _BREAK_OR_STRING.finditer(raw):
        if raw[match.start()] != ord('"'):
            space = b" " if raw[match.start() - 1] in b",:" else b""
            yield Splice(offset + match.start(), offset + match.end(), space)


def mend_once(ending: bytes, sweep: Sweep) -> Mend:
    """Mends with the fixes that fit together, and looks no further."""

    def mend(line: Line, findings: list[model.Finding]) -> Mended | None:
        if line.too_long:
            return None
        chosen = choose(line.raw, [*findings, *sweep.about(line)], line.column, ending)
        return Mended(join(line.raw, chosen.splices), chosen.is_dropped, chosen.splices) if chosen.applied else None

    return mend


def apply(data: bytes, findings: Iterable[model.Finding]) -> bytes:
    """A file's bytes after the fixes of its findings, as far as they fit together.

    Records that findings about another file relate to are those of this one.
    """
    ordered = sorted(findings, key=lambda finding: (finding.line or 0, finding.column))
    how, of_whole = whole(ordered)
    sweep = one_sweep(ordered)
    others = [finding for finding in ordered if finding not in of_whole]
    handle, path = tempfile.mkstemp(prefix="curator-")
    try:
        with open(handle, "wb") as file:
            file.write(data)
        if any(map(is_transcoding, ordered)):
            with open(path, "rb") as file:
                return b"".join(splice.text for splice in transcoded(file))
        source = prepare(path, path, "utf-8", spooled=False)
        mend = mend_once(how.ending or usual_ending(source), sweep)
        for as_lines in (how.as_lines, False):
            to = Whole(as_lines, how.ending, how.cut, bool(sweep))
            with contextlib.suppress(NoLinesError):
                return b"".join(spliced(io.BytesIO(data), list(changes(source, others, mend, to))))
        raise AssertionError("a document stays one")
    finally:
        os.remove(path)
