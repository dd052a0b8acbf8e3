"""`curator split`: nothing lost, nothing leaked, the same division in whatever order the records come."""

from __future__ import annotations

import gzip
import io
import json
import os
import random
import resource
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from hypothesis import given
from hypothesis import strategies as st

from curator import api
from curator.checks.inputs import folded_input
from curator.cli.main import main
from curator.curation import nearness
from curator.curation.inputs import input_of
from curator.curation.records import open_records
from curator.model import Example
from curator.opening import Spools

Run = Callable[..., Result]


def chat(question: str, answer: str, **more: Any) -> str:
    turns = [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]
    return json.dumps({"messages": turns, **more})


def words(seed: int, count: int) -> str:
    return " ".join(random.Random(seed).choices([f"w{n}" for n in range(400)], k=count))


def labelled(counts: dict[str, int]) -> list[str]:
    numbers = iter(range(10_000))
    return [
        json.dumps({"prompt": f"{words(next(numbers), 12)} ->", "completion": f" {label}"})
        for label, count in counts.items()
        for _ in range(count)
    ]


def write(path: Path, lines: list[str], ending: str = "\n") -> Path:
    path.write_bytes("".join(line + ending for line in lines).encode())
    return path


def lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines()


def done(result: Result) -> Result:
    assert result.exception is None, result.output
    return result


# --- the laws ----------------------------------------------------------------------------------

_TEXTS = st.sampled_from(
    [words(1, 40), words(1, 39) + " other", words(1, 40).upper(), words(2, 30), "  ".join(words(2, 30).split()),
     "Hi", "hi", "hi ", "What is it?", "One two three four five six", "", "日本語の文です"]
)  # fmt: skip
_RECORDS = st.one_of(
    st.builds(chat, _TEXTS, _TEXTS),
    st.builds(lambda q, a, n: chat(q, a, id=n), _TEXTS, _TEXTS, st.integers(0, 3)),
    st.builds(lambda q, n: chat(f"{q} {n}", f"It is {n}."), _TEXTS, st.integers(0, 30)),
    st.builds(lambda q: json.dumps({"prompt": q, "completion": " yes"}, indent=None), _TEXTS),
    st.builds(lambda n: json.dumps({"anything": {"number": n}}), st.integers(0, 5)),
)
_FILES = st.builds(
    lambda many, few: many + few,
    st.lists(st.builds(lambda n: chat(words(n, 9), words(n + 100, 9)), st.integers(0, 80)), min_size=6, max_size=12),
    st.lists(_RECORDS, max_size=25),
)


def divide(folder: Path, records: list[str], *flags: str, ending: str = "\n") -> dict[str, list[str]] | None:
    """The records of each output; None where they are too much alike to be divided."""
    source = write(folder / "all.jsonl", records, ending)
    if not records[-1].strip():
        source.write_bytes(source.read_bytes().rstrip())
    outputs = ["train", "validation", "test"]
    named = [part for name in outputs for part in (f"--{name}-file", str(folder / f"{name}.out"))]
    code = main(["split", str(source), "--sizes", "60,20,20", *named, "--force", "-q", *flags])
    if code:
        return None
    return {name: (folder / f"{name}.out").read_bytes().decode().split(ending) for name in outputs}


@given(_FILES, st.sampled_from(["\n", "\r\n"]), st.booleans())
def test_every_line_is_in_exactly_one_output_with_its_bytes(
    tmp_path_factory: pytest.TempPathFactory, records: list[str], ending: str, last: bool
) -> None:
    folder = tmp_path_factory.mktemp("law")
    source = write(folder / "all.jsonl", records, ending)
    if not last:
        source.write_bytes(source.read_bytes().removesuffix(ending.encode()))
    before = source.read_bytes()
    named = [part for name in ("train", "test") for part in (f"--{name}-file", str(folder / f"{name}.out"))]
    code = main(["split", str(source), "--test", "20%", *named, "-q"])
    assert source.read_bytes() == before
    if code:
        assert not (folder / "train.out").exists()
        return
    outputs = [(folder / f"{name}.out").read_bytes().splitlines(keepends=True) for name in ("train", "test")]
    assert Counter(outputs[0]) + Counter(outputs[1]) == Counter(before.splitlines(keepends=True))
    for output in outputs:
        rest = iter(before.splitlines(keepends=True))
        assert all(line in rest for line in output), "the order is that of the input"


@given(_FILES)
def test_copies_near_copies_and_equal_inputs_stay_together(
    tmp_path_factory: pytest.TempPathFactory, records: list[str]
) -> None:
    folder = tmp_path_factory.mktemp("law")
    outputs = divide(folder, records)
    if outputs is None:
        return
    with Spools() as spools:
        opened = open_records(str(folder / "all.jsonl"), spools)
        shared = nearness.beginnings(nearness.asked(opened.example(number)) for number in opened.numbers())
        facts = {}
        for number in opened.numbers():
            example = opened.example(number)
            facts[opened.raw(number).decode()] = (
                example.canonical,
                folded_input(example),
                nearness.shingles(nearness.text_of(example), shared),
            )
    sides = [[facts[line] for line in found if line] for found in outputs.values()]
    for first, second in ((0, 1), (0, 2), (1, 2)):
        for mine, other in product(sides[first], sides[second]):
            assert mine[0] != other[0]
            assert not mine[1] or mine[1] != other[1]
            assert nearness.jaccard(mine[2], other[2]) < nearness.THRESHOLD


@given(_FILES, st.randoms(use_true_random=False))
def test_the_order_of_the_records_does_not_matter(
    tmp_path_factory: pytest.TempPathFactory, records: list[str], shuffled: random.Random
) -> None:
    first = divide(tmp_path_factory.mktemp("law"), records)
    other = list(records)
    shuffled.shuffle(other)
    second = divide(tmp_path_factory.mktemp("law"), other)
    if first is None or second is None:
        assert first is second
        return
    assert {name: Counter(found) for name, found in first.items()} == {
        name: Counter(found) for name, found in second.items()
    }


@given(st.dictionaries(st.sampled_from("abcdefgh"), st.integers(1, 60), min_size=2), st.integers(0, 3))
def test_every_label_stays_in_train_and_nested_parts_are_nested(
    tmp_path_factory: pytest.TempPathFactory, counts: dict[str, int], seed: int
) -> None:
    folder = tmp_path_factory.mktemp("law")
    write(folder / "all.jsonl", labelled(counts))
    flags = ["--validation", "20%", "--nested", "10,25,50,100", "--stratify", "--seed", str(seed), "-q"]
    if main(["split", str(folder / "all.jsonl"), *flags]):
        assert max(counts.values()) < 2
        return
    parts = [set(lines(folder / f"all.train{part}.jsonl")) for part in ("-10", "-25", "-50", "")]
    assert parts[0] <= parts[1] <= parts[2] <= parts[3]
    assert not (folder / "all.train-100.jsonl").exists()
    total, held = len(parts[3]), len(lines(folder / "all.validation.jsonl"))
    for part, percent in zip(parts, (10, 25, 50, 100), strict=True):
        assert abs(len(part) - total * percent / 100) <= 1
    assert {json.loads(line)["completion"] for line in parts[3]} == {f" {label}" for label in counts}
    possible = sum(count - 1 for count in counts.values())
    assert held == min(possible, max(1, round(0.2 * sum(counts.values()))))


# --- shares and labels -------------------------------------------------------------------------


def test_labels_keep_their_shares(run: Run, tmp_path: Path) -> None:
    write(tmp_path / "all.jsonl", labelled({"yes": 300, "no": 150, "perhaps": 50}))
    result = done(run("split", "all.jsonl", "--sizes", "80,10,10"))
    for name, total in (("train", 400), ("validation", 50), ("test", 50)):
        found = Counter(json.loads(line)["completion"].strip() for line in lines(tmp_path / f"all.{name}.jsonl"))
        assert sum(found.values()) == total
        assert abs(found["yes"] - 0.6 * total) <= 1
        assert abs(found["perhaps"] - 0.1 * total) <= 1
    assert "500 lines = 400 train + 50 validation + 50 test" in result.output
    assert "[datasets.all]" in result.output


def test_ten_thousand_labels_of_three_records_each(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    counts = {f"label{n}": 3 for n in range(10_000)}
    write(tmp_path / "all.jsonl", labelled_short(counts))
    result = done(run("split", "all.jsonl", "--validation", "10%", "--stratify", "--no-near"))
    held = Counter(json.loads(line)["completion"] for line in lines(tmp_path / "all.validation.jsonl"))
    assert held.total() == 3000
    assert len(held) == 3000, "systematic sampling takes one of each label that it meets"
    assert "and 9,995 more labels" in result.output


@pytest.mark.parametrize(("columns", "fitting"), [(200, 5), (80, 1), (20, 0)])
def test_the_table_is_no_wider_than_the_terminal(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, columns: int, fitting: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    texts = [words(n, 30) for n in range(20)]
    write(tmp_path / "all.jsonl", [chat(f"Q{n}?", texts[n % 20]) for n in range(60)])
    said = done(run("split", "all.jsonl", "--validation", "10%", "--stratify", "--no-near")).output
    table = said.partition("\nand ")[0].splitlines()
    assert max(map(len, table)) <= max(columns, len("validation  records   share"))
    assert table[0].count("'") == 2 * fitting
    assert f"and {20 - fitting} more labels" in said


def test_each_nested_part_says_how_many_records_it_has(run: Run, tmp_path: Path) -> None:
    write(tmp_path / "all.jsonl", GOOD)
    said = done(run("split", "all.jsonl", "--validation", "2", "--nested", "25,50")).output
    train = len((tmp_path / "all.train.jsonl").read_bytes().splitlines())
    for percent in (25, 50):
        count = len((tmp_path / f"all.train-{percent}.jsonl").read_bytes().splitlines())
        assert f"wrote all.train-{percent}.jsonl: {count} records, {count / train:.1%} of train\n" in said


def labelled_short(counts: dict[str, int]) -> list[str]:
    return [
        json.dumps({"prompt": f"{label} {n} ->", "completion": f" {label}"})
        for label, count in counts.items()
        for n in range(count)
    ]


def test_the_split_passes_the_check(run: Run, tmp_path: Path) -> None:
    records = labelled({"yes": 120, "no": 60, "perhaps": 9})
    records += [records[n] for n in range(0, 60, 7)]
    records += [json.dumps({"prompt": f"{words(n, 11)} more ->", "completion": " yes"}) for n in range(20)]
    write(tmp_path / "all.jsonl", records)
    result = done(run("split", "all.jsonl", "--validation", "15%", "--test", "15%"))
    (tmp_path / "curator.toml").write_text(result.output[result.output.index("[datasets") :])
    checked = run("check", "--select", "SPL", "--output-format", "json")
    assert [finding["code"] for finding in json.loads(checked.output)["findings"]] == []
    assert [item["split"] for item in json.loads(checked.output)["inputs"]] == ["train", "validation", "test"]


def test_another_seed_is_another_division_and_counts_are_met(run: Run, tmp_path: Path) -> None:
    write(tmp_path / "all.jsonl", [chat(words(n, 9), words(n + 500, 9)) for n in range(200)])
    found = []
    for seed in ("0", "1", "0"):
        done(run("split", "all.jsonl", "--validation", "30", "--test", "0.1", "--seed", seed, "--force"))
        found.append(lines(tmp_path / "all.validation.jsonl"))
        assert len(found[-1]) == 30
        assert len(lines(tmp_path / "all.test.jsonl")) == 20
    assert found[0] == found[2] != found[1]


def pair(prompt: Any, *, number: int, shape: str) -> str:
    """A record of preferences in one of the shapes that are recognised only; no two have the same answers."""
    texts = [words(1000 + 2 * number, 9), words(1001 + 2 * number, 9)]
    question = [{"role": "user", "content": prompt}]
    answers = [[{"role": "assistant", "content": text}] for text in texts]
    first, second = ("chosen_messages", "rejected_messages") if shape == "llamafactory" else ("chosen", "rejected")
    if shape == "texts":
        return json.dumps({"prompt": prompt, first: texts[0], second: texts[1]})
    if shape == "prompt":
        return json.dumps({"prompt": question, first: answers[0], second: answers[1]})
    return json.dumps({first: [*question, *answers[0]], second: [*question, *answers[1]]})


@pytest.mark.parametrize("shape", ["texts", "prompt", "whole", "llamafactory"])
def test_equal_inputs_of_preferences_stay_together(run: Run, tmp_path: Path, shape: str) -> None:
    data = [pair(words(number // 3, 6), number=number, shape=shape) for number in range(60)]
    write(tmp_path / "all.jsonl", data)
    result = done(run("split", "all.jsonl", "--test", "25%"))
    assert "60 records in 20 groups" in result.output
    assert "cannot be told" not in result.output
    held = {data.index(line) // 3 for line in lines(tmp_path / "all.test.jsonl")}
    assert held.isdisjoint(data.index(line) // 3 for line in lines(tmp_path / "all.train.jsonl"))


def test_records_that_do_not_say_what_they_ask_are_counted(run: Run, tmp_path: Path) -> None:
    write(tmp_path / "all.jsonl", [json.dumps({"q": words(n, 6), "a": words(n + 50, 6)}) for n in range(12)] + GOOD)
    assert (
        "note: what is the input of 12 records cannot be told" in done(run("split", "all.jsonl", "--test", "4")).output
    )
    write(tmp_path / "texts.jsonl", [json.dumps({"text": words(n, 9)}) for n in range(12)])
    assert "cannot be told" not in done(run("split", "texts.jsonl", "--test", "4")).output


@pytest.mark.parametrize(
    ("record", "asked"),
    [
        ({"prompt": "A  b\n", "chosen": "c", "rejected": "d"}, "a b"),
        ({"system": "s", "conversations": [{"from": "human", "value": "q"}], "chosen": 1, "rejected": 2}, "s human q"),
        ({"chosen": "Human: a", "rejected": "Human: b"}, ""),
        ({"chosen": [{"role": "system", "content": "s"}, 1], "rejected": [{"role": "system", "content": "s"}, 2]}, ""),
        ({"systemInstruction": {"parts": [{"text": "s"}]}, "contents": [
            {"role": "user", "parts": [{"text": "q"}]}, {"role": "model", "parts": [{"text": "a"}]},
        ]}, "s q user"),
        ({"messages": [{"role": "system", "content": [{"type": "text", "value": "s"}]}]}, ""),
        ({"messages": [7, None]}, "7"),
        ({"anything": [1, {"else": 2}]}, ""),
    ],
)  # fmt: skip
def test_what_a_record_asks_is_told_by_its_keys(record: dict[str, Any], asked: str) -> None:
    example = Example("", "", record, (), (), b"", 0)
    assert input_of(example).decode() == asked


def test_equal_inputs_may_be_divided_when_asked_for(run: Run, tmp_path: Path) -> None:
    write(tmp_path / "all.jsonl", [chat("Write a poem.", words(n, 30)) for n in range(40)])
    with pytest.raises(Exception, match=r"40 records fall into 1 group, kept whole"):
        raise run("split", "all.jsonl", "--test", "25%").exception or AssertionError
    done(run("split", "all.jsonl", "--test", "25%", "--no-inputs"))
    assert len(lines(tmp_path / "all.test.jsonl")) == 10


def test_a_shared_instruction_makes_no_near_copies(run: Run, tmp_path: Path) -> None:
    tasks = [words(1000, 120), words(2000, 120)]
    write(tmp_path / "all.jsonl", [chat(f"{tasks[n % 2]}\n{words(n, 8)}", words(n + 500, 4)) for n in range(60)])
    done(run("split", "all.jsonl", "--test", "12"))
    assert len(lines(tmp_path / "all.test.jsonl")) == 12


# --- bad input ---------------------------------------------------------------------------------

GOOD = [chat(words(n, 8), words(n + 100, 8)) for n in range(12)]


@pytest.mark.parametrize(
    ("data", "flags", "says"),
    [
        ("", ["--test", "10%"], "holds no records"),
        ("\n\n", ["--test", "10%"], "holds no records"),
        (GOOD[0], ["--test", "10%"], "to hold out 1 record of 1 would leave none for train"),
        ("\n".join(GOOD), ["--test", "12"], "would leave none for train"),
        ("\n".join(GOOD[:1] * 9), ["--test", "10%"], "its 9 records fall into 1 group, kept whole (--no-inputs"),
        ("\n".join(GOOD), [], "say how much is held out"),
        ("\n".join(GOOD), ["--sizes", "80,10,10", "--test", "1"], "leave out --validation and --test"),
        ("\n".join(GOOD), ["--sizes", "80"], "two or three proportions"),
        ("\n".join(GOOD), ["--test", "110%"], "neither a share"),
        ("\n".join(GOOD), ["--test", "nan"], "neither a share"),
        ("\n".join(GOOD), ["--sizes", "80,-1"], "no list of numbers"),
        ("\n".join(GOOD), ["--test", "1", "--nested", "12.5"], "whole percentages"),
        ("\n".join(GOOD), ["--test", "1", "--validation-file", "v.jsonl"], "a split without a size"),
        ("\n".join(GOOD), ["--test", "1", "--test-file", "all.jsonl"], "is the file that is read"),
        ("\n".join(GOOD), ["--test", "1", "--test-file", "a.jsonl", "--train-file", "a.jsonl"], "two outputs"),
        ("\n".join(GOOD), ["--test", "1", "--test-file", "a.jsonl.gz"], "compressed files are not written"),
        ("\n".join(GOOD), ["--test", "1", "--test-file", "gone/a.jsonl"], "the folder gone is not there"),
        ("\n".join(GOOD), ["--test", "1", "--test-file", "-"], "'-' names no file"),
        ("\n".join(GOOD), ["--test", "1", "--train-file", ""], "'' names no file"),
        ("\n".join(GOOD), ["--test", "1", "-o", "all.jsonl"], "all.jsonl: is no folder"),
        ("\n".join(GOOD), ["--test", "12", "-o", "new/folder/"], "would leave none for train"),
        ("[" + ",\n".join(GOOD) + "]", ["--test", "1"], "one JSON document, not JSON Lines"),
        ("version https://git-lfs.github.com/spec/v1\noid x\n", ["--test", "1"], "Git LFS pointer"),
    ],
)
def test_what_cannot_be_done_is_said_and_nothing_is_written(
    run: Run, tmp_path: Path, data: str, flags: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "all.jsonl").write_text(data)
    assert main(["split", "all.jsonl", *flags]) == 2
    assert says in capsys.readouterr().err
    assert os.listdir(tmp_path) == ["all.jsonl"]


def test_unreadable_lines_are_listed_or_put_aside(run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    odd = ['{"messages": [', "", "[1, 2]", GOOD[0] + GOOD[1], "\x1b[31m"]
    data = [*GOOD[:6], *odd, *GOOD[6:]]
    write(tmp_path / "all.jsonl", data, "\r\n")
    assert main(["split", "all.jsonl", "--test", "3"]) == 2
    said = capsys.readouterr().err
    for number, why in ((7, "is not JSON"), (9, "not an object"), (10, "several records"), (11, "is not JSON")):
        assert f"all.jsonl:{number}: " in said
        assert why in said
    assert "4 lines are no records; nothing was written" in said
    result = done(run("split", "all.jsonl", "--test", "3", "--skip-unreadable"))
    assert "17 lines = 9 train + 3 test + 4 unreadable + 1 blank (left out)" in result.output
    aside = (tmp_path / "all.jsonl.unreadable").read_bytes()
    assert aside == "".join(f"{line}\r\n" for line in odd if line).encode()


def test_what_another_division_left_beside_the_outputs_is_named(run: Run, tmp_path: Path) -> None:
    (tmp_path / "all.jsonl").write_text("\n".join(chat(words(n, 9), words(-n, 9)) for n in range(1, 31)))
    first = done(run("split", "all.jsonl", "--sizes", "80,10,10", "--nested", "50"))
    assert "another division" not in first.stderr
    second = done(run("split", "all.jsonl", "--sizes", "80,20", "--force", "-q"))
    assert [line.split()[1] for line in second.stderr.splitlines()] == ["all.test.jsonl", "all.train-50.jsonl"]
    assert "is of another division" in second.stderr


def test_files_that_are_there_are_kept_without_force(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path / "all.jsonl", GOOD)
    (tmp_path / "all.test.jsonl").write_text("mine")
    assert main(["split", "all.jsonl", "--test", "3"]) == 2
    assert "all.test.jsonl: is there already: --force writes over it" in capsys.readouterr().err
    assert (tmp_path / "all.test.jsonl").read_text() == "mine"
    done(run("split", "all.jsonl", "--test", "3", "--force"))
    assert len(lines(tmp_path / "all.test.jsonl")) == 3


def test_a_run_that_was_ended_in_between_leaves_no_old_output_beside_a_new_one(tmp_path: Path) -> None:
    path = write(tmp_path / "all.jsonl", GOOD)
    made = [tmp_path / "all.train.jsonl", tmp_path / "all.test.jsonl"]
    program = (  # ended before its n-th rename
        "import os, signal, sys\n"
        "left, rename = [0] * int(sys.argv.pop(1)), os.replace\n"
        "os.replace = lambda *names: (left.pop() if left else os.kill(os.getpid(), signal.SIGKILL), rename(*names))\n"
        "from curator.cli.main import main\n"
        "sys.exit(main(sys.argv[1:]))"
    )
    old, new = ["--test", "3", "--seed", "old"], ["--test", "4", "--seed", "new", "--force"]
    assert main(["split", str(path), *new, "-q"]) == 0
    after = [item.read_bytes() for item in made]
    for number in range(9):
        assert main(["split", str(path), *old, "--force", "-q"]) == 0
        made[0].chmod(0o640)
        before = [item.read_bytes() for item in made]
        command = [sys.executable, "-c", program, str(number), "split", str(path), *new, "-q"]
        code = subprocess.run(command, capture_output=True, check=False).returncode
        there = [item.read_bytes() if item.exists() else None for item in made]
        mixed = any(a == b for a, b in zip(there, before, strict=True)) and any(
            a == b for a, b in zip(there, after, strict=True)
        )
        assert not mixed, number
        if code == 0:
            break
    assert (code, there) == (0, after)
    assert number == 4
    assert made[0].stat().st_mode & 0o777 == 0o640
    assert not [name for name in os.listdir(tmp_path) if name.endswith("tmp")], "what was left behind is swept"


def test_without_the_library_the_flag_is_named(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path / "all.jsonl", GOOD)
    monkeypatch.setitem(sys.modules, "rensa", None)
    assert main(["split", "all.jsonl", "--test", "3"]) == 2
    assert "pip install 'finetune-curator[dedupe]', or --no-near" in capsys.readouterr().err
    assert main(["split", "all.jsonl", "--test", "3", "--no-near"]) == 0


def test_packed_input_and_standard_input(run: Run, tmp_path: Path) -> None:
    (tmp_path / "all.jsonl.gz").write_bytes(gzip.compress("\n".join(GOOD).encode()))
    done(run("split", "all.jsonl.gz", "--test", "3"))
    assert len(lines(tmp_path / "all.train.jsonl")) == 9
    named = ["--train-file", "a.jsonl", "--test-file", "b.jsonl"]
    done(run("split", "-", "--test", "3", *named, input="\n".join(GOOD)))
    assert (tmp_path / "a.jsonl").read_bytes() == (tmp_path / "all.train.jsonl").read_bytes()


def test_a_full_disk_leaves_nothing_behind(tmp_path: Path) -> None:
    write(tmp_path / "all.jsonl", [chat(words(n, 40), words(n + 100, 40)) for n in range(100)])

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))

    command = [sys.executable, "-m", "curator.cli.main", "split", "all.jsonl", "--test", "10"]
    ended = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, check=False, preexec_fn=limit,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
    )  # fmt: skip
    assert ended.returncode == 2, ended
    assert "all.train.jsonl: not written: the new file would be larger" in ended.stderr
    assert sorted(os.listdir(tmp_path)) == ["all.jsonl"]


def test_a_file_that_changes_meanwhile_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "all.jsonl", GOOD)
    with Spools() as spools:
        records = open_records(str(path), spools)
        path.write_text("other\n")
        with pytest.raises(Exception, match="the file changed while it was read; nothing was written"):
            records.copy(bytearray(len(records)), [io.BytesIO()])


def test_the_check_reads_the_records_as_split_does(tmp_path: Path) -> None:
    path = write(tmp_path / "all.jsonl", [*GOOD, "{", ""])
    report = api.check([path])
    with Spools() as spools:
        records = open_records(str(path), spools)
        assert (records.count(0), records.count(2)) == (report.inputs[0].records, report.inputs[0].unreadable)
        assert records.format == report.inputs[0].format
