"""The weights of messages: 1 trains an assistant's message, 0 leaves it out."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from curator.checks.chat import KNOWN_ROLES
from curator.edits import Fix, Remove
from curator.model import Example, Problem, Turn

_SHOWN_CHARS = 24


def bad_weight(example: Example) -> Iterator[Problem]:
    """A weight of the assistant's that is not the integer 0 or 1."""
    for turn in _weighted(example):
        weight = turn.message["weight"]
        if turn.role != "assistant" or (type(weight) is int and weight in (0, 1)):
            continue
        if isinstance(weight, float) and not math.isfinite(weight):
            continue  # no JSON, and that is said
        variant = "null" if weight is None else "decimal" if type(weight) is float and weight in (0, 1) else None
        yield Problem(f"{turn.pointer}/weight", values={"weight": _shown(weight)}, variant=variant)


def without_effect(example: Example) -> Iterator[Problem]:
    """A weight on a message that is not the assistant's."""
    for turn in _weighted(example):
        if turn.role in KNOWN_ROLES and turn.role != "assistant":
            where = f"{turn.pointer}/weight"
            yield Problem(where, at="key", values={"role": turn.role}, fix=Fix("remove it", (Remove(where),)))


def nothing_trained(example: Example) -> Iterator[Problem]:
    """Messages of the assistant's, all of which have weight 0; at the last one's."""
    answers = [turn for turn in example.turns if turn.role == "assistant"]
    if not answers or any(turn.trained for turn in answers):
        return
    if all(turn.role in KNOWN_ROLES for turn in example.turns):
        yield Problem(f"{answers[-1].pointer}/weight", values={"count": len(answers)})


def _weighted(example: Example) -> Iterator[Turn]:
    """The messages that have a weight as OpenAI means it; other formats give the key another meaning."""
    for turn in example.turns:
        if "weight" in turn.message and "role" in turn.message:
            yield turn


def _shown(weight: Any) -> str:
    """The weight as JSON has it, as far as it is short."""
    if weight is None or isinstance(weight, bool):
        return {None: "null", True: "true", False: "false"}[weight]
    if isinstance(weight, str):
        return repr(weight if len(weight) < _SHOWN_CHARS else f"{weight[:_SHOWN_CHARS]}…")
    if isinstance(weight, float) or (isinstance(weight, int) and abs(weight) < 10**_SHOWN_CHARS):
        return repr(weight)
    return "a huge number" if isinstance(weight, int) else "an object" if isinstance(weight, dict) else "an array"
