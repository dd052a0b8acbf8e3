"""Records that fixing makes equal to others go in the same run, whether or not everything is checked again."""

from __future__ import annotations

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
from curator.fixing import rounds
from curator.fixing.rounds import Rounds

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
            text = "[" + ",\n ".join(rows) + "]"
        else:
            text = random.choice(["\n", "\r\n"]).join(rows) + random.choice(["", "\n"])
        found[f"{name}.jsonl"] = random.choice([b"", b"", b"\xef\xbb\xbf"]) + text.encode()
    return found


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
        return {path.name: path.read_bytes() for path in Path(folder).iterdir() if path.is_file()}


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


def test_a_copy_that_was_accepted_stays(run: Callable[..., str], tmp_path: Path) -> None:
    twins = [chat("twice"), chat("twice")]
    (tmp_path / "t.jsonl").write_text("\n".join([*twins, chat("twice", "Assistant"), chat("once")]) + "\n")
    run("check", "t.jsonl", "--select", "DUP001", "--suppress", "--reason", "on purpose")
    said = run("check", "t.jsonl", "--select", "MSG,SCH,DUP001", "--fix", "--unsafe-fixes")
    assert "4 in = 4 records out" in said  # all three are the same record, and of that, copies are accepted


def test_without_unsafe_fixes_they_are_told(run: Callable[..., str], tmp_path: Path) -> None:
    (tmp_path / "t.jsonl").write_text("\n".join([chat(1), chat(1, "Assistant"), *map(chat, range(2, 9))]) + "\n")
    said = run("check", "t.jsonl", "--select", "MSG,SCH,DUP001", "--fix")
    assert "9 in = 9 records out" in said
    assert "t.jsonl:2:1: DUP001" in said
