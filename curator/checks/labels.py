"""The label set of a classification dataset [seed 002, "How to pick labels"]."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from curator.answers import LABEL_CHARS, label_turn
from curator.conventions import Conventions
from curator.findings import clip
from curator.model import Example, Place, Problem
from curator.spelling import Spellings

_LISTED = 8
_SHOWN = 30  # code points of a label in a list; a rare answer may be a long one
_TRAIN = "train"
_NUMBER = re.compile(r"[-+−]?[.,]?\d[\d.,]*[ \t]?%?", re.ASCII)
_GRADES = 10  # ours: more different numbers are a scale
_MEASURED = 0.9  # ours: of the records, as for labels (curator.conventions)


@dataclass(slots=True)
class Seen:
    """How often a label occurs, and the place and pointer of its first record."""

    count: int
    place: Place
    pointer: str
    one_text: bool

    def merge(self, other: Seen) -> None:
        self.count += other.count
        if other.place < self.place:
            self.place, self.pointer, self.one_text = other.place, other.pointer, other.one_text


class Labels:
    """Every label with its count and its first record. Memory: up to 200 code points of each distinct answer."""

    def __init__(self, conventions: Conventions) -> None:
        self.conventions = conventions
        self.seen: dict[str, Seen] = {}

    def add(self, example: Example, place: Place) -> None:
        answer = label_turn(example)
        if answer is None:
            return
        label = self.conventions.answer(answer.text)[:LABEL_CHARS]
        seen = self.seen.get(label)
        if seen is None:
            self.seen[label] = Seen(1, place, answer.text_pointer, answer.is_one_text)
        elif place > seen.place:
            seen.count += 1
        else:
            seen.merge(Seen(1, place, answer.text_pointer, answer.is_one_text))

    def merge(self, other: Labels) -> None:
        _merge(self.seen, other.seen)

    def merged(self) -> dict[str, Seen]:
        """Labels without leading space; variants and slips counted as the spelling that was meant; "" left out."""
        counts: Counter[str] = Counter()
        for label, seen in self.seen.items():
            counts[label.lstrip()] += seen.count
        spellings = Spellings(counts, self.conventions.declared)
        found: dict[str, Seen] = {}
        for label, seen in sorted(self.seen.items()):
            if label.strip():
                _merge(found, {spellings.meant(label.lstrip())[0]: replace(seen)})
        return found

    def counts(self) -> dict[str, int]:
        """How often each label occurs, merged; the declared ones only, where the settings declare any."""
        declared = self.conventions.declared
        found = {label: seen.count for label, seen in self.merged().items() if not declared or label in declared}
        return dict.fromkeys(declared, 0) | found


def is_measure(conventions: Conventions) -> bool:
    """Whether the labels are values on a scale: numbers, and more than ten different ones.

    What holds of labels does not hold of them: numbers begin with the same digits whatever they mean, 37 is
    not to be told from 38 by its first token, and of each value there need not be hundreds. Numbers that the
    settings declare are labels; up to ten may be grades or classes.
    """
    numbers = {label: n for label, n in conventions.labels.items() if _NUMBER.fullmatch(label.strip())}
    if conventions.declared or len(numbers) <= _GRADES:
        return False
    return sum(numbers.values()) >= _MEASURED * sum(conventions.labels.values())


def _merge(mine: dict[str, Seen], others: Mapping[str, Seen]) -> None:
    for label, seen in others.items():
        if label in mine:
            mine[label].merge(seen)
        else:
            mine[label] = seen


def listed(counts: list[tuple[str, int]]) -> str:
    """The first labels of a list with their counts, for a message."""
    more = f" and {len(counts) - _LISTED:,} more" if len(counts) > _LISTED else ""
    return ", ".join(f"{clip(label, _SHOWN)!r} {count:,}" for label, count in counts[:_LISTED]) + more


def digest(label: str) -> str:
    """What names the group of a label's findings."""
    return hashlib.blake2b(label.encode(), digest_size=6).hexdigest()


class Imbalance:
    """One label that a constant answer would score with, or a rare one beside a common one."""

    def __init__(self, *, conventions: Conventions, max_share: float, max_ratio: float, enough: int, seen: int) -> None:
        self.labels = Labels(conventions)
        self.max_share, self.max_ratio, self.enough, self.seen = max_share, max_ratio, enough, seen

    def add(self, example: Example, place: Place) -> None:
        self.labels.add(example, place)

    def merge(self, other: Imbalance) -> None:
        self.labels.merge(other.labels)

    def finish(self, context: Any) -> Iterator[tuple[Place | None, Problem]]:
        counts = {label: seen.count for label, seen in self.labels.merged().items()}
        total = sum(counts.values())
        if len(counts) < 2:
            return
        ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
        top, most = ordered[0]
        rare, fewest = min(((label, n) for label, n in ordered if n >= min(self.seen, most)), key=lambda item: item[1])
        values = {
            "label": top,
            "share": most / total,
            "rarest": rare,
            "ratio": most / fewest,
            "counts": listed(ordered),
        }
        if most >= self.max_share * total:
            yield None, Problem(values=values)
        elif most > self.max_ratio * fewest and fewest < self.enough:
            yield None, Problem(values=values, variant="ratio")


class TooFew:
    """Labels with too few training examples: `enough` in completion sets, `enough_chat` elsewhere.

    What is seen at most `stray` times among common labels is a stray answer, not a label.
    """

    def __init__(
        self, *, conventions: Conventions, enough: int, enough_chat: int, stray: int, common: int, max_share: float
    ) -> None:
        self.labels = Labels(conventions)
        self.enough, self.enough_chat = enough, enough_chat
        self.limits = (stray, common, max_share)

    def add(self, example: Example, place: Place) -> None:
        self.labels.add(example, place)

    def merge(self, other: TooFew) -> None:
        self.labels.merge(other.labels)

    def finish(self, context: Any) -> Iterator[tuple[Place | None, Problem]]:
        if context.split != _TRAIN or is_measure(self.labels.conventions):
            return  # held-out data need not be enough to learn from, and of a number there need not be many
        chat = context.conventions.format != "openai-completion"
        enough = self.enough_chat if chat else self.enough
        counts = self.labels.counts()
        strays = set() if self.labels.conventions.declared else stray_labels(counts, *self.limits)
        labels = {label: count for label, count in counts.items() if label not in strays}
        few = sorted(((label, n) for label, n in labels.items() if n < enough), key=lambda item: (item[1], item[0]))
        if few:
            values = {"few": len(few), "labels": len(labels), "enough": enough, "counts": listed(few)}
            yield None, Problem(values=values, variant="chat" if chat else None)


class Single:
    """One label for all records."""

    def __init__(self, *, conventions: Conventions) -> None:
        self.labels = Labels(conventions)

    def add(self, example: Example, place: Place) -> None:
        self.labels.add(example, place)

    def merge(self, other: Single) -> None:
        self.labels.merge(other.labels)

    def finish(self, context: Any) -> Iterator[tuple[Place | None, Problem]]:
        found = self.labels.merged() if context.split == _TRAIN else {}
        if len(found) == 1:
            ((label, seen),) = found.items()
            yield None, Problem(values={"label": label, "count": seen.count})


class Stray:
    """Labels seen once or twice (`stray`) among others that are common, and no variant of any of them.

    Silent where the settings declare the labels: then another rule names each that is none of them.
    """

    def __init__(self, *, conventions: Conventions, stray: int, common: int, max_share: float) -> None:
        self.labels = Labels(conventions)
        self.limits = (stray, common, max_share)

    def add(self, example: Example, place: Place) -> None:
        self.labels.add(example, place)

    def merge(self, other: Stray) -> None:
        self.labels.merge(other.labels)

    def finish(self, context: Any) -> Iterator[tuple[Place | None, Problem]]:
        if context.split != _TRAIN or self.labels.conventions.declared:
            return  # a held-out label that training has not is another rule's
        merged = self.labels.merged()
        counts = {label: seen.count for label, seen in merged.items()}
        held_out = {
            label for name, state in context.splits.items() if name != _TRAIN for label in state.labels.merged()
        }
        strays = stray_labels(counts, *self.limits) - held_out
        ordered = sorted(
            ((label, n) for label, n in counts.items() if label not in strays), key=lambda i: (-i[1], i[0])
        )
        for label in strays:
            seen = merged[label]
            yield (
                seen.place,
                Problem(
                    seen.pointer,
                    values={"label": label, "count": seen.count, "counts": listed(ordered)},
                    group=f"label:{digest(label)}",
                ),
            )


def stray_labels(counts: Mapping[str, int], stray: int, common: int, max_share: float) -> set[str]:
    """The labels seen at most `stray` times, where at least two others are seen `common` times and none in between.

    A set with labels of every frequency has a tail, and answers that often differ are no labels: none then.
    """
    found = {label for label, count in counts.items() if count <= stray}
    others = [count for label, count in counts.items() if label not in found]
    if len(others) < 2 or min(others) < common or sum(counts[label] for label in found) > max_share * sum(others):
        return set()
    return found
