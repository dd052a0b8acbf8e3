"""`openai-completion`: {"prompt": text, "completion": text}."""

from __future__ import annotations

from typing import Any

from curator.model import Tool, Turn

NAME = "openai-completion"
KIND = "completion"


def matches(record: dict[str, Any]) -> bool:
    """Whether the record has this format's keys; one of the two is enough, unless it is another's."""
    if conversational(record):
        return False
    if "prompt" in record:
        return "completion" in record or not record.keys() & {"chosen", "rejected", "messages", "label", "text"}
    return "completion" in record


def conversational(record: dict[str, Any]) -> bool:
    """Whether prompt and completion are lists of messages, or the record carries a verdict (both are TRL's)."""
    return (
        isinstance(record.get("prompt"), list)
        or isinstance(record.get("completion"), list)
        or (isinstance(record.get("label"), bool))
    )


def example(record: dict[str, Any]) -> tuple[tuple[Turn, ...], tuple[Tool, ...]]:
    """The prompt as a user's turn, the completion as the assistant's."""
    prompt, completion = record.get("prompt"), record.get("completion")
    turns = []
    if isinstance(prompt, str):
        turns.append(Turn("user", prompt, prompt, False, "/prompt", "/prompt"))
    if isinstance(completion, str):
        turns.append(Turn("assistant", completion, completion, True, "/completion", "/completion"))
    return tuple(turns), ()
