"""The cells of a table as values of JSON: what a person sees in them, and nothing that a library put in."""

from __future__ import annotations

import base64
import math
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from curator.conversion.exact import Number
from curator.conversion.origin import Row, Unfit
from curator.conversion.refusal import Refusal, quoted
from curator.errors import InputError

_WHOLE = 2**53  # beyond it a float cannot say which whole number was meant


def value_of(cell: Any) -> Any:
    """The cell as a value; None where it is empty.

    A whole number has no `.0`, as it is a float only because a column of numbers with gaps is kept as floats.
    A date is written as ISO 8601 has it, its time only where there is one.
    """
    if cell is None or cell == "":
        return None
    if isinstance(cell, float) and cell.is_integer() and abs(cell) <= _WHOLE:
        return Number(str(int(cell)))
    return _value(cell)


def unpadded(cell: Any) -> tuple[Any, bool]:
    """A nested cell without the nulls that fill up its structs, and whether there were any.

    The content of a message that calls functions stays null: that is how OpenAI's formats say it.
    """
    if isinstance(cell, list):
        parts = [unpadded(item) for item in cell]
        return [value for value, _ in parts], any(padded for _, padded in parts)
    if not isinstance(cell, dict):
        return cell, False
    found, padded = {}, False
    calls = cell.get("tool_calls") or cell.get("function_call")
    for key, inner in cell.items():
        if inner is None and not (key == "content" and calls):
            padded = True
            continue
        found[key], inside = unpadded(inner)
        padded |= inside
    return found, padded


def names_of(path: str, header: Sequence[Any]) -> tuple[str, ...]:
    """The names of a table's columns; one without a name is called by its place. Raises InputError for two alike."""
    names = []
    for index, cell in enumerate(header, 1):
        value = value_of(cell)
        name = value.text if isinstance(value, Number) else str(value or "").strip()
        names.append(name or f"column {index}")
    for index, name in enumerate(names):
        if name in names[:index]:
            places = f"{names.index(name) + 1} and {index + 1}"
            raise InputError(f"{path}: two columns are called {quoted(name)} ({places}): rename one of them")
    return tuple(names)


def row_of(number: int, names: Sequence[str], cells: Sequence[Any], done: int) -> Row:
    """The row of a table by its columns, without those that are empty."""
    values = {name: value for name, cell in zip(names, cells, strict=True) if (value := value_of(cell)) is not None}
    return Row(number, values or None, done=done, names=names)


def _value(cell: Any) -> Any:
    if cell is None or isinstance(cell, str | bool | Unfit):
        return cell
    if isinstance(cell, int):
        return Number(str(cell))
    if isinstance(cell, float | Decimal):
        return Number(str(cell)) if math.isfinite(cell) else Unfit(f"{cell} is no number of JSON", str(cell))
    if isinstance(cell, datetime):
        return cell.date().isoformat() if cell.time() == time() and cell.tzinfo is None else cell.isoformat(" ")
    if isinstance(cell, date | time):
        return cell.isoformat()
    if isinstance(cell, timedelta):
        return str(cell)
    if isinstance(cell, list | dict):
        return _nested(cell)
    if isinstance(cell, bytes):
        return Unfit("bytes have no place in JSON", base64.b64encode(cell).decode())
    return Unfit(f"{type(cell).__name__} has no place in JSON", str(cell))


def _nested(cell: Any) -> Any:
    """Every part of a nested cell as a value; Unfit as a whole where one part is."""
    items = cell.items() if isinstance(cell, dict) else enumerate(cell)
    found = [(key, _value(inner)) for key, inner in items]
    unfit = next((inner for _, inner in found if isinstance(inner, Unfit)), None)
    if unfit is not None:
        return unfit
    return dict(found) if isinstance(cell, dict) else [inner for _, inner in found]


def usable(value: Any, column: str) -> Any:
    """The value of a cell. Raises Refusal for one that no JSON can hold."""
    if isinstance(value, Unfit):
        raise Refusal(f"column {quoted(column)}: {value.reason}")
    return value
