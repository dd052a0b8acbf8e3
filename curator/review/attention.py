"""Where the browser looks: a new record from its top, and the field that is asked for under the cursor."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

_SCRIPT = """
const TYPING = "input, textarea, select, [contenteditable=true]";
const PATIENCE = 3000;  // ms that a field may take to come
const here = (globalThis.curatorAttention ??= { shown: null, asked: null, wanted: {}, held: null });

export default function ({ data, parentElement }) {
  const page = parentElement.ownerDocument ?? document;
  const moved = here.shown !== data.shown;
  const asked = `${data.asked} ${data.field}`;
  const isNew = here.asked !== asked;
  Object.assign(here, { shown: data.shown, asked, wanted: data });
  if (moved) page.querySelectorAll(data.top).forEach((part) => { part.scrollTop = 0; });
  if (isNew && data.field) look(page, data.field, 40);
  else if (isNew || moved) here.held = null;
  if (here.listens) return;
  here.listens = true;
  page.defaultView.addEventListener("keydown", pressed, true);  // before Streamlit, whose shortcuts it may hold back
  page.addEventListener("click", clicked, true);
}

function look(page, selector, tries) {
  const field = page.querySelector(selector);
  if (field) {
    field.focus();
    release(page, field);
  } else if (tries > 0) setTimeout(look, 25, page, selector, tries - 1);
}

function pressed(event) {
  const page = event.currentTarget.document;
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (here.held && event.key === "Escape") here.held = null;
  if (here.held) {
    event.preventDefault();
    event.stopImmediatePropagation();
    if (!event.repeat) here.held.push(event.key);
  } else if (!event.target.closest?.(TYPING)) {
    if (event.key === "?") page.querySelector(here.wanted.help)?.click();  // Streamlit takes letters and digits alone
    const name = (event.shiftKey ? "Shift+" : "") + event.key.toUpperCase();
    const button = here.wanted.askers?.[name];
    if (button && page.querySelector(button)?.disabled === false) hold();
  }
}

function clicked(event) {
  const button = event.target.closest?.("button");
  if (button && Object.values(here.wanted.askers ?? {}).some((asker) => button.matches(asker))) hold();
}

// Between the key that asks for a text and its field, what is typed is text already, not the keys of other decisions.
function hold() {
  const held = (here.held = []);
  setTimeout(() => { if (here.held === held) here.held = null; }, PATIENCE);
}

function release(page, field) {
  const held = here.held ?? [];
  here.held = null;
  for (const key of held) {
    if (key === "Enter") {
      field.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
      return;
    }
    if (key === "Backspace") page.execCommand("delete");
    else if ([...key].length === 1) page.execCommand("insertText", false, key);
  }
}
"""


def pay(
    shown: str, top: str, field: str = "", *, asked: int = 0, askers: Mapping[str, str] | None = None, help: str = ""
) -> None:
    """Scroll what `top` selects to its start when `shown` is not what it was, and put the cursor into `field`.

    It is put there once for each number `asked`. `askers` are the buttons that ask for a field, by their keys: what is
    typed before the field has come goes into it. The key ? presses `help`. None of these holds data: they are
    selectors and ids of ours.
    """
    data = {"shown": shown, "top": top, "field": field, "asked": asked, "askers": dict(askers or {}), "help": help}
    _component()(data=data, key="attention")


@st.cache_resource(show_spinner=False)
def _component():  # type: ignore[no-untyped-def]
    return st.components.v2.component("curator_attention", js=_SCRIPT)
