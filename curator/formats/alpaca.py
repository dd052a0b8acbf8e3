"""`alpaca`: {"instruction", "input", "output"}. Recognised only."""

from __future__ import annotations

from typing import Any

NAME = "alpaca"
KIND = "alpaca"


def matches(record: dict[str, Any]) -> bool:
    """Whether the record has this format's keys."""
    return "instruction" in record and ("output" in record or "input" in record)
