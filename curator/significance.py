"""Whether two sets of counts differ by more than chance."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple


class Comparison(NamedTuple):
    """How far two distributions are apart."""

    distance: float
    """Total variation: half the sum of the differences of the shares, 0 to 1."""
    p: float
    """The chance of a difference like this between two samples of one distribution, by the G-test."""


def compare(first: Sequence[int], second: Sequence[int], *, expected: float = 5) -> Comparison:
    """The counts of the same cells in two samples, compared.

    Cells in which either sample would have fewer than `expected` by their common distribution are pooled,
    for the approximation by chi-squared does not hold there (Sokal and Rohlf, Biometry, "The G-test").
    """
    sizes = (sum(first), sum(second))
    total = sum(sizes)
    if not min(sizes):
        return Comparison(0.0, 1.0)
    needed = expected * total / min(sizes)
    cells = sorted(zip(first, second, strict=True), key=sum)
    pooled = [0, 0]
    while cells and (sum(cells[0]) < needed or 0 < sum(pooled) < needed):
        cell = cells.pop(0)
        pooled = [pooled[0] + cell[0], pooled[1] + cell[1]]
    rows = [cell for cell in (tuple(pooled), *cells) if sum(cell)]
    if len(rows) < 2:
        return Comparison(0.0, 1.0)
    distance = sum(abs(a / sizes[0] - b / sizes[1]) for a, b in rows) / 2
    g = 2 * sum(
        count * math.log(count * total / (sum(row) * size))
        for row in rows
        for count, size in zip(row, sizes, strict=True)
        if count
    )
    return Comparison(distance, chi_squared_tail(g, len(rows) - 1))


def chi_squared_tail(value: float, freedom: int) -> float:
    """The chance that a chi-squared variable with `freedom` degrees of freedom exceeds `value`.

    Abramowitz and Stegun, Handbook of Mathematical Functions, 26.4.4 and 26.4.5, summed by logarithms.
    """
    half = value / 2
    if half <= 0:
        return 1.0
    odd = freedom % 2
    tail = math.erfc(math.sqrt(half)) if odd else 0.0
    for step in range((freedom + 1) // 2 - odd):
        power = step + odd / 2
        tail += math.exp(power * math.log(half) - half - math.lgamma(power + 1))
    return min(1.0, tail)
