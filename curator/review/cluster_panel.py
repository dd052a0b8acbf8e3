"""A cluster as one item: its members beside each other, what differs marked, and one decision about all of them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import streamlit as st

from curator.errors import InputError, UsageError
from curator.review import answering, bulk_panel, comparing
from curator.review import screen as screens
from curator.review.bulk import Task
from curator.review.comparing import Member
from curator.review.decisions import editing
from curator.review.decisions.store import Conflict
from curator.review.index.queries import Group
from curator.review.many import Done, Progress
from curator.review.rendering.escaping import brief, label, whole
from curator.review.rendering.plain import visible
from curator.review.states import Row
from curator.review.workspace import Workspace

Open = Callable[[Row], None]
Told = Callable[[str, bool], None]

UNSAID = "Say first why they may all stay, then press Enter."
"""What is told where all members are to be kept for no reason; the field for it is FIELD."""
FIELD = ".st-key-cluster-actions input"
_PAGE = 8
"""Members on the page at once; each has a digit as its key."""
_MANY = 200
"""Members from which on deciding is watched, and may be stopped."""
_AT_ONCE = 0.2  # seconds that a page waits for what may be done by then
_NOTICE, _TASK = "cluster-notice", "cluster-task"


def show(workspace: Workspace, group: Group, go: Open | None = None, told: Told | None = None) -> None:
    """The members of a cluster, and what can be decided about it.

    `go` is called in a callback with a member that is to be decided alone; without it, the Review page shows that one.
    `told` hears in a callback what was done, and whether it went wrong; without it, the panel says so itself.
    """
    upto = workspace.checking.synced
    st.html(comparing.group_html(group.code, group.name, group.message, group.severity, group.size, group.open))
    pages = max(1, -(-group.size // _PAGE))
    number = 1
    if pages > 1:
        number = st.pagination(pages, key=f"cluster-page:{group.id}")
    on_page = workspace.index.members(group, _PAGE, (number - 1) * _PAGE)
    try:
        first = comparing.member(workspace.open(workspace.index.members(group, 1)[0]), group.code)
        members = [comparing.member(workspace.open(row), group.code) for row in on_page]
    except InputError as error:
        st.html(_said("error", "cannot be shown", str(error)))
        return
    _together(workspace, group, members, told, upto)
    _notice(workspace, group, told)
    _members(workspace, group, members, first, (number - 1) * _PAGE, go, told, upto)
    if pages > 1:
        st.html(whole(f'<span class="cu-quiet">{group.size:,} members; decisions are about all of them</span>'))


def _together(workspace: Workspace, group: Group, members: list[Member], told: Told | None, upto: int) -> None:
    """What can be decided about all members at once."""
    own = next((one.label for one in members if one.label is not None), None)
    with st.container(horizontal=True, gap="small", vertical_alignment="bottom", key="cluster-actions"):
        reason = f"cluster-reason:{group.id}"
        with (
            st.form(f"cluster-form:{group.id}", border=False, enter_to_submit=True, width="content"),
            st.container(horizontal=True, gap="small", vertical_alignment="bottom"),
        ):
            st.text_input("Reason", key=reason, placeholder="Why they may all stay", width=260)
            st.form_submit_button(
                "Keep all", key="cluster-keep", shortcut="Q", on_click=_keep_all,
                args=(workspace, group, reason, told, upto),
            )  # fmt: skip
        if own is not None:
            labels = editing.labels(workspace.plan(members[0].row.file).conventions, own)
            labels = list(dict.fromkeys((*(one.label for one in members if one.label is not None), *labels)))
            chosen = f"cluster-label:{group.id}"
            st.selectbox(
                "Label", range(len(labels)), key=chosen, width=260,
                format_func=lambda number: visible(labels[number]) or "(empty)",
            )  # fmt: skip
            st.button(
                "Relabel all", key="cluster-relabel", shortcut="L", on_click=_relabel,
                args=(workspace, group, labels, chosen, told, upto),
            )  # fmt: skip


def _members(
    workspace: Workspace, group: Group, members: list[Member], first: Member, before: int, go: Open | None,
    told: Told | None, upto: int,
) -> None:  # fmt: skip
    count = comparing.columns(members)
    for start in range(0, len(members), count):
        for number, (column, one) in enumerate(
            zip(st.columns(count, gap="small"), members[start : start + count], strict=False), start
        ):
            with column, st.container(gap="xsmall"):
                with st.container(horizontal=True, gap="small"):  # above, for texts are long
                    st.button(
                        "Keep only this", key=f"cluster-one-{number}", shortcut=str(number + 1),
                        on_click=_keep_one, args=(workspace, group, one.row, told, upto),
                    )  # fmt: skip
                    st.button(
                        "Open", key=f"cluster-open-{number}", type="tertiary", on_click=go or _go, args=(one.row,)
                    )
                st.html(comparing.member_html(one, first, before + number + 1))
    others = group.size - 1
    noun = "the other one goes" if others == 1 else f"the other {others:,} go"
    st.html(
        whole(
            f'<span class="cu-quiet">Keep only this: {noun} out of the data when you write, into the file of removed '
            "records beside it; until then Z brings them back.</span>"
        )
    )


def _notice(workspace: Workspace, group: Group, told: Told | None) -> None:
    words, is_wrong, can_undo = st.session_state.get(_NOTICE, {}).get(group.id, ("", False, False))
    if words and told is None:
        with st.container(horizontal=True, gap="small", vertical_alignment="center"):
            st.html(_said("error" if is_wrong else "added", "not done" if is_wrong else "done", words), width="content")
            if can_undo:
                st.button("Undo", key="cluster-undo", on_click=_undo, args=(workspace, group))


def _said(kind: str, word: str, text: str) -> str:
    return whole(f'<div class="cu-quiet">{label(word, kind)} {brief(text, 800)}</div>')


# --- what keys do ------------------------------------------------------------------------------


def _go(row: Row) -> None:
    screens.show_cluster(None)
    answering.go(row.id)


def _keep_one(workspace: Workspace, group: Group, kept: Row, told: Told | None, upto: int) -> None:
    verb = f"decided: line {kept.line:,} stays, the others go"
    _decide(workspace, group, told, partial(workspace.many.keep_one, group, kept, upto), verb)


def _keep_all(workspace: Workspace, group: Group, key: str, told: Told | None, upto: int) -> None:
    reason = str(st.session_state.get(key) or "").strip()
    if not reason:
        _tell(group, told, UNSAID, True)
        return
    _decide(workspace, group, told, partial(workspace.many.keep_all, group, reason, upto), "kept")


def _relabel(workspace: Workspace, group: Group, labels: list[str], key: str, told: Told | None, upto: int) -> None:
    wanted = labels[st.session_state[key]]
    _decide(workspace, group, told, partial(workspace.many.relabel_all, group, wanted, upto), "relabelled")


def _undo(workspace: Workspace, group: Group) -> None:
    try:
        done, left = workspace.undo()
    except (Conflict, UsageError) as error:
        _tell(group, None, str(error), True)
        return
    others = f"; {len(left):,} stay, others have decided on them since" if left else ""
    _tell(group, None, f"Taken back: {len(done):,}{others}", False)


def _decide(
    workspace: Workspace, group: Group, told: Told | None, decide: Callable[[Progress], Done], verb: str
) -> None:
    if group.size > _MANY:
        st.session_state[_TASK] = (Task(group.size, decide), group, told, verb)
        return
    try:
        done = decide(lambda number: None)
    except (UsageError, InputError) as error:
        _tell(group, told, str(error), True)
        return
    _done(workspace, group, told, done, verb)


def _done(workspace: Workspace, group: Group, told: Told | None, done: Done, verb: str) -> None:
    _tell(group, told, words(done, verb), not done.decided and bool(done.conflicts), bool(done.decided))
    if told is not None and done.decided and not done.conflicts:
        answering.next_cluster(workspace, group)


def goes_on(workspace: Workspace) -> bool:
    """Show how far a decision about many members is; False where there is none. To be asked before `show`."""
    task, group, told, verb = st.session_state.get(_TASK, (None, None, None, ""))
    if task is None:
        return False
    task.wait(_AT_ONCE)
    if task.is_running:
        bulk_panel.running(task)
        return True
    del st.session_state[_TASK]
    if task.outcome is None:
        _tell(group, told, task.error, True)
    else:
        _done(workspace, group, told, task.outcome, verb)
    st.rerun()  # what stands above and beside is from before


def words(done: Done, verb: str) -> str:
    """What became of a decision about many records, in one line."""
    parts = [f"{'' if done.is_whole else 'Stopped: '}{done.decided:,} {verb}"]
    if done.passed_over:
        parts.append(f"{done.passed_over:,} passed over")
    if done.conflicts:
        parts.append(f"{done.conflicts:,} decided by somebody else meanwhile; theirs holds")
    return ", ".join(parts)


def _tell(group: Group, told: Told | None, text: str, is_wrong: bool, can_undo: bool = False) -> None:
    if told is not None:
        told(text, is_wrong)
    st.session_state.setdefault(_NOTICE, {})[group.id] = (text, is_wrong, can_undo)
