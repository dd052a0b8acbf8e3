"""CSV and TSV: encoding and delimiter found out, every row whole.

pandas reads the cells; it fills a short row up in silence and cannot say on which line a row stands. So the
standard library's reader walks along, counts, and is a second opinion: where the two differ, nothing is converted.
"""

from __future__ import annotations

import codecs
import csv
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any, TextIO

from curator.conversion.cells import names_of, row_of
from curator.conversion.origin import Origin, Row, needs
from curator.conversion.refusal import Refusal
from curator.errors import InputError, UsageError
from curator.sources import BLOCK, Source

_DELIMITERS = ",;\t|"
_CHUNK = 10_000  # rows
_MAX_CELL = 1 << 30  # characters
_GLANCE = 50  # rows from which the delimiter is told
_SAID = re.compile('(?i:sep)=(.)|"(?i:sep)=(.)"')
"""A first line for Excel, which is no row of the table."""


@dataclass(frozen=True, slots=True)
class Form:
    """How the cells of a file are told apart."""

    encoding: str
    delimiter: str
    quoting: int = csv.QUOTE_MINIMAL
    skipped: int = 0
    """Lines in front of the table."""


def delimited(source: Source, encoding: str | None, delimiter: str | None, usual: str | None = None) -> Origin:
    """The rows of a CSV or TSV file, whose `usual` delimiter its own first line may overrule.

    Raises InputError where it is no table, UsageError for a bad option.
    """
    needs("pandas", f"{source.path}: a table")
    csv.field_size_limit(_MAX_CELL)
    if source.head.blank:
        raise InputError(f"{source.path}: is empty")
    encoding, notes = text_encoding(source, encoding)
    said = _said(source, encoding)
    if delimiter is None:
        delimiter = said or usual or _delimiter(source, encoding)
        if delimiter not in (usual, ","):
            where = "as its first line says; " if said else ""
            notes += (f"the cells are separated by {delimiter!r} ({where}--delimiter says otherwise)",)
    form = Form(encoding, delimiter, skipped=1 if said else 0)
    if delimiter == "\t" and _quotes_are_text(source, form):
        form = replace(form, quoting=csv.QUOTE_NONE)
        notes += ("quotes are read as part of the texts, as every line is a row then",)
    header = next((row for _, row in _walked(source, form) if any(cell.strip() for cell in row)), None)
    if header is None:
        raise InputError(f"{source.path}: holds no row with anything in it")
    names = names_of(source.path, header)
    return Origin(
        source.path,
        "row",
        lambda: _rows(source, form, names),
        source.line_count + 1,
        names,
        notes,
        unchanged=source.unchanged,
    )


def text_encoding(source: Source, given: str | None) -> tuple[str, tuple[str, ...]]:
    """The encoding of a text file: as given, else UTF-8, else Windows-1252 with a note that says so.

    Raises UsageError for an unknown encoding, InputError where the file does not decode.
    """
    if source.head.encoding != "utf-8":  # its first bytes said so, and it was transcoded
        return "utf-8", ()
    if given is not None:
        try:
            codecs.lookup(given)
        except LookupError:
            raise UsageError(f"--encoding: unknown encoding {given!r}") from None
        _decode(source, given, f"does not decode as {given}")
        return "utf-8-sig" if codecs.lookup(given).name == "utf-8" else given, ()
    try:
        _decode(source, "utf-8-sig", "is UTF-8 with a broken byte in it: mend it, or give --encoding cp1252")
    except InputError:
        if _looks_like_utf8(source):
            raise
        _decode(source, "cp1252", "is neither UTF-8 nor Windows-1252; --encoding NAME says what it is")
        return "cp1252", ("is not UTF-8: read as Windows-1252 (cp1252; --encoding says otherwise)",)
    return "utf-8-sig", ()


def _looks_like_utf8(source: Source) -> bool:
    """Whether more of the characters beyond ASCII decode as UTF-8 than not; in Windows-1252 hardly one does."""
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    right = wrong = 0
    with open(source.real_path, "rb") as file:
        while block := file.read(BLOCK):
            text = decoder.decode(block)
            broken = text.count("\ufffd")
            wrong += broken
            right += len(text) - len(text.encode("ascii", "ignore")) - broken
    return right > wrong


def _decode(source: Source, encoding: str, complaint: str) -> None:
    decoder = codecs.getincrementaldecoder(encoding)()
    read = 0
    try:
        with open(source.real_path, "rb") as file:
            while block := file.read(BLOCK):
                decoder.decode(block)
                read += len(block)
            decoder.decode(b"", final=True)
    except UnicodeError as error:
        place = read + getattr(error, "start", 0)
        raise InputError(f"{source.path}: {complaint} (byte {place:,})") from None


def _opened(source: Source, encoding: str) -> TextIO:
    return open(source.real_path, encoding=encoding, newline="")


def _said(source: Source, encoding: str) -> str:
    """The delimiter that the first line names for Excel (`sep=;`); "" where it does not."""
    with _opened(source, encoding) as file:
        match = _SAID.fullmatch(file.readline(20).rstrip("\r\n"))
    said = (match[1] or match[2]) if match else ""
    return said if is_delimiter(said) else ""


def is_delimiter(text: str) -> bool:
    """Whether it can part cells: pandas wants one byte, and quotes and line breaks have another meaning."""
    return len(text) == 1 and text.isascii() and text not in '"\r\n'


def _delimiter(source: Source, encoding: str) -> str:
    """The delimiter that cuts the first rows into equally many cells; a comma where none does."""
    widths = {}
    for candidate in _DELIMITERS:
        with _opened(source, encoding) as file:
            rows = [len(row) for row in islice(csv.reader(file, delimiter=candidate), _GLANCE) if row]
        if rows and rows[0] > 1:
            widths[candidate] = (len(set(rows)) == 1, rows[0])
    return max(widths, key=lambda candidate: widths[candidate], default=",")


def _quotes_are_text(source: Source, form: Form) -> bool:
    """Whether every line has as many cells as the first where quotes mean nothing, and else not every line is a row.

    Many files with tabs between the cells know no quotes: one that opens a cell there is a part of the text.
    """
    plain = _widths(source, replace(form, quoting=csv.QUOTE_NONE))
    return plain is not None and len(plain) == 1 and _widths(source, form) != plain


def _widths(source: Source, form: Form) -> Counter[int] | None:
    """How many rows have how many cells, blank lines aside; None where the quotes do not fit."""
    try:
        return Counter(len(row) for _, row in _walked(source, form) if row)
    except InputError:
        return None


def _walked(source: Source, form: Form) -> Iterator[tuple[int, list[str]]]:
    """Each row with the line on which it begins. Raises InputError where its quotes do not fit."""
    with _opened(source, form.encoding) as file:
        for _ in range(form.skipped):
            file.readline()
        reader = csv.reader(file, delimiter=form.delimiter, quoting=form.quoting, strict=True)  # type: ignore[arg-type]
        line = form.skipped + 1
        try:
            for row in reader:
                yield line, row
                line = form.skipped + reader.line_num + 1
        except csv.Error as error:
            what = f"cannot be read as a table: {error}"
            if "unexpected end" in str(error):
                what = "a quote that opens in this row is never closed"
            elif "expected after" in str(error):
                what = (
                    "a cell goes on behind the quote that closes it: a cell that holds quotes begins and ends "
                    'with one, and has "" for each that is text'
                )
            raise InputError(f"{source.path}:{line}: {what}") from None


def _rows(source: Source, form: Form, names: tuple[str, ...]) -> Iterator[Row]:
    width = len(names)
    cells = _cells(source, form, width)
    heading = True
    for number, counted in _walked(source, form):
        # One cell too many has a column of its own to fall into; a longer row pandas leaves out.
        fits = len(counted) <= width + 1
        if fits and next(cells, None) != tuple(counted) + ("",) * (width + 1 - len(counted)):
            raise InputError(f"{source.path}:{number}: the quotes of this row can be read in more than one way")
        if heading:
            heading = not any(cell.strip() for cell in counted)
        elif not any(cell.strip() for cell in counted):
            yield Row(number, None, done=number)
        elif fits and len(counted) >= width and not any(counted[width:]):
            yield row_of(number, names, counted[:width], number)
        else:
            yield _ragged(number, names, counted)
    if next(cells, None) is not None:
        raise InputError(f"{source.path}: the end of the file can be read in more than one way")


def _cells(source: Source, form: Form, width: int) -> Iterator[tuple[Any, ...]]:
    """Every row as pandas reads it: texts, nothing converted, nothing taken for a missing value."""
    pandas = needs("pandas", f"{source.path}: a table")
    try:
        with pandas.read_csv(
            source.real_path,
            sep=form.delimiter,
            quoting=form.quoting,
            encoding=form.encoding,
            skiprows=form.skipped,
            header=None,
            names=range(width + 1),
            index_col=False,
            dtype=object,
            keep_default_na=False,
            na_filter=False,
            skip_blank_lines=False,
            on_bad_lines="skip",
            chunksize=_CHUNK,
        ) as chunks:
            for chunk in chunks:
                yield from chunk.itertuples(index=False, name=None)
    except pandas.errors.ParserError as error:
        for _ in _walked(source, form):  # which says on what line it is
            pass
        raise InputError(f"{source.path}: cannot be read as a table: {str(error).strip()}") from None


def _ragged(number: int, names: tuple[str, ...], cells: list[str]) -> Row:
    reason = f"the row has {len(cells)} cell{'' if len(cells) == 1 else 's'}, the header {len(names)}"
    row = Row(number, Refusal(reason), done=number)
    named = [*names, *(f"column {index + 1}" for index in range(len(names), len(cells)))]
    row.raw = row_of(number, named[: len(cells)], cells, number).untouched().removesuffix(b"\n")
    return row
