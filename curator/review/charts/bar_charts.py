"""Bars by name: how they are drawn, and that names from the data stay short and visible."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import altair as alt
import pandas as pd

from curator.reporters.text import visible
from curator.review import views
from curator.review.charts.drawn import COLORS, Drawn
from curator.review.states import Filter

SHOWN = 30
"""Bars; the rest is one bar more."""
_QUIET = "#7F8490"
_NAME = 40  # code points of a name
_LONGEST = 8_000  # characters of the address that a filter stands in: what browsers and servers take
_ROW = 22  # pixels of a bar with its gap
_LETTER = 6.5  # pixels of a letter beside a bar, and
_NARROW = 150  # of the longest bar in a narrow window
_AXIS = 78  # pixels below the bars: the height of a chart has its axes in it

_FilterOf = Callable[[tuple[str, ...]], Filter | None]


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar, with the words beside it."""

    name: str
    parts: Mapping[str, int]
    """Of the bar, from the left, by their kind, which gives the colour."""
    says: str
    """Beside the bar."""
    filter: Filter | None = None


def named(
    name: str, counts: Mapping[str, int], axis: str, unit: str, several: str, filter_of: _FilterOf
) -> Drawn | None:
    """Bars by how often each name occurs, the most frequent first, the rare ones together; None for no names."""
    ordered = sorted(((n, value) for value, n in counts.items() if n), key=lambda item: (-item[0], item[1]))
    whole = sum(n for n, _ in ordered)
    bars = [Bar(shown(value), {"info": n}, part(n, whole), filter_of((value,))) for n, value in ordered[:SHOWN]]
    if rest := ordered[SHOWN:]:
        n = sum(n for n, _ in rest)
        few = filter_of(tuple(value for _, value in rest[: _LONGEST + 1]))  # more are too many anyway
        bars.append(Bar(f"{len(rest):,} other {several}", {"others": n}, part(n, whole), few))
    return bars_of(name, bars, axis, unit)


def shown(name: str) -> str:
    """A name from the data for a chart: short, and with what cannot be seen spelled out."""
    inner = name[: _NAME + 1].strip(" ")
    if not inner:
        return "(empty)" if not name else "␣" * min(len(name), _NAME)
    before = len(name) - len(name.lstrip(" "))
    after = len(name) - len(name.rstrip(" "))
    text = visible("␣" * min(before, _NAME) + name.strip(" ")[:_NAME] + "␣" * min(after, _NAME))
    return text if len(text) <= _NAME and len(name) <= _NAME else text[: _NAME - 1] + "…"


def bars_of(name: str, bars: Sequence[Bar], axis: str, unit: str, *, by_severity: bool = False) -> Drawn | None:
    """The bars, from the top; None where there are none."""
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
        height=_ROW * len(bars) + _AXIS, background="transparent", padding={"left": 5, "top": 5, "right": _beside(bars)}
    )
    return Drawn(name, layers, tuple(bar.filter if _fits(bar.filter) else None for bar in bars))


def _beside(bars: Sequence[Bar]) -> int:
    """Pixels on the right for the words beside the bars: what is beyond the chart would be cut off."""
    most = max(sum(bar.parts.values()) for bar in bars)
    free = ((1 - sum(bar.parts.values()) / most) * _NARROW for bar in bars)
    return max(5, *(round(_LETTER * len(bar.says) - room) for bar, room in zip(bars, free, strict=True)))


def _fits(shown: Filter | None) -> bool:
    """Whether an address can hold the filter."""
    return shown is None or len(views.address(shown)) <= _LONGEST


def _parts(bar: Bar, row: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """A row of data for each part of the bar; the last one bears the words."""
    left, total = 0, sum(bar.parts.values())
    for kind, count in bar.parts.items():
        right = left + count
        says = bar.says if right == total else ""
        yield {**row, "count": count, "left": left, "right": right, "total": total, "says": says, "kind": kind}
        left = right


def part(count: int, whole: int) -> str:
    """A count and its share of the whole."""
    return f"{count:,} · {100 * count / whole:.1f}%"
