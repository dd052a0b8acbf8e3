"""From a pointer to bytes and back, in lines of every spelling."""

import json
from collections import Counter
from collections.abc import Iterator
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_parsing import SPACES, Writer, lines, seeds, typed, writers

from curator import locate as locating
from curator.locate import (
    Span,
    characters,
    depth,
    escape,
    locate,
    locate_key,
    marks,
    members,
    parse_pointer,
    repeated_keys,
    strings,
    value_span,
    within_string,
    words,
)
from curator.parsing import parse, parse_carefully


def pointers(value: Any, pointer: str = "") -> Iterator[tuple[str, str | None, Any]]:
    """Every pointer into the value, with the key it ends in (None for an element) and what it leads to."""
    yield pointer, None, value
    if isinstance(value, dict):
        for key, item in value.items():
            inside = pointers(item, f"{pointer}/{escape(key)}")
            yield (next(inside)[0], key, item)
            yield from inside
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from pointers(item, f"{pointer}/{index}")


@settings(max_examples=2500)
@given(lines())
def test_every_pointer_leads_to_its_value(line: bytes) -> None:
    parsed = parse_carefully(line)
    assert parsed.fault is None
    for pointer, key, value in pointers(parsed.value):
        span = locate(line, pointer)
        text = line[span.start : span.end]
        assert text == text.strip()
        assert typed(parse_carefully(text).value) == typed(value)
        name = locate_key(line, pointer)
        if key is None:
            assert name == span
        else:
            assert parse_carefully(line[name.start : name.end]).value == key
            assert name.end < span.start


@settings(max_examples=300)
@given(lines())
def test_a_pointer_that_leads_nowhere_raises(line: bytes) -> None:
    value = parse(line).value
    known = {pointer for pointer, _, _ in pointers(value)}
    for pointer in list(known):
        for wrong in (f"{pointer}/nowhere", f"{pointer}/99", f"{pointer}/-1", f"{pointer}/00", f"{pointer}/-"):
            with pytest.raises(KeyError):
                locate(line, wrong)


@settings(max_examples=300)
@given(lines(), seeds)
def test_the_order_of_questions_does_not_matter(line: bytes, seed: int) -> None:
    known = [pointer for pointer, _, _ in pointers(parse(line).value)]
    spans = {pointer: locate(line, pointer) for pointer in known}
    Random(seed).shuffle(known)
    again = line + b" "  # equal lines share what is remembered
    assert {pointer: locate(again, pointer) for pointer in known} == spans


def test_of_duplicate_keys_the_last_counts() -> None:
    line = rb'{"a": {"x": 1}, "\u0061" : {"y": [2, 3]}, "b": 0}'
    span = locate(line, "/a/y/1")
    assert line[span.start : span.end] == b"3"
    assert line[slice(*locate_key(line, "/a"))] == rb'"\u0061"'
    with pytest.raises(KeyError):
        locate(line, "/a/x")


def test_a_key_with_a_lone_surrogate_is_found_by_the_key_that_the_value_has() -> None:
    line = rb'{"\ud800": 1, "\ud83d\ude00": 2, "\udead x": {"\ud83d": 3}}'
    for pointer, _, value in pointers(parse(line).value):
        if not isinstance(value, dict):
            assert json.loads(line[slice(*locate(line, pointer))]) == value


# --- inside a string ----------------------------------------------------------------------------------


@settings(max_examples=1500)
@given(writers(), seeds)
def test_a_range_inside_a_string_decodes_to_that_range(writer: Writer, seed: int) -> None:
    random = Random(seed)
    literal = writer.literal(writer.text() + writer.text())
    before, after = random.choice(SPACES) + '["é", ', random.choice(SPACES) + "]"
    raw = (before + literal + after).encode()
    span = Span(len(before.encode()), len((before + literal).encode()))
    text = parse_carefully(raw).value[1]
    cuts = [0, len(text), random.randint(0, len(text)), random.randint(0, len(text))]
    for start in cuts:
        for end in cuts:
            if start <= end:
                part = within_string(raw, span, start, end)
                assert span.start < part.start <= part.end < span.end
                assert parse_carefully(b'"' + raw[part.start : part.end] + b'"').value == text[start:end]


@pytest.mark.parametrize(
    ("literal", "start", "end", "expected"),
    [
        (r'"abc"', 1, 2, "b"),
        (r'"abc"', 3, 3, ""),
        (r'"abc"', 2, 99, "c"),
        (r'"a\nb"', 1, 2, r"\n"),
        (r'"\u00e9x"', 0, 1, r"\u00e9"),
        (r'"\ud83d\ude00x"', 0, 1, r"\ud83d\ude00"),
        (r'"\ud83d\ude00x"', 1, 2, "x"),
        (r'"\ud83dx"', 1, 2, "x"),  # a lone surrogate is a code point of its own
        (r'"\ud83d\ud83d\ude00"', 0, 1, r"\ud83d"),
        (r'"\\ud83d"', 0, 1, r"\\"),
        (r'"\\ud83d"', 1, 2, "u"),
        ('"😀é\\t"', 1, 2, "é"),
        ('"😀é"', 0, 1, "😀"),
    ],
)
def test_within_string(literal: str, start: int, end: int, expected: str) -> None:
    raw = literal.encode()
    part = within_string(raw, Span(0, len(raw)), start, end)
    assert raw[part.start : part.end].decode() == expected


@pytest.mark.parametrize("unit", ["a", "é", "😀", r"\n", r"\u00e9", r"\ud83d\ude00"])
def test_far_inside_a_long_string(unit: str) -> None:
    size = 700
    raw = f'["{unit * size}"]'.encode()
    width = len(unit.encode())
    for start in (650, 0, 1, 127, 128, 129, 383, 384, size - 1, size, size + 1, 10_000):
        first = 2 + width * min(start, size)
        last = 2 + width * min(start + 130, size)
        assert within_string(raw, Span(1, len(raw) - 1), start, start + 130) == Span(first, last)


@given(st.text("aé漢😀\n", max_size=20), st.integers(1, 120))
def test_characters(text: str, times: int) -> None:
    raw = (text * times).encode()
    for position in (0, len(raw) // 3, len(raw) // 2, 512, 511, 1024, len(raw)):
        whole = raw[:position].decode("utf-8", "ignore")
        assert characters(raw, len(whole.encode())) == len(whole)


# --- pointers -------------------------------------------------------------------------------------------


@given(st.lists(st.one_of(st.text(max_size=5), st.text("~/01 ", max_size=4)), max_size=4))
def test_pointers_survive_the_round_trip(tokens: list[str]) -> None:
    assert parse_pointer("".join("/" + escape(token) for token in tokens)) == tokens


@pytest.mark.parametrize(
    ("pointer", "tokens"),
    # RFC 6901, section 5, and what a wrong order of unescaping would confuse.
    [
        ("", []),
        ("/", [""]),
        ("/a~1b", ["a/b"]),
        ("/m~0n", ["m~n"]),
        ("/~01", ["~1"]),
        ("/~10", ["/0"]),
        ("/a//0", ["a", "", "0"]),
    ],
)
def test_parse_pointer(pointer: str, tokens: list[str]) -> None:
    assert parse_pointer(pointer) == tokens


def test_a_pointer_begins_with_a_slash() -> None:
    with pytest.raises(ValueError, match="not a JSON pointer"):
        parse_pointer("a/b")


# --- shape ----------------------------------------------------------------------------------------------


def deepest(value: Any) -> int:
    if isinstance(value, dict | list):
        inside = value.values() if isinstance(value, dict) else value
        return 1 + max(map(deepest, inside), default=0)
    return 0


@settings(max_examples=500)
@given(lines(broken=False))
def test_depth(line: bytes) -> None:
    assert depth(line) == deepest(parse(line).value)


def test_depth_counts_what_duplicate_keys_hide() -> None:
    assert depth(b'{"a": [[["]"]]], "a": 1}') == 4


class Pairs(list[tuple[str, Any]]):
    """An object as its members, none of them forgotten."""


def repeated(value: Any, pointer: str = "") -> Iterator[tuple[str, int]]:
    if isinstance(value, Pairs):
        for key, count in Counter(key for key, _ in value).items():
            if count > 1:
                yield f"{pointer}/{escape(key)}", count
        for key, item in value:
            yield from repeated(item, f"{pointer}/{escape(key)}")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from repeated(item, f"{pointer}/{index}")


def mended(value: Any) -> Any:
    if isinstance(value, Pairs):
        return Pairs((mended(key), mended(item)) for key, item in value)
    if isinstance(value, list):
        return [mended(item) for item in value]
    return parse_carefully(json.dumps(value).encode()).value if isinstance(value, str) else value


@settings(max_examples=1500)
@given(lines())
def test_repeated_keys_are_exact(line: bytes) -> None:
    value = mended(json.loads(line, object_pairs_hook=Pairs, parse_int=str))
    assert list(repeated_keys(line)) == list(repeated(value))
    if "duplicate-key" in parse(line).quirks:
        assert list(repeated_keys(line))


@settings(max_examples=500)
@given(lines())
def test_members_strings_words_and_marks_cover_the_line(line: bytes) -> None:
    """What the tokenisers find, together with punctuation and spaces, is the whole line."""
    covered = bytearray(line)
    for span in (*strings(line), *words(line), *marks(line)):
        assert covered[span.start : span.end] == line[span.start : span.end]  # none of it found before
        covered[span.start : span.end] = b"\x00" * (span.end - span.start)
    assert not covered.strip(b"\x00 \t\r\n,:") or not covered.translate(None, b"\x00 \t\r\n,:")
    assert all(json.loads(line[slice(*span)]) is not None for span in strings(line))
    whole = value_span(line)
    assert line[slice(*whole)] == line.strip()
    value = parse(line).value
    if isinstance(value, list):
        found = list(members(line, whole))
        assert [member.name for member in found] == [str(i) for i in range(len(value))]
        assert all(member.key is None for member in found)


def test_a_megabyte_string_and_many_backslashes_take_no_stack() -> None:
    literal = b'"' + b"\\\\" * 1_000_000 + b'\\""'
    line = b'{"a": ' + literal + b', "b": [1]}'
    assert line[slice(*locate(line, "/a"))] == literal
    assert line[slice(*locate(line, "/b/0"))] == b"1"
    assert depth(line) == 2


def test_what_has_no_end_raises() -> None:
    with pytest.raises(ValueError, match="no end"):
        value_span(b'{"a": [1')
    with pytest.raises(ValueError, match="no JSON token"):
        value_span(b"   ")
    assert locating.locate(b"  7 ", "") == Span(2, 3)
