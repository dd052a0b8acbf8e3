"""What an example asks and what is answered, in forms in which equal ones are equal."""

from __future__ import annotations

import json
import zlib
from typing import Any

from curator.answers import brief
from curator.model import Example, Turn

_LOWER = bytes(range(256)).lower()
_SPACE = b" \t\n\r\f\v"
_last: tuple[Example, bytes] | None = None  # several checks ask for the same input of the same example


class Pointers:
    """Pointers as four bytes each, for packed rows. Memory: the distinct ones, about one for each turn."""

    WIDTH = 4

    def __init__(self) -> None:
        self.names: dict[bytes, str] = {}

    def pack(self, pointer: str) -> bytes:
        """The bytes that stand for a pointer; `names` leads back."""
        short = zlib.crc32(pointer.encode()).to_bytes(self.WIDTH, "big")
        self.names[short] = pointer
        return short

    def merge(self, other: Pointers) -> None:
        self.names |= other.names


def folded_input(example: Example) -> bytes:
    """Everything before the last trained turn, white space and case folded; b"" where there is no text."""
    global _last
    if _last is None or _last[0] is not example:
        _last = (example, _folded_input(example))
    return _last[1]


def folded_answer(answer: Turn) -> bytes:
    """A trained turn without white space and the case of ASCII; a long text by its ends and its length."""
    text = brief(answer.text)
    for call in answer.calls:
        text += f"\x1e{call.name}\x1f{call.arguments}"
    return text.encode().translate(_LOWER, _SPACE)


def _folded_input(example: Example) -> bytes:
    turns = example.turns
    end = len(turns)
    for index in range(end - 1, -1, -1):
        if turns[index].trained:
            end = index
            break
    parts: list[str] = []
    has_text = False
    for turn in turns[:end]:
        text = " ".join(turn.text.casefold().split())
        parts += (turn.role, text)
        if text:
            has_text = True
        if turn.calls:
            parts += [f"{call.name}\x1f{call.arguments!r}" for call in turn.calls]
        if type(turn.content) is list:  # images and other parts belong to the question
            parts += [json.dumps(part, sort_keys=True) for part in turn.content if not _is_text(part)]
    parts += [tool.name for tool in example.tools]
    return "\x1e".join(parts).encode() if has_text else b""


def _is_text(part: Any) -> bool:
    return isinstance(part, dict) and isinstance(part.get("text"), str)
