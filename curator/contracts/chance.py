"""How far apart two samples of one population lie by chance alone, so that small datasets raise no false alarm."""

from __future__ import annotations

import math
from collections.abc import Iterable

ERRORS = 3.0
"""Standard errors that count as chance: beyond lies one sample in a thousand."""


def share_by_chance(share: float, records: int, learned: int) -> float:
    """How much a share may differ between a sample of `records` and one of `learned`: three standard errors.

    Of the difference of two proportions. At least what half a record makes.
    """
    half = 0.5 / records
    return half + ERRORS * math.sqrt(share * (1 - share) * (1 / records + 1 / learned))


def distance_by_chance(shares: Iterable[float], records: int, learned: int) -> float:
    """How far the labels of two samples lie apart in total variation: the mean, and three standard deviations.

    Total variation is half the sum of the shares' |differences|, and each of these a folded normal: sqrt(2/pi)
    standard errors in the mean, and 1 - 2/pi of their square as variance. Half the sum of the variances is that of
    two labels, and more than that of several, whose shares hardly move together (tests simulate it).
    """
    size = 1 / records + 1 / learned
    spread = [share * (1 - share) for share in shares]
    mean = sum(map(math.sqrt, spread)) * math.sqrt(2 / math.pi * size) / 2
    return mean + ERRORS * math.sqrt((1 - 2 / math.pi) * sum(spread) * size / 2)
