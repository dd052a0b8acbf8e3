"""The charts of the Overview, and the filter that each of their bars stands for.

Names from the data are only ever values: the fields have fixed names, nothing from the data is an expression, and
what the browser sends back is the number of a bar.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from curator.reporters.text import counted
from curator.review.charts.bar_charts import SHOWN, Bar, bars_of, named, part
from curator.review.charts.drawn import COLORS, Drawn
from curator.review.charts.histograms import histogram
from curator.review.states import Filter

_LOOKED_FOR = 200  # code points of a name that are looked for in the texts


@dataclass(frozen=True, slots=True)
class RuleCount:
    """What a rule found."""

    code: str
    name: str
    found: Mapping[str, int]
    """Findings by severity."""

    @property
    def findings(self) -> int:
        """All of them."""
        return sum(self.found.values())

    @property
    def worst(self) -> int:
        """The place of the worst severity among COLORS."""
        return min(place for place, level in enumerate(COLORS) if self.found.get(level))


@dataclass(frozen=True, slots=True)
class ClusterCount:
    """The clusters that a rule found."""

    code: str
    name: str
    clusters: int
    records: int


def findings(rows: Iterable[RuleCount]) -> Drawn | None:
    """Findings by rule and severity, the rule with the worst first; None where there are none."""
    known = sorted((row for row in rows if row.findings), key=lambda row: (row.worst, -row.findings, row.code))
    bars = [
        Bar(f"{r.code} {r.name}", _by_severity(r.found), _severities(r.found), Filter(codes=(r.code,)))
        for r in known[:SHOWN]
    ]
    if rest := known[SHOWN:]:
        found, codes = sum((Counter(r.found) for r in rest), Counter()), tuple(r.code for r in rest)
        bars.append(Bar(f"{len(rest)} other rules", _by_severity(found), _severities(found), Filter(codes=codes)))
    return bars_of("findings", bars, "Rule", "Findings", by_severity=True)


def _by_severity(found: Mapping[str, int]) -> dict[str, int]:
    """The worst first."""
    return {level: found[level] for level in COLORS if found.get(level)}


def _severities(found: Mapping[str, int]) -> str:
    several = _by_severity(found)
    if len(several) == 1:
        return f"{sum(several.values()):,} · {next(iter(several))}"
    return f"{sum(several.values()):,} · {', '.join(f'{count:,} {level}' for level, count in several.items())}"


def labels(counts: Mapping[str, int]) -> Drawn | None:
    """Records by label, the most frequent first, the rare ones together; None where there are none."""
    return named("labels", counts, "Label", "Records", "labels", lambda names: Filter(labels=names))


def tools(calls: Mapping[str, int]) -> Drawn | None:
    """Calls by function, the most frequent first. A bar's filter looks for the function's name in the texts."""
    return named(
        "tools",
        calls,
        "Function",
        "Calls",
        "functions",
        lambda names: Filter(text=names[0][:_LOOKED_FOR]) if len(names) == 1 and names[0] else None,
    )


def splits(records: Mapping[str, int]) -> Drawn | None:
    """Records by split, in their order."""
    whole = sum(records.values())
    bars = [Bar(name, {"info": n}, part(n, whole), Filter(splits=(name,))) for name, n in records.items() if n]
    return bars_of("splits", bars, "Split", "Records")


def clusters(rows: Iterable[ClusterCount]) -> Drawn | None:
    """Records in clusters (copies, contradictory answers, spellings of a label) by the rule that found them."""
    known = sorted((row for row in rows if row.records), key=lambda row: (-row.records, row.code))
    bars = [
        Bar(
            f"{r.code} {r.name}",
            {"info": r.records},
            f"{r.records:,} in {counted(r.clusters, 'cluster')}",
            Filter(codes=(r.code,)),
        )
        for r in known[:SHOWN]
    ]
    return bars_of("clusters", bars, "Rule", "Records in clusters")


def tokens(counts: Mapping[int, int], limit: int | None) -> Drawn | None:
    """Records by their number of tokens, with the limit drawn in; None where nothing was counted."""
    return histogram("tokens", counts, limit, "Tokens per record", "token")


def turns(counts: Mapping[int, int]) -> Drawn | None:
    """Records by their number of turns; None where there are none."""
    return histogram("turns", counts, None, "Turns per record", "turn")


def chosen(event: Any, drawn: Drawn) -> Filter | None:
    """The filter of the bars that were clicked, from what `st.altair_chart` returns; None for none."""
    try:
        points = event["selection"][drawn.name]
        numbers = sorted({int(point["bar"]) for point in points})
    except (KeyError, TypeError, ValueError):  # nothing was clicked yet
        return None
    known = [drawn.filters[number] for number in numbers if 0 <= number < len(drawn.filters)]
    return _together([filter for filter in known if filter is not None])


def _together(filters: Sequence[Filter]) -> Filter | None:
    """What any of the filters leaves; of ranges the whole span, of texts the first: a filter has only one."""
    if not filters:
        return None
    joined: dict[str, Any] = {}
    for name in (field.name for field in fields(Filter)):
        values = [getattr(filter, name) for filter in filters]
        if name in ("tokens", "turns"):
            spans = [span for span in values if span]
            joined[name] = (min(a for a, _ in spans), max(b for _, b in spans)) if spans else None
        elif isinstance(values[0], tuple):
            joined[name] = tuple(dict.fromkeys(item for value in values for item in value))
        else:
            joined[name] = values[0]
    return Filter(**joined)
