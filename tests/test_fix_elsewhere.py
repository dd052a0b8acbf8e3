"""Fixes that reach beyond the record of their finding: all records, a record in another file, a whole file."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from curator.fixing import rounds

Run = Callable[..., Result]
FOODS = [
    "burger",
    "vino",
    "bananas",
    "rye bread",
    "goat cheese",
    "lentil soup",
    "plum",
    "leek",
    "dill",
    "quinoa",
    "paprika",
    "barley",
]


@pytest.fixture(params=["all checked again", "only what changed"])
def size(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """As for small sets and for large ones."""
    if request.param == "only what changed":
        monkeypatch.setattr(rounds, "ALWAYS_VERIFIED", 0)


def pairs(path: Path, prompts: list[str], completion: str = " a thing of number {} to eat END") -> Path:
    lines = [f'{{"prompt":"{p}",  "completion": "{completion.format("I" * n)}"}}\n' for n, p in enumerate(prompts, 1)]
    path.write_text("".join(lines), encoding="utf-8")
    return path


def chat(question: str, answer: str, **more: object) -> str:
    messages = [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]
    return json.dumps({**more, "messages": messages}) + "\n"


def fix(run: Run, select: str, *arguments: str) -> Result:
    return run("check", *arguments, "--select", select, "--fix", "--unsafe-fixes", "--show-fixes")


def settings(folder: Path, **splits: list[str]) -> None:
    lines = [f"{name} = {json.dumps(paths)}" for name, paths in splits.items()]
    (folder / "curator.toml").write_text("[datasets.foods]\n" + "\n".join(lines) + "\n", encoding="utf-8")


@pytest.mark.usefixtures("size")
def test_a_separator_is_added_in_all_files_and_splits(run: Run, tmp_path: Path) -> None:
    settings(tmp_path, train=["a.jsonl", "b.jsonl"], validation=["v.jsonl"])
    a, b = pairs(tmp_path / "a.jsonl", FOODS[:6]), pairs(tmp_path / "b.jsonl", FOODS[6:])
    v = pairs(tmp_path / "v.jsonl", ["tofu", ""])  # too few for a finding of its own
    before = [path.read_text() for path in (a, b, v)]
    result = fix(run, "SEP001,SEP002")
    for path, was in zip((a, b, v), before, strict=True):
        expected = [line if '"prompt":""' in line else line.replace('",  ', ' ->",  ') for line in was.splitlines()]
        assert path.read_text().splitlines() == expected
    assert result.return_value == 0, result.output
    assert "6 × SEP001: end every prompt with" in result.stderr
    run("undo")
    assert [path.read_text() for path in (a, b, v)] == before


@pytest.mark.usefixtures("size")
def test_of_mixed_prompts_look_alikes_give_way_and_nothing_is_doubled(run: Run, tmp_path: Path) -> None:
    ends = [" ->", " ->", " ->", " ->", " ->", " ->", "", "->", " –>", "", "", ""]
    path = pairs(tmp_path / "t.jsonl", [food + end for food, end in zip(FOODS, ends, strict=True)])
    fix(run, "SEP001", "t.jsonl")
    assert [json.loads(line)["prompt"] for line in path.read_text().splitlines()] == [f"{food} ->" for food in FOODS]
    done = path.read_bytes()
    assert "Nothing to fix" in fix(run, "SEP001", "t.jsonl").stderr
    assert path.read_bytes() == done


@pytest.mark.usefixtures("size")
def test_a_stop_sequence_is_added_and_words_are_kept(run: Run, tmp_path: Path) -> None:
    prompts = [f"{food} ->" for food in FOODS]
    path = pairs(tmp_path / "t.jsonl", prompts, " of {} the end")
    lines = path.read_text().splitlines()
    lines[3] = lines[3].replace("the end", "a dish, C#")
    lines[4] = lines[4].replace("the end", "what?")
    lines[5:8] = [line.replace("the end", "spread!") for line in lines[5:8]]
    path.write_text("\n".join(lines))  # and no line end at the end
    fix(run, "STP001", "t.jsonl")
    assert path.read_text() == "\n".join(line.removesuffix('"}') + ' END"}' for line in lines)


def test_spaces_move_from_prompts_to_completions(run: Run, tmp_path: Path) -> None:
    path = pairs(tmp_path / "t.jsonl", [f"{food}\\nAnswer: " for food in FOODS], "it is {} END")
    fix(run, "SEP004,SEP005", "t.jsonl")
    first = json.loads(path.read_text().splitlines()[0])
    assert first == {"prompt": "burger\nAnswer:", "completion": " it is I END"}


def test_pinned_separators_are_not_fixed_away(run: Run, tmp_path: Path) -> None:
    path = pairs(tmp_path / "t.jsonl", [f"{food}\\nAnswer: " for food in FOODS], "it is {} END")
    (tmp_path / "curator.toml").write_text('[datasets.foods]\ntrain = ["t.jsonl"]\nseparators = ["\\nAnswer: "]\n')
    before = path.read_bytes()
    fix(run, "SEP")
    assert path.read_bytes() == before


@pytest.mark.usefixtures("size")
def test_metadata_leaves_every_record(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    rows = [chat(f"What is {food}?", f"Food: {food}.", id=n) for n, food in enumerate(FOODS)]
    rows[4] = chat("What is it?", "Nobody knows.", source="crm", id=4)
    path.write_text("".join(rows))
    result = fix(run, "SCH003", "t.jsonl")
    assert path.read_text() == "".join(json.dumps({"messages": json.loads(row)["messages"]}) + "\n" for row in rows)
    assert "12 × SCH003: remove them from every record" in result.stderr


@pytest.mark.usefixtures("size")
@pytest.mark.parametrize("as_array", [False, True])
def test_a_leaked_record_leaves_train_and_no_other_file(run: Run, tmp_path: Path, as_array: bool) -> None:
    rows = [chat(f"What is {food}?", f"Food: {food}.") for food in FOODS]
    held_out = [rows[2], rows[7], chat("What is PLUM?", "A fruit."), chat("What is tofu?", "Soy.")]
    train, validation = tmp_path / "train.json", tmp_path / "validation.jsonl"
    lines = [row.strip() for row in rows]
    train.write_text(f"[{', '.join(lines)}]\n" if as_array else "".join(rows))
    validation.write_text("".join(held_out))
    settings(tmp_path, train=["train.json"], validation=["validation.jsonl"])
    before = train.read_bytes()
    result = fix(run, "SPL001")
    left = [row for n, row in enumerate(lines) if n not in (2, 6, 7)]
    assert train.read_text() == (f"[{', '.join(left)}]\n" if as_array else "".join(f"{row}\n" for row in left))
    assert validation.read_text() == "".join(held_out)
    assert "train.json: 12 in = 9 records out + 3 removed (kept in train.removed.jsonl)" in result.stderr
    removed = [json.loads(line) for line in (tmp_path / "train.removed.jsonl").read_text().splitlines()]
    assert [item["raw"] for item in removed] == [lines[n] for n in (2, 6, 7)]
    assert {code for item in removed for code in item["codes"]} == {"SPL001"}
    assert run("check", "--select", "SPL001").return_value == 0
    run("undo")
    assert train.read_bytes() == before


@pytest.mark.usefixtures("size")
@pytest.mark.parametrize(("copied", "gone"), [(12, 0), (7, 0), (6, 6), (1, 1)])
def test_a_split_that_shares_most_of_its_records_is_not_fixed_by_emptying_train(
    run: Run, tmp_path: Path, copied: int, gone: int
) -> None:
    rows = [chat(f"What is {food}?", f"Food: {food}.") for food in FOODS]
    (tmp_path / "a.jsonl").write_text("".join(rows[:5]))
    (tmp_path / "b.jsonl").write_text("".join(rows[5:]))
    (tmp_path / "validation.jsonl").write_text("".join(rows[:copied]) + chat("What is tofu?", "Soy."))
    settings(tmp_path, train=["a.jsonl", "b.jsonl"], validation=["validation.jsonl"])
    result = fix(run, "SPL001")
    left = (tmp_path / "a.jsonl").read_text() + (tmp_path / "b.jsonl").read_text()
    assert left == "".join(rows[gone:])
    assert ("the split itself is wrong, and `curator split` makes a new one" in result.stderr) is not bool(gone)
    if not gone:
        assert f"validation.jsonl:1: SPL001 is left: {copied} of 12 records of the training data" in result.stderr
        assert f"note: {copied} findings have fixes that were not applied: held or taken back" in result.stderr
        assert "can be fixed" not in result.stdout
    assert result.return_value == (0 if gone else 1)


@pytest.mark.usefixtures("size")
def test_how_much_of_train_goes_is_judged_once_all_else_is_mended(run: Run, tmp_path: Path) -> None:
    """A broken line of the held-out data is a leak, too, and of copies in train only one would go."""
    rows = [chat(f"What is {food}?", f"Food: {food}.") for food in FOODS]
    train, validation = tmp_path / "train.jsonl", tmp_path / "validation.jsonl"
    settings(tmp_path, train=["train.jsonl"], validation=["validation.jsonl"])
    train.write_text("".join(rows))
    validation.write_text("".join(rows[:6]) + rows[6].replace("}]}", "}],}"))
    result = fix(run, "SPL001,JSN001")
    assert "7 of 12 records of the training data stand in held-out data" in result.stderr
    assert (train.read_text(), validation.read_text()) == ("".join(rows), "".join(rows[:7]))
    assert "Fixed" not in fix(run, "SPL001,JSN001").stderr

    train.write_text("".join(rows) + rows[0] * 20)
    validation.write_text(rows[0])
    result = fix(run, "SPL001,DUP001")
    assert "train.jsonl: 32 in = 11 records out + 21 removed" in result.stderr
    assert train.read_text() == "".join(rows[1:])


def test_no_more_than_half_of_train_goes_in_several_rounds_either(run: Run, tmp_path: Path) -> None:
    """One finding names a thousand copies: all others would be found in the next check."""
    rows = [chat(f"What is {food}?", f"Food: {food}.") for food in FOODS[:2]]
    (tmp_path / "train.jsonl").write_text(rows[0] * 2500 + rows[1])
    (tmp_path / "validation.jsonl").write_text(rows[0])
    settings(tmp_path, train=["train.jsonl"], validation=["validation.jsonl"])
    result = fix(run, "SPL001")
    assert (tmp_path / "train.jsonl").read_text() == rows[0] * 1500 + rows[1]
    assert "1,000 of 1,501 records of the training data" in result.stderr


def test_an_accepted_leak_stays(run: Run, tmp_path: Path) -> None:
    rows = [chat(f"What is {food}?", f"Food: {food}.") for food in FOODS]
    (tmp_path / "train.jsonl").write_text("".join(rows))
    (tmp_path / "validation.jsonl").write_text(rows[3])
    settings(tmp_path, train=["train.jsonl"], validation=["validation.jsonl"])
    run("check", "--select", "SPL001", "--suppress", "--reason", "known")
    assert "Nothing to fix" in fix(run, "SPL001").stderr
    assert (tmp_path / "train.jsonl").read_text() == "".join(rows)


@pytest.mark.usefixtures("size")
@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_a_wide_file_becomes_utf8_and_is_then_fixed_like_any_other(run: Run, tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "t.jsonl"
    text = chat("Grüße?", "Ja 😀.").replace("\n", "\r\n") + chat("Nein?", "Doch.").replace('"assistant"', '"Assistant"')
    text = text.replace("\\u00fc", "ü").replace("\\u00df", "ß").replace("\\ud83d\\ude00", "😀")
    before = text.encode(encoding)
    path.write_bytes(before)
    result = fix(run, "FIL001,SCH004", "t.jsonl")
    assert path.read_bytes() == text.replace("Assistant", "assistant").encode()
    assert "t.jsonl: 2 in = 2 records out" in result.stderr
    run("undo")
    assert path.read_bytes() == before


def test_removed_records_of_a_wide_file_are_as_they_were_but_for_the_encoding(run: Run, tmp_path: Path) -> None:
    rows = [chat("a?", "b."), chat("c?", "d."), chat("a?", "b.").replace("assistant", "Assistant"), chat("e?", "f.")]
    (tmp_path / "t.jsonl").write_bytes("".join(rows).encode("utf-16"))
    fix(run, "FIL001,SCH004,DUP001", "t.jsonl")
    assert (tmp_path / "t.jsonl").read_text() == rows[0] + rows[1] + rows[3]
    removed = json.loads((tmp_path / "t.removed.jsonl").read_text())
    assert removed == {"codes": ["SCH004", "DUP001"], "line": 3, "raw": rows[2].strip()}


def test_the_diff_of_a_wide_file_is_one_line(run: Run, tmp_path: Path) -> None:
    before = chat("a?", "b.").encode("utf-16")
    (tmp_path / "t.jsonl").write_bytes(before)
    result = run("check", "t.jsonl", "--select", "FIL001", "--unsafe-fixes", "--diff")
    assert "it is written in UTF-16-LE, and would be in UTF-8" in result.stdout
    assert (tmp_path / "t.jsonl").read_bytes() == before


def test_what_utf8_cannot_hold_is_refused(run: Run, tmp_path: Path) -> None:
    before = chat("a\ud800?", "b.").encode().decode("unicode_escape").encode("utf-16", "surrogatepass")
    (tmp_path / "t.jsonl").write_bytes(before)
    result = fix(run, "FIL001", "t.jsonl")
    assert result.return_value == 2
    assert "cannot be written in UTF-8" in result.stderr
    assert (tmp_path / "t.jsonl").read_bytes() == before


def test_a_packed_wide_file_is_refused(run: Run, tmp_path: Path) -> None:
    before = gzip.compress(chat("a?", "b.").encode("utf-16"))
    (tmp_path / "t.jsonl.gz").write_bytes(before)
    assert "is compressed" in fix(run, "FIL001", "t.jsonl.gz").stderr
    assert (tmp_path / "t.jsonl.gz").read_bytes() == before


def test_of_copies_that_are_each_others_reason_to_go_one_stays(run: Run, tmp_path: Path) -> None:
    """The same files in several datasets, splits or under two names: what one part drops, the other must keep."""
    rows = [chat(f"What is {food}?", f"Food: {food}.") for food in FOODS]
    own = {name: [chat(f"Why {food} in {name}?", "Because.") for food in [*FOODS, "eel"]] for name in "ab"}
    crossed = '[datasets.d]\n{} = ["a.jsonl"]\n{} = ["b.jsonl"]\n[datasets.e]\n{} = ["b.jsonl"]\n{} = ["a.jsonl"]\n'
    both = '[datasets.d]\ntrain = ["a.jsonl", "b.jsonl"]\n[datasets.e]\ntrain = ["b.jsonl", "a.jsonl"]\n'
    for select, text in (("SPL001", crossed.format(*["train", "validation"] * 2)), ("DUP001", both)):
        for name in "ab":
            (tmp_path / f"{name}.jsonl").write_text("".join(rows + own[name]))
        (tmp_path / "curator.toml").write_text(text)
        fix(run, select)
        left = "".join((tmp_path / f"{name}.jsonl").read_text() for name in "ab")
        assert sorted(left.splitlines(keepends=True)) == sorted([*rows, *own["a"], *own["b"]]), select
        assert run("check", "--select", select).return_value == 0


@pytest.mark.parametrize(
    ("select", "text"),
    [
        ("SPL001", 'train = ["a.jsonl"]\nvalidation = ["a.jsonl"]\n'),
        ("SPL001", 'train = ["a.jsonl"]\nvalidation = ["link.jsonl"]\n'),
        ("DUP001", 'train = ["a.jsonl", "a.jsonl"]\n'),
        ("DUP001", 'train = ["a.jsonl", "link.jsonl"]\n'),
    ],
)
def test_a_record_is_no_copy_of_itself(run: Run, tmp_path: Path, select: str, text: str) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text("".join(chat(f"What is {food}?", f"Food: {food}.") for food in FOODS))
    (tmp_path / "link.jsonl").symlink_to("a.jsonl")
    (tmp_path / "curator.toml").write_text(f"[datasets.d]\n{text}")
    before = path.read_bytes()
    result = fix(run, select, "--follow-symlinks")
    assert path.read_bytes() == before
    assert "is dropped, too, or is the same" in result.stderr


@pytest.mark.parametrize("leaked", [0, 1])
def test_of_records_on_one_line_only_the_leaked_one_goes(run: Run, tmp_path: Path, leaked: int) -> None:
    rows = [chat(f"What is {food}?", f"Food: {food}.").strip() for food in FOODS]
    glued = "".join(rows[:2]) + "\n"
    (tmp_path / "train.jsonl").write_text(glued + "\n".join(rows[2:]) + "\n")
    (tmp_path / "validation.jsonl").write_text(rows[leaked] + "\n")
    settings(tmp_path, train=["train.jsonl"], validation=["validation.jsonl"])
    assert "SPL001 is left" in fix(run, "SPL001").stderr
    assert (tmp_path / "train.jsonl").read_text().startswith(glued)
    fix(run, "SPL001,FIL003,FIL004,FIL005,FIL006,FIL007,JSN")
    assert (tmp_path / "train.jsonl").read_text().splitlines() == [rows[1 - leaked], *rows[2:]]


@pytest.mark.usefixtures("size")
def test_all_copies_of_a_leaked_record_go_at_once(run: Run, tmp_path: Path) -> None:
    rows = [chat(f"What is {food}?", f"Food: {food}.") for food in FOODS]
    other = chat("What is burger?", "A bun.")
    (tmp_path / "train.jsonl").write_text("".join([*rows[:1] * 15, other, *rows[1:] * 30]))
    (tmp_path / "validation.jsonl").write_text(rows[0] * 2)
    settings(tmp_path, train=["train.jsonl"], validation=["validation.jsonl"])
    assert fix(run, "SPL001").return_value == 0
    assert (tmp_path / "train.jsonl").read_text() == "".join(rows[1:] * 30)


def test_datasets_of_one_name_are_not_taken_for_each_other(run: Run, tmp_path: Path) -> None:
    for name, end in (("a", ""), ("b", " =>")):
        (tmp_path / name).mkdir()
        settings(tmp_path / name, train=["t.jsonl"])
        pairs(tmp_path / name / "t.jsonl", [f"{food}{end}" for food in FOODS])
    before = (tmp_path / "b" / "t.jsonl").read_bytes()
    fix(run, "SEP001", "a", "b")
    assert (tmp_path / "b" / "t.jsonl").read_bytes() == before
    assert b'burger ->"' in (tmp_path / "a" / "t.jsonl").read_bytes()


@pytest.mark.parametrize("why", ["accepted", "silenced", "packed", "two endings"])
def test_texts_of_a_dataset_are_changed_in_all_files_or_in_none(run: Run, tmp_path: Path, why: str) -> None:
    t, v = pairs(tmp_path / "t.jsonl", FOODS), pairs(tmp_path / "v.jsonl", FOODS)
    settings(tmp_path, train=["t.jsonl"], validation=["v.jsonl"])
    config = tmp_path / "curator.toml"
    if why == "accepted":
        run("check", "t.jsonl", "--select", "SEP001", "--suppress", "--reason", "ours")
    elif why == "silenced":
        config.write_text('[per-file-ignores]\n"v.jsonl" = ["SEP001"]\n' + config.read_text())
    elif why == "packed":
        (tmp_path / "v.jsonl.gz").write_bytes(gzip.compress(v.read_bytes()))
        settings(tmp_path, train=["t.jsonl"], validation=["v.jsonl.gz"])
    else:
        pairs(tmp_path / "w.jsonl", [f"{food} -> {food}" for food in FOODS])
        config.write_text(config.read_text() + '[datasets.e]\ntrain = ["w.jsonl"]\nvalidation = ["t.jsonl"]\n')
    before = t.read_bytes(), v.read_bytes()
    result = fix(run, "SEP001")
    assert (t.read_bytes(), v.read_bytes()) == before
    assert ("not all can have it" in result.stderr) is (why != "packed")
    assert ("is compressed" in result.stderr) is (why == "packed")


def test_a_file_in_two_datasets_gets_what_both_want_of_it(run: Run, tmp_path: Path) -> None:
    pairs(tmp_path / "t.jsonl", FOODS)
    for name in "vw":
        pairs(tmp_path / f"{name}.jsonl", FOODS)
    both = "".join(f'[datasets.{n}]\ntrain = ["t.jsonl"]\nvalidation = ["{n}.jsonl"]\n' for n in "vw")
    (tmp_path / "curator.toml").write_text(both)
    assert fix(run, "SEP001").return_value == 0
    for name in "tvw":
        lines = (tmp_path / f"{name}.jsonl").read_text().splitlines()
        assert [json.loads(line)["prompt"] for line in lines] == [f"{food} ->" for food in FOODS]


def test_records_in_other_formats_keep_what_they_have(run: Run, tmp_path: Path) -> None:
    others = [
        '{"prompt": "a", "chosen": "b", "rejected": "c"}\n',
        chat("a?", "b.", prompt="c"),
        '{"instruction": "a", "prompt": "b", "output": "c"}\n',
    ]
    path = pairs(tmp_path / "t.jsonl", FOODS)
    with path.open("a") as file:
        file.writelines(others)
    fix(run, "SEP001", "t.jsonl")
    assert path.read_text().splitlines(keepends=True)[-3:] == others
    tools = [{"type": "function", "function": {"name": "eat", "parameters": {}}}]
    slip = chat("a?", "b.", id=7, tool=tools)
    pair = '{"prompt": "a", "completion": "b"}\n'
    path.write_text("".join(chat(f"{food}?", "b.", prompt=food) for food in FOODS) + pair + others[0] + slip)
    fix(run, "SCH003", "t.jsonl")
    left = path.read_text().splitlines(keepends=True)
    assert left[:1] == [chat("burger?", "b.")]
    assert left[-3:] == [pair, others[0], chat("a?", "b.", tool=tools)]


@pytest.mark.usefixtures("size")
def test_spaces_move_also_where_all_rules_are_asked(run: Run, tmp_path: Path) -> None:
    """A rule that goes by the old ending must neither take the new one back nor mend it away."""
    prompts = [f"{food}\\nAnswer: " for food in FOODS * 2]
    path = pairs(tmp_path / "t.jsonl", [*prompts, "soup", "eel\\nAnswer:"], "it is {} END")
    fix(run, "SEP,STP", "t.jsonl")
    records = [json.loads(line) for line in path.read_text().splitlines()]
    assert {record["prompt"].partition("\n")[2] for record in records} == {"Answer:"}
    assert all(record["completion"].startswith(" it") for record in records)
    done = path.read_bytes()
    assert "Nothing to fix" in fix(run, "SEP,STP", "t.jsonl").stderr
    assert path.read_bytes() == done


def test_what_another_fix_stands_in_the_way_of_is_done_behind_it(run: Run, tmp_path: Path) -> None:
    """The fix of all prompts is not offered again where most of them have it."""
    path = pairs(tmp_path / "t.jsonl", [*FOODS * 2, "soup ", "eel\\t"])
    fix(run, "SEP001,SEP005", "t.jsonl")
    assert {json.loads(line)["prompt"].rpartition(" ")[2] for line in path.read_text().splitlines()} == {"->"}


@pytest.mark.usefixtures("size")
def test_a_separator_waits_for_a_file_that_becomes_utf8(run: Run, tmp_path: Path) -> None:
    settings(tmp_path, train=["t.jsonl", "w.jsonl"])
    pairs(tmp_path / "t.jsonl", [f"{food} {n}" for food in FOODS for n in range(9)])
    wide = pairs(tmp_path / "w.jsonl", FOODS[:6])  # too few to be missed by a rule, once all others have it
    wide.write_bytes(wide.read_text().encode("utf-16"))
    fix(run, "FIL001,SEP001")
    for name in "tw":
        assert all(" ->" in line for line in (tmp_path / f"{name}.jsonl").read_text().splitlines())


def test_a_file_in_two_datasets_does_not_follow_the_habits_of_both(run: Run, tmp_path: Path) -> None:
    """Each would end its prompt as its own others end, behind what the other has just put there."""
    shared = pairs(tmp_path / "s.jsonl", ["tofu"])
    pairs(tmp_path / "a.jsonl", [f"{food} ->" for food in FOODS])
    pairs(tmp_path / "b.jsonl", [f"{food}\\n\\n###\\n\\n" for food in FOODS])
    text = '[datasets.d]\ntrain = ["a.jsonl", "s.jsonl"]\n[datasets.e]\ntrain = ["b.jsonl", "s.jsonl"]\n'
    (tmp_path / "curator.toml").write_text(text)
    result = fix(run, "SEP002")
    assert json.loads(shared.read_text())["prompt"] == "tofu ->"
    assert "whose habits go first" in result.stderr
    done = shared.read_bytes()
    fix(run, "SEP002")
    assert shared.read_bytes() == done


def test_an_array_in_utf16_is_fixed_and_bytes_with_zeros_are_not_guessed(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "t.json"
    rows = [chat("Gr\u00fc\u00dfe?", "Ja.").strip(), chat("Nein?", "Doch.").strip()]
    path.write_bytes(f"[{rows[0]},\n{rows[1]}]".encode("utf-16"))
    fix(run, "FIL", "t.json")
    assert path.read_text().splitlines() == rows
    other = " ü\n".encode("utf-32-le")  # without a mark nobody can tell
    path.write_bytes(other)
    fix(run, "FIL001", "t.json")
    assert path.read_bytes() == other


def test_no_separator_is_proposed_that_another_rule_takes_away(run: Run, tmp_path: Path) -> None:
    ends = [": ", ": ", ": ", "", ""]
    path = pairs(tmp_path / "t.jsonl", [f"{food}{ends[n % 5]}" for n, food in enumerate(FOODS)])
    fix(run, "SEP", "t.jsonl")
    done = path.read_bytes()
    fix(run, "SEP", "t.jsonl")
    assert path.read_bytes() == done
    assert all(json.loads(line)["prompt"].endswith("->") for line in done.splitlines())
