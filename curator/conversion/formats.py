"""The formats that can be read and written, and what each becomes where nobody says."""

from __future__ import annotations

from types import ModuleType
from typing import Any

from curator import formats
from curator.conversion import (
    alpaca,
    chat,
    completion,
    preference,
    sharegpt,
    text,
    trl_preference,
    trl_prompt,
)
from curator.conversion.conversation import Conversation, Options
from curator.conversion.refusal import Refusal

FORMATS: dict[str, ModuleType] = {
    module.NAME: module for module in (alpaca, chat, completion, preference, sharegpt, text, trl_preference, trl_prompt)
}
_OTHERWISE = {
    preference.NAME: trl_preference.NAME,
    trl_preference.NAME: preference.NAME,
    text.NAME: completion.NAME,
}


def usual_target(name: str) -> str:
    """The format that records of this one are converted to where nobody says: OpenAI's, in most cases."""
    return _OTHERWISE.get(name, chat.NAME)


def read(record: dict[str, Any], options: Options) -> Conversation:
    """The record, in whichever format it is, as a conversation. Raises Refusal where it is in none."""
    name = formats.detect(record)
    if name not in FORMATS:
        raise Refusal(
            f"{name} is a format that cannot be converted" if name else "the keys are those of no known format"
        )
    conversation: Conversation = FORMATS[name].read(record, options)
    return conversation


def write(conversation: Conversation, target: str, options: Options) -> dict[str, Any]:
    """The conversation as a record of the target. Raises Refusal for what has no place there."""
    record: dict[str, Any] = FORMATS[target].write(conversation, options)
    return record
