"""Which files are checked: what a search passes over is said, and the tool's own files are left alone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from curator.cli.main import group

ROW = '{"messages": [{"role": "user", "content": "%d"}, {"role": "assistant", "content": "It is %d."}]}\n'
DATA = "".join(ROW % (n, n) for n in range(12))
OWN = [".curator-suppressions.jsonl", "train.removed.jsonl", ".curator/journal.jsonl", "deep/.curator/journal.jsonl"]

Check = Callable[..., Result]


@pytest.fixture
def check(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Check:
    monkeypatch.chdir(tmp_path)

    def invoke(*arguments: str) -> Result:
        return CliRunner().invoke(group, ["check", *arguments], prog_name="curator", standalone_mode=False)

    return invoke


def write(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(DATA)


def test_json_files_that_a_search_passes_over_are_counted(check: Check, tmp_path: Path) -> None:
    write(tmp_path, "a.jsonl", "b.json")
    one = "note: 1 .json file was passed over (such as b.json); name a .json file to check it\n"
    assert check().stderr == one
    write(tmp_path, "below/c.json", "below/d.json.gz")
    assert "note: 3 .json files were passed over" in check(".").stderr
    assert check("--quiet").stderr == ""
    assert check("b.json").stderr == ""


def test_json_files_that_are_ignored_or_excluded_are_not_counted(check: Check, tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / ".gitignore").write_text("out/\n")
    write(tmp_path, "a.jsonl", "out/b.json", "old/c.json")
    assert "old/c.json" in check().stderr
    assert check("--exclude", "old").stderr == ""


def test_where_there_is_nothing_but_json_both_are_said(check: Check, tmp_path: Path) -> None:
    write(tmp_path, "b.json")
    assert check().stderr.splitlines() == [
        "note: 1 .json file was passed over (such as b.json); name a .json file to check it",
        "error: .: the folder holds no data files (.jsonl, .ndjson, also .gz, .zst)",
    ]


def test_with_datasets_in_the_settings_nothing_is_searched_for(check: Check, tmp_path: Path) -> None:
    write(tmp_path, "a.jsonl", "b.json")
    (tmp_path / "curator.toml").write_text('[datasets.a]\ntrain = "a.jsonl"\n')
    assert check().stderr == ""


def test_the_tools_own_files_are_checked_only_when_they_are_meant(check: Check, tmp_path: Path) -> None:
    write(tmp_path, "a.jsonl", *OWN)
    assert check("--show-files").stdout.split() == ["a.jsonl"]
    assert check("--show-files", "--force-exclude", "a.jsonl", *OWN).stdout.split() == ["a.jsonl"]
    assert check("--show-files", OWN[1]).stdout.split() == [OWN[1]], "named by a person"
    nothing = check("--force-exclude", *OWN)
    assert (nothing.exit_code, nothing.stderr) == (0, "")


def test_one_file_named_twice_is_checked_once(check: Check, tmp_path: Path) -> None:
    write(tmp_path, "a.jsonl")
    assert check("a.jsonl", "./a.jsonl", str(tmp_path / "a.jsonl"), ".").stdout == check("a.jsonl").stdout
