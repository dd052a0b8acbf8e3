"""One expectation of a contract, and the words it is put in."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

SHOWN = 8
"""Names that a sentence lists."""


@dataclass(frozen=True, slots=True)
class Clause:
    """One expectation of a contract."""

    type: str
    """As Great Expectations calls it."""
    kwargs: dict[str, Any]
    severity: str
    """`critical`, `warning` or `info`; the last is reported, and breaks nothing."""
    says: str
    """What is expected, in words."""
    because: str
    """What it was learned from, and what is let pass."""


def listed(values: Sequence[Any], between: str) -> str:
    """The first values, and how many more there are."""
    shown = between.join(map(str, values[:SHOWN]))
    return f"{shown} and {len(values) - SHOWN:,} more" if len(values) > SHOWN else shown


def interval(low: int, high: int) -> str:
    """`2 to 5`, or one number where both are equal."""
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"


def but_for(mostly: float) -> str:
    """The records that need not keep to it, in brackets."""
    return "" if mostly == 1 else f" ({percent(1 - mostly)} of the records may differ)"


def percent(share: float) -> str:
    """A share with three digits."""
    return f"{100 * share:.3g}%"


def floored(share: float) -> float:
    """A share, rounded down to a hundredth of a percent."""
    return max(0.0, math.floor(share * 10_000) / 10_000)
