"""Which records are trained on and which are held out, decided by what they hold and a seed.

Groups of copies stay whole. Within each label the groups are ranked by a keyed hash of their content, so that
neither the order of the records nor the name of the file decides; a share of each label is held out by
systematic sampling along that ranking.
"""

from __future__ import annotations

import hashlib
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from curator.curation.copies import Copies
from curator.curation.records import BLANK, UNREADABLE, Records
from curator.packing import KEY

TRAIN = 0
"""The number of the training split; those that are held out follow."""
LEFT_OUT = 255
"""In place of a split: a line that is in none."""
_UNIT_BITS, _HASH_BITS = 32, 64


@dataclass(slots=True)
class Units:
    """The groups that are never cut. Memory: 24 bytes a group, and 4 a line."""

    of: array[int] = field(default_factory=lambda: array("I"))
    """The unit of each line; 0 for what is no record."""
    sizes: array[int] = field(default_factory=lambda: array("I", [0]))
    keys: bytearray = field(default_factory=lambda: bytearray(KEY))
    labels: array[int] = field(default_factory=lambda: array("I", [0]))
    """The rarest label of each unit."""
    mixed: dict[int, frozenset[int]] = field(default_factory=dict)
    """Every label of the units that have several."""
    names: Sequence[str] = ("",)
    """Of the labels, folded."""

    def __len__(self) -> int:
        return len(self.sizes)

    def labels_of(self, unit: int) -> Iterable[int]:
        """Every label of a unit's records."""
        return self.mixed.get(unit) or (self.labels[unit],)

    def key(self, unit: int) -> bytes:
        """What names the unit wherever its records stand."""
        return bytes(self.keys[unit * KEY : unit * KEY + KEY])


def units(records: Records, found: Copies) -> Units:
    """The groups of a file as units, each with its size, its labels and the smallest key of its records."""
    made = Units(of=array("I", bytes(4 * len(records))), names=found.labels.folded)
    totals = Counter(found.labels.of[number] for number in records.numbers())

    def rank(label: int) -> tuple[int, str]:
        return totals[label], made.names[label]

    for number in records.numbers():
        first, label, key = found.groups.find(number), found.labels.of[number], records.key(number)
        unit = made.of[first]
        if not unit:
            unit = made.of[first] = len(made)
            made.sizes.append(0)
            made.keys += key
            made.labels.append(label)
        made.of[number] = unit
        made.sizes[unit] += 1
        if key < made.key(unit):
            made.keys[unit * KEY : unit * KEY + KEY] = key
        if label not in made.labels_of(unit):
            made.mixed[unit] = frozenset((label, *made.labels_of(unit)))
            made.labels[unit] = min(made.mixed[unit], key=rank)
    return made


def ranked(all_units: Units, chosen: Iterable[int], seed: str) -> list[int]:
    """The units in an order of which every stretch holds each label by its share.

    Within a label by hash; the r-th of a label's n records stands at (r + u) / n, with u drawn for the label.
    """
    by_label: dict[int, list[int]] = {}
    for unit in chosen:
        packed = _hash(seed, all_units.key(unit)) << _UNIT_BITS | unit
        by_label.setdefault(all_units.labels[unit], []).append(packed)
    placed: list[int] = []
    for label, members in by_label.items():
        members.sort()
        total = sum(all_units.sizes[packed & _mask(_UNIT_BITS)] for packed in members)
        start = _hash(seed, b"\0label\0" + all_units.names[label].encode("utf-8", "replace"))
        passed = 0
        for packed in members:
            position = ((passed << _HASH_BITS) + start) // total  # in 2^-64ths of the whole
            placed.append(position << (_HASH_BITS + _UNIT_BITS) | packed)
            passed += all_units.sizes[packed & _mask(_UNIT_BITS)]
    placed.sort()
    return [packed & _mask(_UNIT_BITS) for packed in placed]


def assign(all_units: Units, wanted: Sequence[int], seed: str) -> bytearray:
    """The split of each unit: 0 for training, then one for each number of records that is wanted of it.

    A label keeps at least one unit in training, because nothing that was never shown can be asked. Units that
    are too large for what is still wanted go to training, unless they come nearer to it than leaving them.
    """
    splits = bytearray(len(all_units))
    left = Counter(label for unit in range(1, len(all_units)) for label in all_units.labels_of(unit))
    missing = list(wanted)
    order = ranked(all_units, range(1, len(all_units)), seed)

    def give(unit: int, slack: int) -> None:
        size = all_units.sizes[unit]
        for index, count in enumerate(missing):
            if size <= slack * count and all(left[label] > 1 for label in all_units.labels_of(unit)):
                splits[unit] = index + 1
                missing[index] -= size
                left.subtract(all_units.labels_of(unit))
                return

    for unit in order:
        give(unit, 1)
    for unit in sorted((unit for unit in order if not splits[unit]), key=lambda unit: all_units.sizes[unit]):
        if max(missing, default=0) <= 0:
            break
        if all_units.sizes[unit] < 2 * max(missing):
            give(unit, 2)
    return splits


def nested(all_units: Units, splits: Sequence[int], percents: Sequence[int], seed: str) -> Iterator[bytearray]:
    """For each percentage, in rising order, which units are in that much of train; each holds those before it."""
    training = [unit for unit in range(1, len(all_units)) if splits[unit] == TRAIN]
    order = ranked(all_units, training, f"{seed}\0nested")
    total = sum(all_units.sizes[unit] for unit in order)
    chosen, held = bytearray(len(all_units)), 0
    for percent in sorted(percents):
        for unit in order:
            lacking = total * percent / 100 - held
            if not chosen[unit] and all_units.sizes[unit] < 2 * lacking:
                chosen[unit] = 1
                held += all_units.sizes[unit]
        yield bytearray(chosen)


def part(all_units: Units, chosen: Sequence[int]) -> bytearray:
    """For each line 0 where its unit is chosen."""
    return bytearray(TRAIN if chosen[unit] else LEFT_OUT for unit in all_units.of)


def destinations(records: Records, all_units: Units, splits: Sequence[int], aside: int) -> bytearray:
    """For each line its split; `aside` for what cannot be read, and none for blank lines."""
    others = {UNREADABLE: aside, BLANK: LEFT_OUT}
    pairs = zip(records.states, all_units.of, strict=True)
    return bytearray(others[state] if state in others else splits[unit] for state, unit in pairs)


def tally(all_units: Units, found: Copies, splits: Sequence[int]) -> Mapping[int, Counter[int]]:
    """How many records of each label each split has."""
    counts: dict[int, Counter[int]] = {}
    for number, unit in enumerate(all_units.of):
        if unit:
            counts.setdefault(splits[unit], Counter())[found.labels.of[number]] += 1
    return counts


def _hash(seed: str, key: bytes) -> int:
    digest = hashlib.blake2b(key, digest_size=8, key=hashlib.blake2b(seed.encode()).digest())
    return int.from_bytes(digest.digest(), "big")


def _mask(bits: int) -> int:
    return (1 << bits) - 1
