"""Parquet files, batch by batch, by pyarrow: pandas makes floats of whole numbers and arrays of lists."""

from __future__ import annotations

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
                    for cells in zip(*(column.to_pylist() for column in batch.columns), strict=True):
                        number += 1
                        yield _row(number, names, cells)
        except arrow.ArrowException as error:
            raise InputError(f"{path}: cannot be read as Parquet after row {number:,}: {error}") from None

    return Origin(path, "row", rows, count, names)


def _row(number: int, names: tuple[str, ...], cells: tuple[Any, ...]) -> Row:
    found, padded = {}, False
    for name, cell in zip(names, cells, strict=True):
        bare, had = unpadded(cell)
        padded |= had
        if (value := value_of(bare)) is not None:
            found[name] = value
    return Row(number, found or None, done=number, padded=padded)
