"""The Review page: the queue on the left, one record on the right, the decisions below."""

from __future__ import annotations

import os
from collections import Counter

import streamlit as st

from curator.errors import InputError
from curator.review import (
    answering,
    attention,
    cluster_panel,
    decision_bar,
    edit_panel,
    emptiness,
    general_findings,
    heading,
    queue_list,
    record_panel,
)
from curator.review import screen as screens
from curator.review.opened import Opened
from curator.review.queue_style import STYLE
from curator.review.rendering.escaping import brief, whole
from curator.review.screen import Screen
from curator.review.states import Filter, Row
from curator.review.workspace import Workspace

_EVERY = 2.0  # seconds between two looks at what others have decided


def show(workspace: Workspace) -> None:
    """Draw the page."""
    st.html(STYLE)
    screens.recall()
    _understand(workspace)
    screens.begin(workspace.checking.number)
    here = screens.screen()
    here.synced, here.cursor = workspace.checking.synced, ""
    if not workspace.index.summary().items:
        emptiness.nothing_is_flagged(workspace)
        general_findings.show(workspace, alone=True)
        return
    if (name := screens.cluster()) and workspace.index.group(name) is None:
        here.say("The cluster that the address names is not here.", wrong=True)
        screens.show_cluster("")
    shown = screens.shown()
    row, position, total = _place(workspace, shown)
    with st.container(key="review", gap="small"):
        with st.container(horizontal=True, vertical_alignment="center", key="review-top"):
            queue_list.statuses(workspace, shown)
            general_findings.button(workspace)
        left, right = st.columns([3, 8], gap="medium")
        with left, st.container(key="queue", gap="small"):
            queue_list.show(workspace, shown, row, position or 0, total)
        with right, st.container(key="record", gap="small"):
            _right(workspace, shown, row, position, total, here)
    if here.asking in ("keep", "discuss", "remove"):
        here.cursor = decision_bar.field(here)
    screens.remember()
    _others(workspace)
    shown_now = f"{row.id if row else 0} {here.mode}"
    attention.pay(shown_now, ".st-key-record-scroll", here.cursor, asked=here.asked, help=decision_bar.HELP)


def _understand(workspace: Workspace) -> None:
    """Take names for rules and files in the address, and say what of it is neither these nor anything else."""
    if screens.names("rule"):
        rules = workspace.rules().values()
        names = {name: rule.code for rule in rules for name in (rule.code.lower(), rule.name, *rule.card.aliases)}
        screens.spell("rule", names)
    if screens.names("file"):
        paths = {file.path: str(file.number) for file in workspace.files()}
        bases = Counter(map(os.path.basename, paths))
        short = {base: number for path, number in paths.items() if bases[base := os.path.basename(path)] == 1}
        screens.spell("file", {**short, **paths})
    if wrong := screens.passed_over():
        said = f"<b>{brief(', '.join(wrong), 200)}</b>"
        st.html(heading.line("warning", f"Of the address, this is nothing here, and passed over: {said}"))


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
) -> None:
    if here.mode == "general":
        with st.container(key="record-scroll", gap="small"):
            general_findings.show(workspace)
        _bar(workspace, None, here)
    elif screens.cluster() is not None:
        _cluster(workspace, shown, here)
    elif row is None:
        with st.container(key="record-scroll"):
            emptiness.matches_nothing(workspace, shown)
        _bar(workspace, None, here)
    else:
        _record(workspace, shown, row, position, total, here)


def _record(workspace: Workspace, shown: Filter, row: Row, position: int | None, total: int, here: Screen) -> None:
    if here.row != row.id:
        here.settle()
    try:
        opened = workspace.open(row)
    except InputError as error:
        here.row, here.seen = row.id, 0
        record_panel.way(workspace, position, total, f"<b>line {row.line:,}</b>")
        with st.container(key="record-scroll"):
            emptiness.has_changed(workspace, row, error)
        _bar(workspace, None, here)
        return
    here.row, here.seen = row.id, opened.seen
    record_panel.head(workspace, opened, position, total)
    with st.container(key="record-scroll", gap="small"):
        if here.mode == "edit":
            here.cursor = edit_panel.show(workspace, opened, bar=False)
        elif here.mode == "bulk":
            _bulk(workspace, shown, here.bulk)
        else:
            record_panel.body(workspace, opened, here)
    _bar(workspace, opened, here)


def _bar(workspace: Workspace, opened: Opened | None, here: Screen) -> None:
    with st.container(key="decision", gap="small"):
        decision_bar.show(workspace, opened, here)


def _cluster(workspace: Workspace, shown: Filter, here: Screen) -> None:
    if cluster_panel.goes_on(workspace):
        return
    name = screens.cluster()
    group = workspace.index.group(name) if name else next(iter(workspace.index.groups(shown, 0, 1)), None)
    total = workspace.index.count_groups(shown)
    position = workspace.index.group_position(shown, group.id) if group else 0
    is_here = any(one.id == group.id for one in workspace.index.groups(shown, position, 1)) if group else False
    title = f"<b>cluster</b> of {group.size:,} records" if group else ""
    if group is not None:
        record_panel.way(workspace, position if is_here else None, total, title, answering.move_cluster)
    with st.container(key="record-scroll", gap="small"):
        if group is None:
            st.html(whole('<div class="cu-note">No records belong together in this view.</div>'))
            st.button("Back to the records", key="cluster-none", on_click=screens.show_cluster, args=(None,))
        else:
            cluster_panel.show(workspace, group, told=_told)
            if here.notice == cluster_panel.UNSAID:
                here.cursor = cluster_panel.FIELD
    _bar(workspace, None, here)


def _told(words: str, wrong: bool) -> None:
    here = screens.screen()
    here.say(words, wrong=wrong)
    here.asked += words == cluster_panel.UNSAID


def _bulk(workspace: Workspace, shown: Filter, code: str) -> None:
    from curator.review import bulk_panel

    bulk_panel.show(workspace, shown, code)


@st.fragment(run_every=_EVERY)
def _others(workspace: Workspace) -> None:
    """Start again when somebody else has decided something, unless the reviewer is writing."""
    here = screens.screen()
    if not here.asking and here.mode == "record" and workspace.store.last_id > here.synced:
        st.rerun()
