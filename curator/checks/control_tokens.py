"""Texts that the target's models read as control tokens (`<|endoftext|>`, `[INST]`)."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from functools import cache
from typing import Any

from curator.calls import value_at
from curator.conventions import Conventions
from curator.edits import Fix, ReplaceText
from curator.endings import SETTLED
from curator.locate import escape
from curator.model import Example, Place, Problem, Turn
from curator.targets import Target

_ROW = struct.Struct(">QIB")  # place, first code point, number of the token


class InText:
    """A reserved token of the target inside a text; one problem for each text.

    Where it is (part of) the completions' own stop sequence, one problem for the dataset instead of one
    for each completion. Memory: 13 bytes for each token found, and the pointers that they stand at.
    """

    def __init__(self, *, conventions: Conventions, target: Target) -> None:
        self.tokens = target.reserved_tokens
        stop = conventions.stop if conventions.stop and conventions.stop.share >= SETTLED else None
        self.stop = stop.text if stop and any(token in stop.text for token in self.tokens) else ""
        self.stopped = 0
        self.completions = 0
        self.rows: dict[str, bytearray] = {}

    def add(self, example: Example, place: Place) -> None:
        if self.stop:
            self.completions += 1
        # Nearly every record is done here: the tokens are ASCII, and stand in the record's JSON as they are.
        for head in _heads(self.tokens):
            if head[0] in example.canonical and head in example.canonical:  # a byte is found much faster than two
                break
        else:
            return
        if not any(token.encode() in example.canonical for token in self.tokens):
            return
        for turn in (*example.turns, *example.rejected):
            for pointer, text in _texts(turn):
                self._find(text, pointer, place, is_completion=turn.trained and pointer == "/completion")
        for pointer, text in _declared(example):
            self._find(text, pointer, place, is_completion=False)

    def _find(self, text: str, pointer: str, place: Place, *, is_completion: bool) -> None:
        end = len(text)
        if is_completion and self.stop and text.endswith(self.stop):
            end -= len(self.stop)
            self.stopped += 1
        for number, token in enumerate(self.tokens):
            start = text.find(token, 0, end)
            while start >= 0:
                self.rows.setdefault(pointer, bytearray()).extend(_ROW.pack(place, start, number))
                start = text.find(token, start + len(token), end)

    def merge(self, other: InText) -> None:
        self.stopped += other.stopped
        self.completions += other.completions
        for pointer, rows in other.rows.items():
            self.rows.setdefault(pointer, bytearray()).extend(rows)

    def finish(self, context: Any) -> Iterator[tuple[Place | None, Problem]]:
        if self.stopped:
            token = next(token for token in self.tokens if token in self.stop)
            values = {"token": token, "share": self.stopped / self.completions, "count": self.stopped}
            fix = Fix("end the completions with another text, such as ' END'")
            yield None, Problem(values=values, variant="stop-sequence", fix=fix)
        for pointer, rows in sorted(self.rows.items()):
            texts: dict[int, list[tuple[int, int]]] = {}
            for place, start, number in sorted(_ROW.iter_unpack(rows)):
                texts.setdefault(place, []).append((start, number))
            for place, found in texts.items():
                spans = [(start, start + len(self.tokens[number])) for start, number in found]
                edits = tuple(ReplaceText(pointer, start, end, "") for start, end in spans if not _is_name(pointer))
                yield (
                    Place(place),
                    Problem(
                        pointer,
                        span=spans[0],
                        values={
                            "token": self.tokens[found[0][1]],
                            "count": len(found),
                            "more": f" ({len(found)} of them in this text)" if len(found) > 1 else "",
                        },
                        fix=Fix("remove it", edits),
                    ),
                )


@cache
def _heads(tokens: tuple[str, ...]) -> tuple[bytes, ...]:
    """The different beginnings of the tokens: all of OpenAI's share one."""
    return tuple(sorted({token[:2].encode() for token in tokens}))


def _texts(turn: Turn) -> Iterator[tuple[str, str]]:
    """The texts of a turn, each with its pointer: content, its parts, the refusal, the arguments of calls."""
    if isinstance(turn.content, list):
        for number, part in enumerate(turn.content if turn.message else turn.content[:1]):
            for key in ("text", "refusal") if isinstance(part, dict) else ():
                if isinstance(part.get(key), str):
                    yield f"{turn.pointer}/content/{number}/{key}" if turn.message else turn.text_pointer, part[key]
    elif isinstance(turn.content, str):
        yield turn.text_pointer, turn.text
    refusal = turn.message.get("refusal")
    if isinstance(refusal, str):
        yield f"{turn.pointer}/refusal", refusal
    name = turn.message.get("name")
    if isinstance(name, str):
        yield f"{turn.pointer}/name", name
    for call in turn.calls:
        if call.inside is None and isinstance(call.arguments, str):
            yield call.arguments_pointer, call.arguments


def _declared(example: Example) -> Iterator[tuple[str, str]]:
    """The texts of the declared functions, which the template writes into the prompt, each with its pointer."""
    for inside in dict.fromkeys(tool.inside for tool in example.tools if tool.inside is not None):
        yield inside, value_at(example.value, inside)
    for tool in example.tools:
        if tool.inside is None:
            yield f"{tool.pointer}/name", tool.name
            yield f"{tool.pointer}/description", tool.description
            yield from _strings(tool.parameters, f"{tool.pointer}/parameters")


def _strings(value: Any, pointer: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield pointer, value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _strings(inner, f"{pointer}/{escape(key)}")
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _strings(inner, f"{pointer}/{index}")


def _is_name(pointer: str) -> bool:
    """Whether calls and schemas refer to what stands there, so that a person must mend all of them."""
    return pointer.endswith("/name") or ("/parameters/" in pointer and not pointer.endswith("/description"))
