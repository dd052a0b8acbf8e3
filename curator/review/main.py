"""The script that Streamlit runs for every click: it finds the page."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from importlib import import_module
from importlib.util import find_spec

import streamlit as st

from curator.errors import CuratorError
from curator.review import serving, start_page
from curator.review.checking import Checking
from curator.review.serving import ReviewOptions
from curator.review.style import STYLE
from curator.review.workspace import Workspace

_PAGES = {"Review": "queue_page", "Overview": "overview_page", "Rules": "rules_page", "Write": "write_page"}


def show() -> None:
    """Draw the page that the browser is at."""
    st.set_page_config("curator", layout="wide")
    st.html(STYLE)
    options = serving.options()
    if not options.paths:
        options = replace(options, paths=start_page.uploaded())
    if not options.paths:
        return
    checking = _checking(replace(options, reviewer=""))
    if checking.error:
        start_page.failed(checking.error)
    elif not checking.is_ready:
        start_page.waiting(checking)
    else:
        try:
            workspace = _workspace(checking, options.reviewer)
        except CuratorError as error:
            start_page.failed(str(error))
            return
        workspace.sync()
        pages = [
            st.Page(_shown(name, workspace), title=title, url_path=title.lower(), default=title == "Review")
            for title, name in _PAGES.items()
        ]
        st.navigation(pages, position="top").run()


@st.cache_resource(show_spinner=False)
def _checking(options: ReviewOptions) -> Checking:
    return Checking(options)


@st.cache_resource(show_spinner=False)
def _workspace(_checking: Checking, reviewer: str) -> Workspace:
    return Workspace(_checking, reviewer)


def _shown(name: str, workspace: Workspace) -> Callable[[], None]:
    def page() -> None:
        module = f"curator.review.{name}"
        if find_spec(module) is None:
            st.text(f"{name} is not there yet")
        else:
            import_module(module).show(workspace)

    return page


if __name__ == "__main__":
    show()
