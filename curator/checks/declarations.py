"""What a record declares for the model to call: is it there, is it sound, and is it what gets called?"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from typing import Any

from curator.calls import few, read_calls, value_at, written
from curator.conventions import SYSTEM_ROLES
from curator.declared import judge
from curator.diagnosis import diagnose
from curator.model import Example, Problem, Tool
from curator.parsing import parse
from curator.schema_faults import called
from curator.targets import Target

_COMPARED = 200  # ours: so many declared names are searched for the one that was meant, for so many calls a record

_IN_WORDS = 50  # ours: nobody declares more functions in words


@few
def undeclared(example: Example) -> Iterator[Problem]:
    """Calls of a function that is not declared, while others are."""
    names = list(dict.fromkeys(tool.name for tool in example.tools))
    if not names or not all(names) or len(example.tools) != sum(map(len, _lists(example))):
        return  # one that cannot be read may be the one that is called
    known = set(names)
    hints: dict[str, str] = {}
    for read in read_calls(example):
        name = read.call.name
        if not name or name in known:
            continue
        if name not in hints and len(hints) < _COMPARED:
            meant = difflib.get_close_matches(name[:64], names[:_COMPARED], 1)
            hints[name] = f"did you mean {meant[0]!r}?" if meant else f"there is {_listed(names)}"
        where, inner = read.call.place("/name")
        values = {"function": name, "hint": f"; {hints[name]}" if name in hints else "", "declared": len(names)}
        yield Problem(where, inner=inner, values=values, variant=read.variant)


def missing(example: Example) -> Iterator[Problem]:
    """Calls in a record that declares nothing; one problem a record."""
    reads = read_calls(example)
    if not reads or any(_declared(example)):  # what is there, but unreadable, is another's to report
        return
    names = list(dict.fromkeys(read.call.name for read in reads))
    system = "\n".join(turn.text for turn in example.turns if turn.role in SYSTEM_ROLES)
    if (
        system
        and len(names) <= _IN_WORDS
        and all(name and re.search(rf"(?<!\w){re.escape(name)}(?!\w)", system) for name in names)
    ):
        return  # declared in the system prompt, in words
    where, inner = reads[0].place
    yield Problem(where, inner=inner, values={"functions": _listed(names), "count": len(reads)})


@few
def invalid_schema(example: Example) -> Iterator[Problem]:
    """Parameters that are no JSON Schema of an object, or that cannot be checked; a text that is no list of tools."""
    yield from _unreadable(example)
    for tool in example.tools:
        verdict = judge(tool.parameters)
        if verdict.fault is not None:
            where, inner = tool.place(f"/parameters{verdict.fault.pointer}")
            more = f" (and {verdict.fault.more} more)" if verdict.fault.more else ""
            values = {"function": tool.name, "fault": f"{verdict.fault.sentence}{more}"}
            yield Problem(where, inner=inner, values=values)
        elif verdict.unchecked:
            where, inner = tool.place("/parameters")
            values = {"function": tool.name, "fault": verdict.unchecked}
            yield Problem(where, inner=inner, values=values, variant="unchecked")


def _unreadable(example: Example) -> Iterator[Problem]:
    """`tools` as ShareGPT and Alpaca have it, a text of JSON, where it cannot be read."""
    text = example.value.get("tools") if example.format in ("sharegpt", "alpaca") else None
    if example.tools or not isinstance(text, str) or not text.strip():  # what the format has read needs no second look
        return
    parsed = parse(text.encode("utf-8", "surrogatepass"))
    if parsed.fault is not None:
        reason, position = diagnose(text, parsed.fault, "list of tools")
        values = {"fault": f"{reason} (character {position + 1})"}
        yield Problem("/tools", span=(position, min(position + 1, len(text))), values=values, variant="unreadable")
    elif not isinstance(parsed.value, list):
        yield Problem("/tools", values={"fault": f"it is {called(parsed.value)}"}, variant="unreadable")


@few
def invalid_name(example: Example, *, pattern: str, target: Target) -> Iterator[Problem]:
    """Names that the target takes for no function's, each one once a record, at its declaration if it has one.

    Only targets that want calls in the form of OpenAI's API have this law.
    """
    if target.arguments != "string" or not (example.tools or read_calls(example)):
        return
    seen: set[str] = set()
    parts: list[Any] = [*example.tools, *(read.call for read in read_calls(example) if not read.call.broken)]
    for part in parts:
        if part.name in seen or re.fullmatch(pattern, part.name) or written(example, part, "name") != part.name:
            continue
        seen.add(part.name)
        if not isinstance(part, Tool) and example.tools and part.name:
            continue  # it is not declared, of which another rule speaks
        where, inner = part.place("/name")
        yield Problem(where, inner=inner, values={"function": part.name, "length": len(part.name)})


@few
def duplicate(example: Example) -> Iterator[Problem]:
    """Functions that are declared a second time in one record."""
    seen: set[str] = set()
    for tool in example.tools:
        if tool.name and tool.name in seen:
            where, inner = tool.place("/name")
            yield Problem(where, inner=inner, values={"function": tool.name})
        seen.add(tool.name)


def _declared(example: Example) -> tuple[Any, ...]:
    """What stands where declarations are expected, whatever it is."""
    owner = value_at(example.value, "/input") if example.format == "openai-preference" else example.value
    return (owner.get("tools"), owner.get("functions")) if isinstance(owner, dict) else ()


def _lists(example: Example) -> Iterator[list[Any]]:
    for listed in _declared(example):
        if isinstance(listed, list):
            yield listed
        elif isinstance(listed, str):  # read by the format; what it could not read is not counted
            yield [tool for tool in example.tools if tool.inside is not None]


def _listed(names: list[str]) -> str:
    shown = ", ".join(repr(name) for name in names[:5])
    return f"{shown} and {len(names) - 5} more" if len(names) > 5 else shown
