"""Mends of broken JSON: offered where there is one reading, and never at the cost of what the text says."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curator.parsing import parse
from curator.repair import MAX_CHARS, mend

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12) | st.sampled_from(
    ["it's", 'say "hi"', "a, b: {c}", "x]", "\t\n", "\\", "True", "“so”", "//", "caf\u00e9", "\ufeff"]
)
VALUE: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**40), 2**40) | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=8,
)
RECORD = st.dictionaries(TEXT, VALUE, min_size=1, max_size=4)


def mended(text: str, may_lack: int = 99) -> str | None:
    """The text with its mend applied; None where there is none."""
    found = mend(text, may_lack=may_lack)
    if found is None:
        return None
    parts, done = [], 0
    for start, end, new in found.changes:
        assert start >= done
        parts += [text[done:start], new]
        done = end
    return "".join([*parts, text[done:]])


@pytest.mark.parametrize(
    ("broken", "whole", "title"),
    [
        ("{'city': 'Lima'}", '{"city": "Lima"}', "use double quotes"),
        ("{'a': \"it's\", 'b': 'say \"hi\"'}", '{"a": "it\'s", "b": "say \\"hi\\""}', "use double quotes"),
        (r"{'a': 'it\'s'}", '{"a": "it\'s"}', "use double quotes"),
        (r"{'a': 'caf\xe9'}", r'{"a": "caf\u00e9"}', "write it as JSON"),
        ("{“a”: “b”}", '{"a": "b"}', "use double quotes"),
        ('{"a": True, "b": None}', '{"a": true, "b": null}', "write true, false and null"),
        ("{'a': [True, None, 1.50]}", '{"a": [true, null, 1.50]}', "write it as JSON"),
        ('{"a": 1,}', '{"a": 1}', "remove the comma"),
        ('{"a": [1, 2 , ] }', '{"a": [1, 2  ] }', "remove the comma"),
        ('{"a": 1},', '{"a": 1}', "remove the comma"),
        (r'{"a": "b\n\n###\n\n", "c": " d\n",}', r'{"a": "b\n\n###\n\n", "c": " d\n"}', "remove the comma"),
        (r'{"a": "{\"b\": [{\"c\": 1}]}"},', r'{"a": "{\"b\": [{\"c\": 1}]}"}', "remove the comma"),
        (r'{"a": "{\"b\": \"c\/d\"}", e: null}', r'{"a": "{\"b\": \"c\/d\"}", "e": null}', "put the keys in quotes"),
        (r'{"a": " b\n" "c": 2}', r'{"a": " b\n", "c": 2}', "add the missing comma"),
        ('{"a": 1 "b": 2}', '{"a": 1, "b": 2}', "add the missing comma"),
        ('{"a": "x" "b": 2}', '{"a": "x", "b": 2}', "add the missing comma"),
        ('[{"a": 1} {"a": 2}]', '[{"a": 1}, {"a": 2}]', "add the missing comma"),
        ("{city: 1, unit_2: 2}", '{"city": 1, "unit_2": 2}', "put the keys in quotes"),
        ('{"a": "x\ty\x01"}', r'{"a": "x\ty\u0001"}', "escape the control character"),
        ('\ufeff{"a": 1}', '{"a": 1}', "remove the byte order mark"),
        ('{"a": 1,\ufeff "b": "\ufeff"}', '{"a": 1, "b": "\ufeff"}', "remove the byte order mark"),
        ('{"a": {"b": [1, {"c": "d"}', '{"a": {"b": [1, {"c": "d"}]}}', "close it with ']}}'"),
    ],
)
def test_a_text_with_one_reading_is_mended(broken: str, whole: str, title: str) -> None:
    assert mended(broken) == whole
    found = mend(broken, may_lack=99)
    assert found is not None
    assert found.title == title


@pytest.mark.parametrize(
    "broken",
    [
        '{"a": "say "hi""}',  # where does the text end?
        "{'a': 'it's'}",
        '{"a": "x""b": 2}',  # a doubled quote, or a missing comma?
        '["a" "b"]',
        "[1 2]",  # two numbers, or one that was torn apart?
        '{"a": 1,, "b": 2}',  # a value may be lost
        '{, "a": 1}',
        '{"a": Lima}',
        '{"a": undefined}',
        '{"a": 01}',
        '{"a": 1.}',
        '{"a": NaN}',
        r'{"a": "C:\dir"}',  # which backslashes were meant?
        r"{'a': 'x\/y'}",
        "{'a': ('x', 1)}",
        "{'a', 'b'}",
        "{1: 'a'}",
        "{True: 'a'}",
        "{'a': 'x', 'a': 'y'}",
        "{'a': u'x'}",
        '{"a" 1}',
        '{"a": }',
        '{"a": 1}}',
        '{"a": 1} and more',
        '{"a": 1} // why',
        '{"a": [1, 2}',
        '{"a": 12',  # nobody knows the end of what is cut off
        '{"a": "Li',
        '{"a": "Lima", ',
        '{"a": "Lima", "b"',
        '{"a": tru',
        "{'a': 'b'",
        '{"a": 1,\n"b": [2,]',
        "",
        " ",
        "no JSON at all",
    ],
)
def test_a_text_with_several_readings_is_left_alone(broken: str) -> None:
    assert mended(broken) is None


def test_how_many_brackets_may_lack() -> None:
    assert mended('{"a": {"b": 1}', may_lack=1) == '{"a": {"b": 1}}'
    assert mended('{"a": {"b": {}', may_lack=1) is None
    assert mended('{"a": {"b": {}', may_lack=2) == '{"a": {"b": {}}}'
    assert mended('{"a": {"b": 1}', may_lack=0) is None


@given(VALUE, st.sampled_from([None, 1]), st.booleans())
def test_json_is_never_changed(value: Any, indent: int | None, escaped: bool) -> None:
    assert mend(json.dumps(value, indent=indent, ensure_ascii=escaped), may_lack=99) is None


@given(RECORD)
def test_a_python_literal_keeps_its_value(value: dict[str, Any]) -> None:
    whole = mended(repr(value))
    if whole is not None:
        assert json.loads(whole) == value


@given(RECORD, st.data())
def test_a_lost_or_added_comma_costs_no_content(value: dict[str, Any], data: st.DataObject) -> None:
    text = json.dumps(value)
    places = [index for index, mark in enumerate(text) if mark in ",}]"]
    at = data.draw(st.sampled_from(places))
    broken = text[:at] + text[at + 1 :] if text[at] == "," else f"{text[:at]},{text[at:]}"
    whole = mended(broken)
    if whole is not None:
        assert json.dumps(json.loads(whole)) == text


@given(RECORD, st.data())
def test_a_text_that_is_cut_gets_nothing_but_brackets(value: dict[str, Any], data: st.DataObject) -> None:
    text = json.dumps(value)
    cut = text[: data.draw(st.integers(1, len(text) - 1))]
    whole = mended(cut)
    if whole is not None:
        assert cut.endswith(('"', "}", "]"))
        assert not whole.removeprefix(cut).strip("}]")
        assert parse(whole.encode()).fault is None


@given(st.text("{}[]\"':,\\ntrueNone1. “”\ufeff\t/", max_size=30))
def test_a_mend_makes_json_and_keeps_every_letter(text: str) -> None:
    whole = mended(text)
    if whole is not None:
        parsed = parse(whole.encode())
        assert parsed.fault is None
        assert not parsed.quirks
        assert mended(whole) is None


def test_many_changes_become_one() -> None:
    found = mend(repr(["word"] * 5_000), may_lack=0)
    assert found is not None
    assert len(found.changes) == 1


@pytest.mark.parametrize(
    "text", ["[" * 5_000, "{'a': '" + "x' " * 80_000, "[" + "'a' " * 60_000, "\ufeff" * 200_000, "'" * 200_000]
)
def test_hostile_texts_take_little_time(text: str) -> None:
    started = time.process_time()
    assert mended(text) is None
    assert mended(text * 10) is None
    assert time.process_time() - started < 5


def test_a_very_long_text_is_left_alone() -> None:
    assert mended(repr(["a"] * MAX_CHARS)) is None
