"""The Review page: the queue on the left, one record on the right, the decisions below."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import streamlit as st

from curator.errors import InputError
from curator.review import answering, attention, decision_bar, queue_list, record_panel
from curator.review import screen as screens
from curator.review.escaping import escape, whole
from curator.review.queue_style import STYLE
from curator.review.screen import Screen
from curator.review.states import Filter, Row
from curator.review.workspace import Opened, Workspace

_EVERY = 2.0  # seconds between two looks at what others have decided


def show(workspace: Workspace) -> None:
    """Draw the page."""
    st.html(STYLE)
    screens.recall()
    here = screens.screen()
    here.synced = workspace.checking.synced
    if not workspace.index.summary().items:
        _nothing(workspace)
        return
    shown = screens.shown()
    row, position, total = _place(workspace, shown)
    with st.container(key="review", gap="small"):
        with st.container(horizontal=True, vertical_alignment="center", key="review-top"):
            queue_list.statuses(workspace, shown)
        left, right = st.columns([3, 8], gap="medium")
        with left, st.container(key="queue", gap="small"):
            queue_list.show(workspace, shown, row, position or 0, total)
        with right, st.container(key="record", gap="small"):
            opened = _right(workspace, shown, row, position, total, here)
    field = f".st-key-{decision_bar.REASON} input" if here.asking in ("keep", "discuss", "remove") else ""
    attention.pay(f"{row.id if row else 0} {here.mode}", ".st-key-record-scroll", field, ".st-key-decide-help button")
    screens.remember()
    _others(workspace, opened)


def _place(workspace: Workspace, shown: Filter) -> tuple[Row | None, int | None, int]:
    """The record on screen, its position in the view (None: it is not in it), and how many the view has."""
    index = workspace.index
    total = index.count(shown)
    row = index.row(screens.record()) if screens.record() else None
    if row is None:
        row = next(iter(index.page(shown, 0, 1)), None)
        screens.show_record(row.id if row else 0)
    if row is None:
        return None, None, total
    position = index.position(shown, row.id)
    here = index.page(shown, position, 1)
    return row, position if here and here[0].id == row.id else None, total


def _right(
    workspace: Workspace, shown: Filter, row: Row | None, position: int | None, total: int, here: Screen
) -> Opened | None:
    if screens.cluster() is not None:
        _cluster(workspace, shown)
        return None
    if row is None:
        with st.container(key="record-scroll"):
            _empty(workspace, shown)
        _bar(workspace, None, here)
        return None
    if here.row != row.id:
        here.settle()
    try:
        opened = workspace.open(row)
    except InputError as error:
        st.html(whole(f'<div class="cu-note cu-error">{escape(str(error))}</div>'))
        here.row = 0
        _bar(workspace, None, here)
        return None
    here.row, here.seen = row.id, opened.seen
    record_panel.head(workspace, opened, position, total)
    with st.container(key="record-scroll", gap="small"):
        if here.mode == "edit":
            _edit(workspace, opened)
        elif here.mode == "bulk":
            _panel("bulk_panel", workspace, shown, here.bulk)
        else:
            record_panel.body(workspace, opened, here)
    _bar(workspace, opened, here)
    return opened


def _bar(workspace: Workspace, opened: Opened | None, here: Screen) -> None:
    with st.container(key="decision", gap="small"):
        decision_bar.show(workspace, opened, here)


def _edit(workspace: Workspace, opened: Opened) -> None:
    now = _panel("edit_panel", workspace, opened)
    if now is not None:
        answering.edited(workspace, now)
        st.rerun()


def _cluster(workspace: Workspace, shown: Filter) -> None:
    name = screens.cluster()
    group = workspace.index.group(name) if name else next(iter(workspace.index.groups(shown, 0, 1)), None)
    if group is None:
        st.html(whole('<div class="cu-note">No records belong together in this view.</div>'))
    else:
        with st.container(key="record-scroll", gap="small"):
            _panel("cluster_panel", workspace, group)


def _panel(name: str, *given: Any) -> Any:
    if find_spec(f"curator.review.{name}") is None:
        st.html(whole('<div class="cu-note">Not built yet.</div>'))
        return None
    show_it: Callable[..., Any] = import_module(f"curator.review.{name}").show
    return show_it(*given)


@st.fragment(run_every=_EVERY)
def _others(workspace: Workspace, opened: Opened | None) -> None:
    """Start again when somebody else has decided something, unless the reviewer is writing."""
    here = screens.screen()
    if not here.asking and here.mode == "record" and workspace.store.last_id > here.synced:
        st.rerun()


def _empty(workspace: Workspace, shown: Filter) -> None:
    counts = workspace.index.counts_by("status", Filter())
    if not counts["open"]:
        text = f"<b>All {counts.total():,} records are decided.</b> Write them out on the page Write, or look at them again."
    else:
        text = "<b>Nothing matches this filter.</b>"
    st.html(whole(f'<div class="cu-note">{text}</div>'))
    st.button(
        "Show all that is open" if counts["open"] else "Show all",
        key="queue-all",
        on_click=_all,
        args=(counts["open"],),
    )


def _all(some_open: int) -> None:
    answering.reset(Filter(statuses=("open",)) if some_open else Filter())


def _nothing(workspace: Workspace) -> None:
    st.html(whole('<div class="cu-note"><b>Nothing is flagged.</b></div>'))
