"""Edits touch the bytes they name and no others."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curator import engine
from curator.edits import (
    DropLine,
    Edit,
    Fix,
    Insert,
    Remove,
    RenameKey,
    Replace,
    ReplaceBytes,
    ReplaceText,
    RewriteAsLines,
    SplitLine,
)
from curator.findings import record_hash
from curator.fixing import apply
from curator.fixing.splicing import Splice, choose, join, splices
from curator.inputs import Dataset
from curator.locate import escape, locate
from curator.model import Finding, Severity
from curator.settings import Settings


def edited(raw: str, *edits: Edit) -> str:
    data = raw.encode()
    return join(data, splices(data, edits)).decode()


@pytest.mark.parametrize(
    ("raw", "edits", "after"),
    [
        # untouched spelling stays: spaces, number spellings, escapes, order of keys
        (r'{ "b":1.50 ,"a": "\u00e9\/" , "c":2 }', [Replace("/c", 3)], r'{ "b":1.50 ,"a": "\u00e9\/" , "c":3 }'),
        ('{"a": [1, 2, 3]}', [Replace("/a/1", {"x": [None, True]})], '{"a": [1, {"x": [null, true]}, 3]}'),
        ('{"a":1}', [Replace("/a", {"x": [1, 2]})], '{"a":{"x":[1,2]}}'),
        ('{"a/b": 1, "~": 2}', [Replace("/a~1b", 3), Replace("/~0", 4)], '{"a/b": 3, "~": 4}'),
        # text: code points, not bytes and not UTF-16 units
        ('{"a": "né😀x"}', [ReplaceText("/a", 2, 3, "!")], '{"a": "né!x"}'),
        (r'{"a": "n\u00e9\ud83d\ude00x"}', [ReplaceText("/a", 2, 3, "ü")], r'{"a": "n\u00e9\u00fcx"}'),
        (r'{"a": "n\u00e9", "b": 1}', [Replace("/b", "\x7f")], r'{"a": "n\u00e9", "b": "\u007f"}'),
        (r'{"a": "x\n\u0001"}', [ReplaceText("/a", 0, 1, "ü")], r'{"a": "ü\n\u0001"}'),  # escapes JSON asks for
        (r'{"a": "\\u00e9"}', [ReplaceText("/a", 0, 1, "ü")], r'{"a": "üu00e9"}'),  # no escape, but a backslash
        ('{"a": "say"}', [ReplaceText("/a", 3, 3, ' "hi"\n')], r'{"a": "say \"hi\"\n"}'),
        ('{"a": "abc"}', [ReplaceText("/a", 0, 1, "x"), ReplaceText("/a", 2, 3, "z")], '{"a": "xbz"}'),
        # members go with their comma
        ('{"a": 1, "b": 2, "c": 3}', [Remove("/a")], '{"b": 2, "c": 3}'),
        ('{"a": 1, "b": 2, "c": 3}', [Remove("/b")], '{"a": 1, "c": 3}'),
        ('{"a": 1, "b": 2, "c": 3}', [Remove("/c")], '{"a": 1, "b": 2}'),
        ('{"a": 1, "b": 2, "c": 3}', [Remove("/c"), Remove("/b")], '{"a": 1}'),
        ('{"a": 1, "b": 2, "c": 3}', [Remove("/a"), Remove("/c")], '{"b": 2}'),
        ('{ "a": 1 }', [Remove("/a")], "{  }"),
        ("[[1, 2, 3, 4]]", [Remove("/0/3"), Remove("/0/2"), Remove("/0/0")], "[[2]]"),
        ('{"a": 1, "b": 2}', [Remove("/b"), Replace("/a", 5)], '{"a": 5}'),
        # insertions follow the container's own spaces
        ('{"a":1 , "b":2}', [Insert("/c", "x")], '{"a":1 , "b":2 , "c":"x"}'),
        ('{"a": []}', [Insert("/a/-", 1), Insert("/a/-", 2)], '{"a": [1, 2]}'),
        ('{"a": [1,2]}', [Insert("/a/0", 0), Insert("/a/2", 3)], '{"a": [0,1,2,3]}'),
        ('{"a": {}}', [Insert("/a/b", None)], '{"a": {"b": null}}'),
        ('{"a": 1, "b": 2}', [Remove("/b"), Insert("/c", 3)], '{"a": 1, "c": 3}'),
        ('{"b": 2}', [Remove("/b"), Insert("/c", 3)], '{"c": 3}'),
        # keys
        ('{"message": [], "b": 1}', [RenameKey("/message", "messages")], '{"messages": [], "b": 1}'),
        ('{"a": {"x": 1}}', [RenameKey("/a", "b"), Replace("/a/x", 2)], '{"b": {"x": 2}}'),
        # bytes
        ('{"a": 1,}', [ReplaceBytes(7, 8, "")], '{"a": 1}'),
        ('{"a": 1}', [Replace("/a", 1)], '{"a": 1}'),
    ],
)
def test_edits(raw: str, edits: list[Edit], after: str) -> None:
    assert edited(raw, *edits) == after


@pytest.mark.parametrize(
    ("raw", "edits"),
    [
        ('{"a": 1, "a": 2}', [Replace("/a", 3)]),
        ('{"a": 1, "a": 2}', [ReplaceBytes(0, 0, " ")]),
        ('{"a": 1', [Replace("/a", 3)]),
        ('{"a": 1}', [Replace("/b", 3)]),
        ('{"a": 1}', [Replace("/a/b", 3)]),
        ('{"a": 1}', [Remove("/b")]),
        ('{"a": 1}', [Remove("")]),
        ('{"a": 1}', [Remove("/a/b")]),
        ('{"a": 1}', [ReplaceText("/a", 0, 1, "x")]),
        ('{"a": 1, "b": 2}', [RenameKey("/a", "b")]),
        ("[1]", [RenameKey("/0", "b")]),
        ('{"a": 1}', [Insert("/a", 2)]),
        ('{"a": 1}', [Insert("/b/c", 2)]),
        ('{"a": [1]}', [Insert("/a/x", 2)]),
        ('{"a": "abc"}', [ReplaceText("/a", 0, 2, "x"), ReplaceText("/a", 1, 3, "z")]),
        ('{"a": [1, 2]}', [Remove("/a"), Replace("/a/0", 3)]),
        ('{"a": 1}', [Replace("/a", float("nan"))]),
        ('{"a": 1}', [Replace("/a", "\ud83d")]),
        ('{"a": 1}', [DropLine()]),
    ],
)
def test_what_does_not_fit_is_refused(raw: str, edits: list[Edit]) -> None:
    with pytest.raises((ValueError, LookupError)):
        splices(raw.encode(), edits)


# --- laws --------------------------------------------------------------------------------------

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)
RECORDS = st.dictionaries(TEXT, VALUES, min_size=1, max_size=4)


@st.composite
def spelled(draw: st.DrawFn) -> tuple[dict[str, Any], bytes]:
    """A record, and one of the ways to write it."""
    value = draw(RECORDS)
    separators = draw(st.sampled_from([(", ", ": "), (",", ":"), (" ,\t", " : ")]))
    ascii_only = draw(st.booleans())
    indent = draw(st.sampled_from([None, None, 1]))
    return value, json.dumps(value, ensure_ascii=ascii_only, separators=separators, indent=indent).encode()


def pointers(value: Any, pointer: str = "") -> list[str]:
    """Every pointer into a value but that of the whole."""
    found = []
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        inner = f"{pointer}/{escape(str(key))}"
        found += [inner, *pointers(item, inner)]
    return found


def parent_of(value: Any, pointer: str) -> tuple[Any, Any]:
    """The container that a pointer leads into, and the key or index there."""
    *path, last = [token.replace("~1", "/").replace("~0", "~") for token in pointer[1:].split("/")]
    for token in path:
        value = value[int(token)] if isinstance(value, list) else value[token]
    return value, int(last) if isinstance(value, list) and last != "-" else last


def outside(raw: bytes, changes: list[Splice]) -> list[bytes]:
    """The stretches that no splice touches."""
    edges = [0, *(edge for splice in changes for edge in (splice.start, splice.end)), len(raw)]
    return [raw[start:end] for start, end in zip(edges[::2], edges[1::2], strict=True)]


@given(spelled(), st.data())
def test_replace_law(record: tuple[dict[str, Any], bytes], data: st.DataObject) -> None:
    value, raw = record
    pointer, new = data.draw(st.sampled_from(pointers(value))), data.draw(VALUES)
    changes = splices(raw, [Replace(pointer, new)])
    after = join(raw, changes)
    container, key = parent_of(value, pointer)
    container[key] = new
    assert json.loads(after) == value
    span = locate(raw, pointer)
    assert after.startswith(raw[: span.start])
    assert after.endswith(raw[span.end :])


@given(spelled(), st.data())
def test_remove_law(record: tuple[dict[str, Any], bytes], data: st.DataObject) -> None:
    value, raw = record
    pointer = data.draw(st.sampled_from(pointers(value)))
    siblings, _ = parent_of(value, pointer)
    parent = pointer.rpartition("/")[0]
    names = range(len(siblings)) if isinstance(siblings, list) else [escape(name) for name in siblings]
    chosen = data.draw(st.sets(st.sampled_from([f"{parent}/{name}" for name in names]), min_size=1))
    changes = splices(raw, [Remove(item) for item in chosen])
    expected = copy.deepcopy(value)
    for item in sorted(chosen, key=lambda item: [int(t) if t.isdigit() else 0 for t in item.split("/")], reverse=True):
        container, key = parent_of(expected, item)
        del container[key]
    assert json.loads(join(raw, changes)) == expected
    assert all(not change.text for change in changes)


@given(spelled(), st.data())
def test_insert_law(record: tuple[dict[str, Any], bytes], data: st.DataObject) -> None:
    value, raw = record
    containers = [""] + [p for p in pointers(value) if isinstance(json.loads(raw[slice(*locate(raw, p))]), dict | list)]
    parent, new = data.draw(st.sampled_from(containers)), data.draw(VALUES)
    container = json.loads(raw[slice(*locate(raw, parent))])
    if isinstance(container, dict):
        name = data.draw(TEXT.filter(lambda name: name not in container))
        changes = splices(raw, [Insert(f"{parent}/{escape(name)}", new)])
        container[name] = new
    else:
        index = data.draw(st.integers(0, len(container)))
        changes = splices(raw, [Insert(f"{parent}/{index}", new)])
        container.insert(index, new)
    after = join(raw, changes)
    assert json.loads(after[slice(*locate(after, parent))]) == container
    assert b"".join(outside(raw, changes)) == raw


@given(spelled(), st.data())
def test_text_law(record: tuple[dict[str, Any], bytes], data: st.DataObject) -> None:
    value, raw = record
    texts = [p for p in pointers(value) if raw[locate(raw, p).start] == ord('"')]
    if not texts:
        return
    pointer, new = data.draw(st.sampled_from(texts)), data.draw(TEXT)
    container, key = parent_of(value, pointer)
    old = container[key]
    start = data.draw(st.integers(0, len(old)))
    end = data.draw(st.integers(start, len(old)))
    changes = splices(raw, [ReplaceText(pointer, start, end, new)])
    container[key] = old[:start] + new + old[end:]
    assert json.loads(join(raw, changes)) == value
    assert len(changes) <= 1
    if raw.isascii() and rb"\u" in raw and not new.isascii() and any(ord(c) > 127 for c in str(json.loads(raw))):
        assert join(raw, changes).isascii()


@given(spelled(), st.data())
def test_rename_law(record: tuple[dict[str, Any], bytes], data: st.DataObject) -> None:
    value, raw = record
    old, new = data.draw(st.sampled_from(sorted(value))), data.draw(TEXT.filter(lambda name: name not in value))
    after = join(raw, splices(raw, [RenameKey(f"/{escape(old)}", new)]))
    renamed = {new if key == old else key: item for key, item in value.items()}
    assert list(json.loads(after).items()) == list(renamed.items())


@given(st.lists(spelled(), min_size=1, max_size=4), st.data())
def test_the_other_lines_law(records: list[tuple[dict[str, Any], bytes]], data: st.DataObject) -> None:
    """A fix of one line leaves every other line, and every line ending, as it was."""
    lines = [raw.replace(b"\n", b" ") for _, raw in records]
    ending = data.draw(st.sampled_from([b"\n", b"\r\n"]))
    number = data.draw(st.integers(1, len(lines)))
    whole = ending.join(lines) + data.draw(st.sampled_from([b"", ending]))
    pointer = data.draw(st.sampled_from(pointers(records[number - 1][0])))
    after = apply(whole, [finding(lines[number - 1], number, Replace(pointer, "new"))])
    assert [line for i, line in enumerate(after.split(ending), 1) if i != number] == [
        line for i, line in enumerate(whole.split(ending), 1) if i != number
    ]
    assert after.count(ending) == whole.count(ending)
    assert b'"new"' in after


# --- files -------------------------------------------------------------------------------------


def finding(raw: bytes, line: int, *edits: Edit, column: int = 1) -> Finding:
    """A finding about a record that stands on `line`, with a fix."""
    record = record_hash(raw)
    return Finding(
        "ABC001", "a-rule", Severity.ERROR, "", "x.jsonl", None, line, column, column, "", "line", None, None, record,
        {}, None, (), Fix("mend it", edits), "safe",
    )  # fmt: skip


A, B, C = b'{"a": 1}', b'{"b": 2}', b'{"c": 3}'


@pytest.mark.parametrize(
    ("data", "findings", "after"),
    [
        (A + b"\n" + B + b"\n" + C, [finding(B, 2, DropLine())], A + b"\n" + C),
        (A + b"\r\n" + B + b"\r\n", [finding(B, 2, DropLine())], A + b"\r\n"),
        (A + b"\n" + B, [finding(B, 2, DropLine())], A + b"\n"),
        (A + b"\n\n" + B, [finding(b"", 2, DropLine())], A + b"\n" + B),
        (A + b"\n" + B + b"\n", [finding(A, 1, DropLine()), finding(B, 2, DropLine())], b""),
        (A + b" " + B + C + b"\n", [finding(A + b" " + B + C, 1, SplitLine())], A + b"\n" + B + b"\n" + C + b"\n"),
        (A + b"\r\n" + B + C, [finding(B + C, 2, SplitLine())], A + b"\r\n" + B + b"\r\n" + C),
        (A + B + C + b"\n", [finding(B, 1, Replace("/b", 5), column=9)], A + b'{"b": 5}' + C + b"\n"),
        (A + B + C + b"\n", [finding(C, 1, DropLine(), column=17)], A + B + b"\n"),
        (A + b" " + A + b"\n", [finding(A, 1, DropLine(), column=10)], A + b"\n"),
        (b"\xef\xbb\xbf" + A + b"\n", [finding(b"", 1, ReplaceBytes(0, 3, ""))], A + b"\n"),
        (b"\xef\xbb\xbf" + A + b"\n", [finding(A, 1, Replace("/a", 9))], b'\xef\xbb\xbf{"a": 9}\n'),
        (
            b"\xef\xbb\xbf" + A + b"\n",
            [finding(b"", 1, ReplaceBytes(0, 3, "")), finding(A, 1, DropLine())],
            b"",
        ),
        # documents
        (b"[\n" + A + b",\n" + B + b"\n]\n", [finding(b"", 1, RewriteAsLines())], A + b"\n" + B + b"\n"),
        (b"[\r\n" + A + b",\r\n" + B + b"]", [finding(b"", 1, RewriteAsLines())], A + b"\r\n" + B + b"\r\n"),
        (b"[" + A + b", " + B + b"]", [finding(B, 1, Replace("/b", 5), column=12)], b"[" + A + b', {"b": 5}]'),
        (b"[\n" + A + b",\n" + B + b",\n" + C + b"\n]", [finding(B, 3, DropLine())], b"[\n" + A + b",\n" + C + b"\n]"),
        (b"[\n" + A + b",\n" + B + b"\n]", [finding(B, 3, DropLine())], b"[\n" + A + b"\n]"),
        (
            b'{\n  "a":\n    "x\\n{"\n}\n{\n  "b": [\n  ]\n}',
            [finding(b"", 1, RewriteAsLines())],
            b'{"a": "x\\n{"}\n{"b": []}\n',
        ),
        (
            b'[\n{\n "a": 1\n}\n]',
            [finding(b"", 1, RewriteAsLines()), finding(b'{\n "a": 1\n}', 3, Replace("/a", 2), column=2)],
            b'{"a": 2}\n',
        ),
    ],
)
def test_files(data: bytes, findings: list[Finding], after: bytes) -> None:
    assert apply(data, findings) == after


@pytest.mark.parametrize(
    ("data", "findings"),
    [
        (A + b"\n", [finding(B, 1, DropLine())]),  # the line is another by now
        (A + b"\n", [finding(A, 7, DropLine())]),
        (A + b"\n", [finding(A, 1)]),
        (A + b"\n", [finding(b"", 1, RewriteAsLines())]),
        (b"[\n" + A + b",\n{]\n}\n]", [finding(b"", 1, RewriteAsLines())]),  # nothing may be lost
        (b"[\n" + A + b"\n] x", [finding(b"", 1, RewriteAsLines())]),
        (b'{"a": 1, "a": 2}\n', [finding(b'{"a": 1, "a": 2}', 1, DropLine())]),
        ((A + b"\n").decode().encode("utf-16"), [finding(A, 1, DropLine()), finding(b"", 1, RewriteAsLines())]),
    ],
)
def test_files_that_stay_as_they_are(data: bytes, findings: list[Finding]) -> None:
    assert apply(data, findings) == data


def test_of_two_fixes_the_first_wins_and_the_other_waits() -> None:
    raw = b'{"a": "abc", "b": "x"}'
    first = finding(raw, 1, ReplaceText("/a", 1, 3, "!"))
    second = finding(raw, 1, Replace("/b", "y"), ReplaceText("/a", 2, 3, "?"))
    third = finding(raw, 1, Replace("/b", "z"))
    chosen = choose(raw, [first, second, third])
    after = join(raw, chosen.splices)
    assert after == b'{"a": "a!", "b": "z"}'
    assert chosen.applied == [first, third]  # a fix is applied whole or not at all
    again = finding(after, 1, Replace("/b", "y"))
    assert apply(after, [again]) == b'{"a": "a!", "b": "y"}'


def test_two_appends_at_one_place_do_not_mix() -> None:
    raw = b'{"a": "x"}'
    append = finding(raw, 1, ReplaceText("/a", 1, 1, "!"))
    assert apply(raw, [append, append]) == b'{"a": "x!"}'


FLAWED = """\ufeff{"messages": [{"role": "human", "content": "Ping?"}, {"role": "gpt", "content": "Pong."}]}

{"messages":[{"role":"user","content":"Hi"},{"role":"assistant","content":"Hello."}],"id":1.0}{"messages": []}
// a note
{"messages": [{"role": "user", "content": "Bye"}, {"role": "Assistant", "content": "So long."},]}
"""
MENDED = """{"messages": [{"role": "user", "content": "Ping?"}, {"role": "assistant", "content": "Pong."}]}
{"messages":[{"role":"user","content":"Hi"},{"role":"assistant","content":"Hello."}]}
{"messages": []}
{"messages": [{"role": "user", "content": "Bye"}, {"role": "assistant", "content": "So long."}]}
"""


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_a_flawed_file_is_mended_and_then_stays(tmp_path: Path, ending: str) -> None:
    path = tmp_path / "train.jsonl"
    data, rounds = FLAWED.replace("\n", ending).encode(), 0
    while rounds < 5:
        path.write_bytes(data)
        report = engine.check([Dataset("x", {"train": (str(path),)}, Settings(target="openai"))])
        after = apply(data, report.findings)
        if after == data:
            break
        data, rounds = after, rounds + 1
    assert data.decode() == MENDED.replace("\n", ending)
    assert rounds == 2  # a line that cannot be read is mended first, its role after that
