"""The older way of calling functions, `functions` and `function_call`, and the same in the way that took its place."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from curator.calls import value_at
from curator.edits import Edit, Fix, Insert, RenameKey, Replace
from curator.model import Example, Problem, Turn


def deprecated(example: Example) -> Iterator[Problem]:
    """The first key or role of the older way in a record; the fix puts all of them right, where that is certain."""
    owner = "/input" if example.format == "openai-preference" else ""
    turns = [turn for turn in example.turns if "role" in turn.message]
    found = _first(example, owner, turns)
    if found is None:
        return
    pointer, at_key = found
    edits = _edits(example, owner, turns)
    title = "write them as tools and tool_calls"
    if edits is None:
        title += "; by hand, because it is not certain which result belongs to which call"
    key = pointer.rpartition("/")[2]
    yield Problem(
        pointer,
        at="key" if at_key else "value",
        values={"key": key},
        variant=None if at_key else "role",
        fix=Fix(title, tuple(edits or ())),
    )


def _first(example: Example, owner: str, turns: list[Turn]) -> tuple[str, bool] | None:
    for turn in turns:
        if isinstance(turn.message.get("function_call"), dict):
            return f"{turn.pointer}/function_call", True
    if isinstance(value_at(example.value, f"{owner}/functions"), list):
        return f"{owner}/functions", True
    for turn in turns:
        if turn.role == "function":
            return f"{turn.pointer}/role", False
    return None


def _edits(example: Example, owner: str, turns: list[Turn]) -> list[Edit] | None:
    """Declarations wrapped, calls and results tied by new ids; None where it is not certain what belongs together."""
    top: Any = value_at(example.value, owner)
    if not isinstance(top, dict) or top.keys() & {"tools", "function_call"}:
        return None
    edits: list[Edit] = []
    if "functions" in top:
        if not isinstance(top["functions"], list):
            return None
        edits.append(RenameKey(f"{owner}/functions", "tools"))
        for index, function in enumerate(top["functions"]):
            edits.append(Replace(f"{owner}/functions/{index}", {"type": "function", "function": function}))
    waiting: tuple[str, str] | None = None  # name and new id of a call that the next message may answer
    number = 0
    for turn in turns:
        message = turn.message
        call = message.get("function_call")
        if "tool_calls" in message or turn.role == "tool":
            return None
        if turn.role == "function":
            if waiting is None or message.get("name", waiting[0]) != waiting[0] or "tool_call_id" in message:
                return None
            edits.append(Replace(f"{turn.pointer}/role", "tool"))
            if "name" in message:
                edits.append(RenameKey(f"{turn.pointer}/name", "tool_call_id"))
                edits.append(Replace(f"{turn.pointer}/name", waiting[1]))
            else:
                edits.append(Insert(f"{turn.pointer}/tool_call_id", waiting[1]))
        waiting = None
        if isinstance(call, dict):
            if not isinstance(call.get("name"), str):
                return None
            number += 1
            waiting = call["name"], f"call{number:05}"
            written = {"id": waiting[1], "type": "function", "function": call}
            edits.append(RenameKey(f"{turn.pointer}/function_call", "tool_calls"))
            edits.append(Replace(f"{turn.pointer}/function_call", [written]))
        elif call is not None:
            return None
    return edits
