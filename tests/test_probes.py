# ruff: noqa: E501
"""One planted fault a file, as users have them: found at its line by the right rule; valid rows stay silent.

Written from the catalogue (RULES.md) and from what users report (FACTS.md), not from the code.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import curator
from curator.model import Finding, Severity

U, A, S, T = "user", "assistant", "system", "tool"
TOPICS = (
    "bread", "rivers", "violins", "glaciers", "chess", "copper", "bees", "maps", "lanterns", "soap", "kites", "salt",
    "tides", "clocks", "paper", "wolves", "bridges", "tea", "marble", "comets", "ink", "canals", "wool", "cedars",
    "drums", "moss", "anchors", "honey", "silk", "volcanoes",
)  # fmt: skip
VERBS = ("matter", "change over time")


def say(*turns: tuple[str, Any], **more: Any) -> dict[str, Any]:
    return {"messages": [{"role": role, "content": content} for role, content in turns], **more}


CHAT = [
    say(
        (U, f"Why do {topic} {verb}?"),
        (A, f"In short, {topic} {verb} for {n} reasons; the first is how {topic} are made."),
    )
    for n, (topic, verb) in enumerate((t, v) for v in VERBS for t in TOPICS)
]
COMPLETION = [
    {"prompt": f"{topic} that {verb}\n\n###\n\n", "completion": f" A line about {topic} and number {n}. END"}
    for n, (topic, verb) in enumerate((t, v) for v in VERBS for t in TOPICS)
]
WORDS = ("positive", "negative", "neutral")
LABELS = [
    {"prompt": f"Review {n} of the {TOPICS[n % 30]} shop, visit {n * 7} ->", "completion": f" {WORDS[n % 3]}"}
    for n in range(330)
]
CITY = {
    "type": "object",
    "properties": {
        "city": {"type": "string", "description": "Name."},
        "unit": {"type": "string", "description": "Unit.", "enum": ["celsius", "fahrenheit"]},
    },
    "required": ["city", "unit"],
    "additionalProperties": False,
}
WEATHER = {
    "type": "function",
    "function": {"name": "get_weather", "description": "Weather at a place.", "parameters": CITY},
}


def call(arguments: Any, name: str = "get_weather", id: Any = "call00001", **more: Any) -> dict[str, Any]:
    function = {"name": name, "arguments": arguments}
    return {"id": id, "type": "function", "function": function, **more}


def calls(*made: dict[str, Any], content: Any = None) -> dict[str, Any]:
    return {"role": A, "content": content, "tool_calls": list(made)}


def result(text: str = "11 degrees", id: Any = "call00001") -> dict[str, Any]:
    return {"role": T, "tool_call_id": id, "content": text}


def ask(*messages: dict[str, Any], tools: Any = (WEATHER,), end: bool = True, town: str = "Bergen") -> dict[str, Any]:
    turns = [{"role": U, "content": f"How warm is {town}?"}, *messages]
    if end:
        turns.append({"role": A, "content": f"It is mild in {town}."})
    record: dict[str, Any] = {"messages": turns}
    if tools is not None:
        record["tools"] = list(tools) if isinstance(tools, tuple) else tools
    return record


GOOD_ARGUMENTS = '{"city": "Bergen", "unit": "celsius"}'
TOOLS = [
    ask(
        calls(call(json.dumps({"city": f"{t.title()} {v}", "unit": "celsius"}))),
        result(f"{n} degrees"),
        town=f"{t} {v}",
    )
    for n, (t, v) in enumerate((t, v) for v in ("north", "south") for t in TOPICS)
]
PREFERENCE = [
    {
        "input": {"messages": [{"role": U, "content": f"Tell me about {topic} that {verb}."}]},
        "preferred_output": [{"role": A, "content": f"Gladly: {topic} {verb} in {n} ways."}],
        "non_preferred_output": [{"role": A, "content": f"No idea about {topic} ({n})."}],
    }
    for n, (topic, verb) in enumerate((t, v) for v in VERBS for t in TOPICS)
]
PROMPTS = [say((U, f"Solve riddle {n} on {TOPICS[n % 30]}."), answer=f"{n}") for n in range(60)]
ALPACA = [
    {"instruction": f"Describe {topic}.", "input": "", "output": f"Things that {verb}: {topic}, {n} times."}
    for n, (topic, verb) in enumerate((t, v) for v in VERBS for t in TOPICS)
]
SHAREGPT = [
    {
        "conversations": [
            {"from": "human", "value": f"Why do {t} {v}?"},
            {"from": "gpt", "value": f"{t} {v}: {n} reasons."},
        ]
    }
    for n, (t, v) in enumerate((t, v) for v in VERBS for t in TOPICS)
]
SYSTEM = "You answer questions about nature in one short sentence."
WITH_SYSTEM = [{"messages": [{"role": S, "content": SYSTEM}, *row["messages"]]} for row in CHAT]
JSON_ANSWERS = [say((U, f"Extract {t} {v}."), (A, json.dumps({"topic": t, "verb": v}))) for v in VERBS for t in TOPICS]


def check(folder: Path, rows: list[Any], **options: Any) -> list[Finding]:
    """Findings in a file of these rows; a text is a line as it stands."""
    path = folder / options.pop("name", "train.jsonl")
    lines = [
        row if isinstance(row, bytes) else (row if isinstance(row, str) else json.dumps(row)).encode() for row in rows
    ]
    path.write_bytes(b"".join(line + b"\n" for line in lines))
    report = curator.check(path, isolated=True, **options)
    assert report.failures == []
    return list(report.findings)


def test_the_clean_files_are_clean(tmp_path: Path) -> None:
    for rows in (CHAT, COMPLETION, LABELS, TOOLS, PREFERENCE, PROMPTS, ALPACA, SHAREGPT, WITH_SYSTEM, JSON_ANSWERS):
        found = check(tmp_path, rows)
        assert [(f.code, f.line, f.message) for f in found if f.severity > Severity.INFO] == []


def weigh(row: dict[str, Any], index: int, weight: Any) -> dict[str, Any]:
    messages = [dict(message) for message in row["messages"]]
    messages[index]["weight"] = weight
    return {**row, "messages": messages}


ROW = say((U, "Why is the sky blue?"), (A, "Sunlight scatters on air."))
MISSED_KEY = {"message": ROW["messages"]}
PAIR = {"prompt": "Herons that wade\n\n###\n\n", "completion": " A line about herons. END"}
LABEL = {"prompt": "Review of the heron shop ->", "completion": " positive"}

# name, the clean rows before, the row with the fault, the code that must speak at its line
PROBES: list[tuple[str, list[Any], Any, str]] = [
    # json and file
    ("truncated", CHAT, '{"messages": [{"role": "user", "content": "Hi"}, {"role": "assist', "JSN001"),
    ("trailing comma", CHAT, '{"messages": [{"role": "user", "content": "Hi"},]}', "JSN001"),
    ("single quotes", CHAT, "{'messages': [{'role': 'user', 'content': 'Hi'}]}", "JSN001"),
    ("python literal", CHAT, '{"messages": [{"role": "user", "content": None}]}', "JSN001"),
    ("typographic quotes", CHAT, "{“messages”: []}", "JSN001"),
    ("missing comma", CHAT, '{"messages": [{"role": "user" "content": "Hi"}]}', "JSN001"),
    ("an array", CHAT, "[1, 2]", "JSN002"),
    ("a string", CHAT, '"hello"', "JSN002"),
    ("null", CHAT, "null", "JSN002"),
    ("duplicate key", CHAT, '{"messages": [{"role": "user", "role": "user", "content": "Hi"}, {"role": "assistant", "content": "Yo"}]}', "JSN003"),
    ("NaN", CHAT, '{"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Yo", "weight": NaN}]}', "JSN004"),
    ("lone surrogate", CHAT, '{"messages": [{"role": "user", "content": "Hi \\ud83d"}, {"role": "assistant", "content": "Yo"}]}', "JSN005"),
    ("latin-1", CHAT, '{"messages": [{"role": "user", "content": "Caf\xe9"}, {"role": "assistant", "content": "Yo"}]}'.encode("latin-1"), "FIL001"),
    ("comment", CHAT, "// more to come", "FIL007"),
    ("glued", CHAT, json.dumps(ROW) + json.dumps(say((U, "And why red?"), (A, "The way is longer."))), "FIL006"),
    # schema
    ("missing role", CHAT, {"messages": [{"content": "Hi"}, {"role": A, "content": "Yo"}]}, "SCH001"),
    ("messages no list", CHAT, {"messages": "Hi"}, "SCH001"),
    ("empty messages", CHAT, {"messages": []}, "SCH001"),
    ("content a number", CHAT, say((U, "Hi"), (A, 3)), "SCH001"),
    ("completion row among chats", CHAT, {"prompt": "a", "completion": "b"}, "SCH002"),
    ("top-level key", CHAT, {**ROW, "id": 7}, "SCH003"),
    ("top-level weight", CHAT, {**ROW, "weight": 0.5}, "SCH003"),
    ("message key", CHAT, {"messages": [{"role": U, "content": "Hi", "mood": "x"}, {"role": A, "content": "Yo"}]}, "SCH003"),
    ("role human", CHAT, say(("human", "Hi"), (A, "Yo")), "SCH004"),
    ("role Assistant", CHAT, say((U, "Hi"), ("Assistant", "Yo")), "SCH004"),
    ("role bot", CHAT, say((U, "Hi"), ("bot", "Yo")), "SCH004"),
    ("no known format", CHAT, {"question": "a", "reply": "b"}, "SCH005"),
    ("key message", CHAT, MISSED_KEY, "SCH006"),
    ("key Prompt", COMPLETION, {"Prompt": PAIR["prompt"], "completion": PAIR["completion"]}, "SCH006"),
    ("key contnet", CHAT, {"messages": [{"role": U, "content": "Hi"}, {"role": A, "contnet": "Yo"}]}, "SCH006"),
    ("key c ontent", CHAT, {"messages": [{"role": U, "c ontent": "Hi"}, {"role": A, "content": "Yo"}]}, "SCH006"),
    ("key Role", CHAT, {"messages": [{"Role": U, "content": "Hi"}, {"role": A, "content": "Yo"}]}, "SCH006"),
    ("preferred_completion", PREFERENCE, {"input": PREFERENCE[0]["input"], "preferred_completion": [{"role": A, "content": "Yes."}], "non_preferred_completion": [{"role": A, "content": "No."}]}, "SCH006"),
    ("preference without input", PREFERENCE, {k: v for k, v in PREFERENCE[0].items() if k != "input"}, "SCH001"),
    ("preference empty output", PREFERENCE, {**PREFERENCE[0], "preferred_output": []}, "SCH001"),
    ("alpaca output an object", ALPACA, {"instruction": "Do", "input": "", "output": {"a": 1}}, "SCH001"),
    ("alpaca empty output", ALPACA, {"instruction": "Name a bird", "input": "", "output": ""}, "MSG006"),
    ("sharegpt speaker", SHAREGPT, {"conversations": [{"from": "humna", "value": "Hi"}, {"from": "gpt", "value": "Yo"}]}, "SCH004"),
    ("sharegpt without answer", SHAREGPT, {"conversations": [{"from": "human", "value": "Hi there"}]}, "MSG001"),
    # chat
    ("no assistant", CHAT, say((S, "Be kind."), (U, "Hi")), "MSG001"),
    ("ends with user", CHAT, say((U, "Hi"), (A, "Yo"), (U, "And?")), "MSG002"),
    ("system in the middle", CHAT, say((U, "Hi"), (S, "Be brief."), (A, "Yo")), "MSG003"),
    ("two systems", CHAT, say((S, "Be kind."), (S, "Be brief."), (U, "Hi"), (A, "Yo")), "MSG004"),
    ("two assistants", CHAT, say((U, "Hi"), (A, "Yo"), (A, "Hello")), "MSG005"),
    ("empty answer", CHAT, say((U, "Hi"), (A, "")), "MSG006"),
    ("blank answer", CHAT, say((U, "Hi"), (A, " \n")), "MSG006"),
    ("empty question", CHAT, say((U, ""), (A, "Yo")), "MSG007"),
    ("empty system", CHAT, say((S, "  "), (U, "Hi"), (A, "Yo")), "MSG007"),
    ("null answer", CHAT, say((U, "Hi"), (A, None)), "MSG008"),
    ("absent answer", CHAT, {"messages": [{"role": U, "content": "Hi"}, {"role": A}]}, "MSG008"),
    ("null answer with empty tool_calls", CHAT, {"messages": [{"role": U, "content": "Hi"}, {"role": A, "content": None, "tool_calls": []}]}, "MSG008"),
    ("no user", CHAT, say((S, "Say hello."), (A, "Hello!")), "MSG009"),
    ("weight 0.5", CHAT, weigh(ROW, 1, 0.5), "MSG010"),
    ("weight true", CHAT, weigh(ROW, 1, True), "MSG010"),
    ("weight 2", CHAT, weigh(ROW, 1, 2), "MSG010"),
    ("weight as text", CHAT, weigh(ROW, 1, "1"), "MSG010"),
    ("weight of the user", CHAT, weigh(ROW, 0, 1), "MSG011"),
    ("all weights zero", CHAT, weigh(ROW, 1, 0), "MSG012"),
    ("another system prompt", WITH_SYSTEM, say((S, "You are a pirate and love rum."), (U, "Why do gulls cry?"), (A, "To be heard.")), "MSG013"),
    ("no system prompt", WITH_SYSTEM, say((U, "Why do gulls cry?"), (A, "To be heard.")), "MSG013"),
    ("unknown part", CHAT, say((U, [{"type": "video", "video": "x"}]), (A, "Yo")), "MSG015"),
    ("parts in a tool message", TOOLS, ask(calls(call(GOOD_ARGUMENTS)), {"role": T, "tool_call_id": "call00001", "content": [{"type": "text", "text": "11"}]}), "MSG015"),
    # tokens
    ("special token", CHAT, say((U, "Hi"), (A, "Yo <|endoftext|> more")), "TOK004"),
    ("fim token", CHAT, say((U, "Complete <|fim_suffix|> this"), (A, "Done.")), "TOK004"),
    ("im_start", CHAT, say((U, "Hi <|im_start|>"), (A, "Yo")), "TOK004"),
    ("special token in a prompt", COMPLETION, {**PAIR, "prompt": "Herons <|endoftext|>\n\n###\n\n"}, "TOK004"),
    # separators
    ("no separator", COMPLETION, {**PAIR, "prompt": "Herons that wade"}, "SEP002"),
    ("another separator", COMPLETION, {**PAIR, "prompt": "Herons that wade\n\n##\n\n"}, "SEP002"),
    ("separator inside", COMPLETION, {**PAIR, "prompt": "Herons\n\n###\n\nthat wade\n\n###\n\n"}, "SEP003"),
    ("no leading space", COMPLETION, {**PAIR, "completion": "A line about herons. END"}, "SEP004"),
    ("ends with a space", [{"prompt": f"{row['prompt'].strip()} Answer:", "completion": row["completion"]} for row in COMPLETION], {"prompt": "Herons ### Answer: ", "completion": " A line. END"}, "SEP002"),
    ("no stop", COMPLETION, {**PAIR, "completion": " A line about herons."}, "STP002"),
    ("stop inside", COMPLETION, {**PAIR, "completion": " A line. END And another one. END"}, "STP003"),
    ("empty completion", COMPLETION, {**PAIR, "completion": ""}, "MSG006"),
    ("missing completion", COMPLETION, {"prompt": PAIR["prompt"]}, "SCH001"),
    # labels
    ("other case", LABELS, {**LABEL, "completion": " Positive"}, "LAB005"),
    ("closing dot", LABELS, {**LABEL, "completion": " positive."}, "LAB005"),
    ("typo", LABELS, {**LABEL, "completion": " positve"}, "LAB005"),
    ("stray label", LABELS, {**LABEL, "completion": " mixed"}, "LAB009"),
    ("contradiction", LABELS, {"prompt": LABELS[0]["prompt"], "completion": " negative"}, "LAB007"),
    # tools
    ("cut arguments", TOOLS, ask(calls(call('{"city": "Ber')), result()), "FUN001"),
    ("empty arguments", TOOLS, ask(calls(call("")), result()), "FUN001"),
    ("single quotes in arguments", TOOLS, ask(calls(call("{'city': 'Bergen', 'unit': 'celsius'}")), result()), "FUN001"),
    ("repeated key", TOOLS, ask(calls(call('{"city": "Bergen", "unit": "celsius", "city": "Oslo"}')), result()), "FUN001"),
    ("arguments a list", TOOLS, ask(calls(call('["Bergen"]')), result()), "FUN002"),
    ("arguments null", TOOLS, ask(calls(call("null")), result()), "FUN002"),
    ("missing required", TOOLS, ask(calls(call('{"city": "Bergen"}')), result()), "FUN003"),
    ("wrong type", TOOLS, ask(calls(call('{"city": 5, "unit": "celsius"}')), result()), "FUN003"),
    ("not in enum", TOOLS, ask(calls(call('{"city": "Bergen", "unit": "kelvin"}')), result()), "FUN003"),
    ("additional property", TOOLS, ask(calls(call('{"city": "Bergen", "unit": "celsius", "x": 1}')), result()), "FUN003"),
    ("undeclared function", TOOLS, ask(calls(call(GOOD_ARGUMENTS, name="get_wether")), result()), "FUN004"),
    ("no tools", TOOLS, ask(calls(call(GOOD_ARGUMENTS)), result(), tools=None), "FUN005"),
    ("object arguments", TOOLS, ask(calls(call({"city": "Bergen", "unit": "celsius"})), result()), "FUN006"),
    ("bad schema", TOOLS, ask(calls(call("{}", name="f")), result(), tools=({"type": "function", "function": {"name": "f", "description": "F.", "parameters": {"type": "objekt"}}},)), "FUN007"),
    ("bad name", TOOLS, ask(calls(call("{}", name="get weather")), result(), tools=({"type": "function", "function": {"name": "get weather", "description": "F.", "parameters": {"type": "object", "properties": {}}}},)), "FUN008"),
    ("declared twice", TOOLS, ask(calls(call(GOOD_ARGUMENTS)), result(), tools=(WEATHER, WEATHER)), "FUN009"),
    ("no id", TOOLS, ask(calls({k: v for k, v in call(GOOD_ARGUMENTS).items() if k != "id"}), result()), "FUN010"),
    ("same id twice", TOOLS, ask(calls(call(GOOD_ARGUMENTS), call('{"city": "Oslo", "unit": "celsius"}')), result()), "FUN010"),
    ("unknown id", TOOLS, ask(calls(call(GOOD_ARGUMENTS)), result(id="call99999")), "FUN011"),
    ("result first", TOOLS, ask(result(), calls(call(GOOD_ARGUMENTS))), "FUN011"),
    ("no result", TOOLS, ask(calls(call(GOOD_ARGUMENTS))), "FUN012"),
    ("function_call", TOOLS, {"messages": [{"role": U, "content": "How warm is Rome?"}, {"role": A, "content": None, "function_call": {"name": "get_weather", "arguments": GOOD_ARGUMENTS}}], "functions": [WEATHER["function"]]}, "FUN013"),
    ("double encoded", TOOLS, ask(calls(call(json.dumps(GOOD_ARGUMENTS))), result()), "FUN014"),
    ("other order", TOOLS, ask(calls(call('{"unit": "celsius", "city": "Bergen"}')), result()), "FUN015"),
    ("tool without tool_call_id", TOOLS, ask(calls(call(GOOD_ARGUMENTS)), {"role": T, "content": "11"}), "SCH001"),
    ("answer not json", JSON_ANSWERS, say((U, "Extract herons."), (A, "Sorry, nothing found.")), "FUN023"),
    ("answer in a fence", JSON_ANSWERS, say((U, "Extract herons."), (A, '```json\n{"topic": "herons", "verb": "wade"}\n```')), "FUN023"),
    ("copy", CHAT, CHAT[3], "DUP001"),
    ("copy with other key order", CHAT, {"messages": [dict(reversed(m.items())) for m in CHAT[3]["messages"]]}, "DUP001"),
    ("other answer", CHAT, say((U, CHAT[3]["messages"][0]["content"]), (A, "Nobody really knows.")), "DUP003"),
    ("role in a rejected output", PREFERENCE, {**PREFERENCE[0], "input": {"messages": [{"role": U, "content": "And herons?"}]}, "non_preferred_output": [{"role": "asistant", "content": "No."}]}, "SCH004"),
    ("preference copy", PREFERENCE, PREFERENCE[3], "DUP001"),
]  # fmt: skip


@pytest.mark.parametrize(("base", "row", "code"), [pytest.param(*probe[1:], id=probe[0]) for probe in PROBES])
def test_a_planted_fault_is_found_and_told_once(tmp_path: Path, base: list[Any], row: Any, code: str) -> None:
    """By the right rule at its line; the general rule is silent where a more precise one speaks."""
    found = [(f.line, f.code) for f in check(tmp_path, [*base[:40], row, *base[40:]]) if f.severity > Severity.INFO]
    assert {told for line, told in found if line == 41} == {code}
    also = {"LAB007", "DUP003"}  # whose other record may be the one that is named
    assert {pair for pair in found if pair[0] != 41 and pair[1] not in {code, *also}} == set()


def test_what_is_worth_knowing_is_an_info(tmp_path: Path) -> None:
    row = ask(calls(call('{"city":"Bergen","unit":"celsius"}')), result())
    found = check(tmp_path, [*TOOLS[:40], row, *TOOLS[40:]])
    assert [(f.line, f.code, f.severity) for f in found] == [(41, "FUN017", Severity.INFO)]


VALID: list[tuple[str, list[Any], Any]] = [
    ("null content beside a call", TOOLS, ask(calls(call('{"city": "Tromso", "unit": "celsius"}')), result())),
    ("no content beside a call", TOOLS, ask({"role": A, "tool_calls": [call('{"city": "Tromso", "unit": "celsius"}')]}, result())),
    ("content beside a call", TOOLS, ask(calls(call('{"city": "Tromso", "unit": "celsius"}'), content="Let me look."), result())),
    ("parallel calls", TOOLS, ask(calls(call('{"city": "Tromso", "unit": "celsius"}', id="a"), call('{"city": "Oslo", "unit": "celsius"}', id="b")), result("4", "b"), result("5", "a"))),
    ("ends with a call", TOOLS, ask(calls(call('{"city": "Tromso", "unit": "celsius"}')), end=False)),
    ("no call although tools", TOOLS, ask()),
    ("tools empty", CHAT, {**ROW, "tools": []}),
    ("weight 0 and 1", CHAT, {"messages": [{"role": U, "content": "Hi"}, {"role": A, "content": "Hm", "weight": 0}, {"role": U, "content": "So?"}, {"role": A, "content": "Yes", "weight": 1}]}),
    ("name", CHAT, {"messages": [{"role": U, "name": "ann", "content": "Hi"}, {"role": A, "content": "Hello, Ann."}]}),
    ("parallel_tool_calls", TOOLS, {**ask(calls(call('{"city": "Tromso", "unit": "celsius"}')), result()), "parallel_tool_calls": False}),
    ("text part", CHAT, say((U, [{"type": "text", "text": "Hi you"}]), (A, "Yo"))),
    ("image", CHAT, say((U, [{"type": "text", "text": "What is it?"}, {"type": "image_url", "image_url": {"url": "https://example.org/a.png"}}]), (A, "A cat."))),
    ("refusal", CHAT, {"messages": [{"role": U, "content": "Do harm."}, {"role": A, "content": None, "refusal": "I cannot do that."}]}),
    ("system first", CHAT, say((S, "Be kind."), (U, "Hi"), (A, "Yo"))),
    ("unicode", CHAT, say((U, "为什么天空是蓝色的？"), (A, "因为空气散射阳光。🙂"))),
    ("a zero in the arguments", TOOLS, ask(calls(call("{}", name="now")), result(), tools=({"type": "function", "function": {"name": "now", "description": "Time.", "parameters": {"type": "object", "properties": {}}}},))),
    ("a tool without parameters", TOOLS, ask(calls(call("{}", name="now")), result(), tools=({"type": "function", "function": {"name": "now", "description": "Time."}},))),
    ("schema with $defs", TOOLS, ask(calls(call('{"p": {"x": 1}}', name="g")), result(), tools=({"type": "function", "function": {"name": "g", "description": "G.", "parameters": {"type": "object", "properties": {"p": {"$ref": "#/$defs/p"}}, "$defs": {"p": {"type": "object", "properties": {"x": {"type": "integer"}}}}}}},))),
    ("long conversation", CHAT, say(*[(role, f"Step {n} of the long way, said by {role}.") for n in range(40) for role in (U, A)])),
    ("markdown code", CHAT, say((U, "Show a loop"), (A, "```python\nfor i in range(3):\n    print(i)\n```"))),
    ("html", CHAT, say((U, "A link?"), (A, "<a href='x'>y</a> and <s>old</s> [INST]"))),
    ("two users", CHAT, say((U, "Hi"), (U, "Are you there?"), (A, "Yes."))),
    ("call, result, call, result", TOOLS, ask(calls(call('{"city": "Rome", "unit": "celsius"}', id="a")), result("5", "a"), calls(call('{"city": "Kiel", "unit": "celsius"}', id="b")), result("7", "b"))),
    ("a number as completion", COMPLETION, {"prompt": "How many herons\n\n###\n\n", "completion": " 42 END"}),
    ("date in the system prompt", [say((S, f"You are a helper. Today is 2024-05-{n % 28 + 1:02d}."), *[(m["role"], m["content"]) for m in row["messages"]]) for n, row in enumerate(CHAT)], say((S, "You are a helper. Today is 2025-01-01."), (U, "Hi"), (A, "Yo"))),
]  # fmt: skip


@pytest.mark.parametrize(("base", "row"), [pytest.param(*item[1:], id=item[0]) for item in VALID])
def test_valid_rows_stay_silent(tmp_path: Path, base: list[Any], row: Any) -> None:
    found = check(tmp_path, [*base[:40], row, *base[40:]])
    assert [(f.code, f.line, f.message) for f in found if f.severity > Severity.INFO] == []


def free(row: dict[str, Any], prompt: str = "{}", completion: str = "{}") -> dict[str, Any]:
    """A prompt/completion row without its separator and stop sequence, under other patterns."""
    text = row["prompt"].removesuffix("\n\n###\n\n")
    answer = row["completion"].removesuffix(" END").strip()
    return {"prompt": prompt.format(text), "completion": completion.format(answer)}


def labelled(*counts: tuple[str, int]) -> list[dict[str, Any]]:
    rows = [label for label, count in counts for _ in range(count)]
    return [
        {"prompt": f"Visit {n} to the {TOPICS[n % 30]} shop, remark {n * 13} ->", "completion": f" {label}"}
        for n, label in enumerate(rows)
    ]


MANY = [
    say(
        (U, f"Tell me fact {n} about {TOPICS[n % 30]}."),
        (A, f"Fact {n}: {TOPICS[n % 30]} were known {n * 3} years ago."),
    )
    for n in range(400)
]

# name, the whole file, the code that must speak anywhere in it
FILES: list[tuple[str, list[Any], dict[str, Any], str]] = [
    ("empty", [], {}, "FIL003"),
    ("blank", ["", ""], {}, "FIL003"),
    ("an array", ["[", *[json.dumps(row) + "," for row in CHAT[:-1]], json.dumps(CHAT[-1]), "]"], {}, "FIL005"),
    ("bom", [b"\xef\xbb\xbf" + json.dumps(CHAT[0]).encode(), *CHAT[1:]], {}, "FIL002"),
    ("lfs", ["version https://git-lfs.github.com/spec/v1", "oid sha256:" + "0" * 64, "size 12345"], {}, "FIL010"),
    ("mixed line endings", [json.dumps(CHAT[0]).encode() + b"\r", *CHAT[1:]], {}, "FIL009"),
    ("blank line", [*CHAT[:5], "", *CHAT[5:]], {}, "FIL004"),
    ("nine examples", CHAT[:9], {}, "DAT001"),
    ("twenty examples", CHAT[:20], {}, "DAT002"),
    ("no separator at all", [free(row, "Write about {}", " {} END") for row in COMPLETION], {}, "SEP001"),
    ("prompts end with a space", [free(row, "{}\n\n### ", " {} END") for row in COMPLETION], {}, "SEP005"),
    ("no stop sequence", [free(row, "{}\n\n###\n\n", " {}") for row in COMPLETION], {}, "STP001"),
    ("no leading space", [free(row, "{} ->", "{} END") for row in COMPLETION], {}, "SEP004"),
    ("a weak separator", [free(row, "{}:", " {} END") for row in COMPLETION], {}, "SEP007"),
    ("one label", labelled(("positive", 200)), {}, "LAB006"),
    ("imbalance", labelled(("positive", 950), ("negative", 50)), {}, "LAB003"),
    ("few per label", labelled(("positive", 40), ("negative", 40)), {}, "LAB004"),
    ("long labels", labelled(("absolutely wonderful thing", 150), ("utterly dreadful thing", 150)), {}, "LAB001"),
    ("labels share their first token", labelled(("in scope", 150), ("in doubt", 150)), {}, "LAB002"),
    ("a dominant answer", [*MANY, *[say((U, f"Question {n}?"), (A, "Sorry, I cannot help.")) for n in range(150)]], {}, "DUP004"),
    ("completions for a chat model", COMPLETION, {"model": "gpt-4o-mini-2024-07-18"}, "SCH007"),
    ("chats for a completion model", CHAT, {"model": "babbage-002"}, "SCH007"),
    ("repeated instruction", [free(row, "You are a poet. Write one line, without rhyme, in plain words, for a child of ten, about the following thing: {}\n\n###\n\n", " {} END") for row in COMPLETION], {}, "SEP006"),
    ("too long", [*CHAT, say((U, "Go on"), (A, "word " * 5000))], {"model": "gpt-3.5-turbo-0613"}, "TOK002"),
    ("sharegpt at openai", SHAREGPT, {"target": "openai"}, "SCH007"),
]  # fmt: skip


@pytest.mark.parametrize(("rows", "options", "code"), [pytest.param(*item[1:], id=item[0]) for item in FILES])
def test_a_fault_of_the_whole_file_is_found(
    tmp_path: Path, rows: list[Any], options: dict[str, Any], code: str
) -> None:
    assert code in {f.code for f in check(tmp_path, rows, **options)}


def split(folder: Path, train: list[Any], validation: list[Any]) -> list[Finding]:
    for name, rows in (("train", train), ("valid", validation)):
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    settings = folder / "curator.toml"
    settings.write_text('[datasets.d]\ntrain = "train.jsonl"\nvalidation = "valid.jsonl"\n')
    report = curator.check([folder / "train.jsonl", folder / "valid.jsonl"], config=str(settings))
    assert report.failures == []
    return [finding for finding in report.findings if finding.split == "validation"]


HELD_OUT = [
    {"prompt": f"A new remark, number {n} of the day ->", "completion": f" {WORDS[n % 3]}"} for n in range(90)
]  # fmt: skip


@pytest.mark.parametrize(
    ("train", "validation", "code", "line"),
    [
        (LABELS, [*HELD_OUT, LABELS[7]], "SPL001", 91),
        (LABELS, [*HELD_OUT, {**LABELS[7], "prompt": LABELS[7]["prompt"].upper()}], "SPL001", 91),
        (LABELS, [*HELD_OUT[:60], *[{**row, "completion": " positive"} for row in HELD_OUT[60:]]], "SPL003", None),
        (LABELS, [*HELD_OUT, {"prompt": "One more remark ->", "completion": " mixed"}], "SPL004", 91),
        (LABELS, [{**row, "prompt": row["prompt"].replace(" ->", "\n\n###\n\n")} for row in HELD_OUT], "SPL005", None),
        (CHAT, [{"messages": [{"role": S, "content": SYSTEM}, *row["messages"]]} for row in MANY[:60]], "SPL005", None),
        (CHAT, COMPLETION, "SPL005", None),
    ],
    ids=["copy", "same input", "drift", "new label", "separator", "system prompt", "format"],
)
def test_a_fault_between_splits_is_found(
    tmp_path: Path, train: list[Any], validation: list[Any], code: str, line: int | None
) -> None:
    found = [finding for finding in split(tmp_path, train, validation) if finding.code == code]
    assert found
    assert line is None or [finding.line for finding in found] == [line]


def test_good_splits_are_silent(tmp_path: Path) -> None:
    assert [f for f in split(tmp_path, LABELS, HELD_OUT) if f.severity > Severity.INFO] == []
