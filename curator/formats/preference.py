"""`openai-preference`: {"input": {"messages", "tools"?}, "preferred_output": […], "non_preferred_output": […]}."""

from __future__ import annotations

from typing import Any

from curator.formats import chat
from curator.model import Tool, Turn

NAME = "openai-preference"
KIND = "preference"


def matches(record: dict[str, Any]) -> bool:
    """Whether the record has this format's keys."""
    return "preferred_output" in record or "non_preferred_output" in record


def example(record: dict[str, Any]) -> tuple[tuple[Turn, ...], tuple[Tool, ...]]:
    """The input's turns with the preferred output, which alone is trained; the input's tools."""
    given = record.get("input")
    given = given if isinstance(given, dict) else {}
    turns = chat.turns(given.get("messages"), "/input/messages")
    for turn in turns:
        turn.trained = False
    return (*turns, *chat.turns(record.get("preferred_output"), "/preferred_output")), chat.tools(given, "/input")


def rejected(record: dict[str, Any]) -> tuple[Turn, ...]:
    """The turns of the output that is not preferred."""
    return chat.turns(record.get("non_preferred_output"), "/non_preferred_output")
