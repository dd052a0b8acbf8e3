"""Fixes as splices: an edit touches the bytes it names and no others.

Pointer edits are lowered to byte ranges of the raw line. All pointers are those of the record as it was
written: edits of one fix do not see each other. A fix is applied whole or not at all; of two fixes that
touch the same bytes the first wins, and the other waits for the next check. No file is written here.
"""

from __future__ import annotations

import bisect
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from curator import model
from curator.documents import spans
from curator.findings import record_hash
from curator.locate import Member, Span, locate, locate_key, members, parse_pointer, value_span, within_string
from curator.parsing import parse, values
from curator.sources import HEAD_BYTES, recognise

_BOM = b"\xef\xbb\xbf"
_WHOLE_FILE = record_hash(b"")  # what file checks leave in `record`; an empty line has no bytes to replace
_ESCAPED = re.compile(rb"(?<!\\)(?:\\\\)*\\u(?!00[0-7])")  # \u escapes that JSON does not ask for
_BREAK_OR_STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"|[ \t]*+(?:[\r\n]++[ \t]*+)++', re.DOTALL)
_LINE_END = re.compile(rb"\r?\n")


class Splice(NamedTuple):
    """Bytes `start` to `end` give way to `text`."""

    start: int
    end: int
    text: bytes


def splices(raw: bytes, edits: Sequence[model.Edit]) -> list[Splice]:
    """The edits of one fix as byte splices of a record, in order, none touching another.

    Values are written in the line's own style. Raises ValueError (LookupError for a pointer that leads
    nowhere) when an edit does not fit the record or another edit, and for a record with duplicate keys:
    removing the last of them would bring back the first.
    """
    parsed = parse(raw)
    by_pointer = not all(isinstance(edit, model.ReplaceBytes) for edit in edits)
    if "duplicate-key" in parsed.quirks or (by_pointer and parsed.fault is not None):
        raise ValueError("a record that cannot be read, or repeats a key, is not edited")
    found: list[Splice] = []
    removed: dict[str, set[str]] = {}
    inserted: dict[str, list[tuple[str, Any]]] = {}
    for edit in edits:
        match edit:
            case model.Replace(pointer, value):
                found.append(Splice(*locate(raw, pointer), _written(value, raw)))
            case model.ReplaceText(pointer, start, end, text):
                literal = locate(raw, pointer)
                if raw[literal.start] != ord('"'):
                    raise ValueError(f"{pointer} is no text")
                found.append(Splice(*within_string(raw, literal, start, end), _written(text, raw)[1:-1]))
            case model.ReplaceBytes(start, end, text):
                found.append(Splice(start, end, text.encode()))
            case model.RenameKey(pointer, name):
                siblings = members(raw, locate(raw, pointer.rpartition("/")[0]))
                if any(member.name == name or member.key is None for member in siblings):
                    raise ValueError(f"{pointer} cannot be called {name!r}")
                found.append(Splice(*locate_key(raw, pointer), _written(name, raw)))
            case model.Remove(pointer):
                removed.setdefault(pointer.rpartition("/")[0], set()).add(parse_pointer(pointer)[-1])
            case model.Insert(pointer, value):
                inserted.setdefault(pointer.rpartition("/")[0], []).append((parse_pointer(pointer)[-1], value))
            case _:
                raise ValueError(f"{edit.op} is no edit of a record")
    for parent in removed.keys() | inserted.keys():
        found += _membership(raw, parent, removed.get(parent, set()), inserted.get(parent, []))
    kept = sorted(splice for splice in found if raw[splice.start : splice.end] != splice.text)
    if any(_touch(first, second) for first, second in pairwise(kept)):
        raise ValueError("the edits overlap")
    return kept


def apply(data: bytes, findings: Iterable[model.Finding]) -> bytes:
    """A file's bytes after the fixes of its findings, as far as they fit together."""
    return join(data, choose(data, findings)[0])


def choose(data: bytes, findings: Iterable[model.Finding]) -> tuple[list[Splice], list[model.Finding]]:
    """The splices of a whole file, in order, and the findings whose fixes they are.

    Passed over are findings without edits, those whose record is no longer what was checked, and fixes
    that touch what an earlier one changes.
    """
    file = _File(data)
    chosen: list[Splice] = []
    applied: list[model.Finding] = []
    for finding in findings:
        if finding.fix is None or not finding.fix.edits:
            continue
        try:
            wanted = [s for s in file.splices(finding, finding.fix.edits) if data[s.start : s.end] != s.text]
        except (ValueError, LookupError):
            continue
        if not any(_is_taken(chosen, splice) for splice in wanted):
            applied.append(finding)
            for splice in wanted:
                bisect.insort(chosen, splice)
    return chosen, applied


def join(data: bytes, ordered: Sequence[Splice]) -> bytes:
    """The bytes with the splices (in order, without overlaps) in their places."""
    parts: list[bytes] = []
    done = 0
    for start, end, text in ordered:
        parts += (data[done:start], text)
        done = end
    return b"".join((*parts, data[done:]))


class _File:
    """A file's bytes, with the ranges that findings speak of."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.start = len(_BOM) if data.startswith(_BOM) else 0
        self.lines = [self.start, *(match.end() for match in re.finditer(rb"\n", data))]
        self.ending = b"\r\n" if data[: data.find(b"\n") + 1].endswith(b"\r\n") else b"\n"
        self.elements: list[Span] = []
        if recognise(data[self.start : HEAD_BYTES], whole=len(data) <= HEAD_BYTES) == "document":
            found = spans(iter((data[self.start :],)), at_start=True)
            self.elements = [Span(self.start + first, self.start + last) for first, last in found]

    def splices(self, finding: model.Finding, edits: Sequence[model.Edit]) -> Iterable[Splice]:
        """A finding's fix as splices of the file. Raises ValueError where it cannot be applied."""
        if isinstance(edits[0], model.RewriteAsLines):
            return self._as_lines()
        if isinstance(edits[0], model.NormalizeLineEndings):
            return self._with_ending(edits[0].ending.encode())
        if finding.record == _WHOLE_FILE and isinstance(edits[0], model.ReplaceBytes):
            return [Splice(e.start, e.end, e.text.encode()) for e in edits if isinstance(e, model.ReplaceBytes)]
        span, siblings = self._record(finding)
        raw = self.data[span.start : span.end]
        if isinstance(edits[0], model.DropLine) and "duplicate-key" not in parse(raw).quirks:
            return [self._dropped(span, siblings)]
        if isinstance(edits[0], model.SplitLine):
            gaps = pairwise(values(raw))
            return [Splice(span.start + end, span.start + start, self.ending) for (_, end), (start, _) in gaps]
        return [Splice(span.start + s.start, span.start + s.end, s.text) for s in splices(raw, edits)]

    def _record(self, finding: model.Finding) -> tuple[Span, list[Span]]:
        """The record's bytes; and all records of its document or of its line, where it shares that."""
        if finding.line is None or finding.line > len(self.lines):
            raise ValueError("the finding names no line of this file")
        first = self.lines[finding.line - 1]
        last = self.data.find(b"\n", first)
        last = len(self.data) if last < 0 else last - self.data[first:last].endswith(b"\r")
        raw = self.data[first:last]
        siblings = self.elements
        if not siblings:
            if record_hash(raw) == finding.record:
                return Span(first, last), []
            fault = parse(raw).fault
            if fault is not None and fault.kind == "several":
                siblings = [Span(first + start, first + end) for start, end in values(raw)]
        position = first + len(raw.decode("utf-8", "replace")[: finding.column - 1].encode())
        for span in siblings:
            if span.start <= position <= span.end and record_hash(self.data[span.start : span.end]) == finding.record:
                return span, siblings
        raise ValueError("the record changed since it was checked")

    def _dropped(self, span: Span, siblings: list[Span]) -> Splice:
        if not siblings:
            return Splice(span.start, self.data.find(b"\n", span.end) + 1 or len(self.data), b"")
        index = siblings.index(span)
        if index + 1 < len(siblings):
            return Splice(span.start, siblings[index + 1].start, b"")
        return Splice(siblings[index - 1].end if index else span.start, span.end, b"")

    def _with_ending(self, ending: bytes) -> Iterator[Splice]:
        for match in _LINE_END.finditer(self.data):
            if match[0] != ending:
                yield Splice(*match.span(), ending)

    def _as_lines(self) -> Iterator[Splice]:
        """The gaps between the elements as line ends, and line breaks inside an element as spaces."""
        done, ending = self.start, b""
        for span in [*self.elements, Span(len(self.data), len(self.data))]:
            between = self.data[done : span.start].strip(b" \t\r\n,[]")
            if not self.elements or between or (span.start < span.end and parse(self.data[slice(*span)]).fault):
                raise ValueError("the file cannot be read whole")
            yield Splice(done, span.start, ending)
            for match in _BREAK_OR_STRING.finditer(self.data, *span):
                if self.data[match.start()] != ord('"'):
                    space = b" " if self.data[match.start() - 1] in b",:" else b""
                    yield Splice(match.start(), match.end(), space)
            done, ending = span.end, self.ending


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
    escaped = raw.isascii() and bool(_ESCAPED.search(raw))
    return json.dumps(value, ensure_ascii=escaped, separators=_separators(raw), allow_nan=False).encode()


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
