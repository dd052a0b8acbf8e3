"""What kind of text an answer is: a label, JSON, or one that begins without a space in any case."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable

import orjson

from curator.model import Example, Turn

LABEL_TOKENS = 10
LABEL_CHARS = 200  # longer answers are no labels; they are counted, not kept
_STOP_CHARS = 64  # no stop sequence is longer
_SPACELESS = re.compile("[\u0e00-\u109f\u1780-\u17ff]")  # Thai, Lao, Tibetan, Burmese, Khmer
_END_CHARS = 200
"""Ours: long answers that begin and end alike, and are of one length, are one answer."""


def label_turn(example: Example) -> Turn | None:
    """The answer of an example where it may be a label: the one trained turn, and nothing is called.

    Many conversations end in "Done." or "Any time!": of several answers, the last is no label (docs/decisions/0028).
    """
    answer = example.answer
    if answer is None or any([turn.calls or (turn.trained and turn is not answer) for turn in example.turns]):  # noqa: C419
        return None
    return answer


def is_label(text: str, tokens: Callable[[str], int]) -> bool:
    """Whether a text can be a label: one line of at most ten tokens, and no JSON."""
    if not text or "\n" in text:
        return False
    if len(text.encode("utf-8", "replace")) > LABEL_TOKENS and tokens(text) > LABEL_TOKENS:
        return False
    if text[0] not in '{["':
        return True
    try:
        orjson.loads(text)
    except orjson.JSONDecodeError:
        return True
    return False


def leading_json(text: str) -> tuple[frozenset[str], str] | None:
    """The keys of the JSON object that an answer begins with (none for an array), and what follows it.

    None where it begins with neither, or where much follows: it is no stop sequence then.
    """
    start = len(text) - len(text.lstrip())
    if text[start : start + 1] not in ("{", "["):
        return None
    try:
        value, end = orjson.loads(text), len(text)
    except orjson.JSONDecodeError:
        try:
            value, end = _STRICT.raw_decode(text, start)
        except (ValueError, RecursionError):
            return None
    if len(text) - end > _STOP_CHARS:
        return None
    return frozenset(value) if isinstance(value, dict) else frozenset(), text[end:]


def _no_constant(name: str) -> float:
    raise ValueError(name)


_STRICT = json.JSONDecoder(parse_constant=_no_constant)


def needs_no_space(text: str) -> bool:
    """Whether a completion starts as well without a space: a digit, a bracket of JSON, a script without spaces."""
    first = text.lstrip()[:1]
    if first.isascii():
        return not first or first.isdigit() or first in "{["
    return first.isdigit() or unicodedata.east_asian_width(first) in ("W", "F") or bool(_SPACELESS.match(first))


def brief(text: str) -> str:
    """The text, or of one beyond 400 code points its ends and its length: enough to tell answers apart."""
    if len(text) <= 2 * _END_CHARS:
        return text
    return f"{text[:_END_CHARS]}\n{len(text)}\n{text[-_END_CHARS:]}"
