"""Suppressions follow the records that fixes change: from the old hash to the new one.

First the new entries are added, then the file is replaced, then the old entries go: whenever a run is ended,
nothing that was accepted is reported again.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Set

from msgspec.structs import replace

from curator.entries import Entry, parse
from curator.errors import UsageError
from curator.writing import atomically


def mentioned(file: str) -> set[str]:
    """The hashes of the records that a suppressions file names."""
    return {entry.record for _, entry in _entries(file) if entry is not None and entry.record}


def add(file: str, moved: Mapping[str, str]) -> bool:
    """Add an entry for the new hash to each for an old one; whether there were any. Raises UsageError."""
    lines = list(_entries(file))
    present = {line.strip() for line, _ in lines}
    new = [
        replace(entry, record=moved[entry.record]).line()
        for _, entry in lines
        if entry is not None and entry.record in moved
    ]
    new = [line for line in dict.fromkeys(new) if line.strip() not in present]
    if not new:
        return False
    with atomically(file) as out:
        for line, _ in lines:
            out.write(line if line.endswith(b"\n") else line + b"\n")
        out.writelines(new)
    return True


def drop(file: str, moved: Mapping[str, str], paths: Set[str]) -> None:
    """Remove the entries for old hashes in data files of `paths`, as the suppressions name them. Raises UsageError."""
    lines = list(_entries(file))
    kept = [line for line, entry in lines if entry is None or entry.record not in moved or entry.path not in paths]
    if len(kept) < len(lines):
        with atomically(file) as out:
            out.writelines(kept)


def _entries(file: str) -> Iterator[tuple[bytes, Entry | None]]:
    with contextlib.suppress(FileNotFoundError), open(file, "rb") as lines:
        for line in lines:
            try:
                yield line, parse(line)
            except UsageError:
                yield line, None
