"""What is compared of the members of a cluster: the text that its rule speaks of, and what stands around it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from curator.conventions import SYSTEM_ROLES
from curator.model import Example
from curator.review.decisions.editing import label_of
from curator.review.opened import Opened
from curator.review.rendering.differing import unlike
from curator.review.rendering.escaping import block, brief, escape, label, marked, whole
from curator.review.rendering.understanding import understood
from curator.review.states import Row

_AROUND = 300  # code points of what stands around the compared text
_LIMIT = 6_000  # code points of a member that are shown
STATUSES = {"open": "open", "fixed": "fixed", "kept": "kept", "removed": "removed", "discuss": "to discuss"}
_KINDS = {"fixed": "added", "kept": "info", "removed": "removed", "discuss": "warning"}


@dataclass(frozen=True, slots=True)
class Member:
    """One record of a cluster, as it is to become."""

    row: Row
    place: str
    """File and line."""
    text: str
    """What is compared."""
    around: str
    """What belongs to it: the input of an answer, or of a label."""
    label: str | None
    """Its label, in a classification."""


def member(opened: Opened, code: str) -> Member:
    """A record as a member of a cluster that a rule has found."""
    example = opened.example
    place = f"{opened.file.path}:{opened.row.line:,}"
    example = understood(example) if example is not None else None
    if example is None or not (example.turns or example.rejected):
        return Member(opened.row, place, opened.now.decode("utf-8", "replace"), "", None)
    own = label_of(example, opened.plan.conventions)
    text, around = _compared(example, code, own)
    return Member(opened.row, place, text, around, own)


def _compared(example: Example, code: str, own: str | None) -> tuple[str, str]:
    if code.startswith("MSG"):
        systems = [turn.text for turn in example.turns if turn.role in SYSTEM_ROLES]
        return "\n".join(systems), ""
    if code.startswith("FUN"):
        calls = [call for turn in example.turns if turn.trained for call in turn.calls]
        return "\n".join(f"{call.name} {call.arguments}" for call in calls), ""
    answer = example.answer
    if answer is not None and (code.startswith("LAB") or code in ("DUP003", "DUP004")):
        given = "\n".join(turn.text for turn in example.before_answer if turn.role not in SYSTEM_ROLES)
        return (own if own is not None else answer.text), given
    return _said(example), ""


def _said(example: Example) -> str:
    turns = (*example.turns, *example.rejected)
    named = example.kind != "completion"
    return "\n\n".join(f"{turn.role}: {turn.text}" if named else turn.text for turn in turns)


def columns(members: Sequence[Member]) -> int:
    """How many of these members fit beside each other: 2 to 4."""
    longest = max((len(one.text) for one in members), default=0)
    return max(2, min(len(members), 4 if longest < 60 else 3 if longest < 400 else 2))


def member_html(one: Member, first: Member, number: int) -> str:
    """A member as HTML: place, split and status, and its texts with what the first one does not have."""
    state, text = _against(one.text, first.text, _LIMIT)
    if one.row.id == first.row.id:
        state = "the first"
    around = f'<div class="cu-quiet cu-text">{brief(one.around, _AROUND)}</div>'
    if one.around != first.around:
        state += " · its input differs"
        around = f'<div class="cu-quiet">{_against(one.around, first.around, _AROUND)[1]}</div>'
    status = one.row.status
    sign = f" {label(STATUSES[status], _KINDS[status])}" if status != "open" else ""
    split = f'<span class="cu-item">{brief(one.row.split, 40)}</span>' if one.row.split else ""
    head = (
        f'<div class="cu-head"><b>{number}</b> {marked(one.place, limit=120)} {split}{sign}'
        f'<span class="cu-quiet">{state}</span></div>'
    )
    tint = " cu-quiet" if status == "removed" else ""
    return whole(f'<div class="cu-member{tint}">{head}{text}{around if one.around else ""}</div>')


def _against(text: str, first: str, limit: int) -> tuple[str, str]:
    """How a text differs from that of the first member, in words, and the text as HTML with what differs marked."""
    if text == first:
        return "the same as the first", block(text, limit=limit) if text else label("empty", "info")
    gone, marks = unlike(first, text)
    missing = sum(len(first[mark.start : mark.end].split()) for mark in gone)
    state = f"{len(marks):,} {'place differs' if len(marks) == 1 else 'places differ'}"
    state += f", {missing:,} {'word' if missing == 1 else 'words'} of the first not here" if missing else ""
    space = bool(marks) and text.split() == first.split()
    return state, block(text, marks, visible=space, limit=limit) if text else label("empty", "info")


def group_html(code: str, name: str, message: str, severity: str, size: int, left: int) -> str:
    """What a cluster is about, as HTML."""
    decided = f"{left:,} of {size:,} still open" if left else f"all {size:,} decided"
    return whole(
        f'<div class="cu-finding">{label(code, severity)}<span class="cu-level cu-{escape(severity)}">'
        f"{escape(severity)}</span><span><b>{escape(name)}</b> {brief(message, 800)} "
        f'<span class="cu-quiet">{decided}</span></span></div>'
    )
