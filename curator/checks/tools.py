"""Function calls [seed 004]: are the arguments JSON, and what the function declares?"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from curator import locate
from curator.diagnosis import diagnose
from curator.findings import clip
from curator.locate import escape
from curator.model import Example, Fix, Problem, ReplaceText, ToolCall
from curator.parsing import parse, parse_carefully

if TYPE_CHECKING:
    import jsonschema_rs

_SCHEMA_DEPTH = 64  # ours: a declared schema nested deeper is not compiled
_MORE_PROPERTIES = frozenset(
    {
        "additionalProperties", "patternProperties", "unevaluatedProperties", "dependentSchemas",
        "anyOf", "oneOf", "allOf", "not", "if", "$ref", "$dynamicRef",
    }
)  # fmt: skip
"""Keywords by which a schema may know, or forbid, properties that `properties` does not name."""
_EMPTY = "empty; a call without arguments has '{}'"
_CLOSERS = {"{": "}", "[": "]"}


def arguments_not_json(example: Example) -> Iterator[Problem]:
    """Arguments whose text is no JSON, or repeats a key."""
    for call in _calls(example):
        if not isinstance(call.arguments, str):
            continue
        raw = call.arguments.encode()
        parsed = parse(raw)
        if parsed.fault is not None:
            reason, position = _EMPTY, 0
            if call.arguments.strip():
                reason, position = diagnose(call.arguments, parsed.fault)
            where, inner = call.place("/arguments")
            yield Problem(
                where,
                inner=inner,
                span=(position, min(position + 1, len(call.arguments))),
                values={
                    "function": call.name,
                    "reason": reason,
                    "column": position + 1,
                },
                fix=_closed(call) if inner is None else None,  # an edit cannot reach into JSON inside a text
            )
        elif "duplicate-key" in parsed.quirks:
            for pointer, count in locate.repeated_keys(raw):
                key = locate.parse_pointer(pointer)[-1]
                yield _problem(call, pointer, {"function": call.name, "key": key, "count": count}, "duplicate-key")


def arguments_break_schema(example: Example) -> Iterator[Problem]:
    """Arguments that break the parameters that their function declares, one problem a fault."""
    if not example.tools:
        return
    declared: dict[str, Any] = {}
    for tool in example.tools:  # declared twice in two ways: neither is the law
        declared[tool.name] = tool.parameters if declared.get(tool.name, tool.parameters) == tool.parameters else None
    for call in _calls(example):
        parameters = declared.get(call.name)
        if not isinstance(parameters, dict) or (arguments := _object(call.arguments)) is None:
            continue
        validator = _validator(json.dumps(parameters, sort_keys=True))
        if validator is None:
            continue
        for pointer, fault in _faults(validator, arguments):
            yield _problem(call, pointer, {"function": call.name, "fault": fault}, None)
        for pointer, name in _undeclared(parameters, arguments, ""):
            values = {"function": call.name, "fault": f"the property {name!r} is not declared"}
            yield _problem(call, pointer, values, "undeclared")


def _calls(example: Example) -> Iterator[ToolCall]:
    for turn in example.turns:
        yield from turn.calls


def _problem(call: ToolCall, pointer: str, values: Mapping[str, Any], variant: str | None) -> Problem:
    if isinstance(call.arguments, str) and call.inside is None:
        return Problem(call.arguments_pointer, inner=pointer, values=values, variant=variant)
    where, inner = call.place(f"/arguments{pointer}")
    return Problem(where, inner=inner, values=values, variant=variant)


def _object(arguments: Any) -> dict[str, Any] | None:
    if isinstance(arguments, str):
        parsed = parse(arguments.encode())
        arguments = None if parsed.quirks else parsed.value
    return arguments if isinstance(arguments, dict) else None


def _closed(call: ToolCall) -> Fix | None:
    """Closing brackets, where only they lack; none for a cut text, word or number (nobody knows its end)."""
    text = call.arguments.rstrip()
    if not text.endswith(('"', "}", "]")):
        return None
    opened: list[str] = []
    for span in locate.marks(text.encode()):
        mark = text.encode()[span.start : span.end].decode()
        if mark in _CLOSERS:
            opened.append(mark)
        elif not opened or _CLOSERS[opened.pop()] != mark:
            return None
    closers = "".join(_CLOSERS[mark] for mark in reversed(opened))
    if not closers or parse_carefully((text + closers).encode()).fault is not None:
        return None
    size = len(call.arguments)
    return Fix(f"close it with {closers!r}", (ReplaceText(call.place("/arguments")[0], len(text), size, closers),))


def _refuse(uri: str) -> Any:
    raise ValueError(f"references are not fetched: {uri}")


@lru_cache(maxsize=512)
def _validator(parameters: str) -> jsonschema_rs.Validator | None:
    """The declared schema, compiled; None where it is none (invalid-tool-schema says so).

    Declarations come from the data: nothing they refer to is fetched, and their patterns run in an
    engine without backtracking, or with a limit on it.
    """
    import jsonschema_rs

    if locate.depth(parameters.encode()) > _SCHEMA_DEPTH:
        return None
    schema = json.loads(parameters)
    for options in (jsonschema_rs.RegexOptions(), jsonschema_rs.FancyRegexOptions(backtrack_limit=1_000_000)):
        try:
            return jsonschema_rs.validator_for(
                schema, retriever=_refuse, pattern_options=options, validate_formats=False
            )
        except ValueError:
            continue
    return None


def _faults(validator: jsonschema_rs.Validator, arguments: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Each violation as a pointer inside the arguments and a sentence without the data's own text."""
    if validator.is_valid(arguments):
        return
    for error in validator.iter_errors(arguments):
        if "backtrack" in error.message.lower():  # the pattern gave up: nothing is proven
            continue
        pointer = "".join(f"/{escape(str(part))}" for part in error.instance_path)
        what = f"{str(error.instance_path[-1])!r}" if error.instance_path else "the object"
        details = error.kind.as_dict()
        match error.kind.name:
            case "required":
                sentence = f"{what} lacks the required property {details['property']!r}"
            case "type":
                sentence = f"{what} is {_type(error.instance)}, not {' or '.join(details['types'])}"
            case "enum":
                options = ", ".join(clip(repr(option)) for option in details["options"][:8])
                sentence = f"{what} is not one of {options}"
            case "additionalProperties":
                sentence = f"the property {details['unexpected'][0]!r} is not allowed"
                pointer = f"{pointer}/{escape(details['unexpected'][0])}"
            case name:
                limit = details.get("value", details.get("limit"))
                shown = f" {limit!r}" if isinstance(limit, int | float | str) else ""
                sentence = f"{what} breaks {clip(f'{name!r}{shown}')} of the declared schema"
        yield pointer, sentence


def _undeclared(schema: Any, value: Any, pointer: str) -> Iterator[tuple[str, str]]:
    """Properties that plain object schemas do not name, where the schema does not forbid them."""
    if not isinstance(schema, dict):
        return
    properties = schema.get("properties")
    if isinstance(value, dict) and isinstance(properties, dict):
        closed = _MORE_PROPERTIES & schema.keys()
        for name, item in value.items():
            where = f"{pointer}/{escape(name)}"
            if name in properties:
                yield from _undeclared(properties[name], item, where)
            elif not closed:
                yield where, name
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _undeclared(schema.get("items"), item, f"{pointer}/{index}")


def _type(value: Any) -> str:
    names = {dict: "object", list: "array", str: "string", bool: "boolean", int: "integer", float: "number"}
    return names.get(type(value), "null")
