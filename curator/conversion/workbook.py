"""Excel workbooks (.xlsx): one sheet, its cells as a person sees them."""

from __future__ import annotations

import warnings
import zlib
from collections.abc import Iterator, Sequence
from itertools import repeat
from typing import Any
from zipfile import BadZipFile

from curator.conversion import spreadsheet
from curator.conversion.cells import names_of, row_of
from curator.conversion.origin import Origin, Row, Unfit, needs
from curator.conversion.refusal import quoted
from curator.errors import InputError, UsageError

_OLD = b"\xd0\xcf\x11\xe0"
# What zipfile, zlib, the XML parser and openpyxl raise for a file that is not what it claims to be.
_BROKEN = (BadZipFile, zlib.error, SyntaxError, LookupError, ValueError, TypeError, EOFError)
Cells = list[tuple[Any, ...]]


def workbook(path: str, sheet: str | None) -> Origin:
    """The rows of a sheet. Raises UsageError where several sheets hold data and none is named, InputError where
    there is no workbook, no such sheet or nothing in it."""
    needs("openpyxl", f"{path}: an Excel workbook")
    with open(path, "rb") as file:
        if file.read(4) == _OLD:
            raise InputError(f"{path}: is an old .xls or has a password: save it as .xlsx without one, or as .csv")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of openpyxl, about parts of a workbook that hold no data
            with spreadsheet.opened(path) as book:
                name = _chosen(path, book, sheet)
                cells, formats = _cells(book, path, name)
    except _BROKEN as error:
        raise InputError(f"{path}: cannot be read as an Excel workbook: {error}") from None
    heading = next((index for index, row in enumerate(cells) if _filled(row)), None)
    if heading is None:
        raise InputError(f"{path}: the sheet {quoted(name)} is empty")
    names = names_of(path, [cell.instead if isinstance(cell, Unfit) else cell for cell in cells[heading]])

    def rows() -> Iterator[Row]:
        for number, row in enumerate(cells[heading + 1 :], heading + 2):
            yield row_of(number, names, row if any(map(_holds, row)) else (None,) * len(row), number)

    notes = tuple(
        f"the cells of {quoted(names[column])} are displayed as {' or '.join(map(quoted, forms))}: that is not carried "
        "over, the number is"
        for column, forms in sorted(formats.items())
        if column < len(names)
    )
    return Origin(path, "row", rows, len(cells), names, notes)


def _chosen(path: str, book: Any, sheet: str | None) -> str:
    names: list[str] = [page.title for page in book.worksheets]
    if sheet is not None:
        if sheet not in names:
            raise InputError(f"{path}: there is no sheet {sheet!r}; there are {', '.join(map(quoted, names))}")
        return sheet
    filled = names if len(names) == 1 else [page.title for page in book.worksheets if _has_data(page)]
    if len(filled) > 1:
        listed = ", ".join(map(quoted, filled))
        raise UsageError(f"{path}: several sheets hold data ({listed}): --sheet NAME says which one")
    if not names:
        raise InputError(f"{path}: has no sheet of cells")
    return filled[0] if filled else names[0]


def _has_data(page: Any) -> bool:
    page.reset_dimensions()
    return any(_filled([cell.value for cell in row]) for row in page.iter_rows())


def _cells(book: Any, path: str, sheet: str) -> tuple[Cells, dict[int, list[str]]]:
    """The rows of a sheet, all of one width, and the display formats of columns where they say more than the number."""
    page = book[sheet]
    page.reset_dimensions()  # what a file says of its size may be wrong
    has_formulas, areas = spreadsheet.glanced(page)
    merged = spreadsheet.Merged(areas)
    found: list[list[Any]] = []
    formats: dict[int, list[str]] = {}
    widest = 0
    with spreadsheet.opened(path, formulas=True) as other:
        other[sheet].reset_dimensions()
        formulas = other[sheet].iter_rows() if has_formulas else repeat(())
        for number, (row, formula) in enumerate(zip(page.iter_rows(), formulas, strict=False), 1):
            covered = merged.at(number)
            values = [spreadsheet.value_of(cell) for cell in row]
            for column, cell in enumerate(formula):
                if (
                    cell.data_type == "f"
                    and column < len(values)
                    and values[column] is None
                    and not _is_text(row[column])
                ):
                    values[column] = spreadsheet.uncalculated(cell.value)
            widest = max(widest, len(values))
            if covered:
                values += [None] * (widest - len(values))
            for first, last, unfit in covered:
                for column in range(first - 1, min(last, len(values))):
                    values[column] = unfit if values[column] is None else values[column]
            for column, cell in enumerate(row):
                if (form := spreadsheet.display(cell)) and form not in formats.setdefault(column, []):
                    formats[column].append(form)
            found.append(values)
    while found and not any(map(_holds, found[-1])):
        found.pop()
    width = max((n for row in found for n, cell in enumerate(row, 1) if _holds(cell)), default=0)
    missing: list[Any] = [None] * width
    return [tuple((row + missing[len(row) :])[:width]) for row in found], formats


def _is_text(cell: Any) -> bool:
    """Whether the value of a formula is known, and is an empty text."""
    return bool(cell.data_type == "str")


def _holds(cell: Any) -> bool:
    return cell is not None and not (isinstance(cell, Unfit) and not cell.instead)


def _filled(row: Sequence[Any]) -> bool:
    return any(_holds(cell) and str(cell).strip() for cell in row)
