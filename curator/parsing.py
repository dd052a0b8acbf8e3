"""One line, once, correctly: bytes to a JSON value that hides nothing.

Every fast parser keeps the last of duplicate keys without a word and turns integers beyond 64 bits
into floats. So there are two paths. `parse_carefully` is the standard library's parser with hooks and
defines what a line means; `parse` takes orjson's answer where a cheap comparison proves that nothing
was hidden, and the careful path else. A law test holds the two equal.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import orjson

from curator.locate import depth

MAX_DEPTH = 512
"""Ours: deeper nesting is refused, because parsers differ (orjson 1,024, Python about 1,000)."""
_INT_DIGITS = 4000  # Python refuses to convert longer integers (4,300 by default)

# Releases of orjson before 3.12 write 1e300, without the plus; then any "e" sends a line the careful way.
_EXPONENT = b"e+" if b"+" in orjson.dumps(1e300) else b"e"

FaultKind = Literal["encoding", "syntax", "several", "depth", "comment"]
Quirk = Literal["duplicate-key", "non-finite-number", "lone-surrogate", "huge-number"]


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a line is no JSON value."""

    kind: FaultKind
    message: str
    position: int
    """Code points from the start of the line; bytes for kind `encoding`."""


@dataclass(slots=True)
class Parsed:
    """What a line holds: a value, or the fault that keeps it from having one."""

    value: Any
    canonical: bytes
    """Compact JSON with sorted keys: equal bytes only for equal values. The line itself where it has
    quirks, so that no two different lines look equal; empty where there is a fault."""
    fault: Fault | None = None
    quirks: frozenset[Quirk] = frozenset()
    """Defects that leave a value behind: readers disagree on what it is."""


def parse(raw: bytes) -> Parsed:
    """What `parse_carefully` would answer, three to ten times as fast on ordinary lines."""
    try:
        value = orjson.loads(raw)
        canonical = orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    except (orjson.JSONDecodeError, orjson.JSONEncodeError, RecursionError):
        return parse_carefully(raw)
    # A duplicate key takes its quotes with it; an integer that became a float shows an exponent.
    if raw.count(b'"') != canonical.count(b'"') or b"\\u0022" in raw or _EXPONENT in canonical:
        return parse_carefully(raw)
    return Parsed(value, canonical)


def glance(raw: bytes) -> Any:
    """The value of a line, whatever it hides; None where there is none. For samples."""
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError:
        return parse_carefully(raw).value


def parse_carefully(raw: bytes) -> Parsed:
    """The value of a line, or its fault, and every quirk that parsers pass over in silence.

    Lone surrogates become U+FFFD in the value (a code point for a code point), so that no later step
    meets text that cannot be encoded.
    """
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        return Parsed(None, b"", Fault("encoding", error.reason, error.start))
    if raw.count(b"[") + raw.count(b"{") > MAX_DEPTH and depth(raw) > MAX_DEPTH:
        return Parsed(None, b"", Fault("depth", f"nested deeper than {MAX_DEPTH} levels", 0))
    quirks: set[Quirk] = set()
    decoder = _decoder(quirks)
    start = _skip_space(text, 0)
    try:
        value, end = decoder.raw_decode(text, start)
    except json.JSONDecodeError as error:
        kind: FaultKind = "comment" if text.startswith(("//", "#"), start) else "syntax"
        return Parsed(None, b"", Fault(kind, error.msg, error.pos))
    except RecursionError:
        return Parsed(None, b"", Fault("depth", "nested too deeply for this interpreter", 0))
    end = _skip_space(text, end)
    if end < len(text):
        several = isinstance(value, dict | list) and all(isinstance(v, dict | list) for v in _rest(text, end))
        return Parsed(None, b"", Fault("several" if several else "syntax", "Extra data", end))
    if "\\u" in text and _has_surrogate(value):
        quirks.add("lone-surrogate")
        value = _without_surrogates(value)
    canonical = raw.strip() if quirks else _canonical(value, raw)
    return Parsed(value, canonical, None, frozenset(quirks))


def values(raw: bytes) -> Iterator[tuple[int, int]]:
    """The byte range of each JSON value of a line that holds several (fault kind `several`)."""
    text = raw.decode("utf-8")
    decoder = _decoder(set())
    start, offset, done = _skip_space(text, 0), 0, 0
    while start < len(text):
        _, end = decoder.raw_decode(text, start)
        offset += len(text[done:start].encode())
        size = len(text[start:end].encode())
        yield offset, offset + size
        offset, done = offset + size, end
        start = _skip_space(text, end)


def _rest(text: str, position: int) -> Iterator[Any]:
    """The values after the first; None once the rest is no JSON."""
    decoder = _decoder(set())
    while position < len(text):
        try:
            value, position = decoder.raw_decode(text, position)
        except (json.JSONDecodeError, RecursionError):
            yield None
            return
        yield value
        position = _skip_space(text, position)


def _decoder(quirks: set[Quirk]) -> json.JSONDecoder:
    def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
        value = dict(items)
        if len(value) != len(items):
            quirks.add("duplicate-key")
        return value

    def constant(name: str) -> float:
        quirks.add("non-finite-number")
        return {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}[name]

    def integer(digits: str) -> int | float:
        if len(digits) <= _INT_DIGITS:
            return int(digits)
        quirks.add("huge-number")
        return -math.inf if digits.startswith("-") else math.inf

    def real(digits: str) -> float:
        number = float(digits)
        if math.isinf(number):
            quirks.add("huge-number")
        return number

    return json.JSONDecoder(object_pairs_hook=pairs, parse_constant=constant, parse_int=integer, parse_float=real)


def _canonical(value: Any, raw: bytes) -> bytes:
    try:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    except (orjson.JSONEncodeError, RecursionError):  # integers beyond 64 bits; deep nesting
        pass
    try:
        return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
    except RecursionError:
        return raw.strip()


def _skip_space(text: str, position: int) -> int:
    while position < len(text) and text[position] in " \t\r\n":
        position += 1
    return position


def _has_surrogate(value: Any) -> bool:
    return any(_is_broken(text) for text in _texts(value))


def _is_broken(text: str) -> bool:
    return not text.isascii() and any("\ud800" <= c <= "\udfff" for c in text)


def _texts(value: Any) -> Iterator[str]:
    pending = [value]
    while pending:
        item = pending.pop()
        if isinstance(item, str):
            yield item
        elif isinstance(item, dict):
            pending.extend(item)
            pending.extend(item.values())
        elif isinstance(item, list):
            pending.extend(item)


def _without_surrogates(value: Any) -> Any:
    """The value with U+FFFD for every lone surrogate; changed in place, and without recursion."""
    whole = [value]
    pending: list[Any] = [whole]
    while pending:
        item = pending.pop()
        if isinstance(item, dict):
            members = [(_mended(key), inner) for key, inner in item.items()]
            item.clear()
            item.update(members)
        for place, inner in list(item.items() if isinstance(item, dict) else enumerate(item)):
            if isinstance(inner, str):
                item[place] = _mended(inner)
            elif isinstance(inner, dict | list):
                pending.append(inner)
    return whole[0]


def _mended(text: str) -> str:
    return "".join("\ufffd" if "\ud800" <= c <= "\udfff" else c for c in text) if _is_broken(text) else text
