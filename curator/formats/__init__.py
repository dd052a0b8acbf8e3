"""The dataset formats: which one a record is in, and the dialect-free example it makes.

One module per format, each with NAME, KIND, `matches(record)` and `example(record)`. A format that is
only recognised (its rules come later) has no `example`. `written` reads what some formats keep as JSON in a text.
"""

from __future__ import annotations

from collections import Counter
from types import ModuleType
from typing import Any

from curator.formats import (
    alpaca,
    chat,
    completion,
    converse,
    llamafactory,
    preference,
    reinforcement,
    sharegpt,
    text,
    trl_preference,
    trl_prompt,
    vertex,
)
from curator.model import Example

# In the order of asking: the most telling keys first.
FORMATS: dict[str, ModuleType] = {
    module.NAME: module
    for module in (
        preference,
        sharegpt,
        trl_preference,
        alpaca,
        llamafactory,
        converse,
        chat,
        completion,
        trl_prompt,
        reinforcement,
        vertex,
        text,
    )
}
_detected: dict[tuple[Any, ...], str] = {}
_SHAPES, _SHAPE_CHARS = 1000, 1000  # hostile keys must not fill the memory

_PROMPT_ONLY = 0.9
"""Share of chat records whose last role is the user from which a file is prompt-only, not broken SFT."""


def kind(name: str) -> str:
    """The family of a format that cards name: `openai-chat` is `chat`; "" for none."""
    return str(FORMATS[name].KIND) if name in FORMATS else ""


def understood(name: str) -> bool:
    """Whether records of this format become examples, so that record rules can run."""
    return hasattr(FORMATS.get(name), "example")


def detect(record: Any) -> str:
    """The format whose keys this record has; "" for none."""
    if not isinstance(record, dict):
        return ""
    # Formats are told by keys (and by whether these hold text): most records of a file have the same ones.
    special = (
        completion.conversational(record)
        if "prompt" in record
        else llamafactory.valued_parts(record)
        if "messages" in record
        else False
    )
    shape = (*record, isinstance(record.get("text"), str), special)
    found = _detected.get(shape)
    if found is None:
        found = next((name for name, module in FORMATS.items() if module.matches(record)), "")
        if len(_detected) < _SHAPES and sum(map(len, record)) < _SHAPE_CHARS:
            _detected[shape] = found
    return found


def ends_with_user(record: Any) -> bool:
    """Whether a chat record's last message is the user's."""
    return reinforcement.ends_with_user(record)


def winner(votes: Counter[tuple[str, bool]]) -> str:
    """The format of a file by its records' votes (format, whether the user has the last word).

    "" where most fit none. Chat records that end with the user in at least 90 % of them are prompts
    for reinforcement, not broken conversations. Ties go to the first name in alphabetical order.
    """
    totals: Counter[str] = Counter()
    for (name, _), count in votes.items():
        totals[name] += count
    if not totals:
        return ""
    best = min(totals, key=lambda name: (-totals[name], name))
    if best == chat.NAME and votes[best, True] >= _PROMPT_ONLY * totals[best]:
        return str(reinforcement.NAME)
    return best


def read(record: dict[str, Any], name: str, canonical: bytes, raw_size: int) -> Example:
    """The record as an example; one without turns where the format is only recognised, or none."""
    if understood(name):
        turns, tools = FORMATS[name].example(record)
    else:
        turns, tools = (), ()
    rejected = preference.rejected(record) if name == preference.NAME else ()
    return Example(name, kind(name), record, turns, tools, canonical, raw_size, rejected)


def read_as(expected: str, record: dict[str, Any], canonical: bytes, raw_size: int) -> Example:
    """The record as an example of the file's format; without turns if it is in another."""
    name = detect(record)
    if same_shape(name, expected):
        return read(record, expected, canonical, raw_size)
    return Example(name, "", record, (), (), canonical, raw_size)


def same_shape(name: str, expected: str) -> bool:
    """Whether a record detected as `name` belongs to a file of format `expected`."""
    return name == expected or (expected == reinforcement.NAME and name == chat.NAME)
