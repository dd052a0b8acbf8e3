"""The order in which calls name the properties of their arguments, and the one they close after [seed 004]."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from curator import locate
from curator.bounded import BoundedCounts, Deviations
from curator.call_habits import declared_order, misplaced, sequence
from curator.calls import ReadCall, read_calls
from curator.conventions import Conventions
from curator.edits import Edit, Fix, Replace, ReplaceText
from curator.findings import clip
from curator.model import Example, Place, Problem

_LONGEST = 4_000  # ours: the text of longer arguments is not kept for a fix
_SHOWN = 5
_NAME = 100  # ours: longer names are no function's


class Varying:
    """Calls that name properties in another order than the settled one; and one problem where none is settled.

    Memory: a problem with its fix for each such call, up to 10,000 of them.
    """

    def __init__(self, *, conventions: Conventions) -> None:
        self.conventions = conventions
        self.deviations = Deviations()

    def add(self, example: Example, place: Place) -> None:
        for number, read in enumerate(read_calls(example)):
            names = sequence(read)
            if len(names) < 2:
                continue
            declared = declared_order(example, read.call.name)
            order = self.conventions.calls.order(read.call.name, declared)
            if late := misplaced(names, order):
                known = [name for name in names if name in order]
                usual = sorted(known, key=order.index)
                start = next(index for index, name in enumerate(known) if name != usual[index])
                found, expected = _listed(known[start:]), _listed(usual[start:])
                values = {
                    "found": found,
                    "expected": expected,
                    "like": "as declared" if order == declared else "as most calls do",
                }
                fix = Fix(f"write {expected}", _reordered(read, usual))
                self.deviations.add(place, number, replace(read.problem((late,), values), fix=fix))

    def merge(self, other: Varying) -> None:
        self.deviations.merge(other.deviations)

    def finish(self, context: Any) -> Iterator[tuple[Place | None, Problem]]:
        yield from self.deviations.told()
        unsettled = context.conventions.calls.unsettled
        if unsettled:
            shown = sorted(unsettled, key=lambda name: (unsettled[name].share, name))
            shares = [f"{unsettled[name].share:.0%} of the calls of {clip(name)!r}" for name in shown[:_SHOWN]]
            more = f" … ({len(shown)} functions)" if len(shown) > _SHOWN else ""
            values = {"functions": f"{', '.join(shares)}{more}", "count": len(unsettled)}
            fix = Fix("name the properties in the order in which they are declared, in every call")
            yield None, Problem(values=values, variant="mixed", fix=fix)


class VaryingLast:
    """Functions whose calls close after different properties, because optional ones come last.

    Only calls with the same declared properties are compared, and only where their order does not vary.
    Memory: a count for each property of each declaration, up to 20,000 of them.
    """

    def __init__(self, *, conventions: Conventions, min_share: float, min_calls: int) -> None:
        self.conventions, self.min_share, self.min_calls = conventions, min_share, min_calls
        self.counts = BoundedCounts()

    def add(self, example: Example, place: Place) -> None:
        for read in read_calls(example):
            function, names = read.call.name, sequence(read)
            declared = declared_order(example, function) if names else ()
            if not declared or len(function) > _NAME or function in self.conventions.calls.unsettled:
                continue
            required = _required(example, function)
            if not required.issubset(names) or not set(declared).issuperset(names):
                continue  # it breaks its schema, of which another rule speaks
            if not misplaced(names, self.conventions.calls.order(function, declared)):
                group = hashlib.blake2b("\0".join(declared).encode("utf-8", "replace"), digest_size=8).hexdigest()
                self.counts.add((function, group, "required" if names[-1] in required else "optional", names[-1]))

    def merge(self, other: VaryingLast) -> None:
        self.counts.merge(other.counts)

    def finish(self, context: Any) -> Iterator[tuple[Place | None, Problem]]:
        found: defaultdict[tuple[str, str], Counter[str]] = defaultdict(Counter)
        optional: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
        for (function, group, kind, name), count in self.counts.items():
            found[function, group][name] += count
            if kind == "optional":
                optional[function, group].add(name)
        for key, lasts in found.items():
            ordered = sorted(lasts, key=lambda name: (-lasts[name], name))
            total = lasts.total()
            if not optional[key] or len(ordered) < 2:
                continue
            if total < self.min_calls or lasts[ordered[1]] < self.min_share * total:
                continue
            names = _listed([name for name in ordered if name in optional[key]])
            values = {
                "function": key[0],
                "counts": ", ".join(f"{clip(name)!r} {lasts[name]:,}" for name in ordered[:_SHOWN]),
                "optional": names,
            }
            fix = Fix(f"make {names} required (null where there is none), or declare them before the others")
            yield None, Problem(values=values, group=f"function:{key[0]}", fix=fix)


def _reordered(read: ReadCall, usual: Sequence[str]) -> tuple[Edit, ...]:
    """The members in the usual order, each spelled as it was; those that are unknown keep their places."""
    call, arguments = read.call, read.call.arguments
    if isinstance(arguments, dict) and call.inside is None:
        rest = iter(usual)
        names = [next(rest) if name in usual else name for name in arguments]
        return (Replace(call.arguments_pointer, {name: arguments[name] for name in names}),)
    text = arguments if call.inside is None else read.turn.text
    if len(text) > _LONGEST or (call.inside is not None and isinstance(arguments, str)):
        return ()
    raw = text.encode()
    container = locate.locate(raw, "" if call.inside is None else f"{call.function_pointer}/arguments")
    members = [member for member in locate.members(raw, container) if member.name in usual]
    spans = {member.name: slice(member.key.start, member.value.end) for member in members if member.key is not None}
    slots = [spans[member.name] for member in members]
    parts: list[bytes] = []
    done = slots[0].start
    for slot, name in zip(slots, usual, strict=True):
        parts += (raw[done : slot.start], raw[spans[name]])
        done = slot.stop
    start = len(raw[: slots[0].start].decode())
    end = start + len(raw[slots[0].start : done].decode())
    pointer = call.arguments_pointer if call.inside is None else call.inside
    return (ReplaceText(pointer, start, end, b"".join(parts).decode()),)


def _required(example: Example, function: str) -> set[str]:
    """The properties that the function's first declaration requires."""
    for tool in example.tools:
        if tool.name == function and isinstance(tool.parameters, dict):
            required = tool.parameters.get("required")
            return {name for name in required if isinstance(name, str)} if isinstance(required, list) else set()
    return set()


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(repr(clip(name)) for name in names[:_SHOWN])
    return f"{shown} …" if len(names) > _SHOWN else shown
