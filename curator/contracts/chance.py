"""How far apart two samples of one population lie by chance alone, so that small datasets raise no false alarm."""

from __future__ import annotations

import math
from collections.abc import Iterable

ERRORS = 3.0
"""Standard errors that count as chance: beyond lies one sample in a thousand."""


def pooled(share: float, records: int, other: float, others: int) -> float:
    """The share in two samples taken together."""
    return (share * records + other * others) / (records + others)


def share_by_chance(share: float, records: int, learned: int) -> float:
    """How far a share may lie apart in samples of `records` and `learned`: three standard errors of the difference.

    `share` is that of both together, as in the test of two proportions. At least what half a record makes.
    """
    return 0.5 / records + ERRORS * math.sqrt(share * (1 - share) * (1 / records + 1 / learned))


def distance_by_chance(shares: Iterable[float], records: int, learned: int) -> float:
    """How far the labels of two samples lie apart in total variation: the mean, and four standard deviations.

    `shares` are those of both together. Total variation is half the sum of the shares' |differences|, and each of
    these a folded normal: sqrt(2/pi) standard errors in the mean, and 1 - 2/pi of their square as variance. Half the
    sum of the variances is that of two labels, and more than that of several, whose shares hardly move together
    (tests simulate it). Four, because a folded normal has a longer tail: of two labels that is as far as 3.2
    standard errors.
    """
    size = 1 / records + 1 / learned
    spread = [share * (1 - share) for share in shares]
    mean = sum(map(math.sqrt, spread)) * math.sqrt(2 / math.pi * size) / 2
    return mean + 4 * math.sqrt((1 - 2 / math.pi) * sum(spread) * size / 2)
