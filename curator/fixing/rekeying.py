"""Suppressions follow the records that fixes change: from the old hash to the new one.

First the new entries are added, then the file is replaced, then the old entries go: whenever a run is ended,
nothing that was accepted is reported again.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping
from typing import NamedTuple

from msgspec.structs import replace

from curator import entries
from curator.entries import Entry, parse
from curator.errors import UsageError


def mentioned(file: str) -> set[str]:
    """The hashes of the records that a suppressions file names."""
    return {entry.record for _, entry in _entries(file) if entry is not None and entry.record}


class Rekeyed(NamedTuple):
    """What a run changes in a suppressions file."""

    added: tuple[str, ...]
    """The lines of new entries."""
    own: tuple[str, ...]
    """The run's new entries that name the data file: what goes with it when it is taken back."""
    gone: dict[str, str]
    """Lines that go, each with the one that says the same of what its record has become."""


def rekeyed(
    file: str, moved: Mapping[str, str], path: str, known: Container[str] = (), needed: Container[str] = ()
) -> Rekeyed:
    """Entries for new hashes, which are not there yet, and those for old ones in the data file `path`, which go.

    Copies of a record in other files may still be as they were, so that their entries stay; these are followed only
    where the data file has none of its own for the same finding. `known` are the entries that came in with other files
    of the run, `needed` those that stay for other records.
    """
    lines = [(_text(line), entry) for line, entry in _entries(file)] if moved else []
    present = {text for text, _ in lines}
    old = [(text, entry) for text, entry in lines if entry is not None and entry.record in moved]
    mine = {_finding(entry) for _, entry in old if entry.path == path}
    old = [(text, entry) for text, entry in old if entry.path == path or _finding(entry) not in mine]
    follows = {text: _text(replace(entry, record=moved[entry.record]).line()) for text, entry in old}
    new = dict.fromkeys(follows.values())
    added = tuple(text for text in new if text not in present)
    own = {follows[text] for text, entry in old if entry.path == path}
    gone = {text: follows[text] for text, entry in old if entry.path == path and text not in new and text not in needed}
    return Rekeyed(added, tuple(text for text in new if text in own and (text not in present or text in known)), gone)


def _finding(entry: Entry) -> tuple[str, ...]:
    return entry.rule, entry.record, entry.pointer, entry.inner


def add(file: str, new: Iterable[str]) -> None:
    """Add those entries to a suppressions file that are not in it. Raises OSError and UsageError."""
    entries.add(file, [entry.encode() + b"\n" for entry in new])


def restore(file: str, gone: Mapping[str, str]) -> None:
    """Add entries again that went, unless somebody has since removed those that followed. Raises as `add`."""
    present = set(map(_text, entries.lines(file)))
    add(file, [old for old, new in gone.items() if new in present])


def drop(file: str, gone: Iterable[str]) -> None:
    """Remove the entries from a suppressions file. Raises OSError and UsageError."""
    out_of_it = set(gone)
    if out_of_it:
        entries.drop(file, lambda line: _text(line) in out_of_it)


def _text(line: bytes) -> str:
    return line.decode("utf-8", "backslashreplace").strip()


def _entries(file: str) -> Iterator[tuple[bytes, Entry | None]]:
    for line in entries.lines(file):
        try:
            yield line, parse(line)
        except UsageError:
            yield line, None
