"""Where the browser looks, and when it takes keys: one after the other, each on the page that the one before made."""

from __future__ import annotations

import time

import streamlit as st

_SCRIPT = """
const TYPING = "input, textarea, select, [contenteditable=true]";
const PRESSED = ".stButton button:enabled, .stFormSubmitButton button:enabled";
const PATIENCE = 20000;  // ms that a page may take to come, and that keys wait for it
const here = (globalThis.curatorAttention ??= { wanted: {}, waiting: [], since: 0, until: 0, tries: 0 });

export default function ({ data, parentElement }) {
  const page = parentElement.ownerDocument ?? document;
  const before = here.wanted;
  Object.assign(here, { wanted: data, part: parentElement });
  if (before.drawn !== data.drawn) Object.assign(here, { until: 0, since: Date.now() });
  if (before.shown !== data.shown) page.querySelectorAll(data.top).forEach((part) => { part.scrollTop = 0; });
  if (before.field !== data.field || before.asked !== data.asked) {
    Object.assign(here, { field: null, tries: data.field ? 40 : 0 });
    look(page);
  }
  if (here.listens) return;
  here.listens = true;
  page.defaultView.addEventListener("keydown", pressed, true);  // before Streamlit, and
  page.defaultView.addEventListener("keydown", taken);  // after it
  page.addEventListener("click", clicked, true);
}

function look(page) {
  clearTimeout(here.looks);
  if (!here.tries) return;
  here.field = page.querySelector(here.wanted.field);
  here.field?.focus();
  here.tries = here.field ? 0 : here.tries - 1;
  if (here.tries) here.looks = setTimeout(look, 25, page);
  else if (!here.field) here.waiting = [];  // what was typed for it are no keys
}

// For the next key Streamlit gives up the run of the one before, and would decide on a record that nobody has seen. So
// keys wait for the page; where it asks for a text, what has been typed meanwhile is that text.
function pressed(event) {
  if (!event.isTrusted || event.isComposing || !here.part.isConnected) return;
  const page = event.currentTarget.document;
  const isThird = event.getModifierState("AltGraph");  // it is Ctrl and Alt, too, on some machines
  const { key, code, keyCode, shiftKey } = event;
  const altKey = event.altKey && !isThird;
  const isDigit = /^Digit/.test(code);
  const isText = [...key].length === 1;
  if ((event.ctrlKey || event.metaKey) && !isThird) return;
  if (altKey ? !isDigit : !isText && !["Enter", "Escape", "Backspace"].includes(key)) return;
  const waits = here.waiting.length > 0;
  const field = event.target.closest?.(TYPING);
  if (field && (field !== here.field || !(waits || isComing()))) return;
  const isShortcut = /^[a-z0-9?]$/i.test(key) || /^Key[A-Z]$/.test(code) || altKey;
  if (!field && !waits && !isShortcut && !isBusy(page)) return;  // it scrolls, or presses what has the cursor
  event.preventDefault();
  event.stopImmediatePropagation();
  if (event.repeat) return;  // a key that is held down decides once
  here.waiting.push({ key, code, keyCode, shiftKey, altKey, isText: isText && !altKey });
  if (waits) return;
  here.since = Date.now();
  next(page);
}

function next(page) {
  clearTimeout(here.turn);
  const what = here.waiting[0];
  if (!what) return;
  if (Date.now() - here.since > PATIENCE) here.waiting = [];
  else if (!isBusy(page)) {
    here.since = Date.now();
    press(page, what);
    here.waiting.shift();
  }
  here.turn = setTimeout(next, 5, page);
}

function press(page, what) {
  const at = page.activeElement ?? page.body;
  const isField = at.matches(TYPING);
  if (isField && at !== here.field) return;  // somebody types elsewhere by now
  const isLine = what.key === "Enter" && at.tagName === "TEXTAREA";
  if (isField && (what.isText || isLine)) page.execCommand("insertText", false, isLine ? "\\n" : what.key);
  else if (isField && what.key === "Backspace") page.execCommand("delete");
  else if (what.key === "?") page.querySelector(here.wanted.help)?.click();  // Streamlit takes letters and digits alone
  else {
    const how = { ...what, bubbles: true, cancelable: true };
    const isTaken = !at.dispatchEvent(new KeyboardEvent("keydown", how));
    at.dispatchEvent(new KeyboardEvent("keyup", how));
    if (isTaken || (isField && what.key === "Enter")) expect();
  }
}

function taken(event) {
  const isOwn = event.isTrusted && !event.isComposing && event.target === here.field && here.part.isConnected;
  const isGiven = event.key === "Enter" && here.field?.tagName === "INPUT";
  if (isOwn && (isGiven || event.defaultPrevented)) expect();
}

function clicked(event) {
  if (!here.part.isConnected || !event.target.closest?.(PRESSED)) return;
  if (!isComing()) return expect();
  event.preventDefault();  // a second click, or on what is about to go
  event.stopImmediatePropagation();
}

function expect() { here.until = Date.now() + PATIENCE; }

function isComing() { return Date.now() < here.until; }

function isBusy(page) {
  const state = page.querySelector("[data-test-script-state]")?.dataset.testScriptState ?? "notRunning";
  return isComing() || here.tries > 0 || state !== "notRunning";
}
"""


def pay(shown: str, top: str, field: str = "", *, asked: int = 0, help: str = "") -> None:
    """Scroll what `top` selects to its start when `shown` is not what it was, and put the cursor into `field`.

    It is put there once for each number `asked`. The key ? presses `help`. None of these holds data: they are
    selectors and ids of ours. To be called last: the next key is taken when this has come to the browser.
    """
    drawn = str(time.monotonic_ns())
    data = {"shown": shown, "top": top, "field": field, "asked": asked, "help": help, "drawn": drawn}
    _component()(data=data, key="attention")


@st.cache_resource(show_spinner=False)
def _component():  # type: ignore[no-untyped-def]
    return st.components.v2.component("curator_attention", js=_SCRIPT)
