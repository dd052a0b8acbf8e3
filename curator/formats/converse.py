"""`bedrock-converse`: {"schemaVersion", "system"?, "messages"} of Amazon's Converse API. Recognised only."""

from __future__ import annotations

from typing import Any

NAME = "bedrock-converse"
KIND = "converse"


def matches(record: dict[str, Any]) -> bool:
    """Whether the record has this format's keys; without the version its conversations look like OpenAI's."""
    return "schemaVersion" in record and "messages" in record
