"""The JSON Schema of each dataset format (rules/schemas), and the keys that it knows."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from curator.data import folder


@cache
def schema(format_name: str) -> dict[str, Any]:
    """The bundled schema of a format; one that accepts everything where there is none."""
    file = folder("schemas") / f"{format_name}.json"
    if not file.is_file():
        return {}
    loaded: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return loaded


def referenced(uri: str) -> dict[str, Any]:
    """Another bundled schema, by the "$id" that one refers to; nothing is fetched."""
    return schema(uri.partition("#")[0].rpartition("/")[2].removesuffix(".json"))


@cache
def record_keys(format_name: str) -> frozenset[str]:
    """The keys that a record of a format may have at the top level."""
    return frozenset(schema(format_name).get("properties", {}))


@cache
def message_keys() -> frozenset[str]:
    """The keys that a message of OpenAI's formats may have."""
    return frozenset(schema("openai-chat")["$defs"]["turn"]["properties"])
