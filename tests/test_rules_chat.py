"""The conversation rules on what their cards cannot show: odd data, kinds of format, cost."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import curator
from curator.checks.systems import differs_by_filling

U, A, S = "user", "assistant", "system"


def say(*turns: tuple[str, Any] | dict[str, Any], **more: Any) -> dict[str, Any]:
    messages = [turn if isinstance(turn, dict) else {"role": turn[0], "content": turn[1]} for turn in turns]
    return {"messages": messages, **more}


GOOD = [say((U, f"Question {n}, please?"), (A, f"Answer {n} it is.")) for n in range(20)]


def found(folder: Path, rows: list[Any], *select: str, base: list[Any] = GOOD, **options: Any) -> list[tuple[Any, ...]]:
    """Line (from 1 on, after the base), code, severity and pointer of each finding of the selected rules."""
    path = folder / "t.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in [*base, *rows]), encoding="utf-8")
    report = curator.check(path, isolated=True, select=list(select) or None, **options)
    assert report.failures == []
    return [(f.line - len(base) if f.line else None, f.code, str(f.severity), f.pointer) for f in report.findings]


PROMPT = (
    "You are a helpful assistant of Acme Corp, named Bob. Today is Monday, 3 March 2025. Use 3 sentences. Be polite."
)


@pytest.mark.parametrize(
    ("other", "filled_in"),
    [
        (PROMPT.replace("Bob", "Eve"), True),
        (PROMPT.replace("Acme Corp", "Foo of the Bar Inc"), True),
        (PROMPT.replace("Monday, 3 March", "Friday, 14 November"), True),
        (PROMPT.replace("Monday, 3 March 2025", "2025-03-04 at 10:30 a.m."), True),
        (PROMPT.replace("2025", "2026").replace("Use 3", "Use 5"), True),
        (PROMPT.replace("Bob", "Eve").replace("Use 3", "Use 5"), False),
        (PROMPT.replace("helpful", "helpfull"), False),
        (PROMPT.replace("helpful", "Helpful"), False),
        (PROMPT.replace("You", "Your"), False),
        (PROMPT.replace(" Be polite.", ""), False),
        (PROMPT.replace("Be polite", "Be quick"), False),
        (PROMPT.replace(" of ", "  of "), False),
        (PROMPT.upper(), False),
        ("", False),
        (PROMPT, False),
    ],
)
def test_what_is_put_into_a_prompt_is_no_other_prompt(other: str, filled_in: bool) -> None:
    assert differs_by_filling(other, PROMPT) is filled_in
    assert differs_by_filling(PROMPT, other) is filled_in


@pytest.mark.parametrize(
    ("text", "usual", "filled_in"),
    [
        ("你是客服小李。请有礼貌。", "你是客服小王。请有礼貌。", True),
        ("你是客服小王。", "你是客服小王。请有礼貌。", False),
        ("أنت مساعد اسمه علي وتجيب", "أنت مساعد اسمه سامي وتجيب", True),
    ],
)
def test_scripts_without_capitals(text: str, usual: str, filled_in: bool) -> None:
    assert differs_by_filling(text, usual) is filled_in


@given(st.text("Aa1 .\n小", max_size=20), st.text("Aa1 .\n小", max_size=20))
def test_comparing_prompts_has_no_direction(text: str, usual: str) -> None:
    assert differs_by_filling(text, usual) == differs_by_filling(usual, text)


@pytest.mark.parametrize("gap", [" ", ""], ids=["words", "one word"])
def test_megabyte_prompts_and_thousands_of_them_are_cheap(tmp_path: Path, gap: str) -> None:
    long = gap.join(["alpha", "beta", "Gamma", "delta"] * 50_000)
    usual = "Answer briefly and in a friendly tone."
    rows = [say((S, usual if n % 5 else f"{usual} Talk of {n:b}."), (U, f"{n}?"), (A, f"{n}!")) for n in range(10_000)]
    started = time.process_time()
    assert len(found(tmp_path, rows, "MSG013", base=[])) == 2_000
    rows = [say((S, long if n else long.replace("Gamma", "gamma", 1)), (U, f"{n}?"), (A, f"{n}!")) for n in range(30)]
    assert found(tmp_path, rows, "MSG013", base=[]) == [(1, "MSG013", "warning", "/messages/0/content")]
    assert time.process_time() - started < 12


CALL = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
ASK = {"role": A, "content": None, "tool_calls": [CALL]}
TOLD = {"role": "tool", "tool_call_id": "c1", "content": "done"}


@pytest.mark.parametrize(
    ("turns", "expected"),
    [
        ([(U, "a"), (A, "b"), (U, "c"), (A, "d")], []),
        ([(U, "a"), ASK, TOLD, TOLD, (A, "d")], []),
        ([(U, "a"), ASK, TOLD, ASK, TOLD, (A, "d")], []),
        ([(U, "a"), ASK, (A, "d")], []),  # the call lacks its result, says FUN012
        ([(U, "a"), (A, "b"), (A, "c"), (A, "d")], [("warning", 2)]),
        ([(U, "a"), (U, "b"), (A, "c"), (A, "d")], [("info", 1), ("warning", 3)]),
        ([(U, "a"), (A, "b"), (S, "c"), (A, "d")], [("warning", 3)]),
        ([(U, "a"), ("narrator", "b"), ("narrator", "c"), (A, "d")], []),
        ([{"role": U, "content": "a", "name": "ann"}, {"role": U, "content": "b", "name": "kim"}, (A, "c")], []),
    ],
)
def test_repeated_roles(tmp_path: Path, turns: list[Any], expected: list[tuple[str, int]]) -> None:
    expected_findings = [(1, "MSG005", severity, f"/messages/{index}") for severity, index in expected]
    assert found(tmp_path, [say(*turns)], "MSG005") == expected_findings


def test_a_late_system_message_is_not_also_a_second_one(tmp_path: Path) -> None:
    rows = [
        say((S, "a"), (S, "b"), (U, "c"), (A, "d")),
        say((S, "a"), (U, "c"), (S, "b"), (A, "d")),
        say(("developer", "a"), (S, "b"), (U, "c"), (S, "e"), (A, "d")),
    ]
    assert [(line, code, where) for line, code, _, where in found(tmp_path, rows, "MSG003", "MSG004")] == [
        (1, "MSG004", "/messages/1"),
        (2, "MSG003", "/messages/2"),
        (3, "MSG004", "/messages/1"),
        (3, "MSG003", "/messages/3"),
    ]
    assert ("error", "/messages/2") in [f[2:] for f in found(tmp_path, rows, "MSG003", target="torchtune")]


@pytest.mark.parametrize(
    ("weight", "openai", "generic"),
    [
        (0, None, None), (1, None, None), (True, "error", "warning"), (0.5, "error", "warning"),
        ("1", "error", "warning"), (2, "error", "warning"), ([], "error", "warning"), (10**400, "error", "warning"),
        (1.0, "warning", "warning"), (None, "warning", "warning"), (float("nan"), None, None),
    ],
)  # fmt: skip
def test_weights(tmp_path: Path, weight: Any, openai: str | None, generic: str | None) -> None:
    row = say((U, "a"), {"role": A, "content": "b", "weight": weight}, (U, "c"), (A, "d"))
    for target, severity in (("auto", openai), ("generic", generic)):
        expected = [(1, "MSG010", severity, "/messages/1/weight")] if severity else []
        assert found(tmp_path, [row], "MSG010", target=target) == expected


def test_prompts_and_pairs_have_no_untrained_answers(tmp_path: Path) -> None:
    prompts = [say((S, "Be brief."), (U, f"What is {n} squared?")) for n in range(12)]
    assert [f for f in found(tmp_path, prompts, base=[]) if f[1].startswith("MSG")] == []
    given = [{"role": U, "content": "a"}, {"role": A, "content": "b", "weight": 0}, {"role": U, "content": "c"}]
    pairs = [
        {
            "input": {"messages": given},
            "preferred_output": [{"role": A, "content": f"{n} is fine"}],
            "non_preferred_output": [{"role": A, "content": "no"}],
        }
        for n in range(12)
    ]
    assert [f for f in found(tmp_path, pairs, base=[]) if f[1].startswith("MSG")] == []


def test_a_shared_conversation_with_a_prompt_but_no_answer(tmp_path: Path) -> None:
    row = {"system": "Be brief.", "conversations": [{"from": "human", "value": "Ping?"}]}
    base = [
        {"conversations": [{"from": "human", "value": f"{n}?"}, {"from": "gpt", "value": f"{n}!"}]} for n in range(9)
    ]
    assert found(tmp_path, [row], "MSG001", base=base) == [(1, "MSG001", "error", "/conversations")]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ([{"type": "txt", "text": "a"}], "MSG015"),
        ([{"type": "image"}], "MSG015"),
        ([{"type": "text"}], "SCH001"),
        ([{"text": "a"}], "SCH001"),
        ([{"type": "image_url"}], "SCH001"),
        (["a"], "SCH001"),
        ([], "MSG007"),
    ],
)
def test_one_rule_speaks_of_a_part(tmp_path: Path, content: list[Any], code: str) -> None:
    assert [f[1] for f in found(tmp_path, [say((U, content), (A, "b"))], "MSG", "SCH")] == [code]


USUAL = "You answer questions about the sea in one short sentence."


def with_system(*prompts: str) -> list[Any]:
    return [
        say(*((S, prompt) for prompt in prompts[n : n + 1]), (U, f"{n}?"), (A, f"{n}!")) for n in range(len(prompts))
    ]


def test_one_other_prompt_of_a_dozen(tmp_path: Path) -> None:
    rows = with_system(*[USUAL] * 11, "You are a pirate.")
    assert found(tmp_path, rows, "MSG013", base=[]) == [(12, "MSG013", "warning", "/messages/0/content")]
    rows = with_system(*[USUAL] * 10, *["You are a pirate."] * 2)
    assert found(tmp_path, rows, "MSG013", base=[]) == []


def test_a_prompt_with_the_records_own_context_is_no_warning(tmp_path: Path) -> None:
    rows = with_system(*[USUAL] * 60, *(f"{USUAL} Customer context: ship {n} of the line" for n in range(6)))
    assert {severity for _, _, severity, _ in found(tmp_path, rows, "MSG013", base=[])} == {"info"}


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (say((S, USUAL), (S, "Be brief."), (U, "a"), (A, "b")), ["MSG004"]),
        (say((S, USUAL), (U, "a"), (A, "b"), (S, "Be brief.")), ["MSG002"]),
        (say((S, f"{USUAL[:-1]} \ud83d."), (U, "a"), (A, "b")), ["JSN005"]),
        ({"messages": [{"role": S, "content": USUAL}, "a", {"role": A, "content": "b"}]}, ["SCH001"]),
        ({"messages": [{"role": S, "content": USUAL}, {"role": U, "content": "a"}, "b"]}, ["SCH001"]),
        (say((S, USUAL), (U, "a"), (A, "\u00a0\u200b")), ["MSG006"]),
        (say((S, USUAL), (U, "\u200b"), (A, "b")), ["MSG007"]),
    ],
)
def test_each_fault_is_told_once(tmp_path: Path, row: Any, expected: list[str]) -> None:
    rows = [*with_system(*[USUAL] * 60), row]
    assert [code for _, code, _, _ in found(tmp_path, rows, "MSG", "SCH", "JSN", base=[])] == expected


def test_a_blank_completion_is_an_empty_answer_and_nothing_else(tmp_path: Path) -> None:
    rows: list[Any] = [{"prompt": f"Word {n}\n\n###\n\n", "completion": f" Line {n}. END"} for n in range(60)]
    rows.append({"prompt": "Word 60\n\n###\n\n", "completion": " "})
    assert [code for _, code, _, _ in found(tmp_path, rows, "MSG", "STP", "SEP", base=[])] == ["MSG006"]


def test_one_prompt_that_is_the_separator_for_all(tmp_path: Path) -> None:
    rows = [{"prompt": "\n\n###\n\n", "completion": f" Line {n} of a poem. END"} for n in range(60)]
    assert found(tmp_path, rows, "MSG007", base=[]) == []
