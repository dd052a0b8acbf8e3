"""A held-out split against train: what stands in both, and how far the labels have moved."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from curator.profiling.labelling import Labelling
from curator.profiling.profile import Profiled
from curator.significance import compare
from curator.spelling import fold

_TRAIN = "train"


@dataclass(frozen=True, slots=True)
class Drift:
    """What tells a held-out split from train."""

    dataset: str
    split: str
    inputs: int
    """Distinct inputs of the split."""
    in_train: int
    """Those of them that stand in train, too."""
    label_distance: float | None
    """Total variation of the label shares, 0 to 1; None unless both splits are classifications."""
    label_p: float | None
    """The chance of a distance like that between two samples of one distribution, by the G-test."""
    median_tokens: tuple[int, int] | None
    """Here and in train."""


def drifts(splits: Sequence[Profiled]) -> list[Drift]:
    """Each held-out split of a dataset that has a split `train`."""
    train = {item.profile.dataset: item for item in splits if item.profile.split == _TRAIN}
    return [
        _drift(item, train[item.profile.dataset])
        for item in splits
        if item.profile.split != _TRAIN and item.profile.dataset in train
    ]


def _drift(own: Profiled, train: Profiled) -> Drift:
    shared = sum(1 for _ in own.tally.inputs.common(train.tally.inputs))
    here, there = own.profile, train.profile
    distance = p = None
    if here.labels and there.labels:
        distance, p = compare(*_counts(here.labels, there.labels))
    medians = (here.tokens.spread.median, there.tokens.spread.median) if here.tokens and there.tokens else None
    return Drift(here.dataset, here.split, here.repeats.distinct, shared, distance, p, medians)


def _counts(own: Labelling, train: Labelling) -> tuple[list[int], list[int]]:
    here, there = Counter[str](), Counter[str]()
    for counts, labels in ((here, own.labels), (there, train.labels)):
        for label in labels:
            counts[fold(label.label)] += label.records
    names = sorted(here | there)
    return [*(here[name] for name in names), own.others], [*(there[name] for name in names), train.others]
