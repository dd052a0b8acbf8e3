"""A report against an earlier one: what became of its figures, its rules and its labels."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from curator.masking import Masker
from curator.reporting import plain
from curator.reporting.document import Document
from curator.reporting.figures import Figures, figures


@dataclass(frozen=True, slots=True)
class Delta:
    """One figure, before and now; None where it is not known."""

    name: str
    before: float | None
    now: float | None

    @property
    def change(self) -> float | None:
        """Now less before; None where either is not known."""
        return None if self.before is None or self.now is None else self.now - self.before


@dataclass(frozen=True, slots=True)
class Comparison:
    """A report against an earlier one."""

    path: str
    before: Figures
    same_content: bool
    figures: list[Delta]
    rules: list[Delta]
    """Those whose count changed, the greatest change first."""
    labels: list[Delta]
    """Those whose share of the labelled records changed by a thousandth or more, in percent."""
    names: dict[str, str]
    """Of those rules, where they are known."""
    notes: list[str]
    """Why the two may not compare."""


_NAMES = {
    "records": "Records", "unreadable": "Unreadable lines", "errors": "Errors", "warnings": "Warnings",
    "remarks": "Remarks", "tokens": "Tokens", "over_limit": "Records over the token limit",
    "distinct_inputs": "Distinct inputs", "repeated_inputs": "Inputs in several records",
    "balance": "Balance of the labels (normalised entropy, least even split)",
}  # fmt: skip
_CHANGES = 30
_TOOL = re.compile(r"[0-9A-Za-z.+-]{1,40}")


def compare(path: str, value: Mapping[str, Any], document: Document) -> Comparison:
    """The document against an earlier report, as `plain.read` gives it of the file at that path."""
    before, now = figures(value), figures(json.loads(plain.written(document)))
    deltas = [Delta(title, getattr(before, name), getattr(now, name)) for name, title in _NAMES.items()]
    rules = [Delta(code, before.rules.get(code, 0), now.rules.get(code, 0)) for code in {**now.rules, **before.rules}]
    labels = _labels(before, now)
    names = {**before.names, **now.names}
    notes = []
    if plain.is_newer(value):
        notes.append("a newer curator wrote the earlier report: figures may be missing")
    if before.tool != now.tool:
        tool = before.tool if _TOOL.fullmatch(before.tool) else "?"  # a file may say anything, and a note is prose
        notes.append(f"curator {tool} wrote the earlier report: its rules may differ")
    if before.judged_by and now.judged_by and before.judged_by != now.judged_by:
        notes.append("the earlier report is for other targets or models: findings and tokens may differ for that alone")
    if not (_lists_all(before) and _lists_all(now)):
        notes.append("of many labels only the most frequent are listed, and those compared that stand in both lists")
    changed = _greatest([delta for delta in rules if delta.change])
    return Comparison(
        Masker(Counter())(path),
        before,
        before.content == now.content,
        [delta for delta in deltas if delta.before is not None or delta.now is not None],
        changed,
        _greatest([delta for delta in labels if abs(delta.change or 0) >= 0.1]),
        {delta.name: names[delta.name] for delta in changed if delta.name in names},
        notes,
    )


def _labels(before: Figures, now: Figures) -> list[Delta]:
    """The share of each label in percent, before and now. Left out: what one of the two may have without listing it."""
    return [
        Delta(name, _percent(name, before), _percent(name, now))
        for name in {**now.labels, **before.labels}
        if all(name in side.labels or _lists_all(side) for side in (before, now))
    ]


def _lists_all(side: Figures) -> bool:
    return side.labelled <= sum(side.labels.values())


def _percent(name: str, side: Figures) -> float:
    return 100 * side.labels.get(name, 0) / side.labelled if side.labelled else 0.0


def _greatest(deltas: list[Delta]) -> list[Delta]:
    return sorted(deltas, key=lambda delta: (-abs(delta.change or 0), delta.name))[:_CHANGES]
