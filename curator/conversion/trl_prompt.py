"""`trl-prompt-completion`: {"prompt", "completion"} as lists of messages, of which only the completion is trained."""

from __future__ import annotations

from typing import Any

from curator.conversion import calls, chat
from curator.conversion.conversation import (
    Conversation,
    Message,
    Options,
    like,
    no_preference,
    split_record,
    text_or_messages,
    with_prompt,
    with_system,
)
from curator.conversion.exact import Number
from curator.conversion.refusal import Refusal

NAME = "trl-prompt-completion"
_KNOWN = ("prompt", "completion", "tools", *chat.SETTINGS)


def read(record: dict[str, Any], options: Options) -> Conversation:
    """The record as a conversation in which the answers of the prompt have weight 0."""
    if "label" in record:
        raise Refusal("a verdict on an answer ('label') has no place in other formats")
    prompt = [
        like(message, {**message, "weight": Number("0")}) if message.get("role") == "assistant" else message
        for message in text_or_messages(record, "prompt", "user")
    ]
    messages = [*prompt, *text_or_messages(record, "completion", "assistant")]
    extra = split_record(record, _KNOWN)
    return Conversation(NAME, messages, tools=calls.declared(record), settings=chat.settings(record), extra=extra)


def write(conversation: Conversation, options: Options) -> dict[str, Any]:
    """The conversation as a record. Raises Refusal where more is trained than what follows one prompt."""
    no_preference(conversation, NAME)
    with_prompt(conversation)
    conversation.messages = with_system(conversation, options)
    done = calls.settled(conversation, options.arguments or "object", ids=False)
    messages = done.messages
    answers = [n for n, message in enumerate(messages) if message.get("role") == "assistant"]
    first = next((n for n in answers if not _untrained(messages[n])), None)
    if first is None:
        raise Refusal("there is no answer that is trained")
    completion = messages[first:]
    if any(m.get("role") not in ("assistant", "tool") or _untrained(m) for m in completion):
        raise Refusal(
            "several answers are trained, or the last message is none: a completion is one answer, at the end"
        )
    bare = [{key: value for key, value in message.items() if key != "weight"} for message in messages]
    return {"prompt": bare[:first], "completion": bare[first:], **chat.tools(done), **done.settings}


def _untrained(message: Message) -> bool:
    return message.get("weight") == Number("0")
