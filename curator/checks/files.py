"""Before any line: is this a file of JSON Lines at all?"""

from __future__ import annotations

import re
from codecs import BOM_UTF8
from collections.abc import Iterator

from curator.edits import Fix, NormalizeLineEndings, ReplaceBytes, RewriteAsLines
from curator.model import Problem
from curator.sources import FileHead, marks
from curator.targets import Figure, Target

_NO_ELEMENTS = re.compile(rb"\s*\[\s*\]\s*")


def byte_order_mark(file: FileHead, *, target: Target) -> Iterator[Problem]:
    """A UTF-8 byte order mark at the start, where the target's reader takes it for data."""
    surplus = marks(file.head) - (len(BOM_UTF8) if target.takes_byte_order_mark else 0)
    if file.byte_order_mark and surplus > 0:
        yield Problem(at="line", fix=Fix("remove the mark", (ReplaceBytes(0, surplus, ""),)))


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


def too_large(file: FileHead, *, target: Target, max_bytes: int, max_upload_bytes: int) -> Iterator[Problem]:
    """More bytes than the target takes, or than it takes in one upload (0: the profile's figures).

    What is packed counts as it is unpacked, because that is what a provider wants.
    """
    values = {"size": file.data_size, "target": target.name}
    limit, verified = _figure(target.max_file_bytes, max_bytes)
    if limit and file.data_size > limit:
        variant = None if verified else "unverified"
        yield Problem(at="line", values={**values, "limit": limit}, variant=variant)
        return
    limit, verified = _figure(target.max_upload_bytes, max_upload_bytes)
    if limit and file.data_size > limit:
        yield Problem(at="line", values={**values, "limit": limit}, variant="upload")


def mixed_line_endings(file: FileHead) -> Iterator[Problem]:
    """CRLF and LF in one file, at the first line that ends as fewer lines do."""
    ends = file.endings
    if file.container != "lines" or not ends.crlf or not ends.lf:
        return
    to_feed = ends.crlf <= ends.lf
    fix = Fix(
        f"end every line with {'LF' if to_feed else 'CRLF'}", (NormalizeLineEndings("\n" if to_feed else "\r\n"),)
    )
    yield Problem(
        at="line",
        values={
            "rare": "CRLF" if to_feed else "LF",
            "rare_count": min(ends.crlf, ends.lf),
            "usual": "LF" if to_feed else "CRLF",
            "usual_count": max(ends.crlf, ends.lf),
        },
        fix=fix if file.encoding == "utf-8" else None,  # bytes are spliced, and in UTF-16 an ending is four
        line=ends.first_crlf if to_feed else ends.first_lf,
    )


def _figure(figure: Figure | None, own: int) -> tuple[int, bool]:
    """A limit and whether it was seen to hold; 0 where there is none."""
    if own or figure is None:
        return own, True
    return figure.value, figure.verified
