"""The Overview, Write, and what stands around every page: what they say, and that nothing is lost when things fail."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest
from waiting import PATIENCE, until

from curator.report import Failure, NotChecked
from curator.review import checking, heading, overview, serving, start_page, uploads
from curator.review.checking import Checking, Progress
from curator.review.decisions import outcome, recheck
from curator.review.overview import Figures
from curator.review.serving import ReviewOptions
from curator.review.states import Decision, Filter, Key, Row, State
from curator.review.workspace import Workspace

ROOT = Path(__file__).parent.parent
SAMPLE = ROOT / "sample_data"


@contextmanager
def checked(*paths: Path, **how: object) -> Iterator[Workspace]:
    check = Checking(ReviewOptions(tuple(map(str, paths)), **how))  # type: ignore[arg-type]
    try:
        until(lambda: check.is_done)
        assert not check.error
        workspace = Workspace(check, "Ada")
        workspace.sync()
        yield workspace
        workspace.store.close()
        workspace.index.close()
    finally:
        check.close()


@pytest.fixture
def data(tmp_path: Path) -> Path:
    for name in ("tools.jsonl", "intents.train.jsonl", "support_chat.jsonl"):
        (tmp_path / name).write_bytes((SAMPLE / name).read_bytes())
    return tmp_path


def first(workspace: Workspace, code: str) -> Row:
    return workspace.index.page(Filter(codes=(code,), sort="place"), 0, 1)[0]


def accept(workspace: Workspace, code: str) -> Row:
    change = next(change for change in workspace.many.fixed_by(Filter(sort="place"), code) if change.accepted.applied)
    workspace.accept(change.opened, [finding for finding in change.opened.fixable if finding.code == code])
    return change.opened.row


# --- the check's process ------------------------------------------------------------------------


def test_the_check_ends_with_the_server_and_leaves_nothing(data: Path, tmp_path: Path) -> None:
    """A server that is killed takes its check along, in the middle of it; what it leaves, the next one sweeps."""
    many = tmp_path / "many.jsonl"
    many.write_bytes((SAMPLE / "tools.jsonl").read_bytes() * 200)
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    script = (
        "import sys, time\n"
        "from curator.review.checking import Checking\n"
        "from curator.review.serving import ReviewOptions\n"
        "check = Checking(ReviewOptions((sys.argv[1],), jobs=2))\n"
        "print(check._process.pid, flush=True)\n"
        "time.sleep(600)"
    )
    server = subprocess.Popen(
        [sys.executable, "-c", script, str(many)], stdout=subprocess.PIPE, env={**os.environ, "TMPDIR": str(temporary)}
    )
    assert server.stdout is not None
    group = int(server.stdout.readline())
    (folder,) = temporary.glob("curator-review-*")
    until(lambda: len(members(group)) >= 2 or not members(group))
    server.kill()
    server.wait()
    server.stdout.close()
    until(lambda: not members(group))
    folder.mkdir(exist_ok=True)
    (temporary / f"curator-review-{os.getpid()}-mine").mkdir()
    old, tempfile.tempdir = tempfile.tempdir, str(temporary)
    try:
        checking.sweep()
    finally:
        tempfile.tempdir = old
    assert [path.name for path in temporary.iterdir() if path.name.startswith("curator-")] == [
        f"curator-review-{os.getpid()}-mine"
    ]


def members(group: int) -> list[int]:
    """The processes of a group that still run."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, pgrp = stat.read_text().rpartition(")")[2].split()[:3]
        except (OSError, ValueError):
            continue
        if int(pgrp) == group and state != "Z":
            found.append(int(stat.parent.name))
    return found


@pytest.mark.parametrize(("path", "said"), [("gone.jsonl", "no such file"), ("", "no data files")])
def test_why_there_is_nothing_to_review(tmp_path: Path, path: str, said: str) -> None:
    check = Checking(ReviewOptions((str(tmp_path / path),)))
    until(lambda: check.error or check.is_ready)
    until(lambda: check.is_done)
    assert said in check.error or said in str(check.index and check.index.summary().failures)
    check.close()


def test_a_check_that_is_killed_says_so(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "never.jsonl")  # nobody writes into it: no check is through before it is ended
    check = Checking(ReviewOptions((str(tmp_path / "never.jsonl"),)))
    check.stop()
    until(lambda: check.is_done)
    assert "SIGKILL" in check.error
    assert not check.is_ready
    check.close()


def test_of_a_check_that_breaks_down_the_reason_stands_first(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = data / "python"
    broken.write_text(
        "#!/bin/sh\nprintf 'Traceback (most recent call last):\\n  File x\\nOSError: no luck\\n' >&2\nexit 3\n"
    )
    broken.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(broken))
    check = Checking(ReviewOptions((str(data),)))
    until(lambda: check.is_done)
    first, _, rest = check.error.partition("\n")
    assert first == "the check ended with exit code 3: OSError: no luck"
    assert rest.startswith("Traceback")
    check.close()


def test_time_left_is_no_more_exact_than_it_is_known() -> None:
    assert start_page.words(Progress()) == "Reading how the data is made …"
    assert start_page.words(Progress(10, 100, 0.5, "check", 7)) == "10% · 7 records"
    assert start_page.words(Progress(50, 100, 30, "check", 7000)) == "50% · 7,000 records · about 30 s left"
    assert [start_page.lasting(seconds) for seconds in (0.2, 53, 70, 7200)] == [
        "a few seconds", "about 55 s", "about 1 min", "about 2 h",
    ]  # fmt: skip


# --- uploads ------------------------------------------------------------------------------------


def test_the_same_upload_is_the_same_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    name = uploads.keep("a/../b c.jsonl", b"{}\n")
    assert uploads.keep("b c.jsonl", memoryview(b"{}\n")) == name
    assert uploads.keep("b c.jsonl", b"{} \n") != name
    (path,) = uploads.found(name)
    assert Path(path).read_bytes() == b"{}\n"
    assert uploads.is_upload(path)
    assert not uploads.is_upload("train.jsonl")
    assert (tmp_path / ".curator" / ".gitignore").read_text() == "*\n"
    digest = name.partition("/")[0]
    for other in (f"{digest}/../../../etc/passwd", f"{digest}/.hidden", "../x", "", f"{digest}/gone.jsonl"):
        assert uploads.found(other) == ()


# --- the heading --------------------------------------------------------------------------------


def test_the_heading_is_harmless_and_says_when() -> None:
    assert heading.names(["a/<b>.jsonl", "c", "d", "d"]) == "&lt;b&gt;.jsonl, c and 1 more"
    last = Decision(1, "2026-03-01T10:00:05.123+00:00", "Ada", Key("a", "b"), "keep", State("kept"))
    assert heading.saved(last, datetime(2026, 3, 1, 11, tzinfo=UTC)) == "saved 10:00:05"
    assert heading.saved(last, datetime(2026, 3, 2, 11, tzinfo=UTC)) == "saved 2026-03-01 10:00"
    assert heading.said(Failure("a.jsonl", 3, "FUN001", "raised")) == "a.jsonl:3: FUN001: raised"
    assert heading.said(Failure("a.jsonl", 0, "", "a.jsonl: no such file")) == "a.jsonl: no such file"
    assert "<script>" not in heading.failures([Failure("<script>", 0, "", "x")] * 9)


def test_changed_files_are_noticed(data: Path) -> None:
    with checked(data / "tools.jsonl") as workspace:
        assert not heading.outdated(workspace.files())
        assert "tools.jsonl" in heading.bar(workspace)
        assert "nothing decided yet" in heading.bar(workspace)
        (data / "tools.jsonl").write_bytes(b"{}\n")
        assert len(heading.outdated(workspace.files())) == 1
        (data / "tools.jsonl").unlink()
        assert len(heading.outdated(workspace.files())) == 1


# --- the Overview -------------------------------------------------------------------------------


def figures(records: int = 10, **findings: int) -> Figures:
    return Figures(records, 0, 1, sum(findings.values()), findings, findings, None)


@pytest.mark.parametrize(
    ("known", "said"),
    [
        (figures(error=2), "2 errors in 2 of 10 records."),
        (figures(error=1, warning=9), "1 error in 1 of 10 records."),
        (Figures(10, 0, 1, 0, {"error": 1}, {}, None), "1 error."),  # of a file as a whole
        (figures(warning=1), "No errors; 1 warning in 1 of 10 records."),
        (figures(info=3), "No errors and no warnings; 3 remarks."),
        (figures(), "Nothing is flagged in 10 records."),
        (figures(records=0), "There are no records."),
    ],
)
def test_the_verdict(known: Figures, said: str) -> None:
    assert overview.verdict(known, ["openai"])[0] == said


def test_the_figures_in_words() -> None:
    partly = Figures(322, 0, 3, 1, {"warning": 1}, {}, 1390, 12)  # two of three files without a tokenizer
    told = overview.tiles(partly)
    assert "116 a record, of the 12 that are counted" in told
    assert "and 1 warning, 0 remarks" in told


def test_the_overview_knows_what_the_check_knows(data: Path) -> None:
    with checked(data / "tools.jsonl", data / "intents.train.jsonl") as workspace:
        summary = workspace.index.summary()
        known = Figures.of(summary, workspace.index)
        assert (known.records, known.files) == (501, 2)
        assert known.tokens
        assert known.tokens > 1000
        assert known.counted == known.records
        pictures = {picture.title: picture for picture in overview.pictures(workspace)}
        assert set(pictures) >= {"Findings by rule", "Tokens", "Labels", "Turns", "Functions called", "Clusters"}
        # Every bar that is a filter leads to records, and its row in the table, too.
        for picture in pictures.values():
            for shown in filter(None, picture.drawn.filters):
                if picture.title in ("Findings by rule", "Clusters"):
                    assert workspace.index.count(shown)
            linked = overview.table(picture).count("<a ")
            assert linked == sum(shown is not None for shown in picture.drawn.filters)
        left, right = overview.columns(list(pictures.values()))
        assert len(left) + len(right) == len(pictures)
        words = overview.conventions(workspace)
        assert "classification" in words
        assert "###" in words
        assert "moderation" in overview.unchecked(summary)
        assert isinstance(summary.not_checked[0], NotChecked)


# --- Write --------------------------------------------------------------------------------------


def test_each_decision_changes_exactly_its_bytes(data: Path) -> None:
    path = data / "tools.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    with checked(path) as workspace:
        fixed = accept(workspace, "FUN001")
        gone = first(workspace, "FUN003")
        assert gone.line != fixed.line
        workspace.remove(workspace.open(gone))
        (change,) = outcome.changes(workspace)
        assert outcome.sentence(change) == "58 in the file = 57 written + 1 set aside"
        assert outcome.effects(change) == "1 changed, 1 removed"
        assert outcome.together([change]) == "Of 58 records in 1 file: 1 changed, 1 removed."
        assert "FUN001" in outcome.by_rule([change])
        assert "cu-removed" in outcome.diff(change, 10)
        told = outcome.command(workspace, [change])
        assert told.line == f"curator check --fix --unsafe-fixes --select FUN001 {path}"
        assert (told.fixes, told.others) == (1, 1)
        (result,) = outcome.write(workspace, {str(path): str(data / "new.jsonl")})
        assert path.read_bytes().splitlines(keepends=True) == lines
        expected = list(lines)
        new = (data / "new.jsonl").read_bytes().splitlines(keepends=True)
        state = workspace.store.current(fixed.key)
        assert state is not None
        assert state.state.raw is not None
        expected[fixed.line - 1] = state.state.raw + b"\n"
        del expected[gone.line - 1]
        assert new == expected
        assert result.written is not None
        assert Path(result.written.aside).name == "new.removed.jsonl"
        # A second time it asks.
        (again,) = outcome.write(workspace, {str(path): str(data / "new.jsonl")})
        assert "exists already" in again.error
        assert "not written" in outcome.report(again)
        (again,) = outcome.write(workspace, {str(path): str(data / "new.jsonl")}, overwrite=True)
        assert again.written is not None
        check = recheck.Recheck.start(outcome.now_valid(workspace, [again]), workspace.options)
        until(lambda: check.is_done)
        assert check.counts is not None
        before = workspace.index.summary()
        assert check.counts["FUN001"] == before.by_code["FUN001"] - 1
        said, html = recheck.compared(before, check.counts)
        assert said.startswith(f"{before.by_severity['error']} → {check.counts['error']} errors")
        assert "FUN001" in html


def test_a_record_of_several_lines_goes_in_one_piece(tmp_path: Path) -> None:
    path = tmp_path / "chat.json"
    chat = [{"role": "user", "content": "Hello?"}, {"role": "assistant", "content": "Yes."}]
    path.write_text(json.dumps([{"messages": chat, "n": n} for n in range(3)], indent=2))
    with checked(path, select=("SCH003",)) as workspace:
        workspace.remove(workspace.open(first(workspace, "SCH003")))
        (change,) = outcome.changes(workspace)
        shown = outcome.diff(change, 10)
        assert shown.count(">removed<") == shown.count(">line ") == 1
        assert "Hello?" in shown


def test_in_place_and_back_by_the_command(data: Path) -> None:
    path = data / "tools.jsonl"
    old = path.read_bytes()
    with checked(path) as workspace:
        row = accept(workspace, "FUN001")
        assert outcome.barred(outcome.changes(workspace)) == []
        (result,) = outcome.write(workspace, None)
        assert result.written is not None
        assert result.written.path == str(path)
        assert outcome.now_valid(workspace, [result]) == [str(path)]
        assert path.read_bytes() != old
    with checked(path) as workspace:  # the record is another one now, and the decision is named
        assert workspace.index.find(row.key) is None
        (change,) = outcome.changes(workspace)
        assert change.stale == 1
        assert "fits no record" in outcome.lost(change, workspace.store)
        assert outcome.is_nothing(change)
    undone = subprocess.run([sys.executable, "-m", "curator.cli.main", "undo", str(path)], check=False, cwd=data)
    assert undone.returncode == 0
    assert path.read_bytes() == old
    with checked(path) as workspace:  # and so the decision holds again
        found = workspace.index.find(row.key)
        assert found is not None
        assert found.status == "fixed" or workspace.open(found).decision is not None


@pytest.mark.parametrize("fault", ["changed", "read-only folder", "full", "gone"])
def test_what_cannot_be_written_is_said_and_loses_nothing(
    data: Path, fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", True)  # halves of bytecode would break later imports
    path, target = data / "tools.jsonl", data / "out" / "new.jsonl"
    old = path.read_bytes()
    target.parent.mkdir()
    with checked(path) as workspace:
        accept(workspace, "FUN001")
        if fault == "changed":
            path.write_bytes(old + b"\n")
            with pytest.raises(Exception, match="another program changed the file"):
                outcome.write(workspace, {str(path): str(target)})
            path.write_bytes(old)
            return
        if fault == "read-only folder":
            if os.geteuid() == 0:
                target = Path("/proc/new.jsonl")  # where root cannot write either
            else:
                target.parent.chmod(0o500)
        elif fault == "gone":
            target = data / "nowhere" / "new.jsonl"
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        try:
            if fault == "full":  # the nearest to a full disk that needs no disk of its own
                resource.setrlimit(resource.RLIMIT_FSIZE, (4096, before[1]))
            (result,) = outcome.write(workspace, {str(path): str(target)})
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
            signal.signal(signal.SIGXFSZ, handler)
        assert result.written is None
        assert "not written" in result.error
        assert "\n" not in result.error
        assert path.read_bytes() == old
        assert not target.exists()
        assert list((data / "out").iterdir()) == []
        assert workspace.store.last_id == 1


def test_copies_count_anew_after_writing_in_place(tmp_path: Path) -> None:
    path = tmp_path / "twice.jsonl"
    bad = b'{"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": ""}]}\n'
    path.write_bytes(bad + (SAMPLE / "support_chat.jsonl").read_bytes() + bad)
    with checked(path) as workspace:
        row = workspace.index.page(Filter(sort="place"), 0, 1)[0]
        workspace.remove(workspace.open(row))
        (result,) = outcome.write(workspace, None)
        assert result.written is not None
        current = workspace.store.current(row.key)
        assert current is not None
        assert current.state == State()  # which is the other copy now
    assert path.read_bytes().endswith(bad)
    assert not path.read_bytes().startswith(bad)


def test_no_command_makes_an_edit(data: Path) -> None:
    with checked(data / "tools.jsonl") as workspace:
        workspace.remove(workspace.open(first(workspace, "FUN001")))
        told = outcome.command(workspace, outcome.changes(workspace))
        assert (told.line, told.others) == ("", 1)
        assert "No command" in outcome.command_html(told)
        rows = [json.loads(line) for line in outcome.export(workspace.store).splitlines()]
        assert [row["action"] for row in rows] == ["remove"]


def test_two_files_are_not_written_to_one() -> None:
    assert outcome.clashes({"a": "x.jsonl", "b": "./x.jsonl", "c": "y"}) == [os.path.realpath("x.jsonl")]
    assert outcome.clashes({"a": "x", "b": "y"}) == []


# --- the pages ----------------------------------------------------------------------------------


@pytest.fixture
def page(monkeypatch: pytest.MonkeyPatch) -> Callable[..., AppTest]:
    """Draws a page over data, when the check is done."""

    def draw(name: str, *paths: Path) -> AppTest:
        monkeypatch.setattr(serving, "_given", ReviewOptions(tuple(map(str, paths)), reviewer="Ada"))
        script = "from curator.review import main\nmain.show()"
        at = AppTest.from_string(script, default_timeout=PATIENCE)
        at.switch_page(name) if name else None
        at.run()
        return at

    return draw


@pytest.mark.filterwarnings("default")  # Streamlit's own
def test_without_data_it_asks_for_a_file(page: Callable[..., AppTest]) -> None:
    at = page("")
    assert not at.exception
    assert "What do you want to review?" in at.subheader[0].value
    assert any("git ignores" in html.value for html in at.get("html"))
    assert any("writing in place" in html.value for html in at.get("html"))
