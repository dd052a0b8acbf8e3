"""The file of a contract: JSON with a version, which people may read and edit."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from curator import targets
from curator.contracts import features
from curator.contracts.clauses import Clause
from curator.contracts.features import FEATURES, FLAG, HABIT, HABITS, Reference
from curator.contracts.naming import is_inert
from curator.data import convert
from curator.errors import InputError, UsageError
from curator.tokens import bundled

VERSION = 1
_LARGEST = 32 << 20  # bytes; one with 2,000 labels has some 100 KB
_SUITE = "contract"
_AGAIN = "learn it again: curator contract learn GOOD.jsonl -o"

# What a suite may hold: all that `learn` writes, and what people may reasonably add. Anything else Great Expectations
# would drop without an error, run as a pattern that never ends, or show as it is.
TYPES = frozenset({
    "expect_column_values_to_be_in_set",
    "expect_column_values_to_not_be_in_set",
    "expect_column_values_to_not_be_null",
    "expect_column_values_to_be_between",
    "expect_column_value_lengths_to_be_between",
    "expect_column_mean_to_be_between",
    "expect_column_median_to_be_between",
    "expect_column_stdev_to_be_between",
    "expect_column_sum_to_be_between",
    "expect_column_min_to_be_between",
    "expect_column_max_to_be_between",
    "expect_column_values_to_be_unique",
    "expect_column_proportion_of_unique_values_to_be_between",
    "expect_column_unique_value_count_to_be_between",
    "expect_table_row_count_to_be_between",
    "expect_label_shares_to_stay",
    "expect_share_to_stay",
    "expect_most_frequent_to_stay",
    "expect_habit_to_stay",
    "expect_quantiles_to_stay",
})  # fmt: skip
# Others change what an expectation is held against: a `row_condition` is run as a query of pandas, which may call code.
_KWARGS = frozenset({
    "column", "min_value", "max_value", "strict_min", "strict_max", "mostly", "value_set", "quantiles",
    "ranges", "shares", "distance", "records", "share", "slack", "only_more", "value",
})  # fmt: skip
FIGURES = ("min", "median", "mean", "p95", "max")
"""What a contract tells of each number of the good data."""
SEVERITIES = ("critical", "warning", "info")


@dataclass(frozen=True, slots=True)
class Learned:
    """What a contract was learned from."""

    files: tuple[str, ...]
    records: int
    unreadable: int
    format: str
    model: str
    """Whose tokens are counted; "" where the data name none."""
    when: str
    """The day, in UTC, as ISO 8601 has it."""
    curator: str
    figures: dict[str, dict[str, float]]


@dataclass(frozen=True, slots=True)
class Known:
    """What the features of other datasets are measured by; as `Reference`, in an order that stays."""

    encoding: str
    classification: bool
    separators: list[str]
    stop: str
    called: list[str]
    declared: list[str]
    rules: list[str]
    whole: list[str]
    ran: list[str]
    target: str = ""
    """Whose rules held, as --target and the settings name it; "" in a contract that does not say."""
    model: str = ""
    """As --model and the settings name it; "" where they name none."""


@dataclass(frozen=True, slots=True)
class Contract:
    """A contract as it stands in its file."""

    learned: Learned
    known: Known
    clauses: tuple[Clause, ...]
    path: str = ""
    """The file that it was read from."""

    @property
    def reference(self) -> Reference:
        """What the features of other datasets are measured by."""
        known = self.known
        return Reference(
            self.learned.format, known.encoding, known.classification, tuple(known.separators), known.stop,
            frozenset(known.called), frozenset(known.declared), frozenset(known.rules), frozenset(known.whole),
            frozenset(known.ran),
        )  # fmt: skip

    @property
    def flags(self) -> list[str]:
        """The rules whose findings are counted."""
        columns = (str(clause.kwargs.get("column", "")) for clause in self.clauses)
        return sorted({column.removeprefix(FLAG) for column in columns if column.startswith(FLAG)})


def known(found: Reference, target: str, model: str | None) -> Known:
    """The reference as a contract keeps it, with the target and the model that the rules were told."""
    called, declared, rules, whole, ran = (
        sorted(names or ()) for names in (found.called, found.declared, found.rules, found.whole, found.ran)
    )
    return Known(
        found.encoding, found.classification, list(found.separators), found.stop, called, declared, rules, whole, ran,
        target, model or "",
    )  # fmt: skip


def dumps(contract: Contract) -> str:
    """The contract as JSON; the suite in the form of Great Expectations."""
    expectations = [
        {
            "type": clause.type,
            "kwargs": clause.kwargs,
            "severity": clause.severity,
            "description": clause.says,
            "meta": {"notes": {"format": "string", "content": [clause.because]}},
        }
        for clause in contract.clauses
    ]
    data = {
        "contract": VERSION,
        "features": features.VERSION,
        "learned_from": asdict(contract.learned),
        "measured_by": asdict(contract.known),
        "suite": {"name": _SUITE, "expectations": expectations, "meta": {}},
    }
    return json.dumps(data, indent=2) + "\n"


def load(path: str) -> Contract:
    """The contract of a file. Raises InputError for a file that cannot be read, UsageError for what does not fit."""
    try:
        with open(path, "rb") as file:
            raw = file.read(_LARGEST + 1)
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from None
    if len(raw) > _LARGEST:
        raise UsageError(f"{path}: is no contract: larger than {_LARGEST:,} bytes")
    try:
        data: Any = json.loads(raw.decode("utf-8-sig"), parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise UsageError(f"{path}: is no contract: not JSON") from None
    if not isinstance(data, dict) or "contract" not in data or "suite" not in data:
        raise UsageError(f"{path}: is no contract of curator: `contract` and `suite` are missing")
    for key, version in (("contract", VERSION), ("features", features.VERSION)):
        if data.get(key) != version or isinstance(data.get(key), bool):
            raise UsageError(
                f"{path}: was written by another version of curator ({key} {_short(data.get(key))}, this one has "
                f"{version}): {_AGAIN} {path}"
            )
    for key in ("learned_from", "measured_by"):
        if not isinstance(data.get(key), dict):
            raise UsageError(f"{path}: {key} is missing: {_AGAIN} {path}")
    learned = convert(data["learned_from"], Learned, UsageError, f"{path}: learned_from")
    _require_possible(learned, path)
    measured = convert(data["measured_by"], Known, UsageError, f"{path}: measured_by")
    if bundled(measured.encoding) is None:
        raise UsageError(f"{path}: no tokenizer {_short(measured.encoding)} is bundled: {_AGAIN} {path}")
    targets.require(measured.target or targets.AUTO, measured.model or None, f"{path}: measured_by: ")
    try:
        contract = Contract(learned, measured, _clauses(data["suite"], path), path)
        _require_inert(contract, path)
    except RecursionError:
        raise UsageError(f"{path}: is no contract: it is nested too deep") from None
    return contract


def _clauses(suite: Any, path: str) -> tuple[Clause, ...]:
    expectations = suite.get("expectations") if isinstance(suite, dict) else None
    if not isinstance(expectations, list) or not expectations:
        raise UsageError(f"{path}: suite: there are no expectations: {_AGAIN} {path}")
    clauses = tuple(_clause(item, f"{path}: expectation {number}") for number, item in enumerate(expectations, 1))
    seen: dict[str, int] = {}
    for number, clause in enumerate(clauses, 1):
        same = seen.setdefault(json.dumps([clause.type, clause.kwargs], sort_keys=True), number)
        if same != number:  # the library would keep one of them
            raise UsageError(f"{path}: expectation {number}: is the same as expectation {same}: take one of them out")
    return clauses


def _require_possible(learned: Learned, path: str) -> None:
    for key, least in (("records", 1), ("unreadable", 0)):
        if (count := getattr(learned, key)) < least:
            raise UsageError(f"{path}: learned_from: {key}: {count} is less than {least}: {_AGAIN} {path}")
    for feature, row in learned.figures.items():
        if missing := [key for key in FIGURES if key not in row]:
            raise UsageError(f"{path}: learned_from: figures: {_short(feature)} has no {missing[0]}: {_AGAIN} {path}")


def _clause(item: Any, where: str) -> Clause:
    if not isinstance(item, dict):
        raise UsageError(f"{where}: is no object")
    if not isinstance(item.get("type"), str) or item["type"] not in TYPES:
        raise UsageError(f"{where}: {_short(item.get('type'))} is no type that a contract may hold")
    severity, kwargs = item.get("severity", "critical"), item.get("kwargs")
    if severity not in SEVERITIES:
        raise UsageError(f"{where}: the severity {_short(severity)} is none of {', '.join(SEVERITIES)}")
    if not isinstance(kwargs, dict):
        raise UsageError(f"{where}: kwargs is no object")
    if extra := sorted(kwargs.keys() - _KWARGS):
        raise UsageError(f"{where}: {_short(extra[0])} is no argument that a contract may hold")
    column = kwargs.get("column")
    if column is None and item["type"] != "expect_table_row_count_to_be_between":
        raise UsageError(f"{where}: names no column")
    if column is not None and not _is_column(column):
        raise UsageError(f"{where}: {_short(column)} is no feature; there are {', '.join(FEATURES)}")
    notes = item.get("meta", {}).get("notes", {}) if isinstance(item.get("meta", {}), dict) else {}
    content = notes.get("content", [""]) if isinstance(notes, dict) else [""]
    says, because = item.get("description", ""), content[0] if isinstance(content, list) and content else ""
    if not isinstance(says, str) or not isinstance(because, str):
        raise UsageError(f"{where}: the description or the note is no text")
    return Clause(item["type"], kwargs, severity, says or _said(item["type"], kwargs), because)


def _said(type_: str, kwargs: Mapping[str, Any]) -> str:
    """What an expectation says that somebody added without a description."""
    what = f"{kwargs.get('column', 'the table')}: {type_.removeprefix('expect_').replace('_', ' ')}"
    rest = ", ".join(f"{key} {_short(value)}" for key, value in kwargs.items() if key != "column").replace("'", "")
    return f"{what} ({rest})" if is_inert(rest) else what  # the arguments are judged by themselves


def _is_column(column: Any) -> bool:
    if not isinstance(column, str):
        return False
    code = column.removeprefix(FLAG)
    return column in FEATURES or column.removeprefix(HABIT) in HABITS or (code != column and code.isalnum())


def _require_inert(contract: Contract, path: str) -> None:
    for number, clause in enumerate(contract.clauses, 1):
        for text in (clause.says, clause.because, *_texts(clause.kwargs)):
            if not is_inert(text):
                raise UsageError(
                    f"{path}: expectation {number}: {_short(text)} holds characters that are not shown as they are: "
                    "write them as escapes, such as \\x3c for <"
                )


def _texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [text for pair in value.items() for part in pair for text in _texts(part)]
    return [text for part in value for text in _texts(part)] if isinstance(value, list) else []


def _no_constant(name: str) -> float:
    raise ValueError(name)


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:60]}…"
