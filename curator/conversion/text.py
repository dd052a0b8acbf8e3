"""`text`: {"text": text}, which says no more than an answer without a prompt."""

from __future__ import annotations

from typing import Any

from curator.conversion.conversation import Conversation, Options, no_preference, said, split_record, text_at, text_of
from curator.conversion.refusal import Refusal

NAME = "text"


def read(record: dict[str, Any], options: Options) -> Conversation:
    """The text as an answer alone."""
    return Conversation(
        NAME, [said("assistant", text_at(record, "text"), "/text")], extra=split_record(record, ("text",))
    )


def write(conversation: Conversation, options: Options) -> dict[str, Any]:
    """The answer as a text. Raises Refusal where anything stands before it."""
    no_preference(conversation, NAME)
    if len(conversation.messages) != 1 or conversation.messages[0].get("role") != "assistant" or conversation.tools:
        raise Refusal("one text has no place for more than an answer without a prompt")
    return {"text": text_of(conversation.messages[0])}
