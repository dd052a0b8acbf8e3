"""The profile of one split of a dataset: plain values, made of what the scan has counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from curator.binning import Bin, binned
from curator.call_habits import CallHabits
from curator.conventions import Conventions
from curator.engine import Checked
from curator.plan import Plan
from curator.prices import price
from curator.profiling.diversity import Diversity, Repeats, diversity, repeats
from curator.profiling.labelling import Labelling, labelling
from curator.profiling.tally import Tally
from curator.report import FileCounts

_FUNCTIONS = 200  # that are listed


@dataclass(frozen=True, slots=True)
class Spread:
    """How numbers are distributed; percentiles by nearest rank, so each is a value that occurs."""

    count: int
    total: int
    mean: float
    min: int
    p5: int
    median: int
    p95: int
    p99: int
    max: int
    logarithmic: bool
    """Whether the bins grow tenfold from decade to decade."""
    bins: list[Bin]

    @classmethod
    def of(cls, counts: Mapping[int, int], limit: int | None = None) -> Spread | None:
        """The distribution of numbers that are counted; None where there are none. No bin reaches across `limit`."""
        ordered = sorted((value, count) for value, count in counts.items() if count)
        if not ordered:
            return None
        number, total = sum(count for _, count in ordered), sum(value * count for value, count in ordered)
        p5, median, p95, p99 = (_at(ordered, -(-number * percent // 100)) for percent in (5, 50, 95, 99))
        found = binned(counts, limit)
        return cls(
            number, total, total / number, ordered[0][0], p5, median, p95, p99, ordered[-1][0],
            found.logarithmic, found.bins,
        )  # fmt: skip

    return tuple(sorted(found, key=lambda item: (-item.calls, -item.declared, item.name))[:_FUNCTIONS])
