"""What broken JSON looks like: the words a person would use, and where a person would mend it."""

from __future__ import annotations

import re

from curator import formats
from curator.parsing import Fault, parse

_UNQUOTED = re.compile(r"[A-Za-z_$][\w$]*\s*:")
_TYPOGRAPHIC = "“”„‟«»‘’"
_WORD = re.compile(r"[^\W\d]")
_SPACE = " \t\r\n"  # that of JSON
_BRACKETS = {"{": "}", "[": "]", "}": "", "]": ""}
"""What a line of a pretty-printed record may consist of, and what closes it."""
_PYTHON = re.compile(r"(?:True|False|None)\b")
_CONFLICT = re.compile(r"(?:<{7}|={7}|>{7}|\|{7})(?!\S)")
_QUOTED = 20  # characters beside a value that are shown; of more it is said that there is text


def diagnose(text: str, fault: Fault, whole: str = "record") -> tuple[str, int]:
    """The diagnosis of a fault of kind `syntax` or `depth`, and the code point it points at.

    `whole` is what the text is called: a record, the arguments of a call, an answer.
    """
    position = fault.position
    if (piece := _piece(text)) is not None:
        return "part of a record that is spread over several lines; write each record on one", piece
    rest, before = text[position:], text[:position].rstrip()
    if fault.kind == "depth":
        return fault.message, 0
    if _CONFLICT.match(text):
        return "a mark that a merge conflict left", 0
    if (beside := _beside(text, fault)) is not None:
        return beside
    if fault.message.startswith("Unterminated string"):
        return "cut off inside a text", position
    if fault.message.startswith("Invalid control character"):
        return f"raw control character {text[position]!r} in a text", position
    if fault.message.startswith("Invalid \\"):
        return f"invalid escape {text[position : position + 2]}", position
    if fault.message == "Extra data":
        if before.startswith('"') and rest.startswith(":") and parse(f"{{{text}".encode()).fault is None:
            return "the opening { is missing", text.index('"')
        if rest.lstrip().startswith((",", "]", "}")):
            return f"{rest.lstrip()[0]!r} after the end of the {whole}", position
        return f"{_named(rest)} after the end of the {whole}", position
    if not rest.strip():
        return "cut off before its end", position
    if (before.endswith(",") and rest[:1] in "}]") or (rest.startswith(",") and rest[1:].lstrip()[:1] in ("}", "]")):
        return "trailing comma", before.rfind(",") if before.endswith(",") else position
    # The standard library reports a missing name after the comma it follows (3.13: at the comma).
    if rest[0] == "\ufeff":
        return "byte order mark inside the file", position
    if rest[0] == "'" or _PYTHON.match(rest):
        return "Python literal (single quotes, True, None) instead of JSON", position
    if rest[0] in _TYPOGRAPHIC:
        return "typographic quotes", position
    if _UNQUOTED.match(rest):
        return "key without quotes", position
    if fault.message == "Expecting value":
        if text.lstrip().startswith("```"):
            return "a Markdown code fence instead of JSON", position
        if rest[0] in ",:}]":
            return "a value is missing", position
        if _WORD.match(rest):
            return "text without quotes", position
    if fault.message.startswith("Expecting ',' delimiter"):
        if rest[0] == '"' or rest[0] in "{[":
            return "missing comma", position
        return "unescaped quote inside a text, or a missing comma", position
    if fault.message.startswith("Expecting ':' delimiter"):
        return "missing colon after a key", position
    return "not JSON", position


def _beside(text: str, fault: Fault) -> tuple[str, int] | None:
    """Of an object that is whole, what stands before it, or that it is quoted; and where that begins."""
    bare = text.strip(_SPACE)
    if not bare:
        return None
    start = text.index(bare)
    if bare.startswith('"{""') and bare.endswith('"') and _is_object(bare[1:-1].replace('""', '"')):
        return "quoted as a cell of a table", start
    begin = text.find("{")
    if start < begin >= fault.position and text[start] not in '["\ufeff' and _is_object(text[begin:]):
        return f"{_named(text[start:begin])} before the object", start
    return None


def _named(text: str) -> str:
    bare = text.strip(_SPACE)
    return repr(bare) if len(bare) <= _QUOTED else "text"


def _is_object(text: str) -> bool:
    parsed = parse(text.encode("utf-8", "replace"))
    return parsed.fault is None and isinstance(parsed.value, dict)


def is_piece(text: str) -> bool:
    """Whether a line is part of a pretty-printed record, where the line before it is: also an element of a list."""
    body = text.strip().removesuffix(",")
    if _piece(text) is not None or not text[:1].isspace() or not body:
        return _piece(text) is not None
    parsed = parse(body.encode())
    if parsed.fault is not None or not isinstance(parsed.value, dict):
        return parsed.fault is None
    # An object may be a turn of the record, with a comma behind it, or a record of its own, which is told by itself.
    return text.rstrip().endswith(",") and not formats.detect(parsed.value)


def _piece(text: str) -> int | None:
    """Where a line of a pretty-printed record begins: a bracket alone, or a member; None where it is none."""
    bare = text.strip()
    body = bare.removesuffix(",")
    if body not in _BRACKETS:
        if not body.startswith('"'):
            return None
        member = f"{{{body}{_BRACKETS.get(body[-1:], '')}}}"
        parsed = parse(member.encode())
        if parsed.fault is not None or len(parsed.value) > 1:
            return None
    return text.index(bare)
