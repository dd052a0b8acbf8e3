"""Overview: what the check came to, on one screen; every bar leads to its records."""

from __future__ import annotations

import streamlit as st

from curator.review import heading, navigation, overview
from curator.review.charts import overview as charts
from curator.review.overview import Figures, Picture
from curator.review.rendering.escaping import escape, whole
from curator.review.workspace import Workspace

_EVERY = 1.0  # seconds between two looks at how far the tokens are counted


def show(workspace: Workspace) -> None:
    """Draw the page."""
    index = workspace.index
    summary = index.summary()
    figures = Figures.of(summary, index)
    targets = list(dict.fromkeys(item["target"] for item in summary.inputs))
    sentence, meaning = overview.verdict(figures, targets)
    st.html(whole(f'<h2 class="cu-verdict">{escape(sentence)}</h2><div class="cu-quiet">{escape(meaning)}</div>'))
    st.html(overview.tiles(figures))
    if not workspace.checking.is_done:
        _counting(workspace)
    pictures = overview.pictures(workspace)
    with st.container(key="overview-charts"):  # one below the other in a narrow window
        left, right = st.columns(2, gap="large")
    for name, place, shown in zip("lr", (left, right), overview.columns(pictures), strict=True):
        with place:
            for number, picture in enumerate(shown):
                _draw(picture, f"{name}{number}")
    _rest(workspace)


@st.fragment(run_every=_EVERY)
def _counting(workspace: Workspace) -> None:
    """How far the tokens are counted; the page starts again when they all are."""
    if workspace.checking.is_done:
        st.rerun()
    share = workspace.index.counted()
    st.progress(share, text=f"Counting tokens: the charts know {share:.0%} of the data")


def _draw(picture: Picture, place: str) -> None:
    dark = st.context.theme.type == "dark"
    note = f' <span class="cu-quiet">{escape(picture.note)}</span>' if picture.note else ""
    st.html(whole(f'<h3 class="cu-title">{escape(picture.title)}{note}</h3>'))
    chart, key = picture.drawn.themed(dark), f"{picture.drawn.key}-{place}"
    if not any(picture.drawn.filters):
        st.altair_chart(chart, key=key)
    elif (shown := charts.chosen(st.altair_chart(chart, key=key, on_select="rerun"), picture.drawn)) is not None:
        navigation.review(shown)
    with st.expander("As a table", type="compact"):
        st.html(overview.table(picture))


def _rest(workspace: Workspace) -> None:
    """What is told in words."""
    summary = workspace.index.summary()
    for title, html in (
        ("Found of whole files", overview.general(workspace.index)),
        ("Conventions found", overview.conventions(workspace)),
        ("Not checked", overview.unchecked(summary)),
        ("Failed", "".join(heading.line("error", escape(heading.said(failure))) for failure in summary.failures)),
        ("Accepted before", overview.suppressed(summary)),
    ):
        if html:
            st.html(whole(f'<h3 class="cu-title">{title}</h3>') + html)
