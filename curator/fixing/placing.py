"""Putting a fixed file in the place of the old one, so that it can be undone and nothing is half done."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import BinaryIO

from curator.errors import UsageError
from curator.fixing import journal, rekeying
from curator.fixing.journal import Kept, aside_path
from curator.fixing.script import Script, Spooled, reverse, spliced
from curator.writing import atomically, digest, locked, reason, refusal, replace, sweep


@dataclass(frozen=True, slots=True)
class Change:
    """A file that was fixed, ready to be put in place."""

    path: str
    stamp: tuple[int, ...]
    """Of the file when it was checked; see `stamp`."""
    temporary: str
    """Holds the new bytes, in the folder of the file."""
    script: Script
    fixed: int
    removed: Sequence[Spooled]
    """Lines for the file of removed records."""
    moved: Mapping[str, str]
    suppressions: str
    data: str
    """The data file as the suppressions name it."""
    needed: frozenset[str] = frozenset()
    """Lines of suppressions that stay though their record has changed here."""


@dataclass(frozen=True, slots=True)
class Run:
    """What the files that are changed together have in common: `curator undo` takes them back together."""

    name: str = field(default_factory=journal.new_run)
    added: set[str] = field(default_factory=set)
    """The suppressions that came in with them."""
    replaced: set[tuple[int, ...]] = field(default_factory=set)
    """Their stamps, as they were; other names of a file (hard links) have the same."""


def stamp(path: str | int) -> tuple[int, ...]:
    """What changes when a file does: device, inode, size and times of the last changes. Raises OSError."""
    now = os.stat(path)
    return now.st_dev, now.st_ino, now.st_size, now.st_mtime_ns, now.st_ctime_ns


def place(change: Change, run: Run) -> None:
    """Replace the file, with an entry in the journal. Raises UsageError; the file is then as it was."""
    real = os.path.realpath(change.path)
    folder = os.path.dirname(real)
    with locked({folder}, f"{change.path}: waiting for another curator that writes in its folder"):
        sweep(folder)
        recover(folder)
        with _unchanged(change, run, real) as file:
            before, after = _digests(change, file)
            aside, tail = _tail(real, change.removed)
            tail.seek(0)
            suppressions = os.path.relpath(change.suppressions, folder) if change.moved else ""
            accepted = rekeying.rekeyed(change.suppressions, change.moved, change.data, run.added, change.needed)
            tail_digest = "" if aside is None else digest(tail)
            entry = journal.Entry(
                1, run.name, os.path.basename(real), before, after, change.fixed, aside, tail_digest, suppressions,
                accepted.own, accepted.gone,
            )  # fmt: skip
            try:
                kept = journal.note(folder, entry, reverse(file, change.script))
            except ValueError:
                raise _ChangedError(change.path) from None
        try:
            with _unchanged(change, run, real):
                pass
            if aside is not None:
                _append(real, aside[0], tail)
            if change.moved:
                rekeying.add(change.suppressions, accepted.added)
            replace(change.temporary, real)
        except BaseException:
            # Where the new bytes have their place, though this was not told (an interrupt, a network disk that says
            # so of what it has done), the next run settles it.
            if os.path.lexists(change.temporary):
                forget(kept)
                with contextlib.suppress(UsageError, OSError):
                    rekeying.drop(change.suppressions, accepted.added)
            raise
        run.added.update(accepted.added)
        run.replaced.add(change.stamp)
        # The file is replaced; what fails from here on is settled by the next run, or says that it is stale.
        with contextlib.suppress(UsageError, OSError):
            kept.confirm()
            if change.moved:
                rekeying.drop(change.suppressions, accepted.gone)
            journal.trim(folder)


def recover(folder: str) -> None:
    """Settle what a run that was ended in the middle has left in the journal; for the holder of the lock."""
    for kept in journal.pending(folder):
        found = ""
        with contextlib.suppress(OSError), open(kept.path, "rb") as file:
            found = digest(file)
        if found == kept.entry.before:
            forget(kept)
        else:  # replaced, and perhaps changed by somebody else since: removed records stay where they are
            kept.confirm()


def forget(kept: Kept) -> None:
    """Take back all that a run has left of a file that it did not replace."""
    journal.shorten(kept)
    kept.forget()


@contextlib.contextmanager
def _unchanged(change: Change, run: Run, real: str) -> Iterator[BinaryIO]:
    try:
        with open(real, "rb") as file:
            now = stamp(real)
            if change.stamp in run.replaced:  # it had another name, and with that a time has changed
                now = (*now[:-1], change.stamp[-1])
            if now != change.stamp:
                raise _ChangedError(change.path)
            yield file
    except OSError as error:
        raise UsageError(f"{change.path}: {reason(error)}") from None


def _digests(change: Change, file: BinaryIO) -> tuple[str, str]:
    """Of the file as it is, and of the new bytes.

    Raises UsageError where the script does not make these of that. Hashing is most of the work, and goes on in threads.
    """
    made = blake2b(digest_size=16)
    with open(file.name, "rb") as again, open(change.temporary, "rb") as new, ThreadPoolExecutor(2) as pool:
        before, after = pool.submit(digest, again), pool.submit(digest, new)
        try:
            for block in spliced(file, change.script):
                made.update(block)
        except ValueError:  # it is shorter than it was
            raise _ChangedError(change.path) from None
        if made.hexdigest() != after.result():
            raise _ChangedError(change.path)
        return before.result(), after.result()


class _ChangedError(UsageError):
    def __init__(self, path: str) -> None:
        super().__init__(
            f"{path}: another program changed the file after it was checked; nothing was written to it: check it again"
        )


def _tail(real: str, removed: Sequence[Spooled]) -> tuple[tuple[int, int] | None, Spooled]:
    """Bytes of the file of removed records before and after, and what is to be added to it; None for nothing."""
    tail, path, before = Spooled(), aside_path(real), 0
    if not any(lines.seek(0, os.SEEK_END) for lines in removed):
        return None, tail
    if os.path.islink(path):
        raise UsageError(f"{path}: is a symbolic link; removed records are written to ordinary files only")
    if os.path.exists(path):
        if why := refusal(path):
            raise UsageError(f"{path}: {why}")
        with open(path, "rb") as file:
            before = file.seek(0, os.SEEK_END)
            file.seek(max(0, before - 1))
            if file.read(1) not in (b"", b"\n"):
                tail.write(b"\n")  # or its last record and our first would be one line
    for lines in removed:
        lines.seek(0)
        shutil.copyfileobj(lines, tail)
    return (before, before + tail.tell()), tail


def _append(real: str, before: int, tail: Spooled) -> None:
    """The file of removed records with what is added, or as it was: a run that is ended leaves no part of a record."""
    path = aside_path(real)
    with atomically(path, like=real) as out:
        with contextlib.suppress(FileNotFoundError), open(path, "rb") as file:
            shutil.copyfileobj(file, out)
        if out.tell() != before:
            raise UsageError(f"{path}: another program changed the file; nothing was removed: check again")
        tail.seek(0)
        shutil.copyfileobj(tail, out)
