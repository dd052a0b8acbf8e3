"""From a path to an Origin: what kind of file it is, and who reads it."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import replace
from typing import Any, Literal, get_args

from curator.conversion.delimited import delimited
from curator.conversion.origin import Origin
from curator.conversion.parquet import parquet
from curator.conversion.plain import plain
from curator.conversion.records import records
from curator.conversion.workbook import workbook
from curator.errors import InputError, UsageError
from curator.opening import MAX_UNPACKED_BYTES, Spools
from curator.reading import MAX_LINE_BYTES
from curator.sources import unreadable

Kind = Literal["json", "csv", "tsv", "xlsx", "parquet", "txt"]
KINDS: tuple[Kind, ...] = get_args(Kind)
_BY_SUFFIX: dict[str, Kind] = {
    ".jsonl": "json", ".ndjson": "json", ".json": "json", ".csv": "csv", ".tsv": "tsv", ".tab": "tsv",
    ".xlsx": "xlsx", ".xlsm": "xlsx", ".parquet": "parquet", ".txt": "txt",
}  # fmt: skip
_PACKED = (".gz", ".zst")
_ELSE = {".xls": "an old Excel workbook", ".ods": "an OpenDocument sheet", ".feather": "Feather", ".arrow": "Arrow"}


def opened(
    path: str,
    spools: Spools,
    *,
    kind: Kind | None = None,
    sheet: str | None = None,
    encoding: str | None = None,
    delimiter: str | None = None,
    paragraphs: bool = False,
    max_line_bytes: int = MAX_LINE_BYTES,
    max_unpacked_bytes: int = MAX_UNPACKED_BYTES,
) -> Origin:
    """The file at `path` (`-`: standard input), ready to be read.

    Raises UsageError where its kind cannot be told or an option does not go with it, InputError where it cannot be
    read or is empty.
    """
    kind = kind or _kind(path)
    for name, given, kinds in (
        ("--sheet", sheet is not None, ("xlsx",)),
        ("--encoding", encoding is not None, ("csv", "tsv", "txt")),
        ("--delimiter", delimiter is not None, ("csv", "tsv")),
        ("--paragraphs", paragraphs, ("txt",)),
    ):
        if given and kind not in kinds:
            raise UsageError(f"{name} goes with {' and '.join(kinds)} files; {path} is read as {kind}")
    if kind in ("xlsx", "parquet"):
        return _table(path, kind, sheet)
    _refuse_table(path, kind)
    source = spools.open(path, "<stdin>" if path == "-" else path, max_unpacked=max_unpacked_bytes)
    if kind == "json":
        return records(source, max_line_bytes)
    if kind == "txt":
        return plain(source, encoding, paragraphs=paragraphs)
    return delimited(source, encoding, delimiter, "\t" if kind == "tsv" else None)


def _kind(path: str) -> Kind:
    if path == "-":
        return "json"
    if os.path.isdir(path):
        raise UsageError(f"{path}: is a folder: convert one file at a time")
    name = path.lower()
    for packed in _PACKED:
        name = name.removesuffix(packed)
    suffix = os.path.splitext(name)[1]
    if suffix in _BY_SUFFIX:
        return _BY_SUFFIX[suffix]
    if suffix in _ELSE:
        raise UsageError(f"{path}: is {_ELSE[suffix]}, which is not read: save it as .xlsx, .csv or .parquet")
    raise UsageError(f"{path}: its name does not say what it is: --from {'|'.join(KINDS)} does")


def _refuse_table(path: str, kind: Kind) -> None:
    """Raises UsageError for a table that is called like a text."""
    if os.path.isfile(path):
        with suppress(OSError), open(path, "rb") as file:
            magic = file.read(4)
            for begin, name in ((b"PK\x03\x04", "xlsx"), (b"PAR1", "parquet")):
                if magic == begin:
                    raise UsageError(f"{path}: is no {kind} but looks like {name}: --from {name} reads it")


def _table(path: str, kind: Any, sheet: str | None) -> Origin:
    """A table that is read by name, not as text."""
    if path == "-" or path.lower().endswith(_PACKED):
        raise UsageError(f"{path}: {kind} files are read neither packed nor from standard input: name the file itself")
    if not os.path.exists(path):
        raise InputError(f"{path}: no such file")
    stamp = os.stat(path)
    try:
        origin = workbook(path, sheet) if kind == "xlsx" else parquet(path)
    except OSError as error:
        raise unreadable(path, error) from None

    def unchanged() -> bool:
        now = os.stat(path)
        return (now.st_size, now.st_mtime_ns) == (stamp.st_size, stamp.st_mtime_ns)

    return replace(origin, unchanged=unchanged)
