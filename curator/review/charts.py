"""The charts of the Overview, and the filter that each of their bars stands for.

Names from the data are only ever values: the fields have fixed names, nothing from the data is an expression, and
what the browser sends back is the number of a bar.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass, fields
from typing import Any, Literal

import altair as alt
import pandas as pd

from curator.reporters.text import visible
from curator.review import views
from curator.review.states import Filter
from curator.review.style import PALETTE

COLORS = {"error": "#CC3366", "warning": "#B88600", "info": "#3F83C4"}
"""By severity; 3:1 at least on white and on Streamlit's dark page, and told apart by colour-blind readers, too."""
_PLAIN, _QUIET = COLORS["info"], "#7F8490"
_SHOWN = 30  # bars; the rest is one bar more
_NAME = 40  # code points of a name
_BINS = 40
_LEAST = 8  # values of an even axis
_LONGEST = 8_000  # characters of the address that a filter stands in: what browsers and servers take
_LOOKED_FOR = 200  # code points of a name that are looked for in the texts
_ROW = 22  # pixels of a bar with its gap
_AXIS = 78  # pixels below the bars: the height of a chart has its axes in it
_HEIGHT = 260
_DECADES = 100.0  # a span of that many times its beginning is drawn on a logarithmic axis


@dataclass(frozen=True, slots=True)
class Drawn:
    """A chart, and what its bars stand for."""

    name: str
    """Of the chart and of its selection."""
    chart: alt.LayerChart | alt.FacetChart
    filters: tuple[Filter | None, ...]
    """By the number of the bar; None for one that is no filter."""

    def themed(self, dark: bool) -> alt.LayerChart | alt.FacetChart:
        """The chart with its words in a colour for the page's background; Streamlit cares for the axes alone."""
        themed: alt.LayerChart | alt.FacetChart = self.chart.configure_text(color=PALETTE["quiet"][dark])
        return themed

    @property
    def key(self) -> str:
        """For `st.altair_chart`: another one where the bars are others, so that no old click is taken for a new bar."""
        bars = repr([filter and astuple(filter) for filter in self.filters])
        return f"{self.name}-{hashlib.blake2b(bars.encode('utf-8', 'backslashreplace'), digest_size=6).hexdigest()}"


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
        _Bar(f"{r.code} {r.name}", _by_severity(r.found), _severities(r.found), Filter(codes=(r.code,)))
        for r in known[:_SHOWN]
    ]
    if rest := known[_SHOWN:]:
        found, codes = sum((Counter(r.found) for r in rest), Counter()), tuple(r.code for r in rest)
        bars.append(_Bar(f"{len(rest)} other rules", _by_severity(found), _severities(found), Filter(codes=codes)))
    return _bars("findings", bars, "Rule", "Findings", by_severity=True)


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
    return _named("labels", counts, "Label", "Records", "labels", lambda names: Filter(labels=names))


def tools(calls: Mapping[str, int]) -> Drawn | None:
    """Calls by function, the most frequent first. A bar's filter looks for the function's name in the texts."""
    return _named(
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
    bars = [_Bar(name, {"info": n}, _part(n, whole), Filter(splits=(name,))) for name, n in records.items() if n]
    return _bars("splits", bars, "Split", "Records")


def clusters(rows: Iterable[ClusterCount]) -> Drawn | None:
    """Records in clusters (copies, contradictory answers, spellings of a label) by the rule that found them."""
    known = sorted((row for row in rows if row.records), key=lambda row: (-row.records, row.code))
    bars = [
        _Bar(
            f"{r.code} {r.name}",
            {"info": r.records},
            f"{r.records:,} in {_number(r.clusters, 'cluster')}",
            Filter(codes=(r.code,)),
        )
        for r in known[:_SHOWN]
    ]
    return _bars("clusters", bars, "Rule", "Records in clusters")


def tokens(counts: Mapping[int, int], limit: int | None) -> Drawn | None:
    """Records by their number of tokens, with the limit drawn in; None where nothing was counted."""
    return _histogram("tokens", counts, limit, "Tokens per record", "token")


def turns(counts: Mapping[int, int]) -> Drawn | None:
    """Records by their number of turns; None where there are none."""
    return _histogram("turns", counts, None, "Turns per record", "turn")


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


# --- bars by name -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Bar:
    name: str
    parts: Mapping[str, int]
    """Of the bar, from the left, by their kind, which gives the colour."""
    says: str
    """Beside the bar."""
    filter: Filter | None = None


def _named(name: str, counts: Mapping[str, int], axis: str, unit: str, several: str, filter_of: Any) -> Drawn | None:
    ordered = sorted(((n, value) for value, n in counts.items() if n), key=lambda item: (-item[0], item[1]))
    whole = sum(n for n, _ in ordered)
    bars = [_Bar(shown(value), {"info": n}, _part(n, whole), filter_of((value,))) for n, value in ordered[:_SHOWN]]
    if rest := ordered[_SHOWN:]:
        n = sum(n for n, _ in rest)
        few = filter_of(tuple(value for _, value in rest[: _LONGEST + 1]))  # more are too many anyway
        bars.append(_Bar(f"{len(rest):,} other {several}", {"others": n}, _part(n, whole), few))
    return _bars(name, bars, axis, unit)


def shown(name: str) -> str:
    """A name from the data for a chart: short, and with what cannot be seen spelled out."""
    inner = name[: _NAME + 1].strip(" ")
    if not inner:
        return "(empty)" if not name else "␣" * min(len(name), _NAME)
    before = len(name) - len(name.lstrip(" "))
    after = len(name) - len(name.rstrip(" "))
    text = visible("␣" * min(before, _NAME) + name.strip(" ")[:_NAME] + "␣" * min(after, _NAME))
    return text if len(text) <= _NAME and len(name) <= _NAME else text[: _NAME - 1] + "…"


def _bars(name: str, bars: Sequence[_Bar], axis: str, unit: str, *, by_severity: bool = False) -> Drawn | None:
    if not bars:
        return None
    seen: dict[str, int] = {}
    rows: list[dict[str, Any]] = []
    for number, bar in enumerate(bars):
        again = seen[bar.name] = seen.get(bar.name, 0) + 1  # two names may look alike; they stay two bars
        shown_as = bar.name if again == 1 else f"{bar.name} ({again})"
        rows += _parts(bar, {"bar": number, "name": shown_as})
    clicked = alt.selection_point(name=name, fields=["bar"])
    base = alt.Chart(pd.DataFrame(rows)).encode(
        x=alt.X(
            "left:Q", title=unit, axis=alt.Axis(format=",d", tickMinStep=1, tickCount=5), scale=alt.Scale(domainMin=0)
        ),
        y=alt.Y(
            "name:N",
            title=None,
            sort=None,
            axis=alt.Axis(labelLimit=280, labelOverlap=False, ticks=False, domain=False),
        ),
        tooltip=[
            alt.Tooltip("name:N", title=axis),
            alt.Tooltip("count:Q", title=unit, format=",d"),
            *([alt.Tooltip("kind:N", title="Severity")] if by_severity else []),
        ],
    )
    kinds = {**COLORS, "others": _QUIET}
    marks = base.mark_bar(cornerRadiusEnd=2, height=_ROW - 8, cursor="pointer").encode(
        x2="right:Q",
        color=alt.Color("kind:N", legend=None, scale=alt.Scale(domain=list(kinds), range=list(kinds.values()))),
        opacity=alt.condition(clicked, alt.value(1.0), alt.value(0.35)),
    )
    words = base.mark_text(align="left", dx=5, fontSize=12).encode(x="right:Q", text="says:N")
    layers = alt.layer(marks.add_params(clicked), words).properties(
        height=_ROW * len(bars) + _AXIS, background="transparent"
    )
    return Drawn(name, layers, tuple(bar.filter if _fits(bar.filter) else None for bar in bars))


def _fits(shown: Filter | None) -> bool:
    """Whether an address can hold the filter."""
    return shown is None or len(views.address(shown)) <= _LONGEST


def _parts(bar: _Bar, row: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """A row of data for each part of the bar; the last one bears the words."""
    left, total = 0, sum(bar.parts.values())
    for kind, count in bar.parts.items():
        right = left + count
        says = bar.says if right == total else ""
        yield {**row, "count": count, "left": left, "right": right, "total": total, "says": says, "kind": kind}
        left = right


def _part(count: int, whole: int) -> str:
    return f"{count:,} · {100 * count / whole:.1f}%"


def _number(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


# --- histograms ---------------------------------------------------------------------------------


def bins(counts: Mapping[int, int], limit: int | None = None) -> tuple[list[tuple[int, int, int]], bool]:
    """(least, most, records) for each bin that is not empty, ends included, and whether the bins are logarithmic.

    No bin reaches across the limit. Logarithmic is what spans two powers of ten, the limit included.
    """
    known = {value: n for value, n in counts.items() if n > 0 and value >= 0}
    if not known:
        return [], False
    first, last = min(known), max(known)
    is_log = max(last, limit or 0) / max(min((v for v in known if v), default=1), 1) >= _DECADES
    edges = _log_edges(last) if is_log else _even_edges(first, last)
    if limit is not None and edges[0] <= limit < last:
        edges = sorted({*edges, limit + 1})
    found: dict[int, int] = {}
    index = 0
    for value in sorted(known):
        while index + 1 < len(edges) and edges[index + 1] <= value:
            index += 1
        found[index] = found.get(index, 0) + known[value]
    return [(edges[index], edges[index + 1] - 1, n) for index, n in found.items()], is_log


def _even_edges(first: int, last: int) -> list[int]:
    step, shape = 1, 0
    while (last // step) - (first // step) + 1 > _BINS:
        shape += 1
        step = (1, 2, 5)[shape % 3] * 10 ** (shape // 3)
    return list(range(first // step * step, last + step + 1, step))


def _log_edges(last: int) -> list[int]:
    edges = [0, 1]
    power = 0
    while edges[-1] <= last:
        power += 1
        edge = round(10 ** (power / 10))
        if edge > edges[-1]:
            edges.append(edge)
    return edges


def _histogram(
    name: Literal["tokens", "turns"], counts: Mapping[int, int], limit: int | None, title: str, unit: str
) -> Drawn | None:
    limit = limit or None
    found, is_log = bins(counts, limit)
    if not found:
        return None
    least = 0.7  # where a logarithmic axis shows 0
    rows: list[dict[str, Any]] = [
        {
            "bar": number,
            "left": max(low, least) if is_log else low - 0.5,
            "right": high + 1 if is_log else high + 0.5,
            "count": n,
            "range": _number(low, unit) if low == high else f"{low:,} to {high:,} {unit}s",
            "kind": "over the limit" if limit is not None and low > limit else "within the limit",
        }
        for number, (low, high, n) in enumerate(found)
    ]
    ends = [rows[0]["left"], rows[-1]["right"], *([limit * 1.05 if is_log else limit + 0.5] if limit else [])]
    if not is_log:  # a few values do not make blocks
        ends.append(min(ends) + _LEAST)
    scale = alt.Scale(type="log" if is_log else "linear", domain=[min(ends), max(ends)], nice=False, zero=False)
    axis = alt.Axis(format="~s" if is_log else ",d", tickCount=6, tickMinStep=1, grid=False)
    clicked = alt.selection_point(name=name, fields=["bar"])
    kinds = ["within the limit", "over the limit"]
    marks = (
        alt.Chart(pd.DataFrame(rows))
        .mark_rect(x2Offset=-1, cursor="pointer")
        .encode(
            x=alt.X("left:Q", title=title, scale=scale, axis=axis),
            x2="right:Q",
            y=alt.Y("count:Q", title="Records", axis=alt.Axis(format=",d", tickMinStep=1, tickCount=5)),
            y2=alt.datum(0),
            opacity=alt.condition(clicked, alt.value(1.0), alt.value(0.35)),
            color=alt.Color("kind:N", legend=None, scale=alt.Scale(domain=kinds, range=[_PLAIN, COLORS["error"]])),
            tooltip=[
                alt.Tooltip("range:N", title=title),
                alt.Tooltip("count:Q", title="Records", format=",d"),
                *([alt.Tooltip("kind:N", title="Limit")] if limit else []),
            ],
        )
        .add_params(clicked)
    )
    over = sum(row["count"] for row in rows if row["kind"] == kinds[1])
    says = f"limit: {_number(limit, unit)}" + (f" · {_number(over, 'record')} over" if over else "") if limit else ""
    layers = alt.layer(marks, *(_limit(limit, says, ends, is_log) if limit else ()))
    filters = tuple(Filter(tokens=(a, b)) if name == "tokens" else Filter(turns=(a, b)) for a, b, _ in found)
    return Drawn(name, layers.properties(height=_HEIGHT, background="transparent"), filters)


def _limit(limit: int, says: str, ends: Sequence[float], is_log: bool) -> tuple[alt.Chart, alt.Chart]:
    """The line of the limit, and its words on the side that has room."""
    at = limit + (0 if is_log else 0.5)
    base = alt.Chart(pd.DataFrame([{"at": at, "says": says}])).encode(x="at:Q")
    is_right = at > (min(ends) * max(ends)) ** 0.5 if is_log else at > (min(ends) + max(ends)) / 2
    line = base.mark_rule(color=COLORS["error"], strokeDash=[5, 3], strokeWidth=1.5)
    words = base.mark_text(
        align="right" if is_right else "left", dx=-6 if is_right else 6, baseline="top", fontSize=12
    ).encode(text="says:N", y=alt.value(2))
    return line, words
