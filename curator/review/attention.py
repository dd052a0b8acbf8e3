"""Where the browser looks: a new record from its top, and the field that is asked for under the cursor."""

from __future__ import annotations

import streamlit as st

_SCRIPT = """
export default function ({ data, parentElement }) {
  const page = parentElement.ownerDocument ?? document;
  const moved = globalThis.curatorShown !== data.shown;
  globalThis.curatorShown = data.shown;
  if (moved) page.querySelectorAll(data.top).forEach((part) => { part.scrollTop = 0; });
  if (data.field && globalThis.curatorAsked !== data.field) {
    let tries = 40;
    const look = () => {
      const field = page.querySelector(data.field);
      if (field) field.focus();
      else if (tries-- > 0) setTimeout(look, 25);
    };
    look();
  }
  globalThis.curatorAsked = data.field;
  globalThis.curatorHelp = data.help;
  if (!globalThis.curatorListens) {  // buttons take letters and digits for shortcuts alone
    globalThis.curatorListens = true;
    page.addEventListener("keydown", (event) => {
      const typing = event.target.closest?.("input, textarea, select, [contenteditable=true]");
      if (event.key === "?" && !typing) page.querySelector(globalThis.curatorHelp)?.click();
    });
  }
}
"""


def pay(shown: str, top: str, field: str = "", help: str = "") -> None:
    """Scroll what `top` selects to its start when `shown` is not what it was, and put the cursor into `field`.

    The key ? presses `help`. None of the four holds data: they are selectors and ids of ours.
    """
    _component()(data={"shown": shown, "top": top, "field": field, "help": help}, key="attention")


@st.cache_resource(show_spinner=False)
def _component():  # type: ignore[no-untyped-def]
    return st.components.v2.component("curator_attention", js=_SCRIPT)
