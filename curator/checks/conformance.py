"""Do the arguments of a call keep to what its function declares?"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, islice
from typing import TYPE_CHECKING, Any, NamedTuple

from curator.calls import few, read_calls
from curator.checks.keys import KEY_CHARS
from curator.declared import judge
from curator.findings import clip
from curator.model import Example, Problem
from curator.schema_faults import called

if TYPE_CHECKING:
    import jsonschema_rs

_MORE_PROPERTIES = frozenset(
    {
        "additionalProperties", "patternProperties", "unevaluatedProperties", "dependentSchemas",
        "anyOf", "oneOf", "allOf", "not", "if", "$ref", "$dynamicRef",
    }
)  # fmt: skip
"""Keywords by which a schema may know, or forbid, properties that `properties` does not name."""
_TYPES = {
    "object": "an object", "array": "an array", "string": "a text", "boolean": "true or false", "number": "a number",
    "integer": "an integer",
}  # fmt: skip


_MOST = 20  # faults of one call that are named: more would help nobody


class _Fault(NamedTuple):
    path: tuple[str | int, ...]
    sentence: str
    variant: str | None = None
    lacks: str = ""
    """The required property that is missing there."""
    extra: str = ""
    """The property that nobody declared."""


@few
def breaks_schema(example: Example) -> Iterator[Problem]:
    """Arguments that break the parameters that their function declares, one problem a fault."""
    if not example.tools:
        return
    declared: dict[str, Any] = {}
    for tool in example.tools:  # declared twice in two ways: neither is the law
        declared[tool.name] = tool.parameters if declared.get(tool.name, tool.parameters) == tool.parameters else None
    for read in read_calls(example):
        arguments = read.arguments
        if arguments is None or not read.call.name:
            continue
        verdict = judge(declared.get(read.call.name))
        if verdict.validator is None:
            continue
        if read.parsed is None and read.call.inside is None:  # null is how a columnar writer spells "absent"
            arguments = {name: value for name, value in arguments.items() if value is not None}
        found = chain(_faults(verdict.validator, arguments), _undeclared(verdict.schema, arguments, ()))
        for fault in _one_a_slip(list(islice(found, _MOST))):
            yield read.problem(fault.path, {"fault": fault.sentence}, read.variant or fault.variant)


def _faults(validator: jsonschema_rs.Validator, arguments: dict[str, Any]) -> Iterator[_Fault]:
    """Each violation, with a sentence that holds no text of the data but names."""
    if validator.is_valid(arguments):
        return
    for error in validator.iter_errors(arguments):
        if "backtrack" in error.message.lower():  # the pattern gave up: nothing is proven
            continue
        path = tuple(error.instance_path)
        what = _called(path)
        details = error.kind.as_dict()
        match error.kind.name:
            case "required":
                name = str(details["property"])
                yield _Fault(path, "", lacks=name)
            case "type":
                expected = " or ".join(_TYPES.get(name, name) for name in details["types"])
                yield _Fault(path, f"{what} is {called(error.instance)}, not {expected}")
            case "enum":
                options = ", ".join(clip(repr(option)) for option in details["options"][:8])
                yield _Fault(path, f"{what} is not one of {options}")
            case "additionalProperties":
                for name in details["unexpected"]:
                    yield _Fault((*path, name), f"the property {_shown(name)} is not allowed", extra=name)
            case keyword:
                limit = details.get("value", details.get("limit"))
                shown = f" {limit!r}" if isinstance(limit, int | float | str) else ""
                yield _Fault(path, f"{what} breaks {clip(f'{keyword!r}{shown}')} of the declared schema")


def _undeclared(schema: Any, value: Any, path: tuple[str | int, ...]) -> Iterator[_Fault]:
    """Properties that plain object schemas do not name, where the schema does not forbid them."""
    if not isinstance(schema, Mapping):
        return
    properties = schema.get("properties")
    if isinstance(value, dict) and isinstance(properties, dict):
        closed = _MORE_PROPERTIES & schema.keys()
        for name, item in value.items():
            if name in properties:
                yield from _undeclared(properties[name], item, (*path, name))
            elif not closed:
                sentence = f"the property {_shown(name)} is not declared"
                yield _Fault((*path, name), sentence, "undeclared", extra=name)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _undeclared(schema.get("items"), item, (*path, index))


def _one_a_slip(faults: Sequence[_Fault]) -> Iterator[_Fault]:
    """The faults, with a required property and its misspelling as one, and all others that one object lacks as one."""
    used: set[_Fault] = set()
    lacks: dict[tuple[str | int, ...], list[str]] = {}
    for lacking in [fault for fault in faults if fault.lacks]:
        extras = {f.extra: f for f in faults if f.extra and f.path[:-1] == lacking.path and f not in used}
        close = difflib.get_close_matches(lacking.lacks, extras, 1)
        if close:
            used.add(extras[close[0]])
            yield _Fault(extras[close[0]].path, f"{_lacks(lacking.path, [lacking.lacks])}; is that {_shown(close[0])}?")
        else:
            lacks.setdefault(lacking.path, []).append(lacking.lacks)
    yield from (_Fault(path, _lacks(path, names)) for path, names in lacks.items())
    yield from (fault for fault in faults if not fault.lacks and fault not in used)


def _lacks(path: tuple[str | int, ...], names: list[str]) -> str:
    shown = ", ".join(map(_shown, names[:8]))
    return f"{_called(path)} lacks the required {'property' if len(names) == 1 else 'properties'} {shown}"


def _called(path: tuple[str | int, ...]) -> str:
    return _shown(str(path[-1])) if path else "the object"


def _shown(name: str) -> str:
    return repr(clip(name, KEY_CHARS))
