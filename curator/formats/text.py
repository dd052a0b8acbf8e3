"""`text`: {"text": text}, as base models are trained on. Recognised only."""

from __future__ import annotations

from typing import Any

NAME = "text"
KIND = "text"


def matches(record: dict[str, Any]) -> bool:
    """Whether the record has this format's key."""
    return isinstance(record.get("text"), str)
