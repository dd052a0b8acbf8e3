"""One rule's fix for all records of the filter: a preview, what is known of the rule, progress, and the outcome."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import streamlit as st

from curator.errors import InputError
from curator.review import answering
from curator.review import screen as screens
from curator.review.bulk import Task
from curator.review.many import Change, Done
from curator.review.rendering.differing import diff_html, line_pieces
from curator.review.rendering.escaping import brief, escape, label, marked, whole
from curator.review.states import Filter
from curator.review.workspace import Workspace

_TASK, _NOTICE, _SURVEY = "bulk-task", "bulk-notice", "bulk-survey"
_AROUND = 80  # code points of a record that are shown on each side of a change
_EVERY = 0.3  # seconds between two looks at the progress
_AT_ONCE = 0.2  # seconds that a page waits for what may be done by then


def show(workspace: Workspace, shown: Filter, code: str) -> None:
    """The preview of a rule's fix for the records of the filter, and the button that applies it."""
    shown = replace(shown, codes=(code,), group="")
    task: Task | None = st.session_state.get(_TASK)
    if task is not None:
        task.wait(_AT_ONCE)
        if task.is_running:
            running(task)
            return
        _finished(task)
        st.rerun()  # what stands above and beside is from before
    _notice(workspace)
    total = workspace.index.count(shown)
    if not total:
        st.html(whole(f'<div class="cu-note">{label(code, "info")} No record of this view has it any more.</div>'))
        return
    try:
        expected, changes = _survey(workspace, shown, code, total)
    except InputError as error:
        st.html(whole(f'<div class="cu-note cu-error">{escape(str(error))}</div>'))
        return
    st.html(whole(_head(workspace, code, total, expected, changes)))
    with st.container(horizontal=True, gap="small", vertical_alignment="center", key="bulk-actions"):
        st.button(
            f"Apply to {total:,} {'record' if total == 1 else 'records'}", key="bulk-apply", type="primary",
            shortcut="Ctrl+Enter", disabled=not changes, on_click=_apply, args=(workspace, shown, code, total),
        )  # fmt: skip
        st.button("Cancel", key="bulk-cancel", shortcut="Esc", on_click=_close)
        st.html(whole(_precision(*workspace.precision(code))), width="content")
    _preview(changes)


def _survey(workspace: Workspace, shown: Filter, code: str, total: int) -> tuple[Done, list[Change]]:
    """What is to be expected, worked out once for each state of the decisions."""
    name = (shown, code, workspace.checking.synced)
    known = st.session_state.get(_SURVEY)
    if known is None or known[0] != name:
        known = (name, workspace.many.would_accept(shown, code), workspace.many.previewed(shown, code))
        st.session_state[_SURVEY] = known
    return known[1], known[2]


def _head(workspace: Workspace, code: str, total: int, expected: Done, changes: list[Change]) -> str:
    """The rule, how safe its fix is, and what is to be expected, as HTML."""
    rule = workspace.rules().get(code)
    name = rule.card.name if rule is not None else ""
    findings = [finding for change in changes for finding in change.accepted.applied]
    title = findings[0].fix.title if findings and findings[0].fix else ""
    unsafe = any(finding.safety != "safe" for finding in findings)
    sign = label("unsafe", "warning") if unsafe else label("safe", "added")
    about = "It may change what the model learns: look at the preview." if unsafe else "It keeps what the model learns."
    level = str(findings[0].severity) if findings else "info"
    lines = [
        f"<div>{label(code, level)} <b>{escape(name)}</b> {brief(title, 200)}</div>",
        f'<div class="cu-quiet">{sign} {about}</div>' if findings else "",
        *_expected(total, expected),
    ]
    return "".join(lines)


def _expected(total: int, expected: Done) -> list[str]:
    tried = expected.decided + expected.passed_over
    words = f"{expected.decided:,} would be changed, {expected.passed_over:,} passed over"
    if tried < total:
        words = f"Of {tried:,} of the {total:,} records, taken from all over, {words}"
    return [f'<div class="cu-quiet">{words}.</div>', *_why(expected.why)]


def _why(why: Mapping[str, int]) -> list[str]:
    most = sorted(why.items(), key=lambda item: -item[1])[:4]
    return [f'<div class="cu-quiet">passed over × {count:,}: {brief(reason, 300)}</div>' for reason, count in most]


def _precision(accepted: int, rejected: int) -> str:
    """How often reviewers agreed with the rule so far, as HTML."""
    total = accepted + rejected
    if not total:
        return '<span class="cu-quiet">Nobody has answered this rule yet.</span>'
    return (
        f'<span class="cu-quiet">So far accepted {accepted:,}, rejected {rejected:,}: '
        f"right in {accepted / total:.0%}.</span>"
    )


def _preview(changes: list[Change]) -> None:
    if not changes:
        st.html(whole('<div class="cu-note">The rule has no fix that a program can apply to these records.</div>'))
        return
    count = f"{len(changes):,} of them" if len(changes) > 1 else "It"
    parts = [f'<div class="cu-quiet">{count}, as they would become:</div>' if len(changes) > 1 else ""]
    for change in changes:
        opened = change.opened
        place = marked(f"{opened.file.path}:{opened.row.line:,}", limit=120)
        split = f' <span class="cu-item">{brief(opened.row.split, 40)}</span>' if opened.row.split else ""
        if change.accepted.is_dropped:
            body = f'<div class="cu-quiet">{label("removed", "removed")} the record goes</div>'
        else:
            body = diff_html(
                line_pieces(opened.now, change.accepted.raw, change.accepted.splices), limit=2_000, around=_AROUND
            )
        parts.append(f'<div class="cu-member"><div class="cu-head"><b>{place}</b>{split}</div>{body}</div>')
    st.html(whole(f'<div class="cu-findings">{"".join(parts)}</div>'))


# --- while it runs, and afterwards --------------------------------------------------------------


@st.fragment(run_every=_EVERY)
def running(task: Task) -> None:
    """How far work on many records is, and a button that ends it; the page starts again when it is done."""
    if not task.is_running:
        st.rerun()
    pace = task.pace
    left = f" · about {max(1, round(pace.left)):,} s left" if pace.left is not None else ""
    st.progress(pace.share, text=f"{pace.done:,} of {pace.total:,} records{left}")
    st.button("Stop", key="bulk-stop", on_click=task.stop)
    st.html(whole('<span class="cu-quiet">What is decided by then stays, and one undo takes it back.</span>'))


def _finished(task: Task) -> None:
    st.session_state.pop(_TASK, None)
    if task.outcome is None:
        st.session_state[_NOTICE] = ("error", task.error, (), False)
        return
    done = task.outcome
    screens.screen().say(words(done), wrong=not done.decided)
    st.session_state[_NOTICE] = ("added", words(done), tuple(_why(done.why)), done.decided > 0)


def words(done: Done) -> str:
    """What became of it, in one line."""
    parts = [f"{done.decided:,} fixed"]
    if done.passed_over:
        parts.append(f"{done.passed_over:,} passed over")
    if done.conflicts:
        parts.append(f"{done.conflicts:,} {'conflict' if done.conflicts == 1 else 'conflicts'}")
    return f"{'Done' if done.is_whole else 'Stopped'}: {', '.join(parts)}"


def _notice(workspace: Workspace) -> None:
    kind, text, why, can_undo = st.session_state.get(_NOTICE, ("", "", (), False))
    if not text:
        return
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        st.html(
            whole(f"<div>{label('done' if kind == 'added' else kind, kind)} {brief(text, 400)}</div>"), width="content"
        )
        if can_undo:
            st.button("Undo", key="bulk-undo", on_click=_undo, args=(workspace,))
        st.button("Back to the records", key="bulk-back", type="tertiary", on_click=_close)
    if why:
        st.html(whole("".join(why)))


# --- what keys do ------------------------------------------------------------------------------


def _apply(workspace: Workspace, shown: Filter, code: str, total: int) -> None:
    st.session_state.pop(_NOTICE, None)
    upto = workspace.checking.synced
    st.session_state[_TASK] = Task(total, lambda progress: workspace.many.accept_all(shown, code, progress, upto))


def _undo(workspace: Workspace) -> None:
    st.session_state.pop(_NOTICE, None)
    answering.undo(workspace)


def _close() -> None:
    st.session_state.pop(_NOTICE, None)
    screens.screen().settle()
