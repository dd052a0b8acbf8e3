"""`curator diff`: what became of each record, the same from both sides, and in real `git diff`."""

from __future__ import annotations

import gzip
import json
import os
import random
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

from curator.cli.main import group, main
from curator.curation import comparing, pairing
from curator.curation.comparing import compare, out_of_order
from curator.curation.pairing import side
from curator.curation.records import open_records
from curator.curation.wording import MISSING, changes, hunks, marked
from curator.opening import Spools
from curator.parsing import parse_carefully

ROOT = Path(__file__).parent.parent
Run = Callable[..., Result]
MIRROR = {"added": "removed", "removed": "added"}


def chat(question: str, answer: str, **more: Any) -> str:
    turns = [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]
    return json.dumps({**more, "messages": turns}, ensure_ascii=False)


def words(seed: int, count: int) -> str:
    return " ".join(random.Random(seed).choices([f"w{n}" for n in range(400)], k=count))


def made(seed: int, **more: Any) -> str:
    return chat(words(seed, 9), words(seed + 1000, 12), **more)


LINES = [made(n) for n in range(12)]


def compared(folder: Path, old: list[str], new: list[str], *flags: str) -> dict[str, Any]:
    """The JSON output for two lists of lines."""
    for name, lines in (("a.jsonl", old), ("b.jsonl", new)):
        (folder / name).write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    arguments = ["diff", str(folder / "a.jsonl"), str(folder / "b.jsonl"), "--output-format", "json", *flags]
    result = CliRunner().invoke(group, arguments, standalone_mode=False)
    assert result.exception is None, result.output
    data: dict[str, Any] = json.loads(result.output)
    counts = {kind: data["summary"][kind] for kind in comparing.KINDS}
    assert result.return_value == int(bool(data["entries"] or data["files"]))
    return {**data, "counts": {kind: count for kind, count in counts.items() if count}}


# --- the laws ----------------------------------------------------------------------------------

_VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-3, 3), st.sampled_from([1.0, 0.5, "", "a b", "a c", "x"])),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.sampled_from("ab/~"), inner, max_size=3)),
    max_leaves=8,
)
_LINES = st.one_of(
    st.sampled_from(LINES[:6]),
    st.builds(lambda n, m: chat(words(n, 6), words(m, 8)), st.integers(0, 3), st.integers(0, 3)),
    st.builds(lambda n, m: made(m, id=n), st.integers(0, 9), st.integers(0, 5)),
    st.builds(lambda value: json.dumps({"v": value}), _VALUES),
    st.sampled_from(["", '{"a" 1}', "[1]", '{"a": 1, "a": 2}', '{"a": 2, "a": 1}']),
    st.sampled_from(['{"a": 1e0}', '{ "a": 1.0}', '{"a": 1}', '{"\\ud83d": 1}']),
)  # fmt: skip
_FILES = st.lists(_LINES, max_size=14)


@given(_FILES)
def test_a_file_is_what_it_is(tmp_path_factory: pytest.TempPathFactory, lines: list[str]) -> None:
    found = compared(tmp_path_factory.mktemp("law"), lines, lines)
    assert found["entries"] == []
    assert found["files"] == []


@given(_FILES, _FILES)
def test_the_counts_mirror_and_every_record_is_accounted_for(
    tmp_path_factory: pytest.TempPathFactory, old: list[str], new: list[str]
) -> None:
    folder = tmp_path_factory.mktemp("law")
    found, mirrored = compared(folder, old, new), compared(folder, new, old)
    assert found["counts"] == {MIRROR.get(kind, kind): count for kind, count in mirrored["counts"].items()}
    for label, lines, gone in (("old", old, "removed"), ("new", new, "added")):
        named = [entry[label]["line"] for entry in found["entries"] if entry[label]]
        assert len(named) == len(set(named)), "no record is named twice"
        assert all(lines[number - 1].strip() for number in named)
        own = sum(entry["kind"] == gone for entry in found["entries"])
        assert own == found["counts"].get(gone, 0)
    total = [sum(bool(line.strip()) for line in lines) for lines in (old, new)]
    assert total[0] - found["counts"].get("removed", 0) == total[1] - found["counts"].get("added", 0)


@given(_FILES, st.randoms(use_true_random=False))
def test_another_order_is_moved_records_and_nothing_else(
    tmp_path_factory: pytest.TempPathFactory, lines: list[str], shuffled: random.Random
) -> None:
    other = list(lines)
    shuffled.shuffle(other)
    found = compared(tmp_path_factory.mktemp("law"), lines, other)
    assert set(found["counts"]) <= {"moved", "formatting"}
    for entry in found["entries"]:
        before, after = lines[entry["old"]["line"] - 1], other[entry["new"]["line"] - 1]
        assert entry["kind"] == "formatting" or before == after


@given(st.permutations(range(9)))
def test_as_few_as_can_be_have_moved(numbers: list[int]) -> None:
    moved = set(out_of_order(numbers))
    left = [number for index, number in enumerate(numbers) if index not in moved]
    assert left == sorted(left)
    longest = [1] * len(numbers)
    for index, number in enumerate(numbers):
        longest[index] += max((longest[i] for i in range(index) if numbers[i] < number), default=0)
    assert len(left) == max(longest)


def at(value: Any, pointer: str) -> Any:
    return pairing._at(value, pointer) if pointer else value


@given(_VALUES, _VALUES)
def test_values_differ_where_changes_are(old: Any, new: Any) -> None:
    found = list(changes(old, new))
    equal = parse_carefully(json.dumps(old).encode()).canonical == parse_carefully(json.dumps(new).encode()).canonical
    assert (not found) == equal
    for change in found:
        assert change.old is not MISSING or change.new is not MISSING
        holder = old if change.new is MISSING else new
        here = change.old if change.new is MISSING else change.new
        if here is not None:
            assert at(holder, change.pointer) == here
        assert change.hunks


@pytest.mark.parametrize(
    ("old", "new", "shown"),
    [
        ("one two", "one two three", "…one two{+ three+}"),
        ("one two", "zero one two", "{+zero +}one two…"),
        ("a red car", "a blue car", "…a [-red-]{+blue+} car…"),
        ("the cat", "the catalogue", "…the [-cat-]{+catalogue+}"),
        ("weekend", "end", "[-weekend-]{+end+}"),
        ("aa", "a", "[-aa-]{+a+}"),
        ("over. ", "over.\r\n", "…over.[- -]{+\r\n+}"),
        ("你好吗", "你好", "…你好[-吗-]"),
    ],
)
def test_a_word_that_stays_is_not_said_to_change_with_what_stands_beside_it(old: str, new: str, shown: str) -> None:
    (hunk,) = hunks(old, new)
    assert marked(hunk) == shown
    assert hunk.before + hunk.removed + hunk.after == old
    assert hunk.before + hunk.added + hunk.after == new


@given(
    st.lists(st.sampled_from(["a ", "b ", "c", "\n", "é", "日", "👍🏽", "."])),
    st.lists(st.sampled_from(["a ", "b ", "日", "."])),
)
def test_hunks_are_pieces_of_the_texts(first: list[str], second: list[str]) -> None:
    old, new = "".join(first), "".join(second)
    found = hunks(old, new)
    assert (not found) == (old == new)
    rest_old, rest_new = old, new
    for hunk in found:
        assert len(hunk.before) <= 20
        assert len(hunk.after) <= 20
        for rest, piece in ((rest_old, hunk.removed), (rest_new, hunk.added)):
            assert piece in rest
        rest_old = rest_old[rest_old.index(hunk.removed) + len(hunk.removed) :]
        rest_new = rest_new[rest_new.index(hunk.added) + len(hunk.added) :]


# --- kinds -------------------------------------------------------------------------------------


def test_each_kind_once(tmp_path: Path) -> None:
    changed = LINES[3].replace(words(1003, 12)[-8:], "another end")
    respelled = json.dumps(json.loads(LINES[6]), separators=(",", ":"))
    new = [LINES[0], made(77), *LINES[2:3], changed, *LINES[4:6], respelled, *LINES[8:], LINES[7]]
    found = compared(tmp_path, LINES, new)
    assert found["counts"] == {"added": 1, "removed": 1, "changed": 1, "formatting": 1, "moved": 1}
    assert [(e["kind"], (e["old"] or {}).get("line"), (e["new"] or {}).get("line")) for e in found["entries"]] == [
        ("added", None, 2), ("removed", 2, None), ("changed", 4, 4), ("formatting", 7, 7), ("moved", 8, 12),
    ]  # fmt: skip
    (change,) = found["entries"][2]["changes"]
    assert change["pointer"] == "/messages/1/content"
    assert change["hunks"][-1]["added"].endswith("another end")
    assert found["entries"][2]["by"] == "input"


def test_one_record_that_moved_is_one_difference(tmp_path: Path) -> None:
    many = [made(n) for n in range(500)]
    assert compared(tmp_path, many, [*many[1:], many[0]])["counts"] == {"moved": 1}
    assert compared(tmp_path, many, [many[-1], *many[:-1]])["counts"] == {"moved": 1}


def test_a_key_pairs_what_nothing_else_would(tmp_path: Path) -> None:
    old = [made(n, id=f"r{n}") for n in range(6)]
    new = [old[0], made(99, id="r1"), *old[2:]]
    found = compared(tmp_path, old, new)
    assert found["key"] == "/id"
    assert found["counts"] == {"changed": 1}
    assert {change["pointer"] for change in found["entries"][0]["changes"]} == {
        "/messages/0/content", "/messages/1/content",
    }  # fmt: skip
    nested = [json.dumps({"meta": {"n": json.loads(line)["id"]}, **json.loads(line)}) for line in old]
    other = [json.dumps({"meta": {"n": f"r{n}"}, "text": "other"}) for n in range(6)]
    assert compared(tmp_path, nested, other, "--key", "/meta/n")["counts"] == {"changed": 6}


def test_a_key_that_no_record_has_is_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    paths = [tmp_path / name for name in ("a.jsonl", "b.jsonl")]
    for path in paths:
        path.write_text("\n".join(LINES))
    assert main(["diff", *map(str, paths), "--key", "/nope"]) == 2
    assert "no record has /nope" in capsys.readouterr().err


def test_what_differs_beside_the_records_is_not_called_the_same(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text("\n".join(LINES))
    (tmp_path / "b.jsonl").write_text("\n\n".join(LINES))
    result = run("diff", "a.jsonl", "b.jsonl")
    assert result.return_value == 1
    assert "all the same, in a file that is written in another way" in result.output
    (tmp_path / "b.jsonl").write_text("\n".join([*LINES, "{oops"]))
    assert "b.jsonl:13: added, unreadable: {oops" in run("diff", "a.jsonl", "b.jsonl").output


def test_numbers_that_count_lines_are_no_key(tmp_path: Path) -> None:
    old = [made(n, id=n) for n in range(20)]
    new = [made(50, id=0), *(made(n, id=n + 1) for n in range(20))]
    found = compared(tmp_path, old, new)
    assert found["key"] is None
    assert found["counts"] == {"added": 1, "changed": 20}
    assert {change["pointer"] for entry in found["entries"][1:] for change in entry["changes"]} == {"/id"}


def test_a_repeated_key_is_an_error_with_both_lines(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.jsonl").write_text("\n".join(made(n, id=n) for n in range(3)))
    (tmp_path / "b.jsonl").write_text("\n".join(made(n, id=n % 2) for n in range(3)))
    assert main(["diff", "a.jsonl", "b.jsonl", "--key", "id"]) == 2
    assert "b.jsonl:3: has the same /id as line 1" in capsys.readouterr().err
    assert main(["diff", "a.jsonl", "b.jsonl", "-q"]) == 1, "without the flag another way is found"


def test_the_likest_answers_to_one_input_belong_together(tmp_path: Path) -> None:
    answers = [words(n, 20) for n in range(5)]
    old = [chat("Say it.", answer) for answer in answers]
    new = [chat("Say it.", f"{answer} too") for answer in reversed(answers[1:])]
    found = compared(tmp_path, old, new)
    assert found["counts"] == {"removed": 1, "changed": 4, "moved": 3}
    for entry in found["entries"]:
        if entry["kind"] == "changed":
            assert entry["old"]["line"] == 6 - entry["new"]["line"]


def test_many_records_without_a_key_are_found_by_their_rare_words(tmp_path: Path) -> None:
    old = [made(n) for n in range(300)]
    new = [line.replace("w1", "v1", 4) for line in old]
    random.Random(1).shuffle(new)
    found = compared(tmp_path, old, new)
    assert found["counts"]["changed"] >= 290
    for entry in found["entries"]:
        if entry["kind"] == "changed":
            assert new[entry["new"]["line"] - 1] == old[entry["old"]["line"] - 1].replace("w1", "v1", 4)


def test_elements_of_lists_are_matched(tmp_path: Path) -> None:
    record = json.loads(LINES[0])
    longer = {"messages": [{"role": "system", "content": "Be kind."}, *record["messages"]]}
    found = compared(tmp_path, [json.dumps({"id": 1, **record})], [json.dumps({"id": 1, **longer})])
    (change,) = found["entries"][0]["changes"]
    assert change["pointer"] == "/messages/0"
    assert change["hunks"][0]["removed"] == ""


def test_what_parsers_disagree_on_is_a_change(tmp_path: Path) -> None:
    found = compared(tmp_path, ['{"id": 1, "a": 1, "a": 2}'], ['{"id": 1, "a": 3, "a": 2}'])
    assert found["counts"] == {"changed": 1}
    assert found["entries"][0]["changes"][0]["pointer"] == ""


def test_lines_that_are_no_records_are_compared_by_their_bytes(tmp_path: Path) -> None:
    found = compared(tmp_path, [LINES[0], "{", "x" * 300, LINES[1]], [LINES[0], "{", LINES[1], "}"])
    assert found["counts"] == {"added": 1, "removed": 1}
    assert [entry["excerpt"] for entry in found["entries"]] == ["x" * 40 + "…", "}"]
    assert found["old"] == {"path": str(tmp_path / "a.jsonl"), "records": 2, "unreadable": 2}


def test_lines_too_long_to_read_are_compared_whole(tmp_path: Path) -> None:
    (tmp_path / "curator.toml").write_text("max-line-bytes = 1000")
    old = [LINES[0], chat("a", "b" * 2000 + "c")]
    assert compared(tmp_path, old, old)["counts"] == {}
    assert compared(tmp_path, old, [LINES[0], chat("a", "b" * 2000 + "d")])["counts"] == {"added": 1, "removed": 1}


def test_what_is_no_record_differs_too(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text("\n".join(LINES))
    (tmp_path / "b.jsonl").write_bytes(("\ufeff" + "\r\n".join([*LINES, "", ""])).encode())
    result = run("diff", "a.jsonl", "b.jsonl")
    assert result.return_value == 1
    assert "byte order mark: added" in result.output
    assert "line endings: LF, now CRLF" in result.output
    assert "blank lines: 0, now 1" in result.output
    assert run("diff", "a.jsonl", "b.jsonl", "--ignore", "formatting").return_value == 0


# --- inputs and outputs ------------------------------------------------------------------------


def test_of_copies_the_one_that_went_is_called_removed(tmp_path: Path) -> None:
    copied = [LINES[0], *LINES[1:6], LINES[0], *LINES[6:], LINES[0]]
    for gone in (0, 6, len(copied) - 1):
        found = compared(tmp_path, copied, copied[:gone] + copied[gone + 1 :])
        assert found["counts"] == {"removed": 1}
        assert [entry["old"]["line"] for entry in found["entries"]] == [gone + 1]


@given(st.lists(st.integers(0, 9), max_size=7), st.lists(st.integers(0, 9), max_size=7))
def test_the_nearest_of_many_are_as_near_as_any(first: list[int], second: list[int]) -> None:
    few, many = sorted((sorted(first), sorted(second)), key=len)

    def distance(chosen: Sequence[int]) -> int:
        return sum(abs(number - many[index]) for number, index in zip(few, chosen, strict=True))

    found = pairing._nearest(few, many)
    assert found == sorted(set(found))
    assert distance(found) == min(map(distance, combinations(range(len(many)), len(few))))


def test_packed_files_arrays_and_standard_input(run: Run, tmp_path: Path) -> None:
    text = "\n".join(LINES)
    (tmp_path / "a.jsonl").write_text(text)
    (tmp_path / "b.jsonl.gz").write_bytes(gzip.compress(text.encode()))
    (tmp_path / "c.json").write_text("[" + ",\n".join([*LINES[:5], made(99), *LINES[5:]]) + "]")
    assert run("diff", "a.jsonl", "b.jsonl.gz").return_value == 0
    assert run("diff", "-", "a.jsonl", input=text).return_value == 0
    result = run("diff", "a.jsonl", "c.json")
    assert "+ c.json:6: added" in result.output
    assert "12 records, now 13: 1 added" in result.output
    assert "container: JSON Lines, now one JSON document" in result.output
    (tmp_path / "d.json").write_text("[" + ",".join(LINES[1:]) + "]")
    (tmp_path / "e.json").write_text("[" + ",".join(LINES) + "]")
    assert (
        f"- e.json:1:2: removed: {json.loads(LINES[0])['messages'][0]['content'][:10]}"
        in run("diff", "e.json", "d.json").output
    )
    (entry,) = json.loads(run("diff", "d.json", "e.json", "--output-format", "json").output)["entries"]
    assert (entry["new"]["line"], entry["new"]["column"]) == (1, 2)
    (tmp_path / "f.json").write_text("[" + LINES[0] + "]")
    (entry, *_) = json.loads(run("diff", "e.json", "f.json", "--output-format", "json").output)["entries"]
    assert (entry["old"]["line"], entry["old"]["column"]) == (1, len(LINES[0]) + 3)
    assert "0 records, now 12: 12 added" in run("diff", os.devnull, "a.jsonl").output
    assert run("diff", os.devnull, os.devnull).return_value == 0
    assert run("diff", "f.json", "f.json").output == "1 record, now 1: all the same\n"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["a.jsonl", "gone.jsonl"], "gone.jsonl: no such file"),
        (["a.jsonl", "."], ".: is a folder"),
        (["a.jsonl", "t.txt"], "t.txt: holds no JSON"),
        (["-", "-"], "not both"),
        (["a.jsonl", "a.jsonl", "--ignore", "added"], "'added' is neither moved nor formatting"),
    ],
)
def test_what_cannot_be_done_is_said(
    run: Run, tmp_path: Path, arguments: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.jsonl").write_text("\n".join(LINES))
    (tmp_path / "t.txt").write_text("one\ntwo\nthree\nfour\n")
    assert main(["diff", *arguments]) == 2
    assert says in capsys.readouterr().err


def test_the_text_output(run: Run, tmp_path: Path) -> None:
    secret = words(5, 60)
    old = [chat("Q", f"{secret} red {secret}", id=1), *LINES[:3]]
    new = [chat("Q", f"{secret} \x1b[2Jblue {secret}", id=1), *LINES[1:3], chat("\x1b]0;x", "y")]
    (tmp_path / "a.jsonl").write_text("\n".join(old))
    (tmp_path / "b.jsonl").write_text("\n".join(new))
    result = run("diff", "a.jsonl", "b.jsonl")
    assert result.return_value == 1
    assert "\x1b" not in result.output
    lines = result.output.splitlines()
    assert lines[0] == "~ a.jsonl:1 -> b.jsonl:1: changed (found by its input)"
    assert re.fullmatch(r"    /messages/1/content: ….{20}\[-red-\]\{\+\\x1b\[2Jblue\+\}.{20}…", lines[1])
    assert lines[2] == f"- a.jsonl:2: removed: {words(0, 9)}\\n{words(1000, 12)}"[: len(lines[2]) - 1] + "…"
    assert lines[3] == "+ b.jsonl:4: added: \\x1b]0;x\\ny"
    assert lines[4] == "4 records, now 4: 1 added, 1 removed, 1 changed"
    assert run("diff", "a.jsonl", "b.jsonl", "-q").output == ""
    assert run("diff", "a.jsonl", "b.jsonl", "--exit-zero").return_value == 0
    short = run("diff", "a.jsonl", "b.jsonl", "--max", "1").output.splitlines()
    assert short[2:] == ["and 2 more, which a higher --max shows", lines[4]]
    assert "\x1b[31m" in run("diff", "a.jsonl", "b.jsonl", "--color", "always").output


def test_a_reader_that_goes_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text("\n".join(made(n) for n in range(3000)))
    (tmp_path / "b.jsonl").write_text("\n".join(made(n) for n in range(5000, 8000)))
    command = f"{sys.executable} -m curator.cli.main diff a.jsonl b.jsonl | head -1"
    done = subprocess.run(command, cwd=tmp_path, shell=True, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    assert done.stdout.count("\n") == 1


def test_a_file_that_changes_meanwhile_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text("\n".join(LINES))
    with Spools() as spools:
        sides = [side(open_records(str(path), spools), None) for _ in range(2)]
        path.write_text("{}")
        with pytest.raises(Exception, match="the file changed while it was read"):
            list(compare(*sides).entries())  # type: ignore[arg-type]


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
def test_the_recipe_for_git_works(tmp_path: Path) -> None:
    recipe = (ROOT / "docs" / "diff.md").read_text(encoding="utf-8")
    config = next(line for line in recipe.splitlines() if line.startswith("git config diff.curator.command"))
    attributes = next(line for line in recipe.splitlines() if line.endswith("diff=curator"))
    tool = next(line for line in recipe.splitlines() if line.startswith("git difftool"))
    binaries = tmp_path / "bin"
    binaries.mkdir()
    (binaries / "curator").write_text(f'#!/bin/sh\nexec {sys.executable} -m curator.cli.main "$@"\n')
    (binaries / "curator").chmod(0o755)
    own = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", "HOME": str(tmp_path)}
    path = f"{binaries}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, **own, "PATH": path, "PYTHONPATH": str(ROOT), "NO_COLOR": "1"}
    folder = tmp_path / "repository"
    folder.mkdir()

    def shell(command: str) -> str:
        done = subprocess.run(
            command, cwd=folder, env=environment, shell=True, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    shell("git init -q . && git config user.email a@example.com && git config user.name a")
    (folder / ".gitattributes").write_text(attributes + "\n")
    (folder / "train.jsonl").write_text("\n".join(LINES) + "\n")
    shell(config)
    shell("git add -A && git commit -qm one")
    (folder / "train.jsonl").write_text("\n".join([*LINES[1:], LINES[0], made(99)]) + "\n")
    (folder / "new.jsonl").write_text(LINES[0])
    (folder / "a pointer.jsonl").write_text("version https://git-lfs.github.com/spec/v1\noid sha256:1\n")
    shell("git add -N new.jsonl 'a pointer.jsonl'")
    shown = shell("git diff")
    assert "> train.jsonl:1 -> train.jsonl:12: moved" in shown
    assert "12 records, now 13: 1 added, 1 moved" in shown
    assert "+ new.jsonl:1: added" in shown
    shell("git rm -q --cached new.jsonl 'a pointer.jsonl' && git commit -qam two")
    assert "1 added, 1 moved" in shell("git log -p -1 --ext-diff")
    assert "1 added, 1 moved" in shell(tool)
    shell("git rm -q train.jsonl")
    assert "13 records, now 0: 13 removed" in shell("git diff --cached")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_an_endless_device_is_refused_and_the_empty_one_is_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.jsonl").write_text("\n".join(LINES))
    assert main(["diff", "a.jsonl", "/dev/full"]) == 2
    assert capsys.readouterr().err == "error: /dev/full: is a device, not a file\n"
    assert main(["diff", "a.jsonl", "/dev/null"]) == 1  # as git calls a file that is not there
    assert "12 records, now 0: 12 removed" in capsys.readouterr().out
