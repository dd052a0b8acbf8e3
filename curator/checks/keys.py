"""Misspelled keys: a key that the format does not have, where one that it has is missing.

Each object of a record (the record, a message, a tool, a call, a content part) is compared with the keys that
such an object has. `Role`, `contnet` and `c ontent` are slips; `context`, `metadata` and `name` are words of
their own, and what nothing is missing for is an unknown key, which is another matter.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from curator import formats
from curator.conventions import Conventions
from curator.edits import Fix, RenameKey
from curator.locate import escape
from curator.model import Example, Problem

_CLOSE = 0.81  # ours: of 1, by difflib; "mesage" and "messages" have 0.86, "function" and "function_call" 0.80
KEY_CHARS = 40
"""No longer key is compared, and of a longer one a message shows the ends."""
_KEYS = 64  # an object with more keys, or longer ones, is data and no message
_OWN_WORDS = frozenset({
    "context", "text", "input", "inputs", "name", "names", "id", "parts", "metadata", "types",
})  # fmt: skip
"""Keys with a meaning of their own in some format, however like another key they look."""
_WORDS = re.compile(r"[\W_]+|(?<=[a-z])(?=[A-Z])")
_ALIASES = {
    "preferredcompletion": "preferred_output",  # so in OpenAI's OpenAPI file
    "nonpreferredcompletion": "non_preferred_output",
    "rejectedoutput": "non_preferred_output",
    "args": "arguments",
}


_PLAIN = {"role", "content", "name", "weight"}


class Slip(NamedTuple):
    """A key that stands where another is missing."""

    pointer: str
    """Of the object."""
    found: str
    meant: str
    fits: bool
    """Whether its value is what the other key holds, and no second key could be meant: then it can be renamed."""


class _Object(NamedTuple):
    """What a kind of object holds under its keys."""

    fits: Mapping[str, Callable[[Any], bool]]
    needed: frozenset[str]
    """Keys without which it is none."""


def misspelled(example: Example, *, conventions: Conventions) -> Iterator[Problem]:
    """Keys that are another one's slip of the pen, with their right name."""
    for slip in slips(example, conventions.format):
        where = f"{slip.pointer}/{escape(slip.found)}"
        fix = Fix(f"call it {slip.meant!r}", (RenameKey(where, slip.meant),)) if slip.fits else None
        yield Problem(where, at="key", values={"found": slip.found, "meant": slip.meant}, fix=fix)


_last: tuple[Example, list[Slip]] | None = None  # several cards ask about each example


def slips(example: Example, expected: str) -> list[Slip]:
    """Every misspelled key of a record; `expected` is its file's format, in which a record of no format should be."""
    global _last
    if _last is None or _last[0] is not example:
        found = (
            [] if _is_plain(example) else list(_of_record(example) if example.kind else _of_unread(example, expected))
        )
        _last = (example, found)
    return _last[1]


def _is_plain(example: Example) -> bool:
    """Whether the record is a chat of plain messages and nothing else, as most records are."""
    return (
        example.format == "openai-chat"
        and example.value.keys() == {"messages"}
        and all([turn.message.keys() <= _PLAIN and type(turn.content) is str for turn in example.turns])  # noqa: C419
    )


def resembles(found: str, meant: str) -> bool:
    """Whether one key may be a slip of the other."""
    return len(found) <= KEY_CHARS and _likeness(found, meant) >= _CLOSE


def meant_in_message(message: Mapping[str, Any]) -> set[str]:
    """The keys that a message has under a misspelled name only."""
    return set() if message.keys() <= _MESSAGE.fits.keys() else {slip.meant for slip in _of("message", message, "")}


def _of_record(example: Example) -> Iterator[Slip]:
    record, name = example.value, example.format
    if name not in _TOP:
        return
    yield from _of(name, record, "")
    if name == "alpaca" or example.kind == "completion":
        return
    kind = "speaker" if name == "sharegpt" else "message"
    for turn in (*example.turns, *example.rejected):
        if turn.message:
            yield from _of(kind, turn.message, turn.pointer)
            if kind == "message" and ("tool_calls" in turn.message or "function_call" in turn.message):
                yield from _of_calls(turn.message, turn.pointer)
            if kind == "message" and type(turn.content) is list:
                for part, where in _objects(turn.content, f"{turn.pointer}/content"):
                    yield from _of("part", part, where)
    if kind == "message":
        given, pointer = (record.get("input"), "/input") if example.kind == "preference" else (record, "")
        if isinstance(given, dict):
            if pointer:
                yield from _of("input", given, pointer)
            yield from _of_tools(given, pointer)


def _of_calls(message: Mapping[str, Any], pointer: str) -> Iterator[Slip]:
    for call, where in _objects(message.get("tool_calls"), f"{pointer}/tool_calls"):
        yield from _of("call", call, where)
        if isinstance(call.get("function"), dict):
            yield from _of("called", call["function"], f"{where}/function")
    if isinstance(message.get("function_call"), dict):
        yield from _of("called", message["function_call"], f"{pointer}/function_call")


def _of_tools(given: Mapping[str, Any], pointer: str) -> Iterator[Slip]:
    for tool, where in _objects(given.get("tools"), f"{pointer}/tools"):
        yield from _of("tool", tool, where)
        if isinstance(tool.get("function"), dict):
            yield from _of("function", tool["function"], f"{where}/function")
    for function, where in _objects(given.get("functions"), f"{pointer}/functions"):
        yield from _of("function", function, where)


def _of_unread(example: Example, expected: str) -> Iterator[Slip]:
    """Slips that hide a record's format: with the right keys it is whole, and in the format of its file."""
    if example.format:
        return
    for name in (expected,) if expected else _TOP:
        if name in _TOP:
            found = list(_of(name, example.value, ""))
            names = {slip.found: slip.meant for slip in found}
            mended = {names.get(key, key): value for key, value in example.value.items()}
            if found and _TOP[name].needed <= mended.keys() and formats.same_shape(formats.detect(mended), name):
                yield from found
                return


def _of(kind: str, value: Mapping[str, Any], pointer: str) -> Iterator[Slip]:
    """The misspelled keys of one object."""
    known = _TOP.get(kind) or _INNER[kind]
    if value.keys() <= known.fits.keys() or len(value) > _KEYS:
        return
    for found, meant, is_plain, is_only in _pairs(kind, tuple(value)):
        fits = known.fits[meant](value[found])
        # Of a key that must be there, another spelling is a slip whatever it holds.
        if fits or (is_plain and meant in known.needed and kind != "openai-reinforcement"):
            yield Slip(pointer, found, meant, fits and is_only)


@lru_cache(maxsize=1024)
def _pairs(kind: str, keys: tuple[str, ...]) -> tuple[tuple[str, str, bool, bool], ...]:
    """For each missing key the one that may stand for it: found, meant, whether the letters agree, whether alone."""
    known = (_TOP.get(kind) or _INNER[kind]).fits
    unknown = [key for key in keys if key not in known and key not in _OWN_WORDS and len(key) <= KEY_CHARS]
    likely = sorted(
        (-likeness, found, meant)
        for meant in known
        if meant not in keys
        for found in unknown
        if (likeness := _likeness(found, meant)) >= _CLOSE
    )
    pairs: dict[str, tuple[str, str, bool, bool]] = {}
    for likeness, found, meant in likely:
        if meant not in pairs and all(found != pair[0] for pair in pairs.values()):
            rivals = {other for _, other, target in likely if target == meant}
            pairs[meant] = (found, meant, likeness == -1, len(rivals) == 1)
    return tuple(pairs.values())


def _likeness(found: str, meant: str) -> float:
    """How alike two keys are: 1 where only case, spaces and hyphens differ, or by a known other name."""
    plain, wanted = _plain(found), _plain(meant)
    if plain == wanted or _ALIASES.get(plain) == meant:
        return 1.0
    # No slips: `height` of `weight`, `content_id` of `content`, `prompt1` of `prompt`.
    if plain[:1] != wanted[:1] or len(_WORDS.split(found)) > len(_WORDS.split(meant)) or not plain.isalpha():
        return 0.0
    if sorted(plain) == sorted(wanted):
        return 0.99
    return difflib.SequenceMatcher(None, plain, wanted).ratio()


def _plain(key: str) -> str:
    return "".join(c for c in key.casefold() if c.isalnum())


def _objects(listed: Any, pointer: str) -> Iterator[tuple[dict[str, Any], str]]:
    for index, item in enumerate(listed if isinstance(listed, list) else ()):
        if isinstance(item, dict):
            yield item, f"{pointer}/{index}"


def _holds(*types: type) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, types)


def _lists(*keys: str) -> Callable[[Any], bool]:
    """Whether a value is a list whose first item is an object with one of the keys, give or take its spelling."""

    def fits(value: Any) -> bool:
        first = value[0] if isinstance(value, list) and value else None
        return isinstance(first, dict) and len(first) <= _KEYS and not {_plain(k) for k in first}.isdisjoint(keys)

    return fits


def _no(value: Any) -> bool:
    """Of a key that is known, and not looked for under another spelling."""
    return False


_MESSAGES, _TOOLS = _lists("role", "content"), _lists("function", "type", "parameters")
_TEXT, _FLAG = _holds(str), _holds(bool)
_ASKED = {"messages": _MESSAGES, "tools": _TOOLS, "parallel_tool_calls": _FLAG}
_TOP = {
    "openai-preference": _Object(
        {"input": _holds(dict), "preferred_output": _MESSAGES, "non_preferred_output": _MESSAGES},
        frozenset({"input", "preferred_output", "non_preferred_output"}),
    ),
    "sharegpt": _Object(
        {"conversations": _lists("from", "value"), "system": _TEXT, "tools": _TOOLS},
        frozenset({"conversations"}),
    ),
    "alpaca": _Object(
        {"instruction": _TEXT, "input": _TEXT, "output": _TEXT, "system": _TEXT, "history": _holds(list)},
        frozenset({"instruction", "output"}),
    ),
    "openai-chat": _Object({**_ASKED, "functions": _no, "function_call": _no}, frozenset({"messages"})),
    "openai-reinforcement": _Object({"messages": _MESSAGES, "tools": _TOOLS}, frozenset({"messages"})),
    "openai-completion": _Object({"prompt": _TEXT, "completion": _TEXT}, frozenset({"prompt", "completion"})),
}
"""Records, by format."""
_MESSAGE = _Object(
    {
        "role": _TEXT, "content": _holds(str, list), "name": _TEXT, "weight": _holds(int, float), "refusal": _TEXT,
        "tool_call_id": _TEXT, "tool_calls": _lists("function", "id", "type"), "function_call": _holds(dict),
        "audio": _holds(dict),
    },
    frozenset({"role", "content"}),
)  # fmt: skip
_CALLED = _Object({"name": _TEXT, "arguments": _holds(str, dict)}, frozenset({"name", "arguments"}))
_INNER = {
    "message": _MESSAGE,
    "speaker": _Object({"from": _TEXT, "value": _TEXT}, frozenset({"from", "value"})),
    "input": _Object(_ASKED, frozenset({"messages"})),
    "tool": _Object({"type": _TEXT, "function": _holds(dict)}, frozenset({"type", "function"})),
    "function": _Object(
        {"name": _TEXT, "description": _TEXT, "parameters": _holds(dict), "strict": _FLAG}, frozenset({"name"})
    ),
    "call": _Object({"id": _TEXT, "type": _TEXT, "function": _holds(dict)}, frozenset({"type", "function"})),
    "called": _CALLED,
    "part": _Object({"type": _TEXT, "text": _TEXT, "image_url": _holds(dict, str)}, frozenset({"type"})),
}
"""Objects inside a record."""
