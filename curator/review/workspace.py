"""What the pages work with: the queue, one record at a time, and everything that can be decided about it.

It joins the check, the decisions and the rules of single records; no page decides anything by itself.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from curator import catalogue
from curator.catalogue import Rule
from curator.conventions import SYSTEM_ROLES
from curator.errors import InputError, UsageError
from curator.model import Finding
from curator.plan import Plan
from curator.review.checking import Checking
from curator.review.decisions import deciding
from curator.review.decisions.deciding import Accepted
from curator.review.decisions.linting import Linter
from curator.review.decisions.store import Conflict, Store
from curator.review.index.queries import Index
from curator.review.many import Many
from curator.review.opened import Opened, with_kept
from curator.review.rendering.understanding import understood
from curator.review.serving import ReviewOptions
from curator.review.states import Action, DataFile, Decision, Key, Row, State, Status

_FOLLOWED = 100  # records that are linted before the page goes on; the rest is, meanwhile
_REMEMBERED = 2000  # records whose first words are kept in mind
_WORDS = 80  # code points of them
_QUICK = 50_000  # bytes of a record that is read for them


class Workspace:
    """One reviewer's work on one check. Any thread may ask."""

    def __init__(self, checking: Checking, reviewer: str) -> None:
        """Raises UsageError where decisions cannot be kept."""
        self.checking = checking
        self.store = Store(Path(checking.folder), reviewer)
        self.many = Many(self)
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
        return self.harm_of(opened, self.tried(opened, now))

    def harm_of(self, opened: Opened, tried: Opened) -> list[str]:
        """What speaks against what was tried; a sentence each."""
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
        return self._decide(opened, "keep", with_kept(opened, findings, reason), _codes(findings))

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
        return self._decide(opened, action, self.state_of(self.tried(opened, now)), codes)

    def state_of(self, tried: Opened) -> State:
        """What a record with the bytes that were tried is: open as long as something is found in it."""
        left, opened, now = tried.open, tried, tried.now
        raw = None if now == opened.raw else now
        kept = opened.state.kept
        status: Status = "open" if left else "fixed" if raw is not None else "kept" if kept else "open"
        return State(status, raw, kept)

    def _decide(self, opened: Opened, action: Action, state: State, codes: tuple[str, ...]) -> Decision:
        decision = self.store.decide(opened.row.key, action, state, seen=opened.seen, codes=codes)
        self.sync()
        return decision

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


def _codes(findings: Sequence[Finding]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(finding.code for finding in findings))
