"""The bar at the foot of the Review page: the decisions, each with its key, and what the last one did."""

from __future__ import annotations

import streamlit as st

from curator.review import answering, edit_bar
from curator.review import screen as screens
from curator.review.opened import Opened
from curator.review.rendering.escaping import escape, whole
from curator.review.rendering.plain import plain
from curator.review.screen import Screen
from curator.review.states import State
from curator.review.workspace import Workspace

HELP = ".st-key-decide-help button"
_REASON = "decision-reason"
_ASKED = {
    "keep": ("Why is it right as it is?", "The reason goes into the suppressions.", "Keep"),
    "discuss": ("What is to be discussed?", "A note for the others; may be empty.", "Discuss"),
    "remove": ("Why does it go?", "A note; may be empty.", "Remove"),
}
_KEYS = (
    ("A", "accept the proposed fix"), ("E", "edit"), ("Q", "keep as it is, with a reason"),
    ("X", "remove"), ("Shift+X", "remove, with a note"), ("N", "to be discussed, with a note"), ("J", "next record"),
    ("K", "previous record"), ("Z", "undo your last decision"), ("Shift+Z", "redo"), ("O", "open again"),
    ("V", "show white space and special tokens"), ("L", "show all of long texts"), ("?", "these keys"),
)  # fmt: skip

_CLUSTER_KEYS = (
    ("1", "keep only the first member shown, and so on"), ("Q", "keep all, for the reason"), ("L", "relabel all"),
    ("J", "next cluster"), ("K", "previous cluster"), ("Z", "undo your last decision"), ("Shift+Z", "redo"),
    ("?", "these keys"),
)  # fmt: skip


def field(here: Screen) -> str:
    """The selector of the field for the reason or the note that is asked for: a new one each time."""
    return f".st-key-{_REASON}-{here.asked} input"


def show(workspace: Workspace, opened: Opened | None, here: Screen) -> None:
    """The bar; without a record only undo and help can be used."""
    kind = " cu-wrong" if here.is_wrong else ""
    st.html(whole(f'<div class="cu-told{kind}" role="status">{escape(here.notice) or "&nbsp;"}</div>'))
    if here.asking == "harm":
        _harm(workspace, here)
    elif here.asking and opened is not None:
        _reason(workspace, here)
    if here.help:
        known = _KEYS if screens.cluster() is None else _CLUSTER_KEYS
        keys = "".join(f"<span><kbd>{key}</kbd> {what}</span>" for key, what in known)
        st.html(whole(f'<div class="cu-keys">{keys}</div>'))
    if here.mode == "edit" and opened is not None:
        edit_bar.actions(workspace, opened)
    else:
        _buttons(workspace, opened, here)


def _buttons(workspace: Workspace, opened: Opened | None, here: Screen) -> None:
    with st.container(horizontal=True, gap="small", vertical_alignment="center", key="decision-buttons"):
        if screens.cluster() is None:  # a cluster has decisions of its own
            _decisions(workspace, opened, here)
        st.space("stretch")
        with st.container(horizontal=True, gap="small", width="content", key="decision-turns"):  # they wrap as one
            _turns(workspace)


def _decisions(workspace: Workspace, opened: Opened | None, here: Screen) -> None:
    off = opened is None or here.mode != "record"
    can_accept = opened is not None and bool(answering.proposed(opened))
    st.button(
        "Accept", key="decide-accept", shortcut="A", on_click=answering.accept, args=(workspace,),
        disabled=off or not can_accept, type="primary" if can_accept else "secondary",
    )  # fmt: skip
    st.button("Edit", key="decide-edit", shortcut="E", on_click=answering.turn_to, args=("edit",), disabled=off)
    nothing = off or opened is None or not opened.open
    st.button("Keep", key="decide-keep", shortcut="Q", on_click=answering.ask, args=("keep",), disabled=nothing)
    st.button("Remove", key="decide-remove", shortcut="X", on_click=answering.remove, args=(workspace,), disabled=off)
    st.button("Discuss", key="decide-discuss", shortcut="N", on_click=answering.ask, args=("discuss",), disabled=off)
    st.button(
        "Remove with a note", key="decide-remove-note", shortcut="Shift+X", on_click=answering.ask, args=("remove",),
        disabled=off,
    )  # fmt: skip
    if opened is not None and opened.state != State():
        st.button(
            "Reopen", key="decide-reopen", shortcut="O", on_click=answering.reopen, args=(workspace,), disabled=off
        )


def _turns(workspace: Workspace) -> None:
    store = workspace.store
    st.button(
        "Undo", key="decide-undo", shortcut="Z", on_click=answering.undo, args=(workspace,), type="tertiary",
        disabled=not store.can_undo,
    )  # fmt: skip
    st.button(
        "Redo", key="decide-redo", shortcut="Shift+Z", on_click=answering.redo, args=(workspace,), type="tertiary",
        disabled=not store.can_redo,
    )  # fmt: skip
    st.button("Keys ?", key="decide-help", on_click=_help, type="tertiary")


def _help() -> None:
    here = screens.screen()
    here.help = not here.help


def _reason(workspace: Workspace, here: Screen) -> None:
    """A field for a reason or a note, with the last reasons; Enter decides."""
    question, hint, word = _ASKED[here.asking]
    name = f"{_REASON}-{here.asked}"
    with st.container(key=_REASON, gap="small"):
        if here.asking == "keep" and (offered := answering.reasons(workspace)):
            with st.container(horizontal=True, gap="small", key="decision-reasons"):
                for number, reason in enumerate(offered):
                    st.button(
                        plain(reason, 40), key=f"decision-as-{number}", on_click=answering.keep,
                        args=(workspace, reason), shortcut=f"Alt+{number + 1}",
                    )  # fmt: skip
        with (
            st.form(f"decision-form-{here.asked}", border=False, enter_to_submit=True),
            st.container(horizontal=True, gap="small", vertical_alignment="center"),
        ):
            st.text_input(question, key=name, placeholder=f"{question} {hint}", label_visibility="collapsed")
            st.form_submit_button(f"{word} ⏎", on_click=_answer, args=(workspace, name), type="primary")
            st.form_submit_button("Cancel", on_click=answering.ask, args=(here.asking,), shortcut="Esc")


def _answer(workspace: Workspace, name: str) -> None:
    here = screens.screen()
    words = str(st.session_state[name] or "").strip()
    if here.asking == "keep":
        if words:
            answering.keep(workspace, words)
        else:
            here.say("A finding is kept for a reason: say why.", wrong=True)
    elif here.asking == "remove":
        answering.remove(workspace, words)
    elif here.asking == "discuss":
        answering.discuss(workspace, words)


def _harm(workspace: Workspace, here: Screen) -> None:
    """What speaks against a change, and the way to make it nevertheless."""
    sentences = "".join(f"<div>{escape(sentence)}</div>" for sentence in here.warnings[:5])
    st.html(whole(f'<div class="cu-note cu-warning"><b>This would do harm.</b>{sentences}</div>'))
    with st.container(horizontal=True, gap="small"):
        st.button("Change it anyway", key="decision-anyway", shortcut="Y", on_click=answering.anyway, args=(workspace,))
        st.button(
            "Leave it", key="decision-leave", shortcut="Esc", on_click=answering.ask, args=("harm",), type="primary"
        )
