"""The same report however a file is cut, whoever scans the pieces, and whatever order they come back in."""

import io
import json
import pickle
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_parsing import seeds

from curator import spool
from curator.engine import check
from curator.executors.local import Executor, Processes, inline
from curator.inputs import Dataset
from curator.model import Finding, Place, Severity
from curator.packing import KEY, PackedRows
from curator.parsing import parse
from curator.reading import SHARD_BYTES
from curator.report import Failure, Failures, FileCounts, Report, Scanned
from curator.reporters import json as reporter
from curator.scan import Task, scan
from curator.settings import Settings
from curator.sources import Shard
from curator.spool import Findings


def rendered(report: Report) -> str:
    """The whole report: inputs, conventions, findings in order, failures, what was not checked."""
    stream = io.StringIO()
    reporter.write(report, stream)
    return stream.getvalue()


def shuffled(seed: int) -> Executor:
    """Scans in any order, and sends each result through pickle as a pool would."""

    def run(tasks: Sequence[Task]) -> Iterator[tuple[Shard, Scanned]]:
        for task in Random(seed).sample(list(tasks), len(tasks)):
            yield task[2], pickle.loads(pickle.dumps(scan(task)))

    return run


def dataset(*paths: Path, validation: Sequence[Path] = (), options: Settings | None = None) -> Dataset:
    splits = {"train": tuple(map(str, paths)), "validation": tuple(map(str, validation))}
    return Dataset("set", {name: files for name, files in splits.items() if files}, options or Settings())


def same_report(
    datasets: Sequence[Dataset], sizes: Sequence[int] = (64, 257, 1000), jobs: Sequence[int] = (), seed: int = 0
) -> Report:
    """The report of one scan from end to end, which that of every other cut, order and executor equals."""
    whole = check(datasets, token_stats=True, shard_bytes=1 << 40)
    expected = rendered(whole)
    for size in sizes:
        assert rendered(check(datasets, token_stats=True, shard_bytes=size)) == expected
        for more in (1, 2):
            again = check(datasets, token_stats=True, shard_bytes=size, executor=shuffled(seed + more))
            assert rendered(again) == expected
    for number in jobs:
        again = check(datasets, token_stats=True, shard_bytes=sizes[-1], executor=Processes(number))
        assert rendered(again) == expected
    return whole


# --- data with something for every kind of rule ---------------------------------------------------------------

SEPARATORS = [" ->", "\n\n###\n\n", "\nLabel:"]


def row(prompt: str, completion: str) -> bytes:
    return json.dumps({"prompt": prompt, "completion": completion}, ensure_ascii=len(prompt) % 2 == 0).encode()


def flawed(random: Random, count: int) -> list[bytes]:
    """Classification rows; one in six is broken in one of the ways there are rules for."""
    rows: list[bytes] = []
    for number in range(count):
        good = row(f"item {number} é😀{SEPARATORS[0]}", random.choice([" yes", " no"]))
        chat = b'{"messages": [{"role": "user", "content": "a"}, {"role": "asistant", "content": ""}]}'
        flaws = [
            row(f"item {number} ->->", " yes"), row(f"item {number}", " Yes"), row(f"item {number}:", " no."),
            row("the same ->", " yes"), row("the same ->", " no"), random.choice(rows or [good]),
            chat, b"", b" \t", b"[1]", b"null", good[:-3], good.replace(b'"prompt"', b'"promt"'),
            good + b" " + good, b'{"prompt": "a", "prompt": "b ->", "completion": " yes"}', b'{"prompt": NaN}',
            b'{"prompt": "\\ud800 ->", "completion": " no"}', b"\xff" + good, b"// a note", b"{'prompt': 'a'}",
            row("x" * 700, " yes"), b'{"prompt": "a ->", "completion": " yes", "extra": 1}',
            b'{"x": 18446744073709551617}',
        ]  # fmt: skip
        rows.append(random.choice(flaws) if random.randrange(6) == 0 else good)
    return rows


OPTIONS = Settings(max_line_bytes=600)


@pytest.mark.parametrize("ending", [b"\n", b"\r\n"], ids=["lf", "crlf"])
def test_any_cut_gives_the_same_report(tmp_path: Path, ending: bytes) -> None:
    for seed in range(4):
        path = tmp_path / f"{seed}.jsonl"
        path.write_bytes(ending.join(flawed(Random(seed), 80)) + (ending if seed % 2 else b""))
        report = same_report([dataset(path, options=OPTIONS)], (7, 64, 300, 2000), seed=seed)
        assert len(report.findings) > 5
        assert not report.failures
    assert same_report([dataset(path, options=OPTIONS)], (1,)).inputs[0].records > 60


def test_processes_give_the_same_report(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b"\n".join(flawed(Random(9), 400)))
    report = same_report([dataset(path, options=OPTIONS)], (4000,), jobs=(2, 3))
    assert len(set(report.findings.by_code)) > 12


def test_several_files_and_splits(tmp_path: Path) -> None:
    paths = []
    for number in range(4):
        paths.append(tmp_path / f"{number}.jsonl")
        paths[-1].write_bytes(b"\r\n".join(flawed(Random(number % 3), 50)))  # the last is a copy: all of it leaks
    split = dataset(*paths[:2], validation=paths[2:], options=OPTIONS)
    alone = Dataset(str(paths[0]), {"train": (str(paths[0]),)}, Settings(select=("FIL", "JSN")))
    report = same_report([split, alone], (100, 900), jobs=(2,))
    assert report.findings.by_code["SPL001"]
    assert report.findings.by_code["DUP001"]
    assert [item.split for item in report.inputs] == ["train", "train", "validation", "validation", "train"]


@pytest.mark.parametrize("style", ["compact", "pretty", "objects", "lines"])
def test_documents(tmp_path: Path, style: str) -> None:
    rows: list[Any] = []
    for line in flawed(Random(5), 90):
        parsed = parse(line)
        if parsed.fault is None and not parsed.quirks and isinstance(parsed.value, dict):
            rows.append(parsed.value)
    rows += [{"prompt": "a ]", "completion": "}"}, {"messages": [{"role": "human", "content": "x"}]}, [1], rows[0]]
    pretty = [json.dumps(item, indent=1) for item in rows if isinstance(item, dict)]
    text = {
        "compact": json.dumps(rows, ensure_ascii=False),
        "pretty": json.dumps(rows, indent=2),
        "objects": "\n".join(pretty),
        "lines": "[\n" + ",\n".join(map(json.dumps, rows)) + "\n]\n",
    }[style]
    path = tmp_path / "data.json"
    path.write_text(text, encoding="utf-8")
    report = same_report([dataset(path)], (1, 50, 700), jobs=(2,) if style == "compact" else ())
    assert report.findings.by_code["DUP001"]
    assert report.inputs[0].records == len(pretty)


def test_ties_are_broken_by_what_is_written(tmp_path: Path) -> None:
    """Two separators and two labels, each exactly as often; which comes first in the file does not matter."""
    rows = [row(f"item {n}{SEPARATORS[n % 2]}", [" no", " yes"][n // 2 % 2]) for n in range(60)]
    found = []
    for name, ordered in (("a", rows), ("b", rows[::-1]), ("c", Random(1).sample(rows, 60))):
        path = tmp_path / f"{name}.jsonl"
        path.write_bytes(b"\n".join([*ordered, row("a prompt with neither", " maybe")]))
        found.append(same_report([dataset(path)], (30, 64), jobs=(2,) if name == "a" else ()).inputs[0].conventions)
    assert found[0].separators
    assert len(found[0].separators) == 2
    assert found[0].separators[0].share == found[0].separators[1].share
    assert [ending.text for ending in found[0].separators] == sorted(SEPARATORS[:2])
    assert list(found[0].labels)[:2] == ["no", "yes"]
    assert found[0] == found[1] == found[2]
    assert len({tuple(conventions.labels) for conventions in found}) == 1


def test_more_records_than_a_survey_reads(tmp_path: Path) -> None:
    path = tmp_path / "long.jsonl"
    rows = [row(f"i{n} ->" if n % 50 else f"i{n}", " yes" if n % 3 else " no") for n in range(21_000)]
    rows[500:505] = [b"{", b"", b"[]", rows[7], b'{"prompt": 1}']
    path.write_bytes(b"\n".join(rows))
    datasets = [dataset(path)]
    expected = rendered(check(datasets))
    assert rendered(check(datasets, shard_bytes=100_003, executor=shuffled(1))) == expected
    assert rendered(check(datasets, shard_bytes=250_000, executor=Processes(2))) == expected
    found = json.loads(expected)
    assert found["inputs"][0]["conventions"]["task"] == "classification"
    assert found["summary"]["by_code"]["SEP002"] > 400


# --- checks that break --------------------------------------------------------------------------------------------

CARD = """
code = "{code}"
name = "{name}"
check = "{stem}.{name}"
severity = "warning"
message = "seen {{count}}"
why = "A test."
sources = ["tests"]
"""
CHECKS = """
import os, signal, sys
from curator.model import Problem

def raising(example):
    text = "".join(turn.text for turn in example.turns)
    if "RAISE" in text:
        raise ValueError("boom at " + text)
    if "SPEAK" in text:
        yield Problem("", values={"count": len(text)})
    if "LATE" in text:
        yield Problem("", values={"count": 0})
        raise KeyError("too late")

def dying(example):
    if "DIE" in "".join(turn.text for turn in example.turns):
        os.kill(os.getpid(), signal.SIGKILL)
    return ()

def exiting(example):
    if "DIE" in "".join(turn.text for turn in example.turns):
        os._exit(3)
    return ()

class Counting:
    def __init__(self):
        self.places = []

    def add(self, example, place):
        self.places.append(place)

    def merge(self, other):
        self.places += other.places

    def finish(self, context):
        yield None, Problem(values={"count": len(self.places)})
        yield max(self.places), Problem(values={"count": context.split})

class Breaking(Counting):
    def add(self, example, place):
        if "RAISE" in example.turns[0].text:
            raise RuntimeError("no more")
        super().add(example, place)

class Finishing(Counting):
    def finish(self, context):
        yield None, Problem(values={"count": 1})
        raise RuntimeError("at the end")

class Merging(Counting):
    def merge(self, other):
        raise RuntimeError("not with you")

class Unpicklable(Counting):
    def __init__(self):
        super().__init__()
        self.key = lambda: 0
"""

Own = Callable[..., Settings]


@pytest.fixture
def own(tmp_path: Path) -> Own:
    """Settings that select some of the checks above beside two of ours."""

    def made(*names: str) -> Settings:
        cards = tmp_path / "cards" / "own"
        cards.mkdir(parents=True)
        checks = tmp_path / f"checks_of_{tmp_path.name}.py"  # a process knows one file of a name
        checks.write_text(CHECKS)
        for number, name in enumerate(names):
            card = CARD.format(code=f"USR{number:03}", name=name, stem=checks.stem)
            (cards / f"{name}.toml").write_text(card)
        return Settings(
            select=("USR", "SEP002", "DUP001"), rule_dirs=(str(tmp_path / "cards"),), check_files=(str(checks),)
        )

    return made


def marked(path: Path, marks: dict[int, str], count: int = 60) -> Path:
    rows = [row(f"item {n} {marks.get(n, '')} ->" if n % 20 != 19 else f"item {n}", " yes") for n in range(count)]
    path.write_bytes(b"\n".join(rows) + b"\n")
    return path


def test_a_check_that_raises_is_a_failure_and_all_else_goes_on(tmp_path: Path, own: Own) -> None:
    marks = {3: "RAISE", 4: "SPEAK", 30: "RAISE SPEAK", 31: "LATE", 41: "SPEAK"} | dict.fromkeys(range(45, 55), "RAISE")
    path = marked(tmp_path / "a.jsonl", marks)
    report = same_report([dataset(path, options=own("raising", "Counting"))], jobs=(2,))
    assert report.findings.by_code == {"USR000": 3, "USR001": 2, "SEP002": 3}
    assert [failure.line for failure in report.failures] == [4, 31, 32, 46, 47, 0]  # the first five are shown
    assert report.failures[0].message.startswith("the check of USR000 raised ValueError: boom at item 3 RAISE")
    assert "8 more" in report.failures[-1].message
    assert report.exit_code("never") == 2


def test_an_add_that_raises_takes_its_check_out(tmp_path: Path, own: Own) -> None:
    path = marked(tmp_path / "a.jsonl", {20: "RAISE", 40: "RAISE"})
    other = marked(tmp_path / "b.jsonl", {}, 30)
    report = same_report([dataset(path, validation=[other], options=own("Breaking", "Counting"))], jobs=(2,))
    assert report.findings.by_code["USR000"] == 0  # in no split: they are compared with one another
    assert report.findings.by_code["USR001"] == 4
    assert [(failure.path, failure.line, failure.code) for failure in report.failures] == [(str(path), 21, "USR000")]
    assert "no more" in report.failures[0].message
    assert "taken out" in report.failures[0].message


def test_a_finish_that_raises_is_a_failure(tmp_path: Path, own: Own) -> None:
    report = same_report([dataset(marked(tmp_path / "a.jsonl", {}), options=own("Finishing", "Counting"))])
    assert [(failure.code, failure.line) for failure in report.failures] == [("USR000", 0)]
    assert report.findings.by_code["USR001"] == 2


def test_a_merge_that_raises_takes_its_check_out(tmp_path: Path, own: Own) -> None:
    datasets = [dataset(marked(tmp_path / "a.jsonl", {}), options=own("Merging", "Counting"))]
    report = check(datasets, shard_bytes=400)
    assert rendered(check(datasets, shard_bytes=400, executor=shuffled(3))) == rendered(report)
    assert [failure.code for failure in report.failures] == ["USR000"]
    assert "not with you" in report.failures[0].message
    assert report.findings.by_code == {"USR001": 2, "SEP002": 3}


def test_a_state_that_cannot_be_pickled_does_not_end_the_run(tmp_path: Path, own: Own) -> None:
    datasets = [dataset(marked(tmp_path / "a.jsonl", {}), options=own("Unpicklable"))]
    report = check(datasets, shard_bytes=2000, executor=Processes(2))
    assert report.exit_code("never") == 2
    why = report.failures[0].message  # AttributeError from Python 3.13 on
    assert any(word in why for word in ("PicklingError", "pickle", "Can't get local"))
    assert all("not checked" in failure.message for failure in report.failures if not failure.code)


@pytest.mark.parametrize("name", ["dying", "exiting"])
def test_a_worker_that_dies_takes_only_its_shard_along(tmp_path: Path, own: Own, name: str) -> None:
    path = marked(tmp_path / "a.jsonl", {33: "DIE"})
    options = own(name, "Counting")
    size = path.stat().st_size // 12 + 1
    report = check([dataset(path, options=options)], shard_bytes=size, executor=Processes(2))
    assert report.exit_code("never") == 2
    assert len(report.failures) == 1
    message = report.failures[0].message
    data, die = path.read_bytes(), path.read_bytes().index(b"DIE")
    first = die // size * size
    assert f"bytes {first:,} to {first + size:,}" in message
    assert report.failures[0].path == str(path)
    lost = range(data.count(b"\n", 0, first) + 2, data.count(b"\n", 0, first + size) + 2)
    assert 34 in lost
    assert report.failures[0].line == lost[0] - 1  # the line that holds the shard's first byte
    assert report.inputs[0].records == 60 - len(lost)
    expected = {20, 40, 60} - set(lost)
    assert {f.line for f in report.findings if f.code == "SEP002"} == expected
    assert len(expected) >= 2


# --- what is merged --------------------------------------------------------------------------------------------------


def made_finding(random: Random) -> Finding:
    """Any finding; values follow from the rest, as they do in a message."""
    message, column = random.choice(["a", "b"]), random.randint(1, 2)
    return Finding(
        code=random.choice(["AAA001", "AAA002"]),
        name="name",
        severity=random.choice(list(Severity)),
        message=message,
        path=random.choice(["a.jsonl", "b.jsonl"]),
        split=random.choice([None, "train", "test"]),
        line=random.choice([None, 1, 2, 3]),
        column=column,
        end_column=column + random.randint(0, 1),
        pointer=random.choice(["", "/a"]),
        at="value",
        span=None,
        inner=None,
        record=random.choice([None, "00", "01"]),
        values={"text": message},
        group=random.choice([None, "g1", "g2"]),
        related=(),
        fix=None,
        safety=None,
    )


def grouped(items: list[Any], random: Random) -> list[list[Any]]:
    """The items in any order, in groups of any size."""
    items, groups = random.sample(items, len(items)), []
    while items:
        size = random.randint(1, len(items))
        groups.append(items[:size])
        items = items[size:]
    return groups


def merged(parts: list[Any], random: Random) -> Any:
    """All parts merged two at a time, in any order; some of them through pickle."""
    while len(parts) > 1:
        mine, other = (parts.pop(random.randrange(len(parts))) for _ in range(2))
        mine.merge(pickle.loads(pickle.dumps(other)) if random.randrange(2) else other)
        parts.append(mine)
    return parts[0]


@pytest.mark.parametrize("limit", [1 << 20, 700, 0], ids=["memory", "both", "file"])
@settings(max_examples=80)
@given(st.integers(1, 40), seeds)
def test_findings_merge_in_any_order(limit: int, count: int, seed: int) -> None:
    random = Random(seed)
    items = [made_finding(random) for _ in range(count)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(spool, "_IN_MEMORY", limit)
        patch.setattr(spool, "_CHUNK", 3)
        seen = []
        for _ in range(3):
            parts = []
            for group in grouped(items, random):
                parts.append(Findings())
                for added in grouped(group, random):
                    parts[-1].add(added)
            whole = merged(parts, random)
            assert len(whole) == count
            assert whole.by_code == Counter(item.code for item in items)
            assert whole.by_severity == Counter(item.severity for item in items)
            found = list(whole)
            assert [f.order for f in found] == sorted(item.order for item in items)
            assert list(whole) == found  # can be read twice
            for codes in ({items[0].code}, {"NONE"}):
                assert sorted(map(repr, whole.of(codes))) == sorted(repr(f) for f in items if f.code in codes)
            seen.append(found)
        assert seen[0] == seen[1] == seen[2]
        assert sorted(map(repr, seen[0])) == sorted(map(repr, items))


def test_many_findings_go_to_a_file_and_come_back_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spool, "_IN_MEMORY", 10_000)
    random = Random(3)
    items = [made_finding(random) for _ in range(9000)]
    parts = [Findings(), Findings()]
    for index in range(0, len(items), 100):
        parts[index // 100 % 2].add(items[index : index + 100])
    assert parts[0]._file is not None
    parts[0].merge(parts[1])
    assert [f.order for f in parts[0]] == sorted(item.order for item in items)


@settings(max_examples=100)
@given(seeds, st.integers(0, 40))
def test_failures_merge_in_any_order(seed: int, count: int) -> None:
    random = Random(seed)
    items = [
        Failure(random.choice("ab"), random.randint(0, 9), random.choice(["", "AAA001", "AAA002"]), random.choice("xy"))
        for _ in range(count)
    ]

    def collected(group: list[Failure]) -> Failures:
        failures = Failures()
        for item in group:
            failures.add(item)
        return failures

    expected = list(collected(items))
    for _ in range(3):
        again = merged([collected(group) for group in grouped(items, random)] or [Failures()], random)
        assert list(again) == expected
    for code in ("AAA001", "AAA002"):
        own = sorted(item for item in items if item.code == code)
        shown = [item for item in expected if item.code == code]
        assert shown[:5] == own[:5]
        assert len(shown) == min(len(own), 6)
    assert {f for f in expected if not f.code} == {item for item in items if not item.code}


@settings(max_examples=100)
@given(seeds, st.integers(1, 40), st.integers(0, 3))
def test_packed_rows_merge_in_any_order(seed: int, count: int, extra: int) -> None:
    random = Random(seed)
    keys = [random.randbytes(KEY) for _ in range(4)] + [b"\x00" * KEY, b"\x00" * (KEY - 1) + b"\x01"]
    items = [(random.choice(keys), Place(random.getrandbits(64)), random.randbytes(extra)) for _ in range(count)]

    def collected(group: list[tuple[bytes, Place, bytes]]) -> PackedRows:
        rows = PackedRows(extra)
        for item in group:
            rows.add(*item)
        return rows

    expected = {key: sorted((place, more) for other, place, more in items if other == key) for key, _, _ in items}
    whole = merged([collected(group) for group in grouped(items, random)], random)
    assert dict(whole.groups()) == {key: rows for key, rows in expected.items() if len(rows) > 1}
    everything = [
        (key, place, more) for n in range(256) for key, rows in whole.bucket(n).items() for place, more in rows
    ]
    assert sorted(everything) == sorted(items)
    assert all(key[0] == n for n in range(256) for key in whole.bucket(n))


@settings(max_examples=60)
@given(seeds, st.integers(1, 12))
def test_scanned_shards_merge_in_any_order(seed: int, count: int) -> None:
    random = Random(seed)
    parts = []
    for number in range(count):
        part = Scanned()
        part.findings.add([made_finding(random) for _ in range(3)])
        part.counts[random.randrange(3)] = FileCounts(number, random.randrange(3), Counter({number: 1, 5: 2}))
        for code in random.sample(["AAA001", "AAA002", "AAA003"], 2):
            rows = PackedRows()
            rows.add(bytes(KEY), Place(number))
            broken = not random.randrange(6)
            part.states[random.randrange(2), code] = Failure("a", number, code, "raised") if broken else rows
        part.failures.add(Failure("a", number, "AAA001", "raised"))
        parts.append(pickle.dumps(part))

    def plain(scanned: Scanned) -> Any:
        states = {
            key: state if isinstance(state, Failure) else sorted(state.bucket(0).get(bytes(KEY), []))
            for key, state in scanned.states.items()
        }
        return list(scanned.findings), scanned.counts, states, list(scanned.failures)

    results = [plain(merged([pickle.loads(part) for part in random.sample(parts, count)], random)) for _ in range(3)]
    assert results[0] == results[1] == results[2]


def test_a_file_that_changes_is_reported_once_however_it_is_cut(tmp_path: Path) -> None:
    """Each shard of a file that became shorter fails in the same way; the report says it once."""
    reports = []
    for size in (64, 300, SHARD_BYTES):
        path = marked(tmp_path / "a.jsonl", {})

        def truncating(tasks: Sequence[Task], path: Path = path) -> Iterator[tuple[Shard, Scanned]]:
            path.write_bytes(b"")
            yield from inline(tasks)

        reports.append(check([dataset(path)], shard_bytes=size, executor=truncating))
    assert [failure.message for failure in reports[0].failures] == [
        f"{path}: the file became shorter while it was read; check it again",
        f"{path}: the file changed while it was checked; check it again",
    ]
    assert len({tuple(report.failures) for report in reports}) == 1


def run_script(folder: Path) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "s.py"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300, check=False)


@pytest.mark.parametrize("caught", [False, True])
def test_a_script_without_guard_is_told_so_at_once(tmp_path: Path, caught: bool) -> None:
    marked(tmp_path / "a.jsonl", {})
    call = "curator.check('a.jsonl', jobs=2, isolated=True)"
    script = f"import curator\nopen('runs', 'a').write('x')\n{call}\nprint('after')\n"
    if caught:
        script = script.replace(call, f"try: {call}\nexcept Exception as error: print(repr(error))")
    (tmp_path / "s.py").write_text(script)
    done = run_script(tmp_path)
    said = done.stdout if caught else done.stderr
    assert "UsageError" in said
    assert "__main__" in said
    assert done.stdout.count("after") == caught  # no worker ran on
    assert len((tmp_path / "runs").read_text()) <= 3
    assert done.stderr.count("Traceback") == (not caught)
    assert done.stderr.count("\n") < 40


def test_a_script_with_guard_may_use_processes(tmp_path: Path) -> None:
    marked(tmp_path / "a.jsonl", {})
    call = "print(curator.check('a.jsonl', jobs=2, isolated=True).failures)"
    script = f"import curator\nif __name__ == '__main__':\n    {call}\n"
    (tmp_path / "s.py").write_text(script)
    done = run_script(tmp_path)
    assert (done.stdout, done.stderr) == ("[]\n", "")
