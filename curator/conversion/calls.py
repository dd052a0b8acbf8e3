"""Calls of functions and their declarations: OpenAI's older and newer shape, and JSON inside a text.

Arguments that stand as JSON in a text are cut out of it as they are spelled.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from itertools import count
from typing import Any, Literal

from curator.conversion import exact
from curator.conversion.conversation import Conversation, Message, like, where
from curator.conversion.refusal import Refusal
from curator.locate import members, value_span


def upgraded(messages: Sequence[Message]) -> list[Message]:
    """The messages with `function_call` as `tool_calls`, and results of role `function` as `tool`.

    Raises Refusal for a result that no call of that name came before.
    """
    if not any("function_call" in message or message.get("role") == "function" for message in messages):
        return list(messages)
    ids, found = _new_ids(messages), []
    called: dict[str, str] = {}
    for message in messages:
        call = message.get("function_call")
        if isinstance(call, dict):
            if not isinstance(call.get("name"), str):
                raise Refusal(f"{where(message)} calls a function without a name")
            called[call["name"]] = call_id = next(ids)
            calls = [{"id": call_id, "type": "function", "function": call}]
            if message.get("tool_calls"):
                raise Refusal(f"{where(message)} has both 'function_call' and 'tool_calls'")
            parts = {key: value for key, value in message.items() if key != "tool_calls"}
            found.append(like(message, _renamed(parts, "function_call", "tool_calls", calls)))
        elif message.get("role") == "function":
            name = message.get("name")
            if not isinstance(name, str) or name not in called:
                raise Refusal(f"{where(message)} is the result of a function that was not called")
            rest = {key: value for key, value in message.items() if key not in ("role", "name")}
            found.append(like(message, {"role": "tool", "tool_call_id": called[name], **rest}))
        else:
            bare = {key: value for key, value in message.items() if key != "function_call"}
            found.append(like(message, bare))
    return found


def identified(messages: Sequence[Message]) -> list[Message]:
    """The messages with `id` and `type` where a call lacks them, and results that name their call.

    A result without a call's id belongs to the first call that has none yet. Raises Refusal where there is none.
    """
    ids, found = _new_ids(messages), []
    waiting: list[str] = []
    for message in messages:
        if message.get("role") == "tool" and message.get("tool_call_id") is None:
            if not waiting:
                raise Refusal(f"{where(message)} is a result, and no call before it waits for one")
            rest = {key: value for key, value in message.items() if key not in ("role", "tool_call_id")}
            found.append(like(message, {"role": "tool", "tool_call_id": waiting.pop(0), **rest}))
            continue
        if message.get("role") == "tool":
            waiting = [call_id for call_id in waiting if call_id != message["tool_call_id"]]
        if message.get("tool_calls"):
            calls = [_identified(call, ids) for call in _calls(message)]
            waiting = [call["id"] for call in calls]
            message = like(message, {**message, "tool_calls": calls})  # noqa: PLW2901
        found.append(message)
    return found


def with_arguments(messages: Sequence[Message], form: Literal["object", "string"]) -> list[Message]:
    """The messages with the arguments of every call in one form. Raises Refusal where they are no object."""
    found = []
    for message in messages:
        if message.get("tool_calls"):
            calls = []
            for call in _calls(message):
                function = call["function"]
                arguments = in_form(function.get("arguments"), form, where(message))
                calls.append({**call, "function": {**function, "arguments": arguments}})
            message = like(message, {**message, "tool_calls": calls})  # noqa: PLW2901
        found.append(message)
    return found


def in_form(arguments: Any, form: Literal["object", "string"], at: str) -> Any:
    """The arguments as an object, or as a text that holds one; a text that is one already stays as it is.

    Raises Refusal, which calls the message `at`, where they are no object.
    """
    value = arguments
    if isinstance(arguments, str):
        try:
            value = exact.read_text(arguments)
        except Refusal as refusal:
            raise Refusal(f"the arguments of a call in {at}: {refusal}") from None
    if not isinstance(value, dict):
        raise Refusal(f"the arguments of a call in {at} are no JSON object")
    if form == "object":
        return value
    return arguments if isinstance(arguments, str) else exact.text(value)


def settled(conversation: Conversation, form: Literal["object", "string"], *, ids: bool) -> Conversation:
    """The conversation with its arguments in one form, and with ids where they are wanted."""

    def settle(messages: Sequence[Message]) -> list[Message]:
        return with_arguments(identified(messages) if ids else messages, form)

    conversation.messages = settle(conversation.messages)
    if conversation.chosen is not None and conversation.rejected is not None:
        # The outputs go on from the input, whose calls their results may answer.
        start = len(conversation.messages)
        conversation.chosen = settle([*conversation.messages, *conversation.chosen])[start:]
        conversation.rejected = settle([*conversation.messages, *conversation.rejected])[start:]
    return conversation


def embedded(message: Message) -> str:
    """The calls of a message as a text: {"name": …, "arguments": …}, or a list of these."""
    calls = []
    for call in _calls(message):
        function = call["function"]
        arguments = in_form(function.get("arguments"), "string", where(message))
        if call.keys() - {"id", "type", "function"} or function.keys() - {"name", "arguments"}:
            raise Refusal(f"a call in {where(message)} has more than a name and arguments")
        calls.append(f'{{"name": {exact.text(function.get("name"))}, "arguments": {arguments}}}')
    return calls[0] if len(calls) == 1 else f"[{', '.join(calls)}]"


def extracted(text: str, at: str, new_id: Callable[[], str]) -> list[Any]:
    """The calls that the text of the turn `at` holds as JSON, as `tool_calls`. Raises Refusal where it holds none."""
    try:
        value = exact.read_text(text)
    except Refusal as refusal:
        raise Refusal(f"the call in {at}: {refusal}") from None
    raw = text.encode("utf-8", "surrogatepass")
    whole = value_span(raw)
    spans = [member.value for member in members(raw, whole)] if isinstance(value, list) else [whole]
    found = []
    for call, span in zip(value if isinstance(value, list) else [value], spans, strict=True):
        if not isinstance(call, dict) or call.keys() != {"name", "arguments"} or not isinstance(call["name"], str):
            raise Refusal(f'the call in {at} is not {{"name": …, "arguments": …}}')
        arguments = call["arguments"]
        if not isinstance(arguments, str):
            place = next(member.value for member in members(raw, span) if member.name == "arguments")
            arguments = raw[place.start : place.end].decode("utf-8", "surrogatepass")
        function = {"name": call["name"], "arguments": in_form(arguments, "string", at)}
        found.append({"id": new_id(), "type": "function", "function": function})
    if not found:
        raise Refusal(f"{at} holds no call")
    return found


def declared(record: dict[str, Any]) -> list[Any] | None:
    """What `tools` (a list, or a text that holds one) or `functions` declares, as `tools`; None for neither.

    Raises Refusal where it is no list of functions.
    """
    tools, functions = record.get("tools"), record.get("functions")
    if isinstance(tools, str):
        tools = exact.read_text(tools) if tools.strip() else None
    if tools is not None and functions is not None:
        raise Refusal("there are both 'tools' and 'functions'")
    listed = tools if functions is None else functions
    if listed is None:
        return None
    if not isinstance(listed, list) or not all(isinstance(tool, dict) for tool in listed):
        raise Refusal(f"{'tools' if functions is None else 'functions'!r} is no list of functions")
    return [tool if "function" in tool or "name" not in tool else _wrapped(tool) for tool in listed]


def declarations(tools: Sequence[Any]) -> str:
    """The declared functions as a text that holds their list, as ShareGPT and Alpaca records have it."""
    bare = [tool.get("function") if tool.keys() == {"type", "function"} else None for tool in tools]
    if not all(isinstance(function, dict) and tool["type"] == "function" for function, tool in zip(bare, tools)):  # noqa: B905
        raise Refusal("'tools' declares something else than functions")
    return exact.text(bare)


def new_ids(taken: Collection[str] = ()) -> Iterator[str]:
    """Ids for calls that have none: nine letters and digits, because Mistral takes no others."""
    return (name for number in count(1) if (name := f"call{number:05}") not in taken)


def _new_ids(messages: Sequence[Message]) -> Iterator[str]:
    taken = [message.get("tool_call_id") for message in messages]
    for message in messages:
        calls = message.get("tool_calls")
        taken += [call.get("id") for call in calls if isinstance(call, dict)] if isinstance(calls, list) else []
    return new_ids({name for name in taken if isinstance(name, str)})


def _calls(message: Message) -> list[dict[str, Any]]:
    """The calls of a message, each with its `function`. Raises Refusal where they are none."""
    calls, found = message["tool_calls"], []
    for call in calls if isinstance(calls, list) else [None]:
        if isinstance(call, dict) and "function" not in call and call.keys() >= {"name", "arguments"}:
            rest = {key: value for key, value in call.items() if key not in ("name", "arguments")}
            call = {**rest, "function": {"name": call["name"], "arguments": call["arguments"]}}  # noqa: PLW2901
        if not isinstance(call, dict) or not isinstance(call.get("function"), dict):
            raise Refusal(f"'tool_calls' of {where(message)} is no list of calls")
        found.append(call)
    return found


def _identified(call: dict[str, Any], ids: Iterator[str]) -> dict[str, Any]:
    call_id = call["id"] if isinstance(call.get("id"), str) else next(ids)
    rest = {key: value for key, value in call.items() if key not in ("id", "type")}
    return {"id": call_id, "type": call.get("type", "function"), **rest}


def _wrapped(function: dict[str, Any]) -> dict[str, Any]:
    bare = {key: value for key, value in function.items() if key != "type" or value != "function"}
    return {"type": "function", "function": bare}


def _renamed(message: Message, old: str, new: str, value: Any) -> Message:
    return {new if key == old else key: value if key == old else inner for key, inner in message.items()}
