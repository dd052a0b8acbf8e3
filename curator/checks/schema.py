"""The shape of a record, by the JSON Schema of its format (rules/schemas).

jsonschema-rs decides, because it is fast; jsonschema explains, because its errors carry the subschema.
A subschema with "x-rule" names the card that reports its violation.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from curator.checks.keys import KEY_CHARS, slips
from curator.checks.parts import refused
from curator.data import nearest
from curator.edits import Fix, Replace
from curator.errors import CardError
from curator.findings import clip
from curator.locate import escape
from curator.model import Example, Problem
from curator.schemas import referenced, schema
from curator.targets import Target

if TYPE_CHECKING:
    import jsonschema
    import jsonschema_rs

_ROLES = {
    "human": "user", "gpt": "assistant", "chatgpt": "assistant", "bot": "assistant", "model": "assistant",
    "ai": "assistant",
}  # fmt: skip
"""What other formats call a role; any other spelling of an allowed role is found by comparing."""
_OF_TEMPLATES = frozenset({
    "developer", "ipython", "environment", "observation", "code", "context", "document", "documents", "control",
    "tools", "tool_call", "tool_calls", "tool_response", "tool_output", "tool_result", "tool_results", "tool_plan",
    "function_call", "function_response", "function_results", "available_tools", "thinking", "reasoning",
})  # fmt: skip
"""Roles that the chat template of some model has a branch for."""
_NAMES = {dict: "an object", list: "an array", str: "a text", bool: "true or false", int: "a number", float: "a number"}
_TYPES = {
    "object": "an object",
    "array": "an array",
    "string": "a text",
    "null": "null",
    "integer": "an integer",
    "boolean": "true or false",
}


def violations(example: Example, *, target: Target) -> Iterator[Problem]:
    """Where the record breaks its format's schema, but for what another card reports more precisely.

    That is: subschemas that name a card, keys that are there but misspelled, parts that the target does not take.
    """
    faults = [fault for fault in _faults(example) if not fault.rule]
    faults += _against_the_api(example, target)
    if not faults:
        return
    misspelled = {(slip.pointer, slip.meant) for slip in slips(example, example.format)}
    refused_parts = _refused_parts(example, target)
    for fault in faults:
        if (fault.pointer, fault.missing) not in misspelled and not f"{fault.pointer}/".startswith(refused_parts):
            yield Problem(fault.pointer, values={"fault": fault.sentence})


def unknown_role(example: Example, *, rule: str, target: Target) -> Iterator[Problem]:
    """Roles that the format does not have, with the one that was probably meant.

    `rule` is the code by which the schema's subschema of allowed roles names the card. A target without
    a law of its own refuses what looks like a slip, says nothing of a role that some template has, and warns
    of any other, unless the record is left without an answer.
    """
    for fault in _faults(example):
        if fault.rule != rule or not isinstance(fault.instance, str):
            continue
        folded = fault.instance.strip().casefold()
        meant = folded if folded in fault.allowed else _ROLES.get(folded, "")
        same_letters = (role for role in fault.allowed if sorted(role) == sorted(folded))
        close = (
            meant or next(iter(difflib.get_close_matches(folded, fault.allowed, 1, 0.75)), "") or next(same_letters, "")
        )
        variant = "developer" if fault.instance == "developer" else None if folded else "empty"
        if folded and not close and not target.formats:
            if folded in _OF_TEMPLATES:
                continue
            answered = example.kind == "reinforcement" or any(turn.role == "assistant" for turn in example.turns)
            variant = "template" if answered else None
        yield Problem(
            fault.pointer,
            values={"role": fault.instance, "hint": f"; did you mean {close!r}?" if close else ""},
            variant=variant,
            fix=Fix(f"call it {meant!r}", (Replace(fault.pointer, meant),)) if meant else None,
        )


@cache
def _decider(format_name: str) -> jsonschema_rs.Validator:
    import jsonschema_rs

    try:
        return jsonschema_rs.validator_for(schema(format_name), retriever=referenced)
    except ValueError as error:
        raise CardError(f"rules/schemas/{format_name}.json: {error}") from None


@cache
def _explainer(format_name: str) -> jsonschema.Draft202012Validator:
    import jsonschema  # only once a record breaks its schema
    from referencing import Registry, Resource

    registry: Registry[Any] = Registry(retrieve=lambda uri: Resource.from_contents(referenced(uri)))  # type: ignore[call-arg]
    return jsonschema.Draft202012Validator(schema(format_name), registry=registry)


class _Fault(NamedTuple):
    rule: str
    """The code that the broken subschema's "x-rule" names; "" for none."""
    pointer: str
    sentence: str
    instance: Any
    allowed: tuple[Any, ...]
    """What an `enum` allows; () for another keyword."""
    missing: str
    """The key that is required and not there; "" for another keyword."""


_last: tuple[Example, list[_Fault]] | None = None  # two cards ask about each example


def _faults(example: Example) -> list[_Fault]:
    """Every violation of the format's schema, with the alternative that came closest where it has several."""
    global _last
    if _last is None or _last[0] is not example:
        found = []
        if not _decider(example.format).is_valid(example.value):
            found = [_fault(error) for error in _explainer(example.format).iter_errors(example.value)]
        _last = (example, found)
    return _last[1]


def _against_the_api(example: Example, target: Target) -> Iterator[_Fault]:
    """What others take, but not the API of the target: tools as a text, results without an id, bare addresses.

    Hugging Face's columnar loaders need the first, its templates do without the second, and some providers
    take an image's address as it is.
    """
    if example.kind not in ("chat", "reinforcement", "preference") or example.format in ("sharegpt", "alpaca"):
        return
    wants_strings = target.arguments == "string"
    pointer = "/input" if example.kind == "preference" else ""
    given = example.value.get("input") if pointer else example.value
    if wants_strings and isinstance(given, dict) and isinstance(given.get("tools"), str):
        yield _Fault("", f"{pointer}/tools", "'tools' is a text, not an array", given["tools"], (), "")
    for turn in (*example.turns, *example.rejected):
        if turn.role == "tool" and wants_strings and turn.message.get("tool_call_id") is None:
            what = _called(turn.pointer.split("/"))
            missing = "" if "tool_call_id" in turn.message else "tool_call_id"
            sentence = f"{what} lacks the key 'tool_call_id'" if missing else "'tool_call_id' is null, not a text"
            where = turn.pointer if missing else f"{turn.pointer}/tool_call_id"
            yield _Fault("", where, sentence, turn.message, (), missing)
        if turn.role == "tool" and wants_strings and turn.message.get("content", "") is None:
            yield _Fault("", f"{turn.pointer}/content", "'content' is null, not a text", None, (), "")
        if type(turn.content) is list and "image_url" in target.content_parts.get(turn.role, ()):
            for index, part in enumerate(turn.content):
                if (
                    isinstance(part, dict)
                    and part.get("type") == "image_url"
                    and isinstance(part.get("image_url"), str)
                ):
                    where = f"{turn.pointer}/content/{index}/image_url"
                    sentence = "'image_url' is a text, not an object with the key 'url'"
                    yield _Fault("", where, sentence, part["image_url"], (), "")


def _fault(error: jsonschema.ValidationError) -> _Fault:
    while error.context and error.validator in ("anyOf", "oneOf"):
        error = min(error.context, key=lambda inner: (-len(inner.absolute_path), str(inner.schema_path)))
    path = [str(part) for part in error.absolute_path]
    allowed = tuple(error.validator_value) if error.validator == "enum" else ()  # type: ignore[arg-type]
    return _Fault(
        str(_subschema(error).get("x-rule", "")),
        "".join(f"/{escape(part)}" for part in path),
        _sentence(error, _called(path)),
        error.instance,
        allowed,
        _missing(error) if error.validator == "required" else "",
    )


def _missing(error: jsonschema.ValidationError) -> str:
    """The key that an error about required keys speaks of (there is one error for each)."""
    missing: list[str] = [key for key in error.validator_value if key not in error.instance]  # type: ignore[union-attr,operator]
    return next((key for key in missing if repr(key) in error.message), missing[0])


def _refused_parts(example: Example, target: Target) -> tuple[str, ...]:
    """What the pointers of everything inside content parts that the target does not take begin with."""
    found = []
    for turn in (*example.turns, *example.rejected):
        if type(turn.content) is list and turn.message:
            found += [f"{problem.pointer.removesuffix('/type')}/" for problem in refused(turn, turn.content, target)]
    return tuple(found)


def _called(path: list[str]) -> str:
    """What a person calls the value at a path: the record, 'role', message 3 (counted from 1)."""
    if not path:
        return "the record"
    if not path[-1].isdigit():
        return repr(clip(path[-1], KEY_CHARS))
    kinds = {"messages": "message", "content": "content part", "tool_calls": "call", "tools": "tool"}
    kind = kinds.get(path[-2], "item") if len(path) > 1 else "item"
    return f"{kind} {int(path[-1]) + 1}"


def _subschema(error: jsonschema.ValidationError) -> Mapping[str, Any]:
    return error.schema if isinstance(error.schema, Mapping) else {}


def _sentence(error: jsonschema.ValidationError, what: str) -> str:
    wanted: Any = error.validator_value
    instance: Any = error.instance
    properties = _subschema(error).get("properties", {})
    if error.validator == "required":
        name = _missing(error)
        misspelled = nearest(name, [key for key in instance if key not in properties])
        hint = misspelled.replace("did you mean", "is that")
        return f"{what} lacks the key {name!r}{hint}"
    if error.validator == "type":
        types = [wanted] if isinstance(wanted, str) else [name for name in wanted if name != "null"]
        expected = " or ".join(_TYPES.get(name, name) for name in types)
        return f"{what} is {_NAMES.get(type(instance), 'null')}, not {expected}"
    if error.validator in ("enum", "const"):
        options = wanted if error.validator == "enum" else [wanted]
        return f"{what} is {_shown(instance)}, not {' or '.join(map(repr, options))}"
    if error.validator == "minItems":
        return f"{what} is empty"
    if error.validator == "additionalProperties":
        extra = [key for key in instance if key not in properties]
        return f"{what} has the unknown key {clip(extra[0], KEY_CHARS)!r}" if extra else error.message
    if error.validator == "pattern":
        return f"{what} is {_shown(instance)}, which does not match {wanted}"
    return f"{what} breaks {error.validator!r} of the schema"


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:39]}…"
