"""What is no JSON Schema about a declaration, in the words of the people who wrote it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from curator.findings import clip
from curator.locate import escape

if TYPE_CHECKING:
    import jsonschema_rs

_MEANT = {
    "dict": "object", "map": "object", "float": "number", "double": "number", "decimal": "number", "int": "integer",
    "long": "integer", "str": "string", "text": "string", "date": "string", "bool": "boolean", "list": "array",
    "tuple": "array", "set": "array", "none": "null", "nil": "null",
}  # fmt: skip
_TYPES = ("object", "array", "string", "number", "integer", "boolean", "null")
_EXPECTED = {
    "object": "an object", "array": "an array", "string": "a text", "boolean": "true or false", "number": "a number",
    "integer": "an integer",
}  # fmt: skip
_NAMES = {dict: "an object", list: "an array", str: "a text", bool: "true or false", type(None): "null"}


@dataclass(frozen=True, slots=True)
class Fault:
    """What is no JSON Schema about a declaration."""

    pointer: str
    """Inside the declaration."""
    sentence: str
    more: int = 0
    """How many further faults it has."""


def called(value: Any) -> str:
    """What JSON calls a value, with its article."""
    return _NAMES.get(type(value), "a number")


def first_fault(schema: Any, meta: jsonschema_rs.Validator) -> Fault:
    """The first fault of a schema, in the order in which it is written, that the validator `meta` of schemas finds."""
    faults = {tuple(error.instance_path): error for error in meta.iter_errors(schema)}
    path = min(faults, key=lambda steps: _rank(schema, steps))
    error = faults[path]
    value, what = error.instance, _called(path)
    if path and path[-1] == "type":
        sentence = f"{what} is {clip(repr(value))}, which is no type of JSON Schema{_hint(value)}"
    elif error.kind.name == "type":
        expected = " or ".join(_EXPECTED.get(name, name) for name in error.kind.as_dict()["types"])
        sentence = f"{what} is {called(value)}, not {expected}"
        if path and path[-1] == "required" and isinstance(value, bool):
            sentence += "; 'required' belongs to the object around it and lists names"
    else:
        sentence = f"{what} is {clip(repr(value))}, which JSON Schema does not allow"
    return Fault("".join(f"/{escape(str(step))}" for step in path), sentence, len(faults) - 1)


def _rank(value: Any, path: tuple[str | int, ...]) -> tuple[int, ...]:
    rank = []
    for step in path:
        rank.append(list(value).index(step) if isinstance(value, dict) else int(step))
        value = value[step]
    return tuple(rank)


def _called(path: tuple[str | int, ...]) -> str:
    """What a person calls the place in a schema: 'required', 'type' of 'city', the property 'city'."""
    owners = [index + 1 for index, step in enumerate(path[:-1]) if step == "properties"]
    if not path:
        return "the schema"
    if owners and owners[-1] == len(path) - 1:
        return f"the property {clip(str(path[-1]))!r}"
    return repr(path[-1]) + (f" of {clip(str(path[owners[-1]]))!r}" if owners else "")


def _hint(value: Any) -> str:
    if value == "any":
        return "; leave it out to allow any"
    for name in value if isinstance(value, list) else [value]:
        folded = str(name).strip().casefold()
        meant = folded if folded in _TYPES else _MEANT.get(folded, "")
        if meant and meant != name:
            return f"; did you mean {meant!r}?"
    return ""
