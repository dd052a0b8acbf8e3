"""`vertex`: {"systemInstruction"?, "contents": [{"role", "parts"}, …]}, as Gemini is tuned. Recognised only."""

from __future__ import annotations

from typing import Any

NAME = "vertex"
KIND = "vertex"


def matches(record: dict[str, Any]) -> bool:
    """Whether the record has this format's key."""
    return "contents" in record
