"""Writing what was decided: to new files, or in place, and what reviewers keep into the suppressions."""

from __future__ import annotations

import contextlib
import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from curator import catalogue, reading
from curator.errors import InputError, UsageError
from curator.fixing import placing
from curator.fixing.journal import aside_path
from curator.fixing.rekeying import mentioned
from curator.fixing.relint import Units
from curator.fixing.rewriting import Account
from curator.fixing.script import spliced
from curator.inputs import Dataset
from curator.model import Finding, Suppression
from curator.review.decisions.deciding import count
from curator.review.decisions.linting import Linter, whole
from curator.review.decisions.previewing import FileChange, is_as_checked, unchanged
from curator.review.states import DataFile, Key, State
from curator.sources import prepare
from curator.suppressions import Suppressions
from curator.writing import reason, refusal, temporary_for, written
from curator.writing import replace as put


@dataclass(frozen=True, slots=True)
class Known:
    """What was found out about the data, for the suppressions of what reviewers keep."""

    datasets: Sequence[Dataset]
    findings: Callable[[Key], Iterable[Finding]]
    """What the check said of a record."""
    linter: Callable[[DataFile], Linter]


@dataclass(frozen=True, slots=True)
class Written:
    """What was written for one file."""

    path: str
    """The new file, or the old one rewritten; "" where nothing in it was to change."""
    account: Account
    aside: str
    """The file that the removed records went to; "" where none were removed."""
    suppressions: Mapping[str, int]
    """Entries that were added, by suppressions file."""


Restate = Callable[[Mapping[Key, State]], object]
"""Puts down what holds of some keys from now on."""


def reviewed_path(file: DataFile) -> str:
    """Where a file is written by default: `train.jsonl` -> `train.reviewed.jsonl`, `train.jsonl.gz` as well."""
    name = file.path
    for packed in (".gz", ".zst"):
        name = name.removesuffix(packed)
    stem, suffix = os.path.splitext(name)
    return f"{stem}.reviewed{suffix or '.jsonl'}"


def write_new(
    change: FileChange, known: Known, target: str | Path | None = None, *, overwrite: bool = False
) -> Written:
    """Write the decisions to a new file; the data stays as it is.

    Without `target`, the file is that of `reviewed_path`. Removed records go beside it: `train.reviewed.jsonl` ->
    `train.reviewed.removed.jsonl`. Raises UsageError; there is no new file then.
    """
    file = change.file
    path = reviewed_path(file) if target is None else os.fspath(target)
    aside_to = aside_path(path)
    _balanced(change)
    unchanged(file)
    for place in (path, aside_to):
        _free(place, file, overwrite)
    temporary, other = temporary_for(path), temporary_for(aside_to)
    try:
        _make(change, path, temporary)
        with written(aside_to, other) as out:
            change.removed.seek(0)
            out.writelines(change.removed)
        unchanged(file)
        added = _suppress(change, known, path)
        has_removed = bool(change.account.removed)
        if has_removed:
            put(other, aside_to)
        elif os.path.lexists(aside_to):  # of the version that is overwritten
            os.remove(aside_to)
        put(temporary, path)
    except OSError as error:
        raise UsageError(f"{path}: {reason(error)}") from None
    finally:
        for name in (temporary, other):
            with contextlib.suppress(FileNotFoundError):
                os.remove(name)
    return Written(path, change.account, aside_to if has_removed else "", added)


def _free(place: str, file: DataFile, overwrite: bool) -> None:
    """Raises UsageError where a new file must not be written there."""
    if not os.path.lexists(place):
        return
    if os.path.exists(file.path) and os.path.samefile(place, file.path):
        raise UsageError(f"{place}: is the data itself; to rewrite it, write in place")
    if not overwrite:
        raise UsageError(f"{place}: exists already; name another file, or allow that it is overwritten")
    if os.path.islink(place):
        raise UsageError(f"{place}: is a symbolic link; name another file")
    if why := refusal(place):
        raise UsageError(f"{place}: {why}")


def refused_in_place(file: DataFile) -> str:
    """Why a file cannot be written in place; "" where nothing speaks against it."""
    if not file.stamp:
        return "comes from standard input; write a new file"
    if file.is_copy:
        return "is compressed, or not in UTF-8; write a new file"
    if os.path.islink(file.path):
        return "is a symbolic link, perhaps into a shared cache; write a new file"
    return refusal(file.path)


def write_in_place(change: FileChange, known: Known, restate: Restate, run: placing.Run) -> Written:
    """Write the decisions into the file itself; `curator undo` takes it back, with all that is written in the same run.

    Removed records are added to `<file>.removed.jsonl`. `restate` is told what holds of the records that count anew
    before the file is replaced: ended in between, a decision may be lost, but no record. Raises UsageError; the file
    is then as it was.
    """
    file = change.file
    _balanced(change)
    if why := refused_in_place(file):
        raise UsageError(f"{file.path}: not written: it {why}")
    unchanged(file)
    if not len(change.script):
        return Written("", change.account, "", _suppress(change, known, file.path))
    temporary = temporary_for(os.path.realpath(file.path))
    try:
        _make(change, file.path, temporary)
        home, data, names = _home(known, file)
        added = _suppress(change, known, file.path)
        moved = {old: new for old, new in change.moved.items() if old in names}
        done = change.changed + change.account.removed
        if change.restated:
            restate(change.restated)
        try:
            placing.place(
                placing.Change(
                    file.path, file.stamp, temporary, change.script, done, (change.removed,), moved, home, data
                ),
                run,
            )
        except BaseException:
            if change.restated and is_as_checked(file):
                restate(change.former)
            raise
    except OSError as error:
        raise UsageError(f"{file.path}: {reason(error)}") from None
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.remove(temporary)
    return Written(file.path, change.account, aside_path(file.path) if change.account.removed else "", added)


def _balanced(change: FileChange) -> None:
    if not change.account.is_balanced:
        raise UsageError(f"{change.file.path}: not written: records would be lost: please report this")


def _make(change: FileChange, path: str, temporary: str) -> None:
    """Write the new bytes to `temporary`, and count them again. Raises UsageError."""
    file = change.file
    try:
        with written(path, temporary) as out, open(file.real_path, "rb") as old:
            out.writelines(spliced(old, change.script))
        _audit(change, path, temporary)
    except ValueError:  # of `spliced`
        raise UsageError(f"{file.path}: another program is changing the file; check it again") from None
    except InputError as error:
        raise UsageError(str(error)) from None


def _audit(change: FileChange, path: str, temporary: str) -> None:
    """Raises UsageError where the new file holds anything but what the account says."""
    source = prepare(path, temporary, "utf-8", spooled=False)
    kind, was = source.head.container, change.file.container
    if kind != was and not source.head.blank:
        said = {"document": "one JSON document", "foreign": "text without JSON", "lines": "JSON Lines"}.get(kind, kind)
        raise UsageError(f"{path}: not written: it would then be read as {said}: mend its start by hand")
    made = replace(change.file, real_path=temporary, start=source.start, size=source.size)
    found = Units()
    for line in reading.read(whole(made), change.max_line_bytes):
        found += Units(0, 1) if line.too_long else count(line.raw, was)
    if (found.records, found.unreadable) != (change.account.records, change.account.unreadable):
        meant = f"{change.account.records:,} records and {change.account.unreadable:,} unreadable pieces"
        raise UsageError(
            f"{path}: not written: it would hold {found.records:,} records and {found.unreadable:,} unreadable "
            f"pieces, not {meant}: look at what was edited in raw lines"
        )


# --- suppressions ------------------------------------------------------------------------------


def _suppress(change: FileChange, known: Known, path: str) -> Counter[str]:
    """Write an entry for each finding that is kept in what goes to `path`. Raises UsageError."""
    pairs = list(_kept(change, known, path))
    if not pairs:
        return Counter()
    book = _opened(known, change.file, path)
    return book.add_each(pairs)


def _kept(change: FileChange, known: Known, path: str) -> Iterator[tuple[Finding, Suppression]]:
    linter: Linter | None = None
    for accepted in change.accepted:
        decision = accepted.decision
        found = list(known.findings(decision.key))
        if accepted.raw != accepted.was:
            linter = linter or known.linter(change.file)
            linted = linter.lint(accepted.raw, accepted.line, accepted.column, was=accepted.was, before=found)
            found = [*linted.findings, *linted.later]
        reasons = {(item.code, item.pointer): item.reason for item in decision.state.kept}
        for finding in found:
            why = reasons.get((finding.code, finding.pointer))
            if why is not None:
                # An entry names the record, so that it holds in whichever dataset the file was judged as well.
                said = replace(finding, path=path, dataset=change.file.dataset)
                yield said, Suppression(why, decision.reviewer, decision.time)


def _opened(known: Known, file: DataFile, path: str) -> Suppressions:
    """The suppressions that govern what is written to `path`. Raises UsageError for some that cannot be read whole."""
    dataset = _dataset(known, file)
    book = Suppressions()
    book.covers(dataset, [path], catalogue.load(dataset.settings.rule_dirs, dataset.settings.digests()))
    if book.faults:
        where, line, text = book.faults[0]
        raise UsageError(f"{where}{f':{line}' if line else ''}: nothing was written: {text}")
    return book


def _dataset(known: Known, file: DataFile) -> Dataset:
    for dataset in known.datasets:
        paths = {dataset.stdin_name if path == "-" else path for split in dataset.splits.values() for path in split}
        if dataset.name == file.dataset and file.path in paths:
            return dataset
    raise UsageError(f"{file.path}: is in no dataset of this review")


def _home(known: Known, file: DataFile) -> tuple[str, str, set[str]]:
    """The suppressions file of a data file, what it calls the data file, and the records that it names."""
    home, cover = _opened(known, file, file.path).home(file.dataset, file.path)
    return home, cover.path, mentioned(home)
