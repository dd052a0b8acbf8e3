"""Accepted findings: what an entry covers, what it does not, and what becomes of the file."""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random
from typing import Any

import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st
from test_engine_laws import dataset, flawed, rendered, shuffled

from curator import engine
from curator.api import check
from curator.cli.main import group, main
from curator.entries import Cover, Entry
from curator.executors.local import Processes
from curator.model import Suppression
from curator.settings import Settings
from curator.suppressions import FILE_NAME, Suppressions

ROWS = [f'{{"prompt": "Item {n} ->", "completion": " {("good", "bad")[n % 2]}"}}' for n in range(40)]
DEVIANT = '{"prompt": "Item x", "completion": " good"}'
RULES = "FIL,JSN,DUP001,SEP002"

Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "no-such-file"))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.setenv("USER", "ada")

    def invoke(*arguments: str, **options: Any) -> Result:
        return CliRunner().invoke(group, ("check", *arguments), prog_name="curator", standalone_mode=False, **options)

    return invoke


def write(path: Path, *rows: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{row}\n" for row in rows), encoding="utf-8")
    return path


def suppress(run: Run, *arguments: str, reason: str = "baseline") -> Result:
    result = run(*arguments, "--suppress", "--reason", reason)
    assert result.exception is None, result.output
    return result


def entries(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / FILE_NAME).read_bytes().splitlines()]


def open_and_accepted(run: Run, *arguments: str) -> tuple[list[str], list[str]]:
    """The codes of the findings that count, and of those that are suppressed."""
    found = json.loads(run(*arguments, "--output-format", "json").stdout)
    assert found["summary"]["suppressed"] == sum(f["suppressed"] is not None for f in found["findings"])
    codes = [[f["code"] for f in found["findings"] if bool(f["suppressed"]) is accepted] for accepted in (False, True)]
    assert sum(found["summary"]["by_code"].values()) == len(codes[0])
    return codes[0], codes[1]


# --- writing ------------------------------------------------------------------------------------------------------

KINDS: dict[str, tuple[bytes, tuple[str, ...]]] = {
    "records": ("\n".join([*ROWS, DEVIANT, ROWS[3], "", "", '{"a": 1, "a": 2}', "{", "[1]", ROWS[4] * 2]).encode(), ()),
    "dataset": (f"{ROWS[0]}\n{ROWS[1]}\n".encode(), ("DAT001",)),
    "mark": (b"\xef\xbb\xbf" + "\n".join(ROWS).encode(), ("FIL002",)),
    "empty": (b"", ("FIL003",)),
    "document": (f"[{','.join([*ROWS, DEVIANT, ROWS[3]])}]".encode(), ("FIL005", "SEP002", "DUP001")),
    "utf-16": ("\n".join(ROWS).encode("utf-16"), ("FIL001",)),
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_what_was_suppressed_is_found_no_more(run: Run, tmp_path: Path, kind: str) -> None:
    data, codes = KINDS[kind]
    (tmp_path / "t.jsonl").write_bytes(data)
    before, _ = open_and_accepted(run, "t.jsonl")
    assert before
    assert set(codes) <= set(before)
    done = suppress(run, "t.jsonl", "--fail-on", "info")
    assert (done.return_value or 0) == 0
    count = len(entries(tmp_path))
    assert f"wrote {count} suppression" in done.stderr
    assert f"No findings. {len(before)} suppressed (-v lists them)." in done.stdout
    assert open_and_accepted(run, "t.jsonl") == ([], before)
    written = (tmp_path / FILE_NAME).read_bytes()
    again = suppress(run, "t.jsonl", reason="again")
    assert "nothing to suppress" in again.stderr
    assert (tmp_path / FILE_NAME).read_bytes() == written


def test_an_entry_holds_no_text_of_the_record_and_no_line(run: Run, tmp_path: Path) -> None:
    write(tmp_path / "data" / "t.jsonl", *ROWS, DEVIANT)
    suppress(run, "data/t.jsonl", "--select", RULES, reason="two tasks in one set")
    (entry,) = entries(tmp_path)
    when, record = entry.pop("when"), entry.pop("record")
    assert entry == {
        "version": 1, "rule": "SEP002", "pointer": "/prompt", "path": "data/t.jsonl", "reason": "two tasks in one set",
        "who": "ada",
    }  # fmt: skip
    assert when.endswith("Z")
    assert len(when) == len("2026-01-01T00:00:00Z")
    (finding,) = check("data/t.jsonl", select=RULES.split(",")).suppressed
    assert finding.record == record
    assert finding.suppressed is not None
    assert finding.suppressed.reason == "two tasks in one set"


def test_only_the_selected_rules_are_suppressed(run: Run, tmp_path: Path) -> None:
    write(tmp_path / "t.jsonl", *ROWS, DEVIANT, "", ROWS[0])
    suppress(run, "t.jsonl", "--select", "SEP002")
    assert open_and_accepted(run, "t.jsonl", "--select", RULES) == (["FIL004", "DUP001"], ["SEP002"])


def test_git_says_who_it_was(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = tmp_path / "gitconfig"
    config.write_text("[user]\n\tname = Ada L. \u202e\n", encoding="utf-8")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(config))
    write(tmp_path / "t.jsonl", *ROWS, DEVIANT)
    suppress(run, "t.jsonl")
    assert entries(tmp_path)[0]["who"] == "Ada L. \u202e"
    assert b"\\u202e" in (tmp_path / FILE_NAME).read_bytes(), "what is invisible stands there as an escape"
    assert "\u202e" not in run("t.jsonl", "--verbose").stdout


def test_verbose_lists_what_is_suppressed(run: Run, tmp_path: Path) -> None:
    write(tmp_path / "t.jsonl", *ROWS, DEVIANT)
    suppress(run, "t.jsonl", reason="as it is")
    for style in ("concise", "full", "grouped"):
        shown = run("t.jsonl", "--verbose", "--output-format", style).stdout
        assert "suppressed: t.jsonl:41:13: SEP002 [*] inconsistent-separator" in shown
        assert "(as it is; ada, 2" in shown
        assert "SEP002" not in run("t.jsonl", "--output-format", style).stdout


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        (["--suppress"], '--suppress --reason "'),
        (["--suppress", "--reason", " "], '--suppress --reason "'),
        (["--reason", "x"], "goes with --suppress"),
    ],
)
def test_a_suppression_wants_a_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], flags: list[str], says: str
) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "t.jsonl", *ROWS, DEVIANT)
    assert main(["check", "t.jsonl", *flags]) == 2
    assert says in capfd.readouterr().err
    assert not (tmp_path / FILE_NAME).exists()


def test_mode_and_link_stay_and_a_last_line_is_ended(run: Run, tmp_path: Path) -> None:
    write(tmp_path / "t.jsonl", *ROWS, DEVIANT)
    kept = tmp_path / "kept" / "entries"
    kept.parent.mkdir()
    old = Entry(1, "SEP002", "u.jsonl", "r", "w", "t", "00" * 16, "/prompt").line()[:-1]
    kept.write_bytes(old)
    kept.chmod(0o640)
    (tmp_path / FILE_NAME).symlink_to(kept)
    suppress(run, "t.jsonl")
    assert (tmp_path / FILE_NAME).is_symlink()
    assert stat.S_IMODE(kept.stat().st_mode) == 0o640
    assert kept.read_bytes().startswith(old + b"\n{")
    assert os.listdir(kept.parent) == ["entries"]


# --- what an entry covers ---------------------------------------------------------------------------------------------


def test_a_moved_or_copied_record_stays_suppressed_and_a_changed_one_speaks(run: Run, tmp_path: Path) -> None:
    write(tmp_path / "a.jsonl", *ROWS, DEVIANT)
    suppress(run, "a.jsonl", "--select", RULES)
    write(tmp_path / "a.jsonl", DEVIANT, *ROWS)
    write(tmp_path / "deep" / "b.jsonl", DEVIANT, *ROWS)
    accepted = open_and_accepted(run, "a.jsonl", "deep/b.jsonl", "--select", RULES)
    assert accepted == ([], ["SEP002", "SEP002"])
    write(tmp_path / "a.jsonl", DEVIANT.replace("good", "bad"), *ROWS)
    assert open_and_accepted(run, "a.jsonl", "--select", RULES) == (["SEP002"], [])


def test_another_pointer_or_rule_is_not_covered(run: Run, tmp_path: Path) -> None:
    row = '{"prompt": "a", "completion": " good", "b": 1, "b": 2, "c": 1, "c": 2}'
    write(tmp_path / "t.jsonl", *ROWS, row)
    suppress(run, "t.jsonl", "--select", "JSN003")
    assert [entry["pointer"] for entry in entries(tmp_path)] == ["/b", "/c"]
    lines = (tmp_path / FILE_NAME).read_bytes().splitlines(keepends=True)
    (tmp_path / FILE_NAME).write_bytes(lines[1])
    assert open_and_accepted(run, "t.jsonl", "--select", "JSN003,SEP002") == (["SEP002", "JSN003"], ["JSN003"])


def test_a_file_is_no_record(run: Run, tmp_path: Path) -> None:
    """An empty line has no content to be known by: its entry holds in its file, and in no other."""
    write(tmp_path / "a.jsonl", *ROWS, "")
    write(tmp_path / "b.jsonl", *ROWS, "")
    (tmp_path / "long.jsonl").write_text(f"{ROWS[0]}\n{'x' * 700}\n{'y' * 800}\n")
    write(tmp_path / "curator.toml", "max-line-bytes = 600")
    flags = ("--select", "FIL004,FIL011")
    suppress(run, "a.jsonl", "long.jsonl", *flags)
    assert [sorted(entry) for entry in entries(tmp_path)] == [["path", "reason", "rule", "version", "when", "who"]] * 2
    write(tmp_path / "a.jsonl", "", *ROWS, "")
    assert open_and_accepted(run, "a.jsonl", "b.jsonl", "long.jsonl", *flags) == (
        ["FIL004"], ["FIL004", "FIL004", "FIL011", "FIL011"],
    )  # fmt: skip


def test_a_dataset_finding_is_known_by_its_dataset(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("x", "y"):
        write(tmp_path / f"{name}.jsonl", *ROWS[:3])
    write(tmp_path / "curator.toml", *(f'[datasets.{name}]\ntrain = "{name}.jsonl"' for name in "xy"))
    suppress(run, "x.jsonl", "--select", "DAT001")
    (entry,) = entries(tmp_path)
    assert (entry["dataset"], entry["split"], entry["path"]) == ("x", "train", "x.jsonl")
    assert "record" not in entry
    write(tmp_path / "x.jsonl", *ROWS[:5])
    assert open_and_accepted(run, "--select", "DAT001") == (["DAT001"], ["DAT001"])
    (tmp_path / "below").mkdir()
    monkeypatch.chdir(tmp_path / "below")
    assert open_and_accepted(run, "../x.jsonl", "--select", "DAT001") == ([], ["DAT001"])


def test_a_file_without_settings_is_a_dataset_by_its_path(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "data" / "x.jsonl", *ROWS[:3])
    write(tmp_path / "data" / "y.jsonl", *ROWS[:3])
    suppress(run, "./data/x.jsonl", "--select", "DAT001")
    assert entries(tmp_path)[0]["dataset"] == "data/x.jsonl"
    monkeypatch.chdir(tmp_path / "data")
    assert open_and_accepted(run, "x.jsonl", str(tmp_path / "data" / "y.jsonl"), "--select", "DAT001") == (
        ["DAT001"], ["DAT001"],
    )  # fmt: skip


def test_leaks_between_splits(run: Run, tmp_path: Path) -> None:
    write(tmp_path / "train.jsonl", *ROWS)
    write(tmp_path / "valid.jsonl", *(row.replace("Item", "Thing") for row in ROWS), ROWS[7])
    write(tmp_path / "curator.toml", '[datasets.d]\ntrain = "train.jsonl"\nvalidation = "valid.jsonl"')
    assert open_and_accepted(run, "--select", "SPL001") == (["SPL001"], [])
    suppress(run, "--select", "SPL001")
    assert open_and_accepted(run, "--select", "SPL001") == ([], ["SPL001"])
    assert entries(tmp_path)[0]["path"] == "valid.jsonl"


@pytest.mark.parametrize("written", ["SEP002", "inconsistent-separator", "Inconsistent-Separator"])
def test_a_rule_is_known_by_its_names(run: Run, tmp_path: Path, written: str) -> None:
    write(tmp_path / "t.jsonl", *ROWS, DEVIANT)
    suppress(run, "t.jsonl", "--select", "SEP002")
    file = tmp_path / FILE_NAME
    file.write_text(file.read_text().replace("SEP002", written))
    assert open_and_accepted(run, "t.jsonl", "--select", "SEP002") == ([], ["SEP002"])


def test_odd_keys_and_file_names(run: Run, tmp_path: Path) -> None:
    long, odd = "k" * 100_000, "\x1b[2J\u2028\ud800"
    row = json.dumps({"prompt": "a ->", "completion": " good"})[:-1]
    row += "".join(f", {json.dumps(key)}: {n}" for key in (long, odd) for n in (1, 2)) + "}"
    path = tmp_path / os.fsdecode(b"\xfft\x1b.jsonl")
    write(path, *ROWS, row)
    before, _ = open_and_accepted(run, path.name, "--select", "JSN003")
    assert len(before) == 2
    suppress(run, path.name, "--select", "JSN003")
    assert open_and_accepted(run, path.name, "--select", "JSN003") == ([], before)
    written = (tmp_path / FILE_NAME).read_bytes()
    assert written.isascii()
    assert len(written) < 1500
    assert written.replace(b"\n", b"").decode().isprintable()


def test_standard_input(run: Run, tmp_path: Path) -> None:
    data = "\n".join([*ROWS, DEVIANT])
    flags = ("-", "--stdin-filename", "data/in.jsonl", "--select", "SEP002")
    run(*flags, "--suppress", "--reason", "x", input=data)
    assert entries(tmp_path)[0]["path"] == "data/in.jsonl"
    assert run(*flags, input=data).stdout.endswith("No findings. 1 suppressed (-v lists them).\n")


# --- where the file lies ----------------------------------------------------------------------------------------------


def test_a_new_file_lies_where_it_will_be_found(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for folder in ("settings/data", "here/data", "far/data"):
        write(tmp_path / folder / "t.jsonl", *ROWS, DEVIANT)
    write(tmp_path / "settings" / "curator.toml", 'ignore = ["LAB"]')
    monkeypatch.chdir(tmp_path / "here")
    paths = ["../settings/data/t.jsonl", "data/t.jsonl", "../far/data/t.jsonl"]
    suppress(run, *paths)
    for folder, path in (("settings", "data/t.jsonl"), ("here", "data/t.jsonl"), ("far/data", "t.jsonl")):
        assert {entry["path"] for entry in entries(tmp_path / folder)} == {path}
    for folder in ("settings", "here/data", "far", "."):
        monkeypatch.chdir(tmp_path / folder)
        codes, _ = open_and_accepted(run, *(os.path.relpath(tmp_path / "here" / path) for path in paths))
        assert codes == []


def test_the_nearest_file_governs(run: Run, tmp_path: Path) -> None:
    write(tmp_path / "t.jsonl", *ROWS, DEVIANT)
    write(tmp_path / "below" / "t.jsonl", *ROWS, DEVIANT)
    suppress(run, "t.jsonl", "--select", "SEP002")
    assert open_and_accepted(run, "below/t.jsonl", "--select", "SEP002") == ([], ["SEP002"])
    (tmp_path / "below" / FILE_NAME).write_bytes(b"")
    assert open_and_accepted(run, "t.jsonl", "below/t.jsonl", "--select", "SEP002") == (["SEP002"], ["SEP002"])
    suppress(run, "below/t.jsonl", "--select", "SEP002")
    assert entries(tmp_path / "below")[0]["path"] == "t.jsonl"


# --- stale entries ----------------------------------------------------------------------------------------------------


def test_only_stale_entries_of_the_scanned_files_are_pruned(run: Run, tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        write(tmp_path / f"{name}.jsonl", *ROWS, DEVIANT.replace("x", name), "", '{"z": 1, "z": 2}')
    suppress(run, "a.jsonl", "b.jsonl", "c.jsonl", "--select", RULES)
    file = tmp_path / FILE_NAME
    odd = [b"\n", *(b" " + line[:-1] + b"\r\n" for line in file.read_bytes().splitlines(keepends=True))]
    file.write_bytes(b"".join(odd))
    for name in ("a", "b"):
        write(tmp_path / f"{name}.jsonl", *ROWS)
    assert "note" not in run("c.jsonl", "--select", RULES).stderr
    assert "3 suppressions no longer match anything: --prune" in run("a.jsonl", "--select", RULES).stderr
    assert "1 suppression no longer matches anything" in run("a.jsonl", "c.jsonl", "--select", "SEP002").stderr
    assert "note" not in run("a.jsonl", "--select", "SEP002", "--quiet").stderr
    assert file.read_bytes() == b"".join(odd), "a check only reads"
    done = run("a.jsonl", "c.jsonl", "--select", "FIL,SEP002", "--prune-suppressions")
    assert f"removed 2 suppressions from {FILE_NAME}" in done.stderr
    gone = [b'"rule": "FIL004"', b'"rule": "SEP002"']
    left = [line for line in odd if b"a.jsonl" not in line or not any(rule in line for rule in gone)]
    assert file.read_bytes() == b"".join(left)
    assert open_and_accepted(run, "c.jsonl", "--select", RULES) == ([], ["SEP002", "FIL004", "JSN003"])


def test_what_was_read_in_part_is_not_judged(run: Run, tmp_path: Path) -> None:
    rows = [row.replace("Item", "Thing") for row in ROWS]
    write(tmp_path / "train.jsonl", *ROWS, DEVIANT)
    write(tmp_path / "more.jsonl", *rows, ROWS[5])
    write(tmp_path / "valid.jsonl", *(row.replace("Item", "Part") for row in ROWS), ROWS[7], "")
    write(
        tmp_path / "curator.toml",
        '[datasets.d]\ntrain = ["train.jsonl", "more.jsonl"]\nvalidation = "valid.jsonl"',
    )
    select = ("--select", "SPL001,DUP001,SEP002,FIL004")
    suppress(run, *select)
    assert sorted(entry["rule"] for entry in entries(tmp_path)) == ["DUP001", "FIL004", "SEP002", "SPL001"]
    for paths in (["train.jsonl"], ["more.jsonl"], ["valid.jsonl"], ["train.jsonl", "more.jsonl"]):
        assert "note" not in run(*paths, *select).stderr
    write(tmp_path / "valid.jsonl", *(row.replace("Item", "Part") for row in ROWS))
    assert "1 suppression no longer" in run("valid.jsonl", *select).stderr, "a blank line is judged by its file"
    assert "2 suppressions no longer" in run(*select).stderr
    write(tmp_path / "train.jsonl", *ROWS, DEVIANT.replace("x", "y"))
    assert "note" not in run("train.jsonl", *select).stderr, "the whole split decides the separator"
    assert "1 suppression no longer" in run("train.jsonl", "more.jsonl", *select).stderr
    assert "3 suppressions no longer" in run(*select).stderr
    (tmp_path / "train.jsonl").unlink()
    assert "1 suppression no longer" in run(*select).stderr, "what cannot be read is not judged"


def test_a_rule_that_did_not_speak_is_not_judged(run: Run, tmp_path: Path) -> None:
    """Because the settings silence it in the file, or because the dataset has no second split."""
    write(tmp_path / "a.jsonl", *ROWS, "")
    write(tmp_path / "s.jsonl", *(row.replace("Item", "Thing") for row in ROWS), ROWS[3])
    datasets = '[datasets.b]\ntest = "s.jsonl"\n[datasets.a]\ntrain = "a.jsonl"\ntest = "s.jsonl"'
    write(tmp_path / "curator.toml", datasets)
    suppress(run, "--select", "SPL001,FIL004")
    assert [entry["rule"] for entry in entries(tmp_path)] == ["FIL004", "SPL001"]
    write(tmp_path / "a.jsonl", *(row.replace("Item", "Part") for row in ROWS))
    assert "1 suppression no" in run("--select", "SPL001,FIL004").stderr
    write(tmp_path / "curator.toml", f'per-file-ignores = {{ "a.jsonl" = ["FIL"] }}\n{datasets}')
    assert "note" not in run("--select", "SPL001,FIL004").stderr


def test_of_copies_those_of_the_scanned_files_are_pruned(run: Run, tmp_path: Path) -> None:
    write(tmp_path / "a.jsonl", *ROWS, DEVIANT)
    suppress(run, "a.jsonl", "--select", "SEP002")
    line = (tmp_path / FILE_NAME).read_bytes()
    other = line.replace(b"a.jsonl", b"b.jsonl")
    (tmp_path / FILE_NAME).write_bytes(line + other + line)
    write(tmp_path / "a.jsonl", *ROWS)
    assert "1 suppression no longer" in run("a.jsonl").stderr
    run("a.jsonl", "--prune-suppressions")
    assert (tmp_path / FILE_NAME).read_bytes() == other


BREAKING = {"raises": "raise ValueError(1)", "changes": "import os; os.utime('t.jsonl', (1, 1)); return"}


@pytest.mark.parametrize("breaking", BREAKING)
def test_what_broke_off_leaves_its_suppressions(run: Run, tmp_path: Path, breaking: str) -> None:
    stem = f"own_{breaking}"  # a process knows one file of checks by each name
    card = (
        f'code = "USR001"\nname = "odd"\ncheck = "{stem}.odd"\nseverity = "error"\nmessage = "odd"\n'
        'why = "A test."\nsources = ["tests"]\n'
    )
    (tmp_path / "cards").mkdir()
    write(tmp_path / "cards" / "USR001.toml", card)
    code = "from curator.model import Problem\n\ndef odd(example):\n    {}\n    yield Problem()\n"
    write(tmp_path / f"{stem}.py", code.format("pass"))
    write(
        tmp_path / "curator.toml", f'rule-dirs = ["cards"]\ncheck-files = ["{stem}.py"]\nselect = ["USR001", "FIL004"]'
    )
    write(tmp_path / "t.jsonl", *ROWS[:2], "")
    suppress(run, "t.jsonl")
    assert open_and_accepted(run, "t.jsonl") == ([], ["USR001", "USR001", "FIL004"])
    write(tmp_path / "t.jsonl", *ROWS[:2])
    write(tmp_path / f"{stem}.py", code.format(BREAKING[breaking]))
    result = run("t.jsonl", "--prune-suppressions")
    assert (result.return_value or result.exit_code) == 2
    # One check that raised takes nothing from what the others say; of a file that changed, nothing is certain.
    left = ["USR001", "USR001"] if breaking == "raises" else ["USR001", "USR001", "FIL004"]
    assert [entry["rule"] for entry in entries(tmp_path)] == left


# --- a file that people and git have touched --------------------------------------------------------------------------

LAW = Settings(select=tuple(RULES.split(",")))


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[bytes]]:
    """A flawed file, and entries for some of its findings, some of them twice with other reasons."""
    folder = tmp_path_factory.mktemp("law")
    (folder / "t.jsonl").write_bytes(b"\n".join(flawed(Random(3), 60)))
    report = engine.check([dataset(folder / "t.jsonl", options=LAW)])
    cover, lines = Cover("t.jsonl", "t.jsonl", {}), []
    for number, finding in enumerate(report.findings):
        for reason in ("first", "second")[: number % 3]:
            said = Suppression(reason, "w", f"2026-01-0{1 + (number + len(reason)) % 9}T00:00:00Z")
            lines.append(cover.entry(finding, said).line())
    assert len(lines) > 8
    return folder, lines


@given(data=st.data())
def test_order_and_duplicates_of_entries_do_not_matter(many: tuple[Path, list[bytes]], data: st.DataObject) -> None:
    folder, lines = many

    def report(written: Sequence[bytes]) -> str:
        (folder / FILE_NAME).write_bytes(b"".join(written))
        return rendered(engine.check([dataset(folder / "t.jsonl", options=LAW)], suppressions=Suppressions()))

    again = data.draw(st.lists(st.sampled_from([*lines, b"\n", b"\r\n"]), max_size=20))
    assert report(data.draw(st.permutations([*lines, *again]))) == report(lines)


@pytest.mark.skipif(shutil.which("git") is None, reason="needs git")
def test_git_merges_two_branches_by_union(run: Run, tmp_path: Path) -> None:
    def git(*arguments: str) -> None:
        author = ["-c", "user.name=a", "-c", "user.email=a@localhost", "-c", "commit.gpgsign=false"]
        subprocess.run(["git", *author, *arguments], cwd=tmp_path, check=True, capture_output=True)

    for name in ("a", "b"):
        write(tmp_path / f"{name}.jsonl", *ROWS, DEVIANT.replace("x", name))
    write(tmp_path / "both.jsonl", *ROWS, DEVIANT)
    write(tmp_path / ".gitattributes", f"{FILE_NAME} merge=union")
    git("init", "-q", "-b", "main")
    git("add", ".")
    git("commit", "-qm", "start")
    for name in ("a", "b"):
        git("checkout", "-qb", f"branch-{name}", "main")
        suppress(run, f"{name}.jsonl", "both.jsonl", "--select", "SEP002", reason=name)
        git("add", ".")
        git("commit", "-qm", name)
    git("merge", "-q", "-m", "merge", "branch-a")
    assert len(entries(tmp_path)) == 4
    assert open_and_accepted(run, "--select", "SEP002") == ([], ["SEP002"] * 3)


GOOD = Entry(1, "SEP002", "u.jsonl", "r", "w", "t", "00" * 16, "/prompt").line().decode()


@pytest.mark.parametrize(
    ("broken", "says"),
    [
        (GOOD[:40], "it is no JSON; restore the line, or remove it"),
        (GOOD.strip() * 2, "it is no JSON"),
        ("[1]", "it is no JSON object"),
        (GOOD.replace("1", "2", 1), "of version 2, and this curator reads version 1; upgrade curator, or write"),
        (GOOD.replace('"who"', '"whom"'), "unknown key 'whom'; did you mean 'who'?"),
        (GOOD.replace('"w"', "7"), "who: expected a text"),
        ('{"version": 1}', "missing required field"),
        ("\x1b[2J\u202e", "it is no JSON"),
    ],
)
def test_a_broken_entry_hides_nothing_and_is_named(run: Run, tmp_path: Path, broken: str, says: str) -> None:
    write(tmp_path / "t.jsonl", *ROWS, DEVIANT, "")
    suppress(run, "t.jsonl", "--select", RULES)
    file = tmp_path / FILE_NAME
    kept = next(line for line in file.read_bytes().splitlines(keepends=True) if b"FIL004" in line)
    file.write_bytes(kept + broken.encode() + b"\n")
    result = run("t.jsonl", "--select", RULES, "--exit-zero")
    assert (result.return_value or result.exit_code) == 2
    (line,) = [line for line in result.stderr.splitlines() if line.startswith("error: ")]
    assert line.startswith(f"error: {FILE_NAME}:2: this entry is passed over, and what it suppressed is reported: ")
    assert says in line
    assert line.isprintable()
    assert open_and_accepted(run, "t.jsonl", "--select", RULES) == (["SEP002"], ["FIL004"])
    before = file.read_bytes()
    for flags in (("--suppress", "--reason", "x"), ("--prune-suppressions",)):
        result = run("t.jsonl", "--select", RULES, *flags)
        assert (result.return_value or result.exit_code) == 2
        assert f"no suppression was written or removed: mend {FILE_NAME} first" in result.stderr
        assert file.read_bytes() == before


def test_an_unfinished_merge_is_said_once_and_both_sides_hold(run: Run, tmp_path: Path) -> None:
    write(tmp_path / "t.jsonl", *ROWS, DEVIANT, "")
    suppress(run, "t.jsonl", "--select", RULES)
    file = tmp_path / FILE_NAME
    ours, theirs = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(b"<<<<<<< HEAD\n" + ours + b"=======\n" + theirs + b">>>>>>> branch\n")
    result = run("t.jsonl", "--select", RULES)
    assert (result.return_value or result.exit_code) == 2
    (line,) = [line for line in result.stderr.splitlines() if line.startswith("error: ")]
    assert line.startswith(f"error: {FILE_NAME}:1: an unfinished merge")
    assert "merge=union" in line
    assert open_and_accepted(run, "t.jsonl", "--select", RULES) == ([], ["SEP002", "FIL004"])


def test_many_broken_entries_are_a_few_lines(run: Run, tmp_path: Path) -> None:
    write(tmp_path / "t.jsonl", *ROWS)
    (tmp_path / FILE_NAME).write_text(GOOD.replace("1", "2", 1) * 5000)
    errors = [line for line in run("t.jsonl").stderr.splitlines() if line.startswith("error")]
    assert len(errors) == 4
    assert f"error: {FILE_NAME}: 4,997 more lines cannot be used" in errors


def test_a_file_that_cannot_be_read(run: Run, tmp_path: Path) -> None:
    write(tmp_path / "t.jsonl", *ROWS)
    (tmp_path / FILE_NAME).mkdir()
    result = run("t.jsonl")
    assert (result.return_value or result.exit_code) == 2
    assert f"error: {FILE_NAME}: cannot be read: Is a directory" in result.stderr


def test_of_two_reasons_the_older_is_told(run: Run, tmp_path: Path) -> None:
    write(tmp_path / "t.jsonl", *ROWS, DEVIANT)
    suppress(run, "t.jsonl", "--select", "SEP002", reason="newer")
    file = tmp_path / FILE_NAME
    older = {**entries(tmp_path)[0], "when": "2020-01-01T00:00:00Z", "reason": "older"}
    for lines in ([json.dumps(older), file.read_text().strip()], [file.read_text().strip(), json.dumps(older)]):
        write(file, *lines)
        (finding,) = check("t.jsonl", select="SEP002").suppressed
        assert finding.suppressed == Suppression("older", "ada", "2020-01-01T00:00:00Z")


def test_a_mark_and_windows_line_ends_are_understood(run: Run, tmp_path: Path) -> None:
    write(tmp_path / "t.jsonl", *ROWS, DEVIANT, "")
    suppress(run, "t.jsonl", "--select", RULES)
    file = tmp_path / FILE_NAME
    file.write_bytes(b"\xef\xbb\xbf" + file.read_bytes().replace(b"\n", b"\r\n"))
    assert open_and_accepted(run, "t.jsonl", "--select", RULES) == ([], ["SEP002", "FIL004"])


# --- the same report everywhere ---------------------------------------------------------------------------------------


def test_neither_cuts_nor_processes_show(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    path.write_bytes(b"\n".join(flawed(Random(9), 300)))
    suppress(run, "t.jsonl")
    lines = (tmp_path / FILE_NAME).read_bytes().splitlines(keepends=True)
    (tmp_path / FILE_NAME).write_bytes(b"".join(lines[::2]))
    datasets = [dataset(Path("t.jsonl"))]
    whole = engine.check(datasets, suppressions=Suppressions(), shard_bytes=1 << 40)
    assert len(whole.findings) > 5
    assert len(whole.suppressed) > 5
    for size in (64, 1000):
        for executor in (shuffled(1), Processes(2)) if size > 64 else (shuffled(2),):
            again = engine.check(datasets, suppressions=Suppressions(), shard_bytes=size, executor=executor)
            assert rendered(again) == rendered(whole)
            assert again.stale == whole.stale


def test_suppressed_findings_stand_in_their_places(run: Run, tmp_path: Path) -> None:
    write(tmp_path / "t.jsonl", DEVIANT, "", *ROWS, DEVIANT.replace("x", "y"))
    suppress(run, "t.jsonl", "--select", "FIL004")
    found = json.loads(run("t.jsonl", "--select", RULES, "--output-format", "json").stdout)
    assert [(f["line"], bool(f["suppressed"])) for f in found["findings"]] == [(1, False), (2, True), (43, False)]
    assert sorted(found["findings"][1]["suppressed"]) == ["reason", "when", "who"]
    assert found["summary"] | {"hidden": 0} == {
        "error": 2, "warning": 0, "info": 0, "suppressed": 1, "fixable": 2, "by_code": {"SEP002": 2}, "hidden": 0,
    }  # fmt: skip
