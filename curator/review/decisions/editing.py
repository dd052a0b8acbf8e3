"""What can be edited in a record, field by field, and what an edit of a field makes of its bytes.

Every edit starts from the bytes that the field had at first, so that what is typed back as it was gets them back.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from curator.answers import label_turn
from curator.conventions import Conventions
from curator.errors import UsageError
from curator.formats import sharegpt
from curator.locate import Span, locate
from curator.model import Example, ToolCall, Turn
from curator.parsing import parse
from curator.review.decisions.deciding import relabel, replace_raw, replace_text, replace_value, shared, text_at
from curator.review.rendering.layout import layout
from curator.review.rendering.viewing import View

LONGEST = 200_000
"""Code points of a text that a field holds; with more, every key would be felt."""
_ROLES = ("system", "developer", "user", "assistant", "tool")
_UNTYPABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")
_LONE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Field:
    """A text of a record that can be edited, in a field of its own."""

    pointer: str
    text: str
    """Between what is kept at its ends."""
    before: str = ""
    """White space that a completion begins with; kept."""
    after: str = ""
    """The separator or the stop sequence; kept."""
    lacks: str = ""
    """The separator or stop sequence that others end with, and this one does not."""
    untypable: int = 0
    """Characters that a field would show wrongly, or not at all; edited with escapes, they are in sight."""

    @property
    def is_too_long(self) -> bool:
        """Whether no field can hold it."""
        return len(self.text) > LONGEST


@dataclass(frozen=True, slots=True)
class Fields:
    """What can be edited in a turn."""

    turn: Turn
    role: str
    """As written; "" where the format writes none."""
    role_pointer: str
    roles: tuple[str, ...]
    """Which ones the format knows, with the one that is written."""
    weight: Any
    """As written; None where there is none."""
    has_weight: bool
    """Whether the format takes a weight here."""
    texts: tuple[Field, ...]
    calls: tuple[ToolCall, ...]
    """Those that are no part of a text."""


def fields(example: Example, view: View) -> list[Fields]:
    """The turns of an example, of a preference pair both sides, with what can be edited in each."""
    return [_fields(turn, example, view) for turn in (*example.turns, *example.rejected)]


def _fields(turn: Turn, example: Example, view: View) -> Fields:
    name = "from" if "from" in turn.message else "role"
    role = turn.message.get(name)
    role = role if isinstance(role, str) else ""
    known = (*sharegpt.ROLES, "system", "tool") if name == "from" else _ROLES
    roles = tuple(dict.fromkeys((*known, role))) if role else ()
    has_weight = turn.role == "assistant" and name == "role" and bool(turn.message) and example.format == "openai-chat"
    weight = turn.message.get("weight")
    calls = tuple(call for call in turn.calls if call.inside is None)
    texts = tuple(_texts(turn, example, view))
    return Fields(turn, role, f"{turn.pointer}/{name}", roles, weight, has_weight or weight is not None, texts, calls)


def _texts(turn: Turn, example: Example, view: View) -> Iterator[Field]:
    if isinstance(turn.content, str):
        yield _field(example, turn, view)
    elif isinstance(turn.content, list):
        for index, part in enumerate(turn.content):
            if isinstance(part, dict) and isinstance(part.get("text"), str):
                base = f"{turn.text_pointer.rpartition('/')[0].rpartition('/')[0]}/{index}/text"
                pointer = base if turn.message else ("/instruction", "/input")[min(index, 1)]
                yield Field(pointer, part["text"], untypable=_count(part["text"]))


def _field(example: Example, turn: Turn, view: View) -> Field:
    text, before, after, lacks = turn.text, "", "", ""
    if example.kind == "completion":
        marks, lacks = view.ending(text, of_prompt=not turn.trained)
        after = text[marks[0].start :] if marks else ""
        text = text[: len(text) - len(after)]
        before = text[: len(text) - len(text.lstrip())] if turn.trained else ""
        text = text[len(before) :]
    return Field(turn.text_pointer, text, before, after, lacks, _count(text))


def _count(text: str) -> int:
    return sum(1 for _ in _UNTYPABLE.finditer(text.replace("\r\n", "\n")))


# --- edits: each takes the record as it was at first, and as it is by now ------------------------


def with_text(base: bytes, raw: bytes, field: Field, text: str) -> bytes:
    """The record with that text in a field, between what is kept at its ends. Raises UsageError."""
    if field.is_too_long:
        raise UsageError("the text is too long for a field")
    return _edited(base, raw, field.pointer, f"{field.before}{text}{field.after}")


def with_word(base: bytes, raw: bytes, pointer: str, word: str) -> bytes:
    """The record with another role, or name of a function, at a pointer. Raises UsageError."""
    return _edited(base, raw, pointer, word)


def _edited(base: bytes, raw: bytes, pointer: str, text: str) -> bytes:
    try:
        return replace_text(_restored(base, raw, pointer), pointer, text)
    except (ValueError, LookupError) as error:
        raise UsageError(f"this cannot be edited: {error}") from None


def _restored(base: bytes, raw: bytes, pointer: str) -> bytes:
    """The record with the text at a pointer as it was at first, where there was one."""
    now = locate(raw, pointer)
    try:
        old = locate(base, pointer)
    except (ValueError, LookupError):
        return raw
    if base[old.start] != ord('"') or raw[now.start] != ord('"'):
        return raw
    return _spliced(raw, now, base[old.start : old.end])


def _spliced(raw: bytes, span: Span, new: bytes) -> bytes:
    return raw[: span.start] + new + raw[span.end :]


def with_weight(raw: bytes, turn: Turn, weight: int | None) -> bytes:
    """The record with another weight of a turn; None for none. Raises UsageError."""
    try:
        span = locate(raw, turn.pointer)
        message = parse(raw[span.start : span.end]).value
        rest = {key: value for key, value in message.items() if key != "weight"}
        return replace_value(raw, turn.pointer, rest if weight is None else {**rest, "weight": weight})
    except (ValueError, LookupError) as error:
        raise UsageError(f"this cannot be edited: {error}") from None


def written_arguments(raw: bytes, call: ToolCall) -> str:
    """The arguments of a call as they are written: a text, or the JSON of a value."""
    if isinstance(call.arguments, str):
        return text_at(raw, call.arguments_pointer)
    try:
        span = locate(raw, call.arguments_pointer)
    except LookupError:
        return ""
    return raw[span.start : span.end].decode("utf-8", "replace")


def laid_out(text: str) -> str:
    """JSON over lines for reading; a text that is none as it is."""
    return layout(text) if parse(text.encode("utf-8", "surrogatepass")).fault is None else text


def with_arguments(base: bytes, raw: bytes, call: ToolCall, text: str, *, is_laid_out: bool = False) -> bytes:
    """The record with other arguments of a call.

    Of arguments that were laid out for reading only the values that differ are written. Raises UsageError where the
    record wants a value, and the text is no JSON.
    """
    parsed = parse(text.encode("utf-8", "surrogatepass"))
    pointer = call.arguments_pointer
    try:
        if not isinstance(call.arguments, str):
            if parsed.fault is not None or parsed.quirks:
                raise UsageError("the record holds these arguments as JSON, so they must be JSON to be saved")
            return replace_value(raw, pointer, parsed.value)
        if is_laid_out and parsed.fault is None and not parsed.quirks & {"duplicate-key"}:
            old = text_at(_restored(base, raw, pointer), pointer)
            changed = _with_values(old, parsed.value)
            if changed is not None:
                return _edited(base, raw, pointer, changed)
    except (ValueError, LookupError) as error:
        raise UsageError(f"this cannot be edited: {error}") from None
    return _edited(base, raw, pointer, text)


def _with_values(old: str, value: Any) -> str | None:
    """A text of JSON with another value, equal parts as they were written; None where the old one is no JSON."""
    written = old.encode("utf-8", "surrogatepass")
    parsed = parse(written)
    if parsed.fault is not None or "duplicate-key" in parsed.quirks:
        return None
    return replace_value(written, "", value).decode("utf-8", "surrogatepass")


def escaped(raw: bytes, pointer: str) -> str:
    """The text at a pointer as the record spells it, without the quotes: every escape is in sight."""
    span = locate(raw, pointer)
    return raw[span.start + 1 : span.end - 1].decode("utf-8", "surrogateescape")


def with_escaped(raw: bytes, pointer: str, spelled: str) -> bytes:
    """The record with a text that is spelled with escapes. Raises UsageError where it is not how JSON spells one."""
    span = locate(raw, pointer)
    literal = replace_raw(raw[span.start + 1 : span.end - 1], spelled.replace("\n", "\\n"))
    try:
        json.loads(b'"%s"' % literal)
    except ValueError as error:
        reason = error.msg if isinstance(error, json.JSONDecodeError) else "it is no UTF-8"
        raise UsageError(f"this is not how JSON spells a text: {reason}") from None
    return _spliced(raw, span, b'"%s"' % literal)


def with_label(base: bytes, raw: bytes, example: Example, label: str, conventions: Conventions) -> bytes:
    """The record, of which `example` is read, with another label; what stands around it is kept. Raises UsageError."""
    turn = label_turn(example)
    try:
        new = relabel(raw, example, label, conventions)
        if turn is not None and text_at(base, turn.text_pointer) == text_at(new, turn.text_pointer):
            new = _restored(base, new, turn.text_pointer)
    except (ValueError, LookupError) as error:
        raise UsageError(str(error)) from None
    return new


def with_line(base: bytes, text: str) -> bytes:
    """The record that was made of the raw line. Raises UsageError where the text cannot be written."""
    try:
        return replace_raw(base, text)
    except UnicodeEncodeError:
        raise UsageError("half a surrogate pair cannot be written as it is: spell it with \\u") from None


def line(raw: bytes) -> str:
    """The raw line as a field can show it; a byte that is no UTF-8 as �."""
    return _LONE.sub("\ufffd", raw.decode("utf-8", "surrogateescape"))


def merged(base: bytes, mine: bytes, theirs: bytes) -> bytes | None:
    """What two people have made of one line, both changes in it; None where they changed the same part of it."""
    (start, end, new), (begin, last, other) = _change(base, mine), _change(base, theirs)
    if start > begin:
        (start, end, new), (begin, last, other) = (begin, last, other), (start, end, new)
    if end >= begin and base not in (mine, theirs):
        return None
    if base in (mine, theirs):
        return theirs if mine == base else mine
    return base[:start] + new + base[end:begin] + other + base[last:]


def _change(old: bytes, new: bytes) -> tuple[int, int, bytes]:
    """The part of a line that gives way, and to what."""
    head = shared(old, new)
    tail = shared(old[head:][::-1], new[head:][::-1])
    return head, len(old) - tail, new[head : len(new) - tail]


# --- what is known of the record ---------------------------------------------------------------


def label_of(example: Example, conventions: Conventions) -> str | None:
    """The label of an example of a classification; None where it has none."""
    turn = label_turn(example)
    if conventions.task != "classification" or turn is None or not turn.is_one_text:
        return None
    return conventions.label(turn.text)


def labels(conventions: Conventions, label: str) -> list[str]:
    """The labels to choose from, those of the settings or the most frequent first; the record's own among them."""
    known = sorted(conventions.declared) or sorted(conventions.labels, key=lambda name: -conventions.labels[name])
    return list(dict.fromkeys((*(conventions.label(name) for name in known), label)))


def parameters(example: Example, name: str) -> Any:
    """What the function of that name declares; None where no function has it, or none is declared."""
    return next((tool.parameters for tool in example.tools if tool.name == name), None)


def first_with(found: Sequence[Fields], pointers: Sequence[str]) -> int:
    """The number of the first turn that one of the pointers leads into; 0 where none does."""
    return next(
        (
            number
            for number, one in enumerate(islice(found, 10_000))
            if any(pointer == one.turn.pointer or pointer.startswith(f"{one.turn.pointer}/") for pointer in pointers)
        ),
        0,
    )
