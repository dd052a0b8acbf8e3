"""Do the arguments of a call keep to what its function declares?"""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, islice
from typing import TYPE_CHECKING, Any, NamedTuple

from curator.calls import few, read_calls
from curator.checks.keys import KEY_CHARS
from curator.declared import Verdict, judge
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
_OPTIONS = 8  # allowed values that a sentence names
_COSTLY = (
    1_000_000  # ours: values of the arguments times values of their schema, as it is written: references count once
)


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
        for fault in _of_call(verdict, arguments, lenient=read.parsed is None and read.call.inside is None):
            yield read.problem(fault.path, {"fault": fault.sentence}, read.variant or fault.variant)


def sentences(verdict: Verdict, arguments: dict[str, Any], *, lenient: bool = False) -> list[str]:
    """What is wrong with the arguments of one call; `lenient` takes null for absent. `verdict` has a validator."""
    return [fault.sentence for fault in _of_call(verdict, arguments, lenient=lenient)]


def _of_call(verdict: Verdict, arguments: dict[str, Any], *, lenient: bool) -> Iterator[_Fault]:
    if lenient:  # null is how a columnar writer spells "absent"
        arguments = {name: value for name, value in arguments.items() if value is not None}
    found = chain(_faults(verdict, arguments), _undeclared(verdict.schema, arguments, ()))
    return _one_a_slip(list(islice(found, _MOST)))


def _faults(verdict: Verdict, arguments: dict[str, Any]) -> Iterator[_Fault]:
    """Each violation, with a sentence that holds no text of the data but names."""
    assert verdict.validator is not None
    if verdict.validator.is_valid(arguments):
        return
    for error in _errors(verdict, arguments):
        yield from _of_error(error)


def _errors(verdict: Verdict, arguments: dict[str, Any]) -> Iterator[jsonschema_rs.ValidationError]:
    """The violations; only the first where all might take long, because each holds a copy of the object it is in."""
    import jsonschema_rs

    assert verdict.validator is not None
    if _size(arguments) * _size(verdict.schema) <= _COSTLY:
        yield from verdict.validator.iter_errors(arguments)
        return
    try:
        verdict.validator.validate(arguments)
    except jsonschema_rs.ValidationError as error:
        yield error


def _size(value: Any) -> int:
    """How many values there are in a value, itself counted."""
    inside = value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ()
    return 1 + sum(map(_size, inside))


def _of_error(error: jsonschema_rs.ValidationError) -> Iterator[_Fault]:
    if _gave_up(error):
        return
    path = tuple(error.instance_path)
    what = _called(path)
    details = error.kind.as_dict()
    match error.kind.name:
        case "anyOf" | "oneOf":
            yield from _of_alternatives(error, details["context"])
        case "required":
            yield _Fault(path, "", lacks=str(details["property"]))
        case "type":
            yield _Fault(path, f"{what} is {called(error.instance)}, not {_wanted(error)}")
        case "enum" if not details["options"]:
            yield _Fault(path, f"{what} can have no value at all, because its 'enum' is empty")
        case "enum" if len(details["options"]) > 1:
            yield _Fault(path, f"{what} is not one of {', '.join(map(_option, details['options'][:_OPTIONS]))}")
        case "enum" | "const":
            yield _Fault(path, f"{what} is not {_wanted(error)}")
        case "pattern":
            yield _Fault(path, f"{what} does not match the pattern {clip(details['pattern'])}")
        case "additionalProperties":
            for name in details["unexpected"]:
                yield _Fault((*path, name), f"the property {_shown(name)} is not allowed", extra=name)
        case "falseSchema" if error.schema_path[-1:] == ["additionalProperties"]:
            yield _Fault(path, f"{what} has a property, but its schema allows none")
        case "falseSchema":
            yield _Fault(path, f"{what} is not allowed")
        case keyword:
            limit = details.get("value", details.get("limit", details.get("multiple_of")))
            shown = f" {limit!r}" if isinstance(limit, int | float | str) else ""
            yield _Fault(path, f"{what} breaks {clip(f'{keyword!r}{shown}')} of the declared schema")


def _gave_up(error: jsonschema_rs.ValidationError) -> bool:
    """Whether a pattern was given up before it was done with the text, so that nothing is proven."""
    details = error.kind.as_dict()
    inner = details.get("error")  # words for a pattern, a violation for the names of properties
    if inner is not None:
        return isinstance(inner, str) or _gave_up(inner)
    return any(_gave_up(inner) for branch in details.get("context", ()) for inner in branch)


def _of_alternatives(
    error: jsonschema_rs.ValidationError, branches: list[list[jsonschema_rs.ValidationError]]
) -> Iterator[_Fault]:
    """The faults of the alternative that was probably meant; what is allowed, where that is none, or several."""
    path = tuple(error.instance_path)
    what, keyword = _called(path), error.kind.name
    if not all(branches):
        yield _Fault(path, f"{what} fits more than one of the alternatives in {keyword!r}")
        return
    refused = [_refusal(branch, path) for branch in branches]
    meant = sorted((b for b, refusal in zip(branches, refused, strict=True) if refusal is None), key=len)
    if meant and (len(meant) == 1 or len(meant[0]) < len(meant[1])):
        for inner in meant[0]:
            yield from _of_error(inner)
        return
    lacking = [
        b[0] for b in meant if len(b) == 1 and b[0].kind.name == "required" and tuple(b[0].instance_path) == path
    ]
    if meant and len(lacking) == len(meant):
        names = dict.fromkeys(_shown(str(inner.kind.as_dict()["property"])) for inner in lacking)
        yield _Fault(path, f"{what} lacks {' or '.join(list(names)[:_OPTIONS])}")
    elif meant:
        yield _Fault(path, f"{what} fits none of the {len(branches)} alternatives in {keyword!r}")
    else:
        wanted = dict.fromkeys(_wanted(refusal) for refusal in refused[:_OPTIONS] if refusal)
        is_type = all(refusal and refusal.kind.name == "type" for refusal in refused)
        yield _Fault(path, f"{what} is {f'{called(error.instance)}, ' if is_type else ''}not {' or '.join(wanted)}")


def _refusal(
    branch: list[jsonschema_rs.ValidationError], path: tuple[str | int, ...]
) -> jsonschema_rs.ValidationError | None:
    """The violation by which an alternative takes no such value at all, whatever it holds."""
    refusals = (e for e in branch if e.kind.name in ("type", "const", "enum") and tuple(e.instance_path) == path)
    return next(refusals, None)


def _wanted(error: jsonschema_rs.ValidationError) -> str:
    """What a violated `type`, `const` or `enum` allows."""
    details = error.kind.as_dict()
    if error.kind.name == "type":
        return " or ".join(_TYPES.get(name, name) for name in details["types"])
    options = details["options"] if error.kind.name == "enum" else [details["expected_value"]]
    return " or ".join(map(_option, options[:_OPTIONS])) or "any value (its 'enum' is empty)"


def _option(option: Any) -> str:
    return clip(repr(option) if isinstance(option, str) else json.dumps(option, ensure_ascii=False))


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
