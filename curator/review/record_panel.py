"""The right side of the Review page: one record, what is found in it, and what its fix would make of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st

from curator.model import Finding
from curator.review import answering, general_findings, navigation
from curator.review.opened import Opened
from curator.review.rendering.differing import diff_html, line_pieces
from curator.review.rendering.escaping import brief, escape, label, whole
from curator.review.rendering.plain import plain
from curator.review.rendering.raw import raw_html
from curator.review.rendering.record import Part, record_html
from curator.review.rendering.viewing import View
from curator.review.rules import rule_card
from curator.review.screen import Clash, Screen
from curator.review.states import Decision, State
from curator.review.workspace import Workspace

_SIGNS = {"fixed": "✓", "kept": "=", "removed": "✕", "discuss": "?", "open": "○"}
_COUNTED = 300_000  # bytes of a record whose turns are counted while the page waits
_ONES = 6  # findings that can be accepted one by one; the others when these are gone
VISIBLE, FULL = "record-visible", "record-full"
"""How texts are shown, in the session: with white space in sight, and without leaving out the middle of long ones."""


def head(workspace: Workspace, opened: Opened, number: int | None, total: int) -> None:
    """Where the record stands, and the ways to its neighbours."""
    way(workspace, number, total, _where(workspace, opened))


Move = Callable[[Workspace, int], None]


def way(workspace: Workspace, number: int | None, total: int, html: str, move: Move = answering.move) -> None:
    """What HTML of ours says of the record, or the cluster, and the ways to its neighbours."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="record-head"):
        st.html(whole(f'<div class="cu-where">{html}</div>'))
        with st.container(horizontal=True, gap="small", vertical_alignment="center", width="content", key="record-way"):
            st.button(
                "‹:gray[ previous]",
                key="record-back",
                shortcut="K",
                on_click=move,
                args=(workspace, -1),
                type="tertiary",
            )
            place = f"<b>{number + 1:,}</b> of {total:,}" if number is not None else f"not among these {total:,}"
            st.html(whole(f'<div class="cu-place">{place}</div>'), width="content")
            st.button(
                "›:gray[ next]", key="record-next", shortcut="J", on_click=move, args=(workspace, 1), type="tertiary"
            )


def _where(workspace: Workspace, opened: Opened) -> str:
    row, plan = opened.row, opened.plan
    file = opened.file.path.rpartition("/")[2] if len(workspace.files()) > 1 else ""
    place = f"{escape(file)}:{row.line}" if file else f"line {row.line:,}"
    if opened.file.container == "document":  # a line has several there
        place += f":{row.column}" if file else f", column {row.column:,}"
    facts = [f"<b>{place}</b>"]
    facts += [escape(row.split)] if row.split else []
    limit = _limit(opened)
    if row.tokens is not None:
        facts.append(f"{row.tokens:,} of {limit:,} tokens" if limit else f"{row.tokens:,} tokens")
    elif plan.tokenizer is not None and workspace.index.counted() < 1:
        facts.append("tokens are being counted")
    if row.label is not None:
        facts.append(f"label {brief(row.label, 40)}")
    status = opened.state.status
    if opened.decision is not None and status != "open":
        facts.append(f'<span class="cu-label cu-info">{_SIGNS[status]} {status}</span>{_by(opened.decision)}')
    return ' <span class="cu-quiet">·</span> '.join(facts)


def _by(decision: Decision) -> str:
    return f'<span class="cu-quiet">{brief(decision.reviewer, 30)}, {answering.ago(decision.time)}</span>'


def _limit(opened: Opened) -> int | None:
    figure = opened.plan.model.max_tokens if opened.plan.model else None
    return figure.value if figure else None


# --- the record --------------------------------------------------------------------------------


def body(workspace: Workspace, opened: Opened, here: Screen) -> None:
    """The record with everything that is asked and known about it."""
    if here.clash is not None and here.clash.row == opened.row.id:
        _clash(workspace, opened, here.clash)
    if opened.linted.failure:
        st.html(whole(f'<div class="cu-note cu-error">Not checked: {escape(opened.linted.failure)}</div>'))
    parts = _parts(opened)
    if not opened.open or opened.state.status != "open":
        st.html(whole(f'<div class="cu-note">{_settled(opened)}</div>'))
    found = [part.html for part in parts if part.kind == "findings"]
    if found:
        st.html("".join(found))
    proposed = answering.proposed(opened)
    fix(workspace, opened, proposed)
    _choices(workspace, opened, proposed)
    st.html(f'<div class="cu cu-record">{"".join(part.html for part in parts if part.kind != "findings")}</div>')
    _later(opened)
    about(workspace, opened)


def _parts(opened: Opened) -> list[Part]:
    full, visible = st.session_state.get(FULL, False), st.session_state.get(VISIBLE, False)
    plan = opened.plan
    usual = View.of(plan.conventions, plan.target.reserved_tokens, visible=visible)
    view = View.of(plan.conventions, plan.target.reserved_tokens, visible=visible, limit=None) if full else usual
    return record_html(opened.example, opened.now, opened.open, tokens=_tokens(opened), limit=_limit(opened), view=view)


def _tokens(opened: Opened) -> list[int | None] | None:
    """The tokens of each turn; None where no tokenizer is known, or counting would keep the reviewer waiting."""
    tokenizer, example = opened.plan.tokenizer, opened.example
    if tokenizer is None or example is None or len(opened.now) > _COUNTED:
        return None
    turns = (*example.turns, *example.rejected)
    if example.kind == "completion":
        return [tokenizer.count(turn.text) for turn in turns]
    return [tokenizer.turn(turn) for turn in turns]


def _settled(opened: Opened) -> str:
    state = opened.state
    if state.status == "removed":
        return f"This record is to be removed{_because(state)}."
    if state.status == "discuss":
        return f"This record is to be discussed{_because(state)}."
    if state.kept and state.raw is None:
        return f"All that was found is kept: {escape('; '.join(dict.fromkeys(kept.reason for kept in state.kept)))}"
    return "Nothing is found in the record as it is to become." if state.raw is not None else "Nothing is open here."


def _because(state: State) -> str:
    return f": {escape(state.note)}" if state.note else ""


def _later(opened: Opened) -> None:
    if opened.linted.later:
        names = ", ".join(dict.fromkeys(f"{finding.code} {finding.name}" for finding in opened.linted.later))
        st.html(
            whole(
                f'<div class="cu-quiet">To be asked again when all is written: {escape(names)} (of the dataset).</div>'
            )
        )


# --- the fix -----------------------------------------------------------------------------------


def fix(workspace: Workspace, opened: Opened, findings: Sequence[Finding]) -> None:
    """What accepting would do, exactly."""
    if not findings:
        _advice(opened)
        return
    accepted = workspace.proposal(opened, findings)
    names = " + ".join(dict.fromkeys(f"{f.code} {f.fix.title}" for f in findings if f.fix is not None))
    safety = "safe" if all(finding.safety == "safe" for finding in findings) else "unsafe"
    kind = "added" if safety == "safe" else "warning"
    title = f"<b>Proposed fix</b> {brief(names, 200)} {label(f'{safety}: {_SAFETY[safety]}', kind)}"
    if not accepted.applied:
        change = '<div class="cu-quiet">It does not fit the record any more.</div>'
    elif accepted.is_dropped:
        change = '<div class="cu-note"><b>− the whole record goes</b></div>'
    else:
        change = diff_html(line_pieces(opened.now, accepted.raw, accepted.splices))
    st.html(f'<div class="cu cu-fix"><div class="cu-head">{title}</div>{change}</div>')


_BY_HAND = "No fix is known: edit the record (E), keep it for a reason (Q), or remove it (X)."
_SAFETY = {"safe": "what is trained on stays", "unsafe": "what is trained on changes"}


def _choices(workspace: Workspace, opened: Opened, proposed: Sequence[Finding]) -> None:
    """One finding of several, or all records of the rule; and how texts are shown."""
    with st.container(horizontal=True, gap="small", key="record-choices"):
        if len(opened.fixable) > 1:
            for number, finding in enumerate(opened.fixable[:_ONES]):
                st.button(
                    f"Accept only {plain(finding.code, 20)}", key=f"record-one-{number}", on_click=answering.accept,
                    args=(workspace, ((finding.code, finding.pointer),)), help=plain(finding.pointer, 120) or None,
                )  # fmt: skip
        for code in dict.fromkeys(finding.code for finding in proposed):
            st.button(
                f"All with {plain(code, 20)} …", key=f"record-all-{code}", on_click=answering.turn_to,
                args=("bulk", code),
            )  # fmt: skip
        st.space("stretch")
        for name, words, key in ((VISIBLE, "Show white space", "V"), (FULL, "Show long texts whole", "L")):
            is_on = st.session_state.get(name, False)
            st.button(
                f"✓ {words}" if is_on else words, key=f"{name}-button", shortcut=key, on_click=_toggle, args=(name,),
                type="tertiary",
            )  # fmt: skip


def _toggle(name: str) -> None:
    st.session_state[name] = not st.session_state.get(name, False)


def _advice(opened: Opened) -> None:
    """What a person has to do, or the command line can."""
    of_file = [finding for finding in opened.open if finding.fixable and finding not in opened.fixable]
    by_hand = [finding for finding in opened.open if finding.fix is not None and finding not in of_file]
    parts = []
    for found, how in ((by_hand, "by hand"), (of_file, "for the whole file")):
        titles = dict.fromkeys(f"{f.code}: {f.fix.title}" for f in found if f.fix is not None and f.fix.title)
        if titles:
            parts.append(f'<div class="cu-head"><b>What to do</b> {label(how, "info")}</div>')
            parts += [f"<div>{escape(title)}</div>" for title in titles]
    if of_file:
        parts.append(f'<div class="cu-text cu-code">{escape(general_findings.command(of_file))}</div>')
    if parts:
        st.html(f'<div class="cu cu-fix">{"".join(parts)}</div>')
    elif opened.open:
        st.html(whole(f'<div class="cu-quiet">{_BY_HAND}</div>'))


# --- more about it -----------------------------------------------------------------------------


def about(workspace: Workspace, opened: Opened) -> None:
    """Why the rules are there, the raw line, and what was decided; each only when it is asked for."""
    rules = workspace.rules()
    codes = list(dict.fromkeys([f.code for f in opened.open] or opened.row.codes))
    for code in [code for code in codes if code in rules][:5]:
        with st.expander(
            f"Why {plain(f'{code} {rules[code].name}', 80)}", key=f"record-why-{code}", on_change="rerun"
        ) as why:
            if why.open:
                rule_card.head(rules[code], rules[code].card.severity)
                rule_card.body(rules[code])
                if st.button("Change or switch off this rule", key=f"record-rule-{code}", type="tertiary"):
                    navigation.rules(code)
    with st.expander("Raw line", key="record-raw", on_change="rerun") as raw:
        if raw.open:
            _raw(opened)
    history = workspace.history(opened.row.key)
    if history:
        with st.expander(f"History · {len(history):,}", key="record-history", on_change="rerun") as past:
            if past.open:
                st.html(whole("".join(map(_event, reversed(history)))))


def _raw(opened: Opened) -> None:
    full, visible = st.session_state.get(FULL, False), st.session_state.get(VISIBLE, False)
    view = View(visible, None) if full else View(visible)
    st.html(raw_html(opened.now, opened.open, view=view))
    if opened.now != opened.raw:
        st.html(whole('<div class="cu-head"><b>What is changed against the file</b></div>'))
        st.html(diff_html(line_pieces(opened.raw, opened.now)))


def _event(decision: Decision) -> str:
    state = decision.state
    reasons = [kept.reason for kept in state.kept if kept.code in decision.codes] if decision.action == "keep" else []
    words = "; ".join(dict.fromkeys([*reasons, *([state.note] if state.note else [])]))
    time = f'<span class="cu-quiet" title="{escape(decision.time)}">{answering.ago(decision.time)}</span>'
    return (
        f'<div class="cu-event">{time}'
        f"<b>{brief(decision.reviewer, 40)}</b><span>{answering.DONE[decision.action].lower()} "
        f'{escape(", ".join(decision.codes))} <span class="cu-quiet">→ {_SIGNS[state.status]} {state.status}</span> '
        f"{brief(words, 300)}</span></div>"
    )


def _clash(workspace: Workspace, opened: Opened, clash: Clash) -> None:
    """Both sides of a decision that somebody else was faster with."""
    other = clash.other
    st.html(
        whole(
            f'<div class="cu-note cu-warning"><b>{brief(other.reviewer, 40)}</b> has decided on this record '
            f"{answering.ago(other.time)}: <b>{answering.DONE[other.action].lower()}</b> "
            f"{escape(', '.join(other.codes))}{_because(other.state)}. Yours (<b>{escape(clash.mine)}</b>) is not "
            "saved. Below is the record as it stands now; decide again to put yours in the place of theirs, "
            "or go on with <b>J</b>.</div>"
        )
    )
    for title, made in (("What they made of it", other.state.raw), ("What you would have made of it", clash.made)):
        if made is not None:
            st.html(whole(f'<div class="cu-head"><b>{title}</b></div>') + diff_html(line_pieces(opened.raw, made)))
    if clash.is_edit and clash.made is not None:
        st.button(
            "Put my edit in its place", key="record-mine", on_click=answering.edited, args=(workspace, clash.made)
        )
