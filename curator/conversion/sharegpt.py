"""`sharegpt`: {"conversations": [{"from", "value"}, …]}, and `tools`, `chosen`, `rejected` of LLaMA-Factory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from curator.conversion import calls
from curator.conversion.conversation import (
    Conversation,
    Message,
    Options,
    Placed,
    like,
    said,
    split_record,
    text_at,
    text_of,
    turns_at,
    where,
    with_prompt,
    with_system,
)
from curator.conversion.refusal import Refusal, quoted
from curator.formats.sharegpt import ROLES

NAME = "sharegpt"
_KNOWN = ("conversations", "system", "tools", "chosen", "rejected")
_CALLS = ("function_call", "tool_call")
_RESULTS = ("tool", "function")
_OWN = ("system", "user", "assistant")
_SPEAKERS = {"system": "system", "user": "human", "assistant": "gpt", "tool": "observation"}


def read(record: dict[str, Any], options: Options) -> Conversation:
    """The record as a conversation; calls that stand in a text get ids."""
    ids = calls.new_ids()
    messages = list(_messages(turns_at(record, "conversations"), ids))
    if record.get("system"):
        messages.insert(0, said("system", text_at(record, "system"), "/system"))
    conversation = Conversation(NAME, messages, tools=calls.declared(record), extra=split_record(record, _KNOWN))
    if "chosen" in record or "rejected" in record:
        conversation.chosen, conversation.rejected = _output(record, "chosen", ids), _output(record, "rejected", ids)
    return conversation


def write(conversation: Conversation, options: Options) -> dict[str, Any]:
    """The conversation as a record; calls stand as JSON in a text, and results in their order."""
    with_prompt(conversation)
    if conversation.settings:
        raise Refusal(f"{NAME} has no place for {', '.join(map(repr, conversation.settings))}")
    record: dict[str, Any] = {"conversations": list(_turns(with_system(conversation, options)))}
    if conversation.chosen is not None and conversation.rejected is not None:
        for key, output in (("chosen", conversation.chosen), ("rejected", conversation.rejected)):
            turns = list(_turns(output))
            if len(turns) != 1:
                raise Refusal(f"an output of {len(turns)} messages has no place in {NAME}")
            record[key] = turns[0]
    if conversation.tools is not None:
        record["tools"] = calls.declarations(conversation.tools)
    return record


def _messages(turns: Sequence[Message], ids: Iterator[str]) -> Iterator[Message]:
    waiting: list[str] = []
    answered = 0
    for turn in turns:
        speaker, value = _speech(turn)
        role = "assistant" if speaker in _CALLS else ROLES.get(speaker, speaker)
        if role in _RESULTS:
            if answered == len(waiting):
                raise Refusal(f"{where(turn)} is a result, and no call before it waits for one")
            yield like(turn, {"role": "tool", "tool_call_id": waiting[answered], "content": value})
            answered += 1
            continue
        if 0 < answered < len(waiting):
            break
        waiting, answered = [], 0
        if speaker in _CALLS:
            found = calls.extracted(value, where(turn), lambda: next(ids))
            waiting = [call["id"] for call in found]
            yield like(turn, {"role": "assistant", "content": None, "tool_calls": found})
        elif role in _OWN:
            yield like(turn, {"role": role, "content": value})
        else:
            raise Refusal(f"{where(turn)} is from {quoted(speaker)}, which is no known speaker")
    if 0 < answered < len(waiting):
        raise Refusal(f"{len(waiting)} calls have {answered} results: which call has none is not said")


def _speech(turn: Message) -> tuple[str, str]:
    """Who speaks in a turn, and what."""
    names = ("from", "value") if "from" in turn else ("role", "content")
    more = [key for key, value in turn.items() if key not in names and value is not None]
    if more:
        raise Refusal(f"{where(turn)} has {quoted(more[0])}, which has no place")
    speaker, value = turn.get(names[0]), turn.get(names[1])
    if not isinstance(speaker, str) or not isinstance(value, str):
        raise Refusal(f"{where(turn)} does not say who speaks and what")
    return speaker, value


def _output(record: dict[str, Any], key: str, ids: Iterator[str]) -> list[Message]:
    value = record.get(key)
    if isinstance(value, str):
        return [said("assistant", value, f"/{key}")]
    if isinstance(value, dict):
        return list(_messages([Placed(value, f"/{key}")], ids))
    if isinstance(value, list):
        return list(_messages(turns_at(record, key), ids))
    raise Refusal(f"{key!r} is no answer")


def _turns(messages: Sequence[Message]) -> Iterator[dict[str, Any]]:
    waiting: list[Any] = []
    for message in messages:
        role = message.get("role")
        if role == "tool":
            rest = {key: value for key, value in message.items() if key != "tool_call_id"}
            if not waiting or message.get("tool_call_id") not in (None, waiting[0]):
                raise Refusal(f"{where(message)} is no result of the call whose turn it is: {NAME} knows no ids")
            waiting.pop(0)
            yield {"from": "observation", "value": text_of(like(message, rest))}
        elif role == "assistant" and message.get("tool_calls"):
            text_of(like(message, {**message, "tool_calls": None, "content": ""}))
            if message.get("content"):
                raise Refusal(f"{where(message)} has a text beside its calls, which has no place in {NAME}")
            waiting = [call.get("id") for call in message["tool_calls"] if isinstance(call, dict)]
            yield {"from": "function_call", "value": calls.embedded(message)}
        elif role in _SPEAKERS:
            waiting = []
            yield {"from": _SPEAKERS[role], "value": text_of(message)}
        else:
            raise Refusal(f"{where(message)} is of role {quoted(role)}, which {NAME} has no speaker for")
