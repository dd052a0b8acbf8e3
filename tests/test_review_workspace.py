"""Whole reviews without a browser: check, decide, write, check again. What was decided is what is written."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from waiting import until

from curator.fixing.undoing import changed_below, undo
from curator.review.checking import Checking
from curator.review.decisions import outcome
from curator.review.decisions.recheck import Recheck
from curator.review.serving import ReviewOptions
from curator.review.states import Filter, Row
from curator.review.workspace import Workspace

EMPTY, COPIES, WEIGHT = "MSG006", "DUP001", "MSG011"
Start = Callable[..., Workspace]


@pytest.fixture
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Start]:
    """Opens the review of files in the working directory."""
    monkeypatch.chdir(tmp_path)
    begun: list[Workspace] = []

    def begin(*paths: str) -> Workspace:
        checking = Checking(ReviewOptions(paths, select=(EMPTY, COPIES, WEIGHT), jobs=1))
        until(lambda: checking.is_done)
        assert not checking.error
        begun.append(Workspace(checking, "ann"))
        begun[-1].sync()
        return begun[-1]

    yield begin
    for workspace in begun:
        workspace.store.close()
        workspace.checking.close()


def chat(question: str, answer: str, **more: object) -> bytes:
    talk = [{"role": "user", "content": question, **more}, {"role": "assistant", "content": answer}]
    return json.dumps({"messages": talk}).encode() + b"\n"


def row(workspace: Workspace, path: str, line: int) -> Row:
    rows = workspace.index.page(Filter(), 0, 99)
    return next(row for row in rows if workspace.files()[row.file].path == path and row.line == line)


def test_one_of_copies_is_kept_where_a_file_was_given_twice(start: Start) -> None:
    Path("curator.toml").write_text('[datasets.all]\ntrain = "a.jsonl"\n')
    Path("a.jsonl").write_bytes(chat("one", "1") + chat("two", "2"))
    workspace = start("a.jsonl", "./a.jsonl")
    for group in workspace.index.groups(Filter()):  # the file is read once
        workspace.many.keep_one(group, workspace.index.members(group)[0])
    assert not [change for change in outcome.changes(workspace) if change.account.removed]


def test_what_is_kept_is_written_where_a_file_was_given_twice(start: Start) -> None:
    Path("a.jsonl").write_bytes(chat("one", ""))
    workspace = start("a.jsonl", "./a.jsonl")
    assert [file.path for file in workspace.files()] == ["a.jsonl"]
    opened = workspace.open(row(workspace, "a.jsonl", 1))
    workspace.keep(opened, opened.open, "meant")
    (result,) = outcome.write(workspace, None)
    assert result.written is not None
    assert result.written.suppressions == {".curator-suppressions.jsonl": 1}
    assert not start("a.jsonl").index.summary().items


def test_one_undo_takes_back_all_files_of_a_write(start: Start, tmp_path: Path) -> None:
    was = {name: chat(name, "") + chat("other", name) for name in ("a.jsonl", "b.jsonl")}
    for name, data in was.items():
        Path(name).write_bytes(data)
    workspace = start(*was)
    for name in was:
        workspace.remove(workspace.open(row(workspace, name, 1)))
    assert all(result.written for result in outcome.write(workspace, None))
    assert not undo(list(changed_below(str(tmp_path))), together=True).refused
    assert {name: Path(name).read_bytes() for name in was} == was


def test_undo_after_a_write_says_nothing_of_another_copy(start: Start) -> None:
    Path("a.jsonl").write_bytes(2 * chat("one", "1"))
    workspace = start("a.jsonl")
    (group,) = workspace.index.groups(Filter())
    workspace.many.keep_one(group, workspace.index.members(group)[1])
    outcome.write(workspace, None)
    assert Path("a.jsonl").read_bytes() == chat("one", "1")
    again = start("a.jsonl")
    again.undo()
    assert [change.account.removed for change in outcome.changes(again)] == [0]


def test_lines_that_are_too_long_for_the_check_are_so_for_the_account(start: Start) -> None:
    Path("curator.toml").write_text("max-line-bytes = 1000\n")
    long = chat("long", "x" * 1000)
    Path("a.jsonl").write_bytes(chat("one", "") + long)
    workspace = start("a.jsonl")
    workspace.remove(workspace.open(row(workspace, "a.jsonl", 1)))
    (result,) = outcome.write(workspace, None)
    assert not result.error
    assert Path("a.jsonl").read_bytes() == long


def test_no_module_beside_the_data_is_imported(start: Start) -> None:
    for name in ("msgspec", "json", "click", "curator"):
        Path(f"{name}.py").write_text("from pathlib import Path\nPath('imported').touch()\nraise SystemExit(3)\n")
    Path("a.jsonl").write_bytes(chat("one", ""))
    workspace = start("a.jsonl")
    assert workspace.index.summary().items == 1
    again = Recheck.start(["a.jsonl"], workspace.options)
    until(lambda: again.is_done)
    assert not again.error
    assert not Path("imported").exists()


def test_a_fix_for_many_leaves_what_is_decided_otherwise(start: Start) -> None:
    Path("a.jsonl").write_bytes(b"".join(chat(str(number), "yes", weight=1) for number in range(3)))
    workspace = start("a.jsonl")
    workspace.remove(workspace.open(row(workspace, "a.jsonl", 1)))
    workspace.discuss(workspace.open(row(workspace, "a.jsonl", 2)), "Is it?")
    done = workspace.many.accept_all(Filter(), WEIGHT)
    assert (done.decided, done.passed_over, len(workspace.many.previewed(Filter(), WEIGHT))) == (1, 2, 0)
    assert [row(workspace, "a.jsonl", line).status for line in (1, 2, 3)] == ["removed", "discuss", "fixed"]
    done = workspace.many.accept_all(Filter(statuses=("discuss",)), WEIGHT)
    assert (done.decided, done.passed_over) == (1, 0)
