"""Records, inputs and answers that stand in a dataset more than once."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping
from typing import Any

from curator.answers import brief
from curator.checks.inputs import Pointers, folded_answer, folded_input
from curator.conventions import Conventions
from curator.edits import DropLine, Fix
from curator.model import Example, Place, Problem
from curator.packing import PackedRows, key_of

_CRC = 4  # bytes that tell the few answers to one input apart


class Duplicate:
    """The same JSON value as an earlier record, key order ignored. Memory: 20 bytes a record."""

    def __init__(self) -> None:
        self.rows = PackedRows()

    def add(self, example: Example, place: Place) -> None:
        self.rows.add(key_of(example.canonical), place)

    def merge(self, other: Duplicate) -> None:
        self.rows.merge(other.rows)

    def finish(self, context: Any) -> Iterator[tuple[Place | None, Problem]]:
        for key, rows in self.rows.groups():
            first = rows[0][0]
            for place, _ in rows[1:]:
                yield (
                    place,
                    Problem(
                        values={"copies": len(rows)},
                        related=((first, ""),),
                        group=f"copies:{key.hex()}",
                        fix=Fix("drop this copy", (DropLine(),)),
                    ),
                )


class Contradictory:
    """Equal inputs with different answers: each further answer at its first record. Memory: 28 bytes a record.

    Other declarations of the tools make another input: what can be answered depends on them. Where more than
    `design` of the inputs have several answers, that is a design, and said once. Where all inputs are one,
    `Dominant` speaks.
    """

    def __init__(self, *, design: float) -> None:
        self.design = design
        self.rows = PackedRows(extra=_CRC + Pointers.WIDTH)
        self.pointers = Pointers()

    def add(self, example: Example, place: Place) -> None:
        answer = example.answer
        if answer is not None and (folded := folded_input(example)):
            if example.tools:
                folded += "".join(f"{tool.description}\x1f{tool.parameters!r}\x1e" for tool in example.tools).encode()
            short = zlib.crc32(folded_answer(answer)).to_bytes(_CRC, "big")
            self.rows.add(key_of(folded), place, short + self.pointers.pack(answer.text_pointer))

    def merge(self, other: Contradictory) -> None:
        self.rows.merge(other.rows)
        self.pointers.merge(other.pointers)

    def finish(self, context: Any) -> Iterator[tuple[Place | None, Problem]]:
        several, inputs = 0, len(self.rows)
        for _, rows in self.rows.groups():
            inputs -= len(rows) - 1
            several += any(answer[:_CRC] != rows[0][1][:_CRC] for _, answer in rows)
        if inputs < 2 or not several:
            return
        if several > self.design * inputs:
            values = {"several": several, "inputs": inputs, "share": several / inputs, "answers": 0}
            yield None, Problem(values=values, variant="design")
            return
        for key, rows in self.rows.groups():
            first: dict[bytes, tuple[Place, str]] = {}
            for place, short in rows:
                first.setdefault(short[:_CRC], (place, self.pointers.names[short[_CRC:]]))
            values = {"answers": len(first), "several": several, "inputs": inputs}
            (related, *others) = first.values()
            for place, pointer in others:
                yield place, Problem(pointer, values=values, related=(related,), group=f"input:{key.hex()}")


class Dominant:
    """One answer that a large part of the records give; or one input that they all have.

    Counted are the answers that the conventions' sample shows to be common, and of conversations only those
    with a single answer: many end in the same thanks. Memory: at most a hundred answers.
    """

    def __init__(self, *, conventions: Conventions, share: float, fewest: int) -> None:
        self.common = conventions.answers
        self.share, self.fewest = share, fewest
        self.records = 0
        self.counts: dict[str, tuple[int, Place, str]] = {}
        self.inputs: set[bytes] = set()
        """One or two of them: whether they are all the same is what counts."""

    def add(self, example: Example, place: Place) -> None:
        answer = example.answer
        if answer is None:
            return
        self.records += 1
        if len(self.inputs) < 2:
            self.inputs.add(key_of(folded_input(example)))
        if not self.common or answer.calls or (text := brief(answer.text)) not in self.common or not text.strip():
            return
        if sum(turn.trained for turn in example.turns) == 1:
            self._count({text: (1, place, answer.text_pointer)})

    def merge(self, other: Dominant) -> None:
        self.records += other.records
        self.inputs = set(sorted(self.inputs | other.inputs)[:2])
        self._count(other.counts)

    def _count(self, counts: Mapping[str, tuple[int, Place, str]]) -> None:
        for text, (count, place, pointer) in counts.items():
            mine = self.counts.get(text, (0, place, pointer))
            self.counts[text] = (mine[0] + count, *min(mine[1:], (place, pointer)))

    def finish(self, context: Any) -> Iterator[tuple[Place | None, Problem]]:
        for text, (count, place, pointer) in self.counts.items():
            if count >= self.fewest and count > self.share * self.records:
                values = {"answer": text, "count": count, "share": count / self.records, "records": self.records}
                yield place, Problem(pointer, values=values)
        if self.records >= self.fewest and len(self.inputs) == 1 and key_of(b"") not in self.inputs:
            yield None, Problem(values={"records": self.records}, variant="one-input")
