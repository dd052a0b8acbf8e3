"""A chart with the filters that its parts stand for."""

from __future__ import annotations

import hashlib
from dataclasses import astuple, dataclass

import altair as alt

from curator.review.rendering.style import PALETTE
from curator.review.states import Filter

COLORS = {"error": "#CC3366", "warning": "#B88600", "info": "#3F83C4"}
"""By severity; 3:1 at least on white and on Streamlit's dark page, and told apart by colour-blind readers, too."""


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
