"""One turn of a record as HTML: who speaks, what is said, what it calls, what it costs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from curator.locate import escape as step
from curator.model import Example, Finding, Turn
from curator.review.rendering.call import calls_html, inside_html, json_block
from curator.review.rendering.escaping import Mark, block, label, marked
from curator.review.rendering.places import Places, codes, mark, text_marks
from curator.review.rendering.viewing import View

_ROLES = {
    "system": "system", "developer": "system", "user": "user", "assistant": "assistant", "tool": "tool",
    "function": "tool",
}  # fmt: skip
_FOLDED = 160  # code points from which a system prompt is folded
_URL = 200  # code points of the address of an image that are shown


@dataclass(frozen=True, slots=True)
class Cost:
    """The tokens of a turn, and those of all before it; `limit` is what the model takes, where it is known."""

    tokens: int | None = None
    before: int | None = None
    limit: int | None = None


def turn_html(
    turn: Turn, example: Example, raw: bytes, places: Places, view: View, cost: Cost, unlike: Sequence[Mark] = ()
) -> str:
    """The turn with its findings in place; `unlike` marks what another text does not have."""
    body = [_content(turn, example, raw, places, view, unlike)]
    body.append(calls_html(turn, example, raw, places, view))
    items, blocks = _members(turn, raw, places, view)
    role_marks, role_whole = text_marks(turn.role, places.at(f"{turn.pointer}/{_role_key(turn)}"))
    about = codes([*role_whole, *places.under(turn.pointer)])
    meta = f'<div class="cu-head">{about}{items}</div>' if about or items else ""
    kind = _ROLES.get(turn.role, "other")
    role = marked(turn.role, role_marks, limit=60) if turn.role else label("no role", "error")
    if example.kind == "completion":  # nobody speaks there
        role = "completion" if turn.trained else "prompt"
    return (
        f'<div class="cu-turn cu-role-{kind}"><div class="cu-role">{role}</div>'
        f'<div class="cu-body">{meta}{"".join(body)}{blocks}</div>{_side(turn, cost)}</div>'
    )


def odd_html(raw: bytes, pointer: str, value: Any, places: Places, view: View) -> str:
    """What stands in the place of a turn, and is none."""
    inside = json_block(raw, pointer, value, places.under(pointer), view)
    return (
        f'<div class="cu-turn cu-role-other"><div class="cu-role">{label("no message", "error")}</div>'
        f'<div class="cu-body">{inside}</div></div>'
    )


def _role_key(turn: Turn) -> str:
    return "from" if "from" in turn.message else "role"


def _side(turn: Turn, cost: Cost) -> str:
    notes = []
    if cost.tokens is not None:
        notes.append(f"{cost.tokens:,} {'token' if cost.tokens == 1 else 'tokens'}")
    if cost.tokens is not None and cost.limit and cost.before is not None:
        if cost.before >= cost.limit:
            notes.append(label("beyond the limit", "error"))
        elif cost.before + cost.tokens > cost.limit:
            notes.append(label(f"over the limit by {cost.before + cost.tokens - cost.limit:,}", "error"))
    if turn.role == "assistant" and not turn.trained:
        notes.append("not trained")
    return f'<div class="cu-side">{"".join(f"<div>{note}</div>" for note in notes)}</div>'


def _content(
    turn: Turn, example: Example, raw: bytes, places: Places, view: View, unlike: Sequence[Mark]
) -> str:  # fmt: skip
    content = turn.content
    if any(call.inside is not None for call in turn.calls):
        return inside_html(turn, example, places, view)
    if isinstance(content, str):
        return _said(turn, example, places, view, unlike)
    if isinstance(content, list):
        return _parts(turn, content, raw, places, view)
    if content is None:
        here = codes(places.at(turn.text_pointer)) if turn.text_pointer != turn.pointer else ""
        quiet = "" if turn.calls else '<span class="cu-quiet">no content</span>'
        return f'<div class="cu-head">{here}{quiet}</div>' if here or quiet else ""
    return json_block(raw, turn.text_pointer, content, places.under(turn.text_pointer), view)


def _said(turn: Turn, example: Example, places: Places, view: View, unlike: Sequence[Mark]) -> str:
    text, missing = turn.text, ""
    marks, whole = text_marks(text, places.at(turn.text_pointer))
    marks += [*unlike, *view.tokens(text)]
    if example.kind == "completion":
        ending, lacks = view.ending(text, of_prompt=not turn.trained)
        marks += ending
        noun = "stop sequence" if turn.trained else "separator"
        missing = _lacking(lacks, noun) if lacks else ""
        lead = len(text) - len(text.lstrip()) if turn.trained else 0
        marks += [Mark(0, lead, "space")] if lead else []
    html = _text(text, marks, whole, view) + missing
    if _ROLES.get(turn.role) == "system" and len(text) > _FOLDED:
        return _folded(text, html, opened=bool(whole) or any(m.kind in ("error", "warning", "info") for m in marks))
    return html


def _lacking(ending: str, noun: str) -> str:
    return (
        f'<div class="cu-lacking">{label(f"no {noun}", "info")} {marked(json.dumps(ending, ensure_ascii=False))}</div>'
    )


def _text(text: str, marks: Iterable[Mark], whole: Sequence[Finding], view: View) -> str:
    """A string of the record; a finding about all of it stands in front, and at its edge."""
    if not text:
        return f'<div class="cu-head">{codes(whole)}{marked(text, marks)}<span class="cu-quiet">empty text</span></div>'
    worst = str(max(finding.severity for finding in whole)) if whole else ""
    front = f'<div class="cu-head">{codes(whole)}</div>' if whole else ""
    return front + block(text, marks, kind=f"whole cu-{worst}" if worst else "", visible=view.visible, limit=view.limit)


def _folded(text: str, html: str, *, opened: bool) -> str:
    first = " ".join(text[:_FOLDED].split())
    state = " open" if opened else ""
    count = f"{len(text):,} characters"
    return (
        f'<details class="cu-fold"{state}><summary><span class="cu-preview">{marked(first)} …</span> '
        f'<span class="cu-quiet">{count}</span></summary>{html}</details>'
    )


def _parts(turn: Turn, content: list[Any], raw: bytes, places: Places, view: View) -> str:
    shown = []
    for index, part in enumerate(content):
        pointer = f"{turn.pointer}/{'content' if 'content' in turn.message else 'value'}/{index}"
        if not turn.message:  # Alpaca's instruction and input, which make one turn
            pointer = ("/instruction", "/input")[min(index, 1)]
        shown.append(_part(part, pointer, turn, raw, places, view))
    return "".join(shown) or '<span class="cu-quiet">no content parts</span>'


def _part(part: Any, pointer: str, turn: Turn, raw: bytes, places: Places, view: View) -> str:
    if isinstance(part, dict) and isinstance(part.get("text"), str):
        at = f"{pointer}/text" if turn.message else pointer
        marks, whole = text_marks(part["text"], places.at(at))
        about = codes(places.under(pointer))
        return about + _text(part["text"], [*marks, *view.tokens(part["text"])], whole, view)
    address = _address(part)
    if address is not None:
        kind = marked(str(part.get("type", "")), limit=40)
        size = f' <span class="cu-quiet">{len(address):,} characters</span>' if len(address) > _URL else ""
        shown = marked(address if len(address) <= _URL else f"{address[:_URL]}…")
        about = codes(places.under(pointer))
        return f'<div class="cu-media"><b>{kind}</b> <span class="cu-code">{shown}</span>{size} {about}</div>'
    return json_block(raw, pointer, part, places.under(pointer), view)


def _address(part: Any) -> str | None:
    """What an image, sound or file part points at, or holds; None for other parts."""
    if not isinstance(part, dict):
        return None
    for key in ("image_url", "input_audio", "file"):
        held = part.get(key)
        for value in (held, *(held.values() if isinstance(held, dict) else ())):
            if isinstance(value, str) and (key == "image_url" or len(value) > 40 or not isinstance(held, dict)):
                return value
    return None


def _members(turn: Turn, raw: bytes, places: Places, view: View) -> tuple[str, str]:
    """What else the message has: short values for its head, and the rest in blocks."""
    items, blocks = [], []
    content = turn.text_pointer.removeprefix(f"{turn.pointer}/").partition("/")[0]
    shown = {_role_key(turn), content if turn.text_pointer != turn.pointer else "content"}
    listed = turn.message.get("tool_calls")
    if isinstance(listed, list) and len(listed) == sum("/tool_calls/" in call.pointer for call in turn.calls):
        shown.add("tool_calls")
    if any(call.pointer.endswith("/function_call") for call in turn.calls):
        shown.add("function_call")
    for key, value in turn.message.items():
        if key in shown:
            continue
        pointer = f"{turn.pointer}/{step(key)}"
        if isinstance(value, str) and len(value) > 60:
            marks, whole = text_marks(value, places.at(pointer))
            name = f'<div class="cu-head"><b>{marked(key, limit=80)}</b></div>'
            blocks.append(name + _text(value, marks, whole, view))
        elif isinstance(value, dict | list):
            here = places.under(pointer)
            own = [f for f in here if f.pointer == pointer]
            inside = [f for f in here if f.pointer != pointer]
            name = f'<div class="cu-head"><b>{marked(key, limit=80)}</b> {codes(own)}</div>'
            blocks.append(name + json_block(raw, pointer, value, inside, view))
        elif value is not None or pointer in places:
            items.append(_item(key, value, places.at(pointer)))
    return "".join(items), "".join(blocks)


def _item(key: str, value: Any, findings: Sequence[Finding]) -> str:
    """A short value of a message, with what is found about it or its key."""
    shown = value if isinstance(value, str) else json.dumps(value)
    at_key = [mark(finding, 0, len(key)) for finding in findings if finding.at == "key"]
    at_value = [mark(finding, 0, len(shown)) for finding in findings if finding.at != "key"]
    name, content = marked(key, at_key, limit=80), marked(shown, at_value, limit=200)
    return f'<span class="cu-item"><span class="cu-quiet">{name}</span> {content}</span>'
