"""`trl-preference`: {"prompt"?, "chosen", "rejected"}, as lists of messages or as texts.

Records of ShareGPT's that hold `chosen` and `rejected` are read by that format's module.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from curator.conversion import calls, chat, sharegpt
from curator.conversion.conversation import (
    Conversation,
    Message,
    Options,
    pairs,
    split_record,
    text_or_messages,
    with_prompt,
    with_system,
)
from curator.conversion.preference import with_outputs
from curator.conversion.refusal import Refusal

NAME = "trl-preference"
_KNOWN = ("prompt", "chosen", "rejected", "tools", *chat.SETTINGS)


def read(record: dict[str, Any], options: Options) -> Conversation:
    """The record as an input with two outputs; a prompt that only the outputs repeat is found in them."""
    if "conversations" in record:
        return sharegpt.read(record, options)
    chosen, rejected = (
        text_or_messages(record, "chosen", "assistant"),
        text_or_messages(record, "rejected", "assistant"),
    )
    if record.get("prompt") is not None:
        prompt = text_or_messages(record, "prompt", "user")
        if _begins(chosen, prompt) and _begins(rejected, prompt):
            chosen, rejected = chosen[len(prompt) :], rejected[len(prompt) :]
    elif isinstance(record["chosen"], list):
        shared = _shared(chosen, rejected)
        prompt, chosen, rejected = chosen[:shared], chosen[shared:], rejected[shared:]
    else:
        raise Refusal("there is no 'prompt', and from texts it cannot be told where the answer begins")
    if not prompt or not chosen or not rejected:
        raise Refusal("prompt, chosen and rejected answer cannot be told apart")
    return Conversation(
        NAME, prompt, chosen, rejected, calls.declared(record), chat.settings(record), split_record(record, _KNOWN)
    )


def write(conversation: Conversation, options: Options) -> dict[str, Any]:
    """The conversation as a record of messages, or of texts where these are wanted."""
    with_outputs(conversation)
    with_prompt(conversation)
    conversation.messages = with_system(conversation, options)
    done = calls.settled(conversation, options.arguments or "object", ids=False)
    if not options.plain:
        outputs = {"prompt": done.messages, "chosen": done.chosen, "rejected": done.rejected}
        return {**outputs, **chat.tools(done), **done.settings}
    if done.tools or done.settings:
        raise Refusal("texts have no place for declared functions")
    record: dict[str, Any] = {}
    for key, answer in (("chosen", done.chosen or []), ("rejected", done.rejected or [])):
        found = pairs([*done.messages, *answer], "--plain")
        if len(found) != 1:
            raise Refusal("several turns cannot become one text")
        record = {"prompt": found[0][0], **record, key: found[0][1]}
    return record


def _begins(messages: Sequence[Message], prompt: Sequence[Message]) -> bool:
    return len(messages) > len(prompt) and list(messages[: len(prompt)]) == list(prompt)


def _shared(first: Sequence[Message], second: Sequence[Message]) -> int:
    """How many messages two conversations begin with alike, an answer that ends one not among them."""
    limit = min(len(first), len(second)) - 1
    return next((index for index in range(limit) if first[index] != second[index]), max(0, limit))
