"""The queue lists a record by what is left to be decided about it, whoever has decided the rest, and whenever."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from waiting import until

from curator.model import Finding
from curator.review import workspace as workspaces
from curator.review.checking import Checking
from curator.review.decisions.store import Store
from curator.review.opened import Opened
from curator.review.serving import ReviewOptions
from curator.review.states import Filter
from curator.review.workspace import Workspace

USER, ANSWER = {"role": "user", "content": "Is it open?"}, {"role": "assistant", "content": "Yes."}
ERROR, WARNING = "MSG010", "MSG011"
# An error without a fix, and a warning with one.
BOTH = {"messages": [{**USER, "weight": 1}, {**ANSWER, "weight": "1"}]}
Start = Callable[..., Workspace]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Opens the review of a.jsonl for a reviewer, in a check of its own or in that of another's workspace."""
    begun: list[Checking] = []
    stores: list[Store] = []

    def begin(reviewer: str = "ann", beside: Workspace | None = None) -> Workspace:
        if beside is None:
            path = str(tmp_path / "a.jsonl")
            begun.append(Checking(ReviewOptions((path,), select=(ERROR, WARNING), jobs=1)))
        checking = beside.checking if beside is not None else begun[-1]
        until(lambda: checking.is_done)
        assert not checking.error
        found = Workspace(checking, reviewer)
        stores.append(found.store)
        found.sync()
        return found

    yield begin
    for store in stores:
        store.close()
    for checking in begun:
        checking.close()


def write(folder: Path, *records: object) -> None:
    (folder / "a.jsonl").write_text("".join(f"{json.dumps(record)}\n" for record in records))


def line(workspace: Workspace, shown: Filter = Filter()) -> tuple[str, tuple[str, ...], int, int]:  # noqa: B008
    """How the only record is listed."""
    (row,) = workspace.index.page(shown, 0, 9)
    return row.severity, row.codes, row.findings, row.fixable


def opened(workspace: Workspace, row_id: int = 1) -> Opened:
    row = workspace.index.row(row_id)
    assert row is not None
    return workspace.open(row)


def found(opened: Opened, code: str) -> list[Finding]:
    return [finding for finding in opened.open if finding.code == code]


AS_FOUND = ("error", (ERROR, WARNING), 2, 1)
WITHOUT_WARNING = ("error", (ERROR,), 1, 0)
WITHOUT_ERROR = ("warning", (WARNING,), 1, 1)


def test_a_record_is_listed_by_what_its_decision_has_left(start: Start, tmp_path: Path) -> None:
    write(tmp_path, BOTH)
    ann = start()
    assert line(ann) == AS_FOUND
    was = opened(ann)
    ann.accept(was, found(was, WARNING))
    assert line(ann) == WITHOUT_WARNING
    assert ann.index.counts_by("rule", Filter()) == {ERROR: 1}
    assert ann.index.count(Filter(codes=(WARNING,))) == 0
    assert {f.code for f in ann.index.findings(1)} == {ERROR, WARNING}  # what the check said of it stays known
    ann.undo()
    assert line(ann) == AS_FOUND
    ann.redo()
    assert line(ann) == WITHOUT_WARNING
    now = opened(ann)
    ann.keep(now, now.open, "so in production")
    assert opened(ann).open == []
    # A decided record is found by what was wrong with it.
    assert line(ann, Filter(codes=(WARNING,), statuses=("fixed",))) == AS_FOUND


def test_a_kept_finding_is_left_out_and_the_record_moves_behind_errors(start: Start, tmp_path: Path) -> None:
    write(tmp_path, BOTH, {**BOTH, "messages": [*BOTH["messages"], USER, ANSWER]})
    ann = start()
    now = opened(ann)
    ann.keep(now, found(now, ERROR), "so in production")
    assert [row.line for row in ann.index.page(Filter(), 0, 9)] == [2, 1]
    assert ann.index.page(Filter(severities=("warning",)), 0, 9)[0].codes == (WARNING,)
    ann.discuss(opened(ann), "who knows?")
    assert ann.index.page(Filter(statuses=("discuss",)), 0, 9)[0].codes == (WARNING,)
    ann.reopen(opened(ann))
    assert [row.line for row in ann.index.page(Filter(), 0, 9)] == [1, 2]


def test_what_others_decided_and_what_was_decided_before(start: Start, tmp_path: Path) -> None:
    write(tmp_path, BOTH)
    ann = start()
    ben = start("ben", beside=ann)
    now = opened(ben)
    ben.accept(now, found(now, WARNING))
    ann.sync()
    assert line(ann) == WITHOUT_WARNING
    again = start("cleo")
    assert again.checking is not ann.checking
    assert line(again) == WITHOUT_WARNING


def test_a_code_that_no_record_had(start: Start, tmp_path: Path) -> None:
    write(tmp_path, BOTH)
    ann = start()
    now = opened(ann)
    ann.keep(now, found(now, ERROR), "so in production")
    assert line(ann) == WITHOUT_ERROR
    assert line(ann, Filter(codes=(WARNING,))) == WITHOUT_ERROR


def test_many_are_listed_anew_meanwhile(start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workspaces, "_FOLLOWED", 2)
    write(tmp_path, *({**BOTH, "user": str(number)} for number in range(6)))
    ann = start()
    assert ann.many.accept_all(Filter(), WARNING).decided == 6
    until(lambda: ann.index.counts_by("rule", Filter()) == {ERROR: 6})


def test_a_file_that_changed_spoils_only_its_own_rows(start: Start, tmp_path: Path) -> None:
    write(tmp_path, BOTH)
    ann = start()
    now = opened(ann)
    write(tmp_path, {**BOTH, "user": "other"})
    ann.accept(now, found(now, WARNING))
    assert line(ann) == AS_FOUND
