"""The log of decisions: nothing decided is lost, nobody overwrites silently, undo and redo are as in an editor."""

from __future__ import annotations

import base64
import contextlib
import io
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from curator.errors import UsageError
from curator.review.decisions import database, turns
from curator.review.decisions.store import NAME, Conflict, Draft, Store
from curator.review.states import Action, Decision, Kept, Key, State

KEY, OTHER = Key("train.jsonl", "ab" * 16), Key("train.jsonl", "ab" * 16, 1)
FIXED, REMOVED = State("fixed", b'{"a": 1}'), State("removed", note="twice")
KEPT = State("kept", kept=(Kept("FUN001", "/messages/1", "is so in production"),))


@pytest.fixture
def ann(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path, "ann") as store:
        yield store


@pytest.fixture
def ben(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path, "ben") as store:
        yield store


def raw_rows(folder: Path, query: str) -> list[Any]:
    with contextlib.closing(sqlite3.connect(folder / ".curator" / NAME)) as db:
        return db.execute(query).fetchall()


def quick(folder: Path, reviewer: str) -> Store:
    """A store that does not wait for the disk, for the laws that need many."""
    store = Store(folder, reviewer)
    store._db._db.execute("PRAGMA synchronous = OFF")
    return store


# --- what is written is read


texts = st.text(st.characters(), max_size=8) | st.sampled_from(
    ["\ud83d\ude00", "\x00", "\u202e", "\ud800", "x" * 300_000]
)
states = st.builds(
    State,
    st.sampled_from(["open", "fixed", "kept", "removed", "discuss"]),
    st.none() | st.binary(max_size=12),
    st.lists(st.builds(Kept, texts, texts, texts), max_size=2).map(tuple),
    texts,
)
keys = st.builds(Key, texts, texts, st.integers(0, 3))


@settings(max_examples=30)
@given(keys, states, st.lists(texts, max_size=2).map(tuple), texts, texts)
def test_hostile_text_comes_back(key: Key, state: State, codes: tuple[str, ...], batch: str, reviewer: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        with quick(Path(folder), reviewer) as store:
            decision = store.decide(key, "edit", state, seen=0, codes=codes, batch=batch)
        assert (decision.key, decision.state, decision.codes) == (key, state, codes)
        with quick(Path(folder), reviewer) as store:
            assert store.current(key) == decision
            assert store.history(key) == store.since(0) == [decision]
            assert list(store.currents()) == list(store.currents(key.path)) == [decision] * (state != State())
            out = io.StringIO()
            assert store.export(out) == 1
            store.undo()
            assert store.current(key).state == State()  # type: ignore[union-attr]
    line = json.loads(out.getvalue().encode())  # good UTF-8
    assert (line["record"], line["nth"]) == (joined(key.record), key.nth)
    assert (line["note"], line["reviewer"]) == (joined(state.note), joined(reviewer))
    assert [tuple(one.values()) for one in line["kept"]] == [
        (joined(one.code), joined(one.pointer), joined(one.reason)) for one in state.kept
    ]
    raw = base64.b64decode(line["base64"]) if "base64" in line else line["raw"] and line["raw"].encode()
    assert (raw or None) == (state.raw or None)
    assert ("raw" in line) != ("base64" in line)


def joined(text: str) -> str:
    """JSON has one notation for two halves and for the character they make."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass") if "\ud83d\ude00" in text else text


def test_export_is_as_documented(ann: Store) -> None:
    first = ann.decide(KEY, "keep", KEPT, seen=0, codes=("FUN001",))
    ann.undo()
    out = io.StringIO()
    assert ann.export(out) == 2
    lines = [json.loads(line) for line in out.getvalue().splitlines()]
    assert lines[0] == {
        "id": 1, "time": first.time, "reviewer": "ann", "path": "train.jsonl", "record": "ab" * 16, "nth": 0,
        "action": "keep", "codes": ["FUN001"], "status": "kept", "note": "",
        "kept": [{"code": "FUN001", "pointer": "/messages/1", "reason": "is so in production"}],
        "batch": "", "before": 0, "undoes": 0, "raw": None,
    }  # fmt: skip
    assert (lines[1]["action"], lines[1]["before"], lines[1]["undoes"], lines[1]["status"]) == ("undo", 1, 1, "open")
    assert first.time.endswith("+00:00")


def test_many_pages(ann: Store) -> None:
    drafts = [Draft(Key(f"{number % 2}.jsonl", f"{number}"), "accept", FIXED, 0) for number in range(1201)]
    done, conflicts = ann.decide_all(drafts)
    assert (len(done), conflicts, len({one.batch for one in done})) == (1201, [], 1)
    found = ann.currents()
    assert next(found) == done[0]
    ann.decide(drafts[700].key, "remove", REMOVED, seen=701)  # in the middle of reading
    assert list(found) == done[1:]
    assert [one.id for one in ann.currents("1.jsonl")] == list(range(2, 1202, 2))
    assert [one.id for one in ann.currents()] == [*range(1, 701), *range(702, 1203)]
    out = io.StringIO()
    assert ann.export(out) == 1202
    assert [json.loads(line)["id"] for line in out.getvalue().splitlines()] == list(range(1, 1203))


# --- two reviewers


def test_nobody_overwrites_silently(ann: Store, ben: Store) -> None:
    theirs = ann.decide(KEY, "accept", FIXED, seen=0)
    with pytest.raises(Conflict) as caught:
        ben.decide(KEY, "remove", REMOVED, seen=0)
    assert caught.value.other == theirs
    assert ben.since(0) == [theirs]
    mine = ben.decide(KEY, "remove", REMOVED, seen=theirs.id)
    assert mine.before == theirs.id
    assert ann.since(theirs.id) == [mine]
    done, conflicts = ann.decide_all(
        [Draft(KEY, "keep", KEPT, theirs.id), Draft(OTHER, "keep", KEPT, 0), Draft(OTHER, "accept", FIXED, 0)]
    )
    assert [one.key for one in done] == [OTHER]
    assert [one.other for one in conflicts] == [mine, done[0]]
    with pytest.raises(ValueError, match="no decision 9"):
        ann.decide(Key("x", "y"), "keep", KEPT, seen=9)
    assert ann.last_id == 3


def test_undo_stops_at_others(ann: Store, ben: Store) -> None:
    """A conflict is told once; then undo goes on, and comes back when the other has gone."""
    first = ann.decide(OTHER, "accept", FIXED, seen=0)
    mine = ann.decide(KEY, "accept", FIXED, seen=0)
    theirs = ben.decide(KEY, "remove", REMOVED, seen=mine.id)
    with pytest.raises(Conflict) as caught:
        ann.undo()
    assert caught.value.other == theirs
    assert [one.undoes for one in ann.undo()[0]] == [first.id]
    assert not ann.can_undo
    assert ann.undo() == ([], [])
    ben.undo()
    assert ann.can_undo
    assert [one.undoes for one in ann.undo()[0]] == [mine.id]
    theirs = ben.decide(KEY, "keep", KEPT, seen=ann.last_id)
    with pytest.raises(Conflict) as caught:
        ann.redo()
    assert caught.value.other == theirs
    assert [one.undoes for one in ann.redo()[0]] == [first.id]


def test_undo_of_a_batch_leaves_what_others_decided(ann: Store, ben: Store) -> None:
    done, _ = ann.decide_all([Draft(KEY, "accept", FIXED, 0), Draft(OTHER, "accept", FIXED, 0)])
    theirs = ben.decide(KEY, "keep", KEPT, seen=done[0].id)
    back, left = ann.undo()
    assert [one.key for one in back] == [OTHER]
    assert [one.other for one in left] == [theirs]
    again, left = ann.redo()
    assert ([one.undoes for one in again], left) == ([done[1].id], [])
    assert back[0].batch
    assert back[0].batch != done[0].batch


# --- the laws of undo and redo, against a model


@dataclass(frozen=True)
class Version:
    """What stands on a record: a decision, and below it what stood when it was taken."""

    id: int
    state: State
    action: str
    codes: tuple[str, ...]
    below: Version | None

    @property
    def answers(self) -> dict[str, bool]:
        answers = self.below.answers if self.below else {}
        if self.action == "reopen":
            return {}
        for code in self.codes:
            answers.pop(code, None)
            if self.action in ("accept", "remove", "keep"):
                answers[code] = self.action != "keep"
        return answers


class Reviewing(RuleBasedStateMachine):
    """Two reviewers on three records; each has a stack of strokes to undo, and one to redo."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.names = ("ann", "ben")
        self.stores = [quick(self.folder, name) for name in self.names]
        self.top: dict[Key, Version | None] = {Key("a", str(n)): None for n in range(3)}
        self.done: list[list[dict[Key, Version]]] = [[], []]
        self.undone: list[list[tuple[dict[Key, Version], dict[Key, Version]]]] = [[], []]
        self.told: list[list[Any]] = [[], []]
        self.open: list[dict[Key, Version] | None] = [None, None]
        """The stroke that a decision in the same batch would join."""
        self.rows: list[Decision] = []

    def teardown(self) -> None:
        for store in self.stores:
            store.close()
        shutil.rmtree(self.folder)

    def last(self, key: Key) -> int:
        return max((row.id for row in self.rows if row.key == key), default=0)

    who = st.integers(0, 1)
    actions = st.sampled_from(["accept", "edit", "keep", "remove", "discuss", "reopen"])
    named = st.lists(st.sampled_from("XY"), max_size=2).map(tuple)

    @rule(who=who, picked=st.lists(st.tuples(st.integers(0, 2), st.booleans()), min_size=1, max_size=4),
          action=actions, codes=named)  # fmt: skip
    def decide_all(self, who: int, picked: list[tuple[int, bool]], action: Action, codes: tuple[str, ...]) -> None:
        drafts = [self.draft(number, is_late, action, codes) for number, is_late in picked]
        right = {draft.key for draft in drafts if draft.seen == self.last(draft.key)}
        done, conflicts = self.stores[who].decide_all(drafts)
        assert len(done) + len(conflicts) == len(drafts)
        assert {one.key for one in done} == right
        if done:
            self.decided(who, done, None)

    @rule(who=who, number=st.integers(0, 2), is_late=st.booleans(), action=actions, codes=named,
          batch=st.sampled_from(["", "group"]))  # fmt: skip
    def decide(self, who: int, number: int, is_late: bool, action: Action, codes: tuple[str, ...], batch: str) -> None:
        draft = self.draft(number, is_late, action, codes)
        wish = {"seen": draft.seen, "codes": codes, "batch": batch}
        if draft.seen != self.last(draft.key):
            with pytest.raises(Conflict) as caught:
                self.stores[who].decide(draft.key, action, draft.state, **wish)
            assert caught.value.other.id == self.last(draft.key)
            return
        stroke = self.open[who] if batch else None
        self.decided(who, [self.stores[who].decide(draft.key, action, draft.state, **wish)], stroke)
        if batch:
            self.open[who] = self.done[who][-1]

    def draft(self, number: int, is_late: bool, action: Action, codes: tuple[str, ...]) -> Draft:
        key = Key("a", str(number))
        last = self.last(key)
        state = State() if action == "reopen" else State("fixed", note=f"{len(self.rows)}")
        return Draft(key, action, state, last - 1 if is_late and last else last, codes)

    def decided(self, who: int, done: list[Decision], stroke: dict[Key, Version] | None) -> None:
        new = {one.key: Version(one.id, one.state, one.action, one.codes, self.top[one.key]) for one in done}
        self.top |= new
        if stroke is None or stroke.keys() & new.keys():
            self.done[who].append(new)
        else:
            stroke.update(new)
        self.open[who] = None
        self.undone[who].clear()
        self.rows += done

    @rule(who=who)
    def undo(self, who: int) -> None:
        for stroke in reversed(self.done[who]):
            ready = {key: version for key, version in stroke.items() if self.top[key] == version}
            if ready:
                back, left = self.stores[who].undo()
                assert {one.key: one.undoes for one in back} == {key: version.id for key, version in ready.items()}
                assert {one.other.key for one in left} == stroke.keys() - ready.keys()
                self.top |= {key: version.below for key, version in ready.items()}
                self.done[who] = [one for one in self.done[who] if one is not stroke]
                self.undone[who].append((stroke, ready))
                self.rows += back
                self.open[who] = None
                return
            if not any(one is stroke for one in self.told[who]):
                self.told[who].append(stroke)
                with pytest.raises(Conflict):
                    self.stores[who].undo()
                return
        assert self.stores[who].undo() == ([], [])

    @rule(who=who)
    def redo(self, who: int) -> None:
        for pair in reversed(self.undone[who]):
            stroke, taken = pair
            ready = {key: version for key, version in taken.items() if self.top[key] == version.below}
            if ready:
                again, left = self.stores[who].redo()
                assert {one.key: one.undoes for one in again} == {key: version.id for key, version in ready.items()}
                assert {one.other.key for one in left} == taken.keys() - ready.keys()
                self.top |= ready
                self.undone[who] = [one for one in self.undone[who] if one is not pair]
                self.done[who] = sorted([*self.done[who], stroke], key=lambda one: min(v.id for v in one.values()))
                self.rows += again
                self.open[who] = None
                return
            if not any(one is taken for one in self.told[who]):
                self.told[who].append(taken)
                with pytest.raises(Conflict):
                    self.stores[who].redo()
                return
        assert self.stores[who].redo() == ([], [])

    @rule(who=who)
    def restart(self, who: int) -> None:
        self.stores[who].close()
        self.stores[who] = quick(self.folder, self.names[who])
        self.told[who].clear()

    @invariant()
    def same(self) -> None:
        for store in self.stores:
            assert store.since(0) == self.rows
            found = {one.key: one.state for one in store.currents()}
            assert found == {key: top.state for key, top in self.top.items() if top and top.state != State()}
            for code in "XY":
                answers = [top.answers[code] for top in self.top.values() if top and code in top.answers]
                assert store.precision(code) == (answers.count(True), answers.count(False))

    @invariant()
    def can(self) -> None:
        for who, store in enumerate(self.stores):
            assert store.can_undo == any(
                not any(one is stroke for one in self.told[who])
                or any(self.top[key] == version for key, version in stroke.items())
                for stroke in self.done[who]
            )
            assert store.can_redo == any(
                not any(one is taken for one in self.told[who])
                or any(self.top[key] == version.below for key, version in taken.items())
                for _, taken in self.undone[who]
            )

    @precondition(lambda self: self.rows)
    @invariant()
    def derived(self) -> None:
        assert_derived(self.folder, self.rows)


TestReviewing = Reviewing.TestCase
TestReviewing.settings = settings(max_examples=50, stateful_step_count=30)


def assert_derived(folder: Path, rows: list[Decision]) -> None:
    """What is kept beside the log is what the log's own columns say."""
    by_id = {row.id: row for row in rows}
    stands: dict[int, int] = {0: 0}
    stroke: dict[int, int] = {}
    undone: dict[int, int] = {}
    former: dict[str, Decision] = {}
    of_record: dict[Key, int] = {}
    for row in rows:
        assert row.before == of_record.get(row.key, 0)
        of_record[row.key] = row.id
        stands[row.id] = stands[by_id[row.undoes].before] if row.action == "undo" else row.undoes or row.id
        assert row.state == (by_id[stands[row.id]].state if stands[row.id] else State())
        last = former.get(row.reviewer)
        begun = stroke[last.id] if last and row.batch and row.batch == last.batch else 0
        members = {one.key for one in rows if stroke.get(one.id) == begun}
        stroke[row.id] = (
            begun if begun and (row.key not in members) and bool(row.undoes) == bool(last.undoes) else row.id
        )
        former[row.reviewer] = row
        if row.undoes:
            undone[stroke[row.undoes]] = stroke[row.id] if row.action == "undo" else 0
        else:
            undone.setdefault(stroke[row.id], 0)
    assert raw_rows(folder, "SELECT id, stroke, stands FROM decision ORDER BY id") == [
        (row.id, stroke[row.id], stands[row.id]) for row in rows
    ]
    assert dict(raw_rows(folder, "SELECT id, undone FROM stroke")) == undone
    tally: Counter[tuple[bytes, bool]] = Counter()
    for number in of_record.values():
        (answers,) = raw_rows(folder, f"SELECT answers FROM decision WHERE id = {number}")[0]
        tally.update((code.encode(), agrees) for code, agrees in json.loads(answers or b"{}").items())
    counts = raw_rows(folder, "SELECT * FROM tally WHERE accepted OR rejected")
    assert {(code, agrees): n for code, yes, no in counts for agrees, n in ((True, yes), (False, no)) if n} == tally


def test_a_batch_of_single_decisions_is_one_stroke(ann: Store, ben: Store) -> None:
    first = ann.decide(KEY, "remove", REMOVED, seen=0, batch="group")
    ben.decide(Key("b", "b"), "keep", KEPT, seen=0)
    second = ann.decide(OTHER, "keep", KEPT, seen=0, batch="group")
    assert [one.undoes for one in ann.undo()[0]] == [first.id, second.id]
    ann.decide(KEY, "accept", FIXED, seen=ann.last_id - 1, batch="group")  # after the undo: a stroke of its own
    assert len(ann.undo()[0]) == 1
    assert ann.undo() == ([], [])


def test_one_stroke_decides_once_on_each_record(ann: Store) -> None:
    first = ann.decide(KEY, "accept", FIXED, seen=0, batch="group")
    second = ann.decide(KEY, "remove", REMOVED, seen=first.id, batch="group")
    assert [one.undoes for one in ann.undo()[0]] == [second.id]
    assert [one.undoes for one in ann.undo()[0]] == [first.id]
    assert [one.undoes for one in (*ann.redo()[0], *ann.redo()[0])] == [first.id, second.id]
    assert ann.current(KEY).state == REMOVED  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "state", [State("discuss"), State(raw=b""), State(kept=KEPT.kept), State(note="later"), State("open")]
)
def test_only_the_empty_state_is_left_out(ann: Store, state: State) -> None:
    decision = ann.decide(KEY, "edit", state, seen=0)
    assert list(ann.currents()) == [decision] * (state != State())


def test_the_log_is_only_added_to(ann: Store, tmp_path: Path) -> None:
    ann.decide(KEY, "accept", FIXED, seen=0)
    for change in ("DELETE FROM decision", "UPDATE decision SET status = 'open'"):
        with pytest.raises(sqlite3.IntegrityError, match="only added to"):
            raw_rows(tmp_path, change)


# --- kills, threads, processes


KILLS = 40
# A child decides in a loop, and tells each id once decide() has returned; it is killed at a random time.
KILLED = """
import os, random, signal, sys, time
from pathlib import Path
from curator.review.states import Key, State
from curator.review.decisions.store import Draft, Store

folder, kills = Path(sys.argv[1]), int(sys.argv[2])
chance = random.Random(7)
Store(folder, "ann").close()
total = middle = 0
for kill in range(kills):
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        store = Store(folder, "ann")
        for number in range(1 << 30):
            key = Key(f"{kill}", f"{number}")
            if number % 5 == 3:
                ids = [one.id for one in store.undo()[0]]
            elif number % 5 == 4:
                keys = [key, *(Key(f"{kill}", f"{number}-{n}") for n in range(20))]
                drafts = [Draft(one, "accept", State("fixed", b"x" * 900), 0) for one in keys]
                ids = [one.id for one in store.decide_all(drafts)[0]]
            else:
                ids = [store.decide(key, "accept", State("fixed", b"x" * 5000), seen=0).id]
            os.write(writer, b"".join(b"%d\\n" % one for one in ids))
    os.close(writer)
    told = os.read(reader, 1 << 16)  # it has begun
    time.sleep(chance.uniform(0, 0.02))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    while more := os.read(reader, 1 << 16):
        told += more
    os.close(reader)
    with Store(folder, "ann") as store:
        there = [one.id for one in store.since(total)]
        ids = [int(one) for one in told.split(b"\\n")[:-1]]
        assert there[:len(ids)] == ids, (ids[-3:], there[-3:])
        assert len(there) - len(ids) in (0, 1, 21), "half of a batch"
        middle += len(there) > len(ids)
        total = store.last_id
print(total, middle, store.notice)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.parametrize("has_wal", [True, False])
def test_kills_lose_nothing(tmp_path: Path, has_wal: bool) -> None:
    if not has_wal:
        bar_shared_memory(tmp_path)
    command = [sys.executable, "-c", KILLED, str(tmp_path), str(KILLS)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    total, _, *notice = done.stdout.split(maxsplit=2)
    assert int(total) >= KILLS
    assert bool(notice) != has_wal
    with Store(tmp_path, "ann") as store:
        assert_derived(tmp_path, store.since(0))


# Each raises the record's count by one, as often as it can; a lost update would leave a gap. The texts are long, so
# that the write-ahead log is begun anew some times.
RACE = """
import sys
from pathlib import Path
from curator.review.decisions import database
from curator.review.decisions.store import Conflict, Store
from curator.review.states import Key, State

database.WAIT = 300  # on a slow disk, one may lose every draw until the others are through
key, taken = Key("a", "b"), 0
sys.stdin.readline()
with Store(Path(sys.argv[1]), sys.argv[2]) as store:
    while taken < 60:
        last = store.current(key)
        count = int(last.state.note) if last else 0
        try:
            store.decide(key, "edit", State("fixed", b"x" * 50_000, note=f"{count + 1}"), seen=last.id if last else 0)
            taken += 1
        except Conflict:
            pass
"""


def test_processes_wait_for_each_other(tmp_path: Path) -> None:
    """They even make the store at the same time."""
    command = [sys.executable, "-c", RACE, str(tmp_path)]
    pipes = {"stdin": subprocess.PIPE, "stderr": subprocess.PIPE}
    running = [subprocess.Popen([*command, name], **pipes) for name in ("ann", "ben", "cem")]  # type: ignore[call-overload]
    for one in running:
        one.stdin.write(b"go\n")
        one.stdin.flush()
    for one in running:
        assert one.communicate()[1] == b""
        assert one.returncode == 0
    with Store(tmp_path, "ann") as store:
        assert [row.state.note for row in store.history(Key("a", "b"))] == [str(n) for n in range(1, 181)]
    assert raw_rows(tmp_path, "PRAGMA integrity_check") == [("ok",)]


@pytest.mark.skipif(turns.fcntl is None, reason="needs POSIX locks")
def test_a_turn_is_waited_for_to_write_and_not_to_read(ann: Store, ben: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "WAIT", 0.05)
    folder = Path(ann.path).parent.parent
    with ben._db._turns.one(0):
        for write in (lambda: ann.decide(KEY, "accept", FIXED, seen=0), ann.undo, lambda: Store(folder, "cem")):
            with pytest.raises(UsageError, match="another process has been writing"):
                write()
        assert ann.current(KEY) is None
    assert ann.decide(KEY, "accept", FIXED, seen=0).id == 1
    with pytest.raises(UsageError), ben._db.writing():
        raise UsageError("what fails gives its turn back")
    assert ann.decide(OTHER, "accept", FIXED, seen=0).id == 2


def test_threads_share_a_store(ann: Store) -> None:
    failed: list[BaseException] = []

    def work(name: str) -> None:
        try:
            for number in range(40):
                key = Key(name, str(number))
                mine = ann.decide(key, "accept", FIXED, seen=0, codes=("A",))
                assert ann.current(key) == mine
                assert mine in ann.since(mine.id - 1)
                assert any(one == mine for one in ann.currents(name))
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=work, args=(str(number),)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed
    assert (ann.last_id, ann.precision("A")) == (240, (240, 0))


# --- disks and files that are not as we want them


def bar_shared_memory(folder: Path) -> None:
    """As on a network disk: the file that a write-ahead log's readers share cannot be opened."""
    os.makedirs(folder / ".curator" / f"{NAME}-shm")


def test_without_shared_memory(tmp_path: Path) -> None:
    with Store(tmp_path, "ann") as store:
        store.decide(KEY, "accept", FIXED, seen=0)
        assert store.notice == ""
    assert raw_rows(tmp_path, "PRAGMA journal_mode") == [("wal",)]
    bar_shared_memory(tmp_path)  # the folder has moved there
    with Store(tmp_path, "ben") as ben, Store(tmp_path, "ann") as ann:
        for store in (ann, ben):
            assert store.notice.startswith(str(tmp_path / ".curator" / NAME))
            assert "\n" not in store.notice
        assert ben.decide(KEY, "remove", REMOVED, seen=1).id == 2
        assert ann.last_id == 2
        assert ann.decide(OTHER, "remove", REMOVED, seen=0).id == 3
    assert raw_rows(tmp_path, "PRAGMA journal_mode") == [("delete",)]


def test_where_sqlite_declines_a_write_ahead_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    connect = sqlite3.connect

    def dotfile(path: str, **options: Any) -> sqlite3.Connection:
        return connect(
            f"{Path(path).as_uri()}?vfs=unix-dotfile", uri=True, **options
        )  # SQLite's own, for network disks

    monkeypatch.setattr(database.sqlite3, "connect", dotfile)
    with Store(tmp_path, "ann") as store:
        assert "allows no write-ahead log" in store.notice
        assert store.decide(KEY, "accept", FIXED, seen=0).id == 1


def refused(folder: Path) -> str:
    with pytest.raises(UsageError) as caught:
        Store(folder, "ann").decide(KEY, "accept", FIXED, seen=0)
    text = str(caught.value)
    assert text.startswith(str(folder / ".curator"))
    assert "\n" not in text
    return text


def test_files_that_are_none(tmp_path: Path) -> None:
    place = tmp_path / ".curator" / NAME
    with Store(tmp_path, "ann") as store:
        store.decide_all([Draft(Key("a", f"{n}"), "edit", State("fixed", b"x" * 900), 0) for n in range(200)])
    good = place.read_bytes()
    assert (tmp_path / ".curator" / ".gitignore").read_text() == "*\n"

    place.write_bytes(b"no database " * 1000)
    assert "is broken; move it away" in refused(tmp_path)
    place.write_bytes(good[:8192])
    assert "is broken; move it away" in refused(tmp_path)
    place.write_bytes(good)
    raw_rows(tmp_path, "PRAGMA user_version = 2")
    assert "newer curator (format 2); update this one" in refused(tmp_path)
    place.unlink()
    raw_rows(tmp_path, "CREATE TABLE mine (a)")
    assert "is not a store of decisions; move it away" in refused(tmp_path)
    place.unlink()
    place.mkdir()
    assert "cannot be written" in refused(tmp_path)
    shutil.rmtree(tmp_path / ".curator")
    (tmp_path / ".curator").write_text("")
    assert "cannot be made" in refused(tmp_path)


_PLANTED = """CREATE TRIGGER more AFTER INSERT ON decision WHEN new.action != 'remove' BEGIN
    INSERT INTO decision SELECT new.id + 1, new.time, new.reviewer, new.path, new.record, new.nth, 'remove', new.codes,
    new.batch, new.id, 0, new.stroke, new.stands, new.answers, 'removed', new.note, new.kept, new.raw; END"""


def test_a_store_that_writes_more_than_is_decided_is_refused(tmp_path: Path) -> None:
    Store(tmp_path, "ann").close()
    raw_rows(tmp_path, _PLANTED)
    assert "is not a store of decisions; move it away" in refused(tmp_path)


@pytest.mark.parametrize(
    "planted",
    [
        "status = 'done'", "action = 'write'", "raw = 'text'", "raw = 5", "nth = 'x'", "time = 'today'",
        "time = '2026-01-01'", "kept = CAST('[[1, 2, 3]]' AS BLOB)", "codes = CAST('[[]]' AS BLOB)",
        f"kept = CAST('{'[' * 9999}' AS BLOB)", "reviewer = 'ann'",
    ],
)  # fmt: skip
def test_rows_that_we_have_not_written_are_no_traceback(tmp_path: Path, planted: str) -> None:
    with Store(tmp_path, "ann") as store:
        store.decide(KEY, "accept", FIXED, seen=0)
    with contextlib.closing(sqlite3.connect(tmp_path / ".curator" / NAME, isolation_level=None)) as db:
        (trigger,) = db.execute("SELECT sql FROM sqlite_master WHERE name = 'decision_stays'").fetchone()
        db.execute("DROP TRIGGER decision_stays")
        db.execute(f"UPDATE decision SET {planted}")
        db.execute(trigger)
    with Store(tmp_path, "ann") as store, pytest.raises(UsageError, match="is broken; move it away"):
        list(store.currents())


@pytest.mark.skipif(sys.platform == "win32", reason="making links needs a right there")
@pytest.mark.parametrize("name", [".curator", f".curator/{NAME}", f".curator/{NAME}-turn"])
def test_links_are_not_followed(tmp_path: Path, name: str) -> None:
    data, other = tmp_path / "data", tmp_path / "other"
    (data / name).parent.mkdir(parents=True)
    (data / name).symlink_to(other)
    if name == ".curator":
        other.mkdir()
    assert "is a symbolic link" in refused(data)
    assert not other.is_file()
    assert not other.is_dir() or not list(other.iterdir())


def test_what_a_write_restates_is_nobodys_stroke(ann: Store) -> None:
    first, second = Key("a", "r"), Key("a", "r", 1)
    (done, *_), _ = ann.decide_all([Draft(first, "remove", State("removed"), 0), Draft(second, "keep", KEPT, 0)])
    assert [row.state for row in ann.restate({first: KEPT, second: State()})] == [KEPT, State()]
    assert not ann.restate({})
    with pytest.raises(Conflict):  # the decision was on another copy
        ann.undo()
    assert ann.undo() == ([], [])
    current = ann.current(first)
    assert current is not None
    assert (current.state, current.before, current.batch) == (KEPT, done.id, "restated")
    assert ann.redo() == ([], [])


def test_broken_pages_are_no_traceback(tmp_path: Path) -> None:
    with Store(tmp_path, "ann") as store:
        store.decide_all([Draft(Key("a", f"{n}"), "edit", KEPT, 0, ("A",)) for n in range(300)])
    place = tmp_path / ".curator" / NAME
    good = place.read_bytes()
    outcomes = Counter[str]()
    for at in range(100, len(good), 1500):
        place.write_bytes(good[:at] + bytes(byte ^ 0x5A for byte in good[at : at + 40]) + good[at + 40 :])
        try:
            with Store(tmp_path, "ann") as store:
                store.since(0)
                list(store.currents())
                store.precision("A")
                store.undo()
        except UsageError as error:
            outcomes[str(error).partition(": ")[2][:9]] += 1
    assert outcomes["is broken"] > 5


def test_a_store_that_was_deleted_takes_no_more(ann: Store, tmp_path: Path) -> None:
    ann.decide(KEY, "accept", FIXED, seen=0)
    shutil.rmtree(tmp_path / ".curator")
    with pytest.raises(UsageError, match="was moved or deleted"):
        ann.decide(OTHER, "accept", FIXED, seen=0)
    with Store(tmp_path, "ben"), pytest.raises(UsageError, match="was moved or deleted"):
        ann.undo()


def test_waiting_ends(ann: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "WAIT", 0.05)
    with Store(tmp_path, "ben") as ben, contextlib.closing(sqlite3.connect(ben.path, isolation_level=None)) as db:
        db.execute("BEGIN IMMEDIATE")
        with pytest.raises(UsageError, match="another process has been writing"):
            ben.decide(KEY, "accept", FIXED, seen=0)
        db.execute("ROLLBACK")
        assert ben.decide(KEY, "accept", FIXED, seen=0).id == 1


def test_a_full_disk(ann: Store) -> None:
    ann.decide(KEY, "accept", FIXED, seen=0)
    ann._db._db.execute("PRAGMA max_page_count = 20")
    big = replace(FIXED, raw=b"x" * 200_000)
    with pytest.raises(UsageError, match="nothing was saved: the disk is full"):
        ann.decide(OTHER, "accept", big, seen=0)
    assert ann.last_id == 1
    assert ann.decide(OTHER, "accept", FIXED, seen=0).id == 2


# Everything is imported before the rights are given up: nobody may read the interpreter's own folder.
READ_ONLY = """
import os, sys
from pathlib import Path
from curator.errors import UsageError
from curator.review.decisions.store import Store
if os.geteuid() == 0:  # who may write anywhere
    os.setgid(65534)
    os.setuid(65534)
try:
    Store(Path(sys.argv[1]), "ann")
except UsageError as error:
    print(error)
"""


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="needs POSIX rights")
@pytest.mark.parametrize("exists", [True, False])
def test_read_only_folders(exists: bool) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if exists:
            with Store(folder, "ben") as store:
                store.decide(KEY, "accept", FIXED, seen=0)
            (folder / ".curator" / NAME).chmod(0o444)
            (folder / ".curator").chmod(0o555)
        folder.chmod(0o555)
        command = [sys.executable, "-c", READ_ONLY, name]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        for place in (folder, folder / ".curator"):
            if place.exists():
                place.chmod(0o755)
    assert done.stderr == ""
    assert done.stdout.startswith(str(folder / ".curator"))
    assert ("cannot be written" if exists else "cannot be made") in done.stdout
