"""`openai-preference`: {"input", "preferred_output", "non_preferred_output"}. Recognised only."""

from __future__ import annotations

from typing import Any

NAME = "openai-preference"
KIND = "preference"


def matches(record: dict[str, Any]) -> bool:
    """Whether the record has this format's keys."""
    return "preferred_output" in record or "non_preferred_output" in record
