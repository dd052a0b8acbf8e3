"""The buttons of the editor: save, leave, begin again, and what is to be confirmed first."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from curator.errors import InputError, UsageError
from curator.model import Example
from curator.review import answering
from curator.review import screen as screens
from curator.review.opened import Opened
from curator.review.rendering.escaping import brief, escape, label, whole
from curator.review.rendering.understanding import understood
from curator.review.sketches import Sketch, discard, sketch_of
from curator.review.workspace import Workspace

Save = Callable[[bytes], object]
Close = Callable[[], object]

# The buttons stay where they are while the fields are scrolled, and a field is as high as its text.
_STYLE = """<style>
.st-key-edit-actions{position:sticky;top:0;z-index:5;padding:.15rem 0;background:light-dark(#fff,#171614)}
[class*="st-key-edit-turn"] textarea{field-sizing:content;height:auto!important;min-height:2.5rem;max-height:20rem}
[class*="st-key-edit-turn"] .stHorizontalBlock:has(>.stColumn){flex-wrap:nowrap}
[class*="st-key-edit-turn"] .stHorizontalBlock>.stColumn:first-child{min-width:8.75rem}
[class*="st-key-edit-code"] textarea{font-family:"Source Code Pro",ui-monospace,monospace;font-size:.8125rem}
</style>"""


def actions(workspace: Workspace, opened: Opened, save: Save | None = None, close: Close | None = None) -> None:
    """The buttons of the editor, with what is to be confirmed first."""
    sketch = sketch_of(opened)
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
            can_choose = with_turns(workspace.linter(opened.file).example(sketch.raw)) is not None
            st.segmented_control(
                "Edit as", options, default=options[sketch.is_line or not can_choose], disabled=not can_choose,
                label_visibility="collapsed", key=sketch.key("mode"), required=True, on_change=_turn,
                args=(sketch,),
            )  # fmt: skip
            st.button(
                "Start over", key="edit-reset", type="tertiary", disabled=not sketch.is_changed,
                on_click=sketch.restart, args=(opened, opened.now),
            )  # fmt: skip
    if warnings:
        said = "".join(f"<div>{label('harm', 'error')} {escape(warning)}</div>" for warning in warnings)
        st.html(whole(said))
        st.checkbox("Save all the same", key=sketch.key("sure"), on_change=_sure, args=(sketch,))
    if sketch.error:
        st.html(note("error", "not saved", sketch.error))


def with_turns(example: Example | None) -> Example | None:
    """The example with what can be edited field by field; None where that is nothing, and the raw line is left."""
    found = understood(example) if example is not None else None
    return found if found is not None and (found.turns or found.rejected) else None


def note(kind: str, word: str, text: str) -> str:
    """A line in words, with a label before it."""
    return whole(f'<div class="cu-quiet">{label(word, kind)} {brief(text, 800)}</div>')


# --- what the keys do; each before the page is drawn again ---------------------------------------


def _turn(sketch: Sketch) -> None:
    sketch.is_line = not sketch.is_line
    sketch.renew()


def _sure(sketch: Sketch) -> None:
    sketch.is_sure = not sketch.is_sure


def _stay(sketch: Sketch) -> None:
    sketch.is_leaving = False


def _cancel(sketch: Sketch) -> None:
    sketch.is_leaving = True


def _leave(opened: Opened, close: Close, forget: bool) -> None:
    sketch = sketch_of(opened)
    sketch.is_leaving, sketch.error = False, ""
    if forget or not sketch.is_changed:
        discard(opened.row.key)
    close()


def _save(workspace: Workspace, opened: Opened, save: Save | None) -> None:
    sketch = sketch_of(opened)
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
