"""Rules on separators, stop sequences and spaces, with data that their cards cannot hold."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curator import engine
from curator.beginnings import Beginnings
from curator.checks.inner_endings import inside, opens_turn
from curator.checks.weak_separators import is_weak
from curator.edits import EndEvery
from curator.inputs import Dataset
from curator.model import Finding
from curator.settings import Settings

THINGS = (
    "bread", "rivers", "violins", "glaciers", "chess", "copper", "bees", "maps", "lanterns", "soap", "kites", "salt",
    "tides", "clocks", "paper", "wolves", "bridges", "tea", "marble", "comets",
)  # fmt: skip
CODES = ("SEP", "STP")


def pairs(prompt: str = "{} ->", completion: str = " Of {}. END", count: int = 40) -> list[dict[str, str]]:
    """Prompts and completions by patterns."""
    things = [f"{THINGS[n % 20]} {n}" for n in range(count)]
    return [{"prompt": prompt.format(thing), "completion": completion.format(thing)} for thing in things]


def found(folder: Path, rows: list[Any], shard_bytes: int = 1 << 20, **settings: Any) -> list[Finding]:
    """What the rules on endings find; no check may fail."""
    path = folder / "t.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    pins = settings.pop("pins", {})
    settings = {"select": CODES, **settings}
    dataset = Dataset("t", {"train": (str(path),)}, Settings(**settings), pins)
    report = engine.check([dataset], shard_bytes=shard_bytes)
    assert report.failures == []
    return list(report.findings)


def told(findings: list[Finding]) -> list[tuple[str, int | None]]:
    return [(finding.code, finding.line) for finding in findings]


def test_clean_pairs_are_clean(tmp_path: Path) -> None:
    assert found(tmp_path, pairs()) == []


FAULTS: dict[str, list[dict[str, str]]] = {
    "none": pairs("{}", "{}."),
    "half a separator": [*pairs(count=20), *pairs("{}", count=20)],
    "separator inside one": [*pairs(), {"prompt": "a -> b ->", "completion": " Arrows. END"}],
    "separator inside many": [*pairs(), *pairs("{} -> x ->", count=10)],
    "spaces missing": [*pairs(), *pairs(completion="Of {}. END", count=3)],
    "spaces mixed": [*pairs(count=20), *pairs(completion="Of {}. END", count=20)],
    "prompts end with spaces": [*pairs("{}", count=20), *pairs("{} \t", count=3)],
    "separator ends with a space": pairs("{}\nAnswer: ", "{} END"),
    "weak": pairs("{}:"),
    "stop inside one": [*pairs(), {"prompt": "twice ->", "completion": " Now END and then. END"}],
    "stop inside many": [*pairs(completion=" Of END {}. END", count=9), *pairs()],
    "instruction": pairs(
        "Write one line of verse, in plain words, for a child of ten, about the thing that follows here: {} ->"
    ),
}


@pytest.mark.parametrize("rows", FAULTS.values(), ids=FAULTS)
def test_findings_do_not_depend_on_the_cuts(tmp_path: Path, rows: list[dict[str, str]]) -> None:
    whole = found(tmp_path, rows)
    assert whole
    assert found(tmp_path, rows, shard_bytes=300) == whole
    assert sorted({f.code for f in found(tmp_path, rows[::-1])}) == sorted({f.code for f in whole})


@pytest.mark.parametrize(("ending", "proposed"), [(" END", " END"), ("###", "###"), ("@@@", "@@@"), ("\n", " END")])
def test_a_stop_sequence_that_only_some_completions_have_is_named(tmp_path: Path, ending: str, proposed: str) -> None:
    rows = [*pairs(completion=f" Of {{}}.{ending}", count=24), *pairs("{} of two ->", " Of {}.", count=16)]
    (finding,) = found(tmp_path, rows, select=("STP001",), shard_bytes=100)
    assert finding.message.startswith(f"60% of the completions end with {ending!r} and the others do not")
    assert finding.values["proposal"] == proposed
    (rare,) = found(tmp_path, rows[22:], select=("STP001",))
    assert "share no ending" in rare.message


def test_a_proposal_that_no_program_applies_is_a_suggestion(tmp_path: Path) -> None:
    """Labels may do without a stop sequence; free text is given one where it is asked for."""
    labels = [{"prompt": f"{n} ->", "completion": (" edible", " not edible")[n % 2]} for n in range(240)]
    (finding,) = found(tmp_path, labels, select=("STP001",))
    assert (finding.fixable, finding.safety) == (False, "suggestion")
    (finding,) = found(tmp_path, pairs(completion=" Of {}."), select=("STP001",))
    assert (finding.fixable, finding.safety) == (True, "unsafe")


# --- SEP001, STP001 ---------------------------------------------------------------------------------------------


def proposal(findings: list[Finding], code: str) -> str:
    (finding,) = [finding for finding in findings if finding.code == code]
    assert finding.line is None
    assert finding.fix is not None
    proposed = str(finding.values["proposal"])
    assert [edit.text for edit in finding.fix.edits if isinstance(edit, EndEvery)] == ([proposed] if proposed else [])
    return proposed


def test_what_is_proposed_stands_in_no_prompt(tmp_path: Path) -> None:
    rows = pairs("{}", " {} END")
    assert proposal(found(tmp_path, rows), "SEP001") == " ->"
    rows[7]["prompt"] += " -> and more"
    assert proposal(found(tmp_path, rows), "SEP001") == "\n\n###\n\n"
    rows[3]["prompt"] = "Headings\n\n###\n\nfollow"
    assert proposal(found(tmp_path, rows, shard_bytes=200), "SEP001") == "\n\n---\n\n"


def test_the_sign_that_half_of_the_prompts_end_with_is_proposed(tmp_path: Path) -> None:
    rows = [*pairs("{} =>", count=20), *pairs("{}", count=20)]
    assert proposal(found(tmp_path, rows), "SEP001") == " =>"


def test_nothing_is_proposed_where_every_candidate_is_taken(tmp_path: Path) -> None:
    from curator.checks.boundaries import _SEPARATORS, _STOPS

    rows = [
        *pairs("{}", "{}."),
        {"prompt": "x".join(("", *_SEPARATORS, "")), "completion": "x".join(("", *_STOPS, "."))},
    ]
    findings = found(tmp_path, rows)
    assert proposal(findings, "SEP001") == proposal(findings, "STP001") == ""


def test_what_stands_at_the_end_only_may_be_proposed(tmp_path: Path) -> None:
    rows = [*pairs("{}", " {}."), *pairs("{} ->", " {} END", count=2)]
    findings = found(tmp_path, rows)
    assert proposal(findings, "SEP001") == " ->"
    assert proposal(findings, "STP001") == " END"


def test_one_prompt_for_all_needs_no_separator(tmp_path: Path) -> None:
    rows = [{"prompt": "Write a tweet in my style.", "completion": f" Tweet {n} END"} for n in range(40)]
    assert "SEP001" not in {code for code, _ in told(found(tmp_path, rows))}


@pytest.mark.parametrize("pin", [" ->", "", ["\n", " ->"]])
def test_a_separator_in_the_settings_is_not_missed(tmp_path: Path, pin: Any) -> None:
    assert "SEP001" not in {code for code, _ in told(found(tmp_path, pairs("{}"), pins={"separator": pin}))}


def test_completions_of_one_length_need_no_stop(tmp_path: Path) -> None:
    rows = [{"prompt": f"{THINGS[n % 20]} {n} ->", "completion": f" {n * 7919 % 10000:04}"} for n in range(40)]
    assert found(tmp_path, rows) == []


@pytest.mark.parametrize("target", ["generic", "trl", "together"])
def test_a_target_that_adds_an_end_token_needs_no_stop(tmp_path: Path, target: str) -> None:
    assert found(tmp_path, pairs(completion=" Of {}."), target=target) == []


def test_variants_and_strays_are_no_labels_of_several_tokens(tmp_path: Path) -> None:
    rows = pairs(completion=" no") + pairs(completion=" yes")
    rows += [
        {"prompt": f"{n} ->", "completion": answer} for n, answer in enumerate((" yes.", " YES", " ask Jon first"))
    ]
    assert "STP001" not in {code for code, _ in told(found(tmp_path, rows))}


# --- SEP003, STP003 ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "ending", "start"),
    [
        ("a -> b ->", " ->", 1),
        ("a ->", " ->", -1),
        ("a -> ->", " ->", -1),  # doubled: another rule
        ("a -> -> ->", " ->", -1),
        ("a -> b -> ->", " ->", 1),
        ("a\n\n", "\n", -1),  # a line break too many
        ("a\n\n\n", "\n\n", -1),
        ("a\nb\n", "\n", 1),
        ("->", "->", -1),
        ("", "->", -1),
    ],
)
def test_where_an_ending_stands_inside(text: str, ending: str, start: int) -> None:
    assert inside(text, ending) == start


@given(st.text("ab- >\n", max_size=30), st.text("- >\n", min_size=1, max_size=3))
def test_what_stands_inside_is_the_ending(text: str, ending: str) -> None:
    start = inside(text + ending, ending)
    assert start < len(text)
    assert start < 0 or (text + ending).startswith(ending, start)


@pytest.mark.parametrize(
    "ending", ["\nAgent:", "\n\n### Response:\n", " [/INST]", "\n<|assistant|>\n", "\nQ 2:", " A:"]
)
def test_marks_that_open_a_turn(ending: str) -> None:
    assert opens_turn(ending)


@pytest.mark.parametrize("ending", [":", " ->", "\n\n###\n\n", "\n", " =>", "\n---\n", "label:", ">>>", "?:", "::"])
def test_signs_open_no_turn(ending: str) -> None:
    assert not opens_turn(ending)


def test_one_of_two_separators_counts_where_the_prompt_ends_with_it(tmp_path: Path) -> None:
    rows = [*pairs("{} ->"), *pairs("{}\n\n###\n\n")]
    rows.append({"prompt": "a -> b\n\n###\n\n", "completion": " Arrows. END"})
    assert found(tmp_path, rows) == []
    rows.append({"prompt": "a -> b ->", "completion": " Arrows. END"})
    assert told(found(tmp_path, rows)) == [("SEP003", 82)]


def test_a_stop_sequence_of_the_settings_is_an_error_wherever_it_stands(tmp_path: Path) -> None:
    rows = pairs(completion=" At dawn\n{}\n")
    assert told(found(tmp_path, rows)) == [("STP003", None)]
    pinned = found(tmp_path, rows, pins={"stop": "\n"})
    assert told(pinned) == [("STP003", line) for line in range(1, 41)]
    assert {str(finding.severity) for finding in pinned} == {"error"}


def test_an_ending_in_the_middle_is_told_beside_the_lack_only_where_words_follow(tmp_path: Path) -> None:
    rows = [
        *pairs(),
        {"prompt": "a ->", "completion": " One. END."},
        {"prompt": "b ->", "completion": " One. END Two."},
    ]
    assert told(found(tmp_path, rows)) == [("STP002", 41), ("STP002", 42), ("STP003", 42)]


# --- spaces -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "completion",
    [
        "    return 3 END",
        "\n- one\n- two END",
        "\treturn END",
        "42 END",
        "你好 END",
        '{"a": 1} END',
        "[1] END",
        "",
        "  ",
    ],
)
def test_completions_that_lack_no_space(tmp_path: Path, completion: str) -> None:
    rows = [*pairs(), {"prompt": "x ->", "completion": completion}]
    assert [item for item in told(found(tmp_path, rows)) if item[0] == "SEP004"] == []


def test_code_of_every_depth_is_not_mixed(tmp_path: Path) -> None:
    rows = (
        pairs("{}\n\n###\n\n", "    {} END")
        + pairs("{}\n\n###\n\n", "        {} END")
        + pairs("{}\n\n###\n\n", "\n{} END")
    )
    assert found(tmp_path, rows) == []


@pytest.mark.parametrize("completion", ["{} 7 END", "好{} END", "ที่{} END", '{{"a": "{}"}} END'])
def test_a_dataset_that_needs_no_space(tmp_path: Path, completion: str) -> None:
    rows = pairs(completion=completion)
    if completion.startswith("{} 7"):
        rows = [{**row, "completion": f"{n} END"} for n, row in enumerate(rows)]
    assert found(tmp_path, rows) == []


def test_where_the_separator_has_the_space_the_completions_are_right(tmp_path: Path) -> None:
    (finding,) = found(tmp_path, FAULTS["separator ends with a space"])
    assert finding.code == "SEP005"
    assert finding.values["ending"] == "\nAnswer: "


def test_a_prompt_without_the_separator_is_told_once(tmp_path: Path) -> None:
    rows = [*pairs(), {"prompt": "x -> ", "completion": " Of x. END"}]
    assert told(found(tmp_path, rows)) == [("SEP002", 41)]


def test_a_blank_prompt_does_not_end_with_a_space(tmp_path: Path) -> None:
    rows = [*pairs("{}", count=20), {"prompt": "  ", "completion": " Of x. END"}]
    assert "SEP005" not in {code for code, _ in told(found(tmp_path, rows))}


# --- SEP006, SEP007 ---------------------------------------------------------------------------------------------


def test_the_common_beginning_is_found_among_many() -> None:
    beginnings = Beginnings()
    for number in range(10_000):
        beginnings.add("no instruction" if number % 10 == 3 else f"Say it in verse: {number}")
    common = beginnings.common()
    assert common is not None
    assert common.text == "Say it in verse: "
    assert 0.85 < common.share < 0.95
    assert len(beginnings._kept) <= 1024


@given(st.lists(st.text("ab", max_size=6), min_size=5, max_size=40))
def test_the_common_beginning_is_the_longest_that_four_fifths_share(texts: list[str]) -> None:
    beginnings = Beginnings()
    for text in texts:
        beginnings.add(text)
    common = beginnings.common()
    counts = {text[:n]: sum(t.startswith(text[:n]) for t in texts) for text in texts for n in range(1, len(text) + 1)}
    longest = max((len(start) for start, count in counts.items() if count >= 0.8 * len(texts)), default=0)
    assert len(common.text if common else "") == longest
    if common:
        assert common.share == counts[common.text] / len(texts)


def test_no_more_of_an_instruction_is_printed_than_a_clip(tmp_path: Path) -> None:
    (finding,) = found(tmp_path, FAULTS["instruction"])
    assert finding.code == "SEP006"
    assert len(str(finding.values["beginning"])) <= 60
    assert len(finding.message) < 200


@pytest.mark.parametrize("ending", [":", "\n", " answer", " |", "=", " >", "：", " the answer"])
def test_weak_endings(ending: str) -> None:
    assert is_weak(ending)


@pytest.mark.parametrize("ending", [" ->", "\nLabel:", "\n\n", "\n\n###\n\n", " →", "\nAnswer", " >>>", "§§"])
def test_endings_that_are_not_weak(ending: str) -> None:
    assert not is_weak(ending)


def test_of_a_weak_separator_inside_many_prompts_one_rule_speaks(tmp_path: Path) -> None:
    assert told(found(tmp_path, pairs("A thing: {}:"))) == [("SEP003", None)]


# --- odd data ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["\n", " -> ", "###", "x ", " END", "@@@\n\n"])
def test_long_texts_take_linear_time(tmp_path: Path, text: str) -> None:
    long = text * (2_000_000 // len(text))
    rows = [
        *pairs(count=12),
        {"prompt": long, "completion": f" {long}"},
        {"prompt": f"{long} ->", "completion": f"{long} END"},
    ]
    started = time.process_time()
    found(tmp_path, rows)
    found(tmp_path, [*pairs("{}", "{}.", count=12), *rows[12:]])
    assert time.process_time() - started < 12


def test_rows_without_texts(tmp_path: Path) -> None:
    odd: list[Any] = [
        {"prompt": 3, "completion": None},
        {"prompt": "x ->"},
        {"completion": " y END"},
        {"prompt": "", "completion": ""},
    ]
    findings = found(tmp_path, [*pairs(), *odd])
    assert [item for item in told(findings) if item[0] != "SEP002"] == []


@pytest.mark.parametrize("few", [20, 25, 39])
def test_a_sign_too_few_is_a_slip_and_no_design(tmp_path: Path, few: int) -> None:
    rows = [
        {"prompt": f"{text} {number}\n\n{'##' if number < few else '###'}\n\n", "completion": f" {text}"}
        for number, text in enumerate(["tea", "coffee"] * 100)
    ]
    assert told(found(tmp_path, rows)) == [("SEP002", line) for line in range(1, few + 1)]


def test_a_long_question_behind_every_text_is_the_separator_as_a_whole(tmp_path: Path) -> None:
    question = "\nIs this a piece of news about world politics, sports, business, or science and technology?\n"
    rows = [{"prompt": f"{name}{question}", "completion": f" {name}"} for name in THINGS]
    rows[3]["prompt"] = rows[3]["prompt"].removesuffix("\n")
    (finding,) = found(tmp_path, rows, select=("SEP002",))
    assert r"95% of the prompts with '\nIs this" in finding.message


@pytest.mark.parametrize(("labels", "is_one_task"), [(["tea", "coffee"], True), (["yes", "no"], False)])
def test_two_signs_are_one_task_where_the_labels_are_the_same(
    tmp_path: Path, labels: list[str], is_one_task: bool
) -> None:
    rows = [{"prompt": f"{n} ->", "completion": f" {('tea', 'coffee')[n % 2]}"} for n in range(60)]
    rows += [{"prompt": f"{n}\n\n###\n\n", "completion": f" {labels[n % 2]}"} for n in range(60, 90)]
    assert told(found(tmp_path, rows, select=("SEP001", "SEP002"))) == [("SEP001", None)] * is_one_task
    assert found(tmp_path, rows, shard_bytes=100, select=("SEP001",)) == found(tmp_path, rows, select=("SEP001",))
