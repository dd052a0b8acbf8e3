"""`openai-completion`: {"prompt": text, "completion": text}, with what ends the one and frames the other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from curator.checks.separators import is_doubled, own_ending
from curator.conversion.conversation import (
    Conversation,
    Options,
    no_preference,
    pairs,
    said,
    split_record,
    text_at,
    text_of,
)
from curator.conversion.refusal import Refusal

NAME = "openai-completion"
_PLACE = "prompt and completion"


def read(record: dict[str, Any], options: Options) -> Conversation:
    """The record as a conversation of one turn, without separator and stop sequence."""
    prompt, answer = text_at(record, "prompt"), text_at(record, "completion")
    odd = tuple(
        name
        for name, text, endings in (("prompt", prompt, options.separators), ("completion", answer, (options.stop,)))
        if _keeps_some(text, endings)
    )
    ending = max((text for text in options.separators if prompt.endswith(text)), key=len, default="")
    prompt = prompt.removesuffix(ending)
    answer = answer.removesuffix(options.stop).removeprefix(options.start)
    messages = [said("user", prompt, "/prompt")] if prompt else []
    if record.get("system"):
        messages.insert(0, said("system", text_at(record, "system"), "/system"))
    messages.append(said("assistant", answer, "/completion"))
    return Conversation(NAME, messages, extra=split_record(record, ("prompt", "completion", "system")), odd=odd)


def _keeps_some(text: str, endings: Sequence[str]) -> bool:
    """Whether more than the text is left when an ending is taken off: a second one, or one that only looks like it."""
    known = [ending for ending in endings if ending]
    if whole := [ending for ending in known if text.endswith(ending)]:
        return is_doubled(text, max(whole, key=len))
    return any(text[own_ending(text, ending) :].strip() for ending in known)


def write(conversation: Conversation, options: Options) -> dict[str, Any]:
    """The conversation as a record. Raises Refusal for more than one turn, and for what no text can say."""
    no_preference(conversation, _PLACE)
    if conversation.tools or conversation.settings:
        raise Refusal(f"{_PLACE} have no place for declared functions")
    system, turns = conversation.system, conversation.turns()
    if system is None and [message.get("role") for message in turns] == ["assistant"]:
        question, answer = "", text_of(turns[0])
    else:
        found = pairs(turns, _PLACE)
        if len(found) != 1:
            raise Refusal(f"several turns cannot become {_PLACE}" if found else "there is no message")
        question, answer = found[0]
        if system is not None and system != options.system:
            if not options.inline_system:
                raise Refusal(
                    f"{_PLACE} have no place for a system prompt: --inline-system puts it in front of the prompt, "
                    "--system TEXT takes off the one that you name"
                )
            question = f"{system}\n\n{question}"
        question += options.separators[0] if options.separators else ""
    return {"prompt": question, "completion": f"{options.start}{answer}{options.stop}"}
