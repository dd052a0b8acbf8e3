"""From the table of a good dataset to what is to be expected of others, with the slack and the reason of each."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from curator.contracts.chance import share_by_chance
from curator.contracts.clauses import SHOWN, Clause, but_for, floored, interval, listed, percent
from curator.contracts.features import FLAG, HABIT, HABITS, NO, YES
from curator.contracts.naming import NONE
from curator.reporters.text import counted

if TYPE_CHECKING:
    import pandas as pd

_STRAYS = 0.01
"""Ours: the share of records that may lie outside of a range or a set of roles."""
_FACTOR = 1.5
"""Ours: a number may be so many times the largest of the good data, or so many times below the smallest."""
_SLACK = 0.05
"""Ours: how much a share may change."""
_DISTANCE = 0.10
"""Ours: the share of the records that would need another label for the labels to be as they were."""
_WIDER = 0.20
"""Ours: how much further than the neighbouring quantiles of the good data a quantile may lie."""
_TYPICAL = 100
"""Records of a small dataset, whose quantiles are to pass: what chance does to these is let pass."""
_TIMES = 10
"""Ours: a dataset may be so many times larger or smaller."""
_ALL = 0.999
"""Ours: from this share on all records do it, and each that does not is named."""
_QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
_LABELS, _LISTED, _ROLES = 2000, 200, 50
"""Labels that are known by name; labels whose share is watched; combinations of roles."""

_NUMBERS = {
    "tokens": "tokens",
    "turns": "turns",
    "prompt_chars": "characters before the answer",
    "answer_chars": "characters in the answer",
    "calls": "calls of functions",
    "declared": "declared functions",
}
_ONE = {
    "tokens": "token",
    "turns": "turn",
    "prompt_chars": "character before the answer",
    "answer_chars": "character in the answer",
    "calls": "call of a function",
    "declared": "declared function",
}
_SHARES = {
    "has_system": "a system prompt",
    "ends_with_separator": "a prompt that ends with the separator {separator}",
    "ends_with_stop": "an answer that ends with the stop sequence {stop}",
}
_NEW = {
    "new_functions": ("critical", 1.0, "{called}"),
    "new_declared": ("warning", 1.0, "{declared}"),
    "new_errors": ("critical", 1.0, "curator check finds no kind of error in a record that the good data did not have"),
    "new_warnings": (
        "warning",
        1 - _STRAYS,
        "curator check warns of nothing in a record that the good data did not have",
    ),
}
_SPOKE = "Of the good data these rules speak: {rules}; what others find is named beside each record."
_OPEN = " Many stand in one record only, so that others are to be expected."
_BECAUSE = {
    "new_functions": "The good data call {calls}; others are named beside each record.",
    "new_declared": "The good data declare {declares}; others are named beside each record.",
    "new_errors": _SPOKE,
    "new_warnings": _SPOKE,
}


def learn(frame: pd.DataFrame, names: Mapping[str, str], once: Mapping[str, int]) -> list[Clause]:
    """What is expected of other datasets, by the frame of a good one.

    `names` fill what the clauses say; `once` are the numbers of functions that one record alone names.
    """
    count = len(frame)
    clauses = [*_form(frame), _size(count), *_numbers(frame), *_roles(frame), *_labels(frame), *_shares(frame, names)]
    clauses += [*_news(frame, names, once), *_flags(frame), _copies(frame), *_repeated(frame), *_habits(frame)]
    return clauses


def _form(frame: pd.DataFrame) -> Iterator[Clause]:
    for column, says in (
        ("readable", "Every line is a record: one JSON object"),
        ("in_format", "Every record is in the format of the dataset"),
    ):
        share = _yes(frame[column])
        mostly = 1.0 if share == 1 else floored(share - _STRAYS)
        yield Clause(
            "expect_column_values_to_be_in_set",
            {"column": column, "value_set": [YES], "mostly": mostly},
            "critical",
            says + but_for(mostly),
            f"It holds for {percent(share)} of the good data.",
        )


def _size(count: int) -> Clause:
    low, high = max(1, count // _TIMES), count * _TIMES
    return Clause(
        "expect_table_row_count_to_be_between",
        {"min_value": low, "max_value": high},
        "info",
        f"There are {low:,} to {high:,} records",
        f"The good data have {count:,}; a tenth and ten times as many are let pass, and others break nothing.",
    )


def _numbers(frame: pd.DataFrame) -> Iterator[Clause]:
    for column, what in _NUMBERS.items():
        values = frame[column].dropna()
        if values.empty or not values.any():
            continue
        smallest, largest = int(values.min()), int(values.max())
        low, high = (
            (smallest, largest) if smallest == largest else (int(smallest / _FACTOR), math.ceil(largest * _FACTOR))
        )
        yield Clause(
            "expect_column_values_to_be_between",
            {"column": column, "min_value": low, "max_value": high, "mostly": 1 - _STRAYS},
            "warning",
            f"A record has {interval(low, high)} {_ONE[column] if high == 1 else what}{but_for(1 - _STRAYS)}",
            f"The good data have {interval(smallest, largest)}"
            + ("." if smallest == largest else f"; {_FACTOR:g} times more or less is let pass."),
        )
        if smallest != largest and column not in ("calls", "declared"):
            yield _quantiles(column, what, values)


def _quantiles(column: str, what: str, values: pd.Series[float]) -> Clause:
    ranges = []
    for quantile in _QUANTILES:
        # As far as the quantile of a small sample lies from that of what it was drawn from: three standard errors.
        apart = max(_SLACK, 3 * math.sqrt(quantile * (1 - quantile) / _TYPICAL))
        low, high = (float(values.quantile(min(max(quantile + side, 0), 1))) for side in (-apart, apart))
        ranges.append([float(math.floor(low / (1 + _WIDER))), float(math.ceil(high * (1 + _WIDER)))])
    median = float(values.median())
    return Clause(
        "expect_quantiles_to_stay",
        {"column": column, "quantiles": list(_QUANTILES), "ranges": ranges},
        "warning",
        f"A typical record (the median) has {ranges[2][0]:,.0f} to {ranges[2][1]:,.0f} {what}, and one of "
        f"the largest (the 95th percentile) {ranges[4][0]:,.0f} to {ranges[4][1]:,.0f}",
        f"In the good data these are {median:,.0f} and {float(values.quantile(0.95)):,.0f}; let pass is what chance "
        f"does to {_TYPICAL} records, and {_WIDER:.0%} more. The 5th, 25th and 75th percentile are looked at, too.",
    )


def _roles(frame: pd.DataFrame) -> Iterator[Clause]:
    counts = frame["roles"].value_counts()
    if counts.empty or len(counts) > _ROLES:
        return
    orders, most = [str(value) for value in counts.index], percent(counts.iloc[0] / counts.sum())
    others = _others(int((counts == 1).sum()), int(counts.sum()))
    mostly = floored(1 - max(_STRAYS, others))
    yield Clause(
        "expect_column_values_to_be_in_set",
        {"column": "roles", "value_set": orders, "mostly": mostly},
        "warning",
        f"The roles speak in one of these orders: {listed(orders, ' / ')}{but_for(mostly)}",
        f"These are all that occur in the good data; the most frequent is {orders[0]} ({most})."
        + (_OPEN if others else ""),
    )


def _labels(frame: pd.DataFrame) -> Iterator[Clause]:
    counts = frame["label"].value_counts()
    if counts.empty:
        return
    counts = counts.loc[sorted(counts.index, key=lambda label: (-counts[label], label))]
    total = int(counts.sum())
    kept = counts.iloc[:_LABELS]
    mostly = 1.0 if len(kept) == len(counts) else floored(float(kept.sum()) / total - _STRAYS)
    others = _others(int((counts == 1).sum()), total)
    mostly = floored(mostly - others)
    yield Clause(
        "expect_column_values_to_be_in_set",
        {"column": "label", "value_set": [str(label) for label in kept.index], "mostly": mostly},
        "critical",
        f"The label is {f'one of {len(kept):,}: ' if len(kept) > 1 else ''}{listed(list(kept.index), ', ')}"
        + but_for(mostly),
        f"The good data have {counted(len(counts), 'label')}"
        + (f"; the {_LABELS:,} most frequent are known by name." if len(kept) < len(counts) else ", and no other.")
        + (_OPEN if others else ""),
    )
    share = _yes(frame["has_label"].dropna())
    mostly = 1.0 if share == 1 else floored(share - _STRAYS)
    yield Clause(
        "expect_column_values_to_be_in_set",
        {"column": "has_label", "value_set": [YES], "mostly": mostly},
        "warning",
        "Every record has one answer, which may be a label" + but_for(mostly),
        f"In the good data {percent(share)} have it.",
    )
    if len(counts) > 1:
        shares = {str(label): round(int(count) / total, 6) for label, count in counts.iloc[:_LISTED].items()}
        if len(counts) > _LISTED:
            shares["(others)"] = round(int(counts.iloc[_LISTED:].sum()) / total, 6)
        shown = ", ".join(f"{label} {share:.1%}" for label, share in list(shares.items())[:SHOWN])
        more = f" and {len(shares) - SHOWN:,} more" if len(shares) > SHOWN else ""
        yield Clause(
            "expect_label_shares_to_stay",
            {"column": "label", "shares": shares, "distance": _DISTANCE, "records": total},
            "warning",
            f"The labels keep their shares: {shown}{more}",
            f"These are the shares in the good data; {_DISTANCE:.0%} of the records may have another label than that "
            "(the distance of total variation), and of few records as many as chance explains.",
        )


def _shares(frame: pd.DataFrame, names: Mapping[str, str]) -> Iterator[Clause]:
    for column, text in _SHARES.items():
        values = frame[column].dropna()
        if values.empty:
            continue
        what, share = text.format_map(names), _yes(values)
        if share >= _ALL or share <= 1 - _ALL:
            yield Clause(
                "expect_column_values_to_be_in_set",
                {"column": column, "value_set": [YES if share >= _ALL else NO], "mostly": 1 - _STRAYS},
                "warning",
                f"{'Every' if share >= _ALL else 'No'} record has {what}{but_for(1 - _STRAYS)}",
                f"In the good data {percent(share)} have it.",
            )
        else:
            yield _share(column, share, len(values), f"have {what}")


def _share(
    column: str, share: float, records: int, what: str, *, only_more: bool = False, slack: float = _SLACK
) -> Clause:
    low, high = max(0.0, share - slack), min(1.0, share + slack)
    bounds = f"No more than {percent(high)}" if only_more else f"{percent(low)} to {percent(high)}"
    more = "more" if only_more else "more or less"
    return Clause(
        "expect_share_to_stay",
        {"column": column, "share": round(share, 6), "slack": slack, "records": records, "only_more": only_more},
        "warning",
        f"{bounds} of the records {what}",
        f"In the good data it is {percent(share)}; {slack:.0%} {more} is let pass, of few records what chance does.",
    )


def _news(frame: pd.DataFrame, names: Mapping[str, str], once: Mapping[str, int]) -> Iterator[Clause]:
    for column, (severity, least, says) in _NEW.items():
        if not (values := frame[column].dropna()).empty:
            others = _others(once.get(column, 0), len(values))
            mostly = floored(least - others)
            yield Clause(
                "expect_column_values_to_be_in_set",
                {"column": column, "value_set": [""], "mostly": mostly},
                severity,
                says.format_map(names) + but_for(mostly),
                _BECAUSE[column].format_map(names) + (_OPEN if others else ""),
            )


def _others(once: int, records: int) -> float:
    """The share of the records of another dataset that may hold a name which these do not, by the names seen once.

    As many records hold a name that was never seen as hold one that is seen once (Good and Turing's estimate); with
    what chance does to 100 records. 0 where hardly any name is seen once: then these are all there are.
    """
    share = min(1.0, once / records)
    return min(1.0, share + share_by_chance(share, _TYPICAL, records)) if share > _STRAYS else 0.0


def _flags(frame: pd.DataFrame) -> Iterator[Clause]:
    for column in sorted(column for column in frame.columns if column.startswith(FLAG)):
        share = _yes(frame[column])
        code = column.removeprefix(FLAG)
        yield _share(column, share, len(frame), f"are such that {code} speaks of them", only_more=True)


def _copies(frame: pd.DataFrame) -> Clause:
    values = frame["copy"].dropna()
    return _share("copy", _yes(values), len(values), "are copies of earlier ones", only_more=True, slack=_STRAYS)


def _repeated(frame: pd.DataFrame) -> Iterator[Clause]:
    """Of answers that are no labels, how often one may be given: a generator that has lost its variety repeats one."""
    values = frame["answer"].dropna()
    if values.empty:
        return
    share = int(values.value_counts().iloc[0]) / len(values)
    yield Clause(
        "expect_most_frequent_to_stay",
        {"column": "answer", "share": round(share, 6), "slack": _SLACK, "records": len(values)},
        "warning",
        f"No answer is that of more than {percent(min(1.0, share + _SLACK))} of the records",
        f"In the good data the most frequent is that of {percent(share)}; {_SLACK:.0%} more is let pass, of few "
        "records what chance does.",
    )


def _habits(frame: pd.DataFrame) -> Iterator[Clause]:
    for habit, what in HABITS.items():
        values = frame[HABIT + habit].dropna()
        if values.empty:
            continue
        value = NONE if habit == "findings" else str(values.iloc[0])
        yield Clause(
            "expect_habit_to_stay",
            {"column": HABIT + habit, "value": value},
            "warning",
            f"As in the good data: {what}: {value}",
            "Rules that spoke of the good data as a whole may do so again."
            if habit == "findings"
            else "A habit that changes between two versions of a dataset is learned as noise.",
        )


def _yes(values: pd.Series[Any]) -> float:
    """The share of what says yes."""
    return float((values == YES).mean())


def figures(frame: pd.DataFrame) -> dict[str, dict[str, float]]:
    """What the good data are like, for who reads the contract: of each number the smallest, median and so on."""
    found = {}
    for column in _NUMBERS:
        values = frame[column].dropna()
        if not values.empty and values.any():
            found[column] = {
                "min": int(values.min()),
                "median": float(values.median()),
                "mean": round(float(values.mean()), 2),
                "p95": float(values.quantile(0.95)),
                "max": int(values.max()),
            }
    return found
