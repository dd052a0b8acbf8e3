"""`openai-reinforcement`, and prompts alone: chat messages that end with the user's.

No single record says so: a vote over the file tells it from a conversation without its answer.
"""

from __future__ import annotations

from typing import Any

from curator.formats import chat
from curator.model import Tool, Turn

NAME = "openai-reinforcement"
KIND = "reinforcement"


def matches(record: dict[str, Any]) -> bool:
    """Never: one record alone cannot tell (see `curator.formats.winner`)."""
    return False


def ends_with_user(record: Any) -> bool:
    """Whether the last message is the user's."""
    messages = record.get("messages") if isinstance(record, dict) else None
    last = messages[-1] if isinstance(messages, list) and messages else None
    return isinstance(last, dict) and last.get("role") == "user"


def example(record: dict[str, Any]) -> tuple[tuple[Turn, ...], tuple[Tool, ...]]:
    """The turns and tools of the conversation; no turn is trained as it stands."""
    turns, tools = chat.example(record)
    for turn in turns:
        turn.trained = False
    return turns, tools
