"""How near two texts are: the share of their runs of five words that they have in common.

The measure is that of RULES.md (DUP002): 5-word shingles of the case-folded text, without system prompt and
shared beginning. `sketches.py` finds the pairs that are worth measuring.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from array import array
from collections.abc import Iterable, Iterator, Sequence, Set
from os.path import commonprefix
from typing import Any

from curator.conventions import SYSTEM_ROLES
from curator.model import Example, Turn

IDS = ("id", "_id", "uid", "uuid", "guid", "custom_id", "example_id", "record_id", "sample_id", "key", "idx", "index")
"""Members that tell records apart and are nothing to learn."""
WORDS = 5
"""Of a shingle; a shorter text is one shingle."""
THRESHOLD = 0.8
"""The Jaccard index from which two texts are near copies (RULES.md, DUP002)."""

_BEGINNING = 2000  # code points in which a shared beginning is looked for
_SHARED = 0.1
"""A beginning that a tenth of the texts share, and ten of them, is an instruction; as with separators."""
_FEWEST = 10
_SHORTEST = 20  # code points; less makes no difference

# Scripts that put no spaces between words: there each character counts as one.
_UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_HAS_UNSPACED = re.compile(f"[{_UNSPACED}]")
_UNSPACED_WORD = re.compile(rf"[{_UNSPACED}]|[^\s{_UNSPACED}]+")


def text_of(example: Example) -> str:
    """The record's text as it is compared: case-folded, without system prompts.

    With it stand what is no text but told apart by: images and calls, and the other members of a prompt for
    reinforcement, such as the answer that is graded by. Of a record in no known format it is every value.
    """
    if not example.turns:
        known = example.format == "text"
        return "\n".join(scalars(example.value["text"] if known else _without(example.value, IDS))).casefold()
    parts = [_said(turn) for turn in (*example.turns, *example.rejected) if turn.role not in SYSTEM_ROLES]
    if example.kind == "reinforcement":
        parts += scalars(_without(example.value, (*IDS, "messages", "tools", "functions")))
    return "\n".join(parts).casefold()


def asked(example: Example) -> str:
    """The part of `text_of` that stands before the answer."""
    if not example.turns:
        return text_of(example)
    turns = [turn for turn in example.before_answer if turn.role not in SYSTEM_ROLES]
    return "\n".join(map(_said, turns)).casefold()


def _said(turn: Turn) -> str:
    parts = [turn.text]
    if isinstance(turn.content, list):
        parts += [_image(part) for part in turn.content if not (isinstance(part, dict) and "text" in part)]
    parts += [f"{call.name} {_written(call.arguments)}" for call in turn.calls]
    return "\n".join(parts)


def _image(part: Any) -> str:
    """One word for an image or a sound, which may be megabytes."""
    return hashlib.blake2b(_written(part).encode("utf-8", "replace"), digest_size=8).hexdigest()


def _written(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True, ensure_ascii=False)


def _without(value: dict[str, Any], names: Sequence[str]) -> dict[str, Any]:
    return {name: inner for name, inner in value.items() if name not in names}


def scalars(value: Any) -> Iterator[str]:
    """Every text and number, in the order of the keys."""
    pending = [value]
    while pending:
        item = pending.pop()
        if isinstance(item, dict):
            pending.extend(item[key] for key in sorted(item, reverse=True))
        elif isinstance(item, list):
            pending.extend(reversed(item))
        elif item is not None:
            yield _written(item)


def beginnings(texts: Iterable[str]) -> tuple[str, ...]:
    """What a tenth of the texts, and ten of them, begin with: instructions before every question; longest first.

    Depends on the texts, not on their order. Memory: 2,000 code points of each, so give a sample.
    """
    ordered = sorted(text[:_BEGINNING] for text in texts)
    needed = max(_FEWEST, math.ceil(_SHARED * len(ordered)))
    found = set()
    # Between two texts of a sorted list, all share what these two share.
    for first, last in zip(ordered, ordered[needed - 1 :], strict=False):
        shared = commonprefix((first, last))  # noqa: RUF071  # of texts, not of paths
        space = max(shared.rfind(" "), shared.rfind("\n")) + 1
        found.add(shared[: space or len(shared)])
    return tuple(sorted((text for text in found if len(text) >= _SHORTEST), key=lambda text: (-len(text), text)))


def shingles(text: str, shared: Sequence[str] = ()) -> frozenset[str]:
    """The runs of five words of a case-folded text, without the beginning that it shares; none without words."""
    for beginning in shared:
        if text.startswith(beginning):
            text = text[len(beginning) :] if text[len(beginning) :].strip() else text
            break
    words = text.split() if text.isascii() or not _HAS_UNSPACED.search(text) else _UNSPACED_WORD.findall(text)
    if len(words) < WORDS:
        return frozenset([" ".join(words)] if words else [])
    return frozenset(map(" ".join, zip(*(words[start:] for start in range(WORDS)), strict=False)))


def jaccard(first: Set[str], second: Set[str]) -> float:
    """How much of what two sets hold they share, from 0 to 1; 0 where both are empty."""
    shared = len(first & second)
    return shared / (len(first) + len(second) - shared) if shared else 0.0


class Groups:
    """Numbers that belong together, directly or by way of others. Memory: 4 bytes a number."""

    def __init__(self, size: int) -> None:
        self._parents = array("I", range(size))

    def find(self, number: int) -> int:
        """The smallest number of its group."""
        parents = self._parents
        while parents[number] != number:
            parents[number] = number = parents[parents[number]]
        return number

    def unite(self, first: int, second: int) -> None:
        """Put the groups of two numbers together."""
        first, second = self.find(first), self.find(second)
        self._parents[max(first, second)] = min(first, second)

    def together(self, first: int, second: int) -> bool:
        """Whether two numbers are in one group."""
        return self.find(first) == self.find(second)
