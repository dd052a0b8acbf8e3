"""Training data against what is held out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from curator.checks.inputs import folded_input
from curator.model import Example, Place, Problem
from curator.packing import PackedRows, key_of

_TRAIN = "train"


class Leaked:
    """Held-out records that stand in the training split, whole or with their input.

    Memory: 40 bytes a record.
    """

    def __init__(self, *, usual_share: float) -> None:
        self.usual_share = usual_share
        self.records = PackedRows()
        self.inputs = PackedRows()

    def add(self, example: Example, place: Place) -> None:
        self.records.add(key_of(example.canonical), place)
        if folded := folded_input(example):
            self.inputs.add(key_of(folded), place)

    def merge(self, other: Leaked) -> None:
        self.records.merge(other.records)
        self.inputs.merge(other.inputs)

    def finish(self, context: Any) -> Iterator[tuple[Place | None, Problem]]:
        train: Leaked | None = context.splits.get(_TRAIN)
        if context.split == _TRAIN or train is None:
            return
        whole: set[Place] = set()
        for place, source, _ in _common(self.records, train.records):
            whole.add(place)
            yield place, Problem(values={"split": context.split}, related=((source, ""),))
        for place, source, count in _common(self.inputs, train.inputs):
            if place not in whole:
                # One prompt for a large part of the training data is a design: the answers differ.
                usual = count > self.usual_share * len(train.inputs)
                variant = "usual-input" if usual else "input"
                yield place, Problem(values={"split": context.split}, related=((source, ""),), variant=variant)


def _common(held_out: PackedRows, train: PackedRows) -> Iterator[tuple[Place, Place, int]]:
    """Each held-out row whose key is also in training, with the first and the number of training rows."""
    for number in range(256):
        known = train.bucket(number)
        for key, rows in held_out.bucket(number).items():
            if key in known:
                first = min(known[key])[0]
                for place, _ in rows:
                    yield place, first, len(known[key])
