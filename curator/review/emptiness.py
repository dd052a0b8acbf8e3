"""What the Review page says where it has no record to show."""

from __future__ import annotations

import streamlit as st

from curator.errors import InputError
from curator.review import answering, general_findings, navigation
from curator.review.rendering.escaping import brief, escape, whole
from curator.review.states import Filter, Row
from curator.review.workspace import Workspace

_LISTED = 20  # files, and what was not checked
_OF_DATA = "No record has this finding: it is about the data as a whole."


def nothing_is_flagged(workspace: Workspace) -> None:
    """What was checked, and what was not."""
    files, summary = workspace.files(), workspace.index.summary()
    records = sum(file.records for file in files)
    rules = sorted({choice.code for file in files for choice in workspace.plan(file.number).choices})
    checked = "".join(
        f"<li>{brief(file.path, 120)}: {_records(file.records)}{_unreadable(file.unreadable)}, as "
        f"{escape(file.format or 'no known format')}, for {escape(workspace.plan(file.number).target.name)}</li>"
        for file in files[:_LISTED]
    )
    missing = "".join(
        f"<li>{brief(note.what, 200)}: {brief(note.why, 300)}</li>" for note in summary.not_checked[:_LISTED]
    )
    title = "No record is flagged" if workspace.index.general() else "Nothing is flagged"
    accepted = sum(summary.suppressed.values())
    were = "finding was accepted before, and is" if accepted == 1 else "findings were accepted before, and are"
    known = f" {accepted:,} {were} not shown." if accepted else ""
    st.html(
        whole(
            f'<div class="cu-empty"><h3>{title}</h3><p>{len(rules):,} rules looked at {_records(records)}.'
            f"{known}</p><b>What was checked</b><ul>{checked or '<li>no file</li>'}</ul>"
            f"{f'<b>What was not</b><ul>{missing}</ul>' if missing else ''}</div>"
        )
    )


def _records(count: int) -> str:
    return f"{count:,} {'record' if count == 1 else 'records'}"


def _unreadable(count: int) -> str:
    return f", {count:,} unreadable" if count else ""


def matches_nothing(workspace: Workspace, shown: Filter) -> None:
    """Why the list is empty, and the way out; also what the rules of the filter say of no record, but of the data."""
    of_data = [finding for finding in workspace.index.general() if finding.code in shown.codes]
    if of_data and not workspace.index.count(Filter(codes=shown.codes)):
        st.html(whole(f'<div class="cu-note"><b>{_OF_DATA}</b></div>'))
        general_findings.listed(workspace, of_data)
        st.button("Show all that is open", key="queue-all", on_click=answering.reset)
        return
    counts = workspace.index.counts_by("status", Filter())
    if counts["open"]:
        text = f"<b>No flagged record matches this filter.</b> Without it, {counts['open']:,} are open."
        name, wanted = "Show all that is open", Filter(statuses=("open",))
    else:
        some = counts["discuss"]
        discussed = f" {some:,} {'is' if some == 1 else 'are'} to be discussed." if some else ""
        total = counts.total()
        done = f"All {total:,} records are decided." if total != 1 else "The one record here is decided."
        text = f"<b>{done}</b>{discussed} What that changes, the page Write shows and writes."
        name, wanted = "Look at them again", Filter()
    st.html(whole(f'<div class="cu-note">{text}</div>'))
    with st.container(horizontal=True):
        st.button(name, key="queue-all", on_click=answering.reset, args=(wanted,))
        if not counts["open"] and st.button("Go to Write", key="queue-write", type="primary"):
            navigation.go(navigation.WRITE)


def has_changed(workspace: Workspace, row: Row, error: InputError) -> None:
    """That a record is no longer where it was, and what of the work goes on."""
    st.html(
        whole(
            f'<div class="cu-note cu-warning"><b>This record cannot be shown.</b> {escape(str(error))}.<br>'
            "Check again (Options, above) to see the file as it is now. Records that are still the same keep their "
            "decisions; the others in the list can be reviewed meanwhile.</div>"
        )
    )
    history = workspace.history(row.key)
    if history:
        last = history[-1]
        words = f"Decided last: {answering.DONE[last.action].lower()}, {answering.ago(last.time)}"
        st.html(whole(f'<div class="cu-quiet">{words}</div>'))
