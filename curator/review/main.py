"""The script that Streamlit runs for every click: it finds the page."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st


def show() -> None:
    """Draw the page that the browser is at."""
    st.set_page_config("curator", layout="wide")
    pages = [
        st.Page(_titled("Review"), title="Review", url_path="review", default=True),
        st.Page(_titled("Overview"), title="Overview", url_path="overview"),
        st.Page(_titled("Rules"), title="Rules", url_path="rules"),
        st.Page(_titled("Write"), title="Write", url_path="write"),
    ]
    st.navigation(pages, position="top").run()


def _titled(title: str) -> Callable[[], None]:
    return lambda: st.header(title)


if __name__ == "__main__":
    show()
