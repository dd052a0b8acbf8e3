"""From decisions to files: what writing them would change, and the writing, through what fixing is made of.

Decisions are found by the bytes of their records, in one pass over each file. Only the bytes of decided records
change. Memory: the decisions, and one record at a time.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from itertools import islice
from pathlib import Path
from typing import Literal

from curator import catalogue, parsing, reading
from curator.errors import InputError, UsageError
from curator.findings import record_hash
from curator.fixing import journal, patch, placing
from curator.fixing.journal import aside_path
from curator.fixing.rekeying import mentioned
from curator.fixing.relint import Units
from curator.fixing.rewriting import Account, aside
from curator.fixing.script import Script, Spooled, spliced
from curator.fixing.splicing import Splice, join
from curator.inputs import Dataset
from curator.model import Finding, Suppression
from curator.review.deciding import Linter, count, shared, whole
from curator.review.states import DataFile, Decision, Key, State
from curator.sources import Line, prepare
from curator.suppressions import Suppressions
from curator.writing import reason, refusal, temporary_for, written
from curator.writing import replace as put

_SEVERAL = re.compile(rb"[}\]][ \t\r\n]*+[{\[]")  # stands on every line that holds several values
_NAMED = 100  # stale decisions that are named; all are counted
_OPEN = State()

Done = Literal["changed", "removed", "kept", "discuss"]


@dataclass(slots=True)
class FileChange:
    """What writing all decisions about one file does to it."""

    file: DataFile
    account: Account
    """Where its records go; `entered` are all that it holds, `records` those that can be read afterwards."""
    script: Script = field(default_factory=Script)
    changed: int = 0
    """Records that get other bytes."""
    kept: int = 0
    """Records with findings that are accepted."""
    discuss: int = 0
    counts: Counter[tuple[str, Done]] = field(default_factory=Counter)
    """Records by rule and by what is done about it; the rule is "" where a decision answers none."""
    stale: int = 0
    """Decisions that are not applied: no record has these bytes any more, or its whole line was decided on."""
    named: list[Key] = field(default_factory=list)
    """The first of the stale ones."""
    removed: Spooled = field(default_factory=Spooled)
    """Lines for the file of removed records."""
    accepted: list[Acceptance] = field(default_factory=list)
    moved: dict[str, str] = field(default_factory=dict)
    """The new hash of each record that changed, unless a copy stays as it is."""
    restated: dict[Key, State] = field(default_factory=dict)
    """What holds of these keys once the file itself is rewritten: copies of a record count anew."""
    former: dict[Key, State] = field(default_factory=dict)
    """What holds of them now."""

    def rows(self, limit: int) -> Iterator[patch.Row]:
        """The diff of the first `limit` lines that change. Raises UsageError where the file has changed."""
        _unchanged(self.file)
        with open(self.file.real_path, "rb") as file:
            yield from patch.rows(file, islice(self.script, limit))


@dataclass(frozen=True, slots=True)
class Acceptance:
    """A record with findings that a reviewer keeps."""

    decision: Decision
    raw: bytes | None
    """Its new bytes; None where they stay."""
    line: int
    column: int


def preview(
    files: Iterable[DataFile], decisions: Iterable[Decision], max_line_bytes: int = reading.MAX_LINE_BYTES
) -> list[FileChange]:
    """What writing the decisions does to each file, those without any among them.

    Of several decisions about a record the last holds. Raises UsageError for a file that has changed since it was
    checked, or cannot be read.
    """
    by_path: dict[str, dict[Key, Decision]] = defaultdict(dict)
    for decision in decisions:
        by_path[decision.key.path][decision.key] = decision
    return [_Pass(file, by_path.get(file.key_path, {})).run(max_line_bytes) for file in files]


class _Pass:
    """One pass over a file, in which each decision finds its record."""

    def __init__(self, file: DataFile, decisions: Mapping[Key, Decision]) -> None:
        account = Account(file.records + file.unreadable, 0, file.records, 0, file.unreadable)
        self._change = FileChange(file, account)
        self._decisions = decisions
        self._wanted = {key.record for key in decisions}
        self._seen: Counter[str] = Counter()
        self._gone: Counter[str] = Counter()
        self._met: set[Key] = set()
        self._after: dict[str, list[State]] = defaultdict(list)
        """The states of the records with these bytes, in the order of the new file."""

    def run(self, max_line_bytes: int) -> FileChange:
        change, file = self._change, self._change.file
        if not any(decision.state != _OPEN for decision in self._decisions.values()):
            return change
        _unchanged(file)
        try:
            lines = ((line, self._become(line)) for line in reading.read(whole(file), max_line_bytes))
            for splice in _of_values(lines) if file.container == "document" else _of_lines(lines):
                change.script.add(splice)
        except InputError as error:
            raise UsageError(str(error)) from None
        except OSError as error:  # of the temporary files
            raise UsageError(f"{file.path}: {reason(error)}") from None
        _unchanged(file)
        for key, decision in self._decisions.items():
            if key not in self._met and decision.state != _OPEN:
                change.stale += 1
                change.named += [key] if change.stale <= _NAMED else []
        change.moved = {old: new for old, new in change.moved.items() if self._seen[old] == self._gone[old]}
        self._restate()
        return change

    def _restate(self) -> None:
        for record, states in self._after.items():
            for nth, state in enumerate(states):
                key = Key(self._change.file.key_path, record, nth)
                now = self._decisions[key].state if key in self._decisions else _OPEN
                if now != state:
                    self._change.restated[key], self._change.former[key] = state, now

    def _become(self, line: Line) -> bytes | None:
        """The new bytes of a line, or an element; None where it goes."""
        if line.too_long:
            return line.raw
        found = [(one, record, self._decision(record)) for one in records(line) if (record := record_hash(one.raw))]
        if all(decision is None for _, _, decision in found):
            self._follow(found)
            return line.raw
        (_, record, decision), values = found[0], found[1:]
        removed = self._change.account.removed
        new = _result(line.raw, decision)
        if new != line.raw:
            self._take(line, new, record, decision)
        else:
            self._note(line, None, decision)
            became = [self._value(*value) for value in values]
            if any(now != value[0].raw for now, value in zip(became, values, strict=True)):
                pairs = [(value[0], now) for value, now in zip(values, became, strict=True)]
                ordered = [Splice(s.start - line.offset, s.end - line.offset, s.text) for s in _of_values(iter(pairs))]
                new = None if all(now is None for now in became) else join(line.raw, ordered)
                self._gone[record] += 1
        if new == line.raw:
            self._follow(found)
            return new
        self._balance(line, new, self._change.account.removed - removed)
        same = {record: (one, decision) for one, record, decision in values if decision and _stays(decision)}
        for piece in self._pieces(new):
            for one in records(Line(piece, 0, 0)):
                self._arrive(record_hash(one.raw), same)
        return new

    def _arrive(self, record: str, same: Mapping[str, tuple[Line, Decision]]) -> None:
        """A record of a line that changed; those in `same` stood there before."""
        if record not in self._wanted:
            return
        one, decision = same.get(record, (None, None))
        if one is not None and decision is not None and decision.key not in self._met:
            self._note(one, None, decision)
        self._after[record].append(decision.state if decision else _OPEN)

    def _decision(self, record: str) -> Decision | None:
        if record not in self._wanted:
            return None
        nth = self._seen[record]
        self._seen[record] += 1
        return self._decisions.get(Key(self._change.file.key_path, record, nth))

    def _follow(self, found: Sequence[tuple[Line, str, Decision | None]]) -> None:
        """These stand in the new file as they stood in the old one."""
        for _, record, decision in found:
            if record in self._wanted:
                self._after[record].append(decision.state if decision else _OPEN)

    def _value(self, one: Line, record: str, decision: Decision | None) -> bytes | None:
        new = _result(one.raw, decision)
        if new == one.raw:
            self._note(one, None, decision)
        else:
            self._take(one, new, record, decision)
        return new

    def _take(self, one: Line, new: bytes | None, record: str, decision: Decision | None) -> None:
        """A record that goes, or becomes another."""
        assert decision is not None
        change = self._change
        self._gone[record] += 1
        if new is None:
            self._met.add(decision.key)
            size = self._count(one.raw).total
            change.account.removed += size
            change.counts.update((code, "removed") for code in decision.codes or ("",))
            if size:
                change.removed.write(aside(one.raw, decision.codes, one.number))
            return
        change.changed += 1
        change.counts.update((code, "changed") for code in decision.codes or ("",))
        if len(self._pieces(new)) == 1:
            change.moved.setdefault(record, record_hash(new))
        self._note(one, new, decision)

    def _note(self, one: Line, new: bytes | None, decision: Decision | None) -> None:
        """A record that stays, and what was said of it."""
        if decision is None:
            return
        change, state = self._change, decision.state
        self._met.add(decision.key)
        if state.kept:
            change.kept += 1
            change.accepted.append(Acceptance(decision, new, one.number, one.column))
            change.counts.update((code, "kept") for code in {item.code for item in state.kept})
        if state.status == "discuss":
            change.discuss += 1
            change.counts.update((code, "discuss") for code in decision.codes or ("",))

    def _balance(self, line: Line, new: bytes | None, gone: int) -> None:
        """Account for a line that changed, of which `gone` records were removed."""
        account, before = self._change.account, self._count(line.raw)
        after = Units() if new is None else self._count(new)
        account.records += after.records - before.records
        account.unreadable += after.unreadable - before.unreadable
        # What neither stands there now nor was removed is missing in the sum, as it should be.
        account.split += max(0, after.total + gone - before.total)

    def _count(self, raw: bytes) -> Units:
        return count(raw, self._change.file.container)

    def _pieces(self, new: bytes | None) -> list[bytes]:
        if new is None:
            return []
        if self._change.file.container == "document" or b"\n" not in new:
            return [new]
        return [piece.removesuffix(b"\r") for piece in new.split(b"\n")]


def records(line: Line) -> Iterator[Line]:
    """All that a decision may speak of in a line: itself, and where it holds several values, each of them."""
    yield line
    if not _SEVERAL.search(line.raw):
        return
    fault = parsing.parse(line.raw).fault
    if fault is not None and fault.kind == "several":
        column, done = line.column, 0
        for start, end in parsing.values(line.raw):
            column, done = column + len(line.raw[done:start].decode()), start
            yield Line(line.raw[start:end], line.offset + start, line.number, column, end - start)


def _result(raw: bytes, decision: Decision | None) -> bytes | None:
    """What a decision makes of a record; None where it goes."""
    if decision is None:
        return raw
    if decision.state.status == "removed":
        return None
    return raw if decision.state.raw is None else decision.state.raw


def _stays(decision: Decision) -> bool:
    return decision.state.raw is None and decision.state.status != "removed"


def _of_lines(lines: Iterable[tuple[Line, bytes | None]]) -> Iterator[Splice]:
    """Of lines: one that goes takes its ending with it."""
    for line, new in lines:
        if new is None:
            yield Splice(line.offset, line.offset + line.size, b"")
        elif new != line.raw:
            yield _trimmed(line, new)


def _of_values(values: Iterable[tuple[Line, bytes | None]]) -> Iterator[Splice]:
    """Of values with something between them: one that goes takes what parts it from the next, or the last, with it."""
    kept = gone = -1  # where the last kept one ends; where those that go behind it begin
    end = 0
    for value, new in values:
        end = value.offset + value.size
        if new is None:
            gone = value.offset if gone < 0 else gone
            continue
        if gone >= 0:
            yield Splice(gone, value.offset, b"")
        kept, gone = end, -1
        if new != value.raw:
            yield _trimmed(value, new)
    if gone >= 0:
        yield Splice(kept if kept >= 0 else gone, end, b"")


def _trimmed(line: Line, new: bytes) -> Splice:
    """The change without what both forms begin and end with."""
    head = shared(line.raw, new)
    tail = shared(line.raw[head:][::-1], new[head:][::-1])
    return Splice(line.offset + head, line.offset + len(line.raw) - tail, new[head : len(new) - tail])


def _unchanged(file: DataFile) -> None:
    if file.stamp and not _is_as_checked(file):
        raise UsageError(f"{file.path}: another program changed the file after it was checked: check it again")


def _is_as_checked(file: DataFile) -> bool:
    with contextlib.suppress(OSError):  # it is gone
        return placing.stamp(file.path) == file.stamp
    return False


# --- writing -----------------------------------------------------------------------------------


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
    for place in (path, aside_to):
        _free(place, file, overwrite)
    temporary, other = temporary_for(path), temporary_for(aside_to)
    try:
        _make(change, path, temporary)
        with written(aside_to, other) as out:
            change.removed.seek(0)
            out.writelines(change.removed)
        _unchanged(file)
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


def write_in_place(change: FileChange, known: Known, restate: Restate) -> Written:
    """Write the decisions into the file itself; `curator undo` takes it back.

    Removed records are added to `<file>.removed.jsonl`. `restate` is told what holds of the records that count anew
    before the file is replaced: ended in between, a decision may be lost, but no record. Raises UsageError; the file
    is then as it was.
    """
    file = change.file
    _balanced(change)
    if why := refused_in_place(file):
        raise UsageError(f"{file.path}: not written: it {why}")
    _unchanged(file)
    if not len(change.script):
        return Written("", change.account, "", _suppress(change, known, file.path))
    temporary = temporary_for(os.path.realpath(file.path))
    try:
        digest = _make(change, file.path, temporary)
        home, data, names = _home(known, file)
        added = _suppress(change, known, file.path)
        moved = {old: new for old, new in change.moved.items() if old in names}
        done = change.changed + change.account.removed
        if change.restated:
            restate(change.restated)
        try:
            placing.place(
                placing.Change(
                    file.path, file.stamp, temporary, change.script, digest, done, (change.removed,), moved, home, data
                ),
                journal.new_run(),
            )
        except BaseException:
            if change.restated and _is_as_checked(file):
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
        raise UsageError(f"{change.file.path}: not written: records would be lost, because an edit leaves none of them")


def _make(change: FileChange, path: str, temporary: str) -> str:
    """Write the new bytes to `temporary`, and count them again; their digest. Raises UsageError."""
    file, digest = change.file, blake2b(digest_size=16)
    try:
        with written(path, temporary) as out, open(file.real_path, "rb") as old:
            for block in spliced(old, change.script):
                out.write(block)
                digest.update(block)
        _audit(change, path, temporary)
    except ValueError:  # of `spliced`
        raise UsageError(f"{file.path}: another program is changing the file; check it again") from None
    except InputError as error:
        raise UsageError(str(error)) from None
    return digest.hexdigest()


def _audit(change: FileChange, path: str, temporary: str) -> None:
    """Raises UsageError where the new file holds anything but what the account says."""
    source = prepare(path, temporary, "utf-8", spooled=False)
    kind, was = source.head.container, change.file.container
    if kind != was and not source.head.blank:
        said = {"document": "one JSON document", "foreign": "text without JSON", "lines": "JSON Lines"}.get(kind, kind)
        raise UsageError(f"{path}: not written: it would then be read as {said}: mend its start by hand")
    made = replace(change.file, real_path=temporary, start=source.start, size=source.size)
    found = Units()
    for line in reading.read(whole(made)):
        found += Units(0, 1) if line.too_long else count(line.raw, was)
    if (found.records, found.unreadable) != (change.account.records, change.account.unreadable):
        meant = f"{change.account.records:,} records and {change.account.unreadable:,} unreadable pieces"
        raise UsageError(
            f"{path}: not written: it would hold {found.records:,} records and {found.unreadable:,} unreadable "
            f"pieces, not {meant}: please report this"
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
        if accepted.raw is not None:
            linter = linter or known.linter(change.file)
            linted = linter.lint(accepted.raw, accepted.line, accepted.column, was=b"", before=found)
            found = [*linted.findings, *linted.later]
        reasons = {(item.code, item.pointer): item.reason for item in decision.state.kept}
        for finding in found:
            why = reasons.get((finding.code, finding.pointer))
            if why is not None and finding.suppressed is None:
                yield replace(finding, path=path), Suppression(why, decision.reviewer, decision.time)


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
