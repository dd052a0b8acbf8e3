"""A tool call as HTML: the arguments as they are, beside the parameters that the function declares."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from curator.calls import value_at
from curator.locate import locate, parse_pointer
from curator.model import Example, Finding, Tool, ToolCall, Turn
from curator.parsing import Parsed, parse
from curator.review.rendering.escaping import Mark, block, brief, label, marked
from curator.review.rendering.layout import keys, layout
from curator.review.rendering.places import Places, codes, json_marks, text_marks
from curator.review.rendering.viewing import View

_PARAMETERS = 60  # of one function that are listed
_NOTE = 240  # code points of a description, or of the allowed values


def json_block(raw: bytes, pointer: str, value: Any, findings: Sequence[Finding], view: View) -> str:
    """A value of the record as laid out JSON, with its findings in place."""
    try:
        span = locate(raw, pointer)
        written = raw[span.start : span.end].decode("utf-8", "surrogatepass")
    except (LookupError, ValueError):  # no place of the record has this value
        written = json.dumps(value, ensure_ascii=False)
    text = layout(written)
    marks, whole = json_marks(text, findings, pointer)
    return codes(whole) + _code(text, marks, view)


def calls_html(turn: Turn, example: Example, raw: bytes, places: Places, view: View) -> str:
    """The calls of a turn, each beside its declaration."""
    return "".join(_call(call, example, raw, places, view) for call in turn.calls if call.inside is None)


def inside_html(turn: Turn, example: Example, places: Places, view: View) -> str:
    """The text of a turn that holds its calls as JSON, beside the declarations."""
    broken = any(call.broken for call in turn.calls)
    here = places.at(turn.text_pointer)
    about, given = _written(turn.text, here, view, as_is=broken)
    wrong = _wrong(here, f"{turn.text_pointer}/arguments") if len(turn.calls) == 1 else {}
    declared = "".join(
        _declaration(call.name, example.tools, _object(call.arguments), wrong) for call in turn.calls if not call.broken
    )
    head = f'<div class="cu-head">{about}</div>' if about else ""
    return head + _beside(given, declared)


def declared_html(name: str, tools: Sequence[Tool], arguments: Any) -> str:
    """The parameters that a function declares, each with what the arguments (JSON in a text, or a value) make of it."""
    return f'<div class="cu-declared">{_declaration(name, tools, _object(arguments), {})}</div>'


def tools_html(example: Example, raw: bytes, places: Places, view: View) -> str:
    """The declared functions, folded unless something is found in them; "" where there are none."""
    if not example.tools:
        return ""
    blocks: list[str] = []
    found = 0
    inside = next((tool.inside for tool in example.tools if tool.inside is not None), None)
    if inside is not None:  # all of them stand in one text
        found_here = places.at(inside)
        found = len(found_here)
        blocks += _written(str(value_at(example.value, inside)), found_here, view, as_is=False)
    for tool in example.tools if inside is None else ():
        base = tool.pointer.removesuffix("/function")
        here = places.under(base)
        found += len(here)
        blocks.append(json_block(raw, base, value_at(example.value, base), here, view))
    names = ", ".join(brief(tool.name, 80) for tool in example.tools[:20])
    count = len(example.tools)
    noun = "function" if count == 1 else "functions"
    opened = " open" if found else ""
    head = f'<summary><b>{count:,} declared {noun}</b> <span class="cu-quiet">{names}</span></summary>'
    return f'<details class="cu-fold"{opened}>{head}{"".join(blocks)}</details>'


def _call(call: ToolCall, example: Example, raw: bytes, places: Places, view: View) -> str:
    text = call.arguments
    here = places.under(call.arguments_pointer)
    if isinstance(text, str):
        broken, given = _written(text, here, view, as_is=any(f.span and f.inner is None for f in here))
    else:
        broken, given = "", json_block(raw, call.arguments_pointer, text, here, view)
    named, whole = text_marks(call.name, places.at(call.name_pointer))
    about = codes([*whole, *places.under(call.pointer)]) + broken
    ident = f'<span class="cu-quiet">{brief(call.id, 80)}</span>' if call.id else ""
    name = f"<b>{marked(call.name, named, limit=200)}</b>" if call.name else label("no name", "error")
    head = f'<div class="cu-head"><span class="cu-quiet">call</span> {name} {ident}{about}</div>'
    declared = _declaration(call.name, example.tools, _object(text), _wrong(here, call.arguments_pointer))
    return f'<div class="cu-call">{head}{_beside(given, declared)}</div>'


def _beside(given: str, declared: str) -> str:
    return f'<div class="cu-beside"><div class="cu-given">{given}</div><div class="cu-declared">{declared}</div></div>'


def _written(text: str, findings: Sequence[Finding], view: View, *, as_is: bool) -> tuple[str, str]:
    """JSON in a string, and labels for all of it: laid out unless it is broken or a span counts in it."""
    if not as_is and _parsed(text).fault is None:
        text = layout(text)
    marks, whole = text_marks(text, findings)
    return codes(whole), _code(text, marks, view) if text else f"{marked(text, marks)}{label('empty text', 'info')}"


def _code(text: str, marks: Sequence[Mark], view: View) -> str:
    return block(text, [*marks, *keys(text)], kind="code", visible=view.visible, limit=view.limit)


def _parsed(text: str) -> Parsed:
    return parse(text.encode("utf-8", "surrogatepass"))


def _object(arguments: Any) -> Mapping[str, Any] | None:
    value = _parsed(arguments).value if isinstance(arguments, str) else arguments
    return value if isinstance(value, dict) else None


def _wrong(findings: Iterable[Finding], base: str) -> dict[str, Finding]:
    """What is found in the arguments at `base`, by the argument; the worst of each."""
    found: dict[str, Finding] = {}
    for finding in sorted(findings, key=lambda finding: -finding.severity):
        path = f"{finding.pointer}{finding.inner or ''}"
        if path.startswith(f"{base}/"):
            found.setdefault(parse_pointer(path.removeprefix(base))[0], finding)
    return found


def _declaration(
    name: str, tools: Sequence[Tool], given: Mapping[str, Any] | None, wrong: Mapping[str, Finding]
) -> str:
    """The parameters of the function, each with what the call makes of it."""
    tool = next((tool for tool in tools if tool.name == name), None)
    if tool is None:
        return '<span class="cu-quiet">not declared in this record</span>'
    parameters = tool.parameters if isinstance(tool.parameters, dict) else {}
    properties = parameters.get("properties")
    properties = properties if isinstance(properties, dict) else {}
    needed = parameters.get("required")
    needed = [item for item in needed if isinstance(item, str)] if isinstance(needed, list) else []
    rows = [
        _parameter(key, schema, key in needed, None if given is None else key in given, wrong.get(key))
        for key, schema in list(properties.items())[:_PARAMETERS]
    ]
    if len(properties) > _PARAMETERS:
        rows.append(f'<div class="cu-quiet">and {len(properties) - _PARAMETERS:,} more</div>')
    for key in list(given or ())[:_PARAMETERS]:
        if key not in properties:
            allowed = parameters.get("additionalProperties") is not False and not properties
            rows.append(_row("?", "info" if allowed else "warning", "not declared", brief(key, 80), ""))
    return "".join(rows) or '<span class="cu-quiet">declared without parameters</span>'


def _parameter(name: str, schema: Any, required: bool, given: bool | None, wrong: Finding | None) -> str:
    schema = schema if isinstance(schema, dict) else {}
    kind = schema.get("type")
    kinds = " or ".join(item for item in (kind if isinstance(kind, list) else [kind]) if isinstance(item, str))
    notes = [kinds, "required" if required else ""]
    if isinstance(schema.get("enum"), list):
        notes.append(" | ".join(json.dumps(item, ensure_ascii=False) for item in schema["enum"][:20]))
    if isinstance(schema.get("description"), str):
        notes.append(schema["description"])
    note = " · ".join(brief(item, _NOTE) for item in notes if item)
    shown = brief(name, 80)
    if given and wrong is not None:
        return _row("✕", str(wrong.severity), wrong.code, shown, note)
    if given:
        return _row("✓", "", "", shown, note)
    return _row("✕", "error", "missing", shown, note) if required and given is False else _row("·", "", "", shown, note)


def _row(sign: str, kind: str, word: str, name: str, note: str) -> str:
    tag = label(word, kind) if word else ""
    return (
        f'<div class="cu-parameter"><span class="cu-sign">{sign}</span>'
        f'<span><b>{name}</b> {tag} <span class="cu-quiet">{note}</span></span></div>'
    )
