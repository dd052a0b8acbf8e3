"""The label set of a split, counted: balance, spellings, tokens."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from typing import NamedTuple

from curator.checks.labels import is_measure
from curator.conventions import Conventions
from curator.profiling.tally import Tally
from curator.spelling import Spellings
from curator.tokens import Tokenizer

LISTED = 200
"""Labels that are listed one by one; the rest is summed."""
_COMPARED = 2_000  # labels among which spellings are looked for


@dataclass(frozen=True, slots=True)
class Label:
    """One label, with whatever is a spelling of it."""

    label: str
    records: int
    spellings: tuple[str, ...]
    """Other ways in which it is written."""
    tokens: int | None
    """As it is trained, its leading space among them; None where no tokenizer is known."""
    pieces: tuple[str, ...]
    """What these tokens spell."""


@dataclass(frozen=True, slots=True)
class Labelling:
    """The labels of a split."""

    records: int
    """That have one."""
    distinct: int
    labels: tuple[Label, ...]
    """The most frequent first."""
    others: int
    """Records whose label is not among these."""
    entropy: float
    """Of the labels' shares, in bits (Shannon)."""
    normalised_entropy: float | None
    """Entropy divided by that of as many labels in equal shares: 1 is even; None for a single label."""
    largest: int
    smallest: int
    """Records of the most and of the least frequent label."""
    measure: bool
    """Whether they are values on a scale rather than classes."""


class Train(NamedTuple):
    """What tells labels of a held-out split from parts of them."""

    conventions: Conventions
    labels: frozenset[str]

    @classmethod
    def of(cls, tally: Tally, conventions: Conventions) -> Train:
        """The labels of the split `train`."""
        return cls(conventions, frozenset(text.lstrip() for (text,), _ in tally.labels.items()))

    def whole(self, text: str, own: Conventions) -> str:
        """The label of a split with other conventions, as train has it.

        What ends the answers of a small split alike may be its stop sequence, or a part of its only label.
        """
        if own.stop is None or text.lstrip() in self.labels:
            return text
        label = self.conventions.answer(text + own.stop.text)
        return label if label.lstrip() in self.labels else text


def labelling(
    tally: Tally, conventions: Conventions, tokens: Tokenizer | None, train: Train | None = None
) -> Labelling | None:
    """The labels of a classification; None for what is none. `train` is given for the splits beside it."""
    found: Counter[str] = Counter()
    for (text,), count in tally.labels.items():
        found[train.whole(text, conventions) if train else text] += count
    written: dict[str, Counter[str]] = {}
    counts: Counter[str] = Counter()
    for text, count in found.items():
        counts[text.lstrip()] += count
    if conventions.task != "classification" or not (counts or conventions.declared):
        return None
    spellings = Spellings(counts, conventions.declared) if len(counts) <= _COMPARED else None
    for text, count in found.items():
        meant = spellings.meant(text.lstrip())[0] if spellings else text.lstrip()
        written.setdefault(meant, Counter())[text] += count
    for label in conventions.declared:
        written.setdefault(label, Counter())
    ordered = sorted(written.items(), key=lambda item: (-item[1].total(), item[0]))
    sizes = [texts.total() for _, texts in ordered if texts]
    listed = tuple(_label(label, texts, tokens) for label, texts in ordered[:LISTED])
    entropy = _entropy(sizes)
    return Labelling(
        tally.labelled,
        len(ordered),
        listed,
        tally.labelled - sum(label.records for label in listed),
        entropy,
        entropy / math.log2(len(ordered)) if len(ordered) > 1 else None,
        max(sizes, default=0),
        sizes[-1] if len(sizes) == len(ordered) and sizes else 0,
        is_measure(conventions),
    )


def _label(label: str, texts: Counter[str], tokens: Tokenizer | None) -> Label:
    usual = min(texts, key=lambda text: (text.lstrip() != label, -texts[text], text), default=label)
    others = sorted({text.lstrip() for text in texts} - {label})
    ids = tokens.count(usual) if tokens else None
    return Label(label, texts.total(), tuple(others), ids, tuple(tokens.spell(usual)) if tokens else ())


def _entropy(sizes: list[int]) -> float:
    total = sum(sizes)
    return -sum(size / total * math.log2(size / total) for size in sizes) + 0.0 if total else 0.0
