"""`sharegpt`: {"conversations": [{"from", "value"}, …]}, with `system` and `tools` as some trainers take them.

Turns with `role` and `content` are common, too, and read as messages.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from curator.formats import chat, written
from curator.model import Tool, Turn

NAME = "sharegpt"
KIND = "chat"

ROLES = {
    "human": "user", "gpt": "assistant", "chatgpt": "assistant", "model": "assistant", "bing": "assistant",
    "bard": "assistant", "bot": "assistant", "function_call": "assistant", "tool_call": "assistant",
    "observation": "tool", "tool_response": "tool", "function_response": "tool",
}  # fmt: skip
"""What this format's speakers are called elsewhere; others keep their name."""
_CALLS = ("function_call", "tool_call")


def matches(record: dict[str, Any]) -> bool:
    """Whether the record has this format's keys."""
    return "conversations" in record and not record.keys() & {"chosen", "rejected"}


def example(record: dict[str, Any]) -> tuple[tuple[Turn, ...], tuple[Tool, ...]]:
    """The system prompt and the conversation under the usual roles, and the declared functions."""
    turns = []
    if isinstance(record.get("system"), str) and record["system"]:
        text = record["system"]
        turns.append(Turn("system", text, text, False, "/system", "/system"))
    listed = record.get("conversations")
    for index, message in enumerate(listed if isinstance(listed, list) else ()):
        if isinstance(message, dict):
            turns.append(_turn(message, f"/conversations/{index}"))
    return tuple(turns), written.tools(record)


def _turn(message: dict[str, Any], pointer: str) -> Turn:
    if "role" in message and "from" not in message:
        turn = chat.turn(message, pointer)
        role = ROLES.get(turn.role, turn.role)
        return turn if role == turn.role else replace(turn, role=role, trained=role == "assistant")
    speaker, value = message.get("from"), message.get("value")
    role = ROLES.get(speaker, speaker) if isinstance(speaker, str) else ""
    text = value if isinstance(value, str) else ""
    where = f"{pointer}/value" if "value" in message else pointer
    calls = written.calls(text, where) if speaker in _CALLS else ()
    return Turn(role, value, text, role == "assistant", pointer, where, calls, message)
