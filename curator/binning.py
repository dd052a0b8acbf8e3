"""Whole numbers in bins that a person can read: even ones, or logarithmic where they span a hundredfold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

_BINS = 40
_DECADES = 100  # a span of that many times its beginning is shown on a logarithmic axis


@dataclass(frozen=True, slots=True)
class Bin:
    """How many lie from `low` to `high`, both included."""

    low: int
    high: int
    count: int


class Bins(NamedTuple):
    """The bins that are not empty, in order."""

    bins: list[Bin]
    logarithmic: bool


def binned(counts: Mapping[int, int], limit: int | None = None) -> Bins:
    """The counts of numbers from 0 up, in some forty bins at most; none reaches across the limit."""
    known = {value: n for value, n in counts.items() if n > 0 and value >= 0}
    if not known:
        return Bins([], False)
    first, last = min(known), max(known)
    logarithmic = max(last, limit or 0) >= _DECADES * max(min((v for v in known if v), default=1), 1)
    edges = _logarithmic(last) if logarithmic else _even(first, last)
    if limit is not None and edges[0] <= limit < last:
        edges = sorted({*edges, limit + 1})
    found: dict[int, int] = {}
    index = 0
    for value in sorted(known):
        while index + 1 < len(edges) and edges[index + 1] <= value:
            index += 1
        found[index] = found.get(index, 0) + known[value]
    return Bins([Bin(edges[index], edges[index + 1] - 1, n) for index, n in found.items()], logarithmic)


def _even(first: int, last: int) -> list[int]:
    step, shape = 1, 0
    while (last // step) - (first // step) + 1 > _BINS:
        shape += 1
        step = (1, 2, 5)[shape % 3] * 10 ** (shape // 3)
    return list(range(first // step * step, last + step + 1, step))


def _logarithmic(last: int) -> list[int]:
    edges = [0, 1]
    power = 0
    while edges[-1] <= last:
        power += 1
        edge = round(10 ** (power / 10))
        if edge > edges[-1]:
            edges.append(edge)
    return edges
