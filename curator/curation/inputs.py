"""What a record asks, in a form in which equal inputs are equal, whatever its format."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import takewhile
from typing import Any

from curator.checks.inputs import folded_input
from curator.conventions import SYSTEM_ROLES
from curator.curation.nearness import scalars
from curator.model import Example

_GIVEN = ("prompt", "conversations")
_MESSAGES = ("messages", "contents")
_SYSTEMS = ("system", "systemInstruction")
_PAIRS = (("chosen", "rejected"), ("chosen_messages", "rejected_messages"))
_ANSWERING = ("assistant", "model")


def input_of(example: Example) -> bytes:
    """`folded_input`; of a format that is only recognised, what its keys say is asked. b"" where they do not say it."""
    if example.turns:
        return folded_input(example)
    return " ".join(" ".join(scalars(_asked(example.value))).casefold().split()).encode("utf-8", "replace")


def is_known(example: Example) -> bool:
    """Whether it can be told what the record asks, if anything: a text alone asks nothing."""
    return bool(example.turns) or example.format == "text" or input_of(example) != b""


def _asked(value: Mapping[str, Any]) -> list[Any]:
    """The parts of a record that stand before what is answered, or before the two answers of a preference."""
    systems = [value[name] for name in _SYSTEMS if name in value]
    if given := [value[name] for name in _GIVEN if value.get(name)]:
        return [*systems, *given]
    for name in _MESSAGES:
        if isinstance(messages := value.get(name), list):
            answers = [index for index, message in enumerate(messages) if _role(message) in _ANSWERING]
            return [*systems, *_with_question(messages[: answers[-1]] if answers else messages)]
    for first, second in _PAIRS:
        chosen, rejected = value.get(first), value.get(second)
        if isinstance(chosen, list) and isinstance(rejected, list):
            same = takewhile(lambda both: both[0] == both[1], zip(chosen, rejected, strict=False))
            return [*systems, *_with_question([message for message, _ in same])]
    return []


def _with_question(messages: list[Any]) -> list[Any]:
    """The messages; none where only a system prompt is among them, which asks nothing."""
    return messages if any(_role(message) not in SYSTEM_ROLES for message in messages) else []


def _role(message: Any) -> Any:
    return message.get("role") if isinstance(message, dict) else None
