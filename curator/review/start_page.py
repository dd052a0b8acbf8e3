"""Before there is anything to review: what is asked for, how far the check is, why there is none."""

from __future__ import annotations

import os
from collections.abc import Callable

import streamlit as st

from curator.errors import UsageError
from curator.review import heading, uploads
from curator.review.checking import Checking, Progress
from curator.review.rendering.escaping import brief, escape, whole
from curator.review.workspace import Workspace

PATHS = "paths"
"""In the session: what this tab works on in place of what the server was started with."""
AGAIN = "again"
"""In the session: the number of a check that is to be made again."""
_EVERY = 0.4  # seconds between two looks at the progress
_PHASES = {
    "check": "Checking every record",
    "finish": "Comparing records with each other",
    "index": "Sorting what was found",
    "tokens": "Opening the queue",
}
_LINE = 600  # code points of what a failed check has said


def ask() -> None:
    """Ask for a file; the page starts again when one was dropped."""
    _, middle, _ = st.columns([1, 2, 1])
    with middle:
        st.subheader("What do you want to review?", anchor=False)
        given = st.file_uploader("A dataset in JSON Lines, one record a line", type=list(uploads.TYPES))
        here = escape(os.path.join(os.getcwd(), ".curator", "uploads"))
        st.html(
            whole(
                f'<p class="cu-quiet">The file stays on this machine, in <code>{here}</code>, which git ignores. Drop '
                "the same file again, and all that was decided about it is there. What you write, you download.</p>"
                '<p class="cu-quiet">Data that lies here already is better named at the start: <code>curator review '
                "train.jsonl valid.jsonl</code>. Only so can files be reviewed together, leaks between the splits be "
                "found, and writing in place change the data itself. Tables (CSV, Excel, Parquet) become JSON Lines by "
                "<code>curator convert</code>.</p>"
            )
        )
        if given is not None:
            try:
                name = uploads.keep(given.name, given.getbuffer())
            except UsageError as error:
                st.html(heading.line("error", escape(str(error))))
                return
            st.query_params["upload"] = name
            st.rerun()


@st.fragment(run_every=_EVERY)
def waiting(checking: Checking) -> None:
    """How far the check is; the page starts again when it is done, or has failed."""
    if checking.is_ready or checking.error:
        st.rerun()
    progress = checking.progress
    _, middle, _ = st.columns([1, 2, 1])
    with middle, st.container(key="waiting"):
        st.html(whole(f"<h3>{heading.names(checking.options.paths)}</h3>"))
        st.progress(progress.share, text=_PHASES.get(progress.phase, "Working"))
        st.html(whole(f'<p class="cu-quiet">{words(progress)}</p>'))


def words(progress: Progress) -> str:
    """How far a phase is, for people."""
    if progress.phase == "finish":
        return f"{progress.records:,} records"
    if not progress.total:
        return "Reading how the data is made …"
    told = [f"{progress.share:.0%}"]
    if progress.records and progress.phase == "check":
        told.append(f"{progress.records:,} records")
    elif progress.records:
        told.append(f"{progress.records:,} flagged records")
    if progress.left is not None:
        told.append(f"{lasting(progress.left)} left")
    return " · ".join(told)


def lasting(seconds: float) -> str:
    """A time that is still to come, no more exact than it is known."""
    if seconds < 5:
        return "a few seconds"
    if seconds < 55:
        return f"about {round(seconds / 5) * 5} s"
    minutes = round(seconds / 60)
    return f"about {minutes} min" if minutes < 90 else f"about {round(minutes / 60)} h"


def failed(error: str, again: Callable[[], None]) -> None:
    """Why there is nothing to review, and what to do about it."""
    _, middle, _ = st.columns([1, 4, 1])
    with middle:
        st.subheader("The data could not be checked", anchor=False)
        first, _, rest = error.strip().partition("\n")
        st.html(heading.line("error", brief(first, _LINE)))
        if rest:
            with st.expander("All that it said"):
                st.html(whole(f'<div class="cu-text cu-code">{escape(rest)}</div>'))
        st.html(whole(f'<p class="cu-quiet">{advice(error)}</p>'))
        if st.button("Check again", type="primary"):
            again()
            st.rerun()


def empty(workspace: Workspace, again: Callable[[], None]) -> None:
    """None of the data could be read."""
    said = [heading.said(failure) for failure in workspace.index.summary().failures]
    failed("\n".join(said) or "there are no data files", again)


def advice(error: str) -> str:
    """What a person can do about a check that failed."""
    room = "Make room on the disk of the temporary files (or set TMPDIR to another), and check again."
    for sign, told in (
        ("No space left", room),
        ("disk is full", room),
        ("memory", "Close other programs, or check fewer files at once: name them at the start."),
        ("bug in curator", "Please report this; meanwhile <code>--ignore RULE</code> at the start may lead around it."),
        ("no such file", "Put the file back, or start with another, and check again."),
    ):
        if sign in error:
            return told
    return "Nothing that was decided is lost. Mend what is named above, and check again."


def options(workspace: Workspace, again: Callable[[], None], reviewer: str, upload: str) -> None:
    """What can be changed about the review in this tab: who decides, and which data; called in a popover."""

    def rename() -> None:
        name = str(st.session_state.get("reviewer-name", "")).strip()
        if name:
            st.session_state[reviewer] = name
            st.query_params[reviewer] = name

    st.text_input(
        "You decide as", workspace.store.reviewer, max_chars=80, key="reviewer-name", on_change=rename,
        help="Each decision is noted under this name, in this tab. Undo takes back only your own.",
    )  # fmt: skip
    kept = brief(workspace.store.path, 200)
    st.html(whole(f'<p class="cu-quiet cu-line">All decisions are kept in <code>{kept}</code></p>'))
    if st.button("Check again", help="Reads the files as they are now. What is decided stays."):
        again()
        st.rerun()
    other = st.session_state.get(PATHS) or st.session_state.get(upload)
    if other and st.button("Other data", help="Back to where you began; what is decided stays."):
        st.session_state.pop(PATHS, None)
        st.session_state.pop(upload, None)
        st.query_params.clear()
        st.rerun()
