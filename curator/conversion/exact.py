"""JSON read and written without a loss: a number stays as it was spelled, keys stay in their order.

Python's own reading makes `1.1` of `1.10`, `1e+20` of `100000000000000000000.0` and infinity of `1e400`.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from json.encoder import encode_basestring as _quote
from typing import Any

from curator.conversion.refusal import Refusal
from curator.parsing import parse

_SURROGATE = re.compile("[\ud800-\udfff]")
_QUIRKS = {
    "duplicate-key": "a key is there twice, and readers keep only one of the values",
    "non-finite-number": "NaN and Infinity are no JSON",
}


@dataclass(frozen=True, slots=True)
class Number:
    """A JSON number, by its spelling."""

    text: str


_decoder = json.JSONDecoder(parse_int=Number, parse_float=Number)


def read(raw: bytes) -> Any:
    """The value of one line or element: texts, lists, dicts, booleans, None, and Number. Raises Refusal."""
    parsed = parse(raw)
    if parsed.fault is not None:
        if parsed.fault.kind == "several":
            raise Refusal("several JSON values stand on one line")
        raise Refusal(
            f"no valid JSON: {parsed.fault.message.removesuffix(' at')} at character {parsed.fault.position + 1}"
        )
    for quirk, reason in _QUIRKS.items():
        if quirk in parsed.quirks:
            raise Refusal(reason)
    return _decoder.decode(raw.decode("utf-8"))


def read_text(text: str) -> Any:
    """The value of JSON that stands in a text. Raises Refusal."""
    return read(text.encode("utf-8", "surrogatepass"))


def text(value: Any) -> str:
    """The value as JSON, with a space after each comma and colon, and no escapes that JSON does not ask for."""
    parts: list[str] = []
    _write(value, parts)
    written = "".join(parts)
    # A lone surrogate cannot be encoded; only texts can hold one, and there its escape says the same.
    return written if written.isascii() else _SURROGATE.sub(lambda match: f"\\u{ord(match[0]):04x}", written)


def line(value: Any) -> bytes:
    """The value as a line of JSON Lines, line ending included."""
    return text(value).encode() + b"\n"


def _write(value: Any, parts: list[str]) -> None:
    if isinstance(value, str):
        parts.append(_quote(value))
    elif isinstance(value, dict):
        comma = "{"
        for key, inner in value.items():
            parts += (comma, _quote(key), ": ")
            _write(inner, parts)
            comma = ", "
        parts.append("}" if value else "{}")
    elif isinstance(value, list):
        comma = "["
        for inner in value:
            parts.append(comma)
            _write(inner, parts)
            comma = ", "
        parts.append("]" if value else "[]")
    elif isinstance(value, Number):
        parts.append(value.text)
    elif value is None or value is True or value is False:
        parts.append({None: "null", True: "true", False: "false"}[value])
    else:
        raise TypeError(f"{type(value).__name__} is no value of JSON")
