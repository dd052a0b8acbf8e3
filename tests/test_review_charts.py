"""The charts: what they show, what a click means, and that names from the data stay values."""

from __future__ import annotations

import json
import time
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curator.binning import binned
from curator.review import views
from curator.review.charts import overview as charts
from curator.review.charts.drawn import COLORS, Drawn
from curator.review.charts.overview import ClusterCount, RuleCount, chosen
from curator.review.rendering.style import PAGE
from curator.review.states import Filter

HOSTILE = [
    "a.b[0]",
    "datum.x",
    "<script>alert(1)</script>",
    "\u202edne\x00",
    "\ud800",
    "x" * 1_000_000,
    "",
    " a",
    "a",
    "a ",
]


def spec(drawn: Drawn | None) -> dict[str, Any]:
    assert drawn is not None
    found: dict[str, Any] = drawn.themed(True).to_dict()  # validates, too
    return found


def rows(drawn: Drawn | None) -> list[dict[str, Any]]:
    found = spec(drawn)
    of_layer = found["layer"][0].get("data", found.get("data"))
    return list(found["datasets"][of_layer["name"]])


def click(drawn: Drawn, *numbers: int) -> Filter | None:
    return chosen({"selection": {drawn.name: [{"bar": number} for number in numbers]}}, drawn)


def test_without_data_there_is_no_chart() -> None:
    assert charts.findings([]) is charts.clusters([]) is None
    assert charts.labels({}) is charts.tools({}) is charts.splits({"train": 0}) is None
    assert charts.tokens({}, 100) is charts.turns({}) is None


def test_findings_stand_by_severity_and_number_and_name_both() -> None:
    counts = [RuleCount("A", "a", {"info": 9}), RuleCount("B", "b", {"error": 1}), RuleCount("C", "c", {"error": 4})]
    drawn = charts.findings(counts)
    assert [(row["name"], row["says"]) for row in rows(drawn)] == [
        ("C c", "4 · error"), ("B b", "1 · error"), ("A a", "9 · info"),
    ]  # fmt: skip
    assert drawn is not None
    assert click(drawn, 1) == Filter(codes=("B",))
    assert click(drawn, 2, 0) == Filter(codes=("C", "A"))


def test_a_rule_with_two_severities_is_one_bar_of_two_parts_that_add_up() -> None:
    mixed, mild = RuleCount("A", "a", {"info": 2, "error": 1}), RuleCount("B", "b", {"warning": 9, "error": 0})
    drawn = charts.findings([mild, mixed])
    assert [(r["bar"], r["kind"], r["left"], r["right"], r["total"], r["says"]) for r in rows(drawn)] == [
        (0, "error", 0, 1, 3, ""), (0, "info", 1, 3, 3, "3 · 1 error, 2 info"), (1, "warning", 0, 9, 9, "9 · warning"),
    ]  # fmt: skip
    assert drawn is not None
    assert click(drawn, 0) == Filter(codes=("A",))
    assert len(drawn.filters) == 2
    many = charts.findings([RuleCount(f"R{n:02}", "", {"error": 1, "info": n}) for n in range(40)])
    assert rows(many)[-1]["says"] == "55 · 10 error, 45 info"


@pytest.mark.parametrize(
    "event",
    [None, {}, {"selection": {}}, {"selection": {"labels": []}}, {"selection": {"labels": [{"bar": "x"}]}},
     {"selection": {"labels": [{"bar": 99}, {"bar": -1}]}}, {"selection": {"other": [{"bar": 0}]}}],
)  # fmt: skip
def test_what_is_no_click_is_no_filter(event: Any) -> None:
    drawn = charts.labels({"a": 1})
    assert drawn is not None
    assert chosen(event, drawn) is None


def test_there_is_room_for_the_words_beside_the_longest_bar() -> None:
    longest = charts.findings(
        [RuleCount("A001", "a", {"error": 9_000, "warning": 700}), RuleCount("B001", "b", {"info": 1})]
    )
    assert spec(longest)["padding"]["right"] > 6 * len("9,700 · 9,000 error, 700 warning")
    short = charts.splits({"train": 90})
    assert spec(short)["padding"]["right"] < 80


def test_thousands_of_labels_are_thirty_bars_and_one() -> None:
    counts = {f"label {n}": 10_000 - n for n in range(5_000)}
    began = time.process_time()  # others may keep the machine busy
    drawn = charts.labels(counts)
    assert len(rows(drawn)) == 31
    assert time.process_time() - began < 2
    assert rows(drawn)[-1]["name"] == "4,970 other labels"
    assert sum(row["count"] for row in rows(drawn)) == sum(counts.values())
    assert drawn is not None
    assert click(drawn, 30) is None  # too many for an address
    few = charts.labels({f"label {n}": 100 - n for n in range(33)})
    assert few is not None
    assert click(few, 30) == Filter(labels=("label 30", "label 31", "label 32"))


def test_hostile_names_are_values_only_and_filter_for_what_they_are() -> None:
    drawn = charts.labels({name: 100 - n for n, name in enumerate(HOSTILE)})
    names = [row["name"] for row in rows(drawn)]
    assert all(len(name) <= 44 and name.isprintable() for name in names)
    assert len(set(names)) == len(HOSTILE)
    assert names[-3:] == ["␣a", "a", "a␣"]
    assert drawn is not None
    fitting = [None if len(name) > 1000 else Filter(labels=(name,)) for name in HOSTILE]  # into an address
    assert [click(drawn, n) for n in range(len(HOSTILE))] == fitting
    whole = spec(drawn)
    del whole["datasets"]
    assert not any(name and name in json.dumps(whole) for name in ("a.b[0]", "datum", "script", "dne"))
    json.dumps(spec(drawn)).encode()


def test_tools_splits_and_clusters() -> None:
    tools, splits = charts.tools({"search": 3, "$ref": 1}), charts.splits({"train": 90, "validation": 10})
    clusters = charts.clusters([ClusterCount("DUP001", "duplicate-record", 1, 2)])
    assert tools is not None
    assert click(tools, 1) == Filter(text="$ref")
    assert [row["says"] for row in rows(splits)] == ["90 · 90.0%", "10 · 10.0%"]
    assert splits is not None
    assert click(splits, 1) == Filter(splits=("validation",))
    assert rows(clusters)[0]["says"] == "2 in 1 cluster"


def test_the_limit_is_drawn_in_and_parts_the_bars() -> None:
    drawn = charts.tokens(dict.fromkeys(range(0, 5_000, 7), 1), 4_096)
    assert drawn is not None
    over = len([n for n in range(0, 5_000, 7) if n > 4_096])
    assert f"limit: 4,096 tokens · {over} records over" in json.dumps(spec(drawn), ensure_ascii=False)
    for row, filter in zip(rows(drawn), drawn.filters, strict=True):
        assert filter is not None
        assert filter.tokens is not None
        low, high = filter.tokens
        assert (row["kind"] == "over the limit") == (low > 4_096)
        assert low > 4_096 or high <= 4_096
    assert click(drawn, 0, 2) == Filter(tokens=(0, drawn.filters[2].tokens[1]))  # type: ignore[index, union-attr]


def test_a_limit_far_away_makes_the_axis_logarithmic() -> None:
    assert spec(charts.tokens({20: 1, 300: 2}, 65_536))["layer"][0]["encoding"]["x"]["scale"]["type"] == "log"
    assert spec(charts.tokens({20: 1, 300: 2}, 512))["layer"][0]["encoding"]["x"]["scale"]["type"] == "linear"


def test_turns_are_filters() -> None:
    drawn = charts.turns({2: 9, 4: 1})
    assert drawn is not None
    assert click(drawn, 0) == Filter(turns=(2, 2))
    assert click(drawn, 0, 1) == Filter(turns=(2, 4))


def test_a_hostile_function_is_looked_for_by_what_an_address_can_hold() -> None:
    names = ["\"'<b>&#%+\\", "\ud800 half", "\x00\n\u202e", "n" * 1_000, "\U0001f600" * 300, "x" * 1_000_000, ""]
    drawn = charts.tools({name: 100 - n for n, name in enumerate(names)})
    assert drawn is not None
    for number, name in enumerate(names):
        wanted = click(drawn, number)
        if not name:  # every record holds it
            assert wanted is None
            continue
        assert wanted == Filter(text=name[:200])
        address = views.address(wanted)
        assert len(address) < 8_000
        assert address.isascii()
        assert views.read(parse_qs(urlsplit(address).query)).text == wanted.text


def test_another_key_where_the_bars_are_others() -> None:
    keys = [drawn.key for drawn in map(charts.labels, ({"a": 1}, {"a": 2}, {"\ud800": 1})) if drawn]
    assert keys[0] == keys[1] != keys[2]


@given(st.dictionaries(st.integers(0, 10**7), st.integers(1, 100), min_size=1), st.none() | st.integers(1, 10**6))
def test_every_record_is_in_one_bin(counts: dict[int, int], limit: int | None) -> None:
    found = [(bin.low, bin.high, bin.count) for bin in binned(counts, limit).bins]
    assert sum(n for _, _, n in found) == sum(counts.values())
    for low, high, n in found:
        assert n == sum(m for value, m in counts.items() if low <= value <= high)
        assert limit is None or not low <= limit < high
    assert [low for low, _, _ in found] == sorted({low for low, _, _ in found})
    assert len(found) <= 85  # ten for each power of ten


def contrast(color: str, ground: str) -> float:
    def light(text: str) -> float:
        parts = [int(text[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    high, low = sorted((light(color), light(ground)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("ground", PAGE)
def test_bars_stand_out_on_either_page(ground: str) -> None:
    assert all(contrast(color, ground) >= 3 for color in COLORS.values())  # WCAG 1.4.11
