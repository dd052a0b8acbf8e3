"""Taking back what a run of fixing wrote, as long as nobody has changed it since."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass, field
from typing import BinaryIO

from curator.errors import UsageError
from curator.fixing import journal, rekeying
from curator.fixing.journal import Kept, aside_path
from curator.fixing.placing import recover, stamp
from curator.fixing.script import spliced
from curator.suppressions import FILE_NAME
from curator.writing import OWN_FOLDER, digest, locked, reason, refusal, replace, temporary_for, written


@dataclass(frozen=True, slots=True)
class Undone:
    """A file that is as it was before a run."""

    path: str
    when: str
    """When the run was, in UTC."""
    fixed: int
    """Fixes that were taken back."""
    aside: str
    """The file of removed records that still lists those that are back; "" where it was put right."""


@dataclass(slots=True)
class Outcome:
    """What `undo` did and what it refused."""

    files: list[Undone] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    """One line for each file, with the reason."""


def undo(paths: Sequence[str], *, together: bool) -> Outcome:
    """Take back the last run that changed each of the files; with `together` the last run of all, whole.

    Raises UsageError where a journal cannot be read.
    """
    by_real = {os.path.realpath(path): path for path in paths}
    outcome = Outcome()
    folders = {os.path.dirname(real) for real in by_real}
    kept_in = {folder for folder in folders if os.path.isdir(os.path.join(folder, OWN_FOLDER))}
    with locked(kept_in, "waiting for another curator that writes in these folders"):
        newest = _newest(kept_in, by_real.keys())
        if together and newest:
            run = max(kept.entry.run for kept in newest.values())
            newest = {real: kept for real, kept in newest.items() if kept.entry.run == run}
        for real, kept in sorted(newest.items()):
            try:
                outcome.files.append(_undo(kept, by_real[real]))
            except UsageError as error:
                outcome.refused.append(str(error))
    return outcome


def changed_below(root: str) -> Iterator[str]:
    """Every file below a folder that a run has changed and that is still there. Raises UsageError."""
    for folder, names, _ in os.walk(root):
        if OWN_FOLDER in names:
            changed = (os.path.normpath(kept.path) for kept in journal.entries(folder))
            yield from (path for path in changed if os.path.lexists(path))
        names[:] = sorted(name for name in names if name not in (OWN_FOLDER, ".git"))


def _newest(folders: Set[str], wanted: Set[str]) -> dict[str, Kept]:
    """The last entry of each wanted file."""
    found: dict[str, Kept] = {}
    for folder in folders:
        recover(folder)
        for kept in journal.entries(folder):
            real = os.path.realpath(kept.path)
            if real in wanted:
                found.setdefault(real, kept)
    return found


def _undo(kept: Kept, path: str) -> Undone:
    entry, real = kept.entry, kept.path
    if why := refusal(real):
        raise UsageError(f"{path}: not undone: it {why}")
    temporary = temporary_for(real)
    try:
        with open(real, "rb") as file:
            now, found = stamp(file.fileno()), digest(file)
            if found == entry.after:
                _write_back(kept, path, file, temporary)
            elif found != entry.before:  # which it is where an undo was ended before it could forget the run
                raise UsageError(
                    f"{path}: not undone: the file has changed since the run of {_when(entry.run)}, "
                    "and what changed would be lost"
                )
        if stamp(real) != now:
            raise UsageError(f"{path}: not undone: another program is changing the file")
        file_of = os.path.join(kept.folder, entry.suppressions)
        has_accepted = os.path.basename(file_of) == FILE_NAME
        if has_accepted:
            rekeying.restore(file_of, entry.gone)
        if found == entry.after:
            replace(temporary, real)
        if has_accepted:
            rekeying.drop(file_of, entry.added)
    except OSError as error:
        raise UsageError(f"{path}: {reason(error)}") from None
    finally:
        if os.path.exists(temporary):
            os.remove(temporary)
    stays = not journal.shorten(kept)
    kept.forget()
    return Undone(path, _when(entry.run), entry.fixed, aside_path(path) if stays else "")


def _write_back(kept: Kept, path: str, file: BinaryIO, temporary: str) -> None:
    """The old file under a temporary name. Raises UsageError where the journal does not lead to it."""
    try:
        with written(path, temporary) as out:
            for block in spliced(file, kept.splices()):
                out.write(block)
    except ValueError:
        raise UsageError(f"{path}: not undone: the journal does not fit the file") from None
    with open(temporary, "rb") as result:
        if digest(result) != kept.entry.before:
            raise UsageError(f"{path}: not undone: the journal does not lead back to the old file")


def _when(run: str) -> str:
    """The time in a run's name, as people write it."""
    return f"{run[:4]}-{run[4:6]}-{run[6:8]} {run[9:11]}:{run[11:13]}:{run[13:15]} UTC"
