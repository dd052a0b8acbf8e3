"""`trl-preference`: {"prompt"?, "chosen", "rejected"}. Recognised only."""

from __future__ import annotations

from typing import Any

NAME = "trl-preference"
KIND = "preference"


def matches(record: dict[str, Any]) -> bool:
    """Whether the record has this format's keys."""
    return "chosen" in record and "rejected" in record
