"""Which records of a file are copies of one another: the same value, nearly the same text, the same input."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice

from curator.answers import LABEL_CHARS
from curator.conventions import Conventions
from curator.curation.inputs import input_of, is_known
from curator.curation.nearness import Groups, asked, beginnings, shingles, text_of
from curator.curation.records import Progress, Records, same
from curator.curation.sketches import Sketches
from curator.model import Example
from curator.packing import KEY, key_of
from curator.spelling import fold

_SAMPLE = 1000  # texts in which shared beginnings are looked for


@dataclass(slots=True)
class Labels:
    """The labels of a classification set: a number for each line, 0 for none. Memory: 4 bytes a line."""

    conventions: Conventions
    """A task other than classification has no labels."""
    of: array[int] = field(default_factory=lambda: array("I"))
    names: list[str] = field(default_factory=lambda: [""])
    """As first written; spellings that differ in case, space and closing punctuation are one label."""
    folded: list[str] = field(default_factory=lambda: [""])
    _known: dict[str, int] = field(default_factory=dict)

    def take(self, number: int, example: Example) -> None:
        """Note the label of one record."""
        self.of.extend(0 for _ in range(number - len(self.of) + 1))
        answer = example.answer
        if self.conventions.task != "classification" or answer is None or len(answer.text) > LABEL_CHARS:
            return
        name = self.conventions.label(answer.text)
        if folded := fold(name):
            if folded not in self._known:
                self._known[folded] = len(self.names)
                self.names.append(name)
                self.folded.append(folded)
            self.of[number] = self._known[folded]


@dataclass(slots=True)
class Copies:
    """Which lines of a file belong together."""

    groups: Groups
    labels: Labels
    shared: tuple[str, ...]
    """What many of the texts begin with, which does not count."""
    differing: int = 0
    """Pairs of near copies that were left apart, because their labels differ."""
    unasked: int = 0
    """Records of which it cannot be told what they ask, where equal inputs were looked for."""

    @property
    def basis(self) -> tuple[object, ...]:
        """What the records' habits decide of it."""
        return _basis(self.labels.conventions, self.shared)

    def clusters(self, records: Records) -> Iterator[list[int]]:
        """The numbers of each group of two or more, in order of their first."""
        members: dict[int, list[int]] = {}
        for number in records.numbers():
            if (first := self.groups.find(number)) != number:
                members.setdefault(first, [first]).append(number)
        yield from (members[first] for first in sorted(members))


def copies(
    records: Records,
    *,
    threshold: float | None,
    inputs: bool = False,
    labels_apart: bool = False,
    classification: bool | None = None,
    progress: Progress | None = None,
) -> Copies:
    """The records in groups: equal values, near copies from `threshold` on (None: none), with `inputs` equal inputs.

    `labels_apart` leaves near copies with different labels in different groups; `classification` says whether
    the answers are labels, where the data is not to be asked. Memory: 12 bytes a record with `inputs`, that of
    the sketches with a threshold. Raises UsageError where the library that near copies need is missing.
    """
    sketches = Sketches(threshold) if threshold is not None else None
    groups = Groups(len(records))
    for equal in records.repeated():
        _unite(groups, equal)
    conventions, shared = _habits(records, classification)
    labels = Labels(conventions)
    found = Copies(groups, labels, shared)
    keys = bytearray(len(records) * KEY if inputs else 0)
    for number in records.numbers():
        example = records.example(number)
        labels.take(number, example)
        if inputs and (folded := input_of(example)):
            keys[number * KEY : number * KEY + KEY] = key_of(folded)
        elif inputs and not is_known(example):
            found.unasked += 1
        if sketches is not None and groups.find(number) == number:  # of equal records the first is enough
            sketches.add(number, shingles(text_of(example), shared))
        if progress is not None and not number % 256:
            progress(records.ends[number], records.source.size)
    labels.of.extend(0 for _ in range(len(records) - len(labels.of)))
    if sketches is not None:
        size = records.source.size
        step = None if progress is None else lambda done, total: progress(size * done // total, size)
        for first, second in sketches.pairs(reader(records, shared), groups.find, step):
            if labels_apart and labels.of[first] != labels.of[second]:
                found.differing += 1
            else:
                groups.unite(first, second)
    if inputs:
        empty = bytes(KEY)
        having = (number for number in records.numbers() if keys[number * KEY : number * KEY + KEY] != empty)
        for equal in same(lambda number: bytes(keys[number * KEY : number * KEY + KEY]), having):
            _unite(groups, equal)
    return found


def settled(records: Records, found: Copies) -> bool:
    """Whether the habits of these records, some of those that were looked at, decide the same."""
    return _basis(*_habits(records, None)) == found.basis


def _habits(records: Records, classification: bool | None) -> tuple[Conventions, tuple[str, ...]]:
    texts = (asked(records.example(number)) for number, _ in islice(records.sample.chosen(), _SAMPLE))
    return records.conventions(classification), beginnings(texts)


def _basis(conventions: Conventions, shared: tuple[str, ...]) -> tuple[object, ...]:
    return conventions.task, conventions.stop.text if conventions.stop else "", shared


def reader(records: Records, shared: tuple[str, ...]) -> Callable[[int], frozenset[str]]:
    """What reads the shingles of a record again, by its number."""
    return lambda number: shingles(text_of(records.example(number)), shared)


def _unite(groups: Groups, numbers: list[int]) -> None:
    for other in numbers[1:]:
        groups.unite(numbers[0], other)
