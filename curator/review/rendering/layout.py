"""JSON laid out over lines for reading, without losing what was written: repeated keys, spellings of numbers."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import accumulate, islice

from curator.review.rendering.escaping import Mark

_WIDTH = 72  # columns up to which an object or array stays on its line
_LONGEST = 2_000_000  # code points; what is longer is shown as it was written
_DEEPEST = 40  # levels that are indented
_KEYS = 1_000  # that are coloured
_TOKEN = re.compile(r'("[^"\\]*+(?:\\.[^"\\]*+)*+")|[{}\[\],:]|[^\s{}\[\],:"]++', re.DOTALL)
_STRING = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"(:)?', re.DOTALL)
_SURROGATE = re.compile("[\ud800-\udfff]")


def layout(text: str) -> str:
    """The JSON with an indent of two, short objects and arrays on one line, and escapes spelled out where that is safe.

    What is too long comes back as it is.
    """
    if len(text) > _LONGEST:
        return text
    tokens = [_spelled(match) for match in _TOKEN.finditer(text)]
    closings = _closings(tokens)
    widths = list(accumulate((len(token) + (token in (",", ":")) for token in tokens), initial=0))
    pieces: list[str] = []
    breaks: list[bool] = []
    level = 0
    for index, token in enumerate(tokens):
        if token in ("}", "]"):
            if breaks and breaks.pop():
                level -= 1
                pieces.append(_line(level))
            pieces.append(token)
        elif token in ("{", "["):
            pieces.append(token)
            close = closings.get(index, index + 1)
            breaks.append(close > index + 1 and widths[close] - widths[index] + 2 * level > _WIDTH)
            if breaks[-1]:
                level += 1
                pieces.append(_line(level))
        elif token == ",":
            pieces.append(f",{_line(level)}" if breaks and breaks[-1] else ", ")
        else:
            pieces.append(": " if token == ":" else token)
    return "".join(pieces)


def keys(text: str) -> Iterator[Mark]:
    """The keys of laid out JSON."""
    found = (match for match in _STRING.finditer(text) if match[1])
    for match in islice(found, _KEYS):
        yield Mark(match.start(), match.end() - 1, "key")


def _line(level: int) -> str:
    return "\n" + "  " * min(level, _DEEPEST)


def _closings(tokens: list[str]) -> dict[int, int]:
    """Where each bracket is closed."""
    found, opened = {}, []
    for index, token in enumerate(tokens):
        if token in ("{", "["):
            opened.append(index)
        elif token in ("}", "]") and opened:
            found[opened.pop()] = index
    return found


def _spelled(match: re.Match[str]) -> str:
    literal = match[0]
    if match[1] is None or "\\" not in literal:
        return literal
    try:
        text = json.dumps(json.loads(literal, strict=False), ensure_ascii=False)
    except json.JSONDecodeError:
        return literal
    return _SURROGATE.sub(lambda half: f"\\u{ord(half[0]):04x}", text)
