"""`parse` is `parse_carefully`, only faster: held equal on whatever can stand in a line."""

import json
import math
import string
from random import Random

import orjson
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from curator import parsing
from curator.parsing import MAX_DEPTH, parse, parse_carefully, values


def typed(value: object) -> list[object]:
    """The value flattened, so that 1, 1.0 and True differ, NaN equals itself and key order is kept."""
    flat: list[object] = []
    pending = [value]
    while pending:  # no recursion: values are deep
        item = pending.pop()
        if isinstance(item, dict):
            flat.append(("object", list(item)))
            pending.extend(item.values())
        elif isinstance(item, list):
            flat.append(("array", len(item)))
            pending.extend(item)
        else:
            flat.append((type(item).__name__, repr(item)))
    return flat


def unordered(value: object) -> object:
    """As `typed`, with the order of keys forgotten."""
    if isinstance(value, dict):
        return ("object", sorted((key, unordered(item)) for key, item in value.items()))
    if isinstance(value, list):
        return ("array", [unordered(item) for item in value])
    return (type(value).__name__, repr(value))


def agree(line: bytes) -> None:
    fast, careful = parse(line), parse_carefully(line)
    assert fast.fault == careful.fault
    assert fast.quirks == careful.quirks
    assert fast.canonical == careful.canonical
    assert typed(fast.value) == typed(careful.value)


# --- lines as people and programs write them -----------------------------------------------------
# Hypothesis draws a seed and a size, and a writer does the rest: a hundred times as many lines a second
# as drawing each character would give. The size shrinks; the line stands in the failure.

SPACES = ["", "", "", "", " ", "  ", "\t", "\r", "\n", " \t\r\n"]
# Few keys, so that they meet; several that only a decoder can tell to be equal.
NAMES = ["a", "a", "b", "", "role", "é", '"', "\\", "/", "~", "a/b", "m~n", "~1", "0", "1", "\U0001f600", "\ufffd"]
CHARACTERS = 'abz 09"\\/~{}[]:,#\b\f\n\r\t\x00\x1f\x7f\x80é\u2028\ud7ff\ue000\ufeff\ufffd\uffff\U0001f600\U0010ffff'
SHORT = {'"': '\\"', "\\": "\\\\", "/": "\\/", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
LONE = ["\\ud800", "\\uDFFF", "\\ud83d\\ud83d\\ude00", "\\ude00\\ud83d", "\\uD800\\u0041", "\\ud800\\\\"]
NUMBERS = ["0", "-0", "-0.0", "0e0", "1", "1.0", "1E5", "1e16", "1e+16", "1e400", "-1e400", "1e-400", "1e308", "5e-324"]
NUMBERS += [str(sign * 2**power + more) for power in (53, 63, 64, 70) for sign in (1, -1) for more in (-1, 0, 1)]
NUMBERS += ["9" * 30, "9" * 400, "9" * 4000, "9" * 4001, "0.1" + "0" * 30 + "1", "12345678901234567890.5"]
CONSTANTS = ["NaN", "Infinity", "-Infinity"]


class Writer:
    """Writes JSON in every spelling; `broken` adds what parsers let pass in silence."""

    def __init__(self, random: Random, *, broken: bool) -> None:
        self.random = random
        self.broken = broken

    def space(self) -> str:
        return self.random.choice(SPACES)

    def literal(self, text: str) -> str:
        """The text as a string literal: each character plain, escaped, or as \\u in any case of hex."""
        parts = []
        for character in text:
            how = self.random.randrange(8)
            if how == 0 and character in SHORT:
                parts.append(SHORT[character])
            elif how in (1, 2) or character in '"\\' or character < " ":
                units = character.encode("utf-16-be").hex()
                units = units.upper() if how == 1 else units
                parts += ["\\u" + units[i : i + 4] for i in range(0, len(units), 4)]
            else:
                parts.append(character)
        if self.broken and not self.random.randrange(40):
            parts.insert(self.random.randint(0, len(parts)), self.random.choice(LONE))
        return '"' + "".join(parts) + '"'

    def text(self) -> str:
        if self.random.randrange(3):
            return "".join(self.random.choices(CHARACTERS, k=self.random.randrange(6)))
        return self.random.choice(NAMES)

    def number(self) -> str:
        how = self.random.randrange(5)
        if how == 0:
            return self.random.choice(NUMBERS)
        if how == 1:
            return repr(self.random.uniform(-1, 1) * 10 ** self.random.randint(-320, 308))
        if how == 2:
            return str(self.random.randint(-20, 20))
        whole = str(self.random.getrandbits(self.random.randint(1, 90)))
        fraction = f".{self.random.getrandbits(self.random.randint(1, 90)):0{self.random.randint(1, 20)}}"
        power = f"{self.random.choice('eE')}{self.random.choice(['', '+', '-'])}{self.random.randint(0, 330)}"
        return (
            self.random.choice(["", "-"])
            + whole
            + (fraction if self.random.randrange(2) else "")
            + (power if not self.random.randrange(3) else "")
        )

    def leaf(self) -> str:
        how = self.random.randrange(12)
        if how < 5:
            return self.literal(self.text())
        if how < 9:
            return self.number()
        if how == 9 and self.broken and not self.random.randrange(6):
            return self.random.choice(CONSTANTS)
        return self.random.choice(["true", "false", "null"])

    def value(self, size: int) -> str:
        return self.container(size) if size > 1 and self.random.randrange(8) else self.leaf()

    def container(self, size: int) -> str:
        count = self.random.randint(0, min(4, size))
        items = [self.space() + self.value((size - 1) // count) + self.space() for _ in range(count)]
        if not self.random.randrange(3):
            return "[" + (",".join(items) or self.space()) + "]"
        names = NAMES if self.broken else self.random.sample(NAMES[1:], count)
        keys = [self.random.choice(NAMES) for _ in items] if self.broken else names
        members = (
            self.space() + self.literal(key) + self.space() + ":" + i for key, i in zip(keys, items, strict=True)
        )
        return "{" + (",".join(members) or self.space()) + "}"


seeds = st.integers(0, 2**32)


@st.composite
def writers(draw: st.DrawFn, *, broken: bool = True) -> Writer:
    return Writer(Random(draw(seeds)), broken=broken)


@st.composite
def lines(draw: st.DrawFn, *, broken: bool = True) -> bytes:
    """A valid line; with `broken`, one that may hold duplicate keys, lone surrogates, NaN, huge numbers."""
    writer = draw(writers(broken=broken))
    return (writer.space() + writer.value(draw(st.integers(0, 14))) + writer.space()).encode()


@settings(max_examples=4000)
@given(lines())
@example(b'{"a":1,"a":2}')
@example(b'{"a":1,"\\u0061":2}')
@example(b'{"a":"\\u0022","a":""}')  # what the second key hides in quotes, the escape gives back
@example(b'[{"b":{"a":1,"a":[]}}]')
@example(b"18446744073709551616")
@example(b"-9223372036854775809")
@example(b'["e+", 18446744073709551615]')
@example(b'{"\\ud800":1,"\\ud801":2}')
def test_fast_and_careful_agree(line: bytes) -> None:
    agree(line)


DAMAGE = list(b'"\\{}[],:0-9e+. \n\x00\x1f\x7f\x80\xc3\xed\xa0\xff/#Nu\xef\xbb\xbf')


@settings(max_examples=1000)
@given(lines(), seeds)
def test_they_agree_on_what_is_damaged(line: bytes, seed: int) -> None:
    random = Random(seed)
    agree(line[: random.randint(0, len(line))])
    damaged = bytearray(line)
    for _ in range(random.randint(1, 3)):
        place = random.randint(0, len(damaged))
        damaged[place : place + random.randint(0, 1)] = bytes([random.choice(DAMAGE)])
        agree(bytes(damaged))


@settings(max_examples=300)
@given(st.one_of(st.binary(max_size=12), st.text(string.punctuation + "01eEu \n", max_size=12).map(str.encode)))
def test_they_agree_on_anything(line: bytes) -> None:
    agree(line)


@settings(max_examples=200)
@given(st.lists(lines(), min_size=2, max_size=3))
def test_they_agree_on_glued_values(parts: list[bytes]) -> None:
    agree(b"".join(parts))


@pytest.mark.parametrize(
    "size", [200, 253, 254, 255, 256, 300, 400, MAX_DEPTH - 1, MAX_DEPTH, MAX_DEPTH + 1, 600, 1023]
)
@pytest.mark.parametrize(("opening", "closing"), [(b"[", b"]"), (b'{"a":', b"}"), (b'[{"a":', b"}]")])
def test_they_agree_on_deep_nesting(size: int, opening: bytes, closing: bytes) -> None:
    levels = size // opening.count(b"[") if opening == b"[" else size
    levels = size // 2 if opening.startswith(b"[{") else levels
    line = opening * levels + b"1" + closing * levels
    agree(line)
    agree(line[:-1])
    deepest = levels * (2 if opening.startswith(b"[{") else 1)
    fault = parse(line).fault
    assert (fault is not None and fault.kind == "depth") == (deepest > MAX_DEPTH)


@pytest.mark.parametrize("size", [1024, 1025, 5_000, 200_000])
def test_absurd_depth_is_a_fault_and_no_crash(size: int) -> None:
    for line in (b"[" * size, b"[" * size + b"]" * size, b'{"a":' * size):
        agree(line)
        fault = parse(line).fault
        assert fault is not None
        assert fault.kind == "depth"


@pytest.mark.parametrize(("opening", "closing"), [(b"[", b"]"), (b'{"\\ud800":', b"}")])
def test_deep_lone_surrogates_are_mended_without_recursion(opening: bytes, closing: bytes) -> None:
    parsed = parse(opening * MAX_DEPTH + b'"\\ud800"' + closing * MAX_DEPTH)
    assert parsed.quirks == {"lone-surrogate"}
    assert "\ud800" not in repr(typed(parsed.value))


def test_brackets_in_strings_are_no_depth() -> None:
    line = orjson.dumps({"a": "[" * 5000 + '{"'})
    assert parse(line).fault is None
    assert parse_carefully(line).fault is None


def test_the_fast_path_is_taken_at_all() -> None:
    """The equality would also hold if `parse` always went the careful way."""
    taken = []
    original = parsing.parse_carefully
    parsing.parse_carefully = lambda raw: taken.append(raw) or original(raw)  # type: ignore[func-returns-value]
    try:
        for line in (b'{"a": "\\u00e9 \\"x\\"", "b": [1, -2.5, null, true]}', b'{"n": 18446744073709551615}'):
            assert parse(line).fault is None
        assert taken == []
        parse(b'{"a":1,"a":2}')
        assert len(taken) == 1
    finally:
        parsing.parse_carefully = original


# --- the canonical form -------------------------------------------------------------------------------


def spelled(value: object, writer: Writer) -> str:
    """The value as JSON, with keys in any order, any spacing and any escapes."""
    if isinstance(value, dict):
        items = writer.random.sample(list(value.items()), len(value))
        inside = (writer.literal(key) + writer.space() + ":" + spelled(item, writer) for key, item in items)
        return "{" + writer.space() + ("," + writer.space()).join(inside) + "}"
    if isinstance(value, list):
        return "[" + ("," + writer.space()).join(spelled(item, writer) for item in value) + writer.space() + "]"
    return writer.literal(value) if isinstance(value, str) else json.dumps(value)


@settings(max_examples=500)
@given(lines(broken=False), writers(broken=False))
def test_equal_values_have_one_canonical_form(line: bytes, writer: Writer) -> None:
    parsed = parse(line)
    assume(not parsed.quirks)  # 1e400: the one thing that the writer cannot leave out
    assert parsed.fault is None
    again = parse(spelled(parsed.value, writer).encode())
    assert again.canonical == parsed.canonical
    assert unordered(again.value) == unordered(parsed.value)


@settings(max_examples=800)
@given(st.lists(lines(), min_size=2, max_size=4))
@example([b"1", b"1.0", b"true"])
@example([b"18446744073709551616", b"18446744073709551616.0", b"18446744073709551617"])
@example([b'{"a":NaN}', b'{"a":"NaN"}'])
@example([b'"\\ud800"', b'"\\ufffd"'])
@example([b'{"a":1,"a":2}', b'{"a":2}'])
@example([b"0.0", b"-0.0", b"0", b"-0"])
def test_different_values_never_share_one(several: list[bytes]) -> None:
    found: dict[bytes, object] = {}
    for line in several:
        parsed = parse(line)
        if parsed.fault is None:
            meaning = (sorted(parsed.quirks), line.strip() if parsed.quirks else unordered(parsed.value))
            assert found.setdefault(parsed.canonical, meaning) == meaning


# --- faults and quirks ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "kind", "position"),
    [
        (b'{"a": "\xff"}', "encoding", 7),
        (b'{"\xc3\xa9": "\xe9"}', "encoding", 8),  # bytes, not code points
        (b'"\xed\xa0\x80"', "encoding", 1),  # a surrogate written as UTF-8
        (b"", "syntax", 0),
        (b"   ", "syntax", 3),
        (b'{"a": 1', "syntax", 7),
        ('{"é": 1,}'.encode(), "syntax", None),
        ('{"é" 1}'.encode(), "syntax", 5),  # code points, not bytes
        (b"{'a': 1}", "syntax", 1),
        (b'{"a": True}', "syntax", 6),
        (b'{"a": "x\ny"}', "syntax", 8),  # a raw control character
        (b'{"a": 01}', "syntax", 7),
        (b'{"a": "\\x"}', "syntax", 7),
        (b"\xef\xbb\xbf{}", "syntax", 0),
        (b'{"a": 1}]', "syntax", 8),
        (b'{"a": 1} x', "syntax", 9),
        (b"1 2", "syntax", 2),  # numbers side by side are no records
        (b'{"a": 1} 2', "syntax", 9),
        (b'{"a": 1}{"b": 2}', "several", 8),
        (b'{"a": 1} {"b": 2}', "several", 9),
        (b'{"a": 1} [] {"b": 2}\t', "several", 9),
        (b'{"a": 1} {"b": 2', "syntax", 9),
        (b"// a note", "comment", 0),
        (b'  # {"a": 1}', "comment", 2),
        (b'{"a": 1} // note', "syntax", 9),
        (b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1), "depth", 0),
    ],
)
def test_each_fault(line: bytes, kind: str, position: int | None) -> None:
    for parsed in (parse(line), parse_carefully(line)):
        assert parsed.fault is not None
        assert parsed.fault.kind == kind
        assert parsed.fault.message
        assert parsed.value is None
        assert parsed.canonical == b""
        if position is not None:
            assert parsed.fault.position == position


@pytest.mark.parametrize(
    ("line", "quirks", "value"),
    [
        (b'{"a": 1, "a": 2}', {"duplicate-key"}, {"a": 2}),
        (b'[{"b": {"a": 1, "\\u0061": 2}}]', {"duplicate-key"}, [{"b": {"a": 2}}]),
        (b'{"a": Infinity}', {"non-finite-number"}, {"a": math.inf}),
        (b'{"a": -Infinity}', {"non-finite-number"}, {"a": -math.inf}),
        (b'{"a": 1e400}', {"huge-number"}, {"a": math.inf}),
        (b'{"a": -1e400}', {"huge-number"}, {"a": -math.inf}),
        (b"-" + b"9" * 4001, {"huge-number"}, -math.inf),
        (b'"x\\ud800y"', {"lone-surrogate"}, "x\ufffdy"),
        (b'"\\ude00\\ud83d"', {"lone-surrogate"}, "\ufffd\ufffd"),
        (b'{"\\ud800": "\\ud800"}', {"lone-surrogate"}, {"\ufffd": "\ufffd"}),
        (b'{"a": "\\ud800", "a": NaN, "a": 1}', {"duplicate-key", "non-finite-number"}, {"a": 1}),
        (b'"\\ud83d\\ude00"', set(), "\U0001f600"),
        (b'"\\\\ud800"', set(), "\\ud800"),
        (b"9007199254740993", set(), 9007199254740993),
        (b"-18446744073709551617", set(), -18446744073709551617),
        (b"9" * 4000, set(), int("9" * 4000)),
        (b"1e308", set(), 1e308),
        (b"1e-400", set(), 0.0),
    ],
)
def test_each_quirk(line: bytes, quirks: set[str], value: object) -> None:
    parsed = parse(line)
    assert parsed.fault is None
    assert parsed.quirks == quirks
    assert typed(parsed.value) == typed(value)
    if quirks:
        assert parsed.canonical == line.strip()


@settings(max_examples=150)
@given(writers(), st.integers(2, 4))
def test_values_of_a_line_that_holds_several(writer: Writer, count: int) -> None:
    parts = [writer.container(5) for _ in range(count)]
    gaps = [writer.space() for _ in range(count + 1)]
    raw = (gaps[0] + "".join(part + gap for part, gap in zip(parts, gaps[1:], strict=True))).encode()
    fault = parse(raw).fault
    assert fault is not None
    assert fault.kind == "several"
    assert fault.position == len(gaps[0] + parts[0] + gaps[1])
    assert [raw[start:end].decode() for start, end in values(raw)] == parts
