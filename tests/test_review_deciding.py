"""Edits of one record: they touch the bytes that they change, and the rules are asked again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curator import engine
from curator.conventions import Conventions
from curator.edits import Fix, ReplaceText
from curator.endings import Habit
from curator.findings import record_hash
from curator.fixing.placing import stamp
from curator.formats import read
from curator.inputs import Dataset
from curator.locate import locate
from curator.model import Finding
from curator.parsing import parse
from curator.review.decisions.deciding import (
    accept,
    argument_faults,
    harm,
    relabel,
    replace_raw,
    replace_text,
    replace_value,
    safe,
    shown,
    text_at,
)
from curator.review.decisions.linting import Linter
from curator.review.states import DataFile, Kept
from curator.settings import Settings

CHAT = b'{"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]}'
PARTS = ["a", "b ", " ", "\n", "\r\n", "\r", "\0", "\ud83d", "\U0001f600", '"', "\\", "é", "字"]
TEXTS = st.lists(st.sampled_from(PARTS)).map("".join)


@contextmanager
def checked(path: Path) -> Iterator[tuple[DataFile, Linter, list[Finding]]]:
    """A file as the index describes it, its linter, and what the check said."""
    dataset = Dataset(str(path), {"train": (str(path),)}, Settings())
    with engine.checked([dataset]) as (report, files):
        (one,) = files
        head = one.source.head
        file = DataFile(
            0, str(path), path.name, one.source.real_path, dataset.name, "train", "", head.container,
            head.encoding, one.source.start, one.source.size, one.counts.records, one.counts.unreadable,
            stamp(str(path)), one.source.stamp is None,
        )  # fmt: skip
        yield file, Linter(one.bound.plan, file), list(report.findings)


def spelled(text: str, escaped: bool) -> bytes:
    """A record that holds a text, each of its characters in one of the ways that JSON knows."""
    inside = "".join(
        f"\\u{ord(c):04x}"
        if (escaped and ord(c) < 0x10000) or c < " " or 0xD800 <= ord(c) < 0xE000
        else json.dumps(c, ensure_ascii=False)[1:-1]
        for c in text
    )
    return f'{{ "id" : 1.50, "text":"{inside}" ,"end":[]}}'.encode()


@given(TEXTS, st.booleans())
def test_an_untouched_text_changes_nothing(text: str, escaped: bool) -> None:
    raw = spelled(text, escaped)
    assert replace_text(raw, "/text", shown(text_at(raw, "/text"))) == raw
    assert replace_raw(raw, shown(raw.decode())) == raw


@given(TEXTS, TEXTS, TEXTS, st.booleans())
def test_an_edit_touches_only_its_place(before: str, new: str, after: str, escaped: bool) -> None:
    # Markers on both sides keep the edit apart from what surrounds it.
    raw = spelled(f"{before}<OLD>{after}", escaped)
    old = text_at(raw, "/text")
    edited = replace_text(raw, "/text", shown(old).replace("<OLD>", f"<{shown(new)}>"))
    start, end = raw.index(b"OLD" if not escaped else b"\\u004f"), raw.rindex(b">" if not escaped else b"\\u003e")
    assert edited[:start] == raw[:start]
    assert edited[len(edited) - len(raw) + end :] == raw[end:]
    assert shown(text_at(edited, "/text")) == shown(f"{before}<") + shown(new) + shown(f">{after}")


@given(TEXTS, TEXTS)
def test_any_new_text_is_what_the_person_sees(old: str, new: str) -> None:
    edited = replace_text(spelled(old, escaped=False), "/text", new)
    assert shown(text_at(edited, "/text")) == shown(new)
    assert parse(edited).value["id"] == 1.5


def test_line_breaks_stay_in_the_style_of_the_text() -> None:
    raw = spelled("one\r\ntwo\r\nthree", escaped=False)
    assert text_at(replace_text(raw, "/text", "one\ntwo\nand\nthree"), "/text") == "one\r\ntwo\r\nand\r\nthree"


def test_bytes_that_are_no_text_survive_an_edit_of_the_raw_line() -> None:
    assert replace_raw(b'{"a": "\xff\xfe", "b": 1,}', '{"a": "\ufffd\ufffd", "b": 1}') == b'{"a": "\xff\xfe", "b": 1}'


def test_a_value_keeps_the_spelling_of_what_is_equal() -> None:
    raw = b'{"a": {"x": 1.50, "y" : [1, 2.0], "z": null}, "b": "\\u00e9"}'
    value = {"x": 1.5, "y": [1, 3], "w": True}
    assert replace_value(raw, "/a", value) == b'{"a": {"x": 1.50, "y" : [1, 3], "w": true}, "b": "\\u00e9"}'
    assert replace_value(raw, "/a", {"x": 1.5, "y": [1, 2.0], "z": None}) == raw
    assert parse(replace_value(raw, "/a/x", True)).value["a"]["x"] is True


@pytest.mark.parametrize(("raw", "pointer"), [(b'{"a": 1}', "/a"), (b'{"a": "b"}', "/c"), (b"{", "/a")])
def test_what_is_no_text_is_not_edited(raw: bytes, pointer: str) -> None:
    with pytest.raises((ValueError, LookupError)):
        replace_text(raw, pointer, "new")


def test_a_record_is_linted_again(tmp_path: Path) -> None:
    path = tmp_path / "data.jsonl"
    other = CHAT.replace(b'"a"', b'"c"')
    path.write_bytes(b"\n".join([CHAT, CHAT.replace(b"user", b"human"), other, other]) + b"\n")
    with checked(path) as (file, linter, found):
        # An edit brings a fault, and it is found where the record stands.
        broken = replace_text(CHAT, "/messages/0/role", "humann")
        (error,) = [f for f in linter.lint(broken, 7).findings if f.severity == 3]
        assert (error.line, error.path, error.pointer) == (7, file.path, "/messages/0/role")
        assert harm(CHAT, broken, [], [error]) == [f"The record would then break {error.code}."]
        # The proposed fix takes one away.
        human = [f for f in found if f.line == 2]
        accepted = accept(CHAT.replace(b"user", b"human"), safe(human), ending=linter.ending)
        assert (accepted.raw, accepted.is_dropped) == (CHAT, False)
        assert accepted.applied
        # What looks at the whole dataset is carried over, for later; its fix only where that still means the same.
        copies = [f for f in found if f.line == 4]
        assert [f.code for f in copies] == ["DUP001"]
        same = linter.lint(other, 4, before=copies)
        assert (same.findings, same.later) == (copies, [])
        edited = replace_text(other, "/messages/1/content", "longer")
        changed = linter.lint(edited, 4, was=other, before=copies)
        assert [f.code for f in changed.later] == ["DUP001"]
        assert accept(edited, changed.later).is_dropped
        shorter = replace(copies[0], fix=Fix("shorten", (ReplaceText("/messages/1/content", 0, 1, ""),)))
        (late,) = linter.lint(edited, 4, was=other, before=[shorter]).later
        assert accept(edited, [late]).unfit == [late]
        # A line that became two is linted as two.
        two = linter.lint(broken + b"\r\n" + broken, 7).findings
        assert {(f.line, f.record) for f in two} == {(7, record_hash(broken)), (8, record_hash(broken))}
        # What a reviewer keeps is listed apart.
        kept = linter.lint(broken, 7, kept=[Kept(error.code, error.pointer, "so meant")])
        assert error in kept.kept
        assert error not in kept.findings


def test_fixes_that_are_in_each_others_way_are_named(tmp_path: Path) -> None:
    path = tmp_path / "data.jsonl"
    raw = CHAT + CHAT.replace(b'"a"', b'"c"')
    path.write_bytes(b"\r\n".join([CHAT.replace(b'"a"', b'"d"'), raw, b""]))
    with checked(path) as (_, linter, found):
        several = [f for f in found if f.line == 2 and f.fix and f.fix.edits]
        assert linter.ending == b"\r\n"
        accepted = accept(raw, several, ending=linter.ending)
        assert len(accepted.applied) + len(accepted.unfit) == len(several)
        assert b"\r\n" in accepted.raw
        assert not harm(raw, accepted.raw, several, linter.lint(accepted.raw, 2, was=raw).findings)
    twice = accept(raw, [several[0], replace(several[0], code="X")])
    assert [f.code for f in twice.unfit] == ["X"]


@pytest.mark.parametrize(
    ("new", "reason"),
    [
        (b"", "A record would be lost."),
        (CHAT[:-1], "The record could not be read any more."),
        (CHAT + b"\n" + CHAT, ""),
    ],
)
def test_harm_is_said(new: bytes, reason: str) -> None:
    assert harm(CHAT, new, [], []) == ([reason] if reason else [])


def test_a_repaired_record_may_show_what_was_hidden(tmp_path: Path) -> None:
    path = tmp_path / "data.jsonl"
    path.write_bytes(CHAT + b"\n")
    with checked(path) as (_, linter, _):
        now = linter.lint(CHAT.replace(b"user", b"humann")).findings
    assert harm(CHAT[:-1], CHAT.replace(b"user", b"humann"), [], now) == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ('{"city": "Paris"}', []),
        ('{"city": "Paris"', ["The arguments are no JSON"]),
        ("[1]", ["The arguments are no JSON object."]),
        ('{"city": "a", "city": "b"}', ["Readers disagree"]),
        ('{"citi": "Paris"}', ["The object lacks the required property 'city'; is that 'citi'?"]),
        ('{"city": 1}', ["City' is a number, not a text."]),
        ({"city": "Paris", "unit": None}, []),
    ],
)
def test_arguments_are_held_against_their_declaration(arguments: object, said: list[str]) -> None:
    parameters = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
    found = argument_faults(arguments, parameters)
    assert len(found) == len(said)
    for text, part in zip(found, said, strict=True):
        assert part.casefold() in text.casefold()
    assert argument_faults(arguments, {}) == [] or isinstance(arguments, str)


def test_a_new_label_keeps_space_and_stop_sequence() -> None:
    raw = b'{"prompt": "x ->", "completion": "  Yes\\u0020END", "id": 1.0}'
    example = read(json.loads(raw), "openai-completion", b"", len(raw))
    conventions = Conventions(stop=Habit(" END", 1.0))
    assert relabel(raw, example, "no", conventions) == b'{"prompt": "x ->", "completion": "  no\\u0020END", "id": 1.0}'
    assert relabel(raw, example, "Yes", conventions) == raw
    chat = read(json.loads(CHAT), "openai-chat", b"", len(CHAT))
    assert parse(relabel(CHAT, chat, "c", Conventions())).value["messages"][1]["content"] == "c"
    with pytest.raises(ValueError, match="no label"):
        relabel(b"{}", replace(chat, turns=()), "c", Conventions())
    assert locate(raw, "/completion")
