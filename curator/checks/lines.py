"""One line: does it hold exactly one JSON object, and the same one for every reader?"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import islice

from curator import locate
from curator.diagnosis import diagnose, is_piece
from curator.edits import DropLine, Fix, ReplaceBytes, SplitLine, Transcode
from curator.model import Problem
from curator.parsing import Fault, parse, values
from curator.repair import mend
from curator.sources import Line

_ESCAPED_BYTES = re.compile("[\udc80-\udcff]+")  # how surrogateescape spells bytes that do not decode
_NON_FINITE = (b"NaN", b"Infinity", b"-Infinity")
_PIECE = re.compile(rb"[\xe0-\xef][\x80-\xbf]?|[\xf0-\xf4][\x80-\xbf]{0,2}|[\xc2-\xdf]|[\x80-\xbf]{1,3}")
_MOST = 100  # findings of one kind on one line: more would help nobody, and each costs a walk over the line
_LONE = re.compile(r"\\u[dD][89a-fA-F][0-9a-fA-F]{2}")
_PAIR = re.compile(r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}")


def not_utf8(line: Line) -> Iterator[Problem]:
    """Bytes that are not UTF-8, with the encoding they look like."""
    if line.encoding != "utf-8":
        name = line.encoding.upper().removesuffix("-LE").removesuffix("-BE")
        yield Problem(
            at="line",
            values={"encoding": name, "offset": 0, "byte": ""},
            variant="wide",
            fix=Fix(f"write the file in UTF-8 instead of {name}", (Transcode(),)),
        )
    fault = _fault(line, "encoding")
    if fault is None:
        return
    first = line.raw[fault.position]
    spans = list(_undecodable(line.raw))
    if _is_cut(line.raw, spans):
        yield Problem(
            at="line",
            span=(fault.position, fault.position + 1),
            values={"offset": fault.position, "byte": f"0x{first:02x}"},
            variant="cut",
        )
        return
    runs = tuple(ReplaceBytes(start, end, line.raw[start:end].decode("cp1252", "replace")) for start, end in spans)
    guess = "cp1252 (Windows)" if any(0x80 <= byte < 0xA0 for byte in line.raw) else "Latin-1"
    yield Problem(
        at="line",
        span=(fault.position, fault.position + 1),
        values={"offset": fault.position, "byte": f"0x{first:02x}", "encoding": guess},
        # Zero bytes stand in no text of one byte a character: it is UTF-16 or UTF-32 without a mark, or no text.
        fix=Fix(f"read these bytes as {guess}", () if b"\x00" in line.raw else runs),
    )


def blank(line: Line) -> Iterator[Problem]:
    """A line of nothing but white space."""
    if line.parsed is None and not line.too_long:
        yield Problem(at="line", fix=Fix("remove the line", (DropLine(),)))


def glued(line: Line) -> Iterator[Problem]:
    """Several JSON values on one line."""
    fault = _fault(line, "several")
    if fault:
        count = sum(1 for _ in values(line.raw))
        yield Problem(
            at="line",
            span=(fault.position, fault.position + 1),
            values={"count": count},
            fix=Fix("give each a line of its own", (SplitLine(),)),
        )


def comment(line: Line) -> Iterator[Problem]:
    """A line that begins with // or #."""
    fault = _fault(line, "comment")
    if fault:
        hidden = parse(line.raw.lstrip().lstrip(b"/#")).fault is None
        yield Problem(
            at="line",
            span=(fault.position, fault.position + 2),
            variant="record" if hidden else None,
            fix=Fix("remove the line", (DropLine(),)),
        )


def too_long(line: Line) -> Iterator[Problem]:
    """A line beyond `max-line-bytes`, which was passed over unread."""
    if line.too_long:
        yield Problem(at="line", values={"size": line.size})


def invalid(line: Line) -> Iterator[Problem]:
    """No JSON, with what it looks like and the column of the fault; a record that spans lines is told once."""
    if line.parsed is None or line.parsed.fault is None or _goes_on(line):
        return
    fault = line.parsed.fault
    if fault.kind not in ("syntax", "depth"):
        return
    text = line.raw.decode("utf-8")
    diagnosis, position = diagnose(text, fault)
    yield Problem(
        at="line",
        span=(position, min(position + 1, len(text))),
        values={"diagnosis": diagnosis, "near": text[max(0, position - 20) : position + 20]},
        fix=_mended(text) if fault.kind == "syntax" else None,
    )


def not_an_object(line: Line) -> Iterator[Problem]:
    """JSON, but an array, a text, a number."""
    if line.parsed is None or line.parsed.fault is not None or isinstance(line.parsed.value, dict):
        return
    if not _goes_on(line):
        value = line.parsed.value
        names = {list: "an array", str: "a text", bool: "a truth value", type(None): "null"}
        inner = parse(value.encode("utf-8", "replace")).value if isinstance(value, str) else None
        variant = "encoded" if isinstance(inner, dict) and inner else None
        yield Problem(values={"type": names.get(type(value), "a number")}, variant=variant)


def duplicate_key(line: Line) -> Iterator[Problem]:
    """A key that one object has twice or more: parsers keep only one of the values."""
    if line.parsed is not None and "duplicate-key" in line.parsed.quirks:
        for pointer, count in locate.repeated_keys(line.raw):
            key = locate.parse_pointer(pointer)[-1]
            yield Problem(pointer, at="key", values={"key": key, "count": count})


def non_finite(line: Line) -> Iterator[Problem]:
    """NaN, Infinity or -Infinity, which JSON does not have."""
    if line.parsed is not None and "non-finite-number" in line.parsed.quirks:
        for span in islice((s for s in locate.words(line.raw) if line.raw[s.start : s.end] in _NON_FINITE), _MOST):
            word = line.raw[span.start : span.end].decode()
            yield Problem(at="line", span=_characters(line.raw, span), values={"number": word})


def lone_surrogate(line: Line) -> Iterator[Problem]:
    """One half of a surrogate pair without the other: no text can hold it."""
    if line.parsed is not None and "lone-surrogate" in line.parsed.quirks:
        yield from islice(_lone_surrogates(line), _MOST)


def _lone_surrogates(line: Line) -> Iterator[Problem]:
    for span in locate.strings(line.raw):
        literal = line.raw[span.start : span.end].decode()
        # Pairs, and escaped backslashes before a `u`, are blanked out so that offsets stay.
        rest = _PAIR.sub(lambda m: " " * len(m[0]), literal.replace("\\\\", "  "))
        for match in _LONE.finditer(rest):
            start = _characters(line.raw, span)[0] + match.start()
            first = len(line.raw[: span.start]) + len(literal[: match.start()].encode())
            yield Problem(
                at="line",
                span=(start, start + 6),
                values={"escape": match[0]},
                fix=Fix("put U+FFFD in its place", (ReplaceBytes(first, first + 6, "\ufffd"),)),
            )


def _goes_on(line: Line) -> bool:
    """Whether a pretty-printed record goes on here that began on an earlier line."""
    return (
        not line.raw.startswith(b"{")
        and bool(line.before.strip())
        and is_piece(line.before.decode("utf-8", "replace"))
        and is_piece(line.raw.decode("utf-8", "replace"))
    )


def _fault(line: Line, kind: str) -> Fault | None:
    fault = line.parsed.fault if line.parsed is not None else None
    return fault if fault is not None and fault.kind == kind else None


def _undecodable(raw: bytes) -> Iterator[tuple[int, int]]:
    """The runs of bytes that are no UTF-8."""
    text = raw.decode("utf-8", "surrogateescape")
    offset = done = 0
    for match in _ESCAPED_BYTES.finditer(text):
        offset += len(text[done : match.start()].encode())
        size = match.end() - match.start()
        yield offset, offset + size
        offset, done = offset + size, match.end()


def _is_cut(raw: bytes, spans: Sequence[tuple[int, int]]) -> bool:
    """Whether the bytes that are no UTF-8 look like pieces of its characters, and not like those of another encoding.

    A first byte that lacks its others, or others without their first, are letters and signs in cp1252, too: they
    are taken for pieces only beside characters that are whole. A first byte with some of its others is a piece.
    """
    if not all(_PIECE.fullmatch(raw, *span) for span in spans):
        return False
    begun = all(end - start > 1 and raw[start] >= 0xC2 for start, end in spans)
    return begun or not raw.decode("utf-8", "ignore").isascii()


def _characters(raw: bytes, span: locate.Span) -> tuple[int, int]:
    start = len(raw[: span.start].decode())
    return start, start + len(raw[span.start : span.end].decode())


def _mended(text: str) -> Fix | None:
    """What makes JSON of the line where it has one reading; of closing brackets only the record's own may lack."""
    found = mend(text, may_lack=1)
    if found is None:
        return None
    edits, offset, done = [], 0, 0
    for start, end, new in found.changes:
        offset += len(text[done:start].encode())
        size = len(text[start:end].encode())
        edits.append(ReplaceBytes(offset, offset + size, new))
        offset, done = offset + size, end
    return Fix(found.title, tuple(edits))
