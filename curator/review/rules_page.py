"""Rules: every card, what it found here, and what it would find if it were changed."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from curator.catalogue import Rule
from curator.errors import CuratorError
from curator.review.rendering.escaping import escape
from curator.review.rendering.style import STYLE
from curator.review.rules import rule_card, rule_controls, settings_file, tuning
from curator.review.rules.rule_controls import LEVELS, clean, discard, html, problem
from curator.review.rules.rules_desk import Desk, Workspace
from curator.review.rules.settings_file import Edit
from curator.review.rules.trying import Outcome
from curator.review.start_page import AGAIN

_ANY_FAMILY, _ANY_LEVEL = "All categories", "All severities"
_SHOWN = ("All", "With findings", "Off", "Changed")
_HEIGHT = 480
# Records of the cards' examples are long lines, which nobody should have to scroll. In narrow windows, the search
# stands above the other filters, whose words were cut.
_WRAP = """<style>
[data-testid="stMarkdownContainer"] pre code{white-space:pre-wrap!important;overflow-wrap:anywhere;}
@media (max-width:1100px){
 .st-key-rules-filter .stHorizontalBlock{flex-wrap:wrap;}
 .st-key-rules-filter .stColumn:first-child{min-width:100%;}
}
</style>"""


def show(workspace: Workspace) -> None:
    """Draw the page."""
    st.html(STYLE + _WRAP)
    try:
        desk = Desk(workspace, _file(workspace))
    except CuratorError as error:
        problem("The settings cannot be read.", str(error))
        return
    _bar(desk)
    left, right = st.columns([23, 20], gap="medium")
    with left:
        code = _list(desk)
    with right:
        if code is not None:
            _card(desk, code)


def _file(workspace: Workspace) -> Path:
    paths = [file.path for file in workspace.files()] or list(workspace.options.paths)
    found = tuning.governing(paths, workspace.options.config)
    if len(found) == 1:
        return found[0]
    return st.selectbox("Settings file", found, format_func=_near, key="rules.file")


def _near(path: Path) -> str:
    """A path as people name it: from the working directory, or from their home."""
    for folder, name in ((Path.cwd(), Path()), (Path(os.path.expanduser("~")), Path("~"))):
        if path.is_relative_to(folder):
            return clean(str(name / path.relative_to(folder)))
    return clean(str(path))


def _bar(desk: Desk) -> None:
    """What is changed and not yet saved; always there, so that nothing jumps when the first change is made."""
    number = len(desk.changes)
    with st.container(horizontal=True, vertical_alignment="center"):
        told = f"{number} rule{'' if number == 1 else 's'} changed, not saved" if number else "No unsaved changes"
        where = f"{_near(desk.path)} {'' if desk.path.is_file() else '(to be made)'}"
        html(f'<strong>{told}</strong> <span class="cu-quiet">· settings: {escape(where)}</span>')
        st.button(
            "Discard all", disabled=not number, on_click=discard, args=(desk, list(desk.changes)), key="rules.discard"
        )
        if st.button("Save …", type="primary", disabled=not number, key="rules.save"):
            _save(desk)
    if st.session_state.get("rules.saved") == desk.workspace.checking.number:
        with st.container(horizontal=True, vertical_alignment="center"):
            html("<strong>Saved.</strong> What the pages show was checked by the settings from before.")
            st.button("Check again", on_click=_check_again, args=(desk,), key="rules.again")
    if failed := st.session_state.pop("rules.failed", None):
        problem("It was not written.", failed)


@st.dialog("Save the changes", width="large")
def _save(desk: Desk) -> None:
    try:
        edit = settings_file.preview(desk.changes.values(), desk.path)
    except CuratorError as error:
        problem("This cannot be saved.", str(error))
        return
    st.text(f"This changes {_near(edit.path)} and nothing else:")
    st.code(clean(edit.diff) or "(nothing changes)", language="diff", wrap_lines=True)
    with st.container(horizontal=True):
        written = st.button("Write", type="primary", on_click=_write, args=(desk, edit), key="rules.write")
        if st.button("Cancel", key="rules.cancel") or written:
            st.rerun()


def _write(desk: Desk, edit: Edit) -> None:
    try:
        settings_file.write(edit)
    except CuratorError as error:
        st.session_state["rules.failed"] = str(error)
    else:
        discard(desk, list(desk.changes))
        st.session_state["rules.saved"] = desk.workspace.checking.number


def _check_again(desk: Desk) -> None:
    st.session_state[AGAIN] = desk.workspace.checking.number


# --- the list -----------------------------------------------------------------------------------


def _list(desk: Desk) -> str | None:
    """The rules that the filters leave; the code of the chosen one."""
    collapsed: dict[str, Any] = {"label_visibility": "collapsed"}
    with st.container(key="rules-filter"):
        first, second, third = st.columns([2, 1, 1])
    search = first.text_input("Search", placeholder="Search: code, name, message", key="rules.search", **collapsed)
    families = sorted({rule.family for rule in desk.rules.rules.values()})
    family = second.selectbox("Category", [_ANY_FAMILY, *families], format_func=clean, key="rules.family", **collapsed)
    level = third.selectbox("Severity", [_ANY_LEVEL, *LEVELS], key="rules.level", **collapsed)
    wanted = st.segmented_control("Show", _SHOWN, default="All", required=True, key="rules.shown", **collapsed)
    codes = [
        code
        for code, rule in desk.rules.rules.items()
        if _speaks_of(rule, search or "")
        and family in (_ANY_FAMILY, rule.family)
        and level in (_ANY_LEVEL, desk.severity(code))
        and _is_shown(desk, code, wanted)
    ]
    asked = _asked(desk)
    codes.sort(key=lambda code: (code != asked, -(desk.before(code) or 0), code))
    if not codes:
        st.info("No rule is like that. Clear the search or a filter.")
        return None
    chosen = st.session_state.get("rules.code")
    row = codes.index(chosen) if chosen in codes else 0
    event = st.dataframe(
        _table(desk, codes),
        hide_index=True,
        height=_HEIGHT,
        placeholder="–",
        column_config={
            "code": st.column_config.TextColumn("Code", width=62),
            "name": st.column_config.TextColumn("Name", width=166),
            "family": st.column_config.TextColumn("Category", width=80),
            "severity": st.column_config.TextColumn("Severity", width=64),
            "findings": st.column_config.NumberColumn("Findings", width=64, format="localized"),
            "tried": st.column_config.NumberColumn("Tried", width=48, format="localized"),
            "state": st.column_config.TextColumn("State", width=64),
        },
        on_select="rerun",
        selection_mode="single-row-required",
        selection_default={"selection": {"rows": [row]}},
        key=f"rules.list.{_digest(codes)}",
    )
    rows = event["selection"]["rows"]
    code = codes[rows[0]] if rows and rows[0] < len(codes) else codes[row]
    if chosen not in (None, code):  # the address goes along, so that it can be handed on
        st.query_params["rule"] = code
    st.session_state["rules.code"] = code
    st.html(f'<div class="cu cu-quiet">{len(codes):,} of {len(desk.rules.rules):,} rules</div>')
    return code


def _asked(desk: Desk) -> str:
    """The rule that the address names, which stands first: no script can scroll the list to it. "" for none."""
    asked = st.query_params.get("rule", "")
    if asked and asked != st.session_state.get("rules.code"):  # else it is the one that was chosen here
        try:
            st.session_state["rules.code"] = st.session_state["rules.first"] = desk.rules.find(asked).code
        except CuratorError as error:
            problem("The address names a rule that is not there.", str(error))
    return str(st.session_state.get("rules.first", ""))


def _table(desk: Desk, codes: Sequence[str]) -> pd.DataFrame:
    tried = [desk.tried(code) for code in codes]
    rules = [desk.rules.rules[code] for code in codes]
    return pd.DataFrame(
        {
            "code": codes,
            "name": [clean(rule.name) for rule in rules],
            "family": [clean(rule.family) for rule in rules],
            "severity": [desk.severity(code) for code in codes],
            "findings": pd.array([desk.before(code) for code in codes], dtype="Int64"),
            "tried": pd.array([t.count if isinstance(t, Outcome) else None for t in tried], dtype="Int64"),
            "state": [_state(desk, code) for code in codes],
        }
    )


def _state(desk: Desk, code: str) -> str:
    if code in desk.changes:
        return f"{'on' if desk.change(code).enabled else 'off'} ✎"
    return desk.against(code).partition(" by")[0] or ("on" if desk.saved[code].enabled else "off")


def _speaks_of(rule: Rule, search: str) -> bool:
    words = f"{rule.code} {rule.name} {' '.join(rule.card.aliases)} {rule.card.message}".casefold()
    return all(word in words for word in search.casefold().split())


def _is_shown(desk: Desk, code: str, wanted: str) -> bool:
    match wanted:
        case "With findings":
            return bool(desk.before(code))
        case "Off":
            return not desk.change(code).enabled or desk.against(code).startswith("left")
        case "Changed":
            return code in desk.changes
    return True


# --- one rule -----------------------------------------------------------------------------------


def _card(desk: Desk, code: str) -> None:
    rule = desk.rules.rules[code]
    rule_card.head(rule, desk.severity(code))
    rule_controls.show(desk, rule)
    rule_card.body(rule)


# --- small things -------------------------------------------------------------------------------


def _digest(codes: Sequence[str]) -> str:
    return hashlib.blake2b(" ".join(codes).encode("utf-8", "backslashreplace"), digest_size=6).hexdigest()
