"""What the pages work with: the queue, one record at a time, and everything that can be decided about it.

It joins the check, the decisions and the rules of single records; no page decides anything by itself.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar

from curator import catalogue
from curator.catalogue import Rule
from curator.conventions import SYSTEM_ROLES
from curator.errors import InputError, UsageError
from curator.fixing import is_transcoding, is_whole
from curator.fixing.sweeping import is_for_every, is_for_related
from curator.model import Example, Finding
from curator.plan import Plan
from curator.review.checking import Checking
from curator.review.decisions import deciding
from curator.review.decisions.deciding import Accepted
from curator.review.decisions.linting import Linted, Linter
from curator.review.decisions.store import Conflict, Draft, Store
from curator.review.index.queries import Group, Index
from curator.review.rendering.understanding import understood
from curator.review.serving import ReviewOptions
from curator.review.states import Action, DataFile, Decision, Filter, Kept, Key, Row, State, Status

_Item = TypeVar("_Item")
Progress = Callable[[int], object]
"""Called with the number of records that are done."""
_STROKE = 2000  # decisions that are written at once, so that a progress bar has something to say
_FOLLOWED = 100  # records that are linted before the page goes on; the rest is, meanwhile
_SURVEYED = 500  # records that are tried before a fix is applied to many
_REMEMBERED = 2000  # records whose first words are kept in mind
_WORDS = 80  # code points of them
_QUICK = 50_000  # bytes of a record that is read for them
_PREVIEWED = 10
"""Records that are shown before a fix is applied to many (issue: "after a preview of ten")."""
_SETTLED: Mapping[Status, str] = {"removed": "It is to be removed.", "discuss": "It is to be discussed."}
"""Why a decision about many records passes one over, unless the view asks for such ones."""


def _silent(done: int) -> None:
    """For those who do not want to hear."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A record as a reviewer sees it."""

    row: Row
    file: DataFile
    raw: bytes
    """As it stands in the file."""
    now: bytes
    """As it is to become; as it stands, too, where it is to be removed."""
    decision: Decision | None
    """The last one."""
    linted: Linted
    """Of `now`."""
    example: Example | None
    """Of `now`; None where that is no single record."""
    plan: Plan

    @property
    def state(self) -> State:
        """What is decided."""
        return self.decision.state if self.decision is not None else State()

    @property
    def seen(self) -> int:
        """The id of the last decision."""
        return self.decision.id if self.decision is not None else 0

    @property
    def open(self) -> list[Finding]:
        """What still asks for a decision, the worst first."""
        return sorted(self.linted.findings, key=lambda finding: (-finding.severity, finding.column, finding.code))

    @property
    def fixable(self) -> list[Finding]:
        """Those of `open` that have a fix."""
        return [finding for finding in self.open if finding.fixable and _is_about_one(finding)]


@dataclass(frozen=True, slots=True)
class Change:
    """One record of a fix that is to be applied to many."""

    opened: Opened
    accepted: Accepted


@dataclass(frozen=True, slots=True)
class Done:
    """What became of a decision about many records."""

    decided: int
    conflicts: int
    """Records that somebody else has decided on meanwhile; theirs holds."""
    why: Mapping[str, int] = field(default_factory=dict)
    """Records that were passed over, by the reason in a sentence."""
    is_whole: bool = True
    """Nobody stopped it."""

    @property
    def passed_over(self) -> int:
        """Records in which nothing was to be done: the fix does not fit, or would do harm."""
        return sum(self.why.values())


class Workspace:
    """One reviewer's work on one check. Any thread may ask."""

    def __init__(self, checking: Checking, reviewer: str) -> None:
        """Raises UsageError where decisions cannot be kept."""
        self.checking = checking
        self.store = Store(Path(checking.folder), reviewer)
        self._linters: dict[int, Linter] = {}
        self._plans: dict[int, Plan] | None = None
        self._words: dict[int, str] = {}
        self._lock = threading.Lock()

    @property
    def options(self) -> ReviewOptions:
        """What the review was asked for."""
        return self.checking.options

    @property
    def index(self) -> Index:
        """What was found. Raises UsageError before the check is far enough."""
        if self.checking.index is None:
            raise UsageError("the check is not done yet")
        return self.checking.index

    def files(self) -> list[DataFile]:
        """The files of the review."""
        return self.index.files()

    def rules(self) -> Mapping[str, Rule]:
        """Every rule by code, users' own among them."""
        settings = [dataset.settings for dataset in self.index.datasets()]
        own = settings[0] if settings else None
        return catalogue.load(own.rule_dirs, own.digests()).rules if own else catalogue.load().rules

    def counts(self) -> Mapping[str, int]:
        """Findings by rule."""
        return self.index.summary().by_code

    def plan(self, file: int) -> Plan:
        """By what the file with that number was checked."""
        with self._lock:
            if self._plans is None:
                self._plans = self.index.plans()
            return self._plans[file]

    def linter(self, file: DataFile) -> Linter:
        """The rules of single records, as the file was checked by them."""
        plan = self.plan(file.number)
        with self._lock:
            if file.number not in self._linters:
                self._linters[file.number] = Linter(plan, file)
            return self._linters[file.number]

    def words(self, row: Row) -> str:
        """By what a reviewer may know a record again: the first words of its first message; else what was found."""
        known = self._words.get(row.id)
        if known is None:
            known = self._first_words(row)
            if len(self._words) >= _REMEMBERED:
                self._words.clear()
            self._words[row.id] = known
        return known

    def _first_words(self, row: Row) -> str:
        try:
            raw = self.index.raw(row) if row.size <= _QUICK else b""
            example = self.linter(self.files()[row.file]).example(raw)
        except InputError:  # the file has changed: its page says so
            return ""
        turns = understood(example).turns if example is not None else ()
        texts = [turn.text for turn in turns if turn.role not in SYSTEM_ROLES]
        texts += [finding.message for finding in self.index.findings(row.id)[:1]]
        shown = (" ".join(text[: 4 * _WORDS].split())[:_WORDS] for text in texts)
        return next(filter(None, shown), "")

    # --- one record

    def open(self, row: Row) -> Opened:
        """A record with what is decided and found. Raises InputError where the file has changed since."""
        file = self.files()[row.file]
        raw = self.index.raw(row)
        decision = self.store.current(row.key)
        state = decision.state if decision is not None else State()
        return self._opened(row, file, raw, decision, state.raw if state.raw is not None else raw)

    def as_seen(self, row: Row, seen: int) -> Opened:
        """A record as it was by the decision with an id, 0 for none. Raises InputError where the file has changed."""
        raw = self.index.raw(row)
        decision = next((one for one in self.store.history(row.key) if one.id == seen), None)
        now = decision.state.raw if decision is not None else None
        return self._opened(row, self.files()[row.file], raw, decision, raw if now is None else now)

    def tried(self, opened: Opened, now: bytes) -> Opened:
        """The record as it would be with other bytes; nothing is decided."""
        return self._opened(opened.row, opened.file, opened.raw, opened.decision, now)

    def _opened(self, row: Row, file: DataFile, raw: bytes, decision: Decision | None, now: bytes) -> Opened:
        before = self.index.findings(row.id)
        kept = decision.state.kept if decision is not None else ()
        linted = self.linter(file).lint(now, row.line, row.column, was=raw, before=before, kept=kept)
        return Opened(row, file, raw, now, decision, linted, self.linter(file).example(now), self.plan(file.number))

    def proposal(self, opened: Opened, findings: Sequence[Finding]) -> Accepted:
        """What the fixes of these findings make of the record."""
        ending = self.linter(opened.file).ending
        return deciding.accept(opened.now, findings, column=opened.row.column, ending=ending)

    def harm(self, opened: Opened, now: bytes) -> list[str]:
        """What speaks against changing the record so; a sentence each."""
        return self._harm(opened, self.tried(opened, now))

    def _harm(self, opened: Opened, tried: Opened) -> list[str]:
        if tried.linted.failure:
            return [tried.linted.failure]
        was = opened.linted.findings
        if opened.decision is not None:  # else it is as it was when it was opened
            linter, before = self.linter(opened.file), self.index.findings(opened.row.id)
            was = linter.lint(opened.raw, opened.row.line, opened.row.column, before=before).findings
        found = [*tried.linted.findings, *tried.linted.later]
        return deciding.harm(opened.raw, tried.now, was, found, opened.file.container)

    # --- decisions about one record; each raises Conflict where somebody else was faster

    def accept(self, opened: Opened, findings: Sequence[Finding]) -> Decision:
        """Take the fixes of the findings. Raises UsageError where none of them fits."""
        accepted = self.proposal(opened, findings)
        if not accepted.applied:
            raise UsageError("the fix does not fit the record any more")
        codes = _codes(accepted.applied)
        if accepted.is_dropped:
            return self._decide(opened, "accept", replace(opened.state, status="removed"), codes)
        return self._changed(opened, "accept", accepted.raw, codes)

    def edit(self, opened: Opened, now: bytes) -> Decision:
        """Give the record these bytes."""
        gone = {finding.code for finding in opened.open} - {f.code for f in self.tried(opened, now).linted.findings}
        return self._changed(opened, "edit", now, tuple(sorted(gone)))

    def keep(self, opened: Opened, findings: Sequence[Finding], reason: str) -> Decision:
        """Accept findings as they are, for a reason."""
        return self._decide(opened, "keep", _with_kept(opened, findings, reason), _codes(findings))

    def remove(self, opened: Opened, note: str = "") -> Decision:
        """Take the record out of the data."""
        state = replace(opened.state, status="removed", note=note)
        return self._decide(opened, "remove", state, _codes(opened.open))

    def discuss(self, opened: Opened, note: str = "") -> Decision:
        """Leave it to a talk with others."""
        return self._decide(opened, "discuss", replace(opened.state, status="discuss", note=note), ())

    def reopen(self, opened: Opened) -> Decision:
        """Back to how it stands in the file."""
        return self._decide(opened, "reopen", State(), ())

    def undo(self) -> tuple[list[Decision], list[Conflict]]:
        """Take back one's own last decision."""
        done = self.store.undo()
        self.sync()
        return done

    def redo(self) -> tuple[list[Decision], list[Conflict]]:
        """Do again what was taken back last."""
        done = self.store.redo()
        self.sync()
        return done

    def _changed(self, opened: Opened, action: Action, now: bytes, codes: tuple[str, ...]) -> Decision:
        return self._decide(opened, action, self._state(opened, now), codes)

    def _state(self, opened: Opened, now: bytes) -> State:
        """What a record with other bytes is: open as long as something is found in it."""
        return self._state_of(self.tried(opened, now))

    def _state_of(self, tried: Opened) -> State:
        left, opened, now = tried.open, tried, tried.now
        raw = None if now == opened.raw else now
        kept = opened.state.kept
        status: Status = "open" if left else "fixed" if raw is not None else "kept" if kept else "open"
        return State(status, raw, kept)

    def _decide(self, opened: Opened, action: Action, state: State, codes: tuple[str, ...]) -> Decision:
        decision = self.store.decide(opened.row.key, action, state, seen=opened.seen, codes=codes)
        self.sync()
        return decision

    # --- many records

    def fixed_by(self, shown: Filter, code: str) -> Iterator[Change]:
        """What the rule's fix makes of each record of the filter that it knows one for, one after the other."""
        for row_id in self.index.ids(replace(shown, codes=(code,))):
            change = self._change(row_id, code, shown.statuses)
            if change is not None and change.accepted.applied:
                yield change

    def previewed(self, shown: Filter, code: str, count: int = _PREVIEWED) -> list[Change]:
        """As `fixed_by`, no more than `count` of them, from all over the filter."""
        found: list[Change] = []
        for row_id in _spread(self.index.ids(replace(shown, codes=(code,))), 3 * count):
            change = self._change(row_id, code, shown.statuses)
            if change is not None and change.accepted.applied:
                found.append(change)
        return _spread(found, count)

    def _change(self, row_id: int, code: str, wanted: tuple[Status, ...]) -> Change | None:
        row = self.index.row(row_id)
        if row is None or (row.status in _SETTLED and row.status not in wanted):
            return None
        opened = self.open(row)
        return Change(opened, self.proposal(opened, [f for f in opened.fixable if f.code == code]))

    def accept_all(self, shown: Filter, code: str, progress: Progress = _silent, upto: int | None = None) -> Done:
        """Apply a rule's fix to all records of the filter, as one stroke that one undo takes back.

        Nothing more is decided once `progress` has returned False. With `upto`, the id of the last decision that the
        reviewer has seen, records that somebody else has decided on since are conflicts.
        """
        ids = self.index.ids(replace(shown, codes=(code,)))
        return self._decide_all((self._fix(row_id, code, shown.statuses) for row_id in ids), progress, upto)

    def would_accept(self, shown: Filter, code: str, most: int = _SURVEYED) -> Done:
        """What `accept_all` would come to, told from no more than `most` records from all over the filter."""
        ids = _spread(self.index.ids(replace(shown, codes=(code,))), most)
        found = [self._fix(row_id, code, shown.statuses) for row_id in ids]
        why = Counter(reason for reason in found if isinstance(reason, str))
        return Done(len(found) - why.total(), 0, why)

    def _fix(self, row_id: int, code: str, wanted: tuple[Status, ...]) -> Draft | str:
        """A decision that applies a rule's fix to a record of one of the statuses; else why there is none."""
        row = self.index.row(row_id)
        if row is None:
            return "It is not in the index any more."
        opened = self._as_found(row)
        status = opened.state.status
        if status in _SETTLED and status not in wanted:
            return _SETTLED[status]
        accepted = self.proposal(opened, [finding for finding in opened.fixable if finding.code == code])
        if not accepted.applied:
            known = any(finding.code == code for finding in accepted.unfit)
            return "The fix does not fit it, or changes nothing." if known else "No fix is known for it."
        if accepted.is_dropped:
            state = replace(opened.state, status="removed")
        else:
            tried = self._retried(opened, accepted.raw)
            if harm := self._harm(opened, tried):
                return harm[0]
            state = self._state_of(tried)
        return Draft(opened.row.key, "accept", state, opened.seen, (code,))

    def _as_found(self, row: Row) -> Opened:
        """A record as `open` gives it, but no example of it: of thousands, each is linted as seldom as can be.

        What the check has said of a record on which nobody has decided holds.
        """
        if self.store.current(row.key) is not None:
            return self.open(row)
        file, raw, found = self.files()[row.file], self.index.raw(row), self.index.findings(row.id)
        kept = [finding for finding in found if finding.suppressed is not None]
        linted = Linted([finding for finding in found if finding.suppressed is None], kept=kept)
        return Opened(row, file, raw, raw, None, linted, None, self.plan(file.number))

    def _retried(self, opened: Opened, now: bytes) -> Opened:
        """As `tried`, for what `_as_found` gave."""
        if opened.decision is not None:
            return self.tried(opened, now)
        row, found = opened.row, [*opened.linted.findings, *opened.linted.kept]
        linted = self.linter(opened.file).lint(now, row.line, row.column, was=opened.raw, before=found)
        return replace(opened, now=now, linted=linted)

    def keep_one(self, group: Group, kept: Row, upto: int | None = None, progress: Progress = _silent) -> Done:
        """Of a cluster keep one record, and remove the others; `upto` and `progress` as in `accept_all`."""
        return self._decide_all(self._others(group, kept), progress, upto)

    def _others(self, group: Group, kept: Row) -> Iterator[Draft | str]:
        codes = (group.code,)
        for row in self._members(group):
            decision = self.store.current(row.key)
            state, seen = (decision.state, decision.id) if decision is not None else (State(), 0)
            if row.key != kept.key:
                if state.status != "removed":
                    yield Draft(row.key, "remove", replace(state, status="removed"), seen, codes)
            elif state.status == "removed":
                yield Draft(row.key, "reopen", State(), seen)
            elif {finding.code for finding in self.open(row).open} == {group.code}:
                # Nothing is wrong with it once the others are gone; the rule was right all the same.
                yield Draft(row.key, "accept", replace(state, status="kept"), seen, codes)

    def _members(self, group: Group) -> list[Row]:
        """The records of a cluster, each once, also where its file was given twice."""
        return list({row.key: row for row in reversed(self.index.members(group))}.values())[::-1]

    def keep_all(self, group: Group, reason: str, upto: int | None = None, progress: Progress = _silent) -> Done:
        """Accept what was found about a cluster, in all of its records; `upto` and `progress` as in `accept_all`."""
        return self._decide_all(self._kept(group, reason), progress, upto)

    def _kept(self, group: Group, reason: str) -> Iterator[Draft]:
        for row in self._members(group):
            opened = self.open(row)
            findings = [f for f in (*opened.open, *opened.linted.later) if f.code == group.code]
            if findings:
                yield Draft(row.key, "keep", _with_kept(opened, findings, reason), opened.seen, (group.code,))

    def relabel_all(self, group: Group, label: str, upto: int | None = None, progress: Progress = _silent) -> Done:
        """Give every record of a cluster that has a label another one; `upto` and `progress` as in `accept_all`."""
        return self._decide_all(self._relabelled(group, label), progress, upto)

    def _relabelled(self, group: Group, label: str) -> Iterator[Draft | str]:
        for row in self._members(group):
            opened = self.open(row)
            if opened.state.status == "removed":
                yield _SETTLED["removed"]
                continue
            if opened.example is None:
                yield "It is no single record."
                continue
            try:
                now = deciding.relabel(opened.now, opened.example, label, opened.plan.conventions)
            except ValueError as error:
                yield f"It cannot be relabelled: {error}."
                continue
            if now != opened.now:
                yield Draft(row.key, "edit", self._state(opened, now), opened.seen, (group.code,))

    def _decide_all(
        self,
        drafts: Iterable[Draft | str],
        progress: Progress = _silent,
        upto: int | None = None,
    ) -> Done:
        """Write decisions at one stroke; a text is a record that is passed over, and why."""
        decided = conflicts = 0
        is_whole = True
        why: Counter[str] = Counter()
        waiting: list[Draft] = []
        batch = ""

        def write() -> None:
            nonlocal decided, conflicts, batch
            done, late = self.store.decide_all(waiting, batch)
            batch = done[0].batch if done else batch
            decided, conflicts = decided + len(done), conflicts + len(late)
            waiting.clear()

        try:
            for number, draft in enumerate(drafts, 1):
                if isinstance(draft, str):
                    why[draft] += 1
                elif upto is not None and draft.seen > upto and self._is_of_others(draft.key):
                    conflicts += 1
                else:
                    waiting.append(draft)
                if len(waiting) >= _STROKE:
                    write()
                if progress(number) is False:
                    is_whole = False
                    break
            if waiting:
                write()
        finally:
            self.sync()
        return Done(decided, conflicts, why, is_whole)

    def _is_of_others(self, key: Key) -> bool:
        decision = self.store.current(key)
        return decision is not None and decision.reviewer != self.store.reviewer

    # --- others

    def sync(self) -> None:
        """Bring the queue up to date with all that was decided since, by whomever."""
        checking = self.checking
        found: dict[Key, None] = {}

        def passing(decisions: Iterable[Decision]) -> Iterator[Decision]:
            for decision in decisions:  # not all at once: they hold the records
                found[decision.key] = None
                yield decision

        with checking.lock:
            last = self.store.last_id  # before reading, so that nothing written meanwhile is missed
            new = self.store.since(checking.synced) if checking.synced else self.store.currents()
            self.index.sync(passing(new))
            checking.synced = last
        keys = list(found)
        self._follow(keys[-_FOLLOWED:])
        if len(keys) > _FOLLOWED:
            threading.Thread(target=self._follow_later, args=(keys[:-_FOLLOWED],), daemon=True).start()

    def _follow_later(self, keys: Sequence[Key]) -> None:
        with suppress(UsageError):  # the server is ending
            self._follow(keys)

    def _follow(self, keys: Iterable[Key]) -> None:
        """List records in the queue by what is left to be decided about them."""
        for key in keys:
            for row in self.index.find_all(key):
                # As it is when its turn comes: of two threads the later must not bring back what the earlier saw.
                with self.checking.lock:
                    self.index.update(row.id, self._left(row))

    def _left(self, row: Row) -> list[Finding] | None:
        """What is still found in a record of which only a part is decided; None for all others."""
        decision = self.store.current(row.key)
        if decision is None or decision.state.status not in ("open", "discuss"):
            return None
        state = decision.state
        if state.raw is None:
            kept = {(item.code, item.pointer) for item in state.kept}
            return [f for f in self.index.findings(row.id) if (f.code, f.pointer) not in kept] if kept else None
        try:
            return self.open(row).open
        except InputError:  # the file has changed: its page says so
            return None

    def precision(self, code: str) -> tuple[int, int]:
        """How many answers to a rule accepted it, and how many rejected it."""
        return self.store.precision(code)

    def history(self, key: Key) -> list[Decision]:
        """All decisions about a record."""
        return self.store.history(key)


def _with_kept(opened: Opened, findings: Sequence[Finding], reason: str) -> State:
    """The state of a record in which these findings stay, too."""
    kept = {(item.code, item.pointer): item for item in opened.state.kept}
    kept |= {(f.code, f.pointer): Kept(f.code, f.pointer, reason) for f in findings}
    left = [f for f in opened.open if (f.code, f.pointer) not in kept]
    status: Status = "open" if left else "fixed" if opened.state.raw is not None else "kept"
    return replace(opened.state, status=status, kept=tuple(kept.values()))


def _is_about_one(finding: Finding) -> bool:
    return not (is_for_every(finding) or is_for_related(finding) or is_whole(finding) or is_transcoding(finding))


def _codes(findings: Sequence[Finding]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(finding.code for finding in findings))


def _spread(found: Sequence[_Item], most: int) -> list[_Item]:
    """No more than that many of them, from all over."""
    count = min(most, len(found))
    return [found[number * len(found) // count] for number in range(count)]
