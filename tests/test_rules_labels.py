"""Rules on labels and on tokens, with data that their cards cannot hold."""

from __future__ import annotations

import json
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from curator import engine, fixing
from curator.checks.labels import stray_labels
from curator.inputs import Dataset
from curator.model import Finding
from curator.settings import Settings
from curator.spelling import _SLIP_SHARE, Spellings, _is_slip, fold

LABEL_RULES = ("LAB002", "LAB004", "LAB005", "LAB006", "LAB008", "LAB009")


def write(path: Path, rows: list[Any]) -> str:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return str(path)


def found(
    folder: Path, rows: list[Any], select: tuple[str, ...] = LABEL_RULES, shard_bytes: int = 1 << 20,
    held_out: list[Any] | None = None, pins: dict[str, Any] | None = None, **settings: Any,
) -> list[Finding]:  # fmt: skip
    """What some rules find; no check may fail."""
    splits = {"train": (write(folder / "t.jsonl", rows),)}
    if held_out is not None:
        splits["validation"] = (write(folder / "v.jsonl", held_out),)
    dataset = Dataset("t", splits, Settings(**{"select": select, **settings}), pins or {})
    report = engine.check([dataset], shard_bytes=shard_bytes)
    assert report.failures == []
    return list(report.findings)


def told(findings: list[Finding]) -> list[tuple[str, int | None]]:
    return [(finding.code, finding.line) for finding in findings]


def labelled(counts: dict[str, int]) -> list[dict[str, str]]:
    """Prompts with these labels, in an order that mixes them."""
    labels = [label for label, count in counts.items() for _ in range(count)]
    rows = [{"prompt": f"{n * 7919 % 1009} of {n} ->", "completion": label} for n, label in enumerate(labels)]
    return sorted(rows, key=lambda row: row["prompt"])


def chat(counts: dict[str, int]) -> list[dict[str, Any]]:
    """The same as conversations."""
    return [
        {"messages": [{"role": "user", "content": row["prompt"]}, {"role": "assistant", "content": row["completion"]}]}
        for row in labelled(counts)
    ]


@pytest.mark.parametrize("yes", [6, 7])
def test_few_labels_of_one_token_need_no_stop_sequence(tmp_path: Path, yes: int) -> None:
    """Too few to be known as labels; of several tokens they are answers that just end."""
    assert found(tmp_path, labelled({" yes": yes, " no": 6}), ("STP001",), target="openai") == []
    told = found(tmp_path, labelled({" yes, and more": yes, " no": 6}), ("STP001",), target="openai")
    assert [f.code for f in told] == ["STP001"]


def test_two_common_spellings_may_be_two_words(tmp_path: Path) -> None:
    findings = found(tmp_path, labelled({" US": 60, " us": 7, " no": 40, " No": 4}), ("LAB005",))
    assert Counter((f.severity.name.lower(), f.fix is not None and bool(f.fix.edits)) for f in findings) == {
        ("warning", False): 7,
        ("error", True): 4,
    }


TOKENS = ("LAB001", "LAB002", "LAB004")


def test_numbers_on_a_scale_are_no_labels(tmp_path: Path) -> None:
    scale = {f" {n / 2}": 12 for n in range(30)}
    assert found(tmp_path, labelled(scale), TOKENS, model="babbage-002") == []
    grades = {f" {n / 2}": 12 for n in range(10)}
    assert {f.code for f in found(tmp_path, labelled(grades), TOKENS, model="babbage-002")} == set(TOKENS)
    declared = {"labels": [label.strip() for label in scale]}
    told = found(tmp_path, labelled(scale), TOKENS, model="babbage-002", pins=declared)
    assert {f.code for f in told} == set(TOKENS)


def test_answers_that_are_no_labels_for_certain_have_no_tokens_to_judge(tmp_path: Path) -> None:
    counts = {" yes": 110, " no": 110, " no idea at all": 1, " nobody knows": 2}
    assert found(tmp_path, labelled(counts), ("LAB001", "LAB002"), model="babbage-002") == []


def test_the_tokens_of_an_only_label_are_not_counted(tmp_path: Path) -> None:
    """It is told that there is nothing to tell apart; how it is written does not matter then."""
    rows = labelled({" I do not know": 60})
    assert {code for code, _ in told(found(tmp_path, rows, ("LAB001", "LAB006"), model="babbage-002"))} == {"LAB006"}


@pytest.mark.parametrize(
    ("names", "severities"),
    [
        ((" 0", " 1"), ["info", "info"]),  # two tokens each under this vocabulary: max_tokens=2 ends them
        ((" yes", " inedible"), ["warning"]),
    ],
)
def test_labels_of_several_tokens_are_a_warning_where_no_length_ends_them(
    tmp_path: Path, names: tuple[str, ...], severities: list[str]
) -> None:
    findings = found(tmp_path, labelled(dict.fromkeys(names, 110)), ("LAB001",), model="babbage-002")
    assert [str(finding.severity) for finding in findings] == severities


def test_a_label_that_lacks_its_space_is_told_once_by_the_rule_on_spaces(tmp_path: Path) -> None:
    """Without its space ' edible' has two tokens; with it, as it is meant, one."""
    counts = {" edible": 110, " good": 110, "edible": 3}
    codes = {code for code, _ in told(found(tmp_path, labelled(counts), ("LAB001", "SEP004"), model="babbage-002"))}
    assert codes == {"SEP004"}


@pytest.mark.parametrize(
    ("labels", "stop", "is_chat", "severity"),
    [
        (("in stock", "in transit"), "", False, "warning"),
        (("in stock", "in transit"), " END", False, "info"),
        (("in stock", "in"), " END", False, "warning"),
        (("in stock", "in transit"), "", True, "info"),
    ],
)
def test_where_the_first_token_matters(
    tmp_path: Path, labels: tuple[str, str], stop: str, is_chat: bool, severity: str
) -> None:
    counts = {f" {label}{stop}": 40 for label in (*labels, "lost")}
    rows = chat(counts) if is_chat else labelled(counts)
    findings = found(tmp_path, rows, ("LAB002",), model="gpt-4o-mini-2024-07-18" if is_chat else "babbage-002")
    assert [f.severity.name.lower() for f in findings] == [severity]


def test_a_record_is_not_blamed_for_the_empty_answer_of_another(tmp_path: Path) -> None:
    rows = chat({"yes": 60, "no": 60})
    asked = rows[7]["messages"][0]
    for answer in ("", " \n"):
        rows.append({"messages": [asked, {"role": "assistant", "content": answer}]})
    assert found(tmp_path, rows, ("LAB007",)) == []
    other = {"yes": "no", "no": "yes"}[rows[7]["messages"][1]["content"]]
    rows.append({"messages": [{"role": "system", "content": ""}, asked, {"role": "assistant", "content": other}]})
    rows.append({"messages": [asked, {"role": "assistant", "content": other}]})
    findings = found(tmp_path, rows, ("LAB007",))
    assert [(f.line, f.pointer, f.related[0].pointer) for f in findings] == [
        (124, "/messages/1/content", "/messages/1/content")
    ]


# --- the label set ----------------------------------------------------------------------------------------------

SETS = {
    "shared token": {" in stock": 40, " in transit": 40, " lost": 40},
    "single": {" yes": 50},
    "strays": {" yes": 60, " no": 60, " ask Jon": 1, " mixed": 2},
    "few": {" yes": 150, " no": 60, " maybe": 20},
}


@pytest.mark.parametrize("counts", SETS.values(), ids=SETS)
def test_findings_do_not_depend_on_the_cuts(tmp_path: Path, counts: dict[str, int]) -> None:
    rows = labelled(counts)
    whole = found(tmp_path, rows)
    assert whole
    assert found(tmp_path, rows, shard_bytes=100) == whole


def test_variants_are_merged_before_anything_is_counted(tmp_path: Path) -> None:
    counts = {" positive": 100, " negative": 99, " Positive": 1, " negative.": 1, " negatve": 1, "positive": 1}
    assert [item for item in told(found(tmp_path, labelled(counts))) if item[0] != "LAB005"] == []


def test_one_label_and_a_single_other_answer_is_not_one_label(tmp_path: Path) -> None:
    assert "LAB006" not in {code for code, _ in told(found(tmp_path, labelled({" yes": 99, " no": 1})))}


def test_a_long_answer_among_labels_is_a_stray(tmp_path: Path) -> None:
    long = " I would say yes, because " + "it seems so to me, and " * 20 + "that is that."
    (finding,) = found(tmp_path, labelled({" yes": 120, " no": 120, long: 1}))
    assert finding.code == "LAB009"
    assert len(finding.message) < 250


@pytest.mark.parametrize(
    ("counts", "strays"),
    [
        ({"a": 50, "b": 50, "c": 1}, {"c"}),
        ({"a": 50, "b": 50, "c": 2, "d": 1}, {"c", "d"}),
        ({"a": 50, "b": 50, "c": 3}, set()),
        ({"a": 50, "b": 50, "c": 5, "d": 1}, set()),  # a tail
        ({"a": 99, "b": 1}, set()),  # nothing to be common beside
        ({"a": 20, "b": 20, "c": 2, "d": 2}, set()),  # a tenth of the records: no slips
        ({"a": 50, "b": 50}, set()),
        ({}, set()),
    ],
)
def test_what_is_stray(counts: dict[str, int], strays: set[str]) -> None:
    assert stray_labels(counts, 2, 10, 0.05) == strays


def test_a_label_that_a_held_out_split_has_is_not_stray(tmp_path: Path) -> None:
    rows = labelled({" yes": 120, " no": 120, " perhaps": 2})
    assert told(found(tmp_path, rows, ("LAB009",), held_out=labelled({" yes": 20, " no": 20})))
    assert found(tmp_path, rows, ("LAB009",), held_out=labelled({" yes": 20, " no": 20, " perhaps": 9})) == []


def test_held_out_data_need_not_be_enough(tmp_path: Path) -> None:
    rows, few = labelled({" yes": 120, " no": 120}), labelled({" yes": 12, " no": 12, " odd one": 1})
    assert [f for f in found(tmp_path, rows, held_out=few) if f.split == "validation"] == []


def test_declared_labels_are_right_as_they_are_written(tmp_path: Path) -> None:
    rows = labelled({" Positive": 110, " negative": 110, " A+": 100, " a+": 100, " neutrl": 1, " no idea": 1})
    pins = {"labels": ["positive", " negative", "A+", "a+", "neutral"]}
    findings = found(tmp_path, rows, pins=pins)
    by_code = Counter(finding.code for finding in findings)
    assert by_code == {"LAB005": 110, "LAB008": 2, "LAB004": 1}
    fixed = fixing.apply((tmp_path / "t.jsonl").read_bytes(), findings)
    assert fixed.count(b'" positive"') == 110
    assert {f.values["counts"] for f in findings if f.code == "LAB004"} == {"'neutral' 0"}
    assert {f.message for f in findings if f.code == "LAB005"} == {
        "the label 'Positive' is declared as 'positive' in the settings"
    }


def test_chats_are_judged_as_conversations(tmp_path: Path) -> None:
    findings = found(tmp_path, chat({"Yes": 40, "No": 40, "Maybe": 6}))
    assert [(f.code, str(f.severity)) for f in findings] == [("LAB004", "info")]


def test_ten_thousand_labels_take_linear_time(tmp_path: Path) -> None:
    rows = labelled({f" {kind} case {n}": 11 for kind in ("red", "blue") for n in range(2500)})
    started = time.process_time()
    findings = found(tmp_path, rows, pins={"task": "classification"}, model="babbage-002")
    assert time.process_time() - started < 12
    groups = [finding for finding in findings if finding.code == "LAB002"]
    assert [finding.values["count"] > 2400 for finding in groups] == [True, True]  # a sample knows nearly all
    assert all(len(finding.message) < 500 and len(finding.related) <= 8 for finding in groups)


def test_a_space_that_all_labels_begin_with_is_told_by_one_rule(tmp_path: Path) -> None:
    rows = labelled({" 0": 100, " 1": 100})
    codes = {code for code, _ in told(found(tmp_path, rows, ("LAB001", "LAB002"), model="babbage-002"))}
    assert codes == {"LAB001"}


# --- spellings --------------------------------------------------------------------------------------------------


def naive(counts: dict[str, int], label: str) -> tuple[str, bool]:
    """What `Spellings.meant` promises, by comparing with every label."""
    ordered = sorted(counts, key=lambda name: (-counts[name], name))
    canonical = next((name for name in ordered if fold(name) == fold(label)), label)
    for other in ordered:
        if not other:
            continue
        if max(1, counts.get(canonical, 0)) > _SLIP_SHARE * counts[other]:
            break
        if _is_slip(canonical, other):
            return other, True
    return canonical, False


WORDS = st.text("abcde", min_size=4, max_size=6) | st.sampled_from(
    ["Positive", "positive", "positive.", "a+", "A+", ""]
)


@given(st.dictionaries(WORDS, st.sampled_from([1, 2, 30, 50, 900]), max_size=12), WORDS)
@example({"abcde": 50, "abced": 900}, "abcd")
def test_spellings_are_found_without_comparing_all(counts: dict[str, int], label: str) -> None:
    spellings = Spellings(counts)
    for name in (*counts, label):
        assert spellings.meant(name) == naive(counts, name)


# --- control tokens ---------------------------------------------------------------------------------------------

CLEAN = [
    {"messages": [{"role": "user", "content": f"Tell me of {n}"}, {"role": "assistant", "content": f"{n} it is."}]}
    for n in range(20)
]
END = "<|endoftext|>"


def tokens_in(folder: Path, *rows: Any, **settings: Any) -> list[Finding]:
    return found(folder, [*CLEAN, *rows], ("TOK004",), **settings)


def test_every_text_of_a_record_is_searched(tmp_path: Path) -> None:
    call = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": '{"a": "<|im_end|>"}'}}
    row = {
        "messages": [
            {"role": "system", "content": f"Be {END} kind."},
            {"role": "user", "content": [{"type": "text", "text": "Hi"}, {"type": "text", "text": "<|im_start|>you"}]},
            {"role": "assistant", "content": None, "tool_calls": [call]},
            {"role": "tool", "tool_call_id": "c1", "content": "done<|im_sep|>"},
            {"role": "assistant", "content": None, "refusal": "No<|fim_suffix|>."},
        ]
    }
    findings = tokens_in(tmp_path, row)
    assert [finding.pointer for finding in findings] == [
        "/messages/0/content", "/messages/1/content/1/text", "/messages/2/tool_calls/0/function/arguments",
        "/messages/3/content", "/messages/4/refusal",
    ]  # fmt: skip
    fixed = fixing.apply((tmp_path / "t.jsonl").read_bytes(), findings)
    assert b"<|" not in fixed
    assert json.loads(json.loads(fixed.splitlines()[20])["messages"][2]["tool_calls"][0]["function"]["arguments"]) == {
        "a": ""
    }


def test_a_rejected_output_is_searched_too(tmp_path: Path) -> None:
    rows = [
        {
            "input": {"messages": [{"role": "user", "content": f"Tell me of {n}"}]},
            "preferred_output": [{"role": "assistant", "content": "Gladly."}],
            "non_preferred_output": [{"role": "assistant", "content": "No." + END * (n == 3)}],
        }
        for n in range(20)
    ]
    (finding,) = found(tmp_path, rows, ("TOK004",))
    assert (finding.line, finding.pointer) == (4, "/non_preferred_output/0/content")


def test_an_escaped_token_is_a_token(tmp_path: Path) -> None:
    lines = [json.dumps(row) for row in CLEAN]
    lines[4] = lines[4].replace("it is.", "\\u003c\\u007cendoftext\\u007c\\u003e")
    (tmp_path / "t.jsonl").write_text("\n".join(lines) + "\n")
    dataset = Dataset("t", {"train": (str(tmp_path / "t.jsonl"),)}, Settings(select=("TOK004",)))
    (finding,) = engine.check([dataset]).findings
    assert (finding.line, finding.span) == (5, (2, 2 + len(END)))


def test_a_stop_sequence_with_a_token_is_told_once_and_other_places_each(tmp_path: Path) -> None:
    rows = [{"prompt": f"{n} times {n} ->", "completion": f" {n * n} apples{END}"} for n in range(40)]
    rows[5]["completion"] = f" 25{END} apples{END}"
    rows[6]["prompt"] += END
    findings = found(tmp_path, rows, ("TOK004",))
    assert [(f.line, f.pointer, str(f.severity)) for f in findings] == [
        (None, "", "warning"), (6, "/completion", "error"), (7, "/prompt", "error"),
    ]  # fmt: skip
    assert found(tmp_path, rows, ("TOK004",), shard_bytes=100) == findings


@pytest.mark.parametrize(("target", "count"), [("openai", 1), ("azure", 1), ("generic", 0), ("trl", 0), ("mistral", 0)])
def test_the_profile_says_what_is_reserved(tmp_path: Path, target: str, count: int) -> None:
    row = {"messages": [{"role": "user", "content": f"Hi{END}"}, {"role": "assistant", "content": "Yo"}]}
    assert len(tokens_in(tmp_path, row, target=target)) == count


def test_an_alpaca_record_with_two_texts_in_one_turn(tmp_path: Path) -> None:
    rows = [{"instruction": f"Say {n}</s>", "input": "please", "output": f"{n}."} for n in range(20)]
    findings = found(tmp_path, rows, ("TOK004",), target="mistral")
    assert {finding.pointer for finding in findings} == {"/instruction"}


def test_a_text_full_of_tokens_is_one_finding(tmp_path: Path) -> None:
    row = {"messages": [{"role": "user", "content": END * 50_000}, {"role": "assistant", "content": "Yo"}]}
    started = time.process_time()
    (finding,) = tokens_in(tmp_path, row)
    assert finding.values["count"] == 50_000
    assert time.process_time() - started < 5


# --- near the limit ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("limit", "near"), [(40, True), (42, True), (43, False), (100, False)])
def test_near_the_limit_is_within_the_error(tmp_path: Path, limit: int, near: bool) -> None:
    """40 tokens by the formula: two messages of 3, roles, texts, and 3 for the reply."""
    text = " a" * 27
    row = {"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "a" + text}]}
    rows = [*CLEAN[:12], row]
    findings = found(tmp_path, rows, ("TOK003",), params={"TOK003": {"limit": limit}}, model="gpt-4o-mini-2024-07-18")
    assert [finding.line for finding in findings] == ([13] if near else [])
    if near:
        assert findings[0].values["tokens"] == 40
