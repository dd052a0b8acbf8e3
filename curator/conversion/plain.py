"""Plain text: one record a line, or a paragraph."""

from __future__ import annotations

from collections.abc import Iterator

from curator.conversion.delimited import text_encoding
from curator.conversion.origin import Origin, Row
from curator.errors import InputError
from curator.sources import Source


def plain(source: Source, encoding: str | None, *, paragraphs: bool) -> Origin:
    """The lines of a text file, or the paragraphs that blank lines part. Raises InputError for an empty one."""
    if source.head.blank:
        raise InputError(f"{source.path}: is empty")
    encoding, notes = text_encoding(source, encoding)
    return Origin(
        source.path,
        "paragraph" if paragraphs else "line",
        lambda: _rows(source, encoding, paragraphs),
        source.line_count + 1,
        ("text",),
        notes,
        unchanged=source.unchanged,
    )


def _rows(source: Source, encoding: str, paragraphs: bool) -> Iterator[Row]:
    held: list[str] = []
    first = number = 0
    with open(source.real_path, encoding=encoding, newline="\n") as file:
        for number, read in enumerate(file, 1):
            line = read.removesuffix("\n").removesuffix("\r")
            if not paragraphs:
                yield Row(number, {"text": line} if line.strip() else None, done=number)
            elif line.strip():
                first = first if held else number
                held.append(line)
            elif held:
                yield Row(first, {"text": "\n".join(held)}, done=number)
                held = []
    if held:
        yield Row(first, {"text": "\n".join(held)}, done=number)
