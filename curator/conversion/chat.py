"""`openai-chat`: {"messages": […], "tools"?: […]}; the older `function_call` and `functions` are brought up to date."""

from __future__ import annotations

from typing import Any

from curator.conversion import calls
from curator.conversion.conversation import (
    Conversation,
    Options,
    messages_at,
    no_preference,
    split_record,
    with_prompt,
    with_system,
)

NAME = "openai-chat"
SETTINGS = ("parallel_tool_calls",)
_KNOWN = ("messages", "tools", "functions", *SETTINGS)


def read(record: dict[str, Any], options: Options) -> Conversation:
    """The record as a conversation."""
    return Conversation(
        NAME,
        calls.upgraded(messages_at(record, "messages")),
        tools=calls.declared(record),
        settings=settings(record),
        extra=split_record(record, _KNOWN),
    )


def write(conversation: Conversation, options: Options) -> dict[str, Any]:
    """The conversation as a record."""
    no_preference(conversation, NAME)
    if conversation.origin != NAME:
        with_prompt(conversation)
    conversation.messages = with_system(conversation, options)
    messages = calls.settled(conversation, options.arguments or "string", ids=True).messages
    return {"messages": messages, **tools(conversation), **conversation.settings}


def settings(record: dict[str, Any]) -> dict[str, Any]:
    """The keys beside messages and tools that OpenAI's formats take."""
    return {key: record[key] for key in SETTINGS if record.get(key) is not None}


def tools(conversation: Conversation) -> dict[str, Any]:
    """The key `tools`, where the conversation says anything of them."""
    return {} if conversation.tools is None else {"tools": conversation.tools}
