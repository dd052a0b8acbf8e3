"""`trl-prompt-completion`: {"prompt", "completion"} as lists of messages, or with a `label`. Recognised only."""

from __future__ import annotations

from typing import Any

from curator.formats import completion

NAME = "trl-prompt-completion"
KIND = "trl"


def matches(record: dict[str, Any]) -> bool:
    """Whether the record has this format's keys."""
    return "prompt" in record and "completion" in record and completion.conversational(record)
