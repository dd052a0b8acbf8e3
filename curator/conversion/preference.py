"""`openai-preference`: {"input": {"messages", "tools"?}, "preferred_output": […], "non_preferred_output": […]}."""

from __future__ import annotations

from typing import Any

from curator.conversion import calls, chat
from curator.conversion.conversation import Conversation, Options, messages_at, split_record, with_prompt, with_system
from curator.conversion.refusal import Refusal, quoted

NAME = "openai-preference"
_KNOWN = ("input", "preferred_output", "non_preferred_output")


def read(record: dict[str, Any], options: Options) -> Conversation:
    """The record as an input with two outputs."""
    given = record.get("input")
    if not isinstance(given, dict):
        raise Refusal("'input' holds no messages")
    if more := split_record(given, ("messages", "tools", "functions", *chat.SETTINGS)):
        raise Refusal(f"'input' has {quoted(next(iter(more)))}, which has no place")
    return Conversation(
        NAME,
        calls.upgraded(messages_at(given, "messages", "/input")),
        messages_at(record, "preferred_output"),
        messages_at(record, "non_preferred_output"),
        calls.declared(given),
        chat.settings(given),
        split_record(record, _KNOWN),
    )


def write(conversation: Conversation, options: Options) -> dict[str, Any]:
    """The conversation as a record. Raises Refusal without a rejected answer."""
    with_outputs(conversation)
    with_prompt(conversation)
    conversation.messages = with_system(conversation, options)
    done = calls.settled(conversation, options.arguments or "string", ids=True)
    return {
        "input": {"messages": done.messages, **chat.tools(done), **done.settings},
        "preferred_output": done.chosen,
        "non_preferred_output": done.rejected,
    }


def with_outputs(conversation: Conversation) -> None:
    """Raises Refusal for a conversation without a chosen and a rejected answer."""
    if not conversation.chosen or not conversation.rejected:
        raise Refusal("there is no pair of a chosen and a rejected answer")
