"""The pages of the review by their titles, and the ways from one to another."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NoReturn

import streamlit as st

from curator.review import views
from curator.review.states import Filter

if TYPE_CHECKING:
    from streamlit.navigation.page import Page

REVIEW, OVERVIEW, RULES, WRITE = TITLES = ("Review", "Overview", "Rules", "Write")


def page(title: str, show: Callable[[], None] = lambda: None) -> Page:
    """The page of a title, which `show` draws; without it, for a link."""
    return st.Page(show, title=title, url_path=title.lower(), default=title == REVIEW)


def go(title: str) -> NoReturn:
    """Lead to a page. It ends the run of the script."""
    st.switch_page(page(title))


def review(shown: Filter) -> NoReturn:
    """Lead to the queue with a filter. It ends the run of the script."""
    st.switch_page(page(REVIEW), query_params=views.written(shown))


def rules(code: str) -> NoReturn:
    """Lead to a rule on its page. It ends the run of the script."""
    st.switch_page(page(RULES), query_params={"rule": code})
