"""Parquet files, batch by batch, by pyarrow: pandas makes floats of whole numbers and arrays of lists."""

from __future__ import annotations

import contextlib
import math
import struct
from collections.abc import Iterator
from typing import Any

from curator.conversion.cells import names_of, unpadded, value_of
from curator.conversion.origin import Origin, Row, needs
from curator.errors import InputError

_BATCH = 1000  # rows


def parquet(path: str) -> Origin:
    """The rows of a Parquet file. Raises InputError where it is none, or has no rows."""
    arrow, reading = (needs(name, f"{path}: a Parquet file") for name in ("pyarrow", "pyarrow.parquet"))
    try:
        with reading.ParquetFile(path) as file:
            header, count = file.schema_arrow.names, file.metadata.num_rows
    except arrow.ArrowException as error:
        raise InputError(f"{path}: cannot be read as Parquet: {error}") from None
    names = names_of(path, header)

    def rows() -> Iterator[Row]:
        number = 0
        try:
            with reading.ParquetFile(path) as file:
                for batch in file.iter_batches(_BATCH):
                    for cells in zip(*(_cells(arrow.types, column) for column in batch.columns), strict=True):
                        number += 1
                        yield _row(number, names, cells)
        except arrow.ArrowException as error:
            raise InputError(f"{path}: cannot be read as Parquet after row {number:,}: {error}") from None

    return Origin(path, "row", rows, count, names)


def _cells(types: Any, column: Any) -> list[Any]:
    cells: list[Any] = column.to_pylist()
    return [_short(types, column.type, cell) for cell in cells] if _is_narrow(types, column.type) else cells


def _is_narrow(types: Any, kind: Any) -> bool:
    """Whether a column holds numbers of fewer than 64 bits with a fraction."""
    if types.is_float32(kind) or types.is_float16(kind):
        return True
    return any(_is_narrow(types, kind.field(index).type) for index in range(kind.num_fields))


def _short(types: Any, kind: Any, cell: Any) -> Any:
    """A narrow number as the shortest one that reads back as it: 0.1, not 0.10000000149011612."""
    if isinstance(cell, float) and math.isfinite(cell):
        form = "f" if types.is_float32(kind) else "e" if types.is_float16(kind) else ""
        for digits in range(1, 10) if form else ():
            shorter = float(f"{cell:.{digits}g}")
            with contextlib.suppress(OverflowError):
                if struct.unpack(form, struct.pack(form, shorter))[0] == cell:
                    return shorter
    elif isinstance(cell, dict):
        return {name: _short(types, kind.field(name).type, inner) for name, inner in cell.items()}
    elif isinstance(cell, list) and hasattr(kind, "value_type"):
        return [_short(types, kind.value_type, inner) for inner in cell]
    return cell


def _row(number: int, names: tuple[str, ...], cells: tuple[Any, ...]) -> Row:
    found, padded = {}, False
    for name, cell in zip(names, cells, strict=True):
        bare, had = unpadded(cell)
        padded |= had
        if (value := value_of(bare)) is not None:
            found[name] = value
    return Row(number, found or None, done=number, padded=padded, names=names)
