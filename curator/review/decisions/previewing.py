"""What writing all decisions would change in each file: splices, what goes, and the account of its records.

Decisions are about whole lines (elements of a document), and are found by their bytes, in one pass over each file.
Memory: the decisions, and one line at a time.
"""

from __future__ import annotations

import contextlib
from collections import Counter, defaultdict
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Literal

from curator import reading
from curator.errors import InputError, UsageError
from curator.findings import record_hash
from curator.fixing import patch, placing
from curator.fixing.relint import Units
from curator.fixing.rewriting import Account, aside
from curator.fixing.script import Script, Spooled
from curator.fixing.splicing import Splice
from curator.review.decisions.deciding import count, shared
from curator.review.decisions.linting import whole
from curator.review.states import DataFile, Decision, Key, State
from curator.sources import Line
from curator.writing import reason

_NAMED = 100  # stale decisions that are named; all are counted
_OPEN = State()

Done = Literal["changed", "removed", "kept", "discuss"]
Found = Callable[[Key], Container[tuple[str, str]]]
"""Rule and pointer of what was found in a record, and no suppression accepts."""


@dataclass(slots=True)
class FileChange:
    """What writing all decisions about one file does to it."""

    file: DataFile
    account: Account
    """Where its records go; `entered` are all that it holds, `records` those that can be read afterwards."""
    max_line_bytes: int = reading.MAX_LINE_BYTES
    """A longer line counts as one that cannot be read."""
    script: Script = field(default_factory=Script)
    changed: int = 0
    """Records that get other bytes."""
    kept: int = 0
    """Records with findings that are accepted, and that no suppression accepts yet."""
    discuss: int = 0
    counts: Counter[tuple[str, Done]] = field(default_factory=Counter)
    """Records by rule and by what is done about it; the rule is "" where a decision answers none."""
    stale: int = 0
    """Decisions that are not applied: no record has these bytes any more, or it is too long to be read."""
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
        unchanged(self.file)
        with open(self.file.real_path, "rb") as file:
            yield from patch.rows(file, islice(self.script, limit))


@dataclass(frozen=True, slots=True)
class Acceptance:
    """A record with findings that a reviewer keeps."""

    decision: Decision
    was: bytes
    raw: bytes
    """Its bytes as they were, and as they are to be."""
    line: int
    column: int


def preview(
    files: Iterable[DataFile],
    decisions: Iterable[Decision],
    max_line_bytes: Callable[[DataFile], int] = lambda file: reading.MAX_LINE_BYTES,
    found: Found | None = None,
) -> list[FileChange]:
    """What writing the decisions does to each file, those without any among them.

    `max_line_bytes` and `found` are those of the check; without `found`, all that is kept counts. Of several decisions
    about a record the last holds. Raises UsageError for a file that has changed since it was checked, or cannot be
    read.
    """
    by_path: dict[str, dict[Key, Decision]] = defaultdict(dict)
    for decision in decisions:
        by_path[decision.key.path][decision.key] = decision
    return [_Pass(file, by_path.get(file.key_path, {}), max_line_bytes(file), found).run() for file in files]


class _Pass:
    """One pass over a file, in which each decision finds its record."""

    def __init__(
        self, file: DataFile, decisions: Mapping[Key, Decision], max_line_bytes: int, found: Found | None
    ) -> None:
        account = Account(file.records + file.unreadable, 0, file.records, 0, file.unreadable)
        self._change = FileChange(file, account, max_line_bytes)
        self._decisions = decisions
        self._found = found
        self._wanted = {key.record for key in decisions}
        self._seen: Counter[str] = Counter()
        self._gone: Counter[str] = Counter()
        self._met: set[Key] = set()
        self._after: dict[str, list[State]] = defaultdict(list)
        """The states of the records with these bytes, in the order of the new file."""

    def run(self) -> FileChange:
        change, file = self._change, self._change.file
        if not any(decision.state != _OPEN for decision in self._decisions.values()):
            return change
        unchanged(file)
        try:
            lines = ((line, self._become(line)) for line in reading.read(whole(file), change.max_line_bytes))
            for splice in _of_elements(lines) if file.container == "document" else _of_lines(lines):
                change.script.add(splice)
        except InputError as error:
            raise UsageError(str(error)) from None
        except OSError as error:  # of the temporary files
            raise UsageError(f"{file.path}: {reason(error)}") from None
        unchanged(file)
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
        record = record_hash(line.raw)
        if record not in self._wanted:
            return line.raw
        key = Key(self._change.file.key_path, record, self._seen[record])
        self._seen[record] += 1
        decision = self._decisions.get(key)
        new = line.raw if decision is None else _result(line.raw, decision.state)
        if decision is not None and (new == line.raw or not line.too_long):
            self._met.add(key)
            self._note(line, new, decision)
        if new == line.raw or line.too_long:
            self._after[record].append(decision.state if decision else _OPEN)
            return line.raw
        self._gone[record] += 1
        pieces = self._pieces(new)
        for made in map(record_hash, pieces):
            if made in self._wanted:
                self._after[made].append(_OPEN)
            if len(pieces) == 1:
                self._change.moved.setdefault(record, made)
        return new

    def _note(self, line: Line, new: bytes | None, decision: Decision) -> None:
        """Count what is done to a record."""
        change, account, state = self._change, self._change.account, decision.state
        what: list[Done] = []
        if new != line.raw:
            what.append("removed" if new is None else "changed")
            before, after = self._count(line.raw), Units() if new is None else self._count(new)
            account.records += after.records - before.records
            account.unreadable += after.unreadable - before.unreadable
            change.changed += new is not None
            account.split += max(0, after.total - before.total)
            account.removed += max(0, before.total - after.total)
            if after.total < before.total:  # also where an edit leaves fewer than there were
                change.removed.write(aside(line.raw, decision.codes, line.number))
        if state.status == "discuss":
            what.append("discuss")
            change.discuss += 1
        change.counts.update((code, done) for done in what for code in decision.codes or ("",))
        if state.kept and new is not None:
            if codes := self._kept(line.raw, new, decision):
                change.kept += 1
                change.counts.update((code, "kept") for code in codes)
            change.accepted.append(Acceptance(decision, line.raw, new, line.number, line.column))

    def _kept(self, was: bytes, now: bytes, decision: Decision) -> set[str]:
        """The rules of what is kept; where a record stays, without those that an earlier writing has suppressed."""
        kept = decision.state.kept
        if now == was and self._found is not None:
            found = self._found(decision.key)
            return {item.code for item in kept if (item.code, item.pointer) in found}
        return {item.code for item in kept}

    def _count(self, raw: bytes) -> Units:
        return count(raw, self._change.file.container)

    def _pieces(self, new: bytes | None) -> list[bytes]:
        if new is None:
            return []
        if self._change.file.container == "document" or b"\n" not in new:
            return [new]
        return [piece.removesuffix(b"\r") for piece in new.split(b"\n")]


def _result(raw: bytes, state: State) -> bytes | None:
    """What a decision makes of a record; None where it goes."""
    if state.status == "removed":
        return None
    return raw if state.raw is None else state.raw


def _of_lines(lines: Iterable[tuple[Line, bytes | None]]) -> Iterator[Splice]:
    """Of lines: one that goes takes its ending with it."""
    for line, new in lines:
        if new is None:
            yield Splice(line.offset, line.offset + line.size, b"")
        elif new != line.raw:
            yield _trimmed(line, new)


def _of_elements(elements: Iterable[tuple[Line, bytes | None]]) -> Iterator[Splice]:
    """Of elements: one that goes takes what parts it from the next, or for the last from the one before, with it."""
    kept = gone = -1  # where the last kept one ends; where those that go behind it begin
    end = 0
    for element, new in elements:
        end = element.offset + element.size
        if new is None:
            gone = element.offset if gone < 0 else gone
            continue
        if gone >= 0:
            yield Splice(gone, element.offset, b"")
        kept, gone = end, -1
        if new != element.raw:
            yield _trimmed(element, new)
    if gone >= 0:
        yield Splice(kept if kept >= 0 else gone, end, b"")


def _trimmed(line: Line, new: bytes) -> Splice:
    """The change without what both forms begin and end with."""
    head = shared(line.raw, new)
    tail = shared(line.raw[head:][::-1], new[head:][::-1])
    return Splice(line.offset + head, line.offset + len(line.raw) - tail, new[head : len(new) - tail])


def unchanged(file: DataFile) -> None:
    """Raises UsageError where the file is no longer what was checked."""
    if file.stamp and not is_as_checked(file):
        raise UsageError(f"{file.path}: another program changed the file after it was checked: check it again")


def is_as_checked(file: DataFile) -> bool:
    """Whether the file is still the one that was checked."""
    with contextlib.suppress(OSError):  # it is gone
        return placing.stamp(file.path) == file.stamp
    return False
