"""Records that stand in a dataset more than once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from curator.model import DropLine, Example, Fix, Place, Problem
from curator.packing import PackedRows, key_of


class Duplicate:
    """The same JSON value as an earlier record, key order ignored. Memory: 20 bytes a record."""

    def __init__(self) -> None:
        self.rows = PackedRows()

    def add(self, example: Example, place: Place) -> None:
        self.rows.add(key_of(example.canonical), place)

    def merge(self, other: Duplicate) -> None:
        self.rows.merge(other.rows)

    def finish(self, context: Any) -> Iterator[tuple[Place | None, Problem]]:
        for key, rows in self.rows.groups():
            first = rows[0][0]
            for place, _ in rows[1:]:
                yield (
                    place,
                    Problem(
                        values={"copies": len(rows)},
                        related=((first, ""),),
                        group=f"copies:{key.hex()}",
                        fix=Fix("drop this copy", (DropLine(),)),
                    ),
                )
