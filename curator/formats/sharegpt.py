"""`sharegpt`: {"conversations": [{"from", "value"}]}. Recognised only."""

from __future__ import annotations

from typing import Any

NAME = "sharegpt"
KIND = "sharegpt"


def matches(record: dict[str, Any]) -> bool:
    """Whether the record has this format's keys."""
    return "conversations" in record
