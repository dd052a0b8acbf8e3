"""A rule's card on the page. Our cards are Markdown of ours; users' cards are data, and shown as text."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import streamlit as st
import tomli

from curator import pages
from curator.catalogue import Rule
from curator.cli.config import toml
from curator.data import rules_root
from curator.review.rendering.escaping import escape

_SECTION = re.compile(r"^## (Why|Fix|Variants|Parameters|Sources|What it finds|What stays silent)$", re.MULTILINE)
_FIELD = re.compile(r"\{(\w+)[^{}]*\}")
_TABS = {
    "Why": ("Why", "Fix", "Variants"),
    "What it finds": ("What it finds",),
    "What stays silent": ("What stays silent",),
    "Sources": ("Sources",),
}


def head(rule: Rule, severity: str) -> None:
    """Its name, what kind of rule it is, and what it says of a record."""
    card = rule.card
    facts = [escape(rule.family), f"looks at: {rule.scope}", f"fix: {card.fix}"]
    facts += [f"formats: {escape(', '.join(card.formats))}"] if card.formats else []
    facts += ["preview: runs only where it is selected"] if card.status == "preview" else []
    st.html(
        f'<div class="cu"><div style="font-size:1.25rem;font-weight:600;overflow-wrap:anywhere">{escape(rule.code)} '
        f'{escape(rule.name)}</div><div class="cu-head"><span class="cu-label cu-{severity}">{severity}</span>'
        f'<span class="cu-quiet">{" · ".join(facts)}</span></div>'
        f'<div class="cu-text" style="margin-top:.5rem">{_named(escape(card.message), "<em>{}</em>")}</div></div>'
    )


def body(rule: Rule) -> None:
    """Why it is there, with examples and sources."""
    found = sections(pages.page(rule))
    tabs = {title: [name for name in names if name in found] for title, names in _TABS.items()}
    tabs = {title: names for title, names in tabs.items() if names}
    for tab, names in zip(st.tabs(list(tabs)), tabs.values(), strict=True):
        with tab:
            for name in names:
                _section(name, found[name], is_ours(rule), alone=len(names) == 1)


def _section(name: str, text: str, ours: bool, alone: bool) -> None:
    title = "" if alone or name == "Why" else name
    if ours:
        text = _named(text, "*{}*") if name == "Variants" else text
        st.markdown(f"**{title}**\n\n{text}" if title else text)
    else:
        shown = f"<strong>{title}</strong>\n" if title else ""
        st.html(f'<div class="cu"><div class="cu-text">{shown}{escape(text)}</div></div>')


def _named(message: str, form: str) -> str:
    """The message with the names of what it fills in, in place of the code for it."""
    apart = re.sub(r"(?<=\w)\{", " {", message)
    return _FIELD.sub(lambda field: form.format(field[1].replace("_", " ")), apart)


def sections(page: str) -> dict[str, str]:
    """The parts of a rule's page by their titles."""
    parts = _SECTION.split(page)
    return {title: text.strip() for title, text in zip(parts[1::2], parts[2::2], strict=True) if text.strip()}


def is_ours(rule: Rule) -> bool:
    """Whether the card comes with the package, not from a folder of the user's."""
    return Path(rule.path).is_relative_to(str(rules_root()))


def widget(name: str, default: Any, now: Any, key: str, edited: dict[str, Any]) -> None:
    """The field for a parameter, by the type of its default."""
    st.session_state.setdefault(key, now if isinstance(default, bool | int | float | str) else toml(now))
    if isinstance(default, bool):
        st.toggle(name, key=key, **edited)
    elif isinstance(default, int):
        st.number_input(name, step=1, key=key, **edited)
    elif isinstance(default, float):
        st.number_input(name, step=0.01 if abs(default) <= 1 else 1.0, format="%g", key=key, **edited)
    else:
        st.text_input(name, key=key, **edited)
    st.html(f'<div class="cu cu-quiet" style="margin-top:-.6rem">default {escape(toml(default))}</div>')


def value(given: Any, default: Any) -> Any:
    """What a field holds as the parameter's value; a text where it is no TOML, for the settings to refuse."""
    if isinstance(default, bool | int | float | str):
        return given
    try:
        return tomli.loads(f"value = {given}")["value"]
    except tomli.TOMLDecodeError:
        return given
