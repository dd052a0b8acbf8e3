"""`openai-chat`: {"messages": [{"role", "content", …}], "tools"?: […]}."""

from __future__ import annotations

from typing import Any

from curator.model import Tool, ToolCall, Turn

NAME = "openai-chat"
KIND = "chat"


def matches(record: dict[str, Any]) -> bool:
    """Whether the record has this format's keys."""
    return "messages" in record


def example(record: dict[str, Any]) -> tuple[tuple[Turn, ...], tuple[Tool, ...]]:
    """The record's turns and declared tools; what is malformed is left out (the schema reports it)."""
    return turns(record.get("messages"), "/messages"), tools(record)


def turns(messages: Any, pointer: str) -> tuple[Turn, ...]:
    """The messages of a list as turns; () where it is none."""
    if not isinstance(messages, list):
        return ()
    return tuple(
        [turn(message, f"{pointer}/{index}") for index, message in enumerate(messages) if type(message) is dict]
    )


def turn(message: dict[str, Any], pointer: str) -> Turn:
    """One message as a turn."""
    role, content = message.get("role"), message.get("content")
    text_pointer = f"{pointer}/content"
    if isinstance(content, str):
        text = content
    elif isinstance(content, list):
        texts = [
            (index, part["text"])
            for index, part in enumerate(content)
            if isinstance(part, dict) and isinstance(part.get("text"), str)
        ]
        text = "\n".join(part for _, part in texts)
        if texts:
            text_pointer = f"{text_pointer}/{texts[0][0]}/text"
    else:
        text = ""
        if "content" not in message:
            text_pointer = pointer
    trained = role == "assistant" and (
        "weight" not in message or message["weight"] != 0 or isinstance(message["weight"], bool)
    )
    found = calls(message, pointer) if "tool_calls" in message or "function_call" in message else ()
    return Turn(role if isinstance(role, str) else "", content, text, trained, pointer, text_pointer, found, message)


def calls(message: dict[str, Any], pointer: str) -> tuple[ToolCall, ...]:
    """The message's calls: `tool_calls`, or the older `function_call`."""
    found = []
    listed = message.get("tool_calls")
    for index, call in enumerate(listed if isinstance(listed, list) else ()):
        if isinstance(call, dict) and isinstance(call.get("function"), dict):
            where = f"{pointer}/tool_calls/{index}"
            found.append(_call(call["function"], call.get("id"), where, f"{where}/function"))
    old = message.get("function_call")
    if isinstance(old, dict):
        where = f"{pointer}/function_call"
        found.append(_call(old, None, where, where))
    return tuple(found)


def _call(function: dict[str, Any], call_id: Any, pointer: str, function_pointer: str) -> ToolCall:
    name = function.get("name")
    return ToolCall(
        name if isinstance(name, str) else "",
        function.get("arguments"),
        call_id if isinstance(call_id, str) else None,
        pointer,
        function_pointer,
    )


def tools(record: dict[str, Any], pointer: str = "") -> tuple[Tool, ...]:
    """The functions that the object at `pointer` declares: those of `tools`, and the older `functions`."""
    if "tools" not in record and "functions" not in record:
        return ()
    found = []
    listed = record.get("tools")
    for index, tool in enumerate(listed if isinstance(listed, list) else ()):
        if isinstance(tool, dict) and isinstance(tool.get("function"), dict):
            found.append(declared(tool["function"], f"{pointer}/tools/{index}/function"))
    old = record.get("functions")
    for index, function in enumerate(old if isinstance(old, list) else ()):
        if isinstance(function, dict):
            found.append(declared(function, f"{pointer}/functions/{index}"))
    return tuple(found)


def declared(function: dict[str, Any], pointer: str, inside: str | None = None) -> Tool:
    """What the function object at `pointer` declares; `inside` is the text that the pointer leads into."""
    name, description = function.get("name"), function.get("description")
    return Tool(
        name if isinstance(name, str) else "",
        description if isinstance(description, str) else "",
        function.get("parameters"),
        pointer,
        inside,
    )
