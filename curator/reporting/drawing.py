"""Charts as static SVG: Altair describes them, vl-convert draws them, and the page's style sheet gives the colours.

Nothing of a drawing acts: it is parsed again, and only shapes and words of it are kept. Its colours are names of the
page's variables, so that one drawing serves the light page, the dark one and the printed one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree as ET

import altair as alt
import vl_convert

from curator.binning import Bin

COLORS = {
    "#010101": "text", "#020202": "quiet", "#030303": "line", "#040404": "bar", "#050505": "error",
    "#060606": "warning", "#070707": "info", "#080808": "others", "#090909": "second", "#0a0a0a": "page",
}  # fmt: skip
"""What stands in a drawing for each variable of the page."""
_BY_NAME = {name: color for color, name in COLORS.items()}
_WIDTH = 430  # pixels of the plot itself; the page scales it
_HEIGHT = 190
_ROW = 21
_NAMES = 190  # pixels of the names of bars
_FONT = "Arial, 'Liberation Sans', Helvetica, sans-serif"  # as wide as the renderer takes its own to be
_SVG = "http://www.w3.org/2000/svg"
_KEPT = {"svg", "g", "path", "rect", "line", "text", "tspan", "defs", "clipPath", "circle", "title", "desc"}
_URL = re.compile(r"url\(#([\w-]+)\)")

ET.register_namespace("", _SVG)


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart, drawn."""

    name: str
    title: str
    svg: str
    """One `svg` element, safe to stand in a page."""
    wide: bool = False


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: its name, its parts from the left by the name of their colour, and what stands beside it."""

    name: str
    parts: Mapping[str, float]
    says: str


def bars(
    name: str, title: str, rows: Sequence[Bar], unit: str, legend: Mapping[str, str] | None = None,
    ticks: Sequence[int] | None = None,
) -> Chart | None:  # fmt: skip
    """Horizontal bars in the order of the rows; None for none. `legend` says what the colours mean."""
    if not rows:
        return None
    data: list[dict[str, Any]] = []
    names = _apart([row.name for row in rows])
    for shown, row in zip(names, rows, strict=True):
        left, total = 0.0, sum(row.parts.values())
        for kind, part in row.parts.items():
            says = row.says if left + part == total else ""
            data.append({"name": shown, "left": left, "right": left + part, "kind": kind, "says": says})
            left += part
    kinds = list(legend) if legend else sorted({kind for row in rows for kind in row.parts})
    most = max(item["right"] for item in data) or 1
    base = _chart(data).encode(
        y=alt.Y("name:N", title=None, sort=names, scale=alt.Scale(domain=names), axis=_names_axis()),
    )
    marks = base.mark_bar(cornerRadiusEnd=2, height=_ROW - 8).encode(
        x=alt.X("left:Q", title=unit, scale=alt.Scale(domain=[0, most * 1.28]), axis=_count_axis(most, ticks)),
        x2="right:Q",
        color=alt.Color(
            "kind:N",
            scale=alt.Scale(domain=kinds, range=[_BY_NAME[kind] for kind in kinds]),
            legend=alt.Legend(title=None, orient="top", labelExpr=_legend_words(legend)) if legend else None,
        ),
    )
    words = base.mark_text(align="left", dx=5, fontSize=11, color=_BY_NAME["quiet"]).encode(x="right:Q", text="says:N")
    return _draw(name, title, alt.layer(marks, words), _ROW * len(rows))


def histogram(
    name: str, title: str, bins: Sequence[Bin], logarithmic: bool, unit: str, limit: tuple[int, str] | None = None,
    count: str = "Records",
) -> Chart | None:  # fmt: skip
    """How many have how much, with a line where the limit is; None for nothing."""
    if not bins:
        return None
    least = 0.7  # where a logarithmic axis shows 0
    data: list[dict[str, Any]] = [
        {
            "left": max(item.low, least) if logarithmic else item.low - 0.5,
            "right": item.high + 1 if logarithmic else item.high + 0.5,
            "count": item.count,
            "zero": 0,
            "kind": "error" if limit and item.low > limit[0] else "bar",
        }
        for item in bins
    ]
    ends = [data[0]["left"], data[-1]["right"]]
    if limit:
        ends.append(limit[0] * 1.25 if logarithmic else limit[0] + 1)
    if not logarithmic:
        ends.append(min(ends) + 8)  # a few values do not make blocks
    scale = alt.Scale(type="log" if logarithmic else "linear", domain=[min(ends), max(ends)], nice=False, zero=False)
    axis = alt.Axis(format="~s" if logarithmic else ",d", tickCount=6, tickMinStep=1, grid=False)
    marks = (
        _chart(data)
        .mark_rect()
        .encode(
            x=alt.X("left:Q", title=unit, scale=scale, axis=axis),
            x2="right:Q",
            y=alt.Y("count:Q", title=count, axis=_count_axis(max(item["count"] for item in data))),
            y2="zero:Q",
            color=alt.Color("kind:N", legend=None, scale=_kinds(["bar", "error"])),
        )
    )
    layers: list[Any] = [marks]
    if limit:
        line: Any = _chart([{"at": limit[0] + (0 if logarithmic else 0.5), "says": limit[1]}])
        line = line.encode(x="at:Q")
        is_right = limit[0] > (min(ends) * max(ends)) ** 0.5 if logarithmic else limit[0] > (min(ends) + max(ends)) / 2
        layers.append(line.mark_rule(color=_BY_NAME["error"], strokeDash=[5, 3], strokeWidth=1.5))
        layers.append(
            line.mark_text(
                align="right" if is_right else "left", dx=-6 if is_right else 6, baseline="top", fontSize=11,
                color=_BY_NAME["error"],
            ).encode(text="says:N", y=alt.value(0))
        )  # fmt: skip
    return _draw(name, title, alt.layer(*layers), _HEIGHT)


def lines(
    name: str, title: str, times: Sequence[str], series: Mapping[str, tuple[str, Sequence[float | None]]], unit: str,
    top: float | None = None,
) -> Chart | None:  # fmt: skip
    """A line for each series (its words, and a value for each time); None where fewer than two values are known.

    Each axis begins at 0, so that a small change looks small; it ends at `top` where that is given.
    """
    shown = _apart(list(times))
    data: list[dict[str, Any]] = [
        {"time": time, "value": value, "kind": kind, "order": number}
        for kind, (_, values) in series.items()
        for number, (time, value) in enumerate(zip(shown, values, strict=True))
        if value is not None
    ]
    if len({item["time"] for item in data}) < 2:
        return None
    most = top or max(1, *(item["value"] for item in data))
    base = _chart(data).encode(
        x=alt.X(
            "time:O", title="Last run (UTC) · content", sort=shown, scale=alt.Scale(domain=shown),
            axis=alt.Axis(labelAngle=-35, labelLimit=160, labelOverlap=True, grid=False),
        ),
        y=alt.Y(
            "value:Q", title=unit, scale=alt.Scale(domain=[0, most], nice=True),
            axis=alt.Axis(format="~g" if top else ",d", tickCount=5 if top else _ticks(most)),
        ),
        color=alt.Color(
            "kind:N", scale=_kinds(list(series)),
            legend=alt.Legend(title=None, orient="top", labelExpr=_legend_words({k: w for k, (w, _) in series.items()}))
            if len(series) > 1
            else None,
        ),
        order="order:Q",
    )  # fmt: skip
    return _draw(
        name, title, alt.layer(base.mark_line(strokeWidth=2), base.mark_point(filled=True, size=45, opacity=1)), _HEIGHT
    )


def _chart(rows: list[dict[str, Any]]) -> alt.Chart:
    return alt.Chart(alt.InlineData(values=rows))


def _kinds(kinds: list[str]) -> alt.Scale:
    return alt.Scale(domain=kinds, range=[_BY_NAME[kind] for kind in kinds])


def _legend_words(words: Mapping[str, str] | None) -> str:
    """An expression of ours: no text of the data is ever in one."""
    pairs = ", ".join(f"'{kind}': '{text}'" for kind, text in (words or {}).items())
    return f"({{{pairs}}})[datum.label]"


def _names_axis() -> alt.Axis:
    return alt.Axis(labelLimit=_NAMES, labelOverlap=False, ticks=False, domain=False, grid=False, labelPadding=6)


def _count_axis(most: float, ticks: Sequence[int] | None = None) -> alt.Axis:
    form = "~s" if most >= 10_000 else ",d"
    return alt.Axis(format=form, tickCount=_ticks(most)) if ticks is None else alt.Axis(format=form, values=ticks)


def _ticks(most: float) -> int:
    """How many ticks an axis may have whose numbers are whole: more would stand between them."""
    return max(1, min(5, int(most)))


def _apart(names: Sequence[str]) -> list[str]:
    """The names, each another: two that look alike stay two."""
    seen: dict[str, int] = {}
    found = []
    for name in names:
        again = seen[name] = seen.get(name, 0) + 1
        found.append(name if again == 1 else f"{name} ({again})")
    return found


def _draw(name: str, title: str, chart: Any, height: int) -> Chart:
    text, quiet, line = _BY_NAME["text"], _BY_NAME["quiet"], _BY_NAME["line"]
    styled = (
        chart.properties(
            width=_WIDTH,
            height=height,
            background="transparent",
            title=alt.TitleParams(title, anchor="start", fontSize=14, fontWeight=600, color=text, offset=10),
        )
        .configure(font=_FONT)
        .configure_view(stroke=None)
        .configure_axis(
            labelColor=quiet, titleColor=quiet, gridColor=line, domainColor=line, tickColor=line, labelFontSize=11,
            titleFontSize=11, titleFontWeight="normal",
        )
        .configure_legend(labelColor=quiet, labelFontSize=11)
    )  # fmt: skip
    spec: dict[str, Any] = styled.to_dict()
    return Chart(name, title, cleaned(vl_convert.vegalite_to_svg(spec), name, title))


def cleaned(svg: str, name: str, title: str) -> str:
    """The drawing as an element of a page: shapes and words alone, its ids its own, its colours the page's."""
    root = ET.fromstring(svg)
    _clean(root, name)
    root.set("role", "img")
    root.set("aria-label", title)
    width, height = float(root.get("width", "0")), float(root.get("height", "0"))
    root.attrib.pop("class", None)
    root.set("style", f"max-width:{width:.0f}px")
    root.set("viewBox", f"0 0 {width:.0f} {height:.0f}")
    del root.attrib["width"], root.attrib["height"]
    return ET.tostring(root, encoding="unicode")


def _clean(element: ET.Element, name: str) -> None:
    for key, value in list(element.attrib.items()):
        plain = key.rpartition("}")[2]
        if plain.startswith("on") or plain == "href" or plain.startswith("aria-"):
            del element.attrib[key]
        elif plain == "id":
            element.set(key, f"{name}-{value}")
        elif plain in ("fill", "stroke") and value.lower() in COLORS:
            element.set(key, f"var(--{COLORS[value.lower()]})")
        elif "url(" in value:
            element.set(key, _URL.sub(rf"url(#{name}-\1)", value) if _URL.fullmatch(value) else "none")
    for child in list(element):
        if child.tag.rpartition("}")[2] in _KEPT and child.tag.startswith(f"{{{_SVG}}}"):
            _clean(child, name)
        else:
            element.remove(child)
