"""Putting fixed files in their places: many of them, under several names, on disks that fail."""

from __future__ import annotations

import errno
import json
import os
import resource
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from curator.fixing import journal, placing, rekeying
from curator.fixing.undoing import undo
from curator.suppressions import FILE_NAME

GOOD = '{"messages": [{"role": "user", "content": "Hi %d"}, {"role": "assistant", "content": "Hello."}]}\n'
BAD = GOOD.replace("assistant", "Assistant")
FIX = ("--select", "SCH004,DUP001", "--fix", "--unsafe-fixes")

Command = Callable[..., Result]


def write(path: Path, *rows: str, encoding: str = "utf-8") -> Path:
    path.write_bytes("".join(rows).encode(encoding))
    return path


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.name != ".curator")


def test_many_files_in_many_rounds_need_few_open_files(tmp_path: Path) -> None:
    for number in range(40):
        write(tmp_path / f"{number:02}.jsonl", BAD % number, GOOD % 7, encoding="utf-16")

    def few() -> None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (32, 32))

    command = [sys.executable, "-m", "curator.cli.main", "check", ".", *FIX, "--select", "FIL001,SCH004", "-q"]
    done = subprocess.run(command, cwd=tmp_path, preexec_fn=few, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "39.jsonl").read_text() == GOOD % 39 + GOOD % 7


def test_the_journal_of_others_is_not_read_for_each_file(
    run: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        write(tmp_path / f"{number}.jsonl", BAD % number)
    read: list[str] = []
    real = journal._read
    monkeypatch.setattr(journal, "_read", lambda place: (read.append(place), real(place))[1])
    run("check", ".", *FIX)
    assert not read
    assert len(journal.entries(str(tmp_path))) == 3


def test_all_names_of_a_file_are_fixed(run: Command, tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", BAD % 1)
    for other in ("b", "c"):
        os.link(path, tmp_path / f"{other}.jsonl")
    result = run("check", "a.jsonl", "b.jsonl", *FIX)
    assert result.return_value == 0, result.stderr
    assert result.stderr.count("other names of this file (hard links) keep the old content") == 1
    assert [(tmp_path / f"{name}.jsonl").read_text() for name in "abc"] == [GOOD % 1, GOOD % 1, BAD % 1]
    assert run("undo").return_value == 0
    assert [(tmp_path / f"{name}.jsonl").read_text() for name in "abc"] == [BAD % 1] * 3


def test_what_is_set_aside_is_no_more_open_than_the_data(run: Command, tmp_path: Path) -> None:
    path = write(tmp_path / "t.jsonl", GOOD % 1, GOOD % 1, BAD % 2)
    path.chmod(0o600)
    run("check", "t.jsonl", *FIX)
    (kept,) = (tmp_path / ".curator" / "journal").iterdir()
    assert [stat.S_IMODE(p.stat().st_mode) for p in (path, tmp_path / "t.removed.jsonl", kept)] == [0o600] * 3


def test_a_group_that_shares_the_folder_shares_what_stands_beside_the_data(run: Command, tmp_path: Path) -> None:
    path = write(tmp_path / "t.jsonl", GOOD % 1, GOOD % 1)
    path.chmod(0o664)
    own = tmp_path / ".curator"
    made = [own, own / "lock", own / "journal", tmp_path / "t.removed.jsonl"]
    mask = os.umask(0o022)
    try:
        for mode in (0o755, 0o1775, 0o775):
            tmp_path.chmod(mode)
            run("check", "t.jsonl", *FIX)
            assert [bool(place.stat().st_mode & stat.S_IWGRP) for place in made] == [mode == 0o775] * 3 + [True]
            run("undo")
            shutil.rmtree(own)
    finally:
        os.umask(mask)


class BrokenError(Exception):
    """Stands for what ends a run."""


@pytest.mark.parametrize("error", [BrokenError(), KeyboardInterrupt(), OSError(errno.EIO, "Input/output error")])
def test_what_ends_before_the_file_is_replaced_leaves_nothing(
    run: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    def failing(temporary: str, path: str) -> None:
        raise error

    data = GOOD % 1 + GOOD % 1 + BAD % 2 + BAD % 2
    path = write(tmp_path / "t.jsonl", GOOD % 3 + BAD % 2 + BAD % 2)
    run("check", "t.jsonl", "--select", "DUP001", "--suppress", "--reason", "twice on purpose")
    accepted = (tmp_path / FILE_NAME).read_text()
    path.write_text(data)
    monkeypatch.setattr(placing, "replace", failing)
    run("check", "t.jsonl", *FIX)
    assert path.read_text() == data
    assert names(tmp_path) == [FILE_NAME, "t.jsonl"]
    assert (tmp_path / FILE_NAME).read_text() == accepted
    assert not journal.entries(str(tmp_path))


def test_a_disk_that_denies_what_it_has_done_loses_nothing(
    run: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path / "t.jsonl", GOOD % 1, GOOD % 1)
    real = os.replace

    def repeated(source: str, to: str) -> None:  # as a network disk does, of which an answer was lost
        real(source, to)
        if to == str(path):
            raise FileNotFoundError(errno.ENOENT, "No such file or directory")

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", repeated)
        assert run("check", "t.jsonl", *FIX).return_value == 2
    assert path.read_text() == GOOD % 1
    assert json.loads((tmp_path / "t.removed.jsonl").read_text())["raw"] == (GOOD % 1).strip()
    assert [done.path for done in undo([str(path)], together=False).files] == [str(path)]
    assert path.read_text() == GOOD % 1 + GOOD % 1
    assert names(tmp_path) == ["t.jsonl"]


@pytest.mark.parametrize("failing", ["trim", "drop"])
def test_what_fails_behind_the_replacing_is_no_refusal(
    run: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing: str
) -> None:
    def fails(*_: Any) -> None:
        raise OSError(errno.EIO, "Input/output error")

    path = write(tmp_path / "t.jsonl", BAD % 1)
    monkeypatch.setattr({"trim": journal, "drop": rekeying}[failing], failing, fails)
    result = run("check", "t.jsonl", *FIX)
    assert (result.return_value, path.read_text()) == (0, GOOD % 1)
    assert "error" not in result.stderr
