"""`alpaca`: {"instruction", "input"?, "output"}, with `system`, `history` and `tools` as some trainers take them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from curator.formats import written
from curator.model import Tool, Turn

NAME = "alpaca"
KIND = "chat"


def matches(record: dict[str, Any]) -> bool:
    """Whether the record has this format's keys."""
    return "instruction" in record and ("output" in record or "input" in record)


def example(record: dict[str, Any]) -> tuple[tuple[Turn, ...], tuple[Tool, ...]]:
    """System prompt, history, the instruction with its input as one turn of the user's, and the output."""
    return tuple(_turns(record)), written.tools(record)


def _turns(record: dict[str, Any]) -> Iterator[Turn]:
    if isinstance(record.get("system"), str) and record["system"]:
        yield _turn("system", record["system"], "/system")
    history = record.get("history")
    for index, pair in enumerate(history if isinstance(history, list) else ()):
        if isinstance(pair, list):
            for side, (role, text) in enumerate(zip(("user", "assistant"), pair, strict=False)):
                if isinstance(text, str):
                    yield _turn(role, text, f"/history/{index}/{side}")
    instruction, more = record.get("instruction"), record.get("input")
    if isinstance(instruction, str) and isinstance(more, str) and more:
        # Two texts of the record make one turn, so a span of the turn is none of the record's.
        parts = [{"type": "text", "text": instruction}, {"type": "text", "text": more}]
        yield Turn("user", parts, f"{instruction}\n{more}", False, "/instruction", "/instruction")
    elif isinstance(instruction, str):
        yield _turn("user", instruction, "/instruction")
    if "output" in record:
        output = record["output"]
        text = output if isinstance(output, str) else ""
        yield Turn("assistant", output, text, True, "/output", "/output")


def _turn(role: str, text: str, pointer: str) -> Turn:
    return Turn(role, text, text, role == "assistant", pointer, pointer)
