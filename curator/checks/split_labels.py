"""Labels of a held-out split against those of train."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from curator.answers import LABEL_CHARS, is_label, label_turn
from curator.conventions import Conventions
from curator.model import Example, Place, Problem
from curator.significance import compare
from curator.spelling import Spellings, fold

_TRAIN = "train"
_MOST_LABELS = 10_000  # of a split that does not look like classification by itself: a small one may be one
_RARE = 3  # ours: an answer seen less often is no label for certain (RULES.md, LAB009)
_STRAY = 0.01  # ours: with more stray answers than this in train, a new one in a held-out split may be another
_COMPARED = 100  # new labels that are looked at for slips of the pen
_SHOWN = 40  # code points of a label that are shown


class Seen(NamedTuple):
    """How often an answer occurs, with the place and pointer of its first record."""

    times: int
    place: Place
    pointer: str


class _Answers:
    """Every short answer of a split, counted. Memory: the distinct ones, 10,000 where it is no classification.

    Beyond these nothing is kept: so many different answers are no labels.
    """

    def __init__(self, conventions: Conventions) -> None:
        self._most = None if conventions.task == "classification" else _MOST_LABELS
        self.seen: dict[str, Seen] = {}
        self.long = 0
        """Answers that are too long for a label."""
        self.too_many = False

    def add(self, example: Example, place: Place) -> None:
        answer = label_turn(example)
        if answer is None:
            return
        if len(answer.text) > LABEL_CHARS:
            self.long += 1
        elif not self.too_many and (text := answer.text.lstrip()):
            self._take(text, Seen(1, place, answer.text_pointer))

    def merge(self, other: _Answers) -> None:
        self.long += other.long
        for text, seen in other.seen.items():
            self._take(text, seen)
        if other.too_many:
            self.too_many = True
            self.seen.clear()

    def _take(self, text: str, seen: Seen) -> None:
        _count(self.seen, text, seen)
        if self.too_many or (self._most is not None and len(self.seen) > self._most):
            self.too_many = True
            self.seen.clear()


def _count(found: dict[str, Seen], key: str, seen: Seen) -> None:
    mine = found.get(key)
    found[key] = seen if mine is None else Seen(mine.times + seen.times, *min(mine[1:], seen[1:]))


class _Matched(NamedTuple):
    """The labels of a held-out split beside those of train."""

    counts: list[tuple[str, int, int]]
    """Each label of train, with its count here and there."""
    new: list[tuple[str, Seen]]
    """Labels that train has not, under any spelling."""
    certain: bool
    """Whether nearly every answer of train is a label beyond doubt."""


def _match(own: _Answers, train: _Answers | None, context: Any) -> _Matched | None:
    """Both splits' labels, spelling variants merged; None where train is no classification, or is this split."""
    conventions: Conventions | None = context.others.get(_TRAIN)
    if context.split == _TRAIN or train is None or conventions is None or conventions.task != "classification":
        return None
    if own.too_many:
        return None
    names: dict[str, str] = {}
    there: Counter[str] = Counter()
    for text, seen in sorted(train.seen.items(), key=lambda item: (-item[1].times, item[0])):
        label = conventions.label(text)
        names.setdefault(fold(label), label)
        there[fold(label)] += seen.times
    here: dict[str, Seen] = {}
    for text, seen in sorted(own.seen.items()):
        # What ends the answers of a small split alike may be its stop sequence, or a part of its only label.
        spelled = [conventions.label(text), text, context.conventions.label(text)]
        key = next((fold(label) for label in spelled if fold(label) in there), fold(spelled[0]))
        names.setdefault(key, spelled[0])
        _count(here, key, seen)
    rare = train.long + sum(count for count in there.values() if count < _RARE)
    new = [(names[key], seen) for key, seen in here.items() if key and key not in there]
    if len(new) <= _COMPARED:  # each is compared with each label of train
        spellings = Spellings({names[key]: count for key, count in there.items()})
        new = [(label, seen) for label, seen in new if not spellings.meant(label)[1]]
    return _Matched(
        [(names[key], here[key].times if key in here else 0, there[key]) for key in sorted(there)],
        [(label, seen) for label, seen in new if is_label(label, _tokens(context))],
        certain=rare <= _STRAY * (train.long + there.total()),
    )


def _tokens(context: Any) -> Callable[[str], int]:
    return context.tokens.count if context.tokens is not None else lambda text: len(text.split())


class LabelDrift:
    """Label shares that differ from those of train. Memory: the distinct answers (see `_Answers`)."""

    def __init__(self, *, conventions: Conventions, max_distance: float, max_p: float, expected: float) -> None:
        self.answers = _Answers(conventions)
        self.max_distance, self.max_p, self.expected = max_distance, max_p, expected

    def add(self, example: Example, place: Place) -> None:
        self.answers.add(example, place)

    def merge(self, other: LabelDrift) -> None:
        self.answers.merge(other.answers)

    def finish(self, context: Any) -> Iterator[tuple[Place | None, Problem]]:
        train: LabelDrift | None = context.splits.get(_TRAIN)
        matched = _match(self.answers, train.answers if train else None, context)
        if matched is None:
            return
        here, there = [row[1] for row in matched.counts], [row[2] for row in matched.counts]
        distance, p = compare(here, there, expected=self.expected)
        if distance <= self.max_distance or p >= self.max_p:
            return
        sizes = sum(here), sum(there)
        shares = [(label, own / sizes[0], other / sizes[1]) for label, own, other in matched.counts]
        shares.sort(key=lambda item: (-abs(item[1] - item[2]), item[0]))
        counts = "; ".join(f"{label[:_SHOWN]!r} {own:.0%}, in train {other:.0%}" for label, own, other in shares[:3])
        yield None, Problem(values={"split": context.split, "counts": counts, "distance": distance, "p": p})


class NewLabel:
    """Labels that train has not, each at its first record. Memory: the distinct answers (see `_Answers`)."""

    def __init__(self, *, conventions: Conventions) -> None:
        self.answers = _Answers(conventions)

    def add(self, example: Example, place: Place) -> None:
        self.answers.add(example, place)

    def merge(self, other: NewLabel) -> None:
        self.answers.merge(other.answers)

    def finish(self, context: Any) -> Iterator[tuple[Place | None, Problem]]:
        train: NewLabel | None = context.splits.get(_TRAIN)
        matched = _match(self.answers, train.answers if train else None, context)
        declared = context.conventions.declared
        for label, seen in matched.new if matched else ():
            if declared and label not in declared:
                continue  # its own rule says so, of each record
            values = {"label": label, "count": seen.times, "split": context.split}
            certain = matched is not None and matched.certain
            yield seen.place, Problem(seen.pointer, values=values, variant=None if certain else "uncertain")
