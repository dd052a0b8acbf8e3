"""A file made ready for reading: what it is, where its lines begin, and the pieces it is read in."""

from __future__ import annotations

import codecs
import os
import re
from array import array
from dataclasses import dataclass, field, replace
from typing import BinaryIO, Literal

from curator.errors import InputError
from curator.parsing import Parsed, parse

BLOCK = 1 << 20
STEP = 1 << 17
"""Bytes between two entries of the index of line breaks; also what one read of the counting pass takes."""
HEAD_BYTES = 1 << 16

Container = Literal["lines", "document", "pointer", "foreign"]
_LFS = b"version https://git-lfs.github.com/spec/"


_CONTINUATION = bytes(range(0x80, 0xC0))
_BARE_FEED = re.compile(rb"(?<!\r)\n")
_RETURN = re.compile(rb"\r(?=\n)")  # looked for byte by byte in C: twice as fast as counting the pair


@dataclass(slots=True)
class Endings:
    """How the lines of a file end: how many so, and on which line first (1-based, 0 for none)."""

    crlf: int = 0
    lf: int = 0
    first_crlf: int = 0
    first_lf: int = 0
    _open: bool = False
    """The last block ended with a carriage return."""

    def take(self, block: bytes, breaks: int, before: int) -> None:
        """Take the next block into account: it has `breaks` line feeds, and `before` others precede it."""
        start = self._open and block.startswith(b"\n")
        crlf = start + (len(_RETURN.findall(block)) if b"\r" in block else 0)
        if crlf and not self.first_crlf:
            self.first_crlf = 1 + before + (0 if start else block.count(b"\n", 0, block.find(b"\r\n")))
        if breaks > crlf and not self.first_lf and (bare := _BARE_FEED.search(block, int(start))):
            self.first_lf = 1 + before + block.count(b"\n", 0, bare.start())
        self.crlf, self.lf = self.crlf + crlf, self.lf + breaks - crlf
        self._open = block.endswith(b"\r")


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
    data_size: int
    """Bytes of the data, unpacked and in UTF-8."""
    endings: Endings


@dataclass(frozen=True, slots=True)
class Source:
    """A file made ready for reading."""

    path: str
    """As the user named it."""
    real_path: str
    """What is read: the file itself, or its spool."""
    start: int
    """Where the data begins: behind byte order marks."""
    size: int
    """Bytes of `real_path`."""
    head: FileHead
    breaks: array[int]
    """Line breaks before each STEP of `real_path`, and in all of it."""
    columns: array[int]
    """Characters of the line that is open at the start of each STEP, up to there."""
    stamp: tuple[int, int] | None = field(compare=False, default=None)
    """Size and modification time of the original, to notice a change; None for a spool."""

    @property
    def line_count(self) -> int:
        """Line breaks of the file."""
        return self.breaks[-1]

    def standing_in(self, path: str) -> Source:
        """The same data in the place of the file `path`, which may change meanwhile."""
        return replace(self, path=path, head=replace(self.head, path=path), stamp=None)

    def line_number(self, offset: int) -> int:
        """The 1-based number of the line that holds the byte at `offset`."""
        step = min(offset // STEP, len(self.breaks) - 1)
        with open(self.real_path, "rb", buffering=0) as file:
            file.seek(step * STEP)
            return 1 + self.breaks[step] + file.read(offset - step * STEP).count(b"\n")

    def column(self, file: BinaryIO, offset: int) -> int:
        """The 1-based column of the character that begins at byte `offset` of the open file."""
        step = min(offset // STEP, len(self.columns) - 1)
        stop = max(step * STEP, self.start)
        begin = line_start(file, offset, stop)
        file.seek(begin)
        width = characters(file.read(offset - begin))
        return 1 + width + (self.columns[step] if begin == stop else 0)

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
    before: bytes = b""
    """The line before it, for what spans lines; b"" for an element, and behind a line of more than a megabyte."""
    parsed: Parsed | None = None
    """What it holds; None where it was not parsed: blank, or too long."""


def marks(head: bytes) -> int:
    """Bytes of UTF-8 byte order marks at the start: joined files may begin with several."""
    end = 0
    while head.startswith(codecs.BOM_UTF8, end):
        end += len(codecs.BOM_UTF8)
    return end


def prepare(path: str, real_path: str, encoding: str, *, spooled: bool) -> Source:
    """The file at `real_path` with its container recognised and its line breaks counted.

    Raises InputError when it cannot be read.
    """
    try:
        with open(real_path, "rb", buffering=0) as file:
            stat = os.fstat(file.fileno())
            head = file.read(HEAD_BYTES)
            file.seek(0)
            start = marks(head)
            counts, columns, blank, endings = array("Q", [0]), array("Q", [0]), True, Endings()
            total, width = 0, -characters(head[:start])
            while block := file.read(STEP):
                breaks = block.count(b"\n")
                endings.take(block, breaks, counts[-1])
                counts.append(counts[-1] + breaks)
                width = characters(block[block.rfind(b"\n") + 1 :]) + (0 if b"\n" in block else width)
                columns.append(max(0, width))
                total += len(block)
                if blank:
                    blank = not (block[start:] if total == len(block) else block).strip()
            packed = os.stat(path).st_size if spooled and os.path.exists(path) else stat.st_size
    except OSError as error:
        raise unreadable(path, error) from None
    container = recognise(head[start:], whole=total <= HEAD_BYTES)
    stamp = None if spooled else (stat.st_size, stat.st_mtime_ns)
    marked = start > 0 and encoding == "utf-8"
    facts = FileHead(path, packed, head, encoding, marked, container, blank, total, endings)
    return Source(path, real_path, start, total, facts, counts, columns, stamp)


def unreadable(path: str, error: OSError) -> InputError:
    """The one line that says why a file could not be read."""
    return InputError(f"{path}: cannot be read: {error.strerror or error}")


def shrunk(shard: Shard) -> InputError:
    """What is said of a file that lost its end."""
    return InputError(f"{shard.path}: the file became shorter while it was read; check it again")


def recognise(head: bytes, *, whole: bool) -> Container:
    """Whether the file's JSON values stand one a line, or as a document that spans lines; or neither.

    `head` is its beginning, `whole` says that nothing follows. An array that fills one line is a
    document only where no other line follows: a line of JSON Lines may hold an array.
    """
    if head.startswith(_LFS):
        return "pointer"
    lines = [line for line in map(bytes.strip, head.split(b"\n", 200)[:200]) if line]
    if (
        lines
        and (whole or len(lines) > 2)
        and not any(line.startswith((b"{", b"[")) or b'":' in line for line in lines)
    ):
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


def spot(line: int, column: int) -> str:
    """Where a record is, as it stands behind the file's name: `12`, of an element that shares its line `1:503`."""
    return str(line) if column == 1 else f"{line}:{column}"


def line_start(file: BinaryIO, offset: int, stop: int) -> int:
    """Where the line that holds the byte at `offset` begins; `stop` where that is not behind it."""
    while offset > stop:
        step = min(4096, offset - stop)
        file.seek(offset - step)
        found = file.read(step).rfind(b"\n")
        if found >= 0:
            return offset + found + 1 - step
        offset -= step
    return offset


def characters(data: bytes) -> int:
    """Code points that begin in `data`: additive, wherever it is cut."""
    return len(data.translate(None, _CONTINUATION))
