"""The controls of one rule: switched on or off, its severity and parameters, and a run of it alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from curator.catalogue import Rule
from curator.review.pace import Pace
from curator.review.rendering.escaping import escape, whole
from curator.review.rules import rule_card
from curator.review.rules.rules_desk import Desk, kept, params
from curator.review.rules.trying import Failed, Outcome, Trial
from curator.review.rules.tuning import Change

LEVELS = ("error", "warning", "info")
_OFTEN = 0.5  # seconds between two looks at a run
_TRIES = 5  # of a rule that stay in sight


def show(desk: Desk, rule: Rule) -> None:
    """Draw them."""
    with st.container(border=True):
        _controls(desk, rule)
        _run(desk, rule)


def _controls(desk: Desk, rule: Rule) -> None:
    change = desk.change(rule.code)
    edited: dict[str, Any] = {"on_change": _edited, "args": (desk, rule)}
    with st.container(horizontal=True, vertical_alignment="bottom", horizontal_alignment="distribute"):
        st.session_state.setdefault(_key(rule, "on"), change.enabled)
        st.toggle("On", key=_key(rule, "on"), **edited)
        st.session_state.setdefault(_key(rule, "severity"), desk.severity(rule.code))
        st.segmented_control(
            "Severity", LEVELS, label_visibility="collapsed", key=_key(rule, "severity"), required=True, **edited
        )
        changed = rule.code in desk.changes
        st.button("Discard", disabled=not changed, on_click=discard, args=(desk, [rule.code]), key=_key(rule, "undo"))
    columns = st.columns(2) if rule.card.params else ()
    for number, (name, default) in enumerate(rule.card.params.items()):
        with columns[number % 2]:
            rule_card.widget(name, default, change.params.get(name, default), _key(rule, f"param.{name}"), edited)


def _edited(desk: Desk, rule: Rule) -> None:
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


def discard(desk: Desk, codes: Sequence[str]) -> None:
    """Let the rules be as they are saved."""
    for code in codes:
        desk.changes.pop(code, None)
        for key in [key for key in st.session_state if str(key).startswith(f"rules.{code}.")]:
            del st.session_state[key]


def _run(desk: Desk, rule: Rule) -> None:
    trial: Trial | None = kept("trial").get("running")
    if trial is not None and trial.job.where == str(desk.path):
        _watch(desk, trial)
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button("Run this rule again", on_click=_start, args=(desk, rule.code), key=_key(rule, "run"))
        _result(desk, rule)
    tries = desk.tries.get(rule.code, {})
    if len(tries) > 1:
        rows = [f"{_counted(outcome)} with {escape(tried)}" for tried, outcome in list(tries.items())[-_TRIES:]]
        html('<div class="cu-quiet">Tried: ' + "; ".join(rows) + "</div>")


def _start(desk: Desk, code: str) -> None:
    kept("trial")["running"] = Trial(desk.job(code))


@st.fragment(run_every=_OFTEN)
def _watch(desk: Desk, trial: Trial) -> None:
    """A run that goes on, until its result is there."""
    state, code = trial.poll(), trial.job.change.code
    if not isinstance(state, Pace):
        kept("trial").clear()
        tries = desk.tries.setdefault(code, {})
        tried = params(desk.rules.rules[code], trial.job.change)
        tries.pop(tried, None)  # the newest is the last
        tries[tried] = state
        st.rerun()
    left = f", about {state.left:,.0f} s left" if state.left is not None else ""
    bar, stop = st.columns([4, 1], vertical_alignment="bottom")
    bar.progress(state.share, f"Running {code}: {state.seconds:,.0f} s{left}")
    if stop.button("Stop", key="rules.stop"):
        trial.cancel()
        st.rerun()


def _result(desk: Desk, rule: Rule) -> None:
    before, tried = desk.before(rule.code), desk.tried(rule.code)
    was = "not run" if before is None else f"{before:,}"
    if against := desk.against(rule.code):
        was += f" ({escape(against)})"
    if tried is None:
        html(f"Findings in the check: <strong>{was}</strong>")
    elif isinstance(tried, Failed):
        problem("The run came to nothing.", tried.why)
    else:
        by = "" if before is None else f' <span class="cu-quiet">({tried.count - before:+,})</span>'
        same = before == tried.count
        html(
            f"Findings: {was} → <strong>{tried.count:,}</strong>{' (the same)' if same else by}"
            f' <span class="cu-quiet">in {tried.seconds:.1f} s</span>'
        )
        for note in tried.notes:
            html(f'<div class="cu-quiet">Not looked at: {escape(note)}</div>')


def _counted(outcome: Outcome | Failed) -> str:
    return f"<strong>{outcome.count:,}</strong>" if isinstance(outcome, Outcome) else "failed"


# --- small things -------------------------------------------------------------------------------


def _key(rule: Rule, name: str) -> str:
    return f"rules.{rule.code}.{name}"


def html(body: str) -> None:
    """Draw HTML of ours."""
    st.html(whole(body))


def problem(what: str, why: str) -> None:
    """Say what did not work."""
    st.error(what)
    st.code(clean(why), language=None, wrap_lines=True)


def clean(text: str) -> str:
    """Halves of surrogate pairs, which no browser can be sent, spelled out."""
    return text.encode("utf-8", "backslashreplace").decode()
