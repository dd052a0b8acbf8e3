"""What `curator undo` needs: for each file that a run changed, the splices that change it back.

An entry is one file in `.curator/journal` beside the data: a line of JSON, then the packed splices. It is
`pending` until the data file has been replaced, so that a run which was ended in between is recognised.
"""

from __future__ import annotations

import contextlib
import gzip
import os
import secrets
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import IO, cast

import msgspec

from curator.errors import UsageError
from curator.fixing.script import dump, load
from curator.fixing.splicing import Splice
from curator.writing import OWN_FOLDER, atomically, digest, own_folder, reason, replace, settle, share, sweep

KEPT_RUNS = 10
"""Ours: runs that can be undone, one after the other."""
KEPT_BYTES = 1 << 30
"""Ours: what the journal of a folder may take; the last run is kept whatever it takes."""
_PENDING, _DONE = ".pending", ".undo"


class Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one run did to one file."""

    version: int
    run: str
    """Its time and a random part; runs sort by it."""
    name: str
    """The file, in the folder above."""
    before: str
    """blake2b-128 of the file as it was."""
    after: str
    fixed: int
    """How many findings were fixed."""
    aside: tuple[int, int] | None = None
    """Bytes of the file of removed records before and after the run; None where none were removed."""
    tail: str = ""
    """blake2b-128 of what the run added to that file."""
    suppressions: str = ""
    """The suppressions file whose entries followed the records, from the folder of the data."""
    added: tuple[str, ...] = ()
    """The entries of the data file that came into that file."""
    gone: dict[str, str] = {}
    """Those that left it, each with the one that followed."""


@dataclass(frozen=True, slots=True)
class Kept:
    """An entry and the file that holds it."""

    place: str
    entry: Entry

    @property
    def folder(self) -> str:
        """The folder of the data."""
        return os.path.dirname(os.path.dirname(os.path.dirname(self.place)))

    @property
    def path(self) -> str:
        """The data file."""
        return os.path.join(self.folder, self.entry.name)

    @property
    def is_pending(self) -> bool:
        """Whether the run may have been ended before it replaced the file."""
        return self.place.endswith(_PENDING)

    def splices(self) -> Iterator[Splice]:
        """What makes the old file of the new one. Raises UsageError for a journal that is broken."""
        try:
            with open(self.place, "rb") as file:
                file.readline()
                with gzip.GzipFile(fileobj=file) as unpacked:
                    yield from load(cast(IO[bytes], unpacked))
        except (OSError, EOFError, ValueError) as error:
            raise UsageError(f"{self.place}: the journal cannot be read: {error}") from None

    def confirm(self) -> None:
        """The file has been replaced."""
        replace(self.place, self.place.removesuffix(_PENDING) + _DONE)

    def forget(self) -> None:
        """Remove the entry."""
        with contextlib.suppress(OSError):
            os.remove(self.place)
            settle(os.path.dirname(self.place))


def new_run() -> str:
    """A name for a run; later runs sort behind it."""
    return f"{datetime.now(UTC).strftime('%Y%m%dT%H%M%S.%fZ')}-{secrets.token_hex(3)}"


def note(folder: str, entry: Entry, back: Iterable[Splice]) -> Kept:
    """Write an entry, pending, for a file of the folder; who can read that can read it. Raises UsageError."""
    try:
        head = msgspec.json.encode(entry)
    except UnicodeEncodeError:
        path = os.path.join(folder, entry.name)
        raise UsageError(f"{path}: its name is no UTF-8, so that it could not be undone: rename it first") from None
    home = os.path.join(own_folder(folder), "journal")
    try:
        if not os.path.isdir(home):
            os.makedirs(home, exist_ok=True)
            share(folder, home)
    except OSError as error:
        raise UsageError(f"{home}: {reason(error)}") from None
    place = os.path.join(home, f"{entry.run}-{secrets.token_hex(3)}{_PENDING}")
    with atomically(place, like=os.path.join(folder, entry.name)) as file:
        file.write(head + b"\n")
        with gzip.GzipFile(fileobj=file, mode="wb", compresslevel=1, mtime=0, filename="") as packed:
            for splice in back:
                dump(cast(IO[bytes], packed), splice)
    return Kept(place, entry)


def entries(folder: str) -> list[Kept]:
    """The entries of a folder of data, the last run first. Raises UsageError where one cannot be read."""
    found = [Kept(place, _read(place)) for place in _places(folder)]
    return sorted(found, key=lambda kept: (kept.entry.run, kept.entry.name), reverse=True)


def pending(folder: str) -> Iterator[Kept]:
    """The entries of runs that may have been ended before they replaced their files. Raises UsageError."""
    for place in _places(folder):
        if place.endswith(_PENDING):
            with contextlib.suppress(UsageError):  # one that cannot be read hinders nobody but `undo`, which says so
                yield Kept(place, _read(place))


def _places(folder: str) -> list[str]:
    home = os.path.join(folder, OWN_FOLDER, "journal")
    try:
        names = os.listdir(home)
    except FileNotFoundError:
        return []
    except OSError as error:
        raise UsageError(f"{home}: cannot be read: {error.strerror}") from None
    return [os.path.join(home, n) for n in names if n.endswith((_PENDING, _DONE)) and not n.startswith(".")]


def _read(place: str) -> Entry:
    try:
        with open(place, "rb") as file:
            entry = msgspec.json.decode(file.readline(), type=Entry)
    except (OSError, msgspec.MsgspecError) as error:
        raise UsageError(f"{place}: the journal cannot be read: {error}") from None
    if entry.version != 1 or os.path.basename(entry.name) != entry.name:
        raise UsageError(f"{place}: is no journal that this curator understands")
    return entry


def trim(folder: str) -> None:
    """Forget the oldest runs beyond what is kept. Raises OSError and UsageError."""
    sweep(os.path.join(folder, OWN_FOLDER, "journal"))
    runs: dict[str, list[str]] = {}
    for place in sorted(_places(folder), reverse=True):  # told by their names: there may be thousands
        runs.setdefault(os.path.basename(place).rpartition("-")[0], []).append(place)
    total = 0
    for number, group in enumerate(runs.values()):
        total += sum(map(os.path.getsize, group))
        if number >= KEPT_RUNS or (number and total > KEPT_BYTES):
            for place in group:
                os.remove(place)


def aside_path(path: str) -> str:
    """Where the removed records of a file go: `train.jsonl` -> `train.removed.jsonl`."""
    return f"{os.path.splitext(path)[0]}.removed.jsonl"


def shorten(kept: Kept) -> bool:
    """Take back what a run added to the file of removed records; false, and nothing done, where it is not its end."""
    if kept.entry.aside is None:
        return True
    path, (before, after) = aside_path(kept.path), kept.entry.aside
    try:
        with open(path, "rb") as file:
            file.seek(before)
            if os.fstat(file.fileno()).st_size != after or digest(file) != kept.entry.tail:
                return False
        if before:
            os.truncate(path, before)
        else:
            os.remove(path)
    except OSError:
        return False
    return True
