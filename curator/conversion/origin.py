"""Where records come from: rows with their place, whatever kind of file holds them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from curator.conversion import exact
from curator.conversion.refusal import Refusal
from curator.errors import UsageError
from curator.sources import spot


@dataclass(frozen=True, slots=True)
class Unfit:
    """A cell that no JSON can hold; a fault only of the rows that need it."""

    reason: str
    instead: str
    """What stands for it where the row is put aside: bytes in base64."""


@dataclass(slots=True)
class Row:
    """One record of a file, one row of a table, one line or paragraph of a text."""

    number: int
    """The 1-based line on which it begins; the row, where the file has no lines."""
    value: dict[str, Any] | Refusal | None
    """None where it is blank."""
    raw: bytes | None = None
    """As it stands in the file, on one line, where it is JSON already."""
    done: int = 0
    """How much of the file is read with it, in the unit of the origin's size."""
    padded: bool = False
    """Nulls that a columnar writer had put in were taken out."""
    names: Sequence[str] = ()
    """The columns of its table, also those in which the row is empty."""
    column: int = 1
    """Where it begins on its line, which it may share with other elements of an array."""

    @property
    def place(self) -> str:
        """Where it is, as it stands behind the file's name."""
        return spot(self.number, self.column)

    def untouched(self) -> bytes:
        """The record as a line of its own, nothing changed; a table's row by its columns, an empty cell as null."""
        if self.raw is not None:
            return self.raw + b"\n"
        cells = self.value if isinstance(self.value, dict) else {}
        cells = {**dict.fromkeys(self.names), **cells}
        return exact.line({k: cell.instead if isinstance(cell, Unfit) else cell for k, cell in cells.items()})


@dataclass(frozen=True, slots=True)
class Origin:
    """A file that is ready to be read, as often as needed."""

    path: str
    unit: str
    """What a row is called: record, row, line, paragraph."""
    rows: Callable[[], Iterator[Row]]
    size: int
    """How much there is to read, in bytes, lines or rows."""
    columns: tuple[str, ...] | None = None
    """The names of a table's columns, in order; None for JSON."""
    notes: tuple[str, ...] = ()
    """What was found out about the file and should be said."""
    sample: Callable[[], Iterator[dict[str, Any]]] | None = None
    """Records from the whole file, to learn its habits from; None: the first ones do."""
    unchanged: Callable[[], bool] = lambda: True
    """Whether the file is still the one that was opened."""


def needs(module: str, what: str) -> Any:
    """A library of the extra `convert`. Raises UsageError with the command that installs it."""
    try:
        return import_module(module)
    except ImportError:
        name = module.partition(".")[0]
        raise UsageError(f"{what} needs {name}: pip install 'finetune-curator[convert]'") from None
