"""`curator dedupe`: what stays is what was, what goes is written aside, and twice is once."""

from __future__ import annotations

import codecs
import errno
import gzip
import json
import os
import random
import resource
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from hypothesis import given
from hypothesis import strategies as st

from curator.cli.main import main
from curator.curation import nearness
from curator.curation.outputs import together
from curator.curation.records import open_records
from curator.errors import UsageError
from curator.findings import record_hash
from curator.opening import Spools

Run = Callable[..., Result]


def done(result: Result) -> Result:
    assert result.exception is None, result.output
    return result


def chat(question: str, answer: str, **more: Any) -> str:
    turns = [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]
    return json.dumps({"messages": turns, **more}, ensure_ascii=False)


def words(seed: int, count: int) -> str:
    return " ".join(random.Random(seed).choices([f"w{n}" for n in range(400)], k=count))


def entries(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


LONG = words(1, 40)
TRIO = [chat("Q?", LONG), chat("Q?", f"{LONG} and a little more"), chat("Q?", LONG, id=3)]
OTHERS = [chat(words(n, 9), words(n + 100, 9)) for n in range(5, 10)]

# --- the laws ----------------------------------------------------------------------------------

_TEXTS = st.sampled_from(
    [LONG, LONG + " other", LONG + " 1 2 3 4 5", LONG.upper(), words(2, 30), "Hi", "hi ", "",
     "日本語の文です、とても長い", "one two three four five"]
)  # fmt: skip
_LINES = st.one_of(
    st.builds(chat, _TEXTS, _TEXTS),
    st.builds(lambda a, n: chat("Say it.", a, id=n), _TEXTS, st.integers(0, 3)),
    st.builds(lambda q, y: json.dumps({"prompt": q, "completion": y}), _TEXTS, st.sampled_from([" yes", " no"])),
    st.builds(lambda n: json.dumps({"b": n, "a": "x"}), st.integers(0, 2)),
    st.builds(lambda n: json.dumps({"a": "x", "b": n}), st.integers(0, 2)),
    st.sampled_from(["", "  ", '{"a" 1}', "[1]", '{"a": 1}{"a": 2}', '{"a": 1, "a": 2}', '{"a": NaN}']),
)
_FILES = st.builds(
    lambda lines, ending, last: ending.join(lines) + (ending if last else ""),
    st.lists(_LINES, max_size=30),
    st.sampled_from(["\n", "\r\n"]),
    st.booleans(),
)


@given(_FILES, st.sampled_from([[], ["--exact"], ["--keep", "longest"], ["--threshold", "0.6"]]))
def test_what_stays_and_what_goes_is_what_was_and_twice_is_once(
    tmp_path_factory: pytest.TempPathFactory, text: str, flags: list[str]
) -> None:
    folder = tmp_path_factory.mktemp("law")
    source, output, again = (str(folder / name) for name in ("in.jsonl", "out.jsonl", "again.jsonl"))
    data = text.encode()
    Path(source).write_bytes(data)
    if text.strip() and not any(mark in text for mark in '{["'):
        return
    code = main(["dedupe", source, "-o", output, "-q", *flags])
    if code:
        assert not os.path.exists(output)
        return
    before, after = data.splitlines(keepends=True), Path(output).read_bytes().splitlines(keepends=True)
    aside = folder / "out.removed.jsonl"
    gone = entries(aside) if aside.exists() else []
    assert Counter(line.rstrip(b"\r\n") for line in after) + Counter(e["raw"].encode() for e in gone) == Counter(
        line.rstrip(b"\r\n") for line in before
    )
    lost = {entry["line"] for entry in gone}
    assert after == [line for number, line in enumerate(before, 1) if number not in lost], "order and bytes"
    for entry in gone:
        assert entry["kept"] not in lost
        assert before[entry["line"] - 1].rstrip(b"\r\n") == entry["raw"].encode()
        assert record_hash(entry["raw"].encode()) == entry["record"]
    assert main(["dedupe", output, "-o", again, "-q", *flags]) == 0
    assert Path(again).read_bytes() == Path(output).read_bytes()
    assert not (folder / "again.removed.jsonl").exists()


@given(_FILES)
def test_no_two_that_stay_are_near_each_other_unless_their_labels_differ(
    tmp_path_factory: pytest.TempPathFactory, text: str
) -> None:
    folder = tmp_path_factory.mktemp("law")
    (folder / "in.jsonl").write_bytes(text.encode())
    if main(["dedupe", str(folder / "in.jsonl"), "-o", str(folder / "out.jsonl"), "-q"]):
        return
    with Spools() as spools:
        records = open_records(str(folder / "out.jsonl"), spools)
        labels = records.conventions().task == "classification"
        shared = nearness.beginnings(nearness.asked(records.example(number)) for number in records.numbers())
        texts = []
        for number in records.numbers():
            example = records.example(number)
            answer = example.answer.text if example.answer else ""
            texts.append((nearness.shingles(nearness.text_of(example), shared), answer, example.canonical))
    for first, second in combinations(texts, 2):
        assert first[2] != second[2]
        if not labels or first[1] == second[1]:
            assert nearness.jaccard(first[0], second[0]) < nearness.THRESHOLD


# --- which one stays ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("flags", "gone", "kept"),
    [
        (["--exact"], [5, 7], [1, 1]),
        ([], [2, 4, 5, 7], [1, 1, 1, 1]),
        (["--keep", "longest"], [1, 4, 5, 7], [2, 2, 2, 2]),
        (["--threshold", "1"], [4, 5, 7], [1, 1, 1]),
    ],
)
def test_one_of_each_cluster_stays(
    run: Run, tmp_path: Path, flags: list[str], gone: list[int], kept: list[int]
) -> None:
    reordered = json.dumps(dict(reversed(json.loads(TRIO[0]).items())), indent=None, separators=(",", ":"))
    lines = [*TRIO[:2], OTHERS[0], TRIO[2], reordered, OTHERS[1], TRIO[0]]
    (tmp_path / "in.jsonl").write_text("\n".join(lines))
    result = done(run("dedupe", "in.jsonl", "-o", "out.jsonl", *flags))
    aside = entries(tmp_path / "out.removed.jsonl")
    assert [entry["line"] for entry in aside] == gone
    assert [entry["kept"] for entry in aside] == kept
    assert f"7 lines = {7 - len(gone)} that stay + {len(gone)} that go" in result.output
    assert {entry["kind"] for entry in aside if entry["line"] in (5, 7)} == (
        {"near copy"} if "longest" in flags else {"copy"}
    )


def test_a_chain_of_near_copies_loses_only_those_near_to_one_that_stays(run: Run, tmp_path: Path) -> None:
    base = [f"w{n}" for n in range(60)]
    chain = [" ".join(base[:48]), " ".join(base[6:54]), " ".join(base[12:60])]
    sets = [nearness.shingles(f"q\n{text}") for text in chain]
    threshold = nearness.jaccard(sets[0], sets[1]) - 0.01
    assert nearness.jaccard(sets[0], sets[2]) < threshold < nearness.jaccard(sets[1], sets[2])
    (tmp_path / "in.jsonl").write_text("\n".join(chat("q", text) for text in chain))
    done(run("dedupe", "in.jsonl", "-o", "out.jsonl", "--threshold", str(threshold)))
    assert [entry["line"] for entry in entries(tmp_path / "out.removed.jsonl")] == [2]


def test_near_copies_with_different_labels_stay(run: Run, tmp_path: Path) -> None:
    lines = [
        json.dumps({"prompt": f"{words(n, 30)} ->", "completion": f" {'yes' if n % 2 else 'no'}"}) for n in range(60)
    ]
    lines.append(json.dumps({"prompt": f"{words(7, 30)} ->", "completion": " no"}))
    lines.append(json.dumps({"prompt": f"{words(7, 29)} other ->", "completion": " yes"}))
    (tmp_path / "in.jsonl").write_text("\n".join(lines))
    result = done(run("dedupe", "in.jsonl", "-o", "out.jsonl"))
    assert [entry["line"] for entry in entries(tmp_path / "out.removed.jsonl")] == [62]
    assert "some near copies carry another label, and stay" in result.output


def test_decisions_are_proposed_edited_and_followed(run: Run, tmp_path: Path) -> None:
    (tmp_path / "in.jsonl").write_text("\n".join([*TRIO, *OTHERS, TRIO[0]]))
    done(run("dedupe", "in.jsonl", "--write-decisions", "d.jsonl"))
    proposed = entries(tmp_path / "d.jsonl")
    assert [(entry["line"], entry["decision"]) for entry in proposed] == [
        (1, "keep"), (2, "drop"), (3, "drop"), (9, "drop"),
    ]  # fmt: skip
    assert LONG not in (tmp_path / "d.jsonl").read_text(), "a decision names a record, it does not quote it"
    proposed[0]["decision"], proposed[2]["decision"] = "drop", "keep"
    proposed.append({"record": record_hash(OTHERS[0].encode()), "decision": "drop"})
    # An editor may have put a byte order mark in front, and other line endings.
    (tmp_path / "d.jsonl").write_text("\r\n".join(map(json.dumps, proposed)), encoding="utf-8-sig")
    result = done(run("dedupe", "in.jsonl", "-o", "out.jsonl", "--decisions", "d.jsonl"))
    assert [(e["line"], e["kept"]) for e in entries(tmp_path / "out.removed.jsonl")] == [(1, 3), (2, 3), (9, 3)]
    assert "no record of a cluster fits 1 decision" in result.output
    everything = [json.dumps({"record": entry["record"], "decision": "drop"}) for entry in proposed]
    (tmp_path / "d.jsonl").write_text("\n".join(everything))
    done(run("dedupe", "in.jsonl", "-o", "none.jsonl", "--decisions", "d.jsonl"))
    assert [e["kept"] for e in entries(tmp_path / "none.removed.jsonl")] == [None] * 4


@pytest.mark.parametrize(
    ("decisions", "says"),
    [
        ("{", "d.jsonl:1: is not JSON; a decision is"),
        ('\n{"record": 1}', "d.jsonl:2: names no record"),
        ('{"record": "a", "decision": "remove"}', "d.jsonl:1: the decision is neither keep nor drop"),
        ('{"record": "a", "decision": "keep", "line": "1"}', "the line is no number"),
        (
            '{"record": "a", "decision": "keep"}\n{"record": "a", "decision": "drop"}',
            "d.jsonl:2: the record a is to be",
        ),
    ],
)
def test_a_broken_decision_is_named_with_its_line(
    run: Run, tmp_path: Path, decisions: str, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "in.jsonl").write_text("\n".join(OTHERS))
    (tmp_path / "d.jsonl").write_text(decisions)
    assert main(["dedupe", "in.jsonl", "-o", "out.jsonl", "--decisions", "d.jsonl"]) == 2
    assert says in capsys.readouterr().err
    assert not (tmp_path / "out.jsonl").exists()


# --- where it goes -----------------------------------------------------------------------------


def test_in_place_keeps_all_but_the_copies_and_what_went_before(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "in.jsonl"
    path.write_bytes(codecs.BOM_UTF8 + "\r\n".join([TRIO[0], "", "{", TRIO[0], OTHERS[0]]).encode())
    path.chmod(0o640)
    done(run("dedupe", "in.jsonl", "--in-place"))
    assert path.read_bytes() == codecs.BOM_UTF8 + "\r\n".join([TRIO[0], "", "{", OTHERS[0]]).encode()
    assert path.stat().st_mode & 0o777 == 0o640
    path.write_bytes(path.read_bytes() + b"\r\n" + TRIO[1].encode())
    done(run("dedupe", "in.jsonl", "--in-place"))
    assert [entry["raw"] for entry in entries(tmp_path / "in.removed.jsonl")] == [TRIO[0], TRIO[1]]
    before = path.stat()
    assert "0 that go" in done(run("dedupe", "in.jsonl", "--in-place")).output
    assert path.stat().st_mtime_ns == before.st_mtime_ns, "nothing goes, nothing is written"


# Ends the process before its n-th rename.
KILLED = """
import os, signal, sys
number, rename = int(sys.argv.pop(1)), os.replace

def replace(*names):
    global number
    if not number:
        os.kill(os.getpid(), signal.SIGKILL)
    number -= 1
    return rename(*names)

os.replace = replace
from curator.cli.main import main
sys.exit(main(sys.argv[1:]))
"""


def test_a_kill_before_any_rename_loses_no_record_and_undo_brings_all_back(run: Run, tmp_path: Path) -> None:
    path, aside = tmp_path / "in.jsonl", tmp_path / "in.removed.jsonl"
    old = "".join(line + "\n" for line in [TRIO[0], *OTHERS, TRIO[0], TRIO[1]])
    for number in range(9):
        path.write_text(old)
        aside.write_text('{"raw": "earlier"}\n')
        command = [sys.executable, "-c", KILLED, str(number), "dedupe", "in.jsonl", "--in-place"]
        code = subprocess.run(command, cwd=tmp_path, capture_output=True, check=False).returncode
        there = [*path.read_text().splitlines(), *(entry["raw"] for entry in entries(aside))]
        assert not Counter([*old.splitlines(), "earlier"]) - Counter(there), number
        if path.read_text() == old:
            done(run("dedupe", "in.jsonl", "--in-place"))
        assert [entry["raw"] for entry in entries(aside)] == ["earlier", TRIO[0], TRIO[1]]
        assert main(["undo", "in.jsonl"]) == 0
        assert (path.read_text(), aside.read_text()) == (old, '{"raw": "earlier"}\n')
        if code == 0:
            break
    assert number > 2
    assert code == 0


def test_a_rename_that_fails_leaves_all_files_as_they_were(tmp_path: Path) -> None:
    paths = [tmp_path / name for name in ("a", "b", "c")]
    paths[0].write_text("old")
    with pytest.raises(UsageError), together(list(map(str, paths))) as streams:  # noqa: PT012
        for stream in streams:
            stream.write(b"new")
        paths[1].mkdir()  # a file cannot take its place
    assert sorted(os.listdir(tmp_path)) == ["a", "b"]
    assert paths[0].read_text() == "old"


def test_removed_records_of_an_earlier_run_are_never_emptied(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "in.jsonl").write_text(f"{TRIO[0]}\n" * 2)
    (tmp_path / "out.removed.jsonl").write_text("earlier\n")
    assert main(["dedupe", "in.jsonl", "-o", "out.jsonl", "--force"]) == 2
    assert "out.removed.jsonl: lists the records that an earlier run removed" in capsys.readouterr().err
    assert (tmp_path / "out.removed.jsonl").read_text() == "earlier\n"
    assert not (tmp_path / "out.jsonl").exists()


@pytest.mark.parametrize(
    "flags",
    [
        ["-o", "d.jsonl"],
        ["-o", "./link/d.jsonl"],
        ["-o", "twin.jsonl"],
        ["--decisions", "out.removed.jsonl", "-o", "out.jsonl"],
        ["--decisions", "in.removed.jsonl", "--in-place"],
        ["--decisions", "in.jsonl", "--in-place"],
    ],
)
def test_decisions_are_not_overwritten(
    run: Run, tmp_path: Path, flags: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "in.jsonl").write_text(f"{TRIO[0]}\n" * 2)
    decision = json.dumps({"record": record_hash(TRIO[0].encode()), "decision": "drop", "line": 2}) + "\n"
    for name in ("d.jsonl", "out.removed.jsonl", "in.removed.jsonl"):
        (tmp_path / name).write_text(decision)
    (tmp_path / "link").symlink_to(tmp_path)
    os.link(tmp_path / "d.jsonl", tmp_path / "twin.jsonl")
    before = {name: (tmp_path / name).read_bytes() for name in os.listdir(tmp_path) if name != "link"}
    assert main(["dedupe", "in.jsonl", "--decisions", "d.jsonl", "--force", *flags]) == 2
    assert "name another" in capsys.readouterr().err
    assert {name: (tmp_path / name).read_bytes() for name in os.listdir(tmp_path) if name != "link"} == before


def test_equal_records_that_are_all_dropped_are_reported_as_copies(run: Run, tmp_path: Path) -> None:
    (tmp_path / "in.jsonl").write_text("\n".join([TRIO[0], TRIO[0], TRIO[1]]))
    entry = {"record": record_hash(TRIO[0].encode()), "decision": "drop"}
    other = {"record": record_hash(TRIO[1].encode()), "decision": "drop"}
    (tmp_path / "d.jsonl").write_text(f"{json.dumps(entry)}\n{json.dumps(other)}\n")
    said = done(run("dedupe", "in.jsonl", "-o", "out.jsonl", "--decisions", "d.jsonl")).output
    assert "3 that go (2 copies, 1 near copy in 1 cluster)" in said
    assert [entry["kind"] for entry in entries(tmp_path / "out.removed.jsonl")] == ["copy", "copy", "near copy"]


def test_clusters_that_keep_no_record_are_counted_and_told_apart(run: Run, tmp_path: Path) -> None:
    pairs = [line for n in range(3) for line in [chat(words(n, 9), "A")] * 2]
    (tmp_path / "in.jsonl").write_text("\n".join(pairs))
    dropped = [{"record": record_hash(pairs[n].encode()), "decision": "drop"} for n in (0, 2)]
    one = {"record": record_hash(pairs[4].encode()), "decision": "drop", "line": 6}
    for decisions, warning in (
        ([*dropped, one], "warning: 2 clusters keep no record: every copy in them was decided to go\n"),
        ([dropped[0], one], "warning: 1 cluster keeps no record: every copy in it was decided to go\n"),
        ([one], ""),
    ):
        (tmp_path / "d.jsonl").write_text("\n".join(map(json.dumps, decisions)))
        (tmp_path / "out.removed.jsonl").unlink(missing_ok=True)
        said = done(run("dedupe", "in.jsonl", "-o", "out.jsonl", "--decisions", "d.jsonl", "--force")).output
        assert warning in said
        assert ("keep no record" in said or "keeps no record" in said) == bool(warning)
        assert f"in {len(decisions)} cluster" in said
        removed = entries(tmp_path / "out.removed.jsonl")
        assert len({entry["cluster"] for entry in removed}) == len(decisions)


def test_in_place_says_how_it_is_taken_back(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "in.jsonl"
    path.write_text("\n".join(TRIO))
    assert "wrote in.jsonl; `curator undo` takes it back\n" in done(run("dedupe", "in.jsonl", "--in-place")).output
    done(run("undo"))
    assert path.read_text() == "\n".join(TRIO)
    (tmp_path / "there").mkdir()
    monkeypatch.chdir(tmp_path / "there")
    said = done(run("dedupe", "../in.jsonl", "--in-place")).output
    assert "wrote ../in.jsonl; `curator undo ..` takes it back\n" in said


def test_a_link_is_refused_with_what_this_command_can_do(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "in.jsonl").write_text(f"{TRIO[0]}\n" * 2)
    (tmp_path / "link.jsonl").symlink_to("in.jsonl")
    (tmp_path / "gone.jsonl").symlink_to("nothing.jsonl")
    for arguments in (["link.jsonl", "--in-place"], ["in.jsonl", "-o", "gone.jsonl", "--force"]):
        assert main(["dedupe", *arguments]) == 2
        assert "is a symbolic link, perhaps into a shared cache; name the file it leads to" in capsys.readouterr().err


def test_removed_records_are_not_written_through_a_link(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "in.jsonl").write_text(f"{TRIO[0]}\n" * 2)
    (tmp_path / "other.jsonl").write_text("mine")
    (tmp_path / "in.removed.jsonl").symlink_to("other.jsonl")
    assert main(["dedupe", "in.jsonl", "--in-place"]) == 2
    assert "in.removed.jsonl: is a symbolic link" in capsys.readouterr().err
    assert (tmp_path / "other.jsonl").read_text() == "mine"
    assert (tmp_path / "in.jsonl").read_text() == f"{TRIO[0]}\n" * 2


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        (["-o", "in.jsonl"], "in.jsonl: is the file that is read: name another, or say --in-place"),
        (["-o", "./link.jsonl"], "is the file that is read"),
        (["-o", "there.jsonl"], "there.jsonl: is there already: --force"),
        (["-o", "gone/out.jsonl"], "the folder gone is not there"),
        (["-o", "-"], "'-' names no file"),
        (["-o", "out.jsonl", "--in-place"], "contradict each other"),
        (["--exact", "--threshold", "0.9"], "--exact has no near copies"),
        (["--threshold", "0.2"], "0.2 is not in the range 0.5<=x<=1"),
        (["--threshold", "nan"], "from 0.5 to 1"),
        (["--keep", "first", "--decisions", "d.jsonl"], "leave out --keep"),
        (["--decisions", "d.jsonl"], "d.jsonl: cannot be read"),
        (["--write-decisions", "in.jsonl"], "is the file that is read"),
    ],
)
def test_what_cannot_be_done_is_said(
    run: Run, tmp_path: Path, flags: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "in.jsonl").write_text("\n".join(TRIO))
    (tmp_path / "link.jsonl").symlink_to("in.jsonl")
    (tmp_path / "there.jsonl").write_text("mine")
    before = sorted(os.listdir(tmp_path))
    assert main(["dedupe", "in.jsonl", *flags]) == 2
    assert says in capsys.readouterr().err
    assert sorted(os.listdir(tmp_path)) == before
    assert (tmp_path / "there.jsonl").read_text() == "mine"
    assert (tmp_path / "in.jsonl").read_text() == "\n".join(TRIO)


@pytest.mark.parametrize("name", ["link.jsonl", "packed.jsonl.gz", "wide.jsonl"])
def test_what_cannot_be_replaced_is_refused(
    run: Run, tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    text = "\n".join(TRIO)
    (tmp_path / "in.jsonl").write_text(text)
    (tmp_path / "link.jsonl").symlink_to("in.jsonl")
    (tmp_path / "packed.jsonl.gz").write_bytes(gzip.compress(text.encode()))
    (tmp_path / "wide.jsonl").write_bytes(text.encode("utf-16"))
    before = (tmp_path / name).read_bytes()
    assert main(["dedupe", name, "--in-place"]) == 2
    assert name in capsys.readouterr().err
    assert (tmp_path / name).read_bytes() == before
    done(run("dedupe", name, "-o", "out.jsonl"))
    assert (tmp_path / "out.jsonl").read_text() == TRIO[0] + "\n"


def test_nothing_one_and_all_the_same(run: Run, tmp_path: Path) -> None:
    for count, stay in ((0, 0), (1, 1), (5000, 1)):
        (tmp_path / "in.jsonl").write_text(f"{TRIO[0]}\n" * count)
        result = done(run("dedupe", "in.jsonl", "-o", "out.jsonl", "--force"))
        assert f"{count:,} lines = {stay} that stay + {count - stay:,} that go" in result.output
        assert (tmp_path / "out.jsonl").read_text() == f"{TRIO[0]}\n" * stay


def test_templates_are_told_from_copies(run: Run, tmp_path: Path) -> None:
    note = "near copies in one cluster: they may share a template rather than be copies"
    filled = [chat(f"{words(1, 60)} {n}", "ok") for n in range(9)]
    source = tmp_path / "in.jsonl"
    for lines, flags, is_noted in (
        (filled, [], True),
        (filled + OTHERS, ["--show", "0"], True),
        (filled, ["--exact"], False),
        (filled[:1] * 9 + OTHERS, [], False),
        (filled[:2] + OTHERS[:1], [], False),
    ):
        source.write_text("\n".join(lines))
        assert (note in done(run("dedupe", str(source), *flags)).stdout) == is_noted
    source.write_text("\n".join(filled))
    done(run("dedupe", str(source), "--write-decisions", str(tmp_path / "d.jsonl")))
    assert note not in done(run("dedupe", str(source), "--decisions", str(tmp_path / "d.jsonl"))).stdout


def test_what_is_shown_is_no_more_than_what_differs(run: Run, tmp_path: Path) -> None:
    secret = words(9, 30)
    lines = [chat("Q?", f"{secret} red {words(8, 30)}"), chat("Q?", f"{secret} \x1b[31mblue {words(8, 30)}")]
    (tmp_path / "in.jsonl").write_text("\n".join(lines))
    result = done(run("dedupe", "in.jsonl"))
    assert "cluster 1: 2 records, line 1 stays" in result.output
    assert "[-red-]{+\\x1b[31mblue+}" in result.output
    assert secret[:40] not in result.output
    assert "\x1b" not in result.output
    assert "nothing was written" in result.output


@pytest.mark.parametrize("flags", [("-o", "out.jsonl"), ("--in-place",)])
def test_decisions_that_cannot_be_written_leave_all_as_it_was(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, flags: tuple[str, ...]
) -> None:
    def full(handle: int) -> None:
        if any(os.path.samestat(os.fstat(handle), path.stat()) for path in tmp_path.glob(".d.jsonl*")):
            raise OSError(errno.ENOSPC, "No space left on device")

    (tmp_path / "in.jsonl").write_text(f"{TRIO[0]}\n" * 2)
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(UsageError, match="not written: the disk is full"):
        raise run("dedupe", "in.jsonl", *flags, "--write-decisions", "d.jsonl").exception or AssertionError
    assert (tmp_path / "in.jsonl").read_text() == f"{TRIO[0]}\n" * 2
    assert sorted(path.name for path in tmp_path.iterdir() if path.name != ".curator") == ["in.jsonl"]


def test_a_full_disk_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "in.jsonl"
    path.write_text("\n".join([chat(words(n, 60), words(n + 100, 60)) for n in range(100)] + TRIO))
    before = path.read_bytes()

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))

    ended = subprocess.run(
        [sys.executable, "-m", "curator.cli.main", "dedupe", "in.jsonl", "--in-place"],
        cwd=tmp_path, capture_output=True, text=True, check=False, preexec_fn=limit,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
    )  # fmt: skip
    assert ended.returncode == 2, ended
    assert "in.jsonl: not changed" in ended.stderr
    assert path.read_bytes() == before
    assert {name for name in os.listdir(tmp_path) if name != ".curator"} == {"in.jsonl"}
