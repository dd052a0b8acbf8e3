"""Laws of fixing, over generated rows with planted faults and over published files."""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_engine_laws import flawed
from test_script import patched

import curator
from curator.fixing import mending, rounds
from curator.fixing.mending import Fixed
from curator.fixing.patch import rows, written
from curator.fixing.rounds import Options
from curator.fixing.script import Script
from curator.fixing.undoing import undo
from curator.inputs import Dataset
from curator.model import Finding
from curator.settings import Settings

CORPORA = Path(os.environ.get("CURATOR_CORPORA", Path(__file__).parent.parent.parent / "shared" / "corpora"))
FILES = sorted(p for p in CORPORA.rglob("*.json*") if p.suffix in (".json", ".jsonl") and p.name != "INDEX.jsonl")
SAFETIES = {False: ("safe",), True: ("safe", "unsafe")}
BROKEN_HALVES = [
    b'{"messages": [{"role": "human", "content": "a"}, {"role": "gpt", "content": "b"}]}',
    b'{"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b", "weight": 1.0}]}',
    b'{"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}],}',
    b'{"prompt": "x ->", "completion": "yes"}{"prompt": "y", "completion": " Yes"}',
    b'{"messages": [{"role": "user", "content": "\\ud83d"}, {"role": "assistant", "content": "b"}], "id": 7}',
    b"",
    b"# a comment",
    b'{"prompt": "y ->", "completion": " yes",}  {"a": 1}',
]


@contextmanager
def file_of(data: bytes, name: str = "data.jsonl") -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, name)
        path.write_bytes(data)
        yield path


def fixable(findings: list[Finding], unsafe: bool) -> list[tuple[str, int | None]]:
    return [(f.code, f.line) for f in findings if f.fixable and f.safety in SAFETIES[unsafe]]


def places(findings: list[Finding]) -> list[tuple[str, int | None, int, str, str | None]]:
    return [(f.code, f.line, f.column, f.message, f.record) for f in findings]


def lines(data: bytes) -> list[bytes]:
    return [line.strip() for line in data.removeprefix(b"\xef\xbb\xbf").splitlines() if line.strip()]


def obeys(data: bytes, *, unsafe: bool, name: str = "data.jsonl") -> Fixed:
    """Fixes a file, and asserts every law."""
    with file_of(data, name) as path:
        diff = diff_of(path, unsafe)
        assert path.read_bytes() == data, "a diff changes nothing"
        fixed = curator.fix(path, unsafe=unsafe, isolated=True)
        after = path.read_bytes()
        assert fixed.report.failures == []
        assert (fixed.count > 0) == (after != data)
        # the account holds, and is that of an independent check
        fresh = curator.check(path, isolated=True)
        for file in fixed.files:
            assert file.account.is_balanced
            assert file.account.records == fresh.inputs[0].records
            assert file.account.unreadable == fresh.inputs[0].unreadable
        # nothing fixable is left, unless that is said
        assert len(fixable(list(fresh.findings), unsafe)) == fixed.unsettled
        if fixed.unsettled:
            assert fixed.notes
        # what is reported is what a check would report
        assert places(list(fixed.report.findings)) == places(list(fresh.findings))
        # fix twice = fix once
        again = curator.fix(path, unsafe=unsafe, isolated=True)
        assert (again.count, path.read_bytes()) == (0, after)
        # the diff, applied, is the file
        assert patched(data, diff) == after if after != data else diff == b""
        # and all of it can be taken back
        if fixed.count:
            assert [done.path for done in undo([str(path)], together=False).files] == [str(path)]
        assert path.read_bytes() == data
        assert [entry.name for entry in path.parent.iterdir() if entry.name != ".curator"] == [name]
    return fixed


def diff_of(path: Path, unsafe: bool) -> bytes:
    parts: list[bytes] = []

    def show(name: str, source: str, script: Script) -> None:
        with open(source, "rb") as file:
            parts.extend(written(name, rows(file, script)))

    dataset = Dataset(str(path), {"train": (str(path),)}, Settings())
    mending.fix([dataset], Options(unsafe), show=show)
    return b"".join(parts)


@settings(max_examples=25)
@given(st.integers(0, 10**6), st.booleans(), st.sampled_from([b"\n", b"\r\n"]), st.booleans())
def test_planted_faults(seed: int, unsafe: bool, ending: bytes, has_mark: bool) -> None:
    random = Random(seed)
    found = flawed(random, random.randrange(1, 60))
    for _ in range(random.randrange(4)):
        found.insert(random.randrange(len(found) + 1), random.choice(BROKEN_HALVES))
    data = ending.join(found) + random.choice([b"", ending])
    if random.randrange(4) == 0:
        data = data.replace(ending, b"\n", 3)
    obeys((b"\xef\xbb\xbf" if has_mark else b"") + data, unsafe=unsafe)


@settings(max_examples=30)
@given(st.lists(st.sampled_from(BROKEN_HALVES), min_size=1, max_size=8), st.booleans(), st.sampled_from(["\n", "\r\n"]))
def test_nothing_but_faults(found: list[bytes], unsafe: bool, ending: str) -> None:
    obeys(ending.encode().join(found), unsafe=unsafe)


@settings(max_examples=20)
@given(st.integers(0, 10**6), st.booleans(), st.booleans())
def test_documents(seed: int, unsafe: bool, is_pretty: bool) -> None:
    random = Random(seed)
    found = [row for row in flawed(random, random.randrange(2, 30)) if row.startswith(b"{") and b"\xff" not in row]
    gap = b",\n  " if is_pretty else b", "
    obeys(b"[\n  " + gap.join(found) + b"\n]\n", unsafe=unsafe, name=random.choice(["data.jsonl", "data.json"]))


@settings(max_examples=25)
@given(st.integers(0, 10**6))
def test_lines_that_nothing_speaks_of_stay_byte_for_byte(seed: int) -> None:
    random = Random(seed)
    data = b"\n".join(flawed(random, 40)) + b"\n"
    with file_of(data) as path:
        report = curator.check(path, isolated=True)
        spoken_of = {finding.line for finding in report.findings}
        expected = Counter(
            line for number, line in enumerate(data.split(b"\n"), 1) if number not in spoken_of and line.strip()
        )
        curator.fix(path, unsafe=True, isolated=True)
        assert not expected - Counter(path.read_bytes().split(b"\n"))


@settings(max_examples=25)
@given(st.integers(0, 10**6), st.booleans())
def test_removed_records_come_back_byte_for_byte(seed: int, is_crlf: bool) -> None:
    random = Random(seed)
    ending = b"\r\n" if is_crlf else b"\n"
    found = [line for line in [*flawed(random, 30), *flawed(Random(seed), 10)] if b"} {" not in line]
    data = ending.join(found) + ending
    with file_of(data) as path:
        before = Counter(lines(data))
        fixed = curator.fix(path, select=("DUP001", "FIL007"), unsafe=True, isolated=True)
        aside = path.with_name("data.removed.jsonl")
        removed = [raw_of(line) for line in aside.read_bytes().splitlines()] if aside.exists() else []
        assert Counter(lines(path.read_bytes())) + Counter(removed) == before
        assert sum(file.account.removed for file in fixed.files) == len(removed)


@settings(max_examples=25)
@given(st.integers(0, 10**6), st.booleans())
def test_removed_records_are_those_of_the_file_before_the_run(seed: int, is_crlf: bool) -> None:
    ending = b"\r\n" if is_crlf else b"\n"
    row = '{"messages": [{"role": "user", "content": "%d"}, {"role": "%s", "content": "b"}]%s}'
    random = Random(seed)
    roles, odd = ["assistant", "Assistant", "ASSISTANT"], ["", " ", ', "n": NaN']
    found = [(row % (random.randrange(9), random.choice(roles), random.choice(odd))).encode() for _ in range(30)]
    data = ending.join(random.choice([b"", b"\xef\xbb\xbf"]) + line for line in found)
    with file_of(data) as path:
        fixed = curator.fix(path, select=("DUP001", "FIL", "JSN", "SCH004", "MSG"), unsafe=True, isolated=True)
        removed = [raw_of(line) for line in path.with_name("data.removed.jsonl").read_bytes().splitlines()]
        assert not Counter(removed) - Counter(lines(data))
        assert sum(file.account.removed for file in fixed.files) == len(removed) > 0


def raw_of(line: bytes) -> bytes:
    said = json.loads(line)
    assert said["codes"]
    raw: str = said["raw"]
    return raw.encode().strip()


@settings(max_examples=30)
@given(st.integers(0, 10**6))
def test_a_large_set_is_reported_as_a_fresh_check_would(seed: int) -> None:
    """Beyond a size only what changed is checked again; for rules that look at one record that is the same."""
    random = Random(seed)
    rows_ = flawed(random, 40)
    for _ in range(3):
        rows_.insert(random.randrange(len(rows_)), random.choice(BROKEN_HALVES))
    options = {"select": ("FIL", "JSN", "SCH002", "SCH004", "MSG011", "MSG001"), "isolated": True, "unsafe": True}
    usual = rounds.ALWAYS_VERIFIED
    with file_of(b"\n".join(rows_) + b"\n") as path:
        rounds.ALWAYS_VERIFIED = 0
        try:
            fixed = curator.fix(path, **options)  # type: ignore[arg-type]
        finally:
            rounds.ALWAYS_VERIFIED = usual
        fresh = curator.check(path, select=options["select"], isolated=True)
        assert fixed.is_verified == (fixed.count == 0)
        assert places(list(fixed.report.findings)) == places(list(fresh.findings))
        assert fixed.report.inputs[0].records == fresh.inputs[0].records
        assert fixed.report.inputs[0].unreadable == fresh.inputs[0].unreadable
        assert fixed.report.inputs[0].bytes == fresh.inputs[0].bytes
        assert (rounds.UNVERIFIED in fixed.report.not_checked) == (not fixed.is_verified)


@pytest.mark.skipif(not FILES, reason="the corpora are not on this machine")
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name[:60])
@pytest.mark.parametrize("unsafe", [False, True], ids=["safe", "unsafe"])
def test_published_files(path: Path, unsafe: bool) -> None:
    obeys(path.read_bytes(), unsafe=unsafe, name=f"data{path.suffix}")


WORDS = ("plum", "leek", "dill", "rye", "tofu", "goat")
ENDINGS = ("", " ->", "->", " –>", ": ", "\nAnswer: ", "\n\n###\n\n", " ", "\t", " =>")
SELECTED = ("SEP", "STP", "SCH003", "DUP001", "SPL001", "FIL", "JSN")
FOREIGN = (
    b'{"prompt": "p ", "chosen": "a", "rejected": "b"}',
    b'{"prompt": "p ", "messages": [{"role": "user", "content": "a"}]}',
    b'{"prompt": "twice", "prompt": "p ", "completion": "a"}',
)


def habitual(random: Random, pool: list[bytes]) -> bytes:
    """A file of completions with habits, slips, copies and other formats, in some container and encoding."""
    ending, stop, space = random.choice(ENDINGS), random.choice(["", " END", "###", " end"]), random.choice([" ", ""])
    has_id = random.random() < 0.5
    found = []
    for _ in range(random.choice([1, 8, 14])):
        if pool and random.random() < 0.2:
            found.append(random.choice(pool))
            continue
        prompt = " ".join(random.choices(WORDS, k=3)) + (ending if random.random() < 0.9 else random.choice(ENDINGS))
        record = {"prompt": prompt, "completion": space + " ".join(random.choices(WORDS, k=3)) + stop}
        if has_id:
            record["id"] = random.choice(WORDS)
        row = json.dumps(record, ensure_ascii=random.random() < 0.5).encode()
        pool.append(row)
        found.append(random.choice([row] * 18 + [row + row, *FOREIGN]))
    if random.random() < 0.2:
        data = b"[" + b",\n ".join(found) + b"]"
    else:
        data = random.choice([b"\n", b"\r\n"]).join(found) + random.choice([b"", b"\n"])
    return data.decode().encode("utf-16") if random.random() < 0.1 else data


@settings(max_examples=60)
@given(st.integers(0, 10**6), st.booleans())
def test_fixes_beyond_one_record(seed: int, is_shared: bool) -> None:
    random = Random(seed)
    with tempfile.TemporaryDirectory() as folder:
        paths = [str(Path(folder, f"{name}.jsonl")) for name in "abc"]
        pool: list[bytes] = []
        before = [habitual(random, pool) for _ in paths]
        for path, data in zip(paths, before, strict=True):
            Path(path).write_bytes(data)
        chosen = Settings(select=tuple(random.sample(SELECTED, random.randrange(1, len(SELECTED)))))
        a, b, c = paths
        datasets = [Dataset("d", {"train": (a, b), "validation": (c,)}, chosen)]
        if is_shared:
            datasets.append(Dataset("e", {"train": (c, a), "validation": (b,)}, chosen))
        fixed, _ = mending.fix(datasets, Options(unsafe=True))
        after = [Path(path).read_bytes() for path in paths]
        # what cannot be fixed is said; nothing is a fault of ours
        assert not [failure for failure in fixed.report.failures if failure.code or "report" in failure.message]
        assert all(file.account.is_balanced for file in fixed.files)
        changed = [path for path, was, now in zip(paths, before, after, strict=True) if was != now]
        assert sorted(file.path for file in fixed.files) == changed
        # other formats, and what repeats a key, are nobody's
        if not {"DUP001", "SPL001"} & set(chosen.select):
            assert [count_foreign(data) for data in after] == [count_foreign(data) for data in before]
        # of every prompt something is left somewhere
        assert prompts(before) == prompts(after)
        # nothing fixable is left unsaid, and fix twice = fix once
        again, _ = mending.fix(datasets, Options(unsafe=True))
        assert ([Path(path).read_bytes() for path in paths], again.count) == (after, 0)
        assert again.unsettled == fixed.unsettled
        if changed:
            undo(paths, together=True)
        assert [Path(path).read_bytes() for path in paths] == before


def text_of(data: bytes) -> str:
    return data.decode("utf-16" if data.startswith(b"\xff\xfe") else "utf-8")


def count_foreign(data: bytes) -> list[int]:
    return [text_of(data).count(row.decode()) for row in FOREIGN]


def prompts(found: list[bytes]) -> set[str]:
    """The words of all prompts, wherever they stand."""
    texts = "".join(map(text_of, found))
    return {" ".join(re.findall("[a-z]+", text)) for text in re.findall(r'"prompt": "([a-z ]+)', texts)}
