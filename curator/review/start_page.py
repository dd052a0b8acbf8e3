"""Before there is anything to review: what is asked for, how far the check is, why there is none."""

from __future__ import annotations

import tempfile
from pathlib import Path

import streamlit as st

from curator.review import uploads
from curator.review.checking import Checking, Progress
from curator.review.escaping import escape

_EVERY = 0.5  # seconds between two looks at the progress
_PHASES = {"check": "Checking", "index": "Sorting what was found", "tokens": "Counting tokens"}


def uploaded() -> tuple[str, ...]:
    """The paths of what was dropped on the page; () while there is nothing."""
    st.subheader("What do you want to review?")
    given = st.file_uploader("A dataset in JSON Lines", type=list(uploads.TYPES))
    if given is None:
        st.text("Or start with the data: curator review train.jsonl")
        return ()
    if "folder" not in st.session_state:
        st.session_state["folder"] = tempfile.mkdtemp(prefix="curator-upload-")
    return (uploads.save(given.name, given.getvalue(), Path(st.session_state["folder"])),)


@st.fragment(run_every=_EVERY)
def waiting(checking: Checking) -> None:
    """How far the check is; the page starts again when it is done, or has failed."""
    if checking.is_ready or checking.error:
        st.rerun()
    progress = checking.progress
    st.subheader(_PHASES.get(progress.phase, progress.phase))
    st.progress(progress.share, text=words(progress))


def words(progress: Progress) -> str:
    """How far a phase is, for people."""
    told = [f"{progress.share:.0%}"]
    if progress.records:
        told.append(f"{progress.records:,} records")
    if progress.left is not None:
        told.append(f"about {max(1, round(progress.left)):,} s left")
    return " · ".join(told)


def failed(error: str) -> None:
    """Why there is nothing to review."""
    st.error("The data could not be checked.")
    st.html(f'<div class="cu"><div class="cu-text cu-code">{escape(error)}</div></div>')
    if st.button("Check again"):
        st.cache_resource.clear()
        st.rerun()
