"""`alpaca`: {"instruction", "input", "output"}, with `system`, `history` and `tools` as LLaMA-Factory takes them."""

from __future__ import annotations

from typing import Any

from curator.conversion import calls
from curator.conversion.conversation import (
    Conversation,
    Message,
    Options,
    no_preference,
    pairs,
    said,
    split_record,
    text_at,
    with_prompt,
    with_system,
)
from curator.conversion.refusal import Refusal

NAME = "alpaca"
_KNOWN = ("instruction", "input", "output", "system", "history", "tools")


def read(record: dict[str, Any], options: Options) -> Conversation:
    """The record as a conversation; the input stands in the question, on a line below the instruction."""
    messages: list[Message] = []
    if record.get("system"):
        messages.append(said("system", text_at(record, "system"), "/system"))
    question = text_at(record, "instruction")
    if record.get("input"):
        question = f"{question}\n{text_at(record, 'input')}"
    for index, (asked, answered) in enumerate(_history(record)):
        messages += [said("user", asked, f"/history/{index}/0"), said("assistant", answered, f"/history/{index}/1")]
    messages += [said("user", question, "/instruction"), said("assistant", text_at(record, "output"), "/output")]
    return Conversation(NAME, messages, tools=calls.declared(record), extra=split_record(record, _KNOWN))


def write(conversation: Conversation, options: Options) -> dict[str, Any]:
    """The conversation as a record; turns before the last stand in `history`."""
    no_preference(conversation, NAME)
    with_prompt(conversation)
    if conversation.settings:
        raise Refusal(f"{NAME} has no place for {', '.join(map(repr, conversation.settings))}")
    conversation.messages = with_system(conversation, options)
    system = conversation.system
    found = pairs(conversation.turns(), NAME)
    if not found:
        raise Refusal("there is no message")
    record: dict[str, Any] = {"instruction": found[-1][0], "input": "", "output": found[-1][1]}
    if system is not None:
        record["system"] = system
    if len(found) > 1:
        record["history"] = [list(pair) for pair in found[:-1]]
    if conversation.tools is not None:
        record["tools"] = calls.declarations(conversation.tools)
    return record


def _history(record: dict[str, Any]) -> list[tuple[str, str]]:
    listed = record.get("history") or []
    if not isinstance(listed, list) or not all(
        isinstance(pair, list) and len(pair) == 2 and all(isinstance(text, str) for text in pair) for pair in listed
    ):
        raise Refusal("'history' is no list of pairs of texts")
    return [(asked, answered) for asked, answered in listed]
