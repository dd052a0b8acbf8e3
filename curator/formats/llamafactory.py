"""`llamafactory-v1`: messages whose content parts are {"type", "value"}. Recognised only."""

from __future__ import annotations

from typing import Any

NAME = "llamafactory-v1"
KIND = "llamafactory"


def matches(record: dict[str, Any]) -> bool:
    """Whether the record has this format's keys; its conversations look like OpenAI's from above."""
    return "chosen_messages" in record or valued_parts(record)


def valued_parts(record: dict[str, Any]) -> bool:
    """Whether the first message's first content part holds a `value`, and no `text`."""
    messages = record.get("messages")
    first = messages[0] if isinstance(messages, list) and messages else None
    content = first.get("content") if isinstance(first, dict) else None
    part = content[0] if isinstance(content, list) and content else None
    return isinstance(part, dict) and "value" in part and "text" not in part
