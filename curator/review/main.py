"""The script that Streamlit runs for every click: it finds the data, its check, and the page."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from importlib import import_module
from typing import Any

import streamlit as st

from curator.errors import CuratorError
from curator.review import heading, navigation, serving, start_page, uploads
from curator.review.checking import Checking
from curator.review.page_style import PAGE_STYLE, scheme
from curator.review.rendering.style import STYLE
from curator.review.serving import ReviewOptions
from curator.review.start_page import PATHS
from curator.review.workspace import Workspace

_MODULES = {
    navigation.REVIEW: "queue_page",
    navigation.OVERVIEW: "overview_page",
    navigation.RULES: "rules_page",
    navigation.WRITE: "write_page",
}
_REVIEWER, _UPLOAD = "reviewer", "upload"  # parameters of the address, and their names in the session
_LONGEST = 80  # code points of a reviewer's name
_KEPT = 8  # checks: one for the data that was named, the others for uploads


def show() -> None:
    """Draw the page that the browser is at."""
    st.set_page_config("curator", layout="wide")
    st.html(STYLE + PAGE_STYLE + scheme(st.context.theme.type))
    options = _options()
    if not options.paths:
        start_page.ask()
        return
    pages = [navigation.page(title, lambda title=title: _page(title, options)) for title in _MODULES]  # type: ignore[misc]
    st.navigation(pages, position="top").run()


def _options() -> ReviewOptions:
    """What this tab works on."""
    options = serving.options()
    upload = _lasting(_UPLOAD, "") if not options.paths else ""
    paths = st.session_state.get(PATHS) or options.paths or uploads.found(upload)
    return replace(options, paths=tuple(paths), reviewer=_lasting(_REVIEWER, options.reviewer)[:_LONGEST])


def _lasting(name: str, default: str) -> str:
    """A parameter that the tab keeps while it goes from page to page, which takes the others away."""
    value = (st.query_params.get(name) or st.session_state.get(name) or default).strip()
    if value and value != default:
        st.session_state[name] = value
        if st.query_params.get(name) != value:
            st.query_params[name] = value
    return value or default


def _page(title: str, options: ReviewOptions) -> None:
    checking = _checking(replace(options, reviewer=""))

    def again() -> None:
        if _checking(checking.options) is checking:  # else somebody has been faster
            checking.stop()
            _checking.clear(checking.options)
            _workspace.clear()  # which would hold the old index, as large as the data, until many others have come

    if st.session_state.pop(start_page.AGAIN, 0) == checking.number:
        again()
        st.rerun()
    if not checking.is_ready:
        if checking.error:
            start_page.failed(checking.error, again)
        else:
            start_page.waiting(checking)
        return
    try:
        workspace = _workspace(checking, checking.number, options.reviewer)
        if not workspace.files():
            start_page.empty(workspace, again)
            return
        workspace.sync()
        _heading(workspace, again, title)
    except CuratorError as error:
        start_page.failed(str(error), again)
        return
    _module(title).show(workspace)


def _module(title: str) -> Any:
    """A page's; imported only now, for some load much."""
    return import_module(f"curator.review.{_MODULES[title]}")


@st.cache_resource(show_spinner=False, max_entries=_KEPT)
def _checking(options: ReviewOptions) -> Checking:
    return Checking(options)


@st.cache_resource(show_spinner=False, max_entries=4 * _KEPT)
def _workspace(_checking: Checking, number: int, reviewer: str) -> Workspace:
    return Workspace(_checking, reviewer)


def _heading(workspace: Workspace, again: Callable[[], None], title: str) -> None:
    with st.container(key="heading", horizontal=True, vertical_alignment="center", gap="small"):
        st.html(heading.bar(workspace))
        with st.popover("Options", type="tertiary", wrap=False):
            start_page.options(workspace, again, _REVIEWER, _UPLOAD)
    is_told = title == navigation.WRITE and _module(title).has_written(workspace)
    if not is_told and (outdated := heading.outdated(workspace.files())):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.html(heading.changed(outdated))
            if st.button("Check again", key="check-again-changed", type="primary"):
                again()
                st.rerun()
    if notices := heading.notices(workspace):
        st.html(notices)


if __name__ == "__main__":
    show()
