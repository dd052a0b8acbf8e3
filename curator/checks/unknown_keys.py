"""Keys that the target does not take: metadata of every record, or a slip in one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from curator.checks.keys import KEY_CHARS, resembles, slips
from curator.conventions import Conventions
from curator.edits import Fix, Remove, RemoveEvery
from curator.findings import clip
from curator.locate import escape
from curator.model import Example, Place, Problem
from curator.packing import PackedRows, key_of
from curator.schemas import message_keys, record_keys
from curator.targets import Target

_SHOWN = 8  # keys that a message names
_BELONG = {"tool_calls": "assistant", "function_call": "assistant", "tool_call_id": "tool"}
"""Whose messages have these keys; in another's, a call or a result is not read as one."""


class _Unknown(NamedTuple):
    """The unknown keys of one object."""

    pointer: str
    keys: tuple[str, ...]
    role: str = ""
    """Of the message, where these are keys of messages, but of those of another role."""


class UnknownKeys:
    """Keys of a record or of a message that the target does not take.

    Where most records carry metadata at the top level, that is said once, at the first of them. Memory: 20
    bytes for each other object with such keys, and each different set of keys.
    """

    def __init__(self, *, target: Target, conventions: Conventions) -> None:
        self.target, self.conventions = target, conventions
        self.carriers: list[tuple[Place, str]] = []
        """The first record with metadata, and its first key."""
        self.count = 0
        self.rows = PackedRows()
        self.names: dict[bytes, _Unknown] = {}

    def add(self, example: Example, place: Place) -> None:
        if not self.target.refuses_unknown_keys or (self.target.formats and example.format not in self.target.formats):
            return
        for found in self._unknown(example, place):
            key = key_of(repr(found).encode("utf-8", "surrogatepass"))
            self.names[key] = found
            self.rows.add(key, place)

    def merge(self, other: UnknownKeys) -> None:
        self.count += other.count
        self.carriers = sorted(self.carriers + other.carriers)[:1]
        self.rows.merge(other.rows)
        self.names |= other.names

    def finish(self, context: Any) -> Iterator[tuple[Place | None, Problem]]:
        # That one extra key fails the job is known of conversations alone.
        sure = context.conventions.format == "openai-chat"
        for place, first in self.carriers:
            keys = tuple(key for key in self.conventions.metadata if key not in self.target.extra_keys)
            values = {**self._values(keys or (first,)), "records": self.count}
            edits = tuple(RemoveEvery(f"/{escape(key)}") for key in keys or (first,))
            fix = Fix(f"remove {'it' if len(edits) == 1 else 'them'} from every record", edits)
            variant = "usual" if sure else "usual-unsure"
            yield place, Problem(f"/{escape(first)}", at="key", values=values, variant=variant, fix=fix)
        for key, rows in self.rows.all():
            pointer, unknown, role = self.names[key]
            removals = tuple(Remove(f"{pointer}/{escape(name)}") for name in unknown)
            for place, _ in rows:
                yield (
                    place,
                    Problem(
                        f"{pointer}/{escape(unknown[0])}",
                        at="key",
                        values={**self._values(unknown), "records": 1, "role": role},
                        variant="role" if role else "message" if pointer else None if sure else "unsure",
                        fix=None if role else Fix("remove it" if len(unknown) == 1 else "remove them", removals),
                    ),
                )

    def _values(self, keys: tuple[str, ...]) -> dict[str, Any]:
        more = f" and {len(keys) - _SHOWN:,} more" if len(keys) > _SHOWN else ""
        return {
            "keys": ", ".join(repr(clip(key, KEY_CHARS)) for key in keys[:_SHOWN]) + more,
            "count": len(keys),
            "target": self.target.name,
        }

    def _unknown(self, example: Example, place: Place) -> Iterator[_Unknown]:
        """What is unknown in each object of a record; usual metadata of the record itself is counted instead."""
        known = self._known(example.format)
        if not example.value.keys() <= known:
            keys = [key for key in example.value if key not in known]
            if self.conventions.metadata:
                self.count += 1
                self.carriers = sorted([*self.carriers, (place, keys[0])])[:1]
            else:
                yield from self._without_slips(example, "", keys)
        for turn in (*example.turns, *example.rejected):
            if not turn.message.keys() <= message_keys():
                keys = [key for key in turn.message if key not in message_keys()]
                yield from self._without_slips(example, turn.pointer, keys)
            if not turn.message.keys().isdisjoint(_BELONG) and turn.role in ("system", "user", "assistant"):
                keys = [key for key, role in _BELONG.items() if turn.message.get(key) and turn.role != role]
                if keys:
                    yield _Unknown(turn.pointer, tuple(keys), turn.role)

    def _without_slips(self, example: Example, pointer: str, keys: list[str]) -> Iterator[_Unknown]:
        meant = [slip.meant for slip in slips(example, example.format) if slip.pointer == pointer] if keys else []
        unknown = tuple(key for key in keys if not any(resembles(key, other) for other in meant))
        if unknown:
            yield _Unknown(pointer, unknown)

    def _known(self, format_name: str) -> frozenset[str]:
        return record_keys(format_name).union(self.target.extra_keys)
