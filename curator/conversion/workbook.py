"""Excel workbooks (.xlsx): one sheet, its cells as a person sees them."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any
from zipfile import BadZipFile

from curator.conversion.cells import names_of, row_of
from curator.conversion.origin import Origin, Row, needs
from curator.conversion.refusal import quoted
from curator.errors import InputError, UsageError

_OLD = b"\xd0\xcf\x11\xe0"


def workbook(path: str, sheet: str | None) -> Origin:
    """The rows of a sheet. Raises UsageError where several sheets hold data and none is named, InputError where
    there is no workbook, no such sheet or nothing in it."""
    needs("openpyxl", f"{path}: an Excel workbook")
    pandas = needs("pandas", f"{path}: a table")
    with open(path, "rb") as file:
        if file.read(4) == _OLD:
            raise InputError(f"{path}: is an old .xls or has a password: save it as .xlsx without one, or as .csv")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of openpyxl, about parts of a workbook that hold no data
            with pandas.ExcelFile(path, engine="openpyxl") as book:
                name = _chosen(path, book, sheet)
                cells = _cells(book, name)
    except (BadZipFile, KeyError, ValueError, EOFError) as error:
        raise InputError(f"{path}: cannot be read as an Excel workbook: {error}") from None
    heading = next((index for index, row in enumerate(cells) if _filled(row)), None)
    if heading is None:
        raise InputError(f"{path}: the sheet {quoted(name)} is empty")
    names = names_of(path, cells[heading])

    def rows() -> Iterator[Row]:
        for number, row in enumerate(cells[heading + 1 :], heading + 2):
            yield row_of(number, names, row, number)

    return Origin(path, "row", rows, len(cells), names)


def _chosen(path: str, book: Any, sheet: str | None) -> str:
    names: list[str] = book.sheet_names
    if sheet is not None:
        if sheet not in names:
            raise InputError(f"{path}: there is no sheet {sheet!r}; there are {', '.join(map(quoted, names))}")
        return sheet
    filled = names if len(names) == 1 else [name for name in names if any(map(_filled, _cells(book, name)))]
    if len(filled) > 1:
        listed = ", ".join(map(quoted, filled))
        raise UsageError(f"{path}: several sheets hold data ({listed}): --sheet NAME says which one")
    return filled[0] if filled else names[0]


def _cells(book: Any, sheet: str) -> list[tuple[Any, ...]]:
    frame = book.parse(sheet, header=None, dtype=object, keep_default_na=False, na_filter=False)
    return [tuple(map(_shown, row)) for row in frame.itertuples(index=False, name=None)]


def _shown(cell: Any) -> Any:
    """A truth value as Excel shows it."""
    return str(cell).upper() if isinstance(cell, bool) else cell


def _filled(row: tuple[Any, ...]) -> bool:
    return any(cell is not None and str(cell).strip() for cell in row)
