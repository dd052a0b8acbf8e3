"""Editing one record: its turns, calls and label field by field, or the raw line; linted again after every change.

What is typed is kept for the session, record by record, until it is saved or discarded.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

from curator.model import Example, ToolCall
from curator.parsing import parse
from curator.review.decisions import editing
from curator.review.decisions.deciding import argument_faults, shown
from curator.review.decisions.editing import Field, Fields
from curator.review.edit_bar import Close, Save, actions, note, with_turns
from curator.review.opened import Opened
from curator.review.rendering.call import declared_html
from curator.review.rendering.differing import diff_html, line_pieces
from curator.review.rendering.escaping import brief, escape, label, whole
from curator.review.rendering.finding import findings_html
from curator.review.rendering.plain import plain, visible
from curator.review.rendering.raw import raw_html
from curator.review.rendering.record import side_html
from curator.review.rendering.viewing import View
from curator.review.sketches import Sketch, sketch_of
from curator.review.workspace import Workspace

_TURNS = 12  # turns that are on the page at once; each is up to five fields
_TALL = 320  # pixels of a field whose text is long
_AROUND = 100  # code points of the line that are shown on each side of a change
_SHORT = 1_500  # code points up to which a field is as high as its text
_ROLES = 10  # columns of sixty: role, text


def show(
    workspace: Workspace, opened: Opened, save: Save | None = None, close: Close | None = None, *, bar: bool = True
) -> str:
    """The editor of a record; what comes back is the selector of the field that one begins in.

    `save` is called with the new bytes, in a callback, once what speaks against them is confirmed, and `close` when
    the editor is to go; without them, the Review page decides and goes back to the record. Without `bar`, the page
    puts `actions` elsewhere.
    """
    sketch = sketch_of(opened)
    if bar:
        actions(workspace, opened, save, close)
    if sketch.seen != opened.seen or sketch.base != opened.now:
        _overtaken(opened, sketch)
    tried = workspace.tried(opened, sketch.raw)
    _outcome(tried, sketch)
    example = with_turns(tried.example)
    if sketch.is_line or example is None:
        _line(workspace, opened, sketch)
        begin = '[class*="st-key-edit-code"] textarea'
    else:
        begin = f".st-key-edit-turn-{_fields(opened, sketch, example)} textarea"
    if sketch.raw != sketch.base:  # below, for no field may move while one types
        st.html(whole('<div class="cu-head"><b>What is changed</b></div>'))
        st.html(diff_html(line_pieces(sketch.base, sketch.raw), around=_AROUND))
    return begin


# --- what is on screen -------------------------------------------------------------------------


def _overtaken(opened: Opened, sketch: Sketch) -> None:
    """Somebody else has decided meanwhile: what they changed, and the choice."""
    who = opened.decision.reviewer if opened.decision is not None else "somebody"
    st.html(note("warning", "changed since", f"{who} has decided on this record while you were editing."))
    if opened.now != sketch.base:
        st.html(diff_html(line_pieces(sketch.base, opened.now)))
    both = editing.merged(sketch.base, sketch.raw, opened.now)
    with st.container(horizontal=True, gap="small"):
        if both is not None:
            st.button("Go on with both changes", key="edit-both", on_click=sketch.restart, args=(opened, both))
        else:
            st.button(
                "Go on with mine, over theirs", key="edit-mine", on_click=sketch.restart, args=(opened, sketch.raw)
            )
        st.button("Discard mine", key="edit-drop", on_click=sketch.restart, args=(opened, opened.now))


def _outcome(tried: Opened, sketch: Sketch) -> None:
    """What is found in the record as it is by now."""
    if tried.linted.failure:
        st.html(note("error", "not checked", tried.linted.failure))
    elif tried.open:
        st.html(findings_html(tried.open))
    else:
        what = "Nothing is found in it any more." if sketch.is_changed else "Nothing is found in it."
        st.html(note("added", "✓", what))


def _fields(opened: Opened, sketch: Sketch, example: Example) -> int:
    """Field by field; what comes back is the number of the turn in which something was found."""
    found = editing.fields(example, View.of(opened.plan.conventions))
    wanted = editing.first_with(found, [finding.pointer for finding in opened.open])
    first = 0
    if len(found) > _TURNS:
        pages = -(-len(found) // _TURNS)
        number = st.pagination(pages, default=wanted // _TURNS + 1, key=sketch.key("turns", stays=True))
        first = (number - 1) * _TURNS
        st.caption(f"Turns {first + 1:,} to {min(first + _TURNS, len(found)):,} of {len(found):,}")
    own = editing.label_of(example, opened.plan.conventions)
    if own is not None:
        _label(opened, sketch, example, own)
    side = ""
    for number, one in enumerate(found[first : first + _TURNS], first):
        if (own_side := side_html(one.turn)) != side:
            side = own_side
            st.html(whole(side))
        with st.container(key=f"edit-turn-{number}", gap="xsmall"):
            _one(opened, sketch, example, one)
    return wanted


def _one(opened: Opened, sketch: Sketch, example: Example, one: Fields) -> None:
    side, body = st.columns([_ROLES, 60 - _ROLES], gap="small")
    with side:
        if one.roles:
            _choice(
                opened, sketch, "role", one.role_pointer, one.roles, one.role,
                lambda word: editing.with_word(sketch.base, sketch.raw, one.role_pointer, word),
            )  # fmt: skip
        else:
            name = one.turn.role if example.kind != "completion" else "completion" if one.turn.trained else "prompt"
            st.html(whole(f'<div class="cu-role">{brief(name, 60)}</div>'))
        if one.has_weight:
            weights = list(dict.fromkeys((None, 0, 1, *([one.weight] if isinstance(one.weight, int) else []))))
            _choice(
                opened, sketch, "weight", f"{one.turn.pointer}/weight", weights, one.weight,
                lambda weight: editing.with_weight(sketch.raw, one.turn, weight), _weight,
            )  # fmt: skip
    with body, st.container(gap="xsmall"):
        for item in one.texts:
            _text(opened, sketch, item, f"Text of turn {one.turn.pointer}")
        for call in one.calls:
            _call(opened, sketch, example, call)
        if not one.texts and not one.calls:
            st.html(whole('<span class="cu-quiet">no text; give it one in the raw line</span>'))


def _text(opened: Opened, sketch: Sketch, item: Field, name: str) -> None:
    """A text, with what is kept before and behind it."""
    key = sketch.key(item.pointer)
    if item.is_too_long:
        told = f"{len(item.text):,} characters are too many for a field. Edit line {opened.row.line:,} in an editor."
        st.html(note("info", "long", told))
        return
    spelled = item.pointer in sketch.spelled
    text = editing.escaped(sketch.raw, item.pointer) if spelled else shown(item.text)
    _value(key, text)
    st.text_area(
        name, key=key, height=_height(text), label_visibility="collapsed", on_change=_typed, args=(sketch, item, key)
    )
    _fault(sketch, item.pointer)
    kept = _kept(item) if not spelled else ""
    if kept:
        st.html(whole(f'<div class="cu-quiet">{kept}</div>'))
    if item.untypable or spelled:
        count = f"{item.untypable:,} {'character' if item.untypable == 1 else 'characters'}"
        with st.container(horizontal=True, gap="small", vertical_alignment="center"):
            st.checkbox(
                "Show escapes", key=f"{key}:spelled", value=spelled, on_change=sketch.flip,
                args=(sketch.spelled, item.pointer),
            )  # fmt: skip
            if not spelled:
                st.html(whole(f'<span class="cu-quiet">{count} no field can show; they stay where they are</span>'))


def _kept(item: Field) -> str:
    parts = []
    if item.before:
        parts.append(f"begins with {_chip(item.before, 'space')}")
    if item.after:
        parts.append(f"ends with {_chip(item.after, 'stop')}")
    if parts:
        parts.append("kept")
    if item.lacks:
        parts.append(f"{label('lacks', 'info')} the others end with {_chip(item.lacks, 'stop')}")
    return " · ".join(parts)


def _chip(text: str, kind: str) -> str:
    return f'<span class="cu-mark cu-{kind}">{escape(text, visible=True)}</span>'


def _call(opened: Opened, sketch: Sketch, example: Example, call: ToolCall) -> None:
    """A tool call: its name, and its arguments beside what is wrong with them."""
    names = tuple(dict.fromkeys((*(tool.name for tool in example.tools if tool.name), call.name)))
    pointer = call.arguments_pointer
    key = f"edit-code{sketch.key(pointer)}"
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        _choice(
            opened, sketch, "function", call.name_pointer, names, call.name,
            lambda word: editing.with_word(sketch.base, sketch.raw, call.name_pointer, word), width=260,
        )  # fmt: skip
        st.checkbox(
            "Pretty-print", key=f"{key}:laid", value=pointer in sketch.laid_out, on_change=sketch.flip,
            args=(sketch.laid_out, pointer),
        )  # fmt: skip
    written = editing.written_arguments(sketch.raw, call)
    text = shown(editing.laid_out(written) if pointer in sketch.laid_out else written)
    if len(text) > editing.LONGEST:
        st.html(note("info", "long", f"{len(text):,} characters are too many for a field."))
        return
    _value(key, text)
    st.text_area(
        "Arguments", key=key, height=_height(text), label_visibility="collapsed", on_change=_argued,
        args=(sketch, call, key),
    )  # fmt: skip
    _fault(sketch, pointer)
    typed = st.session_state[key] if isinstance(call.arguments, str) or pointer in sketch.faults else call.arguments
    faults = argument_faults(typed, editing.parameters(example, call.name))
    said = "".join(f"<div>{label('arguments', 'error')} {brief(fault, 400)}</div>" for fault in faults[:10])
    if any(tool.name == call.name for tool in example.tools):
        said = said or f"<div>{label('✓', 'added')} as declared</div>"
        said += declared_html(call.name, example.tools, typed)
    if said:
        st.html(whole(f'<div class="cu-quiet">{said}</div>'))


def _label(opened: Opened, sketch: Sketch, example: Example, own: str) -> None:
    conventions = opened.plan.conventions
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        st.html(whole('<div class="cu-role">label</div>'), width="content")
        _choice(
            opened, sketch, "label", "label", tuple(editing.labels(conventions, own)), own,
            lambda word: editing.with_label(sketch.base, sketch.raw, example, word, conventions), width=320,
        )  # fmt: skip


def _choice(
    opened: Opened, sketch: Sketch, name: str, pointer: str, options: Any, own: Any,
    edit: Callable[[Any], bytes], words: Callable[[Any], str] = plain, width: Any = "stretch",
) -> None:  # fmt: skip
    """A choice among words; by their numbers, because words from the data may be half surrogates."""
    key = sketch.key(pointer)
    position = list(options).index(own) if own in options else 0
    st.selectbox(
        name.capitalize(), range(len(options)), index=position, key=key, label_visibility="collapsed", width=width,
        format_func=lambda number: words(options[number]) if words is not plain else visible(options[number]) or "none",
        on_change=_chosen, args=(sketch, pointer, key, options, edit),
    )  # fmt: skip
    _fault(sketch, pointer)


def _weight(weight: Any) -> str:
    return "weight —" if weight is None else f"weight {weight}"


def _line(workspace: Workspace, opened: Opened, sketch: Sketch) -> None:
    """The raw line, with its fault in place, and what mends it."""
    fault = parse(sketch.raw).fault
    if fault is not None:
        place = "byte" if fault.kind == "encoding" else "character"
        st.html(note("error", "not JSON", f"{fault.message} at {place} {fault.position + 1:,}"))
        st.html(raw_html(sketch.raw))
        if opened.fixable and sketch.raw == opened.now:
            accepted = workspace.proposal(opened, opened.fixable)
            if accepted.applied and not accepted.is_dropped:
                st.html(diff_html(line_pieces(opened.now, accepted.raw, accepted.splices)))
                st.button("Start from this repair", key="edit-mend", on_click=sketch.mend, args=(accepted.raw,))
    text = shown(editing.line(sketch.raw))
    if len(text) > editing.LONGEST:
        told = f"{len(text):,} characters are too many for a field. Edit line {opened.row.line:,} in an editor."
        st.html(note("info", "long", told))
        return
    key = f"edit-code{sketch.key('line')}"
    _value(key, text)
    st.text_area("Raw line", key=key, height=_TALL, label_visibility="collapsed", on_change=_lined, args=(sketch, key))
    _fault(sketch, "line")


def _height(text: str) -> Any:
    return "content" if len(text) < _SHORT else _TALL


def _fault(sketch: Sketch, pointer: str) -> None:
    if pointer in sketch.faults:
        st.html(note("error", "not taken over", sketch.faults[pointer]))


# --- what keys and fields do; each before the page is drawn again --------------------------------


def _typed(sketch: Sketch, item: Field, key: str) -> None:
    text = st.session_state[key]
    if item.pointer in sketch.spelled:
        sketch.take(item.pointer, lambda: editing.with_escaped(sketch.raw, item.pointer, text))
    else:
        sketch.take(item.pointer, lambda: editing.with_text(sketch.base, sketch.raw, item, text))


def _argued(sketch: Sketch, call: ToolCall, key: str) -> None:
    text, pointer = st.session_state[key], call.arguments_pointer
    laid = pointer in sketch.laid_out
    sketch.take(pointer, lambda: editing.with_arguments(sketch.base, sketch.raw, call, text, is_laid_out=laid))


def _chosen(sketch: Sketch, pointer: str, key: str, options: Any, edit: Callable[[Any], bytes]) -> None:
    sketch.take(pointer, lambda: edit(options[st.session_state[key]]))
    if pointer == "label":
        sketch.generation += 1  # the text has another label now


def _lined(sketch: Sketch, key: str) -> None:
    sketch.take("line", lambda: editing.with_line(sketch.base, st.session_state[key]))


def _value(key: str, text: str) -> None:
    """Let a field begin with a text; what is typed into it stays."""
    if key not in st.session_state:
        st.session_state[key] = text
