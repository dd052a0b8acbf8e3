"""What every format is read into and written from: a conversation in OpenAI's words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from curator.conversion.exact import Number
from curator.conversion.refusal import Refusal, quoted

Message = dict[str, Any]


class Placed(Message):
    """A message that knows where in its record it stands."""

    __slots__ = ("at",)

    def __init__(self, message: Message, at: str) -> None:
        super().__init__(message)
        self.at = at
        """A JSON pointer."""


def where(message: Message) -> str:
    """What a refusal calls the message: its JSON pointer, as all of curator's outputs do."""
    return message.at if isinstance(message, Placed) else "a message"


def like(message: Message, parts: Message) -> Message:
    """What a message becomes, in the message's place."""
    return Placed(parts, message.at) if isinstance(message, Placed) else parts


@dataclass(frozen=True, slots=True)
class Options:
    """What the user decided about the conversion."""

    system: str | None = None
    """The system prompt that the side without a place for it leaves unsaid: added on the way to messages,
    taken off on the way to prompt and completion."""
    inline_system: bool = False
    """Put a system prompt in front of the prompt where the format has no other place."""
    separators: tuple[str, ...] = ()
    """What ends a prompt of prompt/completion; where that is read, the longest that fits is taken off."""
    start: str = ""
    """What a completion begins with."""
    stop: str = ""
    """What a completion ends with."""
    arguments: Literal["object", "string"] | None = None
    """How the arguments of calls are written; None: as the target's trainers want them."""
    plain: bool = False
    """TRL's preference records with texts, not lists of messages."""


@dataclass(slots=True)
class Conversation:
    """One record, whatever format it was in."""

    origin: str
    """The format it was read from."""
    messages: list[Message]
    """OpenAI's messages. An answer alone is a text without a prompt. Of preference data, the input."""
    chosen: list[Message] | None = None
    rejected: list[Message] | None = None
    tools: list[Any] | None = None
    """Declarations as `tools` of OpenAI has them; None where the record says nothing of them."""
    settings: dict[str, Any] = field(default_factory=dict)
    """Keys beside the messages that OpenAI's formats take (`parallel_tool_calls`)."""
    extra: dict[str, Any] = field(default_factory=dict)
    """Keys of the record that its format does not have."""
    odd: tuple[str, ...] = ()
    """`prompt`, `completion`: where an ending was to be taken off, and something like it is left."""

    @property
    def system(self) -> str | None:
        """The text of the system prompt at the start; None where there is none."""
        first = self.messages[0] if self.messages else {}
        return text_of(first) if first.get("role") == "system" else None

    def turns(self) -> list[Message]:
        """The messages without the system prompt at the start."""
        return self.messages[1:] if self.messages and self.messages[0].get("role") == "system" else self.messages


def text_of(message: Message) -> str:
    """The content of the message where it is one text and nothing else is said with it.

    Raises Refusal. A weight of 1 says what holds without it.
    """
    for key, value in message.items():
        if key in ("role", "content") or value is None or (key == "weight" and value == Number("1")):
            continue
        what = (
            "has weight 0, and would be trained there" if key == "weight" else f"has {quoted(key)}, which has no place"
        )
        raise Refusal(f"{where(message)} {what}")
    content = message.get("content")
    if isinstance(content, list) and len(content) == 1 and isinstance(content[0], dict):
        part = content[0]
        content = part.get("text") if part.keys() == {"type", "text"} and part["type"] == "text" else None
    if not isinstance(content, str):
        raise Refusal(f"the content of {where(message)} is no text")
    return content


def pairs(messages: Sequence[Message], target: str) -> list[tuple[str, str]]:
    """Questions and answers that alternate, as texts. Raises Refusal where anything else stands there."""
    found: list[tuple[str, str]] = []
    question: str | None = None
    for message in messages:
        role, expected = message.get("role"), "user" if question is None else "assistant"
        if role != expected:
            if role in ("user", "assistant"):
                raise Refusal(f"{where(message)} is the {role}'s, where {target} would have the {expected}'s")
            raise Refusal(f"{where(message)}, whose role is {quoted(role)}, has no place in {target}")
        content = text_of(message)
        if question is None:
            question = content
        else:
            found.append((question, content))
            question = None
    if question is not None:
        raise Refusal("the last message is the user's: there is no answer")
    return found


def split_record(record: dict[str, Any], known: Sequence[str]) -> dict[str, Any]:
    """The keys of the record that are not among the known ones, with their values; null says nothing."""
    return {key: value for key, value in record.items() if key not in known and value is not None}


def text_at(record: dict[str, Any], key: str) -> str:
    """The text under a key. Raises Refusal where there is none."""
    if key not in record:
        raise Refusal(f"there is no {key!r}")
    value = record[key]
    if not isinstance(value, str):
        raise Refusal(f"{key!r} is no text")
    return value


def messages_at(record: dict[str, Any], key: str, inside: str = "") -> list[Message]:
    """The messages under a key, each with its role. Raises Refusal where there are none.

    `inside` is the pointer of an object that is not the record itself.
    """
    found = turns_at(record, key, inside)
    for message in found:
        if not isinstance(message.get("role"), str):
            raise Refusal(f"{where(message)} has no role")
    return found


def turns_at(record: dict[str, Any], key: str, inside: str = "") -> list[Message]:
    """The list of objects under a key. Raises Refusal where there is none, or nothing in it."""
    value = record.get(key)
    if not isinstance(value, list) or not value or not all(isinstance(turn, dict) for turn in value):
        raise Refusal(f"{key!r} is no list of messages" if key in record else f"there is no {key!r}")
    return [Placed(turn, f"{inside}/{key}/{index}") for index, turn in enumerate(value)]


def said(role: str, text: str, at: str) -> Message:
    """A text of the record as a message."""
    return Placed({"role": role, "content": text}, at)


def text_or_messages(record: dict[str, Any], key: str, role: str) -> list[Message]:
    """The list of messages under a key, or the text there as one message of this role."""
    value = record.get(key)
    return [said(role, value, f"/{key}")] if isinstance(value, str) else messages_at(record, key)


def no_preference(conversation: Conversation, target: str) -> None:
    """Raises Refusal for a conversation with a rejected answer."""
    if conversation.rejected is not None:
        raise Refusal(f"{target} has no place for the rejected answer")


def with_prompt(conversation: Conversation) -> None:
    """Raises Refusal for a text without a prompt, which is no conversation."""
    if [message.get("role") for message in conversation.messages] == ["assistant"]:
        raise Refusal("the prompt is empty: an answer alone is no conversation")


def with_system(conversation: Conversation, options: Options) -> list[Message]:
    """The messages, with the system prompt of the options where they have none."""
    if options.system and not any(m.get("role") in ("system", "developer") for m in conversation.messages):
        return [{"role": "system", "content": options.system}, *conversation.messages]
    return conversation.messages
