"""The log of decisions as a table: its columns, and a decision of a row.

Text from outside is stored as bytes, because it may hold half surrogates, which SQLite's text cannot. A record's
bytes stand in the last column, so that nobody who wants another one reads through them.
"""

from __future__ import annotations

import base64
import json
import re
from datetime import datetime
from typing import Any, get_args

from curator.review.decisions.database import Broken
from curator.review.states import Action, Decision, Kept, Key, State, Status

VERSION = 1
_STATUSES, _ACTIONS = get_args(Status), get_args(Action)
# `stroke` is the id of the first decision of what one undo takes back. `stands` is the decision in force after the
# row. `answers` are the rules that the record's decisions in force have answered, and whether they agree with each.
# All three, and the tables `stroke` and `tally`, follow from the other columns of the rows before.
SCHEMA = """
CREATE TABLE decision (
    id INTEGER PRIMARY KEY, time TEXT NOT NULL, reviewer BLOB NOT NULL,
    path BLOB NOT NULL, record BLOB NOT NULL, nth INTEGER NOT NULL,
    action TEXT NOT NULL, codes BLOB NOT NULL, batch BLOB NOT NULL, before INTEGER NOT NULL, undoes INTEGER NOT NULL,
    stroke INTEGER NOT NULL, stands INTEGER NOT NULL, answers BLOB NOT NULL,
    status TEXT NOT NULL, note BLOB NOT NULL, kept BLOB NOT NULL, raw BLOB
);
CREATE INDEX decision_record ON decision (path, record, nth);
CREATE INDEX decision_stroke ON decision (stroke);
CREATE INDEX decision_reviewer ON decision (reviewer);
CREATE TRIGGER decision_stays BEFORE UPDATE ON decision BEGIN SELECT RAISE(ABORT, 'the log is only added to'); END;
CREATE TRIGGER decision_remains BEFORE DELETE ON decision BEGIN SELECT RAISE(ABORT, 'the log is only added to'); END;
CREATE TABLE stroke (id INTEGER PRIMARY KEY, reviewer BLOB NOT NULL, undone INTEGER NOT NULL);
CREATE INDEX stroke_reviewer ON stroke (reviewer, undone);
CREATE TABLE tally (code BLOB PRIMARY KEY, accepted INTEGER NOT NULL, rejected INTEGER NOT NULL) WITHOUT ROWID;
"""
SELECT = "SELECT id, time, reviewer, path, record, nth, action, codes, batch, before, undoes, status, note, kept, raw"
INSERT = f"INSERT INTO decision VALUES ({', '.join('?' * 18)})"
IS_EMPTY = "(status = 'open' AND raw IS NULL AND kept = x'' AND note = x'')"
OF_RECORD = "path = ? AND record = ? AND nth = ?"

RESTATED = "restated"
"""The batch of rows that nobody has decided, and that are in no stroke: a write has restated what holds of copies."""

Answers = dict[str, bool]


def columns(new: Decision, stroke: int, stands: int, answers: Answers) -> tuple[Any, ...]:
    """What INSERT takes."""
    state = new.state
    head = (new.id, new.time, packed(new.reviewer), *place(new.key), new.action, _listed(new.codes), packed(new.batch))
    derived = (new.before, new.undoes, stroke, stands, _listed(answers))
    kept = _listed([(one.code, one.pointer, one.reason) for one in state.kept])
    return (*head, *derived, state.status, packed(state.note), kept, state.raw)


def decision(row: tuple[Any, ...]) -> Decision:
    """The decision that SELECT found. Raises Broken: the file may come from anybody, with a clone of the data."""
    number, time, reviewer, path, record, nth, action, codes, batch, before, undoes, status, note, kept, raw = row
    try:
        state = State(status, raw, tuple(Kept(*map(_text, one)) for one in _list(kept)), text(note))
        what = (key(path, record, nth), action, state, tuple(map(_text, _list(codes))))
        is_ours = (
            status in _STATUSES
            and action in _ACTIONS
            and isinstance(raw, bytes | None)
            and datetime.fromisoformat(time).tzinfo is not None
            and all(isinstance(value, int) for value in (nth, before, undoes))
        )
        if is_ours:
            return Decision(number, time, text(reviewer), *what, text(batch), before, undoes)
    except (ValueError, TypeError, AttributeError, RecursionError):
        pass
    raise Broken(f"row {number} cannot be read")


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def answers(column: bytes) -> Answers:
    """The answers of a row. Raises Broken."""
    try:
        return dict(_list(column))
    except (ValueError, TypeError, AttributeError, RecursionError):
        raise Broken("a row's answers cannot be read") from None


def codes(column: bytes) -> tuple[str, ...]:
    """The rules that a row answers. Raises Broken."""
    try:
        return tuple(map(_text, _list(column)))
    except (ValueError, TypeError, AttributeError, RecursionError):
        raise Broken("a row's rules cannot be read") from None


def key(path: bytes, record: bytes, nth: int) -> Key:
    """The record of a row."""
    return Key(text(path), text(record), nth)


def place(key: Key) -> tuple[bytes, bytes, int]:
    """What OF_RECORD takes."""
    return packed(key.path), packed(key.record), key.nth


def packed(value: str) -> bytes:
    """Text as it is stored."""
    return value.encode("utf-8", "surrogatepass")


def text(column: bytes) -> str:
    """The text that was stored."""
    return column.decode("utf-8", "surrogatepass")


def json_line(row: Decision) -> str:
    """A row as Store.export documents it, without line ending. Half surrogates are escaped: it is good UTF-8."""
    state, key = row.state, row.key
    plain: dict[str, Any] = {"id": row.id, "time": row.time, "reviewer": row.reviewer}
    plain |= {"path": key.path, "record": key.record, "nth": key.nth, "action": row.action, "codes": row.codes}
    kept = [{"code": one.code, "pointer": one.pointer, "reason": one.reason} for one in state.kept]
    plain |= {"status": state.status, "note": state.note, "kept": kept}
    plain |= {"batch": row.batch, "before": row.before, "undoes": row.undoes}
    try:
        plain["raw"] = None if state.raw is None else state.raw.decode()
    except UnicodeDecodeError:
        plain["base64"] = base64.b64encode(state.raw or b"").decode()
    line = json.dumps(plain, ensure_ascii=False)
    return line if line.isascii() else _HALVES.sub(lambda half: f"\\u{ord(half[0]):04x}", line)


_HALVES = re.compile("[\ud800-\udfff]")


def _listed(value: Any) -> bytes:
    # Not escaped: two halves that stand beside each other would come back as one character.
    return packed(json.dumps(value, ensure_ascii=False)) if value else b""


def _list(column: bytes) -> Any:
    return json.loads(text(column)) if column else ()
