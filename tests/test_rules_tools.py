"""The rules of function calling on odd and hostile data, the laws of their states, and what their fixes leave."""

from __future__ import annotations

import json
import socket
import time
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import curator
from curator import fixing
from curator.bounded import BoundedCounts, Deviations
from curator.call_habits import misplaced
from curator.checks.call_spacing import spaced
from curator.declared import UNFOLDED, judge
from curator.model import Finding, Place, Problem

U, A = {"role": "user", "content": "Do it"}, {"role": "assistant", "content": "Done."}
PARAMETERS = {"type": "object", "properties": {"a": {"type": "string"}, "b": {"type": "integer"}}, "required": ["a"]}


def called(arguments: Any, name: str = "f", call_id: Any = "c1") -> dict[str, Any]:
    return {"id": call_id, "type": "function", "function": {"name": name, "arguments": arguments}}


def says(*calls: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"role": "assistant", "content": None, "tool_calls": list(calls), **more}


def result(call_id: Any = "c1") -> dict[str, Any]:
    return {"role": "tool", "tool_call_id": call_id, "content": "ok"}


def tool(parameters: Any = PARAMETERS, name: str = "f") -> dict[str, Any]:
    return {"type": "function", "function": {"name": name, "description": "Does it.", "parameters": parameters}}


TOOLS = (tool(),)


def row(*messages: dict[str, Any], tools: Any = TOOLS) -> dict[str, Any]:
    return {"messages": [U, *messages], "tools": list(tools) if isinstance(tools, tuple) else tools}


def check(folder: Path, *rows: Any, **options: Any) -> list[Finding]:
    """What the rules of function calling find in these rows; no check may fail."""
    path = folder / "t.jsonl"
    lines = (item if isinstance(item, str) else json.dumps(item) for item in rows)
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    report = curator.check(path, isolated=True, **{"select": ["FUN"], **options})
    assert report.failures == []
    return list(report.findings)


def codes(findings: list[Finding]) -> list[str]:
    return [finding.code for finding in findings]


# --- odd, but right ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "record",
    [
        row(says(called('{"a": "x"}'))),
        row(says(called('{"a": "x"}')), result(), A),
        row(says(called('{"a": "x"}', call_id="1"), called('{"a": "y"}', call_id="2")), result("2"), result("1"), A),
        row(says(called('{"a": "x"}')), {"role": "system", "content": "Go on."}, result(), A),
        row(A, tools=None),
        row(A, tools=()),
        row(says(called('{"a": "x"}')), tools="[…]"),  # SCH001 speaks of it
        row(says(called('{"a": "x"}')), tools=({"type": "function"},)),
        row(says(called("{}")), tools=({"type": "function", "function": {"name": "f"}},)),
        row(says(called('{"z": 1}')), tools=(tool({}),)),
        row(says(called('{"a": "x"}')), tools=(tool({**PARAMETERS, "title": None, "additionalProperties": None}),)),
        row({"role": "assistant", "content": "Hi", "tool_calls": None, "function_call": None}, tools=None),
        {"conversations": [{"from": "gpt", "value": "<tool_call> f()"}, {"from": "tool", "value": "3"}]},
        {
            "input": {"messages": [U], "tools": [tool()]},
            "preferred_output": [says(called('{"a": "x"}'))],
            "non_preferred_output": [says(called("{"))],
        },
        {"messages": "no list", "tools": {"a": 1}},
        {"messages": [{"role": "assistant", "tool_calls": [{"id": "c1", "function": {}}, None]}], "tools": [None, 3]},
    ],
    ids=range(16),
)  # fmt: skip
def test_odd_rows_that_are_right_stay_silent(tmp_path: Path, record: dict[str, Any]) -> None:
    assert check(tmp_path, record) == []


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        (row(says(called('{"a": "x"}'), weight=0), tools=(tool(name="g"),)), [("FUN004", "warning")]),
        (row(says(called("[]")), tools=(tool(name="g"),)), [("FUN002", "error"), ("FUN004", "error")]),
        (row(says(called('{"a": "x"}', call_id=7))), []),  # SCH001: the id is no text
        (row(says(called('{"a": "x"}', call_id=None))), [("FUN010", "error")]),
        (row(says(called('{"a": "x"}')), result("c2"), A), [("FUN011", "error")]),  # and not FUN012 besides
        (row(says(called('{"a": "x"}', call_id=None)), result("c2"), A), [("FUN010", "error")]),
        (row(says({"id": "c1", "type": "function"}), result(), A), []),  # SCH001 speaks of these two
        (row({"role": "assistant", "tool_calls": called('{"a": "x"}')}, result(), A), []),
        (row({"role": "assistant", "toolCalls": [called('{"a": "x"}')]}, result(), A), []),  # and SCH006
        (row(says(called('{"a": "x"}')), U), [("FUN012", "warning")]),
        (row(says(called(json.dumps('{"a": 1}')))), [("FUN014", "error")]),
        (row(says(called(json.dumps(json.dumps([1]))))), [("FUN002", "error")]),
        (row(says(called('{"a": "\\ud83d"}'))), [("FUN001", "error")]),
        (row(says(called({"b": 1}))), [("FUN003", "error"), ("FUN006", "error")]),
        (row(says(called('{"a": 1, "b": "x", "c": null}'))), [("FUN003", "error")] * 2 + [("FUN003", "warning")]),
        (row(says(called("{}", name="g h")), tools=None), [("FUN005", "warning"), ("FUN008", "error")]),
        (row(says(called("{}", name="g h"))), [("FUN004", "error")]),
    ],
)  # fmt: skip
def test_one_finding_a_fault(tmp_path: Path, record: dict[str, Any], expected: list[tuple[str, str]]) -> None:
    found = sorted((finding.code, str(finding.severity)) for finding in check(tmp_path, record))
    assert found == expected


def test_preference_data_is_checked_in_the_preferred_output_only(tmp_path: Path) -> None:
    record = {
        "input": {"messages": [U], "tools": [tool()]},
        "preferred_output": [says(called('{"a": 1}'))],
        "non_preferred_output": [says(called('{"a": '))],
    }
    (finding,) = check(tmp_path, record)
    assert (finding.code, finding.pointer) == (
        "FUN003",
        "/preferred_output/0/tool_calls/0/function/arguments",
    )
    assert finding.inner == "/a"


MAIL = {"type": "object", "properties": {"mail": {"type": "string"}}, "required": ["mail"]}


@pytest.mark.parametrize(
    ("schema", "value", "says"),
    [
        ({"const": "EUR"}, "USD", "'a' is not 'EUR'"),
        ({"const": True}, "USD", "'a' is not true"),
        ({"type": "integer"}, "backtrack", "'a' is a text, not an integer"),
        ({"enum": []}, "x", "'a' can have no value at all, because its 'enum' is empty"),
        ({"enum": ["x"]}, "y", "'a' is not 'x'"),
        ({"enum": ["x", None]}, "y", "'a' is not one of 'x', null"),
        ({"pattern": r"^[A-Z]\d+$"}, "b", r"'a' does not match the pattern ^[A-Z]\d+$"),
        ({"multipleOf": 5}, 3, "'a' breaks 'multipleOf' 5 of the declared schema"),
        ({"additionalProperties": False}, {"b": 1}, "'a' has a property, but its schema allows none"),
        ({"properties": {"c": {}}, "additionalProperties": False}, {"b": 1}, "the property 'b' is not allowed"),
        ({"not": {}}, 1, "'a' breaks 'not' of the declared schema"),
        (False, 1, "'a' is not allowed"),
        ({"anyOf": [{"type": "string"}, MAIL]}, 7, "'a' is a number, not a text or an object"),
        ({"anyOf": [{"const": "x"}, {"type": "null"}]}, 7, "'a' is not 'x' or null"),
        ({"anyOf": [{"type": "string"}, MAIL]}, {"mail": 7}, "'mail' is a number, not a text"),
        ({"anyOf": [{"type": "string"}, MAIL]}, {}, "'a' lacks the required property 'mail'"),
        ({"anyOf": [{"required": ["b"]}, {"required": ["c"]}]}, {"d": 1}, "'a' lacks 'b' or 'c'"),
        ({"anyOf": [{"minimum": 5}, {"multipleOf": 2}]}, 3, "'a' fits none of the 2 alternatives in 'anyOf'"),
        ({"oneOf": [{"minimum": 1}, {"maximum": 9}]}, 3, "'a' fits more than one of the alternatives in 'oneOf'"),
    ],
)  # fmt: skip
def test_what_breaks_a_schema_is_said_in_words(tmp_path: Path, schema: Any, value: Any, says: str) -> None:
    record = row(calling({"a": value}), tools=(tool({"type": "object", "properties": {"a": schema}}),))
    (finding,) = check(tmp_path, record, select=["FUN003"])
    assert finding.message == f"the arguments of 'f' break its schema: {says}"


def test_each_call_has_one_result_and_may_wait_for_it(tmp_path: Path) -> None:
    def found(*messages: dict[str, Any]) -> list[tuple[str, str, str]]:
        findings = check(tmp_path, row(*messages), select=["FUN011", "FUN012"])
        return [(f.code, f.pointer, f.message) for f in findings]

    first, second, told = says(called("{}", call_id="call_1")), says(called("{}", call_id="call_2")), A
    again = "the call 'call_1' has its result already"
    assert found(first, result("call_1"), result("call_1"), told) == [("FUN011", "/messages/3/tool_call_id", again)]
    assert found(first, result("call_1"), told, U, second, result("call_1"), told) == [
        ("FUN011", "/messages/6/tool_call_id", f"{again}; the call before it has the id 'call_2'")
    ]
    assert found(first, result("call_1"), told, U, first, result("call_1"), told) == [], "told by FUN010"
    late = found(first, told, result("call_1"), told)
    assert [code for code, _, _ in late] == ["FUN012"]


@pytest.mark.parametrize(("after", "what"), [(" {}", "'{}'"), (' {"more": "than a few words"}', "text"), ("}", "'}'")])
def test_what_stands_behind_arguments_is_not_behind_the_record(tmp_path: Path, after: str, what: str) -> None:
    (finding,) = check(tmp_path, row(says(called('{"a": "x"}' + after))), select=["FUN001"])
    assert f"{what} after the end of the arguments (column 1" in finding.message


def test_a_pattern_that_is_given_up_proves_nothing(tmp_path: Path) -> None:
    schema = {"type": "string", "pattern": r"^(?:(?!DROP)[\s\S])*$"}
    for declared in (schema, {"anyOf": [schema, {"type": "null"}]}, {"anyOf": [schema, {"minLength": 10**6}]}):
        parameters = {"type": "object", "properties": {"a": declared}}
        assert check(tmp_path, row(calling({"a": "hello " * 3000}), tools=(tool(parameters),))) == []


def calling(arguments: dict[str, Any]) -> dict[str, Any]:
    return says(called(json.dumps(arguments)))


def test_a_call_inside_a_text_whose_arguments_are_a_text(tmp_path: Path) -> None:
    value = json.dumps({"name": "f", "arguments": '{"a": 1}'})
    record = {
        "conversations": [{"from": "human", "value": "Hi"}, {"from": "function_call", "value": value}],
        "tools": json.dumps([tool()["function"]]),
    }
    (finding,) = check(tmp_path, record)
    assert (finding.code, finding.inner) == ("FUN003", "/arguments")


@pytest.mark.parametrize("target", ["openai", "azure", "together", "mistral", "trl", "generic", "torchtune"])
def test_the_form_of_arguments_by_target(tmp_path: Path, target: str) -> None:
    rows = [row(says(called({"a": "x"}, call_id="aaaaaaaaa"))), row(says(called('{"a": "x"}', call_id="aaaaaaaaa")))]
    found = check(tmp_path, *rows, target=target)
    wrong = {"generic": [], "torchtune": [], "trl": [2]}.get(target, [1])
    assert [(finding.code, finding.line) for finding in found] == [("FUN006", line) for line in wrong]
    assert check(tmp_path, *fixed(tmp_path, found), target=target) == []


# --- hostile -----------------------------------------------------------------------------------


def test_nothing_that_a_schema_names_is_fetched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError("a connection was opened")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    secret = tmp_path / "secret.json"
    secret.write_text('{"type": "integer"}')
    references = ["http://127.0.0.1:9/x.json", "https://example.org/x", f"file://{secret}", "x.json", "//host/x"]
    rows = [
        row(says(called('{"a": "x"}')), tools=(tool({"properties": {"a": {"$ref": name}}}),)) for name in references
    ]
    rows += [row(tools=(tool({"$schema": name, "type": "dict"}),)) for name in references]
    found = check(tmp_path, *rows)
    assert [(str(f.severity), f.code) for f in found] == [("info", "FUN007")] * 5 + [("error", "FUN007")] * 5


def test_a_schema_that_unfolds_without_end_is_not_compiled() -> None:
    chain = {f"d{n}": {"allOf": [{"$ref": f"#/$defs/d{n + 1}"}] * 2} for n in range(60)}
    schema = {"$defs": {**chain, "d60": {}}, "properties": {"a": {"$ref": "#/$defs/d0"}}}
    started = time.process_time()
    verdict = judge(schema)
    assert f"{UNFOLDED:,}" in verdict.unchecked
    assert time.process_time() - started < 2


def test_a_schema_that_refers_to_itself_is_checked(tmp_path: Path) -> None:
    tree = {
        "type": "object",
        "properties": {"a": {"$ref": "#"}, "b": {"type": "integer"}},
        "additionalProperties": False,
    }
    rows = [row(says(called(arguments)), tools=(tool(tree),)) for arguments in ('{"a": {"b": 1}}', '{"a": {"c": 1}}')]
    (finding,) = check(tmp_path, *rows)
    assert (finding.line, finding.inner) == (2, "/a/c")


NS = range(500)


@pytest.mark.parametrize(
    "record",
    [
        row(*[result(f"x{n}") for n in range(10_000)]),
        row(says(*[called("{}", "f", f"x{n}") for n in range(5_000)]), *[result(f"y{n}") for n in range(5_000)], A),
        row(says(*[called("{}", f"g{n}", f"x{n}") for n in range(5_000)]), tools=tuple(tool(name=f"f{n}") for n in NS)),
        row(says(called(json.dumps({f"p{n}": n for n in range(10_000)})))),
        row(says(called("{'a': " + "[" * 300 + "'x', " * 30_000))),
        row(says(called('{"a": 1,}' * 20_000))),
        row(tools=tuple(tool({"type": "object", "properties": {f"p{n}": {"type": "dict"}}}) for n in range(2_000))),
        row(says(called(json.dumps("x" * 2_000_000)))),
        row(
            says(called(json.dumps({f"nam{n}": n for n in range(8_000)}))),
            tools=(tool({"required": [f"name{n}" for n in range(8_000)], "additionalProperties": False}),),
        ),
    ],
    ids=["results", "unpaired", "undeclared", "properties", "python", "glued", "schemas", "long", "misspelled"],
)  # fmt: skip
def test_large_records_take_linear_time(tmp_path: Path, record: dict[str, Any]) -> None:
    started = time.process_time()
    check(tmp_path, record)
    assert time.process_time() - started < 10


def test_many_functions_take_bounded_time(tmp_path: Path) -> None:
    names = [f"f{n}" for n in range(10_000)]
    rows = [
        row(says(called(f'{{"b": 1, "a": "{n % 7}"}}', name)), tools=(tool(name=name),)) for n, name in enumerate(names)
    ]
    started = time.process_time()
    check(tmp_path, *rows, select=["FUN015", "FUN016", "FUN017"])
    assert time.process_time() - started < 15


NAME = st.sampled_from(["f", "g", "bad name", ""])
JSONISH: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=6),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "b", "type", "$ref"]), inner, max_size=3)
    ),
    max_leaves=5,
)
ARGUMENTS = st.sampled_from(
    ['{"a": "x"}', '{"b": 1, "a": "x"}', '{"a":"x"}', "{'a': 'x'}", '{"a": "x"', "[1]", "", '"{}"', '{"a": 1, "a": 2}']
) | JSONISH  # fmt: skip
CALL_ID = st.sampled_from(["c1", "c2", "", None, 3])
CALLS = st.lists(st.builds(called, ARGUMENTS, NAME, CALL_ID) | JSONISH, max_size=3)
MESSAGE = st.one_of(
    st.builds(lambda calls, weight: {**says(*calls), "weight": weight}, CALLS, st.sampled_from([0, 1])),
    st.builds(lambda n, a: {"role": "assistant", "function_call": {"name": n, "arguments": a}}, NAME, ARGUMENTS),
    st.builds(lambda call_id: {"role": "tool", "tool_call_id": call_id, "content": "ok"}, CALL_ID),
    st.builds(lambda name: {"role": "function", "name": name, "content": "ok"}, NAME),
    st.sampled_from([U, A]),
)  # fmt: skip
SCHEMA = JSONISH | st.sampled_from(
    [PARAMETERS, {"type": "dict"}, {"$ref": "#/x"}, {"properties": {"a": {"type": "float"}}}]
)
TOOL = st.builds(tool, SCHEMA, NAME) | JSONISH
CHAT = st.fixed_dictionaries(
    {"messages": st.lists(MESSAGE, min_size=1, max_size=5)},
    optional={"tools": st.lists(TOOL, max_size=3) | JSONISH, "functions": st.lists(TOOL, max_size=2) | JSONISH},
)
PREFERENCE = st.builds(
    lambda chat, good, bad: {"input": chat, "preferred_output": good, "non_preferred_output": bad},
    CHAT, st.lists(MESSAGE, max_size=2), st.lists(MESSAGE, max_size=2),
)  # fmt: skip
INSIDE = st.builds(lambda name, arguments: {"name": name, "arguments": arguments}, NAME, ARGUMENTS) | JSONISH
SPEAKERS = ["function_call", "observation", "gpt"]
SHARE = st.builds(
    lambda calls, tools: {
        "conversations": [{"from": "human", "value": "Hi"}]
        + [{"from": role, "value": value if isinstance(value, str) else json.dumps(value)} for role, value in calls],
        "tools": tools,
    },
    st.lists(st.tuples(st.sampled_from(SPEAKERS), INSIDE | st.lists(INSIDE, max_size=2)), max_size=4),
    st.lists(TOOL, max_size=2) | st.lists(TOOL, max_size=2).map(json.dumps) | JSONISH,
)  # fmt: skip


@given(
    st.one_of(st.lists(shape, min_size=1, max_size=12) for shape in (CHAT, PREFERENCE, SHARE)),
    st.sampled_from(["auto", "mistral", "trl", "generic"]),
)
def test_no_record_makes_a_check_raise_or_its_fix_do_harm(
    tmp_path_factory: pytest.TempPathFactory, rows: list[Any], target: str
) -> None:
    folder = tmp_path_factory.mktemp("fuzz")
    select = ["FUN", "SCH001", "SCH003", "JSN"]
    before = check(folder, *rows, target=target, select=select)
    after = check(folder, *fixed(folder, before), target=target, select=select)
    unreadable = ("JSN001", "JSN003")
    assert not [finding for finding in after if finding.code in unreadable]


def fixed(folder: Path, found: list[Finding]) -> list[str]:
    """The lines of the file that was checked last, after all fixes."""
    return fixing.apply((folder / "t.jsonl").read_bytes(), found).decode().splitlines()


# --- fixes -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("record", "clean"),
    [
        (row(says(called("{'a': 'x'}"))), True),
        (row(says(called('{"a": "x"'))), True),
        (row(says(called({"a": "x"}))), True),
        (row(says(called(json.dumps('{"a": "x"}')))), True),
        (row(says(called('{"a": "x'))), False),
    ],
)  # fmt: skip
def test_a_fix_leaves_nothing_behind(tmp_path: Path, record: dict[str, Any], clean: bool) -> None:
    found = check(tmp_path, record)
    assert found
    assert (check(tmp_path, *fixed(tmp_path, found)) == []) is clean


def test_the_older_way_is_put_right_in_a_whole_conversation(tmp_path: Path) -> None:
    call = {"role": "assistant", "content": None, "function_call": {"name": "f", "arguments": '{"a": "x"}'}}
    answer = {"role": "function", "name": "f", "content": "ok"}
    record = {"messages": [U, call, answer, call, answer, A], "functions": [tool()["function"]]}
    found = check(tmp_path, record)
    assert codes(found) == ["FUN013"]
    (line,) = fixed(tmp_path, found)
    assert check(tmp_path, line) == []
    ids = [message["tool_call_id"] for message in json.loads(line)["messages"] if message["role"] == "tool"]
    assert ids == ["call00001", "call00002"]
    assert check(tmp_path, line, target="mistral") == []


def test_properties_move_as_they_are_spelled(tmp_path: Path) -> None:
    usual = [row(says(called(f'{{"a": "{n}", "b": {n}}}'))) for n in range(20)]
    odd = row(says(called('{ "b" : 1.50 ,"zä": [1,2], "a":"é\\u0041\\n"}')))
    found = check(tmp_path, *usual, odd, select=["FUN015"])
    assert [(f.line, f.inner) for f in found] == [(21, "/a")]
    arguments = json.loads(fixed(tmp_path, found)[-1])["messages"][1]["tool_calls"][0]["function"]["arguments"]
    assert arguments == '{ "a":"é\\u0041\\n" ,"zä": [1,2], "b" : 1.50}'


def test_properties_of_a_call_inside_a_text_move_too(tmp_path: Path) -> None:
    def share(value: str) -> dict[str, Any]:
        turns = [{"from": "human", "value": "Hi"}, {"from": "function_call", "value": value}]
        return {"conversations": turns, "tools": json.dumps([tool()["function"]])}

    rows = [share(f'{{"name": "f", "arguments": {{"a": "{n}", "b": {n}}}}}') for n in range(9)]
    rows.append(share('[{"name": "f", "arguments": {"b": 1,  "a": "x"}}]'))
    found = check(tmp_path, *rows, select=["FUN015"])
    assert [f.inner for f in found] == ["/0/arguments/a"]
    assert json.loads(fixed(tmp_path, found)[-1])["conversations"][1]["value"] == (
        '[{"name": "f", "arguments": {"a": "x",  "b": 1}}]'
    )


# --- laws --------------------------------------------------------------------------------------


@given(st.permutations(range(5)), st.dictionaries(st.text(max_size=3), st.none() | st.text(max_size=5), max_size=4))
def test_respacing_keeps_the_value(order: list[int], value: dict[str, Any]) -> None:
    value["a, b: c"] = [order, 1.5, True]
    for indent in (None, 2):
        text = json.dumps(value, indent=indent)
        assert spaced(text, "spaced") == json.dumps(value)
        assert spaced(text, "compact") == json.dumps(value, separators=(",", ":"))


def test_names_that_are_unknown_are_never_misplaced() -> None:
    for names in permutations(["x", "a", "b", "y"]):
        assert bool(misplaced(names, ["a", "b"])) is (names.index("a") > names.index("b"))


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 3)), unique=True, max_size=60), st.integers(0, 60))
def test_deviations_do_not_depend_on_the_order(items: list[tuple[int, int]], cut: int) -> None:
    def gather(parts: list[tuple[int, int]]) -> Deviations:
        found = Deviations(most=5)
        for place, number in parts:
            found.add(Place(place), number, Problem(f"/{place}/{number}"))
        return found

    whole = gather(items)
    merged = gather(list(reversed(items[cut:])))
    merged.merge(gather(items[:cut]))
    assert list(whole) == list(merged)
    assert whole.count == merged.count == len(items)
    assert [problem.pointer for _, problem in whole] == [f"/{a}/{b}" for a, b in sorted(items)[:5]]


@given(st.lists(st.integers(0, 40), max_size=80), st.integers(0, 80))
def test_bounded_counts_do_not_depend_on_the_order(names: list[int], cut: int) -> None:
    def gather(parts: list[int]) -> BoundedCounts:
        found = BoundedCounts(most=5)
        for name in parts:
            found.add((str(name),))
        return found

    whole = gather(names)
    merged = gather(names[cut:])
    merged.merge(gather(list(reversed(names[:cut]))))
    assert whole.items() == merged.items()
    assert all(count == names.count(int(name)) for (name,), count in whole.items())
    assert len(whole.items()) == min(5, len(set(names)))


def test_control_tokens_are_looked_for_in_declarations_and_names(tmp_path: Path) -> None:
    end = "<|im_end|>"
    parameters = {"type": "object", "properties": {"a": {"description": f"Word{end}", "enum": ["x", f"y{end}"]}}}
    record = row({"role": "user", "name": f"ann{end}", "content": "Do it"}, A, tools=(tool(parameters),))
    record["tools"][0]["function"]["description"] = f"Does{end} it."
    findings = check(tmp_path, record, select=["TOK004"])
    assert [(f.pointer, f.fixable) for f in findings] == [
        ("/messages/1/name", False),
        ("/tools/0/function/description", True),
        ("/tools/0/function/parameters/properties/a/description", True),
        ("/tools/0/function/parameters/properties/a/enum/1", False),
    ]
