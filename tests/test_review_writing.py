"""Decisions become files: only decided bytes change, no record is lost, and nothing is applied twice."""

from __future__ import annotations

import contextlib
import errno
import gzip
import json
import os
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_script import patched

import curator
from curator import engine
from curator.errors import UsageError
from curator.findings import record_hash
from curator.fixing import patch
from curator.fixing.placing import Run, stamp
from curator.fixing.relint import units
from curator.fixing.rewriting import Account
from curator.fixing.undoing import undo
from curator.inputs import Dataset
from curator.model import Finding
from curator.plan import Plan
from curator.review.decisions import writing
from curator.review.decisions.linting import Linter
from curator.review.decisions.previewing import FileChange, preview
from curator.review.decisions.writing import Known, refused_in_place, reviewed_path, write_in_place, write_new
from curator.review.states import DataFile, Decision, Kept, Key, State
from curator.settings import Settings


def chat(text: str, more: str = "") -> bytes:
    messages = [{"role": "user", "content": text}, {"role": "assistant", "content": "b"}]
    return json.dumps({"messages": messages}).encode()[:-1] + more.encode() + b"}"


RECORDS = [
    chat("a"),
    chat("a"),
    chat("b"),
    chat("é\u2028"),
    chat("a", ', "n": 1.50'),
    b"{",
    b"",
    b" ",
    b"[1]",
    b'{"a": 1}{"b": 2}',
    b"# no",
]
IN_DOCUMENTS = [chat("a"), chat("a"), chat("b"), b'{\n "a": 1}', b"7", b'"x"', b'{"a": }']
NEW = [chat("new"), chat("a"), chat("b"), b'{"c": "\xc3\xa9"}']
STATES = st.one_of(
    st.just(None),
    st.just(State("removed")),
    st.just(State("discuss", note="?")),
    st.just(State("kept", kept=(Kept("MSG001", "/messages", "meant"),))),
    st.sampled_from(NEW).map(lambda raw: State("fixed", raw)),
)


@dataclass
class Review:
    """A checked file, with a store in memory."""

    path: Path
    file: DataFile
    plan: Plan
    datasets: list[Dataset]
    findings: list[Finding]
    states: dict[Key, State] = field(default_factory=dict)

    def key(self, raw: bytes, nth: int = 0) -> Key:
        return Key(self.file.key_path, record_hash(raw), nth)

    def decide(self, raw: bytes, state: State, nth: int = 0) -> None:
        self.states[self.key(raw, nth)] = state

    def restate(self, states: Mapping[Key, State]) -> None:
        self.states.update(states)

    @property
    def decisions(self) -> list[Decision]:
        found = enumerate(self.states.items(), 1)
        return [
            Decision(n, "2026-01-02T03:04:05Z", "Ann", key, "edit", state, ("MSG001",)) for n, (key, state) in found
        ]

    @property
    def known(self) -> Known:
        def findings(key: Key) -> Iterable[Finding]:
            return [finding for finding in self.findings if finding.record == key.record]

        return Known(self.datasets, findings, lambda file: Linter(self.plan, file))

    def preview(self) -> FileChange:
        (change,) = preview([self.file], self.decisions)
        return change

    def write(self) -> writing.Written:
        return write_in_place(self.preview(), self.known, self.restate, Run())


def review(path: Path, states: Mapping[Key, State] | None = None) -> Review:
    dataset = Dataset(str(path), {"train": (str(path),)}, Settings())
    checked_at = stamp(str(path))
    with engine.checked([dataset]) as (report, files):
        (one,) = files
        source = one.source
        real = source.real_path
        if source.stamp is None:  # the check's own copy ends with it
            real = f"{path}.copy"
            Path(real).write_bytes(Path(source.real_path).read_bytes())
        file = DataFile(
            0, str(path), path.name, real, dataset.name, "train", "", source.head.container, source.head.encoding,
            source.start, source.size, one.counts.records, one.counts.unreadable, checked_at, source.stamp is None,
        )  # fmt: skip
        return Review(path, file, one.bound.plan, [dataset], [*report.findings, *report.suppressed], dict(states or {}))


@contextmanager
def reviewed(data: bytes, name: str = "data.jsonl") -> Iterator[Review]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, name)
        path.write_bytes(data)
        yield review(path)


def decided(rows: list[tuple[bytes, State | None]], to: Review) -> list[bytes]:
    """Puts the states down, each at the key of its row; what every row is to become, without those that go."""
    seen: Counter[bytes] = Counter()
    left = []
    for raw, state in rows:
        if state is not None:
            to.decide(raw, state, seen[raw])
        seen[raw] += 1
        if state is None or state.status != "removed":
            left.append(raw if state is None or state.raw is None else state.raw)
    return left


def fewer(raw: bytes, state: State) -> bool:
    left = b"" if state.status == "removed" else raw if state.raw is None else state.raw
    return units(left).total < units(raw).total


def obeys(rows: list[tuple[bytes, State | None]], on: Review, expected: bytes, data: bytes) -> None:
    """Asserts every law for a file that holds these rows, and is to become `expected`."""
    change = on.preview()
    assert change.account.is_balanced
    assert change.account.entered == on.file.records + on.file.unreadable
    assert change.stale == 0
    assert on.path.read_bytes() == data, "a preview changes nothing"
    target = on.path.with_suffix(".new")
    written = write_new(change, on.known, target)
    assert (target.read_bytes(), on.path.read_bytes()) == (expected, data)
    gone = [raw for raw, state in rows if state is not None and fewer(raw, state)]
    lines = Path(written.aside).read_bytes().splitlines() if written.aside else []
    assert [json.loads(line)["raw"].encode() for line in lines] == gone
    diff = b"".join(patch.written("x", change.rows(10**6)))
    assert patched(data, diff) == expected if diff else data == expected
    # An independent check counts what the account says.
    if expected.strip():
        counted = curator.check(target, isolated=True).inputs[0]
        assert (counted.records, counted.unreadable) == (change.account.records, change.account.unreadable)
    # In place the same; what was written is written once.
    before = dict(on.states)
    on.write()
    assert on.path.read_bytes() == expected
    again = review(on.path, on.states)
    again.write()
    assert on.path.read_bytes() == expected
    again.restate(before)
    if expected != data:
        assert [done.path for done in undo([str(on.path)], together=False).files] == [str(on.path)]
    assert on.path.read_bytes() == data


@settings(max_examples=30)
@given(
    st.lists(st.tuples(st.sampled_from(RECORDS), STATES), max_size=8),
    st.sampled_from([b"\n", b"\r\n"]), st.booleans(), st.booleans(),
)  # fmt: skip
def test_lines(rows: list[tuple[bytes, State | None]], ending: bytes, has_mark: bool, is_closed: bool) -> None:
    # The first line says what the file is; the last one is no blank without an ending, which would be no line.
    rows = [(chat("first"), None), *rows, (chat("last"), rows[0][1] if rows else None)]
    mark = b"\xef\xbb\xbf" if has_mark else b""

    def joined(found: list[bytes], is_last_there: bool) -> bytes:
        return (
            mark
            + b"".join(raw + ending for raw in found[:-1])
            + found[-1]
            + (ending if is_closed or not is_last_there else b"")
        )

    data = joined([raw for raw, _ in rows], True)
    with reviewed(data) as on:
        left = decided(rows, on)
        last = rows[-1][1]
        obeys(rows, on, joined(left, last is None or last.status != "removed"), data)


@settings(max_examples=20)
@given(st.lists(st.tuples(st.sampled_from(IN_DOCUMENTS), STATES), max_size=6), st.sampled_from([b",\n  ", b", "]))
def test_documents(rows: list[tuple[bytes, State | None]], gap: bytes) -> None:
    rows = [(chat("first"), None), *rows]
    data = b"[\n  " + gap.join(raw for raw, _ in rows) + b"\n]\n"
    with reviewed(data, "data.json") as on:
        assert on.file.container == "document"
        left = decided(rows, on)
        obeys(rows, on, b"[\n  " + gap.join(left) + b"\n]\n", data)


@given(st.integers(0, 10**6))
@settings(max_examples=20)
def test_copies_count_anew(seed: int) -> None:
    """Of equal records some go and some become equal to others; what was decided about the rest still holds of it."""
    random = Random(seed)
    pool = [chat("a"), chat("b")]
    rows = [random.choice(pool) for _ in range(random.randrange(2, 8))]
    states = [
        random.choice([None, State("removed"), State("discuss", note=str(n)), State("fixed", random.choice(pool))])
        for n in range(len(rows))
    ]
    with reviewed(b"".join(raw + b"\n" for raw in [chat("first"), *rows])) as on:
        decided(list(zip(rows, states, strict=True)), on)
        on.write()
        now = review(on.path, on.states)
        seen: Counter[bytes] = Counter()
        lines = on.path.read_bytes().splitlines()[1:]
        wanted = [
            (raw, state) if state is None or state.raw in (None, raw) else (state.raw, None)
            for raw, state in zip(rows, states, strict=True)
            if state is None or state.status != "removed"
        ]
        assert lines == [raw for raw, _ in wanted]
        for raw, state in wanted:
            found = now.states.get(now.key(raw, seen[raw]), State())
            assert found == (state or State())
            seen[raw] += 1


def test_the_first_of_copies_goes_and_the_second_stays_what_it_is() -> None:
    with reviewed(b"\n".join([chat("x"), chat("a"), chat("a"), chat("a")])) as on:
        on.decide(chat("a"), State("removed"), 0)
        on.decide(chat("a"), State("discuss", note="why?"), 1)
        on.write()
        assert on.path.read_bytes() == b"\n".join([chat("x"), chat("a"), chat("a")])
        assert on.states[on.key(chat("a"), 0)] == State("discuss", note="why?")
        assert on.states[on.key(chat("a"), 1)] == State()


def test_a_refused_write_takes_back_what_it_said_of_copies() -> None:
    data = b"\n".join([chat("x"), chat("a"), chat("a")])
    with reviewed(data) as on:
        on.decide(chat("a"), State("removed"), 0)
        on.decide(chat("a"), State("discuss"), 1)
        change, before, told = on.preview(), dict(on.states), []

        def restate(states: Mapping[Key, State]) -> None:
            told.append(states[on.key(chat("a"))])
            on.restate(states)
            with contextlib.suppress(FileExistsError):  # what is removed cannot be put there
                (on.path.parent / "data.removed.jsonl").mkdir()

        with pytest.raises(UsageError):
            write_in_place(change, on.known, restate, Run())
        assert told == [State("discuss"), State("removed")]
        assert (on.path.read_bytes(), on.states) == (data, before)


def test_a_split_line_is_in_the_sum() -> None:
    two = b'{"messages": []}{"messages": [1]}'
    for ending in (b"\n", b"\r\n"):
        with reviewed(ending.join([chat("x"), two, chat("y")])) as on:
            on.decide(two, State("fixed", two.replace(b"}{", b"}" + ending + b"{")))
            change = on.preview()
            assert (change.account.entered, change.account.split, change.account.records) == (4, 0, 4)
            on.decide(chat("y"), State("fixed", chat("y") + ending + chat("z")))
            assert on.preview().account.split == 1
            on.write()
            assert len(on.path.read_bytes().splitlines()) == 5


@pytest.mark.parametrize(("was", "raw"), [(chat("y"), b"  "), (b'{"a": 1} {"b": 2}', b'{"b": 2}')])
def test_a_record_that_an_edit_takes_away_is_set_aside(was: bytes, raw: bytes) -> None:
    with reviewed(b"\n".join([chat("x"), was])) as on:
        on.decide(was, State("fixed", raw))
        on.decide(chat("x"), State("fixed", chat("x") + b"\n" + chat("z")))
        account = on.preview().account
        assert (account.is_balanced, account.removed, account.split) == (True, 1, 1)
        written = on.write()
        assert [json.loads(line)["raw"].encode() for line in Path(written.aside).read_bytes().splitlines()] == [was]


def test_a_sum_that_does_not_hold_stops_the_writing() -> None:
    data = b"\n".join([chat("x"), chat("y")])
    with reviewed(data) as on:
        on.decide(chat("y"), State("removed"))
        for wrong in (Account(3, 0, 1, 1, 0), Account(3, 0, 2, 1, 0)):
            change = replace(on.preview(), account=wrong)
            for write in (
                lambda change: write_in_place(change, on.known, on.restate, Run()),
                lambda change: write_new(change, on.known),
            ):
                with pytest.raises(UsageError, match="not written"):
                    write(change)
        assert on.path.read_bytes() == data
        assert [entry.name for entry in on.path.parent.iterdir()] == [on.path.name]


def test_an_element_that_takes_its_neighbour_with_it_is_refused() -> None:
    with reviewed(b"[\n" + b",\n".join([chat("x"), chat("y"), chat("z")]) + b"\n]", "data.json") as on:
        on.decide(chat("y"), State("fixed", b'{"a": [1}'))
        with pytest.raises(UsageError, match="not written"):
            on.write()


def test_stale_decisions_are_said_and_not_applied() -> None:
    with reviewed(chat("x") + b"\n") as on:
        on.decide(chat("gone"), State("removed"))
        on.decide(chat("x"), State("removed"), nth=1)
        on.decide(chat("opened"), State())
        change = on.preview()
        assert (change.stale, change.named) == (2, [on.key(chat("gone")), on.key(chat("x"), 1)])
        assert on.write().path == ""


def test_what_is_counted() -> None:
    data = [chat("a"), chat("b"), chat("c"), chat("d"), b"{", chat("e")]
    with reviewed(b"\n".join(data) + b"\n") as on:
        on.decide(data[0], State("removed"))
        on.decide(data[1], State("fixed", chat("new")))
        on.decide(data[2], State("kept", kept=(Kept("MSG013", "/messages/0", "x"),)))
        on.decide(data[3], State("discuss", note="?"))
        on.decide(data[4], State("removed"))
        change = on.preview()
        account = change.account
        assert (account.entered, account.records, account.removed, account.unreadable) == (6, 4, 2, 0)
        assert (change.changed, change.kept, change.discuss) == (1, 1, 1)
        assert change.counts == {
            ("MSG001", "removed"): 2, ("MSG001", "changed"): 1, ("MSG013", "kept"): 1, ("MSG001", "discuss"): 1
        }  # fmt: skip
        shown = [row.tag for row in change.rows(1)]
        assert (shown.count("-"), shown.count("+")) == (1, 0)


# --- what is kept ------------------------------------------------------------------------------


def test_what_suppressions_accept_already_is_not_kept_again() -> None:
    with reviewed(chat("a") + b"\n" + chat("b") + b"\n") as on:
        on.decide(chat("a"), State("kept", kept=(Kept("MSG013", "/messages/0", "x"),)))
        on.decide(chat("b"), State("kept", kept=(Kept("MSG013", "/messages/0", "x"),)))
        still = {on.key(chat("b")): {("MSG013", "/messages/0")}}
        (change,) = preview([on.file], on.decisions, found=lambda key: still.get(key, set()))
        assert (change.kept, change.counts["MSG013", "kept"], len(change.accepted)) == (1, 1, 2)


def entries(folder: Path) -> list[dict[str, str]]:
    path = folder / ".curator-suppressions.jsonl"
    return [json.loads(line) for line in path.read_bytes().splitlines()] if path.exists() else []


def test_what_is_kept_is_suppressed_from_then_on() -> None:
    odd = chat("a").replace(b'"user"', b'"humann"')
    with reviewed(b"\n".join([chat("x"), odd, chat("a"), chat("a")]) + b"\n") as on:
        found = {finding.line: finding for finding in on.findings if finding.line in (2, 4)}
        assert found[4].code == "DUP001"
        on.decide(
            odd,
            State(
                "kept", chat("c").replace(b'"user"', b'"humann"'), (Kept(found[2].code, found[2].pointer, "so it is"),)
            ),
        )
        on.decide(chat("a"), State("kept", kept=(Kept("DUP001", "", "meant twice"),)), 1)
        written = on.write()
        assert sum(written.suppressions.values()) == 2
        assert {(e["rule"], e["reason"], e["who"], e["when"]) for e in entries(on.path.parent)} == {
            (found[2].code, "so it is", "Ann", "2026-01-02T03:04:05Z"),
            ("DUP001", "meant twice", "Ann", "2026-01-02T03:04:05Z"),
        }
        now = curator.check(on.path, isolated=True)
        assert not [f for f in now.findings if (f.code, f.line) in ((found[2].code, 2), ("DUP001", 4))]
        # Once more: nothing is added.
        again = review(on.path, on.states)
        again.write()
        assert len(entries(on.path.parent)) == 2


def test_suppressions_follow_a_record_that_changes_but_not_its_copy() -> None:
    odd = chat("a").replace(b'"user"', b'"humann"')
    for copies in (1, 2):
        with reviewed(b"\n".join([chat("x"), *[odd] * copies]) + b"\n") as on:
            code = next(finding for finding in on.findings if finding.line == 2)
            on.decide(odd, State("kept", kept=(Kept(code.code, code.pointer, "meant"),)), 0)
            on.write()
            on.decide(odd, State("fixed", odd.replace(b'"b"', b'"c"')), 0)
            now = review(on.path, on.states)
            now.write()
            names = {entry["record"] for entry in entries(on.path.parent)}
            assert names == ({record_hash(odd)} if copies == 2 else {record_hash(odd.replace(b'"b"', b'"c"'))})


def test_suppressions_that_two_files_share_are_taken_back_with_both(tmp_path: Path) -> None:
    odd = chat("a").replace(b'"user"', b'"humann"')
    paths = [tmp_path / "a.jsonl", tmp_path / "b.jsonl"]
    for path in paths:
        path.write_bytes(chat("x") + b"\n" + odd)
    last = review(paths[1])
    code = next(finding for finding in last.findings if finding.line == 2)
    last.decide(odd, State("kept", kept=(Kept(code.code, code.pointer, "meant"),)))
    last.write()
    before = entries(tmp_path)
    run = Run()
    for path in paths:
        on = review(path)
        on.decide(odd, State("fixed", odd.replace(b'"b"', b'"c"')))
        write_in_place(on.preview(), on.known, on.restate, run)
    assert entries(tmp_path) != before
    assert len(undo([str(path) for path in paths], together=True).files) == 2
    assert entries(tmp_path) == before


def test_broken_suppressions_stop_the_writing() -> None:
    with reviewed(chat("x") + b"\n" + chat("y")) as on:
        (on.path.parent / ".curator-suppressions.jsonl").write_text("<<<<<<< HEAD\n")
        on.decide(chat("y"), State("removed"))
        with pytest.raises(UsageError, match="merge"):
            on.write()
        assert on.path.read_bytes() == chat("x") + b"\n" + chat("y")


# --- new files ---------------------------------------------------------------------------------


def test_a_new_file_is_never_written_over_another() -> None:
    with reviewed(chat("x") + b"\n" + chat("y")) as on:
        on.decide(chat("y"), State("removed"))
        written = write_new(on.preview(), on.known)
        assert written.path == reviewed_path(on.file) == str(on.path.parent / "data.reviewed.jsonl")
        assert os.path.basename(written.aside) == "data.reviewed.removed.jsonl"
        with pytest.raises(UsageError, match="exists already"):
            write_new(on.preview(), on.known)
        for target in (on.path, on.path.parent / "link"):
            if target != on.path:
                target.symlink_to(on.path)
            with pytest.raises(UsageError, match="the data itself"):
                write_new(on.preview(), on.known, target, overwrite=True)
        on.states.clear()
        assert write_new(on.preview(), on.known, overwrite=True).aside == ""
        assert Path(written.path).read_bytes() == on.path.read_bytes()
        assert not os.path.exists(written.aside)


def test_packed_files_are_written_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "data.jsonl.gz"
    path.write_bytes(gzip.compress(chat("x") + b"\n" + chat("y")))
    on = review(path)
    on.decide(chat("x"), State("removed"))
    assert "compressed" in refused_in_place(on.file)
    with pytest.raises(UsageError, match="compressed"):
        on.write()
    assert Path(write_new(on.preview(), on.known).path).read_bytes() == chat("y")
    assert os.path.basename(reviewed_path(on.file)) == "data.reviewed.jsonl"


# --- what goes wrong ---------------------------------------------------------------------------


def test_links_and_read_only_files_are_refused(tmp_path: Path) -> None:
    path, link = tmp_path / "data.jsonl", tmp_path / "link.jsonl"
    path.write_bytes(chat("x") + b"\n")
    link.symlink_to(path)
    assert "symbolic link" in refused_in_place(review(link).file)
    path.chmod(0o444)
    assert "read-only" in refused_in_place(review(path).file)
    assert "standard input" in refused_in_place(replace(review(path).file, stamp=()))


def test_a_file_that_changed_is_left_alone() -> None:
    with reviewed(chat("x") + b"\n" + chat("y")) as on:
        on.decide(chat("y"), State("removed"))
        change = on.preview()
        on.path.write_bytes(chat("x") + b"\n" + chat("y") + b"\n" + chat("z"))
        for write in (on.preview, on.write, lambda: write_new(change, on.known), lambda: list(change.rows(1))):
            with pytest.raises(UsageError, match="changed"):
                write()
        with pytest.raises(UsageError, match="changed"):
            write_in_place(change, on.known, on.restate, Run())
        assert sorted(entry.name for entry in on.path.parent.iterdir()) == [on.path.name]


def test_a_full_disk_loses_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(handle: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    data = chat("x") + b"\n" + chat("y")
    with reviewed(data) as on:
        on.decide(chat("y"), State("removed"))
        change = on.preview()
        monkeypatch.setattr(os, "fsync", full)
        for write in (
            lambda: write_in_place(change, on.known, on.restate, Run()),
            lambda: write_new(change, on.known),
        ):
            with pytest.raises(UsageError, match="the disk is full"):
                write()
        assert on.path.read_bytes() == data
        assert sorted(entry.name for entry in on.path.parent.iterdir()) == [on.path.name]
