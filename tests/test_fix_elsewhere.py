"""Fixes that reach beyond the record of their finding: all records, a record in another file, a whole file."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from curator.cli.main import group
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


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.chdir(tmp_path)

    def invoke(*arguments: str) -> Result:
        return CliRunner().invoke(group, arguments, prog_name="curator", standalone_mode=False)

    return invoke


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
    assert "12 × SCH003: remove it from every record" in result.stderr


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
