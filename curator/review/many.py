"""Decisions about many records at one stroke: a rule's fix for a whole view, and the answer to a cluster."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, TypeVar

from curator.review.decisions import deciding
from curator.review.decisions.deciding import Accepted
from curator.review.decisions.linting import Linted
from curator.review.decisions.store import Draft
from curator.review.index.queries import Group
from curator.review.opened import Opened, with_kept
from curator.review.states import Filter, Key, Row, State, Status

if TYPE_CHECKING:
    from curator.review.workspace import Workspace

_Item = TypeVar("_Item")
Progress = Callable[[int], object]
"""Called with the number of records that are done."""
_STROKE = 2000  # decisions that are written at once, so that a progress bar has something to say
_SURVEYED = 500  # records that are tried before a fix is applied to many
_PREVIEWED = 10
"""Records that are shown before a fix is applied to many (issue: "after a preview of ten")."""
_SETTLED: Mapping[Status, str] = {"removed": "It is to be removed.", "discuss": "It is to be discussed."}
"""Why a decision about many records passes one over, unless the view asks for such ones."""


def _silent(done: int) -> None:
    """For those who do not want to hear."""


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


class Many:
    """What a reviewer can decide about many records. Any thread may ask."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def fixed_by(self, shown: Filter, code: str) -> Iterator[Change]:
        """What the rule's fix makes of each record of the filter that it knows one for, one after the other."""
        for row_id in self._workspace.index.ids(replace(shown, codes=(code,))):
            change = self._change(row_id, code, shown.statuses)
            if change is not None and change.accepted.applied:
                yield change

    def previewed(self, shown: Filter, code: str, count: int = _PREVIEWED) -> list[Change]:
        """As `fixed_by`, no more than `count` of them, from all over the filter."""
        found: list[Change] = []
        for row_id in _spread(self._workspace.index.ids(replace(shown, codes=(code,))), 3 * count):
            change = self._change(row_id, code, shown.statuses)
            if change is not None and change.accepted.applied:
                found.append(change)
        return _spread(found, count)

    def _change(self, row_id: int, code: str, wanted: tuple[Status, ...]) -> Change | None:
        row = self._workspace.index.row(row_id)
        if row is None or (row.status in _SETTLED and row.status not in wanted):
            return None
        opened = self._workspace.open(row)
        return Change(opened, self._workspace.proposal(opened, [f for f in opened.fixable if f.code == code]))

    def accept_all(self, shown: Filter, code: str, progress: Progress = _silent, upto: int | None = None) -> Done:
        """Apply a rule's fix to all records of the filter, as one stroke that one undo takes back.

        Nothing more is decided once `progress` has returned False. With `upto`, the id of the last decision that the
        reviewer has seen, records that somebody else has decided on since are conflicts.
        """
        ids = self._workspace.index.ids(replace(shown, codes=(code,)))
        return self._decide_all((self._fix(row_id, code, shown.statuses) for row_id in ids), progress, upto)

    def would_accept(self, shown: Filter, code: str, most: int = _SURVEYED) -> Done:
        """What `accept_all` would come to, told from no more than `most` records from all over the filter."""
        ids = _spread(self._workspace.index.ids(replace(shown, codes=(code,))), most)
        found = [self._fix(row_id, code, shown.statuses) for row_id in ids]
        why = Counter(reason for reason in found if isinstance(reason, str))
        return Done(len(found) - why.total(), 0, why)

    def _fix(self, row_id: int, code: str, wanted: tuple[Status, ...]) -> Draft | str:
        """A decision that applies a rule's fix to a record of one of the statuses; else why there is none."""
        row = self._workspace.index.row(row_id)
        if row is None:
            return "It is not in the index any more."
        opened = self._as_found(row)
        status = opened.state.status
        if status in _SETTLED and status not in wanted:
            return _SETTLED[status]
        accepted = self._workspace.proposal(opened, [finding for finding in opened.fixable if finding.code == code])
        if not accepted.applied:
            known = any(finding.code == code for finding in accepted.unfit)
            return "The fix does not fit it, or changes nothing." if known else "No fix is known for it."
        if accepted.is_dropped:
            state = replace(opened.state, status="removed")
        else:
            tried = self._retried(opened, accepted.raw)
            if harm := self._workspace.harm_of(opened, tried):
                return harm[0]
            state = self._workspace.state_of(tried)
        return Draft(opened.row.key, "accept", state, opened.seen, (code,))

    def _as_found(self, row: Row) -> Opened:
        """A record as `open` gives it, but no example of it: of thousands, each is linted as seldom as can be.

        What the check has said of a record on which nobody has decided holds.
        """
        if self._workspace.store.current(row.key) is not None:
            return self._workspace.open(row)
        file, raw = self._workspace.files()[row.file], self._workspace.index.raw(row)
        found = self._workspace.index.findings(row.id)
        kept = [finding for finding in found if finding.suppressed is not None]
        linted = Linted([finding for finding in found if finding.suppressed is None], kept=kept)
        return Opened(row, file, raw, raw, None, linted, None, self._workspace.plan(file.number))

    def _retried(self, opened: Opened, now: bytes) -> Opened:
        """As `tried`, for what `_as_found` gave."""
        if opened.decision is not None:
            return self._workspace.tried(opened, now)
        row, found = opened.row, [*opened.linted.findings, *opened.linted.kept]
        linted = self._workspace.linter(opened.file).lint(now, row.line, row.column, was=opened.raw, before=found)
        return replace(opened, now=now, linted=linted)

    def keep_one(self, group: Group, kept: Row, upto: int | None = None, progress: Progress = _silent) -> Done:
        """Of a cluster keep one record, and remove the others; `upto` and `progress` as in `accept_all`."""
        return self._decide_all(self._others(group, kept), progress, upto)

    def _others(self, group: Group, kept: Row) -> Iterator[Draft | str]:
        codes = (group.code,)
        for row in self._members(group):
            decision = self._workspace.store.current(row.key)
            state, seen = (decision.state, decision.id) if decision is not None else (State(), 0)
            if row.key != kept.key:
                if state.status != "removed":
                    yield Draft(row.key, "remove", replace(state, status="removed"), seen, codes)
            elif state.status == "removed":
                yield Draft(row.key, "reopen", State(), seen)
            elif {finding.code for finding in self._workspace.open(row).open} == {group.code}:
                # Nothing is wrong with it once the others are gone; the rule was right all the same.
                yield Draft(row.key, "accept", replace(state, status="kept"), seen, codes)

    def _members(self, group: Group) -> list[Row]:
        """The records of a cluster, each once, also where its file was given twice."""
        return list({row.key: row for row in reversed(self._workspace.index.members(group))}.values())[::-1]

    def keep_all(self, group: Group, reason: str, upto: int | None = None, progress: Progress = _silent) -> Done:
        """Accept what was found about a cluster, in all of its records; `upto` and `progress` as in `accept_all`."""
        return self._decide_all(self._kept(group, reason), progress, upto)

    def _kept(self, group: Group, reason: str) -> Iterator[Draft]:
        for row in self._members(group):
            opened = self._workspace.open(row)
            findings = [f for f in (*opened.open, *opened.linted.later) if f.code == group.code]
            if findings:
                yield Draft(row.key, "keep", with_kept(opened, findings, reason), opened.seen, (group.code,))

    def relabel_all(self, group: Group, label: str, upto: int | None = None, progress: Progress = _silent) -> Done:
        """Give every record of a cluster that has a label another one; `upto` and `progress` as in `accept_all`."""
        return self._decide_all(self._relabelled(group, label), progress, upto)

    def _relabelled(self, group: Group, label: str) -> Iterator[Draft | str]:
        for row in self._members(group):
            opened = self._workspace.open(row)
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
                state = self._workspace.state_of(self._workspace.tried(opened, now))
                yield Draft(row.key, "edit", state, opened.seen, (group.code,))

    def _decide_all(self, drafts: Iterable[Draft | str], progress: Progress, upto: int | None) -> Done:
        """Write decisions at one stroke; a text is a record that is passed over, and why."""
        decided = conflicts = 0
        is_whole = True
        why: Counter[str] = Counter()
        waiting: list[Draft] = []
        batch = ""

        def write() -> None:
            nonlocal decided, conflicts, batch
            done, late = self._workspace.store.decide_all(waiting, batch)
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
            self._workspace.sync()
        return Done(decided, conflicts, why, is_whole)

    def _is_of_others(self, key: Key) -> bool:
        decision = self._workspace.store.current(key)
        return decision is not None and decision.reviewer != self._workspace.store.reviewer


def _spread(found: Sequence[_Item], most: int) -> list[_Item]:
    """No more than that many of them, from all over."""
    count = min(most, len(found))
    return [found[number * len(found) // count] for number in range(count)]
