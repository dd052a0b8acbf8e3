"""The script that Streamlit runs for every click: it finds the page."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

import streamlit as st

from curator.review import uploads
from curator.review.serving import options


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
    def page() -> None:
        st.header(title)
        for path in options().paths or _uploaded():
            st.text(Path(path).name)

    return page


def _uploaded() -> tuple[str, ...]:
    """The paths of what was dropped on the page; () while there is nothing."""
    given = st.file_uploader("A dataset in JSON Lines", type=list(uploads.TYPES))
    if given is None:
        return ()
    if "folder" not in st.session_state:
        st.session_state["folder"] = tempfile.mkdtemp(prefix="curator-upload-")
    return (uploads.save(given.name, given.getvalue(), Path(st.session_state["folder"])),)


if __name__ == "__main__":
    show()
