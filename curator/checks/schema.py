"""The shape of a record, by the JSON Schema of its format (rules/schemas).

jsonschema-rs decides, because it is fast; jsonschema explains, because its errors carry the subschema.
A subschema with "x-rule" names the card that reports its violation.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from curator import formats
from curator.conventions import Conventions
from curator.data import folder, nearest
from curator.errors import CardError
from curator.locate import escape
from curator.model import Example, Fix, Place, Problem, Remove, Replace
from curator.targets import Target

if TYPE_CHECKING:
    import jsonschema
    import jsonschema_rs

_KEPT = 10_000  # unrecognised records that get a finding of their own
_ROLES = {"human": "user", "gpt": "assistant", "bot": "assistant", "model": "assistant", "ai": "assistant"}
"""What other formats call a role; any other spelling of an allowed role is found by comparing."""
_NAMES = {dict: "an object", list: "an array", str: "a text", bool: "true or false", int: "a number", float: "a number"}
_TYPES = {"object": "an object", "array": "an array", "string": "a text", "null": "null", "integer": "an integer"}


def violations(example: Example, *, rule: str = "") -> Iterator[Problem]:
    """Where the record breaks its format's schema at subschemas that name `rule` (or name none)."""
    for named, problem in _violations(example):
        if named == rule:
            yield problem


def unknown_keys(example: Example, *, target: Target) -> Iterator[Problem]:
    """Keys that the target does not take: at the top level, or in a message."""
    if not target.refuses_unknown_keys:
        return
    for pointer, unknown, is_top in _unknown_keys(example):
        yield Problem(
            f"{pointer}/{escape(unknown[0])}",
            at="key",
            values={"keys": ", ".join(map(repr, unknown)), "count": len(unknown), "target": target.name},
            variant=None if is_top else "message",
            fix=Fix("remove it", tuple(Remove(f"{pointer}/{escape(key)}") for key in unknown)),
        )


def unknown_role(example: Example) -> Iterator[Problem]:
    """Roles that the format does not have, with the one that was probably meant."""
    allowed = _allowed_roles(example.format)
    for turn in example.turns:
        if turn.role in allowed or not isinstance(turn.message.get("role"), str):
            continue
        folded = turn.role.strip().casefold()
        meant = folded if folded in allowed else _ROLES.get(folded, "")
        close = meant or next(iter(difflib.get_close_matches(folded, allowed, 1, 0.75)), "")
        pointer = f"{turn.pointer}/role"
        yield Problem(
            pointer,
            values={"role": turn.role or turn.message["role"], "hint": f"; did you mean {close!r}?" if close else ""},
            variant="developer" if turn.role == "developer" else None,
            fix=Fix(f"call it {meant!r}", (Replace(pointer, meant),)) if meant else None,
        )


def mixed_formats(example: Example, *, conventions: Conventions) -> Iterator[Problem]:
    """A record in another known format than most of its file."""
    if conventions.format and example.format and not formats.same_shape(example.format, conventions.format):
        yield Problem(values={"found": example.format, "expected": conventions.format})


class Unrecognised:
    """Records that fit no known format: each one, or one finding where most of the file fits none.

    Memory: a few hundred bytes for each such record, up to 10,000 of them.
    """

    def __init__(self) -> None:
        self.count = 0
        self.first: dict[Place, tuple[str, ...]] = {}

    def add(self, example: Example, place: Place) -> None:
        if not example.format:
            self.count += 1
            self.first[place] = tuple(sorted(key[:40] for key in example.value))[:12]
            if len(self.first) > 2 * _KEPT:
                self._trim()

    def merge(self, other: Unrecognised) -> None:
        self.count += other.count
        self.first |= other.first
        if len(self.first) > 2 * _KEPT:
            self._trim()

    def finish(self, context: Any) -> Iterator[tuple[Place | None, Problem]]:
        self._trim()
        for place, keys in self.first.items():
            values = {
                "keys": ", ".join(map(repr, keys)) or "none",
                "nearest": _nearest_format(keys),
                "count": self.count,
            }
            if not context.conventions.format:
                yield place, Problem(values=values, variant="all")
                return
            yield place, Problem(values=values)

    def _trim(self) -> None:
        self.first = dict(sorted(self.first.items())[:_KEPT])


@cache
def schema(format_name: str) -> dict[str, Any]:
    """The bundled schema of a format; one that accepts everything where there is none."""
    file = folder("schemas") / f"{format_name}.json"
    if not file.is_file():
        return {}
    loaded: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return loaded


@cache
def _decider(format_name: str) -> jsonschema_rs.Validator:
    import jsonschema_rs

    try:
        return jsonschema_rs.validator_for(schema(format_name))
    except ValueError as error:
        raise CardError(f"rules/schemas/{format_name}.json: {error}") from None


@cache
def _explainer(format_name: str) -> jsonschema.Draft202012Validator:
    import jsonschema  # only once a record breaks its schema

    return jsonschema.Draft202012Validator(schema(format_name))


_last: tuple[Example, list[tuple[str, Problem]]] | None = None  # several cards ask about one example


def _violations(example: Example) -> list[tuple[str, Problem]]:
    global _last
    if _last is not None and _last[0] is example:
        return _last[1]
    found = []
    if not _decider(example.format).is_valid(example.value):
        errors = _explainer(example.format).iter_errors(example.value)
        found = [explained for error in errors for explained in _explain(error)]
    _last = (example, found)
    return found


def _explain(error: jsonschema.ValidationError) -> Iterator[tuple[str, Problem]]:
    """One problem a fault, in words; the alternative that came closest where several were possible."""
    if error.context:
        best = min(error.context, key=lambda inner: (-len(inner.absolute_path), str(inner.schema_path)))
        yield from _explain(best)
        return
    path = [str(part) for part in error.absolute_path]
    pointer = "".join(f"/{escape(part)}" for part in path)
    named = str(_subschema(error).get("x-rule", ""))
    what = (
        repr(path[-1]) if path and not path[-1].isdigit() else "the record" if not path else f"item {int(path[-1]) + 1}"
    )
    yield named, Problem(pointer, values={"fault": _sentence(error, what)})


def _subschema(error: jsonschema.ValidationError) -> Mapping[str, Any]:
    return error.schema if isinstance(error.schema, Mapping) else {}


def _sentence(error: jsonschema.ValidationError, what: str) -> str:
    wanted: Any = error.validator_value
    instance: Any = error.instance
    properties = _subschema(error).get("properties", {})
    if error.validator == "required":
        missing = [key for key in wanted if key not in instance]
        name = next((key for key in missing if repr(key) in error.message), missing[0])
        misspelled = nearest(name, [key for key in instance if key not in properties])
        hint = misspelled.replace("did you mean", "is that")
        return f"{what} lacks the key {name!r}{hint}"
    if error.validator == "type":
        types = [wanted] if isinstance(wanted, str) else wanted
        expected = " or ".join(_TYPES.get(name, name) for name in types)
        return f"{what} is {_NAMES.get(type(instance), 'null')}, not {expected}"
    if error.validator in ("enum", "const"):
        options = wanted if error.validator == "enum" else [wanted]
        return f"{what} is {_shown(instance)}, not {' or '.join(map(repr, options))}"
    if error.validator == "minItems":
        return f"{what} is empty"
    if error.validator == "additionalProperties":
        extra = [key for key in instance if key not in properties]
        return f"{what} has the unknown key {extra[0]!r}" if extra else error.message
    if error.validator == "pattern":
        return f"{what} is {_shown(instance)}, which does not match {wanted}"
    return f"{what} breaks {error.validator!r} of the schema"


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:39]}…"


def _unknown_keys(example: Example) -> Iterator[tuple[str, list[str], bool]]:
    top, message = _known_keys(example.format)
    if not example.value.keys() <= top:
        yield "", [key for key in example.value if key not in top], True
    for turn in example.turns:
        if not turn.message.keys() <= message:
            yield turn.pointer, [key for key in turn.message if key not in message], False


@cache
def _known_keys(format_name: str) -> tuple[frozenset[str], frozenset[str]]:
    """The keys that the format's schema knows at the top level, and in a message."""
    properties = schema(format_name).get("properties", {})
    items = properties.get("messages", {}).get("items", {})
    return frozenset(properties), frozenset(items.get("properties", {}))


@cache
def _allowed_roles(format_name: str) -> tuple[str, ...]:
    items = schema(format_name).get("properties", {}).get("messages", {}).get("items", {})
    return tuple(items.get("properties", {}).get("role", {}).get("x-values", ()))


def _nearest_format(keys: tuple[str, ...]) -> str:
    """The format whose own keys are most like these."""
    known = {
        "messages": "openai-chat", "prompt": "openai-completion", "completion": "openai-completion",
        "conversations": "sharegpt", "instruction": "alpaca", "preferred_output": "openai-preference",
        "question": "openai-completion", "answer": "openai-completion", "text": "openai-completion",
        "input": "alpaca", "output": "alpaca", "response": "openai-completion", "dialogue": "openai-chat",
        "conversation": "sharegpt", "chosen": "openai-preference", "rejected": "openai-preference",
    }  # fmt: skip
    for key in keys:
        if close := difflib.get_close_matches(key.casefold(), known, 1, 0.75):
            return f"; nearest is {known[close[0]]}"
    return ""
