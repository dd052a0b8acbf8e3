"""Calls and declarations that stand as JSON inside a text, as ShareGPT and Alpaca write them (LLaMA-Factory)."""

from __future__ import annotations

from typing import Any

from curator.formats.chat import declared
from curator.model import Tool, ToolCall
from curator.parsing import parse


def calls(text: str, pointer: str) -> tuple[ToolCall, ...]:
    """The calls in a text: {"name", "arguments"}, or a list of them; one without a name where it is no JSON."""
    parsed = parse(text.encode("utf-8", "surrogatepass"))
    if parsed.fault is not None or parsed.quirks:
        return (ToolCall("", text, None, pointer, "", inside=pointer, broken=True),)
    listed = parsed.value if isinstance(parsed.value, list) else [parsed.value]
    found = []
    for index, call in enumerate(listed):
        if isinstance(call, dict):
            inner = f"/{index}" if isinstance(parsed.value, list) else ""
            name = call.get("name")
            found.append(
                ToolCall(name if isinstance(name, str) else "", call.get("arguments"), None, pointer, inner, pointer)
            )
    return tuple(found)


def tools(record: dict[str, Any]) -> tuple[Tool, ...]:
    """The functions that `tools` declares: a list, or a text that holds it as JSON; () where it is neither."""
    listed, inside = record.get("tools"), None
    if isinstance(listed, str) and listed.strip():
        listed, inside = parse(listed.encode("utf-8", "surrogatepass")).value, "/tools"
    found = []
    for index, tool in enumerate(listed if isinstance(listed, list) else ()):
        if isinstance(tool, dict):
            wrapped = isinstance(tool.get("function"), dict)
            function = tool["function"] if wrapped else tool
            where = f"{'' if inside else '/tools'}/{index}{'/function' if wrapped else ''}"
            found.append(declared(function, where, inside))
    return tuple(found)
