"""Write: what all decisions change, the writing, and what a new check says about it."""

from __future__ import annotations

import os

import streamlit as st

from curator.errors import CuratorError
from curator.review import heading, navigation, uploads
from curator.review.decisions import outcome, recheck
from curator.review.decisions.outcome import Result
from curator.review.decisions.previewing import FileChange
from curator.review.decisions.recheck import Recheck
from curator.review.decisions.writing import reviewed_path
from curator.review.rendering.escaping import brief, escape, whole
from curator.review.start_page import AGAIN, PATHS
from curator.review.states import Filter
from curator.review.workspace import Workspace

_FILES = 20  # whose names can be edited; others are written under the usual ones
_PLACES = 10  # of each file that are shown
_EVERY = 0.5  # seconds between two looks at the new check
_NEW, _IN_PLACE = "New files", "In place"
_DONE, _PREVIEW = "written", "preview"  # in the session
_FILES_BACK = (
    "<code>curator undo</code> in a terminal gives the files back as they were. Undo (Z) on this page takes back "
    "decisions only, and changes no file."
)
_DATA_STAYS = "The data itself is as it was. Undo (Z) takes back decisions, and leaves the new files as they are."


_CHANGES = "The files themselves change. <code>curator undo</code> takes it back."
_NOTES = "No record changes: what is kept is noted in <code>.curator-suppressions.jsonl</code> beside the data."
_UPLOADED = (
    "What you uploaded is a copy, so it is not written in place: press Write, then download the new file. To change "
    "your own file, name it at the start: <code>curator review FILE</code>."
)


def has_written(workspace: Workspace) -> bool:
    """Whether this page shows what it has written: it says itself that the data has changed, and what to do."""
    done = st.session_state.get(_DONE)
    return done is not None and bool(done[0] == workspace.checking.number)


def show(workspace: Workspace) -> None:
    """Draw the page."""
    if has_written(workspace):
        done = st.session_state[_DONE]
        _after(workspace, done[1], done[2])
        return
    try:
        with st.spinner("Working out what changes …"):
            found = _preview(workspace)
    except CuratorError as error:
        st.html(heading.line("error", brief(str(error), 600)))
        _log(workspace)
        return
    wanted = [change for change in found if not outcome.is_nothing(change)]
    _head(workspace, wanted)
    for change in found:
        if html := outcome.lost(change, workspace.store):
            st.html(html)
    if not wanted:
        _log(workspace)
        return
    left, right = st.columns([2, 3], gap="large")
    with left:
        _form(workspace, wanted)
        st.html(outcome.by_rule(wanted))
        _command(workspace, wanted)
        _log(workspace)
    with right:
        _diffs(wanted)


def _preview(workspace: Workspace) -> list[FileChange]:
    """As it was worked out for the decisions that hold: typing a name reads no file again."""
    key = (workspace.checking.number, workspace.store.last_id)
    if st.session_state.get(_PREVIEW, (None,))[0] != key:
        st.session_state[_PREVIEW] = (key, outcome.changes(workspace))
    found: list[FileChange] = st.session_state[_PREVIEW][1]
    return found


def _head(workspace: Workspace, wanted: list[FileChange]) -> None:
    total = outcome.together(wanted)
    undecided = workspace.index.count(Filter(statuses=("open",)))
    if not wanted:
        more = f"{_open(undecided)} still open on the page Review." if undecided else ""
    else:
        more = f"{_open(undecided)} still open, and written as found." if undecided else ""
    st.html(whole(f'<h2 class="cu-verdict">{escape(total)}</h2><div class="cu-quiet">{more}</div>'))


def _open(count: int) -> str:
    return f"{count:,} flagged {'record is' if count == 1 else 'records are'}"


def _form(workspace: Workspace, wanted: list[FileChange]) -> None:
    barred = outcome.barred(wanted)
    is_upload = any(uploads.is_upload(change.file.path) for change in wanted)
    in_place = False
    if is_upload:
        st.html(whole(f'<p class="cu-quiet">{_UPLOADED}</p>'))
    else:
        where = st.segmented_control(
            "Where to", [_NEW, _IN_PLACE], default=_NEW, required=True, label_visibility="collapsed"
        )
        in_place = where == _IN_PLACE
    targets: dict[str, str] = {}
    for number, change in enumerate(wanted):
        st.html(outcome.file_html(change))
        if not in_place and number < _FILES and not uploads.is_upload(change.file.path):
            targets[change.file.path] = _target(change, number)
        elif not in_place:
            targets[change.file.path] = reviewed_path(change.file)
    overwrite, hindered = is_upload, bool(in_place and barred)  # what was written of an upload is ours to replace
    if in_place:
        for text in barred:
            st.html(heading.line("warning", brief(text, 400)))
        told = _CHANGES if any(len(change.script) for change in wanted) else _NOTES
        st.html(whole(f'<p class="cu-quiet">{told}</p>'))
    elif not is_upload:
        overwrite, hindered = _collisions(targets)
    if st.button("Write", type="primary", disabled=hindered, width="stretch"):
        _write(workspace, None if in_place else targets, overwrite)


def _target(change: FileChange, number: int) -> str:
    usual = reviewed_path(change.file)
    try:
        usual.encode()
    except UnicodeEncodeError:  # a name that no field can hold
        st.html(whole(f'<div class="cu-quiet">→ {brief(usual, 200)}</div>'))
        return usual
    name = st.text_input("New file", usual, key=f"target-{number}-{usual}", label_visibility="collapsed")
    return (name or "").strip() or usual


def _collisions(targets: dict[str, str]) -> tuple[bool, bool]:
    """Whether existing files may be replaced, and whether something is in the way."""
    if clashes := outcome.clashes(targets):
        st.html(heading.line("error", f"Two files would be written to {brief(clashes[0], 200)}: name another."))
        return False, True
    there = [path for path in targets.values() if os.path.lexists(path)]
    if not there:
        return False, False
    st.html(heading.line("warning", f"There already: {heading.names(there)}"))
    agreed = st.checkbox("Replace what is there", key=f"replace-{len(there)}")
    return agreed, not agreed


def _write(workspace: Workspace, targets: dict[str, str] | None, overwrite: bool) -> None:
    bar = st.progress(0.0, text="Writing …")

    def progress(done: int, total: int) -> None:
        bar.progress(done / total if total else 1.0, text=f"Writing: {done:,} of {total:,} files")

    try:
        results = outcome.write(workspace, targets, overwrite=overwrite, progress=progress)
    except CuratorError as error:
        st.html(heading.line("error", brief(str(error), 600)))
        return
    written = any(result.written for result in results)
    if written:
        workspace.checking.written = workspace.store.last_id
    again = Recheck.start(outcome.now_valid(workspace, results), workspace.options) if written else None
    st.session_state[_DONE] = (workspace.checking.number, results, again)
    st.session_state.pop(_PREVIEW, None)
    st.rerun()


def _diffs(wanted: list[FileChange]) -> None:
    for change in wanted:
        if not len(change.script):
            continue
        places = len(change.script)
        more = f"the first {_PLACES} of {places:,} places" if places > _PLACES else ""
        name = brief(uploads.known_as(change.file.path), 120)
        st.html(whole(f'<h3 class="cu-title">{name} <span class="cu-quiet">{more}</span></h3>'))
        try:
            st.html(outcome.diff(change, _PLACES))
        except CuratorError as error:
            st.html(heading.line("error", brief(str(error), 600)))


def _command(workspace: Workspace, wanted: list[FileChange]) -> None:
    st.html(outcome.command_html(outcome.command(workspace, wanted)))


def _log(workspace: Workspace) -> None:
    if workspace.store.last_id:
        st.download_button(
            "Log of all decisions (JSON Lines)", lambda: outcome.export(workspace.store), "decisions.jsonl",
            "application/jsonl", on_click="ignore",
        )  # fmt: skip


def _after(workspace: Workspace, results: list[Result], again: Recheck | None) -> None:
    failed = [result for result in results if result.written is None]
    title = "Not everything is written" if failed else "Written"
    st.html(whole(f'<h2 class="cu-verdict">{title}</h2>{"".join(map(outcome.report, results))}'))
    if failed:
        st.html(whole('<div class="cu-quiet">Those files are as they were, and no decision is lost.</div>'))
    in_place = outcome.is_in_place(results)
    st.html(whole(f'<div class="cu-quiet">{_FILES_BACK if in_place else _DATA_STAYS}</div>'))
    if again is not None and not again.is_done:
        _watching(again)
    elif again is not None:
        st.html(recheck.verdict(workspace, outcome.now_valid(workspace, results), again))
    with st.container(horizontal=True):
        if again is not None and st.button("Check again, and go on with the new version", type="primary"):
            _go_on(workspace, outcome.now_valid(workspace, results))
        if not in_place and st.button("Back to the preview"):
            st.session_state.pop(_DONE, None)
            st.rerun()
        for number, result in enumerate(results):
            if result.written and uploads.is_upload(result.file.path):
                _download("Download the new file", result.written.path, f"download-{number}")
                _download("Download what was removed", result.written.aside, f"removed-{number}")
        _log(workspace)
    if again is not None and again.counts is not None:
        with st.container(width=480):
            st.html(recheck.compared(workspace.index.summary(), again.counts)[1])


def _download(title: str, path: str, key: str) -> None:
    if not path:
        return

    def read() -> bytes:
        with open(path, "rb") as file:
            return file.read()

    st.download_button(
        title, read, os.path.basename(path), "application/octet-stream", key=key, on_click="ignore",
    )  # fmt: skip


def _go_on(workspace: Workspace, paths: list[str]) -> None:
    if paths != list(workspace.options.paths):
        st.session_state[PATHS] = tuple(paths)
    else:
        st.session_state[AGAIN] = workspace.checking.number
    st.session_state.pop(_DONE, None)
    navigation.go(navigation.REVIEW)


@st.fragment(run_every=_EVERY)
def _watching(again: Recheck) -> None:
    if again.is_done:
        st.rerun()
    st.html(whole('<p class="cu-quiet">Checking what was written …</p>'))
