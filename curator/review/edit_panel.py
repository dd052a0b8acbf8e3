"""Editing one record: its turns, calls and label field by field, or the raw line; linted again after every change.

What is typed is kept for the session, record by record, until it is saved or discarded.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import streamlit as st

from curator.errors import InputError, UsageError
from curator.model import Example, ToolCall
from curator.parsing import parse
from curator.review import answering
from curator.review import screen as screens
from curator.review.decisions import editing
from curator.review.decisions.deciding import argument_faults, shown
from curator.review.decisions.editing import Field, Fields
from curator.review.opened import Opened
from curator.review.rendering.differing import diff_html
from curator.review.rendering.escaping import brief, escape, label, whole
from curator.review.rendering.finding import findings_html
from curator.review.rendering.plain import plain, visible
from curator.review.rendering.raw import raw_html
from curator.review.rendering.understanding import understood
from curator.review.rendering.viewing import View
from curator.review.states import Key
from curator.review.workspace import Workspace

Save = Callable[[bytes], object]
Close = Callable[[], object]

_SKETCHES, _MADE = "edit-sketches", "edit-made"
_TURNS = 12  # turns that are on the page at once; each is up to five fields
_TALL = 320  # pixels of a field whose text is long
_AROUND = 100  # code points of the line that are shown on each side of a change
_SHORT = 1_500  # code points up to which a field is as high as its text
_ROLES = 10  # columns of sixty: role, text
# The buttons stay where they are while the fields are scrolled, and a field is as high as its text.
_STYLE = """<style>
.st-key-edit-actions{position:sticky;top:0;z-index:5;padding:.15rem 0;background:light-dark(#fff,#171614)}
[class*="st-key-edit-turn"] textarea{field-sizing:content;height:auto!important;min-height:2.5rem;max-height:20rem}
[class*="st-key-edit-turn"] .stHorizontalBlock:has(>.stColumn){flex-wrap:nowrap}
[class*="st-key-edit-turn"] .stHorizontalBlock>.stColumn:first-child{min-width:8.75rem}
[class*="st-key-edit-code"] textarea{font-family:"Source Code Pro",ui-monospace,monospace;font-size:.8125rem}
</style>"""


@dataclass(slots=True)
class Sketch:
    """A record while it is edited."""

    base: bytes
    """As it was when the reviewer began."""
    seen: int
    """The record's last decision then."""
    raw: bytes
    """As it is by now."""
    number: int
    """Of all sketches of the session, so that no field shows what was typed into one that is discarded."""
    is_line: bool = False
    """The raw line is edited."""
    generation: int = 0
    """Counts up when the fields have to show something new."""
    faults: dict[str, str] = field(default_factory=dict)
    """By pointer, why what stands in a field is not in `raw`."""
    laid_out: set[str] = field(default_factory=set)
    """Arguments that are shown over lines."""
    spelled: set[str] = field(default_factory=set)
    """Texts that are shown with their escapes."""
    is_sure: bool = False
    """The reviewer has read what speaks against it."""
    is_leaving: bool = False
    """Cancel was pressed, and there are changes."""
    error: str = ""

    @property
    def is_changed(self) -> bool:
        """Whether anything would be lost."""
        return self.raw != self.base or bool(self.faults)

    def renew(self) -> None:
        """Let the fields show what is there now."""
        self.generation += 1
        self.faults.clear()


def is_unsaved(key: Key) -> bool:
    """Whether a record has changes that are neither saved nor discarded."""
    sketch = _sketches().get(key)
    return sketch is not None and sketch.is_changed


def unsaved() -> list[Key]:
    """The records with changes that are neither saved nor discarded, the oldest first."""
    return [key for key, sketch in _sketches().items() if sketch.is_changed]


def discard(key: Key) -> None:
    """Forget the changes of a record."""
    _sketches().pop(key, None)


def show(
    workspace: Workspace, opened: Opened, save: Save | None = None, close: Close | None = None, *, bar: bool = True
) -> str:
    """The editor of a record; what comes back is the selector of the field that one begins in.

    `save` is called with the new bytes, in a callback, once what speaks against them is confirmed, and `close` when
    the editor is to go; without them, the Review page decides and goes back to the record. Without `bar`, the page
    puts `actions` elsewhere.
    """
    sketch = _sketch(opened)
    if bar:
        actions(workspace, opened, save, close)
    if sketch.seen != opened.seen or sketch.base != opened.now:
        _overtaken(opened, sketch)
    tried = workspace.tried(opened, sketch.raw)
    _outcome(tried, sketch)
    example = _with_turns(tried.example)
    if sketch.is_line or example is None:
        _line(workspace, opened, sketch)
        begin = '[class*="st-key-edit-code"] textarea'
    else:
        begin = f".st-key-edit-turn-{_fields(opened, sketch, example)} textarea"
    if sketch.raw != sketch.base:  # below, for no field may move while one types
        st.html(whole('<div class="cu-head"><b>What is changed</b></div>'))
        st.html(diff_html(editing.changes(sketch.base, sketch.raw), around=_AROUND))
    return begin


def _with_turns(example: Example | None) -> Example | None:
    """The example with what can be edited field by field; None where that is nothing, and the raw line is left."""
    found = understood(example) if example is not None else None
    return found if found is not None and (found.turns or found.rejected) else None


def actions(workspace: Workspace, opened: Opened, save: Save | None = None, close: Close | None = None) -> None:
    """The buttons of the editor, with what is to be confirmed first."""
    sketch = _sketch(opened)
    close = close or screens.screen().settle
    is_late = sketch.seen != opened.seen or sketch.base != opened.now
    warnings = workspace.harm(opened, sketch.raw) if sketch.raw != sketch.base else []
    st.html(_STYLE)
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="edit-actions"):
        if sketch.is_leaving:
            st.button("Go on editing", key="edit-on", on_click=_stay, args=(sketch,))
            word = "Keep for later" if sketch.is_changed else "Leave"
            st.button(word, key="edit-later", shortcut="Esc", on_click=_leave, args=(opened, close, False))
            if sketch.is_changed:
                st.button("Discard", key="edit-discard", on_click=_leave, args=(opened, close, True))
            # Esc does not take over what is in the field that one is in; a click does.
            told = "Your changes are not saved."
            if not sketch.is_changed:
                told = "Nothing is changed. Were you typing just now? Go on editing, and leave the field to keep it."
            st.html(whole(f'<span class="cu-quiet">{told}</span>'), width="content")
        else:
            # Not disabled while nothing is changed: the key that takes over a field's text saves it, too.
            st.button(
                "Save", key="edit-save", type="primary", shortcut="Ctrl+Enter", disabled=is_late,
                on_click=_save, args=(workspace, opened, save),
            )  # fmt: skip
            st.button("Cancel", key="edit-cancel", shortcut="Esc", on_click=_cancel, args=(sketch,))
            options = ["Fields", "Raw line"]
            can_choose = _with_turns(workspace.linter(opened.file).example(sketch.raw)) is not None
            st.segmented_control(
                "Edit as", options, default=options[sketch.is_line or not can_choose], disabled=not can_choose,
                label_visibility="collapsed", key=_key(opened, sketch, "mode"), required=True, on_change=_turn,
                args=(opened, sketch),
            )  # fmt: skip
            st.button(
                "Start over", key="edit-reset", type="tertiary", disabled=not sketch.is_changed, on_click=_reset,
                args=(opened, sketch),
            )  # fmt: skip
    if warnings:
        said = "".join(f"<div>{label('harm', 'error')} {escape(warning)}</div>" for warning in warnings)
        st.html(whole(said))
        st.checkbox("Save all the same", key=_key(opened, sketch, "sure"), on_change=_sure, args=(opened, sketch))
    if sketch.error:
        st.html(_said("error", "not saved", sketch.error))


# --- what is on screen -------------------------------------------------------------------------


def _overtaken(opened: Opened, sketch: Sketch) -> None:
    """Somebody else has decided meanwhile: what they changed, and the choice."""
    who = opened.decision.reviewer if opened.decision is not None else "somebody"
    st.html(_said("warning", "changed since", f"{who} has decided on this record while you were editing."))
    if opened.now != sketch.base:
        st.html(diff_html(editing.changes(sketch.base, opened.now)))
    both = editing.merged(sketch.base, sketch.raw, opened.now)
    with st.container(horizontal=True, gap="small"):
        if both is not None:
            st.button("Go on with both changes", key="edit-both", on_click=_rebase, args=(opened, sketch, both))
        else:
            st.button("Go on with mine, over theirs", key="edit-mine", on_click=_rebase, args=(opened, sketch, None))
        st.button("Discard mine", key="edit-drop", on_click=_reset, args=(opened, sketch))


def _outcome(tried: Opened, sketch: Sketch) -> None:
    """What is found in the record as it is by now."""
    if tried.linted.failure:
        st.html(_said("error", "not checked", tried.linted.failure))
    elif tried.open:
        st.html(findings_html(tried.open))
    else:
        what = "Nothing is found in it any more." if sketch.is_changed else "Nothing is found in it."
        st.html(_said("added", "✓", what))


def _fields(opened: Opened, sketch: Sketch, example: Example) -> int:
    """Field by field; what comes back is the number of the turn in which something was found."""
    found = editing.fields(example, View.of(opened.plan.conventions))
    wanted = editing.first_with(found, [finding.pointer for finding in opened.open])
    first = 0
    if len(found) > _TURNS:
        pages = -(-len(found) // _TURNS)
        number = st.pagination(pages, default=wanted // _TURNS + 1, key=_key(opened, sketch, "turns", stays=True))
        first = (number - 1) * _TURNS
        st.caption(f"Turns {first + 1:,} to {min(first + _TURNS, len(found)):,} of {len(found):,}")
    own = editing.label_of(example, opened.plan.conventions)
    if own is not None:
        _label(opened, sketch, example, own)
    for number, one in enumerate(found[first : first + _TURNS], first):
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
    key = _key(opened, sketch, item.pointer)
    if item.is_too_long:
        note = f"{len(item.text):,} characters are too many for a field. Edit line {opened.row.line:,} in an editor."
        st.html(_said("info", "long", note))
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
                "Show escapes", key=f"{key}:spelled", value=spelled, on_change=_flip,
                args=(sketch, sketch.spelled, item.pointer),
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
    key = f"edit-code{_key(opened, sketch, pointer)}"
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        _choice(
            opened, sketch, "function", call.name_pointer, names, call.name,
            lambda word: editing.with_word(sketch.base, sketch.raw, call.name_pointer, word), width=260,
        )  # fmt: skip
        st.checkbox(
            "Pretty-print", key=f"{key}:laid", value=pointer in sketch.laid_out, on_change=_flip,
            args=(sketch, sketch.laid_out, pointer),
        )  # fmt: skip
    written = editing.written_arguments(sketch.raw, call)
    text = shown(editing.laid_out(written) if pointer in sketch.laid_out else written)
    if len(text) > editing.LONGEST:
        st.html(_said("info", "long", f"{len(text):,} characters are too many for a field."))
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
    declared = any(tool.name == call.name for tool in example.tools)
    good = f"<div>{label('✓', 'added')} as declared</div>" if declared else ""
    if said or good:
        st.html(whole(f'<div class="cu-quiet">{said or good}</div>'))


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
    key = _key(opened, sketch, pointer)
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
        st.html(_said("error", "not JSON", f"{fault.message} at {place} {fault.position + 1:,}"))
        st.html(raw_html(sketch.raw))
        if opened.fixable and sketch.raw == opened.now:
            accepted = workspace.proposal(opened, opened.fixable)
            if accepted.applied and not accepted.is_dropped:
                st.html(diff_html(editing.changes(opened.now, accepted.raw)))
                st.button("Start from this repair", key="edit-mend", on_click=_mend, args=(sketch, accepted.raw))
    text = shown(editing.line(sketch.raw))
    if len(text) > editing.LONGEST:
        note = f"{len(text):,} characters are too many for a field. Edit line {opened.row.line:,} in an editor."
        st.html(_said("info", "long", note))
        return
    key = f"edit-code{_key(opened, sketch, 'line')}"
    _value(key, text)
    st.text_area("Raw line", key=key, height=_TALL, label_visibility="collapsed", on_change=_lined, args=(sketch, key))
    _fault(sketch, "line")


def _height(text: str) -> Any:
    return "content" if len(text) < _SHORT else _TALL


def _fault(sketch: Sketch, pointer: str) -> None:
    if pointer in sketch.faults:
        st.html(_said("error", "not taken over", sketch.faults[pointer]))


def _said(kind: str, word: str, text: str) -> str:
    return whole(f'<div class="cu-quiet">{label(word, kind)} {brief(text, 800)}</div>')


# --- what keys and fields do; each before the page is drawn again --------------------------------


def _typed(sketch: Sketch, item: Field, key: str) -> None:
    text = st.session_state[key]
    if item.pointer in sketch.spelled:
        _take(sketch, item.pointer, lambda: editing.with_escaped(sketch.raw, item.pointer, text))
    else:
        _take(sketch, item.pointer, lambda: editing.with_text(sketch.base, sketch.raw, item, text))


def _argued(sketch: Sketch, call: ToolCall, key: str) -> None:
    text, pointer = st.session_state[key], call.arguments_pointer
    laid = pointer in sketch.laid_out
    _take(sketch, pointer, lambda: editing.with_arguments(sketch.base, sketch.raw, call, text, is_laid_out=laid))


def _chosen(sketch: Sketch, pointer: str, key: str, options: Any, edit: Callable[[Any], bytes]) -> None:
    _take(sketch, pointer, lambda: edit(options[st.session_state[key]]))
    if pointer == "label":
        sketch.generation += 1  # the text has another label now


def _lined(sketch: Sketch, key: str) -> None:
    _take(sketch, "line", lambda: editing.with_line(sketch.base, st.session_state[key]))


def _take(sketch: Sketch, pointer: str, edit: Callable[[], bytes]) -> None:
    sketch.is_sure, sketch.error = False, ""
    try:
        sketch.raw = edit()
        sketch.faults.pop(pointer, None)
    except UsageError as error:
        sketch.faults[pointer] = str(error)


def _flip(sketch: Sketch, among: set[str], pointer: str) -> None:
    among.symmetric_difference_update({pointer})
    sketch.renew()


def _turn(opened: Opened, sketch: Sketch) -> None:
    sketch.is_line = not sketch.is_line
    sketch.renew()


def _sure(opened: Opened, sketch: Sketch) -> None:
    sketch.is_sure = not sketch.is_sure


def _mend(sketch: Sketch, raw: bytes) -> None:
    sketch.raw = raw
    sketch.renew()


def _reset(opened: Opened, sketch: Sketch) -> None:
    sketch.base, sketch.seen, sketch.raw = opened.now, opened.seen, opened.now
    sketch.is_sure, sketch.error = False, ""
    sketch.renew()


def _rebase(opened: Opened, sketch: Sketch, both: bytes | None) -> None:
    sketch.base, sketch.seen = opened.now, opened.seen
    sketch.raw = sketch.raw if both is None else both
    sketch.is_sure, sketch.error = False, ""
    sketch.renew()


def _stay(sketch: Sketch) -> None:
    sketch.is_leaving = False


def _cancel(sketch: Sketch) -> None:
    sketch.is_leaving = True


def _leave(opened: Opened, close: Close, forget: bool) -> None:
    sketch = _sketch(opened)
    sketch.is_leaving, sketch.error = False, ""
    if forget or not sketch.is_changed:
        discard(opened.row.key)
    close()


def _save(workspace: Workspace, opened: Opened, save: Save | None) -> None:
    sketch = _sketch(opened)
    if sketch.faults:
        sketch.error = "What is in a field cannot be taken over: see there."
    elif sketch.raw == opened.now:
        sketch.error = "Nothing is changed."
    elif not sketch.is_sure and workspace.harm(opened, sketch.raw):
        sketch.error = "Read what speaks against it, and confirm it."
    else:
        sketch.error = ""
    if sketch.error:
        return
    now = sketch.raw
    try:
        if save is not None:
            save(now)
        else:
            answering.edited(workspace, now, sure=True)
    except (UsageError, InputError) as error:
        sketch.error = str(error)
        return
    decision = workspace.store.current(opened.row.key)
    wanted = None if now == opened.raw else now
    if decision is not None and decision.id != opened.seen and decision.state.raw == wanted:
        discard(opened.row.key)


# --- the session -------------------------------------------------------------------------------


def _sketches() -> dict[Key, Sketch]:
    found: dict[Key, Sketch] = st.session_state.setdefault(_SKETCHES, {})
    return found


def _sketch(opened: Opened) -> Sketch:
    sketches = _sketches()
    sketch = sketches.get(opened.row.key)
    if sketch is None or (not sketch.is_changed and sketch.base != opened.now):
        number = st.session_state[_MADE] = st.session_state.get(_MADE, 0) + 1
        sketch = sketches[opened.row.key] = Sketch(opened.now, opened.seen, opened.now, number)
    if not sketch.is_changed:
        sketch.seen = opened.seen
    return sketch


def _key(opened: Opened, sketch: Sketch, name: str, *, stays: bool = False) -> str:
    """A widget's; another one when the field has to show something new."""
    turn = "" if stays else f":{sketch.generation}"
    return f"edit:{sketch.number}:{visible(name, 400)}{turn}"


def _value(key: str, text: str) -> None:
    """Let a field begin with a text; what is typed into it stays."""
    if key not in st.session_state:
        st.session_state[key] = text
