"""Which record of one file is which of another: by a key, by the whole value, by the input, by the nearest text.

Memory: 12 bytes a record and key, and 8 for its partner; of the records that neither key nor input pairs,
8 bytes for each of eight rare words. Counts do not depend on which file is the old one.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from heapq import nsmallest
from itertools import accumulate, groupby, product
from typing import Any
from zlib import crc32

from curator.curation.inputs import input_of
from curator.curation.nearness import IDS, jaccard, text_of
from curator.curation.records import BLANK, RECORD, Progress, Records, same
from curator.errors import InputError
from curator.findings import clip
from curator.locate import parse_pointer
from curator.model import Place
from curator.packing import KEY, PackedRows, key_of

NOBODY = (1 << 64) - 1
LIKE = 0.5
"""The share of words that two texts must have in common to be one that was changed; ours."""
VALUE, BY_KEY, INPUT, TEXT = range(1, 5)
"""What a pair was found by."""
_RARE_WORDS = 8
_HOLDERS = 50  # records that share a rare word
_ALL = 10_000  # pairs of leftover records that are all compared
_KEPT = 200  # texts whose words are remembered
_GROUP = 2_500  # pairs of records of one input that are all compared
_COPIES = 40_000  # pairs of equal records of which the nearest are looked for
_SLOTS = 1 << 20
_NONE = bytes(KEY)


@dataclass(slots=True)
class Side:
    """One of the two files, with the keys of its records."""

    records: Records
    inputs: bytearray = field(default_factory=bytearray)
    names: dict[str, bytearray] = field(default_factory=dict)
    """By pointer, the keys of what records have there."""
    partner: array[int] = field(default_factory=lambda: array("Q"))
    """Of each line the number of its partner in the other file."""
    by: bytearray = field(default_factory=bytearray)
    """Of each line what it was paired by."""

    def key(self, pointer: str, number: int) -> bytes:
        """The key of what a record has at a pointer; b"" for nothing."""
        found = self.names[pointer][number * KEY : number * KEY + KEY] if pointer in self.names else b""
        return b"" if found == _NONE else bytes(found)

    def input(self, number: int) -> bytes:
        """The key of a record's input; b"" where it has none."""
        found = self.inputs[number * KEY : number * KEY + KEY]
        return b"" if found == _NONE else bytes(found)

    def left(self) -> Iterator[int]:
        """The numbers of the lines that have no partner."""
        states = self.records.states
        return (n for n, other in enumerate(self.partner) if other == NOBODY and states[n] != BLANK)

    def words(self, number: int) -> frozenset[str]:
        """The words of a record's text, folded."""
        if self.records.states[number] != RECORD:
            return frozenset()
        return frozenset(text_of(self.records.example(number)).split())


def side(records: Records, pointer: str | None, progress: Progress | None = None) -> Side:
    """The file with the key of each record's input, and of what it has at the pointer, or else under usual names."""
    found = Side(records, bytearray(KEY * len(records)))
    found.partner = array("Q", (NOBODY for _ in range(len(records))))
    found.by = bytearray(len(records))
    pointers = [pointer] if pointer is not None else [f"/{name}" for name in IDS]
    for number in records.numbers():
        example = records.example(number)
        if folded := input_of(example):
            found.inputs[number * KEY : number * KEY + KEY] = key_of(folded)
        for where in pointers:
            value = _at(example.value, where)
            if value is not None and (pointer is not None or type(value) in (str, int)):
                kept = found.names.setdefault(where, bytearray(KEY * len(records)))
                kept[number * KEY : number * KEY + KEY] = key_of(repr(value).encode("utf-8", "replace"))
        if progress is not None and not number % 256:
            progress(records.ends[number], records.source.size)
    return found


def _at(value: Any, pointer: str) -> Any:
    for name in parse_pointer(pointer):
        if isinstance(value, dict):
            value = value.get(name)
        elif isinstance(value, list) and name.isdecimal() and int(name) < len(value):
            value = value[int(name)]
        else:
            return None
    return value


def pair(old: Side, new: Side, pointer: str | None) -> str:
    """Pairs the records of both files; says which key it went by, "" for none.

    Raises InputError where the pointer that was asked for leads to the same value twice, or nowhere in both files.
    """
    if pointer is not None:
        _refuse_unknown(old, new, pointer)
        for where in (old, new):
            _refuse_repeated(where, pointer)
    usual = (where for where in map("/{}".format, IDS) if _is_trusted(old, new, where))
    chosen = pointer if pointer is not None else next(usual, "")
    if chosen:
        _equal(old, new, lambda where, number: where.key(chosen, number), BY_KEY)

    def keyless(where: Side, number: int) -> bool:
        # Records whose keys differ are different ones, however much they are alike.
        return not (chosen and where.key(chosen, number))

    _equal(old, new, lambda where, number: where.records.key(number) if keyless(where, number) else b"", VALUE)
    inputs = _common(old, new, lambda where, number: where.input(number) if keyless(where, number) else b"")
    for mine, theirs in inputs:
        if len(mine) * len(theirs) <= _GROUP:
            _match(old, new, product(mine, theirs), 0.0, INPUT)
        _in_order(old, new, mine, theirs, INPUT)
    left = [[number for number in where.left() if keyless(where, number)] for where in (old, new)]
    few = len(left[0]) * len(left[1]) <= _ALL
    _match(old, new, product(left[0], left[1]) if few else _candidates(old, new, *left), LIKE, TEXT)
    return chosen


def _refuse_unknown(old: Side, new: Side, pointer: str) -> None:
    holding = [where.records.source.path for where in (old, new) if where.records.count(RECORD)]
    if holding and pointer not in old.names and pointer not in new.names:
        raise InputError(f"{', '.join(holding)}: no record has {clip(pointer)}, which records are to be paired by")


def _refuse_repeated(where: Side, pointer: str) -> None:
    for numbers in same(lambda number: where.key(pointer, number), where.records.numbers()):
        first, second = (where.records.place(number) for number in numbers[:2])
        path = where.records.source.path
        raise InputError(
            f"{path}:{second}: has the same {clip(pointer)} as line {first}; "
            "a key that records are paired by must be another in each"
        )


def _is_trusted(old: Side, new: Side, pointer: str) -> bool:
    """Whether a member tells the records of both files apart, and was not given anew.

    Half of the records of each file must have it. It was given anew, for instance by counting lines, where most
    records whose input has changed under it stand in the other file under another key.
    """
    for where in (old, new):
        having = sum(1 for number in where.records.numbers() if where.key(pointer, number))
        if not having or 2 * having < where.records.count(RECORD):
            return False
        if next(same(lambda number: where.key(pointer, number), where.records.numbers()), None):  # noqa: B023
            return False
    inputs = PackedRows()
    for number in new.records.numbers():
        if found := new.input(number):
            inputs.add(found, Place(number))
    elsewhere = PackedRows()
    differing = 0
    for mine, theirs in _common(old, new, lambda where, number: where.key(pointer, number)):
        before, after = old.input(mine[0]), new.input(theirs[0])
        if before and before != after:
            differing += 1
            elsewhere.add(before, Place(mine[0]))
    return 2 * sum(len(rows) for _, rows, _ in elsewhere.common(inputs)) <= differing


def _common(old: Side, new: Side, key: Callable[[Side, int], bytes]) -> Iterator[tuple[list[int], list[int]]]:
    """The lines without a partner that have a key in common, in order; those of the old file, those of the new."""
    rows = []
    for where in (old, new):
        rows.append(PackedRows())
        for number in where.left():
            if found := key(where, number):
                rows[-1].add(found, Place(number))
    for _, mine, theirs in rows[0].common(rows[1]):
        yield [number for number, _ in mine], [number for number, _ in theirs]


def _equal(old: Side, new: Side, key: Callable[[Side, int], bytes], by: int) -> None:
    """Join the lines that have a key in common; where one side has more of them, those that stand likewise."""
    uneven = []
    for mine, theirs in _common(old, new, key):
        if len(mine) == len(theirs):
            _in_order(old, new, mine, theirs, by)
        else:
            uneven.append((mine, theirs))
    before = [_joined_before(where) if uneven else array("I") for where in (old, new)]
    for mine, theirs in uneven:
        places = [
            [counts[number] for number in numbers] for counts, numbers in zip(before, (mine, theirs), strict=True)
        ]
        if len(mine) > len(theirs):
            _in_order(old, new, [mine[index] for index in _nearest(places[1], places[0])], theirs, by)
        else:
            _in_order(old, new, mine, [theirs[index] for index in _nearest(*places)], by)


def _joined_before(where: Side) -> array[int]:
    """Of each line how many before it have a partner, which says where it stands whatever was added or removed."""
    return array("I", accumulate((other != NOBODY for other in where.partner), initial=0))


def _nearest(few: Sequence[int], many: Sequence[int]) -> list[int]:
    """The indices of as many numbers out of `many`, in order, that are together nearest to `few`."""
    if len(few) * len(many) > _COPIES:
        return list(range(len(few)))
    best = [0] * (len(many) + 1)  # how far the numbers of `few` so far are, with so many of `many` looked at
    taken: list[bytearray] = []
    for row, number in enumerate(few, 1):
        longer: list[int] = [0] * (len(many) + 1)
        taken.append(bytearray(len(many) + 1))
        for column in range(row, len(many) + 1):
            distance = best[column - 1] + abs(number - many[column - 1])
            taken[-1][column] = column == row or distance < longer[column - 1]
            longer[column] = distance if taken[-1][column] else longer[column - 1]
        best = longer
    found, column = [], len(many)
    for marks in reversed(taken):
        while not marks[column]:
            column -= 1
        column -= 1
        found.append(column)
    return found[::-1]


def _in_order(old: Side, new: Side, mine: list[int], theirs: list[int], by: int) -> None:
    first = (number for number in mine if old.partner[number] == NOBODY)
    second = (number for number in theirs if new.partner[number] == NOBODY)
    for pair_ in zip(first, second, strict=False):
        _join(old, new, *pair_, by)


def _join(old: Side, new: Side, first: int, second: int, by: int) -> None:
    old.partner[first], new.partner[second] = second, first
    old.by[first] = new.by[second] = by


def _match(old: Side, new: Side, pairs: Iterable[tuple[int, int]], least: float, by: int) -> None:
    """Join those pairs whose texts are alike, the likest first."""
    read_old, read_new = lru_cache(_KEPT)(old.words), lru_cache(_KEPT)(new.words)
    found = []
    for first, second in pairs:
        likeness = jaccard(read_old(first), read_new(second))
        if likeness >= least:
            keys = sorted((old.records.key(first), new.records.key(second)))  # the same from both sides
            found.append((-likeness, keys, first, second))
    for _, _, first, second in sorted(found):
        if old.partner[first] == NOBODY and new.partner[second] == NOBODY:
            _join(old, new, first, second, by)


def _candidates(old: Side, new: Side, mine: list[int], theirs: list[int]) -> Iterator[tuple[int, int]]:
    """Pairs of many records that share at least two of the rare words of each."""
    counts = array("I", bytes(4 * _SLOTS))
    sides = ((old, mine), (new, theirs))
    for where, numbers in sides:
        for number in numbers:
            for word in where.words(number):
                counts[crc32(word.encode("utf-8", "replace")) % _SLOTS] += 1
    entries = [array("Q") for _ in range(256)]
    for index, (where, numbers) in enumerate(sides):
        for number in numbers:
            hashes = {crc32(word.encode("utf-8", "replace")) for word in where.words(number)}
            for key in nsmallest(_RARE_WORDS, hashes, key=lambda key: (counts[key % _SLOTS], key)):
                entries[key & 255].append((key >> 8) << 40 | number << 1 | index)
    shared: Counter[tuple[int, int]] = Counter()
    for bucket in entries:
        for _, group in groupby(sorted(bucket), key=lambda entry: entry >> 40):
            members = [entry & ((1 << 40) - 1) for entry in group]
            if len(members) <= _HOLDERS:
                first = [entry >> 1 for entry in members if not entry & 1]
                shared.update(product(first, [entry >> 1 for entry in members if entry & 1]))
    return iter(sorted(pair_ for pair_, count in shared.items() if count > 1))
