"""Records by a number, in bins, with a limit drawn in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import altair as alt
import pandas as pd

from curator.binning import binned
from curator.reporters.text import counted
from curator.review.charts.drawn import COLORS, Drawn
from curator.review.states import Filter

_LEAST = 8  # values of an even axis
_HEIGHT = 260


def histogram(
    name: Literal["tokens", "turns"], counts: Mapping[int, int], limit: int | None, title: str, unit: str
) -> Drawn | None:
    """Records by a number of `unit`s, each bar a filter of that name; None where there are none."""
    limit = limit or None
    binned_counts, is_log = binned(counts, limit)
    found = [(bin.low, bin.high, bin.count) for bin in binned_counts]
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
