"""`parse` is `parse_carefully`, only faster: held equal on whatever can stand in a line."""

import json
import math
import string

import orjson
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from curator import parsing
from curator.parsing import MAX_DEPTH, parse, parse_carefully, values


def typed(value: object) -> object:
    """The value in a form in which 1, 1.0 and True differ, NaN equals itself and key order is kept."""
    if isinstance(value, dict):
        return ("object", [(key, typed(item)) for key, item in value.items()])
    if isinstance(value, list):
        return ("array", [typed(item) for item in value])
    return (type(value).__name__, repr(value))


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

spaces = st.sampled_from(["", "", "", " ", "  ", "\t", "\r", "\n", " \t\r\n"])
# Few keys, so that they meet; several that only a decoder can tell to be equal.
names = st.sampled_from(["a", "b", "", "role", "é", '"', "\\", "/", "~", "a/b", "m~n", "0", "\U0001f600", "\ufffd"])
texts = st.one_of(
    names,
    st.text(max_size=8),
    st.text(alphabet=st.characters(codec="utf-8", categories=["Cc", "Zl", "Zp", "So", "Po"]), max_size=5),
)


@st.composite
def literals(draw: st.DrawFn, content: st.SearchStrategy[str] = texts, broken: bool = True) -> str:
    """A string as JSON may spell it: each character as it is, escaped, or as \\u with any case of hex."""
    parts = []
    for character in draw(content):
        how = draw(st.sampled_from(["plain", "plain", "short", "upper", "lower"]))
        short = {'"': '\\"', "\\": "\\\\", "/": "\\/", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
        if how == "short" and character in short:
            parts.append(short[character])
        elif how in ("upper", "lower") or character in '"\\' or character < " ":
            units = character.encode("utf-16-be", "surrogatepass").hex()
            units = units.upper() if how == "upper" else units
            parts += ["\\u" + units[i : i + 4] for i in range(0, len(units), 4)]
        else:
            parts.append(character)
    if broken and draw(st.integers(0, 15)) == 0:
        lone = draw(st.sampled_from(["\\ud800", "\\uDFFF", "\\ud83d\\ud83d\\ude00", "\\ude00\\ud83d", "\\ud800\\u0041"]))
        parts.insert(draw(st.integers(0, len(parts))), lone)
    return '"' + "".join(parts) + '"'


numbers = st.one_of(
    st.integers(-20, 20).map(str),
    st.integers().map(str),
    st.integers(2**63 - 2, 2**64 + 2).map(str),
    st.integers(-(2**64) - 2, -(2**63) + 2).map(str),
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.from_regex(r"-?(0|[1-9][0-9]{0,25})(\.[0-9]{1,25})?([eE][+-]?[0-9]{1,3})?", fullmatch=True),
    st.sampled_from(["-0", "-0.0", "0e0", "1e400", "-1e400", "1E5", "1e16", "1e-400", "9" * 30, "9" * 4001, "1" * 400]),
)
words = st.sampled_from(["true", "false", "null"])
constants = st.sampled_from(["NaN", "Infinity", "-Infinity"])


def containers(parts: st.SearchStrategy[str], keys: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    @st.composite
    def array(draw: st.DrawFn) -> str:
        items = draw(st.lists(parts, max_size=4))
        return "[" + ",".join(draw(spaces) + item + draw(spaces) for item in items) + (draw(spaces) + "]")

    @st.composite
    def mapping(draw: st.DrawFn) -> str:
        items = draw(st.lists(st.tuples(keys, parts), max_size=4))
        inside = (draw(spaces) + key + draw(spaces) + ":" + draw(spaces) + item + draw(spaces) for key, item in items)
        return "{" + ",".join(inside) + (draw(spaces) + "}")

    return st.one_of(array(), mapping(), mapping())


def documents(*, broken: bool = True) -> st.SearchStrategy[str]:
    """JSON texts in every spelling; with `broken`, also with what parsers let pass in silence."""
    leaf = st.one_of(literals(broken=broken), numbers, words, *([constants] if broken else []))
    keys = literals(names, broken=broken)
    return st.recursive(leaf, lambda parts: containers(parts, keys), max_leaves=12)


@st.composite
def lines(draw: st.DrawFn, broken: bool = True) -> bytes:
    return (draw(spaces) + draw(documents(broken=broken)) + draw(spaces)).encode()


@settings(max_examples=1500)
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


@settings(max_examples=500)
@given(lines(), st.data())
def test_they_agree_on_what_was_cut_off(line: bytes, data: st.DataObject) -> None:
    agree(line[: data.draw(st.integers(0, len(line)))])


@settings(max_examples=800)
@given(lines(), st.data())
def test_they_agree_on_damaged_bytes(line: bytes, data: st.DataObject) -> None:
    damaged = bytearray(line)
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, max(0, len(damaged) - 1)))
        bit = data.draw(st.sampled_from(list(b'"\\{}[],:0-9e+. \n\x00\x1f\x7f\x80\xc3\xed\xa0\xff/#N\xef\xbb\xbf')))
        damaged[place : place + data.draw(st.integers(0, 1))] = bytes([bit])
    agree(bytes(damaged))


@settings(max_examples=300)
@given(st.one_of(st.binary(max_size=12), st.text(string.punctuation + "01eEu \n", max_size=12).map(str.encode)))
def test_they_agree_on_anything(line: bytes) -> None:
    agree(line)


@settings(max_examples=200)
@given(st.lists(lines(), min_size=2, max_size=3))
def test_they_agree_on_glued_values(parts: list[bytes]) -> None:
    agree(b"".join(parts))


@pytest.mark.parametrize("size", [200, 253, 254, 255, 256, 300, 400, MAX_DEPTH - 1, MAX_DEPTH, MAX_DEPTH + 1, 600, 1023])
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


def spelled(value: object, data: st.DataObject) -> str:
    """The value as JSON, with keys in any order, any spacing and any escapes."""
    gap = data.draw(spaces)
    if isinstance(value, dict):
        items = data.draw(st.permutations(list(value.items())))
        inside = [data.draw(literals(st.just(key), broken=False)) + ":" + spelled(item, data) for key, item in items]
        return "{" + gap + ("," + gap).join(inside) + "}"
    if isinstance(value, list):
        return "[" + ("," + gap).join(spelled(item, data) for item in value) + gap + "]"
    if isinstance(value, str):
        return data.draw(literals(st.just(value), broken=False))
    return json.dumps(value)


plain_values = st.recursive(
    st.one_of(
        texts, st.none(), st.booleans(), st.integers(-3, 3), st.integers(), st.floats(allow_nan=False, allow_infinity=False)
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(texts, inner, max_size=3)),
    max_leaves=8,
)


@settings(max_examples=300)
@given(plain_values, st.data())
def test_equal_values_have_one_canonical_form(value: object, data: st.DataObject) -> None:
    first, second = spelled(value, data).encode(), spelled(value, data).encode()
    assert parse(first).canonical == parse(second).canonical
    assert unordered(parse(first).value) == unordered(value)


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
@given(st.lists(containers(documents(), literals(names)), min_size=2, max_size=4), st.data())
def test_values_of_a_line_that_holds_several(parts: list[str], data: st.DataObject) -> None:
    gaps = [data.draw(spaces) for _ in range(len(parts) + 1)]
    line = gaps[0] + "".join(part + gap for part, gap in zip(parts, gaps[1:], strict=True))
    raw = line.encode()
    fault = parse(raw).fault
    assert fault is not None
    assert fault.kind == "several"
    assert fault.position == len(gaps[0] + parts[0] + gaps[1])
    assert [raw[start:end].decode() for start, end in values(raw)] == parts
