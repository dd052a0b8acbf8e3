"""The arguments of calls [seed 004]: are they JSON, an object, written once, in the form that the target wants?"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, NamedTuple

from curator import locate
from curator.calls import ABSENT, ReadCall, few, read_calls, written
from curator.diagnosis import diagnose
from curator.edits import Edit, Fix, Replace, ReplaceText
from curator.model import Example, Problem
from curator.parsing import MAX_DEPTH, Parsed, parse
from curator.repair import mend
from curator.schema_faults import called
from curator.targets import Target

_EMPTY = "empty; a call without arguments has '{}'"
_SEPARATORS = {True: (", ", ": "), False: (",", ":")}
_LAYERS = 5  # ours: how often JSON inside JSON is opened


class _Quirk(NamedTuple):
    """A defect that some readers pass over: what it looks like, and where it is not looked for."""

    sought: re.Pattern[str]
    passed: re.Pattern[str]
    reason: str


_QUIRKS = {
    "non-finite-number": _Quirk(
        re.compile(r"-?\b(?:NaN|Infinity)\b"),
        re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL),
        "a number that JSON does not have",
    ),
    "lone-surrogate": _Quirk(
        re.compile(r"\\u[dD][89a-fA-F][0-9a-fA-F]{2}"),
        re.compile(r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\\\"),
        "one half of a surrogate pair, which no text can hold",
    ),
}


@few
def not_json(example: Example) -> Iterator[Problem]:
    """Arguments whose text is no JSON, or repeats a key; and calls written in a text that is no JSON."""
    for read in read_calls(example):
        if read.parsed is None:
            continue
        text = read.call.arguments
        if read.parsed.fault is not None:
            reason, position = _EMPTY, 0
            if text.strip():
                whole = "call" if read.call.broken else "arguments"
                reason, position = diagnose(text, read.parsed.fault, whole)
            found = read.problem((), {"reason": reason, "column": position + 1}, _variant(read))
            yield replace(found, span=(position, min(position + 1, len(text))), fix=_mended(read))
        elif "duplicate-key" in read.parsed.quirks:
            for pointer, count in locate.repeated_keys(text.encode()):
                *_, key = path = locate.parse_pointer(pointer)
                reason = f"the key {key!r} stands there {count} times"
                values = {"reason": reason, "column": 1, "key": key, "count": count}
                yield read.problem(path, values, _variant(read) or "duplicate-key")
        else:
            for name, quirk in _QUIRKS.items():
                if name in read.parsed.quirks:
                    rest = quirk.passed.sub(lambda match: " " * len(match[0]), text)
                    first, last = match.span() if (match := quirk.sought.search(rest)) else (0, 0)
                    found = read.problem((), {"reason": quirk.reason, "column": first + 1}, _variant(read))
                    yield replace(found, span=(first, last))


@few
def not_object(example: Example) -> Iterator[Problem]:
    """Arguments that are JSON, but a list, a text, a number, or null."""
    for read in read_calls(example):
        value = read.call.arguments if read.parsed is None else read.parsed.value
        if isinstance(value, dict) or (read.parsed is not None and (read.parsed.fault or _opened(read) is not None)):
            continue
        if value is None and read.parsed is None and written(example, read.call, "arguments") is ABSENT:
            if read.call.inside is not None:  # elsewhere the schema of the format asks for them
                where, inner = read.place
                values = {"function": read.call.name, "type": "missing"}
                yield Problem(where, inner=inner, values=values, variant=read.variant)
            continue
        yield read.problem((), {"type": "null" if value is None else called(value)}, read.variant)


@few
def double_encoded(example: Example, *, target: Target) -> Iterator[Problem]:
    """Arguments that are a text, in which a text stands, in which the object stands."""
    for read in read_calls(example):
        if read.parsed is not None and read.parsed.fault is None and (text := _opened(read)) is not None:
            fix = None
            if read.call.inside is None:
                value = parse(text.encode("utf-8", "surrogatepass")).value if target.arguments == "object" else text
                fix = Fix("encode them once", (Replace(read.call.arguments_pointer, value),))
            yield replace(read.problem((), {}, read.variant), fix=fix)


@few
def wrong_form(example: Example, *, target: Target) -> Iterator[Problem]:
    """Arguments as an object where the target wants the text of one, or the reverse."""
    for read in read_calls(example) if target.arguments else ():
        value = read.arguments
        if value is None or read.call.inside is not None:  # what stands inside a text has no form of its own
            continue
        if target.arguments == "string" and read.parsed is None:
            found, wanted = "an object", "a text that holds it as JSON"
            edit: Edit | None = _as_text(example, read, value)
        elif target.arguments == "object" and read.parsed is not None:
            found, wanted = "a text", "an object"
            edit = Replace(read.call.arguments_pointer, value)
        else:
            continue
        fix = Fix(f"write {wanted}", (edit,)) if edit else None
        yield replace(read.problem((), {"found": found, "wanted": wanted, "target": target.name}), fix=fix)


def _variant(read: ReadCall) -> str | None:
    if not read.call.broken:
        return read.variant
    if not read.turn.trained:
        return "untrained-call"
    return "call" if read.call.arguments.lstrip()[:1] in ("", "{", "[", '"', "`") else "notation"


def _mended(read: ReadCall) -> Fix | None:
    """The mend of a text that has one reading; closing brackets may lack, unless the text was cut."""
    if not read.in_text:
        return None
    found = mend(read.call.arguments, may_lack=MAX_DEPTH)
    if found is None:
        return None
    pointer = read.call.inside or read.call.arguments_pointer
    return Fix(found.title, tuple(ReplaceText(pointer, *change) for change in found.changes))


def _opened(read: ReadCall) -> str | None:
    """The innermost text of a text in a text that holds an object; None where there is no such."""
    text: Any = read.parsed.value if read.parsed is not None else None
    for _ in range(_LAYERS):
        if not isinstance(text, str):
            return None
        inner: Parsed = parse(text.encode("utf-8", "surrogatepass"))
        if isinstance(inner.value, dict):
            return text
        text = inner.value
    return None


def _as_text(example: Example, read: ReadCall, value: dict[str, Any]) -> Replace | None:
    """The object as a text with the spacing of the record's other arguments, or else of the record."""
    spaced = _is_spaced(example)
    for other in read_calls(example):
        if other.parsed is not None and other.arguments:
            spaced = ": " in other.call.arguments
            break
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=_SEPARATORS[spaced])
    except ValueError:
        return None
    return Replace(read.call.arguments_pointer, text)


def _is_spaced(example: Example) -> bool:
    """Whether the record puts spaces between its tokens, told by its length: an example does not keep its text."""
    lengths = {}
    for escaped in (False, True):
        for spaced in (True, False):
            text = json.dumps(example.value, ensure_ascii=escaped, separators=_SEPARATORS[spaced])
            lengths[escaped, spaced] = len(text.encode("utf-8", "replace"))
    return min(lengths, key=lambda style: abs(lengths[style] - example.raw_size))[1]
