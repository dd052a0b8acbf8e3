"""The index of a review: nothing that was found is lost, each record stands there once, and can be read again."""

import gzip
import io
import json
import os
import shutil
import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path

import pytest

from curator import api
from curator.errors import InputError, UsageError
from curator.findings import record_hash
from curator.plan import bind
from curator.review.index.building import Progress, run
from curator.review.index.format import STATUSES
from curator.review.index.job import Job
from curator.review.index.queries import Index
from curator.review.states import Decision, Filter, Key, State
from curator.scan import Scanner
from curator.sources import Line, Shard

SAMPLES = Path(__file__).parent.parent / "sample_data"
OPEN = Filter(statuses=("open",))


def chat(question="Is it open?", answer="Yes.", **more):
    return {"messages": [{"role": "user", "content": question}, {"role": "assistant", "content": answer}], **more}


def odd(question="Is it open?", **more):
    """A record with one fault, SCH004."""
    return {"messages": [*chat(question)["messages"], {"role": "asistant", "content": "Yes."}], **more}


def write(path, *records, ending="\n"):
    lines = [record if isinstance(record, str) else json.dumps(record) for record in records]
    path.write_bytes("".join(line + ending for line in lines).encode("utf-8", "surrogatepass"))
    return path


@pytest.fixture
def indexed(tmp_path):
    """A function that checks paths, and opens the index; `.said` are the lines of progress."""
    opened = []

    def index(*paths, **job):
        folder = tmp_path / f"index-{len(opened)}"
        folder.mkdir()
        said = io.BytesIO()
        given = {"isolated": True, "root": str(tmp_path), **job}
        run(Job(str(folder), tuple(map(str, paths)), **given), Progress(said))
        opened.append(Index(folder))
        opened[-1].said = [json.loads(line) for line in said.getvalue().splitlines()]
        return opened[-1]

    yield index
    for item in opened:
        item.close()


def rows(index, shown=Filter()):  # noqa: B008
    return index.page(shown, 0, 10_000)


def all_findings(index):
    return in_order([*index.general(), *(finding for row in rows(index) for finding in index.findings(row.id))])


def in_order(findings):
    return sorted(findings, key=lambda finding: (finding.order, finding.split))


def test_the_samples_with_all_their_findings(indexed):
    names = sorted(map(str, SAMPLES.glob("*.jsonl")))
    index = indexed(*names, isolated=False, root=str(SAMPLES))
    report = api.check(names)
    assert all_findings(index) == in_order(report.findings)
    summary = index.summary()
    assert summary.by_code == dict(report.findings.by_code)
    kinds = Counter((finding.code, str(finding.severity)) for finding in report.findings)
    assert {(code, level): n for code, by in summary.severities.items() for level, n in by.items()} == kinds
    assert any(len(by) > 1 for by in summary.severities.values())
    assert summary.items == index.count(Filter()) == len(rows(index)) > 40
    assert [item["path"] for item in summary.inputs] == [file.path for file in index.files()] == names
    assert summary.inputs[0]["conventions"]["labels"]["billing"] == 111
    for row in rows(index):
        raw = index.raw(row)
        assert row.key.record == record_hash(raw)
        assert index.find(row.key) == row == index.row(row.id)
        findings = index.findings(row.id)
        assert row.codes == tuple(dict.fromkeys(f.code for f in sorted(findings, key=lambda f: (-f.severity, f.code))))
        assert row.severity == str(max(finding.severity for finding in findings))
        assert (row.findings, row.fixable) == (len(findings), sum(finding.fixable for finding in findings))
        whole = Path(index.files()[row.file].path).read_bytes()
        assert whole[row.offset : row.offset + row.size] == raw
        assert whole[: row.offset].count(b"\n") == row.line - 1
    assert index.find(Key("intents.train.jsonl", "0" * 32)) is None


def test_what_the_overview_shows(indexed):
    names = [str(SAMPLES / "intents.train.jsonl"), str(SAMPLES / "tools.jsonl")]
    index = indexed(*names, isolated=False)
    assert index.counted() == 1.0
    labelled, tools = index.statistics().values()
    assert labelled.examples == 443
    assert labelled.labels["billing"] == 111
    assert tools.turns.total() == tools.examples == 58
    assert not tools.labels
    assert len(tools.calls.keys() & tools.declared.keys()) == 3
    report = api.check(names, token_stats=True)
    for item, counted in zip(sorted(report.inputs, key=lambda item: item.path), (labelled, tools), strict=True):
        assert item.tokens.total == sum(tokens * count for tokens, count in counted.tokens.items())
        assert item.tokens.max == max(counted.tokens)
    row = next(row for row in rows(index) if row.codes == ("LAB005",))
    assert row.label in ("acount", "Shipping", "returns.")
    assert row.tokens in labelled.tokens


def test_order_neighbours_and_positions_agree(indexed):
    index = indexed(SAMPLES / "support_chat_flawed.jsonl", SAMPLES / "intents.train.jsonl")
    for sort in ("severity", "place", "tokens", "findings"):
        for shown in (Filter(sort=sort), Filter(sort=sort, severities=("warning",), statuses=("open", "kept"))):
            queue = rows(index, shown)
            assert index.ids(shown) == [row.id for row in queue]
            assert len(queue) == index.count(shown) > 3
            assert [row for first in range(0, len(queue), 7) for row in index.page(shown, first, 7)] == queue
            for place, row in enumerate(queue):
                assert index.position(shown, row.id) == place
                assert index.neighbour(shown, row.id, 1) == (queue[place + 1] if place + 1 < len(queue) else None)
                assert index.neighbour(shown, row.id, -1) == (queue[place - 1] if place else None)
            assert index.neighbour(shown, queue[0].id, 3) == queue[3]
    worst_first = [("error", "warning", "info").index(row.severity) for row in rows(index)]
    assert worst_first == sorted(worst_first)
    tokens = [row.tokens or -1 for row in rows(index, Filter(sort="tokens"))]
    assert tokens == sorted(tokens, reverse=True)
    assert len(set(tokens)) > 5


def turns(raw):
    """Of a chat; None of what is none, or is broken."""
    try:
        return len(json.loads(raw)["messages"])
    except (ValueError, KeyError, TypeError):
        return None


def test_every_filter_leaves_what_it_says(indexed):
    index = indexed(*SAMPLES.glob("*.jsonl"), isolated=False)
    every = rows(index)

    def left(**wanted):
        return set(index.ids(Filter(**wanted)))

    assert left(codes=("JSN001", "SEP002")) == {row.id for row in every if {"JSN001", "SEP002"} & {*row.codes}}
    assert left(severities=("warning",)) == {row.id for row in every if row.severity == "warning"}
    assert left(files=(0, 3)) == {row.id for row in every if row.file in (0, 3)}
    assert left(splits=("validation",)) == {row.id for row in every if row.split == "validation"}
    assert left(labels=("acount",)) == {row.id for row in every if row.label == "acount"}
    assert left(tokens=(20, 30)) == {row.id for row in every if row.tokens is not None and 20 <= row.tokens <= 30}
    spoken = {row.id: number for row in every if (number := turns(index.raw(row))) is not None}
    assert left(turns=(1, 3)) & {*spoken} == {item for item, number in spoken.items() if 1 <= number <= 3} != {*spoken}
    assert left(turns=(5, 1 << 40), tokens=(0, 200)) == left(turns=(5, 99)) & left(tokens=(0, 200)) != set()
    assert left(codes=("NONE",)) == left(labels=("none",)) == left(files=()) - left() == set()
    assert all((left(codes=("SEP002",)), left(splits=("validation",)), left(labels=("acount",)), left(tokens=(20, 30))))
    for column in ("rule", "severity", "file", "split", "label", "status"):
        counts = index.counts_by(column, Filter(splits=("train",)))
        name = {"rule": "codes", "file": "files"}.get(column, "statuses" if column == "status" else f"{column}s")
        name = "severities" if column == "severity" else name
        for value, count in counts.items():
            given = int(value) if column == "file" else value
            assert index.count(Filter(**{"splits": ("train",), name: (given,)})) == count > 0


def test_text_is_found_whatever_its_case_and_not_across_records(indexed, tmp_path):
    path = write(tmp_path / "a.jsonl", *(odd(text) for text in ("Straße alpha", "beta\tx", "MIXED case")))
    index = indexed(path)

    def lines(text):
        return [row.line for row in rows(index, Filter(text=text))]

    assert lines("STRASSE") == lines("alpha") == [1]
    assert lines("Beta\tX") == [2]  # what the escape stands for
    assert lines("mixed CASE") == [3]
    assert lines("yes.") == [1, 2, 3]
    assert lines("yes.\nbeta") == lines("nowhere") == lines("\ud800") == []


def test_records_with_the_same_bytes_are_told_apart(indexed, tmp_path):
    bad, good = odd(), chat("Other?", answer="No.")
    path = write(tmp_path / "a.jsonl", good, bad, good, "", bad, "", bad)
    index = indexed(path, select=("SCH004", "FIL004"))
    assert [(row.line, row.key.nth) for row in rows(index, Filter(sort="place", codes=("SCH004",)))] == [
        (2, 0), (5, 1), (7, 2),
    ]  # fmt: skip
    blank = rows(index, Filter(codes=("FIL004",)))
    assert [index.raw(row) for row in blank] == [b""] * len(blank)
    assert [row.key.nth for row in blank] == list(range(len(blank)))
    assert len({row.key for row in rows(index)}) == len(rows(index))


def test_a_copy_that_is_flagged_comes_after_an_unflagged_first(indexed, tmp_path):
    same = chat()
    path = write(tmp_path / "a.jsonl", same, chat("Else?"), same, same)
    index = indexed(path, select=("DUP001",))
    assert [(row.line, row.key.nth) for row in rows(index)] == [(3, 1), (4, 2)]
    (group,) = index.groups(Filter())
    assert (group.code, group.size, group.open) == ("DUP001", 3, 3)
    first, second, third = index.members(group)
    assert [(row.line, row.key.nth, row.findings) for row in (first, second, third)] == [
        (1, 0, 0),
        (3, 1, 1),
        (4, 2, 1),
    ]
    assert (first.severity, first.codes, index.findings(first.id)) == ("", (), [])
    assert index.raw(first) == json.dumps(same).encode()
    assert index.find(first.key) == first
    assert [item.id for item in index.groups_of(first.id)] == [group.id]
    assert index.group(group.id) == group
    # The first has nothing wrong with it, and is shown with its cluster only.
    assert index.count(Filter()) == 2
    assert index.count(Filter(group=group.id)) == 3
    index.set_status({first.id: "kept", third.id: "removed"})
    assert index.group(group.id).open == 1
    assert index.count_groups(OPEN) == 1
    index.set_status({second.id: "removed"})
    assert index.groups(OPEN) == []


def test_a_cluster_reaches_into_another_file(indexed, tmp_path):
    train = write(tmp_path / "train.jsonl", *(chat(f"Number {n}?") for n in range(20)))
    write(tmp_path / "valid.jsonl", chat("Mine?"), chat("Number 7?"))
    (tmp_path / "curator.toml").write_text('[datasets.both]\ntrain = "train.jsonl"\nvalidation = "valid.jsonl"\n')
    index = indexed(train, tmp_path / "valid.jsonl", config=str(tmp_path / "curator.toml"), isolated=False)
    (group,) = [group for group in index.groups(Filter()) if group.code == "SPL001"]
    assert [(row.split, row.line, row.key.path) for row in index.members(group)] == [
        ("train", 8, "train.jsonl"), ("validation", 2, "valid.jsonl"),
    ]  # fmt: skip


def test_elements_of_a_document(indexed, tmp_path):
    same, other = json.dumps(chat("One?")), json.dumps(odd("Two?"), indent=1)
    for name, text in (
        ("one-line.json", f"[{same}, {json.dumps(json.loads(other))}, {same}]"),
        ("pretty.json", f"[\n{same}, {other},\n{same}\n]"),
    ):
        (tmp_path / name).write_text(text)
        index = indexed(tmp_path / name, select=("DUP001", "SCH004", "FIL002"))
        (group,) = index.groups(Filter())
        assert [(row.key.nth, index.raw(row).decode()) for row in index.members(group)] == [(0, same), (1, same)]
        (row,) = rows(index, Filter(codes=("SCH004",)))
        assert json.loads(index.raw(row)) == json.loads(other)
        assert index.files()[0].container == "document"
        assert not {finding.code for finding in index.general()} & {"DUP001", "SCH004"}


def test_several_records_on_a_line_are_one_item(indexed, tmp_path):
    path = write(tmp_path / "a.jsonl", chat(), json.dumps(odd("A?")) + json.dumps(odd("B?")), chat("C?"))
    index = indexed(path, select=("FIL006", "SCH004"))
    (row,) = rows(index)
    assert (row.line, row.findings, set(row.codes)) == (2, 3, {"FIL006", "SCH004"})
    assert index.raw(row) == path.read_bytes().splitlines()[1]
    assert row.tokens == index.statistics()[0].tokens.total() * row.tokens / 4  # two of the four examples


@pytest.mark.parametrize("kind", ["gz", "utf-16", "mark"])
def test_what_is_not_plain_can_be_read_after_the_check(indexed, tmp_path, kind):
    path = write(tmp_path / "a.jsonl", odd("é"), chat("Other?"), ending="\r\n")
    data = path.read_bytes()
    if kind == "gz":
        path = tmp_path / "a.jsonl.gz"
        path.write_bytes(gzip.compress(data))
    else:
        path.write_text(data.decode(), encoding="utf-16" if kind == "utf-16" else "utf-8-sig", newline="")
    index = indexed(path, select=("SCH004",))
    (row,), (file,) = rows(index), index.files()
    assert index.raw(row) == data.splitlines()[0]
    assert file.is_copy is (kind != "mark")
    assert (file.real_path == str(path)) is (kind == "mark")
    assert file.key_path == path.name
    assert file.stamp
    assert row.tokens is not None


def test_an_encoding_is_said_of_the_file_not_of_its_first_record(indexed, tmp_path):
    path = write(tmp_path / "a.jsonl", odd("A?"), chat("B?"))
    path.write_text(path.read_text(), encoding="utf-16")
    index = indexed(path, select=("FIL001", "SCH004"))
    assert [row.codes for row in rows(index)] == [("SCH004",)]
    assert [finding.code for finding in index.general()] == ["FIL001"]


HOSTILE = {
    "surrogate": '{"messages": [{"role": "user", "content": "\\ud83d"}, {"role": "assistant", "content": "Yes."}]}',
    "nul": json.dumps(odd("null\0byte")),
    "bidi": json.dumps(odd("\u202eevil"), ensure_ascii=False),
    "long": json.dumps(odd("w" * 1_000_000)),
    "keys": json.dumps({**chat(), "x\0\n<b>\u202e": 1}),
    "cut": '{"messages": [{"role": "user", "content": "<script>alert(1)</script>',
    "number": '{"messages": [], "n": ' + "9" * 400 + "}",
    "deep": "[" * 600 + "]" * 600,
}


def test_hostile_texts(indexed, tmp_path):
    path = write(tmp_path / "a.jsonl", *(chat(f"Plain {n}?") for n in range(5)), *HOSTILE.values())
    with path.open("ab") as file:
        file.write(b'{"messages": "\xff\xfe"}\n')
    index = indexed(path)
    assert all_findings(index) == in_order(api.check(path, isolated=True).findings)
    lines = {row.line: row for row in rows(index)}
    assert lines.keys() >= set(range(6, 7 + len(HOSTILE)))
    for number, text in enumerate(HOSTILE.values(), 6):
        assert index.raw(lines[number]) == text.encode()
    assert [row.line for row in rows(index, Filter(text="NULL\0Byte"))] == [7]
    assert [row.line for row in rows(index, Filter(text="w" * 999_999))] == [9]
    assert [row.line for row in rows(index, Filter(text="<SCRIPT>"))] == [11]


def test_hostile_labels(indexed, tmp_path):
    labels = ["\u202eyes", "no\0", "Ж"]
    records = [{"prompt": f"{n}\n\n###\n\n", "completion": f" {labels[n % 3]} END"} for n in range(60)]
    odd = {"prompt": "61", "completion": " no\0 END"}
    index = indexed(write(tmp_path / "a.jsonl", *records, odd))
    assert set(index.statistics()[0].labels) == set(labels)
    (row,) = rows(index, Filter(labels=("no\0",), codes=("SEP002",)))
    assert (row.line, row.label) == (61, "no\0")
    assert index.counts_by("label", Filter(codes=("SEP002",))) == {"no\0": 1}


def test_lines_too_long_to_read_are_said_of_the_file(indexed, tmp_path):
    (tmp_path / "curator.toml").write_text("max-line-bytes = 1000\n")
    path = write(tmp_path / "a.jsonl", chat("w" * 2000), odd())
    index = indexed(path, isolated=False, config=str(tmp_path / "curator.toml"), select=("FIL011", "SCH004"))
    assert [row.line for row in rows(index)] == [2]
    assert [(finding.code, finding.line) for finding in index.general()] == [("FIL011", 1)]


def test_statuses_follow_decisions(indexed, tmp_path):
    index = indexed(SAMPLES / "support_chat_flawed.jsonl", root=str(SAMPLES))
    before = rows(index, OPEN)
    first, second, third = before[:3]
    index.set_status({first.id: "fixed", third.id: "discuss"})
    assert index.count(OPEN) == len(before) - 2
    assert index.counts_by("status", Filter()) == {"open": len(before) - 2, "fixed": 1, "discuss": 1}
    # From a record that is decided, the next open one is reached, and its place is where it was.
    assert index.neighbour(OPEN, first.id, 1) == second
    assert index.position(OPEN, first.id) == 0
    assert index.row(first.id).status == "fixed"

    def decision(number, key, status):
        return Decision(number, "2026-01-01T00:00:00Z", "me", key, "keep", State(status))

    index.sync(
        [
            decision(1, second.key, "kept"), decision(2, first.key, "open"), decision(3, second.key, "removed"),
            decision(4, Key("elsewhere.jsonl", third.key.record), "kept"), decision(5, Key("x", "y"), "kept"),
        ]
    )  # fmt: skip
    assert [index.row(row.id).status for row in (first, second, third)] == ["open", "removed", "discuss"]
    assert index.count(Filter(statuses=STATUSES)) == len(before)


def test_a_changed_file_is_not_read_as_the_old_one(indexed, tmp_path):
    path = write(tmp_path / "a.jsonl", chat(), odd())
    index = indexed(path)
    (row,) = rows(index, Filter(codes=("SCH004",)))
    write(path, odd(x=2), odd())
    with pytest.raises(InputError, match="changed since the check"):
        index.raw(row)
    path.unlink()
    with pytest.raises(InputError, match="cannot be read"):
        index.raw(row)


def test_suppressed_findings_are_counted_and_not_shown(indexed, tmp_path):
    path = write(tmp_path / "a.jsonl", odd(), odd("Other?"))
    whole = indexed(path, select=("SCH004",))
    accepted = {"rule": "SCH004", "path": "a.jsonl", "record": rows(whole)[0].key.record, "pointer": "/messages/2/role"}
    entry = {**accepted, "reason": "so it is", "who": "me", "when": "2026-01-01"}
    (tmp_path / ".curator-suppressions.jsonl").write_text(json.dumps({"version": 1, **entry}) + "\n")
    index = indexed(path, select=("SCH004",))
    expected = api.check(path, isolated=True, select=("SCH004",))
    assert index.summary().suppressed == {"SCH004": len(expected.suppressed)} == {"SCH004": 1}
    assert index.count(Filter()) == len(expected.findings)


def test_a_file_that_cannot_be_read_does_not_stop_the_others(indexed, tmp_path):
    good = write(tmp_path / "a.jsonl", odd())
    broken = tmp_path / "b.jsonl.gz"
    broken.write_bytes(gzip.compress(good.read_bytes())[:-9])
    index = indexed(good, broken, tmp_path / "missing.jsonl")
    assert [failure.path for failure in index.summary().failures] == [str(broken), str(tmp_path / "missing.jsonl")]
    assert [row.line for row in rows(index)] == [1]


def test_nothing_to_show(indexed, tmp_path):
    (tmp_path / "empty.jsonl").write_bytes(b"")
    for index in (indexed(tmp_path / "empty.jsonl"), indexed(tmp_path / "missing.jsonl")):
        assert (index.count(OPEN), rows(index), index.groups(OPEN), index.counted()) == (0, [], [], 1.0)
        assert index.ids(Filter(text="x")) == []
        assert index.row(1) is None
        assert index.neighbour(OPEN, 1, 1) is None
        assert not index.counts_by("rule", OPEN)


def test_plans_lint_a_record_again(indexed, tmp_path):
    path = write(tmp_path / "a.jsonl", *(chat(f"{n}?") for n in range(5)), odd())
    index = indexed(path)
    (row,) = rows(index, Filter(codes=("SCH004",)))
    scanner = Scanner(bind(index.plans()[row.file]), 0, Shard(0, str(path), str(path), 0, 0, 0, 1, "lines"))
    scanner.take(Line(index.raw(row), row.offset, row.line))
    assert list(scanner.result.findings) == index.findings(row.id)
    assert [dataset.splits for dataset in index.datasets()] == [{"train": (str(path),)}]


def test_parameters_go_before_those_of_the_settings(tmp_path):
    (tmp_path / "curator.toml").write_text("[params.too-many-tokens]\nlimit = 5\nbut_cut = false\n")
    job = Job("x", params={"TOK001": {"limit": 9}}, config=str(tmp_path / "curator.toml"), ignore=("DUP001",))
    job.save(tmp_path / "job.json")
    assert Job.load(tmp_path / "job.json") == job
    settings = job.settings_for(tmp_path / "a.jsonl")
    assert settings.params == {"TOK001": {"limit": 9, "but_cut": False}}
    assert (settings.ignore, settings.target) == (("DUP001",), "auto")


def test_an_index_that_is_cleaned_up_in_use_is_an_error_in_words(indexed, tmp_path):
    index = indexed(write(tmp_path / "a.jsonl", odd()), select=("SCH004",))
    shutil.rmtree(index.folder)
    index.close()
    for ask in (index.summary, lambda: index.count(OPEN), lambda: index.count(Filter(text="open"))):
        with pytest.raises(UsageError, match="cannot be kept there any more"):
            ask()
    assert not os.path.exists(index.folder)


def test_an_index_that_cannot_be_written_is_an_error_in_words_and_stays(indexed, tmp_path):
    index = indexed(write(tmp_path / "a.jsonl", odd()), select=("SCH004",))
    (row,) = rows(index)
    with index._database.one() as connection:
        connection.execute("PRAGMA query_only = 1")
    with pytest.raises(UsageError, match="cannot be kept there any more"):
        index.set_status({row.id: "kept"})
    assert index.count(OPEN) == 1


def test_many_threads_at_once(indexed):
    index = indexed(SAMPLES / "support_chat_flawed.jsonl")
    expected = rows(index)
    wrong = []

    def work(status):
        for row in expected:
            index.set_status({row.id: status})
            if [other.key for other in rows(index)] != [other.key for other in expected]:
                wrong.append(row)
            if sum(index.counts_by("status", Filter()).values()) != len(expected):
                wrong.append(row)

    threads = [threading.Thread(target=work, args=(status,)) for status in ("kept", "fixed", "open", "kept")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
    assert index.count(Filter(statuses=("kept", "fixed", "open"))) == len(expected)


def test_progress_of_all_phases(indexed):
    index = indexed(SAMPLES / "tools.jsonl")
    *lines, last = index.said
    assert last == {"done": True, "findings": len(all_findings(index))}
    assert list(dict.fromkeys(line["phase"] for line in lines)) == ["check", "finish", "index", "tokens"]
    size = (SAMPLES / "tools.jsonl").stat().st_size
    for phase in ("check", "index", "tokens"):
        done = [line["done"] for line in lines if line["phase"] == phase]
        assert done == sorted(done)
        assert done[-1] == size == next(line["total"] for line in lines if line["phase"] == phase)


class Opening(Progress):
    """Opens the index as soon as it may be opened, as the page does."""

    opened = None

    def __call__(self, phase, done, total, records):
        super().__call__(phase, done, total, records)
        if phase == "tokens" and self.opened is None:
            self.opened = Index(self.folder)
            self.first = rows(self.opened)
            self.counted = self.opened.counted(), self.opened.statistics()
            self.opened.set_status({self.first[0].id: "kept"})


def test_the_queue_can_be_used_before_the_tokens_are_counted(tmp_path):
    opening = Opening(io.BytesIO())
    opening.folder = tmp_path
    run(Job(str(tmp_path), (str(SAMPLES / "tools.jsonl"),)), opening)
    assert opening.counted == (0.0, {})
    assert {row.tokens for row in opening.first} == {None}
    assert None not in {row.tokens for row in rows(opening.opened)}
    assert opening.opened.counted() == 1.0
    assert opening.opened.counts_by("status", Filter())["kept"] == 1
    opening.opened.close()


CARD = """
code = "USR001"
name = "loud"
check = "loud.loud"
severity = "warning"
message = "m"
fix = "none"
since = "0.1"
status = "stable"
why = "w"
sources = []
"""


def start(job, tmp_path, **given):
    job.save(tmp_path / "job.json")
    command = [sys.executable, "-m", "curator.review.index.building", str(tmp_path / "job.json")]
    return subprocess.run(command, capture_output=True, check=False, env={**os.environ, "PYTHONUTF8": "1"}, **given)


def test_as_a_process(tmp_path):
    folder = tmp_path / "index"
    folder.mkdir()
    done = start(Job(str(folder), (str(SAMPLES / "tools.jsonl"),), jobs=2), tmp_path)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert (done.returncode, lines[-1]["done"], done.stderr) == (0, True, b"")
    assert sorted(os.listdir(folder)) == ["index.sqlite", "plans.pickle", "texts", "texts.starts"]
    index = Index(folder)
    assert index.count(Filter()) > 5
    index.close()


def test_what_a_users_check_prints_is_no_progress(tmp_path):
    (tmp_path / "index").mkdir()
    (tmp_path / "cards").mkdir()
    (tmp_path / "loud.py").write_text("def loud(line):\n    print('not progress')\n    return iter(())\n")
    (tmp_path / "cards" / "USR001-loud.toml").write_text(CARD)
    (tmp_path / "curator.toml").write_text("rule-dirs = ['cards']\ncheck-files = ['loud.py']\nselect = ['USR001']\n")
    path = write(tmp_path / "a.jsonl", chat())
    done = start(Job(str(tmp_path / "index"), (str(path),), jobs=1), tmp_path)
    assert [json.loads(line) for line in done.stdout.splitlines()][-1] == {"done": True, "findings": 0}
    assert done.stderr.strip() == b"not progress"


@pytest.mark.parametrize(
    ("job", "said"),
    [
        ({"select": ("NOPE",)}, "NOPE"),
        ({"target": "nowhere"}, "unknown target"),
        ({"config": "missing.toml"}, "no such settings file"),
        ({"params": {"TOK001": {"nothing": 1}}}, "no parameter"),
        ({"folder": "missing/folder"}, "cannot be written"),
    ],
)
def test_errors_are_one_line_and_leave_no_index(tmp_path, job, said):
    (tmp_path / "index").mkdir()
    done = start(Job(**{"folder": str(tmp_path / "index"), "paths": (str(SAMPLES / "tools.jsonl"),), **job}), tmp_path)
    assert done.returncode == 2
    assert said in json.loads(done.stdout.splitlines()[-1])["error"]
    assert done.stderr == b""
    assert not (tmp_path / "index" / "index.sqlite").exists()
    with pytest.raises(InputError, match="no index"):
        Index(tmp_path / "index")


@pytest.mark.parametrize("text", ["", "[]", '{"folder": 1}', '{"folder": "x", "pathz": []}', "\0"])
def test_a_broken_job_is_said_to_be_one(tmp_path, text):
    (tmp_path / "job.json").write_text(text)
    with pytest.raises(UsageError, match=r"job\.json"):
        Job.load(tmp_path / "job.json")
