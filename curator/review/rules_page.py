"""Rules: every card, what it found here, and what it would find if it were changed."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import pandas as pd
import streamlit as st

from curator.catalogue import Catalogue, Rule
from curator.errors import CuratorError
from curator.review import rule_card, settings_file, tuning
from curator.review.escaping import escape
from curator.review.settings_file import Edit
from curator.review.states import DataFile
from curator.review.style import STYLE
from curator.review.trying import Failed, Job, Outcome, Running, Trial
from curator.review.tuning import Change
from curator.settings import Settings

_LEVELS = ("error", "warning", "info")
_ANY_FAMILY, _ANY_LEVEL = "All categories", "All severities"
_SHOWN = ("All", "With findings", "Off", "Changed")
_OFTEN = 0.5  # seconds between two looks at a run
_TRIES = 5  # of a rule that stay in sight
_HEIGHT = 480
# Records of the cards' examples are long lines, which nobody should have to scroll.
_WRAP = """<style>
[data-testid="stMarkdownContainer"] pre code{white-space:pre-wrap!important;overflow-wrap:anywhere;}
</style>"""


class Options(Protocol):
    """What the review was asked for."""

    @property
    def paths(self) -> tuple[str, ...]: ...
    @property
    def config(self) -> str | None: ...
    @property
    def target(self) -> str | None: ...
    @property
    def model(self) -> str | None: ...


class Workspace(Protocol):
    """What this page needs to know."""

    @property
    def options(self) -> Options: ...
    def files(self) -> list[DataFile]:
        """The files of the review."""

    def rules(self) -> Mapping[str, Rule]:
        """By code."""

    def counts(self) -> Mapping[str, int]:
        """Findings by code."""


class _Desk:
    """One settings file with what is to be changed in it; the changes live as long as the session."""

    def __init__(self, workspace: Workspace, path: Path) -> None:
        self.workspace, self.path = workspace, path
        self.rules = Catalogue(workspace.rules())
        self.own: Settings = tuning.settings_at(path)
        self.saved = {code: tuning.current(self.own, code, self.rules) for code in self.rules.rules}
        self.changes: dict[str, Change] = _kept("changes").setdefault(str(path), {})
        self.tries: dict[str, dict[str, Outcome | Failed]] = _kept("tries").setdefault(str(path), {})

    def change(self, code: str) -> Change:
        """How the rule is to run."""
        return self.changes.get(code, self.saved[code])

    def set(self, change: Change) -> None:
        """Let a rule run so; a change that changes nothing is none."""
        if change == self.saved[change.code]:
            self.changes.pop(change.code, None)
        else:
            self.changes[change.code] = change

    def severity(self, code: str) -> str:
        """As the settings and the change have it."""
        return self.change(code).severity or self.rules.rules[code].card.severity

    def before(self, code: str) -> int | None:
        """What the rule found in the check; None where it was not run."""
        found = self.workspace.counts().get(code)
        return found if found is not None else 0 if self.saved[code].enabled else None

    def tried(self, code: str) -> Outcome | Failed | None:
        """The result of a run with the parameters as they are now."""
        return self.tries.get(code, {}).get(_params(self.rules.rules[code], self.change(code)))

    def job(self, code: str) -> Job:
        """A run of the rule alone."""
        options, files = self.workspace.options, self.workspace.files()
        gone = [file.real_path for file in files if file.is_copy and not os.path.exists(file.path)]
        standins = {"-": gone[0]} if gone and "-" in options.paths else {}
        paths = options.paths or tuple(file.path for file in files)
        return Job(self.change(code), str(self.path), paths, options.config, options.target, options.model, standins)


def show(workspace: Workspace) -> None:
    """Draw the page."""
    st.html(STYLE + _WRAP)
    try:
        desk = _Desk(workspace, _file(workspace))
    except CuratorError as error:
        _problem("The settings cannot be read.", str(error))
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
    return st.selectbox("Settings file", found, format_func=lambda path: _clean(str(path)), key="rules.file")


def _bar(desk: _Desk) -> None:
    """What is changed and not yet saved; always there, so that nothing jumps when the first change is made."""
    number = len(desk.changes)
    with st.container(horizontal=True, vertical_alignment="center"):
        told = f"{number} rule{'' if number == 1 else 's'} changed, not saved" if number else "No unsaved changes"
        where = f"{desk.path} {'' if desk.path.is_file() else '(to be made)'}"
        _html(f'<strong>{told}</strong> <span class="cu-quiet">· settings: {escape(where)}</span>')
        st.button(
            "Discard all", disabled=not number, on_click=_discard, args=(desk, list(desk.changes)), key="rules.discard"
        )
        if st.button("Save …", type="primary", disabled=not number, key="rules.save"):
            _save(desk)
    if st.session_state.pop("rules.saved", None):
        st.success("Saved. The queue shows the check from before; start the review again to check by the new settings.")
    if failed := st.session_state.pop("rules.failed", None):
        _problem("It was not written.", failed)


@st.dialog("Save the changes", width="large")
def _save(desk: _Desk) -> None:
    try:
        edit = settings_file.preview(desk.changes.values(), desk.path)
    except CuratorError as error:
        _problem("This cannot be saved.", str(error))
        return
    st.text(f"This changes {_clean(str(edit.path))} and nothing else:")
    st.code(_clean(edit.diff) or "(nothing changes)", language="diff", wrap_lines=True)
    with st.container(horizontal=True):
        written = st.button("Write", type="primary", on_click=_write, args=(desk, edit), key="rules.write")
        if st.button("Cancel", key="rules.cancel") or written:
            st.rerun()


def _write(desk: _Desk, edit: Edit) -> None:
    try:
        settings_file.write(edit)
    except CuratorError as error:
        st.session_state["rules.failed"] = str(error)
    else:
        _discard(desk, list(desk.changes))
        st.session_state["rules.saved"] = True


# --- the list -----------------------------------------------------------------------------------


def _list(desk: _Desk) -> str | None:
    """The rules that the filters leave; the code of the chosen one."""
    collapsed: dict[str, Any] = {"label_visibility": "collapsed"}
    first, second, third = st.columns([2, 1, 1])
    search = first.text_input("Search", placeholder="Search: code, name, message", key="rules.search", **collapsed)
    families = sorted({rule.family for rule in desk.rules.rules.values()})
    family = second.selectbox("Category", [_ANY_FAMILY, *families], format_func=_clean, key="rules.family", **collapsed)
    level = third.selectbox("Severity", [_ANY_LEVEL, *_LEVELS], key="rules.level", **collapsed)
    wanted = st.segmented_control("Show", _SHOWN, default="All", required=True, key="rules.shown", **collapsed)
    codes = [
        code
        for code, rule in desk.rules.rules.items()
        if _speaks_of(rule, search or "")
        and family in (_ANY_FAMILY, rule.family)
        and level in (_ANY_LEVEL, desk.severity(code))
        and _is_shown(desk, code, wanted)
    ]
    codes.sort(key=lambda code: (-(desk.before(code) or 0), code))
    if not codes:
        st.info("No rule is like that. Clear the search or a filter.")
        return None
    chosen = st.session_state.get("rules.code") or st.query_params.get("rule")
    row = codes.index(chosen) if chosen in codes else 0
    event = st.dataframe(
        _table(desk, codes),
        hide_index=True,
        height=_HEIGHT,
        placeholder="–",
        column_config={
            "code": st.column_config.TextColumn("Code", width=62),
            "name": st.column_config.TextColumn("Name", width=172),
            "family": st.column_config.TextColumn("Category", width=80),
            "severity": st.column_config.TextColumn("Severity", width=64),
            "findings": st.column_config.NumberColumn("Findings", width=64, format="localized"),
            "tried": st.column_config.NumberColumn("Tried", width=48, format="localized"),
            "state": st.column_config.TextColumn("State", width=58),
        },
        on_select="rerun",
        selection_mode="single-row-required",
        selection_default={"selection": {"rows": [row]}},
        key=f"rules.list.{_digest(codes)}",
    )
    rows = event["selection"]["rows"]
    code = codes[rows[0]] if rows and rows[0] < len(codes) else codes[row]
    st.session_state["rules.code"] = code
    st.html(f'<div class="cu cu-quiet">{len(codes):,} of {len(desk.rules.rules):,} rules</div>')
    return code


def _table(desk: _Desk, codes: Sequence[str]) -> pd.DataFrame:
    tried = [desk.tried(code) for code in codes]
    rules = [desk.rules.rules[code] for code in codes]
    return pd.DataFrame(
        {
            "code": codes,
            "name": [_clean(rule.name) for rule in rules],
            "family": [_clean(rule.family) for rule in rules],
            "severity": [desk.severity(code) for code in codes],
            "findings": pd.array([desk.before(code) for code in codes], dtype="Int64"),
            "tried": pd.array([t.count if isinstance(t, Outcome) else None for t in tried], dtype="Int64"),
            "state": [_state(desk, code) for code in codes],
        }
    )


def _state(desk: _Desk, code: str) -> str:
    return ("on" if desk.change(code).enabled else "off") + (" ✎" if code in desk.changes else "")


def _speaks_of(rule: Rule, search: str) -> bool:
    words = f"{rule.code} {rule.name} {' '.join(rule.card.aliases)} {rule.card.message}".casefold()
    return all(word in words for word in search.casefold().split())


def _is_shown(desk: _Desk, code: str, wanted: str) -> bool:
    match wanted:
        case "With findings":
            return bool(desk.before(code))
        case "Off":
            return not desk.change(code).enabled
        case "Changed":
            return code in desk.changes
    return True


# --- one rule -----------------------------------------------------------------------------------


def _card(desk: _Desk, code: str) -> None:
    rule = desk.rules.rules[code]
    rule_card.head(rule, desk.severity(code))
    with st.container(border=True):
        _controls(desk, rule)
        _run(desk, rule)
    rule_card.body(rule)


def _controls(desk: _Desk, rule: Rule) -> None:
    change = desk.change(rule.code)
    edited: dict[str, Any] = {"on_change": _edited, "args": (desk, rule)}
    with st.container(horizontal=True, vertical_alignment="bottom", horizontal_alignment="distribute"):
        st.session_state.setdefault(_key(rule, "on"), change.enabled)
        st.toggle("On", key=_key(rule, "on"), **edited)
        st.session_state.setdefault(_key(rule, "severity"), desk.severity(rule.code))
        st.segmented_control(
            "Severity", _LEVELS, label_visibility="collapsed", key=_key(rule, "severity"), required=True, **edited
        )
        changed = rule.code in desk.changes
        st.button("Discard", disabled=not changed, on_click=_discard, args=(desk, [rule.code]), key=_key(rule, "undo"))
    columns = st.columns(2) if rule.card.params else ()
    for number, (name, default) in enumerate(rule.card.params.items()):
        with columns[number % 2]:
            rule_card.widget(name, default, change.params.get(name, default), _key(rule, f"param.{name}"), edited)


def _edited(desk: _Desk, rule: Rule) -> None:
    """Take over what the widgets of the rule say."""
    saved = desk.saved[rule.code]
    level = st.session_state[_key(rule, "severity")]
    params = {}
    for name, default in rule.card.params.items():
        value = rule_card.value(st.session_state[_key(rule, f"param.{name}")], default)
        if value != default or saved.params.get(name) == value:
            params[name] = value
    severity = None if saved.severity is None and level == rule.card.severity else level
    desk.set(Change(rule.code, st.session_state[_key(rule, "on")], params, severity))


def _discard(desk: _Desk, codes: Sequence[str]) -> None:
    for code in codes:
        desk.changes.pop(code, None)
        for key in [key for key in st.session_state if str(key).startswith(f"rules.{code}.")]:
            del st.session_state[key]


def _run(desk: _Desk, rule: Rule) -> None:
    trial: Trial | None = _kept("trial").get("running")
    if trial is not None and trial.job.where == str(desk.path):
        _watch(desk, trial)
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button("Run this rule again", on_click=_start, args=(desk, rule.code), key=_key(rule, "run"))
        _result(desk, rule)
    tries = desk.tries.get(rule.code, {})
    if len(tries) > 1:
        rows = [f"{_counted(outcome)} with {escape(params)}" for params, outcome in list(tries.items())[-_TRIES:]]
        _html('<div class="cu-quiet">Tried: ' + "; ".join(rows) + "</div>")


def _start(desk: _Desk, code: str) -> None:
    _kept("trial")["running"] = Trial(desk.job(code))


@st.fragment(run_every=_OFTEN)
def _watch(desk: _Desk, trial: Trial) -> None:
    """A run that goes on, until its result is there."""
    state, code = trial.poll(), trial.job.change.code
    if not isinstance(state, Running):
        _kept("trial").clear()
        tries = desk.tries.setdefault(code, {})
        params = _params(desk.rules.rules[code], trial.job.change)
        tries.pop(params, None)  # the newest is the last
        tries[params] = state
        st.rerun()
    left = f", about {state.seconds_left:,.0f} s left" if state.seconds_left is not None else ""
    bar, stop = st.columns([4, 1], vertical_alignment="bottom")
    bar.progress(state.share, f"Running {code}: {state.seconds:,.0f} s{left}")
    if stop.button("Stop", key="rules.stop"):
        trial.cancel()
        st.rerun()


def _result(desk: _Desk, rule: Rule) -> None:
    before, tried = desk.before(rule.code), desk.tried(rule.code)
    was = "not run" if before is None else f"{before:,}"
    if tried is None:
        _html(f"Findings in the check: <strong>{was}</strong>")
    elif isinstance(tried, Failed):
        _problem("The run came to nothing.", tried.why)
    else:
        by = "" if before is None else f' <span class="cu-quiet">({tried.count - before:+,})</span>'
        same = before == tried.count
        _html(
            f"Findings: {was} → <strong>{tried.count:,}</strong>{' (the same)' if same else by}"
            f' <span class="cu-quiet">in {tried.seconds:.1f} s</span>'
        )
        for note in tried.notes:
            _html(f'<div class="cu-quiet">Not looked at: {escape(note)}</div>')


def _counted(outcome: Outcome | Failed) -> str:
    return f"<strong>{outcome.count:,}</strong>" if isinstance(outcome, Outcome) else "failed"


# --- small things -------------------------------------------------------------------------------


def _params(rule: Rule, change: Change) -> str:
    """All parameters as one line; what a result belongs to."""
    values = {**rule.card.params, **change.params}
    return ", ".join(f"{name} = {json.dumps(value, default=str)}" for name, value in values.items()) or "no parameters"


def _kept(name: str) -> dict[str, Any]:
    """What lives as long as the session."""
    found: dict[str, Any] = st.session_state.setdefault(f"rules.{name}", {})
    return found


def _key(rule: Rule, name: str) -> str:
    return f"rules.{rule.code}.{name}"


def _digest(codes: Sequence[str]) -> str:
    return hashlib.blake2b(" ".join(codes).encode("utf-8", "backslashreplace"), digest_size=6).hexdigest()


def _html(body: str) -> None:
    st.html(f'<div class="cu">{body}</div>')


def _problem(what: str, why: str) -> None:
    st.error(what)
    st.code(_clean(why), language=None, wrap_lines=True)


def _clean(text: str) -> str:
    """Halves of surrogate pairs, which no browser can be sent, spelled out."""
    return text.encode("utf-8", "backslashreplace").decode()
