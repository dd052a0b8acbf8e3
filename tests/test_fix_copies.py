"""Records that fixing makes equal to others go in the same run, whether or not everything is checked again."""

from __future__ import annotations

import gzip
import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from random import Random
from unittest.mock import patch

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

import curator
from curator import engine
from curator.cli.main import group
from curator.errors import InputError
from curator.fixing import mending, rounds, work
from curator.fixing.rounds import Options, Rounds
from curator.inputs import Dataset
from curator.model import Finding
from curator.settings import Settings

ROW = '{"messages": [{"role": "user", "content": "%s"}, {"role": "%s", "content": "b"}]%s}'
SELECT = ("DUP001", "FIL", "JSN", "SCH004", "MSG", "SCH003")


def chat(question: object, role: str = "assistant", more: str = "") -> str:
    return ROW % (question, role, more)


def files_of(random: Random) -> dict[str, bytes]:
    """Two files of a split in which many records are alike once they are fixed."""
    found = {}
    for name in ("a", "b"):
        roles, odd = ["assistant", "Assistant", "ASSISTANT"], ["", "", ', "n": NaN', ","]
        rows = [
            chat(random.choice(["é", *range(5)]), random.choice(roles), random.choice(odd))
            for _ in range(random.randrange(1, 12))
        ]
        rows = [row + random.choice([""] * 9 + [" " + chat(1), chat(2, "Assistant")]) for row in rows]
        rows += [chat(f"{name}{number}") for number in range(12)]  # whatever goes, it stays a set of chats
        random.shuffle(rows)
        if random.random() < 0.25:
            pretty = random.random() < 0.5
            rows = [json.dumps(json.loads(row), indent=1) if pretty and is_json(row) else row for row in rows]
            text = "[" + random.choice([", ", ",\n ", "\n,\n\n"]).join(rows) + "]"
        else:
            text = random.choice(["\n", "\r\n"]).join(rows) + random.choice(["", "\n"])
        found[f"{name}.jsonl"] = random.choice([b"", b"", b"\xef\xbb\xbf"]) + text.encode()
    return found


def is_json(row: str) -> bool:
    """Whether it is one value."""
    try:
        json.loads(row)
    except ValueError:
        return False
    return True


def after_fixing(data: dict[str, bytes], **how: bool) -> dict[str, bytes]:
    """What fixing leaves in the folder."""
    with tempfile.TemporaryDirectory() as folder:
        for name, content in data.items():
            Path(folder, name).write_bytes(content)
        fixed = curator.fix(folder, select=SELECT, isolated=True, unsafe=True, **how)
        assert fixed.report.failures == []
        fresh = curator.check(folder, select=SELECT, isolated=True)
        left = [(f.path, f.code, f.line, f.column, f.message, f.related) for f in fresh.findings]
        assert left == [(f.path, f.code, f.line, f.column, f.message, f.related) for f in fixed.report.findings]
        after = {path.name: path.read_bytes() for path in Path(folder).iterdir() if path.is_file()}
    for name, content in data.items():
        for line in after.get(name.replace(".jsonl", ".removed.jsonl"), b"").splitlines():
            said = json.loads(line)
            first, _, more = content.split(b"\n", said["line"] - 1)[-1].partition(b"\n")
            assert 0 <= (first + b"\n" + more).find(said["raw"].encode()) <= len(first), "it stood there, byte for byte"
    return after


@settings(max_examples=60)
@given(st.integers(0, 10**6))
def test_copies_go_as_another_check_would_have_it(seed: int) -> None:
    data = files_of(Random(seed))
    with patch.object(Rounds, "_drop_copies"):
        expected = after_fixing(data)
    assert after_fixing(data) == expected
    with patch.object(rounds, "ALWAYS_VERIFIED", 0):
        assert after_fixing(data) == expected


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(rounds, "ALWAYS_VERIFIED", 0)

    def invoke(*arguments: str) -> str:
        return CliRunner().invoke(group, arguments, prog_name="curator", standalone_mode=False).output

    return invoke


def test_no_check_is_spent_on_finding_them(run: Callable[..., str], tmp_path: Path) -> None:
    (tmp_path / "t.jsonl").write_text(
        "".join(chat(n % 40, "Assistant" if n > 40 else "assistant") + "\n" for n in range(60))
    )
    with patch.object(engine, "checked", wraps=engine.checked) as checks:
        said = run("check", "t.jsonl", "--select", "MSG,SCH,DUP001", "--fix", "--unsafe-fixes")
        assert checks.call_count == 1
    assert "60 in = 40 records out + 20 removed" in said
    assert run("check", "t.jsonl", "--select", "DUP001", "--statistics").endswith("No findings.\n")


def test_a_file_that_cannot_be_read_again_is_left_as_it_was(run: Callable[..., str], tmp_path: Path) -> None:
    before = "\n".join([chat(1), chat(1, "Assistant"), *map(chat, range(2, 9))]) + "\n"
    (tmp_path / "t.jsonl").write_text(before)
    with patch.object(work, "prepare", side_effect=InputError("t.jsonl: cannot be read: gone")):
        said = run("check", "t.jsonl", "--select", "MSG,SCH004,DUP001", "--fix", "--unsafe-fixes")
    assert "t.jsonl: cannot be read: gone" in said
    assert (tmp_path / "t.jsonl").read_text() == before


def test_a_copy_that_was_accepted_stays(run: Callable[..., str], tmp_path: Path) -> None:
    twins = [chat("twice"), chat("twice")]
    (tmp_path / "t.jsonl").write_text("\n".join([*twins, chat("twice", "Assistant"), chat("once")]) + "\n")
    run("check", "t.jsonl", "--select", "DUP001", "--suppress", "--reason", "on purpose")
    said = run("check", "t.jsonl", "--select", "MSG,SCH,DUP001", "--fix", "--unsafe-fixes")
    assert "4 in = 4 records out" in said  # all three are the same record, and of that, copies are accepted


def test_what_was_accepted_in_one_file_is_accepted_in_another(run: Callable[..., str], tmp_path: Path) -> None:
    """An entry names the record, which is the same in both once it is fixed."""
    (tmp_path / "curator.toml").write_text('[datasets.d]\ntrain = ["a.jsonl", "b.jsonl"]\n')
    (tmp_path / "a.jsonl").write_text("\n".join([chat("twice", "Assistant")] * 2) + "\n")
    (tmp_path / "b.jsonl").write_text("\n".join([chat("twice", "ASSISTANT"), chat("once")]) + "\n")
    run("check", "--select", "DUP001", "--suppress", "--reason", "on purpose")
    said = run("check", "--select", "MSG,SCH004,DUP001", "--fix", "--unsafe-fixes")
    assert "a.jsonl: 2 in = 2 records out" in said
    assert "b.jsonl: 2 in = 2 records out" in said


def test_glued_records_that_were_accepted_stay_glued_when_one_of_them_goes(
    run: Callable[..., str], tmp_path: Path
) -> None:
    """The suppressions know the line as it was before the round."""
    glued = chat(1, "Assistant") + " " + chat(2, "Assistant") + " " + chat(3)
    (tmp_path / "t.jsonl").write_text("\n".join([chat(1), glued, *map(chat, range(4, 9))]) + "\n")
    run("check", "t.jsonl", "--select", "FIL006", "--suppress", "--reason", "on purpose")
    said = run("check", "t.jsonl", "--select", "FIL006,SCH004,DUP001", "--fix", "--unsafe-fixes")
    assert "9 in = 8 records out + 1 removed" in said
    assert (tmp_path / "t.jsonl").read_text().splitlines()[1] == chat(2) + " " + chat(3)


def test_copies_on_lines_that_stay_glued_go(run: Callable[..., str], tmp_path: Path) -> None:
    lines = [chat(1), chat(2, "Assistant") + " " + chat(1, "Assistant"), *map(chat, (2, 3, 4, 5))]
    (tmp_path / "t.jsonl").write_text("\n".join(lines) + "\n")
    said = run("check", "t.jsonl", "--select", "MSG,SCH004,DUP001", "--fix", "--unsafe-fixes")
    assert "7 in = 5 records out + 2 removed" in said
    assert (tmp_path / "t.jsonl").read_text().splitlines() == [*map(chat, (1, 2, 3, 4, 5))]


def left(folder: Path, data: dict[str, bytes], **how: bool) -> tuple[list[Finding], list[Finding], bool]:
    """What a run in which not all is checked again says to be left, what a fresh check says, and whether it was so."""
    for name, content in data.items():
        (folder / name).write_bytes(content)
    with patch.object(rounds, "ALWAYS_VERIFIED", 0):
        fixed = curator.fix(folder, select=SELECT, isolated=True, **how)
    fresh = curator.check(folder, select=SELECT, isolated=True)
    return [*fixed.report.findings], [*fresh.findings], fixed.is_verified


def test_copies_are_told_once(tmp_path: Path) -> None:
    """Those that were copies before, those that are none any more, and how many there are by now."""
    pairs = [
        chat(1, "Assistant"),
        chat(1, "Assistant"),
        chat(2),
        chat(2),
        chat(2, "Assistant"),
        *map(chat, range(3, 9)),
    ]
    said, expected, is_verified = left(tmp_path, {"t.jsonl": "\n".join(pairs).encode()})
    assert (said, is_verified) == (expected, False)
    assert [(f.code, f.line) for f in expected] == [("DUP001", 2), ("DUP001", 4), ("DUP001", 5)]


def test_how_many_copies_are_left_is_counted_anew(tmp_path: Path) -> None:
    """Those in a file that cannot be fixed stay."""
    packed = gzip.compress((chat(1) + "\n").encode())
    data = {"a.jsonl": "\n".join([chat(1), chat(1), *map(chat, range(2, 9))]).encode(), "b.jsonl.gz": packed}
    for name, content in data.items():
        (tmp_path / name).write_bytes(content)
    datasets = [Dataset("d", {"train": tuple(str(tmp_path / name) for name in data)}, Settings(select=("DUP001",)))]
    with patch.object(rounds, "ALWAYS_VERIFIED", 0):
        fixed, _ = mending.fix(datasets, Options(unsafe=True))
    assert not fixed.is_verified
    assert [*fixed.report.findings] == [*engine.check(datasets).findings]


@pytest.mark.parametrize("gap", [b", ", b",\n\n", b",\n "])
def test_a_document_that_stays_one_is_checked_whole(tmp_path: Path, gap: bytes) -> None:
    """No line and no column of it is where it was."""
    rows = [chat(1, "Assistant"), chat(1), chat(2, "nobody"), chat(3), chat(3), chat(4, "nobody")]
    data = b"[" + gap.join(row.encode() for row in rows) + b"]\n"
    (tmp_path / "t.json").write_bytes(data)
    datasets = [Dataset("d", {"train": (str(tmp_path / "t.json"),)}, Settings(select=("DUP001", "SCH004")))]
    with patch.object(rounds, "ALWAYS_VERIFIED", 0):
        fixed, _ = mending.fix(datasets, Options(unsafe=True))
    assert fixed.is_verified
    assert [*fixed.report.findings] == [*engine.check(datasets).findings]
    assert fixed.files[0].account.removed == 2


def test_a_file_that_is_emptied_is_told(tmp_path: Path) -> None:
    for name in ("a.jsonl", "b.jsonl"):
        (tmp_path / name).write_text("\n".join(map(chat, range(9))) + "\n")
    paths = tuple(str(tmp_path / name) for name in ("a.jsonl", "b.jsonl"))
    datasets = [Dataset("d", {"train": paths}, Settings(select=("DUP001", "FIL003")))]
    with patch.object(rounds, "ALWAYS_VERIFIED", 0):
        fixed, _ = mending.fix(datasets, Options(unsafe=True))
    assert [(f.path, f.code) for f in fixed.report.findings] == [(paths[1], "FIL003")]


def test_what_is_said_of_glued_records_is_not_lost(tmp_path: Path) -> None:
    """A rule that looks at the whole dataset said it, and is not asked again about one record."""
    glued = chat(1, "Assistant") + chat(2, more=', "x": 1')
    said, expected, is_verified = left(tmp_path, {"t.jsonl": "\n".join([glued, *map(chat, range(3, 12))]).encode()})
    assert (said, is_verified) == (expected, True)
    assert [f.code for f in expected] == ["SCH003"]


def test_the_codes_are_those_that_changed_the_record_and_no_other(tmp_path: Path) -> None:
    """Also of an array on one line, which becomes lines first."""
    rows = [chat(1), chat(1, "Assistant"), chat(2, more=', "n": 1'), *map(chat, range(3, 9)), chat(8)]
    (tmp_path / "t.jsonl").write_text("[" + ", ".join(rows) + "]")
    curator.fix(tmp_path, select=SELECT, isolated=True, unsafe=True)
    removed = [json.loads(line) for line in (tmp_path / "t.removed.jsonl").read_text().splitlines()]
    assert [(item["codes"], item["line"], item["raw"]) for item in removed] == [
        (["DUP001"], 1, rows[-1]),
        (["SCH004", "DUP001"], 1, rows[1]),
    ]


def test_a_line_too_long_to_read_is_still_told(tmp_path: Path) -> None:
    """Of a file in which other lines are fixed."""
    (tmp_path / "t.jsonl").write_text("\n".join([chat(1, "Assistant"), chat("x" * 3000), chat(2)]))
    chosen = Settings(select=("FIL011", "SCH004"), max_line_bytes=2000)
    datasets = [Dataset("d", {"train": (str(tmp_path / "t.jsonl"),)}, chosen)]
    with patch.object(rounds, "ALWAYS_VERIFIED", 0):
        fixed, _ = mending.fix(datasets)
    assert (fixed.is_verified, fixed.count) == (False, 1)
    assert [*fixed.report.findings] == [*engine.check(datasets).findings]
    assert len(fixed.report.findings) == 1


def test_without_unsafe_fixes_they_are_told(run: Callable[..., str], tmp_path: Path) -> None:
    (tmp_path / "t.jsonl").write_text("\n".join([chat(1), chat(1, "Assistant"), *map(chat, range(2, 9))]) + "\n")
    said = run("check", "t.jsonl", "--select", "MSG,SCH,DUP001", "--fix")
    assert "9 in = 9 records out" in said
    assert "t.jsonl:2:1: DUP001" in said
