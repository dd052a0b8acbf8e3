"""A view in the address and back."""

from __future__ import annotations

from typing import get_args
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curator.review import views
from curator.review.states import Filter, Status

texts = st.text(st.characters(), min_size=1, max_size=12)
filters = st.builds(
    Filter,
    codes=st.lists(st.sampled_from(["FUN001", "MSG011", "LAB005"]), unique=True).map(tuple),
    severities=st.lists(st.sampled_from(["error", "warning", "info"]), unique=True).map(tuple),
    files=st.lists(st.integers(0, 999), unique=True).map(tuple),
    splits=st.lists(texts, unique=True, max_size=3).map(tuple),
    labels=st.lists(texts, unique=True, max_size=3).map(tuple),
    statuses=st.lists(st.sampled_from(get_args(Status)), unique=True).map(tuple),
    tokens=st.none() | st.tuples(st.integers(0, 99), st.integers(100, 1 << 40)),
    turns=st.none() | st.tuples(st.integers(0, 9), st.integers(10, 99)),
    text=st.just("") | texts,
    group=st.just("") | st.just("00ff00ff00ff00ff"),
    sort=st.sampled_from(["severity", "place", "tokens", "findings"]),
)


@given(filters)
def test_a_view_survives_the_address(shown: Filter) -> None:
    assert views.read(views.written(shown)) == shown
    query = urlsplit(views.address(shown, "review", 7)).query
    assert query.encode("ascii")
    params = parse_qs(query)
    assert params.pop("record") == ["7"]
    assert views.read(params) == shown


def test_without_parameters_what_is_open_is_shown() -> None:
    assert views.read({}) == Filter(statuses=("open",))
    assert views.address(views.DEFAULT) == "/"
    assert views.written(Filter()) == {"status": ["all"]}


@pytest.mark.parametrize(
    "params",
    [
        {"status": "deleted"},
        {"severity": ["worst", "fatal"]},
        {"file": ["-1", "x", "", "1" * 4301]},
        {"tokens": "9"},
        {"turns": "two-three"},
        {"tokens": "0-" + "9" * 16},
        {"sort": "age"},
        {"unknown": "1"},
    ],
)
def test_what_makes_no_sense_is_passed_over(params: dict[str, str]) -> None:
    assert views.read(params) == views.DEFAULT


def test_what_is_passed_over_can_be_told() -> None:
    given = {
        "sort": "age",
        "status": ["open", "gone"],
        "tokens": "9",
        "turns": "1-9",
        "file": ["1", "x"],
        "rule": "X",
        "a": "1",
    }
    assert views.passed_over(given) == ["file=x", "status=gone", "tokens=9", "sort=age"]
    assert views.passed_over({"status": "all", "sort": "severity", "text": ["", "x"], "group": "0"}) == []


def test_a_parameter_may_stand_once_or_several_times() -> None:
    assert views.read({"rule": "FUN001"}).codes == ("FUN001",)
    assert views.read({"rule": ["FUN001", "MSG011", "FUN001"]}).codes == ("FUN001", "MSG011")
