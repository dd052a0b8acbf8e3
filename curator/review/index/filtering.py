"""A filter of the queue as a condition of SQL."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from curator.model import Severity
from curator.review.index.format import STATUSES
from curator.review.states import DataFile, Filter


def condition(
    shown: Filter,
    files: Sequence[DataFile],
    codesets: Mapping[int, tuple[str, ...]],
    labels: Mapping[int, str],
    with_text: Callable[[str], str],
) -> tuple[str, list[Any]]:
    """The condition that an item must meet, and its values; `with_text` gives the ids of those with a text, as JSON."""
    clauses: list[str] = []
    values: list[Any] = []

    def one_of(column: str, numbers: Iterable[int]) -> None:
        clauses.append(f"{column} IN ({', '.join(map(str, numbers))})")

    if shown.group:
        clauses.append("id IN (SELECT item FROM members WHERE cluster = ?)")
        values.append(shown.group)
    else:
        clauses.append("severity > 0")
    if shown.codes:
        wanted = set(shown.codes)
        one_of("codeset", (number for number, codes in codesets.items() if not wanted.isdisjoint(codes)))
    if shown.severities:
        one_of("severity", (int(level) for level in Severity if str(level) in shown.severities))
    if shown.files:
        one_of("file", shown.files)
    if shown.splits:
        one_of("file", (file.number for file in files if file.split in shown.splits))
    if shown.labels:
        one_of("label", (number for number, label in labels.items() if label in shown.labels))
    if shown.statuses:
        one_of("status", map(STATUSES.index, shown.statuses))
    for column, span in (("tokens", shown.tokens), ("turns", shown.turns)):
        if span is not None:
            clauses.append(f"{column} BETWEEN ? AND ?")
            values += span
    if shown.text:
        clauses.append("id IN (SELECT value FROM json_each(?))")
        values.append(with_text(shown.text))
    return " AND ".join(clauses), values
