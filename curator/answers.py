"""What kind of text an answer is: a label, JSON, or one that begins without a space in any case."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

import orjson

LABEL_TOKENS = 10
LABEL_CHARS = 200  # longer answers are no labels; they are counted, not kept
_SPACELESS = re.compile("[\u0e00-\u109f\u1780-\u17ff]")  # Thai, Lao, Tibetan, Burmese, Khmer
_END_CHARS = 200
"""Ours: long answers that begin and end alike, and are of one length, are one answer."""


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


def json_keys(text: str) -> frozenset[str] | None:
    """The keys of an answer that is a JSON object, none for an array; None for any other text."""
    start = text.lstrip()[:1]
    if start not in ("{", "["):
        return None
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    return frozenset(value) if isinstance(value, dict) else frozenset()


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
