"""What reviewers have decided: a log in `.curator/decisions.sqlite` beside the data, to which rows are only added.

Each row holds the whole state that its record has from then on, so that the last row of a record says
everything. Taking back adds a row, too. What a row *stands for* is the decision in force after it: itself, or,
after an undo, the one that was in force before the decision that was taken back. A decision can be taken back
while it is in force, whatever came and went in between.
"""

from __future__ import annotations

import os
import secrets
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO

from curator.review.decisions import log
from curator.review.decisions.database import Broken, Database
from curator.review.decisions.log import Answers, packed, place
from curator.review.states import Action, Decision, Key, State
from curator.writing import own_folder

NAME = "decisions.sqlite"
_PAGE = 500
"""Ours: rows read at once by those who want all."""


class Conflict(Exception):  # noqa: N818 - nothing has gone wrong; somebody was faster
    """The record has been decided on since; nothing was written about it."""

    def __init__(self, other: Decision) -> None:
        super().__init__(f"{other.reviewer} has decided on this record since, at {other.time}")
        self.other = other
        """The record's last decision."""


@dataclass(frozen=True, slots=True)
class Draft:
    """What somebody wants to decide."""

    key: Key
    action: Action
    state: State
    seen: int
    """The id of the record's last decision as the reviewer saw it; 0 for none."""
    codes: tuple[str, ...] = ()
    """The rules that it answers."""


@dataclass(slots=True)
class _Row:
    """A row before it is written."""

    key: Key
    action: Action
    state: State
    codes: tuple[str, ...]
    before: int
    former: Answers
    """What the record's answers were."""
    answers: Answers
    stands: int = 0
    undoes: int = 0


@dataclass(slots=True)
class _Turn:
    """One undo or redo that may be next."""

    stroke: int
    """The stroke that is taken back, or done again."""
    rows: int
    """The stroke whose rows say which decisions: itself, or for a redo its undo."""
    ready: list[_Row] = field(default_factory=list)
    left: list[Conflict] = field(default_factory=list)


class Store:
    """The decisions about the data of one folder, for one reviewer.

    Any number of threads may share it, and any number of processes may have one of their own on the same folder.
    What a method has returned is on the disk. Every method raises UsageError where the disk or the file fails.
    """

    def __init__(self, folder: Path, reviewer: str) -> None:
        """Open the store of a folder of data, or make it. Raises UsageError."""
        self.reviewer = reviewer
        self._db = Database(os.path.join(own_folder(str(folder)), NAME), log.SCHEMA, log.VERSION)
        self._passed: set[int] = set()
        """_Turn.rows of what cannot be taken back or done again for now; the reviewer has been told so."""

    @property
    def path(self) -> str:
        """The file."""
        return self._db.path

    @property
    def notice(self) -> str:
        """What a reviewer should know about how decisions are kept; mostly nothing."""
        return self._db.notice

    def close(self) -> None:
        """Give the file back. The store cannot be used any more."""
        self._db.close()

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def decide(
        self, key: Key, action: Action, state: State, *, seen: int, codes: Iterable[str] = (), batch: str = ""
    ) -> Decision:
        """The decision, written. Raises Conflict where the record's last decision is not `seen` (0: none).

        What one reviewer decides in one `batch`, one record after the other, is taken back together.
        """
        with self._db.writing():
            done, conflicts = self._decide([Draft(key, action, state, seen, tuple(codes))], batch)
            if conflicts:
                raise conflicts[0]
            return done[0]

    def decide_all(self, drafts: Iterable[Draft], batch: str = "") -> tuple[list[Decision], list[Conflict]]:
        """Decides at one stroke: what was written, all in one batch, and a conflict for each that was not."""
        with self._db.writing():
            return self._decide(drafts, batch or _new_batch())

    def restate(self, states: Mapping[Key, State]) -> list[Decision]:
        """Puts down what holds of records that count anew once a file is rewritten, whatever stood there before.

        Nobody has decided this, so that no undo takes it back: it would say again of one copy what was said of another.
        """
        with self._db.writing():
            rows = []
            for key, state in states.items():
                last, _, former = self._last(key)
                action = _RESTATING.get(state.status, "discuss")
                answers = _answered(former, Draft(key, action, state, last))
                rows.append(_Row(key, action, state, (), last, former, answers))
            return self._append(rows, log.RESTATED) if rows else []

    def _decide(self, drafts: Iterable[Draft], batch: str) -> tuple[list[Decision], list[Conflict]]:
        rows: dict[Key, _Row] = {}
        conflicts, twice = [], []
        for draft in drafts:
            last, _, former = self._last(draft.key)
            if draft.key in rows:
                twice.append(draft.key)
            elif last == draft.seen:
                answers = _answered(former, draft)
                rows[draft.key] = _Row(draft.key, draft.action, draft.state, draft.codes, last, former, answers)
            elif last:
                conflicts.append(Conflict(self._row(last)))
            else:
                raise ValueError(f"there is no decision {draft.seen} on this record")
        if not rows:
            return [], conflicts
        stroke = self._continued(batch, rows)
        done = self._append(rows.values(), batch, stroke)
        if not stroke:
            self._db.run("INSERT INTO stroke VALUES (?, ?, 0)", [(done[0].id, packed(self.reviewer))])
        written = {decision.key: decision for decision in done} if twice else {}
        return done, conflicts + [Conflict(written[key]) for key in twice]

    def _continued(self, batch: str, rows: Iterable[Key]) -> int:
        """The stroke that the batch has begun, where these records may join it; else 0.

        Not when the reviewer has done something else since, nor when one of the records is in it already: one stroke
        decides once on each.
        """
        mine = "SELECT batch, stroke FROM decision WHERE reviewer = ? ORDER BY id DESC LIMIT 1"
        last = self._db.one(mine, packed(self.reviewer)) if batch else None
        if not last or last[0] != packed(batch):
            return 0
        members = self._db.all("SELECT path, record, nth FROM decision WHERE stroke = ?", last[1])
        return last[1] if {log.key(*member) for member in members}.isdisjoint(rows) else 0

    def undo(self) -> tuple[list[Decision], list[Conflict]]:
        """Takes back this reviewer's last decision, with all of its batch: the new rows, and what could not be.

        A decision cannot be taken back while another reviewer's stands on it. Of a batch the others are taken back;
        where nothing is left to take back, Conflict is raised, and the next call goes on with the decision before.
        Both lists are empty where there is nothing more.
        """
        return self._take_turn(back=True)

    def redo(self) -> tuple[list[Decision], list[Conflict]]:
        """Does again what this reviewer took back last, until a new decision; otherwise as `undo`."""
        return self._take_turn(back=False)

    @property
    def can_undo(self) -> bool:
        """Whether `undo` would do something, or has something to say."""
        return self._has_turn(back=True)

    @property
    def can_redo(self) -> bool:
        """Whether `redo` would do something, or has something to say."""
        return self._has_turn(back=False)

    def _take_turn(self, back: bool) -> tuple[list[Decision], list[Conflict]]:
        with self._db.writing():
            for turn in self._turns(back):
                self._fill(turn, back)
                if turn.ready:
                    batch = _new_batch() if len(turn.ready) + len(turn.left) > 1 else ""
                    done = self._append(turn.ready, batch)
                    undone = done[0].id if back else 0
                    self._db.run("UPDATE stroke SET undone = ? WHERE id = ?", [(undone, turn.stroke)])
                    return done, turn.left
                if turn.rows not in self._passed:
                    self._passed.add(turn.rows)
                    raise turn.left[0]
        return [], []

    def _has_turn(self, back: bool) -> bool:
        with self._db.reading():
            for turn in self._turns(back):
                if turn.rows not in self._passed:
                    return True
                self._fill(turn, back)
                if turn.ready:
                    return True
        return False

    def _turns(self, back: bool) -> Iterator[_Turn]:
        """The reviewer's strokes that stand, the last first; or those undone since the last, the last undone first."""
        column, since = ("id", "undone = 0") if back else ("undone", f"undone > ({_LAST_STROKE})")
        query = f"SELECT id, {column} FROM stroke WHERE reviewer = ?1 AND {since} AND {column} < ?2"
        below = 1 << 62
        # One by one: mostly the first will do, of thousands.
        while found := self._db.one(f"{query} ORDER BY {column} DESC LIMIT 1", packed(self.reviewer), below):
            yield _Turn(*found)
            below = found[1]

    def _fill(self, turn: _Turn, back: bool) -> None:
        """What the turn would write, and what others' decisions bar."""
        query = "SELECT id, before, undoes, stands, path, record, nth, codes FROM decision WHERE stroke = ? ORDER BY id"
        action: Action = "undo" if back else "redo"
        for number, before, undoes, stands, *where, codes in self._db.all(query, turn.rows):
            key = log.key(*where)
            last, in_force, former = self._last(key)
            if in_force != (number if back else stands):
                turn.left.append(Conflict(self._row(last)))
                continue
            state, after, answers = self._snapshot(before if back else undoes)
            whom = number if back else undoes
            turn.ready.append(_Row(key, action, state, log.codes(codes), last, former, answers, after, whom))

    def _snapshot(self, number: int) -> tuple[State, int, Answers]:
        """The state a row has left its record in, what it stands for, and the record's answers; 0: as in the file."""
        if not number:
            return State(), 0, {}
        row = self._row(number)
        stands, answers = self._db.one("SELECT stands, answers FROM decision WHERE id = ?", number)
        return row.state, stands, log.answers(answers)

    @property
    def last_id(self) -> int:
        """The id of the log's last row, whoever wrote it; 0 for an empty log."""
        with self._db.reading():
            return self._last_id()

    def current(self, key: Key) -> Decision | None:
        """The record's last decision, an undo or redo among them; None where there is none."""
        with self._db.reading():
            last, _, _ = self._last(key)
            return self._row(last) if last else None

    def currents(self, path: str | None = None) -> Iterator[Decision]:
        """The last decision of every record (of one file) that is not as if nobody had decided, in the log's order.

        All as of the first step: later decisions do not disturb it.
        """
        where, values = ("WHERE path = ?", [packed(path)]) if path is not None else ("", [])
        last = f"SELECT max(id) FROM decision {where} GROUP BY path, record, nth"
        query = f"SELECT id FROM decision WHERE id IN ({last}) AND NOT {log.IS_EMPTY} ORDER BY id"
        with self._db.reading():
            ids = [number for (number,) in self._db.all(query, *values)]
        for start in range(0, len(ids), _PAGE):
            page = ids[start : start + _PAGE]
            with self._db.reading():
                rows = self._rows(f"id IN ({', '.join('?' * len(page))}) ORDER BY id", *page)
            yield from rows

    def history(self, key: Key) -> list[Decision]:
        """All decisions on a record, the first first."""
        with self._db.reading():
            return self._rows(f"{log.OF_RECORD} ORDER BY id", *place(key))

    def since(self, number: int) -> list[Decision]:
        """The rows behind an id, by anyone, in order. Ids only grow: who asks with the last id seen misses nothing."""
        with self._db.reading():
            return self._rows("id > ? ORDER BY id", number)

    def precision(self, code: str) -> tuple[int, int]:
        """How many records' decisions in force agree with a rule, and how many do not.

        To accept, or to remove the record, for the rule agrees; to keep does not; the last of these counts. To edit or
        discuss it for the rule leaves the rule open again, to reopen the record all of its rules.
        """
        with self._db.reading():
            found = self._db.one("SELECT accepted, rejected FROM tally WHERE code = ?", packed(code))
        return (found[0], found[1]) if found else (0, 0)

    def export(self, out: TextIO) -> int:
        """Write the whole log as JSON Lines, oldest first; the number of rows.

        A row has `id`, `time` (ISO 8601, UTC), `reviewer`, `path`, `record` (its hash), `nth`, `action`, `codes`,
        `status`, `note`, `kept` (`code`, `pointer` and `reason` of each finding that stays), `batch`, `before` (the id
        of the record's row before), `undoes` (the id that an undo or redo speaks of) and `raw`: the record's new text,
        or null where it is as in the file. Bytes that are not UTF-8 stand in `base64` instead of `raw`. Half
        surrogates are escaped, so that `out` can be UTF-8.
        """
        last, seen, count = self.last_id, 0, 0
        while seen < last:
            with self._db.reading():
                rows = self._rows("id > ? AND id <= ? ORDER BY id LIMIT ?", seen, last, _PAGE)
            for row in rows:
                out.write(f"{log.json_line(row)}\n")
            seen, count = rows[-1].id, count + len(rows)
        return count

    def _last_id(self) -> int:
        return int(self._db.one("SELECT coalesce(max(id), 0) FROM decision")[0])

    def _last(self, key: Key) -> tuple[int, int, Answers]:
        """The id of the record's last row, what it stands for, and the record's answers."""
        found = self._db.one(_LAST, *place(key))
        return (found[0], found[1], log.answers(found[2])) if found else (0, 0, {})

    def _row(self, number: int) -> Decision:
        rows = self._rows("id = ?", number)
        if not rows:
            raise Broken(f"row {number} is missing")
        return rows[0]

    def _rows(self, where: str, *values: Any) -> list[Decision]:
        return [log.decision(row) for row in self._db.all(f"{log.SELECT} FROM decision WHERE {where}", *values)]

    def _append(self, new: Iterable[_Row], batch: str, stroke: int = 0) -> list[Decision]:
        """Write rows, in this stroke or, where it is 0, in one of their own."""
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        first = self._last_id() + 1
        done, rows = [], []
        changes: Counter[tuple[str, bool]] = Counter()
        for number, row in enumerate(new, first):
            what = (row.key, row.action, row.state, row.codes)
            done.append(Decision(number, now, self.reviewer, *what, batch, row.before, row.undoes))
            stands = row.stands if row.undoes else number
            rows.append(log.columns(done[-1], stroke or first, stands, row.answers))
            changes.update(row.answers.items())
            changes.subtract(row.former.items())
        self._db.run(log.INSERT, rows)
        moved = [(packed(code), by * agrees, by * (not agrees)) for (code, agrees), by in changes.items() if by]
        self._db.run(_COUNT, moved)
        return done


_LAST = f"SELECT id, stands, answers FROM decision WHERE {log.OF_RECORD} ORDER BY id DESC LIMIT 1"
_LAST_STROKE = "SELECT max(id) FROM stroke WHERE reviewer = ?1"
_RESTATING: Mapping[str, Action] = {"open": "reopen", "fixed": "edit", "kept": "keep", "removed": "remove"}
_COUNT = """INSERT INTO tally VALUES (?1, ?2, ?3) ON CONFLICT (code)
    DO UPDATE SET accepted = accepted + ?2, rejected = rejected + ?3"""


def _answered(former: Answers, draft: Draft) -> Answers:
    if draft.action == "reopen" or draft.state == State():
        return {}
    if draft.action in ("accept", "remove", "keep"):
        return {**former, **dict.fromkeys(draft.codes, draft.action != "keep")}
    return {code: agrees for code, agrees in former.items() if code not in draft.codes}


def _new_batch() -> str:
    return secrets.token_hex(8)
