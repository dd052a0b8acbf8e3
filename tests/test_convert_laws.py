"""There and back: every line of the table in docs/convert.md that says "same" is a law here."""

from __future__ import annotations

import re
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curator.conversion import exact
from curator.conversion.conversation import Options
from curator.conversion.exact import Number
from curator.conversion.formats import FORMATS, read, write
from curator.conversion.refusal import Refusal

DOCS = (Path(__file__).parent.parent / "docs" / "convert.md").read_text(encoding="utf-8")

# A low surrogate that stands alone: the two of a pair would become one character when they are read.
letters = st.characters(exclude_categories=["Cs"]) | st.just("\udfff")
texts = st.text(letters, max_size=12)
filled = st.text(letters, min_size=1, max_size=12)
numbers = st.integers(-(10**30), 10**30).map(str) | st.sampled_from(
    ["1.10", "1e400", "-0.0", "1E-7", "0.1000000000000001"]
)
values = st.recursive(
    st.none() | st.booleans() | numbers.map(Number) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)
objects = st.dictionaries(texts, values, max_size=3)
functions = st.fixed_dictionaries({"name": filled, "description": texts, "parameters": objects})
tools = st.lists(functions.map(lambda function: {"type": "function", "function": function}), max_size=2)


@st.composite
def conversations(
    draw: st.DrawFn,
    *,
    form: str = "string",
    own_ids: bool = False,
    calls: bool = True,
    turns: int = 3,
    end: str = "assistant",
) -> list[dict[str, Any]]:
    """Messages: perhaps a system prompt, then questions with answers, between them calls with their results."""
    messages: list[dict[str, Any]] = []
    numbered = count(1)
    if draw(st.booleans()):
        messages.append({"role": "system", "content": draw(filled)})
    for _ in range(draw(st.integers(1, turns))):
        messages.append({"role": "user", "content": draw(filled)})
        if calls and draw(st.booleans()):
            made = []
            for _ in range(draw(st.integers(1, 2))):
                arguments = draw(objects)
                call_id = f"call{next(numbered):05}" if own_ids else f"{draw(texts)}/{next(numbered)}"
                function = {"name": draw(filled), "arguments": arguments if form == "object" else exact.text(arguments)}
                made.append({"id": call_id, "type": "function", "function": function})
            messages.append({"role": "assistant", "content": None, "tool_calls": made})
            messages += [{"role": "tool", "tool_call_id": call["id"], "content": draw(texts)} for call in made]
        messages.append({"role": "assistant", "content": draw(texts)})
    return messages if end == "assistant" else messages[:-1]


def chats(**how: Any) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({"messages": conversations(**how)}, optional={"tools": tools})


def asked(**how: Any) -> st.SearchStrategy[list[dict[str, Any]]]:
    """Messages that wait for an answer."""
    return conversations(end="user", **how)


answers = texts.map(lambda text: [{"role": "assistant", "content": text}])
said = st.builds(
    lambda name, arguments: f'{{"name": {exact.text(name)}, "arguments": {exact.text(arguments)}}}', filled, objects
)


@st.composite
def sharegpt_turns(draw: st.DrawFn) -> list[dict[str, Any]]:
    turns = [{"from": "system", "value": draw(filled)}] if draw(st.booleans()) else []
    for _ in range(draw(st.integers(1, 3))):
        turns.append({"from": "human", "value": draw(texts)})
        if draw(st.booleans()):
            turns.append({"from": "function_call", "value": draw(said)})
            turns.append({"from": "observation", "value": draw(texts)})
        turns.append({"from": "gpt", "value": draw(texts)})
    return turns


def untrained(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The messages with weight 0 on every answer but the last."""
    weigh = lambda message: {**message, "weight": Number("0")} if message["role"] == "assistant" else message  # noqa: E731
    return [*map(weigh, messages[:-1]), messages[-1]]


alpacas = st.fixed_dictionaries(
    {"instruction": texts, "input": st.just(""), "output": texts},
    optional={
        "system": filled,
        "history": st.lists(st.tuples(texts, texts).map(list), min_size=1, max_size=2),
        "tools": st.lists(functions, max_size=2).map(exact.text),
    },
)
shared = st.fixed_dictionaries(
    {"conversations": sharegpt_turns()}, optional={"tools": st.lists(functions, max_size=2).map(exact.text)}
)
ranked = st.fixed_dictionaries(
    {
        "conversations": sharegpt_turns().map(lambda turns: turns[:-1]),
        "chosen": texts.map(lambda text: {"from": "gpt", "value": text}),
        "rejected": texts.map(lambda text: {"from": "gpt", "value": text}),
    }
)
FRAMED = Options(system="Be brief.", separators=("\n\n###\n\n",), start=" ", stop=" END")
completions = st.fixed_dictionaries(
    {"prompt": filled.map(lambda text: text + "\n\n###\n\n"), "completion": texts.map(lambda text: f" {text} END")}
)
one_turn = conversations(calls=False, turns=1).map(
    lambda messages: {"messages": [{"role": "system", "content": "Be brief."}, *messages[-2:]]}
)
preferred = st.fixed_dictionaries(
    {
        "input": st.fixed_dictionaries(
            {"messages": asked()}, optional={"tools": tools, "parallel_tool_calls": st.booleans()}
        ),
        "preferred_output": answers,
        "non_preferred_output": answers,
    }
)
simply_preferred = st.fixed_dictionaries(
    {
        "input": st.fixed_dictionaries({"messages": asked(own_ids=True)}, optional={"tools": tools}),
        "preferred_output": answers,
        "non_preferred_output": answers,
    }
)
trl_preferences = st.fixed_dictionaries(
    {"prompt": asked(form="object"), "chosen": answers, "rejected": answers}, optional={"tools": tools}
)
plain_preferences = st.fixed_dictionaries({"prompt": filled, "chosen": texts, "rejected": texts})
trl_prompts = st.fixed_dictionaries({"prompt": asked(form="object"), "completion": answers}, optional={"tools": tools})

# The line of the table -> records, where they go, and how; the way back has the same options where none are named.
LAWS: dict[tuple[str, str], tuple[st.SearchStrategy[dict[str, Any]], Options, Options | None]] = {
    ("alpaca", "openai-chat"): (alpacas, Options(), None),
    ("openai-chat", "alpaca"): (chats(calls=False), Options(), None),
    ("sharegpt", "openai-chat"): (shared, Options(), None),
    ("openai-chat", "sharegpt"): (chats(own_ids=True), Options(), None),
    ("openai-completion", "openai-chat"): (completions, FRAMED, None),
    ("openai-chat", "openai-completion"): (one_turn, FRAMED, None),
    ("trl-prompt-completion", "openai-chat"): (trl_prompts, Options(), None),
    ("openai-chat", "trl-prompt-completion"): (
        chats().map(lambda record: {**record, "messages": untrained(record["messages"])}), Options(), None,
    ),
    ("openai-preference", "trl-preference"): (preferred, Options(), None),
    ("trl-preference", "openai-preference"): (trl_preferences, Options(), None),
    ("trl-preference, texts", "openai-preference"): (plain_preferences, Options(), Options(plain=True)),
    ("sharegpt, ranked", "openai-preference"): (ranked, Options(), None),
    ("openai-preference", "sharegpt"): (simply_preferred, Options(), None),
    ("text", "openai-completion"): (st.fixed_dictionaries({"text": texts}), Options(), None),
    ("openai-completion, empty prompts", "text"): (
        st.fixed_dictionaries({"prompt": st.just(""), "completion": texts}), Options(), None,
    ),
    ("openai-chat, arguments as text", "openai-chat, as object"): (
        chats(), Options(arguments="object"), Options(arguments="string"),
    ),
    ("openai-chat, arguments as object", "openai-chat, as text"): (
        chats(form="object"), Options(arguments="string"), Options(arguments="object"),
    ),
}  # fmt: skip


def carried(record: dict[str, Any], to: str, options: Options) -> dict[str, Any]:
    """The record as it is read from a line, and as it stands in the line that is written."""
    made = write(read(exact.read(exact.line(record).strip()), options), to.partition(",")[0], options)
    found: dict[str, Any] = exact.read(exact.line(made).strip())
    return found


def spelled(record: dict[str, Any]) -> dict[str, str]:
    """Every key with its value as it is spelled; only the order of the record's own keys (and its input's) is free."""
    given = record["input"] if isinstance(record.get("input"), dict) else {}
    return {key: exact.text(value) for key, value in (record | given).items() if value is not given}


@pytest.mark.parametrize("line", LAWS, ids=" -> ".join)
def test_there_and_back_is_the_same_record(line: tuple[str, str]) -> None:
    records, there, back = LAWS[line]

    @settings(max_examples=60)
    @given(records)
    def law(record: dict[str, Any]) -> None:
        middle = carried(record, line[1], there)
        again = carried(middle, line[0], back or there)
        assert spelled(again) == spelled(record)

    law()


def test_the_table_of_the_docs_and_the_laws_are_one() -> None:
    rows = re.findall(r"^\| `([^|]+?)`([^|]*)\| `([^|]+?)`([^|]*)\| ([^|]*)\|", DOCS, re.MULTILINE)
    same = {(source + more.rstrip(), to + rest.rstrip()) for source, more, to, rest, back in rows if "same" in back}
    assert same == set(LAWS)


roles = st.sampled_from(
    ["system", "user", "assistant", "tool", "function", "human", "gpt", "function_call", "observation", ""]
)
call_like = st.dictionaries(
    st.sampled_from(["id", "type", "function", "name", "arguments"]), values | objects, max_size=4
)
message_like = st.dictionaries(
    st.sampled_from(
        ["role", "from", "content", "value", "tool_calls", "function_call", "tool_call_id", "weight", "name"]
    ),
    values | roles | said | call_like | st.lists(call_like, max_size=2),
    max_size=5,
)
parts = (
    values
    | texts
    | st.lists(message_like, max_size=3)
    | message_like
    | st.lists(st.lists(texts, max_size=2), max_size=2)
)
keys = sorted({
    "messages", "tools", "functions", "prompt", "completion", "system", "instruction", "input", "output", "history",
    "conversations", "chosen", "rejected", "preferred_output", "non_preferred_output", "text", "label",
    "parallel_tool_calls",
})  # fmt: skip


@st.composite
def spoiled(draw: st.DrawFn) -> dict[str, Any]:
    """A good record of some format with one of its values, at any depth, missing or replaced by something odd."""
    record = draw(st.one_of([records for records, _, _ in LAWS.values()]))
    whole: Any = {"": record}
    place, key = whole, ""
    while (draw(st.booleans()) or place is whole) and isinstance(place[key], dict | list) and place[key]:
        place = place[key]
        key = draw(st.sampled_from(sorted(place) if isinstance(place, dict) else range(len(place))))
    if draw(st.booleans()):
        del place[key]
    else:
        place[key] = draw(parts | roles)
    return record


@settings(max_examples=400)
@given(
    st.dictionaries(st.sampled_from(keys), parts, max_size=6) | spoiled(),
    st.sampled_from(sorted(FORMATS)),
    st.booleans(),
)
def test_an_odd_record_is_carried_over_or_refused_and_nothing_else(
    record: dict[str, Any], to: str, plain: bool
) -> None:
    with suppress(Refusal):
        assert isinstance(carried(record, to, Options(plain=plain, system="S", separators=("#",))), dict)


@given(values)
def test_json_is_written_as_it_was_read(value: Any) -> None:
    line = exact.line(value).strip()
    assert exact.line(exact.read(line)).strip() == line


def refused(record: dict[str, Any], to: str, options: Options | None = None) -> str:
    with pytest.raises(Refusal) as raised:
        carried(record, to, options or Options())
    return str(raised.value)


def user(content: Any = "Hi") -> dict[str, Any]:
    return {"role": "user", "content": content}


def bot(content: Any = "Hello", **more: Any) -> dict[str, Any]:
    return {"role": "assistant", "content": content, **more}


WEIGHTLESS = {"messages": [user(), bot(weight=Number("0")), user(), bot()]}
CALL = {"id": "x", "type": "function", "function": {"name": "f", "arguments": "{}"}}


@pytest.mark.parametrize(
    ("record", "to", "reason"),
    [
        (
            {"messages": [user(), bot(), user(), bot()]},
            "openai-completion",
            "several turns cannot become prompt and completion",
        ),
        ({"messages": [{"role": "system", "content": "S"}, user(), bot()]}, "openai-completion", "--inline-system"),
        (
            {"messages": [user(), bot()], "tools": [{"type": "function", "function": {"name": "f"}}]},
            "openai-completion",
            "declared functions",
        ),
        ({"messages": [user()]}, "openai-completion", "the last message is the user's: there is no answer"),
        ({"messages": [user(), bot()]}, "openai-preference", "no pair of a chosen and a rejected answer"),
        (
            {"messages": [user([{"type": "image_url", "image_url": {"url": "x"}}]), bot()]},
            "alpaca",
            "the content of /messages/0 is no text",
        ),
        (
            {"messages": [user(), bot(None, tool_calls=[CALL])]},
            "alpaca",
            "/messages/1 has 'tool_calls', which has no place",
        ),
        (WEIGHTLESS, "sharegpt", "/messages/1 has weight 0, and would be trained there"),
        ({"messages": [user(), bot(), user(), bot()]}, "trl-prompt-completion", "several answers are trained"),
        ({"messages": [user(), bot("Wait.", tool_calls=[CALL])]}, "sharegpt", "a text beside its calls"),
        ({"messages": [user(), {"role": "developer", "content": "x"}, bot()]}, "sharegpt", "role 'developer'"),
        (
            {"conversations": [{"from": "alice", "value": "x"}]},
            "openai-chat",
            "/conversations/0 is from 'alice', which is no known speaker",
        ),
        (
            {"conversations": [{"from": "human", "value": "x"}, {"from": "function_call", "value": "{"}]},
            "openai-chat",
            "the call in /conversations/1: no valid JSON",
        ),
        (
            {"conversations": [{"from": "human", "value": "x"}, {"from": "observation", "value": "1"}]},
            "openai-chat",
            "/conversations/1 is a result",
        ),
        ({"prompt": [user()], "completion": [bot()], "label": True}, "openai-chat", "a verdict"),
        ({"chosen": "a b", "rejected": "a c"}, "openai-preference", "there is no 'prompt'"),
        ({"prompt": "p", "completion": "c"}, "text", "no place for more than an answer"),
        ({"prompt": "", "completion": "c"}, "openai-chat", "the prompt is empty"),
        ({"prompt": "p", "completion": Number("1")}, "openai-chat", "'completion' is no text"),
        ({"instruction": "i", "input": "x"}, "openai-chat", "there is no 'output'"),
        (
            {
                "messages": [
                    user(),
                    bot(None, tool_calls=[{**CALL, "function": {"name": "f", "arguments": "{'a': 1}"}}]),
                ]
            },
            "trl-prompt-completion",
            "the arguments of a call in /messages/1: no valid JSON",
        ),
        (
            {"messages": [user(), {"role": "function", "name": "f", "content": "1"}]},
            "openai-chat",
            "a function that was not called",
        ),
        ({"messages": []}, "openai-chat", "'messages' is no list of messages"),
        ({"messages": [{"from": "human", "value": "x"}]}, "openai-chat", "/messages/0 has no role"),
        ({"chosen_messages": []}, "openai-chat", "llamafactory-v1 is a format that cannot be converted"),
        ({"q": "x"}, "openai-chat", "no known format"),
    ],
)
def test_what_has_no_place_is_refused_with_the_reason(record: dict[str, Any], to: str, reason: str) -> None:
    assert reason in refused(record, to)


NAMED = bot(name="Bob")


@pytest.mark.parametrize(
    ("record", "to", "at"),
    [
        ({"messages": [user(), NAMED]}, "sharegpt", "/messages/1"),
        ({"messages": [{"role": "system", "content": "S"}, user(), NAMED]}, "alpaca", "/messages/2"),
        (
            {
                "input": {"messages": [{**user(), "name": "Al"}]},
                "preferred_output": [bot()],
                "non_preferred_output": [bot()],
            },
            "sharegpt",
            "/input/messages/0",
        ),
        (
            {"input": {"messages": [user()]}, "preferred_output": [bot()], "non_preferred_output": [NAMED]},
            "sharegpt",
            "/non_preferred_output/0",
        ),
        ({"prompt": [user()], "chosen": [user(), bot()], "rejected": [user(), NAMED]}, "sharegpt", "/rejected/1"),
        ({"prompt": "Hi", "completion": [NAMED]}, "alpaca", "/completion/0"),
        ({"messages": [user(), bot(function_call={"name": "f", "arguments": "{}"})]}, "alpaca", "/messages/1"),
        ({"prompt": [user(), NAMED, user()], "completion": [bot()]}, "sharegpt", "/prompt/1"),
    ],
)
def test_a_refused_message_is_named_by_where_it_stands_in_its_record(record: dict[str, Any], to: str, at: str) -> None:
    # The added system prompt, and the answers that go on from an input, do not shift the places.
    assert refused(record, to, Options(system="S")).startswith(f"{at} has ")


@pytest.mark.parametrize(
    ("record", "to", "options", "made"),
    [
        (
            {"instruction": "Translate", "input": "Haus", "output": "house"},
            "openai-chat",
            Options(system="S"),
            {"messages": [{"role": "system", "content": "S"}, user("Translate\nHaus"), bot("house")]},
        ),
        (
            {"messages": [{"role": "system", "content": "S"}, user(), bot()]},
            "openai-completion",
            Options(inline_system=True),
            {"prompt": "S\n\nHi", "completion": "Hello"},
        ),
        (
            {
                "messages": [
                    user(),
                    {"role": "assistant", "content": None, "function_call": {"name": "f", "arguments": '{"a":1}'}},
                    {"role": "function", "name": "f", "content": "2"},
                    bot(),
                ],
                "functions": [{"name": "f"}],
            },
            "openai-chat",
            Options(),
            {
                "messages": [
                    user(),
                    {
                        "role": "assistant",
                        "content": None,
                        "tool_calls": [
                            {"id": "call00001", "type": "function", "function": {"name": "f", "arguments": '{"a":1}'}}
                        ],
                    },
                    {"role": "tool", "tool_call_id": "call00001", "content": "2"},
                    bot(),
                ],
                "tools": [{"type": "function", "function": {"name": "f"}}],
            },
        ),
        (
            {
                "messages": [
                    user(),
                    bot(None, tool_calls=[{"function": {"name": "f", "arguments": {"n": Number("1e400")}}}]),
                    {"role": "tool", "content": "2"},
                    bot(),
                ]
            },
            "openai-chat",
            Options(),
            {
                "messages": [
                    user(),
                    bot(
                        None,
                        tool_calls=[
                            {
                                "id": "call00001",
                                "type": "function",
                                "function": {"name": "f", "arguments": '{"n": 1e400}'},
                            }
                        ],
                    ),
                    {"role": "tool", "tool_call_id": "call00001", "content": "2"},
                    bot(),
                ]
            },
        ),
        (
            {"prompt": "p", "chosen": [user("p"), bot("a")], "rejected": [user("p"), bot("b")]},
            "openai-preference",
            Options(),
            {"input": {"messages": [user("p")]}, "preferred_output": [bot("a")], "non_preferred_output": [bot("b")]},
        ),
        (
            {"chosen": [user("p"), bot("a")], "rejected": [user("p"), bot("b")]},
            "trl-preference",
            Options(plain=True),
            {"prompt": "p", "chosen": "a", "rejected": "b"},
        ),
        (
            {
                "conversations": [{"from": "human", "value": "p"}],
                "chosen": "a",
                "rejected": {"from": "gpt", "value": "b"},
            },
            "openai-preference",
            Options(),
            {"input": {"messages": [user("p")]}, "preferred_output": [bot("a")], "non_preferred_output": [bot("b")]},
        ),
        (
            {"prompt": [user(), bot(), user("And?")], "completion": [bot("No.")]},
            "openai-chat",
            Options(),
            {"messages": [user(), bot(weight=Number("0")), user("And?"), bot("No.")]},
        ),
    ],
)
def test_conversions(record: dict[str, Any], to: str, options: Options, made: dict[str, Any]) -> None:
    assert exact.text(carried(record, to, options)) == exact.text(made)
