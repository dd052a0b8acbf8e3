"""`curator check --fix`, `--diff` and `curator undo`: what is changed, what is refused, what is said."""

from __future__ import annotations

import fcntl
import gzip
import json
import os
import resource
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from test_script import patched

import curator
from curator.errors import UsageError
from curator.executors.local import inline
from curator.findings import record_hash
from curator.fixing import journal, mending, placing, rewriting, rounds
from curator.fixing.script import Script
from curator.fixing.splicing import Splice
from curator.inputs import Dataset
from curator.report import Scanned
from curator.scan import Task
from curator.settings import Settings
from curator.sources import Shard
from curator.suppressions import FILE_NAME

GOOD = '{"messages": [{"role": "user", "content": "Hi %d"}, {"role": "assistant", "content": "Hello."}]}'
BAD = GOOD.replace("assistant", "Assistant")
RULES = "FIL,JSN,SCH003,SCH004,MSG,DUP001"

Run = Callable[..., Result]
# Where files may not grow, Python would leave halves of the bytecode that it writes: every later import would fail.
WITHOUT_BYTECODE = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}


@pytest.fixture
def run(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "no-such-file"))
    monkeypatch.setenv("USER", "ada")
    return run


def rows(*texts: str, ending: str = "\n") -> bytes:
    return "".join(f"{text}{ending}" for text in texts).encode()


def write(path: Path, *texts: str) -> Path:
    path.write_bytes(rows(*texts))
    return path


def fix(run: Run, *arguments: str) -> Result:
    return run("check", *arguments, "--select", RULES, "--fix")


SMALL = [BAD % 1, "", GOOD % 2, "// note", GOOD % 2, (GOOD % 3)[:-1] + ', "id": 1}']


def test_safe_fixes_only_unless_asked(run: Run, tmp_path: Path) -> None:
    path = write(tmp_path / "t.jsonl", *SMALL)
    fix(run, "t.jsonl")
    assert path.read_bytes() == rows(GOOD % 1, GOOD % 2, "// note", GOOD % 2, SMALL[-1])
    for flag in ("--fix", "--diff"):
        held = run("check", "t.jsonl", "--select", RULES, flag).stderr
        assert "Nothing to fix without --unsafe-fixes, which would fix " in held
    result = fix(run, "t.jsonl", "--unsafe-fixes", "--show-fixes")
    assert path.read_bytes().count((GOOD % 2).encode()) == 1
    assert "× DUP001: drop this copy" in result.stderr
    assert "Fixed " in result.stderr
    assert "removed (kept in t.removed.jsonl)" in result.stderr
    again = fix(run, "t.jsonl", "--unsafe-fixes")
    assert "Nothing to fix." in again.stderr


def test_only_selected_rules_are_fixed_and_every_other_byte_stays(run: Run, tmp_path: Path) -> None:
    text = '{ "messages":[{"role" : "Assistant","content":"\\u00e9\\/" , "weight": 1.50}] }'
    data = rows(text, "", BAD % 1, ending="\r\n")[:-2]
    (tmp_path / "t.jsonl").write_bytes(data)
    run("check", "t.jsonl", "--select", "SCH004", "--fix")
    assert (tmp_path / "t.jsonl").read_bytes() == data.replace(b'"Assistant"', b'"assistant"')


def test_what_is_accepted_is_not_fixed(run: Run, tmp_path: Path) -> None:
    path = write(tmp_path / "t.jsonl", BAD % 1, GOOD % 2)
    run("check", "t.jsonl", "--select", RULES, "--suppress", "--reason", "as it is")
    assert fix(run, "t.jsonl").exit_code == 0
    assert path.read_bytes() == rows(BAD % 1, GOOD % 2)


def test_mode_and_line_endings_stay(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    path.write_bytes(rows(BAD % 1, GOOD % 2, ending="\r\n"))
    path.chmod(0o640)
    assert fix(run, "t.jsonl").exit_code == 0
    assert path.read_bytes() == rows(GOOD % 1, GOOD % 2, ending="\r\n")
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_a_diff_changes_nothing_and_can_be_applied(run: Run, tmp_path: Path) -> None:
    path = write(tmp_path / "t.jsonl", *SMALL)
    result = run("check", "t.jsonl", "--select", RULES, "--diff", "--unsafe-fixes")
    assert code(result) == 1
    assert path.read_bytes() == rows(*SMALL)
    assert sorted(os.listdir(tmp_path)) == ["t.jsonl"]
    fix(run, "t.jsonl", "--unsafe-fixes")
    assert patched(rows(*SMALL), result.stdout_bytes) == path.read_bytes()
    nothing = run("check", "t.jsonl", "--select", RULES, "--diff", "--unsafe-fixes")
    assert (nothing.stdout, code(nothing)) == ("", 0)


def code(result: Result) -> int:
    """The exit code that `main` would give."""
    found = result.return_value if result.exception is None else result.exit_code
    return found if isinstance(found, int) else result.exit_code


def test_a_diff_for_people_shows_only_what_changes(run: Run, tmp_path: Path) -> None:
    long = GOOD.replace("Hello.", f"Hello{'x' * 500}").replace('"assistant"', '"Assistant"')
    write(tmp_path / "t.jsonl", long % 1, GOOD % 2)
    result = run("check", "t.jsonl", "--select", RULES, "--diff", "--color", "always")
    assert "\x1b[31m" in result.output
    assert "\x1b[32m" in result.output
    assert "x" * 30 not in result.output
    assert "…" in result.output


def test_of_a_large_set_it_is_said_what_was_not_looked_for(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rounds, "ALWAYS_VERIFIED", 0)
    data = write(tmp_path / "t.jsonl", BAD % 1, GOOD % 2)
    note = "of a set this large only the records that changed were checked again; --verify checks all of it"
    assert note in run("check", "t.jsonl", "--diff", "--unsafe-fixes").stderr
    result = run("check", "t.jsonl", "--fix", "--unsafe-fixes")
    assert (result.output.count(note), "not checked: what shows only in the whole" in result.stdout) == (1, True)
    for flags in ([], ["--verify"], ["--token-stats"]):
        write(data, BAD % 1, BAD % 2)
        found = json.loads(run("check", "t.jsonl", "--fix", "--unsafe-fixes", "--output-format", "json", *flags).stdout)
        assert any(entry["why"] == note for entry in found["not_checked"]) == (not flags)
    assert found["inputs"][0]["tokens"]["total"] > 0


def test_a_diff_goes_to_a_file(run: Run, tmp_path: Path) -> None:
    write(tmp_path / "t.jsonl", BAD % 1)
    result = run("check", "t.jsonl", "--select", RULES, "--diff", "-o", "fixes.diff")
    assert result.stdout == ""
    assert patched(rows(BAD % 1), (tmp_path / "fixes.diff").read_bytes()) == rows(GOOD % 1)


@pytest.mark.parametrize("flags", [[], ["--fix"], ["--diff"]])
@pytest.mark.parametrize("out", ["t.jsonl", "link", "t.removed.jsonl", FILE_NAME])
def test_no_output_takes_the_place_of_what_is_read(run: Run, tmp_path: Path, flags: list[str], out: str) -> None:
    path = write(tmp_path / "t.jsonl", BAD % 1, GOOD % 2)
    write(tmp_path / FILE_NAME)
    os.link(path, tmp_path / "link")
    before = sorted(os.listdir(tmp_path))
    result = run("check", ".", "--select", RULES, *flags, "-o", out)
    assert f"{out}: is a file that is read" in str(result.exception)
    assert path.read_bytes() == rows(BAD % 1, GOOD % 2)
    assert sorted(os.listdir(tmp_path)) == before


@pytest.mark.parametrize(("flags", "limit"), [([], 2000), (["--diff"], 7000)])
def test_an_old_output_stays_when_the_new_one_cannot_be_written(tmp_path: Path, flags: list[str], limit: int) -> None:
    (tmp_path / "report").write_text("old")

    def small() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    write(tmp_path / "t.jsonl", *(BAD % n for n in range(60)))
    command = [sys.executable, "-m", "curator.cli.main", "check", "t.jsonl", "--select", "SCH004", "-o", "report"]
    done = subprocess.run(
        [*command, *flags], cwd=tmp_path, env=WITHOUT_BYTECODE, preexec_fn=small,
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert "report: not changed: the new file would be larger" in done.stderr
    assert (tmp_path / "report").read_text() == "old"
    assert sorted(os.listdir(tmp_path)) == ["report", "t.jsonl"]


@pytest.mark.skipif(not os.path.exists("/dev/stdout"), reason="needs /dev/stdout")
def test_standard_output_by_its_name_is_not_replaced(tmp_path: Path) -> None:
    write(tmp_path / "t.jsonl", BAD % 1)
    command = [sys.executable, "-m", "curator.cli.main", "check", "t.jsonl", "-o", "/dev/stdout", "-q"]
    with (tmp_path / "out").open("wb") as out:
        subprocess.run(command, cwd=tmp_path, stdout=out, check=False)
        assert os.fstat(out.fileno()).st_ino == (tmp_path / "out").stat().st_ino
    assert "SCH004" in (tmp_path / "out").read_text()


def test_a_report_goes_to_a_file(run: Run, tmp_path: Path) -> None:
    write(tmp_path / "t.jsonl", BAD % 1)
    for _ in range(2):
        assert code(run("check", "t.jsonl", "--select", RULES, "-o", "report")) == 1
        assert "SCH004" in (tmp_path / "report").read_text(encoding="utf-8")


def test_json_stays_valid(run: Run, tmp_path: Path) -> None:
    write(tmp_path / "t.jsonl", *SMALL)
    result = fix(run, "t.jsonl", "--output-format", "json")
    assert json.loads(result.stdout)["inputs"][0]["records"] == 4


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--unsafe-fixes"], "--unsafe-fixes goes with --fix"),
        (["--verify"], "--verify goes with --fix"),
        (["--fix", "--suppress", "--reason", "x"], "two runs"),
    ],
)
def test_flags_that_do_not_go_together(run: Run, tmp_path: Path, flags: list[str], message: str) -> None:
    write(tmp_path / "t.jsonl", GOOD % 1)
    assert message in str(run("check", "t.jsonl", *flags).exception)


# --- what is refused ---------------------------------------------------------------------------


def refused(run: Run, tmp_path: Path, name: str, message: str, **options: Any) -> None:
    """The file is as it was, the reason is said, another file is fixed, and the exit code is 2."""
    other = write(tmp_path / "other.jsonl", BAD % 7)
    path = tmp_path / name
    before = path.read_bytes() if name != "-" else b""
    result = run("check", name, "other.jsonl", "--select", RULES, "--fix", **options)
    assert message in result.stderr
    assert code(result) == 2
    assert name == "-" or path.read_bytes() == before
    assert other.read_bytes() == rows(GOOD % 7)


def test_a_symbolic_link_is_refused_unless_asked(run: Run, tmp_path: Path) -> None:
    (tmp_path / "cache").mkdir()
    real = write(tmp_path / "cache" / "blob.jsonl", BAD % 1)
    (tmp_path / "t.jsonl").symlink_to(real)
    refused(run, tmp_path, "t.jsonl", "t.jsonl: not fixed: it is a symbolic link")
    assert code(fix(run, "t.jsonl", "--follow-symlinks")) == 0
    assert real.read_bytes() == rows(GOOD % 1)
    assert (tmp_path / "t.jsonl").is_symlink()
    assert code(run("undo", "t.jsonl")) == 0
    assert real.read_bytes() == rows(BAD % 1)


def test_a_read_only_file_is_refused(run: Run, tmp_path: Path) -> None:
    write(tmp_path / "t.jsonl", BAD % 1).chmod(0o444)
    refused(run, tmp_path, "t.jsonl", "t.jsonl: not fixed: it is read-only")


def test_a_compressed_file_is_refused(run: Run, tmp_path: Path) -> None:
    (tmp_path / "t.jsonl.gz").write_bytes(gzip.compress(rows(BAD % 1)))
    refused(run, tmp_path, "t.jsonl.gz", "t.jsonl.gz: not fixed: it is compressed")


def test_utf16_is_refused_unless_unsafe_fixes_put_it_into_utf8(run: Run, tmp_path: Path) -> None:
    (tmp_path / "t.jsonl").write_bytes((BAD % 1 + "\n").encode("utf-16"))
    refused(run, tmp_path, "t.jsonl", "put it into UTF-8 first (--unsafe-fixes with FIL001, or iconv -f UTF-16)")


@pytest.mark.skipif(sys.platform != "linux", reason="names of any bytes")
def test_a_name_that_the_journal_cannot_hold_is_refused(run: Run, tmp_path: Path) -> None:
    name = os.fsdecode(b"t\xff.jsonl")
    write(tmp_path / name, BAD % 1)
    refused(run, tmp_path, name, "not fixed: it has a name that is no UTF-8, so that it could not be undone")
    assert "SCH004" in run("check", name, "--select", RULES, "--fix").stdout  # it is not said to be clean


def test_standard_input_is_refused(run: Run, tmp_path: Path) -> None:
    refused(run, tmp_path, "-", "<stdin>: not fixed: it comes from standard input", input=rows(BAD % 1))


def test_what_needs_no_fix_is_not_refused(run: Run, tmp_path: Path) -> None:
    write(tmp_path / "t.jsonl", GOOD % 1).chmod(0o444)
    assert code(fix(run, "t.jsonl")) == 0
    assert sorted(os.listdir(tmp_path)) == ["t.jsonl"]


def test_one_file_by_two_names_is_fixed_once(run: Run, tmp_path: Path) -> None:
    path = write(tmp_path / "t.jsonl", BAD % 1)
    result = fix(run, "t.jsonl", str(path))
    assert "Fixed 1 finding in 1 file (0 left)" in result.stderr
    assert path.read_bytes() == rows(GOOD % 1)


def test_a_file_that_another_program_changes_meanwhile_is_left_alone(tmp_path: Path) -> None:
    path = write(tmp_path / "t.jsonl", BAD % 1)
    calls = []

    def meddling(tasks: Sequence[Task]) -> Iterator[tuple[Shard, Scanned]]:
        calls.append(tasks)
        if len(calls) == 2:  # the fixed file is being verified
            with path.open("ab") as file:
                file.write(rows(GOOD % 9))
        yield from inline(tasks)

    fixed, _ = mending.fix([Dataset("t", {"train": (str(path),)}, Settings())], executor=meddling)
    assert [failure.message for failure in fixed.report.failures] == [
        f"{path}: another program changed the file after it was checked; nothing was written to it: check it again"
    ]
    assert path.read_bytes() == rows(BAD % 1, GOOD % 9)
    assert not list(tmp_path.glob(".t.jsonl*"))


def test_a_disk_that_fails_under_what_was_fixed_is_named(tmp_path: Path) -> None:
    path = write(tmp_path / "t.jsonl", BAD % 1)
    calls: list[Sequence[Task]] = []

    def failing(tasks: Sequence[Task]) -> Iterator[tuple[Shard, Scanned]]:
        calls.append(tasks)
        if len(calls) == 2:
            for made in tmp_path.glob(".t.jsonl*"):
                made.unlink()
        yield from inline(tasks)

    fixed, _ = mending.fix([Dataset("t", {"train": (str(path),)}, Settings())], executor=failing)
    (failure,) = fixed.report.failures
    assert failure.message.startswith(f"{path}: not fixed: what was to take its place could not be checked: ")
    assert "report this" not in failure.message
    assert path.read_bytes() == rows(BAD % 1)


@pytest.mark.parametrize("is_stamped", [True, False])
def test_a_change_of_the_same_size_and_time_is_noticed(tmp_path: Path, is_stamped: bool) -> None:
    path = write(tmp_path / "t.jsonl", BAD % 1, GOOD % 2)
    was, calls = path.stat(), []

    def meddling(tasks: Sequence[Task]) -> Iterator[tuple[Shard, Scanned]]:
        calls.append(tasks)
        if len(calls) == 2:
            write(path, BAD % 1, GOOD % 7)
            os.utime(path, ns=(was.st_atime_ns, was.st_mtime_ns))
        yield from inline(tasks)

    dataset = Dataset("t", {"train": (str(path),)}, Settings())
    if is_stamped:
        fixed, _ = mending.fix([dataset], executor=meddling)
        said = [failure.message for failure in fixed.report.failures]
    else:  # where the clock is too coarse, the content tells
        with pytest.raises(UsageError) as caught:
            placing.place(changed_since(path), placing.Run())
        said = [str(caught.value)]
    assert said == [
        f"{path}: another program changed the file after it was checked; nothing was written to it: check it again"
    ]
    assert path.read_bytes() == rows(BAD % 1, GOOD % (7 if is_stamped else 2))
    assert not (tmp_path / ".curator" / "journal").exists()


def changed_since(path: Path) -> placing.Change:
    """A change of a file that was checked with other bytes behind what is fixed."""
    new = write(path.with_suffix(".new"), GOOD % 1, GOOD % 7)
    start = (BAD % 1).index("Assistant")
    script = Script([Splice(start, start + 1, b"a")])
    return placing.Change(str(path), placing.stamp(str(path)), str(new), script, 1, [], {}, "", "")


def test_a_file_that_was_cut_meanwhile_is_named(tmp_path: Path) -> None:
    path = write(tmp_path / "t.jsonl", BAD % 1, GOOD % 7)
    change = changed_since(path)
    os.truncate(path, 9)
    with pytest.raises(UsageError, match="changed the file after it was checked"):
        placing.place(replace(change, stamp=placing.stamp(str(path))), placing.Run())
    assert path.stat().st_size == 9


def test_a_full_disk_leaves_the_old_file(tmp_path: Path) -> None:
    data = rows(*(BAD % n for n in range(3000)))
    path = tmp_path / "t.jsonl"
    path.write_bytes(data)

    def small() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (len(data) // 2, len(data) // 2))

    command = [sys.executable, "-m", "curator.cli.main", "check", "t.jsonl", "--select", "SCH004", "--fix", "-q"]
    done = subprocess.run(
        command, cwd=tmp_path, env=WITHOUT_BYTECODE, preexec_fn=small, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "t.jsonl: not changed: the new file would be larger than this account may write" in done.stderr
    assert path.read_bytes() == data
    assert sorted(os.listdir(tmp_path)) == ["t.jsonl"]


def test_of_two_runs_on_one_folder_one_waits(tmp_path: Path) -> None:
    path = write(tmp_path / "t.jsonl", BAD % 1)
    (tmp_path / ".curator").mkdir()
    command = [sys.executable, "-m", "curator.cli.main", "check", "t.jsonl", "--select", "SCH004", "--fix", "-q"]
    with (tmp_path / ".curator" / "lock").open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL) as process:
            assert process.stderr is not None
            assert b"waiting for another curator" in process.stderr.readline()
            assert path.read_bytes() == rows(BAD % 1)
            fcntl.flock(lock, fcntl.LOCK_UN)
            assert process.wait() == 0
    assert path.read_bytes() == rows(GOOD % 1)


# --- fixes that do harm, or chase each other ---------------------------------------------------

CARD = """
code = "{code}"
name = "{name}"
check = "{stem}.{check}"
severity = "warning"
message = "m"
fix = "safe"
since = "0.1"
status = "stable"
why = "w"
sources = []
"""
CHECKS = """
from curator.edits import Fix, Replace, ReplaceBytes
from curator.model import Problem


def robot(example):
    if example.value.get("n") == 1:
        yield Problem("/n", fix=Fix("robot", (Replace("/messages/0/role", "martian"), Replace("/n", 2))))


def up(example):
    if example.value.get("n") == "up":
        yield Problem("/n", fix=Fix("down", (Replace("/n", "down"),)))


def down(example):
    if example.value.get("n") == "down":
        yield Problem("/n", fix=Fix("up", (Replace("/n", "up"),)))


def breaks(example):
    if example.value.get("n") == 5:
        yield Problem("/n", fix=Fix("cut", (ReplaceBytes(0, 1, ""),)))


def fails(example):
    if example.value.get("n") == 4:
        raise RuntimeError("no")
    if example.value.get("n") == 3:
        yield Problem("/n", fix=Fix("four", (Replace("/n", 4),)))
"""


@pytest.fixture
def users(tmp_path: Path) -> Path:
    (tmp_path / "cards").mkdir()
    stem = f"checks_of_{tmp_path.name}"  # a process knows one file of a name
    (tmp_path / f"{stem}.py").write_text(CHECKS)
    for number, check in enumerate(("robot", "up", "down", "fails", "breaks"), 1):
        name = f"USR00{number}"
        card = CARD.format(code=name, name=f"users-{check}", stem=stem, check=check)
        (tmp_path / "cards" / f"{name}-users-{check}.toml").write_text(card)
    (tmp_path / "curator.toml").write_text(f'rule-dirs = ["cards"]\ncheck-files = ["{stem}.py"]\n')
    return tmp_path


def with_n(number: int, n: object) -> str:
    return (GOOD % number)[:-1] + f', "n": {json.dumps(n)}}}'


def test_a_fix_that_would_break_a_record_is_taken_back(run: Run, users: Path) -> None:
    path = write(users / "t.jsonl", with_n(1, 1), BAD % 2)
    result = run("check", "t.jsonl", "--select", "USR001,SCH004", "--fix")
    assert "t.jsonl:1: USR001 was not fixed: the record would then break SCH004" in result.stderr
    assert path.read_bytes() == rows(with_n(1, 1), GOOD % 2)


def test_fixes_that_chase_each_other_are_reported(run: Run, users: Path) -> None:
    path = write(users / "t.jsonl", with_n(1, "up"), BAD % 2)
    result = run("check", "t.jsonl", "--select", "USR002,USR003,SCH004", "--fix")
    assert "t.jsonl:1: USR00" in result.stderr
    assert "is left" in result.stderr
    assert path.read_bytes().splitlines()[1] == (GOOD % 2).encode()


def test_a_check_that_raises_on_the_fixed_record_takes_the_fix_back(run: Run, users: Path) -> None:
    path = write(users / "t.jsonl", with_n(1, 3))
    result = run("check", "t.jsonl", "--select", "USR004", "--fix")
    assert "the check of USR004 raised RuntimeError" in result.stderr
    assert path.read_bytes() == rows(with_n(1, 3))


def test_a_fix_that_would_make_a_record_unreadable_is_taken_back(run: Run, users: Path) -> None:
    path = write(users / "t.jsonl", with_n(1, 5))
    result = run("check", "t.jsonl", "--select", "USR005", "--fix")
    assert "the record could not be read any more" in result.stderr
    assert path.read_bytes() == rows(with_n(1, 5))


@pytest.mark.parametrize(
    ("array", "kind"),
    [
        (f"// generated\n[{GOOD % 1},\n{GOOD % 2}]\n".encode(), "one JSON document"),
        (b'"x"\n"x"\n// c {"a":1}\n"x"\n', "text without JSON"),
    ],
)
def test_one_odd_file_is_given_up_and_the_others_are_fixed(run: Run, tmp_path: Path, array: bytes, kind: str) -> None:
    (tmp_path / "odd.jsonl").write_bytes(array)
    path = write(tmp_path / "t.jsonl", BAD % 1)
    result = fix(run, ".", "--unsafe-fixes")
    assert f"odd.jsonl: not fixed: once fixed, it would be read as {kind}" in result.stderr
    assert code(result) == 2
    assert (tmp_path / "odd.jsonl").read_bytes() == array
    assert path.read_bytes() == rows(GOOD % 1)
    write(path, BAD % 1)
    assert code(run("check", ".", "--select", RULES, "--diff", "--unsafe-fixes")) == 2


@pytest.mark.parametrize(
    ("text", "after"),
    [
        (b"Hi \xf0\x9f\x98", None),  # the first three bytes of a smile
        (b"Na\xc3\xafve \xc3", None),
        (b"caf\xe9", "café"),
        (b"it\x92s", "it\u2019s"),
        (b"caf\xe9 \xe2\x80", "café â€"),
    ],
)
def test_half_a_character_is_not_read_as_another_encoding(
    run: Run, tmp_path: Path, text: bytes, after: str | None
) -> None:
    path = tmp_path / "t.jsonl"
    data = (GOOD % 1).encode().replace(b"Hello.", text) + b"\n"
    path.write_bytes(data)
    fix(run, "t.jsonl", "--unsafe-fixes")
    assert path.read_bytes() == (data if after is None else data.replace(text, after.encode()))


def test_all_byte_order_marks_go(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    data = b"\xef\xbb\xbf" * 2 + rows(BAD % 1, GOOD % 2)
    path.write_bytes(data)
    assert code(fix(run, "t.jsonl", "--unsafe-fixes")) == 0
    assert path.read_bytes() == rows(GOOD % 1, GOOD % 2)
    assert code(run("undo")) == 0
    assert path.read_bytes() == data


@pytest.mark.parametrize("more", ["", GOOD % 3, "\ufeff", " x"])
@pytest.mark.parametrize("first", ["", "\ufeff", "\ufeff\n"])
def test_a_mark_that_comes_to_the_start_is_the_files_own(run: Run, tmp_path: Path, first: str, more: str) -> None:
    """The line that it stands on was no record before, and is one then."""
    path = write(tmp_path / "t.jsonl", first, f"\ufeff{GOOD % 1}{more}", GOOD % 2)
    before = path.read_bytes()
    for select in ("FIL004", RULES):
        result = run("check", "t.jsonl", "--select", select, "--fix")
        assert result.stderr.startswith("t.jsonl: "), result.stderr
        assert "not fixed" not in result.stderr
        assert path.read_bytes().count(b"\n") == 2 + (select == RULES and more == GOOD % 3)
        run("undo")
        assert path.read_bytes() == before


def test_other_names_of_a_file_are_spoken_of(run: Run, tmp_path: Path) -> None:
    path = write(tmp_path / "t.jsonl", BAD % 1)
    os.link(path, tmp_path / "other")
    result = fix(run, "t.jsonl")
    assert "note: t.jsonl: other names of this file (hard links) keep the old content" in result.stderr
    assert (path.read_bytes(), (tmp_path / "other").read_bytes()) == (rows(GOOD % 1), rows(BAD % 1))
    write(path, BAD % 2)
    assert "other names" not in fix(run, "t.jsonl").stderr


def test_copies_in_several_files_of_a_split(run: Run, tmp_path: Path) -> None:
    (tmp_path / "curator.toml").write_text('[datasets.d]\ntrain = ["a.jsonl", "b.jsonl"]\nvalidation = "v.jsonl"\n')
    write(tmp_path / "a.jsonl", BAD % 1, GOOD % 2)
    write(tmp_path / "b.jsonl", GOOD % 2, GOOD % 1, GOOD % 3)
    write(tmp_path / "v.jsonl", BAD % 4)
    result = run("check", "--select", "SCH004,DUP001", "--fix", "--unsafe-fixes")
    assert (tmp_path / "a.jsonl").read_bytes() == rows(GOOD % 1, GOOD % 2)
    assert (tmp_path / "b.jsonl").read_bytes() == rows(GOOD % 3)
    assert (tmp_path / "v.jsonl").read_bytes() == rows(GOOD % 4)
    assert "Fixed 4 findings in 3 files (0 left)" in result.stderr
    assert code(run("undo")) == 0
    assert (tmp_path / "b.jsonl").read_bytes() == rows(GOOD % 2, GOOD % 1, GOOD % 3)


# --- removed records ---------------------------------------------------------------------------


def test_removed_records_are_kept_aside_and_more_are_added(run: Run, tmp_path: Path) -> None:
    write(tmp_path / "t.jsonl", GOOD % 1, "", "// a note", GOOD % 1)
    fix(run, "t.jsonl", "--unsafe-fixes")
    aside = tmp_path / "t.removed.jsonl"
    first = aside.read_bytes()
    assert [json.loads(line) for line in first.splitlines()] == [
        {"codes": ["FIL007"], "line": 3, "raw": "// a note"},
        {"codes": ["DUP001"], "line": 4, "raw": GOOD % 1},
    ]
    write(tmp_path / "t.jsonl", GOOD % 1, GOOD % 1)
    fix(run, "t.jsonl", "--unsafe-fixes")
    assert aside.read_bytes().startswith(first)
    assert aside.read_bytes().count(b"\n") == 3


def test_a_removed_record_that_does_not_decode_comes_back() -> None:
    said = json.loads(rewriting.aside(b"\xff{}", ("X",), 3))
    assert said == {"codes": ["X"], "line": 3, "base64": "/3t9"}


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_a_removed_record_is_kept_as_it_was_before_the_run(run: Run, tmp_path: Path, ending: str) -> None:
    data = rows(BAD % 9, "// note", GOOD % 1, "", BAD % 1 + " ", BAD % 2, GOOD % 3, BAD % 3, ending=ending)
    (tmp_path / "t.jsonl").write_bytes(b"\xef\xbb\xbf" + data)
    fix(run, "t.jsonl", "--unsafe-fixes")
    said = [json.loads(line) for line in (tmp_path / "t.removed.jsonl").read_text().splitlines()]
    kept = [(item["line"], item["raw"].rstrip(" \r"), item["codes"]) for item in said]
    assert kept == [
        (2, "// note", ["FIL007"]),
        (5, BAD % 1, ["SCH004", "DUP001"]),
        (8, BAD % 3, ["SCH004", "DUP001"]),
    ]
    assert code(run("undo")) == 0
    assert (tmp_path / "t.jsonl").read_bytes() == b"\xef\xbb\xbf" + data


def test_line_numbers_are_those_of_the_file_as_it_was(run: Run, tmp_path: Path) -> None:
    double = GOOD % 1 + GOOD % 2
    write(tmp_path / "t.jsonl", "", double, "", GOOD % 2 + " ", BAD % 3, GOOD % 3)
    result = fix(run, "t.jsonl", "--unsafe-fixes")
    said = [json.loads(line) for line in (tmp_path / "t.removed.jsonl").read_text().splitlines()]
    assert [(item["line"], item["raw"].strip()) for item in said] == [(4, GOOD % 2), (6, GOOD % 3)]
    assert "t.jsonl: 4 in + 1 made by splitting = 3 records out + 2 removed" in result.stderr


# --- undo --------------------------------------------------------------------------------------


def test_undo_takes_back_one_run_after_the_other(run: Run, tmp_path: Path) -> None:
    path = write(tmp_path / "t.jsonl", *SMALL)
    fix(run, "t.jsonl")
    middle = path.read_bytes()
    fix(run, "t.jsonl", "--unsafe-fixes")
    assert (tmp_path / "t.removed.jsonl").exists()
    assert "taken back" in run("undo").output
    assert path.read_bytes() == middle
    assert code(run("undo", "t.jsonl")) == 0
    assert path.read_bytes() == rows(*SMALL)
    assert not (tmp_path / "t.removed.jsonl").exists()
    assert "nothing to undo" in str(run("undo").exception)


def test_undo_refuses_a_file_that_has_changed_since(run: Run, tmp_path: Path) -> None:
    path = write(tmp_path / "t.jsonl", BAD % 1)
    fix(run, "t.jsonl")
    after = rows(GOOD % 1, GOOD % 2)
    path.write_bytes(after)
    result = run("undo")
    assert "the file has changed since" in result.stderr
    assert code(result) == 2
    assert path.read_bytes() == after


def test_an_undo_that_was_ended_is_finished_by_the_next(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path / "t.jsonl", BAD % 1, GOOD % 2, GOOD % 2)
    fix(run, "t.jsonl")
    fix(run, "t.jsonl", "--unsafe-fixes")
    with monkeypatch.context() as patch:
        patch.setattr(journal.Kept, "forget", lambda kept: sys.exit(9))
        patch.setattr(journal, "shorten", lambda kept: sys.exit(9))
        assert code(run("undo")) == 9
    assert path.read_bytes() == rows(GOOD % 1, GOOD % 2, GOOD % 2)
    assert (tmp_path / "t.removed.jsonl").exists()
    assert code(run("undo")) == 0
    assert not (tmp_path / "t.removed.jsonl").exists()
    assert code(run("undo")) == 0
    assert path.read_bytes() == rows(BAD % 1, GOOD % 2, GOOD % 2)


def test_undo_of_one_file_and_of_a_whole_run(run: Run, tmp_path: Path) -> None:
    (tmp_path / "more").mkdir()
    one, two = write(tmp_path / "one.jsonl", BAD % 1), write(tmp_path / "more" / "two.jsonl", BAD % 2)
    fix(run, ".")
    assert code(run("undo")) == 0
    assert (one.read_bytes(), two.read_bytes()) == (rows(BAD % 1), rows(BAD % 2))
    fix(run, ".")
    assert code(run("undo", "more/two.jsonl")) == 0
    assert (one.read_bytes(), two.read_bytes()) == (rows(GOOD % 1), rows(BAD % 2))


def test_the_way_back_is_named_where_undo_would_not_look(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "my data").mkdir()
    (tmp_path / "here").mkdir()
    path = write(tmp_path / "my data" / "t.jsonl", BAD % 1)
    assert "; `curator undo` takes it back" in fix(run, "my data/t.jsonl").stderr
    assert code(run("undo")) == 0
    monkeypatch.chdir(tmp_path / "here")
    assert "; `curator undo '../my data'` takes it back" in fix(run, "../my data/t.jsonl").stderr
    assert code(run("undo", "../my data")) == 0
    assert path.read_bytes() == rows(BAD % 1)


def test_undo_takes_back_what_no_search_finds(run: Run, tmp_path: Path) -> None:
    (tmp_path / "curator.toml").write_text('[datasets.d]\ntrain = "named.jsonl"\n')
    (tmp_path / "more").mkdir()
    named, array = write(tmp_path / "named.jsonl", BAD % 1), tmp_path / "more" / "array.json"
    array.write_text(f"[{BAD % 1}, {BAD % 2}]")
    fix(run, "named.jsonl")
    fix(run, "more/array.json")
    assert array.read_bytes() == rows(GOOD % 1, GOOD % 2)
    assert code(run("undo")) == 0
    assert (array.read_text(), named.read_bytes()) == (f"[{BAD % 1}, {BAD % 2}]", rows(GOOD % 1))
    fix(run, "more/array.json")
    assert code(run("undo", "more")) == 0
    assert array.read_text() == f"[{BAD % 1}, {BAD % 2}]"
    fix(run, "more/array.json")
    array.unlink()
    assert code(run("undo")) == 0
    assert named.read_bytes() == rows(BAD % 1)


def test_undo_leaves_an_aside_file_that_somebody_changed(run: Run, tmp_path: Path) -> None:
    path = write(tmp_path / "t.jsonl", GOOD % 1, GOOD % 1)
    fix(run, "t.jsonl", "--unsafe-fixes")
    with (tmp_path / "t.removed.jsonl").open("ab") as file:
        file.write(b"mine\n")
    result = run("undo")
    assert "t.removed.jsonl was changed since" in result.stderr
    assert path.read_bytes() == rows(GOOD % 1, GOOD % 1)
    assert b"mine" in (tmp_path / "t.removed.jsonl").read_bytes()


def test_undo_leaves_an_aside_file_that_somebody_rewrote_at_the_same_size(run: Run, tmp_path: Path) -> None:
    path, aside = write(tmp_path / "t.jsonl", GOOD % 1, GOOD % 1), tmp_path / "t.removed.jsonl"
    fix(run, "t.jsonl", "--unsafe-fixes")
    aside.write_bytes(mine := b"m" * (aside.stat().st_size - 1) + b"\n")
    assert "t.removed.jsonl was changed since" in run("undo").stderr
    assert path.read_bytes() == rows(GOOD % 1, GOOD % 1)
    assert aside.read_bytes() == mine


@pytest.mark.parametrize("other", [b"theirs\n", b"t" * 500 + b"\n"])
def test_what_another_command_added_after_a_run_was_ended_stays(run: Run, tmp_path: Path, other: bytes) -> None:
    path, aside = write(tmp_path / "t.jsonl", GOOD % 1, GOOD % 1), tmp_path / "t.removed.jsonl"
    fix(run, "t.jsonl", "--unsafe-fixes")
    interrupted(tmp_path)
    write(path, GOOD % 1, GOOD % 1)  # ended before it added anything, and before it replaced the file
    aside.write_bytes(other)
    fix(run, "t.jsonl", "--unsafe-fixes")
    assert aside.read_bytes().startswith(other)
    assert aside.read_bytes().count(b"\n") == 2


def test_a_record_is_not_glued_to_an_aside_file_without_a_last_newline(run: Run, tmp_path: Path) -> None:
    path, aside = write(tmp_path / "t.jsonl", GOOD % 1, GOOD % 1), tmp_path / "t.removed.jsonl"
    aside.write_bytes(b'{"raw": "x"}')
    fix(run, "t.jsonl", "--unsafe-fixes")
    assert [json.loads(line)["raw"] for line in aside.read_bytes().splitlines()] == ["x", GOOD % 1]
    assert code(run("undo")) == 0
    assert aside.read_bytes() == b'{"raw": "x"}'
    assert path.read_bytes() == rows(GOOD % 1, GOOD % 1)


def test_a_broken_journal_is_named(run: Run, tmp_path: Path) -> None:
    path = write(tmp_path / "t.jsonl", BAD % 1)
    fix(run, "t.jsonl")
    [entry] = (tmp_path / ".curator" / "journal").iterdir()
    whole = entry.read_bytes()
    entry.write_bytes(whole[:-9])
    assert "the journal cannot be read" in run("undo").stderr
    assert path.read_bytes() == rows(GOOD % 1)
    entry.write_bytes(b"{}\n")
    assert "the journal cannot be read" in str(run("undo").exception)
    entry.write_bytes(whole.replace(b'"name":"t.jsonl"', b'"name":"../t.jsonl"'))
    assert "no journal that this curator understands" in str(run("undo").exception)


def test_the_journal_keeps_no_more_than_its_bound(run: Run, tmp_path: Path) -> None:
    for number in range(journal.KEPT_RUNS + 3):
        write(tmp_path / "t.jsonl", BAD % number)
        fix(run, "t.jsonl")
    assert len(journal.entries(str(tmp_path))) == journal.KEPT_RUNS
    assert (tmp_path / ".curator" / ".gitignore").read_text() == "*\n"


def interrupted(tmp_path: Path) -> None:
    """Makes the last run look as if it had been ended just before or after it replaced the file."""
    [entry] = (tmp_path / ".curator" / "journal").glob("*.undo")
    entry.rename(entry.with_suffix(".pending"))


def test_what_an_ended_run_left_is_settled(run: Run, tmp_path: Path) -> None:
    path, aside = write(tmp_path / "t.jsonl", GOOD % 1, GOOD % 1), tmp_path / "t.removed.jsonl"
    fix(run, "t.jsonl", "--unsafe-fixes")
    interrupted(tmp_path)  # after
    assert code(run("undo")) == 0
    assert not aside.exists()
    fix(run, "t.jsonl", "--unsafe-fixes")
    interrupted(tmp_path)
    write(path, GOOD % 1, GOOD % 1)  # before: the file is the old one, and the removed record is in both
    fix(run, "t.jsonl", "--unsafe-fixes")
    assert aside.read_bytes().count(b"\n") == 1
    assert json.loads(aside.read_bytes())["raw"] == GOOD % 1


def test_removed_records_stay_when_nobody_knows_how_a_run_ended(run: Run, tmp_path: Path) -> None:
    path, aside = write(tmp_path / "t.jsonl", GOOD % 1, GOOD % 1), tmp_path / "t.removed.jsonl"
    fix(run, "t.jsonl", "--unsafe-fixes")
    kept = aside.read_bytes()
    interrupted(tmp_path)
    write(path, GOOD % 1, BAD % 2)  # somebody went on with the new file
    fix(run, "t.jsonl")
    assert aside.read_bytes() == kept


# --- suppressions ------------------------------------------------------------------------------


def test_suppressions_follow_the_records(run: Run, tmp_path: Path) -> None:
    path = write(tmp_path / "t.jsonl", BAD % 1, BAD % 1, GOOD % 2)
    select = ("--select", "SCH004,DUP001", "--fail-on", "warning")
    run("check", "t.jsonl", "--select", "DUP001", "--suppress", "--reason", "twice on purpose")
    entries = (tmp_path / FILE_NAME).read_bytes()
    assert entries.count(b"\n") == 1
    result = run("check", "t.jsonl", *select, "--fix", "--unsafe-fixes")
    assert code(result) == 0, result.output
    assert path.read_bytes() == rows(GOOD % 1, GOOD % 1, GOOD % 2)
    again = run("check", "t.jsonl", *select)
    assert (code(again), again.stderr) == (0, "")
    assert (tmp_path / FILE_NAME).read_bytes() != entries
    assert (tmp_path / FILE_NAME).read_bytes().count(b"\n") == 1
    assert code(run("undo")) == 0
    assert path.read_bytes() == rows(BAD % 1, BAD % 1, GOOD % 2)
    assert (tmp_path / FILE_NAME).read_bytes() == entries


def test_undo_brings_all_suppressions_back(run: Run, tmp_path: Path) -> None:
    """Two records, each accepted for another reason, become one, and an entry of another file speaks of it, too."""
    rows = [GOOD % 1, (GOOD % 1).replace("assistant", "Assistant"), (GOOD % 1).replace("assistant", "ASSISTANT")]
    (tmp_path / "t.jsonl").write_text("\n".join([*rows[1:], GOOD % 2]) + "\n")
    (tmp_path / "other.jsonl").write_text(rows[1] + "\n")
    kept = tmp_path / FILE_NAME
    record = [record_hash(row.encode()) for row in rows]
    said = [("JSN001", 1, "t.jsonl"), ("JSN002", 2, "t.jsonl"), ("JSN003", 1, "other.jsonl"), ("JSN004", 0, "t.jsonl")]
    same = '"reason": "why", "who": "me", "when": "2026-01-01T00:00:00Z"'
    entry = '{"version": 1, "rule": "%s", "record": "%s", "path": "%s", ' + same + "}\n"
    before = "".join(entry % (code, record[n], path) for code, n, path in said)
    kept.write_text(before)
    run("check", "t.jsonl", "--select", "SCH004", "--fix")
    now = {(item["rule"], item["record"]) for item in map(json.loads, kept.read_text().splitlines())}
    assert now == {("JSN003", record[1]), *((code, record[0]) for code, _, _ in said)}
    run("undo", "t.jsonl")
    others = entry % ("JSN003", record[0], "other.jsonl")  # what belongs to another file is not for this one to take
    assert sorted(kept.read_text().splitlines()) == sorted((before + others).splitlines())


def test_undo_takes_back_what_came_in_with_another_file_of_the_run(run: Run, tmp_path: Path) -> None:
    """The entry of b.jsonl covers the copy in a.jsonl, and so follows when that is fixed."""
    for name, texts in (("a.jsonl", (BAD % 1, GOOD % 2)), ("b.jsonl", (BAD % 1, BAD % 1))):
        write(tmp_path / name, *texts)
    said = '"path": "b.jsonl", "reason": "why", "who": "me", "when": "2026-01-01T00:00:00Z"}\n'
    before = f'{{"version": 1, "rule": "DUP001", "record": "{record_hash((BAD % 1).encode())}", {said}'
    (tmp_path / FILE_NAME).write_text(before)
    select = ("--select", "SCH004,DUP001", "--fail-on", "warning")
    result = run("check", ".", *select, "--fix", "--unsafe-fixes")
    assert (code(result), (tmp_path / "b.jsonl").read_bytes()) == (0, rows(GOOD % 1, GOOD % 1)), result.output
    assert (tmp_path / FILE_NAME).read_text().count("\n") == 1
    run("undo")
    assert (tmp_path / FILE_NAME).read_text() == before


def test_entries_of_another_file_stay_as_they_are_where_there_is_one_of_its_own(run: Run, tmp_path: Path) -> None:
    for name in ("a.jsonl", "b.jsonl"):
        write(tmp_path / name, BAD % 1, BAD % 1)
    run("check", ".", "--select", "DUP001", "--suppress", "--reason", "twice on purpose")
    before = (tmp_path / FILE_NAME).read_text()
    assert before.count("\n") == 1  # it covers both
    other = before.replace("a.jsonl", "b.jsonl")
    (tmp_path / FILE_NAME).write_text(before + other)
    assert code(run("check", "a.jsonl", "--select", "SCH004,DUP001", "--fail-on", "warning", "--fix")) == 0
    assert (tmp_path / FILE_NAME).read_text().count("\n") == 2
    assert other in (tmp_path / FILE_NAME).read_text()
    run("undo")
    assert sorted((tmp_path / FILE_NAME).read_text().splitlines()) == sorted((before + other).splitlines())


def test_an_entry_stays_while_it_covers_a_copy_that_is_as_it_was(run: Run, tmp_path: Path) -> None:
    """The record is fixed in one file, and in the other, where the rule is silenced, it is not."""
    (tmp_path / "curator.toml").write_text('[per-file-ignores]\n"b.jsonl" = ["SCH004"]\n')
    for name in ("a.jsonl", "b.jsonl"):
        write(tmp_path / name, BAD % 1, BAD % 1)
    said = '"path": "a.jsonl", "reason": "why", "who": "me", "when": "2026-01-01T00:00:00Z"}\n'
    before = f'{{"version": 1, "rule": "DUP001", "record": "{record_hash((BAD % 1).encode())}", {said}'
    (tmp_path / FILE_NAME).write_text(before)
    select = ("--select", "SCH004,DUP001", "--fail-on", "warning")
    assert code(run("check", ".", *select, "--fix", "--unsafe-fixes")) == 0
    assert (tmp_path / "a.jsonl").read_bytes() == rows(GOOD % 1, GOOD % 1)
    again = run("check", ".", *select)
    assert (code(again), again.stderr) == (0, "")
    run("undo")
    assert (tmp_path / FILE_NAME).read_text() == before


def test_nothing_is_fixed_while_the_suppressions_are_broken(run: Run, tmp_path: Path) -> None:
    path = write(tmp_path / "t.jsonl", BAD % 1)
    (tmp_path / FILE_NAME).write_text("no entry\n")
    result = fix(run, "t.jsonl")
    assert "nothing was fixed: mend the suppressions first" in result.stderr
    assert code(result) == 2
    assert path.read_bytes() == rows(BAD % 1)


# --- the API -----------------------------------------------------------------------------------


def test_fix_from_python(tmp_path: Path) -> None:
    path = write(tmp_path / "t.jsonl", BAD % 1, GOOD % 2)
    fixed = curator.fix(path, select="SCH004", isolated=True)
    assert isinstance(fixed, curator.Fixed)
    assert (fixed.count, fixed.unsettled, fixed.notes) == (1, 0, [])
    assert path.read_bytes() == rows(GOOD % 1, GOOD % 2)
    assert fixed.files[0].fixes == {("SCH004", "call it 'assistant'"): 1}
    with pytest.raises(curator.UsageError, match="unknown option"):
        curator.fix(path, selekt="SCH004")


@pytest.mark.parametrize("flags", [["--output-format", "json"], ["--output-format", "concise"], ["--statistics"]])
def test_a_diff_has_no_other_format(run: Run, tmp_path: Path, flags: list[str]) -> None:
    write(tmp_path / "t.jsonl", BAD % 1)
    result = run("check", "t.jsonl", "--diff", *flags)
    assert isinstance(result.exception, UsageError)
    assert f"{flags[0]} goes with a check without --diff" in str(result.exception)


@pytest.mark.parametrize(("flag", "holds"), [("--fix", "holds JSON Lines now"), ("--diff", "would hold JSON Lines")])
def test_an_array_that_becomes_lines_keeps_a_name_that_says_otherwise(
    run: Run, tmp_path: Path, flag: str, holds: str
) -> None:
    (tmp_path / "arr.json").write_text(f"[{GOOD % 1}, {GOOD % 2}]")
    write(tmp_path / "t.jsonl", BAD % 1)
    said = run("check", "arr.json", "t.jsonl", "--select", RULES, flag).stderr
    assert f"note: arr.json {holds}: other tools may want the name arr.jsonl\n" in said
    assert said.count("other tools may want") == 1
    assert "JSON Lines" not in run("check", "arr.json", "--select", RULES, "--fix").stderr or flag == "--diff"
