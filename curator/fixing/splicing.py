"""Fixes as splices: an edit touches the bytes it names and no others.

Pointer edits are lowered to byte ranges of the raw line. All pointers are those of the record as it was
written: edits of one fix do not see each other. A fix is applied whole or not at all; of two fixes that
touch the same bytes the first wins, and the other waits for the next round.
"""

from __future__ import annotations

import bisect
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, NamedTuple

from curator.edits import DropLine, Edit, Insert, Remove, RenameKey, Replace, ReplaceBytes, ReplaceText, SplitLine
from curator.findings import record_hash
from curator.locate import Member, Span, locate, locate_key, members, parse_pointer, value_span, within_string
from curator.model import Finding
from curator.parsing import parse, values

_ESCAPED = re.compile(rb"(?<!\\)(?:\\\\)*\\u(?!00[0-7])")  # \u escapes that JSON does not ask for


class Splice(NamedTuple):
    """Bytes `start` to `end` give way to `text`."""

    start: int
    end: int
    text: bytes


def splices(raw: bytes, edits: Sequence[Edit]) -> list[Splice]:
    """The edits of one fix as byte splices of a record, in order, none touching another.

    Values are written in the line's own style. Raises ValueError (LookupError for a pointer that leads
    nowhere) when an edit does not fit the record or another edit, and for a record with duplicate keys:
    removing the last of them would bring back the first.
    """
    parsed = parse(raw)
    by_pointer = not all(isinstance(edit, ReplaceBytes) for edit in edits)
    if "duplicate-key" in parsed.quirks or (by_pointer and parsed.fault is not None):
        raise ValueError("a record that cannot be read, or repeats a key, is not edited")
    found: list[Splice] = []
    removed: dict[str, set[str]] = {}
    inserted: dict[str, list[tuple[str, Any]]] = {}
    for edit in edits:
        match edit:
            case Replace(pointer, value):
                found.append(Splice(*locate(raw, pointer), _written(value, raw)))
            case ReplaceText(pointer, start, end, text):
                literal = locate(raw, pointer)
                if raw[literal.start] != ord('"'):
                    raise ValueError(f"{pointer} is no text")
                found.append(Splice(*within_string(raw, literal, start, end), _written(text, raw)[1:-1]))
            case ReplaceBytes(start, end, text):
                found.append(Splice(start, end, text.encode()))
            case RenameKey(pointer, name):
                siblings = members(raw, locate(raw, pointer.rpartition("/")[0]))
                if any(member.name == name or member.key is None for member in siblings):
                    raise ValueError(f"{pointer} cannot be called {name!r}")
                found.append(Splice(*locate_key(raw, pointer), _written(name, raw)))
            case Remove(pointer):
                removed.setdefault(pointer.rpartition("/")[0], set()).add(parse_pointer(pointer)[-1])
            case Insert(pointer, value):
                inserted.setdefault(pointer.rpartition("/")[0], []).append((parse_pointer(pointer)[-1], value))
            case _:
                raise ValueError(f"{edit.op} is no edit of a record")
    for parent in removed.keys() | inserted.keys():
        found += _membership(raw, parent, removed.get(parent, set()), inserted.get(parent, []))
    kept = sorted(splice for splice in found if raw[splice.start : splice.end] != splice.text)
    if any(_touch(first, second) for first, second in pairwise(kept)):
        raise ValueError("the edits overlap")
    return kept


@dataclass(slots=True)
class Chosen:
    """The fixes of one line that fit together."""

    splices: list[Splice] = field(default_factory=list)
    """In order, none touching another."""
    applied: list[Finding] = field(default_factory=list)
    removed: list[tuple[Span, Finding]] = field(default_factory=list)
    """The records that go, each with the finding whose fix removes it."""
    is_dropped: bool = False
    """The line goes whole, with its ending."""


def choose(raw: bytes, findings: Iterable[Finding], column: int = 1, ending: bytes = b"\n") -> Chosen:
    """The fixes of the findings about a line, or an element that begins at `column`, as far as they fit together.

    Passed over are findings without edits, those whose record is no longer what was checked, and fixes that
    touch what an earlier one changes. A fix that drops the whole line goes before all others.
    """
    chosen = Chosen()
    own = record_hash(raw)
    siblings: _Siblings | None = None
    for finding in sorted(findings, key=lambda item: item.record != own or not _drops(item)):
        if finding.fix is None or not finding.fix.edits:
            continue
        index, span = -1, Span(0, len(raw))
        is_whole = finding.record == own
        try:
            if not is_whole:
                siblings = _siblings(raw, column) if siblings is None else siblings
                index, span = _value(raw, finding, siblings)
            if not _drops(finding):
                wanted = list(_lowered(raw, span, finding.fix.edits, ending))
            elif "duplicate-key" in parse(raw[span.start : span.end]).quirks:
                continue
            else:
                wanted = [Splice(*span, b"") if siblings is None or is_whole else _dropped(index, siblings.spans)]
        except (ValueError, LookupError):
            continue
        wanted = [splice for splice in wanted if raw[splice.start : splice.end] != splice.text or _drops(finding)]
        if not wanted or chosen.is_dropped or any(_is_taken(chosen.splices, splice) for splice in wanted):
            continue
        chosen.applied.append(finding)
        for splice in wanted:
            bisect.insort(chosen.splices, splice)
        if _drops(finding):
            chosen.removed.append((span, finding))
            chosen.is_dropped = is_whole
    return chosen


def _drops(finding: Finding) -> bool:
    return finding.fix is not None and isinstance(next(iter(finding.fix.edits), None), DropLine)


class _Siblings(NamedTuple):
    """The values of a line that holds several."""

    spans: list[Span]
    columns: list[int]
    """Where each begins."""


def _siblings(raw: bytes, column: int) -> _Siblings:
    fault = parse(raw).fault
    found = _Siblings([], [])
    if fault is None or fault.kind != "several":
        return found
    done = 0
    for start, end in values(raw):
        column += len(raw[done:start].decode())
        done = start
        found.spans.append(Span(start, end))
        found.columns.append(column)
    return found


def _value(raw: bytes, finding: Finding, siblings: _Siblings) -> tuple[int, Span]:
    """The value that the finding is about, and its number. Raises ValueError for one that is no longer there."""
    index = bisect.bisect_right(siblings.columns, finding.column) - 1
    if index < 0 or record_hash(raw[slice(*siblings.spans[index])]) != finding.record:
        raise ValueError("the record changed since it was checked")
    return index, siblings.spans[index]


def _lowered(raw: bytes, span: Span, edits: Sequence[Edit], ending: bytes) -> Iterator[Splice]:
    record = raw[span.start : span.end]
    if isinstance(edits[0], SplitLine):
        for (_, end), (start, _) in pairwise(values(record)):
            yield Splice(span.start + end, span.start + start, ending)
    else:
        for start, end, text in splices(record, edits):
            yield Splice(span.start + start, span.start + end, text)


def _dropped(index: int, siblings: Sequence[Span]) -> Splice:
    """One of several values with the gap behind it, or before it for the last."""
    span = siblings[index]
    if index + 1 < len(siblings):
        return Splice(span.start, siblings[index + 1].start, b"")
    return Splice(siblings[index - 1].end if index else span.start, span.end, b"")


def join(data: bytes, ordered: Sequence[Splice]) -> bytes:
    """The bytes with the splices (in order, without overlaps) in their places."""
    parts: list[bytes] = []
    done = 0
    for start, end, text in ordered:
        parts += (data[done:start], text)
        done = end
    return b"".join((*parts, data[done:]))


def _membership(raw: bytes, parent: str, removed: set[str], inserted: list[tuple[str, Any]]) -> Iterator[Splice]:
    """Members taken out of one object or array with their commas, and others put in."""
    container = locate(raw, parent)
    inside = list(members(raw, container)) if raw[container.start] in b"{[" else []
    if removed - {member.name for member in inside} or raw[container.start] not in b"{[":
        raise KeyError(parent)
    kept = [index for index, member in enumerate(inside) if member.name not in removed]
    comma, colon = map(str.encode, _separators(raw))
    if len(inside) > 1:
        comma = raw[inside[0].value.end : _start(inside[1])]
    tail = b""
    for name, value in inserted:
        text = _written(value, raw)
        if raw[container.start] == ord("{"):
            if any(member.name == name for member in inside):
                raise ValueError(f"{parent} has the key {name!r} already")
            text = _written(name, raw) + colon + text
        elif name != "-" and int(name) < len(inside):
            yield Splice(_start(inside[int(name)]), _start(inside[int(name)]), text + comma)
            continue
        tail += (comma if kept or tail else b"") + text
    end = begin = inside[-1].value.end if inside else container.start + 1
    for index, member in enumerate(inside):
        if member.name in removed and (index == 0 or index - 1 in kept):  # the first of a run
            following = next((after for after in kept if after > index), None)
            if following is None:
                begin = inside[index - 1].value.end if index else _start(member)
            else:
                yield Splice(_start(member), _start(inside[following]), b"")
    yield Splice(begin, end, tail)


def _written(value: Any, raw: bytes) -> bytes:
    """The value as JSON in the style of a line: its spaces, and \\u escapes where it is ASCII by them."""
    separators = _separators(raw) if isinstance(value, dict | list) else None  # the style is looked for where it shows
    text = json.dumps(value, ensure_ascii=False, separators=separators, allow_nan=False)
    if not (text.isascii() and text.isprintable()) and raw.isascii() and _ESCAPED.search(raw):
        text = json.dumps(value, separators=separators, allow_nan=False)
    return text.encode()


def _separators(raw: bytes) -> tuple[str, str]:
    """What the record puts after a value and after a key, told by its first key."""
    span = value_span(raw)
    first = next(members(raw, span), None) if raw[span.start] == ord("{") else None
    spaced = first is None or first.key is None or first.value.start > first.key.end + 1
    return (", ", ": ") if spaced else (",", ":")


def _start(member: Member) -> int:
    return (member.key or member.value).start


def _touch(first: Splice, second: Splice) -> bool:
    """Whether two splices overlap; an insertion also where it meets the other's edge."""
    if first.start == first.end or second.start == second.end:
        return first.start <= second.end and second.start <= first.end
    return first.start < second.end and second.start < first.end


def _is_taken(chosen: list[Splice], splice: Splice) -> bool:
    index = bisect.bisect_left(chosen, splice)
    return any(_touch(other, splice) for other in chosen[max(0, index - 1) : index + 1])
