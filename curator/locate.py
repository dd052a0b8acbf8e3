"""From a JSON pointer to the bytes it names, in the line as it was written.

A value that was parsed has forgotten its spelling. Everything that points at data or edits it needs
the spelling back: which bytes hold `/messages/2/content`, and where in them its 17th character is.
All functions expect valid JSON in UTF-8 and take time linear in the line.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

# A string, a structural character, or a number or word; white space before it belongs to no token.
# Possessive quantifiers: a megabyte string costs no backtracking stack.
_TOKEN = re.compile(rb'[ \t\r\n]*+(?:("[^"\\]*+(?:\\.[^"\\]*+)*+")|([{}\[\],:])|([^\s{}\[\],:"]++))', re.DOTALL)
_BRACKET_OR_STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"|[{}\[\]]', re.DOTALL)
# One code point of a string literal as JSON may spell it: a surrogate pair, an escape, a character.
_UNIT = re.compile(
    rb"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u[0-9a-fA-F]{4}|\\.|[\x00-\x7f]|[\xc0-\xff][\x80-\xbf]*+",
    re.DOTALL,
)
_SURROGATE = re.compile("[\ud800-\udfff]")


class Span(NamedTuple):
    """A half-open range of bytes."""

    start: int
    end: int


class Member(NamedTuple):
    """One member of an object or element of an array (whose key is its index, without a span)."""

    name: str
    key: Span | None
    value: Span


def parse_pointer(pointer: str) -> list[str]:
    """The reference tokens of an RFC 6901 pointer, unescaped; [] for the whole document."""
    if not pointer:
        return []
    if not pointer.startswith("/"):
        raise ValueError(f"not a JSON pointer: {pointer!r}")
    return [token.replace("~1", "/").replace("~0", "~") for token in pointer[1:].split("/")]


def escape(token: str) -> str:
    """One reference token, escaped for use in a pointer."""
    return token.replace("~", "~0").replace("/", "~1")


def pointer_of(tokens: Iterable[str]) -> str:
    """The pointer that unescaped reference tokens make."""
    return "".join(f"/{escape(token)}" for token in tokens)


def depth(raw: bytes) -> int:
    """How deep the deepest bracket of `raw` is nested; brackets inside strings do not count."""
    level = deepest = 0
    for match in _BRACKET_OR_STRING.finditer(raw):
        mark = raw[match.start()]
        if mark in b"{[":
            level += 1
            deepest = max(deepest, level)
        elif mark in b"}]":
            level -= 1
    return deepest


def value_span(raw: bytes, position: int = 0) -> Span:
    """The value that begins at or after `position`, without the white space around it."""
    token = _token(raw, position)
    start = token.start(token.lastindex or 0)
    if raw[start] not in b"{[":
        return Span(start, token.end())
    level = 0
    for match in _BRACKET_OR_STRING.finditer(raw, start):
        mark = raw[match.start()]
        if mark in b"{[":
            level += 1
        elif mark in b"}]":
            level -= 1
            if not level:
                return Span(start, match.end())
    raise ValueError("the value has no end")


def members(raw: bytes, container: Span) -> Iterator[Member]:
    """The members of the object, or the elements of the array, that `container` spans."""
    is_object = raw[container.start] == ord("{")
    position, index = container.start + 1, 0
    while True:
        token = _token(raw, position)
        mark = raw[token.start(token.lastindex or 0)]
        if mark in b"}]":
            return
        if mark == ord(","):
            position = token.end()
            continue
        if is_object:
            key = Span(token.start(1), token.end())
            value = value_span(raw, _token(raw, token.end()).end())
            yield Member(_string(raw, key), key, value)
        else:
            value = value_span(raw, position)
            yield Member(str(index), None, value)
            index += 1
        position = value.end


def locate(raw: bytes, pointer: str) -> Span:
    """The bytes of the value at `pointer`.

    Of duplicate keys the last one counts, as it does for parsers. Raises KeyError when the pointer
    leads nowhere.
    """
    return _member(raw, pointer).value


def locate_key(raw: bytes, pointer: str) -> Span:
    """The bytes of the member's key, quotes included; those of the value for an array's element."""
    member = _member(raw, pointer)
    return member.key or member.value


def repeated_keys(raw: bytes) -> Iterator[tuple[str, int]]:
    """Each pointer that more than one member of an object claims, with how many do, outermost first."""
    pending = [("", value_span(raw))]
    while pending:
        pointer, span = pending.pop()
        if raw[span.start] not in b"{[":
            continue
        seen: dict[str, int] = {}
        inside = []
        for member in members(raw, span):
            seen[member.name] = seen.get(member.name, 0) + 1
            inside.append((f"{pointer}/{escape(member.name)}", member.value))
        if raw[span.start] == ord("{"):
            for name, count in seen.items():
                if count > 1:
                    yield f"{pointer}/{escape(name)}", count
        pending.extend(reversed(inside))


def within_string(raw: bytes, literal: Span, start: int, end: int) -> Span:
    """The bytes of the code points `start` to `end` of the string literal at `literal`."""
    body = raw[literal.start + 1 : literal.end - 1]
    if b"\\" not in body:
        text = body.decode("utf-8", "surrogatepass")
        first = literal.start + 1 + len(text[:start].encode("utf-8", "surrogatepass"))
        return Span(first, first + len(text[start:end].encode("utf-8", "surrogatepass")))
    first = last = len(body)
    for index, unit in enumerate(_UNIT.finditer(body)):
        if index == start:
            first = unit.start()
        if index == end:
            last = unit.start()
            break
    return Span(literal.start + 1 + first, literal.start + 1 + max(first, last))


def strings(raw: bytes) -> Iterator[Span]:
    """Every string literal of the line, keys included, quotes included."""
    for match in _TOKEN.finditer(raw):
        if match.lastindex == 1:
            yield Span(match.start(1), match.end(1))


def words(raw: bytes) -> Iterator[Span]:
    """Every number and bare word (true, null, NaN …) of the line."""
    for match in _TOKEN.finditer(raw):
        if match.lastindex == 3:
            yield Span(match.start(3), match.end(3))


def marks(raw: bytes) -> Iterator[Span]:
    """Every bracket outside a string, also in text that is not closed."""
    for match in _BRACKET_OR_STRING.finditer(raw):
        if raw[match.start()] != ord('"'):
            yield Span(match.start(), match.end())


# Of the line asked for last: where each pointer leads. Findings come several to a line, and several to
# a message; without this each would walk the line from its beginning.
_walked: tuple[bytes, dict[str, Member]] = (b"", {})


def _member(raw: bytes, pointer: str) -> Member:
    global _walked
    if _walked[0] is not raw:
        _walked = (raw, {"": Member("", None, value_span(raw))})
    known = _walked[1]
    names = parse_pointer(pointer)
    done = len(names)
    while (path := pointer_of(names[:done])) not in known:
        done -= 1
    found = known[path]
    for name in names[done:]:
        if raw[found.value.start] not in b"{[":
            raise KeyError(pointer)
        match = None
        for member in members(raw, found.value):
            if member.name == name:
                match = member
                if member.key is None:
                    break
        if match is None:
            raise KeyError(pointer)
        found, path = match, f"{path}/{escape(name)}"
        known[path] = found
    return found


def _string(raw: bytes, literal: Span) -> str:
    text = raw[literal.start : literal.end]
    if b"\\" in text:
        decoded: str = json.loads(text)
        # As in parsing: values hold U+FFFD for a lone surrogate, and pointers come from values.
        return decoded if decoded.isascii() else _SURROGATE.sub("\ufffd", decoded)
    return text[1:-1].decode("utf-8", "surrogatepass")


def _token(raw: bytes, position: int) -> re.Match[bytes]:
    token = _TOKEN.match(raw, position)
    if token is None:
        raise ValueError(f"no JSON token at byte {position}")
    return token
