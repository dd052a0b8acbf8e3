"""The turns of a record that the checks see none in: its format is another than its file's, or only recognised."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from curator import formats
from curator.formats import chat, sharegpt
from curator.model import Example, Turn

_TALKS = ("messages", "prompt", "completion", "chosen")


def understood(example: Example) -> Example:
    """The example with what can be shown as a conversation; itself where it has turns, or none can be seen."""
    if example.turns or example.rejected:
        return example
    if formats.understood(example.format):
        return formats.read(example.value, example.format, example.canonical, example.raw_size)
    record = example.value
    turns = [turn for key in _TALKS if key in record for turn in _talk(record[key], f"/{key}", key)]
    given, tools = sharegpt.example(record)
    rejected = _talk(record["rejected"], "/rejected", "rejected") if "rejected" in record and turns else []
    return replace(example, turns=(*given, *turns), tools=tools, rejected=tuple(rejected))


def _talk(value: Any, pointer: str, key: str) -> list[Turn]:
    if isinstance(value, str):
        role = "user" if key == "prompt" else "assistant"
        return [Turn(role, value, value, role == "assistant", pointer, pointer)]
    if isinstance(value, list):
        return [turn for turn in chat.turns(value, pointer) if "role" in turn.message]
    if isinstance(value, dict) and "role" in value:
        return [chat.turn(value, pointer)]
    if isinstance(value, dict) and isinstance(value.get("from"), str) and isinstance(value.get("value"), str):
        text, role = value["value"], str(sharegpt.ROLES.get(value["from"], value["from"]))
        return [Turn(role, text, text, role == "assistant", pointer, f"{pointer}/value", (), value)]
    return []
