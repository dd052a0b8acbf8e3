"""Every format makes the same kind of example, and its pointers lead back to the text they came from."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curator import formats
from curator.frequent import Frequent
from curator.locate import locate, parse_pointer
from curator.model import Example, Turn

CALL = {"name": "get_weather", "arguments": {"city": "Bergen"}}
DECLARED = [{"name": "get_weather", "description": "Weather.", "parameters": {"type": "object"}}]
MESSAGES = [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "Hi"}]

RECORDS: dict[str, dict[str, Any]] = {
    "openai-chat": {"messages": [*MESSAGES, {"role": "assistant", "content": "Hello"}]},
    "openai-completion": {"prompt": "Hi ->", "completion": " Hello"},
    "openai-reinforcement": {"messages": [*MESSAGES, {"role": "assistant", "content": "?"}, MESSAGES[1]], "answer": 3},
    "openai-preference": {
        "input": {"messages": [*MESSAGES, {"role": "assistant", "content": "Yes?"}, MESSAGES[1]]},
        "preferred_output": [{"role": "assistant", "content": "Hello"}],
        "non_preferred_output": [{"role": "assistant", "content": "What"}],
    },
    "alpaca": {
        "system": "Be kind.", "history": [["Hm?", "Hm."]], "instruction": "Greet", "input": "Ann", "output": "Hello",
    },
    "sharegpt": {
        "conversations": [
            {"from": "system", "value": "Be kind."},
            {"from": "human", "value": "Weather?"},
            {"from": "function_call", "value": json.dumps(CALL)},
            {"from": "observation", "value": "11"},
            {"from": "gpt", "value": "Hello"},
        ],
        "tools": json.dumps(DECLARED),
    },
}  # fmt: skip


def read(name: str) -> Example:
    return formats.read(RECORDS[name], name, b"", 0)


def turns(example: Example) -> Iterator[Turn]:
    yield from example.turns
    yield from example.rejected


@pytest.mark.parametrize("name", RECORDS)
def test_pointers_lead_back_to_the_text(name: str) -> None:
    record = RECORDS[name]
    raw = json.dumps(record).encode()
    for turn in turns(read(name)):
        found = locate(raw, turn.text_pointer)
        text = json.loads(raw[found.start : found.end])
        assert turn.text == text if turn.is_one_text else turn.text.startswith(text)


@pytest.mark.parametrize(
    ("name", "roles", "trained"),
    [
        ("openai-chat", "system user assistant", "Hello"),
        ("openai-completion", "user assistant", " Hello"),
        ("openai-reinforcement", "system user assistant user", None),
        ("openai-preference", "system user assistant user assistant", "Hello"),
        ("alpaca", "system user assistant user assistant", "Hello"),
        ("sharegpt", "system user assistant tool assistant", "Hello"),
    ],
)
def test_turns_have_the_usual_roles_and_the_answer_is_the_last_trained_one(
    name: str, roles: str, trained: str | None
) -> None:
    example = read(name)
    assert " ".join(turn.role for turn in example.turns) == roles
    assert (example.answer.text if example.answer else None) == trained


def test_a_preference_record_trains_the_preferred_output_alone() -> None:
    example = read("openai-preference")
    assert [turn.pointer for turn in example.turns if turn.trained] == ["/preferred_output/0"]
    assert [turn.text for turn in example.rejected] == ["What"]


def test_calls_and_declarations_inside_a_text() -> None:
    example = read("sharegpt")
    (call,) = example.turns[2].calls
    assert (call.name, call.arguments) == ("get_weather", {"city": "Bergen"})
    assert call.place("/arguments/city") == ("/conversations/2/value", "/arguments/city")
    (tool,) = example.tools
    assert tool.place("/parameters") == ("/tools", "/0/parameters")


def test_a_call_inside_a_text_that_is_no_json() -> None:
    record = {"conversations": [{"from": "function_call", "value": '{"name": "f"'}]}
    (call,) = formats.read(record, "sharegpt", b"", 0).turns[0].calls
    assert (call.broken, call.arguments, call.place("/arguments")) == (
        True,
        '{"name": "f"',
        ("/conversations/0/value", None),
    )


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@given(st.sampled_from(sorted(RECORDS)), st.data())
def test_odd_records_make_examples(name: str, data: st.DataObject) -> None:
    """Any value in any place of a record: what is malformed is left out, nothing raises."""
    record = json.loads(json.dumps(RECORDS[name]))
    places = [pointer for pointer in _pointers(record) if pointer]
    *path, key = parse_pointer(data.draw(st.sampled_from(places)))
    parent = record
    for part in path:
        parent = parent[int(part) if isinstance(parent, list) else part]
    parent[int(key) if isinstance(parent, list) else key] = data.draw(json_values)
    example = formats.read(record, name, b"", 0)
    for turn in turns(example):
        assert isinstance(turn.text, str)
        locate(json.dumps(record).encode(), turn.text_pointer)


def _pointers(value: Any, at: str = "") -> Iterator[str]:
    yield at
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from _pointers(item, f"{at}/{key}")


@given(st.lists(st.sampled_from("aaaaabbbcdefgh"), max_size=200), st.integers(2, 12))
def test_every_frequent_text_is_kept(texts: list[str], slots: int) -> None:
    frequent = Frequent(slots)
    for text in texts:
        frequent.add(text)
    counts = Counter(texts)
    expected = {text: count / len(texts) for text, count in counts.items() if count * slots > len(texts)}
    assert dict(frequent.above(1 / slots)) == expected
    assert len(frequent.counts) == len(counts)


def test_turns_of_sharegpt_may_have_role_and_content() -> None:
    message = {"role": "gpt", "content": "Hello", "tool_calls": [{"id": "a", "function": CALL}]}
    record = {"conversations": [MESSAGES[1], message, {"from": "human", "value": "Bye"}]}
    example = formats.read(record, "sharegpt", b"", 0)
    told = [(turn.role, turn.text, turn.trained, turn.text_pointer) for turn in example.turns]
    assert told == [
        ("user", "Hi", False, "/conversations/0/content"),
        ("assistant", "Hello", True, "/conversations/1/content"),
        ("user", "Bye", False, "/conversations/2/value"),
    ]
    assert [call.name for call in example.turns[1].calls] == ["get_weather"]


@pytest.mark.parametrize(
    ("record", "name"),
    [
        (
            {"schemaVersion": "bedrock-conversation-2024", "messages": [{"role": "user", "content": []}]},
            "bedrock-converse",
        ),
        ({"contents": [{"role": "user", "parts": [{"text": "Hi"}]}]}, "vertex"),
        ({"systemInstruction": {"parts": []}, "contents": []}, "vertex"),
        ({"messages": []}, "openai-chat"),
        ({"content": "Hi"}, ""),
    ],
)
def test_formats_of_other_providers_are_told_from_those_that_have_rules(record: dict[str, Any], name: str) -> None:
    assert formats.detect(record) == name
    assert formats.understood(name) == (name == "openai-chat")
