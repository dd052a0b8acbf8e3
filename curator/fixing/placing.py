"""Putting a fixed file in the place of the old one, so that it can be undone and nothing is half done."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import BinaryIO

from curator.errors import UsageError
from curator.fixing import journal, rekeying
from curator.fixing.journal import Kept, aside_path
from curator.fixing.script import Script, Spooled, reverse, spliced
from curator.writing import digest, locked, reason, replace, settle, sweep


@dataclass(frozen=True, slots=True)
class Change:
    """A file that was fixed, ready to be put in place."""

    path: str
    stamp: tuple[int, ...]
    """Of the file when it was checked; see `stamp`."""
    temporary: str
    """Holds the new bytes, in the folder of the file."""
    script: Script
    digest: str
    """Of the new bytes."""
    fixed: int
    removed: Sequence[Spooled]
    """Lines for the file of removed records."""
    moved: Mapping[str, str]
    suppressions: str
    data: str
    """The data file as the suppressions name it."""


def stamp(path: str | int) -> tuple[int, ...]:
    """What changes when a file does: device, inode, size and times of the last changes. Raises OSError."""
    now = os.stat(path)
    return now.st_dev, now.st_ino, now.st_size, now.st_mtime_ns, now.st_ctime_ns


def place(change: Change, run: str) -> None:
    """Replace the file, with an entry in the journal. Raises UsageError; the file is then as it was."""
    real = os.path.realpath(change.path)
    folder = os.path.dirname(real)
    with locked({folder}, f"{change.path}: waiting for another curator that writes in its folder"):
        sweep(folder)
        recover(folder, broken=lambda text: None)
        with _unchanged(change, real) as file:
            before = digest(file)
            _compare(change, file)
            aside = _aside_sizes(real, change.removed)
            entry = journal.Entry(
                1, run, os.path.basename(real), before, change.digest, change.fixed, aside,
                os.path.relpath(change.suppressions, folder) if change.moved else "", change.data, dict(change.moved),
            )  # fmt: skip
            try:
                kept = journal.note(folder, entry, reverse(file, change.script))
            except ValueError:
                raise _ChangedError(change.path) from None
        try:
            with _unchanged(change, real):
                pass
            if aside is not None:
                _append(aside_path(real), change.removed)
            if change.moved:
                rekeying.add(change.suppressions, change.moved)
            replace(change.temporary, real)
        except UsageError:
            forget(kept)
            raise
        # The file is replaced; what fails from here on is settled by the next run, or says that it is stale.
        with contextlib.suppress(UsageError):
            kept.confirm()
            if change.moved:
                rekeying.drop(change.suppressions, change.moved, {change.data})
        journal.trim(folder)


def recover(folder: str, *, broken: Callable[[str], object] | None = None) -> None:
    """Settle what a run that was ended in the middle has left in the journal; for the holder of the lock."""
    for kept in journal.entries(folder, broken=broken):
        if kept.is_pending:
            found = ""
            with contextlib.suppress(OSError), open(kept.path, "rb") as file:
                found = digest(file)
            if found == kept.entry.before:
                forget(kept)
            else:  # replaced, and perhaps changed by somebody else since: removed records stay where they are
                kept.confirm()


def forget(kept: Kept) -> None:
    """Take back all that a run has left of a file that it did not replace."""
    if kept.entry.aside is not None:
        journal.shorten(aside_path(kept.path), kept.entry.aside, partly=True)
    kept.forget()


@contextlib.contextmanager
def _unchanged(change: Change, real: str) -> Iterator[BinaryIO]:
    try:
        with open(real, "rb") as file:
            if stamp(real) != change.stamp:
                raise _ChangedError(change.path)
            yield file
    except OSError as error:
        raise UsageError(f"{change.path}: {reason(error)}") from None


def _compare(change: Change, file: BinaryIO) -> None:
    """Raises UsageError where the script does not make of the file what was checked."""
    found = blake2b(digest_size=16)
    try:
        for block in spliced(file, change.script):
            found.update(block)
    except ValueError:  # it is shorter than it was
        raise _ChangedError(change.path) from None
    if found.hexdigest() != change.digest:
        raise _ChangedError(change.path)


class _ChangedError(UsageError):
    def __init__(self, path: str) -> None:
        super().__init__(
            f"{path}: another program changed the file after it was checked; nothing was written to it: check it again"
        )


def _aside_sizes(real: str, removed: Sequence[Spooled]) -> tuple[int, int] | None:
    added = 0
    for lines in removed:
        added += lines.seek(0, os.SEEK_END)
    if not added:
        return None
    path = aside_path(real)
    if os.path.islink(path):
        raise UsageError(f"{path}: is a symbolic link; removed records are written to ordinary files only")
    before = os.path.getsize(path) if os.path.exists(path) else 0
    return before, before + added


def _append(path: str, removed: Sequence[Spooled]) -> None:
    try:
        with open(path, "ab") as file:
            for lines in removed:
                lines.seek(0)
                while block := lines.read(1 << 20):
                    file.write(block)
            file.flush()
            os.fsync(file.fileno())
        settle(os.path.dirname(path))
    except OSError as error:
        raise UsageError(f"{path}: {reason(error)}") from None
