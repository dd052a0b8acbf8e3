"""How much of a split is said twice: equal inputs and their answers, distinct words and pairs of words."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

from curator.packing import PackedRows
from curator.profiling.tally import Words


@dataclass(frozen=True, slots=True)
class Repeats:
    """Equal inputs: white space and case folded, everything before the last trained turn."""

    inputs: int
    """Records with an input and an answer."""
    distinct: int
    repeated: int
    """Distinct inputs that stand in several records."""
    agreeing: int
    """Those of them whose records all give the same answer."""
    records: int
    """Records that have a repeated input."""

    @property
    def agreement(self) -> float | None:
        """The share of repeated inputs with one answer; None where none is repeated."""
        return self.agreeing / self.repeated if self.repeated else None


def repeats(rows: PackedRows) -> Repeats:
    """What the inputs of a split come to."""
    repeated = agreeing = records = 0
    for _, places in rows.groups():
        repeated += 1
        records += len(places)
        agreeing += len({answer for _, answer in places}) == 1
    return Repeats(len(rows), len(rows) - records + repeated, repeated, agreeing, records)


@dataclass(frozen=True, slots=True)
class Distinct:
    """Distinct words and pairs of neighbours as shares of all: distinct-1 and distinct-2 (Li et al., 2016).

    Words are runs of letters and digits, case folded; of a text with fewer than two words there is no pair.
    """

    words: int
    distinct_1: float
    distinct_2: float | None


@dataclass(frozen=True, slots=True)
class Diversity:
    """What a sample of records shows of the words in them."""

    sampled: int
    inputs: Distinct | None
    answers: Distinct | None


def diversity(words: Words) -> Diversity | None:
    """The diversity of the sample; None where there is none."""
    if not words.kept:
        return None
    return Diversity(len(words.kept), _distinct(words.inputs()), _distinct(words.answers()))


def _distinct(texts: Iterable[list[str]]) -> Distinct | None:
    singles: set[str] = set()
    pairs: set[tuple[str, str]] = set()
    words = count = 0
    for text in texts:
        words += len(text)
        count += max(0, len(text) - 1)
        singles.update(text)
        pairs.update(pairwise(text))
    return Distinct(words, len(singles) / words, len(pairs) / count if count else None) if words else None
