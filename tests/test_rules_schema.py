"""The rules of shape and format on what their cards cannot show: slips and what is none, who is silent, merging."""

from __future__ import annotations

import json
from itertools import permutations
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import curator
from curator import engine, fixing, formats
from curator.checks.formats import Mismatch
from curator.checks.keys import resembles
from curator.inputs import Dataset
from curator.model import Finding, Place, Severity
from curator.settings import Settings

U, A = "user", "assistant"
GOOD = [{"messages": [{"role": U, "content": f"{n}?"}, {"role": A, "content": f"{n} is it."}]} for n in range(20)]
TOOL = {"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}


def check(path: Path, rows: list[Any], **options: Any) -> list[Finding]:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    report = curator.check(path, isolated=True, **options)
    assert report.failures == []
    return list(report.findings)


@pytest.mark.parametrize(
    ("found", "meant"),
    [
        ("message", "messages"), ("mesages", "messages"), ("MESSAGES", "messages"), ("\ufeffmessages", "messages"),
        ("contnet", "content"), ("c ontent", "content"), ("contents", "content"), ("rol", "role"), ("form", "from"),
        ("toolCalls", "tool_calls"), ("tool_call", "tool_calls"), ("tool-calls", "tool_calls"),
        ("desciption", "description"), ("paramters", "parameters"), ("args", "arguments"),
        ("preferred_completion", "preferred_output"),
        ("non_prefered_output", "non_preferred_output"), ("completions", "completion"), ("Prompt", "prompt"),
    ],
)  # fmt: skip
def test_slips(found: str, meant: str) -> None:
    assert resembles(found, meant)


@pytest.mark.parametrize(
    ("found", "meant"),
    [
        ("height", "weight"), ("content_id", "content"), ("contentType", "content"), ("prompt1", "prompt"),
        ("rule", "role"), ("function", "function_call"), ("tool_id", "tool_call_id"),
        ("non_preferred_outputs", "preferred_output"),
        ("reasoning_content", "content"), ("constant", "content"), ("parts", "content"), ("response", "completion"),
        ("conversations", "messages"), ("params", "parameters"), ("m" * 10_000, "messages"),
    ],
)  # fmt: skip
def test_words_of_their_own(found: str, meant: str) -> None:
    assert not resembles(found, meant)


def ask(question: dict[str, Any], answer: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"messages": [question, answer], **more}


ASKED, TOLD = {"role": U, "content": "Ping?"}, {"role": A, "content": "Pong."}
CALLED = {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}


@pytest.mark.parametrize("target", ["auto", "generic"])
@pytest.mark.parametrize(
    "row",
    [
        {"message": [ASKED, TOLD]},
        {"messages ": [ASKED, TOLD]},
        ask({"Role": U, "content": "Ping?"}, TOLD),
        ask({"role": U, "Content": "Ping?"}, TOLD),
        ask(ASKED, {"role": A, "contnet": "Pong."}),
        ask(ASKED, {"role": A, "toolCalls": [CALLED]}, tools=[TOOL]),
        ask(ASKED, {"role": A, "content": None, "tool_call": [CALLED]}, tools=[TOOL]),
        ask(ASKED, TOLD, tool=[TOOL]),
        ask(ASKED, TOLD, tools=[{"type": "function", "Function": TOOL["function"]}]),
        ask({"role": U, "content": [{"type": "text", "txt": "Ping?"}]}, TOLD),
    ],
)
def test_nothing_but_the_misspelled_key_is_reported(tmp_path: Path, row: dict[str, Any], target: str) -> None:
    path = tmp_path / "t.jsonl"
    rules = ["SCH", "MSG", "JSN"]
    findings = check(path, [*GOOD, row], select=rules, target=target)
    assert [(f.code, f.line, f.at) for f in findings] == [("SCH006", 21, "key")]
    path.write_bytes(fixing.apply(path.read_bytes(), findings))
    assert list(curator.check(path, isolated=True, select=rules, target=target).findings) == []


@pytest.mark.parametrize(
    "row",
    [
        ask(
            {**ASKED, "context": "a game", "height": 3, "content_id": "x"},
            {**TOLD, "names": [], "reasoning_content": "…"},
        ),
        ask(ASKED, TOLD, message="a greeting", tool="calculator", functions=[], function_call="auto"),
        ask(ASKED, TOLD, **{f"key{n}": n for n in range(100)}),
    ],
)
def test_other_keys_are_no_slips(tmp_path: Path, row: dict[str, Any]) -> None:
    assert check(tmp_path / "t.jsonl", [*GOOD, row], target="generic", select=["SCH006"]) == []


def test_a_slip_that_nothing_proves_safe_is_not_renamed(tmp_path: Path) -> None:
    rows = [
        ask({"role": U, "Content": "Ping?", "CONTENT": "Ping!"}, TOLD),  # which of them?
        ask({"role": U, "Content": {"text": "Ping?"}}, TOLD),  # no content by its value
    ]
    findings = check(tmp_path / "t.jsonl", [*GOOD, *rows], select=["SCH"])
    assert [(f.code, f.line, f.fixable) for f in findings] == [("SCH006", 21, False), ("SCH006", 22, False)]


def test_unread_records_without_the_other_keys_stay_unrecognised(tmp_path: Path) -> None:
    rows: list[Any] = [{"Prompt": "Ping?"}, {"message": "Ping?"}, {"conversation": [{"input": "a", "output": "b"}]}]
    assert {f.code for f in check(tmp_path / "t.jsonl", rows, select=["SCH"])} == {"SCH005"}


KEYS = st.sampled_from([
    "role", "Role", "content", "contnet", "tool_calls", "toolCalls", "from", "form", "value", "message", "messages",
    "tools", "tool", "function", "arguments", "args", "prompt", "Prompt", "input", "name",
])  # fmt: skip
ODD: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS | st.text(max_size=4), inner, max_size=4),
    max_leaves=12,
)


@given(st.lists(st.dictionaries(KEYS, ODD, max_size=4), min_size=1, max_size=20), st.sampled_from(["auto", "generic"]))
def test_renaming_makes_no_record_unreadable(
    tmp_path_factory: pytest.TempPathFactory, rows: list[dict[str, Any]], target: str
) -> None:
    path = tmp_path_factory.mktemp("keys") / "t.jsonl"
    findings = check(path, [*GOOD, *rows], target=target)
    fixed = fixing.apply(path.read_bytes(), [f for f in findings if f.code == "SCH006"])
    before = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    after = [json.loads(line) for line in fixed.decode().splitlines()]
    for old, new in zip(before, after, strict=True):
        assert _values(old) == _values(new)  # keys change, nothing is lost


def _values(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [_values(inner) for inner in value.values()]
    return [_values(inner) for inner in value] if isinstance(value, list) else [value]


PICTURE = {"role": U, "content": [{"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}]}


def test_mismatch_is_the_same_in_any_order() -> None:
    rows: list[dict[str, Any]] = [
        ask(ASKED, TOLD),
        ask(PICTURE, TOLD),
        ask(PICTURE, TOLD),
        {"prompt": "a", "completion": "b"},
    ]
    examples = [formats.read(row, formats.detect(row), b"", 0) for row in rows]
    model = SimpleNamespace(name="m", kind="chat", vision="no", named=True)
    target = SimpleNamespace(name="t", formats=(), named=False)
    context = SimpleNamespace(conventions=SimpleNamespace(format="openai-chat"), target=target, model=model)
    results = set()
    for order in permutations(range(len(rows))):
        states = [Mismatch() for _ in rows]
        for state, index in zip(states, order, strict=True):
            state.add(examples[index], Place(index))
        for other in states[1:]:
            states[0].merge(other)
        ((place, problem),) = states[0].finish(context)
        results.add((place, problem.pointer, problem.values["count"], problem.variant))
    assert results == {(1, "/messages/0/content/0", 2, "images")}


@pytest.mark.parametrize(
    ("options", "line"),
    [
        ({}, None),
        ({"target": "openai"}, None),
        ({"model": "gpt-4o"}, None),
        ({"model": "ft:gpt-4o-mini-2024-07-18:shop::abc"}, None),
        ({"model": "my-own-model"}, None),
        ({"model": "davinci-002"}, 1),
        ({"model": "ft:davinci-002:shop::abc"}, 1),
    ],
)
def test_only_what_was_named_can_mismatch(tmp_path: Path, options: dict[str, str], line: int | None) -> None:
    findings = check(tmp_path / "t.jsonl", GOOD, select=["SCH007"], **options)
    assert [f.line for f in findings] == ([] if line is None else [line])


def test_keys_of_a_format_that_is_refused_as_a_whole(tmp_path: Path) -> None:
    rows = [
        {"id": n, "conversations": [{"from": "human", "value": "a"}, {"from": "gpt", "value": "b"}]} for n in range(3)
    ]
    findings = check(tmp_path / "t.jsonl", rows, select=["SCH"], target="openai")
    assert [(f.code, f.line, f.message) for f in findings] == [
        ("SCH007", 1, "openai does not take the format sharegpt; convert the file to openai-chat first"),
    ]


PAGE = "https://example.org/a.png"
AS_TEMPLATES_TAKE_IT = {"type": "function", "function": {"name": "f", "arguments": {}}}
RULES_OF_RECORDS = ["SCH", "MSG", "FUN", "JSN"]


@pytest.mark.parametrize(
    "row",
    [
        {
            "messages": [
                ASKED,
                {"role": A, "tool_calls": [AS_TEMPLATES_TAKE_IT]},
                {"role": "tool", "name": "f", "content": "7"},
                TOLD,
            ],
            "tools": [{"type": "function", "function": {"name": "f", "description": None, "parameters": {}}}],
        },
        ask({"role": U, "content": [{"type": "image_url", "image_url": PAGE}]}, TOLD),
        ask({"role": U, "content": [{"type": "image"}, {"type": "text", "text": "What is it?"}]}, TOLD),
        ask(ASKED, TOLD, tools="[]"),
        ask(ASKED, TOLD, tools=json.dumps([TOOL])),
    ],
)
def test_what_only_the_api_refuses(tmp_path: Path, row: dict[str, Any]) -> None:
    for target in ("trl", "generic"):
        findings = check(tmp_path / "t.jsonl", [*GOOD, row], target=target, select=RULES_OF_RECORDS)
        assert [f.code for f in findings if f.severity > Severity.INFO] == []
    assert {f.code for f in check(tmp_path / "t.jsonl", [*GOOD, row])} & {"SCH001", "MSG015"}


def test_an_image_without_its_address_is_wrong_anywhere(tmp_path: Path) -> None:
    row = ask({"role": U, "content": [{"type": "image_url", "image_url": {"detail": "low"}}]}, TOLD)
    for target in ("openai", "generic", "trl"):
        findings = check(tmp_path / "t.jsonl", [*GOOD, row], target=target, select=RULES_OF_RECORDS)
        assert [(f.code, f.line) for f in findings] == [("SCH001", 21)]


@pytest.mark.parametrize("target", ["generic", "trl"])
@pytest.mark.parametrize(
    ("role", "severity"),
    [
        ("ipython", None),
        ("tool_response", None),
        ("developer", None),
        ("moderator", "warning"),
        ("", "error"),
        ("chatgpt", "error"),
    ],
)
def test_roles_without_a_law(tmp_path: Path, role: str, severity: str | None, target: str) -> None:
    row = {"messages": [ASKED, {"role": role, "content": "Hm."}, TOLD]}
    findings = check(tmp_path / "t.jsonl", [*GOOD, row], target=target, select=["SCH"])
    assert [(f.line, f.code, str(f.severity)) for f in findings] == ([(21, "SCH004", severity)] if severity else [])


def test_a_speaker_in_the_place_of_the_answer_is_an_error(tmp_path: Path) -> None:
    says = [{"from": "human", "value": "Ping?"}]
    usual = {"conversations": [*says, {"from": "gpt", "value": "Pong."}]}
    odd = {"conversations": [*says, {"from": "chatbot_x", "value": "Pong."}]}
    extra = {"conversations": [*usual["conversations"], {"from": "narrator", "value": "Night falls."}]}
    findings = check(tmp_path / "t.jsonl", [usual] * 20 + [odd, extra], select=["SCH"])
    assert [(f.line, str(f.severity)) for f in findings] == [(21, "error"), (22, "warning")]


def test_long_keys_are_not_shown_whole(tmp_path: Path) -> None:
    long = "k" * 4_000
    parameters = {"type": "object", "properties": {}, "additionalProperties": False}
    call = {"id": "c", "type": "function", "function": {"name": "f", "arguments": json.dumps({long: 1})}}
    rows = [
        ask(ASKED, {**TOLD, long: 1}, **{long: 1}),
        ask(
            ASKED,
            {"role": A, "tool_calls": [call]},
            tools=[{**TOOL, "function": {"name": "f", "parameters": parameters}}],
        ),
    ]
    messages = [f.message for f in check(tmp_path / "t.jsonl", [*GOOD, *rows], select=["SCH003", "FUN003"])]
    assert len(messages) == 3
    assert all("k" in message and "k" * 41 not in message for message in messages)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({}, "the record is empty: it has no keys"),
        (
            {"train": [ask(ASKED, TOLD)] * 3},
            "no known format has the keys 'train'; 'train' holds 3 of openai-chat",
        ),
        (
            {"url": "/v1", "body": ask(ASKED, TOLD)},
            "no known format has the keys 'body', 'url'; 'body' holds one of openai-chat",
        ),
        (ask(ASKED, TOLD, parallel_tool_calls="yes"), "'parallel_tool_calls' is a text, not true or false"),
        (ask(ASKED, TOLD, tools=5), "'tools' is a number, not an array"),
        (
            {"messages": [ASKED, {"role": "tool", "tool_call_id": "c", "content": None}, TOLD]},
            "'content' is null, not a text",
        ),
        (
            ask({**ASKED, "tool_calls": [CALLED]}, TOLD),
            "openai does not know the key 'tool_calls' in a message of the role 'user': is the role right?",
        ),
        (
            ask({**ASKED, "tool_calls": [], "tool_call_id": ""}, {**TOLD, "tool_call_id": "c"}),
            "openai does not know the key 'tool_call_id' in a message of the role 'assistant': is the role right?",
        ),
    ],
)
def test_messages_are_in_words(tmp_path: Path, row: dict[str, Any], message: str) -> None:
    assert [f.message for f in check(tmp_path / "t.jsonl", [*GOOD, row], select=["SCH"])] == [message]


def test_a_pretty_printed_record_among_the_lines_is_told_once_wherever_it_is_cut(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    tool = {"type": "function", "function": {"name": "f", "parameters": {"type": "string", "enum": ["a", "b", 1.5]}}}
    spread = json.dumps(ask({"role": U, "content": "a, {b}"}, TOLD, tools=[tool]), indent=2)
    cut = '{"messages": [{"role": "user"'
    path.write_text("".join(json.dumps(row) + "\n" for row in GOOD) + f"{spread}\n{spread}\n{cut}\n")
    size = spread.count("\n") + 1
    first = len(GOOD) + 1
    for shard_bytes in (1, 40, 333, 1 << 20):
        report = engine.check(
            [Dataset("t", {"train": (str(path),)}, Settings(select=("JSN",)))], shard_bytes=shard_bytes
        )
        assert [(f.code, f.line) for f in report.findings] == [
            ("JSN001", n) for n in (first, first + size, first + 2 * size)
        ]
        *lines, last = [f.message for f in report.findings]
        assert all("spread over several lines" in message for message in lines)
        assert "spread" not in last
        assert report.inputs[0].unreadable == 2 * size + 1


def test_records_that_lost_their_array_are_told_one_by_one(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    path.write_text("".join(f"  {json.dumps(row)},\n" for row in GOOD))
    found = curator.check(path, isolated=True, select=["JSN"]).findings
    assert [f.line for f in found] == [*range(1, len(GOOD) + 1)]
    assert all(f.fixable for f in found)


def test_pieces_of_a_record_are_told_where_nothing_opens_it(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    rows = [json.dumps(row) for row in GOOD]
    rows[3:3] = ['  "messages": [', '  "a",', '    "b"', "  ]", "}"]
    rows += ['"c"', '  "d"', *rows[:1], '"e": 1']
    path.write_text("\n".join(rows) + "\n")
    found = curator.check(path, isolated=True, select=["JSN"]).findings
    end = len(rows)
    assert [(f.code, f.line) for f in found] == [
        ("JSN001", 4),
        ("JSN002", end - 3),
        ("JSN002", end - 2),
        ("JSN001", end),
    ]


def test_a_record_without_its_opening_brace_is_named_at_its_start(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in GOOD) + json.dumps(ask(ASKED, TOLD))[1:] + "\n")
    (finding,) = curator.check(path, isolated=True, select=["JSN"]).findings
    assert (finding.line, finding.column, finding.values["diagnosis"]) == (21, 1, "the opening { is missing")


@pytest.mark.parametrize(
    ("before", "after", "column", "said"),
    [
        ("data: ", "", 1, "'data:' before the object"),
        ("  \u200b", "", 3, "'\\u200b' before the object"),
        ("17 ", "", 1, "'17' before the object"),
        ("a line of a log, with its time ", "", 1, "text before the object"),
        ("\ufeff", "", 1, "byte order mark inside the file"),
        ("", ";", 0, "';' after the end of the record"),
        ("", "\0", 0, "'\\x00' after the end of the record"),
        ("", " and all that the log says of it", 1, "text after the end of the record"),
    ],
)
def test_what_stands_beside_a_record_is_named(tmp_path: Path, before: str, after: str, column: int, said: str) -> None:
    path, row = tmp_path / "t.jsonl", json.dumps(ask(ASKED, TOLD))
    path.write_text("".join(json.dumps(row) + "\n" for row in GOOD) + before + row + after + "\n", encoding="utf-8")
    (finding,) = curator.check(path, isolated=True, select=["JSN"]).findings
    assert finding.values["diagnosis"] == said
    assert finding.column == (column if before else len(row) + 1 + column)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("<<<<<<< HEAD", "a mark that a merge conflict left"),
        ("=======", "a mark that a merge conflict left"),
        (">>>>>>> 1c2d3e4 (more data)", "a mark that a merge conflict left"),
        ("========", "not JSON"),
        ('"{""prompt"": ""a"", ""completion"": ""b""}"', "quoted as a cell of a table"),
    ],
)
def test_lines_that_no_program_wrote_as_json_are_named(tmp_path: Path, line: str, said: str) -> None:
    path = tmp_path / "t.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in GOOD) + line + "\n")
    (finding,) = curator.check(path, isolated=True, select=["JSN"]).findings
    assert (finding.line, finding.column, finding.values["diagnosis"]) == (21, 1, said)


def test_a_code_fence_around_the_records_is_named(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    path.write_text("```json\n" + "".join(json.dumps(row) + "\n" for row in GOOD) + "```\n")
    found = curator.check(path, isolated=True, select=["JSN"]).findings
    said = "a Markdown code fence instead of JSON"
    assert [(f.line, f.values["diagnosis"]) for f in found] == [(1, said), (22, said)]


def test_no_conversion_is_advised_that_would_lose_half_of_each_record(tmp_path: Path) -> None:
    other = {"role": A, "content": "No idea."}
    pairs = [{"input": {"messages": [ASKED]}, "preferred_output": [TOLD], "non_preferred_output": [other]}] * 10
    (finding,) = check(tmp_path / "t.jsonl", pairs, select=["SCH007"], target="mistral")
    assert finding.message.endswith("; openai-chat, which it takes, cannot hold these records whole")


@pytest.mark.parametrize(
    ("second", "code", "pointer"),
    [
        ({"role": A, "content": "Hello."}, None, ""),
        ({"role": "gpt", "content": "Hello."}, None, ""),
        ({"role": A, "content": ""}, "MSG006", "/conversations/1/content"),
        ({"role": A, "content": None}, "MSG008", "/conversations/1/content"),
        ({"role": A, "content": 5}, "SCH001", "/conversations/1/content"),
        ({"role": "asistant", "content": "Hello."}, "SCH004", "/conversations/1/role"),
        ({"role": U, "contnet": "Hello."}, "SCH001", "/conversations/1"),
    ],
)
def test_conversations_of_roles_and_contents_are_read(
    tmp_path: Path, second: dict[str, Any], code: str | None, pointer: str
) -> None:
    rows = [{"conversations": row["messages"]} for row in GOOD]
    rows.append({"conversations": [ASKED, second, {"role": A, "content": "And so on."}]})
    found = check(tmp_path / "t.jsonl", rows, ignore=["DAT002", "MSG005"])
    assert [(f.code, f.line, f.pointer) for f in found] == ([(code, 21, pointer)] if code else [])
