"""Records by a number, in bins, with a limit drawn in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import altair as alt
import pandas as pd

from curator.review.charts.drawn import COLORS, Drawn, counted
from curator.review.states import Filter

_BINS = 40
_LEAST = 8  # values of an even axis
_HEIGHT = 260
_DECADES = 100.0  # a span of that many times its beginning is drawn on a logarithmic axis


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


def histogram(
    name: Literal["tokens", "turns"], counts: Mapping[int, int], limit: int | None, title: str, unit: str
) -> Drawn | None:
    """Records by a number of `unit`s, each bar a filter of that name; None where there are none."""
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
            "range": counted(low, unit) if low == high else f"{low:,} to {high:,} {unit}s",
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
    kinds, colors = ["within the limit", "over the limit"], [COLORS["info"], COLORS["error"]]
    marks = (
        alt.Chart(pd.DataFrame(rows))
        .mark_rect(x2Offset=-1, cursor="pointer")
        .encode(
            x=alt.X("left:Q", title=title, scale=scale, axis=axis),
            x2="right:Q",
            y=alt.Y("count:Q", title="Records", axis=alt.Axis(format=",d", tickMinStep=1, tickCount=5)),
            y2=alt.datum(0),
            opacity=alt.condition(clicked, alt.value(1.0), alt.value(0.35)),
            color=alt.Color("kind:N", legend=None, scale=alt.Scale(domain=kinds, range=colors)),
            tooltip=[
                alt.Tooltip("range:N", title=title),
                alt.Tooltip("count:Q", title="Records", format=",d"),
                *([alt.Tooltip("kind:N", title="Limit")] if limit else []),
            ],
        )
        .add_params(clicked)
    )
    over = sum(row["count"] for row in rows if row["kind"] == kinds[1])
    says = f"limit: {counted(limit, unit)}" + (f" · {counted(over, 'record')} over" if over else "") if limit else ""
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
