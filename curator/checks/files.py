"""Before any line: is this a file of JSON Lines at all?"""

from __future__ import annotations

import re
from collections.abc import Iterator

from curator.model import Fix, Problem, ReplaceBytes, RewriteAsLines
from curator.sources import FileHead
from curator.targets import Target

_NO_ELEMENTS = re.compile(rb"\s*\[\s*\]\s*")


def byte_order_mark(file: FileHead, *, target: Target) -> Iterator[Problem]:
    """A UTF-8 byte order mark at the start, where the target's reader takes it for data."""
    if file.byte_order_mark and not target.takes_byte_order_mark:
        yield Problem(at="line", fix=Fix("remove the mark", (ReplaceBytes(0, 3, ""),)))


def empty(file: FileHead) -> Iterator[Problem]:
    """No bytes, or none but white space."""
    if _NO_ELEMENTS.fullmatch(file.head.removeprefix(b"\xef\xbb\xbf")):
        yield Problem(at="line", variant="no-records")
    if file.blank:
        yield Problem(at="line", values={"size": file.size}, variant="blank" if file.size else None)


def not_lines(file: FileHead, *, target: Target) -> Iterator[Problem]:
    """A JSON array, or objects that span lines, where JSON Lines are wanted."""
    if file.container != "document":
        return
    if file.path.endswith(".json") and not target.formats:  # whoever has no law of its own loads these
        return
    is_array = file.head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"[")
    yield Problem(
        at="line",
        variant=None if is_array else "object",
        fix=Fix("write one record a line", (RewriteAsLines(),)) if b"{" in file.head else None,
    )


def lfs_pointer(file: FileHead) -> Iterator[Problem]:
    """The text that Git LFS leaves in place of a file that was not fetched."""
    if file.container == "pointer":
        yield Problem(at="line")


def foreign(file: FileHead) -> Iterator[Problem]:
    """Text in which no line looks like JSON: a table, a configuration, prose."""
    if file.container == "foreign":
        first = file.head.lstrip(b"\xef\xbb\xbf").split(b"\n", 1)[0].decode("utf-8", "replace").strip()
        delimiter = next((mark for mark in "\t;," if first.count(mark) > 1), "")
        yield Problem(
            at="line", values={"first": first, "delimiter": delimiter}, variant="table" if delimiter else None
        )
