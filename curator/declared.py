"""The schemas that records declare for their functions: is it one, and can arguments be held against it?

They come from the data and are hostile: nothing that they refer to is fetched, their patterns run in an engine
without backtracking or with a limit on it, and what would unfold without end is not compiled.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

import orjson

from curator.findings import clip
from curator.locate import depth, escape, parse_pointer
from curator.schema_faults import Fault, called, first_fault

if TYPE_CHECKING:
    import jsonschema_rs

DEPTH = 64
"""Ours: a schema nested deeper is not compiled."""
UNFOLDED = 10_000
"""Ours: one whose references stand for more subschemas than this is not compiled."""
_CHAIN = 200  # references that lead to references, one after the other
_CACHED_BYTES = 65_536  # longer declarations are judged each time, so that the cache stays small

_NOTHING = object()
_DRAFTS = {
    "2020-12": "https://json-schema.org/draft/2020-12/schema",
    "2019-09": "https://json-schema.org/draft/2019-09/schema",
    "draft-07": "http://json-schema.org/draft-07/schema#",
    "draft-06": "http://json-schema.org/draft-06/schema#",
    "draft-04": "http://json-schema.org/draft-04/schema#",
}
_MAPS = ("properties", "patternProperties", "$defs", "definitions", "dependentSchemas")
_ONES = (
    "items", "additionalProperties", "not", "if", "then", "else", "contains", "propertyNames", "additionalItems",
    "unevaluatedItems", "unevaluatedProperties",
)  # fmt: skip
_LISTS = ("allOf", "anyOf", "oneOf", "prefixItems", "items")
_DATA = ("default", "const", "enum", "example", "examples")
"""Keywords that hold values, not schemas."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a declared schema is good for."""

    schema: Mapping[str, Any] | None = None
    """As it is judged: `plain`."""
    validator: jsonschema_rs.Validator | None = None
    """None where nothing is declared, or nothing can be checked."""
    fault: Fault | None = None
    unchecked: str = ""
    """Why it cannot be checked, though it may well be right."""


def judge(parameters: Any) -> Verdict:
    """What the `parameters` of a declaration are good for; nothing is asked of absent or empty ones."""
    if parameters is None or parameters == {}:
        return Verdict()
    if not isinstance(parameters, dict):
        return Verdict(fault=Fault("", f"they are {called(parameters)}, not an object"))
    try:
        text = orjson.dumps(parameters)
    except (orjson.JSONEncodeError, RecursionError):  # integers beyond 64 bits
        text = json.dumps(parameters).encode()
    return _judge(text) if len(text) > _CACHED_BYTES else _cached(text)


def _judge(text: bytes) -> Verdict:
    parameters = json.loads(text)
    if depth(text) > DEPTH:
        return Verdict(unchecked=f"they are nested deeper than {DEPTH} levels")
    schema = plain(parameters)
    named = next((name for name in _DRAFTS if name in str(schema.get("$schema"))), "2020-12")
    drafts = [named, *(name for name in _DRAFTS if name != named)]
    draft = next((name for name in drafts if _meta(name).is_valid(schema)), None)
    if draft is None:  # what no draft allows is judged by the one that was meant
        return Verdict(fault=first_fault(schema, _meta(named)))
    types = schema.get("type", "object")
    if "object" not in ([types] if isinstance(types, str) else types):
        return Verdict(fault=Fault("/type", f"'type' is {clip(repr(types))}, but arguments are an 'object'"))
    return _compile(schema, draft)


_cached = lru_cache(maxsize=512)(_judge)


def plain(schema: Any) -> Any:
    """The schema without members that are null, except where null is a value; OpenAPI's `nullable` as a type."""
    if isinstance(schema, list):
        return [plain(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    found = {}
    for key, value in schema.items():
        if key in _DATA and (value is not None or key != "enum"):
            found[key] = value
        elif key in _MAPS and isinstance(value, dict):
            found[key] = {name: plain(item) for name, item in value.items() if item is not None}
        elif value is not None:
            found[key] = plain(value)
    if found.get("nullable") is True and isinstance(found.get("type"), str):
        found["type"] = [found["type"], "null"]
    return found


@cache
def _meta(draft: str) -> jsonschema_rs.Validator:
    """A validator of schemas of that draft."""
    found: jsonschema_rs.Validator = _class(draft)({"$ref": _DRAFTS[draft]}, retriever=_refuse, validate_formats=False)
    return found


def _class(draft: str) -> Any:
    import jsonschema_rs

    return getattr(jsonschema_rs, f"Draft{draft.removeprefix('draft-').replace('-', '').lstrip('0')}Validator")


def _refuse(uri: str) -> Any:
    raise ValueError(f"references are not fetched: {uri}")


def _compile(schema: dict[str, Any], draft: str) -> Verdict:
    import jsonschema_rs

    if _unfolded(schema) > UNFOLDED:
        return Verdict(unchecked=f"their references unfold to more than {UNFOLDED:,} schemas")
    for options in (jsonschema_rs.RegexOptions(), jsonschema_rs.FancyRegexOptions(backtrack_limit=1_000_000)):
        try:
            validator = _class(draft)(schema, retriever=_refuse, pattern_options=options, validate_formats=False)
            return Verdict(schema, validator)
        except ValueError as error:
            last = error
    for pointer, reference in _references(schema):
        if not reference.startswith("#"):
            return Verdict(unchecked=f"they refer to {clip(reference)!r}, which is not fetched")
        if not _leads_somewhere(schema, reference):
            return Verdict(fault=Fault(pointer, f"they refer to {clip(reference)!r}, which is not there"))
    path = getattr(last, "instance_path", [])
    pattern = path[-1:] == ["pattern"] or "patternProperties" in path
    return Verdict(unchecked="a pattern in them cannot be read here" if pattern else "they cannot be compiled here")


def _subschemas(schema: Any, pointer: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every object that stands where a schema is expected, with its pointer."""
    if not isinstance(schema, dict):
        return
    yield pointer, schema
    for key in _MAPS:
        inside = schema.get(key)
        for name, item in inside.items() if isinstance(inside, dict) else ():
            yield from _subschemas(item, f"{pointer}/{key}/{escape(name)}")
    for key in _ONES:
        yield from _subschemas(schema.get(key), f"{pointer}/{key}")
    for key in _LISTS:
        inside = schema.get(key)
        for index, item in enumerate(inside if isinstance(inside, list) else ()):
            yield from _subschemas(item, f"{pointer}/{key}/{index}")


def _references(schema: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for pointer, item in _subschemas(schema):
        for key in ("$ref", "$dynamicRef"):
            if isinstance(item.get(key), str):
                yield f"{pointer}/{key}", item[key]


def _leads_somewhere(schema: dict[str, Any], reference: str) -> bool:
    name = _plain(reference)
    if name and not name.startswith("/"):
        anchors = ("$anchor", "$dynamicAnchor", "$id", "id")
        return any(item.get(key) in (name, f"#{name}") for _, item in _subschemas(schema) for key in anchors)
    return _target(schema, reference) is not _NOTHING


def _plain(reference: str) -> str:
    from urllib.parse import unquote

    return unquote(reference[1:])


def _target(schema: dict[str, Any], reference: str) -> Any:
    """The value that a local reference leads to."""
    value: Any = schema
    for step in parse_pointer(_plain(reference)):
        if isinstance(value, dict):
            value = value.get(step, _NOTHING)
        elif isinstance(value, list) and step.isdecimal() and int(step) < len(value):
            value = value[int(step)]
        else:
            return _NOTHING
    return value


def _unfolded(schema: dict[str, Any]) -> int:
    """How many subschemas there are once every local reference is written out, cycles once; counted up to the limit."""
    count, pending = 0, [(schema, frozenset[str]())]
    while pending and count <= UNFOLDED:
        whole, within = pending.pop()
        for _, item in _subschemas(whole):
            count += 1
            name = item.get("$ref")
            if isinstance(name, str) and name.startswith("#/") and name not in within and len(within) < _CHAIN:
                target = _target(schema, name)
                if isinstance(target, dict):
                    pending.append((target, within | {name}))
    return count
