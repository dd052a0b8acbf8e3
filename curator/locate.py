"""From a JSON pointer to the bytes it names, in the line as it was written.

A value that was parsed has forgotten its spelling. Everything that points at data or edits it needs
the spelling back: which bytes hold `/messages/2/content`, and where in them its 17th character is.
All functions expect valid JSON in UTF-8 and take time linear in the line; of a line that is asked about
again and again, they take it once.
"""

from __future__ import annotations

import json
import re
from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import accumulate, islice
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
_INDEX = re.compile(r"0|[1-9][0-9]{0,15}")
_CONTINUATION = bytes(range(0x80, 0xC0))
_STEP = 128  # code points of a literal, and
_BLOCK = 512  # bytes of a line, from one that is remembered to the next


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
        member = _member_at(raw, position, None if is_object else index)
        yield member
        index += 1
        position = member.value.end


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
    ruler, begin = _ruler(raw, literal), literal.start + 1
    first = ruler.offset(start)
    return Span(begin + first, begin + max(first, ruler.offset(end)))


def characters(raw: bytes, position: int) -> int:
    """How many code points of the UTF-8 in `raw` begin before byte `position`."""
    block = position // _BLOCK
    return _counts(raw)[block] + _begun(raw[block * _BLOCK : position])


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


# What follows is remembered from one question to the next: findings come by the thousand to a line, and
# each would walk it from its beginning. Two of each, for a line and for a text in it that holds JSON.


@dataclass(slots=True)
class _Walk:
    """What is known of one line: a member for each pointer that was asked for, and where its siblings begin."""

    raw: bytes
    found: dict[str, Member]
    starts: dict[str, dict[str, int] | array[int]] = field(default_factory=dict)
    """By the pointer of an object or array; numbers, because a member of its own takes forty times the memory."""

    def child(self, pointer: str, container: Span, name: str) -> Member | None:
        """The member of that name in the container that `pointer` leads to."""
        starts = self.starts.get(pointer)
        if starts is None:
            inside = members(self.raw, container)
            if self.raw[container.start] == ord("{"):
                starts = {member.name: member.key.start for member in inside if member.key}
            else:
                starts = array("Q", (member.value.start for member in inside))
            self.starts[pointer] = starts
        if isinstance(starts, dict):
            return _member_at(self.raw, starts[name], None) if name in starts else None
        index = int(name) if _INDEX.fullmatch(name) else len(starts)
        return _member_at(self.raw, starts[index], index) if index < len(starts) else None


@lru_cache(maxsize=2)
def _walk(raw: bytes) -> _Walk:
    return _Walk(raw, {"": Member("", None, value_span(raw))})


def _member(raw: bytes, pointer: str) -> Member:
    walk, names = _walk(raw), parse_pointer(pointer)
    path, done = pointer, len(names)
    while path not in walk.found:
        path, done = path.rpartition("/")[0], done - 1
    found = walk.found[path]
    for name in names[done:]:
        child = walk.child(path, found.value, name) if raw[found.value.start] in b"{[" else None
        if child is None:
            raise KeyError(pointer)
        found, path = child, f"{path}/{escape(name)}"
        walk.found[path] = found
    return found


def _member_at(raw: bytes, position: int, index: int | None) -> Member:
    """The element of an array, or without an index the member of an object, that begins there."""
    if index is not None:
        return Member(str(index), None, value_span(raw, position))
    token = _token(raw, position)
    key = Span(token.start(1), token.end())
    return Member(_string(raw, key), key, value_span(raw, _token(raw, key.end).end()))


class _Ruler:
    """Where the code points of a string literal begin; it is measured no further than somebody asks."""

    def __init__(self, body: bytes) -> None:
        self._body = body
        self._text = None if b"\\" in body else body.decode("utf-8", "surrogatepass")
        self._marks = array("Q", [0])

    def offset(self, index: int) -> int:
        """The byte at which code point number `index` begins; the end where there are not as many."""
        while len(self._marks) <= index // _STEP and self._marks[-1] < len(self._body):
            self._marks.append(self._after(len(self._marks) - 1, _STEP))
        mark = min(index // _STEP, len(self._marks) - 1)
        return self._after(mark, index - mark * _STEP)

    def _after(self, mark: int, count: int) -> int:
        position = self._marks[mark]
        if self._text is not None:
            first = mark * _STEP
            return position + len(self._text[first : first + count].encode("utf-8", "surrogatepass"))
        unit = next(islice(_UNIT.finditer(self._body, position), count, None), None)
        return unit.start() if unit else len(self._body)


@lru_cache(maxsize=2)
def _ruler(raw: bytes, literal: Span) -> _Ruler:
    return _Ruler(raw[literal.start + 1 : literal.end - 1])


@lru_cache(maxsize=2)
def _counts(raw: bytes) -> array[int]:
    """The code points that begin before each block."""
    blocks = (_begun(raw[start : start + _BLOCK]) for start in range(0, len(raw), _BLOCK))
    return array("Q", accumulate(blocks, initial=0))


def _begun(part: bytes) -> int:
    return len(part.translate(None, _CONTINUATION))


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
