"""The figures of a report that move from version to version of a dataset, and what became of them.

They are taken from JSON that another version may have written: what is missing, or no number, is None.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_LABELS = 200  # of a split that are compared
_MOST = 10**15  # of a count: what is more comes from a damaged file, and cannot be drawn


@dataclass(frozen=True, slots=True)
class Figures:
    """One run, in numbers."""

    created: str
    content: str
    tool: str
    judged_by: Sequence[tuple[str, str]]
    """Targets and models of the files, in order."""
    records: int | None
    unreadable: int | None
    errors: int | None
    warnings: int | None
    remarks: int | None
    tokens: int | None
    """None where they were not counted for every split."""
    over_limit: int | None
    distinct_inputs: int | None
    repeated_inputs: int | None
    balance: float | None
    """The lowest normalised entropy of the labels of any split; 1 is even."""
    labels: Mapping[str, int]
    """Records by label, of all splits; of those that are listed."""
    labelled: int
    """Records with a label, whether it is listed or not."""
    rules: Mapping[str, int]
    """Findings by rule."""
    names: Mapping[str, str]
    """Names of these rules."""

    @property
    def findings(self) -> int | None:
        """Of all severities."""
        known = [n for n in (self.errors, self.warnings, self.remarks) if n is not None]
        return sum(known) if known else None

    @property
    def day(self) -> str:
        """When it was made, to the minute, with the beginning of the content's hash."""
        return f"{self.created[:10]} {self.created[11:16]} · {self.content[:4]}"


def figures(value: Mapping[str, Any]) -> Figures:
    """The figures of a report's JSON."""
    splits, rules = (_rows(value.get(name)) for name in ("splits", "rules"))
    totals = _row(value.get("totals"))
    labelled = [_row(split.get("labels")) for split in splits]
    balances = [b for item in labelled if (b := _number(item.get("normalised_entropy"))) is not None]
    labels: dict[str, int] = {}
    for item in labelled:
        for label in _rows(item.get("labels"))[:_LABELS]:
            name, count = label.get("label"), _whole(label.get("records"))
            if isinstance(name, str) and count is not None:
                labels[name] = labels.get(name, 0) + count
    whole = sum(_whole(item.get("records")) or 0 for item in labelled)
    return Figures(
        _text(value.get("created")), _text(value.get("content")), _text(value.get("tool")),
        sorted({(_text(row.get("target")), _text(row.get("model"))) for row in _rows(value.get("files"))}),
        _whole(totals.get("records")), _whole(totals.get("unreadable")),
        _whole(totals.get("errors")), _whole(totals.get("warnings")), _whole(totals.get("remarks")),
        _whole(totals.get("tokens")), _whole(totals.get("over_limit")),
        _sum([_row(split.get("repeats")) for split in splits], "distinct"),
        _sum([_row(split.get("repeats")) for split in splits], "repeated"),
        min(balances, default=None), labels, max(whole, sum(labels.values())),
        {r["code"]: n for r in rules if isinstance(r.get("code"), str) and (n := _whole(r.get("count"))) is not None},
        {r["code"]: r["name"] for r in rules if isinstance(r.get("code"), str) and isinstance(r.get("name"), str)},
    )  # fmt: skip


def _row(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _rows(value: Any) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _whole(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _MOST else None


def _number(value: Any) -> float | None:
    return value if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= _MOST else None


def _sum(rows: Sequence[Mapping[str, Any]], name: str) -> int | None:
    known = [_whole(row.get(name)) for row in rows]
    return sum(n for n in known if n is not None) if known and None not in known else None
