"""What Great Expectations has no word for. Importing this module imports the library: seconds.

A suite that is loaded where these classes were not imported loses their expectations without an error.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from great_expectations.compatibility.pydantic import Field, validator
from great_expectations.expectations.expectation import ColumnAggregateExpectation

from curator.contracts.chance import distance_by_chance, pooled, share_by_chance
from curator.contracts.features import FEWEST, YES
from curator.reporters.text import counted

OTHERS = "(others)"
"""In place of the labels that are too rare to be listed."""
NOTHING = "nothing to judge"
_SHOWN = 3


def _let_pass(allowed: float) -> str:
    return f"among so many {allowed:.1%} of change is let pass"


class _Counted(ColumnAggregateExpectation):
    """Decides by how often each value occurs; where a column holds nothing, there is nothing to break."""

    metric_dependencies = ("column.value_counts",)

    def _validate(
        self, metrics: dict[str, Any], runtime_configuration: Any = None, execution_engine: Any = None
    ) -> dict[str, Any]:
        counts = {key: int(count) for key, count in metrics["column.value_counts"].items()}
        if not counts:
            return {"success": True, "result": {"observed_value": NOTHING}}
        success, observed = self._judge(counts)
        return {"success": bool(success), "result": {"observed_value": observed}}

    def _judge(self, counts: Mapping[Any, int]) -> tuple[bool, str]:
        """Whether the counts are as expected, and what they are in words."""
        raise NotImplementedError


class ExpectLabelSharesToStay(_Counted):
    """The shares of the labels differ from those that were learned by no more than `distance`, or than chance explains.

    The distance is that of total variation: the share of the records that would need another label.
    """

    shares: dict[str, float]
    distance: float = Field(ge=0, le=1)
    records: int = Field(ge=1)
    success_keys = ("shares", "distance", "records")

    def _judge(self, counts: Mapping[Any, int]) -> tuple[bool, str]:
        total = sum(counts.values())
        found: dict[str, float] = dict.fromkeys(self.shares, 0.0)
        for label, count in counts.items():
            key = label if label in self.shares else OTHERS
            found[key] = found.get(key, 0.0) + count / total
        apart = sum(abs(share - self.shares.get(label, 0.0)) for label, share in found.items()) / 2
        shares = [pooled(self.shares.get(label, 0.0), self.records, found[label], total) for label in found]
        allowed = max(self.distance, distance_by_chance(shares, total, self.records))
        moved = sorted(found, key=lambda label: (-abs(found[label] - self.shares.get(label, 0.0)), label))[:_SHOWN]
        shown = ", ".join(f"{label}: {found[label]:.1%}, was {self.shares.get(label, 0.0):.1%}" for label in moved)
        passes = f"among {counted(total, 'record')} {allowed:.1%} are let pass"
        return apart <= allowed, f"{apart:.1%} of the records would need another label ({passes}); {shown}"

    @validator("shares")
    def _are_shares(cls, shares: dict[str, float]) -> dict[str, float]:  # noqa: N805 - as the library wants it
        if not all(0 <= share <= 1 for share in shares.values()):
            raise ValueError("a share is none of 0 to 1")
        return shares


class ExpectShareToStay(_Counted):
    """The share of the records that say yes differs from `share` by no more than `slack`, or than chance explains."""

    share: float = Field(ge=0, le=1)
    slack: float = Field(ge=0, le=1)
    records: int = Field(ge=1)
    only_more: bool = False
    """Less is as good."""
    success_keys = ("share", "slack", "records", "only_more")

    def _judge(self, counts: Mapping[Any, int]) -> tuple[bool, str]:
        total = sum(counts.values())
        found = counts.get(YES, 0) / total
        apart = found - self.share if self.only_more else abs(found - self.share)
        chance = share_by_chance(pooled(self.share, self.records, found, total), total, self.records)
        allowed = max(self.slack, chance)
        return apart <= allowed, f"{found:.1%} of {counted(total, 'record')}; {_let_pass(allowed)}"


class ExpectMostFrequentToStay(_Counted):
    """The most frequent value has no larger share than `share` and `slack`, or than chance explains."""

    share: float = Field(ge=0, le=1)
    slack: float = Field(ge=0, le=1)
    records: int = Field(ge=1)
    success_keys = ("share", "slack", "records")

    def _judge(self, counts: Mapping[Any, int]) -> tuple[bool, str]:
        total = sum(counts.values())
        found = max(counts.values()) / total
        allowed = max(self.slack, share_by_chance(pooled(self.share, self.records, found, total), total, self.records))
        same = f"{max(counts.values()):,} of {counted(total, 'record')} ({found:.1%}) have the same"
        return found - self.share <= allowed, f"{same}; {_let_pass(allowed)}"


class ExpectHabitToStay(_Counted):
    """Every record comes from a file with this habit."""

    value: str
    success_keys = ("value",)

    def _judge(self, counts: Mapping[Any, int]) -> tuple[bool, str]:
        return set(counts) == {self.value}, ", ".join(sorted(map(str, counts))[:_SHOWN])


class ExpectQuantilesToStay(ColumnAggregateExpectation):
    """Each quantile of the column lies in its range.

    Not the library's own expectation of quantiles, whose outcome is a boolean of numpy that it then cannot write.
    """

    quantiles: list[float] = Field(min_items=1)
    ranges: list[tuple[float, float]]
    allow_relative_error: bool = False
    metric_dependencies = ("column.quantile_values", "column.value_counts")
    success_keys = ("quantiles", "ranges", "allow_relative_error")

    def _validate(
        self, metrics: dict[str, Any], runtime_configuration: Any = None, execution_engine: Any = None
    ) -> dict[str, Any]:
        values = [float(value) for value in metrics["column.quantile_values"]]
        if metrics["column.value_counts"].sum() < FEWEST:  # of which a quantile is a single record
            return {"success": True, "result": {"observed_value": NOTHING}}
        inside = [low <= value <= high for value, (low, high) in zip(values, self.ranges, strict=True)]
        texts = [
            f"{quantile:.0%} of the records have up to {value:,.0f}{'' if fits else f', not {low:,.0f} to {high:,.0f}'}"
            for quantile, value, (low, high), fits in zip(self.quantiles, values, self.ranges, inside, strict=True)
        ]
        shown = [text for text, fits in zip(texts, inside, strict=True) if not fits] or texts
        return {"success": all(inside), "result": {"observed_value": "; ".join(shown)}}

    @validator("ranges")
    def _are_ranges(cls, ranges: list[tuple[float, float]], values: dict[str, Any]) -> list[tuple[float, float]]:  # noqa: N805
        quantiles = values.get("quantiles", ())
        if len(ranges) != len(quantiles) or not all(0 <= quantile <= 1 for quantile in quantiles):
            raise ValueError("each quantile is 0 to 1, and has one range")
        return ranges


CUSTOM = {
    "expect_label_shares_to_stay": ExpectLabelSharesToStay,
    "expect_share_to_stay": ExpectShareToStay,
    "expect_most_frequent_to_stay": ExpectMostFrequentToStay,
    "expect_habit_to_stay": ExpectHabitToStay,
    "expect_quantiles_to_stay": ExpectQuantilesToStay,
}
"""The classes by the name that a suite calls them."""
